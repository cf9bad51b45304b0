package catalog

import (
	"context"
	"fmt"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// shelf is a catalog with two libraries and three users.
//
//	library 0:  Ann/Red   5 songs   (artist Ann, song 4 with guest Cy)
//	            Bob/Blue  5 songs   (artist Bob)
//	library 1:  Cy/Green  2 songs   (artist Cy)
//
// both reads both libraries, first and also the first, second the second.
type shelf struct {
	*Catalog
	libraries                 [2]int
	both, first, also, second Viewer
	songs                     []models.Key // the 12 songs in this order
	albums, artists, folders  []models.Key // red, blue, green; Ann, Bob, Cy; of the albums
}

func fillShelf(t *testing.T, c *Catalog) *shelf {
	t.Helper()
	ctx := context.Background()
	s := &shelf{Catalog: c}
	for i := range s.libraries {
		s.libraries[i] = library(t, c, fmt.Sprintf("file:///music%d", i), 0)
	}
	viewer := func(name string, libraries ...int) Viewer {
		return c.Viewer(addUser(t, c, name, name == "both", libraries))
	}
	s.both = viewer("both", s.libraries[0], s.libraries[1])
	s.first, s.also = viewer("first", s.libraries[0]), viewer("also", s.libraries[0])
	s.second = viewer("second", s.libraries[1])
	names := []string{"Ann", "Bob", "Cy"}
	artists := map[ArtistName]models.Key{}
	for i, a := range []struct {
		artist, album string
		library, n    int
	}{{"Ann", "Red", 0, 5}, {"Bob", "Blue", 0, 5}, {"Cy", "Green", 1, 2}} {
		err := c.Scan(ctx, s.libraries[a.library], func(tx *ScanTx) error {
			want := make([]ArtistName, len(names))
			for i, n := range names {
				want[i] = ArtistName{Name: n}
			}
			got, err := tx.Artists(want)
			if err != nil {
				return err
			}
			artists = got
			path := a.artist + "/" + a.album
			folders, err := tx.Folders([]string{path})
			if err != nil {
				return err
			}
			s.folders = append(s.folders, folders[path])
			artist := artists[want[i]]
			credit := models.Credit{Role: models.RoleAlbumArtist, Artist: artist, Name: a.artist}
			album := &models.Album{Key: models.NewKey(), Library: s.libraries[a.library], Folder: folders[path], Name: a.album, Artist: a.artist,
				Credits: []models.Credit{credit}, Songs: a.n, Duration: int64(a.n) * 1000, Created: int64(i + 1)}
			s.albums = append(s.albums, album.Key)
			if err := tx.SaveAlbums([]GroupedAlbum{{album, path}}); err != nil {
				return err
			}
			var list []*models.Song
			fresh := map[models.Key]bool{}
			for n := range a.n {
				x := &models.Song{Key: models.NewKey(), Library: s.libraries[a.library], ObjectKey: fmt.Sprintf("%s/%d.mp3", path, n), Folder: folders[path],
					Album: album.Key, AlbumName: a.album, Created: 1}
				x.Title, x.Artist, x.Track = fmt.Sprintf("%s %d", a.album, n), a.artist, n+1
				x.Disc = 1 + n/3
				x.Properties.Duration = 1000
				x.Credits = []models.Credit{{Role: models.RoleArtist, Artist: artist, Name: a.artist}, credit}
				if i == 0 && n == 4 {
					x.Credits = append(x.Credits, models.Credit{Role: models.RoleArtist, Artist: artists[want[2]], Name: "Cy"})
				}
				list, fresh[x.Key] = append(list, x), true
				s.songs = append(s.songs, x.Key)
			}
			if err := tx.SaveSongs(list, fresh); err != nil {
				return err
			}
			var keys []models.Key
			for _, k := range artists {
				keys = append(keys, k)
			}
			return tx.Recount(keys, true)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range names {
		s.artists = append(s.artists, artists[ArtistName{Name: n}])
	}
	return s
}

// hide makes songs missing, or lets them return.
func (s *shelf) hide(t *testing.T, missing bool, songs ...models.Key) {
	t.Helper()
	err := s.Scan(context.Background(), s.libraries[0], func(tx *ScanTx) error { return tx.SetMissing(songs, missing) })
	if err != nil {
		t.Fatal(err)
	}
}

func song(k models.Key) models.ID   { return models.ID{Kind: models.KindSong, Key: k} }
func album(k models.Key) models.ID  { return models.ID{Kind: models.KindAlbum, Key: k} }
func artist(k models.Key) models.ID { return models.ID{Kind: models.KindArtist, Key: k} }
func folder(k models.Key) models.ID { return models.ID{Kind: models.KindFolder, Key: k} }

// item returns what the viewer attached to one thing.
func (s *shelf) item(t *testing.T, v Viewer, id models.ID) models.UserItem {
	t.Helper()
	items, err := s.userItems(context.Background(), v, id.Kind, []models.Key{id.Key})
	if err != nil {
		t.Fatal(err)
	}
	return items[id.Key]
}
