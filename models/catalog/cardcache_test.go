package catalog

import (
	"testing"

	"github.com/songlocker/songlocker/models"
)

func TestCardCache(t *testing.T) {
	c := cardCache{most: 100 * (cardOverhead + 20)}
	text := func(k models.Key, library int) string {
		return string(songCard(&models.Song{Key: k, Library: library}))
	}
	put := func(version int64, k models.Key, library int) {
		c.put(version, map[models.Key]string{k: text(k, library)})
	}
	check := func(what string, version int64, library int, keys []models.Key, wantFound, wantOthers int) {
		t.Helper()
		found := 0
		others := c.get(version, Viewer{Libraries: []int{library}}, keys, func(i int, card string) {
			found++
			if card != text(keys[i], library) {
				t.Errorf("%s: place %d is %q", what, i, card)
			}
		})
		if found != wantFound || len(others) != wantOthers {
			t.Errorf("%s: %d found and %d others, want %d and %d", what, found, len(others), wantFound, wantOthers)
		}
	}
	check("empty", 1, 1, []models.Key{7}, 0, 1)
	put(1, 7, 1)
	put(1, 8, 2)
	check("one of the reader's library twice, one of another, one unknown", 1, 1, []models.Key{7, 8, 9, 7}, 2, 2)
	check("a later version of the catalog", 2, 1, []models.Key{7}, 0, 1)
	put(2, 9, 1)
	put(1, 7, 1)
	check("what was read before the change comes late", 2, 1, []models.Key{7, 9}, 1, 1)
	for k := range models.Key(1000) {
		put(2, k+100, 1)
		put(2, k+100, 1)
	}
	size := 0
	for _, x := range c.cards {
		size += len(x) + cardOverhead
	}
	if size != c.size || size > c.most || size < c.most/2 {
		t.Errorf("%d bytes are kept and %d counted, at most %d are wanted", size, c.size, c.most)
	}
}
