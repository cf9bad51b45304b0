package audio

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// noise returns n bytes without 0xFF, the same for the same seed.
func noise(seed uint64, n int) []byte {
	r, b := rand.New(rand.NewPCG(seed, 1)), make([]byte, n)
	for i := range b {
		b[i] = byte(r.UintN(255))
	}
	return b
}

// jpeg returns n bytes that look like a picture and are full of what
// unsynchronisation must stuff.
func jpeg(n int) []byte {
	b := append([]byte{0xff, 0xd8, 0xff, 0xe0}, noise(99, n-4)...)
	for i := 100; i+1 < len(b); i += 97 {
		b[i], b[i+1] = 0xff, byte(i%3)*0xe0
	}
	return b
}

// mp3Sound returns n MPEG-1 layer III frames of 128 kbit/s at 44.1 kHz, 417
// bytes and 1,152 samples each.
func mp3Sound(seed uint64, n int) []byte {
	var b []byte
	for i := range n {
		b = append(b, 0xff, 0xfb, 0x90, 0x64)
		b = append(b, noise(seed+uint64(i), 413)...)
	}
	return b
}

// xing returns a frame that holds a Xing header for n frames and a LAME header
// with a delay of 576 and a padding of 1,000.
func xing(n int) []byte {
	b := make([]byte, 417)
	copy(b, "\xff\xfb\x90\x64")
	copy(b[36:], "Xing\x00\x00\x00\x03")
	binary.BigEndian.PutUint32(b[44:], uint32(n))
	binary.BigEndian.PutUint32(b[48:], uint32(n*417))
	copy(b[52:], "LAME3.100")
	binary.BigEndian.PutUint16(b[52+15:], 1<<13|3<<10|1<<9|42) // radio, -4.2 dB
	copy(b[52+21:], []byte{576 >> 4, 576&0xf<<4 | 1000>>8, 1000 & 0xff})
	return b
}

// safe4 is a size of seven bits a byte.
func safe4(n int) []byte {
	return []byte{byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}
}

// id3v2 returns a tag of these frames with padding.
func id3v2(version, flags byte, padding int, frames ...[]byte) []byte {
	body := append(bytes.Join(frames, nil), make([]byte, padding)...)
	return slices.Concat([]byte{'I', 'D', '3', version, 0, flags}, safe4(len(body)), body)
}

// frame4 is a frame of ID3v2.4.
func frame4(id string, flags byte, payload []byte) []byte {
	return slices.Concat([]byte(id), safe4(len(payload)), []byte{0, flags}, payload)
}

// frame3 is a frame of ID3v2.3.
func frame3(id string, flags byte, payload []byte) []byte {
	return slices.Concat([]byte(id), binary.BigEndian.AppendUint32(nil, uint32(len(payload))), []byte{0, flags}, payload)
}

// frame2 is a frame of ID3v2.2.
func frame2(id string, payload []byte) []byte {
	return slices.Concat([]byte(id), binary.BigEndian.AppendUint32(nil, uint32(len(payload)))[1:], payload)
}

// apic is what a picture frame holds.
func apic(picture []byte) []byte { return append([]byte("\x00image/jpeg\x00\x03\x00"), picture...) }

// unsynced stuffs b as unsynchronisation does.
func unsynced(b []byte) []byte {
	var out []byte
	for i, c := range b {
		out = append(out, c)
		if c == 0xff && (i+1 == len(b) || b[i+1] == 0 || b[i+1] >= 0xe0) {
			out = append(out, 0)
		}
	}
	return out
}

// v1 returns an ID3v1.1 tag.
func v1(title string) []byte {
	b := make([]byte, 128)
	copy(b, "TAG")
	copy(b[3:], title)
	b[126], b[127] = 7, 17
	return b
}

// ape returns an APEv2 tag with a header, of keys and values in turn.
func ape(items ...string) []byte {
	var body []byte
	for i := 0; i+1 < len(items); i += 2 {
		var flags uint32
		if len(items[i]) > 9 && items[i][:9] == "Cover Art" {
			flags = 2
		}
		body = binary.LittleEndian.AppendUint32(body, uint32(len(items[i+1])))
		body = binary.LittleEndian.AppendUint32(body, flags)
		body = append(append(append(body, items[i]...), 0), items[i+1]...)
	}
	end := func(flags uint32) []byte {
		b := binary.LittleEndian.AppendUint32([]byte("APETAGEX"), 2000)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(body)+32))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(items)/2))
		return append(binary.LittleEndian.AppendUint32(b, flags), make([]byte, 8)...)
	}
	return slices.Concat(end(1<<31|1<<29), body, end(1<<31))
}

// riffChunk is a chunk of a WAVE file.
func riffChunk(id string, b []byte) []byte {
	out := append(binary.LittleEndian.AppendUint32([]byte(id), uint32(len(b))), b...)
	return append(out, make([]byte, len(b)%2)...)
}

// wave returns a WAVE file: 16 bits, two channels, 44.1 kHz.
func wave(sound []byte, before, after []byte) []byte {
	fm := []byte{1, 0, 2, 0, 0x44, 0xac, 0, 0, 0x10, 0xb1, 2, 0, 4, 0, 16, 0}
	body := slices.Concat([]byte("WAVE"), riffChunk("fmt ", fm), before, riffChunk("data", sound), after)
	return riffChunk("RIFF", body)
}

// iffChunk is a chunk of an AIFF file.
func iffChunk(id string, b []byte) []byte {
	out := append(binary.BigEndian.AppendUint32([]byte(id), uint32(len(b))), b...)
	return append(out, make([]byte, len(b)%2)...)
}

// aiffFile returns an AIFF file: 16 bits, two channels, 44.1 kHz.
func aiffFile(sound []byte, before, after []byte) []byte {
	comm := binary.BigEndian.AppendUint32([]byte{0, 2}, uint32(len(sound)/4))
	comm = append(comm, 0, 16, 0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0)
	body := slices.Concat([]byte("AIFF"), iffChunk("COMM", comm), before, iffChunk("SSND", append(make([]byte, 8), sound...)), after)
	return iffChunk("FORM", body)
}
