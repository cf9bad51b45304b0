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
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO user_items (user_id, kind, item_id, starred_at, rating, rated_at)
			SELECT user_id, kind, ?, starred_at, rating, rated_at FROM user_items WHERE kind = 'fo' AND item_id = ?
			ON CONFLICT (user_id, kind, item_id) DO UPDATE SET
			starred_at = CASE WHEN user_items.starred_at = 0 OR excluded.starred_at > 0 AND excluded.starred_at < user_items.starred_at THEN excluded.starred_at ELSE user_items.starred_at END,
			rating = CASE WHEN user_items.rated_at >= excluded.rated_at THEN user_items.rating ELSE excluded.rating END,
			rated_at = CASE WHEN user_items.rated_at >= excluded.rated_at THEN user_items.rated_at ELSE excluded.rated_at END`, []any{into, old}},
		{`DELETE FROM user_items WHERE kind = 'fo' AND item_id = ?`, []any{old}},
		{`DELETE FROM ratings WHERE kind = 'fo' AND item_id IN ?`, []any{[]models.Key{old, into}}},
		{`INSERT INTO ratings (kind, item_id, total, votes) SELECT kind, item_id, SUM(rating), COUNT(*) FROM user_items
			WHERE kind = 'fo' AND item_id = ? AND rating > 0 GROUP BY kind, item_id`, []any{into}},
		{`UPDATE aliases SET new_id = ? WHERE kind = 'fo' AND new_id = ?`, []any{into, old}},
		{`INSERT INTO aliases (kind, old_id, new_id) VALUES ('fo', ?, ?)`, []any{old, into}},
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
