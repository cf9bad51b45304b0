package server

import (
	"context"
	"fmt"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/server/auth"
)

type playlistCommand struct {
	List   playlistList   `cmd:"" help:"Show a user's playlists."`
	Export playlistExport `cmd:"" help:"Write a playlist to the standard output, with paths relative to the library's root. Put into the library, the file gives the same list again."`
}

type playlistList struct {
	User string `arg:"" help:"The user."`
}

func (l playlistList) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, _ *auth.Service) error {
		u, err := findUser(ctx, c, l.User)
		if err != nil {
			return err
		}
		lists, err := c.Playlists(ctx, c.Viewer(u), 0, false)
		if err != nil {
			return err
		}
		rows := [][]string{{"ID", "NAME", "OWNER", "SONGS", "PUBLIC", "CHANGED"}}
		for _, p := range lists {
			rows = append(rows, []string{models.ID{Kind: models.KindPlaylist, Key: p.Key}.String(), p.Name, p.OwnerID, fmt.Sprint(p.Songs), yes(p.Public), day(p.Changed)})
		}
		return table(r.Stdout, rows...)
	})
}

type playlistExport struct {
	User     string `arg:"" help:"A user who sees the playlist."`
	Playlist string `arg:"" help:"Id or name."`
	Format   string `help:"Format of the file: ${enum}." enum:"m3u,m3u8,pls,xspf" default:"m3u8"`
}

func (e playlistExport) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, _ *auth.Service) error {
		u, err := findUser(ctx, c, e.User)
		if err != nil {
			return err
		}
		lists, err := c.Playlists(ctx, c.Viewer(u), 0, false)
		if err != nil {
			return err
		}
		var found []*models.Playlist
		for _, p := range lists {
			if e.Playlist == (models.ID{Kind: models.KindPlaylist, Key: p.Key}).String() || strings.EqualFold(p.Name, e.Playlist) {
				found = append(found, p)
			}
		}
		if len(found) != 1 {
			return fmt.Errorf("%d playlists of %s are called %q: songlocker playlist list %s shows their ids", len(found), u.Name, e.Playlist, u.Name)
		}
		list, places, err := c.PlaylistPlaces(ctx, c.Viewer(u), found[0].Key)
		if err != nil {
			return err
		}
		b, err := scanner.WritePlaylist(e.Format, list.Name, list.Comment, scanner.PlaylistSongs(places))
		if err != nil {
			return err
		}
		_, err = r.Stdout.Write(b)
		return err
	})
}
