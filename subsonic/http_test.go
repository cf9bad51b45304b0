package subsonic

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/subsonic/spec"
)

func get(url string) *http.Request { return httptest.NewRequest("GET", url, nil) }

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFormats(t *testing.T) {
	h := newHouse(t)
	for query, want := range map[string]struct{ contentType, begins string }{
		"f=xml":                           {"text/xml; charset=utf-8", `<?xml version="1.0" encoding="UTF-8"?>`},
		"":                                {"text/xml; charset=utf-8", `<?xml`},
		"f=nonsense":                      {"text/xml; charset=utf-8", `<?xml`},
		"f=json":                          {"application/json", `{"subsonic-response":{`},
		"f=jsonp&callback=my.cb_1":        {"application/javascript; charset=utf-8", `my.cb_1({"subsonic-response":`},
		"f=jsonp&callback=alert(1)//<sc>": {"application/javascript; charset=utf-8", `callback({"subsonic-response":`},
	} {
		for _, call := range []string{"ping", "getSong"} {
			r := h.do(get("/rest/" + call + "?u=owner&p=owner-pw&v=1.16.1&c=test&" + query))
			if r.StatusCode != 200 || r.Header.Get("Content-Type") != want.contentType {
				t.Errorf("%s %s: status %d, type %q", call, query, r.StatusCode, r.Header.Get("Content-Type"))
			}
			b := body(t, r)
			if !strings.HasPrefix(b, want.begins) {
				t.Errorf("%s %s: %s", call, query, b)
			}
			if r.Header.Get("Content-Length") != fmt.Sprint(len(b)) {
				t.Errorf("%s %s: Content-Length %s of %d", call, query, r.Header.Get("Content-Length"), len(b))
			}
		}
	}
}

func TestXMLHasTheNamespaceAndTheServersNames(t *testing.T) {
	h := newHouse(t)
	var x struct {
		XMLName       xml.Name
		Status        string `xml:"status,attr"`
		Type          string `xml:"type,attr"`
		ServerVersion string `xml:"serverVersion,attr"`
		OpenSubsonic  string `xml:"openSubsonic,attr"`
	}
	if err := xml.Unmarshal([]byte(body(t, h.do(get("/rest/ping?u=x")))), &x); err != nil {
		t.Fatal(err)
	}
	if x.XMLName.Space != spec.Namespace || x.Status != "failed" || x.Type != "songlocker" || x.ServerVersion != "1.2.3" || x.OpenSubsonic != "true" {
		t.Errorf("%+v", x)
	}
}

func TestPathsAndMethods(t *testing.T) {
	h := newHouse(t)
	for _, method := range []string{"GET", "POST", "DELETE"} {
		for _, path := range []string{"/rest/ping", "/rest/ping.view", "/music/rest/ping", "/music/rest/ping.view"} {
			if o := h.envelope(h.do(httptest.NewRequest(method, path+"?"+as("owner"), nil))); o["status"] != "ok" {
				t.Errorf("%s %s: %v", method, path, o)
			}
		}
	}
	r := h.do(httptest.NewRequest("HEAD", "/rest/ping?"+as("owner"), nil))
	if r.StatusCode != 200 || r.Header.Get("Content-Length") == "" {
		t.Errorf("HEAD: %d %v", r.StatusCode, r.Header)
	}
	for _, name := range []string{"noSuchCall", "noSuchCall.view", "PING", "", "a/b", "ping/"} {
		if code := codeOf(h.envelope(h.do(get("/rest/" + name + "?f=json")))); code != 70 {
			t.Errorf("%q: error %d, want 70", name, code)
		}
	}
}

func TestDeletePlaylistByDELETE(t *testing.T) {
	h := newHouse(t)
	id := dig(h.get("createPlaylist?name=x"), "playlist", "id").(string)
	if o := h.envelope(h.do(httptest.NewRequest("DELETE", target("owner", "deletePlaylist.view?id="+id), nil))); o["status"] != "ok" {
		t.Fatal(o)
	}
	if code := h.code("owner", "getPlaylist?id="+id); code != 70 {
		t.Errorf("after DELETE: %d", code)
	}
}

func post(path, contentType, form string) *http.Request {
	r := httptest.NewRequest("POST", path, strings.NewReader(form))
	r.Header.Set("Content-Type", contentType)
	return r
}

const formType = "application/x-www-form-urlencoded"

func TestFormsMergeWithTheQuery(t *testing.T) {
	h := newHouse(t)
	sea, sky := h.id("Sea"), h.id("Sky")
	login := as("owner")
	for name, r := range map[string]*http.Request{
		"all in the body":        post("/rest/createPlaylist", formType, login+"&name=a&songId="+sea+"&songId="+sky),
		"login in the query":     post("/rest/createPlaylist?"+login, formType, "name=a&songId="+sea+"&songId="+sky),
		"ids in both":            post("/rest/createPlaylist?"+login+"&songId="+sea, formType+"; charset=UTF-8", "name=a&songId="+sky),
		"all in the query":       post("/rest/createPlaylist?"+login+"&name=a&songId="+sea+"&songId="+sky, "application/json", `{"name":"b"}`),
		"no content type":        post("/rest/createPlaylist?"+login, "", "name=a&songId="+sea+"&songId="+sky),
		"other case of the name": post("/rest/createPlaylist?"+login, formType, "NAME=a&songid="+sea+"&SongID="+sky),
	} {
		o := h.envelope(h.do(r))
		if got := all(dig(o, "playlist", "entry"), "title"); fmt.Sprint(got) != "[Sea Sky]" {
			t.Errorf("%s: %v %v", name, got, o["error"])
		}
	}
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, kv := range [][2]string{{"name", "multi"}, {"songId", sky}, {"songId", sea}} {
		if err := m.WriteField(kv[0], kv[1]); err != nil {
			t.Fatal(err)
		}
	}
	m.Close()
	o := h.envelope(h.do(post("/rest/createPlaylist?"+login, m.FormDataContentType(), b.String())))
	if got := all(dig(o, "playlist", "entry"), "title"); fmt.Sprint(got) != "[Sky Sea]" {
		t.Errorf("multipart: %v %v", got, o)
	}
}

func TestTenThousandIDs(t *testing.T) {
	h := newHouse(t)
	sea := h.id("Sea")
	ids := strings.Repeat("&songId="+sea, 12000)
	o := h.envelope(h.do(post("/rest/createPlaylist?"+as("owner"), formType, "name=long"+ids)))
	if dig(o, "playlist", "songCount") != 12000. {
		t.Errorf("by POST: %v %v", dig(o, "playlist", "songCount"), o["error"])
	}
	ids = strings.Repeat("&songId="+sea, 20000)[:250<<10]
	r := get("/rest/createPlaylist?" + as("owner") + "&name=long" + ids[:strings.LastIndex(ids, "&")])
	if o := h.envelope(h.do(r)); o["status"] != "ok" {
		t.Errorf("a line of 250 KiB: %v", o["error"])
	}
}

func TestBodiesThatAreTooLarge(t *testing.T) {
	h := newHouse(t)
	for name, form := range map[string]string{
		"bytes":  "name=" + strings.Repeat("x", maxBody),
		"values": strings.Repeat("a&", maxValues+1),
	} {
		o := h.envelope(h.do(post("/rest/ping?"+as("owner"), formType, form)))
		if message, _ := dig(o, "error", "message").(string); codeOf(o) != 0 || !strings.Contains(message, "too large") {
			t.Errorf("%s: %v", name, o)
		}
	}
}

func TestTextThatIsBadlyEscapedStandsForItself(t *testing.T) {
	f, err := form(nil).parse("u=100%&q=a;b&&=&x=%zz&n=a+b%20c&u=2")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"u": "100%", "q": "a;b", "x": "%zz", "n": "a b c", "N": "a b c", "none": ""} {
		if got := f.text(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestCORS(t *testing.T) {
	h := newHouse(t)
	sea := h.id("Sea")
	h.covers["al-x"] = "png"
	for _, call := range []string{"ping", "noSuchCall", "getSong?id=x", "stream?id=" + sea, "stream?id=x", "getCoverArt?id=al-x", "download?id=" + sea} {
		for _, user := range []string{"owner", "nobody"} {
			r := h.raw(user, call)
			if r.Header.Get("Access-Control-Allow-Origin") != "*" || r.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s as %s: %v", call, user, r.Header)
			}
			if r.Header.Get("Access-Control-Allow-Credentials") != "" || r.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s as %s reads or sets cookies: %v", call, user, r.Header)
			}
			for _, name := range []string{"X-Total-Count", "Content-Length", "Content-Range", "Accept-Ranges"} {
				if !strings.Contains(r.Header.Get("Access-Control-Expose-Headers"), name) {
					t.Errorf("%s is not exposed", name)
				}
			}
		}
	}
	r := h.do(httptest.NewRequest("OPTIONS", "/rest/getSong.view?id=x", nil))
	if r.StatusCode != 204 || r.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("OPTIONS: %d %v", r.StatusCode, r.Header)
	}
	for name, want := range map[string]string{"Methods": "GET POST DELETE HEAD", "Headers": "Content-Type Range Accept Authorization"} {
		for _, w := range strings.Fields(want) {
			if !strings.Contains(r.Header.Get("Access-Control-Allow-"+name), w) {
				t.Errorf("OPTIONS allows no %s", w)
			}
		}
	}
}

func TestGzip(t *testing.T) {
	h := newHouse(t)
	plain := body(t, h.raw("owner", "getAlbumList2?type=newest"))
	for accept, want := range map[string]bool{"gzip": true, "br, gzip;q=0.5": true, "*": true, "gzip;q=0": false, "identity": false, "br": false, "": false} {
		r := get(target("owner", "getAlbumList2?type=newest"))
		r.Header.Set("Accept-Encoding", accept)
		a := h.do(r)
		if got := a.Header.Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("%q: gzip %v", accept, got)
			continue
		}
		if a.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: Vary %q", accept, a.Header.Get("Vary"))
		}
		packed := body(t, a)
		if a.Header.Get("Content-Length") != fmt.Sprint(len(packed)) {
			t.Errorf("%q: Content-Length %s of %d", accept, a.Header.Get("Content-Length"), len(packed))
		}
		if want {
			z, err := gzip.NewReader(strings.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(z)
			if err != nil || string(b) != plain {
				t.Errorf("%q: another answer: %v", accept, err)
			}
		}
	}
	for _, call := range []string{"ping", "stream?id=" + h.id("Sea")} {
		r := get(target("owner", call))
		r.Header.Set("Accept-Encoding", "gzip")
		if a := h.do(r); a.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s is packed", call)
		}
	}
}

// tag asks for the ETag of a call.
func (h *house) tag(user, call string) string {
	h.t.Helper()
	r := h.raw(user, call)
	io.Copy(io.Discard, r.Body)
	return r.Header.Get("ETag")
}

func TestListsCarryAnETagOfCatalogAndUser(t *testing.T) {
	h := newHouse(t)
	sea := h.id("Sea")
	const list = "getAlbumList2?type=newest"
	mine, theirs := h.tag("owner", list), h.tag("guest", list)
	if mine == "" || theirs == "" || mine == theirs {
		t.Fatalf("tags %q and %q", mine, theirs)
	}
	conditional := func(user, tag string) int {
		r := get(target(user, list))
		r.Header.Set("If-None-Match", tag)
		a := h.do(r)
		if b := body(t, a); a.StatusCode == 304 && (b != "" || a.Header.Get("ETag") != tag) {
			t.Errorf("304 with %q and %v", b, a.Header)
		}
		return a.StatusCode
	}
	if got := conditional("owner", mine); got != 304 {
		t.Errorf("unchanged: %d", got)
	}
	// A fresh salt is no other question.
	r := get("/rest/" + list + "&f=json&v=1.16.1&c=test&" + token("owner", "owner-pw", "fresh-salt"))
	r.Header.Set("If-None-Match", mine)
	if got := h.do(r).StatusCode; got != 304 {
		t.Errorf("with another salt: %d", got)
	}
	for _, change := range []string{"star?id=" + sea, "setRating?id=" + sea + "&rating=3", "scrobble?id=" + sea + "&time=1700000000000", "unstar?id=" + sea} {
		h.get(change)
		if got := conditional("owner", mine); got != 200 {
			t.Errorf("after %s: %d for the user", change, got)
		}
		if got := conditional("guest", theirs); got != 304 {
			t.Errorf("after %s: %d for another user", change, got)
		}
		mine = h.tag("owner", list)
	}
	h.get("updateUser?username=guest&musicFolderId=2")
	if got := conditional("guest", theirs); got != 200 {
		t.Errorf("after a change of rights: %d", got)
	}
	theirs = h.tag("guest", list)
	err := h.catalog.Scan(t.Context(), 1, func(tx *catalog.ScanTx) error { return tx.EndChanges() })
	if err != nil {
		t.Fatal(err)
	}
	if got := conditional("guest", theirs); got != 200 {
		t.Errorf("after a scan: %d", got)
	}
	tags := map[string]string{}
	for _, call := range []string{list, list + "&size=1", "getAlbumList?type=newest", "getAlbumList2?type=starred", "getArtists"} {
		tag := h.tag("owner", call)
		if tags[tag] != "" {
			t.Errorf("%s and %s share a tag", call, tags[tag])
		}
		tags[tag] = call
	}
	for _, call := range []string{"getRandomSongs", "getAlbumList2?type=random", "getNowPlaying", "getScanStatus", "ping", "star?id=" + sea, "getSong?id=x"} {
		if tag := h.tag("owner", call); tag != "" {
			t.Errorf("%s has the tag %s", call, tag)
		}
	}
}

func TestPanicsAreErrorsOfTheProtocol(t *testing.T) {
	h := newHouse(t)
	h.api.Lyrics = nil
	h.api.Covers = panicking{}
	r := h.raw("owner", "getCoverArt?id=x")
	if o := h.envelope(r); codeOf(o) != 0 || dig(o, "error", "message") != "internal error" {
		t.Errorf("%v", o)
	}
	if log := h.log.String(); !strings.Contains(log, "a secret detail") || !strings.Contains(log, "http_test.go") {
		t.Errorf("the log lacks the panic or its stack: %s", log)
	}
}

type panicking struct{}

func (panicking) Cover(context.Context, catalog.Viewer, string, int) (Picture, error) {
	panic("a secret detail")
}

type failing struct{ err error }

func (f failing) Cover(context.Context, catalog.Viewer, string, int) (Picture, error) {
	return nil, f.err
}

func TestKindsOfErrorBecomeCodes(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		err    error
		code   int
		logged bool
	}{
		{models.ErrMissing, 10, false},
		{models.ErrLogin, 40, false},
		{models.ErrSlowDown, 40, false},
		{models.ErrTokenLogin, 41, false},
		{models.ErrPasswordLogin, 42, false},
		{models.ErrAPIKey, 44, false},
		{models.ErrForbidden, 50, false},
		{models.ErrNotFound, 70, false},
		{fs.ErrNotExist, 70, false},
		{models.ErrInvalid, 0, false},
		{models.ErrConflict, 0, false},
		{models.ErrUnavailable, 0, false},
		{fs.ErrPermission, 0, false},
		{errors.New("disk on fire at /secret"), 0, true},
	} {
		h.log.Reset()
		h.api.Covers = failing{fmt.Errorf("while drawing: %w", c.err)}
		o := h.envelope(h.raw("owner", "getCoverArt?id=x"))
		if codeOf(o) != c.code {
			t.Errorf("%v: %v, want %d", c.err, o["error"], c.code)
		}
		if strings.Contains(fmt.Sprint(o), "/secret") {
			t.Errorf("the client learns %v", o)
		}
		if got := strings.Contains(h.log.String(), "disk on fire"); got != c.logged {
			t.Errorf("%v: logged %v", c.err, got)
		}
	}
}

func TestRedactURL(t *testing.T) {
	for in, want := range map[string]string{
		"/rest/ping.view?u=a&p=secret&t=secret&s=secret&v=1&c=x": "/rest/ping.view?u=a&p=…&t=…&s=…&v=1&c=x",
		"/rest/x?apiKey=secret&APIKEY=secret&%70=secret":         "/rest/x?apiKey=…&APIKEY=…&%70=…",
		"/rest/createUser?password=secret&username=a":            "/rest/createUser?password=…&username=a",
		"/rest/x?X-Amz-Signature=secret&x-anything=secret":       "/rest/x?X-Amz-Signature=…&x-anything=…",
		"/rest/x?p":  "/rest/x?p",
		"/rest/x":    "/rest/x",
		"/rest/x?":   "/rest/x?",
		"/?p=a?p=b&": "/?p=…&",
	} {
		if got := RedactURL(in); got != want {
			t.Errorf("%s -> %s, want %s", in, got, want)
		}
	}
}

func TestLogin(t *testing.T) {
	h := newHouse(t)
	owner, err := h.catalog.UserByName(t.Context(), "owner")
	if err != nil {
		t.Fatal(err)
	}
	h.auth.keys["good-key"] = models.Identity{User: owner, Scope: models.ScopeFull}
	h.api.HelpURL = "https://help.example/"
	h.auth.clear[owner.Key] = "sesäme €&+"
	pw := "sesäme €&+"
	const vc = "&v=1.16.1&c=test"
	for name, c := range map[string]struct {
		query string
		code  int
	}{
		"clear":                     {"u=owner&p=" + url.QueryEscape(pw) + vc, -1},
		"clear, other case of user": {"u=OWNER&p=" + url.QueryEscape(pw) + vc, -1},
		"enc":                       {"u=owner&p=enc:" + fmt.Sprintf("%x", pw) + vc, -1},
		"enc in upper case":         {"u=owner&p=enc:" + fmt.Sprintf("%X", pw) + vc, -1},
		"token":                     {token("owner", pw, "abcdef") + vc, -1},
		"token with a short salt":   {token("owner", pw, "1") + vc, -1},
		"api key":                   {"apiKey=good-key" + vc, -1},
		"token with v=1.2.0":        {token("owner", pw, "abcdef") + "&v=1.2.0&c=DSub", -1},
		"c is a URL":                {"u=owner&p=" + url.QueryEscape(pw) + "&v=1.16.1&c=https://app.example/", -1},
		"v of a newer minor":        {"u=owner&p=" + url.QueryEscape(pw) + "&v=1.99.0&c=x", -1},
		"no login":                  {vc, 10},
		"no user":                   {"p=x" + vc, 10},
		"no password":               {"u=owner" + vc, 10},
		"empty password":            {"u=owner&p=" + vc, 10},
		"empty token":               {"u=owner&t=&s=" + vc, 10},
		"token without salt":        {"u=owner&t=0123" + vc, 10},
		"salt without token":        {"u=owner&s=0123" + vc, 10},
		"no v":                      {token("owner", pw, "abcdef") + "&c=test", 10},
		"no c":                      {token("owner", pw, "abcdef") + "&v=1.16.1", 10},
		"major version too low":     {token("owner", pw, "abcdef") + "&c=test&v=0.9.0", 20},
		"major version too high":    {token("owner", pw, "abcdef") + "&c=test&v=2.0.0", 30},
		"no version at all":         {token("owner", pw, "abcdef") + "&c=test&v=new", 0},
		"wrong password":            {"u=owner&p=x" + vc, 40},
		"unknown user":              {"u=nobody&p=x" + vc, 40},
		"wrong token":               {token("owner", "x", "abcdef") + vc, 40},
		"bad hex":                   {"u=owner&p=enc:zz" + vc, 40},
		"password and token":        {token("owner", pw, "abcdef") + "&p=" + url.QueryEscape(pw) + vc, 43},
		"api key and user":          {"apiKey=good-key&u=owner" + vc, 43},
		"api key and password":      {"apiKey=good-key&p=x" + vc, 43},
		"api key and token":         {"apiKey=good-key&" + token("owner", pw, "abcdef") + vc, 43},
		"unknown api key":           {"apiKey=bad-key" + vc, 44},
	} {
		if code := codeOf(h.envelope(h.do(get("/rest/ping?f=json&" + c.query)))); code != c.code {
			t.Errorf("%s: %d, want %d", name, code, c.code)
		}
		if code := codeOf(h.envelope(h.do(post("/rest/ping?f=json", formType, c.query)))); code != c.code {
			t.Errorf("%s in a form: %d, want %d", name, code, c.code)
		}
	}
	texts := map[string]bool{}
	for _, query := range []string{"u=owner&p=x", "u=nobody&p=x", "u=owner&t=00&s=11"} {
		o := h.envelope(h.do(get("/rest/ping?f=json&" + query + vc)))
		texts[fmt.Sprint(o["error"])] = true
		if dig(o, "error", "helpUrl") != "https://help.example/" {
			t.Errorf("no helpUrl: %v", o)
		}
	}
	if len(texts) != 1 {
		t.Errorf("refusals differ: %v", texts)
	}
	if o := h.envelope(h.do(get("/rest/tokenInfo?f=json&apiKey=good-key" + vc))); dig(o, "tokenInfo", "username") != "owner" {
		t.Errorf("tokenInfo: %v", o)
	}
	// A cookie and HTTP Basic let nobody in and disturb nobody.
	r := get("/rest/ping?f=json" + vc)
	r.AddCookie(&http.Cookie{Name: "session", Value: "x"})
	r.SetBasicAuth("owner", pw)
	if code := codeOf(h.envelope(h.do(r))); code != 10 {
		t.Errorf("by cookie and Basic: %d", code)
	}
	r = get("/rest/ping?f=json&" + token("owner", pw, "abcdef") + vc)
	r.SetBasicAuth("x", "y")
	if code := codeOf(h.envelope(h.do(r))); code != -1 {
		t.Errorf("with Basic beside: %d", code)
	}
}

func TestEveryEndpointButTheExtensionListNeedsALogin(t *testing.T) {
	h := newHouse(t)
	for _, e := range Endpoints() {
		want := 10
		if e.Open {
			want = -1
		}
		if code := codeOf(h.envelope(h.do(get("/rest/" + e.Name + "?f=json&id=x&username=owner&query=")))); code != want {
			t.Errorf("%s: %d, want %d", e.Name, code, want)
		}
		if r := h.do(get("/rest/" + e.Name)); !strings.HasPrefix(r.Header.Get("Content-Type"), "text/xml") {
			t.Errorf("%s without f: %s", e.Name, r.Header.Get("Content-Type"))
		}
	}
}

func FuzzCall(f *testing.F) {
	for _, e := range Endpoints() {
		f.Add(e.Name, "id=so-0123456789abc&size=1&type=newest&query=a&username=guest")
	}
	f.Add("search3", "query=%22%22&songCount=99999999999999999999")
	f.Add("../ping.view.view", "id=%00&u=x&f=jsonp&callback=%3C")
	h := newHouseFor(f)
	f.Fuzz(func(t *testing.T, name, query string) {
		h.t = t
		r := httptest.NewRequest("GET", "/rest/x", nil)
		r.URL.Path = "/rest/" + name
		// The last u wins nothing: the first one is the login's.
		r.URL.RawQuery = "u=guest&p=guest-pw&v=1.16.1&c=test&" + query
		a := h.do(r)
		if a.StatusCode >= 500 || a.StatusCode == 0 {
			t.Fatalf("%q %q: HTTP status %d", name, query, a.StatusCode)
		}
		if strings.Contains(h.log.String(), "panic") {
			t.Fatalf("%q %q: %s", name, query, h.log.String())
		}
	})
}
