package audio

import (
	"encoding/binary"
	"math"
)

// mpeg reads MPEG audio, layers I to III, with the tags that surround it. It
// is tried last: its frames have but eleven bits to know them by.
var mpeg = &container{name: "mp3", version: 2, front: true, read: readMPEG}

// mpegScan is how far behind the tags the first frame may begin.
const mpegScan = 128 << 10

// frame is the header of one MPEG audio frame (ISO/IEC 11172-3, 2.4.1.3).
type frame struct {
	version  int // 1, 2, or 3 for "2.5"
	layer    int
	bitRate  int // kbit/s
	rate     int // Hz
	channels int
	samples  int // of one channel
	size     int // bytes, header included
	side     int // bytes of side information
}

var (
	mpegRates = [3]int{44100, 48000, 32000}
	bitRates  = [5][15]int{
		{0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448}, // MPEG-1 layer I
		{0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},    // layer II
		{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},     // layer III
		{0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},    // MPEG-2 layer I
		{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},         // layers II and III
	}
)

// parseFrame reads a frame's header.
func parseFrame(b []byte) (h frame, ok bool) {
	if len(b) < 4 || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return h, false
	}
	version, layer := int(b[1]>>3&3), int(b[1]>>1&3)
	rate, index := int(b[2]>>2&3), int(b[2]>>4)
	if version == 1 || layer == 0 || rate == 3 || index == 0 || index == 15 || b[3]&3 == 2 {
		return h, false
	}
	h.layer = 4 - layer
	h.version = [4]int{3, 0, 2, 1}[version]
	row := h.layer - 1
	if h.version > 1 {
		row = min(row, 1) + 3
	}
	h.bitRate = bitRates[row][index]
	h.rate = mpegRates[rate] >> (h.version - 1)
	h.channels = 2
	if b[3]>>6 == 3 {
		h.channels = 1
	}
	pad := int(b[2] >> 1 & 1)
	switch {
	case h.layer == 1:
		h.samples = 384
		h.size = (12*h.bitRate*1000/h.rate + pad) * 4
	case h.layer == 3 && h.version > 1:
		h.samples = 576
		h.size = 72*h.bitRate*1000/h.rate + pad
	default:
		h.samples = 1152
		h.size = 144*h.bitRate*1000/h.rate + pad
	}
	switch {
	case h.version == 1 && h.channels == 2:
		h.side = 32
	case h.version == 1 || h.channels == 2:
		h.side = 17
	default:
		h.side = 9
	}
	return h, h.size > 4
}

// like tells whether two frames can be of one stream.
func (h frame) like(o frame) bool {
	return h.version == o.version && h.layer == o.layer && h.rate == o.rate
}

// mpegLike tells whether what lies behind the tags is MPEG audio: frames at
// once, or, with the suffix of such files, frames soon or tags alone.
func mpegLike(s *Source, start int64, suffix string) bool {
	if formats[suffix].container == mpeg.name {
		if start > 0 {
			return true
		}
		_, _, ok := firstFrame(s, start, s.Size(), mpegScan)
		return ok
	}
	_, _, ok := firstFrame(s, start, s.Size(), 2048)
	return ok
}

// firstFrame finds the first frame from pos on that two more follow, or that
// runs with them to end exactly. It looks at so many bytes.
func firstFrame(s *Source, pos, end int64, look int) (int64, frame, bool) {
	ahead := blockSize
	if pos > 0 {
		ahead = 2 * window
	}
	for limit := pos + int64(look); pos < min(limit, end-4); {
		// Three frames are at most 5 KiB.
		b, err := s.Upto(pos, int(min(12<<10, end-pos)), ahead)
		if err != nil || len(b) < 4 {
			return 0, frame{}, false
		}
		n := min(len(b), 6<<10, int(limit-pos))
		if pos+int64(len(b)) == end {
			n = min(len(b)-3, int(limit-pos))
		}
		for i := range n {
			if b[i] != 0xff {
				continue
			}
			if h, ok := parseFrame(b[i:]); ok && confirmed(b[i:], h, end-pos-int64(i)) {
				return pos + int64(i), h, true
			}
		}
		pos += int64(n)
	}
	return 0, frame{}, false
}

// confirmed tells whether two frames follow that of h, which b begins with,
// or as many as there is room for in the left bytes.
func confirmed(b []byte, h frame, left int64) bool {
	at := h.size
	for range 2 {
		if int64(at) == left {
			return true
		}
		if at+4 > len(b) {
			return false
		}
		next, ok := parseFrame(b[at:])
		if !ok || !next.like(h) {
			return false
		}
		at += next.size
	}
	return true
}

// readMPEG reads the tags behind the sound, and the sound's properties.
func readMPEG(s *Source, start int64, f *File, v values) error {
	end, err := trailers(s, start, f, v)
	if err != nil {
		return err
	}
	f.Codec = "mp3"
	pos, h, ok := firstFrame(s, start, end, mpegScan)
	if !ok {
		f.warn("no frames of MPEG audio")
		return nil
	}
	if h.layer < 3 {
		f.Codec = [3]string{"", "mp1", "mp2"}[h.layer]
	}
	f.SampleRate, f.Channels = h.rate, h.channels
	b, err := s.Upto(pos, int(min(int64(h.size), end-pos)), 2*window)
	if err != nil {
		return err
	}
	var x vbrHeader
	if x.parse(b, h) {
		pos += int64(len(b)) // that frame holds no sound
	}
	x.lame(b, f)
	length := end - pos
	if length <= 0 {
		return nil
	}
	if h.layer == 3 {
		f.cut = cutMPEG(h, pos, end, x.frames, x.constant, x.gapless(b), f.Delay, f.Padding)
	}
	mean, constant := float64(h.bitRate), false
	if x.frames == 0 || x.constant {
		if mean, constant, err = meanRate(s, pos, end); err != nil {
			return err
		}
	}
	var samples float64
	if x.frames > 0 {
		samples = float64(x.frames) * float64(h.samples)
		if x.bytes > 0 && float64(length) < 0.9*float64(x.bytes)-4096 {
			f.warn("of %d bytes of sound %d are there", x.bytes, length)
		}
		trimmed := samples - float64(f.Delay) - float64(f.Padding)
		if trimmed <= 0 {
			f.Delay, f.Padding = 0, 0
		} else {
			samples = trimmed
		}
		f.Samples = int64(samples)
	} else if mean > 0 {
		samples = float64(length) * 8 / mean / 1000 * float64(h.rate)
	}
	seconds := samples / float64(h.rate)
	f.Duration = int64(math.Round(seconds * 1000))
	switch {
	case constant || x.frames == 0:
		f.BitRate = int(math.Round(mean))
	case seconds > 0:
		f.BitRate = int(math.Round(float64(length) * 8 / seconds / 1000))
	}
	f.Identity, err = windows(s, "mp3-1", pos, length)
	if err != nil {
		return err
	}
	return nil
}

// meanRate returns the mean bit rate of the frames from pos on, as far as
// they are read already, and whether all have the same; where they differ it
// reads on to see more of them.
func meanRate(s *Source, pos, end int64) (mean float64, constant bool, err error) {
	limit := min(end, pos+window)
	var first frame
	bytes, samples, n := 0, 0, 0
	constant = true
	for wide := false; ; {
		for pos+4 <= limit {
			b, err := s.Upto(pos, 4, 2*window)
			if err != nil {
				return 0, false, err
			}
			h, ok := parseFrame(b)
			if !ok || n > 0 && !h.like(first) {
				break
			}
			if n == 0 {
				first = h
			}
			constant = constant && h.bitRate == first.bitRate
			n, bytes, samples = n+1, bytes+h.size, samples+h.samples
			pos += int64(h.size)
		}
		if constant || wide || pos+4 > end || pos < limit {
			break
		}
		wide = true
		limit = min(end, pos+mpegScan)
		if _, err := s.Upto(pos, int(limit-pos), nearSize); err != nil {
			return 0, false, err
		}
	}
	switch {
	case n == 0:
		return 0, false, nil
	case constant:
		return float64(first.bitRate), true, nil
	}
	return float64(bytes) * 8 * float64(first.rate) / float64(samples) / 1000, false, nil
}

// vbrHeader is what the first frame may hold instead of sound.
type vbrHeader struct {
	frames, bytes int64
	constant      bool // "Info": the bit rate is constant
	at            int  // of the header in the frame
}

// parse reads a Xing, Info or VBRI header; false when the frame holds sound.
// (http://gabriel.mp3-tech.org/mp3infotag.html)
func (x *vbrHeader) parse(b []byte, h frame) bool {
	if h.layer != 3 {
		return false
	}
	for _, crc := range []int{0, 2} {
		at := 4 + h.side + crc
		if len(b) < at+8 {
			break
		}
		id := string(b[at : at+4])
		if id != "Xing" && id != "Info" {
			continue
		}
		x.constant = id == "Info"
		flags, p := binary.BigEndian.Uint32(b[at+4:]), at+8
		if flags&1 != 0 && len(b) >= p+4 {
			x.frames = int64(binary.BigEndian.Uint32(b[p:]))
			p += 4
		}
		if flags&2 != 0 && len(b) >= p+4 {
			x.bytes = int64(binary.BigEndian.Uint32(b[p:]))
			p += 4
		}
		if flags&4 != 0 {
			p += 100
		}
		if flags&8 != 0 {
			p += 4
		}
		x.at = p
		return true
	}
	if len(b) >= 36+18 && string(b[36:40]) == "VBRI" {
		x.bytes = int64(binary.BigEndian.Uint32(b[46:]))
		x.frames = int64(binary.BigEndian.Uint32(b[50:]))
		return true
	}
	return false
}

// lame reads the encoder's delay, padding and gains from what follows a Xing
// or Info header.
func (x *vbrHeader) lame(b []byte, f *File) {
	if x.at == 0 || len(b) < x.at+24 {
		return
	}
	b = b[x.at:]
	known := true
	for _, c := range b[:4] {
		known = known && c >= ' ' && c < 0x7f
	}
	if !known {
		return
	}
	delay, padding := int(b[21])<<4|int(b[22]>>4), int(b[22]&0xf)<<8|int(b[23])
	if delay < 4096 && padding < 4096 {
		f.Delay, f.Padding = delay, padding
	}
	if string(b[:4]) != "LAME" {
		return
	}
	if bits := binary.BigEndian.Uint32(b[11:15]); bits != 0 && bits < 8<<23 {
		p := float64(bits) / (1 << 23)
		f.Gain.TrackPeak = &p
	}
	for i, to := range []**float64{&f.Gain.TrackGain, &f.Gain.AlbumGain} {
		n := binary.BigEndian.Uint16(b[15+2*i:])
		if name := int(n >> 13); name != i+1 || n>>10&7 == 0 {
			continue
		}
		g := float64(n&0x1ff) / 10
		if n&0x200 != 0 {
			g = -g
		}
		*to = &g
	}
}
