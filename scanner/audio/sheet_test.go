package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
)

const plainSheet = `REM GENRE "Post Rock"
REM DATE 1999-10
REM DISCID 860B640B
REM DISCNUMBER 2
REM TOTALDISCS 3
REM COMMENT "ExactAudioCopy v0.99pb5"
REM REPLAYGAIN_ALBUM_GAIN -7.50 dB
CATALOG 0724384260958
PERFORMER "Ann"
SONGWRITER "Nan"
TITLE "Blue"
FILE "Ann - Blue.wav" WAVE
  TRACK 01 AUDIO
    TITLE "Sea"
    FLAGS DCP PRE
    ISRC GBAAA9900001
    PREGAP 00:02:00
    INDEX 01 00:00:00
    REM REPLAYGAIN_TRACK_GAIN -3.25 dB
  TRACK 02 AUDIO
    TITLE "The "Best" of 7" Singles"
    PERFORMER "Ben"
    SONGWRITER "Ken"
    INDEX 00 03:00:10
    INDEX 01 03:02:33
    INDEX 02 04:00:00
    POSTGAP 00:01:00
`

func parseSheet(t *testing.T, text string) *Sheet {
	t.Helper()
	s, err := ParseSheet([]byte(text), true)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSheet(t *testing.T) {
	s := parseSheet(t, plainSheet)
	if len(s.Files) != 1 || s.Files[0].Name != "Ann - Blue.wav" || len(s.Files[0].Tracks) != 2 {
		t.Fatalf("%+v", s)
	}
	one, two := s.Files[0].Tracks[0], s.Files[0].Tracks[1]
	if one.Number != 1 || one.Start != 0 || two.Number != 2 || two.Start != 3*time.Minute+2*time.Second+440*time.Millisecond {
		t.Errorf("%v %v", one, two)
	}
	g := one.Tags
	if g.Title != "Sea" || g.Artist != "Ann" || g.AlbumArtist != "Ann" || g.Album != "Blue" || g.Disc != 2 || g.DiscOf != 3 || g.Date.Year != 1999 ||
		g.Date.Month != 10 || !slices.Equal(g.Genres, []string{"Post Rock"}) || g.Barcode != "0724384260958" || !slices.Equal(g.ISRC, []string{"GBAAA9900001"}) ||
		g.Comment != "ExactAudioCopy v0.99pb5" || g.Roles[0].Name != "Nan" || g.Gain.AlbumGain == nil || *g.Gain.AlbumGain != -7.5 ||
		g.Gain.TrackGain == nil || *g.Gain.TrackGain != -3.25 {
		t.Errorf("%+v", g)
	}
	if g = two.Tags; g.Title != `The "Best" of 7" Singles` || g.Artist != "Ben" || g.AlbumArtist != "Ann" || g.Roles[0].Name != "Ken" || g.Gain.TrackGain != nil {
		t.Errorf("%+v", g)
	}
}

func TestSheetForms(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no quotes, small letters":  {"file a b.wav wave\ntrack 1 audio\ntitle One two\nindex 01 0:0:0", "a b.wav[One two]"},
		"old line ends":             {"FILE \"a.wav\" WAVE\rTRACK 01 AUDIO\rTITLE \"A\"\rINDEX 01 00:00:00\r", "a.wav[A]"},
		"windows line ends":         {"FILE \"a.wav\" WAVE\r\nTRACK 01 AUDIO\r\nTITLE \"A\"\r\nINDEX 01 00:00:00\r\n", "a.wav[A]"},
		"a quote that never closes": {"FILE \"a.wav WAVE\nTRACK 01 AUDIO\nTITLE \"A\nINDEX 01 00:00:00", "a.wav WAVE[A]"},
		"no file":                   {"TRACK 01 AUDIO\nINDEX 01 00:00:00", "[]"},
		"data before sound":         {"FILE a.bin BINARY\nTRACK 01 MODE1/2352\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nTITLE x\nINDEX 01 02:00:00", "a.bin[x]"},
		"two images":                {"FILE a.wav WAVE\nTRACK 01 AUDIO\nTITLE a\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nTITLE b\nINDEX 01 00:01:00\nFILE b.wav WAVE\nTRACK 03 AUDIO\nTITLE c\nINDEX 01 00:00:00", "a.wav[a b]b.wav[c]"},
		"a gap in the file before":  {"FILE a.wav WAVE\nTRACK 01 AUDIO\nTITLE a\nINDEX 01 00:00:00\nTRACK 02 AUDIO\nTITLE b\nINDEX 00 00:01:00\nFILE b.wav WAVE\nINDEX 01 00:00:00", "a.wav[a]b.wav[b]"},
		"long minutes":              {"FILE a.wav WAVE\nTRACK 01 AUDIO\nTITLE a\nINDEX 01 1439:59:74", "a.wav[a]"},
	} {
		var got strings.Builder
		for _, f := range parseSheet(t, c.text).Files {
			var titles []string
			for _, tr := range f.Tracks {
				titles = append(titles, tr.Tags.Title)
			}
			fmt.Fprintf(&got, "%s[%s]", f.Name, strings.Join(titles, " "))
		}
		if got.String() != c.want {
			t.Errorf("%s: %s, want %s", name, got.String(), c.want)
		}
	}
}

// words in UTF-16 of both orders, with and without a mark.
func wide(s string, big, mark bool) []byte {
	if mark {
		s = "\ufeff" + s
	}
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = binary.BigEndian.AppendUint16(b, u)
		} else {
			b = binary.LittleEndian.AppendUint16(b, u)
		}
	}
	return b
}

func TestSheetEncodings(t *testing.T) {
	sheet := func(title string) string {
		return "PERFORMER \"x\"\nFILE \"a.wav\" WAVE\n  TRACK 01 AUDIO\n    TITLE \"" + title + "\"\n    INDEX 01 00:00:00\n"
	}
	const title = "Grüße – 東京"
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"UTF-8":                {[]byte(sheet(title)), title},
		"UTF-8 with a mark":    {[]byte("\ufeff" + sheet(title)), title},
		"UTF-16LE":             {wide(sheet(title), false, true), title},
		"UTF-16BE":             {wide(sheet(title), true, true), title},
		"UTF-16LE, no mark":    {wide(sheet(title), false, false), title},
		"UTF-16BE, no mark":    {wide(sheet(title), true, false), title},
		"Windows-1252":         {[]byte(sheet("Gr\xfc\xdfe \x96 caf\xe9")), "Grüße – café"},
		"control characters":   {[]byte(sheet("a\x00\x1bb")), "ab"},
		"not quite UTF-8":      {[]byte(sheet("caf\xe9 \xe9t\xe9")), "café été"},
		"a byte that is no 52": {[]byte(sheet("a\x81\xe9")), "a\ufffdé"},
	} {
		s, err := ParseSheet(c.b, true)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := s.Files[0].Tracks[0].Tags.Title; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Sheets in old encodings of other scripts are recovered, or not, as asked.
func TestSheetsInOldEncodings(t *testing.T) {
	for name, c := range map[string]struct {
		enc    encoding.Encoding
		titles []string
	}{
		"Shift-JIS":    {japanese.ShiftJIS, []string{"さくらの花", "東京の夜", "ありがとうの歌", "夏の思い出"}},
		"GBK":          {simplifiedchinese.GBK, []string{"月亮代表我的心", "我的中国心", "甜蜜的日子", "一生有你"}},
		"Windows-1251": {charmap.Windows1251, []string{"Кино", "Группа крови", "Звезда по имени Солнце", "Пачка сигарет"}},
	} {
		text := "REM DATE 1990\r\nPERFORMER \"" + c.titles[0] + "\"\r\nFILE \"" + c.titles[1] + ".wav\" WAVE\r\n"
		for i, title := range c.titles {
			text += fmt.Sprintf("  TRACK %02d AUDIO\r\n    TITLE \"%s\"\r\n    INDEX 01 00:%02d:00\r\n", i+1, title, i)
		}
		b, err := c.enc.NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		s, err := ParseSheet(b, true)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if s.Files[0].Name != c.titles[1]+".wav" {
			t.Errorf("%s: file %q", name, s.Files[0].Name)
		}
		for i, tr := range s.Files[0].Tracks {
			if tr.Tags.Title != c.titles[i] || tr.Tags.Artist != c.titles[0] {
				t.Errorf("%s: %q by %q", name, tr.Tags.Title, tr.Tags.Artist)
			}
		}
		if s, err = ParseSheet(b, false); err != nil || s.Files[0].Tracks[0].Tags.Title == c.titles[0] {
			t.Errorf("%s: guessed without leave: %v", name, err)
		}
	}
}

func TestBrokenSheets(t *testing.T) {
	many := strings.Builder{}
	many.WriteString("FILE a.wav WAVE\n")
	for i := range 100_000 {
		fmt.Fprintf(&many, "TRACK %02d AUDIO\nINDEX 01 %02d:%02d:00\n", i%99+1, i/60, i%60)
	}
	for name, c := range map[string]struct{ text, reason string }{
		"empty":           {"", "no tracks"},
		"no tracks":       {"TITLE x\nFILE a.wav WAVE\n", "no tracks"},
		"no index":        {"FILE a.wav WAVE\nTRACK 01 AUDIO\nINDEX 00 00:00:00\n", "no INDEX 01"},
		"backwards":       {"FILE a.wav WAVE\nTRACK 01 AUDIO\nINDEX 01 00:02:00\nTRACK 02 AUDIO\nINDEX 01 00:01:00\n", "line 4: track 2 does not begin after"},
		"twice":           {"FILE a.wav WAVE\nTRACK 01 AUDIO\nINDEX 01 00:02:00\nTRACK 02 AUDIO\nINDEX 01 00:02:00\n", "does not begin after"},
		"no time":         {"FILE a.wav WAVE\nTRACK 01 AUDIO\nINDEX 01 00:60:00\n", "the time"},
		"frames":          {"FILE a.wav WAVE\nTRACK 01 AUDIO\nINDEX 01 00:00:75\n", "the time"},
		"negative":        {"FILE a.wav WAVE\nTRACK 01 AUDIO\nINDEX 01 -1:00:00\n", "the time"},
		"no number":       {"FILE a.wav WAVE\nTRACK x AUDIO\nINDEX 01 00:00:00\n", "number"},
		"100,000 tracks":  {many.String()[:MaxSheet], "more than 999 tracks"},
		"a huge file":     {strings.Repeat("REM x\n", MaxSheet/5), "bytes"},
		"a million files": {strings.Repeat("FILE\n", MaxSheet/6), "more than 999 files"},
	} {
		s, err := ParseSheet([]byte(c.text), true)
		if !errors.Is(err, ErrSheet) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func FuzzSheet(f *testing.F) {
	f.Add([]byte(plainSheet))
	f.Add(wide(plainSheet, false, true))
	f.Add(wide(plainSheet, true, false))
	f.Add(slices.Concat(make([]byte, 395), []byte{1, 0, 0, 0, 0, 0, 0, 1, 0, 1}, make([]byte, 26), []byte{1}, make([]byte, 12)))
	f.Add([]byte("FILE \"\nTRACK 01\nINDEX 01 9:9:9\nREM DATE \"\nTITLE \"\"\"\"\nCATALOG\nREM"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, rate := range []int64{1, 44100} {
			if s := flacSheet(b, rate); s != nil && s.Files[0].Tracks[0].Start < 0 {
				t.Errorf("%d Hz: %+v", rate, s)
			}
		}
		s, err := ParseSheet(b, len(b)%2 == 0)
		if err != nil {
			if !errors.Is(err, ErrSheet) {
				t.Error(err)
			}
			return
		}
		for _, file := range s.Files {
			if !utf8.ValidString(file.Name) {
				t.Errorf("name %q", file.Name)
			}
			for i, tr := range file.Tracks {
				if i > 0 && tr.Start <= file.Tracks[i-1].Start || tr.Start < 0 {
					t.Errorf("track %d begins at %v", i, tr.Start)
				}
				for _, text := range texts(&File{Tags: tr.Tags}) {
					if !utf8.ValidString(text) || text != clean(text) {
						t.Errorf("text %q", text)
					}
				}
			}
		}
	})
}

// commentBlock is a VORBIS_COMMENT block, not the last, with one comment.
func commentBlock(comment string) []byte {
	body := binary.LittleEndian.AppendUint32(make([]byte, 4), 1)
	body = append(binary.LittleEndian.AppendUint32(body, uint32(len(comment))), comment...)
	return append([]byte{4, 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

// Sheets within files: in a block of FLAC, in a comment, in an APEv2 item and
// in a TXXX frame.
func TestSheetsWithinFiles(t *testing.T) {
	flac, err := os.ReadFile("testdata/image.flac")
	if err != nil {
		t.Fatal(err)
	}
	f, _ := readBytes(t, "image.flac", flac)
	if f.Sheet == nil || len(f.Sheet.Files[0].Tracks) != 3 {
		t.Fatalf("%+v", f.Sheet)
	}
	tracks := f.Sheet.Files[0].Tracks
	if tracks[0].Start != 0 || tracks[1].Start != 1666666666 || tracks[2].Start != 3*time.Second || !slices.Equal(tracks[0].Tags.ISRC, []string{"GBAAA9900001"}) || tracks[0].Tags.Barcode != "0724384260958" {
		t.Errorf("%+v", tracks)
	}
	parts, files, _ := cutParts(t, "image.flac", flac, sheetStartsOf(tracks)...)
	checkParts(t, "image.flac", parts, files, sheetStartsOf(tracks))

	// A sheet in a comment tells titles; it goes before the block.
	head := 4 + 4 + 34
	tagged := slices.Concat(flac[:head], commentBlock("CUESHEET="+plainSheet), flac[head:])
	mp3, err := os.ReadFile("testdata/reservoir.mp3")
	if err != nil {
		t.Fatal(err)
	}
	item := binary.LittleEndian.AppendUint32(nil, uint32(len(plainSheet)))
	item = append(append(item, "\x00\x00\x00\x00Cuesheet\x00"...), plainSheet...)
	ape := append([]byte("APETAGEX"), 0xd0, 7, 0, 0)
	ape = binary.LittleEndian.AppendUint32(ape, uint32(len(item)+32))
	ape = append(ape, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	for name, content := range map[string][]byte{"a.flac": tagged, "a.mp3": slices.Concat(mp3, item, ape)} {
		f, _ := readBytes(t, name, content)
		if f.Sheet == nil || len(f.Sheet.Files[0].Tracks) != 2 || f.Sheet.Files[0].Tracks[0].Tags.Title != "Sea" {
			t.Errorf("%s: %+v", name, f.Sheet)
		}
	}
	broken, _ := readBytes(t, "a.flac", slices.Concat(flac[:head], commentBlock("CUESHEET=TRACK x"), flac[head:]))
	if broken.Sheet == nil || len(broken.Warnings) != 1 {
		t.Errorf("%+v %q", broken.Sheet, broken.Warnings)
	}
}

func sheetStartsOf(tracks []SheetTrack) []time.Duration {
	var out []time.Duration
	for _, t := range tracks {
		out = append(out, t.Start)
	}
	return out
}
