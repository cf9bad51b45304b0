package usage

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// desk is a catalog with one library, and a clock.
type desk struct {
	*testing.T
	catalog *catalog.Catalog
	library *models.Library
	clock   atomic.Int64
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{T: t}
	d.clock.Store(time.Date(2026, 12, 31, 23, 50, 0, 0, time.UTC).UnixNano())
	var err error
	if d.catalog, err = catalog.Open(t.Context(), catalog.Options{Location: "sqlite:" + filepath.Join(t.TempDir(), "catalog.db")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.catalog.Close() })
	if _, err := d.catalog.AddLibrary(t.Context(), &models.Library{Name: "Bucket", Location: "mem:///b"}); err != nil {
		t.Fatal(err)
	}
	if d.library, err = d.catalog.Library(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) now() time.Time { return time.Unix(0, d.clock.Load()) }

func (d *desk) pass(of time.Duration) { d.clock.Add(int64(of)) }

func (d *desk) meter() *Meter { return New(d.catalog, Options{Now: d.now}) }

// kept is what the catalog has of a purpose, by day.
func (d *desk) kept(purpose string) map[int64]catalog.Usage {
	d.Helper()
	list, err := d.catalog.Usage(d.Context(), 1, 0, 1<<40)
	if err != nil {
		d.Fatal(err)
	}
	out := map[int64]catalog.Usage{}
	for _, u := range list {
		if u.Purpose == purpose {
			out[u.Day] = u
		}
	}
	return out
}

func (d *desk) flush(m *Meter) {
	d.Helper()
	if err := m.Flush(d.Context()); err != nil {
		d.Fatal(err)
	}
}

func TestMeterAddsWhatIsNew(t *testing.T) {
	d := newDesk(t)
	m := d.meter()
	day := Day(d.now())
	var old storage.Counter
	old.Gets.Add(1000) // before it was watched
	end := m.Watch(1, Scan, &old)
	old.Gets.Add(2)
	m.Counter(1, Play).Bytes.Add(7)
	d.flush(m)
	d.flush(m)
	if got := d.kept(Scan)[day]; got.Gets != 2 || got.Requests() != 2 {
		t.Errorf("%+v", got)
	}
	old.Lists.Add(1)
	old.Throttled.Add(1)
	end()
	old.Lists.Add(50) // nobody looks any more
	m.Counter(1, Scan).Heads.Add(3)
	m.Close(context.Background())
	if got := d.kept(Scan)[day]; got.Gets != 2 || got.Lists != 1 || got.Heads != 3 || got.Throttled != 1 {
		t.Errorf("%+v", got)
	}
	if got := d.kept(Play)[day]; got.Bytes != 7 {
		t.Errorf("%+v", got)
	}
}

// Many count, flush and ask at once, and nothing is lost or counted twice.
func TestMeterLosesNothing(t *testing.T) {
	d := newDesk(t)
	d.library.Settings.RequestCap = 1 << 30
	if err := d.catalog.UpdateLibrary(t.Context(), d.library); err != nil {
		t.Fatal(err)
	}
	m := d.meter()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				var c storage.Counter
				end := m.Watch(1, Scan, &c)
				c.Gets.Add(1)
				m.Counter(1, Play).Gets.Add(1)
				if err := m.Allow(t.Context(), 1); err != nil {
					t.Error(err)
				}
				end()
			}
		})
		all.Go(func() {
			for range 10 {
				if err := m.Flush(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	d.flush(m)
	day := Day(d.now())
	if s, p := d.kept(Scan)[day], d.kept(Play)[day]; s.Gets != 400 || p.Gets != 400 {
		t.Errorf("%+v, %+v", s, p)
	}
}

func TestMeterKeepsWhatTheCatalogRefuses(t *testing.T) {
	d := newDesk(t)
	m := d.meter()
	m.Counter(1, Scan).Gets.Add(5)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Flush(ctx); err == nil {
		t.Fatal("a flush that nobody waits for is made")
	}
	m.Counter(1, Scan).Gets.Add(1)
	d.flush(m)
	if got := d.kept(Scan)[Day(d.now())]; got.Gets != 6 {
		t.Errorf("%+v", got)
	}
}

func TestCap(t *testing.T) {
	d := newDesk(t)
	m := d.meter()
	allowed := func(want bool) {
		t.Helper()
		err := m.Allow(t.Context(), 1)
		if (err == nil) != want || err != nil && (!errors.Is(err, storage.ErrCapped) || !errors.Is(err, models.ErrUnavailable)) {
			t.Errorf("allowed: %v", err)
		}
	}
	scan := m.Counter(1, Scan)
	scan.Gets.Add(1000)
	allowed(true) // there is no cap
	d.library.Settings.RequestCap = 1010
	if err := d.catalog.UpdateLibrary(t.Context(), d.library); err != nil {
		t.Fatal(err)
	}
	d.pass(capFor + time.Second)
	allowed(true)
	m.Counter(1, Play).Gets.Add(100000) // is never held back, and holds nothing back
	scan.Lists.Add(5)
	m.Counter(1, Other).Heads.Add(4)
	d.flush(m)
	allowed(true)
	scan.Lists.Add(1)
	allowed(false)
	d.flush(m)
	allowed(false)

	// Another process, and this one when it has begun again, know what was used.
	other := d.meter()
	if err := other.Allow(t.Context(), 1); !errors.Is(err, storage.ErrCapped) {
		t.Errorf("another process: %v", err)
	}

	// What was counted before midnight is of that day, whenever it is written.
	before := Day(d.now())
	scan.Gets.Add(20)
	d.pass(10 * time.Minute)
	allowed(true)
	scan.Gets.Add(1)
	d.flush(m)
	if got := d.kept(Scan); got[before].Gets != 1020 || got[before+1].Gets != 1 {
		t.Errorf("%+v", got)
	}

	// What another process uses now counts here soon.
	d.flush(other) // about once a minute
	other.Counter(1, Scan).Gets.Add(1009)
	d.flush(other)
	d.pass(capFor + time.Second)
	allowed(false)

	// The cap on bytes stands beside it.
	d.pass(24 * time.Hour)
	d.library.Settings = models.LibrarySettings{ByteCap: 100}
	if err := d.catalog.UpdateLibrary(t.Context(), d.library); err != nil {
		t.Fatal(err)
	}
	allowed(true)
	scan.Bytes.Add(100)
	allowed(false)
}

func TestRunFlushesWhenItEnds(t *testing.T) {
	d := newDesk(t)
	m := d.meter()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }()
	m.Counter(1, Play).Gets.Add(1)
	cancel()
	<-done
	if got := d.kept(Play)[Day(d.now())]; got.Gets != 1 {
		t.Errorf("%+v", got)
	}
}

func TestDays(t *testing.T) {
	at := time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC)
	if d := Date(Day(at)); !d.Equal(time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)) {
		t.Error(d)
	}
	zone := time.FixedZone("", 5*60*60)
	if days := []int64{Day(at), Day(at.In(zone)), Day(at.Add(time.Second))}; !slices.Equal(days, []int64{days[0], days[0], days[0] + 1}) {
		t.Error(days)
	}
}
