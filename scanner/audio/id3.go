package audio

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"io"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

const (
	maxTags     = 16      // ID3v2 tags that one file may have
	maxFrames   = 5000    // frames that one tag may have
	maxPictures = 100     // that one file may have
	maxInflated = 4 << 20 // bytes that the compressed frames of one tag may become
	// behind is what is read at once behind a picture: the rest of the tag,
	// and mostly the window of sound behind it.
	behind = 40 << 10
)

// id3Front reads every ID3v2 tag that stands before anything else and returns
// where they end. Of two tags that say the same, the first one counts.
func id3Front(s *Source, f *File, v values) (int64, error) {
	var pos int64
	for range maxTags {
		end, err := id3Tag(s, pos, s.Size(), f, v)
		if err != nil || end == 0 {
			return pos, err
		}
		pos = end
	}
	return pos, nil
}

// id3Tag reads the ID3v2 tag at pos and returns where it ends, 0 when there is
// none. limit is the end of what encloses the tag. Values that v has already
// stay. The only errors are those of the store and the context.
// (https://id3.org/id3v2.3.0, https://id3.org/id3v2.4.0-structure, https://id3.org/id3v2-00)
func id3Tag(s *Source, pos, limit int64, f *File, v values) (int64, error) {
	ahead := blockSize
	if pos > 0 {
		ahead = behind
	}
	h, err := s.Upto(pos, 10, ahead)
	if err != nil {
		return 0, soft(s, f, err)
	}
	if !id3Header(h) {
		return 0, nil
	}
	t := &id3{s: s, f: f, own: values{}, free: values{}, version: h[3]}
	flags, size := h[5], synchsafe(h[6:10])
	end := pos + 10 + size
	next := end
	if t.version == 4 && flags&0x10 != 0 {
		next += 10 // a footer
	}
	t.r = tagReader{s: s, pos: pos + 10, end: min(end, limit), unsync: flags&0x80 != 0 && t.version < 4}
	t.unsync = flags&0x80 != 0 && t.version == 4
	if t.version == 2 && flags&0x40 != 0 {
		f.warn("the ID3v2.2 tag is compressed in a way that nobody defined")
	} else {
		if flags&0x40 != 0 {
			t.extended()
		}
		t.frames()
	}
	t.finish(v)
	if s.Err() != nil {
		return 0, s.Err()
	}
	if next > limit {
		f.warn("the ID3v2 tag claims to end at byte %d of %d", next, limit)
		return max(t.last, pos+10), nil
	}
	return next, nil
}

// id3Header tells whether h begins with the header of an ID3v2 tag.
func id3Header(h []byte) bool {
	return len(h) >= 10 && h[0] == 'I' && h[1] == 'D' && h[2] == '3' && h[3] >= 2 && h[3] <= 4 && h[4] != 0xff &&
		(h[6]|h[7]|h[8]|h[9])&0x80 == 0
}

// soft turns an error that only means that the file's structure cannot be
// followed any further into a warning.
func soft(s *Source, f *File, err error) error {
	if s.Err() != nil {
		return s.Err()
	}
	f.warn("%v", err)
	return nil
}

// synchsafe reads a number of seven bits a byte.
func synchsafe(b []byte) int64 {
	return int64(b[0]&0x7f)<<21 | int64(b[1]&0x7f)<<14 | int64(b[2]&0x7f)<<7 | int64(b[3]&0x7f)
}

// id3 reads one tag.
type id3 struct {
	s        *Source
	f        *File
	r        tagReader
	version  byte
	unsync   bool   // ID3v2.4: every frame is unsynchronised
	plain    bool   // ID3v2.4: sizes turned out to be plain numbers, as an early iTunes wrote them
	own      values // of frames that have a meaning of their own
	free     values // of frames with a free name: they fill what own leaves open
	year     string
	day      string // DDMM
	inflated int
	last     int64 // where the last good frame ended
	chapters []id3Chapter
	listed   map[string]bool // ids that a table of contents names
}

// extended skips the extended header.
func (t *id3) extended() {
	b, err := t.r.take(4)
	if err != nil || len(b) < 4 {
		return
	}
	n := int64(binary.BigEndian.Uint32(b))
	if t.version == 4 {
		n = synchsafe(b) - 4 // it counts itself
	}
	if n < 0 || n > 64 || !t.r.skip(n) {
		t.f.warn("the extended header of the ID3v2 tag is damaged")
	}
}

// frames reads the frames up to the padding.
func (t *id3) frames() {
	header := 10
	if t.version == 2 {
		header = 6
	}
	for range maxFrames {
		t.last = t.r.pos
		h, err := t.r.take(header)
		if err != nil || len(h) < header || h[0] == 0 {
			return
		}
		id, ok := frameID(h, t.version)
		if !ok {
			t.f.warn("what follows frame %d bytes into the ID3v2 tag is no frame", t.last)
			return
		}
		var size int64
		var flags byte
		switch t.version {
		case 2:
			size = int64(h[3])<<16 | int64(h[4])<<8 | int64(h[5])
		case 3:
			size, flags = int64(binary.BigEndian.Uint32(h[4:8])), h[9]
		default:
			flags = h[9]
			size = t.size4(h[4:8])
		}
		if size > t.r.left() {
			t.f.warn("frame %s claims %d bytes where %d are left", id, size, t.r.left())
			size = t.r.left()
		}
		if size > 0 && !t.frame(id, flags, size) {
			return
		}
	}
}

// size4 reads the size of an ID3v2.4 frame: seven bits a byte, or a plain
// number where only that leads to another frame.
func (t *id3) size4(b []byte) int64 {
	plain := int64(binary.BigEndian.Uint32(b))
	if t.plain {
		return plain
	}
	safe := synchsafe(b)
	if plain == safe || plain > t.r.left() {
		return safe
	}
	if (b[0]|b[1]|b[2]|b[3])&0x80 != 0 || !t.frameAt(t.r.pos+safe) && t.frameAt(t.r.pos+plain) {
		t.plain = true
		return plain
	}
	return safe
}

// frameAt tells whether a frame, padding or the tag's end is at pos.
func (t *id3) frameAt(pos int64) bool {
	if pos >= t.r.end {
		return pos == t.r.end
	}
	b, err := t.s.Upto(pos, int(min(10, t.r.end-pos)), behind)
	if err != nil || len(b) == 0 {
		return false
	}
	if b[0] == 0 {
		return true
	}
	if len(b) < 10 {
		return false
	}
	_, ok := frameID(b, 4)
	return ok
}

// frameID returns the name of a frame under ID3v2.3's and 2.4's names.
func frameID(h []byte, version byte) (string, bool) {
	n := 4
	if version == 2 {
		n = 3
	}
	for i := range n {
		if c := h[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			if i == 3 && (c == 0 || c == ' ') { // a name of ID3v2.2 in a later tag
				n = 3
				break
			}
			return "", false
		}
	}
	id := string(h[:n])
	if n == 3 {
		if now, ok := id3Old[id]; ok {
			return now, true
		}
	}
	return id, true
}

// frame reads one frame of size bytes; false when the rest cannot be reached.
func (t *id3) frame(id string, flags byte, size int64) bool {
	wanted := id[0] == 'T' || id3Text[id] != ""
	switch id {
	case "COMM", "USLT", "SYLT", "UFID", "APIC", "IPLS", "RVA2", "CHAP", "CTOC":
		wanted = true
	}
	if !wanted {
		return t.r.skip(size)
	}
	// The frame's own reader. In ID3v2.2 and 2.3 the whole tag is
	// unsynchronised and sizes count what is decoded: the outer reader goes on
	// from where the inner one stops.
	var compressed, encrypted bool
	in := t.r
	if !t.r.unsync {
		in.end = in.pos + size
	}
	left := size
	drop := func(n int64) {
		if n = min(n, left); in.skip(n) {
			left -= n
		}
	}
	switch t.version {
	case 3:
		compressed, encrypted = flags&0x80 != 0, flags&0x40 != 0
		if compressed {
			drop(4)
		}
		if encrypted {
			drop(1)
		}
		if flags&0x20 != 0 {
			drop(1)
		}
	case 4:
		compressed, encrypted = flags&0x08 != 0, flags&0x04 != 0
		if flags&0x40 != 0 {
			drop(1)
		}
		if encrypted {
			drop(1)
		}
		if flags&0x01 != 0 {
			drop(4)
		}
		in.unsync = t.unsync || flags&0x02 != 0
	}
	switch {
	case encrypted:
		t.f.warn("frame %s is encrypted", id)
	case id == "APIC":
		t.picture(in, left, compressed)
	default:
		n := min(left, 2*maxText)
		if id == "CHAP" && !compressed {
			n = min(n, maxChapterFrame) // pictures in it stay where they are
		}
		if id != "USLT" && id != "SYLT" && id != "COMM" {
			n = min(n, maxText)
		}
		b, err := in.take(int(n))
		if err != nil && len(b) == 0 {
			t.f.warn("frame %s: %v", id, err)
			return t.r.skip(size)
		}
		if compressed {
			b = t.inflate(id, b)
		}
		t.text(id, b)
	}
	return t.r.skip(size)
}

// inflate returns what a compressed frame holds.
func (t *id3) inflate(id string, b []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		t.f.warn("frame %s: %v", id, err)
		return nil
	}
	out, err := io.ReadAll(io.LimitReader(z, int64(min(maxText, maxInflated-t.inflated))))
	t.inflated += len(out)
	if err != nil {
		t.f.warn("frame %s: %v", id, err)
	}
	return out
}

// text reads a frame that is not a picture.
func (t *id3) text(id string, b []byte) {
	if len(b) == 0 {
		return
	}
	if id == "UFID" {
		owner, data, _ := bytes.Cut(b, []byte{0})
		if string(owner) == "http://musicbrainz.org" {
			t.own.add("MUSICBRAINZ_TRACKID", latin1(data))
		}
		return
	}
	switch id {
	case "RVA2":
		t.volume(b)
		return
	case "CHAP":
		t.chapter(b)
		return
	case "CTOC":
		t.contents(b)
		return
	}
	enc := b[0]
	if enc > encUTF8 {
		enc = encLatin1
		if b[0] < ' ' {
			b = b[1:]
		}
	} else {
		b = b[1:]
	}
	switch id {
	case "COMM", "USLT":
		if len(b) < 3 {
			return
		}
		lang := language(b[:3])
		desc, rest := cutText(enc, b[3:])
		if rest == nil {
			rest = desc
			desc = nil
		}
		text := decodeText(enc, rest)
		if id == "USLT" {
			t.lyrics(lang, text)
			return
		}
		switch name := clean(decodeText(enc, desc)); {
		case name == "":
			t.own.add("COMMENT", text)
		case strings.HasPrefix(name, "iTun"):
		case freeName(name) == "COMMENT" || aliases[squeeze(name)] == "":
			t.free.add("COMMENT", text)
		default:
			t.free.add(freeName(name), text)
		}
	case "SYLT":
		t.synced(enc, b)
	case "TXXX":
		desc, rest := cutText(enc, b)
		key := clean(decodeText(enc, desc))
		name := freeName(key)
		if key == "USLT" {
			t.lyrics("xxx", decodeText(enc, rest))
			return
		}
		// FFmpeg puts frames that it does not know under their names here.
		if known := id3Text[key]; known != "" {
			name = known
		}
		for _, s := range splitText(enc, rest) {
			t.free.add(name, s)
		}
	case "TIPL", "TMCL", "IPLS":
		t.people(splitText(enc, b))
	case "TYER":
		t.year = clean(decodeText(enc, b))
	case "TDAT":
		t.day = clean(decodeText(enc, b))
	default:
		if name := id3Text[id]; name != "" {
			for _, s := range splitText(enc, b) {
				t.own.add(name, s)
			}
		}
	}
}

// people reads pairs of function and name.
func (t *id3) people(pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		what, who := clean(pairs[i]), clean(pairs[i+1])
		if who == "" {
			continue
		}
		if name := id3Roles[squeeze(what)]; name != "" {
			t.own.add(name, who)
		} else if what == "" || squeeze(what) == "PERFORMER" {
			t.own.add("PERFORMER", who)
		} else {
			t.own.add("PERFORMER", who+" ("+what+")")
		}
	}
}

// volume reads a relative volume adjustment (ID3v2.4.0 frames, section 4.11).
func (t *id3) volume(b []byte) {
	name, b, ok := bytes.Cut(b, []byte{0})
	kind := "TRACK"
	if strings.EqualFold(string(name), "album") {
		kind = "ALBUM"
	}
	for ok && len(b) >= 4 {
		bits := int(b[3])
		n := 4 + (bits+7)/8
		if b[0] == 1 { // master volume
			gain := float64(int16(binary.BigEndian.Uint16(b[1:3]))) / 512
			t.free.add("REPLAYGAIN_"+kind+"_GAIN", strconv.FormatFloat(gain, 'f', -1, 64))
			if bits > 0 && bits <= 32 && len(b) >= n {
				var peak uint64
				for _, c := range b[4:n] {
					peak = peak<<8 | uint64(c)
				}
				peak >>= (8 - bits%8) % 8
				t.free.add("REPLAYGAIN_"+kind+"_PEAK", strconv.FormatFloat(float64(peak)/float64(uint64(1)<<(bits-1)), 'f', 6, 64))
			}
			return
		}
		b = b[min(n, len(b)):]
	}
}

// lyrics keeps one unsynchronised text, which may be in LRC.
func (t *id3) lyrics(lang, text string) {
	if text = clean(text[:min(len(text), maxText)]); text != "" {
		t.own.add("LYRICS:"+lang, text)
	}
}

// synced reads synchronised lyrics (ID3v2.4.0 frames, section 4.9). Where the
// texts mark the beginnings of lines, the parts between are joined.
func (t *id3) synced(enc byte, b []byte) {
	if len(b) < 5 || b[3] < 1 || b[3] > 2 || b[4] > 2 || len(t.f.Lyrics) >= maxLyrics {
		return // other units than frames and ms, or chords and the like
	}
	frames := b[3] == 1
	l := models.Lyrics{Lang: language(b[:3]), Synced: true}
	_, b = cutText(enc, b[5:])
	marked := false
	for len(b) > 0 && len(l.Lines) < 20_000 {
		var text []byte
		text, b = cutText(enc, b)
		if len(b) < 4 {
			break
		}
		at := int64(binary.BigEndian.Uint32(b))
		b = b[4:]
		s := decodeText(enc, text)
		first := strings.HasPrefix(s, "\n") || strings.HasPrefix(s, "\r")
		marked = marked || first
		if n := len(l.Lines); n > 0 && marked && !first {
			if line := &l.Lines[n-1]; len(line.Text) < 4096 {
				line.Text += s
			}
			continue
		}
		l.Lines = append(l.Lines, models.LyricLine{Start: at, Text: strings.TrimLeft(s, "\r\n")})
	}
	for i := range l.Lines {
		l.Lines[i].Text = clean(l.Lines[i].Text)
	}
	if len(l.Lines) > 0 {
		if frames {
			t.f.inFrames = append(t.f.inFrames, len(t.f.Lyrics))
		}
		t.f.Lyrics = append(t.f.Lyrics, l)
	}
}

// language checks an ISO 639-2 code of three letters.
func language(b []byte) string {
	for _, c := range b {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return "xxx"
		}
	}
	return strings.ToLower(string(b))
}

// picture notes where the picture of a frame of size bytes lies; in stands at
// its first byte.
func (t *id3) picture(in tagReader, size int64, compressed bool) {
	if len(t.f.Pictures) >= maxPictures || size <= 0 {
		return
	}
	p := models.PictureRef{}
	if compressed {
		p.Offset, p.Length, p.Encoding = in.pos, size, "zlib"
		if in.unsync {
			t.f.warn("a picture that is compressed and unsynchronised is passed over")
		} else {
			t.f.Pictures = append(t.f.Pictures, p)
		}
		return
	}
	again := in
	b, err := in.take(int(min(size, 1024)))
	if err != nil && len(b) == 0 {
		return
	}
	mime, kind, n, ok := pictureHead(b, t.version)
	if !ok || int64(n) >= size {
		return
	}
	if mime == "-->" {
		return // a link elsewhere
	}
	again.skip(int64(n))
	p.MIME, p.Type, p.Offset = mime, kind, again.pos
	p.Length = size - int64(n)
	if again.unsync {
		p.Encoding = "unsync"
		if t.version == 4 {
			p.Length = again.end - again.pos
		} else if again.skip(p.Length) {
			p.Length = again.pos - p.Offset
		}
	}
	p.Length = min(p.Length, t.s.Size()-p.Offset)
	if p.Length > 0 {
		t.f.Pictures = append(t.f.Pictures, p)
	}
}

// pictureHead reads what stands before the bytes of a picture: n of them.
func pictureHead(b []byte, version byte) (mime string, kind, n int, ok bool) {
	whole := len(b)
	if whole < 6 {
		return "", 0, 0, false
	}
	enc := b[0]
	if version == 2 {
		mime, b = clean(latin1(b[1:4])), b[4:]
		switch mime {
		case "JPG":
			mime = "image/jpeg"
		case "PNG":
			mime = "image/png"
		}
	} else {
		m, rest, found := bytes.Cut(b[1:], []byte{0})
		if !found || len(rest) == 0 {
			return "", 0, 0, false
		}
		mime, b = clean(latin1(m)), rest
	}
	kind = int(b[0])
	desc, rest := cutText(enc, b[1:])
	if rest == nil && len(desc) == len(b)-1 {
		// No terminator: the picture begins at once, or nobody can say where.
		rest = b[1:]
	}
	return strings.ToLower(mime), kind, whole - len(rest), true
}

// finish hands the values over.
func (t *id3) finish(v values) {
	if t.year != "" && len(t.own["DATE"]) == 0 {
		date := t.year
		if len(date) == 4 && len(t.day) == 4 {
			date += "-" + t.day[2:] + "-" + t.day[:2]
		}
		t.own.add("DATE", date)
	}
	if list := t.own[contentGroup]; len(list) > 0 {
		delete(t.own, contentGroup)
		name := "GROUPING"
		if len(t.own[name]) > 0 || len(t.own["MOVEMENTNAME"]) > 0 && len(t.free["WORK"]) == 0 {
			name = "WORK"
		}
		if name != "WORK" || len(t.free[name]) == 0 {
			t.own[name] = list
		}
	}
	t.own.missing(t.free)
	v.missing(t.own)
	t.finishChapters()
}

// tagReader reads the bytes of a tag one after another, dropping what
// unsynchronisation put in.
type tagReader struct {
	s        *Source
	pos, end int64 // of the bytes as stored
	unsync   bool
	ff       bool // the last byte was 0xFF: a zero behind it goes
}

// left returns how many bytes there can be at most.
func (r *tagReader) left() int64 { return r.end - r.pos }

func (r *tagReader) ahead() int {
	if r.pos < blockSize {
		return blockSize
	}
	return behind
}

// take returns the next n bytes, fewer with an error. What it returns may be
// the source's: read it only.
func (r *tagReader) take(n int) ([]byte, error) {
	if !r.unsync {
		b, err := r.s.Upto(r.pos, int(min(int64(n), r.left())), r.ahead())
		r.pos += int64(len(b))
		if err == nil && len(b) < n {
			err = io.ErrUnexpectedEOF
		}
		return b, err
	}
	out := make([]byte, 0, min(n, 4096))
	err := r.decode(int64(n), func(b []byte) { out = append(out, b...) })
	return out, err
}

// skip passes n bytes; false when they are not there.
func (r *tagReader) skip(n int64) bool {
	if !r.unsync {
		if n > r.left() {
			return false
		}
		r.pos += n
		return true
	}
	return r.decode(n, func([]byte) {}) == nil
}

// decode passes n decoded bytes to each in pieces.
func (r *tagReader) decode(n int64, each func([]byte)) error {
	for n > 0 {
		ahead := r.ahead()
		if n > blockSize {
			ahead = int(min(n, 4*blockSize)) // a picture: all of it must be counted
		}
		b, err := r.s.Upto(r.pos, int(min(n, r.left(), 4096)), ahead)
		if err != nil {
			return err
		}
		if len(b) == 0 {
			return io.ErrUnexpectedEOF
		}
		r.pos += int64(len(b))
		if r.ff && b[0] == 0 {
			b = b[1:]
		}
		r.ff = false
		for len(b) > 0 {
			i := bytes.IndexByte(b, 0xff)
			if i < 0 || i == len(b)-1 {
				r.ff = i >= 0
				each(b)
				n -= int64(len(b))
				break
			}
			each(b[:i+1])
			n -= int64(i + 1)
			b = b[i+1:]
			if b[0] == 0 {
				b = b[1:]
			}
		}
	}
	return nil
}
