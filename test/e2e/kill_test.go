package e2e

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// crowd writes n different songs, in albums of ten.
func crowd(t *testing.T, n int) *music {
	t.Helper()
	m := newMusic(t)
	for i := range n / 10 {
		m.album(fmt.Sprintf("Artist %02d/Album %03d", i%37, i), fmt.Sprintf("Artist %02d", i%37), fmt.Sprintf("Album %03d", i), fmt.Sprintf("Genre %d", i%7), 0x100+uint32(i), 10)
	}
	return m
}

// TestKilledScan kills the server in the middle of its first scan, twice.
func TestKilledScan(t *testing.T) {
	t.Parallel()
	const n = 3000
	m := crowd(t, n)
	s := start(t, setup{music: []string{m.dir}, args: []string{"--no-watch"}})
	seen := map[string]string{}
	for _, more := range []int{0, 1000} {
		c := s.owner()
		eventually(t, "the first songs", func() bool { return len(c.songs()) > more })
		now := c.songs()
		s.kill()
		if len(now) == n {
			t.Fatal("the scan was over before the kill")
		}
		for p, id := range seen {
			if now[p].text("id") != id {
				t.Errorf("%s was %s and is %s", p, id, now[p].text("id"))
			}
		}
		for p, x := range now {
			seen[p] = x.text("id")
		}
		s.run()
	}
	c := s.owner()
	c.scanned(n)
	now := c.songs()
	for p, id := range seen {
		if now[p].text("id") != id {
			t.Errorf("%s was %s and is %s", p, id, now[p].text("id"))
		}
	}
	if len(now) != n || len(seen) == 0 {
		t.Errorf("%d songs, %d of them seen before the kill", len(now), len(seen))
	}
	albums := 0
	for offset := 0; offset < n; offset += 500 {
		for _, al := range c.ok("getAlbumList2", "type", "alphabeticalByName", "size", 500, "offset", offset).list("albumList2.album") {
			albums++
			if al.int("songCount") != 10 {
				t.Errorf("album %s has %d songs", al.text("name"), al.int("songCount"))
			}
		}
	}
	if albums != n/10 {
		t.Errorf("%d albums, want %d", albums, n/10)
	}
	for _, x := range c.ok("getArtists").list("artists.index") {
		for _, a := range x.list("artist") {
			if got := len(c.ok("getArtist", "id", a.text("id")).list("artist.album")); got != a.int("albumCount") {
				t.Errorf("%s has %d albums and tells of %d", a.text("name"), got, a.int("albumCount"))
			}
		}
	}

	// What was acknowledged is there after a kill.
	id := now["Artist 00/Album 000/01.mp3"].text("id")
	c.ok("star", "id", id)
	s.kill()
	s.run()
	c = s.owner()
	if c.ok("getSong", "id", id).text("song.starred") == "" {
		t.Error("the star is lost")
	}
	c.scanned(n)
}

// TestClientsDuringScan has 32 apps read and star while scans run.
func TestClientsDuringScan(t *testing.T) {
	const n = 1500
	m := crowd(t, n)
	s := start(t, setup{music: []string{m.dir}})
	c := s.owner()
	eventually(t, "the first songs", func() bool { return len(c.songs()) > 0 })
	song, album := "", ""
	for _, x := range c.songs() {
		song, album = x.text("id"), x.text("albumId")
		break
	}
	var failed, calls atomic.Int64
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			c := s.owner()
			for j := range 12 {
				for _, call := range [][]any{
					{"star", "id", song}, {"getAlbumList2", "type", "newest", "size", 50}, {"search3", "query", fmt.Sprint("album ", i, j)},
					{"getAlbum", "id", album}, {"scrobble", "id", song, "time", 1_600_000_000_000 + i*1000 + j}, {"getRandomSongs", "size", 20}, {"unstar", "id", song},
					{"getArtists"}, {"setRating", "id", album, "rating", j % 6}, {"createPlaylist", "name", fmt.Sprint(i), "songId", song}, {"getPlaylists"},
				} {
					calls.Add(1)
					if a := c.ask(call[0].(string), call[1:]...); a.text("status") != "ok" {
						failed.Add(1)
						t.Errorf("%v: %.300s", call, a.raw)
					}
				}
				if i == 0 {
					c.ok("startScan")
				}
			}
		})
	}
	wg.Wait()
	c.scanned(n)
	if got := c.ok("getSong", "id", song).int("song.playCount"); got != 32*12 {
		t.Errorf("%d plays are counted, want %d", got, 32*12)
	}
	if got := len(c.ok("getPlaylists").list("playlists.playlist")); got != 32*12 {
		t.Errorf("%d playlists, want %d", got, 32*12)
	}
	t.Logf("%d calls, %d failed", calls.Load(), failed.Load())
}

// TestWatching changes files and asks for no scan.
func TestWatching(t *testing.T) {
	t.Parallel()
	m := shelf(t)
	c := start(t, setup{music: []string{m.dir}}).owner()
	c.scanned(shelfSongs)
	old := c.song("Rock/Kestrel/Calm/01.mp3").text("id")
	has := func(path string) bool { return c.songs()[path].v != nil }

	m.write("Rock/Kestrel/Storm/06.mp3", track{title: "Storm 6", artist: "Kestrel", album: "Storm", albumArtist: "Kestrel", number: 6, sound: 0x8001}.mp3(t))
	eventually(t, "a new file", func() bool { return has("Rock/Kestrel/Storm/06.mp3") })
	m.album("New/Folder/Deep", "Newcomer", "Deep", "Rock", 0x90, 3)
	eventually(t, "a new folder", func() bool { return has("New/Folder/Deep/03.mp3") })
	m.move("Rock/Kestrel/Calm", "Rock/Kestrel/Calmer")
	eventually(t, "a renamed folder", func() bool { return has("Rock/Kestrel/Calmer/05.mp3") && !has("Rock/Kestrel/Calm/01.mp3") })
	if got := c.song("Rock/Kestrel/Calmer/01.mp3").text("id"); got != old {
		t.Errorf("the song of the renamed folder was %s and is %s", old, got)
	}
	m.write("Rock/Kestrel/Calmer/06.mp3", track{title: "Calm 6", artist: "Kestrel", album: "Calm", albumArtist: "Kestrel", number: 6, sound: 0x8002}.mp3(t))
	eventually(t, "a new file in a renamed folder", func() bool { return has("Rock/Kestrel/Calmer/06.mp3") })
	m.remove("Rock/Kestrel/Calmer/02.mp3")
	eventually(t, "a deleted file", func() bool { return !has("Rock/Kestrel/Calmer/02.mp3") })
	m.write("loose.mp3", track{title: "Tightened", artist: "Nobody's Band", sound: 0x4001}.mp3(t))
	eventually(t, "a changed file", func() bool { return c.songs()["loose.mp3"].text("title") == "Tightened" })
	m.remove("New")
	eventually(t, "a deleted folder", func() bool { return !has("New/Folder/Deep/01.mp3") })
	if got := len(c.songs()); got != shelfSongs+1 {
		t.Errorf("%d songs, want %d", got, shelfSongs+1)
	}
}
