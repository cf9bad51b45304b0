//go:build gcs

package buckets

import (
	"net/url"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

// TestFakestorage is built under a tag: its emulator takes long to build.
func TestFakestorage(t *testing.T) {
	folders(t, func(t *testing.T, files map[string]string) (string, map[string]string) {
		bucket := name()
		var objects []fakestorage.Object
		for key, text := range files {
			objects = append(objects, fakestorage.Object{
				ObjectAttrs: fakestorage.ObjectAttrs{BucketName: bucket, Name: key}, Content: []byte(text),
			})
		}
		server, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1", InitialObjects: objects})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Stop)
		server.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: bucket})
		return "gs://" + bucket + "?" + url.Values{"endpoint": {server.URL()}, "anonymous": {"true"}}.Encode(), nil
	})
}
