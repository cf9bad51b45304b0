// Package admin shows the pages on which people run the server: libraries,
// scans, users, device secrets. They are plain HTML without scripts. What may
// be done is decided by server/manage, as for our own API.
//
// Links are relative, so that the pages work below any base path. A form
// carries a token of its session, and answers with a redirect.
package admin

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dustin/go-humanize"
	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/api"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/server/session"
)

//go:embed pages
var files embed.FS

// policy lets a page use our style and send forms to us, and do nothing else.
const policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// maxForm bounds a form in bytes.
const maxForm = 1 << 20

// Config is what the pages need.
type Config struct {
	Manage   *manage.Service
	Door     *session.Door
	BasePath string // "" or "/music", for the address that people type into apps
	Version  string
	Log      *slog.Logger // nil discards
}

// Pages answers /admin.
type Pages struct {
	Config
	templates map[string]*template.Template

	mu    sync.Mutex
	notes map[string]note // by the session's form token
}

// note is what a session's next page tells once.
type note struct {
	Text   string
	Secret string // the clear text of a new device secret
	Name   string // what it is for
	until  time.Time
}

// New returns the pages; Mount them once.
func New(c Config) *Pages {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pages{Config: c, templates: map[string]*template.Template{}, notes: map[string]note{}}
	layout := template.Must(template.New("layout.html").Funcs(template.FuncMap{
		"when": when, "count": func(n any) string { return count(n) }, "id": func(k models.Key, kind string) string {
			return models.ID{Kind: models.Kind(kind), Key: k}.String()
		},
		"text":      func(key string) string { return strings.ToValidUTF8(key, "\uFFFD") },
		"kinds":     func() []libraryKind { return libraryKinds },
		"rows":      func() []int { return secretRows },
		"gigabytes": func(n int64) float64 { return float64(n) / 1e9 },
		"megabytes": func(n int64) string { return humanize.CommafWithDigits(float64(n)/1e6, 1) },
	}).ParseFS(files, "pages/layout.html"))
	for _, name := range []string{"signin", "overview", "users", "user", "removeuser", "newlibrary", "library", "missing", "move", "removelibrary", "problems", "problem"} {
		p.templates[name] = template.Must(template.Must(layout.Clone()).ParseFS(files, "pages/"+name+".html"))
	}
	return p
}

// libraryKind is a kind of library and its name for people.
type libraryKind struct{ Kind, Name string }

var libraryKinds = []libraryKind{{models.LibraryMusic, "Music"}, {models.LibraryAudiobook, "Audiobooks"}, {models.LibraryPodcast, "Podcasts"}}

// when shows a time of the catalog.
func when(ms int64) string {
	if ms == 0 {
		return "never"
	}
	return time.UnixMilli(ms).Format("2006-01-02 15:04")
}

func count(n any) string {
	switch n := n.(type) {
	case int:
		return humanize.Comma(int64(n))
	case int64:
		return humanize.Comma(n)
	}
	return fmt.Sprint(n)
}

// Mount adds the pages to a group, that of /admin.
func (p *Pages) Mount(g *echo.Group) {
	g.Use(guard)
	g.GET("", func(c echo.Context) error { return redirect(c, "admin/") })
	g.GET("/style.css", func(c echo.Context) error {
		b, err := files.ReadFile("pages/style.css")
		if err != nil {
			return err
		}
		c.Response().Header().Set("Cache-Control", "max-age=3600")
		return c.Blob(http.StatusOK, "text/css; charset=utf-8", b)
	})
	g.GET("/signin", p.signInPage)
	g.POST("/signin", p.signIn)
	g.POST("/signout", p.enter(p.signOut))

	g.GET("/", p.enter(p.overview))
	g.POST("/scans", p.enter(p.startScan))
	g.POST("/scans/stop", p.enter(p.stopScan))
	g.GET("/scans/:scan", p.enter(p.problems))

	g.GET("/users", p.enter(p.users))
	g.POST("/users", p.enter(p.createUser))
	g.GET("/users/:user", p.enter(p.user))
	g.POST("/users/:user", p.enter(p.changeUser))
	g.POST("/users/:user/password", p.enter(p.setPassword))
	g.POST("/users/:user/secrets", p.enter(p.newSecret))
	g.POST("/users/:user/secrets/:secret/revoke", p.enter(p.revokeSecret))
	g.GET("/users/:user/remove", p.enter(p.removeUserPage))
	g.POST("/users/:user/remove", p.enter(p.removeUser))

	g.GET("/libraries/new", p.enter(p.newLibraryPage))
	g.POST("/libraries", p.enter(p.addLibrary))
	g.GET("/libraries/:library", p.enter(p.library))
	g.POST("/libraries/:library", p.enter(p.changeLibrary))
	g.GET("/libraries/:library/missing", p.enter(p.missingPage))
	g.POST("/libraries/:library/missing", p.enter(p.purge))
	g.POST("/libraries/:library/readers", p.enter(p.setReaders))
	g.POST("/libraries/:library/bucket", p.enter(p.setBucket))
	g.POST("/libraries/:library/hook", p.enter(p.hook))
	g.POST("/libraries/:library/test", p.enter(p.testLibrary))
	g.GET("/libraries/:library/move", p.enter(p.movePage))
	g.POST("/libraries/:library/move", p.enter(p.move))
	g.GET("/libraries/:library/remove", p.enter(p.removeLibraryPage))
	g.POST("/libraries/:library/remove", p.enter(p.removeLibrary))

	g.Any("/*", p.enter(func(*visit) error { return fmt.Errorf("this page: %w", models.ErrNotFound) }))
}

// guard sets the headers of every answer.
func guard(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		return next(c)
	}
}

// redirect answers a form, or an address that has moved. The target is
// relative to the request's, as http.Redirect could not leave it.
func redirect(c echo.Context, to string) error {
	c.Response().Header().Set("Location", to)
	return c.NoContent(http.StatusSeeOther)
}

// root returns the way from a request's page to /admin/.
func root(c echo.Context) string {
	_, rest, _ := strings.Cut(c.Request().URL.Path, "/admin/")
	if up := strings.Repeat("../", strings.Count(rest, "/")); up != "" {
		return up
	}
	return "./"
}

// visit is one request of somebody who is signed in.
type visit struct {
	echo.Context
	who   models.Identity
	token string // what this session's forms carry
	root  string
}

func (v *visit) admin() bool { return v.who.User.Admin }

// to redirects to a page below /admin/.
func (v *visit) to(page string) error { return redirect(v.Context, v.root+page) }

func (v *visit) addr() netip.Addr { return addr(v.Context) }

func addr(c echo.Context) netip.Addr {
	a, err := netip.ParseAddr(c.RealIP())
	if err != nil {
		return netip.Addr{} // counted as one caller
	}
	return a
}

// page is what the layout shows.
type page struct {
	Title   string
	Root    string
	Who     *models.User // nil for nobody
	Token   string
	Version string
	Refresh int // seconds after which the page is to be loaded again; 0 never
	Problem string
	Note    note
	Data    any
}

// show writes a page.
func (p *Pages) show(c echo.Context, status int, name string, d page) error {
	d.Root, d.Version = root(c), p.Version
	var b strings.Builder
	if err := p.templates[name].ExecuteTemplate(&b, "layout.html", d); err != nil {
		return err
	}
	return c.HTML(status, b.String())
}

// present writes a page to somebody who is signed in. err is what went wrong
// with the form before, nil for nothing.
func (p *Pages) present(v *visit, err error, name string, d page) error {
	d.Who, d.Token = v.who.User, v.token
	status := http.StatusOK
	if err != nil {
		if status = api.Status(err); status == http.StatusInternalServerError {
			return err
		}
		d.Problem = sentence(err)
	} else {
		d.Note = p.noted(v)
	}
	return p.show(v.Context, status, name, d)
}

// kinds end the texts of errors; people need no names for them.
var kinds = []error{models.ErrInvalid, models.ErrMissing, models.ErrConflict, models.ErrForbidden}

// sentence shows an error to people.
func sentence(err error) string {
	s := err.Error()
	for _, k := range kinds {
		s = strings.TrimSuffix(s, ": "+k.Error())
	}
	if r, n := utf8.DecodeRuneInString(s); n > 0 {
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	return strings.TrimRight(s, ".") + "."
}

// noteLife is how long a note waits for its page.
const noteLife = 5 * time.Minute

// tell keeps a note for the session's next page.
func (p *Pages) tell(v *visit, n note) {
	now := time.Now()
	n.until = now.Add(noteLife)
	p.mu.Lock()
	defer p.mu.Unlock()
	for k, old := range p.notes {
		if now.After(old.until) {
			delete(p.notes, k)
		}
	}
	p.notes[v.token] = n
}

// noted returns the session's note and forgets it.
func (p *Pages) noted(v *visit) note {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.notes[v.token]
	delete(p.notes, v.token)
	if time.Now().After(n.until) {
		return note{}
	}
	return n
}

// enter lets a request of a session through to its page; others are asked to
// sign in. Forms need the session's token.
func (p *Pages) enter(f func(*visit) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		value := session.Value(r)
		u, err := p.Door.User(r.Context(), value)
		if errors.Is(err, models.ErrNotFound) {
			return redirect(c, root(c)+"signin")
		}
		if err != nil {
			return p.fail(c, nil, err)
		}
		v := &visit{c, models.Identity{User: u, Scope: models.ScopeFull}, session.FormToken(value), root(c)}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			if err := p.form(c); err != nil {
				return p.fail(c, v, err)
			}
			if !session.GoodToken(value, r.PostForm.Get("token")) {
				return p.fail(c, v, fmt.Errorf("this form does not belong to your session: open the page again: %w", models.ErrForbidden))
			}
		}
		if err := f(v); err != nil {
			return p.fail(c, v, err)
		}
		return nil
	}
}

// form reads a form that one of our own pages has sent.
func (p *Pages) form(c echo.Context) error {
	r := c.Request()
	if session.Foreign(r) {
		return fmt.Errorf("this form was sent from another site's page: %w", models.ErrForbidden)
	}
	r.Body = http.MaxBytesReader(c.Response(), r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("this form can't be read: %w", models.ErrInvalid)
	}
	return nil
}

// fail shows an error as a page of its own.
func (p *Pages) fail(c echo.Context, v *visit, err error) error {
	d := page{Title: "This did not work"}
	if v != nil {
		d.Who, d.Token = v.who.User, v.token
	}
	status := api.Status(err)
	switch {
	case status == http.StatusNotFound:
		d.Title, d.Problem = "Not here", "There is no such page, or it is not for you."
	case status != http.StatusInternalServerError:
		d.Problem = sentence(err)
	case c.Request().Context().Err() != nil:
		return nil // nobody is there to see it
	default:
		p.Log.Error("a page failed", "path", c.Request().URL.Path, "error", err)
		d.Problem = "Something went wrong within the server. Its log tells more."
	}
	return p.show(c, status, "problem", d)
}

// signInData is what the sign-in page shows.
type signInData struct{ Name string }

func (p *Pages) signInPage(c echo.Context) error {
	if _, err := p.Door.User(c.Request().Context(), session.Value(c.Request())); err == nil {
		return redirect(c, "./")
	}
	return p.show(c, http.StatusOK, "signin", page{Title: "Sign in", Data: signInData{}})
}

func (p *Pages) signIn(c echo.Context) error {
	if err := p.form(c); err != nil {
		return p.fail(c, nil, err)
	}
	r := c.Request()
	name := strings.TrimSpace(r.PostForm.Get("name"))
	_, err := p.Door.SignIn(c.Response(), r, models.Attempt{User: name, Password: r.PostForm.Get("password"), Addr: addr(c), Client: "admin"})
	switch status := api.Status(err); {
	case err == nil:
		return redirect(c, "./")
	case status == http.StatusUnauthorized, status == http.StatusTooManyRequests:
		return p.show(c, status, "signin", page{Title: "Sign in", Problem: sentence(err), Data: signInData{name}})
	}
	return p.fail(c, nil, err)
}

func (p *Pages) signOut(v *visit) error {
	if err := p.Door.End(v.Response(), v.Request()); err != nil {
		return err
	}
	return v.to("signin")
}
