// Package local reads music from a folder of this machine. It follows
// symbolic links within the folder and, only where that is allowed, out of
// it. It writes nothing.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// Options are a folder's settings. The zero value is good.
type Options struct {
	FollowLinks bool          // symbolic links may lead out of the folder
	Poll        time.Duration // between two looks where no events come; 0 is a minute
	Quiet       time.Duration // without events before a change is told; 0 is 2 s
	MaxQuiet    time.Duration // that a change is held back at most; 0 is 30 s
	Log         *slog.Logger  // nil is silence
}

// Store is a folder. Every call looks the folder up anew, so that a disk that
// is mounted, unplugged or replaced while the program runs is seen as it is.
//
// A link to a file or folder inside the store is followed; its target is then
// listed under the link's key too. One that leads out is passed over unless
// Options.FollowLinks is set, and so is one that leads nowhere, one back to a
// folder that its own path has been through, and one behind maxLinks others.
// Pipes, sockets and devices are no objects.
type Store struct {
	dir    string
	o      Options
	closed atomic.Bool

	// What tests replace: how a folder is watched, and whether its file
	// system tells of changes.
	add    func(w watcher, path string) error
	remote func(dir string) bool
}

var (
	_ storage.Store   = (*Store)(nil)
	_ storage.Watcher = (*Store)(nil)
	_ storage.Hollow  = (*Store)(nil)
)

// readOnly opens without waiting for a pipe's other end.
const readOnly = os.O_RDONLY | syscall.O_NONBLOCK

// New returns the store of a folder. It does not touch the folder, which may
// come into being later.
func New(dir string, o Options) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("folder %q: %w", dir, err)
	}
	if o.Poll <= 0 {
		o.Poll = time.Minute
	}
	if o.Quiet <= 0 {
		o.Quiet = 2 * time.Second
	}
	if o.MaxQuiet <= 0 {
		o.MaxQuiet = 30 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Store{dir: dir, o: o, add: watcher.Add, remote: remote}, nil
}

// Open is the storage.Opener of the scheme "file".
func Open(_ context.Context, location *url.URL, o storage.Options) (storage.Store, error) {
	return New(filepath.FromSlash(location.Path), Options{FollowLinks: o.FollowLinks, Poll: o.Poll, Log: o.Log})
}

// Close makes every later call fail.
func (s *Store) Close() error {
	s.closed.Store(true)
	return nil
}

// root opens the folder. That it can't be read is models.ErrUnavailable and
// nothing else: it tells nothing about any key.
func (s *Store) root(ctx context.Context) (*os.Root, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.closed.Load() {
		return nil, fmt.Errorf("folder %s: the store is closed: %w", s.dir, models.ErrUnavailable)
	}
	r, err := os.OpenRoot(s.dir)
	if err != nil {
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			err = e.Err
		}
		return nil, fmt.Errorf("folder %s: %w: %v", s.dir, models.ErrUnavailable, err) //nolint:errorlint // a root that is gone is no missing object
	}
	return r, nil
}

// errOutside is a link that leads out of the folder.
var errOutside = fmt.Errorf("the link leads out of the library: %w", fs.ErrPermission)

// open opens the file or folder of this name, relative to the root.
func (s *Store) open(root *os.Root, name string) (*os.File, error) {
	if s.o.FollowLinks {
		return os.OpenFile(filepath.Join(s.dir, name), readOnly, 0)
	}
	return within(s, root, name, func(name string) (*os.File, error) { return root.OpenFile(name, readOnly, 0) })
}

// stat follows links.
func (s *Store) stat(root *os.Root, name string) (fs.FileInfo, error) {
	if s.o.FollowLinks {
		return os.Stat(filepath.Join(s.dir, name))
	}
	return within(s, root, name, root.Stat)
}

// within does op, which goes through an os.Root, on name. An os.Root refuses
// every absolute link; one whose target lies within the folder is resolved
// here, and then goes through the os.Root as well.
func within[T any](s *Store, root *os.Root, name string, op func(string) (T, error)) (T, error) {
	v, err := op(name)
	if _, system := errors.AsType[syscall.Errno](err); err == nil || system {
		return v, err
	}
	base, err := filepath.EvalSymlinks(s.dir)
	if err != nil {
		return v, err
	}
	target, err := filepath.EvalSymlinks(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return v, err
	}
	if err != nil {
		if _, system := errors.AsType[syscall.Errno](err); system && !errors.Is(kind(name, err), fs.ErrNotExist) && s.leadsIn(base, name) {
			return v, err
		}
		return v, errOutside
	}
	rel, err := filepath.Rel(base, target)
	if err != nil || !filepath.IsLocal(rel) {
		return v, errOutside
	}
	return op(rel)
}

// leadsIn tells whether a link that can't be followed to its end points into
// the folder, by its text.
func (s *Store) leadsIn(base, name string) bool {
	target, err := os.Readlink(filepath.Join(s.dir, name))
	if err != nil {
		return true // what can't be read is no proof that it leads out
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(filepath.Join(s.dir, name)), target)
	}
	for _, root := range []string{base, s.dir} {
		if rel, err := filepath.Rel(root, target); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return false
}

// kind gives an error of the system the kind that package storage promises.
func kind(key string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err // without its path, which the key says better
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%q: %w", key, err)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP), errors.Is(err, syscall.ENXIO),
		errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.EINVAL):
		return fmt.Errorf("%q: %w: %w", key, fs.ErrNotExist, err)
	}
	return fmt.Errorf("%q: %w: %w", key, models.ErrUnavailable, err)
}

func object(key string, fi fs.FileInfo) storage.Object {
	return storage.Object{Key: key, Size: fi.Size(), ModTime: fi.ModTime().UnixNano()}
}

// Stat tells of one object.
func (s *Store) Stat(ctx context.Context, key string) (storage.Object, error) {
	root, err := s.root(ctx)
	if err != nil {
		return storage.Object{}, err
	}
	defer root.Close()
	if !storage.ValidKey(key) {
		return storage.Object{}, fmt.Errorf("%q: %w", key, fs.ErrNotExist)
	}
	fi, err := s.stat(root, filepath.FromSlash(key))
	if err != nil {
		return storage.Object{}, kind(key, err)
	}
	if !fi.Mode().IsRegular() {
		return storage.Object{}, fmt.Errorf("%q: %w: not a file", key, fs.ErrNotExist)
	}
	return object(key, fi), nil
}

// File opens an object. What it returns is an *os.File with one more method.
func (s *Store) File(ctx context.Context, key string) (storage.File, error) {
	f, err := s.file(ctx, key)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// file is an open file with the object that it was when it was opened. The
// embedded *os.File gives it SyscallConn, by which net finds what sendfile
// needs.
type file struct {
	*os.File
	object storage.Object
}

func (f *file) Object() storage.Object { return f.object }

// Born tells when the file came to be on its disk.
func (f *file) Born() int64 { return born(f.File) }

func (s *Store) file(ctx context.Context, key string) (*file, error) {
	root, err := s.root(ctx)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if !storage.ValidKey(key) {
		return nil, fmt.Errorf("%q: %w", key, fs.ErrNotExist)
	}
	f, err := s.open(root, filepath.FromSlash(key))
	if err != nil {
		return nil, kind(key, err)
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%w: not a file", fs.ErrNotExist)
	}
	if err != nil {
		f.Close()
		return nil, kind(key, err)
	}
	return &file{f, object(key, fi)}, nil
}

// Open reads a range of an object.
func (s *Store) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	f, err := s.file(ctx, key)
	if err != nil {
		return nil, err
	}
	if off < 0 || off > 0 && off >= f.object.Size {
		f.Close()
		return nil, fmt.Errorf("%q from byte %d of %d: %w", key, off, f.object.Size, storage.ErrRange)
	}
	if _, err := f.Seek(off, io.SeekStart); err != nil {
		f.Close()
		return nil, kind(key, err)
	}
	if n < 0 {
		return f.File, nil
	}
	return struct {
		io.Reader
		io.Closer
	}{io.LimitReader(f.File, n), f}, nil
}

// List lists the files of the folder, a folder at a time: its own files, then
// those of its sub-folders by name.
func (s *Store) List(ctx context.Context, prefix string, yield func(storage.Object) error) error {
	return s.walk(ctx, prefix, nil, yield)
}

// nameOf returns the name of a folder's prefix for calls of the system.
func nameOf(prefix string) string {
	if prefix == "" {
		return "."
	}
	return filepath.FromSlash(strings.TrimSuffix(prefix, "/"))
}
