package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/server/usage"
)

// Used is what was asked of a library's store.
type Used struct {
	Lists     int64   `json:"lists" doc:"pages of listings"`
	Heads     int64   `json:"heads" doc:"questions about one object"`
	Gets      int64   `json:"gets" doc:"reads"`
	Bytes     int64   `json:"bytes" doc:"that were read"`
	Throttled int64   `json:"throttled" doc:"requests, among those above, that the store put off"`
	Cost      float64 `json:"cost" doc:"by the library's prices, in their currency"`
}

func used(u catalog.Usage, cost float64) Used {
	return Used{u.Lists, u.Heads, u.Gets, u.Bytes, u.Throttled, cost}
}

// UsedDay is what was asked on a day for a purpose.
type UsedDay struct {
	Day     string `json:"day" format:"date" doc:"in UTC"`
	Purpose string `json:"purpose" enum:"scan,play,other" doc:"play is what people wait for: streams, downloads, covers, lyrics"`
	Used
}

// Usage is what was asked of a library's store from a day to another.
type Usage struct {
	From   string    `json:"from" format:"date"`
	To     string    `json:"to" format:"date"`
	Days   []UsedDay `json:"days" nullable:"false" doc:"days and purposes without a request are left out"`
	Total  Used      `json:"total"`
	Prices Prices    `json:"prices" doc:"by which costs are reckoned"`
	Today  Today     `json:"today"`
}

// Today is what background work has used today, in UTC, and its caps.
type Today struct {
	Requests   int64 `json:"requests"`
	Bytes      int64 `json:"bytes"`
	RequestCap int64 `json:"requestCap" doc:"0 is none"`
	ByteCap    int64 `json:"byteCap" doc:"0 is none"`
}

func costs(c manage.Costs, from, to time.Time) Usage {
	s := c.Library.Settings
	out := Usage{
		From: from.Format(time.DateOnly), To: to.Format(time.DateOnly), Days: []UsedDay{}, Total: used(c.Total.Usage, c.Total.Cost), Prices: Prices(s.Prices),
		Today: Today{Requests: c.Today.Requests(), Bytes: c.Today.Bytes, RequestCap: s.RequestCap, ByteCap: s.ByteCap},
	}
	for _, d := range c.Days {
		out.Days = append(out.Days, UsedDay{usage.Date(d.Day).Format(time.DateOnly), d.Purpose, used(d.Usage, d.Cost)})
	}
	return out
}

func (a *API) usage() {
	handle(a, huma.Operation{
		OperationID: "libraryUsage", Method: http.MethodGet, Path: "/libraries/{library}/usage", Tags: []string{"libraries"},
		Summary:     "What was asked of a library's bucket by day, and what it costs",
		Description: "For administrators. Folders are not counted.",
		Errors:      []int{http.StatusNotFound},
	}, func(ctx context.Context, who *caller, in *struct {
		OneLibrary
		From string `query:"from" format:"date" doc:"the first day, in UTC; the first of this month when not given"`
		To   string `query:"to" format:"date" doc:"the last day; today when not given"`
	}) (*body[Usage], error) {
		now := a.Manage.Usage.Now().UTC()
		from, to := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC), now
		for _, given := range []struct {
			text string
			into *time.Time
		}{{in.From, &from}, {in.To, &to}} {
			if given.text != "" {
				day, err := time.Parse(time.DateOnly, given.text)
				if err != nil {
					return nil, huma.Error422UnprocessableEntity("a day is written like 2026-01-31")
				}
				*given.into = day
			}
		}
		list, err := a.Manage.Costs(ctx, who.Identity, in.Library, from, to)
		if err != nil {
			return nil, err
		}
		return answer(costs(list[0], from, to)), nil
	})
}
