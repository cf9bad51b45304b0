package subsonic

import (
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/subsonic/spec"
)

var _ = handle(Endpoint{
	Name:      "search2",
	Since:     "1.4.0",
	Doc:       "Searches artists, albums and songs; the folder view's form of search3.",
	Versioned: true,
}, (*API).search2)

var _ = handle(Endpoint{
	Name:      "search3",
	Since:     "1.8.0",
	Doc:       `Searches artists, albums and songs. No query, an empty one and one of two quotes ("") list everything, page by page.`,
	Versioned: true,
}, (*API).search3)

type searchParams struct {
	Query        string   `q:"query"`
	ArtistCount  int      `q:"artistCount" default:"20" min:"0"`
	ArtistOffset int      `q:"artistOffset" default:"0" min:"0"`
	AlbumCount   int      `q:"albumCount" default:"20" min:"0"`
	AlbumOffset  int      `q:"albumOffset" default:"0" min:"0"`
	SongCount    int      `q:"songCount" default:"20" min:"0"`
	SongOffset   int      `q:"songOffset" default:"0" min:"0"`
	Folder       folderID `q:"musicFolderId" doc:"one library only"`
}

func (a *API) search(c Call, p searchParams) (catalog.SearchResult, error) {
	return a.Catalog.Search(c, c.In(p.Folder), catalog.SearchQuery{
		Text:    p.Query,
		Artists: p.ArtistCount, ArtistOffset: p.ArtistOffset,
		Albums: p.AlbumCount, AlbumOffset: p.AlbumOffset,
		Songs: p.SongCount, SongOffset: p.SongOffset,
	})
}

func (a *API) search2(c Call, p searchParams) (spec.Payload, error) {
	found, err := a.search(c, p)
	if err != nil {
		return nil, err
	}
	out := spec.SearchResult2{Artist: folderArtists(found.Artists)}
	if out.Album, err = a.albumChildren(c, found.Albums); err != nil {
		return nil, err
	}
	out.Song, err = a.songs(c, found.Songs)
	return out, err
}

func (a *API) search3(c Call, p searchParams) (spec.Payload, error) {
	found, err := a.search(c, p)
	if err != nil {
		return nil, err
	}
	songs, err := a.songs(c, found.Songs)
	return spec.SearchResult3{Artist: artists(found.Artists), Album: albums(found.Albums), Song: songs}, err
}

var _ = handle(Endpoint{
	Name:      "search",
	Since:     "1.0.0",
	Doc:       "Searches songs. Deprecated by the protocol in favour of search2.",
	Versioned: true,
}, (*API).searchSongs)

type searchSongsParams struct {
	Artist    string `q:"artist"`
	Album     string `q:"album"`
	Title     string `q:"title"`
	Any       string `q:"any" doc:"text to look for in all of them"`
	Count     int    `q:"count" default:"20" min:"0"`
	Offset    int    `q:"offset" default:"0" min:"0"`
	NewerThan int64  `q:"newerThan" doc:"Unix ms; only songs that came later"`
}

func (a *API) searchSongs(c Call, p searchSongsParams) (spec.Payload, error) {
	list, total, err := a.Catalog.SearchFields(c, c.Viewer, p.Artist, p.Album, p.Title, p.Any, p.NewerThan, p.Count, p.Offset)
	if err != nil {
		return nil, err
	}
	songs, err := a.songs(c, list)
	return spec.SearchResult{Offset: p.Offset, TotalHits: total, Match: songs}, err
}
