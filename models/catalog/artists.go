package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"sync"

	"github.com/songlocker/songlocker/models"
)

// artistCache keeps, for a few sets of rights, the last list of album artists
// and the artists that were asked for one by one. The zero value is ready.
type artistCache struct {
	mu      sync.Mutex
	version int64
	lists   map[string][]models.Artist
	single  map[string]map[models.Key]models.Artist
}

// artistLists bounds the sets of rights whose lists are kept; singleArtists
// the artists that are kept beside the lists, of one set of rights.
const (
	artistLists   = 8
	singleArtists = 8192
)

func (a *artistCache) get(version int64, name string) ([]models.Artist, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.version != version {
		return nil, false
	}
	l, ok := a.lists[name]
	return l, ok
}

func (a *artistCache) put(version int64, name string, list []models.Artist) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.renew(version) {
		if len(a.lists) >= artistLists {
			clear(a.lists)
		}
		a.lists[name] = list
	}
}

// renew drops what belongs to an earlier version, and tells whether version is
// not itself an earlier one.
func (a *artistCache) renew(version int64) bool {
	if version > a.version || a.lists == nil {
		a.version = version
		a.lists, a.single = map[string][]models.Artist{}, map[string]map[models.Key]models.Artist{}
	}
	return version == a.version
}

// getSingle fills found with those of the keys that are kept and returns the
// others.
func (a *artistCache) getSingle(version int64, name string, keys []models.Key, found map[models.Key]*models.Artist) (others []models.Key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.version != version {
		return keys
	}
	kept := a.single[name]
	for _, k := range keys {
		if x, ok := kept[k]; ok {
			found[k] = &x
		} else {
			others = append(others, k)
		}
	}
	return others
}

func (a *artistCache) putSingle(version int64, name string, read map[models.Key]*models.Artist) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.renew(version) {
		return
	}
	kept := a.single[name]
	if kept == nil || len(kept)+len(read) > singleArtists {
		if len(a.single) >= artistLists {
			clear(a.single)
		}
		kept = make(map[models.Key]models.Artist, len(read))
		a.single[name] = kept
	}
	for k, x := range read {
		if len(kept) < singleArtists {
			kept[k] = *x
		}
	}
}

// albumArtists is the condition that artist id x has, as album artist, an
// album that v may read, and the count of those.
func (v Viewer) albumCounts() string {
	if !v.Granted && !v.Once {
		return `SELECT artist_id, SUM(albums) AS albums FROM artist_counts WHERE role = 'albumartist' AND albums > 0 AND library_id IN ` + v.libraries() + ` GROUP BY artist_id`
	}
	return `SELECT aa.artist_id, COUNT(DISTINCT a.id) AS albums FROM album_artists aa JOIN albums a ON a.id = aa.album_id WHERE aa.role = 'albumartist' AND ` + v.albums("a") + v.listed("a.id") + ` GROUP BY aa.artist_id`
}

// songRoles lists (artist, role) of all that v may read.
func (v Viewer) songRoles() string {
	if !v.Granted {
		return `SELECT artist_id, role FROM artist_counts WHERE songs + albums > 0 AND library_id IN ` + v.libraries()
	}
	return `SELECT sa.artist_id, sa.role FROM song_artists sa JOIN songs s ON s.id = sa.song_id WHERE ` + v.songs("s")
}

const artistColumns = `r.id, r.name, r.sort, r.artist_id, r.cover_version, r.cover_album_id`

func scanArtist(rows *sql.Rows) (models.Artist, error) {
	var a models.Artist
	var version string
	var album models.Key
	err := rows.Scan(&a.Key, &a.Name, &a.Sort, &a.ID, &version, &album, &a.Albums)
	if version != "" {
		a.Cover = models.Cover{Of: models.ID{Kind: models.KindArtist, Key: a.Key}, Version: version}
	}
	return a, err
}

// Artists returns the artists of whose albums, as album artist, v may read
// one, by folded sort name.
func (c *Catalog) Artists(ctx context.Context, v Viewer) ([]*models.Artist, error) {
	version := c.Version()
	list, ok := c.artists.get(version, v.key())
	if !ok {
		err := c.each(ctx, func(rows *sql.Rows) error {
			a, err := scanArtist(rows)
			list = append(list, a)
			return err
		}, `SELECT `+artistColumns+`, n.albums FROM (`+v.albumCounts()+`) n JOIN artists r ON r.id = n.artist_id ORDER BY r.name_sort, r.id`)
		if err == nil {
			err = c.artistRoles(ctx, v, list)
		}
		if err != nil {
			return nil, fmt.Errorf("artists: %w", err)
		}
		c.artists.put(version, v.key(), list)
	}
	copied := make([]models.Artist, len(list))
	copy(copied, list)
	out := make([]*models.Artist, len(list))
	for i := range copied {
		out[i] = &copied[i]
	}
	return out, c.fillArtists(ctx, v, out)
}

// artistRoles fills Roles. The list is in memory already, so all roles of the
// viewer's libraries are read in one query.
func (c *Catalog) artistRoles(ctx context.Context, v Viewer, list []models.Artist) error {
	at := make(map[models.Key]int, len(list))
	for i := range list {
		at[list[i].Key] = i
	}
	return c.each(ctx, func(rows *sql.Rows) error {
		var k models.Key
		var role string
		if err := rows.Scan(&k, &role); err != nil {
			return err
		}
		if i, ok := at[k]; ok {
			list[i].Roles = append(list[i].Roles, role)
		}
		return nil
	}, `SELECT DISTINCT artist_id, role FROM (`+v.songRoles()+`) x ORDER BY artist_id, role`)
}

// fillArtists adds what the viewer attached to the artists.
func (c *Catalog) fillArtists(ctx context.Context, v Viewer, list []*models.Artist) error {
	if len(list) > batch {
		// Few artists of many are starred: read the user's and not the list's.
		items := map[models.Key]models.UserItem{}
		err := c.each(ctx, func(rows *sql.Rows) error {
			var k models.Key
			var u models.UserItem
			err := rows.Scan(&k, &u.StarredAt, &u.Rating, &u.PlayCount, &u.PlayedAt)
			items[k] = u
			return err
		}, `SELECT item_id, starred_at, rating, play_count, played_at FROM user_items WHERE user_id = ? AND kind = 'ar'`, v.User)
		if err != nil {
			return fmt.Errorf("stars of artists: %w", err)
		}
		err = c.each(ctx, func(rows *sql.Rows) error {
			var k models.Key
			var total, votes int64
			err := rows.Scan(&k, &total, &votes)
			u := items[k]
			u.Average = float64(total) / float64(votes)
			items[k] = u
			return err
		}, `SELECT item_id, total, votes FROM ratings WHERE kind = 'ar' AND votes > 0`)
		if err != nil {
			return fmt.Errorf("ratings of artists: %w", err)
		}
		for _, a := range list {
			a.User = items[a.Key]
		}
		return nil
	}
	keys := make([]models.Key, len(list))
	for i, a := range list {
		keys[i] = a.Key
	}
	items, err := c.userItems(ctx, v, models.KindArtist, keys)
	if err != nil {
		return err
	}
	for _, a := range list {
		a.User = items[a.Key]
	}
	return nil
}

// Artist returns one artist, in whatever role, of whom v may read a song.
func (c *Catalog) Artist(ctx context.Context, v Viewer, key models.Key) (*models.Artist, error) {
	key = c.alias(ctx, models.KindArtist, key)
	list, err := c.ArtistsByKey(ctx, v, []models.Key{key})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, models.NotFound(models.ID{Kind: models.KindArtist, Key: key})
	}
	return list[0], nil
}

// ArtistsByKey returns the artists with these keys in this order. Those of
// whom v may read nothing are left out.
func (c *Catalog) ArtistsByKey(ctx context.Context, v Viewer, keys []models.Key) ([]*models.Artist, error) {
	version, name := c.Version(), v.key()
	found := make(map[models.Key]*models.Artist, len(keys))
	others := c.artists.getSingle(version, name, keys, found)
	read := make(map[models.Key]*models.Artist, len(others))
	err := chunks(others, func(part []models.Key) error {
		roles := map[models.Key][]string{}
		query := `SELECT DISTINCT artist_id, role FROM artist_counts WHERE artist_id IN ? AND songs + albums > 0 AND library_id IN ` + v.libraries() + ` ORDER BY artist_id, role`
		if v.Granted {
			query = `SELECT DISTINCT sa.artist_id, sa.role FROM song_artists sa JOIN songs s ON s.id = sa.song_id WHERE sa.artist_id IN ? AND ` + v.songs("s") + ` ORDER BY sa.artist_id, sa.role`
		}
		err := c.each(ctx, func(rows *sql.Rows) error {
			var k models.Key
			var role string
			err := rows.Scan(&k, &role)
			roles[k] = append(roles[k], role)
			return err
		}, query, part)
		if err != nil {
			return err
		}
		counts := `SELECT SUM(albums) FROM artist_counts n WHERE n.artist_id = r.id AND n.role = 'albumartist' AND n.library_id IN ` + v.libraries()
		if v.Granted || v.Once {
			counts = `SELECT COUNT(DISTINCT a.id) FROM album_artists aa JOIN albums a ON a.id = aa.album_id WHERE aa.artist_id = r.id AND aa.role = 'albumartist' AND ` + v.albums("a") + v.listed("a.id")
		}
		return c.each(ctx, func(rows *sql.Rows) error {
			a, err := scanArtist(rows)
			if err == nil && roles[a.Key] != nil {
				a.Roles = roles[a.Key]
				read[a.Key] = &a
			}
			return err
		}, `SELECT `+artistColumns+`, COALESCE((`+counts+`), 0) FROM artists r WHERE r.id IN ?`, part)
	})
	if err != nil {
		return nil, fmt.Errorf("artists: %w", err)
	}
	if len(read) > 0 {
		c.artists.putSingle(version, name, read)
		maps.Copy(found, read)
	}
	out := make([]*models.Artist, 0, len(keys))
	for _, k := range keys {
		if a := found[k]; a != nil {
			out = append(out, a)
		}
	}
	return out, c.fillArtists(ctx, v, out)
}

// ArtistAlbums returns the albums of an artist, each group by year and name:
// first those of which the artist is an album artist, then those with works
// that the artist composed or conducts. An artist who is nothing of that
// anywhere gets the albums with songs that credit the artist otherwise.
func (c *Catalog) ArtistAlbums(ctx context.Context, v Viewer, artist models.Key) ([]*models.Album, error) {
	artist = c.alias(ctx, models.KindArtist, artist)
	crediting := func(roles string) ([]models.Key, error) {
		return c.keys(ctx, `SELECT a.id FROM albums a WHERE a.id IN (SELECT s.album_id FROM song_artists sa JOIN songs s ON s.id = sa.song_id WHERE sa.artist_id = ?`+roles+` AND `+v.songs("s")+`) AND `+v.albums("a")+v.listed("a.id")+` ORDER BY a.year, a.name_sort, a.id`, artist)
	}
	keys, err := c.keys(ctx, `SELECT a.id FROM albums a WHERE a.id IN (SELECT album_id FROM album_artists WHERE artist_id = ? AND role = 'albumartist') AND `+v.albums("a")+v.listed("a.id")+` ORDER BY a.year, a.name_sort, a.id`, artist)
	if err == nil {
		var works []models.Key
		works, err = crediting(` AND sa.role IN ('composer', 'conductor')`)
		own := make(map[models.Key]bool, len(keys))
		for _, k := range keys {
			own[k] = true
		}
		for _, k := range works {
			if !own[k] {
				keys = append(keys, k)
			}
		}
	}
	if err == nil && len(keys) == 0 {
		keys, err = crediting("")
	}
	if err != nil {
		return nil, fmt.Errorf("albums of artist: %w", err)
	}
	return c.AlbumsByKey(ctx, v, keys)
}

// Starred returns all that the viewer has starred and may read, each kind
// with the newest star first.
func (c *Catalog) Starred(ctx context.Context, v Viewer) (artists []*models.Artist, albums []*models.Album, songs []*models.Song, folders []*models.Folder, err error) {
	starred := map[models.Kind][]models.Key{}
	err = c.each(ctx, func(rows *sql.Rows) error {
		var kind models.Kind
		var k models.Key
		err := rows.Scan(&kind, &k)
		starred[kind] = append(starred[kind], k)
		return err
	}, `SELECT kind, item_id FROM user_items WHERE user_id = ? AND starred_at > 0 ORDER BY starred_at DESC, item_id`, v.User)
	if err != nil {
		return nil, nil, nil, nil, fmt.Errorf("starred: %w", err)
	}
	if artists, err = c.ArtistsByKey(ctx, v, starred[models.KindArtist]); err != nil {
		return
	}
	if folders, err = c.foldersByKey(ctx, v, starred[models.KindFolder]); err != nil {
		return
	}
	// A star hangs on an annot; of several copies that share it one is shown.
	shown := func(kind models.Kind, query string) ([]models.Key, error) {
		at := map[models.Key]models.Key{}
		err := chunks(starred[kind], func(part []models.Key) error {
			return c.each(ctx, func(rows *sql.Rows) error {
				var annot, id models.Key
				err := rows.Scan(&annot, &id)
				at[annot] = id
				return err
			}, query, part)
		})
		keys := make([]models.Key, 0, len(at))
		for _, k := range starred[kind] {
			if id, ok := at[k]; ok {
				keys = append(keys, id)
			}
		}
		return keys, err
	}
	keys, err := shown(models.KindAlbum, `SELECT a.annot_id, MIN(a.id) FROM albums a WHERE a.annot_id IN ? AND `+v.albums("a")+v.listed("a.id")+` GROUP BY a.annot_id`)
	if err == nil {
		albums, err = c.AlbumsByKey(ctx, v, keys)
	}
	if err == nil {
		keys, err = shown(models.KindSong, `SELECT s.annot_id, MIN(s.id) FROM songs s WHERE s.annot_id IN ? AND `+v.songs("s")+v.listed("s.album_id")+` GROUP BY s.annot_id`)
	}
	if err == nil {
		songs, err = c.Songs(ctx, v, keys)
	}
	return
}
