// Package mem is a store in memory, for tests: a real Store whose content a
// test changes and whose faults it chooses.
package mem

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// Faults are what goes wrong. The zero value is a sound store.
type Faults struct {
	Down bool // every call fails with models.ErrUnavailable

	// ListFails, with ListErr set, makes a listing fail after this many
	// objects. ListShort, when positive, ends it there without an error, as
	// no store may: for what a caller does with an absence it was not told of.
	ListFails int
	ListErr   error
	ListShort int

	Open map[string]error // Open and File of these keys fail
	Read map[string]error // reads of these keys fail

	// Wait, if set, is called at the beginning of each call with the method's
	// name and key or prefix, and may block; its error is the call's.
	Wait func(ctx context.Context, method, key string) error
}

// Store is a store in memory. All methods may be called at once.
type Store struct {
	mu       sync.RWMutex
	objects  map[string]*content
	clock    int64 // ns, a second later with each write
	faults   Faults
	watchers map[*watch]struct{}
}

// watch is what one caller of Watch has not been told yet.
type watch struct {
	pending []string
	wake    chan struct{} // holds one
}

type content struct {
	object storage.Object
	data   []byte
}

var (
	_ storage.Store   = (*Store)(nil)
	_ storage.Watcher = (*Store)(nil)
	_ storage.Pinner  = (*Store)(nil)
)

// epoch is the time of the first object: 2020-01-01 UTC.
const epoch = 1_577_836_800_000_000_000

// New returns a store that holds these files by key.
func New(files map[string]string) *Store {
	s := &Store{objects: map[string]*content{}, clock: epoch, watchers: map[*watch]struct{}{}}
	for _, key := range slices.Sorted(maps.Keys(files)) {
		s.Put(key, []byte(files[key]))
	}
	return s
}

// SetFaults replaces what goes wrong.
func (s *Store) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

// Put writes an object, with a later time than all before. The key must be
// valid.
func (s *Store) Put(key string, data []byte) {
	if !storage.ValidKey(key) {
		panic(fmt.Sprintf("mem: %q is no key", key))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock += 1_000_000_000
	sum := sha256.Sum256(data)
	s.objects[key] = &content{
		storage.Object{Key: key, Size: int64(len(data)), ModTime: s.clock, ETag: hex.EncodeToString(sum[:8])},
		slices.Clone(data),
	}
	s.tell(key)
}

// Delete removes an object, if it is there.
func (s *Store) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
	s.tell(key)
}

// Rename gives an object, or all objects of a folder if both names end in
// "/", another name. Times and ETags stay, as in a folder of a disk.
func (s *Store) Rename(from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if key != from && (!strings.HasSuffix(from, "/") || !strings.HasPrefix(key, from)) {
			continue
		}
		c := *s.objects[key]
		c.object.Key = to + key[len(from):]
		delete(s.objects, key)
		s.objects[c.object.Key] = &c
		s.tell(key)
		s.tell(c.object.Key)
	}
}

// Touch gives an object a new time without a new content.
func (s *Store) Touch(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.objects[key]; c != nil {
		s.clock += 1_000_000_000
		n := *c
		n.object.ModTime = s.clock
		s.objects[key] = &n
		s.tell(key)
	}
}

// tell reports a change to those who watch.
func (s *Store) tell(key string) {
	for w := range s.watchers {
		w.pending = append(w.pending, storage.Folder(key))
		select {
		case w.wake <- struct{}{}:
		default:
		}
	}
}

// begin is what every call does first. It returns the faults of now.
func (s *Store) begin(ctx context.Context, method, key string) (Faults, error) {
	if err := ctx.Err(); err != nil {
		return Faults{}, err
	}
	s.mu.RLock()
	f := s.faults
	s.mu.RUnlock()
	if f.Wait != nil {
		if err := f.Wait(ctx, method, key); err != nil {
			return f, err
		}
	}
	if f.Down {
		return f, fmt.Errorf("%s %q: %w", method, key, models.ErrUnavailable)
	}
	return f, nil
}

// List lists in an order that differs from call to call.
func (s *Store) List(ctx context.Context, prefix string, yield func(storage.Object) error) error {
	f, err := s.begin(ctx, "List", prefix)
	if err != nil {
		return err
	}
	s.mu.RLock()
	var found []storage.Object
	for key, c := range s.objects {
		if strings.HasPrefix(key, prefix) && !storage.Hidden(key) {
			found = append(found, c.object)
		}
	}
	s.mu.RUnlock()
	for i, o := range found {
		if err := ctx.Err(); err != nil {
			return err
		}
		if f.ListErr != nil && i >= f.ListFails {
			break
		}
		if f.ListShort > 0 && i >= f.ListShort {
			return nil
		}
		if err := yield(o); err != nil {
			return err
		}
	}
	if f.ListErr != nil {
		return fmt.Errorf("listing %q: %w", prefix, f.ListErr)
	}
	return nil
}

func (s *Store) get(key string) (*content, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c := s.objects[key]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("%q: %w", key, fs.ErrNotExist)
}

// Stat tells of one object.
func (s *Store) Stat(ctx context.Context, key string) (storage.Object, error) {
	if _, err := s.begin(ctx, "Stat", key); err != nil {
		return storage.Object{}, err
	}
	c, err := s.get(key)
	if err != nil {
		return storage.Object{}, err
	}
	return c.object, nil
}

// Open reads a range.
func (s *Store) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	f, err := s.open(ctx, "Open", key)
	if err != nil {
		return nil, err
	}
	size := f.object.Size
	if off < 0 || off > 0 && off >= size {
		return nil, fmt.Errorf("%q from byte %d of %d: %w", key, off, size, storage.ErrRange)
	}
	if n < 0 || n > size-off {
		n = size - off
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(f, off, n), f}, nil
}

// File opens an object as it is now.
func (s *Store) File(ctx context.Context, key string) (storage.File, error) {
	f, err := s.open(ctx, "File", key)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Pinned opens an object as o tells of it.
func (s *Store) Pinned(ctx context.Context, o storage.Object) (storage.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Archived {
		return nil, fmt.Errorf("%q: %w", o.Key, models.ErrArchived)
	}
	return &pinned{s: s, ctx: ctx, object: o}, nil
}

// pinned is an object of which each read checks that it is still the same.
type pinned struct {
	s      *Store
	ctx    context.Context
	object storage.Object
	at     int64
}

func (f *pinned) Object() storage.Object { return f.object }

func (f *pinned) Close() error { return nil }

func (f *pinned) ReadAt(p []byte, off int64) (int, error) {
	g, err := f.s.open(f.ctx, "Read", f.object.Key)
	if err != nil {
		return 0, err
	}
	if f.object.ETag != "" && g.object.ETag != f.object.ETag {
		return 0, fmt.Errorf("%q: %w", f.object.Key, storage.ErrChanged)
	}
	return g.ReadAt(p, off)
}

func (f *pinned) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.at)
	f.at += int64(n)
	return n, err
}

func (f *pinned) Seek(offset int64, whence int) (at int64, err error) {
	f.at, err = storage.SeekIn(f.object, f.at, offset, whence)
	return f.at, err
}

func (s *Store) open(ctx context.Context, method, key string) (*file, error) {
	f, err := s.begin(ctx, method, key)
	if err != nil {
		return nil, err
	}
	if err := f.Open[key]; err != nil {
		return nil, fmt.Errorf("%q: %w", key, err)
	}
	c, err := s.get(key)
	if err != nil {
		return nil, err
	}
	return &file{Reader: bytes.NewReader(c.data), ctx: ctx, object: c.object, fault: f.Read[key]}, nil
}

// file is one open object.
type file struct {
	*bytes.Reader
	ctx    context.Context
	object storage.Object
	fault  error
}

func (f *file) Object() storage.Object { return f.object }

func (f *file) Close() error { return nil }

// WriteTo is hidden: it would pass by Read and its faults.
func (f *file) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{f})
}

func (f *file) Read(p []byte) (int, error) {
	if err := f.broken(); err != nil {
		return 0, err
	}
	return f.Reader.Read(p)
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if err := f.broken(); err != nil {
		return 0, err
	}
	return f.Reader.ReadAt(p, off)
}

func (f *file) broken() error {
	if f.fault != nil {
		return fmt.Errorf("%q: %w", f.object.Key, f.fault)
	}
	return f.ctx.Err()
}

// Watch tells of every write at once.
func (s *Store) Watch(ctx context.Context, changed func(prefixes []string)) error {
	w := &watch{wake: make(chan struct{}, 1)}
	s.mu.Lock()
	s.watchers[w] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.watchers, w)
		s.mu.Unlock()
	}()
	changed([]string{""})
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
			s.mu.Lock()
			prefixes := storage.Coalesce(w.pending)
			w.pending = nil
			s.mu.Unlock()
			if len(prefixes) > 0 {
				changed(prefixes)
			}
		}
	}
}

// Close does nothing: a store in memory holds nothing else.
func (s *Store) Close() error { return nil }
