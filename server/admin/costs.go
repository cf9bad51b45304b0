package admin

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/server/usage"
)

// costRow is what a bucket was asked on a day for a purpose, or in a month.
type costRow struct {
	When, For, Lists, Heads, Gets, Read, Cost string
}

type costData struct {
	Rows  []costRow
	Today string // how far the caps are used; "" without one
}

// costDays is how many days a library's page lists.
const costDays = 7

// costs is what a library's bucket was asked lately.
func (p *Pages) costs(v *visit, library int) (*costData, error) {
	now := p.Manage.Usage.Now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	from := now.AddDate(0, 0, 1-costDays)
	if month.Before(from) {
		from = month
	}
	list, err := p.Manage.Costs(v.Request().Context(), v.who, library, from, now)
	if err != nil {
		return nil, err
	}
	c, d := list[0], &costData{}
	row := func(at, purpose string, u manage.Used) {
		cost := "–"
		if c.Library.Settings.Prices != (models.Prices{}) {
			cost = fmt.Sprintf("%.2f", u.Cost)
		}
		d.Rows = append(d.Rows, costRow{at, purpose, count(u.Lists), count(u.Heads), count(u.Gets), humanize.Bytes(uint64(max(0, u.Bytes))), cost})
	}
	var all manage.Used
	for i := len(c.Days) - 1; i >= 0; i-- {
		u := c.Days[i]
		if u.Day > usage.Day(now)-costDays {
			row(usage.Date(u.Day).Format(time.DateOnly), u.Purpose, u)
		}
		if u.Day >= usage.Day(month) {
			all.Add(u.Usage)
			all.Cost += u.Cost
		}
	}
	row(month.Format("2006-01"), "all", all)
	if s := c.Library.Settings; s.RequestCap > 0 {
		d.Today += fmt.Sprintf("Background work has used %s of %s requests today. ", count(c.Today.Requests()), count(s.RequestCap))
	}
	if s := c.Library.Settings; s.ByteCap > 0 {
		d.Today += fmt.Sprintf("Background work has read %s of %s today.", humanize.Bytes(uint64(c.Today.Bytes)), humanize.Bytes(uint64(s.ByteCap)))
	}
	return d, nil
}
