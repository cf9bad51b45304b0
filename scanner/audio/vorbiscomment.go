package audio

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// commentReader reads the bytes of one comment header, in whatever pieces the
// container keeps them.
type commentReader interface {
	// take returns the next n bytes. They may be the source's: read them only.
	take(n int) ([]byte, error)
	// skip passes n bytes, without reading them where that can be helped.
	skip(n int64) error
	// left returns how many bytes there can be at most.
	left() int64
	// here tells where the next byte lies.
	here() place
}

// place is where a byte lies in a file: at off itself, or, in pages, skip
// bytes into the bodies of the Ogg pages from the one at off on.
type place struct {
	off, skip int64
	paged     bool
}

// ref returns the reference to the n bytes that lie after bytes behind p.
func (p place) ref(after, n int64, encoding string) models.PictureRef {
	if p.paged {
		return models.PictureRef{Offset: p.off, Length: n, Encoding: fmt.Sprintf("ogg:%d:%s", p.skip+after, encoding)}
	}
	return models.PictureRef{Offset: p.off + after, Length: n, Encoding: encoding}
}

const (
	commentPeek = 512     // bytes of a long comment that tell what it is
	maxComments = 100_000 // in one header
)

// vorbisComments reads a comment header (Vorbis I, section 5.2; RFC 9639,
// section 8.6; RFC 7845, section 5.2) from its vendor string on. Pictures in
// it are noted and passed over. Damage is a warning; an error is one of in.
func vorbisComments(in commentReader, f *File, v values) error {
	n, err := commentLength(in, f)
	if n < 0 || err != nil {
		return err
	}
	if err := in.skip(n); err != nil {
		return err
	}
	b, err := in.take(4)
	if err != nil {
		return err
	}
	covers := len(f.Pictures)
	for range min(binary.LittleEndian.Uint32(b), maxComments) {
		n, err := commentLength(in, f)
		if n < 0 || err != nil {
			return err
		}
		if err := vorbisComment(in, n, f, v); err != nil {
			return err
		}
	}
	if mime := v.first("COVERARTMIME"); mime != "" {
		for i := range f.Pictures[covers:] {
			if p := &f.Pictures[covers+i]; p.MIME == "" {
				p.MIME = strings.ToLower(mime)
			}
		}
	}
	delete(v, "COVERARTMIME")
	return nil
}

// commentLength reads a length; -1 for one that cannot be.
func commentLength(in commentReader, f *File) (int64, error) {
	b, err := in.take(4)
	if err != nil {
		return 0, err
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if left := in.left(); n > left {
		f.warn("a comment claims %d bytes where %d are left", n, left)
		return -1, nil
	}
	return n, nil
}

// vorbisComment reads one comment of n bytes.
func vorbisComment(in commentReader, n int64, f *File, v values) error {
	at := in.here()
	b, err := in.take(int(min(n, commentPeek)))
	if err != nil {
		return err
	}
	eq := bytes.IndexByte(b, '=')
	if eq <= 0 {
		f.warn("a comment without a name")
		return in.skip(n - int64(len(b)))
	}
	name := vorbisName(string(b[:eq]))
	if name == "METADATA_BLOCK_PICTURE" || name == "COVERART" {
		known := len(f.Pictures)
		if known < maxPictures {
			commentPicture(f, at, name, b[eq+1:], int64(eq)+1, n-int64(eq)-1)
		}
		if err := in.skip(n - int64(len(b))); err != nil {
			f.Pictures = f.Pictures[:known] // not all of it is there
			return err
		}
		return nil
	}
	if n > maxText+commentPeek {
		f.warn("a comment of %d bytes is passed over", n)
		return in.skip(n - int64(len(b)))
	}
	text := b[eq+1:]
	if rest := int(n) - len(b); rest > 0 {
		text = bytes.Clone(text)
		more, err := in.take(rest)
		if err != nil {
			return err
		}
		text = append(text, more...)
	}
	v.add(name, utf8Text(text))
	return nil
}

// commentPicture notes a picture whose text of n bytes begins with head, at
// bytes behind p.
func commentPicture(f *File, p place, name string, head []byte, at, n int64) {
	if n <= 0 {
		f.warn("a picture without bytes")
		return
	}
	raw := make([]byte, base64.RawStdEncoding.DecodedLen(len(head)))
	whole := bytes.TrimRight(head, "=")
	m, _ := base64.RawStdEncoding.Decode(raw, whole[:len(whole)/4*4])
	if int64(len(head)) == n { // all of it is here
		m, _ = base64.RawStdEncoding.Decode(raw, whole)
	}
	raw = raw[:m]
	if name == "COVERART" {
		ref := p.ref(at, n, "base64")
		ref.Type, ref.MIME = 3, sniffImage(raw)
		f.Pictures = append(f.Pictures, ref)
		return
	}
	h, ok := pictureBlock(raw)
	if !ok || h.data > n*3/4-int64(h.size) {
		f.warn("a picture of %d bytes is damaged", n)
		return
	}
	if h.mime == "-->" {
		return // a link elsewhere
	}
	ref := p.ref(at, n, "base64-picture")
	ref.Type, ref.MIME = h.kind, h.mime
	f.Pictures = append(f.Pictures, ref)
}

// pictureHeader is what stands before the bytes of a picture in a FLAC
// picture block (RFC 9639, section 8.8).
type pictureHeader struct {
	kind int
	mime string
	size int   // bytes of this header; 0 when not all of it was there
	data int64 // bytes of the picture as it says; 0 when not all of the header was there
}

// pictureBlock reads the header at the beginning of b. Of a long description
// the end may lie behind b.
func pictureBlock(b []byte) (h pictureHeader, ok bool) {
	if len(b) < 8 {
		return h, false
	}
	if kind := binary.BigEndian.Uint32(b); kind <= 20 {
		h.kind = int(kind)
	}
	n := int64(binary.BigEndian.Uint32(b[4:]))
	if n > int64(len(b))-8 {
		return h, false
	}
	h.mime = strings.ToLower(clean(latin1(b[8 : 8+n])))
	at := 8 + n
	if int64(len(b)) < at+4 {
		return h, true
	}
	at += 4 + int64(binary.BigEndian.Uint32(b[at:])) + 16
	if int64(len(b)) < at+4 {
		return h, true
	}
	h.size, h.data = int(at)+4, int64(binary.BigEndian.Uint32(b[at:]))
	return h, true
}

// sniffImage returns the MIME type of the image that b begins, or "".
func sniffImage(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8\xff")):
		return "image/jpeg"
	case bytes.HasPrefix(b, []byte("\x89PNG\r\n")):
		return "image/png"
	case bytes.HasPrefix(b, []byte("GIF8")):
		return "image/gif"
	case bytes.HasPrefix(b, []byte("BM")):
		return "image/bmp"
	case len(b) >= 12 && string(b[:4]) == "RIFF" && string(b[8:12]) == "WEBP":
		return "image/webp"
	case len(b) >= 12 && string(b[4:12]) == "ftypavif":
		return "image/avif"
	}
	return ""
}
