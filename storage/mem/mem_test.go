package mem_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
	"github.com/songlocker/songlocker/storage/storagetest"
)

func open(_ *testing.T, files map[string]string) storage.Store { return mem.New(files) }

func TestStore(t *testing.T) { storagetest.Run(t, open) }

func TestPinned(t *testing.T) {
	storagetest.Pinned(t, func(_ *testing.T, files map[string]string) (storage.Store, func(key, content string)) {
		s := mem.New(files)
		return s, func(key, content string) { s.Put(key, []byte(content)) }
	})
}

func TestBytesKeys(t *testing.T) { storagetest.BytesKeys(t, open) }

func count(t *testing.T, s storage.Store) (int, error) {
	n := 0
	err := s.List(t.Context(), "", func(storage.Object) error { n++; return nil })
	return n, err
}

func TestFaults(t *testing.T) {
	s := mem.New(map[string]string{"a": "1", "b": "2", "c": "3"})
	broken := errors.New("broken")

	s.SetFaults(mem.Faults{ListErr: broken, ListFails: 2})
	if n, err := count(t, s); n != 2 || !errors.Is(err, broken) {
		t.Errorf("a listing that fails after 2: %d, %v", n, err)
	}
	s.SetFaults(mem.Faults{ListShort: 1})
	if n, err := count(t, s); n != 1 || err != nil {
		t.Errorf("a short listing: %d, %v", n, err)
	}
	s.SetFaults(mem.Faults{Down: true})
	if _, err := s.Stat(t.Context(), "a"); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("a store that is down: %v", err)
	}
	s.SetFaults(mem.Faults{Open: map[string]error{"a": broken}, Read: map[string]error{"b": broken}})
	if _, err := s.File(t.Context(), "a"); !errors.Is(err, broken) {
		t.Errorf("opening a: %v", err)
	}
	f, err := s.File(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(make([]byte, 1), 0); !errors.Is(err, broken) {
		t.Errorf("reading b: %v", err)
	}
	if _, err := io.Copy(io.Discard, f); !errors.Is(err, broken) {
		t.Errorf("copying b: %v", err)
	}
	s.SetFaults(mem.Faults{Wait: func(ctx context.Context, method, key string) error {
		if method+key != "Statc" {
			t.Errorf("Wait sees %s %s", method, key)
		}
		return broken
	}})
	if _, err := s.Stat(t.Context(), "c"); !errors.Is(err, broken) {
		t.Errorf("a call whose wait fails: %v", err)
	}
	s.SetFaults(mem.Faults{})
	if n, err := count(t, s); n != 3 || err != nil {
		t.Errorf("healed: %d, %v", n, err)
	}
}

func TestChanges(t *testing.T) {
	s := mem.New(map[string]string{"a/1": "x", "a/b/2": "y", "c": "z"})
	before, _ := s.Stat(t.Context(), "a/1")
	s.Rename("a/", "q/")
	s.Rename("c", "d")
	after, err := s.Stat(t.Context(), "q/1")
	if err != nil || after.ModTime != before.ModTime || after.ETag != before.ETag {
		t.Errorf("a renamed folder's file is %+v, %v; it was %+v", after, err, before)
	}
	s.Touch("d")
	s.Put("q/1", []byte("new"))
	s.Delete("q/b/2")
	if o, err := s.Stat(t.Context(), "q/1"); err != nil || o.ETag == after.ETag || o.ModTime <= after.ModTime {
		t.Errorf("a file written anew is %+v, %v", o, err)
	}
	if n, _ := count(t, s); n != 2 {
		t.Errorf("%d objects are left, want 2", n)
	}
}

func TestWatch(t *testing.T) {
	s := mem.New(nil)
	ctx, cancel := context.WithCancel(t.Context())
	calls, done := make(chan []string, 10), make(chan error)
	go func() { done <- s.Watch(ctx, func(p []string) { calls <- p }) }()
	if got := <-calls; !slices.Equal(got, []string{""}) {
		t.Errorf("the first call names %q", got)
	}
	s.Put("a/b/c", nil)
	if got := <-calls; !slices.Equal(got, []string{"a/b/"}) {
		t.Errorf("a new object is told as %q", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
