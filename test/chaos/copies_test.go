package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage/mem"
	"github.com/songlocker/songlocker/test/music"
)

// doubles are three libraries of which the second and third hold what the
// first does, more or less: other formats, other folders, a song more or less,
// no tags, names by which nothing can be told apart.
func doubles() [3]*mem.Store {
	var files [3]map[string]string
	for i := range files {
		files[i] = map[string]string{}
	}
	put := func(library int, key string, seed uint64, t music.Tags) {
		suffix := key[strings.LastIndexByte(key, '.'):]
		files[library][key] = string(music.Bytes(music.Formats[suffix], &t, music.Sound{Seed: seed, Size: 1700}))
	}
	for a := range 10 {
		artist := fmt.Sprintf("Artist %02d", a)
		for b := range 3 {
			for n := 1; n <= 4; n++ {
				seed := uint64(a*100 + b*10 + n)
				t := music.Tags{Title: fmt.Sprintf("Song %d", n), Artist: artist, AlbumArtist: artist, Album: fmt.Sprintf("Album %d", b), Track: n, Tracks: 4, Year: 2000 + a, Genre: "Rock"}
				ids := t
				ids.MB = &music.IDs{Recording: fmt.Sprintf("%08d-0000-4000-a000-%012d", a, b*10+n), Release: fmt.Sprintf("%08d-1111-4000-a000-%012d", a, b), Artist: fmt.Sprintf("%08d-2222-4000-a000-000000000000", a)}
				dir := fmt.Sprintf("%s/Album %d", artist, b)
				switch a % 5 {
				case 0: // the same names, other formats and folders
					put(0, fmt.Sprintf("%s/%02d.mp3", dir, n), seed, t)
					put(1, fmt.Sprintf("ogg/%d-%d/%02d.ogg", a, b, n), seed, t)
				case 1: // ids in both, other names in one
					other := ids
					other.Title, other.Album = strings.ToUpper(t.Title)+" (Remaster)", t.Album+" (Remaster)"
					put(0, fmt.Sprintf("%s/%02d.flac", dir, n), seed, ids)
					put(1, fmt.Sprintf("%s/%02d.mp3", dir, n), seed, other)
				case 2: // ids in one only, a song less in one
					put(0, fmt.Sprintf("%s/%02d.mp3", dir, n), seed, t)
					if n < 4 {
						put(1, fmt.Sprintf("%s/%02d.flac", dir, n), seed, ids)
					}
				case 3: // two formats in one library
					put(0, fmt.Sprintf("flac/%s/%02d.flac", dir, n), seed, t)
					put(0, fmt.Sprintf("mp3/%s/%02d.mp3", dir, n), seed, t)
					put(1, fmt.Sprintf("%s/%02d.mp3", dir, n), seed, t)
				default: // the same files
					put(0, fmt.Sprintf("%s/%02d.mp3", dir, n), seed, t)
					put(1, fmt.Sprintf("%s/%02d.mp3", dir, n), seed, t)
				}
				// For the road: by path without tags, by tags at other paths, or not at all.
				switch (a + b) % 3 {
				case 0:
					put(2, fmt.Sprintf("%s/%02d.opus", dir, n), seed+5000, music.Tags{})
				case 1:
					put(2, fmt.Sprintf("road/%d/%d/%d.mp3", a, b, n), seed+5000, t)
				}
			}
		}
	}
	// Pictures of artists: in one library, in the other, in both, and in that
	// of copies.
	for library, artists := range [][]int{{1, 2, 4, 9}, {2, 3, 4, 9}, {1, 4, 5}} {
		for _, a := range artists {
			files[library][fmt.Sprintf("Artist %02d/artist.jpg", a)] = strings.Repeat("x", 10+a+library)
		}
	}
	return [3]*mem.Store{mem.New(files[0]), mem.New(files[1]), mem.New(files[2])}
}

// TestSameCopies finds the same copies in whatever order libraries are
// scanned and settings are set.
func TestSameCopies(t *testing.T) {
	stores := doubles()
	var want []string
	for _, engine := range engines() {
		for _, way := range []string{"p c 1 2 3", "p c 3 2 1", "1 2 3 p c", "2 1 c 3 p", "3 2 1 c p", "p 1 2 3 c f1 f2 f3", "1 c 2 p 3 p- p c- c"} {
			t.Run(engine+"/"+way, func(t *testing.T) {
				h := build(t, engine, "file:///one", scanner.Options{})
				for _, l := range []string{"s3://two", "s3://three"} {
					if _, err := h.catalog.AddLibrary(t.Context(), &models.Library{Location: l}); err != nil {
						t.Fatal(err)
					}
				}
				for _, step := range strings.Fields(way) {
					ctx := context.Background()
					var err error
					switch step {
					case "p":
						err = h.catalog.SetPrefer(ctx, catalog.PreferQuality)
					case "p-":
						err = h.catalog.SetPrefer(ctx, catalog.PreferAll)
					case "c", "c-":
						var l *models.Library
						if l, err = h.catalog.Library(ctx, 3); err == nil {
							l.Settings.CopiesOf = 2 - len(step) // of the first, or of none
							err = h.catalog.UpdateLibrary(ctx, l)
						}
					default:
						n := int(step[len(step)-1] - '0')
						h.library = n
						h.done(stores[n-1], scanner.Request{Full: len(step) > 1})
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				got := h.dump()
				if want == nil {
					want = got
					count := func(prefix string) (n int) {
						for _, l := range got {
							if strings.HasPrefix(l, prefix) {
								n++
							}
						}
						return n
					}
					// 6 of other formats, 6 by ids, 6 of two formats, 6 of the same files.
					if n := count("album copy "); n != 24 {
						t.Errorf("%d albums are shown once", n)
					}
					// Songs for the road have originals by path (6 albums: what
					// calls itself FLAC here is longer) and by tags (8).
					n := 0
					for _, l := range got {
						if strings.HasPrefix(l, "song 3:") && strings.Contains(l, ` "1:\"`) {
							n++
						}
					}
					if n != 56 {
						t.Errorf("%d songs for the road", n)
					}
					return
				}
				if d := differences(want, got); !slices.Equal(want, got) {
					t.Errorf("another catalog:\n%s", d)
				}
			})
		}
	}
}

// TestPicturesOfArtistsComeBack lists a library again that held copies.
func TestPicturesOfArtistsComeBack(t *testing.T) {
	stores := doubles()
	h := build(t, "sqlite", "file:///one", scanner.Options{})
	if _, err := h.catalog.AddLibrary(t.Context(), &models.Library{Location: "s3://two"}); err != nil {
		t.Fatal(err)
	}
	copies := func(of int) {
		t.Helper()
		l, err := h.catalog.Library(t.Context(), 2)
		if err == nil {
			l.Settings.CopiesOf = of
			err = h.catalog.UpdateLibrary(t.Context(), l)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	shown := func(what string, want bool) {
		t.Helper()
		got := slices.ContainsFunc(h.dump(), func(l string) bool {
			return strings.HasPrefix(l, "picture ar") && strings.Contains(l, "Artist 05/artist.jpg")
		})
		if got != want {
			t.Errorf("%s the artist has a picture: %v", what, got)
		}
	}
	h.done(stores[0], scanner.Request{})
	h.library = 2
	h.done(stores[2], scanner.Request{})
	shown("at first", true)
	copies(1)
	shown("among copies", false)
	h.done(stores[2], scanner.Request{Full: true})
	shown("scanned among copies", false)
	copies(0)
	h.done(stores[2], scanner.Request{})
	shown("listed again", true)
	if err := h.catalog.RemoveLibrary(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	shown("removed", false)
	if _, err := h.catalog.AddLibrary(t.Context(), &models.Library{Location: "s3://two"}); err != nil {
		t.Fatal(err)
	}
	h.done(stores[2], scanner.Request{})
	shown("added again", true)
}
