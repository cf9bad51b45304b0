package subsonic

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestSweep calls every endpoint with ids that the guest may not read: the
// answer is that for ids that nobody has, and names nothing hidden. Then it
// calls every endpoint as a user who may read no library at all.
func TestSweep(t *testing.T) {
	h := newHouse(t)
	leaf := h.song("Leaf")
	list := dig(h.get("createPlaylist?name=Hidden+list&songId="+leaf["id"].(string)), "playlist", "id").(string)
	h.get("createPlaylist?name=Public+list&songId=" + leaf["id"].(string))
	public := dig(h.get("getPlaylists"), "playlists", "playlist", 1, "id").(string)
	h.get("updatePlaylist?public=true&playlistId=" + public)
	h.get("scrobble?submission=false&id=" + leaf["id"].(string))
	hidden := []string{leaf["id"].(string), leaf["albumId"].(string), leaf["parent"].(string), list}
	secret := regexp.MustCompile(`Leaf|Moss|Green|Secret|Hidden|"Other"`)
	anyID := regexp.MustCompile(`\b([a-z]{2}-)?0[0-9a-z]{12}\b`)
	answer := func(user, call string) string {
		r := h.raw(user, call)
		b := body(t, r)
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s as %s: bytes are sent", call, user)
		}
		if found := secret.FindString(b); found != "" {
			t.Errorf("%s as %s: the answer tells %s", call, user, found)
		}
		return anyID.ReplaceAllString(b, "ID")
	}
	n := 0
	for _, e := range Endpoints() {
		for _, p := range e.Params {
			if p.Type != "id" && !(e.Name == "getCoverArt" && p.Name == "id") {
				continue
			}
			for _, id := range hidden {
				n++
				call := func(id string) string {
					return callWithout(h, e, p.Name) + map[string]string{"createPlaylist": "&name=x", "savePlayQueue": "&current=" + id, "savePlayQueueByIndex": "&currentIndex=0"}[e.Name] + "&" + p.Name + "=" + id
				}
				if got, want := answer("guest", call(id)), answer("guest", call(id[:3]+"0000000000001")); got != want {
					t.Errorf("%s with %s=%s\n%s\nunknown:\n%s", e.Name, p.Name, id, got, want)
				}
			}
		}
	}
	if n < 100 {
		t.Errorf("only %d calls", n)
	}
	h.auth.clear[h.key("guest")] = "guest-pw"
	if err := h.catalog.SetUserLibraries(t.Context(), h.key("guest"), []int{}); err != nil {
		t.Fatal(err)
	}
	for _, e := range Endpoints() {
		if e.Role == RoleAdmin || e.Name == "changePassword" {
			continue
		}
		call := callWithout(h, e, "")
		if b := answer("guest", call); strings.Contains(b, `"title"`) || strings.Contains(b, `"Music"`) {
			t.Errorf("%s tells a user without rights %s", call, b)
		}
	}
	for _, path := range [][]any{{"genres", "genre"}, {"randomSongs", "song"}, {"albumList2", "album"}, {"searchResult3", "song"}, {"artists", "index"}, {"indexes", "index"}, {"musicFolders", "musicFolder"}} {
		call := map[any]string{"genres": "getGenres", "randomSongs": "getRandomSongs", "albumList2": "getAlbumList2?type=newest", "searchResult3": "search3?query=",
			"artists": "getArtists", "indexes": "getIndexes", "musicFolders": "getMusicFolders"}[path[0]]
		if got := dig(h.ask("guest", call), path...); fmt.Sprint(got) != "[]" {
			t.Errorf("%s without rights: %v", call, got)
		}
	}
}
