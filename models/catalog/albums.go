package catalog

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/songlocker/songlocker/models"
)

// Album returns one album of which v may read a present song.
func (c *Catalog) Album(ctx context.Context, v Viewer, key models.Key) (*models.Album, error) {
	list, err := c.AlbumsByKey(ctx, v, []models.Key{key})
	if err == nil && len(list) == 0 {
		if to := c.alias(ctx, models.KindAlbum, key); to != key {
			list, err = c.AlbumsByKey(ctx, v, []models.Key{to})
		}
	}
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, models.NotFound(models.ID{Kind: models.KindAlbum, Key: key})
	}
	return list[0], nil
}

// AlbumsByKey returns the albums with these keys in this order. Those that v
// may not read are left out.
func (c *Catalog) AlbumsByKey(ctx context.Context, v Viewer, keys []models.Key) ([]*models.Album, error) {
	cards, err := c.cards(ctx, v, &c.albumCache, keys, `SELECT a.id, a.card FROM albums a WHERE a.id IN ? AND `+v.albums("a"))
	if err != nil {
		return nil, fmt.Errorf("albums: %w", err)
	}
	own := make([]models.Album, len(keys))
	out := make([]*models.Album, 0, len(keys))
	var from slab
	for _, card := range cards {
		if card == "" {
			continue
		}
		a := &own[len(out)]
		if err := readAlbum(card, a, &from); err != nil {
			return nil, fmt.Errorf("albums: %w", err)
		}
		out = append(out, a)
	}
	return out, c.fillAlbums(ctx, v, out)
}

// fillAlbums adds what the viewer attached to the albums and, where a viewer
// reads an album only in part, the counts of that part.
func (c *Catalog) fillAlbums(ctx context.Context, v Viewer, list []*models.Album) error {
	keys := make([]models.Key, len(list))
	var partly []models.Key
	for i, a := range list {
		keys[i] = a.Annot
		if !v.Reads(a.Library) {
			partly = append(partly, a.Key)
		}
	}
	items, err := c.userItems(ctx, v, models.KindAlbum, keys)
	if err != nil {
		return err
	}
	for _, a := range list {
		a.User = items[a.Annot]
	}
	if len(partly) == 0 {
		return nil
	}
	counts := map[models.Key][2]int64{}
	where := v.songs("s")
	err = chunks(partly, func(part []models.Key) error {
		return c.each(ctx, func(rows *sql.Rows) error {
			var k models.Key
			var n, ms int64
			err := rows.Scan(&k, &n, &ms)
			counts[k] = [2]int64{n, ms}
			return err
		}, `SELECT s.album_id, COUNT(*), SUM(s.duration) FROM songs s WHERE s.album_id IN ? AND `+where+` GROUP BY s.album_id`, part)
	})
	if err != nil {
		return fmt.Errorf("album counts: %w", err)
	}
	for _, a := range list {
		if n, ok := counts[a.Key]; ok && !v.Reads(a.Library) {
			a.Songs, a.Duration = int(n[0]), n[1]
		}
	}
	return nil
}

// AlbumList names one page of one list of albums.
type AlbumList struct {
	// By is the protocol's name of the list: random, newest, highest,
	// frequent, recent, alphabeticalByName, alphabeticalByArtist, starred,
	// byYear or byGenre. Highest, frequent, recent and starred are the
	// viewer's own.
	By               string
	FromYear, ToYear int // for byYear; descending when FromYear is the larger
	Genre            string
	Size, Offset     int
}

// Albums returns a page of a list and the list's whole length. Every list but
// random has a total order that stays while the catalog and the viewer's own
// data stay. An unknown list is models.ErrInvalid.
func (c *Catalog) Albums(ctx context.Context, v Viewer, l AlbumList) ([]*models.Album, int, error) {
	keys, total, err := c.albumKeys(ctx, v, l)
	if err != nil {
		return nil, 0, fmt.Errorf("album list %s: %w", l.By, err)
	}
	albums, err := c.AlbumsByKey(ctx, v, keys)
	return albums, total, err
}

func (c *Catalog) albumKeys(ctx context.Context, v Viewer, l AlbumList) ([]models.Key, int, error) {
	where := v.albums("a") + v.listed("a.id")
	ordered := func(name, condition, order string, args ...any) ([]models.Key, error) {
		return c.orders.get(ctx, c.Version(), "albums "+name+" "+v.key(), func(ctx context.Context) ([]models.Key, error) {
			return c.keys(ctx, `SELECT a.id FROM albums a WHERE `+v.libraryAlbums("a")+v.listed("a.id")+condition+` ORDER BY `+order, args...)
		})
	}
	own := func(column string) ([]models.Key, int, error) {
		from := ` FROM user_items u JOIN albums a ON a.annot_id = u.item_id WHERE u.user_id = ? AND u.kind = 'al' AND u.` + column + ` > 0 AND ` + where
		var total int
		if err := c.r.WithContext(ctx).Raw(`SELECT COUNT(*)`+from, v.User).Row().Scan(&total); err != nil {
			return nil, 0, err
		}
		keys, err := c.keys(ctx, `SELECT a.id`+from+` ORDER BY u.`+column+` DESC, a.name_sort, a.id LIMIT ? OFFSET ?`, v.User, max(l.Size, 0), max(l.Offset, 0))
		return keys, total, err
	}
	var all []models.Key
	var err error
	switch l.By {
	case "highest":
		return own("rating")
	case "frequent":
		return own("play_count")
	case "recent":
		return own("played_at")
	case "starred":
		return own("starred_at")
	case "random":
		all, err = ordered("name", "", "a.name_sort, a.id")
		return sample(all, l.Size), len(all), err
	case "newest":
		all, err = ordered("newest", "", "a.created_at DESC, a.id DESC")
	case "alphabeticalByName":
		all, err = ordered("name", "", "a.name_sort, a.id")
	case "alphabeticalByArtist":
		all, err = ordered("artist", "", "a.artist_sort, a.name_sort, a.id")
	case "byYear":
		from, to, dir := l.FromYear, l.ToYear, ""
		if from > to {
			from, to, dir = to, from, " DESC"
		}
		all, err = ordered(fmt.Sprintf("year %d %d%s", from, to, dir), ` AND a.year >= ? AND a.year <= ?`, "a.year"+dir+", a.name_sort, a.id", from, to)
	case "byGenre":
		fold := GenreFold(l.Genre)
		all, err = ordered("genre "+fold, ` AND a.id IN (SELECT s.album_id FROM genres n JOIN song_genres g ON g.genre_id = n.id JOIN songs s ON s.id = g.song_id WHERE n.fold = ? AND `+v.songs("s")+`)`, "a.name_sort, a.id", fold)
	default:
		return nil, 0, fmt.Errorf("no such list: %w", models.ErrInvalid)
	}
	return page(all, l.Offset, l.Size), len(all), err
}
