package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
	"github.com/songlocker/songlocker/test/music"
)

// motley is a library in which order could matter: names and genres that
// differ by case, artists with and without MusicBrainz ids, releases over
// several folders, discs, equal sounds, files without tags and broken ones.
func motley() map[string]string {
	files := map[string]string{}
	suffixes := []string{".mp3", ".flac", ".opus", ".ogg", ".m4a", ".wav"}
	seed := uint64(0)
	put := func(key string, t music.Tags) {
		seed++
		suffix := key[strings.LastIndexByte(key, '.'):]
		files[key] = string(music.Bytes(music.Formats[suffix], &t, music.Sound{Seed: seed, Size: 1700}))
	}
	for a := range 48 {
		artist := fmt.Sprintf("Artist %02d", a)
		for b := range 3 {
			album := fmt.Sprintf("Album %d", b)
			for n := 1; n <= 7; n++ {
				t := music.Tags{Title: fmt.Sprintf("Song %d", n), Artist: artist, AlbumArtist: artist, Album: album, Track: n, Tracks: 7, Year: 1970 + a, Genre: "Hip-Hop"}
				suffix := suffixes[(a+b)%len(suffixes)]
				folder := artist + "/" + album
				switch a % 12 {
				case 1: // case of names and genres
					if b == 1 {
						t.Artist, t.AlbumArtist, t.Genre = strings.ToUpper(artist), strings.ToUpper(artist), "hip hop"
					}
				case 2: // no album artist
					t.AlbumArtist, t.Genre = "", "HIPHOP"
				case 3: // a compilation of everybody
					t.Artist, t.AlbumArtist, t.Compilation = fmt.Sprintf("Artist %02d", (a+n)%48), "", true
				case 4: // one release over all folders of the artist
					t.Album, t.Disc = "Box", b+1
					t.MB = &music.IDs{Recording: fmt.Sprintf("%08d-0000-4000-a000-%012d", a, b*10+n), Release: fmt.Sprintf("%08d-1111-4000-a000-000000000000", a), Artist: fmt.Sprintf("%08d-2222-4000-a000-000000000000", a)}
				case 5: // discs
					folder = artist + fmt.Sprintf("/Box/CD%d", b+1)
					t.Album, t.Disc = "Box", b+1
				case 6: // people of one name with ids
					t.Artist, t.AlbumArtist = "Nirvana", "Nirvana"
					if b > 0 {
						t.MB = &music.IDs{Release: fmt.Sprintf("%08d-3333-4000-a000-%012d", a, b), Artist: fmt.Sprintf("%08d-4444-4000-a000-%012d", a%24, b)}
					}
				case 7: // no tags at all
					t = music.Tags{}
				case 8: // one album in two folders, written in two ways
					t.Album = "Twice"
					if b == 1 {
						t.Album = "TWICE"
					}
				case 9: // guests
					t.Artist = artist + " feat. Artist 01"
					t.Artists = []string{artist, "artist 01"}
				case 10: // one id, two names
					t.MB = &music.IDs{Artist: fmt.Sprintf("%08d-5555-4000-a000-000000000000", a)}
					if b != 1 {
						t.Artist, t.AlbumArtist = artist+" Quartet", artist+" Quartet"
					}
					if n == 7 {
						t.MB = nil
					}
				}
				put(fmt.Sprintf("%s/%02d%s", folder, n, suffix), t)
			}
			if a%4 == 0 {
				files[artist+"/"+album+"/cover.jpg"] = artist
				files[artist+"/artist.jpg"] = artist + " in person"
				files[artist+"/"+album+"/03.lrc"] = "[00:01.00]la"
			}
		}
	}
	for n := range 20 {
		files[fmt.Sprintf("Loose %02d.mp3", n)] = files[fmt.Sprintf("Artist %02d/Album 0/01%s", 0, ".mp3")]
		files[fmt.Sprintf("Best of/Silence/%02d.mp3", n)] = string(music.Bytes(music.MP3, &music.Tags{Title: "Silence", Artist: "Nobody", Album: "Silence", Track: n + 1}, music.Sound{Seed: 1, Size: 1700}))
		files[fmt.Sprintf("Broken/%02d.flac", n)] = "no music"
	}
	files["Bytes \xff\xfe/01 \xfc.mp3"] = files["Best of/Silence/01.mp3"] + "x"
	return files
}

// ordered lists a store in the order of the keys or against it.
type ordered struct {
	storage.Store
	backward bool
}

func (s ordered) List(ctx context.Context, prefix string, yield func(storage.Object) error) error {
	var all []storage.Object
	if err := s.Store.List(ctx, prefix, func(o storage.Object) error { all = append(all, o); return nil }); err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b storage.Object) int { return strings.Compare(a.Key, b.Key) })
	if s.backward {
		slices.Reverse(all)
	}
	for _, o := range all {
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

// TestSameFilesSameCatalog scans the same files in every way there is.
func TestSameFilesSameCatalog(t *testing.T) {
	store := mem.New(motley())
	var want []string
	for _, engine := range engines() {
		for _, way := range []struct {
			name    string
			readers int
			scan    func(h *house)
		}{
			{"one reader", 1, func(h *house) { h.done(ordered{store, false}, scanner.Request{}) }},
			{"eight readers", 8, func(h *house) { h.done(store, scanner.Request{}) }},
			{"backward", 1, func(h *house) { h.done(ordered{store, true}, scanner.Request{}) }},
			{"twice", 8, func(h *house) {
				h.done(store, scanner.Request{})
				h.done(store, scanner.Request{})
			}},
			{"in full again", 8, func(h *house) {
				h.done(store, scanner.Request{})
				h.done(store, scanner.Request{Full: true})
			}},
			{"folder by folder", 8, func(h *house) { byFolder(h, store, 1) }},
			{"folder by folder in another order", 8, func(h *house) { byFolder(h, store, 2) }},
			{"killed again and again", 8, func(h *house) { killed(h, store) }},
		} {
			if engine != "sqlite" && slices.Contains([]string{"one reader", "twice", "backward", "folder by folder in another order"}, way.name) {
				continue // what differs there is the scanner's, not the database's
			}
			t.Run(engine+"/"+way.name, func(t *testing.T) {
				h := build(t, engine, "file:///motley", scanner.Options{Readers: way.readers})
				way.scan(h)
				got := h.dump()
				if want == nil {
					want = got
				}
				if d := differences(want, got); d != "" {
					t.Errorf("another catalog than by one reader on SQLite:\n%s", d)
				}
			})
		}
	}
	if len(want) < 5000 {
		t.Errorf("the dump has %d lines only", len(want))
	}
}

// byFolder scans every folder by itself, in an order of its own, as a watcher
// names them, and the files of the root at last.
func byFolder(h *house, store storage.Store, seed uint64) {
	h.t.Helper()
	folders := map[string]bool{}
	err := store.List(context.Background(), "", func(o storage.Object) error {
		folders[storage.Folder(o.Key)] = true
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
	var list []string
	for f := range folders {
		if f != "" {
			list = append(list, f)
		}
	}
	slices.Sort(list)
	r := rand.New(rand.NewPCG(seed, 0))
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for _, f := range list {
		h.done(store, scanner.Request{Prefixes: []string{f}})
	}
	h.done(store, scanner.Request{})
}

// killed stops a scan while it reads, further on with each attempt, until one
// comes to its end.
func killed(h *house, store storage.Store) {
	h.t.Helper()
	for after := int64(300); ; after += 150 {
		ctx, stop := context.WithCancel(context.Background())
		run, err := h.scan(ctx, &stopping{Store: store, after: after, stop: stop}, scanner.Request{})
		stop()
		if err == nil {
			return
		}
		if !errors.Is(err, context.Canceled) || run.State != models.ScanStopped {
			h.t.Fatalf("%v: %+v", err, run)
		}
	}
}

// stopping calls stop when so many files have been opened.
type stopping struct {
	storage.Store
	after  int64
	stop   func()
	opened atomic.Int64
}

func (s *stopping) File(ctx context.Context, key string) (storage.File, error) {
	if s.opened.Add(1) == s.after {
		s.stop()
	}
	return s.Store.File(ctx, key)
}

// TestUnchangedLibraryIsNotRead counts what a rescan asks of the store, and
// wants the catalog untouched.
func TestUnchangedLibraryIsNotRead(t *testing.T) {
	store := mem.New(motley())
	for _, engine := range engines() {
		t.Run(engine, func(t *testing.T) {
			h := build(t, engine, "file:///motley", scanner.Options{})
			h.done(store, scanner.Request{})
			version := h.catalog.Version()
			changed, err := h.catalog.Changed(t.Context(), h.user("ana"))
			if err != nil {
				t.Fatal(err)
			}
			was := h.dump()
			for _, prefixes := range [][]string{nil, {"Artist 05/"}, {"Artist 05/Box/CD2/", "Broken/"}} {
				run := h.done(store, scanner.Request{Prefixes: prefixes})
				if lists := int64(max(1, len(prefixes))); run.Requests != lists || run.Lists != lists || run.Bytes != 0 || run.Read != 0 {
					t.Errorf("%q: want %d listings and nothing else: %+v", prefixes, lists, run)
				}
				if now, err := h.catalog.Changed(t.Context(), h.viewer("ana")); err != nil || now != changed || h.catalog.Version() != version {
					t.Errorf("%q: the catalog was written: changed at %d, was %d; version %d, was %d; %v", prefixes, now, changed, h.catalog.Version(), version, err)
				}
			}
			if d := differences(was, h.dump()); d != "" {
				t.Errorf("the catalog has changed:\n%s", d)
			}
		})
	}
}
