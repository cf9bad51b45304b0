package models

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// special are letters that no Unicode decomposition turns into their plain form.
var special = map[rune]string{
	'ß': "ss", 'ẞ': "ss", 'æ': "ae", 'Æ': "ae", 'œ': "oe", 'Œ': "oe", 'ø': "o", 'Ø': "o",
	'đ': "d", 'Đ': "d", 'ð': "d", 'Ð': "d", 'þ': "th", 'Þ': "th", 'ł': "l", 'Ł': "l",
	'ħ': "h", 'Ħ': "h", 'ı': "i", 'ŋ': "n", 'Ŋ': "n", 'ĸ': "k", 'ŧ': "t", 'Ŧ': "t",
	'ς': "σ", '&': " and ",
}

// Fold returns the form of a name by which names are searched and compared:
// lower case, without accents (NFKD without marks), without punctuation,
// words separated by single spaces. Apostrophes and full stops within a word
// vanish ("don't" is "dont", "R.E.M." is "rem"); other punctuation separates
// words ("AC/DC" is "ac dc"). A name of punctuation only ("!!!") folds to
// itself in lower case, so that it can be found.
func Fold(s string) string {
	if folded := fold(s); folded != "" {
		return folded
	}
	return strings.Join(strings.Fields(strings.ToLower(s)), " ")
}

func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	put := func(r rune) {
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(r)
	}
	ascii := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			ascii = false
			break
		}
	}
	if !ascii {
		s = norm.NFKD.String(s)
	}
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			put(r)
		case r >= 'A' && r <= 'Z':
			put(r + 'a' - 'A')
		case r == '\'' || r == '.' || r == '’' || r == '‘' || r == '`' || r == '´' || r == 'ʼ' || r == '＇':
		case r < utf8.RuneSelf && r != '&':
			space = true
		case unicode.Is(unicode.Mn, r):
			// A voiced kana is another letter, not an accent.
			if r == '\u3099' || r == '\u309a' {
				b.WriteRune(r)
			}
		case special[r] != "":
			for _, p := range special[r] {
				if p == ' ' {
					space = true
				} else {
					put(p)
				}
			}
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			put(unicode.ToLower(r))
		case unicode.Is(unicode.Mc, r):
			b.WriteRune(r)
		default:
			space = true
		}
	}
	if ascii {
		return b.String()
	}
	return norm.NFC.String(b.String())
}

// SortFold returns the form of a name by which names are sorted: like Fold,
// but a name of symbols sorts before letters as it stands.
func SortFold(s string) string { return Fold(s) }

// CleanName returns a file's or folder's name as text for people: valid UTF-8
// without control characters.
func CleanName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// CleanKey returns s as text that every database takes: invalid bytes are
// written out as "\xNN", so that two different keys stay different.
func CleanKey(s string) string {
	if utf8.ValidString(s) && !strings.ContainsRune(s, 0) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || r == 0 {
			const hex = "0123456789abcdef"
			b.WriteString(`\x`)
			b.WriteByte(hex[s[i]>>4])
			b.WriteByte(hex[s[i]&15])
		} else {
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}
