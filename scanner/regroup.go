package scanner

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// manySongs is the number of songs beside those that were read from which on a
// unit is grouped at the end of the scan and not with each of its parts: a
// bucket without folders is one folder of 100,000.
const manySongs = 2000

// others returns the unit's present songs that this part of it did not read,
// in the state that the transaction gives them.
func (w *writer) others(u *readUnit, isRead map[models.Key]bool) ([]*models.Song, error) {
	folders, err := w.unitFolders(u.path)
	if err != nil {
		return nil, err
	}
	n, err := w.tx.CountIn(folders)
	if err != nil {
		return nil, err
	}
	if n > w.o.many {
		w.scan.later[u.path] = true
		return nil, nil
	}
	there, err := w.tx.SongsIn(folders)
	if err != nil {
		return nil, err
	}
	var out []*models.Song
	seen := map[models.Key]bool{}
	for _, s := range there {
		seen[s.Key] = true
		if ours := w.song(s.Key); ours != nil {
			s = ours
		} else if !w.present(s.Key) {
			continue
		}
		// Songs of a folder that moved here may have gone elsewhere.
		if !isRead[s.Key] && slices.Contains(folders, s.Folder) {
			out = append(out, s)
		}
	}
	// Another part of the unit may have been read in this transaction.
	for _, s := range w.ofUnit[u.path] {
		if !seen[s.Key] && !isRead[s.Key] {
			out = append(out, s)
		}
	}
	return out, nil
}

// song returns a song in the state that the transaction gives it, nil for one
// that it has not looked at.
func (w *writer) song(key models.Key) *models.Song {
	if s := w.have[key]; s != nil {
		return s
	}
	if e := w.claimed[key]; e != nil {
		return e.song
	}
	return nil
}

// unitFolders returns the folders that are one unit.
func (w *writer) unitFolders(unit string) ([]models.Key, error) {
	below, err := w.tx.FoldersLike(unit)
	if err != nil {
		return nil, err
	}
	var keys []models.Key
	for p, k := range below {
		if unitOf(p) == unit {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// claim names the songs of one unit and gives them their claims, so that
// group gives them their albums.
func (w *writer) claim(u *readUnit, songs []*models.Song) {
	byKey(songs)
	for _, s := range nameSongs(u.path, songs) {
		w.change(s)
		for _, c := range s.Credits {
			w.artists = append(w.artists, c.Artist)
		}
	}
	list := evidenceOf(u.path, songs)
	belong(u.path, list)
	for _, e := range list {
		w.claimed[e.song.Key] = e
		if !u.quiet && e.song.Album != 0 {
			w.albums[e.song.Album] = true
		}
	}
}

// byKey sorts songs by their objects.
func byKey(songs []*models.Song) {
	slices.SortFunc(songs, func(a, b *models.Song) int {
		return cmp.Or(strings.Compare(a.ObjectKey, b.ObjectKey), cmp.Compare(a.Part, b.Part))
	})
}

// change notes that a song is to be saved.
func (w *writer) change(s *models.Song) {
	if w.have[s.Key] == nil {
		w.have[s.Key] = s
		w.songs = append(w.songs, s)
	}
	w.albums[s.Album] = true
}

// group gives every song that has a claim its album's row, and every song of
// the families that this touches: those of the claims and those of the albums
// that lost songs. Songs that were not read are saved only when that changes
// them.
func (w *writer) group() error {
	families := map[string]bool{}
	for _, e := range w.claimed {
		if e.claim.rule != ruleFolder {
			families[e.claim.family] = true
		}
	}
	was := make([]models.Key, 0, len(w.albums))
	for k := range w.albums {
		if k != 0 {
			was = append(was, k)
		}
	}
	slices.Sort(was)
	rows, err := w.tx.AlbumsByKey(was)
	if err != nil {
		return err
	}
	for _, a := range rows {
		if f := catalog.FamilyOf(a.GroupKey); !strings.HasPrefix(f, ruleFolder+" ") {
			families[f] = true
		}
	}
	relatives, err := w.relatives(families)
	if err != nil {
		return err
	}
	byFamily := map[string][]*evidence{}
	for _, e := range w.claimed {
		byFamily[e.claim.family] = append(byFamily[e.claim.family], e)
	}
	for _, e := range relatives {
		byFamily[e.claim.family] = append(byFamily[e.claim.family], e)
	}
	var songs []*models.Song
	var keys []string
	groups := map[models.Key]string{}
	for family, list := range byFamily {
		for i, g := range groupsOf(family, list) {
			groups[list[i].song.Key] = g
			songs = append(songs, list[i].song)
		}
	}
	byKey(songs)
	for _, s := range songs {
		keys = append(keys, groups[s.Key])
	}
	return w.assign(songs, keys)
}

// relatives returns the songs of these families that no claim of this
// transaction is about. The row of their album tells their family.
func (w *writer) relatives(families map[string]bool) ([]*evidence, error) {
	rows, err := w.tx.AlbumsInFamilies(families)
	if err != nil {
		return nil, err
	}
	family, keys := map[models.Key]string{}, make([]models.Key, 0, len(rows))
	for _, a := range rows {
		family[a.Key] = catalog.FamilyOf(a.GroupKey)
		keys = append(keys, a.Key)
	}
	there, err := w.tx.SongsOf(keys)
	if err != nil {
		return nil, err
	}
	var out []*evidence
	for _, s := range there {
		if w.song(s.Key) != nil || !w.present(s.Key) {
			continue
		}
		e := evidenceOf(unitOf(folderOf(s.ObjectKey)), []*models.Song{s})[0]
		e.claim.family = family[s.Album]
		out = append(out, e)
	}
	return out, nil
}

// assign gives songs the albums of their groups, and marks the albums whose
// songs change for building anew.
func (w *writer) assign(songs []*models.Song, keys []string) error {
	rows, err := w.tx.AlbumsByGroup(unique(keys, func(s string) string { return s }))
	if err != nil {
		return err
	}
	w.groups = rows
	if err := w.inherit(songs, keys); err != nil {
		return err
	}
	for i, s := range songs {
		a := w.groups[keys[i]]
		if a == nil {
			a = &models.Album{Key: models.NewKey(), Library: w.Library.Number}
			w.groups[keys[i]] = a
		}
		if s.Album != a.Key {
			if s.Album != 0 {
				w.albums[s.Album] = true
			}
			s.Album = a.Key
			w.change(s)
		}
		if w.have[s.Key] != nil {
			w.albums[a.Key] = true
		}
	}
	return nil
}

// regroup groups the units anew that lost songs, that are too large to be
// grouped in parts, or, after a scan that was cut off, all of them.
func (x *scan) regroup(ctx context.Context) error {
	clear(x.vanished)
	if x.unfinished {
		folders, err := x.catalog.FolderPaths(ctx, x.Library.Number)
		if err != nil {
			return err
		}
		for _, p := range folders {
			x.later[unitOf(p)] = true
		}
	}
	paths := make([]string, 0, len(x.later))
	for p := range x.later {
		paths = append(paths, p)
	}
	clear(x.later)
	slices.Sort(paths)
	for rest := paths; len(rest) > 0; {
		n := 0
		err := x.write(ctx, func(w *writer) error {
			for n = 0; n < len(rest) && len(w.claimed) < batch; n++ {
				if err := w.unit(&readUnit{unit: &unit{path: rest[n], folders: map[string]bool{}}, quiet: true}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	// What still waits is large.
	for _, p := range paths {
		if x.later[p] {
			if err := x.regroupLarge(ctx, p); err != nil {
				return err
			}
		}
	}
	clear(x.later)
	return nil
}

// regroupLarge groups a unit of very many songs: it looks at all of them for
// what grouping needs, and writes those that change in small transactions.
func (x *scan) regroupLarge(ctx context.Context, path string) error {
	var songs []*models.Song
	families := map[models.Key]string{}
	err := x.catalog.Scan(ctx, x.Library.Number, func(tx *catalog.ScanTx) error {
		folders, err := (&writer{scan: x, tx: tx}).unitFolders(path)
		if err != nil {
			return err
		}
		albums := map[models.Key]bool{}
		err = tx.EachSongIn(folders, func(s *models.Song) {
			songs = append(songs, slim(s))
			albums[s.Album] = true
		})
		if err != nil {
			return err
		}
		keys := make([]models.Key, 0, len(albums))
		for k := range albums {
			keys = append(keys, k)
		}
		families, err = tx.Families(keys)
		return err
	})
	if err != nil {
		return err
	}
	byKey(songs)
	changed := map[models.Key]bool{}
	for _, s := range nameSongs(path, songs) {
		changed[s.Key] = true
	}
	list := evidenceOf(path, songs)
	belong(path, list)
	var todo []*evidence
	for _, e := range list {
		if changed[e.song.Key] || families[e.song.Album] != e.claim.family {
			todo = append(todo, e)
		}
	}
	for part := range slices.Chunk(todo, batch) {
		err := x.write(ctx, func(w *writer) error {
			keys := make([]models.Key, len(part))
			claims := map[models.Key]*evidence{}
			for i, e := range part {
				keys[i] = e.song.Key
				claims[e.song.Key] = e
			}
			rows, err := w.tx.SongsByKey(keys)
			if err != nil {
				return err
			}
			for _, s := range rows {
				e := *claims[s.Key]
				rename(s, e.song)
				e.song = s
				w.claimed[s.Key] = &e
				w.touch(s)
				w.change(s)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// slim copies of a song what grouping and naming need, so that the rest of its
// row can be freed.
func slim(s *models.Song) *models.Song {
	c := strings.Clone
	o := &models.Song{Key: s.Key, Album: s.Album, ObjectKey: c(s.ObjectKey), Part: s.Part, Unsaid: s.Unsaid}
	o.Title, o.Artist, o.AlbumArtist, o.Tags.Album, o.AlbumVersion, o.DiscTitle = c(s.Title), c(s.Artist), c(s.AlbumArtist), c(s.Tags.Album), c(s.AlbumVersion), c(s.DiscTitle)
	o.ReleaseID, o.Track, o.Disc, o.Compilation = c(s.ReleaseID), s.Track, s.Disc, s.Compilation
	o.Date, o.ReleaseDate, o.OriginalDate = s.Date, s.ReleaseDate, s.OriginalDate
	for _, a := range s.Artists {
		o.Artists = append(o.Artists, c(a))
	}
	for _, a := range s.AlbumArtists {
		o.AlbumArtists = append(o.AlbumArtists, c(a))
	}
	for _, a := range s.AlbumArtistIDs {
		o.AlbumArtistIDs = append(o.AlbumArtistIDs, c(a))
	}
	return o
}

// rename gives s what names stand in for, as from has it.
func rename(s, from *models.Song) {
	s.Title, s.Artist, s.Tags.Album, s.DiscTitle = from.Title, from.Artist, from.Tags.Album, from.DiscTitle
	s.Track, s.Disc, s.Date, s.Unsaid = from.Track, from.Disc, from.Date, from.Unsaid
}
