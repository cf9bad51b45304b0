package catalog

import (
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// listed makes entries of letters: lower case is shown, upper case is hidden.
func listed(letters string) []entry {
	var out []entry
	for i, r := range letters {
		low := strings.ToLower(string(r))
		out = append(out, entry{position: i, song: models.Key(low[0]), shown: low == string(r)})
	}
	return out
}

func letters(l []entry) string {
	var b strings.Builder
	for _, e := range l {
		s := string(rune(e.song))
		if !e.shown {
			s = strings.ToUpper(s)
		}
		b.WriteString(s)
	}
	return b.String()
}

func TestReplaceKeepsHiddenEntries(t *testing.T) {
	for _, c := range []struct{ name, old, fresh, want, dropping string }{
		{"nothing hidden", "abc", "cb", "cb", "cb"},
		{"after its predecessor", "abXc", "cba", "cbXa", "cbXa"},
		{"at the beginning", "Xab", "ba", "Xba", "Xba"},
		{"at the beginning, all replaced", "Xab", "de", "Xde", "Xde"},
		{"two in their order", "aXYb", "ba", "baXY", "baXY"},
		{"at the end", "abX", "ab", "abX", "abX"},
		{"predecessor gone, old place", "abXcd", "acd", "acXd", "acd"},
		{"predecessor gone, shorter list", "abcXd", "d", "dX", "d"},
		{"predecessor gone, two", "aXbYc", "c", "cXY", "c"},
		{"all gone", "aXb", "", "X", ""},
		{"a song twice", "aXaYb", "aab", "aXaYb", "aXaYb"},
		{"a song twice, one removed", "abaXc", "abc", "abcX", "abc"},
		{"only hidden", "XY", "a", "XYa", "XYa"},
		{"empty", "", "ab", "ab", "ab"},
	} {
		if got := letters(replace(listed(c.old), listed(c.fresh), true)); got != c.want {
			t.Errorf("%s: %s with %s is %s, want %s", c.name, c.old, c.fresh, got, c.want)
		}
		if got := letters(replace(listed(c.old), listed(c.fresh), false)); got != c.dropping {
			t.Errorf("%s, dropping: %s with %s is %s, want %s", c.name, c.old, c.fresh, got, c.dropping)
		}
	}
}
