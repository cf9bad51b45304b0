package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// s3Names are the parameters of s3:// locations, those of gocloud.dev's
// s3blob and aws packages that matter to a reader.
var s3Names = []string{
	"region", "endpoint", "use_path_style", "s3ForcePathStyle", "hostname_immutable", "disable_https", "anonymous",
	"profile", "role", "dualstack", "fips", "accelerate", "request_checksum_calculation", "response_checksum_validation",
}

// OpenS3 opens a location such as s3://BUCKET?region=eu-west-1.
func OpenS3(_ context.Context, u *url.URL, o storage.Options) (storage.Store, error) {
	return openS3(u, o, usual)
}

func openS3(u *url.URL, o storage.Options, pc pace) (storage.Store, error) {
	p, err := parsePlace(u, s3Names)
	if err != nil {
		return nil, err
	}
	flags, err := p.flags("use_path_style", "s3ForcePathStyle", "hostname_immutable", "disable_https", "anonymous", "dualstack", "fips", "accelerate")
	if err != nil {
		return nil, err
	}
	endpoint, err := p.endpoint(flags["disable_https"])
	if err != nil {
		return nil, err
	}
	secret, err := checkSecret("s3", "aws_", o.Secret, "access_key_id", "secret_access_key", "session_token")
	if err != nil {
		return nil, err
	}
	for _, n := range []string{"request_checksum_calculation", "response_checksum_validation"} {
		if v := p.query.Get(n); v != "" && v != "when_required" {
			return nil, fmt.Errorf("s3 location: %s is always when_required: %w", n, models.ErrInvalid)
		}
	}
	id, key := secret["access_key_id"], secret["secret_access_key"]
	region := p.query.Get("region")
	switch {
	case (id == "") != (key == ""):
		return nil, fmt.Errorf("s3 location: the library's secret needs both access_key_id and secret_access_key: %w", models.ErrInvalid)
	case flags["anonymous"] && id != "":
		return nil, fmt.Errorf("s3 location: anonymous=true and a secret are given, and only one can be meant: %w", models.ErrInvalid)
	case !flags["anonymous"] && id == "" && !o.Ambient:
		return nil, errNoKey("s3", "access_key_id and secret_access_key")
	case !o.Ambient && (p.query.Has("profile") || p.query.Has("role")):
		return nil, fmt.Errorf("s3 location: profile and role are this machine's own, and only libraries of the configuration may use them: %w", models.ErrInvalid)
	case region == "" && endpoint != "":
		region = "us-east-1" // what servers that have no regions sign with
	case region == "" && !o.Ambient:
		return nil, fmt.Errorf("s3 location: it needs region, such as ?region=eu-west-1: %w", models.ErrInvalid)
	}

	dial := func(ctx context.Context, client *http.Client) (backend, error) {
		cfg := aws.Config{Region: region}
		switch {
		case flags["anonymous"]:
			cfg.Credentials = aws.AnonymousCredentials{}
		case id != "":
			cfg.Credentials = credentials.NewStaticCredentialsProvider(id, key, secret["session_token"])
		default:
			if cfg, err = machineConfig(ctx, region, p.query.Get("profile"), p.query.Get("role")); err != nil {
				return nil, err
			}
			if cfg.Region == "" {
				return nil, fmt.Errorf("no region is known: add one to the location, such as ?region=eu-west-1, or set AWS_REGION: %w", models.ErrInvalid)
			}
			if os.Getenv("AWS_ACCESS_KEY_ID_FILE") != "" || os.Getenv("AWS_SECRET_ACCESS_KEY_FILE") != "" {
				cfg.Credentials = aws.NewCredentialsCache(aws.CredentialsProviderFunc(s3KeyFiles))
			}
			cfg.Credentials = machineKey{cfg.Credentials}
		}
		c := s3.NewFromConfig(cfg, func(so *s3.Options) {
			so.HTTPClient = client
			so.Retryer = aws.NopRetryer{} // the sender tries again, and counts
			so.UsePathStyle = flags["use_path_style"] || flags["s3ForcePathStyle"] || flags["hostname_immutable"]
			so.UseAccelerate = flags["accelerate"]
			so.EndpointOptions.DisableHTTPS = flags["disable_https"]
			if flags["dualstack"] {
				so.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled
			}
			if flags["fips"] {
				so.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
			}
			if endpoint != "" {
				so.BaseEndpoint = aws.String(endpoint)
			}
			// Other providers than AWS refuse requests with the newer checksums.
			so.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			so.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
			so.DisableLogOutputChecksumValidationSkipped = true
			so.Logger = logging.Nop{}
			so.APIOptions = append(so.APIOptions, plainListing)
		})
		b, err := s3blob.OpenBucket(ctx, c, p.bucket, nil)
		if err != nil {
			return nil, err
		}
		return &s3Backend{bucket: b, client: c, name: p.bucket, anonymous: flags["anonymous"]}, nil
	}
	return newStore(p, secret, pc, dial), nil
}

// machineConfig is what the machine's own environment, files and role say; any
// of region, profile and role may be "".
func machineConfig(ctx context.Context, region, profile, role string) (aws.Config, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithSharedConfigProfile(profile), config.WithLogger(logging.Nop{}))
	if err == nil && role != "" {
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role))
	}
	return cfg, err
}

// s3KeyFiles reads the key from the files that the variables name, again every
// five minutes: they may be exchanged.
func s3KeyFiles(context.Context) (aws.Credentials, error) {
	var c aws.Credentials
	for name, v := range map[string]*string{"AWS_ACCESS_KEY_ID": &c.AccessKeyID, "AWS_SECRET_ACCESS_KEY": &c.SecretAccessKey, "AWS_SESSION_TOKEN": &c.SessionToken} {
		var err error
		if *v, err = fileOrVariable(name); err != nil {
			return c, err
		}
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		return c, errors.New("AWS_ACCESS_KEY_ID_FILE and AWS_SECRET_ACCESS_KEY_FILE are both needed")
	}
	c.CanExpire, c.Expires, c.Source = true, time.Now().Add(5*time.Minute), "files"
	return c, nil
}

// fileOrVariable returns what is in the file that the variable NAME_FILE
// names, or else the variable NAME.
func fileOrVariable(name string) (string, error) {
	file := os.Getenv(name + "_FILE")
	if file == "" {
		return os.Getenv(name), nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s_FILE: %w", name, err)
	}
	return strings.TrimSpace(string(b)), nil
}

// plainListing makes listings come in an encoding in which every key survives,
// and decodes it; XML can't hold control characters. It also gives a time to
// objects that lack one, without which the library above fails.
func plainListing(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("plainListing", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
		if l, ok := in.Parameters.(*s3.ListObjectsV2Input); ok {
			l.EncodingType = types.EncodingTypeUrl
		}
		out, meta, err := next.HandleInitialize(ctx, in)
		l, ok := out.Result.(*s3.ListObjectsV2Output)
		if err != nil || !ok {
			return out, meta, err
		}
		decode := func(text **string) {
			if *text == nil || l.EncodingType != types.EncodingTypeUrl {
				return
			}
			if plain, err := url.QueryUnescape(**text); err == nil {
				*text = &plain
			}
		}
		for i := range l.Contents {
			decode(&l.Contents[i].Key)
			if l.Contents[i].LastModified == nil {
				l.Contents[i].LastModified = aws.Time(time.Unix(0, 0))
			}
		}
		for i := range l.CommonPrefixes {
			decode(&l.CommonPrefixes[i].Prefix)
		}
		return out, meta, err
	}), middleware.After)
}

// s3Backend speaks S3. gocloud.dev rewrites some keys, such as those with
// control characters; here each is the provider's own, by what it lets callers
// set in its requests.
type s3Backend struct {
	bucket    *blob.Bucket
	client    *s3.Client
	name      string
	anonymous bool
}

func (b *s3Backend) close() error { return b.bucket.Close() }

func (b *s3Backend) rights() string { return "s3:ListBucket, s3:GetObject" }

func (b *s3Backend) page(ctx context.Context, prefix, delimiter, token string) (page, error) {
	at := []byte(token)
	if token == "" {
		at = blob.FirstPageToken
	}
	list, next, err := b.bucket.ListPage(ctx, at, pageSize, &blob.ListOptions{Delimiter: delimiter, BeforeList: func(as func(any) bool) error {
		var in *s3.ListObjectsV2Input
		if as(&in) && prefix != "" {
			in.Prefix = aws.String(prefix)
		}
		return nil
	}})
	if err != nil {
		return page{}, err
	}
	p := page{next: string(next)}
	for _, o := range list {
		var object types.Object
		var folder types.CommonPrefix
		switch {
		case o.IsDir && o.As(&folder):
			p.folders = append(p.folders, aws.ToString(folder.Prefix))
		case o.As(&object):
			// The time of a HEAD has whole seconds; so has this one.
			p.objects = append(p.objects, s3Object(aws.ToString(object.Key), aws.ToInt64(object.Size), object.LastModified, object.ETag, string(object.StorageClass)))
		}
	}
	return p, nil
}

// pageSize is the most keys of a page that every provider gives.
const pageSize = 1000

// s3Object is what there is to tell of an object.
func s3Object(key string, size int64, modified *time.Time, etag *string, class string) storage.Object {
	o := storage.Object{Key: key, Size: size, ETag: bareETag(aws.ToString(etag)), Archived: class == "GLACIER" || class == "DEEP_ARCHIVE"}
	if modified != nil && modified.Unix() > 0 {
		o.ModTime = modified.Truncate(time.Second).UnixNano()
	}
	return o
}

// bareETag takes the quotes off an ETag. A weak one keeps its form.
func bareETag(etag string) string {
	if strings.HasPrefix(etag, "W/") {
		return etag
	}
	return strings.Trim(etag, `"`)
}

// quotedETag is the form for If-Match, or "" for one that no request can
// demand.
func quotedETag(etag string) string {
	if etag == "" || strings.HasPrefix(etag, "W/") {
		return ""
	}
	return `"` + etag + `"`
}

// head is one request, and another where that is refused: the answer to a HEAD
// says only that, and not whether the object or the whole bucket is gone.
func (b *s3Backend) head(ctx context.Context, key string) (storage.Object, error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err == nil {
		return s3Object(key, aws.ToInt64(out.ContentLength), out.LastModified, out.ETag, string(out.StorageClass)), nil
	}
	r := b.refusal(err)
	if r == nil || r.status < 400 || r.status >= 500 {
		return storage.Object{}, err
	}
	body, o, e := b.get(asKind(ctx, kindGet), key, "", 0, 1)
	if e == nil {
		_ = body.Close()
		return o, nil
	}
	if why := b.refusal(e); why != nil && why.cause == causeRange {
		return storage.Object{}, err
	}
	return storage.Object{}, e
}

func (b *s3Backend) get(ctx context.Context, key, etag string, off, n int64) (io.ReadCloser, storage.Object, error) {
	if n > math.MaxInt64-off {
		n = -1
	}
	r, err := b.bucket.NewRangeReader(ctx, "object", off, n, &blob.ReaderOptions{BeforeRead: func(as func(any) bool) error {
		var in *s3.GetObjectInput
		if !as(&in) {
			return errors.New("the request can't be changed")
		}
		in.Key = &key
		if q := quotedETag(etag); q != "" {
			in.IfMatch = &q
		}
		return nil
	}})
	if err != nil {
		return nil, storage.Object{}, err
	}
	var out s3.GetObjectOutput
	if !r.As(&out) {
		_ = r.Close()
		return nil, storage.Object{}, errors.New("the answer can't be read")
	}
	size, err := totalSize(aws.ToInt64(out.ContentLength), aws.ToString(out.ContentRange), off)
	if err != nil {
		_ = r.Close()
		return nil, storage.Object{}, err
	}
	return r, s3Object(key, size, out.LastModified, out.ETag, string(out.StorageClass)), nil
}

func (b *s3Backend) link(ctx context.Context, key string, l storage.Link) (string, error) {
	if b.anonymous {
		return "", errors.ErrUnsupported
	}
	return b.bucket.SignedURL(ctx, "object", &blob.SignedURLOptions{Method: http.MethodGet, Expiry: min(l.Life, 7*24*time.Hour), BeforeSign: func(as func(any) bool) error {
		var in *s3.GetObjectInput
		if !as(&in) {
			return errors.New("the request can't be changed")
		}
		in.Key = &key
		if l.ContentType != "" {
			in.ResponseContentType = &l.ContentType
		}
		if l.Disposition != "" {
			in.ResponseContentDisposition = &l.Disposition
		}
		return nil
	}})
}

// s3Causes are the codes of
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html that
// say more than their status.
var s3Causes = map[string]cause{
	"NoSuchKey":                          causeMissing,
	"NotFound":                           causeMissing, // of a HEAD
	"NoSuchBucket":                       causeBucket,
	"AccessDenied":                       causeDenied,
	"AllAccessDisabled":                  causeDenied,
	"AccountProblem":                     causeDenied,
	"InvalidAccessKeyId":                 causeKey,
	"SignatureDoesNotMatch":              causeKey,
	"InvalidToken":                       causeExpired,
	"ExpiredToken":                       causeExpired,
	"TokenRefreshRequired":               causeExpired,
	"RequestTimeTooSkewed":               causeClock,
	"RequestExpired":                     causeClock,
	"PermanentRedirect":                  causePlace,
	"TemporaryRedirect":                  causePlace,
	"MovedPermanently":                   causePlace,
	"AuthorizationHeaderMalformed":       causePlace,
	"IllegalLocationConstraintException": causePlace,
	"PreconditionFailed":                 causeChanged,
	"InvalidRange":                       causeRange,
	"InvalidObjectState":                 causeArchived,
	"SlowDown":                           causeThrottled,
	"TooManyRequests":                    causeThrottled,
	"RequestLimitExceeded":               causeThrottled,
	"Throttling":                         causeThrottled,
	"ThrottlingException":                causeThrottled,
}

// machineKey gets the machine's own key.
type machineKey struct{ aws.CredentialsProvider }

// machineKeyError tells that there is none: its cause may be an answer, but it
// is not one of the bucket.
type machineKeyError struct{ error }

func (e *machineKeyError) Unwrap() error { return e.error }

func (k machineKey) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := k.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		err = &machineKeyError{err}
	}
	return c, err
}

func (b *s3Backend) refusal(err error) *refusal {
	if own, ok := errors.AsType[*machineKeyError](err); ok {
		return &refusal{cause: causeMachine, message: "this machine's own key can't be had: " + network(own.error)}
	}
	r := &refusal{}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		r.code, r.message = api.ErrorCode(), api.ErrorMessage()
	}
	if resp, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && resp.Response != nil {
		r.status = resp.HTTPStatusCode()
	}
	if r.status == 0 && r.code == "" || r.status >= 200 && r.status < 300 {
		return nil // no answer, or one that broke off
	}
	r.cause = s3Causes[r.code]
	if r.code == "UnknownError" {
		r.code = ""
	}
	// A 404 of another code is that of somebody on the way, and no object's.
	if r.cause == causeOther && r.status != http.StatusNotFound {
		r.cause = statusCause(r.status)
	}
	return r
}

// statusCause is what a status alone says.
func statusCause(status int) cause {
	switch status {
	case http.StatusNotFound:
		return causeMissing
	case http.StatusUnauthorized, http.StatusForbidden:
		return causeDenied
	case http.StatusPreconditionFailed:
		return causeChanged
	case http.StatusRequestedRangeNotSatisfiable:
		return causeRange
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return causeThrottled
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return causePlace
	}
	return causeOther
}
