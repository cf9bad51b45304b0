package audio

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

// Text whose encoding is in doubt is kept open while a file is read: each of
// its bytes from 0x80 on stands as a rune of a private plane that no tag uses,
// so that it can be cut, joined and cleaned like any other text. settle ends
// that when everything has been read: one decision for the whole file.
const openRune = 0x10f700

// openText returns text that is said to be Latin-1.
func openText(b []byte) string {
	at := 0
	for at < len(b) && b[at] < 0x80 {
		at++
	}
	if at == len(b) {
		return string(b)
	}
	var s strings.Builder
	s.Grow(len(b) + 3*(len(b)-at))
	s.Write(b[:at])
	for _, c := range b[at:] {
		if c < 0x80 {
			s.WriteByte(c)
		} else {
			s.WriteRune(openRune + rune(c))
		}
	}
	return s.String()
}

// isOpen tells whether bytes of s are in doubt.
func isOpen(s string) bool {
	for i := 0; i+3 < len(s); i++ {
		if s[i] == 0xf4 && s[i+1] == 0x8f && s[i+2]&0xfe == 0x9e { // 0x10f780 to 0x10f7ff
			return true
		}
	}
	return false
}

// openBytes returns the bytes that s was made of; false where a part of it is
// in no doubt.
func openBytes(s string) ([]byte, bool) {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		switch {
		case r < 0x80:
			b = append(b, byte(r))
		case r >= openRune+0x80 && r <= openRune+0xff:
			b = append(b, byte(r-openRune))
		default:
			return nil, false
		}
	}
	return b, true
}

// closeText decodes what is in doubt in s by dec; parts that are not stay.
func closeText(s string, dec func([]byte) string) string {
	if b, ok := openBytes(s); ok {
		return clean(dec(b))
	}
	var out strings.Builder
	var part []byte
	for _, r := range s {
		if r >= openRune+0x80 && r <= openRune+0xff {
			part = append(part, byte(r-openRune))
			continue
		}
		if len(part) > 0 {
			out.WriteString(dec(part))
			part = part[:0]
		}
		out.WriteRune(r)
	}
	if len(part) > 0 {
		out.WriteString(dec(part))
	}
	return clean(out.String())
}

// settle decodes every text of the file that is still in doubt: as the
// encoding that all of them together are plainly in, else as Windows-1252,
// which is what Latin-1 means to those who write it. Where guess is false it
// is always that.
func settle(f *File, v values, guess bool) {
	var all []*string
	each := func(s *string) {
		if isOpen(*s) {
			all = append(all, s)
		}
	}
	for _, list := range v {
		for i := range list {
			each(&list[i])
		}
	}
	for i := range f.Lyrics {
		for j := range f.Lyrics[i].Lines {
			each(&f.Lyrics[i].Lines[j].Text)
		}
	}
	for i := range f.Chapters {
		each(&f.Chapters[i].Title)
	}
	if len(all) == 0 {
		return
	}
	var texts [][]byte
	if guess {
		// Values that are UTF-8 are just that: hardly anything else looks like it.
		rest := all[:0]
		noted := false
		for _, s := range all {
			b, ok := openBytes(*s)
			if ok && utf8.Valid(b) {
				if !noted {
					noted = true
					f.warn("text that is said to be Latin-1 is UTF-8: %q", excerpt(clean(string(b))))
				}
				*s = clean(string(b))
				continue
			}
			rest = append(rest, s)
			if ok {
				texts = append(texts, b)
			}
		}
		all = rest
	}
	dec := text1252
	if name, found := guessEncoding(texts); found != nil {
		dec = found
		example := texts[0]
		for _, t := range texts {
			if len(t) > len(example) && len(t) <= 60 {
				example = t
			}
		}
		f.warn("text that is said to be Latin-1 is %s: %q became %q", name, excerpt(clean(text1252(example))), excerpt(clean(dec(example))))
	}
	for _, s := range all {
		*s = closeText(*s, dec)
	}
}

// excerpt returns the beginning of s.
func excerpt(s string) string {
	n := 0
	for i := range s {
		if n++; n > 40 {
			return s[:i] + "…"
		}
	}
	return s
}

// guessSample is how many bytes a guess looks at.
const guessSample = 4096

// guessEncoding tells which encoding all texts are in, other than Latin-1 and
// UTF-8, and how to decode it; nil where that is not plain. The texts must
// not look like Latin letters, and must make likely words in one encoding and
// much less likely ones in every other.
func guessEncoding(texts [][]byte) (string, func([]byte) string) {
	var sample [][]byte
	size := 0
	for _, t := range texts {
		if n := guessSample - size; len(t) > n {
			// No letter is halved at a line's end.
			t = t[:1+bytes.LastIndexByte(t[:n], '\n')]
		}
		size += len(t)
		sample = append(sample, t)
	}
	if len(sample) == 0 || latinShare(sample) >= 0.75 {
		return "", nil
	}
	best, second := 0.0, 0.0
	var name string
	var dec encoding.Encoding
	for _, g := range guesses {
		score := g.score(sample, g)
		if score > best {
			best, second, name, dec = score, best, g.name, g.enc
		} else if score > second {
			second = score
		}
	}
	if best < 0.45 || best-second < 0.15 {
		return "", nil
	}
	return name, func(b []byte) string { return decodeBy(dec, b) }
}

// decodeBy decodes b. Half a letter at the end, where a field was too short,
// is dropped.
func decodeBy(enc encoding.Encoding, b []byte) string {
	out, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return text1252(b)
	}
	return strings.TrimSuffix(string(out), "\uFFFD")
}

// latinShare tells how much of the texts' bytes from 0x80 on looks like
// Windows-1252: accented letters that stand by others, and the signs of
// typography by a letter, a space or an end.
func latinShare(texts [][]byte) float64 {
	good, all := 0, 0
	for _, t := range texts {
		for i, c := range t {
			if c < 0x80 {
				continue
			}
			all++
			if letter1252(c) {
				begin, end, plain := i, i+1, false
				for begin > 0 && t[begin-1] >= 0x80 {
					begin--
				}
				for end < len(t) && t[end] >= 0x80 {
					end++
				}
				if begin > 0 && asciiLetter(t[begin-1]) || end < len(t) && asciiLetter(t[end]) {
					plain = true
				}
				// A capital within a word of small letters is no word.
				odd := i > 0 && t[i-1] >= 'a' && t[i-1] <= 'z' && c >= 0xc0 && c < 0xdf
				if !odd && (end-begin == 1 || end-begin == 2 && plain) {
					good++
				}
			} else if sign1252(c) && (i == 0 || t[i-1] < 0x80 || i+1 == len(t) || t[i+1] < 0x80) {
				good++
			}
		}
	}
	if all == 0 {
		return 1
	}
	return float64(good) / float64(all)
}

func asciiLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// letter1252 tells whether c is a letter of Windows-1252.
func letter1252(c byte) bool {
	return c >= 0xc0 && c != 0xd7 && c != 0xf7 || strings.IndexByte("\x8a\x8c\x8e\x9a\x9c\x9e\x9f", c) >= 0
}

// sign1252 tells whether c is a sign that people write: quotes, dashes,
// ordinals, currencies, and the letters of ISO 8859-2 that are signs here.
func sign1252(c byte) bool {
	return strings.IndexByte("\x80\x84\x85\x91\x92\x93\x94\x95\x96\x97\x99\xa0\xa1\xa3\xa5\xa7\xa9\xaa\xab\xae\xaf\xb0\xb1\xb2\xb3\xb4\xb6\xb7\xb9\xba\xbb\xbc\xbd\xbe\xbf\xd7", c) >= 0
}

// guess is one encoding that text may be in. score returns how likely the
// texts are in it: 1 for the commonest letters alone, below 0.2 for random
// ones, 0 where a text cannot be in it.
type guess struct {
	name  string
	enc   encoding.Encoding
	lead  func(c byte) int // how many bytes a letter takes that begins with c
	class func(b []byte, r rune) float64
	score func(texts [][]byte, g guess) float64
}

// pair is the length of a letter in encodings where every byte from least on
// begins one of two.
func pair(least byte) func(byte) int {
	return func(c byte) int {
		if c < least {
			return 1
		}
		return 2
	}
}

var guesses = []guess{
	{name: "Shift-JIS", enc: japanese.ShiftJIS, class: sjisClass, score: scoreLetters, lead: func(c byte) int {
		if c < 0x80 || c >= 0xa0 && c <= 0xdf {
			return 1
		}
		return 2
	}},
	{name: "EUC-JP", enc: japanese.EUCJP, class: eucjpClass, score: scoreLetters, lead: func(c byte) int {
		switch {
		case c < 0x80:
			return 1
		case c == 0x8f:
			return 3
		}
		return 2
	}},
	{name: "GBK", enc: simplifiedchinese.GBK, class: gbkClass, score: scoreLetters, lead: pair(0x80)},
	{name: "Big5", enc: traditionalchinese.Big5, class: big5Class, score: scoreLetters, lead: pair(0x80)},
	{name: "EUC-KR", enc: korean.EUCKR, class: euckrClass, score: scoreLetters, lead: pair(0x80)},
	{name: "Windows-1251", enc: charmap.Windows1251, score: scoreCyrillic},
}

// scoreLetters walks the texts letter by letter and returns the mean of their
// classes. Few letters prove nothing.
func scoreLetters(texts [][]byte, g guess) float64 {
	dec := g.enc.NewDecoder()
	sum, n := 0.0, 0
	for _, t := range texts {
		latin := false // a small Latin letter stands before
		for len(t) > 0 {
			k := g.lead(t[0])
			if k > len(t) {
				if len(t) == 1 && n > 0 {
					break // a field too short for its last letter
				}
				return 0
			}
			if t[0] < 0x80 {
				latin = t[0] >= 'a' && t[0] <= 'z'
				t = t[1:]
				continue
			}
			out, err := dec.Bytes(t[:k])
			r, size := utf8.DecodeRune(out)
			if err != nil || r == utf8.RuneError || size != len(out) {
				return 0
			}
			sum += g.class(t[:k], r)
			n++
			t = t[k:]
			if latin || len(t) > 0 && t[0] >= 'a' && t[0] <= 'z' {
				sum -= 0.5 // East Asian letters within a Latin word
			}
			latin = false
		}
	}
	if n < 4 {
		return 0
	}
	score := sum / float64(n)
	if n < 6 {
		score -= 0.1
	}
	return max(score, 0)
}

// The classes of letters: what is frequent in names and titles, what is
// usual, and what hardly anybody writes.
const (
	classCommon = 1.0
	classSign   = 0.3
	classUsual  = 0.15
	classRare   = -0.6
	classNever  = -1.2
)

func isKana(r rune) bool { return r >= 0x3041 && r <= 0x30ff }

// isWideSign tells punctuation and full-width forms of East Asia.
func isWideSign(r rune) bool {
	return r >= 0x3000 && r <= 0x303f || r >= 0xff01 && r <= 0xff5e || r == '…' || r == '—' || r == '·' || r == '“' || r == '”' || r == '―' || r == '★' || r == '☆' || r == '♪'
}

func sjisClass(b []byte, r rune) float64 {
	switch {
	case len(b) == 1:
		return classRare // half-width katakana: what accented letters look like
	case isKana(r), commonJapanese[r]:
		return classCommon
	case isWideSign(r):
		return classSign
	case b[0] >= 0x88 && b[0] <= 0x97:
		return classUsual
	case b[0] >= 0x98 && b[0] <= 0xea:
		return classRare
	}
	return classNever
}

func eucjpClass(b []byte, r rune) float64 {
	switch {
	case len(b) == 3:
		return classNever
	case b[0] == 0x8e:
		return classRare
	case isKana(r), commonJapanese[r]:
		return classCommon
	case isWideSign(r):
		return classSign
	case b[0] >= 0xb0 && b[0] <= 0xcf:
		return classUsual
	}
	return classRare
}

func gbkClass(b []byte, r rune) float64 {
	switch {
	case commonSimplified[r]:
		return classCommon
	case isWideSign(r), isKana(r):
		return classSign
	case b[0] >= 0xb0 && b[0] <= 0xd7 && b[1] >= 0xa1:
		return classUsual
	case commonTraditional[r]:
		return classSign
	case b[0] >= 0xd8 && b[0] <= 0xf7 && b[1] >= 0xa1:
		return classRare
	}
	return classNever
}

func big5Class(b []byte, r rune) float64 {
	switch {
	case commonTraditional[r]:
		return classCommon
	case isWideSign(r):
		return classSign
	case b[0] >= 0xa4 && b[0] <= 0xc6:
		return classUsual
	case b[0] >= 0xc9 && b[0] <= 0xf9:
		return classRare
	}
	return classNever
}

func euckrClass(b []byte, r rune) float64 {
	switch {
	case commonKorean[r]:
		return classCommon
	case isWideSign(r):
		return classSign
	case b[0] >= 0xb0 && b[0] <= 0xc8 && b[1] >= 0xa1:
		return classUsual
	case b[0] >= 0xca && b[1] >= 0xa1:
		return classRare // Chinese characters
	}
	return classNever
}

// cyrillic holds, for а to я, how many of 1,000 letters of Russian text are
// that one (after the Russian National Corpus).
var cyrillic = [32]float64{80, 16, 45, 17, 30, 85, 9, 16, 74, 12, 35, 44, 32, 67, 110, 28, 47, 55, 63, 26, 3, 10, 5, 14, 7, 4, 0.4, 19, 17, 3, 6, 20}

// scoreCyrillic looks at words of letters of Windows-1251 alone: capitals
// begin a word or fill it, and the letters are those of Russian and its
// neighbours.
func scoreCyrillic(texts [][]byte, _ guess) float64 {
	letters, mixed, broken, capitals := 0, 0, 0, 0
	sum := 0.0
	for _, t := range texts {
		for i := 0; i < len(t); {
			if !cyrillicLetter(t[i]) && !asciiLetter(t[i]) {
				if t[i] >= 0x80 && strings.IndexByte("\x84\x85\x91\x92\x93\x94\x96\x97\xa0\xab\xb9\xbb", t[i]) < 0 {
					broken++ // no sign of a text
				}
				i++
				continue
			}
			begin, high := i, 0
			for i < len(t) && (cyrillicLetter(t[i]) || asciiLetter(t[i])) {
				if t[i] >= 0x80 {
					high++
				}
				i++
			}
			word := t[begin:i]
			if high == 0 {
				continue
			}
			if high < len(word) {
				mixed += high
				continue
			}
			letters += high
			upper, vowels := 0, 0
			for _, c := range word {
				if cyrillicUpper(c) {
					upper++
				}
				if strings.IndexByte("\xe0\xe5\xe8\xee\xf3\xfb\xfd\xfe\xff\xc0\xc5\xc8\xce\xd3\xdb\xdd\xde\xdf\xb8\xa8\xb3\xb2\xbf\xaf\xba\xaa", c) >= 0 {
					vowels++
				}
				if n := int(c); c >= 0xc0 {
					sum += cyrillic[n&31] / 55
				} else {
					sum += 0.3
				}
			}
			if cyrillicUpper(word[0]) {
				capitals++
			}
			if upper > 0 && upper < len(word) && (upper > 1 || !cyrillicUpper(word[0])) || len(word) > 3 && vowels == 0 || len(word) > 4 && vowels*6 < len(word) {
				broken += high
			}
		}
	}
	if letters < 4 || 10*(mixed+broken) > letters+mixed {
		return 0
	}
	mean := sum / float64(letters)
	// Russian gives about 1.0, an even spread of letters 0.57.
	if mean < 0.7 || capitals == 0 && (mean < 0.85 || letters < 12) {
		return 0
	}
	return min(mean, 1)
}

func cyrillicUpper(c byte) bool {
	return c >= 0xc0 && c < 0xe0 || c == 0xa8 || c == 0xb2 || c == 0xaf || c == 0xaa
}

func cyrillicLetter(c byte) bool {
	return c >= 0xc0 || strings.IndexByte("\xa8\xb8\xb2\xb3\xaf\xbf\xaa\xba", c) >= 0
}
