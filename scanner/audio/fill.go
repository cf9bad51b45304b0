package audio

import (
	"math"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// roleTags pairs the canonical names of people's tags with their roles, in
// the order in which credits are listed.
var roleTags = []struct{ name, role string }{
	{"COMPOSER", models.RoleComposer}, {"LYRICIST", models.RoleLyricist}, {"WRITER", models.RoleLyricist},
	{"CONDUCTOR", models.RoleConductor}, {"ARRANGER", models.RoleArranger}, {"PRODUCER", models.RoleProducer},
	{"ENGINEER", models.RoleEngineer}, {"MIXER", models.RoleMixer}, {"DJMIXER", models.RoleDJMixer},
	{"REMIXER", models.RoleRemixer}, {"DIRECTOR", models.RoleDirector}, {"PERFORMER", models.RolePerformer},
}

// fill turns values into f.Tags. Nothing is split but what a format defines:
// lists come from repeated values alone.
func fill(f *File, v values) {
	t := &f.Tags
	t.Title, t.TitleSort = v.first("TITLE"), v.first("TITLESORT")
	t.Subtitle = v.first("SUBTITLE")
	t.ArtistIDs = uuids(v["MUSICBRAINZ_ARTISTID"])
	t.AlbumArtistIDs = uuids(v["MUSICBRAINZ_ALBUMARTISTID"])
	t.Artist, t.Artists = artists(v["ARTIST"], v["ARTISTS"], len(t.ArtistIDs))
	t.ArtistSort = v["ARTISTSORT"]
	t.AlbumArtist, t.AlbumArtists = artists(v["ALBUMARTIST"], v["ALBUMARTISTS"], len(t.AlbumArtistIDs))
	t.AlbumArtistSort = v["ALBUMARTISTSORT"]
	t.Roles = roles(v)

	t.Album, t.AlbumSort = v.first("ALBUM"), v.first("ALBUMSORT")
	t.AlbumVersion = v.first("ALBUMVERSION", "VERSION")
	t.Track, t.TrackOf = numberOf(v, "TRACKNUMBER", "TRACKTOTAL")
	t.Disc, t.DiscOf = numberOf(v, "DISCNUMBER", "DISCTOTAL")
	t.DiscTitle = v.first("DISCSUBTITLE")
	t.Compilation = truth(v.first("COMPILATION"))
	for _, g := range v["GENRE"] {
		t.Genres = append(t.Genres, genres(g)...)
	}
	t.Genres = unique(t.Genres)
	t.Moods, t.Groupings = unique(v["MOOD"]), unique(v["GROUPING"])

	t.Date = firstDate(v, "DATE", "YEAR", "RECORDINGDATE")
	t.ReleaseDate = firstDate(v, "RELEASEDATE")
	t.OriginalDate = firstDate(v, "ORIGINALDATE", "ORIGINALYEAR")

	t.Works = named(v["WORK"], uuids(v["MUSICBRAINZ_WORKID"]))
	movement(t, v)
	t.Language = v.first("LANGUAGE")

	t.Comment = v.first("COMMENT", "DESCRIPTION")
	if bpm := decimal(v.first("BPM")); bpm > 0 && bpm < 10000 {
		t.BPM = int(math.Round(bpm))
	}
	t.ISRC, t.Labels, t.CatalogNo = unique(v["ISRC"]), unique(v["LABEL"]), unique(v["CATALOGNUMBER"])
	t.Barcode, t.Media = v.first("BARCODE"), v.first("MEDIA")
	t.ReleaseTypes = releaseTypes(v["RELEASETYPE"])
	t.ReleaseStatus, t.ReleaseCountry = strings.ToLower(v.first("RELEASESTATUS")), v.first("RELEASECOUNTRY")
	switch strings.ToLower(v.first("ITUNESADVISORY")) {
	case "1", "4", "explicit":
		t.Explicit = "explicit"
	case "2", "clean":
		t.Explicit = "clean"
	}

	t.RecordingID = firstUUID(v, "MUSICBRAINZ_TRACKID")
	t.ReleaseTrackID = firstUUID(v, "MUSICBRAINZ_RELEASETRACKID")
	t.ReleaseID = firstUUID(v, "MUSICBRAINZ_ALBUMID")
	t.ReleaseGroupID = firstUUID(v, "MUSICBRAINZ_RELEASEGROUPID")
	gain(&t.Gain, v)
}

// releaseTypes takes lists apart that are joined by ";", "," or "/": the words
// come from a closed vocabulary, of which one has a slash itself.
func releaseTypes(values []string) []string {
	const street = "mixtape/street"
	var types []string
	for _, list := range values {
		list = strings.ReplaceAll(strings.ToLower(list), street, "\x00")
		for s := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ';' || r == ',' || r == '/' }) {
			if s = strings.TrimSpace(strings.ReplaceAll(s, "\x00", street)); s != "" {
				types = append(types, s)
			}
		}
	}
	return unique(types)
}

// artists returns the artist as printed and one by one. printed is the tag
// that holds what is printed, each the one that lists them. Where only one of
// the two is there, it serves as both: several printed values are a list,
// joined by "; " for print, each once: some writers say the same under several
// spellings of one name.
//
// ID3v2.3 has no lists, so its writers join them by "/" or ";". A list tag is
// taken apart again where that gives as many names as there are MusicBrainz
// ids: the one case in which nothing is guessed.
func artists(printed, each []string, ids int) (string, []string) {
	if len(each) == 1 && ids > 1 {
		for _, sep := range []string{";", "/"} {
			if parts := strings.Split(each[0], sep); len(parts) == ids {
				if len(printed) == 0 {
					printed = each
				}
				each = nil
				for _, part := range parts {
					if part = strings.TrimSpace(part); part != "" {
						each = append(each, part)
					}
				}
				break
			}
		}
	}
	if len(printed) == 0 {
		printed = each
	}
	if len(each) == 0 {
		each = printed
	}
	return strings.Join(unique(printed), "; "), unique(each)
}

// roles lists the people of v by role.
func roles(v values) []models.RoleName {
	var list []models.RoleName
	for _, r := range roleTags {
		names := v[r.name]
		if len(names) == 0 {
			continue
		}
		sorts, ids := v[r.name+"SORT"], uuids(v["MUSICBRAINZ_"+r.name+"ID"])
		for i, name := range names {
			p := models.RoleName{Role: r.role, Named: models.Named{Name: name}}
			if r.role == models.RolePerformer {
				p.Name, p.Sub = instrument(name)
			}
			if len(sorts) == len(names) {
				p.Sort = sorts[i]
			}
			if len(ids) == len(names) {
				p.ID = ids[i]
			}
			list = append(list, p)
		}
	}
	return unique(list)
}

// instrument takes "Name (instrument)" apart.
func instrument(s string) (name, sub string) {
	if !strings.HasSuffix(s, ")") {
		return s, ""
	}
	open, depth := -1, 0
	for i := len(s) - 1; i >= 0 && open < 0; i-- {
		switch s[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth == 0 {
				open = i
			}
		}
	}
	if open < 1 {
		return s, ""
	}
	if name, sub = strings.TrimSpace(s[:open]), strings.TrimSpace(s[open+1:len(s)-1]); name == "" {
		return s, ""
	}
	return name, sub
}

// numberOf returns a number and the count it is one of: "3/9", or "3" with
// the count in a tag of its own.
func numberOf(v values, name, total string) (n, of int) {
	first, rest, _ := strings.Cut(v.first(name), "/")
	n, of = natural(first), natural(rest)
	if t := natural(v.first(total)); t > 0 {
		of = t
	}
	return n, of
}

// movement reads the movement's name and number: some writers put the number
// under MOVEMENT and the name under MOVEMENTNAME, some the name under MOVEMENT.
func movement(t *models.Tags, v values) {
	t.Movement = v.first("MOVEMENTNAME")
	t.MovementNumber, t.MovementOf = numberOf(v, "MOVEMENTNUMBER", "MOVEMENTTOTAL")
	if m := v.first("MOVEMENT"); m != "" {
		if n, _ := numberOf(v, "MOVEMENT", "MOVEMENTTOTAL"); n > 0 && t.MovementNumber == 0 {
			t.MovementNumber, t.MovementOf = numberOf(v, "MOVEMENT", "MOVEMENTTOTAL")
		} else if n == 0 && t.Movement == "" {
			t.Movement = m
		}
	}
}

// named pairs names with ids where both lists are equally long.
func named(names, ids []string) []models.Named {
	var list []models.Named
	for i, name := range names {
		n := models.Named{Name: name}
		if len(ids) == len(names) {
			n.ID = ids[i]
		}
		list = append(list, n)
	}
	return list
}

// natural returns the number that s begins with, after space; 0 for none and
// for what no number of a track can be.
func natural(s string) int {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil || n > 999_999 {
		return 0
	}
	return n
}

// decimal returns the number that s begins with, a comma being as good as a
// point; NaN when there is none.
func decimal(s string) float64 {
	s = strings.TrimSpace(s)
	end := 0
	for end < len(s) && end < 40 && strings.IndexByte("+-.,0123456789eE", s[end]) >= 0 {
		end++
	}
	n, err := strconv.ParseFloat(strings.TrimRight(strings.Replace(s[:end], ",", ".", 1), "eE+-"), 64)
	if err != nil {
		return math.NaN()
	}
	return n
}

// truth reads a flag.
func truth(s string) bool {
	switch strings.ToLower(s) {
	case "", "0", "no", "false", "n":
		return false
	}
	n := decimal(s)
	return math.IsNaN(n) || n != 0
}

// firstDate returns the first date of these names that can be read.
func firstDate(v values, names ...string) models.Date {
	for _, name := range names {
		for _, s := range v[name] {
			if d := parseDate(s); d.Year != 0 {
				return d
			}
		}
	}
	return models.Date{}
}

// parseDate reads 2005, 2005-03, 2005-03-01T10:00, 2005/03/01, 20050301 and
// what ends in a year, such as 01.03.2005. What cannot be right is unknown.
func parseDate(s string) models.Date {
	if len(s) > 64 {
		s = s[:64]
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if len(parts) == 0 {
		return models.Date{}
	}
	if first := parts[0]; len(first) == 8 {
		parts = []string{first[:4], first[4:6], first[6:]}
	} else if len(first) == 6 {
		parts = []string{first[:4], first[4:]}
	} else if len(first) != 4 {
		for i, p := range parts {
			if len(p) == 4 {
				return date(p, "", "", i)
			}
		}
		return models.Date{}
	}
	parts = append(parts, "", "")
	return date(parts[0], parts[1], parts[2], 0)
}

// date checks the three numbers of a date. at is where the year stood: years
// in later places count only when they are likely ones.
func date(year, month, day string, at int) models.Date {
	d := models.Date{Year: natural(year)}
	if d.Year < 1 || at > 0 && d.Year < 1000 {
		return models.Date{}
	}
	if m := natural(month); len(month) <= 2 && m >= 1 && m <= 12 {
		d.Month = m
		if n := natural(day); len(day) <= 2 && n >= 1 && n <= 31 {
			d.Day = n
		}
	}
	return d
}

// uuids returns every UUID in the values, lower case. Where one format joins
// several in one text, they are found all the same.
func uuids(list []string) []string {
	var ids []string
	for _, s := range list {
		for len(s) >= 36 && len(ids) < maxValues {
			if isUUID(s[:36]) && (len(s) == 36 || !isHex(s[36])) {
				ids = append(ids, strings.ToLower(s[:36]))
				s = s[36:]
				continue
			}
			s = s[1:]
		}
	}
	return ids
}

func firstUUID(v values, name string) string {
	if ids := uuids(v[name]); len(ids) > 0 {
		return ids[0]
	}
	return ""
}

// isUUID tells whether the 36 bytes of s have the form of a UUID (RFC 9562).
func isUUID(s string) bool {
	for i := 0; i < 36; i++ {
		if hyphen := i == 8 || i == 13 || i == 18 || i == 23; hyphen != (s[i] == '-') || !hyphen && !isHex(s[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// unique drops what came before, and keeps the order.
func unique[T comparable](list []T) []T {
	if len(list) < 2 {
		return list
	}
	seen, out := make(map[T]bool, len(list)), make([]T, 0, len(list))
	for _, x := range list {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}
