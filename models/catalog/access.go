package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// The kinds of scope that a right may cover.
const (
	ScopeLibrary  = "library"
	ScopeAlbum    = "album"
	ScopeArtist   = "artist"
	ScopePlaylist = "playlist"
)

// The rights.
const (
	RightRead   = "read"
	RightUpload = "upload"
	RightManage = "manage"
)

// Access is one right of one user in one scope. ID is a library's number, or
// the key of an album, an artist or a playlist.
type Access struct {
	User    models.Key
	Scope   string
	ID      int64
	Right   string
	Created int64 // Unix ms
}

// readAccess adds to the users of p what single rights let them read. Private
// libraries are never among them.
func (c *Catalog) readAccess(ctx context.Context, p *people) error {
	return c.each(ctx, func(rows *sql.Rows) error {
		var user models.Key
		var scope string
		var id int64
		if err := rows.Scan(&user, &scope, &id); err != nil {
			return err
		}
		u := p.byKey[user]
		switch {
		case u == nil:
		case scope != ScopeLibrary:
			u.Granted = true
		case slices.ContainsFunc(p.libraries, func(l *models.Library) bool { return int64(l.Number) == id && l.Owner == 0 && l.Settings.CopiesOf == 0 }):
			u.Libraries = append(u.Libraries, int(id))
		}
		return nil
	}, `SELECT user_id, scope_kind, scope_id FROM access WHERE right_name = ?`, RightRead)
}

// SetUserLibraries sets which shared libraries the user may read: these, or
// all, also those to come, for nil; an empty list is none. A number that no
// shared library has is models.ErrNotFound. The user's own libraries are
// always readable and need not be named.
func (c *Catalog) SetUserLibraries(ctx context.Context, user models.Key, libraries []int) error {
	err := c.writeUsers(ctx, func(tx *gorm.DB) error {
		if err := changed(tx.Exec(`UPDATE users SET version = version + 1 WHERE id = ? AND removed_at = 0`, user), user); err != nil {
			return err
		}
		return setLibraries(tx, user, libraries)
	})
	if err != nil {
		return fmt.Errorf("rights of the user: %w", err)
	}
	return nil
}

func setLibraries(tx *gorm.DB, user models.Key, libraries []int) error {
	if err := tx.Exec(`UPDATE users SET all_libraries = ? WHERE id = ?`, bit(libraries == nil), user).Error; err != nil {
		return err
	}
	if err := tx.Exec(`DELETE FROM access WHERE user_id = ? AND scope_kind = ? AND right_name = ?`, user, ScopeLibrary, RightRead).Error; err != nil {
		return err
	}
	libraries = slices.Clone(libraries)
	slices.Sort(libraries)
	for _, n := range slices.Compact(libraries) {
		var owner models.Key
		err := tx.Raw(`SELECT owner_id FROM libraries WHERE id = ? AND removed_at = 0`, n).Row().Scan(&owner)
		switch {
		case errors.Is(err, sql.ErrNoRows), err == nil && owner != 0 && owner != user:
			return errNoLibrary(n)
		case err != nil:
			return err
		case owner == user:
			continue
		}
		if err := grant(tx, Access{User: user, Scope: ScopeLibrary, ID: int64(n), Right: RightRead}); err != nil {
			return err
		}
	}
	return nil
}

func grant(tx *gorm.DB, a Access) error {
	return tx.Exec(`INSERT INTO access (id, user_id, scope_kind, scope_id, right_name, created_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, scope_kind, scope_id, right_name) DO NOTHING`,
		models.NewKey(), a.User, a.Scope, a.ID, a.Right, now()).Error
}

// tables says where the scopes' ids are rows, and by which condition.
var tables = map[string]string{
	ScopeLibrary:  `SELECT COUNT(*) FROM libraries WHERE id = ? AND removed_at = 0 AND owner_id = 0`,
	ScopeAlbum:    `SELECT COUNT(*) FROM albums WHERE id = ?`,
	ScopeArtist:   `SELECT COUNT(*) FROM artists WHERE id = ?`,
	ScopePlaylist: `SELECT COUNT(*) FROM playlists WHERE id = ?`,
}

// Grant gives a right; to give it twice changes nothing. Reading an album or a
// playlist lets the user read its songs wherever they lie; reading an artist
// lets the user read the artist's songs in shared libraries. Whether the
// caller may give the right is the caller's to check.
func (c *Catalog) Grant(ctx context.Context, a Access) error {
	exists, ok := tables[a.Scope]
	if !ok || !slices.Contains([]string{RightRead, RightUpload, RightManage}, a.Right) {
		return fmt.Errorf("the right %q in a %q: %w", a.Right, a.Scope, models.ErrInvalid)
	}
	return c.changeAccess(ctx, a.User, func(tx *gorm.DB) error {
		n, err := count(tx, exists, a.ID)
		if err != nil || n == 0 {
			return cmp.Or(err, fmt.Errorf("%s: %w", a.Scope, models.ErrNotFound))
		}
		return grant(tx, a)
	})
}

// Revoke takes a right back; models.ErrNotFound when the user does not have
// it. Reading one library can't be taken from a user who reads all shared
// ones (models.ErrConflict): SetUserLibraries names them first.
func (c *Catalog) Revoke(ctx context.Context, a Access) error {
	return c.changeAccess(ctx, a.User, func(tx *gorm.DB) error {
		if a.Scope == ScopeLibrary && a.Right == RightRead {
			all, err := count(tx, `SELECT COUNT(*) FROM users WHERE id = ? AND all_libraries = 1`, a.User)
			if err != nil || all > 0 {
				return cmp.Or(err, fmt.Errorf("this user reads every shared library: name the libraries one by one first: %w", models.ErrConflict))
			}
		}
		r := tx.Exec(`DELETE FROM access WHERE user_id = ? AND scope_kind = ? AND scope_id = ? AND right_name = ?`, a.User, a.Scope, a.ID, a.Right)
		if r.Error == nil && r.RowsAffected == 0 {
			return fmt.Errorf("this right: %w", models.ErrNotFound)
		}
		return r.Error
	})
}

// changeAccess writes rights. The catalog's version grows too: cached orders
// of a user with grants below libraries are known by it.
func (c *Catalog) changeAccess(ctx context.Context, user models.Key, f func(tx *gorm.DB) error) error {
	var catalog int64
	err := c.writeUsers(ctx, func(tx *gorm.DB) error {
		if err := changed(tx.Exec(`UPDATE users SET version = version + 1 WHERE id = ? AND removed_at = 0`, user), user); err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		if err := resolveGrants(tx); err != nil {
			return err
		}
		var err error
		catalog, err = bump(tx, settingVersion)
		return err
	})
	if err != nil {
		return fmt.Errorf("rights: %w", err)
	}
	c.saw(catalog)
	return nil
}

// Grants returns the user's single rights, oldest first. A user who reads all
// shared libraries needs none for them.
func (c *Catalog) Grants(ctx context.Context, user models.Key) ([]Access, error) {
	var list []Access
	err := c.each(ctx, func(rows *sql.Rows) error {
		a := Access{User: user}
		err := rows.Scan(&a.Scope, &a.ID, &a.Right, &a.Created)
		list = append(list, a)
		return err
	}, `SELECT scope_kind, scope_id, right_name, created_at FROM access WHERE user_id = ? ORDER BY id`, user)
	if err != nil {
		return nil, fmt.Errorf("rights: %w", err)
	}
	return list, nil
}

// resolutions fill granted_songs from the rights to read below libraries, one
// statement per kind. The ids of albums and artists that were merged into
// others are followed. An artist is known to all libraries, so the right to
// read one reaches into shared libraries only.
var resolutions = []string{
	`INSERT INTO granted_songs (user_id, song_id)
		SELECT DISTINCT a.user_id, s.id FROM access a
		JOIN songs s ON s.album_id = COALESCE((SELECT new_id FROM aliases WHERE kind = 'al' AND old_id = a.scope_id), a.scope_id)
		WHERE a.scope_kind = 'album' AND a.right_name = 'read'
		ON CONFLICT DO NOTHING`,
	`INSERT INTO granted_songs (user_id, song_id)
		SELECT DISTINCT a.user_id, s.id FROM access a
		JOIN song_artists sa ON sa.artist_id = COALESCE((SELECT new_id FROM aliases WHERE kind = 'ar' AND old_id = a.scope_id), a.scope_id) AND sa.role IN ('artist', 'albumartist')
		JOIN songs s ON s.id = sa.song_id
		JOIN libraries l ON l.id = s.library_id AND l.owner_id = 0
		WHERE a.scope_kind = 'artist' AND a.right_name = 'read'
		ON CONFLICT DO NOTHING`,
	`INSERT INTO granted_songs (user_id, song_id)
		SELECT DISTINCT a.user_id, e.song_id FROM access a
		JOIN playlist_entries e ON e.playlist_id = a.scope_id
		WHERE a.scope_kind = 'playlist' AND a.right_name = 'read'
		ON CONFLICT DO NOTHING`,
}

// resolveGrants computes granted_songs anew. Every write transaction that
// changes rights, which songs are whose, or the entries of playlists ends
// with it; without any right below a library it costs two small statements.
func resolveGrants(tx *gorm.DB) error {
	if err := tx.Exec(`DELETE FROM granted_songs`).Error; err != nil {
		return err
	}
	n, err := count(tx, `SELECT COUNT(*) FROM access WHERE scope_kind <> 'library'`)
	if err != nil || n == 0 {
		return err
	}
	for _, s := range resolutions {
		if err := tx.Exec(s).Error; err != nil {
			return fmt.Errorf("resolve rights: %w", err)
		}
	}
	return nil
}
