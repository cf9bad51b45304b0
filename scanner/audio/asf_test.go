package audio

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/songlocker/songlocker/models"
)

// utf16z returns text in UTF-16 with a terminator.
func utf16z(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s + "\x00")) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

// asfObject is an object of ASF.
func asfObject(kind string, bodies ...[]byte) []byte {
	id, err := hex.DecodeString(kind)
	if err != nil {
		panic(err)
	}
	body := slices.Concat(bodies...)
	return append(binary.LittleEndian.AppendUint64(id, uint64(len(body)+24)), body...)
}

// asfWhole returns a file of this sound with these objects in its header and
// in the header's extension: 10 s, WMA 2, 44.1 kHz.
func asfWhole(sound []byte, inner []byte, objects ...[]byte) []byte {
	u64, zero := binary.LittleEndian.AppendUint64, func(n int) []byte { return make([]byte, n) }
	file := asfObject(asfFile, zero(40), u64(nil, (10_000+3100)*10_000), zero(8), u64(nil, 3100), zero(16))
	audio, _ := hex.DecodeString(asfAudio)
	format := []byte{0x61, 1, 2, 0, 0x44, 0xac, 0, 0, 0xa0, 0x0f, 0, 0, 0xb9, 2, 16, 0}
	stream := asfObject(asfStream, audio, zero(38), format)
	extension := asfObject(asfExtension, zero(18), binary.LittleEndian.AppendUint32(nil, uint32(len(inner))), inner)
	body := slices.Concat(slices.Concat(objects...), file, stream, extension)
	return slices.Concat(asfObject(asfHeader, zero(6), body), asfObject(asfData, zero(26), sound))
}

// asfText5 is a content description.
func asfText5(texts ...string) []byte {
	var lengths, body []byte
	for i := range 5 {
		var b []byte
		if i < len(texts) && texts[i] != "" {
			b = utf16z(texts[i])
		}
		lengths, body = binary.LittleEndian.AppendUint16(lengths, uint16(len(b))), append(body, b...)
	}
	return asfObject(asfDescription, lengths, body)
}

// asfAttribute is one attribute of an extended content description, or, with
// long, of a metadata library.
func asfAttribute(long bool, name string, kind uint16, value []byte) []byte {
	n := utf16z(name)
	u16 := binary.LittleEndian.AppendUint16
	if long {
		b := u16(u16(u16(u16(nil, 0), 0), uint16(len(n))), kind)
		return slices.Concat(binary.LittleEndian.AppendUint32(b, uint32(len(value))), n, value)
	}
	return slices.Concat(u16(nil, uint16(len(n))), n, u16(u16(nil, kind), uint16(len(value))), value)
}

// asfList is an object of attributes.
func asfList(kind string, attributes ...[]byte) []byte {
	return asfObject(kind, binary.LittleEndian.AppendUint16(nil, uint16(len(attributes))), slices.Concat(attributes...))
}

// asfCover is the value of a WM/Picture attribute.
func asfCover(picture []byte) []byte {
	return slices.Concat([]byte{3}, binary.LittleEndian.AppendUint32(nil, uint32(len(picture))), utf16z("image/jpeg"), utf16z("front"), picture)
}

// TestASF reads what no tool at hand writes.
func TestASF(t *testing.T) {
	marker := func(ms uint64, title string) []byte {
		b := binary.LittleEndian.AppendUint64(make([]byte, 8), (ms+3100)*10_000)
		b = append(b, make([]byte, 10)...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len([]rune(title))+1))
		return append(b, utf16z(title)...)
	}
	markers := slices.Concat(make([]byte, 16), []byte{2, 0, 0, 0, 0, 0}, binary.LittleEndian.AppendUint16(nil, uint16(len(utf16z("x")))), utf16z("x"), marker(0, "Eins"), marker(4000, "Zwei 二"))
	stream := slices.Concat(make([]byte, 60), []byte{1, 0, 1, 0}, []byte{0, 0, 2, 0, 'x', 0}, make([]byte, 18), []byte{3, 0, 0, 0, 1, 2, 3})
	f, stats := readBytes(t, "x.wma", asfWhole(noise(1, 40_000),
		slices.Concat(
			asfObject(asfStreamExtension, stream),
			asfList(asfLibrary, asfAttribute(true, "Author", 0, utf16z("Bob")), asfAttribute(true, "WM/IsCompilation", 2, []byte{1, 0}), asfAttribute(true, "WM/Picture", 1, asfCover(jpeg(300))))),
		asfText5("Title", "Anna", "", "a comment"),
		asfList(asfExtended, asfAttribute(false, "Author", 0, utf16z("Anna")), asfAttribute(false, "WM/Track", 3, []byte{6, 0, 0, 0}), asfAttribute(false, "WM/GenreID", 0, utf16z("17")),
			asfAttribute(false, "WM/Genre", 0, utf16z("(17)")), asfAttribute(false, "WM/Writer", 0, utf16z("Lyra")), asfAttribute(false, "Writer", 0, utf16z("Wanda"))),
		asfObject(asfMarkers, markers)))
	if f.Title != "Title" || !slices.Equal(f.Artists, []string{"Anna", "Bob"}) || f.Comment != "a comment" || f.Track != 7 || !f.Compilation || !slices.Equal(f.Genres, []string{"Rock"}) {
		t.Errorf("tags %+v", f.Tags)
	}
	if f.Codec != "wmav2" || f.Duration != 10_000 || f.BitRate != 32 || f.Channels != 2 || f.SampleRate != 44100 || f.ContentType != "audio/x-ms-wma" {
		t.Errorf("properties %+v", f.Properties)
	}
	if want := []models.Chapter{{Start: 0, Title: "Eins"}, {Start: 4000, Title: "Zwei 二"}}; !slices.Equal(f.Chapters, want) {
		t.Errorf("chapters %+v", f.Chapters)
	}
	if len(f.Pictures) != 1 || f.Pictures[0].Length != 300 || f.Pictures[0].Type != 3 || len(f.Warnings) > 0 || stats.Requests > 1 {
		t.Errorf("pictures %+v, warnings %q, %d reads", f.Pictures, f.Warnings, stats.Requests)
	}
	if len(f.Roles) != 2 || f.Roles[0].Name != "Lyra" || f.Roles[1].Name != "Wanda" {
		t.Errorf("roles %+v", f.Roles)
	}
}

// TestDamagedASF reads headers that lie.
func TestDamagedASF(t *testing.T) {
	title := asfText5("Title")
	sound := noise(1, 40_000)
	huge := asfAttribute(true, "WM/Picture", 1, asfCover(jpeg(100)))
	copy(huge[8:], "\xff\xff\xff\xff")
	inner := asfCover(jpeg(100))
	copy(inner[1:], "\xff\xff\xff\x7f")
	broken := asfObject(asfExtended, []byte{9, 0}, asfAttribute(false, "WM/AlbumTitle", 0, utf16z("Album")))
	long := slices.Clone(title)
	copy(long[16:], "\xff\xff\xff\xff\xff\xff\xff\xff")
	for _, c := range []struct {
		name, title, warning string
		file                 []byte
	}{
		{"an attribute of 4 GiB", "Title", "attribute", asfWhole(sound, asfList(asfLibrary, huge), title)},
		{"a picture larger than its attribute", "Title", "picture", asfWhole(sound, asfList(asfLibrary, asfAttribute(true, "WM/Picture", 1, inner)), title)},
		{"more attributes than there are", "Title", "end early", asfWhole(sound, nil, title, broken)},
		{"an object without an end", "", "object claims", asfWhole(sound, nil, asfObject(asfCodecs, nil), long)},
		{"a header of no length", "Title", "object claims", edited(asfWhole(sound, nil, title), 16, 1, 0, 0, 0, 0, 0, 0, 0)},
		{"cut in the data", "Title", "object claims", asfWhole(sound, nil, title)[:20_000]},
	} {
		t.Run(c.name, func(t *testing.T) {
			sane(t, "x.wma", c.file)
			f, _, err := Read(t.Context(), bytes.NewReader(c.file), int64(len(c.file)), "x.wma")
			if c.title == "" {
				return // nothing of the sound is left: what counts is that it ends
			}
			if err != nil || f.Title != c.title || !strings.Contains(strings.Join(f.Warnings, "\n"), c.warning) {
				t.Errorf("%v, %+v", err, f)
			}
		})
	}
}

// TestCostOfASF holds it to few reads, and its identity to the sound.
func TestCostOfASF(t *testing.T) {
	title := asfText5("Title")
	cover := func(n int) []byte { return asfList(asfLibrary, asfAttribute(true, "WM/Picture", 1, asfCover(jpeg(n)))) }
	var first string
	for i, file := range [][]byte{
		asfWhole(noise(1, 3<<20), nil, title),
		asfWhole(noise(1, 3<<20), cover(1<<20), title),
		asfWhole(noise(1, 3<<20), cover(60_000), title, asfText5("", "Artist")),
		asfWhole(noise(1, 3<<20), nil),
	} {
		f, stats := readBytes(t, "x.wma", file)
		if i == 0 {
			first = f.Identity
		}
		if f.Identity != first || !strings.HasPrefix(first, "asf-1-") || stats.Requests > 3 || stats.Bytes > 160<<10 || len(f.Warnings) > 0 {
			t.Errorf("variant %d: identity %q, %d reads of %d bytes, %q", i, f.Identity, stats.Requests, stats.Bytes, f.Warnings)
		}
	}
	if f, _ := readBytes(t, "x.wma", asfWhole(noise(2, 3<<20), nil, title)); f.Identity == first {
		t.Error("other sound has the same identity")
	}
}

func FuzzASF(f *testing.F) {
	seed(f, "wma")
	f.Add(asfWhole(noise(1, 500), asfList(asfLibrary, asfAttribute(true, "WM/Picture", 1, asfCover(jpeg(100)))), asfText5("Title"), asfList(asfExtended, asfAttribute(false, "WM/Genre", 0, utf16z("(17)")))))
	f.Fuzz(func(t *testing.T, content []byte) { sane(t, "x.wma", content) })
}
