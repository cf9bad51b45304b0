package audio

import (
	"bytes"
	"encoding/binary"
	"math"
)

// caf reads Apple's Core Audio Format
// (https://developer.apple.com/library/archive/documentation/MusicAudio/Reference/CAFSpec/).
var caf = &container{name: "caf", version: 1, read: readCAF, sniff: func(head []byte) bool {
	return len(head) >= 12 && string(head[:6]) == "caff\x00\x01"
}}

// cafForm frames the chunks. The size of the last one may be -1: to the end.
var cafForm = chunkForm{header: 12, align: 1, parse: func(b []byte) (string, int64) {
	n := int64(binary.BigEndian.Uint64(b[4:]))
	if n < 0 {
		n = toEnd
	}
	return string(b[:4]), n
}}

var cafCodecs = map[string]string{
	"lpcm": "pcm", "alac": "alac", "aac ": "aac", "aach": "aac", "aacp": "aac", "ima4": "adpcm", "MAC3": "mace", "MAC6": "mace", "ulaw": "mulaw", "alaw": "alaw",
	".mp1": "mp1", ".mp2": "mp2", ".mp3": "mp3", "opus": "opus", "flac": "flac", "ac-3": "ac3", "ec-3": "eac3", "samr": "amr", "sawb": "amr", "agsm": "gsm",
}

// cafNames maps the names of the information chunk that are not themselves
// among everybody's names.
var cafNames = map[string]string{"RECORDEDDATE": "DATE", "YEAR": "YEAR", "COMMENTS": "COMMENT", "KEYSIGNATURE": "KEY"}

func readCAF(s *Source, start int64, f *File, v values) error {
	var sound chunk
	var rate, packets, perPacket, wideness, valid int64
	err := cafForm.walk(s, f, start+8, s.Size(), func(c chunk) error {
		var need int64
		switch c.id {
		case "desc":
			need = 32
		case "pakt":
			need = 24
		case "kuki":
			need = min(c.size, 48)
		case "info":
			need = min(c.size, blockSize)
		case "data":
			if c.size > 4 && sound.size == 0 {
				sound = chunk{c.id, c.pos + 4, c.size - 4}
				return lastWindow(s, sound, 2*nearSize)
			}
		}
		if need == 0 || c.size < need {
			return nil
		}
		b, err := s.Upto(c.pos, int(need), 2*nearSize)
		if err != nil || int64(len(b)) < need {
			return s.Err()
		}
		switch c.id {
		case "desc":
			r := math.Float64frombits(binary.BigEndian.Uint64(b))
			if r >= 1 && r < 1<<30 {
				rate = int64(math.Round(r))
			}
			f.SampleRate, f.Codec = int(rate), cafCodecs[string(b[8:12])]
			wideness, perPacket = int64(binary.BigEndian.Uint32(b[16:])), int64(binary.BigEndian.Uint32(b[20:]))
			f.Channels = int(min(binary.BigEndian.Uint32(b[24:]), 255))
			switch bits := int(min(binary.BigEndian.Uint32(b[28:]), 64)); f.Codec {
			case "pcm":
				f.BitDepth = bits
			case "alac", "flac":
				// The format's flags say how deep the source was.
				f.BitDepth = [5]int{0, 16, 20, 24, 32}[min(binary.BigEndian.Uint32(b[12:]), 4)]
			}
		case "kuki":
			// An older form wraps the ALACSpecificConfig as QuickTime does.
			for _, name := range []string{"frma", "alac"} {
				if len(b) >= 12 && string(b[4:8]) == name {
					b = b[12:]
				}
			}
			if f.Codec == "alac" && f.BitDepth == 0 && len(b) >= 24 {
				f.BitDepth = int(b[5])
			}
		case "pakt":
			packets, valid = int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))
			f.Delay, f.Padding = int(min(binary.BigEndian.Uint32(b[16:]), 1<<20)), int(min(binary.BigEndian.Uint32(b[20:]), 1<<20))
		case "info":
			cafInfo(b, v)
		}
		return nil
	})
	if err != nil {
		return err
	}
	samples := valid
	switch {
	case samples > 0 && packets > 0:
	case wideness > 0 && perPacket > 0:
		samples = sound.size / wideness * perPacket
	}
	length(f, samples, rate, sound.size)
	if f.Duration == 0 {
		f.warn("the length of the sound is not told")
	}
	return pcmPayload(s, f, "caf-1", sound)
}

// cafInfo reads the pairs of name and text of an information chunk.
func cafInfo(b []byte, v values) {
	b = b[min(4, len(b)):]
	for range maxNames {
		name, rest, ok := bytes.Cut(b, []byte{0})
		if !ok {
			return
		}
		var text []byte
		text, b, _ = bytes.Cut(rest, []byte{0})
		key := clean(latin1(name))
		if canonical, ok := cafNames[squeeze(key)]; ok {
			v.add(canonical, latin1(text))
		} else {
			v.add(freeName(key), latin1(text))
		}
	}
}
