package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// samePlay is the time within which the same user, song and player without a
// time of their own are one play, in ms.
const samePlay = 30_000

// Scrobble adds plays of the viewer to the ledger and returns how many of
// them are new: the same user, song, time and player is one play however often
// it is sent. A play without a time, or with one in the future, happens now,
// and is no new one within 30 s of the last such play. Missing songs count too: apps
// play what they keep. Where a song is unknown or v may not read it the others
// still count, and the error is models.ErrNotFound.
func (c *Catalog) Scrobble(ctx context.Context, v Viewer, plays []models.Play) (counted int, err error) {
	if len(plays) == 0 {
		return 0, nil
	}
	var lost error
	err = c.writeUser(ctx, v.User, func(tx *gorm.DB) error {
		counted, lost = 0, nil
		keys := make([]models.Key, 0, len(plays))
		for _, p := range plays {
			keys = append(keys, p.Song)
		}
		songs := make(map[models.Key]*models.Song, len(keys))
		var from slab
		var bad error
		others := c.songCache.get(c.Version(), v, keys, func(i int, card string) {
			s := new(models.Song)
			bad = errors.Join(bad, readSong(card, s, &from))
			songs[keys[i]] = s
		})
		if bad != nil {
			return bad
		}
		if len(others) > 0 {
			read, err := playedSongs(tx, v, others)
			if err != nil {
				return err
			}
			maps.Copy(songs, read)
		}
		at := now()
		type sum struct{ count, last int64 }
		sums := map[models.ID]sum{}
		for _, p := range plays {
			s := songs[p.Song]
			if s == nil {
				lost = models.NotFound(models.ID{Kind: models.KindSong, Key: p.Song})
				continue
			}
			fresh, err := addPlay(tx, v, p, s, at)
			if err != nil {
				return err
			}
			if fresh == 0 {
				continue
			}
			counted++
			for _, id := range playedItems(s) {
				n := sums[id]
				sums[id] = sum{n.count + 1, max(n.last, fresh)}
			}
		}
		annots, err := albumAnnots(tx, byKind(slices.Collect(maps.Keys(sums)))[models.KindAlbum])
		if err != nil {
			return err
		}
		for k, annot := range annots {
			was, is := models.ID{Kind: models.KindAlbum, Key: k}, models.ID{Kind: models.KindAlbum, Key: annot}
			n, m := sums[was], sums[is]
			delete(sums, was)
			sums[is] = sum{n.count + m.count, max(n.last, m.last)}
		}
		rows := make([][]any, 0, len(sums))
		for _, id := range sortedIDs(sums) {
			rows = append(rows, []any{v.User, id.Kind, id.Key, sums[id].count, sums[id].last})
		}
		return insertRows(tx, `INSERT INTO user_items (user_id, kind, item_id, play_count, played_at) VALUES `, rows,
			` ON CONFLICT (user_id, kind, item_id) DO UPDATE SET play_count = user_items.play_count + excluded.play_count,
			played_at = CASE WHEN excluded.played_at > user_items.played_at THEN excluded.played_at ELSE user_items.played_at END`)
	})
	if err != nil {
		return 0, fmt.Errorf("scrobble: %w", err)
	}
	if lost != nil {
		return counted, fmt.Errorf("scrobble: %w", lost)
	}
	return counted, nil
}

// addPlay writes one line of the ledger. It returns the play's time, or 0
// when the play was there already.
func addPlay(tx *gorm.DB, v Viewer, p models.Play, s *models.Song, now int64) (int64, error) {
	at, timed := p.At, true
	if at <= 0 || at > now {
		at, timed = now, false
		var n int
		err := tx.Raw(`SELECT COUNT(*) FROM plays WHERE user_id = ? AND annot_id = ? AND player = ? AND played_at > ? AND timed = 0`,
			v.User, s.Annot, p.Player, now-samePlay).Row().Scan(&n)
		if err != nil || n > 0 {
			return 0, err
		}
	}
	source := p.Source
	if source == "" {
		source = "subsonic"
	}
	done := tx.Exec(`INSERT INTO plays (id, user_id, annot_id, song_id, album_id, played_at, timed, player, source, title, artist, album)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, annot_id, played_at, player) DO NOTHING`,
		models.NewKey(), v.User, s.Annot, s.Key, s.Album, at, bit(timed), p.Player, source, s.Title, s.Artist, s.AlbumName)
	if done.Error != nil || done.RowsAffected == 0 {
		return 0, done.Error
	}
	return at, nil
}

// albumAnnots returns what the marks of those of the albums hang on that share
// them with a copy and gave up their own.
func albumAnnots(tx *gorm.DB, albums []models.Key) (map[models.Key]models.Key, error) {
	out := map[models.Key]models.Key{}
	err := chunks(albums, func(part []models.Key) error {
		return eachRow(tx, func(rows *sql.Rows) error {
			var m annotated
			err := rows.Scan(&m.key, &m.annot)
			out[m.key] = m.annot
			return err
		}, `SELECT id, annot_id FROM albums WHERE id IN ? AND annot_id <> id`, part)
	})
	return out, err
}

// playedItems are the things whose counts a play of the song moves.
func playedItems(s *models.Song) []models.ID {
	out := []models.ID{{Kind: models.KindSong, Key: s.Annot}}
	if s.Album != 0 {
		out = append(out, models.ID{Kind: models.KindAlbum, Key: s.Album})
	}
	seen := map[models.Key]bool{0: true}
	for _, c := range s.Credits {
		if (c.Role == models.RoleArtist || c.Role == models.RoleAlbumArtist) && !seen[c.Artist] {
			seen[c.Artist] = true
			out = append(out, models.ID{Kind: models.KindArtist, Key: c.Artist})
		}
	}
	return out
}

// playedSongs reads songs that v may read, missing ones too.
func playedSongs(tx *gorm.DB, v Viewer, keys []models.Key) (map[models.Key]*models.Song, error) {
	return songsWhere(tx, v.songsEver("s"), keys)
}

// songsWhere reads the songs with these keys for which the condition on a row
// of songs s holds.
func songsWhere(tx *gorm.DB, where string, keys []models.Key) (map[models.Key]*models.Song, error) {
	out := make(map[models.Key]*models.Song, len(keys))
	var from slab
	err := chunks(keys, func(part []models.Key) error {
		return eachRow(tx, func(rows *sql.Rows) error {
			s, err := scanSong(rows, &from)
			if err == nil {
				out[s.Key] = s
			}
			return err
		}, `SELECT s.card FROM songs s WHERE s.id IN ? AND `+where, part)
	})
	if err != nil || len(out) == len(distinct(keys)) {
		return out, err
	}
	// Ids of songs that were merged into others lead to those.
	var lost []models.Key
	for _, k := range keys {
		if out[k] == nil {
			lost = append(lost, k)
		}
	}
	to, err := songAliases(tx, lost)
	if err != nil || len(to) == 0 {
		return out, err
	}
	more, err := songsWhere(tx, where, slices.Collect(maps.Values(to)))
	for old, k := range to {
		if s := more[k]; s != nil {
			out[old] = s
		}
	}
	return out, err
}

// songAliases returns what those of the ids lead to that are other names of
// songs.
func songAliases(tx *gorm.DB, keys []models.Key) (map[models.Key]models.Key, error) {
	to := map[models.Key]models.Key{}
	err := chunks(keys, func(part []models.Key) error {
		return eachRow(tx, func(rows *sql.Rows) error {
			var old, k models.Key
			err := rows.Scan(&old, &k)
			to[old] = k
			return err
		}, `SELECT old_id, new_id FROM aliases WHERE kind = 'so' AND old_id IN ?`, part)
	})
	return to, err
}
