package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	process "github.com/VictoriaMetrics/metrics"
	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/scans"
)

// metricsPath answers with what the server has counted, in Prometheus' text
// format (https://prometheus.io/docs/instrumenting/exposition_formats/).
const metricsPath = "/metrics"

// metrics counts requests since the start. It is for many goroutines.
type metrics struct {
	mu       sync.RWMutex
	requests map[series]*atomic.Int64
	sent     map[string]*atomic.Int64 // bytes of media, by endpoint
}

// series is one line of requests.
type series struct {
	endpoint string
	status   string
}

func newMetrics() *metrics {
	return &metrics{requests: map[series]*atomic.Int64{}, sent: map[string]*atomic.Int64{}}
}

// counted returns the counter of a key in m, which mu guards.
func counted[K comparable](mu *sync.RWMutex, m map[K]*atomic.Int64, key K) *atomic.Int64 {
	mu.RLock()
	n := m[key]
	mu.RUnlock()
	if n != nil {
		return n
	}
	mu.Lock()
	defer mu.Unlock()
	if m[key] == nil {
		m[key] = new(atomic.Int64)
	}
	return m[key]
}

// Called counts a call of the protocol: how it was answered, and how many
// bytes of media were sent.
func (m *metrics) Called(endpoint, status string, sent int64) {
	counted(&m.mu, m.requests, series{"/rest/" + endpoint, status}).Add(1)
	if sent > 0 {
		counted(&m.mu, m.sent, "/rest/"+endpoint).Add(sent)
	}
}

// watch counts the requests of all other doors, by route and status.
func (m *metrics) watch(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		route := c.Path()
		if strings.HasPrefix(route, "/rest/") {
			return err
		}
		if err != nil {
			c.Error(err) // it decides the status
		}
		if route == "" {
			route = "none"
		}
		counted(&m.mu, m.requests, series{route, status(c.Response().Status)}).Add(1)
		return nil
	}
}

// status is a status of HTTP as a label.
func status(code int) string {
	if code == http.StatusOK {
		return "200"
	}
	return strconv.Itoa(code)
}

// scrape is what /metrics is made of.
type scrape struct {
	*metrics
	server *server
}

// handler answers loopback and administrators' device secrets, and nobody
// else.
func (s scrape) handler(c echo.Context) error {
	h := c.Response().Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if err := mayScrape(c, s.server.auth); err != nil {
		switch {
		case errors.Is(err, models.ErrSlowDown):
			return c.String(http.StatusTooManyRequests, err.Error()+"\n")
		case errors.Is(err, models.ErrForbidden):
			return c.String(http.StatusForbidden, "only an administrator's device secret opens this\n")
		}
		h.Set("WWW-Authenticate", "Bearer")
		return c.String(http.StatusUnauthorized, "send an administrator's device secret as bearer token, or ask from the machine itself\n")
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), 10*time.Second)
	defer cancel()
	h.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	b := bufio.NewWriter(c.Response())
	if err := s.write(ctx, b); err != nil {
		return err
	}
	return b.Flush()
}

// mayScrape tells whether a caller may see the counters: by the secret that it
// shows, or without any since it is on this machine.
func mayScrape(c echo.Context, a *auth.Service) error {
	r := c.Request()
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, secret, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return models.ErrLogin
		}
		addr, _ := netip.ParseAddr(c.RealIP()) // one that is none is counted as one caller
		who, err := a.Login(r.Context(), models.Attempt{APIKey: strings.TrimSpace(secret), Addr: addr, Client: "metrics"})
		if err == nil && !who.Roles().Admin {
			err = models.ErrForbidden
		}
		return err
	}
	if !isLocal(r) {
		return models.ErrLogin
	}
	return nil
}

// isLocal tells whether a request comes from this machine itself: not from
// elsewhere by a proxy, as far as that shows, and not from another site's page.
func isLocal(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() || from.Port() == 0 { // 0 is the peer of a socket, a proxy
		return false
	}
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// family is one name with its lines.
type family struct {
	name, kind, help string
	lines            []string
}

func (f *family) add(n any, labels ...string) {
	var b strings.Builder
	b.WriteString(f.name)
	for i := 0; i < len(labels); i += 2 {
		b.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(&b, `%s="%s"`, labels[i], escapeLabel.Replace(labels[i+1]))
	}
	if len(labels) > 0 {
		b.WriteByte('}')
	}
	f.lines = append(f.lines, fmt.Sprintf("%s %v", b.String(), n))
}

var escapeLabel = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (f *family) write(w io.Writer) {
	if len(f.lines) == 0 {
		return
	}
	fmt.Fprintf(w, "# HELP songlocker%s %s\n# TYPE songlocker%[1]s %[3]s\n", f.name, f.help, f.kind)
	for _, l := range f.lines {
		fmt.Fprintf(w, "songlocker%s\n", l)
	}
}

// write writes all that is known.
func (s scrape) write(ctx context.Context, w io.Writer) error {
	requests := family{name: "_http_requests_total", kind: "counter", help: "Requests by endpoint and status; of calls of the protocol, ok and failed are answers, numbers those of media."}
	sent := family{name: "_stream_bytes_total", kind: "counter", help: "Bytes of media that were sent, by endpoint."}
	s.mu.RLock()
	for _, k := range slices.SortedFunc(maps.Keys(s.requests), func(a, b series) int {
		return strings.Compare(a.endpoint+" "+a.status, b.endpoint+" "+b.status)
	}) {
		requests.add(s.requests[k].Load(), "endpoint", k.endpoint, "status", k.status)
	}
	for _, k := range slices.Sorted(maps.Keys(s.sent)) {
		sent.add(s.sent[k].Load(), "endpoint", k)
	}
	s.mu.RUnlock()
	requests.write(w)
	sent.write(w)
	if err := s.libraries(ctx, w); err != nil {
		return err
	}
	info := family{name: "_info", kind: "gauge", help: "The version that runs."}
	info.add(1, "version", s.server.Version)
	info.write(w)
	process.WriteProcessMetrics(w)
	return nil
}

// libraries writes what is known of each library.
func (s scrape) libraries(ctx context.Context, w io.Writer) error {
	list, err := s.server.catalog.Libraries(ctx)
	if err != nil {
		return err
	}
	counts, err := s.server.catalog.SongCounts(ctx)
	if err != nil {
		return err
	}
	totals := s.server.scans.Totals()
	songs := family{name: "_songs", kind: "gauge", help: "Songs that are there."}
	alarm := family{name: "_library_alarm", kind: "gauge", help: "1 while the last scan of the library needs somebody to look at it."}
	scanned := family{name: "_library_scanned_timestamp_seconds", kind: "gauge", help: "When the library was last scanned as a whole, as Unix time; 0 is never."}
	runs := family{name: "_scans_total", kind: "counter", help: "Scans that have ended, by how."}
	files := family{name: "_scan_files_total", kind: "counter", help: "What scans found, in files or songs."}
	archived := family{name: "_library_archived", kind: "gauge", help: "Files that the last scan found archived in their store."}
	asked := family{name: "_store_requests_total", kind: "counter", help: "Requests to the store of a library, by purpose and as providers price them."}
	bytes := family{name: "_store_bytes_total", kind: "counter", help: "Bytes that were read from the store."}
	throttled := family{name: "_store_throttled_total", kind: "counter", help: "Requests, among all, that the store put off."}
	for _, l := range list {
		of := []string{"library", strconv.Itoa(l.Number), "name", l.Name}
		with := func(labels ...string) []string { return append(of[:len(of):len(of)], labels...) }
		bad := 0
		if l.Alarm != "" {
			bad = 1
		}
		songs.add(counts[l.Number], of...)
		alarm.add(bad, of...)
		scanned.add(l.ScannedAt/1000, of...)
		t := totals[l.Number]
		if t == nil {
			t = new(scans.Totals)
		}
		for _, state := range []string{models.ScanDone, models.ScanFailed, models.ScanStopped} {
			runs.add(t.Runs[state], with("state", state)...)
		}
		r := &t.Sum
		for _, f := range []struct {
			what string
			n    int
		}{
			{"listed", r.Listed}, {"read", r.Read}, {"added", r.Added}, {"changed", r.Changed}, {"moved", r.Moved},
			{"missing", r.Missing}, {"returned", r.Returned}, {"failed", r.Failed},
		} {
			files.add(f.n, with("what", f.what)...)
		}
		archived.add(t.Archived, of...)
		store := func(purpose string, lists, heads, gets, n, put int64) {
			asked.add(lists, with("purpose", purpose, "kind", "list")...)
			asked.add(heads, with("purpose", purpose, "kind", "head")...)
			asked.add(gets, with("purpose", purpose, "kind", "get")...)
			bytes.add(n, with("purpose", purpose)...)
			throttled.add(put, with("purpose", purpose)...)
		}
		store("scan", r.Lists, r.Heads, r.Gets, r.Bytes, r.Throttled)
		c := s.server.stores.played(l.Number)
		store("play", c.Lists.Load(), c.Heads.Load(), c.Gets.Load(), c.Bytes.Load(), c.Throttled.Load())
	}
	for _, f := range []*family{&songs, &alarm, &scanned, &runs, &files, &archived, &asked, &bytes, &throttled} {
		f.write(w)
	}
	return nil
}
