package audio

import (
	"slices"
	"strings"
	"testing"
)

// sample is one file and the most reads that it may cost.
type sample struct {
	name  string
	file  []byte
	reads int
}

// fullLength are files of 3 MB and more of these containers, half of them with
// a picture.
func fullLength() []sample {
	flacSound := append([]byte{0xff, 0xf8}, noise(1, 5<<20)...)
	aac := noise(2, 4<<20)
	info, title := flacBlock(0, streamInfoOf(240*44100, 7)), flacBlock(4, comments("TITLE=Title", "ARTIST=Artist"))
	picture := func(n int) []byte { return flacBlock(6, pictureOf(3, jpeg(n))) }
	named := item("\xa9nam", 1, []byte("Title"))
	cover := func(n int) []byte { return item("covr", 13, jpeg(n)) }
	last := freeItem("MusicBrainz Track Id", "7a1bbc0e-9c34-4a52-8dfb-000000000001")
	const opus, vorbis = 12000, 10335 // packets of 240 s
	return []sample{
		{"a.flac", flacFile(flacSound, info, title, flacBlock(1, make([]byte, 8192))), 1},
		{"seek table.flac", flacFile(flacSound, info, flacBlock(3, make([]byte, 4000)), title, flacBlock(1, make([]byte, 8192))), 1},
		{"1 MB.flac", flacFile(flacSound, info, title, picture(1<<20), flacBlock(1, make([]byte, 4096))), 2},
		{"1 MB before the texts.flac", flacFile(flacSound, info, picture(1<<20), title), 2},
		{"no MD5.flac", flacFile(flacSound, flacBlock(0, streamInfoOf(240*44100, 0)), title), 2},
		{"no MD5, 3 MB.flac", flacFile(flacSound, flacBlock(0, streamInfoOf(240*44100, 0)), title, picture(3<<20)), 3},
		{"a.opus", opusFile(1, 255, opus, 0, "TITLE=Title"), 2},
		{"1 MB, long pages.opus", opusFile(1, 255, opus, 0, pictureComment(jpeg(1<<20)), "TITLE=Title"), 3},
		{"3 MB, short pages.opus", opusFile(1, 16, opus, 0, pictureComment(jpeg(3<<20)), "TITLE=Title"), 3},
		{"100 KB.opus", opusFile(1, 255, opus, 0, "TITLE=Title", pictureComment(jpeg(100_000))), 3},
		{"a.ogg", vorbisFile(1, 17, vorbis, "TITLE=Title"), 2},
		{"1 MB, long pages.ogg", vorbisFile(1, 255, vorbis, pictureComment(jpeg(1<<20)), "TITLE=Title"), 3},
		{"1 MB, short pages.ogg", vorbisFile(1, 16, vorbis, "TITLE=Title", pictureComment(jpeg(1<<20))), 3},
		{"moov first.m4a", slices.Concat(ftyp, moovBox(240, 42000, named, last), atom("free", make([]byte, 2000)), atom("mdat", aac)), 3},
		{"moov first, 1 MB.m4a", slices.Concat(ftyp, moovBox(240, 42000, named, cover(1<<20), last), atom("free", make([]byte, 2000)), atom("mdat", aac)), 3},
		{"moov last.m4a", slices.Concat(ftyp, atom("free", nil), atom("mdat", aac), moovBox(240, 42000, named, last)), 2},
		{"moov last, 100 KB.m4a", slices.Concat(ftyp, mdat64(aac), moovBox(240, 42000, named, cover(100_000), last)), 2},
		{"moov last, 1 MB.m4a", slices.Concat(ftyp, mdat64(aac), moovBox(240, 42000, named, cover(1<<20), last)), 3},
	}
}

// TestCostOfPackets holds FLAC, Ogg and MP4 to the floor of a scan: 3 reads
// and 200 KiB a file on average, identity included.
func TestCostOfPackets(t *testing.T) {
	var reads, bytes int64
	list := fullLength()
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			f, stats := readBytes(t, c.name, c.file)
			if len(c.file) < 3<<20 || f.Title != "Title" || f.Duration < 239_000 || f.Duration > 241_000 || f.Identity == "" || len(f.Warnings) > 0 {
				t.Errorf("%d bytes, title %q, %d ms, identity %q, warnings %q", len(c.file), f.Title, f.Duration, f.Identity, f.Warnings)
			}
			if pictures := strings.Count(c.name, "B"); len(f.Pictures) != pictures {
				t.Errorf("%d pictures, want %d", len(f.Pictures), pictures)
			}
			if stats.Requests > c.reads || stats.Bytes > 220<<10 {
				t.Errorf("%d reads of %d bytes, want at most %d", stats.Requests, stats.Bytes, c.reads)
			}
			reads += int64(stats.Requests)
			bytes += stats.Bytes
		})
	}
	if n := int64(len(list)); reads > 3*n || bytes > n*200<<10 {
		t.Errorf("%d files: %d reads, %d bytes", n, reads, bytes)
	} else {
		t.Logf("%.2f reads and %d KiB a file", float64(reads)/float64(n), bytes/n>>10)
	}
}

// TestIdentityOfPackets holds that other tags, pictures, pages and places leave
// the identity, and other sound changes it.
func TestIdentityOfPackets(t *testing.T) {
	big := jpeg(1 << 20)
	variants := func(seed uint64) map[string][][]byte {
		sound := noise(seed, 300_000)
		title, last := item("\xa9nam", 1, []byte("Title")), freeItem("LABEL", "x")
		cover := item("covr", 14, big)
		info := flacBlock(0, streamInfoOf(44100, byte(seed)))
		unknown := flacBlock(0, streamInfoOf(44100, 0))
		texts := flacBlock(4, comments("TITLE=x"))
		picture := flacBlock(6, pictureOf(3, big))
		tag := id3v2(4, 0, 512, frame4("TIT2", 0, []byte("\x03x")))
		return map[string][][]byte{
			"flac":         {flacFile(sound, info), flacFile(sound, info, texts, picture), slices.Concat(tag, flacFile(sound, info, picture, texts), v1("x"))},
			"flac, no MD5": {flacFile(sound, unknown), flacFile(sound, unknown, texts, picture), slices.Concat(flacFile(sound, unknown, picture, texts), v1("x"))},
			"opus": {
				opusFile(seed, 255, 400, 0), opusFile(seed, 16, 400, -300, "TITLE=x", pictureComment(big)),
				opusFile(seed, 255, 400, 5, pictureComment(big), "TITLE=x"), opusFile(seed, 3, 400, 0, "TITLE="+text(70_000)),
			},
			"vorbis": {
				vorbisFile(seed, 255, 400), vorbisFile(seed, 16, 400, "TITLE=x", pictureComment(big)),
				vorbisFile(seed, 255, 400, pictureComment(big), "TITLE=x"), vorbisFile(seed, 17, 400, "TITLE="+text(70_000)),
			},
			"speex":                 {speexFile(seed), speexFile(seed, "TITLE=x", pictureComment(big)), speexFile(seed, "TITLE="+text(70_000))},
			"flac in Ogg":           {oggFLAC(seed, 0, nil), oggFLAC(seed, 0, big, "TITLE=x"), oggFLAC(seed, 0, nil, "TITLE="+text(70_000)), oggFLAC(seed, 0, big)},
			"flac in Ogg, with MD5": {oggFLAC(seed, byte(seed|2), nil), oggFLAC(seed, byte(seed|2), big, "TITLE=x")},
			"mp4": {
				slices.Concat(ftyp, moovBox(10, 100, title), atom("mdat", sound)), slices.Concat(ftyp, moovBox(10, 100, title, cover, last), atom("free", make([]byte, 2000)), mdat64(sound)),
				slices.Concat(ftyp, atom("mdat", sound), moovBox(10, 100, title)), slices.Concat(ftyp, mdat64(sound), moovBox(10, 100, cover, title)),
				slices.Concat(ftyp, atom("mdat", nil), moovBox(10, 100, title), atom("uuid", make([]byte, 40)), atom("mdat", sound), atom("free", make([]byte, 70_000))),
			},
		}
	}
	seen := map[string]bool{}
	for _, seed := range []uint64{1, 1001} {
		for name, files := range variants(seed) {
			var first string
			for i, file := range files {
				f, _ := readBytes(t, name, file)
				if len(f.Warnings) > 0 {
					t.Errorf("%s, variant %d: %q", name, i, f.Warnings)
				}
				if i == 0 {
					if first = f.Identity; first == "" || seen[first] {
						t.Errorf("%s: identity %q again", name, first)
					}
					seen[first] = true
				} else if f.Identity != first {
					t.Errorf("%s, variant %d: identity %q, want %q", name, i, f.Identity, first)
				}
			}
		}
	}
}

// BenchmarkPackets tells what reading costs a file.
func BenchmarkPackets(b *testing.B) {
	list := fullLength()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		c := list[i%len(list)]
		readBytes(b, c.name, c.file)
	}
}
