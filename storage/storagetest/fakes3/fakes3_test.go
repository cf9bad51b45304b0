package fakes3_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
)

// do sends one request, with headers as pairs of name and value.
func do(t *testing.T, method, url string, headers ...string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp, string(b), err
}

type listing struct {
	Contents []struct {
		Key, ETag, LastModified, StorageClass string
		Size                                  int64
	}
	CommonPrefixes        []struct{ Prefix string }
	NextContinuationToken string
	IsTruncated           bool
	KeyCount              int
}

// list asks for one page.
func list(t *testing.T, s *fakes3.Server, query ...string) listing {
	t.Helper()
	q := url.Values{"list-type": {"2"}}
	for i := 0; i+1 < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	resp, body, err := do(t, "GET", s.URL+"/"+fakes3.Bucket+"?"+q.Encode())
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("list %v: %v, %v, %s", query, resp, err, body)
	}
	var l listing
	if err := xml.Unmarshal([]byte(body), &l); err != nil {
		t.Fatalf("list %v: %v in %s", query, err, body)
	}
	return l
}

func (l listing) names() (out []string) {
	for _, c := range l.Contents {
		out = append(out, c.Key)
	}
	for _, c := range l.CommonPrefixes {
		out = append(out, c.Prefix)
	}
	return out
}

func TestList(t *testing.T) {
	s := fakes3.New(t, map[string]string{"a/1": "x", "a/2": "xx", "a/b/3": "x", "ab": "x", "b c+d": "x", "z\x01": "x"})
	s.Unlist("a/2")
	for _, c := range []struct{ query, want string }{
		{"prefix=a/", "a/1 a/b/3"},
		{"prefix=a&delimiter=/", "ab a/"},
		{"prefix=a/&delimiter=/", "a/1 a/b/"},
		{"start-after=a/1&prefix=a", "a/b/3 ab"},
		{"encoding-type=url&prefix=b", "b+c%2Bd"},
		{"encoding-type=url&prefix=z", "z%01"},
		{"max-keys=0&prefix=a", ""},
	} {
		q, _ := url.ParseQuery(c.query)
		var args []string
		for k := range q {
			args = append(args, k, q.Get(k))
		}
		if got := strings.Join(list(t, s, args...).names(), " "); got != c.want {
			t.Errorf("%s lists %q, want %q", c.query, got, c.want)
		}
	}
	// Without an encoding S3 sends XML that a parser refuses.
	_, body, _ := do(t, "GET", s.URL+"/music?list-type=2&prefix=z")
	if err := xml.Unmarshal([]byte(body), &listing{}); err == nil {
		t.Error("a control character was sent as good XML")
	}
	var got []string
	for token, pages := "", 0; ; pages++ {
		query := []string{"max-keys", "1", "delimiter", "/", "encoding-type", "url"}
		if token != "" {
			query = append(query, "continuation-token", token)
		}
		l := list(t, s, query...)
		got = append(got, l.names()...)
		if token = l.NextContinuationToken; token == "" || pages > 10 {
			break
		}
	}
	if want := []string{"a/", "ab", "b+c%2Bd", "z%01"}; !slices.Equal(got, want) {
		t.Errorf("pages of one hold %q, want %q", got, want)
	}
}

func TestGet(t *testing.T) {
	s := fakes3.New(t, map[string]string{"a b/ü+%.mp3": "0123456789"})
	s.PutObject("parts", fakes3.Object{Data: []byte("x"), Parts: 3})
	s.PutObject("cold", fakes3.Object{Data: []byte("x"), Class: "GLACIER"})
	u := s.URL + "/music/" + "a%20b/%C3%BC%2B%25.mp3"
	etag := `"` + s.ETag("a b/ü+%.mp3") + `"`
	for _, c := range []struct {
		method, url  string
		headers      []string
		status       int
		body, header string
	}{
		{"GET", u, nil, 200, "0123456789", etag},
		{"HEAD", u, nil, 200, "", etag},
		{"GET", u, []string{"Range", "bytes=2-4"}, 206, "234", "bytes 2-4/10"},
		{"GET", u, []string{"Range", "bytes=8-100"}, 206, "89", "bytes 8-9/10"},
		{"GET", u, []string{"Range", "bytes=-3"}, 206, "789", "bytes 7-9/10"},
		{"GET", u, []string{"Range", "bytes=10-"}, 416, "InvalidRange", "bytes */10"},
		{"GET", u, []string{"If-Match", etag}, 200, "0123456789", ""},
		{"GET", u, []string{"If-Match", `"other"`}, 412, "PreconditionFailed", ""},
		{"GET", s.URL + "/music/none", nil, 404, "NoSuchKey", ""},
		{"GET", s.URL + "/other/none", nil, 404, "NoSuchBucket", ""},
		{"GET", s.URL + "/music/cold", nil, 403, "InvalidObjectState", ""},
		{"HEAD", s.URL + "/music/cold", nil, 200, "", "GLACIER"},
		{"HEAD", s.URL + "/music/parts", nil, 200, "", `-3"`},
		{"POST", u, nil, 501, "NotImplemented", ""},
	} {
		resp, body, err := do(t, c.method, c.url, c.headers...)
		if err != nil || resp.StatusCode != c.status || !strings.Contains(body, c.body) || !strings.Contains(fmt.Sprint(resp.Header), c.header) {
			t.Errorf("%s %s %q: %v, %v, %q", c.method, c.url, c.headers, resp, err, body)
		}
	}
	c := s.Counts()
	if c.Gets != 10 || c.Heads != 3 || c.Others != 1 || c.Bytes != 10+3+2+3+10 || c.Requests() != 14 {
		t.Errorf("counted %+v", c)
	}
	if r := s.Requests(); len(r) != 14 || r[2].Header.Get("Range") != "bytes=2-4" || r[2].Status != 206 || r[2].Key != "a b/ü+%.mp3" {
		t.Errorf("remembers %d requests, the third is %+v", len(r), r[2])
	}
}

func TestFaults(t *testing.T) {
	s := fakes3.New(t, map[string]string{"a": "0123456789", "b/c": "x"})
	slow := fakes3.SlowDown
	slow.Kind, slow.Skip, slow.Times = fakes3.Get, 1, 2
	s.Fail(slow)
	var got []int
	for range 5 {
		resp, _, err := do(t, "GET", s.URL+"/music/a")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, resp.StatusCode)
	}
	if want := []int{200, 503, 503, 200, 200}; !slices.Equal(got, want) || s.Counts().Throttled != 2 {
		t.Errorf("answers %v and %d throttled, want %v", got, s.Counts().Throttled, want)
	}
	s.Heal()
	s.Fail(fakes3.Fault{Kind: fakes3.Get, Prefix: "a", Cut: 4, Times: 1})
	if _, body, err := do(t, "GET", s.URL+"/music/a"); err == nil || body != "0123" {
		t.Errorf("a cut body is %q, %v", body, err)
	}
	if _, body, err := do(t, "GET", s.URL+"/music/a"); err != nil || body != "0123456789" {
		t.Errorf("after the cut the body is %q, %v", body, err)
	}
	s.Fail(fakes3.Fault{Kind: fakes3.List, Cut: -1})
	if _, _, err := do(t, "GET", s.URL+"/music?list-type=2"); err == nil {
		t.Error("a listing that is cut before its first byte has no error")
	}
	s.Heal()
	s.Fail(fakes3.Fault{Kind: fakes3.Get, Prefix: "a", Skip: 1, Do: func() { s.Put("a", []byte("changed")) }})
	for _, want := range []string{"0123456789", "changed"} {
		if _, body, err := do(t, "GET", s.URL+"/music/a"); err != nil || body != want {
			t.Errorf("the object reads %q, %v; want %q", body, err, want)
		}
	}
	wait := make(chan struct{})
	s.Fail(fakes3.Fault{Prefix: "b", Wait: wait})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, _ := http.NewRequestWithContext(ctx, "GET", s.URL+"/music/b/c", nil)
	if _, err := http.DefaultTransport.RoundTrip(r); err == nil {
		t.Error("a cancelled request has no error")
	}
	close(wait)
}

func TestSettings(t *testing.T) {
	s := fakes3.New(t, map[string]string{"a": "x"})
	s.Set(fakes3.Settings{RequireKey: true})
	if resp, _, err := do(t, "GET", s.URL+"/music/a"); err != nil || resp.StatusCode != 403 {
		t.Errorf("an unsigned request: %v, %v", resp, err)
	}
	s.Set(fakes3.Settings{RefuseChecksums: true, NoTimes: true})
	if resp, _, err := do(t, "GET", s.URL+"/music/a", "X-Amz-Checksum-Mode", "ENABLED"); err != nil || resp.StatusCode != 501 {
		t.Errorf("a checksum header: %v, %v", resp, err)
	}
	if l := list(t, s); len(l.Contents) != 1 || l.Contents[0].LastModified != "" {
		t.Errorf("a listing without times: %+v", l)
	}
	s.PutObject("large", fakes3.Object{Reader: bytes.NewReader(make([]byte, 100)), Size: 100})
	if l := list(t, s, "prefix", "large"); l.Contents[0].Size != 100 || l.Contents[0].ETag == "" {
		t.Errorf("an object made of a reader: %+v", l)
	}
}
