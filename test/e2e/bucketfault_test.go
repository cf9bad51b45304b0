package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
	made "github.com/songlocker/songlocker/test/music"
)

// TestBucketDown takes one bucket away in several manners. What it holds stays
// in the catalog, and other libraries go on.
func TestBucketDown(t *testing.T) {
	t.Parallel()
	one, two, m := fakes3.New(t, nil), fakes3.New(t, nil), newMusic(t)
	one.Set(fakes3.Settings{RequireKey: true})
	list := tunes(t, 60)
	for _, x := range list[:30] {
		one.Put("one/"+x.key, x.bytes())
	}
	for _, x := range list[30:40] {
		two.Put("two/"+x.key, x.bytes())
	}
	m.album("A/B", "A", "B", "Rock", 7, 3)
	s := start(t, setup{music: []string{"Cloud=" + one.Location(""), "Two=" + two.Location("") + "&anonymous=true", "Folder=" + m.dir},
		env: []string{secretOf(fakes3.Secret())}, args: []string{"--no-watch"}, errors: true})
	s.secret(fakes3.SecretKey)
	c := s.owner()
	total := 43
	c.scanned(total)
	songs := c.songs()
	mine := songs["one/"+list[3].key].text("id")
	c.ok("star", "id", mine)
	for i, fault := range []fakes3.Fault{fakes3.Denied, fakes3.NoSuchBucket, fakes3.ExpiredToken, fakes3.UnknownKey, fakes3.SkewedClock, {Cut: -1}} {
		one.Fail(fault)
		x := list[40+i]
		two.Put("two/"+x.key, x.bytes())
		m.write(fmt.Sprintf("A/B/%d.mp3", 10+i), track{title: fmt.Sprint(i), artist: "A", album: "B", sound: 0x9000 + uint32(i)}.mp3(t))
		total += 2
		c.scan(total)
		now := c.songs()
		for path, x := range songs {
			if now[path].text("id") != x.text("id") {
				t.Errorf("fault %d: %s was %s and is %s", i, path, x.text("id"), now[path].text("id"))
			}
		}
		if _, got := c.get(nil, "stream", "id", now["two/"+x.key].text("id")); !bytes.Equal(got, x.bytes()) {
			t.Errorf("fault %d: the other bucket streams %d bytes", i, len(got))
		}
		stdout, stderr := s.command(1, "", "doctor")
		if !strings.Contains(stdout+stderr, "Cloud") {
			t.Errorf("fault %d: doctor says nothing of the library:\n%s%s", i, stdout, stderr)
		}
		one.Heal()
	}
	c.scan(total)
	if _, got := c.get(nil, "stream", "id", mine); !bytes.Equal(got, list[3].bytes()) {
		t.Errorf("after all the song streams %d bytes", len(got))
	}
	if c.ok("getSong", "id", mine).text("song.starred") == "" {
		t.Error("the star is lost")
	}
	s.command(0, "", "doctor")
}

// TestKilledStreams kills the server while streams fill its cache. What is
// read after that is the object, whatever the cache holds.
func TestKilledStreams(t *testing.T) {
	t.Parallel()
	b := fakes3.New(t, nil)
	long := func(seed uint64) []byte {
		x := tune{key: "long.mp3", tags: made.Tags{Title: fmt.Sprint("Long ", seed), Artist: "A", Album: "B", AlbumArtist: "A"}, Sound: made.Sound{Seed: seed << 20, Size: 9000}}
		return append(x.bytes(), made.Noise(seed, 12<<20)...)
	}
	now := long(1)
	b.Put("long.mp3", now)
	s := start(t, setup{music: []string{"Cloud=" + b.Location("") + "&anonymous=true"}})
	s.owner().scanned(1)
	for round := range 6 {
		c := s.owner()
		c.scanned(1)
		id := c.song("long.mp3").text("id")
		for i := range 3 { // several players, at several places
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url("stream", "id", id), nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Range", fmt.Sprintf("bytes=%d-", i*4<<20))
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			n := (round*700 + 100) << 10
			if n > 3<<20 {
				n = 3 << 20
			}
			got, err := io.ReadAll(io.LimitReader(resp.Body, int64(n)))
			if err != nil || !bytes.Equal(got, now[i*4<<20:][:n]) {
				t.Errorf("round %d: %d bytes, %v", round, len(got), err)
			}
		}
		s.kill()
		if round%2 == 1 { // the object changes while nobody looks
			now = long(uint64(round + 2))
			b.Put("long.mp3", now)
		}
		s.run()
		c = s.owner()
		title := fmt.Sprint("Long ", (round+1)/2*2+1)
		eventually(t, "the song of now", func() bool { return c.songs()["long.mp3"].text("title") == title })
		began := time.Now()
		resp, got := c.get(nil, "stream", "id", id)
		if !bytes.Equal(got, now) {
			t.Errorf("round %d: after the kill %s, %d bytes of %d, or other ones", round, resp.Status, len(got), len(now))
		}
		t.Logf("round %d: the whole song in %v", round, time.Since(began).Round(time.Millisecond))
	}
}
