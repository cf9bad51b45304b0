package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ticks is how many clock ticks of /proc a second has: USER_HZ, 100 on all
// architectures that Go runs on.
const ticks = 100

// process is a child that is measured.
type process struct {
	cmd  *exec.Cmd
	base string // URL, without a slash at its end
	log  bytes.Buffer
}

// cpu returns the processor seconds that the process has used, user and
// system.
func (p *process) cpu() float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// The name in parentheses may hold spaces; utime and stime are the 14th
	// and 15th field of proc_pid_stat(5).
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / ticks
}

// memory returns a line of /proc/PID/status, such as VmRSS or VmHWM, in bytes.
func (p *process) memory(name string) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10
		}
	}
	return 0
}

// stop ends the process and waits for its end.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := p.cmd.Wait(); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && !exit.Exited() {
			return nil // ended by the signal itself
		}
		return fmt.Errorf("%w: %s", err, p.log.String())
	}
	return nil
}

// freePort returns an address on which nobody listens now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// The users of a measured server.
const (
	owner    = "owner"
	measurer = "measurer" // no administrator, reads all libraries but the last
	password = "a bench password"
)

// server is one measured Songlocker.
type server struct {
	*process
	data  string
	roots []string
	bin   string
	took  time.Duration // from its start to the answer to the first ping
}

// start starts the server on its data folder and waits for its first answer.
func (s *server) start(ctx context.Context) error {
	addr, err := freePort()
	if err != nil {
		return err
	}
	s.process = &process{base: "http://" + addr}
	args := []string{"serve", "--data", s.data, "--listen", addr, "--admin-user", owner, "--scan-interval", "0", "--log-level", "warn"}
	for i, r := range s.roots {
		args = append(args, "--music", fmt.Sprintf("Part %d=%s", i+1, r))
	}
	s.cmd = exec.CommandContext(ctx, s.bin, args...)
	s.cmd.Env = []string{"HOME=" + s.data, "SONGLOCKER_ADMIN_PASSWORD=" + password}
	for _, name := range []string{"GOGC", "GOMEMLIMIT"} {
		if v := os.Getenv(name); v != "" {
			s.cmd.Env = append(s.cmd.Env, name+"="+v)
		}
	}
	s.cmd.Stderr = &s.log
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for end := began.Add(30 * time.Second); ; time.Sleep(500 * time.Microsecond) {
		if _, err = s.call(ctx, owner, "ping", nil); err == nil {
			s.took = time.Since(began)
			return nil
		}
		if time.Now().After(end) {
			return errors.Join(fmt.Errorf("the server does not answer: %w: %s", err, s.log.String()), s.stop())
		}
	}
}

// login returns the parameters that let a user in by token.
func login(user string) url.Values {
	const salt = "c19b2d"
	sum := md5.Sum([]byte(password + salt))
	return url.Values{"u": {user}, "t": {hex.EncodeToString(sum[:])}, "s": {salt}, "v": {"1.16.1"}, "c": {"bench"}, "f": {"json"}}
}

// call asks the server and returns the answer's payload. A refusal is an
// error.
func (s *server) call(ctx context.Context, user, name string, with url.Values) (map[string]json.RawMessage, error) {
	q := login(user)
	for k, v := range with {
		q[k] = v
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/rest/"+name+"?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var out struct {
		Response map[string]json.RawMessage `json:"subsonic-response"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if string(out.Response["status"]) != `"ok"` {
		return nil, fmt.Errorf("%s: %s", name, out.Response["error"])
	}
	return out.Response, nil
}

// get decodes one element of the payload of a call by the measuring user.
func get[T any](ctx context.Context, s *server, name, element string, with url.Values) (out T, err error) {
	payload, err := s.call(ctx, measurer, name, with)
	if err == nil {
		err = json.Unmarshal(payload[element], &out)
	}
	return out, err
}

// scanned waits until no scan runs, and fails when the catalog then has other
// than this many songs.
func (s *server) scanned(ctx context.Context, songs int) error {
	for end := time.Now().Add(20 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		payload, err := s.call(ctx, owner, "getScanStatus", nil)
		if err != nil {
			return err
		}
		var status struct {
			Scanning bool
			Count    int
		}
		if err := json.Unmarshal(payload["scanStatus"], &status); err != nil {
			return err
		}
		switch {
		case !status.Scanning && status.Count == songs:
			return nil
		case time.Now().After(end):
			return fmt.Errorf("after 20 minutes the catalog has %d songs of %d: %s", status.Count, songs, s.log.String())
		}
		// Asking costs the server little; a long scan is asked less often.
		if status.Scanning && songs > 1000 {
			time.Sleep(80 * time.Millisecond)
		}
	}
}

// databaseSize returns the bytes of the catalog's files.
func (s *server) databaseSize() int64 {
	var n int64
	files, _ := filepath.Glob(filepath.Join(s.data, "songlocker.db*"))
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			n += info.Size()
		}
	}
	return n
}

// startBare starts this program itself as one of the bare servers.
func startBare(ctx context.Context, what string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{}
	p.cmd = exec.CommandContext(ctx, self)
	p.cmd.Env = append(os.Environ(), bareEnv+"="+what)
	p.cmd.Stderr = &p.log
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the bare server does not start: %s", p.log.String()), p.stop())
	}
	p.base = strings.TrimSpace(line)
	go io.Copy(io.Discard, out)
	return p, nil
}
