package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/songlocker/songlocker/models"
)

// Options are the settings of a store that do not belong to its location.
type Options struct {
	FollowLinks bool          // symbolic links may lead out of a folder
	Poll        time.Duration // how often a place that sends no events is looked at; 0 is the store's default
	Secret      Secret        // that a remote store is opened with, besides what its location says
	Ambient     bool          // the machine's own credentials may be used: its environment, files and roles
	Log         *slog.Logger  // for what no call can return, such as links that are not followed; nil is silence
}

// Secret holds what opens a remote store, by the names that its backend
// documents. It never prints its values.
type Secret map[string]string

// String, GoString, LogValue and MarshalJSON hide what is in it; whoever seals
// it converts it to its plain type first.
func (Secret) String() string { return "***" }

// GoString is String.
func (Secret) GoString() string { return "***" }

// LogValue is String.
func (Secret) LogValue() slog.Value { return slog.StringValue("***") }

// MarshalJSON is String.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"***"`), nil }

// Opener makes a store for a location. It does not reach out: a place that is
// not there yet is an error of the store's calls, not of its opening.
type Opener func(ctx context.Context, location *url.URL, o Options) (Store, error)

// Registry knows which Opener serves which URL scheme. The zero value is
// empty and ready. Register all schemes before the first Open; after that it
// may be used from many goroutines.
type Registry struct {
	openers map[string]Opener
}

// Register makes open serve locations of this scheme.
func (r *Registry) Register(scheme string, open Opener) {
	if r.openers == nil {
		r.openers = map[string]Opener{}
	}
	r.openers[scheme] = open
}

// Schemes lists what is registered, sorted.
func (r *Registry) Schemes() []string {
	var out []string
	for s := range r.openers {
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// Open makes the store of a location: a path, or a URL such as
// file:///music. Its errors are models.ErrInvalid and hold no secret.
func (r *Registry) Open(ctx context.Context, location string, o Options) (Store, error) {
	u, err := Parse(location)
	if err != nil {
		return nil, err
	}
	open := r.openers[u.Scheme]
	if open == nil {
		return nil, fmt.Errorf("%w: no storage speaks %q; known are %s",
			models.ErrInvalid, u.Scheme, strings.Join(r.Schemes(), ", "))
	}
	return open(ctx, u, o)
}

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// Parse reads a location. A path becomes a file URL with the absolute path,
// so that the result's String is what a catalog keeps. A URL with a password
// is refused, and the error does not repeat it.
func Parse(location string) (*url.URL, error) {
	if location == "" {
		return nil, fmt.Errorf("%w: a storage location is empty", models.ErrInvalid)
	}
	if !scheme.MatchString(location) {
		p, err := filepath.Abs(location)
		if err != nil {
			return nil, fmt.Errorf("location %q: %w", location, err)
		}
		return fileURL(p), nil
	}
	u, err := url.Parse(location)
	if err != nil {
		// The text of url.Error would repeat the whole location.
		if cause, ok := errors.AsType[*url.Error](err); ok {
			err = cause.Err
		}
		return nil, fmt.Errorf("%w: the storage location is no URL: %w", models.ErrInvalid, err)
	}
	if _, has := u.User.Password(); has {
		return nil, fmt.Errorf("%w: a storage location may not hold a password", models.ErrInvalid)
	}
	if u.Scheme != "file" {
		return u, nil
	}
	switch {
	case u.Host != "" && u.Host != "localhost":
		return nil, fmt.Errorf("%w: a file URL has three slashes: file:///path", models.ErrInvalid)
	case u.Path == "":
		return nil, fmt.Errorf("%w: the file URL names no folder", models.ErrInvalid)
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("%w: the file URL has a '?' or '#'; write %%3F or %%23", models.ErrInvalid)
	}
	return fileURL(filepath.FromSlash(u.Path)), nil
}

// fileURL returns the URL of an absolute path, which keeps every byte of it.
func fileURL(p string) *url.URL {
	return &url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Clean(p))}
}
