package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// Song returns one present song that v may read.
func (c *Catalog) Song(ctx context.Context, v Viewer, key models.Key) (*models.Song, error) {
	list, err := c.Songs(ctx, v, []models.Key{key})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, models.NotFound(models.ID{Kind: models.KindSong, Key: key})
	}
	return list[0], nil
}

// Songs returns the songs with these keys in this order, duplicates kept.
// Keys of songs that are missing or that v may not read are left out.
func (c *Catalog) Songs(ctx context.Context, v Viewer, keys []models.Key) ([]*models.Song, error) {
	cards, err := c.cards(ctx, v, &c.songCache, keys, `SELECT s.id, s.card FROM songs s WHERE s.id IN ? AND `+v.songs("s"))
	if err != nil {
		return nil, fmt.Errorf("songs: %w", err)
	}
	var lost []models.Key
	for i, card := range cards {
		if card == "" {
			lost = append(lost, keys[i])
		}
	}
	if len(lost) > 0 {
		// Ids of songs that were merged into others lead to those.
		to, err := songAliases(c.r.WithContext(ctx), lost)
		if err != nil {
			return nil, fmt.Errorf("songs: %w", err)
		}
		if len(to) > 0 {
			keys = slices.Clone(keys)
			for i, k := range keys {
				if into := to[k]; into != 0 {
					keys[i] = into
				}
			}
			return c.Songs(ctx, v, keys)
		}
	}
	own := make([]models.Song, len(keys))
	out := make([]*models.Song, 0, len(keys))
	var from slab
	for _, card := range cards {
		if card == "" {
			continue
		}
		s := &own[len(out)]
		if err := readSong(card, s, &from); err != nil {
			return nil, fmt.Errorf("songs: %w", err)
		}
		out = append(out, s)
	}
	return out, c.fillSongs(ctx, v, out)
}

// cards returns the cards with these keys in this order, "" for those that v
// may not read. The query reads (key, card) by the keys that are not kept.
func (c *Catalog) cards(ctx context.Context, v Viewer, cache *cardCache, keys []models.Key, query string) ([]string, error) {
	version := c.Version()
	out := make([]string, len(keys))
	others := cache.get(version, v, keys, func(i int, card string) { out[i] = card })
	if len(others) == 0 {
		return out, nil
	}
	read := make(map[models.Key]string, len(others))
	err := chunks(others, func(part []models.Key) error {
		return c.each(ctx, func(rows *sql.Rows) error {
			var k models.Key
			var card string
			err := rows.Scan(&k, &card)
			read[k] = card
			return err
		}, query, part)
	})
	if err != nil {
		return nil, err
	}
	cache.put(version, read)
	for i, k := range keys {
		if out[i] == "" {
			out[i] = read[k]
		}
	}
	return out, nil
}

// songRows reads the cards that a query returns as its only column.
func (c *Catalog) songRows(ctx context.Context, query string, args ...any) ([]*models.Song, error) {
	var list []*models.Song
	var from slab
	err := c.each(ctx, func(rows *sql.Rows) error {
		s, err := scanSong(rows, &from)
		list = append(list, s)
		return err
	}, query, args...)
	return list, err
}

// scanSong reads the card that is a row's first column, and further columns.
func scanSong(rows *sql.Rows, from *slab, further ...any) (*models.Song, error) {
	var card string
	if err := rows.Scan(append([]any{&card}, further...)...); err != nil {
		return nil, err
	}
	s := new(models.Song)
	return s, readSong(card, s, from)
}

// songList runs a query for cards and fills in what the viewer attached.
func (c *Catalog) songList(ctx context.Context, v Viewer, query string, args ...any) ([]*models.Song, error) {
	list, err := c.songRows(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("songs: %w", err)
	}
	return list, c.fillSongs(ctx, v, list)
}

// fillSongs adds what the viewer attached to the songs.
func (c *Catalog) fillSongs(ctx context.Context, v Viewer, list []*models.Song) error {
	keys := make([]models.Key, len(list))
	for i, s := range list {
		keys[i] = s.Annot
	}
	items, err := c.userItems(ctx, v, models.KindSong, keys)
	if err != nil {
		return err
	}
	if len(items) > 0 {
		for _, s := range list {
			s.User = items[s.Annot]
		}
	}
	return nil
}

// userItems returns what the viewer attached to items of one kind, and their
// mean rating. Items with nothing are not in the map.
func (c *Catalog) userItems(ctx context.Context, v Viewer, kind models.Kind, keys []models.Key) (map[models.Key]models.UserItem, error) {
	items := map[models.Key]models.UserItem{}
	mine, err := c.markedBy(ctx, v.User)
	if err == nil && mine != nil {
		for _, k := range keys {
			if u, ok := mine[k]; ok {
				items[k] = u
			}
		}
	} else if err == nil {
		err = c.attachedBy(ctx, v.User, kind, keys, items)
	}
	if err == nil {
		err = c.attached(ctx, keys, func(rows *sql.Rows) error {
			var k models.Key
			var total, votes int64
			err := rows.Scan(&k, &total, &votes)
			u := items[k]
			u.Average = float64(total) / float64(votes)
			items[k] = u
			return err
		}, `SELECT item_id, total, votes FROM ratings WHERE kind = ? AND votes > 0`, kind)
	}
	if err != nil {
		return nil, fmt.Errorf("stars and ratings: %w", err)
	}
	return items, nil
}

// attachedBy reads into items what one user attached to items of one kind.
func (c *Catalog) attachedBy(ctx context.Context, user models.Key, kind models.Kind, keys []models.Key, items map[models.Key]models.UserItem) error {
	err := c.attached(ctx, keys, func(rows *sql.Rows) error {
		var k models.Key
		var u models.UserItem
		err := rows.Scan(&k, &u.StarredAt, &u.Rating, &u.PlayCount, &u.PlayedAt)
		items[k] = u
		return err
	}, `SELECT item_id, starred_at, rating, play_count, played_at FROM user_items WHERE user_id = ? AND kind = ?`, user, kind)
	if err != nil || kind != models.KindSong {
		return err
	}
	return c.attached(ctx, keys, func(rows *sql.Rows) error {
		var k models.Key
		var ms int64
		err := rows.Scan(&k, &ms)
		u := items[k]
		u.Bookmark = ms
		items[k] = u
		return err
	}, `SELECT item_id, position FROM bookmarks WHERE user_id = ?`, user)
}

// attachedFew is how many rows attached reads in the hope that these are all.
const attachedFew = 64

// attached calls f for each row of a query whose item_id is one of keys. For
// a long list it first reads a few rows of any item: often users have attached
// little, and to ask for nothing by 500 keys costs half a millisecond. So f
// may also see rows of other items, and rows twice.
func (c *Catalog) attached(ctx context.Context, keys []models.Key, f func(*sql.Rows) error, query string, args ...any) error {
	if len(keys) > attachedFew {
		n := 0
		err := c.each(ctx, func(rows *sql.Rows) error {
			n++
			return f(rows)
		}, query+` LIMIT ?`, append(args[:len(args):len(args)], attachedFew)...)
		if err != nil || n < attachedFew {
			return err
		}
	}
	return chunks(keys, func(part []models.Key) error {
		return c.each(ctx, f, query+` AND item_id IN ?`, append(args[:len(args):len(args)], part)...)
	})
}

// each calls f for every row of a query.
func (c *Catalog) each(ctx context.Context, f func(*sql.Rows) error, query string, args ...any) error {
	return eachRow(c.r.WithContext(ctx), f, query, args...)
}

func eachRow(g *gorm.DB, f func(*sql.Rows) error, query string, args ...any) error {
	rows, err := g.Raw(query, args...).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// keys reads a query whose only column is a key.
func (c *Catalog) keys(ctx context.Context, query string, args ...any) ([]models.Key, error) {
	var list []models.Key
	err := c.each(ctx, func(rows *sql.Rows) error {
		var k models.Key
		err := rows.Scan(&k)
		list = append(list, k)
		return err
	}, query, args...)
	return list, err
}

// AlbumSongs returns the album's songs by disc, track and title.
func (c *Catalog) AlbumSongs(ctx context.Context, v Viewer, album models.Key) ([]*models.Song, error) {
	return c.songList(ctx, v, `SELECT s.card FROM songs s WHERE s.album_id = ? AND `+v.songs("s")+` ORDER BY s.disc, s.track, s.title_sort, s.id`, c.alias(ctx, models.KindAlbum, album))
}

// ArtistSongs returns the songs that credit the artist as artist or album
// artist, by album, disc and track.
func (c *Catalog) ArtistSongs(ctx context.Context, v Viewer, artist models.Key) ([]*models.Song, error) {
	return c.songList(ctx, v, `SELECT s.card FROM songs s WHERE s.id IN (SELECT song_id FROM song_artists WHERE artist_id = ? AND role IN ('artist', 'albumartist')) AND `+v.songs("s")+v.listed("s.album_id")+` ORDER BY s.year, s.album_id, s.disc, s.track, s.title_sort, s.id`, c.alias(ctx, models.KindArtist, artist))
}

// FolderSongs returns the songs that lie directly in the folder, by disc,
// track and name.
func (c *Catalog) FolderSongs(ctx context.Context, v Viewer, folder models.Key) ([]*models.Song, error) {
	return c.songList(ctx, v, `SELECT s.card FROM songs s WHERE s.folder_id = ? AND `+v.songs("s")+` ORDER BY s.disc, s.track, s.object_key, s.part`, c.alias(ctx, models.KindFolder, folder))
}

// RootSongs returns the songs that lie directly in the roots of the viewer's
// libraries.
func (c *Catalog) RootSongs(ctx context.Context, v Viewer) ([]*models.Song, error) {
	return c.songList(ctx, v, `SELECT s.card FROM songs s WHERE s.folder_id IN (SELECT id FROM folders WHERE parent_id = 0 AND library_id IN `+v.libraries()+`) AND `+v.songs("s")+` ORDER BY s.title_sort, s.id`)
}

// SongList narrows a list of songs.
type SongList struct {
	Genre            string // "" for any
	FromYear, ToYear int    // 0 for open
	Size, Offset     int
}

// where returns the conditions of l on a row of songs s.
func (l SongList) where() (string, []any) {
	sql, args := "", []any{}
	if l.Genre != "" {
		sql += ` AND s.id IN (SELECT g.song_id FROM song_genres g JOIN genres n ON n.id = g.genre_id WHERE n.fold = ?)`
		args = append(args, GenreFold(l.Genre))
	}
	if l.FromYear != 0 {
		sql += ` AND s.year >= ?`
		args = append(args, l.FromYear)
	}
	if l.ToYear != 0 {
		sql += ` AND s.year <= ? AND s.year > 0`
		args = append(args, l.ToYear)
	}
	return sql, args
}

// allSongs returns the keys of all present songs of the viewer in the order
// of their titles.
func (c *Catalog) allSongs(ctx context.Context, v Viewer) ([]models.Key, error) {
	return c.orders.get(ctx, c.Version(), "songs "+v.key(), func(ctx context.Context) ([]models.Key, error) {
		return c.keys(ctx, `SELECT s.id FROM songs s WHERE `+v.librarySongs("s")+v.listed("s.album_id")+` ORDER BY s.title_sort, s.id`)
	})
}

// RandomSongs returns up to l.Size different songs in random order.
func (c *Catalog) RandomSongs(ctx context.Context, v Viewer, l SongList) ([]*models.Song, error) {
	var all []models.Key
	var err error
	if l.Genre == "" && l.FromYear == 0 && l.ToYear == 0 {
		all, err = c.allSongs(ctx, v)
	} else {
		where, args := l.where()
		scope := v.librarySongs("s")
		if l.Genre != "" {
			scope = v.songs("s")
		}
		all, err = c.keys(ctx, `SELECT s.id FROM songs s WHERE `+scope+v.listed("s.album_id")+where, args...)
	}
	if err != nil {
		return nil, fmt.Errorf("random songs: %w", err)
	}
	return c.Songs(ctx, v, sample(all, l.Size))
}

// sample returns up to n different members of list in random order. It draws
// by Floyd's method, so its cost is n and not the list's length.
func sample(list []models.Key, n int) []models.Key {
	n = min(max(n, 0), len(list))
	seen := make(map[int]bool, n)
	out := make([]models.Key, 0, n)
	for j := len(list) - n; j < len(list); j++ {
		i := rand.IntN(j + 1)
		if seen[i] {
			i = j
		}
		seen[i] = true
		out = append(out, list[i])
	}
	rand.Shuffle(len(out), func(a, b int) { out[a], out[b] = out[b], out[a] })
	return out
}

// SongsByGenre returns one page of a genre's songs by title.
func (c *Catalog) SongsByGenre(ctx context.Context, v Viewer, l SongList) ([]*models.Song, error) {
	where, args := l.where()
	all, err := c.orders.get(ctx, c.Version(), "genre "+GenreFold(l.Genre)+" "+v.key(), func(ctx context.Context) ([]models.Key, error) {
		return c.keys(ctx, `SELECT s.id FROM songs s WHERE `+v.songs("s")+v.listed("s.album_id")+where+` ORDER BY s.title_sort, s.id`, args...)
	})
	if err != nil {
		return nil, fmt.Errorf("songs of genre %s: %w", l.Genre, err)
	}
	return c.Songs(ctx, v, page(all, l.Offset, l.Size))
}

// page cuts a page out of a list; a negative offset is 0.
func page[T any](list []T, offset, size int) []T {
	offset = max(offset, 0)
	if offset >= len(list) || size <= 0 {
		return nil
	}
	return list[offset:min(len(list), offset+min(size, len(list)))]
}

// sameTitle bounds the songs of one title that SongByArtistTitle looks at.
const sameTitle = 500

// SongByArtistTitle returns a song by the names that it is known by, without
// regard to case, accents and punctuation. The artist may be the printed one
// or one of those credited; an empty one fits any.
func (c *Catalog) SongByArtistTitle(ctx context.Context, v Viewer, artist, title string) (*models.Song, error) {
	list, err := c.songRows(ctx, `SELECT s.card FROM songs s WHERE s.search = ? AND `+v.songs("s")+` ORDER BY s.id LIMIT ?`, models.Fold(title), sameTitle)
	if err != nil {
		return nil, fmt.Errorf("songs by title: %w", err)
	}
	want := models.Fold(artist)
	for _, s := range list {
		fits := artist == "" || models.Fold(s.Artist) == want
		for _, credit := range s.Credits {
			fits = fits || models.Fold(credit.Name) == want && (credit.Role == models.RoleArtist || credit.Role == models.RoleAlbumArtist)
		}
		if fits {
			return s, c.fillSongs(ctx, v, []*models.Song{s})
		}
	}
	return nil, fmt.Errorf("a song %q by %q: %w", title, artist, models.ErrNotFound)
}

// LyricsSource is one text of a song: stored, or in an object beside it.
type LyricsSource struct {
	Library   int
	ObjectKey string // of a sidecar; "" for embedded text
	Lang      string
	Synced    bool
	Body      string // of embedded text
}

// Lyrics returns where the song's lyrics are, sidecars first.
func (c *Catalog) Lyrics(ctx context.Context, v Viewer, song models.Key) ([]LyricsSource, error) {
	if _, err := c.Song(ctx, v, song); err != nil {
		return nil, err
	}
	var list []LyricsSource
	err := c.each(ctx, func(rows *sql.Rows) error {
		var l LyricsSource
		var key []byte
		err := rows.Scan(&l.Library, &key, &l.Lang, &l.Synced, &l.Body)
		l.ObjectKey = string(key)
		list = append(list, l)
		return err
	}, `SELECT s.library_id, l.object_key, l.lang, l.synced, l.body FROM lyrics l JOIN songs s ON s.id = l.song_id WHERE l.song_id = ? ORDER BY l.position`, song)
	if err != nil {
		return nil, fmt.Errorf("lyrics: %w", err)
	}
	return list, nil
}

// alias follows the id of a row that was merged into another.
func (c *Catalog) alias(ctx context.Context, kind models.Kind, key models.Key) models.Key {
	var to models.Key
	if err := c.r.WithContext(ctx).Raw(`SELECT new_id FROM aliases WHERE kind = ? AND old_id = ?`, kind, key).Row().Scan(&to); err == nil {
		return to
	}
	return key
}
