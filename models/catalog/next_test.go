package catalog

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

func TestNextSong(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		next := func(v Viewer, n, want int) {
			t.Helper()
			now, err := c.Song(ctx, s.both, s.songs[n])
			if err != nil {
				t.Fatal(err)
			}
			x, err := c.NextSong(ctx, v, now)
			switch {
			case want < 0:
				if !errors.Is(err, models.ErrNotFound) {
					t.Errorf("after %d: %v, want none", n, err)
				}
			case err != nil:
				t.Errorf("after %d: %v", n, err)
			default:
				if got := slices.Index(s.songs, x.Key); got != want {
					t.Errorf("after %d comes %d, want %d", n, got, want)
				}
			}
		}
		// Songs 0 to 4 are an album of the first library, 10 and 11 one of the
		// second.
		next(s.first, 0, 1)
		next(s.first, 4, -1)
		next(s.both, 10, 11)
		next(s.first, 10, -1)
		s.hide(t, true, s.songs[1])
		next(s.first, 0, 2)
		s.hide(t, false, s.songs[1])

		// The queue comes first, from its current place on, and ends.
		if err := c.SaveQueue(ctx, s.both, s.pick(3, 0, 10, 3, 6), 1, 0, "app"); err != nil {
			t.Fatal(err)
		}
		next(s.both, 0, 10)
		next(s.both, 3, 6)
		next(s.both, 6, -1)
		next(s.both, 1, 2)
		next(s.first, 0, 1)
		next(s.both.In(s.libraries[0]), 0, 3)
		s.hide(t, true, s.songs[10])
		next(s.both, 0, 3)
	})
}
