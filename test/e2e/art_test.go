package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
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

// TestCoverChoice asks which of several pictures is shown.
//
//	a/ front.jpg, folder.jpg, cover.jpg, back.jpg, embedded pictures
//	b/ folder.jpg, back.jpg
//	c/ back.jpg, embedded pictures
//	d/ back.jpg
//	Artist/artist.jpg, Artist/Album/CD1/cover.jpg, Artist/Album/CD2/cover.jpg
//	bomb/cover.png says that it is 60,000 by 60,000
func TestCoverChoice(t *testing.T) {
	m := newMusic(t)
	paint := func(n uint8) []byte { return cover(t, 80, 60, color.RGBA{n, 255 - n, n / 2, 255}) }
	inside := paint(99)
	one := func(dir, album, artist string, sound uint32, picture []byte) {
		m.write(dir+"/1.mp3", track{title: "Title of " + dir, artist: artist, albumArtist: artist, album: album, sound: sound, number: 1, picture: picture}.mp3(t))
	}
	one("a", "A", "X", 1, inside)
	m.write("a/front.jpg", paint(1))
	m.write("a/folder.jpg", paint(2))
	m.write("a/cover.jpg", paint(3))
	m.write("a/back.jpg", paint(4))
	one("b", "B", "X", 2, nil)
	m.write("b/folder.jpg", paint(5))
	m.write("b/back.jpg", paint(6))
	one("c", "C", "X", 3, inside)
	m.write("c/back.jpg", paint(7))
	one("d", "D", "X", 4, nil)
	m.write("d/back.jpg", paint(8))
	m.write("Artist/artist.jpg", paint(9))
	for disc := 1; disc <= 2; disc++ {
		tr := track{title: fmt.Sprint("Disc ", disc), artist: "Discs", albumArtist: "Discs", album: "Two", sound: 10 + uint32(disc), number: 1, disc: disc}
		m.write(fmt.Sprintf("Artist/Two/CD%d/1.mp3", disc), tr.mp3(t))
		m.write(fmt.Sprintf("Artist/Two/CD%d/cover.jpg", disc), paint(20+uint8(disc)))
	}
	one("bomb", "Bomb", "X", 30, nil)
	m.write("bomb/cover.png", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xea\x60\x00\x00\xea\x60\x08\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10IDAT0123456789012345"))
	c := start(t, setup{music: []string{m.dir}, args: []string{"--no-watch"}}).owner()
	c.scanned(7)
	all := c.songs()
	show := func(what, id string, want []byte) {
		t.Helper()
		if id == "" {
			t.Errorf("%s has no coverArt", what)
			return
		}
		if resp, b := c.get(nil, "getCoverArt", "id", id); !bytes.Equal(b, want) {
			t.Errorf("%s (%s) shows %s, %d bytes: %.200s", what, id, resp.Header.Get("Content-Type"), len(b), b[:min(len(b), 200)])
		}
	}
	for dir, want := range map[string][]byte{"a": paint(3), "b": paint(5), "c": inside} {
		s := all[dir+"/1.mp3"]
		show("the song in "+dir, s.text("coverArt"), want)
		show("the plain song id in "+dir, s.text("id"), want)
		show("the album in "+dir, c.ok("getAlbum", "id", s.text("albumId")).text("album.coverArt"), want)
		show("the plain album id in "+dir, s.text("albumId"), want)
	}
	if got := all["d/1.mp3"].at("coverArt").v; got != nil {
		t.Errorf("a back cover is shown: %v", got)
	}
	for disc := 1; disc <= 2; disc++ {
		show(fmt.Sprint("a song of disc ", disc), all[fmt.Sprintf("Artist/Two/CD%d/1.mp3", disc)].text("coverArt"), paint(20+uint8(disc)))
	}
	show("the artist", c.ok("getArtist", "id", all["Artist/Two/CD1/1.mp3"].text("artistId")).text("artist.coverArt"), paint(9))

	list := c.ok("createPlaylist", "name", "mosaic", "songId", all["a/1.mp3"].text("id"), "songId", all["b/1.mp3"].text("id"), "songId", all["c/1.mp3"].text("id"), "songId", all["Artist/Two/CD1/1.mp3"].text("id")).text("playlist.id")
	id := c.ok("getPlaylist", "id", list).text("playlist.coverArt")
	if _, b := c.get(nil, "getCoverArt", "id", id, "size", 200); id == "" {
		t.Error("the playlist has no coverArt")
	} else if img, _, err := image.DecodeConfig(bytes.NewReader(b)); err != nil || img.Width != 200 {
		t.Errorf("the playlist's mosaic %s: %v %v %.200s", id, img, err, b[:min(len(b), 200)])
	}

	if resp, b := c.get(nil, "getCoverArt", "id", all["bomb/1.mp3"].text("albumId"), "size", 100); resp.StatusCode != 200 {
		t.Errorf("an image bomb: %s, %d bytes", resp.Status, len(b))
	}

	// A replaced picture has another id; the old id still answers.
	old := all["b/1.mp3"].text("coverArt")
	m.write("b/folder.jpg", cover(t, 90, 90, color.White))
	c.scan(7)
	now := c.song("b/1.mp3").text("coverArt")
	if now == old {
		t.Errorf("the new picture has the old id %s", old)
	}
	show("the new picture", now, cover(t, 90, 90, color.White))
	if resp, b := c.get(nil, "getCoverArt", "id", old); resp.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("the old id: %s %.200s", resp.Header.Get("Content-Type"), b[:min(len(b), 200)])
	}
	// A removed picture leaves no field.
	m.remove("b/folder.jpg")
	c.scan(7)
	if got := c.song("b/1.mp3").at("coverArt").v; got != nil {
		t.Errorf("a removed picture: %v", got)
	}
}
