package server

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// scratch is a folder of this run of the tests, which every user may enter.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "songlocker-test-"); err == nil {
		err = os.Chmod(scratch, 0o755)
	}
	if err != nil {
		panic(err)
	}
	status := m.Run()
	os.RemoveAll(scratch)
	os.Exit(status)
}

// binary builds the program once for all tests that run it.
var binary = sync.OnceValues(func() (string, error) {
	file := filepath.Join(scratch, "songlocker")
	cmd := exec.Command("go", "build", "-o", file, "github.com/songlocker/songlocker")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return file, nil
})

// program returns a command that runs the binary with nothing in its
// environment but HOME.
func program(t *testing.T, ctx context.Context, args ...string) *exec.Cmd {
	t.Helper()
	file, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, file, args...)
	cmd.Env = []string{"HOME=" + t.TempDir()}
	return cmd
}

// outcome runs a command to its end.
func outcome(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, status int) {
	t.Helper()
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	} else if ok {
		status = exit.ExitCode()
	}
	return o.String(), e.String(), status
}

func TestBadConfiguration(t *testing.T) {
	write := func(text string) string {
		file := filepath.Join(t.TempDir(), "c.toml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	for _, c := range []struct {
		name string
		args string
		env  string
		file string
		want string // of stderr; FILE stands for the configuration file
	}{
		{name: "unknown flag", args: "serve --lsten :1", want: `unknown flag --lsten, did you mean "--listen"?`},
		{name: "unknown command", args: "sreve", want: `unexpected argument sreve, did you mean "serve"?`},
		{name: "no command", args: "", want: "expected one of "},
		{name: "unknown variable", args: "serve", env: "SONGLOCKER_MUSIK=/m", want: "SONGLOCKER_MUSIK: there is no setting of this name; did you mean SONGLOCKER_MUSIC?"},
		{name: "strange variable", args: "serve", env: "SONGLOCKER_XYZZY=/m", want: "SONGLOCKER_XYZZY: there is no setting of this name."},
		{name: "unknown name in the file", args: "serve", file: "lissen = ':1'", want: `FILE: there is no setting "lissen"; did you mean listen?`},
		{name: "table in the file", args: "serve", file: "[log]\nlevel = 'debug'", want: `FILE: there is no setting "log"`},
		{name: "config in the file", args: "serve", file: "config = 'x'", want: `FILE: there is no setting "config"`},
		{name: "no TOML", args: "serve", file: "listen = [", want: "FILE: this is no TOML: line 1: "},
		{name: "number for a text", args: "serve", file: "music = [1]", want: "music in FILE: want a list of texts in quotes."},
		{name: "list for one value", args: "serve", file: "data = ['/a']", want: "data in FILE: want one value and not a list."},
		{name: "no such file", args: "serve --config /nowhere/c.toml", want: "configuration file: open /nowhere/c.toml: no such file or directory."},
		{name: "length of time without unit", args: "serve", file: "scan-interval = 5", want: `scan-interval in FILE: "5" is no length of time: write it like 1h or 30m.`},
		{name: "negative time", args: "serve --scan-interval=-1h", want: "--scan-interval: -1h0m0s is too short: "},
		{name: "no bool", args: "serve", env: "SONGLOCKER_WATCH=maybe", want: "SONGLOCKER_WATCH: bool value must be "},
		{name: "no level", args: "serve --log-level loud", want: `--log-level must be one of "debug","info","warn","error" but got "loud".`},
		{name: "address without port", args: "serve --listen 127.0.0.1", want: `--listen: "127.0.0.1" is no address: `},
		{name: "port by name", args: "serve --listen :http-alt-x", want: `--listen: ":http-alt-x" has no usable port: `},
		{name: "socket without path", args: "serve --listen unix:", want: "--listen: unix: needs a path"},
		{name: "no proxy", args: "serve --trusted-proxies proxy.lan", want: `--trusted-proxies: "proxy.lan" is neither an address nor a network: `},
		{name: "base path without slash", args: "serve --base-path music", want: `--base-path: "music" must begin with a slash: write /music.`},
		{name: "base path of our own", args: "serve --base-path /rest", want: `--base-path: "/rest" is a path of Songlocker's own: `},
		{name: "database of another kind", args: "serve --database mysql://x", want: "--database: want sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME."},
		{name: "two databases", args: "serve --database sqlite:/x", env: "SONGLOCKER_DATABASE_FILE=/y", want: "SONGLOCKER_DATABASE_FILE: --database is given too: "},
		{name: "no size", args: "serve --art-cache-size lots", want: `--art-cache-size: "lots" is no size: write it like 512MB or 2GiB.`},
		{name: "two libraries of one name", args: "serve --music A=/a --music a=/b", want: `--music: two libraries are called "a": `},
		{name: "library without name", args: "serve --music =/a", want: `--music: "=/a" has nothing before the =: `},
		{name: "owner without password", args: "serve --admin-user me", want: `--admin-user: there is no password for "me": `},
		{name: "password without owner", args: "serve", env: "SONGLOCKER_ADMIN_PASSWORD=hushhush", want: "SONGLOCKER_ADMIN_PASSWORD: there is a password and no user to give it to: "},
		{name: "password as a flag", args: "serve --admin-password=hushhush", want: "unknown flag --admin-password"},
		{name: "empty password file", args: "serve --admin-user me --admin-password-file /dev/null", want: "--admin-password-file: /dev/null is empty."},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd := program(t, t.Context(), strings.Fields(c.args)...)
			want := c.want
			if c.file != "" {
				file := write(c.file)
				cmd.Args = append(cmd.Args, "--config", file)
				want = strings.ReplaceAll(want, "FILE", file)
			}
			if c.env != "" {
				cmd.Env = append(cmd.Env, c.env)
			}
			stdout, stderr, status := outcome(t, cmd)
			if status != 2 || !strings.HasPrefix(stderr, "songlocker: "+want) || stdout != "" {
				t.Errorf("status %d, want 2\nstderr: %s  want: songlocker: %s\nstdout: %s", status, stderr, want, stdout)
			}
			if strings.Count(stderr, "\n") != 1 {
				t.Errorf("not one line: %q", stderr)
			}
			if strings.Contains(stderr, "hushhush") {
				t.Errorf("the password is shown: %s", stderr)
			}
		})
	}
}

func TestVersionNeedsNoConfiguration(t *testing.T) {
	cmd := program(t, t.Context(), "version")
	cmd.Env = append(cmd.Env, "SONGLOCKER_MUSIK=/m")
	stdout, stderr, status := outcome(t, cmd)
	if status != 0 || !strings.HasPrefix(stdout, "songlocker ") || stderr != "" {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
}

// within fails the test when cond does not hold within some seconds.
func within(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: waited in vain", what)
		}
	}
}
