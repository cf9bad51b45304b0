package audio

import "encoding/binary"

// tta reads True Audio. Of TTA2, for which no header was ever published, it
// knows the tags alone. (https://www.tausoft.org/wiki/True_Audio_Codec_Format)
var tta = &container{name: "tta", version: 1, front: true, read: readTTA, sniff: func(head []byte) bool {
	return len(head) >= 22 && (string(head[:4]) == "TTA1" || string(head[:4]) == "TTA2")
}}

const ttaHeader = 22

// readTTA reads the header and the tags behind the frames.
func readTTA(s *Source, start int64, f *File, v values) error {
	end, err := trailers(s, start, f, v)
	if err != nil {
		return err
	}
	f.Codec = "tta"
	b, err := s.Upto(start, ttaHeader, 2*window)
	if err != nil {
		return err
	}
	if len(b) < ttaHeader || b[3] != '1' {
		f.warn("nothing is known of the header of TTA2")
		return payload(s, f, "tta-1", start+4, end-start-4)
	}
	f.Channels, f.BitDepth = int(binary.LittleEndian.Uint16(b[6:])), int(binary.LittleEndian.Uint16(b[8:]))
	rate, samples := int64(binary.LittleEndian.Uint32(b[10:])), int64(binary.LittleEndian.Uint32(b[14:]))
	f.SampleRate = int(min(rate, 1<<31-1))
	from := start + ttaHeader
	if perFrame := 256 * rate / 245; perFrame > 0 {
		from += (samples+perFrame-1)/perFrame*4 + 4 // the table of frames and its checksum
	}
	from = min(from, end)
	length(f, samples, rate, end-from)
	return payload(s, f, "tta-1", from, end-from)
}
