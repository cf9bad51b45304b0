package catalog

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/songlocker/songlocker/models"
)

var benchWords = []string{"love", "night", "river", "stone", "golden", "fire", "dream", "shadow", "light", "summer", "winter", "heart", "road", "blue", "silver", "dance", "ghost", "ocean", "city", "wild",
	"midnight", "echo", "morning", "star", "moon", "train", "letter", "garden", "mirror", "thunder", "paper", "velvet", "broken", "electric", "lonely", "crystal", "highway", "desert", "island", "storm"}

// benchSongs makes n songs of a small vocabulary, ten to an album.
func benchSongs(n int) []seedSong {
	r := rand.New(rand.NewPCG(1, 2))
	word := func() string { return benchWords[r.IntN(len(benchWords))] }
	songs := make([]seedSong, n)
	for i := range songs {
		album := i / 10
		artist := album % max(n/100, 1)
		songs[i] = seedSong{
			Title:  fmt.Sprintf("%s %s of the %s %d", word(), word(), word(), r.IntN(1000)),
			Artist: fmt.Sprintf("The %s %s %d", benchWords[artist%40], benchWords[artist/40%40], artist),
			Album:  fmt.Sprintf("%s %s %d", benchWords[album%40], benchWords[album/40%40], album),
			Genre:  benchWords[artist%20], Year: 1960 + album%60, Track: i%10 + 1, Disc: 1,
		}
	}
	return songs
}

func benchCatalog(b *testing.B, n int) (*Catalog, []models.Key) {
	b.Helper()
	c := open(b, "sqlite:"+filepath.Join(b.TempDir(), "catalog.db"))
	return c, seed(b, c, 1, benchSongs(n))
}

// perOp runs f b.N times and reports its CPU time beside the wall clock's,
// which other work on the machine disturbs.
func perOp(b *testing.B, f func() error) {
	b.Helper()
	b.ReportAllocs()
	cpu := func() int64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := cpu()
	for range b.N {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(cpu()-before)/float64(b.N)/1000, "cpu-us/op")
}

var benchViewer = Viewer{User: 7, Libraries: []int{1, 2}}

func BenchmarkReads(b *testing.B) {
	c, keys := benchCatalog(b, 10_000)
	ctx := context.Background()
	r := rand.New(rand.NewPCG(3, 4))
	r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	for _, n := range []int{1, 20, 500} {
		b.Run(fmt.Sprintf("Songs%d", n), func(b *testing.B) {
			perOp(b, func() error {
				list, err := c.Songs(ctx, benchViewer, keys[:n])
				if err == nil && len(list) != n {
					err = fmt.Errorf("%d songs", len(list))
				}
				return err
			})
		})
	}
	for _, n := range []int{20, 500} {
		b.Run(fmt.Sprintf("Albums%d", n), func(b *testing.B) {
			perOp(b, func() error {
				list, _, err := c.Albums(ctx, benchViewer, AlbumList{By: "alphabeticalByName", Size: n, Offset: 100})
				if err == nil && len(list) != n {
					err = fmt.Errorf("%d albums", len(list))
				}
				return err
			})
		})
	}
	b.Run("Artists", func(b *testing.B) {
		perOp(b, func() error {
			_, err := c.Artists(ctx, benchViewer)
			return err
		})
	})
	song, err := c.Song(ctx, benchViewer, keys[0])
	if err != nil {
		b.Fatal(err)
	}
	b.Run("AlbumSongs", func(b *testing.B) {
		perOp(b, func() error {
			_, err := c.AlbumSongs(ctx, benchViewer, song.Album)
			return err
		})
	})
	for _, text := range []string{"love", "river stone", "thunder 77", "xyzzy", "e", "the"} {
		b.Run("Search/"+text, func(b *testing.B) {
			perOp(b, func() error {
				_, err := c.Search(ctx, benchViewer, SearchQuery{Text: text, Artists: 20, Albums: 20, Songs: 20})
				return err
			})
		})
	}
}

// BenchmarkMany reads a catalog that is far larger than what is kept decoded.
func BenchmarkMany(b *testing.B) {
	c, _ := benchCatalog(b, 100_000)
	ctx := context.Background()
	b.Run("Random500", func(b *testing.B) {
		perOp(b, func() error {
			list, err := c.RandomSongs(ctx, benchViewer, SongList{Size: 500})
			if err == nil && len(list) != 500 {
				err = fmt.Errorf("%d songs", len(list))
			}
			return err
		})
	})
	i := 0
	b.Run("SearchOneWord", func(b *testing.B) {
		perOp(b, func() error {
			i++
			_, err := c.Search(ctx, benchViewer, SearchQuery{Text: benchWords[i%len(benchWords)], Artists: 20, Albums: 20, Songs: 20})
			return err
		})
	})
}

// BenchmarkIndex builds and searches the index of 100,000 songs.
func BenchmarkIndex(b *testing.B) {
	c, _ := benchCatalog(b, 100_000)
	ctx := context.Background()
	x, err := c.buildIndex(ctx)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Build", func(b *testing.B) {
		perOp(b, func() error {
			_, err := c.buildIndex(ctx)
			return err
		})
	})
	for _, text := range []string{"love", "ove", "999", "river stone", "ver one", "thunder 77", "xyzzy", "e", "the", "the love"} {
		b.Run(text, func(b *testing.B) {
			perOp(b, func() error {
				s, err := c.newSearch(ctx, benchViewer, x)
				for kind := range kinds {
					s.rank(kind, text, searchWords(text), 0, 20)
				}
				return err
			})
		})
	}
}
