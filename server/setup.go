package server

import (
	"crypto/sha256"
	_ "embed" // the pages and their style
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/session"
)

//go:embed pages/setup.html
var setupHTML string

//go:embed pages/style.css
var styleCSS string

var setupTemplate = template.Must(template.New("setup").Parse(setupHTML))

// pagePolicy lets the pages use their own style, send forms to themselves and
// do nothing else.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(styleCSS))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

const (
	setupPath     = "/setup"
	setupLinkFile = "setup-link"
)

// setup serves the page by which the holder of the setup link makes the
// server's owner.
type setup struct {
	once     *auth.Setup
	base     string // the base path
	linkFile string // removed when the owner exists
	loopback bool   // nobody but this machine reaches the server
	log      *slog.Logger
}

// link returns what follows the server's address in the setup link.
func (s *setup) link() string { return setupPath + "?token=" + s.once.Token() }

type setupPage struct {
	Style    template.CSS
	Title    string
	Token    string // of the form; "" when there is none
	Name     string
	Problem  string
	Done     bool
	Server   string // what to type into an app
	Loopback bool
}

func (s *setup) mount(e *echo.Echo) {
	e.GET(setupPath, s.get)
	e.POST(setupPath, s.post)
}

func (s *setup) show(c echo.Context, status int, p setupPage) error {
	p.Style, p.Loopback = template.CSS(styleCSS), s.loopback
	var b strings.Builder
	if err := setupTemplate.Execute(&b, p); err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	return c.HTML(status, b.String())
}

func (s *setup) expired(c echo.Context) error {
	return s.show(c, http.StatusNotFound, setupPage{Title: "This link is not valid",
		Problem: "A setup link works once and for an hour. Start the server again to get a new one, if nobody has set it up yet."})
}

func (s *setup) get(c echo.Context) error {
	token := c.QueryParam("token")
	if err := s.once.Check(c.Request().Context(), token); errors.Is(err, models.ErrNotFound) {
		return s.expired(c)
	} else if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, setupPage{Title: "Welcome to Songlocker", Token: token, Name: "admin"})
}

func (s *setup) post(c echo.Context) error {
	r := c.Request()
	if session.Foreign(r) {
		return s.show(c, http.StatusForbidden, setupPage{Title: "Not allowed", Problem: "This form was sent from another site's page. Open the link itself."})
	}
	r.Body = http.MaxBytesReader(c.Response(), r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		return s.show(c, http.StatusBadRequest, setupPage{Title: "Not understood", Problem: "The form could not be read. Open the link again."})
	}
	token, name := r.PostForm.Get("token"), strings.TrimSpace(r.PostForm.Get("name"))
	password := r.PostForm.Get("password")
	again := func(problem string) error {
		return s.show(c, http.StatusUnprocessableEntity, setupPage{Title: "Welcome to Songlocker", Token: token, Name: name, Problem: problem})
	}

	if err := s.once.Check(r.Context(), token); errors.Is(err, models.ErrNotFound) {
		return s.expired(c)
	} else if err != nil {
		return err
	}
	if name == "" {
		return again("Choose a name.")
	}
	if password != r.PostForm.Get("again") {
		return again("The two passwords differ. Type the same one twice.")
	}
	_, err := s.once.Finish(r.Context(), token, name, password)
	switch {
	case errors.Is(err, models.ErrNotFound), errors.Is(err, models.ErrConflict):
		return s.expired(c) // another page was faster
	case errors.Is(err, models.ErrInvalid), errors.Is(err, models.ErrMissing):
		return again("That can't be used: " + sentence(err))
	case err != nil:
		return err
	}
	s.log.Info("the owner has been set up", "user", name)
	if err := removeLink(s.linkFile); err != nil {
		s.log.Warn("the setup link can't be removed; it is no longer valid", "error", err)
	}
	return s.show(c, http.StatusOK, setupPage{Title: "You are set up", Done: true, Name: name, Server: s.publicAddress(c)})
}

// publicAddress is what a person types into an app to reach this server the
// way the browser did.
func (s *setup) publicAddress(c echo.Context) string {
	return c.Scheme() + "://" + c.Request().Host + s.base
}

// writeLink keeps the setup link where only this user can read it.
func writeLink(file, link string) error {
	tmp, err := os.CreateTemp(filepath.Dir(file), ".setup-link-*") // 0600
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(tmp, link)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

func removeLink(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
