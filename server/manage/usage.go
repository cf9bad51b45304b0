package manage

import (
	"context"
	"fmt"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/usage"
)

// Used is what was asked of a library's store on a day for a purpose, or in
// all, and what it costs by the library's prices.
type Used struct {
	catalog.Usage
	Cost float64
}

// Costs is what was asked of a library's store.
type Costs struct {
	Library models.Library
	Days    []Used // by day and purpose
	Total   Used
	Today   catalog.Usage // by background work, which the library's caps bound
}

// mostDays is how many days one question may cover.
const mostDays = 3700

// Costs tells what was asked of the stores of one library, of all for 0, from
// the day of one time to that of another, in UTC. It is for administrators.
func (s *Service) Costs(ctx context.Context, who models.Identity, library int, from, to time.Time) ([]Costs, error) {
	if err := admin(who); err != nil {
		return nil, err
	}
	first, last := usage.Day(from.UTC()), usage.Day(to.UTC())
	if last < first || last-first > mostDays {
		return nil, fmt.Errorf("name a first day and a last one, at most %d days: %w", mostDays, models.ErrInvalid)
	}
	libraries, err := s.Catalog.Libraries(ctx)
	if err != nil {
		return nil, err
	}
	used, err := s.Usage.Used(ctx, library, first, last)
	if err != nil {
		return nil, err
	}
	today := usage.Day(s.Usage.Now())
	now := used
	if today < first || today > last {
		if now, err = s.Usage.Used(ctx, library, today, today); err != nil {
			return nil, err
		}
	}
	var list []Costs
	for _, l := range libraries {
		if library != 0 && l.Number != library {
			continue
		}
		c := Costs{Library: *l}
		for _, u := range used {
			if u.Library == l.Number {
				c.Days = append(c.Days, Used{u, usage.Cost(u, l.Settings.Prices)})
				c.Total.Add(u)
			}
		}
		for _, u := range now {
			if u.Library == l.Number && u.Day == today && u.Purpose != usage.Play {
				c.Today.Add(u)
			}
		}
		c.Total.Cost = usage.Cost(c.Total.Usage, l.Settings.Prices)
		list = append(list, c)
	}
	if library != 0 && len(list) == 0 {
		return nil, fmt.Errorf("library %d: %w", library, models.ErrNotFound)
	}
	return list, nil
}
