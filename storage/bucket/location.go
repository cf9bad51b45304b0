package bucket

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// place is what a location says.
type place struct {
	scheme string
	bucket string
	root   string // that all keys begin with: "" or ending in "/"
	query  url.Values
}

// parsePlace reads a location, whose query has only these names besides
// prefix.
func parsePlace(u *url.URL, names []string) (*place, error) {
	form := u.Scheme + "://NAME"
	invalid := func(format string, args ...any) error {
		return fmt.Errorf("%s location: %s: %w", u.Scheme, fmt.Sprintf(format, args...), models.ErrInvalid)
	}
	if u.User != nil {
		return nil, invalid("it holds a user name; keys are not part of a location: set them as the library's secret or in the environment")
	}
	if u.Host == "" || u.Opaque != "" || u.Port() != "" {
		return nil, invalid("it names no bucket; it is written as %s?prefix=FOLDER", form)
	}
	if u.Fragment != "" {
		return nil, invalid("it has a '#'; write %%23")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, invalid("its parameters can't be read: write %%3B for ';' and %%25 for '%%'")
	}
	known := append([]string{"prefix"}, names...)
	for _, name := range slices.Sorted(keysOf(query)) {
		if slices.Contains(known, name) {
			if len(query[name]) > 1 {
				return nil, invalid("it has %q more than once", name)
			}
			continue
		}
		if secretName(name) {
			return nil, invalid("it has the parameter %q, and keys are not part of a location: set them as the library's secret or in the environment", name)
		}
		hint := ""
		if near := nearest(name, known); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		return nil, invalid("it has an unknown parameter %q%s Known are %s", name, cmp.Or(hint, "."), strings.Join(slices.Sorted(slices.Values(known)), ", "))
	}
	p := &place{scheme: u.Scheme, bucket: u.Host, query: query}
	// Both are given where a location was saved with a prefix and a folder of it is meant.
	if p.root = strings.TrimPrefix(path.Join("/", u.Path, query.Get("prefix")), "/"); p.root != "" {
		p.root += "/"
	}
	return p, nil
}

func keysOf(v url.Values) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range v {
			if !yield(k) {
				return
			}
		}
	}
}

// secretName tells whether a parameter of this name would hold a secret.
func secretName(name string) bool {
	plain := strings.NewReplacer("_", "", "-", "").Replace(strings.ToLower(name))
	return plain == "key" || plain == "sig" || strings.HasPrefix(plain, "xamz") || slices.ContainsFunc(
		[]string{"secret", "password", "passwd", "token", "accesskey", "accountkey", "credential", "signature", "sas", "connectionstring"},
		func(w string) bool { return strings.Contains(plain, w) })
}

// nearest returns the name that differs from name by two letters at most, or
// "".
func nearest(name string, known []string) string {
	best, distance := "", 3
	for _, k := range known {
		if d := editDistance(strings.ToLower(name), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance counts the letters to insert, drop or change between a and b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}

// flag reads a parameter that is true or false, and false where it is not
// given.
func (p *place) flag(name string) (bool, error) {
	v := p.query.Get(name)
	if v == "" {
		return false, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, fmt.Errorf("%s location: %s is %q, and must be true or false: %w", p.scheme, name, v, models.ErrInvalid)
	}
	return b, nil
}

// flags reads several.
func (p *place) flags(names ...string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, n := range names {
		b, err := p.flag(n)
		if err != nil {
			return nil, err
		}
		out[n] = b
	}
	return out, nil
}

// endpoint reads the parameter endpoint, a URL or a host, as a URL; "" where
// it is not given. A name without a scheme is https, or http where plain is
// set. Music and keys cross the network in clear only where plain says so, or
// within this machine.
func (p *place) endpoint(plain bool) (string, error) {
	v := p.query.Get("endpoint")
	if v == "" {
		return "", nil
	}
	if !strings.Contains(v, "://") {
		v = map[bool]string{false: "https://", true: "http://"}[plain] + v
	}
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("%s location: endpoint is no URL such as https://s3.example.com: %w", p.scheme, models.ErrInvalid)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("%s location: endpoint has a user name, a query or a fragment, and is only a scheme, a host and a path: %w", p.scheme, models.ErrInvalid)
	case u.Scheme == "http" && !plain && !loopback(u.Hostname()):
		return "", fmt.Errorf("%s location: endpoint is http, by which keys and music cross the network readable for everybody: use https, or add disable_https=true if that network is your own: %w", p.scheme, models.ErrInvalid)
	}
	return strings.TrimSuffix(u.String(), "/"), nil
}

// loopback tells whether a host is this machine itself.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
