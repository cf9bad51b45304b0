package audio

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/songlocker/songlocker/models"
)

const (
	apeHeader = 32
	maxItems  = 1000
)

// apePictures are the picture types that APEv2 knows by the key of the item.
var apePictures = map[string]int{
	"COVERARTOTHER": 0, "COVERARTPNGICON": 1, "COVERARTICON": 2, "COVERARTFRONT": 3, "COVERARTBACK": 4,
	"COVERARTLEAFLET": 5, "COVERARTMEDIA": 6, "COVERARTLEADARTIST": 7, "COVERARTARTIST": 8, "COVERARTCONDUCTOR": 9,
	"COVERARTBAND": 10, "COVERARTCOMPOSER": 11, "COVERARTLYRICIST": 12, "COVERARTBANDLOGO": 19, "COVERARTPUBLISHERLOGO": 20,
}

// apeFooter reads the 32 bytes that end an APE tag and returns how many bytes
// before its end the tag begins, with and without a header, and how many items
// it says to have. (https://wiki.hydrogenaud.io/index.php?title=APE_Tags_Header)
func apeFooter(b []byte) (whole, items int64, count int, ok bool) {
	if len(b) < apeHeader || string(b[:8]) != "APETAGEX" {
		return 0, 0, 0, false
	}
	items = int64(binary.LittleEndian.Uint32(b[12:16]))
	count = int(binary.LittleEndian.Uint32(b[16:20]))
	flags := binary.LittleEndian.Uint32(b[20:24])
	whole = items
	if flags&(1<<31) != 0 {
		whole += apeHeader
	}
	return whole, items, count, items >= apeHeader && flags&(1<<29) == 0
}

// apeFront reads an APEv2 tag at pos, where it stands in front of the sound,
// and returns where it ends: pos where there is none.
func apeFront(s *Source, pos int64, f *File, v values) (int64, error) {
	ahead := blockSize
	if pos > 0 {
		ahead = behind
	}
	b, err := s.Upto(pos, apeHeader, ahead)
	if err != nil {
		return pos, soft(s, f, err)
	}
	if len(b) < apeHeader || string(b[:8]) != "APETAGEX" {
		return pos, nil
	}
	size, count := int64(binary.LittleEndian.Uint32(b[12:])), int(binary.LittleEndian.Uint32(b[16:]))
	flags := binary.LittleEndian.Uint32(b[20:])
	if flags&(1<<29) == 0 || size > s.Size()-pos-apeHeader {
		f.warn("the APE tag in front claims %d bytes where %d are left", size, s.Size()-pos-apeHeader)
		return pos + apeHeader, nil
	}
	end := pos + apeHeader + size
	items := end
	if flags&(1<<30) == 0 { // a footer, which the size counts
		items -= apeHeader
	}
	return end, apeItems(s, pos+apeHeader, items, count, f, v)
}

// apeItems reads the items of an APEv2 tag in the bytes from pos to end.
func apeItems(s *Source, pos, end int64, count int, f *File, v values) error {
	own := values{}
	defer func() { v.missing(own) }()
	for range min(count, maxItems) {
		if end-pos < 11 {
			break
		}
		b, err := s.Upto(pos, int(min(8+maxKey, end-pos)), 2*nearSize)
		if err != nil {
			return soft(s, f, err)
		}
		if len(b) < 11 {
			break
		}
		size, flags := int64(binary.LittleEndian.Uint32(b)), binary.LittleEndian.Uint32(b[4:])
		name, _, ok := bytes.Cut(b[8:], []byte{0})
		at := pos + 8 + int64(len(name)) + 1
		if !ok || size > end-at {
			f.warn("an item of the APE tag claims %d bytes where %d are left", size, end-at)
			break
		}
		pos = at + size
		key := string(name)
		kind, picture := apePictures[squeeze(key)]
		switch {
		case picture && flags&6 != 4: // 4: a link elsewhere
			apePicture(s, at, size, kind, f)
		case flags&6 == 0 && size <= maxText:
			b, err := s.Upto(at, int(size), 2*nearSize)
			if err != nil {
				return soft(s, f, err)
			}
			for i := 0; len(b) > 0 && i < maxValues; i++ {
				var one []byte
				one, b, _ = bytes.Cut(b, []byte{0})
				own.add(apeName(key), utf8Text(one))
			}
		}
	}
	return nil
}

// apePicture notes the picture of an item: a file's name, a zero, the picture.
func apePicture(s *Source, at, size int64, kind int, f *File) {
	b, err := s.Upto(at, int(min(size, 512)), nearSize)
	name, _, ok := bytes.Cut(b, []byte{0})
	if err != nil || len(f.Pictures) >= maxPictures {
		return
	}
	p := models.PictureRef{Type: kind, Offset: at, Length: size}
	if ok && !bytes.HasPrefix(b, []byte{0xff, 0xd8}) && !bytes.HasPrefix(b, []byte("\x89PNG")) {
		p.Offset += int64(len(name)) + 1
		p.Length -= int64(len(name)) + 1
		switch suffix(strings.ToValidUTF8(string(name), "")) {
		case "jpg", "jpeg":
			p.MIME = "image/jpeg"
		case "png":
			p.MIME = "image/png"
		}
	}
	if p.Length > 0 {
		f.Pictures = append(f.Pictures, p)
	}
}
