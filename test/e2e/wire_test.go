package e2e

import (
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLargeRequests sends thousands of ids in one line and in one body.
func TestLargeRequests(t *testing.T) {
	t.Parallel()
	m := shelf(t)
	eachWay(t, func(t *testing.T, w way) {
		c := start(t, setup{way: w, music: []string{m.dir}}).owner()
		c.scanned(shelfSongs)
		id := c.song("loose.mp3").text("id")
		list := c.ok("createPlaylist", "name", "long").text("playlist.id")
		kv := []any{"playlistId", list, "f", "json"}
		n := 0
		for len(c.url("updatePlaylist", kv...)) < 255<<10 {
			for range 100 {
				kv = append(kv, "songIdToAdd", id)
				n++
			}
		}
		if line := len(c.url("updatePlaylist", kv...)); line < 255<<10 || line > 260<<10 {
			t.Fatalf("the line has %d bytes", line)
		}
		c.ok("updatePlaylist", kv...)
		if got := c.ok("getPlaylist", "id", list).int("playlist.songCount"); got != n {
			t.Errorf("a line of %d ids: %d songs", n, got)
		}

		kv = []any{"playlistId", list, "f", "json"}
		for range 10_000 {
			kv = append(kv, "songId", id)
		}
		form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		resp, b := c.do("POST", c.s.base+"/rest/createPlaylist.view", form, strings.NewReader(c.form(kv...)))
		if a := c.read("createPlaylist", resp, b); a.int("playlist.songCount") != 10_000 {
			t.Errorf("a body of 10,000 ids: %.300s", b)
		}
		// Login in the line, ids in the body.
		kv = []any{"f", "json", "current", id}
		for range 10_000 {
			kv = append(kv, "id", id)
		}
		resp, b = c.do("POST", c.url("savePlayQueue"), form, strings.NewReader(params(kv).Encode()))
		if a := c.read("savePlayQueue", resp, b); a.text("status") != "ok" || len(c.ok("getPlayQueue").list("playQueue.entry")) != 10_000 {
			t.Errorf("a queue of 10,000: %.300s", b)
		}
		resp, b = c.do("DELETE", c.url("deletePlaylist", "id", list, "f", "json"), nil, nil)
		if a := c.read("deletePlaylist", resp, b); a.text("status") != "ok" {
			t.Errorf("DELETE: %s", b)
		}
		c.fails(70, "getPlaylist", "id", list)
		// A body beyond all bounds is refused and harms nobody.
		resp, b = c.do("POST", c.url("ping", "f", "json"), form, io.LimitReader(endless('a'), 64<<20))
		if a := c.read("ping", resp, b); a.text("status") != "failed" {
			t.Errorf("a body of 64 MiB: %.300s", b)
		}
		c.ok("ping")
	})
}

// endless is a reader of one byte for ever.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

// TestHeaders wants what web apps need of every answer.
func TestHeaders(t *testing.T) {
	m := shelf(t)
	eachWay(t, func(t *testing.T, w way) {
		c := start(t, setup{way: w, music: []string{m.dir}}).owner()
		c.scanned(shelfSongs)
		id := c.song("loose.mp3").text("id")
		cover := c.song("Rock/Kestrel/Storm/01.mp3").text("coverArt")
		for _, call := range [][]any{{"ping"}, {"getAlbumList2", "type", "newest"}, {"stream", "id", id}, {"download", "id", id}, {"getCoverArt", "id", cover}, {"getSong", "id", "x"}, {"noSuchCall"}} {
			resp, _ := c.get(map[string]string{"Origin": "https://app.example"}, call[0].(string), call[1:]...)
			h := resp.Header
			if resp.StatusCode != 200 || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Set-Cookie") != "" || h.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%v: %s %v", call, resp.Status, h)
			}
			if media := call[0] == "stream" || call[0] == "download" || call[0] == "getCoverArt"; media && (!strings.Contains(h.Get("Content-Security-Policy"), "sandbox") || h.Get("Content-Encoding") != "") {
				t.Errorf("%v: %v", call, h)
			}
			resp, _ = c.do("OPTIONS", c.url(call[0].(string)), map[string]string{"Origin": "https://app.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}, nil)
			if resp.StatusCode/100 != 2 || !strings.Contains(resp.Header.Get("Access-Control-Allow-Methods"), "POST") || !strings.Contains(strings.ToLower(resp.Header.Get("Access-Control-Allow-Headers")), "content-type") {
				t.Errorf("OPTIONS %v: %s %v", call, resp.Status, resp.Header)
			}
		}
		resp, b := c.get(map[string]string{"Accept-Encoding": "gzip"}, "search3", "query", "", "songCount", 500, "f", "json")
		if resp.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("no gzip: %v", resp.Header)
		} else if z, err := gzip.NewReader(strings.NewReader(string(b))); err != nil {
			t.Error(err)
		} else if plain, err := io.ReadAll(z); err != nil || string(plain) != string(c.ok("search3", "query", "", "songCount", 500).raw) {
			t.Errorf("gzip holds other %d bytes: %v", len(plain), err)
		}
		// Extensions are asked for before any login.
		resp, b = c.do("GET", c.s.base+"/rest/getOpenSubsonicExtensions?f=json", nil, nil)
		if a := c.read("getOpenSubsonicExtensions", resp, b); len(a.list("openSubsonicExtensions")) == 0 || a.at("openSubsonic").v != true || a.text("type") != "songlocker" {
			t.Errorf("getOpenSubsonicExtensions: %s", b)
		}
		if resp, _ := c.do("GET", c.s.base+"/", nil, nil); resp.StatusCode >= 500 {
			t.Errorf("the root: %s", resp.Status)
		}
	})
}

// TestListeners listens at a socket, at all addresses and at both.
func TestListeners(t *testing.T) {
	m := shelf(t)
	socket := filepath.Join(folder(t), "s")
	s := start(t, setup{music: []string{m.dir}, args: []string{"--listen", "[::]:0", "--listen", "unix:" + socket}})
	port := s.base[strings.LastIndex(s.base, ":"):]
	c := s.owner()
	for _, at := range []string{"http://127.0.0.1" + port, "http://[::1]" + port} {
		s.base = at
		c.ok("ping")
	}
	over := s.owner()
	over.http = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
	defer over.http.CloseIdleConnections()
	s.base = "http://socket"
	over.scanned(shelfSongs)
	s.base = "http://127.0.0.1" + port
	// A killed server leaves its socket; the next one takes the place.
	s.kill()
	if _, err := os.Stat(socket); err != nil {
		t.Fatal(err)
	}
	s.run()
	s.base = "http://socket"
	over.ok("ping")
	// A port in use is told in a sentence.
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, errs := s.command(1, "", "serve", "--listen", taken.Addr().String())
	if !strings.Contains(errs, "address already in use") || strings.Count(errs, "\n") > 2 {
		t.Errorf("a port in use: %s", errs)
	}
}

// TestDisconnect hangs up in the middle of songs.
func TestDisconnect(t *testing.T) {
	m := shelf(t)
	c := start(t, setup{music: []string{m.dir}}).owner()
	c.scanned(shelfSongs)
	u := c.url("stream", "id", c.song("loose.mp3").text("id"))
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "GET", u, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadFull(resp.Body, make([]byte, 100)) // then the listener skips
		cancel()
		resp.Body.Close()
	}
	c.ok("ping")
}

// TestForms sends parameters in the odd ways of some apps.
func TestForms(t *testing.T) {
	m := shelf(t)
	s := start(t, setup{music: []string{m.dir}})
	c := s.owner()
	c.scanned(shelfSongs)
	id := c.song("loose.mp3").text("id")
	for _, x := range []struct {
		what, method, address, kind, body string
	}{
		{"a body with a charset", "POST", s.base + "/rest/getSong", "application/x-www-form-urlencoded; charset=UTF-8", c.form("id", id, "f", "json")},
		{"a body without a type", "POST", c.url("getSong", "id", id, "f", "json"), "", ""},
		{"an unknown parameter", "GET", c.url("getSong", "id", id, "f", "json", "zzz", "1"), "", ""},
		{"a parameter twice", "GET", c.url("getSong", "id", id, "f", "json") + "&f=json", "", ""},
		{"a name of other case", "GET", c.url("getSong", "id", id, "F", "json"), "", ""},
		{"a plus in a value", "GET", c.url("getSong", "id", id, "f", "json") + "&x=a+b", "", ""},
		{"a broken escape", "GET", c.url("getSong", "id", id, "f", "json") + "&x=%zz", "", ""},
		{"a semicolon", "GET", c.url("getSong", "id", id, "f", "json") + "&x=a;b", "", ""},
	} {
		resp, b := c.do(x.method, x.address, map[string]string{"Content-Type": x.kind}, strings.NewReader(x.body))
		if resp.StatusCode != 200 || x.what != "a name of other case" && !strings.Contains(string(b), `"title":"Loose"`) {
			t.Errorf("%s: %s %.300s", x.what, resp.Status, b)
		}
	}
	for _, q := range []string{"x", "-1", "99999999999999999999", "1e3", ""} {
		c.ask("getAlbumList2", "type", "newest", "size", q) // whatever it is, an answer of the protocol
		c.ask("getAlbumList2", "type", "newest", "offset", q)
	}
}
