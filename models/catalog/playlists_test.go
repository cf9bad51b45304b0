package catalog

import (
	"context"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// shows fails unless the viewer sees these songs of the shelf in the list.
func (s *shelf) shows(t *testing.T, v Viewer, list models.Key, want ...int) {
	t.Helper()
	p, songs, err := s.Playlist(context.Background(), v, list)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]int, len(songs))
	for i, x := range songs {
		got[i] = slices.Index(s.songs, x.Key)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the list shows %v, want %v", got, want)
	}
	if p.Songs != len(want) || p.Duration != int64(len(want))*1000 {
		t.Errorf("counts %d songs, %d ms, want %d", p.Songs, p.Duration, len(want))
	}
}

func (s *shelf) pick(n ...int) []models.Key {
	out := make([]models.Key, len(n))
	for i, n := range n {
		out[i] = s.songs[n]
	}
	return out
}

func (s *shelf) list(t *testing.T, v Viewer, n ...int) models.Key {
	t.Helper()
	k, err := s.CreatePlaylist(context.Background(), v, "List", s.pick(n...))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Three of ten are missing; the app removes index 4 of the seven that it sees
// and reorders them; when the songs return they are at their places.
func TestPlaylistIndexesMeanTheListAsShown(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		k := s.list(t, s.first, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
		gone := s.pick(0, 4, 5)
		s.hide(t, true, gone...)
		s.shows(t, s.first, k, 1, 2, 3, 6, 7, 8, 9)
		if err := c.EditPlaylist(ctx, s.first, k, PlaylistEdit{Remove: []int{4}}); err != nil {
			t.Fatal(err)
		}
		s.shows(t, s.first, k, 1, 2, 3, 6, 8, 9)
		if err := c.ReplacePlaylist(ctx, s.first, k, nil, s.pick(9, 3, 2, 1, 6, 8)); err != nil {
			t.Fatal(err)
		}
		s.shows(t, s.first, k, 9, 3, 2, 1, 6, 8)
		s.hide(t, false, gone...)
		s.shows(t, s.first, k, 0, 9, 3, 4, 5, 2, 1, 6, 8)
	})
}

func TestPlaylistEditIsWholeOrNothing(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		k := s.list(t, s.first, 0, 1, 1, 2)
		before, _, err := c.Playlist(ctx, s.first, k)
		if err != nil {
			t.Fatal(err)
		}
		name := "New"
		for _, e := range []PlaylistEdit{
			{Name: &name, Remove: []int{4}},
			{Name: &name, Remove: []int{0, -1}},
		} {
			refused(t, c.EditPlaylist(ctx, s.first, k, e), models.ErrInvalid)
		}
		for _, k2 := range []models.Key{s.songs[10], models.NewKey()} {
			refused(t, c.EditPlaylist(ctx, s.first, k, PlaylistEdit{Name: &name, Remove: []int{0}, Add: []models.Key{k2}}), models.ErrNotFound)
			refused(t, c.ReplacePlaylist(ctx, s.first, k, &name, []models.Key{k2}), models.ErrNotFound)
			_, err := c.CreatePlaylist(ctx, s.first, "x", []models.Key{k2})
			refused(t, err, models.ErrNotFound)
		}
		if err := c.EditPlaylist(ctx, s.first, k, PlaylistEdit{}); err != nil {
			t.Fatal(err)
		}
		after, _, err := c.Playlist(ctx, s.first, k)
		if err != nil || *after != *before {
			t.Errorf("refused edits changed %+v to %+v %v", before, after, err)
		}
		s.shows(t, s.first, k, 0, 1, 1, 2)
		// Removal by the places before the edit, each once, then adding.
		if err := c.EditPlaylist(ctx, s.first, k, PlaylistEdit{Name: &name, Remove: []int{3, 0, 3}, Add: s.pick(2, 2, 0)}); err != nil {
			t.Fatal(err)
		}
		s.shows(t, s.first, k, 1, 1, 2, 2, 0)
		if p, _, _ := c.Playlist(ctx, s.first, k); p.Name != "New" {
			t.Errorf("name %q", p.Name)
		}
	})
}

func TestPlaylistRights(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		k := s.list(t, s.both, 0, 10, 1, 11)
		name, yes := "x", true
		edits := func(want error) {
			t.Helper()
			refused(t, c.EditPlaylist(ctx, s.first, k, PlaylistEdit{Name: &name}), want)
			refused(t, c.ReplacePlaylist(ctx, s.first, k, nil, nil), want)
			refused(t, c.DeletePlaylist(ctx, s.first, k, false), want)
		}
		_, _, err := c.Playlist(ctx, s.first, k)
		refused(t, err, models.ErrNotFound)
		edits(models.ErrNotFound)
		seen := func(v Viewer, owner models.Key, admin bool) int {
			t.Helper()
			list, err := c.Playlists(ctx, v, owner, admin)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		if n := seen(s.first, 0, false) + seen(s.first, s.both.User, false); n != 0 {
			t.Error("another user's private list is shown")
		}
		version, others := c.UserVersion(s.both.User), c.UserVersion(s.first.User)
		if err := c.EditPlaylist(ctx, s.both, k, PlaylistEdit{Public: &yes}); err != nil {
			t.Fatal(err)
		}
		if c.UserVersion(s.both.User) == version || c.UserVersion(s.first.User) == others {
			t.Error("a list that becomes public changes what others see")
		}
		s.shows(t, s.both, k, 0, 10, 1, 11)
		s.shows(t, s.first, k, 0, 1)
		s.shows(t, s.second, k, 10, 11)
		edits(models.ErrForbidden)
		if n := seen(s.first, 0, false); n != 1 {
			t.Errorf("%d public lists shown", n)
		}
		list, err := c.Playlists(ctx, s.first, s.both.User, false)
		if err != nil || len(list) != 1 || list[0].Songs != 2 || list[0].Duration != 2000 || list[0].OwnerID != "both" || !list[0].Public {
			t.Errorf("public lists of one user: %+v %v", list, err)
		}
		private := s.list(t, s.first, 0)
		if seen(s.both, s.first.User, true) != 1 || seen(s.both, s.first.User, false) != 0 {
			t.Error("only an admin sees the private lists of a named user")
		}
		if err := c.DeletePlaylist(ctx, s.both, private, true); err != nil {
			t.Error(err)
		}
		refused(t, c.DeletePlaylist(ctx, s.both, private, true), models.ErrNotFound)
		others = c.UserVersion(s.first.User)
		mine := s.list(t, s.both, 1)
		if c.UserVersion(s.first.User) != others {
			t.Error("a private list raised another user's version")
		}
		if err := c.DeletePlaylist(ctx, s.both, mine, false); err != nil {
			t.Error(err)
		}
	})
}

// The owner has lost the rights in one library: its entries keep their places.
func TestPlaylistOutlivesLostRights(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		k := s.list(t, s.both, 10, 0, 11, 1)
		narrow := s.both
		narrow.Libraries = narrow.Libraries[:1]
		s.shows(t, narrow, k, 0, 1)
		if err := c.EditPlaylist(ctx, narrow, k, PlaylistEdit{Remove: []int{0}, Add: s.pick(2)}); err != nil {
			t.Fatal(err)
		}
		s.shows(t, s.both, k, 10, 11, 1, 2)
		// An app that read the list with all rights sends what it knows.
		if err := c.ReplacePlaylist(ctx, narrow, k, nil, s.pick(2, 11, 1)); err != nil {
			t.Fatal(err)
		}
		s.shows(t, s.both, k, 10, 2, 11, 1)
	})
}

func TestPlaylistOf10000(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		var songs []models.Key
		for i := range 10000 {
			songs = append(songs, s.songs[i%10])
		}
		k, err := c.CreatePlaylist(ctx, s.first, "Long", songs)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.EditPlaylist(ctx, s.first, k, PlaylistEdit{Add: songs, Remove: []int{9999, 0}}); err != nil {
			t.Fatal(err)
		}
		p, got, err := c.Playlist(ctx, s.first, k)
		if err != nil || p.Songs != 19998 {
			t.Fatalf("%d songs %v", p.Songs, err)
		}
		if got[0].Key != s.songs[1] || got[19997].Key != s.songs[9] {
			t.Error("out of order")
		}
	})
}

func TestQueue(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		shows := func(current int, position int64, want ...int) {
			t.Helper()
			q, err := c.Queue(ctx, s.first)
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, x := range q.Songs {
				got = append(got, slices.Index(s.songs, x.Key))
			}
			if !slices.Equal(got, want) || q.Current != current || q.Position != position {
				t.Errorf("queue %v at %d, %d ms; want %v at %d, %d ms", got, q.Current, q.Position, want, current, position)
			}
		}
		save := func(current int, position int64, n ...int) {
			t.Helper()
			if err := c.SaveQueue(ctx, s.first, s.pick(n...), current, position, "app"); err != nil {
				t.Fatal(err)
			}
		}
		if q, err := c.Queue(ctx, s.first); err != nil || q.Songs != nil || q.Current != -1 {
			t.Errorf("nothing saved: %+v %v", q, err)
		}
		save(2, 500, 0, 1, 0, 2)
		shows(2, 500, 0, 1, 0, 2)
		if q, _ := c.Queue(ctx, s.first); q.ChangedBy != "app" || q.Changed == 0 {
			t.Errorf("changed %d by %q", q.Changed, q.ChangedBy)
		}
		if q, err := c.Queue(ctx, s.also); err != nil || q.Songs != nil {
			t.Error("another user's queue is shown")
		}
		// The current song goes: the next one stands for it, from the beginning.
		s.hide(t, true, s.songs[0])
		shows(1, 0, 1, 2)
		// The app plays on in what it was shown; the hidden keep their places.
		save(1, 700, 1, 2)
		shows(1, 700, 1, 2)
		s.hide(t, false, s.songs[0])
		shows(3, 700, 0, 1, 0, 2)
		// The last goes: the one before it stands for it.
		s.hide(t, true, s.songs[2])
		shows(2, 0, 0, 1, 0)
		// Another queue: nothing of the old one hides in it.
		save(0, 0, 5, 6)
		s.hide(t, false, s.songs[2])
		shows(0, 0, 5, 6)
		s.hide(t, true, s.pick(5, 6)...)
		if q, err := c.Queue(ctx, s.first); err != nil || q.Songs == nil || len(q.Songs) != 0 || q.Current != -1 {
			t.Errorf("all hidden: %+v %v", q, err)
		}
		save(0, 0, 7)
		s.hide(t, false, s.pick(5, 6)...)
		shows(0, 0, 7)

		refused(t, c.SaveQueue(ctx, s.first, s.pick(1), 1, 0, ""), models.ErrInvalid)
		refused(t, c.SaveQueue(ctx, s.first, s.pick(1), -1, 0, ""), models.ErrInvalid)
		refused(t, c.SaveQueue(ctx, s.first, s.pick(1), 0, -1, ""), models.ErrInvalid)
		refused(t, c.SaveQueue(ctx, s.first, s.pick(1, 10), 0, 0, ""), models.ErrNotFound)
		shows(0, 0, 7)
		save(0, 0)
		if q, err := c.Queue(ctx, s.first); err != nil || q.Songs != nil {
			t.Errorf("cleared: %+v %v", q, err)
		}
	})
}

func TestBookmarks(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		set := func(n int, position int64, comment string) {
			t.Helper()
			if err := c.SetBookmark(ctx, s.first, s.songs[n], position, comment); err != nil {
				t.Fatal(err)
			}
		}
		get := func(v Viewer) []*models.Bookmark {
			t.Helper()
			list, err := c.Bookmarks(ctx, v)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		set(0, 1000, "a")
		set(1, 2000, "b")
		if err := c.w.Exec(`UPDATE bookmarks SET created_at = 5, changed_at = 5`).Error; err != nil {
			t.Fatal(err)
		}
		set(0, 3000, "c")
		list := get(s.first)
		if len(list) != 2 || list[0].Song.Key != s.songs[0] || list[0].Position != 3000 || list[0].Comment != "c" || list[0].Created != 5 || list[0].Changed == 5 {
			t.Fatalf("bookmarks %+v", list)
		}
		if list[0].Song.User.Bookmark != 3000 {
			t.Error("the song does not tell its bookmark")
		}
		if len(get(s.also)) != 0 {
			t.Error("another user's bookmarks are shown")
		}
		refused(t, c.SetBookmark(ctx, s.first, s.songs[10], 1, ""), models.ErrNotFound)
		refused(t, c.SetBookmark(ctx, s.first, s.songs[0], -1, ""), models.ErrInvalid)
		refused(t, c.DeleteBookmark(ctx, s.first, s.songs[10]), models.ErrNotFound)
		s.hide(t, true, s.songs[0])
		refused(t, c.SetBookmark(ctx, s.first, s.songs[0], 1, ""), models.ErrNotFound)
		if list := get(s.first); len(list) != 1 || list[0].Song.Key != s.songs[1] {
			t.Errorf("with a missing song: %+v", list)
		}
		// A copy that shares the bookmark stands for the missing song.
		if err := c.w.Exec(`UPDATE songs SET annot_id = ? WHERE id = ?`, s.songs[0], s.songs[2]).Error; err != nil {
			t.Fatal(err)
		}
		if list := get(s.first); len(list) != 2 || list[0].Song.Key != s.songs[2] || list[0].Position != 3000 {
			t.Errorf("with a copy: %+v", list)
		}
		for range 2 {
			if err := c.DeleteBookmark(ctx, s.first, s.songs[0]); err != nil {
				t.Fatal(err)
			}
		}
		if list := get(s.first); len(list) != 1 {
			t.Errorf("after deletion: %+v", list)
		}
	})
}
