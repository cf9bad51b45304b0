package subsonic

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// protocolCalls are the calls of Subsonic 1.16.1 and of OpenSubsonic.
var protocolCalls = strings.Fields(`
addChatMessage changePassword createBookmark createInternetRadioStation createPlaylist createPodcastChannel createShare
createUser deleteBookmark deleteInternetRadioStation deletePlaylist deletePodcastChannel deletePodcastEpisode deleteShare
deleteUser download downloadPodcastEpisode findSonicPath getAlbum getAlbumInfo getAlbumInfo2 getAlbumList getAlbumList2
getArtist getArtistInfo getArtistInfo2 getArtists getAvatar getBookmarks getCaptions getChatMessages getCoverArt getGenres
getIndexes getInternetRadioStations getLicense getLyrics getLyricsBySongId getMusicDirectory getMusicFolders
getNewestPodcasts getNowPlaying getOpenSubsonicExtensions getPlayQueue getPlayQueueByIndex getPlaylist getPlaylists
getPodcastEpisode getPodcasts getRandomSongs getScanStatus getShares getSimilarSongs getSimilarSongs2 getSong
getSongsByGenre getSonicSimilarTracks getStarred getStarred2 getTopSongs getTranscodeDecision getTranscodeStream getUser
getUsers getVideoInfo getVideos hls.m3u8 jukeboxControl ping refreshPodcasts reportPlayback savePlayQueue
savePlayQueueByIndex scrobble search search2 search3 setRating star startScan stream tokenInfo unstar
updateInternetRadioStation updatePlaylist updateShare updateUser`)

func TestEveryEndpointOfTheProtocolIsRegistered(t *testing.T) {
	var names []string
	for _, e := range Endpoints() {
		names = append(names, e.Name)
		if e.Doc == "" || e.Since == "" {
			t.Errorf("%s has no documentation", e.Name)
		}
	}
	want := slices.Clone(protocolCalls)
	slices.Sort(want)
	slices.Sort(names)
	if !slices.Equal(names, want) {
		t.Errorf("registered:\n%v\nthe protocol:\n%v", names, want)
	}
}

// sample is a value that a parameter can be read from.
func sample(h *house, e Endpoint, p Param) string {
	switch {
	case e.Name == "getAlbumList" || e.Name == "getAlbumList2":
		return "newest"
	case p.Type == "password":
		return "guest-pw"
	case p.Name == "username":
		return "guest"
	case p.Type == "id" && strings.Contains(strings.ToLower(p.Name), "playlist"):
		return idOf(models.KindPlaylist, 1)
	case p.Type == "id":
		return h.id("Sea")
	case p.Type == "integer" || p.Type == "number":
		return "3"
	}
	return "x"
}

// callWithout is a call of an endpoint with all its required parameters but
// one.
func callWithout(h *house, e Endpoint, left string) string {
	call := e.Name + "?"
	for _, p := range e.Params {
		if p.Required && p.Name != left {
			call += p.Name + "=" + escape(sample(h, e, p)) + "&"
		}
	}
	return call + "x=1"
}

func TestMissingParametersAreError10AndNamed(t *testing.T) {
	h := newHouse(t)
	n := 0
	for _, e := range Endpoints() {
		for _, p := range e.Params {
			if !p.Required {
				continue
			}
			n++
			for _, call := range []string{callWithout(h, e, p.Name), callWithout(h, e, p.Name) + "&" + p.Name + "="} {
				o := h.envelope(h.raw("owner", call))
				message, _ := dig(o, "error", "message").(string)
				if codeOf(o) != 10 || !strings.Contains(message, p.Name) {
					t.Errorf("%s: %v, want error 10 that names %s", call, o["error"], p.Name)
				}
			}
		}
	}
	if n < 40 {
		t.Errorf("only %d required parameters", n)
	}
	for call, name := range map[string]string{
		"createPlaylist?songId=" + h.id("Sea"):    "name",
		"getAlbumList2?type=byYear&toYear=2000":   "fromYear",
		"getAlbumList2?type=byYear&fromYear=2000": "toYear",
		"getAlbumList2?type=byGenre":              "genre",
		"star?x=1":                                "id",
		"unstar?x=1":                              "id",
		"savePlayQueue?id=" + h.id("Sea"):         "current",
		"savePlayQueueByIndex?id=" + h.id("Sea"):  "currentIndex",
		"savePlayQueueByIndex?currentIndex=0":     "currentIndex",
		"tokenInfo?x=1":                           "apiKey",
	} {
		o := h.envelope(h.raw("owner", call))
		if message, _ := dig(o, "error", "message").(string); codeOf(o) != 10 || !strings.Contains(message, name) {
			t.Errorf("%s: %v, want error 10 that names %s", call, o["error"], name)
		}
	}
}

func TestIDsThatNothingHasAreError70(t *testing.T) {
	h := newHouse(t)
	bad := []string{"so-zzzzzzzzzzzzz", "so-0000000000001", "al-0000000000001", "ar-0000000000001", "fo-0000000000001", "pl-0000000000001",
		"us-0000000000001", "1", "no such id/../\x00ä", strings.Repeat("x", 5000), `"<&>`}
	for _, e := range Endpoints() {
		for _, p := range e.Params {
			if p.Type != "id" && !(e.Name == "getCoverArt" && p.Name == "id") {
				continue
			}
			for _, id := range bad {
				call := callWithout(h, e, p.Name) + "&" + p.Name + "=" + escape(id)
				call += map[string]string{"createPlaylist": "&name=x", "savePlayQueue": "&current=" + escape(id), "savePlayQueueByIndex": "&currentIndex=0"}[e.Name]
				o := h.envelope(h.raw("owner", call))
				code := codeOf(o)
				if code == 70 {
					continue
				}
				// What does not exist here yet can't know ids that are well formed.
				_, formed := models.ParseID(id)
				if e.Later && formed && code == 0 {
					continue
				}
				// A current song that is in no queue.
				if e.Name == "savePlayQueue" && p.Name == "current" && formed && code == 0 {
					continue
				}
				t.Errorf("%s with %s=%.20q: %v, want error 70", e.Name, p.Name, id, o["error"])
			}
		}
	}
}

func TestValuesThatCantBeReadAreError0(t *testing.T) {
	h := newHouse(t)
	for _, e := range Endpoints() {
		for _, p := range e.Params {
			if p.Type != "integer" && p.Type != "boolean" && p.Type != "number" {
				continue
			}
			if code := h.code("owner", callWithout(h, e, p.Name)+"&"+p.Name+"=abc"); code != 0 {
				t.Errorf("%s with %s=abc: %d, want error 0", e.Name, p.Name, code)
			}
		}
	}
}

// roleCalls are the calls that each role allows.
var roleCalls = map[Role]string{
	RoleAdmin:    "createInternetRadioStation createUser deleteInternetRadioStation deleteUser getUsers startScan updateInternetRadioStation updateUser",
	RoleSettings: "changePassword",
	RoleStream:   "getTranscodeStream hls.m3u8 stream",
	RoleDownload: "download",
	RolePlaylist: "createPlaylist deletePlaylist updatePlaylist",
	RolePodcast:  "createPodcastChannel deletePodcastChannel deletePodcastEpisode downloadPodcastEpisode refreshPodcasts",
	RoleJukebox:  "jukeboxControl",
	RoleShare:    "createShare deleteShare updateShare",
}

func TestRoles(t *testing.T) {
	h := newHouse(t)
	guest, err := h.catalog.UserByName(t.Context(), "guest")
	if err != nil {
		t.Fatal(err)
	}
	for role := RoleAdmin; role <= RoleShare; role++ {
		t.Run(role.String(), func(t *testing.T) {
			u := *guest
			u.Roles = allRoles
			// The field of models.Roles is named after the role.
			field := reflect.ValueOf(&u.Roles).Elem().FieldByNameFunc(func(s string) bool { return strings.EqualFold(s, role.String()) })
			field.SetBool(false)
			if err := h.catalog.UpdateUser(t.Context(), &u); err != nil {
				t.Fatal(err)
			}
			var refused []string
			for _, e := range Endpoints() {
				if e.Role == RoleAdmin && role != RoleAdmin {
					continue // the guest never is one
				}
				if codeOf(h.envelopeOf("guest", callWithout(h, e, ""))) == 50 {
					refused = append(refused, e.Name)
				}
			}
			if got := strings.Join(refused, " "); got != roleCalls[role] {
				t.Errorf("refused: %s\nwant: %s", got, roleCalls[role])
			}
		})
	}
	u := *guest
	u.Roles = allRoles
	if err := h.catalog.UpdateUser(t.Context(), &u); err != nil {
		t.Fatal(err)
	}
	for _, e := range Endpoints() {
		if e.Role == RoleAdmin || e.Name == "deletePlaylist" {
			continue
		}
		if code := codeOf(h.envelopeOf("guest", callWithout(h, e, ""))); code == 50 {
			t.Errorf("%s is refused to a user with every role but admin", e.Name)
		}
	}
	if code := h.code("guest", "changePassword?username=owner&password=x"); code != 50 {
		t.Errorf("another user's password: %d, want 50", code)
	}
}

// envelopeOf is envelope for calls that may answer with bytes, which is an
// empty response.
func (h *house) envelopeOf(user, call string) object {
	h.t.Helper()
	r := h.raw(user, call)
	if ct := r.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
		return object{}
	}
	return h.envelope(r)
}

func TestScopesOfDeviceSecrets(t *testing.T) {
	h := newHouse(t)
	owner, err := h.catalog.UserByName(t.Context(), "owner")
	if err != nil {
		t.Fatal(err)
	}
	sea, leaf := h.id("Sea"), h.id("Leaf")
	for scope, want := range map[models.Scope]map[string]int{
		models.ScopeFull:       {"stream?id=" + sea: -1, "download?id=" + sea: -1, "star?id=" + sea: -1, "getUsers?": -1, "getSong?id=" + leaf: -1},
		models.ScopeReadOnly:   {"stream?id=" + sea: -1, "download?id=" + sea: -1, "star?id=" + sea: 50, "scrobble?id=" + sea: 50, "savePlayQueue?": 50, "createPlaylist?name=x": 50, "getUsers?": 50, "getSong?id=" + leaf: -1, "changePassword?username=owner&password=x": 50},
		models.ScopeNoDownload: {"stream?id=" + sea: -1, "download?id=" + sea: 50, "star?id=" + sea: -1, "createUser?username=x&password=x&email=x": 50, "changePassword?username=owner&password=x": 50},
		models.ScopeLibrary:    {"stream?id=" + sea: -1, "getSong?id=" + leaf: 70, "stream?id=" + leaf: 70, "star?id=" + leaf: 70, "getUsers?": 50},
	} {
		key := "key-" + string(scope)
		h.auth.keys[key] = models.Identity{User: owner, Scope: scope, Library: 1, Credential: 1}
		for call, code := range want {
			r := h.do(get("/rest/" + call + "&v=1.16.1&c=test&f=json&apiKey=" + key))
			got := -1
			if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				got = codeOf(h.envelope(r))
			}
			if got != code {
				t.Errorf("%s with a %s secret: %d, want %d", call, scope, got, code)
			}
		}
		user := dig(h.envelope(h.do(get("/rest/getUser?username=owner&v=1.16.1&c=test&f=json&apiKey="+key))), "user")
		if got, want := dig(user, "downloadRole"), scope != models.ScopeNoDownload; got != want {
			t.Errorf("getUser with a %s secret: downloadRole %v", scope, got)
		}
		if scope == models.ScopeLibrary && fmt.Sprint(dig(user, "folder")) != "[1]" {
			t.Errorf("getUser with a library's secret: folder %v", dig(user, "folder"))
		}
	}
}
