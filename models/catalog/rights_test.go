package catalog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// Two libraries with the same artist and genre in both, and some of either
// alone. Every name tells its library.
func rightsSongs(library string) []seedSong {
	var songs []seedSong
	for i := range 6 {
		songs = append(songs, seedSong{Title: fmt.Sprintf("Song %d %s", i, library), Artist: "Both", Album: fmt.Sprintf("Album %d %s", i/2, library), Genre: "Rock", Year: 1990 + i})
	}
	return append(songs, seedSong{Title: "Only " + library, Artist: "Artist " + library, Album: "Alone " + library, Genre: "Genre " + library, Year: 2001},
		seedSong{Title: "Away " + library, Artist: "Away " + library, Album: "Away " + library, Genre: "Away " + library, Missing: true})
}

var albumLists = []AlbumList{
	{By: "random"}, {By: "newest"}, {By: "highest"}, {By: "frequent"}, {By: "recent"}, {By: "alphabeticalByName"}, {By: "alphabeticalByArtist"},
	{By: "starred"}, {By: "byYear", FromYear: 1900, ToYear: 2100}, {By: "byYear", FromYear: 2100, ToYear: 1900}, {By: "byGenre", Genre: "rock"},
}

// TestNothingLeaks reads everything as viewers with different rights: each
// sees what its rights name, in lists, totals and counts, and nothing else.
func TestNothingLeaks(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		ctx := context.Background()
		keys := slices.Concat(seed(t, c, 1, rightsSongs("One")), seed(t, c, 2, rightsSongs("Two")))
		owner := Viewer{User: 1, Libraries: []int{1, 2}}
		every, err := c.Songs(ctx, owner, keys)
		if err != nil || len(every) != 14 {
			t.Fatalf("%d songs: %v", len(every), err)
		}
		granted := []models.Key{keys[8], keys[9], keys[10]} // of Two: all of album 0, half of album 1
		granted = append(granted, keys[15])                 // missing
		const guest, stranger = 5, 6
		err = c.write(ctx, func(tx *gorm.DB) error {
			for _, user := range []int{1, 2, 3, 4, guest, stranger} {
				// Everybody has starred, rated and played everything.
				for _, s := range every {
					for _, id := range []models.ID{{Kind: models.KindSong, Key: s.Annot}, {Kind: models.KindAlbum, Key: s.Album}, {Kind: models.KindArtist, Key: s.Credits[0].Artist}, {Kind: models.KindFolder, Key: s.Folder}} {
						if err := tx.Exec(`INSERT INTO user_items (user_id, kind, item_id, starred_at, rating, play_count, played_at) VALUES (?, ?, ?, 5, 4, 3, 2) ON CONFLICT DO NOTHING`, user, id.Kind, id.Key).Error; err != nil {
							return err
						}
					}
				}
			}
			for _, user := range []int{guest, stranger} {
				for _, k := range granted {
					if err := tx.Exec(`INSERT INTO granted_songs (user_id, song_id) VALUES (?, ?)`, user, k).Error; err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []struct {
			name  string
			v     Viewer
			sees  func(title string) bool
			songs int
		}{
			{"both", owner, func(string) bool { return true }, 14},
			{"one", Viewer{User: 2, Libraries: []int{1}}, func(s string) bool { return strings.HasSuffix(s, "One") }, 7},
			{"two", Viewer{User: 3, Libraries: []int{2}}, func(s string) bool { return strings.HasSuffix(s, "Two") }, 7},
			{"none", Viewer{User: 4}, func(string) bool { return false }, 0},
			{"one and some of two", Viewer{User: guest, Libraries: []int{1}, Granted: true}, func(s string) bool {
				return strings.HasSuffix(s, "One") || slices.Contains([]string{"Song 0 Two", "Song 1 Two", "Song 2 Two"}, s)
			}, 10},
			{"some of two", Viewer{User: stranger, Granted: true}, func(s string) bool {
				return slices.Contains([]string{"Song 0 Two", "Song 1 Two", "Song 2 Two"}, s)
			}, 3},
			{"both but one", owner.Without([]int{1}), func(s string) bool { return strings.HasSuffix(s, "Two") }, 7},
			{"one without some of two", Viewer{User: guest, Libraries: []int{1}, Granted: true}.Without([]int{2}), func(s string) bool { return strings.HasSuffix(s, "One") }, 7},
			{"one of both", owner.In(1), func(s string) bool { return strings.HasSuffix(s, "One") }, 7},
			{"a library of others", Viewer{User: 2, Libraries: []int{1}}.In(2), func(string) bool { return false }, 0},
		} {
			t.Run(who.name, func(t *testing.T) {
				v := who.v
				albums, artists, genres := map[string]int{}, map[string]map[string]bool{}, map[string]int{}
				for _, s := range every {
					if who.sees(s.Title) {
						albums[s.AlbumName]++
						if artists[s.Artist] == nil {
							artists[s.Artist] = map[string]bool{}
						}
						artists[s.Artist][s.AlbumName] = true
						genres[s.Genres[0]]++
					}
				}
				check := func(what string, got []*models.Song, err error, want int) {
					t.Helper()
					for _, s := range got {
						if !who.sees(s.Title) {
							t.Errorf("%s shows %q", what, s.Title)
						}
						if s.User.StarredAt != 5 {
							t.Errorf("%s: %q lacks its star", what, s.Title)
						}
					}
					if err != nil || len(got) != want {
						t.Errorf("%s: %d songs %q, want %d: %v", what, len(got), titles(got), want, err)
					}
				}
				checkAlbums := func(what string, got []*models.Album, err error, want int) {
					t.Helper()
					for _, a := range got {
						if albums[a.Name] == 0 || a.Songs != albums[a.Name] || a.Duration != int64(albums[a.Name])*200_000 {
							t.Errorf("%s shows %q with %d songs of %d ms, want %d", what, a.Name, a.Songs, a.Duration, albums[a.Name])
						}
					}
					if err != nil || len(got) != want {
						t.Errorf("%s: %d albums %q, want %d: %v", what, len(got), albumNames(got), want, err)
					}
				}
				checkArtists := func(what string, got []*models.Artist, err error) {
					t.Helper()
					for _, a := range got {
						if artists[a.Name] == nil || a.Albums != len(artists[a.Name]) {
							t.Errorf("%s shows %q with %d albums, want %d", what, a.Name, a.Albums, len(artists[a.Name]))
						}
					}
					if err != nil || len(got) != len(artists) {
						t.Errorf("%s: %d artists %q, want %d: %v", what, len(got), artistNames(got), len(artists), err)
					}
				}

				songs, err := c.Songs(ctx, v, keys)
				check("Songs", songs, err, who.songs)
				for _, s := range every {
					seen, err := c.AlbumSongs(ctx, v, s.Album)
					check("AlbumSongs", seen, err, albums[s.AlbumName])
					seen, err = c.FolderSongs(ctx, v, s.Folder)
					check("FolderSongs", seen, err, albums[s.AlbumName])
					if _, err := c.Song(ctx, v, s.Key); (err == nil) != who.sees(s.Title) {
						t.Errorf("Song %q: %v", s.Title, err)
					}
					if _, err := c.Album(ctx, v, s.Album); (err == nil) != (albums[s.AlbumName] > 0) {
						t.Errorf("Album %q: %v", s.AlbumName, err)
					}
					if _, err := c.Artist(ctx, v, s.Credits[0].Artist); (err == nil) != (artists[s.Artist] != nil) {
						t.Errorf("Artist %q: %v", s.Artist, err)
					}
					if _, err := c.Folder(ctx, v, s.Folder); (err == nil) != (albums[s.AlbumName] > 0) {
						t.Errorf("Folder of %q: %v", s.AlbumName, err)
					}
				}
				for _, l := range albumLists {
					l.Size = 100
					want := len(albums)
					if l.By == "byGenre" {
						want = 0
						for name := range albums {
							if strings.HasPrefix(name, "Album") {
								want++
							}
						}
					}
					got, total, err := c.Albums(ctx, v, l)
					checkAlbums(l.By, got, err, want)
					if total != want {
						t.Errorf("%s counts %d albums, want %d", l.By, total, want)
					}
				}
				list, err := c.Artists(ctx, v)
				checkArtists("Artists", list, err)
				for _, a := range list {
					got, err := c.ArtistAlbums(ctx, v, a.Key)
					checkAlbums("ArtistAlbums", got, err, len(artists[a.Name]))
					sum := 0
					for name := range artists[a.Name] {
						sum += albums[name]
					}
					seen, err := c.ArtistSongs(ctx, v, a.Key)
					check("ArtistSongs", seen, err, sum)
				}
				found, err := c.Genres(ctx, v)
				if err != nil || len(found) != len(genres) {
					t.Errorf("Genres: %v, want %v: %v", found, genres, err)
				}
				for _, g := range found {
					if genres[g.Name] != g.Songs || g.Songs == 0 {
						t.Errorf("genre %q has %d songs, want %d", g.Name, g.Songs, genres[g.Name])
					}
				}
				songs, err = c.RandomSongs(ctx, v, SongList{Size: 100})
				check("RandomSongs", songs, err, who.songs)
				songs, err = c.RandomSongs(ctx, v, SongList{Size: 100, Genre: "ROCK", FromYear: 1990, ToYear: 1995})
				check("RandomSongs of a genre", songs, err, genres["Rock"])
				songs, err = c.SongsByGenre(ctx, v, SongList{Size: 100, Genre: "rock"})
				check("SongsByGenre", songs, err, genres["Rock"])
				starredArtists, starredAlbums, starred, folders, err := c.Starred(ctx, v)
				check("Starred", starred, err, who.songs)
				checkAlbums("Starred", starredAlbums, err, len(albums))
				checkArtists("Starred", starredArtists, err)
				if len(folders) != len(albums) {
					t.Errorf("Starred: %d folders, want %d", len(folders), len(albums))
				}
				for _, text := range []string{"", "song", "one", "two", "both", "o", "away"} {
					r, err := c.Search(ctx, v, SearchQuery{Text: text, Artists: 100, Albums: 100, Songs: 100})
					if err != nil {
						t.Fatal(err)
					}
					for _, s := range r.Songs {
						if !who.sees(s.Title) {
							t.Errorf("Search %q shows %q", text, s.Title)
						}
					}
					for _, a := range r.Albums {
						if albums[a.Name] != a.Songs {
							t.Errorf("Search %q shows %q with %d songs", text, a.Name, a.Songs)
						}
					}
					for _, a := range r.Artists {
						if artists[a.Name] == nil {
							t.Errorf("Search %q shows %q", text, a.Name)
						}
					}
				}
				r, err := c.Search(ctx, v, SearchQuery{Text: "both", Artists: 10, Albums: 10, Songs: 100})
				check("Search by artist", r.Songs, err, genres["Rock"])
				songs, total, err := c.SearchFields(ctx, v, "both", "", "", "", 0, 100, 0)
				check("SearchFields", songs, err, genres["Rock"])
				if total != genres["Rock"] {
					t.Errorf("SearchFields counts %d", total)
				}
				tops, err := c.TopFolders(ctx, v)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range tops {
					if !v.Reads(f.Library) && !v.Granted {
						t.Errorf("TopFolders shows %q", f.Path)
					}
				}
			})
		}
	})
}

// TestGrantsTakeEffect gives and takes a right between two readings.
func TestGrantsTakeEffect(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		ctx := context.Background()
		keys := seed(t, c, 1, rightsSongs("One"))
		u := &models.User{Name: "guest"}
		if err := c.CreateUser(ctx, u, []int{}); err != nil {
			t.Fatal(err)
		}
		s, err := c.Song(ctx, Viewer{Libraries: []int{1}}, keys[0])
		if err != nil {
			t.Fatal(err)
		}
		right := Access{User: u.Key, Scope: ScopeAlbum, ID: int64(s.Album), Right: RightRead}
		reads := func() (songs, albums, found int) {
			t.Helper()
			u, err := c.UserByKey(ctx, u.Key)
			if err != nil {
				t.Fatal(err)
			}
			v := c.Viewer(u)
			list, err := c.RandomSongs(ctx, v, SongList{Size: 100})
			if err != nil {
				t.Fatal(err)
			}
			_, albums, err = c.Albums(ctx, v, AlbumList{By: "alphabeticalByName", Size: 100})
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.Search(ctx, v, SearchQuery{Text: "song", Songs: 100})
			if err != nil {
				t.Fatal(err)
			}
			return len(list), albums, len(r.Songs)
		}
		want := func(when string, n, m int) {
			t.Helper()
			if songs, albums, found := reads(); songs != n || albums != m || found != n {
				t.Errorf("%s: %d songs, %d albums, %d found; want %d, %d", when, songs, albums, found, n, m)
			}
		}
		want("before", 0, 0)
		if err := c.Grant(ctx, right); err != nil {
			t.Fatal(err)
		}
		want("granted", 2, 1)
		if err := c.Revoke(ctx, right); err != nil {
			t.Fatal(err)
		}
		want("revoked", 0, 0)
	})
}
