package catalog

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
)

func scrobble(t *testing.T, c *Catalog, v Viewer, want int, plays ...models.Play) {
	t.Helper()
	n, err := c.Scrobble(context.Background(), v, plays)
	if err != nil || n != want {
		t.Errorf("counted %d %v, want %d", n, err, want)
	}
}

func TestScrobble(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		batch := []models.Play{
			{Song: s.songs[0], At: 3000, Player: "p"},
			{Song: s.songs[0], At: 1000, Player: "p"},
			{Song: s.songs[0], At: 1000, Player: "q"},
			{Song: s.songs[4], At: 2000, Player: "p"},
			{Song: s.songs[5], At: 500, Player: "p"},
		}
		scrobble(t, c, s.first, 5, batch...)
		scrobble(t, c, s.first, 0, batch...)
		scrobble(t, c, s.also, 1, batch[0])
		for id, want := range map[models.ID]models.UserItem{
			song(s.songs[0]):     {PlayCount: 3, PlayedAt: 3000},
			song(s.songs[4]):     {PlayCount: 1, PlayedAt: 2000},
			album(s.albums[0]):   {PlayCount: 4, PlayedAt: 3000},
			album(s.albums[1]):   {PlayCount: 1, PlayedAt: 500},
			artist(s.artists[0]): {PlayCount: 4, PlayedAt: 3000},
			artist(s.artists[2]): {PlayCount: 1, PlayedAt: 2000},
		} {
			if got := s.item(t, s.first, id); got != want {
				t.Errorf("%s: %+v, want %+v", id, got, want)
			}
		}
		if got := s.item(t, s.also, album(s.albums[0])); got.PlayCount != 1 {
			t.Errorf("the other user's album has %d plays, want 1", got.PlayCount)
		}
		// An older play that arrives late counts and does not move the last.
		scrobble(t, c, s.first, 1, models.Play{Song: s.songs[0], At: 10, Player: "p"})
		if got := s.item(t, s.first, song(s.songs[0])); got.PlayCount != 4 || got.PlayedAt != 3000 {
			t.Errorf("after a late play: %+v", got)
		}
		var title, artist, album, source string
		err := c.r.Raw(`SELECT title, artist, album, source FROM plays WHERE annot_id = ?`, s.songs[5]).Row().Scan(&title, &artist, &album, &source)
		if got := []string{title, artist, album, source}; err != nil || !slices.Equal(got, []string{"Blue 0", "Bob", "Blue", "subsonic"}) {
			t.Errorf("snapshot %q %v", got, err)
		}
		for by, want := range map[string][]models.Key{"recent": {s.albums[0], s.albums[1]}, "frequent": {s.albums[0], s.albums[1]}} {
			list, total, err := c.Albums(context.Background(), s.first, AlbumList{By: by, Size: 10})
			if err != nil || total != len(want) {
				t.Fatalf("%s: %d %v", by, total, err)
			}
			for i, a := range list {
				if a.Key != want[i] {
					t.Errorf("%s %d is %s", by, i, a.Name)
				}
			}
		}
	})
}

func TestScrobbleWithoutTimeIsOneFor30Seconds(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		play := models.Play{Song: s.songs[0], Player: "p"}
		scrobble(t, c, s.first, 1, play, play)
		scrobble(t, c, s.first, 0, play)
		// A time in the future is now, so it is the same play too.
		future := play
		future.At = now() + 3_600_000
		scrobble(t, c, s.first, 0, future)
		other := play
		other.Player = "q"
		scrobble(t, c, s.first, 1, other)
		scrobble(t, c, s.also, 1, play)
		if err := c.w.Exec(`UPDATE plays SET played_at = played_at - 30001`).Error; err != nil {
			t.Fatal(err)
		}
		before := time.Now().UnixMilli()
		scrobble(t, c, s.first, 1, future)
		if at := s.item(t, s.first, song(s.songs[0])).PlayedAt; at < before || at > time.Now().UnixMilli() {
			t.Errorf("a play in the future is kept at %d, now is %d", at, before)
		}
	})
}

func TestScrobbleWithoutTimeAfterOneWithTime(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		scrobble(t, c, s.first, 1, models.Play{Song: s.songs[0], Player: "p", At: now() - 1})
		scrobble(t, c, s.first, 1, models.Play{Song: s.songs[0], Player: "p"})
	})
}

func TestScrobbleOfWhatIsHidden(t *testing.T) {
	ctx := context.Background()
	each(t, func(t *testing.T, c *Catalog) {
		s := fillShelf(t, c)
		s.hide(t, true, s.songs[1])
		scrobble(t, c, s.first, 1, models.Play{Song: s.songs[1], At: 5})
		for _, k := range []models.Key{s.songs[10], models.NewKey(), s.albums[0]} {
			n, err := c.Scrobble(ctx, s.first, []models.Play{{Song: k, At: 7}})
			if n != 0 {
				t.Errorf("counted %d plays of a hidden song", n)
			}
			refused(t, err, models.ErrNotFound)
		}
		// What was played offline counts, though one song of it is gone.
		n, err := c.Scrobble(ctx, s.first, []models.Play{{Song: s.songs[10], At: 9}, {Song: s.songs[2], At: 9}})
		if n != 1 {
			t.Errorf("counted %d, want the readable one", n)
		}
		refused(t, err, models.ErrNotFound)
	})
}
