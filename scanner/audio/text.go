package audio

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The text encodings of ID3v2 (ID3v2.4.0 structure, section 4).
const (
	encLatin1  = 0
	encUTF16   = 1 // with a byte order mark
	encUTF16BE = 2
	encUTF8    = 3
)

// windows1252 is what the bytes 0x80 to 0x9F mean to those who write
// "Latin-1"; the rest of that code page equals Latin-1.
var windows1252 = [32]rune{
	0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
	0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178,
}

// latin1 decodes text that is said to be Latin-1: Windows-1252 in practice,
// and UTF-8 where the bytes are that.
func latin1(b []byte) string {
	ascii := true
	for _, c := range b {
		if c >= 0x80 {
			ascii = false
			break
		}
	}
	if ascii || utf8.Valid(b) {
		return string(b)
	}
	return text1252(b)
}

// text1252 decodes Windows-1252.
func text1252(b []byte) string {
	var s strings.Builder
	s.Grow(len(b) + len(b)/4)
	for _, c := range b {
		switch {
		case c < 0x80:
			s.WriteByte(c)
		case c < 0xa0:
			s.WriteRune(windows1252[c-0x80])
		default:
			s.WriteRune(rune(c))
		}
	}
	return s.String()
}

// utf8Text decodes text that is said to be UTF-8, or of which nothing is said:
// where it is not, its encoding is in doubt.
func utf8Text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return openText(b)
}

// utf16Text decodes UTF-16. big is the order without a byte order mark. An
// odd byte at the end is dropped.
func utf16Text(b []byte, big bool) string {
	if len(b) >= 2 {
		switch {
		case b[0] == 0xff && b[1] == 0xfe:
			b, big = b[2:], false
		case b[0] == 0xfe && b[1] == 0xff:
			b, big = b[2:], true
		}
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		if big {
			units[i] = uint16(b[2*i])<<8 | uint16(b[2*i+1])
		} else {
			units[i] = uint16(b[2*i+1])<<8 | uint16(b[2*i])
		}
	}
	return string(utf16.Decode(units))
}

// bigEndian tells the byte order of UTF-16 that should have a mark: by the
// mark, or by where the zeros of ASCII stand.
func bigEndian(b []byte) bool {
	return len(b) >= 2 && (b[0] == 0xfe && b[1] == 0xff || b[0] == 0 && b[1] != 0)
}

// decodeText decodes text in an ID3v2 encoding. What is said to be Latin-1 is
// in doubt.
func decodeText(enc byte, b []byte) string {
	switch enc {
	case encUTF16:
		return utf16Text(b, bigEndian(b))
	case encUTF16BE:
		return utf16Text(b, true)
	case encUTF8:
		return utf8Text(b)
	}
	if len(b) >= 2 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff) {
		return utf16Text(b, false) // said to be Latin-1, with a byte order mark
	}
	return openText(b)
}

// cutText splits b at its first terminator in an ID3v2 encoding; without one,
// all of it is the first part.
func cutText(enc byte, b []byte) (first, rest []byte) {
	if enc != encUTF16 && enc != encUTF16BE {
		first, rest, _ = bytes.Cut(b, []byte{0})
		return first, rest
	}
	for i := 0; i+1 < len(b); i += 2 {
		if b[i] == 0 && b[i+1] == 0 {
			return b[:i], b[i+2:]
		}
	}
	return b, nil
}

// splitText splits b at its terminators and decodes each part, the empty ones
// between others too.
func splitText(enc byte, b []byte) []string {
	if enc == encUTF16 && bigEndian(b) {
		enc = encUTF16BE // a part without a mark of its own keeps the first one's order
	}
	var list []string
	for len(b) > 0 && len(list) < 2*maxValues {
		var first []byte
		first, b = cutText(enc, b)
		switch enc {
		case encUTF16:
			list = append(list, utf16Text(first, false))
		default:
			list = append(list, decodeText(enc, first))
		}
	}
	return list
}
