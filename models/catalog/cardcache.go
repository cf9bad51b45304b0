package catalog

import (
	"sync"

	"github.com/songlocker/songlocker/models"
)

// cachedCards bounds the songs, and the albums, that are kept decoded: about
// 20 MB and 8 MB.
const cachedCards = 8192

// cardCache keeps decoded cards by their keys. They belong to one version of
// the catalog and are dropped with it. What it holds is shared: callers copy
// it before they write to it. The zero value is ready.
type cardCache[T any] struct {
	mu      sync.Mutex
	version int64
	items   map[models.Key]*T
}

// get fills found with those of the keys that are kept and readable, and
// returns the others.
func (c *cardCache[T]) get(version int64, keys []models.Key, found map[models.Key]*T, readable func(*T) bool) (others []models.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version != version || len(c.items) == 0 {
		return keys
	}
	for _, k := range keys {
		if x := c.items[k]; x != nil && readable(x) {
			found[k] = x
		} else {
			others = append(others, k)
		}
	}
	return others
}

// put keeps what was read while, or after, the catalog had this version. Where
// there is no room, others leave, whichever come first.
func (c *cardCache[T]) put(version int64, items map[models.Key]*T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.items == nil || version > c.version {
		c.version, c.items = version, make(map[models.Key]*T)
	}
	if version < c.version {
		return
	}
	for k, x := range items {
		c.items[k] = x
	}
	for k := range c.items {
		if len(c.items) <= cachedCards {
			break
		}
		delete(c.items, k)
	}
}
