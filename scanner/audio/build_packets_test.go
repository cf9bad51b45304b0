package audio

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
)

// comments returns a comment header of these texts without framing bit.
func comments(texts ...string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 6)
	b = append(b, "vendor"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(texts)))
	for _, s := range texts {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	return b
}

// pictureOf returns the body of a FLAC picture block.
func pictureOf(kind int, picture []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(kind))
	b = append(append(b, 0, 0, 0, 10), "image/jpeg"...)
	b = append(append(b, 0, 0, 0, 5), "cover"...)
	b = append(b, make([]byte, 16)...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(picture))), picture...)
}

// pictureComment returns a comment that holds a picture.
func pictureComment(picture []byte) string {
	return "METADATA_BLOCK_PICTURE=" + base64.StdEncoding.EncodeToString(pictureOf(3, picture))
}

// streamInfoOf returns a STREAMINFO body: 44.1 kHz, 2 channels, 16 bits.
func streamInfoOf(samples int64, md5 byte) []byte {
	b := []byte{0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0}
	b = binary.BigEndian.AppendUint64(b, 44100<<44|1<<41|15<<36|uint64(samples))
	return append(b, bytes.Repeat([]byte{md5}, 16)...)
}

// flacBlock is one metadata block, not the last.
func flacBlock(kind byte, body []byte) []byte {
	return append([]byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

// flacFile returns a FLAC file; the last block is marked.
func flacFile(sound []byte, blocks ...[]byte) []byte {
	last := slices.Clone(blocks[len(blocks)-1])
	last[0] |= 0x80
	return slices.Concat([]byte("fLaC"), slices.Concat(blocks[:len(blocks)-1]...), last, sound)
}

// packet is one packet of an Ogg stream; granule is the position at its end.
type packet struct {
	b       []byte
	granule int64
	flush   bool // the page ends with it
}

// oggMux writes packets into pages of at most segments segments.
func oggMux(serial uint32, segments int, packets ...packet) []byte {
	var out, lacing, body []byte
	granule, number, inside := int64(-1), uint32(0), false
	page := func(last, continued bool) {
		flags := byte(0)
		if number == 0 {
			flags |= oggFirst
		}
		if inside {
			flags |= oggContinued
		}
		if last {
			flags |= oggLast
		}
		h := binary.LittleEndian.AppendUint64([]byte{'O', 'g', 'g', 'S', 0, flags}, uint64(granule))
		h = binary.LittleEndian.AppendUint32(h, serial)
		h = binary.LittleEndian.AppendUint32(h, number)
		h = append(append(h, 0, 0, 0, 0, byte(len(lacing))), lacing...)
		h = append(h, body...)
		var crc uint32
		for _, c := range h {
			crc = crc<<8 ^ oggCRC[byte(crc>>24)^c]
		}
		binary.LittleEndian.PutUint32(h[22:], crc)
		out = append(out, h...)
		lacing, body, granule, inside = nil, nil, -1, continued
		number++
	}
	for i, p := range packets {
		b := p.b
		for {
			n := min(len(b), 255)
			lacing, body = append(lacing, byte(n)), append(body, b[:n]...)
			b = b[n:]
			if n < 255 {
				break
			}
			if len(lacing) == segments {
				page(false, true)
			}
		}
		granule = p.granule
		if p.flush || len(lacing) == segments || i == len(packets)-1 {
			page(i == len(packets)-1, false)
		}
	}
	return out
}

// opusHead returns an identification header: 2 channels, a pre-skip of 312.
func opusHead(gain int16) []byte {
	b := append([]byte("OpusHead"), 1, 2, 0x38, 1, 0x80, 0xbb, 0, 0)
	return append(binary.LittleEndian.AppendUint16(b, uint16(gain)), 0)
}

// opusFile returns n packets of 20 ms and about 300 bytes.
func opusFile(seed uint64, segments, n int, gain int16, texts ...string) []byte {
	list := []packet{{opusHead(gain), 0, true}, {append([]byte("OpusTags"), comments(texts...)...), 0, true}}
	for i := range n {
		b := noise(seed+uint64(i), 290+i%20)
		b[0] = 0xfc // 20 ms, one frame
		list = append(list, packet{b, int64(i+1) * 960, i%50 == 49})
	}
	list[len(list)-1].granule -= 100
	return oggMux(7, segments, list...)
}

// vorbisFile returns n packets of about 400 bytes behind a setup header of 4 KB.
func vorbisFile(seed uint64, segments, n int, texts ...string) []byte {
	id := append([]byte("\x01vorbis"), 0, 0, 0, 0, 2, 0x44, 0xac, 0, 0, 0, 0, 0, 0, 0, 0xf4, 1, 0, 0, 0, 0, 0, 0xb8, 1)
	setup := append([]byte("\x05vorbis"), noise(5, 4000)...)
	list := []packet{{id, 0, true}, {append(append([]byte("\x03vorbis"), comments(texts...)...), 1), 0, false}, {setup, 0, true}}
	for i := range n {
		list = append(list, packet{noise(seed+uint64(i), 390+i%20), int64(i+1) * 1024, false})
	}
	return oggMux(8, segments, list...)
}

// speexFile returns 500 packets of 20 ms at 16 kHz.
func speexFile(seed uint64, texts ...string) []byte {
	head := append([]byte("Speex   1.2"), make([]byte, 69)...)
	binary.LittleEndian.PutUint32(head[36:], 16000)
	binary.LittleEndian.PutUint32(head[48:], 1)
	list := []packet{{head, 0, true}, {comments(texts...), 0, true}}
	for i := range 500 {
		list = append(list, packet{noise(seed+uint64(i), 100), int64(i+1) * 320, false})
	}
	return oggMux(9, 255, list...)
}

// oggFLAC returns 300 frames of FLAC of 4,096 samples; md5 0 is unknown.
func oggFLAC(seed uint64, md5 byte, picture []byte, texts ...string) []byte {
	head := append([]byte("\x7fFLAC\x01\x00\x00\x02fLaC"), flacBlock(0, streamInfoOf(300*4096, md5))...)
	comment := flacBlock(4, comments(texts...))
	list := []packet{{head, 0, true}}
	if picture == nil {
		comment[0] |= 0x80
		list = append(list, packet{comment, 0, true})
	} else {
		last := flacBlock(6, pictureOf(3, picture))
		last[0] |= 0x80
		list = append(list, packet{comment, 0, true}, packet{last, 0, true})
	}
	for i := range 300 {
		list = append(list, packet{append([]byte{0xff, 0xf8}, noise(seed+uint64(i), 900)...), int64(i+1) * 4096, false})
	}
	return oggMux(10, 255, list...)
}

// atom is a box of the bodies.
func atom(kind string, bodies ...[]byte) []byte {
	body := slices.Concat(bodies...)
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

// item is an ilst item with one data atom for each payload.
func item(kind string, typ byte, payloads ...[]byte) []byte {
	var data [][]byte
	for _, p := range payloads {
		data = append(data, atom("data", []byte{0, 0, 0, typ, 0, 0, 0, 0}, p))
	}
	return atom(kind, data...)
}

// freeItem is a "----" item.
func freeItem(name string, texts ...string) []byte {
	parts := [][]byte{atom("mean", []byte("\x00\x00\x00\x00com.apple.iTunes")), atom("name", []byte("\x00\x00\x00\x00"+name))}
	for _, s := range texts {
		parts = append(parts, atom("data", []byte{0, 0, 0, 1, 0, 0, 0, 0}, []byte(s)))
	}
	return atom("----", parts...)
}

// moovBox returns the moov box of an AAC track of 44.1 kHz and this many
// seconds, whose sample table takes table bytes.
func moovBox(seconds, table int, items ...[]byte) []byte {
	u32 := binary.BigEndian.AppendUint32
	header := func(scale, n uint32, more int) []byte {
		return append(u32(u32(make([]byte, 12), scale), n), make([]byte, more)...)
	}
	config := []byte{0x12, 0x10} // AAC LC, 44.1 kHz, 2 channels
	specific := append([]byte{5, 2}, config...)
	decoder := append([]byte{4, byte(13 + len(specific)), 0x40, 0x15, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0xf4, 0}, specific...)
	esds := append([]byte{0, 0, 0, 0, 3, byte(3 + len(decoder)), 0, 1, 0}, decoder...)
	entry := append(make([]byte, 7), 1)
	entry = append(entry, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 0, 0xac, 0x44, 0, 0)
	stsd := atom("stsd", []byte{0, 0, 0, 0, 0, 0, 0, 1}, atom("mp4a", entry, atom("esds", esds)))
	stbl := atom("stbl", stsd, atom("stsz", make([]byte, table)))
	mdia := atom("mdia", atom("mdhd", header(44100, uint32(44100*seconds), 4)), atom("hdlr", []byte("\x00\x00\x00\x00\x00\x00\x00\x00soun"), make([]byte, 12)), atom("minf", stbl))
	meta := atom("meta", make([]byte, 4), atom("hdlr", make([]byte, 25)), atom("ilst", items...))
	return atom("moov", atom("mvhd", header(1000, uint32(1000*seconds), 80)), atom("trak", atom("tkhd", make([]byte, 84)), mdia), atom("udta", meta))
}

var ftyp = atom("ftyp", []byte("M4A \x00\x00\x00\x00M4A mp42isom"))

// mdat64 is an mdat box with a size of 64 bits.
func mdat64(sound []byte) []byte {
	return append(binary.BigEndian.AppendUint64([]byte("\x00\x00\x00\x01mdat"), uint64(len(sound)+16)), sound...)
}

// text is a value of n bytes.
func text(n int) string { return strings.Repeat("x", n) }
