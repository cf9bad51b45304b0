package catalog

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/songlocker/songlocker/models"
)

const folderColumns = `f.id, f.library_id, f.parent_id, f.path, f.name, f.created_at, f.cover_version`

func (c *Catalog) folderList(ctx context.Context, v Viewer, query string, args ...any) ([]*models.Folder, error) {
	var list []*models.Folder
	err := c.each(ctx, func(rows *sql.Rows) error {
		f := new(models.Folder)
		var path []byte
		var version string
		err := rows.Scan(&f.Key, &f.Library, &f.Parent, &path, &f.Name, &f.Created, &version)
		f.Path = string(path)
		if version != "" {
			f.Cover = models.Cover{Of: models.ID{Kind: models.KindFolder, Key: f.Key}, Version: version}
		}
		list = append(list, f)
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("folders: %w", err)
	}
	keys := make([]models.Key, len(list))
	for i, f := range list {
		keys[i] = f.Key
	}
	items, err := c.userItems(ctx, v, models.KindFolder, keys)
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		f.User = items[f.Key]
	}
	return list, nil
}

// Folder returns one folder below which v may read something.
func (c *Catalog) Folder(ctx context.Context, v Viewer, key models.Key) (*models.Folder, error) {
	key = c.alias(ctx, models.KindFolder, key)
	list, err := c.foldersByKey(ctx, v, []models.Key{key})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, models.NotFound(models.ID{Kind: models.KindFolder, Key: key})
	}
	return list[0], nil
}

func (c *Catalog) foldersByKey(ctx context.Context, v Viewer, keys []models.Key) ([]*models.Folder, error) {
	found := map[models.Key]*models.Folder{}
	where := v.folders("f")
	err := chunks(keys, func(part []models.Key) error {
		list, err := c.folderList(ctx, v, `SELECT `+folderColumns+` FROM folders f WHERE f.id IN ? AND `+where, part)
		for _, f := range list {
			found[f.Key] = f
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]*models.Folder, 0, len(keys))
	for _, k := range keys {
		if f := found[k]; f != nil {
			out = append(out, f)
		}
	}
	return out, nil
}

// TopFolders returns the folders directly below the roots of the viewer's
// libraries, by name.
func (c *Catalog) TopFolders(ctx context.Context, v Viewer) ([]*models.Folder, error) {
	return c.folderList(ctx, v, `SELECT `+folderColumns+` FROM folders f JOIN folders p ON p.id = f.parent_id WHERE p.parent_id = 0 AND `+v.folders("f")+` ORDER BY f.name_sort, f.id`)
}

// SubFolders returns the folders directly below a folder, by name.
func (c *Catalog) SubFolders(ctx context.Context, v Viewer, folder models.Key) ([]*models.Folder, error) {
	return c.folderList(ctx, v, `SELECT `+folderColumns+` FROM folders f WHERE f.parent_id = ? AND `+v.folders("f")+` ORDER BY f.name_sort, f.id`, c.alias(ctx, models.KindFolder, folder))
}

// FolderTree returns the keys of all songs in and below a folder, by object
// key.
func (c *Catalog) FolderTree(ctx context.Context, v Viewer, folder models.Key) ([]models.Key, error) {
	f, err := c.Folder(ctx, v, folder)
	if err != nil {
		return nil, err
	}
	from, to := []byte(f.Path+"/"), []byte(f.Path+"0") // "0" follows "/"
	if f.Path == "" {
		from, to = []byte{}, []byte{0xff, 0xff, 0xff, 0xff}
	}
	return c.keys(ctx, `SELECT s.id FROM songs s WHERE s.library_id = ? AND s.object_key >= ? AND s.object_key < ? AND `+v.songs("s")+` ORDER BY s.object_key, s.part`, f.Library, from, to)
}

// Changed returns when what v may read last changed, in Unix ms: the end of
// the last scan that changed something, or the newest song.
func (c *Catalog) Changed(ctx context.Context, v Viewer) (int64, error) {
	var ms sql.NullInt64
	err := c.r.WithContext(ctx).Raw(`SELECT MAX(changed_at) FROM libraries WHERE id IN ` + v.libraries()).Row().Scan(&ms)
	if err != nil {
		return 0, fmt.Errorf("last change: %w", err)
	}
	return ms.Int64, nil
}
