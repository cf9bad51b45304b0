package audio

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/songlocker/songlocker/models"
)

func TestParseLRC(t *testing.T) {
	line := func(start int64, text string) models.LyricLine { return models.LyricLine{Start: start, Text: text} }
	cases := map[string]struct {
		text   string
		lang   string
		offset int64
		lines  []models.LyricLine
	}{
		"plain stamps":               {"[00:01.00]a\n[01:02.5]b\n[01:02.50]c\n[01:02.501]d\n[2:03]e", "", 0, []models.LyricLine{line(1000, "a"), line(62500, "b"), line(62500, "c"), line(62501, "d"), line(123000, "e")}},
		"several stamps a line":      {"[00:03.00] [00:01.00]again\n[00:02.00]once", "", 0, []models.LyricLine{line(1000, "again"), line(2000, "once"), line(3000, "again")}},
		"metadata":                   {"[ar:Anna]\r\n[ti:[Title]]\r\n[offset: +250]\r\n[la:DE]\r\n\r\n[00:01.00]a\r\n", "de", 250, []models.LyricLine{line(1000, "a")}},
		"negative offset":            {"[00:01]a\n[offset:-300]", "", -300, []models.LyricLine{line(1000, "a")}},
		"word stamps":                {"[00:01.00] <00:01.00> Two <00:01.50> words <00:02.00>", "", 0, []models.LyricLine{line(1000, "Two words")}},
		"words without spaces":       {"[00:01.00]<00:01.00>Two <00:01.50>wo<00:01.80>rds", "", 0, []models.LyricLine{line(1000, "Two words")}},
		"hundredths behind a colon":  {"[00:01:50]a", "", 0, []models.LyricLine{line(1500, "a")}},
		"hours":                      {"[1:00:01.50]a", "", 0, []models.LyricLine{line(3601500, "a")}},
		"empty lines that end":       {"[00:01.00]a\n[00:02.00]\n", "", 0, []models.LyricLine{line(1000, "a"), line(2000, "")}},
		"a line without a stamp":     {"[00:01.00]a\nmore\n[00:03.00]b", "", 0, []models.LyricLine{line(1000, "a"), line(1000, "more"), line(3000, "b")}},
		"byte order mark":            {"\ufeff[00:01.00]ä", "", 0, []models.LyricLine{line(1000, "ä")}},
		"UTF-16 with a mark":         {"\xff\xfe[\x000\x000\x00:\x000\x001\x00.\x000\x000\x00]\x00\xe4\x00", "", 0, []models.LyricLine{line(1000, "ä")}},
		"UTF-16 without a mark":      {"\x00[\x000\x000\x00:\x000\x001\x00]\x00a", "", 0, []models.LyricLine{line(1000, "a")}},
		"Windows-1252":               {"[00:01.00]\xe4\x80", "", 0, []models.LyricLine{line(1000, "ä€")}},
		"line ends of old computers": {"[00:01.00]a\r[00:02.00]b", "", 0, []models.LyricLine{line(1000, "a"), line(2000, "b")}},
		"brackets in the text":       {"[00:01.00][Chorus] a < b > c", "", 0, []models.LyricLine{line(1000, "[Chorus] a < b > c")}},
	}
	for name, c := range cases {
		l, ok := ParseLRC(c.text)
		want := models.Lyrics{Lang: c.lang, Synced: true, Offset: c.offset, Lines: c.lines}
		if !ok || !reflect.DeepEqual(l, want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", name, ok, l, want)
		}
	}
	for _, text := range []string{"", "a\nb", "[ar:Anna]\ntext", "[Chorus]\na", "[00:xx]a", "[1234567:00]a", "first\nsecond\nthird [00:01.00]\n[00:01.00]x"} {
		if l, ok := ParseLRC(text); ok {
			t.Errorf("%q came out as %+v", text, l)
		}
	}
}

func TestParseLyrics(t *testing.T) {
	l := ParseLyrics("one\r\n  two \n\nthree\n", "de")
	want := models.Lyrics{Lang: "de", Lines: []models.LyricLine{{Text: "one"}, {Text: "two"}, {}, {Text: "three"}}}
	if !reflect.DeepEqual(l, want) {
		t.Errorf("plain: %+v", l)
	}
	if l = ParseLyrics("[la:fr]\n[00:01]a", "de"); !l.Synced || l.Lang != "fr" {
		t.Errorf("synchronised: %+v", l)
	}
	if l = ParseLyrics(" \n", ""); len(l.Lines) != 0 || l.Lang != "xxx" {
		t.Errorf("empty: %+v", l)
	}
	if l = ParseLyrics(strings.Repeat("ä\n", 1<<20), ""); len(l.Lines) != maxLines {
		t.Errorf("%d lines", len(l.Lines))
	}
}

func FuzzLRC(f *testing.F) {
	f.Add("[00:01.00]a <00:01.50>b\n[offset:1]\n[00:02]c")
	f.Add("\xff\xfe[\x000\x00")
	f.Add("\x00[\x000")
	f.Fuzz(func(t *testing.T, text string) {
		l := ParseLyrics(text, "")
		if len(l.Lines) > maxLines+100 {
			t.Errorf("%d lines", len(l.Lines))
		}
		last := int64(0)
		for _, line := range l.Lines {
			if !utf8.ValidString(line.Text) || strings.ContainsAny(line.Text, "\n\r\x00") || line.Start < last {
				t.Errorf("%+v after %d", line, last)
			}
			last = line.Start
		}
	})
}

// TestLyricsOfFrames reads stamps that count MPEG frames.
func TestLyricsOfFrames(t *testing.T) {
	sylt := frame4("SYLT", 0, []byte("\x03eng\x01\x01\x00one\x00\x00\x00\x00\x00two\x00\x00\x00\x00\x64"))
	f, _ := readBytes(t, "x.mp3", append(id3v2(4, 0, 0, sylt), mp3Sound(1, 20)...))
	if len(f.Lyrics) != 1 || !f.Lyrics[0].Synced || len(f.Lyrics[0].Lines) != 2 || f.Lyrics[0].Lines[1] != (models.LyricLine{Start: 2612, Text: "two"}) {
		t.Errorf("%+v", f.Lyrics)
	}
	f, _ = readBytes(t, "x.wav", wave(noise(1, 5000), riffChunk("id3 ", id3v2(4, 0, 0, sylt)), nil))
	if len(f.Lyrics) != 1 || f.Lyrics[0].Lines[1].Text != "two" {
		t.Errorf("%+v", f.Lyrics)
	}
}

// TestLyrics3 reads both versions before ID3v1.
func TestLyrics3(t *testing.T) {
	sound := mp3Sound(1, 50)
	first := "LYRICSBEGIN[00:01]eins\r\n[00:02]zw\xf6lf\r\nLYRICSEND"
	body := "LYRICSBEGIN" + "IND0000211" + "ETT00034A title that ID3v1 has no room for" + "LYR00018[00:01]a\r\n[00:02]b" + "EAL00000"
	second := body + fmt.Sprintf("%06dLYRICS200", len(body))
	for name, c := range map[string]struct {
		tag, title, line string
	}{
		"1":         {first, "old", "zwölf"},
		"2":         {second, "A title that ID3v1 has no room for", "b"},
		"2, lying":  {"LYRICSBEGINLYR99999[00:01]a000030LYRICS200", "old", ""},
		"2, absurd": {"LYRICSBEGINLYR00003abc999999LYRICS200", "old", ""},
		"no begin":  {"LYRICSEND", "old", ""},
	} {
		file := slices.Concat(sound, []byte(c.tag), v1("old"))
		f, _ := readBytes(t, "x.mp3", file)
		if f.Title != c.title {
			t.Errorf("%s: title %q; %q", name, f.Title, f.Warnings)
		}
		if got := len(f.Lyrics); got != min(len(c.line), 1) {
			t.Errorf("%s: %+v", name, f.Lyrics)
		} else if got > 0 && (!f.Lyrics[0].Synced || f.Lyrics[0].Lines[1].Text != c.line) {
			t.Errorf("%s: %+v", name, f.Lyrics)
		}
		for n := range len(c.tag) {
			sane(t, "x.mp3", slices.Concat(sound[:2000], []byte(c.tag[n:]), v1("old")))
		}
	}
}

// TestSidecarEncodings reads .lrc files in the encodings of their makers.
func TestSidecarEncodings(t *testing.T) {
	for enc, text := range map[string]string{"gbk": "后来 我总算学会了如何去爱", "sjis": "夜に駆ける 二人だけの空が広がる夜に", "1251": "Группа крови на рукаве", "1252": "Über den Wolken muss die Freiheit wohl grenzenlos sein"} {
		var lines []string
		for i := range 300 {
			lines = append(lines, fmt.Sprintf("[%02d:%02d.00]%s", i/60, i%60, text))
		}
		b, err := encodings[enc].NewEncoder().String(strings.Join(lines, "\n"))
		if err != nil {
			t.Fatal(err)
		}
		if l := ParseLyrics(b, ""); !l.Synced || len(l.Lines) != 300 || l.Lines[299].Text != text {
			t.Errorf("%s: %d lines, %+v", enc, len(l.Lines), l.Lines[:1])
		}
	}
}
