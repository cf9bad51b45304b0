package local

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// fast are options by which changes are told soon.
var fast = Options{Poll: 20 * time.Millisecond, Quiet: 20 * time.Millisecond, MaxQuiet: time.Second}

// changes collects what Watch tells.
type changes struct {
	t     *testing.T
	calls chan []string
}

// watching starts a watch that ends with the test.
func watching(t *testing.T, s *Store) *changes {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := &changes{t, make(chan []string, 1000)}
	done := make(chan error, 1)
	go func() {
		done <- s.Watch(ctx, func(prefixes []string) { c.calls <- prefixes })
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Watch: %v", err)
			}
		case <-time.After(patience):
			t.Error("Watch does not end with its context")
		}
	})
	c.want("")
	return c
}

// want waits until all these prefixes have been told or covered by shorter
// ones, in any number of calls, and returns what was told and not asked for.
func (c *changes) want(prefixes ...string) (others []string) {
	c.t.Helper()
	late := time.After(patience)
	missing := slices.Clone(prefixes)
	for len(missing) > 0 {
		select {
		case got := <-c.calls:
			for _, p := range got {
				missing = slices.DeleteFunc(missing, func(m string) bool { return strings.HasPrefix(m, p) })
				if !slices.Contains(prefixes, p) {
					others = append(others, p)
				}
			}
		case <-late:
			c.t.Fatalf("not told of: %q; told of %q", missing, others)
		}
	}
	return others
}

func rename(t *testing.T, dir, from, to string) {
	t.Helper()
	if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
}

// each runs a test by events and by polling.
func each(t *testing.T, test func(t *testing.T, dir string, c func() *changes)) {
	for _, mode := range []string{"events", "polling"} {
		t.Run(mode, func(t *testing.T) {
			dir := t.TempDir()
			test(t, dir, func() *changes {
				s := store(t, dir, fast)
				s.remote = func(string) bool { return mode == "polling" }
				return watching(t, s)
			})
		})
	}
}

func TestWatchChanges(t *testing.T) {
	each(t, func(t *testing.T, dir string, start func() *changes) {
		put(t, dir, map[string]string{"a/1.mp3": "1", "a/sub/2.mp3": "2", "b/3.mp3": "3"})
		c := start()
		var before []string // may be told again: a write may come in two parts
		step := func(name string, do func(), want ...string) {
			t.Helper()
			do()
			for _, other := range c.want(want...) {
				near := func(w string) bool { return strings.HasPrefix(other, w) || strings.HasPrefix(w, other) }
				if other == "" || !slices.ContainsFunc(want, near) && !slices.Contains(before, other) {
					t.Errorf("%s: told of %q", name, other)
				}
			}
			before = want
		}
		step("a new file", func() { put(t, dir, map[string]string{"b/4.mp3": "4"}) }, "b/")
		step("a file with a new content", func() { put(t, dir, map[string]string{"b/4.mp3": "longer"}) }, "b/")
		step("a file with a new time only", func() {
			old := time.Unix(1_500_000_000, 0)
			if err := os.Chtimes(filepath.Join(dir, "b/3.mp3"), old, old); err != nil {
				t.Fatal(err)
			}
		}, "b/")
		step("a removed file", func() { remove(t, dir, "b/4.mp3") }, "b/")
		step("a file moved to another folder", func() { rename(t, dir, "b/3.mp3", "a/sub/3.mp3") }, "b/", "a/sub/")
		step("a new folder with folders and files", func() { put(t, dir, map[string]string{"n/e/w/5.mp3": "5"}) }, "n/")
		step("a file deep in the new folder", func() { put(t, dir, map[string]string{"n/e/w/6.mp3": "6"}) }, "n/e/w/")
		step("a renamed folder", func() { rename(t, dir, "a", "z") }, "a/", "z/")
		step("a file deep in the renamed folder", func() { put(t, dir, map[string]string{"z/sub/7.mp3": "7"}) }, "z/sub/")
		step("a file in the renamed folder itself", func() { put(t, dir, map[string]string{"z/8.mp3": "8"}) }, "z/")
		step("a folder with the old name", func() { put(t, dir, map[string]string{"a/sub/8.mp3": "8"}) }, "a/")
		step("a file in it", func() { put(t, dir, map[string]string{"a/sub/9.mp3": "9"}) }, "a/sub/")
		step("a removed folder", func() { remove(t, dir, "n") }, "n/")
		// The name between may have gone before it is looked at, and then
		// nobody knows that it was a folder's.
		rename(t, dir, "a", "tmp")
		rename(t, dir, "z", "a")
		rename(t, dir, "tmp", "z")
		c.want("a/", "z/")
		put(t, dir, map[string]string{"z/sub/10.mp3": "10"})
		c.want("z/sub/")
	})
}

func TestWatchLeavesOutHidden(t *testing.T) {
	each(t, func(t *testing.T, dir string, start func() *changes) {
		put(t, dir, map[string]string{"a/1.mp3": "1", ".git/x": "x", "a/@eaDir/y": "y"})
		c := start()
		put(t, dir, map[string]string{".git/x": "xx", "a/@eaDir/y": "yy", "a/.part": "z", ".new/z": "z"})
		put(t, dir, map[string]string{"b/1.mp3": "1"})
		for _, other := range c.want("b/") {
			// The new folder may be seen before its file.
			t.Errorf("told of %q", other)
		}
	})
}

func TestWatchRootThatGoesAndComes(t *testing.T) {
	each(t, func(t *testing.T, base string, start func() *changes) {
		dir := base
		c := start()
		put(t, dir, map[string]string{"a/1.mp3": "1"})
		c.want("a/")
		rename(t, filepath.Dir(dir), filepath.Base(dir), "away")
		c.want("") // a listing now says that the folder has gone
		put(t, dir, map[string]string{"b/1.mp3": "1"})
		c.want("")
		put(t, dir, map[string]string{"b/2.mp3": "2"})
		c.want("b/")
	})
}

func TestWatchRootThatIsNotThereYet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "music")
	c := watching(t, store(t, dir, fast))
	put(t, dir, map[string]string{"a/1.mp3": "1"})
	c.want("")
	put(t, dir, map[string]string{"a/2.mp3": "2"})
	c.want("a/")
}

// TestWatchLimit lets the system refuse watches as inotify does when
// max_user_watches is reached: at the beginning, and at a new folder.
func TestWatchLimit(t *testing.T) {
	for _, limit := range []int{0, 1, 3, 4} {
		dir := t.TempDir()
		put(t, dir, map[string]string{"a/1.mp3": "1", "b/1.mp3": "1", "c/1.mp3": "1"})
		s := store(t, dir, fast)
		added := 0
		s.add = func(w watcher, path string) error {
			if added++; added > limit {
				return syscall.ENOSPC
			}
			return w.Add(path)
		}
		c := watching(t, s)
		put(t, dir, map[string]string{"d/1.mp3": "1"})
		if limit == 4 {
			c.want("") // polling begins, and may have missed something
		} else {
			c.want("d/")
		}
		put(t, dir, map[string]string{"d/2.mp3": "2", "c/2.mp3": "2"})
		c.want("c/", "d/")
	}
}

// TestWatchOverflow loses events as a full queue does.
func TestWatchOverflow(t *testing.T) {
	dir := t.TempDir()
	s := store(t, dir, fast)
	var w watcher
	s.add = func(n watcher, path string) error {
		w = n
		return n.Add(path)
	}
	c := watching(t, s)
	w.Errors <- fsnotify.ErrEventOverflow
	c.want("")
	put(t, dir, map[string]string{"a/1.mp3": "1"})
	c.want("a/")
}

// TestWatchLinks has one folder under three names.
func TestWatchLinks(t *testing.T) {
	each(t, func(t *testing.T, dir string, start func() *changes) {
		put(t, dir, map[string]string{"m/real/1.mp3": "1", "x/1.mp3": "1"})
		link(t, "m/real", filepath.Join(dir, "a"))
		link(t, "../m", filepath.Join(dir, "x", "l"))
		c := start()
		put(t, dir, map[string]string{"m/real/2.mp3": "2"})
		c.want("a/", "m/real/", "x/l/real/")
		// The name under which it was watched goes; the others stay.
		remove(t, dir, "a")
		c.want("a/")
		put(t, dir, map[string]string{"m/real/3.mp3": "3"})
		c.want("m/real/", "x/l/real/")
		link(t, "x", filepath.Join(dir, "new"))
		c.want("new/")
		put(t, dir, map[string]string{"x/2.mp3": "2"})
		c.want("new/", "x/")
	})
}

func TestWatchLeavesNothingRunning(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, isRemote := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		s := store(t, t.TempDir(), fast)
		s.remote = func(string) bool { return isRemote }
		if err := s.Watch(ctx, func([]string) { cancel() }); err != nil {
			t.Error(err)
		}
		cancel()
	}
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			b := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, before there were %d:\n%s", runtime.NumGoroutine(), before, b[:runtime.Stack(b, true)])
		}
	}
}

// TestQuiet runs on a clock of its own.
func TestQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store(t, "/music", Options{Quiet: 2 * time.Second, MaxQuiet: 30 * time.Second})
		n := &notifier{s: s, pending: map[string]struct{}{}, timer: time.NewTimer(time.Hour)}
		start := time.Now()
		n.note("a/")
		time.Sleep(time.Second)
		n.note("b/")
		<-n.timer.C
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("two changes a second apart are told after %v, want 2 s after the last", d)
		}
		if got := n.take(); !slices.Equal(got, []string{"a/", "b/"}) {
			t.Errorf("told of %q", got)
		}
		start = time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-n.timer.C
			if d := time.Since(start); d != 30*time.Second {
				t.Errorf("changes without an end are told after %v, want 30 s", d)
			}
			cancel()
		}()
		for ctx.Err() == nil {
			n.note("a/")
			time.Sleep(time.Second)
		}
	})
}

func TestManyPendingAreEverything(t *testing.T) {
	n := &notifier{s: store(t, "/music", Options{}), pending: map[string]struct{}{}, timer: time.NewTimer(time.Hour)}
	for i := range maxPending + 1 {
		n.note(strings.Repeat("x", i+1) + "/")
	}
	if got := n.take(); !slices.Equal(got, []string{""}) {
		t.Errorf("%d prefixes are told, want everything", len(got))
	}
}

func TestDifference(t *testing.T) {
	seen := map[string]uint64{"": 1, "a/": 2, "b/": 3}
	if got := difference(seen, map[string]uint64{"": 1, "a/": 9}, false); !slices.Equal(got, []string{"a/"}) {
		t.Errorf("an incomplete listing tells of %q, want only what it saw", got)
	}
	if got := difference(seen, map[string]uint64{"": 1, "a/": 9, "c/": 0}, true); !slices.Equal(got, []string{"b/", "c/"}) {
		t.Errorf("told of %q", got)
	}
	if got := difference(seen, map[string]uint64{"": 1, "a/": 9, "c/": 0}, true); len(got) > 0 {
		t.Errorf("told twice of %q", got)
	}
}
