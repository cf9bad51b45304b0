package scans

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// purging ends the name of a holder that purges: scans of the same process have
// another.
const purging = "-purge"

// Purge takes the songs of a library that have been missing since before a
// time out of the catalog for good, and returns what went. It waits so long for
// a scan of the library to end, and then is ErrBusy. While the library has an
// alarm it is models.ErrConflict: what is away may come back.
func (m *Manager) Purge(ctx context.Context, library int, before time.Time, wait time.Duration) (catalog.Purge, error) {
	l, err := m.catalog.Library(ctx, library)
	if err != nil {
		return catalog.Purge{}, err
	}
	holder := m.holder + purging
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if err := m.lease(waiting, l, holder); err != nil {
		return catalog.Purge{}, err
	}
	defer m.endLease(ctx, library, holder)
	if l, err = m.catalog.Library(ctx, library); err != nil {
		return catalog.Purge{}, err
	}
	if l.Alarm != "" {
		return catalog.Purge{}, fmt.Errorf("library %s has an alarm, and what is away may come back: scan it when that is mended, or accept that songs are missing, then purge: %w", l.Name, models.ErrConflict)
	}
	run, stop := context.WithCancel(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { m.renew(run, library, holder) })
	p, err := m.catalog.Purge(run, library, before.UnixMilli())
	stop()
	keeper.Wait()
	if err == nil && p.Songs > 0 {
		m.o.Log.Info("missing songs were purged", "library", l.Name, "before", before.UTC(), "songs", p.Songs, "albums", p.Albums, "stars", p.Stars,
			"ratings", p.Ratings, "bookmarks", p.Bookmarks, "plays", p.Plays, "playlistEntries", p.Entries)
	}
	return p, err
}

// renew renews a lease until ctx ends.
func (m *Manager) renew(ctx context.Context, library int, holder string) {
	t := time.NewTicker(lease / 3)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if _, err := m.catalog.LeaseScan(ctx, library, holder, lease.Milliseconds()); err != nil && ctx.Err() == nil {
				m.o.Log.Warn("the lease of a scan could not be renewed", "library", library, "error", err)
			}
		}
	}
}
