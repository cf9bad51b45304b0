package catalog

import (
	"sync"

	"github.com/songlocker/songlocker/models"
)

// The bytes that the cached cards of songs, and of albums, take at most: those
// of some 80,000 songs with few tags.
const (
	songCards  = 48 << 20
	albumCards = 8 << 20
)

// cardOverhead is what a cached card takes besides its text.
const cardOverhead = 64

// cardCache keeps cards as they are stored, by their keys. They belong to one
// version of the catalog and are dropped with it. The zero value keeps
// nothing until most is set.
type cardCache struct {
	most    int // bytes
	mu      sync.Mutex
	version int64
	cards   map[models.Key]string
	size    int
}

// get calls found for those of the keys, by their place, that are kept and
// lie in a library that v reads, and returns the others. Keys may repeat.
func (c *cardCache) get(version int64, v Viewer, keys []models.Key, found func(i int, card string)) (others []models.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version != version || len(c.cards) == 0 {
		return keys
	}
	for i, k := range keys {
		if x, ok := c.cards[k]; ok && v.Reads(cardLibrary(x)) {
			found(i, x)
		} else {
			others = append(others, k)
		}
	}
	return others
}

// put keeps what was read while, or after, the catalog had this version. Where
// there is no room, others leave, whichever come first.
func (c *cardCache) put(version int64, cards map[models.Key]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cards == nil || version > c.version {
		c.version, c.cards, c.size = version, make(map[models.Key]string), 0
	}
	if version < c.version {
		return
	}
	for k, x := range cards {
		if old, ok := c.cards[k]; ok {
			c.size -= len(old) + cardOverhead
		}
		c.cards[k] = x
		c.size += len(x) + cardOverhead
	}
	for k, x := range c.cards {
		if c.size <= c.most {
			break
		}
		delete(c.cards, k)
		c.size -= len(x) + cardOverhead
	}
}
