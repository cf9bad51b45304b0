package local

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/songlocker/songlocker/storage"
)

// unprivileged makes this goroutine's thread lose root's right to every file,
// where the test has it.
func unprivileged(t *testing.T, dir string) {
	t.Helper()
	// What t.TempDir makes may be closed to others.
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getuid() != 0 {
		return
	}
	// The thread is never unlocked: it ends with the test's goroutine.
	runtime.LockOSThread()
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
}

func TestLostPermission(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"a/x.mp3": "1", "closed/y.mp3": "2", "z/z.mp3": "3", "secret.mp3": "4"})
	if err := os.Chmod(filepath.Join(dir, "secret.mp3"), 0); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(closed, 0o755) })
	s := store(t, dir, Options{})
	type result struct {
		keys []string
		err  error
		file error
		stat error
	}
	done := make(chan result)
	go func() {
		unprivileged(t, dir)
		var r result
		r.keys, r.err = list(t, s, "")
		_, r.file = s.File(t.Context(), "secret.mp3")
		_, r.stat = s.Stat(t.Context(), "closed/y.mp3")
		done <- r
	}()
	r := <-done
	if !slices.Equal(r.keys, []string{"a/x.mp3", "secret.mp3", "z/z.mp3"}) {
		t.Errorf("List yields %q; want all but the closed folder", r.keys)
	}
	if !errors.Is(r.err, fs.ErrPermission) || !strings.Contains(r.err.Error(), `"closed/"`) {
		t.Errorf("List: %v; want fs.ErrPermission and the folder's name", r.err)
	}
	if e, ok := errors.AsType[*storage.ListError](r.err); !ok || e.Key != "closed/" {
		t.Errorf("List's error names no key: %#v", r.err)
	}
	if !errors.Is(r.file, fs.ErrPermission) {
		t.Errorf("File: %v; want fs.ErrPermission", r.file)
	}
	if !errors.Is(r.stat, fs.ErrPermission) {
		t.Errorf("Stat: %v; want fs.ErrPermission", r.stat)
	}
}

// TestLinkIntoClosedFolder has an absolute link whose target, in the store,
// can't be reached any more: that is no link that leads out.
func TestLinkIntoClosedFolder(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"closed/deep/y.mp3": "2"})
	link(t, filepath.Join(dir, "closed/deep"), filepath.Join(dir, "link"))
	closed := filepath.Join(dir, "closed")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(closed, 0o755) })
	s := store(t, dir, Options{})
	done := make(chan error)
	go func() {
		unprivileged(t, dir)
		_, err := list(t, s, "link/")
		done <- err
	}()
	if err := <-done; !errors.Is(err, fs.ErrPermission) {
		t.Errorf("List: %v; want fs.ErrPermission", err)
	}
}

// TestSpecialFiles has a pipe, a socket and a device with the names of music.
func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"a.mp3": "x"})
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.mp3"), 0o644); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "socket.mp3"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	link(t, "pipe.mp3", filepath.Join(dir, "link.mp3"))
	link(t, "/dev/zero", filepath.Join(dir, "zero.mp3"))
	done := make(chan bool)
	go func() {
		defer close(done)
		for _, follow := range []bool{false, true} {
			s := store(t, dir, Options{FollowLinks: follow})
			if got, err := list(t, s, ""); err != nil || !slices.Equal(got, []string{"a.mp3"}) {
				t.Errorf("List = %q, %v", got, err)
			}
			for _, key := range []string{"pipe.mp3", "socket.mp3", "link.mp3"} {
				if _, err := s.File(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("File(%q): %v; want fs.ErrNotExist", key, err)
				}
				if _, err := s.Stat(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("Stat(%q): %v; want fs.ErrNotExist", key, err)
				}
			}
			if _, err := s.File(t.Context(), "zero.mp3"); err == nil {
				t.Error("a device is opened")
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("a pipe without a writer blocks")
	}
}

func TestRemote(t *testing.T) {
	if remote(t.TempDir()) {
		t.Error("the temporary folder counts as remote")
	}
	if remote(filepath.Join(t.TempDir(), "none")) {
		t.Error("a folder that is not there counts as remote")
	}
}

// A file tells when it came to be, whatever its time of change, where the
// file system keeps that.
func TestBorn(t *testing.T) {
	dir := t.TempDir()
	before := time.Now().Add(-2 * time.Second).UnixNano() // the kernel's clock is coarse
	if err := os.WriteFile(filepath.Join(dir, "x.mp3"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Unix(1000, 0)
	if err := os.Chtimes(filepath.Join(dir, "x.mp3"), old, old); err != nil {
		t.Fatal(err)
	}
	s, err := New(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f, err := s.File(t.Context(), "x.mp3")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b := f.(storage.Born).Born(); b != 0 && (b < before || b > time.Now().UnixNano()) {
		t.Errorf("born %v", time.Unix(0, b))
	}
}
