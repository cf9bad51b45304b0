package cloud

import (
	"net/http"
	"testing"
)

// TestBucket holds the client against the real servers.
func TestBucket(t *testing.T) {
	for _, make := range []func(testing.TB, string) *Bucket{S3, Azure} {
		b := make(t, "client")
		b.Put(t, "a b/ü+%.mp3", []byte("hello"))
		b.Rename(t, "a b/ü+%.mp3", "x/y&z#é.mp3")
		if got := string(b.Get(t, "x/y&z#é.mp3")); got != "hello" {
			t.Errorf("%s reads %q", b.Location, got)
		}
		if status, _ := b.do(t, "GET", b.URL("a b/ü+%.mp3"), nil, nil); status != 404 {
			t.Errorf("%s: after the renaming the old name answers %d", b.Location, status)
		}
	}
	endpoint, root := Variable(t, "SONGLOCKER_TEST_S3_ENDPOINT"), Root(t)
	b, reader := S3(t, "client"), Pair{"reader", "reader's secret"}
	AddUser(t, endpoint, root, reader)
	b.Policy(t, `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":["reader"]},"Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::client"]},
		{"Effect":"Allow","Principal":{"AWS":["reader"]},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::client/*"]}]}`)
	mine := *b
	mine.sign = func(r *http.Request, _ int, sum string) { reader.sign(r, sum) }
	if got := string(mine.Get(t, "x/y&z#é.mp3")); got != "hello" {
		t.Errorf("the reader reads %q", got)
	}
	if status, _ := mine.do(t, "PUT", b.URL("new"), nil, []byte("x")); status != 403 {
		t.Errorf("the reader writes: %d", status)
	}
}
