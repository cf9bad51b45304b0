package manage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/storage"
)

// Library is a library as the caller may know it.
type Library struct {
	models.Library     // without location and alarm for all but administrators
	Songs          int // present ones
}

// Libraries returns the libraries that the caller may read, for
// administrators all.
func (s *Service) Libraries(ctx context.Context, who models.Identity) ([]Library, error) {
	all, err := s.Catalog.Libraries(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.Catalog.SongCounts(ctx)
	if err != nil {
		return nil, err
	}
	var list []Library
	for _, l := range all {
		if !s.sees(who, l.Number) {
			continue
		}
		one := Library{*l, counts[l.Number]}
		if !who.Roles().Admin {
			one.Location, one.Alarm, one.Config = "", "", false
		}
		list = append(list, one)
	}
	return list, nil
}

// Library returns one of Libraries.
func (s *Service) Library(ctx context.Context, who models.Identity, n int) (Library, error) {
	list, err := s.Libraries(ctx, who)
	if err != nil {
		return Library{}, err
	}
	for _, l := range list {
		if l.Number == n {
			return l, nil
		}
	}
	return Library{}, fmt.Errorf("library %d: %w", n, models.ErrNotFound)
}

// lookTime is how long a place may take to show what is in it.
const lookTime = 10 * time.Second

// AddLibrary adds a shared library at a place that can be read, and asks for
// its first scan. An empty name becomes the location's last part, an empty
// kind music.
func (s *Service) AddLibrary(ctx context.Context, who models.Identity, l models.Library) (Library, error) {
	if err := admin(who); err != nil {
		return Library{}, err
	}
	location, err := catalog.CleanLocation(l.Location)
	if err != nil {
		return Library{}, err
	}
	if s.Allowed != nil {
		if err := s.Allowed(location); err != nil {
			return Library{}, err
		}
	}
	if err := s.look(ctx, location); err != nil {
		return Library{}, err
	}
	n, err := s.Catalog.AddLibrary(ctx, &models.Library{Name: l.Name, Location: location, Kind: l.Kind})
	if err != nil {
		return Library{}, err
	}
	s.Scans.Ask(scans.Order{Library: n})
	return s.Library(ctx, who, n)
}

// errSeen ends a listing that has shown something.
var errSeen = errors.New("seen")

// look opens the store of a location and begins to list it.
func (s *Service) look(ctx context.Context, location string) error {
	within, stop := context.WithTimeout(ctx, lookTime)
	defer stop()
	store, err := s.Open(within, location, nil, false)
	if err != nil {
		return err
	}
	err = store.List(within, "", func(storage.Object) error { return errSeen })
	if e := store.Close(); e != nil && err == nil {
		err = e
	}
	switch {
	case err == nil, errors.Is(err, errSeen):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case within.Err() != nil:
		return fmt.Errorf("%s shows nothing within %v: %w", location, lookTime, models.ErrUnavailable)
	}
	// Whatever kind it is for a library that stands, here the place is wrong.
	return fmt.Errorf("no library can be there: %w: %w", err, models.ErrInvalid)
}

// LibraryChange is what changes of a library; what is nil stays.
type LibraryChange struct{ Name, Kind *string }

// ChangeLibrary gives a library another name or kind. The kind of one that the
// configuration names would come back at the next start: models.ErrConflict.
func (s *Service) ChangeLibrary(ctx context.Context, who models.Identity, n int, c LibraryChange) (Library, error) {
	if err := admin(who); err != nil {
		return Library{}, err
	}
	l, err := s.Catalog.Library(ctx, n)
	if err != nil {
		return Library{}, err
	}
	if c.Name != nil {
		if *c.Name == "" {
			return Library{}, fmt.Errorf("a library needs a name: %w", models.ErrMissing)
		}
		l.Name = *c.Name
	}
	if c.Kind != nil && *c.Kind != l.Kind {
		if l.Config {
			return Library{}, fmt.Errorf("the configuration says of which kind this library is: change it there (--music or --audiobooks): %w", models.ErrConflict)
		}
		l.Kind = *c.Kind
	}
	if err := s.Catalog.UpdateLibrary(ctx, l); err != nil {
		return Library{}, err
	}
	return s.Library(ctx, who, n)
}

// RemoveLibrary hides a library with all that it holds; no file is touched,
// and to add the same place again brings all back. A library that the
// configuration names would come back at the next start: models.ErrConflict.
func (s *Service) RemoveLibrary(ctx context.Context, who models.Identity, n int) error {
	if err := admin(who); err != nil {
		return err
	}
	l, err := s.Catalog.Library(ctx, n)
	if err != nil {
		return err
	}
	if l.Config {
		return fmt.Errorf("the configuration names this library: take it out there first, or it comes back: %w", models.ErrConflict)
	}
	if now, ok := s.Scans.Current(); ok && now.Library == n {
		s.Scans.Stop()
	}
	return s.Catalog.RemoveLibrary(ctx, n)
}

// Readers returns the users who read a library, by name.
func (s *Service) Readers(ctx context.Context, who models.Identity, n int) ([]*models.User, error) {
	if err := admin(who); err != nil {
		return nil, err
	}
	if _, err := s.Catalog.Library(ctx, n); err != nil {
		return nil, err
	}
	all, err := s.Catalog.Users(ctx)
	if err != nil {
		return nil, err
	}
	var list []*models.User
	for _, u := range all {
		if reads(u, n) {
			list = append(list, u)
		}
	}
	return list, nil
}

// right is a user's right to read a library.
func right(user models.Key, n int) catalog.Access {
	return catalog.Access{User: user, Scope: catalog.ScopeLibrary, ID: int64(n), Right: catalog.RightRead}
}

// Grant lets a user read a shared library; to do so twice changes nothing.
func (s *Service) Grant(ctx context.Context, who models.Identity, user models.Key, n int) error {
	if err := admin(who); err != nil {
		return err
	}
	u, err := s.Catalog.UserByKey(ctx, user)
	if err != nil {
		return err
	}
	if reads(u, n) {
		return nil
	}
	return s.Catalog.Grant(ctx, right(user, n))
}

// Revoke takes the right to read a library from a user. For one who reads all
// shared libraries it is models.ErrConflict: ChangeUser names them first.
func (s *Service) Revoke(ctx context.Context, who models.Identity, user models.Key, n int) error {
	if err := admin(who); err != nil {
		return err
	}
	return s.Catalog.Revoke(ctx, right(user, n))
}
