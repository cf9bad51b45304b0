package audio

// ac3 reads raw AC-3 and E-AC-3 (ATSC A/52:2018).
var ac3 = &container{name: "ac3", version: 1, front: true, read: readAC3, sniff: ac3Stream.sniff}

var ac3Stream = stream{sync: 0x0b, need: 7, parse: parseAC3}

const ac3Enhanced = 1 // the kind of frames of E-AC-3

var (
	ac3Rates    = [3]int{48000, 44100, 32000}
	ac3BitRates = [19]int{32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640}
	ac3Channels = [8]int{2, 1, 2, 3, 3, 4, 4, 5}
)

// parseAC3 reads the header of a frame of either. A dependent substream of
// E-AC-3 adds channels to the frame before it and no time.
func parseAC3(b []byte) (h syncFrame, ok bool) {
	if len(b) < 7 || b[0] != 0x0b || b[1] != 0x77 {
		return h, false
	}
	switch id := b[5] >> 3; {
	case id <= 10: // AC-3; 9 and 10 halve and quarter the rate
		rate, code := int(b[4]>>6), int(b[4]&0x3f)
		if rate == 3 || code > 37 {
			return h, false
		}
		kbit := ac3BitRates[code/2]
		switch rate {
		case 0:
			h.size = kbit * 4
		case 1:
			h.size = (kbit*320/147 + code&1) * 2
		default:
			h.size = kbit * 6
		}
		h.rate, h.samples = ac3Rates[rate]>>max(int(id)-8, 0), 1536
		mode := b[6] >> 5
		h.channels = ac3Channels[mode]
		// The flag of the low-frequency channel follows levels that depend on the mode.
		shift := 4
		if mode&1 != 0 && mode != 1 {
			shift -= 2
		}
		if mode&4 != 0 {
			shift -= 2
		}
		if mode == 2 {
			shift -= 2
		}
		h.channels += int(b[6] >> shift & 1)
	case id <= 16:
		kind, rate, blocks := b[2]>>6, int(b[4]>>6), int(b[4]>>4&3)
		if kind == 3 {
			return h, false
		}
		h.size = (int(b[2]&7)<<8 | int(b[3]) + 1) * 2
		h.samples = 256 * [4]int{1, 2, 3, 6}[blocks]
		if rate == 3 {
			if blocks == 3 {
				return h, false
			}
			h.rate, h.samples = ac3Rates[blocks]/2, 1536
		} else {
			h.rate = ac3Rates[rate]
		}
		h.channels = ac3Channels[b[4]>>1&7] + int(b[4]&1)
		if kind == 1 || b[2]>>3&7 != 0 {
			h.samples = 0 // a dependent substream, or another programme's
		}
		h.kind = ac3Enhanced
	default:
		return h, false
	}
	return h, h.size > 7
}

func readAC3(s *Source, start int64, f *File, v values) error {
	end, err := trailers(s, start, f, v)
	if err != nil {
		return err
	}
	h, err := ac3Stream.measure(s, start, end, f, "ac3-1")
	f.Codec = "ac3"
	if h.kind == ac3Enhanced {
		f.Codec = "eac3"
	}
	return err
}
