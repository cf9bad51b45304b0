package scanner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner/audio"
	"github.com/songlocker/songlocker/storage"
)

// Which row a new song takes can be said only once every song of the scan has
// been read: another may fit the row better. So units whose songs may take
// over rows wait until then. A first scan, and one in which nothing is gone,
// hold nothing.

// holding is what waits. More than heldBytes of it lies in the catalog.
type holding struct {
	units   []*readUnit
	bytes   int
	spilled int // parts in the catalog
	waiting []candidate
}

// heldBytes is how much of what waits stays in memory, roughly.
const heldBytes = 48 << 20

// a candidate is a song that was read and may take over a row: one of a new
// object, or of a known one that sounds otherwise than its row.
type candidate struct {
	object   string
	row      models.Key // the object's own row; 0 for a new object
	identity string
	facts
}

// mayTakeOver finds out whether rows may be taken over at all.
func (x *scan) mayTakeOver(ctx context.Context, w *work) error {
	x.mayReplace = len(x.vanished)+len(x.unseen) > 0 || w.changed > 0
	libraries, err := x.catalog.Libraries(ctx)
	if err != nil {
		return err
	}
	for _, l := range libraries {
		// A copy is another recording's file and takes no original's place.
		if l.Owner == x.Library.Owner && l.Settings.CopiesOf == x.Library.Settings.CopiesOf {
			x.kin = append(x.kin, l.Number)
		}
	}
	x.elsewhere = x.Prefixes[0] != ""
	if w.reads > 0 && !x.elsewhere && !x.mayReplace {
		x.elsewhere, err = x.catalog.AnyMissing(ctx, x.kin)
	}
	return err
}

// hold tells whether a unit has to wait, and notes its candidates.
func (x *scan) hold(ctx context.Context, u *readUnit) (bool, error) {
	var known []models.Key
	fresh := false
	for _, f := range u.found {
		if f.song != 0 {
			known = append(known, f.song)
		} else {
			fresh = true
		}
	}
	if !x.mayReplace && !x.elsewhere || len(u.found) == 0 {
		return false, nil
	}
	was, err := x.catalog.Identities(ctx, known)
	if err != nil {
		return false, err
	}
	var list []candidate
	var identities []string
	for _, f := range u.found {
		if f.err != nil && !errors.Is(f.err, audio.ErrUnknown) || f.song != 0 && !otherSound(was[f.song], f.identity()) {
			continue
		}
		s := x.songOf(f)
		if s == nil {
			continue
		}
		list = append(list, candidate{f.object.Key, f.song, s.Identity, factsOf(s)})
		if s.Identity != "" {
			identities = append(identities, s.Identity)
		}
	}
	if len(list) == 0 {
		return false, nil
	}
	if !x.mayReplace && fresh {
		// Nothing vanished: only what is missing, or lies outside of what is
		// scanned, can be the same song.
		some := false
		err := x.catalog.Sounding(ctx, x.kin, identities, func(s soundingRow) error {
			some = some || s.Missing || s.Library == x.Library.Number && !x.covered(folderOf(s.ObjectKey))
			return nil
		})
		if err != nil || !some {
			return false, err
		}
	}
	x.held.waiting = append(x.held.waiting, list...)
	x.held.units = append(x.held.units, u)
	for _, f := range u.found {
		x.held.bytes += f.weight()
	}
	if x.held.bytes < x.heldBytes {
		return true, nil
	}
	body, err := packUnits(x.held.units)
	if err == nil {
		err = x.catalog.Hold(ctx, x.Library.Number, x.held.spilled, body)
	}
	x.held.units, x.held.bytes, x.held.spilled = nil, 0, x.held.spilled+1
	return true, err
}

// otherSound tells whether two identities say that the sound is another:
// those of two kinds for one container say nothing.
func otherSound(was, is string) bool {
	if was == is || was == "" || is == "" {
		return false
	}
	kind := func(id string) string { return id[:max(0, strings.LastIndexByte(id, '-'))] }
	container, _, _ := strings.Cut(was, "-")
	return kind(was) == kind(is) || !strings.HasPrefix(is, container+"-")
}

// identity is the audio identity of what was read, "" when there is none.
func (f *found) identity() string {
	if f.file == nil {
		return ""
	}
	return f.file.Identity
}

// weight is about how many bytes what was read takes in memory.
func (f *found) weight() int {
	n := 2500
	if f.file != nil {
		for _, l := range f.file.Lyrics {
			n += 64 * len(l.Lines)
			for _, line := range l.Lines {
				n += len(line.Text)
			}
		}
		n += len(f.file.Comment) + 100*len(f.file.Pictures)
	}
	for _, p := range f.parts {
		n += 1000 + len(p.Head)
	}
	return n
}

// packed is a held unit as it lies in the catalog. Keys of objects are bytes.
type packed struct {
	Path    []byte
	Folders [][]byte
	Found   []packedFound
}

type packedFound struct {
	Key           []byte
	Size, ModTime int64
	Born          int64 `json:",omitempty"`
	ETag          string
	Song          models.Key
	File          *audio.File `json:",omitempty"`
	Parts         []cutPart   `json:",omitempty"`
	Err           string      `json:",omitempty"`
	Kind          int         `json:",omitempty"`
}

// errorKinds are the errors of reading that a scan tells apart.
var errorKinds = []error{nil, audio.ErrUnknown, fs.ErrNotExist}

func packUnits(units []*readUnit) ([]byte, error) {
	list := make([]packed, len(units))
	for i, u := range units {
		p := packed{Path: []byte(u.path)}
		for f := range u.folders {
			p.Folders = append(p.Folders, []byte(f))
		}
		slices.SortFunc(p.Folders, bytes.Compare)
		for _, f := range u.found {
			o := packedFound{Key: []byte(f.object.Key), Size: f.object.Size, ModTime: f.object.ModTime, ETag: f.object.ETag, Song: f.song, File: f.file, Born: f.born, Parts: f.parts}
			if f.err != nil {
				o.Err = f.err.Error()
				o.Kind = max(0, slices.IndexFunc(errorKinds, func(kind error) bool { return errors.Is(f.err, kind) }))
			}
			p.Found = append(p.Found, o)
		}
		list[i] = p
	}
	return json.Marshal(list)
}

func unpackUnits(body []byte) ([]*readUnit, error) {
	var list []packed
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, err
	}
	units := make([]*readUnit, len(list))
	for i, p := range list {
		u := &readUnit{unit: &unit{path: string(p.Path), folders: map[string]bool{}}}
		for _, f := range p.Folders {
			u.folders[string(f)] = true
		}
		for _, o := range p.Found {
			f := found{item: item{object: storage.Object{Key: string(o.Key), Size: o.Size, ModTime: o.ModTime, ETag: o.ETag}, song: o.Song}, file: o.File, born: o.Born, parts: o.Parts}
			switch {
			case o.Err == "":
			case o.Kind == 0:
				f.err = errors.New(o.Err)
			default:
				f.err = errorKinds[o.Kind]
			}
			u.found = append(u.found, f)
		}
		units[i] = u
	}
	return units, nil
}

// eachHeld calls f for every unit that waited, and lets go of it.
func (x *scan) eachHeld(ctx context.Context, f func(*readUnit) error) error {
	for part := range x.held.spilled {
		body, err := x.catalog.Held(ctx, x.Library.Number, part)
		if err != nil {
			return err
		}
		units, err := unpackUnits(body)
		if err != nil {
			return fmt.Errorf("what was held: %w", err)
		}
		for _, u := range units {
			if err := f(u); err != nil {
				return err
			}
		}
	}
	units := x.held.units
	x.held.units = nil
	slices.SortStableFunc(units, func(a, b *readUnit) int {
		return cmp.Or(strings.Compare(a.path, b.path), strings.Compare(a.found[0].object.Key, b.found[0].object.Key))
	})
	for i, u := range units {
		units[i] = nil
		if err := f(u); err != nil {
			return err
		}
	}
	if x.held.spilled > 0 {
		return x.catalog.DropHeld(ctx, x.Library.Number)
	}
	return nil
}
