package audio

// dts reads raw DTS, whose core is coded in bytes, most significant first;
// what DTS-HD adds to a core is passed over (ETSI TS 102 114).
var dts = &container{name: "dts", version: 1, front: true, read: readDTS, sniff: dtsStream.sniff}

var dtsStream = stream{sync: 0x7f, need: 11, parse: parseDTS}

var (
	dtsRates    = [16]int{0, 8000, 16000, 32000, 0, 0, 11025, 22050, 44100, 0, 0, 12000, 24000, 48000, 0, 0}
	dtsChannels = [16]int{1, 2, 2, 2, 2, 3, 3, 4, 4, 5, 6, 6, 6, 7, 8, 8}
)

// parseDTS reads the header of a core frame, or of the extension of DTS-HD
// behind one.
func parseDTS(b []byte) (h syncFrame, ok bool) {
	if len(b) >= 11 && string(b[:4]) == "\x64\x58\x20\x25" {
		h.size = (int(b[6]&0x1f)<<11 | int(b[7])<<3 | int(b[8]>>5)) + 1
		if b[5]&0x20 != 0 { // long sizes
			h.size = (int(b[6]&1)<<19 | int(b[7])<<11 | int(b[8])<<3 | int(b[9]>>5)) + 1
		}
		return h, h.size > 11
	}
	if len(b) < 11 || b[0] != 0x7f || b[1] != 0xfe || b[2] != 0x80 || b[3] != 0x01 {
		return h, false
	}
	blocks := int(b[4]&1)<<6 | int(b[5]>>2)
	h.size = (int(b[5]&3)<<12 | int(b[6])<<4 | int(b[7]>>4)) + 1
	mode := int(b[7]&0xf)<<2 | int(b[8]>>6)
	h.samples, h.rate = 32*(blocks+1), dtsRates[b[8]>>2&15]
	if mode >= len(dtsChannels) {
		return h, false
	}
	h.channels = dtsChannels[mode]
	if b[10]>>1&3 != 0 {
		h.channels++ // of low frequency
	}
	return h, h.rate > 0 && h.size >= 96 && blocks >= 5
}

func readDTS(s *Source, start int64, f *File, v values) error {
	end, err := trailers(s, start, f, v)
	if err != nil {
		return err
	}
	f.Codec = "dts"
	_, err = dtsStream.measure(s, start, end, f, "dts-1")
	return err
}
