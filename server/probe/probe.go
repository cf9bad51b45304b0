// Package probe tries a place where a library is to lie, or lies: it lists a
// few objects and reads a little of one, and says step by step what works,
// what does not, and what to change. It writes nothing.
package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// Step is one thing that was tried.
type Step struct {
	Name  string // one of those below
	State string // one of those below
	Text  string // a sentence, with the reason of the store and what to change where it failed
}

// The steps.
const (
	Open   = "open"   // the location can be understood, and the secret is of the right form
	List   = "list"   // objects can be listed
	Read   = "read"   // a range of one of them can be read
	Clock  = "clock"  // this machine's clock is that of the store's server
	Rights = "rights" // what the library's key may do
)

// The states of a step.
const (
	OK     = "ok"
	Hint   = "hint" // it works, but is likely not what was meant
	Failed = "failed"
)

// Report is what a trial found.
type Report struct {
	Steps []Step
	Keys  []string // the first objects, at most five; keys need not be UTF-8
}

// How much is tried.
const (
	mostKeys = 5
	someRead = 64 // bytes
	patience = 20 * time.Second
	// Providers refuse requests whose time differs by more than 15 minutes.
	skewHint   = 2 * time.Minute
	skewFailed = 14 * time.Minute
)

func (r *Report) say(name, state, format string, args ...any) {
	r.Steps = append(r.Steps, Step{name, state, fmt.Sprintf(format, args...)})
}

// Err is nil when no step has failed, else models.ErrInvalid: for a place that
// is to be used, whatever kind of failure it would be for a library that
// stands, here the place is wrong.
func (r *Report) Err() error {
	var texts []string
	for _, s := range r.Steps {
		if s.State == Failed && s.Name != Rights {
			texts = append(texts, strings.TrimRight(s.Text, "."))
		}
	}
	if texts == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", strings.Join(texts, ". "), models.ErrInvalid)
}

// errSeen ends a listing that has shown enough.
var errSeen = errors.New("seen")

// Try tries the store that open opens, and closes it. The context's own end is
// the only error; all else is in the report.
func Try(ctx context.Context, open func(context.Context) (storage.Store, error)) (*Report, error) {
	r := &Report{}
	store, err := open(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r.say(Open, Failed, "The place can't be opened: %s.", plain(err))
		return r, nil
	}
	defer func() { _ = store.Close() }() // it was only read
	r.say(Open, OK, "The location can be understood.")
	some, listed := r.list(ctx, store)
	var read error
	if some != nil {
		read = r.read(ctx, store, *some)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	r.clock(store)
	r.rights(some, listed, read)
	return r, nil
}

// list lists a few objects and returns one to read, nil for none.
func (r *Report) list(ctx context.Context, store storage.Store) (some *storage.Object, err error) {
	within, stop := context.WithTimeout(ctx, patience)
	defer stop()
	began := time.Now()
	err = store.List(within, "", func(o storage.Object) error {
		r.Keys = append(r.Keys, o.Key)
		if some == nil && !o.Archived && o.Size > 0 {
			some = &o
		}
		if len(r.Keys) == mostKeys {
			return errSeen
		}
		return nil
	})
	took := time.Since(began).Round(time.Millisecond)
	switch {
	case err == nil && len(r.Keys) == 0:
		r.say(List, Hint, "The place can be listed, and nothing lies there. If that is not meant, correct the folder or the prefix in the location.")
	case err == nil, errors.Is(err, errSeen):
		r.say(List, OK, "The first objects came in %v: %s.", took, shown(r.Keys))
		return some, nil
	case within.Err() != nil:
		r.say(List, Failed, "Nothing was listed within %v: look at the connection, and at endpoint and region in the location.", patience)
	default:
		r.say(List, Failed, "The place can't be listed: %s.", plain(err))
	}
	return some, err
}

// read reads a range of an object that does not begin at its beginning, which
// tells a store that knows no ranges.
func (r *Report) read(ctx context.Context, store storage.Store, o storage.Object) error {
	within, stop := context.WithTimeout(ctx, patience)
	defer stop()
	off := min(o.Size-1, 1)
	want := min(o.Size-off, someRead)
	got, err := func() (int, error) {
		in, err := store.Open(within, o.Key, off, want)
		if err != nil {
			return 0, err
		}
		defer in.Close()
		b, err := io.ReadAll(io.LimitReader(in, want+1))
		return len(b), err
	}()
	switch {
	case within.Err() != nil:
		r.say(Read, Failed, "Nothing was read of %s within %v: look at the connection.", shown([]string{o.Key}), patience)
		return within.Err()
	case err != nil:
		r.say(Read, Failed, "%s is listed and can't be read: %s.", shown([]string{o.Key}), plain(err))
	case int64(got) != want:
		r.say(Read, Failed, "%d bytes were asked of %s and %d came: the store, or a proxy on the way, does not know ranges.", want, shown([]string{o.Key}), got)
		err = models.ErrUnavailable
	default:
		r.say(Read, OK, "A range of %s can be read.", shown([]string{o.Key}))
	}
	return err
}

// clock compares the clocks, where the store has told its own.
func (r *Report) clock(store storage.Store) {
	server, ok := storage.As[storage.Clock](store)
	if !ok {
		return
	}
	ahead, ok := server.Ahead()
	if !ok {
		return
	}
	side := "behind"
	if ahead < 0 {
		side, ahead = "ahead of", -ahead
	}
	switch about := ahead.Round(time.Second); {
	case ahead > skewFailed:
		r.say(Clock, Failed, "This machine's clock is %v %s the store's, and requests that are off by 15 minutes are refused: set it, best by a time service (NTP).", about, side)
	case ahead > skewHint:
		r.say(Clock, Hint, "This machine's clock is %v %s the store's: set it, best by a time service (NTP). From 15 minutes on requests are refused.", about, side)
	default:
		r.say(Clock, OK, "This machine's clock is that of the store.")
	}
}

// rights sums up what the library may do.
func (r *Report) rights(some *storage.Object, list, read error) {
	state, mayList, mayRead := OK, "yes", "yes"
	switch {
	case list != nil && errors.Is(list, fs.ErrPermission):
		state, mayList = Failed, "no"
	case list != nil:
		state, mayList = Failed, "unknown"
	}
	switch {
	case some == nil:
		mayRead = "unknown"
	case read != nil && errors.Is(read, fs.ErrPermission):
		state, mayRead = Failed, "no"
	case read != nil:
		state, mayRead = Failed, "unknown"
	}
	r.say(Rights, state, "May list: %s. May read: %s.", mayList, mayRead)
}

// plain is an error's text as part of a sentence, without the names of kinds,
// and with what to change where it does not say so itself.
func plain(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	for _, kind := range []error{models.ErrInvalid, models.ErrUnavailable, models.ErrNotFound} {
		text = strings.ReplaceAll(strings.TrimPrefix(text, kind.Error()+": "), ": "+kind.Error(), "")
	}
	switch {
	case strings.Contains(text, ". "):
		// It says itself what to change.
	case errors.Is(err, fs.ErrPermission):
		text += ". Let the server's user read it"
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, models.ErrUnavailable):
		text += ". Mount its disk if it has one of its own, or correct the location"
	}
	return strings.TrimRight(text, ".")
}

// shown lists keys for people.
func shown(keys []string) string {
	var out []string
	for _, k := range keys {
		out = append(out, fmt.Sprintf("%q", strings.ToValidUTF8(k, "\uFFFD")))
	}
	return strings.Join(out, ", ")
}
