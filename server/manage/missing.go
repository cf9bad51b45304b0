package manage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/scans"
)

// Missing tells what of a library has been missing for longer than age: what
// Purge would take away, and a page of the songs themselves. Songs have names:
// they are for administrators who may read the library, others get none.
func (s *Service) Missing(ctx context.Context, who models.Identity, n int, age time.Duration, limit, offset int) (catalog.Purge, []catalog.MissingSong, error) {
	if err := admin(who); err != nil {
		return catalog.Purge{}, nil, err
	}
	if _, err := s.Catalog.Library(ctx, n); err != nil {
		return catalog.Purge{}, nil, err
	}
	before := time.Now().Add(-age).UnixMilli()
	p, err := s.Catalog.MayPurge(ctx, n, before)
	if err != nil || !s.Catalog.ViewerOf(who).Reads(n) {
		return p, nil, err
	}
	list, err := s.Catalog.MissingSongs(ctx, n, before, limit, offset)
	return p, list, err
}

// purgeWait is how long a purge waits for a scan.
const purgeWait = 20 * time.Second

// Purge takes the songs of a library that have been missing for longer than
// age out of the catalog for good. While a scan of the library runs, or its
// alarm stands, it is models.ErrConflict.
func (s *Service) Purge(ctx context.Context, who models.Identity, n int, age time.Duration) (catalog.Purge, error) {
	if err := admin(who); err != nil {
		return catalog.Purge{}, err
	}
	if err := MayWrite(who); err != nil {
		return catalog.Purge{}, err
	}
	p, err := s.Scans.Purge(ctx, n, time.Now().Add(-age), purgeWait)
	if errors.Is(err, scans.ErrBusy) {
		return p, fmt.Errorf("a scan of this library runs: purge when it has ended: %w", models.ErrConflict)
	}
	return p, err
}
