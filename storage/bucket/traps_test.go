package bucket

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
)

// The traps of the libraries below, each by its name.

// TestTrapUploadOnly: gocloud.dev's writers panic when a write to Azure
// fails, and only Upload does not. Nothing here writes.
func TestTrapUploadOnly(t *testing.T) {
	forbidden := regexp.MustCompile(`\.(NewWriter|WriteAll|Upload|Copy|Delete|PutObject|DeleteObject)\(`)
	here := os.DirFS(".")
	files, err := fs.Glob(here, "*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := fs.ReadFile(here, name)
		if err != nil {
			t.Fatal(err)
		}
		if m := forbidden.FindString(string(text)); m != "" && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s calls %s", name, m)
		}
	}
}

// TestTrapChecksums: R2 and others refuse requests with the newer checksum
// headers.
func TestTrapChecksums(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a": "0123"}) // it refuses them
	for _, off := range []int64{0, 2} {
		r, err := s.Open(t.Context(), "a", off, -1)
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Close()
	}
	if _, err := s.Stat(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	for _, r := range f.Requests() {
		for name := range r.Header {
			if strings.Contains(strings.ToLower(name), "checksum") {
				t.Errorf("a %s has the header %s", r.Kind, name)
			}
		}
	}
}

// TestTrapETagsOnlyThroughAs: a listing tells the same ETag as a HEAD, also
// one that is no MD5, and the reads demand it in quotes.
func TestTrapETagsOnlyThroughAs(t *testing.T) {
	s, f := newFake(t, "", nil)
	f.PutObject("parts", fakes3.Object{Data: []byte("0123"), Parts: 7})
	var listed storage.Object
	if err := s.List(t.Context(), "", func(o storage.Object) error { listed = o; return nil }); err != nil {
		t.Fatal(err)
	}
	o, err := s.Stat(t.Context(), "parts")
	if err != nil || o != listed || !strings.HasSuffix(o.ETag, "-7") {
		t.Errorf("Stat says %+v, %v; List says %+v", o, err, listed)
	}
	file, err := s.Pinned(t.Context(), listed)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.ReadAt(make([]byte, 2), 1); err != nil {
		t.Error(err)
	}
	r := f.Requests()
	if got := r[len(r)-1].Header.Get("If-Match"); got != `"`+o.ETag+`"` {
		t.Errorf("the read demands %q", got)
	}
}

// TestTrapSeeksAreRequests: of gocloud.dev's reader each seek is a request. Of
// a file here none is, and reading on is the same one.
func TestTrapSeeksAreRequests(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a": strings.Repeat("0123456789", 100_000)})
	file, err := s.File(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for range 3 {
		if n, err := file.Seek(0, io.SeekEnd); n != 1_000_000 || err != nil {
			t.Fatal(n, err)
		}
		if _, err := file.Seek(10, io.SeekStart); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := io.Copy(io.Discard, struct{ io.Reader }{file}); n != 999_990 || err != nil {
		t.Fatal(n, err)
	}
	if c := f.Counts(); c.Heads != 1 || c.Gets != 1 {
		t.Errorf("reading from byte 10 to the end cost %+v", c)
	}
}

// TestTrapNilLastModified: s3blob panics at an object without a time.
func TestTrapNilLastModified(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a": "0123"})
	f.Set(fakes3.Settings{NoTimes: true})
	err := s.List(t.Context(), "", func(o storage.Object) error {
		if o.Key != "a" || o.ModTime != 0 || o.Size != 4 {
			t.Errorf("the object is %+v", o)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// panics is a backend that finds a page which its library can't read.
type panics struct{ memBackend }

func (*panics) page(context.Context, string, string, string) (page, error) {
	var t *time.Time
	return page{next: t.String()}, nil
}

// TestTrapPanicInListing: what a page lacks otherwise ends that listing only.
func TestTrapPanicInListing(t *testing.T) {
	s := newStore(&place{scheme: "mem", bucket: "b"}, nil, quick, func(context.Context, *http.Client) (backend, error) {
		return &panics{}, nil
	})
	if got, err := list(t.Context(), s, ""); len(got) > 0 || !errors.Is(err, models.ErrUnavailable) || storage.Complete(err) {
		t.Errorf("a listing whose page panics: %q, %v", got, err)
	}
}

// TestTrapIdleConnections: net/http keeps two idle connections to a host.
func TestTrapIdleConnections(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a": "0123"})
	o, err := s.Stat(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	const rounds, at = 4, 16
	for range rounds {
		// All of a round are under way at once, so that each has its connection.
		gate := make(chan struct{})
		var n atomic.Int64
		f.Heal()
		f.Fail(fakes3.Fault{Kind: fakes3.Get, Wait: gate, Do: func() {
			if n.Add(1) == at {
				close(gate)
			}
		}})
		var wg sync.WaitGroup
		for range at {
			wg.Go(func() {
				file, err := s.Pinned(t.Context(), o)
				if err != nil {
					t.Error(err)
					return
				}
				defer file.Close()
				if _, err := file.ReadAt(make([]byte, 4), 0); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	clients := map[string]bool{}
	for _, r := range f.Requests() {
		clients[r.Remote] = true
	}
	if len(clients) > 2*at {
		t.Errorf("%d reads, %d at once, took %d connections", rounds*at, at, len(clients))
	}
}
