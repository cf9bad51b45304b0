package catalog

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// A list is written with the songs that the viewer may read, as they are
// called now. The lines of its file may name what lies in a library that only
// the owner reads.
func TestPlaylistPlacesAreThoseOfTheViewer(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		err := c.ImportPlaylist(ctx, PlaylistImport{
			File: PlaylistFile{Library: s.libraries[1], ObjectKey: "list.m3u", Version: "1", Hash: "1"}, Owner: s.both.User, Public: true, Name: "Mix",
			Entries: []PlaylistEntry{{Song: s.songs[0], Title: "Once", Artist: "Nobody"}, {Song: s.songs[10], Title: "Once"}, {Line: "Hidden/secret.mp3"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		lists, err := c.Playlists(ctx, s.both, 0, false)
		if err != nil || len(lists) != 1 {
			t.Fatal(lists, err)
		}
		for _, x := range []struct {
			name string
			v    Viewer
			want []string
		}{
			{"the owner", s.both, []string{"Ann/Red/0.mp3 Red 0 by Ann", "Cy/Green/0.mp3 Green 0 by Cy", "Hidden/secret.mp3"}},
			{"who reads the first library", s.first, []string{"Ann/Red/0.mp3 Red 0 by Ann"}},
			{"who reads the second", s.second, []string{"Cy/Green/0.mp3 Green 0 by Cy"}},
		} {
			_, places, err := c.PlaylistPlaces(ctx, x.v, lists[0].Key)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range places {
				if p.Line != "" {
					got = append(got, p.Line)
					continue
				}
				got = append(got, p.ObjectKey+" "+p.Title+" by "+p.Artist)
				if p.Duration != 1000 {
					t.Errorf("%s: %s lasts %d ms", x.name, p.ObjectKey, p.Duration)
				}
			}
			if !slices.Equal(got, x.want) {
				t.Errorf("%s: %q, want %q", x.name, got, x.want)
			}
		}
		private := s.list(t, s.both, 0)
		if _, _, err := c.PlaylistPlaces(ctx, s.first, private); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("a private list of another: %v", err)
		}
	})
}
