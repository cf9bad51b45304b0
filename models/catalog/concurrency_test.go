package catalog

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
)

// people32 makes 32 users.
func people32(t *testing.T, c *Catalog) []models.Key {
	t.Helper()
	keys := make([]models.Key, 32)
	for i := range keys {
		u := &models.User{Name: fmt.Sprint("user ", i)}
		if err := c.CreateUser(context.Background(), u, nil); err != nil {
			t.Fatal(err)
		}
		keys[i] = u.Key
	}
	return keys
}

// TestClientsDuringAScan lets 32 clients read, search and star while a scan
// writes: nobody meets a locked database, and every star is kept.
func TestClientsDuringAScan(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		ctx := context.Background()
		first := seed(t, c, 1, benchSongs(1000))
		v := Viewer{Libraries: []int{1}}
		users := people32(t, c)
		var scanning atomic.Bool
		scanning.Store(true)
		var wg sync.WaitGroup
		clients := len(users)
		stars := make([]int, clients)
		for i := range clients {
			wg.Go(func() {
				v := v
				v.User = users[i]
				for n := 0; n < 3 || scanning.Load(); n++ {
					key := first[(i*31+n)%len(first)]
					if err := c.Star(ctx, v, []models.ID{{Kind: models.KindSong, Key: key}}, true); err != nil {
						t.Errorf("client %d stars: %v", i, err)
						return
					}
					stars[i] = min(n+1, len(first))
					s, err := c.Song(ctx, v, key)
					if err != nil || s.User.StarredAt == 0 {
						t.Errorf("client %d reads its star: %v", i, err)
						return
					}
					if _, err := c.AlbumSongs(ctx, v, s.Album); err != nil {
						t.Errorf("client %d reads an album: %v", i, err)
						return
					}
					if _, err := c.Search(ctx, v, SearchQuery{Text: "love", Artists: 5, Albums: 5, Songs: 5}); err != nil {
						t.Errorf("client %d searches: %v", i, err)
						return
					}
					if _, _, err := c.Albums(ctx, v, AlbumList{By: "newest", Size: 10}); err != nil {
						t.Errorf("client %d lists albums: %v", i, err)
						return
					}
				}
			})
		}
		wg.Go(func() {
			defer scanning.Store(false)
			for began := time.Now(); time.Since(began) < time.Second; {
				songs := benchSongs(batch)
				for i := range songs {
					songs[i].Album = fmt.Sprint(songs[i].Album, " ", time.Since(began))
				}
				seed(t, c, 1, songs)
			}
		})
		wg.Wait()
		for i, n := range stars {
			v.User = users[i]
			_, _, songs, _, err := c.Starred(ctx, v)
			if err != nil || len(songs) != n {
				t.Errorf("client %d starred %d songs and finds %d: %v", i, n, len(songs), err)
			}
		}
	})
}

// TestTwoProcessesWrite writes through two open catalogs of one database.
func TestTwoProcessesWrite(t *testing.T) {
	location := "sqlite:" + filepath.Join(t.TempDir(), "catalog.db")
	all := []*Catalog{open(t, location), open(t, location)}
	keys := seed(t, all[0], 1, benchSongs(100))
	users := people32(t, all[0])
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			v := Viewer{User: users[i], Libraries: []int{1}}
			for _, k := range keys {
				if err := all[i%2].Star(context.Background(), v, []models.ID{{Kind: models.KindSong, Key: k}}, true); err != nil {
					t.Errorf("writer %d: %v", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		if _, _, songs, _, err := all[0].Starred(context.Background(), Viewer{User: users[i], Libraries: []int{1}}); err != nil || len(songs) != len(keys) {
			t.Errorf("writer %d starred %d of %d: %v", i, len(songs), len(keys), err)
		}
	}
}
