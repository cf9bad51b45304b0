package models

import (
	"errors"
	"net/netip"
)

// Attempt is what a caller shows to be let in. Of Password, Token with Salt,
// and APIKey exactly one is given.
type Attempt struct {
	User     string
	Password string // clear, already decoded from "enc:"
	Token    string // hex MD5 of password and salt
	Salt     string
	APIKey   string
	Addr     netip.Addr // of the caller, as the trusted proxies tell it
	Client   string     // the app, as it calls itself
}

// Identity is who was let in and how far.
type Identity struct {
	User       *User // shared: read, do not write
	Credential Key   // the device secret used; 0 for the account's password
	Scope      Scope
	Library    int // for ScopeLibrary
}

// Roles are the user's roles without those that the secret in use may not
// exercise. Whoever could administer could make an unnarrowed secret, so only
// a full one may.
func (i Identity) Roles() Roles {
	roles := i.User.Roles
	if i.Scope == "" || i.Scope == ScopeFull {
		return roles
	}
	roles.Admin, roles.Settings = false, false
	switch i.Scope {
	case ScopeReadOnly:
		return Roles{Stream: roles.Stream, Download: roles.Download}
	case ScopeNoDownload:
		roles.Download = false
	}
	return roles
}

// The kinds of refusal that a login may meet besides ErrLogin.
var (
	// ErrTokenLogin is a token for a user whose password can't be recovered:
	// the app should send a password or use a device secret.
	ErrTokenLogin = errors.New("token login is not available for this user: use a device secret")
	// ErrPasswordLogin is an account password where only device secrets count.
	ErrPasswordLogin = errors.New("account passwords are turned off for apps: use a device secret")
	// ErrAPIKey is an unknown or revoked API key.
	ErrAPIKey = errors.New("invalid API key")
	// ErrSlowDown is a login refused because too many failed before it.
	ErrSlowDown = errors.New("too many failed logins: wait a moment")
)
