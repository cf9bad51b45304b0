package server

import (
	"context"
	"errors"
	"sync"

	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// stores opens the store of each library once and again when its location has
// changed. It may be used from many goroutines.
type stores struct {
	catalog  *catalog.Catalog
	registry *storage.Registry
	options  storage.Options

	mu   sync.Mutex
	open map[int]openStore
}

type openStore struct {
	location string
	store    storage.Store
}

// Store returns the store of a library. The caller does not close it.
func (s *stores) Store(ctx context.Context, library int) (storage.Store, error) {
	l, err := s.catalog.Library(ctx, library)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was, ok := s.open[library]
	if ok && was.location == l.Location {
		return was.store, nil
	}
	store, err := s.registry.Open(ctx, l.Location, s.options)
	if err != nil {
		return nil, err
	}
	if s.open == nil {
		s.open = map[int]openStore{}
	}
	s.open[library] = openStore{l.Location, store}
	if ok {
		return store, was.store.Close() // its open files stay readable
	}
	return store, nil
}

// look opens the store of a place that is no library yet. The caller closes
// it.
func (s *stores) look(ctx context.Context, location string) (storage.Store, error) {
	return s.registry.Open(ctx, location, s.options)
}

func (s *stores) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, o := range s.open {
		errs = append(errs, o.store.Close())
	}
	s.open = nil
	return errors.Join(errs...)
}
