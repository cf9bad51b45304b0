// Package music makes small audio files of several formats, for tests and
// benchmarks: valid as far as a scan reads them, with any tags, and with a
// sound that a number stands for. It knows no other package of the program.
package music

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
)

// Tags is what one song says of itself; what is empty or 0 is left out.
type Tags struct {
	Title, Artist, Album, AlbumArtist, Genre string
	Artists                                  []string
	Track, Tracks, Disc, Year                int
	Compilation                              bool
	MB                                       *IDs // nil: without MusicBrainz ids
	Picture                                  []byte
}

// IDs are the MusicBrainz ids of a song.
type IDs struct{ Recording, Track, Release, Group, Artist string }

// comments returns the tags as Vorbis comments
// (https://xiph.org/vorbis/doc/v-comment.html), without a picture.
func (t *Tags) comments() []string {
	var list []string
	for _, f := range [][2]string{{"TITLE", t.Title}, {"ARTIST", t.Artist}, {"ALBUM", t.Album}, {"ALBUMARTIST", t.AlbumArtist}, {"GENRE", t.Genre},
		{"DATE", number(t.Year)}, {"TRACKNUMBER", number(t.Track)}, {"TRACKTOTAL", number(t.Tracks)}, {"DISCNUMBER", number(t.Disc)}} {
		if f[1] != "" {
			list = append(list, f[0]+"="+f[1])
		}
	}
	if t.Compilation {
		list = append(list, "COMPILATION=1")
	}
	list = append(list, "REPLAYGAIN_TRACK_GAIN=-7.25 dB")
	for _, a := range t.Artists {
		list = append(list, "ARTISTS="+a)
	}
	if m := t.MB; m != nil {
		list = append(list, "MUSICBRAINZ_TRACKID="+m.Recording, "MUSICBRAINZ_RELEASETRACKID="+m.Track, "MUSICBRAINZ_ALBUMID="+m.Release,
			"MUSICBRAINZ_RELEASEGROUPID="+m.Group, "MUSICBRAINZ_ALBUMARTISTID="+m.Artist)
	}
	return list
}

// number writes n, "" for 0.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// commentHeader packs comments behind a vendor.
func commentHeader(list []string) []byte {
	le := binary.LittleEndian
	b := append(le.AppendUint32(nil, 5), "bench"...)
	b = le.AppendUint32(b, uint32(len(list)))
	for _, s := range list {
		b = append(le.AppendUint32(b, uint32(len(s))), s...)
	}
	return b
}

// pictureBlock is the body of a FLAC picture block (RFC 9639, section 8.8).
func pictureBlock(jpeg []byte) []byte {
	be := binary.BigEndian
	b := be.AppendUint32(nil, 3)
	b = append(be.AppendUint32(b, 10), "image/jpeg"...)
	b = append(b, make([]byte, 20)...)
	return append(be.AppendUint32(b, uint32(len(jpeg))), jpeg...)
}

// id3 returns an ID3v2.4 tag (https://id3.org/id3v2.4.0-structure).
func (t *Tags) id3() []byte {
	var frames []byte
	add := func(id string, parts ...string) {
		n := 0
		for _, p := range parts {
			n += len(p)
		}
		frames = append(append(frames, id...), sevens(n)...)
		frames = append(frames, 0, 0)
		for _, p := range parts {
			frames = append(frames, p...)
		}
	}
	text := func(id, value string) {
		if value != "" {
			add(id, "\x03", value)
		}
	}
	own := func(name, value string) { add("TXXX", "\x03", name, "\x00", value) }
	text("TIT2", t.Title)
	text("TPE1", t.Artist)
	text("TALB", t.Album)
	text("TPE2", t.AlbumArtist)
	text("TCON", t.Genre)
	text("TDRC", number(t.Year))
	if t.Track > 0 {
		text("TRCK", strconv.Itoa(t.Track)+"/"+strconv.Itoa(t.Tracks))
	}
	text("TPOS", number(t.Disc))
	if t.Compilation {
		text("TCMP", "1")
	}
	own("REPLAYGAIN_TRACK_GAIN", "-7.25 dB")
	for _, a := range t.Artists {
		own("ARTISTS", a)
	}
	if m := t.MB; m != nil {
		add("UFID", "http://musicbrainz.org\x00", m.Recording)
		own("MusicBrainz Release Track Id", m.Track)
		own("MusicBrainz Album Id", m.Release)
		own("MusicBrainz Release Group Id", m.Group)
		own("MusicBrainz Album Artist Id", m.Artist)
	}
	if t.Picture != nil {
		add("APIC", "\x00image/jpeg\x00\x03\x00", string(t.Picture))
	}
	frames = append(frames, make([]byte, 512)...) // padding, as taggers leave it
	return append(append([]byte("ID3\x04\x00\x00"), sevens(len(frames))...), frames...)
}

// sevens writes a number in four bytes of seven bits.
func sevens(n int) []byte {
	return []byte{byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}
}

// Piece is a part of a file: bytes, or a hole of zeros.
type Piece struct {
	Bytes []byte
	Hole  int64
}

// Sound is the payload of a file: the same seed gives the same bytes, and no
// two seeds the same. What lies between the ends of a long one is a hole.
type Sound struct {
	Seed    uint64
	Size    int
	Seconds int // how long MP3, FLAC and M4A say it is; 0: as each format likes
}

// Format writes a file in one format.
type Format func(*Tags, Sound) []Piece

// Formats are all formats by the suffix of their files.
var Formats = map[string]Format{".mp3": MP3, ".flac": FLAC, ".opus": Opus, ".ogg": Vorbis, ".m4a": M4A, ".wav": WAV}

// pieces cuts the payload into its first 32 KiB, a hole and its last 32 KiB.
func (s Sound) pieces(head []byte) []Piece {
	const end = 32 << 10
	if s.Size <= 2*end {
		return []Piece{{Bytes: append(head, Noise(s.Seed, s.Size)...)}}
	}
	return []Piece{{Bytes: append(head, Noise(s.Seed, end)...)}, {Hole: int64(s.Size - 2*end)}, {Bytes: Noise(s.Seed+1, end)}}
}

// MP3 is a file of MPEG-1 layer III, 128 kbit/s, with the header of an
// encoder in front.
func MP3(t *Tags, s Sound) []Piece {
	const frame = 417
	n := max(s.Size/frame, 4)
	info := make([]byte, frame)
	copy(info, "\xff\xfb\x90\x64")
	copy(info[36:], "Info\x00\x00\x00\x03")
	frames := n
	if s.Seconds > 0 {
		copy(info[36:], "Xing") // of variable rate: the number of frames counts
		frames = s.Seconds * 44100 / 1152
	}
	binary.BigEndian.PutUint32(info[44:], uint32(frames))
	binary.BigEndian.PutUint32(info[48:], uint32(n*frame))
	copy(info[52:], "LAME3.100")
	p := Sound{Seed: s.Seed, Size: n * frame}.pieces(nil)
	for _, x := range p[:1] {
		for i := 0; i+4 <= len(x.Bytes); i += frame {
			copy(x.Bytes[i:], "\xff\xfb\x90\x64")
		}
	}
	return append([]Piece{{Bytes: append(t.id3(), info...)}}, p...)
}

// FLAC is a FLAC file of 44.1 kHz in 16 bits (RFC 9639).
func FLAC(t *Tags, s Sound) []Piece {
	block := func(kind byte, body []byte) []byte {
		return append([]byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
	}
	info := []byte{0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0}
	samples := 44100*30 + s.Size
	if s.Seconds > 0 {
		samples = 44100 * s.Seconds
	}
	info = binary.BigEndian.AppendUint64(info, 44100<<44|1<<41|15<<36|uint64(samples))
	info = append(info, Noise(s.Seed, 16)...) // MD5 of the sound
	b := append([]byte("fLaC"), block(0, info)...)
	b = append(b, block(4, commentHeader(t.comments()))...)
	if t.Picture != nil {
		b = append(b, block(6, pictureBlock(t.Picture))...)
	}
	return s.pieces(append(b, block(0x81, make([]byte, 2048))...))
}

// Opus is an Ogg Opus file (RFC 7845). All of its payload is real, since its
// reader follows pages.
func Opus(t *Tags, s Sound) []Piece {
	head := append([]byte("OpusHead"), 1, 2, 0x38, 1, 0x80, 0xbb, 0, 0, 0, 0, 0)
	list := t.comments()
	if t.Picture != nil {
		list = append(list, "METADATA_BLOCK_PICTURE="+base64.StdEncoding.EncodeToString(pictureBlock(t.Picture)))
	}
	o := &ogg{serial: uint32(s.Seed)}
	o.add(head, 0, true)
	o.add(append([]byte("OpusTags"), commentHeader(list)...), 0, true)
	b := Noise(s.Seed, s.Size)
	for i, n := int64(1), 0; n < len(b); i++ {
		p := slices.Clone(b[n:min(n+300, len(b))])
		p[0] = 0xfc // 20 ms in one frame
		n += len(p)
		o.add(p, i*960, i%50 == 0 || n == len(b))
	}
	return []Piece{{Bytes: o.end()}}
}

// Vorbis is an Ogg Vorbis file.
func Vorbis(t *Tags, s Sound) []Piece {
	list := t.comments()
	if t.Picture != nil {
		list = append(list, "METADATA_BLOCK_PICTURE="+base64.StdEncoding.EncodeToString(pictureBlock(t.Picture)))
	}
	o := &ogg{serial: uint32(s.Seed)}
	o.add(append([]byte("\x01vorbis"), 0, 0, 0, 0, 2, 0x44, 0xac, 0, 0, 0, 0, 0, 0, 0, 0xf4, 1, 0, 0, 0, 0, 0, 0xb8, 1), 0, true)
	o.add(append(append([]byte("\x03vorbis"), commentHeader(list)...), 1), 0, false)
	o.add(append([]byte("\x05vorbis"), Noise(5, 4000)...), 0, true)
	b := Noise(s.Seed, s.Size)
	for i, n := int64(1), 0; n < len(b); i++ {
		p := b[n:min(n+400, len(b))]
		n += len(p)
		o.add(p, i*1024, i%10 == 0 || n == len(b))
	}
	return []Piece{{Bytes: o.end()}}
}

// ogg puts packets into pages (RFC 3533).
type ogg struct {
	serial       uint32
	out          []byte
	lacing, body []byte
	granule      int64
	number       uint32
	inside       bool // the page goes on with a packet of the one before
	lastPage     int
}

// add writes one packet. granule is the position at its end; with flush its
// page ends with it.
func (o *ogg) add(packet []byte, granule int64, flush bool) {
	for {
		n := min(len(packet), 255)
		o.lacing, o.body = append(o.lacing, byte(n)), append(o.body, packet[:n]...)
		packet = packet[n:]
		if n < 255 {
			break
		}
		if len(o.lacing) == 255 {
			o.page(true)
		}
	}
	o.granule = granule
	if flush || len(o.lacing) == 255 {
		o.page(false)
	}
}

func (o *ogg) page(goesOn bool) {
	flags := byte(0)
	if o.number == 0 {
		flags = 2
	}
	if o.inside {
		flags |= 1
	}
	granule := o.granule
	if goesOn && len(o.body) == 255*255 {
		granule = -1 // no packet ends here
	}
	o.lastPage = len(o.out)
	le := binary.LittleEndian
	o.out = le.AppendUint64(append(o.out, 'O', 'g', 'g', 'S', 0, flags), uint64(granule))
	o.out = le.AppendUint32(o.out, o.serial)
	o.out = le.AppendUint32(o.out, o.number)
	o.out = append(append(o.out, 0, 0, 0, 0, byte(len(o.lacing))), o.lacing...)
	o.out = append(o.out, o.body...)
	o.sign()
	o.lacing, o.body, o.inside = o.lacing[:0], o.body[:0], goesOn
	o.number++
}

// sign writes the checksum of the last page.
func (o *ogg) sign() {
	page := o.out[o.lastPage:]
	clear(page[22:26])
	var crc uint32
	for _, c := range page {
		crc = crc<<8 ^ oggSums[byte(crc>>24)^c]
	}
	binary.LittleEndian.PutUint32(page[22:], crc)
}

// end marks the last page and returns the file.
func (o *ogg) end() []byte {
	o.out[o.lastPage+5] |= 4
	o.sign()
	return o.out
}

var oggSums = func() (t [256]uint32) {
	for i := range t {
		r := uint32(i) << 24
		for range 8 {
			if r&(1<<31) != 0 {
				r = r<<1 ^ 0x04c11db7
			} else {
				r <<= 1
			}
		}
		t[i] = r
	}
	return t
}()

// M4A is AAC in MP4 (ISO/IEC 14496-12) with an ilst of tags; its moov lies in
// front for even seeds and at the end for odd ones.
func M4A(t *Tags, s Sound) []Piece {
	be := binary.BigEndian
	atom := func(kind string, bodies ...[]byte) []byte {
		body := slices.Concat(bodies...)
		return append(append(be.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
	}
	data := func(typ byte, b []byte) []byte { return atom("data", []byte{0, 0, 0, typ, 0, 0, 0, 0}, b) }
	text := func(kind, s string) []byte { return atom(kind, data(1, []byte(s))) }
	free := func(name, s string) []byte {
		return atom("----", atom("mean", []byte("\x00\x00\x00\x00com.apple.iTunes")), atom("name", []byte("\x00\x00\x00\x00"+name)), data(1, []byte(s)))
	}
	var items [][]byte
	for _, f := range [][2]string{{"\xa9nam", t.Title}, {"\xa9ART", t.Artist}, {"\xa9alb", t.Album}, {"aART", t.AlbumArtist}, {"\xa9gen", t.Genre}, {"\xa9day", number(t.Year)}} {
		if f[1] != "" {
			items = append(items, text(f[0], f[1]))
		}
	}
	items = append(items, atom("trkn", data(0, []byte{0, 0, 0, byte(t.Track), 0, byte(t.Tracks), 0, 0})), atom("disk", data(0, []byte{0, 0, 0, byte(t.Disc), 0, 0})))
	for _, a := range t.Artists {
		items = append(items, free("ARTISTS", a))
	}
	if t.Compilation {
		items = append(items, atom("cpil", data(21, []byte{1})))
	}
	if m := t.MB; m != nil {
		items = append(items, free("MusicBrainz Track Id", m.Recording), free("MusicBrainz Release Track Id", m.Track), free("MusicBrainz Album Id", m.Release),
			free("MusicBrainz Release Group Id", m.Group), free("MusicBrainz Album Artist Id", m.Artist))
	}
	if t.Picture != nil {
		items = append(items, atom("covr", data(13, t.Picture)))
	}
	seconds := uint32(30 + s.Size/16000)
	if s.Seconds > 0 {
		seconds = uint32(s.Seconds)
	}
	header := func(scale, n uint32, more int) []byte {
		return append(be.AppendUint32(be.AppendUint32(make([]byte, 12), scale), n), make([]byte, more)...)
	}
	specific := []byte{5, 2, 0x12, 0x10} // AAC LC, 44.1 kHz, 2 channels
	decoder := append([]byte{4, byte(13 + len(specific)), 0x40, 0x15, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0xf4, 0}, specific...)
	esds := append([]byte{0, 0, 0, 0, 3, byte(3 + len(decoder)), 0, 1, 0}, decoder...)
	entry := append(append(make([]byte, 7), 1), 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 0, 0xac, 0x44, 0, 0)
	stsd := atom("stsd", []byte{0, 0, 0, 0, 0, 0, 0, 1}, atom("mp4a", entry, atom("esds", esds)))
	stbl := atom("stbl", stsd, atom("stsz", make([]byte, 4*43*int(seconds)))) // one size a frame
	mdia := atom("mdia", atom("mdhd", header(44100, 44100*seconds, 4)), atom("hdlr", []byte("\x00\x00\x00\x00\x00\x00\x00\x00soun"), make([]byte, 12)), atom("minf", stbl))
	meta := atom("meta", make([]byte, 4), atom("hdlr", make([]byte, 25)), atom("ilst", items...))
	moov := atom("moov", atom("mvhd", header(1000, 1000*seconds, 80)), atom("trak", atom("tkhd", make([]byte, 84)), mdia), atom("udta", meta))
	ftyp := atom("ftyp", []byte("M4A \x00\x00\x00\x00M4A mp42isom"))
	mdat := append(be.AppendUint32(nil, uint32(8+s.Size)), "mdat"...)
	if s.Seed%2 == 0 {
		return s.pieces(slices.Concat(ftyp, moov, mdat))
	}
	return append(s.pieces(slices.Concat(ftyp, mdat)), Piece{Bytes: moov})
}

// WAV is RIFF WAVE with an "id3 " chunk behind the sound.
func WAV(t *Tags, s Sound) []Piece {
	le := binary.LittleEndian
	tag := t.id3()
	if len(tag)%2 == 1 {
		tag = append(tag, 0)
	}
	size := s.Size &^ 3
	b := append(le.AppendUint32([]byte("RIFF"), uint32(4+24+8+size+8+len(tag))), "WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00\x44\xac\x00\x00\x10\xb1\x02\x00\x04\x00\x10\x00data"...)
	p := Sound{Seed: s.Seed, Size: size}.pieces(le.AppendUint32(b, uint32(size)))
	return append(p, Piece{Bytes: append(le.AppendUint32([]byte("id3 "), uint32(len(tag))), tag...)})
}

// Bytes writes a file into memory.
func Bytes(f Format, t *Tags, s Sound) []byte {
	var out []byte
	for _, p := range f(t, s) {
		out = append(append(out, p.Bytes...), make([]byte, p.Hole)...)
	}
	return out
}

// Noise returns n bytes without 0xFF, so that no frame begins within.
func Noise(seed uint64, n int) []byte {
	b := make([]byte, (n+7)&^7)
	for i := 0; i < len(b); i += 8 {
		// splitmix64 (Steele, Lea, Flood 2014)
		seed += 0x9e3779b97f4a7c15
		z := seed
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		binary.LittleEndian.PutUint64(b[i:], (z^z>>31)&0x7f7f7f7f7f7f7f7f)
	}
	return b[:n]
}
