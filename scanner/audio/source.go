package audio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	blockSize = 64 << 10 // of a ranged read on demand
	tailSize  = 32 << 10 // of the one read from the end
	nearSize  = 4 << 10  // of the smallest read
	budget    = 8 << 20  // bytes that one file may cost
	requests  = 400      // that one file may cost
)

// ErrBudget is a file that would cost more than a scan spends on one.
var ErrBudget = errors.New("the file's structure needs more reads than the scan's budget")

// Stats counts what a file cost.
type Stats struct {
	Requests int
	Bytes    int64
}

// Source reads ranges of one object through a cache of blocks, within a
// budget. It belongs to one goroutine.
type Source struct {
	ctx    context.Context
	r      io.ReaderAt
	size   int64
	blocks []span
	pooled []*[]byte
	stats  Stats
	failed error // the first error of r: everything after it fails too
}

// pool keeps the memory of blocks between files.
var pool = sync.Pool{New: func() any {
	b := make([]byte, blockSize+tailSize)
	return &b
}}

// span is a range that has been read.
type span struct {
	off int64
	b   []byte
}

// NewSource returns a source over the size bytes behind r.
func NewSource(ctx context.Context, r io.ReaderAt, size int64) *Source {
	return &Source{ctx: ctx, r: r, size: max(size, 0)}
}

// Size returns the object's length in bytes.
func (s *Source) Size() int64 { return s.size }

// Stats returns what the reads so far cost.
func (s *Source) Stats() Stats { return s.stats }

// Err returns the error of the store behind the source, if there was one:
// not a short file, and not the budget.
func (s *Source) Err() error { return s.failed }

// Bytes returns n bytes from off, fewer only with an error: io.EOF or
// io.ErrUnexpectedEOF at the object's end, ErrBudget, or the store's own. What
// is not there yet is read with 64 KiB at once. The slice may be the cache's:
// read it, do not write it, and keep none of it.
func (s *Source) Bytes(off int64, n int) ([]byte, error) {
	return s.Ahead(off, n, blockSize)
}

// Near is Bytes for places far from everything else that will be read: it
// reads hardly more than the n bytes.
func (s *Source) Near(off int64, n int) ([]byte, error) {
	return s.Ahead(off, n, nearSize)
}

// Ahead is Bytes with the length of the read, should one be necessary, at
// least ahead bytes.
func (s *Source) Ahead(off int64, n, ahead int) ([]byte, error) {
	if off < 0 || n < 0 {
		return nil, fmt.Errorf("range %d+%d: %w", off, n, io.ErrUnexpectedEOF)
	}
	if off >= s.size {
		if n == 0 && off == s.size {
			return nil, nil
		}
		return nil, io.EOF
	}
	short := int64(n) > s.size-off
	if short {
		n = int(s.size - off)
	}
	b, err := s.cached(off, n, ahead)
	if err != nil {
		return nil, err
	}
	if short {
		return b, io.ErrUnexpectedEOF
	}
	return b, nil
}

// Upto is Ahead without an error at the object's end: as many bytes as there
// are, at most n.
func (s *Source) Upto(off int64, n, ahead int) ([]byte, error) {
	b, err := s.Ahead(off, n, ahead)
	if s.failed == nil && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		err = nil
	}
	return b, err
}

// Tail returns the last n bytes, at most tailSize or the whole object, and
// the offset where they begin. A file that needs its tail reads it by this,
// so that it costs one request.
func (s *Source) Tail(n int) ([]byte, int64, error) {
	n = min(n, tailSize)
	off := max(s.size-int64(n), 0)
	want := max(s.size-tailSize, 0)
	if _, ok := s.find(off, int(s.size-off)); !ok {
		if _, err := s.fetch(want, int(s.size-want)); err != nil {
			return nil, off, err
		}
	}
	b, err := s.Bytes(off, int(s.size-off))
	return b, off, err
}

// find returns n bytes from off when one cached block holds them all.
func (s *Source) find(off int64, n int) ([]byte, bool) {
	for i := len(s.blocks) - 1; i >= 0; i-- {
		b := s.blocks[i]
		if off >= b.off && off+int64(n) <= b.off+int64(len(b.b)) {
			return b.b[off-b.off : off-b.off+int64(n) : off-b.off+int64(n)], true
		}
	}
	return nil, false
}

// cached returns n bytes from off, fetching what is not there yet.
func (s *Source) cached(off int64, n, ahead int) ([]byte, error) {
	if b, ok := s.find(off, n); ok {
		return b, nil
	}
	// What blocks hold of it is not fetched again.
	var out []byte
	for len(out) < n {
		from := off + int64(len(out))
		b := s.from(from)
		if b == nil {
			want := min(int64(max(n-len(out), ahead)), s.size-from)
			if rest := s.size - from - want; rest <= tailSize && ahead >= blockSize {
				want += rest // the tail comes along: one request instead of two
			}
			var err error
			if b, err = s.fetch(from, int(want)); err != nil {
				return nil, err
			}
			if len(out) == 0 {
				return b[:n:n], nil
			}
		}
		if out == nil {
			out = make([]byte, 0, n)
		}
		out = append(out, b[:min(len(b), n-len(out))]...)
	}
	return out, nil
}

// from returns what the cached blocks hold from off on, the longest of them.
func (s *Source) from(off int64) []byte {
	var longest []byte
	for _, b := range s.blocks {
		if off >= b.off && off < b.off+int64(len(b.b)) && len(longest) < int(b.off+int64(len(b.b))-off) {
			longest = b.b[off-b.off:]
		}
	}
	return longest
}

// fetch reads one range from the store and keeps it.
func (s *Source) fetch(off int64, n int) ([]byte, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	if err := s.ctx.Err(); err != nil {
		s.failed = err
		return nil, err
	}
	if s.stats.Bytes+int64(n) > budget || s.stats.Requests >= requests {
		return nil, ErrBudget
	}
	b := s.block(n)
	m, err := s.r.ReadAt(b, off)
	s.stats.Requests++
	s.stats.Bytes += int64(m)
	if m < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = fmt.Errorf("the object ended at byte %d of %d: %w", off+int64(m), s.size, io.ErrUnexpectedEOF)
		}
		s.failed = err
		return nil, err
	}
	s.blocks = append(s.blocks, span{off, b})
	return b, nil
}

// block returns n bytes of memory, from the pool where they fit.
func (s *Source) block(n int) []byte {
	if n > blockSize+tailSize || n < blockSize/4 {
		return make([]byte, n)
	}
	p := pool.Get().(*[]byte)
	s.pooled = append(s.pooled, p)
	return (*p)[:n:n]
}

// release gives the blocks back. Nothing that Bytes returned may be used
// after it.
func (s *Source) release() {
	for _, p := range s.pooled {
		pool.Put(p)
	}
	s.pooled, s.blocks = nil, nil
}

// ReadSeeker returns the object as a stream with a position of its own.
func (s *Source) ReadSeeker() io.ReadSeeker {
	return io.NewSectionReader(sourceAt{s}, 0, s.size)
}

// sourceAt is a Source as an io.ReaderAt.
type sourceAt struct{ s *Source }

func (a sourceAt) ReadAt(p []byte, off int64) (int, error) {
	b, err := a.s.Bytes(off, min(len(p), budget))
	n := copy(p, b)
	if errors.Is(err, io.ErrUnexpectedEOF) && a.s.failed == nil {
		err = io.EOF
	}
	return n, err
}
