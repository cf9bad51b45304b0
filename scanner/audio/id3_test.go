package audio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
)

func deflated(b []byte) []byte {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	z.Write(b)
	z.Close()
	return out.Bytes()
}

// sized puts the four bytes of a decoded length before b.
func sized(n int, b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(n)), b...)
}

// itunes4 is a frame of ID3v2.4 whose size is a plain number.
func itunes4(id string, payload []byte) []byte { return frame3(id, 0, payload) }

// utf16le is text with a byte order mark.
func utf16le(s string) string {
	b := []byte{0xff, 0xfe}
	for _, r := range s {
		b = append(b, byte(r), byte(r>>8))
	}
	return string(b)
}

// TestID3 reads tags that other readers lose or choke on. Each is followed by
// sound.
func TestID3(t *testing.T) {
	title := frame4("TIT2", 0, []byte("\x03Title"))
	artist3 := frame3("TPE1", 0, []byte("\x00Artist"))
	long := strings.Repeat("long ", 80)
	tags := func(f *File) []any { return []any{f.Title, f.Artist} }
	tests := []struct {
		name string
		tag  []byte
		got  func(*File) []any
		want []any
	}{
		{"several artists between zeros", id3v2(4, 0, 0, frame4("TPE1", 0, []byte("\x03Alpha\x00Beta"))),
			func(f *File) []any { return []any{f.Artist, f.Artists} }, []any{"Alpha; Beta", []string{"Alpha", "Beta"}}},
		{"printed artist beside a list", id3v2(4, 0, 0, frame4("TPE1", 0, []byte("\x03A feat. B")), frame4("TXXX", 0, []byte("\x03Artists\x00A\x00B"))),
			func(f *File) []any { return []any{f.Artist, f.Artists} }, []any{"A feat. B", []string{"A", "B"}}},
		{"frames by their names, as FFmpeg writes them", id3v2(4, 0, 0, frame4("TXXX", 0, []byte("\x03TCMP\x001")), frame4("TXXX", 0, []byte("\x03USLT\x00la\nla"))),
			func(f *File) []any { return []any{f.Compilation, len(f.Lyrics) == 1 && len(f.Lyrics[0].Lines) == 2} }, []any{true, true}},
		{"UTF-16 with an odd byte", id3v2(3, 0, 0, frame3("TIT2", 0, []byte("\x01"+utf16le("Title")+"x")), artist3), tags, []any{"Title", "Artist"}},
		{"UTF-16 list with marks", id3v2(3, 0, 0, frame3("TPE1", 0, []byte("\x01"+utf16le("A")+"\x00\x00"+utf16le("B")))),
			func(f *File) []any { return []any{f.Artists} }, []any{[]string{"A", "B"}}},
		{"UTF-16 list with one mark", id3v2(3, 0, 0, frame3("TPE1", 0, []byte("\x01\xfe\xff\x00A\x00\x00\x00B"))),
			func(f *File) []any { return []any{f.Artists} }, []any{[]string{"A", "B"}}},
		{"description with U+4E00 after ASCII", id3v2(3, 0, 0, frame3("TXXX", 0, []byte("\x01"+utf16le("1一")+"\x00\x00"+utf16le("v"))), artist3),
			tags, []any{"", "Artist"}},
		{"empty frame in the middle", id3v2(3, 0, 0, frame3("TALB", 0, nil), artist3), tags, []any{"", "Artist"}},
		{"frame unsynchronised, with its length", id3v2(4, 0, 0, frame4("TIT2", 3, sized(4, unsynced([]byte("\x00\xffab")))), frame4("TPE1", 0, []byte("\x03Artist"))),
			tags, []any{"ÿab", "Artist"}},
		{"whole ID3v2.4 tag unsynchronised", id3v2(4, 0x80, 0, frame4("TIT2", 0, unsynced([]byte("\x00\xffab"))), frame4("TPE1", 0, []byte("\x03Artist"))), tags, []any{"ÿab", "Artist"}},
		{"whole ID3v2.3 tag unsynchronised", id3v2(3, 0x80, 0, unsynced(slices.Concat(frame3("TIT2", 0, []byte("\x01"+utf16le("T\u00ff"))), artist3))), tags, []any{"Tÿ", "Artist"}},
		{"plain sizes in ID3v2.4", id3v2(4, 0, 10, itunes4("COMM", []byte("\x00eng\x00"+long)), itunes4("TIT2", []byte("\x03Title"))),
			func(f *File) []any { return []any{f.Title, f.Comment} }, []any{"Title", strings.TrimSpace(long)}},
		{"plain sizes in the last frame", id3v2(4, 0, 0, title, itunes4("COMM", []byte("\x00eng\x00"+long))),
			func(f *File) []any { return []any{f.Title, f.Comment} }, []any{"Title", strings.TrimSpace(long)}},
		{"last short frame of ID3v2.2", id3v2(2, 0, 0, frame2("TT2", []byte("\x00Ti")), frame2("TP1", []byte("\x00A"))), tags, []any{"Ti", "A"}},
		{"compressed frame of ID3v2.3", id3v2(3, 0, 0, frame3("TIT2", 0x80, sized(6, deflated([]byte("\x00Title")))), artist3), tags, []any{"Title", "Artist"}},
		{"compressed frame of ID3v2.4", id3v2(4, 0, 0, frame4("TIT2", 9, sized(6, deflated([]byte("\x00Title"))))), tags, []any{"Title", ""}},
		{"frame said to be 2 GB", id3v2(3, 0, 0, artist3, append([]byte("TIT2\x7f\xff\xff\xff\x00\x00\x00"), "Title"...)), tags, []any{"Title", "Artist"}},
		{"grouped frame", id3v2(4, 0, 0, frame4("TIT2", 0x40, []byte("\x01\x03Title"))), tags, []any{"Title", ""}},
		{"encrypted frame", id3v2(4, 0, 0, frame4("TIT2", 0x04, []byte("\x01\x03Title")), frame4("TPE1", 0, []byte("\x03Artist"))), tags, []any{"", "Artist"}},
		{"extended header of ID3v2.3", id3v2(3, 0x40, 0, []byte{0, 0, 0, 6, 0, 0, 0, 0, 0, 0}, artist3), tags, []any{"", "Artist"}},
		{"extended header of ID3v2.4", id3v2(4, 0x40, 0, []byte{0, 0, 0, 6, 1, 0}, title), tags, []any{"Title", ""}},
		{"two tags", slices.Concat(id3v2(4, 0, 9, title), id3v2(3, 0, 9, frame3("TIT2", 0, []byte("\x00Second")), artist3)), tags, []any{"Title", "Artist"}},
		{"names of ID3v2.2 in ID3v2.3", id3v2(3, 0, 0, frame3("TT2\x00", 0, []byte("\x00Title"))), tags, []any{"Title", ""}},
		{"UTF-8 said to be Latin-1", id3v2(3, 0, 0, frame3("TIT2", 0, []byte("\x00Käse 東京"))), tags, []any{"Käse 東京", ""}},
		{"Windows-1252", id3v2(3, 0, 0, frame3("TIT2", 0, []byte("\x00\x93\xe4\x94"))), tags, []any{"“ä”", ""}},
		{"broken UTF-8", id3v2(4, 0, 0, frame4("TIT2", 0, []byte("\x03a\xffb"))), tags, []any{"aÿb", ""}},
		{"control characters", id3v2(4, 0, 0, frame4("TIT2", 0, []byte("\x03\x01a\x1b\x7fb\u0085\ufffec\r\n d \x08"))), tags, []any{"abc\n d", ""}},
		{"no encoding byte", id3v2(3, 0, 0, frame3("TIT2", 0, []byte("Title"))), tags, []any{"Title", ""}},
		{"dates of ID3v2.3", id3v2(3, 0, 0, frame3("TYER", 0, []byte("\x002005")), frame3("TDAT", 0, []byte("\x003112"))),
			func(f *File) []any { return []any{f.Date} }, []any{models.Date{Year: 2005, Month: 12, Day: 31}}},
		{"year of ID3v2.3 in ID3v2.4", id3v2(4, 0, 0, frame4("TYER", 0, []byte("\x002005"))), func(f *File) []any { return []any{f.Date} }, []any{models.Date{Year: 2005}}},
		{"genre references", id3v2(3, 0, 0, frame3("TCON", 0, []byte("\x00(51)(39)Loud"))),
			func(f *File) []any { return []any{f.Genres} }, []any{[]string{"Techno-Industrial", "Noise", "Loud"}}},
		{"relative volume", id3v2(4, 0, 0, frame4("RVA2", 0, []byte("track\x00\x01\xfb\x33\x10\x40\x00"))),
			func(f *File) []any {
				return []any{*f.Gain.TrackGain < -2.39 && *f.Gain.TrackGain > -2.41, *f.Gain.TrackPeak}
			}, []any{true, 0.5}},
		{"people of ID3v2.3", id3v2(3, 0, 0, frame3("IPLS", 0, []byte("\x00producer\x00P\x00drums\x00D\x00mix\x00"))),
			func(f *File) []any { return []any{f.Roles} },
			[]any{[]models.RoleName{{Role: "producer", Named: models.Named{Name: "P"}}, {Role: "performer", Sub: "drums", Named: models.Named{Name: "D"}}}}},
		{"lyrics in lines", id3v2(4, 0, 0, frame4("USLT", 0, []byte("\x03eng\x00one\ntwo"))),
			func(f *File) []any { return []any{f.Lyrics} }, []any{[]models.Lyrics{{Lang: "eng", Lines: []models.LyricLine{{Text: "one"}, {Text: "two"}}}}}},
		{"lyrics by syllables", id3v2(4, 0, 0, frame4("SYLT", 0, []byte("\x03eng\x02\x01\x00\nHal\x00\x00\x00\x03\xe8lo\x00\x00\x00\x04\xb0\nyou\x00\x00\x00\x07\xd0"))),
			func(f *File) []any { return []any{f.Lyrics} },
			[]any{[]models.Lyrics{{Lang: "eng", Synced: true, Lines: []models.LyricLine{{Start: 1000, Text: "Hallo"}, {Start: 2000, Text: "you"}}}}}},
		{"ReplayGain with a comma", id3v2(4, 0, 0, frame4("TXXX", 0, []byte("\x03replaygain_track_gain\x00+3,2 dB"))),
			func(f *File) []any { return []any{*f.Gain.TrackGain} }, []any{3.2}},
		{"MusicBrainz ids joined", id3v2(3, 0, 0, frame3("TXXX", 0, []byte("\x00MusicBrainz Artist Id\x009D2e4f10-8a6b-4c3d-9e1f-012345678900/9d2e4f10-8a6b-4c3d-9e1f-012345678901/nonsense"))),
			func(f *File) []any { return []any{f.ArtistIDs} }, []any{[]string{"9d2e4f10-8a6b-4c3d-9e1f-012345678900", "9d2e4f10-8a6b-4c3d-9e1f-012345678901"}}},
	}
	tests = append(tests, []struct {
		name string
		tag  []byte
		got  func(*File) []any
		want []any
	}{
		{"a grouping", id3v2(4, 0, 0, frame4("TIT1", 0, []byte("\x03Group"))), func(f *File) []any { return []any{f.Groupings, len(f.Works)} }, []any{[]string{"Group"}, 0}},
		{"a work beside a grouping", id3v2(4, 0, 0, frame4("TIT1", 0, []byte("\x03Work")), frame4("GRP1", 0, []byte("\x03Group"))),
			func(f *File) []any { return []any{f.Groupings, f.Works} }, []any{[]string{"Group"}, []models.Named{{Name: "Work"}}}},
		{"a tag with a footer in front", slices.Concat(footed(title), id3v2(3, 0, 0, artist3)), tags, []any{"Title", "Artist"}},
		{"compressed and unsynchronised", id3v2(4, 0x80, 0, frame4("TIT2", 0x0b, sized(300, unsynced(deflated([]byte("\x03"+strings.Repeat("Title", 60))))))),
			func(f *File) []any { return []any{len(f.Title)} }, []any{300}},
		{"an artist with a slash", id3v2(3, 0, 0, frame3("TPE1", 0, []byte("\x00AC/DC")), frame3("TCOM", 0, []byte("\x00Young/Young"))), func(f *File) []any { return []any{f.Artists, f.Roles[0].Name} }, []any{[]string{"AC/DC"}, "Young/Young"}},
		{"lyrics in two languages", id3v2(4, 0, 0, frame4("USLT", 0, []byte("\x03eng\x00one")), frame4("USLT", 0, []byte("\x03deu\x00Text\x00eins"))),
			func(f *File) []any { return []any{f.Lyrics[0].Lang, f.Lyrics[1].Lang, f.Lyrics[1].Lines[0].Text} }, []any{"deu", "eng", "one"}},
	}...)
	sound := mp3Sound(1, 20)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f, _ := readBytes(t, "x.mp3", slices.Concat(tt.tag, sound))
			if got := tt.got(f); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %q, want %q; warnings %q", got, tt.want, f.Warnings)
			}
			if f.Duration != 521 {
				t.Errorf("duration %d ms", f.Duration)
			}
		})
	}
}

// TestAppendedTag reads a tag at the end, of which one in front tells, before
// other tags.
func TestAppendedTag(t *testing.T) {
	front := id3v2(4, 0, 0, frame4("TIT2", 0, []byte("\x03Title")), frame4("SEEK", 0, []byte{0, 0, 0x20, 0x94}))
	behind := footed(frame4("TIT2", 0, []byte("\x03other")), frame4("TPE1", 0, []byte("\x03Artist")), frame4("APIC", 0, apic(jpeg(60_000))))
	sound := mp3Sound(1, 20)
	plain, _ := readBytes(t, "x.mp3", sound)
	for _, rest := range [][]byte{nil, v1("old"), ape("Album", "Album"), append(ape("Album", "Album"), v1("old")...)} {
		file := slices.Concat(front, sound, behind, rest)
		f, _ := readBytes(t, "x.mp3", file)
		if f.Title != "Title" || f.Artist != "Artist" || len(f.Pictures) != 1 || f.Identity != plain.Identity || f.Duration != plain.Duration || len(f.Warnings) > 0 {
			t.Errorf("%d bytes behind: title %q, artist %q, %d pictures, %d ms, %q", len(rest), f.Title, f.Artist, len(f.Pictures), f.Duration, f.Warnings)
		}
	}
}

// TestID3Pictures finds pictures in every encoding, and what stands behind them.
func TestID3Pictures(t *testing.T) {
	pic := jpeg(90_000)
	for name, tag := range map[string][]byte{
		"ID3v2.3":                     id3v2(3, 0, 0, frame3("APIC", 0, apic(pic)), frame3("TIT2", 0, []byte("\x00Title"))),
		"ID3v2.4":                     id3v2(4, 0, 0, frame4("APIC", 0, apic(pic)), frame4("TIT2", 0, []byte("\x00Title"))),
		"ID3v2.2":                     id3v2(2, 0, 0, frame2("PIC", append([]byte("\x00JPG\x03\x00"), pic...)), frame2("TT2", []byte("\x00Title"))),
		"ID3v2.4, plain size":         id3v2(4, 0, 0, itunes4("APIC", apic(pic)), itunes4("TIT2", []byte("\x00Title"))),
		"ID3v2.3, unsynchronised tag": id3v2(3, 0x80, 0, unsynced(slices.Concat(frame3("APIC", 0, apic(pic)), frame3("TIT2", 0, []byte("\x00Title"))))),
		"ID3v2.4, unsynchronised":     id3v2(4, 0, 0, frame4("APIC", 3, sized(len(pic), unsynced(apic(pic)))), frame4("TIT2", 0, []byte("\x00Title"))),
		"ID3v2.3, compressed":         id3v2(3, 0, 0, frame3("APIC", 0x80, sized(len(pic)+14, deflated(apic(pic)))), frame3("TIT2", 0, []byte("\x00Title"))),
	} {
		file := slices.Concat(tag, mp3Sound(1, 20))
		f, _ := readBytes(t, "x.mp3", file)
		if f.Title != "Title" || len(f.Pictures) != 1 || len(f.Warnings) > 0 {
			t.Errorf("%s: title %q, pictures %+v, warnings %q", name, f.Title, f.Pictures, f.Warnings)
			continue
		}
		p := f.Pictures[0]
		got, _, err := Picture(t.Context(), bytes.NewReader(file), int64(len(file)), p)
		if err != nil || !bytes.Equal(got, pic) {
			t.Errorf("%s: %d other bytes, %v (%+v)", name, len(got), err, p)
		}
	}
}

// TestFoundByFuzzing keeps what fuzz targets found.
func TestFoundByFuzzing(t *testing.T) {
	sound := mp3Sound(1, 4)
	for name, file := range map[string][]byte{
		"a compressed picture of no bytes": slices.Concat(id3v2(3, 4, 0, []byte("PIC 00000\xbd0")), sound),
	} {
		t.Run(name, func(t *testing.T) { sane(t, "x.mp3", file) })
	}
}

// TestGenresLinear reads a value that makes a naive reader quadratic.
func TestGenresLinear(t *testing.T) {
	begin := spent(t)
	list := genres(strings.Repeat("(1)", 300_000))
	if took := spent(t) - begin; len(list) > maxValues+1 || took > time.Second {
		t.Errorf("%d genres in %v", len(list), took)
	}
}

func TestGenres(t *testing.T) {
	for in, want := range map[string][]string{
		"17": {"Rock"}, "(17)": {"Rock"}, "(51)(39)text": {"Techno-Industrial", "Noise", "text"}, "(RX)": {"Remix"}, "CR": {"Cover"},
		"((odd": {"(odd"}, "(unknown) x": {"(unknown) x"}, "1977": {"1977"}, "255": {"255"}, "Folk, World, & Country": {"Folk, World, & Country"},
		"(4)Eurodisco": {"Disco", "Eurodisco"}, "(0)": {"Blues"}, "-1": {"-1"}, "(": {"("}, "()": {"()"},
	} {
		if got := genres(in); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
