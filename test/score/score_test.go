package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestSame(t *testing.T) {
	for _, tt := range []struct {
		field     string
		want, got []string
		same      bool
	}{
		{"title", []string{"A"}, []string{"A"}, true},
		{"title", []string{"A"}, []string{"a"}, false},
		{"title", []string{"A"}, nil, false},
		{"artists", []string{"A", "B"}, []string{"A", "B"}, true},
		{"artists", []string{"A", "B"}, []string{"B", "A"}, false},
		{"artists", []string{"A", "B"}, []string{"A; B"}, false},
		{"artists", []string{"A"}, []string{"A", "B"}, false},
		{"lyrics", []string{"one\r\ntwo "}, []string{"one\ntwo"}, true},
		{"pictures", []string{"3 image/png", "4 image/jpeg"}, []string{"4 image/jpeg", "3 image/png"}, true},
		{"pictures", []string{"3 image/png", "3 image/png"}, []string{"3 image/png"}, false},
		{"track gain", []string{"-6.54"}, []string{"-6.535"}, true},
		{"track gain", []string{"-6.54"}, []string{"-6.5"}, false},
		{"track gain", []string{"-6.54"}, []string{"loud"}, false},
		{"track gain", []string{"-6.54"}, nil, false},
	} {
		if got := same(tt.field, tt.want, tt.got); got != tt.same {
			t.Errorf("%s: %q and %q: %v", tt.field, tt.want, tt.got, got)
		}
	}
}

func TestCompare(t *testing.T) {
	truth := properties{Codec: "flac", Channels: 2, Rate: 44100, Depth: 16, Seconds: 3, Samples: 132300, Kbits: 700}
	for name, tt := range map[string]struct {
		got   properties
		wrong []string
	}{
		"equal":                 {truth, nil},
		"nothing":               {properties{}, []string{"codec", "channels", "sample rate", "depth", "duration", "bit rate"}},
		"within the tolerances": {properties{"flac", 2, 44100, 16, 3.04, 0, 712}, nil},
		"one sample more":       {properties{"flac", 2, 44100, 16, 3, 132301, 700}, []string{"duration"}},
		"a little longer":       {properties{"flac", 2, 44100, 16, 3.06, 0, 700}, []string{"duration"}},
		"another bit rate":      {properties{"flac", 2, 44100, 16, 3, 0, 720}, []string{"bit rate"}},
	} {
		var wrong []string
		for _, c := range compare(truth, tt.got) {
			if !c.right {
				wrong = append(wrong, c.field)
			}
		}
		if !slices.Equal(wrong, tt.wrong) {
			t.Errorf("%s: wrong are %q, want %q", name, wrong, tt.wrong)
		}
	}
	if list := compare(properties{}, truth); len(list) > 0 {
		t.Errorf("what is unknown is compared: %v", list)
	}
}

// sample is a collection of two files and what four readers find in them.
func sample() ([]line, []*reading, map[string][]*reading) {
	files := []line{
		{Path: "1.mp3", Container: "MP3", Tool: "lame", Tags: "ID3v2.3", Song: "plain", Fields: map[string][]string{"title": {"A"}, "artists": {"X", "Y"}}, Lost: map[string]string{"moods": "no room"}, May: []string{"track gain"}},
		{Path: "2.ogg", Container: "Ogg", Tool: "oggenc", Tags: "Vorbis comments", Song: "plain", Fields: map[string][]string{"title": {"B"}}, Properties: properties{Channels: 2}},
	}
	read := func() []*reading {
		return []*reading{
			{Fields: map[string][]string{"title": {"A"}, "artist": {"X; Y"}, "artists": {"X", "Y"}, "track gain": {"1"}}},
			{Fields: map[string][]string{"title": {"B"}}, Properties: properties{Channels: 2}},
		}
	}
	return files, read(), map[string][]*reading{"ffprobe": read(), "mutagen": read(), "TagLib": {nil, nil}}
}

// TestVerdict breaks what is right in each way that must be told.
func TestVerdict(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(mine []*reading)
		want   string
	}{
		"all right":          {func([]*reading) {}, ""},
		"list in one":        {func(m []*reading) { m[0].Fields["artists"] = []string{"X; Y"} }, "75.00 % of 4"},
		"an invented value":  {func(m []*reading) { m[1].Fields["composers"] = []string{"B"} }, "1 values are invented"},
		"a file not read":    {func(m []*reading) { m[1] = &reading{} }, "50.00 % of 4"},
		"a wrong property":   {func(m []*reading) { m[1].Properties.Channels = 1 }, "75.00 % of 4"},
		"nothing to be read": {nil, "nothing was scored"},
	} {
		files, mine, theirs := sample()
		if tt.change == nil {
			files = nil
		} else {
			tt.change(mine)
		}
		err := judge(files, mine, theirs).verdict()
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	// One list among many values is enough to fail.
	files, mine, theirs := sample()
	for range 500 {
		files, mine = append(files, files[1]), append(mine, mine[1])
		for r := range theirs {
			theirs[r] = append(theirs[r], nil)
		}
	}
	mine[0].Fields["artists"] = []string{"Y", "X"}
	if err := judge(files, mine, theirs).verdict(); err == nil || !strings.Contains(err.Error(), "1 of 1 lists") {
		t.Errorf("a wrong list: %v", err)
	}
}

func TestAgreement(t *testing.T) {
	files, mine, theirs := sample()
	others := [][]*reading{theirs["ffprobe"], theirs["mutagen"], theirs["TagLib"]}
	theirs["mutagen"][0].Fields["title"] = []string{"other"} // one against one is no agreement
	mine[1].Fields["title"] = []string{"C"}
	c, differences := agreement(files, mine, others)
	if c != (count{3, 4}) || len(differences) != 1 || differences[0].Line.Path != "2.ogg" {
		t.Errorf("%v, %v", c, differences)
	}
}

func TestDocument(t *testing.T) {
	files, mine, theirs := sample()
	mine[1].Fields["title"] = []string{"C"}
	var b bytes.Buffer
	r := judge(files, mine, theirs)
	if err := r.document(&b); err != nil {
		t.Fatal(err)
	}
	r.print(&b)
	for _, want := range []string{
		"**3 of 4 values right: 75.00 %.**", "| Ogg | 0/1 ", "| **all** | 3/4 | 4/4 | 4/4 | 0/4 |", "| artists | 1/1 | 1/1 | 1/1 | 0/1 |",
		`- Ogg, Vorbis comments by oggenc: title, 1 times, such as ["C"] where ["B"] was written`, "| ID3v2.3 | lame | no room: moods |", "lame, oggenc", "miss     Ogg",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
