package catalog

import (
	"context"
	"fmt"
	"slices"

	"github.com/songlocker/songlocker/models"
)

// NextSong returns the song that is likely to be played after s: the one after
// it in the viewer's play queue where that holds s, from its current place on
// first, else the one after it on its album. Songs that v may not read are
// passed over. Where none follows it is models.ErrNotFound.
func (c *Catalog) NextSong(ctx context.Context, v Viewer, s *models.Song) (*models.Song, error) {
	next, err := c.nextKeys(ctx, v, s)
	if err != nil {
		return nil, fmt.Errorf("the song after %s: %w", s.Key, err)
	}
	if len(next) == 0 {
		return nil, fmt.Errorf("the song after %s: %w", s.Key, models.ErrNotFound)
	}
	return c.Song(ctx, v, next[0])
}

func (c *Catalog) nextKeys(ctx context.Context, v Viewer, s *models.Song) ([]models.Key, error) {
	queued, err := c.keys(ctx, `SELECT e.position FROM queue_entries e JOIN queues q ON q.user_id = e.user_id WHERE e.user_id = ? AND e.song_id = ?
		ORDER BY CASE WHEN e.position < q.current_index THEN 1 ELSE 0 END, e.position LIMIT 1`, v.User, s.Key)
	if err != nil {
		return nil, err
	}
	if len(queued) > 0 {
		return c.keys(ctx, `SELECT e.song_id FROM queue_entries e JOIN songs s ON s.id = e.song_id AND `+v.songs("s")+`
			WHERE e.user_id = ? AND e.position > ? ORDER BY e.position LIMIT 1`, v.User, queued[0])
	}
	album, err := c.keys(ctx, `SELECT s.id FROM songs s WHERE s.album_id = ? AND `+v.songs("s")+` ORDER BY s.disc, s.track, s.title_sort, s.id`, s.Album)
	if err != nil {
		return nil, err
	}
	i := slices.Index(album, s.Key)
	if i < 0 {
		return nil, nil
	}
	return album[i+1:], nil
}
