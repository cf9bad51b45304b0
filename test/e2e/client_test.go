package e2e

import (
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
)

// client is an app that one user is logged in with.
type client struct {
	t    *testing.T
	s    *server
	as   url.Values // login
	http *http.Client
}

// client returns an app that logs in by token.
func (s *server) client(user, password string) *client {
	salt := rand.Text()
	sum := md5.Sum([]byte(password + salt))
	s.secret(password)
	return s.app(url.Values{"u": {user}, "t": {s.secret(hex.EncodeToString(sum[:]))}, "s": {s.secret(salt)}})
}

// app returns an app that logs in as told.
func (s *server) app(login url.Values) *client {
	login.Set("v", "1.16.1")
	login.Set("c", "e2e")
	return &client{t: s.t, s: s, as: login, http: http.DefaultClient}
}

func (s *server) owner() *client { return s.client(owner, ownerPassword) }

// with returns the same app in another test.
func (c *client) with(t *testing.T) *client {
	d := *c
	d.t = t
	return &d
}

// params makes a form of names and values.
func params(kv []any) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		q.Add(kv[i].(string), fmt.Sprint(kv[i+1]))
	}
	return q
}

func (c *client) url(name string, kv ...any) string {
	q := params(kv)
	for k, v := range c.as {
		q[k] = v
	}
	return c.s.base + "/rest/" + name + "?" + q.Encode()
}

// do sends a request and reads the whole answer.
func (c *client) do(method, address string, header map[string]string, body io.Reader) (*http.Response, []byte) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, address, body)
	if err != nil {
		c.t.Fatal(err)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatalf("%s: %v", name(address), err)
	}
	return resp, b
}

// name is the part of an address that tests print.
func name(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	q := u.Query()
	for _, k := range []string{"u", "p", "t", "s", "v", "c", "apiKey"} {
		q.Del(k)
	}
	text := u.Path + "?" + q.Encode()
	return text[:min(len(text), 300)]
}

// get asks for bytes.
func (c *client) get(header map[string]string, name string, kv ...any) (*http.Response, []byte) {
	c.t.Helper()
	return c.do(http.MethodGet, c.url(name, kv...), header, nil)
}

// answer is one response of the protocol.
type answer struct {
	t      *testing.T
	header http.Header
	raw    []byte
	node   // what stands in subsonic-response
}

// ask calls an endpoint in JSON.
func (c *client) ask(name string, kv ...any) answer {
	c.t.Helper()
	resp, b := c.get(nil, name, append(kv, "f", "json")...)
	return c.read(name, resp, b)
}

func (c *client) read(name string, resp *http.Response, b []byte) answer {
	c.t.Helper()
	if resp.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: HTTP %s\n%s", name, resp.Status, b)
	}
	var whole map[string]any
	if err := json.Unmarshal(b, &whole); err != nil {
		c.t.Fatalf("%s: %v\n%s", name, err, b)
	}
	return answer{c.t, resp.Header, b, node{whole["subsonic-response"]}}
}

// ok calls an endpoint in JSON and wants success.
func (c *client) ok(name string, kv ...any) answer {
	c.t.Helper()
	a := c.ask(name, kv...)
	if a.text("status") != "ok" {
		c.t.Fatalf("%s %v: %s", name, short(kv), a.raw)
	}
	return a
}

func short(v any) string {
	text := fmt.Sprint(v)
	return text[:min(len(text), 200)]
}

// fails calls an endpoint in JSON and wants an error of this code.
func (c *client) fails(code int, name string, kv ...any) {
	c.t.Helper()
	a := c.ask(name, kv...)
	if a.text("status") != "failed" || a.int("error.code") != code {
		c.t.Errorf("%s %v: want error %d: %.400s", name, short(kv), code, a.raw)
	}
}

// node is a value of JSON.
type node struct{ v any }

// at follows a path of names and places, such as "album.song.0.title".
func (n node) at(path string) node {
	if path == "" {
		return n
	}
	for part := range strings.SplitSeq(path, ".") {
		switch v := n.v.(type) {
		case map[string]any:
			n.v = v[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(v) {
				return node{}
			}
			n.v = v[i]
		default:
			return node{}
		}
	}
	return n
}

// text is the text at a path, "" where there is none.
func (n node) text(path string) string {
	s, _ := n.at(path).v.(string)
	return s
}

// int is the whole number at a path, 0 where there is none.
func (n node) int(path string) int {
	f, _ := n.at(path).v.(float64)
	return int(f)
}

// list is the list at a path.
func (n node) list(path string) []node {
	v, _ := n.at(path).v.([]any)
	out := make([]node, len(v))
	for i := range v {
		out[i].v = v[i]
	}
	return out
}

// texts are the texts called name of the list at a path.
func (n node) texts(path, name string) []string {
	out := []string{}
	for _, e := range n.list(path) {
		out = append(out, e.text(name))
	}
	return out
}

// scanned waits until no scan runs and the catalog holds this many songs.
func (c *client) scanned(songs int) {
	c.t.Helper()
	var last answer
	defer func() {
		if c.t.Failed() {
			c.t.Logf("scan status: %s\nlog: %s", last.raw, tail(c.s.log.String()))
		}
	}()
	eventually(c.t, fmt.Sprintf("a scan of %d songs", songs), func() bool {
		last = c.ok("getScanStatus")
		return last.at("scanStatus.scanning").v == false && last.int("scanStatus.count") == songs
	})
}

// scan scans everything and waits for the end.
func (c *client) scan(songs int) {
	c.t.Helper()
	if c.ok("startScan").at("scanStatus.scanning").v != true {
		c.t.Error("startScan: scanning is not true")
	}
	c.scanned(songs)
}

// songs returns all songs that the user may read, by their paths.
func (c *client) songs() map[string]node {
	c.t.Helper()
	out := map[string]node{}
	for offset := 0; ; offset += 500 {
		page := c.ok("search3", "query", "", "artistCount", 0, "albumCount", 0, "songCount", 500, "songOffset", offset).list("searchResult3.song")
		for _, s := range page {
			out[s.text("path")] = s
		}
		if len(page) < 500 {
			return out
		}
	}
}

// song returns the song at a path.
func (c *client) song(path string) node {
	c.t.Helper()
	s, ok := c.songs()[path]
	if !ok {
		c.t.Fatalf("there is no song at %s", path)
	}
	return s
}
