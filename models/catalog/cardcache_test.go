package catalog

import (
	"testing"

	"github.com/songlocker/songlocker/models"
)

func TestCardCache(t *testing.T) {
	var c cardCache[models.Song]
	card := func(k models.Key, library int) map[models.Key]*models.Song {
		return map[models.Key]*models.Song{k: {Library: library, Key: k}}
	}
	get := func(version int64, library int, keys ...models.Key) (found, others int) {
		m := map[models.Key]*models.Song{}
		rest := c.get(version, keys, m, func(s *models.Song) bool { return s.Library == library })
		return len(m), len(rest)
	}
	check := func(what string, found, others, wantFound, wantOthers int) {
		t.Helper()
		if found != wantFound || others != wantOthers {
			t.Errorf("%s: %d found and %d others, want %d and %d", what, found, others, wantFound, wantOthers)
		}
	}
	f, o := get(1, 1, 7)
	check("empty", f, o, 0, 1)
	c.put(1, card(7, 1))
	c.put(1, card(8, 2))
	f, o = get(1, 1, 7, 8, 9)
	check("one of the reader's library, one of another, one unknown", f, o, 1, 2)
	f, o = get(2, 1, 7)
	check("a later version of the catalog", f, o, 0, 1)
	c.put(2, card(9, 1))
	c.put(1, card(7, 1))
	f, o = get(2, 1, 7, 9)
	check("what was read before the change comes late", f, o, 1, 1)
	for k := range models.Key(cachedCards + 100) {
		c.put(2, card(k+100, 1))
	}
	if len(c.items) != cachedCards {
		t.Errorf("%d are kept, want %d", len(c.items), cachedCards)
	}
}
