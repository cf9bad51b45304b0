package e2e

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/songlocker/songlocker/test/cloud"
)

// gateway is an S3 server of a test's own.
type gateway struct {
	t       *testing.T
	address string
	dir     string
	cmd     *exec.Cmd
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	cloud.Variable(t, "SONGLOCKER_TEST_S3_SERVER")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	g := &gateway{t: t, address: l.Addr().String(), dir: folder(t)}
	for _, name := range []string{"objects", "about", "users"} {
		if err := os.Mkdir(filepath.Join(g.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(g.stop)
	return g
}

// run starts the server, which then posts events to a URL unless that is "".
func (g *gateway) run(events string) {
	g.t.Helper()
	args := []string{"--quiet", "--port", g.address, "--iam-dir", filepath.Join(g.dir, "users")}
	if events != "" {
		args = append(args, "--event-webhook-url", events)
	}
	args = append(args, "posix", "--sidecar", filepath.Join(g.dir, "about"), filepath.Join(g.dir, "objects"))
	g.cmd = exec.Command(cloud.Variable(g.t, "SONGLOCKER_TEST_S3_SERVER"), args...)
	root := cloud.Root(g.t)
	g.cmd.Env = []string{"ROOT_ACCESS_KEY=" + root.ID, "ROOT_SECRET_KEY=" + root.Secret}
	if err := g.cmd.Start(); err != nil {
		g.t.Fatal(err)
	}
	eventually(g.t, "the S3 server", func() bool {
		c, err := net.Dial("tcp", g.address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func (g *gateway) stop() {
	if g.cmd == nil {
		return
	}
	_ = g.cmd.Process.Signal(syscall.SIGTERM)
	_ = g.cmd.Wait() // it ends by the signal
	g.cmd = nil
}

// TestBucketEvents shows what is uploaded as soon as the bucket tells of it.
func TestBucketEvents(t *testing.T) {
	t.Parallel()
	g := newGateway(t)
	g.run("")
	b := cloud.S3At(t, "http://"+g.address, cloud.Root(t), "music")
	list := tunes(t, 21)
	for _, x := range list[:20] {
		b.Put(t, x.key, x.bytes())
	}
	s := start(t, setup{music: []string{"Cloud=" + b.Location}, args: []string{"--scan-interval", "0"}, env: []string{secretOf(b.Secret)}})
	c := s.owner()
	c.scanned(20)
	stdout, _ := s.command(0, "", "library", "hook", "Cloud")
	secret := s.secret(strings.TrimSpace(stdout))
	g.stop()
	g.run(s.base + "/hooks/bucket/1/" + secret)

	soon := func(what string, cond func(songs map[string]node) bool) {
		t.Helper()
		for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			took := time.Since(began)
			if cond(c.songs()) {
				t.Logf("%s is shown after %v", what, took.Round(time.Millisecond))
				return
			}
			if took > 10*time.Second {
				t.Fatalf("%s is not shown within 10 s\n%s", what, tail(s.log.String()))
			}
		}
	}
	x := list[20]
	x.key = "New + Folder/50% ü/#1.flac"
	b.Put(t, x.key, x.bytes())
	soon("an uploaded song", func(songs map[string]node) bool { return songs[x.key].v != nil })
	c.ok("star", "id", c.song(x.key).text("id"))
	old := c.song(x.key).text("id")
	b.Rename(t, x.key, "Else where/2.flac")
	soon("a renamed song", func(songs map[string]node) bool {
		now := songs["Else where/2.flac"]
		return songs[x.key].v == nil && now.text("id") == old && now.text("starred") != ""
	})
	b.Delete(t, "Else where/2.flac")
	soon("a removal", func(songs map[string]node) bool { return len(songs) == 20 })
	resp, _ := c.do(http.MethodPost, s.base+"/hooks/bucket/1/another", nil, strings.NewReader("{}"))
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a wrong secret: %s", resp.Status)
	}
}
