package audio

import (
	"encoding/binary"
)

// dsf reads DSF, Sony's file of DSD sound (DSF File Format Specification,
// version 1.01).
var dsf = &container{name: "dsf", version: 1, read: readDSF, sniff: func(head []byte) bool {
	return len(head) >= 28 && string(head[:4]) == "DSD " && binary.LittleEndian.Uint64(head[4:]) == 28
}}

// dsfForm frames the chunks of DSF: their sizes count the header.
var dsfForm = chunkForm{header: 12, align: 1, parse: func(b []byte) (string, int64) {
	return string(b[:4]), size64(binary.LittleEndian.Uint64(b[4:])) - 12
}}

// readDSF reads the chunks, and the ID3v2 tag that the first one points to.
func readDSF(s *Source, start int64, f *File, v values) error {
	b, err := s.Upto(start, 28, 2*window)
	if err != nil {
		return err
	}
	f.Codec = "dsd"
	end := s.Size()
	tag := size64(binary.LittleEndian.Uint64(b[20:]))
	if tag > 0 && tag < s.Size()-start {
		end = start + tag
	} else {
		if tag > 0 {
			f.warn("the tag should be at byte %d of %d", tag, s.Size())
		}
		tag = 0
	}
	var sound chunk
	var rate, samples int64
	err = dsfForm.walk(s, f, start+28, end, func(c chunk) error {
		switch c.id {
		case "fmt ":
			b, err := s.Upto(c.pos, int(min(c.size, 40)), nearSize)
			if err != nil {
				return soft(s, f, err)
			}
			if len(b) < 32 {
				return nil
			}
			f.Channels, rate = int(binary.LittleEndian.Uint32(b[12:])), int64(binary.LittleEndian.Uint32(b[16:]))
			samples = size64(binary.LittleEndian.Uint64(b[24:]))
			if f.Channels > 255 {
				f.warn("%d channels", f.Channels)
				f.Channels = 0
			}
			f.SampleRate, f.BitDepth = int(min(rate, 1<<31-1)), 1
		case "data":
			if sound.size == 0 {
				sound = c
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if tag > 0 {
		if err := lastWindow(s, sound, behind); err != nil {
			return err
		}
		if _, err := id3Tag(s, start+tag, s.Size(), f, v); err != nil {
			return err
		}
	}
	if there := sound.size * 8 / int64(max(f.Channels, 1)); samples > there {
		f.warn("of %d samples %d are there", samples, there)
		samples = there
	}
	length(f, samples, rate, (samples*int64(f.Channels)+7)/8)
	return pcmPayload(s, f, "dsf-1", sound)
}
