package catalog

import (
	"cmp"
	"database/sql"
	"slices"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// An entry is one place in a playlist or a queue. An app counts only the
// shown entries. Hidden ones, whose song is missing or out of the viewer's
// rights, are never touched by an index, and keep their places.
type entry struct {
	position             int
	song                 models.Key
	shown                bool
	title, artist, album string // what stood there; of playlists only
	line                 string // of a playlist's file, that no song was found for
}

// shownAt returns where in the list the shown entries are.
func shownAt(list []entry) []int {
	var at []int
	for i, e := range list {
		if e.shown {
			at = append(at, i)
		}
	}
	return at
}

// A slot names the n-th place of one song in a list.
type slot struct {
	song models.Key
	n    int
}

// slots returns the slot of each entry for which ok holds; others have none.
func slots(list []entry, ok func(entry) bool) []slot {
	out := make([]slot, len(list))
	count := map[models.Key]int{}
	for i, e := range list {
		if ok(e) {
			out[i] = slot{e.song, count[e.song]}
			count[e.song]++
		}
	}
	return out
}

// replace puts fresh, which all are shown, in the place of old's shown
// entries, and keeps old's hidden ones: each stays after the same shown entry
// as before, or at the beginning where it had none before it. A song that
// stands several times is matched place by place. What happens to a hidden
// entry whose predecessor has gone, orphans says: true puts it at its old
// place in the whole list, or at the end of a shorter one; false drops it.
func replace(old, fresh []entry, orphans bool) []entry {
	shown := func(e entry) bool { return e.shown }
	at := map[slot]int{}
	for i, s := range slots(fresh, shown) {
		at[s] = i
	}
	type lost struct {
		place int
		entry entry
	}
	var gone []lost
	behind := make([][]entry, len(fresh)+1) // behind[0]: before all
	place, known := 0, true
	for i, s := range slots(old, shown) {
		e := old[i]
		switch {
		case e.shown:
			p, ok := at[s]
			place, known = p+1, ok
		case known:
			behind[place] = append(behind[place], e)
		default:
			gone = append(gone, lost{i, e})
		}
	}
	out := make([]entry, 0, len(old)+len(fresh))
	out = append(out, behind[0]...)
	for i, e := range fresh {
		out = append(append(out, e), behind[i+1]...)
	}
	if orphans {
		for _, l := range gone {
			out = slices.Insert(out, min(l.place, len(out)), l.entry)
		}
	}
	return out
}

// entries reads a list of entries in its order. The query gives position,
// song, whether it is shown (0 or 1), title, artist, album and line.
func entries(g *gorm.DB, query string, args ...any) ([]entry, error) {
	var list []entry
	err := eachRow(g, func(rows *sql.Rows) error {
		var e entry
		var shown int
		err := rows.Scan(&e.position, &e.song, &shown, &e.title, &e.artist, &e.album, &e.line)
		e.shown = shown != 0
		list = append(list, e)
		return err
	}, query, args...)
	return list, err
}

// newEntries makes entries of songs that all must be readable by v; if one is
// not, it returns models.ErrNotFound.
func newEntries(tx *gorm.DB, v Viewer, songs []models.Key) ([]entry, error) {
	return takeEntries(tx, v, songs, nil)
}

// takeEntries is newEntries where the app may also name songs of the hidden
// entries: it may have read the list before they were hidden. Each of these
// is taken out of hidden and stands where the app puts it.
func takeEntries(tx *gorm.DB, v Viewer, songs []models.Key, hidden map[models.Key][]entry) ([]entry, error) {
	found, err := songsWhere(tx, v.songs("s"), distinct(songs))
	if err != nil {
		return nil, err
	}
	out := make([]entry, 0, len(songs))
	for _, k := range songs {
		if s := found[k]; s != nil {
			out = append(out, entry{song: s.Key, shown: true, title: s.Title, artist: s.Artist, album: s.AlbumName})
			continue
		}
		h := hidden[k]
		if len(h) == 0 {
			return nil, models.NotFound(models.ID{Kind: models.KindSong, Key: k})
		}
		out = append(out, h[0])
		hidden[k] = h[1:]
	}
	return out, nil
}

// distinct returns the keys sorted, each once.
func distinct(keys []models.Key) []models.Key {
	out := slices.Clone(keys)
	slices.SortFunc(out, cmp.Compare[models.Key])
	return slices.Compact(out)
}

// sameSongs tells whether two lists hold the same songs in the same order.
func sameSongs(a, b []entry) bool {
	return slices.EqualFunc(a, b, func(x, y entry) bool { return x.song == y.song })
}
