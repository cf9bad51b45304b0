package session

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestScheme(t *testing.T) {
	d := Door{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for _, c := range []struct {
		name, from, says string
		tls              bool
		want             string
	}{
		{"plain", "10.1.2.3:4", "", false, "http"},
		{"our own https", "192.0.2.1:4", "", true, "https"},
		{"a trusted proxy's https", "10.1.2.3:4", "https", false, "https"},
		{"a trusted proxy by IPv6", "[::ffff:10.1.2.3]:4", "https", false, "https"},
		{"anybody's word", "192.0.2.1:4", "https", false, "http"},
		{"no address", "@", "https", false, "http"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.TLS, r.RemoteAddr = nil, c.from
		if c.tls {
			r.TLS = new(tls.ConnectionState)
		}
		r.Header.Set("X-Forwarded-Proto", c.says)
		if got := d.Scheme(r); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestFormToken(t *testing.T) {
	one := FormToken("one")
	if !GoodToken("one", one) || GoodToken("two", one) || GoodToken("one", "") || GoodToken("", FormToken("")) {
		t.Error("a token is good for its own session only, and for none without a cookie")
	}
}
