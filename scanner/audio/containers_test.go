package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// cover is a picture of 1 MB.
var cover = sync.OnceValue(func() []byte { return jpeg(1 << 20) })

// bigID3 is an ID3v2 tag with a picture of 1 MB and padding.
func bigID3(title string) []byte {
	return id3v2(4, 0, 512, frame4("TIT2", 0, []byte("\x03"+title)), frame4("APIC", 0, apic(cover())))
}

// bigAPE is an APEv2 tag with a picture of 1 MB.
func bigAPE(title string) []byte {
	return ape("Cover Art (Front)", "a.jpg\x00"+string(cover()), "Title", title)
}

// surrounded returns sound with tags around it in every order that people
// have: all are of the title "Title" but the first.
func surrounded(sound []byte) [][]byte {
	id3, apev2 := id3v2(4, 0, 100, frame4("TIT2", 0, []byte("\x03Title"))), ape("Title", "Title")
	return [][]byte{
		sound,
		slices.Concat(sound, apev2),
		slices.Concat(sound, apev2, v1("Title")),
		slices.Concat(sound, bigAPE("Title")),
		slices.Concat(sound, bigAPE("Title"), v1("Title")),
		slices.Concat(sound, apev2[apeHeader:]), // without a header
		slices.Concat(sound, apeV1("Title", "Title"), v1("Title")),
		slices.Concat(sound, v1("Title")),
		slices.Concat(id3, sound),
		slices.Concat(bigID3("Title"), sound),
		slices.Concat(bigID3("Title"), sound, bigAPE("Title"), v1("Title")),
		slices.Concat(apev2, sound),
		slices.Concat(apeHeaded("Title", "Title"), sound),
		slices.Concat(id3, bigAPE("Title"), sound),
		slices.Concat(sound, footed(frame4("TIT2", 0, []byte("\x03Title")))),
	}
}

// containerVariants are files of one sound and many tags, by suffix; the
// first has no tag.
func containerVariants(sound []byte) map[string][][]byte {
	text := strings.Repeat("x", 60<<10)
	return map[string][][]byte{
		"ape": surrounded(monkeyFile(sound)),
		"wv":  surrounded(wavPackFile(sound)),
		"mpc": append(surrounded(musepackFile(0, sound)), slices.Concat(musepackFile(0x4040, sound), ape("Title", "Title"))),
		"mp+": surrounded(slices.Concat([]byte("MP+\x07\x05\x03\x00\x00\x00\x00\x00\x4a"), make([]byte, 8), binary.LittleEndian.AppendUint32(nil, 1<<31|1000<<20), make([]byte, 4), sound)),
		"tta": surrounded(ttaFile(sound)),
		"aac": surrounded(adtsFile(sound, 371, 372, 373)),
		"dsf": {dsfFile(sound, nil), dsfFile(sound, id3v2(4, 0, 10, frame4("TIT2", 0, []byte("\x03Title")))), dsfFile(sound, bigID3("Title"))},
		"dff": {dffFile(sound), dffFile(sound, wideChunk("ID3 ", bigID3("Title"))), dffFile(sound, wideChunk("DIIN", wideChunk("DITI", []byte("\x00\x00\x00\x05Title"))))},
		"caf": {cafFile(sound), cafFile(sound, cafInformation("title\x00Title\x00")), cafFile(sound, cafInformation("comments\x00"+text+"\x00title\x00Title\x00"))},
		"au":  {auFile(sound, ""), auFile(sound, "title=Title\nartist=A\n\x00\x00"), auFile(sound, "title=Title\ncomment="+text+"\x00")},
		"w64": {w64File(sound)},
	}
}

// TestIdentityOfContainers holds that tags, with a picture of 1 MB or without,
// change nothing of what a file says of its sound, and that another sound has
// another name.
func TestIdentityOfContainers(t *testing.T) {
	seen := map[string]string{}
	for _, size := range []int{9_000, 300_000} {
		for seed := range uint64(2) {
			for name, variants := range containerVariants(noise(100*seed+uint64(size), size)) {
				var first *File
				for i, content := range variants {
					f, _ := readBytes(t, "x."+name, content)
					if i == 0 {
						first = f
						if other := seen[f.Identity]; f.Identity == "" || other != "" {
							t.Fatalf("%s: identity %q is that of %q", name, f.Identity, other)
						}
						seen[f.Identity] = fmt.Sprint(name, size, seed)
					}
					if f.Identity != first.Identity || f.Properties != first.Properties {
						t.Errorf("%s of %d bytes, variant %d: %q %+v, want %q %+v; %q", name, size, i, f.Identity, f.Properties, first.Identity, first.Properties, f.Warnings)
					}
					if want := "Title"; i > 0 && f.Title != want {
						t.Errorf("%s, variant %d: title %q", name, i, f.Title)
					}
					for _, p := range f.Pictures {
						if got, _, err := Picture(t.Context(), bytes.NewReader(content), int64(len(content)), p); err != nil || !bytes.Equal(got, cover()) || p.Type != 3 {
							t.Errorf("%s, variant %d: picture %+v of %d bytes, %v", name, i, p, len(got), err)
						}
					}
					if has := bytes.Contains(content, []byte("a.jpg")) || bytes.Contains(content, []byte("image/jpeg")); has != (len(f.Pictures) > 0) {
						t.Errorf("%s, variant %d: %d pictures", name, i, len(f.Pictures))
					}
				}
			}
		}
	}
}

// TestCostOfContainers holds reads and bytes of full-length files to the
// floor: 3 reads and 200 KiB on average for each container, a third of them
// with a picture of 1 MB.
func TestCostOfContainers(t *testing.T) {
	sound := noise(9, 4<<20)
	all := containerVariants(sound)
	title := riffChunk("LIST", append([]byte("INFO"), riffChunk("INAM", []byte("Title"))...))
	all["wav"] = [][]byte{wave(sound, nil, nil), wave(sound, nil, title), wave(sound, title, nil)}
	all["aiff"] = [][]byte{aiffFile(sound, nil, nil), aiffFile(sound, iffChunk("NAME", []byte("Title")), nil), aiffFile(sound, nil, iffChunk("NAME", []byte("Title")))}
	for name, variants := range all {
		var reads, size int64
		for i, content := range variants {
			f, stats := readBytes(t, "x."+name, content)
			if f.Duration == 0 || i > 0 && f.Title != "Title" {
				t.Errorf("%s, variant %d: %d ms, %q", name, i, f.Duration, f.Title)
			}
			if stats.Requests > 6 || i == 0 && stats.Requests > 3 {
				t.Errorf("%s, variant %d: %d reads of %d bytes", name, i, stats.Requests, stats.Bytes)
			}
			reads, size = reads+int64(stats.Requests), size+stats.Bytes
		}
		n, most := int64(len(variants)), int64(3)
		if name == "aac" {
			most = 4 // its middle tells the length; without large pictures it is 3
		}
		if reads > most*n || size > n*200<<10 {
			t.Errorf("%s: %.2f reads and %d KiB a file", name, float64(reads)/float64(n), size/n>>10)
		}
		t.Logf("%s: %.2f reads and %d KiB a file", name, float64(reads)/float64(n), size/n>>10)
	}
}

// TestADTSLength counts a short stream to the sample, and a long one, whose
// frames grow from end to end, nearly so.
func TestADTSLength(t *testing.T) {
	f, _ := readBytes(t, "x.aac", adtsFile(noise(1, 120*150), 100, 150, 200))
	if f.Samples != 120*1024 || f.Duration != 2786 || f.Codec != "aac" {
		t.Errorf("%+v", f.Properties)
	}
	var sizes []int
	for i := range 6000 {
		sizes = append(sizes, 200+i/30+i%7)
	}
	total := 0
	for _, n := range sizes {
		total += n
	}
	f, stats := readBytes(t, "x.aac", adtsFile(noise(1, total), sizes...))
	want := int64(6000 * 1024 * 1000 / 44100)
	if f.Samples != 0 || f.Duration < want*97/100 || f.Duration > want*103/100 || stats.Requests > 3 {
		t.Errorf("%+v, want about %d ms; %+v", f.Properties, want, stats)
	}
	// A stream that begins and ends in mid-frame.
	whole := adtsFile(noise(2, 500_000), 300, 310)
	if f, _ := readBytes(t, "x", whole[100:len(whole)-57]); f.Container != "aac" || f.Duration == 0 {
		t.Errorf("cut: %q %+v", f.Container, f.Properties)
	}
}

// TestSilentDSD tells recordings apart that begin and end in DSD silence and
// are equally long.
func TestSilentDSD(t *testing.T) {
	quiet := bytes.Repeat([]byte{0x69}, 100_000)
	a, _ := readBytes(t, "a.dsf", dsfFile(slices.Concat(quiet, noise(1, 90_000), quiet), nil))
	b, _ := readBytes(t, "b.dsf", dsfFile(slices.Concat(quiet, noise(2, 90_000), quiet), nil))
	if a.Identity == b.Identity || a.Identity == "" {
		t.Errorf("both are %q", a.Identity)
	}
}

// TestAPEItems reads what APE tags hold besides plain texts.
func TestAPEItems(t *testing.T) {
	tag := ape("Artist", "One\x00Two\x00", "TITLE", "Title", "Year", "1999-05", "Track", "03/12", "Cover Art (Back)", "\x00"+string(jpeg(300)),
		"Cover Art (Front)", string(jpeg(200)), "Cuesheet", "", "\x01\x02", "odd")
	sound := wavPackFile(noise(1, 5000))
	for name, content := range map[string][]byte{
		"behind":   slices.Concat(sound, tag),
		"in front": slices.Concat(tag, sound),
		"headless": slices.Concat(sound, tag[apeHeader:]),
	} {
		f, _ := readBytes(t, "x.wv", content)
		if f.Title != "Title" || !slices.Equal(f.Artists, []string{"One", "Two"}) || f.Date.Year != 1999 || f.Date.Month != 5 || f.Track != 3 || f.TrackOf != 12 {
			t.Errorf("%s: %+v", name, f.Tags)
		}
		if len(f.Pictures) != 2 || f.Pictures[0].Type != 4 || f.Pictures[0].Length != 300 || f.Pictures[1].Type != 3 || f.Pictures[1].Length != 200 {
			t.Errorf("%s: %+v", name, f.Pictures)
		}
		if len(f.Warnings) > 0 {
			t.Errorf("%s: %q", name, f.Warnings)
		}
	}
	f, _ := readBytes(t, "x.ape", slices.Concat(monkeyFile(noise(1, 900)), apeV1("Title", "K\xe4se", "Artist", "\xe3\x81\x82")))
	if f.Title != "Käse" || f.Artist != "あ" {
		t.Errorf("APEv1: %q %q", f.Title, f.Artist)
	}
}

// TestTagsOfOwn lets the tags behind win where they are the container's own,
// those in front where it is tagged there, and ID3v1 never.
func TestTagsOfOwn(t *testing.T) {
	front, back, last := id3v2(4, 0, 0, frame4("TIT2", 0, []byte("\x03Front"))), ape("Title", "Back"), v1("Last")
	for name, sound := range map[string][]byte{"wv": wavPackFile(noise(1, 900)), "tta": ttaFile(noise(1, 900)), "ape": monkeyFile(noise(1, 900)), "aac": adtsFile(noise(1, 900), 50)} {
		want := "Back"
		if name == "tta" || name == "aac" {
			want = "Front"
		}
		if f, _ := readBytes(t, "x."+name, slices.Concat(front, sound, back, last)); f.Title != want || f.Genres[0] != "Rock" {
			t.Errorf("%s: %q %q, want %q", name, f.Title, f.Genres, want)
		}
		if f, _ := readBytes(t, "x."+name, slices.Concat(front, sound, last)); f.Title != "Front" {
			t.Errorf("%s without APE: %q", name, f.Title)
		}
	}
}

// TestOpenWAV reads what a recorder left that was cut off: sizes of zero, or
// all ones.
func TestOpenWAV(t *testing.T) {
	for _, open := range []uint32{0, 0xffffffff} {
		b := wave(noise(1, 44100*4), nil, nil)
		binary.LittleEndian.PutUint32(b[4:], open)
		binary.LittleEndian.PutUint32(b[40:], open)
		if f, _ := readBytes(t, "x.wav", b); f.Duration != 1000 || f.Identity == "" {
			t.Errorf("%x: %d ms, %q", open, f.Duration, f.Warnings)
		}
	}
}

// TestDamagedContainers reads headers with absurd numbers.
func TestDamagedContainers(t *testing.T) {
	sound := noise(1, 5000)
	for name, tt := range map[string]struct {
		suffix, warning string
		file            []byte
	}{
		"a descriptor of 4 GiB":        {"ape", "damaged", edited(monkeyFile(sound), 8, 0xff, 0xff, 0xff, 0xff)},
		"frames of 16 EiB":             {"ape", "are there", edited(monkeyFile(sound), 24, bytes.Repeat([]byte{0xff}, 8)...)},
		"a seek table beyond the end":  {"ape", "no sound", edited(monkeyFile(sound), 16, 0xff, 0xff, 0xff, 0xff)},
		"a block of 60 MB":             {"wv", "", edited(wavPackFile(sound), 4, 0, 0, 0, 3)},
		"blocks without sound":         {"wv", "no block", bytes.Repeat(edited(wavPackFile(nil)[:32], 20, 0, 0, 0, 0), 30)},
		"an unknown length, no blocks": {"wv", "", edited(wavPackFile(sound), 12, 0xff, 0xff, 0xff, 0xff)},
		"a packet of size zero":        {"mpc", "no packet", edited(musepackFile(0, sound), 6, 0)},
		"a size that never ends":       {"mpc", "no packet", edited(musepackFile(0, sound), 6, bytes.Repeat([]byte{0xff}, 12)...)},
		"a seek table far away":        {"mpc", "", slices.Concat([]byte("MPCKSO\x0b\xff\xff\xff\xff\xff\xff\xff\x7f"), musepackFile(0, sound)[4:])},
		"2^32 samples":                 {"tta", "", edited(ttaFile(sound), 14, 0xff, 0xff, 0xff, 0xff)},
		"a rate of zero":               {"tta", "", edited(ttaFile(sound), 10, 0, 0, 0, 0)},
		"a tag beyond the end":         {"dsf", "the tag should be", edited(dsfFile(sound, nil), 20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)},
		"2^32 channels":                {"dsf", "channels", edited(dsfFile(sound, nil), 28+12+12, 0xff, 0xff, 0xff, 0xff)},
		"2^64 samples":                 {"dsf", "are there", edited(dsfFile(sound, nil), 28+12+24, bytes.Repeat([]byte{0xff}, 8)...)},
		"a chunk below its header":     {"dsf", "less than its header", edited(dsfFile(sound, nil), 32, 1, 0, 0, 0, 0, 0, 0, 0)},
		"a chunk of 2^64":              {"dff", "", edited(dffFile(sound), 20, bytes.Repeat([]byte{0xff}, 8)...)},
		"a rate of 2^32":               {"dff", "", edited(dffFile(sound), 16+16+12+4+12, 0xff, 0xff, 0xff, 0xff)},
		"a size below a header":        {"w64", "less than its header", edited(w64File(sound), 56, 1, 0)},
		"information of 2^63":          {"caf", "claims", edited(cafFile(sound, cafInformation("a\x00b\x00")), 56, 0x7f)},
		"a rate that is no number":     {"caf", "not told", edited(cafFile(sound), 20, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)},
		"sound at 4 GiB":               {"au", "no sound", edited(auFile(sound, ""), 4, 0xff, 0xff, 0xff, 0xff)},
	} {
		t.Run(name, func(t *testing.T) {
			sane(t, "x."+tt.suffix, tt.file)
			f, _ := readBytes(t, "x."+tt.suffix, tt.file)
			if f.Container != formats[tt.suffix].container || !strings.Contains(strings.Join(f.Warnings, "\n"), tt.warning) {
				t.Errorf("a %s, %q", f.Container, f.Warnings)
			}
		})
	}
}

// TestEveryPrefix reads one small file of each container cut at every byte.
func TestEveryPrefix(t *testing.T) {
	for name, list := range smallFiles(noise(1, 60)) {
		for _, content := range list {
			for n := range content {
				sane(t, "x."+name, content[:n])
			}
		}
	}
}

// smallFiles are files without pictures, by suffix.
func smallFiles(sound []byte) map[string][][]byte {
	id3, apev2 := id3v2(4, 0, 0, frame4("TIT2", 0, []byte("\x03Title"))), ape("Title", "Title")
	return map[string][][]byte{
		"ape": {slices.Concat(monkeyFile(sound), apev2)},
		"wv":  {slices.Concat(wavPackFile(sound), apev2[apeHeader:], v1("Title"))},
		"mpc": {slices.Concat(musepackFile(0x4040, sound), apev2)},
		"tta": {slices.Concat(apeHeaded("Title", "Title"), ttaFile(sound))},
		"aac": {slices.Concat(id3, adtsFile(sound, 9))},
		"dsf": {dsfFile(sound, id3)},
		"dff": {dffFile(sound, wideChunk("ID3 ", id3), wideChunk("DIIN", wideChunk("DITI", []byte("\x00\x00\x00\x05Title"))))},
		"caf": {cafFile(sound, cafInformation("title\x00Title\x00"))},
		"au":  {auFile(sound, "title=Title\nartist=A\n\x00\x00")},
		"w64": {w64File(sound)},
	}
}

func FuzzMonkey(f *testing.F)   { fuzzSuffix(f, "ape") }
func FuzzWavPack(f *testing.F)  { fuzzSuffix(f, "wv") }
func FuzzMusepack(f *testing.F) { fuzzSuffix(f, "mpc") }
func FuzzTTA(f *testing.F)      { fuzzSuffix(f, "tta") }
func FuzzDSF(f *testing.F)      { fuzzSuffix(f, "dsf") }
func FuzzDFF(f *testing.F)      { fuzzSuffix(f, "dff") }
func FuzzADTS(f *testing.F)     { fuzzSuffix(f, "aac") }
func FuzzAC3(f *testing.F)      { fuzzSuffix(f, "ac3", "eac3") }
func FuzzDTS(f *testing.F)      { fuzzSuffix(f, "dts") }
func FuzzW64(f *testing.F)      { fuzzSuffix(f, "w64") }
func FuzzCAF(f *testing.F)      { fuzzSuffix(f, "caf") }
func FuzzAU(f *testing.F)       { fuzzSuffix(f, "au") }

// fuzzSuffix fuzzes files of the first suffix, from the fixtures of all.
func fuzzSuffix(f *testing.F, suffixes ...string) {
	seed(f, suffixes...)
	for _, content := range smallFiles(noise(1, 60))[suffixes[0]] {
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) { sane(t, "x."+suffixes[0], content) })
}
