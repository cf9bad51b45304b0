package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/songlocker/songlocker/models"
)

// Sheet is a cue sheet: what one or several files hold, track by track
// (https://wiki.hydrogenaud.io/index.php?title=Cue_sheet).
type Sheet struct {
	Files []SheetFile
}

// SheetFile is one file that a sheet names, with the tracks whose sound
// begins in it. A sheet within a file may name none.
type SheetFile struct {
	Name   string
	Tracks []SheetTrack
}

// SheetTrack is one track of a sheet.
type SheetTrack struct {
	Number int           // as the sheet counts
	Start  time.Duration // of INDEX 01, from the beginning of the file
	// Tags are the track's own with those of the sheet as a whole. Title may
	// be empty.
	Tags models.Tags
}

const (
	// MaxSheet is the most bytes that a sheet may have.
	MaxSheet       = 1 << 20
	maxSheetTracks = 999
	maxSheetFiles  = 999
	maxSheetText   = 2000 // bytes of one field
	// maxSheetDisc is the most bytes that the fields of the sheet as a whole may
	// have, each with a little more: every track bears them.
	maxSheetDisc = 16 << 10
)

// ErrSheet is a text that is no sheet that can be followed; the error that
// wraps it says why, for people.
var ErrSheet = errors.New("not a cue sheet that can be followed")

func badSheet(line int, format string, args ...any) error {
	return fmt.Errorf("%w: line %d: %s", ErrSheet, line, fmt.Sprintf(format, args...))
}

// sheetTrack is a track while it is read.
type sheetTrack struct {
	SheetTrack
	v     values
	line  int
	audio bool
	found bool // INDEX 01
}

// ParseSheet reads a cue sheet in UTF-8, UTF-16 or Windows-1252, or, where
// guess is true, in another old encoding that it plainly is in. It is lenient
// in what does not matter (unknown commands, missing quotes, case) and refuses
// what leaves a doubt about where a track begins.
func ParseSheet(b []byte, guess bool) (*Sheet, error) {
	if len(b) > MaxSheet {
		return nil, fmt.Errorf("%w: it has %d bytes, more than %d", ErrSheet, len(b), MaxSheet)
	}
	var (
		sheet Sheet
		disc  = values{}
		track *sheetTrack
		all   []*sheetTrack
		byRef = map[*sheetTrack]int{} // the file in which the sound begins
		line  int
		room  = maxSheetDisc
	)
	add := func(to values, name, value string) {
		if track == nil || name == "BARCODE" {
			if room -= len(value) + 16; room < 0 {
				return
			}
		}
		to.add(name, value)
	}
	for text := range strings.Lines(sheetText(b, guess)) {
		line++
		command, rest := word(strings.TrimSpace(text))
		switch command = strings.ToUpper(command); command {
		case "FILE":
			if len(sheet.Files) >= maxSheetFiles {
				return nil, badSheet(line, "more than %d files", maxSheetFiles)
			}
			sheet.Files = append(sheet.Files, SheetFile{Name: sheetFile(rest)})
		case "TRACK":
			if len(all) >= maxSheetTracks {
				return nil, badSheet(line, "more than %d tracks", maxSheetTracks)
			}
			n, kind := word(rest)
			number, err := strconv.Atoi(n)
			if err != nil || number < 0 || number > maxSheetTracks {
				return nil, badSheet(line, "the track's number %.20q is none", n)
			}
			track = &sheetTrack{v: values{}, line: line, audio: kind == "" || strings.EqualFold(kind, "AUDIO")}
			track.Number = number
			all = append(all, track)
		case "INDEX":
			n, at := word(rest)
			if number, err := strconv.Atoi(n); err != nil || number != 1 || track == nil || track.found {
				continue // the gap before a track, or a place within it
			}
			start, ok := sheetTime(at)
			if !ok {
				return nil, badSheet(line, "the time %.20q is none", at)
			}
			if len(sheet.Files) == 0 {
				sheet.Files = append(sheet.Files, SheetFile{})
			}
			track.Start, track.found = start, true
			byRef[track] = len(sheet.Files) - 1
		case "REM":
			name, value := word(rest)
			name, known := aliases[squeeze(name)]
			if known && len(value) <= maxSheetText {
				to := disc
				if track != nil {
					to = track.v
				}
				add(to, name, unquote(value))
			}
		case "TITLE", "PERFORMER", "SONGWRITER", "ISRC", "CATALOG":
			name := command
			to := disc
			if track != nil {
				to = track.v
			}
			switch {
			case command == "SONGWRITER":
				name = "COMPOSER"
			case command == "CATALOG":
				name, to = "BARCODE", disc
			case command == "TITLE" && track == nil:
				name = "ALBUM"
			case command == "PERFORMER" && track == nil:
				name = "ALBUMARTIST"
			case command == "PERFORMER":
				name = "ARTIST"
			}
			if len(to[name]) == 0 {
				value := unquote(rest)
				if len(value) > maxSheetText {
					value = strings.ToValidUTF8(value[:maxSheetText], "")
				}
				add(to, name, value)
			}
		}
	}
	for _, t := range all {
		if !t.audio {
			continue
		}
		if !t.found {
			return nil, badSheet(t.line, "track %d has no INDEX 01", t.Number)
		}
		file := &sheet.Files[byRef[t]]
		if n := len(file.Tracks); n > 0 && file.Tracks[n-1].Start >= t.Start {
			return nil, badSheet(t.line, "track %d does not begin after the one before it", t.Number)
		}
		t.Tags = sheetTags(t.v, disc)
		file.Tracks = append(file.Tracks, t.SheetTrack)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: it has no tracks", ErrSheet)
	}
	return &sheet, nil
}

// sheetTags turns a track's values, and those of its sheet, into tags.
func sheetTags(track, disc values) models.Tags {
	v := values{}
	v.missing(track)
	v.missing(disc)
	if len(v["ARTIST"]) == 0 {
		v["ARTIST"] = disc["ALBUMARTIST"]
	}
	var f File
	fill(&f, v)
	return f.Tags
}

// sheetText decodes the bytes of a sheet. The encodings that name themselves,
// or are valid UTF-8, are certain.
func sheetText(b []byte, guess bool) string {
	if s, ok := unicodeText(b); ok {
		return s
	}
	if guess {
		var values [][]byte
		for line := range bytes.Lines(b) {
			if _, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte(" ")); ok && slices.ContainsFunc(value, func(c byte) bool { return c >= 0x80 }) {
				values = append(values, bytes.Trim(value, "\" "))
			}
		}
		if _, dec := guessEncoding(values); dec != nil {
			return lineEnds(dec(b))
		}
	}
	return lineEnds(latin1(b))
}

// unicodeText decodes what is UTF-8 or UTF-16 for certain.
func unicodeText(b []byte) (string, bool) {
	switch {
	case len(b) >= 3 && string(b[:3]) == "\xef\xbb\xbf":
		b = b[3:]
	case len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff):
		return lineEnds(utf16Text(b, false)), true
	case len(b) >= 4 && (b[0] == 0) != (b[1] == 0) && (b[0] == 0) == (b[2] == 0) && (b[1] == 0) == (b[3] == 0):
		return lineEnds(utf16Text(b, b[0] == 0)), true
	}
	return lineEnds(string(b)), utf8.Valid(b)
}

// lineEnds makes every kind of line end a \n.
func lineEnds(s string) string {
	if !strings.Contains(s, "\r") {
		return s
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// word splits off the first word of a line.
func word(s string) (first, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}

// unquote takes the quotes from around a value. Sheets have no way to write a
// quote within quotes, so people just do.
func unquote(s string) string {
	if s = strings.TrimSpace(s); len(s) > 0 && s[0] == '"' {
		s = s[1:]
		if i := strings.LastIndexByte(s, '"'); i >= 0 {
			s = s[:i]
		}
	}
	return s
}

// sheetFile returns the name in the rest of a FILE line, before the type.
func sheetFile(rest string) string {
	name := rest
	if strings.HasPrefix(rest, `"`) {
		name = unquote(rest)
	} else if i := strings.LastIndexAny(rest, " \t"); i > 0 {
		name = strings.TrimSpace(rest[:i])
	}
	if len(name) > maxSheetText {
		return ""
	}
	return clean(name)
}

// sheetTime reads minutes, seconds and frames of 1/75 s.
func sheetTime(s string) (time.Duration, bool) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return 0, false
	}
	var n [3]int64
	for i, p := range parts {
		x, err := strconv.ParseUint(strings.TrimSpace(p), 10, 31)
		if err != nil {
			return 0, false
		}
		n[i] = int64(x)
	}
	if n[0] > 1e5 || n[1] > 59 || n[2] > 74 {
		return 0, false
	}
	frames := (n[0]*60+n[1])*75 + n[2]
	return time.Duration(frames * int64(time.Second) / 75), true
}

// flacSheet reads a CUESHEET block (RFC 9639, section 8.7) of a stream with
// this sample rate; nil when it is damaged or tells of no track.
func flacSheet(b []byte, rate int64) *Sheet {
	const head, perTrack, perIndex = 128 + 8 + 1 + 258 + 1, 36, 12
	if len(b) < head || rate <= 0 {
		return nil
	}
	disc := values{}
	catalog, _, _ := strings.Cut(string(b[:128]), "\x00")
	disc.add("BARCODE", catalog)
	var file SheetFile
	n := int(b[head-1])
	b = b[head:]
	for range n {
		if len(b) < perTrack {
			return nil
		}
		at, number, points := binary.BigEndian.Uint64(b), int(b[8]), int(b[35])
		own := values{}
		own.add("ISRC", strings.Trim(string(b[9:21]), "\x00"))
		data := b[21]&0x80 != 0
		b = b[perTrack:]
		if len(b) < points*perIndex {
			return nil
		}
		for i := range points {
			if p := b[i*perIndex:]; p[8] == 1 {
				at += binary.BigEndian.Uint64(p)
				break
			}
		}
		b = b[points*perIndex:]
		if number == 170 || number == 255 || data {
			continue // the lead-out, or no sound
		}
		if at >= 1<<40 || int64(at)/rate > 1e7 {
			return nil
		}
		start := sampleTime(int64(at), rate)
		if k := len(file.Tracks); k > 0 && file.Tracks[k-1].Start >= start {
			return nil
		}
		file.Tracks = append(file.Tracks, SheetTrack{Number: number, Start: start, Tags: sheetTags(own, disc)})
	}
	if len(file.Tracks) == 0 {
		return nil
	}
	return &Sheet{Files: []SheetFile{file}}
}

// sampleTime is when a sample frame sounds, to the nanosecond.
func sampleTime(sample, rate int64) time.Duration {
	return time.Duration(sample/rate)*time.Second + time.Duration(sample%rate*int64(time.Second)/rate)
}

// sampleAt is the sample frame that sounds at a time, the nearest.
func sampleAt(t time.Duration, rate int64) int64 {
	s := int64(t / time.Second)
	return s*rate + (int64(t%time.Second)*rate+int64(time.Second)/2)/int64(time.Second)
}

// sheet takes the sheet that a tag holds. It tells titles, which the CUESHEET
// block of FLAC does not.
func sheet(f *File, v values) {
	text := v.first("CUESHEET")
	if text == "" {
		return
	}
	s, err := ParseSheet([]byte(text), false)
	if err != nil {
		f.warn("the cue sheet within: %v", err)
		return
	}
	f.Sheet = s
}
