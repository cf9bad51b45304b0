package subsonic

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage/mem"
	"github.com/songlocker/songlocker/test/music"
)

// TestChoose asks for formats and bit rates of songs that have copies.
func TestChoose(t *testing.T) {
	song := func(format string, rate int) *models.Song {
		s := &models.Song{Suffix: format}
		s.Codec, s.BitRate = format, rate
		if format == "flac" {
			s.BitDepth = 16
		}
		return s
	}
	name := func(s *models.Song) string { return fmt.Sprint(s.Codec, " ", s.BitRate) }
	flac, mp3 := song("flac", 900), song("mp3", 320)
	road := []*models.Song{song("mp3", 192), song("opus", 128), song("opus", 64), song("mp3", 0)}
	for _, x := range []struct {
		original *models.Song
		format   string
		rate     int
		want     string
	}{
		{flac, "", 0, "flac 900"},
		{flac, "", 900, "flac 900"},
		{flac, "", 320, "mp3 192"},
		{flac, "", 192, "mp3 192"},
		{flac, "", 130, "opus 128"},
		{flac, "", 32, "opus 64"},
		{flac, "opus", 0, "opus 128"},
		{flac, "OPUS", 96, "opus 64"},
		{flac, "opus", 16, "opus 64"},
		{flac, "mp3", 0, "mp3 192"},
		{flac, "mp3", 128, "mp3 192"}, // none within, and less than the original
		{flac, "flac", 0, "flac 900"},
		{flac, "flac", 320, "mp3 192"},
		{flac, "aac", 0, "flac 900"},
		{flac, "aac", 128, "opus 128"},
		{flac, "raw", 0, "flac 900"},
		{flac, "raw", 64, "flac 900"},
		{mp3, "mp3", 0, "mp3 320"},
		{mp3, "mp3", 320, "mp3 320"},
		{mp3, "mp3", 192, "mp3 192"},
		{mp3, "opus", 320, "opus 128"},
		{song("opus", 48), "", 32, "opus 48"}, // no copy is smaller
		{song("opus", 48), "mp3", 64, "opus 48"},
	} {
		list := choose(x.original, nil, road, wanted{x.format, x.rate})
		if got := name(list[0]); got != x.want {
			t.Errorf("%s as %q within %d: %s, want %s", name(x.original), x.format, x.rate, got, x.want)
		}
		if want := 5; x.format != "raw" && len(list) != want || !slices.Contains(list, x.original) {
			t.Errorf("%s as %q within %d: %d choices", name(x.original), x.format, x.rate, len(list))
		}
	}
	if list := choose(flac, []*models.Song{mp3}, road, wanted{format: "raw"}); len(list) != 2 || list[1] != mp3 {
		t.Errorf("raw may be %d files", len(list))
	}
	if list := choose(flac, []*models.Song{mp3}, road, wanted{bitRate: 320}); list[0] != mp3 || list[1] != flac {
		t.Errorf("a copy beside it is not chosen: %s", name(list[0]))
	}
	if w := (wanted{bitRate: 320}).within(128); w.bitRate != 128 {
		t.Error(w)
	}
	if w := (wanted{bitRate: 96}).within(128); w.bitRate != 96 {
		t.Error(w)
	}
	if w := (wanted{}).within(128); w.bitRate != 128 {
		t.Error(w)
	}
}

// packed is an album of one song, "Way", that calls itself a second long.
func packed(key string, size int) map[string]string {
	tags := music.Tags{Title: "Way", Artist: "Road", AlbumArtist: "Road", Album: "Trip", Track: 1}
	return map[string]string{key: string(music.Bytes(music.Formats[key[strings.LastIndexByte(key, '.'):]], &tags, music.Sound{Seed: uint64(size), Size: size, Seconds: 1}))}
}

// shelve adds a library with these files and returns its number.
func (h *house) shelve(name string, files map[string]string) int {
	h.t.Helper()
	ctx := h.t.Context()
	l := &models.Library{Name: name, Location: "mem:///" + name, Kind: models.LibraryMusic}
	n, err := h.catalog.AddLibrary(ctx, l)
	if err != nil {
		h.t.Fatal(err)
	}
	l.Number = n
	h.stores[n] = mem.New(files)
	if _, err := scanner.New(h.catalog, scanner.Options{}).Scan(ctx, scanner.Request{Library: l, Store: h.stores[n]}); err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *house) copiesOf(n, of int) {
	h.t.Helper()
	l, err := h.catalog.Library(h.t.Context(), n)
	if err == nil {
		l.Settings.CopiesOf = of
		err = h.catalog.UpdateLibrary(h.t.Context(), l)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func one(files map[string]string) (key, content string) {
	for key, content = range files {
	}
	return key, content
}

// TestStreamSendsCopiesForTheRoad asks for less than the original, with and
// without Range, by HEAD and GET, and with stores that fail.
func TestStreamSendsCopiesForTheRoad(t *testing.T) {
	h := newHouse(t)
	originals, copies := packed("Road/Trip/01 Way.flac", 60000), packed("Road/Trip/01 Way.mp3", 12000)
	n := h.shelve("originals", originals)
	m := h.shelve("copies", copies)
	h.copiesOf(m, n)
	id := h.id("Way")
	song := h.song("Way")
	if song["suffix"] != "flac" || song["transcodedSuffix"] != nil {
		t.Fatalf("the song: %v", song)
	}
	key, original := one(originals)
	_, small := one(copies)
	tags := map[string]string{}
	type answer struct{ call, body, kind string }
	for _, x := range []answer{
		{"stream?id=" + id, original, "audio/flac"},
		{"stream?id=" + id + "&maxBitRate=128", small, "audio/mpeg"},
		{"stream?id=" + id + "&maxBitRate=0", original, "audio/flac"},
		{"stream?id=" + id + "&maxBitRate=1000", original, "audio/flac"},
		{"stream?id=" + id + "&format=mp3", small, "audio/mpeg"},
		{"stream?id=" + id + "&format=opus", original, "audio/flac"},
		{"stream?id=" + id + "&format=raw&maxBitRate=64", original, "audio/flac"},
		{"download?id=" + id + "&format=mp3&maxBitRate=64", original, "audio/flac"},
	} {
		r := h.with("GET", "owner", x.call)
		if b := body(t, r); r.StatusCode != 200 || b != x.body || r.Header.Get("Content-Type") != x.kind || r.Header.Get("Content-Length") != fmt.Sprint(len(x.body)) {
			t.Errorf("%s: %d, %d bytes %v", x.call, r.StatusCode, len(b), r.Header)
		}
		tags[x.body] = r.Header.Get("ETag")
		head := h.with("HEAD", "owner", x.call)
		for _, name := range []string{"Content-Type", "Content-Length", "ETag", "Last-Modified", "Content-Disposition"} {
			if head.Header.Get(name) != r.Header.Get(name) {
				t.Errorf("HEAD %s: %s is %q, of GET %q", x.call, name, head.Header.Get(name), r.Header.Get(name))
			}
		}
		part := h.with("GET", "owner", x.call, "Range", "bytes=100-199")
		if b := body(t, part); part.StatusCode != 206 || b != x.body[100:200] || part.Header.Get("ETag") != tags[x.body] {
			t.Errorf("a part of %s: %d %v", x.call, part.StatusCode, part.Header)
		}
	}
	if tags[original] == tags[small] || tags[small] == "" {
		t.Errorf("tags %q", tags)
	}
	// The user's own limit counts as if it had been asked for.
	u, err := h.catalog.UserByName(t.Context(), "owner")
	if err != nil {
		t.Fatal(err)
	}
	limited := *u
	limited.MaxBitRate = 96
	if err := h.catalog.UpdateUser(t.Context(), &limited); err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string]string{"stream?id=" + id: small, "stream?id=" + id + "&format=raw": original, "download?id=" + id: original} {
		if body(t, h.with("GET", "owner", call)) != want {
			t.Errorf("with a limit, %s sends another file", call)
		}
	}
	limited.MaxBitRate = 0
	if err := h.catalog.UpdateUser(t.Context(), &limited); err != nil {
		t.Fatal(err)
	}
	// Who may not read the original gets neither.
	if code := h.code("guest", "stream?id="+id+"&format=mp3"); code != 70 {
		t.Errorf("a guest gets %d", code)
	}
	// Without its copy the original, without the original its copy; but raw is raw.
	h.stores[m].(*mem.Store).SetFaults(mem.Faults{Down: true})
	if r := h.with("GET", "owner", "stream?id="+id+"&format=mp3"); body(t, r) != original || r.Header.Get("Content-Type") != "audio/flac" || r.Header.Get("ETag") != tags[original] {
		t.Errorf("without the copy: %v", r.Header)
	}
	h.stores[m].(*mem.Store).SetFaults(mem.Faults{})
	h.stores[n].(*mem.Store).SetFaults(mem.Faults{Open: map[string]error{key: fs.ErrNotExist}, Read: map[string]error{key: fs.ErrNotExist}})
	if r := h.with("GET", "owner", "stream?id="+id); body(t, r) != small || r.Header.Get("Content-Type") != "audio/mpeg" || r.Header.Get("Content-Length") != fmt.Sprint(len(small)) {
		t.Errorf("without the original: %v", r.Header)
	}
	for _, call := range []string{"stream?format=raw&id=" + id, "download?id=" + id} {
		if code := h.code("owner", call); code != 70 {
			t.Errorf("%s without the original: %d", call, code)
		}
	}
	// A play of either is one of the original.
	h.stores[n].(*mem.Store).SetFaults(mem.Faults{})
	if !strings.Contains(body(t, h.raw("owner", "scrobble?id="+id)), `"ok"`) || h.song("Way")["playCount"] != 1.0 {
		t.Errorf("plays: %v", h.song("Way")["playCount"])
	}
}

// TestStreamGoesOnWithTheCopy takes the bucket of the preferred copy away and
// brings it back while an app plays.
func TestStreamGoesOnWithTheCopy(t *testing.T) {
	h := newHouse(t)
	best, other := packed("a/01 Way.flac", 60000), packed("b/01 Way.mp3", 12000)
	n := h.shelve("best", best)
	h.shelve("second", other)
	if err := h.catalog.SetPrefer(t.Context(), catalog.PreferQuality); err != nil {
		t.Fatal(err)
	}
	key, whole := one(best)
	_, second := one(other)
	id := h.id("Way")
	call := "stream?id=" + id
	get := func(headers ...string) (*http.Response, string) {
		t.Helper()
		r := h.with("GET", "owner", call, headers...)
		return r, body(t, r)
	}
	if _, b := get(); b != whole {
		t.Fatal("the preferred copy is not the one that is sent")
	}
	down := mem.Faults{Open: map[string]error{key: errors.New("the bucket is away")}, Read: map[string]error{key: errors.New("the bucket is away")}}
	h.stores[n].(*mem.Store).SetFaults(down)
	// What was begun does not go on with other bytes.
	if r, b := get("Range", "bytes=1000-"); r.StatusCode != 200 || !strings.Contains(b, `"failed"`) || r.Header.Get("ETag") != "" {
		t.Errorf("a part of what is away: %d %s", r.StatusCode, b[:min(len(b), 100)])
	}
	if r, b := get("Range", "bytes=1000-", "If-Range", `"the first"`); r.StatusCode != 200 || b != second {
		t.Errorf("a part of what is away, by its tag: %d", r.StatusCode)
	}
	r, b := get("Range", "bytes=0-")
	if r.StatusCode != 206 || b != second || r.Header.Get("Content-Type") != "audio/mpeg" || r.Header.Get("Content-Range") != fmt.Sprintf("bytes 0-%d/%d", len(second)-1, len(second)) {
		t.Errorf("from the beginning: %d %v", r.StatusCode, r.Header)
	}
	if r, b := get("Range", "bytes=1000-"); r.StatusCode != 206 || b != second[1000:] {
		t.Errorf("on with the copy: %d", r.StatusCode)
	}
	// The bucket is back, and the app in the middle of the copy.
	h.stores[n].(*mem.Store).SetFaults(mem.Faults{})
	if r, b := get("Range", "bytes=2000-"); r.StatusCode != 206 || b != second[2000:] {
		t.Errorf("on with the copy, the other back: %d", r.StatusCode)
	}
	if _, b := get(); b != whole {
		t.Error("a new beginning is not that of the preferred copy")
	}
	if r, b := get("Range", "bytes=1000-"); r.StatusCode != 206 || b != whole[1000:] {
		t.Errorf("on with the preferred copy: %d", r.StatusCode)
	}
	h.stores[n].(*mem.Store).SetFaults(down)
	if b := body(t, h.with("GET", "owner", "download?id="+id)); b != second {
		t.Error("a download does not fall back on the copy")
	}
}
