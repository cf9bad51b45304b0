package subsonic

import (
	"net/http"
	"strings"
	"sync"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// warmer is a Store that fetches what is likely to be asked for soon, in the
// background and within bounds of its own.
type warmer interface {
	Warm(o storage.Object, off, n int64)
}

const (
	// warmth is how much of the next song is fetched, in bytes.
	warmth = 1 << 20
	// warmAfter is how much of a song has been sent before the next one is
	// thought of: the one that plays has the line first.
	warmAfter = 512 << 10
)

// fromStart tells whether a request asks for a song from its first byte on.
func fromStart(r *http.Request) bool {
	asked := r.Header.Get("Range")
	return r.Method != http.MethodHead && (asked == "" || strings.HasPrefix(strings.ReplaceAll(asked, " ", ""), "bytes=0-"))
}

// warming returns what begins to fetch the head of the song after s, once
// however often it is called, and what waits for that work, which ends with
// the call.
func (a *API) warming(c Call, s *models.Song, w wanted) (begin, wait func()) {
	if !fromStart(c.R) || !a.anyRemote(c) {
		return func() {}, func() {}
	}
	var work sync.WaitGroup
	return sync.OnceFunc(func() { work.Go(func() { a.warmNext(c, s, w) }) }), work.Wait
}

// warmNext fetches the head of the song that is likely to be played after s,
// as what is wanted of it, as far as the user may read it and its store keeps
// what it fetches.
func (a *API) warmNext(c Call, s *models.Song, w wanted) {
	next, err := a.Catalog.NextSong(c, c.Viewer, s)
	if err == nil && !w.fits(next) {
		var list []*models.Song
		if list, err = a.choice(c, next, w); err == nil {
			next = list[0]
		}
	}
	if err == nil {
		err = a.warm(c, next)
	}
	if err != nil && !isNotFound(err) && c.Err() == nil {
		a.Log.Debug("the next song is not fetched ahead", "error", err)
	}
}

// anyRemote tells whether some library is not a folder. It saves a server of
// folders alone the search for the next song.
func (a *API) anyRemote(c Call) bool {
	remote, err := a.Catalog.AnyLibrary(c, func(l *models.Library) bool { return !strings.HasPrefix(l.Location, "file:") })
	return err == nil && remote
}

func (a *API) warm(c Call, s *models.Song) error {
	store, err := a.Stores.Store(c, s.Library)
	if err != nil {
		return err
	}
	w, ok := storage.As[warmer](store)
	if !ok || s.Archived {
		return nil
	}
	o, cut, err := a.objectOf(c, s)
	if err != nil {
		return err
	}
	w.Warm(o, cut.From, warmth)
	return nil
}
