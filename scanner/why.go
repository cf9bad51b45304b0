package scanner

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// Why is why songs stand in one album: the evidence field by field.
type Why struct {
	Album      *models.Album
	Songs      []WhySong
	Differs    []Difference
	Neighbours []Neighbour
}

// WhySong is why one song stands in the album.
type WhySong struct {
	Song   *models.Song
	Rule   string // one of release, name, folder
	Says   string // the rule, as a sentence without its full stop
	Fields []Evidence
	group  string
}

// Evidence is one field that grouping looks at: what counts, and whence.
type Evidence struct {
	Field string // release id, album, album artist, folder, disc, track
	Value string // "" when there is none
	From  string // where the value comes from, in words
}

// Difference is a tag of which the album's songs have several values; none of
// these keeps songs apart.
type Difference struct {
	Field  string
	Values []Count
}

// Count is a value and how many songs have it.
type Count struct {
	Value string
	Songs int
}

// Neighbour is an album in the same folder or of the same name, and what keeps
// it apart.
type Neighbour struct {
	Album   *models.Album
	Folder  bool // songs of both lie in one folder
	Because string
	group   string
}

// mostNeighbours bounds the albums that are looked at beside one.
const mostNeighbours = 30

// Explain says why songs stand in an album, as far as v may read them. It asks
// the functions that group songs in a scan.
func Explain(ctx context.Context, c *catalog.Catalog, v catalog.Viewer, key models.Key) (*Why, error) {
	a, err := c.Album(ctx, v, key)
	if err != nil {
		return nil, err
	}
	songs, err := c.AlbumSongs(ctx, v, a.Key)
	if err != nil {
		return nil, err
	}
	e := explainer{ctx: ctx, c: c, v: v, library: a.Library, units: map[string]bool{}, of: map[models.Key]*evidence{}}
	if err := e.look(songs); err != nil {
		return nil, err
	}
	families := map[string]bool{}
	beside := map[models.Key]bool{} // albums in the same folders
	for _, x := range e.of {
		beside[x.song.Album] = true
	}
	for _, s := range songs {
		if x := e.of[s.Key]; x != nil && x.claim.rule != ruleFolder {
			families[x.claim.family] = true
		}
	}
	near, err := c.NearAlbums(ctx, v, a.Library, a.Name, families, mostNeighbours)
	if err != nil {
		return nil, err
	}
	others := slices.Sorted(maps.Keys(near))
	for _, k := range slices.Sorted(maps.Keys(beside)) {
		if _, ok := near[k]; !ok && k != a.Key && len(others) < 2*mostNeighbours {
			others = append(others, k)
		}
	}
	others = slices.DeleteFunc(others, func(k models.Key) bool { return k == a.Key })
	theirs, err := c.SongsOfAlbums(ctx, v, others)
	if err != nil {
		return nil, err
	}
	if err := e.look(theirs); err != nil {
		return nil, err
	}
	groups := e.groups()
	w := &Why{Album: a, Differs: differences(songs)}
	inOrder(songs)
	for _, s := range songs {
		if x := e.of[s.Key]; x != nil {
			w.Songs = append(w.Songs, whySong(x, groups[s.Key], a))
		}
	}
	albums, err := c.AlbumsByKey(ctx, v, others)
	if err != nil {
		return nil, err
	}
	inOrder(theirs)
	for _, o := range albums {
		n := Neighbour{Album: o, Folder: beside[o.Key]}
		for _, s := range theirs {
			if x := e.of[s.Key]; s.Album == o.Key && x != nil && len(w.Songs) > 0 {
				n.group = groups[s.Key]
				n.Because = apart(e.of[w.Songs[0].Song.Key], x)
				break
			}
		}
		w.Neighbours = append(w.Neighbours, n)
	}
	return w, nil
}

// explainer gathers evidence of whole units.
type explainer struct {
	ctx     context.Context
	c       *catalog.Catalog
	v       catalog.Viewer
	library int
	units   map[string]bool // looked at
	of      map[models.Key]*evidence
}

// look gives the songs, and those of their units, their belongings.
func (e *explainer) look(songs []*models.Song) error {
	for _, s := range songs {
		unit := unitOf(folderOf(s.ObjectKey))
		if e.units[unit] {
			continue
		}
		e.units[unit] = true
		below, err := e.c.FoldersLike(e.ctx, e.library, unit)
		if err != nil {
			return err
		}
		var folders []models.Key
		for p, k := range below {
			if unitOf(p) == unit {
				folders = append(folders, k)
			}
		}
		list, err := e.c.SongsInFolders(e.ctx, e.v, folders)
		if err != nil {
			return err
		}
		byKey(list)
		all := evidenceOf(unit, list)
		belong(unit, all)
		for _, x := range all {
			e.of[x.song.Key] = x
		}
	}
	return nil
}

// groups returns the group of each song that was looked at.
func (e *explainer) groups() map[models.Key]string {
	families := map[string][]*evidence{}
	for _, x := range e.of {
		families[x.claim.family] = append(families[x.claim.family], x)
	}
	out := map[models.Key]string{}
	for family, list := range families {
		for i, g := range groupsOf(family, list) {
			out[list[i].song.Key] = g
		}
	}
	return out
}

// words say where a value comes from.
var words = map[string]string{
	fromTags:    "the song's tag",
	fromSongs:   "the other songs of the folder",
	fromFlag:    "the compilation flag",
	fromPath:    "the folder's name",
	fromNothing: "none",
}

func whySong(x *evidence, group string, a *models.Album) WhySong {
	s, c := x.song, &x.claim
	w := WhySong{Song: s, Rule: c.rule, group: group}
	switch c.rule {
	case ruleRelease:
		w.Says = "the MusicBrainz release id decides"
	case ruleName:
		w.Says = "without a release id, the album's name and album artist decide"
	default:
		w.Says = "without an album artist, the album's name and the folder decide"
		if c.nameFrom == fromPath {
			w.Says = "without an album's name, the folder decides"
		}
	}
	if strings.Contains(group, catalog.GroupIn("", "")) {
		w.Says += "; other folders hold the same tracks, so each is an album of its own"
	}
	// A value that was borrowed is shown as the album prints it.
	own := func(value, tag, from, printed, folded string) string {
		switch {
		case from == fromTags && tag != "":
			return tag
		case value == folded:
			return printed
		}
		return strings.ReplaceAll(value, "\x1f", " ")
	}
	w.Fields = append(w.Fields, Evidence{"release id", c.release, words[c.releaseFrom]})
	name := own(c.name, s.Tags.Album, c.nameFrom, a.Name, models.Fold(a.Name))
	if c.nameFrom == fromPath {
		name = albumFromFolder(s.ObjectKey)
	}
	w.Fields = append(w.Fields, Evidence{"album", name, words[c.nameFrom]})
	if s.AlbumVersion != "" {
		w.Fields = append(w.Fields, Evidence{"version", s.AlbumVersion, words[fromTags]})
	}
	artist := own(c.artist, cmp.Or(s.AlbumArtist, strings.Join(s.AlbumArtists, ", ")), c.artistFrom, a.Artist, personFold(a.Artist))
	if c.artistFrom == fromFlag {
		artist = variousArtists
	}
	w.Fields = append(w.Fields, Evidence{"album artist", artist, words[c.artistFrom]})
	folder := models.CleanName(folderOf(s.ObjectKey))
	from := "where the file lies"
	if x.unit != folderOf(s.ObjectKey) {
		from = "a disc of " + models.CleanName(x.unit)
	}
	w.Fields = append(w.Fields, Evidence{"folder", cmp.Or(folder, "the library's root"), from})
	said := func(what models.Unsaid) string {
		if s.Unsaid&what != 0 {
			return "the names of file and folder"
		}
		return words[fromTags]
	}
	if s.Disc > 0 {
		w.Fields = append(w.Fields, Evidence{"disc", strconv.Itoa(s.Disc), said(models.UnsaidDisc)})
	}
	if s.Track > 0 {
		w.Fields = append(w.Fields, Evidence{"track", strconv.Itoa(s.Track), said(models.UnsaidTrack)})
	}
	return w
}

// differences lists the tags in which an album's songs differ and that people
// suspect of breaking albums.
func differences(songs []*models.Song) []Difference {
	year := func(d models.Date) string {
		if d.Year == 0 {
			return ""
		}
		return strconv.Itoa(d.Year)
	}
	var out []Difference
	for _, f := range []struct {
		name string
		of   func(*models.Song) string
	}{
		{"album", func(s *models.Song) string { return s.Tags.Album }},
		{"album artist", func(s *models.Song) string { return cmp.Or(s.AlbumArtist, strings.Join(s.AlbumArtists, ", ")) }},
		{"artist", func(s *models.Song) string { return s.Artist }},
		{"release id", func(s *models.Song) string { return s.ReleaseID }},
		{"version", func(s *models.Song) string { return s.AlbumVersion }},
		{"year", func(s *models.Song) string { return year(s.Date) }},
		{"release year", func(s *models.Song) string { return year(s.ReleaseDate) }},
		{"original year", func(s *models.Song) string { return year(s.OriginalDate) }},
		{"compilation", func(s *models.Song) string { return strconv.FormatBool(s.Compilation) }},
		{"folder", func(s *models.Song) string { return models.CleanName(folderOf(s.ObjectKey)) }},
		{"format", func(s *models.Song) string { return s.Suffix }},
	} {
		counts := map[string]int{}
		for _, s := range songs {
			counts[f.of(s)]++
		}
		if len(counts) < 2 {
			continue
		}
		d := Difference{Field: f.name}
		for v, n := range counts {
			d.Values = append(d.Values, Count{v, n})
		}
		slices.SortFunc(d.Values, func(a, b Count) int {
			return cmp.Or(cmp.Compare(b.Songs, a.Songs), strings.Compare(a.Value, b.Value))
		})
		d.Values = d.Values[:min(len(d.Values), 20)]
		out = append(out, d)
	}
	return out
}

// apart says what keeps two songs on two albums.
func apart(a, b *evidence) string {
	x, y := &a.claim, &b.claim
	if x.family == y.family {
		if a.artistIDs != "" && b.artistIDs != "" && a.artistIDs != b.artistIDs {
			return "the album artists have different MusicBrainz ids"
		}
		return "both folders hold the same tracks, so each is a copy of its own"
	}
	var why []string
	switch {
	case x.release != "" && y.release != "" && x.release != y.release:
		why = append(why, "another MusicBrainz release id")
	case x.release == "" && y.release != "":
		why = append(why, "it has a MusicBrainz release id, and this album has none")
	case x.release != "" && y.release == "":
		why = append(why, "it has no MusicBrainz release id")
		if y.severalReleases {
			why = append(why, "its folder knows several")
		}
	}
	if x.name != y.name {
		xn, xv, _ := strings.Cut(x.name, "\x1f")
		yn, yv, _ := strings.Cut(y.name, "\x1f")
		if xn != yn {
			why = append(why, "another album name")
		}
		if xv != yv {
			why = append(why, "another version")
		}
	}
	switch {
	case x.artist == y.artist:
	case x.artist == "" || y.artist == "":
		why = append(why, "only one of the two has an album artist")
	default:
		why = append(why, "another album artist")
	}
	if x.rule == ruleFolder && y.rule == ruleFolder && a.unit != b.unit {
		why = append(why, "without album artists the folder decides, and it is another")
	}
	return strings.Join(why, "; ")
}

// Text writes the evidence for a terminal.
func (w *Why) Text() string {
	var b strings.Builder
	a := w.Album
	songs := "songs"
	if a.Songs == 1 {
		songs = "song"
	}
	fmt.Fprintf(&b, "%s by %s, %d %s (%s)\n", a.Name, a.Artist, a.Songs, songs, models.ID{Kind: models.KindAlbum, Key: a.Key})
	for i, s := range w.Songs {
		if i == 0 || s.Says != w.Songs[i-1].Says {
			fmt.Fprintf(&b, "\nHere because %s:\n", s.Says)
		}
		fmt.Fprintf(&b, "  %s\n", models.CleanName(path.Base(s.Song.ObjectKey)))
		for _, f := range s.Fields {
			if f.Value == "" {
				fmt.Fprintf(&b, "    %-13s none\n", f.Field)
			} else {
				fmt.Fprintf(&b, "    %-13s %s (%s)\n", f.Field, f.Value, f.From)
			}
		}
	}
	if len(w.Differs) > 0 {
		b.WriteString("\nIts songs differ, and stay together all the same, in:\n")
		for _, d := range w.Differs {
			var list []string
			for _, v := range d.Values {
				list = append(list, fmt.Sprintf("%s (%d)", cmp.Or(v.Value, "none"), v.Songs))
			}
			fmt.Fprintf(&b, "  %-13s %s\n", d.Field, strings.Join(list, ", "))
		}
	}
	if len(w.Neighbours) > 0 {
		b.WriteString("\nBeside it, and apart:\n")
		for _, n := range w.Neighbours {
			where := "of the same name"
			if n.Folder {
				where = "in the same folder"
			}
			fmt.Fprintf(&b, "  %s by %s (%s), %s: %s\n", n.Album.Name, n.Album.Artist, models.ID{Kind: models.KindAlbum, Key: n.Album.Key}, where, n.Because)
		}
	}
	return b.String()
}
