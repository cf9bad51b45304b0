// Package artwork answers with covers: of songs, discs, albums, artists,
// folders and playlists, as they lie in the library or resized and kept on
// disk. It knows where pictures are from the catalog, which also decides who
// may see them; it knows no HTTP.
package artwork

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/storage"
)

// maxPayload bounds the pictures that are read into memory, in bytes.
const maxPayload = audio.MaxPicture

// mosaicSize is the side of a playlist's picture when no size is asked for.
const mosaicSize = 600

// patience bounds the making of one picture, which goes on when the caller
// who asked first hangs up: others may wait for it.
const patience = time.Minute

// revision goes into the names of kept pictures: a change in how they are
// made raises it.
const revision = "1"

// DefaultCache is the usual bound of the cache, in bytes.
const DefaultCache = 256 << 20

// Stores opens the place that a library lies in.
type Stores interface {
	Store(ctx context.Context, library int) (storage.Store, error)
}

// Config is what a Service needs.
type Config struct {
	Catalog *catalog.Catalog
	Stores  Stores
	Dir     string       // where resized pictures are kept; "" keeps none
	Bound   int64        // bytes in Dir; 0 is DefaultCache
	Resizes int          // pictures made at once; 0 is half of the cores
	Log     *slog.Logger // nil discards
	// Changed is told of an object of a library that is not what was scanned;
	// nil is nobody.
	Changed func(library int, key string)
}

// Service answers with covers. Its methods may be called at once from many
// places.
type Service struct {
	catalog *catalog.Catalog
	stores  Stores
	cache   cache
	log     *slog.Logger
	flights singleflight.Group
	reads   *semaphore.Weighted // payloads held in memory
	resizes *semaphore.Weighted
	refused refused
	changed func(library int, key string)
	made    atomic.Int64 // pictures rendered, for tests
}

// New returns a service. It touches no disk before the first picture.
func New(c Config) *Service {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Bound <= 0 {
		c.Bound = DefaultCache
	}
	if c.Resizes <= 0 {
		c.Resizes = max(1, runtime.NumCPU()/2)
	}
	return &Service{
		catalog: c.Catalog, stores: c.Stores, log: c.Log, changed: c.Changed,
		cache:   cache{dir: c.Dir, bound: c.Bound, log: c.Log, total: -1},
		reads:   semaphore.NewWeighted(int64(4 * c.Resizes)),
		resizes: semaphore.NewWeighted(int64(c.Resizes)),
	}
}

// Image is one open picture. The caller closes it. It belongs to one
// goroutine. Where it is a file on a local disk it passes the file's
// SyscallConn on, so that net/http sends it with sendfile.
type Image struct {
	io.ReadSeeker
	close func() error
	mime  string
	etag  string
	mod   time.Time
}

// MIME returns the picture's type by its content.
func (i *Image) MIME() string { return i.mime }

// ETag returns a strong entity tag, with its quotes. It changes with the
// content and with the size asked for.
func (i *Image) ETag() string { return i.etag }

// ModTime returns when the object last changed, for a picture that is one;
// zero for others, whose ETag tells versions apart.
func (i *Image) ModTime() time.Time { return i.mod }

// Close ends the use of the picture.
func (i *Image) Close() error {
	if i.close == nil {
		return nil
	}
	return i.close()
}

// SyscallConn returns the connection of the file beneath, if there is one.
func (i *Image) SyscallConn() (syscall.RawConn, error) {
	if c, ok := i.ReadSeeker.(syscall.Conn); ok {
		return c.SyscallConn()
	}
	return nil, errors.ErrUnsupported
}

// parseCoverID reads a cover's id: the id of what it is of, "-d" and a number
// for one disc of an album, "_" and any version, either or neither. Versions,
// old ones too, are in lower case; a capital letter is no id of ours. Its last
// value is false for what is none.
func parseCoverID(s string) (of models.ID, disc int, ok bool) {
	s, version, _ := strings.Cut(s, "_")
	if version != strings.ToLower(version) {
		return models.ID{}, 0, false
	}
	if id, d, found := strings.Cut(s, "-d"); found && len(s) > 16 {
		n, err := strconv.Atoi(d)
		if err != nil || n < 0 {
			return models.ID{}, 0, false
		}
		s, disc = id, n
	}
	of, ok = models.ParseID(s)
	return of, disc, ok
}

// Cover opens the picture that id names, so that it fits into a square of
// size pixels (at most 2048) and is never enlarged; for size 0 or less it is
// the picture as it lies in the library. id is a cover's id, with the version
// of the content, an older one or none, or the id of what the cover is of. A
// candidate that can't be shown gives way to the next. Where none is left,
// and for what v may not see, it is models.ErrNotFound.
func (s *Service) Cover(ctx context.Context, v catalog.Viewer, id string, size int) (*Image, error) {
	of, disc, ok := parseCoverID(id)
	if !ok {
		return nil, fmt.Errorf("cover %q: %w", id, models.ErrNotFound)
	}
	size = min(max(size, 0), maxSize)
	if of.Kind == models.KindPlaylist {
		covers, err := s.catalog.PlaylistCovers(ctx, v, of.Key)
		if err != nil {
			return nil, err
		}
		if len(covers) == 4 {
			if img, err := s.mosaic(ctx, [4][]catalog.Picture(covers), size); !errors.Is(err, models.ErrNotFound) {
				return img, err
			}
		}
		var all []catalog.Picture
		for _, c := range covers {
			all = append(all, c...)
		}
		return s.first(ctx, of, all, size)
	}
	if of.Kind == models.KindSong && id == of.String() {
		// An app that asks by the song's id gets what the song shows.
		song, err := s.catalog.Song(ctx, v, of.Key)
		if err != nil {
			return nil, err
		}
		if song.Cover.Of.Key != 0 {
			of, disc = song.Cover.Of, song.Cover.Disc
		}
	}
	list, err := s.catalog.Pictures(ctx, v, of, disc)
	if err != nil {
		return nil, err
	}
	return s.first(ctx, of, list, size)
}

// first opens the first of the pictures that can be shown. If none can, and
// one did not because its store does not answer, that is the error.
func (s *Service) first(ctx context.Context, of models.ID, list []catalog.Picture, size int) (*Image, error) {
	var later error
	for _, p := range list {
		img, err := s.open(ctx, p, size)
		if err == nil {
			return img, nil
		}
		if ctx.Err() != nil {
			return nil, err
		}
		s.log.Debug("a cover can't be shown", "of", of, "library", p.Library, "key", p.ObjectKey, "error", err)
		if later == nil && !errors.Is(err, errBroken) && !gone(err) {
			later = err
		}
	}
	if later != nil {
		return nil, fmt.Errorf("cover of %s: %w", of, later)
	}
	return nil, fmt.Errorf("a picture of %w", models.NotFound(of))
}

// gone tells whether err means that a picture is no longer where the scan found
// it.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, storage.ErrRange) || errors.Is(err, storage.ErrChanged)
}

// name is under what a picture of this size is kept. The version changes with
// the content.
func name(p catalog.Picture, size int) string {
	return cacheName(revision, strconv.Itoa(p.Library), p.ObjectKey, p.Version, strconv.FormatInt(p.Offset, 10), strconv.FormatInt(p.Length, 10), p.Encoding, strconv.Itoa(size))
}

// open opens one picture.
func (s *Service) open(ctx context.Context, p catalog.Picture, size int) (*Image, error) {
	if size == 0 && !p.Embedded {
		store, err := s.stores.Store(ctx, p.Library)
		if err != nil {
			return nil, err
		}
		if _, remote := store.(storage.Pinner); !remote {
			return original(ctx, store, p)
		}
	}
	return s.kept(ctx, name(p, size), func(ctx context.Context) ([]byte, error) {
		data, err := s.payload(ctx, p)
		if err != nil {
			return nil, err
		}
		if size == 0 {
			return data, nil
		}
		if err := s.resizes.Acquire(ctx, 1); err != nil {
			return nil, err
		}
		defer s.resizes.Release(1)
		out, _, err := resize(data, size)
		return out, err
	})
}

// original opens a picture that is an object of its own in a folder, as it is.
func original(ctx context.Context, store storage.Store, p catalog.Picture) (*Image, error) {
	f, err := store.File(ctx, p.ObjectKey)
	if err != nil {
		return nil, err
	}
	head := make([]byte, 32)
	n, err := f.ReadAt(head, 0)
	mime := sniff(head[:n])
	if mime == "" {
		f.Close()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: no picture", errBroken)
	}
	o := f.Object()
	img := &Image{ReadSeeker: f, close: f.Close, mime: mime}
	img.etag = `"` + cacheName(name(p, 0), o.ETag, strconv.FormatInt(o.Size, 10), strconv.FormatInt(o.ModTime, 10)) + `"`
	if o.ModTime != 0 {
		img.mod = time.Unix(0, o.ModTime)
	}
	return img, nil
}

// kept opens what is kept under a name, or makes it, once however many ask.
// An empty file stands for a picture that is broken.
func (s *Service) kept(ctx context.Context, name string, make func(ctx context.Context) ([]byte, error)) (*Image, error) {
	if f := s.cache.open(name); f != nil {
		head := [32]byte{}
		n, err := f.ReadAt(head[:], 0)
		if mime := sniff(head[:n]); mime != "" {
			return &Image{ReadSeeker: f, close: f.Close, mime: mime, etag: `"` + name + `"`}, nil
		}
		f.Close()
		if n == 0 && errors.Is(err, io.EOF) {
			return nil, errBroken
		}
		// Something else wrote there: it is made again.
	}
	flight := s.flights.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		if err := s.reads.Acquire(ctx, 1); err != nil {
			return nil, err
		}
		defer s.reads.Release(1)
		s.made.Add(1)
		data, err := make(ctx)
		if err == nil && sniff(data) == "" {
			err = fmt.Errorf("%w: no picture", errBroken)
		}
		if err == nil {
			s.cache.put(name, data)
		} else if errors.Is(err, errBroken) {
			s.cache.put(name, nil)
		}
		return data, err
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-flight:
		if r.Err != nil {
			return nil, r.Err
		}
		data := r.Val.([]byte)
		return &Image{ReadSeeker: bytes.NewReader(data), mime: sniff(data), etag: `"` + name + `"`}, nil
	}
}

// payload reads a picture whole, out of whatever encoding it lies in.
func (s *Service) payload(ctx context.Context, p catalog.Picture) ([]byte, error) {
	store, err := s.stores.Store(ctx, p.Library)
	if err != nil {
		return nil, err
	}
	if _, remote := store.(storage.Pinner); remote {
		return s.remote(ctx, store, p)
	}
	f, err := store.File(ctx, p.ObjectKey)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size := f.Object().Size
	if p.Embedded {
		data, _, err := audio.Picture(ctx, f, size, p.PictureRef)
		if errors.Is(err, audio.ErrPicture) {
			err = fmt.Errorf("%w: %w", errBroken, err)
		}
		return data, err
	}
	if size > maxPayload {
		return nil, fmt.Errorf("%w: %d bytes", errBroken, size)
	}
	data := make([]byte, size)
	if n, err := f.ReadAt(data, 0); err != nil && (n < len(data) || !errors.Is(err, io.EOF)) {
		return nil, err
	}
	return data, nil
}

// mosaic opens the picture made of four covers. If one of the four can't be
// shown it is models.ErrNotFound.
func (s *Service) mosaic(ctx context.Context, covers [4][]catalog.Picture, size int) (*Image, error) {
	if size == 0 {
		size = mosaicSize
	}
	size = max(size, 2)
	parts := []string{revision, "mosaic", strconv.Itoa(size)}
	for _, c := range covers {
		for _, p := range c {
			parts = append(parts, name(p, 0))
		}
		parts = append(parts, "")
	}
	img, err := s.kept(ctx, cacheName(parts...), func(ctx context.Context) ([]byte, error) {
		var four [4]image.Image
		for i, c := range covers {
			var err error
			if four[i], err = s.part(ctx, c, (size+1)/2); err != nil {
				return nil, err
			}
		}
		data, _, err := encode(tile(four, size))
		return data, err
	})
	if errors.Is(err, errBroken) {
		err = fmt.Errorf("mosaic: %w", models.ErrNotFound)
	}
	return img, err
}

// part returns the first of the pictures that can be decoded as a square.
func (s *Service) part(ctx context.Context, list []catalog.Picture, side int) (image.Image, error) {
	err := errBroken
	for _, p := range list {
		var img image.Image
		if img, err = s.partOf(ctx, p, side); err == nil {
			return img, nil
		}
	}
	if gone(err) {
		// Gone since the scan: the others show.
		return nil, fmt.Errorf("mosaic: %w", models.ErrNotFound)
	}
	return nil, err
}

func (s *Service) partOf(ctx context.Context, p catalog.Picture, side int) (image.Image, error) {
	data, err := s.payload(ctx, p)
	if err != nil {
		return nil, err
	}
	mime := sniff(data)
	if _, _, err := measure(data, mime); err != nil {
		return nil, err
	}
	if err := s.resizes.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer s.resizes.Release(1)
	img, err := decode(data, mime)
	if err != nil {
		return nil, err
	}
	return scale(img, square(img.Bounds()), side, side), nil
}

var _ io.ReadSeekCloser = (*Image)(nil)
