package subsonic

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/storage"
)

// content is a song that is open: the file of a whole object, or a part of
// one as the file that it is by itself.
type content struct {
	io.ReadSeeker
	object   storage.Object
	tag      string    // a strong ETag with its quotes
	modified time.Time // zero where only the tag tells
	remote   bool      // nothing has been asked of the store before the first read
	lead     int       // bytes at its beginning that are not the object's
	head     []byte    // read, and not yet given out
	failed   error     // of a read
	given    int       // bytes read so far
	begun    func()    // called once warmAfter of them are; may be nil
}

// Read gives out what prime has read first.
func (x *content) Read(p []byte) (int, error) {
	if len(x.head) > 0 {
		n := copy(p, x.head)
		x.head = x.head[n:]
		return n, nil
	}
	n, err := x.ReadSeeker.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		x.failed = err
	}
	if x.given += n; x.given >= warmAfter && x.begun != nil {
		x.begun()
	}
	return n, err
}

// Seek is that of io.Seeker.
func (x *content) Seek(off int64, whence int) (int64, error) {
	if whence == io.SeekCurrent {
		off -= int64(len(x.head))
	}
	x.head = nil
	return x.ReadSeeker.Seek(off, whence)
}

// primer is how much prime reads at most, in bytes.
const primer = 32 << 10

// prime reads the first of n bytes that will be asked for from here on, so
// that an error comes while there is still a way to tell of it.
func (x *content) prime(n int64) error {
	if n <= 0 || len(x.head) > 0 {
		return nil
	}
	b := make([]byte, min(n, int64(x.lead)+primer))
	have := 0
	for have < len(b) && have <= x.lead {
		m, err := x.ReadSeeker.Read(b[have:])
		have += m
		if err != nil {
			return err
		}
	}
	x.head = b[:have]
	return nil
}

// opening is the writer of a response that begins when the first byte of its
// content is there.
type opening struct {
	http.ResponseWriter
	c   Call
	of  *content
	err error // for which nothing was sent
}

// WriteHeader is that of http.ResponseWriter.
func (o *opening) WriteHeader(code int) {
	if o.err != nil {
		return
	}
	whole := code == http.StatusOK || code == http.StatusPartialContent && o.Header().Get("Content-Range") != ""
	if whole && o.c.R.Method != http.MethodHead {
		n, _ := strconv.ParseInt(o.Header().Get("Content-Length"), 10, 64) // ServeContent has set it
		if o.err = o.of.prime(n); o.err != nil {
			return
		}
	}
	o.c.begin()
	o.ResponseWriter.WriteHeader(code)
}

// Write is that of http.ResponseWriter.
func (o *opening) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	return o.ResponseWriter.Write(p)
}

// withContent opens a song and hands it to use, which tells whether it has let
// bytes of it out. The content of a remote store is the one that the catalog
// knows of, and costs nothing before it is read. When it turns out to have
// changed, its folder is scanned again; what is there now is used instead as
// long as nothing has gone out, and else the connection breaks: two contents
// are never mixed.
func (a *API) withContent(c Call, s *models.Song, use func(x *content) (bool, error)) error {
	id := idOf(models.KindSong, s.Key)
	store, err := a.Stores.Store(c, s.Library)
	if err != nil {
		return fmt.Errorf("the store of library %d: %w", s.Library, err)
	}
	o, cut, err := a.objectOf(c, s)
	if err != nil {
		return err
	}
	for again := false; ; again = true {
		begun, err := a.use(c, s, store, o, cut, use)
		if err == nil {
			return nil
		}
		a.changed(s, isRemote(store), err)
		if begun {
			if c.Err() == nil {
				a.Log.Warn("a stream broke off", "song", id, "error", err)
			}
			panic(http.ErrAbortHandler)
		}
		if s.Archived && (errors.Is(err, models.ErrUnavailable) || errors.Is(err, fs.ErrPermission)) {
			// It had not been restored since it was listed.
			err = fmt.Errorf("%w: %w", models.ErrArchived, err)
		}
		if !errors.Is(err, storage.ErrChanged) || again || s.Part != 0 {
			return fmt.Errorf("open %s: %w", id, err)
		}
		if o, err = store.Stat(c, s.ObjectKey); err != nil {
			return fmt.Errorf("open %s: %w", id, err)
		}
	}
}

// objectOf returns a song's object as the catalog knows of it, and how the song
// lies in it where it is a part.
func (a *API) objectOf(c Call, s *models.Song) (o storage.Object, cut models.Cut, err error) {
	o = storage.Object{Key: s.ObjectKey, Size: s.Size, ModTime: s.ModTime, ETag: s.ETag}
	if s.Part != 0 {
		cut, err = a.Catalog.Cut(c, s.Key)
		o.Size = cut.Object
	}
	return o, cut, err
}

// changed asks for a scan where err says that a song's object is no longer the
// one that the catalog knows of. Of a folder nothing is pinned, and a file that
// is gone may only be on a disk that is away.
func (a *API) changed(s *models.Song, remote bool, err error) {
	if remote && a.Scans != nil && (errors.Is(err, storage.ErrChanged) || errors.Is(err, fs.ErrNotExist)) {
		a.Scans.Changed(s.Library, s.ObjectKey)
	}
}

// use is one attempt of withContent.
func (a *API) use(c Call, s *models.Song, store storage.Store, o storage.Object, cut models.Cut, use func(x *content) (bool, error)) (bool, error) {
	f, err := storage.OpenPinned(c, store, o)
	if err != nil {
		return false, err
	}
	defer f.Close()
	x, err := newContent(s, f, cut)
	if err != nil {
		return false, err
	}
	x.remote = isRemote(store)
	return use(x)
}

// isRemote tells whether a store is no folder.
func isRemote(s storage.Store) bool {
	_, ok := s.(storage.Pinner)
	return ok
}

// newContent makes the content of a song of an open file. cut says how it lies
// in the file, where it is a part.
func newContent(s *models.Song, f storage.File, cut models.Cut) (*content, error) {
	o := f.Object()
	x := &content{ReadSeeker: f, object: o, tag: objectTag(o)}
	if o.ModTime != 0 {
		x.modified = time.Unix(0, o.ModTime)
	}
	if s.Part != 0 {
		if o.Size != cut.Object || o.ModTime != s.ModTime || o.ETag != s.ETag {
			return nil, fmt.Errorf("a part of a file that has changed since it was scanned: %w", models.ErrUnavailable)
		}
		// A sheet that changes makes another part of an object that does not:
		// only the tag tells.
		x.lead = len(cut.Head)
		x.ReadSeeker, x.tag, x.modified = audio.NewCutReader(f, cut), partTag(x.tag, cut), time.Time{}
	}
	return x, nil
}
