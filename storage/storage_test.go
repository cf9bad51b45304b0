package storage_test

import (
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
	"github.com/songlocker/songlocker/storage/storagetest"
)

func TestCountedIsAStore(t *testing.T) {
	storagetest.Run(t, func(_ *testing.T, files map[string]string) storage.Store {
		return storage.Counted(mem.New(files), new(storage.Counter))
	})
}

func TestCounted(t *testing.T) {
	var c storage.Counter
	s := storage.Counted(mem.New(map[string]string{"x": "0123456789"}), &c)
	f, err := s.File(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := make([]byte, 4)
	f.ReadAt(p, 0)
	f.ReadAt(p, 8)
	if r, b := c.Requests(), c.Bytes.Load(); r != 2 || b != 6 {
		t.Errorf("%d requests and %d bytes, want 2 and 6", r, b)
	}
	for range 2 {
		f.Read(p)
	}
	f.Seek(0, io.SeekStart)
	f.Read(p)
	if r, b := c.Requests(), c.Bytes.Load(); r != 4 || b != 18 {
		t.Errorf("%d requests and %d bytes after reading from two places, want 4 and 18", r, b)
	}
}

func TestOneCounterCounts(t *testing.T) {
	var inner, outer storage.Counter
	s := storage.Counted(mem.New(map[string]string{"x": "0123456789"}), &inner)
	outside := storage.Counted(s, &outer)
	for _, s := range []storage.Store{s, outside} {
		f, err := storage.OpenPinned(t.Context(), s, storage.Object{Key: "x", Size: 10})
		if err != nil {
			t.Fatal(err)
		}
		f.ReadAt(make([]byte, 4), 0)
		f.Close()
		if err := s.List(t.Context(), "", func(storage.Object) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if inner.Requests() != outer.Requests() || inner.Lists.Load() != 1 {
		t.Errorf("the inner counter has %d requests, the outer %d: each call counts once", inner.Requests(), outer.Requests())
	}
	if _, ok := storage.As[storage.Watcher](outside); !ok {
		t.Error("two wrappers hide that the store can be watched")
	}
}

func TestHiddenName(t *testing.T) {
	for name, want := range map[string]bool{
		".git": true, "._x.mp3": true, ".DS_Store": true, "@eaDir": true, "lost+found": true,
		"#recycle": true, "System Volume Information": true, ".stfolder": true, ".Trash-1000": true,
		"": false, ".": false, "...And Justice": false, ".38 Special": false, ". x": false, "a.b": false, "@home": false,
		".Trashes": true, "$RECYCLE.BIN": true, ".nomedia": false, ".ndignore": false, ".songlockerignore": false, ".songlockerignore~": true,
	} {
		if storage.HiddenName(name) != want {
			t.Errorf("HiddenName(%q) is not %v", name, want)
		}
	}
	if !storage.Hidden("a/.b/c") || !storage.Hidden("a/.b/.nomedia") || storage.Hidden("a/b/c.mp3") {
		t.Error("Hidden looks at other than every part of a key")
	}
}

func TestCoalesce(t *testing.T) {
	for _, c := range []struct{ in, want []string }{
		{nil, nil},
		{[]string{"b/", "a/", "b/"}, []string{"a/", "b/"}},
		{[]string{"a/b/", "a/", "ab/", "a/b/c/"}, []string{"a/", "ab/"}},
		{[]string{"x/", ""}, []string{""}},
	} {
		if got := storage.Coalesce(c.in); !slices.Equal(got, c.want) {
			t.Errorf("Coalesce(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		"/music":                         "file:///music",
		"/music/":                        "file:///music",
		"/a b/100%/what?#x":              "file:///a%20b/100%25/what%3F%23x",
		"/caf\xe9":                       "file:///caf%E9",
		"file:///music":                  "file:///music",
		"file://localhost/m/../n/":       "file:///n",
		"file:///a%20b":                  "file:///a%20b",
		"s3://bucket/prefix?region=auto": "s3://bucket/prefix?region=auto",
	} {
		u, err := storage.Parse(in)
		if err != nil || u.String() != want {
			t.Errorf("Parse(%q) = %v, %v; want %s", in, u, err, want)
			continue
		}
		if again, err := storage.Parse(want); err != nil || again.Path != u.Path {
			t.Errorf("Parse(%q) has the path %q, want %q", want, again.Path, u.Path)
		}
	}
	if u, err := storage.Parse("relative"); err != nil || !strings.HasSuffix(u.Path, "/storage/relative") {
		t.Errorf("Parse(relative) = %v, %v", u, err)
	}
	for _, in := range []string{"", "file://host/music", "file://", "file:///a?b", "file:///a#b", "s3://key:hunter2@bucket", "s3://key:hunter2@buc ket/%zz"} {
		u, err := storage.Parse(in)
		if !errors.Is(err, models.ErrInvalid) {
			t.Errorf("Parse(%q) = %v, %v; want models.ErrInvalid", in, u, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}

func TestRegistry(t *testing.T) {
	var r storage.Registry
	r.Register("mem", func(_ context.Context, u *url.URL, o storage.Options) (storage.Store, error) {
		if !o.FollowLinks {
			t.Error("the options are lost")
		}
		return mem.New(map[string]string{u.Host: "x"}), nil
	})
	s, err := r.Open(t.Context(), "mem://name", storage.Options{FollowLinks: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stat(t.Context(), "name"); err != nil {
		t.Error(err)
	}
	if _, err := r.Open(t.Context(), "s3://bucket", storage.Options{}); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "mem") {
		t.Errorf("an unknown scheme: %v; want models.ErrInvalid and what is known", err)
	}
}

func TestGatedIsAStore(t *testing.T) {
	storagetest.Run(t, func(_ *testing.T, files map[string]string) storage.Store {
		return storage.Gated(mem.New(files), func(context.Context) error { return nil })
	})
}

// A gate that closes refuses every call, the reads of open files and the rest
// of a listing.
func TestGated(t *testing.T) {
	var closed atomic.Bool
	refused := errors.New("refused")
	s := storage.Gated(mem.New(map[string]string{"a": "0123456789", "b": "x"}), func(context.Context) error {
		if closed.Load() {
			return refused
		}
		return nil
	})
	ctx := t.Context()
	f, err := s.File(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pinned, err := storage.OpenPinned(ctx, s, f.Object())
	if err != nil {
		t.Fatal(err)
	}
	defer pinned.Close()
	n := 0
	err = s.List(ctx, "", func(storage.Object) error { n++; closed.Store(true); return nil })
	if !errors.Is(err, refused) || n != 1 {
		t.Errorf("a listing behind a gate that closes: %v after %d objects", err, n)
	}
	for what, call := range map[string]func() error{
		"list":   func() error { return s.List(ctx, "", func(storage.Object) error { return nil }) },
		"stat":   func() error { _, err := s.Stat(ctx, "a"); return err },
		"open":   func() error { _, err := s.Open(ctx, "a", 0, 1); return err },
		"file":   func() error { _, err := s.File(ctx, "a"); return err },
		"read":   func() error { _, err := f.Read(make([]byte, 1)); return err },
		"readat": func() error { _, err := f.ReadAt(make([]byte, 1), 0); return err },
		"pinned": func() error { _, err := pinned.ReadAt(make([]byte, 1), 0); return err },
	} {
		if err := call(); !errors.Is(err, refused) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
