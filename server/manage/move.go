package manage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/storage"
)

// Move says where a library was copied to.
type Move struct {
	Location string
	// Secret is what opens the new place. Without one the secret that there is
	// serves on, within one provider.
	Secret storage.Secret
	DryRun bool // only tell what would be found
	Force  bool // also when less than half of the songs are found
}

// Moved is what a move found.
type Moved struct {
	scanner.MoveReport
	Location string // as it is kept
	Refused  string // why a dry run would not be done; "" when it would
}

// For returns what the caller may know of it: files are named to those who may
// read the library.
func (m Moved) For(v catalog.Viewer, library int) Moved {
	if !v.Reads(library) {
		m.Lost.First, m.New.First, m.Unclear, m.From, m.To = nil, nil, nil, "", ""
	}
	return m
}

// moveWait is how long a move waits for a scan.
const moveWait = 20 * time.Second

// MoveLibrary makes a library be where its owner has copied it to, with all
// ids and all that users attached, and asks for a scan. While a scan of the
// library runs, and where the new place lacks the music, it is
// models.ErrConflict.
func (s *Service) MoveLibrary(ctx context.Context, who models.Identity, n int, m Move) (Moved, error) {
	if err := admin(who); err != nil {
		return Moved{}, err
	}
	if err := MayWrite(who); err != nil {
		return Moved{}, err
	}
	location, err := s.place(m.Location, m.Secret)
	if err != nil {
		return Moved{}, err
	}
	if location, err = s.Catalog.MayMove(ctx, n, location); err != nil {
		return Moved{}, err
	}
	l, old, err := s.Catalog.LibraryStore(ctx, n)
	if err != nil {
		return Moved{}, err
	}
	order := scans.MoveOrder{Library: n, Location: location, Force: m.Force}
	secret, settle := m.Secret, func() error { return nil }
	switch {
	case len(secret) > 0:
		var sealed []byte
		if sealed, settle, err = s.Auth.Keys().SealStore(ctx, l, secret); err != nil {
			return Moved{}, err
		}
		order.Secret = &sealed
	case catalog.SameProvider(l.Location, location):
		if secret, err = s.Auth.Keys().StoreSecret(ctx, l, old); err != nil {
			return Moved{}, err
		}
	default:
		order.Secret = new([]byte)
	}
	store, err := s.Open(ctx, location, secret, l.Config)
	if err != nil {
		return Moved{}, err
	}
	order.Store = store
	var report *scanner.MoveReport
	out := Moved{Location: location}
	if m.DryRun {
		report, err = s.Scans.PlanMove(ctx, order)
	} else {
		report, err = s.Scans.Move(ctx, order, moveWait)
	}
	if report != nil {
		out.MoveReport = *report
	}
	err = errors.Join(err, store.Close())
	switch {
	case errors.Is(err, scans.ErrBusy):
		return out, fmt.Errorf("a scan of this library runs: move it when that has ended: %w", models.ErrConflict)
	case m.DryRun && report != nil && errors.Is(err, models.ErrConflict):
		out.Refused = strings.TrimSuffix(err.Error(), ": "+models.ErrConflict.Error())
		return out, nil
	case err != nil || m.DryRun:
		return out, err
	}
	s.Scans.Ask(scans.Order{Library: n})
	return out, settle()
}
