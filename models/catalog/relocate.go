package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// A library moves when its owner has copied its objects to another place.
// Rows, ids and what users attached to them stay; only the names of objects
// change, in one transaction. What rows say of objects without a match stays as
// it was, so that a later scan finds them missing, or there.

// Relocated is an object of a library and where it is now.
type Relocated struct {
	From, To string
	// Same tells that the content is what it was; else the next scan reads it.
	Same    bool
	ModTime int64
	ETag    string
}

// Relocation is a library's move.
type Relocation struct {
	Location string      // "" where the library has it already
	Secret   *[]byte     // of the new place's store, sealed, nil within for none; nil stays as it is
	Objects  []Relocated // audio, read or failed
	Sidecars map[string]string
	Folders  map[string]string // paths
	// Vacate are keys that name other objects in the new place than they did:
	// rows without a match that have one of them lose it.
	Vacate []string
}

// SidecarKinds are the objects besides audio that the catalog knows of.
type SidecarKinds struct{ Pictures, Lyrics, Sheets, Ignore, Playlists []string }

// SidecarKeys returns the keys of all objects of a library that are no audio.
func (c *Catalog) SidecarKeys(ctx context.Context, library int) (SidecarKinds, error) {
	var k SidecarKinds
	for _, q := range []struct {
		into *[]string
		sql  string
	}{
		{&k.Pictures, `SELECT DISTINCT object_key FROM pictures WHERE library_id = ? AND place = 'file' ORDER BY object_key`},
		{&k.Lyrics, `SELECT DISTINCT l.object_key FROM lyrics l JOIN songs s ON s.id = l.song_id WHERE s.library_id = ? AND l.place = 'file' ORDER BY l.object_key`},
		{&k.Sheets, `SELECT object_key FROM sheets WHERE library_id = ? ORDER BY object_key`},
		{&k.Ignore, `SELECT object_key FROM ignore_files WHERE library_id = ? ORDER BY object_key`},
		{&k.Playlists, `SELECT object_key FROM playlist_files WHERE library_id = ? ORDER BY object_key`},
	} {
		err := c.each(ctx, func(rows *sql.Rows) error {
			var key []byte
			err := rows.Scan(&key)
			*q.into = append(*q.into, string(key))
			return err
		}, q.sql, library)
		if err != nil {
			return k, fmt.Errorf("pictures, lyrics, sheets and playlists of library %d: %w", library, err)
		}
	}
	return k, nil
}

// AllFolders returns the paths of all folders of a library but the root.
func (c *Catalog) AllFolders(ctx context.Context, library int) ([]string, error) {
	var list []string
	err := c.each(ctx, func(rows *sql.Rows) error {
		var p []byte
		err := rows.Scan(&p)
		if len(p) > 0 {
			list = append(list, string(p))
		}
		return err
	}, `SELECT path FROM folders WHERE library_id = ? ORDER BY path`, library)
	if err != nil {
		return nil, fmt.Errorf("folders of library %d: %w", library, err)
	}
	return list, nil
}

// movingName is the setting that holds the location to which the keys of a
// library belong that is at another one by now.
func movingName(library int) string { return fmt.Sprintf("keys_of %d", library) }

// movedName is the setting that tells that a library's objects have other keys
// than when its albums were built.
func movedName(library int) string { return fmt.Sprintf("keys_moved %d", library) }

// KeysOf returns the location to which the keys of a library belong, "" where
// it is the library's own.
func (c *Catalog) KeysOf(ctx context.Context, library int) (string, error) {
	return c.Setting(ctx, movingName(library))
}

// Arrived notes that the keys of a library belong to its location.
func (c *Catalog) Arrived(ctx context.Context, library int) error {
	return c.write(ctx, func(tx *gorm.DB) error { return dropSetting(tx, movingName(library)) })
}

// KeysMoved tells whether albums and folders are to be built anew because a
// move gave the library's objects other keys.
func (c *Catalog) KeysMoved(ctx context.Context, library int) (bool, error) {
	v, err := c.Setting(ctx, movedName(library))
	return v != "", err
}

// Rebuilt notes that they were.
func (s *ScanTx) Rebuilt() error { return dropSetting(s.tx, movedName(s.library)) }

func dropSetting(tx *gorm.DB, name string) error {
	return tx.Exec(`DELETE FROM settings WHERE name = ?`, name).Error
}

// leaveBehind notes that a library goes to another location while its keys
// belong to the old one.
func leaveBehind(tx *gorm.DB, library int, from, to string) error {
	var of string
	err := tx.Raw(`SELECT value FROM settings WHERE name = ?`, movingName(library)).Row().Scan(&of)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return tx.Exec(`INSERT INTO settings (name, value) VALUES (?, ?)`, movingName(library), from).Error
	case err == nil && of == to:
		return dropSetting(tx, movingName(library)) // it went back
	}
	return err
}

// MayMove refuses a location for a library that is no location, that is the
// library's own already, or that another library has, holds or lies in. It
// returns the location as it is kept.
func (c *Catalog) MayMove(ctx context.Context, library int, location string) (string, error) {
	location, err := CleanLocation(location)
	if err != nil {
		return "", err
	}
	have, err := c.Libraries(ctx)
	if err != nil {
		return "", err
	}
	return location, mayMove(have, library, location)
}

func mayMove(have []*models.Library, library int, location string) error {
	i := slices.IndexFunc(have, func(l *models.Library) bool { return l.Number == library })
	if i < 0 {
		return errNoLibrary(library)
	}
	if have[i].Location == location {
		return fmt.Errorf("library %d (%s) is at %s already: %w", library, have[i].Name, location, models.ErrConflict)
	}
	l := *have[i]
	l.Location = location
	return clash(&l, have)
}

// Relocate moves a library: all of it, or on an error nothing.
func (c *Catalog) Relocate(ctx context.Context, library int, r Relocation) error {
	var users int64
	err := c.Scan(ctx, library, func(s *ScanTx) error {
		// While this lasts, no lease is renewed, and none may be taken.
		if err := s.tx.Exec(`UPDATE settings SET value = value WHERE name = ?`, leaseName(library)).Error; err != nil {
			return err
		}
		if r.Secret != nil {
			if err := s.tx.Exec(`UPDATE libraries SET secret = ? WHERE id = ?`, blob(*r.Secret), library).Error; err != nil {
				return err
			}
		}
		if r.Location != "" {
			have, err := libraryRows(s.tx)
			if err != nil {
				return err
			}
			if err := mayMove(have, library, r.Location); err != nil {
				return err
			}
			if err := s.tx.Exec(`UPDATE libraries SET location = ?, alarm = '' WHERE id = ?`, r.Location, library).Error; err != nil {
				return err
			}
			if err := touchReaders(s.tx, library); err != nil {
				return err
			}
			// Where libraries lie is kept in memory with the users.
			if users, err = bump(s.tx, settingUsers); err != nil {
				return err
			}
		}
		if err := s.relocate(r); err != nil {
			return err
		}
		// Paths tell of copies, and a folder may be preferred to a bucket.
		if err := libraryCopiesDue(s.tx, library); err != nil {
			return err
		}
		if err := dropSetting(s.tx, movingName(library)); err != nil {
			return err
		}
		if !slices.ContainsFunc(r.Objects, func(o Relocated) bool { return o.From != o.To }) {
			return nil
		}
		return s.tx.Exec(`INSERT INTO settings (name, value) VALUES (?, '1') ON CONFLICT (name) DO NOTHING`, movedName(library)).Error
	})
	if err != nil {
		return fmt.Errorf("move library %d: %w", library, err)
	}
	c.users.sawVersion(users)
	return nil
}

// inMotion begins the key of an object whose new key another may still have.
const inMotion = "//moving/"

// keyTables have a key of objects and no id of their own.
var keyTables = []string{"failures", "sheets", "ignore_files", "playlist_files"}

func (s *ScanTx) relocate(r Relocation) error {
	from, to := map[string]bool{}, map[string]bool{}
	for _, o := range r.Objects {
		from[o.From], to[o.To] = true, true
	}
	for a, b := range r.Sidecars {
		from[a], to[b] = true, true
	}
	// Keys that objects take over from others make a stop on the way.
	via := ""
	for k := range to {
		if from[k] {
			via = inMotion
			break
		}
	}
	leave := map[string]bool{}
	for k := range to {
		if !from[k] {
			leave[k] = true
		}
	}
	for _, k := range r.Vacate {
		if !from[k] {
			leave[k] = true
		}
	}
	if err := s.vacate(leave); err != nil {
		return err
	}
	if err := s.relocateFolders(r.Folders); err != nil {
		return err
	}
	for part := range slices.Chunk(r.Objects, batch) {
		if err := s.relocateSongs(part, via); err != nil {
			return err
		}
	}
	moved := make(map[string]string, len(r.Sidecars))
	for a, b := range r.Sidecars {
		moved[a] = b
	}
	for _, o := range r.Objects {
		moved[o.From] = o.To
	}
	if err := s.relocateKeys(moved, via); err != nil {
		return err
	}
	if err := s.relocateLyrics(r.Sidecars); err != nil {
		return err
	}
	if via == "" {
		return nil
	}
	for _, table := range append([]string{"songs", "pictures"}, keyTables...) {
		if err := s.tx.Exec(`UPDATE `+table+` SET object_key = substr(object_key, ?) WHERE library_id = ? AND object_key >= ? AND object_key < ?`,
			len(via)+1, s.library, []byte(via), []byte(strings.TrimSuffix(via, "/")+"0")).Error; err != nil {
			return err
		}
	}
	return nil
}

// vacate takes keys from rows that stay behind.
func (s *ScanTx) vacate(keys map[string]bool) error {
	name := s.parkedName()
	for _, part := range byteChunks(keys) {
		if err := s.tx.Exec(`UPDATE songs SET object_key = `+name+` WHERE library_id = ? AND object_key IN ?`, s.library, part).Error; err != nil {
			return err
		}
		// What was known of these files is read again, but for what a user may
		// have edited.
		for _, table := range []string{"failures", "sheets", "ignore_files"} {
			if err := s.tx.Exec(`DELETE FROM `+table+` WHERE library_id = ? AND object_key IN ?`, s.library, part).Error; err != nil {
				return err
			}
		}
		var lists [][]byte
		err := eachRow(s.tx, func(rows *sql.Rows) error {
			var k []byte
			err := rows.Scan(&k)
			lists = append(lists, k)
			return err
		}, `SELECT object_key FROM playlist_files WHERE library_id = ? AND object_key IN ?`, s.library, part)
		for _, k := range lists {
			if err == nil {
				err = s.tx.Exec(`UPDATE playlist_files SET object_key = ? WHERE library_id = ? AND object_key = ?`, append([]byte(parked), k...), s.library, k).Error
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// relocateSongs gives the songs of at most batch objects, and their parts,
// their new keys.
func (s *ScanTx) relocateSongs(objects []Relocated, via string) error {
	is := make(map[string]*Relocated, len(objects))
	set := make(map[string]bool, len(objects))
	var paths []string
	for i := range objects {
		o := &objects[i]
		is[o.From], set[o.From] = o, true
		paths = append(paths, parent(o.To))
	}
	folders, err := s.Folders(paths)
	if err != nil {
		return err
	}
	for _, part := range byteChunks(set) {
		// By the column: a row may have lost its key, which its card still tells.
		type row struct {
			song *models.Song
			key  string
		}
		var songs []row
		var from slab
		err := eachRow(s.tx, func(rows *sql.Rows) error {
			var key []byte
			var card string
			if err := rows.Scan(&key, &card); err != nil {
				return err
			}
			x := new(models.Song)
			err := readSong(card, x, &from)
			songs = append(songs, row{x, string(key)})
			return err
		}, `SELECT object_key, card FROM songs WHERE library_id = ? AND object_key IN ?`, s.library, part)
		if err != nil {
			return err
		}
		for _, r := range songs {
			x, o := r.song, is[r.key]
			x.ObjectKey = o.To
			if k := folders[parent(o.To)]; k != 0 {
				x.Folder = k
			}
			if o.Same {
				x.ModTime, x.ETag = o.ModTime, o.ETag
			}
			size := x.Size
			if !o.Same && x.Part == 0 {
				size = -1 // no object has it, so the scan reads this one
			}
			if err := s.tx.Exec(`UPDATE songs SET object_key = ?, size = ?, mtime = ?, etag = ?, folder_id = ?, card = ? WHERE id = ?`,
				[]byte(via+o.To), size, x.ModTime, x.ETag, x.Folder, songCard(x), x.Key).Error; err != nil {
				return err
			}
		}
	}
	// Of objects that can't be read.
	for _, o := range objects {
		if o.Same {
			if err := s.tx.Exec(`UPDATE failures SET mtime = ?, etag = ? WHERE library_id = ? AND object_key = ?`, o.ModTime, o.ETag, s.library, []byte(o.From)).Error; err != nil {
				return err
			}
		}
	}
	return nil
}

// relocateKeys gives the rows of all tables but songs new keys.
func (s *ScanTx) relocateKeys(moved map[string]string, via string) error {
	for _, table := range append([]string{"pictures"}, keyTables...) {
		n, err := count(s.tx, `SELECT COUNT(*) FROM `+table+` WHERE library_id = ?`, s.library)
		if err != nil || n == 0 {
			if err != nil {
				return err
			}
			continue
		}
		set := map[string]bool{}
		for k, to := range moved {
			if k != to || via != "" {
				set[k] = true
			}
		}
		for _, part := range byteChunks(set) {
			var have [][]byte
			err := eachRow(s.tx, func(rows *sql.Rows) error {
				var k []byte
				err := rows.Scan(&k)
				have = append(have, k)
				return err
			}, `SELECT DISTINCT object_key FROM `+table+` WHERE library_id = ? AND object_key IN ?`, s.library, part)
			if err != nil {
				return err
			}
			for _, k := range have {
				if err := s.tx.Exec(`UPDATE `+table+` SET object_key = ? WHERE library_id = ? AND object_key = ?`, []byte(via+moved[string(k)]), s.library, k).Error; err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// relocateLyrics gives lyrics that lie beside songs their new keys.
func (s *ScanTx) relocateLyrics(moved map[string]string) error {
	type row struct {
		id models.Key
		to string
	}
	var list []row
	err := eachRow(s.tx, func(rows *sql.Rows) error {
		var r row
		var key []byte
		err := rows.Scan(&r.id, &key)
		if r.to = moved[string(key)]; r.to != "" && r.to != string(key) {
			list = append(list, r)
		}
		return err
	}, `SELECT l.id, l.object_key FROM lyrics l JOIN songs s ON s.id = l.song_id WHERE s.library_id = ? AND l.place = 'file'`, s.library)
	for _, r := range list {
		if err == nil {
			err = s.tx.Exec(`UPDATE lyrics SET object_key = ? WHERE id = ?`, []byte(r.to), r.id).Error
		}
	}
	return err
}

// relocateFolders gives folders new paths. No two of them have one.
func (s *ScanTx) relocateFolders(to map[string]string) error {
	type row struct {
		key, up models.Key
		path    string
	}
	var all []row
	err := eachRow(s.tx, func(rows *sql.Rows) error {
		var r row
		var p []byte
		err := rows.Scan(&r.key, &r.up, &p)
		r.path = string(p)
		all = append(all, r)
		return err
	}, `SELECT id, parent_id, path FROM folders WHERE library_id = ?`, s.library)
	if err != nil {
		return err
	}
	goes, taken := map[models.Key]string{}, map[string]bool{}
	for _, r := range all {
		if p := to[r.path]; r.path != "" && p != "" {
			goes[r.key], taken[p] = p, true
		}
	}
	set := func(k models.Key, p string) error {
		return s.tx.Exec(`UPDATE folders SET path = ? WHERE id = ?`, []byte(p), k).Error
	}
	// Whoever has another's new path leaves it first.
	for i, r := range all {
		p, moves := goes[r.key]
		if (!moves || p == r.path) && (moves || !taken[r.path] || r.path == "") {
			continue
		}
		all[i].path = parked + r.key.String()
		if err := set(r.key, all[i].path); err != nil {
			return err
		}
	}
	for i, r := range all {
		p, ok := goes[r.key]
		if !ok || p == r.path {
			continue
		}
		all[i].path = p
		name := folderName(p)
		if err := s.tx.Exec(`UPDATE folders SET path = ?, name = ?, name_sort = ?, begun_by = 0 WHERE id = ?`, []byte(p), name, models.SortFold(name), r.key).Error; err != nil {
			return err
		}
	}
	// Each lies in the folder that its path says.
	paths := []string{""}
	up := func(p string) string {
		if strings.HasPrefix(p, parked) {
			return ""
		}
		return parent(p)
	}
	for _, r := range all {
		if r.path != "" {
			paths = append(paths, up(r.path))
		}
	}
	slices.Sort(paths)
	keys, err := s.Folders(slices.Compact(paths))
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.path == "" || keys[up(r.path)] == r.up {
			continue
		}
		if err := s.tx.Exec(`UPDATE folders SET parent_id = ? WHERE id = ?`, keys[up(r.path)], r.key).Error; err != nil {
			return err
		}
	}
	return nil
}
