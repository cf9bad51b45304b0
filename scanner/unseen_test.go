package scanner

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/songlocker/songlocker/storage/mem"
)

// A song moves while listings fail in the middle, so that nobody knows what is
// gone: it keeps its id when the store says that its old object is, and waits
// for a better listing when the store can't tell.
//
//	A/1.flac -> B/1.flac
//	A/2.flac    stays
func TestMoveDuringFailedListing(t *testing.T) {
	for _, can := range []bool{true, false} {
		h := newHouse(t, Options{})
		files := map[string]string{}
		for key, fixture := range map[string]string{"A/1.flac": "full.flac", "A/2.flac": "stream.flac"} {
			b, err := os.ReadFile(filepath.Join("audio", "testdata", fixture))
			if err != nil {
				t.Fatal(err)
			}
			files[key] = string(b)
		}
		store := mem.New(files)
		h.store = store
		h.scan(Request{})
		before := h.songs()
		store.Rename("A/1.flac", "B/1.flac")
		f := mem.Faults{ListErr: errors.New("input/output error"), ListFails: 2}
		if !can {
			f.Wait = func(_ context.Context, method, _ string) error {
				if method == "Stat" {
					return errors.New("input/output error")
				}
				return nil
			}
		}
		store.SetFaults(f)
		run, err := h.tryScan(Request{})
		if err == nil || run.Added != 0 || run.Missing != 0 {
			t.Errorf("the store can tell: %v: %v %+v", can, err, run)
		}
		if got := h.songs()["B/1.flac"]; (got != nil) != can {
			t.Errorf("the store can tell: %v: the moved song is %+v", can, got)
		}
		store.SetFaults(mem.Faults{})
		h.scan(Request{})
		after := h.songs()
		if s := after["B/1.flac"]; len(after) != 2 || s == nil || s.Key != before["A/1.flac"].Key || after["A/2.flac"].Folder != before["A/2.flac"].Folder {
			t.Errorf("the store can tell: %v: before %v, after %v", can, before, after)
		}
	}
}
