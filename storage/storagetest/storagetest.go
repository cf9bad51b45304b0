// Package storagetest holds every storage.Store, and every wrapper around
// one, to the promises that package storage makes.
package storagetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// New makes a store that holds these files by key. What it needs ends with
// the test.
type New func(t *testing.T, files map[string]string) storage.Store

// Run tests the stores that open makes. Some odd keys may be named that no
// object can have where they lie.
func Run(t *testing.T, open New, impossible ...string) {
	oddKeys := func(t *testing.T, open New) { oddKeys(t, open, impossible) }
	for _, c := range []struct {
		name string
		test func(*testing.T, New)
	}{
		{"list", list},
		{"list_ends_with_yield", listEndsWithYield},
		{"list_leaves_out_hidden", listHidden},
		{"odd_keys", oddKeys},
		{"invalid_keys", invalidKeys},
		{"stat", stat},
		{"ranges", ranges},
		{"file", file},
		{"pinned", pinned},
		{"empty_object", emptyObject},
		{"large_object", largeObject},
		{"concurrent", concurrent},
		{"cancelled", cancelled},
		{"closed", closed},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// tree is a small library.
//
//	a.mp3
//	a/b.mp3  a/c.mp3  a/deep/er/d.mp3
//	ab/e.mp3
//	z.txt
var tree = map[string]string{
	"a.mp3":           "one",
	"a/b.mp3":         "two",
	"a/c.mp3":         "three",
	"a/deep/er/d.mp3": "four",
	"ab/e.mp3":        "five",
	"z.txt":           "text",
}

// keys lists a prefix, and fails on a key that comes twice.
func keys(t *testing.T, s storage.Store, prefix string) []string {
	t.Helper()
	seen := map[string]bool{}
	err := s.List(t.Context(), prefix, func(o storage.Object) error {
		if seen[o.Key] {
			t.Errorf("%q was listed twice", o.Key)
		}
		seen[o.Key] = true
		return nil
	})
	if err != nil {
		t.Fatalf("List(%q): %v", prefix, err)
	}
	return slices.Sorted(maps.Keys(seen))
}

func list(t *testing.T, open New) {
	s := open(t, tree)
	for _, prefix := range []string{"", "a", "a/", "a/d", "a/deep/", "a/deep/er", "ab/", "a.mp3", "z.txt", "none/", "b", "a.mp3/", "../", "/", "a//"} {
		var want []string
		for key := range tree {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		slices.Sort(want)
		if got := keys(t, s, prefix); !slices.Equal(got, want) {
			t.Errorf("List(%q) = %q, want %q", prefix, got, want)
		}
	}
	err := s.List(t.Context(), "", func(o storage.Object) error {
		if o.Size != int64(len(tree[o.Key])) {
			t.Errorf("%s has %d bytes in the listing, want %d", o.Key, o.Size, len(tree[o.Key]))
		}
		if st, err := s.Stat(t.Context(), o.Key); err != nil || st != o {
			t.Errorf("Stat says %+v, %v; List says %+v", st, err, o)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if got := keys(t, open(t, nil), ""); len(got) > 0 {
		t.Errorf("an empty store lists %q", got)
	}
}

func listEndsWithYield(t *testing.T, open New) {
	s := open(t, tree)
	enough, n := errors.New("enough"), 0
	err := s.List(t.Context(), "", func(storage.Object) error {
		if n++; n == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || n != 2 {
		t.Errorf("List went on to %d objects and returned %v", n, err)
	}
}

func listHidden(t *testing.T, open New) {
	s := open(t, map[string]string{
		".hidden.mp3":                  "x",
		"._a.mp3":                      "x",
		"a/.trash/b.mp3":               "x",
		"@eaDir/a.mp3/index":           "x",
		"$RECYCLE.BIN/a.mp3":           "x",
		"...And Justice for All/b.mp3": "x",
		".38 Special/c.mp3":            "x",
		"a.mp3":                        "x",
	})
	want := []string{"...And Justice for All/b.mp3", ".38 Special/c.mp3", "a.mp3"}
	if got := keys(t, s, ""); !slices.Equal(got, want) {
		t.Errorf("List = %q, want %q", got, want)
	}
	for _, prefix := range []string{".h", "a/.trash/", "@eaDir/", "@eaDir/a.mp3/"} {
		if got := keys(t, s, prefix); len(got) > 0 {
			t.Errorf("List(%q) = %q, want nothing", prefix, got)
		}
	}
}

// odd are names that some layer between a key and its bytes might change.
var odd = []string{
	"with space/ leading and trailing /x .mp3",
	"100%/50%25.mp3",
	"what?/is#this&that=1;2+3.mp3",
	"quotes/\"double\" 'single' `back`.mp3",
	"back\\slash/a\\b.mp3",
	"new\nline/a\tb.mp3",
	"Beyoncé/NFC é.mp3",
	"Beyoncé/NFD e\u0301.mp3",
	"東京/音楽 🎵.mp3",
	"a:b/c*d|e<f>.mp3",
	"..a/b..mp3",
	"-rf/--help.mp3",
	"~/a.mp3",
	strings.Repeat("ü", 100) + ".mp3",
}

func oddKeys(t *testing.T, open New, impossible []string) {
	files := map[string]string{}
	for _, key := range odd {
		if !slices.Contains(impossible, key) {
			files[key] = "content of " + key
		}
	}
	s := open(t, files)
	if got, want := keys(t, s, ""), slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Errorf("List = %q\nwant %q", got, want)
	}
	for key, content := range files {
		if got := read(t, s, key, 0, -1); got != content {
			t.Errorf("Open(%q) = %q, want %q", key, got, content)
		}
		if o, err := s.Stat(t.Context(), key); err != nil || o.Key != key {
			t.Errorf("Stat(%q) = %q, %v", key, o.Key, err)
		}
		folder := storage.Folder(key)
		if !slices.Contains(keys(t, s, folder), key) {
			t.Errorf("List(%q) leaves out %q", folder, key)
		}
	}
}

// BytesKeys tests keys that are no UTF-8, for backends that can hold them.
func BytesKeys(t *testing.T, open New) {
	files := map[string]string{"caf\xe9/\xff\xfe.mp3": "latin", "caf\xc3\xa9/ok.mp3": "utf", "\x80": "lone"}
	s := open(t, files)
	if got, want := keys(t, s, ""), slices.Sorted(maps.Keys(files)); !slices.Equal(got, want) {
		t.Errorf("List = %q, want %q", got, want)
	}
	for key, content := range files {
		if got := read(t, s, key, 0, -1); got != content {
			t.Errorf("Open(%q) = %q, want %q", key, got, content)
		}
	}
}

func invalidKeys(t *testing.T, open New) {
	s := open(t, tree)
	for _, key := range []string{
		"", ".", "..", "/", "/a.mp3", "./a.mp3", "a/../a.mp3", "../a.mp3", "a/", "a", "a//b.mp3",
		"a.mp3/", "a.mp3/x", "a.mp3\x00", "/etc/passwd", "../../../../../../etc/passwd", "none", "none/a.mp3", "A.MP3x",
		strings.Repeat("x", 5000),
	} {
		if o, err := s.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat(%q) = %+v, %v; want fs.ErrNotExist", key, o, err)
		}
		if r, err := s.Open(t.Context(), key, 0, -1); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Open(%q) = %v, %v; want fs.ErrNotExist", key, r, err)
		}
		if f, err := s.File(t.Context(), key); !errors.Is(err, fs.ErrNotExist) || f != nil {
			t.Errorf("File(%q) = %v, %v; want fs.ErrNotExist", key, f, err)
		}
	}
}

func stat(t *testing.T, open New) {
	s := open(t, tree)
	o, err := s.Stat(t.Context(), "a/c.mp3")
	if err != nil || o.Key != "a/c.mp3" || o.Size != 5 || o.Archived {
		t.Errorf("Stat = %+v, %v", o, err)
	}
}

// read returns a range, or the error as text.
func read(t *testing.T, s storage.Store, key string, off, n int64) string {
	t.Helper()
	r, err := s.Open(t.Context(), key, off, n)
	if err != nil {
		return err.Error()
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func ranges(t *testing.T, open New) {
	s := open(t, map[string]string{"x": "0123456789"})
	for _, c := range []struct {
		off, n int64
		want   string
	}{
		{0, -1, "0123456789"},
		{0, 10, "0123456789"},
		{0, 3, "012"},
		{4, 2, "45"},
		{4, -1, "456789"},
		{9, -1, "9"},
		{9, 100, "9"},
		{0, 1 << 62, "0123456789"},
		{3, 0, ""},
		{0, 0, ""},
	} {
		if got := read(t, s, "x", c.off, c.n); got != c.want {
			t.Errorf("Open(%d, %d) reads %q, want %q", c.off, c.n, got, c.want)
		}
	}
	for _, off := range []int64{-1, 10, 11, 1 << 62} {
		if r, err := s.Open(t.Context(), "x", off, -1); !errors.Is(err, storage.ErrRange) {
			t.Errorf("Open(%d, -1) = %v, %v; want ErrRange", off, r, err)
		}
	}
}

func file(t *testing.T, open New) {
	const text = "0123456789"
	s := open(t, map[string]string{"x": text})
	f, err := s.File(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if o, err := s.Stat(t.Context(), "x"); err != nil || f.Object() != o {
		t.Errorf("Object() = %+v; Stat = %+v, %v", f.Object(), o, err)
	}
	// TestReader reads, seeks and reads at every place.
	if err := iotest.TestReader(f, []byte(text)); err != nil {
		t.Error(err)
	}
	if n, err := f.Seek(-3, io.SeekEnd); n != 7 || err != nil {
		t.Errorf("Seek to the last 3 = %d, %v", n, err)
	}
	p := make([]byte, 4)
	if n, err := f.ReadAt(p, 2); n != 4 || err != nil || string(p) != "2345" {
		t.Errorf("ReadAt(2) = %d %q, %v", n, p, err)
	}
	if b, err := io.ReadAll(f); string(b) != "789" || err != nil {
		t.Errorf("after ReadAt the file reads %q, %v; want it where Seek left it", b, err)
	}
	if n, err := f.ReadAt(p, 8); n != 2 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt over the end = %d, %v; want 2, EOF", n, err)
	}
	if n, err := f.ReadAt(p, 100); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("ReadAt past the end = %d, %v; want 0, EOF", n, err)
	}
	if _, err := f.ReadAt(p, -1); err == nil {
		t.Error("ReadAt(-1) has no error")
	}
	if _, err := f.Seek(-1, io.SeekStart); err == nil {
		t.Error("Seek(-1) has no error")
	}
}

// pinned opens objects as a listing told of them.
func pinned(t *testing.T, open New) {
	s := open(t, tree)
	err := s.List(t.Context(), "", func(o storage.Object) error {
		f, err := storage.OpenPinned(t.Context(), s, o)
		if err != nil {
			t.Errorf("%s as listed: %v", o.Key, err)
			return nil
		}
		defer f.Close()
		if f.Object() != o {
			t.Errorf("%s as listed tells of %+v, want %+v", o.Key, f.Object(), o)
		}
		if b, err := io.ReadAll(f); string(b) != tree[o.Key] || err != nil {
			t.Errorf("%s as listed reads %q, %v", o.Key, b, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Changing makes a store like New, and what gives an object another content.
type Changing func(t *testing.T, files map[string]string) (s storage.Store, put func(key, content string))

// Pinned tests that reads of an object as it was listed are of that content or
// fail. The store is a Pinner.
func Pinned(t *testing.T, open Changing) {
	s, put := open(t, map[string]string{"x": "0123456789"})
	p, ok := s.(storage.Pinner)
	if !ok {
		t.Fatal("the store is no Pinner")
	}
	o, err := s.Stat(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.Pinned(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	late, err := p.Pinned(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	b := make([]byte, 4)
	if n, err := f.ReadAt(b, 3); n != 4 || err != nil || string(b) != "3456" {
		t.Errorf("ReadAt before the change = %d %q, %v", n, b, err)
	}
	for _, content := range []string{"9876543210", "98", "a longer content than before"} {
		put("x", content)
		if n, err := f.ReadAt(b, 3); n != 0 || !errors.Is(err, storage.ErrChanged) {
			t.Errorf("ReadAt of %q = %d, %v; want ErrChanged", content, n, err)
		}
		if n, err := late.Read(b); n != 0 || !errors.Is(err, storage.ErrChanged) {
			t.Errorf("Read of %q = %d, %v; want ErrChanged", content, n, err)
		}
	}
	o.Archived = true
	if f, err := p.Pinned(t.Context(), o); !errors.Is(err, models.ErrUnavailable) || f != nil {
		t.Errorf("an archived object opens as %v, %v; want models.ErrUnavailable", f, err)
	}
}

// Links tests that whoever has a link reads the object with it, and no other.
// The store is a Linker.
func Links(t *testing.T, open New) {
	const key = "a b/ü+%&?#.mp3"
	s := open(t, map[string]string{key: "0123456789", "other": "x"})
	l, ok := storage.As[storage.Linker](s)
	if !ok {
		t.Fatal("the store is no Linker")
	}
	o, err := s.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	link, err := l.Link(t.Context(), o, storage.Link{Life: time.Hour, ContentType: "audio/x-test", Disposition: "attachment"})
	if err != nil {
		t.Fatal(err)
	}
	get := func(link, span string) (status int, h http.Header, body string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
		if err != nil {
			t.Fatal(err)
		}
		if span != "" {
			r.Header.Set("Range", span)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		return resp.StatusCode, resp.Header, string(b)
	}
	if status, h, body := get(link, ""); status != http.StatusOK || body != "0123456789" || h.Get("Content-Type") != "audio/x-test" || h.Get("Content-Disposition") != "attachment" {
		t.Errorf("the link answers %d %v %q", status, h, body)
	}
	if status, _, body := get(link, "bytes=3-5"); status != http.StatusPartialContent || body != "345" {
		t.Errorf("a range of the link answers %d %q", status, body)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, key)+"other", ""
	if status, _, body := get(u.String(), ""); status < 400 || body == "x" {
		t.Errorf("a link for another object answers %d %q", status, body)
	}
}

func emptyObject(t *testing.T, open New) {
	s := open(t, map[string]string{"empty": ""})
	if got := read(t, s, "empty", 0, -1); got != "" {
		t.Errorf("Open(0, -1) reads %q", got)
	}
	if _, err := s.Open(t.Context(), "empty", 1, -1); !errors.Is(err, storage.ErrRange) {
		t.Errorf("Open(1, -1): %v, want ErrRange", err)
	}
	f, err := s.File(t.Context(), "empty")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, err := f.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("Read = %d, %v; want EOF", n, err)
	}
}

// large returns bytes in which every place differs from its neighbours.
func large() []byte {
	b := make([]byte, 3<<20)
	for i := range b {
		b[i] = byte(i>>16) ^ byte(i>>8) ^ byte(i)
	}
	return b
}

func largeObject(t *testing.T, open New) {
	want := large()
	s := open(t, map[string]string{"big": string(want)})
	if got := read(t, s, "big", 0, -1); got != string(want) {
		t.Errorf("the object reads as %d other bytes", len(got))
	}
	f, err := s.File(t.Context(), "big")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := make([]byte, 1<<20)
	if n, err := f.ReadAt(p, 1<<20+17); n != len(p) || err != nil || !bytes.Equal(p, want[1<<20+17:2<<20+17]) {
		t.Errorf("one ReadAt of 1 MiB = %d, %v, or other bytes", n, err)
	}
	if got, err := io.ReadAll(f); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the file reads as %d other bytes, %v", len(got), err)
	}
}

func concurrent(t *testing.T, open New) {
	files := map[string]string{}
	for i := range 50 {
		files[fmt.Sprintf("d%d/f%d", i%7, i)] = strings.Repeat(string(rune('a'+i%26)), 1000+i)
	}
	s := open(t, files)
	shared, err := s.File(t.Context(), "d0/f0")
	if err != nil {
		t.Fatal(err)
	}
	defer shared.Close()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			n := 0
			err := s.List(t.Context(), "", func(o storage.Object) error {
				n++
				if got := read(t, s, o.Key, 0, -1); got != files[o.Key] {
					t.Errorf("%s reads as %d other bytes", o.Key, len(got))
				}
				return nil
			})
			if n != len(files) || err != nil {
				t.Errorf("List = %d objects, %v", n, err)
			}
			p := make([]byte, 100)
			for off := range int64(9) {
				if n, err := shared.ReadAt(p, off*100); n != 100 || err != nil {
					t.Errorf("ReadAt = %d, %v", n, err)
				}
			}
		})
	}
	wg.Wait()
}

func cancelled(t *testing.T, open New) {
	s := open(t, tree)
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := s.List(ctx, "", func(storage.Object) error {
		n++
		cancel()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("a listing cancelled at its first object yields %d and returns %v", n, err)
	}
	if err := s.List(ctx, "", func(storage.Object) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("List: %v", err)
	}
	if _, err := s.Stat(ctx, "a.mp3"); !errors.Is(err, context.Canceled) {
		t.Errorf("Stat: %v", err)
	}
	if _, err := s.Open(ctx, "a.mp3", 0, -1); !errors.Is(err, context.Canceled) {
		t.Errorf("Open: %v", err)
	}
	if _, err := s.File(ctx, "a.mp3"); !errors.Is(err, context.Canceled) {
		t.Errorf("File: %v", err)
	}
}

func closed(t *testing.T, open New) {
	s := open(t, tree)
	f, err := s.File(t.Context(), "a/c.mp3")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(f); string(b) != "three" || err != nil {
		t.Errorf("after the store's Close an open file reads %q, %v", b, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
