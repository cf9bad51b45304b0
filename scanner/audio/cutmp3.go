package audio

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/songlocker/songlocker/models"
)

const (
	// decoderDelay is how many sample frames a decoder of layer III lags, by
	// the convention of those who honour the delay in the LAME tag.
	decoderDelay = 529
	// warmUp is how many frames a decoder needs before its sound is exact:
	// each frame overlaps with the next, and the filters remember 480 samples.
	warmUp = 2
	// mpegBack is how much is read before a place to find frames, and the
	// data before it that they refer to.
	mpegBack = 24 << 10
	mpegLook = 32 << 10
	// mpegChunk is read at once where all frames must be counted.
	mpegChunk = 1 << 20
)

// mpegCut is a place between two frames.
type mpegCut struct {
	off    int64   // of the frame behind it
	number int64   // of that frame
	before []int64 // offsets of frames before it, in their order, as far as they matter
}

// mpegSound is a stream of frames of layer III.
type mpegSound struct {
	first    frame
	pos, end int64
	frames   int64 // as the Xing or Info header says; 0 is unknown
	constant bool  // the header says that the bit rate is
	gapless  bool  // decoders honour delay and padding
	delay    int
	padding  int
	toc      []int64 // the offset of every tocStep-th frame, where they were counted
}

// tocStep is how many frames lie between two places that are remembered for
// the table of contents of a part.
const tocStep = 16

// cutMPEG cuts layer III at frames. A part but the first begins with a frame
// that tells decoders what to skip, a silent one that holds the data to which
// the sound refers back, and two frames that warm the decoder up.
func cutMPEG(first frame, pos, end, frames int64, constant, gapless bool, delay, padding int) cutter {
	return func(q *ranges, starts []time.Duration) ([]Part, error) {
		x := &mpegSound{first: first, pos: pos, end: end, frames: frames, constant: constant, gapless: gapless, delay: delay, padding: padding}
		cuts, err := x.places(q, starts)
		if err != nil {
			return nil, err
		}
		skip := int64(0)
		if gapless {
			skip = int64(delay) + decoderDelay
		}
		samples, rate := int64(first.samples), int64(first.rate)
		parts := make([]Part, len(starts))
		for i := range parts {
			p, from, to := &parts[i], cuts[i], cuts[i+1]
			if from.number >= to.number {
				return nil, fmt.Errorf("%w: track %d is shorter than a frame", ErrCut, i+1)
			}
			head, begin, err := x.head(q, from, to, i == 0, i == len(parts)-1)
			if err != nil {
				return nil, err
			}
			p.Kind, p.Head, p.From, p.To = models.CutBytes, head.bytes, begin, to.off
			p.Delay, p.Padding = head.delay, head.padding
			p.Start = sampleTime(max(from.number*samples-skip, 0), rate)
			p.Samples = (to.number - from.number) * samples
			if i == 0 {
				p.Samples -= skip
			}
			if i == len(parts)-1 && gapless {
				p.Samples -= max(int64(padding)-decoderDelay, 0)
			}
			if p.Samples <= 0 {
				return nil, fmt.Errorf("%w: track %d has no sound", ErrCut, i+1)
			}
		}
		return parts, nil
	}
}

// places finds where to cut, the beginning and the end included. Where the
// bit rate is constant it looks only around the places.
func (x *mpegSound) places(q *ranges, starts []time.Duration) ([]mpegCut, error) {
	want := make([]int64, len(starts))
	for i, at := range starts[1:] {
		s := sampleAt(at, int64(x.first.rate))
		if x.gapless {
			s += int64(x.delay) + decoderDelay
		}
		want[i+1] = (s + int64(x.first.samples)/2) / int64(x.first.samples)
	}
	if x.constant && x.frames > 0 {
		cuts, err := x.constantPlaces(q, want)
		if err != nil || cuts != nil {
			return cuts, err
		}
	}
	return x.count(q, want)
}

// constantPlaces computes places from the mean length of the frames. It
// returns nothing when that turns out to be none.
func (x *mpegSound) constantPlaces(q *ranges, want []int64) ([]mpegCut, error) {
	mean := float64(x.end-x.pos) / float64(x.frames)
	size := float64(x.first.samples/8*x.first.bitRate*1000) / float64(x.first.rate)
	if math.Abs(mean-size) > 1 {
		return nil, nil
	}
	cuts := []mpegCut{{off: x.pos}}
	for _, n := range want[1:] {
		if n >= x.frames {
			return nil, nil
		}
		about := x.pos + int64(float64(n)*mean)
		from := max(about-mpegBack, x.pos)
		b, err := q.read(from, int(min(mpegLook, x.end-from)))
		if err != nil {
			return nil, err
		}
		var best mpegCut
		var seen []int64
		for i := x.sync(b); i >= 0 && i+4 <= len(b); {
			h, ok := parseFrame(b[i:])
			if !ok || !h.like(x.first) || h.bitRate != x.first.bitRate {
				return nil, nil
			}
			off := from + int64(i)
			if best.off == 0 || abs(off-about) < abs(best.off-about) {
				best = mpegCut{off, int64(math.Round(float64(off-x.pos) / mean)), append([]int64(nil), seen...)}
			}
			seen = append(seen, off)
			i += h.size
		}
		if best.off == 0 {
			return nil, nil
		}
		cuts = append(cuts, best)
	}
	return append(cuts, mpegCut{off: x.end, number: x.frames}), nil
}

func abs(n int64) int64 { return max(n, -n) }

// sync returns where in b the first frame begins that two others follow; -1
// for nowhere.
func (x *mpegSound) sync(b []byte) int {
	for i := 0; i+4 <= len(b); i++ {
		if b[i] != 0xff {
			continue
		}
		if h, ok := parseFrame(b[i:]); ok && h.like(x.first) && confirmed(b[i:], h, int64(len(b)-i)) {
			return i
		}
	}
	return -1
}

// backFrames is how many frames before a place may matter: with 32 kbit/s a
// frame holds a sixth of what one may refer back to, with less a reservoir is
// of no use and smaller.
const backFrames = 64

// count finds places by passing over every frame of the stream.
func (x *mpegSound) count(q *ranges, want []int64) ([]mpegCut, error) {
	cuts := []mpegCut{{off: x.pos}}
	want = want[1:]
	var last [backFrames]int64
	x.toc = nil
	var b []byte
	var at int64 // of b in the object
	n, pos := int64(0), x.pos
	for pos+4 <= x.end {
		if pos < at || pos+4 > at+int64(len(b)) {
			var err error
			at = pos
			if b, err = q.read(at, int(min(mpegChunk, x.end-at))); err != nil {
				return nil, err
			}
			if len(b) < 4 {
				break
			}
		}
		h, ok := parseFrame(b[pos-at:])
		if !ok || !h.like(x.first) {
			// Junk between frames: the next that others follow goes on.
			rest := b[pos-at:]
			if len(rest) < 3*mpegBack/8 && at+int64(len(b)) < x.end {
				b = nil
				continue
			}
			i := x.sync(rest)
			switch {
			case i > 0:
				pos += int64(i)
			case at+int64(len(b)) >= x.end:
				pos = x.end
			default:
				pos += int64(len(rest)) - 3*mpegBack/8 + 1
			}
			continue
		}
		if n%tocStep == 0 {
			x.toc = append(x.toc, pos)
		}
		if len(want) > 0 && n == want[0] {
			c := mpegCut{off: pos, number: n}
			for k := max(0, n-backFrames); k < n; k++ {
				c.before = append(c.before, last[k%backFrames])
			}
			cuts, want = append(cuts, c), want[1:]
		}
		last[n%backFrames] = pos
		n++
		pos += int64(h.size)
	}
	if len(want) > 0 {
		return nil, fmt.Errorf("%w: the sound ends after %d frames, before a track begins", ErrCut, n)
	}
	return append(cuts, mpegCut{off: x.end, number: n}), nil
}

// mpegHead is what stands before the frames of a part.
type mpegHead struct {
	bytes          []byte
	delay, padding int
}

// head makes what stands before the part between two places, and returns
// where in the object the part's frames begin.
func (x *mpegSound) head(q *ranges, from, to mpegCut, first, last bool) (mpegHead, int64, error) {
	h := mpegHead{delay: x.delay, padding: decoderDelay}
	if last && x.gapless {
		h.padding = x.padding
	}
	begin, warm := from.off, int64(0)
	var silent []byte
	if !first {
		if len(from.before) <= warmUp {
			// The part before this one is hardly longer than nothing.
			return h, 0, fmt.Errorf("%w: a track is shorter than %d frames", ErrCut, warmUp+1)
		}
		warm = warmUp
		begin = from.before[int64(len(from.before))-warm]
		var err error
		if silent, err = x.carrier(q, from.before[:int64(len(from.before))-warm], begin); err != nil {
			return h, 0, err
		}
		skip := warm * int64(x.first.samples)
		if silent != nil {
			skip += int64(x.first.samples)
		}
		h.delay = int(skip) - decoderDelay
	}
	frames := to.number - from.number + warm
	if silent != nil {
		frames++
	}
	if first && !x.gapless {
		h.delay, h.padding = 0, 0
	}
	b := x.info(frames, int64(len(silent))+to.off-begin, h, !first || x.gapless)
	x.contents(b, from, to, warm, int64(len(silent)), begin)
	h.bytes = append(b.bytes, silent...)
	return h, begin, nil
}

// carrier makes a silent frame that holds the data to which the frame at off
// refers back, out of the frames before it; nil when it refers to none.
func (x *mpegSound) carrier(q *ranges, before []int64, off int64) ([]byte, error) {
	from := off
	if len(before) > 0 {
		from = before[max(0, len(before)-backFrames)]
		from = max(from, off-mpegBack)
	}
	b, err := q.read(from, int(off-from)+64)
	if err != nil {
		return nil, err
	}
	at := func(o int64) []byte { return b[min(o-from, int64(len(b))):] }
	need := mainDataBegin(at(off), x.first)
	if need <= 0 {
		return nil, nil
	}
	var data []byte
	for i := len(before) - 1; i >= 0 && len(data) < need && before[i] >= from; i-- {
		f := at(before[i])
		h, ok := parseFrame(f)
		if !ok || h.size > len(f) {
			break
		}
		side := 4 + h.side
		if f[1]&1 == 0 {
			side += 2
		}
		data = append(append([]byte(nil), f[min(side, h.size):h.size]...), data...)
	}
	if len(data) < need {
		// The stream itself lacks them: its decoder is silent here, too.
		data = append(make([]byte, need-len(data)), data...)
	}
	data = data[len(data)-need:]
	out, _, ok := x.frame(at(off), 4+x.first.side+need)
	if !ok {
		return nil, fmt.Errorf("%w: no frame is large enough for %d bytes", ErrCut, need)
	}
	copy(out[len(out)-need:], data)
	return out, nil
}

// mainDataBegin is how many bytes before it the data of a frame begin.
func mainDataBegin(b []byte, first frame) int {
	if len(b) < 8 {
		return 0
	}
	at := 4
	if b[1]&1 == 0 {
		at += 2
	}
	if first.version == 1 {
		return int(b[at])<<1 | int(b[at+1]>>7)
	}
	return int(b[at])
}

// frame makes an empty frame like the one that like begins, of the lowest bit
// rate that gives it room for n bytes in all. Without side information it is
// silent.
func (x *mpegSound) frame(like []byte, n int) ([]byte, frame, bool) {
	if len(like) < 4 {
		return nil, frame{}, false
	}
	for index := byte(1); index < 15; index++ {
		// No checksum, no padding.
		b := []byte{0xff, like[1] | 1, index<<4 | like[2]&0x0d, like[3]}
		h, ok := parseFrame(b)
		if ok && h.size >= n {
			return append(b, make([]byte, h.size-4)...), h, true
		}
	}
	return nil, frame{}, false
}

// infoFrame is a frame with an Info or Xing header.
type infoFrame struct {
	bytes []byte
	toc   []byte // of 100 bytes
	crc   int    // where the checksum of the LAME tag stands; 0 without a tag
}

// info makes the frame that tells of the others: how many there are, how many
// bytes, and, with a LAME tag, what to skip
// (http://gabriel.mp3-tech.org/mp3infotag.html).
func (x *mpegSound) info(frames, length int64, h mpegHead, lame bool) infoFrame {
	const size = 8 + 4 + 4 + 100 + 4 + 36
	like := []byte{0xff, 0xe0 | [4]byte{0, 3, 2, 0}[x.first.version]<<3 | 1<<1 | 1, 0, 0x40}
	for i, rate := range mpegRates {
		if rate>>(x.first.version-1) == x.first.rate {
			like[2] = byte(i) << 2
		}
	}
	if x.first.channels == 1 {
		like[3] = 0xc0
	}
	b, f, _ := x.frame(like, 4+x.first.side+size)
	t := b[4+f.side:]
	name := "Xing"
	if x.constant {
		name = "Info"
	}
	copy(t, name)
	binary.BigEndian.PutUint32(t[4:], 15)
	binary.BigEndian.PutUint32(t[8:], uint32(min(frames, math.MaxUint32)))
	binary.BigEndian.PutUint32(t[12:], uint32(min(length+int64(len(b)), math.MaxUint32)))
	out := infoFrame{bytes: b, toc: t[16:116]}
	if !lame {
		return out
	}
	l := t[120:]
	copy(l, "LAME3.100")
	l[9] = 1 // constant bit rate
	if !x.constant {
		l[9] = 3
	}
	l[20] = byte(min(x.first.bitRate, 255))
	l[21], l[22], l[23] = byte(h.delay>>4), byte(h.delay<<4)|byte(h.padding>>8), byte(h.padding)
	binary.BigEndian.PutUint32(l[28:], uint32(min(length+int64(len(b)), math.MaxUint32)))
	out.crc = len(b) - len(l) + 34
	return out
}

// contents fills in where in the part each hundredth of its time lies, and
// then the checksum.
func (x *mpegSound) contents(b infoFrame, from, to mpegCut, warm, silent, begin int64) {
	total := int64(len(b.bytes)) + silent + to.off - begin
	for i := range b.toc {
		at := int64(i) * total / 100
		if x.toc != nil {
			// The remembered frame before the one that sounds then.
			n := from.number + (to.number-from.number)*int64(i)/100
			at = int64(len(b.bytes)) + silent + max(x.toc[min(n/tocStep, int64(len(x.toc))-1)]-begin, 0)
		}
		b.toc[i] = byte(min(at*256/max(total, 1), 255))
	}
	if b.crc > 0 {
		binary.BigEndian.PutUint16(b.bytes[b.crc:], crcLAME(b.bytes[:b.crc]))
	}
}

// crcLAME is the checksum of a LAME tag, over the frame up to it.
func crcLAME(b []byte) (c uint16) {
	for _, v := range b {
		c ^= uint16(v)
		for range 8 {
			if c&1 != 0 {
				c = c>>1 ^ 0xa001
			} else {
				c >>= 1
			}
		}
	}
	return c
}

// gapless tells whether decoders honour delay and padding of the header in
// the frame b: they go by the name of the encoder.
func (x *vbrHeader) gapless(b []byte) bool {
	if x.at == 0 || len(b) < x.at+24 {
		return false
	}
	switch string(b[x.at : x.at+4]) {
	case "LAME", "Lavf", "Lavc":
		return true
	}
	return false
}
