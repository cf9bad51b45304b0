package bucket

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/storagetest"
	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
)

// quick is the pace of tests.
var quick = pace{Limit: 32, Tries: 4, Throttled: 6, Base: time.Millisecond, Most: 5 * time.Millisecond, Stall: 5 * time.Second, Alone: 4}

// openFake opens the bucket of a server below a prefix, with the key that it
// knows.
func openFake(t *testing.T, f *fakes3.Server, prefix string) *Store {
	t.Helper()
	u, err := storage.Parse(f.Location(prefix))
	if err != nil {
		t.Fatal(err)
	}
	s, err := openS3(u, storage.Options{Secret: fakes3.Secret()}, quick)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.(*Store)
}

// newFake opens a bucket with these files below a prefix.
func newFake(t *testing.T, prefix string, files map[string]string) (*Store, *fakes3.Server) {
	t.Helper()
	f := fakes3.New(t, nil)
	f.Set(fakes3.Settings{RequireKey: true, RefuseChecksums: true})
	for key, data := range files {
		f.Put(prefix+key, []byte(data))
	}
	return openFake(t, f, prefix), f
}

func TestS3(t *testing.T) {
	for _, prefix := range []string{"", "music/all of it/"} {
		t.Run(prefix, func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T, files map[string]string) storage.Store {
				s, _ := newFake(t, prefix, files)
				return s
			})
		})
	}
}

func TestS3Pinned(t *testing.T) {
	storagetest.Pinned(t, func(t *testing.T, files map[string]string) (storage.Store, func(key, content string)) {
		s, f := newFake(t, "", files)
		return s, func(key, content string) { f.Put(key, []byte(content)) }
	})
}

// TestLenientServer: a server that passes over If-Match names what it sends.
func TestLenientServer(t *testing.T) {
	storagetest.Pinned(t, func(t *testing.T, files map[string]string) (storage.Store, func(key, content string)) {
		s, f := newFake(t, "", files)
		f.Set(fakes3.Settings{Lenient: true})
		return s, func(key, content string) { f.Put(key, []byte(content)) }
	})
}

func TestS3Links(t *testing.T) {
	storagetest.Links(t, func(t *testing.T, files map[string]string) storage.Store {
		s, _ := newFake(t, "in a folder/", files)
		return s
	})
}

// list lists a prefix into the keys that it yields.
func list(ctx context.Context, s storage.Store, prefix string) ([]string, error) {
	var out []string
	err := s.List(ctx, prefix, func(o storage.Object) error {
		out = append(out, o.Key)
		return nil
	})
	return out, err
}

// TestLargeBucket lists buckets of several forms in parts, each of their keys
// once, at few requests beyond their pages.
func TestLargeBucket(t *testing.T) {
	const n = 9_000
	for name, key := range map[string]func(i int) string{
		"many artists": func(i int) string {
			return fmt.Sprintf("%c artist %d/album/%d.mp3", []rune("AÄBbé東 ")[i%7], i%1500, i)
		},
		"by letter":   func(i int) string { return fmt.Sprintf("music/%c/%d/%d.mp3", 'a'+i%24, i%300, i) },
		"three kinds": func(i int) string { return fmt.Sprintf("%s/%d/%d.mp3", []string{"flac", "mp3", "mp3x"}[i%3], i%40, i) },
		"flat":        func(i int) string { return fmt.Sprintf("%05d.mp3", i) },
		"one folder":  func(i int) string { return fmt.Sprintf("a/b/c/d/%05d.mp3", i) },
		"loose":       func(i int) string { return fmt.Sprintf("%d%s", i, []string{".mp3", "/a.mp3", "/"}[i%3]) },
	} {
		t.Run(name, func(t *testing.T) {
			f := fakes3.New(t, nil)
			want := []string{}
			for i := range n {
				f.Put("root/"+key(i), nil)
				if !strings.HasSuffix(key(i), "/") {
					want = append(want, key(i))
				}
			}
			f.Put("root/", nil)
			slices.Sort(want)
			s := openFake(t, f, "root")
			got, err := list(t.Context(), s, "")
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%d keys are listed, %d of them once; there are %d", len(got), len(slices.Compact(got)), len(want))
			}
			c := f.Counts().Lists
			t.Logf("%d keys cost %d requests", n, c)
			if c > n/1000+1+int64(quick.Alone)+looks+4*parts {
				t.Errorf("%d keys cost %d requests", n, c)
			}
		})
	}
	f := fakes3.New(t, nil)
	many(f, 3500)
	s := openFake(t, f, "")
	if got, err := list(t.Context(), s, ""); err != nil || len(got) != 3500 || f.Counts().Lists != 4 {
		t.Errorf("a small bucket lists %d keys in %d requests, %v", len(got), f.Counts().Lists, err)
	}
	before := f.Counts()
	if got, err := list(t.Context(), s, "a/0/"); err != nil || len(got) == 0 || f.Counts().Sub(before).Lists != 1 {
		t.Errorf("a folder lists %d keys in %d requests, %v", len(got), f.Counts().Sub(before).Lists, err)
	}
}

func TestAhead(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a.mp3": "sound"})
	if d, ok := s.Ahead(); ok {
		t.Errorf("%v ahead before any answer", d)
	}
	if _, err := s.Stat(t.Context(), "a.mp3"); err != nil {
		t.Fatal(err)
	}
	if d, ok := s.Ahead(); !ok || d.Abs() > time.Minute {
		t.Errorf("%v ahead, %v", d, ok)
	}
	f.Fail(fakes3.Fault{Status: 403, Code: "RequestTimeTooSkewed", Header: http.Header{"Date": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}})
	if _, err := s.Stat(t.Context(), "a.mp3"); err == nil {
		t.Fatal("no error")
	}
	if d, ok := s.Ahead(); !ok || (d-time.Hour).Abs() > time.Minute {
		t.Errorf("%v ahead, %v", d, ok)
	}
}

// readAll returns what is in r, or the error as text.
func readAll(r io.Reader) string {
	b, err := io.ReadAll(r)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// TestLazy: a store that is not used reaches out to nobody, and a file outlives
// its store.
func TestLazy(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a": "0123"})
	if n := f.Counts().Requests(); n != 0 || s.client != nil {
		t.Errorf("opening the store cost %d requests", n)
	}
	file, err := s.File(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if got := readAll(file); got != "0123" {
		t.Errorf("after Close the file reads %q", got)
	}
	if err := errors.Join(file.Close(), file.Close()); err != nil || s.client != nil {
		t.Errorf("the last file is closed: %v", err)
	}
	if _, err := s.Stat(t.Context(), "a"); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a closed store: %v", err)
	}
	if _, err := file.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a closed file: %v", err)
	}
}

// TestLink: a signed link is opened by whoever has it, for its time, with the
// type that it says; it is for GET alone.
func TestLink(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a b/ü+%\x01.mp3": "0123456789"})
	before := f.Counts()
	o := storage.Object{Key: "a b/ü+%\x01.mp3"}
	link, err := s.Link(t.Context(), o, storage.Link{Life: time.Hour, ContentType: "audio/mpeg", Disposition: `attachment; filename="ü.mp3"`})
	if err != nil || f.Counts().Sub(before).Requests() != 0 {
		t.Fatal(link, err, f.Counts().Sub(before))
	}
	get := func(method, link string) (int, http.Header, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, link, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Range", "bytes=2-4")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		return resp.StatusCode, resp.Header, readAll(resp.Body)
	}
	if status, h, body := get("GET", link); status != 206 || body != "234" || h.Get("Content-Type") != "audio/mpeg" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
		t.Errorf("the link answers %d %v %q", status, h, body)
	}
	if status, _, _ := get("HEAD", link); status != 403 {
		t.Errorf("HEAD of the link answers %d", status)
	}
	for name, bad := range map[string]string{
		"another object": strings.Replace(link, "a%20b", "a%20c", 1),
		"a longer life":  strings.Replace(link, "X-Amz-Expires=3600", "X-Amz-Expires=7200", 1),
	} {
		if status, _, _ := get("GET", bad); bad == link || status != 403 {
			t.Errorf("a link changed to %s answers %d", name, status)
		}
	}
	u, _ := url.Parse(f.Location("") + "&anonymous=true")
	open, err := openS3(u, storage.Options{}, quick)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open.(*Store).Link(t.Context(), o, storage.Link{Life: time.Hour}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a link of a store without a key: %v", err)
	}
	if _, err := list(t.Context(), open, ""); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("an anonymous listing where a key is needed: %v", err)
	}
	f.Set(fakes3.Settings{})
	if got, err := list(t.Context(), open, ""); err != nil || len(got) != 1 {
		t.Errorf("an anonymous listing of an open bucket: %q, %v", got, err)
	}
}

// TestLocations: what can be opened, and what is refused with what reason.
func TestLocations(t *testing.T) {
	var r storage.Registry
	Register(&r)
	key := storage.Options{Secret: storage.Secret{"access_key_id": "AKIDAKIDAKID", "secret_access_key": "verysecret"}}
	for _, c := range []struct {
		location string
		o        storage.Options
		says     string // "" is good
	}{
		{"s3://b?region=eu-west-1", key, ""},
		{"s3://b/a/b?region=auto&endpoint=https%3A%2F%2Facc.r2.example.com", key, ""},
		{"s3://b?endpoint=s3.example.com&use_path_style=true&prefix=music", key, ""},
		{"s3://b?endpoint=http%3A%2F%2F127.0.0.1%3A9000&use_path_style=true", key, ""},
		{"s3://b?endpoint=http%3A%2F%2Fnas%3A9000&disable_https=true", key, ""},
		{"s3://b?region=x&anonymous=true", storage.Options{}, ""},
		{"s3://b?region=x&s3ForcePathStyle=true&dualstack=true&accelerate=false", key, ""},
		{"s3://b?region=x", storage.Options{Secret: storage.Secret{"aws_access_key_id": "x", "AWS_SECRET_ACCESS_KEY": "y"}}, ""},
		{"s3://b", storage.Options{Ambient: true}, ""},
		{"s3://b?region=x&profile=music", storage.Options{Ambient: true}, ""},

		{"s3://b?region=x", storage.Options{}, "access_key_id and secret_access_key"},
		{"s3://b", key, "needs region"},
		{"s3://b?region=x&profile=music", key, "only libraries of the configuration"},
		{"s3://b?region=x", storage.Options{Secret: storage.Secret{"access_key_id": "AKIDAKIDAKID"}}, "both access_key_id and secret_access_key"},
		{"s3://b?region=x", storage.Options{Secret: storage.Secret{"access_key": "verysecret"}}, "unknown name"},
		{"s3://b?region=x&anonymous=true", key, "only one can be meant"},
		{"s3://b?endpoint=http%3A%2F%2Fnas%3A9000", key, "disable_https=true"},
		{"s3://b?endpoint=ftp%3A%2F%2Fnas", key, "endpoint is no URL"},
		{"s3://b?endpoint=https%3A%2F%2Fx%3Fy%3Dz", key, "endpoint has"},
		{"s3://b?regoin=x", key, `did you mean "region"?`},
		{"s3://b?region=x&use_path_stile=true", key, `did you mean "use_path_style"?`},
		{"s3://b?region=x&colour=red", key, `unknown parameter "colour"`},
		{"s3://b?region=x&use_path_style=ja", key, "must be true or false"},
		{"s3://b?region=x&region=y", key, "more than once"},
		{"s3://b?region=x&secret_access_key=verysecret", key, "not part of a location"},
		{"s3://b?region=x&X-Amz-Signature=verysecret", key, "not part of a location"},
		{"s3://verysecret@b?region=x", key, "user name"},
		{"s3:///a?region=x", key, "names no bucket"},
		{"s3://b#x", key, "%23"},
		{"s3://b?region=x&request_checksum_calculation=when_supported", key, "always when_required"},
	} {
		s, err := r.Open(t.Context(), c.location, c.o)
		if c.says == "" {
			if err != nil {
				t.Errorf("%s: %v", c.location, err)
			} else if err := s.Close(); err != nil {
				t.Error(err)
			}
			continue
		}
		if !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%s: %v; want it to say %q", c.location, err, c.says)
		}
	}
	for location, root := range map[string]string{
		"s3://b?region=x": "", "s3://b/?region=x": "", "s3://b/a/b/?region=x": "a/b/", "s3://b?region=x&prefix=a/b": "a/b/",
		"s3://b?region=x&prefix=/a//b/": "a/b/", "s3://b/a?region=x&prefix=b": "a/b/", "s3://b?region=x&prefix=../..": "",
	} {
		s, err := r.Open(t.Context(), location, key)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.(*Store).root; got != root {
			t.Errorf("%s has the root %q, want %q", location, got, root)
		}
	}
}

// TestKeyFiles: the machine's own key may lie in files.
func TestKeyFiles(t *testing.T) {
	f := fakes3.New(t, map[string]string{"a": "0123"})
	f.Set(fakes3.Settings{RequireKey: true})
	dir := t.TempDir()
	for name, v := range map[string]string{"AWS_ACCESS_KEY_ID": fakes3.AccessKey, "AWS_SECRET_ACCESS_KEY": fakes3.SecretKey} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(v+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv(name+"_FILE", filepath.Join(dir, name))
		t.Setenv(name, "")
	}
	for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(name, filepath.Join(dir, "none"))
	}
	u, _ := url.Parse(f.Location(""))
	s, err := openS3(u, storage.Options{Ambient: true}, quick)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := list(t.Context(), s, ""); err != nil || len(got) != 1 {
		t.Errorf("List = %q, %v", got, err)
	}
	if _, err := openS3(u, storage.Options{}, quick); !errors.Is(err, models.ErrInvalid) {
		t.Errorf("without Ambient: %v", err)
	}
}

// TestGate: a provider's refusal halves what leaves at once, once a round, and
// good rounds raise it again.
func TestGate(t *testing.T) {
	g := newGate(16)
	enter := func() int {
		n, err := g.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var round []int
	for range 16 {
		round = append(round, enter())
	}
	ctx, cancel := context.WithCancel(t.Context())
	waits := make(chan error)
	go func() { _, err := g.enter(ctx); waits <- err }()
	cancel()
	if err := <-waits; !errors.Is(err, context.Canceled) || len(g.waiting) != 0 {
		t.Errorf("one that waits is cancelled: %v, %d wait", err, len(g.waiting))
	}
	for _, n := range round {
		g.leave(n, true, false)
	}
	if g.limit != 8 {
		t.Errorf("a round of refusals leaves a limit of %d, want 8", g.limit)
	}
	for range 8 {
		g.leave(enter(), false, true)
	}
	if g.limit != 9 {
		t.Errorf("a good round leaves a limit of %d, want 9", g.limit)
	}
	for range 20 {
		g.leave(enter(), true, false)
	}
	if g.limit != 1 {
		t.Errorf("many refusals leave a limit of %d, want 1", g.limit)
	}
	for range 1000 {
		g.leave(enter(), false, true)
	}
	if g.limit != 16 || g.busy != 0 {
		t.Errorf("many good rounds leave a limit of %d with %d busy, want 16 and 0", g.limit, g.busy)
	}
}
