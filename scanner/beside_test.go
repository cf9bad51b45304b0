package scanner

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// Texts and pictures beside songs are found whatever the case of letters, and
// an unchanged library stays unchanged.
func TestBesideASong(t *testing.T) {
	h := newHouse(t, Options{})
	h.put("vbr-mono22.mp3", "Singles/Song One.mp3")
	h.put("id3v1.mp3", "Singles/Song Two.MP3")
	h.put("pcm.wav", "Album/01 first.wav")
	h.put("pcm24-id3.wav", "Album/02 second.wav")
	h.write("Singles/song one.LRC", []byte("[00:01.00]la"))
	h.write("Singles/SONG ONE.txt", []byte("la"))
	h.write("Singles/Song one.txt", []byte("another"))
	h.write("Singles/song ONE.Jpg", []byte("a picture of song one"))
	h.write("Singles/Song One.png", []byte("a second picture"))
	h.write("Singles/holiday.jpg", []byte("of nobody"))
	h.write("Album/Cover.JPG", []byte("the album"))
	h.write("Album/01 first.jpg", []byte("the song"))
	steady := func(when string) {
		t.Helper()
		version := h.catalog.Version()
		if run := h.scan(Request{}); run.Read != 0 || h.catalog.Version() != version {
			t.Errorf("%s: an unchanged library was written again: %+v", when, run)
		}
	}
	h.scan(Request{})
	steady("first scan")
	one := h.songs()["Singles/Song One.mp3"]
	lyrics, err := h.catalog.Lyrics(t.Context(), h.view, one.Key)
	if err != nil || len(lyrics) < 2 || lyrics[0].ObjectKey != "Singles/song one.LRC" {
		t.Errorf("lyrics: %+v %v", lyrics, err)
	}
	shown := func(song string) string {
		t.Helper()
		s := h.songs()[song]
		if s.Cover.Version == "" {
			return ""
		}
		list, err := h.catalog.Pictures(t.Context(), h.view, s.Cover.Of, s.Cover.Disc)
		if err != nil {
			t.Fatal(err)
		}
		return list[0].ObjectKey
	}
	if got := shown("Singles/Song One.mp3"); got != "Singles/Song One.png" {
		t.Errorf("song one shows %q", got)
	}
	for _, s := range []string{"Album/01 first.wav", "Album/02 second.wav"} {
		if got := shown(s); got != "Album/Cover.JPG" {
			t.Errorf("%s shows %q, which is no better one", s, got)
		}
	}
	// A second song's own picture, without a read.
	h.write("Singles/song two.jpg", []byte("a picture of song two"))
	if run := h.scan(Request{Prefixes: []string{"Singles/"}}); run.Read != 0 {
		t.Errorf("%+v", run)
	}
	if got := shown("Singles/Song Two.MP3"); got != "Singles/song two.jpg" {
		t.Errorf("song two shows %q", got)
	}
	steady("a new picture")
	before := h.songs()["Singles/Song Two.MP3"].Cover.Version
	h.write("Singles/song two.jpg", []byte("another picture of song two"))
	h.scan(Request{})
	if got := h.songs()["Singles/Song Two.MP3"].Cover.Version; got == before || got == "" {
		t.Errorf("a replaced picture kept its version %q", got)
	}
	// A full scan keeps it.
	h.scan(Request{Full: true})
	if got := shown("Singles/Song Two.MP3"); got != "Singles/song two.jpg" {
		t.Errorf("after a full scan song two shows %q", got)
	}
	steady("a full scan")
	for _, name := range []string{"Singles/song two.jpg", "Singles/song one.LRC", "Singles/Song One.png"} {
		if err := os.Remove(filepath.Join(h.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	h.scan(Request{})
	// It now shows its album's, which is that of the first song with one.
	if got := h.songs()["Singles/Song Two.MP3"].Cover; got.Of.Kind != models.KindAlbum || shown("Singles/Song Two.MP3") != "Singles/song ONE.Jpg" {
		t.Errorf("a removed picture is still shown: %+v", got)
	}
	if got := shown("Singles/Song One.mp3"); got != "Singles/song ONE.Jpg" {
		t.Errorf("song one shows %q", got)
	}
	if lyrics, _ := h.catalog.Lyrics(t.Context(), h.view, one.Key); len(lyrics) != 1 {
		t.Errorf("lyrics: %+v", lyrics)
	}
	steady("removed pictures")
}

func TestBesideName(t *testing.T) {
	for _, x := range []struct {
		song, beside string
		want         bool
	}{
		{"A/Song.mp3", "A/song.LRC", true}, {"a/Song.mp3", "A/Song.lrc", false}, {"ÉTÉ.mp3", "été.jpg", true},
		{"caf\xe9.mp3", "caf\xe9.lrc", true}, {"caf\xe9.mp3", "caf\xe8.lrc", false}, {"a.b.mp3", "a.b.lrc", true}, {"a.mp3", "a.mp3.lrc", false},
	} {
		if got := besideName(x.song) == besideName(x.beside); got != x.want {
			t.Errorf("%q beside %q: %v", x.beside, x.song, got)
		}
	}
}
