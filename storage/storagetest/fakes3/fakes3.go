// Package fakes3 is a bucket that speaks the S3 protocol to tests, over a real
// HTTP server: stricter than servers that are made to be lenient, with the
// faults that a test chooses, and with counters equal to what a provider would
// bill. It speaks path style, and knows what is needed to list, read and seed
// a bucket: no multipart uploads, no versions, no access lists.
//
// The rules are those of the S3 API reference:
// https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
package fakes3

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The key pair that a Server takes where it demands one, its region and the
// name of its bucket.
const (
	AccessKey = "AKIAFAKES3TESTKEY"
	SecretKey = "fakes3/Secret+key/of/tests+only"
	Region    = "eu-test-1"
	Bucket    = "music"
)

// Object is what a test puts into the bucket.
type Object struct {
	Data    []byte
	Reader  io.ReaderAt // the content where Data is nil, of Size bytes, so that large buckets need no memory
	Size    int64
	ETag    string    // without quotes; "" is the MD5 of Data, or a made-up one of Reader's
	Parts   int       // makes the ETag that of an upload in so many parts, which is no MD5 of the content
	ModTime time.Time // zero is now; see Server.NoTimes
	Class   string    // "" is STANDARD; GLACIER and DEEP_ARCHIVE can't be read
	Type    string    // "" is binary/octet-stream
}

// Kind is what a request asks for, by how it is priced.
type Kind string

// The kinds of requests. Other is what this server does not speak.
const (
	List   Kind = "list"
	Head   Kind = "head"
	Get    Kind = "get"
	Put    Kind = "put"
	Delete Kind = "delete"
	Other  Kind = "other"
)

// Counts is what was asked of a server, failed requests too.
type Counts struct {
	Lists, Heads, Gets, Puts, Deletes, Others int64
	Bytes                                     int64 // of content that were sent
	Throttled                                 int64 // requests, among those above, answered 503 or 429
}

// Requests is how many requests there were of all kinds.
func (c Counts) Requests() int64 {
	return c.Lists + c.Heads + c.Gets + c.Puts + c.Deletes + c.Others
}

// Sub returns what was asked after before was taken.
func (c Counts) Sub(before Counts) Counts {
	return Counts{
		c.Lists - before.Lists, c.Heads - before.Heads, c.Gets - before.Gets,
		c.Puts - before.Puts, c.Deletes - before.Deletes, c.Others - before.Others,
		c.Bytes - before.Bytes, c.Throttled - before.Throttled,
	}
}

// Request is one that was received.
type Request struct {
	Kind   Kind
	Method string
	Key    string // of the object; a listing's prefix
	Query  url.Values
	Header http.Header
	Remote string // the client's address and port: one a connection
	Status int    // that was answered
}

// Fault is something that goes wrong. Faults are tried in the order in which
// they were set; the first that fits a request is its answer.
type Fault struct {
	Kind   Kind                // that it strikes; "" strikes all
	Prefix string              // that the key, or the prefix of a listing, begins with
	Only   func(*Request) bool // nil strikes all that fit otherwise

	Skip  int // so many requests that fit pass first
	Times int // then so many are struck; 0 strikes all

	Status  int    // of the answer; 0 answers as usual but for what follows
	Code    string // the error's, such as SlowDown
	Message string
	Header  http.Header // added to the answer

	Cut  int64           // the connection breaks after so many bytes of the body; 0 is no cut, negative before the first
	Wait <-chan struct{} // the answer waits until this is closed, or the client is gone
	Do   func()          // called before the answer is made: to change the bucket, or to count
}

// Ready-made faults. Set Skip, Times and Prefix as the test needs them.
var (
	SlowDown     = Fault{Status: 503, Code: "SlowDown", Message: "Please reduce your request rate."}
	TooMany      = Fault{Status: 429, Code: "TooManyRequests", Message: "Too many requests."}
	Broken       = Fault{Status: 500, Code: "InternalError", Message: "We encountered an internal error. Please try again."}
	Denied       = Fault{Status: 403, Code: "AccessDenied", Message: "Access Denied"}
	NoSuchBucket = Fault{Status: 404, Code: "NoSuchBucket", Message: "The specified bucket does not exist"}
	ExpiredToken = Fault{Status: 400, Code: "ExpiredToken", Message: "The provided token has expired."}
	SkewedClock  = Fault{Status: 403, Code: "RequestTimeTooSkewed", Message: "The difference between the request time and the current time is too large."}
	UnknownKey   = Fault{Status: 403, Code: "InvalidAccessKeyId", Message: "The AWS Access Key Id you provided does not exist in our records."}
)

// Server is one bucket behind HTTP. Its methods may be called while it serves.
type Server struct {
	URL string // of the endpoint

	mu       sync.Mutex
	objects  map[string]*object
	sorted   []string // the keys, while it is not nil
	hidden   map[string]bool
	settings Settings
	faults   []*fault
	counts   Counts
	requests []Request
	clock    int64
}

// Settings are what a bucket is like. The zero value is a sound one that
// anybody may read.
type Settings struct {
	Latency         time.Duration // before each answer
	RequireKey      bool          // unsigned requests, and those that another key than AccessKey signed, are refused
	RefuseChecksums bool          // requests with one of the newer checksum headers are refused, as some providers do
	NoTimes         bool          // listings lack LastModified
	Lenient         bool          // reads pass over If-Match, as those of some emulators do
	PageSize        int           // keys of a page at most; 0 is 1,000
}

type object struct {
	Object
	etag string
}

type fault struct {
	Fault
	seen int
}

// New returns a server with these objects by key, which ends with the test.
func New(t testing.TB, files map[string]string) *Server {
	t.Helper()
	s, stop, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for key, data := range files {
		s.Put(key, []byte(data))
	}
	return s
}

// Start returns an empty server on a free port of this machine, and what ends
// it.
func Start() (*Server, func(), error) {
	s := &Server{objects: map[string]*object{}, hidden: map[string]bool{}}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	s.URL = "http://" + l.Addr().String()
	h := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = h.Serve(l) }() // ends with Close
	return s, func() { _ = h.Close() }, nil
}

// Location is the URL by which a library opens the bucket, below a prefix.
func (s *Server) Location(prefix string) string {
	q := url.Values{"endpoint": {s.URL}, "region": {Region}, "use_path_style": {"true"}}
	if prefix != "" {
		q.Set("prefix", prefix)
	}
	return "s3://" + Bucket + "?" + q.Encode()
}

// Secret is what opens the bucket where it requires a key.
func Secret() map[string]string {
	return map[string]string{"access_key_id": AccessKey, "secret_access_key": SecretKey}
}

// Set changes what the bucket is like.
func (s *Server) Set(c Settings) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settings = c
}

// Fail adds faults.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.faults = append(s.faults, &fault{Fault: f})
	}
}

// Heal removes all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Put writes an object.
func (s *Server) Put(key string, data []byte) { s.PutObject(key, Object{Data: data}) }

// PutObject writes an object with all that there is to tell of it. Every key
// is taken as it is.
func (s *Server) PutObject(key string, o Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock++
	if o.ModTime.IsZero() {
		o.ModTime = time.Now()
	}
	n := &object{Object: o, etag: o.ETag}
	if o.Data != nil || o.Reader == nil {
		n.Reader, n.Size = bytes.NewReader(o.Data), int64(len(o.Data))
	}
	if n.etag == "" {
		sum := md5.Sum(o.Data)
		if o.Data == nil && o.Reader != nil {
			sum = md5.Sum(fmt.Append(nil, key, s.clock))
		}
		n.etag = hex.EncodeToString(sum[:])
	}
	if o.Parts > 0 {
		sum := md5.Sum([]byte(n.etag))
		n.etag = fmt.Sprintf("%x-%d", sum, o.Parts)
	}
	if s.objects[key] == nil {
		s.sorted = nil
	}
	s.objects[key] = n
}

// SetClass moves an object to another storage class, as a rule of its bucket
// does: nothing else of it changes.
func (s *Server) SetClass(key, class string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.objects[key]; o != nil {
		n := *o
		n.Class = class
		s.objects[key] = &n
	}
}

// Delete removes an object.
func (s *Server) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key)
	s.sorted = nil
}

// Rename gives an object another key. Like a copy it keeps the content and the
// ETag, and has a new time.
func (s *Server) Rename(from, to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.objects[from]
	if o == nil {
		return
	}
	n := *o
	n.ModTime = time.Now()
	delete(s.objects, from)
	s.objects[to] = &n
	s.sorted = nil
}

// Unlist leaves these objects out of listings, though they can be read: a
// listing that lags behind.
func (s *Server) Unlist(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		s.hidden[k] = true
	}
}

// Relist ends Unlist for all objects.
func (s *Server) Relist() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden = map[string]bool{}
}

// Keys returns all keys, sorted.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keys())
}

// ETag returns an object's, without quotes, or "".
func (s *Server) ETag(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.objects[key]; o != nil {
		return o.etag
	}
	return ""
}

// Counts returns what has been asked.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// maxRequests is how many requests a server remembers.
const maxRequests = 10_000

// Requests returns the requests that were received, the first 10,000 since
// the last call of Forget.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Forget drops the requests that Requests tells of. Counts stay.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// keys returns the sorted keys. The caller holds the lock.
func (s *Server) keys() []string {
	if s.sorted == nil {
		s.sorted = make([]string, 0, len(s.objects))
		for k := range s.objects {
			s.sorted = append(s.sorted, k)
		}
		slices.Sort(s.sorted)
	}
	return s.sorted
}

// classify tells what a request asks for and of which key.
func classify(r *http.Request) (k Kind, bucket, key string) {
	// The path as it was sent: net/url's own may have been cleaned of nothing,
	// but an escaped slash within it is one of the key.
	rest := strings.TrimPrefix(r.URL.EscapedPath(), "/")
	bucket, rest, object := strings.Cut(rest, "/")
	key, err := url.PathUnescape(rest)
	if err != nil {
		return Other, bucket, rest
	}
	if !object || key == "" {
		if r.Method == http.MethodGet && r.URL.Query().Get("list-type") == "2" {
			return List, bucket, r.URL.Query().Get("prefix")
		}
		return Other, bucket, ""
	}
	switch r.Method {
	case http.MethodGet:
		return Get, bucket, key
	case http.MethodHead:
		return Head, bucket, key
	case http.MethodPut:
		return Put, bucket, key
	case http.MethodDelete:
		return Delete, bucket, key
	}
	return Other, bucket, key
}

// count adds n to the counter of a kind. The caller holds the lock.
func (s *Server) count(k Kind) {
	switch k {
	case List:
		s.counts.Lists++
	case Head:
		s.counts.Heads++
	case Get:
		s.counts.Gets++
	case Put:
		s.counts.Puts++
	case Delete:
		s.counts.Deletes++
	case Other:
		s.counts.Others++
	}
}

// strike returns the fault that a request meets, if any. The caller holds the
// lock.
func (s *Server) strike(r *Request) *Fault {
	for _, f := range s.faults {
		if f.Kind != "" && f.Kind != r.Kind || !strings.HasPrefix(r.Key, f.Prefix) || f.Only != nil && !f.Only(r) {
			continue
		}
		f.seen++
		if f.seen <= f.Skip || f.Times > 0 && f.seen > f.Skip+f.Times {
			continue
		}
		return &f.Fault
	}
	return nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, bucket, key := classify(r)
	q := Request{Kind: kind, Method: r.Method, Key: key, Query: r.URL.Query(), Header: r.Header.Clone(), Remote: r.RemoteAddr}
	s.mu.Lock()
	s.count(kind)
	f := s.strike(&q)
	settings := s.settings
	s.mu.Unlock()
	if f == nil {
		f = &Fault{}
	}
	if f.Do != nil {
		f.Do()
	}
	if settings.Latency > 0 {
		select {
		case <-time.After(settings.Latency):
		case <-r.Context().Done():
		}
	}
	if f.Wait != nil {
		select {
		case <-f.Wait:
		case <-r.Context().Done():
		}
	}
	a := s.answer(r, kind, bucket, key, settings, f)
	q.Status = a.status
	s.mu.Lock()
	if a.status == 503 || a.status == 429 {
		s.counts.Throttled++
	}
	if len(s.requests) < maxRequests {
		s.requests = append(s.requests, q)
	}
	s.mu.Unlock()
	for k, v := range f.Header {
		w.Header()[k] = v
	}
	s.send(w, r, a, f.Cut, kind == Get)
}
