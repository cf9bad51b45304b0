package server

import (
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/songlocker/songlocker/scanner"
)

var update = flag.Bool("update", false, "write the generated documents anew")

func TestConfigDoc(t *testing.T) {
	want, err := configDoc()
	if err != nil {
		t.Fatal(err)
	}
	const file = "../docs/CONFIG.md"
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/CONFIG.md is not what server/config.go says: run make docs")
	}
}

// load parses args and environ with a configuration file of this text; ""
// is no file.
func load(t *testing.T, file string, environ []string, args ...string) (Config, error) {
	t.Helper()
	dir := t.TempDir()
	if file != "" {
		if err := os.WriteFile(filepath.Join(dir, "songlocker.toml"), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	args = append([]string{"serve", "--data", dir}, args...)
	_, cfg, _, err := parse(Process{Args: args, Environ: environ, Stdout: null, Stderr: null})
	return cfg, err
}

func TestPrecedence(t *testing.T) {
	env := []string{"SONGLOCKER_SCAN_INTERVAL=2h"}
	file := "scan-interval = \"3h\"\n"
	for _, c := range []struct {
		name, file string
		env, args  []string
		want       time.Duration
	}{
		{"default", "", nil, nil, time.Hour},
		{"file over default", file, nil, nil, 3 * time.Hour},
		{"variable over file", file, env, nil, 2 * time.Hour},
		{"flag over variable", file, env, []string{"--scan-interval", "30m"}, 30 * time.Minute},
		{"zero is a value", file, []string{"SONGLOCKER_SCAN_INTERVAL=0"}, nil, 0},
	} {
		cfg, err := load(t, c.file, c.env, c.args...)
		if err != nil || cfg.ScanInterval != c.want {
			t.Errorf("%s: scan-interval is %v (%v), want %v", c.name, cfg.ScanInterval, err, c.want)
		}
	}
}

// TestSameInAllThree gives every setting by flag, variable and file, and
// expects the same configuration.
func TestSameInAllThree(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("postgres://u:pass@h/db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	values := map[string][]string{
		"data": {data}, "database-file": {secret}, "key-file": {"/k"}, "music": {"A=/a", "/b=c"}, "audiobooks": {"Books=/books"}, "follow-links": {"true"},
		"scan-interval": {"90s"}, "watch": {"false"}, "genre-separators": {"; ", "/"}, "artist-separators": {" feat. "},
		"guess-encodings": {"false"}, "import-playlists": {"false"}, "playlist-owner": {"me"}, "public-playlists": {"true"},
		"ignored-articles": {"Der Die"}, "prefer": {"quality"}, "art-cache-size": {"1GiB"}, "stream-cache-size": {"1GiB"}, "listen": {":1", "unix:/s"}, "base-path": {"/music/"},
		"trusted-proxies": {"10.0.0.0/8", "::1"}, "admin-user": {"me"}, "admin-password-file": {secret}, "app-passwords": {"false"},
		"log-level": {"debug"}, "log-format": {"json"},
	}
	settings := reflect.TypeFor[Settings]()
	if got, want := len(values)+2, settings.NumField(); got != want { // config itself, and database
		t.Errorf("the test knows %d settings of %d", got, want)
	}
	var args, env, file []string
	for name, list := range values {
		var quoted []string
		for _, v := range list {
			switch {
			case v == "false":
				args = append(args, "--no-"+name)
			case v == "true":
				args = append(args, "--"+name)
			default:
				args = append(args, "--"+name+"="+v)
			}
			quoted = append(quoted, `"`+v+`"`)
		}
		env = append(env, envName(name)+"="+strings.Join(list, "\n"))
		switch {
		case list[0] == "true" || list[0] == "false":
			file = append(file, name+" = "+list[0])
		case len(list) > 1:
			file = append(file, name+" = ["+strings.Join(quoted, ", ")+"]")
		default:
			file = append(file, name+" = "+quoted[0])
		}
	}
	config := filepath.Join(t.TempDir(), "c.toml")
	if err := os.WriteFile(config, []byte(strings.Join(file, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	want := Config{
		Data: data, Database: "postgres://u:pass@h/db", KeyFile: "/k", FollowLinks: true,
		Music:        []Root{{Name: "A", Location: "file:///a", Kind: "music"}, {Location: "file:///b=c", Kind: "music"}, {Name: "Books", Location: "file:///books", Kind: "audiobook"}},
		ScanInterval: 90 * time.Second, GenreSeps: []string{"; ", "/"}, ArtistSeps: []string{" feat. "},
		Playlists: scanner.Playlists{Owner: "me", Public: true}, Prefer: "quality",
		Articles: []string{"Der", "Die"}, ArtCacheBytes: 1 << 30, StreamCacheBytes: 1 << 30,
		Listen:   []Listener{{"tcp", ":1"}, {"unix", "/s"}},
		BasePath: "/music", AdminUser: "me", AdminPassword: "postgres://u:pass@h/db", LogLevel: -4, LogFormat: "json",
	}
	for _, p := range []string{"10.0.0.0/8", "::1"} {
		n, err := network(p)
		if err != nil {
			t.Fatal(err)
		}
		want.Proxies = append(want.Proxies, n)
	}
	for _, way := range []struct {
		name      string
		args, env []string
	}{{"flags", args, nil}, {"variables", nil, env}, {"file", []string{"--config", config}, nil}} {
		_, got, _, err := parse(Process{Args: append([]string{"serve"}, way.args...), Environ: way.env})
		got.File = ""
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", way.name, err, got, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	_, c, _, err := parse(Process{Args: []string{"serve"}, Environ: []string{"HOME=/nowhere"}})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Data: "/nowhere/.local/share/songlocker", Database: "sqlite:/nowhere/.local/share/songlocker/songlocker.db",
		KeyFile: "/nowhere/.local/share/songlocker/key", ScanInterval: time.Hour, Watch: true, GenreSeps: []string{";"}, GuessEncodings: true, Playlists: scanner.Playlists{Import: true},
		Articles: strings.Fields("The El La Los Las Le Les"), ArtCacheBytes: 512e6, StreamCacheBytes: 2e9, Listen: []Listener{{"tcp", "127.0.0.1:4040"}},
		AppPasswords: true, LogFormat: "text",
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("\n got %+v\nwant %+v", c, want)
	}
	if !c.Loopback() {
		t.Error("the default listens beyond this machine")
	}
}

func TestEmptyLists(t *testing.T) {
	for _, env := range [][]string{{"SONGLOCKER_GENRE_SEPARATORS="}, nil} {
		var args []string
		if env == nil {
			args = []string{"--genre-separators="}
		}
		c, err := load(t, "", env, args...)
		if err != nil || len(c.GenreSeps) != 0 {
			t.Errorf("%v %v: separators are %q (%v), want none", env, args, c.GenreSeps, err)
		}
	}
}

func TestForeignVariables(t *testing.T) {
	_, err := load(t, "", []string{"SONGLOCKER_PORT=tcp://10.0.0.1:4040", "SONGLOCKER_PORT_4040_TCP_ADDR=10.0.0.1",
		"SONGLOCKER_SERVICE_HOST=10.0.0.1", "SONGLOCKER_SERVICE_PORT_HTTP=4040", "SONGLOCKER_TEST_POSTGRES=x"})
	if err != nil {
		t.Errorf("what a cluster tells every container is refused: %v", err)
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "[::1]:1": true, "localhost:1": true, "unix:/s": true,
		":1": false, "[::]:1": false, "0.0.0.0:1": false, "192.168.1.2:1": false,
	} {
		l, err := listener(address)
		if err != nil {
			t.Fatal(err)
		}
		c := Config{Listen: []Listener{l}}
		if got := c.Loopback(); got != want {
			t.Errorf("%s: loopback only is %v, want %v", address, got, want)
		}
	}
}
