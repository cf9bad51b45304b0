package server

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestOwnDoors asks the real server, below a base path, for the pages and our
// own API, and stops it while somebody follows its scans.
func TestOwnDoors(t *testing.T) {
	r := launch(t, t.TempDir(), []string{"SONGLOCKER_ADMIN_PASSWORD=long enough"}, "--admin-user", "owner", "--base-path", "/music")
	res, err := http.Get(r.base + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if got := res.Request.URL.Path; got != "/music/admin/signin" || res.StatusCode != 200 {
		t.Errorf("the root leads to %s, %d", got, res.StatusCode)
	}
	status, body, header := ask(t, http.MethodGet, r.base+"/api/v1/version", nil, "Origin", "http://elsewhere.example")
	if status != 200 || !strings.Contains(body, `"api":1`) || header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%d %s %v", status, body, header)
	}
	// The same without the base path, as a proxy that strips it asks.
	if status, _, _ := ask(t, http.MethodGet, strings.TrimSuffix(r.base, "/music")+"/api/v1/openapi.json", nil); status != 200 {
		t.Errorf("openapi.json: %d", status)
	}
	in, err := http.Post(r.base+"/api/v1/session", "application/json", strings.NewReader(`{"name":"owner","password":"long enough"}`))
	if err != nil {
		t.Fatal(err)
	}
	in.Body.Close()
	cookie, _, _ := strings.Cut(in.Header.Get("Set-Cookie"), ";")
	if !strings.Contains(in.Header.Get("Set-Cookie"), "Path=/music/;") {
		t.Errorf("signed in with %d and the cookie %q", in.StatusCode, in.Header.Get("Set-Cookie"))
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.base+"/api/v1/scans/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", cookie)
	events, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Body.Close()
	if line, err := bufio.NewReader(events.Body).ReadString('\n'); err != nil || !strings.HasPrefix(line, "event: ") {
		t.Errorf("%d %q %v", events.StatusCode, line, err)
	}
	if took := r.stop(); took > 5*time.Second {
		t.Errorf("the server ends after %v: it waits for those who follow scans", took)
	}
}
