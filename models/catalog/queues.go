package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// Queue returns the viewer's play queue with the songs that v may read. If
// none is saved Songs is nil. Where the current song is hidden the next one
// that is not stands for it, from its beginning, or the last if none follows.
func (c *Catalog) Queue(ctx context.Context, v Viewer) (*models.Queue, error) {
	q := &models.Queue{Current: -1}
	var current int
	err := c.r.WithContext(ctx).Raw(`SELECT current_index, position, changed_at, changed_by FROM queues WHERE user_id = ?`, v.User).
		Row().Scan(&current, &q.Position, &q.Changed, &q.ChangedBy)
	if errors.Is(err, sql.ErrNoRows) {
		return q, nil
	}
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	keys, err := c.keys(ctx, `SELECT song_id FROM queue_entries WHERE user_id = ? ORDER BY position`, v.User)
	if err != nil {
		return nil, fmt.Errorf("queue: %w", err)
	}
	if q.Songs, err = c.Songs(ctx, v, keys); err != nil {
		return nil, err
	}
	if len(q.Songs) == 0 {
		q.Songs, q.Position = []*models.Song{}, 0
		return q, nil
	}
	// Songs keeps the order of keys and leaves some out.
	shown := 0
	for i, k := range keys {
		visible := shown < len(q.Songs) && q.Songs[shown].Key == k
		if i >= current {
			if visible {
				q.Current = shown
				if i > current {
					q.Position = 0
				}
				return q, nil
			}
		}
		if visible {
			shown++
		}
	}
	q.Current, q.Position = len(q.Songs)-1, 0
	return q, nil
}

// SaveQueue replaces the viewer's play queue. current is an index in songs,
// position ms into that song, by the app that saves. An index out of range or
// a negative position is models.ErrInvalid, a song that v may not read
// models.ErrNotFound; then nothing is changed. No songs clear the queue.
// Hidden entries stay after the shown song that they stood after as long as
// that is in the queue, and leave with it.
func (c *Catalog) SaveQueue(ctx context.Context, v Viewer, songs []models.Key, current int, position int64, by string) error {
	if len(songs) > 0 && (current < 0 || current >= len(songs)) {
		return fmt.Errorf("save queue: current index %d of %d songs: %w", current, len(songs), models.ErrInvalid)
	}
	if position < 0 {
		return fmt.Errorf("save queue: position %d: %w", position, models.ErrInvalid)
	}
	err := c.writeUser(ctx, v.User, func(tx *gorm.DB) error {
		if len(songs) == 0 {
			if err := tx.Exec(`DELETE FROM queues WHERE user_id = ?`, v.User).Error; err != nil {
				return err
			}
			return tx.Exec(`DELETE FROM queue_entries WHERE user_id = ?`, v.User).Error
		}
		fresh, err := newEntries(tx, v, songs)
		if err != nil {
			return err
		}
		old, err := entries(tx, `SELECT e.position, e.song_id, CASE WHEN s.id IS NULL THEN 0 ELSE 1 END, '', '', '', ''
			FROM queue_entries e LEFT JOIN songs s ON s.id = e.song_id AND `+v.songs("s")+`
			WHERE e.user_id = ? ORDER BY e.position`, v.User)
		if err != nil {
			return err
		}
		list := fresh
		if len(shownAt(old)) > 0 {
			list = replace(old, fresh, false)
		}
		// Apps save the same queue every few seconds while it plays.
		if !sameSongs(old, list) {
			if err := tx.Exec(`DELETE FROM queue_entries WHERE user_id = ?`, v.User).Error; err != nil {
				return err
			}
			rows := make([][]any, len(list))
			for i, e := range list {
				rows[i] = []any{v.User, i, e.song}
			}
			if err := insertRows(tx, `INSERT INTO queue_entries (user_id, position, song_id) VALUES `, rows, ``); err != nil {
				return err
			}
		}
		return tx.Exec(`INSERT INTO queues (user_id, current_index, position, changed_at, changed_by) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (user_id) DO UPDATE SET current_index = excluded.current_index, position = excluded.position,
			changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
			v.User, shownAt(list)[current], position, now(), by).Error
	})
	if err != nil {
		return fmt.Errorf("save queue: %w", err)
	}
	return nil
}
