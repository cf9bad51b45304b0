package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/songlocker/songlocker/models"
)

// searcher holds the search index of the last version that was searched. The
// zero value is ready; the first search builds the index.
type searcher struct {
	index atomic.Pointer[searchIndex]
	build sync.Mutex // held while an index is built
}

const (
	// searchQuick is the time of a build that any search may spend.
	searchQuick = 25 * time.Millisecond
	// searchOld is how old a larger index grows while a scan writes.
	searchOld = 3 * time.Second
	// searchCalm is the time without a write from which on a scan is over.
	searchCalm = 500 * time.Millisecond
)

// get returns the index of the catalog as it stands. While a scan writes, an
// index that takes long to build may be up to searchOld behind.
func (s *searcher) get(ctx context.Context, c *Catalog) (*searchIndex, error) {
	x := s.index.Load()
	if x != nil {
		if x.version == c.Version() {
			return x, nil
		}
		if x.took > searchQuick {
			if time.Since(x.built) < searchOld && time.Since(c.changed()) < searchCalm {
				return x, nil
			}
			// Who comes while another builds is content with the last one.
			if !s.build.TryLock() {
				return x, nil
			}
			defer s.build.Unlock()
			return s.renew(ctx, c)
		}
	}
	s.build.Lock()
	defer s.build.Unlock()
	return s.renew(ctx, c)
}

// renew builds the index unless another has just done so. Others want it too,
// so the end of one request does not stop it.
func (s *searcher) renew(ctx context.Context, c *Catalog) (*searchIndex, error) {
	if x := s.index.Load(); x != nil && x.version == c.Version() {
		return x, nil
	}
	x, err := c.buildIndex(context.WithoutCancel(ctx))
	if err == nil {
		s.index.Store(x)
	}
	return x, err
}

// SearchQuery asks for what has every word of Text in its names: of a song
// title, album and artists, of an album its name and artists, of an artist
// the name. An empty Text ("", `""`, "*") asks for everything. A kind whose
// count is 0 is not looked for; a negative offset is 0.
type SearchQuery struct {
	Text                  string
	Artists, ArtistOffset int
	Albums, AlbumOffset   int
	Songs, SongOffset     int
}

// SearchResult is one page of each kind.
type SearchResult struct {
	Artists []*models.Artist
	Albums  []*models.Album
	Songs   []*models.Song
}

// Search finds what v may read, without regard to case, accents, punctuation
// and the kind of kana. Each kind is in total order: first the name that is
// the text, then names that begin with it, names with a word that begins with
// it, then those of which every word begins a word of a name, those with the
// words anywhere, those where spaces are set otherwise, and those that lack a
// leading article or an "and" that was asked for; within these by folded name
// and id. For an empty text artists are the album artists by sort name,
// albums are by name and songs by title.
func (c *Catalog) Search(ctx context.Context, v Viewer, q SearchQuery) (SearchResult, error) {
	phrase := searchText(q.Text)
	if phrase == "" {
		return c.searchAll(ctx, v, q)
	}
	var r SearchResult
	x, err := c.searcher.get(ctx, c)
	if err != nil {
		return r, err
	}
	s, err := c.newSearch(ctx, v, x)
	if err != nil {
		return r, err
	}
	words := searchWords(phrase)
	if q.Artists > 0 {
		if r.Artists, err = c.ArtistsByKey(ctx, v, s.rank(ofArtists, phrase, words, q.ArtistOffset, q.Artists)); err != nil {
			return r, err
		}
	}
	if q.Albums > 0 {
		if r.Albums, err = c.AlbumsByKey(ctx, v, s.rank(ofAlbums, phrase, words, q.AlbumOffset, q.Albums)); err != nil {
			return r, err
		}
	}
	if q.Songs > 0 {
		if r.Songs, err = c.Songs(ctx, v, s.rank(ofSongs, phrase, words, q.SongOffset, q.Songs)); err != nil {
			return r, err
		}
	}
	return r, nil
}

// searchAll answers a search for everything.
func (c *Catalog) searchAll(ctx context.Context, v Viewer, q SearchQuery) (r SearchResult, err error) {
	if q.Artists > 0 {
		all, err := c.Artists(ctx, v)
		if err != nil {
			return r, err
		}
		r.Artists = page(all, q.ArtistOffset, q.Artists)
	}
	if q.Albums > 0 {
		if r.Albums, _, err = c.Albums(ctx, v, AlbumList{By: "alphabeticalByName", Size: q.Albums, Offset: q.AlbumOffset}); err != nil {
			return r, err
		}
	}
	if q.Songs > 0 {
		all, err := c.allSongs(ctx, v)
		if err != nil {
			return r, fmt.Errorf("all songs: %w", err)
		}
		if r.Songs, err = c.Songs(ctx, v, page(all, q.SongOffset, q.Songs)); err != nil {
			return r, err
		}
	}
	return r, nil
}

// SearchFields finds songs with every word of artist, album and title in that
// field and every word of anywhere in any of them, first seen after newerThan
// (Unix ms), by folded title and id. Empty texts ask for nothing. It returns
// one page and the number of all.
func (c *Catalog) SearchFields(ctx context.Context, v Viewer, artist, album, title, anywhere string, newerThan int64, count, offset int) ([]*models.Song, int, error) {
	x, err := c.searcher.get(ctx, c)
	if err != nil {
		return nil, 0, err
	}
	s, err := c.newSearch(ctx, v, x)
	if err != nil {
		return nil, 0, err
	}
	hits := newSet(len(x.songs))
	for i := range x.songs {
		hits.add(uint32(i))
	}
	narrow := func(text string, of func(word string) set) {
		for _, word := range searchWords(searchText(text)) {
			hits.and(of(word))
		}
	}
	narrow(title, func(w string) set { return s.own(ofSongs, w).fits[looseFit] })
	narrow(album, func(w string) set {
		m := newFits(len(x.songs))
		m.follow(s.own(ofAlbums, w).fits, &x.albumSongs)
		return m[looseFit]
	})
	narrow(artist, func(w string) set {
		artists := s.own(ofArtists, w).fits
		albums := newFits(len(x.albums))
		albums.follow(artists, &x.artistAlbums)
		m := newFits(len(x.songs))
		m.follow(albums, &x.albumSongs)
		m.follow(artists, &x.artistSongs)
		return m[looseFit]
	})
	narrow(anywhere, func(w string) set { return s.all(ofSongs, w)[looseFit] })

	var fresh map[models.Key]bool
	if newerThan > 0 {
		fresh = map[models.Key]bool{}
		keys, err := c.keys(ctx, `SELECT s.id FROM songs s WHERE s.created_at > ? AND `+v.songs("s"), newerThan)
		if err != nil {
			return nil, 0, fmt.Errorf("new songs: %w", err)
		}
		for _, k := range keys {
			fresh[k] = true
		}
	}
	var keys []models.Key
	total := 0
	offset = max(offset, 0)
	hits.each(func(i uint32) bool {
		if s.reads(ofSongs, i) && (fresh == nil || fresh[x.songs[i]]) {
			if total >= offset && len(keys) < count {
				keys = append(keys, x.songs[i])
			}
			total++
		}
		return true
	})
	songs, err := c.Songs(ctx, v, keys)
	return songs, total, err
}

// searchText folds what a user typed; "" asks for everything. Some apps wrap
// the text in quotes or end it with an asterisk.
func searchText(text string) string {
	return searchFold(strings.Trim(text, "\"* \t\r\n"))
}

// searchMax bounds the words of one search; further ones are not looked for.
const searchMax = 16

// searchWords returns the different words of a folded text.
func searchWords(phrase string) []string {
	var words []string
	for w := range strings.FieldsSeq(phrase) {
		if !slices.Contains(words, w) && len(words) < searchMax {
			words = append(words, w)
		}
	}
	return words
}

// required returns the words without a leading article and conjunctions.
func required(words []string) []string {
	var out []string
	for i, w := range words {
		if i == 0 && articles[w] || conjunctions[w] {
			continue
		}
		out = append(out, w)
	}
	return out
}

// The kinds of item that a search finds.
const (
	ofArtists = iota
	ofAlbums
	ofSongs
	kinds
)

// The fits of a word, each with those before it.
const (
	wordFit  = iota // at the beginning of a word
	infixFit        // anywhere within a word
	looseFit        // over spaces too
	fitKinds
)

// fits are the items that a text fits, by how well.
type fits [fitKinds]set

func newFits(n int) *fits {
	size := (n + 63) / 64
	all := make(set, fitKinds*size)
	return &fits{all[:size:size], all[size : 2*size : 2*size], all[2*size:]}
}

// nest puts what fits well also to what fits less.
func (f *fits) nest() {
	f[infixFit].or(f[wordFit])
	f[looseFit].or(f[infixFit])
}

// follow adds all that belongs to the items of from.
func (f *fits) follow(from *fits, to *lists) {
	for k := range fitKinds {
		for i, w := range from[k] {
			if k > 0 {
				w &^= from[k-1][i]
			}
			word := set{w}
			word.each(func(bit uint32) bool {
				for _, m := range to.of(uint32(i*64) + bit) {
					f[k].add(m)
				}
				return true
			})
		}
	}
	f.nest()
}

func (f *fits) or(g *fits) {
	for k := range f {
		f[k].or(g[k])
	}
}

// own is where a text fits an item's own name: the items of the four best
// levels in order, and all of them.
type own struct {
	best [inner + 1][]uint32
	fits *fits
}

// search is one search of one viewer in one index.
type search struct {
	x       *searchIndex
	reading []bool // by number of library
	every   bool   // reads all libraries of the index
	granted set    // single songs, nil for none
	hidden  *hiddenItems
	owns    [kinds]map[string]*own
	alls    [kinds]map[string]*fits
}

func (c *Catalog) newSearch(ctx context.Context, v Viewer, x *searchIndex) (*search, error) {
	s := &search{x: x, reading: make([]bool, len(x.libraries)), every: true, hidden: x.hiddenFrom(v)}
	for i, l := range x.libraries {
		s.reading[i] = v.Reads(l)
		s.every = s.every && s.reading[i]
	}
	for k := range kinds {
		s.owns[k], s.alls[k] = map[string]*own{}, map[string]*fits{}
	}
	if !v.Granted || s.every {
		return s, nil
	}
	songs := map[models.Key]bool{}
	err := c.each(ctx, func(rows *sql.Rows) error {
		var k models.Key
		err := rows.Scan(&k)
		songs[k] = true
		return err
	}, `SELECT song_id FROM granted_songs WHERE user_id = ?`, v.User)
	if err != nil {
		return nil, fmt.Errorf("granted songs: %w", err)
	}
	s.granted = newSet(len(x.songs))
	for i, k := range x.songs {
		if songs[k] && !slices.Contains(v.Skip, x.libraries[x.songLibrary[i]]) {
			s.granted.add(uint32(i))
		}
	}
	return s, nil
}

func (s *search) reads(kind int, i uint32) bool {
	x := s.x
	switch kind {
	case ofSongs:
		if s.hidden != nil && s.hidden.songs.has(i) {
			return false
		}
		return s.reading[x.songLibrary[i]] || s.granted != nil && s.granted.has(i)
	case ofAlbums:
		if s.hidden != nil && s.hidden.albums.has(i) {
			return false
		}
		return s.reading[x.albumLibrary[i]] || s.granted != nil && slices.ContainsFunc(x.albumSongs.of(i), s.granted.has)
	default:
		return slices.ContainsFunc(x.artistAlbums.of(i), func(a uint32) bool { return s.reads(ofAlbums, a) }) ||
			slices.ContainsFunc(x.artistSongs.of(i), func(m uint32) bool { return s.reads(ofSongs, m) })
	}
}

func (s *search) keys(kind int) []models.Key {
	return [kinds][]models.Key{s.x.artists, s.x.albums, s.x.songs}[kind]
}

// own looks for a text in the names of one kind.
func (s *search) own(kind int, text string) *own {
	if o := s.owns[kind][text]; o != nil {
		return o
	}
	o := &own{fits: newFits(len(s.keys(kind)))}
	add := func(i uint32, l level) {
		switch {
		case l <= inner:
			o.best[l] = append(o.best[l], i)
			o.fits[wordFit].add(i)
		case l == infix:
			o.fits[infixFit].add(i)
		default:
			o.fits[looseFit].add(i)
		}
	}
	[kinds]*names{&s.x.artistNames, &s.x.albumNames, &s.x.titles}[kind].find(text, add)
	o.fits.nest()
	s.owns[kind][text] = o
	return o
}

// all looks for a text in all names that an item is found by.
func (s *search) all(kind int, text string) *fits {
	if kind == ofArtists {
		return s.own(kind, text).fits
	}
	if f := s.alls[kind][text]; f != nil {
		return f
	}
	f := newFits(len(s.keys(kind)))
	f.or(s.own(kind, text).fits)
	if kind == ofAlbums {
		s.x.albumCredits.find(text, func(i uint32, l level) {
			switch {
			case l <= inner:
				f[wordFit].add(i)
			case l == infix:
				f[infixFit].add(i)
			default:
				f[looseFit].add(i)
			}
		})
		f.follow(s.all(ofArtists, text), &s.x.artistAlbums)
	} else {
		f.follow(s.all(ofAlbums, text), &s.x.albumSongs)
		f.follow(s.all(ofArtists, text), &s.x.artistSongs)
	}
	s.alls[kind][text] = f
	return f
}

// rank returns one page of the keys of one kind in their order. It looks for
// the worse fits only where the better ones do not fill the page.
func (s *search) rank(kind int, phrase string, words []string, offset, count int) []models.Key {
	keys := s.keys(kind)
	offset = max(offset, 0)
	var out []models.Key
	seen := newSet(len(keys))
	// take adds an item and tells whether more are wanted.
	take := func(i uint32) bool {
		if !seen.has(i) {
			seen.add(i)
			if s.reads(kind, i) {
				if offset > 0 {
					offset--
				} else {
					out = append(out, keys[i])
				}
			}
		}
		return len(out) < count
	}
	best := s.own(kind, phrase).best
	if article, rest, _ := strings.Cut(phrase, " "); articles[article] && rest != "" {
		best[whole] = append(slices.Clip(best[whole]), s.own(kind, rest).best[exact]...)
	}
	for _, list := range best {
		for _, i := range list {
			if !take(i) {
				return out
			}
		}
	}
	both := func(words []string) *fits {
		f := newFits(len(keys))
		f.or(s.all(kind, words[0]))
		for _, w := range words[1:] {
			g := s.all(kind, w)
			for k := range f {
				f[k].and(g[k])
			}
		}
		return f
	}
	f := both(words)
	if len(words) > 1 {
		f.or(s.all(kind, phrase))
	}
	// Of items with all words, first those whose own name has some of them.
	named := newSet(len(keys))
	for _, w := range words {
		named.or(s.own(kind, w).fits[wordFit])
	}
	named.and(f[wordFit])
	for _, hits := range []set{named, f[wordFit], f[infixFit], f[looseFit]} {
		if !hits.each(take) {
			return out
		}
	}
	if fewer := required(words); len(fewer) > 0 && len(fewer) < len(words) {
		both(fewer)[looseFit].each(take)
	}
	return out
}
