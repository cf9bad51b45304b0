package scanner

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner/audio"
)

// The tracks of a cue sheet become songs, the parts of one object. The song
// that is the object as a whole keeps its row, hidden, so that it is itself
// again when the sheet goes; its parts hang on that row, and go where it goes.

// tracksOf returns the tracks by which a sheet cuts an object: those of the
// file of this name, or, for a sheet within the object, of its only file with
// tracks or the one with the object's name.
func tracksOf(sheet *audio.Sheet, name, object string) []audio.SheetTrack {
	if sheet == nil {
		return nil
	}
	var one []audio.SheetTrack
	files := 0
	for _, f := range sheet.Files {
		if len(f.Tracks) == 0 {
			continue
		}
		if name != "" && f.Name == name && len(f.Tracks) > 1 || name == "" && f.Name != "" && foldName(stem(f.Name)) == foldName(stem(object)) {
			return f.Tracks
		}
		one = f.Tracks
		files++
	}
	if files == 1 {
		return one
	}
	return nil
}

func sheetStarts(tracks []audio.SheetTrack) []time.Duration {
	out := make([]time.Duration, len(tracks))
	for i, t := range tracks {
		out[i] = t.Start
	}
	return out
}

// sheetChapters are tracks as chapters of a song that is not cut, as far as
// they lie in it.
func sheetChapters(tracks []audio.SheetTrack, duration int64) []models.Chapter {
	var list []models.Chapter
	for _, t := range tracks {
		if at := t.Start.Milliseconds(); at < duration || duration == 0 {
			list = append(list, models.Chapter{Start: at, Title: cmp.Or(t.Tags.Title, fmt.Sprintf("Track %02d", t.Number))})
		}
	}
	return list
}

// discName is the disc in the name of a file that holds one.
var discName = regexp.MustCompile(`(?i)(?:^|[^\pL\pN])(?:cd|disc|disk)[ _.-]*(\d{1,2})(?:[^\pL\pN]|$)`)

// partTags are the tags of one of n tracks: those of the sheet, and of the
// file what it says of the whole album.
func partTags(t audio.SheetTrack, file models.Tags, n int, object string) models.Tags {
	g := t.Tags
	g.Title = cmp.Or(g.Title, fmt.Sprintf("Track %02d", t.Number))
	g.Track, g.TrackOf = t.Number, max(n, t.Number)
	if g.Artist == "" {
		g.Artist, g.Artists, g.ArtistSort, g.ArtistIDs = file.Artist, file.Artists, file.ArtistSort, file.ArtistIDs
	} else if models.Fold(g.Artist) == models.Fold(file.Artist) {
		g.Artists, g.ArtistSort, g.ArtistIDs = file.Artists, file.ArtistSort, file.ArtistIDs
	}
	if g.AlbumArtist == "" || models.Fold(g.AlbumArtist) == models.Fold(file.AlbumArtist) {
		g.AlbumArtist, g.AlbumArtists, g.AlbumArtistSort, g.AlbumArtistIDs = file.AlbumArtist, file.AlbumArtists, file.AlbumArtistSort, file.AlbumArtistIDs
	}
	if g.Album == "" {
		g.Album = file.Album
	}
	if models.Fold(g.Album) == models.Fold(file.Album) {
		g.AlbumSort, g.AlbumVersion = file.AlbumSort, file.AlbumVersion
	}
	if g.Disc == 0 {
		g.Disc = file.Disc
	}
	if g.Disc == 0 {
		if m := discName.FindStringSubmatch(stem(object)); m != nil {
			g.Disc, _ = strconv.Atoi(m[1])
		}
	}
	g.DiscOf = max(g.DiscOf, file.DiscOf)
	g.DiscTitle = cmp.Or(g.DiscTitle, file.DiscTitle)
	g.Compilation = g.Compilation || file.Compilation
	for _, list := range []struct{ to, from *[]string }{
		{&g.Genres, &file.Genres}, {&g.Moods, &file.Moods}, {&g.Groupings, &file.Groupings}, {&g.Labels, &file.Labels},
		{&g.CatalogNo, &file.CatalogNo}, {&g.ReleaseTypes, &file.ReleaseTypes},
	} {
		if len(*list.to) == 0 {
			*list.to = *list.from
		}
	}
	for _, date := range []struct{ to, from *models.Date }{
		{&g.Date, &file.Date}, {&g.ReleaseDate, &file.ReleaseDate}, {&g.OriginalDate, &file.OriginalDate},
	} {
		if date.to.Year == 0 {
			*date.to = *date.from
		}
	}
	for _, text := range []struct{ to, from *string }{
		{&g.Language, &file.Language}, {&g.Barcode, &file.Barcode}, {&g.Media, &file.Media}, {&g.ReleaseStatus, &file.ReleaseStatus},
		{&g.ReleaseCountry, &file.ReleaseCountry}, {&g.ReleaseID, &file.ReleaseID}, {&g.ReleaseGroupID, &file.ReleaseGroupID}, {&g.Explicit, &file.Explicit},
	} {
		*text.to = cmp.Or(*text.to, *text.from)
	}
	if len(g.Roles) == 0 {
		g.Roles = file.Roles
	}
	if g.Gain.AlbumGain == nil {
		g.Gain.AlbumGain, g.Gain.AlbumPeak = file.Gain.AlbumGain, file.Gain.AlbumPeak
	}
	return g
}

// parts puts the parts of objects that are cut in the place of their wholes
// among what was read, and takes the parts away from objects that no longer
// are. It is called before anything else looks at the songs.
func (w *writer) parts(u *readUnit, fresh, changed []readSong) ([]readSong, []readSong, error) {
	x := w.scan
	anyCut := slices.ContainsFunc(u.found, func(f found) bool { return len(f.parts) > 0 })
	for _, s := range slices.Concat(fresh, changed) {
		if v := x.sheets.version(s.song.ObjectKey); v != "" || x.sheets.read[s.song.Key] != "" {
			if w.songSheets == nil {
				w.songSheets = map[models.Key]string{}
			}
			w.songSheets[s.song.Key] = v
		}
	}
	if !anyCut && !x.sheets.cuts {
		return fresh, changed, nil
	}
	byObject := map[string]*found{}
	for i := range u.found {
		byObject[u.found[i].object.Key] = &u.found[i]
	}
	var wholes []models.Key
	for _, s := range slices.Concat(fresh, changed) {
		if s.file == nil && s.song.MissingSince < 0 {
			continue // its object can't be read any more: the parts stay as they are
		}
		wholes = append(wholes, s.song.Key)
		if was := byObject[s.song.ObjectKey].was; was != 0 {
			wholes = append(wholes, was)
		}
	}
	old, err := w.tx.PartsOf(wholes)
	if err != nil {
		return nil, nil, err
	}
	// Where the rows of parts will lie is free before any is written.
	var there, lost, hide []models.Key
	for _, list := range old {
		for _, s := range list {
			there = append(there, s.Key)
		}
	}
	for _, s := range slices.Concat(fresh, changed) {
		if was := byObject[s.song.ObjectKey].was; was != 0 && w.overwritten[was] {
			for _, p := range old[was] {
				lost = append(lost, p.Key)
			}
		}
	}
	var outFresh, outChanged []readSong
	for i, s := range slices.Concat(fresh, changed) {
		f := byObject[s.song.ObjectKey]
		if s.file == nil && s.song.MissingSince < 0 {
			w.wholes = append(w.wholes, s.song)
			continue
		}
		if len(f.parts) == 0 || s.file == nil {
			for _, p := range old[s.song.Key] {
				if p.MissingSince == 0 {
					lost = append(lost, p.Key)
				}
			}
			if i < len(fresh) {
				outFresh = append(outFresh, s)
			} else {
				outChanged = append(outChanged, s)
			}
			continue
		}
		if i < len(fresh) {
			w.added--
		} else {
			hide = append(hide, s.song.Key)
			if f.how == moved {
				w.moved--
			} else {
				w.changedSongs--
			}
		}
		w.wholes = append(w.wholes, s.song)
		rest := slices.Clone(old[s.song.Key])
		became := pairParts(f.parts, rest)
		taken := map[models.Key]bool{}
		for n, p := range f.parts {
			part := partSong(s.song, p, n+1)
			w.o.split(&part.Tags)
			file := *s.file
			file.Lyrics, file.Chapters, file.Sheet = nil, nil, nil
			if row := became[n]; row != nil {
				part.Key, part.Annot, part.Created, part.Album, part.Folder = row.Key, row.Annot, row.Created, row.Album, row.Folder
				if row.MissingSince != 0 && f.how == itsOwn {
					w.back++
				}
				if row.Library == s.song.Library {
					w.touch(row)
				} else {
					part.Album, part.Folder = 0, 0
				}
				taken[row.Key] = true
				w.settled = append(w.settled, row.Key)
				if f.how == moved {
					w.moved++
				} else {
					w.changedSongs++
				}
				outChanged = append(outChanged, readSong{part, &file})
			} else {
				part.Key = models.NewKey()
				part.Annot, part.Created = part.Key, w.created(*f)
				w.fresh[part.Key] = true
				w.added++
				outFresh = append(outFresh, readSong{part, &file})
			}
			w.cuts = append(w.cuts, catalog.FoundCut{Song: part.Key, Whole: s.song.Key, Cut: p.Cut})
		}
		for _, p := range rest {
			if !taken[p.Key] && p.MissingSince == 0 {
				lost = append(lost, p.Key)
			}
		}
	}
	if err := w.tx.ParkParts(there); err != nil {
		return nil, nil, err
	}
	if err := w.lose(lost); err != nil {
		return nil, nil, err
	}
	return outFresh, outChanged, w.tx.Hide(hide)
}

// partSong is the song that is a part of whole, without its row.
func partSong(whole *models.Song, p cutPart, n int) *models.Song {
	s := &models.Song{Tags: p.Tags, Properties: p.Properties, Part: n, Start: p.Start.Milliseconds()}
	s.Library, s.ObjectKey, s.Suffix, s.Size = whole.Library, whole.ObjectKey, whole.Suffix, p.Size
	s.ModTime, s.ETag, s.Reader = whole.ModTime, whole.ETag, whole.Reader
	fromName(&s.Tags, s.ObjectKey)
	return s
}

// pairParts finds for each part the row that it had: by its ISRC, title,
// beginning and number. What just has the same number is another song.
func pairParts(parts []cutPart, rows []*models.Song) []*models.Song {
	type couple struct{ n, i, j int }
	var all []couple
	for i, p := range parts {
		for j, r := range rows {
			n := 0
			if len(p.Tags.ISRC) > 0 && slices.Equal(p.Tags.ISRC, r.ISRC) {
				n += 16
			}
			if models.Fold(p.Tags.Title) == models.Fold(r.Title) {
				n += 8
			}
			switch off := abs(p.Start.Milliseconds() - r.Start); {
			case off <= 200:
				n += 5
			case off <= sameLength:
				n += 3
			}
			if i+1 == r.Part {
				n += 2
			}
			if r.MissingSince == 0 {
				n++
			}
			if n >= 5 {
				all = append(all, couple{n, i, j})
			}
		}
	}
	slices.SortFunc(all, func(a, b couple) int {
		return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.i, b.i), cmp.Compare(rows[a.j].Key, rows[b.j].Key))
	})
	out := make([]*models.Song, len(parts))
	used := make([]bool, len(rows))
	for _, c := range all {
		if out[c.i] == nil && !used[c.j] {
			out[c.i], used[c.j] = rows[c.j], true
		}
	}
	return out
}

// saveWholes writes the wholes, hidden, and how their parts are cut.
func (w *writer) saveWholes() error {
	if len(w.wholes) == 0 {
		return w.tx.SaveSongSheets(w.songSheets)
	}
	var keys []models.Key
	for _, s := range w.wholes {
		keys = append(keys, s.Key)
	}
	if err := w.tx.SaveSongs(w.wholes, w.fresh); err != nil {
		return err
	}
	if err := w.tx.Hide(keys); err != nil {
		return err
	}
	if err := w.tx.SaveCuts(w.cuts); err != nil {
		return err
	}
	w.scan.sheets.cuts = true
	return w.tx.SaveSongSheets(w.songSheets)
}

// compareParts lets the parts of wholes that vanished vanish, too, and those
// of wholes that are back unchanged come back in their place.
func (x *scan) compareParts(ctx context.Context, vanished []models.Key) error {
	if !x.sheets.cuts {
		return nil
	}
	parts, err := x.catalog.PartKeys(ctx, vanished)
	if err != nil {
		return err
	}
	x.sheets.gone = parts
	for whole, list := range parts {
		for _, k := range list {
			x.vanished[k] = x.vanished[whole]
		}
	}
	back, err := x.catalog.PartKeys(ctx, x.returned)
	if err != nil {
		return err
	}
	for whole, list := range back {
		x.returned = append(x.returned, list...)
		x.sheets.hide[whole] = true
	}
	return nil
}

// gone is how many of these were shown.
func (x *scan) gone(vanished map[models.Key]string) int {
	n := len(vanished)
	for k := range x.sheets.gone {
		if _, ok := vanished[k]; ok {
			n--
		}
	}
	return n
}
