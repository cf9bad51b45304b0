//go:build nogcs

package bucket

import (
	"context"
	"fmt"
	"net/url"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage"
)

// OpenGCS refuses every location: Google Cloud Storage was left out.
func OpenGCS(context.Context, *url.URL, storage.Options) (storage.Store, error) {
	return nil, fmt.Errorf("this program was built without Google Cloud Storage (nogcs): %w", models.ErrInvalid)
}
