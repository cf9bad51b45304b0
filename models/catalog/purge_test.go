package catalog

import (
	"testing"

	"github.com/songlocker/songlocker/models"
)

// A purge takes what has been missing for long and what hangs on it, and
// leaves the rest: text in plays and playlists, younger absences, and marks
// that another song shares.
func TestPurge(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		ctx := t.Context()
		for _, name := range []string{"One", "Two"} {
			if _, err := c.AddLibrary(ctx, &models.Library{Name: name, Location: "file:///" + name}); err != nil {
				t.Fatal(err)
			}
		}
		u := &models.User{Name: "ann", AllLibraries: true}
		if err := c.CreateUser(ctx, u, nil); err != nil {
			t.Fatal(err)
		}
		u, err := c.UserByName(ctx, "ann")
		if err != nil {
			t.Fatal(err)
		}
		v := c.Viewer(u)
		keys := seed(t, c, 1, []seedSong{
			{Title: "Gone", Artist: "A", Album: "Left", Genre: "Rock", Track: 1}, {Title: "Here", Artist: "A", Album: "Left", Track: 2},
			{Title: "Alone", Artist: "B", Album: "Lost", Track: 1}, {Title: "Young", Artist: "C", Album: "Young", Track: 1},
			{Title: "Copy", Artist: "D", Album: "Copies", Track: 1}, {Title: "Original", Artist: "D", Album: "Originals", Track: 1},
		})
		other := seed(t, c, 2, []seedSong{{Title: "Elsewhere", Artist: "E", Album: "F"}})
		gone, here, alone, young, copied, original := keys[0], keys[1], keys[2], keys[3], keys[4], keys[5]
		exec := func(q string, args ...any) {
			t.Helper()
			if err := c.w.Exec(q, args...).Error; err != nil {
				t.Fatal(err)
			}
		}
		exec(`UPDATE songs SET annot_id = ? WHERE id = ?`, original, copied)
		one := func(q string, args ...any) (n int64) {
			t.Helper()
			if err := c.r.Raw(q, args...).Row().Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		lost := models.Key(one(`SELECT album_id FROM songs WHERE id = ?`, alone))
		song := func(k models.Key) models.ID { return models.ID{Kind: models.KindSong, Key: k} }
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(c.Star(ctx, v, []models.ID{song(gone), song(here), song(original), {Kind: models.KindAlbum, Key: lost}}, true))
		must(c.Rate(ctx, v, song(alone), 4))
		must(c.SetBookmark(ctx, v, alone, 5000, "here"))
		var plays []models.Play
		for i, k := range []models.Key{gone, gone, here, alone, copied} {
			plays = append(plays, models.Play{User: u.Key, Song: k, At: int64(1700000000000 + i*100000), Player: "test", Source: "subsonic"})
		}
		_, err = c.Scrobble(ctx, v, plays)
		must(err)
		list, err := c.CreatePlaylist(ctx, v, "list", []models.Key{here, gone, alone, original, gone})
		must(err)
		must(c.SaveQueue(ctx, v, []models.Key{gone, here, original}, 1, 7000, "test"))

		at := now()
		before := at - 1000
		for _, k := range []models.Key{gone, alone, copied} {
			exec(`UPDATE songs SET missing_at = ? WHERE id = ?`, before-5000, k)
		}
		exec(`UPDATE songs SET missing_at = ? WHERE id IN ?`, before-5000, other)
		exec(`UPDATE songs SET missing_at = ? WHERE id = ?`, at, young)

		want := Purge{Songs: 3, Albums: 2, Stars: 2, Ratings: 1, Bookmarks: 1, Plays: 4, Entries: 3}
		if p, err := c.MayPurge(ctx, 1, before); err != nil || p != want {
			t.Errorf("may purge %+v, want %+v: %v", p, want, err)
		}
		songs, err := c.MissingSongs(ctx, 1, before, 10, 0)
		if err != nil || len(songs) != 3 {
			t.Fatalf("%+v %v", songs, err)
		}
		for _, s := range songs {
			if s.Song == gone && (s.Title != "Gone" || s.Stars != 1 || s.Plays != 2 || s.Entries != 2 || s.Since != before-5000) {
				t.Errorf("%+v", s)
			}
		}
		if n := one(`SELECT COUNT(*) FROM songs`); n != 7 {
			t.Errorf("to look changed something: %d songs", n)
		}
		versions := []int64{c.Version(), c.UserVersion(u.Key)}
		if p, err := c.Purge(ctx, 1, before); err != nil || p != want {
			t.Errorf("purged %+v, want %+v: %v", p, want, err)
		}
		if c.Version() == versions[0] || c.UserVersion(u.Key) == versions[1] {
			t.Error("nobody is told of the purge")
		}
		for _, x := range []struct {
			what string
			n    int64
			q    string
			args []any
		}{
			{"songs", 4, `SELECT COUNT(*) FROM songs`, nil},
			{"the purged", 0, `SELECT COUNT(*) FROM songs WHERE id IN ?`, []any{[]models.Key{gone, alone, copied}}},
			{"the lost album", 0, `SELECT COUNT(*) FROM albums WHERE id = ?`, []any{lost}},
			{"the star of the shared annotation", 1, `SELECT COUNT(*) FROM user_items WHERE kind = 'so' AND item_id = ? AND starred_at > 0`, []any{original}},
			{"marks of the purged", 0, `SELECT COUNT(*) FROM user_items WHERE item_id IN ?`, []any{[]models.Key{gone, alone, lost}}},
			{"bookmarks", 0, `SELECT COUNT(*) FROM bookmarks`, nil},
			{"plays", 5, `SELECT COUNT(*) FROM plays`, nil},
			{"plays as text", 4, `SELECT COUNT(*) FROM plays WHERE song_id IS NULL AND title <> '' AND album <> ''`, nil},
			{"entries", 5, `SELECT COUNT(*) FROM playlist_entries`, nil},
			{"entries as text", 3, `SELECT COUNT(*) FROM playlist_entries WHERE song_id = 0 AND title IN ('Gone', 'Alone')`, nil},
			{"credits of the purged", 0, `SELECT COUNT(*) FROM song_artists WHERE song_id IN ?`, []any{[]models.Key{gone, alone, copied}}},
			{"genres of the purged", 0, `SELECT COUNT(*) FROM song_genres WHERE song_id IN ?`, []any{[]models.Key{gone, alone, copied}}},
		} {
			if n := one(x.q, x.args...); n != x.n {
				t.Errorf("%s: %d, want %d", x.what, n, x.n)
			}
		}
		entries := func(when string, want ...models.Key) {
			t.Helper()
			_, shown, err := c.Playlist(ctx, v, list)
			if err != nil || len(shown) != len(want) {
				t.Fatalf("%s: %v %v", when, shown, err)
			}
			for i, s := range shown {
				if s.Key != want[i] {
					t.Errorf("%s: place %d is %s", when, i, s.Title)
				}
			}
		}
		entries("after the purge", here, original)
		if q, err := c.Queue(ctx, v); err != nil || len(q.Songs) != 2 || q.Current != 0 || q.Position != 7000 || q.Songs[0].Key != here {
			t.Errorf("the queue: %+v %v", q, err)
		}
		must(c.EditPlaylist(ctx, v, list, PlaylistEdit{Add: []models.Key{here}, Remove: []int{0}}))
		entries("after an edit", original, here)
		if n := one(`SELECT COUNT(*) FROM playlist_entries WHERE song_id = 0`); n != 3 {
			t.Errorf("the edit left %d entries as text", n)
		}
		if p, err := c.Purge(ctx, 1, before); err != nil || p != (Purge{}) {
			t.Errorf("again: %+v %v", p, err)
		}
		if p, err := c.Purge(ctx, 2, at+1); err != nil || p.Songs != 1 || p.Albums != 1 {
			t.Errorf("the other library: %+v %v", p, err)
		}
	})
}
