package scanner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
	"github.com/songlocker/songlocker/test/music"
)

// tune is a song of this title and sound.
func tune(title string, sound int) []byte {
	return music.Bytes(music.FLAC, &music.Tags{Title: title, Artist: "A", Album: "X"}, music.Sound{Seed: uint64(sound) << 20, Size: 500})
}

// tally counts the calls of a store's methods.
func tally(store *mem.Store) func(method string) int64 {
	var mu sync.Mutex
	calls := map[string]int64{}
	store.SetFaults(mem.Faults{Wait: func(_ context.Context, method, _ string) error {
		mu.Lock()
		defer mu.Unlock()
		calls[method]++
		return nil
	}})
	return func(method string) int64 {
		mu.Lock()
		defer mu.Unlock()
		return calls[method]
	}
}

// A remote object is read as it was listed: without a question about it, and
// at last counted as what was asked.
func TestReadsWhatWasListed(t *testing.T) {
	h := newHouse(t, Options{})
	store := mem.New(nil)
	h.store = store
	store.Put("A/1.flac", tune("One", 1))
	store.Put("A/2.flac", tune("Two", 2))
	store.Put("A/3.wav", image(4, 3))
	store.Put("A/3.cue", cueSheet("3.wav", "Three", 0, "Four", 2))
	store.Put("A/list.m3u", []byte("1.flac\n"))
	store.Put("A/.ndignore", []byte("4.flac\n"))
	calls := tally(store)
	run := h.scan(Request{})
	if n := calls("Stat") + calls("File") + calls("Open"); n != 0 {
		t.Errorf("%d questions about objects that were listed", n)
	}
	if run.Lists != 1 || run.Heads != 0 || run.Gets != calls("Read") || run.Requests != run.Gets+1 || run.Bytes == 0 || run.Failed != 0 {
		t.Errorf("%d reads, and the run has %+v", calls("Read"), run)
	}
	if run := h.scan(Request{}); run.Requests != 1 || run.Lists != 1 || run.Bytes != 0 {
		t.Errorf("an unchanged library: %+v", run)
	}
}

// changing puts another content under a key before each of its reads, so many
// times.
func changing(store *mem.Store, key string, times int, content func(n int) []byte) {
	var n atomic.Int64
	store.SetFaults(mem.Faults{Wait: func(_ context.Context, method, k string) error {
		if method == "Read" && k == key {
			if n := int(n.Add(1)); n <= times {
				store.Put(key, content(n))
			}
		}
		return nil
	}})
}

// An object that changes while it is read is read anew, as a whole; one that
// never rests is left for the next scan.
func TestChangesWhileRead(t *testing.T) {
	h := newHouse(t, Options{})
	store := mem.New(nil)
	h.store = store
	store.Put("A/1.flac", tune("One", 1))
	store.Put("A/2.flac", tune("Two", 2))
	changing(store, "A/1.flac", 2, func(n int) []byte { return tune(fmt.Sprint("Other ", n), 10+n) })
	run := h.scan(Request{})
	s := h.songs()["A/1.flac"]
	now, err := store.Stat(t.Context(), "A/1.flac")
	if err != nil || s == nil || s.Title != "Other 2" || s.ETag != now.ETag || s.Size != now.Size || run.Failed != 0 || run.Heads != 2 {
		t.Fatalf("%v %+v %+v", err, s, run)
	}

	store.Put("A/1.flac", tune("Three", 3))
	changing(store, "A/1.flac", 1000, func(n int) []byte { return tune(fmt.Sprint("Restless ", n), 20+n) })
	run = h.scan(Request{})
	if s := h.songs()["A/1.flac"]; s == nil || s.Title != "Other 2" || run.Failed != 1 || run.State != models.ScanDone {
		t.Errorf("%+v %+v", s, run)
	}
	problems, err := h.catalog.Problems(t.Context(), run.Key)
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Reason, "next scan") {
		t.Errorf("%v %v", problems, err)
	}
	store.SetFaults(mem.Faults{})
	store.Put("A/1.flac", tune("At rest", 4))
	if h.scan(Request{}); h.songs()["A/1.flac"].Title != "At rest" {
		t.Errorf("%+v", h.songs()["A/1.flac"])
	}
}

// An object that is away when it is read anew has just gone.
func TestGoneWhileRead(t *testing.T) {
	h := newHouse(t, Options{})
	store := mem.New(nil)
	h.store = store
	store.Put("A/1.flac", tune("One", 1))
	store.Put("A/2.flac", tune("Two", 2))
	store.SetFaults(mem.Faults{Wait: func(_ context.Context, method, k string) error {
		if method == "Read" && k == "A/1.flac" {
			store.Delete(k)
		}
		return nil
	}})
	if run := h.scan(Request{}); run.Failed != 0 || run.Added != 1 {
		t.Errorf("%+v", run)
	}
}

// A new time of the same content reads nothing.
func TestTouchedReadsNothing(t *testing.T) {
	h := newHouse(t, Options{})
	store := mem.New(nil)
	h.store = store
	store.Put("A/1.flac", tune("One", 1))
	store.Put("A/cover.jpg", []byte("picture"))
	store.Put("A/list.m3u", []byte("1.flac\n"))
	store.Put("A/.ndignore", []byte("4.flac\n"))
	h.scan(Request{})
	for _, key := range []string{"A/1.flac", "A/cover.jpg", "A/list.m3u", "A/.ndignore"} {
		store.Touch(key)
	}
	if run := h.scan(Request{}); run.Requests != 1 || run.Changed != 0 {
		t.Errorf("%+v", run)
	}
	now, err := store.Stat(t.Context(), "A/1.flac")
	if s := h.songs()["A/1.flac"]; err != nil || s.ModTime != now.ModTime {
		t.Errorf("%v: the song has the time %d", err, s.ModTime)
	}
}

// A store that is lost while objects are read ends the scan: what was read is
// kept, nothing is missing, and the next scan goes on.
func TestStoreIsLostWhileReading(t *testing.T) {
	down := fmt.Errorf("today's requests are used up: %w", models.ErrUnavailable)
	for name, x := range map[string]struct {
		err  error
		says string
	}{
		"down":    {down, "today's requests are used up"},
		"refused": {fmt.Errorf("read: %w", fs.ErrPermission), "can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, Options{Readers: 4})
			store := mem.New(nil)
			h.store = store
			for i := range 20 {
				store.Put(fmt.Sprintf("Old/%d.flac", i), tune(fmt.Sprint("Old ", i), i))
			}
			h.scan(Request{})
			before := h.songs()
			store.Delete("Old/3.flac")
			store.Rename("Old/4.flac", "Moved/4.flac")
			for i := range 600 {
				store.Put(fmt.Sprintf("New %d/%d.flac", i/20, i), tune(fmt.Sprint("New ", i), 1000+i))
			}
			var reads, asked atomic.Int64
			store.SetFaults(mem.Faults{Wait: func(_ context.Context, method, _ string) error {
				switch {
				case method == "List":
					return nil
				case method == "Read" && reads.Add(1) <= 100:
					return nil
				}
				asked.Add(1)
				return x.err
			}})
			run, err := h.tryScan(Request{})
			if !errors.Is(err, errUnfinished) || run.State != models.ScanFailed || run.Missing != 0 || run.Added == 0 || !strings.Contains(run.Message, x.says) || !strings.Contains(run.Message, "goes on") {
				t.Fatalf("%v %+v", err, run)
			}
			if asked.Load() > 2*mostRefused {
				t.Errorf("the store that is lost was asked %d times", asked.Load())
			}
			if h.alarm() != run.Message {
				t.Errorf("the alarm is %q", h.alarm())
			}
			kept := run.Added
			if n := len(h.songs()); n < 19+kept {
				t.Errorf("%d songs of %d and %d", n, len(before), kept)
			}
			store.SetFaults(mem.Faults{})
			next := h.scan(Request{})
			after := h.songs()
			if next.Read+kept < 600 || next.Read > 600-kept+1 || next.Missing != 1 || len(after) != 619 || h.alarm() != "" {
				t.Errorf("%d songs were kept; the next scan: %+v, alarm %q, %d songs", kept, next, h.alarm(), len(after))
			}
			if after["Moved/4.flac"].Key != before["Old/4.flac"].Key {
				t.Error("the moved song has another id")
			}
		})
	}
}

// One object that its store can't give ends no scan.
func TestOneObjectIsLost(t *testing.T) {
	h := newHouse(t, Options{})
	store := mem.New(nil)
	h.store = store
	for i := range 5 {
		store.Put(fmt.Sprintf("A/%d.flac", i), tune(fmt.Sprint(i), i))
	}
	store.SetFaults(mem.Faults{Read: map[string]error{"A/4.flac": models.ErrUnavailable}})
	if run := h.scan(Request{}); run.Added != 4 || run.Failed != 1 || run.State != models.ScanDone {
		t.Errorf("%+v", run)
	}
}

// archive shows some objects of a store as archived, and lets nobody read
// them.
type archive struct {
	*mem.Store
	away map[string]bool
}

func (s archive) List(ctx context.Context, prefix string, yield func(storage.Object) error) error {
	return s.Store.List(ctx, prefix, func(o storage.Object) error {
		o.Archived = s.away[o.Key]
		return yield(o)
	})
}

// Archived objects are known by their names and never asked for; restored ones
// are read and stay the songs that they were, and songs that are archived after
// they were read keep what was read.
func TestArchived(t *testing.T) {
	h := newHouse(t, Options{})
	store := archive{mem.New(nil), map[string]bool{}}
	h.store = store
	store.Put("Ann/First (1999)/01 Guess.flac", tune("One", 1))
	store.Put("Ann/First (1999)/02 Known.flac", tune("Two", 2))
	store.Put("Ann/First (1999)/cover.jpg", []byte("picture"))
	store.Put("Ann/First (1999)/list.m3u", []byte("01 Guess.flac\n"))
	guess, known := "Ann/First (1999)/01 Guess.flac", "Ann/First (1999)/02 Known.flac"
	for _, key := range []string{guess, "Ann/First (1999)/cover.jpg", "Ann/First (1999)/list.m3u"} {
		store.away[key] = true
	}
	touched := 0
	store.SetFaults(mem.Faults{Wait: func(_ context.Context, method, key string) error {
		if method != "List" && store.away[key] {
			touched++
			return models.ErrUnavailable
		}
		return nil
	}})
	for range 2 {
		run := h.scan(Request{})
		if run.Archived != 3 || run.Failed != 0 || run.State != models.ScanDone {
			t.Errorf("%+v", run)
		}
	}
	before := h.songs()
	if s := before[guess]; s == nil || s.Title != "Guess" || !s.Archived || s.Size == 0 || s.ContentType != "audio/flac" || s.Reader != 0 {
		t.Fatalf("%+v", s)
	}
	if before[known].Archived || before[known].Title != "Two" {
		t.Fatalf("%+v", before[known])
	}
	if err := h.catalog.Star(t.Context(), h.view, []models.ID{{Kind: models.KindSong, Key: before[guess].Key}}, true); err != nil {
		t.Fatal(err)
	}

	// What was read goes into the archive, even while every object is read again.
	store.away[known] = true
	for _, full := range []bool{false, true} {
		run := h.scan(Request{Full: full})
		if s := h.songs()[known]; !s.Archived || s.Title != "Two" || s.Reader == 0 || run.Gets != 0 {
			t.Errorf("%+v %+v", s, run)
		}
	}
	// Another content in the archive is read when it is restored.
	store.Put(known, tune("Second Two", 22))
	h.scan(Request{})
	if s := h.songs()[known]; !s.Archived || s.Title != "Two" {
		t.Errorf("%+v", s)
	}

	if touched != 0 {
		t.Errorf("archived objects were asked for %d times", touched)
	}
	clear(store.away)
	run := h.scan(Request{})
	after := h.songs()
	if s := after[guess]; run.Archived != 0 || s.Key != before[guess].Key || s.Archived || s.Title != "One" || s.User.StarredAt == 0 {
		t.Errorf("%+v %+v", s, run)
	}
	if s := after[known]; s.Key != before[known].Key || s.Archived || s.Title != "Second Two" {
		t.Errorf("%+v", s)
	}
	// Back and forth without another content reads nothing.
	for _, away := range []bool{true, false} {
		store.away[guess] = away
		run := h.scan(Request{})
		if s := h.songs()[guess]; run.Gets+run.Heads != 0 || s.Archived != away || s.Title != "One" {
			t.Errorf("%+v %+v", s, run)
		}
	}
}
