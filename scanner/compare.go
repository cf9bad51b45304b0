package scanner

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"path"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/storage"
)

// listing is what a store shows of a library.
type listing struct {
	objects   []storage.Object            // audio, in the byte order of the keys
	pictures  map[string][]storage.Object // by folder: pictures with a name that means something
	lyrics    map[string][]string         // keys of .lrc and .txt objects, by besideName
	beside    map[string][]storage.Object // other pictures, by besideName
	playlists []storage.Object
	ignore    []storage.Object // ignore files
	ignored   int              // songs that their rules took out
	cut       map[string]bool  // keys of objects that are known to be cut into parts
}

// list reads the listing. complete tells that every prefix was listed to its
// end, so that absence means something.
func (x *scan) list(ctx context.Context) (complete bool, err error) {
	x.listing = &listing{pictures: map[string][]storage.Object{}, lyrics: map[string][]string{}, beside: map[string][]storage.Object{}, cut: map[string]bool{}}
	for _, prefix := range x.Prefixes {
		err = x.Store.List(ctx, prefix, func(o storage.Object) error {
			suffix := suffixOf(o.Key)
			if o.Archived {
				x.progress.Archived.Add(1)
			}
			switch {
			case storage.IsIgnoreFile(o.Key):
				x.listing.ignore = append(x.listing.ignore, o)
			case audio.IsAudio(suffix):
				x.listing.objects = append(x.listing.objects, o)
				x.progress.Listed.Add(1)
			case o.Archived && isBeside(suffix):
				// Nobody can look at it.
			case pictureRank(o.Key) >= 0:
				f := folderOf(o.Key)
				x.listing.pictures[f] = append(x.listing.pictures[f], o)
			case slices.Contains(playlistSuffixes, suffix):
				x.listing.playlists = append(x.listing.playlists, o)
			case suffix == "cue":
				x.sheets.objects = append(x.sheets.objects, o)
			case suffix == "lrc" || suffix == "txt":
				name := besideName(o.Key)
				x.listing.lyrics[name] = append(x.listing.lyrics[name], o.Key)
			case slices.Contains(pictureTypes, "."+suffix):
				name := besideName(o.Key)
				x.listing.beside[name] = append(x.listing.beside[name], o)
			}
			return ctx.Err()
		})
		if storage.Complete(err) {
			x.unlisted(err) // what no library can have, by its name
			err = nil
		}
		if err != nil {
			break
		}
	}
	if e := x.readIgnore(ctx, err == nil); e != nil {
		x.listing.objects = nil // without its rules the listing tells nothing
		return false, e
	}
	slices.SortFunc(x.listing.objects, func(a, b storage.Object) int { return strings.Compare(a.Key, b.Key) })
	for _, list := range x.listing.pictures {
		slices.SortFunc(list, func(a, b storage.Object) int {
			return cmp.Or(cmp.Compare(pictureRank(a.Key), pictureRank(b.Key)), strings.Compare(a.Key, b.Key))
		})
	}
	x.listing.onlyBeside()
	x.run.Listed = len(x.listing.objects)
	if err != nil && len(x.listing.objects) > 0 {
		err = fmt.Errorf("%w: %w", errPart, err)
	}
	if err != nil {
		return false, fmt.Errorf("list the library: %w", err)
	}
	return true, nil
}

func suffixOf(key string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(key), "."))
}

func folderOf(key string) string { return strings.TrimSuffix(storage.Folder(key), "/") }

// pictureTypes are the endings of pictures.
var pictureTypes = []string{".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"}

// pictureRank orders the pictures that stand for a folder by their names; -1
// is a picture that stands for nothing, or no picture.
func pictureRank(key string) int {
	base := strings.ToLower(path.Base(key))
	name, ext := strings.TrimSuffix(base, path.Ext(base)), path.Ext(base)
	if !slices.Contains(pictureTypes, ext) {
		return -1
	}
	return slices.Index([]string{"cover", "folder", "front", "album", "albumart", "artist"}, name)
}

// isBeside tells whether an object with this suffix is a picture or a text.
func isBeside(suffix string) bool {
	return suffix == "lrc" || suffix == "txt" || slices.Contains(pictureTypes, "."+suffix)
}

// isArtistPicture tells whether the picture shows the folder's artist.
func isArtistPicture(key string) bool { return pictureRank(key) == 5 }

// version names the content of an object, or of a range in it, for the wire.
// Where the store names contents itself, times say nothing.
func version(o storage.Object, off, n int64) string {
	h := fnv.New64a()
	if o.ETag != "" {
		o.ModTime = 0
	}
	fmt.Fprintf(h, "%s|%d|%d|%s|%d|%d", o.Key, o.Size, o.ModTime, o.ETag, off, n)
	return fmt.Sprintf("%010x", h.Sum64()&0xffffffffff)
}

// item is one object that has to be read.
type item struct {
	object storage.Object
	song   models.Key // the row that it has; 0 for a new object
}

// due is an object of the listing that has to be read. There may be a million.
type due struct {
	object *storage.Object
	song   models.Key // as in item
}

// work is what a comparison found to do, by unit.
type work struct {
	units   map[string]*unit
	reads   int
	changed int // of them, objects that have a row
}

// unit is a folder, or a folder with the folders of its discs: what is built
// at once.
type unit struct {
	path    string
	folders map[string]bool
	due     []due // in the order of the keys
}

// dirty returns the unit of a folder.
func (w *work) dirty(folder string) *unit {
	p := unitOf(folder)
	u := w.units[p]
	if u == nil {
		u = &unit{path: p, folders: map[string]bool{}}
		w.units[p] = u
	}
	u.folders[folder] = true
	return u
}

// compare finds what is new, changed, gone or back, by one pass over both
// sides in the order of their keys.
func (x *scan) compare(ctx context.Context, complete bool) (*work, error) {
	if err := x.findSheets(ctx, complete); err != nil {
		return nil, err
	}
	w := &work{units: map[string]*unit{}}
	var dropped []string
	var wholes []models.Key // that vanished
	objects := x.listing.objects
	add := func(o *storage.Object, song models.Key) {
		u := w.dirty(folderOf(o.Key))
		u.due = append(u.due, due{o, song})
		w.reads++
	}
	for _, prefix := range x.Prefixes {
		err := x.catalog.Known(ctx, x.Library.Number, prefix, func(k catalog.Known) error {
			for len(objects) > 0 && objects[0].Key < k.ObjectKey {
				add(&objects[0], 0)
				objects = objects[1:]
			}
			if k.Song != 0 && !k.Missing {
				x.present++
			}
			if len(objects) == 0 || objects[0].Key != k.ObjectKey {
				switch {
				case k.Song == 0:
					dropped = append(dropped, k.ObjectKey)
				case !k.Missing:
					x.vanished[k.Song] = k.ObjectKey
					if k.Hidden {
						wholes = append(wholes, k.Song)
					}
				}
				return nil
			}
			at := &objects[0]
			o := *at
			objects = objects[1:]
			same := o.Size == k.Size && o.ETag == k.ETag && k.Reader >= audio.Reader(suffixOf(o.Key))
			if v := x.sheets.version(o.Key); k.Song != 0 && v != x.sheets.read[k.Song] && (complete || v != "") {
				same = false
			}
			if k.Hidden {
				x.listing.cut[o.Key] = true
			}
			if x.rebuild && k.Song != 0 && !k.Missing {
				w.dirty(folderOf(o.Key))
			}
			state := o
			if same && o.ModTime != k.ModTime {
				same = o.ETag != "" || shifted(k.ModTime, o.ModTime)
			}
			if o.Archived && k.Song != 0 {
				// What was read of it stays. If it is another content, it is read
				// when it is restored.
				if !same {
					state.ModTime = k.ModTime
				}
				same = true
			}
			full := x.Full && !(o.Archived && k.Song != 0)
			if same && !full && (state.ModTime != k.ModTime || o.Archived != k.Archived) {
				x.restated = append(x.restated, state)
			}
			switch {
			case !same || full:
				add(at, k.Song)
				if k.Song != 0 {
					w.changed++
				}
				if k.Missing {
					x.back[k.Song] = true
				}
			case k.Song == 0:
				x.failed(k.ObjectKey, k.Failed)
			case k.Missing:
				x.returned = append(x.returned, k.Song)
				x.back[k.Song] = true
				w.dirty(folderOf(o.Key))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for len(objects) > 0 && strings.HasPrefix(objects[0].Key, prefix) {
			add(&objects[0], 0)
			objects = objects[1:]
		}
	}
	if err := x.compareParts(ctx, wholes); err != nil {
		return nil, err
	}
	if !complete {
		// Whether these are gone nobody knows.
		x.unseen, x.vanished = x.vanished, map[models.Key]string{}
		dropped = nil
	}
	for _, key := range x.vanished {
		x.later[unitOf(folderOf(key))] = true
	}
	if len(dropped) > 0 {
		if err := x.catalog.Scan(ctx, x.Library.Number, func(tx *catalog.ScanTx) error { return tx.DropFailures(dropped) }); err != nil {
			return nil, err
		}
	}
	return w, x.compareSidecars(ctx, w, complete)
}

// failed counts an object that can't be read.
func (x *scan) failed(key, reason string) {
	x.run.Failed++
	x.progress.Failed.Add(1)
	x.problem(key, "%s", reason)
}

// compareSidecars makes the units dirty whose pictures or lyrics changed.
func (x *scan) compareSidecars(ctx context.Context, w *work, complete bool) error {
	known, err := x.catalog.Sidecars(ctx, x.Library.Number)
	if err != nil {
		return err
	}
	// A new picture matters only where there is music beside or below it:
	// music names, for such a folder, one that has songs.
	music := map[string]string{}
	for _, o := range x.listing.objects {
		f := folderOf(o.Key)
		if have, ok := music[f]; ok && have == f {
			continue
		}
		for _, up := range append([]string{folderOf(unitOf(f)), unitOf(f)}, discFolders(f)...) {
			if _, ok := music[up]; !ok {
				music[up] = f
			}
		}
		music[f] = f
	}
	for _, list := range x.listing.pictures {
		for _, o := range list {
			if v, ok := known[o.Key]; !ok || v != version(o, 0, 0) {
				dirtyPicture(w, music, o.Key)
			}
			delete(known, o.Key)
		}
	}
	for key, v := range x.chosen() {
		if was, ok := known[key]; !ok || was != v {
			w.dirty(folderOf(key))
		}
		delete(known, key)
	}
	if !complete {
		return nil
	}
	for key := range known {
		if slices.ContainsFunc(x.Prefixes, func(p string) bool { return strings.HasPrefix(key, p) }) {
			dirtyPicture(w, music, key)
		}
	}
	return nil
}

// dirtyPicture makes the unit dirty that shows a picture: its own folder's, or
// one below it.
func dirtyPicture(w *work, music map[string]string, key string) {
	if f, ok := music[folderOf(key)]; ok {
		if !isArtistPicture(key) && unitOf(f) == folderOf(key) {
			w.dirty(folderOf(key))
		}
		w.dirty(f)
	}
}
