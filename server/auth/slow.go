package auth

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/songlocker/songlocker/models"
)

const (
	freeFailures  = 5                // before anything is slowed
	firstDelay    = time.Second      // between two tries after that; it doubles
	longestDelay  = 4 * time.Second  // so that a right login never waits for long
	forgetAfter   = 15 * time.Minute // without a failure
	pairLimit     = 4096             // pairs remembered, about 1 MB
	waitersOfPair = 32
	waitersOfAll  = 512
)

// pair is what failures are counted by: a name, whether or not a user has it,
// and the address that tried it. IPv6 addresses count by their /64, which one
// machine may choose from freely.
type pair struct {
	name string
	addr netip.Prefix
}

func pairOf(name string, addr netip.Addr) pair {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	prefix, _ := addr.Prefix(bits) // an invalid address is one pair, too
	if len(name) > 255 {
		name = name[:255]
	}
	return pair{name, prefix}
}

// brake paces logins after failures. Nothing is ever locked: beyond some
// failures in a row the tries of one pair happen one after the other with a
// pause between, in the order in which they came, and each is then judged as
// always. A success ends it, at once for those who wait. So a guesser gets one
// guess in a few seconds, while somebody with the right password at the same
// address waits that long, once. Only a crowd that waits already is refused.
type brake struct {
	now   func() time.Time
	after func(time.Duration) <-chan time.Time

	used    atomic.Int64 // pairs remembered: most logins need not lock
	mu      sync.Mutex
	pairs   recent[pair, *braked]
	waiting int
}

// braked is a pair that failed. The brake's lock guards it.
type braked struct {
	failures int
	last     time.Time     // of the failures
	next     time.Time     // when the next try may happen
	waiting  int           // tries that wait
	free     chan struct{} // closed by a success
}

func newBrake() *brake {
	return &brake{now: time.Now, after: time.After, pairs: newRecent[pair, *braked](pairLimit)}
}

// wait returns when a login of the pair may be tried; at once as a rule. It
// is models.ErrSlowDown when too many wait already, or ctx's error.
func (b *brake) wait(ctx context.Context, p pair) error {
	if b.used.Load() == 0 {
		return nil
	}
	b.mu.Lock()
	r, ok := b.pairs.get(p)
	now := b.now()
	switch {
	case !ok:
		b.mu.Unlock()
		return nil
	case now.Sub(r.last) > forgetAfter && r.waiting == 0:
		b.forget(p)
		b.mu.Unlock()
		return nil
	case r.failures < freeFailures:
		b.mu.Unlock()
		return nil
	case r.waiting >= waitersOfPair, b.waiting >= waitersOfAll:
		b.mu.Unlock()
		return models.ErrSlowDown
	}
	at := r.next
	if now.After(at) {
		at = now
	}
	r.next = at.Add(r.delay())
	d := at.Sub(now)
	if d <= 0 {
		b.mu.Unlock()
		return nil
	}
	r.waiting++
	b.waiting++
	free := r.free
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		r.waiting--
		b.waiting--
		b.mu.Unlock()
	}()
	select {
	case <-b.after(d):
		return nil
	case <-free:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// slowed tells whether the pair is paced now.
func (b *brake) slowed(p pair) bool {
	if b.used.Load() == 0 {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r, ok := b.pairs.get(p)
	return ok && r.failures >= freeFailures
}

func (r *braked) delay() time.Duration {
	return min(firstDelay<<min(max(r.failures-freeFailures, 0), 8), longestDelay)
}

// failed counts a failure of the pair.
func (b *brake) failed(p pair) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	r, ok := b.pairs.get(p)
	if !ok || now.Sub(r.last) > forgetAfter {
		r = &braked{free: make(chan struct{})}
		b.pairs.put(p, r)
	}
	r.failures++
	r.last = now
	if next := now.Add(r.delay()); r.failures >= freeFailures && next.After(r.next) {
		r.next = next
	}
	b.used.Store(int64(len(b.pairs.entries)))
}

// succeeded forgets the pair's failures and lets those who wait try.
func (b *brake) succeeded(p pair) {
	if b.used.Load() == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget(p)
}

func (b *brake) forget(p pair) {
	if r, ok := b.pairs.get(p); ok {
		close(r.free)
		b.pairs.remove(p)
		b.used.Store(int64(len(b.pairs.entries)))
	}
}
