package scanner

import (
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// What lies beside a song and has its name, whatever the case of letters, is
// its own: texts, and a picture that it shows when it has no better one.

// ownRank is the rank of a picture beside a song: after those within its file.
const ownRank = 40

// besideName is the name under which an object finds what lies beside it: its
// key without the ending, in small letters.
func besideName(key string) string {
	base := strings.TrimSuffix(key, path.Ext(key))
	folder := storage.Folder(base)
	if name := base[len(folder):]; utf8.ValidString(name) {
		return folder + strings.ToLower(name)
	}
	return base // small letters would make different bytes one
}

// nearest returns which of several objects of one name lies beside a song: the
// one with the very same letters, else the first.
func nearest(song string, keys []string) string {
	base := strings.TrimSuffix(song, path.Ext(song))
	best := ""
	for _, k := range keys {
		if strings.TrimSuffix(k, path.Ext(k)) == base {
			return k
		}
		if best == "" || k < best {
			best = k
		}
	}
	return best
}

// texts returns the texts beside a song, .lrc before .txt.
func (l *listing) texts(song string) []string {
	byType := map[string][]string{}
	for _, k := range l.lyrics[besideName(song)] {
		byType[suffixOf(k)] = append(byType[suffixOf(k)], k)
	}
	var out []string
	for _, suffix := range []string{"lrc", "txt"} {
		if len(byType[suffix]) > 0 {
			out = append(out, nearest(song, byType[suffix]))
		}
	}
	return out
}

// own returns the picture beside a song.
func (l *listing) own(song string) (storage.Object, bool) {
	list := l.beside[besideName(song)]
	keys := make([]string, len(list))
	for i, o := range list {
		keys[i] = o.Key
	}
	key := nearest(song, keys)
	i := slices.Index(keys, key)
	if i < 0 {
		return storage.Object{}, false
	}
	return list[i], true
}

// chosen returns the texts and pictures that lie beside songs and are theirs,
// each with the version that the catalog keeps of it.
func (x *scan) chosen() map[string]string {
	out := map[string]string{}
	if len(x.listing.lyrics)+len(x.listing.beside) == 0 {
		return out
	}
	for _, o := range x.listing.objects {
		if x.listing.cut[o.Key] {
			continue
		}
		for _, text := range x.listing.texts(o.Key) {
			out[text] = ""
		}
		if p, ok := x.listing.own(o.Key); ok {
			out[p.Key] = version(p, 0, 0)
		}
	}
	return out
}

// onlyBeside forgets the pictures that lie beside no song.
func (l *listing) onlyBeside() {
	if len(l.beside) == 0 {
		return
	}
	songs := make(map[string]bool, len(l.objects))
	for _, o := range l.objects {
		songs[besideName(o.Key)] = true
	}
	for name := range l.beside {
		if !songs[name] {
			delete(l.beside, name)
		}
	}
}

// ownPicture notes the picture beside a song, or that there is none.
func (w *writer) ownPicture(s *models.Song) {
	if !w.covered(folderOf(s.ObjectKey)) || s.Part != 0 {
		return
	}
	o, ok := w.listing.own(s.ObjectKey)
	if !ok && w.fresh[s.Key] {
		return
	}
	if w.beside == nil {
		w.beside = map[models.Key]*catalog.FoundPicture{}
	}
	w.beside[s.Key] = nil
	if ok {
		w.beside[s.Key] = &catalog.FoundPicture{Of: models.ID{Kind: models.KindSong, Key: s.Key}, Rank: ownRank, Version: version(o, 0, 0),
			ObjectKey: o.Key, PictureRef: models.PictureRef{Length: o.Size}}
	}
}

// withOwn gives songs without a picture in their files the one beside them.
func (w *writer) withOwn(pictures map[models.Key]catalog.FoundPicture) {
	for k, p := range w.beside {
		if have, ok := pictures[k]; ok && have.Embedded {
			continue
		}
		delete(pictures, k)
		if p != nil {
			pictures[k] = *p
		}
	}
}

// saveOwn writes the pictures that ownPicture noted.
func (w *writer) saveOwn() error {
	var songs []models.Key
	var found []catalog.FoundPicture
	for k, p := range w.beside {
		songs = append(songs, k)
		if p != nil {
			found = append(found, *p)
		}
	}
	slices.Sort(songs)
	return w.tx.SaveOwnPictures(songs, found)
}
