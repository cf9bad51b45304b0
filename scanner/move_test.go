package scanner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/local"
	"github.com/songlocker/songlocker/storage/mem"
	"github.com/songlocker/songlocker/test/music"
)

// flac is a FLAC file whose sound a number stands for.
func flac(n int, t music.Tags) []byte {
	return music.Bytes(music.FLAC, &t, music.Sound{Seed: uint64(n + 1), Size: 600})
}

// collection is music by keys:
//
//	Artist 07/Album 1/02 Song 0712.flac   some with a picture within
//	Artist 07/Album 1/cover.jpg
//	Artist 07/Album 1/02 Song 0712.lrc    beside one
//	Images/Blue/image.wav, image.cue      two songs
//	Lists/mix.m3u                         of three songs
func collection(artists int) map[string][]byte {
	files := map[string][]byte{}
	n := 0
	for a := range artists {
		for b := range 3 {
			folder := fmt.Sprintf("Artist %02d/Album %d/", a, b)
			for c := range 9 {
				t := music.Tags{
					Title: fmt.Sprintf("Song %02d%d%d", a, b, c), Artist: fmt.Sprintf("Artist %02d", a), Album: fmt.Sprintf("Album %02d%d", a, b),
					AlbumArtist: fmt.Sprintf("Artist %02d", a), Track: c + 1, Year: 1990 + a, Genre: "Rock",
				}
				if b == 2 {
					t.Picture = music.Noise(uint64(n+9), 300)
				}
				files[fmt.Sprintf("%s%02d %s.flac", folder, c+1, t.Title)] = flac(n, t)
				n++
			}
			if b != 2 {
				files[folder+"cover.jpg"] = music.Noise(uint64(n), 200)
			}
		}
	}
	files["Artist 00/Album 1/01 Song 0010.lrc"] = []byte("[00:01.00]la\n")
	files["Images/Blue/image.wav"] = image(9, 3)
	files["Images/Blue/image.cue"] = cueSheet("image.wav", "One", 0, "Two", 3)
	files["Lists/mix.m3u"] = []byte("../Artist 00/Album 0/01 Song 0000.flac\n../Artist 01/Album 1/02 Song 0111.flac\n../Artist 02/Album 2/03 Song 0222.flac\n")
	return files
}

func (h *house) fill(files map[string][]byte) {
	for k, b := range files {
		h.write(k, b)
	}
}

// folderPlace makes a folder with files.
func folderPlace(t *testing.T, files map[string][]byte) (storage.Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "other")
	for k, b := range files {
		p := filepath.Join(dir, k)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := local.New(dir, local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, "file://" + dir
}

// bucketPlace makes a store in memory, which stands for a bucket, with files.
func bucketPlace(files map[string][]byte) *mem.Store {
	s := mem.New(nil)
	for _, k := range slices.Sorted(maps.Keys(files)) {
		s.Put(k, files[k])
	}
	return s
}

// mark attaches something to songs, albums and folders.
func (h *house) mark() {
	h.t.Helper()
	ctx := h.t.Context()
	must := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	songs := h.titles()
	key := func(title string) models.Key { return songs[title].Key }
	for _, title := range []string{"Song 0000", "Song 0111", "Song 0222", "One"} {
		must(h.catalog.Star(ctx, h.view, []models.ID{{Kind: models.KindSong, Key: key(title)}}, true))
		must(h.catalog.Rate(ctx, h.view, models.ID{Kind: models.KindSong, Key: key(title)}, 4))
		_, err := h.catalog.Scrobble(ctx, h.view, []models.Play{{User: h.view.User, Song: key(title), At: 1700000000000, Player: "test", Source: "subsonic"}})
		must(err)
	}
	must(h.catalog.Star(ctx, h.view, []models.ID{{Kind: models.KindAlbum, Key: songs["Song 0111"].Album}, {Kind: models.KindFolder, Key: songs["Song 0111"].Folder}}, true))
	_, err := h.catalog.CreatePlaylist(ctx, h.view, "hand", []models.Key{key("Song 0222"), key("Two"), key("Song 0010")})
	must(err)
	must(h.catalog.SaveQueue(ctx, h.view, []models.Key{key("Song 0001"), key("Song 0002")}, 1, 7, "test"))
	must(h.catalog.SetBookmark(ctx, h.view, key("Song 0012"), 99, "here"))
}

// state is all that a user sees of the library, but for where it lies.
func (h *house) state() map[string]any {
	h.t.Helper()
	ctx := h.t.Context()
	out := map[string]any{}
	for title, s := range h.titles() {
		out["song "+title] = []any{s.Key, s.Album, s.Folder, s.Created, s.Annot, s.User.StarredAt, s.User.Rating, s.User.PlayCount, s.Part, s.Cover.Of, s.Cover.Version != ""}
	}
	for _, a := range h.albums() {
		out["album "+a.Name] = []any{a.Key, a.Created, a.Songs, a.User.StarredAt, a.Folder, a.Cover.Of, a.Cover.Version != ""}
	}
	lists, err := h.catalog.Playlists(ctx, h.view, 0, false)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, l := range lists {
		_, songs, err := h.catalog.Playlist(ctx, h.view, l.Key)
		if err != nil {
			h.t.Fatal(err)
		}
		var keys []models.Key
		for _, s := range songs {
			keys = append(keys, s.Key)
		}
		out["list "+l.Name] = []any{l.Key, keys}
	}
	q, err := h.catalog.Queue(ctx, h.view)
	if err != nil {
		h.t.Fatal(err)
	}
	for i, s := range q.Songs {
		out[fmt.Sprint("queue ", i)] = s.Key
	}
	marks, err := h.catalog.Bookmarks(ctx, h.view)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, b := range marks {
		out["bookmark"] = []any{b.Song.Key, b.Position}
	}
	artists, albums, songs, folders, err := h.catalog.Starred(ctx, h.view)
	if err != nil {
		h.t.Fatal(err)
	}
	out["starred"] = []int{len(artists), len(albums), len(songs), len(folders)}
	return out
}

// same holds a state to an earlier one.
func same(t *testing.T, before, after map[string]any) {
	t.Helper()
	n := 0
	for k, v := range before {
		if !reflect.DeepEqual(v, after[k]) {
			if n++; n < 8 {
				t.Errorf("%s was %v and is %v", k, v, after[k])
			}
		}
	}
	for k := range after {
		if before[k] == nil {
			if n++; n < 8 {
				t.Errorf("%s is new: %v", k, after[k])
			}
		}
	}
	if n >= 8 {
		t.Errorf("and %d more", n-7)
	}
}

// shown checks that what songs, albums and folders show lies in the store.
func (h *house) shown() {
	h.t.Helper()
	ctx := h.t.Context()
	n := 0
	check := func(c models.Cover, of models.ID) {
		h.t.Helper()
		if c.Version == "" {
			return
		}
		list, err := h.catalog.Pictures(ctx, h.view, of, 0)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, p := range list {
			n++
			if _, err := h.store.Stat(ctx, p.ObjectKey); err != nil {
				h.t.Errorf("a picture of %v, %+v: %v", of, p, err)
			}
		}
	}
	for _, a := range h.albums() {
		check(a.Cover, models.ID{Kind: models.KindAlbum, Key: a.Key})
	}
	for _, s := range h.songs() {
		if s.Cover.Of.Kind == models.KindSong {
			check(s.Cover, s.Cover.Of)
		}
		if _, err := h.store.Stat(ctx, s.ObjectKey); err != nil {
			h.t.Errorf("song %s: %v", s.Title, err)
		}
		f, err := h.catalog.Folder(ctx, h.view, s.Folder)
		if err != nil || f.Path != folderOf(s.ObjectKey) {
			h.t.Errorf("song %s at %s lies in folder %+v, %v", s.Title, s.ObjectKey, f, err)
		}
	}
	if n == 0 {
		h.t.Error("nothing shows a picture")
	}
}

// plan plans a move of the house's library.
func (h *house) plan(store storage.Store, location string, force bool) (*MovePlan, error) {
	h.t.Helper()
	l, err := h.catalog.Library(h.t.Context(), h.library)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.scanner.PlanMove(h.t.Context(), MoveRequest{Library: l, Location: location, Store: store, Force: force})
}

// goTo moves the house's library and scans it.
func (h *house) goTo(store storage.Store, location string) (*MovePlan, *models.ScanRun) {
	h.t.Helper()
	p, err := h.plan(store, location, false)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := p.Apply(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	h.store = store
	return p, h.scan(Request{})
}

// renamed gives files other keys.
func renamed(files map[string][]byte, f func(key string) string) map[string][]byte {
	out := map[string][]byte{}
	for k, b := range files {
		out[f(k)] = b
	}
	return out
}

// From a folder to a bucket below a prefix, to a folder in another layout, and
// to a bucket in the first one: all ids and all that users attached stay, and
// songs that are the same are not read.
func TestMoveKeepsAll(t *testing.T) {
	h := newHouse(t, Options{Playlists: Playlists{Import: true, Owner: "ana"}})
	files := collection(38)
	h.fill(files)
	h.scan(Request{})
	h.mark()
	before := h.state()
	if n := len(h.songs()); n < 1000 {
		t.Fatalf("only %d songs", n)
	}
	objects := len(h.songs()) // an image is two songs
	h.shown()

	for _, to := range []struct {
		name     string
		location string
		key      func(string) string
		renamed  bool
	}{
		{"a bucket with a prefix", "mem:///bucket", func(k string) string { return "backup/music/" + k }, true},
		{"a folder of another layout", "", func(k string) string {
			return strings.ToLower(path.Base(path.Dir(k))[:1]) + "/" + strings.ReplaceAll(k, "Artist ", "The Artist ")
		}, false},
		{"another bucket", "mem:///second", func(k string) string { return k }, false},
		{"a folder, letters aside", "", strings.ToUpper, false},
		{"one folder deeper", "mem:///third", func(k string) string { return "x/" + strings.ToUpper(k) }, true},
	} {
		t.Run(to.name, func(t *testing.T) {
			h.t = t
			defer func(t *testing.T) { h.t = t }(t)
			place := renamed(files, to.key)
			var store storage.Store = bucketPlace(place)
			location := to.location
			if location == "" {
				store, location = folderPlace(t, place)
			}
			p, run := h.goTo(store, location)
			if p.Songs != objects || p.Found != objects || p.Lost.Count+p.New.Count+len(p.Unclear)+p.BySound != 0 {
				t.Errorf("%+v", p.MoveReport)
			}
			if to.renamed && p.ByKey != objects {
				t.Errorf("%d of %d songs were found by one renaming: %+v", p.ByKey, objects, p.MoveReport)
			}
			// What a sheet cuts is read with it.
			if run.Read > 1 || run.Added+run.Moved+run.Missing != 0 {
				t.Errorf("the scan behind the move: %+v", run)
			}
			same(t, before, h.state())
			h.shown()
			version := h.catalog.Version()
			if run := h.scan(Request{}); run.Read != 0 || h.catalog.Version() != version {
				t.Errorf("a second scan changes something: %+v", run)
			}
		})
	}
}

// small is a library of three albums with ten songs each, in a folder.
func small(t *testing.T) (*house, map[string][]byte) {
	h := newHouse(t, Options{})
	files := map[string][]byte{}
	for n := range 30 {
		files[fmt.Sprintf("Ann/Album %d/%02d Song %d.flac", n/10, n%10, n)] = flac(n, music.Tags{Title: fmt.Sprint("Song ", n), Artist: "Ann", Album: fmt.Sprint("Album ", n/10), Track: n%10 + 1})
	}
	h.fill(files)
	h.scan(Request{})
	return h, files
}

// What has another size, another name, is gone, is new or may be several.
func TestMoveTellsWhatItFound(t *testing.T) {
	h, files := small(t)
	before := h.titles()
	place := renamed(files, func(k string) string { return "m/" + k })
	song := func(n int) string { return fmt.Sprintf("m/Ann/Album %d/%02d Song %d.flac", n/10, n%10, n) }
	long := strings.Repeat("long ", 30)
	// 0 has new tags, 1 another name, 2 both; 3 is gone; 4 and 5 lie
	// elsewhere under one name with one size, in two places each.
	place[song(0)] = flac(0, music.Tags{Title: "Song 0", Artist: "Ann", Album: "Album 0", Track: 1, Genre: long})
	place["x/one.flac"] = place[song(1)]
	place["x/two.flac"] = flac(2, music.Tags{Title: "Song 2", Artist: "Ann", Album: "Album 0", Track: 3, Genre: long})
	place["new/hit.flac"] = flac(99, music.Tags{Title: "Hit", Artist: "Zoe", Album: "New", Track: 1})
	for _, n := range []int{1, 2, 3} {
		delete(place, song(n))
	}
	version := h.catalog.Version()
	store := bucketPlace(place)
	p, err := h.plan(store, "mem:///b", false)
	if err != nil {
		t.Fatal(err)
	}
	if p.Songs != 30 || p.Found != 29 || p.ByKey != 27 || p.BySound != 2 || p.Read != 3 || p.From != "" || p.To != "m/" {
		t.Errorf("%+v", p.MoveReport)
	}
	if !slices.Equal(p.Lost.First, []string{strings.TrimPrefix(song(3), "m/")}) || !slices.Equal(p.New.First, []string{"new/hit.flac"}) {
		t.Errorf("lost %v, new %v", p.Lost, p.New)
	}
	if h.catalog.Version() != version {
		t.Error("a plan changes the catalog")
	}
	if err := p.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.store = store
	run := h.scan(Request{})
	if run.Read != 4 || run.Added != 1 || run.Missing != 1 {
		t.Errorf("%+v", run)
	}
	after := h.titles()
	for n := range 30 {
		title := fmt.Sprint("Song ", n)
		if n == 3 {
			if after[title] != nil {
				t.Error("a song that is gone is shown")
			}
			continue
		}
		if after[title] == nil || after[title].Key != before[title].Key || n > 2 && after[title].Album != before[title].Album {
			t.Errorf("%s is %+v", title, after[title])
		}
	}
	if l, err := h.catalog.Library(t.Context(), h.library); err != nil || l.Location != "mem:///b" {
		t.Errorf("%+v %v", l, err)
	}
}

// Names and sizes that fit several are told and not guessed; a part of the path
// decides where it can.
func TestMoveGuessesNothing(t *testing.T) {
	h := newHouse(t, Options{})
	wav := func(n byte) []byte { return image(1, n) } // all of one size
	h.fill(map[string][]byte{"a/x/t.wav": wav(1), "b/y/t.wav": wav(2), "c/z/t.wav": wav(3), "d/z/t.wav": wav(4), "e/u.wav": wav(5), "f/v.wav": wav(6)})
	h.scan(Request{})
	p, err := h.plan(bucketPlace(map[string][]byte{
		"1/x/t.wav": wav(1), "2/y/t.wav": wav(2), // told apart by one folder
		"3/z/t.wav": wav(30), "4/z/t.wav": wav(40), // not told apart, and of another sound
		"5/u.wav": wav(5), "6/v.wav": wav(6),
	}), "mem:///b", false)
	if err != nil {
		t.Fatal(err)
	}
	if p.Found != 4 || p.Lost.Count != 2 || len(p.Unclear) != 2 || !slices.Equal(p.Unclear[0].Could, []string{"3/z/t.wav", "4/z/t.wav"}) {
		t.Errorf("%+v", p.MoveReport)
	}
}

// Folders that swap their names, and a place in which a song's old key is
// another song's.
func TestMoveToKeysThatOthersHad(t *testing.T) {
	h := newHouse(t, Options{})
	files := map[string][]byte{}
	for n := range 12 {
		k := fmt.Sprintf("%c/%d.flac", 'a'+n/6, n)
		files[k] = flac(n, music.Tags{Title: fmt.Sprint("Song ", n), Artist: "Ann", Album: fmt.Sprint("Album ", n/6), Track: n%6 + 1})
	}
	files["c/gone.flac"] = flac(50, music.Tags{Title: "Gone", Artist: "Ann", Album: "Album 2"})
	h.fill(files)
	h.scan(Request{})
	before := h.titles()
	h.star(models.ID{Kind: models.KindSong, Key: before["Gone"].Key})
	delete(files, "c/gone.flac")
	place := renamed(files, func(k string) string {
		if k[0] == 'a' {
			return "b" + k[1:]
		}
		return "a" + k[1:]
	})
	// Of the old key, and in no way the same.
	place["c/gone.flac"] = flac(60, music.Tags{Title: "Come", Artist: "Zoe", Album: "Others"})
	_, run := h.goTo(bucketPlace(place), "mem:///b")
	after := h.titles()
	for n := range 12 {
		title := fmt.Sprint("Song ", n)
		if a, b := before[title], after[title]; b == nil || a.Key != b.Key || a.Folder != b.Folder || a.Album != b.Album {
			t.Errorf("%s was %+v and is %+v", title, a, b)
		}
	}
	if run.Read > 1 {
		t.Errorf("%+v", run)
	}
	h.shownFolders()
}

// shownFolders checks that songs lie in the folders of their keys.
func (h *house) shownFolders() {
	h.t.Helper()
	for _, s := range h.songs() {
		f, err := h.catalog.Folder(h.t.Context(), h.view, s.Folder)
		if err != nil || f.Path != folderOf(s.ObjectKey) {
			h.t.Errorf("song %s at %s lies in folder %+v, %v", s.Title, s.ObjectKey, f, err)
		}
	}
}

func TestMoveRefuses(t *testing.T) {
	h, files := small(t)
	other := models.Library{Name: "Other", Location: "mem:///other/one", Kind: models.LibraryMusic}
	if _, err := h.catalog.AddLibrary(t.Context(), &other); err != nil {
		t.Fatal(err)
	}
	version := h.catalog.Version()
	refuses := func(store storage.Store, kind error, words string) {
		t.Helper()
		_, err := h.plan(store, "mem:///b", false)
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), words) {
			t.Errorf("%v", err)
		}
	}
	refuses(bucketPlace(nil), models.ErrConflict, "has no music")
	refuses(bucketPlace(map[string][]byte{"readme.txt": []byte("x")}), models.ErrConflict, "has no music")
	down := bucketPlace(files)
	down.SetFaults(mem.Faults{Down: true})
	refuses(down, models.ErrUnavailable, "can't be listed")
	broken := bucketPlace(files)
	broken.SetFaults(mem.Faults{ListFails: 29, ListErr: models.ErrUnavailable})
	refuses(broken, models.ErrUnavailable, "can't be listed")
	few := map[string][]byte{}
	for k, b := range files {
		if strings.Contains(k, "Album 0") {
			few[k] = b
		}
	}
	refuses(bucketPlace(few), models.ErrConflict, "only 10 of 30 songs")
	for location, kind := range map[string]error{
		"mem:///other": models.ErrConflict, "mem:///other/one/two": models.ErrConflict, "file://" + h.dir: models.ErrConflict, "music": models.ErrInvalid,
	} {
		if _, err := h.catalog.MayMove(t.Context(), h.library, location); !errors.Is(err, kind) {
			t.Errorf("%s: %v", location, err)
		}
	}
	p, err := h.plan(bucketPlace(few), "mem:///other", true)
	if err != nil || p.Found != 10 {
		t.Fatal(p, err)
	}
	if err := p.Apply(t.Context()); !errors.Is(err, models.ErrConflict) {
		t.Errorf("into another library: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if p, err = h.plan(bucketPlace(files), "mem:///b", false); err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(ctx); err == nil {
		t.Error("a move is made though nobody waits for it")
	}
	if h.catalog.Version() != version {
		t.Error("a move that was refused changes the catalog")
	}
	if run := h.scan(Request{}); run.Read+run.Missing+run.Added != 0 {
		t.Errorf("%+v", run)
	}
}

// A library that the configuration gives another location.
func TestConfiguredMove(t *testing.T) {
	configure := func(h *house, location string) {
		t.Helper()
		if _, err := h.catalog.EnsureConfigured(t.Context(), []models.Library{{Name: "Music", Location: location, Kind: models.LibraryMusic}}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("keeps all and reads nothing", func(t *testing.T) {
		h, files := small(t)
		before := h.titles()
		configure(h, "mem:///b")
		h.store = bucketPlace(renamed(files, func(k string) string { return "deep/er/" + k }))
		if run := h.scan(Request{Prefixes: []string{"deep/"}}); run.Read+run.Added+run.Moved+run.Missing != 0 || run.Listed != 30 {
			t.Errorf("%+v", run)
		}
		for title, s := range h.titles() {
			if b := before[title]; b.Key != s.Key || b.Folder != s.Folder || b.Album != s.Album {
				t.Errorf("%s was %+v and is %+v", title, b, s)
			}
		}
		h.shownFolders()
		if of, err := h.catalog.KeysOf(t.Context(), h.library); of != "" || err != nil {
			t.Errorf("%q %v", of, err)
		}
	})
	t.Run("waits for a place that is empty", func(t *testing.T) {
		h, files := small(t)
		configure(h, "mem:///b")
		bucket := bucketPlace(nil)
		folder := h.store
		h.store = bucket
		run, err := h.tryScan(Request{})
		if err == nil || run.Missing != 0 || !strings.Contains(run.Message, "empty") || len(h.songs()) != 30 {
			t.Errorf("%v %+v", err, run)
		}
		for k, b := range files {
			bucket.Put("now/"+k, b)
		}
		if run := h.scan(Request{}); run.Read+run.Added+run.Missing != 0 || len(h.songs()) != 30 {
			t.Errorf("%+v", run)
		}
		// And back, before and after it has arrived.
		configure(h, "file://"+h.dir)
		h.store = folder
		if run := h.scan(Request{}); run.Read+run.Added+run.Missing != 0 || len(h.songs()) != 30 {
			t.Errorf("%+v", run)
		}
		configure(h, "mem:///c")
		configure(h, "file://"+h.dir)
		if of, err := h.catalog.KeysOf(t.Context(), h.library); of != "" || err != nil {
			t.Errorf("%q %v", of, err)
		}
	})
	t.Run("does not believe a wrong place", func(t *testing.T) {
		h, _ := small(t)
		before := h.titles()
		folder := h.store
		configure(h, "mem:///b")
		h.store = bucketPlace(map[string][]byte{"x/y.flac": flac(70, music.Tags{Title: "Other", Artist: "Zoe", Album: "Z"})})
		run, err := h.tryScan(Request{})
		if err == nil || run.Missing != 0 || !strings.Contains(run.Message, "only 0 of 30 songs") {
			t.Errorf("%v %+v", err, run)
		}
		configure(h, "file://"+h.dir)
		h.store = folder
		h.scan(Request{})
		for title, s := range h.titles() {
			if before[title] == nil || before[title].Key != s.Key {
				t.Errorf("%s is %+v", title, s)
			}
		}
		if len(h.titles()) != 30 {
			t.Errorf("%d songs", len(h.titles()))
		}
	})
	t.Run("finds by sound what has other names", func(t *testing.T) {
		h, files := small(t)
		before := h.titles()
		configure(h, "mem:///b")
		n := 0
		h.store = bucketPlace(renamed(files, func(string) string { n++; return fmt.Sprintf("n/%d.flac", n) }))
		if run := h.scan(Request{}); run.Moved != 30 || run.Added+run.Missing != 0 {
			t.Errorf("%+v", run)
		}
		for title, s := range h.titles() {
			if before[title].Key != s.Key {
				t.Errorf("%s is %+v", title, s)
			}
		}
		if of, err := h.catalog.KeysOf(t.Context(), h.library); of != "" || err != nil {
			t.Errorf("%q %v", of, err)
		}
	})
}

// A move after which no scan came, or one that was cut off, is finished by the
// next one.
func TestMoveIsFinishedLater(t *testing.T) {
	h, files := small(t)
	before := h.titles()
	store := bucketPlace(renamed(files, func(k string) string { return "p/" + k }))
	p, err := h.plan(store, "mem:///b", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.store = store
	// All is there before any scan.
	for title, s := range h.titles() {
		if before[title].Key != s.Key || !strings.HasPrefix(s.ObjectKey, "p/") {
			t.Errorf("%s is %+v", title, s)
		}
	}
	h.shownFolders()
	store.SetFaults(mem.Faults{ListFails: 10, ListErr: models.ErrUnavailable})
	if run, err := h.tryScan(Request{}); err == nil {
		t.Errorf("%+v", run)
	}
	if moved, err := h.catalog.KeysMoved(t.Context(), h.library); !moved || err != nil {
		t.Errorf("after a listing that failed: %v %v", moved, err)
	}
	store.SetFaults(mem.Faults{})
	if run := h.scan(Request{Prefixes: []string{"p/Ann/Album 0/"}}); run.Listed != 30 || run.Read != 0 {
		t.Errorf("%+v", run)
	}
	if moved, err := h.catalog.KeysMoved(t.Context(), h.library); moved || err != nil {
		t.Errorf("in the end: %v %v", moved, err)
	}
}
