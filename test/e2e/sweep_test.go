package e2e

import (
	"fmt"
	"image/color"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// calls are all calls of the protocol with every parameter that takes an id
// or a name; ID stands for what may not be seen, MINE for the caller's own
// playlist, NAME for a name of what may not be seen.
var calls = []string{
	"ping", "getLicense", "getOpenSubsonicExtensions", "tokenInfo", "getMusicFolders", "getIndexes", "getIndexes?musicFolderId=2",
	"getIndexes?musicFolderId=ID", "getMusicDirectory?id=ID", "getGenres", "getArtists", "getArtists?musicFolderId=2", "getArtist?id=ID", "getAlbum?id=ID", "getSong?id=ID",
	"getAlbumList?type=newest&size=500", "getAlbumList?type=random&size=500", "getAlbumList?type=highest&size=500", "getAlbumList?type=frequent&size=500",
	"getAlbumList?type=recent&size=500", "getAlbumList?type=starred&size=500", "getAlbumList?type=alphabeticalByName&size=500&musicFolderId=2",
	"getAlbumList2?type=newest&size=500", "getAlbumList2?type=random&size=500", "getAlbumList2?type=highest&size=500", "getAlbumList2?type=frequent&size=500",
	"getAlbumList2?type=recent&size=500", "getAlbumList2?type=starred&size=500", "getAlbumList2?type=alphabeticalByName&size=500", "getAlbumList2?type=alphabeticalByArtist&size=500",
	"getAlbumList2?type=byYear&fromYear=0&toYear=3000&size=500", "getAlbumList2?type=byGenre&genre=NAME&size=500", "getAlbumList2?type=alphabeticalByName&size=500&musicFolderId=2",
	"getRandomSongs?size=500", "getRandomSongs?size=500&musicFolderId=2", "getRandomSongs?size=500&genre=NAME", "getSongsByGenre?genre=NAME&count=500",
	"getSongsByGenre?genre=Rock&count=500&musicFolderId=2", "getStarred", "getStarred2", "getStarred2?musicFolderId=2", "getNowPlaying",
	"search?any=NAME", "search?artist=NAME", "search?album=NAME", "search?title=NAME", "search2?query=NAME", "search3?query=NAME", "search3?query=&songCount=500&albumCount=500&artistCount=500",
	"search3?query=&musicFolderId=2", "getPlaylists", "getPlaylists?username=Ova", "getPlaylist?id=ID", "createPlaylist?name=x&songId=ID", "createPlaylist?playlistId=ID&name=x",
	"createPlaylist?playlistId=MINE&songId=ID", "updatePlaylist?playlistId=ID&name=x", "updatePlaylist?playlistId=MINE&songIdToAdd=ID", "deletePlaylist?id=ID",
	"stream?id=ID", "download?id=ID", "hls.m3u8?id=ID", "getCaptions?id=ID", "getCoverArt?id=ID", "getCoverArt?id=ID&size=50", "getLyrics?artist=NAME&title=NAME",
	"getLyricsBySongId?id=ID", "getAvatar?username=Ova", "star?id=ID", "star?albumId=ID", "star?artistId=ID", "unstar?id=ID", "setRating?id=ID&rating=3", "scrobble?id=ID",
	"scrobble?id=ID&submission=false", "getUser?username=Ova", "getUsers", "createUser?username=x&password=abcdefgh1&email=x", "updateUser?username=Ova&email=x",
	"deleteUser?username=Ova", "changePassword?username=Ova&password=abcdefgh1", "getBookmarks", "createBookmark?id=ID&position=1", "deleteBookmark?id=ID", "getPlayQueue", "savePlayQueue?id=ID&current=ID",
	"getPlayQueueByIndex", "savePlayQueueByIndex?id=ID&currentIndex=0", "startScan", "getScanStatus", "getArtistInfo?id=ID", "getArtistInfo2?id=ID", "getAlbumInfo?id=ID", "getAlbumInfo2?id=ID",
	"getSimilarSongs?id=ID", "getSimilarSongs2?id=ID", "getTopSongs?artist=NAME", "getTopSongs?artist=NAME&id=ID", "getVideos", "getVideoInfo?id=ID", "getShares", "createShare?id=ID", "updateShare?id=ID",
	"deleteShare?id=ID", "getPodcasts", "getPodcasts?id=ID", "getPodcastEpisode?id=ID", "getNewestPodcasts", "createPodcastChannel?url=http://127.0.0.1/x", "deletePodcastChannel?id=ID", "deletePodcastEpisode?id=ID",
	"downloadPodcastEpisode?id=ID", "refreshPodcasts", "jukeboxControl?action=add&id=ID", "jukeboxControl?action=get", "getInternetRadioStations", "createInternetRadioStation?streamUrl=http://x&name=x",
	"updateInternetRadioStation?id=ID&streamUrl=http://x&name=x", "deleteInternetRadioStation?id=ID", "getChatMessages", "addChatMessage?message=x", "reportPlayback?mediaId=ID&mediaType=song&positionMs=1&state=playing",
	"getTranscodeDecision?mediaId=ID&mediaType=song", "getTranscodeStream?mediaId=ID&mediaType=song&transcodeParams=x", "getSonicSimilarTracks?id=ID", "findSonicPath?startSongId=ID&endSongId=ID",
}

// vault writes a library whose every tag, name and picture is marked.
func vault(t *testing.T) *music {
	t.Helper()
	m := newMusic(t)
	for i := 1; i <= 4; i++ {
		m.write(fmt.Sprintf("Zebrafolder/Zebradisc/Zebra%d.mp3", i), track{title: fmt.Sprintf("Zebratitle %d", i), artist: "Zebrartist", album: "Zebralbum",
			albumArtist: "Zebrartist", genre: "Zebragenre", number: i, sound: 0xa000 + uint32(i), picture: append(cover(t, 100, 100, color.RGBA{1, 2, 3, 255}), "zebrapicture"...)}.mp3(t))
	}
	m.write("Zebrafolder/Zebradisc/Zebra1.lrc", []byte("[00:01.00]zebralyrics\n"))
	// This artist and this genre are in the other library, too.
	for i := 1; i <= 3; i++ {
		m.write(fmt.Sprintf("Zebrafolder/shared/%d.mp3", i), track{title: fmt.Sprintf("Zebra by Kestrel %d", i), artist: "Kestrel", album: "Zebrashared",
			albumArtist: "Kestrel", genre: "Rock", number: i, sound: 0xb000 + uint32(i)}.mp3(t))
	}
	return m
}

const vaultSongs = 7

// sweep sends every call with every id and wants no mark in any answer.
func sweep(c *client, ids []string, mine string) {
	c.t.Helper()
	n := 0
	for _, call := range calls {
		each := []string{""}
		if strings.Contains(call, "ID") && !strings.Contains(call, "=ID&") || strings.Contains(call, "=ID") {
			each = ids
		}
		for _, id := range each {
			endpoint, query, _ := strings.Cut(call, "?")
			query = strings.NewReplacer("=ID", "="+url.QueryEscape(id), "=MINE", "="+mine, "=NAME", "=zebra").Replace(query)
			q, err := url.ParseQuery(query)
			if err != nil {
				c.t.Fatal(err)
			}
			for _, format := range []string{"json", "xml"} {
				for k, v := range c.as {
					q[k] = v
				}
				q.Set("f", format)
				resp, b := c.do("GET", c.s.base+"/rest/"+endpoint+"?"+q.Encode(), nil, nil)
				n++
				text := strings.ToLower(string(b) + fmt.Sprint(resp.Header))
				// An answer may repeat what was asked for.
				if id != "" {
					text = strings.ReplaceAll(text, strings.ToLower(id), "")
					whole, _, _ := strings.Cut(strings.ToLower(id), "_") // of a picture's id
					text = strings.ReplaceAll(text, whole, "")
				}
				for _, mark := range append([]string{"zebra"}, ids...) {
					if mark != "2" && strings.Contains(text, strings.ToLower(mark)) {
						c.t.Errorf("%s with %q shows %q: %.500s", call, id, mark, b)
					}
				}
				if id != "" && (endpoint == "stream" || endpoint == "download" || endpoint == "getCoverArt" || strings.HasPrefix(endpoint, "getLyricsBy")) && !strings.Contains(text, "error") {
					c.t.Errorf("%s with %q answers %s, %d bytes", call, id, resp.Header.Get("Content-Type"), len(b))
				}
			}
		}
	}
	if n < 1000 {
		c.t.Errorf("only %d calls", n)
	}
}

// guest adds a user who may do everything but administer, in library 1 only.
func guest(c *client, name string, libraries ...int) *client {
	c.t.Helper()
	kv := []any{"username", name, "password", "guest's pass 1", "email", "x@example.org"}
	for _, role := range []string{"settings", "stream", "jukebox", "download", "upload", "playlist", "coverArt", "comment", "podcast", "share"} {
		kv = append(kv, role+"Role", true)
	}
	for _, l := range libraries {
		kv = append(kv, "musicFolderId", l)
	}
	c.ok("createUser", kv...)
	return c.s.client(name, "guest's pass 1")
}

// lists that tell of what there is, for counts.
var counted = []string{
	"getMusicFolders", "getIndexes", "getGenres", "getArtists", "getAlbumList2?type=alphabeticalByName&size=500", "getAlbumList2?type=alphabeticalByArtist&size=500", "getAlbumList?type=newest&size=500",
	"getAlbumList2?type=byGenre&genre=Rock&size=500", "getAlbumList2?type=byYear&fromYear=0&toYear=3000", "getAlbumList2?type=frequent", "getAlbumList2?type=highest", "getAlbumList2?type=starred",
	"getSongsByGenre?genre=Rock&count=500", "getStarred2", "search3?query=kestrel&songCount=500", "search3?query=&songCount=500", "getPlaylists", "getNowPlaying", "getBookmarks", "getPlayQueue", "getScanStatus",
	"getPodcasts", "getShares", "getInternetRadioStations", "getTopSongs?artist=Kestrel",
}

var ownIDs = regexp.MustCompile(`^(id|parent|albumId|artistId|coverArt|created|lastModified|changed|starred|played|version|serverVersion|lastScan|username|owner)=`)

// facts are what a client's lists tell, without ids and times.
func (c *client) facts() map[string][]string {
	c.t.Helper()
	out := map[string][]string{}
	for _, call := range counted {
		endpoint, query, _ := strings.Cut(call, "?")
		q, err := url.ParseQuery(query)
		if err != nil {
			c.t.Fatal(err)
		}
		var kv []any
		for k, v := range q {
			kv = append(kv, k, v[0])
		}
		a := c.ok(endpoint, kv...)
		leaves := slices.DeleteFunc(leavesOfJSON(c.t, a.raw), ownIDs.MatchString)
		out[call] = append(leaves, "X-Total-Count="+a.header.Get("X-Total-Count"))
	}
	return out
}

// TestSweep shows nothing of a library to those who may not read it.
func TestSweep(t *testing.T) {
	t.Parallel()
	open, closed := shelf(t), vault(t)
	s := start(t, setup{music: []string{"Open=" + open.dir, "Zebravault=" + closed.dir}})
	c := s.owner()
	c.scanned(shelfSongs + vaultSongs)
	// What the owner attaches must show nowhere either.
	z := c.song("Zebrafolder/Zebradisc/Zebra1.mp3")
	shared := c.song("Zebrafolder/shared/1.mp3")
	loose := c.song("loose.mp3").text("id")
	song, album, artist, dir := z.text("id"), z.text("albumId"), z.text("artistId"), z.text("parent")
	up := c.ok("getMusicDirectory", "id", dir).text("directory.parent")
	private := c.ok("createPlaylist", "name", "Zebraprivate", "songId", song, "songId", loose).text("playlist.id")
	public := c.ok("createPlaylist", "name", "Everybody's", "songId", song, "songId", loose, "songId", shared.text("id")).text("playlist.id")
	c.ok("updatePlaylist", "playlistId", public, "public", true)
	c.ok("updatePlaylist", "playlistId", private, "comment", "zebracomment")
	c.ok("star", "id", song, "albumId", album, "artistId", artist)
	c.ok("setRating", "id", album, "rating", 5)
	c.ok("setRating", "id", song, "rating", 5)
	c.ok("scrobble", "id", song, "submission", false)
	c.ok("scrobble", "id", song, "id", shared.text("id"))
	c.ok("createBookmark", "id", song, "position", 7, "comment", "zebramark")
	c.ok("savePlayQueue", "id", song, "id", loose, "current", song)

	g := guest(c, "guest", 1)
	mine := g.ok("createPlaylist", "name", "mine", "songId", loose).text("playlist.id")
	ids := []string{song, album, artist, dir, up, private, z.text("coverArt"), shared.text("id"), shared.text("albumId"), "2"}
	for i, id := range ids {
		if id == "" {
			t.Fatalf("id %d is empty", i)
		}
	}
	t.Run("without rights", func(t *testing.T) { sweep(g.with(t), ids, mine) })
	t.Run("wrong password", func(t *testing.T) {
		wrong := s.app(url.Values{"u": {owner}, "p": {s.secret("not the password")}})
		wrong.fails(40, "ping")
		sweep(wrong.with(t), append(ids, public), mine)
	})
	t.Run("nobody", func(t *testing.T) {
		none := s.app(url.Values{})
		none.fails(10, "ping")
		sweep(none.with(t), append(ids, public), mine)
	})
	t.Run("nothing was changed", func(t *testing.T) {
		c := c.with(t)
		if got := c.ok("getPlaylist", "id", private).at("playlist"); got.text("name") != "Zebraprivate" || len(got.list("entry")) != 2 {
			t.Errorf("the playlist: %v", got.v)
		}
		if got := c.ok("getSong", "id", song).at("song"); got.int("playCount") != 1 || got.int("userRating") != 5 || got.int("bookmarkPosition") != 7 {
			t.Errorf("the song: %v", got.v)
		}
		if got := c.ok("getUsers").list("users.user"); len(got) != 2 {
			t.Errorf("users: %v", got)
		}
		if got := g.with(t).ok("getPlaylist", "id", mine).list("playlist.entry"); len(got) != 1 {
			t.Errorf("the guest's playlist: %v", got)
		}
	})
	t.Run("public playlist", func(t *testing.T) {
		got := g.with(t).ok("getPlaylist", "id", public).at("playlist")
		if got.int("songCount") != 1 || len(got.list("entry")) != 1 || got.text("entry.0.id") != loose {
			t.Errorf("the guest sees %v", got.v)
		}
	})
	t.Run("counts", func(t *testing.T) {
		// The same guest on a server that never had the other library.
		other := start(t, setup{music: []string{"Open=" + open.dir}})
		oc := other.owner()
		oc.scanned(shelfSongs)
		loose := oc.song("loose.mp3").text("id")
		list := oc.ok("createPlaylist", "name", "Everybody's", "songId", loose).text("playlist.id")
		oc.ok("updatePlaylist", "playlistId", list, "public", true)
		og := guest(oc, "guest", 1)
		og.ok("createPlaylist", "name", "mine", "songId", loose)
		want, got := og.with(t).facts(), g.with(t).facts()
		for call := range want {
			if d := difference(got[call], want[call]); d != "" {
				t.Errorf("%s differs from a server without the library: %s", call, d)
			}
		}
	})
	t.Run("the right is given", func(t *testing.T) {
		c, g := c.with(t), g.with(t)
		g.fails(70, "getSong", "id", song)
		c.ok("updateUser", "username", "guest", "musicFolderId", 1, "musicFolderId", 2)
		g.ok("getSong", "id", song)
		if resp, _ := g.get(nil, "getCoverArt", "id", z.text("coverArt")); resp.Header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("the cover: %v", resp.Header)
		}
		// All may be read now, and still nothing of the owner's own is seen.
		g.fails(70, "getPlaylist", "id", private)
		g.fails(70, "updatePlaylist", "playlistId", private, "name", "x")
		g.fails(50, "updatePlaylist", "playlistId", public, "name", "x")
		g.fails(50, "deletePlaylist", "id", public)
		got := g.ok("getSong", "id", song).at("song")
		if got.at("starred").v != nil || got.int("userRating") != 0 || got.int("playCount") != 0 || got.int("bookmarkPosition") != 0 {
			t.Errorf("the owner's star shows: %v", got.v)
		}
		for _, x := range []string{"getStarred2", "getBookmarks", "getPlayQueue"} {
			if a := g.ok(x); strings.Contains(string(a.raw), song) || strings.Contains(string(a.raw), "zebramark") {
				t.Errorf("%s: %s", x, a.raw)
			}
		}
		for _, kind := range []string{"recent", "frequent", "highest", "starred"} {
			if a := g.ok("getAlbumList2", "type", kind); len(a.list("albumList2.album")) != 0 || a.header.Get("X-Total-Count") != "0" {
				t.Errorf("getAlbumList2 %s: %s", kind, a.raw)
			}
		}
		c.ok("updateUser", "username", "guest", "musicFolderId", 1)
		g.fails(70, "getSong", "id", song)
		g.fails(70, "stream", "id", song)
	})
}

// TestRoles takes one role after the other from a user.
func TestRoles(t *testing.T) {
	m := shelf(t)
	s := start(t, setup{music: []string{m.dir}})
	c := s.owner()
	c.scanned(shelfSongs)
	id := c.song("loose.mp3").text("id")
	g := guest(c, "guest")
	list := g.ok("createPlaylist", "name", "mine", "songId", id).text("playlist.id")
	for role, calls := range map[string][][]any{
		"stream":   {{"stream", "id", id}},
		"download": {{"download", "id", id}},
		"playlist": {{"createPlaylist", "name", "x"}, {"updatePlaylist", "playlistId", list, "name", "x"}, {"deletePlaylist", "id", list}},
		"share":    {{"createShare", "id", id}},
		"podcast":  {{"createPodcastChannel", "url", "http://127.0.0.1/x"}, {"refreshPodcasts"}},
		"jukebox":  {{"jukeboxControl", "action", "get"}},
		"settings": {{"changePassword", "username", "guest", "password", "guest's pass 1"}},
		"admin": {{"getUsers"}, {"createUser", "username", "x", "password", "abcdefgh1", "email", "x"}, {"updateUser", "username", "guest", "email", "x"}, {"deleteUser", "username", owner},
			{"startScan"}, {"createInternetRadioStation", "streamUrl", "http://x", "name", "x"}, {"changePassword", "username", owner, "password", "abcdefgh1"}, {"getUser", "username", owner}},
	} {
		c.ok("updateUser", "username", "guest", role+"Role", false)
		for _, call := range calls {
			g.fails(50, call[0].(string), call[1:]...)
		}
		if got := g.ok("getUser", "username", "guest").at("user." + role + "Role").v; got != false {
			t.Errorf("getUser: %sRole is %v", role, got)
		}
		if role != "admin" {
			c.ok("updateUser", "username", "guest", role+"Role", true)
		}
	}
	// coverArt is the right to change covers, and upload that to add songs: no call of the protocol does.
	g.ok("getPlaylist", "id", list)
}

// TestVersions asks for lists again with their ETags.
func TestVersions(t *testing.T) {
	m := shelf(t)
	eachWay(t, func(t *testing.T, w way) {
		s := start(t, setup{way: w, music: []string{m.dir}})
		c := s.owner()
		c.scanned(shelfSongs)
		eventually(t, "an idle server", func() bool { return c.ok("getScanStatus").at("scanStatus.scanning").v == false })
		g := guest(c, "guest")
		x := c.song("loose.mp3")
		lists := [][]any{
			{"getAlbumList2", "type", "newest"}, {"getArtists"}, {"getIndexes"}, {"getGenres"}, {"getStarred2"}, {"getAlbum", "id", x.text("albumId")}, {"search3", "query", "kestrel"},
			{"getSong", "id", x.text("id")}, {"getMusicDirectory", "id", x.text("parent")}, {"getPlaylists"}, {"getSongsByGenre", "genre", "Rock"},
		}
		type tags map[string]string
		read := func(c *client) tags {
			out := tags{}
			for _, l := range lists {
				a := c.ok(l[0].(string), l[1:]...)
				if out[fmt.Sprint(l)] = a.header.Get("ETag"); a.header.Get("ETag") == "" {
					t.Errorf("%v has no ETag", l)
				}
			}
			return out
		}
		unchanged := func(c *client, was tags) (n int) {
			for _, l := range lists {
				resp, b := c.get(map[string]string{"If-None-Match": was[fmt.Sprint(l)]}, l[0].(string), append(l[1:], "f", "json")...)
				if resp.StatusCode == 304 && len(b) == 0 {
					n++
				}
			}
			return n
		}
		for what, do := range map[string]func(){
			"star":     func() { c.ok("star", "id", x.text("id")) },
			"play":     func() { c.ok("scrobble", "id", x.text("id")) },
			"rating":   func() { c.ok("setRating", "id", x.text("albumId"), "rating", 2) },
			"bookmark": func() { c.ok("createBookmark", "id", x.text("id"), "position", 10) },
			"playlist": func() { c.ok("createPlaylist", "name", "new", "songId", x.text("id")) },
		} {
			mine, theirs := read(c), read(g)
			if unchanged(c, mine) != len(lists) || unchanged(g, theirs) != len(lists) {
				t.Fatalf("before a %s: %d and %d of %d are unchanged", what, unchanged(c, mine), unchanged(g, theirs), len(lists))
			}
			do()
			if n := unchanged(c, mine); n != 0 {
				t.Errorf("after a %s %d lists of that user are still unchanged", what, n)
			}
			if n := unchanged(g, theirs); n != len(lists) && what != "playlist" {
				t.Errorf("after a %s only %d of %d lists of another user are unchanged", what, n, len(lists))
			}
		}
		mine, theirs := read(c), read(g)
		c.ok("updateUser", "username", "guest", "musicFolderId", 1)
		c.ok("createUser", "username", "third", "password", "third's pass", "email", "x")
		if n := unchanged(g, theirs); n != 0 {
			t.Errorf("after a change of rights %d lists are still unchanged", n)
		}
		if n := unchanged(c, mine); n != len(lists) {
			t.Errorf("after another user's change of rights only %d of %d lists are unchanged", n, len(lists))
		}
	})
}
