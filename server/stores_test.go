package server

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/usage"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/local"
	"github.com/songlocker/songlocker/storage/mem"
)

// openTestStores returns stores over a catalog with two libraries: 1 in
// memory, which stands for a bucket, and 2 in a folder.
func openTestStores(t *testing.T, bucket storage.Store) *stores {
	t.Helper()
	c, err := catalog.Open(t.Context(), catalog.Options{Location: "sqlite:" + filepath.Join(t.TempDir(), "catalog.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	for _, l := range []models.Library{{Name: "Bucket", Location: "mem:///1"}, {Name: "Folder", Location: "file://" + t.TempDir()}} {
		l.Kind = models.LibraryMusic
		if _, err := c.AddLibrary(t.Context(), &l); err != nil {
			t.Fatal(err)
		}
	}
	r := &storage.Registry{}
	r.Register("mem", func(context.Context, *url.URL, storage.Options) (storage.Store, error) { return bucket, nil })
	r.Register("file", local.Open)
	s := &stores{catalog: c, registry: r, meter: usage.New(c, usage.Options{})}
	t.Cleanup(func() { s.close() })
	return s
}

func TestPlaybackIsCountedByLibrary(t *testing.T) {
	s := openTestStores(t, mem.New(map[string]string{"a.mp3": "sound"}))
	background, err := s.Store(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := background.Stat(t.Context(), "a.mp3"); err != nil || s.played(1).Requests() != 0 {
		t.Errorf("background work counts as %d requests of playback, %v", s.played(1).Requests(), err)
	}
	play, err := playback{s}.Store(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := play.Stat(t.Context(), "a.mp3"); err != nil || s.played(1).Heads.Load() != 1 || s.played(2).Requests() != 0 {
		t.Errorf("playback counts as %d requests, %v", s.played(1).Requests(), err)
	}
}

func TestPlaybackOfFoldersKeepsSendfile(t *testing.T) {
	s := openTestStores(t, mem.New(nil))
	place, err := s.catalog.Library(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	u, err := storage.Parse(place.Location)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(u.Path, "a.mp3"), []byte("sound"), 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := playback{s}.Store(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	f, err := store.File(t.Context(), "a.mp3")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, ok := f.(syscall.Conn); !ok {
		t.Error("a local file hides what sendfile needs")
	}
}
