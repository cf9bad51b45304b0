// Package usage keeps what was asked of each library's store, by day and
// purpose, prices it, and holds background work to the cap that the owner has
// set for a day. Days are those of UTC. It knows no HTTP, and no store.
package usage

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// The purposes.
const (
	Scan  = "scan"  // scans
	Play  = "play"  // what people wait for: streams, downloads, covers, lyrics
	Other = "other" // other background work, such as warming up what is played next
)

// Day is the number of a day of UTC, since 1970-01-01.
func Day(t time.Time) int64 { return t.Unix() / (24 * 60 * 60) }

// Date is the beginning of a day.
func Date(day int64) time.Time { return time.Unix(day*24*60*60, 0).UTC() }

// Cost is what was used by the prices of a library, in their currency.
func Cost(u catalog.Usage, p models.Prices) float64 {
	return (float64(u.Lists)*p.Lists+float64(u.Heads)*p.Heads+float64(u.Gets)*p.Gets)/1000 + float64(u.Bytes)/1e9*p.Bytes
}

// Options of a Meter.
type Options struct {
	Now func() time.Time // nil is time.Now
	Log *slog.Logger     // nil discards
}

// Meter reads the counters of stores and adds what they counted to the catalog,
// about once a minute while Run runs. It may be used from many goroutines.
type Meter struct {
	catalog *catalog.Catalog
	now     func() time.Time
	log     *slog.Logger

	mu       sync.Mutex
	day      int64 // that what is counted now belongs to
	counters []*counted
	own      map[what]*storage.Counter
	unsaved  map[where]catalog.Usage
	caps     map[int]*capOf

	flush sync.Mutex // one at a time
}

type what struct {
	library int
	purpose string
}

type where struct {
	what
	day int64
}

// counted is a counter and how far it was read.
type counted struct {
	what
	c    *storage.Counter
	seen catalog.Usage
}

// capOf is what is known of a library's cap.
type capOf struct {
	name            string
	requests, bytes int64 // the bounds; 0 for none
	base            catalog.Usage
	day             int64
	until           time.Time // when it is looked up again
}

// New returns a meter.
func New(c *catalog.Catalog, o Options) *Meter {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Meter{catalog: c, now: o.Now, log: o.Log, day: Day(o.Now()),
		own: map[what]*storage.Counter{}, unsaved: map[where]catalog.Usage{}, caps: map[int]*capOf{}}
}

// Now is the meter's clock.
func (m *Meter) Now() time.Time { return m.now() }

// Counter returns the counter of a library and purpose that lasts as long as
// the meter.
func (m *Meter) Counter(library int, purpose string) *storage.Counter {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := what{library, purpose}
	if m.own[k] == nil {
		m.own[k] = new(storage.Counter)
		m.counters = append(m.counters, &counted{what: k, c: m.own[k]})
	}
	return m.own[k]
}

// Watch reads another counter too, from what it stands at. end reads it for the
// last time.
func (m *Meter) Watch(library int, purpose string, c *storage.Counter) (end func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	one := &counted{what: what{library, purpose}, c: c, seen: read(c)}
	m.counters = append(m.counters, one)
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.collect()
		for i, x := range m.counters {
			if x == one {
				m.counters = append(m.counters[:i:i], m.counters[i+1:]...)
				break
			}
		}
	}
}

// read is what a counter stands at.
func read(c *storage.Counter) catalog.Usage {
	return catalog.Usage{Lists: c.Lists.Load(), Heads: c.Heads.Load(), Gets: c.Gets.Load(), Bytes: c.Bytes.Load(), Throttled: c.Throttled.Load()}
}

// fresh is what was counted since it was read last.
func (c *counted) fresh() catalog.Usage {
	u := read(c.c)
	u.Lists -= c.seen.Lists
	u.Heads -= c.seen.Heads
	u.Gets -= c.seen.Gets
	u.Bytes -= c.seen.Bytes
	u.Throttled -= c.seen.Throttled
	return u
}

// collect takes from the counters what is new. m.mu is held.
func (m *Meter) collect() {
	for _, c := range m.counters {
		if u := c.fresh(); u != (catalog.Usage{}) {
			c.seen.Add(u)
			m.keep(where{c.what, m.day}, u)
		}
	}
	m.day = Day(m.now())
}

func (m *Meter) keep(k where, u catalog.Usage) {
	have := m.unsaved[k]
	have.Library, have.Day, have.Purpose = k.library, k.day, k.purpose
	have.Add(u)
	m.unsaved[k] = have
}

// Flush adds what was counted to the catalog.
func (m *Meter) Flush(ctx context.Context) error {
	m.flush.Lock()
	defer m.flush.Unlock()
	m.mu.Lock()
	m.collect()
	list := make([]catalog.Usage, 0, len(m.unsaved))
	for _, u := range m.unsaved {
		list = append(list, u)
	}
	m.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	if err := m.catalog.AddUsage(ctx, list); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range list {
		k := where{what{u.Library, u.Purpose}, u.Day}
		rest := m.unsaved[k]
		rest.Add(catalog.Usage{Lists: -u.Lists, Heads: -u.Heads, Gets: -u.Gets, Bytes: -u.Bytes, Throttled: -u.Throttled})
		if rest.Requests() == 0 && rest.Bytes == 0 && rest.Throttled == 0 {
			delete(m.unsaved, k)
		} else {
			m.unsaved[k] = rest
		}
		if b := m.caps[u.Library]; b != nil && b.day == u.Day && u.Purpose != Play {
			b.base.Add(u)
		}
	}
	return nil
}

// every is how often Run adds to the catalog, and so what a process that is
// killed may lose.
const every = time.Minute

// last is how long the last flush of a process may take.
const last = 5 * time.Second

// Run adds what is counted to the catalog until ctx ends, and then once more.
func (m *Meter) Run(ctx context.Context) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			m.Close(ctx)
			return
		case <-t.C:
			if err := m.Flush(ctx); err != nil && ctx.Err() == nil {
				m.log.Warn("what stores were asked is not kept yet", "error", err)
			}
		}
	}
}

// Close adds what is counted to the catalog, within a short time, also when ctx
// has ended.
func (m *Meter) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), last)
	defer cancel()
	if err := m.Flush(ctx); err != nil {
		m.log.Warn("what stores were asked since the last minute is not kept", "error", err)
	}
}

// capFor is how long what is known of a cap holds: its bound may change, and
// another process may use something.
const capFor = 10 * time.Second

// Allow refuses background work with a library's store once the day's use is at
// the library's cap: storage.ErrCapped and models.ErrUnavailable.
func (m *Meter) Allow(ctx context.Context, library int) error {
	now := m.now()
	m.mu.Lock()
	if Day(now) != m.day {
		m.collect() // what was counted until now is of the old day
	}
	c := m.caps[library]
	m.mu.Unlock()
	if c == nil || now.After(c.until) || c.day != Day(now) {
		var err error
		if c, err = m.look(ctx, library, now); err != nil {
			return err
		}
	}
	if c.requests == 0 && c.bytes == 0 {
		return nil
	}
	m.mu.Lock()
	used := m.used(library, c)
	m.mu.Unlock()
	switch {
	case c.requests > 0 && used.Requests() >= c.requests:
		return capped{fmt.Sprintf("the daily cap of %s requests of background work for the library %s is reached; it goes on at 00:00 UTC", humanize.Comma(c.requests), c.name)}
	case c.bytes > 0 && used.Bytes >= c.bytes:
		return capped{fmt.Sprintf("the daily cap of %s of background work for the library %s is reached; it goes on at 00:00 UTC", humanize.Bytes(uint64(c.bytes)), c.name)}
	}
	return nil
}

// capped is the error of a cap that is reached.
type capped struct{ text string }

func (c capped) Error() string { return c.text }

// Is tells its kinds.
func (c capped) Is(kind error) bool {
	return kind == storage.ErrCapped || kind == models.ErrUnavailable
}

// used is what background work has used of a library's store on the cap's day.
// m.mu is held.
func (m *Meter) used(library int, c *capOf) catalog.Usage {
	used := c.base
	for k, u := range m.unsaved {
		if k.library == library && k.day == c.day && k.purpose != Play {
			used.Add(u)
		}
	}
	for _, x := range m.counters {
		if x.library == library && x.purpose != Play {
			used.Add(x.fresh())
		}
	}
	return used
}

// look reads the cap of a library and what the catalog knows of the day.
func (m *Meter) look(ctx context.Context, library int, now time.Time) (*capOf, error) {
	m.flush.Lock() // so that nothing is between the catalog and unsaved
	defer m.flush.Unlock()
	l, err := m.catalog.Library(ctx, library)
	if err != nil {
		return nil, err
	}
	c := &capOf{name: l.Name, requests: l.Settings.RequestCap, bytes: l.Settings.ByteCap, day: Day(now), until: now.Add(capFor)}
	if c.requests > 0 || c.bytes > 0 {
		list, err := m.catalog.Usage(ctx, library, c.day, c.day)
		if err != nil {
			return nil, err
		}
		for _, u := range list {
			if u.Purpose != Play {
				c.base.Add(u)
			}
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.caps[library] = c
	return c, nil
}

// Used returns what was used of a library's store, of all for 0, from the first
// day to the last, with what is not in the catalog yet.
func (m *Meter) Used(ctx context.Context, library int, first, last int64) ([]catalog.Usage, error) {
	if err := m.Flush(ctx); err != nil {
		return nil, err
	}
	return m.catalog.Usage(ctx, library, first, last)
}
