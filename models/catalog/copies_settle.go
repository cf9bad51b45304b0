package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// Settings of the catalog that copies hang on.
const (
	settingPrefer = "prefer"       // one of the Prefer constants
	settingCopies = "copies_found" // "1" while copies are looked for at all
)

const (
	// settleAlbums bounds the changed albums of one transaction.
	settleAlbums = 32
	// commonName is how many albums may have a name that is evidence: what
	// more are called, such as "Greatest Hits", counts with its artist only,
	// and "Unknown Album" by nobody not at all.
	commonName = 100
	// samePath bounds the objects of one path but for the suffix.
	samePath = 50
)

// SetPrefer sets which of several copies of one album lists show, by one of
// the Prefer constants, and settles all albums by it when it is another than
// before. An unknown one is models.ErrInvalid.
func (c *Catalog) SetPrefer(ctx context.Context, prefer string) error {
	if !slices.Contains([]string{PreferAll, PreferQuality, PreferLocal, PreferOrder}, prefer) {
		return fmt.Errorf("prefer %q is none of quality, local and order: %w", prefer, models.ErrInvalid)
	}
	have, err := c.Setting(ctx, settingPrefer)
	if err != nil {
		return fmt.Errorf("which copies to prefer: %w", err)
	}
	if have != prefer {
		err := c.writeCatalog(ctx, func(tx *gorm.DB) error {
			if err := putSetting(tx, settingPrefer, prefer); err != nil {
				return err
			}
			if err := noteCopies(tx); err != nil {
				return err
			}
			return tx.Exec(`INSERT INTO copy_due (album_id) SELECT id FROM albums WHERE songs > 0 ON CONFLICT (album_id) DO NOTHING`).Error
		})
		if err != nil {
			return fmt.Errorf("which copies to prefer: %w", err)
		}
	}
	c.once.Store(prefer != PreferAll)
	return c.SettleCopies(ctx)
}

func putSetting(tx *gorm.DB, name, value string) error {
	return tx.Exec(`INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value).Error
}

func getSetting(tx *gorm.DB, name string) (string, error) {
	var v string
	err := tx.Raw(`SELECT value FROM settings WHERE name = ?`, name).Row().Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return v, err
}

// noteCopies notes whether scans have to tell which albums they change.
func noteCopies(tx *gorm.DB) error {
	prefer, err := getSetting(tx, settingPrefer)
	if err != nil {
		return err
	}
	libraries, err := libraryRows(tx)
	if err != nil {
		return err
	}
	found := ""
	if prefer != PreferAll || slices.ContainsFunc(libraries, func(l *models.Library) bool { return l.Settings.CopiesOf != 0 }) {
		found = "1"
	}
	return putSetting(tx, settingCopies, found)
}

// copiesDue notes albums whose copies have to be settled.
func copiesDue(tx *gorm.DB, albums []models.Key) error {
	return chunks(albums, func(part []models.Key) error {
		return tx.Exec(`INSERT INTO copy_due (album_id) SELECT id FROM albums WHERE id IN ? AND EXISTS (SELECT 1 FROM settings WHERE name = '`+settingCopies+`' AND value <> '')
			ON CONFLICT (album_id) DO NOTHING`, part).Error
	})
}

// libraryCopiesDue notes all albums of a library.
func libraryCopiesDue(tx *gorm.DB, library int) error {
	return tx.Exec(`INSERT INTO copy_due (album_id) SELECT id FROM albums WHERE library_id = ? AND songs > 0 AND EXISTS (SELECT 1 FROM settings WHERE name = '`+settingCopies+`' AND value <> '')
		ON CONFLICT (album_id) DO NOTHING`, library).Error
}

// SettleCopies finds out what the albums that changed since it last ran are
// copies of, in short transactions: which songs share stars and plays, which
// albums are shown once, and which songs the libraries of copies hold copies
// of. What it leaves when it is cut off it does the next time.
func (c *Catalog) SettleCopies(ctx context.Context) error {
	for {
		due, err := c.keys(ctx, `SELECT album_id FROM copy_due LIMIT 1`)
		if err != nil || len(due) == 0 {
			return err
		}
		var version int64
		err = c.write(ctx, func(tx *gorm.DB) error {
			// On PostgreSQL this keeps two processes from settling at once.
			if err := tx.Exec(`UPDATE settings SET value = value WHERE name = ?`, settingVersion).Error; err != nil {
				return err
			}
			s := &settling{tx: tx, albums: map[models.Key]*copiedAlbum{}, seen: map[models.Key]bool{}}
			if err := s.some(); err != nil || !s.changed {
				return err
			}
			var err error
			version, err = bump(tx, settingVersion)
			return err
		})
		if err != nil {
			return fmt.Errorf("settle copies: %w", err)
		}
		c.saw(version)
	}
}

// settling is one transaction of SettleCopies.
type settling struct {
	tx        *gorm.DB
	prefer    string
	libraries map[int]*models.Library
	copies    []int                       // libraries of copies
	albums    map[models.Key]*copiedAlbum // of libraries that are listed
	seen      map[models.Key]bool
	lone      []annotated // songs of libraries of copies that are copies of nothing
	road      []annotated // albums of libraries of copies
	changed   bool
}

// some settles up to settleAlbums albums, and all that they hang together
// with.
func (s *settling) some() error {
	libraries, err := libraryRows(s.tx)
	if err == nil {
		s.prefer, err = getSetting(s.tx, settingPrefer)
	}
	if err != nil {
		return err
	}
	s.libraries = map[int]*models.Library{}
	for _, l := range libraries {
		s.libraries[l.Number] = l
		if l.Settings.CopiesOf != 0 {
			s.copies = append(s.copies, l.Number)
		}
	}
	due, err := s.keys(`SELECT album_id FROM copy_due ORDER BY album_id LIMIT ?`, settleAlbums)
	if err != nil {
		return err
	}
	if len(libraries) < 2 {
		// Nothing can have a copy, nor had one that is still there.
		return s.tx.Exec(`DELETE FROM copy_due`).Error
	}
	originals, err := s.roads(due)
	if err != nil {
		return err
	}
	if err := s.grow(append(due, originals...)); err != nil {
		return err
	}
	if err := s.shelves(); err != nil {
		return err
	}
	done := slices.Collect(maps.Keys(s.seen))
	return forKeys(s.tx, `DELETE FROM copy_due WHERE album_id IN ?`, append(done, due...))
}

// keys reads keys by a query.
func (s *settling) keys(query string, args ...any) ([]models.Key, error) {
	var out []models.Key
	err := eachRow(s.tx, func(rows *sql.Rows) error {
		var k models.Key
		err := rows.Scan(&k)
		out = append(out, k)
		return err
	}, query, args...)
	return out, err
}

// keysOf reads keys by a query whose first argument is a list of keys.
func (s *settling) keysOf(of []models.Key, query string, args ...any) ([]models.Key, error) {
	var out []models.Key
	err := chunks(of, func(part []models.Key) error {
		more, err := s.keys(query, append([]any{part}, args...)...)
		out = append(out, more...)
		return err
	})
	return out, err
}

// nameKey is an album's folded name and artist.
type nameKey struct{ search, artist string }

// read reads albums with their songs. Names that too many albums have are no
// evidence.
func (s *settling) read(keys []models.Key) ([]*copiedAlbum, error) {
	var list []*copiedAlbum
	by := map[models.Key]*copiedAlbum{}
	err := chunks(keys, func(part []models.Key) error {
		return eachRow(s.tx, func(rows *sql.Rows) error {
			a := &copiedAlbum{}
			var card sql.RawBytes
			err := rows.Scan(&card, &a.search, &a.artist)
			if err == nil {
				a.Album, err = albumOf(card)
			}
			if err != nil || by[a.Key] != nil {
				return err
			}
			if l := s.libraries[a.Library]; l != nil {
				a.local, a.owner = strings.HasPrefix(l.Location, "file:"), l.Owner
				list, by[a.Key] = append(list, a), a
			}
			return nil
		}, `SELECT card, search, artist_sort FROM albums WHERE id IN ? AND songs > 0`, part)
	})
	if err == nil {
		err = s.weighNames(list)
	}
	if err == nil {
		err = chunks(keys, func(part []models.Key) error {
			return eachRow(s.tx, func(rows *sql.Rows) error {
				var card sql.RawBytes
				if err := rows.Scan(&card); err != nil {
					return err
				}
				x, err := songOf(card)
				if a := by[x.Album]; err == nil && a != nil {
					a.songs = append(a.songs, x)
				}
				return err
			}, `SELECT card FROM songs WHERE album_id IN ? AND missing_at = 0`, part)
		})
	}
	for _, a := range list {
		orderSongs(a.songs)
	}
	return slices.DeleteFunc(list, func(a *copiedAlbum) bool { return len(a.songs) == 0 }), err
}

// weighNames decides what the names of albums are evidence of.
func (s *settling) weighNames(list []*copiedAlbum) error {
	names, pairs := map[string]int{}, map[nameKey]int{}
	for _, a := range list {
		names[a.search] = 0
	}
	delete(names, "")
	texts := slices.Sorted(maps.Keys(names))
	for part := range slices.Chunk(texts, 100) {
		err := eachRow(s.tx, func(rows *sql.Rows) error {
			var k nameKey
			var n int
			err := rows.Scan(&k.search, &k.artist, &n)
			names[k.search] += n
			pairs[k] = n
			return err
		}, `SELECT search, artist_sort, COUNT(*) FROM albums WHERE search IN ? AND songs > 0 GROUP BY search, artist_sort`, part)
		if err != nil {
			return err
		}
	}
	for _, a := range list {
		a.shared = names[a.search] <= commonName
		if pairs[nameKey{a.search, a.artist}] > commonName {
			a.search = ""
		}
	}
	return nil
}

// alike returns the albums that names and release ids of these lead to.
func (s *settling) alike(list []*copiedAlbum) ([]models.Key, error) {
	names, releases := map[string]bool{}, map[string]bool{}
	var out []models.Key
	done := map[nameKey]bool{}
	for _, a := range list {
		if a.ReleaseID != "" {
			releases[a.ReleaseID] = true
		}
		switch k := (nameKey{a.search, a.artist}); {
		case a.search == "" || done[k]:
		case a.shared:
			names[a.search] = true
		default:
			done[k] = true
			more, err := s.keys(`SELECT id FROM albums WHERE search = ? AND artist_sort = ? AND songs > 0`, a.search, a.artist)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
	}
	for _, by := range []struct {
		column string
		texts  map[string]bool
	}{{"search", names}, {"release_id", releases}} {
		for part := range slices.Chunk(slices.Sorted(maps.Keys(by.texts)), 100) {
			more, err := s.keys(`SELECT id FROM albums WHERE `+by.column+` IN ? AND `+by.column+` <> '' AND songs > 0`, part)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
	}
	return out, nil
}

// grow reads albums and all that they are, or were, or may be copies of, those
// of libraries of copies left out.
func (s *settling) grow(from []models.Key) error {
	for len(from) > 0 {
		var fresh []models.Key
		for _, k := range distinct(from) {
			if k != 0 && !s.seen[k] {
				s.seen[k] = true
				fresh = append(fresh, k)
			}
		}
		list, err := s.read(fresh)
		if err != nil {
			return err
		}
		var listed []*copiedAlbum
		for _, a := range list {
			if !slices.Contains(s.copies, a.Library) {
				s.albums[a.Key] = a
				listed = append(listed, a)
			}
		}
		if from, err = s.alike(listed); err != nil {
			return err
		}
		for _, q := range []string{
			`SELECT album_id FROM album_copies WHERE copy_id IN ?`,
			`SELECT copy_id FROM album_copies WHERE album_id IN ?`,
			`SELECT DISTINCT t.album_id FROM songs s JOIN songs t ON t.annot_id = s.annot_id WHERE s.album_id IN ? AND t.album_id <> s.album_id`,
			`SELECT t.id FROM albums s JOIN albums t ON t.annot_id = s.annot_id WHERE s.id IN ? AND t.id <> s.id`,
		} {
			more, err := s.keysOf(fresh, q)
			if err != nil {
				return err
			}
			from = append(from, more...)
		}
	}
	return nil
}

// shelves writes which albums and songs are copies, and what they share marks
// with.
func (s *settling) shelves() error {
	albums := slices.Collect(maps.Values(s.albums))
	found := findCopies(albums, s.prefer)

	// Which albums are hidden.
	type hide struct {
		album   models.Key
		library int
		copy    models.Key
	}
	seen := slices.Sorted(maps.Keys(s.seen))
	had := map[hide]bool{}
	for _, column := range []string{"album_id", "copy_id"} {
		err := chunks(seen, func(part []models.Key) error {
			return eachRow(s.tx, func(rows *sql.Rows) error {
				var h hide
				err := rows.Scan(&h.album, &h.library, &h.copy)
				had[h] = true
				return err
			}, `SELECT album_id, library_id, copy_id FROM album_copies WHERE `+column+` IN ?`, part)
		})
		if err != nil {
			return err
		}
	}
	want := map[hide]bool{}
	for album, list := range found.hides {
		for _, by := range list {
			want[hide{album, by.Library, by.Key}] = true
		}
	}
	for h := range had {
		if !want[h] {
			s.changed = true
			if err := s.tx.Exec(`DELETE FROM album_copies WHERE album_id = ? AND library_id = ?`, h.album, h.library).Error; err != nil {
				return err
			}
		}
	}
	var rows [][]any
	for h := range want {
		if !had[h] {
			rows = append(rows, []any{h.album, h.library, h.copy})
		}
	}
	if len(rows) > 0 {
		s.changed = true
		if err := insertRows(s.tx, `INSERT INTO album_copies (album_id, library_id, copy_id) VALUES `, rows, ""); err != nil {
			return err
		}
	}
	copyOf := map[models.Key]models.Key{}
	for _, a := range albums {
		for _, x := range a.songs {
			copyOf[x.Key] = found.copyOf[x.Key]
		}
	}
	if err := s.setCopyOf(copyOf); err != nil {
		return err
	}

	// Who shares marks.
	var classes [][]annotated
	for _, class := range found.albums {
		var list []annotated
		for _, a := range class {
			list = append(list, annotated{a.Key, a.Annot})
		}
		if list != nil {
			classes = append(classes, list)
		}
	}
	for _, m := range s.road {
		classes = append(classes, []annotated{m})
	}
	changed, err := shareAnnots(s.tx, models.KindAlbum, classes)
	if err != nil {
		return err
	}
	s.changed = s.changed || changed
	at := map[models.Key]int{}
	classes = nil
	for _, class := range found.songs {
		var list []annotated
		for _, x := range class {
			at[x.Key] = len(classes)
			list = append(list, annotated{x.Key, x.Annot})
		}
		classes = append(classes, list)
	}
	if len(s.copies) > 0 {
		err := chunks(slices.Sorted(maps.Keys(at)), func(part []models.Key) error {
			return eachRow(s.tx, func(rows *sql.Rows) error {
				var m annotated
				var of models.Key
				err := rows.Scan(&m.key, &m.annot, &of)
				classes[at[of]] = append(classes[at[of]], m)
				return err
			}, `SELECT id, annot_id, copy_of FROM songs WHERE copy_of IN ? AND missing_at = 0 AND library_id IN `+inList(s.copies), part)
		})
		if err != nil {
			return err
		}
	}
	for _, m := range s.lone {
		classes = append(classes, []annotated{m})
	}
	changed, err = shareAnnots(s.tx, models.KindSong, classes)
	s.changed = s.changed || changed
	return err
}

// setCopyOf writes what songs are copies of, where that is something else.
func (s *settling) setCopyOf(want map[models.Key]models.Key) error {
	differ := map[models.Key]models.Key{}
	err := chunks(slices.Sorted(maps.Keys(want)), func(part []models.Key) error {
		return eachRow(s.tx, func(rows *sql.Rows) error {
			var k, of models.Key
			err := rows.Scan(&k, &of)
			if of != want[k] {
				differ[k] = want[k]
			}
			return err
		}, `SELECT id, copy_of FROM songs WHERE id IN ?`, part)
	})
	for _, k := range slices.Sorted(maps.Keys(differ)) {
		if err == nil {
			s.changed = true
			err = s.tx.Exec(`UPDATE songs SET copy_of = ? WHERE id = ?`, differ[k], k).Error
		}
	}
	return err
}

// roads settles the songs of libraries of copies: those of the albums that
// are due, and those that albums that are due may have copies in. It returns
// the albums of the originals that they are or were copies of.
func (s *settling) roads(due []models.Key) (originals []models.Key, err error) {
	if len(s.copies) == 0 {
		return nil, nil
	}
	list, err := s.read(due)
	if err != nil {
		return nil, err
	}
	var settle []models.Key
	for _, a := range list {
		if slices.Contains(s.copies, a.Library) {
			settle = append(settle, a.Key)
			continue
		}
		for _, n := range s.copies {
			if s.libraries[n].Settings.CopiesOf != a.Library {
				continue
			}
			for _, x := range a.songs {
				beside, err := s.byPath(n, x.ObjectKey)
				if err != nil {
					return nil, err
				}
				for _, y := range beside {
					settle = append(settle, y.Album)
				}
			}
			alike, err := s.alikeIn(a, n)
			if err != nil {
				return nil, err
			}
			settle = append(settle, alike...)
		}
	}
	// What was a copy of songs that are due, also of those that are gone.
	more, err := s.keysOf(due, `SELECT DISTINCT k.album_id FROM songs s JOIN songs k ON k.copy_of = s.id WHERE s.album_id IN ? AND k.missing_at = 0 AND k.library_id IN `+inList(s.copies))
	if err != nil {
		return nil, err
	}
	albums, err := s.read(distinct(append(settle, more...)))
	if err != nil {
		return nil, err
	}
	want := map[models.Key]models.Key{}
	for _, a := range albums {
		s.seen[a.Key] = true
		s.road = append(s.road, annotated{a.Key, a.Annot})
		found, err := s.originals(a)
		if err != nil {
			return nil, err
		}
		for _, x := range a.songs {
			if o := found[x.Key]; o != nil {
				want[x.Key] = o.Key
				originals = append(originals, o.Album)
			} else {
				want[x.Key] = 0
				s.lone = append(s.lone, annotated{x.Key, x.Annot})
			}
		}
	}
	was, err := s.keysOf(slices.Sorted(maps.Keys(want)), `SELECT DISTINCT o.album_id FROM songs s JOIN songs o ON o.id = s.copy_of WHERE s.id IN ?`)
	if err == nil {
		originals = append(originals, was...)
		err = s.setCopyOf(want)
	}
	return originals, err
}

// originals finds what the songs of an album in a library of copies are copies
// of: by their paths, and those that no path leads from by their tags.
func (s *settling) originals(a *copiedAlbum) (map[models.Key]*models.Song, error) {
	out := map[models.Key]*models.Song{}
	of := s.libraries[a.Library].Settings.CopiesOf
	if s.libraries[of] == nil {
		return out, nil
	}
	for _, x := range a.songs {
		paths, err := s.byPath(of, x.ObjectKey)
		if err != nil {
			return nil, err
		}
		if o := originalOf(x, a, paths, nil); o != nil {
			out[x.Key] = o
		}
	}
	if len(out) == len(a.songs) {
		return out, nil
	}
	near, err := s.alikeIn(a, of)
	if err != nil {
		return nil, err
	}
	albums, err := s.read(near)
	if err != nil {
		return nil, err
	}
	for _, x := range a.songs {
		if out[x.Key] == nil {
			if o := originalOf(x, a, nil, albums); o != nil {
				out[x.Key] = o
			}
		}
	}
	return out, nil
}

// alikeIn returns the albums of one library that the name and release id of
// an album lead to.
func (s *settling) alikeIn(a *copiedAlbum, library int) ([]models.Key, error) {
	all, err := s.alike([]*copiedAlbum{a})
	if err != nil {
		return nil, err
	}
	return s.keysOf(distinct(all), `SELECT id FROM albums WHERE id IN ? AND library_id = ?`, library)
}

// byPath returns the present songs of a library whose object's path is that
// of a key but for the suffix, and some that are not.
func (s *settling) byPath(library int, key string) ([]*models.Song, error) {
	from := stem(key)
	var out []*models.Song
	err := eachRow(s.tx, func(rows *sql.Rows) error {
		var card sql.RawBytes
		if err := rows.Scan(&card); err != nil {
			return err
		}
		x, err := songOf(card)
		out = append(out, x)
		return err
	}, `SELECT card FROM songs WHERE library_id = ? AND object_key >= ? AND object_key < ? AND missing_at = 0 ORDER BY object_key, part LIMIT ?`, library, []byte(from+"."), []byte(from+"/"), samePath)
	return out, err
}

// Copies returns what else may be sent for a song that v reads: beside are
// the songs of the same recording that v may read as well, by the number of
// their library; road those that libraries of copies hold of any of these,
// the highest bit rate first.
func (c *Catalog) Copies(ctx context.Context, v Viewer, song *models.Song) (beside, road []*models.Song, err error) {
	beside, err = c.songRows(ctx, `SELECT s.card FROM songs s WHERE s.annot_id = ? AND s.id <> ? AND `+v.songs("s")+` ORDER BY s.library_id, s.id`, song.Annot, song.Key)
	if err != nil {
		return nil, nil, fmt.Errorf("copies of %s: %w", song.Key, err)
	}
	p, err := c.people(ctx)
	if err != nil || len(p.copies) == 0 {
		return beside, nil, err
	}
	road, err = c.songRows(ctx, `SELECT k.card FROM songs s JOIN songs k ON k.copy_of = s.id WHERE s.annot_id = ? AND k.missing_at = 0 AND k.library_id IN `+inList(p.copies)+` AND `+v.songs("s")+` ORDER BY k.id`, song.Annot)
	if err != nil {
		return nil, nil, fmt.Errorf("copies of %s: %w", song.Key, err)
	}
	slices.SortStableFunc(road, func(a, b *models.Song) int { return cmp.Compare(b.BitRate, a.BitRate) })
	return beside, road, nil
}
