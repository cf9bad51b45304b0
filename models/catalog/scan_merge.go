package catalog

import (
	"database/sql"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// asOne makes one of what a user attached to two items.
const asOne = `ON CONFLICT (user_id, kind, item_id) DO UPDATE SET
	starred_at = CASE WHEN user_items.starred_at = 0 THEN excluded.starred_at WHEN excluded.starred_at = 0 THEN user_items.starred_at WHEN user_items.starred_at < excluded.starred_at THEN user_items.starred_at ELSE excluded.starred_at END,
	rating = CASE WHEN user_items.rated_at >= excluded.rated_at THEN user_items.rating ELSE excluded.rating END,
	rated_at = CASE WHEN user_items.rated_at >= excluded.rated_at THEN user_items.rated_at ELSE excluded.rated_at END,
	play_count = user_items.play_count + excluded.play_count,
	played_at = CASE WHEN user_items.played_at > excluded.played_at THEN user_items.played_at ELSE excluded.played_at END`

// mergeMarks gives what users attached to one item to another of its kind, as
// if it had been one always: the first star, the last rating, the sum of plays.
func mergeMarks(tx *gorm.DB, kind models.Kind, old, into models.Key) error {
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO user_items (user_id, kind, item_id, starred_at, rating, rated_at, play_count, played_at)
			SELECT user_id, kind, ?, starred_at, rating, rated_at, play_count, played_at FROM user_items WHERE kind = ? AND item_id = ?
			` + asOne, []any{into, kind, old}},
		{`DELETE FROM user_items WHERE kind = ? AND item_id = ?`, []any{kind, old}},
	} {
		if err := tx.Exec(q.sql, q.args...).Error; err != nil {
			return err
		}
	}
	return rateAnew(tx, kind, old, into)
}

// rateAnew computes the mean ratings of items.
func rateAnew(tx *gorm.DB, kind models.Kind, items ...models.Key) error {
	if err := tx.Exec(`DELETE FROM ratings WHERE kind = ? AND item_id IN ?`, kind, items).Error; err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO ratings (kind, item_id, total, votes) SELECT kind, item_id, SUM(rating), COUNT(*) FROM user_items WHERE kind = ? AND item_id IN ? AND rating > 0 GROUP BY kind, item_id`, kind, items).Error
}

// addAlias makes old another id of into.
func addAlias(tx *gorm.DB, kind models.Kind, old, into models.Key) error {
	if err := tx.Exec(`UPDATE aliases SET new_id = ? WHERE kind = ? AND new_id = ?`, into, kind, old).Error; err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO aliases (kind, old_id, new_id) VALUES (?, ?, ?)`, kind, old, into).Error
}

// ArtistMove counts songs that credited one artist and, their tags corrected,
// credit another in the same place.
type ArtistMove struct{ From, To models.Key }

// NoteArtistMoves remembers how many songs went from one artist to another,
// until MergeArtists.
func (s *ScanTx) NoteArtistMoves(moves map[ArtistMove]int) error {
	for m, n := range moves {
		err := s.tx.Exec(`INSERT INTO artist_moves (library_id, from_id, to_id, songs) VALUES (?, ?, ?, ?)
			ON CONFLICT (library_id, from_id, to_id) DO UPDATE SET songs = artist_moves.songs + excluded.songs`, s.library, m.From, m.To, n).Error
		if err != nil {
			return fmt.Errorf("note corrected artists: %w", err)
		}
	}
	return nil
}

// MergeArtists makes one artist of two where one has lost all its songs and
// albums, most of them to the other, as corrected names do: the older id
// stays with the new name, and the younger answers as it. Two artists of two
// MusicBrainz ids stay two. It forgets what NoteArtistMoves noted.
func (s *ScanTx) MergeArtists() error {
	to := map[models.Key]models.Key{}
	most, total := map[models.Key]int{}, map[models.Key]int{}
	err := eachRow(s.tx, func(rows *sql.Rows) error {
		var m ArtistMove
		var n int
		err := rows.Scan(&m.From, &m.To, &n)
		total[m.From] += n
		if n > most[m.From] {
			to[m.From], most[m.From] = m.To, n
		}
		return err
	}, `SELECT from_id, to_id, songs FROM artist_moves WHERE library_id = ? ORDER BY from_id, to_id`, s.library)
	if err != nil || len(to) == 0 {
		return err
	}
	var olds, changed []models.Key
	for k := range to {
		if 2*most[k] > total[k] {
			olds = append(olds, k)
		}
	}
	slices.Sort(olds)
	merged := map[models.Key]models.Key{}
	for _, from := range olds {
		into := to[from]
		for merged[into] != 0 {
			into = merged[into]
		}
		if from == into || merged[from] != 0 {
			continue
		}
		stays, err := s.mergeArtist(from, into)
		if err != nil {
			return fmt.Errorf("merge artist %s with %s: %w", from, into, err)
		}
		if stays != 0 {
			merged[from+into-stays] = stays
			changed = append(changed, stays)
		}
	}
	if err := s.recountEverywhere(changed); err != nil {
		return err
	}
	return s.tx.Exec(`DELETE FROM artist_moves WHERE library_id = ?`, s.library).Error
}

// mergeArtist merges an artist that has no songs left with the one that has
// them, and returns the one that stays; 0 when both stay.
func (s *ScanTx) mergeArtist(from, into models.Key) (models.Key, error) {
	left, err := count(s.tx, `SELECT (SELECT COUNT(*) FROM song_artists x JOIN songs s ON s.id = x.song_id WHERE x.artist_id = ? AND s.missing_at = 0)
		+ (SELECT COUNT(*) FROM album_artists x JOIN albums a ON a.id = x.album_id WHERE x.artist_id = ? AND a.songs > 0)`, from, from)
	if err != nil || left > 0 {
		return 0, err
	}
	type row struct{ name, fold, sort, nameSort, search, id, cover string }
	rows := map[models.Key]row{}
	err = eachRow(s.tx, func(r *sql.Rows) error {
		var k models.Key
		var a row
		err := r.Scan(&k, &a.name, &a.fold, &a.sort, &a.nameSort, &a.search, &a.id, &a.cover)
		rows[k] = a
		return err
	}, `SELECT id, name, name_fold, sort, name_sort, search, artist_id, cover_version FROM artists WHERE id IN ?`, []models.Key{from, into})
	a, b := rows[from], rows[into]
	if err != nil || len(rows) < 2 || a.id != "" && b.id != "" && a.id != b.id {
		return 0, err
	}
	stays, goes := min(from, into), max(from, into)
	if b.id == "" {
		b.id = a.id
	}
	if err := s.recredit(goes, stays); err != nil {
		return 0, err
	}
	if rows[stays].cover == "" {
		if err := s.tx.Exec(`UPDATE pictures SET owner_id = ? WHERE owner_kind = 'ar' AND owner_id = ?`, stays, goes).Error; err != nil {
			return 0, err
		}
		b.cover = rows[goes].cover
	} else {
		b.cover = rows[stays].cover
	}
	if err := mergeMarks(s.tx, models.KindArtist, goes, stays); err != nil {
		return 0, err
	}
	if err := addAlias(s.tx, models.KindArtist, goes, stays); err != nil {
		return 0, err
	}
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`DELETE FROM pictures WHERE owner_kind = 'ar' AND owner_id = ?`, []any{goes}},
		{`DELETE FROM artist_counts WHERE artist_id = ?`, []any{goes}},
		{`DELETE FROM artists WHERE id = ?`, []any{goes}},
		{`UPDATE artists SET name = ?, name_fold = ?, sort = ?, name_sort = ?, search = ?, artist_id = ?, cover_version = ? WHERE id = ?`,
			[]any{b.name, b.fold, b.sort, b.nameSort, b.search, b.id, b.cover, stays}},
	} {
		if err := s.tx.Exec(q.sql, q.args...).Error; err != nil {
			return 0, err
		}
	}
	return stays, nil
}

// recredit lets every song and album that credits one artist credit another.
func (s *ScanTx) recredit(old, into models.Key) error {
	songs, err := s.songs([]models.Key{old}, `SELECT s.card, s.missing_at FROM songs s WHERE s.id IN (SELECT song_id FROM song_artists WHERE artist_id IN ?)`)
	if err != nil {
		return err
	}
	for _, x := range songs {
		for i := range x.Credits {
			if x.Credits[i].Artist == old {
				x.Credits[i].Artist = into
			}
		}
		if err := s.tx.Exec(`UPDATE songs SET card = ? WHERE id = ?`, songCard(x), x.Key).Error; err != nil {
			return err
		}
	}
	var albums []*models.Album
	err = eachRow(s.tx, func(rows *sql.Rows) error {
		var card sql.RawBytes
		if err := rows.Scan(&card); err != nil {
			return err
		}
		a, err := albumOf(card)
		albums = append(albums, a)
		return err
	}, `SELECT a.card FROM albums a WHERE a.id IN (SELECT album_id FROM album_artists WHERE artist_id = ?)`, old)
	if err != nil {
		return err
	}
	for _, x := range albums {
		for i := range x.Credits {
			if x.Credits[i].Artist == old {
				x.Credits[i].Artist = into
			}
		}
		if err := s.tx.Exec(`UPDATE albums SET card = ? WHERE id = ?`, albumCard(x), x.Key).Error; err != nil {
			return err
		}
	}
	for _, table := range []string{"song_artists", "album_artists"} {
		if err := s.tx.Exec(`UPDATE `+table+` SET artist_id = ? WHERE artist_id = ?`, into, old).Error; err != nil {
			return err
		}
	}
	return nil
}

// recountEverywhere renews the counts of these artists in every library.
func (s *ScanTx) recountEverywhere(artists []models.Key) error {
	var libraries []int
	err := eachRow(s.tx, func(rows *sql.Rows) error {
		var n int
		err := rows.Scan(&n)
		libraries = append(libraries, n)
		return err
	}, `SELECT id FROM libraries WHERE removed_at = 0`)
	for _, n := range libraries {
		if err == nil {
			err = (&ScanTx{tx: s.tx, engine: s.engine, library: n, now: s.now}).Recount(artists, false)
		}
	}
	return err
}

// MergeSong lets a missing song of this library be another song of another:
// it takes the other's place, there, and keeps its own id, date and all that
// users attached to either. The other's id answers as its.
func (s *ScanTx) MergeSong(other, into models.Key) error {
	rows, err := s.SongsByKey([]models.Key{other, into})
	if err != nil || len(rows) != 2 {
		return err
	}
	was, is := rows[0], rows[1] // the row that stays, and what it becomes
	if was.Key != into {
		was, is = is, was
	}
	annot := is.Annot
	is.Key, is.Annot, is.Created = was.Key, was.Annot, was.Created
	if is.Cover.Of.Kind == models.KindSong && is.Cover.Of.Key == other {
		is.Cover.Of.Key = into
	}
	if annot != was.Annot {
		// Copies of the one that goes share what they shared with it.
		if err = joinMarks(s.tx, models.KindSong, annot, was.Annot); err == nil {
			err = moveAnnots(s.tx, models.KindSong, `annot_id`, map[models.Key]models.Key{annot: was.Annot})
		}
	}
	if err == nil {
		err = addAlias(s.tx, models.KindSong, other, into)
	}
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE bookmarks SET song_id = ? WHERE item_id = ? AND song_id = ?`, []any{into, was.Annot, other}},
		{`UPDATE plays SET song_id = ? WHERE user_id IN (SELECT id FROM users) AND annot_id = ? AND song_id = ?`, []any{into, was.Annot, other}},
		{`UPDATE songs SET copy_of = ? WHERE copy_of = ?`, []any{into, other}},
		{`UPDATE playlist_entries SET song_id = ? WHERE song_id = ?`, []any{into, other}},
		{`UPDATE playlist_lines SET song_id = ? WHERE song_id = ?`, []any{into, other}},
		{`UPDATE queue_entries SET song_id = ? WHERE song_id = ?`, []any{into, other}},
		{`UPDATE share_entries SET item_id = ? WHERE kind = 'so' AND item_id = ?`, []any{into, other}},
		{`DELETE FROM songs WHERE id = ?`, []any{other}},
		{`DELETE FROM song_artists WHERE song_id = ?`, []any{other}},
		{`DELETE FROM song_genres WHERE song_id = ?`, []any{other}},
		{`DELETE FROM lyrics WHERE song_id = ?`, []any{into}},
		{`UPDATE lyrics SET song_id = ? WHERE song_id = ?`, []any{into, other}},
		{`DELETE FROM chapters WHERE song_id = ?`, []any{into}},
		{`UPDATE chapters SET song_id = ? WHERE song_id = ?`, []any{into, other}},
		{`DELETE FROM song_sheets WHERE song_id = ?`, []any{into}},
		{`UPDATE song_sheets SET song_id = ? WHERE song_id = ?`, []any{into, other}},
		{`DELETE FROM pictures WHERE owner_kind = 'so' AND owner_id = ?`, []any{into}},
		{`UPDATE pictures SET owner_id = ? WHERE owner_kind = 'so' AND owner_id = ?`, []any{into, other}},
		{`UPDATE libraries SET changed_at = ? WHERE id = ?`, []any{s.now, is.Library}},
	} {
		if err == nil {
			err = s.tx.Exec(q.sql, q.args...).Error
		}
	}
	if err == nil {
		err = s.SaveSongs([]*models.Song{is}, nil)
	}
	if err != nil {
		return fmt.Errorf("merge song %s into %s: %w", other, into, err)
	}
	return nil
}
