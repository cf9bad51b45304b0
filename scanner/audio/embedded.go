package audio

import (
	"sort"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// maxLyrics bounds the texts of one file.
const maxLyrics = 20

// embedded returns the texts in v: those under LYRICS, and those under LYRICS
// with a colon and a language.
func embedded(v values) []models.Lyrics {
	var names []string
	for name := range v {
		if name == "LYRICS" || strings.HasPrefix(name, "LYRICS:") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var list []models.Lyrics
	for _, name := range names {
		lang := "xxx"
		if _, code, ok := strings.Cut(name, ":"); ok && len(code) == 3 {
			lang = language([]byte(code))
		}
		for _, text := range v[name] {
			if l := textLyrics(lang, text); len(l.Lines) > 0 && len(list) < maxLyrics {
				list = append(list, l)
			}
		}
	}
	return list
}

// textLyrics returns one text, line by line.
func textLyrics(lang, text string) models.Lyrics {
	l := models.Lyrics{Lang: lang}
	for line := range strings.Lines(text) {
		l.Lines = append(l.Lines, models.LyricLine{Text: strings.TrimSpace(line)})
	}
	return l
}
