package scans

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
)

// stores gives every library the same store.
type stores struct{ one storage.Store }

func (s stores) Store(context.Context, int) (storage.Store, error) { return s.one, nil }

// broken opens no store.
type broken struct{}

func (broken) Store(context.Context, int) (storage.Store, error) {
	return nil, fmt.Errorf("s3 location: it needs region: %w", models.ErrInvalid)
}

func TestAlarmOfWhatCannotBeOpened(t *testing.T) {
	c, store, n := setUp(t)
	sc := scanner.New(c, scanner.Options{})
	if _, err := New(c, broken{}, sc, Options{}).Scan(t.Context(), Order{Library: n}, nil); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("%v", err)
	}
	if l, err := c.Library(t.Context(), n); err != nil || l.Alarm != "The library can't be opened, so nothing was changed: s3 location: it needs region. Correct its location or its secret, then scan again." {
		t.Errorf("%q %v", l.Alarm, err)
	}
	if _, err := New(c, stores{store}, sc, Options{}).Scan(t.Context(), Order{Library: n}, nil); err != nil {
		t.Fatal(err)
	}
	if l, err := c.Library(t.Context(), n); err != nil || l.Alarm != "" {
		t.Errorf("%q %v", l.Alarm, err)
	}
}

func setUp(t *testing.T) (*catalog.Catalog, *mem.Store, int) {
	t.Helper()
	c, err := catalog.Open(t.Context(), catalog.Options{Location: "sqlite:" + filepath.Join(t.TempDir(), "c.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	n, err := c.AddLibrary(t.Context(), &models.Library{Name: "Music", Location: "file:///nowhere/music", Kind: models.LibraryMusic})
	if err != nil {
		t.Fatal(err)
	}
	return c, mem.New(map[string]string{"A/One/01 x.tak": "named only", "A/One/02 y.tak": "named only"}), n
}

func TestAskedScanRunsAndTells(t *testing.T) {
	c, store, n := setUp(t)
	m := New(c, stores{store}, scanner.New(c, scanner.Options{}), Options{})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- m.Run(ctx) }()
	events, done := m.Subscribe()
	defer done()
	m.Ask(Order{Library: n})
	for {
		select {
		case s := <-events:
			if s.Run == nil {
				continue
			}
			if s.Run.Added != 2 || s.Library != n {
				t.Errorf("%+v", s.Run)
			}
			if scanning, count := m.Status(); scanning || count != 2 {
				t.Errorf("after the scan: %v %d", scanning, count)
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			return
		case <-time.After(20 * time.Second):
			t.Fatal("no scan ended")
		}
	}
}

func TestOneProcessAtATime(t *testing.T) {
	c, store, n := setUp(t)
	if ok, err := c.LeaseScan(t.Context(), n, "another", lease.Milliseconds()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	m := New(c, stores{store}, scanner.New(c, scanner.Options{}), Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := m.Scan(ctx, Order{Library: n}, nil); err == nil {
		t.Fatal("two processes scanned one library at once")
	}
	if err := c.EndLease(t.Context(), n, "another"); err != nil {
		t.Fatal(err)
	}
	if run, err := m.Scan(t.Context(), Order{Library: n}, nil); err != nil || run.Added != 2 {
		t.Fatal(run, err)
	}
}

func TestOrdersAreJoined(t *testing.T) {
	c, store, n := setUp(t)
	m := New(c, stores{store}, scanner.New(c, scanner.Options{}), Options{})
	m.Ask(Order{Library: n, Prefixes: []string{"B/"}})
	m.Ask(Order{Library: n, Prefixes: []string{"A/", "B/C/"}})
	m.Ask(Order{Library: n + 1, Prefixes: []string{"", "A/"}})
	if o, _ := m.next(); len(o.Prefixes) != 2 {
		t.Errorf("%+v", o)
	}
	if o, _ := m.next(); o.Prefixes != nil {
		t.Errorf("%+v", o)
	}
}

// A folder whose objects turn out to have changed is scanned once in a while,
// however often they are asked for.
func TestWhatIsFoundChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New(nil, nil, nil, Options{})
		next := func(want ...string) {
			t.Helper()
			for _, w := range want {
				if o, ok := m.next(); !ok || len(o.Prefixes) != 1 || fmt.Sprint(o.Library, o.Prefixes[0]) != w {
					t.Errorf("%+v %v, want %s", o, ok, w)
				}
			}
			if o, ok := m.next(); ok {
				t.Errorf("%+v is queued as well", o)
			}
		}
		for range 1000 {
			m.Changed(1, "A/One/01.mp3")
			m.Changed(1, "A/One/02.mp3")
			m.Changed(2, "B/03.mp3")
		}
		next("1A/One/", "2B/")
		m.Changed(1, "A/One/01.mp3")
		next()
		m.Changed(1, "A/Two/01.mp3")
		next("1A/Two/")
		time.Sleep(changedAgain)
		m.Changed(1, "A/One/01.mp3")
		next("1A/One/")
		for i := range 10 * changedLimit {
			m.Changed(1, fmt.Sprint(i, "/x.mp3"))
		}
		if len(m.changed) > changedLimit {
			t.Errorf("%d folders are remembered", len(m.changed))
		}
	})
}
