package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

const playlistColumns = `p.id, p.owner_id, COALESCE(u.name, ''), p.name, p.comment, p.public, p.created_at, p.changed_at`

// playlistQuery reads playlists p with what v sees of each, in one query
// however many there are.
func playlistQuery(v Viewer, where, order string) string {
	return `SELECT ` + playlistColumns + `, COUNT(s.id), CAST(COALESCE(SUM(s.duration), 0) AS BIGINT)
		FROM playlists p LEFT JOIN users u ON u.id = p.owner_id
		LEFT JOIN playlist_entries e ON e.playlist_id = p.id
		LEFT JOIN songs s ON s.id = e.song_id AND ` + v.songs("s") + `
		WHERE ` + where + ` GROUP BY ` + playlistColumns + `, p.name_sort ORDER BY ` + order
}

func (c *Catalog) playlistList(ctx context.Context, v Viewer, query string, args ...any) ([]*models.Playlist, error) {
	var list []*models.Playlist
	err := c.each(ctx, func(rows *sql.Rows) error {
		p := new(models.Playlist)
		var public int
		err := rows.Scan(&p.Key, &p.Owner, &p.OwnerID, &p.Name, &p.Comment, &public, &p.Created, &p.Changed, &p.Songs, &p.Duration)
		p.Public = public != 0
		list = append(list, p)
		return err
	}, query, args...)
	if err != nil {
		return nil, err
	}
	keys := make([]models.Key, len(list))
	for i, p := range list {
		keys[i] = p.Key
	}
	covers, err := c.playlistCovers(ctx, v, keys)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		p.Cover = mosaicCover(p.Key, covers[p.Key])
	}
	return list, nil
}

// mosaicCover names the picture made of the first pictures of a playlist.
func mosaicCover(playlist models.Key, covers [][]Picture) models.Cover {
	if len(covers) == 0 {
		return models.Cover{}
	}
	h := fnv.New64a()
	for _, p := range covers {
		h.Write([]byte(p[0].Version))
		h.Write([]byte{0})
	}
	return models.Cover{Of: models.ID{Kind: models.KindPlaylist, Key: playlist}, Version: strconv.FormatUint(h.Sum64(), 36)}
}

// Playlists returns the playlists of one owner, or for owner 0 those of the
// viewer and all public ones, by name. Private lists of others are in it only
// for an admin who names their owner. Counts and covers are of what v may read.
func (c *Catalog) Playlists(ctx context.Context, v Viewer, owner models.Key, admin bool) ([]*models.Playlist, error) {
	where, args := `(p.owner_id = ? OR p.public = 1)`, []any{v.User}
	if owner != 0 {
		where, args = `p.owner_id = ?`, []any{owner}
		if owner != v.User && !admin {
			where += ` AND p.public = 1`
		}
	}
	list, err := c.playlistList(ctx, v, playlistQuery(v, where, `p.name_sort, p.id`), args...)
	if err != nil {
		return nil, fmt.Errorf("playlists: %w", err)
	}
	return list, nil
}

// Playlist returns one playlist of the viewer, or a public one, with the songs
// that v may read, in order and with duplicates.
func (c *Catalog) Playlist(ctx context.Context, v Viewer, key models.Key) (*models.Playlist, []*models.Song, error) {
	list, err := c.playlistList(ctx, v, playlistQuery(v, `p.id = ? AND (p.owner_id = ? OR p.public = 1)`, `p.id`), key, v.User)
	if err == nil && len(list) == 0 {
		err = models.NotFound(models.ID{Kind: models.KindPlaylist, Key: key})
	}
	if err != nil {
		return nil, nil, fmt.Errorf("playlist: %w", err)
	}
	p := list[0]
	keys, err := c.keys(ctx, `SELECT song_id FROM playlist_entries WHERE playlist_id = ? ORDER BY position`, key)
	if err != nil {
		return nil, nil, fmt.Errorf("entries of playlist %s: %w", key, err)
	}
	songs, err := c.Songs(ctx, v, keys)
	if err != nil {
		return nil, nil, err
	}
	// Between the two reads the list may have changed; what is sent agrees.
	p.Songs, p.Duration = len(songs), 0
	for _, s := range songs {
		p.Duration += s.Properties.Duration
	}
	return p, songs, nil
}

// CreatePlaylist makes a private playlist of the viewer's. If v may not read
// one of the songs it makes none and returns models.ErrNotFound.
func (c *Catalog) CreatePlaylist(ctx context.Context, v Viewer, name string, songs []models.Key) (models.Key, error) {
	key := models.NewKey()
	err := c.writePlaylist(ctx, v, func(tx *gorm.DB) (bool, error) {
		list, err := newEntries(tx, v, songs)
		if err != nil {
			return false, err
		}
		at := now()
		err = tx.Exec(`INSERT INTO playlists (id, owner_id, name, name_sort, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?)`,
			key, v.User, name, models.SortFold(name), at, at).Error
		if err != nil {
			return false, err
		}
		return false, addEntries(tx, key, 0, list)
	})
	if err != nil {
		return 0, fmt.Errorf("create playlist: %w", err)
	}
	return key, nil
}

// ReplacePlaylist gives a playlist of the viewer's another name, if name is
// not nil, and other songs. Hidden entries are kept: each stays after the
// shown entry that it stood after, at the beginning if there was none, and
// where that entry has gone at its old place in the whole list or, in a
// shorter list, at the end.
func (c *Catalog) ReplacePlaylist(ctx context.Context, v Viewer, key models.Key, name *string, songs []models.Key) error {
	err := c.writePlaylist(ctx, v, func(tx *gorm.DB) (bool, error) {
		public, err := ownPlaylist(tx, v, key)
		if err != nil {
			return false, err
		}
		old, err := playlistEntries(tx, v, key)
		if err != nil {
			return false, err
		}
		hidden := map[models.Key][]entry{}
		for _, e := range old {
			if !e.shown {
				hidden[e.song] = append(hidden[e.song], e)
			}
		}
		fresh, err := takeEntries(tx, v, songs, hidden)
		if err != nil {
			return false, err
		}
		taken := map[int]bool{}
		for _, e := range fresh {
			if !e.shown {
				taken[e.position] = true
			}
		}
		old = slices.DeleteFunc(old, func(e entry) bool { return !e.shown && taken[e.position] })
		if err := tx.Exec(`DELETE FROM playlist_entries WHERE playlist_id = ?`, key).Error; err != nil {
			return false, err
		}
		if err := addEntries(tx, key, 0, replace(old, fresh, true)); err != nil {
			return false, err
		}
		return public, PlaylistEdit{Name: name}.write(tx, key)
	})
	if err != nil {
		return fmt.Errorf("replace playlist %s: %w", key, err)
	}
	return nil
}

// PlaylistEdit is a change of a playlist. What is nil or empty stays.
type PlaylistEdit struct {
	Name, Comment *string
	Public        *bool
	Add           []models.Key // to the end, duplicates allowed
	Remove        []int        // indexes, from 0, in the list as the viewer sees it before the edit
}

func (e PlaylistEdit) empty() bool {
	return e.Name == nil && e.Comment == nil && e.Public == nil && len(e.Add) == 0 && len(e.Remove) == 0
}

// write saves all but the entries and the time of the change.
func (e PlaylistEdit) write(tx *gorm.DB, key models.Key) error {
	set, args := `changed_at = ?`, []any{now()}
	if e.Name != nil {
		set += `, name = ?, name_sort = ?`
		args = append(args, *e.Name, models.SortFold(*e.Name))
	}
	if e.Comment != nil {
		set += `, comment = ?`
		args = append(args, *e.Comment)
	}
	if e.Public != nil {
		set += `, public = ?`
		n := 0
		if *e.Public {
			n = 1
		}
		args = append(args, n)
	}
	return tx.Exec(`UPDATE playlists SET `+set+` WHERE id = ?`, append(args, key)...).Error
}

// EditPlaylist changes a playlist of the viewer's: first it removes, then it
// adds. An index that is out of range is models.ErrInvalid, a song that v may
// not read models.ErrNotFound; then nothing is changed. Entries that the
// viewer does not see are not counted and keep their places.
func (c *Catalog) EditPlaylist(ctx context.Context, v Viewer, key models.Key, edit PlaylistEdit) error {
	err := c.writePlaylist(ctx, v, func(tx *gorm.DB) (bool, error) {
		public, err := ownPlaylist(tx, v, key)
		if err != nil || edit.empty() {
			return false, err
		}
		if len(edit.Remove) > 0 {
			if err := removeEntries(tx, v, key, edit.Remove); err != nil {
				return false, err
			}
		}
		if len(edit.Add) > 0 {
			list, err := newEntries(tx, v, edit.Add)
			if err != nil {
				return false, err
			}
			var next int
			if err := tx.Raw(`SELECT COALESCE(MAX(position) + 1, 0) FROM playlist_entries WHERE playlist_id = ?`, key).Row().Scan(&next); err != nil {
				return false, err
			}
			if err := addEntries(tx, key, next, list); err != nil {
				return false, err
			}
		}
		return public || edit.Public != nil && *edit.Public, edit.write(tx, key)
	})
	if err != nil {
		return fmt.Errorf("edit playlist %s: %w", key, err)
	}
	return nil
}

// DeletePlaylist removes a playlist of the viewer's; an admin's call removes
// anybody's.
func (c *Catalog) DeletePlaylist(ctx context.Context, v Viewer, key models.Key, admin bool) error {
	err := c.writePlaylist(ctx, v, func(tx *gorm.DB) (bool, error) {
		others := admin // then its owner is another
		if !admin {
			var err error
			if others, err = ownPlaylist(tx, v, key); err != nil {
				return false, err
			}
		}
		if err := tx.Exec(`DELETE FROM playlist_entries WHERE playlist_id = ?`, key).Error; err != nil {
			return false, err
		}
		if err := tx.Exec(`DELETE FROM playlist_lines WHERE playlist_id = ?`, key).Error; err != nil {
			return false, err
		}
		r := tx.Exec(`DELETE FROM playlists WHERE id = ?`, key)
		if r.Error == nil && r.RowsAffected == 0 {
			return false, models.NotFound(models.ID{Kind: models.KindPlaylist, Key: key})
		}
		return others, r.Error
	})
	if err != nil {
		return fmt.Errorf("delete playlist: %w", err)
	}
	return nil
}

// writePlaylist runs f in one write transaction and raises the viewer's
// version; if f returns true other users see the change too, and the versions
// of all are raised.
func (c *Catalog) writePlaylist(ctx context.Context, v Viewer, f func(tx *gorm.DB) (public bool, err error)) error {
	versions := map[models.Key]int64{}
	var catalog int64
	err := c.write(ctx, func(tx *gorm.DB) error {
		public, err := f(tx)
		if err != nil {
			return err
		}
		granted, err := count(tx, `SELECT COUNT(*) FROM access WHERE scope_kind = ?`, ScopePlaylist)
		if err != nil {
			return err
		}
		if granted > 0 {
			// Others may read songs by a right to this playlist.
			public = true
			if err := resolveGrants(tx); err != nil {
				return err
			}
			if catalog, err = bump(tx, settingVersion); err != nil {
				return err
			}
		}
		where, args := `id = ?`, []any{v.User}
		if public {
			where, args = `removed_at = 0`, nil
		}
		return eachRow(tx, func(rows *sql.Rows) error {
			var user models.Key
			var n int64
			err := rows.Scan(&user, &n)
			versions[user] = n
			return err
		}, `UPDATE users SET version = version + 1 WHERE `+where+` RETURNING id, version`, args...)
	})
	if err == nil {
		for user, n := range versions {
			raise(c.users.version(user), n)
		}
		c.saw(catalog)
	}
	return err
}

// ownPlaylist checks that the viewer may edit a playlist and tells whether
// others see it. What the viewer may not see is models.ErrNotFound, a public
// playlist of another models.ErrForbidden.
func ownPlaylist(tx *gorm.DB, v Viewer, key models.Key) (public bool, err error) {
	id := models.ID{Kind: models.KindPlaylist, Key: key}
	var owner models.Key
	var n int
	err = tx.Raw(`SELECT owner_id, public FROM playlists WHERE id = ?`, key).Row().Scan(&owner, &n)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && owner != v.User && n == 0:
		return false, models.NotFound(id)
	case err == nil && owner != v.User:
		return false, fmt.Errorf("%s is another user's playlist: %w", id, models.ErrForbidden)
	}
	return n != 0, err
}

// playlistEntries reads all entries of a playlist as v sees them.
func playlistEntries(tx *gorm.DB, v Viewer, key models.Key) ([]entry, error) {
	return entries(tx, `SELECT e.position, e.song_id, CASE WHEN s.id IS NULL THEN 0 ELSE 1 END, e.title, e.artist, e.album, e.line
		FROM playlist_entries e LEFT JOIN songs s ON s.id = e.song_id AND `+v.songs("s")+`
		WHERE e.playlist_id = ? ORDER BY e.position`, key)
}

// addEntries writes entries from a position on.
func addEntries(tx *gorm.DB, key models.Key, position int, list []entry) error {
	rows := make([][]any, len(list))
	for i, e := range list {
		rows[i] = []any{key, position + i, e.song, e.title, e.artist, e.album, e.line}
	}
	return insertRows(tx, `INSERT INTO playlist_entries (playlist_id, position, song_id, title, artist, album, line) VALUES `, rows, ``)
}

// removeEntries removes shown entries by their indexes among the shown ones.
func removeEntries(tx *gorm.DB, v Viewer, key models.Key, indexes []int) error {
	list, err := playlistEntries(tx, v, key)
	if err != nil {
		return err
	}
	at := shownAt(list)
	positions := make([]models.Key, len(indexes))
	for i, n := range indexes {
		if n < 0 || n >= len(at) {
			return fmt.Errorf("index %d of a playlist of %d songs: %w", n, len(at), models.ErrInvalid)
		}
		positions[i] = models.Key(list[at[n]].position)
	}
	return chunks(positions, func(part []models.Key) error {
		return tx.Exec(`DELETE FROM playlist_entries WHERE playlist_id = ? AND position IN ?`, key, part).Error
	})
}
