package spec

// Code is an error code of the protocol
// (https://opensubsonic.netlify.app/docs/responses/error/).
type Code int

// The error codes. Apps know no others.
const (
	CodeGeneric           Code = 0
	CodeMissingParameter  Code = 10
	CodeClientTooOld      Code = 20 // the client's major version is lower
	CodeServerTooOld      Code = 30 // the client's major version is higher
	CodeWrongCredentials  Code = 40 // an unknown user as well
	CodeTokenNotSupported Code = 41 // apps fall back to the password
	CodeAuthNotSupported  Code = 42
	CodeAuthConflict      Code = 43 // several ways of logging in at once
	CodeInvalidAPIKey     Code = 44
	CodeNotAuthorized     Code = 50
	CodeTrialOver         Code = 60
	CodeNotFound          Code = 70
)

// Error is a failed call as the client sees it.
type Error struct {
	Code    Code   `wire:"code"`
	Message string `wire:"message"` // for people
	HelpURL string `wire:"helpUrl,omit"`
}

// Error is the message alone.
func (e *Error) Error() string { return e.Message }
