package subsonic

import (
	"fmt"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// Audiobooks stay out of what comes by chance or by habit, unless their
// library is named, and are everywhere else.
func TestAudiobooksStayOutOfMixes(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	book := object{}
	for _, s := range dig(h.get("getRandomSongs?size=500&musicFolderId=2"), "randomSongs", "song").([]any) {
		book = s.(object)
	}
	id, album := book["id"].(string), book["albumId"].(string)
	h.get("scrobble?id=" + id)
	if got := all(dig(h.get("getAlbumList2?type=frequent&size=500"), "albumList2", "album"), "id"); !slices.Contains(got, album) {
		t.Fatalf("played albums: %q", got)
	}
	l, err := h.catalog.Library(ctx, 2)
	if err != nil {
		t.Fatal(err)
	}
	l.Kind = models.LibraryAudiobook
	if err := h.catalog.UpdateLibrary(ctx, l); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		call, list, item, id string
		in, named            bool // whether the book is there, and when its library is named
	}{
		{"getRandomSongs?size=500", "randomSongs", "song", id, false, true},
		{"getRandomSongs?size=500&fromYear=1&toYear=9999", "randomSongs", "song", "", false, false},
		{"getAlbumList2?type=random&size=500", "albumList2", "album", album, false, true},
		{"getAlbumList?type=random&size=500", "albumList", "album", album, false, true},
		{"getAlbumList2?type=frequent&size=500", "albumList2", "album", album, false, true},
		{"getAlbumList2?type=recent&size=500", "albumList2", "album", album, true, true},
		{"getAlbumList2?type=newest&size=500", "albumList2", "album", album, true, true},
		{"getAlbumList2?type=alphabeticalByName&size=500", "albumList2", "album", album, true, true},
		{"search3?query=&songCount=500", "searchResult3", "song", id, true, true},
		{"getAlbum?id=" + album, "album", "song", id, true, true},
	} {
		for folder, want := range map[string]bool{"": x.in, "&musicFolderId=0": x.in, "&musicFolderId=2": x.named, "&musicFolderId=1": x.in && x.list == "album"} {
			if got := slices.Contains(all(dig(h.get(x.call+folder), x.list, x.item), "id"), x.id); x.id != "" && got != want {
				t.Errorf("%s%s has the audiobook: %v", x.call, folder, got)
			}
		}
	}
	if s := h.get("getSong?id=" + id); dig(s, "song", "type") != "audiobook" {
		t.Errorf("type %v", dig(s, "song", "type"))
	}
}

// A place in a song is the user's own and shows wherever the song does.
func TestBookmarkPositionInEveryList(t *testing.T) {
	h := newHouse(t)
	dawn := h.song("Dawn")
	id := dawn["id"].(string)
	h.get("createBookmark?position=43199000&id=" + id)
	list := dig(h.get("createPlaylist?name=p&songId="+id), "playlist", "id").(string)
	h.get("star?id=" + id)
	h.get("savePlayQueue?id=" + id + "&current=" + id)
	for _, x := range [][3]string{
		{"getAlbum?id=" + dawn["albumId"].(string), "album", "song"}, {"getMusicDirectory?id=" + dawn["parent"].(string), "directory", "child"},
		{"getRandomSongs?size=500", "randomSongs", "song"}, {"search3?query=Dawn", "searchResult3", "song"}, {"search2?query=Dawn", "searchResult2", "song"},
		{"getPlaylist?id=" + list, "playlist", "entry"}, {"getStarred2", "starred2", "song"}, {"getStarred", "starred", "song"}, {"getPlayQueue", "playQueue", "entry"},
	} {
		found := false
		items, _ := dig(h.get(x[0]), x[1], x[2]).([]any)
		for _, s := range items {
			if dig(s, "id") == id {
				found = true
				if got := fmt.Sprint(dig(s, "bookmarkPosition")); got != "4.3199e+07" {
					t.Errorf("%s: bookmarkPosition %s", x[0], got)
				}
			}
		}
		if !found {
			t.Errorf("%s: the song is not there", x[0])
		}
	}
	if got := dig(h.ask("guest", "getSong?id="+id), "song", "bookmarkPosition"); got != nil && got != 0. {
		t.Errorf("another user's song has a bookmarkPosition %v", got)
	}
}
