package catalog

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/songlocker/songlocker/models"
)

// What follows reads the evidence of grouping for a user: what decides which
// songs stand in one album.

// Group returns the key of the grouping that made an album.
func (c *Catalog) Group(ctx context.Context, album models.Key) (string, error) {
	var group string
	err := c.each(ctx, func(rows *sql.Rows) error { return rows.Scan(&group) }, `SELECT group_key FROM albums WHERE id = ?`, c.alias(ctx, models.KindAlbum, album))
	if err != nil {
		return "", fmt.Errorf("group of album: %w", err)
	}
	return group, nil
}

// FoldersLike returns the library's folders whose path is p or begins with it,
// as ScanTx.FoldersLike does.
func (c *Catalog) FoldersLike(ctx context.Context, library int, p string) (map[string]models.Key, error) {
	return foldersLike(c.r.WithContext(ctx), library, p)
}

// SongsInFolders returns the songs that v may read and that lie directly in
// these folders.
func (c *Catalog) SongsInFolders(ctx context.Context, v Viewer, folders []models.Key) ([]*models.Song, error) {
	var out []*models.Song
	err := chunks(folders, func(part []models.Key) error {
		list, err := c.songRows(ctx, `SELECT s.card FROM songs s WHERE s.folder_id IN ? AND `+v.songs("s"), part)
		out = append(out, list...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("songs of folders: %w", err)
	}
	return out, nil
}

// NearAlbums returns the albums of a library that v may read and that are
// called so, or whose group is of one of these families: at most n, and the
// key of each one's group.
func (c *Catalog) NearAlbums(ctx context.Context, v Viewer, library int, name string, families map[string]bool, n int) (map[models.Key]string, error) {
	out := map[models.Key]string{}
	read := func(rows *sql.Rows) error {
		var k models.Key
		var group string
		err := rows.Scan(&k, &group)
		out[k] = group
		return err
	}
	err := c.each(ctx, read, `SELECT a.id, a.group_key FROM albums a WHERE a.library_id = ? AND a.search = ? AND `+v.albums("a")+` ORDER BY a.id LIMIT ?`, library, models.Fold(name), n)
	for _, part := range byteChunks(families) {
		texts := make([]string, len(part))
		for i, b := range part {
			texts[i] = string(b)
		}
		if err == nil {
			err = c.each(ctx, read, `SELECT a.id, a.group_key FROM albums a WHERE a.library_id = ? AND a.family IN ? AND `+v.albums("a")+` ORDER BY a.id LIMIT ?`, library, texts, n)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("albums beside one: %w", err)
	}
	return out, nil
}

// SongsOfAlbums returns the songs of these albums that v may read.
func (c *Catalog) SongsOfAlbums(ctx context.Context, v Viewer, albums []models.Key) ([]*models.Song, error) {
	var out []*models.Song
	err := chunks(albums, func(part []models.Key) error {
		list, err := c.songRows(ctx, `SELECT s.card FROM songs s WHERE s.album_id IN ? AND `+v.songs("s"), part)
		out = append(out, list...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("songs of albums: %w", err)
	}
	return out, nil
}

// SongByPath returns the first part of the object at a path in the library.
func (c *Catalog) SongByPath(ctx context.Context, v Viewer, library int, path string) (*models.Song, error) {
	list, err := c.songRows(ctx, `SELECT s.card FROM songs s WHERE s.library_id = ? AND s.object_key = ? AND `+v.songs("s")+` ORDER BY s.part LIMIT 1`, library, []byte(path))
	if err != nil {
		return nil, fmt.Errorf("song at a path: %w", err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no song at this path: %w", models.ErrNotFound)
	}
	return list[0], nil
}
