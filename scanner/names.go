package scanner

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// discFolder is the name of a folder that holds one disc of an album, such as
// "CD1", "Disc 2", "CD 3 - Live", "disk_04" or "Part 2".
var discFolder = regexp.MustCompile(`(?i)^(?:cd|disc|disk|dvd|lp|vinyl|side|part|pt|teil|tape|cassette)[ _.-]*(\d{1,3}|[a-d])(?:\b|[ _.-].*)?$`)

// discEnd is the disc that the name of an album or of its folder ends in:
// "Album (Disc 2)", "Album CD2", "Album [Disc 1]", "Album - Disc Two: Night".
var discEnd = regexp.MustCompile(`(?i)^(.*[^\s\-_.,:(\[])[\s\-_.,:]*[\s\-_(\[](?:cd|disc|disk|dvd)[\s_.#-]*(?:no\.? ?)?(\d{1,2}|one|two|three|four|five|six)(?: of \d{1,2})?(?:[:\s]+-?\s*([^)\]]+?))?\s*[)\]]?$`)

// bonusEnd is the bonus disc that an album's name ends in.
var bonusEnd = regexp.MustCompile(`(?i)^(.*[^\s\-_.,:(\[])[\s\-_.,:]*[\s(\[]bonus (?:cd|disc|disk|dvd)[)\]]?$`)

var numberWords = map[string]int{"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}

// discOf returns the disc that a folder's name tells, 0 when it tells none.
func discOf(name string) int {
	m := discFolder.FindStringSubmatch(name)
	if m == nil {
		return 0
	}
	if n, err := strconv.Atoi(m[1]); err == nil {
		return n
	}
	return int(strings.ToLower(m[1])[0]-'a') + 1
}

// cutDisc returns a name without the disc that it ends in, and that disc; 0
// when it ends in none.
func cutDisc(name string) (string, int) {
	if !mayNameDisc(name) {
		return name, 0
	}
	if m := discEnd.FindStringSubmatch(name); m != nil {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			n = numberWords[strings.ToLower(m[2])]
		}
		return m[1], n
	}
	if m := bonusEnd.FindStringSubmatch(name); m != nil {
		return m[1], 2
	}
	return name, 0
}

// mayNameDisc tells whether a name has one of the words for a disc in it. It
// spares most names the expressions.
func mayNameDisc(name string) bool {
	for i := 0; i+1 < len(name); i++ {
		switch name[i] | 0x20 {
		case 'c':
			if name[i+1]|0x20 == 'd' {
				return true
			}
		case 'd':
			if c := name[i+1] | 0x20; c == 'i' || c == 'v' {
				return true
			}
		}
	}
	return false
}

// unitOf returns the path of what is built at once with a folder: for a disc's
// folder the folder above, for one of several folders of an album, such as
// "Album CD1", their common name, else the folder itself.
func unitOf(folder string) string {
	folder = aboveDiscs(folder)
	if stem, n := cutDisc(path.Base(folder)); n > 0 {
		return folder[:len(folder)-len(path.Base(folder))] + stem
	}
	return folder
}

// aboveDiscs returns the folder that a disc's folder lies in, however deep, or
// the folder itself.
func aboveDiscs(folder string) string {
	for folder != "" && discOf(path.Base(folder)) > 0 {
		folder = folderOf(folder)
	}
	return folder
}

// discFolders returns the folders above one that are still within its unit: of
// "Album/Disc 1/Side A" those of the disc and of the album.
func discFolders(folder string) (above []string) {
	for top := aboveDiscs(folder); folder != top; {
		folder = folderOf(folder)
		above = append(above, folder)
	}
	return above
}

// folderDisc returns the disc that an object's folders tell and the disc's
// title; of several folders the highest says it.
func folderDisc(folder string) (disc int, title string) {
	for f := folder; f != "" && discOf(path.Base(f)) > 0; f = folderOf(f) {
		disc = discOf(path.Base(f))
		title = ""
		if _, rest, ok := strings.Cut(path.Base(f), " - "); ok {
			title = models.CleanName(strings.TrimSpace(rest))
		}
	}
	if disc == 0 {
		_, disc = cutDisc(path.Base(folder))
	}
	return disc, title
}

// trackName is a file's name that begins with a number, and perhaps a disc:
// "03 - X", "2-05 X", "03. Artist - X", "(07) X", "[A1] X".
var trackName = regexp.MustCompile(`^[\[(]?(?:(\d{1,2})[-.])?(\d{1,3})[\])]?(?:\s*[-._)]\s*|\s+)(.+)$`)

// longName is a file's name that tells all: "Artist - Album - 03 - X",
// "Artist - 03 - X".
var longName = regexp.MustCompile(`^(.+?) - (?:(.+?) - )?(?:(\d{1,2})-)?(\d{1,3})(?: -|\.) (.+)$`)

// named is what a file's name says.
type named struct {
	title, artist, album string
	track, disc          int
	wide                 bool // track has three digits
}

// parseName reads a file's name without its suffix.
func parseName(base string) named {
	if !strings.Contains(base, " ") {
		base = strings.ReplaceAll(base, "_", " ")
	}
	n := named{title: strings.TrimSpace(base)}
	number := func(s string) int {
		i, _ := strconv.Atoi(s)
		return i
	}
	if m := trackName.FindStringSubmatch(n.title); m != nil {
		n.disc, n.track, n.title = number(m[1]), number(m[2]), strings.TrimSpace(m[3])
		n.wide = len(m[2]) == 3
		if artist, title, ok := strings.Cut(n.title, " - "); ok && strings.TrimSpace(title) != "" {
			n.artist, n.title = strings.TrimSpace(artist), strings.TrimSpace(title)
		}
	} else if m := longName.FindStringSubmatch(n.title); m != nil {
		n.artist, n.album, n.disc, n.track, n.title = m[1], m[2], number(m[3]), number(m[4]), strings.TrimSpace(m[5])
		n.wide = len(m[4]) == 3
	}
	return n
}

func baseName(key string) string {
	return models.CleanName(strings.TrimSuffix(path.Base(key), path.Ext(key)))
}

// fromName fills what the tags do not say from the object's key: title, track
// and disc, and perhaps the artist and the album, from the file's name. It
// returns what it filled, and what is still to be filled.
func fromName(t *models.Tags, key string) models.Unsaid {
	n := parseName(baseName(key))
	var filled models.Unsaid
	lacks := func(is bool, what models.Unsaid) bool {
		if is {
			filled |= what
		}
		return is
	}
	if lacks(t.Track == 0, models.UnsaidTrack) && (t.Title == "" || models.Fold(t.Title) != models.Fold(baseName(key))) {
		t.Track = n.track
		if t.Disc == 0 {
			filled |= models.UnsaidDisc
			t.Disc = n.disc
		}
	}
	untitled := lacks(t.Title == "", models.UnsaidTitle)
	if untitled {
		t.Title = n.title
	}
	if lacks(t.Artist == "" && len(t.Artists) == 0, models.UnsaidArtist) && untitled {
		t.Artist = n.artist
	}
	if lacks(t.Album == "", models.UnsaidAlbum) && untitled {
		t.Album = n.album
	}
	disc, title := folderDisc(folderOf(key))
	if lacks(t.Disc == 0, models.UnsaidDisc) {
		if _, t.Disc = cutDisc(t.Album); t.Disc == 0 {
			t.Disc = disc
		}
	}
	if lacks(t.DiscTitle == "", models.UnsaidDiscTitle) && disc == t.Disc {
		t.DiscTitle = title
	}
	return filled
}

// nameSongs fills what the files of one unit do not say of themselves, from
// their names, their folder, the folder above and each other. What was filled
// before is filled anew. It returns the songs that this changed.
func nameSongs(unit string, songs []*models.Song) (changed []*models.Song) {
	type said struct {
		title, artist, album, discTitle string
		track, disc                     int
		date                            models.Date
	}
	of := func(s *models.Song) said {
		return said{s.Title, s.Artist, s.Tags.Album, s.DiscTitle, s.Track, s.Disc, s.Date}
	}
	before := make([]said, len(songs))
	for i, s := range songs {
		before[i] = of(s)
		if s.Part > 0 {
			// The cue sheet names a part.
			s.Unsaid &= models.UnsaidArtist | models.UnsaidDate
			forget(s)
			continue
		}
		forget(s)
		s.Unsaid = fromName(&s.Tags, s.ObjectKey) | s.Unsaid&models.UnsaidDate
	}
	discsInNumbers(songs)
	fromFolder(unit, songs)
	for i, s := range songs {
		if before[i] != of(s) {
			changed = append(changed, s)
		}
	}
	return changed
}

// forget empties what a song's file does not say.
func forget(s *models.Song) {
	for what, empty := range map[models.Unsaid]func(){
		models.UnsaidTitle:     func() { s.Title = "" },
		models.UnsaidArtist:    func() { s.Artist = "" },
		models.UnsaidAlbum:     func() { s.Tags.Album = "" },
		models.UnsaidTrack:     func() { s.Track = 0 },
		models.UnsaidDisc:      func() { s.Disc = 0 },
		models.UnsaidDiscTitle: func() { s.DiscTitle = "" },
		models.UnsaidDate:      func() { s.Date = models.Date{} },
	} {
		if s.Unsaid&what != 0 {
			empty()
		}
	}
}

// discsInNumbers reads the numbers of "101 X" and "203 Y" as disc and track,
// where a folder's files have no lower number and no disc goes beyond 39
// tracks.
func discsInNumbers(songs []*models.Song) {
	var list []*models.Song
	for _, s := range songs {
		if s.Part > 0 || s.Unsaid&models.UnsaidTrack == 0 || s.Track == 0 {
			continue
		}
		if n := parseName(baseName(s.ObjectKey)); !n.wide || n.disc != 0 || n.track < 101 || n.track%100 == 0 || n.track%100 > 39 || s.Unsaid&models.UnsaidDisc == 0 {
			return
		}
		list = append(list, s)
	}
	for _, s := range list {
		s.Disc, s.Track = s.Track/100, s.Track%100
	}
}

// albumYear is the year that the name of an album's folder begins or ends with.
var (
	yearFirst  = regexp.MustCompile(`^[\[(]?((?:19|20)\d\d)[\])]?\s*(?:[-–_.]\s*|\s)(\S.*)$`)
	yearLast   = regexp.MustCompile(`^(.*\S)\s*[\[(]((?:19|20)\d\d)[\])]$`)
	formatLast = regexp.MustCompile(`(?i)^(.*\S)\s*[\[({](?:flac|mp3|aac|m4a|ogg|opus|alac|wav|ape|vinyl|web|cd|320|v0|24|16)\b[^\])}]*[\])}]$`)
)

// folderNames is what the names of a unit's folder and the one above say.
func folderNames(unit string) (artist, album string, year int) {
	if unit == "" {
		return "", "", 0
	}
	album = models.CleanName(path.Base(unit))
	up := folderOf(unit)
	if up != "" {
		artist = models.CleanName(path.Base(up))
	}
	if left, right, ok := strings.Cut(album, " - "); ok && strings.TrimSpace(right) != "" && yearFirst.FindString(album) == "" &&
		(up == "" || models.Fold(left) == models.Fold(artist)) {
		artist, album = strings.TrimSpace(left), strings.TrimSpace(right)
	}
	for range 2 {
		if m := formatLast.FindStringSubmatch(album); m != nil {
			album = m[1]
		}
		if m := yearLast.FindStringSubmatch(album); m != nil && year == 0 {
			album = m[1]
			year, _ = strconv.Atoi(m[2])
		}
		if m := yearFirst.FindStringSubmatch(album); m != nil && year == 0 {
			year, _ = strconv.Atoi(m[1])
			album = m[2]
		}
	}
	return artist, album, year
}

// fromFolder gives songs without an artist one: the one of their unit's only
// album, else the folder above the album's, as people sort their music. Songs
// that no album names and that lie in a folder with a year get that.
func fromFolder(unit string, songs []*models.Song) {
	artist, _, year := folderNames(unit)
	known := artist
	if name, _ := mainAlbum(unit, evidenceOf(unit, songs)); name != "" {
		artist = cmp.Or(most(songs, func(s *models.Song) string { return cmp.Or(s.AlbumArtist, s.Artist) }), artist)
	}
	for _, s := range songs {
		if s.Artist == "" && len(s.Artists) == 0 && s.Unsaid&models.UnsaidTitle != 0 && s.Part == 0 {
			// "Artist - X", where no folder says better or it says the same.
			if left, right, ok := strings.Cut(s.Title, " - "); ok && s.Track == 0 && strings.TrimSpace(right) != "" && (known == "" || models.Fold(left) == models.Fold(known)) {
				s.Artist, s.Title = strings.TrimSpace(left), strings.TrimSpace(right)
			}
		}
		if s.Artist == "" && len(s.Artists) == 0 {
			s.Artist = cmp.Or(artist, unknownArtist)
			s.Unsaid |= models.UnsaidArtist
		}
		if year != 0 && s.Tags.Album == "" && s.Date.Year == 0 && s.ReleaseDate.Year == 0 && s.OriginalDate.Year == 0 {
			s.Date.Year = year
			s.Unsaid |= models.UnsaidDate
		}
	}
}

// albumFromFolder is the name of an album that no tag names.
func albumFromFolder(key string) string {
	_, album, _ := folderNames(unitOf(folderOf(key)))
	return cmp.Or(album, unknownAlbum)
}

// The names of what has none, as MusicBrainz writes them.
const (
	unknownArtist  = "[unknown]"
	unknownAlbum   = "[unknown]"
	variousArtists = "Various Artists"
	variousID      = "89ad4ac3-39f7-470e-963a-56509c546377"
)

// featuring is what announces a guest in an artist's name.
var featuring = regexp.MustCompile(`\s+[(\[]?(?:(?i:feat\.|ft\.|featuring)|feat|ft)\s+`)

// guests takes a joined name apart where it says so without doubt: "A feat. B"
// is A and B. Other names are one part.
func guests(name string) []string {
	if !mayNameGuests(name) {
		return []string{name}
	}
	var parts []string
	for _, p := range featuring.Split(name, -1) {
		if p = strings.TrimSpace(p); strings.Count(p, "(") < strings.Count(p, ")") || strings.Count(p, "[") < strings.Count(p, "]") {
			p = strings.TrimSpace(strings.TrimRight(p, ")]"))
		}
		if p != "" && !slices.Contains(parts, p) {
			parts = append(parts, p)
		}
	}
	if len(parts) < 2 {
		return []string{name}
	}
	return parts
}

// mayNameGuests tells whether a word of a name begins as featuring does. It
// spares most names the expression.
func mayNameGuests(name string) bool {
	for i := 1; i+1 < len(name); i++ {
		if name[i]|0x20 == 'f' && strings.IndexByte(" \t([", name[i-1]) >= 0 && strings.IndexByte("eEtT", name[i+1]) >= 0 {
			return true
		}
	}
	return false
}

// mainName is a name without its guests.
func mainName(name string) string { return guests(name)[0] }
