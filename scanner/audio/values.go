package audio

import "strings"

// values holds every value of every tag of one file under canonical names:
// the upper-case names of Vorbis comments, such as "ALBUMARTIST" or
// "MUSICBRAINZ_TRACKID". The lists keep the file's order.
type values map[string][]string

const (
	maxValues = 1000    // that one name may have
	maxNames  = 4000    // that one file may have
	maxText   = 1 << 20 // bytes of one value
)

// add appends value under the canonical name. Empty values are dropped;
// repeated ones stay, because lists that go together by position, such as
// names and sort names, rely on it.
func (v values) add(name, value string) {
	if name == "" {
		return
	}
	list, known := v[name]
	if len(list) >= maxValues || !known && len(v) >= maxNames {
		return
	}
	if len(value) > maxText {
		value = value[:maxText]
	}
	if value = clean(value); value != "" {
		v[name] = append(list, value)
	}
}

// missing takes from other the lists of those names that v does not have.
func (v values) missing(other values) {
	for name, list := range other {
		if len(v[name]) == 0 {
			v[name] = list
		}
	}
}

// first returns the first value of the first of these names that has one.
func (v values) first(names ...string) string {
	for _, name := range names {
		if list := v[name]; len(list) > 0 {
			return list[0]
		}
	}
	return ""
}

// clean makes text valid UTF-8 without control characters, except \n and \t,
// without what XML 1.0 forbids, and without space around it. Line ends become \n.
func clean(s string) string {
	if plain(s) {
		return strings.TrimSpace(s)
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.ContainsRune(s, '\r') {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ', r >= 0x7f && r < 0xa0, r == 0xfeff, r&0xfffe == 0xfffe, r >= 0xfdd0 && r <= 0xfdef:
			return -1
		}
		return r
	}, s))
}

// plain tells that s is printable ASCII.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
