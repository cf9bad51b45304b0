package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/manage"
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
	Alarm      string     `json:"alarm,omitempty" doc:"for administrators: what the last scan found wrong"`
}

func library(l manage.Library) Library {
	out := Library{
		Number: l.Number, Name: l.Name, Kind: l.Kind, Songs: l.Songs, Created: time.UnixMilli(l.Created).UTC(), Scanned: when(l.ScannedAt),
		Location: l.Location, Configured: l.Config, Alarm: l.Alarm,
	}
	if l.Owner != 0 {
		out.Owner = userID(l.Owner)
	}
	return out
}

// NewLibrary is a library to be.
type NewLibrary struct {
	Location string `json:"location" minLength:"1" maxLength:"4096" doc:"an absolute path on the server, or a URL such as file:///music"`
	Name     string `json:"name,omitempty" maxLength:"255" doc:"the last part of the location, when not given"`
	Kind     string `json:"kind,omitempty" enum:"music,audiobook,podcast" default:"music"`
}

// LibraryChange is what changes of a library.
type LibraryChange struct {
	Name *string `json:"name,omitempty" minLength:"1" maxLength:"255"`
	Kind *string `json:"kind,omitempty" enum:"music,audiobook,podcast" doc:"songs of other kinds than music are in no random, similar, top and frequent list but that of their own library"`
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
		return paged(*in, all, library), nil
	})
	handle(a, huma.Operation{
		OperationID: "addLibrary", Method: http.MethodPost, Path: "/libraries", Tags: tags,
		Summary:       "Add a shared library and scan it",
		Description:   "A place whose library was removed brings all back that belonged to it.",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict, http.StatusServiceUnavailable},
	}, func(ctx context.Context, who *caller, in *body[NewLibrary]) (*body[Library], error) {
		l, err := a.Manage.AddLibrary(ctx, who.Identity, models.Library{Name: in.Body.Name, Location: in.Body.Location, Kind: in.Body.Kind})
		if err != nil {
			return nil, err
		}
		return answer(library(l)), nil
	})
	handle(a, with(one, "getLibrary", http.MethodGet, "One library"),
		func(ctx context.Context, who *caller, in *OneLibrary) (*body[Library], error) {
			l, err := a.Manage.Library(ctx, who.Identity, in.Library)
			if err != nil {
				return nil, err
			}
			return answer(library(l)), nil
		})
	change := with(one, "changeLibrary", http.MethodPatch, "Give a library another name or kind")
	change.Errors = append(change.Errors, http.StatusConflict)
	handle(a, change, func(ctx context.Context, who *caller, in *struct {
		OneLibrary
		Body LibraryChange
	}) (*body[Library], error) {
		l, err := a.Manage.ChangeLibrary(ctx, who.Identity, in.Library, manage.LibraryChange(in.Body))
		if err != nil {
			return nil, err
		}
		return answer(library(l)), nil
	})
	remove := with(one, "removeLibrary", http.MethodDelete, "Hide a library with all that it holds; no file is touched")
	remove.Errors = append(remove.Errors, http.StatusConflict)
	handle(a, remove, func(ctx context.Context, who *caller, in *OneLibrary) (*none, error) {
		return nil, a.Manage.RemoveLibrary(ctx, who.Identity, in.Library)
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
