package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/term"

	"github.com/songlocker/songlocker/models/catalog"
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
		err = serve(ctx, listeners, s.handler(), r.Log)
	}
	stop()
	s.work.Wait()
	return errors.Join(err, s.close())
}

// server is everything that runs in one process.
type server struct {
	*run
	catalog *catalog.Catalog
	setup   *setup
	work    sync.WaitGroup // background work, which ends with its context
}

// newServer opens what a server needs. Nothing in it grows with the number of
// songs.
func newServer(ctx context.Context, r *run) (*server, error) {
	c, err := r.openCatalog(ctx)
	if err != nil {
		return nil, err
	}
	s := &server{run: r, catalog: c}
	s.setup = &setup{
		exists: s.hasUser, create: s.createOwner,
		base: r.Config.BasePath, linkFile: filepath.Join(r.Config.Data, setupLinkFile),
		loopback: r.Config.Loopback(), log: r.Log, now: time.Now,
	}
	return s, nil
}

// close lets go of everything. Background work has ended.
func (s *server) close() error { return s.catalog.Close() }

// start begins the background work, which ends with ctx.
func (s *server) start(context.Context) {}

// handler wires all doors of the server.
func (s *server) handler() http.Handler {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = address(s.Config.Proxies)
	e.Use(watch(s.Log))
	e.GET(healthPath, healthHandler(s.catalog))
	s.setup.mount(e)
	return atBase(s.Config.BasePath, e)
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
	taken, err := s.hasUser(ctx)
	if err != nil {
		return err
	}
	if taken {
		return removeLink(s.setup.linkFile)
	}
	link := at[0] + s.setup.open()
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
