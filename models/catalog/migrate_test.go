package catalog

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// versions are all steps of the schema, and what a catalog that stood at each
// was filled with. A new step adds a line.
var versions = []struct {
	step string
	fill func(t *testing.T, tx *gorm.DB)
}{
	{"0001_catalog", func(t *testing.T, tx *gorm.DB) {
		for _, q := range []string{
			`INSERT INTO users (id, name, name_fold, created_at) VALUES (7, 'Ann', 'ann', 1)`,
			`INSERT INTO libraries (id, name, location, kind, created_at) VALUES (1, 'Music', 'file:///music', 'music', 1)`,
			`INSERT INTO user_items (user_id, kind, item_id, starred_at) VALUES (7, 'so', 9, 5)`,
		} {
			if err := tx.Exec(q).Error; err != nil {
				t.Fatal(err)
			}
		}
		song := &models.Song{Key: 9, Library: 1, Folder: 2, Album: 3, Annot: 9, ObjectKey: "a.mp3", Created: 1}
		song.Title = "Kept"
		if err := tx.Exec(`INSERT INTO songs (id, library_id, object_key, folder_id, album_id, annot_id, size, mtime, reader, created_at, title, title_sort, search, card)
			VALUES (9, 1, ?, 2, 3, 9, 0, 0, 0, 1, 'Kept', 'kept', 'kept', ?)`, []byte(song.ObjectKey), songCard(song)).Error; err != nil {
			t.Fatal(err)
		}
	}},
	{"0002_scanning", func(t *testing.T, tx *gorm.DB) {
		for _, q := range []string{
			`INSERT INTO chapters (song_id, position, start_at, title) VALUES (9, 0, 0, 'One')`,
			`INSERT INTO sheets (library_id, object_key, version, files) VALUES (1, '', 'v', 'a.wav')`,
			`INSERT INTO song_sheets (song_id, version) VALUES (9, 'v')`,
			`INSERT INTO cuts (song_id, whole_id, kind, head, from_byte, to_byte, size, object_size) VALUES (10, 9, 'bytes', '', 0, 5, 5, 9)`,
			`INSERT INTO artist_moves (library_id, from_id, to_id, songs) VALUES (1, 2, 3, 4)`,
			`INSERT INTO scan_held (library_id, position, body) VALUES (1, 0, '[]')`,
		} {
			if err := tx.Exec(q).Error; err != nil {
				t.Fatal(err)
			}
		}
		if err := tx.Exec(`INSERT INTO ignore_files (library_id, object_key, version) VALUES (1, ?, 'v')`, []byte(".nomedia")).Error; err != nil {
			t.Fatal(err)
		}
	}},
	{"0003_buckets", func(t *testing.T, tx *gorm.DB) {
		for _, q := range []string{
			`INSERT INTO usage (library_id, day, purpose, gets) VALUES (1, 20000, 'scan', 3)`,
			`INSERT INTO scan_runs (id, library_id, mode, state, started_at, lists, heads, gets, throttled, archived) VALUES (5, 1, 'full', 'done', 1, 1, 2, 3, 4, 5)`,
			`UPDATE songs SET archived = 1 WHERE id = 9`,
		} {
			if err := tx.Exec(q).Error; err != nil {
				t.Fatal(err)
			}
		}
	}},
}

// reopen closes a catalog and opens it again at the newest schema.
func reopen(t *testing.T, c *Catalog, location string) *Catalog {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, location)
}

// TestMigrateFromEveryVersion fills a catalog of each earlier schema, brings it
// to the newest one and finds everything.
func TestMigrateFromEveryVersion(t *testing.T) {
	steps := (&Catalog{engine: sqliteEngine{}}).migrations()
	if len(steps) != len(versions) {
		t.Fatalf("%d steps of the schema and %d versions to test", len(steps), len(versions))
	}
	for i, from := range versions {
		t.Run(from.step, func(t *testing.T) {
			if steps[i].ID != from.step {
				t.Fatalf("step %d is %s", i, steps[i].ID)
			}
			eachLocation(t, func(t *testing.T, e engine, location string) {
				r, w, err := e.open(location, discard)
				if err != nil {
					t.Fatal(err)
				}
				old := &Catalog{r: r, w: w, engine: e, log: discard}
				if err := old.migrateTo(context.Background(), old.migrations()[:i+1]); err != nil {
					t.Fatal(err)
				}
				for _, v := range versions[:i+1] {
					v.fill(t, w)
				}
				if err := old.closePools(); err != nil {
					t.Fatal(err)
				}
				c := open(t, location)
				v := Viewer{User: 7, Libraries: []int{1}}
				song, err := c.Song(context.Background(), v, 9)
				if err != nil || song.Title != "Kept" || song.User.StarredAt != 5 {
					t.Errorf("the song: %+v %v", song, err)
				}
				u, err := c.UserByName(context.Background(), "ANN")
				if err != nil || u.Key != 7 {
					t.Errorf("the user: %+v %v", u, err)
				}
			})
		})
	}
}

// TestNewerCatalogIsRefused leaves a catalog of a later version as it is.
func TestNewerCatalogIsRefused(t *testing.T) {
	eachLocation(t, func(t *testing.T, e engine, location string) {
		c := open(t, location)
		for _, q := range []string{`INSERT INTO migrations (id) VALUES ('9999_later')`, `ALTER TABLE songs ADD COLUMN later BIGINT NOT NULL DEFAULT 5`} {
			if err := c.w.Exec(q).Error; err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(context.Background(), Options{Location: location}); !errors.Is(err, ErrNewer) {
			t.Fatalf("opened: %v", err)
		}
		r, w, err := e.open(location, discard)
		if err != nil {
			t.Fatal(err)
		}
		c = &Catalog{r: r, w: w}
		defer c.closePools()
		var steps, later int
		if err := r.Raw(`SELECT COUNT(*), (SELECT COUNT(later) FROM songs) FROM migrations`).Row().Scan(&steps, &later); err != nil || steps != len(versions)+1 {
			t.Errorf("%d steps after the refusal: %v", steps, err)
		}
	})
}

// TestReopenChangesNothing opens a catalog twice and a third time for reading.
func TestReopenChangesNothing(t *testing.T) {
	eachLocation(t, func(t *testing.T, e engine, location string) {
		c := open(t, location)
		keys := seed(t, c, 1, []seedSong{{Title: "A", Artist: "B", Album: "C"}})
		version := c.Version()
		c = reopen(t, c, location)
		if c.Version() != version {
			t.Errorf("version %d became %d", version, c.Version())
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		c, err := Open(context.Background(), Options{Location: location, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if s, err := c.Song(context.Background(), Viewer{Libraries: []int{1}}, keys[0]); err != nil || s.Title != "A" {
			t.Errorf("the song: %v %v", s, err)
		}
	})
	empty := "sqlite:" + filepath.Join(t.TempDir(), "none.db")
	if c, err := Open(context.Background(), Options{Location: empty, ReadOnly: true}); err == nil {
		c.Close()
		t.Error("an empty catalog opens for reading only")
	}
}

// TestOtherProcessIsSeen writes beside an open catalog, as the command line
// does beside a server.
func TestOtherProcessIsSeen(t *testing.T) {
	eachLocation(t, func(t *testing.T, _ engine, location string) {
		server, command := open(t, location), open(t, location)
		v := Viewer{Libraries: []int{1}}
		if all, err := server.Search(context.Background(), v, SearchQuery{Text: "new", Songs: 9}); err != nil || len(all.Songs) != 0 {
			t.Fatal(all, err)
		}
		seed(t, command, 1, []seedSong{{Title: "New", Artist: "B", Album: "C"}})
		ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
		defer stop()
		for {
			all, err := server.Search(ctx, v, SearchQuery{Text: "new", Songs: 9})
			if err != nil {
				t.Fatal("never seen: ", err)
			}
			if len(all.Songs) == 1 {
				return
			}
			select {
			case <-ctx.Done():
				t.Fatal("never seen")
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
}
