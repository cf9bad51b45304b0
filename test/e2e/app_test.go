package e2e

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestApp does what an app does from the login to the first sound and after.
func TestApp(t *testing.T) {
	m := shelf(t)
	use := func(t *testing.T, o setup) {
		o.music = []string{"My Shelf=" + m.dir}
		c := start(t, o).owner()
		c.ok("ping")
		if c.ok("getLicense").at("license.valid").v != true {
			t.Error("the licence is not valid")
		}
		c.scanned(shelfSongs)
		t.Run("folders", func(t *testing.T) { browseFolders(c.with(t)) })
		t.Run("tags", func(t *testing.T) { browseTags(c.with(t)) })
		t.Run("search", func(t *testing.T) { searches(c.with(t)) })
		t.Run("annotations", func(t *testing.T) { annotate(c.with(t)) })
		t.Run("playlists", func(t *testing.T) { playlists(c.with(t)) })
		t.Run("queues", func(t *testing.T) { queues(c.with(t)) })
		t.Run("bookmarks", func(t *testing.T) { bookmarks(c.with(t)) })
		t.Run("lists", func(t *testing.T) { lists(c.with(t)) })
		t.Run("formats", func(t *testing.T) { formats(c.with(t)) })
	}
	eachWay(t, func(t *testing.T, w way) { use(t, setup{way: w}) })
	if postgresURL != "" {
		t.Run("postgres", func(t *testing.T) { use(t, setup{postgres: true}) })
	}
}

func browseFolders(c *client) {
	folders := c.ok("getMusicFolders").list("musicFolders.musicFolder")
	if len(folders) != 1 || folders[0].text("name") != "My Shelf" || folders[0].int("id") != 1 {
		c.t.Fatalf("getMusicFolders: %v", folders)
	}
	top := map[string]string{}
	indexes := c.ok("getIndexes", "musicFolderId", 1)
	for _, x := range indexes.list("indexes.index") {
		for _, a := range x.list("artist") {
			top[x.text("name")+" "+a.text("name")] = a.text("id")
		}
	}
	if len(top) != 2 || top["F Folk"] == "" || top["R Rock"] == "" || indexes.int("indexes.lastModified") == 0 {
		c.t.Fatalf("getIndexes: %s", indexes.raw)
	}
	if loose := indexes.list("indexes.child"); len(loose) != 1 || loose[0].text("title") != "Loose" {
		c.t.Errorf("songs at the root: %v", loose)
	}
	if again := c.ok("getIndexes", "ifModifiedSince", strconv.Itoa(indexes.int("indexes.lastModified"))); len(again.list("indexes.index")) != 0 {
		c.t.Errorf("nothing has changed: %s", again.raw)
	}
	// Down the folders to a song, by the ids and names that are shown.
	id, path := top["R Rock"], "Rock"
	for _, step := range []string{"Kestrel", "Storm"} {
		dir := c.ok("getMusicDirectory", "id", id).at("directory")
		i := slices.IndexFunc(dir.list("child"), func(x node) bool { return x.text("title") == step })
		if i < 0 || dir.list("child")[i].at("isDir").v != true || dir.list("child")[i].text("parent") != dir.text("id") {
			c.t.Fatalf("%s has no folder %s: %v", path, step, dir.v)
		}
		id, path = dir.list("child")[i].text("id"), path+"/"+step
	}
	dir := c.ok("getMusicDirectory", "id", id).at("directory")
	songs := dir.list("child")
	if len(songs) != 5 || dir.text("parent") == "" {
		c.t.Fatalf("Storm: %v", dir.v)
	}
	for i, s := range songs {
		if s.text("title") != fmt.Sprintf("Storm %d", i+1) || s.at("isDir").v != false || s.text("path") != fmt.Sprintf("Rock/Kestrel/Storm/%02d.mp3", i+1) {
			c.t.Errorf("song %d: %v", i, s.v)
		}
	}
}

func browseTags(c *client) {
	artists := map[string]node{}
	for _, x := range c.ok("getArtists").list("artists.index") {
		for _, a := range x.list("artist") {
			artists[a.text("name")] = a
		}
	}
	if len(artists) != 3 || artists["Kestrel"].int("albumCount") != 2 {
		c.t.Fatalf("getArtists: %v", artists)
	}
	artist := c.ok("getArtist", "id", artists["Kestrel"].text("id"))
	albums := artist.list("artist.album")
	if len(albums) != 2 || albums[0].text("name") != "Calm" && albums[1].text("name") != "Calm" {
		c.t.Fatalf("getArtist: %s", artist.raw)
	}
	for _, al := range albums {
		whole := c.ok("getAlbum", "id", al.text("id")).at("album")
		songs := whole.list("song")
		if len(songs) != 5 || whole.int("songCount") != 5 || whole.text("artist") != "Kestrel" || whole.text("artistId") != artists["Kestrel"].text("id") {
			c.t.Errorf("getAlbum: %v", whole.v)
		}
		for i, s := range songs {
			if s.int("track") != i+1 || s.text("albumId") != al.text("id") {
				c.t.Errorf("song %d of %s: %v", i, al.text("name"), s.v)
			}
			if resp, b := c.get(nil, "stream", "id", s.text("id")); resp.StatusCode != 200 || len(b) != s.int("size") {
				c.t.Errorf("stream of %s: %s, %d bytes", s.text("title"), resp.Status, len(b))
			}
		}
		// Ids of the tag view open folders and the other way round.
		if got := c.ok("getMusicDirectory", "id", al.text("id")).list("directory.child"); len(got) != 5 {
			c.t.Errorf("getMusicDirectory of an album: %v", got)
		}
	}
	if got := c.ok("getMusicDirectory", "id", artists["Kestrel"].text("id")).list("directory.child"); len(got) != 2 {
		c.t.Errorf("getMusicDirectory of an artist: %v", got)
	}
	genres := map[string]int{}
	for _, g := range c.ok("getGenres").list("genres.genre") {
		genres[g.text("value")] = g.int("songCount")*100 + g.int("albumCount")
	}
	if len(genres) != 2 || genres["Rock"] != 1002 || genres["Folk"] != 301 {
		c.t.Errorf("getGenres: %v", genres)
	}
	if got := c.ok("getSongsByGenre", "genre", "Folk").list("songsByGenre.song"); len(got) != 3 {
		c.t.Errorf("getSongsByGenre: %v", got)
	}
	if got := c.ok("getRandomSongs", "size", 500).list("randomSongs.song"); len(got) != shelfSongs {
		c.t.Errorf("getRandomSongs: %d", len(got))
	}
	for _, unknown := range []string{"getSong", "getAlbum", "getArtist", "getMusicDirectory", "getPlaylist"} {
		for _, id := range []string{"so-0000000000001", "al-0000000000001", "x", "-1", "9999999999999999999999"} {
			c.fails(70, unknown, "id", id)
		}
		c.fails(10, unknown)
	}
}

func searches(c *client) {
	for _, x := range []struct {
		query                  string
		artists, albums, songs int
	}{
		{"kestrel", 1, 2, 10},
		{"umit", 1, 1, 3},
		{"ÜBER", 0, 1, 3},
		{"uber 2", 0, 0, 1},
		{"kestrel storm 3", 0, 0, 1},
		{"nobodys band", 1, 0, 1},
		{"nothing like it", 0, 0, 0},
	} {
		got := c.ok("search3", "query", x.query, "songCount", 100).at("searchResult3")
		if len(got.list("artist")) != x.artists || len(got.list("album")) < x.albums || len(got.list("song")) < x.songs || x.songs == 0 && len(got.list("song")) > 0 {
			c.t.Errorf("search3 %q: %d artists, %d albums, %d songs, want %v", x.query, len(got.list("artist")), len(got.list("album")), len(got.list("song")), x)
		}
		old := c.ok("search2", "query", x.query, "songCount", 100).at("searchResult2")
		if !slices.Equal(old.texts("song", "id"), got.texts("song", "id")) {
			c.t.Errorf("search2 %q finds other songs than search3", x.query)
		}
	}
	for _, q := range []string{"", `""`} {
		var all []string
		for offset := 0; offset < 20; offset += 4 {
			all = append(all, c.ok("search3", "query", q, "songCount", 4, "songOffset", offset).texts("searchResult3.song", "id")...)
		}
		slices.Sort(all)
		if len(slices.Compact(all)) != shelfSongs {
			c.t.Errorf("search3 %q, page by page: %d songs", q, len(all))
		}
	}
}

func annotate(c *client) {
	s := c.song("Rock/Kestrel/Storm/02.mp3")
	song, album := s.text("id"), s.text("albumId")
	artist := s.text("artistId")
	c.ok("star", "id", song, "albumId", album, "artistId", artist)
	for _, name := range []string{"starred", "starred2"} {
		got := c.ok("get" + strings.ToUpper(name[:1]) + name[1:]).at(name)
		if !slices.Equal(got.texts("song", "id"), []string{song}) || !slices.Equal(got.texts("album", "id"), []string{album}) || !slices.Equal(got.texts("artist", "id"), []string{artist}) {
			c.t.Errorf("%s: %v", name, got.v)
		}
	}
	c.ok("setRating", "id", song, "rating", 4)
	c.ok("setRating", "id", album, "rating", 5)
	c.fails(0, "setRating", "id", song, "rating", 6)
	c.ok("scrobble", "id", song, "submission", false)
	if got := c.ok("getNowPlaying").list("nowPlaying.entry"); len(got) != 1 || got[0].text("id") != song || got[0].text("username") != owner {
		c.t.Errorf("getNowPlaying: %v", got)
	}
	if got := c.ok("getSong", "id", song).at("song"); got.int("playCount") != 0 {
		c.t.Errorf("now playing counts as a play: %v", got.v)
	}
	const at = 1_700_000_000_000
	c.ok("scrobble", "id", song, "time", at, "id", song, "time", at+1000_000)
	c.ok("scrobble", "id", song, "time", at) // sent twice counts once
	got := c.ok("getSong", "id", song).at("song")
	if got.int("playCount") != 2 || got.int("userRating") != 4 || got.text("starred") == "" || got.text("played") != "2023-11-14T22:30:00.000Z" && got.text("played") != "2023-11-14T22:30:00Z" {
		c.t.Errorf("after star, rating and plays: %v", got.v)
	}
	if got := c.ok("getAlbum", "id", album).at("album"); got.int("userRating") != 5 || got.text("starred") == "" || got.int("playCount") != 2 {
		c.t.Errorf("the album after star, rating and plays: %v", got.v)
	}
	for _, kind := range []string{"recent", "frequent", "highest", "starred"} {
		a := c.ok("getAlbumList2", "type", kind)
		if got := a.texts("albumList2.album", "id"); !slices.Equal(got, []string{album}) || a.header.Get("X-Total-Count") != "1" {
			c.t.Errorf("getAlbumList2 %s: %v of %s", kind, got, a.header.Get("X-Total-Count"))
		}
	}
	c.ok("unstar", "id", song, "albumId", album, "artistId", artist)
	c.ok("setRating", "id", song, "rating", 0)
	if got := c.ok("getSong", "id", song).at("song"); got.at("starred").v != nil || got.int("userRating") != 0 {
		c.t.Errorf("after unstar: %v", got.v)
	}
	c.fails(70, "star", "id", "so-0000000000001")
	c.fails(10, "star")
}

func playlists(c *client) {
	all := c.songs()
	var ids []string
	for i := 1; i <= 5; i++ {
		ids = append(ids, all[fmt.Sprintf("Rock/Kestrel/Storm/%02d.mp3", i)].text("id"))
	}
	form := []any{"name", "Mine & yours"}
	for _, id := range append(slices.Clone(ids), ids[0]) { // duplicates stay
		form = append(form, "songId", id)
	}
	made := c.ok("createPlaylist", form...).at("playlist")
	list := made.text("id")
	entries := func() []string { return c.ok("getPlaylist", "id", list).texts("playlist.entry", "id") }
	if want := append(slices.Clone(ids), ids[0]); !slices.Equal(entries(), want) || made.int("songCount") != 6 || made.text("owner") != owner || made.text("name") != "Mine & yours" {
		c.t.Fatalf("the new playlist: %v", made.v)
	}
	extra := all["loose.mp3"].text("id")
	c.ok("updatePlaylist", "playlistId", list, "songIndexToRemove", 0, "songIndexToRemove", 2, "songIdToAdd", extra, "name", "Renamed", "comment", "a comment", "public", true)
	if want := []string{ids[1], ids[3], ids[4], ids[0], extra}; !slices.Equal(entries(), want) {
		c.t.Errorf("after the edit: %v, want %v", entries(), want)
	}
	if got := c.ok("getPlaylists").at("playlists.playlist.0"); got.text("name") != "Renamed" || got.text("comment") != "a comment" || got.at("public").v != true || got.int("songCount") != 5 {
		c.t.Errorf("getPlaylists: %v", got.v)
	}
	// A new order is a replaced list.
	c.ok("createPlaylist", "playlistId", list, "songId", ids[2], "songId", ids[1])
	if !slices.Equal(entries(), []string{ids[2], ids[1]}) {
		c.t.Errorf("replaced: %v", entries())
	}
	if got := c.ok("getPlaylist", "id", list).text("playlist.name"); got != "Renamed" {
		c.t.Errorf("replacing the songs renamed it to %q", got)
	}
	c.fails(70, "updatePlaylist", "playlistId", list, "songIdToAdd", "so-0000000000001")
	c.fails(70, "updatePlaylist", "playlistId", "pl-0000000000001", "name", "x")
	c.fails(10, "createPlaylist")
	c.ok("deletePlaylist", "id", list)
	c.fails(70, "getPlaylist", "id", list)
}

func queues(c *client) {
	all := c.songs()
	a, b, d := all["Rock/Kestrel/Storm/01.mp3"].text("id"), all["Rock/Kestrel/Storm/02.mp3"].text("id"), all["loose.mp3"].text("id")
	c.ok("savePlayQueue", "id", a, "id", b, "id", d, "current", b, "position", 1234)
	q := c.ok("getPlayQueue").at("playQueue")
	if !slices.Equal(q.texts("entry", "id"), []string{a, b, d}) || q.text("current") != b || q.int("position") != 1234 || q.text("changedBy") != "e2e" || q.text("username") != owner {
		c.t.Errorf("getPlayQueue: %v", q.v)
	}
	if q := c.ok("getPlayQueueByIndex").at("playQueueByIndex"); q.int("currentIndex") != 1 {
		c.t.Errorf("getPlayQueueByIndex: %v", q.v)
	}
	c.ok("savePlayQueueByIndex", "id", a, "id", a, "id", d, "currentIndex", 1, "position", 5)
	q = c.ok("getPlayQueueByIndex").at("playQueueByIndex")
	if !slices.Equal(q.texts("entry", "id"), []string{a, a, d}) || q.int("currentIndex") != 1 || q.int("position") != 5 {
		c.t.Errorf("getPlayQueueByIndex: %v", q.v)
	}
	c.fails(10, "savePlayQueueByIndex", "id", a, "currentIndex", 1)
	c.fails(10, "savePlayQueue", "id", a)
	c.ok("savePlayQueue")
	if q := c.ok("getPlayQueue").at("playQueue"); len(q.list("entry")) != 0 || q.at("current").v != nil {
		c.t.Errorf("a cleared queue: %v", q.v)
	}
}

func bookmarks(c *client) {
	song := c.song("loose.mp3").text("id")
	c.ok("createBookmark", "id", song, "position", 1000, "comment", "here")
	c.ok("createBookmark", "id", song, "position", 2000, "comment", "there")
	got := c.ok("getBookmarks").list("bookmarks.bookmark")
	if len(got) != 1 || got[0].int("position") != 2000 || got[0].text("comment") != "there" || got[0].text("entry.id") != song || got[0].text("username") != owner {
		c.t.Errorf("getBookmarks: %v", got)
	}
	if s := c.song("loose.mp3"); s.int("bookmarkPosition") != 2000 {
		c.t.Errorf("the song's bookmark: %v", s.v)
	}
	c.ok("deleteBookmark", "id", song)
	if got := c.ok("getBookmarks").list("bookmarks.bookmark"); len(got) != 0 {
		c.t.Errorf("after deleting: %v", got)
	}
}

func lists(c *client) {
	for _, x := range []struct {
		kv   []any
		want string
	}{
		{[]any{"type", "alphabeticalByName"}, "Calm Storm Über"},
		{[]any{"type", "alphabeticalByArtist"}, "Calm Storm Über"},
		{[]any{"type", "byGenre", "genre", "Folk"}, "Über"},
		{[]any{"type", "alphabeticalByName", "size", 1, "offset", 1}, "Storm"},
		{[]any{"type", "alphabeticalByName", "musicFolderId", 99}, ""},
	} {
		a := c.ok("getAlbumList2", x.kv...)
		var names []string
		for _, n := range a.texts("albumList2.album", "name") {
			if strings.Contains(" Calm Storm Über ", " "+n+" ") {
				names = append(names, n)
			}
		}
		if got := strings.Join(names, " "); got != x.want {
			c.t.Errorf("getAlbumList2 %v: %q, want %q", x.kv, got, x.want)
		}
		old := c.ok("getAlbumList", x.kv...)
		if !slices.Equal(old.texts("albumList.album", "id"), a.texts("albumList2.album", "id")) || old.header.Get("X-Total-Count") != a.header.Get("X-Total-Count") {
			c.t.Errorf("getAlbumList %v differs from getAlbumList2", x.kv)
		}
	}
	for _, kind := range []string{"newest", "random"} {
		if got := c.ok("getAlbumList2", "type", kind, "size", 500).list("albumList2.album"); len(got) < 3 {
			c.t.Errorf("getAlbumList2 %s: %d albums", kind, len(got))
		}
	}
	c.fails(10, "getAlbumList2")
	c.fails(10, "getAlbumList2", "type", "byYear")
	c.fails(10, "getAlbumList2", "type", "byGenre")
	c.fails(0, "getAlbumList2", "type", "nonsense")
}

// reads are the calls that only read, with the parameters that they need.
// SONG, ALBUM, ARTIST, FOLDER and LIST stand for ids.
var reads = []string{
	"ping", "getLicense", "getOpenSubsonicExtensions", "getMusicFolders", "getIndexes", "getMusicDirectory?id=FOLDER", "getMusicDirectory?id=ALBUM",
	"getMusicDirectory?id=ARTIST", "getGenres", "getArtists", "getArtist?id=ARTIST", "getAlbum?id=ALBUM", "getSong?id=SONG",
	"getAlbumList?type=alphabeticalByName&size=500", "getAlbumList2?type=alphabeticalByName&size=500", "getSongsByGenre?genre=Rock&count=500", "getStarred",
	"getStarred2", "getNowPlaying", "search?any=storm", "search2?query=storm", "search3?query=storm", "search3?query=&songCount=500", "getPlaylists", "getPlaylist?id=LIST",
	"getLyrics?artist=umit&title=uber+1", "getLyricsBySongId?id=SONG", "getScanStatus", "getUser?username=" + owner, "getUsers", "getBookmarks", "getPlayQueue",
	"getPlayQueueByIndex", "getAlbumInfo?id=ALBUM", "getAlbumInfo2?id=ALBUM", "getArtistInfo?id=ARTIST", "getArtistInfo2?id=ARTIST", "getSimilarSongs?id=SONG",
	"getSimilarSongs2?id=ARTIST", "getTopSongs?artist=Kestrel", "getVideos", "getPodcasts", "getNewestPodcasts", "getShares", "getInternetRadioStations", "getChatMessages",
	"getSong?id=so-0000000000001", "getAlbum", "noSuchCall",
}

// formats holds XML, JSON and JSONP to the same values for every reading call.
func formats(c *client) {
	s := c.song("Folk/Ümit/Über/01.mp3")
	list := c.ok("createPlaylist", "name", "<&\"'> ]]> x", "songId", s.text("id"), "songId", c.song("loose.mp3").text("id")).text("playlist.id")
	c.ok("star", "id", s.text("id"), "albumId", s.text("albumId"), "artistId", s.text("artistId"))
	c.ok("setRating", "id", s.text("id"), "rating", 3)
	c.ok("scrobble", "id", s.text("id"), "time", 1_600_000_000_000)
	c.ok("createBookmark", "id", s.text("id"), "position", 7, "comment", "tab\tand line\nbreak")
	c.ok("savePlayQueue", "id", s.text("id"), "current", s.text("id"), "position", 3)
	ids := strings.NewReplacer("SONG", s.text("id"), "ALBUM", s.text("albumId"), "ARTIST", s.text("artistId"), "FOLDER", s.text("parent"), "LIST", list)
	for _, call := range reads {
		endpoint, query, _ := strings.Cut(ids.Replace(call), "?")
		q, err := url.ParseQuery(query)
		if err != nil {
			c.t.Fatal(err)
		}
		var kv []any
		for k, v := range q {
			kv = append(kv, k, v[0])
		}
		_, js := c.get(nil, endpoint, append(kv, "f", "json")...)
		resp, jp := c.get(nil, endpoint, append(kv, "f", "jsonp", "callback", "cb.x")...)
		if got, ok := strings.CutPrefix(strings.TrimRight(string(jp), ";\n"), "cb.x("); !ok || strings.TrimSuffix(got, ")") != strings.TrimSpace(string(js)) || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/javascript") {
			c.t.Errorf("%s: JSONP is %s %.300s", call, resp.Header.Get("Content-Type"), jp)
		}
		resp, xm := c.get(nil, endpoint+".view", kv...)
		if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/xml") && !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/xml") {
			c.t.Errorf("%s: XML is %s", call, resp.Header.Get("Content-Type"))
		}
		if resp, b := c.do(http.MethodPost, c.s.base+"/rest/"+endpoint, map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, strings.NewReader(c.form(append(kv, "f", "json")...))); string(b) != string(js) {
			c.t.Errorf("%s: POST answers %s %.300s", call, resp.Status, b)
		}
		if resp, _ := c.do(http.MethodHead, c.url(endpoint, kv...), nil, nil); resp.StatusCode != 200 || resp.Header.Get("Content-Type") == "" {
			c.t.Errorf("%s: HEAD answers %s", call, resp.Status)
		}
		inJSON, inXML := leavesOfJSON(c.t, js), leavesOfXML(c.t, xm)
		if d := difference(inJSON, inXML); d != "" {
			c.t.Errorf("%s: JSON and XML differ: %s", call, d)
		}
	}
}

// form is the login and parameters as a body.
func (c *client) form(kv ...any) string {
	q := params(kv)
	for k, v := range c.as {
		q[k] = v
	}
	return q.Encode()
}

// empty are the values that JSON may tell and XML may leave out.
var empty = map[string]bool{"": true, "0": true, "false": true}

// leavesOfJSON lists every name and value of an answer but empty ones.
func leavesOfJSON(t *testing.T, b []byte) []string {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %.300s", err, b)
	}
	var out []string
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, e := range v {
				walk(k, e)
			}
		case []any:
			for _, e := range v {
				if _, deep := e.(map[string]any); deep {
					walk(name, e)
				} else {
					walk("value", e)
				}
			}
		default:
			if text := fmt.Sprint(v); !empty[text] {
				out = append(out, name+"="+text)
			}
		}
	}
	walk("", v)
	slices.Sort(out)
	return out
}

// leavesOfXML is leavesOfJSON for XML: attributes by their names, text as
// value.
func leavesOfXML(t *testing.T, b []byte) []string {
	t.Helper()
	var out []string
	d := xml.NewDecoder(strings.NewReader(string(b)))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %.300s", err, b)
		}
		switch token := token.(type) {
		case xml.StartElement:
			for _, a := range token.Attr {
				if a.Name.Local != "xmlns" && !empty[a.Value] {
					out = append(out, a.Name.Local+"="+a.Value)
				}
			}
		case xml.CharData:
			if text := string(token); strings.TrimSpace(text) != "" {
				out = append(out, "value="+text)
			}
		}
	}
	slices.Sort(out)
	return out
}

// difference says what two sorted lists do not have in common.
func difference(a, b []string) string {
	count := map[string]int{}
	for _, x := range a {
		count[x]++
	}
	for _, x := range b {
		count[x]--
	}
	var out []string
	for x, n := range count {
		if n != 0 {
			out = append(out, fmt.Sprintf("%+d %s", n, x))
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
