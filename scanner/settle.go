package scanner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// soundingRow is short for what the catalog calls it.
type soundingRow = catalog.Sounding

// claim is the row that a song takes over.
type claim struct {
	row  models.Key
	how  taken
	from place // where the row's song was, when it is another object now
}

// taken tells why a song has the row that it has.
type taken int

const (
	itsOwn   taken = iota // its object had it, or it is new
	moved                 // it sounds the same
	replaced              // it sounds otherwise and is in every other way the same
	later                 // it is not known whether a row is free that fits: the next scan decides
)

// errLater leaves an object to the next scan.
var errLater = errors.New("whether this song is another one that moved is not known yet")

// facts are what songs are compared by when their sound does not decide.
// Texts are hashes of their folded forms, 0 where there is none.
type facts struct {
	library                              int
	releaseTrack, release, recording     uint64
	album, title, artist, albumArtist    uint64
	base, stem, suffix, folder, lastName uint64
	track, disc                          int
	duration, size                       int64
}

var hashSeed = maphash.MakeSeed()

func hashOf(s string) uint64 {
	if s == "" {
		return 0
	}
	return maphash.String(hashSeed, s) | 1
}

func factsOf(s *models.Song) facts {
	folder := folderOf(s.ObjectKey)
	up := folderOf(unitOf(folder))
	artist := songArtistFold(s)
	if artist == "" && up != "" {
		artist = models.Fold(models.CleanName(path.Base(up)))
	}
	base := path.Base(s.ObjectKey)
	return facts{
		library:      s.Library,
		releaseTrack: hashOf(s.ReleaseTrackID), release: hashOf(s.ReleaseID), recording: hashOf(s.RecordingID),
		album: hashOf(models.Fold(cmp.Or(s.Tags.Album, albumFromFolder(s.ObjectKey)))), title: hashOf(models.Fold(s.Title)),
		artist: hashOf(artist), albumArtist: hashOf(cmp.Or(albumArtistFold(s), artist)),
		base: hashOf(base), stem: hashOf(strings.TrimSuffix(base, path.Ext(base))), suffix: hashOf(s.Suffix),
		folder: hashOf("/" + folder), lastName: hashOf(path.Base("/" + folder)),
		track: s.Track, disc: max(1, s.Disc), duration: s.Properties.Duration, size: s.Size,
	}
}

// likeness counts what two songs that sound the same have in common besides.
func likeness(a, b *facts) int {
	n := 0
	for _, same := range [...]struct {
		is     bool
		weight int
	}{
		{a.suffix == b.suffix, 1024}, // no tool that moves or tags changes the container
		{a.releaseTrack != 0 && a.releaseTrack == b.releaseTrack, 256},
		{a.library == b.library, 128},
		{a.release != 0 && a.release == b.release, 64},
		{a.album == b.album, 64},
		{a.title == b.title, 32},
		{a.track == b.track && a.disc == b.disc, 32},
		{a.base == b.base, 16},
		{a.folder == b.folder, 16},
		{a.lastName == b.lastName, 16},
		{a.artist == b.artist, 8},
		{abs(a.duration-b.duration) <= sameLength, 4},
		{a.stem == b.stem, 2},
		{a.size == b.size, 1},
	} {
		if same.is {
			n += same.weight
		}
	}
	return n
}

// sameLength is by how much the durations of a song and of its replacement
// may differ, in ms.
const sameLength = 3000

func abs(n int64) int64 { return max(n, -n) }

// pair joins fresh songs and old rows that sound the same, one to one: those
// first that have most in common. Songs and rows that fit several equally well
// get none. It returns for each fresh song the index of its row, or -1. The
// order of either list decides nothing.
func pair(fresh, old []facts) []int {
	out := make([]int, len(fresh))
	for i := range out {
		out[i] = -1
	}
	freshDone, oldDone := make([]bool, len(fresh)), make([]bool, len(old))
	if len(fresh)*len(old) > manyCouples {
		pairAlike(fresh, old, out, freshDone, oldDone)
	}
	type couple struct{ n, i, j int }
	var all []couple
	for i := range fresh {
		for j := range old {
			if freshDone[i] || oldDone[j] {
				continue
			}
			if len(all) == manyCouples {
				return out // thousands of songs that nothing tells apart
			}
			all = append(all, couple{likeness(&fresh[i], &old[j]), i, j})
		}
	}
	slices.SortFunc(all, func(a, b couple) int { return cmp.Compare(b.n, a.n) })
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].n == all[0].n {
			n++
		}
		level := all[:n]
		all = all[n:]
		level = slices.DeleteFunc(level, func(c couple) bool { return freshDone[c.i] || oldDone[c.j] })
		ofFresh, ofOld := map[int]int{}, map[int]int{}
		for _, c := range level {
			ofFresh[c.i]++
			ofOld[c.j]++
		}
		for _, c := range level {
			if ofFresh[c.i] == 1 && ofOld[c.j] == 1 {
				out[c.i] = c.j
			}
			freshDone[c.i], oldDone[c.j] = true, true
		}
	}
	return out
}

// manyCouples bounds what pair compares: a library may hold thousands of equal
// silent tracks.
const manyCouples = 1 << 20

// pairAlike is pair for songs of which just one and just one row have the same
// tags, name and name of the folder.
func pairAlike(fresh, old []facts, out []int, freshDone, oldDone []bool) {
	alike := func(list []facts) map[facts][]int {
		by := map[facts][]int{}
		for i, f := range list {
			f.folder, f.size, f.duration, f.artist, f.albumArtist = 0, 0, 0, 0, 0
			by[f] = append(by[f], i)
		}
		return by
	}
	rows := alike(old)
	for k, i := range alike(fresh) {
		if j := rows[k]; len(i) == 1 && len(j) == 1 {
			out[i[0]] = j[0]
			freshDone[i[0]], oldDone[j[0]] = true, true
		}
	}
}

// settle decides which rows the waiting songs take, and writes their units.
func (x *scan) settle(ctx context.Context) error {
	if len(x.held.waiting) == 0 {
		return nil
	}
	if err := x.decide(ctx); err != nil {
		return err
	}
	x.held.waiting = nil
	if err := x.moveFolders(ctx); err != nil {
		return err
	}
	var list []*readUnit
	songs := 0
	flush := func() error {
		units := list
		list, songs = nil, 0
		return x.writeUnits(ctx, units)
	}
	err := x.eachHeld(ctx, func(u *readUnit) error {
		for i := range u.found {
			f := &u.found[i]
			c, ok := x.claims[f.object.Key]
			if !ok {
				continue
			}
			f.was, f.song, f.how = f.song, c.row, c.how
			if c.how == later {
				f.file, f.err = nil, errLater
			}
		}
		list = append(list, u)
		if songs += len(u.found); songs >= batch {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// decide fills claims: by sound, then in place, then by what replaces what.
// Every object whose row changes has a claim.
func (x *scan) decide(ctx context.Context) error {
	list := x.held.waiting
	// The outcome depends on no order, but what is told of it is in one.
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(strings.Compare(a.identity, b.identity), strings.Compare(a.object, b.object))
	})
	displaced := map[models.Key]string{} // rows whose objects sound otherwise now
	for _, c := range list {
		if c.row != 0 {
			displaced[c.row] = c.object
		}
	}
	by := make([]claim, len(list)) // what each candidate takes; no row: none yet
	claimed := map[models.Key]bool{}
	if err := x.bySound(ctx, list, displaced, by, claimed); err != nil {
		return err
	}
	for i, c := range list {
		if by[i].row == 0 && c.row != 0 && !claimed[c.row] {
			by[i] = claim{row: c.row, how: itsOwn}
			claimed[c.row] = true
		}
	}
	if err := x.byReplacement(ctx, list, displaced, by, claimed); err != nil {
		return err
	}
	if err := x.confirm(ctx, list, by); err != nil {
		return err
	}
	if err := x.distrust(ctx, by, claimed); err != nil {
		return err
	}
	x.claims = map[string]claim{}
	for i, c := range list {
		if by[i].row != c.row || by[i].how == later {
			x.claims[c.object] = by[i]
		}
		if by[i].how == moved || by[i].how == replaced {
			x.leave(by[i].from, c.object)
		}
		// Until it is written where it is now, a row is nowhere.
		if row := by[i].row; row != 0 && row != c.row && !x.strange[row] {
			if _, ok := x.vanished[row]; !ok {
				x.vanished[row] = ""
			}
		}
	}
	for row := range displaced {
		if !claimed[row] {
			x.overwritten[row] = true
		}
	}
	return nil
}

// distrust finds out whether what is gone and went nowhere is so much that the
// listing is not believed, or whether the store was lost before all was read.
// Then what seems to be replaced may be away only: a
// new song that fits it waits until the absence is accepted or over.
func (x *scan) distrust(ctx context.Context, by []claim, claimed map[models.Key]bool) error {
	gone := map[models.Key]string{}
	for row, object := range x.vanished {
		if !claimed[row] {
			gone[row] = object
		}
	}
	err := x.suspicious(ctx, gone)
	if x.doubted = errors.Is(err, errAlarm); !x.doubted && (err != nil || x.lost.err() == nil) {
		return err
	}
	// What has not been read may fit better.
	for i, c := range by {
		if _, away := x.vanished[c.row]; away && c.how == replaced {
			by[i] = claim{how: later}
		}
	}
	return nil
}

// confirm asks the store whether the objects of claimed rows are gone that a
// listing lacks which is not complete. New songs that fit a row of which that
// is not sure wait for the next scan.
func (x *scan) confirm(ctx context.Context, list []candidate, by []claim) error {
	asked := 0
	for i, c := range by {
		object, ok := x.unseen[c.row]
		if !ok || c.how == itsOwn {
			continue
		}
		gone := false
		if asked++; asked <= maxAsked {
			_, err := x.Store.Stat(ctx, object)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			gone = errors.Is(err, fs.ErrNotExist)
		}
		if !gone {
			by[i] = claim{row: list[i].row, how: later}
		}
	}
	return nil
}

// bySound pairs songs with rows that sound the same and are gone.
func (x *scan) bySound(ctx context.Context, list []candidate, displaced map[models.Key]string, by []claim, claimed map[models.Key]bool) error {
	asked := map[string]bool{} // objects outside of what is scanned that are gone
	isGone := func(s soundingRow) (bool, error) {
		_, vanished := x.vanished[s.Song]
		_, unseen := x.unseen[s.Song]
		_, other := displaced[s.Song]
		switch {
		case s.Library != x.Library.Number:
			return s.Missing, nil
		case vanished, unseen, other:
			return true, nil
		case x.back[s.Song]:
			return false, nil
		case s.Missing:
			return true, nil
		case x.covered(folderOf(s.ObjectKey)):
			return false, nil
		}
		gone, ok := asked[s.ObjectKey]
		if !ok && len(asked) < maxAsked {
			_, err := x.Store.Stat(ctx, s.ObjectKey)
			if gone = errors.Is(err, fs.ErrNotExist); err != nil && !gone {
				return false, ctx.Err()
			}
			asked[s.ObjectKey] = gone
		}
		return gone, nil
	}
	for len(list) > 0 {
		// As many groups of equal identities as make about 500 songs.
		n := min(len(list), batch)
		for n < len(list) && list[n].identity == list[n-1].identity {
			n++
		}
		part, to := list[:n], by[:n]
		list, by = list[n:], by[n:]
		var identities []string
		for _, c := range part {
			if c.identity != "" && (len(identities) == 0 || identities[len(identities)-1] != c.identity) {
				identities = append(identities, c.identity)
			}
		}
		var keys []models.Key
		err := x.catalog.Sounding(ctx, x.kin, identities, func(s soundingRow) error {
			gone, err := isGone(s)
			if gone {
				keys = append(keys, s.Song)
			}
			return err
		})
		if err != nil {
			return err
		}
		slices.Sort(keys)
		keys = slices.Compact(keys)
		rows := map[string][]place{}
		old := map[string][]facts{}
		err = x.catalog.SongRows(ctx, keys, func(s *models.Song) {
			rows[s.Identity] = append(rows[s.Identity], placeOf(s))
			old[s.Identity] = append(old[s.Identity], factsOf(s))
			if s.Library != x.Library.Number {
				x.strange[s.Key] = true
			}
		})
		if err != nil {
			return err
		}
		for at := 0; at < len(part); {
			end, id := at+1, part[at].identity
			for end < len(part) && part[end].identity == id {
				end++
			}
			group, into := part[at:end], to[at:end]
			at = end
			if id == "" || len(rows[id]) == 0 {
				continue
			}
			fresh := make([]facts, len(group))
			for i := range group {
				fresh[i] = group[i].facts
			}
			for i, j := range pair(fresh, old[id]) {
				if j >= 0 {
					into[i] = claim{rows[id][j].row, moved, rows[id][j]}
					claimed[rows[id][j].row] = true
				}
			}
		}
	}
	return nil
}

// maxAsked bounds how many objects outside of the scanned folders a scan asks
// the store for.
const maxAsked = 10000

// byReplacement pairs new songs with rows that vanish in this scan: of the
// same MusicBrainz recording and release, or else of the same album artist,
// album, disc, track and title and about the same duration. What fits several
// takes none and is told.
func (x *scan) byReplacement(ctx context.Context, list []candidate, displaced map[models.Key]string, by []claim, claimed map[models.Key]bool) error {
	byIDs, byTags := map[[2]uint64][]int{}, map[[5]uint64][]int{}
	for i, c := range list {
		if by[i].row != 0 {
			continue
		}
		if k, ok := c.ids(); ok {
			byIDs[k] = append(byIDs[k], i)
		}
		if k, ok := c.tags(); ok {
			byTags[k] = append(byTags[k], i)
		}
	}
	if len(byIDs)+len(byTags) == 0 {
		return nil
	}
	var keys []models.Key
	for _, gone := range []map[models.Key]string{x.vanished, x.unseen, displaced} {
		for k := range gone {
			if !claimed[k] {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	// Only rows that fit something are kept.
	type gone struct {
		place
		facts
	}
	ofIDs, ofTags := map[[2]uint64][]gone{}, map[[5]uint64][]gone{}
	err := x.catalog.SongRows(ctx, keys, func(s *models.Song) {
		g := gone{placeOf(s), factsOf(s)}
		if k, ok := g.ids(); ok && byIDs[k] != nil {
			ofIDs[k] = append(ofIDs[k], g)
		}
		if k, ok := g.tags(); ok && byTags[k] != nil {
			ofTags[k] = append(ofTags[k], g)
		}
	})
	if err != nil {
		return err
	}
	unclear := map[int][]string{} // songs that fit several rows, or share one
	doubt := func(i int, rows []gone) {
		for _, g := range rows {
			if !slices.Contains(unclear[i], g.object) {
				unclear[i] = append(unclear[i], g.object)
			}
		}
	}
	take := func(i int, g gone) {
		by[i] = claim{g.row, replaced, g.place}
		claimed[g.row] = true
	}
	for k, fresh := range byIDs {
		if rows := ofIDs[k]; len(fresh) == 1 && len(rows) == 1 {
			take(fresh[0], rows[0])
		}
	}
	for k, fresh := range byTags {
		fresh = slices.DeleteFunc(fresh, func(i int) bool { return by[i].row != 0 })
		rows := slices.DeleteFunc(ofTags[k], func(g gone) bool { return claimed[g.row] })
		fits := func(i int, g gone) bool { return abs(list[i].duration-g.duration) <= sameLength }
		for _, i := range fresh {
			mine := slices.DeleteFunc(slices.Clone(rows), func(g gone) bool { return !fits(i, g) })
			if len(mine) == 0 {
				continue
			}
			others := slices.ContainsFunc(fresh, func(o int) bool { return o != i && slices.ContainsFunc(mine, func(g gone) bool { return fits(o, g) }) })
			if len(mine) == 1 && !others {
				take(i, mine[0])
				continue
			}
			doubt(i, mine)
		}
	}
	for k, fresh := range byIDs {
		for _, i := range fresh {
			if by[i].row == 0 {
				doubt(i, slices.DeleteFunc(ofIDs[k], func(g gone) bool { return claimed[g.row] }))
			}
		}
	}
	for _, i := range sortedKeys(unclear) {
		slices.Sort(unclear[i])
		x.problem(list[i].object, "%s", ambiguous(unclear[i]))
	}
	return nil
}

// ambiguous tells that a new song fits several that are gone, and how to mend
// it.
func ambiguous(gone []string) string {
	names := gone
	if len(names) > 3 {
		names = names[:3]
	}
	more := ""
	if n := len(gone) - len(names); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("this new file may replace what is gone (%s%s), but not one to one, so it counts as a new song and takes over neither stars nor playlist places. "+
		"To hand them on, bring the old files back, scan, and replace them again with tags (album, disc, track, title or MusicBrainz ids) that tell them apart.", strings.Join(names, ", "), more)
}

func sortedKeys[V any](m map[int]V) []int {
	out := make([]int, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// ids names a song by its MusicBrainz recording and release.
func (f *facts) ids() ([2]uint64, bool) {
	return [2]uint64{f.recording, f.release}, f.recording != 0 && f.release != 0
}

// tags names a song by its place on an album and its title.
func (f *facts) tags() ([5]uint64, bool) {
	return [5]uint64{f.albumArtist, f.album, f.title, uint64(f.disc), uint64(f.track)}, f.album != 0 && f.title != 0
}
