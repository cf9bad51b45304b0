package audio

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// MaxPicture is the largest picture that Picture returns, in bytes.
const MaxPicture = 50 << 20

// ErrPicture is a picture that is damaged, too large, or no longer there.
var ErrPicture = errors.New("the picture cannot be read")

// Picture returns the bytes of a picture that a scan noted in the object of
// this size behind r, and their MIME type: by the bytes themselves where they
// tell, else as the file says. It reads the picture's range and hardly more.
// A picture that is not where ref says, or larger than MaxPicture, is
// ErrPicture; an error of r or of the context is returned as it is.
func Picture(ctx context.Context, r io.ReaderAt, size int64, ref models.PictureRef) ([]byte, string, error) {
	if ref.Offset < 0 || ref.Length <= 0 || ref.Offset >= size || ref.Length > size {
		return nil, "", fmt.Errorf("%d bytes at %d of %d: %w", ref.Length, ref.Offset, size, ErrPicture)
	}
	if ref.Length > MaxPicture/3*4+blockSize {
		return nil, "", fmt.Errorf("%d bytes: %w", ref.Length, ErrPicture)
	}
	encoding := ref.Encoding
	at := &contextReader{ctx, r}
	var in io.Reader
	if paged, ok := strings.CutPrefix(encoding, "ogg:"); ok {
		skip, inner, ok := strings.Cut(paged, ":")
		n, err := strconv.ParseInt(skip, 10, 64)
		if !ok || err != nil || n < 0 || n > size {
			return nil, "", fmt.Errorf("encoding %q: %w", encoding, ErrPicture)
		}
		encoding = inner
		body, err := newOggBody(at, ref.Offset, size, n+ref.Length)
		if err != nil {
			return nil, "", err
		}
		if _, err := io.CopyN(io.Discard, body, n); err != nil {
			return nil, "", damaged(err)
		}
		in = body
	} else {
		if ref.Length > size-ref.Offset {
			return nil, "", fmt.Errorf("%d bytes at %d of %d: %w", ref.Length, ref.Offset, size, ErrPicture)
		}
		in = io.NewSectionReader(at, ref.Offset, ref.Length)
	}
	b := make([]byte, ref.Length)
	if _, err := io.ReadFull(in, b); err != nil {
		return nil, "", damaged(err)
	}
	b, mime, err := decodePicture(b, encoding)
	if err != nil {
		return nil, "", err
	}
	if len(b) == 0 || len(b) > MaxPicture {
		return nil, "", fmt.Errorf("%d bytes: %w", len(b), ErrPicture)
	}
	if m := sniffImage(b); m != "" {
		mime = m
	} else if mime == "" {
		mime = ref.MIME
	}
	return b, mime, nil
}

// damaged makes the end of the data where more should be an ErrPicture.
func damaged(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ErrPicture, err)
	}
	return err
}

// decodePicture takes b out of its encoding.
func decodePicture(b []byte, encoding string) ([]byte, string, error) {
	switch encoding {
	case "":
		return b, "", nil
	case "base64", "base64-picture":
		text := b[:0]
		for _, c := range b {
			if c > ' ' && c != '=' {
				text = append(text, c)
			}
		}
		b = make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
		if _, err := base64.RawStdEncoding.Decode(b, text); err != nil {
			return nil, "", fmt.Errorf("%w: %w", ErrPicture, err)
		}
		if encoding == "base64" {
			return b, "", nil
		}
		h, ok := pictureBlock(b)
		if !ok || h.size == 0 || h.data > int64(len(b)-h.size) {
			return nil, "", fmt.Errorf("a damaged picture block: %w", ErrPicture)
		}
		return b[h.size:][:h.data], h.mime, nil
	case "unsync":
		return dropUnsync(b), "", nil
	case "zlib":
		return inflatePicture(b)
	}
	return nil, "", fmt.Errorf("encoding %q: %w", encoding, ErrPicture)
}

// dropUnsync removes in place the zero that unsynchronisation put behind
// each 0xFF (ID3v2.4.0 structure, section 6.1).
func dropUnsync(b []byte) []byte {
	out, ff := b[:0], false
	for _, c := range b {
		if !ff || c != 0 {
			out = append(out, c)
		}
		ff = c == 0xff
	}
	return out
}

// inflatePicture reads a deflated APIC frame.
func inflatePicture(b []byte) ([]byte, string, error) {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrPicture, err)
	}
	defer z.Close()
	b, err = io.ReadAll(io.LimitReader(z, MaxPicture+blockSize))
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrPicture, err)
	}
	mime, _, n, ok := pictureHead(b, 3)
	if !ok || mime == "-->" {
		return nil, "", fmt.Errorf("a damaged picture frame: %w", ErrPicture)
	}
	return b[n:], mime, nil
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.ReaderAt
}

func (c *contextReader) ReadAt(p []byte, off int64) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.ReadAt(p, off)
}

// oggBody reads the bodies of one stream's pages as one.
type oggBody struct {
	r      *bufio.Reader
	serial uint32
	left   int64 // of the current page
	other  int64 // pages of other streams passed
}

// oggPicture is how much of a picture in pages is read at once, in bytes: all
// but enormous ones are one read.
const oggPicture = 8 << 20

// newOggBody returns a reader from the page at off on. want is how many
// bytes will be read: it decides the size of the reads.
func newOggBody(r io.ReaderAt, off, size, want int64) (*oggBody, error) {
	n := min(max(want+want/64+oggMaxHeader, 4<<10), oggPicture, size-off)
	in := bufio.NewReaderSize(io.NewSectionReader(r, off, size-off), int(n))
	h, err := in.Peek(oggHeader)
	if err != nil {
		return nil, damaged(err)
	}
	return &oggBody{r: in, serial: binary.LittleEndian.Uint32(h[14:])}, nil
}

func (o *oggBody) Read(b []byte) (int, error) {
	for o.left == 0 {
		h, err := o.r.Peek(oggHeader)
		if err != nil {
			return 0, err
		}
		if h, err = o.r.Peek(oggHeader + int(h[26])); err != nil {
			return 0, err
		}
		p, ok := parsePage(h, 0)
		if !ok {
			return 0, io.ErrUnexpectedEOF
		}
		if _, err := o.r.Discard(len(h)); err != nil {
			return 0, err
		}
		if p.serial == o.serial {
			o.left = p.size
			continue
		}
		if o.other++; o.other > oggMaxPages {
			return 0, io.ErrUnexpectedEOF
		}
		if _, err := o.r.Discard(int(p.size)); err != nil {
			return 0, err
		}
	}
	n, err := o.r.Read(b[:min(int64(len(b)), o.left)])
	o.left -= int64(n)
	return n, err
}
