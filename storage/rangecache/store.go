package rangecache

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path"
	"strconv"
	"sync"

	"github.com/songlocker/songlocker/storage"
)

const (
	// sequential is how much is read in one go before more is fetched than was
	// asked for, in bytes.
	sequential = 128 << 10
	// ahead is how many chunks then are.
	ahead = 2
	// small is a read that is taken for the only one at its place, in bytes.
	small = 16 << 10
)

// store is a storage.Store whose pinned files read through the cache.
type store struct {
	storage.Store
	pinner storage.Pinner
	cache  *Cache
	name   string
}

// Wrap returns s with what is read of its pinned files kept in the cache, and
// with reads that go on where a connection breaks. name tells it from the other
// stores of the cache and is the same in each process: another place has
// another name. A store that is no storage.Pinner is returned as it is, and of
// objects without an ETag nothing is kept. Closing it closes s.
func (c *Cache) Wrap(name string, s storage.Store) storage.Store {
	p, ok := s.(storage.Pinner)
	if !ok {
		return s
	}
	return &store{Store: s, pinner: p, cache: c, name: name}
}

// Unwrap returns the store beneath.
func (s *store) Unwrap() storage.Store { return s.Store }

// File opens an object as it is now.
func (s *store) File(ctx context.Context, key string) (storage.File, error) {
	o, err := s.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	return s.Pinned(ctx, o)
}

// Pinned opens an object as o tells of it.
func (s *store) Pinned(ctx context.Context, o storage.Object) (storage.File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.Archived || o.Size <= 0 {
		return s.pinner.Pinned(ctx, o)
	}
	held, err := s.pinner.Pinned(ctx, o)
	if err != nil {
		return nil, err
	}
	return &file{s: s, ctx: ctx, o: o, held: held, name: objectName(s.name, o), next: -1, aheadOf: -1}, nil
}

// Warm fetches n bytes from off of an object into the cache, in the background
// and without a promise: not when enough is on its way already.
func (s *store) Warm(o storage.Object, off, n int64) {
	if o.ETag == "" || o.Archived || off < 0 || off >= o.Size || !s.cache.usable() {
		return
	}
	select {
	case s.cache.warm <- struct{}{}:
	default:
		return
	}
	f := &file{s: s, o: o, name: objectName(s.name, o)}
	if !s.cache.begin(func() {
		defer func() { <-s.cache.warm }()
		parts := f.fetch(off/chunkSize, (min(off+n, o.Size)-1)/chunkSize)
		for _, p := range parts {
			// It is waited for, so that it counts as one of those on their way.
			if _, err := p.readAt(s.cache.ctx, make([]byte, 1), p.size-1); err != nil {
				s.cache.o.Log.Debug("the beginning of a song is not fetched ahead", "key", o.Key, "error", err)
			}
			s.cache.release(p)
		}
	}) {
		<-s.cache.warm
	}
}

// file is one open object.
type file struct {
	s    *store
	ctx  context.Context
	o    storage.Object
	held storage.File // keeps a store in use that is closed meanwhile; nothing else is asked of it
	name string       // the object's in the cache

	pos int64 // of Read and Seek

	mu      sync.Mutex
	next    int64           // where the last read ended; -1 before the first
	run     int64           // bytes read in one go up to there
	parts   map[int64]*part // in use, by number
	aheadOf int64           // the chunk behind which was looked last
	direct  *body           // reads past the cache, if it stands at the right place
}

func (f *file) Object() storage.Object { return f.o }

func (f *file) Read(p []byte) (int, error) {
	if f.pos >= f.o.Size {
		return 0, io.EOF
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.read(p, f.pos, f.pos == 0 || f.pos == f.next || len(p) >= small)
	f.pos += int64(n)
	return n, err
}

func (f *file) Seek(off int64, whence int) (at int64, err error) {
	f.pos, err = storage.SeekIn(f.o, f.pos, off, whence)
	return f.pos, err
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("%q from byte %d: %w", f.o.Key, off, storage.ErrRange)
	}
	short := off+int64(len(p)) > f.o.Size
	if off >= f.o.Size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), f.o.Size-off)]
	g, more := f, false
	if f.mu.TryLock() {
		defer f.mu.Unlock()
		more = off == f.next
	} else {
		// One that others read at once with is a read by itself.
		g = &file{s: f.s, ctx: f.ctx, o: f.o, held: f.held, name: f.name, next: -1, aheadOf: -1}
		defer g.leave()
	}
	n := 0
	for n < len(p) {
		m, err := g.read(p[n:], off+int64(n), more)
		n += m
		if err != nil {
			return n, err
		}
	}
	if short {
		return n, io.EOF
	}
	return n, nil
}

// Close ends the use of the file. What is on its way for it comes to the end of
// its chunk.
func (f *file) Close() error {
	f.leave()
	return f.held.Close()
}

func (f *file) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for n := range f.parts {
		f.drop(n)
	}
	f.past(nil)
}

// past makes b, or nothing, the reader past the cache.
func (f *file) past(b *body) {
	if f.direct != nil {
		f.direct.shut()
	}
	f.direct = b
}

// span returns where a chunk begins and ends.
func (f *file) span(n int64) (from, to int64) {
	return n * chunkSize, min((n+1)*chunkSize, f.o.Size)
}

// read reads something at off, which is within the object. more tells that the
// bytes behind will be asked for too. f.mu is held.
func (f *file) read(p []byte, off int64, more bool) (int, error) {
	if off != f.next {
		f.run = 0
	}
	n, err := f.some(p, off, more)
	f.next = off + int64(n)
	f.run += int64(n)
	if errors.Is(err, storage.ErrChanged) {
		f.s.cache.forget(f.name)
	}
	if err == nil && more && f.run >= sequential {
		f.lookAhead(off / chunkSize)
	}
	return n, err
}

func (f *file) some(p []byte, off int64, more bool) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n := off / chunkSize
	from, to := f.span(n)
	cached := f.o.ETag != "" && f.s.cache.usable()
	for range attempts {
		if f.direct != nil && f.direct.off == off && f.direct.end > off {
			return f.direct.Read(p)
		}
		if !cached {
			break
		}
		x := f.chunk(n, more && off == from)
		if x == nil {
			break
		}
		m, err := x.readAt(f.ctx, p, off-from)
		if m > 0 {
			return m, nil
		}
		f.drop(n)
		switch {
		case errors.Is(err, errAbandoned):
		case errors.Is(err, fs.ErrClosed):
			cached = false
		case errors.Is(err, errDisk):
			_ = f.s.cache.fault(err)
			cached = false
		default:
			return 0, err
		}
	}
	end := off + int64(len(p))
	switch {
	case more && cached:
		end = to // the cache goes on from there
	case more:
		end = f.o.Size
	}
	b := newBody(f.ctx, f.s.pinner, f.o, off, end)
	b.held = f.held
	f.past(b)
	return f.direct.Read(p)
}

// chunk returns a chunk that is there or on its way, or that is set on its way
// when fetch says so, and else nil.
func (f *file) chunk(n int64, fetch bool) *part {
	for have := range f.parts {
		if have < n || have > n+ahead {
			f.drop(have)
		}
	}
	if p := f.parts[n]; p != nil {
		return p
	}
	if fetch {
		f.hold(n, f.fetch(n, n))
		return f.parts[n]
	}
	from, to := f.span(n)
	p, fresh := f.s.cache.take(f.chunkName(n), to-from)
	if fresh && !f.s.cache.load(p) {
		f.s.cache.fail(p, errAbandoned)
		f.s.cache.release(p)
		return nil
	}
	f.hold(n, []*part{p})
	return p
}

func (f *file) chunkName(n int64) string {
	return path.Join(f.name, strconv.FormatInt(n, 10))
}

// hold keeps parts for this file, which follow each other from n on.
func (f *file) hold(n int64, parts []*part) {
	if f.parts == nil {
		f.parts = map[int64]*part{}
	}
	for i, p := range parts {
		if was := f.parts[n+int64(i)]; was != nil {
			f.s.cache.release(was)
		}
		f.parts[n+int64(i)] = p
	}
}

func (f *file) drop(n int64) {
	if p := f.parts[n]; p != nil {
		delete(f.parts, n)
		f.s.cache.release(p)
	}
}

// lookAhead sets the chunks behind n on their way, by one request, unless the
// next one is held already.
func (f *file) lookAhead(n int64) {
	last := (f.o.Size - 1) / chunkSize
	if f.o.ETag == "" || n == f.aheadOf || n >= last || f.parts[n+1] != nil || !f.s.cache.usable() {
		return
	}
	f.aheadOf = n
	f.hold(n+1, f.fetch(n+1, min(n+ahead, last)))
}

// fetch returns the chunks from first to last, which the caller releases. What
// of them is neither there nor on its way yet is set on its way, as far as one
// request covers it: fewer chunks than asked for come when there is more than
// one gap.
func (f *file) fetch(first, last int64) []*part {
	c := f.s.cache
	var parts, missing []*part
	var from int64
	for n := first; n <= last; n++ {
		begin, end := f.span(n)
		p, fresh := c.take(f.chunkName(n), end-begin)
		if fresh && c.load(p) {
			fresh = false
		}
		if !fresh && len(missing) > 0 {
			c.release(p)
			break
		}
		parts = append(parts, p)
		if fresh {
			if len(missing) == 0 {
				from = begin
			}
			missing = append(missing, p)
			c.share(p) // the one who fetches it
		}
	}
	if len(missing) > 0 && !c.begin(func() { f.s.receive(f.o, from, missing) }) {
		for _, p := range missing {
			c.fail(p, errAbandoned)
			c.release(p)
		}
	}
	return parts
}

// receive fills parts that follow each other from an offset on, and releases
// them. When nobody wants the rest it ends with the chunk that has begun.
func (s *store) receive(o storage.Object, from int64, parts []*part) {
	c := s.cache
	end := from
	for _, p := range parts {
		end += p.size
	}
	b := newBody(c.ctx, s.pinner, o, from, end)
	defer b.shut()
	var err error
	for i, p := range parts {
		if i > 0 && err == nil && !c.wanted(parts[i:]) {
			err = errAbandoned
		}
		if err == nil {
			err = c.fill(p, b)
		}
		if err != nil && c.ctx.Err() != nil {
			err = errAbandoned
		}
		if err != nil {
			c.fail(p, err)
		}
		c.release(p)
	}
}

// fill reads one chunk from b into its part and its file.
func (c *Cache) fill(p *part, b *body) error {
	f, err := c.openTemp()
	if err != nil {
		return c.fault(err)
	}
	p.begin(f)
	temp := f.Name()
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	sum := crc32.New(castagnoli)
	for have := int64(0); have < p.size; {
		n, err := b.Read((*buf)[:min(int64(len(*buf)), p.size-have)])
		if err != nil {
			c.remove(temp)
			return err
		}
		if _, err := f.WriteAt((*buf)[:n], have); err != nil {
			c.remove(temp)
			return c.fault(err)
		}
		sum.Write((*buf)[:n])
		have += int64(n)
		if have == p.size {
			// Kept before it is told of: who has it whole finds it again.
			if _, err = f.WriteAt(trailer(sum.Sum32(), p.size), p.size); err == nil {
				err = c.keep(f, p.name, p.size)
			}
			if err != nil {
				c.remove(temp)
				_ = c.fault(err) // who reads it still can
			}
		}
		p.progress(have)
	}
	return nil
}
