package audio

import "encoding/binary"

// monkey reads Monkey's Audio, with the header of version 3.98 and with the
// older one (https://www.monkeysaudio.com/developers.html; the fields are
// those of APE_DESCRIPTOR, APE_HEADER and APE_HEADER_OLD of its SDK).
var monkey = &container{name: "ape", version: 1, read: readMonkey, sniff: func(head []byte) bool {
	if len(head) < 32 || string(head[:3]) != "MAC" || head[3] != ' ' && head[3] != 'F' {
		return false
	}
	version := binary.LittleEndian.Uint16(head[4:])
	return version >= 3000 && version < 20000
}}

const (
	monkeyDescriptor = 52 // bytes of the descriptor that newer files begin with
	monkeyHeader     = 24 // bytes of the header behind it that we know
)

// monkeyInfo is what both headers say.
type monkeyInfo struct {
	rate, blocks       int64 // sample frames a second, and of the whole
	channels, bits     int
	payload, frameSize int64 // where the frames begin; their bytes, 0 when unknown
}

// readMonkey reads the header and the tags behind the frames.
func readMonkey(s *Source, start int64, f *File, v values) error {
	end, err := trailers(s, start, f, v)
	if err != nil {
		return err
	}
	f.Codec = "ape"
	b, err := s.Upto(start, 128, 2*window)
	if err != nil {
		return err
	}
	var m monkeyInfo
	ok := false
	if len(b) > 6 && binary.LittleEndian.Uint16(b[4:]) >= 3980 {
		ok = m.parse(s, start)
	} else {
		ok = m.parseOld(b)
	}
	if !ok {
		f.warn("the header of the Monkey's Audio file is damaged")
		return s.Err()
	}
	f.SampleRate, f.Channels, f.BitDepth = int(m.rate), m.channels, m.bits
	from := min(start+m.payload, end)
	size := end - from
	if m.frameSize > size {
		f.warn("of %d bytes of sound %d are there", m.frameSize, size)
	} else if m.frameSize > 0 {
		size = m.frameSize
	}
	length(f, m.blocks, m.rate, size)
	return payload(s, f, "ape-1", from, size)
}

// parse reads the descriptor and the header of version 3.98 and later.
func (m *monkeyInfo) parse(s *Source, start int64) bool {
	b, err := s.Upto(start, monkeyDescriptor, 2*window)
	if err != nil || len(b) < monkeyDescriptor {
		return false
	}
	descriptor, header := int64(binary.LittleEndian.Uint32(b[8:])), int64(binary.LittleEndian.Uint32(b[12:]))
	if descriptor < monkeyDescriptor || descriptor > 1<<16 || header < monkeyHeader || header > 1<<16 {
		return false
	}
	m.payload = descriptor + header + int64(binary.LittleEndian.Uint32(b[16:])) + int64(binary.LittleEndian.Uint32(b[20:]))
	m.frameSize = int64(binary.LittleEndian.Uint32(b[24:])) | int64(binary.LittleEndian.Uint32(b[28:])&0x7fffffff)<<32
	b, err = s.Upto(start+descriptor, monkeyHeader, 2*window)
	if err != nil || len(b) < monkeyHeader {
		return false
	}
	m.blocks = monkeyBlocks(int64(binary.LittleEndian.Uint32(b[4:])), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:]))
	m.bits, m.channels = int(binary.LittleEndian.Uint16(b[16:])), int(binary.LittleEndian.Uint16(b[18:]))
	m.rate = int64(binary.LittleEndian.Uint32(b[20:]))
	return true
}

// parseOld reads the header that files had before version 3.98.
func (m *monkeyInfo) parseOld(b []byte) bool {
	if len(b) < 40 {
		return false
	}
	version, level, flags := binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:]), binary.LittleEndian.Uint16(b[8:])
	m.channels, m.rate = int(binary.LittleEndian.Uint16(b[10:])), int64(binary.LittleEndian.Uint32(b[12:]))
	switch {
	case flags&1 != 0:
		m.bits = 8
	case flags&8 != 0:
		m.bits = 24
	default:
		m.bits = 16
	}
	perFrame := int64(9216)
	switch {
	case version >= 3950:
		perFrame = 4 * 73728
	case version >= 3900, version >= 3800 && level >= 4000:
		perFrame = 73728
	}
	frames := binary.LittleEndian.Uint32(b[24:])
	m.blocks = monkeyBlocks(perFrame, binary.LittleEndian.Uint32(b[28:]), frames)
	m.payload = 32
	if flags&4 != 0 {
		m.payload += 4 // the peak
	}
	seek := int64(frames)
	if flags&16 != 0 {
		seek = int64(binary.LittleEndian.Uint32(b[m.payload:]))
		m.payload += 4
	}
	if flags&32 == 0 {
		m.payload += int64(binary.LittleEndian.Uint32(b[16:])) // the WAVE header
	}
	m.payload += 4 * seek
	return true
}

// monkeyBlocks returns the sample frames of so many frames.
func monkeyBlocks(perFrame int64, last, frames uint32) int64 {
	if frames == 0 {
		return 0
	}
	return int64(frames-1)*perFrame + int64(last)
}
