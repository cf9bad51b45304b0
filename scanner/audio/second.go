package audio

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/dhowden/tag"
)

// secondBudget is how many bytes a second opinion may read. Of ID3v2 it is
// less: frames of one name take it quadratic time.
const (
	secondBudget    = 256 << 10
	secondBudgetID3 = 32 << 10
)

var errSecond = errors.New("the second opinion has read enough")

// limited fails once so many bytes have been read: github.com/dhowden/tag
// trusts the lengths that a file states.
type limited struct {
	io.ReadSeeker
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errSecond
	}
	n, err := l.ReadSeeker.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// second asks github.com/dhowden/tag about a file in which our reader knows
// the container but finds not one tag. FLAC and Ogg are never shown to it: it
// believes the lengths of pictures in them and allocates that much. Its Genre
// takes quadratic time, so genres come from the raw values.
func second(s *Source, f *File, v values) {
	head, err := s.Upto(0, 3, nearSize)
	if err != nil || f.Container != "mp4" && string(head) != "ID3" || f.Container != "mp4" && f.Container != "mp3" {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			f.warn("the second opinion failed: %v", p)
		}
	}()
	most := secondBudgetID3
	if f.Container == "mp4" {
		most = secondBudget
	}
	m, err := tag.ReadFrom(&limited{s.ReadSeeker(), most})
	if err != nil || m == nil {
		return
	}
	own := values{}
	own.add("TITLE", m.Title())
	own.add("ARTIST", m.Artist())
	own.add("ALBUM", m.Album())
	own.add("ALBUMARTIST", m.AlbumArtist())
	own.add("COMPOSER", m.Composer())
	own.add("COMMENT", m.Comment())
	if n := m.Year(); n > 0 {
		own.add("DATE", strconv.Itoa(n))
	}
	for name, number := range map[string]func() (int, int){"TRACKNUMBER": m.Track, "DISCNUMBER": m.Disc} {
		if n, of := number(); n > 0 {
			own.add(name, strconv.Itoa(n)+"/"+strconv.Itoa(of))
		}
	}
	for _, name := range []string{"TCON", "TCO", "\xa9gen"} {
		if genre, ok := m.Raw()[name].(string); ok {
			own.add("GENRE", genre)
		}
	}
	v.missing(own)
}

// Metadata returns f in the vocabulary of github.com/dhowden/tag. Its Picture
// is nil: a scan reads no picture.
func (f *File) Metadata() tag.Metadata { return metadata{f} }

type metadata struct{ f *File }

var _ tag.Metadata = metadata{}

// Format returns the kind of tags that the container mostly has.
func (m metadata) Format() tag.Format {
	switch m.f.Container {
	case "flac", "ogg":
		return tag.VORBIS
	case "mp4":
		return tag.MP4
	case "mp3", "wav", "aiff", "dsf", "dff", "aac":
		return tag.ID3v2_4
	}
	return tag.UnknownFormat
}

// FileType returns the type of the file, UnknownFileType for those that the
// vocabulary has no word for.
func (m metadata) FileType() tag.FileType {
	switch m.f.Container {
	case "mp3":
		return tag.MP3
	case "flac":
		return tag.FLAC
	case "dsf":
		return tag.DSF
	case "ogg":
		return tag.OGG
	case "mp4":
		if m.f.Codec == "alac" {
			return tag.ALAC
		}
		return tag.M4A
	}
	return tag.UnknownFileType
}

func (m metadata) Title() string         { return m.f.Tags.Title }
func (m metadata) Album() string         { return m.f.Tags.Album }
func (m metadata) Artist() string        { return m.f.Tags.Artist }
func (m metadata) AlbumArtist() string   { return m.f.Tags.AlbumArtist }
func (m metadata) Year() int             { return m.f.Date.Year }
func (m metadata) Track() (int, int)     { return m.f.Tags.Track, m.f.TrackOf }
func (m metadata) Disc() (int, int)      { return m.f.Tags.Disc, m.f.DiscOf }
func (m metadata) Picture() *tag.Picture { return nil }
func (m metadata) Comment() string       { return m.f.Tags.Comment }
func (m metadata) Raw() map[string]any   { return map[string]any{} }

// Composer returns the first composer.
func (m metadata) Composer() string {
	for _, r := range m.f.Roles {
		if r.Role == "composer" {
			return r.Name
		}
	}
	return ""
}

// Genre returns the first genre.
func (m metadata) Genre() string {
	if len(m.f.Genres) > 0 {
		return m.f.Genres[0]
	}
	return ""
}

// Lyrics returns the first text, its lines joined.
func (m metadata) Lyrics() string {
	if len(m.f.Lyrics) == 0 {
		return ""
	}
	var lines []string
	for _, line := range m.f.Lyrics[0].Lines {
		lines = append(lines, line.Text)
	}
	return strings.Join(lines, "\n")
}
