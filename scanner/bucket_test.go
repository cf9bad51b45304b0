package scanner

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/bucket"
	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
	"github.com/songlocker/songlocker/test/music"
)

// openBucket opens a bucket at a location.
func openBucket(t *testing.T, location string) storage.Store {
	t.Helper()
	var r storage.Registry
	bucket.Register(&r)
	s, err := r.Open(t.Context(), location, storage.Options{Secret: fakes3.Secret()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// newBucket is a house whose library lies in a bucket below "music/".
func newBucket(t *testing.T, o Options) (*house, *fakes3.Server) {
	t.Helper()
	h, f := newHouse(t, o), fakes3.New(t, nil)
	f.Set(fakes3.Settings{RequireKey: true, RefuseChecksums: true})
	h.store = openBucket(t, f.Location("music/"))
	n, err := h.catalog.AddLibrary(t.Context(), &models.Library{Name: "Bucket", Location: f.Location("music/"), Kind: models.LibraryMusic})
	if err != nil {
		t.Fatal(err)
	}
	h.library = n
	u, err := h.catalog.UserByName(t.Context(), "ana")
	if err != nil {
		t.Fatal(err)
	}
	h.view = h.catalog.Viewer(u)
	return h, f
}

// spent tells whether a run counted what the bucket's provider would.
func spent(t *testing.T, run *models.ScanRun, c fakes3.Counts) {
	t.Helper()
	if run.Lists != c.Lists || run.Heads != c.Heads || run.Gets != c.Gets || run.Bytes != c.Bytes || run.Throttled != c.Throttled || run.Requests != c.Requests() {
		t.Errorf("the run has %d lists, %d heads, %d gets, %d bytes, %d throttled, %d requests; the bucket has %+v",
			run.Lists, run.Heads, run.Gets, run.Bytes, run.Throttled, run.Requests, c)
	}
}

// sparse is a file of pieces whose holes need no memory.
type sparse []music.Piece

func (s sparse) size() (n int64) {
	for _, p := range s {
		n += int64(len(p.Bytes)) + p.Hole
	}
	return n
}

func (s sparse) ReadAt(b []byte, off int64) (int, error) {
	clear(b)
	var at int64
	for _, p := range s {
		if from := off - at; from < int64(len(p.Bytes)) && from > -int64(len(b)) {
			copy(b[max(0, -from):], p.Bytes[max(0, from):])
		}
		at += int64(len(p.Bytes)) + p.Hole
	}
	if n := at - off; n < int64(len(b)) {
		return int(max(0, n)), io.EOF
	}
	return len(b), nil
}

// askedRange is a range of an object that was asked for.
type askedRange struct{ from, to int64 } // to is the last byte's place and 1

func rangesOf(t *testing.T, f *fakes3.Server) map[string][]askedRange {
	t.Helper()
	out := map[string][]askedRange{}
	for _, r := range f.Requests() {
		if r.Kind != fakes3.Get {
			continue
		}
		var a askedRange
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &a.from, &a.to); err != nil {
			t.Fatalf("%s was read by %q: %v", r.Key, r.Header.Get("Range"), err)
		}
		if r.Header.Get("If-Match") == "" {
			t.Errorf("%s was read without its ETag", r.Key)
		}
		a.to++
		out[r.Key] = append(out[r.Key], a)
	}
	return out
}

// Files of full length, half of them with a cover, cost at most 3.0 requests
// and 200 KiB each on average, as the bucket counts. A FLAC with an MD5 never
// reads its tail, and no cover is fetched. An unchanged library costs its
// listing.
func TestBucketCost(t *testing.T) {
	h, f := newBucket(t, Options{})
	type file struct {
		size    int64
		picture askedRange
	}
	files := map[string]file{}
	for i := range 96 {
		suffix := []string{".mp3", ".flac", ".mp3", ".m4a", ".mp3", ".flac", ".mp3", ".ogg", ".mp3", ".flac", ".mp3", ".opus", ".mp3", ".flac", ".mp3", ".wav"}[i%16]
		tags := &music.Tags{Title: fmt.Sprint("Song ", i), Artist: "Ann", Album: fmt.Sprint("Album ", i/16), Track: i%16 + 1, Year: 2001}
		size := 4 << 20
		if suffix == ".ogg" || suffix == ".opus" {
			size = 1 << 20 // all of it is real
		}
		if i/16%2 == 0 {
			tags.Picture = music.Noise(uint64(i)<<32, 250<<10+i*20<<10)
		}
		p := sparse(music.Formats[suffix](tags, music.Sound{Seed: uint64(i)<<20 | uint64(i/32%2), Size: size}))
		key := fmt.Sprintf("music/Ann/Album %d/%02d%s", i/16, i%16+1, suffix)
		f.PutObject(key, fakes3.Object{Reader: p, Size: p.size()})
		one := file{size: p.size()}
		var at int64
		for _, piece := range p {
			if n := bytes.Index(piece.Bytes, tags.Picture); tags.Picture != nil && n >= 0 {
				one.picture = askedRange{at + int64(n), at + int64(n+len(tags.Picture))}
			}
			at += int64(len(piece.Bytes)) + piece.Hole
		}
		files[key] = one
	}
	run := h.scan(Request{})
	c := f.Counts()
	spent(t, run, c)
	if run.Added != len(files) || run.Failed != 0 || c.Heads != 0 {
		t.Fatalf("%+v %+v", run, c)
	}
	n := float64(len(files))
	requests, kib := float64(c.Requests())/n, float64(c.Bytes)/n/1024
	t.Logf("%.2f requests and %.0f KiB a file", requests, kib)
	if requests > 3.0 || kib > 200 {
		t.Errorf("%.2f requests and %.0f KiB a file, want at most 3.0 and 200", requests, kib)
	}
	for key, ranges := range rangesOf(t, f) {
		one, fetched := files[key], int64(0)
		for _, a := range ranges {
			if path.Ext(key) == ".flac" && a.to > one.size-64<<10 {
				t.Errorf("%s: bytes %d to %d of %d were read: the tail", key, a.from, a.to, one.size)
			}
			fetched += max(0, min(a.to, one.picture.to)-max(a.from, one.picture.from))
		}
		// Reads of what is around a cover may reach into it.
		if fetched > 128<<10 {
			t.Errorf("%s: %d bytes were read of the cover at %d to %d", key, fetched, one.picture.from, one.picture.to)
		}
	}
	for _, prefixes := range [][]string{nil, {"Ann/Album 1/"}} {
		before := f.Counts()
		run = h.scan(Request{Prefixes: prefixes})
		c = f.Counts().Sub(before)
		if spent(t, run, c); c.Lists != 1 || c.Requests() != 1 || c.Bytes != 0 {
			t.Errorf("%q: an unchanged library cost %+v", prefixes, c)
		}
	}
}

// Sidecars are read as they were listed, and once.
func TestBucketSidecars(t *testing.T) {
	h, f := newBucket(t, Options{Playlists: Playlists{Import: true}})
	f.Put("music/A/image.wav", image(4, 1))
	f.Put("music/A/image.cue", cueSheet("image.wav", "One", 0, "Two", 2))
	f.Put("music/A/image.lrc", []byte("[00:01.00]x"))
	f.Put("music/A/cover.jpg", []byte("picture"))
	f.Put("music/B/1.flac", tune("B", 2))
	f.Put("music/C/1.flac", tune("C", 3))
	f.Put("music/C/.nomedia", nil)
	f.Put("music/.songlockerignore", []byte("*.tmp.flac\n"))
	f.Put("music/list.m3u", []byte("B/1.flac\n"))
	run := h.scan(Request{})
	spent(t, run, f.Counts())
	if run.Heads != 0 || run.Failed != 0 || run.Listed != 2 {
		t.Errorf("%+v", run)
	}
	for _, key := range []string{"music/A/image.lrc", "music/A/cover.jpg", "music/C/1.flac", "music/C/.nomedia"} {
		if n := len(rangesOf(t, f)[key]); n != 0 {
			t.Errorf("%s was read %d times", key, n)
		}
	}
	before := f.Counts()
	if run = h.scan(Request{}); run.Requests != 1 {
		t.Errorf("unchanged: %+v", run)
	}
	spent(t, run, f.Counts().Sub(before))
}

// An object that is written anew between its first read and the next is never
// a mixture of both.
func TestBucketObjectChangesBetweenReads(t *testing.T) {
	h, f := newBucket(t, Options{})
	file := func(title string, sound uint64) fakes3.Object {
		p := sparse(music.MP3(&music.Tags{Title: title, Artist: "Ann", Picture: music.Noise(sound, 300<<10)}, music.Sound{Seed: sound << 20, Size: 4 << 20}))
		return fakes3.Object{Reader: p, Size: p.size()}
	}
	const key = "music/A/1.mp3"
	f.PutObject(key, file("Before", 1))
	f.Fail(fakes3.Fault{Kind: fakes3.Get, Prefix: key, Skip: 1, Times: 1, Do: func() { f.PutObject(key, file("After", 2)) }})
	run := h.scan(Request{})
	spent(t, run, f.Counts())
	s := h.songs()["A/1.mp3"]
	if s == nil || s.Title != "After" || s.ETag == "" || !strings.Contains(s.ETag, f.ETag(key)) || run.Heads != 1 || run.Failed != 0 {
		t.Fatalf("%+v %+v", s, run)
	}
	identity := s.Identity
	h.scan(Request{Full: true})
	if s := h.songs()["A/1.mp3"]; s.Identity != identity {
		t.Errorf("the song sounds like %s and then like %s", identity, s.Identity)
	}
}

// Objects in archive classes are known by their names; moves between classes
// read nothing but what can be read for the first time.
func TestBucketClasses(t *testing.T) {
	h, f := newBucket(t, Options{})
	f.PutObject("music/A/1 Deep.flac", fakes3.Object{Data: tune("One", 1), Class: "DEEP_ARCHIVE"})
	f.PutObject("music/A/2 Cold.flac", fakes3.Object{Data: tune("Two", 2), Class: "GLACIER"})
	f.Put("music/A/3 Warm.flac", tune("Three", 3))
	run := h.scan(Request{})
	if run.Archived != 2 || run.Failed != 0 || run.Gets != 1 || !h.songs()["A/1 Deep.flac"].Archived {
		t.Errorf("%+v", run)
	}
	before := h.songs()
	f.SetClass("music/A/3 Warm.flac", "STANDARD_IA")
	f.SetClass("music/A/1 Deep.flac", "GLACIER")
	if run := h.scan(Request{}); run.Requests != 1 || run.Changed != 0 {
		t.Errorf("other classes: %+v", run)
	}
	f.SetClass("music/A/3 Warm.flac", "GLACIER")
	f.SetClass("music/A/2 Cold.flac", "STANDARD")
	run = h.scan(Request{})
	after := h.songs()
	if run.Archived != 2 || run.Gets != 1 {
		t.Errorf("%+v", run)
	}
	if s := after["A/2 Cold.flac"]; s.Archived || s.Title != "Two" || s.Key != before["A/2 Cold.flac"].Key {
		t.Errorf("restored: %+v", s)
	}
	if s := after["A/3 Warm.flac"]; !s.Archived || s.Title != "Three" || s.Key != before["A/3 Warm.flac"].Key {
		t.Errorf("archived after it was read: %+v", s)
	}
	for _, r := range f.Requests() {
		if r.Kind != fakes3.List && r.Status != 206 {
			t.Errorf("%s %s: %d", r.Method, r.Key, r.Status)
		}
	}
}

// However a bucket fails, nothing is missing, the library says why, another
// library is scanned, and the next good scan ends it.
//
//	A/ B/ C/ D/   15 songs each; B/3.flac is deleted before the fault
func TestBucketFaults(t *testing.T) {
	t.Parallel() // one of them waits for half a minute
	at := func(f fakes3.Fault, skip int) fakes3.Fault {
		f.Kind, f.Skip = fakes3.List, skip
		return f
	}
	for name, c := range map[string]struct {
		fault fakes3.Fault
		says  string
	}{
		"a page fails":        {at(fakes3.Broken, 3), "internal error"},
		"a page is refused":   {at(fakes3.Denied, 3), "AccessDenied"},
		"a prefix is denied":  {fakes3.Fault{Kind: fakes3.List, Prefix: "music/B/", Status: 403, Code: "AccessDenied"}, "the right to list"},
		"the bucket is gone":  {fakes3.NoSuchBucket, "Correct the name"},
		"the key has expired": {fakes3.ExpiredToken, "a new key"},
		"the key is unknown":  {fakes3.UnknownKey, "Correct the library's key"},
		"the clock is wrong":  {fakes3.SkewedClock, "clock"},
		"throttled for ever":  {at(fakes3.SlowDown, 2), "fewer requests"},
		"a page breaks off":   {fakes3.Fault{Kind: fakes3.List, Skip: 2, Cut: 300}, "the answer broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if name == "throttled for ever" && testing.Short() {
				t.Skip("a store that asks for patience gets it")
			}
			h, f := newBucket(t, Options{MissingLeast: 2})
			f.Set(fakes3.Settings{PageSize: 5, RequireKey: true})
			for i := range 60 {
				f.Put(fmt.Sprintf("music/%c/%d.flac", 'A'+i/15, i), tune(fmt.Sprint("Song ", i), i))
			}
			h.scan(Request{})
			gone := "B/18.flac"
			f.Delete("music/" + gone)
			before := f.Counts()
			f.Fail(c.fault)
			request := Request{}
			if c.fault.Prefix != "" {
				request.Prefixes = []string{"B/"}
			}
			run, err := h.tryScan(request)
			spent(t, run, f.Counts().Sub(before))
			if err == nil || run.State != models.ScanFailed || run.Missing != 0 || len(h.songs()) != 60 {
				t.Errorf("%v %+v, %d songs", err, run, len(h.songs()))
			}
			if a := h.alarm(); !strings.Contains(a, c.says) || !strings.Contains(a, "nothing was") || strings.Contains(a, fakes3.SecretKey) || strings.Contains(a, "Mount") {
				t.Errorf("the alarm is %q", a)
			}

			other, store := h.library, h.store
			n, err := h.catalog.AddLibrary(t.Context(), &models.Library{Name: "Other", Location: "file://" + h.dir + "-other", Kind: models.LibraryMusic})
			if err != nil {
				t.Fatal(err)
			}
			sound := fakes3.New(t, map[string]string{"1.flac": string(tune("Elsewhere", 999))})
			h.library, h.store = n, openBucket(t, sound.Location(""))
			if run := h.scan(Request{}); run.Added != 1 {
				t.Errorf("another library: %+v", run)
			}
			h.library, h.store = other, store

			f.Heal()
			run = h.scan(Request{})
			if run.Missing != 1 || run.Gets != 0 || h.alarm() != "" || h.songs()[gone] != nil || len(h.songs()) != 59 {
				t.Errorf("healed: %+v, alarm %q, %d songs", run, h.alarm(), len(h.songs()))
			}
		})
	}
}

// A listing that lags behind takes a song away for as long as it does.
func TestBucketListingLags(t *testing.T) {
	h, f := newBucket(t, Options{})
	for i := range 5 {
		f.Put(fmt.Sprintf("music/A/%d.flac", i), tune(fmt.Sprint(i), i))
	}
	h.scan(Request{})
	before := h.songs()
	f.Unlist("music/A/2.flac")
	if run := h.scan(Request{}); run.Missing != 1 || h.songs()["A/2.flac"] != nil {
		t.Errorf("%+v", run)
	}
	f.Relist()
	run := h.scan(Request{})
	if s := h.songs()["A/2.flac"]; s == nil || s.Key != before["A/2.flac"].Key || run.Gets != 0 {
		t.Errorf("%+v %+v", s, run)
	}
}

// killedScan names the catalog that a child process scans into.
const killedScan = "SONGLOCKER_TEST_KILLED_SCAN"

// TestKilledScanChild is a process that scans a bucket until it is killed.
func TestKilledScanChild(t *testing.T) {
	file, location, ok := strings.Cut(os.Getenv(killedScan), "|")
	if !ok {
		t.Skip("it is the child of TestKilledScanGoesOn")
	}
	c, err := catalog.Open(t.Context(), catalog.Options{Location: "sqlite:" + file})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	l, err := c.Library(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(c, Options{}).Scan(t.Context(), Request{Library: l, Store: openBucket(t, location)}); err != nil {
		t.Fatal(err)
	}
}

// A scan that is killed has kept what it wrote; the next one reads the rest,
// and finds all as if nothing had happened.
func TestKilledScanGoesOn(t *testing.T) {
	f := fakes3.New(t, nil)
	const songs = 3000
	for i := range songs {
		f.Put(fmt.Sprintf("music/%03d/%d.flac", i/10, i), tune(fmt.Sprint("Song ", i), i))
	}
	file := filepath.Join(t.TempDir(), "c.db")
	c, err := catalog.Open(t.Context(), catalog.Options{Location: "sqlite:" + file})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.AddLibrary(t.Context(), &models.Library{Name: "Bucket", Location: f.Location("music/"), Kind: models.LibraryMusic}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	f.Set(fakes3.Settings{Latency: 2 * time.Millisecond})
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestKilledScanChild$")
	child.Env = append(os.Environ(), killedScan+"="+file+"|"+f.Location("music/"))
	f.Fail(fakes3.Fault{Kind: fakes3.Get, Skip: songs / 2, Times: 1, Do: kill})
	if out, err := child.CombinedOutput(); err == nil || ctx.Err() == nil {
		t.Fatalf("the child ended: %v %s", err, out)
	}
	f.Heal()
	f.Set(fakes3.Settings{})
	if c, err = catalog.Open(t.Context(), catalog.Options{Location: "sqlite:" + file}); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	kept, err := c.SongCount(t.Context())
	if err != nil || kept == 0 || kept > songs*2/3 {
		t.Fatalf("%d songs were kept: %v", kept, err)
	}
	l, err := c.Library(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	before := f.Counts()
	run, err := New(c, Options{}).Scan(t.Context(), Request{Library: l, Store: openBucket(t, f.Location("music/"))})
	if err != nil || run.Read != songs-kept || run.Missing != 0 {
		t.Fatalf("%d were kept: %v %+v", kept, err, run)
	}
	spent(t, run, f.Counts().Sub(before))
	if n, err := c.SongCount(t.Context()); err != nil || n != songs {
		t.Errorf("%d songs, %v", n, err)
	}
	runs, err := c.Runs(t.Context(), 1, 10)
	if err != nil || len(runs) != 2 || !slices.ContainsFunc(runs, func(r *models.ScanRun) bool { return r.State == models.ScanStopped }) {
		t.Errorf("%v %+v", err, runs)
	}
}
