package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"

	"github.com/songlocker/songlocker/models"
)

// GenreFold returns the form under which genres are one: without regard to
// case, accents, hyphens and spaces ("Hip-Hop", "hip hop", "HipHop").
func GenreFold(name string) string {
	return strings.ReplaceAll(models.Fold(name), " ", "")
}

// genreCache keeps, for a few sets of rights, lists of genres that had to be
// counted song by song, for one version of the catalog. The zero value is
// ready.
type genreCache struct {
	mu      sync.Mutex
	version int64
	lists   map[string][]models.Genre
}

// genreLists bounds the sets of rights whose lists are kept.
const genreLists = 8

func (g *genreCache) get(version int64, name string) ([]models.Genre, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.version != version {
		return nil, false
	}
	l, ok := g.lists[name]
	return l, ok
}

func (g *genreCache) put(version int64, name string, list []models.Genre) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if version > g.version || version == g.version && len(g.lists) >= genreLists {
		g.version, g.lists = version, map[string][]models.Genre{}
	}
	if version == g.version && g.lists != nil {
		g.lists[name] = list
	}
}

// Genres returns the genres of what v may read, by name, with counts of
// present songs and their albums. Callers must not write to the result.
func (c *Catalog) Genres(ctx context.Context, v Viewer) ([]models.Genre, error) {
	version := c.Version()
	query := `SELECT n.id, n.name, SUM(k.songs), SUM(k.albums) FROM genre_counts k JOIN genres n ON n.id = k.genre_id
		WHERE k.library_id IN ` + v.libraries() + ` GROUP BY n.id, n.name, n.fold HAVING SUM(k.songs) > 0 ORDER BY n.fold, n.id`
	if v.Granted || v.Once {
		if list, ok := c.genres.get(version, v.key()); ok {
			return list, nil
		}
		query = `SELECT n.id, n.name, COUNT(DISTINCT s.id), COUNT(DISTINCT s.album_id) FROM genres n JOIN song_genres g ON g.genre_id = n.id JOIN songs s ON s.id = g.song_id
			WHERE ` + v.songs("s") + v.listed("s.album_id") + ` GROUP BY n.id, n.name, n.fold ORDER BY n.fold, n.id`
	}
	var list []models.Genre
	err := c.each(ctx, func(rows *sql.Rows) error {
		var g models.Genre
		err := rows.Scan(&g.Key, &g.Name, &g.Songs, &g.Albums)
		list = append(list, g)
		return err
	}, query)
	if err != nil {
		return nil, fmt.Errorf("genres: %w", err)
	}
	if v.Granted || v.Once {
		c.genres.put(version, v.key(), list)
	}
	return list, nil
}
