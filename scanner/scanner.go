// Package scanner turns what lies in a store into songs, albums and artists
// in the catalog: it lists, compares with what the catalog knows, reads what
// is new or changed by ranges, builds albums, and writes. It knows neither
// users nor the protocol.
package scanner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// Options are the rules of a scan.
type Options struct {
	GenreSeparators  []string // split one genre value into several
	ArtistSeparators []string // the same for artists; none by default
	// GuessEncodings recovers text that is stored in another encoding than its
	// tag says, where it is plain which one that is.
	GuessEncodings bool
	Playlists      Playlists
	// Readers is how many objects are read at once; 0 chooses by the store: few
	// of a folder, 32 of a store that is far away.
	Readers int
	// MissingShare and MissingLeast guard against a half-mounted disk: a scan
	// that loses more than this share of a library, and at least so many
	// songs, marks none of them missing. 0 chooses 0.25 and 100.
	MissingShare float64
	MissingLeast int
	many         int // for tests: instead of manySongs
	Log          *slog.Logger
}

// Request says what to scan.
type Request struct {
	Library *models.Library
	Store   storage.Store
	// Prefixes narrow the scan to some folders, each ending in "/"; none, or
	// "", is the whole library.
	Prefixes []string
	Full     bool // read every object again
	// AcceptMissing marks as missing whatever a complete listing lacks, however
	// much it is.
	AcceptMissing bool
	Progress      *Progress // may be nil
}

// Progress is read while a scan runs.
type Progress struct {
	Listed, ToRead, Read, Written, Failed atomic.Int64
	Archived                              atomic.Int64
	Store                                 storage.Counter // what was asked of the store
}

// Scanner scans libraries into one catalog. Two scans of one library must not
// run at once.
type Scanner struct {
	catalog   *catalog.Catalog
	o         Options
	heldBytes int // how much of what waits stays in memory
}

// New returns a scanner for the catalog.
func New(c *catalog.Catalog, o Options) *Scanner {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.many <= 0 {
		o.many = manySongs
	}
	if o.MissingShare <= 0 {
		o.MissingShare = 0.25
	}
	if o.MissingLeast <= 0 {
		o.MissingLeast = 100
	}
	return &Scanner{c, o, heldBytes}
}

// problems bounds what one run records of objects that could not be read.
const problems = 10000

// scan is one run.
type scan struct {
	*Scanner
	Request
	run      models.ScanRun
	problems []models.ScanProblem
	progress *Progress
	log      *slog.Logger
	remote   bool // the store is far away: each of its answers takes its time
	readers  int
	lost     lost

	listing  *listing
	ignore   *ignore // what is no music of the library; nil for nothing
	sheets   sheets
	vanished map[models.Key]string // songs that the listing lacks: their object keys
	returned []models.Key
	unseen   map[models.Key]string // songs that a listing lacks which is not complete
	doubted  bool                  // so much is gone that the listing is not believed
	restated []storage.Object      // objects with the same content of which something else is new
	back     map[models.Key]bool   // missing songs whose objects are there again

	kin         []int // the libraries of the same owner, this one among them; none of copies, unless this is one
	mayReplace  bool  // songs are gone, or read again: rows may be taken over
	elsewhere   bool  // songs are missing from before, or lie outside of what is scanned
	held        holding
	claims      map[string]claim // by object: the row that its song takes
	journeys    map[models.Key]*journey
	strange     map[models.Key]bool // rows of other libraries
	overwritten map[models.Key]bool // rows whose object is another song's now, and that have none
	later       map[string]bool     // units to group at the end
	met         map[models.Key]bool // artists that were touched
	touched     map[models.Key]bool // those of them to count anew
	genresAt    time.Time           // when genres were counted last
	changed     bool                // anything at all was written
	// unfinished tells that an earlier scan did not count what it wrote.
	unfinished bool
	// keysOf is the location to which the keys of the catalog belong, when it
	// is not the library's; rebuild tells that a move has changed keys, so that
	// albums and folders are built anew.
	keysOf  string
	rebuild bool
	present int  // songs known and not missing when the scan began, within its prefixes
	first   bool // of this library
}

// Scan runs one scan to its end and returns its record, which is in the
// catalog as well. An error is also in the record's Message. A scan that ends
// early has kept what it wrote, and the next one goes on from there.
func (s *Scanner) Scan(ctx context.Context, r Request) (*models.ScanRun, error) {
	x := &scan{Scanner: s, Request: r, progress: r.Progress, vanished: map[models.Key]string{}, back: map[models.Key]bool{},
		strange: map[models.Key]bool{}, overwritten: map[models.Key]bool{}, journeys: map[models.Key]*journey{}, later: map[string]bool{}, met: map[models.Key]bool{}, touched: map[models.Key]bool{},
		genresAt: time.Now(), log: s.o.Log.With("library", r.Library.Name), first: r.Library.ScannedAt == 0}
	if x.progress == nil {
		x.progress = new(Progress)
	}
	x.reach(r.Store)
	if err := x.begin(ctx); err != nil {
		return nil, err
	}
	if r.Library.Alarm != "" || x.keysOf != "" || x.rebuild {
		// Only a scan of the whole library can end its alarm, or its move.
		x.Prefixes = nil
	}
	var prefixes []string
	for _, p := range x.Prefixes {
		// A disc's folder is built with its siblings.
		if p = aboveDiscs(strings.TrimSuffix(p, "/")); p != "" {
			p += "/"
		}
		prefixes = append(prefixes, p)
	}
	x.Prefixes = storage.Coalesce(prefixes)
	if len(x.Prefixes) == 0 {
		x.Prefixes = []string{""}
	}
	x.run = models.ScanRun{Library: r.Library.Number, Mode: models.ScanChanges}
	switch {
	case !x.whole():
		x.run.Mode = models.ScanFolders
	case r.Full:
		x.run.Mode = models.ScanFull
	}
	if err := s.catalog.BeginRun(ctx, &x.run); err != nil {
		return nil, err
	}
	err := x.all(ctx)
	x.run.Archived = int(x.progress.Archived.Load())
	x.run.State = models.ScanDone
	switch {
	case err == nil:
	case ctx.Err() != nil:
		x.run.State, x.run.Message = models.ScanStopped, "The scan was stopped; the next one goes on."
	default:
		x.run.State, x.run.Message = models.ScanFailed, x.sentence(err)
	}
	c := &x.progress.Store
	x.run.Lists, x.run.Heads, x.run.Gets = c.Lists.Load(), c.Heads.Load(), c.Gets.Load()
	x.run.Requests, x.run.Bytes, x.run.Throttled = c.Requests(), c.Bytes.Load(), c.Throttled.Load()
	// A scan that was stopped still records what it did.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if e := s.catalog.EndRun(end, &x.run, x.problems); e != nil {
		err = errors.Join(err, e)
	}
	level := slog.LevelInfo
	if x.run.State == models.ScanFailed {
		level = slog.LevelWarn
	}
	x.log.Log(ctx, level, "scan "+x.run.State, "listed", x.run.Listed, "read", x.run.Read, "added", x.run.Added, "changed", x.run.Changed,
		"moved", x.run.Moved, "missing", x.run.Missing, "failed", x.run.Failed, "archived", x.run.Archived,
		"lists", x.run.Lists, "heads", x.run.Heads, "gets", x.run.Gets, "bytes", x.run.Bytes, "throttled", x.run.Throttled, "message", x.run.Message)
	return &x.run, err
}

// begin looks whether an earlier scan was cut off before it had counted what
// it wrote, and whether the library has moved.
func (x *scan) begin(ctx context.Context) (err error) {
	if x.unfinished, err = x.catalog.Unfinished(ctx, x.Library.Number); err != nil {
		return err
	}
	if x.keysOf, err = x.catalog.KeysOf(ctx, x.Library.Number); err != nil {
		return err
	}
	x.rebuild, err = x.catalog.KeysMoved(ctx, x.Library.Number)
	return err
}

// all is list, compare, read, build, write.
func (x *scan) all(ctx context.Context) error {
	complete, err := x.list(ctx)
	if err != nil && (complete || ctx.Err() != nil || len(x.listing.objects) == 0) {
		return err
	}
	listError := err
	x.unlisted(listError)
	if complete {
		if err := x.arrive(ctx); err != nil {
			return err
		}
	}
	work, err := x.compare(ctx, complete)
	if err != nil {
		return err
	}
	x.rebuild = x.rebuild && complete // else what the listing lacks stays to be built
	x.progress.ToRead.Store(int64(work.reads))
	if complete && len(x.listing.objects) == 0 && x.present > 0 {
		if err := x.emptyRoot(ctx); err != nil {
			return err
		}
	}
	if err := x.recordStates(ctx); err != nil {
		return err
	}
	if err := x.mayTakeOver(ctx, work); err != nil {
		return err
	}
	if err := x.comeBack(ctx); err != nil {
		return err
	}
	if err := x.readAndWrite(ctx, work); err != nil {
		return err
	}
	if x.lost.err() != nil {
		// What is not read yet may be what is gone.
		listError = errors.Join(listError, x.unfinishedBy())
	}
	if listError == nil {
		listError = x.absent(ctx)
	}
	if listError == nil && x.keysOf != "" {
		if err := x.catalog.Arrived(ctx, x.Library.Number); err != nil {
			return err
		}
	}
	if ctx.Err() == nil {
		if err := x.regroup(ctx); err != nil {
			return errors.Join(listError, err)
		}
	}
	if err := x.finish(ctx); err != nil {
		return errors.Join(listError, err)
	}
	if err := x.catalog.SettleCopies(ctx); err != nil {
		return errors.Join(listError, err)
	}
	lost := x.lost.err() != nil
	err = x.importPlaylists(ctx, listError == nil)
	if !lost && x.lost.err() != nil {
		listError = errors.Join(listError, x.unfinishedBy())
	}
	return errors.Join(listError, err)
}

// finish counts anew what was touched, by this scan or by one that was cut
// off.
func (x *scan) finish(ctx context.Context) error {
	if !x.changed && !x.unfinished && !x.rebuild {
		return nil
	}
	if err := x.joinedNames(ctx); err != nil {
		return err
	}
	if err := x.namesakes(ctx); err != nil {
		return err
	}
	return x.catalog.Scan(ctx, x.Library.Number, func(tx *catalog.ScanTx) error {
		touched := slices.Collect(maps.Keys(x.touched))
		if x.unfinished {
			touched = nil
		} else if touched == nil {
			touched = []models.Key{}
		}
		if err := tx.Recount(touched, true); err != nil {
			return err
		}
		clear(x.touched)
		if err := tx.MergeArtists(); err != nil {
			return err
		}
		if err := tx.HideEmptyFolders(); err != nil {
			return err
		}
		if x.rebuild {
			if err := tx.Rebuilt(); err != nil {
				return err
			}
		}
		return tx.EndChanges()
	})
}

// artists returns the artists that were touched, nil for all.
func (x *scan) artists() []models.Key {
	if x.unfinished {
		return nil
	}
	keys := make([]models.Key, 0, len(x.met))
	for k := range x.met {
		keys = append(keys, k)
	}
	return keys
}

// namesakes settles what artists are called, and builds those albums anew
// whose artists were found by a name that turned out to be another's.
func (x *scan) namesakes(ctx context.Context) error {
	renamed, err := x.catalog.SpellArtists(ctx, x.artists())
	if err != nil {
		return err
	}
	albums, err := x.catalog.Namesakes(ctx, x.Library.Number, x.artists(), renamed)
	if err != nil {
		return err
	}
	return x.rebuildAlbums(ctx, albums)
}

// rebuildAlbums builds albums anew from the songs that they have.
func (x *scan) rebuildAlbums(ctx context.Context, albums []models.Key) error {
	for part := range slices.Chunk(albums, batch/10) {
		err := x.write(ctx, func(w *writer) error {
			for _, k := range part {
				w.albums[k] = true
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// problem records an object that could not be read, or not wholly.
func (x *scan) problem(key, format string, args ...any) {
	if len(x.problems) < problems {
		x.problems = append(x.problems, models.ScanProblem{Run: x.run.Key, Key: key, Reason: fmt.Sprintf(format, args...)})
	}
}
