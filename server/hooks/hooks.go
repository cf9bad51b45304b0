// Package hooks lets the providers of buckets tell that something has changed.
// What they send is only a hint where to look: the folder of each object that
// is named is listed and compared as in any other scan.
//
// A library's events are let in by a secret of its own, made by
// manage.Service.NewHook.
package hooks

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// Path is where events are posted: below it come a library's number or name
// and, where the provider can send no header, the secret.
const Path = "/hooks/bucket/"

// The bounds of what is let in.
const (
	maxBody     = 1 << 20 // bytes of one request
	maxAtOnce   = 8       // bodies in memory
	maxPrefixes = 100     // folders of a library that wait; with more, all of it is looked at

	requestRate  = 100.0 // requests a second over time, of all callers
	requestBurst = 1000.0
	scanRate     = 0.2 // scans a second and library over time
	scanBurst    = 20.0
	wholeCost    = 4.0 // scans that the scan of a whole library counts for

	// gather is how long events are gathered before their folders are looked
	// at: uploads of an album come close together.
	gather = 500 * time.Millisecond
	// bodyWait is how long a request waits until its body may be read.
	bodyWait = 5 * time.Second
)

// Config is what a Service needs.
type Config struct {
	Catalog *catalog.Catalog
	Ask     func(library int, prefixes []string) // queues a scan of folders; none are all
	Log     *slog.Logger
}

// Service takes events. Run hands on what they ask for.
type Service struct {
	Config
	bodies chan struct{}
	wake   chan struct{}

	mu       sync.Mutex
	requests bucket
	waiting  map[int]*pending
	scans    map[int]*bucket // by library
}

// pending is what the events of one library ask for.
type pending struct {
	since    time.Time
	prefixes map[string]bool // none: all
}

// order is a scan that is asked for.
type order struct {
	library  int
	prefixes []string // none: all
}

// bucket holds what may be spent; it fills with time.
type bucket struct {
	level float64
	at    time.Time
}

// fill adds what has come in since the last time.
func (b *bucket) fill(now time.Time, rate, burst float64) {
	b.level = min(burst, b.level+now.Sub(b.at).Seconds()*rate)
	b.at = now
}

// New returns a service. Call Run once.
func New(c Config) *Service {
	return &Service{
		Config: c, bodies: make(chan struct{}, maxAtOnce), wake: make(chan struct{}, 1),
		requests: bucket{requestBurst, time.Now()}, waiting: map[int]*pending{}, scans: map[int]*bucket{},
	}
}

// ServeHTTP answers one request below Path.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost && r.Method != http.MethodOptions {
		h.Set("Allow", "POST, OPTIONS")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	if !s.spend(time.Now()) {
		h.Set("Retry-After", "1")
		http.Error(w, "too many events: send them again later", http.StatusTooManyRequests)
		return
	}
	library, ok, err := s.enter(r)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case !ok:
		h.Set("WWW-Authenticate", "Bearer")
		http.Error(w, "this library lets no such events in: the secret is wrong, or there is none (songlocker library hook)", http.StatusUnauthorized)
	case r.Method == http.MethodOptions:
		allow(w, r)
	default:
		s.take(w, r, library)
	}
}

func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		s.Log.Error("events can't be taken", "error", err)
	}
	http.Error(w, "events can't be taken now", http.StatusServiceUnavailable)
}

// spend takes what one request costs.
func (s *Service) spend(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests.fill(now, requestRate, requestBurst)
	if s.requests.level < 1 {
		return false
	}
	s.requests.level--
	return true
}

// enter finds the library of a request whose secret fits. What there is none
// of takes as long to refuse as a wrong secret.
func (s *Service) enter(r *http.Request) (catalog.LibraryHook, bool, error) {
	name, shown := address(r)
	all, err := s.Catalog.LibraryHooks(r.Context())
	if err != nil {
		return catalog.LibraryHook{}, false, err
	}
	number, _ := strconv.Atoi(name) // a name is no number
	var l catalog.LibraryHook
	if i := slices.IndexFunc(all, func(l catalog.LibraryHook) bool { return l.Number == number || strings.EqualFold(l.Name, name) }); i >= 0 {
		l = all[i]
	}
	hash := sha256.Sum256([]byte(shown))
	want := make([]byte, sha256.Size) // the hash of nothing that anybody could find
	if len(l.Hash) == sha256.Size {
		want = l.Hash
	}
	return l, subtle.ConstantTimeCompare(hash[:], want) == 1, nil
}

// address returns the library that a request names and the secret that it
// shows.
func address(r *http.Request) (library, secret string) {
	_, rest, _ := strings.Cut(r.URL.EscapedPath(), Path)
	library, secret, _ = strings.Cut(strings.TrimSuffix(rest, "/"), "/")
	if plain, err := url.PathUnescape(library); err == nil {
		library = plain
	}
	if secret != "" {
		return library, secret // another header may stand beside it, such as a provider's own token
	}
	if _, password, ok := r.BasicAuth(); ok {
		return library, password
	}
	if h := strings.TrimSpace(r.Header.Get("Authorization")); h != "" {
		if scheme, token, ok := strings.Cut(h, " "); ok && strings.EqualFold(scheme, "Bearer") {
			return library, strings.TrimSpace(token)
		}
		return library, h
	}
	return library, r.Header.Get("X-Songlocker-Secret")
}

// originForm is that of the names by which Azure announces itself.
var originForm = regexp.MustCompile(`^[A-Za-z0-9.-]{1,253}$`)

// allow answers the question by which CloudEvents ask for leave to send.
// https://github.com/cloudevents/spec/blob/main/cloudevents/http-webhook.md
func allow(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("WebHook-Request-Origin"); originForm.MatchString(origin) {
		w.Header().Set("WebHook-Allowed-Origin", origin)
		w.Header().Set("WebHook-Allowed-Rate", "*")
	}
	w.Header().Set("Allow", "POST")
	w.WriteHeader(http.StatusOK)
}

// take reads what a request tells and answers at once.
func (s *Service) take(w http.ResponseWriter, r *http.Request, l catalog.LibraryHook) {
	t := time.NewTimer(bodyWait)
	defer t.Stop()
	select {
	case s.bodies <- struct{}{}:
		defer func() { <-s.bodies }()
	case <-t.C:
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many events at once: send them again later", http.StatusTooManyRequests)
		return
	case <-r.Context().Done():
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		http.Error(w, "events of more than a megabyte are not taken", http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "the body ended early", http.StatusBadRequest)
		return
	}
	said, err := read(body)
	if err != nil {
		http.Error(w, "the body is no JSON", http.StatusBadRequest)
		return
	}
	if said.confirm != "" {
		s.Log.Warn("Amazon SNS asks whether it may send events of a library; if that is meant, run the command", "library", l.Name, "command", said.confirm)
	}
	if said.validate != "" {
		b, err := json.Marshal(map[string]string{"validationResponse": said.validate})
		if err != nil {
			s.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(b) // whoever asked has gone
		return
	}
	prefixes := folders(l.Location, said.objects)
	s.Log.Debug("events", "library", l.Name, "objects", len(said.objects), "folders", len(prefixes))
	s.queue(l.Number, prefixes, time.Now())
	w.WriteHeader(http.StatusAccepted)
}

// folders returns the prefixes of a library's folders in which the objects
// lie, without those outside the library.
func folders(location string, objects []object) map[string]bool {
	out := map[string]bool{}
	name, root, ok := catalog.Bucket(location)
	if !ok {
		return out
	}
	// The alias of an access point stands for a bucket of another name.
	alias := strings.HasSuffix(name, "-s3alias")
	for _, o := range objects {
		if o.bucket != "" && o.bucket != name && !alias {
			continue
		}
		if o.folder {
			o.key = strings.TrimSuffix(o.key, "/") + "/"
		}
		key, within := strings.CutPrefix(o.key, root)
		if within && !storage.Hidden(key) {
			out[folder(key)] = true
		}
	}
	return out
}

// folder returns the prefix of the folder that a key lies in, or of the
// nearest above it whose name is the same in listings.
func folder(key string) string {
	end := 0
	for part := range strings.SplitSeq(storage.Folder(key), "/") {
		if part == "" || part == "." || part == ".." || strings.Contains(part, "∅") || strings.IndexByte(part, 0) >= 0 || !utf8.ValidString(part) {
			break
		}
		end += len(part) + 1
	}
	return key[:end]
}

// queue notes that these folders of a library are to be looked at.
func (s *Service) queue(library int, prefixes map[string]bool, now time.Time) {
	if len(prefixes) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.waiting[library]
	if p == nil {
		p = &pending{since: now, prefixes: map[string]bool{}}
		s.waiting[library] = p
	} else if len(p.prefixes) == 0 {
		return // all of it waits
	}
	for prefix := range prefixes {
		p.prefixes[prefix] = true
		if prefix == "" || len(p.prefixes) > maxPrefixes {
			clear(p.prefixes)
			break
		}
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Run asks for the scans that events call for, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	for {
		orders, wait := s.due(time.Now())
		for _, o := range orders {
			s.Ask(o.library, o.prefixes)
		}
		var next <-chan time.Time
		if wait > 0 {
			next = time.After(wait)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-next:
		}
	}
}

// due returns the scans whose time has come, and how long it is until another
// may; 0 is never.
func (s *Service) due(now time.Time) (orders []order, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, p := range s.waiting {
		b := s.scans[n]
		if b == nil {
			b = &bucket{scanBurst, now}
			s.scans[n] = b
		}
		b.fill(now, scanRate, scanBurst)
		cost := 1.0
		if len(p.prefixes) == 0 {
			cost = wholeCost
		}
		left := p.since.Add(gather).Sub(now)
		if lacks := cost - b.level; lacks > 0 {
			left = max(left, time.Duration(lacks/scanRate*float64(time.Second))+time.Millisecond)
		}
		if left > 0 {
			if wait == 0 || left < wait {
				wait = left
			}
			continue
		}
		b.level -= cost
		delete(s.waiting, n)
		orders = append(orders, order{n, slices.Sorted(maps.Keys(p.prefixes))})
	}
	return orders, wait
}
