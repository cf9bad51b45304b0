package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// ebml is an element with a size of 8 bytes.
func ebml(id uint32, bodies ...[]byte) []byte {
	body := slices.Concat(bodies...)
	b := bytes.TrimLeft(binary.BigEndian.AppendUint32(nil, id), "\x00")
	return append(binary.BigEndian.AppendUint64(b, 1<<56|uint64(len(body))), body...)
}

func ebmlUint(id uint32, n uint64) []byte { return ebml(id, binary.BigEndian.AppendUint64(nil, n)) }

// mkvBits are the parts of a Matroska file.
type mkvBits struct {
	docType string
	seed    uint64
	seconds int
	before  []byte // elements before the clusters
	behind  []byte // behind them
	open    bool   // a stream: no length, no index, no sizes
	video   bool
}

// file returns clusters of 5 s, in each 50 blocks of 1,600 bytes, behind a
// SeekHead that names what lies behind them.
func (m mkvBits) file() []byte {
	open := func(id uint32, body []byte) []byte {
		b := ebml(id, body)
		if m.open {
			copy(b[4:], "\x01\xff\xff\xff\xff\xff\xff\xff")
		}
		return b
	}
	info := ebmlUint(mkvScale, 1_000_000)
	if !m.open {
		info = append(info, ebml(mkvDuration, binary.BigEndian.AppendUint64(nil, math.Float64bits(float64(m.seconds*1000))))...)
	}
	audio := ebml(mkvAudio, ebml(mkvRate, binary.BigEndian.AppendUint32(nil, math.Float32bits(44100))), ebmlUint(mkvCount, 2))
	tracks := ebml(mkvTrack, ebmlUint(mkvTrackNumber, 1), ebmlUint(mkvTrackUID, 77), ebmlUint(mkvTrackType, 2), ebml(mkvCodec, []byte("A_VORBIS")), audio)
	if m.video {
		tracks = append(ebml(mkvTrack, ebmlUint(mkvTrackNumber, 2), ebmlUint(mkvTrackType, 1)), tracks...)
	}
	var clusters [][]byte
	for at := 0; at < m.seconds; at += 5 {
		c := [][]byte{ebmlUint(mkvTimestamp, uint64(at*1000))}
		for i := range 50 {
			block := binary.BigEndian.AppendUint16([]byte{0x81}, uint16(i*100))
			c = append(c, ebml(mkvSimpleBlock, append(block, 0x80), noise(m.seed+uint64(at*50+i), 1600)))
		}
		clusters = append(clusters, open(mkvCluster, slices.Concat(c...)))
	}
	head := slices.Concat(ebml(mkvInfo, info), ebml(mkvTracks, tracks), m.before)
	sound := slices.Concat(clusters...)
	if m.open {
		return slices.Concat(ebml(ebmlHead, ebml(ebmlDocType, []byte(m.docType))), open(mkvSegment, slices.Concat(head, sound, m.behind)))
	}
	seek := func(id uint32, at int) []byte {
		return ebml(mkvSeek, ebml(mkvSeekID, binary.BigEndian.AppendUint32(nil, id)), ebmlUint(mkvSeekPosition, uint64(at)))
	}
	var index []byte
	last := 0 // of the last cluster
	for n := len(ebml(mkvSeekHead, seek(mkvTags, 0), seek(mkvCues, 0))); ; {
		at := n + len(head)
		last = at + len(sound) - len(clusters[len(clusters)-1])
		cues := ebml(mkvCues, ebml(mkvCuePoint, ebmlUint(0xb3, 0), ebml(mkvCueTrack, ebmlUint(0xf7, 1), ebmlUint(mkvCueCluster, uint64(at)))),
			ebml(mkvCuePoint, ebmlUint(0xb3, 0), ebml(mkvCueTrack, ebmlUint(0xf7, 1), ebmlUint(mkvCueCluster, uint64(last)))))
		index = ebml(mkvSeekHead, seek(mkvTags, at+len(sound)+len(cues)), seek(mkvCues, at+len(sound)))
		return slices.Concat(ebml(ebmlHead, ebml(ebmlDocType, []byte(m.docType))), ebml(mkvSegment, index, head, sound, cues, m.behind))
	}
}

// mkvTagOf is a Tags element: names and texts in turn, on this level.
func mkvTagOf(level uint64, texts ...string) []byte {
	b := ebml(mkvTargets, ebmlUint(mkvTargetValue, level))
	for i := 0; i+1 < len(texts); i += 2 {
		b = append(b, ebml(mkvSimple, ebml(mkvSimpleName, []byte(texts[i])), ebml(mkvSimpleText, []byte(texts[i+1])))...)
	}
	return ebml(mkvTags, ebml(mkvTag, b))
}

// mkvAttach is an attached picture.
func mkvAttach(n int) []byte {
	return ebml(mkvAttachments, ebml(mkvAttached, ebml(mkvFileName, []byte("cover.jpg")), ebml(mkvFileMIME, []byte("image/jpeg")), ebml(mkvFileData, jpeg(n))))
}

// TestMatroska reads files of 5 minutes whose parts lie in other places: they
// cost few reads and have one identity.
func TestMatroska(t *testing.T) {
	title := mkvTagOf(50, "TITLE", "Title", "ARTIST", "Artist")
	var first string
	for _, c := range []struct {
		name     string
		bits     mkvBits
		title    string
		pictures int
		reads    int
	}{
		{"tags behind", mkvBits{behind: title}, "Title", 0, 3},
		{"tags in front", mkvBits{before: title}, "Title", 0, 3},
		{"no tags", mkvBits{}, "", 0, 3},
		{"1 MB in front", mkvBits{before: mkvAttach(1 << 20), behind: title}, "Title", 1, 4},
		{"tags in front and 1 MB behind", mkvBits{before: append(title, make([]byte, 0)...), behind: mkvAttach(1 << 20)}, "Title", 0, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.bits.docType, c.bits.seed, c.bits.seconds = "matroska", 1, 300
			f, stats := readBytes(t, "x.mka", c.bits.file())
			if f.Title != c.title || f.Duration != 300_000 || f.Codec != "vorbis" || f.SampleRate != 44100 || f.Channels != 2 || f.BitRate < 120 || f.BitRate > 140 || len(f.Warnings) > 0 {
				t.Errorf("title %q, %+v, warnings %q", f.Title, f.Properties, f.Warnings)
			}
			if len(f.Pictures) != c.pictures || stats.Requests > c.reads || stats.Bytes > 200<<10 {
				t.Errorf("%d pictures, %d reads of %d bytes", len(f.Pictures), stats.Requests, stats.Bytes)
			}
			if first == "" {
				first = f.Identity
			}
			if f.Identity != first || !strings.HasPrefix(first, "matroska-1-") {
				t.Errorf("identity %q, want %q", f.Identity, first)
			}
		})
	}
	if f, _ := readBytes(t, "x.mka", mkvBits{docType: "matroska", seed: 20_000, seconds: 300}.file()); f.Identity == first {
		t.Error("other sound has the same identity")
	}
}

// TestMatroskaOpen reads a stream without sizes and length, films, and sound
// beside pictures.
func TestMatroskaOpen(t *testing.T) {
	f, stats := readBytes(t, "x.webm", mkvBits{docType: "webm", seed: 1, seconds: 60, open: true, before: mkvTagOf(30, "TITLE", "Title")}.file())
	if f.Title != "Title" || f.Duration != 59_900 || f.Identity == "" || stats.Requests > 8 {
		t.Errorf("title %q, %d ms, %d reads, %q", f.Title, f.Duration, stats.Requests, f.Warnings)
	}
	film := mkvBits{docType: "matroska", seed: 1, seconds: 10, video: true}.file()
	if _, _, err := Read(t.Context(), bytes.NewReader(film), int64(len(film)), "x.mkv"); !errors.Is(err, ErrUnknown) {
		t.Errorf("a film: %v", err)
	}
	if f, _ := readBytes(t, "x.webm", mkvBits{docType: "webm", seed: 1, seconds: 10, video: true}.file()); f.Duration != 10_000 || f.ContentType != "audio/webm" {
		t.Errorf("WebM with pictures: %+v", f.Properties)
	}
}

// TestMatroskaLevels tells album, track and chapter apart.
func TestMatroskaLevels(t *testing.T) {
	atom := func(ms uint64, title string) []byte {
		return ebml(mkvAtom, ebmlUint(mkvAtomStart, ms*1e6), ebml(mkvDisplay, ebml(mkvDisplayText, []byte(title))), ebml(mkvDisplay, ebml(mkvDisplayText, []byte("other"))))
	}
	edition := func(flag uint32, atoms ...[]byte) []byte {
		return ebml(mkvEdition, ebmlUint(flag, 1), slices.Concat(atoms...))
	}
	chapters := ebml(mkvChapters, edition(mkvEditionHidden, atom(0, "hidden")), edition(0xec, atom(0, "first")), edition(mkvEditionDefault, atom(5000, "Zwei"), atom(0, "Eins"), ebml(mkvAtom, ebmlUint(mkvAtomHidden, 1))))
	ofTrack := func(uid uint64, name, text string) []byte {
		return ebml(mkvTags, ebml(mkvTag, ebml(mkvTargets, ebmlUint(mkvForTrack, uid)), ebml(mkvSimple, ebml(mkvSimpleName, []byte(name)), ebml(mkvSimpleText, []byte(text)))))
	}
	ofChapter := ebml(mkvTags, ebml(mkvTag, ebml(mkvTargets, ebmlUint(mkvTargetValue, 30), ebmlUint(mkvForChapter, 5)), ebml(mkvSimple, ebml(mkvSimpleName, []byte("TITLE")), ebml(mkvSimpleText, []byte("chapter")))))
	for _, c := range []struct {
		name          string
		tags          []byte
		title, album  string
		artist, other string
	}{
		{"flat", mkvTagOf(50, "TITLE", "T", "ARTIST", "A", "ALBUM", "L", "ALBUM_ARTIST", "B"), "T", "L", "A", "B"},
		{"levels", slices.Concat(mkvTagOf(50, "TITLE", "L", "ARTIST", "B"), mkvTagOf(30, "TITLE", "T", "ARTIST", "A")), "T", "L", "A", "B"},
		{"an album in one file", slices.Concat(mkvTagOf(50, "TITLE", "L", "ARTIST", "A"), ofChapter), "L", "L", "A", ""},
		{"of our track", slices.Concat(ofTrack(77, "TITLE", "T"), ofTrack(78, "TITLE", "other"), ofTrack(77, "BPS", "128000")), "T", "", "", ""},
		{"a level by name", ebml(mkvTags, ebml(mkvTag, ebml(mkvTargets, ebml(mkvTargetType, []byte("ALBUM"))), ebml(mkvSimple, ebml(mkvSimpleName, []byte("TITLE")), ebml(mkvSimpleText, []byte("L")))), ebml(mkvTag, ebml(mkvTargets, ebml(mkvTargetType, []byte("SONG"))), ebml(mkvSimple, ebml(mkvSimpleName, []byte("TITLE")), ebml(mkvSimpleText, []byte("T"))))), "T", "L", "", ""},
	} {
		f, _ := readBytes(t, "x.mka", mkvBits{docType: "matroska", seed: 1, seconds: 10, before: chapters, behind: c.tags}.file())
		if f.Title != c.title || f.Tags.Album != c.album || f.Artist != c.artist || f.AlbumArtist != c.other {
			t.Errorf("%s: title %q, album %q, artist %q, album artist %q", c.name, f.Title, f.Tags.Album, f.Artist, f.AlbumArtist)
		}
		if want := []models.Chapter{{Start: 0, Title: "Eins"}, {Start: 5000, Title: "Zwei"}}; !slices.Equal(f.Chapters, want) {
			t.Errorf("%s: chapters %+v", c.name, f.Chapters)
		}
	}
}

// TestDamagedMatroska cuts a file everywhere near its beginning and makes its
// sizes absurd.
func TestDamagedMatroska(t *testing.T) {
	file := mkvBits{docType: "webm", seed: 1, seconds: 10, before: slices.Concat(mkvAttach(100), mkvTagOf(30, "TITLE", "Title")), behind: mkvTagOf(50, "TITLE", "Album")}.file()
	for n := range 1500 {
		sane(t, "x.webm", file[:n])
	}
	for n := 0; n < 1500; n += 3 {
		sane(t, "x.webm", edited(file, n, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))
		sane(t, "x.webm", edited(file, n, 0x08, 0xff))
	}
	deep := []byte{}
	for range 5000 {
		deep = append(deep, 0x73, 0x73, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	}
	sane(t, "x.webm", mkvBits{docType: "webm", seed: 1, seconds: 5, before: ebml(mkvTags, deep)}.file())
	sane(t, "x.webm", mkvBits{docType: "webm", seed: 1, seconds: 5, before: ebml(mkvSeekHead, bytes.Repeat(ebml(mkvSeek, ebml(mkvSeekID, []byte{0x12, 0x54, 0xc3, 0x67}), ebmlUint(mkvSeekPosition, 0)), 4000))}.file())
}

func FuzzMatroska(f *testing.F) {
	seed(f, "mka", "mkv", "webm")
	f.Add(mkvBits{docType: "webm", seed: 1, seconds: 5, behind: mkvTagOf(50, "TITLE", "T")}.file()[:3000])
	f.Fuzz(func(t *testing.T, content []byte) { sane(t, "x.mka", content) })
}
