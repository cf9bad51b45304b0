package audio

import (
	"encoding/binary"
	"math"
)

// mp4Codecs names the sample entries of sound.
var mp4Codecs = map[string]string{
	"mp4a": "aac", "drms": "aac", "enca": "aac", "alac": "alac", "Opus": "opus", "fLaC": "flac",
	"ac-3": "ac3", "ec-3": "eac3", "ac-4": "ac4", ".mp3": "mp3", "ms\x00\x55": "mp3", "samr": "amr", "sawb": "amr-wb",
	"dtsc": "dts", "dtsh": "dts", "dtsl": "dts", "dtse": "dts",
	"lpcm": "pcm", "ipcm": "pcm", "fpcm": "pcm", "sowt": "pcm", "twos": "pcm", "raw ": "pcm", "NONE": "pcm",
	"in24": "pcm", "in32": "pcm", "fl32": "pcm", "fl64": "pcm",
	"alaw": "alaw", "ulaw": "mulaw", "ima4": "adpcm",
}

// mp4Objects names the object types of esds boxes
// (https://mp4ra.org/registered-types/object-types).
var mp4Objects = map[byte]string{
	0x40: "aac", 0x66: "aac", 0x67: "aac", 0x68: "aac", 0x69: "mp3", 0x6b: "mp3",
	0xa5: "ac3", 0xa6: "eac3", 0xa9: "dts", 0xad: "opus", 0xdd: "vorbis",
}

// smallBoxes calls do with the kind and the body of each box in b.
func smallBoxes(b []byte, do func(kind string, body []byte)) {
	for len(b) >= 8 {
		n := int64(binary.BigEndian.Uint32(b))
		if n < 8 || n > int64(len(b)) {
			return
		}
		do(string(b[4:8]), b[8:n])
		b = b[n:]
	}
}

// entry reads the first sample entry of an stsd box (ISO/IEC 14496-12,
// section 12.2.3; QuickTime, sound sample descriptions of version 0 to 2).
func (t *mp4Track) entry(b []byte) {
	if len(b) < 16 {
		return
	}
	b = b[8:]
	n := int64(binary.BigEndian.Uint32(b))
	if n >= 8 && n < int64(len(b)) {
		b = b[:n]
	}
	t.codec = string(b[4:8])
	if t.handler != "soun" && mp4Codecs[t.codec] == "" {
		return
	}
	if t.codec = mp4Codecs[t.codec]; t.codec == "" {
		t.codec = clean(latin1(b[4:8]))
	}
	if len(b) < 36 {
		return
	}
	version := binary.BigEndian.Uint16(b[16:])
	t.channels, t.depth = int(binary.BigEndian.Uint16(b[24:])), int(binary.BigEndian.Uint16(b[26:]))
	t.rate = int64(binary.BigEndian.Uint32(b[32:]) >> 16)
	at := 36
	switch {
	case version == 1:
		at = 52
	case version == 2 && len(b) >= 72:
		if rate := math.Float64frombits(binary.BigEndian.Uint64(b[40:])); rate > 0 && rate < 1<<24 {
			t.rate = int64(rate)
		}
		t.channels = int(min(binary.BigEndian.Uint32(b[48:]), 255))
		t.depth = int(min(binary.BigEndian.Uint32(b[56:]), 64))
		at = 72
	}
	if t.codec != "pcm" {
		t.depth = 0
	}
	if at < len(b) {
		smallBoxes(b[at:], t.special)
	}
}

// special reads a box that a codec puts into its sample entry.
func (t *mp4Track) special(kind string, b []byte) {
	switch kind {
	case "wave": // QuickTime's container of the others
		smallBoxes(b, t.special)
	case "esds":
		if len(b) > 4 {
			t.descriptors(b[4:], 0)
		}
	case "alac": // the magic cookie: ALACSpecificConfig
		if len(b) < 28 {
			return
		}
		b = b[4:]
		t.depth, t.channels = int(b[5]), int(b[9])
		t.avg, t.rate = int64(binary.BigEndian.Uint32(b[16:])), int64(binary.BigEndian.Uint32(b[20:]))
	case "dOps": // Encapsulation of Opus in ISO Base Media File Format, section 4.3.2
		if len(b) >= 11 {
			t.channels, t.preskip, t.rate = int(b[1]), int64(binary.BigEndian.Uint16(b[2:])), 48000
		}
	case "dfLa": // Encapsulation of FLAC in ISO Base Media File Format, section 3.3.2
		if len(b) < 8 {
			return
		}
		f := &File{}
		if si, ok := parseStreamInfo(b[8:], f); ok && b[4]&0x7f == flacStreamInfo {
			t.rate, t.depth, t.channels, t.md5 = si.rate, f.BitDepth, f.Channels, si.md5
		}
	case "dac3": // ETSI TS 102 366, annex F.4
		if len(b) >= 3 {
			x := uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2])
			t.channels = []int{2, 1, 2, 3, 3, 4, 4, 5}[x>>11&7] + int(x>>10&1)
			if rates := []int64{48000, 44100, 32000, 0}; rates[x>>22] > 0 {
				t.rate = rates[x>>22]
			}
		}
	}
}

// descriptors reads an elementary stream descriptor (ISO/IEC 14496-1,
// section 7.2.6).
func (t *mp4Track) descriptors(b []byte, depth int) {
	for len(b) >= 2 && depth < 4 {
		tag, n, i := b[0], 0, 1
		for ; i < len(b) && i <= 4; i++ {
			n = n<<7 | int(b[i]&0x7f)
			if b[i]&0x80 == 0 {
				i++
				break
			}
		}
		b = b[min(i, len(b)):]
		body := b[:min(n, len(b))]
		b = b[len(body):]
		switch tag {
		case 3: // ES_Descriptor
			if len(body) < 3 {
				return
			}
			flags := body[2]
			at := 3
			if flags&0x80 != 0 {
				at += 2
			}
			if flags&0x40 != 0 && at < len(body) {
				at += 1 + int(body[at])
			}
			if flags&0x20 != 0 {
				at += 2
			}
			if at < len(body) {
				t.descriptors(body[at:], depth+1)
			}
		case 4: // DecoderConfigDescriptor
			if len(body) < 13 {
				return
			}
			if codec := mp4Objects[body[0]]; codec != "" {
				t.codec = codec
			}
			t.avg = int64(binary.BigEndian.Uint32(body[9:]))
			t.descriptors(body[13:], depth+1)
		case 5: // DecoderSpecificInfo
			if t.codec == "aac" {
				t.aac(body)
			}
		}
	}
}

// aacRates are the sampling frequencies by index (ISO/IEC 14496-3, table 1.18).
var aacRates = []int64{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

// bitReader reads bits, zeros behind the end.
type bitReader struct {
	b   []byte
	pos int
}

func (r *bitReader) bits(n int) (x int) {
	for ; n > 0; n-- {
		x <<= 1
		if r.pos < 8*len(r.b) {
			x |= int(r.b[r.pos/8]>>(7-r.pos%8)) & 1
		}
		r.pos++
	}
	return x
}

func (r *bitReader) left() int { return 8*len(r.b) - r.pos }

// aac reads an AudioSpecificConfig (ISO/IEC 14496-3, section 1.6.2.1). The
// rate is that of the output, spectral band replication included.
func (t *mp4Track) aac(b []byte) {
	if len(b) < 2 {
		return
	}
	r := &bitReader{b: b}
	object := func() int {
		if x := r.bits(5); x != 31 {
			return x
		}
		return 32 + r.bits(6)
	}
	rate := func() int64 {
		i := r.bits(4)
		if i == 15 {
			return int64(r.bits(24))
		}
		if i < len(aacRates) {
			return aacRates[i]
		}
		return 0
	}
	kind := object()
	hz, layout := rate(), r.bits(4)
	channels := layout
	if layout == 7 {
		channels = 8
	}
	stereo := kind == 29
	if kind == 5 || kind == 29 {
		if out := rate(); out > 0 {
			hz = out
		}
	} else if kind == 2 && r.left() >= 3+16 {
		// Backward compatible signalling behind the GASpecificConfig.
		r.bits(1)
		if r.bits(1) == 1 {
			r.bits(14)
		}
		r.bits(1)
		if layout != 0 && r.bits(11) == 0x2b7 && object() == 5 && r.bits(1) == 1 {
			if out := rate(); out > 0 {
				hz = out
			}
			stereo = r.left() >= 12 && r.bits(11) == 0x548 && r.bits(1) == 1
		}
	}
	if hz > 0 {
		t.rate = hz
	}
	if channels > 0 && channels <= 8 {
		t.channels = channels
	}
	if stereo && t.channels == 1 {
		t.channels = 2 // parametric stereo
	}
}
