package main

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/template"
)

//go:embed formats.md.tmpl
var documentText string

// groups are the columns of the document's table: fields that go together.
var groups = []struct {
	Name   string
	fields []string
}{
	{"title", []string{"title", "title sort"}},
	{"artists", []string{"artist", "artists", "artist sort"}},
	{"album", []string{"album", "album sort", "disc title"}},
	{"album artists", []string{"album artist", "album artists", "album artist sort"}},
	{"track, disc", []string{"track", "tracks", "disc", "discs"}},
	{"dates", []string{"date", "original date"}},
	{"genres, moods", []string{"genres", "moods", "groupings"}},
	{"people", []string{"composers", "composer sort", "conductors", "lyricists", "arrangers", "producers", "engineers", "performers", "remixers"}},
	{"works", []string{"works", "movement", "movement number", "movements"}},
	{"MusicBrainz ids", []string{"recording id", "track id", "release id", "release group id", "artist ids", "album artist ids"}},
	{"release", []string{"ISRCs", "labels", "catalog numbers", "barcode", "media", "release types", "release status", "release country", "compilation"}},
	{"comment, lyrics", []string{"comment", "lyrics", "synced lyrics"}},
	{"BPM, language", []string{"bpm", "language"}},
	{"gains", []string{"track gain", "track peak", "album gain", "album peak"}},
	{"pictures", []string{"pictures"}},
	{"codec", []string{"codec"}},
	{"duration", []string{"duration"}},
	{"rate, channels, depth", []string{"sample rate", "channels", "depth"}},
	{"bit rate", []string{"bit rate"}},
}

// document writes docs/formats.md.
func (r *report) document(w io.Writer) error {
	t, err := template.New("formats").Parse(documentText)
	if err != nil {
		return err
	}
	mine := r.Tallies[readers[0]]
	head := make([]string, len(groups))
	for i, g := range groups {
		head[i] = g.Name
	}
	var matrix, containers, fields, lists [][]string
	for _, c := range r.containers() {
		row := []string{c}
		for _, g := range groups {
			row = append(row, mine.sum(c, g.fields...).String())
		}
		matrix = append(matrix, row)
		containers = append(containers, r.row(c, func(t *tally) count { return t.sum(c) }))
	}
	containers = append(containers, r.row("**all**", func(t *tally) count { return t.All }))
	for _, f := range r.fields() {
		fields = append(fields, r.row(f, func(t *tally) count { return t.sum("", f) }))
	}
	for _, f := range slices.Sorted(maps.Keys(mine.ListCells)) {
		lists = append(lists, r.row(f, func(t *tally) count {
			if c := t.ListCells[f]; c != nil {
				return *c
			}
			return count{}
		}))
	}
	lists = append(lists, r.row("**all**", func(t *tally) count { return t.Lists }))
	invented := []string{"values that are not there"}
	refused := []string{"files refused"}
	for _, reader := range readers {
		invented = append(invented, fmt.Sprint(len(r.Tallies[reader].Invented)))
		refused = append(refused, fmt.Sprint(r.Tallies[reader].Unread))
	}
	return t.Execute(w, map[string]any{
		"Files": len(r.Files), "Values": mine.All.Total, "Right": mine.All.Right, "Percent": fmt.Sprintf("%.2f", mine.All.percent()),
		"Lists": mine.Lists, "Agreed": r.Agreed, "AgreedPercent": fmt.Sprintf("%.2f", r.Agreed.percent()), "Tools": strings.Join(r.tools(), ", "),
		"Matrix": table(append([]string{"container"}, head...), matrix), "Containers": table(append([]string{"container"}, readers...), containers),
		"Fields": table(append([]string{"field"}, readers...), fields), "ListTable": table(append([]string{"lists of two and more"}, readers...), lists),
		"Others":  table(append([]string{""}, readers...), [][]string{invented, refused}),
		"Against": r.against(), "Misses": r.misses(), "Lost": table([]string{"tags", "written by", "lost"}, r.lost()),
	})
}

// row is one row of a table with a column for each reader.
func (r *report) row(name string, cell func(*tally) count) []string {
	row := []string{name}
	for _, reader := range readers {
		row = append(row, cell(r.Tallies[reader]).String())
	}
	return row
}

// tools lists who wrote the tags.
func (r *report) tools() []string {
	seen := map[string]bool{}
	for _, l := range r.Files {
		if l.Tool != "none" && l.Tool != "encoder" {
			for tool := range strings.SplitSeq(l.Tool, " over ") {
				seen[tool] = true
			}
		}
	}
	list := slices.Collect(maps.Keys(seen))
	slices.SortFunc(list, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return list
}

// against lists where ours is another value than the one that two others share.
func (r *report) against() []string {
	seen := map[string]bool{}
	for _, m := range r.Disagreed {
		written := "not scored"
		if want := m.Line.Fields[m.Field]; len(want) > 0 {
			written = show(want)
		}
		seen[fmt.Sprintf("%s, %s by %s, %s: they find %s, ours %s, written %s", m.Line.Container, m.Line.Tags, m.Line.Tool, m.Field, m.Want, m.Got, written)] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// misses lists what our reader gets wrong, one line for what is alike.
func (r *report) misses() []string {
	type kind struct{ container, tool, tags, field string }
	seen := map[kind][]miss{}
	for _, m := range r.Tallies[readers[0]].Misses {
		k := kind{m.Line.Container, m.Line.Tool, m.Line.Tags, m.Field}
		seen[k] = append(seen[k], m)
	}
	var list []string
	for k, ms := range seen {
		m := ms[0]
		list = append(list, fmt.Sprintf("%s, %s by %s: %s, %d times, such as %s where %s was written", k.container, k.tags, k.tool, k.field, len(ms), m.Got, m.Want))
	}
	slices.Sort(list)
	return list
}

// lost lists, for each kind of tags and tool, what could not be written.
func (r *report) lost() [][]string {
	type kind struct{ tags, tool string }
	reasons := map[kind]map[string]map[string]bool{}
	for _, l := range r.Files {
		for field, why := range l.Lost {
			k := kind{l.Tags, l.Tool}
			if reasons[k] == nil {
				reasons[k] = map[string]map[string]bool{}
			}
			if reasons[k][why] == nil {
				reasons[k][why] = map[string]bool{}
			}
			reasons[k][why][field] = true
		}
	}
	var rows [][]string
	for k, whys := range reasons {
		var parts []string
		for why, fields := range whys {
			parts = append(parts, why+": "+strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		slices.Sort(parts)
		rows = append(rows, []string{k.tags, k.tool, strings.Join(parts, "; ")})
	}
	slices.SortFunc(rows, slices.Compare)
	return rows
}

// table renders a Markdown table.
func table(head []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + strings.ReplaceAll(c, "|", "\\|") + " ")
		}
		b.WriteString("|\n")
	}
	line(head)
	rule := make([]string, len(head))
	for i := range rule {
		rule[i] = "---"
		if i > 0 && head[0] != "tags" {
			rule[i] = "--:"
		}
	}
	line(rule)
	for _, r := range rows {
		line(r)
	}
	return b.String()
}
