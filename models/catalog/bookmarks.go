package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// Bookmarks returns the viewer's bookmarks in songs that v may read, the one
// changed last first.
func (c *Catalog) Bookmarks(ctx context.Context, v Viewer) ([]*models.Bookmark, error) {
	var all []*models.Bookmark
	var keys []models.Key
	// A bookmark hangs on annot_id: if the song that it was set in is hidden
	// a copy that shares the annot_id stands for it.
	err := c.each(ctx, func(rows *sql.Rows) error {
		b := new(models.Bookmark)
		var k models.Key
		err := rows.Scan(&k, &b.Position, &b.Comment, &b.Created, &b.Changed)
		all, keys = append(all, b), append(keys, k)
		return err
	}, `SELECT COALESCE((SELECT s.id FROM songs s WHERE s.annot_id = b.item_id AND `+v.songs("s")+`
		ORDER BY CASE WHEN s.id = b.song_id THEN 0 ELSE 1 END, s.id LIMIT 1), 0), b.position, b.comment, b.created_at, b.changed_at
		FROM bookmarks b WHERE b.user_id = ? ORDER BY b.changed_at DESC, b.item_id`, v.User)
	if err != nil {
		return nil, fmt.Errorf("bookmarks: %w", err)
	}
	songs, err := c.Songs(ctx, v, keys)
	if err != nil {
		return nil, err
	}
	list := make([]*models.Bookmark, 0, len(songs))
	for i, b := range all {
		if n := len(list); n < len(songs) && songs[n].Key == keys[i] {
			b.Song = songs[n]
			list = append(list, b)
		}
	}
	return list, nil
}

// SetBookmark marks a place in a song, in ms, in the place of an older mark.
// A negative position is models.ErrInvalid.
func (c *Catalog) SetBookmark(ctx context.Context, v Viewer, song models.Key, position int64, comment string) error {
	if position < 0 {
		return fmt.Errorf("bookmark at %d ms: %w", position, models.ErrInvalid)
	}
	err := c.writeUser(ctx, v.User, func(tx *gorm.DB) error {
		annot, err := annotOf(tx, song, v.songs("s"))
		if err != nil {
			return err
		}
		at := now()
		return tx.Exec(`INSERT INTO bookmarks (user_id, item_id, song_id, position, comment, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (user_id, item_id) DO UPDATE SET song_id = excluded.song_id, position = excluded.position,
			comment = excluded.comment, changed_at = excluded.changed_at`, v.User, annot, song, position, comment, at, at).Error
	})
	if err != nil {
		return fmt.Errorf("set bookmark: %w", err)
	}
	return nil
}

// DeleteBookmark removes the viewer's mark from a song, which may be missing.
// A song without a mark is no error.
func (c *Catalog) DeleteBookmark(ctx context.Context, v Viewer, song models.Key) error {
	err := c.writeUser(ctx, v.User, func(tx *gorm.DB) error {
		annot, err := annotOf(tx, song, v.songsEver("s"))
		if err != nil {
			return err
		}
		return tx.Exec(`DELETE FROM bookmarks WHERE user_id = ? AND item_id = ?`, v.User, annot).Error
	})
	if err != nil {
		return fmt.Errorf("delete bookmark: %w", err)
	}
	return nil
}

// annotOf returns what marks of a song hang on, if the condition on its row s
// holds.
func annotOf(tx *gorm.DB, song models.Key, where string) (models.Key, error) {
	var annot models.Key
	err := tx.Raw(`SELECT s.annot_id FROM songs s WHERE s.id = ? AND `+where, song).Row().Scan(&annot)
	if errors.Is(err, sql.ErrNoRows) {
		err = models.NotFound(models.ID{Kind: models.KindSong, Key: song})
	}
	return annot, err
}
