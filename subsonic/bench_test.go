package subsonic

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/subsonic/spec"
)

// discard is a writer that keeps nothing.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

// BenchmarkCalls is what a call costs without a network; hello is a bare
// route beside it.
func BenchmarkCalls(b *testing.B) {
	h := newHouseFor(b)
	e := h.handler.(*echo.Echo)
	e.GET("/hello", func(c echo.Context) error { return c.String(200, "hello") })
	dawn := h.song("Dawn")
	for _, call := range []string{"ping", "getSong?id=" + dawn["id"].(string), "getAlbum?id=" + dawn["albumId"].(string), "getArtists", "search3?query=", "search3?query=dawn", "star?id=" + dawn["id"].(string)} {
		name, _, _ := strings.Cut(call, "?")
		b.Run(name, func(b *testing.B) { run(b, e, target("owner", call)) })
	}
	b.Run("hello", func(b *testing.B) { run(b, e, "/hello") })
}

func run(b *testing.B, e http.Handler, url string) {
	b.ReportAllocs()
	r := httptest.NewRequest("GET", url, nil)
	for b.Loop() {
		e.ServeHTTP(&discard{h: http.Header{}}, r)
	}
}

// BenchmarkPage is the share of a page of 500 songs that is not the catalog's:
// turning them into the protocol's shapes, and those into JSON.
func BenchmarkPage(b *testing.B) {
	h := newHouseFor(b)
	id, _ := models.ParseID(h.id("Dawn"))
	s, err := h.catalog.Song(b.Context(), catalog.Viewer{User: h.key("owner"), Libraries: []int{1}}, id.Key)
	if err != nil {
		b.Fatal(err)
	}
	list := make([]*models.Song, 500)
	for i := range list {
		list[i] = s
	}
	var children []spec.Child
	b.Run("shapes", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if children, err = h.api.songs(b.Context(), list); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("JSON", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf = spec.Append(buf[:0], spec.JSON, "", &spec.Response{Payload: spec.RandomSongs{Song: children}})
		}
	})
}
