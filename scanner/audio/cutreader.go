package audio

import (
	"errors"
	"fmt"
	"io"

	"github.com/songlocker/songlocker/models"
)

// ObjectReader reads an object in one go and by ranges.
type ObjectReader interface {
	io.ReadSeeker
	io.ReaderAt
}

// CutReader reads a part as the file that it is: the same bytes each time,
// from any place, in little memory. It belongs to one goroutine.
type CutReader struct {
	cut  models.Cut
	r    ObjectReader
	pos  int64 // in the part
	from int64 // where r stands in the object, as far as known; -1 is unknown

	flac  *flacStream
	frame []byte // CutFLAC: the rewritten frame that at and next tell of
	at    int64  // where frame begins in the part
	next  flacFrame
	raw   []byte // what of the object was read from next.off on
}

// NewCutReader returns a reader of a part of the object behind r, which stays
// the caller's to close.
func NewCutReader(r ObjectReader, cut models.Cut) *CutReader {
	return &CutReader{cut: cut, r: r, from: -1}
}

// Size returns the bytes of the part.
func (c *CutReader) Size() int64 { return c.cut.Size }

// Seek is that of io.Seeker.
func (c *CutReader) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		off += c.pos
	case io.SeekEnd:
		off += c.cut.Size
	}
	if off < 0 {
		return 0, errors.New("seek before the beginning")
	}
	c.pos = off
	return off, nil
}

// Read is that of io.Reader.
func (c *CutReader) Read(p []byte) (int, error) {
	if c.pos >= c.cut.Size {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	head := int64(len(c.cut.Head))
	if c.pos < head {
		n := copy(p, c.cut.Head[c.pos:])
		c.pos += int64(n)
		return n, nil
	}
	p = p[:min(int64(len(p)), c.cut.Size-c.pos)]
	if c.cut.Kind == models.CutFLAC {
		return c.readFLAC(p)
	}
	n, err := c.object(p, c.cut.From+c.pos-head)
	c.pos += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

// object reads from the object at off. Reads that follow each other are one
// request to the store.
func (c *CutReader) object(p []byte, off int64) (int, error) {
	if c.from != off {
		if _, err := c.r.Seek(off, io.SeekStart); err != nil {
			c.from = -1
			return 0, err
		}
		c.from = off
	}
	n, err := c.r.Read(p)
	c.from += int64(n)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// flacRead is how much of a FLAC object is read at once.
const flacRead = 64 << 10

// readFLAC reads out of rewritten frames.
func (c *CutReader) readFLAC(p []byte) (int, error) {
	if c.flac == nil {
		if err := c.startFLAC(); err != nil {
			return 0, err
		}
	}
	if c.pos < c.at || c.pos > c.at+int64(len(c.frame)) {
		if err := c.locate(); err != nil {
			return 0, err
		}
	}
	for c.pos >= c.at+int64(len(c.frame)) {
		if err := c.nextFrame(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.frame[c.pos-c.at:])
	c.pos += int64(n)
	return n, nil
}

// startFLAC stands at the part's first frame.
func (c *CutReader) startFLAC() error {
	b := make([]byte, flacMaxHead)
	if n, err := c.r.ReadAt(b, c.cut.From); n < 4 {
		return fmt.Errorf("read the first frame: %w", err)
	}
	c.flac = &flacStream{look: b[2] & 15, depth: b[3] & 15, read: func(off int64, n int) ([]byte, error) {
		b := make([]byte, min(int64(n), max(c.cut.Object-off, 0)))
		n, err := c.r.ReadAt(b, off)
		switch {
		case n == len(b):
			err = nil
		case errors.Is(err, io.EOF):
			err = errChanged // it has become shorter
		}
		return b[:n], err
	}}
	c.stand(flacFrame{c.cut.From, c.cut.Frame})
	return nil
}

// stand makes f the frame that comes next.
func (c *CutReader) stand(f flacFrame) {
	c.frame, c.at, c.next, c.raw = c.frame[:0], c.place(f), f, c.raw[:0]
}

// place returns where in the part a frame of the object begins.
func (c *CutReader) place(f flacFrame) int64 {
	n := f.number - c.cut.Frame
	return int64(len(c.cut.Head)) + f.off - c.cut.From + flacNumbers(0, n) - flacNumbers(c.cut.Frame, n)
}

// locate stands at the frame in which the position lies.
func (c *CutReader) locate() error {
	lo, hi := flacFrame{c.cut.From, c.cut.Frame}, flacFrame{c.cut.To, c.cut.Frame + c.cut.Frames}
	c.flac.left = flacWork
	f, err := c.flac.find(lo, hi, func(lo, hi flacFrame) int64 {
		// What the numbers take less grows from frame to frame.
		share := float64(c.pos-c.place(lo)) / float64(max(c.place(hi)-c.place(lo), 1))
		return lo.off + int64(share*float64(hi.off-lo.off))
	}, func(f flacFrame) bool { return c.place(f) <= c.pos })
	if err != nil {
		return err
	}
	c.stand(f)
	return nil
}

// errChanged is an object that is no longer what was cut.
var errChanged = errors.New("the object has changed since it was cut")

// nextFrame rewrites the next frame: with its number in the part, and with the
// checksums that follow from that.
func (c *CutReader) nextFrame() error {
	if c.next.number >= c.cut.Frame+c.cut.Frames {
		return io.ErrUnexpectedEOF
	}
	last := -1
	if c.next.number+1 == c.cut.Frame+c.cut.Frames {
		last = int(min(c.cut.To-c.next.off, flacMost+1))
	}
	end := 0
	for {
		if end = c.flac.end(c.raw, c.next.number, last); end > 0 {
			break
		}
		// Each look is twice as long: what was looked at in vain is looked at
		// again but a few times.
		left := c.cut.To - c.next.off
		if int64(len(c.raw)) >= min(left, flacMost) {
			return errChanged
		}
		if err := c.fill(int(min(left, int64(max(flacRead, 2*len(c.raw)))))); err != nil {
			return err
		}
	}
	old := c.raw[:end]
	_, coded, head, ok := c.flac.header(old)
	if !ok || end < head+2 {
		return errChanged
	}
	at := c.at + int64(len(c.frame))
	out := append(c.frame[:0], old[:4]...)
	out = appendFLACNumber(out, c.next.number-c.cut.Frame)
	out = append(out, old[coded:head-1]...)
	out = append(out, crc8(out))
	out = append(out, old[head:end-2]...)
	sum := crc16(0, out)
	c.frame, c.at = append(out, byte(sum>>8), byte(sum)), at
	c.next = flacFrame{c.next.off + int64(end), c.next.number + 1}
	c.raw = c.raw[:copy(c.raw, c.raw[end:])]
	return nil
}

// fill reads on until n bytes are there.
func (c *CutReader) fill(n int) error {
	if cap(c.raw) < n {
		c.raw = append(make([]byte, 0, n), c.raw...)
	}
	for len(c.raw) < n {
		have := len(c.raw)
		m, err := c.object(c.raw[have:n], c.next.off+int64(have))
		c.raw = c.raw[:have+m]
		if m == 0 && err != nil {
			return err
		}
	}
	return nil
}
