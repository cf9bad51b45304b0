package scanner

import (
	"cmp"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// discFolder is the name of a folder that holds one disc of an album, such as
// "CD1", "Disc 2", "CD 3 - Live" or "disk_04".
var discFolder = regexp.MustCompile(`(?i)^(?:cd|disc|disk|dvd|lp|vinyl|side)[ _.-]*(\d{1,3}|[a-d])(?:\b|[ _.-].*)?$`)

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

// unitOf returns the path of what is built at once with a folder: the folder
// above for a disc's folder, else the folder itself.
func unitOf(folder string) string {
	if discOf(path.Base(folder)) > 0 && folder != "" {
		return folderOf(folder)
	}
	return folder
}

// trackName is a file's name that begins with a number, and perhaps a disc:
// "03 - X", "2-05 X", "03. Artist - X", "(07) X", "[A1] X".
var trackName = regexp.MustCompile(`^[\[(]?(?:(\d{1,2})[-.])?(\d{1,3})[\])]?(?:\s*[-._)]\s*|\s+)(.+)$`)

// fromName fills what the tags do not say from the object's key: title, track
// and disc, and perhaps the artist, from the file's name.
func fromName(t *models.Tags, key string) {
	base := models.CleanName(strings.TrimSuffix(path.Base(key), path.Ext(key)))
	folder := folderOf(key)
	unit := unitOf(folder)
	disc := 0
	if unit != folder {
		disc = discOf(path.Base(folder))
	}
	if t.Title == "" {
		t.Title = strings.ReplaceAll(base, "_", " ")
		if m := trackName.FindStringSubmatch(t.Title); m != nil {
			if m[1] != "" && t.Disc == 0 {
				t.Disc, _ = strconv.Atoi(m[1])
			}
			if t.Track == 0 {
				t.Track, _ = strconv.Atoi(m[2])
			}
			t.Title = strings.TrimSpace(m[3])
			if artist, title, ok := strings.Cut(t.Title, " - "); ok && t.Artist == "" && strings.TrimSpace(title) != "" {
				t.Artist, t.Title = strings.TrimSpace(artist), strings.TrimSpace(title)
			}
		}
	}
	if t.Disc == 0 {
		t.Disc = disc
	}
}

// fromFolder gives songs without an artist one: the one of their unit's only
// album, else the folder above the album's, as people sort their music.
func fromFolder(unit string, songs []*models.Song) {
	name, one := onlyAlbum(songs)
	artist := unknownArtist
	if up := folderOf(unit); unit != "" && up != "" {
		artist = models.CleanName(path.Base(up))
	}
	if one && name != "" {
		if a := most(songs, func(s *models.Song) string { return cmp.Or(s.AlbumArtist, s.Artist) }); a != "" {
			artist = a
		}
	}
	for _, s := range songs {
		if s.Artist == "" && len(s.Artists) == 0 {
			s.Artist = artist
		}
	}
}

// onlyAlbum returns the folded name of the only album that the songs' tags
// name; false when they name none or several.
func onlyAlbum(songs []*models.Song) (string, bool) {
	name := ""
	for _, s := range songs {
		if s.Tags.Album == "" {
			continue
		}
		if n := albumFold(s); name == "" {
			name = n
		} else if n != name {
			return "", false
		}
	}
	return name, name != ""
}

// albumFromFolder is the name of an album that no tag names.
func albumFromFolder(key string) string {
	if unit := unitOf(folderOf(key)); unit != "" {
		return models.CleanName(path.Base(unit))
	}
	return unknownAlbum
}

// The names of what has none, as MusicBrainz writes them.
const (
	unknownArtist  = "[unknown]"
	unknownAlbum   = "[unknown]"
	variousArtists = "Various Artists"
	variousID      = "89ad4ac3-39f7-470e-963a-56509c546377"
)
