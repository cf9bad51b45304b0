package server

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed" // the pages and their style
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models"
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
	setupLife     = time.Hour
	setupPath     = "/setup"
	setupLinkFile = "setup-link"
	leastPassword = 8 // letters of the owner's password
)

// setup makes the first user by a page that only the holder of its link sees.
// The link is good once, for setupLife.
type setup struct {
	exists   func(context.Context) (bool, error) // whether there is a user
	create   func(ctx context.Context, name, password string) error
	base     string // the base path
	linkFile string // removed when the owner exists
	loopback bool   // nobody but this machine reaches the server
	log      *slog.Logger
	now      func() time.Time

	mu     sync.Mutex // one owner only
	token  string     // "" when nothing may be set up
	expiry time.Time
}

// open makes a new link good and returns what follows the server's address.
func (s *setup) open() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = rand.Text()
	s.expiry = s.now().Add(setupLife)
	return setupPath + "?token=" + s.token
}

// valid tells whether token opens the page now. The caller holds mu.
func (s *setup) valid(token string) bool {
	return s.token != "" && s.now().Before(s.expiry) && subtle.ConstantTimeCompare([]byte(token), []byte(s.token)) == 1
}

type setupPage struct {
	Style    template.CSS
	Title    string
	Token    string // of the form; "" when there is none
	Name     string
	Problem  string
	Done     bool
	Server   string // what to type into an app
	Loopback bool
	Least    int
}

func (s *setup) mount(e *echo.Echo) {
	e.GET(setupPath, s.get)
	e.POST(setupPath, s.post)
}

func (s *setup) show(c echo.Context, status int, p setupPage) error {
	p.Style, p.Least, p.Loopback = template.CSS(styleCSS), leastPassword, s.loopback
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
	s.mu.Lock()
	ok := s.valid(c.QueryParam("token"))
	s.mu.Unlock()
	if !ok {
		return s.expired(c)
	}
	return s.show(c, http.StatusOK, setupPage{Title: "Welcome to Songlocker", Token: c.QueryParam("token"), Name: "admin"})
}

// foreign tells whether a browser sent this form from another site's page.
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
	default:
		return true
	}
	o := r.Header.Get("Origin")
	if o == "" {
		return false
	}
	u, err := url.Parse(o)
	// Behind a proxy the host may be another one; Sec-Fetch-Site has told.
	return r.Header.Get("Sec-Fetch-Site") == "" && (err != nil || u.Host != r.Host)
}

func (s *setup) post(c echo.Context) error {
	r := c.Request()
	if foreign(r) {
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

	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.valid(token) {
		return s.expired(c)
	}
	if taken, err := s.exists(r.Context()); err != nil {
		return err
	} else if taken {
		s.token = ""
		return s.expired(c)
	}
	switch {
	case name == "":
		return again("Choose a name.")
	case utf8.RuneCountInString(password) < leastPassword:
		return again(fmt.Sprintf("The password needs %d letters or more.", leastPassword))
	case password != r.PostForm.Get("again"):
		return again("The two passwords differ. Type the same one twice.")
	}
	if err := s.create(r.Context(), name, password); errors.Is(err, models.ErrInvalid) {
		return again("That can't be used: " + sentence(err))
	} else if err != nil {
		return err
	}
	s.token = ""
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
