package api

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/server/session"
	"github.com/songlocker/songlocker/server/usage"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/local"
	"github.com/songlocker/songlocker/storage/mem"
)

var update = flag.Bool("update", false, "write docs/openapi.json")

const documentFile = "../../docs/openapi.json"

// folders opens the stores of libraries.
type folders struct {
	catalog *catalog.Catalog
	reg     *storage.Registry
}

func (f folders) Store(ctx context.Context, n int) (storage.Store, error) {
	l, err := f.catalog.Library(ctx, n)
	if err != nil {
		return nil, err
	}
	return f.reg.Open(ctx, l.Location, storage.Options{})
}

// house is a server with two libraries, 1 Open (a/one.tak, two.tak, broken.flac)
// and 2 Hidden (secret.tak), and these people: owner, an administrator who
// reads both; ana, who reads 1; bo, who reads none.
type house struct {
	t       *testing.T
	dir     string
	catalog *catalog.Catalog
	auth    *auth.Service
	scans   *scans.Manager
	server  *httptest.Server
	users   map[string]*models.User
	secrets map[string]string // bearer tokens: owner, ana, bo, owner-read, ana-read, ana-library
	api     *API
	stop    chan struct{}
	bucket  storage.Store
	clock   time.Time // of what is used by day; the zero time is now
}

func (h *house) now() time.Time {
	if h.clock.IsZero() {
		return time.Now()
	}
	return h.clock
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir(), users: map[string]*models.User{}, secrets: map[string]string{}, stop: make(chan struct{}),
		bucket: mem.New(map[string]string{"a.tak": "known by name only"})}
	state := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	h.catalog, err = catalog.Open(t.Context(), catalog.Options{Location: "sqlite:" + filepath.Join(state, "c.db")})
	must(err)
	t.Cleanup(func() { h.catalog.Close() })
	h.auth, err = auth.New(t.Context(), auth.Options{Catalog: h.catalog, KeyFile: filepath.Join(state, "key"), AppPasswords: true})
	must(err)
	t.Cleanup(func() { h.auth.Close() })
	put(t, h.dir, "open/a/one.tak", "known by name only")
	put(t, h.dir, "open/a/two.tak", "known by name only")
	put(t, h.dir, "open/a/broken.flac", "no FLAC")
	put(t, h.dir, "hidden/secret.tak", "known by name only")
	for _, name := range []string{"Open", "Hidden"} {
		_, err := h.catalog.AddLibrary(t.Context(), &models.Library{Name: name, Location: filepath.Join(h.dir, strings.ToLower(name))})
		must(err)
	}
	var reg storage.Registry
	reg.Register("file", func(_ context.Context, u *url.URL, o storage.Options) (storage.Store, error) {
		return local.New(u.Path, local.Options{})
	})
	// A bucket that opens with the one secret, and holds what is put there.
	reg.Register("s3", func(_ context.Context, _ *url.URL, o storage.Options) (storage.Store, error) {
		if o.Secret["key"] != "hunter2" || o.Ambient {
			return nil, fmt.Errorf("the key is wrong: %w", models.ErrInvalid)
		}
		return h.bucket, nil
	})
	h.scans = scans.New(h.catalog, folders{h.catalog, &reg}, scanner.New(h.catalog, scanner.Options{}), scans.Options{})
	for _, u := range []struct {
		name      string
		admin     bool
		libraries []int
	}{{"owner", true, nil}, {"ana", false, []int{1}}, {"bo", false, []int{}}} {
		m := &models.User{Name: u.name, Roles: manage.NewRoles(u.admin), Scrobbling: true}
		must(h.auth.Create(t.Context(), m, "password of "+u.name, u.libraries))
		h.users[u.name] = m
	}
	for who, n := range map[string]struct {
		user string
		s    auth.Secret
	}{
		"owner": {"owner", auth.Secret{Scope: models.ScopeFull}}, "ana": {"ana", auth.Secret{Scope: models.ScopeFull}}, "bo": {"bo", auth.Secret{Scope: models.ScopeFull}},
		"owner-read": {"owner", auth.Secret{Scope: models.ScopeReadOnly}}, "ana-read": {"ana", auth.Secret{Scope: models.ScopeReadOnly}},
		"owner-library": {"owner", auth.Secret{Scope: models.ScopeLibrary, Library: 1}},
	} {
		n.s.Name = who
		h.secrets[who], _, err = h.auth.NewSecret(t.Context(), h.users[n.user].Key, n.s)
		must(err)
	}
	door := &session.Door{Auth: h.auth, BasePath: "/music", Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}
	h.api = New(Config{
		Manage: manage.New(manage.Config{Catalog: h.catalog, Auth: h.auth, Scans: h.scans, Usage: usage.New(h.catalog, usage.Options{Now: h.now}), Open: func(ctx context.Context, l string, secret storage.Secret, ambient bool) (storage.Store, error) {
			return reg.Open(ctx, l, storage.Options{Secret: secret, Ambient: ambient})
		}, OpenLibrary: func(ctx context.Context, n int) (storage.Store, error) {
			l, sealed, err := h.catalog.LibraryStore(ctx, n)
			if err != nil {
				return nil, err
			}
			secret, err := h.auth.Keys().StoreSecret(ctx, l, sealed)
			if err != nil {
				return nil, err
			}
			return reg.Open(ctx, l.Location, storage.Options{Secret: secret})
		}, Allowed: func(l string) error {
			if strings.HasSuffix(l, "/state") {
				return fmt.Errorf("no library may lie there: %w", models.ErrInvalid)
			}
			return nil
		}}),
		Door: door, Version: "test", Stop: h.stop,
	})
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	h.api.Mount(e.Group("/api/v1"))
	h.server = httptest.NewServer(e)
	t.Cleanup(h.server.Close)
	return h
}

// run scans what is asked for until the test ends.
func (h *house) run() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.scans.Run(ctx) }()
	h.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			h.t.Error(err)
		}
	})
}

// scan scans a library now.
func (h *house) scan(n int) *models.ScanRun {
	h.t.Helper()
	r, err := h.scans.Scan(h.t.Context(), scans.Order{Library: n}, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// album is the id of the album of a file.
func (h *house) album(library int, file string) string {
	h.t.Helper()
	s, err := h.catalog.SongByPath(h.t.Context(), catalog.Viewer{Libraries: []int{1, 2}}, library, file)
	if err != nil {
		return "al-0000000000000" // the library has been removed
	}
	return models.ID{Kind: models.KindAlbum, Key: s.Album}.String()
}

type answered struct {
	status int
	body   string
	header http.Header
}

func (a answered) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(a.body), &m); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return m
}

// call sends a request as who ("" is nobody); headers come in pairs.
func (h *house) call(who, method, path, body string, header ...string) answered {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.server.URL+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+h.secrets[who])
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answered{res.StatusCode, string(b), res.Header}
}

func id(u *models.User) string { return userID(u.Key) }

func runID(r *models.ScanRun) string { return models.ID{Kind: models.KindRun, Key: r.Key}.String() }

// callers are the columns of the table of routes.
var callers = []string{"", "bo", "ana", "ana-read", "owner-read", "owner-library", "owner"}

// TestEveryRouteByEveryCaller asks as nobody, bo (reads nothing), ana (reads
// library 1), ana and owner with a read-only secret, owner with a secret for
// library 1, and owner. Each case has a house of its own where it writes.
func TestEveryRouteByEveryCaller(t *testing.T) {
	// USER is ana's id, LIST her playlist, SECRET that of one of her secrets, RUN1 and RUN2 the
	// scans of the two libraries.
	cases := []struct {
		method, path, body string
		want               [7]int
	}{
		{"GET", "/version", "", [7]int{200, 200, 200, 200, 200, 200, 200}},
		{"POST", "/session", `{"name":"ana","password":"password of ana"}`, [7]int{200, 200, 200, 200, 200, 200, 200}},
		{"DELETE", "/session", "", [7]int{401, 204, 204, 403, 403, 403, 204}},
		{"GET", "/me", "", [7]int{401, 200, 200, 200, 200, 200, 200}},
		{"GET", "/users", "", [7]int{401, 403, 403, 403, 403, 403, 200}},
		{"POST", "/users", `{"name":"new","password":"long enough"}`, [7]int{401, 403, 403, 403, 403, 403, 201}},
		{"GET", "/users/USER", "", [7]int{401, 404, 200, 200, 404, 404, 200}},
		{"PATCH", "/users/USER", `{"email":"a@example.org"}`, [7]int{401, 403, 403, 403, 403, 403, 200}},
		{"DELETE", "/users/USER", "", [7]int{401, 403, 403, 403, 403, 403, 204}},
		{"PUT", "/users/USER/password", `{"password":"another one","current":"password of ana"}`, [7]int{401, 404, 204, 403, 403, 403, 204}},
		{"GET", "/users/USER/secrets", "", [7]int{401, 404, 200, 200, 404, 404, 200}},
		{"POST", "/users/USER/secrets", `{"name":"phone"}`, [7]int{401, 404, 201, 403, 403, 403, 201}},
		{"DELETE", "/users/USER/secrets/SECRET", "", [7]int{401, 404, 204, 403, 403, 403, 204}},
		{"GET", "/libraries", "", [7]int{401, 200, 200, 200, 200, 200, 200}},
		{"POST", "/libraries", `{"location":"DIR/more"}`, [7]int{401, 403, 403, 403, 403, 403, 201}},
		{"GET", "/libraries/1", "", [7]int{401, 404, 200, 200, 200, 200, 200}},
		{"GET", "/libraries/2", "", [7]int{401, 404, 404, 404, 200, 404, 200}},
		{"PATCH", "/libraries/2", `{"name":"Other"}`, [7]int{401, 403, 403, 403, 403, 403, 200}},
		{"DELETE", "/libraries/2", "", [7]int{401, 403, 403, 403, 403, 403, 204}},
		{"POST", "/libraries/test", `{"location":"DIR/more"}`, [7]int{401, 403, 403, 403, 403, 403, 200}},
		{"POST", "/libraries/2/test", "", [7]int{401, 403, 403, 403, 403, 403, 200}},
		{"POST", "/libraries/2/hook", "", [7]int{401, 403, 403, 403, 403, 403, 422}}, // TestBucket makes one
		{"DELETE", "/libraries/2/hook", "", [7]int{401, 403, 403, 403, 403, 403, 204}},
		{"GET", "/libraries/1/readers", "", [7]int{401, 403, 403, 403, 403, 403, 200}},
		{"PUT", "/libraries/2/readers/USER", "", [7]int{401, 403, 403, 403, 403, 403, 204}},
		{"DELETE", "/libraries/1/readers/USER", "", [7]int{401, 403, 403, 403, 403, 403, 204}},
		{"GET", "/libraries/1/missing", "", [7]int{401, 403, 403, 403, 403, 403, 200}},
		{"POST", "/libraries/1/move", `{"location":"DIR/more","dryRun":true}`, [7]int{401, 403, 403, 403, 403, 403, 200}},
		{"GET", "/libraries/1/usage", "", [7]int{401, 403, 403, 403, 403, 403, 200}},
		{"POST", "/libraries/1/purge", `{"olderThanDays":30,"apply":true}`, [7]int{401, 403, 403, 403, 403, 403, 200}},
		{"POST", "/scans", `{"libraries":[1]}`, [7]int{401, 403, 403, 403, 403, 403, 202}},
		{"GET", "/scans", "", [7]int{401, 200, 200, 200, 200, 200, 200}},
		{"GET", "/scans?library=2", "", [7]int{401, 404, 404, 404, 200, 404, 200}},
		{"GET", "/scans/current", "", [7]int{401, 200, 200, 200, 200, 200, 200}},
		{"DELETE", "/scans/current", "", [7]int{401, 403, 403, 403, 403, 403, 204}},
		{"GET", "/scans/RUN1", "", [7]int{401, 404, 200, 200, 200, 200, 200}},
		{"GET", "/scans/RUN2", "", [7]int{401, 404, 404, 404, 200, 404, 200}},
		{"GET", "/scans/RUN1/problems", "", [7]int{401, 404, 403, 403, 403, 403, 200}},
		{"GET", "/scans/RUN2/problems", "", [7]int{401, 404, 404, 404, 403, 404, 200}},
		{"GET", "/scans/events", "", [7]int{401, 0, 0, 0, 0, 0, 0}}, // TestEvents opens it
		{"GET", "/playlists/LIST/file", "", [7]int{401, 404, 200, 200, 404, 404, 404}},
		{"GET", "/albums/ALBUM1/why", "", [7]int{401, 404, 200, 200, 200, 200, 200}},
		{"GET", "/albums/ALBUM2/why", "", [7]int{401, 404, 404, 404, 200, 404, 200}},
		{"GET", "/nothing", "", [7]int{404, 404, 404, 404, 404, 404, 404}},
		{"POST", "/me", "{}", [7]int{404, 404, 404, 404, 404, 404, 404}},
	}
	var h *house
	var run1, run2 *models.ScanRun
	var list models.Key
	covered := map[string]bool{}
	for _, c := range cases {
		path, _, _ := strings.Cut(c.path, "?")
		path = strings.NewReplacer("USER", "{user}", "SECRET", "{secret}", "RUN1", "{scan}", "RUN2", "{scan}", "LIST", "{playlist}", "ALBUM1", "{album}", "ALBUM2", "{album}", "/1", "/{library}", "/2", "/{library}").Replace(path)
		covered[c.method+" "+path] = true
		for i, who := range callers {
			if c.want[i] == 0 {
				continue
			}
			if h == nil {
				h = newHouse(t)
				run1, run2 = h.scan(1), h.scan(2)
				var err error
				list, err = h.catalog.CreatePlaylist(t.Context(), h.catalog.Viewer(h.users["ana"]), "Mix", nil)
				if err != nil {
					t.Fatal(err)
				}
				put(t, h.dir, "more/x.tak", "known by name only")
			}
			secrets, err := h.auth.Secrets(t.Context(), h.users["ana"].Key)
			if err != nil {
				t.Fatal(err)
			}
			fill := strings.NewReplacer("USER", id(h.users["ana"]), "RUN1", runID(run1), "RUN2", runID(run2), "DIR", h.dir,
				"ALBUM1", h.album(1, "a/one.tak"), "ALBUM2", h.album(2, "secret.tak"),
				"LIST", models.ID{Kind: models.KindPlaylist, Key: list}.String(), "SECRET", models.ID{Kind: models.KindCredential, Key: secrets[len(secrets)-1].Key}.String())
			a := h.call(who, c.method, fill.Replace(c.path), fill.Replace(c.body))
			if a.status != c.want[i] {
				t.Errorf("%s %s as %q: %d, want %d\n%s", c.method, c.path, who, a.status, c.want[i], a.body)
			}
			if got := a.header.Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("%s %s: X-Content-Type-Options %q", c.method, c.path, got)
			}
			if got := a.header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s %s: Cache-Control %q", c.method, c.path, got)
			}
			if got := a.header.Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("%s %s: CORS %q", c.method, c.path, got)
			}
			if a.status >= 400 {
				if got := a.header.Get("Content-Type"); got != "application/problem+json" {
					t.Errorf("%s %s as %q: content type %q", c.method, c.path, who, got)
				}
				if p := a.json(t); p["status"] != float64(a.status) || p["title"] != http.StatusText(a.status) || p["detail"] == "" {
					t.Errorf("%s %s as %q: %v", c.method, c.path, who, p)
				}
			}
			if (a.status == 401) != (a.header.Get("WWW-Authenticate") != "") {
				t.Errorf("%s %s as %q: WWW-Authenticate %q", c.method, c.path, who, a.header.Get("WWW-Authenticate"))
			}
			if c.method != "GET" && a.status < 300 {
				h = nil
			}
		}
	}
	if h == nil {
		h = newHouse(t)
	}
	for path, item := range h.api.huma.OpenAPI().Paths {
		for method, op := range map[string]*huma.Operation{"GET": item.Get, "POST": item.Post, "PUT": item.Put, "PATCH": item.Patch, "DELETE": item.Delete} {
			if op != nil && !covered[method+" "+path] {
				t.Errorf("%s %s is not in the table", method, path)
			}
		}
	}
}

func TestNothingLeaks(t *testing.T) {
	h := newHouse(t)
	h.scan(1)
	h.scan(2)
	l, err := h.catalog.Library(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.catalog.SetLibraryAlarm(t.Context(), 1, "alarm of open"); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[string][2]int{"bo": {0, 0}, "ana": {1, 1}, "owner-library": {1, 1}, "owner": {2, 2}} {
		libraries := h.call(who, "GET", "/libraries", "")
		runs := h.call(who, "GET", "/scans", "")
		if got := [2]int{int(libraries.json(t)["total"].(float64)), int(runs.json(t)["total"].(float64))}; got != want {
			t.Errorf("%s sees %v libraries and scans, want %v", who, got, want)
		}
		all := libraries.body + runs.body + h.call(who, "GET", "/me", "").body + h.call(who, "GET", "/libraries/1", "").body
		for _, secret := range []string{"Hidden", "alarm of open", l.Location, "broken"} {
			if leaked := strings.Contains(all, secret); leaked && who != "owner" {
				t.Errorf("%s is told %q in %s", who, secret, all)
			}
		}
	}
	if got := h.call("ana", "GET", "/libraries", "").body; !strings.Contains(got, `"songs":3`) && !strings.Contains(got, `"songs":2`) {
		t.Errorf("ana's library: %s", got)
	}
}

// TestBucket adds a bucket, changes it and lets its events in, and looks that
// no answer tells its secret.
func TestBucket(t *testing.T) {
	h := newHouse(t)
	ask := func(want int, method, path, body string) answered {
		t.Helper()
		a := h.call("owner", method, path, body)
		if a.status != want {
			t.Fatalf("%s %s %s: %d, want %d: %s", method, path, body, a.status, want, a.body)
		}
		if strings.Contains(a.body, "hunter2") || strings.Contains(a.body, "hunter3") {
			t.Errorf("%s %s tells a secret: %s", method, path, a.body)
		}
		return a
	}
	settings := func(a answered) map[string]any { return a.json(t)["settings"].(map[string]any) }

	wrong := ask(422, "POST", "/libraries", `{"location":"s3://b?prefix=x","secret":{"key":"hunter3"}}`)
	if !strings.Contains(wrong.body, "the key is wrong") {
		t.Errorf("no reason: %s", wrong.body)
	}
	ask(422, "POST", "/libraries", `{"location":"s3://b","secret":{"key":["hunter2"]}}`)
	ask(422, "POST", "/libraries", `{"location":"s3://b","secret":{"hunter2 ":"x"},"force":true}`)
	ask(422, "POST", "/libraries", `{"location":"DIR/more","secret":{"key":"hunter2"},"force":true}`)
	tried := ask(200, "POST", "/libraries/test", `{"location":"s3://b?prefix=x","secret":{"key":"hunter3"}}`).json(t)
	if tried["works"] != false || !strings.Contains(fmt.Sprint(tried["steps"]), "the key is wrong") {
		t.Errorf("a trial with the wrong secret: %v", tried)
	}
	tried = ask(200, "POST", "/libraries/test", `{"location":"s3://b?prefix=x","secret":{"key":"hunter2"}}`).json(t)
	if tried["works"] != true || fmt.Sprint(tried["keys"]) != "[a.tak]" {
		t.Errorf("a trial with the right secret: %v", tried)
	}

	added := ask(201, "POST", "/libraries", `{"location":"s3://b?prefix=x","name":"Cloud","secret":{"key":"hunter2"}}`)
	if m := added.json(t); m["location"] != "s3://b/x" || m["number"] != 3.0 || settings(added)["secret"] != true || settings(added)["redirect"] != "off" {
		t.Errorf("added %s", added.body)
	}
	ask(409, "POST", "/libraries", `{"location":"s3://b/x/y","secret":{"key":"hunter2"}}`)
	if m := ask(200, "POST", "/libraries/3/test", "").json(t); m["works"] != true {
		t.Errorf("the library does not work: %v", m)
	}
	ask(422, "PATCH", "/libraries/3", `{"secret":{"key":"hunter3"}}`)
	ask(200, "PATCH", "/libraries/3", `{"secret":{"key":"hunter3"},"force":true}`)
	if m := ask(200, "POST", "/libraries/3/test", "").json(t); m["works"] != false {
		t.Errorf("the library works with the wrong secret: %v", m)
	}
	if got := settings(ask(200, "PATCH", "/libraries/3", `{"secret":{}}`)); got["secret"] != false {
		t.Errorf("the secret is not dropped: %v", got)
	}
	changed := settings(ask(200, "PATCH", "/libraries/3", `{"redirect":"download","copiesOf":1,"prices":{"gets":0.4,"bytes":90},"requestCap":5,"byteCap":6}`))
	for name, want := range map[string]any{"redirect": "download", "copiesOf": 1.0, "requestCap": 5.0, "byteCap": 6.0} {
		if changed[name] != want {
			t.Errorf("%s is %v, want %v", name, changed[name], want)
		}
	}
	if got := fmt.Sprint(changed["prices"]); got != "map[bytes:90 gets:0.4]" {
		t.Errorf("prices %s", got)
	}
	if got := settings(ask(200, "PATCH", "/libraries/3", `{"copiesOf":0}`)); got["copiesOf"] != 0.0 || got["redirect"] != "download" {
		t.Errorf("what was not named has changed: %v", got)
	}
	for _, bad := range []string{`{"copiesOf":3}`, `{"copiesOf":9}`, `{"redirect":"sometimes"}`, `{"prices":{"gets":-1}}`, `{"requestCap":-1}`} {
		ask(422, "PATCH", "/libraries/3", bad)
	}
	ask(422, "PATCH", "/libraries/1", `{"redirect":"all"}`)
	ask(200, "PATCH", "/libraries/3", `{"copiesOf":1}`)
	ask(409, "PATCH", "/libraries/1", `{"copiesOf":2}`)
	ask(409, "PATCH", "/libraries/2", `{"copiesOf":3}`)

	hook := ask(200, "POST", "/libraries/3/hook", "").json(t)
	secret, _ := hook["secret"].(string)
	if hook["path"] != "/music/hooks/bucket/3" || !strings.HasPrefix(secret, manage.HookPrefix) {
		t.Errorf("%v", hook)
	}
	shown := ask(200, "GET", "/libraries/3", "")
	if settings(shown)["events"] != true || strings.Contains(shown.body, secret) {
		t.Errorf("%s", shown.body)
	}
	if again, _ := ask(200, "POST", "/libraries/3/hook", "").json(t)["secret"].(string); again == secret {
		t.Error("the same secret twice")
	}
	ask(204, "DELETE", "/libraries/3/hook", "")
	if settings(ask(200, "GET", "/libraries/3", ""))["events"] != false {
		t.Error("the secret of events stays")
	}
	if got := h.call("ana", "GET", "/libraries/1", "").body; strings.Contains(got, "settings") {
		t.Errorf("ana sees settings: %s", got)
	}
}

func TestWhy(t *testing.T) {
	h := newHouse(t)
	h.scan(1)
	a := h.call("ana", "GET", "/albums/"+h.album(1, "a/one.tak")+"/why", "")
	var w Why
	if err := json.Unmarshal([]byte(a.body), &w); err != nil || a.status != 200 {
		t.Fatalf("%d %v: %s", a.status, err, a.body)
	}
	if w.Album.Name != "a" || w.Album.Songs != 2 || len(w.Songs) != 2 || w.Songs[0].Rule != "folder" || w.Songs[0].Path != "a/one.tak" {
		t.Errorf("%+v", w)
	}
	if !slices.Contains(w.Songs[0].Evidence, Evidence{"album", "a", "the folder's name"}) {
		t.Errorf("%+v", w.Songs[0].Evidence)
	}
	if a := h.call("ana", "GET", "/albums/so-0000000000000/why", ""); a.status != 404 {
		t.Errorf("a song's id: %d", a.status)
	}
}

func TestPages(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		query string
		want  string
	}{
		{"", "ana bo owner"}, {"?limit=1", "ana"}, {"?limit=2&offset=1", "bo owner"}, {"?offset=7", ""},
	} {
		m := h.call("owner", "GET", "/users"+c.query, "").json(t)
		var names []string
		for _, u := range m["items"].([]any) {
			names = append(names, u.(map[string]any)["name"].(string))
		}
		if got := strings.Join(names, " "); got != c.want || m["total"] != 3.0 {
			t.Errorf("%s: %q of %v, want %q of 3", c.query, got, m["total"], c.want)
		}
	}
	if a := h.call("owner", "GET", "/users?limit=501", ""); a.status != 422 {
		t.Errorf("a page of 501: %d", a.status)
	}
}

func TestRefusals(t *testing.T) {
	h := newHouse(t)
	put(t, h.dir, "more/x.tak", "")
	for _, c := range []struct {
		name, who, method, path, body string
		want                          int
		detail                        string
	}{
		{"an own password without the current one", "ana", "PUT", "/users/" + id(h.users["ana"]) + "/password", `{"password":"another one"}`, 403, "current password"},
		{"a short password", "owner", "PUT", "/users/" + id(h.users["ana"]) + "/password", `{"password":"short"}`, 422, ""},
		{"a taken name", "owner", "POST", "/users", `{"name":"ANA","password":"long enough"}`, 409, "taken"},
		{"a user in no library", "owner", "POST", "/users", `{"name":"x","password":"long enough","libraries":[9]}`, 404, "library 9"},
		{"an unknown field", "owner", "POST", "/users", `{"name":"x","password":"long enough","root":true}`, 422, ""},
		{"no JSON", "owner", "POST", "/users", `name=x`, 400, ""},
		{"an id of another kind", "owner", "GET", "/users/" + strings.Replace(id(h.users["ana"]), "us-", "so-", 1), "", 404, ""},
		{"oneself", "owner", "DELETE", "/users/" + id(h.users["owner"]), "", 409, "themselves"},
		{"the own admin role", "owner", "PATCH", "/users/" + id(h.users["owner"]), `{"roles":{"admin":false,"settings":true,"stream":true,"download":true,"upload":true,"playlist":true,"coverArt":true,"comment":true,"podcast":true,"jukebox":true,"share":true,"video":true}}`, 409, "themselves"},
		{"all libraries and some", "owner", "PATCH", "/users/" + id(h.users["ana"]), `{"allLibraries":true,"libraries":[1]}`, 422, ""},
		{"a secret of an unknown scope", "ana", "POST", "/users/" + id(h.users["ana"]) + "/secrets", `{"name":"x","scope":"root"}`, 422, ""},
		{"a secret for a library that is hidden", "ana", "POST", "/users/" + id(h.users["ana"]) + "/secrets", `{"name":"x","scope":"library","library":2}`, 404, ""},
		{"a relative place", "owner", "POST", "/libraries", `{"location":"music"}`, 422, ""},
		{"a place that is not there", "owner", "POST", "/libraries", `{"location":"` + h.dir + `/gone"}`, 422, "can't be listed"},
		{"a scheme that nobody speaks", "owner", "POST", "/libraries", `{"location":"gopher://x/y"}`, 422, ""},
		{"a place in another library", "owner", "POST", "/libraries", `{"location":"` + h.dir + `/open/a"}`, 409, ""},
		{"a place that the server needs", "owner", "POST", "/libraries", `{"location":"` + h.dir + `/state"}`, 422, "no library may lie there"},
		{"a name that another library has", "owner", "PATCH", "/libraries/1", `{"name":"hidden"}`, 409, ""},
		{"a reader of all libraries", "owner", "DELETE", "/libraries/1/readers/" + id(h.users["owner"]), "", 409, ""},
		{"a scan of no library", "owner", "POST", "/scans", `{"libraries":[1,9]}`, 404, ""},
		{"acceptance of everything", "owner", "POST", "/scans", `{"acceptMissing":true}`, 422, ""},
		{"a wrong password", "", "POST", "/session", `{"name":"ana","password":"hunter22"}`, 401, models.ErrLogin.Error()},
		{"an unknown name", "", "POST", "/session", `{"name":"nobody","password":"hunter22"}`, 401, models.ErrLogin.Error()},
		{"a body of more than a megabyte", "owner", "POST", "/users", `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := *h
			h.t = t
			a := h.call(c.who, c.method, c.path, c.body)
			if a.status != c.want || !strings.Contains(a.body, c.detail) {
				t.Errorf("%d, want %d with %q\n%s", a.status, c.want, c.detail, a.body)
			}
			if a.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("content type %s", a.header.Get("Content-Type"))
			}
			if strings.Contains(a.body, `"value"`) || strings.Contains(a.body, "hunter22") {
				t.Errorf("what was sent is repeated: %s", a.body)
			}
		})
	}
	if scanning, _ := h.scans.Status(); scanning {
		t.Error("a refused order was queued")
	}
}

func TestALibraryOfTheConfigurationStays(t *testing.T) {
	h := newHouse(t)
	if _, err := h.catalog.EnsureConfigured(t.Context(), []models.Library{{Name: "Open", Location: filepath.Join(h.dir, "open")}}); err != nil {
		t.Fatal(err)
	}
	if a := h.call("owner", "DELETE", "/libraries/1", ""); a.status != 409 || !strings.Contains(a.body, "configuration") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestKindOfALibrary(t *testing.T) {
	h := newHouse(t)
	if a := h.call("owner", "PATCH", "/libraries/1", `{"kind":"audiobook"}`); a.status != 200 || a.json(t)["kind"] != "audiobook" || a.json(t)["name"] != "Open" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := h.call("owner", "PATCH", "/libraries/1", `{"kind":"film"}`); a.status != 422 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if _, err := h.catalog.EnsureConfigured(t.Context(), []models.Library{{Name: "Open", Location: filepath.Join(h.dir, "open"), Kind: models.LibraryAudiobook}}); err != nil {
		t.Fatal(err)
	}
	if a := h.call("owner", "PATCH", "/libraries/1", `{"kind":"music"}`); a.status != 409 || !strings.Contains(a.body, "--audiobooks") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A missing song is told of, and purged only when that is asked for.
func TestPurge(t *testing.T) {
	h := newHouse(t)
	put(t, h.dir, "open/gone.tak", "known by name only")
	h.scan(1)
	if err := os.Remove(filepath.Join(h.dir, "open/gone.tak")); err != nil {
		t.Fatal(err)
	}
	h.scan(1)
	missing := func(query string) (paths []string) {
		t.Helper()
		for _, s := range h.call("owner", "GET", "/libraries/1/missing"+query, "").json(t)["items"].([]any) {
			paths = append(paths, s.(map[string]any)["path"].(string))
		}
		return paths
	}
	if got := missing(""); !slices.Equal(got, []string{"gone.tak"}) {
		t.Fatalf("missing: %q", got)
	}
	if got := missing("?olderThanDays=1"); len(got) != 0 {
		t.Errorf("missing for a day: %q", got)
	}
	for _, x := range []struct {
		body    string
		applied bool
		songs   float64
	}{{`{"olderThanDays":0}`, false, 1}, {`{"olderThanDays":1,"apply":true}`, true, 0}, {`{"olderThanDays":0,"apply":true}`, true, 1}, {`{"olderThanDays":0,"apply":true}`, true, 0}} {
		a := h.call("owner", "POST", "/libraries/1/purge", x.body)
		if a.status != 200 || a.json(t)["applied"] != x.applied || a.json(t)["songs"] != x.songs {
			t.Errorf("%s: %d %s", x.body, a.status, a.body)
		}
	}
	if got := missing(""); len(got) != 0 {
		t.Errorf("after the purge: %q", got)
	}
	// While the alarm stands nothing is purged.
	if err := h.catalog.SetLibraryAlarm(t.Context(), 1, "half of it is away"); err != nil {
		t.Fatal(err)
	}
	if a := h.call("owner", "POST", "/libraries/1/purge", `{"olderThanDays":0,"apply":true}`); a.status != 409 || !strings.Contains(a.body, "alarm") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A library is copied to another folder and moves there.
func TestMove(t *testing.T) {
	h := newHouse(t)
	h.scan(1)
	ids := func() (list []models.Key) {
		t.Helper()
		ana, err := h.catalog.UserByKey(t.Context(), h.users["ana"].Key)
		if err != nil {
			t.Fatal(err)
		}
		songs, err := h.catalog.RandomSongs(t.Context(), h.catalog.Viewer(ana), catalog.SongList{Size: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range songs {
			list = append(list, s.Key)
		}
		slices.Sort(list)
		return list
	}
	before := ids()
	for _, name := range []string{"one", "two"} {
		put(t, h.dir, "new/place/a/"+name+".tak", "known by name only")
	}
	put(t, h.dir, "new/other.tak", "another one")
	order := func(more string) string { return fmt.Sprintf(`{"location":%q%s}`, filepath.Join(h.dir, "new"), more) }
	a := h.call("owner", "POST", "/libraries/1/move", order(`,"dryRun":true`))
	if r := a.json(t); a.status != 200 || r["applied"] != false || r["songs"] != 2.0 || r["found"] != 2.0 || r["to"] != "place/" || r["new"].(map[string]any)["count"] != 1.0 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if l, err := h.catalog.Library(t.Context(), 1); err != nil || !strings.HasSuffix(l.Location, "/open") {
		t.Errorf("a dry run moves: %+v %v", l, err)
	}
	for location, status := range map[string]int{"hidden": 409, "hidden/x": 409, "open": 409, "nowhere": 503, "more": 409} {
		if location == "more" {
			put(t, h.dir, "more/x.tak", "no known song")
		}
		if a := h.call("owner", "POST", "/libraries/1/move", fmt.Sprintf(`{"location":%q}`, filepath.Join(h.dir, location))); a.status != status {
			t.Errorf("%s: %d %s", location, a.status, a.body)
		}
	}
	if a := h.call("owner", "POST", "/libraries/1/move", order("")); a.status != 200 || a.json(t)["applied"] != true {
		t.Errorf("%d %s", a.status, a.body)
	}
	if scanning, _ := h.scans.Status(); !scanning {
		t.Error("no scan is asked for")
	}
	h.scan(1)
	if after := ids(); len(after) != 3 || !slices.Contains(after, before[0]) || !slices.Contains(after, before[1]) {
		t.Errorf("songs %v are %v", before, after)
	}
}

// What a bucket was asked by day, with its price.
func TestUsage(t *testing.T) {
	h := newHouse(t)
	h.clock = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	day := usage.Day(h.clock)
	err := h.catalog.AddUsage(t.Context(), []catalog.Usage{
		{Library: 1, Day: day, Purpose: usage.Scan, Lists: 1000, Gets: 2000, Heads: 500, Bytes: 3e9, Throttled: 7},
		{Library: 1, Day: day, Purpose: usage.Play, Gets: 10},
		{Library: 1, Day: day - 2, Purpose: usage.Scan, Gets: 4}, // of February
		{Library: 2, Day: day, Purpose: usage.Scan, Gets: 99},
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := h.call("owner", "PATCH", "/libraries/1", `{"prices":{"lists":5,"heads":1,"gets":0.5,"bytes":0.1},"requestCap":4000}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	a := h.call("owner", "GET", "/libraries/1/usage", "")
	u := a.json(t)
	total, today := u["total"].(map[string]any), u["today"].(map[string]any)
	cost, _ := total["cost"].(float64)
	if days := u["days"].([]any); a.status != 200 || u["from"] != "2026-03-01" || u["to"] != "2026-03-02" || len(days) != 2 ||
		total["gets"] != 2010.0 || fmt.Sprintf("%.4f", cost) != "6.8050" || today["requests"] != 3500.0 || today["requestCap"] != 4000.0 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if u := h.call("owner", "GET", "/libraries/1/usage?from=2026-02-01&to=2026-02-28", "").json(t); u["total"].(map[string]any)["gets"] != 4.0 || u["today"].(map[string]any)["requests"] != 3500.0 {
		t.Errorf("of February: %v", u)
	}
	for path, status := range map[string]int{
		"/libraries/1/usage?from=2026-02-30": 422, "/libraries/1/usage?from=2026-03-02&to=2026-03-01": 422, "/libraries/9/usage": 404,
	} {
		if a := h.call("owner", "GET", path, ""); a.status != status {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

func TestAUsersLife(t *testing.T) {
	h := newHouse(t)
	a := h.call("owner", "POST", "/users", `{"name":"Cy","password":"first password","libraries":[2]}`)
	if a.status != 201 {
		t.Fatal(a.body)
	}
	cy := a.json(t)["id"].(string)
	if got := fmt.Sprint(a.json(t)["libraries"]); got != "[2]" {
		t.Errorf("libraries %s", got)
	}
	a = h.call("owner", "PATCH", "/users/"+cy, `{"name":"Cyd","allLibraries":true}`)
	if m := a.json(t); m["name"] != "Cyd" || m["allLibraries"] != true || fmt.Sprint(m["libraries"]) != "[1 2]" {
		t.Error(a.body)
	}
	a = h.call("owner", "PATCH", "/users/"+cy, `{"allLibraries":false}`)
	if m := a.json(t); m["allLibraries"] != false || fmt.Sprint(m["libraries"]) != "[1 2]" {
		t.Error(a.body)
	}
	a = h.call("owner", "POST", "/users/"+cy+"/secrets", `{"name":"phone","scope":"library","library":2}`)
	clear, _ := a.json(t)["secret"].(string)
	if a.status != 201 || !strings.HasPrefix(clear, auth.SecretPrefix) {
		t.Fatal(a.body)
	}
	if list := h.call("owner", "GET", "/users/"+cy+"/secrets", ""); strings.Contains(list.body, clear) || !strings.Contains(list.body, `"phone"`) {
		t.Error(list.body)
	}
	h.secrets["cy"] = clear
	if m := h.call("cy", "GET", "/me", "").json(t); m["name"] != "Cyd" || m["scope"] != "library" || fmt.Sprint(m["libraries"]) != "[2]" {
		t.Error(m)
	}
	if a := h.call("owner", "DELETE", "/users/"+cy, ""); a.status != 204 {
		t.Error(a.body)
	}
	if a := h.call("cy", "GET", "/me", ""); a.status != 401 {
		t.Errorf("after removal: %d", a.status)
	}
}

func (h *house) signIn(header ...string) *http.Cookie {
	h.t.Helper()
	a := h.call("", "POST", "/session", `{"name":"owner","password":"password of owner"}`, header...)
	res := http.Response{Header: a.header}
	if a.status != 200 || len(res.Cookies()) != 1 {
		h.t.Fatalf("%d %s %v", a.status, a.body, a.header)
	}
	return res.Cookies()[0]
}

func TestCookie(t *testing.T) {
	h := newHouse(t)
	c := h.signIn()
	if c.Name != session.Cookie || c.Path != "/music/" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure {
		t.Errorf("%+v", c)
	}
	if life := time.Until(c.Expires); life > auth.SessionLife || life < auth.SessionLife-time.Hour {
		t.Errorf("lasts %v", life)
	}
	if c := h.signIn("X-Forwarded-Proto", "https"); !c.Secure {
		t.Error("not secure behind a trusted proxy that speaks https")
	}
	h.api.Door.Proxies = nil
	if c := h.signIn("X-Forwarded-Proto", "https"); c.Secure {
		t.Error("anybody is believed about https")
	}
	cookie := c.Name + "=" + c.Value
	if a := h.call("", "GET", "/me", "", "Cookie", cookie); a.status != 200 || a.json(t)["scope"] != "full" {
		t.Error(a.body)
	}
	if a := h.call("", "DELETE", "/session", "", "Cookie", cookie); a.status != 204 || !strings.Contains(a.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("%d %v", a.status, a.header)
	}
	if a := h.call("", "GET", "/me", "", "Cookie", cookie); a.status != 401 {
		t.Errorf("after signing out: %d", a.status)
	}
}

func TestSessionsExpire(t *testing.T) {
	h := newHouse(t)
	hash := sha256.Sum256([]byte("old"))
	if err := h.catalog.CreateSession(t.Context(), hash[:], h.users["owner"].Key, time.Now().Add(-time.Second).UnixMilli()); err != nil {
		t.Fatal(err)
	}
	if a := h.call("", "GET", "/me", "", "Cookie", session.Cookie+"=old"); a.status != 401 {
		t.Errorf("%d", a.status)
	}
}

func TestAnotherSitesPage(t *testing.T) {
	h := newHouse(t)
	c := h.signIn()
	cookie := c.Name + "=" + c.Value
	own, err := url.Parse(h.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []struct {
		header []string
		want   int
	}{
		{[]string{"Sec-Fetch-Site", "same-origin"}, 202},
		{[]string{"Sec-Fetch-Site", "none"}, 202},
		{[]string{"Sec-Fetch-Site", "same-site"}, 403},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		{[]string{"Origin", "http://" + own.Host}, 202},
		{[]string{"Origin", "http://evil.example"}, 403},
		{[]string{"Origin", "null"}, 403},
		{nil, 202},
	} {
		if a := h.call("", "POST", "/scans", `{"libraries":[1]}`, append(k.header, "Cookie", cookie)...); a.status != k.want {
			t.Errorf("%v: %d, want %d", k.header, a.status, k.want)
		}
	}
	if a := h.call("", "POST", "/session", `{"name":"owner","password":"password of owner"}`, "Sec-Fetch-Site", "cross-site"); a.status != 403 || a.header.Get("Set-Cookie") != "" {
		t.Errorf("signed in from elsewhere: %d", a.status)
	}
	if a := h.call("owner", "POST", "/scans", `{"libraries":[1]}`, "Sec-Fetch-Site", "cross-site"); a.status != 202 {
		t.Errorf("a bearer token is nothing that another page has: %d", a.status)
	}
}

func TestOwnPasswordKeepsTheSession(t *testing.T) {
	h := newHouse(t)
	c := h.signIn()
	cookie := c.Name + "=" + c.Value
	a := h.call("", "PUT", "/users/"+id(h.users["owner"])+"/password", `{"password":"a new password","current":"password of owner"}`, "Cookie", cookie)
	fresh := (&http.Response{Header: a.header}).Cookies()
	if a.status != 204 || len(fresh) != 1 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if a := h.call("", "GET", "/me", "", "Cookie", cookie); a.status != 401 {
		t.Errorf("the old session goes on: %d", a.status)
	}
	if a := h.call("", "GET", "/me", "", "Cookie", fresh[0].Name+"="+fresh[0].Value); a.status != 200 {
		t.Errorf("the new session: %d", a.status)
	}
}

// stream opens the events as who and returns a channel of "event data" pairs,
// closed at the end.
func (h *house) stream(ctx context.Context, who string) <-chan [2]string {
	h.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, h.server.URL+"/api/v1/scans/events", nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.secrets[who])
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		h.t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	out := make(chan [2]string, 100)
	go func() {
		defer res.Body.Close()
		defer close(out)
		lines := bufio.NewScanner(res.Body)
		var name string
		for lines.Scan() {
			if s, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = s
			} else if s, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				out <- [2]string{name, s}
			}
		}
	}()
	return out
}

func next(t *testing.T, events <-chan [2]string) (name, data string, ok bool) {
	t.Helper()
	select {
	case e, ok := <-events:
		return e[0], e[1], ok
	case <-time.After(20 * time.Second):
		t.Fatal("no event")
		return "", "", false
	}
}

func TestEvents(t *testing.T) {
	h := newHouse(t)
	h.run()
	ctx, leave := context.WithCancel(t.Context())
	owner, ana, bo := h.stream(ctx, "owner"), h.stream(ctx, "ana"), h.stream(ctx, "bo")
	for _, events := range []<-chan [2]string{owner, ana, bo} {
		if name, data, _ := next(t, events); name != "idle" || data != "{}" {
			t.Errorf("first: %s %s", name, data)
		}
	}
	if a := h.call("owner", "POST", "/scans", `{"libraries":[2,1],"full":true}`); a.status != 202 {
		t.Fatal(a.body)
	}
	ends := func(events <-chan [2]string) Progress {
		t.Helper()
		for {
			name, data, ok := next(t, events)
			if !ok {
				t.Fatal("the stream ended")
			}
			var p Progress
			if err := json.Unmarshal([]byte(data), &p); err != nil {
				t.Fatal(err)
			}
			if name == "done" {
				return p
			}
		}
	}
	for _, n := range []int{2, 1} {
		if p := ends(owner); p.Library != n || p.Running || p.Scan == nil || p.Scan.State != models.ScanDone || p.Scan.Mode != "full" {
			t.Errorf("owner: %+v", p)
		}
	}
	if p := ends(ana); p.Library != 1 || p.Scan.Failed+p.Scan.Added == 0 {
		t.Errorf("ana: %+v", p)
	}
	leave()
	for _, events := range []<-chan [2]string{owner, ana, bo} {
		if name, data, ok := next(t, events); ok {
			t.Errorf("told beyond what is known: %s %s", name, data)
		}
	}
}

func TestEventsEndWithTheServer(t *testing.T) {
	h := newHouse(t)
	events := h.stream(t.Context(), "owner")
	next(t, events)
	close(h.stop)
	if name, _, ok := next(t, events); ok {
		t.Errorf("one more: %s", name)
	}
}

func TestEventsEndWithTheRight(t *testing.T) {
	h := newHouse(t)
	h.run()
	events := h.stream(t.Context(), "ana")
	next(t, events)
	if err := h.catalog.RemoveUser(t.Context(), h.users["ana"].Key); err != nil {
		t.Fatal(err)
	}
	if a := h.call("owner", "POST", "/scans", `{"libraries":[1]}`); a.status != 202 {
		t.Fatal(a.body)
	}
	if name, data, ok := next(t, events); ok {
		t.Errorf("one more: %s %s", name, data)
	}
}

func TestProblems(t *testing.T) {
	h := newHouse(t)
	run := h.scan(1)
	m := h.call("owner", "GET", "/scans/"+runID(run)+"/problems?limit=1", "").json(t)
	items := m["items"].([]any)
	if len(items) != 1 || m["total"] != 1.0 || items[0].(map[string]any)["key"] != "a/broken.flac" {
		t.Errorf("%v", m)
	}
	if err := h.catalog.SetUserLibraries(t.Context(), h.users["owner"].Key, []int{2}); err != nil {
		t.Fatal(err)
	}
	if a := h.call("owner", "GET", "/scans/"+runID(run)+"/problems", ""); a.status != 403 || strings.Contains(a.body, "broken") {
		t.Errorf("an administrator without rights: %d %s", a.status, a.body)
	}
}

func TestDocument(t *testing.T) {
	h := newHouse(t)
	a := h.call("", "GET", "/openapi.json", "")
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil || doc.OpenAPI != "3.1.0" {
		t.Fatalf("%v, OpenAPI %q", err, doc.OpenAPI)
	}
	if strings.Contains(a.body, "unpkg") || strings.Contains(a.body, "<script") {
		t.Error("the document names scripts")
	}
	e := echo.New()
	New(h.api.Config).Mount(e.Group("/api/v1"))
	parameter := regexp.MustCompile(`:(\w+)`)
	mounted := 0
	for _, r := range e.Routes() {
		path := parameter.ReplaceAllString(strings.TrimPrefix(r.Path, "/api/v1"), "{$1}")
		if path == "" || path == "/*" || path == "/openapi.json" || r.Method == echo.RouteNotFound {
			continue
		}
		mounted++
		if doc.Paths[path][strings.ToLower(r.Method)] == nil {
			t.Errorf("%s %s is not in the document", r.Method, path)
		}
	}
	described := 0
	for _, item := range doc.Paths {
		described += len(item)
	}
	if mounted == 0 || mounted != described {
		t.Errorf("%d routes are mounted, %d described", mounted, described)
	}
	if *update {
		if err := os.WriteFile(documentFile, []byte(a.body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, []byte(a.body)) {
		t.Error("docs/openapi.json is not current: go test ./server/api -update")
	}
	if h := h.call("", "GET", "/docs", ""); h.status != 404 {
		t.Errorf("/docs answers %d", h.status)
	}
}
