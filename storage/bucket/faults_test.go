package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
)

// times returns a fault that strikes so many requests.
func times(f fakes3.Fault, n int) fakes3.Fault {
	f.Times = n
	return f
}

// TestErrors: each refusal keeps its kind, and says what to do in plain words.
func TestErrors(t *testing.T) {
	archived := fakes3.Fault{Status: 403, Code: "InvalidObjectState", Message: "The operation is not valid for the object's storage class"}
	for _, c := range []struct {
		fault fakes3.Fault
		kind  error
		says  string
	}{
		{fakes3.Denied, fs.ErrPermission, "s3:GetObject"},
		{fakes3.UnknownKey, fs.ErrPermission, "Correct the library's key"},
		{fakes3.Fault{Status: 403, Code: "SignatureDoesNotMatch", Message: "x"}, fs.ErrPermission, "its secret"},
		{fakes3.NoSuchBucket, models.ErrUnavailable, "Correct the name in the library's location"},
		{fakes3.ExpiredToken, models.ErrUnavailable, "Give the library a new key"},
		{fakes3.SkewedClock, models.ErrUnavailable, "Set this machine's clock"},
		{fakes3.Broken, models.ErrUnavailable, "Internal"},
		{fakes3.SlowDown, storage.ErrThrottled, "fewer requests"},
		{fakes3.SlowDown, models.ErrUnavailable, "tried again later"},
		{fakes3.TooMany, storage.ErrThrottled, "fewer requests"},
		{archived, models.ErrUnavailable, "restore it"},
		{fakes3.Fault{Status: 301, Code: "PermanentRedirect", Message: "The bucket you are attempting to access must be addressed using the specified endpoint."}, models.ErrUnavailable, "region"},
		{fakes3.Fault{Status: 400, Code: "AuthorizationHeaderMalformed", Message: "the region 'us-east-1' is wrong; expecting 'eu-west-1'"}, models.ErrUnavailable, "expecting 'eu-west-1'"},
		{fakes3.Fault{Status: 404, Code: "NoRoute", Message: "nothing here"}, models.ErrUnavailable, "NoRoute: nothing here"},
		{fakes3.Fault{Status: 418, Code: "Teapot", Message: "short and stout"}, models.ErrUnavailable, "Teapot: short and stout"},
	} {
		s, f := newFake(t, "", map[string]string{"a": "0123"})
		o, err := s.Stat(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		f.Fail(c.fault)
		check := func(call string, err error) {
			t.Helper()
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s at %s: %v; want %v that says %q", call, c.fault.Code, err, c.kind, c.says)
			}
		}
		_, err = list(t.Context(), s, "")
		check("List", err)
		if le, ok := errors.AsType[*storage.ListError](err); !ok || le.Key != "" || storage.Complete(err) {
			t.Errorf("List at %s: %v is no ListError of the root", c.fault.Code, err)
		}
		_, err = s.Stat(t.Context(), "a")
		check("Stat", err)
		_, err = s.Open(t.Context(), "a", 0, 1)
		check("Open", err)
		file, err := s.Pinned(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		_, err = file.ReadAt(make([]byte, 1), 0)
		check("ReadAt", err)
		_, err = file.Read(make([]byte, 1))
		check("Read", err)
		_ = file.Close()
	}
}

// TestVanishedBucket: an object of a bucket that is gone is not missing: a
// HEAD alone would say so.
func TestVanishedBucket(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a": "0123"})
	if _, err := s.Stat(t.Context(), "none"); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, models.ErrUnavailable) {
		t.Errorf("a missing object: %v", err)
	}
	f.Fail(fakes3.NoSuchBucket)
	if _, err := s.Stat(t.Context(), "a"); !errors.Is(err, models.ErrUnavailable) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an object of a bucket that is gone: %v", err)
	}
}

// TestLimit: no more requests leave at once than the limit says.
func TestLimit(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a": "0123"})
	o, err := s.Stat(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	s.sender.gate = newGate(4)
	var arrived atomic.Int64
	wait := make(chan struct{})
	f.Fail(fakes3.Fault{Kind: fakes3.Get, Wait: wait, Do: func() { arrived.Add(1) }})
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			file, err := s.Pinned(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			defer file.Close()
			if _, err := file.ReadAt(make([]byte, 4), 0); err != nil {
				t.Error(err)
			}
		})
	}
	for {
		s.sender.gate.mu.Lock()
		n := len(s.sender.gate.waiting)
		s.sender.gate.mu.Unlock()
		if n == 8 && arrived.Load() == 4 {
			break
		}
		if arrived.Load() > 4 {
			t.Fatalf("%d requests are under way", arrived.Load())
		}
		runtime.Gosched()
	}
	close(wait)
	wg.Wait()
	if n := f.Counts().Gets; n != 12 {
		t.Errorf("%d reads came", n)
	}
}

// TestMachineKey: a machine without a key is told so, and is no bucket without
// an object.
func TestMachineKey(t *testing.T) {
	f := fakes3.New(t, map[string]string{"a": "0123"})
	role := httptest.NewServer(http.NotFoundHandler()) // the machine's role is asked for, and there is none
	defer role.Close()
	none := filepath.Join(t.TempDir(), "none")
	for name, v := range map[string]string{
		"AWS_EC2_METADATA_SERVICE_ENDPOINT": role.URL, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_WEB_IDENTITY_TOKEN_FILE": "",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_CONFIG_FILE": none, "AWS_SHARED_CREDENTIALS_FILE": none,
	} {
		t.Setenv(name, v)
	}
	u, err := url.Parse(f.Location(""))
	if err != nil {
		t.Fatal(err)
	}
	s, err := openS3(u, storage.Options{Ambient: true}, quick)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, one := s.Stat(t.Context(), "a")
	_, two := list(t.Context(), s, "")
	for _, err := range []error{one, two} {
		if !errors.Is(err, models.ErrUnavailable) || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "this machine's own key") {
			t.Errorf("a machine without a key: %v", err)
		}
	}
	if n := f.Counts().Requests(); n != 0 {
		t.Errorf("it cost %d requests", n)
	}
}

// TestNetwork: what keeps an answer from coming is told in plain words.
func TestNetwork(t *testing.T) {
	secret := storage.Secret(fakes3.Secret())
	open := func(endpoint string) storage.Store {
		u, _ := url.Parse("s3://b?endpoint=" + url.QueryEscape(endpoint) + "&use_path_style=true")
		p := quick
		p.Stall = 200 * time.Millisecond
		s, err := openS3(u, storage.Options{Secret: secret}, p)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = free.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	done := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}))
	defer silent.Close()
	defer close(done)
	for _, c := range []struct{ endpoint, says string }{
		{"http://" + free.Addr().String(), "refuses connections"},
		{secure.URL, "certificate is not trusted"},
		{strings.Replace(plain.URL, "http:", "https:", 1), "speaks http and not https"},
		{silent.URL, "no answer came in time"},
	} {
		_, err := list(t.Context(), open(c.endpoint), "")
		if !errors.Is(err, models.ErrUnavailable) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want it to say %q", c.endpoint, err, c.says)
		}
	}
	if got := network(&url.Error{Op: "Get", URL: "https://x?X-Amz-Signature=1", Err: &net.DNSError{Name: "nowhere.example", IsNotFound: true}}); !strings.Contains(got, "no host has the name nowhere.example") || strings.Contains(got, "Amz") {
		t.Errorf("an unknown host: %s", got)
	}
}

// TestRetries: what passes is tried again, and each try is counted as the
// provider counts it.
func TestRetries(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a": "0123456789", "b": "x"})
	f.Fail(times(fakes3.SlowDown, 4))
	var c storage.Counter
	ctx := storage.WithCounter(t.Context(), &c)
	if got, err := list(ctx, s, ""); err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	f.Heal()
	broken := times(fakes3.Broken, 2)
	broken.Kind = fakes3.Get
	f.Fail(broken, fakes3.Fault{Kind: fakes3.Get, Cut: -1, Times: 1}, fakes3.Fault{Kind: fakes3.Get, Cut: 4, Times: 1}, times(fakes3.TooMany, 1))
	file, err := s.File(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := make([]byte, 10)
	if n, err := file.ReadAt(p, 0); n != 10 || err != nil || string(p) != "0123456789" {
		t.Errorf("ReadAt through faults = %d %q, %v", n, p, err)
	}
	got := f.Counts()
	if c.Lists.Load() != got.Lists || c.Heads.Load() != got.Heads || c.Gets.Load() != got.Gets || c.Bytes.Load() != got.Bytes || c.Throttled.Load() != got.Throttled {
		t.Errorf("counted %d lists, %d heads, %d gets, %d bytes, %d throttled; the bucket counted %+v",
			c.Lists.Load(), c.Heads.Load(), c.Gets.Load(), c.Bytes.Load(), c.Throttled.Load(), got)
	}
	if got.Throttled != 5 || got.Lists != 5 {
		t.Errorf("the bucket counted %+v", got)
	}
}

// TestCutStream: a stream goes on where its connection broke, in the same
// content.
func TestCutStream(t *testing.T) {
	text := strings.Repeat("0123456789", 10_000)
	s, f := newFake(t, "", map[string]string{"a": text})
	cut := fakes3.Fault{Kind: fakes3.Get, Cut: 30_000, Times: 2}
	f.Fail(cut)
	file, err := s.File(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if b, err := io.ReadAll(file); err != nil || string(b) != text {
		t.Errorf("a stream that was cut twice has %d bytes, %v", len(b), err)
	}
	if n := f.Counts().Gets; n != 3 {
		t.Errorf("it cost %d reads", n)
	}
	f.Heal()
	f.Fail(cut)
	r, err := s.Open(t.Context(), "a", 10, 50_000)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || string(b) != text[10:50_010] {
		t.Errorf("a range that was cut has %d bytes, %v", len(b), err)
	}
	f.Heal()
	f.Fail(fakes3.Fault{Kind: fakes3.Get, Cut: 30_000, Times: 1, Do: func() { f.Put("a", bytes.Repeat([]byte("x"), len(text))) }}, fakes3.Fault{})
	r, err = s.Open(t.Context(), "a", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f.Put("a", bytes.Repeat([]byte("y"), len(text)))
	if b, err := io.ReadAll(r); !errors.Is(err, storage.ErrChanged) || strings.Contains(string(b), "y") {
		t.Errorf("a stream whose object was replaced: %d bytes, %v", len(b), err)
	}
	f.Heal()
	f.Fail(fakes3.Fault{Kind: fakes3.Get, Cut: -1})
	if _, err := s.Open(t.Context(), "a", 0, -1); !errors.Is(err, models.ErrUnavailable) {
		t.Errorf("a stream that breaks each time: %v", err)
	}
}

// TestPinned: no request before the first read, and each read is of the
// content that was listed.
func TestPinned(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a": "0123456789"})
	var o storage.Object
	if err := s.List(t.Context(), "", func(x storage.Object) error { o = x; return nil }); err != nil {
		t.Fatal(err)
	}
	before := f.Counts()
	file, err := s.Pinned(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if n := f.Counts().Sub(before).Requests(); n != 0 {
		t.Errorf("opening cost %d requests", n)
	}
	p := make([]byte, 3)
	if _, err := file.ReadAt(p, 7); err != nil || string(p) != "789" {
		t.Errorf("%q, %v", p, err)
	}
	if d := f.Counts().Sub(before); d.Gets != 1 || d.Heads != 0 || d.Bytes != 3 {
		t.Errorf("a read cost %+v", d)
	}
	f.Put("a", []byte("9876543210")) // of the same size
	if _, err := file.ReadAt(p, 0); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("a read of another content: %v", err)
	}
	f.Put("a", []byte("01"))
	if _, err := file.ReadAt(p, 5); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("a read past the end of a shorter content: %v", err)
	}
	f.Delete("a")
	if _, err := file.ReadAt(p, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a read of a deleted object: %v", err)
	}
}

// TestArchived: such an object is listed, and never asked for.
func TestArchived(t *testing.T) {
	s, f := newFake(t, "", nil)
	for _, class := range []string{"GLACIER", "DEEP_ARCHIVE", "GLACIER_IR", "STANDARD_IA"} {
		f.PutObject(class, fakes3.Object{Data: []byte("x"), Class: class})
	}
	got := map[string]storage.Object{}
	if err := s.List(t.Context(), "", func(o storage.Object) error { got[o.Key] = o; return nil }); err != nil {
		t.Fatal(err)
	}
	before := f.Counts()
	for class, o := range got {
		cold := class == "GLACIER" || class == "DEEP_ARCHIVE"
		if o.Archived != cold {
			t.Errorf("%s: %+v", class, o)
		}
		file, err := s.Pinned(t.Context(), o)
		if cold != errors.Is(err, models.ErrUnavailable) {
			t.Errorf("%s opens with %v", class, err)
		}
		if file != nil {
			_ = file.Close()
		}
	}
	if n := f.Counts().Sub(before).Requests(); n != 0 {
		t.Errorf("opening cost %d requests", n)
	}
	if _, err := s.Open(t.Context(), "GLACIER", 0, 1); !errors.Is(err, models.ErrUnavailable) || f.Counts().Sub(before).Gets != 1 {
		t.Errorf("reading an archived object: %v, %d reads", err, f.Counts().Sub(before).Gets)
	}
}

// many puts n objects into folders by letter.
func many(f *fakes3.Server, n int) {
	for i := range n {
		f.Put(fmt.Sprintf("%c/%d/%d.mp3", 'a'+i%20, i%50, i), nil)
	}
}

// TestListingFaults: pages that fail or break off are asked for again, from
// their place; a prefix that fails makes the listing fail, after all others.
func TestListingFaults(t *testing.T) {
	const n = 12_000
	f := fakes3.New(t, nil)
	many(f, n)
	s := openFake(t, f, "")
	check := func(name string, want int, complete bool) error {
		t.Helper()
		got, err := list(t.Context(), s, "")
		slices.Sort(got)
		if len(got) != want || len(slices.Compact(got)) != want || (err == nil) != complete {
			t.Errorf("%s: %d keys, %d of them once, %v; want %d", name, len(got), len(slices.Compact(got)), err, want)
		}
		return err
	}
	check("sound", n, true)
	f.Fail(fakes3.Fault{Kind: fakes3.List, Skip: 2, Times: 2, Cut: 2000}, fakes3.Fault{Kind: fakes3.List, Skip: 10, Times: 3, Status: 500, Code: "InternalError"})
	check("some pages break", n, true)
	f.Heal()
	denied := fakes3.Denied
	denied.Kind, denied.Prefix = fakes3.List, "t" // of the last 600
	f.Fail(denied)
	err := check("a prefix is forbidden", n-600, false)
	if le, ok := errors.AsType[*storage.ListError](err); !ok || !strings.HasPrefix("t/", le.Key) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("a forbidden prefix is told as %v", err)
	}
	f.Heal()
	late := fakes3.Fault{Kind: fakes3.List, Skip: 3, Status: 500, Code: "InternalError"}
	f.Fail(late)
	got, err := list(t.Context(), s, "")
	if len(got) != 3000 || !errors.Is(err, models.ErrUnavailable) || storage.Complete(err) {
		t.Errorf("the fourth page fails for ever: %d keys, %v", len(got), err)
	}
}

// TestCancelled: the end of a context ends whatever waits, at once.
func TestCancelled(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a": "0123"})
	o, err := s.Stat(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	never := make(chan struct{})
	defer close(never)
	for name, fault := range map[string]fakes3.Fault{"waits": {Wait: never}, "is put off": fakes3.SlowDown} {
		for call, do := range map[string]func(context.Context) error{
			"List": func(ctx context.Context) error { _, err := list(ctx, s, ""); return err },
			"Stat": func(ctx context.Context) error { _, err := s.Stat(ctx, "a"); return err },
			"ReadAt": func(ctx context.Context) error {
				file, err := s.Pinned(ctx, o)
				if err != nil {
					return err
				}
				defer file.Close()
				_, err = file.ReadAt(make([]byte, 1), 0)
				return err
			},
		} {
			s.sender.pace.Base, s.sender.pace.Most = time.Hour, time.Hour
			f.Heal()
			ctx, cancel := context.WithCancel(t.Context())
			arrived := make(chan struct{}, 1)
			fault.Do = func() {
				select {
				case arrived <- struct{}{}:
				default:
				}
			}
			f.Fail(fault)
			go func() { <-arrived; cancel() }()
			if err := do(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("%s of a bucket that %s: %v", call, name, err)
			}
			cancel()
		}
	}
}

// TestNoSecrets: no error of a store shows what opens it or signs for it.
func TestNoSecrets(t *testing.T) {
	s, f := newFake(t, "", map[string]string{"a": "0123"})
	leak := fakes3.Fault{Status: 400, Code: "Odd", Message: "bad https://b.example/a?X-Amz-Signature=abc&sig=def&x=1 with AWSAccessKeyId=" + fakes3.AccessKey + " and " + fakes3.SecretKey + " X-Amz-Credential=q/w se=2026 sp=rl AccountKey=zzz=="}
	f.Fail(leak)
	_, one := list(t.Context(), s, "")
	_, two := s.Stat(t.Context(), "a")
	f.Heal()
	f.Fail(fakes3.Fault{Cut: -1})
	_, three := s.Open(t.Context(), "a", 0, 1)
	for _, err := range []error{one, two, three} {
		if err == nil {
			t.Fatal("no error")
		}
		text := fmt.Sprintf("%v %+v %#v %q", err, err, err, err)
		for _, bad := range []string{"abc", "=def", fakes3.AccessKey, fakes3.SecretKey, "q/w", "2026", "=rl", "zzz", "Authorization"} {
			if strings.Contains(text, bad) {
				t.Errorf("%q stands in %s", bad, text)
			}
		}
	}
}
