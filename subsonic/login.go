package subsonic

import (
	"context"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/subsonic/spec"
)

// attempt reads the login of a call: u with p, or u with t and s, or apiKey.
// Cookies and HTTP Basic do not count. The errors are those of
// https://opensubsonic.netlify.app/docs/responses/error/.
func attempt(f form) (models.Attempt, error) {
	at := models.Attempt{User: f.text("u"), Token: f.text("t"), Salt: f.text("s"), APIKey: f.text("apiKey")}
	p := f.text("p")
	if at.APIKey != "" {
		if at.User != "" || p != "" || at.Token != "" || at.Salt != "" {
			return at, &spec.Error{Code: spec.CodeAuthConflict, Message: "apiKey goes alone, without u, p, t and s"}
		}
		return at, nil
	}
	switch {
	case p != "" && at.Token != "":
		return at, &spec.Error{Code: spec.CodeAuthConflict, Message: "either p or t and s, not both"}
	case at.User == "":
		return at, missing("u")
	case at.Token != "" && at.Salt == "":
		return at, missing("s")
	case p == "" && at.Token == "":
		return at, missing("p, or t and s, or apiKey")
	case at.Token != "":
		return at, nil
	}
	var ok bool
	if at.Password, ok = decodePassword(p); !ok {
		return at, models.ErrLogin
	}
	return at, nil
}

// checkVersion compares the major version only: apps send minor versions from
// 1.1.0 to beyond ours, and all of them work.
func checkVersion(v string) error {
	if v == "" {
		return missing("v")
	}
	text, _, _ := strings.Cut(v, ".")
	switch major, err := parseInt(text); {
	case err != nil:
		return &spec.Error{Code: spec.CodeGeneric, Message: "parameter v is no version"}
	case major < 1:
		return &spec.Error{Code: spec.CodeClientTooOld, Message: "this server speaks version " + spec.Version + ": update the app"}
	case major > 1:
		return &spec.Error{Code: spec.CodeServerTooOld, Message: "this server speaks version " + spec.Version + ": the app needs a newer one"}
	}
	return nil
}

// authorise lets the caller of an endpoint in and tells what the call may.
func (a *API) authorise(ctx context.Context, ec echo.Context, e *Endpoint, f form) (Call, error) {
	c := Call{Context: ctx, Client: cleanText(f.text("c"))}
	if len(c.Client) > 200 {
		c.Client = short(c.Client)
	}
	if e.Open {
		return c, nil
	}
	at, err := attempt(f)
	if err != nil {
		return c, err
	}
	if err := checkVersion(f.text("v")); err != nil {
		return c, err
	}
	if c.Client == "" {
		return c, missing("c")
	}
	at.Client = c.Client
	at.Addr, _ = netip.ParseAddr(ec.RealIP())
	id, err := a.Auth.Login(ctx, at)
	if err != nil {
		return c, err
	}
	c.User = id.User
	c.Roles = id.Roles()
	c.Viewer = a.Catalog.ViewerOf(id)
	c.Key = at.APIKey != ""
	if !e.Role.in(c.Roles) {
		return c, forbidden(e.Name + " needs the " + e.Role.String() + " role")
	}
	if e.Writes && id.Scope == models.ScopeReadOnly {
		return c, forbidden("this device secret may only read")
	}
	return c, nil
}

// forbidden is error 50 with a reason.
func forbidden(why string) error {
	return &spec.Error{Code: spec.CodeNotAuthorized, Message: why}
}
