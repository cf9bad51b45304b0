package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// attach gives a song everything that a user can attach to one.
func attach(c *client, ids []string) (playlist string) {
	c.t.Helper()
	form := []any{"name", "kept"}
	for i, id := range ids {
		c.ok("star", "id", id)
		c.ok("setRating", "id", id, "rating", 1+i%5)
		c.ok("scrobble", "id", id, "time", 1_650_000_000_000+i)
		c.ok("createBookmark", "id", id, "position", 100+i)
		form = append(form, "songId", id)
	}
	return c.ok("createPlaylist", form...).text("playlist.id")
}

// attached wants all that attach gave, still there.
func attached(c *client, ids []string, playlist string) {
	c.t.Helper()
	if got := c.ok("getPlaylist", "id", playlist).texts("playlist.entry", "id"); !slices.Equal(got, ids) {
		c.t.Errorf("the playlist holds %v, want %v", got, ids)
	}
	if got := c.ok("getStarred2").texts("starred2.song", "id"); len(got) != len(ids) {
		c.t.Errorf("%d songs have stars, want %d", len(got), len(ids))
	}
	if got := c.ok("getBookmarks").list("bookmarks.bookmark"); len(got) != len(ids) {
		c.t.Errorf("%d bookmarks, want %d", len(got), len(ids))
	}
	for i, id := range ids {
		s := c.ok("getSong", "id", id).at("song")
		if s.text("starred") == "" || s.int("userRating") != 1+i%5 || s.int("playCount") != 1 || s.text("played") == "" || s.int("bookmarkPosition") != 100+i {
			c.t.Errorf("what was attached to %s: %v", s.text("path"), s.v)
		}
	}
}

// TestMoves moves, renames and retags a song of every format in one step.
func TestMoves(t *testing.T) {
	m := newMusic(t)
	type pair struct{ was, is, from, to string }
	var pairs []pair
	for i, was := range []string{"alac.m4a", "full.flac", "full.ogg", "full.opus", "id3.aiff", "id3v1.mp3", "id3v24.mp3", "moov-last.m4a", "pcm24-id3.wav",
		"pcm.wav", "book.m4b", "opus.mp4", "sowt.aifc"} {
		p := pair{was, "retag-" + was, "old/" + was, fmt.Sprintf("new/deeper %d/renamed %d%s", i, i, path.Ext(was))}
		if _, err := os.Stat(fixtures + "/" + p.is); err != nil {
			p.is = was // this one is moved and renamed only
		}
		m.put(p.was, p.from)
		pairs = append(pairs, p)
	}
	c := start(t, setup{music: []string{m.dir}, args: []string{"--no-watch"}}).owner()
	c.scanned(len(pairs))
	before := c.songs()
	var ids []string
	for _, p := range pairs {
		ids = append(ids, before[p.from].text("id"))
	}
	list := attach(c, ids)

	m.remove("old")
	for _, p := range pairs {
		m.put(p.is, p.to)
	}
	c.scan(len(pairs))
	after := c.songs()
	for i, p := range pairs {
		s := after[p.to]
		if s.text("id") != ids[i] || s.text("created") != before[p.from].text("created") {
			t.Errorf("%s is now %s made %s, want %s made %s", p.from, s.text("id"), s.text("created"), ids[i], before[p.from].text("created"))
		}
		if p.is != p.was && s.text("title") != firstText(factsOf(t, p.is).Title, strings.TrimSuffix(path.Base(p.to), path.Ext(p.to))) {
			t.Errorf("%s has the title %q", p.to, s.text("title"))
		}
		if _, b := c.get(nil, "stream", "id", ids[i]); string(b) != string(m.read(p.to)) {
			t.Errorf("stream of %s is not the new file", p.to)
		}
	}
	attached(c, ids, list)
}

// TestCorrectedTags gives a whole album another title and another artist.
func TestCorrectedTags(t *testing.T) {
	m := shelf(t)
	c := start(t, setup{music: []string{m.dir}, args: []string{"--no-watch"}}).owner()
	c.scanned(shelfSongs)
	s := c.song("Rock/Kestrel/Storm/01.mp3")
	album, created := s.text("albumId"), c.ok("getAlbum", "id", s.text("albumId")).text("album.created")
	artist := s.text("artistId")
	c.ok("star", "albumId", album, "artistId", artist)
	c.ok("setRating", "id", album, "rating", 5)
	for dir, sound := range map[string]uint32{"Storm": 1, "Calm": 2} {
		for i := 1; i <= 5; i++ {
			title := map[string]string{"Storm": "The Storm (corrected)", "Calm": "Calm"}[dir]
			m.write(fmt.Sprintf("Rock/Kestrel/%s/%02d.mp3", dir, i), track{title: fmt.Sprintf("%s %d", dir, i), artist: "The Kestrels", album: title,
				albumArtist: "The Kestrels", genre: "Rock", number: i, sound: sound<<12 + uint32(i)}.mp3(t))
		}
	}
	c.scan(shelfSongs)
	al := c.ok("getAlbum", "id", album).at("album")
	if al.text("name") != "The Storm (corrected)" || al.text("starred") == "" || al.int("userRating") != 5 || al.text("created") != created || al.int("songCount") != 5 {
		t.Errorf("the album is now %v", al.v)
	}
	ar := c.ok("getArtist", "id", artist).at("artist")
	if ar.text("name") != "The Kestrels" || ar.text("starred") == "" || ar.int("albumCount") != 2 {
		t.Errorf("the artist is now %v", ar.v)
	}
}

// TestMissing hides songs and lets them return, with a playlist edited
// meanwhile.
func TestMissing(t *testing.T) {
	m := newMusic(t)
	m.album("Kestrel/Ten", "Kestrel", "Ten", "Rock", 1, 10)
	c := start(t, setup{music: []string{m.dir}, args: []string{"--no-watch"}}).owner()
	c.scanned(10)
	file := func(i int) string { return fmt.Sprintf("Kestrel/Ten/%02d.mp3", i) }
	all := c.songs()
	var ids []string
	form := []any{"name", "ten"}
	for i := 1; i <= 10; i++ {
		id := all[file(i)].text("id")
		ids = append(ids, id)
		form = append(form, "songId", id)
	}
	list := c.ok("createPlaylist", form...).text("playlist.id")
	c.ok("star", "id", ids[1])
	c.ok("savePlayQueue", append(slices.Clone(form[2:6]), "id", ids[2], "current", ids[2])...)
	for i, a := range form[2:6] {
		if a == "songId" {
			form[2+i] = "id"
		}
	}
	c.ok("savePlayQueue", append(slices.Clone(form[2:6]), "id", ids[2], "current", ids[2])...)

	// 2, 5 and 8 go: the list is shown as 1 3 4 6 7 9 10.
	for _, i := range []int{2, 5, 8} {
		m.move(file(i), "../aside/"+fmt.Sprint(i))
	}
	c.scan(7)
	entries := func() string {
		var out []string
		for _, id := range c.ok("getPlaylist", "id", list).texts("playlist.entry", "id") {
			out = append(out, fmt.Sprint(slices.Index(ids, id)+1))
		}
		return strings.Join(out, " ")
	}
	if got := entries(); got != "1 3 4 6 7 9 10" {
		t.Errorf("the list is shown as %s", got)
	}
	for _, i := range []int{2, 5, 8} {
		c.fails(70, "getSong", "id", ids[i-1])
		c.fails(70, "stream", "id", ids[i-1])
	}
	if got := c.ok("getStarred").list("starred.song"); len(got) != 0 {
		t.Errorf("a missing song is starred: %v", got)
	}
	if got := c.ok("getPlayQueue").at("playQueue"); !slices.Equal(got.texts("entry", "id"), []string{ids[0], ids[2]}) || got.text("current") != ids[2] {
		t.Errorf("the queue without missing songs: %v", got.v)
	}
	if al := c.ok("getAlbum", "id", all[file(1)].text("albumId")).at("album"); al.int("songCount") != 7 || len(al.list("song")) != 7 {
		t.Errorf("the album without missing songs: %v", al.v)
	}
	c.ok("updatePlaylist", "playlistId", list, "songIndexToRemove", 4) // the 7th
	if got := entries(); got != "1 3 4 6 9 10" {
		t.Errorf("after removing place 4 the list is shown as %s", got)
	}
	// Reorder: 10 first.
	c.ok("createPlaylist", "playlistId", list, "songId", ids[9], "songId", ids[0], "songId", ids[2], "songId", ids[3], "songId", ids[5], "songId", ids[8])
	for _, i := range []int{2, 5, 8} {
		m.move("../aside/"+fmt.Sprint(i), file(i))
	}
	c.scan(10)
	if got := entries(); got != "10 1 2 3 4 5 6 8 9" {
		t.Errorf("with all songs back the list is %s", got)
	}
	for i := 1; i <= 10; i++ {
		if got := c.song(file(i)).text("id"); got != ids[i-1] {
			t.Errorf("song %d came back as %s", i, got)
		}
	}
	if got := c.ok("getStarred").texts("starred.song", "id"); !slices.Equal(got, []string{ids[1]}) {
		t.Errorf("stars after the return: %v", got)
	}
	if got := c.ok("getPlayQueue").texts("playQueue.entry", "id"); !slices.Equal(got, ids[:3]) {
		t.Errorf("the queue after the return: %v", got)
	}
}

// TestRootGone takes the whole root away, and then puts an empty folder there.
func TestRootGone(t *testing.T) {
	m := shelf(t)
	s := start(t, setup{music: []string{"Shelf=" + m.dir}, args: []string{"--no-watch"}, errors: true})
	c := s.owner()
	c.scanned(shelfSongs)
	before := c.songs()
	same := func(when string) {
		t.Helper()
		if got := c.songs(); len(got) != len(before) || got["loose.mp3"].text("id") != before["loose.mp3"].text("id") {
			t.Errorf("%s: %d songs, want %d", when, len(got), len(before))
		}
	}
	runs := func() int { return strings.Count(s.log.String(), "scan") }
	aside := m.dir + " aside"
	for _, x := range []struct {
		when string
		do   func() error
	}{
		{"no root", func() error { return os.Rename(m.dir, aside) }},
		{"an empty root", func() error { return os.Mkdir(m.dir, 0o755) }},
		{"a root without music", func() error { return os.WriteFile(m.path("note.txt"), []byte("x"), 0o644) }},
	} {
		if err := x.do(); err != nil {
			t.Fatal(err)
		}
		was := runs()
		c.ok("startScan")
		eventually(t, "a scan with "+x.when, func() bool { return runs() > was && c.ok("getScanStatus").at("scanStatus.scanning").v == false })
		same(x.when)
		if out, _ := s.command(0, "", "library", "list"); !strings.Contains(out, "\nAlarm of ") {
			t.Errorf("%s: no alarm in\n%s", x.when, out)
		}
	}
	m.remove("")
	if err := os.Rename(aside, m.dir); err != nil {
		t.Fatal(err)
	}
	c.scan(shelfSongs)
	same("the root is back")
	if resp, _ := c.get(nil, "stream", "id", before["loose.mp3"].text("id")); resp.Header.Get("Content-Type") != "audio/mpeg" {
		t.Errorf("stream after the return: %v", resp.Header)
	}
	if out, _ := s.command(0, "", "library", "list"); strings.Contains(out, "\nAlarm of ") {
		t.Errorf("the alarm is still on in\n%s", out)
	}
}

// nobody is a user without rights, when the tests run as root; else they run
// as one already.
func nobody() uint32 {
	if os.Getuid() == 0 {
		return 65534
	}
	return 0
}

// TestForbiddenFolder closes a folder to the server: its songs stay.
func TestForbiddenFolder(t *testing.T) {
	m := shelf(t)
	data := folder(t) + "/data"
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	user := nobody()
	if user != 0 {
		if err := os.Chown(data, int(user), int(user)); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, setup{music: []string{m.dir}, args: []string{"--no-watch"}, data: data, user: user, errors: true})
	c := s.owner()
	c.scanned(shelfSongs)
	before := c.songs()

	closed := m.path("Rock/Kestrel/Calm")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(closed, 0o755)
	cat := exec.CommandContext(t.Context(), "cat", closed+"/01.mp3")
	if user != 0 {
		cat.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	}
	if out, err := cat.CombinedOutput(); err == nil {
		t.Fatalf("the folder is not closed: %d bytes", len(out))
	}
	m.write("Rock/Kestrel/Storm/new.mp3", track{title: "New", artist: "Kestrel", album: "Storm", albumArtist: "Kestrel", number: 6, sound: 0x7777}.mp3(t))
	c.scan(shelfSongs + 1)
	after := c.songs()
	for p, s := range before {
		if after[p].text("id") != s.text("id") {
			t.Errorf("%s was %s and is %s", p, s.text("id"), after[p].text("id"))
		}
	}
	c.fails(0, "stream", "id", before["Rock/Kestrel/Calm/01.mp3"].text("id"))
	if err := os.Chmod(closed, 0o755); err != nil {
		t.Fatal(err)
	}
	c.scan(shelfSongs + 1)
	if _, b := c.get(nil, "stream", "id", before["Rock/Kestrel/Calm/01.mp3"].text("id")); string(b) != string(m.read("Rock/Kestrel/Calm/01.mp3")) {
		t.Error("the opened folder's song does not play")
	}
}
