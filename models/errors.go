package models

import (
	"errors"
	"fmt"
)

// The kinds of error. Every error that a caller may act on wraps one of
// them; package subsonic and the web API each map them in one place.
var (
	// ErrNotFound is also the answer for what the user may not see.
	ErrNotFound = errors.New("not found")
	// ErrForbidden is for what may be seen but not done.
	ErrForbidden = errors.New("not allowed")
	// ErrMissing is a required value that was not given.
	ErrMissing = errors.New("required value is missing")
	// ErrInvalid is a value that was given and can't be used.
	ErrInvalid = errors.New("invalid value")
	// ErrConflict is a thing that exists already or changed meanwhile.
	ErrConflict = errors.New("conflict")
	// ErrLogin is a wrong name or secret. It never says which.
	ErrLogin = errors.New("wrong user name or password")
	// ErrUnavailable is a store or a file that does not answer now.
	ErrUnavailable = errors.New("not available at the moment")
	// ErrArchived is an object that its store keeps in an archive. It is
	// ErrUnavailable as well.
	ErrArchived = fmt.Errorf("archived in its store: restore it there, then scan: %w", ErrUnavailable)
)

// NotFound wraps ErrNotFound for the thing with this id.
func NotFound(id ID) error {
	return fmt.Errorf("%s: %w", id, ErrNotFound)
}
