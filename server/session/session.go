// Package session keeps browsers signed in: the cookie, and the checks that
// another site's page can't use it. It knows neither pages nor the API.
package session

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/auth"
)

// Cookie is the name of the session's cookie.
const Cookie = "songlocker"

// Door signs browsers in and out.
type Door struct {
	Auth     *auth.Service
	BasePath string         // "" or "/music"
	Proxies  []netip.Prefix // whose X-Forwarded-Proto is believed
}

// SignIn checks a name and the account's password, begins a session and sets
// its cookie. Errors are those of auth.Service.Password.
func (d *Door) SignIn(w http.ResponseWriter, r *http.Request, a models.Attempt) (*models.User, error) {
	u, err := d.Auth.Password(r.Context(), a)
	if err != nil {
		return nil, err
	}
	_, err = d.Begin(w, r, u.Key)
	return u, err
}

// Begin begins a session of a user who has been let in, and returns the token
// of its forms.
func (d *Door) Begin(w http.ResponseWriter, r *http.Request, user models.Key) (token string, err error) {
	value, expires, err := d.Auth.NewSession(r.Context(), user)
	if err != nil {
		return "", err
	}
	c := d.cookie(r)
	c.Value, c.Expires, c.MaxAge = value, expires, int(time.Until(expires).Seconds())
	http.SetCookie(w, c)
	return FormToken(value), nil
}

// End ends the request's session, if it has one, and drops the cookie.
func (d *Door) End(w http.ResponseWriter, r *http.Request) error {
	c := d.cookie(r)
	c.MaxAge = -1
	http.SetCookie(w, c)
	if value := Value(r); value != "" {
		return d.Auth.EndSession(r.Context(), value)
	}
	return nil
}

// cookie is what all our cookies have in common. Lax, so that a link from
// elsewhere finds people signed in; it goes with no request of another site's
// page but such links.
func (d *Door) cookie(r *http.Request) *http.Cookie {
	return &http.Cookie{
		Name: Cookie, Path: d.BasePath + "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: d.https(r),
	}
}

// https tells whether the browser speaks https with us or with a proxy that
// is trusted.
func (d *Door) https(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && r.Header.Get("X-Forwarded-Proto") == "https" &&
		slices.ContainsFunc(d.Proxies, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap()) })
}

// Scheme is "https" or "http", as the browser speaks.
func (d *Door) Scheme(r *http.Request) string {
	if d.https(r) {
		return "https"
	}
	return "http"
}

// Value returns what the session's cookie of a request holds, "" without one.
func Value(r *http.Request) string {
	c, err := r.Cookie(Cookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// User returns whose session the value of a cookie names; models.ErrNotFound
// when there is none or it has expired.
func (d *Door) User(ctx context.Context, value string) (*models.User, error) {
	return d.Auth.SessionUser(ctx, value)
}

// Foreign tells whether a browser sent this request from another site's page.
// Browsers that don't say (Sec-Fetch-Site of the W3C's Fetch Metadata) tell it
// by Origin.
func Foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "":
	case "same-origin", "none":
		return false
	default:
		return true
	}
	o := r.Header.Get("Origin")
	if o == "" {
		return false
	}
	u, err := url.Parse(o)
	return err != nil || u.Host != r.Host
}

// FormToken returns what a form carries to show that it comes from a page of
// this session. It tells nothing of the cookie.
func FormToken(value string) string {
	m := hmac.New(sha256.New, []byte(value))
	m.Write([]byte("form"))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// GoodToken tells whether a form's token belongs to the session of this
// cookie value.
func GoodToken(value, token string) bool {
	return value != "" && hmac.Equal([]byte(FormToken(value)), []byte(token))
}
