package manage

import (
	"context"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner"
)

// Why says why songs stand in an album, as far as the caller may read it.
func (s *Service) Why(ctx context.Context, who models.Identity, album models.Key) (*scanner.Why, error) {
	return scanner.Explain(ctx, s.Catalog, s.Catalog.ViewerOf(who), album)
}
