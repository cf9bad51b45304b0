package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/local"
	"github.com/songlocker/songlocker/storage/mem"
)

// faulty is a store some of whose answers are others.
type faulty struct {
	storage.Store
	list, open error
	whole      bool // knows no ranges
	ahead      time.Duration
	silent     bool // no answer has told a time
	closed     *bool
}

func (f faulty) List(ctx context.Context, prefix string, yield func(storage.Object) error) error {
	if f.list != nil {
		return f.list
	}
	return f.Store.List(ctx, prefix, yield)
}

func (f faulty) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	if f.open != nil {
		return nil, f.open
	}
	if f.whole {
		off, n = 0, -1
	}
	return f.Store.Open(ctx, key, off, n)
}

func (f faulty) Ahead() (time.Duration, bool) { return f.ahead, !f.silent }

func (f faulty) Close() error {
	*f.closed = true
	return f.Store.Close()
}

func TestTry(t *testing.T) {
	content := map[string]string{"empty.mp3": "", "f/\xff.mp3": "sound"}
	for i := range 9 {
		content[fmt.Sprintf("g/%d.mp3", i)] = "more sound"
	}
	denied := fmt.Errorf("list bucket b: AccessDenied: Access Denied. Give the library's key the right to list: %w", fs.ErrPermission)
	for _, c := range []struct {
		name  string
		store faulty
		want  string // states of steps
		says  string // one of their texts has this
		works bool
	}{
		{"all is well", faulty{Store: mem.New(content)}, "open:ok list:ok read:ok clock:ok rights:ok", "May list: yes. May read: yes.", true},
		{"one byte", faulty{Store: mem.New(map[string]string{"a": "x"}), silent: true}, "open:ok list:ok read:ok rights:ok", `A range of "a"`, true},
		{"empty", faulty{Store: mem.New(nil)}, "open:ok list:hint clock:ok rights:ok", "nothing lies there", true},
		{"list denied", faulty{Store: mem.New(content), list: denied}, "open:ok list:failed clock:ok rights:failed", "AccessDenied: Access Denied. Give the library's key the right to list", false},
		{"read denied", faulty{Store: mem.New(content), open: denied}, "open:ok list:ok read:failed clock:ok rights:failed", "May list: yes. May read: no.", false},
		{"no ranges", faulty{Store: mem.New(content), whole: true}, "open:ok list:ok read:failed clock:ok rights:failed", "does not know ranges", false},
		{"slow clock", faulty{Store: mem.New(content), ahead: 5 * time.Minute}, "open:ok list:ok read:ok clock:hint rights:ok", "clock is 5m0s behind the store's", true},
		{"fast clock", faulty{Store: mem.New(content), ahead: -20 * time.Minute}, "open:ok list:ok read:ok clock:failed rights:ok", "clock is 20m0s ahead of the store's", false},
		{"unavailable", faulty{Store: mem.New(content), list: fmt.Errorf("no route: %w", models.ErrUnavailable), silent: true}, "open:ok list:failed rights:failed", "no route. Mount its disk", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			closed := false
			c.store.closed = &closed
			r, err := Try(t.Context(), func(context.Context) (storage.Store, error) { return c.store, nil })
			if err != nil {
				t.Fatal(err)
			}
			var got, texts []string
			for _, s := range r.Steps {
				got, texts = append(got, s.Name+":"+s.State), append(texts, s.Text)
			}
			if strings.Join(got, " ") != c.want || !strings.Contains(strings.Join(texts, "\n"), c.says) {
				t.Errorf("%v\n%s\nwant %s with %q", got, strings.Join(texts, "\n"), c.want, c.says)
			}
			if (r.Err() == nil) != c.works || r.Err() != nil && !errors.Is(r.Err(), models.ErrInvalid) {
				t.Errorf("the whole of it: %v", r.Err())
			}
			if len(r.Keys) > 5 || !closed {
				t.Errorf("%d keys, closed %v", len(r.Keys), closed)
			}
		})
	}
	r, err := Try(t.Context(), func(context.Context) (storage.Store, error) {
		return nil, fmt.Errorf("region is wrong: %w", models.ErrInvalid)
	})
	if err != nil || len(r.Steps) != 1 || r.Steps[0] != (Step{Open, Failed, "The place can't be opened: region is wrong."}) {
		t.Errorf("%+v %v", r, err)
	}
	done, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Try(done, func(ctx context.Context) (storage.Store, error) { return nil, ctx.Err() }); !errors.Is(err, context.Canceled) {
		t.Errorf("cut off: %v", err)
	}
}

func TestTryFolder(t *testing.T) {
	r, err := Try(t.Context(), func(context.Context) (storage.Store, error) {
		return local.New(t.TempDir()+"/gone", local.Options{})
	})
	if err != nil || r.Err() == nil || !strings.Contains(r.Err().Error(), "Mount its disk") || strings.Contains(r.Err().Error(), "not available") {
		t.Errorf("%v %v", r.Err(), err)
	}
}
