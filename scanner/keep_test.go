package scanner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
)

// The songs of one folder go to folders of their own:
//
//	old/full.flac, old/full.ogg, old/id3v1.mp3 -> new/0/a.flac, new/1/b.ogg, new/2/c.mp3
func TestScatteredFolderKeepsAll(t *testing.T) {
	h := newHouse(t, Options{})
	from := []string{"full.flac", "full.ogg", "id3v1.mp3"}
	for _, f := range from {
		h.put(f, "old/"+f)
	}
	h.scan(Request{})
	before := h.songs()
	if err := os.RemoveAll(filepath.Join(h.dir, "old")); err != nil {
		t.Fatal(err)
	}
	to := []string{"new/0/a.flac", "new/1/b.ogg", "new/2/c.mp3"}
	for i, f := range from {
		h.put(f, to[i])
	}
	if run := h.scan(Request{}); run.Moved != 3 || run.Added != 0 || run.Missing != 0 {
		t.Fatalf("%+v", run)
	}
	after := h.songs()
	folders := map[models.Key]bool{}
	for i, f := range from {
		was, is := before["old/"+f], after[to[i]]
		if is == nil || is.Key != was.Key {
			t.Fatalf("%s is now %+v", f, is)
		}
		folders[is.Folder] = true
	}
	if len(folders) != 3 || !folders[before["old/full.flac"].Folder] {
		t.Errorf("songs of three folders lie in %d, the old one among them: %v", len(folders), folders[before["old/full.flac"].Folder])
	}
}

// Every format: a song that is moved, renamed and retagged in one step keeps
// its id, its date, its star, rating, plays and its place in a playlist.
func TestMovedRenamedAndRetaggedKeepsAll(t *testing.T) {
	pairs, err := filepath.Glob(filepath.Join("audio", "testdata", "retag-*"))
	if err != nil {
		t.Fatal(err)
	}
	formats := map[string]bool{}
	for _, retagged := range pairs {
		ext := filepath.Ext(retagged)
		if ext == ".json" {
			continue
		}
		formats[ext] = true
		original := strings.TrimPrefix(filepath.Base(retagged), "retag-")
		t.Run(original, func(t *testing.T) {
			h := newHouse(t, Options{})
			h.put(original, "Old Artist/Old Album/01 old"+ext)
			h.put("vbr-mono22.mp3", "Old Artist/Old Album/02 stays.mp3")
			h.scan(Request{})
			old := h.songs()["Old Artist/Old Album/01 old"+ext]
			ctx := t.Context()
			for _, err := range []error{
				h.catalog.Star(ctx, h.view, []models.ID{{Kind: models.KindSong, Key: old.Key}}, true),
				h.catalog.Rate(ctx, h.view, models.ID{Kind: models.KindSong, Key: old.Key}, 4),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, err := h.catalog.Scrobble(ctx, h.view, []models.Play{{User: h.view.User, Song: old.Key, At: 1700000000000, Player: "test", Source: "subsonic"}}); err != nil {
				t.Fatal(err)
			}
			list, err := h.catalog.CreatePlaylist(ctx, h.view, "list", []models.Key{old.Key})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(h.dir, "Old Artist/Old Album/01 old"+ext)); err != nil {
				t.Fatal(err)
			}
			to := "New Artist/New Album/07 new" + ext
			h.put("retag-"+original, to)
			run := h.scan(Request{})
			if run.Moved != 1 || run.Added != 0 || run.Missing != 0 {
				t.Fatalf("%+v", run)
			}
			got := h.songs()[to]
			if got == nil {
				t.Fatal("the song is gone")
			}
			if got.Title == old.Title {
				t.Fatalf("the fixture was not retagged: both are %q", got.Title)
			}
			if got.Key != old.Key || got.Created != old.Created || got.User.StarredAt == 0 || got.User.Rating != 4 || got.User.PlayCount != 1 {
				t.Errorf("before %+v\nafter  %+v", old, got)
			}
			_, songs, err := h.catalog.Playlist(ctx, h.view, list)
			if err != nil || len(songs) != 1 || songs[0].Key != old.Key || songs[0].Title != got.Title {
				t.Errorf("playlist: %v %v", songs, err)
			}
		})
	}
	for _, ext := range []string{".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav", ".aiff"} {
		if !formats[ext] {
			t.Errorf("no retagged fixture of %s", ext)
		}
	}
}

// A corrected album title keeps the album's id, its star and its date.
func TestAlbumKeepsItsRowWhenItsTagsAreCorrected(t *testing.T) {
	h := newHouse(t, Options{})
	h.mp3("A/X/01.mp3", "TIT2", "One", "TALB", "Te Album", "TPE1", "Abba")
	h.mp3("A/X/02.mp3", "TIT2", "Two", "TALB", "Te Album", "TPE1", "Abba")
	h.scan(Request{})
	before := h.albums()
	if len(before) != 1 {
		t.Fatalf("%d albums", len(before))
	}
	id := models.ID{Kind: models.KindAlbum, Key: before[0].Key}
	if err := h.catalog.Star(t.Context(), h.view, []models.ID{id}, true); err != nil {
		t.Fatal(err)
	}
	h.mp3("A/X/01.mp3", "TIT2", "One", "TALB", "The Album", "TPE1", "Abba", "TPE2", "Abba")
	h.mp3("A/X/02.mp3", "TIT2", "Two", "TALB", "The Album", "TPE1", "Abba", "TPE2", "Abba")
	h.scan(Request{})
	after := h.albums()
	if len(after) != 1 || after[0].Key != before[0].Key || after[0].User.StarredAt == 0 || after[0].Created != before[0].Created {
		t.Errorf("before %+v\nafter %+v", before[0], after)
	}
	if after[0].Name == before[0].Name {
		t.Errorf("the album has not taken its new name: %+v, was %+v", after[0], before[0])
	}
}

// mp3 writes an MP3 with these ID3v2.3 text frames in front of the same sound.
func (h *house) mp3(to string, frames ...string) {
	h.t.Helper()
	sound, err := os.ReadFile(filepath.Join("audio", "testdata", "vbr-mono22.mp3"))
	if err != nil {
		h.t.Fatal(err)
	}
	var body []byte
	for i := 0; i < len(frames); i += 2 {
		text := append([]byte{3}, frames[i+1]...)
		body = append(body, frames[i]...)
		body = append(body, 0, 0, byte(len(text)>>8), byte(len(text)), 0, 0)
		body = append(body, text...)
	}
	n := len(body)
	head := []byte{'I', 'D', '3', 3, 0, 0, 0, 0, byte(n >> 7), byte(n & 127)}
	h.write(to, append(append(head, body...), sound...))
}

func TestPicturesAndLyricsBesideTheMusic(t *testing.T) {
	h := newHouse(t, Options{})
	h.put("vbr-mono22.mp3", "A/X/CD1/01.mp3")
	h.put("id3v1.mp3", "A/X/CD2/01.mp3")
	h.scan(Request{})
	if a := h.albums(); len(a) != 1 && len(a) != 2 {
		t.Fatalf("%d albums", len(a))
	}
	for _, s := range h.songs() {
		if s.Cover.Version != "" {
			t.Errorf("%s has a cover from nowhere: %+v", s.ObjectKey, s.Cover)
		}
	}
	h.write("A/X/CD1/cover.jpg", []byte("one"))
	h.write("A/X/CD1/01.lrc", []byte("[00:01.00]la"))
	h.write("A/artist.jpg", []byte("face"))
	run := h.scan(Request{})
	if run.Read != 0 {
		t.Errorf("a new picture made the scan read songs: %+v", run)
	}
	s := h.songs()["A/X/CD1/01.mp3"]
	if s.Cover.Version == "" {
		t.Fatalf("no cover: %+v", s.Cover)
	}
	if l, err := h.catalog.Lyrics(t.Context(), h.view, s.Key); err != nil || len(l) != 1 || l[0].ObjectKey != "A/X/CD1/01.lrc" {
		t.Errorf("lyrics %+v %v", l, err)
	}
	artists, err := h.catalog.Artists(t.Context(), h.view)
	if err != nil || len(artists) == 0 || artists[0].Cover.Version == "" {
		t.Errorf("the artist shows no picture: %+v %v", artists, err)
	}
	version := s.Cover.Version
	h.write("A/X/CD1/cover.jpg", []byte("another picture"))
	h.scan(Request{Prefixes: []string{"A/X/CD1/"}})
	if s = h.songs()["A/X/CD1/01.mp3"]; s.Cover.Version == version || s.Cover.Version == "" {
		t.Errorf("a replaced picture kept its version %q", s.Cover.Version)
	}
	for _, name := range []string{"A/X/CD1/cover.jpg", "A/X/CD1/01.lrc", "A/artist.jpg"} {
		if err := os.Remove(filepath.Join(h.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	h.scan(Request{})
	s = h.songs()["A/X/CD1/01.mp3"]
	if s.Cover.Version != "" {
		t.Errorf("a removed picture is still shown: %+v", s.Cover)
	}
	if l, err := h.catalog.Lyrics(t.Context(), h.view, s.Key); err != nil || len(l) != 0 {
		t.Errorf("removed lyrics are still there: %+v %v", l, err)
	}
	if artists, _ = h.catalog.Artists(t.Context(), h.view); artists[0].Cover.Version != "" {
		t.Error("the artist's removed picture is still shown")
	}
}

func TestPartialScanLeavesTheRestAlone(t *testing.T) {
	h := newHouse(t, Options{})
	h.put("id3v24.mp3", "A/One/01.mp3")
	h.put("id3v23.mp3", "B/Two/01.mp3")
	h.scan(Request{})
	h.move("B/Two/01.mp3", "B/Three/01.mp3")
	if err := os.Remove(filepath.Join(h.dir, "A/One/01.mp3")); err != nil {
		t.Fatal(err)
	}
	run := h.scan(Request{Prefixes: []string{"B/Two/", "B/Three/"}})
	if run.Moved != 1 || run.Missing != 0 || run.Listed != 1 {
		t.Errorf("%+v", run)
	}
	if len(h.songs()) != 2 {
		t.Error("a song outside of the scanned folders was touched")
	}
}

// A scan that is cut off keeps what it wrote; the next one reads the rest.
func TestInterruptedScanGoesOn(t *testing.T) {
	h := newHouse(t, Options{Readers: 1})
	files := map[string]string{}
	for i := range 1500 {
		files[fmt.Sprintf("A%02d/X/%04d.tak", i/50, i)] = "known by its name"
	}
	store := mem.New(files)
	h.store = store
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l, err := h.catalog.Library(ctx, h.library)
	if err != nil {
		t.Fatal(err)
	}
	var p Progress
	done := make(chan struct{})
	go func() {
		defer close(done)
		for p.Written.Load() == 0 && ctx.Err() == nil {
			continue
		}
		cancel()
	}()
	run, err := h.scanner.Scan(ctx, Request{Library: l, Store: store, Progress: &p})
	if !errors.Is(err, context.Canceled) || run.State != models.ScanStopped {
		t.Fatalf("%v %+v", err, run)
	}
	<-done
	wrote := len(h.songs())
	if wrote == 0 || wrote == len(files) {
		t.Fatalf("the scan was stopped too late or too early: %d songs", wrote)
	}
	run = h.scan(Request{})
	if run.Read != len(files)-wrote || len(h.songs()) != len(files) {
		t.Errorf("%d were written, then %d read; %d songs", wrote, run.Read, len(h.songs()))
	}
}

// A listing that fails or comes back short removes nothing.
func TestFailedListingRemovesNothing(t *testing.T) {
	h := newHouse(t, Options{})
	store := mem.New(map[string]string{"A/1.tak": "x", "A/2.tak": "x", "B/3.tak": "x"})
	h.store = store
	h.scan(Request{})
	store.Delete("B/3.tak")
	store.SetFaults(mem.Faults{ListFails: 1, ListErr: os.ErrPermission})
	run, err := h.tryScan(Request{})
	if err == nil || run.State != models.ScanFailed || run.Missing != 0 {
		t.Errorf("%v %+v", err, run)
	}
	if len(h.songs()) != 3 {
		t.Errorf("%d songs left", len(h.songs()))
	}
	store.SetFaults(mem.Faults{})
	if run := h.scan(Request{}); run.Missing != 1 {
		t.Errorf("%+v", run)
	}
}

func TestGuardAgainstLosingMuch(t *testing.T) {
	h := newHouse(t, Options{})
	files := map[string]string{}
	for i := range 400 {
		files[fmt.Sprintf("A%02d/%04d.tak", i/20, i)] = "x"
	}
	store := mem.New(files)
	h.store = store
	h.scan(Request{})
	for i := range 160 {
		store.Delete(fmt.Sprintf("A%02d/%04d.tak", i/20, i))
	}
	run, err := h.tryScan(Request{})
	if err == nil || run.Missing != 0 || len(h.songs()) != 400 {
		t.Fatalf("160 of 400 songs went: %v %+v", err, run)
	}
	if run := h.scan(Request{AcceptMissing: true}); run.Missing != 160 || len(h.songs()) != 240 {
		t.Errorf("%+v", run)
	}
}

var _ storage.Store = (*mem.Store)(nil)

func TestCountsFollow(t *testing.T) {
	h := newHouse(t, Options{})
	h.put("id3v24.mp3", "A/One/01.mp3")
	h.put("id3v23.mp3", "A/One/02.mp3")
	h.scan(Request{})
	genres, err := h.catalog.Genres(t.Context(), h.view)
	if err != nil || len(genres) == 0 {
		t.Fatalf("%v %v", genres, err)
	}
	for _, name := range []string{"01.mp3", "02.mp3"} {
		if err := os.Remove(filepath.Join(h.dir, "A/One", name)); err != nil {
			t.Fatal(err)
		}
	}
	h.scan(Request{AcceptMissing: true})
	if genres, _ = h.catalog.Genres(t.Context(), h.view); len(genres) != 0 {
		t.Errorf("genres of missing songs: %+v", genres)
	}
	if artists, _ := h.catalog.Artists(t.Context(), h.view); len(artists) != 0 {
		t.Errorf("artists of missing songs: %+v", artists)
	}
	if top, _ := h.catalog.TopFolders(t.Context(), h.view); len(top) != 0 {
		t.Errorf("folders without songs: %+v", top)
	}
	if _, n, _ := h.catalog.Albums(t.Context(), h.view, catalog.AlbumList{By: "newest", Size: 10}); n != 0 {
		t.Errorf("%d albums without songs", n)
	}
}

// A root that is gone changes nothing, and the run says how to mend it.
func TestGoneRootSaysHowToMend(t *testing.T) {
	h := newHouse(t, Options{})
	h.put("id3v24.mp3", "A/One/01.mp3")
	h.scan(Request{})
	if err := os.Rename(h.dir, h.dir+" away"); err != nil {
		t.Fatal(err)
	}
	run, err := h.tryScan(Request{})
	if err == nil || run.State != models.ScanFailed || run.Missing != 0 || !strings.Contains(run.Message, "Mount it") {
		t.Errorf("%v %+v", err, run)
	}
	if len(h.songs()) != 1 {
		t.Error("songs vanished with their root")
	}
}
