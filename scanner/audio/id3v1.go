package audio

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

const id3v1Size = 128

// id3v1 reads the 128 bytes of an ID3v1 or ID3v1.1 tag
// (https://id3.org/ID3v1).
func id3v1(b []byte, v values) {
	text := func(b []byte) string {
		b, _, _ = bytes.Cut(b, []byte{0})
		// UTF-8 that does not fit is cut within a letter.
		for cut := range min(4, len(b)) {
			if short := b[:len(b)-cut]; len(b) >= 28 && utf8.Valid(short) {
				b = short
				break
			}
		}
		return strings.TrimRight(utf8Text(b), " ")
	}
	v.add("TITLE", text(b[3:33]))
	v.add("ARTIST", text(b[33:63]))
	v.add("ALBUM", text(b[63:93]))
	v.add("DATE", text(b[93:97]))
	comment := b[97:127]
	if comment[28] == 0 && comment[29] != 0 {
		v.add("TRACKNUMBER", strconv.Itoa(int(comment[29])))
		comment = comment[:28]
	}
	v.add("COMMENT", text(comment))
	v.add("GENRE", genreName(int(b[127])))
}
