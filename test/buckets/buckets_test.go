// Package buckets holds the program's store of buckets to what its interface
// promises, over emulators in this process and over real servers beside it. It
// is a module of its own, so that what emulators need stays out of the
// program's.
package buckets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/bucket"
	"github.com/songlocker/songlocker/storage/storagetest"
	"github.com/songlocker/songlocker/test/cloud"
)

// count makes names that no other bucket has.
var count atomic.Int64

func name() string { return fmt.Sprintf("suite-%d", count.Add(1)) }

// open opens a location, and closes it with the test.
func open(t *testing.T, location string, secret map[string]string) storage.Store {
	t.Helper()
	var r storage.Registry
	bucket.Register(&r)
	s, err := r.Open(context.Background(), location, storage.Options{Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// folders runs the suite on a whole bucket and on a folder of one.
func folders(t *testing.T, fill func(t *testing.T, files map[string]string) (location string, secret map[string]string), impossible ...string) {
	t.Run("whole", func(t *testing.T) {
		storagetest.Run(t, func(t *testing.T, files map[string]string) storage.Store {
			location, secret := fill(t, files)
			return open(t, location, secret)
		}, impossible...)
	})
	t.Run("folder", func(t *testing.T) {
		storagetest.Run(t, func(t *testing.T, files map[string]string) storage.Store {
			below := map[string]string{"outside.mp3": "x", "music.mp3": "x", "musi/c.mp3": "x", "music2/d.mp3": "x"}
			for key, text := range files {
				below["music/"+key] = text
			}
			location, secret := fill(t, below)
			separator := "?"
			if strings.Contains(location, "?") {
				separator = "&"
			}
			return open(t, location+separator+"prefix=music", secret)
		}, impossible...)
	})
}

func TestGofakes3(t *testing.T) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	backend := s3mem.New(s3mem.WithTimeSource(gofakes3.FixedTimeSource(at)))
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	folders(t, func(t *testing.T, files map[string]string) (string, map[string]string) {
		bucket := name()
		if err := backend.CreateBucket(bucket); err != nil {
			t.Fatal(err)
		}
		for key, text := range files {
			// Its HTTP side puts the time into the metadata.
			meta := map[string]string{"Last-Modified": at.Format(http.TimeFormat)}
			if _, err := backend.PutObject(bucket, key, meta, strings.NewReader(text), int64(len(text)), nil); err != nil {
				t.Fatal(err)
			}
		}
		q := url.Values{"endpoint": {server.URL}, "region": {"us-east-1"}, "use_path_style": {"true"}, "anonymous": {"true"}}
		return "s3://" + bucket + "?" + q.Encode(), nil
	})
}

func TestVersitygw(t *testing.T) { real(t, cloud.S3) }

// Azure takes a backslash for a slash.
func TestAzurite(t *testing.T) { real(t, cloud.Azure, `back\slash/a\b.mp3`) }

func real(t *testing.T, make func(testing.TB, string) *cloud.Bucket, impossible ...string) {
	make(t, name()) // skips where there is no server
	folders(t, func(t *testing.T, files map[string]string) (string, map[string]string) {
		b := make(t, name())
		bytes := map[string][]byte{}
		for key, text := range files {
			bytes[key] = []byte(text)
		}
		b.Upload(t, bytes)
		return b.Location, b.Secret
	}, impossible...)
}

// TestReal is what the suite can't ask of every store, on real servers.
func TestReal(t *testing.T) {
	for scheme, make := range map[string]func(testing.TB, string) *cloud.Bucket{"s3": cloud.S3, "azblob": cloud.Azure} {
		t.Run(scheme, func(t *testing.T) {
			b := make(t, name())
			b.Put(t, "a/+ b.mp3", []byte("0123456789"))
			s := open(t, b.Location, b.Secret)
			o, err := s.Stat(t.Context(), "a/+ b.mp3")
			if err != nil {
				t.Fatal(err)
			}

			linker, ok := storage.As[storage.Linker](s)
			if !ok {
				t.Fatal("the store signs no links")
			}
			link, err := linker.Link(t.Context(), o, storage.Link{Life: time.Hour, ContentType: "audio/mpeg", Disposition: `attachment; filename="b.mp3"`})
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Range", "bytes=2-5")
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusPartialContent || string(text) != "2345" {
				t.Errorf("the link answers %s %q, %v", resp.Status, text, err)
			}
			if resp.Header.Get("Content-Type") != "audio/mpeg" || !strings.Contains(resp.Header.Get("Content-Disposition"), "b.mp3") {
				t.Errorf("the link answers with %v", resp.Header)
			}

			f, err := storage.OpenPinned(t.Context(), s, o)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			p := []byte("xxxx")
			if n, err := f.ReadAt(p, 4); n != 4 || err != nil || string(p) != "4567" {
				t.Errorf("the pinned file reads %q, %v", p[:n], err)
			}
			b.Put(t, "a/+ b.mp3", []byte("abcdefghij"))
			if n, err := f.ReadAt(p, 0); !errors.Is(err, storage.ErrChanged) {
				t.Errorf("after a change the pinned file reads %q, %v; want ErrChanged", p[:n], err)
			}

			wrong := maps.Clone(b.Secret)
			for _, k := range []string{"secret_access_key", "key"} {
				if wrong[k] != "" {
					wrong[k] = "d3Jvbmcgc2VjcmV0IG9mIDMyIGJ5dGVzIGF0IGxlYXN0"
				}
			}
			_, err = open(t, b.Location, wrong).Stat(t.Context(), "a/+ b.mp3")
			if !errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "d3Jvbmcg") {
				t.Errorf("with a wrong secret: %v", err)
			}
			err = open(t, strings.Replace(b.Location, b.Name, "no-such-bucket", 1), b.Secret).List(t.Context(), "", func(storage.Object) error { return nil })
			if err == nil || !strings.Contains(err.Error(), "no-such-bucket") {
				t.Errorf("a bucket that is not there: %v", err)
			}
			t.Logf("a wrong bucket: %v", err)
		})
	}
}
