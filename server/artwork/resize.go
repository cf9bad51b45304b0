package artwork

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// The bounds of what is decoded. A picture beyond them costs nothing but the
// look at its header.
const (
	maxPixels = 50_000_000
	maxMemory = 320 << 20 // bytes that its decoder takes, as far as the header tells
)

// maxSize is the longest side that a resized picture has.
const maxSize = 2048

// quality is that of the JPEG pictures that this package writes.
const quality = 85

// errBroken is a picture that can't be shown: no known format, damaged, or
// too large to decode. It stays so until its content changes.
var errBroken = errors.New("the picture can't be shown")

// sniff returns the MIME type of a picture by its first bytes, "" for what is
// none that browsers and apps show. The names that files and tags give are
// not believed.
func sniff(b []byte) string {
	has := func(at int, s string) bool { return len(b) >= at+len(s) && string(b[at:at+len(s)]) == s }
	switch {
	case has(0, "\xff\xd8\xff"):
		return "image/jpeg"
	case has(0, "\x89PNG\r\n\x1a\n"):
		return "image/png"
	case has(0, "GIF87a"), has(0, "GIF89a"):
		return "image/gif"
	case has(0, "RIFF") && has(8, "WEBP"):
		return "image/webp"
	case has(0, "BM") && len(b) >= 14 && binary.LittleEndian.Uint32(b[6:]) == 0:
		return "image/bmp"
	case has(4, "ftypavif"), has(4, "ftypavis"):
		return "image/avif"
	}
	return ""
}

// resize returns the picture so that it fits into a square of size pixels,
// never larger than it is, and its MIME type. What fits comes back as it is.
// Pictures with transparency become PNG, all others JPEG; of an animation the
// first picture is taken.
func resize(data []byte, size int) ([]byte, string, error) {
	mime := sniff(data)
	w, h, err := measure(data, mime)
	if err != nil {
		return nil, "", err
	}
	if w <= size && h <= size && mime != "image/bmp" {
		return data, mime, nil
	}
	src, err := decode(data, mime)
	if err != nil {
		return nil, "", err
	}
	b := src.Bounds()
	tw, th := fit(b.Dx(), b.Dy(), size)
	return encode(scale(src, b, tw, th))
}

// fit returns the sides of a picture of w x h that fits into a square of size
// pixels and is not larger than it was.
func fit(w, h, size int) (int, int) {
	long := max(w, h)
	if long <= size {
		return w, h
	}
	side := func(n int) int { return max(1, (n*size+long/2)/long) }
	return side(w), side(h)
}

// measure reads the picture's size from its header and refuses, as errBroken,
// one that is too large to decode.
func measure(data []byte, mime string) (w, h int, err error) {
	var c image.Config
	r := bytes.NewReader(data)
	memory := func() int64 { return int64(c.Width) * int64(c.Height) * bytesPerPixel(c.ColorModel) }
	switch mime {
	case "image/jpeg":
		c, err = jpeg.DecodeConfig(r)
		memory = func() int64 { return jpegMemory(data) }
	case "image/png":
		c, err = png.DecodeConfig(r)
	case "image/gif":
		c, err = gif.DecodeConfig(r)
	case "image/bmp":
		c, err = bmp.DecodeConfig(r)
	case "image/webp":
		c, err = webp.DecodeConfig(r)
		if err == nil {
			// The container names a size, and the picture within another.
			iw, ih := webpFrame(data)
			c.Width, c.Height = max(c.Width, iw), max(c.Height, ih)
		}
	default:
		return 0, 0, fmt.Errorf("%w: no format that can be decoded", errBroken)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", errBroken, err)
	}
	if c.Width <= 0 || c.Height <= 0 || int64(c.Width)*int64(c.Height) > maxPixels || memory() > maxMemory {
		return 0, 0, fmt.Errorf("%w: %d x %d pixels", errBroken, c.Width, c.Height)
	}
	return c.Width, c.Height, nil
}

func bytesPerPixel(m color.Model) int64 {
	switch m {
	case color.GrayModel:
		return 1
	case color.Gray16Model:
		return 2
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	}
	if _, ok := m.(color.Palette); ok {
		return 1
	}
	return 4
}

// jpegMemory returns what decoding takes: a byte for each sample and, where
// the picture comes in several passes, its coefficients of four bytes each
// (ITU-T T.81, B.2.2).
func jpegMemory(data []byte) int64 {
	for at := 2; at+4 <= len(data); {
		if data[at] != 0xff {
			at++
			continue
		}
		marker := data[at+1]
		if marker == 0xff || marker == 0 || marker == 1 || marker >= 0xd0 && marker <= 0xd8 {
			at++
			continue
		}
		size := int(binary.BigEndian.Uint16(data[at+2:]))
		if marker >= 0xc0 && marker <= 0xc2 && at+10 <= len(data) {
			seg := data[at+4:]
			h, w, n := int64(binary.BigEndian.Uint16(seg[1:])), int64(binary.BigEndian.Uint16(seg[3:])), int(seg[5])
			var own, hmax, vmax int64
			for i := range n {
				if len(seg) < 6+3*i+3 {
					break
				}
				hv := seg[6+3*i+1]
				own += int64(hv>>4) * int64(hv&15)
				hmax, vmax = max(hmax, int64(hv>>4)), max(vmax, int64(hv&15))
			}
			if hmax == 0 || vmax == 0 {
				return 0
			}
			samples := w * h * own / (hmax * vmax)
			if marker == 0xc2 {
				return 5 * samples
			}
			return samples
		}
		at += 2 + size
	}
	return 0
}

// webpFrame returns the size that a WebP file's picture itself names
// (RFC 9649, sections 2.5 to 2.7), or 0.
func webpFrame(data []byte) (w, h int) {
	for at := 12; at+8 <= len(data); {
		n := int64(binary.LittleEndian.Uint32(data[at+4:]))
		body := data[at+8:]
		switch string(data[at : at+4]) {
		case "VP8 ":
			if len(body) >= 10 {
				w = max(w, int(binary.LittleEndian.Uint16(body[6:])&0x3fff))
				h = max(h, int(binary.LittleEndian.Uint16(body[8:])&0x3fff))
			}
		case "VP8L":
			if len(body) >= 5 {
				bits := binary.LittleEndian.Uint32(body[1:])
				w, h = max(w, int(bits&0x3fff)+1), max(h, int(bits>>14&0x3fff)+1)
			}
		}
		if n += n & 1; n > int64(len(body)) {
			break
		}
		at += 8 + int(n)
	}
	return w, h
}

// decode decodes a picture that measure has let pass.
func decode(data []byte, mime string) (img image.Image, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the decoder failed: %v", errBroken, r)
		}
	}()
	r := bytes.NewReader(data)
	switch mime {
	case "image/jpeg":
		img, err = jpeg.Decode(r)
	case "image/png":
		img, err = png.Decode(r)
	case "image/gif":
		img, err = gif.Decode(r)
	case "image/bmp":
		img, err = bmp.Decode(r)
	case "image/webp":
		img, err = webp.Decode(r)
	default:
		err = errors.ErrUnsupported
	}
	if err == nil && img.Bounds().Empty() {
		err = errors.New("no pixels")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	return img, nil
}

// scale draws the rectangle sr of src in tw x th pixels. A much larger picture
// is first averaged down to at least twice that, which costs little and keeps
// what the last step holds in memory small.
func scale(src image.Image, sr image.Rectangle, tw, th int) *image.RGBA {
	if k := min(sr.Dx()/(2*tw), sr.Dy()/(2*th)); k >= 2 {
		src = average(src, sr, sr.Dx()/k, sr.Dy()/k)
		sr = src.Bounds()
	}
	dst := image.NewRGBA(image.Rect(0, 0, tw, th))
	var how draw.Interpolator = draw.CatmullRom
	if max(tw, th) > 1024 {
		how = draw.ApproxBiLinear
	}
	how.Scale(dst, dst.Bounds(), src, sr, draw.Src, nil)
	return dst
}

// average returns sr of src in w x h pixels, each the mean of those that it
// covers. It holds one row of these at a time.
func average(src image.Image, sr image.Rectangle, w, h int) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	strip := image.NewRGBA(image.Rect(0, 0, sr.Dx(), sr.Dy()/h+1))
	sums := make([]uint32, 4*w)
	for y := range h {
		y0, y1 := y*sr.Dy()/h, (y+1)*sr.Dy()/h
		rows := image.Rect(0, 0, sr.Dx(), y1-y0)
		draw.Draw(strip, rows, src, image.Pt(sr.Min.X, sr.Min.Y+y0), draw.Src)
		clear(sums)
		for r := range y1 - y0 {
			line := strip.Pix[r*strip.Stride:]
			at := 0
			for x := range w {
				var sr0, sg, sb, sa uint32
				for end := (x + 1) * sr.Dx() / w; at < end; at++ {
					p := line[4*at : 4*at+4 : 4*at+4]
					sr0 += uint32(p[0])
					sg += uint32(p[1])
					sb += uint32(p[2])
					sa += uint32(p[3])
				}
				s := sums[4*x : 4*x+4 : 4*x+4]
				s[0] += sr0
				s[1] += sg
				s[2] += sb
				s[3] += sa
			}
		}
		out := dst.Pix[y*dst.Stride:]
		for x := range w {
			n := uint32((x+1)*sr.Dx()/w-x*sr.Dx()/w) * uint32(y1-y0)
			for i := range 4 {
				out[4*x+i] = uint8((sums[4*x+i] + n/2) / n)
			}
		}
	}
	return dst
}

// square returns the largest square in the middle of r.
func square(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	at := r.Min.Add(image.Pt((r.Dx()-side)/2, (r.Dy()-side)/2))
	return image.Rectangle{at, at.Add(image.Pt(side, side))}
}

// tile draws four pictures, each cut to a square, as one square.
func tile(four [4]image.Image, size int) *image.RGBA {
	dst := image.NewRGBA(image.Rect(0, 0, size, size))
	half := size / 2
	for i, src := range four {
		r := image.Rect(0, 0, half, half)
		if i%2 == 1 {
			r.Min.X, r.Max.X = half, size
		}
		if i/2 == 1 {
			r.Min.Y, r.Max.Y = half, size
		}
		part := scale(src, square(src.Bounds()), r.Dx(), r.Dy())
		draw.Draw(dst, r, part, image.Point{}, draw.Src)
	}
	return dst
}

// encode writes a picture as JPEG, or as PNG where it lets something through.
func encode(img *image.RGBA) ([]byte, string, error) {
	var b bytes.Buffer
	if !img.Opaque() {
		err := png.Encode(&b, img)
		return b.Bytes(), "image/png", err
	}
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	return b.Bytes(), "image/jpeg", err
}
