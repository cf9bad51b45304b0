package server

import (
	"context"

	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/artwork"
	"github.com/songlocker/songlocker/subsonic"
)

// covers hands the artwork service to the protocol.
type covers struct{ *artwork.Service }

// Cover keeps an error's nil picture a nil interface.
func (c covers) Cover(ctx context.Context, v catalog.Viewer, id string, size int) (subsonic.Picture, error) {
	image, err := c.Service.Cover(ctx, v, id, size)
	if err != nil {
		return nil, err
	}
	return image, nil
}
