package rangecache

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/bucket"
	"github.com/songlocker/songlocker/storage/storagetest"
	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
)

// openS3 opens the bucket of a server behind a cache of this size.
func openS3(t *testing.T, f *fakes3.Server, bound int64) (storage.Store, *Cache) {
	t.Helper()
	u, err := storage.Parse(f.Location(""))
	if err != nil {
		t.Fatal(err)
	}
	s, err := bucket.OpenS3(t.Context(), u, storage.Options{Secret: fakes3.Secret()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	c := newCache(t, Options{Bound: bound})
	return c.Wrap("x", s), c
}

func TestS3(t *testing.T) {
	storagetest.Run(t, func(t *testing.T, files map[string]string) storage.Store {
		s, _ := openS3(t, fakes3.New(t, files), 1<<30)
		return s
	})
}

// What is billed is what was streamed, once.
func TestS3IsAskedOnce(t *testing.T) {
	want := song(4<<20 + 99)
	f := fakes3.New(t, map[string]string{"a.flac": want})
	s, c := openS3(t, f, 1<<30)
	o, err := s.Stat(t.Context(), "a.flac")
	if err != nil {
		t.Fatal(err)
	}
	before := f.Counts()
	for range 2 {
		x, err := storage.OpenPinned(t.Context(), s, o)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		if _, err := io.Copy(&got, struct{ io.Reader }{x}); err != nil || got.String() != want {
			t.Errorf("%d other bytes, %v", got.Len(), err)
		}
		x.Close()
		settled(c)
	}
	if n := f.Counts().Sub(before); n.Requests() != n.Gets || n.Gets > 3 || n.Bytes != int64(len(want)) {
		t.Errorf("two listeners of %d bytes cost %+v", len(want), n)
	}
	_, linker := storage.As[storage.Linker](s)
	if !linker {
		t.Error("the cache hides who signs links")
	}
}

func TestS3Faults(t *testing.T) {
	want := song(3 << 20)
	for name, faults := range map[string][]fakes3.Fault{
		"cut bodies": {{Kind: fakes3.Get, Cut: 400_000, Times: 5}},
		"a burst of 503": {func() fakes3.Fault {
			x := fakes3.SlowDown
			x.Kind, x.Times = fakes3.Get, 3
			return x
		}()},
		"cut before the first byte": {{Kind: fakes3.Get, Cut: -1, Times: 2}},
	} {
		for _, bound := range []int64{0, 1 << 30} {
			t.Run(fmt.Sprint(name, bound), func(t *testing.T) {
				f := fakes3.New(t, map[string]string{"a.flac": want})
				s, _ := openS3(t, f, bound)
				for _, x := range faults {
					f.Fail(x)
				}
				if got := stream(t, s, "a.flac", 0); got != want {
					t.Errorf("%d other bytes", len(got))
				}
			})
		}
	}
	// An object that changes in the middle ends the stream: the rest is asked
	// for with If-Match.
	for _, bound := range []int64{0, 1 << 30} {
		f := fakes3.New(t, map[string]string{"a.flac": want})
		s, _ := openS3(t, f, bound)
		x := pinned(t, s, "a.flac")
		f.Fail(fakes3.Fault{Kind: fakes3.Get, Cut: 300_000, Times: 1})
		f.Fail(fakes3.Fault{Kind: fakes3.Get, Times: 1, Do: func() { f.Put("a.flac", []byte(strings.ToUpper(want))) }})
		var got strings.Builder
		if _, err := io.Copy(&got, struct{ io.Reader }{x}); !errors.Is(err, storage.ErrChanged) || got.String() != want[:got.Len()] || got.Len() == len(want) {
			t.Errorf("%d bytes, %v", got.Len(), err)
		}
	}
	f := fakes3.New(t, nil)
	f.PutObject("old.flac", fakes3.Object{Data: []byte(want), Class: "GLACIER"})
	s, _ := openS3(t, f, 1<<30)
	o := storage.Object{Key: "old.flac", Size: int64(len(want)), ETag: f.ETag("old.flac")}
	x, err := storage.OpenPinned(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	before := f.Counts()
	if _, err := x.Read(make([]byte, 9)); !errors.Is(err, models.ErrArchived) {
		t.Errorf("an archived object: %v", err)
	}
	if n := f.Counts().Sub(before); n.Requests() != 1 {
		t.Errorf("it was asked for %d times", n.Requests())
	}
}
