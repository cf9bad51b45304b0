package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/manage"
)

// when is a time of the catalog, nil for never.
func when(ms int64) *time.Time {
	if ms == 0 {
		return nil
	}
	t := time.UnixMilli(ms).UTC()
	return &t
}

func userID(k models.Key) string { return models.ID{Kind: models.KindUser, Key: k}.String() }

// Version tells what answers.
type Version struct {
	Version string `json:"version" doc:"of the program"`
	API     int    `json:"api" doc:"of this API"`
	Status  string `json:"status" enum:"ok,failing" doc:"whether the database answers"`
}

// Credentials sign a person in.
type Credentials struct {
	Name     string `json:"name" minLength:"1" maxLength:"255"`
	Password string `json:"password" minLength:"1" maxLength:"1024" doc:"the account's password"`
}

// Me is the caller.
type Me struct {
	User
	Scope models.Scope `json:"scope" doc:"of the device secret in use; full for a session"`
}

func (a *API) sessions() {
	anybody := map[string]any{open: true}
	handle(a, huma.Operation{
		OperationID: "version", Method: http.MethodGet, Path: "/version", Tags: []string{"server"},
		Summary: "What answers", Metadata: anybody,
	}, func(ctx context.Context, _ *caller, _ *none) (*body[Version], error) {
		v := Version{Version: a.Version, API: 1, Status: "ok"}
		if a.Manage.Catalog.Ping(ctx) != nil {
			v.Status = "failing"
		}
		return answer(v), nil
	})
	handle(a, huma.Operation{
		OperationID: "signIn", Method: http.MethodPost, Path: "/session", Tags: []string{"session"},
		Summary: "Sign in and get a session's cookie", Metadata: anybody, DefaultStatus: http.StatusOK,
		Errors: []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests},
	}, func(_ context.Context, who *caller, in *body[Credentials]) (*body[Me], error) {
		u, err := a.Door.SignIn(who.echo.Response(), who.echo.Request(), models.Attempt{
			User: in.Body.Name, Password: in.Body.Password, Addr: who.addr(), Client: "api",
		})
		if err != nil {
			return nil, err
		}
		return answer(me(models.Identity{User: u, Scope: models.ScopeFull})), nil
	})
	handle(a, huma.Operation{
		OperationID: "signOut", Method: http.MethodDelete, Path: "/session", Tags: []string{"session"},
		Summary: "End the session of the cookie",
	}, func(_ context.Context, who *caller, _ *none) (*none, error) {
		return nil, a.Door.End(who.echo.Response(), who.echo.Request())
	})
	handle(a, huma.Operation{
		OperationID: "me", Method: http.MethodGet, Path: "/me", Tags: []string{"session"},
		Summary: "Who the caller is, and what the secret in use lets do",
	}, func(_ context.Context, who *caller, _ *none) (*body[Me], error) {
		out := me(who.Identity)
		out.Libraries = append([]int{}, a.Manage.Catalog.ViewerOf(who.Identity).Libraries...)
		out.AllLibraries = out.AllLibraries && who.Scope != models.ScopeLibrary
		return answer(out), nil
	})
}

// Roles are what a user may do.
type Roles struct {
	Admin    bool `json:"admin"`
	Settings bool `json:"settings" doc:"change the own password and device secrets"`
	Stream   bool `json:"stream"`
	Download bool `json:"download"`
	Upload   bool `json:"upload"`
	Playlist bool `json:"playlist"`
	CoverArt bool `json:"coverArt"`
	Comment  bool `json:"comment"`
	Podcast  bool `json:"podcast"`
	Jukebox  bool `json:"jukebox"`
	Share    bool `json:"share"`
	Video    bool `json:"video"`
}

// User is one person.
type User struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Email        string    `json:"email"`
	Roles        Roles     `json:"roles"`
	Scrobbling   bool      `json:"scrobbling"`
	MaxBitRate   int       `json:"maxBitRate" doc:"kbit/s; 0 is no limit"`
	AllLibraries bool      `json:"allLibraries" doc:"reads every shared library, also those to come"`
	Libraries    []int     `json:"libraries" nullable:"false" doc:"the libraries that the user may read, by number"`
	Created      time.Time `json:"created"`
}

func user(u *models.User) User {
	return User{
		ID: userID(u.Key), Name: u.Name, Email: u.Email, Roles: Roles(u.Roles), Scrobbling: u.Scrobbling, MaxBitRate: u.MaxBitRate,
		AllLibraries: u.AllLibraries, Libraries: append([]int{}, u.Libraries...), Created: time.UnixMilli(u.Created).UTC(),
	}
}

func me(i models.Identity) Me {
	m := Me{user(i.User), i.Scope}
	m.Roles = Roles(i.Roles())
	return m
}

// NewUser is a user to be.
type NewUser struct {
	Name       string `json:"name" minLength:"1" maxLength:"255"`
	Password   string `json:"password" minLength:"8" maxLength:"1024"`
	Email      string `json:"email,omitempty" maxLength:"255"`
	Roles      *Roles `json:"roles,omitempty" doc:"what a listener needs, when not given"`
	Scrobbling *bool  `json:"scrobbling,omitempty" default:"true"`
	MaxBitRate int    `json:"maxBitRate,omitempty" minimum:"0" doc:"kbit/s; 0 is no limit"`
	Libraries  *[]int `json:"libraries,omitempty" doc:"the only shared libraries that the user may read; all, also those to come, when not given"`
}

// UserChange is what changes of a user. What is not given stays.
type UserChange struct {
	Name         *string `json:"name,omitempty" minLength:"1" maxLength:"255"`
	Email        *string `json:"email,omitempty" maxLength:"255"`
	Roles        *Roles  `json:"roles,omitempty"`
	Scrobbling   *bool   `json:"scrobbling,omitempty"`
	MaxBitRate   *int    `json:"maxBitRate,omitempty" minimum:"0"`
	AllLibraries *bool   `json:"allLibraries,omitempty" doc:"false without libraries leaves the right to read those of now"`
	Libraries    *[]int  `json:"libraries,omitempty" doc:"the only shared libraries that the user may read"`
}

// NewPassword is another password for a user.
type NewPassword struct {
	Password string `json:"password" minLength:"8" maxLength:"1024"`
	Current  string `json:"current,omitempty" maxLength:"1024" doc:"needed for the own password"`
}

// OneUser names a user in a path.
type OneUser struct {
	User string `path:"user" doc:"the user's id"`
}

func (u OneUser) key() (models.Key, error) { return key(models.KindUser, u.User) }

func (a *API) users() {
	tags := []string{"users"}
	handle(a, huma.Operation{
		OperationID: "listUsers", Method: http.MethodGet, Path: "/users", Tags: tags, Summary: "All users, for administrators",
	}, func(ctx context.Context, who *caller, in *Page) (*body[list[User]], error) {
		all, err := a.Manage.Users(ctx, who.Identity)
		if err != nil {
			return nil, err
		}
		return paged(*in, all, user), nil
	})
	handle(a, huma.Operation{
		OperationID: "createUser", Method: http.MethodPost, Path: "/users", Tags: tags, Summary: "Add a user",
		DefaultStatus: http.StatusCreated, Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, who *caller, in *body[NewUser]) (*body[User], error) {
		b := in.Body
		u := &models.User{
			Name: b.Name, Email: b.Email, Roles: manage.NewRoles(false), MaxBitRate: b.MaxBitRate,
			Scrobbling: b.Scrobbling == nil || *b.Scrobbling,
		}
		if b.Roles != nil {
			u.Roles = models.Roles(*b.Roles)
		}
		var libraries []int
		if b.Libraries != nil {
			libraries = append([]int{}, *b.Libraries...)
		}
		if err := a.Manage.CreateUser(ctx, who.Identity, u, b.Password, libraries); err != nil {
			return nil, err
		}
		made, err := a.Manage.User(ctx, who.Identity, u.Key)
		if err != nil {
			return nil, err
		}
		return answer(user(made)), nil
	})
	handle(a, huma.Operation{
		OperationID: "getUser", Method: http.MethodGet, Path: "/users/{user}", Tags: tags, Summary: "The caller, or for administrators any user",
		Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, who *caller, in *OneUser) (*body[User], error) {
		k, err := in.key()
		if err != nil {
			return nil, err
		}
		u, err := a.Manage.User(ctx, who.Identity, k)
		if err != nil {
			return nil, err
		}
		return answer(user(u)), nil
	})
	handle(a, huma.Operation{
		OperationID: "changeUser", Method: http.MethodPatch, Path: "/users/{user}", Tags: tags, Summary: "Change a user",
		Errors: []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, who *caller, in *struct {
		OneUser
		Body UserChange
	}) (*body[User], error) {
		k, err := in.key()
		if err != nil {
			return nil, err
		}
		b := in.Body
		u, err := a.Manage.ChangeUser(ctx, who.Identity, k, manage.Change{
			Name: b.Name, Email: b.Email, Roles: (*models.Roles)(b.Roles), Scrobbling: b.Scrobbling, MaxBitRate: b.MaxBitRate,
			All: b.AllLibraries, Libraries: b.Libraries,
		})
		if err != nil {
			return nil, err
		}
		return answer(user(u)), nil
	})
	handle(a, huma.Operation{
		OperationID: "removeUser", Method: http.MethodDelete, Path: "/users/{user}", Tags: tags,
		Summary: "Shut a user out and free the name",
		Errors:  []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, who *caller, in *OneUser) (*none, error) {
		k, err := in.key()
		if err != nil {
			return nil, err
		}
		return nil, a.Manage.RemoveUser(ctx, who.Identity, k)
	})
	handle(a, huma.Operation{
		OperationID: "setPassword", Method: http.MethodPut, Path: "/users/{user}/password", Tags: tags,
		Summary:     "Change the own password, or for administrators any",
		Description: "All sessions of the user end; the one in use goes on with a new cookie.",
		Errors:      []int{http.StatusNotFound, http.StatusTooManyRequests},
	}, func(ctx context.Context, who *caller, in *struct {
		OneUser
		Body NewPassword
	}) (*none, error) {
		k, err := in.key()
		if err != nil {
			return nil, err
		}
		err = a.Manage.SetPassword(ctx, who.Identity, manage.PasswordChange{User: k, New: in.Body.Password, Current: in.Body.Current, Addr: who.addr()})
		if err == nil && k == who.User.Key && who.cookie != "" {
			_, err = a.Door.Begin(who.echo.Response(), who.echo.Request(), k)
		}
		return nil, err
	})
}

// Secret is a secret of one device or app.
type Secret struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Scope    models.Scope `json:"scope" enum:"full,read-only,no-download,library"`
	Library  int          `json:"library,omitempty" doc:"the only library that it opens, for the scope library"`
	Created  time.Time    `json:"created"`
	LastUsed *time.Time   `json:"lastUsed" nullable:"true" doc:"null when it never was; to about ten minutes"`
}

func secret(k *models.Credential) Secret {
	return Secret{
		ID: models.ID{Kind: models.KindCredential, Key: k.Key}.String(), Name: k.Name, Scope: k.Scope, Library: k.Library,
		Created: time.UnixMilli(k.Created).UTC(), LastUsed: when(k.LastUsed),
	}
}

// NewSecret is a device secret to be.
type NewSecret struct {
	Name    string       `json:"name" minLength:"1" maxLength:"255" doc:"what it is for: phone"`
	Scope   models.Scope `json:"scope,omitempty" enum:"full,read-only,no-download,library" default:"full"`
	Library int          `json:"library,omitempty" minimum:"1" doc:"for the scope library"`
}

// MadeSecret is a device secret with its clear text, which is told once.
type MadeSecret struct {
	Secret
	Clear string `json:"secret" doc:"good as password, as API key and as bearer token; it can't be had again"`
}

func (a *API) secrets() {
	tags := []string{"secrets"}
	handle(a, huma.Operation{
		OperationID: "listSecrets", Method: http.MethodGet, Path: "/users/{user}/secrets", Tags: tags,
		Summary: "The device secrets of the caller, or for administrators of any user", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, who *caller, in *struct {
		OneUser
		Page
	}) (*body[list[Secret]], error) {
		k, err := in.key()
		if err != nil {
			return nil, err
		}
		all, err := a.Manage.Secrets(ctx, who.Identity, k)
		if err != nil {
			return nil, err
		}
		return paged(in.Page, all, secret), nil
	})
	handle(a, huma.Operation{
		OperationID: "createSecret", Method: http.MethodPost, Path: "/users/{user}/secrets", Tags: tags,
		Summary: "Make a device secret", DefaultStatus: http.StatusCreated, Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, who *caller, in *struct {
		OneUser
		Body NewSecret
	}) (*body[MadeSecret], error) {
		k, err := in.key()
		if err != nil {
			return nil, err
		}
		clear, made, err := a.Manage.NewSecret(ctx, who.Identity, k, auth.Secret{Name: in.Body.Name, Scope: in.Body.Scope, Library: in.Body.Library})
		if err != nil {
			return nil, err
		}
		return answer(MadeSecret{secret(made), clear}), nil
	})
	handle(a, huma.Operation{
		OperationID: "revokeSecret", Method: http.MethodDelete, Path: "/users/{user}/secrets/{secret}", Tags: tags,
		Summary: "End a device secret for good", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, who *caller, in *struct {
		OneUser
		Secret string `path:"secret" doc:"the secret's id"`
	}) (*none, error) {
		k, err := in.key()
		if err != nil {
			return nil, err
		}
		s, err := key(models.KindCredential, in.Secret)
		if err != nil {
			return nil, err
		}
		return nil, a.Manage.RevokeSecret(ctx, who.Identity, k, s)
	})
}
