package e2e

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func enc(password string) string { return "enc:" + hex.EncodeToString([]byte(password)) }

func token(password, salt string) string {
	sum := md5.Sum([]byte(password + salt))
	return hex.EncodeToString(sum[:])
}

// TestLogins logs in and fails to in all the ways of the protocol.
func TestLogins(t *testing.T) {
	t.Parallel()
	m := shelf(t)
	eachWay(t, func(t *testing.T, w way) {
		s := start(t, setup{way: w, music: []string{m.dir}})
		out, _ := s.command(0, "", "secret", "add", owner, "phone")
		key := s.secret(strings.TrimSpace(out))
		salt := s.secret("a salt of nothing else")
		soon(t, "a new secret", func() bool { return s.app(url.Values{"apiKey": {key}}).ask("ping").text("status") == "ok" })
		for _, x := range []struct {
			form string
			code int // 0 is success
		}{
			{"u=Ova&p=PASSWORD&v=1.16.1&c=x", 0},
			{"u=ova&p=PASSWORD&v=1.16.1&c=x", 0},
			{"u=Ova&p=ENC&v=1.16.1&c=x", 0},
			{"u=Ova&t=TOKEN&s=SALT&v=1.16.1&c=x", 0},
			{"u=Ova&t=TOKEN&s=SALT&v=1.1.0&c=x", 0},
			{"u=Ova&t=TOKEN&s=SALT&v=1.99.0&c=x", 0},
			{"apiKey=KEY&v=1.16.1&c=x", 0},
			{"u=Ova&p=KEY&v=1.16.1&c=x", 0},
			{"u=Ova&t=KEYTOKEN&s=SALT&v=1.16.1&c=x", 0},
			{"u=Ova&p=wrong&v=1.16.1&c=x", 40},
			{"u=Ova&p=enc:zz&v=1.16.1&c=x", 40},
			{"u=Ova&t=0123456789abcdef0123456789abcdef&s=SALT&v=1.16.1&c=x", 40},
			{"u=Ova&t=TOKEN&s=SALT&v=1.16.1&c=x", 0}, // a success ends the slowing
			{"u=Nobody+at+all&p=PASSWORD&v=1.16.1&c=x", 40},
			{"u=dummy&p=dummy&v=1.16.1&c=x", 40},
			{"u=dummy&p=KEY&v=1.16.1&c=x", 40},
			{"u=Ova&t=&s=SALT&v=1.16.1&c=x", 10},
			{"u=Ova&v=1.16.1&c=x", 10},
			{"p=PASSWORD&v=1.16.1&c=x", 10},
			{"u=Ova&t=TOKEN&v=1.16.1&c=x", 10},
			{"u=Ova&p=PASSWORD&c=x", 10},
			{"u=Ova&p=PASSWORD&v=1.16.1", 10},
			{"", 10},
			{"u=Ova&p=PASSWORD&v=2.0.0&c=x", 30},
			{"u=Ova&p=PASSWORD&v=0.9.0&c=x", 20},
			{"u=Ova&p=PASSWORD&t=TOKEN&s=SALT&v=1.16.1&c=x", 43},
			{"u=Ova&apiKey=KEY&v=1.16.1&c=x", 43},
			{"p=PASSWORD&apiKey=KEY&v=1.16.1&c=x", 43},
			{"apiKey=unknown&v=1.16.1&c=x", 44},
		} {
			form := strings.NewReplacer("KEYTOKEN", token(key, salt), "PASSWORD", url.QueryEscape(ownerPassword), "ENC", enc(ownerPassword), "TOKEN", s.secret(token(ownerPassword, salt)),
				"SALT", url.QueryEscape(salt), "KEY", key).Replace(x.form)
			c := s.app(url.Values{})
			for _, how := range []string{"GET", "POST"} {
				var resp *http.Response
				var b []byte
				if how == "GET" {
					resp, b = c.do(how, s.base+"/rest/ping?f=json&"+form, nil, nil)
				} else {
					resp, b = c.do(how, s.base+"/rest/ping.view?f=json", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, strings.NewReader(form))
				}
				a := c.read(x.form, resp, b)
				if a.int("error.code") != x.code || (a.text("status") == "ok") != (x.code == 0) {
					t.Errorf("%s %s: %s, want code %d", how, x.form, b, x.code)
				}
			}
			// Failures are XML when nobody asks for another form.
			if resp, b := c.do("GET", s.base+"/rest/stream?id=so-1&"+form, nil, nil); x.code != 0 && (resp.StatusCode != 200 || !strings.Contains(string(b), fmt.Sprintf(`code="%d"`, x.code))) {
				t.Errorf("stream with %s: %s %s", x.form, resp.Status, b)
			}
		}
		if got := s.app(url.Values{"apiKey": {key}}).ok("tokenInfo").text("tokenInfo.username"); got != owner {
			t.Errorf("tokenInfo: %q", got)
		}
		// Neither a cookie nor HTTP Basic lets anyone in.
		r, _ := http.NewRequestWithContext(t.Context(), "GET", s.base+"/rest/ping?v=1.16.1&c=x", nil)
		r.SetBasicAuth(owner, ownerPassword)
		r.AddCookie(&http.Cookie{Name: "session", Value: key})
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("HTTP Basic: %s", resp.Status)
		}
	})
}

// soon wants the server to notice within seconds what a command changed.
func soon(t *testing.T, what string, cond func() bool) {
	t.Helper()
	began := time.Now()
	eventually(t, what, cond)
	if d := time.Since(began); d > 6*time.Second {
		t.Errorf("%s took %s", what, d)
	}
}

// TestCommands administers a data folder whose server runs.
func TestCommands(t *testing.T) {
	t.Parallel()
	m, more := shelf(t), newMusic(t)
	more.album("More/Songs", "Newcomer", "More", "Pop", 0xc0, 4)
	s := start(t, setup{music: []string{"Shelf=" + m.dir}})
	c := s.owner()
	c.scanned(shelfSongs)
	status := func(c *client) int {
		a := c.ask("ping")
		if a.text("status") == "ok" {
			return 0
		}
		return a.int("error.code")
	}

	s.command(0, "first password\n", "user", "add", "kim")
	kim := s.client("kim", "first password")
	soon(t, "a new user", func() bool { return status(kim) == 0 })
	if out, _ := s.command(0, "", "user", "list"); !strings.Contains(out, "kim") || !strings.Contains(out, owner) {
		t.Errorf("user list:\n%s", out)
	}
	s.command(1, "another password\n", "user", "add", "KIM")
	s.command(0, "second password\n", "user", "passwd", "kim")
	again := s.client("kim", "second password")
	soon(t, "a new password", func() bool { return status(again) == 0 })
	if got := status(kim); got != 40 {
		t.Errorf("the old password: %d", got)
	}

	file := filepath.Join(folder(t), "password")
	if err := os.WriteFile(file, []byte("third password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.command(0, "", "user", "passwd", "kim", "--password-file", file)
	kim = s.client("kim", "third password")
	soon(t, "a password from a file", func() bool { return status(kim) == 0 })

	// Secrets, of every scope.
	secret := func(args ...string) (*client, string) {
		out, _ := s.command(0, "", append([]string{"secret", "add", "kim"}, args...)...)
		key := s.secret(strings.TrimSpace(out))
		return s.app(url.Values{"apiKey": {key}}), key
	}
	full, key := secret("phone")
	song := c.song("loose.mp3").text("id")
	soon(t, "a new secret", func() bool { return status(full) == 0 })
	asPassword, asToken := s.app(url.Values{"u": {"kim"}, "p": {key}}), s.client("kim", key)
	if status(asPassword) != 0 || status(asToken) != 0 {
		t.Errorf("the secret as password: %d, as token: %d", status(asPassword), status(asToken))
	}
	reading, _ := secret("tv", "--scope", "read-only")
	soon(t, "a new secret", func() bool { return status(reading) == 0 })
	reading.fails(50, "star", "id", song)
	reading.fails(50, "createPlaylist", "name", "x")
	reading.ok("getSong", "id", song)
	streaming, _ := secret("radio", "--scope", "no-download")
	soon(t, "a new secret", func() bool { return status(streaming) == 0 })
	streaming.fails(50, "download", "id", song)
	streaming.ok("star", "id", song)
	if out, _ := s.command(0, "", "secret", "list", "kim"); !strings.Contains(out, "phone") || !strings.Contains(out, "read-only") || strings.Contains(out, key) {
		t.Errorf("secret list:\n%s", out)
	}
	s.command(0, "", "secret", "revoke", "kim", "phone")
	soon(t, "a revoked secret", func() bool { return status(full) == 44 })
	if a, b := status(asPassword), status(asToken); a != 40 || b != 40 {
		t.Errorf("the revoked secret as password: %d, as token: %d", a, b)
	}

	// Libraries and rights.
	s.command(0, "", "library", "add", "More="+more.dir)
	s.command(1, "", "library", "add", "Within="+more.path("More"))
	s.command(1, "", "library", "add", "State="+s.data)
	out, _ := s.command(0, "", "scan", "--library", "More")
	if !strings.Contains(out, "4 added") {
		t.Errorf("scan:\n%s", out)
	}
	soon(t, "a library that a command scanned", func() bool { return len(c.songs()) == shelfSongs+4 })
	if got := c.ok("getMusicFolders").list("musicFolders.musicFolder"); len(got) != 2 || got[1].text("name") != "More" {
		t.Errorf("getMusicFolders: %v", got)
	}
	in2, _ := secret("car", "--scope", "library", "--library", "More")
	soon(t, "a new secret", func() bool { return status(in2) == 0 })
	in2.fails(70, "getSong", "id", song)
	if got := len(in2.songs()); got != 4 {
		t.Errorf("the secret of one library reads %d songs", got)
	}
	s.command(0, "", "library", "grant", "kim", "More")
	soon(t, "a changed right", func() bool { return len(kim.songs()) == 4 })
	s.command(0, "", "library", "grant", "kim", "none")
	soon(t, "no right", func() bool { return len(kim.songs()) == 0 })
	s.command(0, "", "library", "grant", "kim", "all")
	soon(t, "all rights", func() bool { return len(kim.songs()) == shelfSongs+4 })
	s.command(0, "", "library", "remove", "More")
	soon(t, "a removed library", func() bool { return len(c.songs()) == shelfSongs })
	s.command(1, "", "library", "remove", "Shelf")

	s.command(0, "", "key", "rotate")
	if got := status(kim); got != 0 {
		t.Errorf("token login after a new key: %d", got)
	}
	s.command(0, "", "user", "remove", "kim")
	soon(t, "a removed user", func() bool { return status(kim) == 40 })

	if out, _ := s.command(0, "", "version"); !strings.HasPrefix(out, "songlocker ") {
		t.Errorf("version: %s", out)
	}
	if out, errs := s.command(0, "", "doctor"); out == "" && errs == "" {
		t.Error("doctor says nothing")
	}
	s.command(2, "", "serve", "--no-such-flag")
	for _, text := range []string{"first password", "second password", "third password"} {
		s.secret(text)
	}
}

// TestOnlySecrets turns account passwords off for apps.
func TestOnlySecrets(t *testing.T) {
	m := shelf(t)
	s := start(t, setup{music: []string{m.dir}, args: []string{"--no-app-passwords"}})
	s.app(url.Values{"u": {owner}, "p": {ownerPassword}}).fails(42, "ping")
	s.owner().fails(41, "ping")
	out, _ := s.command(0, "", "secret", "add", owner, "phone")
	key := s.secret(strings.TrimSpace(out))
	for _, login := range []*client{s.app(url.Values{"apiKey": {key}}), s.app(url.Values{"u": {owner}, "p": {key}}), s.client(owner, key)} {
		soon(t, "a new secret", func() bool { return login.ask("ping").text("status") == "ok" })
	}
}

// TestSetup makes the owner by the link of a first start.
func TestSetup(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, w way) {
		m := shelf(t)
		s := start(t, setup{way: w, music: []string{m.dir}, empty: true})
		file := filepath.Join(s.data, "setup-link")
		starts := 0
		read := func() string {
			starts++
			eventually(t, "the link", func() bool { return strings.Count(s.printed(), "Make the owner") == starts })
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("the link's file is %v", info.Mode())
			}
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimSpace(string(b))
		}
		first := read()
		if out := s.printed(); !strings.Contains(out, file) || strings.Contains(out, "token=") {
			t.Errorf("it prints\n%s", out)
		}
		s.restart()
		link := read()
		if link == first {
			t.Error("a restart does not renew the link")
		}
		link = s.base + link[strings.Index(link, "/setup"):]
		old := s.base + first[strings.Index(first, "/setup"):]
		c := s.app(url.Values{})
		if resp, _ := c.do("GET", old, nil, nil); resp.StatusCode != 404 {
			t.Errorf("the old link: %s", resp.Status)
		}
		resp, page := c.do("GET", link, nil, nil)
		field := regexp.MustCompile(`name="token" value="([^"]+)"`).FindSubmatch(page)
		if resp.StatusCode != 200 || field == nil || strings.Contains(string(page), "<script") {
			t.Fatalf("the page: %s\n%s", resp.Status, page)
		}
		action := regexp.MustCompile(`action="([^"]+)"`).FindSubmatch(page)
		at, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		to := at.ResolveReference(&url.URL{Path: string(action[1])})
		post := func(header map[string]string, token, name, password, again string) (int, string) {
			h := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
			for k, v := range header {
				h[k] = v
			}
			resp, b := c.do("POST", to.String(), h, strings.NewReader(url.Values{"token": {token}, "name": {name}, "password": {password}, "again": {again}}.Encode()))
			return resp.StatusCode, string(b)
		}
		const password = "the öwner's password"
		tok := string(field[1])
		s.secret(password)
		for what, got := range map[string]int{
			"other passwords":   first1(post(nil, tok, "Me", password, password+"x")),
			"no name":           first1(post(nil, tok, " ", password, password)),
			"a short password":  first1(post(nil, tok, "Me", "x", "x")),
			"another token":     first1(post(nil, tok+"x", "Me", password, password)),
			"from another site": first1(post(map[string]string{"Sec-Fetch-Site": "cross-site"}, tok, "Me", password, password)),
		} {
			if got < 400 {
				t.Errorf("setup with %s: %d", what, got)
			}
		}
		s.client("Me", password).fails(40, "ping")
		status, done := post(map[string]string{"Sec-Fetch-Site": "same-origin"}, tok, "Me", password, password)
		if status != 200 || !strings.Contains(done, "Me") || strings.Contains(done, password) {
			t.Fatalf("setup: %d\n%s", status, done)
		}
		if w == direct && !strings.Contains(done, s.base) {
			t.Errorf("the page does not name %s:\n%s", s.base, done)
		}
		if _, err := os.Stat(file); err == nil {
			t.Error("the link's file is still there")
		}
		if resp, _ := c.do("GET", link, nil, nil); resp.StatusCode != 404 {
			t.Errorf("the used link: %s", resp.Status)
		}
		if status, _ := post(nil, tok, "Second", password, password); status < 400 {
			t.Errorf("the used form: %d", status)
		}
		for _, login := range []url.Values{{"u": {"Me"}, "p": {password}}, {"u": {"Me"}, "p": {enc(password)}}, {"u": {"Me"}, "t": {token(password, "x")}, "s": {"x"}}} {
			if got := s.app(login).ok("getUser", "username", "Me"); got.at("user.adminRole").v != true {
				t.Errorf("the owner is %s", got.raw)
			}
		}
		s.restart()
		s.client("Me", password).ok("ping")
		if _, err := os.Stat(file); err == nil || strings.Count(s.printed(), "Make the owner") != starts {
			t.Errorf("a restart offers setup again:\n%s", s.printed())
		}
	})
}

func first1(status int, _ string) int { return status }

// printed is what the program wrote to its standard output.
func (s *server) printed() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}
