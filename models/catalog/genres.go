package catalog

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// GenreFold returns the form under which genres are one: without regard to
// case, accents, hyphens and spaces ("Hip-Hop", "hip hop", "HipHop").
func GenreFold(name string) string {
	return strings.ReplaceAll(models.Fold(name), " ", "")
}

// Genres returns the genres of what v may read, by name, with counts of
// present songs and their albums.
func (c *Catalog) Genres(ctx context.Context, v Viewer) ([]models.Genre, error) {
	query := `SELECT n.id, n.name, SUM(k.songs), SUM(k.albums) FROM genre_counts k JOIN genres n ON n.id = k.genre_id
		WHERE k.library_id IN ` + v.libraries() + ` GROUP BY n.id, n.name, n.fold HAVING SUM(k.songs) > 0 ORDER BY n.fold, n.id`
	if v.Granted {
		query = `SELECT n.id, n.name, COUNT(DISTINCT s.id), COUNT(DISTINCT s.album_id) FROM genres n JOIN song_genres g ON g.genre_id = n.id JOIN songs s ON s.id = g.song_id
			WHERE ` + v.songs("s") + ` GROUP BY n.id, n.name, n.fold ORDER BY n.fold, n.id`
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
	return list, nil
}
