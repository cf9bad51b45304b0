package catalog

// searcher holds the search index.
type searcher struct{}
