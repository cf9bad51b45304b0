package audio

import (
	"encoding/binary"
)

// dff reads DSDIFF, Philips' file of DSD sound, plain or compressed by DST
// (DSDIFF File Format Specification, version 1.5).
var dff = &container{name: "dff", version: 1, read: readDFF, sniff: func(head []byte) bool {
	return len(head) >= 16 && string(head[:4]) == "FRM8" && string(head[12:16]) == "DSD "
}}

// dffForm frames the chunks of DSDIFF.
var dffForm = chunkForm{header: 12, align: 2, parse: func(b []byte) (string, int64) {
	return string(b[:4]), size64(binary.BigEndian.Uint64(b[4:]))
}}

// readDFF reads the chunks of a DSDIFF file. An ID3 tag wins over the texts.
func readDFF(s *Source, start int64, f *File, v values) error {
	var sound chunk
	var rate, dstFrames, dstRate int64
	texts := values{}
	f.Codec, f.BitDepth = "dsd", 1
	small := func(c chunk, n int64) ([]byte, error) {
		b, err := s.Upto(c.pos, int(min(c.size, n)), 2*nearSize)
		if err != nil {
			return nil, soft(s, f, err)
		}
		return b, nil
	}
	property := func(c chunk) error {
		b, err := small(c, 4)
		if err != nil || len(b) < 4 {
			return err
		}
		switch c.id {
		case "FS  ":
			rate = int64(binary.BigEndian.Uint32(b))
			f.SampleRate = int(min(rate, 1<<31-1))
		case "CHNL":
			f.Channels = int(binary.BigEndian.Uint16(b))
		case "CMPR":
			if string(b) == "DST " {
				f.Codec = "dst"
			}
		}
		return nil
	}
	// The edited master's texts: a length, the characters.
	text := func(c chunk) error {
		name := map[string]string{"DIAR": "ARTIST", "DITI": "TITLE"}[c.id]
		if name == "" || c.size < 4 || c.size > maxText {
			return nil
		}
		b, err := small(c, c.size)
		if err != nil || len(b) < 4 {
			return err
		}
		n := min(int64(binary.BigEndian.Uint32(b)), int64(len(b)-4))
		texts.add(name, latin1(b[4:4+n]))
		return nil
	}
	err := dffForm.walk(s, f, start+16, s.Size(), func(c chunk) error {
		switch c.id {
		case "PROP":
			if b, err := small(c, 4); err != nil || string(b) != "SND " {
				return err
			}
			return dffForm.walk(s, f, c.pos+4, c.pos+c.size, property)
		case "DIIN":
			return dffForm.walk(s, f, c.pos, c.pos+c.size, text)
		case "DSD ":
			if sound.size == 0 {
				sound = c
				return lastWindow(s, c, behind)
			}
		case "DST ":
			if sound.size > 0 || c.size < 18 {
				return nil
			}
			b, err := small(c, 18)
			if err != nil || len(b) < 18 {
				return err
			}
			sound, f.Codec = c, "dst"
			if string(b[:4]) == "FRTE" {
				dstFrames, dstRate = int64(binary.BigEndian.Uint32(b[12:])), int64(binary.BigEndian.Uint16(b[16:]))
			}
			return lastWindow(s, c, behind)
		case "ID3 ", "id3 ":
			_, err := id3Tag(s, c.pos, c.pos+c.size, f, v)
			return err
		}
		return nil
	})
	v.missing(texts)
	if err != nil {
		return err
	}
	switch {
	case f.Codec == "dst" && dstRate > 0 && rate < 1<<30:
		length(f, dstFrames*rate/dstRate, rate, sound.size)
	case f.Codec == "dsd" && f.Channels > 0:
		length(f, sound.size/int64(f.Channels)*8, rate, sound.size)
	}
	if f.Duration == 0 {
		f.warn("the sound's properties are not told")
	}
	return pcmPayload(s, f, "dff-1", sound)
}
