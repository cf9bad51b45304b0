package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// PlaylistFile is a playlist that lies as a file in a library, as last read.
type PlaylistFile struct {
	Library    int
	ObjectKey  string
	Version    string // of the object, as the listing showed it
	Hash       string // of what it said
	Unresolved int    // lines of the list that no song was found for
}

// PlaylistEntry is one place of a playlist: a song, or what a file said that
// no song was found for.
type PlaylistEntry struct {
	Song                 models.Key // 0 for none
	Line                 string     // "" where there is a song
	Said                 string     // the line of the file for which the song was found
	Title, Artist, Album string
}

// PlaylistFiles returns the playlists of a library that were read from files.
func (c *Catalog) PlaylistFiles(ctx context.Context, library int) ([]PlaylistFile, error) {
	var list []PlaylistFile
	err := c.each(ctx, func(rows *sql.Rows) error {
		f := PlaylistFile{Library: library}
		var key []byte
		err := rows.Scan(&key, &f.Version, &f.Hash, &f.Unresolved)
		f.ObjectKey = string(key)
		list = append(list, f)
		return err
	}, `SELECT f.object_key, f.version, f.hash, (SELECT COUNT(*) FROM playlist_entries e WHERE e.playlist_id = f.playlist_id AND e.line <> '')
		FROM playlist_files f WHERE f.library_id = ? ORDER BY f.object_key`, library)
	if err != nil {
		return nil, fmt.Errorf("playlist files: %w", err)
	}
	return list, nil
}

// MovePlaylistFile notes that a file says what it said, at a new key or with a
// new version.
func (c *Catalog) MovePlaylistFile(ctx context.Context, f PlaylistFile, to string) error {
	err := c.write(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`UPDATE playlist_files SET object_key = ?, version = ? WHERE library_id = ? AND object_key = ?`, []byte(to), f.Version, f.Library, []byte(f.ObjectKey)).Error
	})
	if err != nil {
		return fmt.Errorf("playlist file: %w", err)
	}
	return nil
}

// PlaylistImport is what a file says.
type PlaylistImport struct {
	File          PlaylistFile
	Owner         models.Key // of a list that is made now
	Public        bool       // the same
	Name, Comment string
	Entries       []PlaylistEntry
}

// ImportPlaylist makes the list of a file, or gives the list that it became
// what it says now. What a user made of that list in the meantime stays as a
// copy beside it. A list that a user deleted comes back as a new one: the file
// has changed since.
func (c *Catalog) ImportPlaylist(ctx context.Context, in PlaylistImport) error {
	err := c.writePlaylist(ctx, Viewer{User: in.Owner}, func(tx *gorm.DB) (bool, error) {
		var key, owner models.Key
		var public int
		var changed, imported int64
		err := tx.Raw(`SELECT p.id, p.owner_id, p.public, p.changed_at, f.imported_at FROM playlist_files f JOIN playlists p ON p.id = f.playlist_id
			WHERE f.library_id = ? AND f.object_key = ?`, in.File.Library, []byte(in.File.ObjectKey)).Row().Scan(&key, &owner, &public, &changed, &imported)
		at := now()
		switch {
		case errors.Is(err, sql.ErrNoRows):
			key, owner = models.NewKey(), in.Owner
			if in.Public {
				public = 1
			}
			err = tx.Exec(`INSERT INTO playlists (id, owner_id, name, name_sort, comment, public, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				key, owner, in.Name, models.SortFold(in.Name), in.Comment, public, at, at).Error
		case err == nil:
			at = max(at, changed+1)
			if changed != imported {
				err = copyPlaylist(tx, key)
			}
			if err == nil {
				err = tx.Exec(`DELETE FROM playlist_entries WHERE playlist_id = ?`, key).Error
			}
			if err == nil {
				err = tx.Exec(`UPDATE playlists SET name = ?, name_sort = ?, comment = ?, changed_at = ? WHERE id = ?`, in.Name, models.SortFold(in.Name), in.Comment, at, key).Error
			}
		}
		if err != nil {
			return false, err
		}
		if err := rememberedLines(tx, key, in.Entries); err != nil {
			return false, err
		}
		list := make([]entry, len(in.Entries))
		for i, e := range in.Entries {
			list[i] = entry{song: e.Song, line: e.Line, title: e.Title, artist: e.Artist, album: e.Album}
		}
		if err := addEntries(tx, key, 0, list); err != nil {
			return false, err
		}
		if err := rememberLines(tx, key, in.Entries); err != nil {
			return false, err
		}
		err = tx.Exec(`INSERT INTO playlist_files (library_id, object_key, version, hash, playlist_id, imported_at) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (library_id, object_key) DO UPDATE SET version = excluded.version, hash = excluded.hash, playlist_id = excluded.playlist_id, imported_at = excluded.imported_at`,
			in.File.Library, []byte(in.File.ObjectKey), in.File.Version, in.File.Hash, key, at).Error
		return public != 0 || owner != in.Owner, err
	})
	if err != nil {
		return fmt.Errorf("import the playlist %q: %w", in.File.ObjectKey, err)
	}
	return nil
}

// rememberedLines gives entries without a song the one that their line named
// when the file was read before: it has moved since. A song that was purged is
// none.
func rememberedLines(tx *gorm.DB, playlist models.Key, list []PlaylistEntry) error {
	open := map[string][]*PlaylistEntry{}
	for i := range list {
		if e := &list[i]; e.Song == 0 && e.Line != "" {
			open[e.Line] = append(open[e.Line], e)
		}
	}
	if len(open) == 0 {
		return nil
	}
	return eachRow(tx, func(rows *sql.Rows) error {
		var line string
		var card sql.RawBytes
		if err := rows.Scan(&line, &card); err != nil || open[line] == nil {
			return err
		}
		s, err := songOf(card)
		if err != nil {
			return err
		}
		for _, e := range open[line] {
			e.Song, e.Said, e.Line = s.Key, line, ""
			e.Title, e.Artist, e.Album = s.Title, s.Artist, s.AlbumName
		}
		return nil
	}, `SELECT l.line, s.card FROM playlist_lines l JOIN songs s ON s.id = l.song_id WHERE l.playlist_id = ?`, playlist)
}

// rememberLines notes which songs the lines of a list name now, and forgets
// the lines that its file has no more.
func rememberLines(tx *gorm.DB, playlist models.Key, list []PlaylistEntry) error {
	if err := tx.Exec(`DELETE FROM playlist_lines WHERE playlist_id = ?`, playlist).Error; err != nil {
		return err
	}
	var rows [][]any
	seen := map[string]bool{}
	for _, e := range list {
		if e.Song != 0 && e.Said != "" && !seen[e.Said] {
			seen[e.Said] = true
			rows = append(rows, []any{playlist, e.Said, e.Song})
		}
	}
	return insertRows(tx, `INSERT INTO playlist_lines (playlist_id, line, song_id) VALUES `, rows, ``)
}

// copyPlaylist keeps a list as it is beside itself.
func copyPlaylist(tx *gorm.DB, key models.Key) error {
	const suffix = " (edited)"
	copied := models.NewKey()
	var name string
	if err := tx.Raw(`SELECT name FROM playlists WHERE id = ?`, key).Row().Scan(&name); err != nil {
		return err
	}
	err := tx.Exec(`INSERT INTO playlists (id, owner_id, name, name_sort, comment, public, created_at, changed_at)
		SELECT ?, owner_id, ?, ?, comment, public, created_at, changed_at FROM playlists WHERE id = ?`, copied, name+suffix, models.SortFold(name+suffix), key).Error
	if err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO playlist_entries (playlist_id, position, song_id, title, artist, album, line)
		SELECT ?, position, song_id, title, artist, album, line FROM playlist_entries WHERE playlist_id = ?`, copied, key).Error
}

// OpenLine is a place of a list for which no song was found.
type OpenLine struct {
	ObjectKey string // of the playlist's file
	Playlist  models.Key
	Position  int
	Line      string
}

// OpenLines returns the open lines of the lists that came from a library's
// files.
func (c *Catalog) OpenLines(ctx context.Context, library int) ([]OpenLine, error) {
	var list []OpenLine
	err := c.each(ctx, func(rows *sql.Rows) error {
		var l OpenLine
		var key []byte
		err := rows.Scan(&key, &l.Playlist, &l.Position, &l.Line)
		l.ObjectKey = string(key)
		list = append(list, l)
		return err
	}, `SELECT f.object_key, e.playlist_id, e.position, e.line FROM playlist_files f JOIN playlist_entries e ON e.playlist_id = f.playlist_id AND e.line <> ''
		WHERE f.library_id = ? ORDER BY f.object_key, e.position`, library)
	if err != nil {
		return nil, fmt.Errorf("open lines of playlists: %w", err)
	}
	return list, nil
}

// FilledLine is an open line and the song that was found for it.
type FilledLine struct {
	OpenLine
	Entry PlaylistEntry
}

// FillLines puts songs in the places of open lines. A place that has changed
// since the line was read is left alone. A list that no user has edited stays
// one that none has.
func (c *Catalog) FillLines(ctx context.Context, lines []FilledLine) error {
	if len(lines) == 0 {
		return nil
	}
	err := c.writePlaylist(ctx, Viewer{}, func(tx *gorm.DB) (bool, error) {
		at, seen := now(), map[models.Key]bool{}
		for _, l := range lines {
			r := tx.Exec(`UPDATE playlist_entries SET song_id = ?, line = '', title = ?, artist = ?, album = ? WHERE playlist_id = ? AND position = ? AND line = ?`,
				l.Entry.Song, l.Entry.Title, l.Entry.Artist, l.Entry.Album, l.Playlist, l.Position, l.Line)
			if r.Error != nil {
				return false, r.Error
			}
			if r.RowsAffected == 0 {
				continue
			}
			err := tx.Exec(`INSERT INTO playlist_lines (playlist_id, line, song_id) VALUES (?, ?, ?)
				ON CONFLICT (playlist_id, line) DO UPDATE SET song_id = excluded.song_id`, l.Playlist, l.Line, l.Entry.Song).Error
			if err != nil {
				return false, err
			}
			if seen[l.Playlist] {
				continue
			}
			seen[l.Playlist] = true
			for _, q := range []string{
				`UPDATE playlist_files SET imported_at = ? WHERE playlist_id = ? AND imported_at = (SELECT changed_at FROM playlists WHERE id = playlist_id)`,
				`UPDATE playlists SET changed_at = ? WHERE id = ?`,
			} {
				if err := tx.Exec(q, at, l.Playlist).Error; err != nil {
					return false, err
				}
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("fill lines of playlists: %w", err)
	}
	return nil
}

// SongAt returns the key of the song that is a part of an object, missing or
// not.
func (c *Catalog) SongAt(ctx context.Context, library int, object string, part int) (models.Key, error) {
	var key models.Key
	err := c.r.WithContext(ctx).Raw(`SELECT id FROM songs WHERE library_id = ? AND object_key = ? AND part = ?`, library, []byte(object), part).Row().Scan(&key)
	if errors.Is(err, sql.ErrNoRows) {
		err = models.ErrNotFound
	}
	if err != nil {
		return 0, fmt.Errorf("part %d of %q: %w", part, object, err)
	}
	return key, nil
}

// PlaylistPlace is one place of a playlist as it is written to a file.
type PlaylistPlace struct {
	ObjectKey string // of the song; "" where there is none that the viewer may read
	Part      int
	Duration  int64 // ms
	PlaylistEntry
}

// PlaylistPlaces returns a playlist that the viewer may see and its places in
// order: songs that v may read, missing ones too, as they are called now; and,
// for the list's owner, lines of its file that no song was found for.
func (c *Catalog) PlaylistPlaces(ctx context.Context, v Viewer, key models.Key) (*models.Playlist, []PlaylistPlace, error) {
	list, _, err := c.Playlist(ctx, v, key)
	if err != nil {
		return nil, nil, err
	}
	var places []PlaylistPlace
	err = c.each(ctx, func(rows *sql.Rows) error {
		var p PlaylistPlace
		var card sql.RawBytes
		if err := rows.Scan(&p.Song, &p.Line, &p.Title, &p.Artist, &p.Album, &card); err != nil {
			return err
		}
		if len(card) > 0 {
			s, err := songOf(card)
			if err != nil {
				return err
			}
			p.ObjectKey, p.Part, p.Duration = s.ObjectKey, s.Part, s.Properties.Duration
			p.Title, p.Artist, p.Album = s.Title, s.Artist, s.AlbumName
		}
		// A line may name what lies in a library that v may not read.
		if p.ObjectKey != "" || p.Line != "" && list.Owner == v.User {
			places = append(places, p)
		}
		return nil
	}, `SELECT e.song_id, e.line, e.title, e.artist, e.album, s.card
		FROM playlist_entries e LEFT JOIN songs s ON s.id = e.song_id AND `+v.songsEver("s")+`
		WHERE e.playlist_id = ? ORDER BY e.position`, key)
	if err != nil {
		return nil, nil, fmt.Errorf("places of playlist %s: %w", key, err)
	}
	return list, places, nil
}
