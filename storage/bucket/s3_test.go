package bucket

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/storagetest"
	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
)

// quick is the pace of tests.
var quick = pace{Limit: 32, Tries: 4, Throttled: 6, Base: time.Millisecond, Most: 5 * time.Millisecond, Stall: 5 * time.Second}

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

// list lists a prefix into the keys that it yields.
func list(ctx context.Context, s storage.Store, prefix string) ([]string, error) {
	var out []string
	err := s.List(ctx, prefix, func(o storage.Object) error {
		out = append(out, o.Key)
		return nil
	})
	return out, err
}

// TestLargeBucket lists a bucket in parts, and each of its keys once.
func TestLargeBucket(t *testing.T) {
	f := fakes3.New(t, nil)
	var want []string
	for i := range 20_000 {
		key := fmt.Sprintf("%c artist %d/album/%05d.mp3", 'A'+i%16, i%300, i)
		f.Put(key, nil)
		want = append(want, key)
	}
	for i := range 30 {
		key := fmt.Sprintf("loose %d.mp3", i)
		f.Put(key, nil)
		want = append(want, key)
	}
	slices.Sort(want)
	s := openFake(t, f, "")
	got, err := list(t.Context(), s, "")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%d keys are listed, %d of them once; there are %d", len(got), len(slices.Compact(got)), len(want))
	}
	pages := int64(len(want)/1000 + 1)
	if n := f.Counts().Lists; n > pages+alone+looks+2*parts {
		t.Errorf("%d keys cost %d requests", len(want), n)
	}
	before := f.Counts()
	if got, err := list(t.Context(), s, "A artist 0/"); err != nil || len(got) == 0 || f.Counts().Sub(before).Lists != 1 {
		t.Errorf("a folder lists %d keys in %d requests, %v", len(got), f.Counts().Sub(before).Lists, err)
	}
}
