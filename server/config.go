// Package server puts Songlocker together: the command line, the
// configuration, and everything that `songlocker serve` runs. It knows every
// room and is known by none but main.
package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage"
)

// Settings is the configuration as it is written. Each field is a flag, a
// SONGLOCKER_ variable and a name in the configuration file, all three by the
// one name that comes from the field's own. docs/CONFIG.md is made from it.
type Settings struct {
	Config string `help:"Read settings from this TOML file. Without it, songlocker.toml in the data folder is read if it is there, else /etc/songlocker/songlocker.toml." placeholder:"FILE" group:"Places" file:"no"`
	Data   string `help:"Folder of Songlocker's own state: catalog, key, cached pictures. It is made when it is not there." default:"${data}" placeholder:"FOLDER" group:"Places"`

	Database     string `help:"Where the catalog is: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME. Without it, songlocker.db in the data folder." placeholder:"LOCATION" group:"Places"`
	DatabaseFile string `help:"Read the database's location from this file, to keep its password out of the configuration." placeholder:"FILE" group:"Places"`
	KeyFile      string `help:"File of the key that seals passwords for apps' token login. Without it, key in the data folder. It is made at the first start; keep a copy, apart from the catalog's." placeholder:"FILE" group:"Places"`

	Music       []string `help:"A library: NAME=FOLDER, NAME=URL, or just the folder. May be given many times." placeholder:"[NAME=]PLACE" sep:"none" split:"yes" group:"Music"`
	Audiobooks  []string `help:"A library of audiobooks, written as one of --music. Its songs are in no random, similar, top and frequent list but that of their own library. May be given many times." placeholder:"[NAME=]PLACE" sep:"none" split:"yes" group:"Music"`
	FollowLinks bool     `help:"Follow symbolic links that lead out of a library's folder." group:"Music"`

	ScanInterval time.Duration `help:"How often all libraries are compared with the catalog, besides what watching notices. 0 turns it off." default:"1h" group:"Music"`
	Watch        bool          `help:"Watch folders and scan what changes at once." default:"true" negatable:"" group:"Music"`

	GenreSeparators  []string `help:"Text that separates several genres in one tag value. May be given many times; an empty one turns splitting off." default:";" placeholder:"TEXT" sep:"none" group:"Music"`
	ArtistSeparators []string `help:"Text that separates several artists in one tag value. May be given many times. Without it, nothing is split." placeholder:"TEXT" sep:"none" group:"Music"`
	GuessEncodings   bool     `help:"Recover tags whose text is in another encoding than they say, such as Shift-JIS or Windows-1251 in a tag of Latin-1, where it is plain which one it is. The scan's record names every file." default:"true" negatable:"" group:"Music"`
	ImportPlaylists  bool     `help:"Make lists of the playlists (.m3u, .m3u8, .pls, .xspf) that lie in libraries." default:"true" negatable:"" group:"Music"`
	PlaylistOwner    string   `help:"User whose lists these become. Without it, the first administrator; in a user's own library they are that user's." placeholder:"NAME" group:"Music"`
	PublicPlaylists  bool     `help:"Let everybody see the lists that are made of files. Songs are shown only to those who may read them." group:"Music"`
	IgnoredArticles  string   `help:"Words, with spaces between, that artists are not sorted by when their names begin with them." default:"The El La Los Las Le Les" placeholder:"WORDS" group:"Music"`
	Prefer           string   `help:"Show an album that lies in several libraries once: the copy of the best quality (quality), the one in a folder before one in a bucket (local), or the one in the library with the lowest number (order). Stars and plays are then those of all copies. Without it, all are shown." placeholder:"WHICH" group:"Music"`
	ArtCacheSize     string   `help:"How much disk space resized pictures may take." default:"512MB" placeholder:"SIZE" group:"Music"`
	StreamCacheSize  string   `help:"How much disk space what was streamed from buckets may take, so that it comes at once the next time. 0 keeps nothing." default:"2GB" placeholder:"SIZE" group:"Music"`

	Listen         []string `help:"Where to listen: HOST:PORT, :PORT for every address of the machine, [::]:PORT, or unix:PATH. May be given many times." default:"127.0.0.1:4040" placeholder:"ADDRESS" sep:"none" split:"yes" group:"Network"`
	BasePath       string   `help:"Serve below this path, such as /music. A proxy in front may strip it or not." placeholder:"PATH" group:"Network"`
	TrustedProxies []string `help:"Address or network (10.0.0.0/8) of a proxy whose X-Forwarded-For is believed. May be given many times. Without it, none is." placeholder:"NETWORK" sep:"none" split:"yes" group:"Network"`

	AdminUser         string `help:"Make this user, an administrator, at the first start. The password comes from SONGLOCKER_ADMIN_PASSWORD or --admin-password-file." placeholder:"NAME" group:"Users"`
	AdminPasswordFile string `help:"File with the password of --admin-user." placeholder:"FILE" group:"Users"`
	AppPasswords      bool   `help:"Let apps log in with the account's password. Turned off, only device secrets open the Subsonic interface." default:"true" negatable:"" group:"Users"`

	LogLevel  string `help:"Least level that is logged: ${enum}." default:"info" enum:"debug,info,warn,error" group:"Log"`
	LogFormat string `help:"Form of the log: ${enum}." default:"text" enum:"text,json" group:"Log"`
}

// Root is one library that the configuration names. Its secret comes from the
// environment alone.
type Root struct {
	Name     string // "" when none is given: the catalog makes one of the location
	Location string // as storage.Parse returns it
	Kind     string // models.LibraryMusic or another
	Secret   storage.Secret
}

// Listener is one place to listen at.
type Listener struct {
	Network string // "tcp" or "unix"
	Address string // HOST:PORT or a path
}

// Config is the configuration in force, checked and in the types that the
// rest of the program uses. It is a value: nothing changes it after Load.
type Config struct {
	File             string // the configuration file that was read, or ""
	Data             string // absolute
	Database         string // location, which may hold a password: print catalog.Redact of it
	KeyFile          string
	Music            []Root // of all kinds
	FollowLinks      bool
	ScanInterval     time.Duration
	Watch            bool
	GenreSeps        []string
	ArtistSeps       []string
	GuessEncodings   bool
	Playlists        scanner.Playlists
	Articles         []string
	Prefer           string // one of the catalog's Prefer constants
	ArtCacheBytes    int64
	StreamCacheBytes int64 // 0: none
	Listen           []Listener
	BasePath         string // "" or "/music", never with a slash at its end
	Proxies          []netip.Prefix
	AdminUser        string
	AdminPassword    string // secret
	AppPasswords     bool
	LogLevel         slog.Level
	LogFormat        string
}

// minStreamCache is the least size of the cache of streams that is worth it.
const minStreamCache = 16e6

// ErrConfig is a configuration that can't be used; the program ends with
// status 2.
var ErrConfig = errors.New("configuration")

// badSetting is a setting whose value can't be used.
type badSetting struct {
	where string // "--listen", "SONGLOCKER_LISTEN" or "listen in FILE"
	what  string
}

func (e *badSetting) Error() string { return e.where + ": " + e.what }

func (e *badSetting) Is(target error) bool { return target == ErrConfig }

// check turns settings into the configuration. where tells where a setting's
// value came from; secret is the value of SONGLOCKER_ADMIN_PASSWORD. Secrets
// that lie in files are read; nothing else on the disk is looked at.
func (s *Settings) check(where func(name string) string, secret string) (Config, error) {
	bad := func(name, format string, args ...any) error {
		return &badSetting{where(name), fmt.Sprintf(format, args...)}
	}
	c := Config{
		FollowLinks: s.FollowLinks, ScanInterval: s.ScanInterval, Watch: s.Watch,
		GenreSeps: filled(s.GenreSeparators), ArtistSeps: filled(s.ArtistSeparators), GuessEncodings: s.GuessEncodings,
		Playlists: scanner.Playlists{Import: s.ImportPlaylists, Owner: s.PlaylistOwner, Public: s.PublicPlaylists},
		Articles:  strings.Fields(s.IgnoredArticles),
		AdminUser: s.AdminUser, AdminPassword: secret, AppPasswords: s.AppPasswords,
		LogFormat: s.LogFormat, Database: s.Database, File: s.Config,
	}
	var err error
	if s.Data == "" {
		return c, bad("data", "the data folder is empty: name a folder")
	}
	if c.Data, err = filepath.Abs(s.Data); err != nil {
		return c, bad("data", "%v", err)
	}

	switch {
	case s.Database != "" && s.DatabaseFile != "":
		return c, bad("database-file", "%s is given too: only one of them may name the database", where("database"))
	case s.DatabaseFile != "":
		if c.Database, err = readSecret(s.DatabaseFile); err != nil {
			return c, bad("database-file", "%v", err)
		}
	case s.Database == "":
		c.Database = "sqlite:" + filepath.Join(c.Data, "songlocker.db")
	}
	switch {
	case strings.HasPrefix(c.Database, "sqlite:") && len(c.Database) > len("sqlite:"):
	case strings.HasPrefix(c.Database, "postgres://"), strings.HasPrefix(c.Database, "postgresql://"):
		if _, err := url.Parse(c.Database); err != nil {
			// The text of the error would repeat the password.
			return c, bad("database", "this is no URL: signs such as / @ : # in the password must be written as %%2F %%40 %%3A %%23")
		}
	default:
		return c, bad("database", "want sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	}

	c.KeyFile = s.KeyFile
	if c.KeyFile == "" {
		c.KeyFile = filepath.Join(c.Data, "key")
	}
	if c.KeyFile, err = filepath.Abs(c.KeyFile); err != nil {
		return c, bad("key-file", "%v", err)
	}

	if c.Music, err = roots(filled(s.Music), models.LibraryMusic); err != nil {
		return c, bad("music", "%v", err)
	}
	books, err := roots(filled(s.Audiobooks), models.LibraryAudiobook)
	if err != nil {
		return c, bad("audiobooks", "%v", err)
	}
	c.Music = append(c.Music, books...)
	if c.Prefer = s.Prefer; !slices.Contains([]string{catalog.PreferAll, catalog.PreferQuality, catalog.PreferLocal, catalog.PreferOrder}, c.Prefer) {
		return c, bad("prefer", "%q is none of quality, local and order; leave it out to show every copy", s.Prefer)
	}
	if s.ScanInterval < 0 || s.ScanInterval > 0 && s.ScanInterval < time.Second {
		return c, bad("scan-interval", "%s is too short: give a second or more, such as 1h, or 0 for never", s.ScanInterval)
	}
	for _, x := range []struct {
		name, value string
		to          *int64
	}{{"art-cache-size", s.ArtCacheSize, &c.ArtCacheBytes}, {"stream-cache-size", s.StreamCacheSize, &c.StreamCacheBytes}} {
		size, err := humanize.ParseBytes(x.value)
		if err != nil || size > 1<<50 {
			return c, bad(x.name, "%q is no size: write it like 512MB or 2GiB", x.value)
		}
		*x.to = int64(size)
	}
	if c.StreamCacheBytes > 0 && c.StreamCacheBytes < minStreamCache {
		return c, bad("stream-cache-size", "%q is too small to keep a song: give 16MB or more, or 0 for none", s.StreamCacheSize)
	}

	for _, l := range filled(s.Listen) {
		at, err := listener(l)
		if err != nil {
			return c, bad("listen", "%v", err)
		}
		c.Listen = append(c.Listen, at)
	}
	if len(c.Listen) == 0 {
		return c, bad("listen", "there is no address to listen at")
	}
	if c.BasePath, err = basePath(s.BasePath); err != nil {
		return c, bad("base-path", "%v", err)
	}
	for _, p := range filled(s.TrustedProxies) {
		net, err := network(p)
		if err != nil {
			return c, bad("trusted-proxies", "%v", err)
		}
		c.Proxies = append(c.Proxies, net)
	}

	if s.AdminPasswordFile != "" {
		if secret != "" {
			return c, bad("admin-password-file", "SONGLOCKER_ADMIN_PASSWORD is set too: only one of them may hold the password")
		}
		if c.AdminPassword, err = readSecret(s.AdminPasswordFile); err != nil {
			return c, bad("admin-password-file", "%v", err)
		}
	}
	if c.AdminUser != "" && c.AdminPassword == "" {
		return c, bad("admin-user", "there is no password for %q: put it into SONGLOCKER_ADMIN_PASSWORD or into a file that --admin-password-file names", c.AdminUser)
	}
	if c.AdminUser == "" && c.AdminPassword != "" {
		return c, &badSetting{"SONGLOCKER_ADMIN_PASSWORD", "there is a password and no user to give it to: set --admin-user"}
	}
	if err := c.LogLevel.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return c, bad("log-level", "%v", err)
	}
	return c, nil
}

// filled returns the values that are not empty.
func filled(values []string) []string {
	var out []string
	for _, v := range values {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

// readSecret returns the text of a file without the line end that editors
// put there.
func readSecret(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	s := strings.TrimRight(string(b), "\r\n")
	if s == "" {
		return "", fmt.Errorf("%s is empty", file)
	}
	return s, nil
}

// roots reads the values of --music or --audiobooks. Names are unique without
// regard to case.
func roots(values []string, kind string) ([]Root, error) {
	var out []Root
	names := map[string]bool{}
	for _, v := range values {
		r := Root{Location: v, Kind: kind}
		// A "=" within a path belongs to the path, so a name has no slash.
		if name, place, ok := strings.Cut(v, "="); ok && !strings.ContainsAny(name, `/\`) {
			r = Root{Name: strings.TrimSpace(name), Location: place, Kind: kind}
			if r.Name == "" {
				return nil, fmt.Errorf("%q has nothing before the =: write NAME=%s", v, place)
			}
			if folded := models.Fold(r.Name); names[folded] {
				return nil, fmt.Errorf("two libraries are called %q: choose another name", r.Name)
			} else {
				names[folded] = true
			}
		}
		u, err := storage.Parse(r.Location)
		if err != nil {
			return nil, err
		}
		r.Location = u.String()
		out = append(out, r)
	}
	return out, nil
}

// listener reads one value of --listen.
func listener(s string) (Listener, error) {
	if p, ok := strings.CutPrefix(s, "unix:"); ok {
		if p == "" {
			return Listener{}, errors.New("unix: needs a path, such as unix:/run/songlocker.sock")
		}
		return Listener{"unix", p}, nil
	}
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return Listener{}, fmt.Errorf("%q is no address: write it like 127.0.0.1:4040, :4040, [::]:4040 or unix:/run/songlocker.sock", s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n > 65535 {
		return Listener{}, fmt.Errorf("%q has no usable port: give a number from 0 to 65535", s)
	}
	return Listener{"tcp", s}, nil
}

// basePath reads --base-path.
func basePath(s string) (string, error) {
	if s == "" || s == "/" {
		return "", nil
	}
	if !strings.HasPrefix(s, "/") {
		return "", fmt.Errorf("%q must begin with a slash: write /%s", s, s)
	}
	s = strings.TrimRight(s, "/")
	if path.Clean(s) != s || strings.ContainsAny(s, "?#%;\\ ") {
		return "", fmt.Errorf("%q is no plain path: write it like /music", s)
	}
	for _, own := range []string{"/rest", "/api", "/hooks"} {
		if s == own || strings.HasPrefix(s, own+"/") {
			return "", fmt.Errorf("%q is a path of Songlocker's own: choose another", s)
		}
	}
	return s, nil
}

// network reads one value of --trusted-proxies.
func network(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q is neither an address nor a network: write it like 10.0.0.2 or 10.0.0.0/8", s)
	}
	return p.Masked(), nil
}

// Loopback tells whether nobody but this machine reaches the listeners.
func (c *Config) Loopback() bool {
	for _, l := range c.Listen {
		if l.Network != "tcp" {
			continue
		}
		host, _, _ := net.SplitHostPort(l.Address)
		a, err := netip.ParseAddr(host)
		if host != "localhost" && (err != nil || !a.IsLoopback()) {
			return false
		}
	}
	return true
}
