package hooks

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// The shapes of providers' events, shortened to what matters and some more.
const (
	s3Event = `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-1","eventTime":"2026-01-01T00:00:00.000Z","eventName":"ObjectCreated:Put",
		"s3":{"s3SchemaVersion":"1.0","configurationId":"x","bucket":{"name":"music","arn":"arn:aws:s3:::music"},"object":{"key":"My+Band/An+Album%2B/01+%C3%9C.mp3","size":5,"eTag":"x","sequencer":"0"}}}]}`
	minioEvent = `{"EventName":"s3:ObjectCreated:Put","Key":"music/My Band/1+1.mp3","Records":[{"s3":{"bucket":{"name":"music"},"object":{"key":"My+Band%2F1%2B1.mp3"}}}]}`
	minioBare  = `{"EventName":"s3:ObjectRemoved:Delete","Key":"music/My Band/1+1.mp3"}`
	cephEvent  = `{"Records":[{"s3":{"bucket":{"name":"music"},"object":{"key":"My Band/1+1.mp3"}}}]}`
	bridge     = `{"version":"0","id":"x","detail-type":"Object Created","source":"aws.s3","detail":{"version":"0","bucket":{"name":"music"},"object":{"key":"My Band/1+1.mp3","size":5}}}`
	gcsObject  = `{"kind":"storage#object","id":"music/My Band/1.mp3/1","name":"My Band/1+1.mp3","bucket":"music","size":"5"}`
	gcsCloud   = `{"specversion":"1.0","type":"google.cloud.storage.object.v1.finalized","subject":"objects/My Band/1+1.mp3","data":{"bucket":"music","name":"My Band/1+1.mp3"}}`
	azure      = `[{"topic":"/subscriptions/x","subject":"/blobServices/default/containers/music/blobs/My Band/1+1.mp3","eventType":"Microsoft.Storage.BlobCreated","data":{"api":"PutBlob","url":"https://x.blob.core.windows.net/music/My%20Band/1%2B1.mp3"}}]`
	azureCloud = `{"specversion":"1.0","type":"Microsoft.Storage.BlobDeleted","subject":"/blobServices/default/containers/music/blobs/My Band/1+1.mp3","data":{}}`
	azureDir   = `[{"subject":"/blobServices/default/containers/music/blobs/My Band","eventType":"Microsoft.Storage.DirectoryDeleted"}]`
	azureAsks  = `[{"id":"x","topic":"t","subject":"","eventType":"Microsoft.EventGrid.SubscriptionValidationEvent","data":{"validationCode":"512d38b6","validationUrl":"https://evil.example"}}]`
	r2         = `{"account":"x","action":"PutObject","bucket":"music","object":{"key":"My Band/1+1.mp3","size":5,"eTag":"x"},"eventTime":"2026-01-01T00:00:00.000Z"}`
	b2         = `{"events":[{"accountId":"x","bucketName":"music","eventType":"b2:ObjectCreated:Upload","objectName":"My Band/1+1.mp3","objectSize":5}]}`
	s3Test     = `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-01T00:00:00.000Z","Bucket":"music","RequestId":"x","HostId":"y"}`
)

// pubSub is a push of Google's Pub/Sub.
func pubSub(attributes string) string {
	return fmt.Sprintf(`{"message":{"attributes":%s,"data":%q,"messageId":"1"},"subscription":"projects/p/subscriptions/s"}`, attributes, base64.StdEncoding.EncodeToString([]byte(gcsObject)))
}

// sns is a message of Amazon's SNS.
func sns(kind, message string) string {
	b, err := json.Marshal(map[string]string{"Type": kind, "MessageId": "x", "TopicArn": "arn:aws:sns:eu-west-1:123456789012:music", "Message": message,
		"Token": "abc123", "SubscribeURL": "https://evil.example/?x", "SigningCertURL": "https://evil.example/"})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestRead(t *testing.T) {
	const one = "music My Band/1+1.mp3"
	for _, c := range []struct{ name, body, want string }{
		{"S3", s3Event, "music My Band/An Album+/01 Ü.mp3"},
		{"MinIO", minioEvent, one},
		{"MinIO without records", minioBare, one},
		{"keys that are not encoded", cephEvent, one},
		{"keys as in paths", `{"Records":[{"s3":{"bucket":{"name":"music"},"object":{"key":"My%20Band/1+1.mp3"}}}]}`, one},
		{"SNS", sns("Notification", s3Event), "music My Band/An Album+/01 Ü.mp3"},
		{"SNS with a text", sns("Notification", "hello"), ""},
		{"EventBridge", bridge, one},
		{"EventBridge by SNS", sns("Notification", bridge), one},
		{"Pub/Sub", pubSub(`{"eventType":"OBJECT_FINALIZE","bucketId":"music","objectId":"My Band/1+1.mp3","objectGeneration":"1"}`), one},
		{"Pub/Sub without attributes", pubSub(`{}`), ""},
		{"an object of Google", gcsObject, one},
		{"a CloudEvent of Google", gcsCloud, one},
		{"Event Grid", azure, one},
		{"Event Grid as CloudEvent", azureCloud, one},
		{"Event Grid of a folder", azureDir, "music My Band/"},
		{"R2", r2, one},
		{"R2 in a batch", "[" + r2 + "," + r2 + "]", one + "\n" + one},
		{"B2", b2, one},
		{"a test of S3", s3Test, ""},
		{"nothing", "{}", ""},
		{"a number", "5", ""},
		{"null", "null", ""},
		{"a list of nothing", "[]", ""},
		{"other types", `{"Records":"x","Key":5,"Message":[1],"detail":"y","events":{"a":1},"bucket":7,"object":"z","subject":1}`, ""},
		{"one record is odd", `{"Records":[5,{"s3":{"object":{"key":"a/b.mp3"}}},{"s3":"x"}]}`, " a/b.mp3"},
		{"a bad escape", `{"Records":[{"s3":{"object":{"key":"100%+a/b.mp3"}}}]}`, " 100%+a/b.mp3"},
	} {
		got, err := read([]byte(c.body))
		var texts []string
		for _, o := range got.objects {
			slash := ""
			if o.folder {
				slash = "/"
			}
			texts = append(texts, o.bucket+" "+o.key+slash)
		}
		if err != nil || strings.Join(texts, "\n") != c.want || got.validate != "" || got.confirm != "" {
			t.Errorf("%s: %q %v, want %q", c.name, texts, err, c.want)
		}
	}
	for _, bad := range []string{"", "hello", "{", "[1", `{"Records":[{"s3":{"object":{"key":"a`, "{}{}", "\x00\x01", strings.Repeat("[", 20000)} {
		if _, err := read([]byte(bad)); !errors.Is(err, models.ErrInvalid) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	if got, err := read([]byte(azureAsks)); err != nil || got.validate != "512d38b6" {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := read([]byte(sns("SubscriptionConfirmation", "You have chosen"))); err != nil || got.confirm != "aws sns confirm-subscription --topic-arn arn:aws:sns:eu-west-1:123456789012:music --token abc123" {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range []string{`$(reboot)`, "a b", "", "\nlevel=ERROR"} {
		if got := confirmation("arn:aws:sns:eu-west-1:123456789012:music", bad); got != "" {
			t.Errorf("the log is told %q", got)
		}
		if got := confirmation("arn:aws:sns:eu-west-1:123456789012:"+bad, "abc"); got != "" {
			t.Errorf("the log is told %q", got)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{s3Event, minioEvent, bridge, gcsObject, gcsCloud, azure, azureAsks, r2, b2, sns("Notification", s3Event), pubSub(`{"objectId":"x"}`)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := read(body)
		if err != nil {
			return
		}
		for prefix := range folders("s3://music/root", got.objects) {
			if prefix != "" && (!strings.HasSuffix(prefix, "/") || strings.HasPrefix(prefix, "/") || strings.Contains(prefix, "//") || strings.Contains("/"+prefix, "/../")) {
				t.Errorf("%q is no folder's prefix", prefix)
			}
		}
	})
}
