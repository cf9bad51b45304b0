package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// api sends a request of our own API with a JSON body, or none for nil.
func (c *client) api(method, path string, header map[string]string, body any) (int, http.Header, node) {
	c.t.Helper()
	h := map[string]string{}
	for k, v := range header {
		h[k] = v
	}
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			c.t.Fatal(err)
		}
		h["Content-Type"] = "application/json"
	}
	resp, text := c.do(method, c.s.base+"/api/v1"+path, h, bytes.NewReader(b))
	var n node
	if len(text) > 0 {
		if err := json.Unmarshal(text, &n.v); err != nil && resp.Header.Get("Content-Type") != "text/event-stream" {
			c.t.Fatalf("%s %s: %s %v in %.300s", method, path, resp.Status, err, text)
		}
	}
	return resp.StatusCode, resp.Header, n
}

// browser returns a client that keeps cookies.
func (s *server) browser(t *testing.T) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := s.app(url.Values{})
	c.t, c.http = t, &http.Client{Jar: jar}
	return c
}

// TestAPI signs in by cookie and by device secret.
func TestAPI(t *testing.T) {
	m, closed := shelf(t), vault(t)
	m.write("broken.mp3", []byte("no music at all"))
	eachWay(t, func(t *testing.T, w way) {
		s := start(t, setup{way: w, music: []string{"Open=" + m.dir, "Zebravault=" + closed.dir}})
		c := s.owner()
		c.scanned(shelfSongs + vaultSongs)
		guest(c, "guest", 1)
		b := s.browser(t)
		if status, h, n := b.api("GET", "/me", nil, nil); status != 401 || !strings.HasPrefix(h.Get("Content-Type"), "application/problem+json") || n.int("status") != 401 {
			t.Errorf("nobody: %d %v %v", status, h, n.v)
		}
		if status, _, _ := b.api("POST", "/session", nil, map[string]string{"name": owner, "password": s.secret("wrong once more")}); status != 401 {
			t.Errorf("a wrong password: %d", status)
		}
		if status, _, _ := b.api("POST", "/session", map[string]string{"Sec-Fetch-Site": "cross-site"}, map[string]string{"name": owner, "password": ownerPassword}); status != 403 {
			t.Errorf("signing in from another site's page: %d", status)
		}
		status, h, n := b.api("POST", "/session", nil, map[string]string{"name": owner, "password": ownerPassword})
		if status != 200 || n.text("name") != owner || !strings.Contains(h.Get("Set-Cookie"), "HttpOnly") || !strings.Contains(h.Get("Set-Cookie"), "SameSite") {
			t.Fatalf("signing in: %d %v %v", status, h, n.v)
		}
		at, err := url.Parse(s.base + "/api/v1/me")
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range b.http.Jar.Cookies(at) {
			s.secret(k.Value)
		}
		if len(b.http.Jar.Cookies(at)) != 1 {
			t.Errorf("cookies: %v", b.http.Jar.Cookies(at))
		}
		if status, h, n := b.api("GET", "/me", nil, nil); status != 200 || n.at("roles.admin").v != true || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("me: %d %v %v", status, h, n.v)
		}
		if status, _, _ := b.api("POST", "/scans", map[string]string{"Sec-Fetch-Site": "cross-site"}, map[string]any{}); status != 403 {
			t.Errorf("another site's page starts a scan: %d", status)
		}
		// The cookie opens nothing of the other door.
		if resp, text := b.do("GET", s.base+"/rest/ping?v=1.16.1&c=x&f=json", nil, nil); !strings.Contains(string(text), `"failed"`) {
			t.Errorf("/rest by cookie: %s %s", resp.Status, text)
		}
		_, _, libraries := b.api("GET", "/libraries", nil, nil)
		if got := libraries.texts("items", "name"); len(got) != 2 {
			t.Errorf("libraries: %v", libraries.v)
		}
		_, _, users := b.api("GET", "/users", nil, nil)
		if got := users.texts("items", "name"); len(got) != 2 {
			t.Errorf("users: %v", users.v)
		}
		for _, hidden := range []string{"argon2", "hash", "sealed", "password"} {
			if text := strings.ToLower(fmt.Sprint(users.v)); strings.Contains(text, hidden) {
				t.Errorf("users tell of %q: %s", hidden, text)
			}
		}
		_, _, scans := b.api("GET", "/scans", nil, nil)
		found := false
		for _, run := range scans.list("items") {
			if _, _, problems := b.api("GET", "/scans/"+run.text("id")+"/problems", nil, nil); strings.Contains(fmt.Sprint(problems.v), "broken.mp3") {
				found = true
			}
		}
		if !found {
			t.Errorf("no scan tells of the broken file: %v", scans.v)
		}

		// A device secret as bearer, of a guest who reads one library.
		out, _ := s.command(0, "", "secret", "add", "guest", "script")
		bearer := map[string]string{"Authorization": "Bearer " + s.secret(strings.TrimSpace(out))}
		g := s.app(url.Values{})
		soon(t, "a new secret", func() bool { status, _, _ := g.api("GET", "/me", bearer, nil); return status == 200 })
		for _, x := range []struct {
			method, path string
			body         any
			status       int // 0: any success
		}{
			{"GET", "/libraries", nil, 0}, {"GET", "/libraries/1", nil, 0}, {"GET", "/libraries/2", nil, 404}, {"GET", "/libraries/2/readers", nil, 403}, {"GET", "/libraries/99/readers", nil, 403},
			{"PATCH", "/libraries/2", map[string]any{"name": "x"}, 403}, {"PATCH", "/libraries/99", map[string]any{"name": "x"}, 403},
			{"DELETE", "/libraries/2", nil, 403}, {"DELETE", "/libraries/99", nil, 403}, {"DELETE", "/libraries/1", nil, 403},
			{"POST", "/libraries", map[string]any{"location": "/etc", "name": "x"}, 403}, {"GET", "/users", nil, 403}, {"GET", "/users/" + users.text("items.0.id"), nil, 0},
			{"GET", "/users/" + users.text("items.1.id"), nil, 0}, {"POST", "/scans", map[string]any{}, 403}, {"GET", "/scans", nil, 0}, {"GET", "/scans/current", nil, 0},
			{"POST", "/users", map[string]any{"name": "x", "password": "abcdefgh12"}, 403}, {"GET", "/version", nil, 0},
		} {
			status, _, n := g.api(x.method, x.path, bearer, x.body)
			text := strings.ToLower(fmt.Sprint(n.v))
			if strings.Contains(text, "zebra") || strings.Contains(text, closed.dir) {
				t.Errorf("%s %s shows %s", x.method, x.path, text)
			}
			if x.status != 0 && status != x.status {
				t.Errorf("%s %s: %d, want %d: %s", x.method, x.path, status, x.status, text)
			}
		}
		for _, run := range scans.list("items") {
			if status, _, n := g.api("GET", "/scans/"+run.text("id"), bearer, nil); run.int("library") == 2 && status != 404 {
				t.Errorf("the guest sees scan %v: %d", n.v, status)
			}
		}
		if status, h, n := g.api("GET", "/openapi.json", nil, nil); status != 200 || n.text("openapi") == "" {
			t.Errorf("the document: %d %v", status, h)
		}

		// Progress comes as it goes.
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "GET", s.base+"/api/v1/scans/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := b.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
			t.Fatalf("events: %s %v", resp.Status, resp.Header)
		}
		if status, _, n := b.api("POST", "/scans", nil, map[string]any{}); status/100 != 2 {
			t.Errorf("starting scans: %d %v", status, n.v)
		}
		if line, err := dataWith(resp, `"library":`); err != nil {
			t.Errorf("events: %q %v", line, err)
		}
		cancel()
		if status, _, _ := b.api("DELETE", "/session", nil, nil); status/100 != 2 {
			t.Errorf("signing out: %d", status)
		}
		if status, _, _ := b.api("GET", "/me", nil, nil); status != 401 {
			t.Errorf("after signing out: %d", status)
		}
	})
}

// dataWith reads events up to one whose data holds a text.
func dataWith(resp *http.Response, text string) (string, error) {
	lines := bufio.NewScanner(resp.Body)
	last := ""
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok {
			if last = data; strings.Contains(data, text) {
				return data, nil
			}
		}
	}
	return last, errors.Join(lines.Err(), io.ErrUnexpectedEOF)
}

// TestPages signs in by the form and looks at every page that it leads to.
func TestPages(t *testing.T) {
	m := shelf(t)
	eachWay(t, func(t *testing.T, w way) {
		s := start(t, setup{way: w, music: []string{"Open=" + m.dir}})
		s.owner().scanned(shelfSongs)
		b := s.browser(t)
		resp, page := b.do("GET", s.base+"/admin", nil, nil)
		if resp.StatusCode != 200 || !strings.Contains(string(page), `type="password"`) || !strings.HasPrefix(resp.Request.URL.String(), s.base+"/") {
			t.Fatalf("nobody is led to %s: %s\n%s", resp.Request.URL, resp.Status, page)
		}
		action := regexp.MustCompile(`action="([^"]*)"`).FindSubmatch(page)
		if action == nil {
			t.Fatalf("no form:\n%s", page)
		}
		to, err := resp.Request.URL.Parse(string(action[1]))
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{"name": {owner}, "password": {ownerPassword}}
		for _, field := range regexp.MustCompile(`name="(\w+)" value="([^"]*)"`).FindAllSubmatch(page, -1) {
			if !form.Has(string(field[1])) {
				form.Set(string(field[1]), string(field[2]))
			}
		}
		resp, page = b.do("POST", to.String(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, strings.NewReader(form.Encode()))
		if resp.StatusCode != 200 || !strings.Contains(string(page), "Open") {
			t.Fatalf("signed in at %s: %s\n%s", resp.Request.URL, resp.Status, page)
		}
		// Follow every link within our own pages.
		seen, queue := map[string]bool{}, []string{resp.Request.URL.String()}
		for len(queue) > 0 && len(seen) < 60 {
			at := queue[0]
			queue = queue[1:]
			if seen[at] || strings.Contains(at, "signout") {
				continue
			}
			seen[at] = true
			resp, page := b.do("GET", at, nil, nil)
			h := resp.Header
			if resp.StatusCode != 200 || h.Get("Content-Security-Policy") == "" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Access-Control-Allow-Origin") != "" || strings.Contains(string(page), "<script") {
				t.Errorf("%s: %s %v", at, resp.Status, h)
			}
			for _, link := range regexp.MustCompile(`href="([^"#]*)"`).FindAllSubmatch(page, -1) {
				u, err := resp.Request.URL.Parse(string(link[1]))
				if err != nil {
					t.Errorf("%s has the link %q", at, link[1])
				} else if strings.HasPrefix(u.String(), s.base+"/admin") {
					queue = append(queue, u.String())
				}
			}
		}
		if len(seen) < 4 {
			t.Errorf("only these pages: %v", seen)
		}
	})
}
