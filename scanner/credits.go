package scanner

import (
	"cmp"
	"context"
	"path"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// artistOf is one artist before it has a row.
type artistOf struct {
	role, sub      string
	name, sort, id string
	joined         string // the whole name as printed, where it joins several
}

// known tells whether an artist is known by its own name: a joined name is
// taken apart only where one of its parts is.
type known func(name string) bool

func nobody(string) bool { return false }

// byOne lists the artists of one printed name or of a list, in one role.
func byOne(role, printed string, list, sorts, ids []string, is known) []artistOf {
	if len(list) < 2 {
		printed = cmp.Or(printed, strings.Join(list, ""))
		if parts := guests(printed); len(parts) > 1 && printed != "" {
			return joined(role, printed, parts, sorts, ids, is)
		}
	}
	if len(list) == 0 {
		list = []string{printed}
	}
	out := make([]artistOf, 0, len(list))
	for i, n := range list {
		out = append(out, artistOf{role: role, name: n, sort: at(sorts, i, len(list)), id: at(ids, i, len(list))})
	}
	return out
}

// joined lists the artists of a printed name with guests. One id that goes
// with it is the first artist's.
func joined(role, printed string, parts, sorts, ids []string, is known) []artistOf {
	if len(ids) == len(parts) {
		// As many ids as names: nothing is guessed.
		return byOne(role, printed, parts, sorts, ids, is)
	}
	apart := false
	for _, p := range parts {
		apart = apart || is(p)
	}
	if !apart {
		return []artistOf{{role: role, name: printed, sort: at(sorts, 0, 1), id: at(ids, 0, 1), joined: printed}}
	}
	out := make([]artistOf, 0, len(parts))
	for i, p := range parts {
		a := artistOf{role: role, name: p, sort: at(sorts, i, len(parts)), id: at(ids, i, len(parts)), joined: printed}
		if len(ids) == 1 && i == 0 {
			a.id = ids[0]
		}
		out = append(out, a)
	}
	return out
}

// known returns who is known by itself, of those whom these songs' joined
// names name: in the library, or in this transaction.
func (w *writer) known(byAlbum map[models.Key][]*models.Song, songs []*models.Song) (known, error) {
	folds := map[string]bool{}
	for _, s := range songs {
		for _, n := range []string{s.Artist, s.AlbumArtist} {
			if parts := guests(n); len(parts) > 1 {
				for _, p := range parts {
					folds[catalog.ArtistFold(p)] = true
				}
			}
		}
	}
	if len(folds) == 0 {
		return nobody, nil
	}
	is, err := w.tx.KnownArtists(folds)
	if err != nil {
		return nil, err
	}
	add := func(list []artistOf) {
		for _, a := range list {
			if a.joined == "" {
				is[catalog.ArtistFold(a.name)] = true
			}
		}
	}
	for _, list := range byAlbum {
		_, by := albumArtists(list, nobody)
		add(by)
	}
	for _, s := range songs {
		add(people(s, nobody))
	}
	return func(name string) bool { return is[catalog.ArtistFold(name)] }, nil
}

// joinedNames settles which joined names are taken apart, now that all songs
// are there: whether a part is known by itself must not depend on which song
// was read first.
func (x *scan) joinedNames(ctx context.Context) error {
	albums, err := x.catalog.JoinedCredits(ctx, x.Library.Number, guests)
	if err != nil {
		return err
	}
	return x.rebuildAlbums(ctx, albums)
}

// albumArtists returns who an album is by, from its songs in order: the album
// artist that most songs name; without one the songs' artist, when all or
// nearly all have the same, or the one of them whom the folder above is named
// after; else Various Artists.
func albumArtists(songs []*models.Song, is known) (display string, artists []artistOf) {
	printed := func(s *models.Song) string { return cmp.Or(s.AlbumArtist, strings.Join(s.AlbumArtists, ", ")) }
	best := most(songs, func(s *models.Song) string {
		if p := printed(s); p != "" {
			return personFold(p)
		}
		return ""
	})
	if best != "" {
		var of []*models.Song
		named, mains := 0, map[string]int{}
		for _, s := range songs {
			if p := printed(s); p != "" {
				named++
				mains[personFold(mainName(p))]++
				if personFold(p) == best {
					of = append(of, s)
				}
			}
		}
		main := personFold(mainName(printed(of[0])))
		switch {
		case 2*mains[main] > named || len(mains) == 1:
			return bestCredit(of, is)
		default:
			return variousArtists, various()
		}
	}
	compilation := false
	singers, first := map[string]int{}, map[string]*models.Song{}
	whole := true
	for _, s := range songs {
		compilation = compilation || s.Compilation
		name := personFold(mainArtist(s))
		if first[name] == nil {
			first[name] = s
		}
		singers[name]++
		whole = whole && songArtistFold(s) == songArtistFold(songs[0])
	}
	if compilation {
		return variousArtists, various()
	}
	if whole {
		display, artists = songArtists(songs[0], is)
		for i := range artists {
			artists[i].role = models.RoleAlbumArtist
		}
		return display, artists
	}
	main := most(songs, func(s *models.Song) string { return personFold(mainArtist(s)) })
	if 4*singers[main] < 3*len(songs) {
		main = ""
		for name := range singers {
			if name != "" && name == aboveFold(songs) && 2*singers[name] >= len(songs) {
				main = name
			}
		}
	}
	if main == "" {
		return variousArtists, various()
	}
	s := first[main]
	for _, x := range songs {
		// One who sings alone says best how the name is written.
		if personFold(mainArtist(x)) == main && len(x.Artists) < 2 && len(guests(x.Artist)) == 1 {
			s = x
			break
		}
	}
	a := artistOf{role: models.RoleAlbumArtist, name: mainArtist(s)}
	if len(s.ArtistIDs) > 0 && (len(s.ArtistIDs) == len(s.Artists) || len(s.ArtistIDs) == 1) {
		a.id = s.ArtistIDs[0]
	}
	if len(s.ArtistSort) > 0 && len(s.ArtistSort) == len(s.Artists) {
		a.sort = s.ArtistSort[0]
	}
	return a.name, []artistOf{a}
}

func various() []artistOf {
	return []artistOf{{role: models.RoleAlbumArtist, name: variousArtists, id: variousID}}
}

// bestCredit returns the album artists that songs name alike: as most of them
// print it, from one that lists them with ids where there is one.
func bestCredit(songs []*models.Song, is known) (string, []artistOf) {
	how := func(s *models.Song) string { return s.AlbumArtist + "\x1e" + strings.Join(s.AlbumArtists, "\x1f") }
	best := most(songs, how)
	var pick *models.Song
	for _, s := range songs {
		switch {
		case how(s) != best && (len(s.AlbumArtistIDs) == 0 || pick != nil && len(pick.AlbumArtistIDs) > 0):
		case pick == nil, len(s.AlbumArtistIDs) > len(pick.AlbumArtistIDs), how(s) == best && how(pick) != best && len(s.AlbumArtistIDs) == len(pick.AlbumArtistIDs):
			pick = s
		}
	}
	display := cmp.Or(pick.AlbumArtist, strings.Join(pick.AlbumArtists, ", "))
	if isVarious(display) {
		return variousArtists, various()
	}
	return display, byOne(models.RoleAlbumArtist, pick.AlbumArtist, pick.AlbumArtists, pick.AlbumArtistSort, pick.AlbumArtistIDs, is)
}

// mainArtist is the first artist of a song, without guests.
func mainArtist(s *models.Song) string {
	if len(s.Artists) > 1 {
		return s.Artists[0]
	}
	return mainName(cmp.Or(s.Artist, strings.Join(s.Artists, "")))
}

// aboveFold is the folded name of the folder above the songs' own.
func aboveFold(songs []*models.Song) string {
	up := folderOf(unitOf(folderOf(songs[0].ObjectKey)))
	if up == "" {
		return ""
	}
	return personFold(models.CleanName(path.Base(up)))
}

func songArtistFold(s *models.Song) string {
	return models.Fold(cmp.Or(s.Artist, strings.Join(s.Artists, "\x1f")))
}

// at returns list[i] when the list goes with n names one by one.
func at(list []string, i, n int) string {
	if len(list) == n {
		return list[i]
	}
	return ""
}

// songArtists returns who a song is by, as printed and one by one.
func songArtists(s *models.Song, is known) (display string, artists []artistOf) {
	return cmp.Or(s.Artist, strings.Join(s.Artists, ", ")), byOne(models.RoleArtist, s.Artist, s.Artists, s.ArtistSort, s.ArtistIDs, is)
}

// people returns every artist of a song in every role but album artist.
func people(s *models.Song, is known) []artistOf {
	_, list := songArtists(s, is)
	for _, r := range s.Roles {
		list = append(list, artistOf{role: r.Role, sub: r.Sub, name: r.Name, sort: r.Sort, id: r.ID})
	}
	return list
}
