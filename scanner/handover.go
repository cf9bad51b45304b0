package scanner

import (
	"context"
	"slices"

	"github.com/songlocker/songlocker/models"
)

// handOver finds songs that vanished from this library among those that have
// come, since it was last scanned, to another of the same owner: the library
// that got them was scanned first, and took them for new. Their rows go over
// with all that users attached to them. Copies that were there before stay
// copies.
func (x *scan) handOver(ctx context.Context) error {
	if len(x.kin) < 2 || len(x.vanished) == 0 {
		return nil
	}
	others := slices.DeleteFunc(slices.Clone(x.kin), func(n int) bool { return n == x.Library.Number })
	var keys []models.Key
	for k := range x.vanished {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for part := range slices.Chunk(keys, batch) {
		if err := x.handOverSome(ctx, part, others); err != nil {
			return err
		}
	}
	return nil
}

func (x *scan) handOverSome(ctx context.Context, part []models.Key, others []int) error {
	old, fresh := map[string][]facts{}, map[string][]facts{}
	oldRows, freshRows := map[string][]models.Key{}, map[string][]models.Key{}
	var identities []string
	note := func(to map[string][]facts, rows map[string][]models.Key) func(*models.Song) {
		return func(s *models.Song) {
			if s.Identity == "" || s.Part != 0 || s.MissingSince != 0 {
				return
			}
			f := factsOf(s)
			f.library = 0
			to[s.Identity] = append(to[s.Identity], f)
			rows[s.Identity] = append(rows[s.Identity], s.Key)
		}
	}
	if err := x.catalog.SongRows(ctx, part, note(old, oldRows)); err != nil {
		return err
	}
	for id := range old {
		identities = append(identities, id)
	}
	slices.Sort(identities)
	var come []models.Key
	err := x.catalog.Sounding(ctx, others, identities, func(s soundingRow) error {
		if !s.Missing && s.Song.Time() > x.Library.ScannedAt {
			come = append(come, s.Song)
		}
		return nil
	})
	if err != nil || len(come) == 0 {
		return err
	}
	slices.Sort(come)
	if err := x.catalog.SongRows(ctx, slices.Compact(come), note(fresh, freshRows)); err != nil {
		return err
	}
	type couple struct{ other, row models.Key }
	var list []couple
	var gone []models.Key
	for _, id := range identities {
		for i, j := range pair(fresh[id], old[id]) {
			if j >= 0 {
				list = append(list, couple{freshRows[id][i], oldRows[id][j]})
				gone = append(gone, oldRows[id][j])
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	return x.write(ctx, func(w *writer) error {
		// Here they are missing, and their albums without them.
		if err := w.presence(gone, true); err != nil {
			return err
		}
		for _, c := range list {
			if err := w.tx.MergeSong(c.other, c.row); err != nil {
				return err
			}
		}
		w.moved += len(list)
		w.settled = append(w.settled, gone...)
		return nil
	})
}
