package catalog

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// seedSong is one song as a test describes it.
type seedSong struct {
	Title       string
	Artist      string // printed, and the only one credited unless Artists are given
	Artists     []string
	ArtistSort  string
	Album       string
	AlbumArtist string // Artist when empty
	Composer    string
	Genre       string
	Year        int
	Disc, Track int
	Created     int64
	Missing     bool
}

// seed writes songs into a library as a scan does and returns their keys.
// Songs of the same album and album artist stand in one album and one folder.
func seed(t testing.TB, c *Catalog, library int, songs []seedSong) []models.Key {
	t.Helper()
	var keys []models.Key
	albums := map[string]*models.Album{}
	artists := map[models.Key]bool{}
	for part := range slices.Chunk(songs, batch) {
		err := c.Scan(context.Background(), library, func(s *ScanTx) error {
			more, err := seedBatch(s, library, albums, artists, part, len(keys))
			keys = append(keys, more...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	err := c.Scan(context.Background(), library, func(s *ScanTx) error {
		if err := s.Recount(slices.Collect(maps.Keys(artists)), true); err != nil {
			return err
		}
		if err := s.HideEmptyFolders(); err != nil {
			return err
		}
		return s.EndChanges()
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func seedBatch(s *ScanTx, library int, albums map[string]*models.Album, touched map[models.Key]bool, songs []seedSong, first int) ([]models.Key, error) {
	var names []ArtistName
	var paths []string
	credits := make([][]models.Credit, len(songs))
	sorts := map[string]string{}
	group := func(x seedSong) string { return x.Album + "\x1f" + cmp.Or(x.AlbumArtist, x.Artist) }
	folder := func(x seedSong) string { return cmp.Or(x.AlbumArtist, x.Artist, "-") + "/" + cmp.Or(x.Album, "-") }
	for i, x := range songs {
		if x.ArtistSort != "" {
			sorts[x.Artist] = x.ArtistSort
		}
		add := func(role, name string) {
			if name != "" {
				credits[i] = append(credits[i], models.Credit{Role: role, Name: name})
			}
		}
		if len(x.Artists) == 0 {
			add(models.RoleArtist, x.Artist)
		}
		for _, a := range x.Artists {
			add(models.RoleArtist, a)
		}
		add(models.RoleAlbumArtist, cmp.Or(x.AlbumArtist, x.Artist))
		add(models.RoleComposer, x.Composer)
		paths = append(paths, folder(x))
	}
	for _, list := range credits {
		for _, k := range list {
			names = append(names, ArtistName{Name: k.Name, Sort: sorts[k.Name]})
		}
	}
	folders, err := s.Folders(paths)
	if err != nil {
		return nil, err
	}
	artists, err := s.Artists(names)
	if err != nil {
		return nil, err
	}
	var all []*models.Song
	var keys, missing []models.Key
	changed := map[string]*models.Album{}
	fresh := map[models.Key]bool{}
	for i, x := range songs {
		for j, k := range credits[i] {
			credits[i][j].Artist = artists[ArtistName{Name: k.Name, Sort: sorts[k.Name]}]
			touched[credits[i][j].Artist] = true
		}
		a := albums[group(x)]
		if a == nil {
			a = &models.Album{Key: models.NewKey(), Library: library, Folder: folders[folder(x)], Name: x.Album, Artist: cmp.Or(x.AlbumArtist, x.Artist),
				Date: models.Date{Year: x.Year}, Created: cmp.Or(x.Created, s.now)}
			for _, k := range credits[i] {
				if k.Role == models.RoleAlbumArtist {
					a.Credits = append(a.Credits, k)
				}
			}
			albums[group(x)] = a
		}
		if x.Genre != "" && !slices.Contains(a.Genres, x.Genre) {
			a.Genres = append(a.Genres, x.Genre)
		}
		song := &models.Song{Key: models.NewKey(), Library: library, Folder: a.Folder, Album: a.Key, AlbumName: a.Name, Suffix: "mp3", Size: 5 << 20, ModTime: 1,
			ObjectKey: fmt.Sprintf("%s/%05d %s.mp3", folder(x), first+i, x.Title), Created: cmp.Or(x.Created, s.now), Credits: credits[i]}
		song.Title, song.Artist, song.AlbumArtist, song.Tags.Album = x.Title, x.Artist, a.Artist, x.Album
		song.Artists = x.Artists
		song.Track, song.Disc, song.Date.Year = x.Track, x.Disc, x.Year
		song.Properties = models.Properties{ContentType: "audio/mpeg", Codec: "mp3", Duration: 200_000, BitRate: 320, SampleRate: 44100, Channels: 2}
		if x.Genre != "" {
			song.Genres = []string{x.Genre}
		}
		if x.Missing {
			missing = append(missing, song.Key)
		} else {
			a.Songs++
			a.Duration += song.Properties.Duration
		}
		changed[group(x)] = a
		fresh[song.Key] = true
		all, keys = append(all, song), append(keys, song.Key)
	}
	var grouped []GroupedAlbum
	for k, a := range changed {
		grouped = append(grouped, GroupedAlbum{a, k})
	}
	if err := s.SaveAlbums(grouped); err != nil {
		return nil, err
	}
	if err := s.SaveSongs(all, fresh); err != nil {
		return nil, err
	}
	return keys, s.SetMissing(missing, true)
}

func titles(songs []*models.Song) []string {
	out := make([]string, len(songs))
	for i, s := range songs {
		out[i] = s.Title
	}
	return out
}

func albumNames(albums []*models.Album) []string {
	out := make([]string, len(albums))
	for i, a := range albums {
		out[i] = a.Name
	}
	return out
}

func artistNames(artists []*models.Artist) []string {
	out := make([]string, len(artists))
	for i, a := range artists {
		out[i] = a.Name
	}
	return out
}
