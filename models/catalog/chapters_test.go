package catalog

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// TestChapters writes, replaces and clears chapters, and shows them to those
// who may read the song.
func TestChapters(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		save := func(list ...FoundChapters) {
			t.Helper()
			if err := c.Scan(ctx, s.libraries[0], func(tx *ScanTx) error { return tx.SaveChapters(list) }); err != nil {
				t.Fatal(err)
			}
		}
		check := func(song models.Key, want ...models.Chapter) {
			t.Helper()
			got, err := c.Chapters(ctx, s.first, song)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("chapters %+v, %v; want %+v", got, err, want)
			}
		}
		one, two := models.Chapter{Start: 0, End: 5000, Title: "One"}, models.Chapter{Start: 5000, Title: "Zwei"}
		many := make([]models.Chapter, 1200)
		for i := range many {
			many[i].Start = int64(i) * 1000
		}
		save(FoundChapters{Song: s.songs[0], Chapters: []models.Chapter{one, two}, Fresh: true}, FoundChapters{Song: s.songs[1], Chapters: many, Fresh: true})
		check(s.songs[0], one, two)
		check(s.songs[1], many...)
		check(s.songs[2])
		save(FoundChapters{Song: s.songs[0], Chapters: []models.Chapter{two}}, FoundChapters{Song: s.songs[1]})
		check(s.songs[0], two)
		check(s.songs[1])
		if got, err := c.Chapters(ctx, s.second, s.songs[0]); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("a song out of rights: %+v, %v", got, err)
		}
	})
}
