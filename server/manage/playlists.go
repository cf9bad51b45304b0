package manage

import (
	"context"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner"
)

// PlaylistFile returns a playlist that the caller may see as a file of a
// format (see scanner.PlaylistFormats), and its name. Paths are relative to
// the roots of the songs' libraries.
func (s *Service) PlaylistFile(ctx context.Context, who models.Identity, playlist models.Key, format string) (b []byte, name string, err error) {
	list, places, err := s.Catalog.PlaylistPlaces(ctx, s.Catalog.ViewerOf(who), playlist)
	if err != nil {
		return nil, "", err
	}
	b, err = scanner.WritePlaylist(format, list.Name, list.Comment, scanner.PlaylistSongs(places))
	return b, list.Name, err
}
