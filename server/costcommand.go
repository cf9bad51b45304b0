package server

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/server/usage"
)

type libraryCost struct {
	Library string `arg:"" optional:"" help:"Number or name; all libraries when not given."`
	Days    int    `help:"How many days to list of one library." default:"31"`
}

func (l libraryCost) Run(ctx context.Context, r *run) error {
	if l.Days < 1 || l.Days > 3650 {
		return fmt.Errorf("%w: --days is a number from 1 to 3650", ErrConfig)
	}
	return r.managing(ctx, func(c *catalog.Catalog, m *manage.Service) error {
		now := m.Usage.Now().UTC()
		month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
		before := month.AddDate(0, -1, 0)
		number := 0
		if l.Library != "" {
			lib, err := findLibrary(ctx, c, l.Library)
			if err != nil {
				return err
			}
			number = lib.Number
		}
		from := now.AddDate(0, 0, 1-l.Days)
		if before.Before(from) {
			from = before
		}
		list, err := m.Costs(ctx, operator, number, from, now)
		if err != nil {
			return err
		}
		head := []string{"LISTINGS", "QUESTIONS", "READS", "READ", "PUT OFF", "COST"}
		if number == 0 {
			rows := [][]string{append([]string{"LIBRARY", "TIME"}, head...)}
			for _, one := range list {
				for _, t := range []struct {
					name        string
					first, last int64
				}{
					{"today", usage.Day(now), usage.Day(now)}, {month.Format("2006-01"), usage.Day(month), usage.Day(now)},
					{before.Format("2006-01"), usage.Day(before), usage.Day(month) - 1},
				} {
					rows = append(rows, append([]string{one.Library.Name, t.name}, costCells(one, sum(one, t.first, t.last))...))
				}
			}
			return table(r.Stdout, rows...)
		}
		one := list[0]
		rows := [][]string{append([]string{"DAY (UTC)", "FOR"}, head...)}
		for _, d := range one.Days {
			if d.Day > usage.Day(now)-int64(l.Days) {
				rows = append(rows, append([]string{usage.Date(d.Day).Format(time.DateOnly), d.Purpose}, costCells(one, d.Usage)...))
			}
		}
		rows = append(rows, append([]string{month.Format("2006-01"), "all"}, costCells(one, sum(one, usage.Day(month), usage.Day(now)))...))
		rows = append(rows, append([]string{before.Format("2006-01"), "all"}, costCells(one, sum(one, usage.Day(before), usage.Day(month)-1))...))
		if err := table(r.Stdout, rows...); err != nil {
			return err
		}
		s := one.Library.Settings
		if s.RequestCap > 0 {
			fmt.Fprintf(r.Stdout, "Background work has used %s of %s requests today.\n", humanize.Comma(one.Today.Requests()), humanize.Comma(s.RequestCap))
		}
		if s.ByteCap > 0 {
			fmt.Fprintf(r.Stdout, "Background work has read %s of %s today.\n", humanize.Bytes(uint64(one.Today.Bytes)), humanize.Bytes(uint64(s.ByteCap)))
		}
		return nil
	})
}

// sum adds up what was used from the first day to the last.
func sum(c manage.Costs, first, last int64) catalog.Usage {
	var all catalog.Usage
	for _, d := range c.Days {
		if d.Day >= first && d.Day <= last {
			all.Add(d.Usage)
		}
	}
	return all
}

// costCells are the columns of what was used; the cost is "-" without prices.
func costCells(c manage.Costs, u catalog.Usage) []string {
	cost := "-"
	if p := c.Library.Settings.Prices; p != (models.Prices{}) {
		cost = strconv.FormatFloat(usage.Cost(u, p), 'f', 2, 64)
	}
	return []string{humanize.Comma(u.Lists), humanize.Comma(u.Heads), humanize.Comma(u.Gets), humanize.Bytes(uint64(max(0, u.Bytes))), humanize.Comma(u.Throttled), cost}
}
