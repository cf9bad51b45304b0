package audio

import (
	"fmt"
	"math"
)

// syncFrame is the header of one frame of a raw stream: one that is nothing
// but frames, each of which says how long it is.
type syncFrame struct {
	size     int // bytes, header included
	samples  int // sample frames
	rate     int // Hz; 0 for what only adds to the frame before it
	channels int
	kind     int // frames of one stream have the same
}

// follows tells whether h can be of the stream that first is of.
func (h syncFrame) follows(first syncFrame) bool {
	return h.rate == 0 || h.rate == first.rate && h.kind == first.kind
}

// stream is a kind of raw stream.
type stream struct {
	sync  byte // the first byte of every frame
	need  int  // bytes that parse needs
	parse func(b []byte) (syncFrame, bool)
}

// streamSniff is how far from its beginning a stream may begin: one that was
// cut begins in mid-frame.
const streamSniff = 2 << 10

// streamWhole is the longest stream that is counted whole.
const streamWhole = 160 << 10

// find returns where in b a frame begins that two more follow, or as many as
// there is room for, when it lies before limit. last tells that nothing comes
// behind b.
func (t stream) find(b []byte, limit int, last bool) (int, syncFrame, bool) {
	for i := 0; i < min(limit, len(b)-t.need+1); i++ {
		if b[i] != t.sync {
			continue
		}
		first, ok := t.parse(b[i:])
		for at, n := i+first.size, 1; ok && n < 3; n++ {
			if last && at == len(b) {
				break
			}
			if at+t.need > len(b) {
				// Long frames may reach beyond what is seen: two are enough.
				ok = n > 1 && !last
				break
			}
			next, good := t.parse(b[at:])
			ok = good && next.follows(first)
			at += next.size
		}
		if ok {
			return i, first, true
		}
	}
	return 0, syncFrame{}, false
}

// run is a number of frames that follow each other.
type run struct{ bytes, samples int64 }

// density is how many sample frames a byte tells; 0 when there are no frames.
func (r run) density() float64 {
	if r.bytes == 0 {
		return 0
	}
	return float64(r.samples) / float64(r.bytes)
}

// sample counts the frames that begin between pos and end, from the first one
// that is found there.
func (t stream) sample(s *Source, pos, end int64, like syncFrame) (run, error) {
	b, err := s.Upto(pos, int(end-pos), nearSize)
	if err != nil {
		return run{}, err
	}
	i, h, ok := t.find(b, len(b), false)
	if !ok || !h.follows(like) {
		return run{}, nil
	}
	return t.count(s, pos+int64(i), pos+int64(len(b)), like)
}

// count counts the frames from pos on that begin in the bytes up to limit.
func (t stream) count(s *Source, pos, limit int64, like syncFrame) (run, error) {
	var r run
	for limit-pos >= int64(t.need) {
		b, err := s.Upto(pos, t.need, nearSize)
		if err != nil {
			return r, err
		}
		h, ok := t.parse(b)
		if !ok || !h.follows(like) {
			break
		}
		r.bytes, r.samples = r.bytes+int64(h.size), r.samples+int64(h.samples)
		pos += int64(h.size)
	}
	return r, nil
}

// measure fills f's properties from the frames between start and end. A short
// stream is counted whole and is known exactly; of a longer one the beginning,
// the middle and the end stand for the rest.
func (t stream) measure(s *Source, start, end int64, f *File, kind string) (syncFrame, error) {
	b, err := s.Upto(start, int(min(12<<10, end-start)), 2*window)
	if err != nil {
		return syncFrame{}, err
	}
	at, first, ok := t.find(b, streamSniff, int64(len(b)) == end-start)
	if !ok {
		f.warn("no frames of sound")
		return first, nil
	}
	start += int64(at)
	f.SampleRate, f.Channels = first.rate, first.channels
	size := end - start
	limit := min(end, start+2*window)
	if size <= streamWhole {
		limit = end
		if _, err := s.Upto(start, int(size), nearSize); err != nil {
			return first, err
		}
	}
	head, err := t.count(s, start, limit, first)
	if err != nil {
		return first, err
	}
	if head.bytes >= size {
		length(f, head.samples, int64(first.rate), size)
		return first, payload(s, f, kind, start, size)
	}
	density := head.density()
	if size > streamWhole {
		tail, err := t.sample(s, end-window, end, first)
		if err != nil {
			return first, err
		}
		middle, err := t.sample(s, start+size/2-2*window, start+size/2+2*window, first)
		if err != nil {
			return first, err
		}
		if tail.samples > 0 && middle.samples > 0 {
			density = (density + 4*middle.density() + tail.density()) / 6 // Simpson's rule
		}
	}
	if density > 0 {
		seconds := density * float64(size) / float64(first.rate)
		f.Duration = int64(math.Round(seconds * 1000))
		f.BitRate = int(math.Round(float64(size) * 8 / seconds / 1000))
	}
	return first, payload(s, f, kind, start, size)
}

// payload names the sound that lies in the size bytes from off.
func payload(s *Source, f *File, kind string, off, size int64) (err error) {
	if size <= 0 {
		f.warn("no sound")
		return nil
	}
	f.Identity, err = windows(s, kind, off, size)
	return err
}

// pcmPayload does so for sound that is not compressed: where it begins and
// ends in silence, its middle tells it from others.
func pcmPayload(s *Source, f *File, kind string, sound chunk) (err error) {
	if sound.size <= 0 {
		f.warn("no sound")
		return nil
	}
	if sound.size <= 3*window {
		f.Identity, err = windows(s, kind, sound.pos, sound.size)
		return err
	}
	var parts [][]byte
	quiet := true
	for _, at := range []int64{sound.pos, sound.pos + sound.size - window, sound.pos + sound.size/2} {
		if len(parts) == 2 && !quiet {
			break
		}
		b, err := s.Near(at, window)
		if err != nil {
			return fmt.Errorf("the sound: %w", err)
		}
		parts, quiet = append(parts, b), quiet && dull(b)
	}
	f.Identity = digest(kind, sound.size, parts...)
	return nil
}

// dull tells that b has so few different bytes that it is silence or next to it.
func dull(b []byte) bool {
	var seen [256]bool
	n := 0
	for _, c := range b {
		if !seen[c] {
			seen[c] = true
			n++
		}
	}
	return n <= 16
}

// lastWindow reads the last window of the sound and so many bytes behind it,
// where tags often stand, in one request.
func lastWindow(s *Source, sound chunk, more int64) error {
	end := sound.pos + sound.size
	from := max(end-window, sound.pos)
	if _, err := s.Upto(from, int(end-from+min(more, s.Size()-end)), nearSize); err != nil {
		return s.Err()
	}
	return nil
}
