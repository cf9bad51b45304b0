package server

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// lockedBuffer is written by a process and read by the test at once.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// running is a server that runs as a process of its own.
type running struct {
	t      *testing.T
	cmd    *exec.Cmd
	data   string
	base   string // its address with the base path
	stdout *lockedBuffer
	stderr *lockedBuffer
	ended  chan error
}

var saidAddress = regexp.MustCompile(`listens at (\S+)`)

// launch starts `serve` on an empty library and waits until it has told its
// address. env may be nil.
func launch(t *testing.T, data string, env []string, args ...string) *running {
	t.Helper()
	music := t.TempDir()
	if err := os.WriteFile(filepath.Join(music, "readme.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := program(t, context.Background(), append([]string{"serve", "--data", data, "--music", music, "--listen", "127.0.0.1:0", "--log-level", "debug"}, args...)...)
	cmd.Env = append(cmd.Env, env...)
	r := &running{t: t, cmd: cmd, data: data, stdout: &lockedBuffer{}, stderr: &lockedBuffer{}, ended: make(chan error, 1)}
	cmd.Stdout, cmd.Stderr = r.stdout, r.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { r.ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })
	within(t, "the server tells its address", func() bool {
		m := saidAddress.FindStringSubmatch(r.stdout.String())
		if m == nil {
			select {
			case err := <-r.ended:
				t.Fatalf("the server ended: %v\n%s%s", err, r.stdout, r.stderr)
			default:
			}
			return false
		}
		r.base = m[1]
		return strings.Contains(r.stdout.String(), "owner") || env != nil
	})
	return r
}

// stop ends the server as a service manager does and returns how long it took.
func (r *running) stop() time.Duration {
	r.t.Helper()
	began := time.Now()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	select {
	case err := <-r.ended:
		if err != nil {
			r.t.Errorf("the server ended with %v\n%s", err, r.stderr)
		}
	case <-time.After(15 * time.Second):
		r.t.Fatal("the server does not end")
	}
	return time.Since(began)
}

// link returns the setup link from its file.
func (r *running) link() string {
	r.t.Helper()
	b, err := os.ReadFile(filepath.Join(r.data, setupLinkFile))
	if err != nil {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// ask sends a request and returns status, body and headers.
func ask(t *testing.T, method, address string, form url.Values, header ...string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header
}

func (r *running) ping(user, password string) string {
	r.t.Helper()
	_, body, _ := ask(r.t, http.MethodGet, r.base+"/rest/ping?"+url.Values{
		"u": {user}, "p": {password}, "v": {"1.16.1"}, "c": {"test"}, "f": {"json"},
	}.Encode(), nil)
	return body
}

const (
	wellAnswer = `"status":"ok"`
	formToken  = `name="token" value="`
)

func TestSetup(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	r := launch(t, data, nil)
	out := r.stdout.String()
	if !strings.Contains(out, filepath.Join(data, setupLinkFile)) || strings.Contains(out, "token=") {
		t.Errorf("without a terminal the path is told and not the link:\n%s", out)
	}
	if !strings.Contains(out, "LISTEN=:4040") {
		t.Errorf("nothing says what phones need:\n%s", out)
	}
	info, err := os.Stat(filepath.Join(data, setupLinkFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the link's file has mode %v (%v), want 0600", info.Mode(), err)
	}
	first := r.link()
	r.stop()

	r = launch(t, data, nil)
	link := r.link()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	token := u.Query().Get("token")
	page := r.base + setupPath
	if first == link {
		t.Error("the link is the same after a new start")
	}

	status, body, header := ask(t, http.MethodGet, link, nil)
	if status != 200 || !strings.Contains(body, formToken+token) || strings.Contains(body, "<script") {
		t.Errorf("the page: %d\n%s", status, body)
	}
	for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff",
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
		if !strings.Contains(header.Get(name), want) {
			t.Errorf("%s is %q, want %q", name, header.Get(name), want)
		}
	}
	firstURL, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	good := url.Values{"token": {token}, "name": {"ann"}, "password": {"long enough"}, "again": {"long enough"}}
	with := func(name, value string) url.Values {
		v := url.Values{}
		for k, old := range good {
			v[k] = old
		}
		v.Set(name, value)
		return v
	}
	for _, c := range []struct {
		name   string
		form   url.Values
		header []string
		status int
		says   string
	}{
		{"wrong token", with("token", "GUESS"), nil, 404, "not valid"},
		{"no token", with("token", ""), nil, 404, "not valid"},
		{"last start's token", with("token", firstURL.Query().Get("token")), nil, 404, "not valid"},
		{"another site's page", good, []string{"Sec-Fetch-Site", "cross-site"}, 403, "another site"},
		{"another origin", good, []string{"Origin", "https://evil.example"}, 403, "another site"},
		{"no name", with("name", " "), nil, 422, "Choose a name"},
		{"short password", with("password", "short"), nil, 422, "differ"},
		{"short passwords", url.Values{"token": {token}, "name": {"ann"}, "password": {"short"}, "again": {"short"}}, nil, 422, "at least 8"},
		{"different passwords", with("again", "long enouhg"), nil, 422, "differ"},
	} {
		status, body, _ := ask(t, http.MethodPost, page, c.form, c.header...)
		if status != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: %d, want %d with %q\n%s", c.name, status, c.status, c.says, body)
		}
		if strings.Contains(body, "long enough") {
			t.Errorf("%s: the page repeats the password", c.name)
		}
	}
	if got := r.ping("ann", "long enough"); strings.Contains(got, wellAnswer) {
		t.Fatalf("a refused form made the owner: %s", got)
	}
	status, body, _ = ask(t, http.MethodPost, page, good, "Sec-Fetch-Site", "same-origin", "Origin", r.base)
	if status != 200 || !strings.Contains(body, "<code>"+r.base+"</code>") || !strings.Contains(body, "<code>ann</code>") || !strings.Contains(body, "LISTEN=:4040") {
		t.Errorf("the page at the end does not tell what to type: %d\n%s", status, body)
	}
	if got := r.ping("ann", "long enough"); !strings.Contains(got, wellAnswer) {
		t.Errorf("the owner can't log in: %s", got)
	}
	if _, err := os.Stat(filepath.Join(data, setupLinkFile)); !os.IsNotExist(err) {
		t.Errorf("the link's file is still there (%v)", err)
	}
	for _, again := range []string{http.MethodGet, http.MethodPost} {
		if status, _, _ := ask(t, again, link, with("name", "eve")); status != 404 {
			t.Errorf("%s of the used link: %d, want 404", again, status)
		}
	}
	r.stop()

	cmd := program(t, t.Context(), "user", "list", "--data", data)
	if stdout, _, _ := outcome(t, cmd); !regexp.MustCompile(`(?m)^ann +yes +all `).MatchString(stdout) || strings.Count(stdout, "\n") != 2 {
		t.Errorf("the users are\n%s", stdout)
	}
}

// TestNoSecretInLogs sends secrets through every door at debug level and
// looks for them in what the server prints.
func TestNoSecretInLogs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("SECRETowner\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	r := launch(t, data, []string{"SONGLOCKER_ADMIN_USER=ann", "SONGLOCKER_ADMIN_PASSWORD_FILE=" + file})
	if got := r.ping("ann", "SECRETowner"); !strings.Contains(got, wellAnswer) {
		t.Fatalf("the unattended owner can't log in: %s", got)
	}
	if _, err := os.Stat(filepath.Join(data, setupLinkFile)); !os.IsNotExist(err) {
		t.Errorf("there is a setup link beside an unattended owner (%v)", err)
	}
	for _, query := range []string{
		"u=ann&p=SECRETwrong", "u=ann&p=enc:534543524554", "u=ann&t=SECREThash&s=SECRETsalt", "apiKey=SECRETkey",
		"u=ann&%70=SECRETescaped", "u=ann&P=SECRETupper", "%zz=SECRETbroken", "u=ann&p=SECRETowner&password=SECRETnew&username=x",
		"token=SECRETtoken",
	} {
		for _, path := range []string{"/rest/ping.view", "/rest/changePassword", "/rest/nothing", "/setup", "/nowhere"} {
			ask(t, http.MethodGet, r.base+path+"?"+query, nil)
			v, _ := url.ParseQuery(query) // a broken one is sent as far as it goes
			ask(t, http.MethodPost, r.base+path, v)
		}
	}
	r.stop()
	out := r.stdout.String() + r.stderr.String()
	if !strings.Contains(out, "/rest/changePassword") {
		t.Fatalf("requests are not logged at debug level:\n%s", out)
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, "SECRET") || strings.Contains(line, "534543524554") {
			t.Errorf("a secret is logged: %s", line)
		}
	}
}

func TestRedact(t *testing.T) {
	for query, want := range map[string]string{
		"":                           "",
		"u=ann&p=x&c=app":            "u=ann&p=…&c=app",
		"t=1&s=2&apiKey=3&APIKEY=4":  "t=…&s=…&apiKey=…&APIKEY=…",
		"%70=x&p&id=so-1":            "%70=…&p=…&id=so-1",
		"%zz=x&title=p":              "%zz=…&title=p",
		"password=x&token=y&time=12": "password=…&token=…&time=12",
	} {
		if got := redact(query); got != want {
			t.Errorf("redact(%q) = %q, want %q", query, got, want)
		}
	}
}

func TestBasePath(t *testing.T) {
	r := launch(t, t.TempDir(), nil, "--base-path", "/music")
	root := strings.TrimSuffix(r.base, "/music")
	if root == r.base {
		t.Fatalf("the address %s lacks the base path", r.base)
	}
	for _, path := range []string{"/healthz", "/music/healthz"} {
		if status, body, _ := ask(t, http.MethodGet, root+path, nil); status != 200 || !strings.Contains(body, "ok") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _, _ := ask(t, http.MethodGet, root+"/musichealthz", nil); status != 404 {
		t.Errorf("/musichealthz: %d, want 404", status)
	}
	if !strings.Contains(r.link(), "/music/setup?") {
		t.Errorf("the setup link %s lacks the base path", r.link())
	}
	r.stop()
}

func TestUnixSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s.sock")
	for range 2 { // the second finds what a killed server left
		r := launch(t, t.TempDir(), nil, "--listen", "unix:"+socket)
		client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		}}}
		res, err := client.Get("http://songlocker/healthz")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("status %d", res.StatusCode)
		}
		second := program(t, t.Context(), "serve", "--data", t.TempDir(), "--listen", "unix:"+socket)
		if _, stderr, status := outcome(t, second); status != 1 || !strings.Contains(stderr, "another server listens") {
			t.Errorf("a second server on the socket: status %d, %s", status, stderr)
		}
		health := program(t, t.Context(), "health", "--listen", "unix:"+socket)
		if stdout, stderr, status := outcome(t, health); status != 0 || stdout != "ok\n" {
			t.Errorf("health: status %d, %s%s", status, stdout, stderr)
		}
		if err := r.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-r.ended
	}
	health := program(t, t.Context(), "health", "--listen", "unix:"+socket)
	if _, stderr, status := outcome(t, health); status != 1 || !strings.Contains(stderr, "does not answer") {
		t.Errorf("health of a dead server: status %d, %s", status, stderr)
	}
}

func TestStopIsQuick(t *testing.T) {
	r := launch(t, t.TempDir(), nil)
	idle, err := net.Dial("tcp", strings.TrimPrefix(r.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	ask(t, http.MethodGet, r.base+"/healthz", nil)
	if took := r.stop(); took > 10*time.Second {
		t.Errorf("the server took %s to end", took)
	}
}

// TestCallerAddress asks who a caller is, as login brakes see it.
func TestCallerAddress(t *testing.T) {
	for _, c := range []struct {
		name, proxies, remote, forwarded, want string
	}{
		{"nobody is trusted", "", "127.0.0.1:5", "9.9.9.9", "127.0.0.1"},
		{"a trusted proxy tells", "127.0.0.1", "127.0.0.1:5", "9.9.9.9", "9.9.9.9"},
		{"what the caller adds is not believed", "10.0.0.0/8", "10.1.1.1:5", "1.2.3.4, 9.9.9.9", "9.9.9.9"},
		{"a chain of proxies", "10.0.0.0/8", "10.1.1.1:5", "9.9.9.9, 10.2.2.2", "9.9.9.9"},
		{"a caller from elsewhere", "10.0.0.0/8", "8.8.8.8:5", "9.9.9.9", "8.8.8.8"},
		{"private networks are not trusted by themselves", "10.0.0.0/8", "192.168.1.1:5", "9.9.9.9", "192.168.1.1"},
		{"a proxy by IPv6", "fd00::/8", "[fd00::1]:5", "2001:db8::7", "2001:db8::7"},
	} {
		var settings Settings
		settings.TrustedProxies = filled([]string{c.proxies})
		var cfg Config
		for _, p := range settings.TrustedProxies {
			n, err := network(p)
			if err != nil {
				t.Fatal(err)
			}
			cfg.Proxies = append(cfg.Proxies, n)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoteAddr = c.remote
		r.Header.Set("X-Forwarded-For", c.forwarded)
		if got := address(cfg.Proxies)(r); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
