package catalog

import (
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// Stars, ratings, plays and bookmarks of songs, and what users attach to
// albums, hang on an annot: the key of one row, at first of the row itself.
// Copies share one. A row whose annot is another's key has given up its own,
// and nothing hangs on that any more.

// annotated is a row and what its marks hang on.
type annotated struct{ key, annot models.Key }

// shareAnnots gives the rows of each class one annot, and each class another.
// Every present row of one kind that shares an annot with one of these must be
// among them. Marks that come together become one, as if the rows had been one
// always; where rows part, both keep stars and ratings, and plays and bookmarks
// go with the row that they were of. It tells whether anything changed.
func shareAnnots(tx *gorm.DB, kind models.Kind, classes [][]annotated) (bool, error) {
	var all []models.Key
	for _, class := range classes {
		for _, m := range class {
			all = append(all, m.annot)
		}
	}
	holders, err := annotHolders(tx, kind, distinct(all))
	if err != nil {
		return false, err
	}
	type parting struct {
		from, to models.Key
		rows     []models.Key
	}
	var part []parting
	joins := map[models.Key]models.Key{}
	for _, class := range classes {
		in := map[models.Key]bool{}
		least := class[0].key
		for _, m := range class {
			in[m.key] = true
			least = min(least, m.key)
		}
		var target models.Key
		for _, m := range class {
			if in[holders[m.annot]] && (target == 0 || m.annot < target) {
				target = m.annot
			}
		}
		if target == 0 {
			target = least // which nothing hangs on
		}
		away := map[models.Key][]models.Key{}
		for _, m := range class {
			switch {
			case m.annot == target:
			case in[holders[m.annot]]:
				joins[m.annot] = target
			default:
				away[m.annot] = append(away[m.annot], m.key)
			}
		}
		for _, from := range slices.Sorted(maps.Keys(away)) {
			part = append(part, parting{from, target, away[from]})
		}
	}
	if len(part)+len(joins) == 0 {
		return false, nil
	}
	var old []models.Key
	for _, p := range part {
		old = append(old, p.from)
	}
	old = append(old, slices.Collect(maps.Keys(joins))...)
	marked, err := anyMarks(tx, kind, distinct(old))
	if err != nil {
		return false, err
	}
	moved := map[models.Key]models.Key{}
	for _, p := range part {
		for _, k := range p.rows {
			moved[k] = p.to
		}
	}
	if err := moveAnnots(tx, kind, `id`, moved); err != nil {
		return false, err
	}
	for _, p := range part {
		if marked[p.from] {
			if err := partMarks(tx, kind, p.from, p.to, p.rows); err != nil {
				return false, fmt.Errorf("part the marks of %s: %w", p.from, err)
			}
		}
	}
	for _, from := range slices.Sorted(maps.Keys(joins)) {
		if marked[from] {
			if err := joinMarks(tx, kind, from, joins[from]); err != nil {
				return false, fmt.Errorf("join the marks of %s: %w", from, err)
			}
		}
	}
	return true, moveAnnots(tx, kind, `annot_id`, joins)
}

// annotHolders returns, for each annot that a present row uses, the row that
// keeps it where others part: the one whose key it is, or, where that is not
// present, the oldest.
func annotHolders(tx *gorm.DB, kind models.Kind, annots []models.Key) (map[models.Key]models.Key, error) {
	out := make(map[models.Key]models.Key, len(annots))
	query := `SELECT id, annot_id FROM songs WHERE annot_id IN ? AND missing_at = 0`
	if kind == models.KindAlbum {
		query = `SELECT id, annot_id FROM albums WHERE annot_id IN ? AND songs > 0`
	}
	err := chunks(annots, func(part []models.Key) error {
		return eachRow(tx, func(rows *sql.Rows) error {
			var m annotated
			err := rows.Scan(&m.key, &m.annot)
			if have := out[m.annot]; have != m.annot && (have == 0 || m.key == m.annot || m.key < have) {
				out[m.annot] = m.key
			}
			return err
		}, query, part)
	})
	if err != nil {
		return nil, fmt.Errorf("who shares marks: %w", err)
	}
	return out, nil
}

// anyMarks returns those annots that a user attached something to.
func anyMarks(tx *gorm.DB, kind models.Kind, annots []models.Key) (map[models.Key]bool, error) {
	out := map[models.Key]bool{}
	queries := []string{`SELECT DISTINCT item_id FROM user_items WHERE kind = '` + string(kind) + `' AND item_id IN ?`}
	if kind == models.KindSong {
		queries = append(queries, `SELECT DISTINCT item_id FROM bookmarks WHERE item_id IN ?`,
			`SELECT DISTINCT annot_id FROM plays WHERE user_id IN (SELECT id FROM users) AND annot_id IN ?`)
	}
	for _, q := range queries {
		err := chunks(annots, func(part []models.Key) error {
			return eachRow(tx, func(rows *sql.Rows) error {
				var k models.Key
				err := rows.Scan(&k)
				out[k] = true
				return err
			}, q, part)
		})
		if err != nil {
			return nil, fmt.Errorf("what is marked: %w", err)
		}
	}
	return out, nil
}

// moveAnnots gives rows another annot: those whose column, id or annot_id, is
// a key of to.
func moveAnnots(tx *gorm.DB, kind models.Kind, column string, to map[models.Key]models.Key) error {
	keys := slices.Sorted(maps.Keys(to))
	type row struct {
		key, annot models.Key
		card       []byte
	}
	table := "songs"
	if kind == models.KindAlbum {
		table = "albums"
	}
	return chunks(keys, func(part []models.Key) error {
		var list []row
		err := eachRow(tx, func(rows *sql.Rows) error {
			var by models.Key
			var r row
			var card sql.RawBytes
			if err := rows.Scan(&r.key, &by, &card); err != nil {
				return err
			}
			r.annot = to[by]
			if kind == models.KindAlbum {
				a, err := albumOf(card)
				if err != nil {
					return err
				}
				a.Annot = r.annot
				r.card = albumCard(a)
			} else {
				s, err := songOf(card)
				if err != nil {
					return err
				}
				s.Annot = r.annot
				r.card = songCard(s)
			}
			list = append(list, r)
			return nil
		}, `SELECT id, `+column+`, card FROM `+table+` WHERE `+column+` IN ?`, part)
		for _, r := range list {
			if err == nil {
				err = tx.Exec(`UPDATE `+table+` SET annot_id = ?, card = ? WHERE id = ?`, r.annot, r.card, r.key).Error
			}
		}
		if err != nil {
			return fmt.Errorf("share marks: %w", err)
		}
		return nil
	})
}

// joinMarks gives what hangs on one annot to another.
func joinMarks(tx *gorm.DB, kind models.Kind, from, to models.Key) error {
	err := mergeMarks(tx, kind, from, to)
	if err != nil || kind != models.KindSong {
		return err
	}
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{moveBookmarks + " " + laterBookmark, []any{to, from}},
		{`DELETE FROM bookmarks WHERE item_id = ?`, []any{from}},
		{movePlays, []any{to, from, to}},
	} {
		if err := tx.Exec(q.sql, q.args...).Error; err != nil {
			return err
		}
	}
	return nil
}

// partMarks gives rows that have left an annot what hangs on it: stars and ratings
// stay with both, plays and bookmarks go with the rows that they were of.
func partMarks(tx *gorm.DB, kind models.Kind, from, to models.Key, rows []models.Key) error {
	of, table := "song_id", "songs"
	if kind == models.KindAlbum {
		of, table = "album_id", "albums"
	}
	own := `p.user_id = user_items.user_id AND p.` + of + ` IN ?`
	type step struct {
		sql  string
		args []any
	}
	steps := []step{
		{`INSERT INTO user_items (user_id, kind, item_id, starred_at, rating, rated_at, play_count, played_at)
			SELECT user_id, kind, ?, starred_at, rating, rated_at, COALESCE((SELECT SUM(p.count) FROM plays p WHERE ` + own + `), 0), COALESCE((SELECT MAX(p.played_at) FROM plays p WHERE ` + own + `), 0)
			FROM user_items WHERE kind = ? AND item_id = ? ` + asOne, []any{to, rows, rows, kind, from}},
		{`UPDATE user_items SET play_count = CASE WHEN play_count > (SELECT SUM(p.count) FROM plays p WHERE ` + own + `) THEN play_count - (SELECT SUM(p.count) FROM plays p WHERE ` + own + `) ELSE 0 END
			WHERE kind = ? AND item_id = ? AND EXISTS (SELECT 1 FROM plays p WHERE ` + own + `)`, []any{rows, rows, kind, from, rows}},
		{`UPDATE user_items SET played_at = COALESCE((SELECT MAX(p.played_at) FROM plays p WHERE p.user_id = user_items.user_id AND p.` + of + ` IN (SELECT id FROM ` + table + ` WHERE annot_id = ?)), 0)
			WHERE kind = ? AND item_id = ? AND EXISTS (SELECT 1 FROM plays p WHERE ` + own + `)`, []any{from, kind, from, rows}},
	}
	if kind == models.KindSong {
		steps = append(steps,
			step{movePlays + ` AND song_id IN ?`, []any{to, from, to, rows}},
			step{moveBookmarks + ` AND song_id IN ? ` + laterBookmark, []any{to, from, rows}},
			step{`DELETE FROM bookmarks WHERE item_id = ? AND song_id IN ?`, []any{from, rows}})
	}
	for _, q := range steps {
		if err := tx.Exec(q.sql, q.args...).Error; err != nil {
			return err
		}
	}
	return rateAnew(tx, kind, from, to)
}

// Statements that plays and bookmarks move by from one annot to another. Plays
// are found by user and song.
const (
	movePlays = `UPDATE plays SET annot_id = ? WHERE user_id IN (SELECT id FROM users) AND annot_id = ? AND NOT EXISTS (SELECT 1 FROM plays p WHERE p.user_id = plays.user_id
		AND p.annot_id = ? AND p.played_at = plays.played_at AND p.player = plays.player)`
	moveBookmarks = `INSERT INTO bookmarks (user_id, item_id, song_id, position, comment, created_at, changed_at)
		SELECT user_id, ?, song_id, position, comment, created_at, changed_at FROM bookmarks WHERE item_id = ?`
	laterBookmark = `ON CONFLICT (user_id, item_id) DO UPDATE SET song_id = excluded.song_id, position = excluded.position, comment = excluded.comment, changed_at = excluded.changed_at
		WHERE excluded.changed_at > bookmarks.changed_at`
)
