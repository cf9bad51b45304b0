package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// Known is what the catalog remembers of one object that a listing may show.
type Known struct {
	ObjectKey string
	Song      models.Key // of the object's first part; 0 for an object that failed
	Size      int64
	ModTime   int64
	ETag      string
	Reader    int
	Missing   bool
	Hidden    bool // its parts are songs
	Archived  bool
	Failed    string // why it could not be read
}

// Known calls f for each object of a library whose key begins with prefix, in
// the byte order of the keys. It reads in pages, so f may write.
func (c *Catalog) Known(ctx context.Context, library int, prefix string, f func(Known) error) error {
	const size = 5000
	after, first := []byte(prefix), true
	for {
		op := ">"
		if first {
			op = ">="
		}
		var list []Known
		err := c.each(ctx, func(rows *sql.Rows) error {
			var k Known
			var key []byte
			var missing int64
			var archived int
			err := rows.Scan(&key, &k.Song, &k.Size, &k.ModTime, &k.ETag, &k.Reader, &missing, &archived, &k.Failed)
			k.ObjectKey, k.Missing, k.Hidden, k.Archived = string(key), missing > 0, missing < 0, archived != 0
			list = append(list, k)
			return err
		}, `SELECT object_key, id, size, mtime, etag, reader, missing_at, archived, '' FROM songs WHERE library_id = ? AND part = 0 AND object_key `+op+` ?
			UNION ALL SELECT object_key, 0, size, mtime, etag, reader, 0, 0, reason FROM failures WHERE library_id = ? AND object_key `+op+` ?
			ORDER BY 1 LIMIT ?`, library, after, library, after, size)
		if err != nil {
			return fmt.Errorf("known objects of library %d: %w", library, err)
		}
		for _, k := range list {
			if !strings.HasPrefix(k.ObjectKey, prefix) {
				return nil
			}
			if err := f(k); err != nil {
				return err
			}
		}
		if len(list) < size {
			return nil
		}
		after, first = []byte(list[len(list)-1].ObjectKey), false
	}
}

// Sidecars returns the pictures and lyrics that lie as objects of their own
// in a library, with the version that the catalog shows of each.
func (c *Catalog) Sidecars(ctx context.Context, library int) (map[string]string, error) {
	known := map[string]string{}
	read := func(rows *sql.Rows) error {
		var key []byte
		var version string
		err := rows.Scan(&key, &version)
		known[string(key)] = version
		return err
	}
	err := c.each(ctx, read, `SELECT object_key, version FROM pictures WHERE library_id = ? AND place = 'file'`, library)
	if err == nil {
		err = c.each(ctx, read, `SELECT l.object_key, '' FROM lyrics l JOIN songs s ON s.id = l.song_id WHERE s.library_id = ? AND l.place = 'file'`, library)
	}
	if err != nil {
		return nil, fmt.Errorf("pictures and lyrics of library %d: %w", library, err)
	}
	return known, nil
}

// SpellArtists gives these artists, all for nil, the name by which most
// present songs credit them, so that the order in which songs are read decides
// nothing. Names of an artist without a MusicBrainz id differ in case only. It
// returns the artists whose name has become another than by case.
func (c *Catalog) SpellArtists(ctx context.Context, artists []models.Key) (renamed []models.Key, err error) {
	var differ []models.Key
	err = artistsOr(artists, `a.id`, func(where string, args ...any) error {
		return c.each(ctx, func(rows *sql.Rows) error {
			var k models.Key
			err := rows.Scan(&k)
			differ = append(differ, k)
			return err
		}, `SELECT a.id FROM artists a WHERE `+where+` AND EXISTS (SELECT 1 FROM song_artists x WHERE x.artist_id = a.id AND x.credit <> a.name)`, args...)
	})
	type artist struct {
		name, fold, sort string // as they are
		best             string
		songs            int
	}
	list := map[models.Key]*artist{}
	if err == nil {
		err = chunks(differ, func(part []models.Key) error {
			return c.each(ctx, func(rows *sql.Rows) error {
				var k models.Key
				var a artist
				var id, credit string
				var songs int
				if err := rows.Scan(&k, &a.name, &a.fold, &a.sort, &id, &credit, &songs); err != nil {
					return err
				}
				if list[k] == nil {
					list[k] = &a
				}
				if b := list[k]; (id != "" || ArtistFold(credit) == b.fold) && (songs > b.songs || songs == b.songs && credit < b.best) {
					b.best, b.songs = credit, songs
				}
				return nil
			}, `SELECT a.id, a.name, a.name_fold, a.sort, a.artist_id, x.credit, COUNT(DISTINCT x.song_id)
				FROM artists a JOIN song_artists x ON x.artist_id = a.id JOIN songs s ON s.id = x.song_id
				WHERE a.id IN ? AND s.missing_at = 0 GROUP BY a.id, a.name, a.name_fold, a.sort, a.artist_id, x.credit`, part)
		})
	}
	maps.DeleteFunc(list, func(_ models.Key, a *artist) bool { return a.best == "" || a.best == a.name })
	if err == nil && len(list) > 0 {
		err = c.writeCatalog(ctx, func(tx *gorm.DB) error {
			renamed = nil
			for k, a := range list {
				fold := ArtistFold(a.best)
				if fold != a.fold {
					renamed = append(renamed, k)
				}
				if err := tx.Exec(`UPDATE artists SET name = ?, name_fold = ?, name_sort = ?, search = ? WHERE id = ?`,
					a.best, fold, models.SortFold(cmp.Or(a.sort, a.best)), models.Fold(a.best), k).Error; err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("spell artists: %w", err)
	}
	return renamed, nil
}

// Namesakes returns the albums of present songs of the library that reach one
// of these artists, any for nil, by a name without a MusicBrainz id that by now
// is another's: several with ids have it, or just one that came later. renamed
// are artists whose name has changed.
func (c *Catalog) Namesakes(ctx context.Context, library int, artists, renamed []models.Key) ([]models.Key, error) {
	type row struct{ fold, id string }
	found := map[models.Key]row{}
	identified := map[string]int{} // how many artists with ids have a name
	read := func(rows *sql.Rows) error {
		var k models.Key
		var r row
		err := rows.Scan(&k, &r.fold, &r.id)
		if _, again := found[k]; !again && r.id != "" {
			identified[r.fold]++
		}
		found[k] = r
		return err
	}
	err := artistsOr(artists, `id`, func(where string, args ...any) error {
		return c.each(ctx, read, `SELECT id, name_fold, artist_id FROM artists WHERE name_fold IN (SELECT name_fold FROM artists
			WHERE name_fold IN (SELECT name_fold FROM artists WHERE `+where+`) GROUP BY name_fold HAVING COUNT(*) > 1)`, args...)
	})
	if err == nil {
		err = chunks(renamed, func(part []models.Key) error {
			return c.each(ctx, read, `SELECT id, name_fold, artist_id FROM artists WHERE name_fold IN (SELECT name_fold FROM artists WHERE id IN ?)`, part)
		})
	}
	var songs []*models.Song
	if err == nil {
		err = chunks(slices.Collect(maps.Keys(found)), func(part []models.Key) error {
			list, err := c.songRows(ctx, `SELECT card FROM songs WHERE library_id = ? AND missing_at = 0 AND id IN (SELECT song_id FROM song_artists WHERE artist_id IN ?)`, library, part)
			songs = append(songs, list...)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("artists of one name: %w", err)
	}
	var albums []models.Key
	for _, x := range songs {
		if slices.ContainsFunc(x.Credits, func(by models.Credit) bool {
			r, ok := found[by.Artist]
			if !ok || by.ID != "" {
				return false
			}
			return r.id != "" && (r.fold != ArtistFold(by.Name) || identified[r.fold] > 1) || r.id == "" && identified[r.fold] == 1
		}) {
			albums = append(albums, x.Album)
		}
	}
	slices.Sort(albums)
	return slices.Compact(albums), nil
}

// Scan runs f in one write transaction of a scan of one library.
func (c *Catalog) Scan(ctx context.Context, library int, f func(*ScanTx) error) error {
	return c.writeCatalog(ctx, func(tx *gorm.DB) error {
		if err := f(&ScanTx{tx: tx, engine: c.engine, library: library, now: now()}); err != nil {
			return err
		}
		return resolveGrants(tx)
	})
}

// ScanTx is one write transaction of a scan. It belongs to one goroutine.
type ScanTx struct {
	tx      *gorm.DB
	engine  engine
	library int
	now     int64
}

// Folders returns the keys of the folders with these paths and makes the rows
// that are not there, parents first.
func (s *ScanTx) Folders(paths []string) (map[string]models.Key, error) {
	want := map[string]bool{"": true}
	for _, p := range paths {
		for ; p != "" && !want[p]; p = parent(p) {
			want[p] = true
		}
	}
	have, err := s.findFolders(want)
	if err != nil {
		return nil, err
	}
	var rows []map[string]any
	var add func(p string) models.Key
	add = func(p string) models.Key {
		if k, ok := have[p]; ok {
			return k
		}
		var up models.Key
		if p != "" {
			up = add(parent(p))
		}
		k := models.NewKey()
		have[p] = k
		name := models.CleanName(path.Base("/" + p))
		rows = append(rows, map[string]any{
			"id": k, "library_id": s.library, "parent_id": up, "path": []byte(p),
			"name": name, "name_sort": models.SortFold(name), "created_at": s.now,
		})
		return k
	}
	for p := range want {
		add(p)
	}
	if err := insert(s.tx, "folders", rows); err != nil {
		return nil, fmt.Errorf("add folders: %w", err)
	}
	return have, nil
}

func (s *ScanTx) findFolders(want map[string]bool) (map[string]models.Key, error) {
	have := make(map[string]models.Key, len(want))
	for _, part := range byteChunks(want) {
		err := eachRow(s.tx, func(rows *sql.Rows) error {
			var k models.Key
			var p []byte
			err := rows.Scan(&k, &p)
			have[string(p)] = k
			return err
		}, `SELECT id, path FROM folders WHERE library_id = ? AND path IN ?`, s.library, part)
		if err != nil {
			return nil, fmt.Errorf("folders: %w", err)
		}
	}
	return have, nil
}

// FoldersLike returns the folders whose path is p or begins with it, and their
// keys: those below p, and those beside it with a longer name. For the root it
// is the root and the folders in it.
func (s *ScanTx) FoldersLike(p string) (map[string]models.Key, error) {
	return foldersLike(s.tx, s.library, p)
}

func foldersLike(db *gorm.DB, library int, p string) (map[string]models.Key, error) {
	out := map[string]models.Key{}
	read := func(rows *sql.Rows) error {
		var k models.Key
		var path []byte
		err := rows.Scan(&k, &path)
		out[string(path)] = k
		return err
	}
	var err error
	if p == "" {
		err = eachRow(db, read, `SELECT f.id, f.path FROM folders f WHERE f.library_id = ? AND f.path = ?
			UNION ALL SELECT f.id, f.path FROM folders r JOIN folders f ON f.parent_id = r.id WHERE r.library_id = ? AND r.path = ?`, library, []byte{}, library, []byte{})
	} else {
		// No path has the byte 0xff after p and sorts before this one.
		err = eachRow(db, read, `SELECT id, path FROM folders WHERE library_id = ? AND path >= ? AND path < ?`, library, []byte(p), append([]byte(p), 0xff, 0xff))
	}
	if err != nil {
		return nil, fmt.Errorf("folders: %w", err)
	}
	return out, nil
}

// FolderPaths returns the paths of a library's folders that hold songs.
func (c *Catalog) FolderPaths(ctx context.Context, library int) ([]string, error) {
	var list []string
	err := c.each(ctx, func(rows *sql.Rows) error {
		var path []byte
		err := rows.Scan(&path)
		list = append(list, string(path))
		return err
	}, `SELECT path FROM folders WHERE id IN (SELECT folder_id FROM songs WHERE library_id = ? AND missing_at = 0)`, library)
	if err != nil {
		return nil, fmt.Errorf("folders of library %d: %w", library, err)
	}
	return list, nil
}

// byteChunks cuts a set of keys into lists that fit a statement, padded to
// few lengths.
func byteChunks(set map[string]bool) [][][]byte {
	var out [][][]byte
	var part [][]byte
	flush := func() {
		for _, n := range inSizes {
			if len(part) <= n {
				for len(part) < n {
					part = append(part, part[0])
				}
				break
			}
		}
		out, part = append(out, part), nil
	}
	for k := range set {
		if part = append(part, []byte(k)); len(part) == batch {
			flush()
		}
	}
	if len(part) > 0 {
		flush()
	}
	return out
}

// parent returns the folder that holds p, "" for the root.
func parent(p string) string {
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		return p[:i]
	}
	return ""
}

// SongsIn returns the present songs that lie directly in these folders.
func (s *ScanTx) SongsIn(folders []models.Key) ([]*models.Song, error) {
	return s.songs(folders, `SELECT card, missing_at FROM songs WHERE folder_id IN ? AND missing_at = 0`)
}

// EachSongIn calls f with each present song that lies directly in these
// folders, one after the other.
func (s *ScanTx) EachSongIn(folders []models.Key, f func(*models.Song)) error {
	err := chunks(folders, func(part []models.Key) error {
		return eachRow(s.tx, func(rows *sql.Rows) error {
			var missing int64
			song, err := scanSong(rows, new(slab), &missing)
			if err == nil {
				f(song)
			}
			return err
		}, `SELECT card, missing_at FROM songs WHERE folder_id IN ? AND missing_at = 0`, part)
	})
	if err != nil {
		return fmt.Errorf("songs: %w", err)
	}
	return nil
}

// CountIn returns how many present songs lie directly in these folders.
func (s *ScanTx) CountIn(folders []models.Key) (n int, err error) {
	err = chunks(folders, func(part []models.Key) error {
		var some int
		err := s.tx.Raw(`SELECT COUNT(*) FROM songs WHERE folder_id IN ? AND missing_at = 0`, part).Row().Scan(&some)
		n += some
		return err
	})
	return n, err
}

// SongsOf returns the present songs of these albums.
func (s *ScanTx) SongsOf(albums []models.Key) ([]*models.Song, error) {
	return s.songs(albums, `SELECT card, missing_at FROM songs WHERE album_id IN ? AND missing_at = 0`)
}

// SongsByKey returns the songs with these keys, missing ones too.
func (s *ScanTx) SongsByKey(keys []models.Key) ([]*models.Song, error) {
	return s.songs(keys, `SELECT card, missing_at FROM songs WHERE id IN ?`)
}

func (s *ScanTx) songs(keys []models.Key, query string) ([]*models.Song, error) {
	var list []*models.Song
	var from slab
	err := chunks(keys, func(part []models.Key) error {
		return eachRow(s.tx, func(rows *sql.Rows) error {
			var missing int64
			song, err := scanSong(rows, &from, &missing)
			if err == nil {
				song.MissingSince = missing
				list = append(list, song)
			}
			return err
		}, query, part)
	})
	if err != nil {
		return nil, fmt.Errorf("songs: %w", err)
	}
	return list, nil
}

// SetMissing marks songs as missing since now, or as present again.
func (s *ScanTx) SetMissing(keys []models.Key, missing bool) error {
	at := int64(0)
	if missing {
		at = s.now
	}
	return chunks(keys, func(part []models.Key) error {
		return s.tx.Exec(`UPDATE songs SET missing_at = ? WHERE id IN ?`, at, part).Error
	})
}

// SaveFailure remembers an object that could not be read.
func (s *ScanTx) SaveFailure(k Known) error {
	return s.tx.Exec(`INSERT INTO failures (library_id, object_key, size, mtime, etag, reader, reason) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (library_id, object_key) DO UPDATE SET size = excluded.size, mtime = excluded.mtime, etag = excluded.etag, reader = excluded.reader, reason = excluded.reason`,
		s.library, []byte(k.ObjectKey), k.Size, k.ModTime, k.ETag, k.Reader, k.Failed).Error
}

// DropFailures forgets that objects could not be read.
func (s *ScanTx) DropFailures(keys []string) error {
	set := map[string]bool{}
	for _, k := range keys {
		set[k] = true
	}
	for _, part := range byteChunks(set) {
		if err := s.tx.Exec(`DELETE FROM failures WHERE library_id = ? AND object_key IN ?`, s.library, part).Error; err != nil {
			return err
		}
	}
	return nil
}

// ArtistName is an artist as files name one.
type ArtistName struct{ Name, Sort, ID string }

// Artists returns the key of each named artist and makes the rows that are
// not there. A MusicBrainz id decides; a name without one joins the artist of
// that name when there is exactly one, and of several the one without an id.
// An id without an artist takes over the one of its name that has no id, when
// it is the only one of that name.
func (s *ScanTx) Artists(names []ArtistName) (map[ArtistName]models.Key, error) {
	type row struct {
		key  models.Key
		id   string
		sort string
	}
	byFold, byID := map[string][]*row{}, map[string]*row{}
	folds := map[string]bool{}
	ids := map[string]bool{}
	for _, n := range names {
		folds[ArtistFold(n.Name)] = true
		// As an earlier version of the program folded it.
		folds[strings.ToLower(strings.Join(strings.Fields(n.Name), " "))] = true
		if n.ID != "" {
			ids[n.ID] = true
		}
	}
	seen := map[models.Key]*row{}
	load := func(column string, set map[string]bool) error {
		for _, part := range byteChunks(set) {
			texts := make([]string, len(part))
			for i, b := range part {
				texts[i] = string(b)
			}
			err := eachRow(s.tx, func(rows *sql.Rows) error {
				r := new(row)
				var fold string
				if err := rows.Scan(&r.key, &fold, &r.id, &r.sort); err != nil {
					return err
				}
				fold = plainMarks.Replace(fold)
				if seen[r.key] == nil {
					seen[r.key] = r
					byFold[fold] = append(byFold[fold], r)
					if r.id != "" {
						byID[r.id] = r
					}
				}
				return nil
			}, `SELECT id, name_fold, artist_id, sort FROM artists WHERE `+column+` IN ? ORDER BY id`, texts)
			if err != nil {
				return fmt.Errorf("artists: %w", err)
			}
		}
		return nil
	}
	if err := load("name_fold", folds); err != nil {
		return nil, err
	}
	if err := load("artist_id", ids); err != nil {
		return nil, err
	}
	out := make(map[ArtistName]models.Key, len(names))
	var added []map[string]any
	resolve := func(n ArtistName) error {
		if _, done := out[n]; done {
			return nil
		}
		fold := ArtistFold(n.Name)
		var hit *row
		if n.ID != "" {
			hit = byID[n.ID]
			if same := byFold[fold]; hit == nil && len(same) == 1 && same[0].id == "" {
				hit, same[0].id = same[0], n.ID
				byID[n.ID] = hit
				if err := s.tx.Exec(`UPDATE artists SET artist_id = ? WHERE id = ?`, n.ID, hit.key).Error; err != nil {
					return fmt.Errorf("artist %q: %w", n.Name, err)
				}
			}
		} else {
			var known, unknown []*row
			for _, r := range byFold[fold] {
				if r.id != "" {
					known = append(known, r)
				} else {
					unknown = append(unknown, r)
				}
			}
			if len(known) == 1 {
				hit = known[0]
			} else if len(unknown) > 0 {
				hit = unknown[0]
			}
		}
		if hit == nil {
			hit = &row{key: models.NewKey(), id: n.ID, sort: n.Sort}
			byFold[fold] = append(byFold[fold], hit)
			if n.ID != "" {
				byID[n.ID] = hit
			}
			by := n.Sort
			if by == "" {
				by = n.Name
			}
			added = append(added, map[string]any{
				"id": hit.key, "name": n.Name, "name_fold": fold, "sort": n.Sort, "name_sort": models.SortFold(by),
				"search": models.Fold(n.Name), "artist_id": n.ID, "created_at": s.now,
			})
		} else if n.Sort != "" && (hit.sort == "" || n.Sort < hit.sort) {
			// Of several the first by their letters, whichever is read first.
			hit.sort = n.Sort
			for _, a := range added {
				if a["id"] == hit.key {
					a["sort"], a["name_sort"] = n.Sort, models.SortFold(n.Sort)
				}
			}
			if err := s.tx.Exec(`UPDATE artists SET sort = ?, name_sort = ? WHERE id = ?`, n.Sort, models.SortFold(n.Sort), hit.key).Error; err != nil {
				return fmt.Errorf("artist %q: %w", n.Name, err)
			}
		}
		out[n] = hit.key
		return nil
	}
	// Names with an id come first, so that names without one can join them.
	for _, withID := range []bool{true, false} {
		for _, n := range names {
			if (n.ID != "") == withID {
				if err := resolve(n); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := insert(s.tx, "artists", added); err != nil {
		return nil, fmt.Errorf("add artists: %w", err)
	}
	return out, nil
}

// KnownArtists tells of the artists with these folded names which are known by
// themselves: a present song of the library credits them, and not only as a
// part of a joined name.
func (s *ScanTx) KnownArtists(folds map[string]bool) (map[string]bool, error) {
	return knownArtists(s.tx, s.library, folds)
}

func knownArtists(db *gorm.DB, library int, folds map[string]bool) (map[string]bool, error) {
	known := map[string]bool{}
	for _, part := range byteChunks(folds) {
		texts := make([]string, len(part))
		for i, b := range part {
			texts[i] = string(b)
		}
		err := eachRow(db, func(rows *sql.Rows) error {
			var fold string
			err := rows.Scan(&fold)
			known[fold] = true
			return err
		}, `SELECT DISTINCT r.name_fold FROM artists r WHERE r.name_fold IN ? AND EXISTS (SELECT 1 FROM song_artists x JOIN songs s ON s.id = x.song_id
			WHERE x.artist_id = r.id AND x.joined = '' AND s.library_id = ? AND s.missing_at = 0)`, texts, library)
		if err != nil {
			return nil, fmt.Errorf("known artists: %w", err)
		}
	}
	return known, nil
}

// JoinedCredits calls parts with each joined name that present songs of the
// library credit, and returns the albums of those that are credited otherwise
// than they are to be: in parts when one part is known by itself, else whole.
func (c *Catalog) JoinedCredits(ctx context.Context, library int, parts func(joined string) []string) ([]models.Key, error) {
	type state struct{ whole, apart bool }
	list := map[string]*state{}
	folds := map[string]bool{}
	err := c.each(ctx, func(rows *sql.Rows) error {
		var joined string
		var whole, all int
		if err := rows.Scan(&joined, &whole, &all); err != nil {
			return err
		}
		list[joined] = &state{whole > 0, whole < all}
		for _, p := range parts(joined) {
			folds[ArtistFold(p)] = true
		}
		return nil
	}, `SELECT x.joined, SUM(CASE WHEN x.credit = x.joined THEN 1 ELSE 0 END), COUNT(*) FROM song_artists x JOIN songs s ON s.id = x.song_id
		WHERE x.joined <> '' AND s.library_id = ? AND s.missing_at = 0 GROUP BY x.joined`, library)
	if err != nil {
		return nil, fmt.Errorf("joined names: %w", err)
	}
	known, err := knownArtists(c.r.WithContext(ctx), library, folds)
	if err != nil {
		return nil, err
	}
	wrong := map[string]bool{}
	for joined, is := range list {
		apart := slices.ContainsFunc(parts(joined), func(p string) bool { return known[ArtistFold(p)] })
		if apart && is.whole || !apart && is.apart {
			wrong[joined] = true
		}
	}
	albums := map[models.Key]bool{}
	for _, part := range byteChunks(wrong) {
		texts := make([]string, len(part))
		for i, b := range part {
			texts[i] = string(b)
		}
		keys, err := c.keys(ctx, `SELECT DISTINCT s.album_id FROM song_artists x JOIN songs s ON s.id = x.song_id
			WHERE x.joined <> '' AND x.joined IN ? AND s.library_id = ? AND s.missing_at = 0`, texts, library)
		if err != nil {
			return nil, fmt.Errorf("joined names: %w", err)
		}
		for _, k := range keys {
			albums[k] = true
		}
	}
	return slices.Sorted(maps.Keys(albums)), nil
}

// RenameArtist gives an artist's row another name, so that it keeps its id and
// its stars. It does nothing when the songs are no more than half of those
// that credit the artist, when another artist has the name or the MusicBrainz
// id, or when the ids say that the name is another artist's.
func (s *ScanTx) RenameArtist(artist models.Key, to ArtistName, songs int) error {
	fold := ArtistFold(to.Name)
	var total, taken int
	err := s.tx.Raw(`SELECT COUNT(DISTINCT sa.song_id) FROM song_artists sa JOIN songs s ON s.id = sa.song_id WHERE sa.artist_id = ? AND s.missing_at = 0`, artist).Row().Scan(&total)
	if err == nil {
		err = s.tx.Raw(`SELECT COUNT(*) FROM artists WHERE id <> ? AND (name_fold = ? OR artist_id <> '' AND artist_id = ?)`, artist, fold, to.ID).Row().Scan(&taken)
	}
	if err == nil && taken == 0 && 2*songs > total {
		err = s.tx.Exec(`UPDATE artists SET name = ?, name_fold = ?, sort = ?, name_sort = ?, search = ?, artist_id = ? WHERE id = ? AND (artist_id = '' OR artist_id = ?)`,
			to.Name, fold, to.Sort, models.SortFold(cmp.Or(to.Sort, to.Name)), models.Fold(to.Name), to.ID, artist, to.ID).Error
	}
	if err != nil {
		return fmt.Errorf("rename artist %s: %w", artist, err)
	}
	return nil
}

// ArtistFold is the form under which artists' names are one. Unlike Fold it
// keeps punctuation, so that "AC/DC" and "A.C.D.C" stay two; of quotes and
// dashes it does not mind the kind.
func ArtistFold(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(plainMarks.Replace(name)), " "))
}

// plainMarks writes typographic quotes and dashes as typewriters do.
var plainMarks = strings.NewReplacer("’", "'", "‘", "'", "ʼ", "'", "´", "'", "`", "'", "＇", "'", "“", "\"", "”", "\"", "„", "\"",
	"‐", "-", "‑", "-", "‒", "-", "–", "-", "—", "-", "−", "-", "…", "...")

// artistsOr returns a condition that column is one of the artists of a chunk,
// or any for nil.
func artistsOr(artists []models.Key, column string, f func(where string, args ...any) error) error {
	if artists == nil {
		return f(`1 = 1`)
	}
	return chunks(artists, func(part []models.Key) error { return f(column+` IN ?`, part) })
}

// niceGenre tells whether a is the spelling of a genre to show rather than b:
// one with small and capital letters, else the first by its letters. So the
// order in which songs are read decides nothing.
func niceGenre(a, b string) bool {
	mixed := func(s string) bool { return s != strings.ToLower(s) && s != strings.ToUpper(s) }
	if mixed(a) != mixed(b) {
		return mixed(a)
	}
	return a < b
}

// genres returns the key of each genre and makes the rows that are not there.
func (s *ScanTx) genres(names map[string]string) (map[string]models.Key, error) {
	have, nicer := map[string]models.Key{}, map[models.Key]string{}
	set := map[string]bool{}
	for fold := range names {
		set[fold] = true
	}
	for _, part := range byteChunks(set) {
		texts := make([]string, len(part))
		for i, b := range part {
			texts[i] = string(b)
		}
		err := eachRow(s.tx, func(rows *sql.Rows) error {
			var k models.Key
			var fold, name string
			err := rows.Scan(&k, &fold, &name)
			have[fold] = k
			if niceGenre(names[fold], name) {
				nicer[k] = names[fold]
			}
			return err
		}, `SELECT id, fold, name FROM genres WHERE fold IN ?`, texts)
		if err != nil {
			return nil, fmt.Errorf("genres: %w", err)
		}
	}
	var added []map[string]any
	for fold, name := range names {
		if have[fold] == 0 {
			have[fold] = models.NewKey()
			added = append(added, map[string]any{"id": have[fold], "name": name, "fold": fold})
		}
	}
	for k, name := range nicer {
		if err := s.tx.Exec(`UPDATE genres SET name = ? WHERE id = ?`, name, k).Error; err != nil {
			return nil, fmt.Errorf("genre %q: %w", name, err)
		}
	}
	if err := insert(s.tx, "genres", added); err != nil {
		return nil, fmt.Errorf("add genres: %w", err)
	}
	return have, nil
}
