package audio

import "strings"

// values holds every value of every tag of one file under canonical names:
// the upper-case names of Vorbis comments, such as "ALBUMARTIST" or
// "MUSICBRAINZ_TRACKID". The lists keep the file's order.
type values map[string][]string

// add appends value under the canonical name. Empty values are dropped.
func (v values) add(name, value string) {
	if value = clean(value); value != "" && len(v[name]) < maxValues {
		v[name] = append(v[name], value)
	}
}

// maxValues bounds the values that one name may have.
const maxValues = 1000

// clean makes text valid UTF-8 without control characters.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s))
}
