package audio

import (
	"bytes"
	"encoding/binary"
	"math"
)

// mp4Fragment is the last fragment of a file (ISO/IEC 14496-12, section 8.8).
type mp4Fragment struct {
	found bool
	end   int64 // of its sound, in the track's scale; 0 when unknown
	mdat  box   // of its sound
}

// mp4LastReads is how many blocks from the end the last fragment is looked for
// in, where no index tells.
const mp4LastReads = 6

// lastFragment finds the last fragment: by the index at the end, else by
// going back from there.
func (m *mp4Reader) lastFragment() (f mp4Fragment, err error) {
	size := m.s.Size()
	b, off, err := m.s.Tail(tailSize)
	if err != nil {
		return f, err
	}
	if n := len(b); n >= 16 && string(b[n-12:n-8]) == "mfro" {
		at, time, err := m.randomAccess(size - int64(binary.BigEndian.Uint32(b[n-4:])))
		if err != nil {
			return f, err
		}
		if at > 0 {
			if f, err = m.fragment(at, time); err != nil || f.found {
				return f, err
			}
		}
	}
	for range mp4LastReads {
		for i := len(b); ; {
			if i = bytes.LastIndex(b[:i], []byte("moof")); i < 4 {
				break
			}
			f, err = m.fragment(off+int64(i)-4, -1)
			if err != nil || f.found {
				return f, err
			}
		}
		if off <= m.moof {
			break
		}
		from := max(off-blockSize, m.moof)
		// The last bytes again: a name may lie across.
		if b, err = m.s.Upto(from, int(min(off+8, size)-from), nearSize); err != nil {
			return f, err
		}
		off = from
	}
	return f, nil
}

// randomAccess returns the last entry for our track in the mfra box at off:
// where its fragment lies and when it begins, in the track's scale.
func (m *mp4Reader) randomAccess(off int64) (at, time int64, err error) {
	if off <= 0 {
		return 0, 0, nil
	}
	b, ok, err := m.next(off, m.s.Size(), mp4Ahead)
	if err != nil || !ok || b.kind != "mfra" {
		return 0, 0, err
	}
	err = m.each(b.body, b.end, func(b box) error {
		if b.kind != "tfra" {
			return nil
		}
		h, err := m.bytes(b, 16)
		if err != nil || len(h) < 16 {
			return err
		}
		if id := binary.BigEndian.Uint32(h[4:]); m.track.id != 0 && id != m.track.id {
			return nil
		}
		wide := int64(4)
		if h[0] == 1 {
			wide = 8
		}
		sizes, n := binary.BigEndian.Uint32(h[8:]), int64(binary.BigEndian.Uint32(h[12:]))
		each := 2*wide + int64(sizes>>4&3+1) + int64(sizes>>2&3+1) + int64(sizes&3+1)
		last := b.body + 16 + (n-1)*each
		if n <= 0 || last+each > b.end {
			return nil
		}
		e, err := m.s.Upto(last, 16, mp4Ahead)
		if err != nil || len(e) < 16 {
			return err
		}
		if wide == 4 {
			time, at = int64(binary.BigEndian.Uint32(e)), int64(binary.BigEndian.Uint32(e[4:]))
		} else {
			time, at = int64(min(binary.BigEndian.Uint64(e), 1<<60)), int64(min(binary.BigEndian.Uint64(e[8:]), 1<<60))
		}
		return nil
	})
	return at, time, err
}

// fragment reads the moof box at off, if one is there, and finds the mdat box
// behind it. time is when it begins, -1 when only it can tell.
func (m *mp4Reader) fragment(off, time int64) (f mp4Fragment, err error) {
	size := m.s.Size()
	h, err := m.s.Upto(off, 8, mp4Ahead)
	if err != nil || len(h) < 8 || string(h[4:]) != "moof" {
		return f, err
	}
	n := int64(binary.BigEndian.Uint32(h))
	if n < 16 || n > size-off {
		return f, nil
	}
	end := off + n
	h, err = m.s.Upto(end, 8, mp4Ahead)
	if err != nil || len(h) < 8 || string(h[4:]) != "mdat" {
		return f, err
	}
	if f.mdat, f.found, err = m.next(end, size, mp4Ahead); err != nil || !f.found {
		return f, err
	}
	return f, m.each(off+8, end, func(b box) error {
		if b.kind != "traf" {
			return nil
		}
		t := mp4Run{each: m.eachSample, time: time}
		err := m.each(b.body, b.end, func(b box) error { return m.inTraf(b, &t) })
		if t.time >= 0 && (m.track.id == 0 || t.id == m.track.id) {
			f.end = t.time + min(t.length, 1<<50)
		}
		return err
	})
}

// mp4Run is what one traf box says.
type mp4Run struct {
	id     uint32
	each   int64 // of a sample that says nothing of its length
	time   int64
	length int64
}

// inTraf reads one box of a traf box.
func (m *mp4Reader) inTraf(b box, t *mp4Run) error {
	switch b.kind {
	case "tfhd":
		h, err := m.bytes(b, 32)
		if err != nil || len(h) < 8 {
			return err
		}
		flags := binary.BigEndian.Uint32(h) & 0xffffff
		t.id = binary.BigEndian.Uint32(h[4:])
		at := 8
		if flags&1 != 0 {
			at += 8
		}
		if flags&2 != 0 {
			at += 4
		}
		if flags&8 != 0 && len(h) >= at+4 {
			t.each = int64(binary.BigEndian.Uint32(h[at:]))
		}
	case "tfdt":
		h, err := m.bytes(b, 12)
		if err != nil || len(h) < 8 {
			return err
		}
		t.time = min(fullNumber(h), 1<<50)
	case "trun":
		h, err := m.bytes(b, 16+16*20_000)
		if err != nil || len(h) < 8 {
			return err
		}
		flags, n := binary.BigEndian.Uint32(h)&0xffffff, int64(binary.BigEndian.Uint32(h[4:]))
		h = h[8:]
		for _, flag := range []uint32{1, 4} {
			if flags&flag != 0 && len(h) >= 4 {
				h = h[4:]
			}
		}
		if flags&0x100 == 0 {
			if n < 1<<20 {
				t.length += n * t.each
			}
			return nil
		}
		each := 0
		for _, flag := range []uint32{0x100, 0x200, 0x400, 0x800} {
			if flags&flag != 0 {
				each += 4
			}
		}
		for ; n > 0 && len(h) >= each; n-- {
			t.length += int64(binary.BigEndian.Uint32(h))
			h = h[each:]
		}
	}
	return nil
}

// fragments tells the length of a fragmented file and names its sound, by the
// sound of its first and its last fragment: the boxes between hold places in
// the file, which other tags change.
func (m *mp4Reader) fragments() (identity string, err error) {
	last, err := m.lastFragment()
	if err != nil {
		return "", err
	}
	if m.sidxEnd < m.s.Size()-m.s.Size()/20 && last.end > 0 {
		m.sidx = 0 // an index of a part
	}
	if m.track.length == 0 && m.fragged == 0 && m.sidx == 0 && last.end > 0 && last.end < math.MaxInt64/2 {
		m.track.length = last.end
	}
	if m.mdat.kind == "" || m.track.md5 != "" {
		return "", nil
	}
	end := m.s.Size()
	if last.found {
		end = last.mdat.end
	}
	first, err := m.s.Near(m.mdat.body, int(min(m.mdat.end-m.mdat.body, window)))
	if err != nil {
		return "", err
	}
	parts := [][]byte{first}
	if last.found && last.mdat.body > m.mdat.body {
		n := min(last.mdat.end-last.mdat.body, window)
		b, err := m.s.Near(last.mdat.end-n, int(n))
		if err != nil {
			return "", err
		}
		parts = append(parts, b)
	}
	return digest("mp4f-1", end-m.moof, parts...), nil
}
