package server

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/server/auth"
)

type whyCommand struct {
	What string `arg:"" help:"An album's id, or the path of one of its files, of their folder, or of the folder above." name:"album-or-path"`
	User string `help:"Look with the rights of this user; without it all is seen." placeholder:"NAME"`
}

func (w whyCommand) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, _ *auth.Service) error {
		all, err := c.Libraries(ctx)
		if err != nil {
			return err
		}
		var v catalog.Viewer
		for _, l := range all {
			v.Libraries = append(v.Libraries, l.Number)
		}
		if w.User != "" {
			u, err := findUser(ctx, c, w.User)
			if err != nil {
				return err
			}
			v = c.Viewer(u)
		}
		albums, err := w.albums(ctx, c, v, all)
		if err != nil {
			return err
		}
		for i, k := range albums {
			e, err := scanner.Explain(ctx, c, v, k)
			if err != nil {
				return err
			}
			if i > 0 {
				fmt.Fprintln(r.Stdout)
			}
			fmt.Fprint(r.Stdout, e.Text())
		}
		return nil
	})
}

// albums finds what is asked about: one album by its id, else those of the
// file or folder at a path, or below a folder without songs, which may be a path of the machine or one relative
// to a library's root.
func (w whyCommand) albums(ctx context.Context, c *catalog.Catalog, v catalog.Viewer, all []*models.Library) ([]models.Key, error) {
	if id, ok := models.ParseID(w.What); ok && id.Kind == models.KindAlbum {
		return []models.Key{id.Key}, nil
	}
	for _, l := range all {
		path := filepath.ToSlash(w.What)
		if root, ok := strings.CutPrefix(l.Location, "file://"); ok {
			if full, err := filepath.Abs(w.What); err == nil {
				if rel, err := filepath.Rel(root, full); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
					path = filepath.ToSlash(rel)
				}
			}
		}
		path = strings.Trim(path, "/")
		s, err := c.SongByPath(ctx, v, l.Number, path)
		if err == nil {
			return []models.Key{s.Album}, nil
		}
		if !errors.Is(err, models.ErrNotFound) {
			return nil, err
		}
		folders, err := c.FoldersLike(ctx, l.Number, path)
		if err != nil {
			return nil, err
		}
		var own, below []models.Key
		for p, k := range folders {
			switch {
			case p == path:
				own = append(own, k)
			case path != "" && strings.HasPrefix(p, path+"/"):
				below = append(below, k)
			}
		}
		// A folder without songs of its own holds those of discs, or albums.
		for _, keys := range [][]models.Key{own, below} {
			songs, err := c.SongsInFolders(ctx, v, keys)
			if err != nil {
				return nil, err
			}
			slices.SortFunc(songs, func(x, y *models.Song) int { return strings.Compare(x.ObjectKey, y.ObjectKey) })
			var albums []models.Key
			seen := map[models.Key]bool{}
			for _, s := range songs {
				if !seen[s.Album] {
					seen[s.Album] = true
					albums = append(albums, s.Album)
				}
			}
			if len(albums) > 0 {
				return albums, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: %q is neither an album's id nor the path of music in a library", models.ErrNotFound, w.What)
}
