// Package conformance checks over HTTP whether a server speaks Subsonic
// 1.16.1 and OpenSubsonic as apps need it. It knows nothing of the server but
// its address and a login, so it runs against any: ours in the end-to-end
// tests, with or without a proxy in front, and others.
//
// The checks write (stars, playlists, users) and take back what they wrote.
// Run them against a server that holds at least three songs of an album
// artist, and that nobody else uses meanwhile.
package conformance

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Server names a server and an admin of it.
type Server struct {
	URL      string // before "/rest/", such as "http://127.0.0.1:4040/music"
	User     string
	Password string
	APIKey   string       // of the same user; without one API keys are not tried
	Client   *http.Client // nil: http.DefaultClient
}

// Run runs every check as a test of its own.
func Run(t *testing.T, s Server) {
	t.Helper()
	if s.Client == nil {
		s.Client = http.DefaultClient
	}
	p := &probe{T: t, Server: s, client: "conformance"}
	p.discover()
	if t.Failed() {
		return
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			q := *p
			q.T = t
			c.run(&q)
		})
	}
}

var checks = []struct {
	name string
	run  func(*probe)
}{
	{"envelope", (*probe).envelope},
	{"formats", (*probe).formats},
	{"logins", (*probe).logins},
	{"methods and forms", (*probe).methods},
	{"errors", (*probe).errors},
	{"browsing by tags", (*probe).tags},
	{"browsing by folders", (*probe).folders},
	{"album lists", (*probe).albumLists},
	{"searching everything", (*probe).everything},
	{"searching", (*probe).searching},
	{"streams", (*probe).streams},
	{"covers", (*probe).covers},
	{"stars and ratings", (*probe).stars},
	{"plays", (*probe).plays},
	{"playlists", (*probe).playlists},
	{"play queues", (*probe).queues},
	{"bookmarks", (*probe).bookmarks},
	{"users", (*probe).users},
	{"rights", (*probe).rights},
	{"scans", (*probe).scans},
	{"empty lists", (*probe).empties},
}

type object = map[string]any

// probe is one check at work. As a value it is a login: copies with another
// user call as that user.
type probe struct {
	*testing.T
	Server
	client string // the parameter c

	songs []object // those of the first albums, by tags
	album object   // of the first song
}

// answer is what came back over HTTP.
type answer struct {
	*http.Response
	body []byte
}

// request sends a request with the probe's headers and reads the answer.
func (p *probe) request(method, call string, form url.Values, headers ...string) answer {
	p.Helper()
	target, body := p.URL+"/rest/"+call, io.Reader(nil)
	switch {
	case method == http.MethodPost:
		body = strings.NewReader(form.Encode())
		headers = append(headers, "Content-Type", "application/x-www-form-urlencoded")
	case len(form) > 0:
		sep := "?"
		if strings.Contains(call, "?") {
			sep = "&"
		}
		target += sep + form.Encode()
	}
	r, err := http.NewRequestWithContext(p.Context(), method, target, body)
	if err != nil {
		p.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := p.Client.Do(r)
	if err != nil {
		p.Fatalf("%s: %v", call, err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		p.Fatalf("%s: %v", call, err)
	}
	return answer{a, b}
}

// token returns a login by token, with the version and the client.
func (p *probe) token() url.Values {
	const salt = "c0nf0rm"
	sum := md5.Sum([]byte(p.Password + salt))
	return url.Values{"u": {p.User}, "t": {hex.EncodeToString(sum[:])}, "s": {salt}, "v": {"1.16.1"}, "c": {p.client}}
}

// params makes values of names and values in turn.
func params(list ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(list); i += 2 {
		v.Add(list[i], list[i+1])
	}
	return v
}

func (p *probe) login(list ...string) url.Values {
	v := params(list...)
	for k, x := range p.token() {
		v[k] = x
	}
	return v
}

// raw makes one call by GET in whatever format the server likes best.
func (p *probe) raw(call string, list ...string) answer {
	p.Helper()
	return p.request(http.MethodGet, call, p.login(list...))
}

// read unwraps a response in JSON.
func (p *probe) read(call string, a answer) object {
	p.Helper()
	if a.StatusCode != http.StatusOK {
		p.Fatalf("%s: HTTP status %d", call, a.StatusCode)
	}
	var o map[string]object
	if err := json.Unmarshal(a.body, &o); err != nil || len(o) != 1 || o["subsonic-response"] == nil {
		p.Fatalf("%s: no response of the protocol: %.300s", call, a.body)
	}
	return o["subsonic-response"]
}

// call makes one call in JSON and returns the response.
func (p *probe) call(call string, list ...string) object {
	p.Helper()
	return p.read(call, p.raw(call, append(list, "f", "json")...))
}

// get makes one call, which must succeed.
func (p *probe) get(call string, list ...string) object {
	p.Helper()
	o := p.call(call, list...)
	if o["status"] != "ok" {
		p.Fatalf("%s %v: %v", call, list, o["error"])
	}
	return o
}

// code is the error of a response; -1 for none.
func code(o object) int {
	e, ok := o["error"].(object)
	if !ok {
		return -1
	}
	n, _ := e["code"].(float64)
	return int(n)
}

// refuse makes one call, which must fail with one of the codes.
func (p *probe) refuse(call string, codes []int, list ...string) {
	p.Helper()
	o := p.call(call, list...)
	if !slices.Contains(codes, code(o)) {
		p.Errorf("%s %.100v: status %v, error %v, want one of %v", call, list, o["status"], o["error"], codes)
	}
}

// dig walks down an answer: names of fields, numbers of items.
func dig(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			o, _ := v.(object)
			v = o[step]
		case int:
			l, _ := v.([]any)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

// items is a list of objects.
func items(v any) []object {
	l, _ := v.([]any)
	var out []object
	for _, x := range l {
		if o, ok := x.(object); ok {
			out = append(out, o)
		}
	}
	return out
}

func text(o object, name string) string {
	s, _ := o[name].(string)
	return s
}

// texts is one field of every item.
func texts(list []object, name string) []string {
	out := []string{}
	for _, o := range list {
		out = append(out, text(o, name))
	}
	return out
}

// same compares what was seen with what was expected.
func same[T any](p *probe, what string, got, want T) {
	p.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		p.Errorf("%s: %.300s, want %.300s", what, g, w)
	}
}

// discover finds the songs that the checks use.
func (p *probe) discover() {
	p.Helper()
	for _, al := range items(dig(p.get("getAlbumList2", "type", "alphabeticalByName", "size", "50"), "albumList2", "album")) {
		full, _ := dig(p.get("getAlbum", "id", text(al, "id")), "album").(object)
		songs := items(full["song"])
		if p.album == nil && len(songs) > 0 && text(full, "artistId") != "" {
			p.album = full
			p.songs = append(songs, p.songs...)
			continue
		}
		p.songs = append(p.songs, songs...)
	}
	if len(p.songs) < 3 || p.album == nil {
		p.Fatalf("%d songs: the checks need three, one of them of an album artist", len(p.songs))
	}
}

func (p *probe) id(n int) string { return text(p.songs[n], "id") }

func (p *probe) envelope() {
	for _, call := range []string{"ping", "getSong"} {
		o := p.call(call)
		for _, name := range []string{"status", "version", "type", "serverVersion"} {
			if text(o, name) == "" {
				p.Errorf("%s: no %s", call, name)
			}
		}
		if o["openSubsonic"] != true {
			p.Errorf("%s: openSubsonic is %v", call, o["openSubsonic"])
		}
		if !regexp.MustCompile(`^1\.\d+\.\d+$`).MatchString(text(o, "version")) {
			p.Errorf("version %v", o["version"])
		}
	}
	same(p, "licence", dig(p.get("getLicense"), "license", "valid"), any(true))
	a := p.request(http.MethodGet, "getOpenSubsonicExtensions?f=json", nil)
	if _, ok := p.read("getOpenSubsonicExtensions", a)["openSubsonicExtensions"].([]any); !ok {
		p.Errorf("getOpenSubsonicExtensions without a login: %s", a.body)
	}
	a = p.request(http.MethodOptions, "ping", nil, "Origin", "https://app.example", "Access-Control-Request-Method", "POST")
	if a.StatusCode/100 != 2 || a.Header.Get("Access-Control-Allow-Origin") == "" {
		p.Errorf("OPTIONS: %d %v", a.StatusCode, a.Header)
	}
	if got := p.request(http.MethodGet, "ping", p.login("f", "json"), "Origin", "https://app.example").Header.Get("Access-Control-Allow-Origin"); got == "" {
		p.Error("no Access-Control-Allow-Origin")
	}
}

func (p *probe) formats() {
	for f, begins := range map[string]string{"xml": "<", "": "<", "unknown": "<", "json": "{", "jsonp": "a.b_1({"} {
		for _, call := range []string{"ping", "getSong", "getAlbumList2?type=newest"} {
			list := []string{"callback", "a.b_1"}
			if f != "" {
				list = append(list, "f", f)
			}
			a := p.raw(call, list...)
			want := map[string]string{"<": "xml", "{": "json", "a": "javascript"}[begins[:1]]
			if a.StatusCode != 200 || !strings.HasPrefix(string(a.body), begins) || !strings.Contains(a.Header.Get("Content-Type"), want) {
				p.Errorf("%s f=%q: %d %q %.100s", call, f, a.StatusCode, a.Header.Get("Content-Type"), a.body)
			}
			if want != "xml" {
				continue
			}
			var x struct {
				XMLName xml.Name
				Status  string `xml:"status,attr"`
			}
			if err := xml.Unmarshal(a.body, &x); err != nil || x.XMLName.Space != "http://subsonic.org/restapi" || x.Status == "" {
				p.Errorf("%s f=%q: %v %+v", call, f, err, x)
			}
		}
	}
	if b := p.raw("ping", "f", "jsonp", "callback", "alert(1)//<script>").body; strings.Contains(string(b), "<script>") {
		p.Error("the callback's name is not checked")
	}
	for _, call := range []string{"getAlbumList2?type=newest", "getArtists", "getIndexes", "getRandomSongs", "search3?query="} {
		if b := p.raw(call, "f", "json").body; strings.Contains(string(b), ":null") {
			p.Errorf("%s: there is a null", call)
		}
	}
}

func (p *probe) logins() {
	ping := func(name string, want []int, v url.Values) {
		p.Helper()
		v.Set("f", "json")
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if got := code(p.read("ping", p.request(method, "ping", v))); !slices.Contains(want, got) {
				p.Errorf("%s by %s: %d, want one of %v", name, method, got, want)
			}
		}
	}
	with := func(list ...string) url.Values { return params(append(list, "v", "1.16.1", "c", p.client)...) }
	ok := []int{-1}
	ping("token", ok, p.token())
	ping("clear", ok, with("u", p.User, "p", p.Password))
	ping("enc", ok, with("u", p.User, "p", "enc:"+hex.EncodeToString([]byte(p.Password))))
	ping("wrong password", []int{40}, with("u", p.User, "p", p.Password+"x"))
	ping("unknown user", []int{40}, with("u", p.User+"-nobody", "p", p.Password))
	ping("bad hex", []int{10, 40}, with("u", p.User, "p", "enc:zz"))
	ping("nothing", []int{10}, with())
	ping("no password", []int{10}, with("u", p.User))
	ping("empty token", []int{10, 40}, with("u", p.User, "t", "", "s", ""))
	ping("password and token", []int{10, 43}, func() url.Values { v := p.token(); v.Set("p", p.Password); return v }())
	ping("major version 2", []int{30}, func() url.Values { v := p.token(); v.Set("v", "2.0.0"); return v }())
	ping("version 1.2.0", ok, func() url.Values { v := p.token(); v.Set("v", "1.2.0"); return v }())
	ping("wrong API key", []int{42, 44}, with("apiKey", "no-such-key"))
	if p.APIKey != "" {
		ping("API key", ok, with("apiKey", p.APIKey))
		ping("API key and user", []int{43}, with("apiKey", p.APIKey, "u", p.User))
		v := with("apiKey", p.APIKey, "f", "json")
		same(p, "tokenInfo", dig(p.read("tokenInfo", p.request(http.MethodGet, "tokenInfo", v)), "tokenInfo", "username"), any(p.User))
	}
	a := p.request(http.MethodGet, "stream", with("id", p.id(0)))
	if !strings.Contains(a.Header.Get("Content-Type"), "xml") || !strings.Contains(string(a.body), `code="10"`) {
		p.Errorf("stream without a login: %q %.200s", a.Header.Get("Content-Type"), a.body)
	}
}

func (p *probe) methods() {
	for _, call := range []string{"ping", "ping.view"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if o := p.read(call, p.request(method, call, p.login("f", "json"))); o["status"] != "ok" {
				p.Errorf("%s %s: %v", method, call, o)
			}
		}
	}
	// The login in the query, the parameters in the body.
	a := p.request(http.MethodPost, "getSong?"+p.login("f", "json").Encode(), params("id", p.id(0)))
	same(p, "a form beside a query", dig(p.read("getSong", a), "song", "id"), any(p.id(0)))
}

func (p *probe) errors() {
	for _, call := range []string{"getSong", "getAlbum", "getArtist", "getMusicDirectory", "getPlaylist", "stream", "download", "getCoverArt", "setRating", "scrobble", "getUser", "getAlbumList2", "getSongsByGenre"} {
		p.refuse(call, []int{10})
	}
	for _, call := range []string{"getSong", "getAlbum", "getArtist", "getMusicDirectory", "getPlaylist", "deletePlaylist", "stream", "download", "getCoverArt"} {
		for _, id := range []string{"no-such-id-zZ9", "1", "../\x00ä"} {
			p.refuse(call, []int{70}, "id", id)
		}
	}
	p.refuse("getAlbumList2", []int{10}, "type", "byYear", "fromYear", "1990")
	p.refuse("getAlbumList2", []int{10}, "type", "byGenre")
	p.refuse("getAlbumList2", []int{0, 10}, "type", "no such list")
	p.refuse("noSuchCall", []int{0, 70})
}

func (p *probe) tags() {
	seen := 0
	for _, index := range items(dig(p.get("getArtists"), "artists", "index")) {
		for _, a := range items(index["artist"]) {
			seen++
			if seen > 20 {
				break
			}
			full, _ := dig(p.get("getArtist", "id", text(a, "id")), "artist").(object)
			same(p, "albums of "+text(a, "name"), len(items(full["album"])), int(a["albumCount"].(float64)))
		}
	}
	if seen == 0 {
		p.Fatal("no artists")
	}
	songs := items(p.album["song"])
	same(p, "songCount", p.album["songCount"], any(float64(len(songs))))
	last := 0.
	for _, s := range songs {
		same(p, "albumId", s["albumId"], p.album["id"])
		disc, _ := s["discNumber"].(float64)
		track, _ := s["track"].(float64)
		if at := max(disc, 1)*10000 + track; at < last {
			p.Errorf("songs are not in the order of disc and track")
		} else {
			last = at
		}
		for _, name := range []string{"id", "parent", "title", "album", "artist", "suffix", "contentType", "path", "created", "type"} {
			if text(s, name) == "" {
				p.Errorf("a song has no %s: %v", name, s)
			}
		}
		for _, name := range []string{"size", "duration"} {
			if n, _ := s[name].(float64); n <= 0 {
				p.Errorf("a song has no %s: %v", name, s)
			}
		}
		one, _ := dig(p.get("getSong", "id", text(s, "id")), "song").(object)
		for name, v := range s {
			same(p, name+" in getSong", one[name], v)
		}
	}
	for _, g := range items(dig(p.get("getGenres"), "genres", "genre")) {
		if n := g["songCount"].(float64); n <= 500 {
			got := items(dig(p.get("getSongsByGenre", "genre", text(g, "value"), "count", "500"), "songsByGenre", "song"))
			same(p, "songs of genre "+text(g, "value"), len(got), int(n))
		}
	}
}

func (p *probe) folders() {
	folders := items(dig(p.get("getMusicFolders"), "musicFolders", "musicFolder"))
	if len(folders) == 0 {
		p.Fatal("no music folders")
	}
	for _, f := range folders {
		if _, ok := f["id"].(float64); !ok {
			p.Errorf("the id of a music folder is no number: %v", f)
		}
	}
	indexes, _ := dig(p.get("getIndexes"), "indexes").(object)
	if at, _ := indexes["lastModified"].(float64); at != 0 && at < 1e12 {
		p.Errorf("lastModified %v is not in milliseconds", at)
	}
	var queue []string
	found := map[string]bool{}
	for _, c := range items(indexes["child"]) {
		found[text(c, "id")] = true
	}
	for _, index := range items(indexes["index"]) {
		queue = append(queue, texts(items(index["artist"]), "id")...)
	}
	for visited := 0; len(queue) > 0 && visited < 200; visited++ {
		d, _ := dig(p.get("getMusicDirectory", "id", queue[0]), "directory").(object)
		same(p, "id of a directory", text(d, "id"), queue[0])
		queue = queue[1:]
		for _, c := range items(d["child"]) {
			same(p, "parent of "+text(c, "title"), text(c, "parent"), text(d, "id"))
			if c["isDir"] == true {
				queue = append(queue, text(c, "id"))
			} else {
				found[text(c, "id")] = true
			}
		}
	}
	if len(queue) == 0 {
		for _, s := range p.songs {
			if !found[text(s, "id")] {
				p.Errorf("%s is in no folder", text(s, "path"))
			}
		}
	}
	future := strconv.FormatInt(time.Now().Add(24*time.Hour).UnixMilli(), 10)
	same(p, "indexes when nothing changed", len(items(dig(p.get("getIndexes", "ifModifiedSince", future), "indexes", "index"))), 0)
	same(p, "an unknown music folder", len(items(dig(p.get("getAlbumList2", "type", "newest", "musicFolderId", "987654"), "albumList2", "album"))), 0)
}

func (p *probe) albumLists() {
	list := func(list ...string) []object {
		p.Helper()
		return items(dig(p.get("getAlbumList2", list...), "albumList2", "album"))
	}
	for _, by := range []string{"random", "newest", "highest", "frequent", "recent", "alphabeticalByName", "alphabeticalByArtist", "starred"} {
		for call, path := range map[string]string{"getAlbumList": "albumList", "getAlbumList2": "albumList2"} {
			if _, ok := dig(p.get(call, "type", by), path, "album").([]any); !ok {
				p.Errorf("%s %s: no list", call, by)
			}
		}
	}
	whole := texts(list("type", "alphabeticalByName", "size", "500"), "id")
	var paged []string
	for offset := range min(len(whole), 5) {
		paged = append(paged, texts(list("type", "alphabeticalByName", "size", "1", "offset", strconv.Itoa(offset)), "id")...)
	}
	same(p, "pages", paged, whole[:min(len(whole), 5)])
	same(p, "beyond the end", len(list("type", "newest", "offset", "100000")), 0)
	same(p, "the size when none is given", len(list("type", "newest")), min(10, len(whole)))
	random := texts(list("type", "random", "size", "500"), "id")
	same(p, "random albums", len(slices.Compact(slices.Sorted(slices.Values(random)))), len(random))
	year := func(o object) int { n, _ := o["year"].(float64); return int(n) }
	up, down := list("type", "byYear", "fromYear", "1900", "toYear", "2100", "size", "500"), list("type", "byYear", "fromYear", "2100", "toYear", "1900", "size", "500")
	if !slices.IsSortedFunc(up, func(a, b object) int { return year(a) - year(b) }) || !slices.IsSortedFunc(down, func(a, b object) int { return year(b) - year(a) }) || len(up) != len(down) {
		p.Error("byYear does not go both ways")
	}
}

func (p *probe) everything() {
	search := func(query string, list ...string) object {
		p.Helper()
		o, _ := dig(p.get("search3", append([]string{"query", query}, list...)...), "searchResult3").(object)
		return o
	}
	for _, query := range []string{"", `""`} {
		r := search(query, "artistCount", "500", "albumCount", "500", "songCount", "500")
		songs := texts(items(r["song"]), "id")
		if len(songs) < min(len(p.songs), 500) || len(items(r["album"])) == 0 || len(items(r["artist"])) == 0 {
			p.Fatalf("a query of %q: %d songs of at least %d", query, len(songs), len(p.songs))
		}
		var paged []string
		for len(paged) < min(len(songs), 20) {
			page := texts(items(search(query, "artistCount", "0", "albumCount", "0", "songCount", "3", "songOffset", strconv.Itoa(len(paged)))["song"]), "id")
			if len(page) == 0 {
				break
			}
			paged = append(paged, page...)
		}
		same(p, "pages of songs", paged, songs[:min(len(paged), len(songs))])
		same(p, "songs past the end", len(items(search(query, "songOffset", "10000000")["song"])), 0)
		none := search(query, "songCount", "0", "artistCount", "0", "albumCount", "0")
		same(p, "counts of 0", len(items(none["song"]))+len(items(none["album"]))+len(items(none["artist"])), 0)
	}
	search("", "songOffset", "-5000")
}

func (p *probe) searching() {
	title := text(p.songs[0], "title")
	for _, query := range []string{title, strings.ToUpper(title), strings.ToLower(title)} {
		for call, path := range map[string]string{"search2": "searchResult2", "search3": "searchResult3"} {
			if !slices.Contains(texts(items(dig(p.get(call, "query", query, "songCount", "500"), path, "song")), "title"), title) {
				p.Errorf("%s does not find %q", call, query)
			}
		}
	}
	if !slices.Contains(texts(items(dig(p.get("search3", "query", text(p.album, "name"), "albumCount", "500"), "searchResult3", "album")), "id"), text(p.album, "id")) {
		p.Error("an album is not found by its name")
	}
	for _, query := range []string{"%", "'", "*", "(", `a"b`, "AND", "-", "ä中", `\`, "zzqqxxjjvv"} {
		p.get("search3", "query", query)
	}
}

func (p *probe) streams() {
	s := p.songs[0]
	full := p.raw("download", "id", p.id(0))
	same(p, "the size of a download", float64(len(full.body)), s["size"].(float64))
	if !strings.Contains(full.Header.Get("Content-Disposition"), "attachment") {
		p.Errorf("Content-Disposition of a download: %q", full.Header.Get("Content-Disposition"))
	}
	raw := p.raw("stream", "id", p.id(0), "format", "raw")
	same(p, "the bytes of a stream", string(raw.body) == string(full.body), true)
	same(p, "Content-Type", raw.Header.Get("Content-Type"), text(s, "contentType"))
	same(p, "Content-Length", raw.Header.Get("Content-Length"), strconv.Itoa(len(full.body)))
	same(p, "Accept-Ranges", raw.Header.Get("Accept-Ranges"), "bytes")
	n := len(full.body)
	for what, want := range map[string]string{"bytes=0-": string(full.body), "bytes=0-99": string(full.body[:100]), "bytes=-77": string(full.body[n-77:]),
		fmt.Sprintf("bytes=%d-", n-50): string(full.body[n-50:])} {
		for _, call := range []string{"stream", "download"} {
			a := p.request(http.MethodGet, call, p.login("id", p.id(0), "format", "raw"), "Range", what)
			if a.StatusCode != http.StatusPartialContent || string(a.body) != want || a.Header.Get("Content-Range") == "" {
				p.Errorf("%s %s: status %d, %d bytes", call, what, a.StatusCode, len(a.body))
			}
		}
	}
	a := p.request(http.MethodGet, "stream", p.login("id", p.id(0), "format", "raw"), "Range", fmt.Sprintf("bytes=%d-", n+10))
	same(p, "a range beyond the end", a.StatusCode, http.StatusRequestedRangeNotSatisfiable)
	a = p.request(http.MethodHead, "stream", p.login("id", p.id(0), "format", "raw"))
	same(p, "HEAD", fmt.Sprint(a.StatusCode, a.Header.Get("Content-Length"), len(a.body)), fmt.Sprint(200, strconv.Itoa(n), 0))
	if tag := raw.Header.Get("ETag"); tag != "" {
		a = p.request(http.MethodGet, "stream", p.login("id", p.id(0), "format", "raw"), "If-None-Match", tag)
		same(p, "a stream that the app has", a.StatusCode, http.StatusNotModified)
	}
}

func (p *probe) covers() {
	seen := map[string]bool{"": true}
	for _, s := range append([]object{p.album}, p.songs...) {
		id := text(s, "coverArt")
		if seen[id] || len(seen) > 20 {
			continue
		}
		seen[id] = true
		for _, size := range []string{"", "100"} {
			a := p.raw("getCoverArt", "id", id, "size", size)
			if a.StatusCode != 200 || !strings.HasPrefix(a.Header.Get("Content-Type"), "image/") || len(a.body) == 0 {
				p.Errorf("cover %s: %d %q", id, a.StatusCode, a.Header.Get("Content-Type"))
			}
		}
	}
	a := p.raw("getCoverArt", "id", "no-such-cover")
	if !strings.Contains(a.Header.Get("Content-Type"), "xml") || !strings.Contains(string(a.body), `code="70"`) {
		p.Errorf("an unknown cover: %q %.200s", a.Header.Get("Content-Type"), a.body)
	}
}

func (p *probe) song(n int) object {
	p.Helper()
	o, _ := dig(p.get("getSong", "id", p.id(n)), "song").(object)
	return o
}

func (p *probe) stars() {
	album, artist := text(p.album, "id"), text(p.album, "artistId")
	starred := func() (all []string) {
		p.Helper()
		o, _ := dig(p.get("getStarred2"), "starred2").(object)
		for _, kind := range []string{"song", "album", "artist"} {
			all = append(all, texts(items(o[kind]), "id")...)
		}
		return all
	}
	before := starred()
	p.get("star", "id", p.id(0), "id", p.id(1), "albumId", album, "artistId", artist)
	for _, id := range []string{p.id(0), p.id(1), album, artist} {
		if !slices.Contains(starred(), id) {
			p.Errorf("%s is not starred", id)
		}
	}
	if _, err := time.Parse(time.RFC3339, text(p.song(0), "starred")); err != nil {
		p.Errorf("starred is no date: %v", p.song(0)["starred"])
	}
	p.get("unstar", "id", p.id(0), "id", p.id(1), "albumId", album, "artistId", artist)
	for _, id := range starred() {
		if !slices.Contains(before, id) {
			p.Errorf("%s is still starred", id)
		}
	}
	for _, n := range []string{"5", "1"} {
		p.get("setRating", "id", p.id(0), "rating", n)
		same(p, "rating", fmt.Sprint(p.song(0)["userRating"]), n)
	}
	p.get("setRating", "id", p.id(0), "rating", "0")
	if n, _ := p.song(0)["userRating"].(float64); n != 0 {
		p.Errorf("a rating of 0 leaves %v", n)
	}
	p.refuse("setRating", []int{0, 10}, "id", p.id(0), "rating", "6")
}

func (p *probe) plays() {
	count := func(n int) int { c, _ := p.song(n)["playCount"].(float64); return int(c) }
	before := [2]int{count(0), count(1)}
	p.get("scrobble", "id", p.id(0), "submission", "false")
	same(p, "plays after telling what plays now", count(0), before[0])
	if !slices.Contains(texts(items(dig(p.get("getNowPlaying"), "nowPlaying", "entry")), "id"), p.id(0)) {
		p.Error("what plays now is not shown")
	}
	at := time.Now().UnixMilli()
	p.get("scrobble", "id", p.id(0), "id", p.id(1), "time", strconv.FormatInt(at-90_000, 10), "time", strconv.FormatInt(at-30_000, 10))
	same(p, "plays after two songs", [2]int{count(0), count(1)}, [2]int{before[0] + 1, before[1] + 1})
	p.raw("stream", "id", p.id(0))
	same(p, "plays after streaming", count(0), before[0]+1)
}

func (p *probe) playlists() {
	name := "conformance ä & <x> " + strconv.FormatInt(time.Now().UnixNano(), 36)
	a, b := p.id(0), p.id(1)
	list, _ := dig(p.get("createPlaylist", "name", name, "songId", b, "songId", a, "songId", b), "playlist").(object)
	id := text(list, "id")
	defer p.call("deletePlaylist", "id", id)
	ids := func() []string {
		p.Helper()
		return texts(items(dig(p.get("getPlaylist", "id", id), "playlist", "entry")), "id")
	}
	same(p, "a new playlist", fmt.Sprint(text(list, "name"), list["public"], list["songCount"]), fmt.Sprint(name, false, 3))
	same(p, "its songs", ids(), []string{b, a, b})
	p.get("updatePlaylist", "playlistId", id, "songIndexToRemove", "0", "songIndexToRemove", "2", "songIdToAdd", b, "songIdToAdd", a)
	same(p, "after removing and adding", ids(), []string{a, b, a})
	p.get("updatePlaylist", "playlistId", id, "comment", "c", "public", "true")
	p.get("createPlaylist", "playlistId", id, "songId", b)
	same(p, "after replacing", ids(), []string{b})
	list, _ = dig(p.get("getPlaylist", "id", id), "playlist").(object)
	same(p, "its facts", fmt.Sprint(list["name"], list["comment"], list["public"], list["owner"], list["songCount"]), fmt.Sprint(name, "c", true, p.User, 1))
	many := p.login("f", "json", "playlistId", id)
	for range 600 {
		many.Add("songId", a)
		many.Add("songId", b)
	}
	if o := p.read("createPlaylist", p.request(http.MethodPost, "createPlaylist", many)); o["status"] != "ok" {
		p.Errorf("1200 songs by POST: %v", o["error"])
	}
	same(p, "1200 songs", len(ids()), 1200)
	p.get("deletePlaylist", "id", id)
	p.refuse("getPlaylist", []int{70}, "id", id)
}

func (p *probe) queues() {
	a, b := p.id(0), p.id(1)
	p.get("savePlayQueue", "id", a, "id", b, "current", b, "position", "12345")
	q, _ := dig(p.get("getPlayQueue"), "playQueue").(object)
	same(p, "a queue", fmt.Sprint(texts(items(q["entry"]), "id"), q["current"], q["position"], q["username"], q["changedBy"]), fmt.Sprint([]string{a, b}, b, 12345, p.User, p.client))
	p.get("savePlayQueueByIndex", "id", a, "id", b, "id", a, "currentIndex", "2", "position", "7")
	q, _ = dig(p.get("getPlayQueueByIndex"), "playQueueByIndex").(object)
	same(p, "a queue by index", fmt.Sprint(texts(items(q["entry"]), "id"), q["currentIndex"], q["position"]), fmt.Sprint([]string{a, b, a}, 2, 7))
	p.refuse("savePlayQueueByIndex", []int{10}, "id", a, "currentIndex", "1")
	p.refuse("savePlayQueueByIndex", []int{10}, "id", a)
	p.get("savePlayQueue")
	same(p, "a cleared queue", len(items(dig(p.get("getPlayQueue"), "playQueue", "entry"))), 0)
}

func (p *probe) bookmarks() {
	mine := func() []object {
		p.Helper()
		return slices.DeleteFunc(items(dig(p.get("getBookmarks"), "bookmarks", "bookmark")), func(b object) bool { return dig(b, "entry", "id") != p.id(0) })
	}
	p.get("createBookmark", "id", p.id(0), "position", "4321", "comment", "first")
	p.get("createBookmark", "id", p.id(0), "position", "99", "comment", "a & <b>")
	list := mine()
	if len(list) != 1 || list[0]["position"] != 99. || list[0]["comment"] != "a & <b>" || list[0]["username"] != p.User {
		p.Errorf("bookmarks: %v", list)
	}
	p.get("deleteBookmark", "id", p.id(0))
	same(p, "bookmarks after deleting", len(mine()), 0)
}

// other makes a user and returns a probe of the same check that calls as that
// user.
func (p *probe) other() *probe {
	p.Helper()
	q := *p
	q.User, q.Password, q.APIKey = "conformance-"+strconv.FormatInt(time.Now().UnixNano(), 36), "sesäme €", ""
	p.get("createUser", "username", q.User, "password", "enc:"+hex.EncodeToString([]byte(q.Password)), "email", "a@example.invalid", "playlistRole", "true", "commentRole", "true")
	// The test's own context has ended when it cleans up.
	p.Cleanup(func() {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, p.URL+"/rest/deleteUser?"+p.login("username", q.User).Encode(), nil)
		if err != nil {
			return
		}
		if a, err := p.Client.Do(r); err == nil {
			_ = a.Body.Close() // only tidying up
		}
	})
	return &q
}

func (p *probe) users() {
	q := p.other()
	q.get("ping")
	u, _ := dig(q.get("getUser", "username", q.User), "user").(object)
	same(p, "a new user", fmt.Sprint(u["username"], u["adminRole"], u["settingsRole"], u["streamRole"], u["downloadRole"]), fmt.Sprint(q.User, false, true, true, false))
	p.get("updateUser", "username", q.User, "email", "b@example.invalid", "downloadRole", "true")
	u, _ = dig(p.get("getUser", "username", q.User), "user").(object)
	same(p, "a changed user", fmt.Sprint(u["email"], u["downloadRole"], u["streamRole"], u["playlistRole"]), fmt.Sprint("b@example.invalid", true, true, true))
	q.get("changePassword", "username", q.User, "password", "another ä")
	q.refuse("ping", []int{40})
	q.Password = "another ä"
	q.get("ping")
	if !slices.Contains(texts(items(dig(p.get("getUsers"), "users", "user")), "username"), q.User) {
		p.Error("getUsers lacks the new user")
	}
	for _, call := range [][]string{{"getUsers"}, {"getUser", "username", p.User}, {"deleteUser", "username", p.User}, {"changePassword", "username", p.User, "password", "x"},
		{"createUser", "username", "x", "password", "x", "email", "x"}, {"updateUser", "username", q.User, "adminRole", "true"}} {
		q.refuse(call[0], []int{50}, call[1:]...)
	}
	if code(p.call("createUser", "username", q.User, "password", "x", "email", "x")) < 0 {
		p.Error("a name is given twice")
	}
	p.refuse("getUser", []int{70}, "username", q.User+"-nobody")
	p.get("deleteUser", "username", q.User)
	q.refuse("ping", []int{40})
}

func (p *probe) rights() {
	q := p.other()
	p.get("star", "id", p.id(0))
	p.get("setRating", "id", p.id(0), "rating", "4")
	p.get("createBookmark", "id", p.id(0), "position", "5")
	p.get("savePlayQueue", "id", p.id(0), "current", p.id(0))
	defer func() {
		p.get("unstar", "id", p.id(0))
		p.get("setRating", "id", p.id(0), "rating", "0")
		p.get("deleteBookmark", "id", p.id(0))
		p.get("savePlayQueue")
	}()
	s := q.song(0)
	same(p, "another's star, rating and bookmark", fmt.Sprint(s["starred"], s["userRating"], s["bookmarkPosition"]), "<nil> <nil> <nil>")
	same(p, "another's starred", len(items(dig(q.get("getStarred2"), "starred2", "song"))), 0)
	same(p, "another's bookmarks", len(items(dig(q.get("getBookmarks"), "bookmarks", "bookmark"))), 0)
	same(p, "another's queue", len(items(dig(q.get("getPlayQueue"), "playQueue", "entry"))), 0)
	list, _ := dig(p.get("createPlaylist", "name", "conformance private", "songId", p.id(0)), "playlist").(object)
	id := text(list, "id")
	defer p.call("deletePlaylist", "id", id)
	q.refuse("getPlaylist", []int{50, 70}, "id", id)
	if slices.Contains(texts(items(dig(q.get("getPlaylists"), "playlists", "playlist")), "id"), id) {
		p.Error("a private playlist is listed to others")
	}
	p.get("updatePlaylist", "playlistId", id, "public", "true")
	q.get("getPlaylist", "id", id)
	q.refuse("updatePlaylist", []int{50}, "playlistId", id, "name", "stolen")
	q.refuse("deletePlaylist", []int{50}, "id", id)
	q.refuse("download", []int{50}, "id", p.id(0))
	q.refuse("startScan", []int{50})
}

func (p *probe) scans() {
	for _, call := range []string{"startScan", "getScanStatus"} {
		s, _ := dig(p.get(call), "scanStatus").(object)
		if _, ok := s["scanning"].(bool); !ok {
			p.Errorf("%s: %v", call, s)
		}
	}
}

func (p *probe) empties() {
	for call, path := range map[string][]any{
		"getBookmarks": {"bookmarks", "bookmark"}, "getPlaylists": {"playlists", "playlist"}, "getStarred": {"starred", "song"}, "getStarred2": {"starred2", "album"},
		"getShares": {"shares", "share"}, "getPodcasts": {"podcasts", "channel"}, "getNewestPodcasts": {"newestPodcasts", "episode"},
		"getInternetRadioStations": {"internetRadioStations", "internetRadioStation"}, "getChatMessages": {"chatMessages", "chatMessage"}, "getVideos": {"videos", "video"},
		"getAlbumList2?type=newest&offset=100000": {"albumList2", "album"}, "search3?query=zzqqxxjjvv": {"searchResult3", "song"}, "getNowPlaying": {"nowPlaying", "entry"},
	} {
		if _, ok := dig(p.get(call), path...).([]any); !ok {
			p.Errorf("%s: no list at %v", call, path)
		}
	}
	for call, name := range map[string]string{"getArtistInfo2": "artistInfo2", "getSimilarSongs2": "similarSongs2"} {
		if _, ok := p.get(call, "id", text(p.album, "artistId"))[name].(object); !ok {
			p.Errorf("%s: no %s", call, name)
		}
	}
	if _, ok := p.get("getLyricsBySongId", "id", p.id(0))["lyricsList"].(object); !ok {
		p.Error("getLyricsBySongId: no lyricsList")
	}
}
