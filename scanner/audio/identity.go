package audio

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// window is how much of each end of the sound an identity looks at, in bytes.
const window = 16 << 10

// digest names sound by its kind and version, such as "mp3-1", its exact
// length in whatever unit the kind counts, and parts of its bytes. The answer
// is the kind, a hyphen and 32 hexadecimal digits.
func digest(kind string, length int64, parts ...[]byte) string {
	h := sha256.New()
	var n [8]byte
	binary.BigEndian.PutUint64(n[:], uint64(length))
	h.Write(n[:])
	for _, p := range parts {
		h.Write(p)
	}
	return kind + "-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// windows names the sound that lies in the length bytes from off by its
// first and last 16 KiB and its exact length. It costs at most two reads, none
// where the source has the bytes already.
func windows(s *Source, kind string, off, length int64) (string, error) {
	if off < 0 || length <= 0 || length > s.Size()-off {
		return "", fmt.Errorf("no sound at %d+%d of %d", off, length, s.Size())
	}
	if length <= 2*window {
		b, err := s.Near(off, int(length))
		if err != nil {
			return "", err
		}
		return digest(kind, length, b), nil
	}
	first, err := s.Near(off, window)
	if err != nil {
		return "", err
	}
	last, err := s.Near(off+length-window, window)
	if err != nil {
		return "", err
	}
	return digest(kind, length, first, last), nil
}

// spread is windows with a third window in the middle, for sound that is not
// compressed: much of it begins and ends in silence.
func spread(s *Source, kind string, off, length int64) (string, error) {
	if length <= 3*window {
		return windows(s, kind, off, min(length, s.Size()-off))
	}
	var parts [][]byte
	for _, at := range []int64{off, off + length/2, off + length - window} {
		b, err := s.Near(at, window)
		if err != nil {
			return "", err
		}
		parts = append(parts, b)
	}
	return digest(kind, length, parts...), nil
}
