package catalog

import (
	"cmp"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
)

// This file knows what is one recording, and one album, in several libraries.
// It depends on what libraries hold and on no id, date or order of scans.
// docs/decisions/0029-copies.md tells the rules and why they are so.

// The values of the setting that shows an album of several libraries once.
const (
	PreferAll     = ""        // show all
	PreferQuality = "quality" // lossless first, then by depth, rate and bit rate
	PreferLocal   = "local"   // folders before buckets
	PreferOrder   = "order"   // by the number of the library
)

// sameLength is how much the durations of copies may differ, in ms.
const sameLength = 3000

// copiedAlbum is an album among those that may be copies of each other.
type copiedAlbum struct {
	*models.Album
	search string // folded name; "" where the name is no evidence
	artist string // folded album artist
	shared bool   // the name may lead to albums of other artists, by sound
	local  bool   // lies in a folder and in no bucket
	owner  models.Key
	songs  []*models.Song // present ones, in order
}

// orderSongs sorts songs as no id does.
func orderSongs(list []*models.Song) {
	slices.SortFunc(list, func(a, b *models.Song) int {
		return cmp.Or(cmp.Compare(a.Library, b.Library), strings.Compare(a.ObjectKey, b.ObjectKey), cmp.Compare(a.Part, b.Part))
	})
}

// place is where on a release a song is.
type place struct{ disc, track int }

func placeOf(s *models.Song) place { return place{max(1, s.Disc), s.Track} }

// evidence tells what makes two songs one recording; more is better.
type evidence int

const (
	noEvidence evidence = iota
	byNames
	byIDs
	bySound
	byPath
)

// contradict tells whether both are known and differ.
func contradict(a, b string) bool { return a != "" && b != "" && a != b }

// nearby tells whether two durations are those of one recording; an unknown
// one is no evidence against it.
func nearby(a, b *models.Song) bool {
	d := a.Duration - b.Duration
	return a.Duration == 0 || b.Duration == 0 || d <= sameLength && d >= -sameLength
}

// related tells whether two albums may be one release.
func related(a, b *copiedAlbum) bool {
	if contradict(a.ReleaseID, b.ReleaseID) || contradict(models.Fold(a.Version), models.Fold(b.Version)) {
		return false
	}
	return a.search != "" && a.search == b.search || a.ReleaseID != "" && a.ReleaseID == b.ReleaseID
}

// sameRecording weighs two songs of related albums.
func sameRecording(a, b *copiedAlbum, x, y *models.Song) evidence {
	switch {
	case placeOf(x) != placeOf(y), contradict(x.RecordingID, y.RecordingID):
		return noEvidence
	case x.Identity != "" && x.Identity == y.Identity && a.search != "" && a.search == b.search:
		return bySound
	case x.RecordingID != "" && x.RecordingID == y.RecordingID && a.ReleaseID != "" && a.ReleaseID == b.ReleaseID:
		return byIDs
	case a.search != "" && a.search == b.search && a.artist == b.artist && models.Fold(x.Title) == models.Fold(y.Title) && nearby(x, y):
		return byNames
	}
	return noEvidence
}

// A songPair is two songs that are one recording.
type songPair struct {
	a, b *models.Song
	by   evidence
}

// pairSongs pairs the songs of two related albums, each with one other at
// most, the best evidence first.
func pairSongs(a, b *copiedAlbum) []songPair {
	at := map[place][]*models.Song{}
	for _, y := range b.songs {
		at[placeOf(y)] = append(at[placeOf(y)], y)
	}
	var all []songPair
	for _, x := range a.songs {
		for _, y := range at[placeOf(x)] {
			if by := sameRecording(a, b, x, y); by != noEvidence {
				all = append(all, songPair{x, y, by})
			}
		}
	}
	slices.SortStableFunc(all, func(p, q songPair) int { return cmp.Compare(q.by, p.by) })
	taken := map[*models.Song]bool{}
	out := all[:0]
	for _, p := range all {
		if !taken[p.a] && !taken[p.b] {
			taken[p.a], taken[p.b] = true, true
			out = append(out, p)
		}
	}
	return out
}

// foundCopies is what findCopies found.
type foundCopies struct {
	songs  [][]*models.Song // every song, with its copies
	albums [][]*copiedAlbum // every album, with those that are copies as wholes
	// hides names the albums that lists show in the place of each, those that
	// are preferred most first; copyOf the song in the first of them.
	hides  map[models.Key][]*copiedAlbum
	copyOf map[models.Key]models.Key
}

// findCopies finds the copies among albums. The albums must be all that can
// be copies of each other. With PreferAll every song and album is by itself.
func findCopies(albums []*copiedAlbum, prefer string) foundCopies {
	f := foundCopies{hides: map[models.Key][]*copiedAlbum{}, copyOf: map[models.Key]models.Key{}}
	albums = slices.Clone(albums)
	slices.SortFunc(albums, func(a, b *copiedAlbum) int {
		return cmp.Or(cmp.Compare(a.Library, b.Library), strings.Compare(a.songs[0].ObjectKey, b.songs[0].ObjectKey), cmp.Compare(a.songs[0].Part, b.songs[0].Part))
	})
	pairs := map[[2]int][]songPair{}
	if prefer != PreferAll {
		pairs = pairAlbums(albums)
	}
	for _, cluster := range clusterAlbums(albums, pairs) {
		f.settle(cluster, albums, pairs, prefer)
	}
	return f
}

// pairAlbums pairs the songs of all albums of different libraries that may be
// one release.
func pairAlbums(albums []*copiedAlbum) map[[2]int][]songPair {
	// Of albums with one name and different artists only those are compared
	// that share a sound.
	alike := map[string][]int{}
	add := func(i int, key string) {
		if list := alike[key]; len(list) == 0 || list[len(list)-1] != i {
			alike[key] = append(list, i)
		}
	}
	for i, a := range albums {
		if a.ReleaseID != "" {
			add(i, "release "+a.ReleaseID)
		}
		if a.search == "" {
			continue
		}
		add(i, "name "+a.search+"\x1f"+a.artist)
		if a.shared {
			for _, s := range a.songs {
				if s.Identity != "" {
					add(i, "sound "+a.search+"\x1f"+s.Identity)
				}
			}
		}
	}
	out := map[[2]int][]songPair{}
	for _, list := range alike {
		for n, i := range list {
			for _, j := range list[n+1:] {
				a, b := albums[i], albums[j]
				if _, done := out[[2]int{i, j}]; done || a.Library == b.Library || a.owner != b.owner || !related(a, b) {
					continue
				}
				if p := pairSongs(a, b); len(p) > 0 {
					out[[2]int{i, j}] = p
				}
			}
		}
	}
	return out
}

// clusterAlbums puts albums together that share songs, one of a library at
// most, and any two of them related: those first that share the most.
func clusterAlbums(albums []*copiedAlbum, pairs map[[2]int][]songPair) [][]int {
	type link struct{ a, b, sounds, songs int }
	var links []link
	for k, list := range pairs {
		l := link{k[0], k[1], 0, len(list)}
		for _, p := range list {
			if p.by == bySound {
				l.sounds++
			}
		}
		links = append(links, l)
	}
	slices.SortFunc(links, func(p, q link) int {
		return cmp.Or(cmp.Compare(q.sounds, p.sounds), cmp.Compare(q.songs, p.songs), cmp.Compare(p.a, q.a), cmp.Compare(p.b, q.b))
	})
	in := make([]int, len(albums))
	clusters := make([][]int, len(albums))
	for i := range albums {
		in[i], clusters[i] = i, []int{i}
	}
	for _, l := range links {
		a, b := in[l.a], in[l.b]
		if a == b {
			continue
		}
		fits := true
		for _, i := range clusters[a] {
			for _, j := range clusters[b] {
				fits = fits && len(pairs[[2]int{min(i, j), max(i, j)}]) > 0
			}
		}
		if !fits {
			continue
		}
		for _, j := range clusters[b] {
			in[j] = a
		}
		clusters[a] = append(clusters[a], clusters[b]...)
		clusters[b] = nil
	}
	clusters = slices.DeleteFunc(clusters, func(c []int) bool { return len(c) == 0 })
	for _, c := range clusters {
		slices.Sort(c)
	}
	return clusters
}

// settle decides which songs and albums of one cluster are copies.
func (f *foundCopies) settle(cluster []int, albums []*copiedAlbum, pairs map[[2]int][]songPair, prefer string) {
	class := map[*models.Song]int{}
	var classes [][]*models.Song
	for _, i := range cluster {
		for _, s := range albums[i].songs {
			class[s] = len(classes)
			classes = append(classes, []*models.Song{s})
		}
	}
	paired := map[[2]*models.Song]bool{}
	var all []songPair
	for n, i := range cluster {
		for _, j := range cluster[n+1:] {
			for _, p := range pairs[[2]int{i, j}] {
				all = append(all, p)
				paired[[2]*models.Song{p.a, p.b}], paired[[2]*models.Song{p.b, p.a}] = true, true
			}
		}
	}
	slices.SortStableFunc(all, func(p, q songPair) int { return cmp.Compare(q.by, p.by) })
	for _, p := range all {
		a, b := class[p.a], class[p.b]
		if a == b {
			continue
		}
		fits := true
		for _, x := range classes[a] {
			for _, y := range classes[b] {
				fits = fits && paired[[2]*models.Song{x, y}]
			}
		}
		if fits {
			for _, y := range classes[b] {
				class[y] = a
			}
			classes[a], classes[b] = append(classes[a], classes[b]...), nil
		}
	}
	for _, c := range classes {
		if len(c) > 0 {
			f.songs = append(f.songs, c)
		}
	}
	// in returns the copy of a song that an album holds.
	in := func(a *copiedAlbum, s *models.Song) *models.Song {
		for _, y := range classes[class[s]] {
			if y.Album == a.Key {
				return y
			}
		}
		return nil
	}
	covers := func(a, b *copiedAlbum) bool {
		return !slices.ContainsFunc(b.songs, func(s *models.Song) bool { return in(a, s) == nil })
	}
	list := make([]*copiedAlbum, len(cluster))
	for n, i := range cluster {
		list[n] = albums[i]
	}
	largest := list[0]
	for _, a := range list[1:] {
		if len(a.songs) > len(largest.songs) {
			largest = a
		}
	}
	var whole []*copiedAlbum
	for _, a := range list {
		if covers(largest, a) {
			whole = append(whole, a)
		} else {
			f.albums = append(f.albums, []*copiedAlbum{a})
		}
	}
	f.albums = append(f.albums, whole)

	slices.SortStableFunc(list, func(a, b *copiedAlbum) int { return cmp.Or(preferred(a, b, prefer), cmp.Compare(a.Library, b.Library)) })
	for n, b := range list {
		for _, a := range list[:n] {
			if !covers(a, b) {
				continue
			}
			if len(f.hides[b.Key]) == 0 {
				for _, s := range b.songs {
					f.copyOf[s.Key] = in(a, s).Key
				}
			}
			f.hides[b.Key] = append(f.hides[b.Key], a)
		}
	}
}

// preferred orders two copies of one album, the preferred one first.
func preferred(a, b *copiedAlbum, prefer string) int {
	switch prefer {
	case PreferQuality:
		return slices.Compare(quality(b), quality(a))
	case PreferLocal:
		return cmp.Compare(bit(b.local), bit(a.local))
	}
	return 0
}

// quality is what an album sounds like at its worst: more is better. What a
// lossless codec saves says nothing, so bit rates count among lossy ones only.
func quality(a *copiedAlbum) []int64 {
	worst := []int64{1 << 60, 1 << 60}
	var rate int64
	for _, s := range a.songs {
		if q := songQuality(s); slices.Compare(q, worst) < 0 {
			worst = q
		}
		rate += int64(s.BitRate)
	}
	if worst[0] == 0 {
		return []int64{0, rate / int64(len(a.songs))}
	}
	return worst
}

func songQuality(s *models.Song) []int64 {
	if s.BitDepth > 0 {
		return []int64{int64(s.BitDepth), int64(s.SampleRate)}
	}
	return []int64{0, int64(s.BitRate)}
}

// stem is an object's key without its suffix.
func stem(key string) string {
	if dot := strings.LastIndexByte(key, '.'); dot > strings.LastIndexByte(key, '/')+1 {
		return key[:dot]
	}
	return key
}

// originalOf returns the song that s, of a library of copies, is a copy of:
// the one of the same path but for the suffix, else the one that is the same
// recording on the same release; of several the best that sounds, then the
// first. The songs in near are of related albums.
func originalOf(s *models.Song, album *copiedAlbum, paths []*models.Song, near []*copiedAlbum) *models.Song {
	var best *models.Song
	by := noEvidence
	take := func(x *models.Song, e evidence) {
		if e == noEvidence || e < by {
			return
		}
		if e == by && best != nil && cmp.Or(slices.Compare(songQuality(best), songQuality(x)), strings.Compare(x.ObjectKey, best.ObjectKey), cmp.Compare(x.Part, best.Part)) >= 0 {
			return
		}
		best, by = x, e
	}
	for _, x := range paths {
		if stem(x.ObjectKey) == stem(s.ObjectKey) && x.Part == s.Part && nearby(x, s) {
			take(x, byPath)
		}
	}
	for _, a := range near {
		if !related(a, album) {
			continue
		}
		for _, x := range a.songs {
			take(x, sameRecording(a, album, x, s))
		}
	}
	return best
}
