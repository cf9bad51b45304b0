package catalog

import (
	"context"
	"errors"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// What explains an album is read with the rights of who asks.
func TestEvidenceIsNarrowed(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		keys := seed(t, c, 1, []seedSong{{Title: "One", Artist: "A", Album: "X"}, {Title: "Two", Artist: "B", Album: "X"}})
		ctx := context.Background()
		for _, v := range []Viewer{{User: 7, Libraries: []int{1}}, {User: 7}} {
			want := 2 * len(v.Libraries)
			near, err := c.NearAlbums(ctx, v, 1, "x", map[string]bool{"no family": true}, 10)
			if err != nil || len(near) != want {
				t.Errorf("%v: %d albums near, want %d: %v", v.Libraries, len(near), want, err)
			}
			song, err := c.Song(ctx, Viewer{User: 7, Libraries: []int{1}}, keys[0])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.SongByPath(ctx, v, 1, song.ObjectKey); (err == nil) != (want > 0) || err != nil && !errors.Is(err, models.ErrNotFound) {
				t.Errorf("%v: song by path: %v", v.Libraries, err)
			}
			folders, err := c.FoldersLike(ctx, 1, "A")
			if err != nil || folders["A/X"] != song.Folder {
				t.Errorf("folders %v: %v", folders, err)
			}
			in, err := c.SongsInFolders(ctx, v, []models.Key{song.Folder})
			if err != nil || len(in) != want/2 {
				t.Errorf("%v: %d songs in the folder: %v", v.Libraries, len(in), err)
			}
			of, err := c.SongsOfAlbums(ctx, v, []models.Key{song.Album})
			if err != nil || len(of) != want/2 {
				t.Errorf("%v: %d songs of the album: %v", v.Libraries, len(of), err)
			}
		}
	})
}
