package spec

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// repaired is s as JSON must bring it back: every byte that is not UTF-8 is
// U+FFFD.
func repaired(s string) string { return string([]rune(s)) }

// xmlOf is s as XML must bring it back: what XML 1.0 cannot hold is U+FFFD.
func xmlOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == '\uFFFE' || r == '\uFFFF' {
			return utf8.RuneError
		}
		return r
	}, repaired(s))
}

func FuzzText(f *testing.F) {
	for _, s := range []string{
		"", "plain", `"quoted" \ back`, "<a>&amp;</a>", "]]>", "tab\tnew\nline\rreturn", "\x00\x01\x1f\x7f", "\xff\xfe", "a\xc3", "\u2028\u2029",
		"\uFFFE\uFFFF\uFFFD", "Sæglópur 東京 🎵", "\xed\xa0\x80", " edge ", "\u0085", "</script>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := response(Song{ID: s, Title: s, Comment: s, Moods: []string{s}, Genres: []ItemGenre{{s}}})
		r.ServerVersion = s

		raw := Append(nil, JSON, "", r)
		if !utf8.Valid(raw) || bytes.Contains(raw, []byte("\u2028")) || bytes.Contains(raw, []byte("\u2029")) {
			t.Fatalf("%q", raw)
		}
		var got struct {
			Response struct {
				ServerVersion string
				Song          struct {
					ID, Title, Comment string
					Moods              []string
					Genres             []struct{ Name string }
				}
			} `json:"subsonic-response"`
		}
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("%v in %s", err, raw)
		}
		song, want := got.Response.Song, repaired(s)
		for _, back := range []string{got.Response.ServerVersion, song.ID, song.Title, song.Comment, song.Moods[0], song.Genres[0].Name} {
			if back != want {
				t.Fatalf("JSON brings back %q, want %q", back, want)
			}
		}

		root := parseXML(t, Append(nil, XML, "", r))
		want = xmlOf(s)
		el := root.children[0]
		texts := []string{root.attrs["serverVersion"], el.attrs["id"], el.attrs["title"], el.attrs["comment"]}
		for _, c := range el.children {
			if c.name.Local == "moods" {
				texts = append(texts, c.text)
			} else {
				texts = append(texts, c.attrs["name"])
			}
		}
		if len(texts) != 6 {
			t.Fatalf("%d texts", len(texts))
		}
		for _, back := range texts {
			if back != want {
				t.Fatalf("XML brings back %q, want %q", back, want)
			}
		}
	})
}
