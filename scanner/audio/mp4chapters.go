package audio

import (
	"encoding/binary"
	"slices"

	"github.com/songlocker/songlocker/models"
)

// neroChapters reads a chpl box, as Nero and most makers of audiobooks write
// it: at most 255 chapters, their starts in 100 ns.
func (m *mp4Reader) neroChapters(b []byte) {
	if len(b) < 5 || len(m.nero) > 0 {
		return
	}
	version := b[0]
	if b = b[4:]; version > 0 {
		if len(b) < 5 {
			return
		}
		b = b[4:]
	}
	n := int(b[0])
	b = b[1:]
	for range n {
		if len(b) < 9 {
			return
		}
		at, size := int64(min(binary.BigEndian.Uint64(b), 1<<62)), int(b[8])
		b = b[9:]
		size = min(size, len(b))
		m.nero = append(m.nero, models.Chapter{Start: at / 10_000, Title: utf8Text(b[:size])})
		b = b[size:]
	}
}

const (
	mp4ChapterReads = 100 // that the titles of a track of chapters may cost
	mp4ChapterTitle = 1024
)

// mp4Sample is one sample of a track of text.
type mp4Sample struct {
	off, size int64
	start     int64 // in the track's scale
}

// chapters notes the chapters of a chpl box, else those of the text track
// that the sound names as its chapters (QuickTime File Format Specification,
// "Chapter lists"). A chpl box that is full may lack some.
func (m *mp4Reader) chapters() error {
	var track *mp4Track
	for i := range m.texts {
		if t := &m.texts[i]; t.id != 0 && t.scale > 0 && slices.Contains(m.track.chapters, t.id) {
			track = t
			break
		}
	}
	if len(m.nero) > 0 && (len(m.nero) < 255 || track == nil) || track == nil {
		for _, c := range m.nero {
			m.f.chapter(c)
		}
		return nil
	}
	samples, err := m.samples(track)
	if err != nil {
		return err
	}
	// Samples that lie together come with one read.
	reads := 0
	for i, x := range samples {
		c := models.Chapter{Start: x.start * 1000 / track.scale}
		n := int(min(x.size, 2+mp4ChapterTitle))
		if _, there := m.s.find(x.off, n); there || reads < mp4ChapterReads {
			ahead := nearSize
			if i+1 < len(samples) {
				if last := samples[len(samples)-1]; last.off > x.off && last.off+last.size-x.off <= blockSize {
					ahead = int(last.off + last.size - x.off)
				}
			}
			if !there {
				reads++
			}
			b, err := m.s.Upto(x.off, n, ahead)
			if err != nil {
				return err
			}
			c.Title = mp4Text(b)
		}
		m.f.chapter(c)
	}
	return nil
}

// mp4Text reads a text sample: a length of 16 bits and UTF-8, or UTF-16 with a
// byte order mark.
func mp4Text(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
	b = b[2 : 2+n]
	if n >= 2 && (b[0] == 0xfe && b[1] == 0xff || b[0] == 0xff && b[1] == 0xfe) {
		return utf16Text(b, true)
	}
	return utf8Text(b)
}

// samples returns the samples of a track by its tables (ISO/IEC 14496-12,
// section 8.6.1 and 8.7).
func (m *mp4Reader) samples(t *mp4Track) ([]mp4Sample, error) {
	table := func(kind string) ([]byte, error) {
		b, err := m.bytes(t.tables[kind], 8+16*maxChapters)
		if err != nil || len(b) < 8 {
			return nil, err
		}
		return b[4:], nil
	}
	u32 := binary.BigEndian.Uint32
	times, err := table("stts")
	if err != nil {
		return nil, err
	}
	sizes, err := table("stsz")
	if err != nil {
		return nil, err
	}
	runs, err := table("stsc")
	if err != nil {
		return nil, err
	}
	width := 4
	chunks, err := table("stco")
	if err == nil && chunks == nil {
		width = 8
		chunks, err = table("co64")
	}
	if err != nil || len(times) < 4 || len(sizes) < 8 || len(runs) < 4 || len(chunks) < 4 {
		return nil, err
	}
	times, runs, chunks = times[4:], runs[4:], chunks[4:]
	each, count := int64(u32(sizes)), int(min(u32(sizes[4:]), maxChapters))
	sizes = sizes[8:]
	var list []mp4Sample
	// Sizes and places.
	chunk := uint32(0)
	for len(list) < count && len(chunks) >= width {
		chunk++
		off := int64(u32(chunks))
		if width == 8 {
			off = int64(min(binary.BigEndian.Uint64(chunks), 1<<62))
		}
		chunks = chunks[width:]
		for len(runs) >= 24 && u32(runs[12:]) <= chunk {
			runs = runs[12:]
		}
		if len(runs) < 8 {
			break
		}
		for range min(u32(runs[4:]), uint32(count-len(list))) {
			size := each
			if each == 0 {
				if len(sizes) < 4 {
					return list, nil
				}
				size, sizes = int64(u32(sizes)), sizes[4:]
			}
			list = append(list, mp4Sample{off: off, size: size})
			off += size
		}
	}
	// Starts.
	at, i := int64(0), 0
	for ; len(times) >= 8 && i < len(list); times = times[8:] {
		for range min(u32(times), uint32(len(list)-i)) {
			list[i].start = at
			at += int64(u32(times[4:]))
			i++
		}
	}
	return list[:i], nil
}
