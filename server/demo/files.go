package demo

import (
	"bytes"
	"encoding/binary"
	"os"
	"strconv"

	"github.com/mewkiz/flac"
	"github.com/mewkiz/flac/frame"
	"github.com/mewkiz/flac/meta"
)

const (
	channels = 2
	depth    = 16
	block    = 4096 // sample frames of a FLAC frame
)

// writeFLAC writes FLAC (RFC 9639) with Vorbis comments and the picture. The
// MD5 of the sound is filled in at the end.
func writeFLAC(file string, pcm []int16, t tags) error {
	info := &meta.StreamInfo{BlockSizeMin: block, BlockSizeMax: block, SampleRate: rate, NChannels: channels,
		BitsPerSample: depth, NSamples: uint64(len(pcm) / channels)}
	comments := [][2]string{
		{"TITLE", t.Title}, {"ALBUM", t.Album}, {"ALBUMARTIST", t.AlbumArtist}, {"ALBUMARTISTSORT", t.AlbumArtistSort},
		{"ARTIST", t.artist()}, {"GENRE", t.Genre}, {"DATE", strconv.Itoa(t.Year)},
		{"TRACKNUMBER", strconv.Itoa(t.Track)}, {"TRACKTOTAL", strconv.Itoa(t.TrackOf)},
		{"DISCNUMBER", "1"}, {"DISCTOTAL", "1"}, {"COMMENT", t.Comment},
	}
	for _, a := range t.Artists {
		comments = append(comments, [2]string{"ARTISTS", a})
	}
	// The encoder counts a block's length itself and only asks that it is not 0.
	blocks := []*meta.Block{{Header: meta.Header{Type: meta.TypeVorbisComment, Length: 1}, Body: &meta.VorbisComment{Vendor: "songlocker", Tags: comments}}}
	if p := t.Picture; p != nil {
		blocks = append(blocks, &meta.Block{Header: meta.Header{Type: meta.TypePicture, Length: 1}, Body: &meta.Picture{
			Type: 3, MIME: p.mime, Width: uint32(p.width), Height: uint32(p.height), Depth: 24, Data: p.data}})
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	enc, err := flac.NewEncoder(f, info, blocks...)
	if err != nil {
		_ = f.Close() // the first error is the one to tell
		return err
	}
	enc.EnablePredictionAnalysis(false) // ours is ten times faster
	for i := 0; i < len(pcm); i += block * channels {
		if err := enc.WriteFrame(flacFrame(pcm[i:min(len(pcm), i+block*channels)])); err != nil {
			_ = f.Close()
			return err
		}
	}
	return enc.Close()
}

// flacFrame predicts each sample from two before it, which suits smooth
// sound, and codes what is left with the Rice parameter of its mean.
func flacFrame(pcm []int16) *frame.Frame {
	n := len(pcm) / channels
	f := &frame.Frame{Header: frame.Header{HasFixedBlockSize: true, BlockSize: uint16(n), SampleRate: rate,
		Channels: frame.ChannelsLR, BitsPerSample: depth}}
	for ch := range channels {
		s := &frame.Subframe{NSamples: n, Samples: make([]int32, n)}
		var sum uint64
		for i := range n {
			s.Samples[i] = int32(pcm[i*channels+ch])
			if i >= 2 {
				r := s.Samples[i] - 2*s.Samples[i-1] + s.Samples[i-2]
				sum += uint64(max(r, -r))
			}
		}
		if n < 16 {
			s.Pred = frame.PredVerbatim
		} else {
			k := uint(0)
			for mean := 2 * sum / uint64(n); mean > 1 && k < 14; mean >>= 1 {
				k++
			}
			s.SubHeader = frame.SubHeader{Pred: frame.PredFixed, Order: 2, ResidualCodingMethod: frame.ResidualCodingMethodRice1,
				RiceSubframe: &frame.RiceSubframe{Partitions: []frame.RicePartition{{Param: k}}}}
		}
		f.Subframes = append(f.Subframes, s)
	}
	return f
}

// chunk appends one chunk of RIFF (little-endian) or IFF (big-endian), padded
// to an even length.
func chunk(out []byte, order binary.AppendByteOrder, id string, data []byte) []byte {
	out = append(out, id...)
	out = order.AppendUint32(out, uint32(len(data)))
	out = append(out, data...)
	if len(data)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

// writeWAV writes RIFF WAVE with the tags both as LIST INFO and as an ID3v2
// tag in an "id3 " chunk.
func writeWAV(file string, pcm []int16, t tags) error {
	le := binary.LittleEndian
	var format []byte
	format = le.AppendUint16(format, 1) // PCM
	format = le.AppendUint16(format, channels)
	format = le.AppendUint32(format, rate)
	format = le.AppendUint32(format, rate*channels*depth/8)
	format = le.AppendUint16(format, channels*depth/8)
	format = le.AppendUint16(format, depth)
	sound := make([]byte, 0, 2*len(pcm))
	for _, s := range pcm {
		sound = le.AppendUint16(sound, uint16(s))
	}
	list := []byte("INFO")
	for _, e := range [][2]string{{"INAM", t.Title}, {"IPRD", t.Album}, {"IART", t.artist()}, {"IGNR", t.Genre},
		{"ICRD", strconv.Itoa(t.Year)}, {"ITRK", strconv.Itoa(t.Track)}, {"ICMT", t.Comment}} {
		list = chunk(list, le, e[0], append([]byte(e[1]), 0))
	}
	body := []byte("WAVE")
	body = chunk(body, le, "fmt ", format)
	body = chunk(body, le, "LIST", list)
	body = chunk(body, le, "data", sound)
	body = chunk(body, le, "id3 ", id3(t))
	return os.WriteFile(file, chunk(nil, le, "RIFF", body), 0o644)
}

// writeAIFF writes AIFF with the tags as an ID3v2 tag in an "ID3 " chunk.
func writeAIFF(file string, pcm []int16, t tags) error {
	be := binary.BigEndian
	var common []byte
	common = be.AppendUint16(common, channels)
	common = be.AppendUint32(common, uint32(len(pcm)/channels))
	common = be.AppendUint16(common, depth)
	// The rate is an 80-bit float: 44100 = 0xAC44 << 48, times 2 to the 15th.
	common = be.AppendUint16(common, 16383+15)
	common = be.AppendUint64(common, rate<<48)
	sound := make([]byte, 8, 8+2*len(pcm)) // offset and block size are 0
	for _, s := range pcm {
		sound = be.AppendUint16(sound, uint16(s))
	}
	body := []byte("AIFF")
	body = chunk(body, be, "COMM", common)
	body = chunk(body, be, "SSND", sound)
	body = chunk(body, be, "ID3 ", id3(t))
	return os.WriteFile(file, chunk(nil, be, "FORM", body), 0o644)
}

// id3 returns an ID3v2.4 tag in UTF-8.
func id3(t tags) []byte {
	const utf8 = 3
	var frames []byte
	add := func(id string, data []byte) {
		frames = append(frames, id...)
		frames = append(frames, syncsafe(len(data))...)
		frames = append(frames, 0, 0)
		frames = append(frames, data...)
	}
	text := func(id, value string) { add(id, append([]byte{utf8}, value...)) }
	text("TIT2", t.Title)
	text("TALB", t.Album)
	text("TPE1", t.artist())
	text("TPE2", t.AlbumArtist)
	text("TSO2", t.AlbumArtistSort)
	text("TCON", t.Genre)
	text("TDRC", strconv.Itoa(t.Year))
	text("TRCK", strconv.Itoa(t.Track)+"/"+strconv.Itoa(t.TrackOf))
	text("TPOS", "1/1")
	add("COMM", append([]byte{utf8, 'e', 'n', 'g', 0}, t.Comment...))
	if p := t.Picture; p != nil {
		var b bytes.Buffer
		b.WriteByte(utf8)
		b.WriteString(p.mime)
		b.Write([]byte{0, 3, 0}) // front cover, no description
		b.Write(p.data)
		add("APIC", b.Bytes())
	}
	out := append([]byte("ID3\x04\x00\x00"), syncsafe(len(frames))...)
	return append(out, frames...)
}

// syncsafe returns a number in four bytes of seven bits.
func syncsafe(n int) []byte {
	return []byte{byte(n >> 21 & 127), byte(n >> 14 & 127), byte(n >> 7 & 127), byte(n & 127)}
}
