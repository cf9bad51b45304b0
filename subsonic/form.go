package subsonic

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

// maxBody is the largest form that a call may send, in bytes; 10,000 ids are
// 200 KB.
const maxBody = 10 << 20

// maxValues bounds the parameters of one call, repeated ones included.
const maxValues = 200_000

// errTooLarge is a form beyond maxBody or maxValues.
var errTooLarge = errors.New("the request is too large: at most 10 MB and 200,000 values are accepted")

// form is the parameters of one call, those of the query first.
type form []struct{ key, value string }

// get returns the first value of a name, without regard to case, and whether
// there is one.
func (f form) get(name string) (string, bool) {
	for i := range f {
		if len(f[i].key) == len(name) && strings.EqualFold(f[i].key, name) {
			return f[i].value, true
		}
	}
	return "", false
}

// text is get without its second value.
func (f form) text(name string) string {
	v, _ := f.get(name)
	return v
}

func (f form) add(key, value string) form {
	return append(f, struct{ key, value string }{key, value})
}

// parse adds the parameters of an application/x-www-form-urlencoded text. It
// takes what apps send: a bad escape stands for itself, a semicolon is text.
func (f form) parse(s string) (form, error) {
	if f == nil && s != "" {
		f = make(form, 0, min(strings.Count(s, "&")+1, 1024))
	}
	for s != "" {
		var part string
		part, s, _ = strings.Cut(s, "&")
		if part == "" {
			continue
		}
		if len(f) >= maxValues {
			return f, errTooLarge
		}
		key, value, _ := strings.Cut(part, "=")
		f = f.add(unescape(key), unescape(value))
	}
	return f, nil
}

func unescape(s string) string {
	if strings.IndexByte(s, '%') < 0 && strings.IndexByte(s, '+') < 0 {
		return s
	}
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// readForm merges the query and the form in the body. Where that fails the
// query's part is returned with the error, so that the answer has its format.
func readForm(r *http.Request) (form, error) {
	f, err := form(nil).parse(r.URL.RawQuery)
	if err != nil || r.Body == nil || r.Body == http.NoBody || r.Method != http.MethodPost && r.Method != http.MethodDelete {
		return f, err
	}
	kind, options, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded", "":
		b, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
		if err != nil {
			return f, err
		}
		if len(b) > maxBody {
			return f, errTooLarge
		}
		return f.parse(string(b))
	case "multipart/form-data":
		return f.readMultipart(multipart.NewReader(io.LimitReader(r.Body, maxBody+1), options["boundary"]))
	}
	return f, nil
}

// readMultipart adds the fields of a multipart form; files are not for us.
func (f form) readMultipart(m *multipart.Reader) (form, error) {
	for {
		p, err := m.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return f, errTooLarge
		}
		if p.FormName() == "" || p.FileName() != "" {
			continue
		}
		if len(f) >= maxValues {
			return f, errTooLarge
		}
		b, err := io.ReadAll(p)
		if err != nil {
			return f, errTooLarge
		}
		f = f.add(p.FormName(), string(b))
	}
}

// secretParams are the parameters whose values no log may show.
var secretParams = map[string]bool{
	"p": true, "t": true, "s": true, "apikey": true, "password": true,
	"x-plex-token": true, "x-api-key": true, "token": true, "secret": true, "key": true, "jwt": true,
	"x-amz-signature": true, "x-amz-credential": true, "x-amz-security-token": true, "x-goog-signature": true, "sig": true,
}

// RedactURL returns a request's URI for a log: values of parameters that are
// secrets, and of all that begin with X-, are replaced by "…".
func RedactURL(uri string) string {
	path, query, found := strings.Cut(uri, "?")
	if !found {
		return uri
	}
	var b strings.Builder
	b.WriteString(path)
	for i, part := range strings.Split(query, "&") {
		b.WriteByte("?&"[min(i, 1)])
		key, _, valued := strings.Cut(part, "=")
		name := strings.ToLower(strings.TrimSpace(unescape(key)))
		if valued && (secretParams[name] || strings.HasPrefix(name, "x-")) {
			part = key + "=…"
		}
		b.WriteString(part)
	}
	return b.String()
}
