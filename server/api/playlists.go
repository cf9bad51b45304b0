package api

import (
	"context"
	"mime"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/songlocker/songlocker/models"
)

// playlistTypes are the media types of the formats.
var playlistTypes = map[string]string{
	"m3u": "audio/x-mpegurl", "m3u8": "application/vnd.apple.mpegurl", "pls": "audio/x-scpls", "xspf": "application/xspf+xml",
}

type playlistFile struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

func (a *API) playlists() {
	handle(a, huma.Operation{
		OperationID: "exportPlaylist", Method: http.MethodGet, Path: "/playlists/{playlist}/file", Tags: []string{"playlists"},
		Summary:     "A playlist as a file",
		Description: "Paths are relative to the root of each song's library. Put into a library, the file gives the same list again.",
		Errors:      []int{http.StatusNotFound},
	}, func(ctx context.Context, who *caller, in *struct {
		Playlist string `path:"playlist" doc:"the playlist's id"`
		Format   string `query:"format" enum:"m3u,m3u8,pls,xspf" default:"m3u8"`
	}) (*playlistFile, error) {
		k, err := key(models.KindPlaylist, in.Playlist)
		if err != nil {
			return nil, err
		}
		b, name, err := a.Manage.PlaylistFile(ctx, who.Identity, k, in.Format)
		if err != nil {
			return nil, err
		}
		return &playlistFile{playlistTypes[in.Format], mime.FormatMediaType("attachment", map[string]string{"filename": name + "." + in.Format}), b}, nil
	})
}
