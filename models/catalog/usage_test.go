package catalog

import (
	"context"
	"slices"
	"sync"
	"testing"
)

func TestUsageAddsUp(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				err := c.AddUsage(ctx, []Usage{
					{Library: 1, Day: 20000, Purpose: "scan", Lists: 1, Heads: 2, Gets: 3, Bytes: 1 << 40, Throttled: 1},
					{Library: 1, Day: 20000, Purpose: "play", Gets: 1},
					{Library: 2, Day: 20001, Purpose: "scan", Gets: 1},
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := c.Usage(ctx, 1, 20000, 20000)
		want := []Usage{{Library: 1, Day: 20000, Purpose: "play", Gets: 8}, {Library: 1, Day: 20000, Purpose: "scan", Lists: 8, Heads: 16, Gets: 24, Bytes: 8 << 40, Throttled: 8}}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%+v %v", got, err)
		}
		if got, err := c.Usage(ctx, 0, 20001, 20002); err != nil || len(got) != 1 || got[0].Library != 2 || got[0].Requests() != 8 {
			t.Errorf("%+v %v", got, err)
		}
		if got, err := c.Usage(ctx, 2, 0, 20000); err != nil || len(got) != 0 {
			t.Errorf("%+v %v", got, err)
		}
	})
}
