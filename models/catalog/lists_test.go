package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// Six albums of one song each: name, artist, year, order of arrival. Two have
// the same year, one has none.
func listSongs() []seedSong {
	var songs []seedSong
	for i, f := range []struct {
		album, artist string
		year          int
	}{
		{"éclair", "Zoë", 2003}, {"Banana", "the Who", 1969}, {"apple", "ABBA", 1976}, {"Cherry", "abba", 1976}, {"Date", "Ärzte", 0}, {"東京", "Björk", 2010},
	} {
		songs = append(songs, seedSong{Title: f.album + " song", Artist: f.artist, Album: f.album, Year: f.year, Created: int64(1000 + i), Genre: []string{"Hip-Hop", "hip hop", "Jazz"}[i%3]})
	}
	return songs
}

func TestAlbumLists(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		ctx, v := context.Background(), Viewer{User: 1, Libraries: []int{1}}
		keys := seed(t, c, 1, listSongs())
		songs, err := c.Songs(ctx, v, keys)
		if err != nil {
			t.Fatal(err)
		}
		err = c.write(ctx, func(tx *gorm.DB) error {
			for i, s := range songs[:3] {
				err := tx.Exec(`INSERT INTO user_items (user_id, kind, item_id, starred_at, rating, play_count, played_at) VALUES (1, 'al', ?, ?, ?, ?, ?), (2, 'al', ?, 9, 5, 90, 90)`,
					s.Album, 10+i, 1+i, 30-i, []int{5, 9, 7}[i], songs[5-i].Album).Error
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range []struct {
			list AlbumList
			want string
		}{
			{AlbumList{By: "alphabeticalByName"}, "apple Banana Cherry Date éclair 東京"},
			{AlbumList{By: "alphabeticalByArtist"}, "apple Cherry Date 東京 Banana éclair"},
			{AlbumList{By: "newest"}, "東京 Date Cherry apple Banana éclair"},
			{AlbumList{By: "byYear", FromYear: 1969, ToYear: 2003}, "Banana apple Cherry éclair"},
			{AlbumList{By: "byYear", FromYear: 2003, ToYear: 1969}, "éclair apple Cherry Banana"},
			{AlbumList{By: "byYear", FromYear: 1976, ToYear: 1976}, "apple Cherry"},
			{AlbumList{By: "byYear", FromYear: 1980, ToYear: 1990}, ""},
			{AlbumList{By: "byGenre", Genre: "HIPHOP"}, "Banana Cherry Date éclair"},
			{AlbumList{By: "byGenre", Genre: "Polka"}, ""},
			{AlbumList{By: "starred"}, "apple Banana éclair"},
			{AlbumList{By: "highest"}, "apple Banana éclair"},
			{AlbumList{By: "frequent"}, "éclair Banana apple"},
			{AlbumList{By: "recent"}, "Banana apple éclair"},
		} {
			whole := row.list
			whole.Size = 500
			got, total, err := c.Albums(ctx, v, whole)
			names := albumNames(got)
			if err != nil || strings.Join(names, " ") != row.want || total != len(got) {
				t.Errorf("%+v: %q of %d, %v; want %s", row.list, names, total, err, row.want)
			}
			// Pages of every size are the list, and count the whole.
			for size := 1; size <= 7; size++ {
				var paged []string
				for at := 0; at < 14; at += size {
					l := row.list
					l.Size, l.Offset = size, at
					part, n, err := c.Albums(ctx, v, l)
					if err != nil || n != total || len(part) > size {
						t.Errorf("%+v: %d of %d, %v", l, len(part), n, err)
					}
					paged = append(paged, albumNames(part)...)
				}
				if !slices.Equal(paged, names) {
					t.Errorf("%+v in pages of %d: %q", row.list, size, paged)
				}
			}
		}
		some, total, err := c.Albums(ctx, v, AlbumList{By: "random", Size: 4})
		if err != nil || len(some) != 4 || total != 6 {
			t.Errorf("random: %q of %d, %v", albumNames(some), total, err)
		}
		for _, l := range []AlbumList{{By: "newest"}, {By: "newest", Size: -1}, {By: "starred", Size: -1}, {By: "newest", Size: 5, Offset: 1 << 60}} {
			if got, _, err := c.Albums(ctx, v, l); err != nil || len(got) != 0 {
				t.Errorf("%+v: %q %v", l, albumNames(got), err)
			}
		}
		if got, _, err := c.Albums(ctx, v, AlbumList{By: "newest", Size: 1 << 60, Offset: -1 << 60}); err != nil || len(got) != 6 {
			t.Errorf("a huge page from before the first: %q %v", albumNames(got), err)
		}
		if _, _, err := c.Albums(ctx, v, AlbumList{By: "nonsense", Size: 1}); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("an unknown list: %v", err)
		}
	})
}

func TestArtistOrder(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		songs := append(listSongs(), seedSong{Title: "x", Artist: "The Beatles", ArtistSort: "Beatles, The", Album: "Help!"}, seedSong{Title: "y", Artist: "Guest", AlbumArtist: "ABBA", Album: "apple", Year: 1976})
		seed(t, c, 1, songs)
		list, err := c.Artists(context.Background(), Viewer{Libraries: []int{1}})
		got := strings.Join(artistNames(list), "; ")
		// One artist is ABBA and abba; a guest is no album artist.
		if want := "ABBA; Ärzte; The Beatles; Björk; the Who; Zoë"; err != nil || got != want {
			t.Errorf("artists %s, want %s: %v", got, want, err)
		}
	})
}

// TestListsFollowWrites reads every cached list before and after a write.
func TestListsFollowWrites(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		ctx, v := context.Background(), Viewer{User: 1, Libraries: []int{1}}
		read := func() string {
			t.Helper()
			var out []string
			for _, l := range []AlbumList{{By: "newest"}, {By: "alphabeticalByName"}, {By: "alphabeticalByArtist"}, {By: "byYear", ToYear: 3000}, {By: "byGenre", Genre: "jazz"}, {By: "random"}} {
				l.Size = 500
				got, total, err := c.Albums(ctx, v, l)
				if err != nil || len(got) != total {
					t.Fatal(err)
				}
				out = append(out, fmt.Sprint(total))
			}
			artists, err := c.Artists(ctx, v)
			if err != nil {
				t.Fatal(err)
			}
			all, err := c.RandomSongs(ctx, v, SongList{Size: 500})
			if err != nil {
				t.Fatal(err)
			}
			jazz, err := c.SongsByGenre(ctx, v, SongList{Genre: "Jazz", Size: 500})
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(append(out, fmt.Sprint(len(artists)), fmt.Sprint(len(all)), fmt.Sprint(len(jazz))), " ")
		}
		for i := range 3 {
			if got, want := read(), strings.TrimSpace(strings.Repeat(fmt.Sprint(i, " "), 9)); got != want {
				t.Errorf("after %d writes: %s", i, got)
			}
			before := c.Version()
			seed(t, c, 1, []seedSong{{Title: fmt.Sprint("T", i), Artist: fmt.Sprint("A", i), Album: fmt.Sprint("B", i), Genre: "Jazz", Year: 2000}})
			if c.Version() <= before {
				t.Error("a scan leaves the version")
			}
		}
		version := c.Version()
		if err := c.Star(ctx, v, nil, true); err != nil || c.Version() != version {
			t.Errorf("a star changes the catalog's version: %v", err)
		}
	})
}

func TestRandomSongs(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		ctx, v := context.Background(), Viewer{User: 1, Libraries: []int{1}}
		seed(t, c, 1, listSongs())
		for _, row := range []struct {
			list SongList
			want int
		}{
			{SongList{Size: 3}, 3}, {SongList{Size: 100}, 6}, {SongList{Size: -1}, 0}, {SongList{Size: 0}, 0},
			{SongList{Size: 9, Genre: "jazz"}, 2}, {SongList{Size: 9, FromYear: 1976}, 4}, {SongList{Size: 9, ToYear: 1976}, 3},
			{SongList{Size: 9, FromYear: 1976, ToYear: 1976}, 2}, {SongList{Size: 9, FromYear: 2005, ToYear: 2000}, 0}, {SongList{Size: 9, Genre: "hip hop", ToYear: 1976}, 2},
		} {
			got, err := c.RandomSongs(ctx, v, row.list)
			all := titles(got)
			slices.Sort(all)
			if err != nil || len(got) != row.want || len(slices.Compact(all)) != row.want {
				t.Errorf("%+v: %q, want %d: %v", row.list, all, row.want, err)
			}
		}
	})
}
