package admin

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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

// folders opens the stores of libraries in folders.
type folders struct{ catalog *catalog.Catalog }

func (f folders) Store(ctx context.Context, n int) (storage.Store, error) {
	l, err := f.catalog.Library(ctx, n)
	if err != nil {
		return nil, err
	}
	return open(ctx, l.Location, nil, false)
}

func open(_ context.Context, location string, secret storage.Secret, _ bool) (storage.Store, error) {
	u, err := storage.Parse(location)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "s3" {
		if secret["key"] != "hunter2" {
			return nil, fmt.Errorf("the key is wrong: %w", models.ErrInvalid)
		}
		return mem.New(map[string]string{"a.tak": "known by name only"}), nil
	}
	return local.New(u.Path, local.Options{})
}

// house is a server with the libraries 1 Open (one.tak, broken.flac) and 2
// Hidden, the administrator owner and ana, who reads Open. A folder "more"
// lies beside them.
type house struct {
	t       *testing.T
	dir     string
	catalog *catalog.Catalog
	auth    *auth.Service
	scans   *scans.Manager
	server  *httptest.Server
	owner   *models.User
	ana     *models.User
	secret  *models.Credential // of ana
	run     *models.ScanRun    // of Open
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir()}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	state := t.TempDir()
	var err error
	h.catalog, err = catalog.Open(t.Context(), catalog.Options{Location: "sqlite:" + filepath.Join(state, "c.db")})
	must(err)
	t.Cleanup(func() { h.catalog.Close() })
	h.auth, err = auth.New(t.Context(), auth.Options{Catalog: h.catalog, KeyFile: filepath.Join(state, "key"), AppPasswords: true})
	must(err)
	t.Cleanup(func() { h.auth.Close() })
	for _, name := range []string{"open/one.tak", "open/broken.flac", "hidden/x.tak", "more/y.tak"} {
		file := filepath.Join(h.dir, name)
		must(os.MkdirAll(filepath.Dir(file), 0o755))
		must(os.WriteFile(file, []byte("known by name only"), 0o644))
	}
	for _, name := range []string{"Open", "Hidden"} {
		_, err := h.catalog.AddLibrary(t.Context(), &models.Library{Name: name, Location: filepath.Join(h.dir, strings.ToLower(name))})
		must(err)
	}
	h.owner, err = h.auth.CreateOwner(t.Context(), "owner", "password of owner")
	must(err)
	h.ana = &models.User{Name: "ana", Roles: manage.NewRoles(false)}
	must(h.auth.Create(t.Context(), h.ana, "password of ana", []int{1}))
	_, h.secret, err = h.auth.NewSecret(t.Context(), h.ana.Key, auth.Secret{Name: "radio", Scope: models.ScopeFull})
	must(err)
	h.scans = scans.New(h.catalog, folders{h.catalog}, scanner.New(h.catalog, scanner.Options{}), scans.Options{})
	h.run, err = h.scans.Scan(t.Context(), scans.Order{Library: 1}, nil)
	must(err)
	e := echo.New()
	e.IPExtractor = echo.ExtractIPDirect()
	New(Config{
		Manage:  manage.New(manage.Config{Catalog: h.catalog, Auth: h.auth, Scans: h.scans, Usage: usage.New(h.catalog, usage.Options{}), Open: open, OpenLibrary: folders{h.catalog}.Store}),
		Door:    &session.Door{Auth: h.auth},
		Version: "test",
	}).Mount(e.Group("/admin"))
	h.server = httptest.NewServer(e)
	t.Cleanup(h.server.Close)
	return h
}

// browser keeps cookies and follows no redirects.
type browser struct {
	*house
	client http.Client
	token  string
}

func (h *house) browser(name string) *browser {
	h.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	b := &browser{house: h, client: http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if name != "" {
		b.signIn(name, "password of "+name)
	}
	return b
}

func (b *browser) signIn(name, password string) {
	b.t.Helper()
	if status, _, to := b.post("signin", url.Values{"name": {name}, "password": {password}}); status != http.StatusSeeOther || to != "" {
		b.t.Fatalf("%s can't sign in: %d", name, status)
	}
	_, body, _ := b.get("users/" + id(models.KindUser, b.key(name)))
	b.token = formToken.FindStringSubmatch(body)[1]
}

func (h *house) key(name string) models.Key {
	u, err := h.catalog.UserByName(h.t.Context(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	return u.Key
}

var formToken = regexp.MustCompile(`name="token" value="([^"]+)"`)

func id(kind models.Kind, k models.Key) string { return models.ID{Kind: kind, Key: k}.String() }

// ask sends a request to a page below /admin/ and returns where it redirects
// to, below the same. Every answer is held to what all promise.
func (b *browser) ask(method, page string, form url.Values, header ...string) (status int, body, to string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+"/admin/"+page, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if got := res.Header.Get("Content-Security-Policy"); got != policy {
		b.t.Errorf("%s %s: policy %q", method, page, got)
	}
	if strings.Contains(string(raw), "<script") || strings.Contains(string(raw), " style=") || strings.Contains(string(raw), "javascript:") {
		b.t.Errorf("%s %s holds what the policy forbids", method, page)
	}
	if l := res.Header.Get("Location"); l != "" {
		if strings.HasPrefix(l, "/") || strings.Contains(l, "://") {
			b.t.Errorf("%s %s leads to %q, which a base path breaks", method, page, l)
		}
		to = strings.TrimPrefix(path.Join("/admin", path.Dir("/"+page), l), "/admin")
		to = strings.TrimPrefix(to, "/")
	}
	return res.StatusCode, string(raw), to
}

func (b *browser) get(page string) (int, string, string) {
	b.t.Helper()
	return b.ask("GET", page, nil)
}

// post sends a form with the session's token.
func (b *browser) post(page string, form url.Values) (int, string, string) {
	b.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	if b.token != "" {
		form.Set("token", b.token)
	}
	return b.ask("POST", page, form)
}

// done sends a form that works, and returns the page that it leads to.
func (b *browser) done(page string, form url.Values, to string) string {
	b.t.Helper()
	status, body, went := b.post(page, form)
	if status != http.StatusSeeOther || went != to {
		b.t.Fatalf("POST %s: %d to %q, want 303 to %q\n%s", page, status, went, to, body)
	}
	status, body, _ = b.get(went)
	if status != http.StatusOK {
		b.t.Fatalf("GET %s: %d", went, status)
	}
	return body
}

func wants(t *testing.T, body string, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if !strings.Contains(body, s) {
			t.Errorf("%q is not on the page\n%s", s, body)
		}
	}
}

func lacks(t *testing.T, body string, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if strings.Contains(body, s) {
			t.Errorf("%q is on the page", s)
		}
	}
}

// TestEveryPageByEveryCaller asks as nobody, as ana and as owner.
func TestEveryPageByEveryCaller(t *testing.T) {
	// USER is owner, ANA ana, SECRET hers, SCAN the scan of library 1.
	cases := []struct {
		method, page string
		form         url.Values
		want         [3]int
	}{
		{"GET", "style.css", nil, [3]int{200, 200, 200}},
		{"GET", "signin", nil, [3]int{200, 303, 303}},
		{"GET", "", nil, [3]int{303, 303, 200}},
		{"GET", "nothing", nil, [3]int{303, 404, 404}},
		{"GET", "users", nil, [3]int{303, 403, 200}},
		{"GET", "users/ANA", nil, [3]int{303, 200, 200}},
		{"GET", "users/USER", nil, [3]int{303, 404, 200}},
		{"GET", "users/ANA/remove", nil, [3]int{303, 404, 200}},
		{"GET", "libraries/new", nil, [3]int{303, 404, 200}},
		{"GET", "libraries/1", nil, [3]int{303, 404, 200}},
		{"GET", "libraries/9", nil, [3]int{303, 404, 404}},
		{"GET", "libraries/1/move", nil, [3]int{303, 404, 200}},
		{"POST", "libraries/1/move", url.Values{"location": {"DIR/more"}, "look": {"1"}}, [3]int{303, 404, 200}},
		{"GET", "libraries/2/remove", nil, [3]int{303, 404, 200}},
		{"GET", "scans/SCAN", nil, [3]int{303, 403, 200}},
		{"POST", "scans", url.Values{"library": {"1"}}, [3]int{303, 403, 303}},
		{"POST", "scans/stop", nil, [3]int{303, 403, 303}},
		{"POST", "users", url.Values{"name": {"new"}, "password": {"long enough"}, "all": {"1"}}, [3]int{303, 403, 303}},
		{"POST", "users/USER", url.Values{"name": {"boss"}, "role": {"admin"}, "all": {"1"}}, [3]int{303, 404, 303}},
		{"POST", "users/USER/password", url.Values{"password": {"long enough"}, "again": {"long enough"}}, [3]int{303, 404, 403}},
		{"POST", "users/USER/secrets", url.Values{"name": {"x"}, "scope": {"full"}}, [3]int{303, 404, 303}},
		{"POST", "users/ANA/secrets/SECRET/revoke", nil, [3]int{303, 303, 404}},
		{"POST", "libraries", url.Values{"location": {"DIR/more"}}, [3]int{303, 404, 303}},
		{"POST", "libraries/2", url.Values{"name": {"Other"}}, [3]int{303, 404, 303}},
		{"POST", "libraries/2/readers", nil, [3]int{303, 403, 303}},
		{"POST", "libraries/2/remove", nil, [3]int{303, 404, 303}},
		{"POST", "users/ANA/remove", nil, [3]int{303, 403, 303}},
		{"POST", "signout", nil, [3]int{303, 303, 303}},
	}
	h := newHouse(t)
	browsers := []*browser{h.browser(""), h.browser("ana"), h.browser("owner")}
	fill := strings.NewReplacer("USER", id(models.KindUser, h.owner.Key), "ANA", id(models.KindUser, h.ana.Key),
		"SECRET", id(models.KindCredential, h.secret.Key), "SCAN", id(models.KindRun, h.run.Key), "DIR", h.dir)
	for _, c := range cases {
		for i, b := range browsers {
			// ana is gone, or has signed out, when owner does the same.
			form := url.Values{"token": {b.token}}
			for k, v := range c.form {
				form.Set(k, fill.Replace(v[0]))
			}
			status, body, to := b.ask(c.method, fill.Replace(c.page), form)
			if status != c.want[i] {
				t.Errorf("%s %s as %d: %d, want %d\n%s", c.method, c.page, i, status, c.want[i], body)
			}
			if i == 0 && status == http.StatusSeeOther && to != "signin" {
				t.Errorf("%s %s sends nobody to %q", c.method, c.page, to)
			}
			if i == 1 {
				lacks(t, body, "Hidden", h.dir)
			}
		}
	}
}

func TestFormsNeedTheSessionsToken(t *testing.T) {
	h := newHouse(t)
	owner, ana := h.browser("owner"), h.browser("ana")
	for _, k := range []struct {
		name, token string
		header      []string
		want        int
	}{
		{"none", "", nil, 403},
		{"another session's", ana.token, nil, 403},
		{"the own one, from elsewhere", owner.token, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"the own one, from a neighbour", owner.token, []string{"Origin", "http://evil.example"}, 403},
		{"the own one", owner.token, []string{"Sec-Fetch-Site", "same-origin"}, 303},
	} {
		status, body, _ := owner.ask("POST", "scans", url.Values{"token": {k.token}, "library": {"2"}}, k.header...)
		if status != k.want {
			t.Errorf("%s: %d, want %d\n%s", k.name, status, k.want, body)
		}
		if scanning, _ := h.scans.Status(); scanning != (k.want == 303) {
			t.Errorf("%s: scanning %v", k.name, scanning)
		}
	}
	if status, _, _ := owner.ask("POST", "signin", url.Values{"name": {"ana"}, "password": {"password of ana"}}, "Sec-Fetch-Site", "cross-site"); status != 403 {
		t.Errorf("signed in from elsewhere: %d", status)
	}
}

func TestSignIn(t *testing.T) {
	h := newHouse(t)
	b := h.browser("")
	status, body, _ := b.post("signin", url.Values{"name": {"ana"}, "password": {"wrong one"}})
	if status != 401 {
		t.Errorf("a wrong password: %d", status)
	}
	wants(t, body, `value="ana"`, "Wrong user name or password.", `<label for="password">`)
	lacks(t, body, "wrong one")
	b.signIn("ana", "password of ana")
	if status, _, to := b.get(""); status != 303 || to != "users/"+id(models.KindUser, h.ana.Key) {
		t.Errorf("ana begins at %d %s", status, to)
	}
	if status, _, to := b.post("signout", nil); status != 303 || to != "signin" {
		t.Errorf("signed out to %d %s", status, to)
	}
	if _, _, to := b.get("users"); to != "signin" {
		t.Errorf("after signing out: %s", to)
	}
}

func TestOwnPage(t *testing.T) {
	h := newHouse(t)
	b := h.browser("ana")
	own := "users/" + id(models.KindUser, h.ana.Key)
	_, body, _ := b.get(own)
	wants(t, body, "Connect an app", h.server.URL, "radio", "<li>Open</li>")
	lacks(t, body, "Hidden", "Name and rights", "Administrator", ">Users</a>")

	body = b.done(own+"/secrets", url.Values{"name": {"phone"}, "scope": {"library 1"}}, own)
	clear := regexp.MustCompile(auth.SecretPrefix + `[a-z0-9]{32}`).FindString(body)
	if clear == "" {
		t.Fatalf("no secret is shown\n%s", body)
	}
	wants(t, body, "only Open", "“phone”")
	if i, err := h.auth.Login(t.Context(), models.Attempt{APIKey: clear}); err != nil || i.Library != 1 {
		t.Errorf("the secret opens %+v, %v", i, err)
	}
	_, body, _ = b.get(own)
	lacks(t, body, clear)

	if status, body, _ := b.post(own+"/secrets", url.Values{"name": {"x"}, "scope": {"library 2"}}); status != 404 || strings.Contains(body, "Hidden") {
		t.Errorf("a secret for a hidden library: %d", status)
	}
	status, body, _ := b.post(own+"/password", url.Values{"current": {"wrong"}, "password": {"another one"}, "again": {"another one"}})
	wants(t, body, "The current password is wrong.")
	if status != 403 {
		t.Errorf("a wrong current password: %d", status)
	}
	status, body, _ = b.post(own+"/password", url.Values{"current": {"password of ana"}, "password": {"another one"}, "again": {"another two"}})
	wants(t, body, "The two passwords differ")
	if status != 422 {
		t.Errorf("different passwords: %d", status)
	}
	body = b.done(own+"/password", url.Values{"current": {"password of ana"}, "password": {"another one"}, "again": {"another one"}}, own)
	wants(t, body, "The password is changed.")
	if _, err := h.auth.Password(t.Context(), models.Attempt{User: "ana", Password: "another one"}); err != nil {
		t.Error(err)
	}
}

func TestUsers(t *testing.T) {
	h := newHouse(t)
	b := h.browser("owner")
	status, body, _ := b.post("users", url.Values{"name": {"ANA"}, "password": {"long enough"}, "all": {"1"}})
	if status != 409 {
		t.Errorf("a taken name: %d", status)
	}
	wants(t, body, "is taken.", `value="ANA"`)
	status, _, to := b.post("users", url.Values{"name": {"cy"}, "password": {"long enough"}, "library": {"2"}})
	cy, err := h.catalog.UserByName(t.Context(), "cy")
	if err != nil || status != 303 || len(cy.Libraries) != 1 || cy.Libraries[0] != 2 || cy.Admin || !cy.Stream {
		t.Fatalf("%d %v %+v", status, err, cy)
	}
	own := "users/" + id(models.KindUser, cy.Key)
	if to != own {
		t.Errorf("leads to %s", to)
	}
	b.done(own, url.Values{"name": {"Cyd"}, "email": {"c@example.org"}, "role": {"stream", "download"}, "library": {"1", "2"}, "scrobbling": {"1"}}, own)
	cy, err = h.catalog.UserByKey(t.Context(), cy.Key)
	if err != nil || cy.Name != "Cyd" || cy.Roles != (models.Roles{Stream: true, Download: true}) || len(cy.Libraries) != 2 || cy.AllLibraries || !cy.Scrobbling {
		t.Errorf("%v %+v", err, cy)
	}
	_, body, _ = b.get(own + "/remove")
	wants(t, body, "shut out at once")
	wants(t, b.done(own+"/remove", nil, "users"), "The user is removed.")
	if _, err := h.catalog.UserByKey(t.Context(), cy.Key); err == nil {
		t.Error("cy is still there")
	}
	if status, _, _ := b.post("users/"+id(models.KindUser, h.owner.Key)+"/remove", nil); status != 409 {
		t.Errorf("owner removes owner: %d", status)
	}
}

func TestLibraries(t *testing.T) {
	h := newHouse(t)
	b := h.browser("owner")
	status, body, _ := b.post("libraries", url.Values{"location": {h.dir + "/gone"}, "kind": {"music"}})
	if status != 422 {
		t.Errorf("a place that is not there: %d", status)
	}
	wants(t, body, "The place can&#39;t be listed", h.dir+"/gone", `name="force"`)
	_, body, _ = b.post("libraries", url.Values{"location": {h.dir + "/more"}, "test": {"1"}})
	wants(t, body, "The place was tested", "list: ok", `value="`+h.dir+`/more"`)
	wants(t, b.done("libraries", url.Values{"location": {h.dir + "/more"}, "kind": {"music"}}, ""), "more is added", `http-equiv="refresh"`)
	wants(t, b.done("libraries/3", url.Values{"name": {"More & better"}}, "libraries/3"), "<h1>More &amp; better</h1>")
	ana := id(models.KindUser, h.ana.Key)
	b.done("libraries/2/readers", url.Values{"user": {ana}}, "libraries/2")
	if u, err := h.catalog.UserByKey(t.Context(), h.ana.Key); err != nil || len(u.Libraries) != 2 {
		t.Errorf("%v %v", err, u.Libraries)
	}
	b.done("libraries/1/readers", nil, "libraries/1")
	if u, err := h.catalog.UserByKey(t.Context(), h.ana.Key); err != nil || len(u.Libraries) != 1 || u.Libraries[0] != 2 {
		t.Errorf("%v %v", err, u.Libraries)
	}
	lacks(t, b.done("libraries/3/remove", nil, ""), "More &amp; better")
	_, body, _ = b.get("scans/" + id(models.KindRun, h.run.Key))
	wants(t, body, "broken.flac")
}

// TestBucket adds a bucket with its secret, which no page shows, and lets its
// events in.
func TestBucket(t *testing.T) {
	h := newHouse(t)
	b := h.browser("owner")
	form := func(key string, more ...string) url.Values {
		f := url.Values{"location": {"s3://cloud"}, "secret-name": {"key", "", ""}, "secret-value": {key, "", ""}}
		for i := 0; i < len(more); i += 2 {
			f.Set(more[i], more[i+1])
		}
		return f
	}
	_, body, _ := b.post("libraries", form("hunter3"))
	wants(t, body, "the key is wrong", `name="force"`, `type="password"`)
	lacks(t, body, "hunter")
	_, body, _ = b.post("libraries", form("hunter2", "test", "1"))
	wants(t, body, "The place was tested", "a.tak")
	lacks(t, body, "hunter")
	status, body, _ := b.post("libraries", url.Values{"location": {"s3://cloud"}, "secret-name": {""}, "secret-value": {"hunter2"}})
	if status != 422 {
		t.Errorf("a value without a name: %d", status)
	}
	lacks(t, body, "hunter")
	b.done("libraries", form("hunter2"), "")
	l, sealed, err := h.catalog.LibraryStore(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	if secret, err := h.auth.Keys().StoreSecret(t.Context(), l, sealed); err != nil || secret["key"] != "hunter2" {
		t.Errorf("the secret is not kept: %v", err)
	}
	body = b.done("libraries/3/bucket", url.Values{"redirect": {"all"}, "price-gets": {"0.4"}, "request-cap": {"500"}, "gigabyte-cap": {"1.5"}}, "libraries/3")
	wants(t, body, "A secret is kept", `value="all" selected`, `name="price-gets" inputmode="decimal" value="0.4"`, `value="500"`, `value="1.5"`)
	status, body, _ = b.post("libraries/3/bucket", url.Values{"request-cap": {"many"}})
	if status != 422 {
		t.Errorf("a bound that is no number: %d", status)
	}
	wants(t, body, "is no number")
	lacks(t, body, "hunter")
	_, body, _ = b.post("libraries/3/test", nil)
	wants(t, body, "The library was tested", "open: failed") // these tests open libraries without their secrets
	wants(t, b.done("libraries/3/bucket", url.Values{"drop": {"1"}}, "libraries/3"), "No secret is kept")

	l.Settings = models.LibrarySettings{Prices: models.Prices{Gets: 1.5}, RequestCap: 5000}
	day := usage.Day(time.Now())
	for _, err := range []error{h.catalog.UpdateLibrary(t.Context(), l), h.catalog.AddUsage(t.Context(), []catalog.Usage{{Library: 3, Day: day, Purpose: usage.Scan, Gets: 2000, Bytes: 5e6}})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	_, body, _ = b.get("libraries/3")
	wants(t, body, "What it costs", "<td>2,000</td><td>5.0 MB</td><td>3.00</td>", "Background work has used 2,000 of 5,000 requests today")
	_, body, _ = b.get("libraries/1")
	lacks(t, body, "What it costs") // a folder costs nothing

	body = b.done("libraries/3/hook", nil, "libraries/3")
	secret := regexp.MustCompile(manage.HookPrefix + `[a-z0-9]+`).FindString(body)
	wants(t, body, "/hooks/bucket/3/"+secret)
	_, body, _ = b.get("libraries/3")
	wants(t, body, "The provider may tell of changes")
	lacks(t, body, secret)
	wants(t, b.done("libraries/3/hook", url.Values{"end": {"1"}}, "libraries/3"), "A provider that tells of them needs a secret")
	wants(t, b.done("libraries/3", url.Values{"name": {"Cloud"}, "copies-of": {"1"}}, "libraries/3"), `<option value="1" selected>Open`)
}

// TestMove looks at the place that a library was copied to, and moves it there.
func TestMove(t *testing.T) {
	h := newHouse(t)
	b := h.browser("owner")
	if err := os.CopyFS(filepath.Join(h.dir, "copy", "deep"), os.DirFS(filepath.Join(h.dir, "open"))); err != nil {
		t.Fatal(err)
	}
	place := url.Values{"location": {filepath.Join(h.dir, "copy")}}
	_, body, _ := b.post("libraries/1/move", url.Values{"location": place["location"], "look": {"1"}})
	wants(t, body, "songs are there", "found by their paths")
	if l, err := h.catalog.Library(t.Context(), 1); err != nil || !strings.HasSuffix(l.Location, "/open") {
		t.Errorf("a look moves: %+v %v", l, err)
	}
	_, body, _ = b.post("libraries/1/move", url.Values{"location": {filepath.Join(h.dir, "nowhere")}})
	wants(t, body, "can&#39;t be listed", "Look what is there")
	wants(t, b.done("libraries/1/move", place, "libraries/1"), "The library is at its new place", "/copy")
}

// TestAlarm goes the way through an alarm: the library is suddenly empty, the
// page says so, and the administrator accepts it.
func TestAlarm(t *testing.T) {
	h := newHouse(t)
	for _, f := range []string{"one.tak", "broken.flac"} {
		if err := os.Remove(filepath.Join(h.dir, "open", f)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.scans.Scan(t.Context(), scans.Order{Library: 1}, nil); err == nil {
		t.Fatal("an empty library raised no alarm")
	}
	b := h.browser("owner")
	_, body, _ := b.get("")
	wants(t, body, "The library is empty", "accept that songs are missing")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.scans.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	events, leave := h.scans.Subscribe()
	defer leave()
	b.done("scans", url.Values{"library": {"1"}, "accept": {"1"}}, "")
	for run := (*models.ScanRun)(nil); run == nil; {
		select {
		case e := <-events:
			run = e.Run
		case <-time.After(20 * time.Second):
			t.Fatal("no scan ended")
		}
	}
	_, body, _ = b.get("")
	lacks(t, body, "The library is empty", "accept that songs are missing")
	wants(t, body, "1 missing")
}

func TestMissing(t *testing.T) {
	h := newHouse(t)
	if err := os.Remove(filepath.Join(h.dir, "open", "one.tak")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.scans.Scan(t.Context(), scans.Order{Library: 1, AcceptMissing: true}, nil); err != nil {
		t.Fatal(err)
	}
	b := h.browser("owner")
	_, body, _ := b.get("libraries/1")
	wants(t, body, "Missing songs")
	_, body, _ = b.get("libraries/1/missing")
	wants(t, body, "No song has been missing for so long")
	lacks(t, body, "one.tak")
	_, body, _ = b.get("libraries/1/missing?days=0")
	wants(t, body, "<strong>1</strong> songs", "one.tak", "Purge 1 songs for good")
	b.done("libraries/1/missing", url.Values{"days": {"30"}}, "libraries/1")
	_, body, _ = b.get("libraries/1/missing?days=0")
	wants(t, body, "one.tak")
	b.done("libraries/1/missing", url.Values{"days": {"0"}}, "libraries/1")
	_, body, _ = b.get("libraries/1/missing?days=0")
	lacks(t, body, "one.tak")
	b.done("libraries/1", url.Values{"name": {"Open"}, "kind": {"audiobook"}}, "libraries/1")
	if l, err := h.catalog.Library(t.Context(), 1); err != nil || l.Kind != models.LibraryAudiobook {
		t.Errorf("%+v %v", l, err)
	}
}

func TestSentence(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{models.ErrLogin, "Wrong user name or password."},
		{models.NotFound(models.ID{Kind: models.KindUser, Key: 1}), "Us-0000000000001: not found."},
		{manage.MayWrite(models.Identity{Scope: models.ScopeReadOnly}), "This device secret may only read here."},
	} {
		if got := sentence(c.err); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
