package subsonic

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// traps are what apps and servers are known to stumble over, each by a name.
// Those of the shapes alone are tested in package spec, those of logins, forms
// and media in the other tests of this package.
var traps = []struct {
	name string
	test func(t *testing.T, h *house)
}{
	{"no null anywhere in JSON", func(t *testing.T, h *house) {
		for _, call := range append(reads, h.readsOf("Dawn")...) {
			b := body(t, h.raw("owner", call))
			if regexp.MustCompile(`:null|\[null`).MatchString(b) {
				t.Errorf("%s: %s", call, b)
			}
		}
	}},
	{"no date is an empty text", func(t *testing.T, h *house) {
		dates := regexp.MustCompile(`"(played|created|starred|changed|expires|lastVisited|publishDate|validUntil)":"([^"]*)"`)
		valid := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
		h.get("star?id=" + h.id("Dawn"))
		for _, call := range append(reads, h.readsOf("Dawn")...) {
			for _, m := range dates.FindAllStringSubmatch(body(t, h.raw("owner", call)), -1) {
				if !valid.MatchString(m[2]) {
					t.Errorf("%s: %s", call, m[0])
				}
			}
		}
	}},
	{"the root has one key, and a failed answer has type, version and openSubsonic", func(t *testing.T, h *house) {
		for _, call := range []string{"ping", "getSong?id=x"} {
			o := h.envelope(h.raw("owner", call))
			if o["type"] != "songlocker" || o["version"] != "1.16.1" || o["serverVersion"] != "1.2.3" || o["openSubsonic"] != true {
				t.Errorf("%s: %v", call, o)
			}
		}
	}},
	{"the containers of empty answers are there, with their lists", func(t *testing.T, h *house) {
		dawn := h.song("Dawn")
		for call, path := range map[string][]any{
			"getAlbumList?type=starred": {"albumList", "album"}, "getAlbumList2?type=starred": {"albumList2", "album"},
			"getAlbumList2?type=newest&offset=99": {"albumList2", "album"}, "getSongsByGenre?genre=none": {"songsByGenre", "song"},
			"getStarred": {"starred", "song"}, "getStarred2": {"starred2", "album"}, "getPlaylists": {"playlists", "playlist"},
			"getBookmarks": {"bookmarks", "bookmark"}, "getNowPlaying": {"nowPlaying", "entry"}, "getPlayQueue": {"playQueue", "entry"},
			"getPlayQueueByIndex": {"playQueueByIndex", "entry"}, "search2?query=zzqq": {"searchResult2", "artist"},
			"search3?query=zzqq": {"searchResult3", "song"}, "search?any=zzqq": {"searchResult", "match"}, "getShares": {"shares", "share"},
			"getPodcasts": {"podcasts", "channel"}, "getNewestPodcasts": {"newestPodcasts", "episode"}, "getChatMessages": {"chatMessages", "chatMessage"},
			"getInternetRadioStations": {"internetRadioStations", "internetRadioStation"}, "getVideos": {"videos", "video"},
			"getTopSongs?artist=nobody": {"topSongs", "song"}, "getSimilarSongs?id=" + dawn["id"].(string): {"similarSongs", "song"},
			"getSimilarSongs2?id=" + dawn["artistId"].(string): {"similarSongs2", "song"}, "getArtistInfo?id=" + dawn["artistId"].(string): {"artistInfo", "similarArtist"},
			"getArtistInfo2?id=" + dawn["artistId"].(string): {"artistInfo2", "similarArtist"}, "getLyricsBySongId?id=" + dawn["id"].(string): {"lyricsList", "structuredLyrics"},
			"getRandomSongs?genre=none": {"randomSongs", "song"},
		} {
			list, ok := dig(h.get(call), path...).([]any)
			if !ok || len(list) != 0 {
				t.Errorf("%s: %v", call, h.get(call))
			}
		}
		for _, call := range []string{"getAlbumInfo", "getAlbumInfo2"} {
			if _, ok := h.get(call + "?id=" + dawn["albumId"].(string))["albumInfo"].(object); !ok {
				t.Errorf("%s: no albumInfo", call)
			}
		}
	}},
	{"one item is a list of one", func(t *testing.T, h *house) {
		if l, ok := dig(h.get("getAlbumList2?type=newest&size=1"), "albumList2", "album").([]any); !ok || len(l) != 1 {
			t.Error("albumList2.album is no list of one")
		}
	}},
	{"ids are texts, those of music folders numbers", func(t *testing.T, h *house) {
		b := body(t, h.raw("owner", "getMusicFolders"))
		if !strings.Contains(b, `{"id":1,"name":"Music"},{"id":2,"name":"Other"}`) {
			t.Error(b)
		}
		if b := body(t, h.raw("owner", "getUser?username=owner")); !strings.Contains(b, `"folder":[1,2]`) {
			t.Error(b)
		}
		id := regexp.MustCompile(`"(id|parent|albumId|artistId|coverArt)":("[^"]*"|[^,}]*)`)
		for _, m := range id.FindAllStringSubmatch(body(t, h.raw("owner", "search3?songCount=50")), -1) {
			if !regexp.MustCompile(`^"[a-z0-9_-]+"$`).MatchString(m[2]) {
				t.Errorf("%s needs escaping or is no text", m[0])
			}
		}
	}},
	{"an empty query and one of two quotes list everything, page by page", func(t *testing.T, h *house) {
		for _, query := range []string{"", "query=", "query=%22%22", "query=" + escape("*")} {
			for _, endpoint := range [][2]string{{"search3", "searchResult3"}, {"search2", "searchResult2"}} {
				r := dig(h.get(endpoint[0]+"?artistCount=500&albumCount=500&songCount=500&"+query), endpoint[1])
				if n := fmt.Sprint(len(all(dig(r, "artist"), "id")), len(all(dig(r, "album"), "id")), len(all(dig(r, "song"), "id"))); n != "4 5 9" {
					t.Errorf("%s %s: %s artists, albums, songs", endpoint[0], query, n)
				}
				var paged []string
				for offset := range 10 {
					r := dig(h.get(fmt.Sprintf("%s?artistCount=0&albumCount=0&songCount=1&songOffset=%d&%s", endpoint[0], offset, query)), endpoint[1])
					if len(all(dig(r, "artist"), "id"))+len(all(dig(r, "album"), "id")) != 0 {
						t.Error("a count of 0 gives items")
					}
					paged = append(paged, all(dig(r, "song"), "id")...)
				}
				if !slices.Equal(paged, all(dig(r, "song"), "id")) {
					t.Errorf("%s %s: pages differ from the whole", endpoint[0], query)
				}
			}
		}
		r := dig(h.get("search3?query=&musicFolderId=2&songCount=500"), "searchResult3", "song")
		if got := all(r, "title"); fmt.Sprint(got) != "[Leaf Moss]" {
			t.Errorf("in one folder: %v", got)
		}
	}},
	{"a count of thousands is taken as it is", func(t *testing.T, h *house) {
		if got := all(dig(h.get("search3?query=&songCount=1000000"), "searchResult3", "song"), "id"); len(got) != 9 {
			t.Errorf("%d songs", len(got))
		}
	}},
	{"negative offsets are 0", func(t *testing.T, h *house) {
		for _, c := range [][3]string{{"search3?query=&songOffset=-5000&songCount=1", "searchResult3", "song"}, {"getAlbumList2?type=newest&offset=-1", "albumList2", "album"},
			{"getSongsByGenre?genre=Rock&offset=-7", "songsByGenre", "song"}} {
			if got := all(dig(h.get(c[0]), c[1], c[2]), "id"); len(got) == 0 {
				t.Errorf("%s: nothing", c[0])
			}
		}
	}},
	{"an unknown music folder has nothing, 0 and none have all", func(t *testing.T, h *house) {
		for call, path := range map[string][]any{
			"getAlbumList2?type=newest": {"albumList2", "album"}, "getAlbumList?type=newest": {"albumList", "album"}, "getRandomSongs?size=500": {"randomSongs", "song"},
			"search3?query=": {"searchResult3", "song"}, "search2?query=": {"searchResult2", "song"}, "getSongsByGenre?genre=Rock": {"songsByGenre", "song"},
			"getArtists?": {"artists", "index"}, "getIndexes?": {"indexes", "index"},
		} {
			whole := len(all(dig(h.get(call), path...), "id"))
			for folder, want := range map[string]int{"": whole, "0": whole, "987654": 0, "-1": 0, "abc": 0, "1e9": 0} {
				if got := len(all(dig(h.get(call+"&musicFolderId="+folder), path...), "id")); got != want || whole == 0 {
					t.Errorf("%s in folder %q: %d of %d", call, folder, got, whole)
				}
			}
		}
		if n := len(all(dig(h.ask("guest", "getRandomSongs?size=500&musicFolderId=2"), "randomSongs", "song"), "id")); n != 0 {
			t.Errorf("a folder out of rights has %d songs", n)
		}
	}},
	{"getIndexes tells milliseconds, and nothing when nothing changed", func(t *testing.T, h *house) {
		first := h.get("getIndexes")
		at, _ := dig(first, "indexes", "lastModified").(float64)
		if at < 1e12 {
			t.Fatalf("lastModified %v", at)
		}
		for since, full := range map[int64]bool{0: true, int64(at) - 1: true, int64(at): false, int64(at) + 86400000: false} {
			r := h.get(fmt.Sprintf("getIndexes?ifModifiedSince=%d", since))
			if got := len(all(dig(r, "indexes", "index"), "name")) > 0; got != full || dig(r, "indexes", "lastModified") == nil {
				t.Errorf("since %d: %v", since, got)
			}
		}
	}},
	{"letters skip articles and accents", func(t *testing.T, h *house) {
		if got := all(dig(h.get("getArtists"), "artists", "index"), "name"); fmt.Sprint(got) != "[A B C U]" {
			t.Errorf("getArtists: %v", got)
		}
		if got := all(dig(h.get("getIndexes"), "indexes", "index"), "name"); fmt.Sprint(got) != "[A B C U]" {
			t.Errorf("getIndexes: %v", got)
		}
		for name, want := range map[string]string{"The Beatles": "B", "the The": "T", "The": "T", "Éire": "E", "2Pac": "#", "!!!": "#", "東京事変": "#", "Кино": "К", "L'Arc": "L", "Theremin": "T", "": "#"} {
			if got := letter(h.api.indexName(name, "")); got != want {
				t.Errorf("%q stands under %q, want %q", name, got, want)
			}
		}
	}},
	{"every id of either view opens in getMusicDirectory", func(t *testing.T, h *house) {
		dawn := h.song("Dawn")
		for what, want := range map[string]string{"parent": "[Dawn Dusk]", "albumId": "[Dawn Dusk Night]", "artistId": "[Red [unknown]]"} {
			d := dig(h.get("getMusicDirectory?id="+dawn[what].(string)), "directory")
			got := all(dig(d, "child"), "title")
			if what == "parent" {
				if got[0] != "CD2" || dig(d, "child", 0, "isDir") != true {
					t.Errorf("folders come first: %v", got)
				}
				got = got[1:]
			}
			if what == "artistId" {
				slices.Sort(got)
			}
			if fmt.Sprint(got) != want {
				t.Errorf("%s: %v, want %s", what, got, want)
			}
			for _, parent := range all(dig(d, "child"), "parent") {
				if parent != dawn[what] {
					t.Errorf("%s: a child's parent is %s", what, parent)
				}
			}
		}
		// Up to the root of the library, which bears its name.
		id, names := dawn["parent"].(string), []string{}
		for id != "" {
			d := dig(h.get("getMusicDirectory?id="+id), "directory")
			names = append(names, dig(d, "name").(string))
			id, _ = dig(d, "parent").(string)
		}
		if fmt.Sprint(names) != "[Red Ann Music]" {
			t.Errorf("upwards: %v", names)
		}
		if code := h.code("guest", "getMusicDirectory?id="+h.song("Leaf")["parent"].(string)); code != 70 {
			t.Errorf("a folder out of rights: %d", code)
		}
	}},
	{"song ids are the same in both views", func(t *testing.T, h *house) {
		dawn := h.song("Dawn")
		byFolder := dig(h.get("getMusicDirectory?id="+dawn["parent"].(string)), "directory", "child", 1, "id")
		byTag := dig(h.get("getAlbum?id="+dawn["albumId"].(string)), "album", "song", 0, "id")
		if byFolder != dawn["id"] || byTag != dawn["id"] {
			t.Errorf("%v and %v of %v", byFolder, byTag, dawn["id"])
		}
	}},
	{"byYear goes both ways and filters", func(t *testing.T, h *house) {
		for _, list := range [][2]string{{"getAlbumList2", "albumList2"}, {"getAlbumList", "albumList"}} {
			for query, want := range map[string]string{"fromYear=1980&toYear=2020": "[1985 1999 1999 2010]", "fromYear=2020&toYear=1980": "[2010 1999 1999 1985]", "fromYear=1999&toYear=1999": "[1999 1999]", "fromYear=1&toYear=2": "[]"} {
				if got := fmt.Sprint(all(dig(h.get(list[0]+"?type=byYear&"+query), list[1], "album"), "year")); got != want {
					t.Errorf("%s %s: %s, want %s", list[0], query, got, want)
				}
			}
		}
	}},
	{"album lists tell their length, page stably and end in an empty list", func(t *testing.T, h *house) {
		for _, by := range []string{"newest", "alphabeticalByName", "alphabeticalByArtist", "byGenre&genre=Rock"} {
			r := h.raw("owner", "getAlbumList2?type="+by)
			whole := all(dig(h.envelope(r), "albumList2", "album"), "id")
			if r.Header.Get("X-Total-Count") != fmt.Sprint(len(whole)) || len(whole) == 0 {
				t.Errorf("%s: X-Total-Count %s of %d", by, r.Header.Get("X-Total-Count"), len(whole))
			}
			var paged []string
			for offset := range len(whole) + 1 {
				paged = append(paged, all(dig(h.get(fmt.Sprintf("getAlbumList2?type=%s&size=1&offset=%d", by, offset)), "albumList2", "album"), "id")...)
			}
			if !slices.Equal(paged, whole) {
				t.Errorf("%s: pages %v of %v", by, paged, whole)
			}
		}
		if got := all(dig(h.get("getAlbumList2?type=random&size=500"), "albumList2", "album"), "id"); len(got) != 5 || len(slices.Compact(slices.Sorted(slices.Values(got)))) != 5 {
			t.Errorf("random: %v", got)
		}
		if got := h.code("owner", "getAlbumList2?type=nonsense"); got != 0 {
			t.Errorf("an unknown list: %d", got)
		}
	}},
	{"getLicense is always valid", func(t *testing.T, h *house) {
		if dig(h.ask("guest", "getLicense"), "license", "valid") != true {
			t.Error("the licence is not valid")
		}
	}},
	{"getOpenSubsonicExtensions needs no u, v and c, and announces what works", func(t *testing.T, h *house) {
		o := h.envelope(h.do(get("/rest/getOpenSubsonicExtensions?f=json")))
		if got := fmt.Sprint(all(o["openSubsonicExtensions"], "name"), all(o["openSubsonicExtensions"], "versions")); got != "[apiKeyAuthentication formPost indexBasedQueue songLyrics] [[1] [1] [1] [1]]" {
			t.Error(got)
		}
	}},
	{"stars take ids of every kind in id", func(t *testing.T, h *house) {
		dawn := h.song("Dawn")
		var ids []string
		for _, name := range []string{"id", "albumId", "artistId", "parent"} {
			ids = append(ids, "id="+dawn[name].(string))
		}
		h.get("star?" + strings.Join(ids, "&"))
		two, one := h.get("getStarred2")["starred2"], h.get("getStarred")["starred"]
		if got := fmt.Sprint(all(dig(two, "song"), "title"), all(dig(two, "album"), "name"), all(dig(two, "artist"), "name")); got != "[Dawn] [Red] [Ann]" {
			t.Errorf("getStarred2: %s", got)
		}
		if got := fmt.Sprint(all(dig(one, "song"), "title"), all(dig(one, "album"), "title"), all(dig(one, "artist"), "name")); got != "[Dawn] [Red Red] [Ann]" {
			t.Errorf("getStarred: %s", got)
		}
		starred := dig(h.get("getAlbum?id="+dawn["albumId"].(string)), "album", "starred")
		if _, err := time.Parse(time.RFC3339, fmt.Sprint(starred)); err != nil {
			t.Errorf("starred is no date: %v", starred)
		}
		if n := len(all(dig(h.ask("guest", "getStarred2"), "starred2", "song"), "id")); n != 0 {
			t.Error("another user sees the stars")
		}
		h.get("unstar?" + strings.Join(ids, "&"))
		if got := dig(h.get("getStarred"), "starred"); fmt.Sprint(dig(got, "song"), dig(got, "album"), dig(got, "artist")) != "[] [] []" {
			t.Errorf("after unstar: %v", got)
		}
		// One unknown id stars nothing.
		if code := h.code("owner", "star?id="+dawn["id"].(string)+"&id=so-0000000000001"); code != 70 || h.song("Dawn")["starred"] != nil {
			t.Errorf("with an unknown id: %d, starred %v", code, h.song("Dawn")["starred"])
		}
	}},
	{"ratings are 1 to 5, 0 takes back, others are refused", func(t *testing.T, h *house) {
		dawn := h.song("Dawn")
		id := dawn["id"].(string)
		for rating, want := range map[string]int{"5": -1, "1": -1, "0": -1, "6": 0, "-1": 0, "x": 0} {
			if code := h.code("owner", "setRating?id="+id+"&rating="+rating); code != want {
				t.Errorf("%s: %d, want %d", rating, code, want)
			}
		}
		h.get("setRating?rating=4&id=" + id)
		h.ask("guest", "setRating?rating=1&id="+id)
		if s := h.song("Dawn"); s["userRating"] != 4. || s["averageRating"] != 2.5 {
			t.Errorf("%v, mean %v", s["userRating"], s["averageRating"])
		}
		h.get("setRating?rating=0&id=" + id)
		if s := h.song("Dawn"); s["userRating"] != nil {
			t.Errorf("taken back: %v", s["userRating"])
		}
		for _, name := range []string{"albumId", "artistId", "parent"} {
			h.get("setRating?rating=3&id=" + dawn[name].(string))
		}
		if got := dig(h.get("getAlbumList2?type=highest"), "albumList2", "album", 0, "id"); got != dawn["albumId"] {
			t.Errorf("highest: %v", got)
		}
	}},
	{"scrobble pairs ids and times, and submission=false only tells what plays", func(t *testing.T, h *house) {
		dawn, sea := h.id("Dawn"), h.id("Sea")
		h.get("scrobble?submission=false&id=" + dawn)
		if h.song("Dawn")["playCount"] != nil {
			t.Error("now playing counts")
		}
		h.get("scrobble?id=" + dawn + "&time=1700000000000&id=" + sea + "&time=1600000000000&id=" + dawn + "&time=1700000100000")
		if s := h.song("Dawn"); s["playCount"] != 2. || s["played"] != "2023-11-14T22:15:00.000Z" {
			t.Errorf("%v plays, %v", s["playCount"], s["played"])
		}
		if s := h.song("Sea"); s["playCount"] != 1. || s["played"] != "2020-09-13T12:26:40.000Z" {
			t.Errorf("%v plays, %v", s["playCount"], s["played"])
		}
		h.get("scrobble?id=" + sea)
		if s := h.song("Sea"); s["playCount"] != 2. {
			t.Errorf("submission is not true by itself: %v plays", s["playCount"])
		}
		if got := all(dig(h.get("getAlbumList2?type=recent"), "albumList2", "album"), "name"); fmt.Sprint(got) != "[Blue Red]" {
			t.Errorf("recent: %v", got)
		}
		if got := all(dig(h.ask("guest", "getAlbumList2?type=frequent"), "albumList2", "album"), "name"); len(got) != 0 {
			t.Errorf("another user's frequent: %v", got)
		}
		for _, call := range []string{"scrobble?id=al-0000000000001", "scrobble?submission=false&id=so-0000000000001"} {
			if code := h.code("owner", call); code != 70 {
				t.Errorf("%s: %d", call, code)
			}
		}
	}},
	{"getNowPlaying shows the latest song of each app, and to nobody what they may not read", func(t *testing.T, h *house) {
		h.get("scrobble?submission=false&id=" + h.id("Leaf"))
		h.ask("guest", "scrobble?submission=false&id="+h.id("Dawn"))
		h.now = h.now.Add(3 * time.Minute)
		h.ask("guest", "scrobble?submission=false&id="+h.id("Sea"))
		show := func(user string) string {
			l := dig(h.ask(user, "getNowPlaying"), "nowPlaying", "entry")
			return fmt.Sprint(all(l, "title"), all(l, "username"), all(l, "minutesAgo"), all(l, "playerId"), all(l, "playerName"))
		}
		if got := show("owner"); got != "[Sea Leaf] [guest owner] [0 3] [2 1] [test test]" {
			t.Errorf("owner: %s", got)
		}
		if got := show("guest"); got != "[Sea] [guest] [0] [2] [test]" {
			t.Errorf("guest: %s", got)
		}
		h.now = h.now.Add(playerSilence + time.Second)
		if got := show("owner"); got != "[] [] [] [] []" {
			t.Errorf("much later: %s", got)
		}
	}},
	{"createPlaylist answers with the playlist, public also when false", func(t *testing.T, h *house) {
		dawn, sea := h.id("Dawn"), h.id("Sea")
		p := dig(h.get("createPlaylist?name="+escape("A & <b> ä")+"&songId="+sea+"&songId="+dawn+"&songId="+sea), "playlist").(object)
		if p["name"] != "A & <b> ä" || p["public"] != false || p["owner"] != "owner" || p["songCount"] != 3. || p["duration"] != 50. || p["readonly"] != false {
			t.Errorf("%v", p)
		}
		id := p["id"].(string)
		if got := dig(h.get("createPlaylist?playlistId="+id+"&songId="+dawn), "playlist"); dig(got, "name") != "A & <b> ä" || fmt.Sprint(all(dig(got, "entry"), "title")) != "[Dawn]" {
			t.Errorf("replaced: %v", got)
		}
		if got := dig(h.get("createPlaylist?name=empty"), "playlist", "entry"); fmt.Sprint(got) != "[]" {
			t.Errorf("empty: %v", got)
		}
		if code := h.code("owner", "createPlaylist?playlistId=pl-0000000000001&songId="+dawn); code != 70 {
			t.Errorf("unknown list: %d", code)
		}
		if code := h.code("guest", "createPlaylist?name=x&songId="+h.id("Leaf")); code != 70 {
			t.Errorf("with a song out of rights: %d", code)
		}
	}},
	{"updatePlaylist removes by the old places and then adds", func(t *testing.T, h *house) {
		dawn, sea, sky := h.id("Dawn"), h.id("Sea"), h.id("Sky")
		id := dig(h.get("createPlaylist?name=x&songId="+dawn+"&songId="+sea+"&songId="+dawn), "playlist", "id").(string)
		titles := func() string {
			return fmt.Sprint(all(dig(h.get("getPlaylist?id="+id), "playlist", "entry"), "title"))
		}
		h.get("updatePlaylist?playlistId=" + id + "&songIndexToRemove=0&songIndexToRemove=2&songIdToAdd=" + sky + "&songIdToAdd=" + sky)
		if titles() != "[Sea Sky Sky]" {
			t.Error(titles())
		}
		if code := h.code("owner", "updatePlaylist?playlistId="+id+"&songIndexToRemove=50"); code != 0 || titles() != "[Sea Sky Sky]" {
			t.Errorf("out of range: %d %s", code, titles())
		}
		h.get("updatePlaylist?playlistId=" + id + "&name=y&comment=c&public=true")
		h.get("updatePlaylist?playlistId=" + id + "&songIdToAdd=" + dawn)
		p := dig(h.get("getPlaylist?id="+id), "playlist")
		if dig(p, "name") != "y" || dig(p, "comment") != "c" || dig(p, "public") != true || titles() != "[Sea Sky Sky Dawn]" {
			t.Errorf("%v", p)
		}
		h.get("updatePlaylist?playlistId=" + id + "&comment=")
		if p := dig(h.get("getPlaylist?id="+id), "playlist"); dig(p, "comment") != nil || dig(p, "name") != "y" {
			t.Errorf("an empty comment: %v", p)
		}
	}},
	{"playlists of others are hidden, readable when public, and never theirs to change", func(t *testing.T, h *house) {
		id := dig(h.get("createPlaylist?name=x&songId="+h.id("Dawn")+"&songId="+h.id("Leaf")), "playlist", "id").(string)
		if code := h.code("guest", "getPlaylist?id="+id); code != 70 {
			t.Errorf("private: %d", code)
		}
		h.get("updatePlaylist?public=true&playlistId=" + id)
		p := dig(h.ask("guest", "getPlaylist?id="+id), "playlist")
		if dig(p, "readonly") != true || fmt.Sprint(all(dig(p, "entry"), "title")) != "[Dawn]" || dig(p, "songCount") != 1. || dig(p, "duration") != 10. {
			t.Errorf("public: %v", p)
		}
		for _, call := range []string{"updatePlaylist?name=stolen&playlistId=", "deletePlaylist?id=", "createPlaylist?name=stolen&playlistId="} {
			if code := h.code("guest", call+id); code != 50 {
				t.Errorf("%s: %d", call, code)
			}
		}
		if code := h.code("guest", "getPlaylists?username=owner"); code != 50 {
			t.Errorf("another's lists: %d", code)
		}
		if got := all(dig(h.get("getPlaylists?username=guest"), "playlists", "playlist"), "name"); len(got) != 0 {
			t.Errorf("an admin asks for another's: %v", got)
		}
		if code := h.code("owner", "getPlaylists?username=nobody"); code != 70 {
			t.Errorf("nobody's lists: %d", code)
		}
	}},
	{"hidden entries of a playlist keep their places when others are edited", func(t *testing.T, h *house) {
		var ids []string
		for _, title := range []string{"Dawn", "Dusk", "Night", "Sea", "Sky", "Loose"} {
			ids = append(ids, h.id(title))
		}
		list := dig(h.get("createPlaylist?name=x&songId="+strings.Join(ids, "&songId=")), "playlist", "id").(string)
		h.missing(true, ids[1], ids[3])
		titles := func() string {
			return fmt.Sprint(all(dig(h.get("getPlaylist?id="+list), "playlist", "entry"), "title"))
		}
		if titles() != "[Dawn Night Sky Loose]" {
			t.Fatal(titles())
		}
		h.get("updatePlaylist?songIndexToRemove=2&playlistId=" + list)
		if titles() != "[Dawn Night Loose]" {
			t.Error(titles())
		}
		h.missing(false, ids[1], ids[3])
		if titles() != "[Dawn Dusk Night Sea Loose]" {
			t.Error(titles())
		}
	}},
	{"the play queue is there when nothing was saved, and both pairs of calls see one queue", func(t *testing.T, h *house) {
		q := dig(h.get("getPlayQueue"), "playQueue").(object)
		if fmt.Sprint(q["entry"]) != "[]" || q["username"] != "owner" || q["current"] != nil || q["changedBy"] != "" {
			t.Errorf("never saved: %v", q)
		}
		dawn, sea := h.id("Dawn"), h.id("Sea")
		h.get("savePlayQueueByIndex?id=" + dawn + "&id=" + sea + "&id=" + dawn + "&currentIndex=2&position=777")
		q = dig(h.get("getPlayQueueByIndex"), "playQueueByIndex").(object)
		if fmt.Sprint(all(q["entry"], "title")) != "[Dawn Sea Dawn]" || q["currentIndex"] != 2. || q["position"] != 777. || q["changedBy"] != "test" {
			t.Errorf("by index: %v", q)
		}
		if q = dig(h.get("getPlayQueue"), "playQueue").(object); q["current"] != dawn {
			t.Errorf("by id: %v", q)
		}
		h.get("savePlayQueue?id=" + dawn + "&id=" + sea + "&current=" + sea)
		q = dig(h.get("getPlayQueueByIndex"), "playQueueByIndex").(object)
		if q["currentIndex"] != 1. || q["position"] != 0. {
			t.Errorf("saved by id: %v", q)
		}
		if got := dig(h.ask("guest", "getPlayQueue"), "playQueue", "entry"); fmt.Sprint(got) != "[]" {
			t.Error("another user sees the queue")
		}
		for call, want := range map[string]int{"savePlayQueue?id=" + dawn: 10, "savePlayQueue?id=" + dawn + "&current=" + sea: 0, "savePlayQueueByIndex?id=" + dawn: 10,
			"savePlayQueueByIndex?currentIndex=1&id=" + dawn: 10, "savePlayQueueByIndex?currentIndex=-1&id=" + dawn: 10, "savePlayQueueByIndex?currentIndex=0": 10} {
			if code := h.code("owner", call); code != want {
				t.Errorf("%s: %d, want %d", call, code, want)
			}
		}
		for _, call := range []string{"savePlayQueue", "savePlayQueueByIndex"} {
			h.get("savePlayQueue?id=" + dawn + "&current=" + dawn)
			h.get(call)
			if got := dig(h.get("getPlayQueue"), "playQueue", "entry"); fmt.Sprint(got) != "[]" {
				t.Errorf("%s without parameters does not clear", call)
			}
		}
	}},
	{"a bookmark is one for each user and song", func(t *testing.T, h *house) {
		dawn := h.id("Dawn")
		h.get("createBookmark?position=4321&comment=" + escape("a & <x>") + "&id=" + dawn)
		h.get("createBookmark?position=99&comment=" + escape("b & <x>") + "&id=" + dawn)
		list := dig(h.get("getBookmarks"), "bookmarks", "bookmark")
		if got := fmt.Sprint(all(list, "position"), all(list, "comment"), all(list, "username"), dig(list, 0, "entry", "title")); got != "[99] [b & <x>] [owner]Dawn" {
			t.Error(got)
		}
		if h.song("Dawn")["bookmarkPosition"] != 99. {
			t.Errorf("bookmarkPosition %v", h.song("Dawn")["bookmarkPosition"])
		}
		if got := dig(h.ask("guest", "getBookmarks"), "bookmarks", "bookmark"); fmt.Sprint(got) != "[]" {
			t.Error("another user sees the bookmark")
		}
		if code := h.code("owner", "createBookmark?position=-1&id="+dawn); code != 0 {
			t.Errorf("a negative position: %d", code)
		}
		h.get("deleteBookmark?id=" + dawn)
		if got := dig(h.get("getBookmarks"), "bookmarks", "bookmark"); fmt.Sprint(got) != "[]" {
			t.Errorf("deleted: %v", got)
		}
	}},
	{"what a user may not read answers as unknown does", func(t *testing.T, h *house) {
		leaf := h.song("Leaf")
		other := regexp.MustCompile(`[a-z]{2}-[0-9a-z]{13}`)
		for call, real := range map[string]string{
			"getSong?id=": leaf["id"].(string), "getAlbum?id=": leaf["albumId"].(string), "getMusicDirectory?id=": leaf["parent"].(string),
			"stream?id=": leaf["id"].(string), "download?id=": leaf["albumId"].(string), "star?id=": leaf["id"].(string),
			"setRating?rating=1&id=": leaf["id"].(string), "createBookmark?position=1&id=": leaf["id"].(string), "getAlbumInfo?id=": leaf["albumId"].(string),
			"getSimilarSongs?id=": leaf["id"].(string), "scrobble?id=": leaf["id"].(string), "savePlayQueueByIndex?currentIndex=0&id=": leaf["id"].(string),
		} {
			text := func(id string) string {
				return other.ReplaceAllString(fmt.Sprint(h.envelope(h.raw("guest", call+id))["error"]), "ID")
			}
			if got, want := text(real), text(real[:3]+"0000000000001"); got != want || !strings.Contains(got, "code:70") {
				t.Errorf("%s: %s, unknown: %s", call, got, want)
			}
		}
		b := body(t, h.raw("guest", "getGenres")) + body(t, h.raw("guest", "getMusicFolders")) + body(t, h.raw("guest", "getIndexes")) +
			body(t, h.raw("guest", "search3?query=")) + body(t, h.raw("guest", "getRandomSongs?size=500")) + body(t, h.raw("guest", "getAlbumList2?type=newest"))
		for _, hidden := range []string{"Secret", "Other", "Leaf", "Green"} {
			if strings.Contains(b, hidden) {
				t.Errorf("%s leaks", hidden)
			}
		}
	}},
	{"getUser tells one's own roles, and another's only to an admin", func(t *testing.T, h *house) {
		u := dig(h.ask("guest", "getUser?username=guest"), "user").(object)
		if u["adminRole"] != false || u["settingsRole"] != true || u["streamRole"] != true || fmt.Sprint(u["folder"]) != "[1]" || u["scrobblingEnabled"] != true {
			t.Errorf("%v", u)
		}
		for call, want := range map[string]int{"getUser?username=owner": 50, "getUser?username=nobody": 50, "getUsers": 50, "getUser?username=GUEST": -1} {
			if code := h.code("guest", call); code != want {
				t.Errorf("%s: %d, want %d", call, code, want)
			}
		}
		if code := h.code("owner", "getUser?username=nobody"); code != 70 {
			t.Errorf("nobody: %d", code)
		}
		if got := all(dig(h.get("getUsers"), "users", "user"), "username"); fmt.Sprint(got) != "[guest owner]" {
			t.Errorf("getUsers: %v", got)
		}
	}},
	{"createUser has the defaults of the protocol, updateUser keeps what is not given", func(t *testing.T, h *house) {
		h.get("createUser?username=neu&email=a@example.invalid&password=enc:" + fmt.Sprintf("%x", "sesäme €"))
		user := func() object { return dig(h.get("getUser?username=neu"), "user").(object) }
		roles := func() string {
			var on []string
			for name, v := range user() {
				if strings.HasSuffix(name, "Role") && v == true {
					on = append(on, name)
				}
			}
			slices.Sort(on)
			return strings.Join(on, " ")
		}
		if roles() != "settingsRole streamRole" || fmt.Sprint(user()["folder"]) != "[1 2]" || user()["email"] != "a@example.invalid" {
			t.Errorf("created: %v", user())
		}
		login := func(password string) int {
			return codeOf(h.envelope(h.do(get("/rest/ping?f=json&v=1.16.1&c=x&" + token("neu", password, "salt99")))))
		}
		if login("sesäme €") != -1 {
			t.Error("the password does not work")
		}
		if code := h.code("owner", "createUser?username=NEU&email=x&password=x"); code != 0 {
			t.Errorf("a taken name: %d", code)
		}
		h.get("updateUser?username=neu&shareRole=true&downloadRole=1&maxBitRate=128&email=new@example.invalid&musicFolderId=2")
		if u := user(); roles() != "downloadRole settingsRole shareRole streamRole" || u["email"] != "new@example.invalid" || u["maxBitRate"] != 128. || fmt.Sprint(u["folder"]) != "[2]" {
			t.Errorf("updated: %v", u)
		}
		h.get("updateUser?username=neu&settingsRole=false&password=second&musicFolderId=0")
		if u := user(); roles() != "downloadRole shareRole streamRole" || u["email"] != "new@example.invalid" || u["maxBitRate"] != 128. || fmt.Sprint(u["folder"]) != "[1 2]" {
			t.Errorf("updated again: %v", u)
		}
		if login("sesäme €") != 40 || login("second") != -1 {
			t.Error("the password did not change")
		}
		h.get("changePassword?username=neu&password=third")
		if login("third") != -1 {
			t.Error("an admin can't change the password")
		}
		for call, want := range map[string]int{"updateUser?username=neu&musicFolderId=99": 70, "updateUser?username=neu&musicFolderId=x": 70, "updateUser?username=nobody": 70,
			"deleteUser?username=nobody": 70, "changePassword?username=nobody&password=x": 70, "deleteUser?username=owner": 0, "updateUser?username=owner&adminRole=false": 0} {
			if code := h.code("owner", call); code != want {
				t.Errorf("%s: %d, want %d", call, code, want)
			}
		}
		h.get("deleteUser?username=neu")
		if login("third") != 40 || h.code("owner", "getUser?username=neu") != 70 {
			t.Error("the user is still there")
		}
	}},
	{"users change their own password, with the settings role", func(t *testing.T, h *house) {
		h.ask("guest", "changePassword?username=guest&password=enc:"+fmt.Sprintf("%x", "guest-pw"))
		h.get("updateUser?username=guest&settingsRole=false")
		if code := h.code("guest", "changePassword?username=guest&password=x"); code != 50 {
			t.Errorf("without the role: %d", code)
		}
		h.get("updateUser?username=owner&settingsRole=false")
		if code := h.code("owner", "changePassword?username=owner&password=x"); code != 50 {
			t.Errorf("an admin without the role: %d", code)
		}
		h.get("changePassword?username=guest&password=x")
	}},
	{"startScan is the admins', answers with the status and may come twice", func(t *testing.T, h *house) {
		for range 2 {
			if s := dig(h.get("startScan"), "scanStatus"); dig(s, "scanning") != false || dig(s, "count") != 9. {
				t.Errorf("%v", s)
			}
		}
		if h.scans != 2 || h.code("guest", "startScan") != 50 || h.scans != 2 {
			t.Errorf("%d scans", h.scans)
		}
		h.ask("guest", "getScanStatus")
	}},
	{"search without new words finds the same as with case, accents and a star", func(t *testing.T, h *house) {
		for _, query := range []string{"unicode", "ÜNÏCODE", "ünïc*", "uni"} {
			if got := all(dig(h.get("search3?query="+escape(query)), "searchResult3", "artist"), "name"); fmt.Sprint(got) != "[Ünïcode]" {
				t.Errorf("%s: %v", query, got)
			}
		}
		for _, query := range []string{"%", "'", "(", `a"b`, "AND", "-", "ä中", `\`, "\x00"} {
			h.get("search3?query=" + escape(query))
			h.get("search2?query=" + escape(query))
			h.get("search?any=" + escape(query))
		}
		r := dig(h.get("search?album=red&count=2"), "searchResult")
		if dig(r, "totalHits") != 3. || dig(r, "offset") != 0. || len(all(dig(r, "match"), "id")) != 2 {
			t.Errorf("search: %v", r)
		}
		if got := all(dig(h.get("search?artist=ann&title=night"), "searchResult", "match"), "title"); fmt.Sprint(got) != "[Night]" {
			t.Errorf("search by fields: %v", got)
		}
		if r := dig(h.get("search?any=dawn&newerThan=99999999999999"), "searchResult"); dig(r, "totalHits") != 0. {
			t.Errorf("newerThan: %v", r)
		}
	}},
	{"an artist or a role alone is no album artist", func(t *testing.T, h *house) {
		b := body(t, h.raw("guest", "getArtists"))
		for _, name := range []string{"Cy", "Clara", "Dora"} {
			if strings.Contains(b, `"name":"`+name+`"`) {
				t.Errorf("%s is listed", name)
			}
		}
		cy := dig(h.song("Dawn"), "artists", 1, "id").(string)
		a := dig(h.ask("guest", "getArtist?id="+cy), "artist")
		if dig(a, "name") != "Cy" || fmt.Sprint(all(dig(a, "album"), "name")) != "[Red]" {
			t.Errorf("getArtist of a guest: %v", a)
		}
	}},
	{"the counts of artists, albums and genres agree with their lists", func(t *testing.T, h *house) {
		for _, user := range []string{"owner", "guest"} {
			index, _ := dig(h.ask(user, "getArtists"), "artists", "index").([]any)
			for _, letter := range index {
				list, _ := dig(letter, "artist").([]any)
				for _, a := range list {
					full := dig(h.ask(user, "getArtist?id="+dig(a, "id").(string)), "artist")
					if n := float64(len(all(dig(full, "album"), "id"))); dig(a, "albumCount") != n || dig(full, "albumCount") != n {
						t.Errorf("%v: %v albums of %v", dig(a, "name"), n, dig(a, "albumCount"))
					}
				}
			}
			list, _ := dig(h.ask(user, "getGenres"), "genres", "genre").([]any)
			if len(list) < 4 {
				t.Errorf("%s: %d genres", user, len(list))
			}
			for _, g := range list {
				name := escape(dig(g, "value").(string))
				songs := all(dig(h.ask(user, "getSongsByGenre?count=500&genre="+name), "songsByGenre", "song"), "id")
				albums := all(dig(h.ask(user, "getAlbumList2?type=byGenre&size=500&genre="+name), "albumList2", "album"), "id")
				if dig(g, "songCount") != float64(len(songs)) || dig(g, "albumCount") != float64(len(albums)) {
					t.Errorf("%v: %d songs, %d albums", g, len(songs), len(albums))
				}
			}
		}
	}},
	{"creating what does not exist here is an error of the protocol", func(t *testing.T, h *house) {
		sea := h.id("Sea")
		for _, call := range []string{"createPodcastChannel?url=http://x", "createInternetRadioStation?streamUrl=x&name=x", "createShare?id=" + sea, "addChatMessage?message=x",
			"jukeboxControl?action=get", "refreshPodcasts", "hls.m3u8?id=" + sea, "reportPlayback?mediaId=" + sea + "&mediaType=song&positionMs=1&state=playing",
			"getTranscodeDecision?mediaId=" + sea + "&mediaType=song", "getTranscodeStream?mediaId=" + sea + "&mediaType=song&transcodeParams=x",
			"getSonicSimilarTracks?id=" + sea, "findSonicPath?startSongId=" + sea + "&endSongId=" + sea} {
			o := h.envelope(h.raw("owner", call))
			if message, _ := dig(o, "error", "message").(string); codeOf(o) != 0 || !strings.Contains(message, "not supported") {
				t.Errorf("%s: %v", call, o)
			}
		}
	}},
	{"text that XML can't carry does not break an answer", func(t *testing.T, h *house) {
		h.get("createPlaylist?name=" + escape("a\x01\x0b\x00\uffff<&>\"b\xff"))
		r := h.do(get("/rest/getPlaylists?u=owner&p=owner-pw&v=1.16.1&c=" + escape("c\x01\xff")))
		b := body(t, r)
		d := xml.NewDecoder(strings.NewReader(b))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v: %s", err, b)
			}
		}
		if !strings.Contains(b, "&lt;&amp;") {
			t.Errorf("the name is lost: %s", b)
		}
	}},
	{"XML and JSON carry the same lists", func(t *testing.T, h *house) {
		for _, call := range append(reads, h.readsOf("Dawn")...) {
			if strings.HasPrefix(call, "getRandomSongs") {
				continue
			}
			j := body(t, h.raw("owner", call))
			r := httptest.NewRequest("GET", strings.Replace(target("owner", call), "f=json", "f=xml", 1), nil)
			x := body(t, h.do(r))
			if n, m := strings.Count(j, `"id":`), len(regexp.MustCompile(`[ <]id="`).FindAllString(x, -1)); n != m {
				t.Errorf("%s: %d ids in JSON, %d in XML", call, n, m)
			}
		}
	}},
}

// reads are calls that only read.
var reads = []string{"ping", "getLicense", "getMusicFolders", "getIndexes", "getGenres", "getArtists", "getAlbumList?type=newest", "getAlbumList2?type=newest",
	"getRandomSongs", "getSongsByGenre?genre=Rock", "getStarred", "getStarred2", "getNowPlaying", "search2?query=", "search3?query=", "search?any=ann", "getPlaylists",
	"getUser?username=owner", "getUsers", "getBookmarks", "getPlayQueue", "getPlayQueueByIndex", "getScanStatus", "getVideos", "getPodcasts", "getNewestPodcasts",
	"getShares", "getChatMessages", "getInternetRadioStations", "getTopSongs?artist=Ann", "getLyrics?artist=Ann&title=Dawn"}

// readsOf are calls that read a song and what it belongs to.
func (h *house) readsOf(title string) []string {
	h.t.Helper()
	s := h.song(title)
	var calls []string
	for field, names := range map[string]string{"id": "getSong getLyricsBySongId getSimilarSongs", "albumId": "getAlbum getAlbumInfo getAlbumInfo2 getMusicDirectory",
		"artistId": "getArtist getArtistInfo getArtistInfo2 getSimilarSongs2 getMusicDirectory", "parent": "getMusicDirectory"} {
		for _, name := range strings.Fields(names) {
			calls = append(calls, name+"?id="+s[field].(string))
		}
	}
	return calls
}

// missing makes songs of the first library missing, or lets them return.
func (h *house) missing(on bool, ids ...string) {
	h.t.Helper()
	var keys []models.Key
	for _, text := range ids {
		id, ok := models.ParseID(text)
		if !ok {
			h.t.Fatalf("no id: %s", text)
		}
		keys = append(keys, id.Key)
	}
	if err := h.catalog.Scan(h.t.Context(), 1, func(tx *catalog.ScanTx) error { return tx.SetMissing(keys, on) }); err != nil {
		h.t.Fatal(err)
	}
}

func TestTraps(t *testing.T) {
	for _, trap := range traps {
		t.Run(trap.name, func(t *testing.T) {
			t.Parallel()
			trap.test(t, newHouse(t))
		})
	}
}

// TestJSONIsPlain holds that a strict decoder reads the largest answers.
func TestJSONIsPlain(t *testing.T) {
	h := newHouse(t)
	d := json.NewDecoder(h.raw("owner", "search3?query=").Body)
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Errorf("something follows: %v", err)
	}
}
