package audio

import "encoding/binary"

// w64 reads Sony Wave64: the chunks of WAVE under ids of 16 bytes, with sizes
// of 64 bits that count the chunk's header.
var w64 = &container{name: "w64", version: 1, read: readW64, sniff: func(head []byte) bool {
	return len(head) >= 40 && string(head[:16]) == w64RIFF && string(head[24:40]) == w64ID("wave")
}}

const (
	w64RIFF = "riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
	w64Tail = "\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a" // of every other id
)

func w64ID(name string) string { return name + w64Tail }

// w64Form frames the chunks; those with an id of another kind have no name.
var w64Form = chunkForm{header: 24, align: 8, parse: func(b []byte) (string, int64) {
	id := string(b[:4])
	if string(b[4:16]) != w64Tail {
		id = ""
	}
	return id, size64(binary.LittleEndian.Uint64(b[16:])) - 24
}}

func readW64(s *Source, start int64, f *File, _ values) error {
	var w waveFormat
	err := w64Form.walk(s, f, start+40, s.Size(), func(c chunk) error {
		switch c.id {
		case "fmt ", "fact":
			b, err := s.Upto(c.pos, int(min(c.size, 40)), nearSize)
			if err != nil {
				return soft(s, f, err)
			}
			if c.id == "fmt " && !w.known {
				w.format(b)
			} else if len(b) >= 8 {
				w.facts = size64(binary.LittleEndian.Uint64(b))
			}
		case "data":
			if w.data.size == 0 {
				w.data = c
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.properties(f)
	return pcmPayload(s, f, "w64-1", w.data)
}
