package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/test/music"
)

// world is a library on a disk and the truth about it: what every song is,
// whatever its file is called, and what every user attached to it. It knows
// ids only to see that they never change.
type world struct {
	t      testing.TB
	r      *rand.Rand
	dir    string // the library's root
	attic  string // where deleted files wait for their return
	n      int    // numbers what must have a name of its own
	tracks []*track
	albums []*album
	people []*artist
	dirs   map[string]*dir // by path; all folders that ever held a song, or a folder that did
	users  []*user
	// What changed in this round and may not change again before a scan has
	// seen it, so that the rules say for certain what becomes of it.
	busy map[any]bool
	log  []string // what was done in this round
	// together tells that a scan of this round must see all folders at once.
	together bool
}

// track is one song: one sound at one place of one album. Marks hang on it.
type track struct {
	n      int
	album  *album
	sound  music.Sound
	shared bool // other tracks sound the same
	suffix string
	tags   music.Tags
	key    string // where its file is, or was before it was deleted
	gone   bool   // the file is in the attic
	shown  bool   // a scan has seen it present

	id      models.Key
	created int64
}

// album is a release. Its songs lie in any folders, or, when no tag names its
// artist, in one.
type album struct {
	n      int
	name   string
	artist *artist // nil: several
	folded bool    // only the folder holds it together
	id     models.Key
	marks  map[*user]*marks
}

type artist struct {
	n     int
	name  string
	id    models.Key
	marks map[*user]*marks
}

// dir is a folder with songs in or below it.
type dir struct {
	id    models.Key
	marks map[*user]*marks
}

// marks are what one user attached to one thing.
type marks struct {
	star   bool
	rating int
	plays  int64
	last   int64 // play, ms
}

func markOf[T any](m map[*user]*T, u *user) *T {
	if m[u] == nil {
		m[u] = new(T)
	}
	return m[u]
}

var suffixes = []string{".mp3", ".mp3", ".mp3", ".flac", ".flac", ".opus", ".ogg", ".m4a", ".wav"}

// newWorld makes a library of about this many songs:
//
//	Rock/Artist 07/Album 31/03 Song 211.flac   tagged in full
//	Rock/Artist 07/Album 32/CD2/...            in two discs
//	Best/Best of 12/...                        songs of others again: equal sounds
//	Mixed/Party 4/...                          several artists, and no album artist
//	Silence/Quiet 1/...                        ten songs that all sound the same
func newWorld(t testing.TB, seed uint64, songs int) *world {
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 1)), dirs: map[string]*dir{}, busy: map[any]bool{}}
	base := t.TempDir()
	w.dir, w.attic = filepath.Join(base, "music"), filepath.Join(base, "attic")
	for _, d := range []string{w.dir, w.attic} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	genres := []string{"Rock", "Jazz", "Folk"}
	for len(w.tracks) < songs*8/10 {
		a := w.newArtist()
		genre := pick(w, genres)
		for range 2 + w.r.IntN(4) {
			al := w.newAlbum(a, "Album")
			folder := genre + "/" + a.name + "/" + al.name
			suffix := pick(w, suffixes)
			discs := 1 + w.r.IntN(8)/6
			for d := range discs {
				f := folder
				if discs > 1 {
					f += fmt.Sprintf("/CD%d", d+1)
				}
				w.fill(al, f, suffix, 6+w.r.IntN(8), d+1, discs)
			}
		}
	}
	for len(w.tracks) < songs*9/10 {
		al := w.newAlbum(nil, "Party")
		al.folded = true
		for n := range 8 + w.r.IntN(5) {
			w.add(&track{album: al, suffix: ".mp3", tags: music.Tags{Artist: pick(w, w.people).name, Track: n + 1}}, "Mixed/"+al.name)
		}
	}
	originals := slices.Clone(w.tracks)
	for len(w.tracks) < songs*97/100 {
		al := w.newAlbum(w.newArtist(), "Best of")
		for n := range 10 {
			o := pick(w, originals)
			for o.shared || o.album.folded {
				o = pick(w, originals)
			}
			o.shared = true
			w.add(&track{album: al, suffix: o.suffix, sound: o.sound, shared: true, tags: music.Tags{Artist: al.artist.name, AlbumArtist: al.artist.name, Track: n + 1}}, "Best/"+al.name)
		}
	}
	quiet := music.Sound{Seed: 1 << 40, Size: 2000, Seconds: 100}
	for len(w.tracks) < songs {
		al := w.newAlbum(w.newArtist(), "Quiet")
		for n := range 10 {
			w.add(&track{album: al, suffix: ".flac", sound: quiet, shared: true, tags: music.Tags{Artist: al.artist.name, AlbumArtist: al.artist.name, Track: n + 1}}, "Silence/"+al.name)
		}
	}
	return w
}

func pick[T any](w *world, list []T) T { return list[w.r.IntN(len(list))] }

// next returns a number that was never used.
func (w *world) next() int {
	w.n++
	return w.n
}

func (w *world) newArtist() *artist {
	a := &artist{n: w.next(), marks: map[*user]*marks{}}
	a.name = fmt.Sprintf("Artist %04d", a.n)
	w.people = append(w.people, a)
	return a
}

func (w *world) newAlbum(a *artist, kind string) *album {
	al := &album{n: w.next(), artist: a, marks: map[*user]*marks{}}
	al.name = fmt.Sprintf("%s %04d", kind, al.n)
	w.albums = append(w.albums, al)
	return al
}

// fill gives an album songs of its artist.
func (w *world) fill(al *album, folder, suffix string, songs, disc, discs int) {
	for n := range songs {
		t := &track{album: al, suffix: suffix, tags: music.Tags{Artist: al.artist.name, AlbumArtist: al.artist.name, Track: n + 1}}
		if discs > 1 {
			t.tags.Disc = disc
		}
		w.add(t, folder)
	}
}

// add puts a new song into a folder.
func (w *world) add(t *track, folder string) {
	t.n = w.next()
	if t.sound.Size == 0 {
		t.sound = music.Sound{Seed: uint64(t.n) << 20, Size: 1700 + t.n%300, Seconds: 30 + t.n%200}
	}
	t.tags.Title, t.tags.Album, t.tags.Year, t.tags.Genre = fmt.Sprintf("Song %05d", t.n), t.album.name, 1970+t.n%50, "Pop"
	t.key = folder + "/" + fmt.Sprintf("%02d %s%s", t.tags.Track, t.tags.Title, t.suffix)
	w.tracks = append(w.tracks, t)
	w.write(t)
	w.know(folder)
}

// know makes the folders that hold a folder known.
func (w *world) know(folder string) {
	for f := folder; f != "." && f != ""; f = path.Dir(f) {
		if w.dirs[f] == nil {
			w.dirs[f] = &dir{marks: map[*user]*marks{}}
		}
	}
}

// file is where the song's file is now.
func (w *world) file(t *track) string {
	if t.gone {
		return filepath.Join(w.attic, fmt.Sprint(t.n)+t.suffix)
	}
	return filepath.Join(w.dir, t.key)
}

// write writes the song's file with its present tags, in the library or, when
// it is gone, in the attic.
func (w *world) write(t *track) {
	w.t.Helper()
	f := w.file(t)
	w.must(os.MkdirAll(filepath.Dir(f), 0o755))
	w.must(os.WriteFile(f, music.Bytes(music.Formats[t.suffix], &t.tags, t.sound), 0o644))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// rename moves a file or a folder of the library on the disk.
func (w *world) rename(from, to string) {
	w.t.Helper()
	w.must(os.MkdirAll(filepath.Dir(to), 0o755))
	w.must(os.Rename(from, to))
}

// say notes what is done.
func (w *world) say(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

// in returns the songs whose files are, or if gone were, in or below a folder.
func (w *world) in(folder string) []*track {
	var out []*track
	for _, t := range w.tracks {
		if strings.HasPrefix(t.key, folder+"/") {
			out = append(out, t)
		}
	}
	return out
}

func (w *world) on(al *album) []*track {
	var out []*track
	for _, t := range w.tracks {
		if t.album == al {
			out = append(out, t)
		}
	}
	return out
}

func present(list []*track) []*track {
	return slices.DeleteFunc(slices.Clone(list), func(t *track) bool { return t.gone })
}

// free tells whether none of these changed in this round, and if so marks
// them as changing.
func (w *world) free(things ...any) bool {
	for _, x := range things {
		if w.busy[x] {
			return false
		}
	}
	for _, x := range things {
		w.busy[x] = true
	}
	return true
}

// touches lists what an operation on songs may change: the songs, their albums,
// and the folders that hold them.
func (w *world) touches(list []*track) []any {
	seen := map[any]bool{}
	for _, t := range list {
		seen[t], seen[t.album] = true, true
		if t.album.artist != nil {
			seen[t.album.artist] = true
		}
		for f := path.Dir(t.key); f != "."; f = path.Dir(f) {
			seen[f] = true
		}
	}
	out := make([]any, 0, len(seen))
	for x := range seen {
		out = append(out, x)
	}
	return out
}
