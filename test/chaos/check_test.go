package chaos

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// foldersOf are the folders that hold a key, the nearest first.
func foldersOf(key string) []string {
	var out []string
	for f := path.Dir(key); f != "."; f = path.Dir(f) {
		out = append(out, f)
	}
	return out
}

// check compares what every user sees with the truth, after a complete scan.
func (w *world) check(h *house) (wrong []string) {
	w.t.Helper()
	bad := func(format string, args ...any) {
		if len(wrong) < 12 {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		} else if len(wrong) == 12 {
			wrong = append(wrong, "...")
		}
	}
	for _, t := range w.tracks {
		t.shown = !t.gone
	}
	for i, u := range w.users {
		v := h.viewer(u.name)
		w.checkSongs(h, u, v, bad)
		w.checkAlbums(h, u, v, bad)
		w.checkArtists(h, u, v, bad)
		w.checkFolders(h, u, v, bad)
		w.checkLists(h, u, v, bad)
		if i == 0 && len(wrong) > 0 {
			break // the other sees the same songs
		}
	}
	return wrong
}

// sameID keeps the first id that something is seen with and wants it for ever.
func sameID(have *models.Key, is models.Key) bool {
	if *have == 0 {
		*have = is
	}
	return *have == is
}

func (w *world) checkSongs(h *house, u *user, v catalog.Viewer, bad func(string, ...any)) {
	list, err := h.catalog.RandomSongs(context.Background(), v, catalog.SongList{Size: 1 << 20})
	w.must(err)
	seen := map[string]*models.Song{}
	for _, s := range list {
		if seen[s.ObjectKey] != nil {
			bad("%s is shown twice", s.ObjectKey)
		}
		seen[s.ObjectKey] = s
	}
	stars := map[models.Key]bool{}
	for _, t := range w.tracks {
		if t.gone {
			continue
		}
		s := seen[t.key]
		delete(seen, t.key)
		if s == nil {
			bad("%s is not shown", t.key)
			continue
		}
		if !sameID(&t.id, s.Key) {
			bad("song %s was %s and is %s", t.key, t.id, s.Key)
			continue
		}
		if t.created == 0 {
			t.created = s.Created
		}
		m := u.mark(t)
		if m.star {
			stars[t.id] = true
		}
		if s.Created != t.created {
			bad("song %s came at %d and says %d", t.key, t.created, s.Created)
		}
		if s.Title != t.tags.Title || s.Artist != t.tags.Artist || s.Track != t.tags.Track || s.Tags.Album != t.tags.Album || s.AlbumName != t.album.name || s.Suffix != t.suffix[1:] {
			bad("song %s is %q by %q, %d on %q (%q), want %q by %q, %d on %q", t.key, s.Title, s.Artist, s.Track, s.Tags.Album, s.AlbumName, t.tags.Title, t.tags.Artist, t.tags.Track, t.album.name)
		}
		if !sameID(&t.album.id, s.Album) {
			bad("song %s of %q is on album %s, which was %s", t.key, t.album.name, s.Album, t.album.id)
		}
		if (s.User.StarredAt != 0) != m.star || s.User.Rating != m.rating || s.User.PlayCount != m.plays || s.User.PlayedAt != m.last || s.User.Bookmark != u.bookmarks[t] {
			bad("song %s has %+v of %s, want %+v and a bookmark at %d", t.key, s.User, u.name, *m, u.bookmarks[t])
		}
	}
	for key := range seen {
		bad("%s is shown and is not there", key)
	}
	_, _, starred, _, err := h.catalog.Starred(context.Background(), v)
	w.must(err)
	for _, s := range starred {
		if !stars[s.Key] {
			bad("%s of %s has a star of nobody", s.ObjectKey, u.name)
		}
		delete(stars, s.Key)
	}
	for k := range stars {
		bad("the starred songs of %s lack %s", u.name, k)
	}
}

func (w *world) checkAlbums(h *house, u *user, v catalog.Viewer, bad func(string, ...any)) {
	seen := map[models.Key]*models.Album{}
	for offset := 0; ; offset += 500 {
		list, total, err := h.catalog.Albums(context.Background(), v, catalog.AlbumList{By: "alphabeticalByName", Size: 500, Offset: offset})
		w.must(err)
		for _, a := range list {
			seen[a.Key] = a
		}
		if offset+500 >= total {
			break
		}
	}
	songs := map[*album]int{}
	for _, t := range w.tracks {
		if !t.gone {
			songs[t.album]++
		}
	}
	for _, al := range w.albums {
		if songs[al] == 0 {
			continue
		}
		a := seen[al.id]
		delete(seen, al.id)
		if a == nil {
			bad("album %q is not shown", al.name)
			continue
		}
		by := "Various Artists"
		if al.artist != nil {
			by = al.artist.name
		}
		if a.Songs != songs[al] || a.Name != al.name || a.Artist != by {
			bad("album %q by %q has %d songs, want %q by %q with %d", a.Name, a.Artist, a.Songs, al.name, by, songs[al])
		}
		if m := *markOf(al.marks, u); (a.User.StarredAt != 0) != m.star || a.User.Rating != m.rating || a.User.PlayCount != m.plays || a.User.PlayedAt != m.last {
			bad("album %q has %+v of %s, want %+v", al.name, a.User, u.name, m)
		}
	}
	for _, a := range seen {
		bad("there is an album %q of %d songs that should not be", a.Name, a.Songs)
	}
}

func (w *world) checkArtists(h *house, u *user, v catalog.Viewer, bad func(string, ...any)) {
	list, err := h.catalog.Artists(context.Background(), v)
	w.must(err)
	seen := map[string]*models.Artist{}
	for _, a := range list {
		if seen[a.Name] != nil {
			bad("there are two artists %q", a.Name)
		}
		seen[a.Name] = a
	}
	albums := map[*artist]map[*album]bool{}
	for _, t := range w.tracks {
		if a := t.album.artist; !t.gone && a != nil {
			if albums[a] == nil {
				albums[a] = map[*album]bool{}
			}
			albums[a][t.album] = true
		}
	}
	for _, a := range w.people {
		if len(albums[a]) == 0 {
			continue
		}
		s := seen[a.name]
		delete(seen, a.name)
		if s == nil {
			bad("artist %q is not shown", a.name)
			continue
		}
		if !sameID(&a.id, s.Key) {
			bad("artist %q was %s and is %s", a.name, a.id, s.Key)
		}
		if s.Albums != len(albums[a]) {
			bad("artist %q has %d albums, want %d", a.name, s.Albums, len(albums[a]))
		}
		if on := s.User.StarredAt != 0; on != markOf(a.marks, u).star {
			bad("artist %q is starred by %s: %v", a.name, u.name, on)
		}
	}
	delete(seen, "Various Artists")
	for name := range seen {
		bad("there is an artist %q who should not be", name)
	}
}

func (w *world) checkFolders(h *house, u *user, v catalog.Viewer, bad func(string, ...any)) {
	seen := map[string]*models.Folder{}
	next, err := h.catalog.TopFolders(context.Background(), v)
	w.must(err)
	for len(next) > 0 {
		f := next[0]
		below, err := h.catalog.SubFolders(context.Background(), v, f.Key)
		w.must(err)
		seen[f.Path], next = f, append(next[1:], below...)
	}
	want := map[string]bool{}
	for _, t := range w.tracks {
		if !t.gone {
			for _, f := range foldersOf(t.key) {
				want[f] = true
			}
		}
	}
	for p := range want {
		f := seen[p]
		delete(seen, p)
		if f == nil {
			bad("folder %q is not shown", p)
			continue
		}
		if !sameID(&w.dirs[p].id, f.Key) {
			bad("folder %q was %s and is %s", p, w.dirs[p].id, f.Key)
		}
		if on := f.User.StarredAt != 0; on != markOf(w.dirs[p].marks, u).star {
			bad("folder %q is starred by %s: %v", p, u.name, on)
		}
	}
	for p := range seen {
		bad("folder %q is shown and has no song", p)
	}
}

func (w *world) checkLists(h *house, u *user, v catalog.Viewer, bad func(string, ...any)) {
	ctx := context.Background()
	shown := func(list []*track) []models.Key {
		var out []models.Key
		for _, t := range list {
			if !t.gone {
				out = append(out, t.id)
			}
		}
		return out
	}
	ids := func(list []*models.Song) []models.Key {
		var out []models.Key
		for _, s := range list {
			out = append(out, s.Key)
		}
		return out
	}
	all, err := h.catalog.Playlists(ctx, v, 0, false)
	w.must(err)
	if len(all) != len(u.lists) {
		bad("%s has %d playlists, want %d", u.name, len(all), len(u.lists))
	}
	for _, p := range u.lists {
		_, songs, err := h.catalog.Playlist(ctx, v, p.id)
		w.must(err)
		if got, want := ids(songs), shown(p.entries); !slices.Equal(got, want) {
			bad("playlist %s of %s holds %v, want %v", p.name, u.name, got, want)
		}
	}
	q, err := h.catalog.Queue(ctx, v)
	w.must(err)
	if got, want := ids(q.Songs), shown(u.queue); !slices.Equal(got, want) {
		bad("the queue of %s holds %v, want %v", u.name, got, want)
	} else if len(want) > 0 {
		current, position := len(want)-1, int64(0)
		before := 0
		for i, t := range u.queue {
			if i >= u.current && !t.gone {
				current = before
				if i == u.current {
					position = u.position
				}
				break
			}
			if !t.gone {
				before++
			}
		}
		if q.Current != current || q.Position != position {
			bad("the queue of %s is at %d in song %d, want %d in %d", u.name, q.Position, q.Current, position, current)
		}
	}
	marked, err := h.catalog.Bookmarks(ctx, v)
	w.must(err)
	want := map[models.Key]int64{}
	for t, at := range u.bookmarks {
		if !t.gone {
			want[t.id] = at
		}
	}
	for _, b := range marked {
		if want[b.Song.Key] != b.Position {
			bad("%s has a bookmark at %d in %s, want %d", u.name, b.Position, b.Song.ObjectKey, want[b.Song.Key])
		}
		delete(want, b.Song.Key)
	}
	for k := range want {
		bad("%s lacks the bookmark in %s", u.name, k)
	}
}

// contents are the lines of a dump that tell of files and not of history.
func contents(dump []string) []string {
	return slices.DeleteFunc(slices.Clone(dump), func(l string) bool {
		what, _, _ := strings.Cut(l, " ")
		return slices.Contains([]string{"missing", "user", "play", "playlist", "queue", "bookmark", "hidden"}, what)
	})
}
