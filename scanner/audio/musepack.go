package audio

import (
	"encoding/binary"
	"math"
)

// musepack reads Musepack, stream versions 7 and 8
// (https://trac.musepack.net/musepack/wiki/SV8Specification, .../SV7).
var musepack = &container{name: "musepack", version: 1, read: readMusepack, sniff: func(head []byte) bool {
	return len(head) >= 24 && (string(head[:3]) == "MP+" && head[3]&0xf == 7 || string(head[:4]) == "MPCK")
}}

var musepackRates = [8]int{44100, 48000, 37800, 32000}

const (
	musepackFrame   = 1152  // sample frames of one frame
	musepackDelay   = 481   // of the decoder, where the length of the last frame is not told
	musepackGain    = 64.82 // dB: the level that stands for ReplayGain's reference in stream version 8
	musepackPackets = 500   // before the first one with sound
)

// readMusepack reads the header and the tags behind the sound.
func readMusepack(s *Source, start int64, f *File, v values) error {
	end, err := trailers(s, start, f, v)
	if err != nil {
		return err
	}
	f.Codec = "musepack"
	b, err := s.Upto(start, 28, 2*window)
	if err != nil {
		return err
	}
	if string(b[:4]) == "MPCK" {
		return musepack8(s, start, end, f)
	}
	return musepack7(s, start, end, f, b)
}

// musepack7 reads the header of stream version 7: words of 32 bits.
func musepack7(s *Source, start, end int64, f *File, b []byte) error {
	if len(b) < 28 {
		f.warn("the header of the Musepack file is cut")
		return nil
	}
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(b[4*i:]) }
	f.SampleRate, f.Channels = musepackRates[word(2)>>16&3], 2
	samples := int64(word(1)) * musepackFrame
	if word(5)>>31 != 0 { // the last frame tells its length
		f.Padding = max(musepackFrame-int(word(5)>>20&0x7ff), 0)
	} else {
		f.Padding = musepackDelay
	}
	if samples > int64(f.Padding) {
		samples -= int64(f.Padding)
	} else {
		f.Padding = 0
	}
	for i, to := range [][2]**float64{{&f.Gain.TrackGain, &f.Gain.TrackPeak}, {&f.Gain.AlbumGain, &f.Gain.AlbumPeak}} {
		w := word(3 + i)
		if gain := int16(w >> 16); gain != 0 {
			db := float64(gain) / 100
			*to[0] = &db
		}
		if p := float64(w&0xffff) / 32768; p > 0 {
			*to[1] = &p
		}
	}
	length(f, samples, int64(f.SampleRate), end-start)
	return payload(s, f, "musepack-1", min(start+28, end), end-start-28)
}

// musepack8 reads the packets of stream version 8 up to the first with sound.
// The sound ends where the seek table begins.
func musepack8(s *Source, start, end int64, f *File) error {
	var samples, silence int64
	known := false
	pos, table := start+4, end
	for range musepackPackets {
		h, err := s.Upto(pos, 12, 2*window)
		if err != nil {
			return err
		}
		if len(h) < 3 {
			break
		}
		key := string(h[:2])
		size, n := musepackNumber(h[2:])
		head := int64(2 + n)
		if n == 0 || size < head || key[0] < 'A' || key[0] > 'Z' || key[1] < 'A' || key[1] > 'Z' {
			f.warn("what is at byte %d of the Musepack file is no packet", pos)
			break
		}
		if key == "AP" {
			length(f, samples-silence, int64(f.SampleRate), table-pos)
			if samples > silence {
				f.Delay = int(silence)
			}
			return payload(s, f, "musepack-1", pos, table-pos)
		}
		if key == "SE" {
			break
		}
		b, err := s.Upto(pos+head, int(min(size-head, 32)), 2*window)
		if err != nil {
			return err
		}
		switch {
		case key == "SH" && len(b) > 5 && !known:
			b = b[5:] // a checksum, the version
			var n, m int
			samples, n = musepackNumber(b)
			silence, m = musepackNumber(b[n:])
			if b = b[n+m:]; n > 0 && m > 0 && len(b) >= 2 {
				known = true
				f.SampleRate, f.Channels = musepackRates[b[0]>>5], int(b[1]>>4)+1
			}
		case key == "RG" && len(b) >= 9 && b[0] == 1:
			for i, to := range [][2]**float64{{&f.Gain.TrackGain, &f.Gain.TrackPeak}, {&f.Gain.AlbumGain, &f.Gain.AlbumPeak}} {
				if gain := int16(binary.BigEndian.Uint16(b[1+4*i:])); gain != 0 {
					db := math.Round((musepackGain-float64(gain)/256)*100) / 100
					*to[0] = &db
				}
				if p := binary.BigEndian.Uint16(b[3+4*i:]); p != 0 {
					share := math.Pow(10, float64(p)/256/20) / 32768
					*to[1] = &share
				}
			}
		case key == "SO":
			if off, n := musepackNumber(b); n > 0 && off > 0 && off < end-pos {
				table = pos + off
			}
		}
		pos += size
	}
	f.warn("no sound")
	return nil
}

// musepackNumber reads a number of seven bits a byte and returns how many
// bytes it takes, 0 when it does not end or is absurd.
func musepackNumber(b []byte) (n int64, size int) {
	for i, c := range b {
		if i == 8 {
			break
		}
		n = n<<7 | int64(c&0x7f)
		if c&0x80 == 0 {
			return n, i + 1
		}
	}
	return 0, 0
}
