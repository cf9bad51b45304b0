package audio

// adts reads raw AAC: ADTS frames (ISO/IEC 13818-7, 6.2) between the tags that
// people put around them.
var adts = &container{name: "aac", version: 1, front: true, read: readADTS, sniff: adtsStream.sniff}

var adtsStream = stream{sync: 0xff, need: 7, parse: parseADTS}

// parseADTS reads the header of a frame. Its kind is what must not change
// within a stream, the configuration of the channels aside.
func parseADTS(b []byte) (h syncFrame, ok bool) {
	if len(b) < 7 || b[0] != 0xff || b[1]&0xf6 != 0xf0 {
		return h, false
	}
	if i := int(b[2] >> 2 & 15); i < len(aacRates) {
		h.rate = int(aacRates[i])
	}
	h.size = int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5]>>5)
	h.samples = 1024 * (int(b[6]&3) + 1)
	h.channels = int(b[2]&1)<<2 | int(b[3]>>6)
	if h.channels == 7 {
		h.channels = 8
	}
	h.kind = int(b[1])<<8 | int(b[2]&0xc0)
	return h, h.rate > 0 && h.size > 7
}

func readADTS(s *Source, start int64, f *File, v values) error {
	end, err := trailers(s, start, f, v)
	if err != nil {
		return err
	}
	f.Codec = "aac"
	h, err := adtsStream.measure(s, start, end, f, "aac-1")
	if h.rate > 0 && h.channels == 0 {
		f.Channels = 2 // told within the frame, mostly by the unusual
	}
	return err
}

// sniff tells whether frames begin in head or soon behind its beginning.
func (t stream) sniff(head []byte) bool {
	_, _, ok := t.find(head, streamSniff, len(head) < nearSize)
	return ok
}
