package catalog

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/songlocker/songlocker/models"
)

// The search index holds the folded names of everything present as text in
// memory, in the order of the names, and finds words by looking through that
// text: 100,000 titles are 2.5 MB, less than a millisecond. So any part of a
// word is found in any script, both engines give the same answer in the same
// order, and a song costs about 30 bytes beside its title. Items are numbers
// from 0 in the order of (folded name, key).

// level is how well a text fits a name; lower is better.
type level uint8

const (
	exact  level = iota // the whole name, whatever the spaces
	whole               // the whole name but for a leading article
	prefix              // the name's beginning, or what follows a leading article
	inner               // the beginning of a later word
	infix               // within a word
	glued               // from the beginning of a word over the next ("acdc", "AC/DC Live")
	levels
)

// gluedMin is the least length in bytes of a text that is found over the
// spaces of a name; shorter ones would be found everywhere.
const gluedMin = 3

// articles may lead a name and need not be asked for.
var articles = map[string]bool{
	"the": true, "a": true, "an": true, "der": true, "die": true, "das": true, "el": true, "la": true, "los": true, "las": true,
	"le": true, "les": true, "il": true, "lo": true, "os": true,
}

// articleMax is the length of the longest article.
const articleMax = 3

// conjunctions are spelled so differently that they need not be asked for.
var conjunctions = map[string]bool{"and": true, "n": true, "und": true, "et": true, "y": true}

// names is a list of folded names as one text.
type names struct {
	text  []byte   // each name between line feeds
	at    []uint32 // where a name begins; one more for where the next would
	owner []uint32 // the item of each name, ascending; nil when name i is of item i
	often [256]uint32
}

func (n *names) add(name string) {
	if len(n.at) == 0 {
		n.text, n.at = append(n.text, '\n'), append(n.at, 1)
	}
	n.text = append(append(n.text, name...), '\n')
	n.at = append(n.at, uint32(len(n.text)))
}

// addOf adds a name of an item that may have several.
func (n *names) addOf(item uint32, name string) {
	n.add(name)
	n.owner = append(n.owner, item)
}

// done counts how often each byte occurs and gives back what was reserved.
func (n *names) done() {
	n.text, n.at, n.owner = slices.Clip(n.text), slices.Clip(n.at), slices.Clip(n.owner)
	for _, b := range n.text {
		n.often[b]++
	}
}

// find calls f for each name that text fits, in the order of the names. It
// looks for the text's rarest byte and compares around it, over spaces.
func (n *names) find(text string, f func(item uint32, l level)) {
	needle := strings.ReplaceAll(text, " ", "")
	if needle == "" || len(n.at) == 0 {
		return
	}
	rare := 0
	for i := range len(needle) {
		if n.often[needle[i]] < n.often[needle[rare]] {
			rare = i
		}
	}
	give := func(entry int, l level) {
		item := uint32(entry)
		if n.owner != nil {
			item = n.owner[entry]
		}
		f(item, l)
	}
	entry, best := 0, levels // the name that the last hit lies in; levels: none to give
	for p := 1; p < len(n.text); {
		i := bytes.IndexByte(n.text[p:], needle[rare])
		if i < 0 {
			break
		}
		p += i
		start, end, ok := n.fit(needle, rare, p)
		if !ok {
			p++
			continue
		}
		if n.at[entry+1] <= uint32(start) {
			if best < levels {
				give(entry, best)
				best = levels
			}
			for entry+64 < len(n.at) && n.at[entry+64] <= uint32(start) {
				entry += 64
			}
			for n.at[entry+1] <= uint32(start) {
				entry++
			}
		}
		l := n.level(text, len(needle), start, end, int(n.at[entry]), int(n.at[entry+1])-1)
		if l <= inner {
			give(entry, l)
			best = levels
			p = int(n.at[entry+1]) + rare
			continue
		}
		best = min(best, l)
		p++
	}
	if best < levels {
		give(entry, best)
	}
}

// fit compares needle with the text around p, where its byte number rare
// stands, and returns where in the text it begins and ends.
func (n *names) fit(needle string, rare, p int) (start, end int, ok bool) {
	start, end = p, p+1
	for i := rare - 1; i >= 0; {
		start--
		switch n.text[start] {
		case needle[i]:
			i--
		case ' ':
		default:
			return 0, 0, false
		}
	}
	for i := rare + 1; i < len(needle); end++ {
		switch n.text[end] {
		case needle[i]:
			i++
		case ' ':
		default:
			return 0, 0, false
		}
	}
	return start, end, true
}

// level tells how well text fits the name from first to last when it was
// found from start to end. It returns levels when that is no fit.
func (n *names) level(text string, letters, start, end, first, last int) level {
	if start == first && end == last {
		return exact
	}
	begins := n.text[start-1] == ' ' || start == first
	if string(n.text[start:end]) != text {
		if begins && letters >= gluedMin {
			return glued
		}
		return levels
	}
	switch {
	case start == first:
		return prefix
	case begins && start-1-first <= articleMax && articles[string(n.text[first:start-1])]:
		if end == last {
			return whole
		}
		return prefix
	case begins:
		return inner
	case letters > 1:
		return infix
	}
	// A single letter is looked for at the beginning of words only.
	return levels
}

// lists are lists of numbers, one for each item, one behind the other.
type lists struct {
	at  []uint32 // one more than there are items
	all []uint32
}

func (l *lists) of(item uint32) []uint32 { return l.all[l.at[item]:l.at[item+1]] }

// makeLists sorts pairs (item, member) into one list for each of n items.
func makeLists(n int, pairs [][2]uint32) lists {
	l := lists{at: make([]uint32, n+1), all: make([]uint32, len(pairs))}
	for _, p := range pairs {
		l.at[p[0]+1]++
	}
	for i := range n {
		l.at[i+1] += l.at[i]
	}
	next := slices.Clone(l.at)
	for _, p := range pairs {
		l.all[next[p[0]]] = p[1]
		next[p[0]]++
	}
	return l
}

// set is a set of items.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) add(i uint32)      { s[i/64] |= 1 << (i % 64) }
func (s set) has(i uint32) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s set) or(t set) {
	for i, w := range t {
		s[i] |= w
	}
}

func (s set) and(t set) {
	for i, w := range t {
		s[i] &= w
	}
}

// each calls f for each member in ascending order until f returns false.
func (s set) each(f func(uint32) bool) bool {
	for i, w := range s {
		for ; w != 0; w &= w - 1 {
			if !f(uint32(i*64 + bits.TrailingZeros64(w))) {
				return false
			}
		}
	}
	return true
}

// searchIndex is all that can be found at one version of the catalog. It does
// not change.
type searchIndex struct {
	version int64
	built   time.Time
	took    time.Duration
	but     string // the libraries that nobody reads, as an SQL list

	libraries []int // by the numbers in songLibrary and albumLibrary

	songs       []models.Key
	songLibrary []uint16
	titles      names

	albums       []models.Key
	albumLibrary []uint16
	albumNames   names
	albumCredits names // the album artist as printed
	albumSongs   lists
	albumCopies  lists // by small number, the libraries whose readers see a copy instead

	hidden *hiddenCache

	artists      []models.Key
	artistNames  names
	artistAlbums lists // as album artist
	artistSongs  lists // in any searched role, where the album is not in artistAlbums
}

// hiddenItems are albums and songs that are not found, since copies of them are.
type hiddenItems struct{ albums, songs set }

// hiddenCache keeps them by the rights of those who see copies once.
type hiddenCache struct {
	sync.Mutex
	sets map[string]*hiddenItems
}

// hiddenFrom returns what v does not find; nil for nothing.
func (x *searchIndex) hiddenFrom(v Viewer) *hiddenItems {
	if !v.Once || len(x.albumCopies.all) == 0 {
		return nil
	}
	x.hidden.Lock()
	defer x.hidden.Unlock()
	if h := x.hidden.sets[v.key()]; h != nil {
		return h
	}
	h := &hiddenItems{newSet(len(x.albums)), newSet(len(x.songs))}
	for i := range x.albums {
		if slices.ContainsFunc(x.albumCopies.of(uint32(i)), func(l uint32) bool { return v.Reads(x.libraries[l]) }) {
			h.albums.add(uint32(i))
			for _, s := range x.albumSongs.of(uint32(i)) {
				h.songs.add(s)
			}
		}
	}
	if x.hidden.sets == nil || len(x.hidden.sets) >= hiddenSets {
		x.hidden.sets = map[string]*hiddenItems{}
	}
	x.hidden.sets[v.key()] = h
	return h
}

// hiddenSets bounds the sets of rights of which an index keeps what they hide.
const hiddenSets = 8

// searchRoles are the roles by which songs are found.
const searchRoles = `'artist', 'albumartist', 'composer', 'conductor'`

// searchFold folds a name further than models.Fold: katakana are hiragana.
func searchFold(s string) string {
	folded := models.Fold(s)
	return kanaFold(folded)
}

func kanaFold(s string) string {
	if strings.IndexByte(s, 0xe3) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r >= 'ァ' && r <= 'ヶ' || r == 'ヽ' || r == 'ヾ' {
			return r - 'ァ' + 'ぁ'
		}
		return r
	}, s)
}

// spelled returns the name with signs read as the letters that they stand
// for ("P!nk", "Ke$ha"), or "" when it has none.
func spelled(name string) string {
	if !strings.ContainsAny(name, "$!@") {
		return ""
	}
	in := []rune(name)
	changed := false
	for i, r := range in {
		before := i > 0 && unicode.IsLetter(in[i-1])
		after := i+1 < len(in) && unicode.IsLetter(in[i+1])
		switch {
		case r == '$' && (before || after):
			in[i], changed = 's', true
		case r == '!' && before && after:
			in[i], changed = 'i', true
		case r == '@' && before && after:
			in[i], changed = 'a', true
		}
	}
	if !changed {
		return ""
	}
	return searchFold(string(in))
}

// named is an item before it has its number.
type named struct {
	key     models.Key
	library uint16
	name    string
	other   []string
	credit  string
}

func byName(a, b named) int {
	return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(a.key, b.key))
}

// numbering finds the number of a key.
type numbering struct {
	keys    []models.Key // ascending
	numbers []uint32
}

// number numbers keys by their place in the list.
func number(list []models.Key) numbering {
	n := numbering{make([]models.Key, len(list)), make([]uint32, len(list))}
	for i := range n.numbers {
		n.numbers[i] = uint32(i)
	}
	slices.SortFunc(n.numbers, func(a, b uint32) int { return cmp.Compare(list[a], list[b]) })
	for i, at := range n.numbers {
		n.keys[i] = list[at]
	}
	return n
}

func (n numbering) of(k models.Key) (uint32, bool) {
	i, ok := slices.BinarySearch(n.keys, k)
	if !ok {
		return 0, false
	}
	return n.numbers[i], true
}

// buildIndex reads all names. It reads them in several statements: what
// changes in between raises the version, so that the index is built again.
func (c *Catalog) buildIndex(ctx context.Context) (*searchIndex, error) {
	began := time.Now()
	p, err := c.people(ctx)
	if err != nil {
		return nil, fmt.Errorf("build the search index: %w", err)
	}
	x := &searchIndex{version: c.Version(), hidden: new(hiddenCache), but: inList(p.copies)}
	for _, step := range []func(context.Context, *Catalog) error{x.readAlbums, x.readSongs, x.readArtists} {
		if err := step(ctx, c); err != nil {
			return nil, fmt.Errorf("build the search index: %w", err)
		}
	}
	x.built = time.Now()
	x.took = x.built.Sub(began)
	return x, nil
}

// library returns the small number of a library.
func (x *searchIndex) library(id int) uint16 {
	for i, have := range x.libraries {
		if have == id {
			return uint16(i)
		}
	}
	x.libraries = append(x.libraries, id)
	return uint16(len(x.libraries) - 1)
}

func (x *searchIndex) readAlbums(ctx context.Context, c *Catalog) error {
	var list []named
	err := c.each(ctx, func(rows *sql.Rows) error {
		var n named
		var library int
		var name string
		if err := rows.Scan(&n.key, &library, &name, &n.name, &n.credit); err != nil {
			return err
		}
		n.library, n.name, n.credit = x.library(library), kanaFold(n.name), kanaFold(n.credit)
		if s := spelled(name); s != "" {
			n.other = append(n.other, s)
		}
		list = append(list, n)
		return nil
	}, `SELECT id, library_id, name, search, artist_sort FROM albums WHERE songs > 0 AND library_id NOT IN `+x.but)
	if err != nil {
		return err
	}
	slices.SortFunc(list, byName)
	x.albums, x.albumLibrary = make([]models.Key, len(list)), make([]uint16, len(list))
	for i, n := range list {
		x.albums[i], x.albumLibrary[i] = n.key, n.library
		x.albumNames.addOf(uint32(i), n.name)
		for _, o := range n.other {
			x.albumNames.addOf(uint32(i), o)
		}
		if n.credit != "" {
			x.albumCredits.addOf(uint32(i), n.credit)
		}
	}
	x.albumNames.done()
	x.albumCredits.done()
	numbers := number(x.albums)
	var pairs [][2]uint32
	err = c.each(ctx, func(rows *sql.Rows) error {
		var album models.Key
		var library int
		err := rows.Scan(&album, &library)
		if i, ok := numbers.of(album); ok {
			pairs = append(pairs, [2]uint32{i, uint32(x.library(library))})
		}
		return err
	}, `SELECT album_id, library_id FROM album_copies`)
	x.albumCopies = makeLists(len(x.albums), pairs)
	return err
}

func (x *searchIndex) readSongs(ctx context.Context, c *Catalog) error {
	albums := number(x.albums)
	const none = ^uint32(0)
	type row struct {
		begin uint64 // the first bytes of the title, to sort by
		key   models.Key
		at    uint32
		album uint32
		size  uint16
		lib   uint16
	}
	var list []row
	var text []byte
	var key, album models.Key
	var library int
	var title sql.RawBytes
	err := c.each(ctx, func(rows *sql.Rows) error {
		if err := rows.Scan(&key, &library, &album, &title); err != nil {
			return err
		}
		if bytes.IndexByte(title, 0xe3) >= 0 {
			title = sql.RawBytes(kanaFold(string(title)))
		}
		// A title of more than 64 KiB is found by its beginning.
		t := title[:min(len(title), 1<<16-1)]
		var begin [8]byte
		copy(begin[:], t)
		r := row{begin: binary.BigEndian.Uint64(begin[:]), key: key, at: uint32(len(text)), size: uint16(len(t)), lib: x.library(library), album: none}
		if a, ok := albums.of(album); ok {
			r.album = a
		}
		text = append(text, t...)
		list = append(list, r)
		return nil
	}, `SELECT id, library_id, album_id, search FROM songs WHERE missing_at = 0 AND library_id NOT IN `+x.but)
	if err != nil {
		return err
	}
	of := func(r row) []byte { return text[r.at : r.at+uint32(r.size)] }
	slices.SortFunc(list, func(a, b row) int {
		if a.begin != b.begin {
			return cmp.Compare(a.begin, b.begin)
		}
		return cmp.Or(bytes.Compare(of(a), of(b)), cmp.Compare(a.key, b.key))
	})
	x.songs, x.songLibrary = make([]models.Key, len(list)), make([]uint16, len(list))
	x.titles.text = make([]byte, 0, len(text)+len(list)+1)
	x.titles.at = make([]uint32, 0, len(list)+1)
	pairs := make([][2]uint32, 0, len(list))
	for i, r := range list {
		x.songs[i], x.songLibrary[i] = r.key, r.lib
		x.titles.add(string(of(r)))
		if r.album != none {
			pairs = append(pairs, [2]uint32{r.album, uint32(i)})
		}
	}
	x.titles.done()
	x.albumSongs = makeLists(len(x.albums), pairs)
	return nil
}

func (x *searchIndex) readArtists(ctx context.Context, c *Catalog) error {
	var list []named
	err := c.each(ctx, func(rows *sql.Rows) error {
		var n named
		var name, sort string
		if err := rows.Scan(&n.key, &name, &sort, &n.name); err != nil {
			return err
		}
		n.name = kanaFold(n.name)
		if s := spelled(name); s != "" {
			n.other = append(n.other, s)
		}
		if sort != "" && sort != name {
			n.other = append(n.other, searchFold(sort))
		}
		list = append(list, n)
		return nil
	}, `SELECT id, name, sort, search FROM artists`)
	if err != nil {
		return err
	}
	slices.SortFunc(list, byName)
	x.artists = make([]models.Key, len(list))
	for i, n := range list {
		x.artists[i] = n.key
		x.artistNames.addOf(uint32(i), n.name)
		for _, o := range n.other {
			if o != n.name {
				x.artistNames.addOf(uint32(i), o)
			}
		}
	}
	x.artistNames.done()

	artists, albums, songs := number(x.artists), number(x.albums), number(x.songs)
	read := func(query string, members numbering) ([][2]uint32, error) {
		var pairs [][2]uint32
		var key, member models.Key
		var last models.Key
		var number uint32
		var known bool
		err := c.each(ctx, func(rows *sql.Rows) error {
			if err := rows.Scan(&key, &member); err != nil {
				return err
			}
			if key != last {
				number, known = artists.of(key)
				last = key
			}
			if m, ok := members.of(member); ok && known {
				pairs = append(pairs, [2]uint32{number, m})
			}
			return nil
		}, query)
		return pairs, err
	}
	pairs, err := read(`SELECT artist_id, album_id FROM album_artists WHERE role = 'albumartist' ORDER BY artist_id`, albums)
	if err != nil {
		return err
	}
	x.artistAlbums = makeLists(len(x.artists), pairs)

	if pairs, err = read(`SELECT artist_id, song_id FROM song_artists WHERE role IN (`+searchRoles+`) ORDER BY artist_id`, songs); err != nil {
		return err
	}
	// Songs that are found by an album of the artist need no second mention,
	// nor do those that name the artist in two roles.
	mark := make([]uint32, len(x.songs))
	last := ^uint32(0)
	kept := pairs[:0]
	for _, p := range pairs {
		if p[0] != last {
			last = p[0]
			for _, a := range x.artistAlbums.of(p[0]) {
				for _, s := range x.albumSongs.of(a) {
					mark[s] = p[0] + 1
				}
			}
		}
		if mark[p[1]] != p[0]+1 {
			mark[p[1]] = p[0] + 1
			kept = append(kept, p)
		}
	}
	x.artistSongs = makeLists(len(x.artists), kept)
	return nil
}
