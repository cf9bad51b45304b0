package scanner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage/mem"
)

// wall is a library of 400 songs in 20 folders: A00/000.tak to A19/399.tak.
func wall(t *testing.T, o Options) (*house, *mem.Store) {
	t.Helper()
	h := newHouse(t, o)
	files := map[string]string{}
	for i := range 400 {
		files[brick(i)] = "a song known by its name"
	}
	store := mem.New(files)
	h.store = store
	h.scan(Request{})
	return h, store
}

func brick(i int) string { return fmt.Sprintf("A%02d/%03d.tak", i/20, i) }

func (h *house) alarm() string {
	h.t.Helper()
	l, err := h.catalog.Library(h.t.Context(), h.library)
	if err != nil {
		h.t.Fatal(err)
	}
	return l.Alarm
}

// Every way in which a listing may be wrong: nothing is marked missing, the
// library's alarm says so, and a sound listing ends it.
func TestNothingIsMissingByAFault(t *testing.T) {
	eio := fmt.Errorf("%w: %w", models.ErrUnavailable, syscall.EIO)
	for _, x := range []struct {
		name   string
		faults mem.Faults
		gone   int // deleted beside the fault
		says   string
	}{
		{"the store is down", mem.Faults{Down: true}, 0, "can't be reached"},
		{"an I/O error at the beginning", mem.Faults{ListErr: eio}, 0, "can't be reached"},
		{"an I/O error in the middle", mem.Faults{ListErr: eio, ListFails: 200}, 0, "Mend the disk"},
		{"an I/O error at the end", mem.Faults{ListErr: eio, ListFails: 1000}, 1, "Mend the disk"},
		{"a lost permission in the middle", mem.Faults{ListErr: os.ErrPermission, ListFails: 200}, 0, "the right to read"},
		{"a listing that ends early", mem.Faults{ListShort: 250}, 0, "--accept-missing"},
		{"a listing that shows one song", mem.Faults{ListShort: 1}, 0, "--accept-missing"},
		{"an empty root", mem.Faults{}, 400, "is empty but had 400 songs"},
		{"half of the tree is away", mem.Faults{}, 200, "200 of 401 songs are gone"},
		{"two fifths are deleted on purpose", mem.Faults{}, 160, "160 of 401 songs are gone"},
	} {
		t.Run(x.name, func(t *testing.T) {
			h, store := wall(t, Options{})
			for i := range x.gone {
				store.Rename(brick(i), ".trash/"+brick(i))
			}
			store.Put("B/new.tak", []byte("a new song"))
			if x.gone == 400 {
				store.Delete("B/new.tak")
			}
			store.SetFaults(x.faults)
			for range 2 {
				run, err := h.tryScan(Request{})
				if err == nil || run.State != models.ScanFailed || run.Missing != 0 || !strings.Contains(run.Message, x.says) {
					t.Fatalf("%v %+v", err, run)
				}
				if n := len(h.songs()); n < 400 {
					t.Fatalf("%d of 400 songs left", n)
				}
				if h.alarm() != run.Message {
					t.Errorf("the alarm is %q and the run says %q", h.alarm(), run.Message)
				}
			}
			store.SetFaults(mem.Faults{})
			for i := range x.gone {
				store.Rename(".trash/"+brick(i), brick(i))
			}
			run := h.scan(Request{})
			if run.Missing != 0 || run.Added+run.Returned > 1 || h.alarm() != "" {
				t.Errorf("after the fault: %+v, alarm %q", run, h.alarm())
			}
		})
	}
}

// What an incomplete listing shows is taken in.
func TestIncompleteListingAddsAndChanges(t *testing.T) {
	h := newHouse(t, Options{})
	files := map[string]string{}
	for i := range 5 {
		files[brick(i)] = "a song"
	}
	store := mem.New(files)
	h.store = store
	h.scan(Request{})
	store.Put("A00/900.tak", []byte("new"))
	store.Put(brick(0), []byte("another content"))
	store.Delete(brick(4))
	store.SetFaults(mem.Faults{ListErr: os.ErrPermission, ListFails: 100})
	run, err := h.tryScan(Request{})
	if !errors.Is(err, os.ErrPermission) || run.Added != 1 || run.Changed != 1 || run.Missing != 0 || len(h.songs()) != 6 {
		t.Errorf("%v %+v, %d songs", err, run, len(h.songs()))
	}
}

// A disk that goes away folder by folder, as a watcher sees it.
func TestPiecemealUnmountIsOneLoss(t *testing.T) {
	h, store := wall(t, Options{})
	lost := 0
	for f := range 20 {
		folder := fmt.Sprintf("A%02d/", f)
		for i := range 20 {
			store.Delete(brick(20*f + i))
		}
		run, err := h.tryScan(Request{Prefixes: []string{folder}})
		if err != nil {
			if !strings.Contains(run.Message, "went missing lately") && !strings.Contains(run.Message, "is empty") {
				t.Fatal(run.Message)
			}
			continue
		}
		if run.Mode != models.ScanFolders {
			t.Errorf("mode %s", run.Mode)
		}
		lost += run.Missing
	}
	if lost > 100 || len(h.songs()) != 400-lost {
		t.Fatalf("%d songs were lost bit by bit", lost)
	}
	if h.alarm() == "" {
		t.Fatal("no alarm")
	}
	for i := range 400 {
		store.Put(brick(i), []byte("a song known by its name"))
	}
	// A scan of one folder looks at all while there is an alarm, and ends it.
	if run := h.scan(Request{Prefixes: []string{"A03/"}}); run.Returned != lost || h.alarm() != "" || len(h.songs()) != 400 {
		t.Errorf("%+v, alarm %q, %d songs", run, h.alarm(), len(h.songs()))
	}
}

// What was accepted is no part of a later loss.
func TestAcceptedLossIsForgotten(t *testing.T) {
	h, store := wall(t, Options{})
	for i := range 160 {
		store.Delete(brick(i))
	}
	if _, err := h.tryScan(Request{}); err == nil {
		t.Fatal("no alarm")
	}
	if run := h.scan(Request{AcceptMissing: true}); run.Missing != 160 || h.alarm() != "" {
		t.Fatalf("%+v", run)
	}
	for i := 160; i < 180; i++ {
		store.Delete(brick(i))
	}
	if run := h.scan(Request{}); run.Missing != 20 {
		t.Errorf("%+v", run)
	}
}

// A small library whose root is empty is seen as that also by a scan of one of
// its folders.
func TestEmptyRootSeenFromAFolder(t *testing.T) {
	h := newHouse(t, Options{})
	store := mem.New(map[string]string{"A/1.tak": "x", "B/2.tak": "x"})
	h.store = store
	h.scan(Request{})
	store.Delete("A/1.tak")
	store.Delete("B/2.tak")
	run, err := h.tryScan(Request{Prefixes: []string{"A/"}})
	if err == nil || run.Missing != 0 || !strings.Contains(run.Message, "is empty but had 2 songs") {
		t.Fatalf("%v %+v", err, run)
	}
	store.Put("B/2.tak", []byte("x"))
	if run := h.scan(Request{}); run.Missing != 1 || h.alarm() != "" {
		t.Errorf("%+v", run)
	}
}

// The place of a disk that is not mounted is an empty folder: 120 of 520
// songs are less than the guard's share.
func TestHollowFolder(t *testing.T) {
	h := newHouse(t, Options{})
	for i := range 520 {
		f := fmt.Sprintf("here/%03d.tak", i)
		if i < 120 {
			f = fmt.Sprintf("disk/A%d/%03d.tak", i%3, i)
		}
		h.write(f, []byte("a song"))
	}
	h.scan(Request{})
	disk, aside := filepath.Join(h.dir, "disk"), filepath.Join(t.TempDir(), "disk")
	if err := os.Rename(disk, aside); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, prefixes := range [][]string{nil, {"disk/"}} {
		run, err := h.tryScan(Request{Prefixes: prefixes})
		if err == nil || run.Missing != 0 || !strings.Contains(run.Message, `"disk" is there but empty and had 120 songs`) {
			t.Fatalf("%v %+v", err, run)
		}
	}
	// A folder that was deleted is no place of a disk.
	if err := os.Remove(disk); err != nil {
		t.Fatal(err)
	}
	if run := h.scan(Request{}); run.Missing != 120 || h.alarm() != "" {
		t.Errorf("%+v", run)
	}
	if err := os.Rename(aside, disk); err != nil {
		t.Fatal(err)
	}
	if run := h.scan(Request{}); run.Returned != 120 {
		t.Errorf("%+v", run)
	}
}

// Times of files that go back or lie in the future lose nothing.
func TestClockJumps(t *testing.T) {
	h := newHouse(t, Options{})
	h.put("id3v24.mp3", "A/1.mp3")
	h.put("id3v23.mp3", "A/2.mp3")
	h.scan(Request{})
	before := h.songs()
	for _, year := range []string{"1970-01-01", "2105-06-01", "2001-01-01"} {
		for _, f := range []string{"A/1.mp3", "A/2.mp3"} {
			h.setTime(f, year)
		}
		if run := h.scan(Request{}); run.Missing+run.Added != 0 {
			t.Errorf("%s: %+v", year, run)
		}
		for p, s := range h.songs() {
			if before[p].Key != s.Key || before[p].Created != s.Created {
				t.Errorf("%s: %s is now %+v", year, p, s)
			}
		}
	}
}

func (h *house) setTime(name, day string) {
	h.t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(h.dir, name), at, at); err != nil {
		h.t.Fatal(err)
	}
}
