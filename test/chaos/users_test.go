package chaos

import (
	"context"
	"fmt"
	"slices"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// user is a person and what that person attached to what, by the truth.
type user struct {
	name      string
	songs     map[*track]*marks
	lists     []*playlist
	queue     []*track
	current   int   // in queue
	position  int64 // in the current song
	bookmarks map[*track]int64
}

type playlist struct {
	id      models.Key
	name    string
	entries []*track
}

func newUser(name string) *user {
	return &user{name: name, songs: map[*track]*marks{}, bookmarks: map[*track]int64{}}
}

func (u *user) mark(t *track) *marks {
	if u.songs[t] == nil {
		u.songs[t] = new(marks)
	}
	return u.songs[t]
}

// clock gives plays their times.
var clock int64 = 1_600_000_000_000

// act lets users do n things to songs for which ok holds, and to what these
// songs belong to.
func (w *world) act(h *house, n int, ok func(*track) bool) {
	w.t.Helper()
	var can []*track
	for _, t := range w.tracks {
		if t.shown && !t.gone && ok(t) {
			can = append(can, t)
		}
	}
	if len(can) == 0 {
		return
	}
	ctx := context.Background()
	for range n {
		u := pick(w, w.users)
		v := h.viewer(u.name)
		t := pick(w, can)
		song := models.ID{Kind: models.KindSong, Key: t.id}
		album := models.ID{Kind: models.KindAlbum, Key: t.album.id}
		switch w.r.IntN(12) {
		case 0, 1, 2: // star or unstar songs, mostly star
			on := w.r.IntN(4) > 0
			u.mark(t).star = on
			w.must(h.catalog.Star(ctx, v, []models.ID{song}, on))
		case 3:
			on := w.r.IntN(4) > 0
			markOf(t.album.marks, u).star = on
			w.must(h.catalog.Star(ctx, v, []models.ID{album}, on))
			if a := t.album.artist; a != nil {
				markOf(a.marks, u).star = on
				w.must(h.catalog.Star(ctx, v, []models.ID{{Kind: models.KindArtist, Key: a.id}}, on))
			}
		case 4:
			f := pick(w, foldersOf(t.key))
			on := w.r.IntN(4) > 0
			markOf(w.dirs[f].marks, u).star = on
			w.must(h.catalog.Star(ctx, v, []models.ID{{Kind: models.KindFolder, Key: w.dirs[f].id}}, on))
		case 5:
			rating := w.r.IntN(6)
			u.mark(t).rating = rating
			w.must(h.catalog.Rate(ctx, v, song, rating))
		case 6:
			rating := w.r.IntN(6)
			markOf(t.album.marks, u).rating = rating
			w.must(h.catalog.Rate(ctx, v, album, rating))
		case 7:
			clock += 1000
			for _, m := range []*marks{u.mark(t), markOf(t.album.marks, u)} {
				m.plays, m.last = m.plays+1, clock
			}
			_, err := h.catalog.Scrobble(ctx, v, []models.Play{{Song: t.id, At: clock, Player: "chaos"}})
			w.must(err)
		case 8:
			w.makeList(h, u, v, can)
		case 9:
			w.editList(h, u, v, can)
		case 10:
			w.saveQueue(h, u, v, can)
		case 11:
			at := 1 + w.r.Int64N(20_000)
			if _, there := u.bookmarks[t]; there && w.r.IntN(2) == 0 {
				delete(u.bookmarks, t)
				w.must(h.catalog.DeleteBookmark(ctx, v, t.id))
			} else {
				u.bookmarks[t] = at
				w.must(h.catalog.SetBookmark(ctx, v, t.id, at, ""))
			}
		}
	}
}

func (w *world) some(can []*track, most int) (list []*track, ids []models.Key) {
	for range 1 + w.r.IntN(most) {
		t := pick(w, can)
		list, ids = append(list, t), append(ids, t.id)
	}
	return list, ids
}

func (w *world) makeList(h *house, u *user, v catalog.Viewer, can []*track) {
	if len(u.lists) >= 12 {
		return
	}
	list, ids := w.some(can, 30)
	p := &playlist{name: fmt.Sprintf("List %d", w.next()), entries: list}
	var err error
	p.id, err = h.catalog.CreatePlaylist(context.Background(), v, p.name, ids)
	w.must(err)
	u.lists = append(u.lists, p)
}

// editList removes a few shown entries by their index and adds others.
func (w *world) editList(h *house, u *user, v catalog.Viewer, can []*track) {
	if len(u.lists) == 0 {
		return
	}
	p := pick(w, u.lists)
	// The index counts what the catalog shows, and the model knows that for
	// certain only while no file of the list has changed since the last scan.
	var shown []int
	for i, t := range p.entries {
		if w.busy[t] {
			return
		}
		if t.shown {
			shown = append(shown, i)
		}
	}
	var e catalog.PlaylistEdit
	var drop []int
	for n := range shown {
		if w.r.IntN(len(shown)) < 2 {
			e.Remove = append(e.Remove, n)
			drop = append(drop, shown[n])
		}
	}
	list, ids := w.some(can, 4)
	e.Add = ids
	w.must(h.catalog.EditPlaylist(context.Background(), v, p.id, e))
	slices.Reverse(drop)
	for _, i := range drop {
		p.entries = slices.Delete(p.entries, i, i+1)
	}
	p.entries = append(p.entries, list...)
}

// saveQueue saves another queue. Hidden songs of the old one would stay beside
// their neighbours: it is cleared before.
func (w *world) saveQueue(h *house, u *user, v catalog.Viewer, can []*track) {
	ctx := context.Background()
	w.must(h.catalog.SaveQueue(ctx, v, nil, 0, 0, "chaos"))
	list, ids := w.some(can, 20)
	u.queue, u.current, u.position = list, w.r.IntN(len(list)), w.r.Int64N(20_000)
	w.must(h.catalog.SaveQueue(ctx, v, ids, u.current, u.position, "chaos"))
}
