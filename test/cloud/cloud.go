// Package cloud is what the owner of a bucket does to it, for tests against
// real servers of buckets: put, copy, delete. It signs its requests itself and
// shares no code with the program or its libraries, so that neither has to
// agree with its own mistakes.
package cloud

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Bucket is one bucket of a server.
type Bucket struct {
	Name     string
	Location string            // for the program
	Secret   map[string]string // what opens it, by the program's names

	base  string // URL
	azure bool
	sign  func(r *http.Request, length int, sum string)
	// reader makes what may only list and read the bucket.
	reader func(t testing.TB) map[string]string
}

// Variable returns one that test/with-buckets sets. Without it the test is
// skipped, or fails where SONGLOCKER_TEST_BUCKETS says that it has to run.
func Variable(t testing.TB, name string) string {
	t.Helper()
	v := os.Getenv(name)
	switch {
	case v != "":
	case os.Getenv("SONGLOCKER_TEST_BUCKETS") != "":
		t.Fatal(name + " is not set: run the tests by test/with-buckets")
	default:
		t.Skip(name + " is not set: test/with-buckets sets it")
	}
	return v
}

// Pair lets somebody in at an S3 server.
type Pair struct{ ID, Secret string }

// Root is the pair of the S3 server's owner.
func Root(t testing.TB) Pair {
	t.Helper()
	return Pair{Variable(t, "SONGLOCKER_TEST_S3_KEY"), Variable(t, "SONGLOCKER_TEST_S3_SECRET")}
}

// S3 makes a bucket of the S3 server, unless it is there.
func S3(t testing.TB, name string) *Bucket {
	t.Helper()
	return S3At(t, Variable(t, "SONGLOCKER_TEST_S3_ENDPOINT"), Root(t), name)
}

// region is what versitygw answers to.
const region = "us-east-1"

// S3At makes a bucket of some S3 server, unless it is there.
func S3At(t testing.TB, endpoint string, p Pair, name string) *Bucket {
	t.Helper()
	b := &Bucket{Name: name, base: endpoint + "/" + name,
		Secret: map[string]string{"access_key_id": p.ID, "secret_access_key": p.Secret}}
	b.sign = func(r *http.Request, _ int, sum string) { p.sign(r, sum) }
	b.Location = "s3://" + name + "?" + url.Values{"endpoint": {endpoint}, "region": {region}, "use_path_style": {"true"}}.Encode()
	b.reader = func(t testing.TB) map[string]string {
		user := Pair{"reader-of-" + name, rand.Text()}
		addUser(t, endpoint, p, user)
		b.must(t, http.MethodPut, b.base+"?policy=", nil, []byte(ReadOnly(user.ID, name)))
		return map[string]string{"access_key_id": user.ID, "secret_access_key": user.Secret}
	}
	b.make(t, b.base)
	return b
}

// ReadOnly is the smallest policy of an S3 bucket by which the program works.
func ReadOnly(user, bucket string) string {
	return `{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": ["` + user + `"]}, "Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::` + bucket + `"]},
    {"Effect": "Allow", "Principal": {"AWS": ["` + user + `"]}, "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::` + bucket + `/*"]}
  ]
}`
}

// sign signs a request by
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.
func (p Pair) sign(r *http.Request, sum string) {
	now := time.Now().UTC()
	r.Header.Set("X-Amz-Date", now.Format("20060102T150405Z"))
	r.Header.Set("X-Amz-Content-Sha256", sum)
	names, lines := []string{"host"}, "host:"+r.URL.Host+"\n"
	for name := range r.Header {
		if n := strings.ToLower(name); strings.HasPrefix(n, "x-amz-") {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names[1:] {
		lines += n + ":" + r.Header.Get(n) + "\n"
	}
	signed := strings.Join(names, ";")
	query := strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")
	request := strings.Join([]string{r.Method, r.URL.EscapedPath(), query, lines, signed, sum}, "\n")
	hash := sha256.Sum256([]byte(request))
	scope := now.Format("20060102") + "/" + region + "/s3/aws4_request"
	key := []byte("AWS4" + p.Secret)
	for part := range strings.SplitSeq(scope, "/") {
		key = mac(key, part)
	}
	text := "AWS4-HMAC-SHA256\n" + r.Header.Get("X-Amz-Date") + "\n" + scope + "\n" + hex.EncodeToString(hash[:])
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%x", p.ID, scope, signed, mac(key, text)))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// Azure makes a container of the Azure Blob server, unless it is there.
func Azure(t testing.TB, name string) *Bucket {
	t.Helper()
	endpoint, account, secret := Variable(t, "SONGLOCKER_TEST_AZURE_ENDPOINT"), Variable(t, "SONGLOCKER_TEST_AZURE_ACCOUNT"), Variable(t, "SONGLOCKER_TEST_AZURE_KEY")
	key, err := base64.StdEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	b := &Bucket{Name: name, base: endpoint + "/" + name, azure: true,
		Secret: map[string]string{"key": secret}}
	b.sign = func(r *http.Request, length int, _ string) { signAzure(r, account, key, length) }
	host := strings.TrimSuffix(strings.TrimPrefix(endpoint, "http://"), "/"+account)
	b.Location = "azblob://" + name + "?" + url.Values{"storage_account": {account}, "domain": {host}, "protocol": {"http"}, "localemu": {"true"}}.Encode()
	b.reader = func(testing.TB) map[string]string {
		return map[string]string{"sas": sas(account, key, name)}
	}
	b.make(t, b.base+"?restype=container")
	return b
}

// sas signs a token to list and read a container for a day, by
// https://learn.microsoft.com/rest/api/storageservices/create-service-sas.
func sas(account string, key []byte, container string) string {
	const version = "2021-12-02"
	until := time.Now().UTC().Add(24 * time.Hour).Format("2006-01-02T15:04:05Z")
	// Empty are the start, the policy's name, the address, the protocol, the
	// snapshot, the encryption scope and the headers of answers.
	text := strings.Join([]string{"rl", "", until, "/blob/" + account + "/" + container, "", "", "", version, "c", "", "", "", "", "", "", ""}, "\n")
	return url.Values{"sp": {"rl"}, "se": {until}, "sv": {version}, "sr": {"c"}, "sig": {base64.StdEncoding.EncodeToString(mac(key, text))}}.Encode()
}

// signAzure signs a request by
// https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key.
func signAzure(r *http.Request, account string, key []byte, length int) {
	r.Header.Set("X-Ms-Date", time.Now().UTC().Format(http.TimeFormat))
	r.Header.Set("X-Ms-Version", "2021-12-02")
	var headers []string
	for name := range r.Header {
		if n := strings.ToLower(name); strings.HasPrefix(n, "x-ms-") {
			headers = append(headers, n+":"+r.Header.Get(name))
		}
	}
	slices.Sort(headers)
	size := ""
	if length > 0 {
		size = fmt.Sprint(length)
	}
	resource := "/" + account + r.URL.EscapedPath()
	var query []string
	for name, values := range r.URL.Query() {
		query = append(query, "\n"+strings.ToLower(name)+":"+strings.Join(values, ","))
	}
	slices.Sort(query)
	text := r.Method + "\n\n\n" + size + "\n\n" + r.Header.Get("Content-Type") + "\n\n\n\n\n\n\n" +
		strings.Join(headers, "\n") + "\n" + resource + strings.Join(query, "")
	r.Header.Set("Authorization", "SharedKey "+account+":"+base64.StdEncoding.EncodeToString(mac(key, text)))
}

// client lets many requests go at once.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}, Timeout: time.Minute}

// do sends a signed request and returns the status and the body.
func (b *Bucket) do(t testing.TB, method, address string, header map[string]string, body []byte) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return 0, nil
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	sum := sha256.Sum256(body)
	b.sign(r, len(body), hex.EncodeToString(sum[:]))
	resp, err := client.Do(r)
	if err != nil {
		t.Errorf("%s %s: %v", method, r.URL.Path, err)
		return 0, nil
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s %s: %v", method, r.URL.Path, err)
	}
	return resp.StatusCode, text
}

// must is do, and the test fails unless it succeeds.
func (b *Bucket) must(t testing.TB, method, address string, header map[string]string, body []byte) []byte {
	t.Helper()
	status, text := b.do(t, method, address, header, body)
	if status >= 300 {
		t.Errorf("%s %s: %d\n%s", method, address, status, text)
	}
	return text
}

func (b *Bucket) make(t testing.TB, address string) {
	t.Helper()
	status, text := b.do(t, http.MethodPut, address, nil, nil)
	if status >= 300 && status != http.StatusConflict {
		t.Fatalf("make the bucket %s: %d\n%s", b.Name, status, text)
	}
}

// Reader makes a secret that may list and read the bucket and nothing else.
func (b *Bucket) Reader(t testing.TB) map[string]string {
	t.Helper()
	return b.reader(t)
}

// URL is the address of an object.
func (b *Bucket) URL(key string) string {
	parts := strings.Split(key, "/")
	for i := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(parts[i]), "+", "%20")
	}
	return b.base + "/" + strings.Join(parts, "/")
}

// Put stores an object.
func (b *Bucket) Put(t testing.TB, key string, body []byte) {
	t.Helper()
	header := map[string]string{"Content-Type": "application/octet-stream"}
	if b.azure {
		header["X-Ms-Blob-Type"] = "BlockBlob"
	}
	b.must(t, http.MethodPut, b.URL(key), header, body)
}

// Get reads an object.
func (b *Bucket) Get(t testing.TB, key string) []byte {
	t.Helper()
	return b.must(t, http.MethodGet, b.URL(key), nil, nil)
}

// Delete removes an object.
func (b *Bucket) Delete(t testing.TB, key string) {
	t.Helper()
	b.must(t, http.MethodDelete, b.URL(key), nil, nil)
}

// Rename copies an object and removes the old one, as tools do that rename.
func (b *Bucket) Rename(t testing.TB, from, to string) {
	t.Helper()
	name, source := "X-Amz-Copy-Source", b.URL(from)
	if b.azure {
		name = "X-Ms-Copy-Source"
	} else if u, err := url.Parse(source); err == nil {
		source = u.EscapedPath()
	}
	b.must(t, http.MethodPut, b.URL(to), map[string]string{name: source}, nil)
	b.Delete(t, from)
}

// Upload stores many objects, several at once.
func (b *Bucket) Upload(t testing.TB, files map[string][]byte) {
	t.Helper()
	queue := make(chan string)
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			for key := range queue {
				b.Put(t, key, files[key])
			}
		})
	}
	for key := range files {
		queue <- key
	}
	close(queue)
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// addUser makes a user of versitygw who may do what policies let them.
func addUser(t testing.TB, endpoint string, root, user Pair) {
	t.Helper()
	body, err := xml.Marshal(struct {
		XMLName              xml.Name `xml:"Account"`
		Access, Secret, Role string
	}{Access: user.ID, Secret: user.Secret, Role: "user"})
	if err != nil {
		t.Fatal(err)
	}
	b := &Bucket{sign: func(r *http.Request, _ int, sum string) { root.sign(r, sum) }}
	b.must(t, http.MethodPatch, endpoint+"/create-user", nil, body)
}
