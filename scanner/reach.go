package scanner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"sync"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/storage"
)

// farReaders is how many objects of a store that is far away are read at once:
// what a scan waits for there is answers, and not a disk.
const farReaders = 32

// reach counts what the scan asks of its store, and finds out how far away it
// is.
func (x *scan) reach(s storage.Store) {
	_, folder := storage.As[storage.Hollow](s)
	x.remote = !folder
	x.Store = storage.Counted(s, &x.progress.Store)
	switch {
	case x.o.Readers > 0:
		x.readers = x.o.Readers
	case x.remote:
		x.readers = farReaders
	default:
		x.readers = max(2, 2*runtime.NumCPU())
	}
}

// errUnfinished is a scan whose store was lost while it read.
var errUnfinished = errors.New("it was not read to its end")

// unfinishedBy is errUnfinished with what lost the store.
func (x *scan) unfinishedBy() error { return fmt.Errorf("%w: %w", errUnfinished, x.lost.err()) }

// errUnread leaves an object to the next scan that was not asked for, since
// the store is lost.
var errUnread = errors.New("not read")

// mostRefused is how many reads of a remote store may fail one after another
// before the scan ends: each costs a request, and there may be a million.
const mostRefused = 200

// lost tells whether the store still answers. It is for many goroutines.
type lost struct {
	mu      sync.Mutex
	why     error
	refused int // reads that failed since the last one that did not
}

func (l *lost) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.why
}

// lose ends the reading for this reason, unless it has ended already.
func (l *lost) lose(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why == nil {
		l.why = why
	}
}

// count notes how a read went, and returns how many have failed in a row.
func (l *lost) count(failed bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused++
	if !failed {
		l.refused = 0
	}
	return l.refused
}

// judge decides what a failed read says of the store: whether it is the object
// that can't be read, which is a problem of this one, or the store, which ends
// the reading. It returns the error of the object.
func (x *scan) judge(ctx context.Context, key string, err error) error {
	store := errors.Is(err, models.ErrUnavailable) || errors.Is(err, fs.ErrPermission)
	n := x.lost.count(store)
	if !store || ctx.Err() != nil {
		return err
	}
	if errors.Is(err, models.ErrUnavailable) {
		if _, e := x.Store.Stat(ctx, key); errors.Is(e, models.ErrUnavailable) {
			x.lost.lose(err)
			return errUnread
		}
	}
	if x.remote && n >= mostRefused {
		x.lost.lose(fmt.Errorf("%d files in a row can't be read, the last of them %q: %w", n, key, err))
	}
	return err
}

// tries is how often an object is read anew that changes while it is read.
const tries = 3

// unchanged lets f read an object as it was listed. When it has changed since,
// f reads the one that is there now, as o then tells.
func (x *scan) unchanged(ctx context.Context, o *storage.Object, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if !errors.Is(err, storage.ErrChanged) {
			return err
		}
		if n == tries {
			return fmt.Errorf("it changes again and again while it is read, so it is left for the next scan: %w", err)
		}
		now, err := x.Store.Stat(ctx, o.Key)
		if err != nil {
			return err
		}
		*o = now
	}
}

// read reads one object.
func (x *scan) read(ctx context.Context, f *found) {
	defer x.progress.Read.Add(1)
	switch {
	case f.object.Archived:
		f.err = models.ErrArchived
		return
	case x.lost.err() != nil:
		f.err = errUnread
		return
	}
	f.err = x.unchanged(ctx, &f.object, func() error { return x.readNow(ctx, f) })
	if f.err == nil || errors.Is(f.err, audio.ErrUnknown) || errors.Is(f.err, fs.ErrNotExist) {
		x.lost.count(false)
		return
	}
	f.file, f.parts = nil, nil
	f.err = x.judge(ctx, f.object.Key, f.err)
}

// readNow reads an object as it was listed.
func (x *scan) readNow(ctx context.Context, f *found) error {
	o := f.object
	if o.Archived {
		return models.ErrArchived // since it was listed
	}
	r, err := storage.OpenPinned(ctx, x.Store, o)
	if err != nil {
		return err
	}
	defer r.Close()
	if x.first {
		f.born = born(r)
	}
	if f.file, _, err = (audio.Options{GuessEncodings: x.o.GuessEncodings}).Read(ctx, r, o.Size, o.Key); err == nil {
		f.parts, err = x.cut(ctx, r, o, f.file)
	}
	return err
}

// readWhole reads a small object whole, at most most bytes of it.
func (x *scan) readWhole(ctx context.Context, o storage.Object, most int64) (b []byte, err error) {
	err = x.unchanged(ctx, &o, func() error {
		if o.Size > most {
			return fmt.Errorf("it is longer than %d bytes", most)
		}
		if b = nil; o.Size == 0 {
			return nil
		}
		f, err := storage.OpenPinned(ctx, x.Store, o)
		if err != nil {
			return err
		}
		defer f.Close()
		if !x.remote {
			// A file may have grown since it was listed.
			b, err = io.ReadAll(io.LimitReader(f, most+1))
			if err == nil && int64(len(b)) > most {
				err = fmt.Errorf("it is longer than %d bytes", most)
			}
			return err
		}
		b = make([]byte, o.Size)
		n, err := f.ReadAt(b, 0)
		if n == len(b) {
			return nil
		}
		if err == nil || errors.Is(err, io.EOF) {
			err = fmt.Errorf("it ended at byte %d of %d: %w", n, o.Size, io.ErrUnexpectedEOF)
		}
		return err
	})
	return b, err
}
