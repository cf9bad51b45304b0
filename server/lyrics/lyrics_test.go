package lyrics

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/mem"
)

// one is the store of every library.
type one struct{ store storage.Store }

func (o one) Store(context.Context, int) (storage.Store, error) { return o.store, nil }

// desk is a catalog with one song, whose lyrics a test sets.
type desk struct {
	*Service
	c         *catalog.Catalog
	store     *mem.Store
	library   int
	song      models.Key
	v, nobody catalog.Viewer
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	ctx := context.Background()
	c, err := catalog.Open(ctx, catalog.Options{Location: "sqlite:" + filepath.Join(t.TempDir(), "catalog.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	d := &desk{c: c, store: mem.New(nil), song: models.NewKey()}
	if d.library, err = c.AddLibrary(ctx, &models.Library{Location: "file:///music"}); err != nil {
		t.Fatal(err)
	}
	viewer := func(name string, libraries []int) catalog.Viewer {
		u := &models.User{Name: name}
		u.Admin = libraries == nil
		if err := c.CreateUser(ctx, u, libraries); err != nil {
			t.Fatal(err)
		}
		if u, err = c.UserByKey(ctx, u.Key); err != nil {
			t.Fatal(err)
		}
		return c.Viewer(u)
	}
	d.v, d.nobody = viewer("owner", nil), viewer("nobody", []int{})
	err = c.Scan(ctx, d.library, func(tx *catalog.ScanTx) error {
		s := &models.Song{Key: d.song, Library: d.library, ObjectKey: "a.mp3"}
		return tx.SaveSongs([]*models.Song{s}, map[models.Key]bool{s.Key: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	d.Service = New(c, one{d.store}, true, nil)
	return d
}

// has gives the song texts: sidecars by key, embedded ones as bodies, of
// which those that begin with "[" are synchronised.
func (d *desk) has(t *testing.T, sidecars []string, bodies ...string) {
	t.Helper()
	f := catalog.FoundLyrics{Song: d.song, Sidecars: sidecars, Bodies: bodies}
	for _, b := range bodies {
		f.Embedded = append(f.Embedded, models.Lyrics{Lang: "deu", Synced: strings.HasPrefix(b, "[")})
	}
	err := d.c.Scan(context.Background(), d.library, func(tx *catalog.ScanTx) error { return tx.SaveLyrics([]catalog.FoundLyrics{f}) })
	if err != nil {
		t.Fatal(err)
	}
}

// texts returns the first line of each text.
func (d *desk) texts(t *testing.T) []string {
	t.Helper()
	list, err := d.Lyrics(context.Background(), d.v, d.song)
	if err != nil {
		t.Fatal(err)
	}
	if list == nil {
		t.Error("the list is nil")
	}
	var out []string
	for _, l := range list {
		out = append(out, l.Lines[0].Text)
	}
	return out
}

func TestOrder(t *testing.T) {
	d := newDesk(t)
	d.store.Put("a.LRC", []byte("[00:01.00]beside, timed\n"))
	d.store.Put("a.txt", []byte("\n\nbeside, plain\n\nsecond verse\n\n"))
	d.has(t, []string{"a.txt", "a.LRC"}, "inside, plain\n", "[00:02.50]inside, timed\n")
	if got, want := d.texts(t), []string{"beside, timed", "inside, timed", "inside, plain", "beside, plain"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	list, err := d.Lyrics(context.Background(), d.v, d.song)
	if err != nil {
		t.Fatal(err)
	}
	if l := list[1]; !l.Synced || l.Lang != "deu" || l.Lines[0].Start != 2500 {
		t.Errorf("embedded: %+v", l)
	}
	if l := list[0]; !l.Synced || l.Lang != "xxx" || l.Lines[0].Start != 1000 {
		t.Errorf("beside: %+v", l)
	}
	if l := list[3]; l.Synced || len(l.Lines) != 3 || l.Lines[2].Text != "second verse" {
		t.Errorf("plain: %+v", l)
	}
}

func TestWhatCannotBeReadIsLeftOut(t *testing.T) {
	d := newDesk(t)
	if got := d.texts(t); got != nil {
		t.Errorf("without lyrics: %q", got)
	}
	d.store.Put("a.lrc", append([]byte("[00:01.00]x\n"), make([]byte, maxText)...))
	d.store.Put("a.txt", nil)
	d.has(t, []string{"a.lrc", "a.txt", "gone.txt"}, "inside", strings.Repeat("x", maxText+1))
	if got := d.texts(t); !slices.Equal(got, []string{"inside"}) {
		t.Errorf("%d texts, want the one inside", len(got))
	}
	d.store.Put("a.lrc", []byte("\xff\xfe[\x000\x000\x00:\x000\x001\x00]\x00h\x00i\x00"))
	if got := d.texts(t); !slices.Equal(got, []string{"hi", "inside"}) {
		t.Errorf("UTF-16: %q", got)
	}
	d.store.SetFaults(mem.Faults{Down: true})
	if got := d.texts(t); !slices.Equal(got, []string{"inside"}) {
		t.Errorf("store down: %q", got)
	}
	d.has(t, []string{"a.lrc"})
	if _, err := d.Lyrics(context.Background(), d.v, d.song); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("store down and nothing inside: %v", err)
	}
	d.store.SetFaults(mem.Faults{})
	d.store.Delete("a.lrc")
	if got := d.texts(t); got != nil {
		t.Errorf("the file has gone: %q", got)
	}
}

func TestRights(t *testing.T) {
	d := newDesk(t)
	d.has(t, nil, "inside")
	for _, c := range []struct {
		v    catalog.Viewer
		song models.Key
	}{{d.nobody, d.song}, {d.v, models.NewKey()}} {
		if list, err := d.Lyrics(context.Background(), c.v, c.song); !errors.Is(err, models.ErrNotFound) || list != nil {
			t.Errorf("%v %v", list, err)
		}
	}
}

// TestEncodings reads a text in Shift-JIS, which guessing recovers and which is
// Windows-1252 where nobody may guess.
func TestEncodings(t *testing.T) {
	d := newDesk(t)
	sjis := "\x82\xb3\x82\xad\x82\xe7 \x82\xb3\x82\xad\x82\xe7\n\x82\xe2\x82\xe6\x82\xa2\x82\xcc\x91\xf3\x82\xcd\n" // さくら さくら / やよいの空は
	d.store.Put("a.txt", []byte(sjis))
	d.has(t, []string{"a.txt"})
	for guess, want := range map[bool]string{true: "さくら さくら", false: "\u201a\u00b3\u201a\u00ad\u201a\u00e7 \u201a\u00b3\u201a\u00ad\u201a\u00e7"} {
		d.guess = guess
		list, err := d.Lyrics(t.Context(), d.v, d.song)
		if err != nil || len(list) != 1 || list[0].Lines[0].Text != want {
			t.Errorf("guess %v: %+v, %v; want %q first", guess, list, err, want)
		}
	}
}
