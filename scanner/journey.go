package scanner

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// place is where a row's song was.
type place struct {
	row, folder models.Key
	library     int
	object      string
}

func placeOf(s *models.Song) place { return place{s.Key, s.Folder, s.Library, s.ObjectKey} }

// journey is where the songs of one folder went.
type journey struct {
	from string
	to   map[string]int
	all  int
}

// leave notes that a row's song is another object now.
func (x *scan) leave(p place, object string) {
	from, to := folderOf(p.object), folderOf(object)
	if p.library != x.Library.Number || from == to || from == "" {
		return
	}
	j := x.journeys[p.folder]
	if j == nil {
		j = &journey{from: from, to: map[string]int{}}
		x.journeys[p.folder] = j
	}
	j.to[to]++
	j.all++
}

// moveFolders lets the folders of which nothing is left go with their songs,
// to where most of them went: folders of albums, and those above them. So a
// folder keeps its id and its stars.
func (x *scan) moveFolders(ctx context.Context) error {
	if len(x.journeys) == 0 {
		return nil
	}
	above, leaving := map[string]map[string]int{}, map[string]int{}
	// Where the listing does not tell all, what the catalog knows must agree.
	sure := func(folder string) bool { return len(x.unseen) == 0 && !x.doubted && x.covered(folder) }
	var moves []catalog.FolderMove
	for key, j := range x.journeys {
		to := mostly(j.to)
		if to != "" {
			m := catalog.FolderMove{Folder: key, From: j.from, To: to, Songs: j.to[to], Stay: x.anyBelow(j.from)}
			if !sure(j.from) {
				m.Leave = j.all
			}
			moves = append(moves, m)
		}
		for from := folderOf(j.from); from != ""; from = folderOf(from) {
			leaving[from] += j.all
		}
		for to, n := range j.to {
			from, to := folderOf(j.from), folderOf(to)
			for from != "" && to != "" && from != to {
				if above[from] == nil {
					above[from] = map[string]int{}
				}
				above[from][to] += n
				from, to = folderOf(from), folderOf(to)
			}
		}
	}
	for from, ways := range above {
		to := mostly(ways)
		m := catalog.FolderMove{From: from, To: to, Songs: ways[to], Stay: x.anyBelow(from)}
		if !sure(from) {
			m.Leave = leaving[from]
		}
		moves = append(moves, m)
	}
	x.journeys = nil
	// Folders above others go first, and of several that go to one place the
	// one with most songs.
	slices.SortFunc(moves, func(a, b catalog.FolderMove) int {
		return cmp.Or(cmp.Compare(strings.Count(a.From, "/"), strings.Count(b.From, "/")), cmp.Compare(b.Songs, a.Songs), strings.Compare(a.From, b.From))
	})
	for part := range slices.Chunk(moves, batch) {
		if err := x.write(ctx, func(w *writer) error { return w.tx.MoveFolders(part) }); err != nil {
			return err
		}
	}
	return nil
}
