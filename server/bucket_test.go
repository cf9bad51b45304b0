package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
)

// lockedBucket is a bucket that wants its key, with two songs below root/.
func lockedBucket(t *testing.T) *fakes3.Server {
	t.Helper()
	f := fakes3.New(t, map[string]string{"root/Band/Album/1.tak": "known by name only", "root/Band/Album/2.tak": "known by name only", "elsewhere/3.tak": "not ours"})
	f.Set(fakes3.Settings{RequireKey: true})
	return f
}

// secretFile writes a file of a secret.
func secretFile(t *testing.T, key string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	text := fmt.Sprintf("access_key_id=%s\nsecret_access_key=%s\n", fakes3.AccessKey, key)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// noSecret fails when a text, or a file below a folder, holds the bucket's key.
func noSecret(t *testing.T, where, text string) {
	t.Helper()
	for _, s := range []string{fakes3.SecretKey, url.QueryEscape(fakes3.SecretKey)} {
		if strings.Contains(text, s) {
			t.Errorf("%s tells the secret", where)
		}
	}
}

func noSecretIn(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil {
			noSecret(t, file, string(b))
		}
	}
}

// TestLibraryCommands adds, tests and sets a library in a bucket by the real
// program.
func TestLibraryCommands(t *testing.T) {
	f := lockedBucket(t)
	data := t.TempDir()
	right, wrong := secretFile(t, fakes3.SecretKey), secretFile(t, "wrong+key")
	command := func(status int, wants ...string) func(args ...string) string {
		return func(args ...string) string {
			t.Helper()
			out, errs, got := outcome(t, program(t, t.Context(), append([]string{"--data", data}, args...)...))
			all := out + errs
			noSecret(t, strings.Join(args, " "), all)
			if got != status {
				t.Fatalf("%v: status %d, want %d\n%s", args, got, status, all)
			}
			for _, w := range wants {
				if !strings.Contains(all, w) {
					t.Errorf("%v: no %q in\n%s", args, w, all)
				}
			}
			return all
		}
	}
	place := f.Location("root")
	command(1, "failed  list", "SignatureDoesNotMatch", "Correct the library's key", "Nothing was added", "--force")("library", "add", "Cloud", place, "--secret-file", wrong)
	command(1, "failed  open", "access_key_id")("library", "add", "Cloud", place)
	command(1, "NoSuchBucket", "Correct the name")("library", "test", strings.Replace(place, "music", "nomusic", 1), "--secret-file", right)
	command(0, "ok      list", "Band/Album/1.tak", "ok      read", "ok      clock", "May list: yes. May read: yes.", "Library 1, Cloud, is added")("library", "add", "Cloud", place, "--secret-file", right)
	command(1, "is, holds or lies in that of library 1")("library", "add", "More", f.Location("root/Band"), "--secret-file", right)
	command(0, "ok      read")("library", "test", "cloud")
	command(0, "ok      read")("library", "test", "1")
	command(1, "failed  list")("library", "test", "1", "--secret-file", wrong)
	command(1, `there is no library "Clod"`)("library", "test", "Clod")
	command(0, "Cloud: 2 files")("scan")

	command(2, "nothing is to be set")("library", "set", "Cloud")
	command(2, `there is no setting of this name`)("library", "set", "Cloud", "colour=red")
	command(2, "no price")("library", "set", "Cloud", "price-gets=cheap")
	command(1, "can't be listed", "Nothing was changed", "--force")("library", "set", "Cloud", "redirect=all", "--secret-file", wrong)
	command(0, "Cloud: secret redirect=all price-gets=0.4 price-bytes=90 request-cap=1000 byte-cap=5.0GB")("library", "set", "Cloud", "redirect=all", "price-gets=0.4", "price-bytes=90", "request-cap=1000", "byte-cap=5GB")
	command(0, "The key in")("key", "rotate")
	list := command(0, "Cloud", "s3://music/root?", "redirect=all")("library", "list")
	if strings.Contains(list, "Alarm of") {
		t.Errorf("an alarm in\n%s", list)
	}

	f.Fail(fakes3.Denied)
	command(1, "failed  list", "AccessDenied", "s3:ListBucket", "May list: no.")("library", "test", "Cloud")
	command(1, "PROBLEM  music: The library Cloud: The place can't be listed", "AccessDenied", "Give the library's key the right to list")("doctor", "--listen", "127.0.0.1:0")
	command(1)("scan", "--library", "Cloud")
	command(0, "Alarm of Cloud: ", "AccessDenied")("library", "list")
	f.Heal()
	f.Fail(fakes3.Fault{Kind: fakes3.Get, Status: 403, Code: "AccessDenied", Message: "Access Denied"})
	command(1, "ok      list", "failed  read", "May list: yes. May read: no.")("library", "test", "Cloud")
	f.Heal()
	f.Fail(fakes3.Fault{Header: http.Header{"Date": {time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}}})
	command(1, "failed  clock", "ahead of the store's")("library", "test", "Cloud")
	f.Heal()
	command(0, "Cloud: 2 files")("scan")
	command(0, "ok       music: The library Cloud can be listed and read", "All is well")("doctor", "--listen", "127.0.0.1:0")

	command(0, "Cloud: redirect=all")("library", "set", "Cloud", "--drop-secret")
	command(1, "failed  open", "access_key_id")("library", "test", "Cloud")
	command(0, "Cloud: secret")("library", "set", "Cloud", "--secret-file", right)
	noSecretIn(t, data)
	if err := os.Remove(filepath.Join(data, "key")); err != nil {
		t.Fatal(err)
	}
	command(0, "The library 1, Cloud, needs its secret again: songlocker library set 1 --secret-file FILE")("key", "reset")
}

// signedIn returns a function that calls our own API as the owner.
func (r *running) signedIn() func(method, path, body string) (int, string) {
	r.t.Helper()
	in, err := http.Post(r.base+"/api/v1/session", "application/json", strings.NewReader(`{"name":"owner","password":"long enough"}`))
	if err != nil {
		r.t.Fatal(err)
	}
	in.Body.Close()
	cookie, _, _ := strings.Cut(in.Header.Get("Set-Cookie"), ";")
	return func(method, path, body string) (int, string) {
		r.t.Helper()
		req, err := http.NewRequestWithContext(r.t.Context(), method, r.base+"/api/v1"+path, strings.NewReader(body))
		if err != nil {
			r.t.Fatal(err)
		}
		req.Header.Set("Cookie", cookie)
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			r.t.Fatal(err)
		}
		defer res.Body.Close()
		var b bytes.Buffer
		if _, err := b.ReadFrom(res.Body); err != nil {
			r.t.Fatal(err)
		}
		return res.StatusCode, b.String()
	}
}

// TestEvents serves a bucket of the configuration beside one that is gone,
// uploads a song, tells of it and waits until it is there.
func TestEvents(t *testing.T) {
	f := lockedBucket(t)
	cloud := "Cloud=" + f.Location("root")
	gone := "Gone=s3://gone?endpoint=http://127.0.0.1:1&region=x"
	r := launch(t, t.TempDir(), []string{
		"SONGLOCKER_ADMIN_PASSWORD=long enough", "SONGLOCKER_SECRET_CLOUD_FILE=" + secretFile(t, fakes3.SecretKey),
		"SONGLOCKER_SECRET_GONE=access_key_id=x\nsecret_access_key=yyyyyyyy",
	}, "--admin-user", "owner", "--base-path", "/base", "--music", cloud, "--music", gone)
	call := r.signedIn()
	songs := func(name string) (n int, alarm string) {
		t.Helper()
		_, body := call("GET", "/libraries", "")
		noSecret(t, "the API", body)
		var all struct {
			Items []struct {
				Name, Alarm string
				Number      int
				Songs       int
				Scanned     *time.Time
			}
		}
		if err := json.Unmarshal([]byte(body), &all); err != nil {
			t.Fatal(err, body)
		}
		for _, l := range all.Items {
			if l.Name == name {
				return l.Songs, l.Alarm
			}
		}
		t.Fatalf("no library %s in %s", name, body)
		return 0, ""
	}
	within(t, "the bucket is scanned", func() bool { n, _ := songs("Cloud"); return n == 2 })
	within(t, "the library that is gone says so", func() bool { _, alarm := songs("Gone"); return strings.Contains(alarm, "refuses connections") })

	status, body := call("POST", "/libraries/2/hook", "")
	if _, alarm := songs("Cloud"); status != 200 || alarm != "" {
		t.Fatal(status, body, alarm)
	}
	secret := regexp.MustCompile(`slh_[a-z0-9]+`).FindString(body)
	if !strings.Contains(body, `"/base/hooks/bucket/2"`) {
		t.Errorf("no address in %s", body)
	}
	// The last scan of all has ended when nothing is asked any more.
	idle := func() bool {
		_, body := call("GET", "/scans/current", "")
		return strings.Contains(body, `"running":false`)
	}
	within(t, "no scan runs", idle)

	f.Put("root/New Band/Däys/1+1.tak", []byte("known by name only"))
	f.Forget()
	began := time.Now()
	event := `{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"music"},"object":{"key":"root/New+Band/D%C3%A4ys/1%2B1.tak"}}}]}`
	res, err := http.Post(r.base+"/hooks/bucket/Cloud/"+secret, "application/json", strings.NewReader(event))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		t.Fatalf("the event is answered with %d", res.StatusCode)
	}
	within(t, "the song is there", func() bool { n, _ := songs("Cloud"); return n == 3 })
	t.Logf("an uploaded song is there %v after its event", time.Since(began).Round(10*time.Millisecond))
	for _, q := range f.Requests() {
		if q.Kind == fakes3.List && q.Query.Get("prefix") != "root/New Band/Däys/" {
			t.Errorf("the listing of %q is more than the event asked for", q.Query.Get("prefix"))
		}
	}

	// The same by header, for an object that is gone.
	f.Delete("root/Band/Album/2.tak")
	if status, body, _ := ask(t, http.MethodPost, r.base+"/hooks/bucket/2", nil, "Authorization", "Bearer wrong"); status != 401 {
		t.Errorf("a wrong secret: %d %s", status, body)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimSuffix(r.base, "/base")+"/hooks/bucket/2", strings.NewReader(`{"EventName":"s3:ObjectRemoved:Delete","Key":"music/root/Band/Album/2.tak"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secret)
	if res, err = http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	within(t, "the song is gone", func() bool { n, _ := songs("Cloud"); return n == 2 })

	r.stop()
	log := r.stdout.String() + r.stderr.String()
	noSecret(t, "the log", log)
	if strings.Contains(log, secret) || !strings.Contains(log, "/hooks/bucket/Cloud/…") {
		t.Errorf("the log tells the secret of events, or nothing of them")
	}
	noSecretIn(t, r.data)
}
