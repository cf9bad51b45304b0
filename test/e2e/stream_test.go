package e2e

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
	made "github.com/songlocker/songlocker/test/music"
)

// longSongs puts an album of n songs of 2.5 MB each into a bucket.
func longSongs(n int) (*fakes3.Server, func(), map[string][]byte, error) {
	f, stop, err := fakes3.Start()
	if err != nil {
		return nil, nil, nil, err
	}
	f.Set(fakes3.Settings{RequireKey: true})
	files := map[string][]byte{}
	for i := range n {
		key := fmt.Sprintf("A/B/%02d.flac", i+1)
		tags := made.Tags{Title: fmt.Sprint("Long ", i+1), Artist: "A", Artists: []string{"A"}, AlbumArtist: "A", Album: "B", Track: i + 1, Disc: 1}
		files[key] = made.Bytes(made.Formats[".flac"], &tags, made.Sound{Seed: uint64(i + 1), Size: 2_500_000})
		f.Put(key, files[key])
	}
	return f, stop, files, nil
}

// open begins a stream and returns its body with the first byte read.
func (c *client) open(id string) io.ReadCloser {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.url("stream", "id", id), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, 1)); err != nil {
		c.t.Fatal(err)
	}
	return resp.Body
}

// TestStreamsFromABucket plays an album through a bucket that is slow, kills the
// server while it writes its cache, and counts what the bucket was asked for.
func TestStreamsFromABucket(t *testing.T) {
	t.Parallel()
	const n = 8
	f, stop, files, err := longSongs(n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	s := start(t, setup{music: []string{"Cloud=" + f.Location("")}, env: []string{secretOf(fakes3.Secret())}, args: []string{"--no-watch"}})
	s.secret(fakes3.SecretKey)
	c := s.owner()
	c.scanned(n)
	songs := c.songs()
	id := func(i int) string { return songs[fmt.Sprintf("A/B/%02d.flac", i)].text("id") }
	streams := func(c *client, i int) {
		t.Helper()
		key := fmt.Sprintf("A/B/%02d.flac", i)
		if resp, b := c.get(nil, "stream", "id", id(i)); resp.StatusCode != http.StatusOK || !bytes.Equal(b, files[key]) {
			t.Errorf("%s: %d, %d bytes of %d", key, resp.StatusCode, len(b), len(files[key]))
		}
	}
	asked := func(key string) (gets int) {
		for _, r := range f.Requests() {
			if r.Kind == fakes3.Get && r.Key == key {
				gets++
			}
		}
		return gets
	}

	// The head of the second song comes while the first one plays; then its
	// first byte needs no bucket.
	f.Set(fakes3.Settings{RequireKey: true, Latency: 300 * time.Millisecond})
	f.Forget()
	began := time.Now()
	first := c.open(id(1))
	cold := time.Since(began)
	if _, err := io.Copy(io.Discard, first); err != nil {
		t.Error(err)
	}
	first.Close()
	kept := func() (whole, begun []string) {
		err := filepath.WalkDir(filepath.Join(s.data, "cache", "streams"), func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || d.IsDir():
			case strings.HasPrefix(d.Name(), "."):
				begun = append(begun, path)
			default:
				whole = append(whole, path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return whole, begun
	}
	eventually(t, "the head of the second song", func() bool { whole, _ := kept(); return len(whole) == 4 })
	wait := make(chan struct{})
	f.Fail(fakes3.Fault{Kind: fakes3.Get, Wait: wait})
	began = time.Now()
	second := c.open(id(2))
	t.Logf("first bytes through 300 ms: cold after %s, warm after %s", cold, time.Since(began))
	close(wait)
	if _, err := io.Copy(io.Discard, second); err != nil {
		t.Error(err)
	}
	second.Close()
	f.Heal()
	f.Set(fakes3.Settings{RequireKey: true})
	for i := 1; i <= 2; i++ {
		streams(c, i)
		if got := asked(fmt.Sprintf("A/B/%02d.flac", i)); got > 3 {
			t.Errorf("song %d was asked for %d times", i, got)
		}
	}

	// Kills while songs are on their way.
	for i := 3; i <= n; i++ {
		body := c.open(id(i))
		if _, err := io.CopyN(io.Discard, body, int64(i-3)*300_000); err != nil {
			t.Error(err)
		}
		s.kill()
		body.Close()
		whole, begun := kept()
		t.Logf("killed with %d chunks, and %d begun", len(whole), len(begun))
		// What a machine that lost its power may leave.
		if err := os.Truncate(whole[0], 1<<19); err != nil {
			t.Error(err)
		}
		s.run()
		c = s.owner()
		eventually(t, "nothing is left of what was begun", func() bool {
			_, now := kept()
			return !slices.ContainsFunc(now, func(f string) bool { return slices.Contains(begun, f) })
		})
	}
	for range 2 {
		for i := 1; i <= n; i++ {
			streams(c, i)
		}
	}
	before := f.Counts()
	for i := 1; i <= n; i++ {
		streams(c, i)
	}
	if got := f.Counts().Sub(before); got.Gets > 0 {
		t.Errorf("songs that are in the cache asked for %+v", got)
	}
}

// TestManyListeners lets 100 of them stand in the middle of songs from a bucket:
// what the server holds for each is small, whatever the songs' size.
func TestManyListeners(t *testing.T) {
	t.Parallel()
	const songs, listeners = 10, 100
	f, stop, files, err := longSongs(songs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	s := start(t, setup{music: []string{"Cloud=" + f.Location("")}, env: []string{secretOf(fakes3.Secret())}, args: []string{"--no-watch"}})
	s.secret(fakes3.SecretKey)
	c := s.owner()
	c.scanned(songs)
	before := s.resident()
	var open []io.ReadCloser
	var wait sync.WaitGroup
	var mu sync.Mutex
	for i := range listeners {
		id := c.song(fmt.Sprintf("A/B/%02d.flac", i%songs+1)).text("id")
		wait.Go(func() {
			body := c.open(id)
			if _, err := io.CopyN(io.Discard, body, int64(1_100_000+i*1000)); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			open = append(open, body)
		})
	}
	wait.Wait()
	after := s.resident()
	t.Logf("%d MB before, %d MB with %d listeners; the bucket was asked %d times", before>>20, after>>20, listeners, f.Counts().Gets)
	if after-before > 100<<20 {
		t.Errorf("%d listeners hold %d MB", listeners, (after-before)>>20)
	}
	for _, body := range open {
		if rest, err := io.ReadAll(body); err != nil || len(rest) == 0 {
			t.Errorf("%d bytes, %v", len(rest), err)
		}
		body.Close()
	}
	if got := f.Counts().Bytes; got > 2*int64(songs)*int64(len(files["A/B/01.flac"])) {
		t.Errorf("%d songs cost %d bytes", songs, got)
	}
}

// resident is the memory of the server, in bytes.
func (s *server) resident() int64 {
	s.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.t.Skip(err)
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")), 10, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			return n << 10
		}
	}
	s.t.Fatal("no VmRSS")
	return 0
}
