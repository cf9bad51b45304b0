//go:build !nogcs

package bucket

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// gcsScope is all that is asked of a key.
const gcsScope = "https://www.googleapis.com/auth/devstorage.read_only"

// OpenGCS opens a location such as gs://BUCKET/music.
func OpenGCS(_ context.Context, u *url.URL, o storage.Options) (storage.Store, error) {
	return openGCS(u, o, usual)
}

func openGCS(u *url.URL, o storage.Options, pc pace) (storage.Store, error) {
	p, err := parsePlace(u, []string{"anonymous", "universe_domain", "endpoint", "disable_https"})
	if err != nil {
		return nil, err
	}
	flags, err := p.flags("anonymous", "disable_https")
	if err != nil {
		return nil, err
	}
	endpoint, err := p.endpoint(flags["disable_https"])
	if err != nil {
		return nil, err
	}
	domain := p.query.Get("universe_domain")
	switch {
	case endpoint != "":
	case domain != "":
		endpoint = "https://storage." + domain
	default:
		endpoint = "https://storage.googleapis.com"
	}
	secret, err := checkSecret("gs", "google_", o.Secret, "credentials_json")
	if err != nil {
		return nil, err
	}
	key := []byte(secret["credentials_json"])
	var account struct {
		Type        string `json:"type"`
		ClientEmail string `json:"client_email"`
		PrivateKey  string `json:"private_key"`
	}
	switch {
	case flags["anonymous"] && len(key) > 0:
		return nil, fmt.Errorf("gs location: anonymous=true and a secret are given, and only one can be meant: %w", models.ErrInvalid)
	case !flags["anonymous"] && len(key) == 0 && !o.Ambient:
		return nil, errNoKey("gs", "credentials_json, the key file of a service account")
	case len(key) > 0:
		// Other types name programs and addresses to ask for a key.
		if json.Unmarshal(key, &account) != nil || account.Type != string(google.ServiceAccount) && account.Type != string(google.AuthorizedUser) {
			return nil, fmt.Errorf("gs location: credentials_json is no key of a service account or a user: %w", models.ErrInvalid)
		}
		secret["private_key"] = account.PrivateKey // so that no error shows it
	}

	dial := func(_ context.Context, client *http.Client) (backend, error) {
		b := &gcsBackend{client: client, endpoint: endpoint, name: p.bucket}
		// Tokens are asked for in the name of the store, not of the request that needs the first.
		ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Timeout: time.Minute})
		params := google.CredentialsParams{Scopes: []string{gcsScope}, UniverseDomain: domain}
		var creds *google.Credentials
		switch {
		case flags["anonymous"]:
			return b, nil
		case len(key) > 0:
			creds, err = google.CredentialsFromJSONWithTypeAndParams(ctx, key, google.CredentialsType(account.Type), params)
		default:
			creds, err = google.FindDefaultCredentialsWithParams(ctx, params)
			if err == nil {
				_ = json.Unmarshal(creds.JSON, &account) // a key file may be what signs links
			}
		}
		if err != nil {
			return nil, err
		}
		b.tokens = creds.TokenSource
		if block, _ := pem.Decode([]byte(account.PrivateKey)); block != nil {
			k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("the private key in the credentials can't be read: %w", models.ErrInvalid)
			}
			b.email = account.ClientEmail
			b.key, _ = k.(*rsa.PrivateKey)
		}
		return b, nil
	}
	return newStore(p, secret, pc, dial), nil
}

// gcsBackend speaks the JSON API of Google Cloud Storage,
// https://docs.cloud.google.com/storage/docs/json_api/v1. The ETag of an
// object is its generation, which a read can demand.
type gcsBackend struct {
	client   *http.Client
	endpoint string
	name     string
	tokens   oauth2.TokenSource // nil: anonymous
	email    string
	key      *rsa.PrivateKey // nil: nothing to sign links with
}

func (b *gcsBackend) close() error { return nil }

func (b *gcsBackend) rights() string {
	return "storage.objects.list, storage.objects.get: the role Storage Object Viewer"
}

// gcsError is an answer that refuses.
type gcsError struct {
	status int
	body   []byte
}

func (e *gcsError) Error() string { return strconv.Itoa(e.status) }

// do sends a request for an object, or for the list of objects where key is
// "". The caller closes the answer's body.
func (b *gcsBackend) do(ctx context.Context, key string, query url.Values, header http.Header) (*http.Response, error) {
	at := b.endpoint + "/storage/v1/b/" + url.PathEscape(b.name) + "/o"
	if key != "" {
		at += "/" + gcsEscape(key, "")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	for name, v := range header {
		r.Header[name] = v
	}
	r.Header.Set("User-Agent", "songlocker")
	if b.tokens != nil {
		token, err := b.tokens.Token()
		if err != nil {
			return nil, err
		}
		token.SetAuthHeader(r)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		if err != nil {
			return nil, err
		}
		return nil, &gcsError{resp.StatusCode, text}
	}
	return resp, nil
}

// ask decodes an answer.
func (b *gcsBackend) ask(ctx context.Context, key string, query url.Values, into any) error {
	resp, err := b.do(ctx, key, query, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(into)
}

// gcsObject is an object as the API tells of it, as far as it is asked.
type gcsObject struct {
	Name        string    `json:"name"`
	Size        int64     `json:"size,string"`
	Generation  string    `json:"generation"`
	TimeCreated time.Time `json:"timeCreated"`
}

// gcsFields are what an object is asked for. The time is that of the content:
// the time of its last update changes with its labels.
const gcsFields = "name,size,generation,timeCreated"

func (o *gcsObject) object() storage.Object {
	out := storage.Object{Key: o.Name, Size: o.Size, ETag: o.Generation}
	if o.TimeCreated.Unix() > 0 {
		out.ModTime = o.TimeCreated.UnixNano()
	}
	return out
}

func (b *gcsBackend) page(ctx context.Context, prefix, delimiter, token string) (page, error) {
	q := url.Values{"maxResults": {strconv.Itoa(pageSize)}, "fields": {"nextPageToken,prefixes,items(" + gcsFields + ")"}}
	for name, v := range map[string]string{"prefix": prefix, "delimiter": delimiter, "pageToken": token} {
		if v != "" {
			q.Set(name, v)
		}
	}
	var list struct {
		Items         []gcsObject `json:"items"`
		Prefixes      []string    `json:"prefixes"`
		NextPageToken string      `json:"nextPageToken"`
	}
	if err := b.ask(ctx, "", q, &list); err != nil {
		return page{}, err
	}
	p := page{folders: list.Prefixes, next: list.NextPageToken}
	for i := range list.Items {
		p.objects = append(p.objects, list.Items[i].object())
	}
	return p, nil
}

func (b *gcsBackend) head(ctx context.Context, key string) (storage.Object, error) {
	var o gcsObject
	if err := b.ask(ctx, key, url.Values{"fields": {gcsFields}}, &o); err != nil {
		return storage.Object{}, err
	}
	return o.object(), nil
}

func (b *gcsBackend) get(ctx context.Context, key, etag string, off, n int64) (io.ReadCloser, storage.Object, error) {
	q := url.Values{"alt": {"media"}}
	if etag != "" {
		q.Set("ifGenerationMatch", etag)
	}
	// An object that is kept compressed is sent as it is kept: ranges count its own bytes.
	h := http.Header{"Accept-Encoding": {"gzip"}}
	switch {
	case n == 0:
		h.Set("Range", fmt.Sprintf("bytes=%d-%d", off, off)) // a range of nothing can't be asked for
	case n > 0 && n <= math.MaxInt64-off:
		h.Set("Range", fmt.Sprintf("bytes=%d-%d", off, off+n-1))
	case off > 0:
		h.Set("Range", fmt.Sprintf("bytes=%d-", off))
	}
	resp, err := b.do(ctx, key, q, h)
	if e, ok := errors.AsType[*gcsError](err); ok && e.status == http.StatusNotFound {
		// A read says so in free text; this tells whether the object or the whole bucket is gone.
		if _, why := b.head(asKind(ctx, kindHead), key); why != nil {
			err = why
		}
	}
	if err != nil {
		return nil, storage.Object{}, err
	}
	size, err := totalSize(resp.ContentLength, resp.Header.Get("Content-Range"), off)
	if err != nil {
		_ = resp.Body.Close()
		return nil, storage.Object{}, err
	}
	o := storage.Object{Key: key, Size: size, ETag: resp.Header.Get("X-Goog-Generation")}
	if n == 0 {
		_ = resp.Body.Close()
		return io.NopCloser(bytes.NewReader(nil)), o, nil
	}
	return resp.Body, o, nil
}

// link signs by the rules of
// https://docs.cloud.google.com/storage/docs/authentication/signatures.
func (b *gcsBackend) link(_ context.Context, key string, l storage.Link) (string, error) {
	if b.key == nil || b.email == "" {
		return "", errors.ErrUnsupported
	}
	e, err := url.Parse(b.endpoint)
	if err != nil {
		return "", err
	}
	now := time.Now().UTC()
	date, day := now.Format("20060102T150405Z"), now.Format("20060102")
	scope := day + "/auto/storage/goog4_request"
	q := map[string]string{
		"X-Goog-Algorithm": "GOOG4-RSA-SHA256", "X-Goog-Credential": b.email + "/" + scope, "X-Goog-Date": date,
		"X-Goog-Expires":       strconv.Itoa(int(min(l.Life, 7*24*time.Hour).Seconds())),
		"X-Goog-SignedHeaders": "host",
	}
	if l.ContentType != "" {
		q["response-content-type"] = l.ContentType
	}
	if l.Disposition != "" {
		q["response-content-disposition"] = l.Disposition
	}
	var pairs []string
	for name, v := range q {
		pairs = append(pairs, gcsEscape(name, "")+"="+gcsEscape(v, ""))
	}
	slices.Sort(pairs)
	path, query := "/"+b.name+"/"+gcsEscape(key, "/"), strings.Join(pairs, "&")
	request := sha256.Sum256([]byte("GET\n" + path + "\n" + query + "\nhost:" + e.Host + "\n\nhost\nUNSIGNED-PAYLOAD"))
	text := sha256.Sum256([]byte("GOOG4-RSA-SHA256\n" + date + "\n" + scope + "\n" + hex.EncodeToString(request[:])))
	signature, err := rsa.SignPKCS1v15(rand.Reader, b.key, crypto.SHA256, text[:])
	if err != nil {
		return "", err
	}
	return b.endpoint + path + "?" + query + "&X-Goog-Signature=" + hex.EncodeToString(signature), nil
}

// gcsEscape percent-encodes all but the letters that RFC 3986 leaves alone,
// and those in keep.
func gcsEscape(text, keep string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~"+keep, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func (b *gcsBackend) refusal(err error) *refusal {
	if token, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		r := &refusal{code: token.ErrorCode, message: token.ErrorDescription, cause: causeKey}
		if token.Response != nil {
			r.status = token.Response.StatusCode
		}
		if strings.Contains(r.message, "reasonable timeframe") || strings.Contains(r.message, "iat") {
			r.cause = causeClock
		}
		return r
	}
	api, ok := errors.AsType[*gcsError](err)
	if !ok {
		return nil
	}
	r := &refusal{status: api.status, cause: statusCause(api.status)}
	var j struct {
		Error struct {
			Message string `json:"message"`
			Errors  []struct {
				Reason string `json:"reason"`
			} `json:"errors"`
		} `json:"error"`
	}
	var x struct{ Code, Message, Details string }
	switch {
	case json.Unmarshal(api.body, &j) == nil && j.Error.Message != "":
		r.message = j.Error.Message
		if len(j.Error.Errors) > 0 {
			r.code = j.Error.Errors[0].Reason
		}
	case xml.Unmarshal(api.body, &x) == nil && x.Code != "":
		r.code, r.message = x.Code, strings.TrimSpace(x.Message+" "+x.Details)
	case len(api.body) < 500:
		r.message = string(api.body)
	}
	switch {
	case r.status == http.StatusNotFound && strings.Contains(r.message, "bucket does not exist"), r.code == "NoSuchBucket":
		r.cause = causeBucket
	case r.status == http.StatusNotFound && j.Error.Message == "" && r.code != "NoSuchKey":
		r.cause = causeOther // somebody on the way says so
	case strings.HasSuffix(strings.ToLower(r.code), "ratelimitexceeded"):
		r.cause = causeThrottled
	case r.status == http.StatusUnauthorized:
		r.cause = causeKey
	}
	return r
}
