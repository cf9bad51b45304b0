package audio

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/songlocker/songlocker/models"
)

// ErrPicture is a stored picture that is none once its encoding is undone.
var ErrPicture = errors.New("damaged picture")

// Picture undoes p's encoding: stored is the bytes that p names, and the
// answer is the picture itself, of at most limit bytes. It may be stored itself.
func Picture(p models.PictureRef, stored []byte, limit int64) ([]byte, error) {
	out := stored
	switch p.Encoding {
	case "":
	case "unsync":
		r := bytes.ReplaceAll(stored, []byte{0xff, 0}, []byte{0xff})
		out = r
	case "zlib":
		z, err := zlib.NewReader(bytes.NewReader(stored))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPicture, err)
		}
		b, err := io.ReadAll(io.LimitReader(z, limit+1024))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPicture, err)
		}
		_, _, n, ok := pictureHead(b, 4) // the frame was deflated with what stands before the picture
		if !ok {
			return nil, ErrPicture
		}
		out = b[n:]
	case "base64", "base64-picture":
		b, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(stored)))
		if err != nil {
			if b, err = base64.RawStdEncoding.DecodeString(string(bytes.TrimRight(bytes.TrimSpace(stored), "="))); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrPicture, err)
			}
		}
		if p.Encoding == "base64-picture" {
			if b, err = blockPicture(b); err != nil {
				return nil, err
			}
		}
		out = b
	default:
		return nil, fmt.Errorf("%w: encoding %q", ErrPicture, p.Encoding)
	}
	if int64(len(out)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrPicture, limit)
	}
	return out, nil
}

// blockPicture returns the picture in a FLAC picture block (RFC 9639, section 8.8).
func blockPicture(b []byte) ([]byte, error) {
	field := func(n int64) (field []byte) {
		if n > int64(len(b)) {
			n = int64(len(b))
		}
		field, b = b[:n], b[n:]
		return field
	}
	number := func() int64 {
		if f := field(4); len(f) == 4 {
			return int64(binary.BigEndian.Uint32(f))
		}
		return 0
	}
	number() // its type
	field(number())
	field(number())
	field(16) // width, height, depth, colours
	if n := number(); n > 0 && len(b) > 0 {
		return field(n), nil
	}
	return nil, ErrPicture
}
