package scanner

import (
	"cmp"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// most returns the value that most songs have, the first of equals; empty
// values do not count.
func most[T comparable](songs []*models.Song, of func(*models.Song) T) T {
	var zero, best T
	counts := map[T]int{}
	for _, s := range songs {
		if v := of(s); v != zero {
			counts[v]++
		}
	}
	n := 0
	for _, s := range songs {
		if v := of(s); v != zero && counts[v] > n {
			best, n = v, counts[v]
		}
	}
	return best
}

// union returns every value of the songs, the most frequent first.
func union(songs []*models.Song, of func(*models.Song) []string, same func(string) string) []string {
	counts, at := map[string]int{}, map[string]int{}
	var out []string
	for _, s := range songs {
		for _, v := range of(s) {
			k := same(v)
			if k == "" {
				continue
			}
			if counts[k] == 0 {
				at[k] = len(out)
				out = append(out, v)
			}
			counts[k]++
		}
	}
	slices.SortStableFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[same(b)], counts[same(a)]), cmp.Compare(at[same(a)], at[same(b)]))
	})
	return out
}

// inOrder sorts an album's songs as they play, so that what is made of them
// does not depend on the order in which they came.
func inOrder(songs []*models.Song) {
	slices.SortFunc(songs, func(x, y *models.Song) int {
		return cmp.Or(cmp.Compare(max(1, x.Disc), max(1, y.Disc)), cmp.Compare(x.Track, y.Track), strings.Compare(x.ObjectKey, y.ObjectKey), cmp.Compare(x.Part, y.Part))
	})
}

// album fills a from its present songs in order, which must not be empty. Key,
// library and cover stay.
func album(a *models.Album, songs []*models.Song) {
	a.Name = cmp.Or(most(songs, func(s *models.Song) string { name, _ := cutDisc(s.Tags.Album); return strings.TrimSpace(name) }), albumFromFolder(songs[0].ObjectKey))
	a.Sort = most(songs, func(s *models.Song) string { return s.AlbumSort })
	a.Version = most(songs, func(s *models.Song) string { return s.AlbumVersion })
	a.ReleaseID = most(songs, func(s *models.Song) string { return s.ReleaseID })
	a.ReleaseGroupID = most(songs, func(s *models.Song) string { return s.ReleaseGroupID })
	a.Date = most(songs, func(s *models.Song) models.Date { return firstDate(s.ReleaseDate, s.Date) })
	a.OriginalDate = most(songs, func(s *models.Song) models.Date { return s.OriginalDate })
	a.Genres = union(songs, func(s *models.Song) []string { return s.Genres }, genreFold)
	a.Moods = union(songs, func(s *models.Song) []string { return s.Moods }, models.Fold)
	a.Labels = union(songs, func(s *models.Song) []string { return s.Labels }, models.Fold)
	a.ReleaseTypes = union(songs, func(s *models.Song) []string { return s.ReleaseTypes }, strings.ToLower)
	a.Songs, a.Duration, a.Compilation = len(songs), 0, false
	clean := true
	a.Explicit = ""
	for _, s := range songs {
		a.Duration += s.Properties.Duration
		a.Compilation = a.Compilation || s.Compilation
		if a.Created == 0 || s.Created < a.Created {
			a.Created = s.Created
		}
		if s.Explicit == "explicit" {
			a.Explicit = "explicit"
		}
		clean = clean && s.Explicit == "clean"
	}
	if clean {
		a.Explicit = "clean"
	}
	discs(a, songs)
}

func firstDate(dates ...models.Date) models.Date {
	for _, d := range dates {
		if d.Year != 0 {
			return d
		}
	}
	return models.Date{}
}

// discs fills a.Discs with the discs that have a title. Pictures of discs are
// added where pictures are known.
func discs(a *models.Album, songs []*models.Song) {
	old := a.Discs
	a.Discs = nil
	titles := map[int]string{}
	var numbers []int
	for _, s := range songs {
		if s.DiscTitle != "" && titles[s.Disc] == "" {
			titles[s.Disc] = s.DiscTitle
			numbers = append(numbers, s.Disc)
		}
	}
	for _, d := range old {
		if d.Cover.Version != "" && titles[d.Number] == "" {
			numbers = append(numbers, d.Number)
		}
	}
	slices.Sort(numbers)
	for _, n := range slices.Compact(numbers) {
		d := models.Disc{Number: n, Title: titles[n]}
		for _, o := range old {
			if o.Number == n {
				d.Cover = o.Cover
			}
		}
		a.Discs = append(a.Discs, d)
	}
}
