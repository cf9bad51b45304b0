package catalog

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// recorder keeps every statement that is run.
type recorder struct {
	quiet
	seen map[string]bool
}

func (r *recorder) Trace(_ context.Context, _ time.Time, f func() (string, int64), _ error) {
	stmt, _ := f()
	r.seen[stmt] = true
}

func (r *recorder) ParamsFilter(_ context.Context, sql string, values ...any) (string, []any) {
	return sql, values
}

// TestPlans runs every hot read and asks SQLite how it ran each statement:
// none goes through all rows of a table that grows with the library, and none
// that asks for a few goes through a whole library.
func TestPlans(t *testing.T) {
	c := open(t, "sqlite:"+filepath.Join(t.TempDir(), "catalog.db"))
	keys := seed(t, c, 1, benchSongs(300))
	ctx := context.Background()
	if lines := plan(t, c, `SELECT s.id FROM songs s WHERE s.size = 5`); !slices.Contains(lines, "SCAN s") {
		t.Fatalf("a scan is told otherwise: %q", lines)
	}
	for name, v := range map[string]Viewer{"libraries": {User: 7, Libraries: []int{1, 2}}, "granted": {User: 7, Libraries: []int{1}, Granted: true}, "once": {User: 7, Libraries: []int{1, 2}, Once: true}} {
		song, err := c.Song(ctx, v, keys[0])
		if err != nil {
			t.Fatal(err)
		}
		artist := song.Credits[0].Artist
		for _, hot := range []struct {
			name  string
			whole bool // may go through a library in an index's order
			read  func() error
		}{
			{"Song", false, func() error { _, err := c.Song(ctx, v, keys[0]); return err }},
			{"Songs", false, func() error { _, err := c.Songs(ctx, v, keys); return err }},
			{"AlbumSongs", false, func() error { _, err := c.AlbumSongs(ctx, v, song.Album); return err }},
			{"ArtistSongs", false, func() error { _, err := c.ArtistSongs(ctx, v, artist); return err }},
			{"FolderSongs", false, func() error { _, err := c.FolderSongs(ctx, v, song.Folder); return err }},
			{"SubFolders", false, func() error { _, err := c.SubFolders(ctx, v, song.Folder); return err }},
			{"Folder", false, func() error { _, err := c.Folder(ctx, v, song.Folder); return err }},
			{"Album", false, func() error { _, err := c.Album(ctx, v, song.Album); return err }},
			{"Artist", false, func() error { _, err := c.Artist(ctx, v, artist); return err }},
			{"ArtistAlbums", false, func() error { _, err := c.ArtistAlbums(ctx, v, artist); return err }},
			{"Starred", false, func() error { _, _, _, _, err := c.Starred(ctx, v); return err }},
			{"starred albums", false, func() error { _, _, err := c.Albums(ctx, v, AlbumList{By: "starred", Size: 9}); return err }},
			{"recent albums", false, func() error { _, _, err := c.Albums(ctx, v, AlbumList{By: "recent", Size: 9}); return err }},
			{"newest albums", true, func() error { _, _, err := c.Albums(ctx, v, AlbumList{By: "newest", Size: 9}); return err }},
			{"albums by year", true, func() error { _, _, err := c.Albums(ctx, v, AlbumList{By: "byYear", ToYear: 9, Size: 9}); return err }},
			{"RandomSongs", true, func() error { _, err := c.RandomSongs(ctx, v, SongList{Size: 9}); return err }},
			{"random songs of years", true, func() error {
				_, err := c.RandomSongs(ctx, v, SongList{Size: 9, FromYear: 1990, ToYear: 1991})
				return err
			}},
			{"SongsByGenre", false, func() error { _, err := c.SongsByGenre(ctx, v, SongList{Genre: "love", Size: 9}); return err }},
			{"SongByArtistTitle", true, func() error { c.SongByArtistTitle(ctx, v, "a", "b"); return nil }},
		} {
			t.Run(name+"/"+hot.name, func(t *testing.T) {
				stmts := recorded(t, c, hot.read)
				if len(stmts) == 0 {
					t.Error("no statement was seen")
				}
				for stmt := range stmts {
					for _, line := range plan(t, c, stmt) {
						for _, table := range []string{"s", "a", "sa", "aa", "f", "songs", "albums", "song_artists", "album_artists", "song_genres", "user_items", "plays"} {
							if line == "SCAN "+table {
								t.Errorf("%s\nreads all of %s", stmt, table)
							}
						}
						if !hot.whole && (strings.Contains(line, "INDEX songs_") || strings.Contains(line, "INDEX albums_")) && strings.Contains(line, "(library_id=?") && !v.Granted {
							t.Errorf("%s\ngoes through a library: %s", stmt, line)
						}
					}
				}
			})
		}
	}
}

// recorded returns the statements with values that f reads by.
func recorded(t *testing.T, c *Catalog, f func() error) map[string]bool {
	t.Helper()
	r := &recorder{seen: map[string]bool{}}
	was := c.r.Logger
	c.r.Logger = r
	defer func() { c.r.Logger = was }()
	if err := f(); err != nil {
		t.Fatal(err)
	}
	return r.seen
}

// plan returns SQLite's plan of a statement, a line a step.
func plan(t *testing.T, c *Catalog, stmt string) []string {
	t.Helper()
	var lines []string
	err := eachRow(c.r.Session(&gorm.Session{Logger: logger.Discard}), func(rows *sql.Rows) error {
		var id, parent, unused int
		var line string
		err := rows.Scan(&id, &parent, &unused, &line)
		lines = append(lines, line)
		return err
	}, `EXPLAIN QUERY PLAN `+stmt)
	if err != nil {
		t.Fatalf("%s: %v", stmt, err)
	}
	return lines
}
