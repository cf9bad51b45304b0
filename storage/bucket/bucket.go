// Package bucket reaches music in a cloud bucket where it lies: in S3 and what
// speaks like it, in Google Cloud Storage and in Azure Blob Storage. It only
// reads. It names objects, reads ranges of them and signs links; it knows
// nothing of what is in them.
//
// Locations are URLs with the parameters of the library that speaks to the
// providers, gocloud.dev, and two of our own: prefix, the folder that is the
// library's root, and endpoint, also where that library has none:
//
//	s3://BUCKET?region=eu-west-1&prefix=music
//	s3://BUCKET?endpoint=https://s3.example.com&region=auto&use_path_style=true
//	gs://BUCKET/music
//	azblob://CONTAINER?storage_account=NAME
//
// Keys are never part of a location. They come from Options.Secret by these
// names, and else, with Options.Ambient, from the machine as the provider's
// own tools find them, and from files that variables such as
// AWS_SECRET_ACCESS_KEY_FILE name:
//
//	s3      access_key_id, secret_access_key, session_token
//	gs      credentials_json
//	azblob  account and key, or sas, or connection_string
//
// anonymous=true asks for neither.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// Register makes r serve the schemes that this package speaks.
func Register(r *storage.Registry) {
	for scheme, open := range openers {
		r.Register(scheme, open)
	}
}

// openers are the providers that are built in.
var openers = map[string]storage.Opener{"s3": OpenS3, "gs": OpenGCS, "azblob": OpenAzure}

// backend is one provider's client for one bucket. Its keys are the provider's
// own, and each of its methods is at most one request where all goes well.
type backend interface {
	// page lists up to 1,000 keys after token, "" at first.
	page(ctx context.Context, prefix, delimiter, token string) (page, error)
	// head tells of one object.
	head(ctx context.Context, key string) (storage.Object, error)
	// get reads n bytes from off, n < 0 to the end, of the content that etag
	// names, unless it is "". The object that it returns tells the size and
	// ETag of what is read.
	get(ctx context.Context, key, etag string, off, n int64) (io.ReadCloser, storage.Object, error)
	// link signs a link, or is errors.ErrUnsupported.
	link(ctx context.Context, key string, l storage.Link) (string, error)
	// refusal says what the provider said, or nil if no answer came.
	refusal(err error) *refusal
	// rights names what the library's key must be allowed.
	rights() string
	close() error
}

// page is a part of a listing.
type page struct {
	objects []storage.Object
	folders []string // with a delimiter: what keys below it begin with
	next    string   // the token of the next page; "" after the last
}

// Store is a bucket, or a folder of one.
type Store struct {
	name   string // of the place, for people
	root   string // that the provider's keys begin with
	secret map[string]string
	sender *sender
	dial   func(ctx context.Context, client *http.Client) (backend, error)

	mu     sync.Mutex
	client backend // nil until it is needed
	users  int     // open files, and the store itself until it is closed
	closed bool
}

var (
	_ storage.Store        = (*Store)(nil)
	_ storage.Pinner       = (*Store)(nil)
	_ storage.Linker       = (*Store)(nil)
	_ storage.SelfCounting = (*Store)(nil)
	_ storage.Clock        = (*Store)(nil)
)

// Ahead is how far the provider's clock is ahead of this machine's, as its
// last answer told.
func (s *Store) Ahead() (time.Duration, bool) {
	if d := s.sender.ahead.Load(); d != nil {
		return *d, true
	}
	return 0, false
}

// newStore returns a store that calls dial when it is first used: a library
// that nobody plays costs nothing.
func newStore(p *place, secret storage.Secret, pc pace, dial func(context.Context, *http.Client) (backend, error)) *Store {
	return &Store{
		name:   p.scheme + "://" + p.bucket + strings.TrimSuffix("/"+p.root, "/"),
		root:   p.root,
		secret: secret,
		sender: &sender{next: newTransport(pc), gate: newGate(pc.Limit), pace: pc},
		dial:   dial,
		users:  1,
	}
}

// use returns the provider's client.
func (s *Store) use(ctx context.Context) (backend, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s.client, nil
	}
	if s.closed {
		return nil, fmt.Errorf("%s is closed: %w", s.name, fs.ErrClosed)
	}
	c, err := s.dial(ctx, s.sender.client())
	if err != nil {
		return nil, &fault{fmt.Sprintf("open %s: %s", s.name, s.scrub(err.Error())), []error{kindOf(err)}}
	}
	s.client = c
	return c, nil
}

// kindOf returns the kind of an error of dial.
func kindOf(err error) error {
	for _, k := range []error{context.Canceled, context.DeadlineExceeded, models.ErrInvalid, fs.ErrPermission} {
		if errors.Is(err, k) {
			return k
		}
	}
	return models.ErrUnavailable
}

// CountsItself says that each request is counted as it leaves.
func (s *Store) CountsItself() {}

// Close closes what is open when the last file is closed.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	return s.release()
}

func (s *Store) release() error {
	s.mu.Lock()
	s.users--
	last, c := s.users == 0, s.client
	if last {
		s.client = nil
	}
	s.mu.Unlock()
	if !last {
		return nil
	}
	var err error
	if c != nil {
		err = c.close()
	}
	if t, ok := s.sender.next.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
	return err
}

// missing is the answer for a key that names nothing.
func missing(key string) error { return fmt.Errorf("%.200q: %w", key, fs.ErrNotExist) }

// remote returns the provider's key for one of ours.
func (s *Store) remote(key string) (string, error) {
	name, ok := remoteKey(key)
	// 1,024 bytes are the longest key of each provider.
	if !ok || len(s.root)+len(name) > 1024 {
		return "", missing(key)
	}
	return s.root + name, nil
}

// Stat is one request.
func (s *Store) Stat(ctx context.Context, key string) (storage.Object, error) {
	b, err := s.use(ctx)
	if err != nil {
		return storage.Object{}, err
	}
	name, err := s.remote(key)
	if err != nil {
		return storage.Object{}, err
	}
	o, err := b.head(asKind(ctx, kindHead), name)
	if err != nil {
		return storage.Object{}, s.explain(ctx, b, err, "look at", key)
	}
	o.Key = key
	return o, nil
}

// Link signs a link for an object, which is errors.ErrUnsupported where the
// store has no key to sign with.
func (s *Store) Link(ctx context.Context, o storage.Object, l storage.Link) (string, error) {
	b, err := s.use(ctx)
	if err != nil {
		return "", err
	}
	name, err := s.remote(o.Key)
	if err != nil {
		return "", err
	}
	link, err := b.link(ctx, name, l)
	if errors.Is(err, errors.ErrUnsupported) {
		return "", fmt.Errorf("%s can't sign links with the key that it has: %w", s.name, errors.ErrUnsupported)
	}
	return link, s.explain(ctx, b, err, "sign a link for", o.Key)
}

// checkSecret returns a secret whose names are among names; those of the
// provider's own files, which begin with alias, are taken for the same.
func checkSecret(scheme, alias string, secret storage.Secret, names ...string) (storage.Secret, error) {
	out := storage.Secret{}
	for name, v := range secret {
		plain := strings.TrimPrefix(strings.ToLower(name), alias)
		if !slices.Contains(names, plain) {
			return nil, fmt.Errorf("the secret of a library at %s:// has an unknown name %.40q; known are %s: %w", scheme, name, strings.Join(names, ", "), models.ErrInvalid)
		}
		out[plain] = v
	}
	return out, nil
}

// errNoKey is a location for which there is nothing to open it with.
func errNoKey(scheme, names string) error {
	return fmt.Errorf("%s location: there is no key to open it with: give the library the secret %s, or add anonymous=true to a location that everybody may read: %w", scheme, names, models.ErrInvalid)
}
