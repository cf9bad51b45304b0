package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// Star puts a star on songs, albums, artists and folders of all kinds mixed,
// or takes it off. A second star keeps the date of the first. Ids that are
// unknown or that v may not read are models.ErrNotFound, and then nothing is
// changed.
func (c *Catalog) Star(ctx context.Context, v Viewer, items []models.ID, on bool) error {
	if len(items) == 0 {
		return nil
	}
	err := c.writeUser(ctx, v.User, func(tx *gorm.DB) error {
		targets, err := marks(tx, v, items)
		if err != nil {
			return err
		}
		if on {
			at := now()
			rows := make([][]any, len(targets))
			for i, t := range targets {
				rows[i] = []any{v.User, t.Kind, t.Key, at}
			}
			return insertRows(tx, `INSERT INTO user_items (user_id, kind, item_id, starred_at) VALUES `, rows,
				` ON CONFLICT (user_id, kind, item_id) DO UPDATE SET starred_at = excluded.starred_at WHERE user_items.starred_at = 0`)
		}
		for kind, keys := range byKind(targets) {
			err := chunks(keys, func(part []models.Key) error {
				return tx.Exec(`UPDATE user_items SET starred_at = 0 WHERE user_id = ? AND kind = ? AND item_id IN ?`, v.User, kind, part).Error
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("star: %w", err)
	}
	return nil
}

// Rate gives a song, an album, an artist or a folder 1 to 5 from the viewer;
// 0 takes the rating back. Another number is models.ErrInvalid, an id that is
// unknown or that v may not read is models.ErrNotFound.
func (c *Catalog) Rate(ctx context.Context, v Viewer, item models.ID, rating int) error {
	if rating < 0 || rating > 5 {
		return fmt.Errorf("rating %d: want 0 to 5: %w", rating, models.ErrInvalid)
	}
	err := c.writeUser(ctx, v.User, func(tx *gorm.DB) error {
		targets, err := marks(tx, v, []models.ID{item})
		if err != nil {
			return err
		}
		t := targets[0]
		err = tx.Exec(`INSERT INTO user_items (user_id, kind, item_id, rating, rated_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (user_id, kind, item_id) DO UPDATE SET rating = excluded.rating, rated_at = excluded.rated_at`,
			v.User, t.Kind, t.Key, rating, now()).Error
		if err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO ratings (kind, item_id, total, votes)
			SELECT '`+string(t.Kind)+`', CAST(? AS BIGINT), COALESCE(SUM(rating), 0), COUNT(*) FROM user_items WHERE kind = ? AND item_id = ? AND rating > 0
			ON CONFLICT (kind, item_id) DO UPDATE SET total = excluded.total, votes = excluded.votes`, t.Key, t.Kind, t.Key).Error
	})
	if err != nil {
		return fmt.Errorf("rate %s: %w", item, err)
	}
	return nil
}

// markKinds are the kinds that stars and ratings go to, with the query for
// those that a viewer may read: the id as asked and the id that marks hang on.
var markKinds = []struct {
	kind  models.Kind
	query func(v Viewer) string
}{
	{models.KindSong, func(v Viewer) string {
		return `SELECT 'so', s.id, s.annot_id FROM songs s WHERE s.id IN ? AND ` + v.songs("s")
	}},
	{models.KindAlbum, func(v Viewer) string {
		return `SELECT 'al', a.id, a.annot_id FROM albums a WHERE a.id IN ? AND ` + v.albums("a")
	}},
	{models.KindArtist, func(v Viewer) string {
		return `SELECT 'ar', r.id, r.id FROM artists r WHERE r.id IN ? AND ` + v.artists("r")
	}},
	{models.KindFolder, func(v Viewer) string {
		return `SELECT 'fo', f.id, f.id FROM folders f WHERE f.id IN ? AND ` + v.folders("f")
	}},
}

// marks returns what the marks of these items hang on, each once, in the
// order of the ids. Ids of merged rows lead to the row that took them in. If
// v may not read one of the items it returns models.ErrNotFound.
func marks(tx *gorm.DB, v Viewer, items []models.ID) ([]models.ID, error) {
	found, err := readable(tx, v, items)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(items, func(id models.ID) bool { return found[id] == 0 }); i >= 0 {
		if items, err = followAliases(tx, items, found); err != nil {
			return nil, err
		}
		if found, err = readable(tx, v, items); err != nil {
			return nil, err
		}
	}
	out := make([]models.ID, 0, len(items))
	seen := make(map[models.ID]bool, len(items))
	for _, id := range items {
		k := found[id]
		if k == 0 {
			return nil, models.NotFound(id)
		}
		t := models.ID{Kind: id.Kind, Key: k}
		if !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	return out, nil
}

// readable maps those of the items that v may read to what marks hang on.
func readable(tx *gorm.DB, v Viewer, items []models.ID) (map[models.ID]models.Key, error) {
	found := make(map[models.ID]models.Key, len(items))
	read := func(query string, args ...any) error {
		return eachRow(tx, func(rows *sql.Rows) error {
			var id models.ID
			var k models.Key
			err := rows.Scan(&id.Kind, &id.Key, &k)
			found[id] = k
			return err
		}, query, args...)
	}
	kinds := byKind(items)
	var parts []string
	var args []any
	for _, m := range markKinds {
		keys := kinds[m.kind]
		if len(keys) == 0 {
			continue
		}
		// What fits into one statement goes into one, longer lists by chunks.
		if len(items) <= batch {
			parts = append(parts, m.query(v))
			_ = chunks(keys, func(part []models.Key) error { args = append(args, part); return nil })
			continue
		}
		if err := chunks(keys, func(part []models.Key) error { return read(m.query(v), part) }); err != nil {
			return nil, err
		}
	}
	if len(parts) == 0 {
		return found, nil
	}
	return found, read(strings.Join(parts, " UNION ALL "), args...)
}

// followAliases replaces the items that are not in found by the rows that
// took them in, where there are such.
func followAliases(tx *gorm.DB, items []models.ID, found map[models.ID]models.Key) ([]models.ID, error) {
	var lost []models.Key
	for _, id := range items {
		if found[id] == 0 {
			lost = append(lost, id.Key)
		}
	}
	to := map[models.ID]models.Key{}
	err := chunks(lost, func(part []models.Key) error {
		return eachRow(tx, func(rows *sql.Rows) error {
			var old models.ID
			var k models.Key
			err := rows.Scan(&old.Kind, &old.Key, &k)
			to[old] = k
			return err
		}, `SELECT kind, old_id, new_id FROM aliases WHERE old_id IN ?`, part)
	})
	out := slices.Clone(items)
	for i, id := range out {
		if k := to[id]; k != 0 && found[id] == 0 {
			out[i].Key = k
		}
	}
	return out, err
}

// byKind sorts ids into lists of keys.
func byKind(items []models.ID) map[models.Kind][]models.Key {
	out := map[models.Kind][]models.Key{}
	for _, id := range items {
		out[id.Kind] = append(out[id.Kind], id.Key)
	}
	return out
}

// rowSizes are the numbers of rows that one INSERT of insertRows has, so that
// few statements have to be prepared.
var rowSizes = []int{200, 64, 16, 8, 4, 3, 2, 1}

// insertRows runs head, the rows as lists of values, and tail. Rows are sent
// in groups of rowSizes; all have the same length.
func insertRows(tx *gorm.DB, head string, rows [][]any, tail string) error {
	if len(rows) == 0 {
		return nil
	}
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", len(rows[0])), ",") + ")"
	for _, n := range rowSizes {
		for len(rows) >= n {
			args := make([]any, 0, n*len(rows[0]))
			for _, r := range rows[:n] {
				args = append(args, r...)
			}
			values := strings.TrimSuffix(strings.Repeat(row+",", n), ",")
			if err := tx.Exec(head+values+tail, args...).Error; err != nil {
				return err
			}
			rows = rows[n:]
		}
	}
	return nil
}

// sortedIDs returns the keys of a map of ids in a fixed order, so that
// concurrent writers lock rows in the same order.
func sortedIDs[T any](m map[models.ID]T) []models.ID {
	out := make([]models.ID, 0, len(m))
	for id := range m {
		out = append(out, id)
	}
	slices.SortFunc(out, func(a, b models.ID) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), cmp.Compare(a.Key, b.Key))
	})
	return out
}
