//go:build !nogcs

package bucket

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/storagetest"
)

// fakeGCS is as much of the JSON API as the store speaks, by
// https://docs.cloud.google.com/storage/docs/json_api/v1.
type fakeGCS struct {
	mu      sync.Mutex
	objects map[string]gcsFile
	refuse  func(w http.ResponseWriter, r *http.Request) bool // nil: nothing
	seen    []*http.Request
}

type gcsFile struct {
	data       string
	generation int
}

func (f *fakeGCS) fail(w http.ResponseWriter, status int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"code":%d,"message":%q,"errors":[{"reason":%q,"message":%q}]}}`, status, message, reason, message)
}

func (f *fakeGCS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, r)
	if f.refuse != nil && f.refuse(w, r) {
		return
	}
	if r.URL.Path == "/token" {
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "t0ken", "token_type": "Bearer", "expires_in": 3600})
		return
	}
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/storage/v1/b/music/o")
	if !ok {
		f.fail(w, 404, "notFound", "The specified bucket does not exist.")
		return
	}
	item := func(key string) map[string]string {
		o := f.objects[key]
		return map[string]string{"name": key, "size": strconv.Itoa(len(o.data)), "generation": strconv.Itoa(o.generation), "timeCreated": "2026-01-02T03:04:05.678Z"}
	}
	q := r.URL.Query()
	if path == "" {
		var items []map[string]string
		var prefixes []string
		for _, key := range slices.Sorted(func(yield func(string) bool) {
			for k := range f.objects {
				if !yield(k) {
					return
				}
			}
		}) {
			rest, in := strings.CutPrefix(key, q.Get("prefix"))
			if !in || key <= q.Get("pageToken") {
				continue
			}
			if folder, _, ok := strings.Cut(rest, "/"); ok && q.Get("delimiter") == "/" {
				prefixes = append(prefixes, q.Get("prefix")+folder+"/")
				continue
			}
			items = append(items, item(key))
		}
		answer := map[string]any{"prefixes": slices.Compact(prefixes)}
		if n, _ := strconv.Atoi(q.Get("maxResults")); n < len(items) {
			items = items[:n]
			answer["nextPageToken"] = items[n-1]["name"]
		}
		answer["items"] = items
		_ = json.NewEncoder(w).Encode(answer)
		return
	}
	key, _ := url.PathUnescape(path[1:])
	o, ok := f.objects[key]
	switch {
	case !ok:
		f.fail(w, 404, "notFound", "No such object: music/"+key)
	case q.Get("alt") != "media":
		_ = json.NewEncoder(w).Encode(item(key))
	case q.Has("ifGenerationMatch") && q.Get("ifGenerationMatch") != strconv.Itoa(o.generation):
		f.fail(w, 412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")
	default:
		w.Header().Set("X-Goog-Generation", strconv.Itoa(o.generation))
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(o.data))
	}
}

// newGCS opens a bucket with these files below a prefix.
func newGCS(t *testing.T, files map[string]string, query string, o storage.Options) (*Store, *fakeGCS, string) {
	t.Helper()
	f := &fakeGCS{objects: map[string]gcsFile{}}
	for key, data := range files {
		f.objects["all of it/"+key] = gcsFile{data, 1000 + len(f.objects)}
	}
	h := httptest.NewServer(f)
	t.Cleanup(h.Close)
	if o.Secret != nil {
		o.Secret["credentials_json"] = strings.ReplaceAll(o.Secret["credentials_json"], "TOKEN", h.URL+"/token")
	}
	u, err := storage.Parse("gs://music/all%20of%20it?endpoint=" + url.QueryEscape(h.URL) + query)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openGCS(u, o, quick)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.(*Store), f, h.URL
}

func TestGCS(t *testing.T) {
	storagetest.Run(t, func(t *testing.T, files map[string]string) storage.Store {
		s, _, _ := newGCS(t, files, "&anonymous=true", storage.Options{})
		return s
	})
}

func TestGCSPinned(t *testing.T) {
	storagetest.Pinned(t, func(t *testing.T, files map[string]string) (storage.Store, func(key, content string)) {
		s, f, _ := newGCS(t, files, "&anonymous=true", storage.Options{})
		return s, func(key, content string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.objects["all of it/"+key] = gcsFile{content, f.objects["all of it/"+key].generation + 1}
		}
	})
}

// TestGCSKey: a service account's key gets tokens and signs links, and each
// read demands the generation that was listed.
func TestGCSKey(t *testing.T) {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	account, _ := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "reader@example.iam.gserviceaccount.com", "token_uri": "TOKEN",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	})
	s, f, host := newGCS(t, map[string]string{"a b.mp3": "0123456789"}, "", storage.Options{Secret: storage.Secret{"credentials_json": string(account)}})
	var c storage.Counter
	ctx := storage.WithCounter(t.Context(), &c)
	var o storage.Object
	if err := s.List(ctx, "", func(x storage.Object) error { o = x; return nil }); err != nil {
		t.Fatal(err)
	}
	if o.ETag != "1000" || time.Unix(0, o.ModTime).UTC().Format(time.RFC3339Nano) != "2026-01-02T03:04:05.678Z" {
		t.Errorf("the object is %+v", o)
	}
	file, err := s.Pinned(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := make([]byte, 3)
	if _, err := file.ReadAt(p, 2); err != nil || string(p) != "234" {
		t.Errorf("%q, %v", p, err)
	}
	last := f.seen[len(f.seen)-1]
	if last.URL.Query().Get("ifGenerationMatch") != "1000" || last.Header.Get("Authorization") != "Bearer t0ken" || last.Header.Get("Range") != "bytes=2-4" {
		t.Errorf("the read is %s %v", last.URL, last.Header)
	}
	if c.Lists.Load() != 1 || c.Gets.Load() != 1 || c.Bytes.Load() != 3 || c.Heads.Load() != 0 {
		t.Errorf("counted %d lists, %d heads, %d gets, %d bytes", c.Lists.Load(), c.Heads.Load(), c.Gets.Load(), c.Bytes.Load())
	}
	f.mu.Lock()
	f.objects["all of it/a b.mp3"] = gcsFile{"9876543210", 2000}
	f.mu.Unlock()
	if _, err := file.ReadAt(p, 2); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("a read of another content: %v", err)
	}
	link, err := s.Link(ctx, o, storage.Link{Life: time.Hour, ContentType: "audio/mpeg", Disposition: "attachment"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil || !strings.HasPrefix(link, host+"/music/all%20of%20it/a%20b.mp3?") {
		t.Errorf("the link is %s, %v", link, err)
	}
	for name, want := range map[string]string{"X-Goog-Expires": "3600", "response-content-type": "audio/mpeg", "response-content-disposition": "attachment"} {
		if got := u.Query().Get(name); got != want {
			t.Errorf("%s of the link is %q", name, got)
		}
	}
	if len(u.Query().Get("X-Goog-Signature")) != 512 {
		t.Errorf("the link's signature is %q", u.Query().Get("X-Goog-Signature"))
	}
}

func TestGCSErrors(t *testing.T) {
	s, f, _ := newGCS(t, map[string]string{"a": "0123"}, "&anonymous=true", storage.Options{})
	for _, c := range []struct {
		status          int
		reason, message string
		kind            error
		says            string
	}{
		{403, "forbidden", "anonymous caller does not have storage.objects.list access", fs.ErrPermission, "Storage Object Viewer"},
		{401, "authError", "Invalid Credentials", fs.ErrPermission, "Correct the library's key"},
		{404, "notFound", "The specified bucket does not exist.", models.ErrUnavailable, "Correct the name"},
		{429, "rateLimitExceeded", "slow", storage.ErrThrottled, "fewer requests"},
		{403, "rateLimitExceeded", "slow", storage.ErrThrottled, "fewer requests"},
		{503, "backendError", "later", models.ErrUnavailable, "later"},
	} {
		f.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
			f.fail(w, c.status, c.reason, c.message)
			return true
		}
		_, one := list(t.Context(), s, "")
		_, two := s.Stat(t.Context(), "a")
		_, three := s.Open(t.Context(), "a", 0, 1)
		for _, err := range []error{one, two, three} {
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%d %s: %v", c.status, c.reason, err)
			}
		}
	}
	f.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("alt") == "media" {
			http.Error(w, "Not Found", http.StatusNotFound) // as of every read that fails so
			return true
		}
		return false
	}
	if _, err := s.Open(t.Context(), "none", 0, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a read of no object: %v", err)
	}
	f.refuse = func(w http.ResponseWriter, _ *http.Request) bool { http.NotFound(w, nil); return true }
	if _, err := s.Open(t.Context(), "a", 0, 1); !errors.Is(err, models.ErrUnavailable) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a 404 of somebody on the way: %v", err)
	}
	for _, secret := range []string{`{"type":"external_account"}`, `no JSON`} {
		u, _ := url.Parse("gs://b")
		if _, err := openGCS(u, storage.Options{Secret: storage.Secret{"credentials_json": secret}}, quick); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%s: %v", secret, err)
		}
	}
}
