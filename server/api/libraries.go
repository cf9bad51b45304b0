package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/server/probe"
	"github.com/songlocker/songlocker/storage"
)

// Library is one root of music.
type Library struct {
	Number     int        `json:"number"`
	Name       string     `json:"name"`
	Kind       string     `json:"kind" enum:"music,audiobook,podcast"`
	Songs      int        `json:"songs"`
	Created    time.Time  `json:"created"`
	Scanned    *time.Time `json:"scanned" nullable:"true" doc:"when the last complete scan ended"`
	Owner      string     `json:"owner,omitempty" doc:"whose own library it is; without one it is shared"`
	Location   string     `json:"location,omitempty" doc:"for administrators"`
	Configured bool       `json:"configured,omitempty" doc:"for administrators: the configuration names it"`
	Alarm      string     `json:"alarm,omitempty" doc:"for administrators: what is wrong with it"`
	Settings   *Settings  `json:"settings,omitempty" doc:"for administrators"`
}

// Settings are what is set of a library.
type Settings struct {
	Redirect   string `json:"redirect" enum:"off,download,all" doc:"which songs of a bucket are sent by a signed link to it"`
	CopiesOf   int    `json:"copiesOf" doc:"the library whose songs this one holds smaller copies of; 0 for none"`
	Prices     Prices `json:"prices"`
	RequestCap int64  `json:"requestCap" doc:"requests a day (UTC) of background work; 0 for no bound"`
	ByteCap    int64  `json:"byteCap" doc:"bytes a day of background work; 0 for no bound"`
	Secret     bool   `json:"secret" doc:"the catalog keeps a secret of the bucket, which nobody is shown"`
	Events     bool   `json:"events" doc:"there is a secret by which the bucket's provider may tell of changes"`
}

// Prices are what a bucket's provider asks for, in any one currency.
type Prices struct {
	Lists float64 `json:"lists,omitempty" minimum:"0" maximum:"1000000000" doc:"of 1,000 pages of listings"`
	Heads float64 `json:"heads,omitempty" minimum:"0" maximum:"1000000000" doc:"of 1,000 questions about one object"`
	Gets  float64 `json:"gets,omitempty" minimum:"0" maximum:"1000000000" doc:"of 1,000 reads"`
	Bytes float64 `json:"bytes,omitempty" minimum:"0" maximum:"1000000000" doc:"of 1 GB (10^9 bytes) that leaves the bucket"`
}

// library translates a library for a caller, who sees settings as an
// administrator.
func library(who *caller, l manage.Library) Library {
	out := Library{
		Number: l.Number, Name: l.Name, Kind: l.Kind, Songs: l.Songs, Created: time.UnixMilli(l.Created).UTC(), Scanned: when(l.ScannedAt),
		Location: l.Location, Configured: l.Config, Alarm: l.Alarm,
	}
	if l.Owner != 0 {
		out.Owner = userID(l.Owner)
	}
	if who.Roles().Admin {
		out.Settings = &Settings{
			Redirect: cmp.Or(l.Settings.Redirect, "off"), CopiesOf: l.Settings.CopiesOf, Prices: Prices(l.Settings.Prices),
			RequestCap: l.Settings.RequestCap, ByteCap: l.Settings.ByteCap, Secret: l.Library.Secret, Events: l.Hook,
		}
	}
	return out
}

// NewLibrary is a library to be.
type NewLibrary struct {
	Location string      `json:"location" minLength:"1" maxLength:"4096" doc:"an absolute path on the server, or a URL such as file:///music or s3://bucket/prefix?region=eu-west-1"`
	Name     string      `json:"name,omitempty" maxLength:"255" doc:"the last part of the location, when not given"`
	Kind     string      `json:"kind,omitempty" enum:"music,audiobook,podcast" default:"music"`
	Secret   StoreSecret `json:"secret,omitempty" writeOnly:"true" doc:"what opens the bucket, by the names that docs/buckets.md tells"`
	Force    bool        `json:"force,omitempty" doc:"add it although its place does not work now"`
}

// StoreSecret is what opens a bucket. No answer holds one.
type StoreSecret map[string]string

// Place is where a library may be.
type Place struct {
	Location string      `json:"location" minLength:"1" maxLength:"4096" doc:"an absolute path on the server, or a URL"`
	Secret   StoreSecret `json:"secret,omitempty" writeOnly:"true" doc:"what opens the bucket"`
}

// Test is what a trial of a place found.
type Test struct {
	Works bool       `json:"works"`
	Steps []TestStep `json:"steps" nullable:"false"`
	Keys  []string   `json:"keys" nullable:"false" doc:"the first objects, at most five"`
}

// TestStep is one thing that was tried.
type TestStep struct {
	Name  string `json:"name" enum:"open,list,read,clock,rights"`
	State string `json:"state" enum:"ok,hint,failed"`
	Text  string `json:"text" doc:"a sentence, with the store's reason and what to change where it failed"`
}

func test(r *probe.Report) *body[Test] {
	out := Test{Works: r.Err() == nil, Steps: []TestStep{}, Keys: []string{}}
	for _, s := range r.Steps {
		out.Steps = append(out.Steps, TestStep(s))
	}
	for _, k := range r.Keys {
		out.Keys = append(out.Keys, strings.ToValidUTF8(k, "\uFFFD"))
	}
	return answer(out)
}

// NewHook is a secret that lets events in.
type NewHook struct {
	Secret string `json:"secret" doc:"shown this once: a bearer token, or the last part of the path"`
	Path   string `json:"path" doc:"where the provider posts events, at the address of the server"`
}

// LibraryChange is what changes of a library.
type LibraryChange struct {
	Name       *string      `json:"name,omitempty" minLength:"1" maxLength:"255"`
	Kind       *string      `json:"kind,omitempty" enum:"music,audiobook,podcast" doc:"songs of other kinds than music are in no random, similar, top and frequent list but that of their own library"`
	Redirect   *string      `json:"redirect,omitempty" enum:"off,download,all" doc:"which songs of a bucket are sent by a signed link to it"`
	CopiesOf   *int         `json:"copiesOf,omitempty" minimum:"0" doc:"the library whose songs this one holds smaller copies of; 0 for none"`
	Prices     *Prices      `json:"prices,omitempty" doc:"all of them; what is left out is 0"`
	RequestCap *int64       `json:"requestCap,omitempty" minimum:"0"`
	ByteCap    *int64       `json:"byteCap,omitempty" minimum:"0"`
	Secret     *StoreSecret `json:"secret,omitempty" writeOnly:"true" doc:"what opens the bucket, in the place of what is kept; an empty object drops it"`
	Force      bool         `json:"force,omitempty" doc:"keep the secret although the bucket does not work with it now"`
}

func (c LibraryChange) change() manage.LibraryChange {
	return manage.LibraryChange{
		Name: c.Name, Kind: c.Kind, Redirect: c.Redirect, CopiesOf: c.CopiesOf, Prices: (*models.Prices)(c.Prices),
		RequestCap: c.RequestCap, ByteCap: c.ByteCap, Secret: (*storage.Secret)(c.Secret), Force: c.Force,
	}
}

// Reader is a user who reads a library.
type Reader struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	AllLibraries bool   `json:"allLibraries" doc:"reads it as one of all shared ones"`
}

// Purge counts what goes when missing songs are taken out of the catalog.
type Purge struct {
	Songs           int `json:"songs"`
	Albums          int `json:"albums" doc:"of which no song is left"`
	Stars           int `json:"stars" doc:"on these songs and albums, of all users"`
	Ratings         int `json:"ratings"`
	Bookmarks       int `json:"bookmarks"`
	Plays           int `json:"plays" doc:"that become text"`
	PlaylistEntries int `json:"playlistEntries" doc:"that become text"`
}

func purge(p catalog.Purge) Purge {
	return Purge{Songs: p.Songs, Albums: p.Albums, Stars: p.Stars, Ratings: p.Ratings, Bookmarks: p.Bookmarks, Plays: p.Plays, PlaylistEntries: p.Entries}
}

// NewPurge asks for a purge.
type NewPurge struct {
	OlderThanDays int  `json:"olderThanDays" minimum:"0" maximum:"10000" doc:"only songs that have been missing for longer"`
	Apply         bool `json:"apply,omitempty" doc:"do it; without this nothing changes and the answer tells what would go"`
}

// Purged tells what went, or would go.
type Purged struct {
	Applied bool `json:"applied"`
	Purge
}

// MissingSong is a song that is not there any more.
type MissingSong struct {
	ID              string    `json:"id"`
	Title           string    `json:"title"`
	Artist          string    `json:"artist"`
	Album           string    `json:"album"`
	Path            string    `json:"path" doc:"where it was in its library"`
	Since           time.Time `json:"since"`
	Stars           int       `json:"stars" doc:"of all users"`
	Plays           int       `json:"plays"`
	PlaylistEntries int       `json:"playlistEntries"`
}

func missingSong(m catalog.MissingSong) MissingSong {
	return MissingSong{
		ID: models.ID{Kind: models.KindSong, Key: m.Song}.String(), Title: m.Title, Artist: m.Artist, Album: m.Album,
		Path: strings.ToValidUTF8(m.ObjectKey, "\uFFFD"), Since: time.UnixMilli(m.Since).UTC(), Stars: m.Stars, Plays: m.Plays, PlaylistEntries: m.Entries,
	}
}

// days is a number of days as a length of time.
func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// OneLibrary names a library in a path.
type OneLibrary struct {
	Library int `path:"library" minimum:"1" doc:"the library's number"`
}

func (a *API) libraries() {
	tags := []string{"libraries"}
	one := huma.Operation{Path: "/libraries/{library}", Tags: tags, Errors: []int{http.StatusNotFound}}
	with := func(op huma.Operation, id, method, summary string) huma.Operation {
		op.OperationID, op.Method, op.Summary = id, method, summary
		return op
	}
	handle(a, huma.Operation{
		OperationID: "listLibraries", Method: http.MethodGet, Path: "/libraries", Tags: tags,
		Summary: "The libraries that the caller may read, for administrators all",
	}, func(ctx context.Context, who *caller, in *Page) (*body[list[Library]], error) {
		all, err := a.Manage.Libraries(ctx, who.Identity)
		if err != nil {
			return nil, err
		}
		return paged(*in, all, func(l manage.Library) Library { return library(who, l) }), nil
	})
	handle(a, huma.Operation{
		OperationID: "addLibrary", Method: http.MethodPost, Path: "/libraries", Tags: tags,
		Summary:       "Add a shared library and scan it",
		Description:   "Its place is tested first; one that does not work is refused unless force is set. A place whose library was removed brings all back that belonged to it.",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict, http.StatusServiceUnavailable},
	}, func(ctx context.Context, who *caller, in *body[NewLibrary]) (*body[Library], error) {
		l, err := a.Manage.AddLibrary(ctx, who.Identity, manage.NewLibrary{
			Name: in.Body.Name, Location: in.Body.Location, Kind: in.Body.Kind, Secret: storage.Secret(in.Body.Secret), Force: in.Body.Force,
		})
		if err != nil {
			return nil, err
		}
		return answer(library(who, l)), nil
	})
	handle(a, with(one, "getLibrary", http.MethodGet, "One library"),
		func(ctx context.Context, who *caller, in *OneLibrary) (*body[Library], error) {
			l, err := a.Manage.Library(ctx, who.Identity, in.Library)
			if err != nil {
				return nil, err
			}
			return answer(library(who, l)), nil
		})
	change := with(one, "changeLibrary", http.MethodPatch, "Change what is set of a library, and the secret of its bucket")
	change.Errors = append(change.Errors, http.StatusConflict)
	handle(a, change, func(ctx context.Context, who *caller, in *struct {
		OneLibrary
		Body LibraryChange
	}) (*body[Library], error) {
		l, err := a.Manage.ChangeLibrary(ctx, who.Identity, in.Library, in.Body.change())
		if err != nil {
			return nil, err
		}
		return answer(library(who, l)), nil
	})
	remove := with(one, "removeLibrary", http.MethodDelete, "Hide a library with all that it holds; no file is touched")
	remove.Errors = append(remove.Errors, http.StatusConflict)
	handle(a, remove, func(ctx context.Context, who *caller, in *OneLibrary) (*none, error) {
		return nil, a.Manage.RemoveLibrary(ctx, who.Identity, in.Library)
	})

	handle(a, huma.Operation{
		OperationID: "testPlace", Method: http.MethodPost, Path: "/libraries/test", Tags: tags,
		Summary:     "Test a place before a library is added there",
		Description: "Lists a few objects, reads a little of one and compares clocks. Nothing is kept.",
	}, func(ctx context.Context, who *caller, in *body[Place]) (*body[Test], error) {
		r, err := a.Manage.TestPlace(ctx, who.Identity, in.Body.Location, storage.Secret(in.Body.Secret))
		if err != nil {
			return nil, err
		}
		return test(r), nil
	})
	try := one
	try.Path += "/test"
	handle(a, with(try, "testLibrary", http.MethodPost, "Test a library's place with the secret that it has"),
		func(ctx context.Context, who *caller, in *OneLibrary) (*body[Test], error) {
			r, err := a.Manage.TestLibrary(ctx, who.Identity, in.Library)
			if err != nil {
				return nil, err
			}
			return test(r), nil
		})
	hook := one
	hook.Path += "/hook"
	handle(a, with(hook, "newHook", http.MethodPost, "Make the secret by which a bucket's provider may tell of changes; the last one ends"),
		func(ctx context.Context, who *caller, in *OneLibrary) (*body[NewHook], error) {
			clear, err := a.Manage.NewHook(ctx, who.Identity, in.Library)
			if err != nil {
				return nil, err
			}
			return answer(NewHook{clear, fmt.Sprintf("%s/hooks/bucket/%d", a.Door.BasePath, in.Library)}), nil
		})
	handle(a, with(hook, "endHook", http.MethodDelete, "Let no events of a library in any more"),
		func(ctx context.Context, who *caller, in *OneLibrary) (*none, error) {
			return nil, a.Manage.EndHook(ctx, who.Identity, in.Library)
		})

	missing := huma.Operation{Path: "/libraries/{library}/missing", Tags: tags, Errors: []int{http.StatusNotFound}}
	missing.Description = "For administrators who may read the library; others who administer see no songs. They are hidden and kept, with all that users attached to them, until they return or are purged."
	handle(a, with(missing, "listMissing", http.MethodGet, "Songs that are missing, those first that have been for longest"),
		func(ctx context.Context, who *caller, in *struct {
			OneLibrary
			Page
			OlderThanDays int `query:"olderThanDays" minimum:"0" maximum:"10000" doc:"only those that have been missing for longer"`
		}) (*body[list[MissingSong]], error) {
			p, songs, err := a.Manage.Missing(ctx, who.Identity, in.Library, days(in.OlderThanDays), in.Limit, in.Offset)
			if err != nil {
				return nil, err
			}
			out := list[MissingSong]{Items: []MissingSong{}, Total: p.Songs}
			for _, s := range songs {
				out.Items = append(out.Items, missingSong(s))
			}
			return answer(out), nil
		})
	away := huma.Operation{Path: "/libraries/{library}/purge", Tags: tags, Errors: []int{http.StatusNotFound, http.StatusConflict}}
	away.Description = "Only tells what would go, unless asked to apply it. Stars, ratings and bookmarks go with their songs; plays and places in playlists stay as text. " +
		"While a scan of the library runs or its alarm stands, applying it is a conflict."
	handle(a, with(away, "purgeLibrary", http.MethodPost, "Take songs that have long been missing out of the catalog for good"),
		func(ctx context.Context, who *caller, in *struct {
			OneLibrary
			Body NewPurge
		}) (*body[Purged], error) {
			var p catalog.Purge
			var err error
			if in.Body.Apply {
				p, err = a.Manage.Purge(ctx, who.Identity, in.Library, days(in.Body.OlderThanDays))
			} else {
				p, _, err = a.Manage.Missing(ctx, who.Identity, in.Library, days(in.Body.OlderThanDays), 0, 0)
			}
			if err != nil {
				return nil, err
			}
			return answer(Purged{in.Body.Apply, purge(p)}), nil
		})

	readers := huma.Operation{Path: "/libraries/{library}/readers", Tags: tags, Errors: []int{http.StatusNotFound}}
	handle(a, with(readers, "listReaders", http.MethodGet, "Who reads a library"),
		func(ctx context.Context, who *caller, in *struct {
			OneLibrary
			Page
		}) (*body[list[Reader]], error) {
			all, err := a.Manage.Readers(ctx, who.Identity, in.Library)
			if err != nil {
				return nil, err
			}
			return paged(in.Page, all, func(u *models.User) Reader { return Reader{userID(u.Key), u.Name, u.AllLibraries} }), nil
		})
	readers.Path += "/{user}"
	type reader struct {
		OneLibrary
		OneUser
	}
	handle(a, with(readers, "grantLibrary", http.MethodPut, "Let a user read a shared library"),
		func(ctx context.Context, who *caller, in *reader) (*none, error) {
			k, err := in.key()
			if err != nil {
				return nil, err
			}
			return nil, a.Manage.Grant(ctx, who.Identity, k, in.Library)
		})
	readers.Errors = append(readers.Errors, http.StatusConflict)
	readers.Description = "A user who reads all shared libraries is a conflict: change the user's libraries instead."
	handle(a, with(readers, "revokeLibrary", http.MethodDelete, "Take the right to read a library from a user"),
		func(ctx context.Context, who *caller, in *reader) (*none, error) {
			k, err := in.key()
			if err != nil {
				return nil, err
			}
			return nil, a.Manage.Revoke(ctx, who.Identity, k, in.Library)
		})
}
