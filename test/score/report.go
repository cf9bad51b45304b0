package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// report is the whole of one run.
type report struct {
	Files     []line
	Tallies   map[string]*tally // by reader
	Agreed    count             // ours among the values on which two others agree
	Disagreed []miss
}

// judge scores every reader.
func judge(files []line, mine []*reading, theirs map[string][]*reading) *report {
	r := &report{Files: files, Tallies: map[string]*tally{readers[0]: score(readers[0], files, mine)}}
	var others [][]*reading
	for _, name := range readers[1:] {
		r.Tallies[name] = score(name, files, theirs[name])
		others = append(others, theirs[name])
	}
	r.Agreed, r.Disagreed = agreement(files, mine, others)
	return r
}

// verdict is the error of a reader that is not right enough.
func (r *report) verdict() error {
	t := r.Tallies[readers[0]]
	switch {
	case t.All.Total == 0 || t.Lists.Total == 0:
		return fmt.Errorf("%d values and %d lists: nothing was scored", t.All.Total, t.Lists.Total)
	case t.All.percent() < floor:
		return fmt.Errorf("%.2f %% of %d values are right: fewer than %d %%", t.All.percent(), t.All.Total, floor)
	case t.Lists.Right != t.Lists.Total:
		return fmt.Errorf("%d of %d lists are not exact", t.Lists.Total-t.Lists.Right, t.Lists.Total)
	case t.Unread > 0:
		return fmt.Errorf("%d files were not read", t.Unread)
	case len(t.Invented) > 0:
		return fmt.Errorf("%d values are invented", len(t.Invented))
	}
	return nil
}

// containers lists them in the order of the collection.
func (r *report) containers() []string {
	var list []string
	for _, l := range r.Files {
		if !slices.Contains(list, l.Container) {
			list = append(list, l.Container)
		}
	}
	return list
}

// print writes the figures and each of our misses.
func (r *report) print(w io.Writer) {
	t := r.Tallies[readers[0]]
	for _, m := range t.Misses {
		fmt.Fprintln(w, "miss    ", m)
	}
	for _, m := range t.Invented {
		fmt.Fprintln(w, "invented", m)
	}
	for _, m := range r.Disagreed {
		fmt.Fprintln(w, "against ", m)
	}
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	defer tw.Flush()
	row := func(name string, cell func(*tally) string) {
		fmt.Fprint(tw, name)
		for _, reader := range readers {
			fmt.Fprint(tw, "\t", cell(r.Tallies[reader]))
		}
		fmt.Fprintln(tw)
	}
	fmt.Fprintln(tw)
	fmt.Fprint(tw, "values right")
	for _, reader := range readers {
		fmt.Fprint(tw, "\t", reader)
	}
	fmt.Fprintln(tw)
	for _, c := range r.containers() {
		row(c, func(t *tally) string { return t.sum(c).String() })
	}
	fmt.Fprintln(tw)
	for _, f := range r.fields() {
		row(f, func(t *tally) string { return t.sum("", f).String() })
	}
	fmt.Fprintln(tw)
	row("all", func(t *tally) string { return fmt.Sprintf("%s %.2f %%", t.All, t.All.percent()) })
	row("lists", func(t *tally) string { return t.Lists.String() })
	row("invented", func(t *tally) string { return fmt.Sprint(len(t.Invented)) })
	row("files refused", func(t *tally) string { return fmt.Sprint(t.Unread) })
	fmt.Fprintf(tw, "as two of the others agree\t%s %.2f %%\n", r.Agreed, r.Agreed.percent())
}

// fields lists every field that was scored.
func (r *report) fields() []string {
	seen := map[string]bool{}
	for _, row := range r.Tallies[readers[0]].Cells {
		for f := range row {
			seen[f] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
