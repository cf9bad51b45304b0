package cloud

import (
	"maps"
	"net/http"
	"testing"
)

// TestBucket holds the client against the real servers.
func TestBucket(t *testing.T) {
	for _, make := range []func(testing.TB, string) *Bucket{S3, Azure} {
		b := make(t, "client")
		b.Put(t, "a b/ü+%.mp3", []byte("hello"))
		b.Rename(t, "a b/ü+%.mp3", "x/y&z#é.mp3")
		if got := string(b.Get(t, "x/y&z#é.mp3")); got != "hello" {
			t.Errorf("%s reads %q", b.Location, got)
		}
		if status, _ := b.do(t, http.MethodGet, b.URL("a b/ü+%.mp3"), nil, nil); status != http.StatusNotFound {
			t.Errorf("%s: after the renaming the old name answers %d", b.Location, status)
		}
		reader := b.Reader(t)
		if maps.Equal(reader, b.Secret) {
			t.Error("the reader has the owner's secret")
		}
		mine, query := *b, ""
		if b.azure {
			mine.sign = func(*http.Request, int, string) {}
			query = "?" + reader["sas"]
		} else {
			p := Pair{reader["access_key_id"], reader["secret_access_key"]}
			mine.sign = func(r *http.Request, _ int, sum string) { p.sign(r, sum) }
		}
		if got := string(mine.must(t, http.MethodGet, b.URL("x/y&z#é.mp3")+query, nil, nil)); got != "hello" {
			t.Errorf("the reader reads %q", got)
		}
		if status, _ := mine.do(t, http.MethodPut, b.URL("new")+query, map[string]string{"X-Ms-Blob-Type": "BlockBlob"}, []byte("x")); status != http.StatusForbidden {
			t.Errorf("%s: the reader writes: %d", b.Location, status)
		}
	}
}
