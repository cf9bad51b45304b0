package scanner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
)

// Playlists says what becomes of the playlists that lie as files in libraries.
type Playlists struct {
	Import bool
	// Owner is the name of the user whose lists they become; "" chooses the
	// first administrator. In a user's own library they are always that user's.
	Owner  string
	Public bool // others see the lists too, but for those of a user's own library
}

// importPlaylists reads the playlists that are new or changed and looks for
// the songs of lines that had none. An unchanged library costs one query.
// complete tells that the listing was: only then a file that is not in it may
// have moved.
func (x *scan) importPlaylists(ctx context.Context, complete bool) error {
	// Whoever makes copies copies lists as well.
	if !x.o.Playlists.Import || x.Library.Settings.CopiesOf != 0 {
		return nil
	}
	files, err := x.catalog.PlaylistFiles(ctx, x.Library.Number)
	if err != nil || len(files)+len(x.listing.playlists) == 0 {
		return err
	}
	owner, err := x.playlistOwner(ctx)
	if err != nil || owner == nil {
		return err
	}
	fresh, err := x.freshPlaylists(ctx, files, complete)
	if err != nil {
		return err
	}
	for _, f := range files {
		if f.Unresolved > 0 && !slices.ContainsFunc(fresh, func(p freshPlaylist) bool { return p.file.ObjectKey == f.ObjectKey }) {
			x.unresolved(f.ObjectKey, f.Unresolved)
		}
	}
	var open []catalog.OpenLine
	if x.changed || x.unfinished {
		if open, err = x.catalog.OpenLines(ctx, x.Library.Number); err != nil {
			return err
		}
	}
	r := newResolver(x.Library.Number, x.o.GuessEncodings)
	for _, p := range fresh {
		for i := range p.entries {
			r.want(p.file.ObjectKey, &p.entries[i])
		}
	}
	found := make([]catalog.PlaylistEntry, len(open))
	for i, l := range open {
		found[i].Line = l.Line
		r.want(l.ObjectKey, &found[i])
	}
	if err := r.resolve(ctx, x.catalog, owner.Libraries); err != nil {
		return err
	}
	var filled []catalog.FilledLine
	for i, l := range open {
		if found[i].Song != 0 {
			filled = append(filled, catalog.FilledLine{OpenLine: l, Entry: found[i]})
		}
	}
	if err := x.catalog.FillLines(ctx, filled); err != nil {
		return err
	}
	for _, p := range fresh {
		err := x.catalog.ImportPlaylist(ctx, catalog.PlaylistImport{
			File: p.file, Owner: owner.Key, Public: x.o.Playlists.Public && x.Library.Owner == 0,
			Name: p.name, Comment: p.comment, Entries: p.entries,
		})
		if err != nil {
			return err
		}
		n := 0
		for _, e := range p.entries {
			if e.Song == 0 {
				n++
			}
		}
		if n > 0 {
			x.unresolved(p.file.ObjectKey, n)
		}
	}
	return nil
}

// unresolved reports the lines of a playlist that no song was found for.
func (x *scan) unresolved(key string, n int) {
	x.problem(key, "%d lines of this playlist name no song, or several alike; they keep their places and are looked for whenever songs come", n)
}

// playlistOwner returns the user whose lists the library's playlists become,
// nil while there is none.
func (x *scan) playlistOwner(ctx context.Context) (*models.User, error) {
	switch {
	case x.Library.Owner != 0:
		return x.catalog.UserByKey(ctx, x.Library.Owner)
	case x.o.Playlists.Owner != "":
		u, err := x.catalog.UserByName(ctx, x.o.Playlists.Owner)
		if errors.Is(err, models.ErrNotFound) {
			x.problem("", "no playlist was read: there is no user %q, whom the setting playlist-owner names", x.o.Playlists.Owner)
			return nil, nil
		}
		return u, err
	}
	users, err := x.catalog.Users(ctx)
	if err != nil {
		return nil, err
	}
	var first *models.User
	for _, u := range users {
		if u.Admin && (first == nil || u.Created < first.Created) {
			first = u
		}
	}
	return first, nil
}

// freshPlaylist is a playlist's file that is new, or says something else than
// when it was read last.
type freshPlaylist struct {
	file          catalog.PlaylistFile
	name, comment string
	entries       []catalog.PlaylistEntry
}

// freshPlaylists reads the files that the listing shows and that are not as
// they were. What was only touched or moved is noted and left out.
func (x *scan) freshPlaylists(ctx context.Context, files []catalog.PlaylistFile, complete bool) ([]freshPlaylist, error) {
	known := map[string]catalog.PlaylistFile{}
	for _, f := range files {
		known[f.ObjectKey] = f
	}
	listed := map[string]bool{}
	objects := slices.DeleteFunc(x.listing.playlists, func(o storage.Object) bool { return x.ignore.object(o.Key) })
	slices.SortFunc(objects, func(a, b storage.Object) int { return strings.Compare(a.Key, b.Key) })
	for _, o := range objects {
		listed[o.Key] = true
	}
	gone := map[string]string{} // by content: keys of files that are not there any more
	for _, f := range files {
		if complete && !listed[f.ObjectKey] && x.covered(folderOf(f.ObjectKey)) {
			gone[f.Hash] = f.ObjectKey
		}
	}
	var fresh []freshPlaylist
	for _, o := range objects {
		f, ok := known[o.Key]
		if ok && f.Version == version(o, 0, 0) || o.Archived {
			continue
		}
		if x.lost.err() != nil {
			break
		}
		b, err := x.readWhole(ctx, o, mostPlaylistBytes)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
			continue // gone since the listing
		case err != nil:
			if x.judge(ctx, o.Key, err) != errUnread { //nolint:errorlint // it is never wrapped
				x.failed(o.Key, "this playlist can't be read: "+err.Error())
			}
			continue
		}
		sum := sha256.Sum256(b)
		f.Library, f.Version = x.Library.Number, version(o, 0, 0)
		hash := hex.EncodeToString(sum[:])
		old, moved := gone[hash]
		switch {
		case ok && f.Hash == hash:
			err = x.catalog.MovePlaylistFile(ctx, f, o.Key)
		case !ok && moved:
			delete(gone, hash)
			f.ObjectKey = old
			err = x.catalog.MovePlaylistFile(ctx, f, o.Key)
		default:
			var p *playlistFile
			if p, err = parsePlaylist(suffixOf(o.Key), b, x.o.GuessEncodings); err != nil {
				x.failed(o.Key, err.Error())
				err = nil
				continue
			}
			f.ObjectKey, f.Hash = o.Key, hash
			fresh = append(fresh, p.fresh(f))
		}
		if err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// fresh makes what is imported of a file.
func (p *playlistFile) fresh(f catalog.PlaylistFile) freshPlaylist {
	out := freshPlaylist{file: f, name: p.name, comment: p.comment, entries: make([]catalog.PlaylistEntry, len(p.lines))}
	if out.name == "" {
		base := path.Base(f.ObjectKey)
		out.name = models.CleanName(strings.TrimSuffix(base, path.Ext(base)))
	}
	for i, l := range p.lines {
		out.entries[i] = catalog.PlaylistEntry{Line: models.CleanKey(l.place), Title: l.title, Artist: l.artist}
	}
	return out
}

// resolver finds the songs that the lines of playlists name. It goes through
// the keys of each library once, however many lines there are.
type resolver struct {
	library int                      // that of the playlists
	guess   bool                     // the encodings of names that are no UTF-8
	wanted  map[string][]*wantedLine // by the folded name of the file
	order   []*wantedLine
}

// wantedLine is one way to understand a line.
type wantedLine struct {
	entry *catalog.PlaylistEntry
	parts []string // the last one first
	exact string   // the key that it is, folded, in the library of the playlist; "" for none
	part  int      // of the object
	best  score
	equal int // how many keys have the best score
	key   catalog.Known
	found int // the library of key
}

// score tells how well a key fits a line; the first difference decides.
type score struct {
	exact, suffix, own, present, spelled int
}

func (s score) compare(o score) int {
	for _, d := range []int{s.exact - o.exact, s.suffix - o.suffix, s.own - o.own, s.present - o.present, s.spelled - o.spelled} {
		if d != 0 {
			return d
		}
	}
	return 0
}

func newResolver(library int, guess bool) *resolver {
	return &resolver{library: library, guess: guess, wanted: map[string][]*wantedLine{}}
}

// want asks for the song of an entry's line, in the playlist with this key.
func (r *resolver) want(playlist string, e *catalog.PlaylistEntry) {
	places := []string{e.Line}
	if strings.Contains(e.Line, "%") {
		if s, err := url.PathUnescape(e.Line); err == nil && s != e.Line {
			places = append(places, s)
		}
	}
	add := func(place string, part int) {
		parts, relative := (playlistLine{place: place}).parts(r.guess)
		if len(parts) == 0 {
			return
		}
		w := &wantedLine{entry: e, parts: parts, part: part}
		if relative {
			names := slices.Clone(parts)
			slices.Reverse(names)
			w.exact = path.Join(append([]string{foldPath(folderOf(playlist), r.guess)}, names...)...)
		}
		r.wanted[parts[0]] = append(r.wanted[parts[0]], w)
		r.order = append(r.order, w)
	}
	for _, p := range places {
		add(p, 0)
		if object, part := partOf(p); part > 0 {
			add(object, part)
		}
	}
}

// foldPath folds every part of a key.
func foldPath(key string, guess bool) string {
	if key == "" {
		return ""
	}
	parts := strings.Split(key, "/")
	for i := range parts {
		parts[i] = foldPart(parts[i], guess)
	}
	return strings.Join(parts, "/")
}

// resolve fills in the songs of the entries. A line that fits several keys
// equally well gets none. libraries are those that the lists' owner reads.
func (r *resolver) resolve(ctx context.Context, c *catalog.Catalog, libraries []int) error {
	if len(r.wanted) == 0 {
		return nil
	}
	if !slices.Contains(libraries, r.library) {
		libraries = append(slices.Clone(libraries), r.library)
	}
	for _, n := range libraries {
		err := c.Known(ctx, n, "", func(k catalog.Known) error {
			if k.Song != 0 {
				for _, w := range r.wanted[foldPart(path.Base(k.ObjectKey), r.guess)] {
					w.weigh(k, n, n == r.library, r.guess)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	entries := map[models.Key][]*catalog.PlaylistEntry{}
	var songs []models.Key
	for _, w := range r.order {
		if w.equal != 1 || w.entry.Song != 0 {
			continue // none or several fit, or another way to read the line did
		}
		song := w.key.Song
		switch {
		case w.part > 0:
			k, err := c.SongAt(ctx, w.found, w.key.ObjectKey, w.part)
			if errors.Is(err, models.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			song = k
		case w.key.Hidden:
			continue // it is cut into songs, and the line names none of them
		}
		w.entry.Song = song
		if entries[song] == nil {
			songs = append(songs, song)
		}
		entries[song] = append(entries[song], w.entry)
	}
	return c.SongRows(ctx, songs, func(s *models.Song) {
		for _, e := range entries[s.Key] {
			e.Said, e.Line, e.Title, e.Artist, e.Album = e.Line, "", s.Title, s.Artist, s.AlbumName
		}
	})
}

// weigh looks how well a key fits, and keeps the best.
func (w *wantedLine) weigh(k catalog.Known, library int, own, guess bool) {
	names := strings.Split(k.ObjectKey, "/")
	var s score
	for i, n := len(names)-1, 0; i >= 0 && n < len(w.parts) && foldPart(names[i], guess) == w.parts[n]; i, n = i-1, n+1 {
		s.suffix++
	}
	if own {
		s.own = 1
		if w.exact != "" && foldPath(k.ObjectKey, guess) == w.exact {
			s.exact = 1
		}
	}
	// One equal name of many says nothing.
	if s.exact == 0 && s.suffix < 2 && len(names) > 1 && len(w.parts) > 1 {
		return
	}
	if !k.Missing {
		s.present = 1
	}
	if strings.HasSuffix(strings.ReplaceAll(w.entry.Line, `\`, "/"), names[len(names)-1]) {
		s.spelled = 1
	}
	switch d := s.compare(w.best); {
	case w.equal == 0 || d > 0:
		w.best, w.equal, w.key, w.found = s, 1, k, library
	case d == 0:
		w.equal++
	}
}
