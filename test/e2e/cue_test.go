package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/mewkiz/flac"
)

// samples decodes a FLAC file.
func samples(t *testing.T, b []byte) (out []int32) {
	t.Helper()
	s, err := flac.New(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for {
		f, err := s.ParseNext()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range f.Subframes[0].NSamples {
			for _, sub := range f.Subframes {
				out = append(out, sub.Samples[i])
			}
		}
	}
}

// TestCueSheet plays the tracks of an album that is one file, all at once and
// piece by piece: joined they are that file. An edited sheet keeps what users
// attached, and so does one that goes and comes back.
func TestCueSheet(t *testing.T) {
	m := newMusic(t)
	m.write("Ann/Blue/image.flac", fixture(t, "image.flac"))
	sheet := func(second string) []byte {
		return []byte("PERFORMER Ann\nTITLE Blue\nFILE image.wav WAVE\nTRACK 01 AUDIO\nTITLE One\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nTITLE " + second + "\nINDEX 01 00:01:50\nTRACK 03 AUDIO\nTITLE Three\nINDEX 01 00:03:00\n")
	}
	m.write("Ann/Blue/image.cue", sheet("Two"))
	c := start(t, setup{music: []string{m.dir}}).owner()
	c.scanned(3)
	songs := c.songs()
	var ids []string
	var joined []int32
	for i, title := range []string{"One", "Two", "Three"} {
		s := songs[fmt.Sprintf("Ann/Blue/image - %02d %s.flac", i+1, title)]
		if s.text("title") != title || s.int("track") != i+1 || s.text("album") != "Blue" {
			t.Fatalf("song %d is %v of %v", i+1, s.v, songs)
		}
		id := s.text("id")
		ids = append(ids, id)
		resp, whole := c.get(nil, "stream", "id", id)
		if len(whole) != s.int("size") || resp.Header.Get("Content-Type") != "audio/flac" {
			t.Errorf("%s: %d bytes, the song says %d; %v", title, len(whole), s.int("size"), resp.Header)
		}
		var pieces []byte
		for from := 0; from < len(whole); from += 5000 {
			resp, piece := c.get(map[string]string{"Range": fmt.Sprintf("bytes=%d-%d", from, from+4999), "If-Range": resp.Header.Get("ETag")}, "stream", "id", id)
			if resp.StatusCode != 206 {
				t.Fatalf("%s from %d: status %d", title, from, resp.StatusCode)
			}
			pieces = append(pieces, piece...)
		}
		if !bytes.Equal(pieces, whole) {
			t.Errorf("%s: the pieces are not the whole", title)
		}
		joined = append(joined, samples(t, whole)...)
	}
	want := samples(t, m.read("Ann/Blue/image.flac"))
	if len(joined) != len(want) {
		t.Fatalf("joined, the songs have %d samples, the file %d", len(joined), len(want))
	}
	for i := range want {
		if joined[i] != want[i] {
			t.Fatalf("sample %d differs", i)
		}
	}

	list := attach(c, ids)
	m.write("Ann/Blue/image.cue", sheet("Second"))
	c.scan(3)
	attached(c, ids, list)
	if got := c.ok("getSong", "id", ids[1]).text("song.title"); got != "Second" {
		t.Errorf("the second song is %q", got)
	}
	m.remove("Ann/Blue/image.cue")
	c.scan(3) // the sheet within the file cuts it alike
	attached(c, ids, list)
	m.write("Ann/Blue/image.cue", sheet("Two"))
	m.move("Ann/Blue", "Bob/Green")
	c.scan(3)
	attached(c, ids, list)
}
