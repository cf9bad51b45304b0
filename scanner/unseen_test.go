package scanner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
	"github.com/songlocker/songlocker/test/music"
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

// hiding shows only some objects of a store and says nothing of it, as a
// folder does on which a disk is not mounted.
type hiding struct {
	storage.Store
	shows func(key string) bool
}

func (s hiding) List(ctx context.Context, prefix string, yield func(storage.Object) error) error {
	return s.Store.List(ctx, prefix, func(o storage.Object) error {
		if !s.shows(o.Key) {
			return nil
		}
		return yield(o)
	})
}

// One song leaves folder A while most of the library, the rest of A too, is
// not mounted, and a new file has the tags of one that is away: neither does
// the folder go with the one song, nor does the file take the other's place.
//
//	A/0.flac -> B/0.flac
//	A/1.flac ... A/299.flac   away
//	C/new.flac                tagged as A/7.flac
func TestHalfMountedDecidesNothing(t *testing.T) {
	h := newHouse(t, Options{})
	file := func(tags, sound int) []byte {
		return music.Bytes(music.FLAC, &music.Tags{Title: fmt.Sprint("Song ", tags), Artist: "A", AlbumArtist: "A", Album: "X", Track: tags}, music.Sound{Seed: uint64(sound) << 20, Size: 500, Seconds: 100})
	}
	store := mem.New(nil)
	for i := range 300 {
		store.Put(fmt.Sprintf("A/%d.flac", i), file(i, i))
	}
	store.Put("C/stays.flac", file(400, 400))
	h.store = store
	h.scan(Request{})
	before := h.songs()
	store.Rename("A/0.flac", "B/0.flac")
	store.Put("C/new.flac", file(7, 500))
	h.store = hiding{store, func(key string) bool { return !strings.HasPrefix(key, "A/") }}
	run, err := h.tryScan(Request{})
	if err == nil || run.Missing != 0 || run.Added != 0 {
		t.Errorf("%v %+v", err, run)
	}
	h.store = store
	h.scan(Request{})
	after := h.songs()
	if s := after["B/0.flac"]; s == nil || s.Key != before["A/0.flac"].Key {
		t.Errorf("the moved song is now %+v", s)
	}
	if a, b := after["A/1.flac"].Folder, after["B/0.flac"].Folder; a != before["A/1.flac"].Folder || a == b {
		t.Errorf("folder A was %s and is %s; B is %s", before["A/1.flac"].Folder, a, b)
	}
	if after["A/7.flac"].Key != before["A/7.flac"].Key || after["C/new.flac"].Key == before["A/7.flac"].Key {
		t.Error("a song that was away has lost its place to another")
	}
}
