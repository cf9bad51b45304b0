//go:build !noazure

package bucket

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	cdk "gocloud.dev/blob"
	"gocloud.dev/blob/azureblob"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// OpenAzure opens a location such as azblob://CONTAINER?storage_account=NAME.
func OpenAzure(_ context.Context, u *url.URL, o storage.Options) (storage.Store, error) {
	return openAzure(u, o, usual)
}

func openAzure(u *url.URL, o storage.Options, pc pace) (storage.Store, error) {
	p, err := parsePlace(u, []string{"storage_account", "domain", "protocol", "cdn", "localemu", "anonymous"})
	if err != nil {
		return nil, err
	}
	flags, err := p.flags("cdn", "localemu", "anonymous")
	if err != nil {
		return nil, err
	}
	secret, err := checkSecret("azblob", "azure_storage_", o.Secret, "account", "key", "sas", "sas_token", "connection_string")
	if err != nil {
		return nil, err
	}
	k := azureKey{account: p.query.Get("storage_account"), key: secret["key"], sas: cmp.Or(secret["sas"], secret["sas_token"]), connection: secret["connection_string"]}
	given := k.key != "" || k.sas != "" || k.connection != ""
	if k.account != "" && secret["account"] != "" && secret["account"] != k.account {
		return nil, fmt.Errorf("azblob location: storage_account is another account than that of the secret: %w", models.ErrInvalid)
	}
	k.account = cmp.Or(k.account, secret["account"])
	service := &azureblob.ServiceURLOptions{StorageDomain: p.query.Get("domain"), Protocol: p.query.Get("protocol"), IsCDN: flags["cdn"], IsLocalEmulator: flags["localemu"]}
	switch {
	case flags["anonymous"] && given:
		return nil, fmt.Errorf("azblob location: anonymous=true and a secret are given, and only one can be meant: %w", models.ErrInvalid)
	case !flags["anonymous"] && !given && !o.Ambient:
		return nil, errNoKey("azblob", "account and key, or sas, or connection_string")
	case k.account == "" && k.connection == "" && !(o.Ambient && !given) && !flags["cdn"]:
		return nil, fmt.Errorf("azblob location: it needs storage_account, such as ?storage_account=NAME: %w", models.ErrInvalid)
	case service.Protocol != "" && service.Protocol != "http" && service.Protocol != "https":
		return nil, fmt.Errorf("azblob location: protocol is http or https: %w", models.ErrInvalid)
	}

	dial := func(_ context.Context, client *http.Client) (backend, error) {
		k := k
		if !given && !flags["anonymous"] {
			if err := k.fromEnvironment(service); err != nil {
				return nil, err
			}
		}
		c, shared, err := k.client(service, p.bucket, &container.ClientOptions{ClientOptions: policy.ClientOptions{
			Transport: client,
			Retry:     policy.RetryOptions{MaxRetries: -1}, // the sender tries again, and counts
		}}, flags["anonymous"])
		if err != nil {
			return nil, err
		}
		if at, err := url.Parse(c.URL()); err != nil || at.Scheme != "https" && service.Protocol != "http" && !loopback(at.Hostname()) {
			return nil, fmt.Errorf("it is reached by http, by which keys and music cross the network readable for everybody: use https, or add protocol=http to the location if that network is your own: %w", models.ErrInvalid)
		}
		b, err := azureblob.OpenBucket(context.Background(), c, nil)
		if err != nil {
			return nil, err
		}
		return &azureBackend{bucket: b, client: c, name: p.bucket, shared: shared}, nil
	}
	return newStore(p, secret, pc, dial), nil
}

// azureKey is what a container is opened with.
type azureKey struct{ account, key, sas, connection string }

// fromEnvironment takes what gocloud.dev takes from the variables of Azure's
// tools, and files that variables with _FILE behind their names lead to.
func (k *azureKey) fromEnvironment(service *azureblob.ServiceURLOptions) error {
	env := azureblob.NewDefaultServiceURLOptions()
	k.account = cmp.Or(k.account, env.AccountName)
	service.StorageDomain = cmp.Or(service.StorageDomain, env.StorageDomain)
	service.Protocol = cmp.Or(service.Protocol, env.Protocol)
	service.IsCDN = service.IsCDN || env.IsCDN
	service.IsLocalEmulator = service.IsLocalEmulator || env.IsLocalEmulator
	for name, v := range map[string]*string{"AZURE_STORAGE_KEY": &k.key, "AZURE_STORAGE_SAS_TOKEN": &k.sas, "AZURE_STORAGE_CONNECTION_STRING": &k.connection} {
		var err error
		if *v, err = fileOrVariable(name); err != nil {
			return err
		}
	}
	k.connection = cmp.Or(k.connection, os.Getenv("AZURE_STORAGEBLOB_CONNECTIONSTRING"))
	return nil
}

// client returns one for a container, and the key that signs links where it
// has one.
func (k *azureKey) client(service *azureblob.ServiceURLOptions, name string, o *container.ClientOptions, anonymous bool) (*container.Client, *container.SharedKeyCredential, error) {
	if k.connection != "" && k.key == "" && k.sas == "" {
		c, err := container.NewClientFromConnectionString(k.connection, name, o)
		if err != nil {
			return nil, nil, fmt.Errorf("the connection string can't be read: %w", models.ErrInvalid)
		}
		values := map[string]string{}
		for part := range strings.SplitSeq(k.connection, ";") {
			n, v, _ := strings.Cut(part, "=")
			values[n] = v
		}
		shared, err := container.NewSharedKeyCredential(values["AccountName"], values["AccountKey"])
		if err != nil || values["AccountKey"] == "" {
			return c, nil, nil //nolint:nilerr // it is opened by something else, which signs nothing
		}
		return c, shared, nil
	}
	at := *service
	at.AccountName = k.account
	if k.key == "" {
		at.SASToken = strings.TrimPrefix(k.sas, "?")
	}
	base, err := azureblob.NewServiceURL(&at)
	if err != nil {
		return nil, nil, fmt.Errorf("no storage account is known: add storage_account=NAME to the location, or set AZURE_STORAGE_ACCOUNT: %w", models.ErrInvalid)
	}
	place, err := url.JoinPath(string(base), name)
	if err != nil {
		return nil, nil, fmt.Errorf("the SAS can't be read: %w", models.ErrInvalid)
	}
	switch {
	case k.key != "":
		shared, err := container.NewSharedKeyCredential(k.account, k.key)
		if err != nil {
			return nil, nil, fmt.Errorf("the account's key is not in base 64: %w", models.ErrInvalid)
		}
		c, err := container.NewClientWithSharedKeyCredential(place, shared, o)
		return c, shared, err
	case k.sas != "" || anonymous:
		c, err := container.NewClientWithNoCredential(place, o)
		return c, nil, err
	}
	machine, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return nil, nil, err
	}
	c, err := container.NewClient(place, machine, o)
	return c, nil, err
}

// azureBackend speaks to Azure Blob Storage. gocloud.dev lists; it does not
// let callers set the key of a read, and rewrites names with '%', '#', '?',
// '"' or '\', so reads go to the client below it.
type azureBackend struct {
	bucket *cdk.Bucket
	client *container.Client
	name   string
	shared *container.SharedKeyCredential // nil: nothing to sign links with
}

func (b *azureBackend) close() error { return b.bucket.Close() }

func (b *azureBackend) rights() string {
	return "Read and List: the role Storage Blob Data Reader, or rl as the permissions of a SAS"
}

// azureObject is what there is to tell of an object.
func azureObject(key string, size *int64, modified *time.Time, etag *azcore.ETag, tier string) storage.Object {
	o := storage.Object{Key: key, Archived: tier == string(blob.AccessTierArchive)}
	if size != nil {
		o.Size = *size
	}
	if modified != nil && modified.Unix() > 0 {
		o.ModTime = modified.UnixNano()
	}
	if etag != nil {
		o.ETag = bareETag(string(*etag))
	}
	return o
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (b *azureBackend) page(ctx context.Context, prefix, delimiter, token string) (page, error) {
	at := []byte(token)
	if token == "" {
		at = cdk.FirstPageToken
	}
	list, next, err := b.bucket.ListPage(ctx, at, pageSize, &cdk.ListOptions{Delimiter: delimiter, BeforeList: func(as func(any) bool) error {
		var o *container.ListBlobsHierarchyOptions
		if as(&o) {
			o.Prefix = &prefix
		}
		return nil
	}})
	if err != nil {
		return page{}, err
	}
	p := page{next: string(next)}
	for _, o := range list {
		var item container.BlobItem
		var folder container.BlobPrefix
		switch {
		case o.IsDir && o.As(&folder):
			p.folders = append(p.folders, value(folder.Name))
		case o.As(&item) && item.Properties != nil && value(item.Properties.ResourceType) != "directory":
			q := item.Properties
			p.objects = append(p.objects, azureObject(value(item.Name), q.ContentLength, q.LastModified, q.ETag, string(value(q.AccessTier))))
		}
	}
	return p, nil
}

func (b *azureBackend) head(ctx context.Context, key string) (storage.Object, error) {
	r, err := b.client.NewBlobClient(key).GetProperties(ctx, nil)
	if err != nil {
		return storage.Object{}, err
	}
	return azureObject(key, r.ContentLength, r.LastModified, r.ETag, value(r.AccessTier)), nil
}

func (b *azureBackend) get(ctx context.Context, key, etag string, off, n int64) (io.ReadCloser, storage.Object, error) {
	o := &blob.DownloadStreamOptions{Range: blob.HTTPRange{Offset: off}}
	switch {
	case n == 0:
		o.Range.Count = 1 // 0 reads to the end
	case n > 0 && n <= math.MaxInt64-off:
		o.Range.Count = n
	}
	if q := quotedETag(etag); q != "" {
		match := azcore.ETag(q)
		o.AccessConditions = &blob.AccessConditions{ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: &match}}
	}
	r, err := b.client.NewBlobClient(key).DownloadStream(ctx, o)
	if err != nil {
		return nil, storage.Object{}, err
	}
	size, err := totalSize(value(r.ContentLength), value(r.ContentRange), off)
	if err != nil {
		_ = r.Body.Close()
		return nil, storage.Object{}, err
	}
	if n == 0 {
		_ = r.Body.Close()
		r.Body = io.NopCloser(bytes.NewReader(nil))
	}
	return r.Body, azureObject(key, &size, r.LastModified, r.ETag, ""), nil
}

func (b *azureBackend) link(_ context.Context, key string, l storage.Link) (string, error) {
	if b.shared == nil {
		return "", errors.ErrUnsupported
	}
	q, err := sas.BlobSignatureValues{
		ExpiryTime: time.Now().Add(l.Life).UTC(), Permissions: (&sas.BlobPermissions{Read: true}).String(),
		ContainerName: b.name, BlobName: key, ContentType: l.ContentType, ContentDisposition: l.Disposition,
	}.SignWithSharedKey(b.shared)
	if err != nil {
		return "", err
	}
	return b.client.NewBlobClient(key).URL() + "?" + q.Encode(), nil
}

// azureCauses are the codes of
// https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
// that say more than their status.
var azureCauses = map[bloberror.Code]cause{
	bloberror.BlobNotFound:              causeMissing,
	bloberror.ContainerNotFound:         causeBucket,
	bloberror.ContainerBeingDeleted:     causeBucket,
	bloberror.ContainerDisabled:         causeBucket,
	bloberror.ConditionNotMet:           causeChanged,
	bloberror.InvalidRange:              causeRange,
	bloberror.BlobArchived:              causeArchived,
	bloberror.BlobBeingRehydrated:       causeArchived,
	bloberror.ServerBusy:                causeThrottled,
	bloberror.AuthenticationFailed:      causeKey,
	bloberror.InvalidAuthenticationInfo: causeKey,
}

func (b *azureBackend) refusal(err error) *refusal {
	if auth, ok := errors.AsType[*azidentity.AuthenticationFailedError](err); ok {
		r := &refusal{cause: causeKey, message: "this machine's own credentials for Azure do not work"}
		if auth.RawResponse != nil {
			r.status = auth.RawResponse.StatusCode
		}
		return r
	}
	api, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		if strings.Contains(err.Error(), "DefaultAzureCredential") {
			return &refusal{cause: causeKey, message: "this machine has no credentials for Azure: set AZURE_STORAGE_KEY, or give the library a secret"}
		}
		return nil
	}
	r := &refusal{status: api.StatusCode, code: api.ErrorCode, cause: azureCauses[bloberror.Code(api.ErrorCode)]}
	if r.cause == causeOther {
		r.cause = statusCause(api.StatusCode)
	}
	var x struct{ Message, AuthenticationErrorDetail string }
	if api.RawResponse != nil && api.RawResponse.Body != nil {
		// The library has read the body, and put a copy in its place.
		text, _ := io.ReadAll(io.LimitReader(api.RawResponse.Body, 64<<10))
		_ = xml.Unmarshal(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), &x)
		api.RawResponse.Body = io.NopCloser(bytes.NewReader(text))
	}
	r.message, _, _ = strings.Cut(x.Message, "\n")
	if detail := x.AuthenticationErrorDetail; r.cause == causeKey && detail != "" {
		switch {
		case strings.Contains(detail, "Signature not valid in the specified") || strings.Contains(detail, "expired"):
			r.cause = causeExpired
		case strings.Contains(detail, "ate header"):
			r.cause = causeClock
		}
	}
	return r
}
