package scanner

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/unicode/norm"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner/audio"
)

// The files of playlists that are read and written: M3U in both encodings,
// PLS, and XSPF version 1 (https://xspf.org/spec).

// playlistSuffixes are the suffixes of playlists, lower case.
var playlistSuffixes = []string{"m3u", "m3u8", "pls", "xspf"}

const (
	mostPlaylistBytes = 16 << 20
	mostPlaylistLines = 100_000
	mostLineBytes     = 8 << 10
)

// playlistFile is what a playlist's file says.
type playlistFile struct {
	name, comment string
	lines         []playlistLine
}

// playlistLine is one entry of a playlist's file.
type playlistLine struct {
	place         string // path or URL, as the file says it
	title, artist string // "" where the file tells none
}

var errPlaylist = errors.New("not a playlist that can be read")

// parsePlaylist reads a playlist's file by its suffix. What is wrong in it is
// errPlaylist.
func parsePlaylist(suffix string, b []byte, guess bool) (*playlistFile, error) {
	var p *playlistFile
	var err error
	switch suffix {
	case "xspf":
		p, err = parseXSPF(b)
	case "pls":
		p = parsePLS(audio.Text(b, guess))
	default:
		p = parseM3U(audio.Text(b, guess))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errPlaylist, err)
	}
	if len(p.lines) > mostPlaylistLines {
		return nil, fmt.Errorf("%w: it has more than %d lines", errPlaylist, mostPlaylistLines)
	}
	p.name, p.comment = cleanLine(p.name), cleanLine(p.comment)
	p.lines = slices.DeleteFunc(p.lines, func(l playlistLine) bool { return l.place == "" || len(l.place) > mostLineBytes })
	for i := range p.lines {
		l := &p.lines[i]
		l.title, l.artist = cleanLine(l.title), cleanLine(l.artist)
	}
	return p, nil
}

// cleanLine returns text of a file as text for people.
func cleanLine(s string) string {
	s = strings.TrimSpace(models.CleanName(s))
	if len(s) > mostLineBytes {
		s = strings.ToValidUTF8(s[:mostLineBytes], "")
	}
	return s
}

func parseM3U(text string) *playlistFile {
	p := &playlistFile{}
	var l playlistLine
	for line := range lines(text) {
		switch {
		case line == "":
		case strings.HasPrefix(line, "#EXTINF:"):
			_, said, _ := strings.Cut(line, ",")
			l.artist, l.title = artistTitle(said)
		case strings.HasPrefix(line, "#PLAYLIST:"):
			p.name = line[len("#PLAYLIST:"):]
		case strings.HasPrefix(line, "#"):
		default:
			l.place = line
			p.lines = append(p.lines, l)
			l = playlistLine{}
		}
		if len(p.lines) > mostPlaylistLines {
			break
		}
	}
	return p
}

// lines goes through the lines of a text, whatever ends them, without the
// spaces around each.
func lines(text string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
			if !yield(strings.TrimSpace(line)) {
				return
			}
		}
	}
}

// artistTitle splits what players write for people.
func artistTitle(said string) (artist, title string) {
	said = strings.TrimSpace(said)
	if a, t, ok := strings.Cut(said, " - "); ok {
		return a, t
	}
	return "", said
}

func parsePLS(text string) *playlistFile {
	p := &playlistFile{}
	at := map[int]*playlistLine{}
	for line := range lines(text) {
		name, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if name == "x-gnome-title" {
			p.name = value
			continue
		}
		for _, key := range []string{"file", "title"} {
			n, err := strconv.Atoi(strings.TrimPrefix(name, key))
			if err != nil || !strings.HasPrefix(name, key) || len(at) > mostPlaylistLines {
				continue
			}
			l := at[n]
			if l == nil {
				l = &playlistLine{}
				at[n] = l
			}
			if key == "file" {
				l.place = value
			} else {
				l.artist, l.title = artistTitle(value)
			}
		}
	}
	var numbers []int
	for n := range at {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		p.lines = append(p.lines, *at[n])
	}
	return p
}

type xspf struct {
	XMLName    xml.Name    `xml:"playlist"`
	Namespace  string      `xml:"xmlns,attr,omitempty"`
	Version    string      `xml:"version,attr"`
	Title      string      `xml:"title,omitempty"`
	Annotation string      `xml:"annotation,omitempty"`
	Tracks     []xspfTrack `xml:"trackList>track"`
}

type xspfTrack struct {
	Location []string `xml:"location"`
	Title    string   `xml:"title,omitempty"`
	Creator  string   `xml:"creator,omitempty"`
	Album    string   `xml:"album,omitempty"`
	Duration int64    `xml:"duration,omitempty"` // ms
}

func parseXSPF(b []byte) (*playlistFile, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = false
	d.CharsetReader = func(label string, r io.Reader) (io.Reader, error) {
		e, err := htmlindex.Get(label)
		if err != nil {
			return nil, err
		}
		return e.NewDecoder().Reader(r), nil
	}
	var x struct {
		Title      string `xml:"title"`
		Annotation string `xml:"annotation"`
		Tracks     []struct {
			Location []string `xml:"location"`
			Title    string   `xml:"title"`
			Creator  string   `xml:"creator"`
		} `xml:"trackList>track"`
	}
	if err := d.Decode(&x); err != nil && !(errors.Is(err, io.ErrUnexpectedEOF) && len(x.Tracks) > 0) {
		return nil, err
	}
	p := &playlistFile{name: x.Title, comment: x.Annotation}
	for _, t := range x.Tracks {
		if len(t.Location) > 0 {
			place := strings.TrimSpace(t.Location[0])
			// Locations are URIs, relative ones too.
			if s, err := url.PathUnescape(place); err == nil && !strings.Contains(place, "://") {
				place = s
			}
			p.lines = append(p.lines, playlistLine{place, t.Title, t.Creator})
		}
	}
	return p, nil
}

// parts returns the parts of the path that a line names, the last one first,
// folded for comparison; nothing for what is no file. Relative says that the
// path begins at the folder of the playlist.
func (l playlistLine) parts(guess bool) (parts []string, relative bool) {
	place := l.place
	if scheme, rest, ok := strings.Cut(place, "://"); ok && len(scheme) > 1 {
		if !strings.EqualFold(scheme, "file") {
			return nil, false
		}
		place = rest
		if s, err := url.PathUnescape(rest); err == nil {
			place = s
		}
	} else {
		relative = true
	}
	place = strings.ReplaceAll(place, `\`, "/")
	if len(place) >= 2 && place[1] == ':' { // a drive
		place, relative = "/"+place[2:], false
	}
	if strings.HasPrefix(place, "/") {
		relative = false
	}
	for part := range strings.SplitSeq(place, "/") {
		// Folding may leave nothing, as of a byte order mark.
		if part = strings.TrimSpace(part); part != "." {
			if part = foldPart(part, guess); part != "" {
				parts = append(parts, part)
			}
		}
	}
	slices.Reverse(parts)
	return parts, relative
}

// foldPart returns the form in which two names of a file are compared: those
// that some system holds for one are one.
func foldPart(name string, guess bool) string {
	return strings.ToLower(norm.NFC.String(audio.Text([]byte(name), guess)))
}

// PlaylistSong is one entry of a playlist that is written to a file.
type PlaylistSong struct {
	Place         string // path relative to the library's root, or what a file said that no song was found for
	Part          int    // of the object, from 1; 0 for a whole one
	Title, Artist string
	Album         string
	Duration      int64 // ms; 0 when unknown
}

// place is the path as a playlist's file names it: the part of an object
// stands behind it, as in "Album.flac#3".
func (s PlaylistSong) place() string {
	if s.Part > 0 {
		return s.Place + "#" + strconv.Itoa(s.Part)
	}
	return s.Place
}

// PlaylistFormats are the formats that WritePlaylist writes, by their
// suffixes.
func PlaylistFormats() []string { return slices.Clone(playlistSuffixes) }

// WritePlaylist returns the file of a playlist in the format of a suffix
// (m3u, m3u8, pls or xspf), always as UTF-8. Read again by a scan in the
// library, it gives the same list. An unknown suffix is models.ErrInvalid.
func WritePlaylist(suffix, name, comment string, songs []PlaylistSong) ([]byte, error) {
	oneLine := func(s string) string { return strings.Join(strings.Fields(models.CleanName(s)), " ") }
	said := func(s PlaylistSong) string {
		if s.Artist == "" {
			return oneLine(s.Title)
		}
		return oneLine(s.Artist) + " - " + oneLine(s.Title)
	}
	seconds := func(s PlaylistSong) int64 {
		if s.Duration <= 0 {
			return -1
		}
		return (s.Duration + 500) / 1000
	}
	var b bytes.Buffer
	switch suffix {
	case "m3u", "m3u8":
		b.WriteString("\ufeff#EXTM3U\n")
		if suffix == "m3u8" {
			b.Reset()
			b.WriteString("#EXTM3U\n")
		}
		fmt.Fprintf(&b, "#PLAYLIST:%s\n", oneLine(name))
		for _, s := range songs {
			if s.Title != "" {
				fmt.Fprintf(&b, "#EXTINF:%d,%s\n", seconds(s), said(s))
			}
			place := s.place()
			if strings.HasPrefix(place, "#") || strings.TrimSpace(place) != place {
				place = "./" + place // else it would be a comment
			}
			fmt.Fprintln(&b, place)
		}
	case "pls":
		fmt.Fprintf(&b, "[playlist]\nX-GNOME-Title=%s\n", oneLine(name))
		for i, s := range songs {
			fmt.Fprintf(&b, "File%d=%s\n", i+1, s.place())
			if s.Title != "" {
				fmt.Fprintf(&b, "Title%d=%s\nLength%d=%d\n", i+1, said(s), i+1, seconds(s))
			}
		}
		fmt.Fprintf(&b, "NumberOfEntries=%d\nVersion=2\n", len(songs))
	case "xspf":
		x := xspf{Namespace: "http://xspf.org/ns/0/", Version: "1", Title: models.CleanName(name), Annotation: models.CleanName(comment)}
		for _, s := range songs {
			u := url.URL{Path: s.place()}
			location := u.EscapedPath()
			if strings.Contains(s.Place, "://") {
				location = s.Place
			}
			x.Tracks = append(x.Tracks, xspfTrack{[]string{location}, models.CleanName(s.Title), models.CleanName(s.Artist), models.CleanName(s.Album), s.Duration})
		}
		b.WriteString(xml.Header)
		e := xml.NewEncoder(&b)
		e.Indent("", "\t")
		if err := e.Encode(x); err != nil {
			return nil, err
		}
		b.WriteByte('\n')
	default:
		return nil, fmt.Errorf("%q is no format of playlists, use one of %s: %w", suffix, strings.Join(playlistSuffixes, ", "), models.ErrInvalid)
	}
	return b.Bytes(), nil
}

// partOf splits a path that names a part of an object, such as "Album.flac#3".
func partOf(name string) (object string, part int) {
	at := strings.LastIndexByte(name, '#')
	if at < 0 {
		return name, 0
	}
	n, err := strconv.Atoi(name[at+1:])
	if err != nil || n < 1 || !audio.IsAudio(strings.TrimPrefix(path.Ext(name[:at]), ".")) {
		return name, 0
	}
	return name[:at], n
}

// PlaylistSongs turns the places of a playlist into what WritePlaylist writes.
func PlaylistSongs(places []catalog.PlaylistPlace) []PlaylistSong {
	songs := make([]PlaylistSong, len(places))
	for i, p := range places {
		songs[i] = PlaylistSong{Place: p.ObjectKey, Part: p.Part, Title: p.Title, Artist: p.Artist, Album: p.Album, Duration: p.Duration}
		if p.ObjectKey == "" {
			songs[i].Place = p.Line
		}
	}
	return songs
}
