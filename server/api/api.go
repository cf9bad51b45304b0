// Package api answers our own API below /api/v1: users, device secrets,
// libraries and rights, scans. It translates between HTTP and server/manage,
// where the rules are. The OpenAPI document of what is mounted is served at
// openapi.json and kept in docs/openapi.json.
//
// A caller shows a device secret as bearer token (RFC 6750) or a session's
// cookie. Errors are problem details (RFC 9457).
package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/server/session"
)

// Config is what the API needs.
type Config struct {
	Manage  *manage.Service
	Door    *session.Door
	Version string          // of the program
	Stop    <-chan struct{} // ends streams of events when it closes; nil never does
	Log     *slog.Logger    // nil discards
}

// API answers /api/v1.
type API struct {
	Config
	huma huma.API
}

// New returns the API; Mount it once.
func New(c Config) *API {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &API{Config: c}
}

// Mount adds the API's routes to a group, that of /api/v1.
func (a *API) Mount(g *echo.Group) {
	g.Use(guard)
	a.huma = humaecho.NewWithGroup(nil, g, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Songlocker", Version: "1",
				Description: "What people do to a Songlocker server: users, device secrets, libraries and rights, scans. Later versions of the server only add to it.",
			},
			Servers: []*huma.Server{{URL: ".", Description: "Where this document is"}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"secret": {Type: "http", Scheme: "bearer", Description: "A device secret. One that is not of the scope full may only read, and administers nothing."},
					"cookie": {Type: "apiKey", In: "cookie", Name: session.Cookie, Description: "A session that POST /session began. Another site's page can't use it."},
				},
			},
		},
		Formats:      map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		Transformers: []huma.Transformer{withoutValues},
	})
	a.huma.UseMiddleware(a.enter)
	a.sessions()
	a.users()
	a.secrets()
	a.libraries()
	a.moves()
	a.usage()
	a.playlists()
	a.scans()
	a.albums()
	g.GET("/openapi.json", func(c echo.Context) error {
		b, err := a.Document()
		if err != nil {
			return err
		}
		return c.Blob(http.StatusOK, "application/vnd.oai.openapi+json;version=3.1", b)
	})
	unknown := func(c echo.Context) error {
		b, err := json.Marshal(huma.NewError(http.StatusNotFound, "there is nothing at this address for this method"))
		if err != nil {
			return err
		}
		return c.Blob(http.StatusNotFound, "application/problem+json", b)
	}
	g.Any("", unknown)
	g.Any("/*", unknown)
}

// Document returns the OpenAPI document of what is mounted.
func (a *API) Document() ([]byte, error) {
	b, err := json.Marshal(a.huma.OpenAPI())
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, b, "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

// guard sets the headers of every answer.
func guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		return next(c)
	}
}

// withoutValues keeps problems from repeating what was sent: it may be a
// password.
func withoutValues(_ huma.Context, _ string, v any) (any, error) {
	if p, ok := v.(*huma.ErrorModel); ok {
		for _, e := range p.Errors {
			if e != nil {
				e.Value = nil
			}
		}
	}
	return v, nil
}

// caller is who sent a request, and how.
type caller struct {
	models.Identity
	cookie string // the session's value; "" for a device secret and for nobody
	echo   echo.Context
}

func (c *caller) addr() netip.Addr { return addr(c.echo) }

func addr(c echo.Context) netip.Addr {
	a, err := netip.ParseAddr(c.RealIP())
	if err != nil {
		return netip.Addr{} // counted as one caller
	}
	return a
}

type callerKey struct{}

// open marks operations that anybody may call, in huma.Operation.Metadata.
const open = "open"

// enter lets a request through to its operation, or refuses it.
func (a *API) enter(ctx huma.Context, next func(huma.Context)) {
	ec := humaecho.Unwrap(ctx)
	r := ec.Request()
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	who := &caller{echo: ec}
	if ctx.Operation().Metadata[open] == nil {
		var err error
		if who, err = a.identify(ec); err != nil {
			a.refuse(ctx, err)
			return
		}
		if !reads {
			if err := manage.MayWrite(who.Identity); err != nil {
				a.refuse(ctx, err)
				return
			}
		}
	}
	if !reads && r.Header.Get("Authorization") == "" && session.Foreign(r) {
		a.refuse(ctx, errForeign)
		return
	}
	next(huma.WithValue(ctx, callerKey{}, who))
}

var (
	errNobody  = errors.New("sign in, or send a device secret as bearer token")
	errForeign = errors.New("this request comes from another site's page")
)

// identify finds out who sent a request.
func (a *API) identify(ec echo.Context) (*caller, error) {
	r := ec.Request()
	who := &caller{echo: ec}
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, secret, _ := strings.Cut(h, " ")
		if secret = strings.TrimSpace(secret); !strings.EqualFold(scheme, "Bearer") || secret == "" {
			return nil, errNobody
		}
		id, err := a.Manage.Auth.Login(r.Context(), models.Attempt{APIKey: secret, Addr: addr(ec), Client: "api"})
		who.Identity = id
		return who, err
	}
	if who.cookie = session.Value(r); who.cookie == "" {
		return nil, errNobody
	}
	u, err := a.Door.User(r.Context(), who.cookie)
	if errors.Is(err, models.ErrNotFound) {
		return nil, errNobody
	}
	who.Identity = models.Identity{User: u, Scope: models.ScopeFull}
	return who, err
}

func (a *API) refuse(ctx huma.Context, err error) {
	p := a.problem(ctx.Context(), err)
	if h, ok := errors.AsType[huma.HeadersError](p); ok {
		for name, values := range h.GetHeaders() {
			ctx.SetHeader(name, values[0])
		}
	}
	s, _ := errors.AsType[huma.StatusError](p) // problem returns nothing else
	_ = huma.WriteErr(a.huma, ctx, s.GetStatus(), s.Error())
}

// Status is the one place that turns kinds of error into statuses; 500 is an
// error that nobody expects.
func Status(err error) int {
	switch {
	case errors.Is(err, errNobody), errors.Is(err, models.ErrLogin), errors.Is(err, models.ErrAPIKey):
		return http.StatusUnauthorized
	case errors.Is(err, models.ErrForbidden), errors.Is(err, errForeign):
		return http.StatusForbidden
	case errors.Is(err, models.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, models.ErrConflict):
		return http.StatusConflict
	case errors.Is(err, models.ErrMissing), errors.Is(err, models.ErrInvalid):
		return http.StatusUnprocessableEntity
	case errors.Is(err, models.ErrSlowDown):
		return http.StatusTooManyRequests
	case errors.Is(err, models.ErrUnavailable):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problem returns an error as it is told. What nobody expects is logged and
// not told.
func (a *API) problem(ctx context.Context, err error) error {
	status := Status(err)
	switch {
	case status == http.StatusUnauthorized:
		return huma.ErrorWithHeaders(huma.NewError(status, err.Error()), http.Header{"WWW-Authenticate": {"Bearer"}})
	case status == http.StatusTooManyRequests:
		return huma.ErrorWithHeaders(huma.NewError(status, err.Error()), http.Header{"Retry-After": {"5"}})
	case status != http.StatusInternalServerError:
		return huma.NewError(status, err.Error())
	case ctx.Err() != nil:
		return huma.Error503ServiceUnavailable("the call was cut off")
	}
	a.Log.Error("a call of the API failed", "error", err)
	return huma.Error500InternalServerError("internal error")
}

// handle adds an operation. Its errors become problems.
func handle[I, O any](a *API, op huma.Operation, f func(context.Context, *caller, *I) (*O, error)) {
	// The deadline holds while the operation works, too: to look at a place
	// or to wait for a slowed login takes seconds.
	op.BodyReadTimeout = time.Minute
	if op.Metadata[open] == nil {
		op.Security = []map[string][]string{{"secret": {}}, {"cookie": {}}}
		op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden)
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		who, _ := ctx.Value(callerKey{}).(*caller) // enter has set it
		out, err := f(ctx, who, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return out, nil
	})
}

// body is an answer that is nothing but its body.
type body[T any] struct{ Body T }

func answer[T any](v T) *body[T] { return &body[T]{v} }

// none is an operation without parameters, or an answer without a body.
type none struct{}

// Page is the part of a long list that a caller wants.
type Page struct {
	Limit  int `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"at most so many"`
	Offset int `query:"offset" minimum:"0" maximum:"1000000000" default:"0" doc:"how many to leave out before them"`
}

// list is a page of a list.
type list[T any] struct {
	Items []T `json:"items" nullable:"false"`
	Total int `json:"total" doc:"how many there are in all"`
}

// paged returns a page of all, each translated by f.
func paged[T, U any](p Page, all []T, f func(T) U) *body[list[U]] {
	out := list[U]{Items: []U{}, Total: len(all)}
	for _, v := range all[min(p.Offset, len(all)):min(p.Offset+p.Limit, len(all))] {
		out.Items = append(out.Items, f(v))
	}
	return answer(out)
}

// key reads an id of a kind. What is none names nothing.
func key(kind models.Kind, s string) (models.Key, error) {
	id, ok := models.ParseID(s)
	if !ok || id.Kind != kind {
		return 0, models.ErrNotFound
	}
	return id.Key, nil
}
