package server

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/usage"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/rangecache"
)

// stores opens the store of each library once, and again when its location or
// its secret has changed. It may be used from many goroutines. Its own Store is
// for background work, which counts for itself; playback is for what people
// wait for.
type stores struct {
	catalog  *catalog.Catalog
	keys     *auth.Keyring
	registry *storage.Registry
	options  storage.Options           // of every store
	given    map[string]storage.Secret // by the configuration, by clean location
	cache    *rangecache.Cache         // of what playback reads; nil where nothing plays

	meter *usage.Meter // keeps what is asked of remote stores

	mu   sync.Mutex
	open map[int]openStore

	work sync.WaitGroup // of the meter, which stop ends
	stop context.CancelFunc
}

type openStore struct {
	location string
	ambient  bool
	sealed   []byte
	secret   storage.Secret
	store    storage.Store
	work     storage.Store // the same as background work sees it
	play     storage.Store // and as playback does
}

// Store returns the store of a library. The caller does not close it.
func (s *stores) Store(ctx context.Context, library int) (storage.Store, error) {
	o, err := s.opened(ctx, library)
	return o.work, err
}

// playback is the stores as streams, covers and lyrics use them: what they ask
// of a remote store is counted.
type playback struct{ *stores }

// Store returns the store of a library. The caller does not close it.
func (p playback) Store(ctx context.Context, library int) (storage.Store, error) {
	o, err := p.opened(ctx, library)
	return o.play, err
}

// played counts what playback has asked of a library's store since the start.
func (s *stores) played(library int) *storage.Counter {
	return s.meter.Counter(library, usage.Play)
}

// forWork holds background work with a remote store to the library's daily cap.
func (s *stores) forWork(library int, store storage.Store) storage.Store {
	if _, remote := storage.As[storage.Pinner](store); !remote {
		return store
	}
	return storage.Gated(store, func(ctx context.Context) error { return s.meter.Allow(ctx, library) })
}

// warmer is a Store that fetches what is likely to be played next.
type warmer interface {
	Warm(o storage.Object, off, n int64)
}

// cappedWarmth is a store of playback that fetches nothing ahead once the
// library's daily cap is reached.
type cappedWarmth struct {
	storage.Store
	allow func(context.Context) error
}

// Unwrap returns the store of playback.
func (s cappedWarmth) Unwrap() storage.Store { return s.Store }

// Pinned is that of the store of playback.
func (s cappedWarmth) Pinned(ctx context.Context, o storage.Object) (storage.File, error) {
	return storage.OpenPinned(ctx, s.Store, o)
}

// Warm is that of the store of playback, as far as the cap lets it.
func (s cappedWarmth) Warm(o storage.Object, off, n int64) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if w, ok := storage.As[warmer](s.Store); ok && s.allow(ctx) == nil {
		w.Warm(o, off, n)
	}
}

// forPlayback wraps a store for playback. A folder is used as it is: the
// kernel sends its files, and it has no price.
func (s *stores) forPlayback(library int, location string, store storage.Store) storage.Store {
	if _, remote := storage.As[storage.Pinner](store); !remote {
		return store
	}
	store = storage.Counted(store, s.played(library))
	if s.cache == nil {
		return store
	}
	store = s.cache.Wrap(strconv.Itoa(library)+" "+location, store)
	return cappedWarmth{store, func(ctx context.Context) error { return s.meter.Allow(ctx, library) }}
}

func (s *stores) opened(ctx context.Context, library int) (openStore, error) {
	l, sealed, err := s.catalog.LibraryStore(ctx, library)
	if err != nil {
		return openStore{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was, ok := s.open[library]
	if ok && was.location == l.Location && was.ambient == l.Config && bytes.Equal(was.sealed, sealed) {
		return was, nil
	}
	secret, err := s.secret(ctx, l, sealed)
	if err != nil {
		return openStore{}, err
	}
	if ok && was.location == l.Location && was.ambient == l.Config && maps.Equal(was.secret, secret) {
		was.sealed = sealed // the key was rotated
		s.open[library] = was
		return was, nil
	}
	store, err := s.registry.Open(ctx, l.Location, s.with(secret, l.Config))
	if err != nil {
		return openStore{}, err
	}
	if s.open == nil {
		s.open = map[int]openStore{}
	}
	now := openStore{location: l.Location, ambient: l.Config, sealed: sealed, secret: secret, store: store, work: s.forWork(library, store), play: s.forPlayback(library, l.Location, store)}
	s.open[library] = now
	if ok {
		return now, was.store.Close() // its open files stay readable
	}
	return now, nil
}

// secret returns what a library's store is opened with: what the configuration
// gives, else what the catalog keeps.
func (s *stores) secret(ctx context.Context, l *models.Library, sealed []byte) (storage.Secret, error) {
	if given := s.given[l.Location]; l.Config && len(given) > 0 {
		return given, nil
	}
	return s.keys.StoreSecret(ctx, l, sealed)
}

// with returns the options of a store with a secret. The machine's own
// credentials are for libraries that its configuration names.
func (s *stores) with(secret storage.Secret, ambient bool) storage.Options {
	o := s.options
	o.Secret, o.Ambient = secret, ambient
	return o
}

// look opens the store of a place to see how it is. The caller closes it.
func (s *stores) look(ctx context.Context, location string, secret storage.Secret, ambient bool) (storage.Store, error) {
	return s.registry.Open(ctx, location, s.with(secret, ambient))
}

// fresh opens the store of a library once more. The caller closes it.
func (s *stores) fresh(ctx context.Context, library int) (storage.Store, error) {
	l, sealed, err := s.catalog.LibraryStore(ctx, library)
	if err != nil {
		return nil, err
	}
	secret, err := s.secret(ctx, l, sealed)
	if err != nil {
		return nil, err
	}
	return s.look(ctx, l.Location, secret, l.Config)
}

func (s *stores) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	if s.cache != nil {
		errs = append(errs, s.cache.Close())
	}
	for _, o := range s.open {
		errs = append(errs, o.store.Close())
	}
	s.open = nil
	if s.stop != nil {
		s.stop()
		s.work.Wait()
	}
	return errors.Join(errs...)
}
