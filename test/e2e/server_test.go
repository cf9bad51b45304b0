package e2e

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// way is how requests reach the server.
type way int

const (
	direct   way = iota // no proxy, no base path
	stripped            // at /music, behind a proxy that strips it
	passed              // at /music, behind a proxy that passes it on
)

var wayNames = [...]string{direct: "direct", stripped: "stripped", passed: "passed"}

// eachWay runs a test of the protocol by every way.
func eachWay(t *testing.T, f func(t *testing.T, w way)) {
	for w, name := range wayNames {
		t.Run(name, func(t *testing.T) { f(t, way(w)) })
	}
}

const (
	owner         = "Ova"
	ownerPassword = "öva's pässword ✓ 1234"
)

// setup tells how a server is started.
type setup struct {
	way   way
	music []string // values of --music
	args  []string // further ones
	env   []string // further variables
	data  string   // made when ""
	user  uint32   // to run as, when not 0
	empty bool     // nobody is made at the start
	// postgres keeps the catalog in a schema of its own of the PostgreSQL
	// database that SONGLOCKER_TEST_POSTGRES names.
	postgres bool
	// errors says that the log may hold errors.
	errors bool
}

// server is one data folder and the program that runs on it.
type server struct {
	t        *testing.T
	o        setup
	data     string
	database string // "" for the one in the data folder

	mu      sync.Mutex
	cmd     *exec.Cmd
	ended   chan struct{} // closed when cmd has
	address string        // what it listens at, such as http://127.0.0.1:1234
	out     strings.Builder
	log     lockedText
	base    string          // what apps are told, without a slash at the end
	secrets map[string]bool // texts that must never be in the log or the data folder
}

// lockedText collects what the program writes.
type lockedText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start starts a server, which ends with the test. Whatever the test does, the
// log then holds no error and no secret, and the data folder is closed to
// others.
func start(t *testing.T, o setup) *server {
	t.Helper()
	s := &server{t: t, o: o, data: o.data, secrets: map[string]bool{ownerPassword: true}}
	if s.data == "" {
		s.data = filepath.Join(folder(t), "data")
	}
	if o.postgres {
		s.database = schema(t)
	}
	s.run()
	t.Cleanup(func() {
		s.stop()
		s.checkLog()
		s.checkData()
	})
	s.base = s.address
	if o.way != direct {
		proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			at, _ := url.Parse(s.where())
			r.SetURL(at)
			r.SetXForwarded()
		}}
		var h http.Handler = proxy
		if o.way == stripped {
			h = http.StripPrefix("/music", proxy)
		}
		front := httptest.NewServer(h)
		t.Cleanup(front.Close)
		s.base = front.URL + "/music"
	}
	return s
}

func (s *server) where() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// environment is what the program finds in its environment.
func (s *server) environment() []string {
	env := append([]string{"HOME=" + s.data, "SONGLOCKER_DATA=" + s.data}, s.o.env...)
	if !s.o.empty {
		env = append(env, "SONGLOCKER_ADMIN_PASSWORD="+ownerPassword, "SONGLOCKER_ADMIN_USER="+owner)
	}
	if s.database != "" {
		env = append(env, "SONGLOCKER_DATABASE="+s.database)
	}
	return env
}

// postgresURL is the database for tests on PostgreSQL, "" for none.
var postgresURL = os.Getenv("SONGLOCKER_TEST_POSTGRES")

// schema makes a schema in that database, which goes with the test, and
// returns its location.
func schema(t *testing.T) string {
	t.Helper()
	name := "e2e_" + strings.ToLower(rand.Text())
	psql := func(sql string) {
		t.Helper()
		if out, err := exec.Command("psql", "--quiet", "--no-psqlrc", "-c", sql, postgresURL).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", sql, err, out)
		}
	}
	psql("CREATE SCHEMA " + name)
	t.Cleanup(func() { psql("DROP SCHEMA " + name + " CASCADE") })
	u, err := url.Parse(postgresURL)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// run starts the program and waits until it listens.
func (s *server) run() {
	s.t.Helper()
	args := []string{"serve", "--log-level", "debug"}
	if !strings.Contains(strings.Join(s.o.args, " "), "--listen") {
		args = append(args, "--listen", "127.0.0.1:0")
	}
	for _, m := range s.o.music {
		args = append(args, "--music", m)
	}
	if s.o.way != direct {
		args = append(args, "--base-path", "/music")
	}
	cmd := exec.Command(program, append(args, s.o.args...)...)
	cmd.Env = s.environment()
	cmd.Stderr = &s.log
	if s.o.user != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.o.user, Gid: s.o.user}}
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	listening, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			s.mu.Lock()
			s.out.WriteString(lines.Text() + "\n")
			s.mu.Unlock()
			if _, at, ok := strings.Cut(lines.Text(), " listens at "); ok {
				at, _, _ = strings.Cut(at, " and ")
				listening <- strings.TrimSuffix(at, "/music")
			}
		}
		_ = cmd.Wait() // how it ended is told by what the test sees
	}()
	select {
	case at := <-listening:
		s.mu.Lock()
		s.cmd, s.ended, s.address = cmd, ended, at
		if s.o.way == direct {
			s.base = at
		}
		s.mu.Unlock()
	case <-ended:
		s.t.Fatalf("the server ended at once\n%s", s.log.String())
	case <-time.After(20 * time.Second):
		_ = cmd.Process.Kill()
		s.t.Fatalf("the server does not listen\n%s", s.log.String())
	}
}

// stop ends the server as a service manager does. It may be called again.
func (s *server) stop() { s.end(syscall.SIGTERM) }

// kill ends the server at once.
func (s *server) kill() { s.end(syscall.SIGKILL) }

func (s *server) end(with syscall.Signal) {
	s.t.Helper()
	select {
	case <-s.ended:
		return
	default:
	}
	_ = s.cmd.Process.Signal(with) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Kill()
		s.t.Errorf("the server does not end\n%s", tail(s.log.String()))
	}
}

// restart ends the server and starts it again on the same folders.
func (s *server) restart() {
	s.t.Helper()
	s.stop()
	s.run()
}

func tail(text string) string { return text[max(0, len(text)-4000):] }

// secret notes a text that must stay secret and returns it.
func (s *server) secret(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[text] = true
	return text
}

func (s *server) checkLog() {
	s.t.Helper()
	log := s.log.String()
	for _, bad := range []string{"database is locked", "SQLITE_BUSY", "panic", "DATA RACE", "goroutine "} {
		if i := strings.Index(log, bad); i >= 0 {
			s.t.Errorf("the log holds %q: %s", bad, log[max(0, i-300):min(len(log), i+1000)])
		}
	}
	if i := strings.Index(log, "level=ERROR"); i >= 0 && !s.o.errors {
		s.t.Errorf("the log holds an error: %s", log[i:min(len(log), i+600)])
	}
	for text := range s.secrets {
		for _, form := range secretForms(text) {
			if i := strings.Index(log, form); i >= 0 {
				s.t.Errorf("the log holds the secret %q: %s", text, log[max(0, i-300):min(len(log), i+300)])
			}
		}
	}
}

// secretForms are the ways in which a secret may be written.
func secretForms(text string) []string {
	return []string{text, url.QueryEscape(text), url.PathEscape(text), hex.EncodeToString([]byte(text))}
}

// checkData looks at the data folder after the server's end.
func (s *server) checkData() {
	s.t.Helper()
	found := 0
	err := filepath.WalkDir(s.data, func(name string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 && info.Mode()&os.ModeSocket == 0 {
			s.t.Errorf("%s is open to others: %v", name, info.Mode())
		}
		if !info.Mode().IsRegular() {
			return nil
		}
		found++
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for text := range s.secrets {
			for _, form := range secretForms(text) {
				if strings.Contains(string(b), form) {
					s.t.Errorf("%s holds the secret %q", name, text)
				}
			}
		}
		return nil
	})
	if err != nil || found == 0 {
		s.t.Errorf("the data folder: %d files, %v", found, err)
	}
}

// command runs the program once on the server's data folder, whether or not
// the server runs, and fails the test when its status is another.
func (s *server) command(status int, stdin string, args ...string) (stdout, stderr string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = slices.DeleteFunc(s.environment(), func(e string) bool { return strings.HasPrefix(e, "SONGLOCKER_ADMIN_") })
	if len(s.o.music) > 0 {
		cmd.Env = append(cmd.Env, "SONGLOCKER_MUSIC="+strings.Join(s.o.music, "\n"))
	}
	cmd.Stdin = strings.NewReader(stdin)
	var o, e strings.Builder
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != status {
		s.t.Fatalf("songlocker %s: %v, want status %d\n%s%s", strings.Join(args, " "), err, status, o.String(), e.String())
	}
	return o.String(), e.String()
}

// eventually fails the test when cond does not come to hold.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !cond(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: waited in vain", what)
		}
	}
}
