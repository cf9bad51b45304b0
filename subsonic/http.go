package subsonic

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/subsonic/spec"
)

// Mount adds the protocol's routes below prefix, which is "" or a base path
// such as "/music". It may be called for several prefixes.
func (a *API) Mount(e *echo.Echo, prefix string) {
	path := strings.TrimSuffix(prefix, "/") + "/rest/*"
	e.Match([]string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodDelete}, path, a.serve)
	e.OPTIONS(path, preflight)
}

// Header values that never change. They are shared by all responses and only
// ever replaced, never written to.
var (
	headerStar      = []string{"*"}
	headerExpose    = []string{"X-Total-Count, Content-Length, Content-Range, Accept-Ranges, ETag, Last-Modified, Content-Disposition"}
	headerNoSniff   = []string{"nosniff"}
	headerNoStore   = []string{"no-store"}
	headerNoCache   = []string{"private, no-cache"}
	headerForever   = []string{"private, max-age=31536000, immutable"}
	headerVary      = []string{"Accept-Encoding"}
	headerGzip      = []string{"gzip"}
	headerSandbox   = []string{"sandbox; default-src 'none'"}
	headerMethods   = []string{"GET, HEAD, POST, DELETE, OPTIONS"}
	headerAccepts   = []string{"Content-Type, Range, Accept, Authorization, If-None-Match, If-Modified-Since, If-Range, Cache-Control, X-Requested-With"}
	headerMaxAge    = []string{"86400"}
	headerMediaType = [...][]string{spec.XML: {spec.ContentType(spec.XML)}, spec.JSON: {spec.ContentType(spec.JSON)}, spec.JSONP: {spec.ContentType(spec.JSONP)}}
)

// common sets what every answer of the protocol carries: web apps of all
// origins may read it, since no cookie lets anyone in.
func common(h http.Header) {
	h["Access-Control-Allow-Origin"] = headerStar
	h["Access-Control-Expose-Headers"] = headerExpose
	h["X-Content-Type-Options"] = headerNoSniff
}

// preflight answers OPTIONS, without login.
func preflight(ec echo.Context) error {
	h := ec.Response().Header()
	common(h)
	h["Access-Control-Allow-Methods"] = headerMethods
	h["Access-Control-Allow-Headers"] = headerAccepts
	h["Access-Control-Max-Age"] = headerMaxAge
	h["Allow"] = headerMethods
	ec.Response().WriteHeader(http.StatusNoContent)
	return nil
}

// serve answers one call of any endpoint. Its error is always nil: whatever
// goes wrong is an answer of the protocol with HTTP status 200.
func (a *API) serve(ec echo.Context) error {
	r := ec.Request()
	common(ec.Response().Header())
	name := strings.TrimSuffix(ec.Param("*"), ".view")
	f, err := readForm(r)
	out := reply{api: a, format: spec.ParseFormat(f.text("f")), callback: f.text("callback")}
	var started bool
	var media *mediaWriter
	if a.Called != nil {
		defer func() { a.called(name, media, started, err) }()
	}
	func() {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			cause, _ := p.(error)
			abort := errors.Is(cause, http.ErrAbortHandler)
			if abort || started {
				// Bytes are on their way: only a cut connection tells the app.
				if !abort {
					a.Log.Error("panic", "endpoint", name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				}
				panic(http.ErrAbortHandler)
			}
			a.Log.Error("panic", "endpoint", name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = errors.New("panic, logged above")
			out.quiet = true
		}()
		if err != nil {
			return
		}
		e := registry[name]
		if e == nil {
			err = fmt.Errorf("no endpoint %q: %w", short(name), models.ErrNotFound)
			return
		}
		var c Call
		if c, err = a.authorise(r.Context(), ec, e, f); err != nil {
			return
		}
		c.Header = ec.Response().Header()
		if e.Media {
			media = &mediaWriter{ResponseWriter: ec.Response().Writer}
			c.W, c.R, c.started = media, r, &started
		}
		if e.Versioned && c.User != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			out.etag = a.versionTag(c, e, f)
			if out.etag != "" && strings.Contains(r.Header.Get("If-None-Match"), out.etag) {
				out.unchanged = true
				return
			}
		}
		out.payload, err = e.run(a, c, f)
	}()
	if started {
		ec.Response().Committed = true
		return nil
	}
	out.err = err
	out.name = name
	out.write(r.Context(), ec.Response(), r)
	return nil
}

// called tells how a call ended.
func (a *API) called(name string, media *mediaWriter, started bool, err error) {
	if registry[name] == nil {
		name = "unknown"
	}
	switch {
	case started && media.status > 0:
		a.Called(name, strconv.Itoa(media.status), media.sent)
	case err != nil:
		a.Called(name, "failed", 0)
	default:
		a.Called(name, "ok", 0)
	}
}

// mediaWriter is a response whose bytes are counted. It hands files on as they
// are, so that the kernel sends them.
type mediaWriter struct {
	http.ResponseWriter
	status int
	sent   int64
}

// Unwrap is for http.ResponseController.
func (w *mediaWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader is that of http.ResponseWriter.
func (w *mediaWriter) WriteHeader(code int) {
	w.status = code
	w.ResponseWriter.WriteHeader(code)
}

// Write is that of http.ResponseWriter.
func (w *mediaWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.sent += int64(n)
	return n, err
}

// ReadFrom is that of io.ReaderFrom.
func (w *mediaWriter) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.Copy(w.ResponseWriter, r)
	w.sent += n
	return n, err
}

// versionTag is a weak ETag for what a versioned endpoint answers: it changes
// with the catalog, with what the user sees of it, with the rights and with
// the question. It is "" for a list that is new each time.
func (a *API) versionTag(c Call, e *Endpoint, f form) string {
	var b []byte
	b = append(b, a.Version...)
	for _, n := range []int64{a.Catalog.Version(), int64(c.User.Key), a.Catalog.UserVersion(c.User.Key)} {
		b = strconv.AppendInt(append(b, '|'), n, 10)
	}
	for _, n := range c.Viewer.Libraries {
		b = strconv.AppendInt(append(b, ','), int64(n), 10)
	}
	b = append(b, "|"+e.Name...)
	asked := make([]string, 0, len(f))
	for i := range f {
		switch strings.ToLower(f[i].key) {
		case "u", "p", "t", "s", "apikey", "v", "c":
		case "type":
			if f[i].value == "random" {
				return ""
			}
			fallthrough
		default:
			asked = append(asked, f[i].key+"="+f[i].value)
		}
	}
	slices.Sort(asked)
	for _, s := range asked {
		b = append(append(b, '&'), s...)
	}
	sum := sha256.Sum256(b)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:15]) + `"`
}

// reply is the answer to one call.
type reply struct {
	api       *API
	name      string
	format    spec.Format
	callback  string
	payload   spec.Payload
	err       error
	quiet     bool   // err is in the log already
	etag      string // of a versioned answer
	unchanged bool   // the app has it
}

// gzipFrom is the size from which a text answer is worth compressing, in
// bytes.
const gzipFrom = 1 << 10

// keep is the largest buffer that is used again.
const keep = 4 << 20

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 16<<10); return &b }}

var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
	return z
}}

// appender is an io.Writer onto a slice.
type appender struct{ b []byte }

func (w *appender) Write(p []byte) (int, error) {
	w.b = append(w.b, p...)
	return len(p), nil
}

func (o *reply) write(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	resp := spec.Response{ServerVersion: o.api.Version, Payload: o.payload}
	if o.err != nil {
		var known bool
		resp.Error, known = o.api.protocolError(o.err)
		resp.Payload = nil
		if !known && !o.quiet && ctx.Err() == nil {
			o.api.Log.ErrorContext(ctx, "call failed", "endpoint", o.name, "error", o.err)
		}
		// What a handler set for its own answer does not describe this one.
		for _, name := range []string{"Content-Length", "Content-Disposition", "Content-Range", "Accept-Ranges", "Last-Modified", "ETag", "X-Total-Count", "Content-Security-Policy"} {
			h.Del(name)
		}
	}
	h["Vary"] = headerVary
	if o.etag != "" && o.err == nil {
		h["Etag"] = []string{"W/" + o.etag}
		h["Cache-Control"] = headerNoCache
		if o.unchanged {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	} else {
		h["Cache-Control"] = headerNoStore
	}
	buf := buffers.Get().(*[]byte)
	body := spec.Append((*buf)[:0], o.format, o.callback, &resp)
	h["Content-Type"] = headerMediaType[o.format]
	if len(body) >= gzipFrom && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		packed := buffers.Get().(*[]byte)
		to := appender{(*packed)[:0]}
		z := zippers.Get().(*gzip.Writer)
		z.Reset(&to)
		_, _ = z.Write(body) // an appender never fails
		_ = z.Close()
		zippers.Put(z)
		h["Content-Encoding"] = headerGzip
		send(w, to.b)
		release(packed, to.b)
	} else {
		send(w, body)
	}
	release(buf, body)
}

func send(w http.ResponseWriter, body []byte) {
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(http.StatusOK)
	w.Write(body) // an app that hung up needs no answer
}

func release(p *[]byte, b []byte) {
	if cap(b) <= keep {
		*p = b[:0]
		buffers.Put(p)
	}
}

// acceptsGzip tells whether an Accept-Encoding header allows gzip.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, options, _ := strings.Cut(part, ";")
		if name = strings.TrimSpace(name); name != "gzip" && name != "*" {
			continue
		}
		q, found := strings.CutPrefix(strings.ReplaceAll(options, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !found || err != nil || weight > 0
	}
	return false
}
