package catalog

import (
	"context"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

func TestPictures(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		found := func(of models.ID, disc, rank int, version string) FoundPicture {
			return FoundPicture{Of: of, Disc: disc, Rank: rank, Version: version, ObjectKey: version + ".jpg"}
		}
		embedded := FoundPicture{Of: album(s.albums[0]), Rank: 10, Version: "embedded", ObjectKey: "Ann/Red/0.mp3", Embedded: true,
			PictureRef: models.PictureRef{Type: 3, MIME: "image/jpeg", Offset: 100, Length: 200, Encoding: "unsync"}}
		save := func(library int, list ...FoundPicture) {
			t.Helper()
			var owners []models.ID
			for _, p := range list {
				owners = append(owners, p.Of)
			}
			if err := c.Scan(ctx, s.libraries[library], func(tx *ScanTx) error { return tx.SavePictures(owners, list) }); err != nil {
				t.Fatal(err)
			}
		}
		save(0, embedded, found(album(s.albums[0]), 0, 0, "red"), found(album(s.albums[0]), 2, 0, "red2"), found(song(s.songs[0]), 0, 10, "song"),
			found(folder(s.folders[1]), 0, 0, "folder"), found(artist(s.artists[0]), 0, 0, "ann"), found(album(s.albums[1]), 0, 0, "blue"))
		save(1, found(album(s.albums[2]), 0, 0, "green"), found(artist(s.artists[2]), 0, 0, "cy"))
		if err := c.w.Exec(`UPDATE artists SET cover_album_id = ? WHERE id IN ?`, s.albums[1], s.artists[1:]).Error; err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			name string
			v    Viewer
			of   models.ID
			disc int
			want []string
		}{
			{"album: file before embedded", s.first, album(s.albums[0]), 0, []string{"red", "embedded"}},
			{"disc before album", s.first, album(s.albums[0]), 2, []string{"red2", "red", "embedded"}},
			{"disc without one of its own", s.first, album(s.albums[0]), 1, []string{"red", "embedded"}},
			{"song of its own", s.first, song(s.songs[0]), 0, []string{"song", "red", "embedded"}},
			{"song of disc 2", s.first, song(s.songs[3]), 0, []string{"red2", "red", "embedded"}},
			{"song of a missing album cover", s.first, song(s.songs[1]), 0, []string{"red", "embedded"}},
			{"folder of its own", s.first, folder(s.folders[1]), 0, []string{"folder", "blue"}},
			{"folder by its album", s.first, folder(s.folders[0]), 0, []string{"red", "embedded"}},
			{"artist", s.first, artist(s.artists[0]), 0, []string{"ann"}},
			{"artist by an album", s.first, artist(s.artists[1]), 0, []string{"blue"}},
			{"artist whose picture is out of rights", s.first, artist(s.artists[2]), 0, []string{"blue"}},
			{"the same with rights", s.both, artist(s.artists[2]), 0, []string{"cy", "blue"}},
			{"the same with other rights", s.second, artist(s.artists[2]), 0, []string{"cy"}},
			{"song out of rights", s.second, song(s.songs[0]), 0, nil},
			{"album out of rights", s.second, album(s.albums[0]), 0, nil},
			{"artist out of rights", s.second, artist(s.artists[0]), 0, nil},
			{"folder out of rights", s.second, folder(s.folders[0]), 0, nil},
			{"unknown", s.both, album(models.NewKey()), 0, nil},
			{"user", s.both, models.ID{Kind: models.KindUser, Key: s.both.User}, 0, nil},
		} {
			list, err := c.Pictures(ctx, x.v, x.of, x.disc)
			var got []string
			for _, p := range list {
				got = append(got, p.Version)
			}
			if !slices.Equal(got, x.want) {
				t.Errorf("%s: %v %v, want %v", x.name, got, err, x.want)
			}
			if x.want == nil {
				refused(t, err, models.ErrNotFound)
			} else if err != nil {
				t.Errorf("%s: %v", x.name, err)
			}
		}
		list, err := c.Pictures(ctx, s.first, album(s.albums[0]), 0)
		if err != nil || list[1].PictureRef != embedded.PictureRef || list[1].ObjectKey != embedded.ObjectKey || !list[1].Embedded ||
			list[1].Library != s.libraries[0] || list[0].Embedded {
			t.Errorf("%+v %v", list, err)
		}
		s.hide(t, true, s.songs[0])
		_, err = c.Pictures(ctx, s.first, song(s.songs[0]), 0)
		refused(t, err, models.ErrNotFound)
	})
}

func TestPlaylistCovers(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		bare := s.list(t, s.both, 0, 5)
		save := func(library int, list ...FoundPicture) {
			t.Helper()
			var owners []models.ID
			for _, p := range list {
				owners = append(owners, p.Of)
			}
			if err := c.Scan(ctx, s.libraries[library], func(tx *ScanTx) error { return tx.SavePictures(owners, list) }); err != nil {
				t.Fatal(err)
			}
		}
		save(1, FoundPicture{Of: album(s.albums[2]), Version: "green"})
		k := s.list(t, s.both, 5, 10, 11, 0)
		versions := map[string]bool{}
		check := func(v Viewer, want ...string) {
			t.Helper()
			covers, err := c.PlaylistCovers(ctx, v, k)
			var got []string
			for _, a := range covers {
				got = append(got, a[0].Version)
			}
			if !slices.Equal(got, want) {
				t.Errorf("covers %v %v, want %v", got, err, want)
			}
			if want == nil {
				refused(t, err, models.ErrNotFound)
			}
			list, err := c.Playlists(ctx, v, 0, false)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				if p.Key != k {
					continue
				}
				if (p.Cover.Version != "") != (want != nil) || versions[p.Cover.Version] {
					t.Errorf("cover %+v of %v", p.Cover, want)
				}
				if want != nil && p.Cover.Of != (models.ID{Kind: models.KindPlaylist, Key: k}) {
					t.Errorf("cover of %s", p.Cover.Of)
				}
				versions[p.Cover.Version] = true
			}
		}
		check(s.both, "green")
		save(0, FoundPicture{Of: album(s.albums[0]), Version: "red"}, FoundPicture{Of: album(s.albums[0]), Version: "red embedded", Rank: 10},
			FoundPicture{Of: album(s.albums[1]), Version: "blue"})
		check(s.both, "blue", "green", "red")
		check(s.first) // private
		yes := true
		if err := c.EditPlaylist(ctx, s.both, k, PlaylistEdit{Public: &yes}); err != nil {
			t.Fatal(err)
		}
		check(s.first, "blue", "red")
		delete(versions, "")
		save(0, FoundPicture{Of: album(s.albums[1]), Version: "red"})
		check(s.first, "red") // one picture of two albums
		if _, err := c.PlaylistCovers(ctx, s.both, bare); err != nil {
			t.Error(err)
		}
	})
}
