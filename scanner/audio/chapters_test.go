package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// chap is what a CHAP frame holds.
func chap(id string, start, end uint32, frames ...[]byte) []byte {
	b := append([]byte(id), 0)
	for _, n := range []uint32{start, end, 0xffffffff, 0xffffffff} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(b, bytes.Join(frames, nil)...)
}

// TestChaptersOfID3 reads CHAP and CTOC frames.
func TestChaptersOfID3(t *testing.T) {
	title3 := func(s string) []byte { return frame3("TIT2", 0, []byte("\x01"+utf16le(s))) }
	title4 := func(s string) []byte { return frame4("TIT2", 0, []byte("\x03"+s)) }
	cover := frame4("APIC", 0, apic(jpeg(60_000)))
	sound := xing(4000)
	one, two := models.Chapter{Start: 0, End: 5000, Title: "Eins"}, models.Chapter{Start: 5000, Title: "Zwei"}
	for _, c := range []struct {
		name string
		tag  []byte
		want []models.Chapter
	}{
		{"2.4", id3v2(4, 0, 0, frame4("CHAP", 0, chap("b", 5000, 0xffffffff, title4("Zwei"))), frame4("CHAP", 0, chap("a", 0, 5000, title4("Eins")))), []models.Chapter{one, two}},
		{"2.3", id3v2(3, 0, 0, frame3("CHAP", 0, chap("a", 0, 5000, frame3("TIT3", 0, []byte("\x00x")), title3("Eins"))), frame3("CHAP", 0, chap("b", 5000, 0, title3("Zwei")))), []models.Chapter{one, two}},
		{"2.3, unsynchronised", id3v2(3, 0x80, 0, unsynced(frame3("CHAP", 0, chap("b", 5000, 0xffffffff, title3("Zwei"))))), []models.Chapter{two}},
		{"pictures within", id3v2(4, 0, 0, frame4("CHAP", 0, chap("a", 0, 5000, title4("Eins"), cover)), frame4("CHAP", 0, chap("b", 5000, 0, title4("Zwei"), cover))), []models.Chapter{one, two}},
		{"of those that are listed", id3v2(4, 0, 0, frame4("CTOC", 0, []byte("toc\x00\x03\x02a\x00b\x00")), frame4("CHAP", 0, chap("a", 0, 5000, title4("Eins"))),
			frame4("CHAP", 0, chap("hidden", 1, 2, title4("x"))), frame4("CHAP", 0, chap("b", 5000, 0, title4("Zwei")))), []models.Chapter{one, two}},
		{"a list of others", id3v2(4, 0, 0, frame4("CTOC", 0, []byte("toc\x00\x03\x01z\x00")), frame4("CHAP", 0, chap("a", 0, 5000, title4("Eins")))), []models.Chapter{one}},
		{"without a title", id3v2(4, 0, 0, frame4("CHAP", 0, chap("a", 0, 5000))), []models.Chapter{{End: 5000}}},
		{"behind the end", id3v2(4, 0, 0, frame4("CHAP", 0, chap("a", 1<<30, 1<<31-1, title4("x")))), nil},
		{"damaged", id3v2(4, 0, 0, frame4("CHAP", 0, []byte("abc")), frame4("CHAP", 0, []byte("abc\x00\x00")), frame4("CTOC", 0, []byte("t\x00\x00\xffabc"))), nil},
	} {
		f, _ := readBytes(t, "x.mp3", slices.Concat(c.tag, sound, mp3Sound(1, 30)))
		if !slices.Equal(f.Chapters, c.want) {
			t.Errorf("%s: %+v, want %+v; %q", c.name, f.Chapters, c.want, f.Warnings)
		}
	}
}

// TestChaptersOfComments reads chapters from Vorbis comments.
func TestChaptersOfComments(t *testing.T) {
	f, _ := readBytes(t, "x.opus", opusFile(1, 255, 500, 0, "CHAPTER000=00:00:00.000", "CHAPTER000NAME=Eins", "chapter001=00:00:05.5", "CHAPTER001NAME=Zwei", "CHAPTER001URL=x", "CHAPTER002=nonsense"))
	if want := []models.Chapter{{Start: 0, Title: "Eins"}, {Start: 5500, Title: "Zwei"}}; !slices.Equal(f.Chapters, want) {
		t.Errorf("%+v", f.Chapters)
	}
	f, _ = readBytes(t, "x.opus", opusFile(1, 255, 500, 0, "CHAPTER01=00:00:01.000", "CHAPTER01NAME=Eins", "CHAPTER=1"))
	if want := []models.Chapter{{Start: 1000, Title: "Eins"}}; !slices.Equal(f.Chapters, want) {
		t.Errorf("%+v", f.Chapters)
	}
}

// chpl is a Nero chapter box of these starts in seconds.
func chpl(titles map[int]string, starts ...int) []byte {
	b := []byte{1, 0, 0, 0, 0, 0, 0, 0, byte(len(starts))}
	for _, s := range starts {
		b = binary.BigEndian.AppendUint64(b, uint64(s)*10_000_000)
		b = append(append(b, byte(len(titles[s]))), titles[s]...)
	}
	return atom("chpl", b)
}

// bookMoov is the moov box of a sound track of this many seconds, whose sample
// table takes table bytes, and, where offsets are given, a text track with one
// sample at each, 600 s apart.
func bookMoov(seconds, table int, nero []byte, sizes []int, offsets []int64) []byte {
	u32 := binary.BigEndian.AppendUint32
	whole := moovBox(seconds, table, item("\xa9nam", 1, []byte("Das Buch")))
	if nero != nil {
		whole = atom("moov", whole[8:], atom("udta", nero))
	}
	if offsets == nil {
		return whole
	}
	var stsz, co64 []byte
	for i, off := range offsets {
		stsz, co64 = u32(stsz, uint32(sizes[i])), binary.BigEndian.AppendUint64(co64, uint64(off))
	}
	n := uint32(len(offsets))
	full := make([]byte, 4)
	stbl := atom("stbl", atom("stsd", full, u32(nil, 0)), atom("stts", full, u32(u32(u32(nil, 1), n), 600*1000)),
		atom("stsc", full, u32(u32(u32(u32(nil, 1), 1), 1), 1)), atom("stsz", full, u32(u32(nil, 0), n), stsz), atom("co64", full, u32(nil, n), co64))
	mdhd := atom("mdhd", u32(u32(make([]byte, 12), 1000), n*600*1000), full)
	mdia := atom("mdia", mdhd, atom("hdlr", make([]byte, 8), []byte("text"), make([]byte, 12)), atom("minf", stbl))
	text := atom("trak", atom("tkhd", make([]byte, 12), u32(nil, 9), make([]byte, 68)), mdia)
	// The sound names it.
	at := bytes.Index(whole, []byte("trak")) - 4
	size := int(binary.BigEndian.Uint32(whole[at:]))
	sound := atom("trak", whole[at+8:at+size], atom("tref", atom("chap", u32(nil, 9))))
	return atom("moov", whole[8:at], sound, whole[at+size:], text)
}

// sparse is an object of zeros with some bytes in it.
type sparse struct {
	size  int64
	parts map[int64][]byte
}

func (s sparse) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	for at, b := range s.parts {
		if from := max(at, off); from < min(at+int64(len(b)), off+int64(len(p))) {
			copy(p[from-off:], b[from-at:])
		}
	}
	if n := s.size - off; n < int64(len(p)) {
		return int(max(n, 0)), io.EOF
	}
	return len(p), nil
}

// TestAudiobook reads an M4B of 12 hours whose index, with a table of 7 MB,
// lies at its end.
func TestAudiobook(t *testing.T) {
	const hours, size = 12, 350 << 20
	titles := map[int]string{}
	var starts []int
	for i := range 72 {
		starts = append(starts, i*600)
		titles[i*600] = "Kapitel " + strings.Repeat("I", i%5+1)
	}
	sample := func(s string) []byte {
		return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...)
	}
	mdat := int64(len(ftyp))
	var sizes []int
	var together, apart []int64
	near, far := map[int64][]byte{}, map[int64][]byte{}
	at := mdat + 16 + size - 4000
	for i, s := range starts {
		b := sample(titles[s])
		if i == 3 { // UTF-16 is allowed too
			b = sample(utf16le(titles[s]))
		}
		sizes = append(sizes, len(b))
		together, near[at] = append(together, at), b
		at += int64(len(b))
		off := mdat + 16 + int64(i)*(4<<20)
		apart, far[off] = append(apart, off), b
	}
	for _, c := range []struct {
		name    string
		nero    []byte
		offsets []int64
		parts   map[int64][]byte
		reads   int
	}{
		{"Nero's", chpl(titles, starts...), nil, nil, 4},
		{"a text track in one piece", nil, together, near, 5},
		{"a text track all over the sound", nil, apart, far, 80},
		{"both", chpl(titles, starts...), apart, far, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			moov := bookMoov(hours*3600, 7<<20, c.nero, sizes, c.offsets)
			head := binary.BigEndian.AppendUint64([]byte("\x00\x00\x00\x01mdat"), size+16)
			file := sparse{mdat + 16 + size + int64(len(moov)), map[int64][]byte{0: ftyp, mdat: head, mdat + 16 + size: moov}}
			for off, b := range c.parts {
				file.parts[off] = b
			}
			f, stats, err := Read(t.Context(), file, file.size, "book.m4b")
			if err != nil || f.Title != "Das Buch" || f.Duration != hours*3600*1000 || f.Identity == "" || len(f.Warnings) > 0 {
				t.Fatalf("%v: title %q, %d ms, %q", err, f.Title, f.Duration, f.Warnings)
			}
			if len(f.Chapters) != 72 {
				t.Fatalf("%d chapters", len(f.Chapters))
			}
			for i, x := range f.Chapters {
				if x.Start != int64(starts[i])*1000 || x.Title != titles[starts[i]] {
					t.Errorf("chapter %d: %+v, want %q", i, x, titles[starts[i]])
				}
			}
			if stats.Requests > c.reads || stats.Bytes > 600<<10 {
				t.Errorf("%d reads of %d bytes", stats.Requests, stats.Bytes)
			}
			t.Logf("%d reads of %d KiB", stats.Requests, stats.Bytes>>10)
		})
	}
}

// TestDamagedChapters reads boxes and tables that lie.
func TestDamagedChapters(t *testing.T) {
	sound := atom("mdat", noise(1, 40_000))
	for i, moov := range [][]byte{
		bookMoov(100, 40, atom("chpl", []byte{1, 0, 0, 0}), nil, nil),
		bookMoov(100, 40, atom("chpl", []byte("\x01\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")), nil, nil),
		bookMoov(100, 40, nil, []int{1 << 30, 5}, []int64{40, 1 << 60}),
		bookMoov(100, 40, nil, []int{10, 10}, []int64{-5, 50_000_000}),
	} {
		file := slices.Concat(ftyp, moov, sound)
		sane(t, "x.m4b", file)
		if _, _, err := Read(t.Context(), bytes.NewReader(file), int64(len(file)), "x.m4b"); err != nil && !errors.Is(err, ErrUnknown) {
			t.Errorf("case %d: %v", i, err)
		}
		for n := len(ftyp); n < len(ftyp)+len(moov); n += 3 {
			sane(t, "x.m4b", edited(file, n, 0xff, 0xff, 0xff, 0xff))
			sane(t, "x.m4b", file[:n])
		}
	}
}
