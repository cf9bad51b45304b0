package scanner

import (
	"context"
	"slices"
	"time"

	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// shifted tells whether a time of change differs from another as the same
// file's does, and not as an edited one's: by 1 or 2 hours exactly, as FAT's
// local times do when the clocks change, or by being rounded to what a file
// system can keep, of which FAT keeps 2 s; or by both.
func shifted(was, is int64) bool {
	if was == 0 || is == 0 {
		return false
	}
	for _, hours := range []time.Duration{0, 1, 2, -1, -2} {
		d := abs(is - was - int64(hours*time.Hour))
		if d == 0 {
			return true
		}
		for _, step := range []time.Duration{2 * time.Second, time.Second, 10 * time.Millisecond, time.Microsecond} {
			if is%int64(step) == 0 && d < int64(step) {
				return true
			}
		}
	}
	return false
}

// recordStates notes what is new of objects whose content is the same.
func (x *scan) recordStates(ctx context.Context) error {
	list := x.restated
	x.restated = nil
	for part := range slices.Chunk(list, batch) {
		states := make(map[string]catalog.State, len(part))
		for _, o := range part {
			states[o.Key] = catalog.State{ModTime: o.ModTime, Archived: o.Archived}
		}
		if err := x.catalog.Scan(ctx, x.Library.Number, func(tx *catalog.ScanTx) error { return tx.SetStates(states) }); err != nil {
			return err
		}
	}
	return nil
}

// created is when a song counts as having come, in Unix ms: now, or in a
// library's first scan the older of its file's own times.
func (x *scan) created(f found) int64 {
	now := time.Now().UnixMilli()
	if !x.first {
		return now
	}
	best := now
	for _, ns := range []int64{f.object.ModTime, f.born} {
		if ms := ns / 1e6; ms > 0 && ms < best {
			best = ms
		}
	}
	return best
}

// born is when the object came to its store, as far as the store tells.
func born(f storage.File) int64 {
	if b, ok := f.(storage.Born); ok {
		return b.Born()
	}
	return 0
}
