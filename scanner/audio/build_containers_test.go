package audio

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// apeV1 returns an APEv1 tag: a footer, no header, no flags.
func apeV1(items ...string) []byte {
	b := ape(items...)[apeHeader:]
	end := b[len(b)-apeHeader:]
	binary.LittleEndian.PutUint32(end[8:], 1000)
	binary.LittleEndian.PutUint32(end[20:], 0)
	return b
}

// apeHeaded returns an APEv2 tag with a header and no footer, which can only
// stand in front.
func apeHeaded(items ...string) []byte {
	b := ape(items...)
	b = b[:len(b)-apeHeader]
	binary.LittleEndian.PutUint32(b[12:], uint32(len(b)-apeHeader))
	binary.LittleEndian.PutUint32(b[20:], 1<<31|1<<30|1<<29)
	return b
}

// monkeyFile returns a file of Monkey's Audio 3.99 with this sound: 16 bits,
// two channels, 44.1 kHz, 3 frames of 294,912 sample frames and one of 1,000.
func monkeyFile(sound []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("MAC \x96\x0f\x00\x00"), monkeyDescriptor)
	for _, n := range []uint32{monkeyHeader, 4, 0, uint32(len(sound)), 0, 0} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	b = append(append(b, noise(3, 16)...), 0xd0, 7, 0, 0)
	for _, n := range []uint32{4 * 73728, 1000, 4, 16 | 2<<16, 44100, 0} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return append(b, sound...)
}

// wavPackFile returns a file of WavPack with one block of sound.
func wavPackFile(sound []byte) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("wvpk"), uint32(len(sound)+wavBlockHeader-8))
	b = append(b, 0x10, 4, 0, 0)
	for _, n := range []uint32{885736, 0, 885736, 9<<23 | wavInitial | wavFinal | 1, 0} {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return append(append(b, 0x8a, 0xff, 0xff, 0xff), sound...)
}

// musepackFile returns a file of Musepack 8 with this sound and these gains.
func musepackFile(gain uint16, sound []byte) []byte {
	rg := []byte{'R', 'G', 12, 1, byte(gain >> 8), byte(gain), 0x20, 0, byte(gain >> 8), byte(gain), 0x20, 0}
	sh := []byte{'S', 'H', 14, 0, 0, 0, 0, 8, 0x80 | 885736>>14&0x7f, 0x80 | 885736>>7&0x7f, 885736 & 0x7f, 0, 0x1b, 0x11}
	ap := []byte{'A', 'P', 0x80 | byte((len(sound)+6)>>21), 0x80 | byte((len(sound)+6)>>14&0x7f), 0x80 | byte((len(sound)+6)>>7&0x7f), byte((len(sound) + 6) & 0x7f)}
	return slices.Concat([]byte("MPCK"), sh, rg, ap, sound, []byte("SE\x03"))
}

// ttaFile returns a file of True Audio.
func ttaFile(sound []byte) []byte {
	b := append([]byte("TTA1\x01\x00\x02\x00\x10\x00"), 0x44, 0xac, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, 885736)
	b = append(b, noise(4, 4+20*4)...)
	return append(append(b, noise(5, 4)...), sound...)
}

// adtsFile returns AAC frames of 2 × 44.1 kHz, each of so many bytes of sound
// as in turn.
func adtsFile(sound []byte, sizes ...int) []byte {
	var b []byte
	for i := 0; len(sound) > 0; i++ {
		n := min(sizes[i%len(sizes)], len(sound))
		size := n + 7
		b = append(b, 0xff, 0xf1, 0x50, 0x80|byte(size>>11), byte(size>>3), byte(size<<5)|0x1f, 0xfc)
		b = append(b, sound[:n]...)
		sound = sound[n:]
	}
	return b
}

// dsfFile returns a file of DSF with a tag behind the sound.
func dsfFile(sound, tag []byte) []byte {
	u64 := binary.LittleEndian.AppendUint64
	fm := u64([]byte("fmt "), 52)
	for _, n := range []uint32{1, 0, 2, 2, 2822400, 1} {
		fm = binary.LittleEndian.AppendUint32(fm, n)
	}
	fm = binary.LittleEndian.AppendUint32(u64(fm, uint64(len(sound)*4)), 4096)
	fm = append(fm, 0, 0, 0, 0)
	data := append(u64([]byte("data"), uint64(len(sound)+12)), sound...)
	size, at := uint64(28+len(fm)+len(data)+len(tag)), uint64(28+len(fm)+len(data))
	if len(tag) == 0 {
		at = 0
	}
	return slices.Concat(u64(u64(u64([]byte("DSD "), 28), size), at), fm, data, tag)
}

// wideChunk is a chunk of DSDIFF.
func wideChunk(id string, b []byte) []byte {
	return slices.Concat(binary.BigEndian.AppendUint64([]byte(id), uint64(len(b))), b, make([]byte, len(b)%2))
}

// dffFile returns a file of DSDIFF.
func dffFile(sound []byte, behind ...[]byte) []byte {
	prop := wideChunk("PROP", slices.Concat([]byte("SND "), wideChunk("FS  ", []byte{0, 0x2b, 0x11, 0}), wideChunk("CHNL", []byte("\x00\x02SLFTSRGT")), wideChunk("CMPR", []byte("DSD \x00\x00"))))
	return wideChunk("FRM8", slices.Concat([]byte("DSD "), wideChunk("FVER", []byte{1, 5, 0, 0}), prop, wideChunk("DSD ", sound), bytes.Join(behind, nil)))
}

// cafFile returns a file of CAF: 16 bits, two channels, 44.1 kHz.
func cafFile(sound []byte, before ...[]byte) []byte {
	u32 := binary.BigEndian.AppendUint32
	chunk := func(id string, b []byte) []byte {
		return append(binary.BigEndian.AppendUint64([]byte(id), uint64(len(b))), b...)
	}
	desc := []byte{0x40, 0xe5, 0x88, 0x80, 0, 0, 0, 0, 'l', 'p', 'c', 'm'}
	for _, n := range []uint32{0, 4, 1, 2, 16} {
		desc = u32(desc, n)
	}
	return slices.Concat([]byte("caff\x00\x01\x00\x00"), chunk("desc", desc), bytes.Join(before, nil), chunk("data", append(make([]byte, 4), sound...)))
}

// cafInformation is an information chunk of names and texts.
func cafInformation(pairs string) []byte {
	b := append([]byte{0, 0, 0, 1}, pairs...)
	return append(binary.BigEndian.AppendUint64([]byte("info"), uint64(len(b))), b...)
}

// auFile returns a file of AU: 16 bits, two channels, 44.1 kHz.
func auFile(sound []byte, text string) []byte {
	b := []byte(".snd")
	for _, n := range []uint32{uint32(24 + len(text)), 0xffffffff, 3, 44100, 2} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return slices.Concat(b, []byte(text), sound)
}

// w64File returns a file of Wave64: 16 bits, two channels, 44.1 kHz.
func w64File(sound []byte) []byte {
	chunk := func(id string, b []byte) []byte {
		b = slices.Concat(binary.LittleEndian.AppendUint64([]byte(w64ID(id)), uint64(24+len(b))), b)
		return append(b, make([]byte, (8-len(b)%8)%8)...)
	}
	fm := []byte{1, 0, 2, 0, 0x44, 0xac, 0, 0, 0x10, 0xb1, 2, 0, 4, 0, 16, 0}
	body := slices.Concat([]byte(w64ID("wave")), chunk("fmt ", fm), chunk("data", sound))
	return append(binary.LittleEndian.AppendUint64([]byte(w64RIFF), uint64(24+len(body))), body...)
}
