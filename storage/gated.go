package storage

import (
	"context"
	"errors"
	"io"
)

// ErrCapped is a store that may not be asked for more today, because its owner
// has set a bound. It comes with models.ErrUnavailable.
var ErrCapped = errors.New("the daily cap is reached")

// Gated returns s behind a gate: allow is asked before each call, each read of
// a file and each object of a listing, and its error is theirs. Files hide what
// they can do besides File and Born.
func Gated(s Store, allow func(context.Context) error) Store {
	if p, ok := s.(Pinner); ok {
		return &gatedPinner{gated{s, allow}, p}
	}
	return &gated{s, allow}
}

type gated struct {
	s     Store
	allow func(context.Context) error
}

// gatedPinner is the same around a Pinner.
type gatedPinner struct {
	gated
	p Pinner
}

// Unwrap returns the store behind the gate.
func (s *gated) Unwrap() Store { return s.s }

func (s *gated) List(ctx context.Context, prefix string, yield func(Object) error) error {
	if err := s.allow(ctx); err != nil {
		return err
	}
	return s.s.List(ctx, prefix, func(o Object) error {
		if err := s.allow(ctx); err != nil {
			return err
		}
		return yield(o)
	})
}

func (s *gated) Stat(ctx context.Context, key string) (Object, error) {
	if err := s.allow(ctx); err != nil {
		return Object{}, err
	}
	return s.s.Stat(ctx, key)
}

func (s *gated) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	if err := s.allow(ctx); err != nil {
		return nil, err
	}
	return s.s.Open(ctx, key, off, n)
}

func (s *gated) File(ctx context.Context, key string) (File, error) {
	if err := s.allow(ctx); err != nil {
		return nil, err
	}
	f, err := s.s.File(ctx, key)
	return s.file(ctx, f, err)
}

func (s *gatedPinner) Pinned(ctx context.Context, o Object) (File, error) {
	f, err := s.p.Pinned(ctx, o)
	return s.file(ctx, f, err)
}

func (s *gated) file(ctx context.Context, f File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return &gatedFile{f, func() error { return s.allow(ctx) }}, nil
}

func (s *gated) Close() error { return s.s.Close() }

type gatedFile struct {
	File
	allow func() error
}

// Born is that of the file behind the gate, if it has one.
func (f *gatedFile) Born() int64 {
	if b, ok := f.File.(Born); ok {
		return b.Born()
	}
	return 0
}

func (f *gatedFile) Read(p []byte) (int, error) {
	if err := f.allow(); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *gatedFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.allow(); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}
