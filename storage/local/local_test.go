package local

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/storagetest"
)

// put writes files below dir.
func put(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for key, content := range files {
		name := filepath.Join(dir, filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

func store(t testing.TB, dir string, o Options) *Store {
	t.Helper()
	s, err := New(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// list returns the keys below prefix, sorted.
func list(t *testing.T, s storage.Store, prefix string) ([]string, error) {
	t.Helper()
	seen := map[string]bool{}
	err := s.List(t.Context(), prefix, func(o storage.Object) error {
		if seen[o.Key] {
			t.Errorf("%q was listed twice", o.Key)
		}
		seen[o.Key] = true
		return nil
	})
	return slices.Sorted(maps.Keys(seen)), err
}

func open(follow bool) storagetest.New {
	return func(t *testing.T, files map[string]string) storage.Store {
		dir := t.TempDir()
		put(t, dir, files)
		s := store(t, dir, Options{FollowLinks: follow})
		t.Cleanup(func() { s.Close() })
		return s
	}
}

func TestStore(t *testing.T) { storagetest.Run(t, open(false)) }

func TestStoreFollowingLinks(t *testing.T) { storagetest.Run(t, open(true)) }

func TestBytesKeys(t *testing.T) { storagetest.BytesKeys(t, open(false)) }

func TestRegistered(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b", "100%?#")
	put(t, dir, map[string]string{"x.mp3": "x"})
	var r storage.Registry
	r.Register("file", Open)
	u, err := storage.Parse(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, location := range []string{dir, u.String()} {
		s, err := r.Open(t.Context(), location, storage.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Stat(t.Context(), "x.mp3"); err != nil {
			t.Errorf("%s: %v", location, err)
		}
	}
}

func TestRootThatIsNoFolder(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"file": "x"})
	for _, root := range []string{filepath.Join(dir, "none"), filepath.Join(dir, "file")} {
		s := store(t, root, Options{})
		_, err := list(t, s, "")
		if !errors.Is(err, models.ErrUnavailable) || !strings.Contains(err.Error(), root) {
			t.Errorf("List: %v; want models.ErrUnavailable and the folder's name", err)
		}
		if _, err := s.Stat(t.Context(), "x"); !errors.Is(err, models.ErrUnavailable) || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Stat: %v; want models.ErrUnavailable and no word on the key", err)
		}
	}
}

func TestFolderThatComesLaterAndChanges(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "music")
	s := store(t, dir, Options{})
	put(t, dir, map[string]string{"a.mp3": "1"})
	if got, err := list(t, s, ""); err != nil || !slices.Equal(got, []string{"a.mp3"}) {
		t.Errorf("List = %q, %v", got, err)
	}
	// Another disk is mounted in its place.
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	put(t, dir, map[string]string{"b.mp3": "2"})
	if got, err := list(t, s, ""); err != nil || !slices.Equal(got, []string{"b.mp3"}) {
		t.Errorf("List = %q, %v", got, err)
	}
}

func TestClosed(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"a.mp3": "1"})
	s := store(t, dir, Options{})
	f, err := s.File(t.Context(), "a.mp3")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s.Close()
	if _, err := s.Stat(t.Context(), "a.mp3"); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("Stat of a closed store: %v", err)
	}
	if b, err := io.ReadAll(f); err != nil || string(b) != "1" {
		t.Errorf("a file that was open reads %q, %v", b, err)
	}
}

// linked makes
//
//	music/real/a.mp3
//	music/rel -> real            music/abs -> …/music/real
//	music/file.mp3 -> real/a.mp3
//	music/out -> ../other        music/out.mp3 -> …/other/o.mp3
//	music/etc -> /etc            music/dead -> nowhere
//	music/self -> self           music/real/up -> ..
//	other/o.mp3                  other/back -> ../music
func linked(t *testing.T) string {
	base := t.TempDir()
	dir := filepath.Join(base, "music")
	put(t, base, map[string]string{"music/real/a.mp3": "aa", "other/o.mp3": "o"})
	link(t, "real", filepath.Join(dir, "rel"))
	link(t, filepath.Join(dir, "real"), filepath.Join(dir, "abs"))
	link(t, "real/a.mp3", filepath.Join(dir, "file.mp3"))
	link(t, "../other", filepath.Join(dir, "out"))
	link(t, filepath.Join(base, "other", "o.mp3"), filepath.Join(dir, "out.mp3"))
	link(t, "/etc", filepath.Join(dir, "etc"))
	link(t, "nowhere", filepath.Join(dir, "dead"))
	link(t, "self", filepath.Join(dir, "self"))
	link(t, "..", filepath.Join(dir, "real", "up"))
	link(t, "../music", filepath.Join(base, "other", "back"))
	return dir
}

func TestLinks(t *testing.T) {
	var log bytes.Buffer
	dir := linked(t)
	s := store(t, dir, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	got, err := list(t, s, "")
	want := []string{"abs/a.mp3", "file.mp3", "real/a.mp3", "rel/a.mp3"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("List = %q, %v; want %q", got, err, want)
	}
	if !strings.Contains(log.String(), "links=3") {
		t.Errorf("the log does not tell of 3 links that lead out: %s", &log)
	}
	old := time.Unix(1_500_000_000, 0)
	if err := os.Chtimes(filepath.Join(dir, "real", "a.mp3"), old, old); err != nil {
		t.Fatal(err)
	}
	for _, key := range want {
		o, err := s.Stat(t.Context(), key)
		if err != nil || o.Size != 2 || o.ModTime != old.UnixNano() {
			t.Errorf("Stat(%q) = %+v, %v; want the target's size and time", key, o, err)
		}
		f, err := s.File(t.Context(), key)
		if err != nil {
			t.Error(err)
			continue
		}
		if f.Object() != o {
			t.Errorf("File(%q) is %+v, Stat says %+v", key, f.Object(), o)
		}
		f.Close()
	}
	for _, key := range []string{"out/o.mp3", "out.mp3", "etc/passwd"} {
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Stat(%q): %v; want fs.ErrPermission", key, err)
		}
		if _, err := s.File(t.Context(), key); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("File(%q): %v; want fs.ErrPermission", key, err)
		}
	}
	for _, key := range []string{"dead", "self", "dead/x", "self/x"} {
		if _, err := s.File(t.Context(), key); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("File(%q): %v; want fs.ErrNotExist", key, err)
		}
	}
	// A part of the tree is listed as the whole is.
	for _, prefix := range []string{"rel/", "abs/", "real/", "real/up/", "real/up/real/", "out/", "etc/", "self/", "rel/up/rel/", "r"} {
		var want []string
		for _, key := range got {
			if strings.HasPrefix(key, prefix) {
				want = append(want, key)
			}
		}
		if part, err := list(t, s, prefix); err != nil || !slices.Equal(part, want) {
			t.Errorf("List(%q) = %q, %v; want %q", prefix, part, err, want)
		}
	}
}

func TestFollowLinks(t *testing.T) {
	dir := linked(t)
	os.Remove(filepath.Join(dir, "etc"))
	s := store(t, dir, Options{FollowLinks: true})
	got, err := list(t, s, "")
	want := []string{"abs/a.mp3", "file.mp3", "out.mp3", "out/o.mp3", "real/a.mp3", "rel/a.mp3"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("List = %q, %v; want %q", got, err, want)
	}
	for _, key := range want {
		f, err := s.File(t.Context(), key)
		if err != nil {
			t.Error(err)
			continue
		}
		f.Close()
	}
	if _, err := s.File(t.Context(), "../other/o.mp3"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key with .. : %v; want fs.ErrNotExist", err)
	}
}

// TestLinksEnd makes 6 folders that each link to all others: without a limit
// 6! paths and more.
func TestLinksEnd(t *testing.T) {
	dir := t.TempDir()
	for i := range 6 {
		put(t, dir, map[string]string{fmt.Sprintf("d%d/x.mp3", i): "x"})
	}
	for i := range 6 {
		for j := range 6 {
			link(t, fmt.Sprintf("../d%d", j), filepath.Join(dir, fmt.Sprintf("d%d", i), fmt.Sprintf("to%d", j)))
		}
	}
	s := store(t, dir, Options{})
	all, err := list(t, s, "")
	// From each folder up to 4 links on, never to one that was passed.
	if want := 6 * (1 + 5 + 5*4 + 5*4*3 + 5*4*3*2); err != nil || len(all) != want {
		t.Errorf("%d files are listed, %v; want %d", len(all), err, want)
	}
	part, err := list(t, s, "d0/to1/to2/")
	if want := 1 + 3 + 3*2; err != nil || len(part) != want {
		t.Errorf("%d files are listed below two links, %v; want %d", len(part), err, want)
	}
}

func TestOneFolderWithManyFiles(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{}
	for i := range 2*readChunk + 7 {
		files[fmt.Sprintf("all/%d.mp3", i)] = ""
	}
	put(t, dir, files)
	if got, err := list(t, store(t, dir, Options{}), ""); err != nil || len(got) != len(files) {
		t.Errorf("%d of %d files are listed, %v", len(got), len(files), err)
	}
}

// TestVanishing removes a file and a folder while they are being listed.
func TestVanishing(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"a.mp3": "", "b/c.mp3": "", "d/e.mp3": ""})
	s := store(t, dir, Options{})
	err := s.List(t.Context(), "", func(o storage.Object) error {
		return os.RemoveAll(filepath.Join(dir, "b"))
	})
	if err != nil {
		t.Errorf("a folder that goes during the listing: %v", err)
	}
}

// TestSendfile serves a file by net/http and counts its calls of Read: when
// the system sends the file by itself, there is only the one by which net/http
// takes the first 512 bytes.
func TestSendfile(t *testing.T) {
	dir := t.TempDir()
	content := strings.Repeat("0123456789abcdef", 1<<16)
	put(t, dir, map[string]string{"a.mp3": content})
	s := store(t, dir, Options{})
	for _, c := range []struct {
		name     string
		hide     bool
		sendfile bool
	}{
		{"as it is", false, true},
		{"wrapped", true, false},
	} {
		reads := 0
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sf, err := s.File(r.Context(), "a.mp3")
			if err != nil {
				t.Error(err)
				return
			}
			defer sf.Close()
			w.Header().Set("Content-Type", "audio/mpeg")
			var f io.ReadSeeker = &spy{sf.(*file), &reads}
			if c.hide {
				f = struct{ io.ReadSeeker }{f}
			}
			http.ServeContent(w, r, "", time.Time{}, f)
		}))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Range", "bytes=1000-")
		res, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		srv.Close()
		if err != nil || string(b) != content[1000:] {
			t.Errorf("%s: %d bytes, %v", c.name, len(b), err)
		}
		if (reads <= 1) != c.sendfile {
			t.Errorf("%s: the file was read by %d calls of Read; sendfile wanted: %v", c.name, reads, c.sendfile)
		}
	}
}

// spy counts Read. It has SyscallConn only if file has it.
type spy struct {
	*file
	reads *int
}

func (s *spy) Read(p []byte) (int, error) {
	*s.reads++
	return s.file.Read(p)
}

// BenchmarkList lists 10,000 files in 1,100 folders.
func BenchmarkList(b *testing.B) {
	dir := b.TempDir()
	files := map[string]string{}
	for i := range 10_000 {
		files[fmt.Sprintf("artist%02d/album%03d/%05d.mp3", i/100, i/10, i)] = ""
	}
	put(b, dir, files)
	s := store(b, dir, Options{})
	for b.Loop() {
		n := 0
		if err := s.List(b.Context(), "", func(storage.Object) error { n++; return nil }); err != nil || n != len(files) {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkFolders walks the same folders for watching.
func BenchmarkFolders(b *testing.B) {
	dir := b.TempDir()
	files := map[string]string{}
	for i := range 10_000 {
		files[fmt.Sprintf("artist%02d/album%03d/%05d.mp3", i/100, i/10, i)] = ""
	}
	put(b, dir, files)
	s := store(b, dir, Options{})
	for b.Loop() {
		n := 0
		if err := s.walk(b.Context(), "", func(string, fs.FileInfo) error { n++; return nil }, nil); err != nil || n != 1101 {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkFile opens and closes a file three folders down.
func BenchmarkFile(b *testing.B) {
	dir := b.TempDir()
	put(b, dir, map[string]string{"a/b/c.mp3": ""})
	s := store(b, dir, Options{})
	for b.Loop() {
		f, err := s.File(b.Context(), "a/b/c.mp3")
		if err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

// A folder that is replaced while it is listed, as by an unmount, gives no
// complete listing, however it is read.
func TestReplacedWhileListed(t *testing.T) {
	for _, follow := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "music")
		put(t, dir, map[string]string{"a/1.mp3": "1", "b/2.mp3": "2", "c/3.mp3": "3"})
		s := store(t, dir, Options{FollowLinks: follow})
		first := true
		err := s.List(t.Context(), "", func(storage.Object) error {
			if !first {
				return nil
			}
			first = false
			if err := os.Rename(dir, dir+" aside"); err != nil {
				return err
			}
			return os.Mkdir(dir, 0o755)
		})
		if !errors.Is(err, models.ErrUnavailable) {
			t.Errorf("following links %v: %v", follow, err)
		}
	}
}

func TestHollow(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, map[string]string{"full/1.mp3": "1", "hidden/.keep": "", "file": "x"})
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := store(t, dir, Options{})
	for folder, want := range map[string]bool{"full/": false, "hidden/": false, "file/": false, "none/": false, "empty/": true} {
		if got, err := s.Hollow(t.Context(), folder); err != nil || got != want {
			t.Errorf("Hollow(%q) = %v %v", folder, got, err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Hollow(t.Context(), "empty/"); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("without a root: %v", err)
	}
}
