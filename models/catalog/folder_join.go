package catalog

import (
	"database/sql"
	"fmt"

	"github.com/songlocker/songlocker/models"
)

// joinFolder puts all that is in one folder into another, whose id stays and
// answers for both.
func (s *ScanTx) joinFolder(old, into models.Key) error {
	songs, err := s.songs([]models.Key{old}, `SELECT card, missing_at FROM songs WHERE folder_id IN ?`)
	if err != nil {
		return err
	}
	for _, x := range songs {
		x.Folder = into
		if err := s.tx.Exec(`UPDATE songs SET folder_id = ?, card = ? WHERE id = ?`, into, songCard(x), x.Key).Error; err != nil {
			return err
		}
	}
	var keys []models.Key
	err = eachRow(s.tx, func(rows *sql.Rows) error {
		var k models.Key
		err := rows.Scan(&k)
		keys = append(keys, k)
		return err
	}, `SELECT id FROM albums WHERE library_id = ? AND folder_id = ?`, s.library, old)
	if err != nil {
		return err
	}
	albums, err := s.AlbumsByKey(keys)
	if err != nil {
		return err
	}
	for _, a := range albums {
		a.Folder = into
		if err := s.tx.Exec(`UPDATE albums SET folder_id = ?, card = ? WHERE id = ?`, into, albumCard(a.Album), a.Key).Error; err != nil {
			return err
		}
	}
	if err := mergeMarks(s.tx, models.KindFolder, old, into); err != nil {
		return fmt.Errorf("join folder %s with %s: %w", old, into, err)
	}
	if err := addAlias(s.tx, models.KindFolder, old, into); err != nil {
		return fmt.Errorf("join folder %s with %s: %w", old, into, err)
	}
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE folders SET parent_id = ? WHERE parent_id = ?`, []any{into, old}},
		{`UPDATE folders SET begun_by = ? WHERE begun_by = ?`, []any{into, old}},
		{`DELETE FROM pictures WHERE owner_kind = 'fo' AND owner_id = ?`, []any{old}},
		{`DELETE FROM folders WHERE id = ?`, []any{old}},
	} {
		if err := s.tx.Exec(q.sql, q.args...).Error; err != nil {
			return fmt.Errorf("join folder %s with %s: %w", old, into, err)
		}
	}
	return nil
}
