package scanner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/storage"
)

// An absence is believed only when a complete listing shows it, and when it is
// not so much that a disk may be away. What is not believed marks nothing
// missing and raises the library's alarm, until a scan finds the songs or
// somebody accepts that they are gone.

// errAlarm is an absence that is not believed.
var errAlarm = errors.New("nothing was marked missing")

// wayOut is how an absence that is meant is accepted.
func (x *scan) wayOut() string {
	return fmt.Sprintf("Mount what is away and scan again; if the songs are gone on purpose, accept it: on the admin page, or by `songlocker scan --library %d --accept-missing`", x.Library.Number)
}

// sentence says what stopped a scan, for people.
func (x *scan) sentence(err error) string {
	text := strings.ReplaceAll(err.Error(), "\n", "; ") // of errors that are joined
	// What is wrong with a bucket its store says, and what to do about it.
	bucket := !strings.HasPrefix(x.Library.Location, "file:")
	then := func(folder string) string {
		if bucket {
			return "Mend that, then scan again."
		}
		return folder
	}
	switch {
	case errors.Is(err, errAlarm):
		return text + "."
	case errors.Is(err, storage.ErrCapped):
		return fmt.Sprintf("The library was not looked at to its end. What was read is kept, its other songs stay, and nothing was marked missing: %s.", text)
	case errors.Is(err, errUnfinished):
		return fmt.Sprintf("The library was not read to its end. What was read is kept, its other songs stay, and nothing was marked missing; the next scan goes on: %s.", text)
	case errors.Is(err, errPart) && errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("A part of the library can't be read, so its songs stay and nothing was marked missing: %s. %s", text, then("Give the server's user the right to read it, then scan again."))
	case errors.Is(err, errPart):
		return fmt.Sprintf("A part of the library could not be listed, so its songs stay and nothing was marked missing: %s. %s", text, then("Mend the disk or its connection, then scan again."))
	case errors.Is(err, models.ErrUnavailable):
		return fmt.Sprintf("The library can't be reached, so nothing was changed: %s. %s", text, then("Mount it, correct its location, or give the server's user the right to read it, then scan again."))
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("The library can't be found, so nothing was changed: %s. %s", text, then("Mount it or correct its location, then scan again."))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Sprintf("The library can't be read, so nothing was marked missing: %s. %s", text, then("Give the server's user the right to read it, then scan again."))
	}
	return text
}

// errPart is a listing that showed something, and not all.
var errPart = errors.New("it was not listed to its end")

// whole tells whether the scan looks at the whole library.
func (x *scan) whole() bool { return x.Prefixes[0] == "" }

// unlisted records the folders and files that a listing could not show.
func (x *scan) unlisted(err error) {
	switch e := err.(type) { //nolint:errorlint // every error of the tree is looked at
	case nil:
	case *storage.ListError:
		x.failed(e.Key, "not listed: "+e.Err.Error())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			x.unlisted(one)
		}
	case interface{ Unwrap() error }:
		x.unlisted(e.Unwrap())
	}
}

// errSeen ends a listing that has shown something.
var errSeen = errors.New("seen")

// emptyRoot is an alarm when the library has no music at all, though the
// catalog knows some: the listing of what the scan looks at was empty. For a
// scan of some folders it looks at the root.
func (x *scan) emptyRoot(ctx context.Context) error {
	if x.AcceptMissing {
		return nil
	}
	if !x.whole() && x.listing.ignored == 0 {
		err := x.Store.List(ctx, "", func(o storage.Object) error {
			if isMusic(o.Key) {
				return errSeen
			}
			return ctx.Err()
		})
		if errors.Is(err, errSeen) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list the library: %w", err)
		}
	}
	if x.listing.ignored > 0 {
		return x.suspicious(ctx, x.vanished)
	}
	present, _, err := x.catalog.Losses(ctx, x.Library.Number)
	if err != nil {
		return err
	}
	return fmt.Errorf("The library is empty but had %s, so %w. %s", songs(present), errAlarm, x.wayOut())
}

// songs counts songs for people.
func songs(n int) string {
	if n == 1 {
		return "1 song"
	}
	return fmt.Sprintf("%d songs", n)
}

// absent marks what is still vanished as missing, unless it is suspiciously
// much.
func (x *scan) absent(ctx context.Context) error {
	if err := x.handOver(ctx); err != nil {
		return err
	}
	gone := x.gone(x.vanished)
	if gone == 0 {
		return nil
	}
	if err := x.suspicious(ctx, x.vanished); err != nil {
		return err
	}
	for _, part := range x.togetherGone() {
		if err := x.write(ctx, func(w *writer) error { return w.presence(part, true) }); err != nil {
			return err
		}
	}
	x.run.Missing += gone
	if x.AcceptMissing {
		return x.catalog.Scan(ctx, x.Library.Number, func(tx *catalog.ScanTx) error { return tx.AcceptLosses() })
	}
	return nil
}

// togetherGone returns the vanished songs in parts of about batch. An object as
// a whole and its parts are in one, so that a scan that is cut off never leaves
// parts present whose whole is missing: the next one would not look for them.
func (x *scan) togetherGone() [][]models.Key {
	done := make(map[models.Key]bool)
	var parts [][]models.Key
	var list []models.Key
	for _, k := range slices.Sorted(maps.Keys(x.vanished)) {
		for _, k := range append([]models.Key{k}, x.sheets.gone[k]...) {
			if _, gone := x.vanished[k]; gone && !done[k] {
				done[k] = true
				list = append(list, k)
			}
		}
		if len(list) >= batch {
			parts, list = append(parts, list), nil
		}
	}
	if len(list) > 0 {
		parts = append(parts, list)
	}
	return parts
}

// suspicious is an alarm when more of the library is gone, together with
// what went missing lately, than people delete, or when a folder that held
// much is empty, as the place of a disk is that is not mounted.
func (x *scan) suspicious(ctx context.Context, vanished map[models.Key]string) error {
	gone := x.gone(vanished)
	if x.AcceptMissing {
		return nil
	}
	present, lately, err := x.catalog.Losses(ctx, x.Library.Number)
	if err != nil {
		return err
	}
	if all := gone + lately; all >= x.o.MissingLeast && float64(all) > x.o.MissingShare*float64(present+lately) {
		what := fmt.Sprintf("%d of %s are gone", gone, songs(present))
		ignored := 0
		for _, key := range vanished {
			if x.ignore.object(key) {
				ignored++
			}
		}
		if ignored > 0 {
			what += fmt.Sprintf(", %d of them because ignore files say so", ignored)
		}
		if lately > 0 {
			what += fmt.Sprintf(", after %d that went missing lately", lately)
		}
		return fmt.Errorf("%s, so %w. %s", what, errAlarm, x.wayOut())
	}
	if x.keysOf != "" && 2*gone > x.present {
		return fmt.Errorf("The library's location has changed from %s, but only %d of %s were found at the new one, so %w. %s",
			x.keysOf, x.present-gone, songs(x.present), errAlarm, x.wayOut())
	}
	folder, n, err := x.hollow(ctx, vanished)
	if err != nil {
		return err
	}
	if n > 0 {
		return fmt.Errorf("The folder %q is there but empty and had %s, as if a disk were not mounted there, so %w. %s",
			folder, songs(n), errAlarm, x.wayOut())
	}
	return nil
}

// hollow returns a folder that stands empty and held at least MissingLeast of
// the songs that vanished, and how many; 0 for none. Stores without folders
// have none.
func (x *scan) hollow(ctx context.Context, vanished map[models.Key]string) (folder string, songs int, err error) {
	store, ok := storage.As[storage.Hollow](x.Store)
	if !ok || len(vanished) < x.o.MissingLeast {
		return "", 0, nil
	}
	counts := map[string]int{}
	for _, key := range vanished {
		for f := folderOf(key); f != ""; f = folderOf(f) {
			counts[f]++
		}
	}
	var lost []string
	for f, n := range counts {
		if n >= x.o.MissingLeast && !x.anyBelow(f) {
			lost = append(lost, f)
		}
	}
	slices.Sort(lost)
	for _, f := range lost {
		empty, err := store.Hollow(ctx, f+"/")
		if err != nil {
			return "", 0, fmt.Errorf("look into folder %q: %w", f, err)
		}
		if empty {
			return f, counts[f], nil
		}
	}
	return "", 0, nil
}

// anyBelow tells whether the listing has music in a folder or below it.
func (x *scan) anyBelow(folder string) bool {
	prefix := folder + "/"
	objects := x.listing.objects
	i, _ := slices.BinarySearchFunc(objects, prefix, func(o storage.Object, p string) int { return strings.Compare(o.Key, p) })
	return i < len(objects) && strings.HasPrefix(objects[i].Key, prefix)
}

// isMusic tells whether an object's name is that of a song.
func isMusic(key string) bool { return audio.IsAudio(suffixOf(key)) }
