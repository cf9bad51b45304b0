package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

const (
	maxLinks  = 4    // links to folders on one path
	maxErrors = 20   // failures that a listing names
	readChunk = 1024 // entries read at a time, so that a folder of 100,000 files costs no memory
)

// walker is one walk through a folder.
type walker struct {
	s     *Store
	ctx   context.Context
	root  *os.Root
	enter func(folder string, fi fs.FileInfo) error // may be nil
	yield func(storage.Object) error                // nil when only folders count

	errs    []error
	failed  int    // failures, also those past maxErrors
	outside int    // links that led out
	example string // one of them
}

// stop is an error that ends a walk at once.
type stop struct{ error }

func (s stop) Unwrap() error { return s.error }

// walk calls enter for every folder below prefix before it reads it, and yield
// for every file; either may be nil. Its errors are those of Store.List.
func (s *Store) walk(ctx context.Context, prefix string, enter func(string, fs.FileInfo) error, yield func(storage.Object) error) error {
	root, err := s.root(ctx)
	if err != nil {
		return err
	}
	defer root.Close()
	w := &walker{s: s, ctx: ctx, root: root, enter: enter, yield: yield}
	folder := storage.Folder(prefix)
	chain, links, ok := w.descend(folder)
	if ok {
		if err := w.folder(folder, prefix[len(folder):], chain, links); err != nil {
			if st, ok := errors.AsType[stop](err); ok {
				return st.error
			}
			return err
		}
	}
	if w.outside > 0 && enter == nil {
		s.o.Log.Warn("links that lead out of the library are not followed", "folder", s.dir, "links", w.outside, "one", w.example)
	}
	w.same()
	if more := w.failed - len(w.errs); more > 0 {
		w.errs = append(w.errs, fmt.Errorf("and %d more", more))
	}
	if err := errors.Join(w.errs...); err != nil {
		return fmt.Errorf("folder %s was not listed completely: %w", s.dir, err)
	}
	return nil
}

// same notes a failure when the store's folder is not any more the one that
// was walked through: a disk that is mounted or unmounted meanwhile makes a
// listing of two halves.
func (w *walker) same() {
	was, err := w.root.Stat(".")
	var is fs.FileInfo
	if err == nil {
		is, err = os.Stat(w.s.dir)
	}
	if err == nil && !os.SameFile(was, is) {
		err = errors.New("it was replaced while it was listed")
	}
	if err != nil {
		w.broken("", fmt.Errorf("the folder itself: %w: %v", models.ErrUnavailable, err)) //nolint:errorlint // a root that is gone is no missing object
	}
}

// Hollow tells whether a folder is there and empty.
func (s *Store) Hollow(ctx context.Context, prefix string) (bool, error) {
	root, err := s.root(ctx)
	if err != nil {
		return false, err
	}
	defer root.Close()
	f, err := s.open(root, nameOf(prefix))
	if err != nil {
		if err = kind(prefix, err); errors.Is(err, fs.ErrNotExist) || errors.Is(err, errOutside) {
			return false, nil
		}
		return false, err
	}
	defer f.Close()
	switch _, err = f.ReadDir(1); {
	case errors.Is(err, io.EOF):
		return true, nil
	case err != nil:
		if fi, e := f.Stat(); e == nil && !fi.IsDir() {
			return false, nil
		}
		return false, kind(prefix, err)
	}
	return false, nil
}

// fail notes a failure in a folder or file, unless it says that the thing has
// just gone.
func (w *walker) fail(key string, err error) {
	if err = kind(key, err); !errors.Is(err, fs.ErrNotExist) {
		w.broken(key, err)
	}
}

// broken notes a failure, whatever it says.
func (w *walker) broken(key string, err error) {
	w.failed++
	if len(w.errs) < maxErrors {
		w.errs = append(w.errs, &storage.ListError{Key: key, Err: err})
	}
}

// descend goes down to a folder as a walk from the root would. It returns the
// folders above it and how many links are on the way, or false where that
// walk would not come by.
func (w *walker) descend(folder string) (chain []fs.FileInfo, links int, ok bool) {
	if folder == "" {
		return nil, 0, true
	}
	if !storage.ValidKey(strings.TrimSuffix(folder, "/")) || storage.Hidden(folder) {
		return nil, 0, false
	}
	above := ""
	for part := range strings.SplitSeq(strings.TrimSuffix(folder, "/"), "/") {
		fi, err := w.s.stat(w.root, nameOf(above))
		if err != nil {
			w.failLink(above, err)
			return nil, 0, false
		}
		if links > 0 && loops(chain, fi) {
			return nil, 0, false
		}
		chain = append(chain, fi)
		link, err := w.isLink(nameOf(above + part))
		if err != nil {
			w.failLink(above+part, err)
			return nil, 0, false
		}
		if link {
			links++
		}
		if links > maxLinks {
			return nil, 0, false
		}
		above += part + "/"
	}
	return chain, links, true
}

// isLink tells whether the last part of name is a symbolic link.
func (w *walker) isLink(name string) (bool, error) {
	lstat := w.root.Lstat
	if w.s.o.FollowLinks {
		lstat = func(name string) (fs.FileInfo, error) { return os.Lstat(filepath.Join(w.s.dir, name)) }
	}
	fi, err := within(w.s, w.root, name, lstat)
	return err == nil && fi.Mode()&fs.ModeSymlink != 0, err
}

// failLink notes a failure on what may be a link out of the folder.
func (w *walker) failLink(key string, err error) {
	if errors.Is(err, errOutside) {
		w.outside++
		w.example = key
		return
	}
	w.fail(key, err)
}

// loops tells whether a folder is one of those above it.
func loops(chain []fs.FileInfo, fi fs.FileInfo) bool {
	return slices.ContainsFunc(chain, func(above fs.FileInfo) bool { return os.SameFile(above, fi) })
}

// sub is a folder within the one being read.
type sub struct {
	name string
	link bool
}

// folder reads one folder and those within it. Only entries whose names begin
// with part count. It returns only errors that end the walk.
func (w *walker) folder(folder, part string, chain []fs.FileInfo, links int) error {
	if err := w.ctx.Err(); err != nil {
		return stop{err}
	}
	fi, subs, err := w.read(folder, part, chain, links)
	if err != nil {
		return err
	}
	slices.SortFunc(subs, func(a, b sub) int { return strings.Compare(a.name, b.name) })
	chain = append(chain[:len(chain):len(chain)], fi)
	for _, d := range subs {
		n := links
		if d.link {
			n++
		}
		if n > maxLinks {
			continue
		}
		if err := w.folder(folder+d.name+"/", "", chain, n); err != nil {
			return err
		}
	}
	return nil
}

// read yields the files of one folder and returns its sub-folders.
func (w *walker) read(folder, part string, chain []fs.FileInfo, links int) (fs.FileInfo, []sub, error) {
	open := w.s.open
	if w.yield == nil {
		// Reading through an os.Root asks the system for every file's facts,
		// which takes most of the time. Which folders are entered, links
		// included, has been decided through the os.Root.
		open = func(_ *os.Root, name string) (*os.File, error) {
			return os.OpenFile(filepath.Join(w.s.dir, name), readOnly, 0)
		}
	}
	f, err := open(w.root, nameOf(folder))
	if err != nil {
		w.failLink(folder, err)
		return nil, nil, nil
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		w.fail(folder, err)
		return nil, nil, nil
	}
	if !fi.IsDir() || links > 0 && loops(chain, fi) {
		return nil, nil, nil
	}
	if w.enter != nil {
		if err := w.enter(folder, fi); err != nil {
			return nil, nil, stop{err}
		}
	}
	var subs []sub
	for {
		entries, err := f.ReadDir(readChunk)
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), part) || storage.HiddenName(e.Name()) {
				continue
			}
			if err := w.entry(folder, e, &subs); err != nil {
				return nil, nil, err
			}
		}
		if errors.Is(err, io.EOF) {
			return fi, subs, nil
		}
		if errors.Is(err, fs.ErrNotExist) {
			return fi, subs, nil // removed while it was read
		}
		if err != nil {
			// Some file systems tell a damage by the numbers that kind takes
			// for a name that is none.
			w.broken(folder, fmt.Errorf("%q: %w: %w", folder, models.ErrUnavailable, err))
			return fi, subs, nil
		}
		if err := w.ctx.Err(); err != nil {
			return nil, nil, stop{err}
		}
	}
}

// entry yields a file, or adds a folder to subs.
func (w *walker) entry(folder string, e fs.DirEntry, subs *[]sub) error {
	key := folder + e.Name()
	var fi fs.FileInfo
	var err error
	link := false
	switch e.Type() {
	case fs.ModeDir:
		*subs = append(*subs, sub{e.Name(), false})
		return nil
	case fs.ModeSymlink:
		link = true
		if fi, err = w.s.stat(w.root, filepath.FromSlash(key)); err != nil {
			w.failLink(key, err)
			return nil
		}
	case 0:
		if w.yield == nil {
			return nil
		}
		if fi, err = e.Info(); err != nil {
			w.fail(key, err)
			return nil
		}
	default:
		return nil
	}
	switch {
	case fi.IsDir():
		*subs = append(*subs, sub{e.Name(), link})
	case fi.Mode().IsRegular() && w.yield != nil:
		if err := w.yield(object(key, fi)); err != nil {
			return stop{err}
		}
	}
	return nil
}
