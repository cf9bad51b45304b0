package subsonic

import (
	"context"
	"errors"
	"io/fs"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/subsonic/spec"
)

// errLater is a call of a feature that this server does not have yet.
var errLater = &spec.Error{Code: spec.CodeGeneric, Message: "not supported by this server"}

// protocolError is the one place that turns kinds of error into the codes of
// the protocol. Its second value is false for an error that nobody expects:
// the client learns nothing of it, the log all.
func (a *API) protocolError(err error) (*spec.Error, bool) {
	var e *spec.Error
	code := func(c spec.Code, message string) (*spec.Error, bool) {
		return &spec.Error{Code: c, Message: message}, true
	}
	help := func(c spec.Code, kind error) (*spec.Error, bool) {
		return &spec.Error{Code: c, Message: kind.Error(), HelpURL: a.HelpURL}, true
	}
	switch {
	case errors.As(err, &e):
		return e, true
	case errors.Is(err, models.ErrMissing):
		return code(spec.CodeMissingParameter, err.Error())
	case errors.Is(err, models.ErrSlowDown):
		return code(spec.CodeWrongCredentials, models.ErrSlowDown.Error())
	case errors.Is(err, models.ErrLogin):
		return help(spec.CodeWrongCredentials, models.ErrLogin)
	case errors.Is(err, models.ErrTokenLogin):
		return help(spec.CodeTokenNotSupported, models.ErrTokenLogin)
	case errors.Is(err, models.ErrPasswordLogin):
		return help(spec.CodeAuthNotSupported, models.ErrPasswordLogin)
	case errors.Is(err, models.ErrAPIKey):
		return help(spec.CodeInvalidAPIKey, models.ErrAPIKey)
	case errors.Is(err, models.ErrForbidden):
		return code(spec.CodeNotAuthorized, err.Error())
	case errors.Is(err, models.ErrNotFound):
		return code(spec.CodeNotFound, err.Error())
	case errors.Is(err, fs.ErrNotExist):
		// Its own text names a path on the server.
		return code(spec.CodeNotFound, "the file is not there: not found")
	case errors.Is(err, storage.ErrChanged):
		return code(spec.CodeGeneric, "the file has changed since it was scanned, and is being scanned again: try again soon")
	case errors.Is(err, models.ErrArchived):
		return code(spec.CodeGeneric, "this song is in the archive of its bucket and can't be played before it is restored there")
	case errors.Is(err, models.ErrUnavailable):
		return code(spec.CodeGeneric, "the folder or bucket with this music is "+models.ErrUnavailable.Error())
	case errors.Is(err, fs.ErrPermission):
		return code(spec.CodeGeneric, "the server may not read this file")
	case errors.Is(err, models.ErrInvalid), errors.Is(err, models.ErrConflict), errors.Is(err, errTooLarge):
		return code(spec.CodeGeneric, err.Error())
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return code(spec.CodeGeneric, "the call was cut off")
	}
	e, _ = code(spec.CodeGeneric, "internal error")
	return e, false
}

func isNotFound(err error) bool { return errors.Is(err, models.ErrNotFound) }
