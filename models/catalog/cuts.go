package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/songlocker/songlocker/models"
)

// hidden is the missing_at of a song that is an object as a whole while its
// parts are songs: it is not shown, and not missing either.
const hidden = -1

// Sheet is what the catalog remembers of a cue sheet that is an object.
type Sheet struct {
	ObjectKey string
	Version   string
	Files     string // the names of the files that it cuts, one a line
}

// Sheets returns the cue sheets of a library by their keys, and by its song
// the version of the sheet with which each whole object was read.
func (c *Catalog) Sheets(ctx context.Context, library int) (sheets map[string]Sheet, read map[models.Key]string, err error) {
	sheets, read = map[string]Sheet{}, map[models.Key]string{}
	err = c.each(ctx, func(rows *sql.Rows) error {
		var s Sheet
		var key []byte
		err := rows.Scan(&key, &s.Version, &s.Files)
		s.ObjectKey = string(key)
		sheets[s.ObjectKey] = s
		return err
	}, `SELECT object_key, version, files FROM sheets WHERE library_id = ?`, library)
	if err == nil {
		err = c.each(ctx, func(rows *sql.Rows) error {
			var k models.Key
			var version string
			err := rows.Scan(&k, &version)
			read[k] = version
			return err
		}, `SELECT x.song_id, x.version FROM song_sheets x JOIN songs s ON s.id = x.song_id WHERE s.library_id = ?`, library)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("cue sheets of library %d: %w", library, err)
	}
	return sheets, read, nil
}

// AnyCuts tells whether some object is cut into parts.
func (c *Catalog) AnyCuts(ctx context.Context) (bool, error) {
	list, err := c.keys(ctx, `SELECT song_id FROM cuts LIMIT 1`)
	if err != nil {
		return false, fmt.Errorf("cuts: %w", err)
	}
	return len(list) > 0, nil
}

// PartKeys returns the parts that the objects have of these songs that are
// objects as a whole, missing ones too, by those.
func (c *Catalog) PartKeys(ctx context.Context, wholes []models.Key) (map[models.Key][]models.Key, error) {
	out := map[models.Key][]models.Key{}
	seen := map[models.Key]bool{}
	err := chunks(wholes, func(part []models.Key) error {
		return c.each(ctx, func(rows *sql.Rows) error {
			var whole, k models.Key
			err := rows.Scan(&whole, &k)
			if !seen[k] {
				seen[k] = true
				out[whole] = append(out[whole], k)
			}
			return err
		}, `SELECT x.whole_id, p.id FROM cuts x JOIN songs p ON p.id = x.song_id JOIN songs w ON w.id = x.whole_id
			WHERE x.whole_id IN ? AND p.object_key = w.object_key AND p.library_id = w.library_id ORDER BY p.part, p.id`, part)
	})
	if err != nil {
		return nil, fmt.Errorf("parts of songs: %w", err)
	}
	return out, nil
}

// Cut returns how a song that is a part of an object is cut out of it. A song
// that is none is models.ErrNotFound.
func (c *Catalog) Cut(ctx context.Context, song models.Key) (models.Cut, error) {
	var x models.Cut
	err := c.r.WithContext(ctx).Raw(`SELECT kind, head, from_byte, to_byte, first_frame, frames, size, object_size FROM cuts WHERE song_id = ?`, song).Row().
		Scan(&x.Kind, &x.Head, &x.From, &x.To, &x.Frame, &x.Frames, &x.Size, &x.Object)
	if errors.Is(err, sql.ErrNoRows) {
		return x, models.NotFound(models.ID{Kind: models.KindSong, Key: song})
	}
	if err != nil {
		return x, fmt.Errorf("cut of song %s: %w", song, err)
	}
	return x, nil
}

// SaveSheets remembers cue sheets, and forgets those that are gone.
func (s *ScanTx) SaveSheets(list []Sheet, gone []string) error {
	rows := make([][]any, len(list))
	set := map[string]bool{}
	for i, x := range list {
		rows[i] = []any{s.library, []byte(x.ObjectKey), x.Version, x.Files}
	}
	for _, k := range gone {
		set[k] = true
	}
	var err error
	for _, part := range byteChunks(set) {
		if err == nil {
			err = s.tx.Exec(`DELETE FROM sheets WHERE library_id = ? AND object_key IN ?`, s.library, part).Error
		}
	}
	if err == nil {
		err = insertRows(s.tx, `INSERT INTO sheets (library_id, object_key, version, files) VALUES `, rows,
			` ON CONFLICT (library_id, object_key) DO UPDATE SET version = excluded.version, files = excluded.files`)
	}
	if err != nil {
		return fmt.Errorf("cue sheets: %w", err)
	}
	return nil
}

// PartsOf returns the parts of these songs that are objects as a whole, the
// missing ones too, by those.
func (s *ScanTx) PartsOf(wholes []models.Key) (map[models.Key][]*models.Song, error) {
	of := map[models.Key]models.Key{}
	err := chunks(wholes, func(part []models.Key) error {
		return eachRow(s.tx, func(rows *sql.Rows) error {
			var song, whole models.Key
			err := rows.Scan(&song, &whole)
			of[song] = whole
			return err
		}, `SELECT song_id, whole_id FROM cuts WHERE whole_id IN ?`, part)
	})
	if err != nil {
		return nil, fmt.Errorf("parts: %w", err)
	}
	keys := make([]models.Key, 0, len(of))
	for k := range of {
		keys = append(keys, k)
	}
	list, err := s.SongsByKey(keys)
	out := map[models.Key][]*models.Song{}
	seen := map[models.Key]bool{}
	for _, x := range list {
		if !seen[x.Key] {
			seen[x.Key] = true
			out[of[x.Key]] = append(out[of[x.Key]], x)
		}
	}
	return out, err
}

// ParkParts takes their object keys from rows that are parts, so that other
// parts can have their places.
func (s *ScanTx) ParkParts(parts []models.Key) error {
	return chunks(parts, func(part []models.Key) error {
		return s.tx.Exec(`UPDATE songs SET object_key = `+s.parkedName()+` WHERE id IN ?`, part).Error
	})
}

// Hide hides songs that are whole objects, because parts of them are songs.
func (s *ScanTx) Hide(songs []models.Key) error {
	return chunks(songs, func(part []models.Key) error {
		return s.tx.Exec(`UPDATE songs SET missing_at = ? WHERE id IN ?`, hidden, part).Error
	})
}

// FoundCut is how a song is cut out of an object, by the song that is the
// object as a whole.
type FoundCut struct {
	Song, Whole models.Key
	models.Cut
}

// DropCuts lets songs be parts of nothing any more.
func (s *ScanTx) DropCuts(songs []models.Key) error {
	if err := forKeys(s.tx, `DELETE FROM cuts WHERE song_id IN ?`, songs); err != nil {
		return fmt.Errorf("cuts: %w", err)
	}
	return nil
}

// SaveCuts writes how parts are cut out of their objects.
func (s *ScanTx) SaveCuts(list []FoundCut) error {
	rows := make([][]any, len(list))
	for i, x := range list {
		head := x.Head
		if head == nil {
			head = []byte{}
		}
		rows[i] = []any{x.Song, x.Whole, x.Kind, head, x.From, x.To, x.Frame, x.Frames, x.Size, x.Object}
	}
	err := insertRows(s.tx, `INSERT INTO cuts (song_id, whole_id, kind, head, from_byte, to_byte, first_frame, frames, size, object_size) VALUES `, rows,
		` ON CONFLICT (song_id) DO UPDATE SET whole_id = excluded.whole_id, kind = excluded.kind, head = excluded.head, from_byte = excluded.from_byte, to_byte = excluded.to_byte,
		first_frame = excluded.first_frame, frames = excluded.frames, size = excluded.size, object_size = excluded.object_size`)
	if err != nil {
		return fmt.Errorf("cuts: %w", err)
	}
	return nil
}

// SaveSongSheets remembers the version of the sheet with which each of these
// songs was read, "" for none.
func (s *ScanTx) SaveSongSheets(read map[models.Key]string) error {
	var keys []models.Key
	var rows [][]any
	for k, v := range read {
		keys = append(keys, k)
		if v != "" {
			rows = append(rows, []any{k, v})
		}
	}
	err := chunks(keys, func(part []models.Key) error {
		return s.tx.Exec(`DELETE FROM song_sheets WHERE song_id IN ?`, part).Error
	})
	if err == nil {
		err = insertRows(s.tx, `INSERT INTO song_sheets (song_id, version) VALUES `, rows, ``)
	}
	if err != nil {
		return fmt.Errorf("sheets of songs: %w", err)
	}
	return nil
}
