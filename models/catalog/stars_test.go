package catalog

import (
	"context"
	"testing"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

func TestStar(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		mixed := []models.ID{song(s.songs[0]), song(s.songs[0]), album(s.albums[1]), artist(s.artists[0]), folder(s.folders[0])}
		if err := c.Star(ctx, s.first, mixed, true); err != nil {
			t.Fatal(err)
		}
		was := map[models.ID]int64{}
		for _, id := range mixed {
			if was[id] = s.item(t, s.first, id).StarredAt; was[id] == 0 {
				t.Errorf("%s has no star", id)
			}
			if s.item(t, s.also, id).StarredAt != 0 {
				t.Errorf("%s has another user's star", id)
			}
		}
		if err := c.w.Exec(`UPDATE user_items SET starred_at = 5 WHERE kind = 'so'`).Error; err != nil {
			t.Fatal(err)
		}
		if err := c.Star(ctx, s.first, mixed, true); err != nil {
			t.Fatal(err)
		}
		if at := s.item(t, s.first, mixed[0]).StarredAt; at != 5 {
			t.Errorf("a second star moved the date to %d", at)
		}
		if err := c.Star(ctx, s.first, mixed[:3], false); err != nil {
			t.Fatal(err)
		}
		for i, id := range mixed {
			if on := s.item(t, s.first, id).StarredAt != 0; on != (i > 2) {
				t.Errorf("%s starred after unstar: %v", id, on)
			}
		}
	})
}

func TestStarOfWhatIsHiddenChangesNothing(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		s.hide(t, true, s.songs[3])
		version := c.UserVersion(s.first.User)
		for name, id := range map[string]models.ID{
			"another library's song":   song(s.songs[10]),
			"another library's album":  album(s.albums[2]),
			"another library's folder": folder(s.folders[2]),
			"missing song":             song(s.songs[3]),
			"unknown song":             song(models.NewKey()),
			"album as song":            song(s.albums[0]),
			"playlist":                 {Kind: models.KindPlaylist, Key: s.albums[0]},
			"nothing":                  {},
		} {
			for _, on := range []bool{true, false} {
				err := c.Star(ctx, s.first, []models.ID{song(s.songs[0]), id}, on)
				if err == nil {
					t.Errorf("%s: no error", name)
				}
				refused(t, err, models.ErrNotFound)
			}
			refused(t, c.Rate(ctx, s.first, id, 3), models.ErrNotFound)
		}
		// Ann and Cy share a song in the first library, Bob and the second share none.
		refused(t, c.Star(ctx, s.second, []models.ID{artist(s.artists[1])}, true), models.ErrNotFound)
		if err := c.Star(ctx, s.first, []models.ID{artist(s.artists[2])}, true); err != nil {
			t.Errorf("a guest's star: %v", err)
		}
		if s.item(t, s.first, song(s.songs[0])).StarredAt != 0 {
			t.Error("a refused call left a star")
		}
		if got := c.UserVersion(s.first.User); got != version+1 {
			t.Errorf("the version went from %d to %d, want one step", version, got)
		}
	})
}

func TestStarOfAGrantedSong(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		if err := c.w.Exec(`INSERT INTO granted_songs (user_id, song_id) VALUES (?, ?)`, s.second.User, s.songs[0]).Error; err != nil {
			t.Fatal(err)
		}
		v := s.second
		v.Granted = true
		if err := c.Star(ctx, v, []models.ID{song(s.songs[0]), album(s.albums[0]), artist(s.artists[0]), folder(s.folders[0])}, true); err != nil {
			t.Error(err)
		}
		refused(t, c.Star(ctx, v, []models.ID{song(s.songs[1])}, true), models.ErrNotFound)
		refused(t, c.Star(ctx, v, []models.ID{artist(s.artists[1])}, true), models.ErrNotFound)
	})
}

func TestStarFollowsMerges(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		if err := c.Scan(ctx, s.libraries[0], func(tx *ScanTx) error { return tx.MergeAlbum(s.albums[1], s.albums[0]) }); err != nil {
			t.Fatal(err)
		}
		if err := c.Star(ctx, s.first, []models.ID{album(s.albums[1]), album(s.albums[0])}, true); err != nil {
			t.Fatal(err)
		}
		if s.item(t, s.first, album(s.albums[0])).StarredAt == 0 {
			t.Error("the star of the old id is not on the album that took it in")
		}
	})
}

// Ten thousand ids of several kinds in one call.
func TestStarMany(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		var items []models.ID
		for i := range 10000 {
			items = append(items, song(s.songs[i%10]), album(s.albums[i%2]))
		}
		for _, on := range []bool{true, false} {
			if err := c.Star(ctx, s.first, items, on); err != nil {
				t.Fatal(err)
			}
			for _, id := range items[:20] {
				if got := s.item(t, s.first, id).StarredAt != 0; got != on {
					t.Errorf("%s starred: %v, want %v", id, got, on)
				}
			}
		}
	})
}

func TestRate(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		for _, id := range []models.ID{song(s.songs[0]), album(s.albums[0]), artist(s.artists[0]), folder(s.folders[0])} {
			for _, step := range []struct {
				v       Viewer
				rating  int
				average float64
			}{{s.first, 5, 5}, {s.also, 2, 3.5}, {s.first, 4, 3}, {s.also, 0, 4}, {s.also, 0, 4}, {s.first, 0, 0}} {
				if err := c.Rate(ctx, step.v, id, step.rating); err != nil {
					t.Fatal(err)
				}
				if got := s.item(t, step.v, id); got.Rating != step.rating || got.Average != step.average {
					t.Errorf("%s rated %d: got %d, mean %g, want mean %g", id, step.rating, got.Rating, got.Average, step.average)
				}
			}
		}
		for _, n := range []int{-1, 6} {
			refused(t, c.Rate(ctx, s.first, song(s.songs[0]), n), models.ErrInvalid)
		}
	})
}

// A star stays on the recording while its row is away and back.
func TestStarOutlivesAbsence(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		if err := c.Star(ctx, s.first, []models.ID{song(s.songs[0])}, true); err != nil {
			t.Fatal(err)
		}
		for _, missing := range []bool{true, false} {
			s.hide(t, missing, s.songs[0])
			_, _, songs, _, err := c.Starred(ctx, s.first)
			if err != nil || len(songs) != map[bool]int{true: 0, false: 1}[missing] {
				t.Errorf("missing %v: %d starred songs %v", missing, len(songs), err)
			}
		}
	})
}

// One star costs few statements: begin, rights, star, version, commit.
func TestStarStatements(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		n := 0
		count := func(*gorm.DB) { n++ }
		if err := c.w.Callback().Raw().Before("gorm:raw").Register("count", count); err != nil {
			t.Fatal(err)
		}
		if err := c.w.Callback().Row().Before("gorm:row").Register("count", count); err != nil {
			t.Fatal(err)
		}
		if err := c.Star(context.Background(), s.first, []models.ID{song(s.songs[0])}, true); err != nil {
			t.Fatal(err)
		}
		if n != 3 {
			t.Errorf("a star took %d statements, want 3", n)
		}
	})
}

func BenchmarkStar(b *testing.B) {
	t := &testing.T{}
	c, err := Open(b.Context(), Options{Location: "sqlite:" + b.TempDir() + "/catalog.db"})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	s := fillShelf(t, c)
	for i := 0; b.Loop(); i++ {
		if err := c.Star(b.Context(), s.first, []models.ID{song(s.songs[i%10])}, i%2 == 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScrobble(b *testing.B) {
	t := &testing.T{}
	c, err := Open(b.Context(), Options{Location: "sqlite:" + b.TempDir() + "/catalog.db"})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	s := fillShelf(t, c)
	for i := 0; b.Loop(); i++ {
		if _, err := c.Scrobble(b.Context(), s.first, []models.Play{{Song: s.songs[i%10], At: int64(i + 1), Player: "p"}}); err != nil {
			b.Fatal(err)
		}
	}
}
