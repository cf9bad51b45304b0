package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// Process is what a run of the program gets from its surroundings.
type Process struct {
	Args           []string // without the program's name
	Environ        []string // as os.Environ returns it
	Stdin          *os.File
	Stdout, Stderr *os.File
	Stores         *storage.Registry
	Version        string // "" when the build names none
}

// commandLine is the grammar of the command line.
type commandLine struct {
	Settings

	Serve    serveCommand    `cmd:"" help:"Run the server."`
	Scan     scanCommand     `cmd:"" help:"Compare libraries with the catalog now."`
	User     userCommand     `cmd:"" help:"Manage users."`
	Secret   secretCommand   `cmd:"" help:"Manage secrets for single apps and devices."`
	Library  libraryCommand  `cmd:"" help:"Manage libraries."`
	Playlist playlistCommand `cmd:"" help:"Write playlists to files."`
	Key      keyCommand      `cmd:"" help:"Manage the key that seals passwords."`
	Why      whyCommand      `cmd:"" help:"Say why songs stand in one album, field by field, and what keeps other albums apart from it."`
	Doctor   doctorCommand   `cmd:"" help:"Look for what is wrong with folders, rights, ports, database, key and clock. Changes nothing; ends with status 1 when something must be mended."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
	Health   healthCommand   `cmd:"" help:"Ask the running server how it is; for containers. Ends with status 0 when it is well."`
}

// run is what commands work with.
type run struct {
	Process
	Config Config
	Log    *slog.Logger
}

const description = "Songlocker serves your music, where it lies, to every Subsonic app. " +
	"Every setting below is a flag, a SONGLOCKER_ variable and a name in the configuration file; see docs/CONFIG.md."

// grammar builds the parser around a command line that is filled by parsing.
func grammar(c *commandLine, data string, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(c, append([]kong.Option{
		kong.Name("songlocker"),
		kong.Description(description),
		kong.Vars{"data": data, "settings": librarySettings},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: false}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "Places", Title: "Places:"}, {Key: "Music", Title: "Music:"}, {Key: "Network", Title: "Network:"},
			{Key: "Users", Title: "Users:"}, {Key: "Log", Title: "Log:"},
		}),
	}, options...)...)
}

// helped is panicked by kong's way out after it has printed help, and caught
// in parse, because a library may not end the process.
type helped struct{ status int }

// parse reads the command line and all settings. done is true when help was
// asked for and printed.
func parse(p Process) (ctx *kong.Context, cfg Config, done bool, err error) {
	defer func() {
		if h, ok := recover().(helped); ok {
			done = true
			if h.status != 0 {
				err = ErrConfig
			}
		}
	}()
	src := &sources{env: environment(p.Environ), from: map[string]string{}}
	data := defaultData(lookup(p.Environ))
	var cl commandLine
	var read bool
	k, err := grammar(&cl, data,
		kong.Writers(p.Stdout, p.Stderr),
		kong.Exit(func(status int) { panic(helped{status}) }),
		kong.Resolvers(src),
		kong.WithBeforeResolve(func(ctx *kong.Context) error {
			if read {
				return nil // the hook is called once for every word of the command line
			}
			read = true
			if ctx.Command() == "version" {
				src.env = nil
				return nil
			}
			given := func(name string) string {
				for _, p := range ctx.Path {
					if p.Flag != nil && p.Flag.Name == name {
						s, _ := ctx.FlagValue(p.Flag).(string)
						return s
					}
				}
				return ""
			}
			return src.read(given("config"), given("data"), data)
		}),
	)
	if err != nil {
		return nil, cfg, false, err
	}
	ctx, err = k.Parse(p.Args)
	if err != nil {
		return nil, cfg, false, err
	}
	if ctx.Command() == "version" {
		return ctx, cfg, false, nil
	}
	if err := src.known(k.Model); err != nil {
		return nil, cfg, false, err
	}
	cfg, err = cl.Settings.check(src.where, src.env[envSecret])
	cfg.File = src.file
	if err == nil {
		err = giveSecrets(cfg.Music, src.env)
	}
	return ctx, cfg, false, err
}

// lookup returns a getenv over environ.
func lookup(environ []string) func(string) string {
	return func(name string) string {
		for _, e := range environ {
			if k, v, _ := strings.Cut(e, "="); k == name {
				return v
			}
		}
		return ""
	}
}

// The exit statuses of the program.
const (
	statusDone   = 0
	statusFailed = 1 // something went wrong while it ran
	statusConfig = 2 // the command line or the configuration can't be used
)

// Main runs the program and returns its exit status. It ends early, and
// orderly, on SIGINT and SIGTERM.
func Main(p Process) int {
	p.Version = version(p.Version)
	k, cfg, done, err := parse(p)
	if err != nil {
		if !done {
			fmt.Fprintf(p.Stderr, "songlocker: %s\n", sentence(err))
		}
		return statusConfig
	}
	if done {
		return statusDone
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	r := &run{p, cfg, newLog(p.Stderr, cfg)}
	k.BindTo(ctx, (*context.Context)(nil))
	err = k.Run(r)
	switch {
	case err == nil:
		return statusDone
	case errors.Is(err, errSaid):
		return statusFailed
	case errors.Is(err, ErrConfig):
		fmt.Fprintf(p.Stderr, "songlocker: %s\n", sentence(err))
		return statusConfig
	}
	fmt.Fprintf(p.Stderr, "songlocker: %s\n", sentence(err))
	return statusFailed
}

// errSaid is a failure that the command has already explained.
var errSaid = errors.New("failed")

// sentence returns an error as a sentence for people, without a secret.
func sentence(err error) string {
	if b, ok := errors.AsType[*badSetting](err); ok {
		err = b // without what the parser says before it
	}
	s := strings.TrimRight(err.Error(), ". \n")
	for _, kind := range []error{models.ErrInvalid, models.ErrConflict} {
		s = strings.TrimSuffix(s, ": "+kind.Error()) // the rest says it to people
	}
	if strings.HasSuffix(s, "?") {
		return s
	}
	return s + "."
}

// newLog returns the log of one run.
func newLog(w io.Writer, c Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// version names the build: what the build was told, else the module's
// version, else the commit.
func version(told string) string {
	if told != "" {
		return told
	}
	b, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := b.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range b.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}

type versionCommand struct{}

func (versionCommand) Run(r *run) error {
	_, err := fmt.Fprintf(r.Stdout, "songlocker %s %s %s/%s\n", r.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

// openCatalog opens the catalog of this configuration and makes the data
// folder if need be. The caller closes it.
func (r *run) openCatalog(ctx context.Context) (*catalog.Catalog, error) {
	if err := os.MkdirAll(r.Config.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	return catalog.Open(ctx, catalog.Options{Location: r.Config.Database, Log: r.Log})
}
