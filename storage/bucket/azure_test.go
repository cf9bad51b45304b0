//go:build !noazure

package bucket

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/storagetest"
)

// fakeAzure is as much of Azure Blob Storage as the store speaks, by
// https://learn.microsoft.com/rest/api/storageservices.
type fakeAzure struct {
	mu      sync.Mutex
	objects map[string]azureFile
	refuse  func(w http.ResponseWriter, r *http.Request) bool
	seen    []*http.Request
}

type azureFile struct{ data, etag, tier string }

// azureTime is when all objects were made.
const azureTime = "Fri, 02 Jan 2026 03:04:05 GMT"

func (f *fakeAzure) fail(w http.ResponseWriter, r *http.Request, status int, code, more string) {
	w.Header().Set("X-Ms-Error-Code", code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, "\ufeff<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>%s</Code><Message>Words of the provider.\nRequestId:1\nTime:2</Message>%s</Error>", code, more)
	}
}

func (f *fakeAzure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, r)
	if f.refuse != nil && f.refuse(w, r) {
		return
	}
	path, ok := strings.CutPrefix(r.URL.EscapedPath(), "/account/music")
	q := r.URL.Query()
	if !ok {
		f.fail(w, r, 404, "ContainerNotFound", "")
		return
	}
	if q.Get("comp") == "list" {
		text := func(s string) string {
			var b strings.Builder
			_ = xml.EscapeText(&b, []byte(s))
			return b.String()
		}
		size, _ := strconv.Atoi(q.Get("maxresults"))
		n, next, last := 0, "", ""
		var b strings.Builder
		for _, key := range slices.Sorted(maps.Keys(f.objects)) {
			rest, in := strings.CutPrefix(key, q.Get("prefix"))
			if !in || key <= q.Get("marker") {
				continue
			}
			if n == size {
				next = last
				break
			}
			last = key
			if folder, _, ok := strings.Cut(rest, "/"); ok && q.Get("delimiter") == "/" {
				p := "<BlobPrefix><Name>" + text(q.Get("prefix")+folder+"/") + "</Name></BlobPrefix>"
				if !strings.Contains(b.String(), p) {
					b.WriteString(p)
					n++
				}
				continue
			}
			o := f.objects[key]
			name := "<Name>" + text(key) + "</Name>"
			if strings.ContainsAny(key, "\x01\n\t\r") {
				name = `<Name Encoded="true">` + text(strings.ReplaceAll(url.QueryEscape(key), "+", "%20")) + "</Name>"
			}
			fmt.Fprintf(&b, "<Blob>%s<Properties><Last-Modified>%s</Last-Modified><Etag>%s</Etag><Content-Length>%d</Content-Length><AccessTier>%s</AccessTier></Properties></Blob>", name, azureTime, o.etag, len(o.data), o.tier)
			n++
		}
		w.Header().Set("Content-Type", "application/xml")
		fmt.Fprintf(w, `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>%s</Blobs><NextMarker>%s</NextMarker></EnumerationResults>`, b.String(), text(next))
		return
	}
	key, _ := url.PathUnescape(strings.TrimPrefix(path, "/"))
	o, ok := f.objects[key]
	if !ok {
		f.fail(w, r, 404, "BlobNotFound", "")
		return
	}
	quoted := `"` + o.etag + `"`
	if m := r.Header.Get("If-Match"); m != "" && m != quoted {
		f.fail(w, r, 412, "ConditionNotMet", "")
		return
	}
	if o.tier == "Archive" && r.Method == http.MethodGet {
		f.fail(w, r, 409, "BlobArchived", "")
		return
	}
	h := w.Header()
	h.Set("ETag", quoted)
	h.Set("Last-Modified", azureTime)
	h.Set("x-ms-access-tier", o.tier)
	h.Set("x-ms-creation-time", azureTime)
	begin, end, status := 0, len(o.data), 200
	if spec := r.Header.Get("X-Ms-Range"); spec != "" {
		a, b, _ := strings.Cut(strings.TrimPrefix(spec, "bytes="), "-")
		begin, _ = strconv.Atoi(a)
		if begin >= end {
			f.fail(w, r, 416, "InvalidRange", "")
			return
		}
		if n, err := strconv.Atoi(b); err == nil {
			end = min(end, n+1)
		}
		status = 206
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", begin, end-1, len(o.data)))
	}
	h.Set("Content-Length", strconv.Itoa(end-begin))
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_, _ = w.Write([]byte(o.data[begin:end]))
	}
}

// azureSecret is a key of the account.
var azureSecret = base64.StdEncoding.EncodeToString([]byte("the account's secret key"))

// newAzure opens a container with these files below a prefix.
func newAzure(t *testing.T, files map[string]string, tier string) (*Store, *fakeAzure) {
	t.Helper()
	f := &fakeAzure{objects: map[string]azureFile{}}
	for key, data := range files {
		f.objects["all of it/"+key] = azureFile{data, fmt.Sprintf("0x8D%d", len(f.objects)), tier}
	}
	h := httptest.NewServer(f)
	t.Cleanup(h.Close)
	u, err := storage.Parse("azblob://music/all%20of%20it?protocol=http&storage_account=account&domain=" + strings.TrimPrefix(h.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := openAzure(u, storage.Options{Secret: storage.Secret{"key": azureSecret}}, quick)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.(*Store), f
}

func TestAzure(t *testing.T) {
	storagetest.Run(t, func(t *testing.T, files map[string]string) storage.Store {
		s, _ := newAzure(t, files, "Hot")
		return s
	})
}

func TestAzurePinned(t *testing.T) {
	storagetest.Pinned(t, func(t *testing.T, files map[string]string) (storage.Store, func(key, content string)) {
		s, f := newAzure(t, files, "Hot")
		return s, func(key, content string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.objects["all of it/"+key] = azureFile{content, f.objects["all of it/"+key].etag + "1", "Hot"}
		}
	})
}

// TestAzureReads: reads demand the ETag that was listed, of the name as it is,
// which gocloud.dev would rewrite.
func TestAzureReads(t *testing.T) {
	const name = "50% #1? \"a\"\\b/c\x01.mp3"
	s, f := newAzure(t, map[string]string{name: "0123456789"}, "Cool")
	var c storage.Counter
	ctx := storage.WithCounter(t.Context(), &c)
	var o storage.Object
	if err := s.List(ctx, "", func(x storage.Object) error { o = x; return nil }); err != nil {
		t.Fatal(err)
	}
	if o.Key != name || o.ETag != "0x8D0" || o.Archived || time.Unix(0, o.ModTime).UTC().Format(http.TimeFormat) != azureTime {
		t.Errorf("the object is %+v", o)
	}
	if st, err := s.Stat(ctx, name); err != nil || st != o {
		t.Errorf("Stat says %+v, %v; List says %+v", st, err, o)
	}
	file, err := s.Pinned(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := make([]byte, 3)
	if _, err := file.ReadAt(p, 2); err != nil || string(p) != "234" {
		t.Errorf("%q, %v", p, err)
	}
	last := f.seen[len(f.seen)-1]
	if last.Header.Get("If-Match") != `"0x8D0"` || !strings.HasPrefix(last.Header.Get("Authorization"), "SharedKey account:") {
		t.Errorf("the read is %s %v", last.URL, last.Header)
	}
	if c.Lists.Load() != 1 || c.Heads.Load() != 1 || c.Gets.Load() != 1 || c.Bytes.Load() != 3 {
		t.Errorf("counted %d lists, %d heads, %d gets, %d bytes", c.Lists.Load(), c.Heads.Load(), c.Gets.Load(), c.Bytes.Load())
	}
	f.mu.Lock()
	f.objects["all of it/"+name] = azureFile{"9876543210", "0x8D7", "Cool"}
	f.mu.Unlock()
	if _, err := file.ReadAt(p, 2); !errors.Is(err, storage.ErrChanged) {
		t.Errorf("a read of another content: %v", err)
	}
	link, err := s.Link(ctx, storage.Object{Key: "a b.mp3"}, storage.Link{Life: time.Hour, ContentType: "audio/mpeg", Disposition: "attachment"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil || u.Path != "/account/music/all of it/a b.mp3" {
		t.Errorf("the link is %s, %v", link, err)
	}
	for name, want := range map[string]string{"sp": "r", "rsct": "audio/mpeg", "rscd": "attachment", "sr": "b"} {
		if got := u.Query().Get(name); got != want {
			t.Errorf("%s of the link is %q", name, got)
		}
	}
}

func TestAzureArchived(t *testing.T) {
	s, f := newAzure(t, map[string]string{"a": "0123"}, "Archive")
	var o storage.Object
	if err := s.List(t.Context(), "", func(x storage.Object) error { o = x; return nil }); err != nil || !o.Archived {
		t.Fatal(o, err)
	}
	n := len(f.seen)
	if _, err := s.Pinned(t.Context(), o); !errors.Is(err, models.ErrUnavailable) || len(f.seen) != n {
		t.Errorf("opening an archived object: %v", err)
	}
	if _, err := s.Open(t.Context(), "a", 0, 1); !errors.Is(err, models.ErrUnavailable) || !strings.Contains(err.Error(), "restore it") {
		t.Errorf("reading an archived object: %v", err)
	}
}

// TestAzureSAS: a SAS is part of each address, and of no error.
func TestAzureSAS(t *testing.T) {
	_, f := newAzure(t, map[string]string{"a": "0123"}, "Hot")
	h := httptest.NewServer(f)
	const sas = "?sv=2026-01-01&sr=c&sp=rl&se=2027-12-31T00%3A00Z&sig=c2lnbmF0dXJlIG9mIGFsbA%3D%3D"
	u, _ := url.Parse("azblob://music?protocol=http&storage_account=account&domain=" + strings.TrimPrefix(h.URL, "http://"))
	s, err := openAzure(u, storage.Options{Secret: storage.Secret{"sas": sas}}, quick)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := list(t.Context(), s, ""); err != nil || len(got) != 1 {
		t.Errorf("List = %q, %v", got, err)
	}
	if got := f.seen[len(f.seen)-1].URL.Query().Get("sig"); got != "c2lnbmF0dXJlIG9mIGFsbA==" {
		t.Errorf("the request bears the signature %q", got)
	}
	f.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		f.fail(w, r, 403, "AuthorizationFailure", "")
		return true
	}
	_, one := s.Stat(t.Context(), "a")
	h.Close()
	_, two := list(t.Context(), s, "")
	for _, err := range []error{one, two} {
		text := fmt.Sprintf("%v %+v %#v", err, err, err)
		if err == nil || strings.Contains(text, "c2lnb") || strings.Contains(text, "sig=") || strings.Contains(text, "se=") {
			t.Errorf("the error is %s", text)
		}
	}
}

func TestAzureErrors(t *testing.T) {
	s, f := newAzure(t, map[string]string{"a": "0123"}, "Hot")
	for _, c := range []struct {
		status     int
		code, more string
		kind       error
		says       string
	}{
		{403, "AuthorizationPermissionMismatch", "", fs.ErrPermission, "Storage Blob Data Reader"},
		{403, "AuthenticationFailed", "", fs.ErrPermission, "Correct the library's key"},
		{403, "AuthenticationFailed", "<AuthenticationErrorDetail>Signature not valid in the specified time frame</AuthenticationErrorDetail>", models.ErrUnavailable, "new key"},
		{403, "AuthenticationFailed", "<AuthenticationErrorDetail>Request date header too old</AuthenticationErrorDetail>", models.ErrUnavailable, "clock"},
		{404, "ContainerNotFound", "", models.ErrUnavailable, "Correct the name"},
		{503, "ServerBusy", "", storage.ErrThrottled, "fewer requests"},
		{500, "InternalError", "", models.ErrUnavailable, "InternalError"},
	} {
		f.refuse = func(w http.ResponseWriter, r *http.Request) bool {
			f.fail(w, r, c.status, c.code, c.more)
			return true
		}
		_, one := list(t.Context(), s, "")
		_, two := s.Open(t.Context(), "a", 0, 1)
		for _, err := range []error{one, two} {
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "Words of the provider") || strings.Contains(err.Error(), "RequestId") || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%d %s: %v", c.status, c.code, err)
			}
		}
	}
	f.refuse = nil
	u, _ := url.Parse("azblob://music?storage_account=account&domain=nas:10000&localemu=true")
	if s, err := openAzure(u, storage.Options{Secret: storage.Secret{"connection_string": "DefaultEndpointsProtocol=http;AccountName=account;AccountKey=" + azureSecret + ";BlobEndpoint=http://nas:10000/account;"}}, quick); err != nil {
		t.Error(err)
	} else if _, err := s.Stat(t.Context(), "a"); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), "protocol=http") {
		t.Errorf("a connection string of http: %v", err)
	}
	for query, says := range map[string]string{
		"":                               "account and key",
		"?sas=verysecret":                "not part of a location",
		"?storage_acount=account":        `did you mean "storage_account"?`,
		"?anonymous=true":                "storage_account",
		"?storage_account=a&protocol=ws": "",
	} {
		u, _ := url.Parse("azblob://music" + query)
		if _, err := openAzure(u, storage.Options{}, quick); !errors.Is(err, models.ErrInvalid) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%s: %v; want it to say %q", u, err, says)
		}
	}
}
