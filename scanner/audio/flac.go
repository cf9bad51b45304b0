package audio

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/bits"

	"github.com/songlocker/songlocker/models"
)

// flac reads native FLAC (RFC 9639).
var flac = &container{name: "flac", version: 2, read: readFLAC, sniff: func(head []byte) bool {
	return len(head) >= 4 && string(head[:4]) == "fLaC"
}}

// The metadata blocks of FLAC that are looked at (RFC 9639, section 8.1).
const (
	flacStreamInfo = 0
	flacComment    = 4
	flacCueSheet   = 5
	flacPicture    = 6

	maxFLACBlocks = 500
	maxFLACSheet  = 128 << 10 // bytes of a block with 99 tracks
)

// streamInfo is what the STREAMINFO block says (RFC 9639, section 8.2).
type streamInfo struct {
	block   int // sample frames of a block, when they are all alike
	rate    int64
	samples int64 // 0 when unknown
	md5     string
}

// parseStreamInfo reads the 34 bytes of the block into f too.
func parseStreamInfo(b []byte, f *File) (si streamInfo, ok bool) {
	if len(b) < 34 {
		return si, false
	}
	x := binary.BigEndian.Uint64(b[10:])
	si.block = int(binary.BigEndian.Uint16(b))
	si.rate = int64(x >> 44)
	si.samples = int64(x & (1<<36 - 1))
	for _, c := range b[18:34] {
		if c != 0 {
			si.md5 = hex.EncodeToString(b[18:34])
			break
		}
	}
	f.Codec, f.SampleRate = "flac", int(si.rate)
	f.Channels, f.BitDepth = int(x>>41&7)+1, int(x>>36&31)+1
	return si, true
}

// readFLAC reads the metadata blocks. Pictures are passed over by their
// lengths, and where STREAMINFO has the sound's MD5 the sound is not touched.
func readFLAC(s *Source, start int64, f *File, v values) error {
	var si streamInfo
	var info []byte
	known := false
	pos := start + 4
	for range maxFLACBlocks {
		h, err := s.Upto(pos, 4, window)
		if err != nil {
			return err
		}
		if len(h) < 4 {
			f.warn("the metadata ends early")
			break
		}
		if h[0] == 0xff && h[1]&0xfc == 0xf8 {
			f.warn("no metadata block is marked as the last")
			break
		}
		kind, last := h[0]&0x7f, h[0]&0x80 != 0
		n := int64(h[1])<<16 | int64(h[2])<<8 | int64(h[3])
		pos += 4
		if left := s.Size() - pos; n > left {
			f.warn("a metadata block claims %d bytes where %d are left", n, left)
			n = max(left, 0)
		}
		switch kind {
		case flacStreamInfo:
			b, err := s.Upto(pos, int(min(n, 34)), window)
			if err != nil {
				return err
			}
			if known {
				break
			}
			if si, known = parseStreamInfo(b, f); !known {
				f.warn("the STREAMINFO block is too short")
			}
			info = bytes.Clone(b)
		case flacComment:
			in := &flatReader{s, pos, pos + n}
			if err := vorbisComments(in, f, v); err != nil {
				if err := soft(s, f, err); err != nil {
					return err
				}
			}
		case flacCueSheet:
			b, err := s.Upto(pos, int(min(n, maxFLACSheet)), window)
			if err != nil {
				return err
			}
			f.Sheet = flacSheet(b, si.rate)
		case flacPicture:
			if n, err = flacPictureBlock(s, f, pos, n); err != nil {
				return err
			}
		}
		pos += n
		if last {
			break
		}
	}
	if !known {
		f.warn("no STREAMINFO block")
	}
	end := s.Size()
	if si.md5 == "" || len(v) == 0 || si.samples == 0 {
		var err error
		if end, err = trailers(s, min(pos, end), f, v); err != nil {
			return err
		}
	}
	if end <= pos {
		f.warn("no sound")
	}
	if si.samples == 0 && known {
		if si.samples = lastFLACFrame(s, pos, end, si); si.samples == 0 {
			f.warn("the length is unknown")
		}
	}
	length(f, si.samples, si.rate, max(end-pos, 0))
	if known {
		f.cut = cutFLAC(info, pos, si.samples)
	}
	return flacIdentity(s, f, si, pos, end)
}

// flacIdentity names the sound by the MD5 of its samples, or, where the
// encoder left that out, by windows of the frames.
func flacIdentity(s *Source, f *File, si streamInfo, pos, end int64) error {
	if si.md5 != "" {
		f.Identity = "flac-1-" + si.md5
		return nil
	}
	if end <= pos {
		return nil
	}
	var err error
	f.Identity, err = windows(s, "flac-frames-1", pos, end-pos)
	return err
}

// flacPictureBlock notes where the picture of a block of n bytes lies. It
// returns the bytes that the block really has: a picture of 16 MiB and more
// overflows the 24 bits of the block's length.
func flacPictureBlock(s *Source, f *File, pos, n int64) (int64, error) {
	b, err := s.Upto(pos, int(min(n, commentPeek)), window)
	if err != nil {
		return n, err
	}
	h, ok := pictureBlock(b)
	if ok && h.size == 0 && int64(len(b)) < n {
		// A long description stands before the numbers.
		at := pos + 8 + int64(binary.BigEndian.Uint32(b[4:]))
		d, err := s.Upto(at, 4, window)
		if err != nil || len(d) < 4 {
			return n, s.Err()
		}
		at += 4 + int64(binary.BigEndian.Uint32(d)) + 16
		if at+4 <= pos+n {
			if d, err = s.Upto(at, 4, window); err != nil || len(d) < 4 {
				return n, s.Err()
			}
			h.size, h.data = int(at+4-pos), int64(binary.BigEndian.Uint32(d))
		}
	}
	if !ok || h.size == 0 || int64(h.size) > n {
		f.warn("a picture block of %d bytes is damaged", n)
		return n, nil
	}
	if whole := int64(h.size) + h.data; whole > n {
		if whole&(1<<24-1) != n || whole > s.Size()-pos {
			f.warn("a picture claims %d bytes where %d are left", h.data, n-int64(h.size))
			return n, nil
		}
		n = whole
	}
	if h.data > 0 && h.mime != "-->" && len(f.Pictures) < maxPictures {
		f.Pictures = append(f.Pictures, models.PictureRef{Type: h.kind, MIME: h.mime, Offset: pos + int64(h.size), Length: h.data})
	}
	return n, nil
}

// lastFLACFrame returns the sample frames up to the end of the last frame
// that can be found, for streams whose encoder did not know (RFC 9639,
// section 9.1); 0 when there is none.
func lastFLACFrame(s *Source, pos, end int64, si streamInfo) int64 {
	for _, n := range []int64{window, 4 * window, 16 * window} {
		from := max(end-n, pos)
		b, err := s.Upto(from, int(end-from), nearSize)
		if err != nil {
			return 0
		}
		for i := len(b) - 6; i >= 0; i-- {
			if b[i] == 0xff && b[i+1]&0xfe == 0xf8 {
				if n, ok := flacFrameEnd(b[i:], si); ok {
					return n
				}
			}
		}
		if from == pos {
			break
		}
	}
	return 0
}

// flacFrameEnd returns the number of the first sample frame behind the frame
// whose header begins b.
func flacFrameEnd(b []byte, si streamInfo) (int64, bool) {
	if len(b) < 6 || b[3]&1 != 0 || b[2]>>4 == 0 || b[2]&15 == 15 || b[3]>>4 > 10 {
		return 0, false
	}
	// The number is coded as UTF-8 codes characters, with up to 7 bytes.
	i, n := 5, int64(b[4])
	if more := bits.LeadingZeros8(^b[4]); more > 0 {
		if more == 1 || more == 8 || len(b) < 4+more {
			return 0, false
		}
		n = int64(b[4]) & (1<<(7-more) - 1)
		for ; i < 4+more; i++ {
			if b[i]&0xc0 != 0x80 {
				return 0, false
			}
			n = n<<6 | int64(b[i]&0x3f)
		}
	}
	number := func(size int) (x int64) {
		for ; size > 0 && i < len(b); size-- {
			x = x<<8 | int64(b[i])
			i++
		}
		return x
	}
	var block int64
	switch c := b[2] >> 4; {
	case c == 1:
		block = 192
	case c <= 5:
		block = 576 << (c - 2)
	case c == 6:
		block = number(1) + 1
	case c == 7:
		block = number(2) + 1
	default:
		block = 256 << (c - 8)
	}
	switch b[2] & 15 {
	case 12:
		number(1)
	case 13, 14:
		number(2)
	}
	if i >= len(b) || crc8(b[:i]) != b[i] {
		return 0, false
	}
	if b[1]&1 != 0 {
		return n + block, true
	}
	return n*int64(si.block) + block, true
}

// crc8 is the checksum of a frame header (RFC 9639, section 9.1.8).
func crc8(b []byte) (crc byte) {
	for _, c := range b {
		crc ^= c
		for range 8 {
			if crc&0x80 != 0 {
				crc = crc<<1 ^ 7
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// flatReader reads a comment header that lies in one piece.
type flatReader struct {
	s        *Source
	pos, end int64
}

func (r *flatReader) left() int64 { return r.end - r.pos }

func (r *flatReader) here() place { return place{off: r.pos} }

func (r *flatReader) take(n int) ([]byte, error) {
	if int64(n) > r.left() {
		return nil, errPacket
	}
	b, err := r.s.Ahead(r.pos, n, window)
	r.pos += int64(n)
	return b, err
}

func (r *flatReader) skip(n int64) error {
	if n > r.left() {
		return errPacket
	}
	r.pos += n
	return nil
}
