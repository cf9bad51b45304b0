package artwork

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"sync"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/storage"
)

const (
	// refusedFor is how long a picture that its store does not give is not
	// asked for again.
	refusedFor = time.Minute
	// resting is how long a store that does not answer is asked for no picture.
	resting = 10 * time.Second
	// refusals bounds the pictures that are remembered so.
	refusals = 10_000
)

// remote reads a picture of a remote store whole: by one request, the first
// time that it is asked for in whatever size, and then from the cache. The
// object that it lies in is the one that was scanned, or storage.ErrChanged.
func (s *Service) remote(ctx context.Context, store storage.Store, p catalog.Picture) ([]byte, error) {
	name := name(p, 0)
	if f := s.cache.open(name); f != nil {
		data, err := io.ReadAll(io.LimitReader(f, maxPayload+1))
		_ = f.Close()
		switch {
		case err == nil && sniff(data) != "":
			return data, nil
		case err == nil && len(data) == 0:
			return nil, errBroken
		}
	}
	// Sizes that are made at once share one read.
	read := s.flights.DoChan("payload "+name, func() (any, error) {
		if err := s.refused.check(p.Library, name); err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		data, err := s.fetch(ctx, store, p)
		if err == nil && sniff(data) == "" {
			err = fmt.Errorf("%w: no picture", errBroken)
		}
		switch {
		case err == nil:
			s.cache.put(name, data)
		case errors.Is(err, errBroken):
			s.cache.put(name, nil)
		default:
			s.refused.note(p.Library, name, err)
			if s.changed != nil && (errors.Is(err, storage.ErrChanged) || errors.Is(err, fs.ErrNotExist)) {
				s.changed(p.Library, p.ObjectKey)
			}
		}
		return data, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-read:
		data, _ := r.Val.([]byte)
		return data, r.Err
	}
}

// fetch reads a picture by one request.
func (s *Service) fetch(ctx context.Context, store storage.Store, p catalog.Picture) ([]byte, error) {
	if !p.Embedded {
		return whole(ctx, store, p)
	}
	o := storage.Object{Key: p.ObjectKey}
	var err error
	if o.Size, o.ModTime, o.ETag, err = s.catalog.Object(ctx, p.Library, p.ObjectKey); err != nil {
		if errors.Is(err, models.ErrNotFound) {
			err = fmt.Errorf("%w: %w", fs.ErrNotExist, err)
		}
		return nil, err
	}
	f, err := storage.OpenPinned(ctx, store, o)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, _, err := audio.Picture(ctx, f, o.Size, p.PictureRef)
	if errors.Is(err, audio.ErrPicture) {
		err = fmt.Errorf("%w: %w", errBroken, err)
	}
	return data, err
}

// whole reads a picture that is an object of its own.
func whole(ctx context.Context, store storage.Store, p catalog.Picture) ([]byte, error) {
	if p.Length > maxPayload {
		return nil, fmt.Errorf("%w: %d bytes", errBroken, p.Length)
	}
	r, err := store.Open(ctx, p.ObjectKey, 0, p.Length+1)
	if err != nil {
		return nil, err
	}
	data := make([]byte, p.Length+1)
	n, err := io.ReadFull(r, data)
	if closed := r.Close(); err == nil {
		err = closed
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		if int64(n) == p.Length {
			return data[:n], nil
		}
	case err != nil:
		return nil, err
	}
	return nil, fmt.Errorf("%q had %d bytes when it was listed: %w", p.ObjectKey, p.Length, storage.ErrChanged)
}

// refused remembers what remote stores did not give, so that a page of covers
// does not ask them over and over. The zero value is ready; it may be used from
// many goroutines.
type refused struct {
	mu       sync.Mutex
	pictures map[string]refusal
	stores   map[int]refusal // by library: asked for nothing
}

type refusal struct {
	err   error
	until time.Time
}

// check returns the error that asking again would bring.
func (r *refused) check(library int, picture string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range []refusal{r.stores[library], r.pictures[picture]} {
		if x.err != nil && time.Now().Before(x.until) {
			return x.err
		}
	}
	return nil
}

// note remembers why a picture did not come.
func (r *refused) note(library int, picture string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if errors.Is(err, models.ErrUnavailable) && !errors.Is(err, models.ErrArchived) {
		if r.stores == nil {
			r.stores = map[int]refusal{}
		}
		r.stores[library] = refusal{err, now.Add(resting)}
		return
	}
	if len(r.pictures) >= refusals {
		maps.DeleteFunc(r.pictures, func(_ string, x refusal) bool { return now.After(x.until) })
	}
	if r.pictures == nil || len(r.pictures) >= refusals {
		r.pictures = map[string]refusal{}
	}
	r.pictures[picture] = refusal{err, now.Add(refusedFor)}
}
