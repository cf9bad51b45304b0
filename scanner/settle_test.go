package scanner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
)

func factsAt(key, album, title string) facts {
	s := &models.Song{ObjectKey: key, Suffix: suffixOf(key)}
	s.Tags.Album, s.Title = album, title
	return factsOf(s)
}

func TestPairWhereSoundsAreEqual(t *testing.T) {
	tests := []struct {
		name       string
		fresh, old []facts
		want       []int
	}{
		{"titles decide", []facts{factsAt("n/1", "X", "a"), factsAt("n/2", "X", "b")}, []facts{factsAt("o/2", "X", "b"), factsAt("o/1", "X", "a")}, []int{1, 0}},
		{"two equal fresh ones", []facts{factsAt("n/1", "X", "a"), factsAt("n/2", "X", "a")}, []facts{factsAt("o/3", "X", "a")}, []int{-1, -1}},
		{"two equal rows", []facts{factsAt("n/1", "X", "a")}, []facts{factsAt("o/2", "X", "a"), factsAt("o/3", "X", "a")}, []int{-1}},
		{"a tie beside a pair", []facts{factsAt("n/1", "X", "a"), factsAt("n/2", "X", "a"), factsAt("n/3", "Y", "c")},
			[]facts{factsAt("o/4", "X", "a"), factsAt("o/5", "Y", "c")}, []int{-1, -1, 1}},
		{"the container", []facts{factsAt("n/1.flac", "N", "n"), factsAt("n/2.m4a", "N", "n")}, []facts{factsAt("o/x.m4a", "X", "a"), factsAt("o/y.flac", "X", "a")}, []int{1, 0}},
		{"names without tags", []facts{factsAt("B/1.mp3", "", ""), factsAt("B/2.mp3", "", "")}, []facts{factsAt("A/2.mp3", "", ""), factsAt("A/1.mp3", "", "")}, []int{1, 0}},
		{"one of each, nothing else in common", []facts{factsAt("n/1.mp3", "X", "a")}, []facts{factsAt("o/2.mp3", "Y", "b")}, []int{0}},
		{"no row", []facts{factsAt("n/1.mp3", "X", "a")}, nil, []int{-1}},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			if got := pair(x.fresh, x.old); !slices.Equal(got, x.want) {
				t.Errorf("got %v, want %v", got, x.want)
			}
			// The order of either side decides nothing.
			for seed := range uint64(5) {
				r := rand.New(rand.NewPCG(seed, 1))
				pf, po := r.Perm(len(x.fresh)), r.Perm(len(x.old))
				fresh, old := make([]facts, len(pf)), make([]facts, len(po))
				for i, at := range pf {
					fresh[i] = x.fresh[at]
				}
				for i, at := range po {
					old[i] = x.old[at]
				}
				for i, j := range pair(fresh, old) {
					if j >= 0 {
						j = po[j]
					}
					if j != x.want[pf[i]] {
						t.Errorf("in another order %d got row %d, want %d", pf[i], j, x.want[pf[i]])
					}
				}
			}
		})
	}
}

// Thousands of equal silent tracks are paired where their names tell them
// apart, and within bounds where nothing does.
func TestPairManyEqual(t *testing.T) {
	var fresh, old, blank []facts
	for i := range 3000 {
		fresh = append(fresh, factsAt(fmt.Sprintf("new/Z/%d.mp3", i), "", ""))
		old = append(old, factsAt(fmt.Sprintf("old/Z/%d.mp3", 2999-i), "", ""))
		blank = append(blank, factsAt("B/x.mp3", "", ""))
	}
	for i, j := range pair(fresh, old) {
		if j != 2999-i {
			t.Fatalf("%d got %d", i, j)
		}
	}
	if got := pair(blank, blank); slices.ContainsFunc(got, func(j int) bool { return j >= 0 }) {
		t.Error("a row was given to one of thousands that are alike")
	}
}

func TestOtherSound(t *testing.T) {
	for _, x := range []struct {
		was, is string
		want    bool
	}{
		{"mp3-1-aa", "mp3-1-aa", false},
		{"mp3-1-aa", "mp3-1-bb", true},
		{"mp3-1-aa", "mp3-2-bb", false},
		{"flac-frames-1-aa", "flac-1-bb", false},
		{"mp3-1-aa", "flac-1-bb", true},
		{"", "mp3-1-aa", false},
		{"mp3-1-aa", "", false},
	} {
		if got := otherSound(x.was, x.is); got != x.want {
			t.Errorf("%q then %q: %v", x.was, x.is, got)
		}
	}
}

// What is held in the catalog comes back as it was.
func TestHeldUnitsKeepAll(t *testing.T) {
	u := &readUnit{unit: &unit{path: "a\xff", folders: map[string]bool{"a\xff": true, "a\xff/CD1": true}}}
	files, err := filepath.Glob(filepath.Join("audio", "testdata", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		fi, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		file, _, err := audio.Read(t.Context(), f, fi.Size(), name)
		f.Close()
		if err != nil {
			continue
		}
		u.found = append(u.found, found{item: item{storage.Object{Key: name + "\xfe", Size: fi.Size(), ModTime: int64(i), ETag: "e"}, models.Key(i)}, file: file})
	}
	u.found = append(u.found, found{item: item{storage.Object{Key: "x"}, 0}, err: audio.ErrUnknown},
		found{item: item{storage.Object{Key: "y"}, 0}, err: fs.ErrNotExist}, found{item: item{storage.Object{Key: "z"}, 5}, err: errors.New("odd")})
	body, err := packUnits([]*readUnit{u})
	if err != nil {
		t.Fatal(err)
	}
	back, err := unpackUnits(body)
	if err != nil || len(back) != 1 || len(back[0].found) < 10 {
		t.Fatal(err, len(back))
	}
	if back[0].path != u.path || !reflect.DeepEqual(back[0].folders, u.folders) {
		t.Errorf("%q %v", back[0].path, back[0].folders)
	}
	for i := range u.found {
		was, is := u.found[i], back[0].found[i]
		if was.item != is.item || (was.err == nil) != (is.err == nil) || was.err != nil && was.err.Error() != is.err.Error() {
			t.Errorf("%+v became %+v", was, is)
		}
		if was.file == nil {
			continue
		}
		a, b := reflect.ValueOf(*was.file), reflect.ValueOf(*is.file)
		for n := range a.NumField() {
			if field := a.Type().Field(n); field.IsExported() && !reflect.DeepEqual(a.Field(n).Interface(), b.Field(n).Interface()) {
				t.Errorf("%s: its %s changed", was.object.Key, field.Name)
			}
		}
	}
}

// marks sets a star, a rating, a play and a playlist with each of these songs,
// and returns what tells of a difference.
func (h *house) marks(keys map[string]models.Key) {
	h.t.Helper()
	for _, k := range keys {
		h.star(models.ID{Kind: models.KindSong, Key: k})
	}
}

func (h *house) star(id models.ID) {
	h.t.Helper()
	if err := h.catalog.Star(h.t.Context(), h.view, []models.ID{id}, true); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) remove(name string) {
	h.t.Helper()
	if err := os.RemoveAll(filepath.Join(h.dir, name)); err != nil {
		h.t.Fatal(err)
	}
}

// keys returns the songs' keys by object.
func (h *house) keys() map[string]models.Key {
	out := map[string]models.Key{}
	for k, s := range h.songs() {
		out[k] = s.Key
	}
	return out
}

// same checks that the song at to is the one that keys has at from.
func (h *house) same(before map[string]models.Key, from, to string) {
	h.t.Helper()
	now := h.keys()
	if now[to] == 0 || now[to] != before[from] {
		h.t.Errorf("%s is %s, want %s, which was %s", to, now[to], before[from], from)
	}
}

// sound writes an MP3 of one of many sounds: each number is another, of n
// frames and a bit.
func (h *house) sound(to string, number, frames int, tags ...string) {
	h.t.Helper()
	h.write(to, soundFile(number, frames, tags...))
}

// soundFile is an MP3 of 128 kbit/s with ID3v2.3 text frames.
func soundFile(number, frames int, tags ...string) []byte {
	var body []byte
	for i := 0; i < len(tags); i += 2 {
		text := append([]byte{3}, tags[i+1]...)
		if tags[i] == "UFID" {
			text = append([]byte("http://musicbrainz.org\x00"), tags[i+1]...)
		}
		if name, ok := strings.CutPrefix(tags[i], "TXXX:"); ok {
			text = append(append([]byte{3}, name+"\x00"...), tags[i+1]...)
		}
		body = append(body, tags[i][:4]...)
		body = append(body, 0, 0, byte(len(text)>>8), byte(len(text)), 0, 0)
		body = append(body, text...)
	}
	n := len(body)
	out := append([]byte{'I', 'D', '3', 3, 0, 0, 0, 0, byte(n >> 7), byte(n & 127)}, body...)
	r := rand.New(rand.NewPCG(uint64(number), 7))
	for range frames {
		frame := make([]byte, 417)
		copy(frame, []byte{0xff, 0xfb, 0x90, 0x44})
		for i := 40; i < len(frame); i++ {
			frame[i] = byte(r.IntN(128)) // never a sync word
		}
		if number < 0 {
			clear(frame[40:])
		}
		out = append(out, frame...)
	}
	return out
}

// Twenty equal silent tracks lie on two albums, and one recording on an album
// and a best-of. One folder moves: every album stays complete, and every star
// where it was.
//
//	A/One/01..10.mp3, A/Two/01..10.mp3: silence
//	A/One/11.mp3 and B/Best/03.mp3: one recording
func TestEqualSoundsOfTwoAlbums(t *testing.T) {
	for _, tagged := range []bool{true, false} {
		t.Run(fmt.Sprintf("tagged %v", tagged), func(t *testing.T) {
			h := newHouse(t, Options{})
			put := func(path, artist, album string, track, number int) {
				var tags []string
				if tagged {
					tags = []string{"TIT2", fmt.Sprintf("Track %d", track), "TALB", album, "TPE1", artist, "TRCK", fmt.Sprint(track)}
				}
				h.sound(path, number, 40, tags...)
			}
			for i := range 10 {
				put(fmt.Sprintf("A/One/%02d.mp3", i+1), "A", "One", i+1, -1)
				put(fmt.Sprintf("A/Two/%02d.mp3", i+1), "A", "Two", i+1, -1)
			}
			put("A/One/11.mp3", "A", "One", 11, 5)
			put("B/Best/03.mp3", "B", "Best", 3, 5)
			h.scan(Request{})
			before, albums := h.keys(), h.albums()
			if len(before) != 22 || len(albums) != 3 {
				t.Fatalf("%d songs, %d albums", len(before), len(albums))
			}
			for _, a := range albums {
				h.star(models.ID{Kind: models.KindAlbum, Key: a.Key})
			}
			h.move("A/One", "C/Uno")
			if run := h.scan(Request{}); run.Moved != 11 || run.Added+run.Missing != 0 {
				t.Errorf("%+v", run)
			}
			for i := range 10 {
				h.same(before, fmt.Sprintf("A/One/%02d.mp3", i+1), fmt.Sprintf("C/Uno/%02d.mp3", i+1))
				h.same(before, fmt.Sprintf("A/Two/%02d.mp3", i+1), fmt.Sprintf("A/Two/%02d.mp3", i+1))
			}
			h.same(before, "A/One/11.mp3", "C/Uno/11.mp3")
			h.same(before, "B/Best/03.mp3", "B/Best/03.mp3")
			after := h.albums()
			if len(after) != len(albums) {
				t.Errorf("%d albums became %d", len(albums), len(after))
			}
			for _, a := range albums {
				i := slices.IndexFunc(after, func(b *models.Album) bool { return b.Key == a.Key })
				if i < 0 || after[i].Songs != a.Songs || after[i].User.StarredAt == 0 {
					t.Errorf("album %s of %d songs: %+v", a.Name, a.Songs, after)
				}
			}
		})
	}
}

func TestSwappedNames(t *testing.T) {
	for _, x := range []struct{ name, a, b string }{
		{"in one folder", "A/X/a.mp3", "A/X/b.mp3"},
		{"of two folders", "A/X/a.mp3", "B/Y/a.mp3"},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := newHouse(t, Options{})
			h.sound(x.a, 1, 40, "TIT2", "One", "TALB", "X", "TPE1", "A")
			h.sound(x.b, 2, 41, "TIT2", "Two", "TALB", "X", "TPE1", "A")
			h.scan(Request{})
			before := h.keys()
			h.move(x.a, "tmp")
			h.move(x.b, x.a)
			h.move("tmp", x.b)
			if run := h.scan(Request{}); run.Moved != 2 || run.Added+run.Missing != 0 {
				t.Errorf("%+v", run)
			}
			h.same(before, x.a, x.b)
			h.same(before, x.b, x.a)
			if run := h.scan(Request{}); run.Read+run.Missing+run.Added != 0 {
				t.Errorf("the scan after it: %+v", run)
			}
		})
	}
	t.Run("three in a ring, one of them replaced", func(t *testing.T) {
		h := newHouse(t, Options{})
		for i, n := range []string{"a", "b", "c"} {
			h.sound("X/"+n+".mp3", i, 40+i, "TIT2", n)
		}
		h.scan(Request{})
		before := h.keys()
		h.move("X/a.mp3", "tmp")
		h.move("X/b.mp3", "X/a.mp3")
		h.move("X/c.mp3", "X/b.mp3")
		h.move("tmp", "Y/a.mp3")
		h.sound("X/c.mp3", 9, 60, "TIT2", "new")
		run := h.scan(Request{})
		h.same(before, "X/b.mp3", "X/a.mp3")
		h.same(before, "X/c.mp3", "X/b.mp3")
		h.same(before, "X/a.mp3", "Y/a.mp3")
		if run.Moved != 3 || run.Added != 1 || run.Missing != 0 {
			t.Errorf("%+v", run)
		}
	})
}

// A song's object is overwritten by another song's: the one is gone, the
// other keeps all that it had.
func TestOverwritten(t *testing.T) {
	h := newHouse(t, Options{})
	h.sound("X/a.mp3", 1, 40, "TIT2", "One")
	h.sound("X/b.mp3", 2, 41, "TIT2", "Two")
	h.scan(Request{})
	before := h.keys()
	h.move("X/b.mp3", "X/a.mp3")
	if run := h.scan(Request{}); run.Moved != 1 || run.Missing != 1 || run.Added != 0 {
		t.Errorf("%+v", run)
	}
	h.same(before, "X/b.mp3", "X/a.mp3")
	if n := len(h.songs()); n != 1 {
		t.Errorf("%d songs", n)
	}
	// It comes back under a third name.
	h.sound("X/c.mp3", 1, 40, "TIT2", "One")
	if run := h.scan(Request{}); run.Moved != 1 || run.Added != 0 {
		t.Errorf("%+v", run)
	}
	h.same(before, "X/a.mp3", "X/c.mp3")
}

func TestCaseOnlyRenames(t *testing.T) {
	h := newHouse(t, Options{})
	h.sound("abba/arrival/01 my love.mp3", 1, 40, "TIT2", "My Love", "TALB", "Arrival", "TPE1", "Abba")
	h.sound("abba/arrival/02 tiger.mp3", 2, 40, "TIT2", "Tiger", "TALB", "Arrival", "TPE1", "Abba")
	h.scan(Request{})
	before, songs := h.keys(), h.songs()
	h.move("abba/arrival/01 my love.mp3", "ABBA/Arrival/01 My Love.mp3")
	h.move("abba/arrival/02 tiger.mp3", "ABBA/Arrival/02 Tiger.mp3")
	h.remove("abba")
	if run := h.scan(Request{}); run.Moved != 2 || run.Added+run.Missing != 0 {
		t.Errorf("%+v", run)
	}
	h.same(before, "abba/arrival/01 my love.mp3", "ABBA/Arrival/01 My Love.mp3")
	h.same(before, "abba/arrival/02 tiger.mp3", "ABBA/Arrival/02 Tiger.mp3")
	if got, was := h.songs()["ABBA/Arrival/02 Tiger.mp3"], songs["abba/arrival/02 tiger.mp3"]; got.Folder != was.Folder || got.Album != was.Album {
		t.Errorf("folder or album changed: %+v, was %+v", got, was)
	}
	f, err := h.catalog.TopFolders(t.Context(), h.view)
	if err != nil || len(f) != 1 || f[0].Name != "ABBA" {
		t.Errorf("%+v %v", f, err)
	}
}

// A truncated file is replaced by the whole one under its name.
func TestTruncatedFileReplaced(t *testing.T) {
	h := newHouse(t, Options{})
	whole := soundFile(1, 400, "TIT2", "One", "TALB", "X", "TPE1", "A")
	h.write("A/X/1.mp3", whole[:len(whole)/3])
	h.sound("A/X/2.mp3", 2, 41, "TIT2", "Two", "TALB", "X", "TPE1", "A")
	h.scan(Request{})
	before := h.keys()
	h.marks(before)
	h.write("A/X/1.mp3", whole)
	if run := h.scan(Request{}); run.Changed != 1 || run.Added+run.Missing+run.Moved != 0 {
		t.Errorf("%+v", run)
	}
	h.same(before, "A/X/1.mp3", "A/X/1.mp3")
	if s := h.songs()["A/X/1.mp3"]; s.User.StarredAt == 0 || s.Properties.Duration < 9000 {
		t.Errorf("%+v", s)
	}
}

// An album is replaced by one of another encoding: other sound, other
// suffixes, perhaps another folder; tags and durations tell.
func TestReplacedAlbum(t *testing.T) {
	const songs = 4
	tags := func(i int, ids bool) []string {
		l := []string{"TIT2", fmt.Sprintf("Song %d", i), "TALB", "Album", "TPE1", "Artist", "TPE2", "Artist", "TRCK", fmt.Sprintf("%d/4", i)}
		if ids {
			l = append(l, "UFID", fmt.Sprintf("0000000%d-0000-4000-8000-000000000000", i), "TXXX:MusicBrainz Album Id", "99999999-0000-4000-8000-000000000000")
		}
		return l
	}
	for _, x := range []struct {
		name, to string
		ids      bool
		frames   int  // of the new ones; the old ones have 400
		takes    bool // the old rows
	}{
		{"in place", "Artist/Album", false, 380, true},
		{"in a new folder", "Lossless/Artist - Album", false, 380, true},
		{"much longer", "Artist/Album", false, 700, false},
		{"much longer with ids", "Artist/Album", true, 700, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := newHouse(t, Options{})
			for i := 1; i <= songs; i++ {
				h.sound(fmt.Sprintf("Artist/Album/%02d.mp3", i), i, 400, tags(i, x.ids)...)
			}
			h.scan(Request{})
			before, was := h.keys(), h.songs()
			album := h.albums()[0]
			h.star(models.ID{Kind: models.KindAlbum, Key: album.Key})
			h.marks(before)
			list, err := h.catalog.CreatePlaylist(t.Context(), h.view, "list", []models.Key{before["Artist/Album/01.mp3"]})
			if err != nil {
				t.Fatal(err)
			}
			h.remove("Artist/Album")
			for i := 1; i <= songs; i++ {
				// MP2 has other frames; the suffix alone makes it another format for us.
				h.sound(fmt.Sprintf("%s/%02d Song.mp2", x.to, i), 50+i, x.frames, append(tags(i, x.ids), "TENC", "x")...)
			}
			run := h.scan(Request{})
			if !x.takes {
				if run.Added != songs || run.Missing != songs {
					t.Errorf("%+v", run)
				}
				return
			}
			if run.Changed != songs || run.Added+run.Missing+run.Moved != 0 {
				t.Errorf("%+v", run)
			}
			for i := 1; i <= songs; i++ {
				from, to := fmt.Sprintf("Artist/Album/%02d.mp3", i), fmt.Sprintf("%s/%02d Song.mp2", x.to, i)
				h.same(before, from, to)
				if s := h.songs()[to]; s.Created != was[from].Created || s.User.StarredAt == 0 || s.Folder != was[from].Folder {
					t.Errorf("%+v, was %+v", s, was[from])
				}
			}
			after := h.albums()
			if len(after) != 1 || after[0].Key != album.Key || after[0].User.StarredAt == 0 || after[0].Created != album.Created {
				t.Errorf("%+v, was %+v", after, album)
			}
			if _, l, err := h.catalog.Playlist(t.Context(), h.view, list); err != nil || len(l) != 1 || l[0].Key != before["Artist/Album/01.mp3"] {
				t.Errorf("playlist %v %v", l, err)
			}
			if run := h.scan(Request{}); run.Read+run.Missing+run.Added+run.Returned != 0 {
				t.Errorf("the scan after it: %+v", run)
			}
		})
	}
}

// Two copies of a song go and one comes, or the other way about: nothing is
// taken over, and the scan says so.
func TestAmbiguousReplacementIsTold(t *testing.T) {
	tags := []string{"TIT2", "Song", "TALB", "Album", "TPE1", "Artist", "TRCK", "1"}
	for _, x := range []struct{ olds, news int }{{2, 1}, {1, 2}, {2, 2}} {
		t.Run(fmt.Sprintf("%d by %d", x.olds, x.news), func(t *testing.T) {
			h := newHouse(t, Options{})
			for i := range x.olds {
				h.sound(fmt.Sprintf("old%d/01.mp3", i), i, 400, tags...)
			}
			h.scan(Request{})
			for i := range x.olds {
				h.remove(fmt.Sprintf("old%d", i))
			}
			for i := range x.news {
				h.sound(fmt.Sprintf("new%d/01.mp3", i), 10+i, 400, tags...)
			}
			run := h.scan(Request{})
			if run.Added != x.news || run.Missing != x.olds || run.Failed != 0 {
				t.Errorf("%+v", run)
			}
			problems, err := h.catalog.Problems(t.Context(), run.Key)
			if err != nil || len(problems) != x.news || !strings.Contains(problems[0].Reason, "old0/01.mp3") || !strings.Contains(problems[0].Reason, "bring the old files back") {
				t.Errorf("%+v %v", problems, err)
			}
		})
	}
}

// A song is moved between two folders that are scanned one after the other,
// as a watcher does, in either order.
func TestMoveBetweenWatchedFolders(t *testing.T) {
	for _, order := range [][]string{{"A/X/", "B/Y/"}, {"B/Y/", "A/X/"}} {
		t.Run(order[0]+" first", func(t *testing.T) {
			h := newHouse(t, Options{})
			h.sound("A/X/1.mp3", 1, 40, "TIT2", "One", "TALB", "X", "TPE1", "A")
			h.sound("A/X/2.mp3", 2, 40, "TIT2", "Two", "TALB", "X", "TPE1", "A")
			h.sound("B/Z/1.mp3", 1, 40, "TIT2", "One", "TALB", "Best", "TPE1", "A")
			h.scan(Request{})
			before, songs := h.keys(), h.songs()
			h.move("A/X/1.mp3", "B/Y/1.mp3")
			h.move("A/X/2.mp3", "B/Y/2.mp3")
			h.scan(Request{Prefixes: order[:1]})
			h.scan(Request{Prefixes: order[1:]})
			h.same(before, "A/X/1.mp3", "B/Y/1.mp3")
			h.same(before, "A/X/2.mp3", "B/Y/2.mp3")
			h.same(before, "B/Z/1.mp3", "B/Z/1.mp3")
			got, was := h.songs()["B/Y/1.mp3"], songs["A/X/1.mp3"]
			if got.Album != was.Album || got.Folder != was.Folder {
				t.Errorf("%+v, was %+v", got, was)
			}
			if n := len(h.songs()); n != 3 {
				t.Errorf("%d songs", n)
			}
		})
	}
}

// turn swaps two of six numbers.
func turn(i int) int {
	if i/2%3 == 0 {
		return i ^ 1
	}
	return i
}

// Every file moves, some to other names, with more than memory holds, with one
// reader or many, and the scan is cut off while it writes: in the end every
// song has its id.
func TestManyMovesCutOff(t *testing.T) {
	const files = 1300
	for _, x := range []struct {
		readers, memory int
		cut             bool
	}{{1, heldBytes, false}, {8, 1 << 16, false}, {8, 1 << 16, true}, {4, heldBytes, true}} {
		t.Run(fmt.Sprintf("%d readers, %d bytes, cut off %v", x.readers, x.memory, x.cut), func(t *testing.T) {
			h := newHouse(t, Options{Readers: x.readers})
			h.scanner.heldBytes = x.memory
			store := mem.New(nil)
			h.store = store
			name := func(root string, i int) string { return fmt.Sprintf("%s/%02d/%04d.mp3", root, i/100, i) }
			for i := range files {
				store.Put(name("old", i), soundFile(i, 3, "TIT2", fmt.Sprint(i), "TALB", fmt.Sprintf("Album %d", i/100), "TPE1", "A"))
			}
			h.scan(Request{})
			before, albums := h.keys(), len(h.albums())
			for i := range files {
				// Two files in three keep their folder's other end, one has its neighbour's name.
				store.Rename(name("old", i), name("new", turn(i)))
			}
			if x.cut {
				l, err := h.catalog.Library(t.Context(), h.library)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				var p Progress
				done := make(chan struct{})
				go func() {
					defer close(done)
					for p.Written.Load() == 0 && ctx.Err() == nil {
						runtime.Gosched()
					}
					cancel()
				}()
				run, err := h.scanner.Scan(ctx, Request{Library: l, Store: store, Progress: &p})
				cancel()
				<-done
				if !errors.Is(err, context.Canceled) || run.Moved == 0 || run.Moved == files {
					t.Fatalf("the scan was cut off too early or too late: %v %+v", err, run)
				}
			}
			run := h.scan(Request{})
			if run.Added+run.Missing != 0 || !x.cut && run.Moved != files {
				t.Errorf("%+v", run)
			}
			now := h.keys()
			for i := range files {
				if k := now[name("new", turn(i))]; k == 0 || k != before[name("old", i)] {
					t.Fatalf("%s is %s, was %s", name("new", turn(i)), k, before[name("old", i)])
				}
			}
			if len(now) != files || len(h.albums()) != albums {
				t.Errorf("%d songs on %d albums, want %d on %d", len(now), len(h.albums()), files, albums)
			}
			if run := h.scan(Request{}); run.Read+run.Moved+run.Missing+run.Added != 0 {
				t.Errorf("the scan after it: %+v", run)
			}
		})
	}
}

// An album is long gone. One of its recordings comes on a best-of: it is the
// old song, on another album; the old album's row waits for the others.
func TestOneOfALostAlbumComesOnAnother(t *testing.T) {
	h := newHouse(t, Options{})
	for i := range 5 {
		h.sound(fmt.Sprintf("A/X/%d.mp3", i), i, 40, "TIT2", fmt.Sprint(i), "TALB", "X", "TPE1", "A")
	}
	h.sound("Z/stays.mp3", 99, 40, "TIT2", "Z")
	h.scan(Request{})
	before, album := h.keys(), h.songs()["A/X/0.mp3"].Album
	h.remove("A/X")
	h.scan(Request{})
	h.sound("B/Best/7.mp3", 0, 40, "TIT2", "0", "TALB", "Best", "TPE1", "A")
	h.scan(Request{})
	h.same(before, "A/X/0.mp3", "B/Best/7.mp3")
	if got := h.songs()["B/Best/7.mp3"].Album; got == album {
		t.Error("the best-of has the id of the lost album")
	}
	for i := 1; i < 5; i++ {
		h.sound(fmt.Sprintf("A/X/%d.mp3", i), i, 40, "TIT2", fmt.Sprint(i), "TALB", "X", "TPE1", "A")
	}
	h.scan(Request{})
	h.same(before, "A/X/3.mp3", "A/X/3.mp3")
	if got := h.songs()["A/X/3.mp3"].Album; got != album {
		t.Errorf("the album came back as %s, was %s", got, album)
	}
}

// A folder moves while one of its songs is away. When the song is back at its
// old place, it lies there.
func TestSongReturnsToWhereItsFolderWas(t *testing.T) {
	h := newHouse(t, Options{})
	store := mem.New(map[string]string{"A/X/1.mp3": string(soundFile(1, 40, "TIT2", "1")), "A/X/2.mp3": string(soundFile(2, 40, "TIT2", "2"))})
	h.store = store
	h.scan(Request{})
	before := h.keys()
	store.Rename("A/X/2.mp3", "aside.txt")
	h.scan(Request{})
	store.Rename("A/X/1.mp3", "B/Y/1.mp3")
	h.scan(Request{})
	store.Rename("aside.txt", "A/X/2.mp3")
	h.scan(Request{})
	h.same(before, "A/X/1.mp3", "B/Y/1.mp3")
	h.same(before, "A/X/2.mp3", "A/X/2.mp3")
	songs := h.songs()
	f, err := h.catalog.Folder(t.Context(), h.view, songs["A/X/2.mp3"].Folder)
	if err != nil || f.Path != "A/X" {
		t.Errorf("the song lies in %+v %v", f, err)
	}
}

// A song was replaced in a new folder while half of the library was away. The
// listing is not believed, so the new one waits; once the rest is back, it is
// the old song in the old folder, which has another name.
func TestReplacedWhileADiskIsAway(t *testing.T) {
	h := newHouse(t, Options{MissingLeast: 2, MissingShare: 0.1})
	tags := []string{"TIT2", "Song", "TALB", "Album", "TPE1", "Artist", "TPE2", "Artist", "TRCK", "1"}
	h.sound("Artist/Album/01.mp3", 1, 400, tags...)
	for i := range 6 {
		h.sound(fmt.Sprintf("Disk/Other/%d.mp3", i), 10+i, 40, "TIT2", fmt.Sprint(i), "TALB", "Other", "TPE1", "B")
	}
	h.scan(Request{})
	before, folder := h.keys(), h.songs()["Artist/Album/01.mp3"].Folder
	h.move("Disk/Other", "../away")
	h.remove("Artist/Album")
	h.sound("Artist/Album again/1.mp2", 2, 380, append(tags, "TENC", "x")...)
	if _, err := h.tryScan(Request{}); !errors.Is(err, errAlarm) {
		t.Fatal("the listing is believed: ", err)
	}
	h.move("../away", "Disk/Other")
	h.scan(Request{})
	h.same(before, "Artist/Album/01.mp3", "Artist/Album again/1.mp2")
	if now := h.songs()["Artist/Album again/1.mp2"].Folder; now != folder {
		t.Errorf("the folder is %s, was %s", now, folder)
	}
}
