package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/term"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/admin"
	"github.com/songlocker/songlocker/server/api"
	"github.com/songlocker/songlocker/server/artwork"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/demo"
	"github.com/songlocker/songlocker/server/hooks"
	"github.com/songlocker/songlocker/server/lyrics"
	"github.com/songlocker/songlocker/server/scans"
	"github.com/songlocker/songlocker/server/session"
	"github.com/songlocker/songlocker/storage/rangecache"
	"github.com/songlocker/songlocker/subsonic"
)

type serveCommand struct{}

// Run serves until ctx ends. The listeners open first, so that a port in use
// is told before anything is touched, and callers wait the moment that the
// rest takes instead of being refused.
func (serveCommand) Run(ctx context.Context, r *run) error {
	listeners, err := listen(ctx, r.Config.Listen)
	if err != nil {
		return err
	}
	s, err := newServer(ctx, r)
	if err != nil {
		for _, l := range listeners {
			_ = l.Close() // the first error is the one to tell
		}
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	s.start(ctx)
	err = s.greet(ctx, listeners)
	if err == nil {
		err = serve(ctx, listeners, s.handler(ctx), r.Log)
	}
	stop()
	s.work.Wait()
	return errors.Join(err, s.close())
}

// server is everything that runs in one process.
type server struct {
	*run
	catalog *catalog.Catalog
	auth    *auth.Service
	stores  *stores
	scans   *scans.Manager
	hooks   *hooks.Service
	artwork *artwork.Service
	setup   *setup
	demo    bool           // the demo library is served and may have to be made
	tidy    chan struct{}  // filled when a scan has ended
	work    sync.WaitGroup // background work, which ends with its context
}

// newServer opens what a server needs. Nothing in it grows with the number of
// songs.
func newServer(ctx context.Context, r *run) (s *server, err error) {
	s = &server{run: r, tidy: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.catalog, err = r.openCatalog(ctx); err != nil {
		return s, err
	}
	if s.auth, err = r.openAuth(ctx, s.catalog); err != nil {
		return s, err
	}
	s.setup = &setup{
		once: s.auth.NewSetup(), base: r.Config.BasePath, linkFile: filepath.Join(r.Config.Data, setupLinkFile),
		loopback: r.Config.Loopback(), log: r.Log,
	}
	if err = s.unattended(ctx); err != nil {
		return s, err
	}
	if s.demo, err = r.configureLibraries(ctx, s.catalog, false); err != nil {
		return s, err
	}
	if err = s.catalog.SetPrefer(ctx, r.Config.Prefer); err != nil {
		return s, err
	}
	s.stores = r.openStores(s.catalog, s.auth.Keys())
	s.stores.cache = rangecache.New(rangecache.Options{
		Dir: filepath.Join(r.Config.Data, "cache", "streams"), Bound: r.Config.StreamCacheBytes, Log: r.Log,
	})
	s.scans = r.newScans(s.catalog, s.stores, scans.Options{
		Interval: r.Config.ScanInterval, Watch: r.Config.Watch, AtStart: true,
		After: s.scanned,
	})
	s.hooks = hooks.New(hooks.Config{Catalog: s.catalog, Log: r.Log, Ask: func(library int, prefixes []string) {
		s.scans.Ask(scans.Order{Library: library, Prefixes: prefixes})
	}})
	s.artwork = artwork.New(artwork.Config{
		Catalog: s.catalog, Stores: playback{s.stores}, Dir: filepath.Join(r.Config.Data, "cache", "art"), Bound: r.Config.ArtCacheBytes, Log: r.Log,
		Changed: s.scans.Changed,
	})
	return s, nil
}

// unattended makes the owner that the configuration names, when there is
// nobody yet.
func (s *server) unattended(ctx context.Context) error {
	if s.Config.AdminUser == "" {
		return nil
	}
	needed, err := s.setup.once.Needed(ctx)
	if err != nil || !needed {
		return err
	}
	_, err = s.auth.CreateOwner(ctx, s.Config.AdminUser, s.Config.AdminPassword)
	if errors.Is(err, models.ErrInvalid) || errors.Is(err, models.ErrMissing) {
		return fmt.Errorf("%w: --admin-user: %w", ErrConfig, err)
	}
	return err
}

// close lets go of what was opened. Background work has ended.
func (s *server) close() error {
	var errs []error
	if s.stores != nil {
		errs = append(errs, s.stores.close())
	}
	if s.auth != nil {
		errs = append(errs, s.auth.Close())
	}
	if s.catalog != nil {
		errs = append(errs, s.catalog.Close())
	}
	return errors.Join(errs...)
}

// start begins the background work, which ends with ctx.
func (s *server) start(ctx context.Context) {
	s.work.Go(func() { s.giveBack(ctx) })
	s.work.Go(func() { s.hooks.Run(ctx) })
	s.work.Go(func() {
		if s.demo {
			if err := demo.Make(ctx, s.demoFolder()); err != nil && ctx.Err() == nil {
				s.Log.Error("the demo library can't be made", "error", err)
			}
		}
		if err := s.scans.Run(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("scans have stopped", "error", err)
		}
	})
}

// scanned notes that a scan has ended and no other waits.
func (s *server) scanned() {
	select {
	case s.tidy <- struct{}{}:
	default:
	}
}

// quiet is how long no scan ends before memory is given back: folders that
// change often are not worth it each time.
const quiet = 3 * time.Second

// giveBack returns to the system what scans needed and an idle server does
// not, until ctx ends.
func (s *server) giveBack(ctx context.Context) {
	t := time.NewTimer(quiet)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.tidy:
			t.Reset(quiet)
		case <-t.C:
			if err := s.catalog.Trim(ctx); err != nil && ctx.Err() == nil {
				s.Log.Warn("memory can't be given back", "error", err)
			}
			debug.FreeOSMemory()
		}
	}
}

// handler wires all doors of the server. Other doors than these are mounted
// here, below their own paths. Streams of events end with ctx.
func (s *server) handler(ctx context.Context) http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = address(s.Config.Proxies)
	counted := newMetrics()
	e.Use(watch(s.Log), counted.watch)
	e.GET(healthPath, healthHandler(s.catalog))
	e.GET(metricsPath, scrape{counted, s}.handler)
	s.setup.mount(e)
	subsonic.New(subsonic.Config{
		Catalog: s.catalog, Auth: s.auth, Stores: playback{s.stores}, Scans: s.scans, Covers: covers{s.artwork},
		Lyrics:          lyrics.New(s.catalog, playback{s.stores}, s.Config.GuessEncodings, s.Log),
		IgnoredArticles: s.Config.Articles, Version: s.Version, Log: s.Log, Called: counted.Called,
	}).Mount(e, "")
	s.manage(ctx, e)
	e.Any(hooks.Path+"*", echo.WrapHandler(s.hooks))
	return atBase(s.Config.BasePath, e)
}

// manage mounts the doors by which people run the server: our own API and the
// admin pages, which the root leads to.
func (s *server) manage(ctx context.Context, e *echo.Echo) {
	m := s.newManage(s.catalog, s.auth, s.scans, s.stores)
	door := &session.Door{Auth: s.auth, BasePath: s.Config.BasePath, Proxies: s.Config.Proxies}
	api.New(api.Config{Manage: m, Door: door, Version: s.Version, Stop: ctx.Done(), Log: s.Log}).Mount(e.Group("/api/v1"))
	admin.New(admin.Config{Manage: m, Door: door, BasePath: s.Config.BasePath, Version: s.Version, Log: s.Log}).Mount(e.Group("/admin"))
	e.GET("/", func(c echo.Context) error {
		// Relative, whatever a proxy in front strips.
		c.Response().Header().Set("Location", "admin/")
		return c.NoContent(http.StatusSeeOther)
	})
}

// greet tells on stdout where the server is, and how the first user is made
// when there is none.
func (s *server) greet(ctx context.Context, listeners []net.Listener) error {
	var at []string
	for _, l := range listeners {
		at = append(at, urls(l.Addr(), s.Config.BasePath)...)
	}
	s.say("Songlocker %s listens at %s", s.Version, strings.Join(at, " and "))
	if s.Config.Loopback() {
		s.say("Only this machine reaches it. Phones need LISTEN=:4040 make run, or --listen :4040.")
	}
	needed, err := s.setup.once.Needed(ctx)
	if err != nil {
		return err
	}
	if !needed {
		return removeLink(s.setup.linkFile)
	}
	// A socket has no address of its own; its proxy has.
	link := "http://ADDRESS-OF-THE-PROXY" + s.Config.BasePath + s.setup.link()
	for _, a := range at {
		if strings.HasPrefix(a, "http") {
			link = a + s.setup.link()
			break
		}
	}
	if term.IsTerminal(int(s.Stdout.Fd())) {
		s.say("Make the owner within an hour: %s", link)
		return removeLink(s.setup.linkFile)
	}
	if err := writeLink(s.setup.linkFile, link); err != nil {
		return fmt.Errorf("write the setup link: %w", err)
	}
	s.say("Make the owner within an hour by the link in %s", s.setup.linkFile)
	return nil
}

func (s *server) say(format string, args ...any) {
	fmt.Fprintf(s.Stdout, format+"\n", args...)
}

// urls returns how people reach a listener: for one on all addresses, those
// of the machine.
func urls(a net.Addr, base string) []string {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return []string{"unix:" + a.String() + base}
	}
	hosts := []string{t.IP.String()}
	if t.IP.IsUnspecified() {
		hosts = []string{"127.0.0.1"}
		addrs, _ := net.InterfaceAddrs() // without them loopback is still right
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
				hosts = append(hosts, n.IP.String())
			}
		}
		if len(hosts) > 1 {
			hosts = hosts[1:]
		}
	}
	var out []string
	for _, h := range hosts {
		out = append(out, "http://"+net.JoinHostPort(h, fmt.Sprint(t.Port))+base)
	}
	return out
}
