package subsonic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
	"github.com/songlocker/songlocker/storage/rangecache"
)

// bucket is a store in memory that counts what it is asked for as a bucket
// does, late if it is told so.
type bucket struct {
	*mem.Store
	mu      sync.Mutex
	asked   []string // "method key from+length"
	latency time.Duration
	gate    chan struct{}    // holds requests back until it is closed, if set
	after   func(read int64) // called with the bytes that a range has given so far, if set
	link    string           // what Link gives
	linked  []storage.Link
}

func (b *bucket) ask(ctx context.Context, what string) error {
	b.mu.Lock()
	b.asked = append(b.asked, what)
	wait, gate := b.latency, b.gate
	b.mu.Unlock()
	if gate != nil {
		<-gate
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// requests returns what was asked for since the last time.
func (b *bucket) requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := b.asked
	b.asked = nil
	return asked
}

func (b *bucket) Stat(ctx context.Context, key string) (storage.Object, error) {
	if err := b.ask(ctx, "head "+key); err != nil {
		return storage.Object{}, err
	}
	return b.Store.Stat(ctx, key)
}

func (b *bucket) Pinned(ctx context.Context, o storage.Object) (storage.File, error) {
	f, err := b.Store.Pinned(ctx, o)
	if err != nil {
		return nil, err
	}
	return &bucketFile{f, b, ctx}, nil
}

type bucketFile struct {
	storage.File
	b   *bucket
	ctx context.Context
}

func (f *bucketFile) Range(off, n int64) (io.ReadCloser, error) {
	if err := f.b.ask(f.ctx, fmt.Sprintf("get %s %d+%d", f.Object().Key, off, n)); err != nil {
		return nil, err
	}
	if _, err := f.File.ReadAt(make([]byte, 1), off); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return &bucketBody{io.NewSectionReader(f.File, off, n), f.b, 0}, nil
}

func (f *bucketFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.b.ask(f.ctx, fmt.Sprintf("get %s %d+%d", f.Object().Key, off, len(p))); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

type bucketBody struct {
	r    io.Reader
	b    *bucket
	read int64
}

func (r *bucketBody) Read(p []byte) (int, error) {
	r.b.mu.Lock()
	after := r.b.after
	r.b.mu.Unlock()
	if after != nil {
		after(r.read)
	}
	n, err := r.r.Read(p)
	r.read += int64(n)
	return n, err
}

func (r *bucketBody) Close() error { return nil }

func (b *bucket) Link(_ context.Context, o storage.Object, l storage.Link) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.linked = append(b.linked, l)
	if b.link == "" {
		return "", errors.New("no key to sign with")
	}
	return b.link + o.Key + "?X-Amz-Signature=abc", nil
}

// withBucket makes the first library of a house one in a bucket, with a cache
// of this size, and the songs of the album Blue long.
func withBucket(t *testing.T, cache int64) (*house, *bucket) {
	t.Helper()
	h := newHouse(t)
	b := &bucket{Store: h.stores[1].(*mem.Store)}
	for key, file := range musicTree() {
		if strings.HasPrefix(key, "The Bob/") {
			b.Put(key, []byte(file+strings.Repeat(key, 3<<20/len(key))))
		}
	}
	c := rangecache.New(rangecache.Options{Dir: filepath.Join(t.TempDir(), "streams"), Bound: cache})
	t.Cleanup(func() { c.Close() })
	h.rescan()
	h.stores[1] = c.Wrap("1", b)
	return h, b
}

// bytesOf returns an object as it lies in the bucket.
func bytesOf(t *testing.T, b *bucket, key string) string {
	t.Helper()
	r, err := b.Open(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

const sea, sky = "The Bob/Blue/01 Sea.flac", "The Bob/Blue/02 Sky.flac"

func TestStreamsFromABucket(t *testing.T) {
	tags := map[string]bool{}
	for _, cache := range []int64{0, 1 << 30} {
		h, b := withBucket(t, cache)
		want := bytesOf(t, b, sea)
		id, n := h.id("Sea"), len(want)
		call := "stream?id=" + id
		head := h.with("HEAD", "owner", call)
		tag, modified := head.Header.Get("ETag"), head.Header.Get("Last-Modified")
		if head.StatusCode != 200 || tag == "" || modified == "" || head.Header.Get("Content-Length") != fmt.Sprint(n) || head.Header.Get("Content-Type") != "audio/flac" || body(t, head) != "" {
			t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
		}
		tags[tag] = true
		// What is answered from the catalog.
		for _, c := range []struct {
			method  string
			headers []string
			status  int
		}{
			{"HEAD", []string{"Range", "bytes=5-9"}, 206},
			{"HEAD", []string{"If-None-Match", tag}, 304},
			{"GET", []string{"If-None-Match", tag}, 304},
			{"GET", []string{"If-Modified-Since", modified}, 304},
			{"GET", []string{"If-Match", `"other"`}, 412},
			{"GET", []string{"Range", fmt.Sprintf("bytes=%d-", n)}, 416},
			{"HEAD", []string{"Range", fmt.Sprintf("bytes=%d-", n)}, 416},
		} {
			for _, call := range []string{"stream", "download"} {
				r := h.with(c.method, "owner", call+"?id="+id, c.headers...)
				if r.StatusCode != c.status || c.status == 416 && r.Header.Get("Content-Range") != fmt.Sprintf("bytes */%d", n) {
					t.Errorf("%s %s %v: %d %v", c.method, call, c.headers, r.StatusCode, r.Header)
				}
			}
		}
		if got := b.requests(); len(got) > 0 {
			t.Errorf("answers from the catalog asked the bucket: %v", got)
		}
		// A seek costs what it sends.
		if r := h.with("GET", "owner", call, "Range", "bytes=2000000-2000099"); body(t, r) != want[2000000:2000100] || r.StatusCode != 206 {
			t.Errorf("a range: %d", r.StatusCode)
		}
		if got := b.requests(); !slices.Equal(got, []string{"get " + sea + " 2000000+100"}) {
			t.Errorf("a range of 100 bytes asked for %v", got)
		}
		for _, c := range []struct {
			headers []string
			status  int
			body    string
		}{
			{nil, 200, want},
			{[]string{"Range", "bytes=0-"}, 206, want},
			{[]string{"Range", "bytes=0-0"}, 206, want[:1]},
			{[]string{"Range", "bytes=1000-2500000"}, 206, want[1000:2500001]},
			{[]string{"Range", fmt.Sprintf("bytes=%d-", n-50)}, 206, want[n-50:]},
			{[]string{"Range", "bytes=-70000"}, 206, want[n-70000:]},
			{[]string{"Range", "bytes=5-9", "If-Range", tag}, 206, want[5:10]},
			{[]string{"Range", "bytes=5-9", "If-Range", modified}, 206, want[5:10]},
			{[]string{"Range", "bytes=5-9", "If-Range", `"other"`}, 200, want},
		} {
			for _, call := range []string{"stream", "download"} {
				r := h.with("GET", "owner", call+"?id="+id, c.headers...)
				if got := body(t, r); r.StatusCode != c.status || got != c.body || r.Header.Get("ETag") != tag || r.Header.Get("Content-Type") != "audio/flac" {
					t.Errorf("%s %v: %d, %d bytes of %d, %v", call, c.headers, r.StatusCode, len(got), len(c.body), r.Header)
				}
			}
		}
		if r := h.with("GET", "owner", call, "Range", "bytes=0-9,2000000-2000009"); r.StatusCode != 206 || !strings.Contains(body(t, r), want[2000000:2000010]) {
			t.Errorf("two ranges: %d %v", r.StatusCode, r.Header)
		}
	}
	if len(tags) != 1 {
		t.Errorf("the ETag depends on the cache: %v", tags)
	}
}

func TestAnObjectThatHasChanged(t *testing.T) {
	for _, cache := range []int64{0, 1 << 30} {
		h, b := withBucket(t, cache)
		id, old := h.id("Sea"), bytesOf(t, b, sea)
		tag := h.with("HEAD", "owner", "stream?id="+id).Header.Get("ETag")
		fresh := "fLaC" + strings.ToUpper(old) + "longer"
		b.Put(sea, []byte(fresh))

		// Nothing was sent: the new content comes, under its own tag.
		r := h.with("GET", "owner", "stream?id="+id, "Range", "bytes=10-29")
		if got := body(t, r); got != fresh[10:30] || r.StatusCode != 206 || r.Header.Get("ETag") == tag || r.Header.Get("Content-Range") != fmt.Sprintf("bytes 10-29/%d", len(fresh)) {
			t.Errorf("%q, %d %v", got, r.StatusCode, r.Header)
		}
		if r := h.with("GET", "owner", "stream?id="+id, "Range", "bytes=10-29", "If-Range", tag); r.StatusCode != 200 || body(t, r) != fresh {
			t.Errorf("a range of the old content: %d", r.StatusCode)
		}
		if want := "1 " + sea; len(h.changed) == 0 || h.changed[0] != want {
			t.Errorf("scans of %q are asked for, want %q", h.changed, want)
		}
		h.changed = nil
		fresh += "and longer"
		b.Put(sea, []byte(fresh))
		h.rescan2(b)

		// Something was sent: the connection breaks.
		server := httptest.NewServer(h.handler)
		defer server.Close()
		var once sync.Once
		b.mu.Lock()
		b.after = func(read int64) {
			if read > 200_000 {
				once.Do(func() { b.Put(sea, []byte(old)) })
			}
		}
		b.mu.Unlock()
		resp, err := http.Get(server.URL + target("owner", "stream?id="+id))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err == nil || len(got) == 0 || string(got) != fresh[:len(got)] {
			t.Errorf("%d bytes of %d, %v: want a broken connection and nothing of another content", len(got), len(fresh), err)
		}
		h.do(httptest.NewRequest("GET", "/rest/ping", nil))
		if len(h.changed) == 0 {
			t.Error("no scan was asked for")
		}
	}
}

// rescan2 scans the bucket beneath the cache.
func (h *house) rescan2(b *bucket) {
	h.t.Helper()
	was := h.stores[1]
	h.stores[1] = b.Store
	h.rescan()
	h.stores[1] = was
	b.requests()
}

// A store that fails before the first byte is told of as the protocol does.
func TestErrorsOfABucket(t *testing.T) {
	h, b := withBucket(t, 1<<30)
	id := h.id("Sea")
	for name, c := range map[string]struct {
		faults mem.Faults
		code   int
	}{
		"down":   {mem.Faults{Down: true}, 0},
		"gone":   {mem.Faults{Open: map[string]error{sea: models.ErrNotFound}}, 70},
		"broken": {mem.Faults{Read: map[string]error{sea: storage.ErrThrottled}}, 0},
	} {
		b.SetFaults(c.faults)
		r := h.with("GET", "owner", "stream?id="+id, "Range", "bytes=0-")
		if r.Header.Get("ETag") != "" || r.Header.Get("Content-Range") != "" || r.Header.Get("Content-Disposition") != "" {
			t.Errorf("%s: the error carries %v", name, r.Header)
		}
		if code := codeOf(h.envelope(r)); code != c.code {
			t.Errorf("%s: code %d", name, code)
		}
	}
}

func TestPartsAndArchivesFromABucket(t *testing.T) {
	h, b := withBucket(t, 1<<30)
	cached := h.stores[1]
	h.stores[1] = b.Store
	h.addImages()
	want := map[string]string{}
	for _, title := range []string{"wave1", "wave2: a/b", "mp31", "mp32: a/b", "Track 01", "Track 02"} {
		want[title] = body(t, h.with("GET", "owner", "stream?id="+h.id(title)))
	}
	h.stores[1] = cached
	b.requests()
	for title, whole := range want {
		call := "stream?id=" + h.id(title)
		if r := h.with("HEAD", "owner", call); r.Header.Get("Content-Length") != fmt.Sprint(len(whole)) {
			t.Errorf("HEAD of %s: %v", title, r.Header)
		}
		if got := b.requests(); len(got) > 0 {
			t.Errorf("HEAD of %s asked for %v", title, got)
		}
	}
	for title, whole := range want {
		call := "stream?id=" + h.id(title)
		if got := body(t, h.with("GET", "owner", call)); got != whole {
			t.Errorf("%s: %d other bytes", title, len(got))
		}
		if got := body(t, h.with("GET", "owner", call, "Range", "bytes=-500")); got != whole[len(whole)-500:] {
			t.Errorf("the end of %s: %d other bytes", title, len(got))
		}
	}
	blue := h.song("Sea")["albumId"].(string)
	b.Put(sky, []byte("replaced since the scan"))
	_, files := unzip(t, body(t, h.with("GET", "owner", "download?id="+blue)))
	if files["01 Sea.flac"] != bytesOf(t, b, sea) || files["02 Sky.flac"] != "replaced since the scan" || len(files) != 2 {
		t.Errorf("the archive holds %d files", len(files))
	}
	if !slices.Contains(h.changed, "1 "+sky) {
		t.Errorf("scans of %q are asked for", h.changed)
	}
}

// Through a store that takes 300 ms for each request the next song is there
// when it is asked for.
func TestTheNextSongIsWarm(t *testing.T) {
	h, b := withBucket(t, 1<<30)
	server := httptest.NewServer(h.handler)
	defer server.Close()
	b.mu.Lock()
	b.latency = 300 * time.Millisecond
	b.mu.Unlock()
	size := len(bytesOf(t, b, sea))
	open := func(id string) (io.ReadCloser, time.Duration) {
		start := time.Now()
		r, err := http.Get(server.URL + target("owner", "stream?id="+id))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r.Body, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		return r.Body, time.Since(start)
	}
	finish := func(r io.ReadCloser) {
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Error(err)
		}
		r.Close()
	}
	first, cold := open(h.id("Sea"))
	finish(first)
	// The rest of the song, and the head of the next.
	rest := []string{"get " + sea + " 0+1048576", fmt.Sprintf("get %s 1048576+%d", sea, min(2<<20, size-1<<20)), "get " + sky + " 0+1048576"}
	if size > 3<<20 {
		rest = append(rest, fmt.Sprintf("get %s %d+%d", sea, 3<<20, size-3<<20))
	}
	waitFor(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.asked) >= len(rest)
	})
	if got := b.requests(); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(rest))) {
		t.Errorf("then came %q, want %q", got, rest)
	}
	// What is on its way has come before the next song is asked for.
	waitFor(t, func() bool { return h.warmed(t, b, sky) })
	// The bucket answers nothing now, and the first byte comes.
	gate := make(chan struct{})
	b.mu.Lock()
	b.gate = gate
	b.mu.Unlock()
	next, warm := open(h.id("Sky"))
	for _, r := range b.requests() {
		if strings.HasPrefix(r, "get "+sky+" 0+") {
			t.Errorf("the next song's beginning was asked for again")
		}
	}
	close(gate)
	finish(next)
	t.Logf("first bytes: cold after %s, warm after %s", cold, warm)
}

// warmed tells whether the first chunk of an object is in the cache: then it
// is read without the bucket.
func (h *house) warmed(t *testing.T, b *bucket, key string) bool {
	t.Helper()
	o, err := b.Store.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	f, err := storage.OpenPinned(ctx, h.stores[1], o)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, err = f.ReadAt(make([]byte, 1), min(o.Size, 1<<20)-1)
	if err != nil {
		b.requests()
	}
	return err == nil
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come")
		}
	}
}

func TestWhatIsWarmed(t *testing.T) {
	h, b := withBucket(t, 1<<30)
	sees := func(call string, headers []string, want bool) {
		t.Helper()
		key := musicKey(h, "Night")
		b.Put(key, []byte(bytesOf(t, b, key)+"x")) // nothing of it is in the cache
		h.rescan2(b)
		body(t, h.with("GET", "guest", call, headers...))
		if want {
			waitFor(t, func() bool { return h.warmed(t, b, key) })
		}
		got := false
		for _, r := range b.requests() {
			got = got || strings.HasPrefix(r, "get "+key+" 0+")
		}
		if got && !want {
			t.Errorf("%s %v warmed the next song", call, headers)
		}
	}
	// Sea is in the queue before Night.
	h.ask("guest", "savePlayQueue?id="+h.id("Sea")+"&id="+h.id("Night")+"&current="+h.id("Sea"))
	call := "stream?id=" + h.id("Sea")
	sees(call, nil, true)
	sees(call, []string{"Range", "bytes=0-"}, true)
	sees(call, []string{"Range", "bytes=100-"}, false)
	sees("download?id="+h.id("Sea"), nil, false)

	// What a user may not read is passed over.
	b.requests()
	other := &bucket{Store: h.stores[2].(*mem.Store)}
	c := rangecache.New(rangecache.Options{Dir: filepath.Join(t.TempDir(), "streams"), Bound: 1 << 30})
	defer c.Close()
	h.stores[2] = c.Wrap("2", other)
	h.ask("owner", "savePlayQueue?id="+h.id("Sea")+"&id="+h.id("Leaf")+"&current="+h.id("Sea"))
	body(t, h.with("GET", "guest", call))
	if err := h.catalog.SaveQueue(t.Context(), h.viewer("owner"), nil, 0, 0, ""); err != nil {
		t.Fatal(err)
	}
	if got := other.requests(); len(got) > 0 {
		t.Errorf("another user's next song was fetched: %q", got)
	}
}

// musicKey is the key of a song of the first library.
func musicKey(h *house, title string) string {
	return h.song(title)["path"].(string)
}

func (h *house) viewer(user string) catalog.Viewer {
	h.t.Helper()
	u, err := h.catalog.UserByName(h.t.Context(), user)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.catalog.Viewer(u)
}
