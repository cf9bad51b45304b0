// Package subsonic answers the Subsonic protocol 1.16.1 with the additions of
// OpenSubsonic (https://opensubsonic.netlify.app/docs/) over HTTP. Every
// endpoint is a line in the registry: a name, the right it needs, and a
// handler that takes typed parameters and returns a payload or an error. The
// package imports no service; it declares the few that it needs.
package subsonic

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// MaxHeaderBytes is what the HTTP server must accept as request line and
// headers: apps send playlists of thousands of ids by GET, up to 256 KiB.
const MaxHeaderBytes = 320 << 10

// DefaultIgnoredArticles are the words that are skipped at the beginning of a
// name when it is put under a letter.
const DefaultIgnoredArticles = "The El La Los Las Le Les Os As O A"

// Config is what an API is made of. Catalog, Auth and Stores are required;
// without one of the other services its calls answer as if there were nothing.
type Config struct {
	Catalog *catalog.Catalog
	Auth    Authenticator
	Stores  Stores
	Covers  Covers
	Lyrics  Lyrics
	Scans   Scans

	IgnoredArticles []string         // nil: DefaultIgnoredArticles
	Version         string           // of this server
	HelpURL         string           // where a user makes device secrets; sent with refused logins
	Log             *slog.Logger     // nil discards
	Now             func() time.Time // nil: time.Now
	// Called, unless it is nil, is told of each call when it has ended: which
	// endpoint of the registry or "unknown", how it ended, and how many bytes of
	// media went out. A status is "ok" or "failed" for answers of the protocol
	// and the number of HTTP for media.
	Called func(endpoint, status string, sent int64)
}

// Authenticator lets users in and keeps their passwords.
type Authenticator interface {
	// Login returns who is behind an attempt, or one of the refusals of
	// package models.
	Login(ctx context.Context, a models.Attempt) (models.Identity, error)
	// SetPassword gives a user a new password.
	SetPassword(ctx context.Context, user models.Key, clear string) error
	// Create makes a user who may read these shared libraries, all of them
	// when libraries is nil. A taken name is models.ErrConflict.
	Create(ctx context.Context, u *models.User, clear string, libraries []int) error
}

// Stores opens the store of a library. It belongs to the giver: nobody here
// closes it.
type Stores interface {
	Store(ctx context.Context, library int) (storage.Store, error)
}

// Picture is one open picture. The caller closes it.
type Picture interface {
	io.ReadSeekCloser
	MIME() string
	ETag() string // quoted, as HTTP sends it
	ModTime() time.Time
}

// Covers makes pictures.
type Covers interface {
	// Cover returns the picture that a cover id, or a plain id of a song,
	// album, artist, folder or playlist, names, no larger than size pixels at
	// its longer edge; 0 is the original. What the viewer may not see and
	// what has no picture is models.ErrNotFound.
	Cover(ctx context.Context, v catalog.Viewer, id string, size int) (Picture, error)
}

// Lyrics finds the texts of songs.
type Lyrics interface {
	// Lyrics returns the best text first, and nothing when there is none.
	Lyrics(ctx context.Context, v catalog.Viewer, song models.Key) ([]models.Lyrics, error)
}

// Scans starts scans and tells how they go.
type Scans interface {
	// Start begins a scan of these libraries, of all when there are none, and
	// returns at once. While one runs it changes nothing and is no error.
	Start(ctx context.Context, libraries []int, full bool) error
	// Status tells whether a scan runs, and how many songs the running or
	// the last one has seen.
	Status() (scanning bool, count int)
	// Changed asks for a scan of the folder of an object that is not what the
	// catalog knows of. It returns at once, and asked again soon it does
	// nothing.
	Changed(library int, key string)
}

// API answers the protocol. It may be used at once from many places.
type API struct {
	Config
	articles []string // folded, for indexes
	players  players
	detours  detours
	kinds    libraryKinds
}

// New returns an API over what c names.
func New(c Config) *API {
	if c.IgnoredArticles == nil {
		c.IgnoredArticles = strings.Fields(DefaultIgnoredArticles)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	a := &API{Config: c}
	for _, word := range c.IgnoredArticles {
		a.articles = append(a.articles, models.Fold(word)+" ")
	}
	return a
}

// Call is one authorised call of one endpoint. It is the context of the
// request as well.
type Call struct {
	context.Context
	User   *models.User   // shared: read, do not write; nil for open endpoints
	Roles  models.Roles   // the user's, narrowed by the scope of the secret used
	Viewer catalog.Viewer // what the call may read
	Key    bool           // logged in by an API key
	Client string         // the app, as it calls itself: the parameter c
	Header http.Header    // of the response

	// Only media endpoints touch these. W is net/http's own writer, so that a
	// file is sent by the kernel.
	W       http.ResponseWriter
	R       *http.Request
	started *bool // set by them before the first byte
}

// folderID is the value of the parameter musicFolderId.
type folderID string

// In is what the call may read of one music folder: everything for none and
// for 0, nothing for an unknown one.
func (c Call) In(folder folderID) catalog.Viewer {
	n, err := parseInt(string(folder))
	switch {
	case folder == "" || err == nil && n == 0:
		return c.Viewer
	case err != nil || n < 0 || n > 1<<31-1:
		n = -1
	}
	return c.Viewer.In(int(n))
}

// music narrows what the caller may read to one library, when that is named,
// and else to the libraries of music: nobody wants a chapter of an audiobook
// among songs by chance.
func (a *API) music(c Call, folder folderID) (catalog.Viewer, error) {
	if n, err := parseInt(string(folder)); folder != "" && (err != nil || n != 0) {
		return c.In(folder), nil
	}
	kinds, err := a.libraryKinds(c)
	var others []int
	for n, kind := range kinds {
		if kind != models.LibraryMusic {
			others = append(others, n)
		}
	}
	slices.Sort(others)
	return c.Viewer.Without(others), err
}

// libraryKinds remembers the kinds of the libraries for one version of the
// catalog.
type libraryKinds struct {
	sync.Mutex
	version int64
	kinds   map[int]string
}

// libraryKinds returns the kind of each library by its number.
func (a *API) libraryKinds(ctx context.Context) (map[int]string, error) {
	version := a.Catalog.Version()
	a.kinds.Lock()
	kinds, fresh := a.kinds.kinds, a.kinds.version == version
	a.kinds.Unlock()
	if kinds != nil && fresh {
		return kinds, nil
	}
	list, err := a.Catalog.Libraries(ctx)
	if err != nil {
		return nil, err
	}
	kinds = make(map[int]string, len(list))
	for _, l := range list {
		kinds[l.Number] = l.Kind
	}
	a.kinds.Lock()
	a.kinds.version, a.kinds.kinds = version, kinds
	a.kinds.Unlock()
	return kinds, nil
}
