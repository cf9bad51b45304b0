package audio

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// mp4 reads ISO base media files (ISO/IEC 14496-12 and -14) and QuickTime
// movies (QuickTime File Format Specification) for their sound.
var mp4 = &container{name: "mp4", version: 2, read: readMP4, sniff: func(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	n := binary.BigEndian.Uint32(head)
	switch string(head[4:8]) {
	case "ftyp":
		return n >= 8
	case "moov", "mdat", "wide", "free", "skip", "pnot":
		return n >= 8 || n == 1 && string(head[4:8]) == "mdat"
	}
	return false
}}

const (
	mp4Ahead    = 32 << 10 // of a read behind a picture: the rest of the tags and a window of the sound
	mp4MaxBoxes = 20_000   // that one file may make us walk
	mp4MaxMoov  = 192 << 10
	mp4MaxSTSD  = 64 << 10
)

// box is one box or atom.
type box struct {
	kind           string
	off, body, end int64
}

// mp4Reader is what is known of one file.
type mp4Reader struct {
	s       *Source
	f       *File
	v       values
	boxes   int
	scale   int64 // of the movie's times, a second
	fragged int64 // duration of a fragmented movie in that scale; 0 when unknown
	moov    bool
	video   bool
	sound   bool // a sound track has been found
	track   mp4Track
	smpb    string // iTunSMPB
	covers  int
	mdat    box // the largest
	data    int64
	moof    int64 // offset of the first fragment
	sidx    float64
	sidxEnd int64 // where what it speaks of ends
	// eachSample is the length of a sample of which a fragment says nothing.
	eachSample int64
	keys       []string // of QuickTime metadata
	nero       []models.Chapter
	texts      []mp4Track // that may hold chapters
}

// mp4Track is one track.
type mp4Track struct {
	handler   string
	scale     int64
	length    int64 // in scale
	mediaTime int64 // where the edit begins; -1 without an edit
	edit      int64 // length of the edit in the movie's scale
	codec     string
	avg       int64 // bit/s; 0 when unknown
	rate      int64
	depth     int
	channels  int
	preskip   int64
	md5       string
	id        uint32
	chapters  []uint32 // ids of the tracks that hold its chapters
	tables    map[string]box
}

func readMP4(s *Source, start int64, f *File, v values) error {
	m := &mp4Reader{s: s, f: f, v: v}
	if err := m.top(start); err != nil {
		return err
	}
	if m.moov && !m.sound {
		return fmt.Errorf("a movie without sound: %w", ErrUnknown)
	}
	if !m.moov {
		f.warn("no moov box")
	}
	identity := ""
	if m.moof > 0 && m.moov {
		var err error
		if identity, err = m.fragments(); err != nil {
			if err := soft(s, f, err); err != nil {
				return err
			}
		}
	}
	m.properties()
	if err := m.chapters(); err != nil {
		if err := soft(s, f, err); err != nil {
			return err
		}
	}
	if identity != "" {
		f.Identity = identity
		return nil
	}
	return m.identity()
}

// next reads the box header at off; false at the parent's end and where no
// box can be. A box that is longer than its parent is cut to it.
func (m *mp4Reader) next(off, end int64, ahead int) (b box, ok bool, err error) {
	if m.boxes++; m.boxes > mp4MaxBoxes {
		return b, false, ErrBudget
	}
	if end-off < 8 {
		return b, false, nil
	}
	h, err := m.s.Upto(off, int(min(end-off, 16)), ahead)
	if err != nil || len(h) < 8 {
		return b, false, err
	}
	n, head := int64(binary.BigEndian.Uint32(h)), int64(8)
	switch {
	case n == 0:
		n = end - off
	case n == 1:
		if len(h) < 16 {
			return b, false, nil
		}
		n, head = int64(binary.BigEndian.Uint64(h[8:])), 16
	}
	b = box{kind: string(h[4:8]), off: off, body: off + head}
	if n < head {
		m.f.warn("a box of %d bytes", n)
		return b, false, nil
	}
	if n > end-off {
		m.f.warn("a box claims %d bytes where %d are left", n, end-off)
		n = end - off
	}
	b.end = off + n
	return b, true, nil
}

// each calls do for every box between off and end.
func (m *mp4Reader) each(off, end int64, do func(box) error) error {
	for {
		b, ok, err := m.next(off, end, mp4Ahead)
		if err != nil || !ok {
			return err
		}
		if err := do(b); err != nil {
			return err
		}
		off = b.end
	}
}

// bytes returns up to n bytes of the body of b.
func (m *mp4Reader) bytes(b box, n int64) ([]byte, error) {
	return m.s.Upto(b.body, int(min(b.end-b.body, n)), mp4Ahead)
}

// top walks the boxes of the file.
func (m *mp4Reader) top(off int64) error {
	size := m.s.Size()
	fragments := 0
	for {
		b, ok, err := m.next(off, size, mp4Ahead)
		if err != nil || !ok {
			return err
		}
		switch b.kind {
		case "moov":
			m.moov = true
			if err := m.each(b.body, b.end, m.inMoov); err != nil {
				if err := soft(m.s, m.f, err); err != nil {
					return err
				}
			}
		case "meta":
			if err := m.meta(b); err != nil {
				return err
			}
		case "sidx":
			if err := m.index(b); err != nil {
				return err
			}
		case "moof":
			if m.moof == 0 {
				m.moof = b.off
			}
			fragments++
		case "mdat":
			n := b.end - b.body
			m.data += n
			if n > m.mdat.end-m.mdat.body {
				m.mdat = b
			}
			if !m.moov {
				if err := m.behind(b.end); err != nil {
					return err
				}
			}
		}
		// Fragments tell nothing more of what we look for.
		if m.moov && m.mdat.kind != "" && (fragments > 0 || size-b.end < mp4Ahead/2) {
			return nil
		}
		off = b.end
	}
}

// behind reads, with one request, the last window of the sound before off
// and as much of what follows as may be the whole moov box.
func (m *mp4Reader) behind(off int64) error {
	rest := m.s.Size() - off
	if rest < 8 {
		return nil
	}
	if _, ok := m.s.find(off, int(min(rest, 16))); ok {
		return nil
	}
	if rest > mp4MaxMoov {
		rest = blockSize
	}
	from := max(off-window, 0)
	_, err := m.s.Upto(from, int(off+rest-from), nearSize)
	return err
}

// inMoov reads one box of the moov box.
func (m *mp4Reader) inMoov(b box) error {
	switch b.kind {
	case "mvhd":
		h, err := m.bytes(b, 32)
		if err != nil {
			return err
		}
		m.scale, _ = mediaHeader(h)
	case "mvex":
		return m.each(b.body, b.end, func(b box) error {
			if b.kind == "trex" {
				h, err := m.bytes(b, 16)
				if err == nil && len(h) >= 16 && m.eachSample == 0 {
					m.eachSample = int64(binary.BigEndian.Uint32(h[12:]))
				}
				return err
			}
			if b.kind != "mehd" {
				return nil
			}
			h, err := m.bytes(b, 12)
			if err == nil && len(h) >= 8 {
				m.fragged = fullNumber(h)
			}
			return err
		})
	case "trak":
		t := mp4Track{mediaTime: -1}
		if err := m.each(b.body, b.end, func(b box) error { return m.inTrak(b, &t) }); err != nil {
			return err
		}
		switch {
		case t.handler == "vide" && t.codec != "jpeg" && t.codec != "png ":
			m.video = true
		case t.handler == "soun" && !m.sound:
			m.sound, m.track = true, t
		case t.tables != nil && len(m.texts) < 8:
			m.texts = append(m.texts, t)
		}
	case "meta":
		return m.meta(b)
	case "udta":
		return m.each(b.body, b.end, m.inUserData)
	}
	return nil
}

// fullNumber reads the number behind version and flags: 64 bits in version 1.
func fullNumber(h []byte) int64 {
	if h[0] == 1 && len(h) >= 12 {
		return max(int64(binary.BigEndian.Uint64(h[4:])), 0)
	}
	return int64(binary.BigEndian.Uint32(h[4:]))
}

// mediaHeader reads the time scale and the duration of an mvhd or mdhd box;
// 0 for what is unknown.
func mediaHeader(h []byte) (scale, duration int64) {
	if len(h) >= 32 && h[0] == 1 {
		duration = int64(binary.BigEndian.Uint64(h[24:]))
		return int64(binary.BigEndian.Uint32(h[20:])), max(duration, 0)
	}
	if len(h) < 20 {
		return 0, 0
	}
	if duration = int64(binary.BigEndian.Uint32(h[16:])); duration == math.MaxUint32 {
		duration = 0
	}
	return int64(binary.BigEndian.Uint32(h[12:])), duration
}

// inTrak reads one box of a track.
func (m *mp4Reader) inTrak(b box, t *mp4Track) error {
	switch b.kind {
	case "edts", "mdia", "minf":
		return m.each(b.body, b.end, func(b box) error { return m.inTrak(b, t) })
	case "tkhd":
		h, err := m.bytes(b, 24)
		if err != nil || len(h) < 24 {
			return err
		}
		if t.id = binary.BigEndian.Uint32(h[12:]); h[0] == 1 {
			t.id = binary.BigEndian.Uint32(h[20:])
		}
	case "tref":
		return m.each(b.body, b.end, func(b box) error {
			if b.kind != "chap" {
				return nil
			}
			h, err := m.bytes(b, 64)
			for ; len(h) >= 4; h = h[4:] {
				t.chapters = append(t.chapters, binary.BigEndian.Uint32(h))
			}
			return err
		})
	case "elst":
		h, err := m.bytes(b, 4096)
		if err != nil {
			return err
		}
		t.edits(h)
	case "mdhd":
		h, err := m.bytes(b, 32)
		if err != nil {
			return err
		}
		t.scale, t.length = mediaHeader(h)
	case "hdlr":
		h, err := m.bytes(b, 12)
		if err != nil || len(h) < 12 {
			return err
		}
		if t.handler == "" || t.handler == "url " || t.handler == "alis" {
			t.handler = string(h[8:12])
		}
	case "stbl":
		if t.handler == "text" || t.handler == "sbtl" || t.handler == "subt" {
			t.tables = map[string]box{}
			return m.each(b.body, b.end, func(b box) error {
				if len(t.tables) < 32 {
					t.tables[b.kind] = b
				}
				return nil
			})
		}
		// Of the sample tables only the first box matters: the others are long.
		for off := b.body; ; {
			c, ok, err := m.next(off, b.end, mp4Ahead)
			if err != nil || !ok {
				return err
			}
			if c.kind == "stsd" {
				h, err := m.bytes(c, mp4MaxSTSD)
				if err != nil {
					return err
				}
				t.entry(h)
				return nil
			}
			off = c.end
		}
	}
	return nil
}

// edits reads an edit list: the first edit that shows sound says how much of
// its beginning is skipped.
func (t *mp4Track) edits(h []byte) {
	if len(h) < 8 {
		return
	}
	wide := h[0] == 1
	for h = h[8:]; len(h) >= 12 && (!wide || len(h) >= 20); {
		var n, at int64
		if wide {
			n, at, h = int64(binary.BigEndian.Uint64(h)), int64(binary.BigEndian.Uint64(h[8:])), h[20:]
		} else {
			n, at, h = int64(binary.BigEndian.Uint32(h)), int64(int32(binary.BigEndian.Uint32(h[4:]))), h[12:]
		}
		if at >= 0 && n >= 0 && n < 1<<50 {
			if t.mediaTime < 0 {
				t.mediaTime = at
			}
			t.edit += n
		}
	}
}

// index adds up the lengths of a segment index (ISO/IEC 14496-12, section 8.16.3).
func (m *mp4Reader) index(b box) error {
	h, err := m.bytes(b, blockSize)
	if err != nil || len(h) < 32 {
		return err
	}
	scale := binary.BigEndian.Uint32(h[8:])
	at := 20
	if h[0] == 1 {
		at = 28
	}
	var sum float64
	end := b.end
	at += 4
	for ; at+12 <= len(h); at += 12 {
		end += int64(binary.BigEndian.Uint32(h[at:]) &^ (1 << 31))
		sum += float64(binary.BigEndian.Uint32(h[at+4:]))
	}
	if scale > 0 {
		m.sidx = max(m.sidx, sum/float64(scale))
		m.sidxEnd = max(m.sidxEnd, end)
	}
	return nil
}

// properties turns what the track says into properties.
func (m *mp4Reader) properties() {
	t, f := &m.track, m.f
	f.Codec, f.SampleRate, f.BitDepth, f.Channels = t.codec, int(t.rate), t.depth, t.channels
	rate := t.rate
	if rate <= 0 {
		rate = t.scale
	}
	if rate <= 0 || rate > 1<<30 {
		return
	}
	// scaled turns times in another scale into sample frames.
	scaled := func(n, scale int64) int64 {
		if scale <= 0 || n <= 0 {
			return 0
		}
		hi, lo := bits.Mul64(uint64(n), uint64(rate))
		if hi >= uint64(scale) {
			return 0
		}
		q, _ := bits.Div64(hi, lo, uint64(scale))
		return int64(min(q, 1<<50))
	}
	total := scaled(t.length, t.scale)
	if total == 0 {
		total = scaled(m.fragged, m.scale)
	}
	if total == 0 && m.sidx > 0 && m.sidx < 1e7 {
		total = int64(m.sidx * float64(rate))
	}
	samples := total
	if t.mediaTime > 0 {
		f.Delay = int(min(scaled(t.mediaTime, t.scale), total, math.MaxInt32))
		samples -= int64(f.Delay)
	}
	// The edit's length has the movie's scale, often only ms: it counts where it
	// says more than rounding.
	if edit := scaled(t.edit, m.scale); t.mediaTime >= 0 && edit > 0 && m.scale > 0 && edit < samples-2*rate/m.scale {
		f.Padding = int(min(samples-edit, math.MaxInt32))
		samples = edit
	}
	if t.preskip > 0 && f.Delay == 0 {
		f.Delay = int(t.preskip)
		samples = max(samples-t.preskip, 0)
	}
	if delay, padding, n, ok := parseSMPB(m.smpb); ok && n <= total+total/10 && n > total/2 {
		f.Delay, f.Padding, samples = delay, padding, n
	}
	size := m.data
	if m.moof > 0 {
		size = m.s.Size() - m.moof
		if whole := m.mdat.end - m.moof; m.mdat.off > m.moof && whole > 0 {
			// As large a share is sound as in the first fragment.
			size = int64(float64(size) * float64(m.mdat.end-m.mdat.body) / float64(whole))
		}
	}
	if samples <= 0 && t.avg > 0 && size > 0 {
		samples = int64(float64(size) * 8 / float64(t.avg) * float64(rate))
		f.warn("the length is an estimate")
	}
	length(f, samples, rate, size)
	if samples <= 0 {
		f.warn("the length is unknown")
	}
	if m.video {
		f.BitRate = int((t.avg + 500) / 1000)
	}
}

// parseSMPB reads iTunSMPB: hexadecimal numbers, of which the second is the
// encoder's delay, the third its padding and the fourth the sample frames.
func parseSMPB(s string) (delay, padding int, samples int64, ok bool) {
	parts := strings.Fields(s)
	if len(parts) < 4 {
		return 0, 0, 0, false
	}
	d, err1 := strconv.ParseUint(parts[1], 16, 24)
	p, err2 := strconv.ParseUint(parts[2], 16, 24)
	n, err3 := strconv.ParseUint(parts[3], 16, 48)
	return int(d), int(p), int64(n), err1 == nil && err2 == nil && err3 == nil && n > 0
}

// identity names the sound by windows of the media data, wherever it lies;
// of fragments of which nothing more is known, by all from the first one on.
func (m *mp4Reader) identity() (err error) {
	off, n := m.mdat.body, m.mdat.end-m.mdat.body
	if m.moof > 0 {
		off, n = m.moof, m.s.Size()-m.moof
	}
	switch {
	case m.track.md5 != "":
		m.f.Identity = "flac-1-" + m.track.md5
	case n <= 0:
		m.f.warn("no sound")
	default:
		m.f.Identity, err = windows(m.s, "mp4-1", off, n)
	}
	return err
}
