package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// matroska reads Matroska and WebM for their sound (RFC 8794, RFC 9559). A
// Matroska file that shows moving pictures is a film and not read; WebM with
// pictures is.
var matroska = &container{name: "matroska", version: 1, read: readMatroska, sniff: func(head []byte) bool {
	return len(head) >= 8 && binary.BigEndian.Uint32(head) == ebmlHead
}}

// The elements that are looked at (RFC 9559, section 5.1).
const (
	ebmlHead    = 0x1a45dfa3
	ebmlDocType = 0x4282

	mkvSegment     = 0x18538067
	mkvSeekHead    = 0x114d9b74
	mkvInfo        = 0x1549a966
	mkvTracks      = 0x1654ae6b
	mkvTags        = 0x1254c367
	mkvAttachments = 0x1941a469
	mkvChapters    = 0x1043a770
	mkvCluster     = 0x1f43b675
	mkvCues        = 0x1c53bb6b

	mkvSeek, mkvSeekID, mkvSeekPosition = 0x4dbb, 0x53ab, 0x53ac
	mkvScale, mkvDuration, mkvTitle     = 0x2ad7b1, 0x4489, 0x7ba9

	mkvTrack, mkvTrackNumber, mkvTrackUID, mkvTrackType    = 0xae, 0xd7, 0x73c5, 0x83
	mkvCodec, mkvCodecPrivate, mkvCodecDelay, mkvTrackEach = 0x86, 0x63a2, 0x56aa, 0x23e383
	mkvAudio, mkvRate, mkvOutputRate, mkvCount, mkvDepth   = 0xe1, 0xb5, 0x78b5, 0x9f, 0x6264

	mkvAttached, mkvFileName, mkvFileMIME, mkvFileData = 0x61a7, 0x466e, 0x4660, 0x465c

	mkvEdition, mkvEditionHidden, mkvEditionDefault              = 0x45b9, 0x45bd, 0x45db
	mkvAtom, mkvAtomStart, mkvAtomEnd, mkvAtomHidden, mkvDisplay = 0xb6, 0x91, 0x92, 0x98, 0x80
	mkvDisplayText                                               = 0x85

	mkvTimestamp, mkvSimpleBlock, mkvBlockGroup, mkvBlock, mkvBlockLength = 0xe7, 0xa3, 0xa0, 0xa1, 0x9b
	mkvCuePoint, mkvCueTrack, mkvCueCluster                               = 0xbb, 0xb7, 0xf1
)

const (
	mkvElements = 30_000 // that one file may make us walk
	mkvAhead    = 32 << 10
	mkvClusters = 16 // walked where nothing tells what lies behind them
)

// element is one element: its size may be unknown, which open tells; then it
// ends where its parent does, or where no child of it can be.
type element struct {
	id             uint32
	off, body, end int64
	open           bool
}

// mkvReader is what is known of one file.
type mkvReader struct {
	s        *Source
	f        *File
	v        values
	elements int
	segment  element
	seeks    map[uint32][]int64 // where the elements of level 1 lie
	sought   bool               // there is a SeekHead
	visited  map[int64]bool
	docType  string
	scale    int64   // ns of one unit of time
	length   float64 // in that unit; 0 when unknown
	tags     mkvTagged
	video    bool
	track    *mkvSound
	first    int64 // of the clusters; 0 when there is none
	rate     int64 // bit/s, as a tag says; 0 when unknown
}

// mkvSound is the first track of sound.
type mkvSound struct {
	number, uid int64
	codec       string
	private     []byte
	delay       int64 // ns that a decoder drops at the beginning
	each        int64 // ns of one frame; 0 when unknown
	rate        float64
	output      float64
	channels    int64
	depth       int64
}

func readMatroska(s *Source, start int64, f *File, v values) error {
	m := &mkvReader{s: s, f: f, v: v, seeks: map[uint32][]int64{}, visited: map[int64]bool{}, scale: 1_000_000}
	err := m.top(start)
	if err == nil && m.segment.id != 0 {
		err = m.level1()
	}
	if err != nil {
		if err := soft(s, f, err); err != nil {
			return err
		}
	}
	switch {
	case m.track == nil:
		return fmt.Errorf("a Matroska file without sound: %w", ErrUnknown)
	case m.video && m.docType != "webm":
		return fmt.Errorf("a film: %w", ErrUnknown)
	}
	m.tags.fill(m)
	return m.sound()
}

// next reads the element at off; false at the parent's end, and where no
// element can be. One that is longer than its parent is cut to it.
func (m *mkvReader) next(off, limit int64, ahead int) (e element, ok bool, err error) {
	if m.elements++; m.elements > mkvElements {
		return e, false, ErrBudget
	}
	if off >= limit {
		return e, false, nil
	}
	b, err := m.s.Upto(off, int(min(12, limit-off)), ahead)
	if err != nil {
		return e, false, err
	}
	id, n := ebmlID(b)
	if n == 0 {
		return e, false, nil
	}
	size, k, open := ebmlSize(b[n:])
	if k == 0 {
		return e, false, nil
	}
	e = element{id: id, off: off, body: off + int64(n+k), open: open}
	if e.end = e.body + size; open || size > limit-e.body {
		if !open {
			m.f.warn("an element claims %d bytes where %d are left", size, limit-e.body)
		}
		e.end = limit
	}
	return e, true, nil
}

// ebmlID reads the id of an element and how many bytes it takes, 0 for none
// (RFC 8794, section 5).
func ebmlID(b []byte) (id uint32, n int) {
	if len(b) == 0 {
		return 0, 0
	}
	for n = 1; n <= 4; n++ {
		if b[0]&(0x80>>(n-1)) != 0 {
			break
		}
	}
	if n > 4 || len(b) < n {
		return 0, 0
	}
	for _, c := range b[:n] {
		id = id<<8 | uint32(c)
	}
	return id, n
}

// ebmlSize reads the size of an element and how many bytes it takes, 0 for
// none; open tells that the size is not known (RFC 8794, section 6).
func ebmlSize(b []byte) (size int64, n int, open bool) {
	if len(b) == 0 || b[0] == 0 {
		return 0, 0, false
	}
	for n = 1; b[0]&(0x80>>(n-1)) == 0; n++ {
	}
	if len(b) < n {
		return 0, 0, false
	}
	size = int64(b[0] & (0xff >> n))
	open = b[0]|^byte(0xff>>n) == 0xff
	for _, c := range b[1:n] {
		size = size<<8 | int64(c)
		open = open && c == 0xff
	}
	return size, n, open
}

// each calls do for every element between off and end.
func (m *mkvReader) each(off, end int64, do func(element) error) error {
	for {
		e, ok, err := m.next(off, end, mkvAhead)
		if err != nil || !ok {
			return err
		}
		if err := do(e); err != nil {
			return err
		}
		off = e.end
	}
}

// bytes returns up to n bytes of what e holds.
func (m *mkvReader) bytes(e element, n int64) ([]byte, error) {
	return m.s.Upto(e.body, int(min(e.end-e.body, n)), mkvAhead)
}

// text returns a text, up to its terminator.
func (m *mkvReader) text(e element) (string, error) {
	b, err := m.bytes(e, maxText)
	b, _, _ = bytes.Cut(b, []byte{0})
	return utf8Text(b), err
}

// plain is text that is no tag: its encoding is in no doubt.
func (m *mkvReader) plain(e element) (string, error) {
	b, err := m.bytes(e, maxKey)
	b, _, _ = bytes.Cut(b, []byte{0})
	return latin1(b), err
}

// number returns an unsigned number.
func (m *mkvReader) number(e element) (int64, error) {
	b, err := m.bytes(e, 8)
	var n uint64
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return int64(min(n, math.MaxInt64)), err
}

// float returns a number of 4 or 8 bytes, 0 for what is none.
func (m *mkvReader) float(e element) (float64, error) {
	b, err := m.bytes(e, 9)
	x := 0.0
	switch len(b) {
	case 4:
		x = float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 8:
		x = math.Float64frombits(binary.BigEndian.Uint64(b))
	}
	if math.IsNaN(x) || x < 0 || x > 1e15 {
		x = 0
	}
	return x, err
}

// top reads the head and finds the segment.
func (m *mkvReader) top(off int64) error {
	for range 8 {
		e, ok, err := m.next(off, m.s.Size(), blockSize)
		if err != nil || !ok {
			return err
		}
		switch e.id {
		case ebmlHead:
			err = m.each(e.body, e.end, func(e element) (err error) {
				if e.id == ebmlDocType {
					m.docType, err = m.plain(e)
				}
				return err
			})
			if err != nil {
				return err
			}
		case mkvSegment:
			m.segment = e
			return nil
		}
		off = e.end
	}
	return nil
}

// level1 reads the elements before the sound, and those that lie behind it
// where an index tells.
func (m *mkvReader) level1() error {
	off, clusters := m.segment.body, 0
	for {
		e, ok, err := m.next(off, m.segment.end, mkvAhead)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if e.id == mkvCluster {
			if m.first == 0 {
				m.first = e.off
			}
			if clusters++; m.sought || e.open || clusters >= mkvClusters {
				break
			}
		}
		if err := m.visit(e); err != nil {
			return err
		}
		off = e.end
	}
	// An index may name another one.
	for range 2 {
		for _, id := range []uint32{mkvSeekHead, mkvInfo, mkvTracks, mkvChapters, mkvTags, mkvAttachments} {
			for _, at := range m.seeks[id] {
				if m.visited[at] {
					continue
				}
				e, ok, err := m.at(at)
				for ok && err == nil && (e.off > at || e.id == id) && e.id != mkvCluster {
					if err = m.visit(e); err != nil || m.segment.end-e.end > tailSize {
						break
					}
					// What follows near the end may be more of the same, which an index need
					// not name.
					e, ok, err = m.next(e.end, m.segment.end, mkvAhead)
				}
				if err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// at reads an element of level 1 that an index points to. The file's end
// comes with one request.
func (m *mkvReader) at(off int64) (element, bool, error) {
	if m.s.Size()-off <= tailSize {
		if _, _, err := m.s.Tail(tailSize); err != nil {
			return element{}, false, err
		}
	}
	return m.next(off, m.segment.end, mkvAhead)
}

// visit reads one element of level 1, once.
func (m *mkvReader) visit(e element) error {
	if m.visited[e.off] || len(m.visited) > 1000 {
		return nil
	}
	m.visited[e.off] = true
	switch e.id {
	case mkvSeekHead:
		m.sought = true
		return m.each(e.body, e.end, m.seek)
	case mkvInfo:
		return m.each(e.body, e.end, m.info)
	case mkvTracks:
		return m.each(e.body, e.end, m.tracks)
	case mkvTags:
		return m.each(e.body, e.end, m.tag)
	case mkvAttachments:
		return m.each(e.body, e.end, m.attachment)
	case mkvChapters:
		return m.chapters(e)
	case mkvCues:
		m.seeks[mkvCues] = []int64{e.off}
	}
	return nil
}

// seek notes where an element of level 1 lies.
func (m *mkvReader) seek(e element) error {
	if e.id != mkvSeek {
		return nil
	}
	var id uint32
	at := int64(-1)
	err := m.each(e.body, e.end, func(e element) (err error) {
		switch e.id {
		case mkvSeekID:
			var b []byte
			b, err = m.bytes(e, 4)
			id, _ = ebmlID(b)
		case mkvSeekPosition:
			at, err = m.number(e)
		}
		return err
	})
	if at >= 0 && at < m.segment.end-m.segment.body && len(m.seeks[id]) < 16 && len(m.seeks) < 32 {
		m.seeks[id] = append(m.seeks[id], m.segment.body+at)
	}
	return err
}

// info reads one element of Info.
func (m *mkvReader) info(e element) (err error) {
	switch e.id {
	case mkvScale:
		var n int64
		if n, err = m.number(e); n > 0 && n < 1e12 {
			m.scale = n
		}
	case mkvDuration:
		m.length, err = m.float(e)
	case mkvTitle:
		m.tags.title, err = m.text(e)
	}
	return err
}

// tracks reads one track: the first one of sound counts.
func (m *mkvReader) tracks(e element) error {
	if e.id != mkvTrack {
		return nil
	}
	var kind int64
	t := &mkvSound{rate: 8000, channels: 1}
	err := m.each(e.body, e.end, func(e element) (err error) {
		switch e.id {
		case mkvTrackNumber:
			t.number, err = m.number(e)
		case mkvTrackUID:
			t.uid, err = m.number(e)
		case mkvTrackType:
			kind, err = m.number(e)
		case mkvCodec:
			t.codec, err = m.plain(e)
		case mkvCodecPrivate:
			var b []byte
			b, err = m.bytes(e, 64)
			t.private = bytes.Clone(b)
		case mkvCodecDelay:
			t.delay, err = m.number(e)
		case mkvTrackEach:
			t.each, err = m.number(e)
		case mkvAudio:
			err = m.each(e.body, e.end, func(e element) (err error) {
				switch e.id {
				case mkvRate:
					t.rate, err = m.float(e)
				case mkvOutputRate:
					t.output, err = m.float(e)
				case mkvCount:
					t.channels, err = m.number(e)
				case mkvDepth:
					t.depth, err = m.number(e)
				}
				return err
			})
		}
		return err
	})
	switch {
	case kind == 1:
		m.video = true
	case kind == 2 && m.track == nil:
		m.track = t
	}
	return err
}

// attachment notes where an attached picture lies.
func (m *mkvReader) attachment(e element) error {
	if e.id != mkvAttached || len(m.f.Pictures) >= maxPictures {
		return nil
	}
	var name, mime string
	var data element
	err := m.each(e.body, e.end, func(e element) (err error) {
		switch e.id {
		case mkvFileName:
			name, err = m.plain(e)
		case mkvFileMIME:
			mime, err = m.plain(e)
		case mkvFileData:
			data = e
		}
		return err
	})
	name, mime = strings.ToLower(clean(name)), strings.ToLower(clean(mime))
	image := strings.HasPrefix(mime, "image/")
	for _, suffix := range []string{".jpg", ".jpeg", ".png", ".webp"} {
		image = image || strings.HasSuffix(name, suffix)
	}
	if n := data.end - data.body; image && n > 0 {
		p := models.PictureRef{MIME: mime, Offset: data.body, Length: n}
		// The names of covers are fixed (RFC 9559, section 21.2).
		if strings.HasPrefix(name, "cover.") || strings.HasPrefix(name, "small_cover.") {
			p.Type = 3
		}
		if !strings.HasPrefix(mime, "image/") {
			p.MIME = ""
		}
		m.f.Pictures = append(m.f.Pictures, p)
	}
	return err
}

// chapters reads the default edition of the chapters, else the first.
func (m *mkvReader) chapters(e element) error {
	var edition, fallback element
	err := m.each(e.body, e.end, func(e element) error {
		if e.id != mkvEdition {
			return nil
		}
		var hidden, standard int64
		err := m.each(e.body, e.end, func(e element) (err error) {
			switch e.id {
			case mkvEditionHidden:
				hidden, err = m.number(e)
			case mkvEditionDefault:
				standard, err = m.number(e)
			}
			return err
		})
		if hidden == 0 && fallback.id == 0 {
			fallback = e
		}
		if hidden == 0 && standard != 0 && edition.id == 0 {
			edition = e
		}
		return err
	})
	if edition.id == 0 {
		edition = fallback
	}
	if err != nil || edition.id == 0 {
		return err
	}
	return m.each(edition.body, edition.end, func(e element) error {
		if e.id != mkvAtom {
			return nil
		}
		var c models.Chapter
		var hidden int64
		named := false
		err := m.each(e.body, e.end, func(e element) (err error) {
			switch e.id {
			case mkvAtomStart:
				c.Start, err = m.number(e)
				c.Start /= 1e6
			case mkvAtomEnd:
				c.End, err = m.number(e)
				c.End /= 1e6
			case mkvAtomHidden:
				hidden, err = m.number(e)
			case mkvDisplay:
				err = m.each(e.body, e.end, func(e element) (err error) {
					if e.id == mkvDisplayText && !named {
						c.Title, err = m.text(e)
						named = true
					}
					return err
				})
			}
			return err
		})
		if hidden == 0 {
			m.f.chapter(c)
		}
		return err
	})
}

// mkvCodecs names the codecs by how their ids begin
// (https://www.matroska.org/technical/codec_specs.html).
var mkvCodecs = []struct{ id, name string }{
	{"A_VORBIS", "vorbis"}, {"A_OPUS", "opus"}, {"A_FLAC", "flac"}, {"A_AAC", "aac"}, {"A_MPEG/L3", "mp3"}, {"A_MPEG/L2", "mp2"}, {"A_MPEG/L1", "mp1"},
	{"A_ALAC", "alac"}, {"A_WAVPACK", "wavpack"}, {"A_TTA", "tta"}, {"A_PCM/", "pcm"}, {"A_EAC3", "eac3"}, {"A_AC3", "ac3"}, {"A_DTS", "dts"},
	{"A_TRUEHD", "truehd"}, {"A_MLP", "mlp"},
}

// sound fills the properties from the track and the clusters, and names the
// sound.
func (m *mkvReader) sound() error {
	t, f := m.track, m.f
	for _, c := range mkvCodecs {
		if strings.HasPrefix(t.codec, c.id) {
			f.Codec = c.name
			break
		}
	}
	rate := t.rate
	if t.output > 0 {
		rate = t.output
	}
	if rate > 1<<24 {
		rate = 0
	}
	f.SampleRate, f.Channels = int(math.Round(rate)), int(min(t.channels, 255))
	var info streamInfo
	switch f.Codec {
	case "opus":
		f.SampleRate = 48000
	case "flac":
		if len(t.private) >= 42 && string(t.private[:4]) == "fLaC" {
			info, _ = parseStreamInfo(t.private[8:], f)
		}
	case "pcm", "alac", "wavpack", "tta":
		f.BitDepth = int(min(t.depth, 64))
	case "":
		if t.codec == "A_MS/ACM" {
			var w waveFormat
			w.format(t.private)
			if f.Codec = waveCodecs[w.tag]; f.Codec == "" {
				f.Codec = asfCodecNames[w.tag]
			}
		} else {
			f.Codec = strings.ToLower(clean(strings.TrimPrefix(t.codec, "A_")))
		}
	}
	begin, last, size, err := m.ends()
	if err != nil {
		return err
	}
	m.measure(last, size, info)
	switch {
	case info.md5 != "":
		f.Identity = "flac-1-" + info.md5
	case len(begin.payload) > 0:
		f.Identity = digest("matroska-1", f.Duration, begin.payload, last.payload)
	default:
		f.warn("no sound")
	}
	return nil
}

// measure tells the length and the bit rate. last is what is known of the last
// cluster, size the bytes of all.
func (m *mkvReader) measure(last mkvBlocks, size int64, info streamInfo) {
	f, t := m.f, m.track
	ns := m.length * float64(m.scale)
	if ns == 0 && last.known {
		ns = float64(last.time)*float64(m.scale) + float64(t.each)
	}
	if t.delay > 0 && f.SampleRate > 0 && t.delay < 10e9 {
		f.Delay = int((t.delay*int64(f.SampleRate) + 5e8) / 1e9)
		if ns > float64(t.delay) {
			ns -= float64(t.delay)
		}
	}
	switch {
	case info.samples > 0:
		length(f, info.samples, info.rate, size)
	case ns > 0 && ns < 1e17:
		f.Duration = int64(math.Round(ns / 1e6))
	}
	if f.Duration == 0 {
		f.warn("the length is unknown")
		return
	}
	switch {
	case m.rate > 0 && m.rate < 1e9:
		f.BitRate = int((m.rate + 500) / 1000)
	case !m.video:
		f.BitRate = int(size * 8 / f.Duration)
	default:
		f.BitRate = 0
	}
}

// mkvBlocks is what a stretch of a cluster holds of the track.
type mkvBlocks struct {
	known   bool
	time    int64  // of the last block, in the segment's unit
	payload []byte // of the blocks, without their headers: at most 16 KiB
	sound   int64  // bytes of the blocks without their headers
	whole   int64  // bytes of the stretch
}

// ends returns the blocks at the beginning of the first cluster and those of
// the last cluster that can be told, and about how many bytes of sound lie
// between: as large a share as in the first cluster, where headers are left out.
func (m *mkvReader) ends() (begin, last mkvBlocks, size int64, err error) {
	if m.first == 0 {
		return begin, last, 0, nil
	}
	if begin, err = m.cluster(m.first, m.segment.end); err != nil {
		return begin, last, 0, soft(m.s, m.f, err)
	}
	end := m.segment.end
	for _, list := range m.seeks {
		for _, at := range list {
			if at > m.first {
				end = min(end, at)
			}
		}
	}
	at, err := m.lastCluster(end)
	if err == nil && at > m.first {
		last, err = m.cluster(at, end)
	} else if err == nil {
		last = begin
		last.payload = nil
	}
	if err != nil {
		err = soft(m.s, m.f, err)
	}
	size = end - m.first
	if begin.whole > 0 {
		size = int64(float64(size) * min(1, float64(begin.sound)/float64(begin.whole)))
	}
	return begin, last, size, err
}

// lastCluster finds the last cluster that the cues name, or, without cues, the
// last one that begins in the last bytes before end; 0 for none.
func (m *mkvReader) lastCluster(end int64) (int64, error) {
	if list := m.seeks[mkvCues]; len(list) > 0 {
		e, ok, err := m.at(list[0])
		if err != nil {
			return 0, err
		}
		if ok && e.id == mkvCues {
			return m.lastCue(e)
		}
	}
	id := binary.BigEndian.AppendUint32(nil, mkvCluster)
	if end == m.s.Size() {
		if _, _, err := m.s.Tail(tailSize); err != nil {
			return 0, err
		}
	}
	for from := end; from > m.first && end-from < 4*blockSize; {
		to := from
		from = max(from-tailSize, m.first)
		b, err := m.s.Upto(from, int(min(to+16, end)-from), nearSize)
		if err != nil {
			return 0, err
		}
		for at := len(b); ; {
			if at = bytes.LastIndex(b[:at], id); at < 0 {
				break
			}
			// A cluster begins with its time.
			if _, n, _ := ebmlSize(b[at+4:]); n > 0 && at+4+n < len(b) && b[at+4+n] == mkvTimestamp {
				return from + int64(at), nil
			}
		}
	}
	return 0, nil
}

// lastCue returns where the cluster of the last cue lies. Of long cues only
// the end is read: the last cue point is the one that ends where they do.
func (m *mkvReader) lastCue(e element) (int64, error) {
	from := max(e.body, e.end-1024)
	b, err := m.s.Upto(from, int(e.end-from), mkvAhead)
	if err != nil {
		return 0, err
	}
	for at := len(b) - 2; at >= 0; at-- {
		if b[at] != mkvCuePoint {
			continue
		}
		if n, k, _ := ebmlSize(b[at+1:]); k == 0 || at+1+k+int(n) != len(b) {
			continue
		}
		cluster := int64(0)
		err := m.each(from+int64(at), e.end, func(e element) error {
			return m.each(e.body, e.end, func(e element) error {
				if e.id != mkvCueTrack {
					return nil
				}
				return m.each(e.body, e.end, func(e element) (err error) {
					if e.id == mkvCueCluster && cluster == 0 {
						cluster, err = m.number(e)
						cluster = min(cluster, m.segment.end) + m.segment.body
					}
					return err
				})
			})
		})
		if err != nil || cluster > 0 {
			return cluster, err
		}
	}
	return 0, nil
}

// cluster reads the blocks of the cluster at off, up to 16 KiB of them. Where
// a cluster says where it lies, that is passed over: other tags move it.
func (m *mkvReader) cluster(off, limit int64) (b mkvBlocks, err error) {
	c, ok, err := m.next(off, limit, window+nearSize)
	if err != nil || !ok || c.id != mkvCluster {
		return b, err
	}
	var time int64
	block := func(e element) error {
		h, err := m.bytes(e, 12)
		if err != nil {
			return err
		}
		track, n, _ := ebmlSize(h)
		if n == 0 || len(h) < n+3 || track != m.track.number {
			return nil
		}
		b.known = true
		b.time = max(b.time, time+int64(int16(binary.BigEndian.Uint16(h[n:]))))
		from := e.body + int64(n) + 3
		b.sound += e.end - from
		want := min(e.end-from, int64(window-len(b.payload)))
		data, err := m.s.Upto(from, int(want), nearSize)
		b.payload = append(b.payload, data...)
		return err
	}
	stop := errors.New("enough")
	err = m.each(c.body, c.end, func(e element) (err error) {
		if len(b.payload) >= window && b.time > 0 && m.length > 0 {
			return stop
		}
		switch e.id {
		case mkvTimestamp:
			time, err = m.number(e)
			time = min(time, 1<<60)
		case mkvSimpleBlock:
			err = block(e)
		case mkvBlockGroup:
			err = m.each(e.body, e.end, func(e element) error {
				if e.id == mkvBlock {
					return block(e)
				}
				return nil
			})
		case mkvCluster, mkvCues, mkvTags, mkvSeekHead, mkvAttachments, mkvChapters:
			return stop // the end of a cluster of unknown size
		}
		b.whole = e.end - off
		return err
	})
	if errors.Is(err, stop) {
		err = nil
	}
	return b, err
}
