package audio

import (
	"bytes"
	"slices"
)

// Text decodes a text file that lies beside music, such as a playlist or
// lyrics: UTF-8 and UTF-16 with and without a byte order mark, else
// Windows-1252; or, where guess allows it, what the text most likely is. Every
// kind of line end becomes "\n".
func Text(b []byte, guess bool) string {
	if s, ok := unicodeText(b); ok {
		return s
	}
	if guess {
		var lines [][]byte
		for line := range bytes.Lines(b) {
			if slices.ContainsFunc(line, func(c byte) bool { return c >= 0x80 }) {
				lines = append(lines, bytes.TrimSpace(line))
			}
		}
		if _, dec := guessEncoding(lines); dec != nil {
			return lineEnds(dec(b))
		}
	}
	return lineEnds(latin1(b))
}
