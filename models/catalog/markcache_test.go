package catalog

import (
	"testing"

	"github.com/songlocker/songlocker/models"
)

// TestMarksAreFresh asks so often that the marks come from memory, and then
// changes them.
func TestMarksAreFresh(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		song := s.songs[0]
		ask := func(what string, want models.UserItem) {
			t.Helper()
			for range 4 {
				got, err := c.Song(t.Context(), s.both, song)
				if err != nil {
					t.Fatal(err)
				}
				got.User.StarredAt = min(got.User.StarredAt, 1)
				if got.User != want {
					t.Errorf("%s: %+v, want %+v", what, got.User, want)
				}
			}
		}
		id := models.ID{Kind: models.KindSong, Key: song}
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ask("nothing", models.UserItem{})
		do(c.Star(t.Context(), s.both, []models.ID{id}, true))
		ask("a star", models.UserItem{StarredAt: 1})
		do(c.Rate(t.Context(), s.both, id, 4))
		ask("and a rating", models.UserItem{StarredAt: 1, Rating: 4, Average: 4})
		do(c.Rate(t.Context(), s.first, id, 2))
		ask("and another user's", models.UserItem{StarredAt: 1, Rating: 4, Average: 3})
		do(c.Star(t.Context(), s.both, []models.ID{id}, false))
		ask("no star", models.UserItem{Rating: 4, Average: 3})
	})
}
