package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/server/probe"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/storage"
)

// operator is who runs commands: whoever can read the catalog's files may do
// all.
var operator = models.Identity{User: &models.User{Name: "operator", Roles: models.Roles{Admin: true}}, Scope: models.ScopeFull}

// managing opens what commands need to do what the API does, too.
func (r *run) managing(ctx context.Context, f func(*catalog.Catalog, *manage.Service) error) error {
	return r.with(ctx, func(c *catalog.Catalog, a *auth.Service) error {
		open := r.openStores(c, a.Keys())
		m := r.newManage(c, a, r.newScans(c, open, scans.Options{}), open)
		return errors.Join(f(c, m), open.close())
	})
}

// secretSource tells where the secret of a store comes from. It is never a
// flag: other users of the machine would see it.
type secretSource struct {
	SecretFile string `help:"File with what opens the bucket: name=value lines, TOML or JSON. It is kept in the catalog, sealed with the key." placeholder:"FILE"`
}

// read returns nil for no secret.
func (s secretSource) read() (storage.Secret, error) {
	if s.SecretFile == "" {
		return nil, nil
	}
	secret, err := readStoreSecret(s.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("--secret-file: %w", err)
	}
	return secret, nil
}

// forceHint is how a place that does not work is taken all the same.
const forceHint = "To save it all the same: --force"

type libraryAdd struct {
	secretSource
	Name  string `arg:"" help:"The library's name; or all in one: NAME=FOLDER, NAME=URL, or just the place."`
	Place string `arg:"" optional:"" help:"A folder, or a URL such as s3://bucket/prefix?region=eu-west-1."`
	Kind  string `help:"What is in it: ${enum}." enum:"music,audiobook,podcast" default:"music"`
	Force bool   `help:"Add it although its place does not work now."`
}

// root returns the library that is meant.
func (l libraryAdd) root() (Root, error) {
	if l.Place == "" {
		list, err := roots([]string{l.Name}, l.Kind)
		if err != nil {
			return Root{}, fmt.Errorf("%w: %w", ErrConfig, err)
		}
		return list[0], nil
	}
	u, err := storage.Parse(l.Place)
	if err != nil {
		return Root{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return Root{Name: l.Name, Location: u.String(), Kind: l.Kind}, nil
}

func (l libraryAdd) Run(ctx context.Context, r *run) error {
	root, err := l.root()
	if err != nil {
		return err
	}
	secret, err := l.read()
	if err != nil {
		return err
	}
	return r.managing(ctx, func(_ *catalog.Catalog, m *manage.Service) error {
		if !l.Force {
			report, err := m.TestPlace(ctx, operator, root.Location, secret)
			if err != nil {
				return err
			}
			tell(r.Stdout, report)
			if report.Err() != nil {
				fmt.Fprintf(r.Stderr, "Nothing was added. %s\n", forceHint)
				return errSaid
			}
		}
		added, err := m.AddLibrary(ctx, operator, manage.NewLibrary{Name: root.Name, Location: root.Location, Kind: root.Kind, Secret: secret, Force: true})
		if err != nil {
			return err
		}
		fmt.Fprintf(r.Stdout, "Library %d, %s, is added. A server that runs and watches scans it within a minute; else scan it by `songlocker scan --library %d`.\n", added.Number, added.Name, added.Number)
		return nil
	})
}

// tell prints what a trial found.
func tell(w io.Writer, r *probe.Report) {
	for _, s := range r.Steps {
		fmt.Fprintf(w, "%-7s %-7s %s\n", s.State, s.Name, s.Text)
	}
}

type libraryTest struct {
	secretSource
	Library string `arg:"" help:"A library, by number or name, or the place of one to be."`
}

func (l libraryTest) Run(ctx context.Context, r *run) error {
	secret, err := l.read()
	if err != nil {
		return err
	}
	return r.managing(ctx, func(c *catalog.Catalog, m *manage.Service) error {
		report, err := l.try(ctx, c, m, secret)
		if err != nil {
			return err
		}
		tell(r.Stdout, report)
		if report.Err() != nil {
			return errSaid
		}
		return nil
	})
}

// try tests a library if there is one of that name, else a place.
func (l libraryTest) try(ctx context.Context, c *catalog.Catalog, m *manage.Service, secret storage.Secret) (*probe.Report, error) {
	lib, err := findLibrary(ctx, c, l.Library)
	switch {
	case err == nil && secret == nil:
		return m.TestLibrary(ctx, operator, lib.Number)
	case err == nil:
		return m.TestPlace(ctx, operator, lib.Location, secret)
	case !strings.ContainsAny(l.Library, `/\`):
		return nil, err // a name, and no place
	}
	u, err := storage.Parse(l.Library)
	if err != nil {
		return nil, err
	}
	return m.TestPlace(ctx, operator, u.String(), secret)
}

type librarySet struct {
	secretSource
	Library    string   `arg:"" help:"Number or name."`
	Settings   []string `arg:"" optional:"" help:"${settings}" placeholder:"KEY=VALUE"`
	DropSecret bool     `help:"Forget the secret of the bucket."`
	Force      bool     `help:"Keep the secret although the bucket does not work with it now."`
}

// librarySettings explains what library set knows.
const librarySettings = "name=NAME, kind=music|audiobook|podcast, redirect=off|download|all, copies-of=LIBRARY|none, " +
	"price-lists=, price-heads= and price-gets= (of 1,000 requests), price-bytes= (of 1 GB that leaves the store), " +
	"request-cap=NUMBER and byte-cap=SIZE (a day, of background work; 0 is none)."

func (l librarySet) Run(ctx context.Context, r *run) error {
	if len(l.Settings) == 0 && l.SecretFile == "" && !l.DropSecret {
		return fmt.Errorf("%w: nothing is to be set: write KEY=VALUE: %s", ErrConfig, librarySettings)
	}
	if l.SecretFile != "" && l.DropSecret {
		return fmt.Errorf("%w: --secret-file and --drop-secret can't both be meant", ErrConfig)
	}
	secret, err := l.read()
	if err != nil {
		return err
	}
	return r.managing(ctx, func(c *catalog.Catalog, m *manage.Service) error {
		lib, err := findLibrary(ctx, c, l.Library)
		if err != nil {
			return err
		}
		change := manage.LibraryChange{Force: l.Force}
		if secret != nil || l.DropSecret {
			change.Secret = &secret
		}
		prices := lib.Settings.Prices
		for _, s := range l.Settings {
			name, value, ok := strings.Cut(s, "=")
			if !ok {
				return fmt.Errorf("%w: %q is no KEY=VALUE; there are %s", ErrConfig, s, librarySettings)
			}
			if err := setOne(ctx, c, &change, &prices, name, value); err != nil {
				return fmt.Errorf("%w: %s: %w", ErrConfig, name, err)
			}
		}
		after, err := m.ChangeLibrary(ctx, operator, lib.Number, change)
		if err != nil && change.Secret != nil && !l.Force && errors.Is(err, models.ErrInvalid) {
			return fmt.Errorf("%s. Nothing was changed. %s", strings.TrimSuffix(err.Error(), ": "+models.ErrInvalid.Error()), forceHint)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(r.Stdout, "Library %d, %s: %s.\n", after.Number, after.Name, settingsText(&after.Library, func(n int) string {
			if of, err := c.Library(ctx, n); err == nil {
				return of.Name
			}
			return strconv.Itoa(n)
		}))
		return nil
	})
}

// setOne reads one setting of library set.
func setOne(ctx context.Context, c *catalog.Catalog, change *manage.LibraryChange, prices *models.Prices, name, value string) error {
	price := func(to *float64) error {
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return fmt.Errorf("%q is no price: write it like 0.005", value)
		}
		*to, change.Prices = v, prices
		return nil
	}
	switch name {
	case "name":
		change.Name = &value
	case "kind":
		change.Kind = &value
	case "redirect":
		change.Redirect = &value
	case "copies-of":
		none := 0
		if change.CopiesOf = &none; value != "none" {
			of, err := findLibrary(ctx, c, value)
			if err != nil {
				return err
			}
			change.CopiesOf = &of.Number
		}
	case "price-lists":
		return price(&prices.Lists)
	case "price-heads":
		return price(&prices.Heads)
	case "price-gets":
		return price(&prices.Gets)
	case "price-bytes":
		return price(&prices.Bytes)
	case "request-cap":
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no number", value)
		}
		change.RequestCap = &n
	case "byte-cap":
		n, err := humanize.ParseBytes(value)
		if err != nil || n > 1<<60 {
			return fmt.Errorf("%q is no size: write it like 5GB", value)
		}
		size := int64(n)
		change.ByteCap = &size
	default:
		return fmt.Errorf("there is no setting of this name; there are %s", librarySettings)
	}
	return nil
}

// settingsText shows what is set of a library, without what is as ever; nameOf names
// another one.
func settingsText(l *models.Library, nameOf func(int) string) string {
	var out []string
	add := func(set bool, format string, value any) {
		if set {
			out = append(out, fmt.Sprintf(format, value))
		}
	}
	s := l.Settings
	add(l.Secret, "%s", "secret")
	add(l.Hook, "%s", "events")
	add(s.Redirect != models.RedirectOff, "redirect=%s", s.Redirect)
	if s.CopiesOf != 0 {
		out = append(out, "copies-of="+nameOf(s.CopiesOf))
	}
	add(s.Prices.Lists != 0, "price-lists=%v", s.Prices.Lists)
	add(s.Prices.Heads != 0, "price-heads=%v", s.Prices.Heads)
	add(s.Prices.Gets != 0, "price-gets=%v", s.Prices.Gets)
	add(s.Prices.Bytes != 0, "price-bytes=%v", s.Prices.Bytes)
	add(s.RequestCap != 0, "request-cap=%d", s.RequestCap)
	add(s.ByteCap != 0, "byte-cap=%s", strings.ReplaceAll(humanize.Bytes(uint64(max(0, s.ByteCap))), " ", ""))
	if out == nil {
		return "-"
	}
	return strings.Join(out, " ")
}

type libraryList struct{}

func (libraryList) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, _ *auth.Service) error {
		all, err := c.Libraries(ctx)
		if err != nil {
			return err
		}
		names := map[int]string{}
		for _, l := range all {
			names[l.Number] = l.Name
		}
		rows := [][]string{{"NUMBER", "NAME", "KIND", "LOCATION", "SCANNED", "SETTINGS"}}
		for _, l := range all {
			rows = append(rows, []string{strconv.Itoa(l.Number), l.Name, l.Kind, l.Location, day(l.ScannedAt), settingsText(l, func(n int) string { return names[n] })})
		}
		if err := table(r.Stdout, rows...); err != nil {
			return err
		}
		for _, l := range all {
			if l.Alarm != "" {
				fmt.Fprintf(r.Stdout, "Alarm of %s: %s\n", l.Name, l.Alarm)
			}
		}
		return nil
	})
}

type libraryHook struct {
	Library string `arg:"" help:"Number or name."`
	Revoke  bool   `help:"Let no events of this library in any more."`
}

func (l libraryHook) Run(ctx context.Context, r *run) error {
	return r.managing(ctx, func(c *catalog.Catalog, m *manage.Service) error {
		lib, err := findLibrary(ctx, c, l.Library)
		if err != nil {
			return err
		}
		if l.Revoke {
			if err := m.EndHook(ctx, operator, lib.Number); err != nil {
				return err
			}
			fmt.Fprintf(r.Stdout, "No events of library %d, %s, are let in any more.\n", lib.Number, lib.Name)
			return nil
		}
		clear, err := m.NewHook(ctx, operator, lib.Number)
		if err != nil {
			return err
		}
		path := fmt.Sprintf("%s/hooks/bucket/%d", r.Config.BasePath, lib.Number)
		fmt.Fprintf(r.Stderr, "The provider posts events to https://YOUR-SERVER%[1]s with this secret as its bearer token, or,\n"+
			"where it sends none, to https://YOUR-SERVER%[1]s/SECRET. It is not shown again, and the last one ends:\n", path)
		fmt.Fprintln(r.Stdout, clear)
		return nil
	})
}
