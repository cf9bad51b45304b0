package artwork

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
)

// bucket is a store in memory that notes what it is asked for.
type bucket struct {
	*mem.Store
	mu    sync.Mutex
	asked []string
}

func (b *bucket) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, fmt.Sprintf(format, args...))
}

// requests returns what was asked for since the last time.
func (b *bucket) requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() { b.asked = nil }()
	return b.asked
}

func (b *bucket) Stat(ctx context.Context, key string) (storage.Object, error) {
	b.note("head %s", key)
	return b.Store.Stat(ctx, key)
}

func (b *bucket) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	b.note("get %s %d+%d", key, off, n)
	return b.Store.Open(ctx, key, off, n)
}

func (b *bucket) File(ctx context.Context, key string) (storage.File, error) {
	b.note("head %s", key)
	return b.Store.File(ctx, key)
}

func (b *bucket) Pinned(ctx context.Context, o storage.Object) (storage.File, error) {
	f, err := b.Store.Pinned(ctx, o)
	return bucketFile{f, b}, err
}

type bucketFile struct {
	storage.File
	b *bucket
}

func (f bucketFile) ReadAt(p []byte, off int64) (int, error) {
	f.b.note("get %s %d+%d", f.Object().Key, off, len(p))
	return f.File.ReadAt(p, off)
}

// remoteRoom is a room of two albums whose library is in a bucket: the first
// has a picture of its own, the second one in its song.
func remoteRoom(t *testing.T) (r *room, b *bucket, own, embedded []byte, changed *[]string) {
	t.Helper()
	changed = new([]string)
	r = newRoom(t, 2, Config{Dir: t.TempDir(), Changed: func(library int, key string) { *changed = append(*changed, key) }})
	b = &bucket{Store: r.store}
	r.stores = stores{r.library: b}
	own, embedded = asPNG(t, paint(300, 200, red)), asJPEG(t, paint(200, 200, green))
	b.Put("album0/cover.png", own)
	r.putSong(t, embedded)
	r.scan(t, func(tx *catalog.ScanTx) error {
		return tx.SavePictures(r.albums, []catalog.FoundPicture{
			{Of: r.albums[0], Version: "own", ObjectKey: "album0/cover.png", PictureRef: models.PictureRef{Length: int64(len(own))}},
			{Of: r.albums[1], Version: "embedded", ObjectKey: "album1/1.mp3", Embedded: true, PictureRef: models.PictureRef{Type: 3, Offset: 1000, Length: int64(len(embedded))}},
		})
	})
	b.requests()
	return r, b, own, embedded, changed
}

// putSong puts the second album's song with its picture, and tells the catalog
// of it.
func (r *room) putSong(t *testing.T, picture []byte) {
	t.Helper()
	const key = "album1/1.mp3"
	r.store.Put(key, slices.Concat(make([]byte, 1000), picture, make([]byte, 5000)))
	o, err := r.store.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.c.Song(t.Context(), r.v, r.songs[1])
	if err != nil {
		t.Fatal(err)
	}
	s.Size, s.ModTime, s.ETag = o.Size, o.ModTime, o.ETag
	r.scan(t, func(tx *catalog.ScanTx) error { return tx.SaveSongs([]*models.Song{s}, map[models.Key]bool{}) })
}

func TestAPictureInABucketIsReadOnce(t *testing.T) {
	r, b, own, embedded, _ := remoteRoom(t)
	for i, c := range []struct {
		data []byte
		want string
	}{
		{own, fmt.Sprintf("get album0/cover.png 0+%d", len(own)+1)},
		{embedded, fmt.Sprintf("get album1/1.mp3 1000+%d", len(embedded))},
	} {
		id := r.albums[i].String()
		var wg sync.WaitGroup
		for n := range 20 {
			wg.Go(func() {
				img, err := r.Cover(context.Background(), r.v, id, n%4*50)
				if err != nil {
					t.Error(err)
					return
				}
				defer img.Close()
				if got, err := io.ReadAll(img); err != nil || n%4 == 0 && !bytes.Equal(got, c.data) {
					t.Errorf("%d bytes of %d, %v", len(got), len(c.data), err)
				}
			})
		}
		wg.Wait()
		r.get(t, id, 77)
		if got := b.requests(); !slices.Equal(got, []string{c.want}) {
			t.Errorf("four sizes asked for %q, want %q", got, c.want)
		}
	}
}

func TestAPictureThatHasChanged(t *testing.T) {
	r, b, _, embedded, changed := remoteRoom(t)
	b.Put("album0/cover.png", []byte("\x89PNG\r\n\x1a\n and something else"))
	b.Put("album1/1.mp3", bytes.Repeat([]byte("other sound"), 3000))
	for range 3 {
		for i := range 2 {
			r.none(t, r.v, r.albums[i].String(), 0)
		}
	}
	if got := b.requests(); len(got) != 2 {
		t.Errorf("asked for %q, want each once", got)
	}
	if !slices.Equal(*changed, []string{"album0/cover.png", "album1/1.mp3"}) {
		t.Errorf("told of %q", *changed)
	}
	// A scan has found another one.
	r.putSong(t, embedded)
	r.scan(t, func(tx *catalog.ScanTx) error {
		return tx.SavePictures(r.albums[1:], []catalog.FoundPicture{{Of: r.albums[1], Version: "new", ObjectKey: "album1/1.mp3", Embedded: true,
			PictureRef: models.PictureRef{Type: 3, Offset: 1000, Length: int64(len(embedded))}}})
	})
	if got, _ := r.get(t, r.albums[1].String(), 0); !bytes.Equal(got, embedded) {
		t.Errorf("%d other bytes", len(got))
	}
}

func TestAFailingBucketIsLeftAlone(t *testing.T) {
	r, b, _, _, _ := remoteRoom(t)
	ask := func() (failed int, err error) {
		for range 5 {
			for i := range 2 {
				img, e := r.Cover(context.Background(), r.v, r.albums[i].String(), 100)
				if e != nil {
					failed, err = failed+1, e
					continue
				}
				img.Close()
			}
		}
		return failed, err
	}
	b.SetFaults(mem.Faults{Down: true})
	if n, err := ask(); n != 10 || !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("%d failed, %v", n, err)
	}
	if got := b.requests(); len(got) != 1 {
		t.Errorf("a bucket that is down was asked for %q", got)
	}
	b.SetFaults(mem.Faults{})
	r.refused = refused{} // the rest is over
	if n, err := ask(); n != 0 {
		t.Errorf("%d failed, %v", n, err)
	}
}

func TestRefusals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r refused
		denied := fmt.Errorf("x: %w", fs.ErrPermission)
		r.note(1, "a", denied)
		r.note(2, "b", fmt.Errorf("x: %w", models.ErrUnavailable))
		for _, c := range []struct {
			wait    time.Duration
			library int
			picture string
			want    error
		}{
			{0, 1, "a", fs.ErrPermission},
			{0, 1, "c", nil},
			{0, 2, "c", models.ErrUnavailable},
			{resting, 2, "b", nil},
			{0, 1, "a", fs.ErrPermission},
			{refusedFor, 1, "a", nil},
		} {
			time.Sleep(c.wait)
			if err := r.check(c.library, c.picture); !errors.Is(err, c.want) || c.want == nil && err != nil {
				t.Errorf("library %d, picture %s: %v, want %v", c.library, c.picture, err, c.want)
			}
		}
		for i := range refusals + 10 {
			r.note(1, strings.Repeat("x", i%7)+fmt.Sprint(i), denied)
		}
		if len(r.pictures) > refusals {
			t.Errorf("%d are remembered", len(r.pictures))
		}
	})
}
