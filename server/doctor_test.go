package server

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stranger is a user who owns nothing.
const stranger = 65534

// asStranger makes cmd run as a user without rights when the tests run as
// root, whom no permission stops.
func asStranger(cmd *exec.Cmd) *exec.Cmd {
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger, NoSetGroups: false}}
	}
	return cmd
}

// sick is a set-up with something wrong in it.
type sick struct {
	dir  string // of its own, which everybody may enter
	args []string
}

// write makes a file with its folders.
func (s sick) write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func (s sick) mode(t *testing.T, name string, mode os.FileMode) {
	t.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.Chmod(file, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(file, 0o755) })
}

// unreadable asserts that the user whom the program runs as really can't
// read a place, without which the test would prove nothing.
func (s sick) unreadable(t *testing.T, name string) {
	t.Helper()
	out, err := asStranger(exec.CommandContext(t.Context(), "ls", filepath.Join(s.dir, name)+"/.")).CombinedOutput()
	if err == nil {
		t.Fatalf("%s can be read by the test's user: %s", name, out)
	}
}

// TestDoctor breaks one thing at a time. DIR in the wanted sentence stands
// for the set-up's folder:
//
//	music/Artist/song.mp3
//	state/                   the data folder, which the server's user owns
func TestDoctor(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cases := []struct {
		name   string
		breaks func(t *testing.T, s *sick)
		want   string // of the problem; "" is none
	}{
		{"all well", func(*testing.T, *sick) {}, ""},
		{"music is not there", func(t *testing.T, s *sick) { s.args = append(s.args, "--music", s.dir+"/gone/away") },
			"music: The folder DIR/gone/away of the library away is not there; the nearest that is there is DIR."},
		{"music is a file", func(t *testing.T, s *sick) {
			s.args = append(s.args, "--music", "Songs="+s.write(t, "one.mp3", "x"))
		}, "music: The folder DIR/one.mp3 of the library Songs is a file and no folder."},
		{"music is empty", func(t *testing.T, s *sick) {
			if err := os.Mkdir(s.dir+"/empty", 0o755); err != nil {
				t.Fatal(err)
			}
			s.args = append(s.args, "--music", s.dir+"/empty")
		}, "music: The folder DIR/empty of the library empty is empty."},
		{"no audio in it", func(t *testing.T, s *sick) {
			s.write(t, "papers/letter.txt", "x")
			s.args = append(s.args, "--music", s.dir+"/papers")
		}, "music: The folder DIR/papers of the library papers holds no audio file of a kind that Songlocker knows."},
		{"music unreadable", func(t *testing.T, s *sick) {
			s.mode(t, "music", 0o000)
			s.unreadable(t, "music")
		}, "music: The folder DIR/music of the library music can't be read by USER."},
		{"above music closed", func(t *testing.T, s *sick) {
			s.write(t, "closed/music/a.mp3", "x")
			s.mode(t, "closed", 0o600)
			s.unreadable(t, "closed/music")
			s.args = append(s.args, "--music", s.dir+"/closed/music")
		}, "music: The folder DIR/closed/music of the library music can't be reached: USER may not enter DIR/closed."},
		{"a folder below unreadable", func(t *testing.T, s *sick) {
			s.mode(t, "music/Artist", 0o000)
			s.unreadable(t, "music/Artist")
		}, "music: The folder DIR/music of the library music has folders that USER can't read: DIR/music/Artist."},
		{"a file unreadable", func(t *testing.T, s *sick) { s.mode(t, "music/Artist/song.mp3", 0o000) },
			"music: The folder DIR/music of the library music has files that USER can't read: DIR/music/Artist/song.mp3."},
		{"music in the data folder", func(t *testing.T, s *sick) { s.args = append(s.args, "--music", s.dir+"/state/music") },
			"music: The folder DIR/state/music of the library music and the data folder DIR/state overlap."},
		{"data is a file", func(t *testing.T, s *sick) { s.args = append(s.args, "--data", s.write(t, "file", "x")) },
			"data: The data folder DIR/file is a file."},
		{"data can't be made", func(t *testing.T, s *sick) { s.mode(t, ".", 0o555); s.args = append(s.args, "--data", s.dir+"/new") },
			"data: The data folder DIR/new is not there, and USER can't make it in DIR."},
		{"data can't be written", func(t *testing.T, s *sick) { s.mode(t, "state", 0o555) },
			"data: The data folder DIR/state can't be written by USER."},
		{"port in use", func(t *testing.T, s *sick) { s.args = append(s.args, "--listen", taken.Addr().String()) },
			"port: Another program listens at " + taken.Addr().String() + "."},
		{"an address of another machine", func(t *testing.T, s *sick) { s.args = append(s.args, "--listen", "192.0.2.1:4040") },
			"port: This machine has no address 192.0.2.1:4040."},
		{"socket in no folder", func(t *testing.T, s *sick) { s.args = append(s.args, "--listen", "unix:"+s.dir+"/no/s.sock") },
			"port: The socket DIR/no/s.sock can't be made: DIR/no is not there or can't be written by USER."},
		{"no SQLite file", func(t *testing.T, s *sick) {
			s.args = append(s.args, "--database", "sqlite:"+s.write(t, "state/my.db", "This is a shopping list."))
		}, "database: The file DIR/state/my.db is no SQLite database."},
		{"database unreachable", func(t *testing.T, s *sick) {
			s.args = append(s.args, "--database", "postgres://me:hushhush@127.0.0.1:1/music")
		}, "database: Nothing answers at postgres://me:…@127.0.0.1:1/music."},
		{"newer schema", func(t *testing.T, s *sick) {
			s.catalog(t)
			file := s.dir + "/state/songlocker.db"
			b, err := os.ReadFile(file)
			if err != nil || !bytes.Contains(b, []byte("0001_")) {
				t.Fatalf("no first step of the schema in the file (%v)", err)
			}
			// The name of the step, in the table and in its index.
			if err := os.WriteFile(file, bytes.ReplaceAll(b, []byte("0001_"), []byte("9991_")), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "database: The catalog at sqlite:DIR/state/songlocker.db was written by a newer version of Songlocker."},
		{"key missing", func(t *testing.T, s *sick) {
			s.catalog(t)
			if err := os.Remove(s.dir + "/state/key"); err != nil {
				t.Fatal(err)
			}
		}, "key: The key file DIR/state/key is missing, and the catalog holds passwords sealed with it."},
		{"wrong key", func(t *testing.T, s *sick) {
			s.catalog(t)
			other := sick{dir: s.dir + "/other"}
			s.write(t, "other/state/.keep", "")
			own(t, s.dir+"/other")
			other.catalog(t)
			if err := os.Rename(other.dir+"/state/key", s.dir+"/state/key"); err != nil {
				t.Fatal(err)
			}
		}, "key: The key file DIR/state/key is not the one of this catalog."},
		{"key for all to see", func(t *testing.T, s *sick) { s.catalog(t); s.mode(t, "state/key", 0o644) },
			"key: The key file DIR/state/key may be read by other users of this machine."},
		{"clock far behind", func(t *testing.T, s *sick) {
			file := s.write(t, "state/songs.txt", "x")
			later := time.Now().AddDate(3, 0, 0)
			if err := os.Chtimes(file, later, later); err != nil {
				t.Fatal(err)
			}
		}, "clock: The clock of this machine says " + time.Now().Format("2 January 2006") + ", but files in DIR/state were written on " + time.Now().AddDate(3, 0, 0).Format("2 January 2006") + "."},
		{"everybody is a proxy", func(t *testing.T, s *sick) { s.args = append(s.args, "--trusted-proxies", "0.0.0.0/0") },
			"network: --trusted-proxies 0.0.0.0/0 believes every caller about its address, so that anyone can get around the brake on failed logins."},
	}
	user := "nobody (uid 65534)"
	if os.Geteuid() != 0 {
		t.Log("not root: permissions are tested as this user")
		user = ""
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir, err := os.MkdirTemp(scratch, "sick-")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			s := &sick{dir: dir}
			s.write(t, "music/Artist/song.mp3", "x")
			s.write(t, "state/.keep", "")
			s.args = []string{"doctor", "--data", dir + "/state", "--music", dir + "/music", "--listen", "127.0.0.1:0"}
			own(t, dir)
			c.breaks(t, s)
			// The last --data and --listen win; --music adds up.
			stdout, stderr, status := outcome(t, asStranger(program(t, t.Context(), lastOf(s.args)...)))
			var problems []string
			for line := range strings.Lines(stdout) {
				if p, ok := strings.CutPrefix(line, "PROBLEM  "); ok {
					problems = append(problems, strings.TrimSpace(p))
				}
			}
			want := strings.NewReplacer("DIR", dir, "USER", user).Replace(c.want)
			switch {
			case stderr != "" || strings.Contains(stdout, "hushhush"):
				t.Errorf("stderr %q\n%s", stderr, stdout)
			case c.want == "":
				if status != 0 || len(problems) > 0 {
					t.Errorf("status %d, want 0\n%s", status, stdout)
				}
			case status != 1 || len(problems) != 1:
				t.Errorf("status %d and %d problems, want 1 and one\n%s", status, len(problems), stdout)
			case user != "" && problems[0] != want:
				t.Errorf("\n got %s\nwant %s", problems[0], want)
			}
		})
	}
}

// lastOf drops all but the last --data and --listen.
func lastOf(args []string) []string {
	last := map[string]int{}
	for i, a := range args {
		last[a] = i
	}
	var out []string
	for i := 0; i < len(args); i++ {
		if (args[i] == "--data" || args[i] == "--listen") && last[args[i]] != i {
			i++
			continue
		}
		out = append(out, args[i])
	}
	return out
}

// own gives a folder and all in it to the user whom the program runs as.
func own(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	if out, err := exec.CommandContext(t.Context(), "chown", "-R", "65534:65534", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// catalog makes the catalog with its key in the set-up's data folder.
func (s sick) catalog(t *testing.T) {
	t.Helper()
	cmd := asStranger(program(t, t.Context(), "user", "add", "me", "--data", s.dir+"/state"))
	cmd.Stdin = strings.NewReader("hushhush\n")
	if stdout, stderr, status := outcome(t, cmd); status != 0 {
		t.Fatalf("status %d\n%s%s", status, stdout, stderr)
	}
}
