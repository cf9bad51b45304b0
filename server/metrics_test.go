package server

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/test/music"
)

// TestMetrics asks a running server what it has counted, as those who may and
// those who may not.
func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	song := music.Bytes(music.FLAC, &music.Tags{Title: "Sea", Artist: "Ann"}, music.Sound{Size: 5000})
	if err := os.WriteFile(filepath.Join(dir, "1.flac"), song, 0o600); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	r := launch(t, data, []string{"SONGLOCKER_ADMIN_PASSWORD=long enough"}, "--admin-user", "owner", "--music", `A "quoted" name=`+dir)
	call := func(name string, with url.Values) string {
		q := url.Values{"u": {"owner"}, "p": {"long enough"}, "v": {"1.16.1"}, "c": {"test"}, "f": {"json"}}
		for k, v := range with {
			q[k] = v
		}
		_, body, _ := ask(t, http.MethodGet, r.base+"/rest/"+name+"?"+q.Encode(), nil)
		return body
	}
	var id string
	within(t, "the song is there", func() bool {
		m := regexp.MustCompile(`"id":"(so-[^"]+)"`).FindStringSubmatch(call("getRandomSongs.view", nil))
		if m != nil {
			id = m[1]
		}
		return m != nil
	})
	call("ping", nil)
	call("ping", url.Values{"p": {"wrong"}})
	call("getSong", url.Values{"id": {"so-none"}})
	call("no/such?", nil)
	call("stream", url.Values{"id": {id}})
	if _, _, h := ask(t, http.MethodGet, r.base+"/rest/stream?u=owner&p=long+enough&c=test&v=1.16.1&id="+id, nil, "Range", "bytes=0-99"); h.Get("Content-Range") == "" {
		t.Error("no range of the song")
	}
	ask(t, http.MethodGet, r.base+"/nowhere/"+strings.Repeat("x", 50), nil)

	at := r.base + metricsPath
	status, text, header := ask(t, http.MethodGet, at, nil)
	if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%d %v %s", status, header, text)
	}
	for _, want := range []string{
		`songlocker_http_requests_total{endpoint="/rest/ping",status="ok"} 1`,
		`songlocker_http_requests_total{endpoint="/rest/ping",status="failed"} 1`,
		`songlocker_http_requests_total{endpoint="/rest/getSong",status="failed"} 1`,
		`songlocker_http_requests_total{endpoint="/rest/unknown",status="failed"} 1`,
		`songlocker_http_requests_total{endpoint="/rest/stream",status="200"} 1`,
		`songlocker_http_requests_total{endpoint="/rest/stream",status="206"} 1`,
		`songlocker_http_requests_total{endpoint="none",status="404"} 1`,
		`songlocker_stream_bytes_total{endpoint="/rest/stream"} ` + strconv.Itoa(len(song)+100),
		`songlocker_songs{library="\d",name="A \\"quoted\\" name"} 1`,
		`songlocker_library_alarm{library="\d",name="A \\"quoted\\" name"} 0`,
		`songlocker_scans_total{library="\d",name="A \\"quoted\\" name",state="done"} [1-9]`,
		`songlocker_scan_files_total{library="\d",name="A \\"quoted\\" name",what="added"} 1`,
		`songlocker_store_requests_total{library="\d",name="A \\"quoted\\" name",purpose="scan",kind="get"} [1-9]`,
		`songlocker_store_requests_total{library="\d",name="A \\"quoted\\" name",purpose="scan",kind="list"} [1-9]`,
		`songlocker_store_bytes_total{library="\d",name="A \\"quoted\\" name",purpose="play"} 0`,
		`songlocker_info{version="[^"]+"} 1`,
		`process_resident_memory_bytes \d`,
		`go_goroutines \d`,
	} {
		want = strings.ReplaceAll(strings.ReplaceAll(want, "{", `\{`), "}", `\}`)
		if !regexp.MustCompile(`(?m)^` + want).MatchString(text) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, dir) || strings.Contains(text, "xxxx") {
		t.Error("the counters tell a path")
	}
	line := regexp.MustCompile(`^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-zA-Z]+="(\\.|[^"\\])*"(, ?[a-zA-Z]+="(\\.|[^"\\])*")*\})? -?[0-9.e+-]+)$`)
	for l := range strings.Lines(text) {
		if l = strings.TrimSuffix(l, "\n"); !line.MatchString(l) {
			t.Errorf("no line of the format: %s", l)
		}
	}

	for name, headers := range map[string][]string{
		"by a proxy":          {"X-Forwarded-For", "203.0.113.7"},
		"with a wrong secret": {"Authorization", "Bearer nonsense"},
		"with a password":     {"Authorization", "Basic b3duZXI6bG9uZyBlbm91Z2g="}, // a scheme that is not spoken
	} {
		if status, text, _ := ask(t, http.MethodGet, at, nil, headers...); status != 401 || strings.Contains(text, "songlocker_") {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	secret := func(args ...string) string {
		stdout, stderr, status := outcome(t, program(t, t.Context(), append(append([]string{"secret", "add"}, args...), "--data", data)...))
		if status != 0 {
			t.Fatal(stdout, stderr)
		}
		return strings.TrimSpace(stdout)
	}
	for scope, want := range map[string]int{"full": 200, "read-only": 403} {
		s := secret("owner", "metrics "+scope, "--scope", scope)
		s = s[strings.LastIndexAny(s, " \n")+1:]
		within(t, "the server knows a secret that another process made", func() bool {
			status, _, _ := ask(t, http.MethodGet, at, nil, "Authorization", "Bearer "+s, "X-Forwarded-For", "203.0.113.7")
			return status == want
		})
	}
}

func TestIsLocal(t *testing.T) {
	for _, c := range []struct {
		from, host string
		want       bool
	}{
		{"127.0.0.1:5000", "127.0.0.1:4040", true},
		{"127.0.0.1:5000", "localhost:4040", true},
		{"[::1]:5000", "[::1]:4040", true},
		{"[::ffff:127.0.0.1]:5000", "127.0.0.1", true},
		{"127.0.0.1:5000", "music.example.org", false}, // a proxy, or a page that rebinds a name
		{"192.168.1.2:5000", "localhost:4040", false},
		{"127.0.0.1:0", "localhost", false}, // a socket
		{"", "localhost", false},
	} {
		r := httptest.NewRequest(http.MethodGet, metricsPath, nil)
		r.RemoteAddr, r.Host = c.from, c.host
		if isLocal(r) != c.want {
			t.Errorf("%s asks %s: not %v", c.from, c.host, c.want)
		}
	}
}
