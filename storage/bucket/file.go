package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// resumes is how often in a row a read goes on in a new request after its
// connection broke without a byte in between.
const resumes = 4

// Open is one request, and more where its connection breaks.
func (s *Store) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	b, err := s.use(ctx)
	if err != nil {
		return nil, err
	}
	name, err := s.remote(key)
	if err != nil {
		return nil, err
	}
	if off < 0 {
		return nil, fmt.Errorf("%q from byte %d: %w", key, off, storage.ErrRange)
	}
	r := &reader{s: s, b: b, ctx: ctx, name: name, key: key, at: off, end: -1}
	if n >= 0 && n < 1<<62-off {
		r.end = off + n
	}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

// File is a request for what the object is, and those of its reads.
func (s *Store) File(ctx context.Context, key string) (storage.File, error) {
	o, err := s.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	return s.Pinned(ctx, o)
}

// Pinned makes no request.
func (s *Store) Pinned(ctx context.Context, o storage.Object) (storage.File, error) {
	b, err := s.use(ctx)
	if err != nil {
		return nil, err
	}
	name, err := s.remote(o.Key)
	if err != nil {
		return nil, err
	}
	if o.Archived {
		return nil, fmt.Errorf("%q in %s is archived: restore it in its bucket to play it: %w", o.Key, s.name, models.ErrArchived)
	}
	s.mu.Lock()
	s.users++
	s.mu.Unlock()
	return &file{s: s, b: b, ctx: ctx, name: name, object: o}, nil
}

// reader reads a range in one request, and goes on in another where the
// connection breaks.
type reader struct {
	s         *Store
	b         backend
	ctx       context.Context
	name, key string
	at, end   int64 // the next byte, and the one after the last; -1 is the end of the object

	object storage.Object // what is read, as far as it is known: Size is -1 before
	pinned bool           // it must be this one
	body   io.ReadCloser  // nil when there is nothing to read
	broken int            // requests that broke without a byte
}

// open sends the request for what is left.
func (r *reader) open() error {
	n := int64(-1)
	if r.end >= 0 {
		n = r.end - r.at
	}
	etag := ""
	if r.pinned {
		etag = r.object.ETag
	}
	body, o, err := r.b.get(asKind(r.ctx, kindGet), r.name, etag, r.at, n)
	if err != nil {
		err = r.s.explain(r.ctx, r.b, err, "read", r.key)
		if errors.Is(err, storage.ErrRange) && r.pinned && r.object.Size >= 0 {
			return r.changed() // it has the bytes that are asked for, if it is the same
		}
		if errors.Is(err, storage.ErrRange) && r.at == 0 {
			r.end = 0 // an empty object has no range at all
			return nil
		}
		return err
	}
	if r.pinned && (r.object.Size >= 0 && o.Size != r.object.Size || r.object.ETag != "" && o.ETag != "" && o.ETag != r.object.ETag) {
		_ = body.Close()
		return r.changed()
	}
	if r.at > 0 && r.at >= o.Size {
		_ = body.Close()
		return fmt.Errorf("%q from byte %d of %d: %w", r.key, r.at, o.Size, storage.ErrRange)
	}
	if r.end < 0 || r.end > o.Size {
		r.end = o.Size
	}
	r.object.Size, r.object.ETag, r.pinned = o.Size, o.ETag, true
	r.body = body
	return nil
}

func (r *reader) changed() error {
	return fmt.Errorf("%q in %s: %w", r.key, r.s.name, storage.ErrChanged)
}

// Read reads on.
func (r *reader) Read(p []byte) (int, error) {
	for {
		if err := r.ctx.Err(); err != nil {
			return 0, err
		}
		if r.end >= 0 && r.at >= r.end {
			return 0, io.EOF
		}
		if r.body == nil {
			if err := r.open(); err != nil {
				return 0, err
			}
			continue
		}
		if r.end >= 0 {
			p = p[:min(int64(len(p)), r.end-r.at)]
		}
		n, err := r.body.Read(p)
		r.at += int64(n)
		if n > 0 {
			r.broken = 0
		}
		if err == nil || n > 0 && r.at == r.end {
			return n, nil
		}
		// An early end is a broken connection too.
		_ = r.body.Close()
		r.body = nil
		if e := r.ctx.Err(); e != nil {
			return n, e
		}
		if n > 0 {
			return n, nil
		}
		if r.broken++; r.broken > resumes {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, &fault{fmt.Sprintf("read %q in %s: the connection broke %d times: %s", r.key, r.s.name, r.broken, network(err)), []error{models.ErrUnavailable}}
		}
		if err := sleep(r.ctx, r.s.sender.wait(r.broken)); err != nil {
			return 0, err
		}
	}
}

// Close ends the request.
func (r *reader) Close() error {
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.body = nil
	return err
}

// file is an object as it was listed. ReadAt is one ranged request; Read goes
// on in the one that it began, until Seek leads elsewhere.
type file struct {
	s      *Store
	b      backend
	ctx    context.Context
	name   string
	object storage.Object

	at     int64
	stream *reader // nil where none is open

	once   sync.Once
	closed atomic.Bool
}

func (f *file) Object() storage.Object { return f.object }

// reader returns one from off up to end, or to the end of the object.
func (f *file) reader(off, end int64) *reader {
	return &reader{s: f.s, b: f.b, ctx: f.ctx, name: f.name, key: f.object.Key, at: off, end: end, object: f.object, pinned: true}
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("%q: read before the beginning: %w", f.object.Key, models.ErrInvalid)
	}
	if f.closed.Load() {
		return 0, errClosed(f.object.Key)
	}
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	if off >= f.object.Size {
		return 0, io.EOF
	}
	want := min(int64(len(p)), f.object.Size-off)
	if want == 0 {
		return 0, nil
	}
	r := f.reader(off, off+want)
	defer r.Close() //nolint:errcheck // all that is to be read was
	n, err := io.ReadFull(r, p[:want])
	if err == nil && want < int64(len(p)) {
		err = io.EOF
	}
	return n, err
}

// Range is one request.
func (f *file) Range(off, n int64) (io.ReadCloser, error) {
	if f.closed.Load() {
		return nil, errClosed(f.object.Key)
	}
	if off < 0 || n < 0 || n > f.object.Size-off {
		return nil, fmt.Errorf("%q: %d bytes from byte %d of %d: %w", f.object.Key, n, off, f.object.Size, storage.ErrRange)
	}
	r := f.reader(off, off+n)
	if n > 0 {
		if err := r.open(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (f *file) Read(p []byte) (int, error) {
	if f.closed.Load() {
		return 0, errClosed(f.object.Key)
	}
	if f.at >= f.object.Size {
		return 0, io.EOF
	}
	if f.stream != nil && f.stream.at != f.at {
		_ = f.stream.Close()
		f.stream = nil
	}
	if f.stream == nil {
		f.stream = f.reader(f.at, -1)
	}
	n, err := f.stream.Read(p)
	f.at += int64(n)
	return n, err
}

func (f *file) Seek(offset int64, whence int) (at int64, err error) {
	f.at, err = storage.SeekIn(f.object, f.at, offset, whence)
	return f.at, err
}

func (f *file) Close() (err error) {
	f.once.Do(func() {
		f.closed.Store(true)
		if f.stream != nil {
			err = f.stream.Close()
		}
		err = errors.Join(err, f.s.release())
	})
	return err
}

// totalSize is the size of the object of which an answer holds bytes from off.
func totalSize(length int64, contentRange string, off int64) (int64, error) {
	_, total, ok := strings.Cut(contentRange, "/")
	switch {
	case !ok && length < 0:
		return 0, errors.New("the answer does not tell the object's size")
	case !ok && off > 0 && off < length:
		return 0, errors.New("a range was asked for, and the whole object came")
	case !ok:
		return length, nil
	}
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil {
		return 0, errors.New("the answer's Content-Range can't be read")
	}
	return size, nil
}

func errClosed(key string) error { return fmt.Errorf("%q: %w", key, fs.ErrClosed) }
