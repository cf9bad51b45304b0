package subsonic

import (
	"crypto/tls"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
)

// settings sets how songs of the first library are redirected.
func (h *house) settings(redirect string) {
	h.t.Helper()
	l, err := h.catalog.Library(h.t.Context(), 1)
	if err != nil {
		h.t.Fatal(err)
	}
	l.Settings.Redirect = redirect
	if err := h.catalog.UpdateLibrary(h.t.Context(), l); err != nil {
		h.t.Fatal(err)
	}
}

func TestRedirects(t *testing.T) {
	h, b := withBucket(t, 1<<30)
	stream, download := "stream?id="+h.id("Sea"), "download?id="+h.id("Sea")
	whole := bytesOf(t, b, sea)
	b.link = "https://bucket.example/"
	for _, c := range []struct {
		name, setting, link string
		method, call        string
		tls                 bool
		headers             []string
		redirects           bool
	}{
		{name: "off", call: stream},
		{name: "downloads: a stream", setting: "download", call: stream},
		{name: "downloads", setting: "download", call: download, redirects: true},
		{name: "all", setting: "all", call: stream, redirects: true},
		{name: "all: a download", setting: "all", call: download, redirects: true},
		{name: "a range", setting: "all", call: stream, headers: []string{"Range", "bytes=0-"}, redirects: true},
		{name: "HEAD", setting: "all", method: "HEAD", call: stream},
		{name: "POST", setting: "all", method: "POST", call: stream},
		{name: "an Authorization header", setting: "all", call: stream, headers: []string{"Authorization", "Basic b3duZXI6b3duZXItcHc="}},
		{name: "DSub", setting: "all", call: stream + "&c=DSub"},
		{name: "DSub by its agent", setting: "all", call: stream, headers: []string{"User-Agent", "DSub/5.5 (Android)"}},
		{name: "https to https", setting: "all", call: stream, tls: true, redirects: true},
		{name: "https to http", setting: "all", link: "http://bucket.example/", call: stream, tls: true},
		{name: "https at a proxy to http", setting: "all", link: "http://bucket.example/", call: stream, headers: []string{"X-Forwarded-Proto", "https"}},
		{name: "https at another proxy to http", setting: "all", link: "http://bucket.example/", call: stream, headers: []string{"Forwarded", `for=1.2.3.4;proto="https"`}},
		{name: "http to http", setting: "all", link: "http://bucket.example/", call: stream, redirects: true},
		{name: "an app that stays with its scheme", setting: "all", call: stream, headers: []string{"User-Agent", "Tempo AndroidXMedia3/1.4"}},
		{name: "the same with a link of its scheme", setting: "all", call: stream, tls: true, headers: []string{"User-Agent", "Tempo AndroidXMedia3/1.4"}, redirects: true},
		{name: "a page of another origin", setting: "all", call: stream, headers: []string{"Origin", "https://player.example"}},
		{name: "a conditional range", setting: "all", call: stream, headers: []string{"Range", "bytes=0-", "If-Range", `"x"`}},
		{name: "a store that signs nothing", setting: "all", link: "-", call: stream},
		{name: "no scheme of the web", setting: "all", link: "file:///", call: stream},
	} {
		h.settings(c.setting)
		b.mu.Lock()
		b.link, b.linked = "https://bucket.example/", nil
		if c.link != "" {
			b.link = strings.TrimPrefix(c.link, "-")
		}
		link := b.link
		b.mu.Unlock()
		method := c.method
		if method == "" {
			method = "GET"
		}
		r := httptest.NewRequest(method, target("owner", c.call), nil)
		for i := 0; i+1 < len(c.headers); i += 2 {
			r.Header.Set(c.headers[i], c.headers[i+1])
		}
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		got := h.do(r)
		if !c.redirects {
			if got.StatusCode/100 != 2 || got.Header.Get("Location") != "" || method != "HEAD" && body(t, got) != whole {
				t.Errorf("%s: %d %v", c.name, got.StatusCode, got.Header)
			}
			continue
		}
		if got.StatusCode != 302 || got.Header.Get("Location") != link+sea+"?X-Amz-Signature=abc" || body(t, got) != "" {
			t.Errorf("%s: %d %v", c.name, got.StatusCode, got.Header)
		}
		if got.Header.Get("Referrer-Policy") != "no-referrer" || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", c.name, got.Header)
		}
		if strings.Contains(got.Header.Get("Location"), "owner") {
			t.Errorf("%s: the link carries what logs in: %v", c.name, got.Header)
		}
		if l := b.linked[0]; l.Life < 2*time.Hour || l.ContentType != "audio/flac" || !strings.Contains(l.Disposition, "01 Sea.flac") || strings.HasPrefix(l.Disposition, "inline") != strings.HasPrefix(c.call, "stream") {
			t.Errorf("%s: %+v", c.name, l)
		}
	}
	if log := h.log.String(); strings.Contains(log, "X-Amz-Signature") {
		t.Errorf("a link is in the log: %s", log)
	}

	// A part of an object is none of the bucket's objects.
	h.settings(models.RedirectAll)
	cached := h.stores[1]
	h.stores[1] = b.Store
	h.addImages()
	h.stores[1] = cached
	if r := h.with("GET", "owner", "stream?id="+h.id("wave1")); r.StatusCode != 200 {
		t.Errorf("a part of an object: %d %v", r.StatusCode, r.Header)
	}
	// Rights come first.
	if code := h.code("guest", "stream?id="+h.id("Leaf")); code != 70 {
		t.Errorf("out of rights: %d", code)
	}
}
