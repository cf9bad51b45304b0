package scanner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/storage"
)

// A cue sheet that lies beside an object cuts it when it names it, or has its
// name. What a sheet names is remembered, so that a scan reads only sheets
// that are new or changed.

// sheets is what a scan knows of the cue sheets in its listing.
type sheets struct {
	objects []storage.Object // .cue objects of the listing, in the order of their keys
	// read tells with which sheet beside it each whole object was read before.
	read map[models.Key]string
	// of tells by the keys of objects which sheet cuts them.
	of map[string]*sheetOf
	// cuts tells that some object is, or was, cut into parts.
	cuts bool
	hide map[models.Key]bool         // wholes that came back and stay hidden
	gone map[models.Key][]models.Key // wholes that vanished, with their parts
}

// sheetOf is a sheet that cuts an object, as one of its files.
type sheetOf struct {
	object  storage.Object
	version string
	name    string // of the file, as the sheet says it
}

// version returns the version of the sheet beside an object, "" for none.
func (s *sheets) version(object string) string {
	if of := s.of[object]; of != nil {
		return of.version
	}
	return ""
}

// findSheets reads the sheets that are new or changed and finds out what each
// cuts. Without a sheet in the listing or the catalog it costs two queries.
func (x *scan) findSheets(ctx context.Context, complete bool) error {
	known, read, err := x.catalog.Sheets(ctx, x.Library.Number)
	if err != nil {
		return err
	}
	x.sheets.read, x.sheets.of, x.sheets.hide = read, map[string]*sheetOf{}, map[models.Key]bool{}
	if x.sheets.cuts, err = x.catalog.AnyCuts(ctx); err != nil {
		return err
	}
	x.sheets.objects = slices.DeleteFunc(x.sheets.objects, func(o storage.Object) bool { return x.ignore.object(o.Key) })
	slices.SortFunc(x.sheets.objects, func(a, b storage.Object) int { return strings.Compare(a.Key, b.Key) })
	var fresh []storage.Object
	there := map[string]bool{}
	for _, o := range x.sheets.objects {
		there[o.Key] = true
		if s, ok := known[o.Key]; (!ok || s.Version != version(o, 0, 0) || x.Full) && !o.Archived {
			fresh = append(fresh, o)
		}
	}
	list, err := x.readSheets(ctx, fresh)
	if err != nil {
		return err
	}
	for _, s := range list {
		known[s.ObjectKey] = s
	}
	var gone []string
	for key := range known {
		if complete && !there[key] && x.covered(folderOf(key)) {
			gone = append(gone, key)
		}
	}
	if len(list)+len(gone) > 0 {
		slices.Sort(gone)
		if err := x.catalog.Scan(ctx, x.Library.Number, func(tx *catalog.ScanTx) error { return tx.SaveSheets(list, gone) }); err != nil {
			return err
		}
	}
	x.matchSheets(known, fresh)
	return nil
}

// readSheets reads sheets, several at once. One that can't be followed is
// told and cuts nothing; one that can't be read now is told and left out.
func (x *scan) readSheets(ctx context.Context, objects []storage.Object) ([]catalog.Sheet, error) {
	list := make([]catalog.Sheet, len(objects))
	problems := make([]string, len(objects))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(x.readers)
	for i, o := range objects {
		g.Go(func() error {
			sheet, err := x.readSheet(gctx, o)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil // gone since the listing
			case errors.Is(err, audio.ErrSheet), errors.Is(err, fs.ErrPermission):
				problems[i] = err.Error()
				sheet = &audio.Sheet{}
			case gctx.Err() != nil:
				return gctx.Err()
			case err != nil:
				// What is known of it holds, and the next scan asks again.
				problems[i] = "the cue sheet can't be read: " + err.Error()
				return nil
			}
			var names []string
			for _, f := range sheet.Files {
				// A file with one track is a song anyhow.
				if len(f.Tracks) > 1 {
					names = append(names, strings.ReplaceAll(f.Name, "\n", " "))
				}
			}
			list[i] = catalog.Sheet{ObjectKey: o.Key, Version: version(o, 0, 0), Files: strings.Join(names, "\n")}
			if len(names) == 1 && names[0] == "" {
				list[i].Files = "\n" // one file without a name
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i, p := range problems {
		if p != "" {
			x.problem(objects[i].Key, "%s", p)
		}
	}
	return slices.DeleteFunc(list, func(s catalog.Sheet) bool { return s.ObjectKey == "" }), nil
}

// readSheet reads one sheet.
func (x *scan) readSheet(ctx context.Context, o storage.Object) (*audio.Sheet, error) {
	if o.Size > audio.MaxSheet {
		return nil, fmt.Errorf("%w: it has %d bytes, more than %d", audio.ErrSheet, o.Size, audio.MaxSheet)
	}
	b, err := x.readWhole(ctx, o, audio.MaxSheet+1)
	if err != nil {
		return nil, err
	}
	return audio.ParseSheet(b, x.o.GuessEncodings)
}

// matchSheets finds the object of each file that a sheet cuts: of that name,
// in any case, or of that name with another suffix; or, where a sheet cuts one
// file, of the sheet's own name. A sheet with the object's name goes before
// others. What fresh sheets name and is not there is told.
func (x *scan) matchSheets(known map[string]catalog.Sheet, fresh []storage.Object) {
	units := map[string]bool{}
	for _, o := range x.sheets.objects {
		units[unitOf(folderOf(o.Key))] = true
	}
	if len(units) == 0 {
		return
	}
	// The audio of the folders in which sheets lie, and of their discs'.
	beside := map[string]*besideSheets{}
	for _, o := range x.listing.objects {
		if u := unitOf(folderOf(o.Key)); units[u] {
			if beside[u] == nil {
				beside[u] = &besideSheets{map[string]bool{}, map[string]string{}, map[string]string{}}
			}
			beside[u].add(o.Key)
		}
	}
	news := map[string]bool{}
	for _, o := range fresh {
		news[o.Key] = true
	}
	own := map[string]bool{} // objects that a sheet of their own name cuts
	for _, o := range x.sheets.objects {
		if known[o.Key].Files == "" {
			continue
		}
		names := strings.Split(strings.TrimSuffix(known[o.Key].Files, "\n"), "\n")
		for _, name := range names {
			key := fileOfSheet(o.Key, name, len(names) == 1, beside[unitOf(folderOf(o.Key))])
			if key == "" {
				if news[o.Key] {
					x.problem(o.Key, "the cue sheet names a file that is not there: %s", name)
				}
				continue
			}
			same := stem(key) == stem(o.Key) || path.Base(key) == stem(o.Key)
			if have := x.sheets.of[key]; have == nil || same && !own[key] {
				x.sheets.of[key] = &sheetOf{o, version(o, 0, 0), name}
				own[key] = same
			}
		}
	}
}

// stem is the name of an object without its folder and its suffix.
func stem(key string) string {
	base := path.Base(key)
	return strings.TrimSuffix(base, path.Ext(base))
}

// besideSheets finds the audio of a unit by what sheets call it. Of several
// objects with one folded name the first counts.
type besideSheets struct {
	keys          map[string]bool
	folded, stems map[string]string // by folder, a slash and the name
}

// add takes the next object, in the order of the keys.
func (b *besideSheets) add(key string) {
	folder := folderOf(key) + "/"
	b.keys[key] = true
	for _, m := range []struct {
		by   map[string]string
		name string
	}{{b.folded, foldName(path.Base(key))}, {b.stems, foldName(stem(key))}} {
		if _, ok := m.by[folder+m.name]; !ok {
			m.by[folder+m.name] = key
		}
	}
}

// fileOfSheet returns which of the objects the file is that a sheet calls
// name; "" for none.
func fileOfSheet(sheet, name string, only bool, beside *besideSheets) string {
	if beside == nil {
		return ""
	}
	name = strings.ReplaceAll(name, `\`, "/")
	for _, key := range []string{path.Join(folderOf(sheet), name), path.Join(folderOf(sheet), path.Base(name))} {
		if beside.keys[key] {
			return key
		}
	}
	folder := folderOf(sheet) + "/"
	find := []string{beside.folded[folder+foldName(path.Base(name))], beside.stems[folder+foldName(stem(name))]}
	if only {
		find = append(find, beside.stems[folder+foldName(stem(sheet))], beside.folded[folder+foldName(stem(sheet))])
	}
	i := slices.IndexFunc(find, func(key string) bool { return key != "" })
	if i < 0 {
		return ""
	}
	return find[i]
}

func foldName(s string) string { return strings.ToLower(strings.ToValidUTF8(s, "\uFFFD")) }

// cutPart is a part of an object that was read.
type cutPart struct {
	audio.Part
	Number int // as the sheet counts
	Tags   models.Tags
}

// cut cuts an object that was read, when a sheet beside or within it says so.
// What can't be cut stays whole, with the tracks as chapters, and that is
// told.
func (x *scan) cut(ctx context.Context, f storage.File, o storage.Object, file *audio.File) ([]cutPart, error) {
	sheet, name, from := file.Sheet, "", "the cue sheet within"
	file.Sheet = nil
	if of := x.sheets.of[o.Key]; of != nil {
		s, err := x.readSheet(ctx, of.object)
		switch {
		case errors.Is(err, audio.ErrSheet), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			// It was told, or the next scan sees that it is gone.
		case err != nil:
			return nil, err
		default:
			sheet, name, from = s, of.name, fmt.Sprintf("the cue sheet %q", path.Base(of.object.Key))
		}
	}
	tracks := tracksOf(sheet, name, o.Key)
	if len(tracks) < 2 {
		return nil, nil
	}
	parts := make([]cutPart, len(tracks))
	starts := sheetStarts(tracks)
	cuts, _, err := audio.Parts(ctx, f, o.Size, file, starts)
	if errors.Is(err, audio.ErrCut) {
		file.Warnings = append(file.Warnings, fmt.Sprintf("%s is not followed, so the file stays one song: %v", from, err))
		if len(file.Chapters) == 0 {
			file.Chapters = sheetChapters(tracks, file.Duration)
		}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for i, t := range tracks {
		parts[i] = cutPart{cuts[i], t.Number, partTags(t, file.Tags, len(tracks), o.Key)}
	}
	return parts, nil
}
