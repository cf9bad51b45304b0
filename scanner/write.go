package scanner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner/audio"
)

// batch is how many songs one transaction writes at most; a larger unit (a
// bucket without folders) is written in several.
const batch = 500

// found is one object that was read, or could not be.
type found struct {
	item
	file  *audio.File
	parts []cutPart // where a cue sheet cuts it
	err   error
	born  int64      // when the object came to be, in a first scan; Unix ns, 0 for unknown
	was   models.Key // the row that the object had, where song is another that it takes
	how   taken      // why it has its row
}

// readUnit is a unit whose objects have been read.
type readUnit struct {
	*unit
	found []found
	left  int
	quiet bool // nothing of it was read or changed but for its songs' neighbours
}

// readAndWrite reads the objects of all dirty units with several readers and
// writes each unit when it is complete, many small ones in one transaction.
func (x *scan) readAndWrite(ctx context.Context, w *work) error {
	units := make([]*unit, 0, len(w.units))
	for _, u := range w.units {
		units = append(units, u)
	}
	slices.SortFunc(units, func(a, b *unit) int { return strings.Compare(a.path, b.path) })

	type job struct {
		unit *readUnit
		i    int
	}
	jobs := make(chan job)
	// Few units wait to be written, so that memory stays bounded when the
	// readers are faster than the database.
	ready := make(chan *readUnit, 4)
	g, ctx := errgroup.WithContext(ctx)
	var mu sync.Mutex
	done := func(u *readUnit) error {
		select {
		case ready <- u:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	g.Go(func() error {
		defer close(jobs)
		for _, u := range units {
			slices.SortFunc(u.due, func(a, b due) int { return strings.Compare(a.object.Key, b.object.Key) })
			// A unit without reads has a part, too.
			for from := 0; from == 0 || from < len(u.due); from += batch {
				part := u.due[from:min(from+batch, len(u.due))]
				r := &readUnit{unit: u, found: make([]found, len(part)), left: len(part)}
				if len(part) == 0 {
					if err := done(r); err != nil {
						return err
					}
				}
				for i, d := range part {
					r.found[i].item = item{*d.object, d.song}
				}
				for i := range part {
					select {
					case jobs <- job{r, i}:
					case <-ctx.Done():
						return ctx.Err()
					}
				}
			}
			u.due = nil
		}
		return nil
	})
	var readers sync.WaitGroup
	for range x.readers {
		readers.Add(1)
		g.Go(func() error {
			defer readers.Done()
			for j := range jobs {
				f := &j.unit.found[j.i]
				x.read(ctx, f)
				if ctx.Err() != nil {
					return ctx.Err()
				}
				mu.Lock()
				j.unit.left--
				last := j.unit.left == 0
				mu.Unlock()
				if last {
					if err := done(j.unit); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	g.Go(func() error {
		readers.Wait()
		close(ready)
		return nil
	})
	g.Go(func() error { return x.writeAll(ctx, ready) })
	return g.Wait()
}

// writeUnits writes units in one transaction.
func (x *scan) writeUnits(ctx context.Context, list []*readUnit) error {
	if len(list) == 0 {
		return nil
	}
	return x.write(ctx, func(w *writer) error {
		for _, u := range list {
			if err := w.unit(u); err != nil {
				return fmt.Errorf("folder %q: %w", u.path, err)
			}
		}
		return nil
	})
}

// writeAll writes units as they become ready, in transactions of about batch
// songs, and at least every two seconds. Those whose songs may take over rows
// it writes when all are read.
func (x *scan) writeAll(ctx context.Context, ready <-chan *readUnit) error {
	var waiting []*readUnit
	songs := 0
	flush := func() error {
		list := waiting
		waiting, songs = nil, 0
		return x.writeUnits(ctx, list)
	}
	tick := time.NewTicker(2 * time.Second)
	defer tick.Stop()
	for {
		select {
		case u, ok := <-ready:
			if !ok {
				if err := flush(); err != nil {
					return err
				}
				return x.settle(ctx)
			}
			if held, err := x.hold(ctx, u); held || err != nil {
				if err != nil {
					return err
				}
				continue
			}
			waiting = append(waiting, u)
			for _, f := range u.found {
				songs += max(1, len(f.parts))
			}
			if songs++; songs >= batch {
				if err := flush(); err != nil {
					return err
				}
			}
		case <-tick.C:
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// write runs f in one transaction. What f counts is added when it is
// committed.
func (x *scan) write(ctx context.Context, f func(*writer) error) error {
	w := &writer{scan: x}
	err := x.catalog.Scan(ctx, x.Library.Number, func(tx *catalog.ScanTx) error {
		if !x.changed {
			if err := tx.BeginChanges(); err != nil {
				return err
			}
		}
		*w = writer{scan: x, tx: tx, have: map[models.Key]*models.Song{}, fresh: map[models.Key]bool{}, albums: map[models.Key]bool{}, claimed: map[models.Key]*evidence{}, ofUnit: map[string][]*models.Song{}}
		if err := f(w); err != nil {
			return err
		}
		if err := w.group(); err != nil {
			return err
		}
		if err := w.rebuild(); err != nil {
			return err
		}
		if len(x.touched)+len(w.artists) > recountAt {
			return w.recount()
		}
		return nil
	})
	if err != nil {
		return err
	}
	x.changed = true
	x.run.Read += w.read
	x.run.Added += w.added
	x.run.Changed += w.changedSongs
	x.run.Moved += w.moved
	x.run.Returned += w.back
	x.run.Missing += w.missing
	for _, k := range w.settled {
		delete(x.vanished, k)
	}
	for _, p := range w.problems {
		x.failed(p[0], p[1])
	}
	for _, p := range w.warnings {
		x.problem(p[0], "%s", p[1])
	}
	for _, k := range w.artists {
		x.met[k] = true
		x.touched[k] = true
	}
	if w.recounted {
		clear(x.touched)
	}
	x.progress.Written.Add(int64(w.added + w.changedSongs + w.moved))
	return nil
}

// recountAt is how many artists are touched before their counts are renewed
// in the middle of a scan.
const recountAt = 2000

// writer is one transaction of a scan.
type writer struct {
	*scan
	tx *catalog.ScanTx

	songs     []*models.Song              // to save, of all units
	have      map[models.Key]*models.Song // the same by key
	fresh     map[models.Key]bool
	albums    map[models.Key]bool // to build anew
	groups    map[string]*models.Album
	lyrics    []catalog.FoundLyrics
	chapters  []catalog.FoundChapters
	pictures  []catalog.FoundPicture
	owners    []models.ID
	artists   []models.Key
	credited  map[models.Key][]models.Credit // whom songs credited before they were read again
	settled   []models.Key                   // vanished songs that have a place again, or never will
	problems  [][2]string
	warnings  [][2]string
	covers    map[models.Key]string
	merged    map[models.Key]models.Key
	inFile    map[models.Key]catalog.FoundPicture  // pictures of songs read in this transaction
	beside    map[models.Key]*catalog.FoundPicture // the pictures beside songs, nil for none
	readSongs []models.Key
	// fileCover tells which albums show a file; albumEmbedded the length of
	// the embedded picture that an album shows else.
	fileCover     map[models.Key]bool
	albumEmbedded map[models.Key]int64
	recounted     bool
	wholes        []*models.Song // objects that are cut into parts
	cuts          []catalog.FoundCut
	songSheets    map[models.Key]string

	claimed map[models.Key]*evidence  // songs whose album is looked at anew
	ofUnit  map[string][]*models.Song // songs read in this transaction

	read, added, changedSongs, moved, back, missing int
}

func (w *writer) recount() error {
	keys := slices.Clone(w.artists)
	for k := range w.scan.touched {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	w.recounted = true
	// Genres are counted over the whole library, so seldom before the end.
	genres := time.Since(w.scan.genresAt) > genresEvery
	if genres {
		w.scan.genresAt = time.Now()
	}
	return w.tx.Recount(slices.Compact(keys), genres)
}

// genresEvery is how old the counts of genres may become during a scan.
const genresEvery = 20 * time.Second

// presence marks songs missing or present and their albums for building anew.
func (w *writer) presence(keys []models.Key, missing bool) error {
	songs, err := w.tx.SongsByKey(keys)
	if err != nil {
		return err
	}
	if err := w.tx.SetMissing(keys, missing); err != nil {
		return err
	}
	for _, s := range songs {
		w.albums[s.Album] = true
		for _, c := range s.Credits {
			w.artists = append(w.artists, c.Artist)
		}
	}
	return nil
}

// lose marks songs missing whose place another has now, and that are nowhere.
func (w *writer) lose(songs []models.Key) error {
	if len(songs) == 0 {
		return nil
	}
	if err := w.presence(songs, true); err != nil {
		return err
	}
	w.missing += len(songs)
	w.settled = append(w.settled, songs...)
	return nil
}

// unit builds the songs of one unit and marks its albums for building anew.
func (w *writer) unit(u *readUnit) error {
	fresh, changed, err := w.collect(u)
	if err == nil {
		fresh, changed, err = w.parts(u, fresh, changed)
	}
	if err != nil {
		return err
	}
	read := append(fresh, changed...)
	// A folder whose songs wait for the next scan is none yet: until then it is
	// open whether it is an old one that moved.
	waits := map[string]bool{}
	for _, f := range u.found {
		if errors.Is(f.err, errLater) {
			waits[folderOf(f.object.Key)] = true
		}
	}
	for _, s := range read {
		delete(waits, folderOf(s.song.ObjectKey))
	}
	var folders []string
	for f := range u.folders {
		if !waits[f] {
			folders = append(folders, f)
		}
	}
	if slices.ContainsFunc(folders, func(f string) bool { return f == u.path || strings.HasPrefix(f, u.path+"/") }) {
		// Else the unit's path is but what the names of its folders have in common.
		folders = append(folders, u.path)
	}
	keys, err := w.tx.Folders(folders)
	if err != nil {
		return err
	}
	isRead := map[models.Key]bool{}
	for _, s := range read {
		s.song.Folder = keys[folderOf(s.song.ObjectKey)]
		isRead[s.song.Key] = true
	}
	for _, s := range w.wholes {
		if k := keys[folderOf(s.ObjectKey)]; k != 0 {
			s.Folder = k
		}
	}
	// The unit's other songs are evidence, and may change their album.
	all := make([]*models.Song, 0, len(read))
	for _, s := range read {
		all = append(all, s.song)
		w.have[s.song.Key] = s.song
		w.songs = append(w.songs, s.song)
	}
	others, err := w.others(u, isRead)
	if err != nil {
		return err
	}
	for _, s := range others {
		all = append(all, s)
		if !u.quiet {
			w.saveLyrics(readSong{s, nil})
		}
	}
	w.claim(u, all)
	for _, s := range read {
		w.ofUnit[u.path] = append(w.ofUnit[u.path], s.song)
	}
	for _, s := range read {
		w.saveLyrics(s)
	}
	w.folderPictures(u, keys)
	return nil
}

// relocate lays songs that are back where they were into the folder of that
// place, when theirs has moved meanwhile.
func (w *writer) relocate(keys []models.Key) error {
	songs, err := w.tx.SongsByKey(keys)
	if err != nil {
		return err
	}
	paths := make([]string, len(songs))
	for i, s := range songs {
		paths[i] = folderOf(s.ObjectKey)
	}
	folders, err := w.tx.Folders(paths)
	if err != nil {
		return err
	}
	songs = slices.DeleteFunc(songs, func(s *models.Song) bool { return s.Folder == folders[folderOf(s.ObjectKey)] })
	for _, s := range songs {
		s.Folder = folders[folderOf(s.ObjectKey)]
	}
	return w.tx.SetFolders(songs)
}

// comeBack shows the songs again whose objects are back unchanged, before
// anything that was read is written.
func (x *scan) comeBack(ctx context.Context) error {
	for part := range slices.Chunk(x.returned, batch) {
		err := x.write(ctx, func(w *writer) error {
			if err := w.presence(part, false); err != nil {
				return err
			}
			if err := w.relocate(part); err != nil {
				return err
			}
			var hide []models.Key
			for _, k := range part {
				if x.sheets.hide[k] {
					hide = append(hide, k)
				}
			}
			w.back += len(part) - len(hide)
			return w.tx.Hide(hide)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readSong is a song and what its file told.
type readSong struct {
	song *models.Song
	file *audio.File // nil when only its name is known
}

// collect turns what was read into songs: fresh ones, and those that have a
// row.
func (w *writer) collect(u *readUnit) (fresh, changed []readSong, err error) {
	var known []models.Key
	for _, f := range u.found {
		if f.song != 0 {
			known = append(known, f.song)
		}
	}
	rows, err := w.tx.SongsByKey(known)
	if err != nil {
		return nil, nil, err
	}
	byKey := map[models.Key]*models.Song{}
	for _, s := range rows {
		byKey[s.Key] = s
	}
	var fixed, keys []string
	var parked, lost, uncut []models.Key
	for _, f := range u.found {
		w.read++
		file, reader := f.file, audio.Reader(suffixOf(f.object.Key))
		switch {
		case errors.Is(f.err, audio.ErrUnknown) && reader == 0:
			// A format that has no reader yet is known by its name.
		case errors.Is(f.err, audio.ErrUnknown):
			reason := "not an audio file that can be read"
			if f.object.Size == 0 {
				reason = "the file is empty"
			}
			if f.song == 0 {
				if err := w.tx.SaveFailure(catalog.Known{ObjectKey: f.object.Key, Size: f.object.Size, ModTime: f.object.ModTime, ETag: f.object.ETag, Reader: reader, Failed: reason}); err != nil {
					return nil, nil, err
				}
				w.problems = append(w.problems, [2]string{f.object.Key, reason})
				continue
			}
			// The row keeps what it knew of the object before it was damaged.
			w.problems = append(w.problems, [2]string{f.object.Key, reason})
			if old := byKey[f.song]; old != nil {
				old.Size, old.ModTime, old.ETag, old.Reader = f.object.Size, f.object.ModTime, f.object.ETag, reader
				changed = append(changed, readSong{old, nil})
				w.changedSongs++
			}
			continue
		case errors.Is(f.err, errLater), errors.Is(f.err, errUnread):
			w.read--
			continue
		case errors.Is(f.err, models.ErrArchived):
			// Until it is restored it is known by its name.
			w.read--
			if f.song != 0 {
				continue
			}
			f.object.Archived = true
		case errors.Is(f.err, fs.ErrNotExist):
			// It vanished between the listing and the reading.
			continue
		case f.err != nil:
			w.problems = append(w.problems, [2]string{f.object.Key, f.err.Error()})
			continue
		}
		if file == nil {
			file = &audio.File{}
			file.ContentType = audio.ContentType(suffixOf(f.object.Key))
		}
		for _, warning := range file.Warnings {
			w.warnings = append(w.warnings, [2]string{f.object.Key, warning})
		}
		s := w.songOf(f)
		fixed = append(fixed, f.object.Key)
		if f.was != 0 {
			parked = append(parked, f.was)
			keys = append(keys, f.object.Key)
			if w.overwritten[f.was] {
				lost = append(lost, f.was)
			}
		}
		old := byKey[f.song]
		if old != nil && old.Library != s.Library && old.MissingSince == 0 {
			old = nil // it is back where it was
		}
		if old == nil {
			s.Key = models.NewKey()
			s.Annot, s.Created = s.Key, w.created(f)
			w.fresh[s.Key] = true
			w.added++
			fresh = append(fresh, readSong{s, file})
			continue
		}
		s.Key, s.Annot, s.Created = old.Key, old.Annot, old.Created
		if old.Part != 0 {
			uncut = append(uncut, old.Key) // it was a track of an image, and is a file of its own
		}
		if old.Library == s.Library {
			s.Album, s.Folder = old.Album, old.Folder
			w.touch(old)
			if otherSound(old.Identity, s.Identity) {
				delete(w.credited, old.Key) // another song corrects nobody's name
			}
		}
		changed = append(changed, readSong{s, file})
		switch {
		case f.how == moved:
			w.moved++
		default:
			w.changedSongs++
			if old.MissingSince > 0 {
				w.back++
			}
		}
		if f.how != itsOwn && old.Library == s.Library {
			w.settled = append(w.settled, old.Key)
		}
	}
	if len(parked) > 0 {
		if err := w.tx.Park(parked, keys); err != nil {
			return nil, nil, err
		}
	}
	if err := w.lose(lost); err != nil {
		return nil, nil, err
	}
	if err := w.tx.DropCuts(uncut); err != nil {
		return nil, nil, err
	}
	return fresh, changed, w.tx.DropFailures(fixed)
}

// touch marks what an old state of a song counted in.
func (w *writer) touch(old *models.Song) {
	w.albums[old.Album] = true
	if w.credited == nil {
		w.credited = map[models.Key][]models.Credit{}
	}
	w.credited[old.Key] = old.Credits
	for _, c := range old.Credits {
		w.artists = append(w.artists, c.Artist)
	}
}

// songOf is the song that an object's file tells, without its row; nil when
// the file tells none.
func (x *scan) songOf(f found) *models.Song {
	file, reader := f.file, audio.Reader(suffixOf(f.object.Key))
	if f.object.Archived {
		reader = 0
	}
	if file == nil {
		if reader > 0 {
			return nil
		}
		file = &audio.File{}
		file.ContentType = audio.ContentType(suffixOf(f.object.Key))
	}
	s := &models.Song{Tags: file.Tags, Properties: file.Properties, Identity: file.Identity}
	s.Library, s.ObjectKey, s.Suffix = x.Library.Number, f.object.Key, suffixOf(f.object.Key)
	s.Size, s.ModTime, s.ETag, s.Archived = f.object.Size, f.object.ModTime, f.object.ETag, f.object.Archived
	s.Reader = max(file.Reader, reader)
	s.Unsaid = fromName(&s.Tags, f.object.Key)
	x.o.split(&s.Tags)
	return s
}

// saveLyrics notes a song's lyrics, those of its file and those beside it,
// and what else its file holds: pictures and chapters.
func (w *writer) saveLyrics(s readSong) {
	l := catalog.FoundLyrics{Song: s.song.Key, Keep: s.file == nil}
	if s.song.Part == 0 { // what lies beside an object is of the whole of it
		l.Sidecars = w.listing.texts(s.song.ObjectKey)
		w.ownPicture(s.song)
	}
	if s.file != nil {
		for _, t := range s.file.Lyrics {
			l.Embedded = append(l.Embedded, t)
			l.Bodies = append(l.Bodies, formatLyrics(t))
		}
		w.songPictures(s)
		if !w.fresh[s.song.Key] || len(s.file.Chapters) > 0 {
			w.chapters = append(w.chapters, catalog.FoundChapters{Song: s.song.Key, Chapters: s.file.Chapters, Fresh: w.fresh[s.song.Key]})
		}
	}
	if !w.fresh[s.song.Key] || len(l.Sidecars)+len(l.Embedded) > 0 {
		w.lyrics = append(w.lyrics, l)
	}
}

// inherit lets an album's row take the new key of its songs: when more than
// half of an old row's songs now have one key that no row has, the row keeps
// its id and its stars. When a row has that key, the older of both stays and
// the other becomes its alias, once all songs have gone over.
func (w *writer) inherit(songs []*models.Song, keys []string) error {
	moved := map[models.Key]map[string]int{}
	for i, s := range songs {
		if s.Album == 0 {
			continue
		}
		if a := w.groups[keys[i]]; a != nil && a.Key == s.Album {
			continue
		}
		if moved[s.Album] == nil {
			moved[s.Album] = map[string]int{}
		}
		moved[s.Album][keys[i]]++
	}
	if len(moved) == 0 {
		return nil
	}
	var olds []models.Key
	for k := range moved {
		olds = append(olds, k)
	}
	slices.Sort(olds)
	rows, err := w.tx.AlbumsByKey(olds)
	if err != nil {
		return err
	}
	counts := map[models.Key]int{}
	there, err := w.tx.SongsOf(olds)
	if err != nil {
		return err
	}
	stay := map[models.Key]int{}
	now := map[models.Key]bool{}
	for _, s := range songs {
		now[s.Key] = true
	}
	for _, s := range there {
		counts[s.Album]++
		if !now[s.Key] && w.present(s.Key) {
			stay[s.Album]++
		}
	}
	// Of an album that is gone as a whole, its missing songs count: one that
	// comes back on another album does not take its row along.
	if missing := slices.DeleteFunc(slices.Clone(olds), func(k models.Key) bool { return counts[k] > 0 }); len(missing) > 0 {
		all, err := w.tx.CountOf(missing)
		if err != nil {
			return err
		}
		maps.Copy(counts, all)
	}
	slices.SortFunc(rows, func(a, b catalog.GroupedAlbum) int { return cmp.Compare(a.Key, b.Key) })
	leaves := func(old models.Key) bool {
		n := moved[old][mostly(moved[old])]
		return 2*n > max(counts[old], n)
	}
	for len(rows) > 0 {
		// A row whose new key another may give up comes after that one.
		waitsFor := func(r catalog.GroupedAlbum) int {
			have := w.groups[mostly(moved[r.Key])]
			if have == nil || have.Key == r.Key {
				return -1
			}
			return slices.IndexFunc(rows, func(o catalog.GroupedAlbum) bool { return o.Key == have.Key })
		}
		i := slices.IndexFunc(rows, func(r catalog.GroupedAlbum) bool { return waitsFor(r) < 0 || !leaves(r.Key) })
		if i < 0 {
			// They wait in a circle, as two do that swap names: one lets go of its
			// key before it takes the other's.
			i = 0
			waiting := ""
			for range rows {
				waiting = mostly(moved[rows[i].Key])
				i = waitsFor(rows[i])
			}
			delete(w.groups, waiting)
			if err := w.tx.SetGroupKey(rows[i].Key, "between "+rows[i].Key.String()); err != nil {
				return err
			}
			continue
		}
		old := rows[i]
		rows = slices.Delete(rows, i, i+1)
		key := mostly(moved[old.Key])
		n := moved[old.Key][key]
		if !leaves(old.Key) {
			continue
		}
		if have := w.groups[key]; have == nil {
			if err := w.tx.SetGroupKey(old.Key, key); err != nil {
				return err
			}
			if w.groups[old.GroupKey] != nil && w.groups[old.GroupKey].Key == old.Key {
				delete(w.groups, old.GroupKey)
			}
			w.groups[key] = old.Album
		} else if have.Key != old.Key && stay[old.Key] == 0 && n == total(moved[old.Key]) {
			if w.merged == nil {
				w.merged = map[models.Key]models.Key{}
			}
			from, into := old.Album, have
			if from.Key < into.Key {
				from, into = into, from
			}
			w.merged[from.Key] = into.Key
			w.albums[from.Key], w.albums[into.Key] = true, true
			w.groups[key] = into
		}
	}
	return nil
}

// present tells whether a song is not known to be gone.
func (w *writer) present(key models.Key) bool {
	_, gone := w.vanished[key]
	return !gone
}

func total(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// mostly returns the key with the highest count, the first of equals.
func mostly(counts map[string]int) string {
	best := ""
	for k, n := range counts {
		if n > counts[best] || n == counts[best] && k < best {
			best = k
		}
	}
	return best
}
