package hooks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// house has the libraries 1 Cloud (s3://music/root), which lets events in by
// the secret "right one", 2 Deaf (s3://deaf), which lets none in, and 3 Folder.
type house struct {
	t      *testing.T
	server *httptest.Server
	hooks  *Service
	log    *bytes.Buffer

	mu    sync.Mutex
	asked []order
}

func newHouse(t *testing.T) *house {
	t.Helper()
	c, err := catalog.Open(t.Context(), catalog.Options{Location: "sqlite:" + filepath.Join(t.TempDir(), "c.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for _, l := range []models.Library{{Name: "Cloud", Location: "s3://music/root"}, {Name: "Deaf", Location: "s3://deaf"}, {Name: "Folder", Location: "/folder"}} {
		if _, err := c.AddLibrary(t.Context(), &l); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []int{1, 3} {
		hash := sha256.Sum256([]byte("right one"))
		if err := c.SetLibraryHook(t.Context(), n, hash[:]); err != nil {
			t.Fatal(err)
		}
	}
	h := &house{t: t, log: &bytes.Buffer{}}
	h.hooks = New(Config{Catalog: c, Log: slog.New(slog.NewTextHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Ask: func(library int, prefixes []string) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.asked = append(h.asked, order{library, prefixes})
	}})
	h.server = httptest.NewServer(h.hooks)
	t.Cleanup(h.server.Close)
	return h
}

// send posts a body; headers come in pairs.
func (h *house) send(method, path, body string, header ...string) (int, string, http.Header) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.server.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
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
	return res.StatusCode, string(b), res.Header
}

// record is an event of S3 that names keys.
func record(bucket string, keys ...string) string {
	var out []string
	for _, k := range keys {
		out = append(out, fmt.Sprintf(`{"s3":{"bucket":{"name":%q},"object":{"key":%q}}}`, bucket, k))
	}
	return `{"Records":[` + strings.Join(out, ",") + `]}`
}

func TestSecrets(t *testing.T) {
	h := newHouse(t)
	const bearer = "Authorization"
	for _, c := range []struct {
		name, path string
		header     []string
		want       int
	}{
		{"bearer", "/hooks/bucket/1", []string{bearer, "Bearer right one"}, 202},
		{"bearer in small letters", "/hooks/bucket/1", []string{bearer, "bearer right one"}, 202},
		{"a bare token", "/hooks/bucket/1", []string{bearer, "right one"}, 202},
		{"basic", "/hooks/bucket/1", []string{bearer, "Basic eDpyaWdodCBvbmU="}, 202},
		{"a header of ours", "/hooks/bucket/1", []string{"X-Songlocker-Secret", "right one"}, 202},
		{"by name", "/hooks/bucket/cLOUD", []string{"X-Songlocker-Secret", "right one"}, 202},
		{"in the path", "/hooks/bucket/1/right%20one", nil, 401}, // secrets have no such signs
		{"below a base path", "/music/hooks/bucket/1", []string{bearer, "Bearer right one"}, 202},
		{"wrong", "/hooks/bucket/1", []string{bearer, "Bearer wrong one"}, 401},
		{"wrong in the path, right beside it", "/hooks/bucket/1/wrong", []string{bearer, "Bearer right one"}, 401},
		{"none", "/hooks/bucket/1", nil, 401},
		{"a library that lets none in", "/hooks/bucket/2", []string{bearer, "Bearer right one"}, 401},
		{"a library that lets none in, with nothing", "/hooks/bucket/2", nil, 401},
		{"no library", "/hooks/bucket/9", []string{bearer, "Bearer right one"}, 401},
		{"no number", "/hooks/bucket/", []string{bearer, "Bearer right one"}, 401},
		{"zero", "/hooks/bucket/0", []string{bearer, "Bearer right one"}, 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, body, header := h.send("POST", c.path, "{}", c.header...)
			if status != c.want || (status == 401) != (header.Get("WWW-Authenticate") != "") {
				t.Errorf("%d %s", status, body)
			}
		})
	}
	if status, _, _ := h.send("GET", "/hooks/bucket/1", "", bearer, "Bearer right one"); status != 405 {
		t.Errorf("GET: %d", status)
	}
	// Whatever is wrong, the answer is the same.
	_, one, _ := h.send("POST", "/hooks/bucket/1", "{}", bearer, "Bearer x")
	_, two, _ := h.send("POST", "/hooks/bucket/9", "{}", bearer, "Bearer x")
	if one != two {
		t.Errorf("%q tells libraries apart from %q", one, two)
	}
	if strings.Contains(h.log.String(), "right one") {
		t.Errorf("the log tells a secret: %s", h.log)
	}
}

func TestAnswers(t *testing.T) {
	h := newHouse(t)
	auth := []string{"Authorization", "Bearer right one"}
	for _, c := range []struct {
		name, body string
		want       int
	}{
		{"an event", record("music", "root/a/b.mp3"), 202},
		{"an event of another bucket", record("other", "root/a/b.mp3"), 202},
		{"what nobody knows", `{"hello":"world"}`, 202},
		{"no JSON", `<xml/>`, 400},
		{"nothing", ``, 400},
		{"a megabyte", `"` + strings.Repeat("x", maxBody-2) + `"`, 202},
		{"more than a megabyte", `"` + strings.Repeat("x", maxBody) + `"`, 413},
	} {
		if status, body, _ := h.send("POST", "/hooks/bucket/1", c.body, auth...); status != c.want {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
	status, body, header := h.send("POST", "/hooks/bucket/1", azureAsks, auth...)
	if status != 200 || body != `{"validationResponse":"512d38b6"}` || header.Get("Content-Type") != "application/json" || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("Azure's question: %d %s %v", status, body, header)
	}
	status, _, header = h.send("OPTIONS", "/hooks/bucket/1", "", append(auth, "WebHook-Request-Origin", "eventgrid.azure.net")...)
	if status != 200 || header.Get("WebHook-Allowed-Origin") != "eventgrid.azure.net" {
		t.Errorf("CloudEvents' question: %d %v", status, header)
	}
	if status, _, header = h.send("OPTIONS", "/hooks/bucket/1", "", "WebHook-Request-Origin", "eventgrid.azure.net"); status != 401 || header.Get("WebHook-Allowed-Origin") != "" {
		t.Errorf("CloudEvents' question without the secret: %d", status)
	}
	if status, _, _ := h.send("POST", "/hooks/bucket/1", sns("SubscriptionConfirmation", ""), auth...); status != 202 || !strings.Contains(h.log.String(), "aws sns confirm-subscription") || strings.Contains(h.log.String(), "evil.example") {
		t.Errorf("SNS' question: %d\n%s", status, h.log)
	}
}

func TestFolders(t *testing.T) {
	for _, c := range []struct{ location, bucket, key, want string }{
		{"s3://music", "music", "a/b/c.mp3", "a/b/"},
		{"s3://music", "music", "c.mp3", ""},
		{"s3://music", "", "a/c.mp3", "a/"},
		{"s3://music/root", "music", "root/a/c.mp3", "a/"},
		{"s3://music/root", "music", "root/c.mp3", ""},
		{"s3://music/root", "music", "rooted/c.mp3", "-"},
		{"s3://music/root", "music", "a/c.mp3", "-"},
		{"s3://music", "other", "a/c.mp3", "-"},
		{"s3://music-abc-s3alias", "music", "a/c.mp3", "a/"},
		{"s3://music", "music", ".trash/c.mp3", "-"},
		{"s3://music", "music", "a/../../etc/c.mp3", "a/"},
		{"s3://music", "music", "../c.mp3", ""},
		{"s3://music", "music", "/a/c.mp3", ""},
		{"s3://music", "music", "a//b/c.mp3", "a/"},
		{"s3://music", "music", "a/∅/c.mp3", "a/"},
		{"s3://music", "music", "a/b/", "a/b/"},
		{"gs://music?anonymous=true", "music", "a/c.mp3", "a/"},
		{"file:///music", "music", "a/c.mp3", "-"},
	} {
		got := "-"
		for prefix := range folders(c.location, []object{{c.bucket, c.key, false}}) {
			got = prefix
		}
		if got != c.want {
			t.Errorf("%s in %s of %s: %q, want %q", c.key, c.bucket, c.location, got, c.want)
		}
	}
	if got := folders("s3://music/root", []object{{"music", "root/a/b", true}}); len(got) != 1 || !got["a/b/"] {
		t.Errorf("a folder: %v", got)
	}
}

// TestFloods moves the clock by hand.
func TestFloods(t *testing.T) {
	s := New(Config{})
	now := time.Now()
	set := func(n, from int) map[string]bool {
		out := map[string]bool{}
		for i := range n {
			out[fmt.Sprintf("%04d/", from+i)] = true
		}
		return out
	}
	// Duplicates of events that come close together are one scan.
	for range 1000 {
		s.queue(1, map[string]bool{"a/": true}, now)
		s.queue(2, map[string]bool{"b/": true}, now)
	}
	if orders, wait := s.due(now); len(orders) != 0 || wait <= 0 || wait > gather {
		t.Errorf("at once: %v, then in %v", orders, wait)
	}
	now = now.Add(gather)
	orders, wait := s.due(now)
	if len(orders) != 2 || len(orders[0].prefixes) != 1 || wait != 0 {
		t.Errorf("after %v: %v, then in %v", gather, orders, wait)
	}
	// Many folders are the whole library.
	s.queue(1, set(maxPrefixes, 0), now)
	s.queue(1, set(1, 5000), now)
	s.queue(1, set(5, 7000), now)
	if now = now.Add(gather); true {
		orders, _ = s.due(now)
	}
	if len(orders) != 1 || len(orders[0].prefixes) != 0 {
		t.Errorf("many folders: %v", orders)
	}
	// Events without end are scans at a bounded rate: a day of them.
	count := 0
	for end := now.Add(24 * time.Hour); now.Before(end); now = now.Add(time.Second) {
		s.queue(1, set(3, int(now.Unix()%100)), now)
		orders, _ := s.due(now)
		count += len(orders)
	}
	if most := int(24*3600*scanRate) + scanBurst; count > most || count < most/2 {
		t.Errorf("%d scans in a day, at most %d", count, most)
	}
	// And requests are.
	s.requests = bucket{requestBurst, now}
	let := 0
	for range 5000 {
		if s.spend(now) {
			let++
		}
	}
	if let != requestBurst || !s.spend(now.Add(time.Second)) {
		t.Errorf("%d requests at once", let)
	}
}

// TestRun sends an event and waits for what it asks for.
func TestRun(t *testing.T) {
	h := newHouse(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { h.hooks.Run(ctx); close(ended) }()
	for range 3 {
		if status, body, _ := h.send("POST", "/hooks/bucket/1", record("music", "root/a/b.mp3", "root/c/d.mp3", "elsewhere/e.mp3"), "Authorization", "Bearer right one"); status != 202 {
			t.Fatal(status, body)
		}
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		h.mu.Lock()
		asked := fmt.Sprint(h.asked[:min(1, len(h.asked))])
		h.mu.Unlock()
		if asked != "[]" {
			if asked != "[{1 [a/ c/]}]" {
				t.Errorf("asked for %s", asked)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal("no scan is asked for")
		}
	}
	stop()
	<-ended
}
