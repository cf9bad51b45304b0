package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/server/hooks"
)

// The limits of a connection. A stream lifts the write limit for itself.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = time.Minute
	writeTimeout      = time.Minute
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 512 << 10 // request lines of 256 KiB and what stands beside them
	shutdownTimeout   = 10 * time.Second
)

// listen opens every listener, or none.
func listen(ctx context.Context, at []Listener) ([]net.Listener, error) {
	var out []net.Listener
	for _, l := range at {
		ln, err := listenOne(ctx, l)
		if err != nil {
			for _, open := range out {
				_ = open.Close() // the first error is the one to tell
			}
			return nil, fmt.Errorf("listen at %s: %w", l.Address, err)
		}
		out = append(out, ln)
	}
	return out, nil
}

func listenOne(ctx context.Context, l Listener) (net.Listener, error) {
	var lc net.ListenConfig
	if l.Network != "unix" {
		return lc.Listen(ctx, l.Network, l.Address)
	}
	// A socket that a killed server left behind refuses connections; one that
	// answers belongs to a server that runs.
	if info, err := os.Lstat(l.Address); err == nil && info.Mode().Type() == fs.ModeSocket {
		var d net.Dialer
		if c, err := d.DialContext(ctx, "unix", l.Address); err == nil {
			_ = c.Close() // nothing was written
			return nil, errors.New("another server listens at this socket")
		}
		if err := os.Remove(l.Address); err != nil {
			return nil, err
		}
	}
	ln, err := lc.Listen(ctx, "unix", l.Address)
	if err != nil {
		return nil, err
	}
	// The proxy in front runs as another user.
	if err := os.Chmod(l.Address, 0o666); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

// serve answers requests on all listeners until ctx ends, and then gives
// those that run shutdownTimeout to finish. It closes the listeners.
func serve(ctx context.Context, listeners []net.Listener, h http.Handler, log *slog.Logger) error {
	// Streams of songs end when the server does: their contexts come from here.
	requests, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	failed := make(chan error, len(listeners))
	for _, ln := range listeners {
		go func() { failed <- s.Serve(ln) }()
	}
	var errs []error
	running := len(listeners)
	select {
	case <-ctx.Done():
	case err := <-failed:
		errs = append(errs, err)
		running--
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout-time.Second)
	defer cancel()
	if e := s.Shutdown(grace); e != nil {
		log.Info("requests are cut off after waiting for them", "error", e)
		stop()
		_ = s.Close() // whatever is left is meant to break
	}
	for range running {
		if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// atBase serves h below base and at the root, so that a proxy in front may
// strip the base path or not.
func atBase(base string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := netip.ParseAddrPort(r.RemoteAddr); err != nil {
			r.RemoteAddr = "127.0.0.1:0" // a unix socket's peer is on this machine
		}
		if base == "" {
			h.ServeHTTP(w, r)
			return
		}
		if r.URL.Path == base {
			http.Redirect(w, r, base+"/", http.StatusPermanentRedirect)
			return
		}
		if rest, ok := strings.CutPrefix(r.URL.Path, base+"/"); ok {
			u := *r.URL
			u.Path = "/" + rest
			if u.RawPath != "" {
				if raw, ok := strings.CutPrefix(u.RawPath, base+"/"); ok {
					u.RawPath = "/" + raw
				} else {
					u.RawPath = ""
				}
			}
			r2 := *r
			r2.URL = &u
			r = &r2
		}
		h.ServeHTTP(w, r)
	})
}

// address tells echo whom to believe about a caller's address: the proxies
// that are trusted and nobody else.
func address(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		trust = append(trust, echo.TrustIPRange(&net.IPNet{
			IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// shownPath returns a path for the log: the secret in that of a hook is left
// out.
func shownPath(path string) string {
	before, rest, ok := strings.Cut(path, hooks.Path)
	library, secret, _ := strings.Cut(rest, "/")
	if !ok || secret == "" {
		return path
	}
	return before + hooks.Path + library + "/…"
}

// redact returns a query for the log: what opens a door is left out.
func redact(query string) string {
	if query == "" {
		return ""
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil || secretNames[strings.ToLower(plain)] {
			parts[i] = name + "=…"
		}
	}
	return strings.Join(parts, "&")
}

// secretNames are the parameters, in lower case, whose values open a door.
var secretNames = map[string]bool{
	"p": true, "t": true, "s": true, "apikey": true, "password": true, "token": true, "secret": true,
}

// watch is the outermost middleware: it logs every request at debug level and
// keeps a panic from ending more than its own request.
func watch(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			began := time.Now()
			r := c.Request()
			defer func() {
				if p := recover(); p != nil {
					if e, ok := p.(error); ok && errors.Is(e, http.ErrAbortHandler) {
						panic(p)
					}
					log.Error("a request panicked", "method", r.Method, "path", shownPath(r.URL.Path), "query", redact(r.URL.RawQuery),
						"panic", fmt.Sprint(p), "stack", string(debug.Stack()))
					if !c.Response().Committed {
						c.Error(echo.NewHTTPError(http.StatusInternalServerError, "internal error"))
					}
				}
				if log.Enabled(r.Context(), slog.LevelDebug) {
					log.Debug("request", "method", r.Method, "path", shownPath(r.URL.Path), "query", redact(r.URL.RawQuery),
						"status", c.Response().Status, "bytes", c.Response().Size, "ms", time.Since(began).Milliseconds(),
						"address", c.RealIP())
				}
			}()
			if err := next(c); err != nil {
				c.Error(err)
			}
			return nil
		}
	}
}
