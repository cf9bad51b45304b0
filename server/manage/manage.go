// Package manage is what people do to a server: its users, their passwords and
// device secrets, libraries and rights, scans. Each operation takes who asks
// and refuses what that user may not do, so that our own API and the admin
// pages, which only translate, can't disagree. It knows no HTTP.
//
// Errors keep their kinds: models.ErrNotFound also for what the caller may not
// know of, models.ErrForbidden for what the caller may see but not do.
package manage

import (
	"context"
	"fmt"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/server/usage"
	"github.com/songlocker/songlocker/storage"
)

// Config is what a Service works on.
type Config struct {
	Catalog *catalog.Catalog
	Auth    *auth.Service
	Scans   *scans.Manager
	Usage   *usage.Meter
	// Open opens the store of a location with a secret, to see whether it can
	// be read. ambient lets it use the machine's own credentials. The service
	// closes it.
	Open func(ctx context.Context, location string, secret storage.Secret, ambient bool) (storage.Store, error)
	// OpenLibrary opens the store of a library anew, with its secret. The
	// service closes it.
	OpenLibrary func(ctx context.Context, library int) (storage.Store, error)
	// Allowed refuses places where no library may lie, such as the data
	// folder; nil allows all.
	Allowed func(location string) error
}

// Service does what people ask for. It may be used at once from many places.
type Service struct{ Config }

// New returns a service.
func New(c Config) *Service { return &Service{c} }

// admin refuses all but administrators.
func admin(who models.Identity) error {
	if !who.Roles().Admin {
		return fmt.Errorf("only an administrator may do this: %w", models.ErrForbidden)
	}
	return nil
}

// MayWrite refuses callers with a narrowed device secret: they may only read
// here. Every operation that writes asks it by itself.
func MayWrite(who models.Identity) error {
	if who.Scope != models.ScopeFull {
		return fmt.Errorf("this device secret may only read here: %w", models.ErrForbidden)
	}
	return nil
}

// sees tells whether the caller may know of a library: by the right to read
// it, or as an administrator.
func (s *Service) sees(who models.Identity, library int) bool {
	return who.Roles().Admin || s.Catalog.ViewerOf(who).Reads(library)
}
