package audio

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
)

func FuzzFLAC(f *testing.F) {
	seed(f, "flac")
	f.Fuzz(func(t *testing.T, content []byte) { sane(t, "x.flac", content) })
}

func FuzzOgg(f *testing.F) {
	seed(f, "ogg", "oga", "opus", "spx")
	f.Fuzz(func(t *testing.T, content []byte) { sane(t, "x.ogg", content) })
}

func FuzzMP4(f *testing.F) {
	seed(f, "m4a", "m4b", "mp4", "mov")
	f.Fuzz(func(t *testing.T, content []byte) { sane(t, "x.m4a", content) })
}

// edited returns a copy of b with these bytes at an offset.
func edited(b []byte, at int, with ...byte) []byte {
	b = slices.Clone(b)
	copy(b[at:], with)
	return b
}

// TestDamage reads files with one defect each: what is left of them comes
// through, a warning says so, and nothing costs more than the file is worth.
func TestDamage(t *testing.T) {
	info, title := flacBlock(0, streamInfoOf(441000, 7)), flacBlock(4, comments("TITLE=Title"))
	sound := append([]byte{0xff, 0xf8, 0xc9, 0x18}, noise(1, 50_000)...)
	huge := pictureOf(3, jpeg(20))
	binary.BigEndian.PutUint32(huge[len(huge)-24:], 0xffffffff)
	lying := comments("TITLE=Title", "x")
	binary.LittleEndian.PutUint32(lying[len(lying)-5:], 0xfffffff0)
	named := item("\xa9nam", 1, []byte("Title"))
	mdat := atom("mdat", sound)
	file := func(items ...[]byte) []byte { return slices.Concat(ftyp, moovBox(10, 40, items...), mdat) }
	opus := opusFile(1, 255, 500, 0, "TITLE=Title")
	gap := bytes.Index(opus[2000:], []byte("OggS")) + 2000
	deep := item("\xa9nam", 1, []byte("no"))
	for range 5000 {
		deep = atom("udta", deep)
		if len(deep) > 60_000 {
			break
		}
	}
	cases := []struct {
		name, suffix string
		file         []byte
		title        string
		pictures     int
		warning      string
	}{
		{"a picture of 4 GiB in 102 bytes", "flac", slices.Concat([]byte("fLaC"), info, flacBlock(6, huge))[:102], "", 0, "picture"},
		{"a picture of 4 GiB in a block", "flac", flacFile(sound, info, flacBlock(6, huge), title), "Title", 0, "picture"},
		{"a picture type beyond the list", "flac", flacFile(sound, info, flacBlock(6, edited(pictureOf(3, jpeg(50)), 0, 0, 0, 9, 9)), title), "Title", 1, ""},
		{"a long description", "flac", flacFile(sound, info, flacBlock(6, slices.Concat([]byte{0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0x10, 0}, make([]byte, 0x1000+16), []byte{0, 0, 0, 20}, jpeg(20))), title), "Title", 1, ""},
		{"a block beyond the end", "flac", slices.Concat([]byte("fLaC"), info, title, []byte{1, 0xff, 0xff, 0xff}, sound), "Title", 0, "block claims"},
		{"no last block", "flac", slices.Concat([]byte("fLaC"), info, title, sound), "Title", 0, "no metadata block"},
		{"no STREAMINFO", "flac", flacFile(sound, title), "Title", 0, "STREAMINFO"},
		{"a comment of 4 GiB", "flac", flacFile(sound, info, flacBlock(4, lying)), "Title", 0, "comment claims"},
		{"a comment without a name", "flac", flacFile(sound, info, flacBlock(4, comments("nothing", "=x", "TITLE=Title"))), "Title", 0, "without a name"},
		{"a million comments", "flac", flacFile(sound, info, flacBlock(4, edited(comments("TITLE=Title"), 10, 0xff, 0xff, 0xff))), "Title", 0, "ends early"},
		{"bytes that are no UTF-8", "flac", flacFile(sound, info, flacBlock(4, comments("TITLE=Title\xff\x00\x01"))), "Titleÿ", 0, ""},

		{"a picture of 2 GB in 161 bytes", "ogg", oggMux(1, 255, packet{opusHead(0), 0, true}, packet{append([]byte("OpusTags"), edited(comments("METADATA_BLOCK_PICTURE="+text(30)), 14, 0xff, 0xff, 0xff, 0x7f)...), 0, true}), "", 0, "comment claims"},
		{"a picture of 4 GiB in a comment", "opus", opusFile(1, 255, 100, 0, "METADATA_BLOCK_PICTURE=AAAAAwAAAAppbWFnZS9qcGVnAAAAAAAAAAAAAAAAAAAAAAAAAAD/////", "TITLE=Title"), "Title", 0, "picture"},
		{"a picture that is no base64", "opus", opusFile(1, 255, 100, 0, "METADATA_BLOCK_PICTURE=%%%", "COVERART=", "TITLE=Title"), "Title", 0, "picture"},
		{"a picture without padding", "opus", opusFile(1, 255, 100, 0, "COVERART="+text(110), "TITLE=Title"), "Title", 1, ""},
		{"a wrong checksum", "opus", edited(opus, bytes.Index(opus, []byte("OpusTags"))+8+4, 'V'), "Title", 0, "checksum"},
		{"a hole between pages", "opus", slices.Concat(opus[:gap], make([]byte, 1000), opus[gap:]), "Title", 0, ""},
		{"only the first page", "opus", opus[:47], "", 0, ""},
		{"cut within the comments", "ogg", vorbisFile(1, 255, 10, "TITLE=Title", "COMMENT="+text(5000))[:300], "Title", 0, ""},
		{"cut within the sound", "opus", opus[:len(opus)-1000], "Title", 0, ""},

		{"text typed as a number", "m4a", file(item("\xa9nam", 21, []byte{1, 2}), item("\xa9ART", 1, []byte("A"))), "258", 0, ""},
		{"text typed as a picture", "m4a", file(item("\xa9nam", 13, []byte("Title"))), "Title", 0, ""},
		{"a picture as text", "m4a", file(item("\xa9ART", 14, []byte("\x89PNG\x00\x00")), named), "Title", 0, "passed over"},
		{"text of type 0 and of UTF-16", "m4a", file(item("\xa9nam", 2, []byte("\x00T\x00i\x00t\x00l\x00e"))), "Title", 0, ""},
		{"a cover without a type", "m4a", file(named, item("covr", 0, jpeg(100)), item("covr", 27, jpeg(100))), "Title", 2, ""},
		{"a flag without a type", "m4a", file(item("cpil", 0, []byte{1}), named), "Title", 0, ""},
		{"freeform of odd names", "m4a", file(freeItem("trkn_count", "x"), freeItem("", ""), atom("----", atom("data", []byte{0})), named), "Title", 0, ""},
		{"an item of fewer than 8 bytes", "m4a", file(named, []byte{0, 0, 0, 4, 'x', 'x', 'x', 'x'}), "Title", 0, "box of 4 bytes"},
		{"an item beyond its parent", "m4a", file(named, []byte{0x7f, 0xff, 0xff, 0xff, 'x', 'x', 'x', 'x'}), "Title", 0, "box claims"},
		{"a size of 64 bits that is negative", "m4a", slices.Concat(file(named), []byte{0, 0, 0, 1, 'm', 'd', 'a', 't', 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), "Title", 0, ""},
		{"64 bits before moov", "m4a", slices.Concat(ftyp, mdat64(sound), moovBox(10, 40, named)), "Title", 0, ""},
		{"mdat to the end", "m4a", slices.Concat(ftyp, moovBox(10, 40, named), []byte("\x00\x00\x00\x00mdat"), sound), "Title", 0, ""},
		{"no moov", "m4a", slices.Concat(ftyp, mdat), "", 0, "no moov"},
		{"cut within mdat", "m4a", file(named)[:30_000], "Title", 0, "box claims"},
		{"boxes in boxes", "m4a", slices.Concat(ftyp, moovBox(10, 40, named), deep, mdat), "Title", 0, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f, stats := readBytes(t, "x."+c.suffix, c.file)
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 2<<20 {
				t.Errorf("allocated %d bytes", got)
			}
			if f.Title != c.title || len(f.Pictures) != c.pictures {
				t.Errorf("title %q, pictures %+v, warnings %q", f.Title, f.Pictures, f.Warnings)
			}
			if c.warning != "" && !strings.Contains(strings.Join(f.Warnings, "\n"), c.warning) {
				t.Errorf("warnings %q", f.Warnings)
			}
			if stats.Bytes > 4*int64(len(c.file)) {
				t.Errorf("%d bytes read of %d", stats.Bytes, len(c.file))
			}
			sane(t, "x."+c.suffix, c.file)
		})
	}
}

// TestBrokenPages reads a picture whose pages are not alike: it cannot be
// jumped over, and what follows it is found all the same.
func TestBrokenPages(t *testing.T) {
	file := opusFile(1, 255, 3000, 0, pictureComment(jpeg(1<<20)), "TITLE=Title")
	other := oggMux(99, 255, packet{append([]byte("\x80theora"), make([]byte, 40)...), 0, true}, packet{noise(3, 900), 5, true})
	at := bytes.Index(other[1:], []byte("OggS")) + 1
	cut := bytes.Index(file[100:], []byte("OggS")) + 100
	for range 3 {
		cut += 100 + bytes.Index(file[cut+100:], []byte("OggS"))
	}
	// Two streams at once: the other one begins first and has a page in the
	// middle of the picture.
	mixed := slices.Concat(other[:at], file[:cut], other[at:], file[cut:])
	f, stats := readBytes(t, "x.ogg", mixed)
	if f.Title != "Title" || f.Codec != "opus" || len(f.Pictures) != 1 || len(f.Warnings) > 0 {
		t.Fatalf("title %q, codec %q, pictures %+v, warnings %q", f.Title, f.Codec, f.Pictures, f.Warnings)
	}
	b, mime, err := Picture(t.Context(), bytes.NewReader(mixed), int64(len(mixed)), f.Pictures[0])
	if err != nil || mime != "image/jpeg" || !bytes.Equal(b, jpeg(1<<20)) {
		t.Errorf("%d bytes of %q, %v", len(b), mime, err)
	}
	if stats.Bytes > 3<<20 {
		t.Errorf("%d bytes read", stats.Bytes)
	}
	whole, _ := readBytes(t, "x.ogg", file)
	if f.Identity != whole.Identity || f.Duration != whole.Duration {
		t.Errorf("identity %q and %d ms, alone %q and %d ms", f.Identity, f.Duration, whole.Identity, whole.Duration)
	}
}

// TestStreamsCutAndChained reads Opus that begins in the middle of a stream,
// and two streams one behind the other.
func TestStreamsCutAndChained(t *testing.T) {
	cut := []packet{{opusHead(0), 0, true}, {append([]byte("OpusTags"), comments("TITLE=Title")...), 0, true}}
	for i := range 500 {
		b := noise(uint64(i), 300)
		b[0] = 0xfc
		cut = append(cut, packet{b, 4_800_000 + int64(i+1)*960, i%50 == 49})
	}
	f, _ := readBytes(t, "x.opus", oggMux(1, 255, cut...))
	if f.Duration != 10_000 {
		t.Errorf("cut: %d ms", f.Duration)
	}
	// 100 s, 10 s that begin in the middle, 60 s at another rate, and a short one.
	first, second := opusFile(1, 255, 5000, 0, "TITLE=Title"), oggMux(2, 255, cut...)
	third, fourth := vorbisFile(3, 255, 2584, "TITLE=Third"), edited(opusFile(4, 255, 50, 0, "TITLE=Fourth"), 0)
	fourth = oggSerial(fourth, 9)
	for _, c := range []struct {
		name  string
		file  []byte
		ms    int64
		reads int
	}{
		{"two", slices.Concat(first, second), 99_991 + 10_000, 25},
		{"four", slices.Concat(first, second, third, fourth), 99_991 + 10_000 + 60_000 + 991, 50},
		{"a short one behind", slices.Concat(first, fourth), 99_991 + 991, 25},
		{"two short ones", slices.Concat(fourth, oggSerial(fourth, 10)), 2 * 991, 5},
		{"twenty", slices.Concat(first, oggSerial(first, 11), oggSerial(second, 12), bytes.Join(slices.Collect(func(yield func([]byte) bool) {
			for i := range 17 {
				if !yield(oggSerial(first, uint32(100+i))) {
					return
				}
			}
		}), nil)), 19*99_991 + 10_000, 240},
	} {
		f, stats := readBytes(t, "x.opus", c.file)
		if f.Duration < c.ms-30 || f.Duration > c.ms+30 || f.Title != "Title" && f.Title != "Fourth" || len(f.Warnings) > 0 || stats.Requests > c.reads {
			t.Errorf("%s: %d ms, want %d; title %q, %d reads, warnings %q", c.name, f.Duration, c.ms, f.Title, stats.Requests, f.Warnings)
		}
	}
	// Too many links to find: an estimate.
	many := opusFile(1, 255, 1000, 0, "TITLE=Title")
	for i := range 80 {
		many = append(many, oggSerial(many[:len(many)/(i+1)], uint32(100+i))...)
	}
	f, stats := readBytes(t, "x.opus", many)
	if f.Duration < 1_400_000 || f.Duration > 1_800_000 || len(f.Warnings) == 0 || stats.Requests > 380 {
		t.Errorf("many: %d ms, %d reads, %q", f.Duration, stats.Requests, f.Warnings)
	}
}

// oggSerial returns the pages of file as those of a stream of this number.
func oggSerial(file []byte, serial uint32) []byte {
	b := slices.Clone(file)
	for at := 0; at < len(b); {
		p, ok := parsePage(b[at:], int64(at))
		if !ok {
			break
		}
		page := b[at:p.end()]
		binary.LittleEndian.PutUint32(page[14:], serial)
		clear(page[22:26])
		if at = int(p.end()); len(page) > nearSize {
			continue // nobody looks at the checksums of long pages
		}
		var crc uint32
		for _, c := range page {
			crc = crc<<8 ^ oggCRC[byte(crc>>24)^c]
		}
		binary.LittleEndian.PutUint32(page[22:], crc)
	}
	return b
}

// TestPicture reads pictures by references that a scan might have noted.
func TestPicture(t *testing.T) {
	pic := jpeg(300_000)
	flac := flacFile(noise(1, 100), flacBlock(0, streamInfoOf(44100, 7)), flacBlock(6, pictureOf(4, pic)))
	for name, file := range map[string][]byte{
		"x.flac": flac, "x.opus": opusFile(1, 16, 100, 0, "TITLE=x", pictureComment(pic)), "x.ogg": vorbisFile(1, 255, 100, pictureComment(pic)),
		"x.m4a": slices.Concat(ftyp, moovBox(1, 10, item("covr", 13, pic)), atom("mdat", noise(1, 100))),
	} {
		f, _ := readBytes(t, name, file)
		if len(f.Pictures) != 1 {
			t.Errorf("%s: %+v", name, f.Pictures)
			continue
		}
		b, mime, err := Picture(t.Context(), bytes.NewReader(file), int64(len(file)), f.Pictures[0])
		if err != nil || mime != "image/jpeg" || !bytes.Equal(b, pic) {
			t.Errorf("%s: %d bytes of %q, %v", name, len(b), mime, err)
		}
		// The object has shrunk since the scan.
		if b, _, err := Picture(t.Context(), bytes.NewReader(file[:2000]), 2000, f.Pictures[0]); err == nil {
			t.Errorf("%s: %d bytes of a shorter object", name, len(b))
		}
	}
	size := int64(len(flac))
	for _, ref := range []models.PictureRef{
		{}, {Offset: -1, Length: 10}, {Offset: 10, Length: -1}, {Offset: size, Length: 1}, {Offset: 1, Length: size}, {Offset: 0, Length: 1 << 60},
		{Length: 10, Encoding: "rot13"}, {Length: 10, Encoding: "zlib"}, {Length: 100, Encoding: "base64-picture"}, {Offset: 4, Length: 3, Encoding: "base64"},
		{Length: 10, Encoding: "ogg:0:"}, {Length: 10, Encoding: "ogg:-1:base64"}, {Length: 10, Encoding: "ogg:x"},
	} {
		if b, _, err := Picture(t.Context(), bytes.NewReader(flac), size, ref); err == nil {
			t.Errorf("%+v: %d bytes", ref, len(b))
		}
	}
}
