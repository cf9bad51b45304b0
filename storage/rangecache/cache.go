// Package rangecache keeps on disk what is read of remote objects, so that a
// song that is played again, or soon, does not wait for its store. It wraps any
// storage.Store that is a storage.Pinner. What the objects are it does not
// know.
//
// An object is kept in chunks, each a file of its own that is written under a
// temporary name and then renamed: what is there under its own name is whole,
// and a checksum tells when it is not. Nothing else is on disk, and no index is
// in memory: the names of the files are the index, their times the order of
// their use. Any failure of the disk only loses caching.
package rangecache

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/songlocker/songlocker/storage"
)

// chunkSize is how much of an object is kept as one file, in bytes. The last
// chunk of an object is as long as it is.
const chunkSize = 1 << 20

// trailerSize is what stands behind a chunk in its file: its magic, the
// CRC-32C of the chunk and the chunk's length.
const (
	trailerSize = 16
	magic       = "slrange1"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// tempPrefix begins the names of files that are not whole yet; the cache's own
// token follows.
const tempPrefix = ".new-"

// touchAfter is how old a file's time may be before a use renews it, so that
// most uses write nothing.
const touchAfter = time.Minute

// sickness is how long the disk is left alone after it failed.
const sickness = time.Minute

// warmers bounds the objects that are fetched because they may be asked for
// soon, at once.
const warmers = 4

// errDisk is a failure of the cache's own disk: the store still has the bytes.
var errDisk = errors.New("the disk of the cache fails")

// errAbandoned is a chunk that nobody fetches any more.
var errAbandoned = errors.New("nobody fetches this chunk")

// Options of a Cache.
type Options struct {
	Dir   string       // belongs to the cache alone
	Bound int64        // bytes in Dir; 0 keeps nothing and removes what is there
	Log   *slog.Logger // nil discards
}

// Cache is one folder of chunks for any number of stores. Its methods may be
// called at once from many places.
type Cache struct {
	o        Options
	openTemp func() (*os.File, error) // create, but for tests
	temp     string                   // begins the names of its files that are not whole yet
	ctx      context.Context          // of what is fetched, whoever asked first
	stop     context.CancelFunc
	work     sync.WaitGroup
	warm     chan struct{}

	mu     sync.Mutex
	closed bool
	parts  map[string]*part // in use, by the name of their file
	total  int64            // bytes in Dir, as far as known
	busy   bool             // files are counted or removed
	added  int64            // bytes since that began
	sick   time.Time        // the disk is left alone until then
	said   bool             // that the disk fails
}

// New returns a cache. What an earlier process left behind is looked through
// in the background.
func New(o Options) *Cache {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Cache{o: o, temp: tempPrefix + rand.Text() + "-", warm: make(chan struct{}, warmers), parts: map[string]*part{}}
	c.openTemp = c.create
	c.ctx, c.stop = context.WithCancel(context.Background())
	if o.Bound <= 0 {
		c.work.Go(func() {
			if err := os.RemoveAll(o.Dir); err != nil {
				o.Log.Warn("the cache of streams is turned off and its folder can't be removed", "error", err)
			}
		})
		return c
	}
	c.busy = true
	c.work.Go(func() { c.tidy(true) })
	return c
}

// Close ends what is fetched, and waits for it. Open files go on without the
// cache.
func (c *Cache) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.stop()
	c.work.Wait()
	return nil
}

// usable tells whether chunks can be kept now.
func (c *Cache) usable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.o.Bound > 0 && !c.closed && time.Now().After(c.sick)
}

// begin runs f in the background, and tells whether it does: a closed cache
// begins nothing.
func (c *Cache) begin(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.work.Go(f)
	return true
}

// fault notes that the disk fails.
func (c *Cache) fault(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sick = time.Now().Add(sickness)
	if !c.said {
		c.said = true
		c.o.Log.Warn("streams go on without their cache: its disk fails", "folder", c.o.Dir, "error", err)
	}
	return fmt.Errorf("%w: %w", errDisk, err)
}

// objectName is the folder of an object's chunks. Another content of the same
// key has another one.
func objectName(store string, o storage.Object) string {
	h := sha256.New()
	for _, s := range []string{store, o.Key, o.ETag, strconv.FormatInt(o.Size, 10)} {
		fmt.Fprintf(h, "%d %s ", len(s), s)
	}
	name := hex.EncodeToString(h.Sum(nil)[:20])
	return name[:2] + "/" + name[2:]
}

func (c *Cache) path(name string) string { return filepath.Join(c.o.Dir, filepath.FromSlash(name)) }

// take returns the part of this name, which the caller releases, and whether
// the caller has to fill or fail it: nobody else does.
func (c *Cache) take(name string, size int64) (p *part, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.parts[name]; p != nil {
		p.users++
		return p, false
	}
	p = &part{name: name, size: size, users: 1, more: make(chan struct{})}
	c.parts[name] = p
	return p, true
}

// share makes one more user of a part that is taken.
func (c *Cache) share(p *part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p.users++
}

// release ends the use of a part by one of its users.
func (c *Cache) release(p *part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p.users--; p.users > 0 {
		return
	}
	if c.parts[p.name] == p {
		delete(c.parts, p.name)
	}
	if p.file != nil {
		_ = p.file.Close() // whatever was to be kept is renamed already
	}
}

// wanted tells whether somebody besides the one who fetches them uses these
// parts.
func (c *Cache) wanted(parts []*part) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.ContainsFunc(parts, func(p *part) bool { return p.users > 1 })
}

// fail ends the filling of a part. Whoever asks for it next begins anew.
func (c *Cache) fail(p *part, err error) {
	c.mu.Lock()
	if c.parts[p.name] == p {
		delete(c.parts, p.name)
	}
	c.mu.Unlock()
	p.end(err)
}

// load fills a part with its file, and tells whether there is one. A file that
// is not whole is removed.
func (c *Cache) load(p *part) bool {
	f, err := os.Open(c.path(p.name))
	if err != nil {
		return false
	}
	if err := verify(f, p.size); err != nil {
		_ = f.Close()
		c.o.Log.Warn("a damaged chunk of a stream is read from its store again", "file", f.Name(), "error", err)
		_ = os.Remove(f.Name())
		return false
	}
	if i, err := f.Stat(); err == nil && time.Since(i.ModTime()) > touchAfter {
		t := time.Now()
		_ = os.Chtimes(f.Name(), t, t)
	}
	p.begin(f)
	p.progress(p.size)
	return true
}

// buffers hold what passes through.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, 64<<10)
	return &b
}}

// verify reads a chunk's file through and compares it with its trailer.
func verify(f *os.File, size int64) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	sum := crc32.New(castagnoli)
	if n, err := io.CopyBuffer(struct{ io.Writer }{sum}, io.NewSectionReader(f, 0, size), *buf); err != nil || n < size {
		return fmt.Errorf("%d of %d bytes: %w", n, size, errors.Join(err, io.ErrUnexpectedEOF))
	}
	var t [trailerSize + 1]byte
	n, err := f.ReadAt(t[:], size)
	if !errors.Is(err, io.EOF) || n != trailerSize {
		return fmt.Errorf("%d bytes behind the chunk: %w", n, err)
	}
	if !bytes.Equal(t[:n], trailer(sum.Sum32(), size)) {
		return errors.New("wrong checksum")
	}
	return nil
}

// trailer is what stands behind a chunk.
func trailer(sum uint32, size int64) []byte {
	b := append(make([]byte, 0, trailerSize), magic...)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, sum), uint32(size))
}

// create begins the file of a part.
func (c *Cache) create() (*os.File, error) {
	f, err := os.CreateTemp(c.o.Dir, c.temp)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(c.o.Dir, 0o700); err == nil {
			f, err = os.CreateTemp(c.o.Dir, c.temp)
		}
	}
	return f, err
}

// keep gives a whole file its own name. While more is kept than may be, a file
// goes instead; whoever reads it still does.
func (c *Cache) keep(f *os.File, name string, size int64) error {
	c.mu.Lock()
	over := c.total > c.o.Bound+c.o.Bound/8
	c.mu.Unlock()
	if over {
		return os.Remove(f.Name())
	}
	path := c.path(name)
	err := os.Rename(f.Name(), path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = os.Rename(f.Name(), path)
		}
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = false
	c.total += size + trailerSize
	c.added += size + trailerSize
	if c.total > c.o.Bound && !c.busy && !c.closed {
		c.busy, c.added = true, 0
		c.work.Go(func() { c.tidy(false) })
	}
	return nil
}

// forget removes an object's chunks.
func (c *Cache) forget(object string) {
	if err := os.RemoveAll(c.path(object)); err != nil {
		c.o.Log.Warn("chunks of an object that has changed stay until they are the oldest", "error", err)
	}
}

// kept is one file of the cache.
type kept struct {
	path string
	size int64
	used time.Time
}

// tidy counts what is kept, and where that is too much removes what was not
// used for the longest until a tenth of the bound is free. At the start it
// also removes what was begun and never ended. c.busy is set until it is done.
func (c *Cache) tidy(start bool) {
	list := c.files(start)
	slices.SortFunc(list, func(a, b kept) int { return a.used.Compare(b.used) })
	var total int64
	for _, f := range list {
		total += f.size
	}
	if total > c.o.Bound {
		for _, f := range list {
			if total <= c.o.Bound-c.o.Bound/10 || c.ctx.Err() != nil {
				break
			}
			if err := os.Remove(f.path); err == nil {
				total -= f.size
				_ = os.Remove(filepath.Dir(f.path)) // once nothing is in it
			}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total, c.busy = total+c.added, false // some may count twice, until the next time
}

// files lists what is kept.
func (c *Cache) files(start bool) []kept {
	var list []kept
	_ = filepath.WalkDir(c.o.Dir, func(path string, d fs.DirEntry, err error) error {
		if c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		if err != nil || d.IsDir() {
			return nil
		}
		if strings.HasPrefix(d.Name(), tempPrefix) {
			if start && !strings.HasPrefix(d.Name(), c.temp) {
				_ = os.Remove(path)
			}
			return nil
		}
		if i, err := d.Info(); err == nil {
			list = append(list, kept{path, i.Size(), i.ModTime()})
		}
		return nil
	})
	return list
}

// remove removes a file that did not become whole.
func (c *Cache) remove(temp string) {
	if err := os.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.o.Log.Debug("a file of the cache stays until the next start", "error", err)
	}
}
