//go:build noazure

package bucket

import (
	"context"
	"fmt"
	"net/url"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// OpenAzure refuses every location: Azure was left out.
func OpenAzure(context.Context, *url.URL, storage.Options) (storage.Store, error) {
	return nil, fmt.Errorf("this program was built without Azure (noazure): %w", models.ErrInvalid)
}
