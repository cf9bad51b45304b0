package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

// TestLatinNames has names in Latin-1, which are no UTF-8: songs are listed in
// valid UTF-8, stream, keep stars through a new name, and two names that read
// alike stay two.
//
//	caf\xe9/\xfcber.mp3 .lrc, caf\xe9/\xf6de.mp3, caf\xe8/\xfcber.mp3
func TestLatinNames(t *testing.T) {
	eachDatabase(t, func(t *testing.T, postgres bool) {
		m := newMusic(t)
		names := []string{"caf\xe9/\xfcber.mp3", "caf\xe9/\xf6de.mp3", "caf\xe8/\xfcber.mp3"}
		var files [][]byte
		for i, n := range names {
			b := track{title: string(rune('A' + i)), artist: "Latin", album: "One", number: i + 1, sound: uint32(0x5000 + i)}.mp3(t)
			m.write(n, b)
			files = append(files, b)
		}
		m.write("caf\xe9/\xfcber.lrc", []byte("[00:01.00]la la"))
		c := start(t, setup{music: []string{m.dir}, args: []string{"--no-watch"}, postgres: postgres}).owner()
		c.scanned(3)
		byTitle := func() map[string]node {
			t.Helper()
			a := c.ok("search3", "query", "", "songCount", 500)
			if !utf8.Valid(a.raw) {
				t.Error("the answer is no UTF-8")
			}
			out := map[string]node{}
			for _, s := range a.list("searchResult3.song") {
				out[s.text("title")] = s
			}
			return out
		}
		songs := byTitle()
		if len(songs) != 3 {
			t.Fatalf("%d songs", len(songs))
		}
		for i, title := range []string{"A", "B", "C"} {
			id := songs[title].text("id")
			if _, b := c.get(nil, "stream", "id", id); !bytes.Equal(b, files[i]) {
				t.Errorf("%s streams %d bytes, want %d", title, len(b), len(files[i]))
			}
			c.ok("star", "id", id)
			c.ok("getMusicDirectory", "id", songs[title].text("parent"))
		}
		if got := c.ok("getLyricsBySongId", "id", songs["A"].text("id")).list("lyricsList.structuredLyrics"); len(got) != 1 {
			t.Errorf("lyrics: %v", got)
		}
		if songs["A"].text("parent") == songs["C"].text("parent") {
			t.Error("two folders are one")
		}
		for from, to := range map[string]string{names[0]: "na\xefve/\xdcber.mp3", names[1]: "caf\xe9/\xd6de.mp3"} {
			if err := os.MkdirAll(filepath.Dir(m.path(to)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(m.path(from), m.path(to)); err != nil {
				t.Fatal(err)
			}
		}
		c.scan(3)
		for title, s := range byTitle() {
			if s.text("id") != songs[title].text("id") || s.text("starred") == "" {
				t.Errorf("%s is now %v", title, s.v)
			}
		}
		if err := os.Remove(m.path(names[2])); err != nil {
			t.Fatal(err)
		}
		c.scan(2)
	})
}
