package scans

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
)

// A move waits for the scan of another process, and no longer than it is told.
func TestMoveNeedsTheLease(t *testing.T) {
	c, store, n := setUp(t)
	m := New(c, stores{store}, scanner.New(c, scanner.Options{}), Options{})
	if _, err := m.Scan(t.Context(), Order{Library: n}, nil); err != nil {
		t.Fatal(err)
	}
	place := mem.New(map[string]string{"m/A/One/01 x.tak": "named only", "m/A/One/02 y.tak": "named only"})
	order := MoveOrder{Library: n, Location: "mem:///new", Store: place}
	if ok, err := c.LeaseScan(t.Context(), n, "elsewhere", lease.Milliseconds()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if r, err := m.PlanMove(t.Context(), order); err != nil || r.Found != 2 {
		t.Errorf("a plan needs no lease: %+v %v", r, err)
	}
	if _, err := m.Move(t.Context(), order, time.Millisecond); !errors.Is(err, ErrBusy) {
		t.Errorf("during a scan: %v", err)
	}
	if l, err := c.Library(t.Context(), n); err != nil || l.Location != "file:///nowhere/music" {
		t.Errorf("%+v %v", l, err)
	}
	if err := c.EndLease(t.Context(), n, "elsewhere"); err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	m.o.Meter = func(_ int, purpose string, c *storage.Counter) func() {
		return func() {
			if purpose == "other" {
				asked.Add(c.Requests())
			}
		}
	}
	if r, err := m.Move(t.Context(), order, time.Second); err != nil || r.ByKey != 2 || asked.Load() != r.Requests {
		t.Errorf("%+v %v, %d requests counted", r, err, asked.Load())
	}
	if by, err := c.ScanHolder(t.Context(), n); by != "" || err != nil {
		t.Errorf("%q holds the lease: %v", by, err)
	}
	// The next scan sees the new place.
	m.stores = stores{place}
	if run, err := m.Scan(t.Context(), Order{Library: n}, nil); err != nil || run.Added+run.Missing+run.Read != 0 || run.Listed != 2 {
		t.Errorf("%+v %v", run, err)
	}
}

// placed gives a store that the library has when its scan has the lease.
type placed struct{ at func() storage.Store }

func (s placed) Store(context.Context, int) (storage.Store, error) { return s.at(), nil }

// A scan that waits for the lease while the library moves scans the new place.
func TestScanBehindAMove(t *testing.T) {
	c, store, n := setUp(t)
	place := mem.New(map[string]string{"m/A/One/01 x.tak": "named only", "m/A/One/02 y.tak": "named only"})
	s := placed{func() storage.Store {
		if l, err := c.Library(context.Background(), n); err == nil && l.Location == "mem:///new" {
			return place
		}
		return store
	}}
	sc := scanner.New(c, scanner.Options{})
	m := New(c, s, sc, Options{})
	if _, err := m.Scan(t.Context(), Order{Library: n}, nil); err != nil {
		t.Fatal(err)
	}
	if ok, err := c.LeaseScan(t.Context(), n, "elsewhere", lease.Milliseconds()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	type end struct {
		run *models.ScanRun
		err error
	}
	ended := make(chan end, 1)
	go func() {
		run, err := m.Scan(t.Context(), Order{Library: n}, nil)
		ended <- end{run, err}
	}()
	l, err := c.Library(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	p, err := sc.PlanMove(t.Context(), scanner.MoveRequest{Library: l, Location: "mem:///new", Store: place})
	if err == nil {
		err = p.Apply(t.Context())
	}
	if err == nil {
		err = c.EndLease(t.Context(), n, "elsewhere")
	}
	if err != nil {
		t.Fatal(err)
	}
	if e := <-ended; e.err != nil || e.run.Missing+e.run.Added != 0 || e.run.Listed != 2 {
		t.Errorf("%+v %v", e.run, e.err)
	}
}

// A scan that a daily cap has stopped is asked for again when the day is over,
// and once.
func TestCappedScanGoesOnTheNextDay(t *testing.T) {
	c, store, n := setUp(t)
	var clock atomic.Int64
	clock.Store(time.Date(2026, 5, 1, 23, 0, 0, 0, time.UTC).UnixNano())
	var full atomic.Bool
	full.Store(true)
	gated := storage.Gated(store, func(context.Context) error {
		if full.Load() {
			return errors.Join(storage.ErrCapped, models.ErrUnavailable)
		}
		return nil
	})
	m := New(c, stores{gated}, scanner.New(c, scanner.Options{}), Options{Now: func() time.Time { return time.Unix(0, clock.Load()) }})
	if _, err := m.Scan(t.Context(), Order{Library: n}, nil); !errors.Is(err, storage.ErrCapped) {
		t.Fatal(err)
	}
	waits := func() bool {
		m.resume()
		_, ok := m.next()
		return ok
	}
	clock.Add(int64(59 * time.Minute))
	if waits() {
		t.Error("it goes on before the day is over")
	}
	clock.Add(int64(time.Minute))
	full.Store(false)
	if !waits() || waits() {
		t.Error("it does not go on when the day is over, or twice")
	}
	if run, err := m.Scan(t.Context(), Order{Library: n}, nil); err != nil || run.Added != 2 {
		t.Errorf("%+v %v", run, err)
	}
	clock.Add(int64(48 * time.Hour))
	if waits() {
		t.Error("a scan that has ended well goes on")
	}
}
