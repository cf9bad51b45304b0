package bucket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/songlocker/songlocker/storage"
)

// kind is what a request is, by how it is priced.
type kind int

const (
	kindGet kind = iota
	kindHead
	kindList
)

type kindKey struct{}

// asKind says what the requests of ctx are.
func asKind(ctx context.Context, k kind) context.Context { return context.WithValue(ctx, kindKey{}, k) }

// pace is how patient a store is.
type pace struct {
	Limit     int           // requests at once
	Tries     int           // of a request that fails in a way that may pass
	Throttled int           // tries of one that the provider puts off
	Base      time.Duration // before the second try, on average; it doubles with each
	Most      time.Duration // between two tries
	Stall     time.Duration // without a byte of an answer until it counts as broken
	Alone     int           // pages of a listing one after another before it is split
}

// usual is the pace of stores: a fault of the network is waited for for about
// 3 seconds, a provider that asks for fewer requests for about 25. A bucket of
// up to 32,000 objects costs no request more than its pages.
var usual = pace{Limit: 32, Tries: 5, Throttled: 8, Base: 200 * time.Millisecond, Most: 15 * time.Second, Stall: time.Minute, Alone: 32}

// newTransport returns the connections of one store. As many stay open as
// there are requests at once: net/http keeps two by itself.
func newTransport(p pace) *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: p.Stall,
		ExpectContinueTimeout: time.Second,
		MaxIdleConns:          2 * p.Limit,
		MaxIdleConnsPerHost:   2 * p.Limit,
		IdleConnTimeout:       90 * time.Second,
		DisableCompression:    true, // ranges and sizes are those of the object
		ForceAttemptHTTP2:     true,
	}
}

// sender is the one way by which a store's requests leave: it keeps to the
// limit, counts each request and byte in the counter of its context, and
// tries again what may pass. The providers' own libraries try each once.
type sender struct {
	next  http.RoundTripper
	gate  *gate
	pace  pace
	ahead atomic.Pointer[time.Duration] // of the server's clock at the last answer that told its time
}

// clock notes how far the server's clock is ahead of ours.
func (s *sender) clock(resp *http.Response) {
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		ahead := time.Until(at).Round(time.Second)
		s.ahead.Store(&ahead)
	}
}

// client returns an HTTP client that follows no redirection: a request that
// is signed for one host is not for another.
func (s *sender) client() *http.Client {
	return &http.Client{Transport: s, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// RoundTrip sends a request, several times if need be.
func (s *sender) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	counter := storage.CounterOf(ctx)
	k, _ := ctx.Value(kindKey{}).(kind)
	for try := 1; ; try++ {
		resp, err := s.once(r, k, counter)
		if ctx.Err() != nil {
			if err == nil {
				_ = resp.Body.Close()
			}
			return nil, ctx.Err()
		}
		throttled := err == nil && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable)
		if throttled && counter != nil {
			counter.Throttled.Add(1)
		}
		tries := s.pace.Tries
		if throttled {
			tries = s.pace.Throttled
		}
		if try >= tries || !passing(resp, err) || r.Body != nil && r.GetBody == nil {
			return resp, err
		}
		wait := s.wait(try)
		if err == nil {
			if after, e := strconv.Atoi(resp.Header.Get("Retry-After")); e == nil && after >= 0 {
				wait = max(wait, min(time.Duration(after)*time.Second, s.pace.Most))
			}
			_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection is used again
			_ = resp.Body.Close()
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
		if r.GetBody != nil {
			body, err := r.GetBody()
			if err != nil {
				return nil, err
			}
			r = r.Clone(ctx)
			r.Body = body
		}
	}
}

// wait is how long to wait after so many tries: at random around a time that
// doubles, so that many who were refused together don't come back together.
func (s *sender) wait(try int) time.Duration {
	d := min(s.pace.Base<<min(try-1, 20), s.pace.Most)
	return d/2 + rand.N(d+1)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// passing tells whether the same request may do better a little later.
func passing(resp *http.Response, err error) bool {
	if err != nil {
		return passingError(err)
	}
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// passingError tells whether a network's error may pass: no name that is not
// known, and no certificate that is not trusted.
func passingError(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return false
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return false
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return false
	}
	return !errors.Is(err, context.Canceled) && !errors.Is(err, http.ErrSchemeMismatch)
}

// errStalled is an answer that stopped in its middle.
var errStalled = errors.New("the answer stopped coming")

// once sends a request one time.
func (s *sender) once(r *http.Request, k kind, counter *storage.Counter) (*http.Response, error) {
	generation, err := s.gate.enter(r.Context())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(r.Context())
	if counter != nil {
		// Counted when it leaves: a request that never reached the provider costs nothing.
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() {
			switch k {
			case kindList:
				counter.Lists.Add(1)
			case kindHead:
				counter.Heads.Add(1)
			case kindGet:
				counter.Gets.Add(1)
			}
		}})
	}
	resp, err := s.next.RoundTrip(r.WithContext(ctx))
	s.gate.leave(generation, err == nil && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable), err == nil && resp.StatusCode < 300)
	if err != nil {
		cancel()
		return nil, err
	}
	s.clock(resp)
	b := &body{ReadCloser: resp.Body, cancel: cancel, stall: s.pace.Stall}
	if k == kindGet && resp.StatusCode < 300 {
		b.counter = counter
	}
	resp.Body = b
	return resp, nil
}

// body is an answer's, whose bytes are counted and which fails when it stops
// coming.
type body struct {
	io.ReadCloser
	cancel  context.CancelFunc
	stall   time.Duration
	counter *storage.Counter
}

func (b *body) Read(p []byte) (int, error) {
	timer := time.AfterFunc(b.stall, b.cancel)
	n, err := b.ReadCloser.Read(p)
	if !timer.Stop() && err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w for %s", errStalled, b.stall)
	}
	if b.counter != nil {
		b.counter.Bytes.Add(int64(n))
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.cancel()
	return err
}

// gate lets a number of requests through at once. A request that the provider
// puts off halves the number; each round of good ones raises it by one.
type gate struct {
	mu         sync.Mutex
	most       int
	limit      int
	busy       int
	good       int // since the limit was changed
	generation int // of the limit: those that entered before it was halved don't halve it again
	waiting    []chan struct{}
}

func newGate(most int) *gate { return &gate{most: most, limit: most} }

// enter waits for a place. What it returns is handed to leave.
func (g *gate) enter(ctx context.Context) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	g.mu.Lock()
	if g.busy < g.limit && len(g.waiting) == 0 {
		defer g.mu.Unlock()
		g.busy++
		return g.generation, nil
	}
	turn := make(chan struct{})
	g.waiting = append(g.waiting, turn)
	g.mu.Unlock()
	select {
	case <-turn:
	case <-ctx.Done():
		g.mu.Lock()
		defer g.mu.Unlock()
		for i, w := range g.waiting {
			if w == turn {
				g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
				return 0, ctx.Err()
			}
		}
		g.busy-- // the turn came at the same moment: it is handed on
		g.admit()
		return 0, ctx.Err()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.generation, nil
}

// leave gives the place back.
func (g *gate) leave(generation int, throttled, good bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.busy--
	switch {
	case throttled && generation == g.generation:
		g.limit = max(1, g.limit/2)
		g.generation++
		g.good = 0
	case good && g.limit < g.most:
		if g.good++; g.good >= g.limit {
			g.limit++
			g.good = 0
		}
	}
	g.admit()
}

// admit lets in those who wait, as many as there are places. The caller holds
// the lock.
func (g *gate) admit() {
	for g.busy < g.limit && len(g.waiting) > 0 {
		g.busy++
		close(g.waiting[0])
		g.waiting = g.waiting[1:]
	}
}
