package audio

import (
	"bytes"
)

// The links of a chain are found by halving: each read tells which link a
// place belongs to. More probes than these are not worth it, and the length
// becomes an estimate.
const (
	oggProbe  = 16 << 10
	oggProbes = 250 // of one file
)

// oggLink is the sound of one link of a chain (RFC 3533, section 4).
type oggLink struct {
	oggStream
	first, last int64 // granule positions before the first and at the last packet
	next        int64 // where the next link begins
}

// chain adds up the lengths of a file of several streams, one behind the
// other. Its tags are those of the first. soundAt is where that one's sound
// begins, size how many bytes there are from there on.
func (o *oggStream) chain(soundAt, size int64) error {
	samples, seconds, probes, alike := int64(0), 0.0, 0, true
	at := o.begin
	for links := 0; at < o.s.Size(); links++ {
		l, ok, err := o.link(at, &probes)
		if err != nil {
			return soft(o.s, o.f, err)
		}
		if !ok {
			if probes < oggProbes && links > 0 {
				break // what follows is no sound
			}
			return o.guessChain(soundAt, size)
		}
		n := max(l.last-l.first, 0)
		if l.first == 0 {
			n = max(n-l.preskip, 0)
		}
		samples += n
		if l.rate > 0 {
			seconds += float64(n) / float64(l.rate)
		}
		alike = alike && l.rate == o.rate
		at = l.next
	}
	if seconds <= 0 || seconds > 1e8 || o.rate <= 0 {
		return o.guessChain(soundAt, size)
	}
	if !alike {
		samples = int64(seconds * float64(o.rate))
	}
	length(o.f, samples, o.rate, size)
	return nil
}

// link reads the heads of the link at off and finds its end.
func (o *oggStream) link(off int64, probes *int) (l oggLink, ok bool, err error) {
	scratch := &File{} // what a later link says of itself is not the file's
	at, serials := off, map[uint32]bool{}
	for range maxStreams {
		b, err := o.s.Upto(at, oggMaxHeader, oggProbe)
		if err != nil {
			return l, false, err
		}
		p, isPage := parsePage(b, at)
		if !isPage || p.flags&oggFirst == 0 {
			break
		}
		serials[p.serial] = true
		if !ok {
			l.oggStream = oggStream{oggReader: oggReader{s: o.s, f: scratch, serial: p.serial}}
			head, err := o.s.Upto(p.body, int(min(p.size, 256)), nearSize)
			if err != nil {
				return l, false, err
			}
			ok = l.identify(bytes.Clone(head))
		}
		at = p.end()
	}
	if !ok {
		return l, false, nil
	}
	// The first page of sound: it may begin in the middle of a longer stream.
	first, err := o.pageOf(at, probes, func(p oggPage) bool { return p.serial == l.serial && p.granule > 0 })
	if err != nil {
		return l, false, err
	}
	if first.body > 0 {
		if l.first, err = l.firstGranule(first); err != nil {
			return l, false, err
		}
	}
	// Halving: the page at low is in the link, no page from high on is. l.next is
	// the first page that is known to be none of it.
	low, high := off, o.s.Size()
	l.next = high
	for step := int64(1 << 20); high-low > 4*oggProbe; step *= 2 {
		mid := low + min((high-low)/2, step) // the first steps are small: links are mostly songs
		p, err := o.pageOf(mid, probes, func(oggPage) bool { return true })
		if err != nil || *probes > oggProbes {
			return l, false, err
		}
		switch {
		case p.body == 0 || p.off >= high:
			high = mid
		case serials[p.serial]:
			low = p.off
		default:
			high, l.next = p.off, p.off
		}
	}
	// What is left is walked, for the last page of the sound and the first of
	// what follows it.
	from := max(low-2*oggProbe, off)
	b, err := o.s.Upto(from, int(min(high+oggMaxHeader, o.s.Size())-from), oggProbe)
	if err != nil {
		return l, false, err
	}
	for at := 0; at < len(b); {
		p, isPage := parsePage(b[at:], from+int64(at))
		switch {
		case !isPage:
			i := bytes.Index(b[at+1:], []byte("OggS"))
			if i < 0 {
				return l, l.last > 0, nil
			}
			at += 1 + i
			continue
		case !serials[p.serial]:
			l.next = p.off
			return l, l.last > 0, nil
		case p.serial == l.serial && p.granule > 0:
			l.last = p.granule
		}
		at += int(p.end() - p.off)
	}
	return l, l.last > 0, nil
}

// pageOf returns the first page from off on that want accepts, within a few
// reads, which probes counts; one without a body where there is none.
func (o *oggStream) pageOf(off int64, probes *int, want func(oggPage) bool) (oggPage, error) {
	for range 8 {
		*probes++
		b, err := o.s.Upto(off, oggProbe, oggProbe)
		if err != nil || len(b) < oggHeader {
			return oggPage{}, err
		}
		for at := 0; ; at += 4 {
			i := bytes.Index(b[at:], []byte("OggS"))
			if i < 0 {
				break
			}
			at += i
			if p, ok := parsePage(b[at:], off+int64(at)); ok && want(p) {
				return p, nil
			}
		}
		if off += int64(len(b)) - oggMaxHeader; len(b) < oggProbe {
			break
		}
	}
	return oggPage{}, nil
}

// guessChain estimates the length by the rate of the first pages.
func (o *oggStream) guessChain(soundAt, size int64) error {
	o.f.warn("a chain of streams: the length is an estimate")
	b, err := o.s.Upto(soundAt, window, nearSize)
	if err != nil {
		return soft(o.s, o.f, err)
	}
	var bytes, granule int64
	for at := 0; at < len(b); {
		p, ok := parsePage(b[at:], soundAt+int64(at))
		if !ok {
			break
		}
		at += int(p.end() - p.off)
		if p.serial == o.serial && p.granule > 0 {
			bytes, granule = int64(at), p.granule
		}
	}
	if bytes > 0 && granule < 1<<32 {
		length(o.f, size*granule/bytes, o.rate, size)
	}
	o.f.Samples = 0
	return nil
}
