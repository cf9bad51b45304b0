package rangecache

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// How a body goes on where its connection broke.
const (
	attempts = 4                      // without much progress between them
	progress = 64 << 10               // bytes that are
	pause    = 100 * time.Millisecond // before the second attempt, and three times as long before each further one
	silence  = 30 * time.Second       // after which a connection that brings nothing is given up
)

// body reads a range of one content of an object. Where the store fails or the
// connection breaks it goes on from there; the content never changes within
// it. It belongs to one goroutine.
type body struct {
	ctx    context.Context
	store  storage.Pinner
	object storage.Object
	held   storage.File // reads on when the store has been closed; may be nil
	off    int64        // of the next byte
	end    int64

	failed int   // attempts since progress was made
	since  int64 // where the last attempt began

	file    storage.File
	reader  io.ReadCloser
	cancel  context.CancelFunc
	patient *time.Timer
}

func newBody(ctx context.Context, s storage.Pinner, o storage.Object, off, end int64) *body {
	return &body{ctx: ctx, store: s, object: o, off: off, end: end}
}

// unclosed is a file that somebody else closes.
type unclosed struct{ storage.File }

func (unclosed) Close() error { return nil }

// Range is that of the file, or reads it in pieces.
func (u unclosed) Range(off, n int64) (io.ReadCloser, error) {
	if r, ok := u.File.(storage.Ranger); ok {
		return r.Range(off, n)
	}
	return io.NopCloser(io.NewSectionReader(u.File, off, n)), nil
}

// Read is that of io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.off >= b.end {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), b.end-b.off)]
	for {
		n, err := b.once(p)
		b.off += int64(n)
		if n > 0 || len(p) == 0 {
			return n, nil // an error comes again with the next read
		}
		if err == nil {
			continue
		}
		b.shut()
		if err := b.again(err); err != nil {
			return 0, err
		}
	}
}

// again waits for the next attempt after err, or returns the error to give up
// with.
func (b *body) again(err error) error {
	if ctx := b.ctx.Err(); ctx != nil {
		return ctx
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("%q ends at byte %d of %d: %w", b.object.Key, b.off, b.object.Size, io.ErrUnexpectedEOF)
	}
	// A store that is not available has been asked again by its own backend.
	for _, last := range []error{storage.ErrChanged, storage.ErrRange, fs.ErrNotExist, fs.ErrPermission, models.ErrUnavailable} {
		if errors.Is(err, last) {
			return err
		}
	}
	if b.off-b.since >= progress {
		b.failed = 0
	}
	if b.failed++; b.failed >= attempts {
		return err
	}
	wait := pause
	for range b.failed - 1 {
		wait *= 3
	}
	select {
	case <-time.After(wait/2 + rand.N(wait)):
		return nil
	case <-b.ctx.Done():
		return b.ctx.Err()
	}
}

// once reads from the connection that there is, or from a new one.
func (b *body) once(p []byte) (int, error) {
	if b.reader == nil {
		if err := b.open(); err != nil {
			return 0, err
		}
	}
	b.patient.Reset(silence)
	n, err := b.reader.Read(p)
	if !b.patient.Stop() && err != nil {
		err = fmt.Errorf("%q: the store was silent for %s: %w", b.object.Key, silence, err)
	}
	return n, err
}

func (b *body) open() error {
	ctx, cancel := context.WithCancel(b.ctx)
	b.cancel, b.since = cancel, b.off
	b.patient = time.AfterFunc(silence, cancel)
	f, err := b.store.Pinned(ctx, b.object)
	if errors.Is(err, fs.ErrClosed) && b.held != nil {
		f, err = unclosed{b.held}, nil
	}
	if err != nil {
		b.shut()
		return err
	}
	b.file = f
	if r, ok := f.(storage.Ranger); ok {
		b.reader, err = r.Range(b.off, b.end-b.off)
	} else if _, err = f.Seek(b.off, io.SeekStart); err == nil {
		b.reader = io.NopCloser(f)
	}
	if err != nil {
		b.reader = nil
		b.shut()
	}
	return err
}

// shut ends the connection.
func (b *body) shut() {
	if b.patient != nil {
		b.patient.Stop()
	}
	if b.reader != nil {
		_ = b.reader.Close() // nothing was written
	}
	if b.file != nil {
		_ = b.file.Close()
	}
	if b.cancel != nil {
		b.cancel()
	}
	b.reader, b.file, b.cancel, b.patient = nil, nil, nil, nil
}
