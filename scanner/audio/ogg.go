package audio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ogg reads the first sound stream of an Ogg file (RFC 3533): Vorbis
// (https://xiph.org/vorbis/doc/Vorbis_I_spec.html), Opus (RFC 7845), FLAC
// (RFC 9639, section 10.1) and Speex
// (https://www.speex.org/docs/manual/speex-manual/node8.html).
var ogg = &container{name: "ogg", version: 2, read: readOgg, sniff: func(head []byte) bool {
	return len(head) >= 5 && string(head[:4]) == "OggS" && head[4] == 0
}}

// oggStream is one sound stream.
type oggStream struct {
	oggReader
	v       values
	id      []byte // the identification header, a copy
	rate    int64  // of granule positions
	preskip int64  // sample frames that a decoder drops at the beginning
	nominal int64  // bit/s, as Vorbis says; 0 when unknown
	long    int64  // the largest block of Vorbis, in sample frames
	info    streamInfo
	setup   []byte // what the decoder needs besides the identification header
	begin   int64  // of the first stream's first page
}

// maxStreams is how many streams a file may begin at once.
const maxStreams = 64

func readOgg(s *Source, start int64, f *File, v values) error {
	o, err := firstSound(s, start, f)
	if err != nil {
		return err
	}
	o.v, o.begin = v, start
	if err := o.headers(); err != nil {
		if err := soft(s, f, err); err != nil {
			return err
		}
		return o.measure(o.page.end())
	}
	soundAt := o.pos
	first, parts, err := o.beginning()
	if err != nil {
		return err
	}
	if first.off > 0 {
		soundAt = first.off
	}
	last, err := o.measureFrom(soundAt, first)
	if err != nil {
		return err
	}
	switch {
	case o.info.md5 != "":
		f.Identity = "flac-1-" + o.info.md5
	case len(parts) > 0:
		f.Identity = digest("ogg-1", last, append([][]byte{o.unlevelled(), o.setup}, parts...)...)
	default:
		f.warn("no sound")
	}
	return nil
}

// firstSound finds the first stream whose codec is known and reads its
// identification header. The reader stands in it.
func firstSound(s *Source, start int64, f *File) (*oggStream, error) {
	at := start
	for range maxStreams {
		b, err := s.Upto(at, oggMaxHeader, blockSize)
		if err != nil {
			return nil, err
		}
		p, ok := parsePage(b, at)
		if !ok || p.flags&oggFirst == 0 {
			break
		}
		o := &oggStream{oggReader: oggReader{s: s, f: f, serial: p.serial}}
		o.enter(p)
		head, err := s.Upto(o.pos, int(min(o.run, 256)), nearSize)
		if err != nil {
			return nil, err
		}
		if o.identify(bytes.Clone(head)) {
			o.check()
			return o, nil
		}
		at = p.end()
	}
	return nil, fmt.Errorf("an Ogg file without a known sound stream: %w", ErrUnknown)
}

// check warns of a wrong checksum of the current page, where it is short and
// at hand.
func (o *oggStream) check() {
	if n := o.page.end() - o.page.off; n <= nearSize {
		if b, ok := o.s.find(o.page.off, int(n)); ok && !sound(b) {
			o.f.warn("the checksum of the page at byte %d is wrong", o.page.off)
		}
	}
}

// identify reads an identification header.
func (o *oggStream) identify(b []byte) bool {
	f := o.f
	switch {
	case len(b) >= 30 && string(b[:7]) == "\x01vorbis":
		f.Codec, f.Channels, f.SampleRate = "vorbis", int(b[11]), int(binary.LittleEndian.Uint32(b[12:]))
		o.rate = int64(f.SampleRate)
		o.nominal = max(int64(int32(binary.LittleEndian.Uint32(b[20:]))), 0)
		o.long = 1 << (b[28] >> 4)
	case len(b) >= 19 && string(b[:8]) == "OpusHead":
		f.Codec, f.Channels, f.SampleRate, o.rate = "opus", int(b[9]), 48000, 48000
		o.preskip = int64(binary.LittleEndian.Uint16(b[10:]))
		f.Delay = int(o.preskip)
		if gain := int16(binary.LittleEndian.Uint16(b[16:])); gain != 0 {
			db := float64(gain) / 256
			f.Gain.BaseGain = &db
		}
	case len(b) >= 51 && string(b[:5]) == "\x7fFLAC" && string(b[9:13]) == "fLaC":
		o.info, _ = parseStreamInfo(b[17:], f)
		o.rate = o.info.rate
	case len(b) >= 72 && string(b[:8]) == "Speex   ":
		f.Codec, f.SampleRate = "speex", int(binary.LittleEndian.Uint32(b[36:]))
		f.Channels = int(binary.LittleEndian.Uint32(b[48:]) & 0xff)
		o.rate = int64(f.SampleRate)
	default:
		return false
	}
	if o.rate > 1<<24 {
		f.SampleRate, o.rate = 0, 0
		f.warn("an impossible sample rate")
	}
	o.id = b
	return true
}

// unlevelled returns the identification header without Opus' output gain,
// which loudness tools change.
func (o *oggStream) unlevelled() []byte {
	b := bytes.Clone(o.id)
	if o.f.Codec == "opus" {
		b[16], b[17] = 0, 0
	}
	return b
}

// headers reads the comment header and what stands between it and the sound.
func (o *oggStream) headers() error {
	if err := o.nextPacket(); err != nil {
		return err
	}
	o.check()
	switch o.f.Codec {
	case "vorbis":
		if err := o.comments("\x03vorbis"); err != nil {
			return err
		}
		if err := o.nextPacket(); err != nil {
			return err
		}
		var err error
		if o.setup, err = o.rest(256 << 10); err != nil {
			return err
		}
		if !bytes.HasPrefix(o.setup, []byte("\x05vorbis")) {
			return errors.New("no setup header")
		}
	case "opus":
		if err := o.comments("OpusTags"); err != nil {
			return err
		}
	case "flac":
		return o.flacHeaders()
	case "speex":
		if err := o.comments(""); err != nil {
			return err
		}
		for range min(binary.LittleEndian.Uint32(o.id[68:]), 8) {
			if err := o.nextPacket(); err != nil {
				return err
			}
		}
	}
	return nil
}

// comments reads the comment header, which begins with magic. Only what the
// reader cannot go on after is an error.
func (o *oggStream) comments(magic string) error {
	b, err := o.take(len(magic))
	if err != nil {
		return err
	}
	if string(b) != magic {
		return errors.New("no comment header")
	}
	err = vorbisComments(o, o.f, o.v)
	if errors.Is(err, errPacket) {
		o.f.warn("the comment header ends early")
		err = nil
	}
	return err
}

// flacHeaders reads the packets of metadata blocks (RFC 9639, section 10.1).
func (o *oggStream) flacHeaders() error {
	for range maxFLACBlocks {
		h, err := o.take(4)
		if err != nil {
			return err
		}
		if h[0] == 0xff {
			return errors.New("no metadata block is marked as the last")
		}
		kind, last := h[0]&0x7f, h[0]&0x80 != 0
		switch kind {
		case flacComment:
			if err := o.comments(""); err != nil {
				return err
			}
		case flacPicture:
			at := o.here()
			b, err := o.rest(commentPeek)
			if err != nil {
				return err
			}
			if p, ok := pictureBlock(b); ok && p.size > 0 && p.data > 0 && p.data <= o.left()+commentPeek && p.mime != "-->" && len(o.f.Pictures) < maxPictures {
				ref := at.ref(int64(p.size), p.data, "")
				ref.Type, ref.MIME = p.kind, p.mime
				o.f.Pictures = append(o.f.Pictures, ref)
				if err := o.skip(max(int64(p.size)+p.data-int64(len(b)), 0)); err != nil {
					return err
				}
			}
		}
		if last {
			return nil
		}
		if err := o.nextPacket(); err != nil {
			return err
		}
	}
	return errors.New("too many metadata blocks")
}

// beginning passes the end of the headers and returns the first page of
// sound and the first 16 KiB of its packets, without page headers: other tags
// move pages and change their numbers, never the packets.
func (o *oggStream) beginning() (first oggPage, parts [][]byte, err error) {
	err = o.nextPacket()
	for n := int64(0); err == nil && n < window; {
		if first.off == 0 {
			first = o.page
		}
		m := min(o.page.end()-o.pos, window-n)
		b, e := o.s.Upto(o.pos, int(m), nearSize)
		if e != nil {
			return first, parts, soft(o.s, o.f, e)
		}
		parts = append(parts, b)
		if n += int64(len(b)); n < window {
			err = o.next()
		}
	}
	if err == nil || errors.Is(err, io.EOF) {
		return first, parts, nil
	}
	return first, parts, soft(o.s, o.f, err)
}

// measure tells the length from the last granule position. soundAt is where
// the pages of sound begin.
func (o *oggStream) measure(soundAt int64) error {
	_, err := o.measureFrom(soundAt, oggPage{})
	return err
}

// measureFrom is measure with the first page of sound. It returns the last
// granule position of the stream.
func (o *oggStream) measureFrom(soundAt int64, first oggPage) (int64, error) {
	last, before, chained, err := o.lastPage()
	if err != nil {
		return 0, err
	}
	size := max(o.s.Size()-soundAt, 0)
	samples := last.granule
	switch {
	case o.info.samples > 0 && !chained:
		samples = o.info.samples
	case last.granule > 0:
		begin, err := o.firstGranule(first)
		if err != nil {
			return 0, err
		}
		if begin > 0 && begin < samples {
			samples -= begin
		} else {
			samples -= o.preskip
		}
		if o.f.Codec == "opus" && before.body > 0 && !chained {
			if n, ok := o.opusFrames(last); ok {
				if pad := before.granule + n - last.granule; pad > 0 && pad < 48000 {
					o.f.Padding = int(pad)
				}
			}
		}
		if chained {
			return last.granule, o.chain(soundAt, size)
		}
	case o.nominal > 0:
		samples = int64(float64(size) * 8 / float64(o.nominal) * float64(o.rate))
		o.f.warn("the length is an estimate")
	default:
		o.f.warn("the length is unknown")
	}
	length(o.f, samples, o.rate, size)
	return last.granule, nil
}

// lastPage finds the last whole page on which a packet of the stream ends,
// and the one before it where that is near. Where only other streams' pages
// stand at the end, it is the last of those, and chained is true.
func (o *oggStream) lastPage() (last, before oggPage, chained bool, err error) {
	b, off, err := o.s.Tail(tailSize)
	for range 3 {
		if err != nil {
			return last, before, false, soft(o.s, o.f, err)
		}
		var other oggPage
		begun := false // another stream, behind the last page of ours
		for at := len(b); ; {
			at = bytes.LastIndex(b[:at], []byte("OggS"))
			if at < 0 {
				break
			}
			p, ok := parsePage(b[at:], off+int64(at))
			if !ok || p.granule < 0 || p.end() > o.s.Size() {
				continue
			}
			if p.serial != o.serial {
				if other.body == 0 {
					other = p
				}
				begun = begun || p.flags&oggFirst != 0
				continue
			}
			if begun && p.flags&oggFirst == 0 {
				return other, before, true, nil
			}
			if last.body == 0 {
				last = p
				continue
			}
			return last, p, false, nil
		}
		if last.body != 0 {
			return last, before, false, nil
		}
		if other.body != 0 && other.flags&oggLast != 0 && off > 0 {
			return other, before, true, nil
		}
		if off == 0 {
			break
		}
		n := int64(blockSize)
		from := max(off-n, 0)
		if b, err = o.s.Upto(from, int(o.s.Size()-from), nearSize); err == nil {
			off = from
		}
	}
	return last, before, false, nil
}

// firstGranule returns the granule position at which the first page of sound
// begins: more than 0 where a stream was cut from a longer one (RFC 7845,
// section 4.5).
func (o *oggStream) firstGranule(first oggPage) (int64, error) {
	if first.granule <= 0 || first.granule < 3*o.rate {
		return 0, nil
	}
	switch o.f.Codec {
	case "opus":
		if n, ok := o.opusFrames(first); ok {
			return max(first.granule-n, 0), nil
		}
	case "vorbis":
		var packets int64
		for _, n := range first.lacing {
			if n < 255 {
				packets++
			}
		}
		// Neighbouring blocks overlap: a packet yields at most half the sum.
		return max(first.granule-packets*o.long/2, 0), nil
	}
	return 0, nil
}

// opusFrames returns the sample frames of the packets that end on p, by the
// first byte of each (RFC 6716, section 3.1).
func (o *oggStream) opusFrames(p oggPage) (total int64, ok bool) {
	b, err := o.s.Upto(p.body, int(p.size), nearSize)
	if err != nil || int64(len(b)) < p.size {
		return 0, false
	}
	at, begin, inside := 0, 0, p.flags&oggContinued != 0
	var each, unknown int64
	for _, n := range p.lacing {
		at += int(n)
		if n == 255 {
			continue
		}
		if inside {
			inside, unknown = false, 1
		} else if begin < at {
			each = opusPacket(b[begin:at])
			total += each
		}
		begin = at
	}
	return total + unknown*each, true
}

// opusPacket returns the sample frames of one packet at 48 kHz.
func opusPacket(b []byte) int64 {
	config := b[0] >> 3
	var frame int64
	switch {
	case config < 12:
		frame = []int64{480, 960, 1920, 2880}[config&3]
	case config < 16:
		frame = []int64{480, 960}[config&1]
	default:
		frame = []int64{120, 240, 480, 960}[config&3]
	}
	switch b[0] & 3 {
	case 0:
		return frame
	case 3:
		if len(b) < 2 {
			return 0
		}
		return frame * int64(b[1]&0x3f)
	}
	return 2 * frame
}

var _ commentReader = (*oggStream)(nil)
