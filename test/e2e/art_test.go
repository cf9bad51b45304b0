package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"path/filepath"
	"strings"
	"testing"
)

// TestCovers wants the picture of every fixture, byte by byte.
func TestCovers(t *testing.T) {
	m := newMusic(t)
	files, err := filepath.Glob(filepath.Join(fixtures, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	with := map[string]facts{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		f := factsOf(t, name)
		if types[strings.TrimPrefix(filepath.Ext(name), ".")] != "" && len(f.Pictures) > 0 {
			with[name] = f
			m.put(name, name+"/"+name)
		}
	}
	c := start(t, setup{music: []string{m.dir}}).owner()
	c.scanned(len(with))
	songs := c.songs()
	for name, f := range with {
		t.Run(name, func(t *testing.T) {
			c, s := c.with(t), songs[name+"/"+name]
			comparePicture(t, c, s, f)
		})
	}
}

// comparePicture wants the embedded front, byte by byte.
func comparePicture(t *testing.T, c *client, s node, f facts) {
	t.Helper()
	front := ""
	for _, p := range f.Pictures {
		if p.Type == 3 && front == "" {
			front = p.SHA256
		}
	}
	if front == "" {
		return
	}
	id := s.text("coverArt")
	if id == "" {
		t.Fatal("there is no coverArt")
	}
	resp, b := c.get(nil, "getCoverArt", "id", id)
	sum := sha256.Sum256(b)
	// An album's songs may share one picture: it must be one of the fixtures'.
	if got := hex.EncodeToString(sum[:]); got != front || !strings.HasPrefix(resp.Header.Get("Content-Type"), "image/") {
		t.Errorf("the cover %s is %s, %d bytes, %s, want %s", id, resp.Header.Get("Content-Type"), len(b), got, front)
	}
}

// TestShelfCovers asks for pictures as apps do.
func TestShelfCovers(t *testing.T) {
	m := shelf(t)
	eachWay(t, func(t *testing.T, w way) {
		c := start(t, setup{way: w, music: []string{"Shelf=" + m.dir}}).owner()
		c.scanned(shelfSongs)
		s := c.song("Folk/Ümit/Über/01.mp3")
		for _, x := range []struct{ song, file string }{{"Rock/Kestrel/Storm/02.mp3", "Rock/Kestrel/Storm/cover.jpg"}} {
			id := c.song(x.song).text("coverArt")
			resp, b := c.get(nil, "getCoverArt", "id", id)
			if !bytes.Equal(b, m.read(x.file)) || resp.Header.Get("Content-Type") != "image/jpeg" || resp.Header.Get("ETag") == "" {
				t.Errorf("cover of %s: %s, %d bytes", x.song, resp.Status, len(b))
			}
			resp, b = c.get(nil, "getCoverArt", "id", id, "size", 64)
			if img, _, err := image.DecodeConfig(bytes.NewReader(b)); err != nil || img.Width != 64 || img.Height != 48 {
				t.Errorf("small cover of %s: %s, %v, %v", x.song, resp.Status, img, err)
			}
			resp, _ = c.get(map[string]string{"If-None-Match": resp.Header.Get("ETag")}, "getCoverArt", "id", id, "size", 64)
			if resp.StatusCode != 304 {
				t.Errorf("cover of %s with its ETag: %s", x.song, resp.Status)
			}
		}
		if _, b := c.get(nil, "getCoverArt", "id", s.text("coverArt")); !bytes.Equal(b, cover(t, 300, 300, color.RGBA{0, 0, 250, 255})) {
			t.Errorf("the embedded cover has %d bytes", len(b))
		}
		if got := c.song("Rock/Kestrel/Calm/01.mp3").at("coverArt").v; got != nil {
			t.Errorf("coverArt without a picture: %v", got)
		}
		c.fails(70, "getCoverArt", "id", "al-0000000000000")
	})
}
