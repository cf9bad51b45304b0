// Package storage reaches music where it lies: in a folder or in a bucket. It names objects by keys and reads them; what is inside an object,
// and what the catalog makes of it, it does not know.
//
// A key is a path relative to the store's root, with "/" between its parts on
// every system. It is bytes: it need not be UTF-8, and two keys are equal only
// when all their bytes are.
package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/songlocker/songlocker/models"
)

// ErrRange is a read that begins where the object has ended.
var ErrRange = errors.New("the range begins past the end of the object")

// ErrChanged is a read of an object whose content is no longer the one that a
// listing or the catalog told of.
var ErrChanged = errors.New("the object has changed since it was listed")

// ErrThrottled is a store that asks to be asked less often. It comes with
// models.ErrUnavailable.
var ErrThrottled = errors.New("the store asks for fewer requests")

// Object is what a store tells of one object without reading it. Two equal
// values mean an unchanged object, as far as the store can tell.
type Object struct {
	Key      string
	Size     int64  // bytes
	ModTime  int64  // Unix ns; 0 is unknown
	ETag     string // the store's own name for this content, compared and not understood; "" where it has none
	Archived bool   // must be restored in its store before it can be read
}

// Store reads music where it lies. All methods may be called at once from
// many goroutines. Errors keep their kind: fs.ErrNotExist for a key that names
// no object (a folder is none), fs.ErrPermission for one that may not be read,
// models.ErrUnavailable for a store that does not answer now, and the
// context's own error when that ended the call.
type Store interface {
	// List calls yield for each object whose key begins with prefix, each key
	// once, in no promised order; "" lists all, and a folder's prefix ends in
	// "/". What Hidden names is left out. A prefix that nothing has yields
	// nothing. A nil error means that the listing was complete. Any failure,
	// in whatever folder, makes List fail in the end, after it has yielded
	// what it could, so that nobody takes an absence from it; Complete tells
	// such an error from one that only names objects which can't be served.
	// yield is never called twice at once; its error ends the listing and is
	// returned.
	List(ctx context.Context, prefix string, yield func(Object) error) error

	// Stat tells of one object as it is now.
	Stat(ctx context.Context, key string) (Object, error)

	// Open reads n bytes from off, or fewer where the object ends before; n < 0
	// reads to the end. A negative off, and one at or past the end other than
	// 0, is ErrRange. The caller closes the reader.
	Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error)

	// File opens an object for random reads and for streaming. ctx lasts as
	// long as the file is read: its end ends the reads of a remote store. The
	// caller closes the file.
	File(ctx context.Context, key string) (File, error)

	// Close lets go of what the store holds. Open files stay readable.
	Close() error
}

// ListError is a failure of one folder or file within a listing. Errors of
// List hold one for each, as far as the store can name them and up to some
// number.
type ListError struct {
	Key string // a folder's ends in "/", the root's is ""
	Err error

	// Skipped is an object of a bucket whose name there can't be made a key.
	// Key is that name, which is none. The listing is complete without it.
	Skipped bool
}

func (e *ListError) Error() string { return e.Err.Error() }

// Unwrap returns the error without the key.
func (e *ListError) Unwrap() error { return e.Err }

// Complete tells whether a listing with this error showed all that its store
// serves: there is none, or it tells only of what was skipped.
func Complete(err error) bool {
	switch e := err.(type) { //nolint:errorlint // every error of the tree is looked at
	case nil:
		return true
	case *ListError:
		return e.Skipped
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if !Complete(one) {
				return false
			}
		}
		return len(e.Unwrap()) > 0
	}
	return false
}

// Hollow is a Store with real folders, which stay when nothing is in them.
type Hollow interface {
	// Hollow tells whether the folder of this prefix is there with nothing in
	// it, not even a hidden file, as the place of a disk is that is not
	// mounted.
	Hollow(ctx context.Context, prefix string) (bool, error)
}

// File is one open object. Its Read and Seek belong to one goroutine; ReadAt
// may be called at once from many and moves nothing. One ReadAt is at most one
// request to the store, and reads fewer bytes than asked only with an error.
//
// A file on a local disk also has the SyscallConn of its *os.File, so that
// net/http sends it with the sendfile system call. Whoever wraps a File that
// is to be streamed hides that, and pays for it.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
	// Object tells of the object as it was when the file was opened.
	Object() Object
}

// SeekIn is the Seek of a file of o that reads from at. It returns where the
// file reads from then, and at with an error, which is models.ErrInvalid.
func SeekIn(o Object, at, offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += at
	case io.SeekEnd:
		offset += o.Size
	}
	if offset < 0 {
		return at, fmt.Errorf("%q: seek before the beginning: %w", o.Key, models.ErrInvalid)
	}
	return offset, nil
}

// Pinner is a Store that opens an object as it was listed, without asking for
// it: the first request is the first read. Each read, the first one too, is of
// the content that o's ETag names, or fails with ErrChanged. Object of the
// file is o. An archived object is models.ErrArchived.
type Pinner interface {
	Pinned(ctx context.Context, o Object) (File, error)
}

// OpenPinned opens an object as o tells of it, by the store's Pinned where it
// has one. Other stores open what lies there now: compare its Object.
func OpenPinned(ctx context.Context, s Store, o Object) (File, error) {
	if p, ok := s.(Pinner); ok {
		return p.Pinned(ctx, o)
	}
	return s.File(ctx, o.Key)
}

// Ranger is a File of a remote store that streams a range of itself.
type Ranger interface {
	// Range reads n bytes from off by one request of its own, apart from Read
	// and Seek. The object must have these bytes. The caller closes the reader.
	Range(off, n int64) (io.ReadCloser, error)
}

// Link is what a signed link is to be.
type Link struct {
	Life        time.Duration // how long it can be opened
	ContentType string        // that the store is to answer with; "" is its own
	Disposition string        // the Content-Disposition of the answer
}

// Linker is a Store whose objects others can read by a link that it signs. A
// link is a secret. It is for GET, and needs no request to be made.
type Linker interface {
	Link(ctx context.Context, o Object, l Link) (string, error)
}

// Wrapper is a Store around another one.
type Wrapper interface{ Unwrap() Store }

// As finds the first of s and of what it wraps that is a T, such as a Watcher
// or a Linker. Wrappers that do something about T are one themselves.
func As[T any](s Store) (T, bool) {
	for {
		if t, ok := s.(T); ok {
			return t, true
		}
		w, ok := s.(Wrapper)
		if !ok {
			var none T
			return none, false
		}
		s = w.Unwrap()
	}
}

// Born is a File that knows when its object came to be where it lies, which
// may be before or after its time of change: in Unix ns, 0 for unknown.
type Born interface{ Born() int64 }

// Clock is a Store whose server tells its time with each answer.
type Clock interface {
	// Ahead is how far the server's clock was ahead of this machine's at the
	// last answer, to the second; false before there was any.
	Ahead() (time.Duration, bool)
}

// Watcher is a Store that can tell of changes.
type Watcher interface {
	// Watch calls changed with the prefixes below which something has or may
	// have changed: each is "" for all or a folder's, ending in "/", and none
	// begins with another. The first call is with "" as soon as every later
	// change will be seen: whoever lists then misses nothing. A prefix says
	// only where to look again. Calls come one after another, and the next
	// may come while the work of the last still goes on: the callee queues
	// and returns. Watch runs until ctx ends and then returns nil; an error
	// means that it can't watch at all.
	Watch(ctx context.Context, changed func(prefixes []string)) error
}

// Files by which owners say what of a folder is no music. They are the only
// hidden names that listings show.
const (
	SonglockerIgnore = ".songlockerignore"
	NDIgnore         = ".ndignore"
	NoMedia          = ".nomedia"
)

// IsIgnoreFile tells whether the object of this key is such a file.
func IsIgnoreFile(key string) bool {
	switch key[len(Folder(key)):] {
	case SonglockerIgnore, NDIgnore, NoMedia:
		return true
	}
	return false
}

// systemNames are folders that operating systems and storage boxes make
// within shared folders. None holds music that its owner sees.
var systemNames = map[string]bool{
	"@eaDir":                    true, // Synology's index
	"#recycle":                  true,
	"#snapshot":                 true,
	"@Recycle":                  true, // QNAP
	"@Recently-Snapshot":        true,
	"lost+found":                true,
	"$RECYCLE.BIN":              true, // Windows'
	"$Recycle.Bin":              true,
	"RECYCLER":                  true,
	"System Volume Information": true,
}

// HiddenName tells whether a file or folder of this name, one part of a key,
// is left out of listings: names that begin with a dot, as hidden files do,
// and the folders that systems make for themselves. A dot before another dot,
// a digit or a space does not hide: "...And Justice for All" and ".38 Special"
// are music. Nor are files hidden that say what is no music.
func HiddenName(name string) bool {
	if systemNames[name] {
		return true
	}
	if len(name) < 2 || name[0] != '.' || IsIgnoreFile(name) {
		return false
	}
	c := name[1]
	return c != '.' && c != ' ' && (c < '0' || c > '9')
}

// Hidden tells whether some part of key has a hidden name.
func Hidden(key string) bool {
	for part := range strings.SplitSeq(key, "/") {
		if HiddenName(part) {
			return true
		}
	}
	return false
}

// Folder returns the prefix of the folder that key lies in: "" for the root,
// else ending in "/".
func Folder(key string) string {
	return key[:strings.LastIndexByte(key, '/')+1]
}

// Coalesce returns prefixes without duplicates and without those that another
// one covers, in the order of their bytes.
func Coalesce(prefixes []string) []string {
	var out []string
	for _, p := range slices.Sorted(slices.Values(prefixes)) {
		if n := len(out); n == 0 || !strings.HasPrefix(p, out[n-1]) {
			out = append(out, p)
		}
	}
	return out
}

// ValidKey tells whether key can name an object: not empty, relative, and
// without empty, "." or ".." parts or NUL bytes.
func ValidKey(key string) bool {
	return key != "" && key != "." && key != ".." && key[0] != '/' && path.Clean(key) == key &&
		!strings.HasPrefix(key, "../") && strings.IndexByte(key, 0) < 0
}
