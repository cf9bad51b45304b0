package audio

import (
	"bytes"
	"encoding/binary"
	"math"
)

// wav reads RIFF WAVE, with the 64-bit sizes of RF64 and BW64
// (https://www.itu.int/rec/R-REC-BS.2088, EBU Tech 3306).
var wav = &container{name: "wav", version: 2, read: readWAV, sniff: func(head []byte) bool {
	if len(head) < 12 || string(head[8:12]) != "WAVE" {
		return false
	}
	id := string(head[:4])
	return id == "RIFF" || id == "RF64" || id == "BW64"
}}

const maxChunks = 500 // of one file or list

// chunk is one part of a RIFF or IFF file.
type chunk struct {
	id        string
	pos, size int64 // of what it holds
}

// toEnd is a size that reaches to the end of what encloses a chunk.
const toEnd = 1 << 62

// size64 makes a 64-bit size one that can be counted with.
func size64(n uint64) int64 { return int64(min(n, toEnd)) }

// chunkForm is how the chunks of one family of files are framed.
type chunkForm struct {
	header int   // bytes
	align  int64 // what a chunk holds is filled up to a multiple of it
	// parse reads a header: the chunk's name and the size of what it holds.
	parse func(b []byte) (id string, size int64)
}

// walk calls each for the chunks from pos to end, until that returns an error.
// What is larger than what is left is cut to it.
func (form chunkForm) walk(s *Source, f *File, pos, end int64, each func(chunk) error) error {
	for range maxChunks {
		if end-pos < int64(form.header) {
			return nil
		}
		b, err := s.Upto(pos, form.header, 2*nearSize)
		if err != nil {
			return soft(s, f, err)
		}
		if len(b) < form.header {
			return nil
		}
		id, n := form.parse(b)
		pos += int64(form.header)
		if n < 0 {
			f.warn("chunk %q claims less than its header", clean(id))
			return nil
		}
		if n > end-pos {
			if n != toEnd {
				f.warn("chunk %q claims %d bytes where %d are left", clean(id), n, end-pos)
			}
			n = end - pos
		}
		if err := each(chunk{id, pos, n}); err != nil {
			return err
		}
		pos += (n + form.align - 1) / form.align * form.align
	}
	return nil
}

// chunks walks the chunks of RIFF and IFF. size, where there is one, corrects
// what a header says.
func chunks(s *Source, f *File, pos, end int64, order binary.ByteOrder, size func(id string, n int64) int64, each func(chunk) error) error {
	form := chunkForm{header: 8, align: 2, parse: func(b []byte) (string, int64) {
		id, n := string(b[:4]), int64(order.Uint32(b[4:]))
		if size != nil {
			n = size(id, n)
		}
		return id, n
	}}
	return form.walk(s, f, pos, end, each)
}

// waveFormat is what a "fmt " chunk says.
type waveFormat struct {
	tag, channels    int
	rate, bytesRate  int64
	align, bits      int
	perBlock         int64 // sample frames of align bytes, for ADPCM
	known            bool
	data             chunk
	facts, wideFacts int64 // sample frames, by "fact" and "ds64"
}

// readWAV reads the chunks of a WAVE file. An ID3 tag wins over the INFO list.
func readWAV(s *Source, start int64, f *File, v values) error {
	h, err := s.Upto(start, 12, nearSize)
	if err != nil {
		return err
	}
	open := len(h) == 12 && (binary.LittleEndian.Uint32(h[4:])+1)&^1 == 0 // 0 or 0xffffffff
	var w waveFormat
	var wide int64 // of "data", by "ds64"
	var format []byte
	info := values{}
	size := func(id string, n int64) int64 {
		if id == "data" && wide > 0 && n == 0xffffffff {
			return wide
		}
		if id == "data" && n == 0 && open {
			return toEnd // the recorder never came back to write sizes
		}
		return n
	}
	err = chunks(s, f, start+12, s.Size(), binary.LittleEndian, size, func(c chunk) error {
		switch c.id {
		case "ds64", "fmt ", "fact":
			b, err := s.Upto(c.pos, int(min(c.size, 40)), nearSize)
			if err != nil {
				return soft(s, f, err)
			}
			switch {
			case c.id == "fmt " && !w.known:
				w.format(b)
				format = bytes.Clone(b)
			case c.id == "fact" && len(b) >= 4:
				w.facts = int64(binary.LittleEndian.Uint32(b))
			case c.id == "ds64" && len(b) >= 24:
				wide = int64(min(binary.LittleEndian.Uint64(b[8:]), 1<<62))
				w.wideFacts = int64(min(binary.LittleEndian.Uint64(b[16:]), 1<<62))
			}
		case "data":
			if w.data.size == 0 {
				w.data = c
				return lastWindow(s, c, 2*nearSize)
			}
		case "LIST":
			return infoList(s, f, c, info)
		case "id3 ", "ID3 ":
			_, err := id3Tag(s, c.pos, c.pos+c.size, f, v)
			return err
		}
		return nil
	})
	v.missing(info)
	if err != nil {
		return err
	}
	w.properties(f)
	if w.known && w.data.size > 0 {
		f.cut = cutWAVE(w, format)
	}
	if w.data.size > 0 {
		f.Identity, err = spread(s, "wav-1", w.data.pos, w.data.size)
	} else {
		f.warn("no sound")
	}
	return err
}

// infoList reads the texts of an INFO list.
func infoList(s *Source, f *File, list chunk, v values) error {
	b, err := s.Upto(list.pos, int(min(list.size, 4)), nearSize)
	if err != nil || string(b) != "INFO" {
		return s.Err()
	}
	return chunks(s, f, list.pos+4, list.pos+list.size, binary.LittleEndian, nil, func(c chunk) error {
		name := riffNames[c.id]
		if name == "" || c.size > maxText {
			return nil
		}
		b, err := s.Upto(c.pos, int(c.size), 2*nearSize)
		if err != nil {
			return soft(s, f, err)
		}
		b, _, _ = bytes.Cut(b, []byte{0})
		v.add(name, utf8Text(b))
		return nil
	})
}

// format reads a "fmt " chunk.
func (w *waveFormat) format(b []byte) {
	if len(b) < 14 {
		return
	}
	w.known = true
	w.tag, w.channels = int(binary.LittleEndian.Uint16(b)), int(binary.LittleEndian.Uint16(b[2:]))
	w.rate, w.bytesRate = int64(binary.LittleEndian.Uint32(b[4:])), int64(binary.LittleEndian.Uint32(b[8:]))
	w.align = int(binary.LittleEndian.Uint16(b[12:]))
	if len(b) >= 16 {
		w.bits = int(binary.LittleEndian.Uint16(b[14:]))
	}
	if (w.tag == 2 || w.tag == 0x11) && len(b) >= 20 {
		w.perBlock = int64(binary.LittleEndian.Uint16(b[18:]))
	}
	if w.tag == 0xfffe && len(b) >= 26 {
		w.tag = int(binary.LittleEndian.Uint16(b[24:]))
		if valid := int(binary.LittleEndian.Uint16(b[18:])); valid > 0 && valid <= w.bits {
			w.bits = valid
		}
	}
}

// waveCodecs names the codecs of WAVE files by format tag (RFC 2361).
var waveCodecs = map[int]string{
	1: "pcm", 3: "pcm", 2: "adpcm", 0x11: "adpcm", 6: "alaw", 7: "mulaw", 0x31: "gsm", 0x50: "mp2", 0x55: "mp3", 0xff: "aac", 0x1610: "aac",
	0x2000: "ac3", 0x2001: "dts", 0xf1ac: "flac",
}

// properties fills f from the format and the length of the data.
func (w *waveFormat) properties(f *File) {
	if !w.known {
		f.warn("no format chunk")
		return
	}
	f.Codec = waveCodecs[w.tag]
	f.Channels, f.SampleRate = w.channels, int(w.rate)
	pcm := w.tag == 1 || w.tag == 3
	if pcm {
		f.BitDepth = w.bits
	}
	samples := w.facts
	if w.facts == 0xffffffff || w.facts == 0 {
		samples = w.wideFacts
	}
	if samples <= 0 && w.align > 0 {
		samples = w.data.size / int64(w.align) * w.perBlock
	}
	if pcm {
		if w.align == 0 {
			w.align = w.channels * ((w.bits + 7) / 8)
		}
		if w.align > 0 {
			samples = w.data.size / int64(w.align)
		}
	}
	length(f, samples, w.rate, w.data.size)
	if f.Duration == 0 && w.bytesRate > 0 && w.data.size > 0 {
		f.Duration = int64(math.Round(float64(w.data.size) * 1000 / float64(w.bytesRate)))
		f.BitRate = int(math.Round(float64(w.bytesRate) * 8 / 1000))
	}
}

// length fills duration and bit rate from sample frames and bytes of sound.
func length(f *File, samples, rate, size int64) {
	if samples <= 0 || rate <= 0 {
		return
	}
	seconds := float64(samples) / float64(rate)
	if seconds > 1e8 {
		return
	}
	f.Samples = samples
	f.Duration = int64(math.Round(seconds * 1000))
	f.BitRate = int(min(math.Round(float64(size)*8/seconds/1000), math.MaxInt32))
}
