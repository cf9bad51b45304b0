package audio

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// asf reads Windows Media Audio: the Advanced Systems Format (ASF
// Specification, revision 01.20.03).
var asf = &container{name: "asf", version: 1, read: readASF, sniff: func(head []byte) bool {
	return len(head) >= 16 && guid(head) == asfHeader
}}

// The objects of ASF that are looked at (sections 10.1 to 10.4), each named by
// the hexadecimal form of its 16 bytes as they lie in a file.
var (
	asfHeader          = guidOf("75B22630-668E-11CF-A6D9-00AA0062CE6C")
	asfData            = guidOf("75B22636-668E-11CF-A6D9-00AA0062CE6C")
	asfFile            = guidOf("8CABDCA1-A947-11CF-8EE4-00C00C205365")
	asfStream          = guidOf("B7DC0791-A9B7-11CF-8EE6-00C00C205365")
	asfExtension       = guidOf("5FBF03B5-A92E-11CF-8EE3-00C00C205365")
	asfStreamExtension = guidOf("14E6A5CB-C672-4332-8399-A96952065B5A")
	asfDescription     = guidOf("75B22633-668E-11CF-A6D9-00AA0062CE6C")
	asfExtended        = guidOf("D2D0A440-E307-11D2-97F0-00A0C95EA850")
	asfMetadata        = guidOf("C5F8CBEA-5BAF-4877-8467-AA8C44FA4CCA")
	asfLibrary         = guidOf("44231C94-9498-49D1-A141-1D134E457054")
	asfCodecs          = guidOf("86D15240-311D-11D0-A3A4-00A0C90348F6")
	asfMarkers         = guidOf("F487CD01-A951-11CF-8EE6-00C00C205365")
	asfEncryption      = guidOf("2211B3FB-BD23-11D2-B4B7-00A0C955FC6E")
	asfAudio           = guidOf("F8699E40-5B4D-11CF-A8FD-00805F5C442B") // a type of stream
)

// guid names the 16 bytes that begin b.
func guid(b []byte) string { return hex.EncodeToString(b[:16]) }

// guidOf turns the written form of a GUID into what guid returns: its first
// three parts are stored with the lowest byte first.
func guidOf(text string) string {
	parts := strings.Split(strings.ToLower(text), "-")
	for i, p := range parts[:3] {
		b, _ := hex.DecodeString(p)
		slices.Reverse(b)
		parts[i] = hex.EncodeToString(b)
	}
	return strings.Join(parts, "")
}

// asfCodecNames names the codecs by their WAVE format tags (RFC 2361 and
// Windows' mmreg.h).
var asfCodecNames = map[int]string{0x0a: "wmavoice", 0x160: "wmav1", 0x161: "wmav2", 0x162: "wmapro", 0x163: "wmalossless"}

const (
	asfObjects    = 1000 // in one header
	asfAttributes = 5000 // in one file
	asfAhead      = 40 << 10
)

// The types of attributes (section 3.11).
const (
	asfText  = 0
	asfBytes = 1
	asfGUID  = 6
)

// asfReader is what is known of one file.
type asfReader struct {
	s          *Source
	f          *File
	v          values
	attributes int
	play       int64 // 100 ns, with the preroll
	preroll    int64 // ms
	broadcast  bool  // the length is not known
	sound      bool
	byteRate   int64
	track0     string // a track's number that counts from 0
	// What the four objects that hold tags say, in the order in which it counts,
	// which is not that of the file.
	found    [4]values
	pictures [4][]models.PictureRef
}

// The places of the objects in asfReader.found.
const (
	asfInDescription = iota
	asfInExtended
	asfInMetadata
	asfInLibrary
)

// readASF reads the header's objects and finds the data behind them.
func readASF(s *Source, start int64, f *File, v values) error {
	r := &asfReader{s: s, f: f, v: v}
	h, err := s.Upto(start, 30, blockSize)
	if err != nil {
		return err
	}
	if len(h) < 30 {
		f.warn("the header ends early")
		return nil
	}
	end := r.fit(start, int64(min(binary.LittleEndian.Uint64(h[16:]), math.MaxInt64)), s.Size(), 30)
	if err := r.objects(start+30, end, false); err != nil {
		if err := soft(s, f, err); err != nil {
			return err
		}
	}
	for i, found := range r.found {
		r.merge(found)
		f.Pictures = append(f.Pictures, r.pictures[i]...)
	}
	for i := range f.Chapters {
		f.Chapters[i].Start = max(f.Chapters[i].Start-r.preroll, 0)
	}
	if !r.sound {
		return fmt.Errorf("an ASF file without sound: %w", ErrUnknown)
	}
	if len(v["TRACKNUMBER"]) == 0 {
		v.add("TRACKNUMBER", r.track0)
	}
	return r.data(end)
}

// fit returns where an object ends that begins at pos, with a warning where
// that is impossible; least is the length of its head.
func (r *asfReader) fit(pos, size, limit, least int64) int64 {
	if size < least || size > limit-pos {
		r.f.warn("an object claims %d bytes where %d are left", size, limit-pos)
		return limit
	}
	return pos + size
}

// objects reads the objects from pos to end.
func (r *asfReader) objects(pos, end int64, inner bool) error {
	for range asfObjects {
		if end-pos < 24 {
			return nil
		}
		h, err := r.s.Upto(pos, 24, asfAhead)
		if err != nil {
			return err
		}
		if len(h) < 24 {
			return nil
		}
		kind, body := guid(h), pos+24
		next := r.fit(pos, int64(min(binary.LittleEndian.Uint64(h[16:]), math.MaxInt64)), end, 24)
		if kind == asfExtension && !inner {
			err = r.objects(min(body+22, next), next, true)
		} else {
			err = r.object(kind, body, next)
		}
		if err != nil {
			return err
		}
		pos = next
	}
	return nil
}

// object reads one object, whose payload lies from pos to end.
func (r *asfReader) object(kind string, pos, end int64) error {
	switch kind {
	case asfFile, asfStream, asfStreamExtension, asfDescription, asfCodecs, asfMarkers:
		b, err := r.s.Upto(pos, int(min(end-pos, 5*(1<<16))), asfAhead)
		if err != nil {
			return err
		}
		switch kind {
		case asfFile:
			r.file(b)
		case asfStream:
			r.stream(b)
		case asfStreamExtension:
			r.streamExtension(b)
		case asfDescription:
			r.description(b)
		case asfCodecs:
			r.codecs(b)
		case asfMarkers:
			r.markers(b)
		}
	case asfExtended:
		return r.extended(pos, end, asfInExtended)
	case asfMetadata:
		return r.extended(pos, end, asfInMetadata)
	case asfLibrary:
		return r.extended(pos, end, asfInLibrary)
	case asfEncryption:
		r.f.warn("the sound is encrypted")
	}
	return nil
}

// file reads the file properties (section 3.2).
func (r *asfReader) file(b []byte) {
	if len(b) < 68 {
		return
	}
	r.play = int64(min(binary.LittleEndian.Uint64(b[40:]), 1<<62))
	r.preroll = int64(min(binary.LittleEndian.Uint64(b[56:]), 1<<40))
	r.broadcast = b[64]&1 != 0
}

// stream reads the properties of a stream (section 3.3), whose special part
// is a WAVEFORMATEX where it is sound (section 9.1).
func (r *asfReader) stream(b []byte) {
	if len(b) < 54+16 || guid(b) != asfAudio || r.sound {
		return
	}
	r.sound = true
	var w waveFormat
	w.format(b[54:min(len(b), 54+40)])
	f := r.f
	if f.Codec = asfCodecNames[w.tag]; f.Codec == "" {
		f.Codec = waveCodecs[w.tag]
	}
	f.Channels, f.SampleRate = w.channels, int(w.rate)
	if w.tag == 0x163 || w.tag == 1 || w.tag == 3 {
		f.BitDepth = w.bits
	}
	r.byteRate = w.bytesRate
}

// streamExtension finds the stream properties that an extended object may
// hold at its end (section 4.1).
func (r *asfReader) streamExtension(b []byte) {
	if len(b) < 64 {
		return
	}
	names, systems := binary.LittleEndian.Uint16(b[60:]), binary.LittleEndian.Uint16(b[62:])
	b = b[64:]
	for range names {
		if len(b) < 4 {
			return
		}
		n := 4 + int(binary.LittleEndian.Uint16(b[2:]))
		b = b[min(n, len(b)):]
	}
	for range systems {
		if len(b) < 22 {
			return
		}
		n := 22 + int64(binary.LittleEndian.Uint32(b[18:]))
		b = b[min(n, int64(len(b))):]
	}
	if len(b) >= 24 && guid(b) == asfStream {
		r.stream(b[24:])
	}
}

// description reads the five texts of a content description (section 3.10).
func (r *asfReader) description(b []byte) {
	if len(b) < 10 {
		return
	}
	found := r.values(asfInDescription)
	lengths, b := b[:10], b[10:]
	for i, name := range []string{"TITLE", "ARTIST", "COPYRIGHT", "COMMENT", ""} {
		n := min(int(binary.LittleEndian.Uint16(lengths[2*i:])), len(b))
		found.add(name, asfString(b[:n]))
		b = b[n:]
	}
}

// values returns what objects of this kind have said so far.
func (r *asfReader) values(object int) values {
	if r.found[object] == nil {
		r.found[object] = values{}
	}
	return r.found[object]
}

// asfString decodes UTF-16 up to its terminator.
func asfString(b []byte) string {
	text, _ := cutText(encUTF16, b)
	return utf16Text(text, false)
}

// merge adds what an object says and those before it did not: several
// objects hold the same values, or each a part of a list.
func (r *asfReader) merge(found values) {
	for name, list := range found {
		before := r.v[name]
		for _, value := range list {
			if !slices.Contains(before, value) {
				r.v.add(name, value)
			}
		}
	}
}

// extended reads the attributes of an extended content description (section
// 3.11), or those of the two metadata objects (sections 4.7 and 4.8).
func (r *asfReader) extended(pos, end int64, object int) error {
	b, err := r.s.Upto(pos, int(min(2, end-pos)), asfAhead)
	if err != nil || len(b) < 2 {
		return err
	}
	pos += 2
	for range binary.LittleEndian.Uint16(b) {
		if r.attributes++; r.attributes > asfAttributes {
			break
		}
		next, err := r.attribute(pos, end, object)
		if err != nil {
			return err
		}
		if next <= pos {
			r.f.warn("the attributes end early")
			break
		}
		pos = next
	}
	return nil
}

// attribute reads the attribute at pos and returns where it ends, 0 where it
// cannot be.
func (r *asfReader) attribute(pos, end int64, object int) (int64, error) {
	head, metadata := 2, object >= asfInMetadata
	if metadata {
		head = 12
	}
	b, err := r.s.Upto(pos, int(min(int64(head), end-pos)), asfAhead)
	if err != nil || len(b) < head {
		return 0, err
	}
	// What stands before the name in one object stands behind it in the other.
	var nameSize, size int64
	var kind int
	if metadata {
		nameSize, kind, size = int64(binary.LittleEndian.Uint16(b[4:])), int(binary.LittleEndian.Uint16(b[6:])), int64(binary.LittleEndian.Uint32(b[8:]))
	} else {
		nameSize = int64(binary.LittleEndian.Uint16(b))
	}
	pos += int64(head)
	b, err = r.s.Upto(pos, int(min(nameSize, end-pos)), asfAhead)
	if err != nil || int64(len(b)) < nameSize {
		return 0, err
	}
	name := clean(asfString(b))
	pos += nameSize
	if !metadata {
		b, err = r.s.Upto(pos, int(min(4, end-pos)), asfAhead)
		if err != nil || len(b) < 4 {
			return 0, err
		}
		kind, size = int(binary.LittleEndian.Uint16(b)), int64(binary.LittleEndian.Uint16(b[2:]))
		pos += 4
	}
	if size > end-pos {
		r.f.warn("attribute %q claims %d bytes where %d are left", name, size, end-pos)
		return 0, nil
	}
	next := pos + size
	switch {
	case kind == asfBytes && name == "WM/Picture":
		return next, r.picture(pos, size, object)
	case kind == asfBytes || kind == asfGUID || size == 0 || name == "":
		return next, nil
	case size > maxText:
		r.f.warn("a text of %d bytes is passed over", size)
		return next, nil
	}
	if b, err = r.s.Upto(pos, int(size), asfAhead); err != nil {
		return 0, err
	}
	text := ""
	switch {
	case kind == asfText:
		text = asfString(b)
	case len(b) <= 8: // a flag or a number
		var n uint64
		for i := len(b) - 1; i >= 0; i-- {
			n = n<<8 | uint64(b[i])
		}
		text = strconv.FormatUint(n, 10)
	}
	if name == "WM/Track" {
		if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < 1<<20 {
			r.track0 = strconv.Itoa(n + 1)
		}
		return next, nil
	}
	r.values(object).add(asfName(name), text)
	return next, nil
}

// picture notes where the picture of a WM/Picture attribute lies: behind a
// type, a length, and two texts of UTF-16.
func (r *asfReader) picture(pos, size int64, object int) error {
	if len(r.pictures[object]) >= maxPictures/4 || size < 10 {
		return nil
	}
	b, err := r.s.Upto(pos, int(min(size, 2048)), asfAhead)
	if err != nil || len(b) < 10 {
		return err
	}
	n := int64(binary.LittleEndian.Uint32(b[1:]))
	mime, rest := cutText(encUTF16, b[5:])
	if rest != nil {
		_, rest = cutText(encUTF16, rest)
	}
	at := int64(len(b) - len(rest))
	if n <= 0 || rest == nil || n > size-at {
		r.f.warn("a picture of %d bytes is damaged", size)
		return nil
	}
	p := models.PictureRef{Type: int(b[0]), MIME: strings.ToLower(clean(utf16Text(mime, false))), Offset: pos + at, Length: n}
	if p.MIME != "-->" {
		r.pictures[object] = append(r.pictures[object], p)
	}
	return nil
}

// codecs looks what the list of codecs (section 3.5) calls sound that has no
// number that is known.
func (r *asfReader) codecs(b []byte) {
	if len(b) < 20 || r.f.Codec != "" {
		return
	}
	n := min(binary.LittleEndian.Uint32(b[16:]), 100)
	b = b[20:]
	for range n {
		if len(b) < 2 {
			return
		}
		kind := binary.LittleEndian.Uint16(b)
		b = b[2:]
		var name string
		for i, unit := range []int{2, 2, 1} { // a name, a description, bytes
			if len(b) < 2 {
				return
			}
			size := min(int(binary.LittleEndian.Uint16(b))*unit, len(b)-2)
			if i == 0 {
				name = clean(asfString(b[2 : 2+size]))
			}
			b = b[2+size:]
		}
		if kind == 2 && name != "" {
			r.f.Codec = strings.ToLower(name[:min(len(name), 40)])
			r.f.Codec = clean(r.f.Codec)
			return
		}
	}
}

// markers reads the named places of a marker object (section 3.7). Their times
// count the preroll, which may be told only later.
func (r *asfReader) markers(b []byte) {
	if len(b) < 24 {
		return
	}
	n := min(binary.LittleEndian.Uint32(b[16:]), maxChapters)
	b = b[min(24+int(binary.LittleEndian.Uint16(b[22:])), len(b)):]
	for range n {
		if len(b) < 30 {
			return
		}
		at := int64(min(binary.LittleEndian.Uint64(b[8:]), 1<<62)) / 10_000
		size := 2 * int64(binary.LittleEndian.Uint32(b[26:]))
		b = b[30:]
		size = min(size, int64(len(b)))
		r.f.chapter(models.Chapter{Start: at, Title: asfString(b[:min(size, maxText)])})
		b = b[size:]
	}
}

// data finds the data object behind the header and tells length and identity.
func (r *asfReader) data(pos int64) error {
	const head = 50 // of the object, up to the first packet
	f, size := r.f, int64(0)
	for range asfObjects {
		h, err := r.s.Upto(pos, 24, 2*window)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(h) < 24 {
			break
		}
		next := r.fit(pos, int64(min(binary.LittleEndian.Uint64(h[16:]), math.MaxInt64)), r.s.Size(), 24)
		if guid(h) == asfData {
			pos += head
			size = max(next-pos, 0)
			break
		}
		pos = next
	}
	if ms := r.play/10_000 - r.preroll; ms > 0 && ms < 1e11 && !r.broadcast {
		f.Duration = ms
	} else if r.byteRate > 0 && size > 0 {
		f.Duration = int64(math.Round(float64(size) * 1000 / float64(r.byteRate)))
		f.warn("the length is an estimate")
	} else {
		f.warn("the length is unknown")
	}
	switch {
	case r.byteRate > 0 && r.byteRate < 1<<40:
		f.BitRate = int((r.byteRate*8 + 500) / 1000)
	case f.Duration > 0:
		f.BitRate = int(size * 8 / f.Duration)
	}
	if size <= 0 {
		f.warn("no sound")
		return nil
	}
	var err error
	f.Identity, err = windows(r.s, "asf-1", pos, size)
	return err
}

// asfNames maps the attributes whose names say another thing than they do
// elsewhere, without "WM/".
var asfNames = map[string]string{
	"AUTHOR": "ARTIST", "ALBUMTITLE": "ALBUM", "DESCRIPTION": "COMMENT", "ORIGINALRELEASETIME": "ORIGINALDATE",
	"PARTOFSET": "DISCNUMBER", "YEAR": "DATE", "SETSUBTITLE": "DISCSUBTITLE", "ISCOMPILATION": "COMPILATION", "TEXT": "COMMENT",
	"CATALOGNO": "CATALOGNUMBER", "MUSICBRAINZALBUMARTISTID": "MUSICBRAINZ_ALBUMARTISTID",
}

// asfName returns the canonical name of an attribute.
func asfName(key string) string {
	if len(key) > maxKey {
		return ""
	}
	short, ok := strings.CutPrefix(key, "WM/")
	if ok && short == "Writer" {
		return "LYRICIST"
	}
	if name := asfNames[squeeze(short)]; name != "" {
		return name
	}
	return freeName(short)
}
