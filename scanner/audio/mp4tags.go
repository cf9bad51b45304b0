package audio

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/songlocker/songlocker/models"
)

// The well-known types of data atoms (QuickTime File Format Specification,
// "Well-known types").
const (
	dataImplicit = 0
	dataUTF8     = 1
	dataUTF16    = 2
	dataGIF      = 12
	dataJPEG     = 13
	dataPNG      = 14
	dataSigned   = 21
	dataUnsigned = 22
	dataFloat32  = 23
	dataFloat64  = 24
	dataBMP      = 27
)

// mp4Images names the types of pictures.
var mp4Images = map[uint32]string{dataGIF: "image/gif", dataJPEG: "image/jpeg", dataPNG: "image/png", dataBMP: "image/bmp"}

// meta reads a meta box: as a full box, and as QuickTime writes it, without
// version and flags.
func (m *mp4Reader) meta(b box) error {
	h, err := m.bytes(b, 8)
	if err != nil || len(h) < 8 {
		return err
	}
	at := b.body
	if string(h[4:8]) != "hdlr" && string(h[4:8]) != "keys" {
		at += 4
	}
	m.keys = nil
	return m.each(at, b.end, func(b box) error {
		switch b.kind {
		case "keys":
			return m.readKeys(b)
		case "ilst":
			return m.each(b.body, b.end, m.item)
		}
		return nil
	})
}

// readKeys reads the names that the items of QuickTime metadata stand for.
func (m *mp4Reader) readKeys(b box) error {
	h, err := m.bytes(b, blockSize)
	if err != nil || len(h) < 8 {
		return err
	}
	smallBoxes(h[8:], func(space string, name []byte) {
		m.keys = append(m.keys, strings.TrimPrefix(utf8Text(name), "com.apple.quicktime."))
	})
	return nil
}

// item reads one item of an ilst box with all its data.
func (m *mp4Reader) item(b box) error {
	switch b.kind {
	case "covr":
		return m.each(b.body, b.end, m.cover)
	case "----":
		return m.freeform(b)
	}
	name, atom := mp4Name(b.kind), b.kind
	if i := binary.BigEndian.Uint32([]byte(b.kind)); i > 0 && int64(i) <= int64(len(m.keys)) {
		name, atom = freeName(m.keys[i-1]), ""
	}
	if name == "" {
		return nil
	}
	return m.each(b.body, b.end, func(d box) error {
		if d.kind != "data" {
			return nil
		}
		kind, data, err := m.data8(d)
		if err != nil {
			return err
		}
		if text, ok := itemText(atom, kind, data); ok {
			m.v.add(name, text)
		} else if len(data) > 0 {
			m.f.warn("an item %q of type %d is passed over", clean(latin1([]byte(b.kind))), kind)
		}
		return nil
	})
}

// data8 returns the type and the payload of a data atom.
func (m *mp4Reader) data8(d box) (kind uint32, data []byte, err error) {
	if d.end-d.body > maxText+8 {
		m.f.warn("a text of %d bytes is passed over", d.end-d.body)
		return 0, nil, nil
	}
	b, err := m.bytes(d, maxText+8)
	if err != nil || len(b) < 8 {
		return 0, nil, err
	}
	return binary.BigEndian.Uint32(b) & 0xffffff, b[8:], nil
}

// freeform reads a "----" item: a domain, a name, and any number of values.
func (m *mp4Reader) freeform(b box) error {
	var mean, name string
	return m.each(b.body, b.end, func(c box) error {
		switch c.kind {
		case "mean", "name":
			h, err := m.bytes(c, 4+maxKey)
			if err != nil || len(h) < 4 {
				return err
			}
			if text := latin1(h[4:]); c.kind == "mean" {
				mean = text
			} else {
				name = text
			}
		case "data":
			kind, data, err := m.data8(c)
			if err != nil {
				return err
			}
			text, ok := itemText("", kind, data)
			if !ok {
				return nil
			}
			if name == "iTunSMPB" {
				m.smpb = text
				return nil
			}
			m.v.add(mp4Freeform(mean, name), text)
		}
		return nil
	})
}

// itemText returns the payload of a data atom as the text of a canonical
// value; false where it cannot be one.
func itemText(atom string, kind uint32, data []byte) (string, bool) {
	switch atom {
	case "trkn", "disk":
		if kind == dataUTF8 && utf8.Valid(data) {
			return string(data), true
		}
		if len(data) < 4 {
			return "", false
		}
		text := strconv.Itoa(int(binary.BigEndian.Uint16(data[2:])))
		if len(data) >= 6 {
			if of := binary.BigEndian.Uint16(data[4:]); of > 0 {
				text += "/" + strconv.Itoa(int(of))
			}
		}
		if text == "0" {
			return "", true // none
		}
		return text, true
	case "gnre":
		if len(data) < 2 {
			return "", false
		}
		name := genreName(int(binary.BigEndian.Uint16(data[len(data)-2:])) - 1)
		return name, name != ""
	case "cpil", "tmpo", "rtng", "shwm", "\xa9mvi", "\xa9mvc":
		if kind == dataImplicit {
			return integer(data, false)
		}
	}
	switch kind {
	case dataUTF16:
		return utf16Text(data, true), true
	case dataSigned:
		return integer(data, true)
	case dataUnsigned:
		return integer(data, false)
	case dataFloat32:
		if len(data) == 4 {
			return strconv.FormatFloat(float64(math.Float32frombits(binary.BigEndian.Uint32(data))), 'g', -1, 32), true
		}
		return "", false
	case dataFloat64:
		if len(data) == 8 {
			return strconv.FormatFloat(math.Float64frombits(binary.BigEndian.Uint64(data)), 'g', -1, 64), true
		}
		return "", false
	case dataUTF8, dataImplicit:
		return utf8Text(data), true
	}
	// Text under a wrong type is text all the same, binary data is not.
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		return "", false
	}
	return string(data), true
}

// integer reads a big-endian number of up to 8 bytes.
func integer(b []byte, signed bool) (string, bool) {
	if len(b) == 0 || len(b) > 8 {
		return "", false
	}
	var x uint64
	for _, c := range b {
		x = x<<8 | uint64(c)
	}
	if signed {
		shift := 64 - 8*len(b)
		return strconv.FormatInt(int64(x<<shift)>>shift, 10), true
	}
	return strconv.FormatUint(x, 10), true
}

// cover notes where one picture lies: the first one is the front.
func (m *mp4Reader) cover(d box) error {
	if d.kind != "data" || d.end-d.body <= 8 || m.covers >= maxPictures {
		return nil
	}
	h, err := m.bytes(d, 20)
	if err != nil || len(h) < 9 {
		return err
	}
	p := models.PictureRef{Offset: d.body + 8, Length: d.end - d.body - 8}
	if p.MIME = sniffImage(h[8:]); p.MIME == "" {
		p.MIME = mp4Images[binary.BigEndian.Uint32(h)&0xffffff]
	}
	if m.covers == 0 {
		p.Type = 3
	}
	m.covers++
	m.f.Pictures = append(m.f.Pictures, p)
	return nil
}

// userNames maps the texts of a udta box that 3GPP TS 26.244 (section 8.2)
// defines.
var userNames = map[string]string{"titl": "TITLE", "perf": "ARTIST", "albm": "ALBUM", "gnre": "GENRE", "dscp": "COMMENT", "auth": "COMPOSER"}

// inUserData reads one box of a udta box: the metadata, or a text as 3GPP and
// QuickTime write them.
func (m *mp4Reader) inUserData(b box) error {
	if b.kind == "meta" {
		return m.meta(b)
	}
	if b.kind == "chpl" {
		h, err := m.bytes(b, blockSize)
		m.neroChapters(h)
		return err
	}
	name, quick := userNames[b.kind], false
	if strings.HasPrefix(b.kind, "\xa9") {
		name, quick = mp4Name(b.kind), true
	}
	if name == "" && b.kind != "yrrc" || b.end-b.body > maxText {
		return nil
	}
	h, err := m.bytes(b, maxText)
	if err != nil {
		return err
	}
	switch {
	case quick:
		if len(h) >= 4 {
			if n := int(binary.BigEndian.Uint16(h)); n <= len(h)-4 {
				m.v.add(name, utf8Text(h[4:4+n]))
			}
		}
	case len(h) < 6:
	case b.kind == "yrrc":
		m.v.add("YEAR", strconv.Itoa(int(binary.BigEndian.Uint16(h[4:]))))
	default:
		text := h[6:]
		if b.kind == "albm" {
			if i := bytes.IndexByte(text, 0); i >= 0 && len(text) == i+2 {
				m.v.add("TRACKNUMBER", strconv.Itoa(int(text[i+1])))
			}
		}
		if len(text) >= 2 && (text[0] == 0xfe && text[1] == 0xff || text[0] == 0xff && text[1] == 0xfe) {
			m.v.add(name, utf16Text(text, true))
			return nil
		}
		text, _, _ = bytes.Cut(text, []byte{0})
		m.v.add(name, utf8Text(text))
	}
	return nil
}
