package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/server/auth"
	"github.com/songlocker/songlocker/server/scans"
)

type libraryPurge struct {
	Library   string `arg:"" help:"Number or name."`
	OlderThan age    `help:"Only songs that have been missing for longer than this: 30d, 8w or 12h." required:"" placeholder:"AGE"`
	Yes       bool   `help:"Do it."`
}

// age is a length of time that may be told in days and weeks.
type age time.Duration

// UnmarshalText reads what time.ParseDuration does, and whole days and weeks.
func (a *age) UnmarshalText(b []byte) error {
	text := string(b)
	for unit, hours := range map[string]int{"d": 24, "w": 7 * 24} {
		if n, ok := strings.CutSuffix(text, unit); ok {
			if v, err := strconv.ParseUint(n, 10, 14); err == nil {
				*a = age(time.Duration(v) * time.Duration(hours) * time.Hour)
				return nil
			}
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no length of time: write it like 30d, 8w or 12h", text)
	}
	*a = age(d)
	return nil
}

// shownMissing is how many songs a purge names.
const shownMissing = 20

func (l libraryPurge) Run(ctx context.Context, r *run) error {
	return r.with(ctx, func(c *catalog.Catalog, a *auth.Service) error {
		m, err := findLibrary(ctx, c, l.Library)
		if err != nil {
			return err
		}
		before := time.Now().Add(-time.Duration(l.OlderThan))
		p, err := c.MayPurge(ctx, m.Number, before.UnixMilli())
		if err != nil {
			return err
		}
		n := func(v int) string { return humanize.Comma(int64(v)) }
		fmt.Fprintf(r.Stdout, "%s: %s songs have been missing since before %s.\n", m.Name, n(p.Songs), day(before.UnixMilli()))
		if p.Songs == 0 {
			return nil
		}
		songs, err := c.MissingSongs(ctx, m.Number, before.UnixMilli(), shownMissing, 0)
		if err != nil {
			return err
		}
		rows := [][]string{{"MISSING SINCE", "STARS", "PLAYS", "PLAYLISTS", "FILE"}}
		for _, s := range songs {
			rows = append(rows, []string{day(s.Since), n(s.Stars), n(s.Plays), n(s.Entries), strings.ToValidUTF8(s.ObjectKey, "\uFFFD")})
		}
		if err := table(r.Stdout, rows...); err != nil {
			return err
		}
		if p.Songs > len(songs) {
			fmt.Fprintf(r.Stdout, "... and %s more.\n", n(p.Songs-len(songs)))
		}
		if l.Yes {
			open := r.openStores(c, a.Keys())
			p, err = r.newScans(c, open, scans.Options{}).Purge(ctx, m.Number, before, time.Minute)
			if err = errors.Join(err, open.close()); err != nil {
				return err
			}
		}
		goes, becomes := "would go", "would become text"
		if l.Yes {
			goes, becomes = "are gone", "are text now"
		}
		fmt.Fprintf(r.Stdout, "For good %s %s songs and %s albums with %s stars, %s ratings and %s bookmarks; %s plays and %s places in playlists %s.\n",
			goes, n(p.Songs), n(p.Albums), n(p.Stars), n(p.Ratings), n(p.Bookmarks), n(p.Plays), n(p.Entries), becomes)
		if !l.Yes {
			fmt.Fprintln(r.Stdout, "Nothing was changed. With --yes it is done.")
		}
		return nil
	})
}
