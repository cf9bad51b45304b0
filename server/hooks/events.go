package hooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// object is what an event names.
type object struct {
	bucket string // "" where the event tells none
	key    string // the provider's, plain
	folder bool   // the key is a folder's
}

// told is what a body tells.
type told struct {
	objects  []object
	validate string // Azure's code, which is sent back to prove who we are
	confirm  string // what an administrator must do before SNS sends events
}

// event has the fields of all shapes that are understood. Names are matched
// without regard to case, so that one field may be of two shapes.
//
// Amazon S3, and MinIO and others in its manner: Records, or EventName and Key
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
// Amazon SNS: Type and Message, a text that holds an event
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
// Amazon EventBridge: detail
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
// Google Cloud Pub/Sub: message, with attributes, or the object itself, which
// CloudEvents of Google have as their data
// https://cloud.google.com/storage/docs/pubsub-notifications
// Azure Event Grid, in its own form and as CloudEvents: type and subject
// https://learn.microsoft.com/azure/event-grid/event-schema-blob-storage
// Cloudflare R2: bucket and object
// https://developers.cloudflare.com/r2/buckets/event-notifications/
// Backblaze B2: events
// https://www.backblaze.com/docs/cloud-storage-event-notifications-reference-guide
type event struct {
	Records []struct {
		S3 struct {
			Bucket struct{ Name string }
			Object struct{ Key string }
		}
	}

	EventName string
	Key       json.RawMessage

	Type     string
	Message  json.RawMessage
	TopicArn string
	Token    string

	Detail *struct {
		Bucket struct{ Name string }
		Object struct{ Key string }
	}

	Kind   string
	Name   string
	Bucket json.RawMessage
	Object struct{ Key string }

	EventType string
	Subject   string
	Data      struct{ ValidationCode, Bucket, Name string }

	Events []struct{ BucketName, ObjectName string }
}

// pubsub is the message of a push by Google's Pub/Sub.
type pubsub struct {
	Attributes struct{ BucketID, ObjectID string }
}

// read finds out what a body tells. What it does not know is nothing; only
// what is no JSON is models.ErrInvalid.
func read(body []byte) (told, error) {
	var t told
	if err := t.read(body, 0); err != nil {
		return told{}, err
	}
	return t, nil
}

// mostNested is how deep an event may lie in the text of another.
const mostNested = 2

func (t *told) read(body []byte, depth int) error {
	var list []event
	var err error
	if text := strings.TrimLeft(string(body[:min(len(body), 64)]), " \t\r\n"); strings.HasPrefix(text, "[") {
		err = decode(body, &list)
	} else {
		var one event
		err = decode(body, &one)
		list = []event{one}
	}
	if err != nil {
		return err
	}
	for i := range list {
		t.take(&list[i], depth)
	}
	return nil
}

// decode reads JSON. Fields of another type than is known are left out.
func decode(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); err == nil || ok {
		return nil
	}
	return fmt.Errorf("the body is no JSON: %w", models.ErrInvalid)
}

func (t *told) add(bucket, key string, folder bool) {
	if key != "" {
		t.objects = append(t.objects, object{bucket, key, folder})
	}
}

// take reads one event.
func (t *told) take(e *event, depth int) {
	for _, r := range e.Records {
		t.add(r.S3.Bucket.Name, unescape(r.S3.Object.Key), false)
	}
	switch {
	case len(e.Records) > 0:
	case e.EventName != "":
		// MinIO's key begins with the bucket.
		bucket, key, _ := strings.Cut(text(e.Key), "/")
		t.add(bucket, key, false)
	case e.Type == "SubscriptionConfirmation":
		t.confirm = confirmation(e.TopicArn, e.Token)
	case e.Type == "Notification" && depth < mostNested:
		_ = t.read([]byte(text(e.Message)), depth+1) // a text that is no event tells nothing
	case e.Detail != nil:
		t.add(e.Detail.Bucket.Name, e.Detail.Object.Key, false)
	case len(e.Events) > 0:
		for _, b := range e.Events {
			t.add(b.BucketName, b.ObjectName, false)
		}
	case e.Kind == "storage#object":
		t.add(text(e.Bucket), e.Name, false)
	case e.EventType == "Microsoft.EventGrid.SubscriptionValidationEvent":
		t.validate = e.Data.ValidationCode
	case strings.HasPrefix(e.Type, "google.cloud.storage.object."):
		t.add(e.Data.Bucket, e.Data.Name, false)
	case e.Subject != "":
		kind := e.EventType + e.Type
		container, key, ok := strings.Cut(strings.TrimPrefix(e.Subject, "/blobServices/default/containers/"), "/blobs/")
		if ok {
			t.add(container, key, strings.Contains(kind, "Directory"))
		}
	case e.Object.Key != "":
		t.add(text(e.Bucket), e.Object.Key, false)
	default:
		var p pubsub
		if len(e.Message) > 0 && decode(e.Message, &p) == nil {
			t.add(p.Attributes.BucketID, p.Attributes.ObjectID, false)
		}
	}
}

// text is the text of a JSON string, "" for anything else.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// unescape decodes a key of an S3 record, in which a space is "+". Some
// servers send it plain: a sign that the encoded form can't have tells so. And
// some send it as it is in paths of URLs, where a space is "%20" and a plus is
// itself.
func unescape(key string) string {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] >= 0x7f {
			return key
		}
	}
	decode := url.QueryUnescape
	if strings.Contains(key, "%20") {
		decode = url.PathUnescape
	}
	plain, err := decode(key)
	if err != nil {
		return key
	}
	return plain
}

// The forms of what SNS's confirmation is made of. Only these reach a log.
var (
	topicForm = regexp.MustCompile(`^arn:aws[a-z-]{0,16}:sns:[a-z0-9-]{1,32}:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$`)
	tokenForm = regexp.MustCompile(`^[A-Za-z0-9]+$`)
)

// confirmation is the command by which an administrator lets a topic of SNS
// send events here, "" where the request is not of SNS's form. We fetch no
// address that somebody sends us.
func confirmation(topic, token string) string {
	if !topicForm.MatchString(topic) || len(token) > 2048 || !tokenForm.MatchString(token) {
		return ""
	}
	return "aws sns confirm-subscription --topic-arn " + topic + " --token " + token
}
