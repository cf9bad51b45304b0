package manage

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/probe"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/storage"
)

// Library is a library as the caller may know it.
type Library struct {
	models.Library     // for all but administrators without location, alarm, settings and what secrets there are
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
			one.Settings, one.Secret, one.Hook = models.LibrarySettings{}, false, false
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

// NewLibrary is a library to be.
type NewLibrary struct {
	Location string
	Name     string // "" is the location's last part
	Kind     string // "" is music
	Secret   storage.Secret
	Force    bool // add it although its place does not work now
}

// place cleans a location and refuses one where no library may lie.
func (s *Service) place(location string, secret storage.Secret) (string, error) {
	location, err := catalog.CleanLocation(location)
	if err != nil {
		return "", err
	}
	if s.Allowed != nil {
		if err := s.Allowed(location); err != nil {
			return "", err
		}
	}
	return location, checkSecret(location, secret)
}

// AddLibrary adds a shared library at a place that works, and asks for its
// first scan.
func (s *Service) AddLibrary(ctx context.Context, who models.Identity, n NewLibrary) (Library, error) {
	if err := admin(who); err != nil {
		return Library{}, err
	}
	location, err := s.place(n.Location, n.Secret)
	if err != nil {
		return Library{}, err
	}
	if !n.Force {
		if err := s.works(ctx, location, n.Secret, false); err != nil {
			return Library{}, err
		}
	}
	l := &models.Library{Name: n.Name, Location: location, Kind: n.Kind}
	if _, err := s.Catalog.AddLibrary(ctx, l); err != nil {
		return Library{}, err
	}
	if len(n.Secret) > 0 {
		if err := s.Auth.Keys().KeepStore(ctx, l, n.Secret); err != nil {
			return Library{}, errors.Join(err, s.Catalog.RemoveLibrary(context.WithoutCancel(ctx), l.Number))
		}
	}
	s.Scans.Ask(scans.Order{Library: l.Number})
	return s.Library(ctx, who, l.Number)
}

// works refuses a place that a trial finds wrong.
func (s *Service) works(ctx context.Context, location string, secret storage.Secret, ambient bool) error {
	r, err := probe.Try(ctx, func(ctx context.Context) (storage.Store, error) {
		return s.Open(ctx, location, secret, ambient)
	})
	if err != nil {
		return err
	}
	return r.Err()
}

// TestPlace tries a place that is no library yet.
func (s *Service) TestPlace(ctx context.Context, who models.Identity, location string, secret storage.Secret) (*probe.Report, error) {
	if err := admin(who); err != nil {
		return nil, err
	}
	location, err := s.place(location, secret)
	if err != nil {
		return nil, err
	}
	return probe.Try(ctx, func(ctx context.Context) (storage.Store, error) {
		return s.Open(ctx, location, secret, false)
	})
}

// TestLibrary tries a library's place with the secret that it has.
func (s *Service) TestLibrary(ctx context.Context, who models.Identity, n int) (*probe.Report, error) {
	if err := admin(who); err != nil {
		return nil, err
	}
	if _, err := s.Catalog.Library(ctx, n); err != nil {
		return nil, err
	}
	return probe.Try(ctx, func(ctx context.Context) (storage.Store, error) { return s.OpenLibrary(ctx, n) })
}

// secretName is the form of the names in a store's secret.
var secretName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// checkSecret refuses a secret that no store can have. It repeats no value.
func checkSecret(location string, secret storage.Secret) error {
	if len(secret) == 0 {
		return nil
	}
	if _, _, bucket := catalog.Bucket(location); !bucket && strings.HasPrefix(location, "file:") {
		return fmt.Errorf("a folder is opened without a secret: %w", models.ErrInvalid)
	}
	if len(secret) > 32 {
		return fmt.Errorf("a secret has 32 names at most: %w", models.ErrInvalid)
	}
	for name, value := range secret {
		if !secretName.MatchString(name) {
			return fmt.Errorf("a name in the secret is not made of letters, digits and underscores: %w", models.ErrInvalid)
		}
		if value == "" || len(value) > 64<<10 || strings.ContainsRune(value, 0) {
			return fmt.Errorf("the value of %s in the secret is empty or too long: %w", name, models.ErrInvalid)
		}
	}
	return nil
}

// LibraryChange is what changes of a library; what is nil stays.
type LibraryChange struct {
	Name, Kind, Redirect *string
	CopiesOf             *int // a library's number; 0 for none
	Prices               *models.Prices
	RequestCap, ByteCap  *int64
	Secret               *storage.Secret // an empty one drops it
	Force                bool            // keep the secret although the place does not work with it
}

// ChangeLibrary changes what is set of a library. The kind of one that the
// configuration names would come back at the next start: models.ErrConflict.
// Another secret asks for a scan.
func (s *Service) ChangeLibrary(ctx context.Context, who models.Identity, n int, c LibraryChange) (Library, error) {
	if err := admin(who); err != nil {
		return Library{}, err
	}
	all, err := s.Catalog.Libraries(ctx)
	if err != nil {
		return Library{}, err
	}
	i := slices.IndexFunc(all, func(l *models.Library) bool { return l.Number == n })
	if i < 0 {
		return Library{}, fmt.Errorf("library %d: %w", n, models.ErrNotFound)
	}
	l := all[i]
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
	if err := c.settings(l, all); err != nil {
		return Library{}, err
	}
	if c.Secret != nil {
		if err := checkSecret(l.Location, *c.Secret); err != nil {
			return Library{}, err
		}
		if !c.Force && len(*c.Secret) > 0 {
			if err := s.works(ctx, l.Location, *c.Secret, l.Config); err != nil {
				return Library{}, err
			}
		}
	}
	if err := s.Catalog.UpdateLibrary(ctx, l); err != nil {
		return Library{}, err
	}
	if c.Secret != nil {
		if err := s.Auth.Keys().KeepStore(ctx, l, *c.Secret); err != nil {
			return Library{}, err
		}
		s.Scans.Ask(scans.Order{Library: n})
	}
	return s.Library(ctx, who, n)
}

// settings changes the settings of one of all libraries.
func (c LibraryChange) settings(l *models.Library, all []*models.Library) error {
	_, _, bucket := catalog.Bucket(l.Location)
	if c.Redirect != nil {
		switch *c.Redirect {
		case "off", models.RedirectOff:
			l.Settings.Redirect = models.RedirectOff
		case models.RedirectDownload, models.RedirectAll:
			if !bucket {
				return fmt.Errorf("only songs of a bucket can be sent by a link to it: %w", models.ErrInvalid)
			}
			l.Settings.Redirect = *c.Redirect
		default:
			return fmt.Errorf("redirect is off, download or all: %w", models.ErrInvalid)
		}
	}
	if c.CopiesOf != nil && *c.CopiesOf != l.Settings.CopiesOf {
		if err := mayCopy(l, *c.CopiesOf, all); err != nil {
			return err
		}
		l.Settings.CopiesOf = *c.CopiesOf
	}
	if c.Prices != nil {
		for _, p := range []float64{c.Prices.Lists, c.Prices.Heads, c.Prices.Gets, c.Prices.Bytes} {
			if !(p >= 0 && p <= 1e9) {
				return fmt.Errorf("a price is a number from 0 to a billion: %w", models.ErrInvalid)
			}
		}
		l.Settings.Prices = *c.Prices
	}
	for _, bound := range []struct {
		to   *int64
		from *int64
	}{{&l.Settings.RequestCap, c.RequestCap}, {&l.Settings.ByteCap, c.ByteCap}} {
		if bound.from != nil {
			if *bound.from < 0 {
				return fmt.Errorf("a bound is 0, for none, or more: %w", models.ErrInvalid)
			}
			*bound.to = *bound.from
		}
	}
	return nil
}

// mayCopy refuses to make a library one of copies of what is none, or of
// copies.
func mayCopy(l *models.Library, of int, all []*models.Library) error {
	if of == 0 {
		return nil
	}
	found := false
	for _, o := range all {
		switch {
		case o.Settings.CopiesOf == l.Number:
			return fmt.Errorf("the library %s holds copies of this one, which can't be copies itself: %w", o.Name, models.ErrConflict)
		case o.Number != of || o.Number == l.Number:
		case o.Owner != l.Owner:
			return fmt.Errorf("the library %s belongs to somebody else: %w", o.Name, models.ErrInvalid)
		case o.Settings.CopiesOf != 0:
			return fmt.Errorf("the library %s holds copies itself: name the one that it copies: %w", o.Name, models.ErrConflict)
		default:
			found = true
		}
	}
	if !found {
		return fmt.Errorf("there is no other library %d to hold copies of: %w", of, models.ErrInvalid)
	}
	return nil
}

// NewHook makes the secret that lets a library's events in, in the place of
// the last one, and returns its text, which can't be had again.
func (s *Service) NewHook(ctx context.Context, who models.Identity, n int) (string, error) {
	if err := admin(who); err != nil {
		return "", err
	}
	l, err := s.Catalog.Library(ctx, n)
	if err != nil {
		return "", err
	}
	if _, _, bucket := catalog.Bucket(l.Location); !bucket {
		return "", fmt.Errorf("only buckets send events; a folder is watched: %w", models.ErrInvalid)
	}
	clear := HookPrefix + strings.ToLower(rand.Text())
	hash := sha256.Sum256([]byte(clear))
	return clear, s.Catalog.SetLibraryHook(ctx, n, hash[:])
}

// HookPrefix begins every secret of NewHook, so that people and scanners for
// leaked secrets know one when they see it.
const HookPrefix = "slh_"

// EndHook lets no events of a library in any more.
func (s *Service) EndHook(ctx context.Context, who models.Identity, n int) error {
	if err := admin(who); err != nil {
		return err
	}
	return s.Catalog.SetLibraryHook(ctx, n, nil)
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
