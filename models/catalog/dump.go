package catalog

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// Dump writes everything that the catalog tells of its libraries, and what
// users attached to it, as lines of text that depend on no id and on no time
// of a scan: a song stands under its library and key, an album under its first
// song, an artist under the name. So two catalogs of the same files can be
// compared line by line, however each came about. Rows that no reader ever
// sees (albums, artists and folders without songs) are left out unless
// somebody attached something to them. It holds all lines in memory.
func (c *Catalog) Dump(ctx context.Context, w io.Writer) error {
	d := &dump{c: c, ctx: ctx, names: map[models.ID]string{}, annot: map[models.ID]string{}, used: map[models.ID]bool{}}
	for _, part := range []func() error{d.nameSongs, d.nameArtists, d.nameFolders, d.nameGenres, d.nameAnnots, d.markUsed, d.songs, d.albums, d.artistRows, d.folders, d.found, d.users} {
		if err := part(); err != nil {
			return fmt.Errorf("dump: %w", err)
		}
	}
	slices.Sort(d.lines)
	b := bufio.NewWriter(w)
	for _, l := range d.lines {
		fmt.Fprintln(b, l)
	}
	return b.Flush()
}

// dump is one dump while it is made.
type dump struct {
	c     *Catalog
	ctx   context.Context
	names map[models.ID]string
	annot map[models.ID]string // by what marks hang on
	used  map[models.ID]bool   // what somebody attached something to
	lines []string
}

// genreKind stands for genres, which have no ids on the wire.
const genreKind models.Kind = "genre"

func (d *dump) line(what, of string, values ...any) {
	var b strings.Builder
	b.WriteString(what + " " + of)
	for _, v := range values {
		switch v := v.(type) {
		case string:
			b.WriteString(" " + strconv.Quote(v))
		case []byte:
			b.WriteString(" " + strconv.Quote(string(v)))
		default:
			j, err := json.Marshal(v)
			if err != nil {
				j = []byte(err.Error())
			}
			b.WriteString(" " + string(j))
		}
	}
	d.lines = append(d.lines, b.String())
}

func (d *dump) name(kind models.Kind, key models.Key) string {
	if key == 0 {
		return "-"
	}
	if n := d.names[models.ID{Kind: kind, Key: key}]; n != "" {
		return n
	}
	return string(kind) + " of nothing"
}

func (d *dump) each(f func(*sql.Rows) error, query string, args ...any) error {
	return d.c.each(d.ctx, f, query, args...)
}

// nameSongs names songs by library, key and part, and each album by the first
// song that is or was on it.
func (d *dump) nameSongs() error {
	return d.each(func(rows *sql.Rows) error {
		var k, album models.Key
		var library, part int
		var key []byte
		if err := rows.Scan(&k, &album, &library, &key, &part); err != nil {
			return err
		}
		name := fmt.Sprintf("%d:%q#%d", library, key, part)
		d.names[models.ID{Kind: models.KindSong, Key: k}] = name
		if id := (models.ID{Kind: models.KindAlbum, Key: album}); d.names[id] == "" {
			d.names[id] = "of " + name
		}
		return nil
	}, `SELECT id, album_id, library_id, object_key, part FROM songs ORDER BY CASE WHEN missing_at = 0 THEN 0 ELSE 1 END, library_id, object_key, part`)
}

func (d *dump) nameArtists() error {
	return d.each(func(rows *sql.Rows) error {
		var k models.Key
		var name, id string
		err := rows.Scan(&k, &name, &id)
		d.names[models.ID{Kind: models.KindArtist, Key: k}] = strconv.Quote(name + " " + id)
		return err
	}, `SELECT id, name, artist_id FROM artists`)
}

func (d *dump) nameFolders() error {
	return d.each(func(rows *sql.Rows) error {
		var k models.Key
		var library int
		var path []byte
		err := rows.Scan(&k, &library, &path)
		d.names[models.ID{Kind: models.KindFolder, Key: k}] = fmt.Sprintf("%d:%q", library, path)
		return err
	}, `SELECT id, library_id, path FROM folders`)
}

func (d *dump) nameGenres() error {
	return d.each(func(rows *sql.Rows) error {
		var k models.Key
		var name string
		err := rows.Scan(&k, &name)
		d.names[models.ID{Kind: genreKind, Key: k}] = strconv.Quote(name)
		return err
	}, `SELECT id, name FROM genres`)
}

// nameAnnots names what marks of songs and albums hang on by the first of the
// present ones that share it.
func (d *dump) nameAnnots() error {
	for kind, query := range map[models.Kind]string{
		models.KindSong:  `SELECT id, annot_id FROM songs WHERE missing_at = 0`,
		models.KindAlbum: `SELECT id, annot_id FROM albums WHERE songs > 0`,
	} {
		err := d.each(func(rows *sql.Rows) error {
			var k, annot models.Key
			err := rows.Scan(&k, &annot)
			id, name := models.ID{Kind: kind, Key: annot}, d.name(kind, k)
			if have := d.annot[id]; have == "" || name < have {
				d.annot[id] = name
			}
			return err
		}, query)
		if err != nil {
			return err
		}
	}
	return nil
}

// marked names what marks hang on.
func (d *dump) marked(kind models.Kind, key models.Key) string {
	if n := d.annot[models.ID{Kind: kind, Key: key}]; n != "" {
		return n
	}
	return d.name(kind, key)
}

func (d *dump) markUsed() error {
	return d.each(func(rows *sql.Rows) error {
		var id models.ID
		err := rows.Scan(&id.Kind, &id.Key)
		d.used[id] = true
		return err
	}, `SELECT DISTINCT kind, item_id FROM user_items WHERE starred_at > 0 OR rating > 0 OR play_count > 0`)
}

// cover replaces the id in a cover by a name.
func (d *dump) cover(c *models.Cover) string {
	if c.Version == "" {
		return ""
	}
	s := fmt.Sprintf("%s %s %d %s", c.Of.Kind, d.name(c.Of.Kind, c.Of.Key), c.Disc, c.Version)
	*c = models.Cover{}
	return s
}

// credits replaces the ids of artists in credits by their names.
func (d *dump) credits(list []models.Credit) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = fmt.Sprintf("%s %s %q %q %s", c.Role, c.Sub, c.Name, c.ID, d.name(models.KindArtist, c.Artist))
	}
	return out
}

// songs writes present songs in full; of missing ones that they are missing,
// and what they sound like.
func (d *dump) songs() error {
	return d.each(func(rows *sql.Rows) error {
		var missing, copyOf models.Key
		var card sql.RawBytes
		var identity, title, sort, search, recording string
		var disc, track, year, duration int64
		if err := rows.Scan(&missing, &copyOf, &identity, &title, &sort, &search, &disc, &track, &year, &duration, &recording, &card); err != nil {
			return err
		}
		s, err := songOf(card)
		if err != nil {
			return err
		}
		of := d.name(models.KindSong, s.Key)
		if missing != 0 {
			d.line("missing", of, identity)
			return nil
		}
		album, folder, annot := d.name(models.KindAlbum, s.Album), d.name(models.KindFolder, s.Folder), d.marked(models.KindSong, s.Annot)
		cover, credits := d.cover(&s.Cover), d.credits(s.Credits)
		s.Key, s.Album, s.Folder, s.Annot, s.Created, s.Credits = 0, 0, 0, 0, 0, nil
		d.line("song", of, album, folder, annot, d.name(models.KindSong, copyOf), cover, credits, s, s.Tags)
		d.line("song columns", of, identity, title, sort, search, disc, track, year, duration, recording)
		return nil
	}, `SELECT missing_at, copy_of, identity, title, title_sort, search, disc, track, year, duration, recording_id, card FROM songs`)
}

func (d *dump) albums() error {
	err := d.each(func(rows *sql.Rows) error {
		var group, name, sort, artist, artistSort, search string
		var year, songs, duration int64
		var card sql.RawBytes
		if err := rows.Scan(&group, &name, &sort, &artist, &artistSort, &search, &year, &songs, &duration, &card); err != nil {
			return err
		}
		a, err := albumOf(card)
		if err != nil {
			return err
		}
		if songs == 0 && !d.used[models.ID{Kind: models.KindAlbum, Key: a.Key}] {
			return nil
		}
		of := d.name(models.KindAlbum, a.Key)
		if songs == 0 {
			d.line("hidden album", of, name)
			return nil
		}
		folder, cover, credits, annot := d.name(models.KindFolder, a.Folder), d.cover(&a.Cover), d.credits(a.Credits), d.marked(models.KindAlbum, a.Annot)
		var discs []string
		for i := range a.Discs {
			discs = append(discs, d.cover(&a.Discs[i].Cover))
		}
		a.Key, a.Folder, a.Annot, a.Created, a.Credits = 0, 0, 0, 0, nil
		d.line("album", of, group, annot, folder, cover, credits, discs, a)
		d.line("album columns", of, name, sort, artist, artistSort, search, year, songs, duration)
		return nil
	}, `SELECT group_key, name, name_sort, artist, artist_sort, search, year, songs, duration, card FROM albums`)
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var album, by models.Key
			var library int
			err := rows.Scan(&album, &library, &by)
			d.line("album copy", d.name(models.KindAlbum, album), library, d.name(models.KindAlbum, by))
			return err
		}, `SELECT album_id, library_id, copy_id FROM album_copies`)
	}
	if err != nil {
		return err
	}
	return d.each(func(rows *sql.Rows) error {
		var album, artist models.Key
		var role, credit string
		var position int
		err := rows.Scan(&album, &role, &position, &artist, &credit)
		d.line("album credit", d.name(models.KindAlbum, album), role, position, d.name(models.KindArtist, artist), credit)
		return err
	}, `SELECT album_id, role, position, artist_id, credit FROM album_artists WHERE album_id IN (SELECT id FROM albums WHERE songs > 0)`)
}

// artistRows writes artists and genres that present songs credit, the credits
// and the counts.
func (d *dump) artistRows() error {
	credited := map[models.Key]bool{}
	err := d.each(func(rows *sql.Rows) error {
		var song, artist models.Key
		var role, sub, credit string
		var position int
		err := rows.Scan(&song, &role, &position, &artist, &sub, &credit)
		credited[artist] = true
		d.line("credit", d.name(models.KindSong, song), role, position, d.name(models.KindArtist, artist), sub, credit)
		return err
	}, `SELECT song_id, role, position, artist_id, sub_role, credit FROM song_artists WHERE song_id IN (SELECT id FROM songs WHERE missing_at = 0)`)
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var k models.Key
			var fold, sort, nameSort, search, version string
			err := rows.Scan(&k, &fold, &sort, &nameSort, &search, &version)
			if credited[k] {
				d.line("artist", d.name(models.KindArtist, k), fold, sort, nameSort, search, version)
			} else if d.used[models.ID{Kind: models.KindArtist, Key: k}] {
				d.line("hidden artist", d.name(models.KindArtist, k))
			}
			return err
		}, `SELECT id, name_fold, sort, name_sort, search, cover_version FROM artists`)
	}
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var k models.Key
			var library, albums, songs int
			var role string
			err := rows.Scan(&k, &library, &role, &albums, &songs)
			d.line("artist count", d.name(models.KindArtist, k), library, role, albums, songs)
			return err
		}, `SELECT artist_id, library_id, role, albums, songs FROM artist_counts`)
	}
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var song, genre models.Key
			var position int
			err := rows.Scan(&song, &position, &genre)
			d.line("genre", d.name(models.KindSong, song), position, d.name(genreKind, genre))
			return err
		}, `SELECT song_id, position, genre_id FROM song_genres WHERE song_id IN (SELECT id FROM songs WHERE missing_at = 0)`)
	}
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var k models.Key
			var library, songs, albums int
			err := rows.Scan(&k, &library, &songs, &albums)
			d.line("genre count", d.name(genreKind, k), library, songs, albums)
			return err
		}, `SELECT genre_id, library_id, songs, albums FROM genre_counts`)
	}
	return err
}

func (d *dump) folders() error {
	return d.each(func(rows *sql.Rows) error {
		var k, up, missing models.Key
		var name, sort, cover string
		err := rows.Scan(&k, &up, &missing, &name, &sort, &cover)
		if missing == 0 {
			d.line("folder", d.name(models.KindFolder, k), d.name(models.KindFolder, up), name, sort, cover)
		} else if d.used[models.ID{Kind: models.KindFolder, Key: k}] {
			d.line("hidden folder", d.name(models.KindFolder, k), name)
		}
		return err
	}, `SELECT id, parent_id, missing_at, name, name_sort, cover_version FROM folders`)
}

// found writes pictures, lyrics and chapters of what is shown, and what could
// not be read.
func (d *dump) found() error {
	shown := map[models.ID]bool{}
	for kind, q := range map[models.Kind]string{models.KindSong: `SELECT id FROM songs WHERE missing_at = 0`, models.KindAlbum: `SELECT id FROM albums WHERE songs > 0`,
		models.KindFolder: `SELECT id FROM folders WHERE missing_at = 0`, models.KindArtist: `SELECT artist_id FROM artist_counts`} {
		keys, err := d.c.keys(d.ctx, q)
		if err != nil {
			return err
		}
		for _, k := range keys {
			shown[models.ID{Kind: kind, Key: k}] = true
		}
	}
	err := d.each(func(rows *sql.Rows) error {
		var of models.ID
		var disc, rank, library, kind int
		var offset, length int64
		var version, place, mime, encoding string
		var key []byte
		err := rows.Scan(&of.Kind, &of.Key, &disc, &rank, &version, &library, &key, &place, &mime, &offset, &length, &encoding, &kind)
		if shown[of] {
			d.line("picture", string(of.Kind)+" "+d.marked(of.Kind, of.Key), disc, rank, version, library, key, place, mime, offset, length, encoding, kind)
		}
		return err
	}, `SELECT owner_kind, owner_id, disc, rank, version, library_id, object_key, place, mime, byte_offset, byte_length, encoding, picture_type FROM pictures`)
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var song models.Key
			var position, synced int
			var place, lang, kind, body string
			var key []byte
			err := rows.Scan(&song, &position, &place, &key, &lang, &kind, &synced, &body)
			if shown[models.ID{Kind: models.KindSong, Key: song}] {
				d.line("lyrics", d.name(models.KindSong, song), position, place, key, lang, kind, synced, body)
			}
			return err
		}, `SELECT song_id, position, place, object_key, lang, kind, synced, body FROM lyrics`)
	}
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var song models.Key
			var position int
			var start, end int64
			var title string
			err := rows.Scan(&song, &position, &start, &end, &title)
			if shown[models.ID{Kind: models.KindSong, Key: song}] {
				d.line("chapter", d.name(models.KindSong, song), position, start, end, title)
			}
			return err
		}, `SELECT song_id, position, start_at, end_at, title FROM chapters`)
	}
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var library, reader int
			var size int64
			var key []byte
			var reason string
			err := rows.Scan(&library, &key, &size, &reader, &reason)
			d.line("failure", fmt.Sprintf("%d:%q", library, key), size, reader, reason)
			return err
		}, `SELECT library_id, object_key, size, reader, reason FROM failures`)
	}
	return err
}

// users writes what users attached. Of plays it tells the times that apps gave.
func (d *dump) users() error {
	users := map[models.Key]string{}
	err := d.each(func(rows *sql.Rows) error {
		var k models.Key
		var name string
		err := rows.Scan(&k, &name)
		users[k] = strconv.Quote(name)
		return err
	}, `SELECT id, name FROM users`)
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var user models.Key
			var of models.ID
			var starred, rating, plays int64
			err := rows.Scan(&user, &of.Kind, &of.Key, &starred, &rating, &plays)
			if starred != 0 || rating != 0 || plays != 0 {
				d.line("user", users[user]+" "+string(of.Kind)+" "+d.marked(of.Kind, of.Key), starred != 0, rating, plays)
			}
			return err
		}, `SELECT user_id, kind, item_id, starred_at, rating, play_count FROM user_items`)
	}
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var user, annot models.Key
			var at, timed, count int64
			var player, source string
			err := rows.Scan(&user, &annot, &at, &timed, &player, &source, &count)
			if timed == 0 {
				at = 0
			}
			d.line("play", users[user]+" "+d.marked(models.KindSong, annot), at, player, source, count)
			return err
		}, `SELECT user_id, annot_id, played_at, timed, player, source, count FROM plays`)
	}
	lists := map[models.Key][]string{}
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var list, song models.Key
			err := rows.Scan(&list, &song)
			lists[list] = append(lists[list], d.name(models.KindSong, song))
			return err
		}, `SELECT playlist_id, song_id FROM playlist_entries ORDER BY playlist_id, position`)
	}
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var k, owner models.Key
			var name, comment string
			var public int
			err := rows.Scan(&k, &owner, &name, &comment, &public)
			d.line("playlist", users[owner]+" "+strconv.Quote(name), comment, public, lists[k])
			return err
		}, `SELECT id, owner_id, name, comment, public FROM playlists`)
	}
	queues := map[models.Key][]string{}
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var user, song models.Key
			err := rows.Scan(&user, &song)
			queues[user] = append(queues[user], d.name(models.KindSong, song))
			return err
		}, `SELECT user_id, song_id FROM queue_entries ORDER BY user_id, position`)
	}
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var user models.Key
			var current int
			var position int64
			err := rows.Scan(&user, &current, &position)
			d.line("queue", users[user], current, position, queues[user])
			return err
		}, `SELECT user_id, current_index, position FROM queues`)
	}
	if err == nil {
		err = d.each(func(rows *sql.Rows) error {
			var user, item models.Key
			var position int64
			var comment string
			err := rows.Scan(&user, &item, &position, &comment)
			d.line("bookmark", users[user]+" "+d.marked(models.KindSong, item), position, comment)
			return err
		}, `SELECT user_id, item_id, position, comment FROM bookmarks`)
	}
	return err
}
