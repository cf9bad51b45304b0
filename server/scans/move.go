package scans

import (
	"context"
	"sync"
	"time"

	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage"
)

// moving ends the name of a holder that moves a library.
const moving = "-move"

// MoveOrder says where a library was copied to.
type MoveOrder struct {
	Library  int
	Location string        // as catalog.MayMove returns it
	Store    storage.Store // of the new place
	Secret   *[]byte       // sealed, as in catalog.Relocation
	Force    bool          // also when less than half of the songs are found
}

func (m *Manager) plan(ctx context.Context, o MoveOrder) (*scanner.MovePlan, error) {
	l, err := m.catalog.Library(ctx, o.Library)
	if err != nil {
		return nil, err
	}
	var counter storage.Counter
	defer m.o.meter(o.Library, "other", &counter)()
	return m.scanner.PlanMove(ctx, scanner.MoveRequest{Library: l, Location: o.Location, Store: o.Store, Secret: o.Secret, Force: o.Force, Counter: &counter})
}

// PlanMove tells what a move would find, and changes nothing. The report may
// come with an error, which says why the move would be refused.
func (m *Manager) PlanMove(ctx context.Context, o MoveOrder) (*scanner.MoveReport, error) {
	p, err := m.plan(ctx, o)
	if p == nil {
		return nil, err
	}
	return &p.MoveReport, err
}

// Move makes a library that was copied to another place be there. It waits so
// long for a scan of the library to end, and then is ErrBusy. The caller asks
// for a scan.
func (m *Manager) Move(ctx context.Context, o MoveOrder, wait time.Duration) (*scanner.MoveReport, error) {
	l, err := m.catalog.Library(ctx, o.Library)
	if err != nil {
		return nil, err
	}
	holder := m.holder + moving
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	if err := m.lease(waiting, l, holder); err != nil {
		return nil, err
	}
	defer m.endLease(ctx, o.Library, holder)
	run, stop := context.WithCancel(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { m.renew(run, o.Library, holder) })
	defer keeper.Wait()
	defer stop()
	p, err := m.plan(run, o)
	if err == nil {
		err = p.Apply(run)
	}
	if p == nil {
		return nil, err
	}
	if err == nil {
		m.o.Log.Info("the library has moved", "library", l.Name, "from", l.Location, "to", o.Location, "songs", p.Songs, "found", p.Found, "lost", p.Lost.Count, "new", p.New.Count)
	}
	return &p.MoveReport, err
}
