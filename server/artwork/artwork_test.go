package artwork

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/local"
	"github.com/songlocker/songlocker/storage/mem"
)

type stores map[int]storage.Store

func (s stores) Store(_ context.Context, library int) (storage.Store, error) {
	if s[library] == nil {
		return nil, models.ErrNotFound
	}
	return s[library], nil
}

// folder is a store as a folder is one: nothing in it is pinned.
type folder struct{ storage.Store }

// room is a service over one library in memory with albums of one song each.
type room struct {
	*Service
	c       *catalog.Catalog
	store   *mem.Store
	library int
	v       catalog.Viewer
	nobody  catalog.Viewer // reads no library
	albums  []models.ID
	songs   []models.Key
}

func newRoom(t testing.TB, albums int, config Config) *room {
	t.Helper()
	ctx := context.Background()
	c, err := catalog.Open(ctx, catalog.Options{Location: "sqlite:" + filepath.Join(t.TempDir(), "catalog.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	r := &room{c: c, store: mem.New(nil)}
	if r.library, err = c.AddLibrary(ctx, &models.Library{Location: "file:///music"}); err != nil {
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
	r.v, r.nobody = viewer("owner", nil), viewer("nobody", []int{})
	r.scan(t, func(tx *catalog.ScanTx) error {
		for i := range albums {
			path := fmt.Sprintf("album%d", i)
			folders, err := tx.Folders([]string{path})
			if err != nil {
				return err
			}
			a := &models.Album{Key: models.NewKey(), Library: r.library, Folder: folders[path], Name: path, Songs: 1}
			s := &models.Song{Key: models.NewKey(), Library: r.library, ObjectKey: path + "/1.mp3", Folder: a.Folder, Album: a.Key}
			s.Title = "Song"
			if err := tx.SaveAlbums([]catalog.GroupedAlbum{{Album: a, GroupKey: path}}); err != nil {
				return err
			}
			if err := tx.SaveSongs([]*models.Song{s}, map[models.Key]bool{s.Key: true}); err != nil {
				return err
			}
			r.albums = append(r.albums, models.ID{Kind: models.KindAlbum, Key: a.Key})
			r.songs = append(r.songs, s.Key)
		}
		return nil
	})
	config.Catalog, config.Stores = c, stores{r.library: folder{r.store}}
	r.Service = New(config)
	return r
}

func (r *room) scan(t testing.TB, f func(tx *catalog.ScanTx) error) {
	t.Helper()
	if err := r.c.Scan(context.Background(), r.library, f); err != nil {
		t.Fatal(err)
	}
}

// pictures gives an album these pictures as files, the best first.
func (r *room) pictures(t testing.TB, album int, data ...[]byte) {
	t.Helper()
	var list []catalog.FoundPicture
	for i, d := range data {
		key := fmt.Sprintf("album%d/cover%d", album, i)
		r.store.Put(key, d)
		list = append(list, catalog.FoundPicture{Of: r.albums[album], Rank: i, Version: fmt.Sprintf("%08x", crc32.ChecksumIEEE(d)), ObjectKey: key})
	}
	r.scan(t, func(tx *catalog.ScanTx) error { return tx.SavePictures(r.albums[album:album+1], list) })
}

// get returns a cover's bytes, checked against what the Image says of them.
func (r *room) get(t *testing.T, id string, size int) ([]byte, *Image) {
	t.Helper()
	img, err := r.Cover(context.Background(), r.v, id, size)
	if err != nil {
		t.Fatalf("%s at %d: %v", id, size, err)
	}
	defer img.Close()
	b, err := io.ReadAll(img)
	if err != nil {
		t.Fatal(err)
	}
	if sniff(b) != img.MIME() || len(img.ETag()) < 10 || img.ETag()[0] != '"' {
		t.Errorf("%s at %d: type %q, tag %s", id, size, img.MIME(), img.ETag())
	}
	return b, img
}

func (r *room) none(t *testing.T, v catalog.Viewer, id string, size int) {
	t.Helper()
	img, err := r.Cover(context.Background(), v, id, size)
	if !errors.Is(err, models.ErrNotFound) || img != nil {
		t.Errorf("%q at %d: %v %v, want not found", id, size, img, err)
	}
}

// paint is a picture of one colour.
func paint(w, h int, c color.Color) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.Set(x, y, c)
		}
	}
	return img
}

var red, blue, green, glass = color.NRGBA{200, 0, 0, 255}, color.NRGBA{0, 0, 200, 255}, color.NRGBA{0, 200, 0, 255}, color.NRGBA{200, 0, 0, 100}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asGIF(t *testing.T, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := gif.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// webpLossless is a 1 x 1 picture in the lossless form of WebP.
var webpLossless = []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00")

// bomb is a PNG file whose header names a size and that has no pixels.
func bomb(w, h uint32) []byte {
	head := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	head = append(head, 8, 6, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}

// shows fails unless the middle of a picture of w x h is about this colour.
func shows(t *testing.T, data []byte, w, h int, x, y int, want color.NRGBA) {
	t.Helper()
	img, err := decode(data, sniff(data))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != w || b.Dy() != h {
		t.Fatalf("%d x %d, want %d x %d", b.Dx(), b.Dy(), w, h)
	}
	got := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
	for _, d := range []int{int(got.R) - int(want.R), int(got.G) - int(want.G), int(got.B) - int(want.B), int(got.A) - int(want.A)} {
		if d < -6 || d > 6 {
			t.Fatalf("colour %v at %d,%d, want %v", got, x, y, want)
		}
	}
}

func TestCoverIDs(t *testing.T) {
	k, _ := models.ParseKey("0123456789abc")
	al := models.ID{Kind: models.KindAlbum, Key: k}
	for s, want := range map[string]struct {
		of   models.ID
		disc int
	}{
		"al-0123456789abc":             {al, 0},
		"al-0123456789abc_9f8e":        {al, 0},
		"al-0123456789abc_":            {al, 0},
		"al-0123456789abc-d2_9f8e-d7_": {al, 2},
		"al-0123456789abc-d12":         {al, 12},
		"pl-0123456789abc_x":           {models.ID{Kind: models.KindPlaylist, Key: k}, 0},
	} {
		if of, disc, ok := parseCoverID(s); !ok || of != want.of || disc != want.disc {
			t.Errorf("%q is %v %d %v", s, of, disc, ok)
		}
	}
	for _, s := range []string{"", "_", "al-", "al-0123456789abc-dx", "al-0123456789abc-d", "al-0123456789abc-d-1", "0123456789abc", "al-0123456789abcd", "al-0123456789abc_9f8eZ", "../../etc"} {
		if of, _, ok := parseCoverID(s); ok {
			t.Errorf("%q is %v", s, of)
		}
	}
}

func TestOriginalIsUntouched(t *testing.T) {
	r := newRoom(t, 1, Config{Dir: t.TempDir()})
	for _, data := range [][]byte{
		asJPEG(t, paint(30, 20, red)), asPNG(t, paint(30, 20, red)), asGIF(t, paint(30, 20, red)), webpLossless,
		append([]byte("\xff\xd8\xff damaged"), make([]byte, 100)...),
	} {
		r.pictures(t, 0, data)
		got, img := r.get(t, r.albums[0].String(), 0)
		if !bytes.Equal(got, data) || img.ModTime().IsZero() {
			t.Errorf("%s comes back as %d of %d bytes, changed %v", img.MIME(), len(got), len(data), img.ModTime())
		}
	}
	if r.made.Load() != 0 {
		t.Error("an original was made")
	}
}

func TestResize(t *testing.T) {
	r := newRoom(t, 1, Config{Dir: t.TempDir()})
	wide := image.NewNRGBA(image.Rect(0, 0, 900, 300))
	for y := range 300 {
		for x := range 900 {
			wide.Set(x, y, []color.Color{red, green, blue}[x/300])
		}
	}
	for _, c := range []struct {
		name string
		data []byte
		size int
		w, h int
		mime string
		at   color.NRGBA // in the middle
	}{
		{"jpeg", asJPEG(t, paint(400, 200, red)), 100, 100, 50, "image/jpeg", red},
		{"opaque png", asPNG(t, paint(200, 400, red)), 100, 50, 100, "image/jpeg", red},
		{"png with transparency", asPNG(t, paint(300, 300, glass)), 100, 100, 100, "image/png", glass},
		{"gif", asGIF(t, paint(300, 300, red)), 10, 10, 10, "image/jpeg", red},
		{"much larger", asPNG(t, wide), 30, 30, 10, "image/jpeg", green},
		{"a little larger", asPNG(t, wide), 899, 899, 300, "image/jpeg", green},
		{"not enlarged", asPNG(t, paint(20, 30, red)), 100, 20, 30, "image/png", red},
		{"exact", asPNG(t, paint(20, 30, red)), 30, 20, 30, "image/png", red},
		{"to one pixel", asPNG(t, paint(20, 30, red)), 1, 1, 1, "image/jpeg", red},
		{"a line", asPNG(t, paint(1000, 1, red)), 100, 100, 1, "image/jpeg", red},
		{"absurd size", asPNG(t, paint(20, 30, red)), 1 << 40, 20, 30, "image/png", red},
	} {
		r.pictures(t, 0, c.data)
		for _, warm := range []string{"made", "kept"} {
			got, img := r.get(t, r.albums[0].String()+"_old", c.size)
			t.Run(c.name+" "+warm, func(t *testing.T) {
				if img.MIME() != c.mime {
					t.Errorf("type %s, want %s", img.MIME(), c.mime)
				}
				shows(t, got, c.w, c.h, c.w/2, c.h/2, c.at)
			})
		}
	}
}

func TestWebPAndGIFAreKnown(t *testing.T) {
	r := newRoom(t, 1, Config{})
	r.pictures(t, 0, webpLossless)
	if got, img := r.get(t, r.albums[0].String(), 300); img.MIME() != "image/webp" || !bytes.Equal(got, webpLossless) {
		t.Errorf("webp: %s", img.MIME())
	}
	if _, err := decode(webpLossless, "image/webp"); err != nil {
		t.Error(err)
	}
}

// The better of two candidates is damaged, a bomb, no picture at all or gone.
func TestNextCandidate(t *testing.T) {
	good := asJPEG(t, paint(200, 200, blue))
	cut := asJPEG(t, paint(900, 900, red))
	huge := make([]byte, 50<<20+1)
	copy(huge, good)
	frame := bytes.Clone(webpLossless)
	binary.LittleEndian.PutUint32(frame[21:], 16383|16383<<14)
	for name, bad := range map[string][]byte{
		"empty":             {},
		"text":              []byte("<html>no picture</html>"),
		"svg":               []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`),
		"damaged":           cut[:len(cut)/2],
		"bomb":              bomb(60000, 60000),
		"bomb of no height": bomb(60000, 0),
		"bomb in webp":      frame,
		"50 MB":             huge,
		"head only":         []byte("\xff\xd8\xff\xe0"),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t, 1, Config{Dir: t.TempDir()})
			r.pictures(t, 0, bad, good)
			for range 2 {
				got, _ := r.get(t, r.albums[0].String(), 50)
				shows(t, got, 50, 50, 25, 25, blue)
			}
			if n := r.made.Load(); n != 2 {
				t.Errorf("made %d times, want the bad one and the good one once", n)
			}
			r.pictures(t, 0, bad)
			for range 2 {
				r.none(t, r.v, r.albums[0].String(), 50)
			}
		})
	}
	t.Run("gone", func(t *testing.T) {
		r := newRoom(t, 1, Config{Dir: t.TempDir()})
		r.pictures(t, 0, good, good)
		r.store.Delete("album0/cover0")
		got, _ := r.get(t, r.albums[0].String(), 50)
		shows(t, got, 50, 50, 25, 25, blue)
		r.store.Delete("album0/cover1")
		r.none(t, r.v, r.albums[0].String(), 60)
		r.none(t, r.v, r.albums[0].String(), 0)
	})
	t.Run("store down", func(t *testing.T) {
		r := newRoom(t, 1, Config{Dir: t.TempDir()})
		r.pictures(t, 0, good)
		r.store.SetFaults(mem.Faults{Down: true})
		for _, size := range []int{0, 50} {
			if _, err := r.Cover(context.Background(), r.v, r.albums[0].String(), size); !errors.Is(err, models.ErrUnavailable) {
				t.Errorf("size %d: %v", size, err)
			}
		}
		r.store.SetFaults(mem.Faults{})
		r.get(t, r.albums[0].String(), 50)
	})
}

func TestBombsCostNothing(t *testing.T) {
	progressive := append([]byte("\xff\xd8\xff\xc2\x00\x11\x08"), 0x17, 0x70, 0x17, 0x70, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0)
	for name, data := range map[string][]byte{
		"60000 x 60000 png":          bomb(60000, 60000),
		"7000 x 8000 png":            bomb(7000, 8000),
		"progressive jpeg, 36 MP":    progressive,
		"webp with a large frame":    append(bytes.Clone(webpLossless[:21]), 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0),
		"gif of 65535 x 65535":       []byte("GIF89a\xff\xff\xff\xff\x00\x00\x00"),
		"bmp of 2 GP":                append([]byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x00\xff\xff\x00\x00\xff\xff\x00\x01\x00\x18\x00"), make([]byte, 24)...),
		"16 bits a channel, 49.5 MP": func() []byte { b := bomb(9000, 5500); b[24] = 16; return b }(),
	} {
		if name == "16 bits a channel, 49.5 MP" {
			binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
		}
		n := testing.AllocsPerRun(1, func() {
			if _, _, err := resize(data, 100); !errors.Is(err, errBroken) {
				t.Errorf("%s: %v", name, err)
			}
		})
		if n > 1000 {
			t.Errorf("%s: %g allocations", name, n)
		}
	}
}

func TestEmbedded(t *testing.T) {
	r := newRoom(t, 1, Config{Dir: t.TempDir()})
	data := asJPEG(t, paint(200, 100, green))
	r.store.Put("album0/1.mp3", append(append(make([]byte, 1000), data...), make([]byte, 500)...))
	put := func(ref models.PictureRef) {
		p := catalog.FoundPicture{Of: r.albums[0], Rank: 10, Version: "e", ObjectKey: "album0/1.mp3", Embedded: true, PictureRef: ref}
		r.scan(t, func(tx *catalog.ScanTx) error { return tx.SavePictures(r.albums, []catalog.FoundPicture{p}) })
	}
	put(models.PictureRef{Type: 3, MIME: "image/png", Offset: 1000, Length: int64(len(data))})
	so := models.ID{Kind: models.KindSong, Key: r.songs[0]}.String()
	for _, id := range []string{so, r.albums[0].String()} {
		if got, img := r.get(t, id, 0); !bytes.Equal(got, data) || img.MIME() != "image/jpeg" {
			t.Errorf("%s: %d bytes of %s", id, len(got), img.MIME())
		}
		got, _ := r.get(t, id, 50)
		shows(t, got, 50, 25, 25, 12, green)
	}
	if n := r.made.Load(); n != 2 {
		t.Errorf("read %d times, want 2", n)
	}
	put(models.PictureRef{Type: 3, Offset: 1_000_000, Length: 100})
	r.none(t, r.v, so, 50)
	put(models.PictureRef{Type: 3, Offset: 10, Length: 100 << 30})
	r.none(t, r.v, so, 0)
}

func TestRights(t *testing.T) {
	r := newRoom(t, 4, Config{Dir: t.TempDir()})
	for i := range 4 {
		r.pictures(t, i, asJPEG(t, paint(20+i, 20, red)))
	}
	pl, err := r.c.CreatePlaylist(context.Background(), r.v, "p", r.songs)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []models.ID{r.albums[0], {Kind: models.KindSong, Key: r.songs[0]}, {Kind: models.KindPlaylist, Key: pl}} {
		for _, size := range []int{0, 10} {
			r.get(t, id.String(), size)
			r.none(t, r.nobody, id.String(), size)
		}
	}
	yes := true
	if err := r.c.EditPlaylist(context.Background(), r.v, pl, catalog.PlaylistEdit{Public: &yes}); err != nil {
		t.Fatal(err)
	}
	r.none(t, r.nobody, models.ID{Kind: models.KindPlaylist, Key: pl}.String(), 10)
	for _, id := range []string{"", "x", "al-0123456789abc", models.ID{Kind: models.KindUser, Key: r.v.User}.String(), "so-" + r.albums[0].Key.String()} {
		r.none(t, r.v, id, 0)
	}
}

func TestMosaic(t *testing.T) {
	ctx := context.Background()
	r := newRoom(t, 5, Config{Dir: t.TempDir()})
	pl, err := r.c.CreatePlaylist(ctx, r.v, "p", r.songs)
	if err != nil {
		t.Fatal(err)
	}
	id := models.ID{Kind: models.KindPlaylist, Key: pl}.String()
	r.none(t, r.v, id, 0)
	colours := []color.NRGBA{red, green, blue, {100, 100, 100, 255}, {10, 10, 10, 255}}
	for i, c := range colours[:3] {
		r.pictures(t, i, asJPEG(t, paint(300+i, 100, c)))
		got, _ := r.get(t, id, 100)
		shows(t, got, 100, 33, 50, 16, red)
	}
	r.pictures(t, 3, asJPEG(t, paint(50, 50, colours[3])))
	r.pictures(t, 4, asJPEG(t, paint(50, 50, colours[4])))
	corners := func(size int, want ...color.NRGBA) {
		t.Helper()
		got, img := r.get(t, id, size)
		if size == 0 {
			size = mosaicSize
		}
		if img.MIME() != "image/jpeg" {
			t.Errorf("type %s", img.MIME())
		}
		for i, c := range want {
			shows(t, got, size, size, size/4+i%2*size/2, size/4+i/2*size/2, c)
		}
	}
	for _, size := range []int{0, 100, 101} {
		corners(size, colours[:4]...)
	}
	n := r.made.Load()
	corners(100, colours[:4]...)
	if r.made.Load() != n {
		t.Error("a mosaic was made again")
	}
	r.get(t, id, 1)
	// A replaced cover makes another mosaic; one with a spare is used.
	r.pictures(t, 1, []byte("no picture"), asJPEG(t, paint(60, 60, colours[4])))
	corners(100, red, colours[4], blue, colours[3])
	// If one can't be shown there is no mosaic, but the first that can.
	r.pictures(t, 0, []byte("none either"))
	got, _ := r.get(t, id, 50)
	shows(t, got, 50, 50, 25, 25, colours[4])
}

func TestOneResizeForAll(t *testing.T) {
	r := newRoom(t, 1, Config{Dir: t.TempDir()})
	r.pictures(t, 0, asPNG(t, paint(500, 500, red)))
	id := r.albums[0].String()
	enter, all := make(chan struct{}), make(chan struct{})
	var once sync.Once
	r.store.SetFaults(mem.Faults{Wait: func(_ context.Context, method, _ string) error {
		if method == "File" {
			once.Do(func() { close(enter) })
			<-all
		}
		return nil
	}})
	// The first caller hangs up while its picture is made.
	ctx, hangUp := context.WithCancel(context.Background())
	first := make(chan error)
	go func() {
		_, err := r.Cover(ctx, r.v, id, 100)
		first <- err
	}()
	<-enter
	hangUp()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the caller that hung up got %v", err)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			img, err := r.Cover(context.Background(), r.v, id, 100)
			if err != nil {
				t.Error(err)
				return
			}
			defer img.Close()
			b, err := io.ReadAll(img)
			if err != nil || sniff(b) != "image/jpeg" {
				t.Errorf("%d bytes %v", len(b), err)
			}
		})
	}
	close(all)
	wg.Wait()
	if n := r.made.Load(); n != 1 {
		t.Errorf("made %d times for 51 callers", n)
	}
}

func TestVersionsHaveTheirTags(t *testing.T) {
	r := newRoom(t, 1, Config{Dir: t.TempDir()})
	seen := map[string]bool{}
	for i := range 3 {
		r.pictures(t, 0, asPNG(t, paint(50+i, 50, red)))
		for _, size := range []int{0, 10, 20} {
			_, img := r.get(t, r.albums[0].String(), size)
			_, again := r.get(t, r.albums[0].String(), size)
			if seen[img.ETag()] || again.ETag() != img.ETag() {
				t.Errorf("version %d at %d: tag %s, then %s", i, size, img.ETag(), again.ETag())
			}
			seen[img.ETag()] = true
		}
	}
}

// A kept picture and an original on a local disk are sent with sendfile.
func TestSendfileIsNotLost(t *testing.T) {
	r := newRoom(t, 1, Config{Dir: t.TempDir()})
	data := asPNG(t, paint(50, 50, red))
	r.pictures(t, 0, data)
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "album0"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "album0/cover0"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	u, err := storage.Parse(dir)
	if err != nil {
		t.Fatal(err)
	}
	store, err := local.Open(context.Background(), u, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r.stores = stores{r.library: store}
	r.get(t, r.albums[0].String(), 10)
	for _, size := range []int{0, 10} {
		img, err := r.Cover(context.Background(), r.v, r.albums[0].String(), size)
		if err != nil {
			t.Fatal(err)
		}
		var c syscall.Conn = img
		if _, err := c.SyscallConn(); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
		w, req := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
		w.Header().Set("ETag", img.ETag())
		http.ServeContent(w, req, "", img.ModTime(), img)
		if w.Code != 200 || sniff(w.Body.Bytes()) != img.MIME() {
			t.Errorf("size %d: %d, %d bytes", size, w.Code, w.Body.Len())
		}
		if err := img.Close(); err != nil {
			t.Error(err)
		}
	}
}

func kept(t *testing.T, dir string) (files int, bytes int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			i, err := d.Info()
			if err != nil {
				return err
			}
			files++
			bytes += i.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, bytes
}

func TestCacheIsBoundAndOutlivesRestarts(t *testing.T) {
	dir := t.TempDir()
	const bound = 100_000
	for start := range 2 {
		c := cache{dir: dir, bound: bound, log: New(Config{}).log, total: -1}
		for i := range 40 {
			name := cacheName(fmt.Sprint(start, i))
			c.put(name, make([]byte, 5000))
			if f := c.open(name); f == nil {
				t.Fatalf("file %d is gone as soon as it is kept", i)
			} else {
				f.Close()
			}
			// Each is older than the one after it; the first is used again.
			at := time.Now().Add(time.Duration(start*40+i-1000) * time.Minute)
			if err := os.Chtimes(c.path(name), at, at); err != nil {
				t.Fatal(err)
			}
			if f := c.open(cacheName(fmt.Sprint(start, 0))); f == nil {
				t.Fatalf("the one in use is gone after %d", i)
			} else {
				f.Close()
			}
			if _, n := kept(t, dir); n > bound {
				t.Fatalf("%d bytes kept, bound %d", n, bound)
			}
		}
		if n, _ := kept(t, dir); n < 15 {
			t.Errorf("only %d files kept", n)
		}
		c.put("large"+cacheName("x"), make([]byte, bound/8+1))
		if c.open("large"+cacheName("x")) != nil {
			t.Error("a file of an eighth of the bound is kept")
		}
	}
	left := filepath.Join(dir, "00", tempPrefix+"1")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	c := cache{dir: dir, bound: bound, log: New(Config{}).log, total: -1}
	c.put(cacheName("more"), []byte("x"))
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Error("what was begun an hour ago is still there")
	}
}

// A picture is answered though nothing can be kept: the folder is a file, or
// there is none.
func TestUnwritableCache(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", file, filepath.Join(file, "below"), "/proc/nowhere"} {
		r := newRoom(t, 1, Config{Dir: dir})
		r.pictures(t, 0, asPNG(t, paint(50, 50, red)))
		for range 2 {
			got, _ := r.get(t, r.albums[0].String(), 10)
			shows(t, got, 10, 10, 5, 5, red)
		}
		if n := r.made.Load(); n != 2 {
			t.Errorf("%q: made %d times", dir, n)
		}
	}
}

func FuzzResize(f *testing.F) {
	f.Add(webpLossless, 1)
	f.Add(bomb(60000, 60000), 10)
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), 10)
	f.Add([]byte("\xff\xd8\xff\xc2\x00\x11\x08\x00\x10\x00\x10\x03\x01\x11\x00"), 10)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		size = min(max(size, 1), maxSize)
		if w, h, err := measure(data, sniff(data)); err != nil || w*h > 4_000_000 {
			return
		}
		out, mime, err := resize(data, size)
		if err == nil && (sniff(out) != mime || mime == "") {
			t.Errorf("made %d bytes of %q", len(out), mime)
		}
	})
}
