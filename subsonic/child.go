package subsonic

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/subsonic/spec"
)

// This file turns the nouns of package models into the shapes of the
// protocol. What is unknown stays unset: package spec knows what is sent then.

func idOf(kind models.Kind, key models.Key) string {
	return models.ID{Kind: kind, Key: key}.String()
}

// coverID is the id that getCoverArt takes, "" without a picture. It carries
// the version of the picture, so that apps fetch a replaced one anew, and for
// a picture of one disc of an album the disc.
func coverID(c models.Cover) string {
	if c.Of.Key == 0 {
		return ""
	}
	id := c.Of.String()
	if c.Disc != 0 {
		id += "-d" + strconv.Itoa(c.Disc)
	}
	if c.Version != "" {
		id += "_" + c.Version
	}
	return id
}

// seconds rounds milliseconds.
func seconds(ms int64) int { return int((ms + 500) / 1000) }

// songPath is the real path of a song relative to its library's root, as
// text. Keys of objects have no "..", no empty part and no NUL.
func songPath(key string) string { return strings.ToValidUTF8(key, "\uFFFD") }

// namePath is the path of the file that a song is for whoever takes it: the
// real one, or for a part of an object, in the object's folder, a name of its
// own.
func namePath(s *models.Song) string {
	p := songPath(s.ObjectKey)
	if s.Part == 0 {
		return p
	}
	title := strings.Map(func(r rune) rune {
		if r == '/' || r == 0 {
			return '_'
		}
		return r
	}, s.Title)
	name := strings.TrimSuffix(path.Base(p), path.Ext(p)) + " - " + fmt.Sprintf("%02d", cmp.Or(s.Track, s.Part))
	if title != "" {
		name += " " + title
	}
	return path.Join(path.Dir(p), name+path.Ext(p))
}

// childType is the type of what lies in a library of this kind.
func childType(kind string) string {
	switch kind {
	case models.LibraryAudiobook:
		return spec.TypeAudiobook
	case models.LibraryPodcast:
		return spec.TypePodcast
	}
	return spec.TypeMusic
}

// songs converts a list of songs; it never is nil.
func (a *API) songs(ctx context.Context, list []*models.Song) ([]spec.Child, error) {
	kinds, err := a.libraryKinds(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]spec.Child, len(list))
	for i, s := range list {
		fillSong(&out[i], s, kinds[s.Library])
	}
	return out, nil
}

// song converts one song.
func (a *API) song(ctx context.Context, s *models.Song) (spec.Child, error) {
	kinds, err := a.libraryKinds(ctx)
	if err != nil {
		return spec.Child{}, err
	}
	var c spec.Child
	fillSong(&c, s, kinds[s.Library])
	return c, nil
}

// fillSong makes c the child of a song in a library of this kind.
func fillSong(c *spec.Child, s *models.Song, kind string) {
	c.ID = idOf(models.KindSong, s.Key)
	c.Parent = idOf(models.KindFolder, s.Folder)
	c.Title = s.Title
	if c.Title == "" {
		name := path.Base(songPath(s.ObjectKey))
		c.Title = strings.TrimSuffix(name, path.Ext(name))
	}
	c.Album = s.AlbumName
	if c.Album == "" {
		c.Album = s.Tags.Album
	}
	c.AlbumID = idOf(models.KindAlbum, s.Album)
	c.Track, c.DiscNumber, c.Year = s.Track, s.Disc, songYear(s)
	c.CoverArt = coverID(s.Cover)
	c.Size, c.Suffix, c.ContentType = s.Size, s.Suffix, s.ContentType
	c.Duration, c.BitRate = seconds(s.Duration), s.BitRate
	c.BitDepth, c.SamplingRate, c.ChannelCount = s.BitDepth, s.SampleRate, s.Channels
	c.Path = namePath(s)
	c.Created = spec.Time(s.Created)
	c.Type, c.MediaType = childType(kind), spec.MediaSong
	c.BookmarkPosition = s.User.Bookmark
	fillUser(c, s.User)
	c.BPM, c.Comment = s.BPM, s.Comment
	c.SortName, c.MusicBrainzID = s.TitleSort, s.RecordingID
	c.ExplicitStatus = s.Explicit
	c.ISRC, c.Moods, c.Groupings = s.ISRC, s.Moods, s.Groupings
	c.Genres, c.Genre = genres(s.Genres)
	fillCredits(c, s.Credits)
	c.Artist = s.Artist
	if c.Artist == "" {
		c.Artist = names(c.Artists)
	}
	c.DisplayArtist = c.Artist
	c.DisplayAlbumArtist = s.AlbumArtist
	if c.DisplayAlbumArtist == "" {
		c.DisplayAlbumArtist = names(c.AlbumArtists)
	}
	if len(c.Artists) > 0 {
		c.ArtistID = c.Artists[0].ID
	} else if len(c.AlbumArtists) > 0 {
		c.ArtistID = c.AlbumArtists[0].ID
	}
	g := &s.Gain
	c.ReplayGain = spec.ReplayGain{TrackGain: g.TrackGain, TrackPeak: g.TrackPeak, AlbumGain: g.AlbumGain, AlbumPeak: g.AlbumPeak, BaseGain: g.BaseGain}
	for _, w := range s.Works {
		c.Works = append(c.Works, spec.Work{Name: w.Name, MusicBrainzID: w.ID})
	}
	if s.Movement != "" {
		c.Movements = []spec.Movement{{Name: s.Movement, Number: s.MovementNumber, Count: s.MovementOf}}
	}
}

// songYear is the year that people know a song by.
func songYear(s *models.Song) int {
	for _, d := range []models.Date{s.OriginalDate, s.Date, s.ReleaseDate} {
		if d.Year != 0 {
			return d.Year
		}
	}
	return 0
}

// fillUser adds what the user attached to an item.
func fillUser(c *spec.Child, u models.UserItem) {
	c.UserRating, c.AverageRating = u.Rating, spec.Rating(u.Average)
	c.PlayCount, c.Played, c.Starred = u.PlayCount, spec.Time(u.PlayedAt), spec.Time(u.StarredAt)
}

// fillCredits sorts a song's credits into artists, album artists and all
// others.
func fillCredits(c *spec.Child, credits []models.Credit) {
	var artists, albumArtists, others int
	for i := range credits {
		switch credits[i].Role {
		case models.RoleArtist:
			artists++
		case models.RoleAlbumArtist:
			albumArtists++
		default:
			others++
		}
	}
	refs := make([]spec.ArtistRef, 0, artists+albumArtists)
	for _, role := range [...]string{models.RoleArtist, models.RoleAlbumArtist} {
		from := len(refs)
		for i := range credits {
			if credits[i].Role == role {
				refs = append(refs, artistRef(&credits[i]))
			}
		}
		if role == models.RoleArtist {
			c.Artists = refs[from:len(refs):len(refs)]
		} else {
			c.AlbumArtists = refs[from:]
		}
	}
	if others == 0 {
		return
	}
	c.Contributors = make([]spec.Contributor, 0, others)
	for i := range credits {
		r := &credits[i]
		if r.Role == models.RoleArtist || r.Role == models.RoleAlbumArtist {
			continue
		}
		c.Contributors = append(c.Contributors, spec.Contributor{Role: r.Role, SubRole: r.Sub, Artist: artistRef(r)})
		if r.Role == models.RoleComposer {
			if c.DisplayComposer != "" {
				c.DisplayComposer += ", "
			}
			c.DisplayComposer += r.Name
		}
	}
}

func artistRef(c *models.Credit) spec.ArtistRef {
	return spec.ArtistRef{ID: idOf(models.KindArtist, c.Artist), Name: c.Name}
}

func names(list []spec.ArtistRef) string {
	if len(list) == 1 {
		return list[0].Name
	}
	var b strings.Builder
	for i, r := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(r.Name)
	}
	return b.String()
}

// genres returns all genres and the first of them.
func genres(list []string) ([]spec.ItemGenre, string) {
	if len(list) == 0 {
		return nil, ""
	}
	out := make([]spec.ItemGenre, len(list))
	for i, g := range list {
		out[i].Name = g
	}
	return out, list[0]
}

// albumArtists returns the album artists and the text that names them.
func albumArtists(al *models.Album) ([]spec.ArtistRef, string) {
	var refs []spec.ArtistRef
	for i := range al.Credits {
		if al.Credits[i].Role == models.RoleAlbumArtist {
			refs = append(refs, artistRef(&al.Credits[i]))
		}
	}
	if al.Artist != "" {
		return refs, al.Artist
	}
	return refs, names(refs)
}

// fillAlbum makes x the tag view's shape of an album.
func fillAlbum(x *spec.AlbumID3, al *models.Album) {
	x.ID, x.Name, x.Version = idOf(models.KindAlbum, al.Key), al.Name, al.Version
	x.Artists, x.Artist = albumArtists(al)
	x.DisplayArtist = x.Artist
	if len(x.Artists) > 0 {
		x.ArtistID = x.Artists[0].ID
	}
	x.CoverArt = coverID(al.Cover)
	x.SongCount, x.Duration = al.Songs, seconds(al.Duration)
	x.Created, x.Year = spec.Time(al.Created), al.Year()
	u := &al.User
	x.PlayCount, x.Played, x.Starred, x.UserRating = u.PlayCount, spec.Time(u.PlayedAt), spec.Time(u.StarredAt), u.Rating
	x.Genres, x.Genre = genres(al.Genres)
	x.MusicBrainzID, x.SortName = al.ReleaseID, al.Sort
	x.IsCompilation, x.ExplicitStatus = al.Compilation, al.Explicit
	x.ReleaseTypes, x.Moods = al.ReleaseTypes, al.Moods
	x.OriginalReleaseDate, x.ReleaseDate = date(al.OriginalDate), date(al.Date)
	for _, l := range al.Labels {
		x.RecordLabels = append(x.RecordLabels, spec.RecordLabel{Name: l})
	}
	for _, d := range al.Discs {
		if d.Title != "" {
			x.DiscTitles = append(x.DiscTitles, spec.DiscTitle{Disc: d.Number, Title: d.Title, CoverArt: coverID(d.Cover)})
		}
	}
}

func date(d models.Date) spec.ItemDate {
	return spec.ItemDate{Year: d.Year, Month: d.Month, Day: d.Day}
}

func albums(list []*models.Album) []spec.AlbumID3 {
	out := make([]spec.AlbumID3, len(list))
	for i, al := range list {
		fillAlbum(&out[i], al)
	}
	return out
}

// fillAlbumChild makes c the folder view's shape of an album: a directory
// that getMusicDirectory opens.
func fillAlbumChild(c *spec.Child, al *models.Album, kind string) {
	c.ID, c.IsDir = idOf(models.KindAlbum, al.Key), true
	c.Title, c.Album = al.Name, al.Name
	c.AlbumArtists, c.Artist = albumArtists(al)
	c.Artists = c.AlbumArtists
	c.DisplayArtist, c.DisplayAlbumArtist = c.Artist, c.Artist
	if len(c.AlbumArtists) > 0 {
		c.ArtistID = c.AlbumArtists[0].ID
		c.Parent = c.ArtistID
	} else {
		c.Parent = idOf(models.KindFolder, al.Folder)
	}
	c.AlbumID = c.ID
	c.Year, c.CoverArt, c.Duration = al.Year(), coverID(al.Cover), seconds(al.Duration)
	c.Created = spec.Time(al.Created)
	c.Type, c.MediaType = childType(kind), spec.MediaAlbum
	fillUser(c, al.User)
	c.Genres, c.Genre = genres(al.Genres)
	c.SortName, c.MusicBrainzID = al.Sort, al.ReleaseID
	c.ExplicitStatus, c.Moods = al.Explicit, al.Moods
}

func (a *API) albumChildren(ctx context.Context, list []*models.Album) ([]spec.Child, error) {
	kinds, err := a.libraryKinds(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]spec.Child, len(list))
	for i, al := range list {
		fillAlbumChild(&out[i], al, kinds[al.Library])
	}
	return out, nil
}

// fillFolder makes c a real folder.
func fillFolder(c *spec.Child, f *models.Folder, kind string) {
	c.ID, c.IsDir = idOf(models.KindFolder, f.Key), true
	c.Parent = idOf(models.KindFolder, f.Parent)
	c.Title, c.Album = f.Name, f.Name
	c.Path = songPath(f.Path)
	c.CoverArt = coverID(f.Cover)
	c.Created = spec.Time(f.Created)
	c.Type = childType(kind)
	fillUser(c, f.User)
}

// fillArtist makes x the tag view's shape of an artist.
func fillArtist(x *spec.ArtistID3, ar *models.Artist) {
	x.ID, x.Name = idOf(models.KindArtist, ar.Key), ar.Name
	x.CoverArt, x.AlbumCount = coverID(ar.Cover), ar.Albums
	x.Starred = spec.Time(ar.User.StarredAt)
	x.MusicBrainzID, x.SortName, x.Roles = ar.ID, ar.Sort, ar.Roles
}

func artists(list []*models.Artist) []spec.ArtistID3 {
	out := make([]spec.ArtistID3, len(list))
	for i, ar := range list {
		fillArtist(&out[i], ar)
	}
	return out
}

// folderArtists gives artists the folder view's shape.
func folderArtists(list []*models.Artist) []spec.Artist {
	out := make([]spec.Artist, len(list))
	for i, ar := range list {
		out[i] = spec.Artist{ID: idOf(models.KindArtist, ar.Key), Name: ar.Name, Starred: spec.Time(ar.User.StarredAt),
			UserRating: ar.User.Rating, AverageRating: spec.Rating(ar.User.Average)}
	}
	return out
}

// indexName returns the form of a name by which indexes sort it: its sort
// name where it has one, else the name without an article at its beginning.
func (a *API) indexName(name, sort string) string {
	if sort != "" {
		return models.SortFold(sort)
	}
	folded := models.SortFold(name)
	for _, article := range a.articles {
		if rest, ok := strings.CutPrefix(folded, article); ok && rest != "" {
			return rest
		}
	}
	return folded
}

// otherLetters is the index of names that begin with no letter of an
// alphabet.
const otherLetters = "#"

// letter returns the index that a folded name stands under.
func letter(folded string) string {
	r, _ := utf8.DecodeRuneInString(folded) // not a letter when there is none
	if r >= 'a' && r <= 'z' {
		return string(r - 'a' + 'A')
	}
	if unicode.IsLetter(r) && !unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana) {
		return string(unicode.ToUpper(r))
	}
	return otherLetters
}
