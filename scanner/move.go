package scanner

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/storage"
)

// MoveRequest says where a library has been copied to.
type MoveRequest struct {
	Library  *models.Library
	Location string           // the new place
	Store    storage.Store    // of the new place
	Secret   *[]byte          // sealed, as in catalog.Relocation
	Force    bool             // also when less than half of the songs are found
	Counter  *storage.Counter // counts what is asked of the new place; nil for none
}

// MoveReport tells which songs of a library a new place has, and by what they
// were found. Songs are objects: what a cue sheet cuts is one.
type MoveReport struct {
	Songs int // that are not missing now
	Found int // of them, in the new place

	// How, of all that were found, those that were missing among them.
	ByKey, BySuffix, ByETag, BySound int
	From, To                         string // the common renaming: how keys began, and begin now

	Read     int // found, but perhaps with another content: the next scan reads them
	Lost     Keys
	Unclear  []Unclear // lost, and several objects, or one for several songs, have the name and size
	New      Keys      // songs of the new place that none is known of
	Unread   int       // of them, not compared by sound: there are far more than lost songs
	Requests int64     // to the new place
	Bytes    int64     // read there
}

// Keys are how many there are of something, and the first of them by their
// letters.
type Keys struct {
	Count int
	First []string
}

// Unclear is a lost song and what may be meant by it.
type Unclear struct {
	Key   string
	Could []string // some
}

// told bounds the lists of a report.
const told = 1000

func (k *Keys) add(key string) {
	k.Count++
	k.First = append(k.First, key)
}

func (k *Keys) done() {
	slices.Sort(k.First)
	k.First = slices.Clip(k.First[:min(len(k.First), told)])
}

// MovePlan is a move that can be made.
type MovePlan struct {
	MoveReport
	scanner *Scanner
	request MoveRequest
	matching
	relocation catalog.Relocation
}

// remote tells whether a location is in a bucket, where ETags are of the
// content.
func remote(location string) bool {
	u, err := url.Parse(location)
	return err == nil && u.Scheme != "file" && u.Scheme != ""
}

// PlanMove compares a library with the place that it was copied to, and
// changes nothing. A place that can't be listed to its end, or has no music, is
// an error; so is one without half of the songs, unless it is forced: then the
// plan comes with the error models.ErrConflict.
func (s *Scanner) PlanMove(ctx context.Context, r MoveRequest) (*MovePlan, error) {
	from, err := s.catalog.KeysOf(ctx, r.Library.Number)
	if err != nil {
		return nil, err
	}
	if from == "" {
		from = r.Library.Location
	}
	counter := r.Counter
	if counter == nil {
		counter = new(storage.Counter)
	}
	store := storage.Counted(r.Store, counter)
	found, beside, err := listPlace(ctx, store)
	if err != nil {
		return nil, fmt.Errorf("the new place can't be listed, so nothing was changed: %w", err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("the new place has no music, so nothing was changed: copy the library there first, or mount it: %w", models.ErrConflict)
	}
	old, err := s.wanted(ctx, r.Library.Number)
	if err != nil {
		return nil, err
	}
	p := &MovePlan{scanner: s, request: r, matching: *newMatching(old, found)}
	etags := remote(from) && remote(r.Location)
	p.match(etags)
	if err := p.sound(ctx, store); err != nil {
		return nil, err
	}
	if err := p.relocate(ctx, s.catalog, r.Library.Number, beside, etags); err != nil {
		return nil, err
	}
	p.relocation.Location, p.relocation.Secret = r.Location, r.Secret
	p.report(etags)
	p.Requests, p.Bytes = counter.Requests(), counter.Bytes.Load()
	if 2*p.Found < p.Songs && !r.Force {
		return p, fmt.Errorf("only %d of %s are in the new place, so nothing was changed: see whether it is the right one; force the move if the others are gone: %w", p.Found, songs(p.Songs), models.ErrConflict)
	}
	return p, nil
}

// Apply makes the move, in one transaction. The caller holds the library's
// lease, and asks for a scan.
func (p *MovePlan) Apply(ctx context.Context) error {
	return p.scanner.catalog.Relocate(ctx, p.request.Library.Number, p.relocation)
}

// besides are the keys of objects of a place that are no audio.
type besides struct{ pictures, lyrics, sheets, ignore, playlists []string }

// listPlace lists a place that a library was copied to.
func listPlace(ctx context.Context, store storage.Store) (found []storage.Object, b besides, err error) {
	err = store.List(ctx, "", func(o storage.Object) error {
		suffix := suffixOf(o.Key)
		switch {
		case storage.IsIgnoreFile(o.Key):
			b.ignore = append(b.ignore, o.Key)
		case audio.IsAudio(suffix):
			found = append(found, o)
		case slices.Contains(playlistSuffixes, suffix):
			b.playlists = append(b.playlists, o.Key)
		case suffix == "cue":
			b.sheets = append(b.sheets, o.Key)
		case suffix == "lrc" || suffix == "txt":
			b.lyrics = append(b.lyrics, o.Key)
		case slices.Contains(pictureTypes, "."+suffix):
			b.pictures = append(b.pictures, o.Key)
		}
		return ctx.Err()
	})
	slices.SortFunc(found, func(a, b storage.Object) int { return strings.Compare(a.Key, b.Key) })
	return found, b, err
}

// wanted returns the audio that the catalog knows of a library.
func (s *Scanner) wanted(ctx context.Context, library int) ([]wanted, error) {
	var list []wanted
	err := s.catalog.Known(ctx, library, "", func(k catalog.Known) error {
		if !strings.HasPrefix(k.ObjectKey, "/") { // else the row has lost its object
			list = append(list, wanted{key: k.ObjectKey, song: k.Song, size: k.Size, etag: k.ETag, absent: k.Missing, hidden: k.Hidden})
		}
		return ctx.Err()
	})
	return list, err
}

// relocate makes out what the catalog has to change.
func (p *MovePlan) relocate(ctx context.Context, c *catalog.Catalog, library int, b besides, etags bool) error {
	r, err := p.matching.plan(ctx, c, library, b, etags)
	p.relocation = r
	return err
}

func (m *matching) plan(ctx context.Context, c *catalog.Catalog, library int, b besides, etags bool) (catalog.Relocation, error) {
	paths, err := c.AllFolders(ctx, library)
	if err != nil {
		return catalog.Relocation{}, err
	}
	known, err := c.SidecarKeys(ctx, library)
	if err != nil {
		return catalog.Relocation{}, err
	}
	folders, sidecars := m.folders(paths), map[string]string{}
	for _, kind := range []struct{ old, found []string }{
		{known.Pictures, b.pictures}, {known.Lyrics, b.lyrics}, {known.Sheets, b.sheets}, {known.Ignore, b.ignore}, {known.Playlists, b.playlists},
	} {
		m.beside(kind.old, kind.found, folders, sidecars)
	}
	return m.relocation(folders, sidecars, etags), nil
}

// report sums up what was matched.
func (p *MovePlan) report(etags bool) {
	p.From, p.To = p.renaming.from, p.renaming.to
	unclear := p.fits()
	for i, w := range p.old {
		if w.song == 0 {
			continue
		}
		if !w.absent {
			p.Songs++
		}
		if p.to[i] < 0 {
			if !w.absent {
				p.Lost.add(w.key)
			}
			if could := unclear[i]; len(could) > 0 {
				u := Unclear{Key: w.key}
				for _, j := range could[:min(3, len(could))] {
					u.Could = append(u.Could, p.found[j].Key)
				}
				p.Unclear = append(p.Unclear, u)
			}
			continue
		}
		if !w.absent {
			p.Found++
		}
		if !p.same(i, etags) {
			p.Read++
		}
		switch p.by[i] {
		case ruleKey:
			p.ByKey++
		case ruleSuffix:
			p.BySuffix++
		case ruleETag:
			p.ByETag++
		case ruleSound:
			p.BySound++
		}
	}
	for j, o := range p.found {
		if !p.got[j] {
			p.New.add(o.Key)
		}
	}
	slices.SortFunc(p.Unclear, func(a, b Unclear) int { return strings.Compare(a.Key, b.Key) })
	p.Unclear = p.Unclear[:min(len(p.Unclear), told)]
	p.Lost.done()
	p.New.done()
}

// manyUnknown is how many more new songs than lost ones are read to find those
// by their sound. The scan that follows reads them anyhow.
const manyUnknown = 1000

// sound matches what is left by what it sounds like, as scans do: the new
// objects are read for it, by ranges.
func (p *MovePlan) sound(ctx context.Context, store storage.Store) error {
	lost := map[string][]int{} // by identity
	var keys []models.Key
	at := map[models.Key]int{}
	for i, w := range p.old {
		if p.to[i] < 0 && w.song != 0 {
			keys, at[w.song] = append(keys, w.song), i
		}
	}
	if len(keys) == 0 {
		return nil
	}
	identities, err := p.scanner.catalog.Identities(ctx, keys)
	if err != nil {
		return err
	}
	suffixes := map[string]bool{}
	for k, id := range identities {
		if id != "" {
			lost[id] = append(lost[id], at[k])
			suffixes[suffixOf(p.old[at[k]].key)] = true
		}
	}
	var fresh []int
	for j, o := range p.found {
		if !p.got[j] && !o.Archived && suffixes[suffixOf(o.Key)] {
			fresh = append(fresh, j)
		}
	}
	if len(lost) == 0 {
		return nil
	}
	if len(fresh) > 2*len(keys)+manyUnknown {
		p.Unread = len(fresh)
		return nil
	}
	heard, err := p.hear(ctx, store, fresh, lost)
	if err != nil {
		return err
	}
	// Songs that sound alike are told apart by their tags and names.
	var alike []models.Key
	for id := range heard {
		for _, i := range lost[id] {
			alike = append(alike, p.old[i].song)
		}
	}
	slices.Sort(alike)
	facts := map[models.Key]facts{}
	if err := p.scanner.catalog.SongRows(ctx, alike, func(s *models.Song) { facts[s.Key] = factsOf(s) }); err != nil {
		return err
	}
	for id, list := range heard {
		rows := lost[id]
		slices.Sort(rows)
		p.pairSounds(list, rows, facts)
	}
	return nil
}

// pairSounds matches objects and songs of one sound.
func (p *MovePlan) pairSounds(list []heardObject, rows []int, of map[models.Key]facts) {
	fresh, old := make([]facts, len(list)), make([]facts, len(rows))
	for n, h := range list {
		fresh[n] = h.facts
	}
	for n, i := range rows {
		old[n] = of[p.old[i].song]
	}
	for n, k := range pair(fresh, old) {
		if k >= 0 {
			p.take(rows[k], list[n].at, ruleSound)
		}
	}
}

// heardObject is one of the found objects that was read.
type heardObject struct {
	at int
	facts
}

// moveReaders is how many objects of the new place are read at once.
const moveReaders = 16

// hear reads objects and returns by identity those that sound like a lost
// song. One that can't be read sounds like none.
func (p *MovePlan) hear(ctx context.Context, store storage.Store, list []int, lost map[string][]int) (map[string][]heardObject, error) {
	type one struct {
		id string
		heardObject
	}
	read := make([]one, len(list))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(moveReaders)
	for n, j := range list {
		g.Go(func() error {
			o := p.found[j]
			f, err := storage.OpenPinned(gctx, store, o)
			if err != nil {
				return unreachable(gctx, err)
			}
			defer f.Close()
			file, _, err := audio.Options{GuessEncodings: p.scanner.o.GuessEncodings}.Read(gctx, f, o.Size, o.Key)
			if err != nil {
				return unreachable(gctx, err)
			}
			if lost[file.Identity] == nil {
				return nil
			}
			x := scan{Scanner: p.scanner, Request: Request{Library: p.request.Library}}
			s := x.songOf(found{item: item{object: o}, file: file})
			read[n] = one{file.Identity, heardObject{j, factsOf(s)}}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("the new place can't be read, so nothing was changed: %w", err)
	}
	out := map[string][]heardObject{}
	for _, r := range read {
		if r.id != "" {
			out[r.id] = append(out[r.id], r.heardObject)
		}
	}
	return out, nil
}

// unreachable returns the errors that say something of the store as a whole.
func unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, models.ErrUnavailable) {
		return err
	}
	return nil
}

// arrive gives the songs of a library that the configuration has moved their
// new keys, by what the listing shows. Where it shows less than half of them,
// sound decides about all.
func (x *scan) arrive(ctx context.Context) error {
	if x.keysOf == "" || len(x.listing.objects) == 0 {
		return nil
	}
	old, err := x.wanted(ctx, x.Library.Number)
	if err != nil {
		return err
	}
	m := newMatching(old, x.listing.objects)
	etags := remote(x.keysOf) && remote(x.Library.Location)
	m.match(etags)
	all, there := 0, 0
	for i, w := range old {
		if w.song != 0 && !w.absent {
			all++
			if m.to[i] >= 0 {
				there++
			}
		}
	}
	x.log.Info("the library has another location", "from", x.keysOf, "to", x.Library.Location, "songs", all, "found", there)
	if 2*there < all {
		return nil
	}
	r, err := m.plan(ctx, x.catalog, x.Library.Number, x.listing.besides(x.sheets.objects), etags)
	if err != nil {
		return err
	}
	if err := x.catalog.Relocate(ctx, x.Library.Number, r); err != nil {
		return err
	}
	x.keysOf = ""
	x.rebuild, err = x.catalog.KeysMoved(ctx, x.Library.Number)
	return err
}

// besides are the objects of a listing that are no audio. Ignore files have
// been read already.
func (l *listing) besides(sheets []storage.Object) besides {
	var b besides
	for _, o := range sheets {
		b.sheets = append(b.sheets, o.Key)
	}
	for _, list := range l.lyrics {
		b.lyrics = append(b.lyrics, list...)
	}
	for _, m := range []map[string][]storage.Object{l.pictures, l.beside} {
		for _, list := range m {
			for _, o := range list {
				b.pictures = append(b.pictures, o.Key)
			}
		}
	}
	for _, o := range l.playlists {
		b.playlists = append(b.playlists, o.Key)
	}
	return b
}
