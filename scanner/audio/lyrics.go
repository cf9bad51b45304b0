package audio

import (
	"bytes"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/songlocker/songlocker/models"
)

const (
	maxLines  = 20_000 // of one text
	maxLyrics = 20     // texts of one file
)

// lyrics turns the texts among the values into f.Lyrics: LYRICS, and
// LYRICS:xxx or LYRICS-XXX with a language.
func lyrics(f *File, v values) {
	var names []string
	for name := range v {
		if strings.HasPrefix(name, "LYRICS") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		lang := strings.TrimPrefix(name, "LYRICS")
		if lang != "" && lang[0] != ':' && lang[0] != '-' {
			continue
		}
		lang = strings.ToLower(strings.TrimLeft(lang, ":-"))
		for _, text := range v[name] {
			if len(f.Lyrics) >= maxLyrics {
				return
			}
			if l := ParseLyrics(text, lang); len(l.Lines) > 0 {
				f.Lyrics = append(f.Lyrics, l)
			}
		}
	}
}

// frameStamps turns the stamps of lyrics that count MPEG frames into ms.
// Where it is not known how long a frame is, such lyrics lose their stamps.
func (f *File) frameStamps() {
	for _, i := range f.inFrames {
		l := &f.Lyrics[i]
		samples := int64(1152) // of a frame
		switch {
		case f.Codec == "mp1":
			samples = 384
		case f.Codec == "mp3" && f.SampleRate < 32000:
			samples = 576
		}
		l.Synced = f.SampleRate > 0
		for j := range l.Lines {
			if l.Lines[j].Start = l.Lines[j].Start * samples * 1000; l.Synced {
				l.Lines[j].Start /= int64(f.SampleRate)
			} else {
				l.Lines[j].Start = 0
			}
		}
	}
	f.inFrames = nil
}

// lyrics3Fields maps the fields of Lyrics3 version 2 that are read.
var lyrics3Fields = map[string]string{"LYR": "LYRICS", "EAL": "ALBUM", "EAR": "ARTIST", "ETT": "TITLE", "INF": "COMMENT"}

// lyrics3 reads the Lyrics3 tag, of version 1 or 2, that ends at end, and
// returns its length (https://id3.org/Lyrics3, https://id3.org/Lyrics3v2). Its
// names are those of ID3v1 at full length: they take the place of what old,
// from ID3v1, has.
func lyrics3(s *Source, start, end int64, f *File, old values) (int64, error) {
	from := max(end-5120-20, start) // the most that version 1 can take
	tail, err := s.Upto(max(end-15, start), 15, nearSize)
	if err != nil {
		return 0, soft(s, f, err)
	}
	second := bytes.HasSuffix(tail, []byte("LYRICS200"))
	if second {
		n, ok := digits(string(tail[:6]), 6)
		if from = end - 15 - n; !ok || from < start || n < 11 {
			f.warn("the Lyrics3 tag is damaged")
			return int64(len("LYRICS200")), nil
		}
	}
	body, err := s.Upto(from, int(min(end-from, maxText)), nearSize)
	if err != nil {
		return 0, soft(s, f, err)
	}
	if second {
		fields, ok := bytes.CutPrefix(body, []byte("LYRICSBEGIN"))
		for ok && len(fields) >= 8 {
			n, digit := digits(string(fields[3:8]), 5)
			name := lyrics3Fields[string(fields[:3])]
			fields = fields[8:]
			if !digit || n > int64(len(fields)) {
				break
			}
			value := string(fields[:n])
			fields = fields[n:]
			if name != "" && strings.TrimSpace(value) != "" {
				delete(old, name)
				old.add(name, openText([]byte(value)))
			}
		}
		return end - from, nil
	}
	i := bytes.LastIndex(body, []byte("LYRICSBEGIN"))
	if i < 0 {
		return int64(len("LYRICSEND")), nil
	}
	old.add("LYRICS", openText(body[i+len("LYRICSBEGIN"):len(body)-len("LYRICSEND")]))
	return int64(len(body) - i), nil
}

// ParseLyrics reads the text of a song: an embedded one, or the content of a
// .lrc or .txt file in UTF-8, UTF-16, Windows-1252 or, where that is plain, an
// encoding of East Asia or of Cyrillic. What ParseLRC recognises is
// synchronised; all else is plain, with the empty lines between verses kept.
// lang is the language where the text names none; "" is unknown and becomes
// "xxx".
func ParseLyrics(text, lang string) models.Lyrics {
	l, ok := ParseLRC(text)
	if !ok {
		l = models.Lyrics{}
		for line := range strings.SplitSeq(lyricsText(text), "\n") {
			if len(l.Lines) >= maxLines {
				break
			}
			l.Lines = append(l.Lines, models.LyricLine{Text: strings.TrimSpace(line)})
		}
		if len(l.Lines) == 1 && l.Lines[0].Text == "" {
			l.Lines = nil
		}
	}
	if l.Lang == "" {
		l.Lang = lang
	}
	if l.Lang == "" {
		l.Lang = "xxx"
	}
	return l
}

// ParseLRC reads lyrics in the LRC format
// (https://en.wikipedia.org/wiki/LRC_(file_format)): one or more [mm:ss.xx]
// before each line, <mm:ss.xx> within lines, which are dropped, and [key:value]
// lines, of which offset and the language count. The lines come back in the
// order of time; Lang is empty when the text names none. It returns false for
// text without time stamps.
func ParseLRC(text string) (models.Lyrics, bool) {
	l := models.Lyrics{Synced: true}
	timed, plain, size := 0, 0, 0
	for line := range strings.SplitSeq(lyricsText(text), "\n") {
		if len(l.Lines) >= maxLines {
			break
		}
		line = strings.TrimSpace(line)
		var stamps []int64
		for {
			at, rest, ok := stamp(line, '[', ']')
			if !ok || len(stamps) >= 100 {
				break
			}
			stamps, line = append(stamps, at), strings.TrimSpace(rest)
		}
		switch {
		case len(stamps) > 0:
			timed++
			words := dropWordStamps(line)
			for _, at := range stamps {
				// A line with many stamps may not become many times the text.
				if size += len(words); size > 2*maxText && len(l.Lines) > 0 {
					break
				}
				l.Lines = append(l.Lines, models.LyricLine{Start: at, Text: words})
			}
		case line == "" || lrcTag(&l, line):
		default:
			plain++
			if timed > 0 {
				// A line without a stamp goes on where the last one began.
				l.Lines = append(l.Lines, models.LyricLine{Start: l.Lines[len(l.Lines)-1].Start, Text: dropWordStamps(line)})
			}
		}
	}
	if timed == 0 || plain > timed {
		return models.Lyrics{}, false
	}
	sort.SliceStable(l.Lines, func(i, j int) bool { return l.Lines[i].Start < l.Lines[j].Start })
	return l, true
}

// lyricsText decodes text whatever its encoding and makes its line ends \n.
func lyricsText(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
		for n := 0; n < utf8.UTFMax && !utf8.ValidString(text[len(text)-min(len(text), utf8.UTFMax):]); n++ {
			text = text[:len(text)-1]
		}
	}
	switch {
	case strings.HasPrefix(text, "\xff\xfe"), strings.HasPrefix(text, "\xfe\xff"):
		text = utf16Text([]byte(text), false)
	case len(text) >= 4 && text[0] == 0 && text[2] == 0:
		text = utf16Text([]byte(text), true)
	case len(text) >= 4 && text[1] == 0 && text[3] == 0:
		text = utf16Text([]byte(text), false)
	case !utf8.ValidString(text):
		if _, dec := guessEncoding([][]byte{[]byte(text)}); dec != nil {
			text = dec([]byte(text))
		} else {
			text = latin1([]byte(text))
		}
	}
	return clean(text)
}

// stamp takes a time stamp in these brackets off the beginning of s. It knows
// mm:ss, mm:ss.x to mm:ss.xxx, mm:ss:xx, and h:mm:ss.xx.
func stamp(s string, open, shut byte) (ms int64, rest string, ok bool) {
	if len(s) < 5 || s[0] != open {
		return 0, s, false
	}
	end := strings.IndexByte(s[:min(len(s), 20)], shut)
	if end < 0 {
		return 0, s, false
	}
	in, rest := strings.TrimSpace(s[1:end]), s[end+1:]
	whole, fraction := in, ""
	if i := strings.LastIndexAny(in, ".,"); i >= 0 {
		whole, fraction = in[:i], in[i+1:]
	}
	parts := strings.Split(whole, ":")
	if len(parts) == 3 && fraction == "" {
		parts, fraction = parts[:2], parts[2]
	}
	if len(parts) < 2 || len(parts) > 3 {
		return 0, s, false
	}
	for _, p := range parts {
		n, ok := digits(p, 4)
		if !ok {
			return 0, s, false
		}
		ms = ms*60 + n
	}
	ms *= 1000
	if fraction != "" {
		n, ok := digits(fraction, 6)
		if !ok {
			return 0, s, false
		}
		for i := len(fraction); i < 3; i++ {
			n *= 10
		}
		for i := len(fraction); i > 3; i-- {
			n /= 10
		}
		ms += n
	}
	return ms, rest, true
}

// digits reads a number of at most n digits and nothing else.
func digits(s string, n int) (int64, bool) {
	if len(s) == 0 || len(s) > n {
		return 0, false
	}
	var x int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		x = x*10 + int64(s[i]-'0')
	}
	return x, true
}

// dropWordStamps takes the time stamps of single words out of a line.
func dropWordStamps(line string) string {
	if !strings.Contains(line, "<") {
		return line
	}
	var b strings.Builder
	for line != "" {
		i := strings.IndexByte(line, '<')
		if i < 0 {
			break
		}
		b.WriteString(line[:i])
		line = line[i:]
		if _, rest, ok := stamp(line, '<', '>'); ok {
			line = rest
			if strings.HasSuffix(b.String(), " ") || b.Len() == 0 {
				line = strings.TrimLeft(line, " ")
			}
			continue
		}
		b.WriteByte('<')
		line = line[1:]
	}
	b.WriteString(line)
	return strings.TrimSpace(b.String())
}

// lrcTag reads a line such as [ar:Name] or [offset:+250]; false when the line
// is none. A positive offset shows the lines sooner.
func lrcTag(l *models.Lyrics, line string) bool {
	if line[0] == '#' && len(line) < 3 {
		return true
	}
	if line[0] != '[' || line[len(line)-1] != ']' {
		return false
	}
	key, value, ok := strings.Cut(line[1:len(line)-1], ":")
	key, value = strings.ToLower(strings.TrimSpace(key)), strings.TrimSpace(value)
	if !ok || key == "" || len(key) > 20 || strings.ContainsAny(key, " []") {
		return false
	}
	switch key {
	case "offset":
		if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 32); err == nil {
			l.Offset = n
		}
	case "la", "lang", "language":
		if len(value) == 2 || len(value) == 3 {
			l.Lang = strings.ToLower(value)
		}
	}
	return true
}
