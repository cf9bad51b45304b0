package audio

import (
	"encoding/binary"
	"math"
	"strings"
)

// aiff reads AIFF and AIFF-C (https://www.mmsp.ece.mcgill.ca/Documents/AudioFormats/AIFF/AIFF.html).
var aiff = &container{name: "aiff", version: 2, read: readAIFF, sniff: func(head []byte) bool {
	return len(head) >= 12 && string(head[:4]) == "FORM" && (string(head[8:12]) == "AIFF" || string(head[8:12]) == "AIFC")
}}

// aiffNames maps the text chunks of AIFF.
var aiffNames = map[string]string{"NAME": "TITLE", "AUTH": "ARTIST", "ANNO": "COMMENT", "(c) ": "COPYRIGHT"}

// aiffCodecs names the compression types of AIFF-C.
var aiffCodecs = map[string]string{
	"NONE": "pcm", "twos": "pcm", "sowt": "pcm", "raw ": "pcm", "in24": "pcm", "in32": "pcm", "fl32": "pcm", "FL32": "pcm", "fl64": "pcm", "FL64": "pcm",
	"alaw": "alaw", "ALAW": "alaw", "ulaw": "mulaw", "ULAW": "mulaw", "ima4": "adpcm", "MAC3": "mace", "MAC6": "mace", "GSM ": "gsm", "QDMC": "qdm", "QDM2": "qdm2",
}

// readAIFF reads the chunks of an AIFF file. An ID3 tag wins over the texts.
func readAIFF(s *Source, start int64, f *File, v values) error {
	var sound chunk
	var frames, rate int64
	texts := values{}
	err := chunks(s, f, start+12, s.Size(), binary.BigEndian, nil, func(c chunk) error {
		switch c.id {
		case "COMM":
			b, err := s.Upto(c.pos, int(min(c.size, 22)), nearSize)
			if err != nil || len(b) < 18 {
				return s.Err()
			}
			f.Channels = int(binary.BigEndian.Uint16(b))
			frames = int64(binary.BigEndian.Uint32(b[2:]))
			bits := int(binary.BigEndian.Uint16(b[6:]))
			rate = int64(math.Round(extended(b[8:18])))
			f.SampleRate, f.Codec = int(rate), "pcm"
			if len(b) >= 22 {
				f.Codec = aiffCodecs[string(b[18:22])]
			}
			if f.Codec == "pcm" {
				f.BitDepth = bits
			}
			if f.Codec == "adpcm" {
				frames *= 64 // of a packet
			}
		case "SSND":
			if c.size > 8 && sound.size == 0 {
				sound = chunk{c.id, c.pos + 8, c.size - 8}
				return lastWindow(s, sound, 2*nearSize)
			}
		case "ID3 ", "id3 ":
			_, err := id3Tag(s, c.pos, c.pos+c.size, f, v)
			return err
		default:
			if name := aiffNames[c.id]; name != "" && c.size <= maxText {
				b, err := s.Upto(c.pos, int(c.size), nearSize)
				if err != nil {
					return soft(s, f, err)
				}
				texts.add(name, strings.TrimRight(utf8Text(b), "\x00"))
			}
		}
		return nil
	})
	v.missing(texts)
	if err != nil {
		return err
	}
	if rate <= 0 {
		f.warn("no usable COMM chunk")
	}
	if wide := int64(f.Channels) * int64((f.BitDepth+7)/8); f.Codec == "pcm" && wide > 0 && sound.size/wide < frames {
		f.warn("of %d sample frames %d are there", frames, sound.size/wide)
		frames = sound.size / wide
	}
	length(f, frames, rate, sound.size)
	if sound.size > 0 {
		f.Identity, err = spread(s, "aiff-1", sound.pos, sound.size)
	} else {
		f.warn("no sound")
	}
	return err
}

// extended reads a number of 80 bits (IEEE 754 extended); 0 for what no sample
// rate can be.
func extended(b []byte) float64 {
	exp := int(binary.BigEndian.Uint16(b)) - 16383 - 63
	if b[0]&0x80 != 0 || exp < -63 || exp > 0 {
		return 0
	}
	n := math.Ldexp(float64(binary.BigEndian.Uint64(b[2:])), exp)
	if n > 1<<30 {
		return 0
	}
	return n
}
