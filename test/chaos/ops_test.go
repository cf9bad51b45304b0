package chaos

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Each operation does to files what people and their programs do, and notes in
// the model what it is by the rules: a move and not a new song, a correction
// and not another album. It returns false when it found nothing to do. What
// the rules leave open no operation does: among equal sounds, to move a file
// and change its tags at once; to take more than half of a folder's or an
// album's songs elsewhere one by one.
var operations = []struct {
	weight int
	do     func(*world) bool
}{
	{6, (*world).renameFile},
	{4, (*world).moveFile},
	{4, (*world).moveAndRetag},
	{5, (*world).renameFolder},
	{3, (*world).moveFolder},
	{2, (*world).renameCase},
	{3, (*world).swapNames},
	{5, (*world).retagFile},
	{3, (*world).correctAlbum},
	{3, (*world).correctArtist},
	{2, (*world).giveAway},
	{5, (*world).deleteFiles},
	{2, (*world).deleteFolder},
	{6, (*world).returnFiles},
	{3, (*world).returnMoved},
	{3, (*world).returnFolder},
	{2, (*world).newAlbumFolder},
	{2, (*world).touchFiles},
	{4, (*world).replaceFile},
	{2, (*world).replaceAlbum},
}

// change does n random operations.
func (w *world) change(n int) {
	total := 0
	for _, o := range operations {
		total += o.weight
	}
	for range n {
		for range 20 { // an operation may find nothing to do
			at := w.r.IntN(total)
			i := 0
			for ; at >= operations[i].weight; i++ {
				at -= operations[i].weight
			}
			if operations[i].do(w) {
				break
			}
		}
	}
}

// any returns a song that satisfies ok, nil after some attempts.
func (w *world) any(ok func(*track) bool) *track {
	for range 50 {
		if t := pick(w, w.tracks); ok(t) {
			return t
		}
	}
	return nil
}

func here(t *track) bool { return t.shown && !t.gone }

// stays tells whether a folder keeps most of its present songs when one leaves.
func (w *world) stays(folder string) bool {
	n := 0
	for _, t := range w.in(folder) {
		if !t.gone && path.Dir(t.key) == folder {
			n++
		}
	}
	return n >= 3
}

func (w *world) newName(t *track) string {
	return fmt.Sprintf("%02d %s renamed %d%s", t.tags.Track, t.tags.Title, w.next(), t.suffix)
}

func (w *world) moveTo(t *track, key string) {
	w.rename(filepath.Join(w.dir, t.key), filepath.Join(w.dir, key))
	t.key = key
	w.know(path.Dir(key))
}

func (w *world) renameFile() bool {
	t := w.any(here)
	if t == nil || !w.free(t) {
		return false
	}
	w.say("rename %s", t.key)
	w.moveTo(t, path.Join(path.Dir(t.key), w.newName(t)))
	return true
}

// otherFolder returns a folder with songs, or a new one, for a file of the
// album to go to.
func (w *world) otherFolder(t *track) string {
	if w.r.IntN(4) == 0 {
		return fmt.Sprintf("Sorted/Folder %d", w.next())
	}
	o := w.any(func(o *track) bool {
		return here(o) && !o.album.folded && !w.busy[path.Dir(o.key)] && path.Dir(o.key) != path.Dir(t.key) && !strings.Contains(o.key, "/CD")
	})
	if o == nil {
		return fmt.Sprintf("Sorted/Folder %d", w.next())
	}
	return path.Dir(o.key)
}

func (w *world) moveFile() bool {
	t := w.any(func(t *track) bool { return here(t) && !t.album.folded && w.stays(path.Dir(t.key)) })
	if t == nil {
		return false
	}
	from := path.Dir(t.key)
	if w.busy[t] || w.busy[from] {
		return false
	}
	to := w.otherFolder(t)
	if !w.free(t, from, to) {
		return false
	}
	w.say("move %s to %s", t.key, to)
	w.moveTo(t, path.Join(to, w.newName(t)))
	return true
}

// moveAndRetag does both at once, to a sound that no other song has.
func (w *world) moveAndRetag() bool {
	t := w.any(func(t *track) bool { return here(t) && !t.shared && !t.album.folded && w.stays(path.Dir(t.key)) })
	if t == nil {
		return false
	}
	from := path.Dir(t.key)
	if w.busy[t] || w.busy[from] {
		return false
	}
	to := w.otherFolder(t)
	if !w.free(t, from, to) {
		return false
	}
	w.say("move and retag %s to %s", t.key, to)
	w.moveTo(t, path.Join(to, w.newName(t)))
	t.tags.Title = fmt.Sprintf("Song %05d corrected", w.next())
	w.write(t)
	return true
}

// moveDir renames a folder with all below it, in the model too.
func (w *world) moveDir(from, to string) {
	w.rename(filepath.Join(w.dir, from), filepath.Join(w.dir, to))
	w.know(path.Dir(to))
	for p, d := range w.dirs {
		if p == from || strings.HasPrefix(p, from+"/") {
			delete(w.dirs, p)
			w.dirs[to+p[len(from):]] = d
		}
	}
	for _, t := range w.in(from) {
		t.key = to + t.key[len(from):]
		for _, f := range foldersOf(t.key) {
			w.busy[f] = true
		}
	}
}

// folder picks a folder whose songs are all present, and which nothing changes
// yet; up counts how far above a file it is.
func (w *world) folder(up int) (string, []*track) {
	t := w.any(func(t *track) bool { return here(t) && strings.Count(t.key, "/") > up+1 })
	if t == nil {
		return "", nil
	}
	f := path.Dir(t.key)
	for range up {
		f = path.Dir(f)
	}
	list := w.in(f)
	if len(list) != len(present(list)) || len(list) > 80 || !w.free(w.touches(list)...) {
		return "", nil
	}
	return f, list
}

func (w *world) renameFolder() bool {
	f, list := w.folder(w.r.IntN(3) / 2) // also of artists
	if f == "" || strings.HasPrefix(path.Base(f), "CD") {
		return false
	}
	to := path.Join(path.Dir(f), fmt.Sprintf("Renamed %d", w.next()))
	w.say("rename folder %s of %d to %s", f, len(list), to)
	w.moveDir(f, to)
	return true
}

// peopled tells whether a folder has shown songs that stay, outside of another.
func (w *world) peopled(folder, but string) bool {
	return slices.ContainsFunc(w.in(folder), func(t *track) bool { return here(t) && (but == "" || !strings.HasPrefix(t.key, but+"/")) })
}

func (w *world) moveFolder() bool {
	f, list := w.folder(w.r.IntN(3) / 2)
	if f == "" || strings.HasPrefix(path.Base(f), "CD") {
		return false
	}
	to := fmt.Sprintf("Shelf %d/Moved %d", w.r.IntN(5), w.next())
	// Where nothing stays in the folder above, that one goes along, unless
	// there is one already at the new place.
	if !w.peopled(path.Dir(to), "") {
		for _, up := range foldersOf(f) {
			if !w.peopled(up, f) {
				return false
			}
		}
	}
	w.say("move folder %s of %d to %s", f, len(list), to)
	w.moveDir(f, to)
	return true
}

// renameCase changes nothing but the case of a file's or a folder's name.
func (w *world) renameCase() bool {
	other := func(s string) string {
		if strings.ToUpper(s) != s {
			return strings.ToUpper(s)
		}
		return s[:1] + strings.ToLower(s[1:])
	}
	if w.r.IntN(2) == 0 {
		f, _ := w.folder(0)
		if f == "" || strings.HasPrefix(path.Base(f), "CD") {
			return false
		}
		to := path.Join(path.Dir(f), other(path.Base(f)))
		w.say("case of folder %s", f)
		w.moveDir(f, to)
		return true
	}
	t := w.any(here)
	if t == nil || !w.free(t) {
		return false
	}
	w.say("case of %s", t.key)
	base := path.Base(t.key)
	w.moveTo(t, path.Join(path.Dir(t.key), strings.TrimSuffix(other(strings.TrimSuffix(base, t.suffix)), t.suffix)+t.suffix))
	return true
}

func (w *world) size(t *track) int64 {
	info, err := os.Stat(filepath.Join(w.dir, t.key))
	if err != nil {
		w.t.Fatal(err)
	}
	return info.Size()
}

// swapNames gives two songs of one folder each other's name: the sound tells
// which is which. Two files of one size and one time, as this world writes in
// one tick of the clock, would leave the listing as it was.
func (w *world) swapNames() bool {
	a := w.any(func(t *track) bool { return here(t) && !t.shared })
	if a == nil {
		return false
	}
	b := w.any(func(t *track) bool {
		return here(t) && !t.shared && t != a && t.suffix == a.suffix && path.Dir(t.key) == path.Dir(a.key)
	})
	if b == nil || w.size(a) == w.size(b) || !w.free(a, b) {
		return false
	}
	w.say("swap %s and %s", a.key, b.key)
	aside := filepath.Join(w.dir, path.Dir(a.key), fmt.Sprintf("aside %d%s", w.next(), a.suffix))
	w.rename(filepath.Join(w.dir, a.key), aside)
	w.rename(filepath.Join(w.dir, b.key), filepath.Join(w.dir, a.key))
	w.rename(aside, filepath.Join(w.dir, b.key))
	a.key, b.key = b.key, a.key
	return true
}

func (w *world) retagFile() bool {
	t := w.any(here)
	if t == nil || !w.free(t) {
		return false
	}
	w.say("retag %s", t.key)
	t.tags.Title = fmt.Sprintf("Song %05d corrected", w.next())
	t.tags.Year = 1960 + w.r.IntN(60)
	if w.r.IntN(3) == 0 {
		t.tags.Picture = []byte(strings.Repeat("picture", 1+w.r.IntN(300)))
	}
	w.write(t)
	return true
}

// correctAlbum gives a whole album another title, and sometimes its folder
// another name in the same step.
func (w *world) correctAlbum() bool {
	one := w.any(func(t *track) bool { return here(t) && !t.shared })
	if one == nil {
		return false
	}
	al := one.album
	list := w.on(al)
	if slices.ContainsFunc(list, func(t *track) bool { return t.shared }) || !w.free(w.touches(list)...) {
		return false
	}
	al.name = fmt.Sprintf("Corrected album %d", w.next())
	w.say("album title of %d songs like %s", len(list), one.key)
	for _, t := range list {
		t.tags.Album = al.name
		w.write(t)
	}
	w.mayFollow(list, al.name)
	return true
}

// mayFollow sometimes renames the only folder of songs as they are called now.
func (w *world) mayFollow(list []*track, name string) {
	f := path.Dir(list[0].key)
	all := w.in(f)
	if w.r.IntN(2) == 0 || strings.HasPrefix(path.Base(f), "CD") || len(all) != len(list) || len(present(all)) != len(all) ||
		slices.ContainsFunc(list, func(t *track) bool { return path.Dir(t.key) != f }) {
		return
	}
	w.say("and its folder %s", f)
	w.moveDir(f, path.Join(path.Dir(f), name))
}

// correctArtist gives an artist another name in all songs.
func (w *world) correctArtist() bool {
	one := w.any(func(t *track) bool { return here(t) && t.album.artist != nil })
	if one == nil {
		return false
	}
	a := one.album.artist
	var list []*track
	for _, t := range w.tracks {
		if t.tags.Artist == a.name || t.tags.AlbumArtist == a.name {
			list = append(list, t)
		}
	}
	if slices.ContainsFunc(list, func(t *track) bool { return t.shared }) || !w.free(append(w.touches(list), a)...) {
		return false
	}
	was := a.name
	a.name = fmt.Sprintf("Corrected artist %d", w.next())
	w.say("artist of %d songs like %s", len(list), one.key)
	for _, t := range list {
		if t.tags.Artist == was {
			t.tags.Artist = a.name
		}
		if t.tags.AlbumArtist == was {
			t.tags.AlbumArtist = a.name
		}
		w.write(t)
	}
	w.mayFollow(w.on(one.album), one.album.name+" by "+a.name)
	return true
}

// giveAway corrects the artist of one album of several to another known one.
func (w *world) giveAway() bool {
	one := w.any(func(t *track) bool { return here(t) && t.album.artist != nil })
	if one == nil {
		return false
	}
	al, was := one.album, one.album.artist
	list, rest := w.on(al), 0
	for _, t := range w.tracks {
		if here(t) && t.album != al && t.album.artist == was {
			rest++
		}
	}
	to := pick(w, w.people)
	known := slices.ContainsFunc(w.tracks, func(t *track) bool { return here(t) && t.album.artist == to })
	if rest <= len(list) || to == was || !known || slices.ContainsFunc(list, func(t *track) bool { return t.shared }) || w.busy[to] || !w.free(w.touches(list)...) {
		return false
	}
	w.say("album of %d songs like %s goes to %s", len(list), one.key, to.name)
	al.artist = to
	w.busy[to] = true
	for _, t := range list {
		t.tags.Artist, t.tags.AlbumArtist = to.name, to.name
		w.write(t)
	}
	return true
}

// bury takes a song's file away.
func (w *world) bury(t *track) {
	from := w.file(t)
	t.gone = true
	w.rename(from, w.file(t))
}

func (w *world) deleteFiles() bool {
	done := false
	for range 1 + w.r.IntN(6) {
		t := w.any(func(t *track) bool { return here(t) && !t.album.folded && w.stays(path.Dir(t.key)) })
		if t == nil || w.busyFolder(t) || !w.free(t) {
			continue
		}
		w.say("delete %s", t.key)
		w.bury(t)
		done = true
	}
	return done
}

func (w *world) deleteFolder() bool {
	f, list := w.folder(0)
	if f == "" {
		return false
	}
	w.say("delete folder %s of %d", f, len(list))
	for _, t := range list {
		w.bury(t)
	}
	if w.r.IntN(2) == 0 {
		w.must(os.RemoveAll(filepath.Join(w.dir, f)))
	}
	return true
}

// unearth brings a file back to a key.
func (w *world) unearth(t *track, key string) {
	from := w.file(t)
	t.gone, t.key = false, key
	w.rename(from, w.file(t))
	w.know(path.Dir(key))
}

// returnFiles brings files back to where they were, some with other tags.
func (w *world) returnFiles() bool {
	done := false
	for range 1 + w.r.IntN(8) {
		t := w.any(func(t *track) bool { return t.gone && !t.shown && !t.album.folded })
		if t == nil || w.busy[path.Dir(t.key)] || !w.free(t) {
			continue
		}
		w.say("return %s", t.key)
		w.unearth(t, t.key)
		if w.r.IntN(4) == 0 {
			t.tags.Title = fmt.Sprintf("Song %05d corrected", w.next())
			w.write(t)
		}
		done = true
	}
	return done
}

// returnMoved brings a file back into a folder where others are.
func (w *world) returnMoved() bool {
	t := w.any(func(t *track) bool { return t.gone && !t.shown && !t.album.folded })
	if t == nil || w.busy[t] {
		return false
	}
	o := w.any(func(o *track) bool {
		return here(o) && !o.album.folded && !w.busy[path.Dir(o.key)] && !strings.Contains(o.key, "/CD")
	})
	if o == nil || !w.free(t) {
		return false
	}
	key := path.Join(path.Dir(o.key), w.newName(t))
	w.say("return %s as %s", t.key, key)
	w.unearth(t, key)
	return true
}

// returnFolder brings all back that is gone from a folder, sometimes as
// another folder when nothing is left of it.
func (w *world) returnFolder() bool {
	t := w.any(func(t *track) bool { return t.gone && !t.shown })
	if t == nil {
		return false
	}
	f := path.Dir(t.key)
	list := w.in(f)
	if !w.free(w.touches(list)...) {
		return false
	}
	to := f
	if len(present(list)) == 0 && len(list) > 1 && w.r.IntN(2) == 0 && !strings.Contains(f, "/CD") &&
		!slices.ContainsFunc(list, func(t *track) bool { return path.Dir(t.key) != f }) {
		to = path.Join(path.Dir(f), fmt.Sprintf("Returned %d", w.next()))
	}
	w.say("return folder %s of %d as %s", f, len(list), to)
	for _, t := range list {
		if t.gone {
			w.unearth(t, to+t.key[len(f):])
		}
	}
	if to != f {
		w.dirs[to] = w.dirs[f]
		delete(w.dirs, f)
	}
	return true
}

// newAlbumFolder adds an album that was never there.
func (w *world) newAlbumFolder() bool {
	if len(w.tracks) > 2600 {
		return false
	}
	a := pick(w, w.people)
	if w.r.IntN(2) == 0 {
		a = w.newArtist()
	} else if w.busy[a] || !slices.ContainsFunc(w.tracks, func(t *track) bool { return here(t) && t.album.artist == a }) {
		return false
	}
	al := w.newAlbum(a, "New album")
	w.busy[a], w.busy[al] = true, true
	n := len(w.tracks)
	w.fill(al, "New/"+al.name, pick(w, suffixes), 5+w.r.IntN(8), 1, 1)
	for _, t := range w.tracks[n:] {
		w.busy[t] = true
	}
	w.busy["New/"+al.name] = true
	w.say("new album of %d by %s in New/%s", len(w.tracks)-n, a.name, al.name)
	return true
}

// touchFiles gives files new times.
func (w *world) touchFiles() bool {
	f, list := w.folder(0)
	if f == "" {
		return false
	}
	w.say("touch %s", f)
	for _, t := range list {
		w.write(t)
	}
	return true
}

// timed are the formats that tell the same duration of the same song.
var timed = []string{".mp3", ".flac", ".m4a"}

func replaceable(t *track) bool {
	return here(t) && !t.shared && slices.Contains(timed, t.suffix)
}

// resound gives a song another recording of the same length in a format.
func (w *world) resound(t *track, suffix string) {
	t.sound.Seed, t.suffix = uint64(w.next())<<20, suffix
}

// replaceFile puts another file of the same song in the place of one: under
// the same name, or beside it in another format.
func (w *world) replaceFile() bool {
	t := w.any(replaceable)
	if t == nil || !w.free(t) {
		return false
	}
	suffix := t.suffix
	if w.r.IntN(4) > 0 {
		suffix = pick(w, timed)
	}
	w.say("replace %s by %s", t.key, suffix)
	w.must(os.Remove(w.file(t)))
	stem := strings.TrimSuffix(t.key, t.suffix)
	w.resound(t, suffix)
	t.key = stem + suffix
	w.write(t)
	return true
}

// replaceAlbum puts an album in another format into a folder of its own, in
// the place of the old one.
func (w *world) replaceAlbum() bool {
	f, list := w.folder(0)
	if f == "" || slices.ContainsFunc(list, func(t *track) bool { return !replaceable(t) || t.album != list[0].album || path.Dir(t.key) != f }) {
		return false
	}
	suffix := pick(w, timed)
	to := path.Join(path.Dir(f), fmt.Sprintf("%s again %d", suffix[1:], w.next()))
	w.say("replace folder %s of %d by %s", f, len(list), to)
	w.moveDir(f, to)
	for _, t := range list {
		w.must(os.Remove(w.file(t)))
		w.resound(t, suffix)
		t.key = path.Join(to, fmt.Sprintf("%02d %d%s", t.tags.Track, w.next(), suffix))
		w.write(t)
	}
	// What replaces what is said only of one scan that sees both.
	w.together = true
	return true
}
