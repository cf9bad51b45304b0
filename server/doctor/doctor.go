// Package doctor looks at a configuration and its surroundings before
// anything runs, and says in plain words what is wrong, where, and how to mend
// it. It changes nothing.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/storage"
)

// Options are what is looked at.
type Options struct {
	Data     string
	Database string
	KeyFile  string
	Music    []Place // of the configuration; those of the catalog are added
	// Open opens the store of a place that is no folder; the caller closes it.
	Open        func(context.Context, Place) (storage.Store, error)
	FollowLinks bool
	Watch       bool
	Listen      []Place // Name is the network, Location the address
	Proxies     []netip.Prefix
	BasePath    string
	Now         time.Time
}

// Place is something with a name.
type Place struct {
	Name, Location string
	Secret         storage.Secret // that a bucket is opened with
	Ambient        bool           // the configuration names it: the machine's own credentials may be used
}

// Finding is one thing that is wrong, or that is well, when What says so and
// Mend is empty.
type Finding struct {
	Part string // what was looked at: "music", "data", "database"...
	What string // a sentence with the place in it
	Mend string // what to do; "" when nothing need be done
	Hint bool   // it works as it is, but is likely not what was meant
}

// Problem tells whether something must be mended.
func (f Finding) Problem() bool { return f.Mend != "" && !f.Hint }

// examination collects findings.
type examination struct {
	Options
	findings []Finding
	folders  int // of music, counted on the way
}

func (e *examination) problem(part, mend, format string, args ...any) {
	e.findings = append(e.findings, Finding{Part: part, What: fmt.Sprintf(format, args...), Mend: mend})
}

func (e *examination) hint(part, mend, format string, args ...any) {
	e.findings = append(e.findings, Finding{Part: part, What: fmt.Sprintf(format, args...), Mend: mend, Hint: true})
}

func (e *examination) well(part, format string, args ...any) {
	e.findings = append(e.findings, Finding{Part: part, What: fmt.Sprintf(format, args...)})
}

// Examine looks at everything and returns what it found, in the order in
// which it is best mended.
func Examine(ctx context.Context, o Options) []Finding {
	e := &examination{Options: o}
	e.clock()
	usable := e.data()
	places := append([]Place(nil), o.Music...)
	if usable || !strings.HasPrefix(o.Database, "sqlite:") {
		places = merge(places, e.database(ctx))
	}
	for _, p := range places {
		u, err := storage.Parse(p.Location)
		switch {
		case err != nil:
			e.problem("music", "Write it as a folder or as a URL such as file:///music.", "The location of the library %s can't be read: %v.", p.Name, err)
		case u.Scheme == "file":
			e.music(ctx, p.Name, u)
		default:
			e.bucket(ctx, p)
		}
	}
	if len(places) == 0 {
		e.well("music", "No library is named: the server makes a small demo library.")
	}
	e.watching()
	for _, l := range o.Listen {
		e.listener(ctx, l)
	}
	e.proxies()
	return e.findings
}

// merge adds what the catalog knows to what the configuration names: each
// place once, with the configuration's secret where it gives one.
func merge(named, known []Place) []Place {
	same := func(a, b string) bool {
		ca, erra := catalog.CleanLocation(a)
		cb, errb := catalog.CleanLocation(b)
		return erra == nil && errb == nil && ca == cb
	}
	for _, k := range known {
		i := slices.IndexFunc(named, func(n Place) bool { return same(n.Location, k.Location) })
		switch {
		case i < 0:
			named = append(named, k)
		case len(named[i].Secret) == 0:
			named[i].Secret = k.Secret
		}
	}
	return named
}

// who names the user that this process runs as.
func who() string {
	uid := strconv.Itoa(os.Geteuid())
	if u, err := user.LookupId(uid); err == nil {
		return u.Username + " (uid " + uid + ")"
	}
	return "uid " + uid
}

// nearest returns the deepest part of path that is there.
func nearest(path string) string {
	for p := filepath.Dir(path); ; p = filepath.Dir(p) {
		if _, err := os.Stat(p); err == nil || p == filepath.Dir(p) {
			return p
		}
	}
}

// wall returns the first folder on the way to path that this user may not
// enter.
func wall(path string) string {
	at := path
	for p := filepath.Dir(path); p != filepath.Dir(p); p = filepath.Dir(p) {
		if _, err := os.Stat(filepath.Join(p, ".")); err == nil {
			break
		}
		at = p
	}
	return filepath.Dir(at)
}

// earliest is before this program was written.
var earliest = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

func (e *examination) clock() {
	const mend = "Set the clock, best by a time service (NTP); a machine without a battery needs it after each start."
	if e.Now.Before(earliest) {
		e.problem("clock", mend, "The clock of this machine says %s, which can't be.", e.Now.Format("2 January 2006"))
		return
	}
	entries, _ := os.ReadDir(e.Data) // data tells why there are none
	var newest time.Time
	for _, d := range entries {
		if info, err := d.Info(); err == nil && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
	}
	if ahead := newest.Sub(e.Now); ahead > 24*time.Hour {
		e.problem("clock", mend, "The clock of this machine says %s, but files in %s were written on %s.",
			e.Now.Format("2 January 2006"), e.Data, newest.Format("2 January 2006"))
		return
	}
	e.well("clock", "The clock says %s.", e.Now.Format("2 January 2006, 15:04"))
}

// leastFree is how much room the data folder should have.
const leastFree = 256 << 20

// data tells whether the data folder can be worked in.
func (e *examination) data() bool {
	info, err := os.Stat(e.Data)
	place := e.Data
	switch {
	case errors.Is(err, fs.ErrNotExist):
		place = nearest(e.Data)
		if !writable(place) {
			e.problem("data", fmt.Sprintf("Make it and give it to the server's user (mkdir -p %[1]s; chown %[2]d %[1]s), or name another by --data.", e.Data, os.Geteuid()),
				"The data folder %s is not there, and %s can't make it in %s.", e.Data, who(), place)
			return false
		}
	case errors.Is(err, fs.ErrPermission):
		e.problem("data", fmt.Sprintf("Let the server's user enter it (chmod o+x %s), or name another data folder by --data.", wall(e.Data)),
			"The data folder %s can't be reached: %s may not enter %s.", e.Data, who(), wall(e.Data))
		return false
	case err != nil:
		e.problem("data", "Name another folder by --data.", "The data folder %s can't be used: %v.", e.Data, err)
		return false
	case !info.IsDir():
		e.problem("data", "Name a folder by --data, or move the file away.", "The data folder %s is a file.", e.Data)
		return false
	case !writable(e.Data):
		e.problem("data", fmt.Sprintf("Give it to the server's user (chown -R %d %s), or name another by --data.", os.Geteuid(), e.Data),
			"The data folder %s can't be written by %s.", e.Data, who())
		return false
	}
	if free, ok := freeBytes(place); ok && free < leastFree {
		e.problem("data", "Make room, or name a folder on another disk by --data.",
			"The disk of the data folder %s is nearly full: %s are free.", e.Data, humanize.IBytes(free))
		return true
	}
	if err == nil {
		e.well("data", "The data folder %s can be written.", e.Data)
	} else {
		e.well("data", "The data folder %s is not there yet and will be made.", e.Data)
	}
	return true
}

// database opens the catalog if there is one, and returns the libraries that
// it knows.
func (e *examination) database(ctx context.Context) []Place {
	shown := catalog.Redact(e.Database)
	if path, ok := strings.CutPrefix(e.Database, "sqlite:"); ok {
		if !e.sqliteFile(path) {
			return nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	type opened struct {
		c   *catalog.Catalog
		err error
	}
	done := make(chan opened, 1)
	go func() {
		c, err := catalog.Open(ctx, catalog.Options{Location: e.Database, ReadOnly: true})
		done <- opened{c, err}
	}()
	var o opened
	select {
	case o = <-done:
	case <-ctx.Done():
		e.problem("database", "Check the host, the port and the firewall between.", "The database at %s does not answer.", shown)
		return nil
	}
	if o.err != nil {
		e.refused(shown, o.err)
		return nil
	}
	defer func() { _ = o.c.Close() }() // it was only read
	e.well("database", "The catalog at %s opens.", shown)
	keys := e.key(ctx, o.c)
	libraries, err := o.c.Libraries(ctx)
	if err != nil {
		e.problem("database", "Restore the last backup.", "The catalog at %s can't be read: %v.", shown, err)
		return nil
	}
	var out []Place
	for _, l := range libraries {
		e.alarm(ctx, o.c, l)
		if filepath.Join(e.Data, "demo") != strings.TrimPrefix(l.Location, "file://") {
			out = append(out, Place{l.Name, l.Location, e.secret(ctx, o.c, keys, l), l.Config})
		}
	}
	return out
}

// secret returns what the catalog keeps to open a library's store.
func (e *examination) secret(ctx context.Context, c *catalog.Catalog, keys *auth.Keyring, l *models.Library) storage.Secret {
	if !l.Secret || keys == nil {
		return nil // what is wrong with the key is told
	}
	l, sealed, err := c.LibraryStore(ctx, l.Number)
	if err != nil {
		return nil
	}
	secret, err := keys.StoreSecret(ctx, l, sealed)
	if err != nil {
		e.problem("key", fmt.Sprintf("Give it again: songlocker library set %d --secret-file FILE", l.Number), "The secret of the library %s can't be read with the key.", l.Name)
	}
	return secret
}

// alarm tells what the last scan of a library did not believe, and how much
// is missing.
func (e *examination) alarm(ctx context.Context, c *catalog.Catalog, l *models.Library) {
	if l.Alarm != "" {
		e.problem("music", fmt.Sprintf("Mend what it names, then: songlocker scan --library %d", l.Number), "The last scan of the library %s raised an alarm: %s", l.Name, l.Alarm)
	}
	p, err := c.MayPurge(ctx, l.Number, e.Now.Add(time.Minute).UnixMilli())
	if err == nil && p.Songs > 0 {
		e.hint("music", fmt.Sprintf("If they will never return: songlocker library purge %d --older-than 30d", l.Number),
			"%s songs of the library %s are missing; they are kept, with all that users attached to them, until they return.", humanize.Comma(int64(p.Songs)), l.Name)
	}
}

// sqliteFile tells whether there is a database file worth opening.
func (e *examination) sqliteFile(path string) bool {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if dir := filepath.Dir(path); dir != e.Data && !writable(nearest(path)) {
			e.problem("database", "Give its folder to the server's user, or name another place by --database.",
				"The database %s is not there, and %s can't make it in %s.", path, who(), dir)
		} else {
			e.well("database", "There is no database at %s yet; it will be made.", path)
			e.keyMode()
		}
		return false
	}
	if err != nil {
		e.problem("database", fmt.Sprintf("Give it to the server's user (chown %d %s*).", os.Geteuid(), path), "The database %s can't be read by %s.", path, who())
		return false
	}
	defer f.Close()
	head := make([]byte, 16)
	n, err := f.Read(head)
	if n > 0 && string(head[:n]) != "SQLite format 3\x00" || n == 0 && err != nil && !isEmpty(f) {
		e.problem("database", "Name another file by --database, or restore a backup.", "The file %s is no SQLite database.", path)
		return false
	}
	if !writable(path) || !writable(filepath.Dir(path)) {
		e.problem("database", fmt.Sprintf("Give it and its folder to the server's user (chown %d %s %s*).", os.Geteuid(), filepath.Dir(path), path),
			"The database %s can't be written by %s.", path, who())
		return false
	}
	return true
}

func isEmpty(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular() && info.Size() == 0
}

// refused explains why a database did not open.
func (e *examination) refused(shown string, err error) {
	text := err.Error()
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(text, p) {
				return true
			}
		}
		return false
	}
	switch {
	case errors.Is(err, catalog.ErrNewer):
		e.problem("database", "Install that version or a later one, or restore the backup made before the upgrade.",
			"The catalog at %s was written by a newer version of Songlocker.", shown)
	case has("schema steps and is opened for reading only"):
		e.well("database", "The database at %s answers; the first start makes the catalog or brings it up to date.", shown)
		e.keyMode()
	case has("SQLSTATE 28P01"):
		e.problem("database", "Correct the password in SONGLOCKER_DATABASE or in the file of --database-file.", "The database at %s refuses the password.", shown)
	case has("SQLSTATE 28000"):
		e.problem("database", "Correct the user in --database, or let it in (pg_hba.conf).", "The database at %s refuses the user.", shown)
	case has("SQLSTATE 3D000"):
		e.problem("database", "Make it (createdb), or correct the name at the end of --database.", "There is no database of that name at %s.", shown)
	case has("no such host", "connection refused", "no such file or directory", "no route to host", "network is unreachable", "i/o timeout"):
		e.problem("database", "Start the database server, or correct host and port in --database.", "Nothing answers at %s.", shown)
	case has("malformed", "not a database", "disk image"):
		e.problem("database", "Restore the last backup.", "The database %s is damaged.", shown)
	default:
		e.problem("database", "Correct --database, or ask with this text.", "The database at %s can't be opened: %s.", shown, strings.ReplaceAll(text, e.Database, shown))
	}
}

// key looks whether the key file fits the catalog, and returns it if it does.
func (e *examination) key(ctx context.Context, c *catalog.Catalog) *auth.Keyring {
	fingerprint, err := c.KeyFingerprint(ctx)
	if err != nil || fingerprint == "" {
		e.keyMode()
		return nil
	}
	// With a fingerprint there, opening only reads.
	keys, err := auth.OpenKeyring(ctx, c, e.KeyFile, slog.New(slog.DiscardHandler))
	_, missing := os.Stat(e.KeyFile)
	switch {
	case errors.Is(missing, fs.ErrNotExist):
		e.problem("key", "Put it back from its backup, or name it by --key-file. If it is lost for good: songlocker key reset.",
			"The key file %s is missing, and the catalog holds passwords sealed with it.", e.KeyFile)
	case errors.Is(err, fs.ErrPermission):
		e.problem("key", fmt.Sprintf("Give it to the server's user (chown %d %s).", os.Geteuid(), e.KeyFile), "The key file %s can't be read by %s.", e.KeyFile, who())
	case err != nil:
		e.problem("key", "Put the right one back from its backup, or name it by --key-file.", "The key file %s is not the one of this catalog.", e.KeyFile)
	default:
		if e.keyMode() {
			e.well("key", "The key file %s fits the catalog.", e.KeyFile)
		}
		return keys
	}
	return nil
}

// keyMode looks whether others may read the key file, if there is one.
func (e *examination) keyMode() bool {
	info, err := os.Stat(e.KeyFile)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		e.problem("key", "Take it from them: chmod 600 "+e.KeyFile, "The key file %s may be read by other users of this machine.", e.KeyFile)
		return false
	}
	return true
}

func (e *examination) listener(ctx context.Context, l Place) {
	if l.Name == "unix" {
		dir := filepath.Dir(l.Location)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() || !writable(dir) {
			e.problem("port", "Make the folder and give it to the server's user, or choose another path by --listen.",
				"The socket %s can't be made: %s is not there or can't be written by %s.", l.Location, dir, who())
			return
		}
		e.well("port", "The socket %s can be made.", l.Location)
		return
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, l.Name, l.Location)
	if err == nil {
		ln.Close()
		e.well("port", "%s is free to listen at.", l.Location)
		return
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "address already in use"):
		e.problem("port", "Stop that program, perhaps a Songlocker that runs already, or choose another port by --listen.", "Another program listens at %s.", l.Location)
	case errors.Is(err, fs.ErrPermission):
		e.problem("port", "Choose a port of 1024 or more by --listen, or give the program the right (setcap cap_net_bind_service=+ep).", "%s may not listen at %s.", who(), l.Location)
	case strings.Contains(text, "cannot assign requested address"):
		e.problem("port", "Choose one of its own by --listen, or :PORT for all of them.", "This machine has no address %s.", l.Location)
	default:
		e.problem("port", "Choose another address by --listen.", "Nothing can listen at %s: %v.", l.Location, err)
	}
}

func (e *examination) proxies() {
	for _, p := range e.Proxies {
		if p.Bits() == 0 {
			e.problem("network", "Name the addresses of your own proxies only.",
				"--trusted-proxies %s believes every caller about its address, so that anyone can get around the brake on failed logins.", p)
		}
	}
	if e.BasePath != "" && len(e.Proxies) == 0 {
		e.hint("network", "If there is one, name its address by --trusted-proxies.",
			"There is a base path (%s), which speaks for a proxy in front, but no proxy is trusted: all callers seem to come from its address.", e.BasePath)
	}
}

// locationPath returns the folder of a file URL.
func locationPath(u *url.URL) string { return filepath.FromSlash(u.Path) }
