package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
)

// oggPage is the header of one page (RFC 3533, section 6).
type oggPage struct {
	off     int64 // of the page
	flags   byte
	granule int64 // -1 when no packet ends on the page
	serial  uint32
	number  uint32
	lacing  []byte // lengths of segments; the source's bytes
	body    int64  // offset of the segments
	size    int64  // bytes of all segments
}

const (
	oggContinued = 1 // the page begins inside a packet
	oggFirst     = 2 // of its stream
	oggLast      = 4

	oggHeader    = 27
	oggMaxHeader = oggHeader + 255
	oggMaxPages  = 100_000 // that one file may make us walk
)

func (p *oggPage) end() int64 { return p.body + p.size }

// parsePage reads the page header that begins b, which stands at off.
func parsePage(b []byte, off int64) (p oggPage, ok bool) {
	if len(b) < oggHeader || string(b[:4]) != "OggS" || b[4] != 0 || len(b) < oggHeader+int(b[26]) {
		return p, false
	}
	p = oggPage{
		off: off, flags: b[5], granule: int64(binary.LittleEndian.Uint64(b[6:])),
		serial: binary.LittleEndian.Uint32(b[14:]), number: binary.LittleEndian.Uint32(b[18:]),
		lacing: b[oggHeader : oggHeader+int(b[26])], body: off + oggHeader + int64(b[26]),
	}
	for _, n := range p.lacing {
		p.size += int64(n)
	}
	return p, true
}

// oggCRC is the table of the pages' checksum: polynomial 0x04c11db7, not
// reflected, without inversion (RFC 3533, section 6).
var oggCRC = func() (t [256]uint32) {
	for i := range t {
		crc := uint32(i) << 24
		for range 8 {
			if crc&(1<<31) != 0 {
				crc = crc<<1 ^ 0x04c11db7
			} else {
				crc <<= 1
			}
		}
		t[i] = crc
	}
	return t
}()

// sound tells whether the checksum of the whole page b is right.
func sound(b []byte) bool {
	var crc uint32
	for i, c := range b {
		if i >= 22 && i < 26 {
			c = 0
		}
		crc = crc<<8 ^ oggCRC[byte(crc>>24)^c]
	}
	return crc == binary.LittleEndian.Uint32(b[22:])
}

// oggReader reads the packets of one stream. It is a commentReader whose end
// is the packet's.
type oggReader struct {
	s      *Source
	f      *File
	serial uint32
	page   oggPage
	seg    int   // of the page: the first that is not in the run
	pos    int64 // of the next byte
	run    int64 // bytes of the packet that follow in one piece
	more   bool  // the packet goes on in the next page
	odd    bool  // pages are not alike: nothing is jumped over
	pages  int   // walked so far
}

var errPacket = errors.New("a packet ends early")

// load makes the segments from seg on the run, up to the packet's end.
func (r *oggReader) load(seg int) {
	r.pos += r.run
	r.run, r.more = 0, true
	for r.more && seg < len(r.page.lacing) {
		n := r.page.lacing[seg]
		r.run += int64(n)
		r.more = n == 255
		seg++
	}
	r.seg = seg
}

// enter makes p the current page and its first segments the run.
func (r *oggReader) enter(p oggPage) {
	r.page, r.pos, r.run = p, p.body, 0
	r.load(0)
}

// next enters the stream's next page, looking for it where it should be and
// then up to 64 KiB further on. At the stream's end it returns io.EOF.
func (r *oggReader) next() error {
	at := r.page.end()
	for r.pages < oggMaxPages {
		r.pages++
		b, err := r.s.Upto(at, oggMaxHeader, blockSize)
		if err != nil {
			return err
		}
		p, ok := parsePage(b, at)
		if !ok {
			next, err := r.behind(at)
			if err != nil {
				return err
			}
			r.f.warn("no page where one should begin, at byte %d", at)
			at = next
			continue
		}
		if p.serial != r.serial {
			at = p.end()
			continue
		}
		if r.page.flags&oggLast != 0 && p.flags&oggFirst != 0 {
			return io.EOF // another stream of a chain with the same number
		}
		if p.number != r.page.number+1 {
			r.f.warn("pages are missing before byte %d", at)
		}
		r.enter(p)
		return nil
	}
	return ErrBudget
}

// behind returns where the next page may begin behind at, io.EOF where none
// does in a block's length. It looks at a little at a time: what lies across
// two blocks of the source is copied.
func (r *oggReader) behind(at int64) (int64, error) {
	for from := at + 1; from < at+blockSize; from += nearSize {
		b, err := r.s.Upto(from, nearSize+3, blockSize)
		if err != nil {
			return 0, err
		}
		if i := bytes.Index(b, []byte("OggS")); i >= 0 {
			return from + int64(i), nil
		}
	}
	return 0, io.EOF
}

// nextPacket goes to the beginning of the next packet.
func (r *oggReader) nextPacket() error {
	for r.more {
		if err := r.next(); err != nil {
			return err
		}
		if r.page.flags&oggContinued == 0 {
			return nil // the end of the last packet is lost
		}
	}
	if r.seg < len(r.page.lacing) {
		r.load(r.seg)
		return nil
	}
	return r.next()
}

// goOn goes to the next page of the packet.
func (r *oggReader) goOn() error {
	if !r.more {
		return errPacket
	}
	err := r.next()
	if err == nil && r.page.flags&oggContinued == 0 {
		err = errPacket
	}
	if errors.Is(err, io.EOF) {
		err = errPacket
	}
	return err
}

func (r *oggReader) left() int64 {
	if r.more {
		return r.s.Size() - r.pos
	}
	return r.run
}

func (r *oggReader) here() place {
	return place{off: r.page.off, skip: r.pos - r.page.body, paged: true}
}

func (r *oggReader) take(n int) ([]byte, error) {
	if int64(n) > r.left() {
		return nil, errPacket
	}
	var b []byte
	for {
		m := min(int64(n-len(b)), r.run)
		part, err := r.s.Bytes(r.pos, int(m))
		if err != nil && m > 0 {
			return b, err
		}
		r.pos, r.run = r.pos+m, r.run-m
		if int(m) == n {
			return part, nil
		}
		if b = append(b, part...); len(b) == n {
			return b, nil
		}
		if err := r.goOn(); err != nil {
			return b, err
		}
	}
}

func (r *oggReader) skip(n int64) error {
	for {
		m := min(n, r.run)
		r.pos, r.run, n = r.pos+m, r.run-m, n-m
		if n == 0 {
			return nil
		}
		if n > blockSize && !r.odd {
			done, err := r.jump(n)
			if err != nil {
				return err
			}
			if done {
				return nil
			}
		}
		if err := r.goOn(); err != nil {
			return err
		}
	}
}

// jump passes n bytes that follow the current page without reading the pages
// between: one packet's pages are alike, so that the page that holds the end
// of the n bytes can be told, and its number shows whether that is right.
// What follows the picture (the setup header and the first window of sound)
// comes with the same read.
func (r *oggReader) jump(n int64) (bool, error) {
	p := r.page
	if !r.more || p.size == 0 || p.size != int64(len(p.lacing))*255 {
		return false, nil
	}
	k := n / p.size
	at := p.end() + k*(p.end()-p.off)
	inside := n - k*p.size
	if at >= r.s.Size() {
		return false, errPacket
	}
	b, err := r.s.Upto(at, oggMaxHeader, oggMaxHeader+int(inside)+window+3*nearSize)
	if err != nil {
		return false, err
	}
	q, ok := parsePage(b, at)
	if !ok || q.serial != p.serial || q.number != p.number+1+uint32(k) || q.flags&oggContinued == 0 {
		r.odd = true
		return false, nil
	}
	r.enter(q)
	if inside > r.run {
		return false, errPacket
	}
	r.pos, r.run = r.pos+inside, r.run-inside
	return true, nil
}

// rest returns up to n bytes of what is left of the current packet.
func (r *oggReader) rest(n int) ([]byte, error) {
	var b []byte
	for {
		m := min(int64(n-len(b)), r.run)
		part, err := r.s.Bytes(r.pos, int(m))
		if err != nil && m > 0 {
			return b, err
		}
		r.pos, r.run = r.pos+m, r.run-m
		if b == nil {
			b = part[:m:m]
		} else {
			b = append(b, part...)
		}
		if len(b) == n || !r.more {
			return b, nil
		}
		if err := r.goOn(); err != nil {
			return b, err
		}
	}
}
