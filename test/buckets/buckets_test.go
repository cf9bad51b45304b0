// Package buckets holds the program's store of buckets to what its interface
// promises, over emulators in this process and over real servers beside it. It
// is a module of its own, so that what emulators need stays out of the
// program's.
package buckets

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

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
func folders(t *testing.T, fill func(t *testing.T, files map[string]string) (location string, secret map[string]string)) {
	t.Run("whole", func(t *testing.T) {
		storagetest.Run(t, func(t *testing.T, files map[string]string) storage.Store {
			location, secret := fill(t, files)
			return open(t, location, secret)
		})
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
		})
	})
}

func TestGofakes3(t *testing.T) {
	backend := s3mem.New()
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	folders(t, func(t *testing.T, files map[string]string) (string, map[string]string) {
		bucket := name()
		if err := backend.CreateBucket(bucket); err != nil {
			t.Fatal(err)
		}
		for key, text := range files {
			if _, err := backend.PutObject(bucket, key, nil, strings.NewReader(text), int64(len(text)), nil); err != nil {
				t.Fatal(err)
			}
		}
		q := url.Values{"endpoint": {server.URL}, "region": {"us-east-1"}, "use_path_style": {"true"}, "anonymous": {"true"}}
		return "s3://" + bucket + "?" + q.Encode(), nil
	})
}

func TestVersitygw(t *testing.T) { real(t, cloud.S3) }

func TestAzurite(t *testing.T) { real(t, cloud.Azure) }

func real(t *testing.T, make func(testing.TB, string) *cloud.Bucket) {
	make(t, name()) // skips where there is no server
	folders(t, func(t *testing.T, files map[string]string) (string, map[string]string) {
		b := make(t, name())
		bytes := map[string][]byte{}
		for key, text := range files {
			bytes[key] = []byte(text)
		}
		b.Upload(t, bytes)
		return b.Location, b.Secret
	})
}
