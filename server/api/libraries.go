package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/songlocker/songlocker/models"
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
	Name string `json:"name" minLength:"1" maxLength:"255"`
}

// Reader is a user who reads a library.
type Reader struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	AllLibraries bool   `json:"allLibraries" doc:"reads it as one of all shared ones"`
}

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
	change := with(one, "renameLibrary", http.MethodPatch, "Give a library another name")
	change.Errors = append(change.Errors, http.StatusConflict)
	handle(a, change, func(ctx context.Context, who *caller, in *struct {
		OneLibrary
		Body LibraryChange
	}) (*body[Library], error) {
		l, err := a.Manage.RenameLibrary(ctx, who.Identity, in.Library, in.Body.Name)
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
