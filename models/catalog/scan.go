package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"path"
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
			err := rows.Scan(&key, &k.Song, &k.Size, &k.ModTime, &k.ETag, &k.Reader, &missing, &k.Failed)
			k.ObjectKey, k.Missing = string(key), missing != 0
			list = append(list, k)
			return err
		}, `SELECT object_key, id, size, mtime, etag, reader, missing_at, '' FROM songs WHERE library_id = ? AND part = 0 AND object_key `+op+` ?
			UNION ALL SELECT object_key, 0, size, mtime, etag, reader, 0, reason FROM failures WHERE library_id = ? AND object_key `+op+` ?
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

// MoveFolder gives a folder's row a new path, so that it keeps its id and its
// stars. It does nothing when a row has that path already, or when the folder
// is no longer at the path was: its songs may have gone to several folders.
func (s *ScanTx) MoveFolder(folder models.Key, was, to string) (bool, error) {
	have, err := s.findFolders(map[string]bool{to: true})
	if err != nil || len(have) > 0 {
		return false, err
	}
	up, err := s.Folders([]string{parent(to)})
	if err != nil {
		return false, err
	}
	name := models.CleanName(path.Base("/" + to))
	done := s.tx.Exec(`UPDATE folders SET path = ?, parent_id = ?, name = ?, name_sort = ?, missing_at = 0 WHERE id = ? AND path = ?`,
		[]byte(to), up[parent(to)], name, models.SortFold(name), folder, []byte(was))
	if done.Error != nil {
		return false, fmt.Errorf("move a folder to %q: %w", to, done.Error)
	}
	return done.RowsAffected > 0, nil
}

// SongsIn returns the present songs that lie directly in these folders.
func (s *ScanTx) SongsIn(folders []models.Key) ([]*models.Song, error) {
	return s.songs(folders, `SELECT card, missing_at FROM songs WHERE folder_id IN ? AND missing_at = 0`)
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
	err := chunks(keys, func(part []models.Key) error {
		return eachRow(s.tx, func(rows *sql.Rows) error {
			return s.scanSong(rows, &list)
		}, query, part)
	})
	if err != nil {
		return nil, fmt.Errorf("songs: %w", err)
	}
	return list, nil
}

func (s *ScanTx) scanSong(rows *sql.Rows, list *[]*models.Song) error {
	var card sql.RawBytes
	var missing int64
	if err := rows.Scan(&card, &missing); err != nil {
		return err
	}
	song, err := readSong(card)
	if err != nil {
		return err
	}
	song.MissingSince = missing
	*list = append(*list, song)
	return nil
}

// GoneByIdentity returns the library's songs with these audio identities that
// are missing, or of which vanished says that they are about to be.
func (s *ScanTx) GoneByIdentity(identities []string, vanished func(models.Key) bool) ([]*models.Song, error) {
	var keys []models.Key
	for len(identities) > 0 {
		n := min(len(identities), 64)
		part := make([]string, 64)
		for i := range part {
			part[i] = identities[min(i, n-1)]
		}
		identities = identities[n:]
		err := eachRow(s.tx, func(rows *sql.Rows) error {
			var k models.Key
			var missing int64
			err := rows.Scan(&k, &missing)
			if missing != 0 || vanished(k) {
				keys = append(keys, k)
			}
			return err
		}, `SELECT id, missing_at FROM songs WHERE library_id = ? AND identity IN ? AND part = 0`, s.library, part)
		if err != nil {
			return nil, fmt.Errorf("songs by identity: %w", err)
		}
	}
	return s.SongsByKey(keys)
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
// that name when there is exactly one, and an id without an artist takes over
// the one of its name that has no id.
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
		folds[artistFold(n.Name)] = true
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
		fold := artistFold(n.Name)
		var hit *row
		if n.ID != "" {
			hit = byID[n.ID]
			if hit == nil {
				for _, r := range byFold[fold] {
					if r.id == "" {
						hit, r.id = r, n.ID
						byID[n.ID] = r
						for _, a := range added {
							if a["id"] == r.key {
								a["artist_id"] = n.ID
							}
						}
						if err := s.tx.Exec(`UPDATE artists SET artist_id = ? WHERE id = ?`, n.ID, r.key).Error; err != nil {
							return fmt.Errorf("artist %q: %w", n.Name, err)
						}
						break
					}
				}
			}
		} else if len(byFold[fold]) > 0 {
			// Of several with this name the one without an id, else the oldest.
			hit = byFold[fold][0]
			if len(byFold[fold]) > 1 {
				for _, r := range byFold[fold] {
					if r.id == "" {
						hit = r
						break
					}
				}
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
		} else if hit.sort == "" && n.Sort != "" {
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

// RenameArtist gives an artist's row another name, so that it keeps its id and
// its stars. It does nothing when the songs are no more than half of those
// that credit the artist, when another artist has the name or the MusicBrainz
// id, or when the ids say that the name is another artist's.
func (s *ScanTx) RenameArtist(artist models.Key, to ArtistName, songs int) error {
	fold := artistFold(to.Name)
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

// artistFold is the form under which artists' names are one. Unlike Fold it
// keeps punctuation, so that "AC/DC" and "A.C.D.C" stay two.
func artistFold(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(name), " "))
}

// genres returns the key of each genre and makes the rows that are not there.
func (s *ScanTx) genres(names map[string]string) (map[string]models.Key, error) {
	have := map[string]models.Key{}
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
			var fold string
			err := rows.Scan(&k, &fold)
			have[fold] = k
			return err
		}, `SELECT id, fold FROM genres WHERE fold IN ?`, texts)
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
	if err := insert(s.tx, "genres", added); err != nil {
		return nil, fmt.Errorf("add genres: %w", err)
	}
	return have, nil
}
