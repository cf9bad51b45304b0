package scanner

import (
	"cmp"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// groups returns the group key of each song of one unit: songs with equal
// keys are one album. The rules, in order:
//
//   - a song without an album tag belongs to the only album that the unit's
//     tags name, or to an album named after the folder;
//   - the MusicBrainz release id decides; songs of the unit with the same
//     album name and no id join it when the unit knows just one such id;
//   - else album name, version and album artist; songs without an album
//     artist join the one that the unit's other songs of that album name have;
//   - else the album name and the unit's folder: whoever sings, what lies
//     together under one name is one album.
//
// No date is in the key: one differing year does not split an album.
func groups(unit string, songs []*models.Song) []string {
	type named struct {
		releases map[string]bool
		artists  map[string]bool
	}
	names := map[string]*named{}
	untagged, _ := onlyAlbum(songs)
	nameOf := func(s *models.Song) string {
		if s.Tags.Album == "" {
			return untagged
		}
		return albumFold(s)
	}
	for _, s := range songs {
		n := names[nameOf(s)]
		if n == nil {
			n = &named{map[string]bool{}, map[string]bool{}}
			names[nameOf(s)] = n
		}
		if s.ReleaseID != "" {
			n.releases[s.ReleaseID] = true
		}
		if a := albumArtistFold(s); a != "" {
			n.artists[a] = true
		}
	}
	keys := make([]string, len(songs))
	for i, s := range songs {
		name := nameOf(s)
		n := names[name]
		release, artist := s.ReleaseID, albumArtistFold(s)
		if release == "" && len(n.releases) == 1 && (artist == "" || len(n.artists) <= 1) {
			release = only(n.releases)
		}
		if artist == "" && len(n.artists) == 1 {
			artist = only(n.artists)
		}
		switch {
		case release != "":
			keys[i] = "release " + release
		case artist != "" && name != "":
			keys[i] = "name " + name + "\x1f" + artist
		default:
			keys[i] = "folder " + unit + "\x1f" + name
		}
		keys[i] = models.CleanKey(keys[i])
	}
	return keys
}

func only(set map[string]bool) string {
	for k := range set {
		return k
	}
	return ""
}

// albumFold is the form under which album names are one, with the version.
func albumFold(s *models.Song) string {
	if s.AlbumVersion == "" {
		return models.Fold(s.Tags.Album)
	}
	return models.Fold(s.Tags.Album) + "\x1f" + models.Fold(s.AlbumVersion)
}

func albumArtistFold(s *models.Song) string {
	if len(s.AlbumArtists) > 0 {
		return models.Fold(strings.Join(s.AlbumArtists, "\x1f"))
	}
	if s.AlbumArtist != "" {
		return models.Fold(s.AlbumArtist)
	}
	if s.Compilation {
		return models.Fold(variousArtists)
	}
	return ""
}

// most returns the value that most songs have, the first of equals; empty
// values do not count.
func most[T comparable](songs []*models.Song, of func(*models.Song) T) T {
	var zero, best T
	counts := map[T]int{}
	for _, s := range songs {
		if v := of(s); v != zero {
			counts[v]++
		}
	}
	n := 0
	for _, s := range songs {
		if v := of(s); v != zero && counts[v] > n {
			best, n = v, counts[v]
		}
	}
	return best
}

// union returns every value of the songs, the most frequent first.
func union(songs []*models.Song, of func(*models.Song) []string, same func(string) string) []string {
	counts, at := map[string]int{}, map[string]int{}
	var out []string
	for _, s := range songs {
		for _, v := range of(s) {
			k := same(v)
			if k == "" {
				continue
			}
			if counts[k] == 0 {
				at[k] = len(out)
				out = append(out, v)
			}
			counts[k]++
		}
	}
	slices.SortStableFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[same(b)], counts[same(a)]), cmp.Compare(at[same(a)], at[same(b)]))
	})
	return out
}

// album fills a from its present songs, which must not be empty. Key, library
// and cover stay.
func album(a *models.Album, songs []*models.Song) {
	slices.SortStableFunc(songs, func(x, y *models.Song) int {
		return cmp.Or(cmp.Compare(max(1, x.Disc), max(1, y.Disc)), cmp.Compare(x.Track, y.Track), strings.Compare(x.ObjectKey, y.ObjectKey))
	})
	a.Name = cmp.Or(most(songs, func(s *models.Song) string { return s.Tags.Album }), albumFromFolder(songs[0].ObjectKey))
	a.Sort = most(songs, func(s *models.Song) string { return s.AlbumSort })
	a.Version = most(songs, func(s *models.Song) string { return s.AlbumVersion })
	a.ReleaseID = most(songs, func(s *models.Song) string { return s.ReleaseID })
	a.ReleaseGroupID = most(songs, func(s *models.Song) string { return s.ReleaseGroupID })
	a.Date = most(songs, func(s *models.Song) models.Date { return firstDate(s.ReleaseDate, s.Date) })
	a.OriginalDate = most(songs, func(s *models.Song) models.Date { return s.OriginalDate })
	a.Genres = union(songs, func(s *models.Song) []string { return s.Genres }, genreFold)
	a.Moods = union(songs, func(s *models.Song) []string { return s.Moods }, models.Fold)
	a.Labels = union(songs, func(s *models.Song) []string { return s.Labels }, models.Fold)
	a.ReleaseTypes = union(songs, func(s *models.Song) []string { return s.ReleaseTypes }, strings.ToLower)
	a.Songs, a.Duration, a.Compilation, a.Created = len(songs), 0, false, 0
	clean := true
	a.Explicit = ""
	for _, s := range songs {
		a.Duration += s.Properties.Duration
		a.Compilation = a.Compilation || s.Compilation
		if a.Created == 0 || s.Created < a.Created {
			a.Created = s.Created
		}
		if s.Explicit == "explicit" {
			a.Explicit = "explicit"
		}
		clean = clean && s.Explicit == "clean"
	}
	if clean {
		a.Explicit = "clean"
	}
	discs(a, songs)
}

func firstDate(dates ...models.Date) models.Date {
	for _, d := range dates {
		if d.Year != 0 {
			return d
		}
	}
	return models.Date{}
}

// discs fills a.Discs with the discs that have a title. Pictures of discs are
// added where pictures are known.
func discs(a *models.Album, songs []*models.Song) {
	old := a.Discs
	a.Discs = nil
	titles := map[int]string{}
	var numbers []int
	for _, s := range songs {
		if s.DiscTitle != "" && titles[s.Disc] == "" {
			titles[s.Disc] = s.DiscTitle
			numbers = append(numbers, s.Disc)
		}
	}
	for _, d := range old {
		if d.Cover.Version != "" && titles[d.Number] == "" {
			numbers = append(numbers, d.Number)
		}
	}
	slices.Sort(numbers)
	for _, n := range slices.Compact(numbers) {
		d := models.Disc{Number: n, Title: titles[n]}
		for _, o := range old {
			if o.Number == n {
				d.Cover = o.Cover
			}
		}
		a.Discs = append(a.Discs, d)
	}
}

// artistOf is one artist before it has a row.
type artistOf struct {
	role, sub      string
	name, sort, id string
}

// albumArtists returns who an album is by: its album artists, else its songs'
// artist when all have the same, else Various Artists.
func albumArtists(songs []*models.Song) (display string, artists []artistOf) {
	best := most(songs, func(s *models.Song) string {
		if len(s.AlbumArtists) > 0 {
			return strings.Join(s.AlbumArtists, "\x1f")
		}
		return s.AlbumArtist
	})
	for _, s := range songs {
		names := s.AlbumArtists
		if len(names) == 0 && s.AlbumArtist != "" {
			names = []string{s.AlbumArtist}
		}
		if best == "" || strings.Join(names, "\x1f") != best {
			continue
		}
		// Of the songs that name them so, one with ids says most.
		if artists != nil && len(s.AlbumArtistIDs) != len(names) {
			continue
		}
		display, artists = cmp.Or(s.AlbumArtist, strings.Join(names, ", ")), nil
		for i, n := range names {
			artists = append(artists, artistOf{models.RoleAlbumArtist, "", n, at(s.AlbumArtistSort, i, len(names)), at(s.AlbumArtistIDs, i, len(names))})
		}
		if len(s.AlbumArtistIDs) == len(names) {
			break
		}
	}
	if artists != nil {
		return display, artists
	}
	same, compilation := true, false
	for _, s := range songs {
		same = same && songArtistFold(s) == songArtistFold(songs[0])
		compilation = compilation || s.Compilation
	}
	if same && !compilation {
		display, artists = songArtists(songs[0])
		for i := range artists {
			artists[i].role = models.RoleAlbumArtist
		}
		return display, artists
	}
	return variousArtists, []artistOf{{models.RoleAlbumArtist, "", variousArtists, "", variousID}}
}

func songArtistFold(s *models.Song) string {
	return models.Fold(cmp.Or(s.Artist, strings.Join(s.Artists, "\x1f")))
}

// at returns list[i] when the list goes with n names one by one.
func at(list []string, i, n int) string {
	if len(list) == n {
		return list[i]
	}
	return ""
}

// songArtists returns who a song is by, as printed and one by one.
func songArtists(s *models.Song) (display string, artists []artistOf) {
	names := s.Artists
	if len(names) == 0 {
		names = []string{s.Artist}
	}
	for i, n := range names {
		artists = append(artists, artistOf{models.RoleArtist, "", n, at(s.ArtistSort, i, len(names)), at(s.ArtistIDs, i, len(names))})
	}
	return cmp.Or(s.Artist, strings.Join(names, ", ")), artists
}

// people returns every artist of a song in every role but album artist.
func people(s *models.Song) []artistOf {
	_, list := songArtists(s)
	for _, r := range s.Roles {
		list = append(list, artistOf{r.Role, r.Sub, r.Name, r.Sort, r.ID})
	}
	return list
}
