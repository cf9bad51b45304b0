package rangecache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
	"github.com/songlocker/songlocker/storage/storagetest"
)

// remote is a store in memory whose pinned files answer as a bucket does: each
// Range is a request.
type remote struct {
	*mem.Store
	mu     sync.Mutex
	asked  []string // "from+length", in their order
	bytes  int64
	before func(ctx context.Context, n int) error // of the request's number, if set
	cut    int64                                  // bytes after which each body breaks; 0 never
}

func newRemote(files map[string]string) *remote { return &remote{Store: mem.New(files)} }

func (r *remote) requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.asked)
}

func (r *remote) set(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f()
}

func (r *remote) Pinned(ctx context.Context, o storage.Object) (storage.File, error) {
	f, err := r.Store.Pinned(ctx, o)
	if err != nil {
		return nil, err
	}
	return &remoteFile{f, r, ctx}, nil
}

type remoteFile struct {
	storage.File
	r   *remote
	ctx context.Context
}

func (f *remoteFile) Range(off, n int64) (io.ReadCloser, error) {
	f.r.mu.Lock()
	f.r.asked = append(f.r.asked, fmt.Sprintf("%d+%d", off, n))
	number, before, cut := len(f.r.asked), f.r.before, f.r.cut
	f.r.mu.Unlock()
	if before != nil {
		if err := before(f.ctx, number); err != nil {
			return nil, err
		}
	}
	if _, err := f.ReadAt(make([]byte, 1), off); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if cut == 0 {
		cut = n
	}
	return &remoteBody{f, off, off + n, off + min(cut, n)}, nil
}

type remoteBody struct {
	f            *remoteFile
	at, end, cut int64
}

func (b *remoteBody) Read(p []byte) (int, error) {
	if err := b.f.ctx.Err(); err != nil {
		return 0, err
	}
	if b.at == b.end {
		return 0, io.EOF
	}
	if b.at == b.cut {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := b.f.ReadAt(p[:min(int64(len(p)), b.cut-b.at)], b.at)
	b.at += int64(n)
	b.f.r.set(func() { b.f.r.bytes += int64(n) })
	return n, err
}

func (b *remoteBody) Close() error { return nil }

// song returns bytes in which every place differs from its neighbours.
func song(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>16)*7 ^ byte(i>>8)*3 ^ byte(i)
	}
	return string(b)
}

func newCache(t *testing.T, o Options) *Cache {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "streams")
	}
	c := New(o)
	t.Cleanup(func() { c.Close() })
	return c
}

// settled waits for all that runs in the background.
func settled(c *Cache) { c.work.Wait() }

func pinned(t *testing.T, s storage.Store, key string) storage.File {
	t.Helper()
	o, err := s.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	f, err := storage.OpenPinned(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// stream reads as net/http does, from off to the end.
func stream(t *testing.T, s storage.Store, key string, off int64) string {
	t.Helper()
	f := pinned(t, s, key)
	defer f.Close()
	if _, err := f.Seek(off, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := io.CopyBuffer(struct{ io.Writer }{&b}, struct{ io.Reader }{f}, make([]byte, 32<<10)); err != nil {
		t.Fatalf("%s from %d: %v after %d bytes", key, off, err, b.Len())
	}
	return b.String()
}

// chunks lists the names of the files that are kept, without their folders.
func chunks(t *testing.T, c *Cache) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(c.o.Dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out = append(out, d.Name())
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestStore(t *testing.T) {
	for name, bound := range map[string]int64{"kept": 1 << 30, "off": 0, "tiny": 1 << 20} {
		t.Run(name, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T, files map[string]string) storage.Store {
				return newCache(t, Options{Bound: bound}).Wrap("x", newRemote(files))
			})
			storagetest.BytesKeys(t, func(t *testing.T, files map[string]string) storage.Store {
				return newCache(t, Options{Bound: bound}).Wrap("x", mem.New(files))
			})
			storagetest.Pinned(t, func(t *testing.T, files map[string]string) (storage.Store, func(key, content string)) {
				r := newRemote(files)
				return newCache(t, Options{Bound: bound}).Wrap("x", r), func(key, content string) { r.Put(key, []byte(content)) }
			})
		})
	}
}

func TestWrapLeavesLocalStoresAlone(t *testing.T) {
	type plain struct{ storage.Store }
	s := plain{mem.New(nil)}
	if got := newCache(t, Options{Bound: 1 << 30}).Wrap("x", s); got != storage.Store(s) {
		t.Errorf("a store that pins nothing became %T", got)
	}
}

func TestAStreamIsFetchedOnce(t *testing.T) {
	want := song(5<<20 + 777)
	r := newRemote(map[string]string{"a.flac": want})
	c := newCache(t, Options{Bound: 1 << 30})
	s := c.Wrap("x", r)
	if got := stream(t, s, "a.flac", 0); got != want {
		t.Fatalf("%d other bytes", len(got))
	}
	first := r.requests()
	if first[0] != "0+1048576" || len(first) > 4 || r.bytes != int64(len(want)) {
		t.Errorf("a song of 6 chunks was read by %v, %d bytes of %d", first, r.bytes, len(want))
	}
	settled(c)
	for _, off := range []int64{0, 1, 1 << 20, 3<<20 + 5, 5 << 20, int64(len(want)) - 1} {
		if got := stream(t, s, "a.flac", off); got != want[off:] {
			t.Errorf("from %d: %d other bytes", off, len(got))
		}
	}
	if again := r.requests(); len(again) != len(first) {
		t.Errorf("the second time asked for %v", again[len(first):])
	}

	// Another process finds it, another place does not.
	c.Close()
	next := newCache(t, c.o)
	if got := stream(t, next.Wrap("x", r), "a.flac", 0); got != want || len(r.requests()) != len(first) {
		t.Errorf("after a restart: asked for %v", r.requests()[len(first):])
	}
	if got := stream(t, next.Wrap("y", r), "a.flac", 0); got != want || len(r.requests()) == len(first) {
		t.Error("another library's object of the same key came from the cache")
	}
}

func TestManyListenersAreOneRequest(t *testing.T) {
	want := song(1<<20 + 100)
	r := newRemote(map[string]string{"a.flac": want})
	gate := make(chan struct{})
	r.before = func(context.Context, int) error { <-gate; return nil }
	c := newCache(t, Options{Bound: 1 << 30})
	s := c.Wrap("x", r)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if got := stream(t, s, "a.flac", 0); got != want {
				t.Errorf("%d other bytes", len(got))
			}
		})
	}
	for len(r.requests()) == 0 {
		runtime.Gosched()
	}
	close(gate)
	wg.Wait()
	if got := r.requests(); len(got) != 2 {
		t.Errorf("20 listeners of two chunks caused %v", got)
	}
}

// The first bytes are there before the chunk is.
func TestTheFirstByteDoesNotWaitForTheChunk(t *testing.T) {
	r := newRemote(map[string]string{"a.flac": song(1 << 20)})
	gate := make(chan struct{})
	r.cut = 100_000
	r.before = func(_ context.Context, n int) error {
		if n == 2 {
			<-gate
		}
		return nil
	}
	f := pinned(t, newCache(t, Options{Bound: 1 << 30}).Wrap("x", r), "a.flac")
	p := make([]byte, 32<<10)
	if n, err := f.Read(p); n == 0 || err != nil || string(p[:n]) != song(1 << 20)[:n] {
		t.Errorf("%d bytes, %v", n, err)
	}
	close(gate)
}

func TestSeeksCostWhatTheyNeed(t *testing.T) {
	want := song(8 << 20)
	r := newRemote(map[string]string{"a.flac": want})
	c := newCache(t, Options{Bound: 1 << 30})
	s := c.Wrap("x", r)
	f := pinned(t, s, "a.flac")
	for _, off := range []int64{5<<20 + 17, 3 << 20, 100} {
		p := make([]byte, 3000)
		if n, err := f.ReadAt(p, off); n != len(p) || err != nil || string(p) != want[off:off+3000] {
			t.Errorf("ReadAt(%d) = %d, %v", off, n, err)
		}
	}
	// A picture is one request, and nothing is fetched behind it.
	p := make([]byte, 700_000)
	if n, err := f.ReadAt(p, 900_000); n != len(p) || err != nil || string(p) != want[900_000:1_600_000] {
		t.Errorf("ReadAt = %d, %v", n, err)
	}
	if _, err := f.Seek(-777, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(io.LimitReader(f, 777)); err != nil || string(b) != want[8<<20-777:] {
		t.Errorf("the end reads as %d other bytes, %v", len(b), err)
	}
	settled(c)
	if got := strings.Join(r.requests(), " "); got != "5242897+3000 3145728+3000 100+3000 900000+700000 8387831+512 8388343+265" && got != "5242897+3000 3145728+3000 100+3000 900000+700000 8387831+777" {
		t.Errorf("asked for %s", got)
	}
	if c := chunks(t, c); len(c) > 0 {
		t.Errorf("kept %q", c)
	}
	// A player that seeks gets the bytes of that place at once, and then what
	// follows through the cache.
	before := len(r.requests())
	if got := stream(t, s, "a.flac", 2<<20+300_000); got != want[2<<20+300_000:] {
		t.Errorf("%d other bytes", len(got))
	}
	settled(c)
	got := r.requests()[before:]
	if got[0] != fmt.Sprintf("%d+%d", 2<<20+300_000, 1<<20-300_000) || got[1] != "3145728+2097152" || len(got) > 4 {
		t.Errorf("a seek asked for %v", got)
	}
}

func TestReadAheadEndsWithTheRequest(t *testing.T) {
	want := song(50 << 20)
	r := newRemote(map[string]string{"a.flac": want})
	c := newCache(t, Options{Bound: 1 << 30})
	f := pinned(t, c.Wrap("x", r), "a.flac")
	if _, err := io.CopyN(io.Discard, struct{ io.Reader }{f}, 200_000); err != nil {
		t.Fatal(err)
	}
	f.Close()
	settled(c)
	if r.bytes > 3<<20 {
		t.Errorf("who heard 200 kB cost %d bytes", r.bytes)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.parts) != 0 {
		t.Errorf("%d chunks are still in use", len(c.parts))
	}
}

func TestAbandonedChunksAreFetchedByTheNext(t *testing.T) {
	want := song(4 << 20)
	r := newRemote(map[string]string{"a.flac": want})
	held := make(chan struct{})
	r.before = func(_ context.Context, n int) error {
		if n == 1 {
			<-held
		}
		return nil
	}
	c := newCache(t, Options{Bound: 1 << 30})
	s := c.Wrap("x", r)
	ctx, cancel := context.WithCancel(t.Context())
	o, err := r.Stat(ctx, "a.flac")
	if err != nil {
		t.Fatal(err)
	}
	f, err := storage.OpenPinned(ctx, s, o)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error)
	go func() {
		_, err := f.Read(make([]byte, 32<<10))
		gone <- err
	}()
	for len(r.requests()) == 0 {
		runtime.Gosched()
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who hung up got %v", err)
	}
	f.Close()
	listener := make(chan string)
	go func() { listener <- stream(t, s, "a.flac", 0) }()
	close(held)
	if got := <-listener; got != want {
		t.Errorf("%d other bytes", len(got))
	}
	if got := r.requests(); got[0] != "0+1048576" || slices.Contains(got[1:], got[0]) {
		t.Errorf("asked for %v", got)
	}
}

// A chunk is never made of two contents, and the old one is dropped.
func TestChangedObjects(t *testing.T) {
	old, fresh := song(3<<20), strings.ToUpper(song(3<<20))+"!"
	r := newRemote(map[string]string{"a.flac": old})
	c := newCache(t, Options{Bound: 1 << 30})
	s := c.Wrap("x", r)
	f := pinned(t, s, "a.flac")
	var b bytes.Buffer
	if _, err := io.CopyN(&b, struct{ io.Reader }{f}, 64<<10); err != nil {
		t.Fatal(err)
	}
	settled(c)
	r.Put("a.flac", []byte(fresh))
	_, err := io.Copy(&b, struct{ io.Reader }{f})
	if !errors.Is(err, storage.ErrChanged) || b.String() != old[:b.Len()] {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
	settled(c)
	if left := chunks(t, c); len(left) > 0 {
		t.Errorf("the old content's chunks %q are still there", left)
	}
	if got := stream(t, s, "a.flac", 0); got != fresh {
		t.Errorf("%d other bytes", len(got))
	}
}

func TestFaultsOfTheStore(t *testing.T) {
	want := song(3<<20 + 5)
	broken := errors.New("connection reset by peer")
	busy := fmt.Errorf("%w: %w", storage.ErrThrottled, models.ErrUnavailable)
	for name, c := range map[string]struct {
		before func(ctx context.Context, n int) error
		twice  bool // the first request of each place fails
		cut    int64
	}{
		"bodies that break off": {cut: 300_000},
		"a burst of failures": {before: func(_ context.Context, n int) error {
			if n <= 3 {
				return broken
			}
			return nil
		}},
		"every request must be repeated, and bodies break off": {cut: 500_000, twice: true},
		"slow": {before: func(ctx context.Context, _ int) error {
			select {
			case <-time.After(300 * time.Millisecond):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}},
		"silent": {before: func(ctx context.Context, n int) error {
			if n == 2 {
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}},
	} {
		for _, bound := range []int64{0, 1 << 30} {
			t.Run(fmt.Sprintf("%s/%d", name, bound), func(t *testing.T) {
				dir := t.TempDir()
				synctest.Test(t, func(t *testing.T) {
					r := newRemote(map[string]string{"a.flac": want})
					r.before, r.cut = c.before, c.cut
					if c.twice {
						r.before = func(_ context.Context, n int) error {
							if asked := r.requests(); !slices.Contains(asked[:n-1], asked[n-1]) {
								return broken
							}
							return nil
						}
					}
					cache := New(Options{Dir: dir, Bound: bound})
					if got := stream(t, cache.Wrap("x", r), "a.flac", 0); got != want {
						t.Errorf("%d other bytes", len(got))
					}
					cache.Close()
				})
			})
		}
	}
	for err, tries := range map[error]int{broken: attempts, busy: 1, fs.ErrPermission: 1} {
		for _, bound := range []int64{0, 1 << 30} {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				r := newRemote(map[string]string{"a.flac": want})
				r.before = func(context.Context, int) error { return err }
				cache := New(Options{Dir: dir, Bound: bound})
				defer cache.Close()
				f := pinned(t, cache.Wrap("x", r), "a.flac")
				if n, got := f.Read(make([]byte, 9)); n != 0 || !errors.Is(got, err) {
					t.Errorf("%v: %d, %v", err, n, got)
				}
				if n := len(r.requests()); n != tries {
					t.Errorf("%v: asked %d times", err, n)
				}
			})
		}
	}
}

// What a process that was killed leaves behind is removed or found to be torn.
func TestAfterAKill(t *testing.T) {
	want := song(2<<20 + 9)
	r := newRemote(map[string]string{"a.flac": want})
	c := newCache(t, Options{Bound: 1 << 30})
	stream(t, c.Wrap("x", r), "a.flac", 0)
	settled(c)
	temp := filepath.Join(c.o.Dir, tempPrefix+"OTHER-12345")
	if err := os.WriteFile(temp, []byte("half a chunk"), 0o600); err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, f := range c.files(false) {
		files = append(files, f.path)
	}
	slices.Sort(files)
	c.Close()
	for name, damage := range map[string]func(t *testing.T, file string) error{
		"one bit": func(t *testing.T, file string) error {
			f, err := os.OpenFile(file, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt([]byte{want[5] ^ 1}, 5)
			return err
		},
		"zeros": func(t *testing.T, file string) error {
			return errors.Join(os.Truncate(file, 0), os.Truncate(file, chunkSize+trailerSize))
		},
		"short": func(t *testing.T, file string) error { return os.Truncate(file, 1000) },
		"long":  func(t *testing.T, file string) error { return os.Truncate(file, 3<<20) },
		"empty": func(t *testing.T, file string) error { return os.Truncate(file, 0) },
		"gone":  func(t *testing.T, file string) error { return os.Remove(file) },
	} {
		if err := damage(t, files[0]); err != nil {
			t.Fatal(err)
		}
		next := newCache(t, c.o)
		settled(next)
		if _, err := os.Stat(temp); err == nil {
			t.Errorf("%s: a file of the process that was killed is still there", name)
		}
		before := len(r.requests())
		if got := stream(t, next.Wrap("x", r), "a.flac", 0); got != want {
			t.Fatalf("%s: %d other bytes", name, len(got))
		}
		if got := r.requests()[before:]; len(got) != 1 {
			t.Errorf("%s: asked for %v, want the damaged chunk", name, got)
		}
		next.Close()
	}
}

func TestTheOldestGoFirst(t *testing.T) {
	files := map[string]string{}
	for i := range 8 {
		files[fmt.Sprint(i)] = song(1 << 20)[:1<<20-i]
	}
	r := newRemote(files)
	c := newCache(t, Options{Bound: 5 << 20})
	settled(c)
	s := c.Wrap("x", r)
	old := time.Now().Add(-time.Hour)
	for i := range 4 {
		stream(t, s, fmt.Sprint(i), 0)
		for _, f := range c.files(false) {
			if f.used.After(old) {
				if err := os.Chtimes(f.path, old, old); err != nil {
					t.Fatal(err)
				}
				old = old.Add(time.Minute)
			}
		}
	}
	stream(t, s, "0", 0) // used again
	for i := 4; i < 7; i++ {
		stream(t, s, fmt.Sprint(i), 0)
		settled(c)
		var total int64
		for _, f := range c.files(false) {
			total += f.size
		}
		if total > 5<<20 || total != c.total {
			t.Errorf("%d bytes are kept, and %d counted", total, c.total)
		}
	}
	before := len(r.requests())
	stream(t, s, "6", 0)
	stream(t, s, "0", 0)
	if got := r.requests()[before:]; len(got) != 0 {
		t.Errorf("the latest were asked for again: %v", got)
	}
	stream(t, s, "1", 0)
	if got := r.requests()[before:]; len(got) != 1 {
		t.Errorf("the oldest was kept: %v", got)
	}

	// A smaller bound holds from the start.
	c.Close()
	small := newCache(t, Options{Dir: c.o.Dir, Bound: 2 << 20})
	settled(small)
	if n := len(chunks(t, small)); n > 2 {
		t.Errorf("%d chunks are kept", n)
	}
	small.Close()
	off := newCache(t, Options{Dir: c.o.Dir})
	settled(off)
	if _, err := os.Stat(c.o.Dir); err == nil {
		t.Error("a cache that is off keeps its folder")
	}
}

// Whatever the disk does, the stream goes on.
func TestFaultsOfTheDisk(t *testing.T) {
	want := song(4<<20 + 3)
	t.Run("no folder", func(t *testing.T) {
		r := newRemote(map[string]string{"a.flac": want})
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		c := newCache(t, Options{Dir: filepath.Join(file, "streams"), Bound: 1 << 30})
		if got := stream(t, c.Wrap("x", r), "a.flac", 0); got != want {
			t.Errorf("%d other bytes", len(got))
		}
		if got := r.requests(); !slices.Equal(got, []string{fmt.Sprintf("0+%d", len(want))}) {
			t.Errorf("asked for %v, want the whole at once", got)
		}
	})
	t.Run("lost while it is read", func(t *testing.T) {
		r := newRemote(map[string]string{"a.flac": want})
		c := newCache(t, Options{Bound: 1 << 30})
		f := pinned(t, c.Wrap("x", r), "a.flac")
		var b bytes.Buffer
		if _, err := io.CopyN(&b, struct{ io.Reader }{f}, 200_000); err != nil {
			t.Fatal(err)
		}
		settled(c)
		// The descriptors that are open fail, as those of a dying disk do.
		for _, p := range f.(*file).parts {
			p.mu.Lock()
			p.file.Close()
			p.mu.Unlock()
		}
		if _, err := io.Copy(&b, struct{ io.Reader }{f}); err != nil || b.String() != want {
			t.Errorf("%d bytes, %v", b.Len(), err)
		}
	})
	t.Run("full", func(t *testing.T) {
		r := newRemote(map[string]string{"a.flac": want})
		c := newCache(t, Options{Bound: 1 << 30})
		settled(c)
		if err := os.MkdirAll(c.o.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/dev/full", filepath.Join(c.o.Dir, "full")); err != nil {
			t.Skip(err)
		}
		c.openTemp = func() (*os.File, error) { return os.OpenFile(filepath.Join(c.o.Dir, "full"), os.O_RDWR, 0) }
		if got := stream(t, c.Wrap("x", r), "a.flac", 0); got != want {
			t.Errorf("%d other bytes", len(got))
		}
	})
}

func TestWarm(t *testing.T) {
	want := song(3 << 20)
	r := newRemote(map[string]string{"a.flac": want, "b.flac": want, "c.flac": "", "d.flac": want})
	c := newCache(t, Options{Bound: 1 << 30})
	s := c.Wrap("x", r)
	w, ok := storage.As[interface {
		Warm(o storage.Object, off, n int64)
	}](s)
	if !ok {
		t.Fatal("no way to warm")
	}
	for _, x := range []struct {
		key    string
		off, n int64
		want   []string
	}{
		{"a.flac", 0, 1 << 20, []string{"0+1048576"}},
		{"a.flac", 0, 1 << 20, nil},
		{"b.flac", 1<<20 - 10, 100, []string{"0+2097152"}},
		{"c.flac", 0, 1 << 20, nil},
		{"d.flac", 5 << 20, 1, nil},
	} {
		o, err := s.Stat(t.Context(), x.key)
		if err != nil {
			t.Fatal(err)
		}
		before := len(r.requests())
		w.Warm(o, x.off, x.n)
		settled(c)
		if got := r.requests()[before:]; !slices.Equal(got, x.want) {
			t.Errorf("warming %s from %d: %v, want %v", x.key, x.off, got, x.want)
		}
	}
	// The first byte costs no request.
	before := len(r.requests())
	f := pinned(t, s, "a.flac")
	if n, err := f.Read(make([]byte, 32<<10)); n == 0 || err != nil || len(r.requests()) != before {
		t.Errorf("%d, %v: %v", n, err, r.requests()[before:])
	}

	// A store that hangs holds few of them.
	gate := make(chan struct{})
	r.set(func() { r.before = func(context.Context, int) error { <-gate; return nil } })
	for i := range 50 {
		key := fmt.Sprint("many", i)
		r.Put(key, []byte(key))
		o, _ := r.Stat(t.Context(), key)
		w.Warm(o, 0, 1)
	}
	for len(r.requests()) < before+warmers {
		runtime.Gosched()
	}
	close(gate)
	settled(c)
	if got := r.requests()[before:]; len(got) != warmers {
		t.Errorf("%d were fetched ahead at once", len(got))
	}
}

// Memory does not grow with the size of what is streamed.
func TestManyStreamsInLittleMemory(t *testing.T) {
	want := song(6 << 20)
	files := map[string]string{}
	for i := range 10 {
		files[fmt.Sprint(i)] = want[:len(want)-i]
	}
	r := newRemote(files)
	c := newCache(t, Options{Bound: 1 << 30})
	s := c.Wrap("x", r)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	// All streams stand in their middle.
	var open []storage.File
	for i := range 100 {
		f := pinned(t, s, fmt.Sprint(i%10))
		if _, err := io.CopyN(io.Discard, struct{ io.Reader }{f}, 1<<20+int64(i)*1000+200_000); err != nil {
			t.Fatal(err)
		}
		open = append(open, f)
	}
	settled(c)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("100 open streams hold %d KiB", grown>>10)
	}
	runtime.KeepAlive(open)
}
