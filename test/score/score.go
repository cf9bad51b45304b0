package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// line is one file of the collection, as its manifest describes it.
type line struct {
	Path       string              `json:"path"`
	Container  string              `json:"container"`
	Sound      string              `json:"sound"` // the encoding
	Tool       string              `json:"tool"`
	Tags       string              `json:"tags"` // the kind of tags
	Song       string              `json:"song"`
	Fields     map[string][]string `json:"fields"` // what was written
	May        []string            `json:"may"`    // fields that may be found all the same
	Lost       map[string]string   `json:"lost"`   // what was not, and why
	Properties properties          `json:"properties"`
}

// properties are those of the sound; zero is unknown.
type properties struct {
	Codec    string  `json:"codec"`
	Channels int     `json:"channels"`
	Rate     int     `json:"rate"`
	Depth    int     `json:"depth"`
	Seconds  float64 `json:"seconds"`
	Samples  int64   `json:"samples"`
	Kbits    float64 `json:"kbits"`
}

// reading is what one reader found in one file.
type reading struct {
	Fields     map[string][]string `json:"fields"`
	Properties properties          `json:"properties"`
	Warnings   []string            `json:"-"`
}

// readers are the columns, our own first.
var readers = []string{"Songlocker", "ffprobe", "mutagen", "TagLib"}

// wordless are the fields and properties that a reader has no word for, or
// that our call of it does not ask for.
var wordless = map[string][]string{
	"ffprobe": {"pictures"},
	"mutagen": {"codec"},
	"TagLib":  {"codec", "depth", "pictures"},
}

// miss is one value that a reader got wrong.
type miss struct {
	Line      line
	Field     string
	Want, Got string
}

func (m miss) String() string {
	return fmt.Sprintf("%-14s %-12s %-28s %-11s %-18s want %s, got %s   (%s)",
		m.Line.Container, m.Line.Tool, m.Line.Tags, m.Line.Song, m.Field, m.Want, m.Got, m.Line.Path)
}

// count is how many of so many values are right.
type count struct{ Right, Total int }

func (c *count) add(right bool) {
	c.Total++
	if right {
		c.Right++
	}
}

func (c count) String() string {
	if c.Total == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", c.Right, c.Total)
}

// percent is the share of right values; of none, all are.
func (c count) percent() float64 {
	if c.Total == 0 {
		return 100
	}
	return 100 * float64(c.Right) / float64(c.Total)
}

// tally is the score of one reader.
type tally struct {
	All, Lists count                        // every value, and the lists of two and more among them
	Unread     int                          // files that the reader refused
	Cells      map[string]map[string]*count // by container and field
	ListCells  map[string]*count            // lists of two and more, by field
	Misses     []miss
	Invented   []miss // values of fields that the file does not have
}

func newTally() *tally {
	return &tally{Cells: map[string]map[string]*count{}, ListCells: map[string]*count{}}
}

func (t *tally) cell(container, field string) *count {
	row := t.Cells[container]
	if row == nil {
		row = map[string]*count{}
		t.Cells[container] = row
	}
	c := row[field]
	if c == nil {
		c = &count{}
		row[field] = c
	}
	return c
}

// sum adds the cells of a container, or of all for "", for these fields, or
// for all for none.
func (t *tally) sum(container string, fields ...string) count {
	var s count
	for name, row := range t.Cells {
		if container != "" && container != name {
			continue
		}
		for field, c := range row {
			if len(fields) == 0 || slices.Contains(fields, field) {
				s.Right, s.Total = s.Right+c.Right, s.Total+c.Total
			}
		}
	}
	return s
}

// score holds one reader's findings against what was written.
func score(reader string, files []line, found []*reading) *tally {
	t := newTally()
	for i, l := range files {
		r := found[i]
		if r == nil || r.Fields == nil {
			t.Unread++
			r = &reading{}
		}
		value := func(field string, want, got string, right, list bool) {
			if slices.Contains(wordless[reader], field) {
				return
			}
			t.All.add(right)
			t.cell(l.Container, field).add(right)
			if list {
				t.Lists.add(right)
				c := t.ListCells[field]
				if c == nil {
					c = &count{}
					t.ListCells[field] = c
				}
				c.add(right)
			}
			if !right {
				t.Misses = append(t.Misses, miss{l, field, want, got})
			}
		}
		for _, field := range slices.Sorted(maps.Keys(l.Fields)) {
			want, got := l.Fields[field], r.Fields[field]
			value(field, show(want), show(got), same(field, want, got), len(want) > 1)
		}
		for _, p := range compare(l.Properties, r.Properties) {
			value(p.field, p.want, p.got, p.right, false)
		}
		for _, field := range slices.Sorted(maps.Keys(r.Fields)) {
			if len(l.Fields[field]) == 0 && len(l.Fields[field+"s"]) == 0 && !slices.Contains(l.May, field) { // a list has a printed form, too
				t.Invented = append(t.Invented, miss{l, field, "nothing", show(r.Fields[field])})
			}
		}
	}
	return t
}

// show prints a list for people.
func show(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	s := fmt.Sprintf("%q", list)
	if len(s) > 160 {
		s = s[:160] + "…"
	}
	return s
}

// tolerance is how far numbers may be apart: gains are stored in 1/256 or
// 1/512 dB by some formats, peaks with 16 bits.
var tolerance = map[string]float64{"track gain": 0.01, "album gain": 0.01, "track peak": 0.0005, "album peak": 0.0005}

// same tells whether two values are one: lists of equal members in one order.
func same(field string, want, got []string) bool {
	if near, ok := tolerance[field]; ok && len(want) == 1 && len(got) == 1 {
		a, err := strconv.ParseFloat(want[0], 64)
		b, err2 := strconv.ParseFloat(got[0], 64)
		return err == nil && err2 == nil && math.Abs(a-b) <= near
	}
	if field == "pictures" { // some writers sort them
		want, got = slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))
	}
	return slices.EqualFunc(want, got, func(a, b string) bool { return text(a) == text(b) })
}

// text makes line ends and the space around lines one.
func text(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// compared is one property held against the truth.
type compared struct {
	field, want, got string
	right            bool
}

// compare holds the properties that are known against those that were found:
// durations within 50 ms, and to the sample where both sides count samples;
// bit rates within 2 %.
func compare(want, got properties) []compared {
	var out []compared
	number := func(field string, want, got int) {
		if want != 0 {
			out = append(out, compared{field, strconv.Itoa(want), strconv.Itoa(got), want == got})
		}
	}
	if want.Codec != "" {
		out = append(out, compared{"codec", want.Codec, got.Codec, want.Codec == got.Codec})
	}
	number("channels", want.Channels, got.Channels)
	number("sample rate", want.Rate, got.Rate)
	number("depth", want.Depth, got.Depth)
	if want.Seconds != 0 {
		right := math.Abs(want.Seconds-got.Seconds) <= 0.05
		if want.Samples != 0 && got.Samples != 0 {
			right = right && want.Samples == got.Samples
		}
		out = append(out, compared{"duration", fmt.Sprintf("%.4f s (%d)", want.Seconds, want.Samples), fmt.Sprintf("%.4f s (%d)", got.Seconds, got.Samples), right})
	}
	if want.Kbits != 0 {
		// A whole number of kbit/s is as good as it gets.
		right := math.Abs(want.Kbits-got.Kbits) <= max(0.02*want.Kbits, 1)
		out = append(out, compared{"bit rate", fmt.Sprintf("%.1f", want.Kbits), fmt.Sprintf("%.1f", got.Kbits), right})
	}
	return out
}

// agreement holds ours against every value on which two others agree,
// whatever was written.
func agreement(files []line, ours []*reading, others [][]*reading) (c count, differences []miss) {
	for i, l := range files {
		fields := map[string]bool{}
		for _, o := range others {
			if o[i] != nil {
				for f := range o[i].Fields {
					fields[f] = true
				}
			}
		}
		for _, field := range slices.Sorted(maps.Keys(fields)) {
			agreed := agreedOn(field, i, others)
			if agreed == nil {
				continue
			}
			var mine []string
			if ours[i] != nil {
				mine = ours[i].Fields[field]
			}
			right := same(field, agreed, mine)
			c.add(right)
			if !right {
				differences = append(differences, miss{l, field, show(agreed), show(mine)})
			}
		}
	}
	return c, differences
}

// agreedOn returns the value of a field of file i that two of the others
// share, nil when there is none.
func agreedOn(field string, i int, others [][]*reading) []string {
	for a := range others {
		for b := range a {
			if others[a][i] == nil || others[b][i] == nil {
				continue
			}
			x, y := others[a][i].Fields[field], others[b][i].Fields[field]
			if len(x) > 0 && same(field, x, y) {
				return x
			}
		}
	}
	return nil
}
