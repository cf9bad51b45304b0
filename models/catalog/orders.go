package catalog

import (
	"container/list"
	"context"
	"sync"

	"github.com/songlocker/songlocker/models"
)

// orderKeys bounds the keys that all cached orders hold together: 16 MB.
const orderKeys = 2 << 20

// orderCache keeps whole lists of keys in their order, so that a page at any
// offset costs the page. An order belongs to one version of the catalog and
// is dropped with it. The zero value is ready.
type orderCache struct {
	mu      sync.Mutex
	version int64
	entries map[string]*list.Element
	recent  list.List // of *order, most recent first
	held    int
}

type order struct {
	name string
	once sync.Mutex
	done bool
	keys []models.Key
}

// get returns the order called name, which build makes at most once a
// version. Callers must not write to the result.
func (o *orderCache) get(ctx context.Context, version int64, name string, build func(context.Context) ([]models.Key, error)) ([]models.Key, error) {
	o.mu.Lock()
	if version != o.version || o.entries == nil {
		o.version, o.entries, o.held = version, map[string]*list.Element{}, 0
		o.recent.Init()
	}
	el := o.entries[name]
	if el == nil {
		el = o.recent.PushFront(&order{name: name})
		o.entries[name] = el
	} else {
		o.recent.MoveToFront(el)
	}
	e := el.Value.(*order)
	o.mu.Unlock()

	e.once.Lock()
	defer e.once.Unlock()
	if e.done {
		return e.keys, nil
	}
	keys, err := build(ctx)
	if err != nil {
		return nil, err
	}
	e.keys, e.done = keys, true
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.version == version && o.entries[name] == el {
		o.held += len(keys)
		for o.held > orderKeys && o.recent.Len() > 1 {
			last := o.recent.Back()
			old := o.recent.Remove(last).(*order)
			delete(o.entries, old.name)
			// An order that is being built is not counted yet.
			if old.once.TryLock() {
				o.held -= len(old.keys)
				old.once.Unlock()
			}
		}
	}
	return keys, nil
}
