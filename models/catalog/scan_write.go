package catalog

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// GroupedAlbum is an album and the key of the grouping that made it.
type GroupedAlbum struct {
	*models.Album
	GroupKey string
}

// inFamily parts the family of a group key from what tells the groups of one
// family apart.
const inFamily = "\x1e"

// GroupIn returns the key of one of several groups of a family.
func GroupIn(family, which string) string { return family + inFamily + which }

// FamilyOf returns the family of a group key.
func FamilyOf(group string) string {
	family, _, _ := strings.Cut(group, inFamily)
	return family
}

// AlbumsInFamilies returns the library's albums whose group is one of these
// families' and that have or had songs.
func (s *ScanTx) AlbumsInFamilies(families map[string]bool) ([]GroupedAlbum, error) {
	var out []GroupedAlbum
	for _, part := range byteChunks(families) {
		texts := make([]string, len(part))
		for i, b := range part {
			texts[i] = string(b)
		}
		err := eachRow(s.tx, func(rows *sql.Rows) error {
			a := GroupedAlbum{Album: new(models.Album)}
			err := rows.Scan(&a.Key, &a.GroupKey)
			out = append(out, a)
			return err
		}, `SELECT id, group_key FROM albums WHERE library_id = ? AND family IN ?`, s.library, texts)
		if err != nil {
			return nil, fmt.Errorf("families of albums: %w", err)
		}
	}
	return out, nil
}

// Families returns the family of each of these albums.
func (s *ScanTx) Families(albums []models.Key) (map[models.Key]string, error) {
	out := make(map[models.Key]string, len(albums))
	err := chunks(albums, func(part []models.Key) error {
		return eachRow(s.tx, func(rows *sql.Rows) error {
			var k models.Key
			var family string
			err := rows.Scan(&k, &family)
			out[k] = family
			return err
		}, `SELECT id, family FROM albums WHERE id IN ?`, part)
	})
	if err != nil {
		return nil, fmt.Errorf("families of albums: %w", err)
	}
	return out, nil
}

// AlbumsByGroup returns the albums that have one of these group keys.
func (s *ScanTx) AlbumsByGroup(keys []string) (map[string]*models.Album, error) {
	set := map[string]bool{}
	for _, k := range keys {
		set[k] = true
	}
	out := map[string]*models.Album{}
	var from slab
	for _, part := range byteChunks(set) {
		texts := make([]string, len(part))
		for i, b := range part {
			texts[i] = string(b)
		}
		err := eachRow(s.tx, func(rows *sql.Rows) error {
			var group, card string
			if err := rows.Scan(&group, &card); err != nil {
				return err
			}
			a := new(models.Album)
			err := readAlbum(card, a, &from)
			out[group] = a
			return err
		}, `SELECT group_key, card FROM albums WHERE library_id = ? AND group_key IN ?`, s.library, texts)
		if err != nil {
			return nil, fmt.Errorf("albums: %w", err)
		}
	}
	return out, nil
}

// AlbumsByKey returns the albums with these keys and their group keys.
func (s *ScanTx) AlbumsByKey(keys []models.Key) ([]GroupedAlbum, error) {
	var out []GroupedAlbum
	var from slab
	err := chunks(keys, func(part []models.Key) error {
		return eachRow(s.tx, func(rows *sql.Rows) error {
			var group, card string
			if err := rows.Scan(&group, &card); err != nil {
				return err
			}
			a := new(models.Album)
			err := readAlbum(card, a, &from)
			out = append(out, GroupedAlbum{a, group})
			return err
		}, `SELECT group_key, card FROM albums WHERE id IN ?`, part)
	})
	if err != nil {
		return nil, fmt.Errorf("albums: %w", err)
	}
	return out, nil
}

type albumRow struct {
	ID             models.Key `gorm:"column:id"`
	LibraryID      int
	FolderID       models.Key
	GroupKey       string
	Family         string
	AnnotID        models.Key
	Name           string
	NameSort       string
	Artist         string
	ArtistSort     string
	Search         string
	Year           int
	CreatedAt      int64 `gorm:"autoCreateTime:false"`
	Songs          int
	Duration       int64
	ReleaseID      string
	ReleaseGroupID string
	Card           []byte
}

type songRow struct {
	ID          models.Key `gorm:"column:id"`
	LibraryID   int
	ObjectKey   []byte
	Part        int
	FolderID    models.Key
	AlbumID     models.Key
	AnnotID     models.Key
	Size        int64
	Mtime       int64
	Etag        string
	Reader      int
	Archived    int64
	Identity    string
	CreatedAt   int64 `gorm:"autoCreateTime:false"`
	MissingAt   int64
	Title       string
	TitleSort   string
	Search      string
	Disc        int
	Track       int
	Year        int
	Duration    int64
	RecordingID string
	Card        []byte
}

type creditRow struct {
	SongID   models.Key
	Role     string
	Position int
	ArtistID models.Key
	SubRole  string
	Credit   string
	Joined   string
}

type albumCreditRow struct {
	AlbumID  models.Key
	Role     string
	Position int
	ArtistID models.Key
	Credit   string
}

type songGenreRow struct {
	SongID   models.Key
	Position int
	GenreID  models.Key
}

// SaveAlbums writes whole albums. One without songs keeps its row and its
// stars, and is hidden.
func (s *ScanTx) SaveAlbums(albums []GroupedAlbum) error {
	rows := make([]albumRow, len(albums))
	var credits []albumCreditRow
	var keys []models.Key
	for i, a := range albums {
		sort := cmp.Or(a.Sort, a.Name)
		artist := a.Artist
		if a.Annot == 0 {
			a.Annot = a.Key
		}
		rows[i] = albumRow{
			ID: a.Key, LibraryID: a.Library, FolderID: a.Folder, GroupKey: a.GroupKey, Family: FamilyOf(a.GroupKey), AnnotID: a.Annot, Name: a.Name, NameSort: models.SortFold(sort),
			Artist: artist, ArtistSort: models.SortFold(artist), Search: models.Fold(a.Name), Year: a.Year(), CreatedAt: a.Created,
			Songs: a.Songs, Duration: a.Duration, ReleaseID: a.ReleaseID, ReleaseGroupID: a.ReleaseGroupID, Card: albumCard(a.Album),
		}
		keys = append(keys, a.Key)
		place := map[string]int{}
		for _, c := range a.Credits {
			credits = append(credits, albumCreditRow{a.Key, c.Role, place[c.Role], c.Artist, c.Name})
			place[c.Role]++
		}
	}
	err := upsert(s.tx, "albums", []string{"id"}, []string{"folder_id", "group_key", "family", "name", "name_sort", "artist", "artist_sort", "search", "year",
		"created_at", "songs", "duration", "release_id", "release_group_id", "card"}, rows)
	if err == nil {
		err = chunks(keys, func(part []models.Key) error {
			return s.tx.Exec(`DELETE FROM album_artists WHERE album_id IN ?`, part).Error
		})
	}
	if err == nil {
		err = insert(s.tx, "album_artists", credits)
	}
	if err == nil {
		err = copiesDue(s.tx, keys)
	}
	if err != nil {
		return fmt.Errorf("save albums: %w", err)
	}
	return nil
}

// SetGroupKey gives an album's row the key of another grouping. The key must
// be free.
func (s *ScanTx) SetGroupKey(album models.Key, group string) error {
	return s.tx.Exec(`UPDATE albums SET group_key = ?, family = ? WHERE id = ?`, group, FamilyOf(group), album).Error
}

// MergeAlbum makes old another name of into: its id answers as into's, and
// what users attached to it is into's. The songs must have left it.
func (s *ScanTx) MergeAlbum(old, into models.Key) error {
	annots := map[models.Key]models.Key{}
	err := eachRow(s.tx, func(rows *sql.Rows) error {
		var m annotated
		err := rows.Scan(&m.key, &m.annot)
		annots[m.key] = m.annot
		return err
	}, `SELECT id, annot_id FROM albums WHERE id IN ?`, []models.Key{old, into})
	if from, to := annots[old], annots[into]; err == nil && from != to {
		// Copies of the one that goes share what they shared with it.
		if err = joinMarks(s.tx, models.KindAlbum, from, to); err == nil {
			err = moveAnnots(s.tx, models.KindAlbum, `annot_id`, map[models.Key]models.Key{from: to})
		}
	}
	if err == nil {
		err = addAlias(s.tx, models.KindAlbum, old, into)
	}
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE plays SET album_id = ? WHERE album_id = ?`, []any{into, old}},
		{`DELETE FROM album_artists WHERE album_id = ?`, []any{old}},
		{`DELETE FROM album_copies WHERE album_id = ?`, []any{old}},
		{`DELETE FROM album_copies WHERE copy_id = ?`, []any{old}},
		{`DELETE FROM pictures WHERE owner_kind = 'al' AND owner_id = ?`, []any{old}},
		{`UPDATE songs SET album_id = ? WHERE album_id = ?`, []any{into, old}},
		{`DELETE FROM albums WHERE id = ?`, []any{old}},
	} {
		if err == nil {
			err = s.tx.Exec(q.sql, q.args...).Error
		}
	}
	if err != nil {
		return fmt.Errorf("merge album %s into %s: %w", old, into, err)
	}
	return nil
}

// FoundPicture is one picture that a scan found for something to show.
type FoundPicture struct {
	Of        models.ID
	Disc      int // 0 for the whole
	Rank      int // the lowest is shown first
	Version   string
	ObjectKey string
	Embedded  bool
	models.PictureRef
}

type pictureRow struct {
	ID          models.Key `gorm:"column:id"`
	OwnerKind   models.Kind
	OwnerID     models.Key
	Disc        int
	Rank        int
	Version     string
	LibraryID   int
	ObjectKey   []byte
	Place       string
	Mime        string
	ByteOffset  int64
	ByteLength  int64
	Encoding    string
	PictureType int
}

// SavePictures replaces the pictures of these owners; of artists, who are of
// all libraries, those of this library.
func (s *ScanTx) SavePictures(owners []models.ID, pictures []FoundPicture) error {
	byKind := map[models.Kind][]models.Key{}
	for _, o := range owners {
		byKind[o.Kind] = append(byKind[o.Kind], o.Key)
	}
	for kind, keys := range byKind {
		err := chunks(keys, func(part []models.Key) error {
			if kind == models.KindArtist {
				return s.tx.Exec(`DELETE FROM pictures WHERE owner_kind = ? AND owner_id IN ? AND library_id = ?`, kind, part, s.library).Error
			}
			return s.tx.Exec(`DELETE FROM pictures WHERE owner_kind = ? AND owner_id IN ?`, kind, part).Error
		})
		if err != nil {
			return fmt.Errorf("pictures: %w", err)
		}
	}
	rows := make([]pictureRow, len(pictures))
	for i, p := range pictures {
		place := "file"
		if p.Embedded {
			place = "embedded"
		}
		rows[i] = pictureRow{models.NewKey(), p.Of.Kind, p.Of.Key, p.Disc, p.Rank, p.Version, s.library, []byte(p.ObjectKey), place,
			p.MIME, p.Offset, p.Length, p.Encoding, p.Type}
	}
	err := insert(s.tx, "pictures", rows)
	if err == nil {
		err = chunks(byKind[models.KindArtist], func(part []models.Key) error {
			return s.tx.Exec(artistCovers+` WHERE id IN ?`, part).Error
		})
	}
	if err != nil {
		return fmt.Errorf("pictures: %w", err)
	}
	return nil
}

// artistCovers names the picture that artists show: whoever reads its library
// sees it, others one of their own.
const artistCovers = `UPDATE artists SET cover_version = COALESCE((SELECT p.version FROM pictures p WHERE p.owner_kind = 'ar' AND p.owner_id = artists.id
	ORDER BY p.rank, p.library_id, p.object_key LIMIT 1), '')`

// FilePictures returns the pictures of these owners that are objects of their
// own, in this library.
func (s *ScanTx) FilePictures(owners []models.ID) ([]FoundPicture, error) {
	byKind := map[models.Kind][]models.Key{}
	for _, o := range owners {
		byKind[o.Kind] = append(byKind[o.Kind], o.Key)
	}
	var out []FoundPicture
	for kind, keys := range byKind {
		err := chunks(keys, func(part []models.Key) error {
			return eachRow(s.tx, func(rows *sql.Rows) error {
				p := FoundPicture{Of: models.ID{Kind: kind}}
				var key []byte
				err := rows.Scan(&p.Of.Key, &p.Disc, &p.Rank, &p.Version, &key, &p.Length)
				p.ObjectKey = string(key)
				out = append(out, p)
				return err
			}, `SELECT owner_id, disc, rank, version, object_key, byte_length FROM pictures WHERE owner_kind = ? AND owner_id IN ? AND place = 'file' AND library_id = ?`, kind, part, s.library)
		})
		if err != nil {
			return nil, fmt.Errorf("pictures: %w", err)
		}
	}
	return out, nil
}

// SaveOwnPictures replaces the pictures that are objects of their own of these
// songs.
func (s *ScanTx) SaveOwnPictures(songs []models.Key, pictures []FoundPicture) error {
	if len(songs) == 0 {
		return nil
	}
	err := chunks(songs, func(part []models.Key) error {
		return s.tx.Exec(`DELETE FROM pictures WHERE owner_kind = 'so' AND place = 'file' AND owner_id IN ?`, part).Error
	})
	if err != nil {
		return fmt.Errorf("pictures: %w", err)
	}
	return s.SavePictures(nil, pictures)
}

// EmbeddedPictures returns the best picture within the file of each song that
// has one, else the one beside it.
func (s *ScanTx) EmbeddedPictures(songs []models.Key) (map[models.Key]FoundPicture, error) {
	out := map[models.Key]FoundPicture{}
	err := chunks(songs, func(part []models.Key) error {
		return eachRow(s.tx, func(rows *sql.Rows) error {
			var p FoundPicture
			var key []byte
			var place string
			p.Of.Kind = models.KindSong
			err := rows.Scan(&p.Of.Key, &p.Rank, &p.Version, &key, &place, &p.MIME, &p.Offset, &p.Length, &p.Encoding, &p.Type)
			p.ObjectKey, p.Embedded = string(key), place == "embedded"
			if have, ok := out[p.Of.Key]; !ok || p.Rank < have.Rank {
				out[p.Of.Key] = p
			}
			return err
		}, `SELECT owner_id, rank, version, object_key, place, mime, byte_offset, byte_length, encoding, picture_type FROM pictures WHERE owner_kind = 'so' AND owner_id IN ?`, part)
	})
	if err != nil {
		return nil, fmt.Errorf("pictures: %w", err)
	}
	return out, nil
}

// SetFolderCovers writes the version of each folder's own picture, "" for none.
func (s *ScanTx) SetFolderCovers(covers map[models.Key]string) error {
	for k, v := range covers {
		if err := s.tx.Exec(`UPDATE folders SET cover_version = ? WHERE id = ? AND cover_version <> ?`, v, k, v).Error; err != nil {
			return err
		}
	}
	return nil
}

// FoundLyrics are the texts of one song: those of the file, and the object
// keys of sidecars beside it.
type FoundLyrics struct {
	Song     models.Key
	Embedded []models.Lyrics
	Bodies   []string // Embedded as text, one each
	Sidecars []string
	Keep     bool // the file was not read: its embedded texts stay
}

type lyricsRow struct {
	ID        models.Key `gorm:"column:id"`
	SongID    models.Key
	Position  int
	Place     string
	ObjectKey []byte
	Lang      string
	Synced    int
	Body      string
}

// SaveLyrics replaces the lyrics of these songs.
func (s *ScanTx) SaveLyrics(list []FoundLyrics) error {
	var all, sidecars []models.Key
	var rows []lyricsRow
	for _, l := range list {
		if l.Keep {
			sidecars = append(sidecars, l.Song)
		} else {
			all = append(all, l.Song)
		}
		for i, key := range l.Sidecars {
			rows = append(rows, lyricsRow{ID: models.NewKey(), SongID: l.Song, Position: i, Place: "file", ObjectKey: []byte(key)})
		}
		for i, t := range l.Embedded {
			r := lyricsRow{ID: models.NewKey(), SongID: l.Song, Position: 100 + i, Place: "embedded", Lang: t.Lang, Body: l.Bodies[i]}
			if t.Synced {
				r.Synced = 1
			}
			rows = append(rows, r)
		}
	}
	err := chunks(all, func(part []models.Key) error {
		return s.tx.Exec(`DELETE FROM lyrics WHERE song_id IN ?`, part).Error
	})
	if err == nil {
		err = chunks(sidecars, func(part []models.Key) error {
			return s.tx.Exec(`DELETE FROM lyrics WHERE place = 'file' AND song_id IN ?`, part).Error
		})
	}
	if err == nil {
		err = insert(s.tx, "lyrics", rows)
	}
	if err != nil {
		return fmt.Errorf("lyrics: %w", err)
	}
	return nil
}

// SaveSongs writes whole songs, present ones, with their credits and genres.
// fresh tells which rows are new: what others never had needs no clearing.
func (s *ScanTx) SaveSongs(songs []*models.Song, fresh map[models.Key]bool) error {
	rows := make([]songRow, len(songs))
	var old []models.Key
	var credits []creditRow
	names := map[string]string{}
	for i, x := range songs {
		if x.Annot == 0 {
			x.Annot = x.Key
		}
		year := x.OriginalDate.Year
		if year == 0 {
			year = cmp.Or(x.Date.Year, x.ReleaseDate.Year)
		}
		sort := models.SortFold(cmp.Or(x.TitleSort, x.Title))
		rows[i] = songRow{
			ID: x.Key, LibraryID: x.Library, ObjectKey: []byte(x.ObjectKey), Part: x.Part, FolderID: x.Folder, AlbumID: x.Album, AnnotID: x.Annot,
			Size: x.Size, Mtime: x.ModTime, Etag: x.ETag, Reader: x.Reader, Archived: bit(x.Archived), Identity: x.Identity, CreatedAt: x.Created,
			Title: x.Title, TitleSort: sort, Search: models.Fold(x.Title), Disc: max(1, x.Disc), Track: x.Track, Year: year,
			Duration: x.Properties.Duration, RecordingID: x.RecordingID, Card: songCard(x),
		}
		if !fresh[x.Key] {
			old = append(old, x.Key)
		}
		place := map[string]int{}
		for _, c := range x.Credits {
			credits = append(credits, creditRow{x.Key, c.Role, place[c.Role], c.Artist, c.Sub, c.Name, c.Joined})
			place[c.Role]++
		}
		for _, g := range x.Genres {
			if fold := GenreFold(g); fold != "" && (names[fold] == "" || niceGenre(g, names[fold])) {
				names[fold] = g
			}
		}
	}
	genres, err := s.genres(names)
	if err != nil {
		return err
	}
	var tagged []songGenreRow
	for _, x := range songs {
		var seen []models.Key
		for _, g := range x.Genres {
			if k := genres[GenreFold(g)]; k != 0 && !slices.Contains(seen, k) {
				tagged = append(tagged, songGenreRow{x.Key, len(seen), k})
				seen = append(seen, k)
			}
		}
	}
	err = upsert(s.tx, "songs", []string{"id"}, []string{"library_id", "object_key", "part", "folder_id", "album_id", "annot_id", "size", "mtime", "etag", "reader", "archived",
		"identity", "missing_at", "title", "title_sort", "search", "disc", "track", "year", "duration", "recording_id", "card"}, rows)
	for _, table := range []string{"song_artists", "song_genres"} {
		if err == nil {
			err = chunks(old, func(part []models.Key) error {
				return s.tx.Exec(`DELETE FROM `+table+` WHERE song_id IN ?`, part).Error
			})
		}
	}
	if err == nil {
		err = insert(s.tx, "song_artists", credits)
	}
	if err == nil {
		err = insert(s.tx, "song_genres", tagged)
	}
	if err != nil {
		return fmt.Errorf("save songs: %w", err)
	}
	return nil
}

// Recount computes what the library holds of these artists, of all for nil,
// and of every genre when genres is set.
func (s *ScanTx) Recount(artists []models.Key, genres bool) error {
	count := func(which string, args ...any) error {
		with := func(q string) error {
			return s.tx.Exec(q, append([]any{s.library}, args...)...).Error
		}
		if err := with(`DELETE FROM artist_counts WHERE library_id = ?` + which); err != nil {
			return err
		}
		if err := with(`INSERT INTO artist_counts (artist_id, library_id, role, albums, songs)
			SELECT artist_id, s.library_id, role, 0, COUNT(DISTINCT x.song_id) FROM song_artists x JOIN songs s ON s.id = x.song_id
			WHERE s.library_id = ? AND s.missing_at = 0` + which + ` GROUP BY artist_id, s.library_id, role`); err != nil {
			return err
		}
		return with(`INSERT INTO artist_counts (artist_id, library_id, role, albums, songs)
			SELECT artist_id, a.library_id, role, COUNT(DISTINCT a.id), 0 FROM album_artists x JOIN albums a ON a.id = x.album_id
			WHERE a.library_id = ? AND a.songs > 0` + which + ` GROUP BY artist_id, a.library_id, role
			ON CONFLICT (artist_id, library_id, role) DO UPDATE SET albums = excluded.albums`)
	}
	var err error
	if artists == nil {
		err = count("")
	} else {
		// The padding of part repeats keys, which IN does not mind.
		err = chunks(artists, func(part []models.Key) error { return count(` AND artist_id IN ?`, part) })
	}
	if err == nil && genres {
		err = s.tx.Exec(`DELETE FROM genre_counts WHERE library_id = ?`, s.library).Error
		if err == nil {
			err = s.tx.Exec(`INSERT INTO genre_counts (genre_id, library_id, songs, albums)
				SELECT g.genre_id, s.library_id, COUNT(*), COUNT(DISTINCT s.album_id) FROM song_genres g JOIN songs s ON s.id = g.song_id
				WHERE s.library_id = ? AND s.missing_at = 0 GROUP BY g.genre_id, s.library_id`, s.library).Error
		}
	}
	if err != nil {
		return fmt.Errorf("count artists and genres: %w", err)
	}
	return nil
}

// HideEmptyFolders marks folders without a present song in or below them as
// missing, and the others as present.
func (s *ScanTx) HideEmptyFolders() error {
	parents := map[models.Key]models.Key{}
	missing := map[models.Key]bool{}
	err := eachRow(s.tx, func(rows *sql.Rows) error {
		var k, up models.Key
		var at int64
		err := rows.Scan(&k, &up, &at)
		parents[k], missing[k] = up, at != 0
		return err
	}, `SELECT id, parent_id, missing_at FROM folders WHERE library_id = ?`, s.library)
	if err != nil {
		return fmt.Errorf("folders: %w", err)
	}
	full := map[models.Key]bool{}
	err = eachRow(s.tx, func(rows *sql.Rows) error {
		var k models.Key
		err := rows.Scan(&k)
		for ; k != 0 && !full[k]; k = parents[k] {
			full[k] = true
		}
		return err
	}, `SELECT DISTINCT folder_id FROM songs WHERE library_id = ? AND missing_at = 0`, s.library)
	if err != nil {
		return fmt.Errorf("folders: %w", err)
	}
	var hide, show []models.Key
	for k, was := range missing {
		if full[k] && was {
			show = append(show, k)
		} else if !full[k] && !was {
			hide = append(hide, k)
		}
	}
	err = chunks(hide, func(part []models.Key) error {
		return s.tx.Exec(`UPDATE folders SET missing_at = ? WHERE id IN ?`, s.now, part).Error
	})
	if err == nil {
		err = chunks(show, func(part []models.Key) error {
			return s.tx.Exec(`UPDATE folders SET missing_at = 0 WHERE id IN ?`, part).Error
		})
	}
	if err != nil {
		return fmt.Errorf("folders: %w", err)
	}
	return nil
}

// unfinishedName names the setting that stands while a library's counts may be
// behind its songs.
func unfinishedName(library int) string { return fmt.Sprintf("scan_unfinished %d", library) }

// BeginChanges notes that a scan writes songs whose counts come at its end.
func (s *ScanTx) BeginChanges() error {
	return s.tx.Exec(`INSERT INTO settings (name, value) VALUES (?, '1') ON CONFLICT (name) DO NOTHING`, unfinishedName(s.library)).Error
}

// EndChanges notes that the counts are those of the songs, and that what the
// library holds changed now.
func (s *ScanTx) EndChanges() error {
	if err := s.tx.Exec(`DELETE FROM settings WHERE name = ?`, unfinishedName(s.library)).Error; err != nil {
		return err
	}
	return s.tx.Exec(`UPDATE libraries SET changed_at = ? WHERE id = ?`, s.now, s.library).Error
}

// Unfinished tells whether a scan of the library was cut off between
// BeginChanges and EndChanges.
func (c *Catalog) Unfinished(ctx context.Context, library int) (bool, error) {
	v, err := c.Setting(ctx, unfinishedName(library))
	return v != "", err
}
