package audio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"time"

	"github.com/songlocker/songlocker/models"
)

// flacFrame is where a frame of a FLAC stream begins, and its number.
type flacFrame struct{ off, number int64 }

// flacStream finds the frames of a stream with blocks of one size. What a
// frame's header says is trusted only where a whole frame bears its checksum.
type flacStream struct {
	read  func(off int64, n int) ([]byte, error)
	look  byte // what every header has in its third byte: the code of the sample rate
	depth byte // and in its fourth: the code of the bits a sample
	// left is how many bytes find may still look at, each time that it does:
	// what looks like frames and is none would else cost hours.
	left int64
}

const (
	flacLook    = 32 << 10 // bytes that are looked at around a place
	flacMost    = 8 << 20  // the same, where frames are larger
	flacTries   = 200      // looks for one place, and candidates in one look
	flacMaxHead = 16       // bytes of a frame's header
	flacWork    = 64 << 20 // bytes that are looked at for one place, each time that they are
)

// header reads the frame header that b begins with: its number, and where in
// b the bytes of the number and those of the header end.
func (x *flacStream) header(b []byte) (number int64, coded, end int, ok bool) {
	if len(b) < 6 || b[0] != 0xff || b[1] != 0xf8 || b[2]&15 != x.look || b[3]&15 != x.depth || b[2]>>4 == 0 || b[3]>>4 > 10 {
		return 0, 0, 0, false
	}
	number, n := flacNumber(b[4:])
	if n == 0 {
		return 0, 0, 0, false
	}
	coded, end = 4+n, 4+n
	switch b[2] >> 4 {
	case 6:
		end++
	case 7:
		end += 2
	}
	switch b[2] & 15 {
	case 12:
		end++
	case 13, 14:
		end += 2
	}
	if end >= len(b) || crc8(b[:end]) != b[end] {
		return 0, 0, 0, false
	}
	return number, coded, end + 1, true
}

// flacNumber decodes the number of a frame, which is coded as UTF-8 codes
// characters, and returns how many bytes it takes; 0 for what is none.
func flacNumber(b []byte) (n int64, size int) {
	more := bits.LeadingZeros8(^b[0])
	if more == 0 {
		return int64(b[0]), 1
	}
	if more == 1 || more > 6 || len(b) < more {
		return 0, 0
	}
	n = int64(b[0]) & (1<<(7-more) - 1)
	for _, c := range b[1:more] {
		if c&0xc0 != 0x80 {
			return 0, 0
		}
		n = n<<6 | int64(c&0x3f)
	}
	return n, more
}

// flacBlockSize returns the sample frames of a block by the code in the frame's
// header; more is what follows the number there.
func flacBlockSize(code byte, more []byte) int64 {
	switch {
	case code == 1:
		return 192
	case code <= 5:
		return 576 << (code - 2)
	case code == 6 && len(more) > 0:
		return int64(more[0]) + 1
	case code == 7 && len(more) > 1:
		return int64(more[0])<<8 + int64(more[1]) + 1
	case code >= 8:
		return 256 << (code - 8)
	}
	return 0
}

// flacSizes are the first numbers that take one byte more.
var flacSizes = [...]int64{1 << 7, 1 << 11, 1 << 16, 1 << 21, 1 << 26}

// appendFLACNumber codes a number below 1<<31.
func appendFLACNumber(b []byte, n int64) []byte {
	size := 1
	for size <= len(flacSizes) && n >= flacSizes[size-1] {
		size++
	}
	if size == 1 {
		return append(b, byte(n))
	}
	b = append(b, byte(0xff<<(8-size))|byte(n>>(6*(size-1))))
	for i := size - 2; i >= 0; i-- {
		b = append(b, 0x80|byte(n>>(6*i))&0x3f)
	}
	return b
}

// flacNumbers returns how many bytes the numbers from first on take, for n of
// them.
func flacNumbers(first, n int64) int64 {
	total := n
	for _, s := range flacSizes {
		total += min(max(first+n-s, 0), n)
	}
	return total
}

// end returns where in b the frame ends that begins b and has this number:
// where the next one begins, or at last, when that is not -1, for the last
// frame. It returns 0 when b does not hold all of it.
func (x *flacStream) end(b []byte, number int64, last int) int {
	// The checksum goes on from one candidate to the next, so that many of
	// them cost no more than one.
	sum, summed := uint16(0), 0
	for i := flacMaxHead / 2; ; {
		k := bytes.Index(b[min(i, len(b)):], []byte{0xff, 0xf8})
		if k < 0 {
			break
		}
		i += k
		if n, _, _, ok := x.header(b[i:]); ok && n == number+1 {
			if sum, summed = crc16(sum, b[summed:i]), i; sum == 0 {
				return i
			}
		}
		i++
	}
	if last > 0 && last <= len(b) && crc16(0, b[:last]) == 0 {
		return last
	}
	return 0
}

// chain returns the frames that lie in b, which is at off, one after the
// other. Only those between lo and hi are looked for, and all have been proved
// by a checksum.
func (x *flacStream) chain(b []byte, off int64, lo, hi flacFrame) []flacFrame {
	var list []flacFrame
	for i, tries := 0, 0; i < len(b) && tries < flacTries && x.left >= 0; {
		k := bytes.Index(b[i:], []byte{0xff, 0xf8})
		if k < 0 {
			return nil
		}
		i += k
		n, _, _, ok := x.header(b[i:])
		if !ok || n < lo.number || n >= hi.number || off+int64(i) == lo.off != (n == lo.number) {
			i++
			continue
		}
		for {
			last := -1
			if n+1 == hi.number {
				last = int(hi.off - off - int64(i))
			}
			end := x.end(b[i:], n, last)
			if end == 0 {
				x.left -= int64(len(b) - i)
				break
			}
			x.left -= int64(end)
			if list == nil {
				list = append(list, flacFrame{off + int64(i), n})
			}
			i, n = i+end, n+1
			if n == hi.number {
				break
			}
			list = append(list, flacFrame{off + int64(i), n})
		}
		if list != nil {
			return list
		}
		i, tries = i+1, tries+1
	}
	return nil
}

// find returns the last frame from lo on for which before is true. It is true
// for lo and not for hi, which is where the frame behind the last would be.
// guess says about where that frame lies.
func (x *flacStream) find(lo, hi flacFrame, guess func(lo, hi flacFrame) int64, before func(flacFrame) bool) (flacFrame, error) {
	look := int64(flacLook)
	for try := range flacTries {
		if lo.number+1 >= hi.number {
			return lo, nil
		}
		at := guess(lo, hi) - look/4
		if try%8 == 7 {
			at = lo.off + (hi.off-lo.off)/2 - look/2
		}
		at = max(lo.off, min(at, hi.off-look))
		// The header of the frame at hi proves the one before it.
		b, err := x.read(at, int(min(look, hi.off-at)+flacMaxHead))
		if err != nil {
			return lo, err
		}
		x.left -= int64(len(b))
		list := x.chain(b, at, lo, hi)
		if x.left < 0 {
			return lo, fmt.Errorf("%w: too much around byte %d looks like frames and is none", ErrCut, lo.off)
		}
		moved := false
		for _, f := range list {
			if !before(f) {
				moved = moved || f != hi
				hi = f
				break
			}
			moved = moved || f != lo
			lo = f
		}
		if !moved {
			if look *= 2; look > flacMost {
				break
			}
		}
	}
	return lo, fmt.Errorf("%w: the frames around byte %d are damaged", ErrCut, lo.off)
}

// cutFLAC cuts a stream at the frames nearest to where tracks begin. info is
// the STREAMINFO block; the frames begin at pos.
func cutFLAC(info []byte, pos int64, samples int64) cutter {
	return func(q *ranges, starts []time.Duration) ([]Part, error) {
		rate := int64(binary.BigEndian.Uint64(info[10:]) >> 44)
		if samples <= 0 || rate <= 0 {
			return nil, fmt.Errorf("%w: the length of the FLAC stream is unknown", ErrCut)
		}
		// The tags of other formats behind the sound are none of it.
		s := NewSource(q.ctx, q.r, q.size)
		defer s.release()
		end, err := trailers(s, pos, &File{}, values{})
		q.stats.Requests += s.Stats().Requests
		q.stats.Bytes += s.Stats().Bytes
		if err != nil {
			return nil, err
		}
		b, err := q.read(pos, flacMaxHead)
		if err != nil {
			return nil, err
		}
		if len(b) < flacMaxHead || b[0] != 0xff || b[1] != 0xf8 {
			return nil, fmt.Errorf("FLAC with blocks of several sizes, or damaged, %w", ErrCut)
		}
		x := &flacStream{read: q.read, look: b[2] & 15, depth: b[3] & 15}
		x.left = min(flacWork+int64(len(starts))<<21, flacWork/4+8*(end-pos))
		first, coded, _, ok := x.header(b)
		if !ok {
			return nil, fmt.Errorf("%w: the first frame is damaged", ErrCut)
		}
		// The smallest size in STREAMINFO is no help: some writers count the
		// last block in.
		block := flacBlockSize(b[2]>>4, b[coded:])
		if block < 16 || block != int64(binary.BigEndian.Uint16(info[2:])) {
			return nil, fmt.Errorf("FLAC with blocks of several sizes %w", ErrCut)
		}
		frames := (samples + block - 1) / block
		lo, hi := flacFrame{pos, first}, flacFrame{end, first + frames}
		// The last frame is looked for first: without it nothing is right.
		tail, err := x.find(lo, hi, func(lo, hi flacFrame) int64 { return hi.off - flacLook/2 }, func(f flacFrame) bool { return f.number < hi.number })
		if err == nil && x.last(tail, hi) != nil {
			err = x.last(tail, hi)
		}
		if err != nil {
			return nil, err
		}
		cuts := []flacFrame{lo}
		for i, at := range starts[1:] {
			want := first + (sampleAt(at, rate)+block/2)/block
			from := cuts[i]
			if want <= from.number || want >= hi.number {
				return nil, fmt.Errorf("%w: track %d is shorter than a frame", ErrCut, i+1)
			}
			f, err := x.find(from, hi, func(lo, hi flacFrame) int64 {
				return lo.off + int64(float64(hi.off-lo.off)*float64(want-lo.number)/float64(hi.number-lo.number))
			}, func(f flacFrame) bool { return f.number <= want })
			if err != nil {
				return nil, err
			}
			if f.number != want {
				return nil, fmt.Errorf("%w: frame %d is not there", ErrCut, want)
			}
			cuts = append(cuts, f)
		}
		cuts = append(cuts, hi)
		parts := make([]Part, len(starts))
		for i := range parts {
			p, from, to := &parts[i], cuts[i], cuts[i+1]
			p.Kind, p.From, p.To = models.CutFLAC, from.off, to.off
			p.Frame, p.Frames = from.number, to.number-from.number
			p.Start = sampleTime((from.number-first)*block, rate)
			p.Samples = p.Frames * block
			if i == len(parts)-1 {
				p.Samples = samples - (from.number-first)*block
			}
			p.Head = flacHead(info, block, p.Samples)
			p.Size = int64(len(p.Head)) + p.To - p.From + flacNumbers(0, p.Frames) - flacNumbers(p.Frame, p.Frames)
		}
		return parts, nil
	}
}

// last proves that the frame f is the last one before hi.
func (x *flacStream) last(f, hi flacFrame) error {
	if n := hi.off - f.off; f.number+1 == hi.number && n > 0 && n <= flacMost {
		b, err := x.read(f.off, int(n))
		if err != nil {
			return err
		}
		if _, _, _, ok := x.header(b); ok && crc16(0, b) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%w: the last frame is damaged", ErrCut)
}

// flacHead is what stands before the frames of a part: STREAMINFO with the
// part's length, and with what is not known of it as zero.
func flacHead(info []byte, block, samples int64) []byte {
	h := append([]byte("fLaC"), 0x80, 0, 0, 34)
	h = append(h, info[:34]...)
	b := h[8:]
	binary.BigEndian.PutUint16(b, uint16(block))
	binary.BigEndian.PutUint16(b[2:], uint16(block))
	clear(b[4:10])  // the sizes of frames
	clear(b[18:34]) // the MD5 of the samples
	x := binary.BigEndian.Uint64(b[10:])
	binary.BigEndian.PutUint64(b[10:], x&^(1<<36-1)|uint64(samples)&(1<<36-1))
	return h
}

// crc16Table is that of the checksum that ends a frame (RFC 9639, section
// 9.3).
var crc16Table = func() (t [256]uint16) {
	for i := range t {
		c := uint16(i) << 8
		for range 8 {
			if c&0x8000 != 0 {
				c = c<<1 ^ 0x8005
			} else {
				c <<= 1
			}
		}
		t[i] = c
	}
	return t
}()

// crc16 goes on with the checksum of a frame. Over a whole frame with its
// checksum it is 0.
func crc16(c uint16, b []byte) uint16 {
	for _, v := range b {
		c = c<<8 ^ crc16Table[byte(c>>8)^v]
	}
	return c
}
