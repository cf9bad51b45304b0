package audio

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
)

// TestHostile reads files of about 10 MB that were made to cost as much as
// they can: sane allows each but a moment.
func TestHostile(t *testing.T) {
	const size = 10 << 20
	fillUp := func(b []byte) []byte { return bytes.Repeat(b, size/len(b)+1) }
	mkvHead := slices.Concat(ebml(ebmlHead, ebml(ebmlDocType, []byte("matroska"))))
	track := ebml(mkvTracks, ebml(mkvTrack, ebmlUint(mkvTrackNumber, 1), ebmlUint(mkvTrackUID, 1), ebmlUint(mkvTrackType, 2), ebml(mkvCodec, []byte("A_OPUS"))))
	mkv := func(parts ...[]byte) []byte {
		return append(mkvHead, ebml(mkvSegment, append([][]byte{track}, parts...)...)...)
	}
	asf := func(objects ...[]byte) []byte { return asfWhole(noise(1, 100), nil, objects...) }
	asfMany := func(n int, value []byte) (list [][]byte) {
		for i := range n {
			list = append(list, asfAttribute(false, fmt.Sprintf("WM/X%d", i), 0, value))
		}
		return list
	}
	moov := moovBox(10, 0)
	ftyp := atom("ftyp", []byte("M4A \x00\x00\x00\x00M4A "))
	mp4 := func(parts ...[]byte) []byte { return slices.Concat(append([][]byte{ftyp}, parts...)...) }
	mp3 := func(frames ...[]byte) []byte {
		return slices.Concat(id3v2(4, 0, 0, slices.Concat(frames...)), mp3Sound(1, 5))
	}
	link := func(i int) []byte {
		return oggMux(uint32(i), 255, packet{b: opusHead(0)}, packet{b: []byte("OpusTags\x00\x00\x00\x00\x00\x00\x00\x00")}, packet{b: []byte("x"), granule: 960})
	}
	var links, serials []byte
	for i := 0; len(links) < size; i++ {
		links = append(links, link(i)...)
	}
	serials = append(serials, link(0)...)
	for i := 1; len(serials) < size; i++ {
		serials = append(serials, link(i)[:47]...)
	}
	var reference []byte
	{ // Positions whose elements overlap: each holds the next in what it does not know.
		text := ebml(mkvSimpleText, bytes.Repeat([]byte{0xff}, 1<<20))
		inner := text
		for range 15 {
			inner = slices.Concat(ebml(0xec, inner), text[:10])
			inner = ebml(mkvTags, ebml(mkvTag, ebml(mkvSimple, ebml(mkvSimpleName, []byte("ARTIST")), inner)))
		}
		reference = inner
	}
	for name, c := range map[string]struct {
		suffix  string
		content []byte
	}{
		"mkv empty elements":   {"mka", mkv(ebml(mkvTags, fillUp([]byte{0xec, 0x80})))},
		"mkv simple tags":      {"mka", mkv(ebml(mkvTags, ebml(mkvTag, fillUp(ebml(mkvSimple, ebml(mkvSimpleName, []byte("A")), ebml(mkvSimpleText, []byte("B")))))))},
		"mkv large tags":       {"mka", mkv(ebml(mkvTags, ebml(mkvTag, fillUp(ebml(mkvSimple, ebml(mkvSimpleName, []byte("ARTIST")), ebml(mkvSimpleText, bytes.Repeat([]byte{0xff}, 1<<20)))))))},
		"mkv chapters":         {"mka", mkv(ebml(mkvChapters, ebml(mkvEdition, fillUp(ebml(mkvAtom, ebmlUint(mkvAtomStart, 1))))))},
		"mkv blocks":           {"mka", mkv(ebml(mkvCluster, fillUp(ebml(mkvSimpleBlock, []byte{0x81, 0, 0, 0, 1}))))},
		"mkv clusters":         {"mka", mkv(fillUp(ebml(mkvCluster, ebmlUint(mkvTimestamp, 1))))},
		"mkv cues":             {"mka", mkv(ebml(mkvCluster, ebmlUint(mkvTimestamp, 1)), ebml(mkvCues, fillUp([]byte{mkvCuePoint, 0x80})))},
		"mkv overlapping":      {"mka", mkv(reference)},
		"mkv attachments":      {"mka", mkv(ebml(mkvAttachments, fillUp(ebml(mkvAttached, ebml(mkvFileName, []byte("a.jpg")), ebml(mkvFileData, []byte("x"))))))},
		"asf attributes":       {"wma", asf(asfList(asfExtended, asfMany(5000, bytes.Repeat([]byte{0xff, 0xd8}, 1000))...))},
		"asf one name":         {"wma", asf(asfList(asfExtended, slices.Repeat([][]byte{asfAttribute(false, "Author", 0, utf16z("a"))}, 5000)...))},
		"asf objects":          {"wma", asf(fillUp(asfObject(asfMarkers, make([]byte, 24))))},
		"asf markers":          {"wma", asf(asfObject(asfMarkers, slices.Concat(make([]byte, 16), []byte{255, 255, 255, 0, 0, 0, 0, 0}, bytes.Repeat(make([]byte, 30), 9000))))},
		"mp4 boxes":            {"m4a", mp4(moov, fillUp(atom("free")))},
		"mp4 fragments":        {"m4a", mp4(moov, fillUp(atom("moof")))},
		"mp4 whole fragments":  {"m4a", mp4(moov, fillUp(slices.Concat(atom("moof", atom("traf")), atom("mdat"))))},
		"mp4 runs":             {"m4a", mp4(moov, atom("moof", fillUp(atom("traf", atom("trun", []byte{0, 0, 1, 0, 255, 255, 255, 255})))))},
		"mp4 items":            {"m4a", mp4(moovBox(10, 0, fillUp(item("\xa9ART", 1, []byte("A")))))},
		"id3 chapters":         {"mp3", mp3(fillUp(frame4("CHAP", 0, chap("a", 0, 9, frame4("TIT2", 0, []byte("\x03Eins"))))))},
		"id3 large chapters":   {"mp3", mp3(fillUp(frame4("CHAP", 0, chap("a", 0, 9, frame4("TIT2", 0, append([]byte{0}, bytes.Repeat([]byte{0xe9}, 8000)...))))))},
		"id3 contents":         {"mp3", mp3(fillUp(frame4("CTOC", 0, append([]byte("toc\x00\x03\xff"), bytes.Repeat([]byte("a\x00"), 255)...))))},
		"id3 latin":            {"mp3", mp3(fillUp(frame4("TPE1", 0, append([]byte{0}, bytes.Repeat([]byte{0xe9}, 1<<20)...))))},
		"id3 latin words":      {"mp3", mp3(fillUp(frame4("TPE1", 0, append([]byte{0}, bytes.Repeat([]byte{0xe9, 0}, 1<<19)...))))},
		"id3 lyrics":           {"mp3", mp3(fillUp(frame4("USLT", 0, append([]byte("\x00eng\x00"), bytes.Repeat([]byte("[0:1]\xe9\n"), 1<<17)...))))},
		"id3 word stamps":      {"mp3", mp3(frame4("USLT", 0, append([]byte("\x00eng\x00[0:1]"), bytes.Repeat([]byte("<0:1><"), 1<<17)...)))},
		"ogg chain":            {"ogg", links},
		"ogg streams":          {"ogg", serials},
		"ogg names":            {"ogg", slices.Concat(link(0), fillUp([]byte("OggS")))},
		"wavpack names":        {"wv", slices.Concat(wavPackFile(noise(1, 10)), fillUp([]byte("wvpk")))},
		"musepack packets":     {"mpc", append([]byte("MPCK"), fillUp([]byte("XX\x03"))...)},
		"adts":                 {"aac", fillUp(adtsFile(noise(1, 20), 9))},
		"sync bytes":           {"mp3", fillUp([]byte{0xff, 0xfb})},
		"mp3 sync":             {"mp3", append(mp3Sound(1, 50), fillUp([]byte{0xff, 0xfb, 0x90, 0x40})...)},
		"dff chunks":           {"dff", dffFile(noise(1, 10), fillUp(wideChunk("DIIN", nil)))},
		"caf information":      {"caf", cafFile(noise(1, 10), cafInformation(strings.Repeat("a\x00b\x00", size/4)))},
		"ape items":            {"ape", slices.Concat(monkeyFile(noise(1, 10)), ape(slices.Repeat([]string{"Artist", "\xe9"}, 200_000)...))},
		"flac blocks":          {"flac", slices.Concat([]byte("fLaC"), flacBlock(0, streamInfoOf(441000, 7)), fillUp(flacBlock(5, make([]byte, 500))))},
		"vorbis comments":      {"flac", slices.Concat([]byte("fLaC"), flacBlock(0, streamInfoOf(441000, 7)), flacBlock(4, comments(slices.Repeat([]string{"ARTIST=\xe9"}, 1<<19)...)))},
		"vorbis comment names": {"flac", slices.Concat([]byte("fLaC"), flacBlock(0, streamInfoOf(441000, 7)), flacBlock(4, comments(slices.Repeat([]string{"CHAPTER001=00:00:01", "LYRICS=[0:1]a"}, 1<<18)...)))},
		"sheet":                {"flac", slices.Concat([]byte("fLaC"), flacBlock(0, streamInfoOf(441000, 7)), flacBlock(4, comments("CUESHEET="+hostileSheet())))},
	} {
		t.Run(name, func(t *testing.T) {
			sane(t, "x."+c.suffix, c.content)
		})
	}
}

// hostileSheet has as many values for as many tracks as there is room for.
func hostileSheet() string {
	var b strings.Builder
	names := make([]string, 0, len(aliases))
	for name := range aliases {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := 0; b.Len() < MaxSheet-70_000; i++ {
		fmt.Fprintf(&b, "REM %s %d\n", names[i/1000%len(names)], i)
	}
	for i := range maxSheetTracks {
		fmt.Fprintf(&b, "TRACK %d AUDIO\nINDEX 01 %d:00:00\n", i+1, i)
	}
	return b.String()
}

// TestHostileFrames cuts streams whose bytes all look like headers of frames:
// what is proved by no checksum may not be looked at again and again.
func TestHostileFrames(t *testing.T) {
	const size = 3 << 20
	header := func(n int64) []byte {
		b := appendFLACNumber([]byte{0xff, 0xf8, 0xc9, 0x18}, n)
		return append(b, crc8(b))
	}
	whole := func(n int64) []byte {
		b := append(header(n), make([]byte, 8)...)
		sum := crc16(0, b)
		return append(b, byte(sum>>8), byte(sum))
	}
	one := func(n int64) []byte {
		b := whole(0)
		for i := range n {
			if len(b) > size {
				break
			}
			b = append(b, header(1+i)...)
		}
		return b
	}
	const frames = 1_000_000
	var islands []byte // whole frames far apart, with false ones between
	for n := int64(0); len(islands) < size; n++ {
		islands = append(islands, whole(n)...)
		if n%50 == 49 {
			for range 3000 {
				islands = append(islands, header(n+1)...)
			}
		}
	}
	last := whole(frames - 1)
	for name, sound := range map[string][]byte{
		"headers":       one(frames),
		"same":          append(whole(0), bytes.Repeat(header(5), size/7)...),
		"headers, last": append(one(frames), last...),
		"same, last":    slices.Concat(whole(0), bytes.Repeat(header(5), size/7), last),
		"islands":       append(islands, last...),
		"neighbours":    slices.Concat(whole(0), bytes.Repeat(slices.Concat(header(5), header(6)), size/14), last),
	} {
		content := slices.Concat([]byte("fLaC"), flacBlock(0x80, streamInfoOf(frames*4096, 7)), sound)
		f, _ := readBytes(t, "x.flac", content)
		var starts []time.Duration
		for i := range 99 {
			starts = append(starts, time.Duration(i)*30*time.Second)
		}
		begin := spent(t)
		_, stats, err := Parts(t.Context(), bytes.NewReader(content), int64(len(content)), f, starts)
		took := spent(t) - begin
		t.Logf("%s: %v: %d requests, %d bytes: %v", name, took, stats.Requests, stats.Bytes, err)
		if took > 5*time.Second || stats.Bytes > 20*int64(len(content)) {
			t.Errorf("%s: %v, %d bytes", name, took, stats.Bytes)
		}
	}
}

// TestChangedObject reads parts of objects that are no longer what was cut:
// each ends, with an error where frames are rewritten, and never says more
// than it announced.
func TestChangedObject(t *testing.T) {
	sound := pcm(8000, 2, 4*time.Second)
	for name, content := range map[string][]byte{"a.flac": testFLAC(t, sound, 8000, 576), "a.wav": waveFile(sound, 8000, 2)} {
		parts, _, _ := cutParts(t, name, content, 0, time.Second, 2*time.Second)
		for kind, object := range map[string][]byte{
			"zeros":  make([]byte, len(content)),
			"noise":  noise(3, len(content)),
			"short":  content[:len(content)/2],
			"empty":  nil,
			"syncs":  bytes.Repeat([]byte{0xff, 0xf8}, len(content)/2),
			"longer": append(bytes.Clone(content[:40]), content...),
		} {
			for i, p := range parts {
				for _, from := range []int64{0, p.Size / 2, p.Size - 1} {
					r := NewCutReader(bytes.NewReader(object), p.Cut)
					if _, err := r.Seek(from, io.SeekStart); err != nil {
						t.Fatal(err)
					}
					n, err := io.Copy(io.Discard, r)
					if n > p.Size-from {
						t.Errorf("%s, %s, part %d from %d: %d bytes of %d", name, kind, i+1, from, n, p.Size)
					}
					whole := err == nil && n == p.Size-from
					if (p.Kind == models.CutFLAC || len(object) < int(p.To)) && whole && kind != "longer" && kind != "short" {
						t.Errorf("%s, %s, part %d from %d: all there", name, kind, i+1, from)
					}
					if !whole && err == nil {
						t.Errorf("%s, %s, part %d from %d: %d bytes of %d without an error", name, kind, i+1, from, n, p.Size)
					}
				}
			}
		}
	}
}

// TestAbsurdNumbers reads what no arithmetic may turn into less than nothing.
func TestAbsurdNumbers(t *testing.T) {
	block := make([]byte, 396+36+12)
	block[395] = 1                                         // one track
	block[396+3], block[396+8], block[396+35] = 0x80, 1, 1 // at 1<<39, number 1, with one index
	if s := flacSheet(block, 1); s != nil {
		t.Errorf("a track of a stream of 1 Hz begins at %v", s.Files[0].Tracks[0].Start)
	}
	var f File
	if length(&f, 1, 1<<32-1, 1<<50); f.BitRate < 0 {
		t.Errorf("%d kbit/s", f.BitRate)
	}
}

// TestManyStamps reads one line of lyrics with a hundred stamps: it does not
// become a hundred times the text.
func TestManyStamps(t *testing.T) {
	for _, words := range []string{strings.Repeat("a", maxText), strings.Repeat("\x80", maxText)} {
		text := strings.Repeat(strings.Repeat("[00:01]", 100)+words[:maxText/4]+"\n", 4)
		size := 0
		for _, line := range ParseLyrics(text+"plain", "").Lines {
			size += len(line.Text)
		}
		if size > 4*maxText {
			t.Errorf("%d bytes of lyrics out of %d", size, len(text))
		}
		_, _ = ParseLRC("[00:01]" + words + "\nplain")
	}
}

// TestOpenLanguage reads a language that is not UTF-8: bytes that are kept
// open for a guess leave only as text.
func TestOpenLanguage(t *testing.T) {
	tag := ebml(mkvTags, ebml(mkvTag, ebml(mkvSimple, ebml(mkvSimpleName, []byte("LYRICS")), ebml(mkvSimpleText, []byte("words")), ebml(mkvSimpleLanguage, []byte("d\xe9u")))))
	content := mkvBits{seconds: 5, before: tag}.file()
	f, _ := readBytes(t, "x.mka", content)
	sane(t, "x.mka", content)
	if len(f.Lyrics) != 1 {
		t.Errorf("%d lyrics", len(f.Lyrics))
	}
}
