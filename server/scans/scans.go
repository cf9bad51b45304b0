// Package scans decides when libraries are scanned: at the start, by the
// clock, when a store tells of changes, and when somebody asks. It runs one
// scan at a time, and tells how it goes. It knows no HTTP.
package scans

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage"
)

// Stores opens the store of a library.
type Stores interface {
	Store(ctx context.Context, library int) (storage.Store, error)
}

// Options of a Manager.
type Options struct {
	Interval time.Duration // between scans by the clock; 0 never
	Watch    bool          // follow what stores tell of changes
	AtStart  bool          // scan every library when Run begins
	Log      *slog.Logger
	// Meter keeps what a counter counts for a library and a purpose until end;
	// nil keeps nothing.
	Meter func(library int, purpose string, c *storage.Counter) (end func())
	Now   func() time.Time // nil is time.Now
	// After is called when a scan has ended and no other waits; it may be nil.
	After func()
}

// Manager runs scans. Run owns all its goroutines.
type Manager struct {
	catalog *catalog.Catalog
	stores  Stores
	scanner *scanner.Scanner
	o       Options
	holder  string

	mu       sync.Mutex
	queue    []Order
	taken    bool // an order has left the queue and is not done
	wake     chan struct{}
	current  *Status
	stop     context.CancelFunc // of the scan that runs
	watched  map[int]watched
	watchers sync.WaitGroup
	listen   map[chan Status]bool
	totals   map[int]*Totals
	count    int               // songs in the catalog at version counted
	counted  int64             // catalog version
	later    map[int]time.Time // libraries that a daily cap has stopped: when their scan goes on
	changed  map[foundChanged]time.Time
}

// Order asks for one scan.
type Order struct {
	Library       int
	Prefixes      []string // none: all
	Full          bool
	AcceptMissing bool
}

// Status tells how a scan goes.
type Status struct {
	Library  int
	Running  bool
	Listed   int64
	ToRead   int64
	Read     int64
	Failed   int64
	Archived int64
	Requests int64 // to the store: Lists, Heads and Gets together
	Lists    int64
	Heads    int64
	Gets     int64
	Bytes    int64
	Run      *models.ScanRun // once it has ended
	progress *scanner.Progress
}

// Totals are the scans of one library in this process.
type Totals struct {
	Runs     map[string]int // by how they ended, in the states of models.ScanRun
	Sum      models.ScanRun // the counts of all, and what the running one has asked of the store so far
	Archived int            // objects that the last scan found archived
}

// Totals returns those of each library that was scanned.
func (m *Manager) Totals() map[int]*Totals {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[int]*Totals{}
	for n, t := range m.totals {
		c := *t
		c.Runs = maps.Clone(t.Runs)
		out[n] = &c
	}
	if now := m.current; now != nil {
		t := out[now.Library]
		if t == nil {
			t = &Totals{}
			out[now.Library] = t
		}
		c := &now.progress.Store
		t.Sum.Lists += c.Lists.Load()
		t.Sum.Heads += c.Heads.Load()
		t.Sum.Gets += c.Gets.Load()
		t.Sum.Bytes += c.Bytes.Load()
		t.Sum.Throttled += c.Throttled.Load()
	}
	return out
}

// sum adds a scan that has ended to its library's totals; m.mu is held.
func (m *Manager) sum(r *models.ScanRun) {
	if r == nil {
		return
	}
	t := m.totals[r.Library]
	if t == nil {
		t = &Totals{Runs: map[string]int{}}
		m.totals[r.Library] = t
	}
	t.Runs[r.State]++
	t.Archived = r.Archived
	s := &t.Sum
	for _, n := range []struct {
		to   *int
		more int
	}{
		{&s.Listed, r.Listed}, {&s.Read, r.Read}, {&s.Added, r.Added}, {&s.Changed, r.Changed}, {&s.Moved, r.Moved},
		{&s.Missing, r.Missing}, {&s.Returned, r.Returned}, {&s.Failed, r.Failed},
	} {
		*n.to += n.more
	}
	for _, n := range []struct {
		to   *int64
		more int64
	}{{&s.Lists, r.Lists}, {&s.Heads, r.Heads}, {&s.Gets, r.Gets}, {&s.Bytes, r.Bytes}, {&s.Throttled, r.Throttled}} {
		*n.to += n.more
	}
}

// New returns a manager; call Run once.
func New(c *catalog.Catalog, s Stores, sc *scanner.Scanner, o Options) *Manager {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Manager{catalog: c, stores: s, scanner: sc, o: o, holder: holder(process()), wake: make(chan struct{}, 1), later: map[int]time.Time{},
		changed: map[foundChanged]time.Time{}, watched: map[int]watched{}, listen: map[chan Status]bool{}, totals: map[int]*Totals{}}
}

// Ask queues a scan. Orders of the same library are joined.
func (m *Manager) Ask(o Order) {
	m.mu.Lock()
	defer m.mu.Unlock()
	whole := len(o.Prefixes) == 0 || slices.Contains(o.Prefixes, "")
	for i := range m.queue {
		q := &m.queue[i]
		if q.Library != o.Library {
			continue
		}
		if whole || len(q.Prefixes) == 0 {
			q.Prefixes = nil
		} else {
			q.Prefixes = storage.Coalesce(append(q.Prefixes, o.Prefixes...))
		}
		q.Full = q.Full || o.Full
		q.AcceptMissing = q.AcceptMissing || o.AcceptMissing
		return
	}
	if whole {
		o.Prefixes = nil
	}
	m.queue = append(m.queue, o)
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Start queues a scan of these libraries, of all for none.
func (m *Manager) Start(ctx context.Context, libraries []int, full bool) error {
	all, err := m.catalog.Libraries(ctx)
	if err != nil {
		return err
	}
	for _, l := range all {
		if len(libraries) == 0 || slices.Contains(libraries, l.Number) {
			m.Ask(Order{Library: l.Number, Full: full})
		}
	}
	return nil
}

// Changed queues a scan of the folder of an object that is not what the catalog
// knows of. The same folder is not scanned again for that within a while: an
// object that no scan can put right costs little.
func (m *Manager) Changed(library int, key string) {
	folder := storage.Folder(key)
	f, now := foundChanged{library, folder}, time.Now()
	m.mu.Lock()
	maps.DeleteFunc(m.changed, func(_ foundChanged, at time.Time) bool { return now.Sub(at) >= changedAgain })
	_, again := m.changed[f]
	if again || len(m.changed) >= changedLimit {
		m.mu.Unlock()
		return
	}
	m.changed[f] = now
	m.mu.Unlock()
	m.Ask(Order{Library: library, Prefixes: []string{folder}})
}

// foundChanged is a folder in which an object was found to have changed.
type foundChanged struct {
	library int
	folder  string
}

// How often folders are scanned because of what is found by reading them.
const (
	changedAgain = 30 * time.Second
	changedLimit = 100 // folders within that time
)

// Stop ends the scan that runs and empties the queue.
func (m *Manager) Stop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = nil
	if m.stop != nil {
		m.stop()
	}
}

// Status tells whether a scan runs or waits, and how many songs there are:
// those that the running scan has listed, else those of the catalog.
func (m *Manager) Status() (scanning bool, count int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current != nil {
		return true, int(m.current.progress.Listed.Load())
	}
	if v := m.catalog.Version(); v != m.counted {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if n, err := m.catalog.SongCount(ctx); err == nil {
			m.count, m.counted = n, v
		}
	}
	return len(m.queue) > 0 || m.taken, m.count
}

// Current tells how the running scan goes; false when none runs.
func (m *Manager) Current() (Status, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current == nil {
		return Status{}, false
	}
	return m.current.snapshot(), true
}

func (s *Status) snapshot() Status {
	c := *s
	p := s.progress
	c.Listed, c.ToRead, c.Read, c.Failed = p.Listed.Load(), p.ToRead.Load(), p.Read.Load(), p.Failed.Load()
	c.Archived, c.Lists, c.Heads, c.Gets = p.Archived.Load(), p.Store.Lists.Load(), p.Store.Heads.Load(), p.Store.Gets.Load()
	c.Requests, c.Bytes = c.Lists+c.Heads+c.Gets, p.Store.Bytes.Load()
	return c
}

// Subscribe returns a channel that tells of the running scan about twice a
// second and of each end. The caller calls the function when it is done. A
// slow reader misses steps, never an order.
func (m *Manager) Subscribe() (<-chan Status, func()) {
	ch := make(chan Status, 16)
	m.mu.Lock()
	m.listen[ch] = true
	m.mu.Unlock()
	return ch, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.listen, ch)
	}
}

func (m *Manager) tell(s Status) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ch := range m.listen {
		select {
		case ch <- s:
		default:
		}
	}
}

// Run scans what is asked for until ctx ends, and then waits for all that it
// has started.
func (m *Manager) Run(ctx context.Context) error {
	defer m.watchers.Wait()
	if m.o.AtStart {
		if err := m.Start(ctx, nil, false); err != nil {
			return err
		}
	}
	var tick <-chan time.Time
	if m.o.Interval > 0 {
		t := time.NewTicker(m.o.Interval)
		defer t.Stop()
		tick = t.C
	}
	libraries := time.NewTicker(10 * time.Second)
	defer libraries.Stop()
	m.watch(ctx)
	for {
		if o, ok := m.next(); ok {
			m.scan(ctx, o)
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-m.wake:
		case <-libraries.C:
			m.watch(ctx)
			m.resume()
		case <-tick:
			if err := m.Start(ctx, nil, false); err != nil && ctx.Err() == nil {
				m.o.Log.Error("the scan by the clock can't start", "error", err)
			}
		}
	}
}

func (m *Manager) next() (Order, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.queue) == 0 {
		return Order{}, false
	}
	o := m.queue[0]
	m.queue = m.queue[1:]
	m.taken = true
	return o, true
}

// scan runs one order. What goes wrong is in the run's record and the log,
// which the scanner writes where there is a record.
func (m *Manager) scan(ctx context.Context, o Order) {
	record, err := m.Scan(ctx, o, nil)
	if err != nil && record == nil && ctx.Err() == nil {
		m.o.Log.Error("a scan failed", "library", o.Library, "error", err)
	}
	m.mu.Lock()
	m.taken = false
	idle := len(m.queue) == 0
	m.mu.Unlock()
	if idle && m.o.After != nil {
		m.o.After()
	}
}

// scanGC is the garbage collector's percentage while a scan runs.
const scanGC = 40

// meter is Meter, also where there is none.
func (o *Options) meter(library int, purpose string, c *storage.Counter) (end func()) {
	if o.Meter == nil {
		return func() {}
	}
	return o.Meter(library, purpose, c)
}

// tomorrow is when the next day of UTC begins.
func tomorrow(now time.Time) time.Time { return now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour) }

// resume asks for the scans that a cap stopped on a day that is over.
func (m *Manager) resume() {
	var due []int
	m.mu.Lock()
	for n, at := range m.later {
		if !m.o.Now().Before(at) {
			due = append(due, n)
			delete(m.later, n)
		}
	}
	m.mu.Unlock()
	for _, n := range due {
		m.Ask(Order{Library: n})
	}
}

// lease is how long a process that died keeps others from scanning, where it
// is not known to have died.
const lease = 15 * time.Second

// ErrBusy is a library that another process scans.
var ErrBusy = errors.New("another process scans this library")

// Scan runs one scan now and returns its record. progress may be nil. When
// another process scans the library, it waits for it as long as ctx lets it.
func (m *Manager) Scan(ctx context.Context, o Order, progress *scanner.Progress) (*models.ScanRun, error) {
	l, err := m.catalog.Library(ctx, o.Library)
	if err != nil {
		return nil, err
	}
	if err := m.lease(ctx, l, m.holder); err != nil {
		return nil, err
	}
	// It may have moved while the lease was another's.
	var store storage.Store
	if l, err = m.catalog.Library(ctx, o.Library); err == nil {
		if store, err = m.stores.Store(ctx, o.Library); err != nil {
			if ctx.Err() == nil {
				err = errors.Join(err, m.alarm(ctx, l, err))
			}
			err = fmt.Errorf("library %s: %w", l.Name, err)
		}
	}
	if err != nil {
		m.endLease(ctx, o.Library, m.holder)
		return nil, err
	}
	if progress == nil {
		progress = new(scanner.Progress)
	}
	run, stop := context.WithCancel(ctx)
	m.mu.Lock()
	m.current, m.stop = &Status{Library: o.Library, Running: true, progress: progress}, stop
	m.mu.Unlock()
	// A scan makes much garbage and has no hurry: collecting it twice as often
	// keeps a scan of 100,000 songs in half the room.
	defer debug.SetGCPercent(debug.SetGCPercent(scanGC))
	var keeper sync.WaitGroup
	keeper.Go(func() { m.keep(run, o.Library) })
	metered := m.o.meter(o.Library, "scan", &progress.Store)
	record, err := m.scanner.Scan(run, scanner.Request{Library: l, Store: store, Prefixes: o.Prefixes, Full: o.Full, AcceptMissing: o.AcceptMissing, Progress: progress})
	metered()
	stop()
	keeper.Wait()
	m.mu.Lock()
	delete(m.later, o.Library)
	if errors.Is(err, storage.ErrCapped) {
		m.later[o.Library] = tomorrow(m.o.Now())
	}
	last := m.current.snapshot()
	m.sum(record)
	m.current, m.stop, m.taken = nil, nil, false // who hears of the end finds it ended
	m.mu.Unlock()
	m.endLease(ctx, o.Library, m.holder)
	last.Running, last.Run = false, record
	m.tell(last)
	return record, err
}

// alarm keeps why a library can't be opened, until a scan of the whole of it
// ends well.
func (m *Manager) alarm(ctx context.Context, l *models.Library, why error) error {
	text := strings.TrimSuffix(strings.TrimSuffix(why.Error(), ": "+models.ErrInvalid.Error()), ": "+models.ErrUnavailable.Error())
	text = fmt.Sprintf("The library can't be opened, so nothing was changed: %s. Correct its location or its secret, then scan again.", strings.TrimPrefix(text, models.ErrInvalid.Error()+": "))
	if text == l.Alarm {
		return nil
	}
	return m.catalog.SetLibraryAlarm(ctx, l.Number, text)
}

// holder names a holder of leases in a process.
func holder(process string) string { return models.NewKey().String() + "@" + process }

// abandoned ends the lease of a process that is known to have died, and tells
// whether it did.
func (m *Manager) abandoned(ctx context.Context, l *models.Library) (bool, error) {
	by, err := m.catalog.ScanHolder(ctx, l.Number)
	if err != nil {
		return false, err
	}
	_, process, _ := strings.Cut(strings.TrimSuffix(strings.TrimSuffix(by, purging), moving), "@")
	if !dead(process) {
		return false, nil
	}
	m.o.Log.Info("the process that scanned the library has died; another scan goes on", "library", l.Name)
	return true, m.catalog.EndLease(ctx, l.Number, by)
}

// lease waits until nobody else scans or purges the library.
func (m *Manager) lease(ctx context.Context, l *models.Library, holder string) error {
	for {
		ok, err := m.catalog.LeaseScan(ctx, l.Number, holder, lease.Milliseconds())
		if ok {
			return nil
		}
		if err == nil {
			ok, err = m.abandoned(ctx, l)
		}
		if ok && err == nil {
			continue
		}
		if err == nil {
			select {
			case <-time.After(lease / 10):
				continue
			case <-ctx.Done():
				err = ErrBusy
			}
		} else if ctx.Err() != nil {
			err = ErrBusy
		}
		return fmt.Errorf("library %s: %w", l.Name, err)
	}
}

func (m *Manager) endLease(ctx context.Context, library int, holder string) {
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := m.catalog.EndLease(end, library, holder); err != nil {
		m.o.Log.Warn("the lease of a scan stays until it runs out", "library", library, "error", err)
	}
}

// keep renews the lease and tells of progress while a scan runs.
func (m *Manager) keep(ctx context.Context, library int) {
	var renewer sync.WaitGroup
	renewer.Go(func() { m.renew(ctx, library, m.holder) })
	defer renewer.Wait()
	tell := time.NewTicker(500 * time.Millisecond)
	defer tell.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tell.C:
			if s, ok := m.Current(); ok {
				m.tell(s)
			}
		}
	}
}

// watched is a library's store that is followed.
type watched struct {
	location string
	stop     context.CancelFunc
}

// watch follows every library whose store tells of changes, and lets go of
// libraries that are gone.
func (m *Manager) watch(ctx context.Context) {
	if !m.o.Watch || ctx.Err() != nil {
		return
	}
	libraries, err := m.catalog.Libraries(ctx)
	if err != nil {
		if ctx.Err() == nil {
			m.o.Log.Error("libraries can't be watched", "error", err)
		}
		return
	}
	there := map[int]bool{}
	for _, l := range libraries {
		there[l.Number] = true
		if was, ok := m.watched[l.Number]; ok {
			if was.location == l.Location {
				continue
			}
			was.stop() // it has moved
			delete(m.watched, l.Number)
		}
		store, err := m.stores.Store(ctx, l.Number)
		if err != nil {
			continue
		}
		w, ok := storage.As[storage.Watcher](store)
		if !ok {
			continue
		}
		one, stop := context.WithCancel(ctx)
		m.watched[l.Number] = watched{l.Location, stop}
		m.watchers.Go(func() {
			defer stop()
			err := w.Watch(one, func(prefixes []string) {
				m.Ask(Order{Library: l.Number, Prefixes: prefixes})
			})
			if err != nil && one.Err() == nil {
				m.o.Log.Warn("the library is not watched; the clock finds its changes", "library", l.Name, "error", err)
			}
		})
	}
	for n, w := range m.watched {
		if !there[n] {
			w.stop()
			delete(m.watched, n)
		}
	}
}
