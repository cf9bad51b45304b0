package subsonic

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/subsonic/spec"
)

// empty tells whether a value of JSON says nothing.
func empty(v any) bool {
	switch v := v.(type) {
	case []any:
		return len(v) == 0
	case object:
		return len(v) == 0
	}
	return v == nil || reflect.ValueOf(v).IsZero()
}

// TestFieldsAreFilledDefaultOrAbsent holds the answers to the classes that
// docs/API.md gives to each field.
func TestFieldsAreFilledDefaultOrAbsent(t *testing.T) {
	h := newHouse(t)
	dawn := h.song("Dawn")
	ids := "id=" + dawn["id"].(string) + "&albumId=" + dawn["albumId"].(string) + "&artistId=" + dawn["artistId"].(string)
	h.get("star?" + ids)
	for _, id := range []string{"id", "albumId"} {
		h.get("setRating?rating=4&id=" + dawn[id].(string))
	}
	h.get("scrobble?id=" + dawn["id"].(string))
	h.get("createBookmark?position=4000&id=" + dawn["id"].(string))

	shapes := map[reflect.Type][]any{}
	add := func(t reflect.Type, list any) {
		l, _ := list.([]any)
		shapes[t] = append(shapes[t], l...)
	}
	child, album, artist := reflect.TypeFor[spec.Child](), reflect.TypeFor[spec.AlbumID3](), reflect.TypeFor[spec.ArtistID3]()
	add(child, dig(h.get("getRandomSongs?size=500"), "randomSongs", "song"))
	add(album, dig(h.get("getAlbumList2?type=newest&size=500"), "albumList2", "album"))
	index, _ := dig(h.get("getArtists"), "artists", "index").([]any)
	for _, letter := range index {
		add(artist, dig(letter, "artist"))
	}
	for shape, items := range shapes {
		if len(items) < 3 {
			t.Fatalf("%d items of %s", len(items), shape)
		}
		for _, f := range spec.Fields(shape) {
			filled, sent := 0, 0
			values := map[string]bool{}
			for _, x := range items {
				v, there := x.(object)[f.Name]
				values[fmt.Sprint(v)] = true
				if there {
					sent++
				}
				if there && !empty(v) {
					filled++
				}
			}
			switch {
			case f.Class == spec.Filled && filled == 0 && f.Name != "isDir":
				t.Errorf("%s.%s is never filled", shape.Name(), f.Name)
			case f.Class == spec.Default && (sent != len(items) || len(values) != 1):
				t.Errorf("%s.%s is sent %d times of %d with %v", shape.Name(), f.Name, sent, len(items), values)
			case f.Class == spec.Absent && sent > 0:
				t.Errorf("%s.%s is sent", shape.Name(), f.Name)
			case f.Presence == spec.PresenceEmpty && sent != len(items):
				t.Errorf("%s.%s is left out of %d items", shape.Name(), f.Name, len(items)-sent)
			}
		}
	}
}

func TestSongFields(t *testing.T) {
	h := newHouse(t)
	dawn := h.song("Dawn")
	for name, want := range map[string]any{
		"title": "Dawn", "album": "Red", "artist": "Ann feat. Cy", "displayArtist": "Ann feat. Cy", "displayAlbumArtist": "Ann",
		"displayComposer": "Clara", "track": 1., "discNumber": 1., "year": 1999., "genre": "Rock", "duration": 10., "suffix": "flac",
		"contentType": "audio/flac", "samplingRate": 44100., "bitDepth": 16., "channelCount": 2., "path": "Ann/Red/01 Dawn.flac",
		"isDir": false, "isVideo": false, "type": "music", "mediaType": "song", "bpm": 97., "comment": "a comment", "sortName": "Dawn, the",
		"musicBrainzId": "11111111-1111-4111-8111-111111111111", "explicitStatus": "explicit",
		"isrc": []any{"AABBB1234567"}, "moods": []any{"Calm"}, "groupings": []any{"Mornings"},
		"genres":     []any{object{"name": "Rock"}, object{"name": "Pop"}},
		"replayGain": object{"trackGain": -6.5, "trackPeak": 0.987654, "albumGain": -7., "albumPeak": 0.998},
		"movements":  []any{object{"name": "First light", "number": 1., "count": 3.}},
	} {
		if !reflect.DeepEqual(dawn[name], want) {
			t.Errorf("%s: %#v, want %#v", name, dawn[name], want)
		}
	}
	if got := fmt.Sprint(all(dawn["artists"], "name"), all(dawn["albumArtists"], "name"), dig(dawn, "artists", 0, "id") == dawn["artistId"]); got != "[Ann Cy] [Ann] true" {
		t.Errorf("artists: %s", got)
	}
	roles := map[string]string{}
	list, _ := dawn["contributors"].([]any)
	for _, c := range list {
		roles[fmt.Sprint(dig(c, "role"), "/", dig(c, "subRole"))] = fmt.Sprint(dig(c, "artist", "name"))
	}
	if fmt.Sprint(roles) != "map[composer/<nil>:Clara performer/viola:Dora]" {
		t.Errorf("contributors: %v", roles)
	}
	if got := dig(dawn, "works", 0, "name"); got != "Day" {
		t.Errorf("works: %v", dawn["works"])
	}
	if size := len(musicTree()["Ann/Red/01 Dawn.flac"]); dawn["size"] != float64(size) {
		t.Errorf("size %v, want %d", dawn["size"], size)
	}
	if got := h.song("Ä <&> Z")["path"]; got != "Ünïcode/Öl/01 Ä <&> Z.flac" {
		t.Errorf("path %v", got)
	}
}

func TestAlbumFields(t *testing.T) {
	h := newHouse(t)
	album, _ := dig(h.get("getAlbum?id="+h.song("Dawn")["albumId"].(string)), "album").(object)
	for name, want := range map[string]any{
		"name": "Red", "artist": "Ann", "displayArtist": "Ann", "songCount": 3., "duration": 33., "year": 1999., "genre": "Rock",
		"version": "Deluxe Edition", "sortName": "Red, the", "musicBrainzId": "22222222-2222-4222-8222-222222222222",
		"originalReleaseDate": object{"year": 1999., "month": 2., "day": 3.}, "releaseDate": object{"year": 2001., "month": 5., "day": 6.},
		"releaseTypes": []any{"album", "live"}, "recordLabels": []any{object{"name": "Own Label"}}, "isCompilation": false, "userRating": 0.,
	} {
		if !reflect.DeepEqual(album[name], want) {
			t.Errorf("%s: %#v, want %#v", name, album[name], want)
		}
	}
	if got := fmt.Sprint(all(album["song"], "title"), all(album["discTitles"], "disc"), all(album["discTitles"], "title")); got != "[Dawn Dusk Night] [1 2] [Day Dark]" {
		t.Errorf("songs and discs: %s", got)
	}
}

func TestKindsOfLibraryAreTypesOfChildren(t *testing.T) {
	for kind, want := range map[string]string{models.LibraryMusic: "music", models.LibraryAudiobook: "audiobook", models.LibraryPodcast: "podcast", "": "music"} {
		if got := childType(kind); got != want {
			t.Errorf("%q: %q, want %q", kind, got, want)
		}
	}
}

func TestCoverIDs(t *testing.T) {
	of := models.ID{Kind: models.KindAlbum, Key: 5}
	for got, want := range map[string]string{
		coverID(models.Cover{}):                              "",
		coverID(models.Cover{Of: of}):                        of.String(),
		coverID(models.Cover{Of: of, Version: "9f8e"}):       of.String() + "_9f8e",
		coverID(models.Cover{Of: of, Disc: 2, Version: "1"}): of.String() + "-d2_1",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
