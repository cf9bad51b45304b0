package catalog

import (
	"context"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// Bach is an album artist once, composes two more albums, and is the artist of
// a song on a fourth.
func TestAlbumsOfComposers(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		seed(t, c, 1, []seedSong{
			{Title: "Air", Artist: "Gould", AlbumArtist: "Bach", Album: "Own", Year: 2000},
			{Title: "Fugue", Artist: "Gould", AlbumArtist: "Gould", Composer: "Bach", Album: "Later", Year: 1990},
			{Title: "Suite", Artist: "Casals", AlbumArtist: "Casals", Composer: "Bach", Album: "Early", Year: 1930},
			{Title: "Song", Artist: "Bach", AlbumArtist: "Various Artists", Album: "Party", Year: 1980},
			{Title: "Mass", Artist: "Choir", AlbumArtist: "Choir", Composer: "Zelenka", Album: "Masses", Year: 1970},
		})
		ctx, v := context.Background(), Viewer{User: 7, Libraries: []int{1}}
		albums := func(name string) []string {
			t.Helper()
			var key models.Key
			if err := c.r.Raw(`SELECT id FROM artists WHERE name = ?`, name).Row().Scan(&key); err != nil {
				t.Fatal(err)
			}
			list, err := c.ArtistAlbums(ctx, v, key)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, a := range list {
				names = append(names, a.Name)
			}
			return names
		}
		for name, want := range map[string][]string{
			"Bach":    {"Own", "Early", "Later"},
			"Zelenka": {"Masses"},
			"Gould":   {"Later"},
			"Casals":  {"Early"},
		} {
			if got := albums(name); !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	})
}
