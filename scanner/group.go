package scanner

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// Grouping is done in two steps, both pure. The first looks at one unit, a
// folder with the folders of its discs, and gives each song a claim: the
// family of albums that it belongs to. The second looks at one family in all
// units and keeps copies apart that lie in folders of their own. What comes
// out depends on the set of songs alone, never on the order in which they came.

// The rules by which a song stands in an album.
const (
	ruleRelease = "release" // the MusicBrainz release id
	ruleName    = "name"    // the album's name and its album artist
	ruleFolder  = "folder"  // the album's name and the folder
)

// Where a part of a claim comes from.
const (
	fromTags    = "tags"    // the song's own
	fromSongs   = "songs"   // those of the unit's other songs
	fromFlag    = "flag"    // the compilation flag stands for Various Artists
	fromPath    = "folder"  // the folder's name
	fromNothing = "nothing" // there is none
)

// evidence is what grouping knows of one song, and the claim that follows.
type evidence struct {
	song      *models.Song
	unit      string
	name      string // the folded album name with its version; "" without an album tag
	artist    string // the folded album artist; "" without one
	artistIDs string
	release   string
	claim     belonging
}

// belonging says which family of albums a song belongs to and why.
type belonging struct {
	rule                                 string
	name, artist, release                string
	nameFrom, artistFrom, releaseFrom    string
	family                               string
	severalReleases, severalNames, apart bool // what kept the song from borrowing
}

func evidenceOf(unit string, songs []*models.Song) []*evidence {
	slab := make([]evidence, len(songs))
	out := make([]*evidence, len(songs))
	for i, s := range songs {
		slab[i] = evidence{song: s, unit: unit, name: albumFold(s), artist: albumArtistFold(s), release: s.ReleaseID}
		if slab[i].artist != "" && !s.Compilation {
			slab[i].artistIDs = strings.Join(s.AlbumArtistIDs, " ")
		}
		out[i] = &slab[i]
	}
	return out
}

// belong gives each song of one unit its claim. The rules, in order:
//
//   - a song without an album tag belongs to the only album that the unit's
//     tags name, when at least half of the songs name it, or to an album named
//     after the folder;
//   - the MusicBrainz release id decides; songs of the unit with the same
//     album name and no id join it when the unit knows just one such id;
//   - else album name, version and album artist; songs without an album artist
//     join the one that the unit's other songs of that album name have. Where
//     those have several, and their tracks complete each other, they are one
//     album: of the artist that most songs name, else of the folder;
//   - else the album name and the unit's folder: whoever sings, what lies
//     together under one name is one album.
//
// No date is in the key: one differing year does not split an album.
func belong(unit string, songs []*evidence) {
	named, several := mainAlbum(unit, songs)
	byName := map[string][]*evidence{}
	for _, e := range songs {
		c := &e.claim
		*c = belonging{name: e.name, nameFrom: fromTags, severalNames: several}
		if e.name == "" {
			if c.name, c.nameFrom = named, fromSongs; named == "" {
				c.nameFrom = fromPath
			}
		}
		byName[c.name] = append(byName[c.name], e)
	}
	for name, list := range byName {
		claimName(unit, name, list, !several && unit != "")
	}
	for _, e := range songs {
		c := &e.claim
		switch {
		case c.release != "":
			c.rule, c.family = ruleRelease, groupText(ruleRelease, c.release)
		case c.artist != "" && c.name != "":
			c.rule, c.family = ruleName, groupText(ruleName, c.name, c.artist)
		default:
			c.rule, c.family = ruleFolder, groupText(ruleFolder, unit, c.name)
		}
	}
}

// claimName settles the artist and the release of the unit's songs of one
// album name. own tells that the unit holds this album alone.
func claimName(unit, name string, list []*evidence, own bool) {
	releases, artists := map[string]bool{}, map[string]int{}
	ofRelease := map[string]bool{}
	ids := map[string]string{}
	for _, e := range list {
		if e.release != "" {
			releases[e.release] = true
			ofRelease[e.artist] = true
		}
		if e.artist != "" {
			artists[e.artist]++
		}
		if e.artistIDs != "" {
			if have, ok := ids[e.artist]; ok && have != e.artistIDs {
				ids[e.artist] = "several"
			} else {
				ids[e.artist] = e.artistIDs
			}
		}
	}
	var rest []*evidence
	for _, e := range list {
		c := &e.claim
		c.release, c.releaseFrom = e.release, fromTags
		if e.release == "" {
			c.releaseFrom = fromNothing
			c.severalReleases = len(releases) > 1
			if len(releases) == 1 && (e.artist == "" || len(artists) == 1 || ofRelease[e.artist]) {
				c.release, c.releaseFrom = only(releases), fromSongs
			}
		}
		c.artist, c.artistFrom = e.artist, fromTags
		switch {
		case e.artist == "" && len(artists) == 1:
			for a := range artists {
				c.artist, c.artistFrom = a, fromSongs
			}
		case e.artist == "":
			c.artistFrom = fromNothing
		case e.song.AlbumArtist == "" && len(e.song.AlbumArtists) == 0:
			c.artistFrom = fromFlag
		}
		if ids[e.artist] == "several" && e.artistIDs != "" {
			// Two artists of one name.
			c.artist += "\x1f" + e.artistIDs
		}
		if c.release == "" {
			rest = append(rest, e)
		}
	}
	classes := map[string][]*evidence{}
	named := 0
	for _, e := range rest {
		if e.claim.artist != "" {
			classes[e.claim.artist] = append(classes[e.claim.artist], e)
			named++
		}
	}
	if len(classes) < 2 {
		return
	}
	if !complete(classes, own) {
		for _, e := range rest {
			e.claim.apart = true
		}
		return
	}
	main := ""
	for a, l := range classes {
		if 2*len(l) > named {
			main = a
		}
	}
	for _, e := range rest {
		if e.claim.artist != main {
			e.claim.artist, e.claim.artistFrom = main, fromSongs
			if main == "" {
				e.claim.artistFrom = fromNothing
			}
		}
	}
}

// complete tells whether the songs of several album artists are parts of one
// album: no two have a track in common, and the album has the unit to itself
// or the artists have whole discs of it each.
func complete(classes map[string][]*evidence, own bool) bool {
	names := make([]string, 0, len(classes))
	discs := map[int]string{}
	whole := true
	for a, list := range classes {
		names = append(names, a)
		for _, e := range list {
			d := e.song.Disc
			if have, ok := discs[d]; d == 0 || ok && have != a {
				whole = false
			}
			discs[d] = a
		}
	}
	if whole {
		return true
	}
	if !own {
		return false
	}
	slices.Sort(names)
	all := seatsOf(classes[names[0]])
	for _, a := range names[1:] {
		p := seatsOf(classes[a])
		if collide(all, p) {
			return false
		}
		for k := range p {
			all[k] = true
		}
	}
	return true
}

// mainAlbum returns the album that songs without an album tag belong to, ""
// for none; several tells that the unit's tags name more than one. What lies
// in the library's root lies nowhere.
func mainAlbum(unit string, songs []*evidence) (name string, several bool) {
	tagged := 0
	for _, e := range songs {
		if e.name == "" {
			continue
		}
		tagged++
		if name == "" {
			name = e.name
		} else if e.name != name {
			return "", true
		}
	}
	if unit == "" || 2*tagged < len(songs) {
		name = ""
	}
	return name, false
}

// seats are the positions that songs have in an album.
type seats map[string]bool

func seatsOf(list []*evidence) seats {
	p := make(seats, len(list))
	for _, e := range list {
		p[seatOf(e.song)] = true
	}
	return p
}

// seatOf is a song's disc and track, or its title where it has no track.
func seatOf(s *models.Song) string {
	if s.Track > 0 {
		return strconv.Itoa(max(1, s.Disc)) + "-" + strconv.Itoa(s.Track)
	}
	return "t" + models.Fold(s.Title)
}

// collide tells whether two sets of songs have so many seats in common, half
// of the smaller, that they are two copies and not two parts.
func collide(a, b seats) bool {
	if len(b) < len(a) {
		a, b = b, a
	}
	n := 0
	for k := range a {
		if b[k] {
			n++
		}
	}
	return n > 0 && 2*n >= len(a)
}

// groupsOf returns the group of each song of one family: songs with equal
// groups are one album. Units whose songs take the same seats, or whose album
// artists have different MusicBrainz ids, are albums of their own; they are
// joined in the order of their paths.
func groupsOf(family string, songs []*evidence) []string {
	type cluster struct {
		first string
		taken seats
		ids   string
	}
	units := map[string][]*evidence{}
	var paths []string
	for _, e := range songs {
		if units[e.unit] == nil {
			paths = append(paths, e.unit)
		}
		units[e.unit] = append(units[e.unit], e)
	}
	out := make([]string, len(songs))
	if len(paths) == 1 {
		for i := range out {
			out[i] = family
		}
		return out
	}
	slices.Sort(paths)
	of := map[string]*cluster{}
	var clusters []*cluster
	for _, p := range paths {
		taken, ids := seatsOf(units[p]), ""
		for _, e := range units[p] {
			if e.artistIDs > ids {
				ids = e.artistIDs
			}
		}
		for _, c := range clusters {
			if (ids == "" || c.ids == "" || ids == c.ids) && !collide(c.taken, taken) {
				of[p] = c
				break
			}
		}
		if of[p] == nil {
			of[p] = &cluster{first: p, taken: seats{}}
			clusters = append(clusters, of[p])
		}
		of[p].ids = cmp.Or(of[p].ids, ids)
		for k := range taken {
			of[p].taken[k] = true
		}
	}
	for i, e := range songs {
		if out[i] = family; len(clusters) > 1 {
			out[i] = catalog.GroupIn(family, groupText(of[e.unit].first))
		}
	}
	return out
}

// groupText joins the parts of a key to text that every database indexes: a
// long one ends in a hash.
func groupText(parts ...string) string {
	s := models.CleanKey(parts[0])
	if len(parts) > 1 {
		s += " " + models.CleanKey(strings.Join(parts[1:], "\x1f"))
	}
	const most = 600
	if len(s) <= most {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return strings.ToValidUTF8(s[:most], "") + "\x1f" + hex.EncodeToString(sum[:])
}

func only(set map[string]bool) string {
	for k := range set {
		return k
	}
	return ""
}

// albumFold is the form under which album names are one, with the version: the
// disc that a name ends in is no part of it. It is "" without an album tag.
func albumFold(s *models.Song) string {
	if s.Tags.Album == "" {
		return ""
	}
	name, _ := cutDisc(s.Tags.Album)
	if s.AlbumVersion == "" {
		return models.Fold(name)
	}
	return models.Fold(name) + "\x1f" + models.Fold(s.AlbumVersion)
}

// albumArtistFold is the form under which album artists are one: without
// guests and without an article.
func albumArtistFold(s *models.Song) string {
	name := cmp.Or(s.AlbumArtist, strings.Join(s.AlbumArtists, "\x1f"))
	if name == "" {
		if s.Compilation {
			return models.Fold(variousArtists)
		}
		return ""
	}
	return personFold(mainName(name))
}

// personFold is the form under which an artist's name is one within an album.
func personFold(name string) string {
	if isVarious(name) {
		return models.Fold(variousArtists)
	}
	folded := models.Fold(name)
	if rest, ok := strings.CutPrefix(folded, "the "); ok && rest != "" {
		return rest
	}
	return folded
}

// isVarious tells whether an album artist stands for many.
func isVarious(name string) bool {
	switch models.Fold(name) {
	case "various artists", "various artist", "various", "va", "v a", "diverse", "verschiedene interpreten", "artistes varies", "varios artistas", "artisti vari": //nolint:misspell // Spanish
		return true
	}
	return false
}
