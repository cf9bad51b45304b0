package storage

import (
	"context"
	"io"
	"sync/atomic"
)

// Counter counts what a store was asked for. It may be read at any time.
type Counter struct {
	Requests atomic.Int64 // Stat, Open, File and each ReadAt; a listing is one
	Bytes    atomic.Int64 // of content that was read
}

// Counted returns s with its requests counted in c. Its files hide what the
// files of s can do besides File: they are for scans and not for streams.
func Counted(s Store, c *Counter) Store { return &counted{s, c} }

type counted struct {
	s Store
	c *Counter
}

func (s *counted) List(ctx context.Context, prefix string, yield func(Object) error) error {
	s.c.Requests.Add(1)
	return s.s.List(ctx, prefix, yield)
}

func (s *counted) Stat(ctx context.Context, key string) (Object, error) {
	s.c.Requests.Add(1)
	return s.s.Stat(ctx, key)
}

func (s *counted) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	s.c.Requests.Add(1)
	r, err := s.s.Open(ctx, key, off, n)
	if err != nil {
		return nil, err
	}
	return &countedReader{r, s.c}, nil
}

func (s *counted) File(ctx context.Context, key string) (File, error) {
	s.c.Requests.Add(1)
	f, err := s.s.File(ctx, key)
	if err != nil {
		return nil, err
	}
	return &countedFile{f, s.c}, nil
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
	c *Counter
}

func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.c.Bytes.Add(int64(n))
	return n, err
}

func (f *countedFile) ReadAt(p []byte, off int64) (int, error) {
	f.c.Requests.Add(1)
	n, err := f.File.ReadAt(p, off)
	f.c.Bytes.Add(int64(n))
	return n, err
}
