package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"path"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// Sounding is a row of songs as far as one must know it to tell whether what
// sounds the same may take it over.
type Sounding struct {
	Song      models.Key
	Library   int
	ObjectKey string
	Identity  string
	Missing   bool
}

// Sounding calls f for every whole object of these libraries that has one of
// these audio identities, missing ones too. An error of f ends it.
func (c *Catalog) Sounding(ctx context.Context, libraries []int, identities []string, f func(Sounding) error) error {
	const size = 64
	for len(identities) > 0 {
		n := min(len(identities), size)
		part := make([]string, size)
		for i := range part {
			part[i] = identities[min(i, n-1)]
		}
		identities = identities[n:]
		err := c.each(ctx, func(rows *sql.Rows) error {
			var s Sounding
			var key []byte
			var missing int64
			if err := rows.Scan(&s.Song, &s.Library, &key, &s.Identity, &missing); err != nil {
				return err
			}
			s.ObjectKey, s.Missing = string(key), missing > 0
			return f(s)
		}, `SELECT id, library_id, object_key, identity, missing_at FROM songs WHERE library_id IN `+numbers(libraries)+` AND identity IN ? AND part = 0`, part)
		if err != nil {
			return fmt.Errorf("songs by identity: %w", err)
		}
	}
	return nil
}

// numbers writes small numbers of ours as an SQL list.
func numbers(list []int) string {
	texts := []string{"0"}
	for _, n := range list {
		texts = append(texts, strconv.Itoa(n))
	}
	return "(" + strings.Join(texts, ",") + ")"
}

// AnyMissing tells whether one of the libraries has a missing song.
func (c *Catalog) AnyMissing(ctx context.Context, libraries []int) (bool, error) {
	for _, n := range libraries {
		list, err := c.keys(ctx, `SELECT id FROM songs WHERE library_id = ? AND missing_at > 0 LIMIT 1`, n)
		if err != nil {
			return false, fmt.Errorf("missing songs: %w", err)
		}
		if len(list) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// Identities returns the audio identities of these songs.
func (c *Catalog) Identities(ctx context.Context, songs []models.Key) (map[models.Key]string, error) {
	out := make(map[models.Key]string, len(songs))
	err := chunks(songs, func(part []models.Key) error {
		return c.each(ctx, func(rows *sql.Rows) error {
			var k models.Key
			var id string
			err := rows.Scan(&k, &id)
			out[k] = id
			return err
		}, `SELECT id, identity FROM songs WHERE id IN ?`, part)
	})
	if err != nil {
		return nil, fmt.Errorf("identities of songs: %w", err)
	}
	return out, nil
}

// SongRows calls f for each of these songs as its row is, missing ones too.
func (c *Catalog) SongRows(ctx context.Context, songs []models.Key, f func(*models.Song)) error {
	err := chunks(songs, func(part []models.Key) error {
		return c.each(ctx, func(rows *sql.Rows) error {
			var card sql.RawBytes
			var missing int64
			if err := rows.Scan(&card, &missing); err != nil {
				return err
			}
			s, err := songOf(card)
			if err != nil {
				return err
			}
			s.MissingSince = missing
			f(s)
			return nil
		}, `SELECT card, missing_at FROM songs WHERE id IN ?`, part)
	})
	if err != nil {
		return fmt.Errorf("songs: %w", err)
	}
	return nil
}

// parked begins the object key of a row whose object has become another
// song's. No store has such a key, so a complete listing finds it gone.
const parked = "//parked/"

// Park takes their object keys from rows that still have one of these, so
// that other rows can have them.
func (s *ScanTx) Park(songs []models.Key, objects []string) error {
	set := map[string]bool{}
	for _, k := range objects {
		set[k] = true
	}
	name := s.parkedName()
	return chunks(songs, func(part []models.Key) error {
		for _, keys := range byteChunks(set) {
			if err := s.tx.Exec(`UPDATE songs SET object_key = `+name+` WHERE id IN ? AND library_id = ? AND object_key IN ?`, part, s.library, keys).Error; err != nil {
				return fmt.Errorf("take object keys from songs: %w", err)
			}
		}
		return nil
	})
}

// parkedName is the SQL of the object key of a parked row.
func (s *ScanTx) parkedName() string {
	if s.engine.name() == "postgres" {
		return `convert_to('` + parked + `' || id, 'UTF8')`
	}
	return `CAST('` + parked + `' || id AS BLOB)`
}

// Hold keeps a part of what a scan has read until DropHeld, or until another
// scan of the library begins.
func (c *Catalog) Hold(ctx context.Context, library, part int, body []byte) error {
	err := c.write(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`INSERT INTO scan_held (library_id, position, body) VALUES (?, ?, ?)`, library, part, body).Error
	})
	if err != nil {
		return fmt.Errorf("hold what was read: %w", err)
	}
	return nil
}

// Held returns a part that Hold kept.
func (c *Catalog) Held(ctx context.Context, library, part int) (body []byte, err error) {
	if err := c.r.WithContext(ctx).Raw(`SELECT body FROM scan_held WHERE library_id = ? AND position = ?`, library, part).Row().Scan(&body); err != nil {
		return nil, fmt.Errorf("held of what was read: %w", err)
	}
	return body, nil
}

// DropHeld drops all that Hold kept.
func (c *Catalog) DropHeld(ctx context.Context, library int) error {
	return c.write(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`DELETE FROM scan_held WHERE library_id = ?`, library).Error
	})
}

// FolderMove is a folder whose songs went to another path.
type FolderMove struct {
	Folder   models.Key // 0: the one at From
	From, To string
	Songs    int  // that went there
	Stay     bool // others are still at From
	// Leave, when it is not 0, is how many present songs are at From and below
	// it, all of them leaving: with more, the folder stays.
	Leave int
}

// MoveFolders gives folders new paths in this order, with what lies below
// them, so that they keep their ids and stars. A folder stays from which not
// all go; a new one where the first go is remembered, and when the rest
// follows it becomes the old one. Else a folder stays whose new path another
// has.
func (s *ScanTx) MoveFolders(moves []FolderMove) error {
	paths := map[string]bool{}
	for _, m := range moves {
		paths[m.From], paths[m.To] = true, true
	}
	have, err := s.findFolders(paths)
	if err != nil {
		return err
	}
	for _, m := range moves {
		if m.Folder == 0 {
			m.Folder = have[m.From]
		}
		if m.Folder == 0 || m.Stay && have[m.To] != 0 {
			continue
		}
		if err := s.moveFolder(m); err != nil {
			return fmt.Errorf("move a folder to %q: %w", m.To, err)
		}
	}
	return nil
}

// below counts the songs in and below a folder, missing ones too unless only
// present ones count.
func (s *ScanTx) below(folder string, present bool) (int, error) {
	q := `SELECT COUNT(*) FROM songs WHERE library_id = ? AND object_key >= ? AND object_key < ? AND part = 0`
	if present {
		q += ` AND missing_at = 0`
	}
	return count(s.tx, q, s.library, []byte(folder+"/"), []byte(folder+"0"))
}

func (s *ScanTx) moveFolder(m FolderMove) error {
	var at []byte
	if err := s.tx.Raw(`SELECT path FROM folders WHERE id = ?`, m.Folder).Row().Scan(&at); err != nil {
		return err
	}
	was := string(at)
	if strings.HasPrefix(m.To, was+"/") {
		return nil
	}
	if m.Leave > 0 {
		n, err := s.below(m.From, true)
		if err != nil {
			return err
		}
		m.Stay = m.Stay || n > m.Leave
	}
	there, err := s.findFolders(map[string]bool{m.To: true})
	if err != nil {
		return err
	}
	other := there[m.To]
	switch {
	case other == m.Folder:
		return nil
	case m.Stay && other == 0:
		made, err := s.Folders([]string{m.To})
		if err != nil {
			return err
		}
		return s.tx.Exec(`UPDATE folders SET begun_by = ? WHERE id = ?`, m.Folder, made[m.To]).Error
	case m.Stay:
		return nil
	case other != 0:
		n, err := s.below(m.From, false)
		if err != nil || 2*m.Songs <= n {
			return err
		}
		begun, err := count(s.tx, `SELECT COUNT(*) FROM folders WHERE id = ? AND begun_by = ?`, other, m.Folder)
		if err != nil || begun == 0 {
			return err
		}
		if err := s.joinFolder(other, m.Folder); err != nil {
			return err
		}
	}
	up, err := s.Folders([]string{parent(m.To)})
	if err != nil {
		return err
	}
	name := folderName(m.To)
	if err := s.tx.Exec(`UPDATE folders SET path = ?, parent_id = ?, name = ?, name_sort = ?, missing_at = 0 WHERE id = ?`,
		[]byte(m.To), up[parent(m.To)], name, models.SortFold(name), m.Folder).Error; err != nil {
		return err
	}
	return s.moveBelow(was, m.To)
}

// moveBelow moves the folders below one that has moved. One stays whose new
// path another has, unless it has begun that one, and what is below it stays.
func (s *ScanTx) moveBelow(was, to string) error {
	type row struct {
		key  models.Key
		path string
	}
	var below []row
	err := eachRow(s.tx, func(rows *sql.Rows) error {
		var r row
		var p []byte
		err := rows.Scan(&r.key, &p)
		r.path = string(p)
		below = append(below, r)
		return err
	}, `SELECT id, path FROM folders WHERE library_id = ? AND path >= ? AND path < ? ORDER BY path`, s.library, []byte(was+"/"), []byte(was+"0"))
	if err != nil || len(below) == 0 {
		return err
	}
	paths := map[string]bool{}
	for _, r := range below {
		paths[to+r.path[len(was):]] = true
	}
	there, err := s.findFolders(paths)
	if err != nil {
		return err
	}
	stay := map[string]bool{}
	for _, r := range below {
		next := to + r.path[len(was):]
		if other := there[next]; other != 0 && other != r.key && !stay[parent(r.path)] {
			begun, err := count(s.tx, `SELECT COUNT(*) FROM folders WHERE id = ? AND begun_by = ?`, other, r.key)
			if err == nil && begun > 0 {
				err = s.joinFolder(other, r.key)
			}
			if err != nil {
				return err
			}
			stay[r.path] = begun == 0
		}
		if stay[r.path] || stay[parent(r.path)] {
			stay[r.path] = true
			up, err := s.Folders([]string{parent(r.path)})
			if err == nil {
				err = s.tx.Exec(`UPDATE folders SET parent_id = ? WHERE id = ?`, up[parent(r.path)], r.key).Error
			}
			if err != nil {
				return err
			}
			continue
		}
		if err := s.tx.Exec(`UPDATE folders SET path = ? WHERE id = ?`, []byte(next), r.key).Error; err != nil {
			return err
		}
	}
	return nil
}

// folderName is the name that a folder shows.
func folderName(p string) string { return models.CleanName(path.Base("/" + p)) }

// State is what may become another of an object whose content stays.
type State struct {
	ModTime  int64 // Unix ns
	Archived bool
}

// SetStates records the new states of objects, by their keys.
func (s *ScanTx) SetStates(states map[string]State) error {
	set := make(map[string]bool, len(states))
	for k := range states {
		set[k] = true
	}
	for _, part := range byteChunks(set) {
		var songs []*models.Song
		err := eachRow(s.tx, func(rows *sql.Rows) error {
			var card sql.RawBytes
			if err := rows.Scan(&card); err != nil {
				return err
			}
			x, err := songOf(card)
			songs = append(songs, x)
			return err
		}, `SELECT card FROM songs WHERE library_id = ? AND object_key IN ?`, s.library, part)
		for _, x := range songs {
			to := states[x.ObjectKey]
			if x.ModTime, x.Archived = to.ModTime, to.Archived; err == nil {
				err = s.tx.Exec(`UPDATE songs SET mtime = ?, archived = ?, card = ? WHERE id = ?`, x.ModTime, bit(x.Archived), songCard(x), x.Key).Error
			}
		}
		var failed [][]byte
		if err == nil {
			err = eachRow(s.tx, func(rows *sql.Rows) error {
				var k []byte
				err := rows.Scan(&k)
				failed = append(failed, k)
				return err
			}, `SELECT object_key FROM failures WHERE library_id = ? AND object_key IN ?`, s.library, part)
		}
		for _, k := range failed {
			if err == nil {
				err = s.tx.Exec(`UPDATE failures SET mtime = ? WHERE library_id = ? AND object_key = ?`, states[string(k)].ModTime, s.library, k).Error
			}
		}
		if err != nil {
			return fmt.Errorf("states of objects: %w", err)
		}
	}
	return nil
}

// SetFolders writes the folders of songs, and nothing else of them.
func (s *ScanTx) SetFolders(songs []*models.Song) error {
	for _, x := range songs {
		if err := s.tx.Exec(`UPDATE songs SET folder_id = ?, card = ? WHERE id = ?`, x.Folder, songCard(x), x.Key).Error; err != nil {
			return fmt.Errorf("folders of songs: %w", err)
		}
	}
	return nil
}

// CountOf returns how many songs each of these albums has, missing ones too.
func (s *ScanTx) CountOf(albums []models.Key) (map[models.Key]int, error) {
	counts := map[models.Key]int{}
	err := chunks(albums, func(part []models.Key) error {
		return eachRow(s.tx, func(rows *sql.Rows) error {
			var k models.Key
			var n int
			err := rows.Scan(&k, &n)
			counts[k] = n
			return err
		}, `SELECT album_id, COUNT(*) FROM songs WHERE album_id IN ? GROUP BY album_id`, part)
	})
	if err != nil {
		return nil, fmt.Errorf("songs of albums: %w", err)
	}
	return counts, nil
}
