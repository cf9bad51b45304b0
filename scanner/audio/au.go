package audio

import (
	"bytes"
	"encoding/binary"
)

// au reads the files of Sun and NeXT
// (https://pubs.opengroup.org/external/auformat.html).
var au = &container{name: "au", version: 1, read: readAU, sniff: func(head []byte) bool {
	if len(head) < 24 || string(head[:4]) != ".snd" {
		return false
	}
	return binary.BigEndian.Uint32(head[4:]) >= 24
}}

// auEncodings are the codec and the bits of a sample by encoding.
var auEncodings = map[uint32]struct {
	codec string
	bits  int64
}{
	1: {"mulaw", 8}, 2: {"pcm", 8}, 3: {"pcm", 16}, 4: {"pcm", 24}, 5: {"pcm", 32}, 6: {"pcm", 32}, 7: {"pcm", 64}, 27: {"alaw", 8},
	23: {"adpcm", 4}, 25: {"adpcm", 3}, 26: {"adpcm", 5},
}

func readAU(s *Source, start int64, f *File, v values) error {
	b, err := s.Upto(start, 24, nearSize)
	if err != nil || len(b) < 24 {
		return err
	}
	head, size := int64(binary.BigEndian.Uint32(b[4:])), int64(binary.BigEndian.Uint32(b[8:]))
	encoding := auEncodings[binary.BigEndian.Uint32(b[12:])]
	rate, channels := int64(binary.BigEndian.Uint32(b[16:])), int64(binary.BigEndian.Uint32(b[20:]))
	f.Codec, f.SampleRate = encoding.codec, int(min(rate, 1<<31-1))
	f.Channels = int(min(channels, 255))
	if encoding.codec == "pcm" {
		f.BitDepth = int(encoding.bits)
	}
	from := min(start+head, s.Size())
	left := s.Size() - from
	switch {
	case size == 0xffffffff:
		size = left
	case size > left:
		f.warn("of %d bytes of sound %d are there", size, left)
		size = left
	}
	if encoding.bits > 0 && channels > 0 {
		length(f, size*8/(encoding.bits*channels), rate, size)
	} else {
		f.warn("an encoding that is not known")
	}
	if text, err := s.Upto(start+24, int(min(head-24, blockSize, s.Size()-start-24)), nearSize); err == nil {
		auText(text, v)
	}
	if s.Err() != nil {
		return s.Err()
	}
	return pcmPayload(s, f, "au-1", chunk{"", from, size})
}

// auText reads the annotation: a text, or lines of name and value as ffmpeg
// writes them.
func auText(b []byte, v values) {
	b, _, _ = bytes.Cut(b, []byte{0})
	named := false
	for line := range bytes.Lines(b) {
		name, text, ok := bytes.Cut(line, []byte{'='})
		if canonical := aliases[squeeze(string(name))]; ok && len(name) < maxKey && canonical != "" {
			v.add(canonical, latin1(text))
			named = true
		}
	}
	if !named {
		v.add("COMMENT", latin1(b))
	}
}
