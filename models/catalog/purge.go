package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// Purge counts what goes when missing songs are taken out of the catalog.
// Plays and playlist entries stay, as text.
type Purge struct {
	Songs     int
	Albums    int // of which no song is left
	Stars     int // on these songs and albums, of all users
	Ratings   int
	Bookmarks int
	Plays     int // that become text
	Entries   int // of playlists, that become text
}

// MissingSong is a song that is missing, and what hangs on it.
type MissingSong struct {
	Song                  models.Key
	Title, Artist, Album  string
	ObjectKey             string
	Since                 int64 // Unix ms
	Stars, Plays, Entries int   // of all users
}

// old is the condition that a row of songs named alias is one of library's
// that has been missing since before a time; its two arguments follow.
func old(alias string) string {
	return alias + `.library_id = ? AND ` + alias + `.missing_at > 0 AND ` + alias + `.missing_at < ?`
}

// counted is the condition that a row of songs named alias counts among
// missing songs: a whole object does not that was hidden behind its parts when
// it went missing with them.
func counted(alias string) string {
	return `NOT EXISTS (SELECT 1 FROM cuts x JOIN songs p ON p.id = x.song_id WHERE x.whole_id = ` + alias + `.id AND p.missing_at >= ` + alias + `.missing_at)`
}

// MayPurge tells what Purge of the same library and time would take away.
func (c *Catalog) MayPurge(ctx context.Context, library int, before int64) (Purge, error) {
	var p Purge
	// A mark goes with the last song that it hangs on.
	marks := `(SELECT s.annot_id FROM songs s WHERE ` + old("s") + `) AND NOT EXISTS (SELECT 1 FROM songs k WHERE k.annot_id = u.item_id AND NOT (` + old("k") + `))`
	albums := `(SELECT s.album_id FROM songs s WHERE ` + old("s") + `) AND NOT EXISTS (SELECT 1 FROM songs k WHERE k.album_id = u.item_id AND NOT (` + old("k") + `))`
	alone := ` AND NOT EXISTS (SELECT 1 FROM albums k WHERE k.annot_id = u.item_id AND k.id <> u.item_id)`
	for _, q := range []struct {
		into  []any
		sql   string
		times int // how often library and time are asked for
	}{
		{[]any{&p.Songs}, `SELECT COUNT(*) FROM songs s WHERE ` + old("s") + ` AND ` + counted("s"), 1},
		{[]any{&p.Albums}, `SELECT COUNT(*) FROM (SELECT id AS item_id FROM albums) u WHERE u.item_id IN ` + albums, 2},
		{[]any{&p.Stars, &p.Ratings}, `SELECT COUNT(CASE WHEN u.starred_at > 0 THEN 1 END), COUNT(CASE WHEN u.rating > 0 THEN 1 END) FROM user_items u
			WHERE u.kind = 'so' AND u.item_id IN ` + marks + ` OR u.kind = 'al' AND u.item_id IN ` + albums + alone, 4},
		{[]any{&p.Bookmarks}, `SELECT COUNT(*) FROM bookmarks u WHERE u.item_id IN ` + marks, 2},
		{[]any{&p.Plays}, `SELECT COALESCE(SUM(l.count), 0) FROM plays l WHERE l.song_id IN (SELECT s.id FROM songs s WHERE ` + old("s") + `)`, 1},
		{[]any{&p.Entries}, `SELECT COUNT(*) FROM playlist_entries e WHERE e.song_id IN (SELECT s.id FROM songs s WHERE ` + old("s") + `)`, 1},
	} {
		var args []any
		for range q.times {
			args = append(args, library, before)
		}
		if err := c.r.WithContext(ctx).Raw(q.sql, args...).Row().Scan(q.into...); err != nil {
			return p, fmt.Errorf("count missing songs of library %d: %w", library, err)
		}
	}
	return p, nil
}

// MissingSongs returns up to limit of a library's songs that have been missing
// since before a time, those first that have been for longest.
func (c *Catalog) MissingSongs(ctx context.Context, library int, before int64, limit, offset int) ([]MissingSong, error) {
	var list []MissingSong
	err := c.each(ctx, func(rows *sql.Rows) error {
		var m MissingSong
		var card sql.RawBytes
		if err := rows.Scan(&card, &m.Since, &m.Stars, &m.Plays, &m.Entries); err != nil {
			return err
		}
		s, err := songOf(card)
		if err != nil {
			return err
		}
		m.Song, m.Title, m.Artist, m.Album, m.ObjectKey = s.Key, s.Title, s.Artist, s.AlbumName, s.ObjectKey
		list = append(list, m)
		return nil
	}, `SELECT s.card, s.missing_at,
			(SELECT COUNT(*) FROM user_items u WHERE u.kind = 'so' AND u.item_id = s.annot_id AND u.starred_at > 0),
			(SELECT COALESCE(SUM(u.play_count), 0) FROM user_items u WHERE u.kind = 'so' AND u.item_id = s.annot_id),
			(SELECT COUNT(*) FROM playlist_entries e WHERE e.song_id = s.id)
		FROM songs s WHERE `+old("s")+` AND `+counted("s")+` ORDER BY s.missing_at, s.object_key, s.part LIMIT ? OFFSET ?`, library, before, limit, offset)
	if err != nil {
		return nil, fmt.Errorf("missing songs of library %d: %w", library, err)
	}
	return list, nil
}

// Purge takes the songs of a library that have been missing since before a
// time out of the catalog for good, with the stars, ratings and bookmarks that
// hang on them, and albums and folders of which nothing is left. Plays and
// playlist entries keep their text. It returns what went. The caller sees to
// it that no scan of the library runs.
func (c *Catalog) Purge(ctx context.Context, library int, before int64) (Purge, error) {
	p, err := c.MayPurge(ctx, library, before)
	if err != nil {
		return p, err
	}
	// Without a song there may still be what a purge has left that was cut off.
	for done := false; !done; {
		err := c.purging(ctx, func(tx *gorm.DB) (err error) {
			done, err = purgeSome(tx, library, before)
			return err
		})
		if err != nil {
			return p, fmt.Errorf("purge library %d: %w", library, err)
		}
	}
	err = c.purging(ctx, func(tx *gorm.DB) error {
		// One pass for all: plays have no index by song.
		if err := tx.Exec(`UPDATE plays SET song_id = NULL WHERE song_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM songs s WHERE s.id = plays.song_id)`).Error; err != nil {
			return err
		}
		return purgeFolders(tx, library, before)
	})
	if err != nil {
		return p, fmt.Errorf("purge library %d: %w", library, err)
	}
	return p, nil
}

// purging runs f in one write transaction that changes what everybody sees.
func (c *Catalog) purging(ctx context.Context, f func(*gorm.DB) error) error {
	var n int64
	err := c.writeUsers(ctx, func(tx *gorm.DB) (err error) {
		if err = f(tx); err == nil {
			err = touchEveryone(tx)
		}
		if err == nil {
			n, err = bump(tx, settingVersion)
		}
		return err
	})
	if err == nil {
		c.saw(n)
	}
	return err
}

// purgeSome purges up to batch songs and tells whether there are no more.
func purgeSome(tx *gorm.DB, library int, before int64) (done bool, err error) {
	var songs, annots, albums []models.Key
	err = eachRow(tx, func(rows *sql.Rows) error {
		var song, annot, album models.Key
		err := rows.Scan(&song, &annot, &album)
		songs, annots, albums = append(songs, song), append(annots, annot), append(albums, album)
		return err
	}, `SELECT s.id, s.annot_id, s.album_id FROM songs s WHERE `+old("s")+` ORDER BY s.id LIMIT ?`, library, before, batch)
	if err != nil || len(songs) == 0 {
		return true, err
	}
	for _, q := range []string{
		`UPDATE playlist_entries SET title = (SELECT s.title FROM songs s WHERE s.id = playlist_entries.song_id) WHERE title = '' AND song_id IN ?`,
		// What came from a file is looked for again.
		`UPDATE playlist_entries SET line = COALESCE((SELECT MIN(l.line) FROM playlist_lines l WHERE l.playlist_id = playlist_entries.playlist_id AND l.song_id = playlist_entries.song_id), '') WHERE song_id IN ?`,
		`DELETE FROM playlist_lines WHERE song_id IN ?`,
		`UPDATE playlist_entries SET song_id = 0 WHERE song_id IN ?`,
		`UPDATE queue_entries SET song_id = 0 WHERE song_id IN ?`, // the places of the others stay
		`UPDATE songs SET copy_of = 0 WHERE copy_of IN ?`,
		`DELETE FROM share_entries WHERE kind = 'so' AND item_id IN ?`,
		`DELETE FROM pictures WHERE owner_kind = 'so' AND owner_id IN ?`,
		`DELETE FROM song_artists WHERE song_id IN ?`,
		`DELETE FROM song_genres WHERE song_id IN ?`,
		`DELETE FROM lyrics WHERE song_id IN ?`,
		`DELETE FROM chapters WHERE song_id IN ?`,
		`DELETE FROM cuts WHERE song_id IN ?`,
		`DELETE FROM song_sheets WHERE song_id IN ?`,
		`DELETE FROM granted_songs WHERE song_id IN ?`,
		`DELETE FROM aliases WHERE kind = 'so' AND new_id IN ?`,
		`DELETE FROM songs WHERE id IN ?`,
	} {
		if err := forKeys(tx, q, songs); err != nil {
			return false, err
		}
	}
	if annots, err = without(tx, annots, `SELECT annot_id FROM songs WHERE annot_id IN ?`); err != nil {
		return false, err
	}
	for _, q := range []string{
		`DELETE FROM user_items WHERE kind = 'so' AND item_id IN ?`,
		`DELETE FROM ratings WHERE kind = 'so' AND item_id IN ?`,
		`DELETE FROM bookmarks WHERE item_id IN ?`,
	} {
		if err := forKeys(tx, q, annots); err != nil {
			return false, err
		}
	}
	if albums, err = without(tx, albums, `SELECT album_id FROM songs WHERE album_id IN ?`); err != nil {
		return false, err
	}
	shared, err := albumAnnots(tx, albums)
	if err != nil {
		return false, err
	}
	annots = nil
	for _, k := range albums {
		annots = append(annots, cmp.Or(shared[k], k))
	}
	for _, q := range []string{
		`DELETE FROM album_copies WHERE album_id IN ?`,
		`DELETE FROM album_copies WHERE copy_id IN ?`,
		`DELETE FROM share_entries WHERE kind = 'al' AND item_id IN ?`,
		`DELETE FROM pictures WHERE owner_kind = 'al' AND owner_id IN ?`,
		`DELETE FROM aliases WHERE kind = 'al' AND new_id IN ?`,
		`UPDATE artists SET cover_album_id = 0 WHERE cover_album_id IN ?`,
		`DELETE FROM album_artists WHERE album_id IN ?`,
		`DELETE FROM albums WHERE id IN ?`,
	} {
		if err := forKeys(tx, q, albums); err != nil {
			return false, err
		}
	}
	if annots, err = without(tx, annots, `SELECT annot_id FROM albums WHERE annot_id IN ?`); err != nil {
		return false, err
	}
	for _, q := range []string{
		`DELETE FROM user_items WHERE kind = 'al' AND item_id IN ?`,
		`DELETE FROM ratings WHERE kind = 'al' AND item_id IN ?`,
	} {
		if err := forKeys(tx, q, annots); err != nil {
			return false, err
		}
	}
	return len(songs) < batch, nil
}

// forKeys runs a statement whose only argument is a list of keys.
func forKeys(tx *gorm.DB, query string, keys []models.Key) error {
	return chunks(keys, func(part []models.Key) error { return tx.Exec(query, part).Error })
}

// without returns those keys, each once, that a query for them does not find.
func without(tx *gorm.DB, keys []models.Key, query string) ([]models.Key, error) {
	keys = distinct(keys)
	there := map[models.Key]bool{0: true}
	err := chunks(keys, func(part []models.Key) error {
		return eachRow(tx, func(rows *sql.Rows) error {
			var k models.Key
			err := rows.Scan(&k)
			there[k] = true
			return err
		}, query, part)
	})
	return slices.DeleteFunc(keys, func(k models.Key) bool { return there[k] }), err
}

// deepest bounds the folders within each other that purgeFolders follows.
const deepest = 100

// purgeFolders removes the rows of folders that have been missing since before
// a time and hold nothing, the inner ones first.
func purgeFolders(tx *gorm.DB, library int, before int64) error {
	for range deepest {
		var gone []models.Key
		err := eachRow(tx, func(rows *sql.Rows) error {
			var k models.Key
			err := rows.Scan(&k)
			gone = append(gone, k)
			return err
		}, `SELECT f.id FROM folders f WHERE f.library_id = ? AND f.missing_at > 0 AND f.missing_at < ? AND f.parent_id <> 0
			AND NOT EXISTS (SELECT 1 FROM songs s WHERE s.folder_id = f.id) AND NOT EXISTS (SELECT 1 FROM folders c WHERE c.parent_id = f.id)
			ORDER BY f.id LIMIT 10000`, library, before)
		if err != nil || len(gone) == 0 {
			return err
		}
		for _, q := range []string{
			`DELETE FROM user_items WHERE kind = 'fo' AND item_id IN ?`,
			`DELETE FROM ratings WHERE kind = 'fo' AND item_id IN ?`,
			`DELETE FROM pictures WHERE owner_kind = 'fo' AND owner_id IN ?`,
			`DELETE FROM aliases WHERE kind = 'fo' AND new_id IN ?`,
			`DELETE FROM folders WHERE id IN ?`,
		} {
			if err := forKeys(tx, q, gone); err != nil {
				return err
			}
		}
	}
	return nil
}
