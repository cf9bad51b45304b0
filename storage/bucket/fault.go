package bucket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// cause is what a provider's refusal is about.
type cause int

const (
	causeOther     cause = iota
	causeMissing         // no object has the key
	causeDenied          // the key of the library may not do this
	causeKey             // the provider does not know the library's key, or its secret is wrong
	causeMachine         // this machine's own key can't be had
	causeExpired         // the key has run out
	causeClock           // this machine's clock is wrong
	causeBucket          // there is no such bucket
	causePlace           // the bucket is elsewhere: the region or the endpoint is wrong
	causeChanged         // the object is not the one that was asked for
	causeRange           // the object ends before
	causeArchived        // the object must be restored first
	causeThrottled       // too many requests
)

// refusal is what a provider said.
type refusal struct {
	cause   cause
	status  int
	code    string
	message string
}

// fault is an error of a store. It holds the provider's words without anything
// secret, and the kinds that callers act on, but not the provider's library's
// error: those print signed URLs.
type fault struct {
	text  string
	kinds []error
}

func (f *fault) Error() string { return f.text }

// Unwrap returns the kinds.
func (f *fault) Unwrap() []error { return f.kinds }

// explain makes an error of the store's out of one of a provider's library.
// what says what was done, such as "read"; key is ours, or "" for the whole
// bucket.
func (s *Store) explain(ctx context.Context, b backend, err error, what, key string) error {
	if err == nil {
		return nil
	}
	if e := ctx.Err(); e != nil {
		return e
	}
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	subject := s.name
	if key != "" {
		subject = fmt.Sprintf("%q in %s", key, s.name)
	}
	say := func(text string, kinds ...error) error {
		return &fault{fmt.Sprintf("%s %s: %s", what, subject, s.scrub(text)), kinds}
	}
	r := b.refusal(err)
	if r == nil {
		return say(network(err), models.ErrUnavailable)
	}
	said := strings.TrimRight(strings.Join(strings.Fields(r.message), " "), ".")
	if r.code != "" && !strings.Contains(said, r.code) {
		said = strings.TrimSuffix(r.code+": "+said, ": ")
	}
	if said == "" {
		said = fmt.Sprintf("the provider answered %d %s", r.status, http.StatusText(r.status))
	}
	said = strings.TrimSuffix(said, ".")
	switch r.cause {
	case causeMissing:
		if key == "" || what == "list" {
			return say(said, models.ErrUnavailable) // a listing has nothing to miss
		}
		return say(said, fs.ErrNotExist)
	case causeDenied:
		return say(said+". Give the library's key the right to list the bucket and to read its objects ("+b.rights()+")", fs.ErrPermission)
	case causeKey:
		return say(said+". Correct the library's key and its secret", fs.ErrPermission)
	case causeMachine:
		return say(said+". Give this machine a key, by its variables or its role, or the library a secret", models.ErrUnavailable)
	case causeExpired:
		return say(said+". Give the library a new key", models.ErrUnavailable)
	case causeClock:
		return say(said+". Set this machine's clock, by NTP at best", models.ErrUnavailable)
	case causeBucket:
		return say(said+". Correct the name in the library's location, or its endpoint", models.ErrUnavailable)
	case causePlace:
		return say(said+". Correct region or endpoint in the library's location", models.ErrUnavailable)
	case causeChanged:
		return say("its content is another than was listed", storage.ErrChanged)
	case causeRange:
		return say("the range begins past its end", storage.ErrRange)
	case causeArchived:
		return say(said+". It is archived: restore it in its bucket to play it", models.ErrArchived)
	case causeThrottled:
		return say(said+". The provider asks for fewer requests; it is tried again later", models.ErrUnavailable, storage.ErrThrottled)
	default:
		return say(said, models.ErrUnavailable)
	}
}

// network says in plain words why no answer came.
func network(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return fmt.Sprintf("no host has the name %s. Correct endpoint or region in the library's location, or this machine's name server", dns.Name)
		}
		return fmt.Sprintf("the name %s can't be looked up. Mend this machine's name server or its connection", dns.Name)
	}
	if c, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fmt.Sprintf("the server's certificate is not trusted (%v). Correct endpoint in the library's location, or name the authority's file in SSL_CERT_FILE", c.Err)
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || errors.Is(err, http.ErrSchemeMismatch) {
		return "the server speaks http and not https. Correct endpoint in the library's location; http needs disable_https=true"
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return "the server refuses connections. Start it, or correct endpoint in the library's location"
	}
	if errors.Is(err, errStalled) {
		return errStalled.Error() + ". Look at the connection to the provider"
	}
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return "no answer came in time. Look at the connection to the provider, and at endpoint in the library's location"
	}
	// Some libraries hand on only the words of what they read.
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.ErrUnexpectedEOF) || strings.HasSuffix(err.Error(), "EOF") {
		return "the answer broke off. Look at the connection to the provider"
	}
	// The words of the innermost error: those around it print URLs.
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// secrets are what must never stand in a text: parameters of signed links, and
// headers' signatures.
var secrets = regexp.MustCompile(`(?i)\b(X-Amz-[A-Za-z-]+|X-Goog-[A-Za-z-]+|AWSAccessKeyId|AccessKeyId|AccountKey|GoogleAccessId|SharedAccessSignature|Signature|Credential|sig|skoid|sktid|sks|se|sp|sr|st|sv|spr|Expires|access_token|client_secret|assertion)=[^\s&"'<>;,]+`)

// urls are addresses with a query, which is never shown.
var urls = regexp.MustCompile(`(https?://[^\s?"']+)\?[^\s"']+`)

// scrub takes out of a text what is secret.
func (s *Store) scrub(text string) string {
	text = urls.ReplaceAllString(text, "$1?***")
	text = secrets.ReplaceAllString(text, "$1=***")
	for _, v := range s.secret {
		if len(v) < 6 {
			continue
		}
		for _, form := range []string{v, url.QueryEscape(v)} {
			text = strings.ReplaceAll(text, form, "***")
		}
	}
	return text
}
