package audio

import (
	"bytes"
	"encoding/binary"
)

// wavpack reads WavPack 4 and 5: lossless, hybrid, float and DSD
// (https://www.wavpack.com/WavPack5FileFormat.pdf).
var wavpack = &container{name: "wavpack", version: 1, read: readWavPack, sniff: func(head []byte) bool {
	_, ok := parseWavBlock(head)
	return ok
}}

const (
	wavBlockHeader = 32
	wavSubBlocks   = 200       // of one block that are looked at
	wavSearch      = 512 << 10 // how far from the end a last block is looked for
)

// wavBlock is the header of one block.
type wavBlock struct {
	size         int64 // of the block, header included
	total, index int64 // sample frames of the file, -1 when unknown; before this block
	samples      int64 // sample frames in this block
	flags        uint32
}

const (
	wavMono    = 1 << 2
	wavFloat   = 1 << 7
	wavInitial = 1 << 11 // the first of the blocks of one moment
	wavFinal   = 1 << 12 // the last of them
	wavDSD     = 1 << 31
)

var wavRates = [16]int{6000, 8000, 9600, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000, 192000, 0}

// parseWavBlock reads the header of a block.
func parseWavBlock(b []byte) (h wavBlock, ok bool) {
	if len(b) < wavBlockHeader || string(b[:4]) != "wvpk" {
		return h, false
	}
	if version := binary.LittleEndian.Uint16(b[8:]); version < 0x402 || version > 0x410 {
		return h, false
	}
	h.size = int64(binary.LittleEndian.Uint32(b[4:])) + 8
	h.index = int64(binary.LittleEndian.Uint32(b[16:])) | int64(b[10])<<32
	h.samples, h.flags = int64(binary.LittleEndian.Uint32(b[20:])), binary.LittleEndian.Uint32(b[24:])
	h.total = -1
	if low := binary.LittleEndian.Uint32(b[12:]); low != 0xffffffff {
		h.total = int64(low) + int64(b[11])<<32 - int64(b[11])
	}
	return h, h.size >= wavBlockHeader && h.size <= 1<<26
}

// readWavPack reads the first block with sound and the tags behind the last.
func readWavPack(s *Source, start int64, f *File, v values) error {
	end, err := trailers(s, start, f, v)
	if err != nil {
		return err
	}
	f.Codec = "wavpack"
	var h wavBlock
	pos := start
	for range 16 { // blocks without sound may come first
		b, err := s.Upto(pos, wavBlockHeader, 2*window)
		if err != nil {
			return err
		}
		var ok bool
		if h, ok = parseWavBlock(b); !ok || h.samples > 0 {
			break
		}
		pos += h.size
	}
	if h.samples == 0 {
		f.warn("no block with sound")
		return payload(s, f, "wavpack-1", start, end-start)
	}
	rate, times := int64(wavRates[h.flags>>23&15]), int64(1)
	f.Channels = 2
	if h.flags&wavMono != 0 {
		f.Channels = 1
	}
	f.BitDepth = (int(h.flags&3)+1)*8 - int(h.flags>>13&31)
	switch {
	case h.flags&wavDSD != 0:
		f.BitDepth = 1
	case h.flags&wavFloat != 0:
		f.BitDepth = 32
	}
	err = wavSubs(s, pos+wavBlockHeader, min(pos+h.size, end), func(id byte, b []byte) {
		switch {
		case id == 0x0d && len(b) >= 1 && h.flags&(wavInitial|wavFinal) != wavInitial|wavFinal:
			f.Channels = int(b[0])
			if len(b) >= 6 {
				f.Channels = int(b[0]) | int(b[2]&0xf)<<8 + 1
			}
		case id == 0x0e && len(b) >= 1 && h.flags&wavDSD != 0 && b[0] < 20:
			times = 8 << b[0] // eight samples a byte
		case id == 0x27 && len(b) >= 3:
			rate = int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16
			if len(b) >= 4 {
				rate |= int64(b[3]&0x7f) << 24
			}
		}
	})
	if err != nil {
		return err
	}
	f.SampleRate = int(min(rate*times, 1<<31-1))
	samples := h.total
	if samples < 0 {
		if samples, err = wavLast(s, pos, end); err != nil {
			return err
		}
		samples -= h.index
	}
	if h.flags&wavDSD != 0 {
		samples *= 8
	}
	length(f, samples, int64(f.SampleRate), end-start)
	return payload(s, f, "wavpack-1", start, end-start)
}

// wavSubs calls each with the small sub-blocks from pos to end.
func wavSubs(s *Source, pos, end int64, each func(id byte, b []byte)) error {
	for range wavSubBlocks {
		b, err := s.Upto(pos, int(min(4, end-pos)), 2*window)
		if err != nil || len(b) < 4 {
			return s.Err()
		}
		id, size, head := b[0], int64(b[1])*2, int64(2)
		if id&0x80 != 0 {
			size, head = (int64(b[1])|int64(b[2])<<8|int64(b[3])<<16)*2, 4
		}
		pos += head
		if size > end-pos {
			return nil
		}
		want := size
		if id&0x40 != 0 && size > 0 {
			want-- // the last byte is padding
		}
		// A block of DSD is large: its first bytes are enough.
		if b, err = s.Upto(pos, int(min(want, 64)), 2*window); err != nil {
			return s.Err()
		}
		each(id&0x3f, b)
		pos += size
	}
	return nil
}

// wavLast returns how many sample frames the blocks count at the end: by the
// last block whose header is found there. 0 when none is.
func wavLast(s *Source, start, end int64) (int64, error) {
	for look := int64(tailSize); ; look *= 4 {
		from := max(end-look, start)
		b, err := s.Upto(from, int(end-from), nearSize)
		if err != nil {
			return 0, soft(s, &File{}, err)
		}
		for i := bytes.LastIndex(b, []byte("wvpk")); i >= 0; i = bytes.LastIndex(b[:i], []byte("wvpk")) {
			if h, ok := parseWavBlock(b[i:]); ok && h.samples > 0 && h.size <= end-from-int64(i) {
				return h.index + h.samples, nil
			}
		}
		if from == start || look >= wavSearch {
			return 0, nil
		}
	}
}
