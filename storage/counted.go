package storage

import (
	"context"
	"io"
	"sync/atomic"
)

// Counter counts what a store was asked for, by what providers price. It may
// be read at any time.
type Counter struct {
	Lists     atomic.Int64 // pages of listings
	Heads     atomic.Int64 // questions about one object
	Gets      atomic.Int64 // reads
	Bytes     atomic.Int64 // of content that was read
	Throttled atomic.Int64 // requests, among those above, that were put off by the store
}

// Requests is how many requests there were of all kinds.
func (c *Counter) Requests() int64 { return c.Lists.Load() + c.Heads.Load() + c.Gets.Load() }

type counterKey struct{}

// WithCounter makes stores that count for themselves count in c what is asked
// for in the name of ctx.
func WithCounter(ctx context.Context, c *Counter) context.Context {
	return context.WithValue(ctx, counterKey{}, c)
}

// CounterOf returns the counter of ctx, or nil.
func CounterOf(ctx context.Context) *Counter {
	c, _ := ctx.Value(counterKey{}).(*Counter)
	return c
}

// SelfCounting is a Store that counts each of its requests, retries and pages
// too, in the counter of the context.
type SelfCounting interface{ CountsItself() }

// Counted returns s with its requests counted in c, except those whose context
// has a counter already: of several wrappers the outermost counts. Where s
// counts for itself its own figures are taken, else a listing, a Stat and an
// Open are one request, and so are each ReadAt of a file and its Reads from one
// place on; to open a file is none. Files of such a store hide what they can do
// besides File and Born: they are for scans and not for streams.
func Counted(s Store, c *Counter) Store {
	_, self := As[SelfCounting](s)
	if p, ok := s.(Pinner); ok {
		return &countedPinner{counted{s, c, self}, p}
	}
	return &counted{s, c, self}
}

type counted struct {
	s    Store
	c    *Counter
	self bool
}

// countedPinner is the same around a Pinner.
type countedPinner struct {
	counted
	p Pinner
}

// Unwrap returns the store that is counted.
func (s *counted) Unwrap() Store { return s.s }

// in returns the context for a call, and the counter if the wrapper itself has
// to count in it.
func (s *counted) in(ctx context.Context) (context.Context, *Counter) {
	if CounterOf(ctx) != nil {
		return ctx, nil
	}
	ctx = WithCounter(ctx, s.c)
	if s.self {
		return ctx, nil
	}
	return ctx, s.c
}

func (s *counted) List(ctx context.Context, prefix string, yield func(Object) error) error {
	ctx, c := s.in(ctx)
	if c != nil {
		c.Lists.Add(1)
	}
	return s.s.List(ctx, prefix, yield)
}

func (s *counted) Stat(ctx context.Context, key string) (Object, error) {
	ctx, c := s.in(ctx)
	if c != nil {
		c.Heads.Add(1)
	}
	return s.s.Stat(ctx, key)
}

func (s *counted) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	ctx, c := s.in(ctx)
	if c != nil {
		c.Gets.Add(1)
	}
	r, err := s.s.Open(ctx, key, off, n)
	if err != nil || c == nil {
		return r, err
	}
	return &countedReader{r, c}, nil
}

func (s *counted) File(ctx context.Context, key string) (File, error) {
	ctx, c := s.in(ctx)
	return countFile(c)(s.s.File(ctx, key))
}

func (s *countedPinner) Pinned(ctx context.Context, o Object) (File, error) {
	ctx, c := s.in(ctx)
	return countFile(c)(s.p.Pinned(ctx, o))
}

// countFile makes the reads of a file count.
func countFile(c *Counter) func(File, error) (File, error) {
	return func(f File, err error) (File, error) {
		if c == nil || err != nil {
			return f, err
		}
		return &countedFile{File: f, c: c}, nil
	}
}

func (s *counted) Close() error { return s.s.Close() }

type countedReader struct {
	io.ReadCloser
	c *Counter
}

func (r *countedReader) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.c.Bytes.Add(int64(n))
	return n, err
}

type countedFile struct {
	File
	c       *Counter
	reading bool // from one place on
}

// Born is that of the file which is counted, if it has one.
func (f *countedFile) Born() int64 {
	if b, ok := f.File.(Born); ok {
		return b.Born()
	}
	return 0
}

func (f *countedFile) Read(p []byte) (int, error) {
	if !f.reading {
		f.reading = true
		f.c.Gets.Add(1)
	}
	n, err := f.File.Read(p)
	f.c.Bytes.Add(int64(n))
	return n, err
}

func (f *countedFile) Seek(off int64, whence int) (int64, error) {
	f.reading = false
	return f.File.Seek(off, whence)
}

func (f *countedFile) ReadAt(p []byte, off int64) (int, error) {
	f.c.Gets.Add(1)
	n, err := f.File.ReadAt(p, off)
	f.c.Bytes.Add(int64(n))
	return n, err
}
