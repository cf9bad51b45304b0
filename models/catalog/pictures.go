package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// Picture is one picture and where its bytes are: a whole object, or a part
// of an audio file.
type Picture struct {
	Key       models.Key
	Of        models.ID // what it was found for
	Disc      int       // 0 for the whole
	Rank      int
	Version   string
	Library   int
	ObjectKey string
	Embedded  bool
	models.PictureRef
}

const pictureColumns = `p.id, p.owner_kind, p.owner_id, p.disc, p.rank, p.version, p.library_id, p.object_key, p.place, p.mime, p.byte_offset, p.byte_length, p.encoding, p.picture_type`

// pictureLimit bounds the candidates for one cover.
const pictureLimit = 16

func scanPicture(rows *sql.Rows, more ...any) (Picture, error) {
	var p Picture
	var key []byte
	var place string
	err := rows.Scan(append([]any{&p.Key, &p.Of.Kind, &p.Of.Key, &p.Disc, &p.Rank, &p.Version, &p.Library, &key, &place,
		&p.MIME, &p.Offset, &p.Length, &p.Encoding, &p.Type}, more...)...)
	p.ObjectKey, p.Embedded = string(key), place == "embedded"
	return p, err
}

// pictureQueries select the pictures that may stand for an item as rows p,
// each with the order of its source, on the condition that v may read the
// item. Their arguments are all the item's key.
func pictureQueries(v Viewer, of models.ID, disc int) []string {
	from := func(order, source string) string {
		return `SELECT ` + pictureColumns + `, ` + order + ` AS source FROM ` + source
	}
	switch of.Kind {
	case models.KindSong:
		song := `songs s JOIN pictures p ON `
		where := ` WHERE s.id = ? AND ` + v.songs("s")
		return []string{
			from(`0`, song+`p.owner_kind = 'so' AND p.owner_id = s.id`+where),
			from(`CASE WHEN p.disc = 0 THEN 2 ELSE 1 END`, song+`p.owner_kind = 'al' AND p.owner_id = s.album_id AND p.disc IN (0, s.disc)`+where),
		}
	case models.KindAlbum:
		return []string{from(`CASE WHEN p.disc = 0 THEN 1 ELSE 0 END`,
			fmt.Sprintf(`albums a JOIN pictures p ON p.owner_kind = 'al' AND p.owner_id = a.id AND p.disc IN (0, %d) WHERE a.id = ? AND %s`, disc, v.albums("a")))}
	case models.KindArtist:
		// An artist is of all libraries; the picture is of one.
		return []string{
			from(`0`, `artists r JOIN pictures p ON p.owner_kind = 'ar' AND p.owner_id = r.id AND p.library_id IN `+v.libraries()+` WHERE r.id = ? AND `+v.artists("r")),
			from(`1`, `artists r JOIN albums a ON a.id = r.cover_album_id JOIN pictures p ON p.owner_kind = 'al' AND p.owner_id = a.id AND p.disc = 0 WHERE r.id = ? AND `+v.albums("a")),
		}
	case models.KindFolder:
		return []string{
			from(`0`, `folders f JOIN pictures p ON p.owner_kind = 'fo' AND p.owner_id = f.id WHERE f.id = ? AND `+v.folders("f")),
			from(`1`, `albums a JOIN pictures p ON p.owner_kind = 'al' AND p.owner_id = a.id AND p.disc = 0
				WHERE a.id IN (SELECT s.album_id FROM songs s WHERE s.folder_id = ? AND `+v.songs("s")+`)`),
		}
	}
	return nil
}

// Pictures returns the pictures that may be shown for a song, an album, an
// artist or a folder, the best first: the item's own, then for a song its
// disc's and its album's, for a disc (a number that is not 0) the album's, for
// an artist the cover of one album, for a folder those of the albums in it.
// Where there is none, and for what v may not read, it is models.ErrNotFound.
func (c *Catalog) Pictures(ctx context.Context, v Viewer, of models.ID, disc int) ([]Picture, error) {
	list, err := c.pictures(ctx, v, of, disc)
	if err == nil && len(list) == 0 && of.Kind != models.KindSong {
		if to := c.alias(ctx, of.Kind, of.Key); to != of.Key {
			list, err = c.pictures(ctx, v, models.ID{Kind: of.Kind, Key: to}, disc)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("pictures of %s: %w", of, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("a picture of %w", models.NotFound(of))
	}
	return list, nil
}

func (c *Catalog) pictures(ctx context.Context, v Viewer, of models.ID, disc int) ([]Picture, error) {
	queries := pictureQueries(v, of, disc)
	if len(queries) == 0 {
		return nil, nil
	}
	args := make([]any, len(queries))
	for i := range args {
		args[i] = of.Key
	}
	var list []Picture
	err := c.each(ctx, func(rows *sql.Rows) error {
		var source int
		p, err := scanPicture(rows, &source)
		list = append(list, p)
		return err
	}, fmt.Sprintf(`SELECT * FROM (%s) x ORDER BY x.source, x.rank, x.library_id, x.id LIMIT %d`, strings.Join(queries, ` UNION ALL `), pictureLimit), args...)
	return list, err
}

// mosaic is how many albums' covers stand for a playlist.
const mosaic = 4

// PlaylistCovers returns the pictures of the first four albums with pictures
// in a playlist that the viewer may read: for each album its candidates, the
// best first. Where there is none, and for what v may not read, it is
// models.ErrNotFound.
func (c *Catalog) PlaylistCovers(ctx context.Context, v Viewer, playlist models.Key) ([][]Picture, error) {
	id := models.ID{Kind: models.KindPlaylist, Key: playlist}
	keys, err := c.keys(ctx, `SELECT id FROM playlists WHERE id = ? AND (owner_id = ? OR public = 1)`, playlist, v.User)
	if err != nil {
		return nil, fmt.Errorf("covers of %s: %w", id, err)
	}
	covers, err := c.playlistCovers(ctx, v, keys)
	if err != nil {
		return nil, fmt.Errorf("covers of %s: %w", id, err)
	}
	if len(covers[playlist]) == 0 {
		return nil, fmt.Errorf("a picture of %w", models.NotFound(id))
	}
	return covers[playlist], nil
}

// playlistCovers is PlaylistCovers for many playlists, whose own rights the
// caller has checked. Playlists without covers are not in the map.
func (c *Catalog) playlistCovers(ctx context.Context, v Viewer, playlists []models.Key) (map[models.Key][][]Picture, error) {
	out := map[models.Key][][]Picture{}
	// Albums may share a picture: twice the albums are read to have enough.
	query := fmt.Sprintf(`SELECT %s, x.playlist_id FROM (
			SELECT e.playlist_id, s.album_id, ROW_NUMBER() OVER (PARTITION BY e.playlist_id ORDER BY MIN(e.position)) AS n
			FROM playlist_entries e JOIN songs s ON s.id = e.song_id AND %s
			WHERE e.playlist_id IN ? AND EXISTS (SELECT 1 FROM pictures q WHERE q.owner_kind = 'al' AND q.owner_id = s.album_id AND q.disc = 0)
			GROUP BY e.playlist_id, s.album_id) x
		JOIN pictures p ON p.owner_kind = 'al' AND p.owner_id = x.album_id AND p.disc = 0
		WHERE x.n <= %d ORDER BY x.playlist_id, x.n, p.rank, p.id`, pictureColumns, v.songs("s"), 2*mosaic)
	err := chunks(playlists, func(part []models.Key) error {
		return c.each(ctx, func(rows *sql.Rows) error {
			var k models.Key
			p, err := scanPicture(rows, &k)
			if err != nil {
				return err
			}
			albums := out[k]
			if n := len(albums); n > 0 && albums[n-1][0].Of == p.Of {
				albums[n-1] = append(albums[n-1], p)
			} else {
				albums = append(albums, []Picture{p})
			}
			out[k] = albums
			return nil
		}, query, part)
	})
	for k, albums := range out {
		seen := map[string]bool{}
		kept := albums[:0]
		for _, a := range albums {
			if len(kept) < mosaic && !seen[a[0].Version] {
				seen[a[0].Version] = true
				kept = append(kept, a)
			}
		}
		out[k] = kept
	}
	return out, err
}

// Object returns the size in bytes, the time of change (Unix ns) and the ETag
// that the catalog knows of an object of music, whatever songs it became. One
// that it does not know is models.ErrNotFound.
func (c *Catalog) Object(ctx context.Context, library int, key string) (size, modTime int64, etag string, err error) {
	err = c.r.WithContext(ctx).Raw(`SELECT size, mtime, etag FROM songs WHERE library_id = ? AND object_key = ? AND part = 0`, library, []byte(key)).
		Row().Scan(&size, &modTime, &etag)
	if errors.Is(err, sql.ErrNoRows) {
		err = models.ErrNotFound
	}
	if err != nil {
		return 0, 0, "", fmt.Errorf("object %q of library %d: %w", key, library, err)
	}
	return size, modTime, etag, nil
}
