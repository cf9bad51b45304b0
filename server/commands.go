package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/term"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/manage"
)

// with opens the catalog and its key for one command.
func (r *run) with(ctx context.Context, f func(*catalog.Catalog, *auth.Service) error) error {
	c, err := r.openCatalog(ctx)
	if err != nil {
		return err
	}
	a, err := r.openAuth(ctx, c)
	if err != nil {
		return errors.Join(err, c.Close())
	}
	return errors.Join(f(c, a), a.Close(), c.Close())
}

func (r *run) openAuth(ctx context.Context, c *catalog.Catalog) (*auth.Service, error) {
	return auth.New(ctx, auth.Options{Catalog: c, KeyFile: r.Config.KeyFile, AppPasswords: r.Config.AppPasswords, Log: r.Log})
}

// table prints rows in columns.
func table(w io.Writer, rows ...[]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

func day(ms int64) string {
	if ms == 0 {
		return "never"
	}
	return time.UnixMilli(ms).Format("2006-01-02 15:04")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// passwordSource tells where a new password comes from. It is never a flag:
// other users of the machine would see it.
type passwordSource struct {
	PasswordFile string `help:"Read the password from this file. Without it, it is asked for on a terminal, else read from the standard input." placeholder:"FILE"`
}

func (p passwordSource) read(r *run) (string, error) {
	if p.PasswordFile != "" {
		return readSecret(p.PasswordFile)
	}
	fd := int(r.Stdin.Fd())
	if !term.IsTerminal(fd) {
		line, err := bufio.NewReader(io.LimitReader(r.Stdin, 64<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", fmt.Errorf("%w: there is no password on the standard input", ErrConfig)
		}
		return line, nil
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(r.Stderr, prompt)
		b, err := term.ReadPassword(fd)
		fmt.Fprintln(r.Stderr)
		return string(b), err
	}
	one, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	two, err := ask("The same again: ")
	if err != nil {
		return "", err
	}
	if one != two {
		return "", errors.New("the two passwords differ")
	}
	return one, nil
}

type userCommand struct {
	Add    userAdd    `cmd:"" help:"Add a user."`
	Passwd userPasswd `cmd:"" help:"Give a user a new password."`
	List   userList   `cmd:"" help:"List the users."`
	Remove userRemove `cmd:"" help:"Remove a user with all stars, plays, playlists and secrets."`
}

type userAdd struct {
	passwordSource
	Name    string   `arg:"" help:"Name to log in with."`
	Admin   bool     `help:"Make an administrator."`
	Library []string `help:"Let the user read this library only, by number or name. May be given many times." placeholder:"LIBRARY" sep:"none"`
}

func (u userAdd) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, a *auth.Service) error {
		numbers, err := findLibraries(ctx, c, u.Library)
		if err != nil {
			return err
		}
		clear, err := u.read(r)
		if err != nil {
			return err
		}
		if err := auth.CheckNewPassword(clear); err != nil {
			return err
		}
		m := &models.User{Name: u.Name, Scrobbling: true, Roles: manage.NewRoles(u.Admin)}
		if err := a.Create(ctx, m, clear, numbers); err != nil {
			return err
		}
		fmt.Fprintf(r.Stdout, "The user %s is added. A server that runs knows it within seconds.\n", u.Name)
		return nil
	})
}

type userPasswd struct {
	passwordSource
	Name string `arg:"" help:"The user."`
}

func (u userPasswd) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, a *auth.Service) error {
		m, err := findUser(ctx, c, u.Name)
		if err != nil {
			return err
		}
		clear, err := u.read(r)
		if err != nil {
			return err
		}
		if err := auth.CheckNewPassword(clear); err != nil {
			return err
		}
		if err := a.SetPassword(ctx, m.Key, clear); err != nil {
			return err
		}
		fmt.Fprintf(r.Stdout, "The user %s has a new password.\n", m.Name)
		return nil
	})
}

type userList struct{}

func (userList) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, _ *auth.Service) error {
		users, err := c.Users(ctx)
		if err != nil {
			return err
		}
		rows := [][]string{{"NAME", "ADMIN", "LIBRARIES", "SINCE"}}
		for _, u := range users {
			libraries := "all"
			if !u.AllLibraries {
				libraries = strings.Trim(fmt.Sprint(u.Libraries), "[]")
			}
			rows = append(rows, []string{u.Name, yes(u.Admin), libraries, day(u.Created)})
		}
		return table(r.Stdout, rows...)
	})
}

type userRemove struct {
	Name string `arg:"" help:"The user."`
}

func (u userRemove) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, _ *auth.Service) error {
		m, err := findUser(ctx, c, u.Name)
		if err != nil {
			return err
		}
		if err := c.RemoveUser(ctx, m.Key); err != nil {
			return err
		}
		fmt.Fprintf(r.Stdout, "The user %s is removed.\n", m.Name)
		return nil
	})
}

func findUser(ctx context.Context, c *catalog.Catalog, name string) (*models.User, error) {
	u, err := c.UserByName(ctx, name)
	if errors.Is(err, models.ErrNotFound) {
		return nil, fmt.Errorf("there is no user %q", name)
	}
	return u, err
}

// findLibraries returns the numbers of libraries named by number or name, nil
// for none.
func findLibraries(ctx context.Context, c *catalog.Catalog, names []string) ([]int, error) {
	var out []int
	for _, n := range names {
		l, err := findLibrary(ctx, c, n)
		if err != nil {
			return nil, err
		}
		out = append(out, l.Number)
	}
	return out, nil
}

func findLibrary(ctx context.Context, c *catalog.Catalog, name string) (*models.Library, error) {
	all, err := c.Libraries(ctx)
	if err != nil {
		return nil, err
	}
	number, _ := strconv.Atoi(name) // a name is no number
	var names []string
	for _, l := range all {
		if l.Number == number || strings.EqualFold(l.Name, name) {
			return l, nil
		}
		names = append(names, fmt.Sprintf("%d %s", l.Number, l.Name))
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there is no library %q; there is none yet", name)
	}
	return nil, fmt.Errorf("there is no library %q; there are %s", name, strings.Join(names, ", "))
}

type secretCommand struct {
	Add    secretAdd    `cmd:"" help:"Make a secret for one of a user's apps or devices and print it, once."`
	List   secretList   `cmd:"" help:"List a user's secrets."`
	Revoke secretRevoke `cmd:"" help:"End a secret."`
}

type secretAdd struct {
	User    string `arg:"" help:"The user."`
	Name    string `arg:"" help:"What it is for, such as phone."`
	Scope   string `help:"What it may do: ${enum}." enum:"full,read-only,no-download,library" default:"full"`
	Library string `help:"The library of --scope library, by number or name." placeholder:"LIBRARY"`
}

func (s secretAdd) Run(ctx context.Context, r *run) error {
	if (s.Scope == string(models.ScopeLibrary)) != (s.Library != "") {
		return fmt.Errorf("%w: --scope library and --library LIBRARY belong together", ErrConfig)
	}
	return r.with(ctx, func(c *catalog.Catalog, a *auth.Service) error {
		u, err := findUser(ctx, c, s.User)
		if err != nil {
			return err
		}
		n := auth.Secret{Name: s.Name, Scope: models.Scope(s.Scope)}
		if s.Library != "" {
			l, err := findLibrary(ctx, c, s.Library)
			if err != nil {
				return err
			}
			n.Library = l.Number
		}
		clear, _, err := a.NewSecret(ctx, u.Key, n)
		if err != nil {
			return err
		}
		fmt.Fprintln(r.Stderr, "Type this into the app as the password, or as its API key. It is not shown again:")
		fmt.Fprintln(r.Stdout, clear)
		return nil
	})
}

type secretList struct {
	User string `arg:"" help:"The user."`
}

func (s secretList) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, a *auth.Service) error {
		u, err := findUser(ctx, c, s.User)
		if err != nil {
			return err
		}
		secrets, err := a.Secrets(ctx, u.Key)
		if err != nil {
			return err
		}
		rows := [][]string{{"ID", "NAME", "SCOPE", "MADE", "LAST USED"}}
		for _, k := range secrets {
			scope := string(k.Scope)
			if k.Scope == models.ScopeLibrary {
				scope += " " + strconv.Itoa(k.Library)
			}
			rows = append(rows, []string{k.Key.String(), k.Name, scope, day(k.Created), day(k.LastUsed)})
		}
		return table(r.Stdout, rows...)
	})
}

type secretRevoke struct {
	User   string `arg:"" help:"The user."`
	Secret string `arg:"" help:"The secret's id or name, as list tells them."`
}

func (s secretRevoke) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, a *auth.Service) error {
		u, err := findUser(ctx, c, s.User)
		if err != nil {
			return err
		}
		secrets, err := a.Secrets(ctx, u.Key)
		if err != nil {
			return err
		}
		var found []models.Key
		for _, k := range secrets {
			if k.Key.String() == s.Secret || k.Name == s.Secret {
				found = append(found, k.Key)
			}
		}
		switch len(found) {
		case 0:
			return fmt.Errorf("%s has no secret %q", u.Name, s.Secret)
		case 1:
		default:
			return fmt.Errorf("%s has %d secrets called %q: name one by its id", u.Name, len(found), s.Secret)
		}
		if err := a.Revoke(ctx, u.Key, found[0]); err != nil {
			return err
		}
		fmt.Fprintln(r.Stdout, "The secret opens nothing any more.")
		return nil
	})
}

type libraryCommand struct {
	Add    libraryAdd    `cmd:"" help:"Add a library. Its place is tested first."`
	Test   libraryTest   `cmd:"" help:"Test a library's place, or one that is to be: list a few objects, read a little of one, compare clocks. Ends with status 1 when something is wrong."`
	Set    librarySet    `cmd:"" help:"Change what is set of a library, and the secret of its bucket."`
	List   libraryList   `cmd:"" help:"List the libraries, and what is wrong with them."`
	Hook   libraryHook   `cmd:"" help:"Make the secret by which the provider of a bucket may tell of changes, and print it, once."`
	Remove libraryRemove `cmd:"" help:"Remove a library from the catalog, with stars and plays of its songs. Its files are not touched."`
	Grant  libraryGrant  `cmd:"" help:"Set which libraries a user may read."`
	Purge  libraryPurge  `cmd:"" help:"Take songs that have long been missing out of the catalog for good. Without --yes it only tells what would go."`
	Cost   libraryCost   `cmd:"" help:"Tell what was asked of the buckets of libraries, by day and month, and what it costs."`
	Move   libraryMove   `cmd:"" help:"Move a library to where you have copied its music: a folder or a bucket. Songs keep their ids, stars, plays and places in playlists."`
}

type libraryRemove struct {
	Library string `arg:"" help:"Number or name."`
}

func (l libraryRemove) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, _ *auth.Service) error {
		m, err := findLibrary(ctx, c, l.Library)
		if err != nil {
			return err
		}
		for _, root := range r.Config.Music {
			if m.Config && root.Location == m.Location {
				return fmt.Errorf("the configuration names library %s: take it out there first, or it comes back", m.Name)
			}
		}
		if err := c.RemoveLibrary(ctx, m.Number); err != nil {
			return err
		}
		fmt.Fprintf(r.Stdout, "Library %d, %s, is removed. Its files are untouched.\n", m.Number, m.Name)
		return nil
	})
}

type libraryGrant struct {
	User      string   `arg:"" help:"The user."`
	Libraries []string `arg:"" help:"The only shared libraries that the user may read: numbers or names, \"all\", or \"none\"."`
}

func (l libraryGrant) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, _ *auth.Service) error {
		u, err := findUser(ctx, c, l.User)
		if err != nil {
			return err
		}
		numbers := []int{}
		switch strings.Join(l.Libraries, " ") {
		case "all":
			numbers = nil
		case "none":
		default:
			if numbers, err = findLibraries(ctx, c, l.Libraries); err != nil {
				return err
			}
		}
		if err := c.SetUserLibraries(ctx, u.Key, numbers); err != nil {
			return err
		}
		fmt.Fprintf(r.Stdout, "The user %s reads %s.\n", u.Name, strings.Join(l.Libraries, ", "))
		return nil
	})
}

type keyCommand struct {
	Rotate keyRotate `cmd:"" help:"Make a new key and seal everything anew with it. Servers that run take it by themselves."`
	Reset  keyReset  `cmd:"" help:"Make a new key where the old one is lost. Apps that log in by token need one login by password then."`
}

type keyRotate struct{}

func (keyRotate) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(_ *catalog.Catalog, a *auth.Service) error {
		if err := a.Keys().Rotate(ctx); err != nil {
			return err
		}
		fmt.Fprintf(r.Stdout, "The key in %s is new. Make a new copy of it.\n", r.Config.KeyFile)
		return nil
	})
}

type keyReset struct{}

func (keyReset) Run(ctx context.Context, r *run) error {
	c, err := r.openCatalog(ctx)
	if err != nil {
		return err
	}
	lost, err := auth.ResetKey(ctx, c, r.Config.KeyFile, r.Log)
	if err != nil {
		return errors.Join(err, c.Close())
	}
	fmt.Fprintf(r.Stdout, "There is a new key in %s. Keep a copy of it.\n", r.Config.KeyFile)
	for _, n := range lost {
		l, err := c.Library(ctx, n)
		if err != nil {
			continue // it is removed
		}
		fmt.Fprintf(r.Stdout, "The library %d, %s, needs its secret again: songlocker library set %d --secret-file FILE\n", n, l.Name, n)
	}
	return c.Close()
}

func bytesText(n int64) string { return humanize.IBytes(uint64(max(0, n))) }
