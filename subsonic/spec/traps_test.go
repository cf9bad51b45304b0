package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The tests here are named for places where apps are known to break.

// jsonOf is the payload of p in JSON, decoded; numbers are json.Number.
func jsonOf(t *testing.T, p Payload) any {
	t.Helper()
	return body(t, p)[p.Element()]
}

// body is the whole response to p in JSON.
func body(t *testing.T, p Payload) map[string]any {
	t.Helper()
	return parseJSON(t, Append(nil, JSON, "", response(p)))["subsonic-response"].(map[string]any)
}

// get follows keys and indexes into decoded JSON; nil when there is nothing.
func get(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			v = v.(map[string]any)[p]
		case int:
			v = v.([]any)[p]
		}
	}
	return v
}

// eachValue calls f for every value of every fixture, with its key.
func eachValue(t *testing.T, f func(where, key string, v any)) {
	var walk func(where, key string, v any)
	walk = func(where, key string, v any) {
		f(where, key, v)
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				walk(where+"."+k, k, x)
			}
		case []any:
			for i, x := range v {
				walk(fmt.Sprintf("%s[%d]", where, i), "", x)
			}
		}
	}
	for _, x := range fixtures {
		walk(x.name, "", any(body(t, x.payload)))
	}
}

func TestTrapNoNull(t *testing.T) {
	seen := 0
	eachValue(t, func(where, _ string, v any) {
		seen++
		if v == nil {
			t.Errorf("%s is null", where)
		}
	})
	if seen < 1000 {
		t.Errorf("only %d values seen", seen)
	}
}

func TestTrapListsAreArraysWithOneItem(t *testing.T) {
	for _, p := range []struct {
		payload Payload
		path    []any
	}{
		{AlbumWithSongs{AlbumID3{Genres: []ItemGenre{{"Pop"}}}, []Child{bareSong()}}, []any{"song"}},
		{AlbumWithSongs{AlbumID3{Genres: []ItemGenre{{"Pop"}}}, nil}, []any{"genres"}},
		{MusicFolders{[]MusicFolder{{1, "Music"}}}, []any{"musicFolder"}},
		{User{Folder: []int{1}}, []any{"folder"}},
		{Song{ISRC: []string{"x"}}, []any{"isrc"}},
		{Playlists{[]Playlist{{}}}, []any{"playlist"}},
		{LyricsList{[]StructuredLyrics{{Line: []Line{{}}}}}, []any{"structuredLyrics", 0, "line"}},
		{OpenSubsonicExtensions{{"formPost", []int{1}}}, nil},
		{OpenSubsonicExtensions{{"formPost", []int{1}}}, []any{0, "versions"}},
	} {
		list, ok := get(jsonOf(t, p.payload), p.path...).([]any)
		if !ok || len(list) != 1 {
			t.Errorf("%T %v is no array of one item", p.payload, p.path)
		}
	}
}

func TestTrapSingleElementsAreNeverArrays(t *testing.T) {
	b := jsonOf(t, Bookmarks{[]Bookmark{{Entry: bareSong()}}})
	if _, ok := get(b, "bookmark", 0, "entry").(map[string]any); !ok {
		t.Error("the entry of a bookmark is no object")
	}
	m := jsonOf(t, SonicMatches{{0.5, bareSong()}})
	if _, ok := get(m, 0, "entry").(map[string]any); !ok {
		t.Error("the entry of a match is no object")
	}
	s := jsonOf(t, Song(fullSong()))
	if _, ok := get(s, "contributors", 0, "artist").(map[string]any); !ok {
		t.Error("the artist of a contributor is no object")
	}
}

func TestTrapEmptyListsAreSentAsArrays(t *testing.T) {
	for payload, key := range map[Payload]string{
		&AlbumList{}: "album", &AlbumList2{}: "album", &Genres{}: "genre", &RandomSongs{}: "song", &SongsByGenre{}: "song", &TopSongs{}: "song",
		&SimilarSongs{}: "song", &SimilarSongs2{}: "song", &Playlists{}: "playlist", &Starred{}: "artist album song", &Starred2{}: "artist album song",
		&SearchResult{}: "match", &SearchResult2{}: "artist album song", &SearchResult3{}: "artist album song", &InternetRadioStations{}: "internetRadioStation",
		&Bookmarks{}: "bookmark", &PlayQueue{}: "entry", &PlayQueueByIndex{}: "entry", &NowPlaying{}: "entry", &Shares{}: "share", &Podcasts{}: "channel",
		&NewestPodcasts{}: "episode", &ChatMessages{}: "chatMessage", &Videos{}: "video", &LyricsList{}: "structuredLyrics", &MusicFolders{}: "musicFolder",
		&Indexes{}: "shortcut index child", &Artists{}: "index", &Directory{}: "child", &ArtistWithAlbums{}: "album", &AlbumWithSongs{}: "song",
		&PlaylistWithSongs{}: "entry", &JukeboxPlaylist{}: "entry", &Users{}: "user", &ArtistInfo{}: "similarArtist", &ArtistInfo2{}: "similarArtist",
		&VideoInfo{}: "captions audioTrack conversion", &User{}: "folder",
	} {
		for k := range strings.FieldsSeq(key) {
			list, ok := get(jsonOf(t, payload), k).([]any)
			if !ok || len(list) != 0 {
				t.Errorf("%T.%s is not []", payload, k)
			}
		}
	}
}

func TestTrapPayloadObjectsAreThereWhenEmpty(t *testing.T) {
	for _, p := range []Payload{AlbumInfo{}, ArtistInfo{}, ArtistInfo2{}, SimilarSongs{}, SimilarSongs2{}, TopSongs{}, LyricsList{}, Lyrics{}, SearchResult3{}, PlayQueue{}, Videos{}} {
		if _, ok := jsonOf(t, p).(map[string]any); !ok {
			t.Errorf("%s is no object in JSON", p.Element())
		}
		root := parseXML(t, Append(nil, XML, "", response(p)))
		if len(root.children) != 1 || root.children[0].name.Local != p.Element() {
			t.Errorf("%s is not in XML", p.Element())
		}
	}
}

func TestTrapPingHasNoExtraElements(t *testing.T) {
	if b := body(t, nil); len(b) != 5 {
		t.Errorf("%v", b)
	}
	if root := parseXML(t, Append(nil, XML, "", response(nil))); len(root.children) != 0 || len(root.attrs) != 6 {
		t.Errorf("%+v", root)
	}
}

func TestTrapOneKeyAtTheRoot(t *testing.T) {
	for _, r := range []*Response{response(nil), response(License{}), {Error: &Error{}}} {
		if root := parseJSON(t, Append(nil, JSON, "", r)); len(root) != 1 || root["subsonic-response"] == nil {
			t.Errorf("%v", root)
		}
	}
}

func TestTrapFailedAnswersCarryTheServersFields(t *testing.T) {
	r := &Response{ServerVersion: "1.2.3", Error: &Error{Code: CodeWrongCredentials, Message: "no"}, Payload: License{Valid: true}}
	b := parseJSON(t, Append(nil, JSON, "", r))["subsonic-response"].(map[string]any)
	want := map[string]any{
		"status": "failed", "version": "1.16.1", "type": "songlocker", "serverVersion": "1.2.3", "openSubsonic": true,
		"error": map[string]any{"code": json.Number("40"), "message": "no"},
	}
	if !reflect.DeepEqual(b, want) {
		t.Errorf("%v", b)
	}
	root := parseXML(t, Append(nil, XML, "", r))
	if root.attrs["status"] != "failed" || root.attrs["openSubsonic"] != "true" || root.attrs["type"] != "songlocker" || root.attrs["serverVersion"] != "1.2.3" ||
		len(root.children) != 1 || root.children[0].attrs["code"] != "40" {
		t.Errorf("%+v", root)
	}
}

func TestTrapErrorCodesAreTheProtocols(t *testing.T) {
	got := []Code{
		CodeGeneric, CodeMissingParameter, CodeClientTooOld, CodeServerTooOld, CodeWrongCredentials, CodeTokenNotSupported, CodeAuthNotSupported,
		CodeAuthConflict, CodeInvalidAPIKey, CodeNotAuthorized, CodeTrialOver, CodeNotFound,
	}
	if want := []Code{0, 10, 20, 30, 40, 41, 42, 43, 44, 50, 60, 70}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
	var err error = &Error{Code: CodeNotFound, Message: "song not found"}
	if err.Error() != "song not found" {
		t.Error(err)
	}
}

// Apps strip the dots of the version and compare it as a number.
func TestTrapVersionHasThreeNumbers(t *testing.T) {
	if !regexp.MustCompile(`^1\.\d+\.\d+$`).MatchString(Version) {
		t.Error(Version)
	}
}

func TestTrapTypeIsNotAnotherServers(t *testing.T) {
	if ServerType != strings.ToLower(ServerType) {
		t.Error(ServerType)
	}
	for _, taken := range []string{"subsonic", "madsonic", "ampache", "funkwhale", "navidrome", "lms"} {
		if ServerType == taken {
			t.Errorf("apps treat %s in a way of its own", taken)
		}
	}
}

func TestTrapDatesLeftOutWhenUnset(t *testing.T) {
	dates := map[string]bool{
		"created": true, "starred": true, "played": true, "changed": true, "expires": true, "lastVisited": true, "publishDate": true, "validUntil": true,
		"licenseExpires": true, "trialExpires": true, "avatarLastChanged": true,
	}
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	seen := map[string]bool{}
	eachValue(t, func(where, key string, v any) {
		if _, isPayload := v.(map[string]any); !dates[key] || isPayload {
			return // getStarred's payload is called starred
		}
		seen[key] = true
		if s, ok := v.(string); !ok || !form.MatchString(s) {
			t.Errorf("%s is %v", where, v)
		}
	})
	if len(seen) != len(dates) {
		t.Errorf("seen %v", seen)
	}
	for _, p := range []Payload{Song(bareSong()), License{}, User{}, AlbumWithSongs{}, Directory{}} {
		for key, v := range jsonOf(t, p).(map[string]any) {
			if dates[key] && !(key == "created" && p.Element() == "album") {
				t.Errorf("%s.%s is %v", p.Element(), key, v)
			}
		}
	}
}

func TestTrapDatesAreUTCWithMilliseconds(t *testing.T) {
	s := jsonOf(t, Song{Starred: 1678414775784, Played: 1678414775000})
	if get(s, "starred") != "2023-03-10T02:19:35.784Z" || get(s, "played") != "2023-03-10T02:19:35.000Z" {
		t.Errorf("%v", s)
	}
}

func TestTrapStarredIsADateNeverABoolean(t *testing.T) {
	for _, p := range []Payload{Song{Starred: 1}, AlbumWithSongs{AlbumID3: AlbumID3{Starred: 1}}, ArtistWithAlbums{ArtistID3: ArtistID3{Starred: 1}}} {
		if v := get(jsonOf(t, p), "starred"); v != "1970-01-01T00:00:00.001Z" {
			t.Errorf("%s: %v", p.Element(), v)
		}
	}
}

func TestTrapSupportedFieldsAreAlwaysSent(t *testing.T) {
	zero, none, list := json.Number("0"), "", []any{}
	object := map[string]any{}
	for payload, want := range map[Payload]map[string]any{
		&Song{}: {
			"bitDepth": zero, "samplingRate": zero, "channelCount": zero, "bpm": zero, "comment": none, "sortName": none, "musicBrainzId": none, "isrc": list,
			"genres": list, "artists": list, "displayArtist": none, "albumArtists": list, "displayAlbumArtist": none, "contributors": list,
			"displayComposer": none, "moods": list, "replayGain": object, "explicitStatus": none, "works": list, "movements": list, "groupings": list,
		},
		&AlbumWithSongs{}: {
			"version": none, "userRating": zero, "recordLabels": list, "musicBrainzId": none, "genres": list, "artists": list, "displayArtist": none,
			"releaseTypes": list, "moods": list, "sortName": none, "originalReleaseDate": object, "releaseDate": object, "isCompilation": false,
			"explicitStatus": none, "discTitles": list,
		},
		&ArtistWithAlbums{}: {"musicBrainzId": none, "sortName": none, "disambiguation": none, "roles": list, "albumCount": zero},
	} {
		got := jsonOf(t, payload)
		for k, v := range want {
			if g := get(got, k); !reflect.DeepEqual(g, v) {
				t.Errorf("%s.%s is %#v, want %#v", payload.Element(), k, g, v)
			}
		}
	}
}

func TestTrapXMLLeavesEmptyFieldsOut(t *testing.T) {
	song := parseXML(t, Append(nil, XML, "", response(Song{ID: "so-1", Title: "x"}))).children[0]
	want := map[string]string{"id": "so-1", "isDir": "false", "title": "x", "isVideo": "false", "size": "0", "duration": "0"}
	if !reflect.DeepEqual(song.attrs, want) || len(song.children) != 0 {
		t.Errorf("%v, %d children", song.attrs, len(song.children))
	}
}

func TestTrapReplayGainOfZeroIsSent(t *testing.T) {
	p := Song{ReplayGain: ReplayGain{AlbumGain: ptr(0.0)}}
	if g := get(jsonOf(t, p), "replayGain"); !reflect.DeepEqual(g, map[string]any{"albumGain": json.Number("0")}) {
		t.Errorf("%v", g)
	}
	if raw := Append(nil, XML, "", response(p)); !bytes.Contains(raw, []byte(`<replayGain albumGain="0"/>`)) {
		t.Errorf("%s", raw)
	}
}

func TestTrapNoCoverArtWithoutAPicture(t *testing.T) {
	for _, p := range []Payload{Song(bareSong()), AlbumWithSongs{}, ArtistWithAlbums{}, PlaylistWithSongs{}} {
		if _, ok := jsonOf(t, p).(map[string]any)["coverArt"]; ok {
			t.Errorf("%s has a coverArt", p.Element())
		}
	}
}

func TestTrapUserRatingLeftOutWhenUnset(t *testing.T) {
	for _, p := range []Payload{Song(bareSong()), Directory{}} {
		for _, key := range []string{"userRating", "averageRating"} {
			if _, ok := jsonOf(t, p).(map[string]any)[key]; ok {
				t.Errorf("%s has a %s", p.Element(), key)
			}
		}
	}
	s := jsonOf(t, Song{UserRating: 5, AverageRating: 4})
	if get(s, "userRating") != json.Number("5") || get(s, "averageRating") != json.Number("4.00") {
		t.Errorf("%v", s)
	}
}

func TestTrapIDsAreStrings(t *testing.T) {
	ids := map[string]bool{
		"parent": true, "coverArt": true, "albumId": true, "artistId": true, "current": true, "streamId": true, "channelId": true, "musicBrainzId": true, "agentId": true,
	}
	eachValue(t, func(where, key string, v any) {
		isID := ids[key] || key == "id" && !strings.Contains(where, "musicFolder[")
		if _, ok := v.(string); isID && !ok {
			t.Errorf("%s is %v", where, v)
		}
	})
}

func TestTrapMusicFolderIDsAreIntegers(t *testing.T) {
	for v, what := range map[any]string{
		get(jsonOf(t, MusicFolders{[]MusicFolder{{1, "Music"}}}), "musicFolder", 0, "id"):    "musicFolder.id",
		get(jsonOf(t, User{Folder: []int{1}}), "folder", 0):                                  "user.folder",
		get(jsonOf(t, NowPlaying{[]NowPlayingEntry{{PlayerID: 1}}}), "entry", 0, "playerId"): "playerId",
	} {
		if v != json.Number("1") {
			t.Errorf("%s is %#v", what, v)
		}
	}
	user := parseXML(t, Append(nil, XML, "", response(User{Folder: []int{1, 2}}))).children[0]
	if len(user.children) != 2 || user.children[1].name.Local != "folder" || user.children[1].text != "2" {
		t.Error("folders are no elements")
	}
}

func TestTrapPlayQueueCurrentIsString(t *testing.T) {
	if v := get(jsonOf(t, PlayQueue{Current: "123"}), "current"); v != "123" {
		t.Errorf("%#v", v)
	}
}

func TestTrapPlayQueueIsWholeWithNothingSaved(t *testing.T) {
	q := jsonOf(t, PlayQueue{Username: "bob"}).(map[string]any)
	want := map[string]any{"username": "bob", "changed": "1970-01-01T00:00:00.000Z", "changedBy": "", "position": json.Number("0"), "entry": []any{}}
	if !reflect.DeepEqual(q, want) {
		t.Errorf("%v", q)
	}
}

func TestTrapFirstIndexOfAQueueIsSent(t *testing.T) {
	if v := get(jsonOf(t, PlayQueueByIndex{CurrentIndex: ptr(0)}), "currentIndex"); v != json.Number("0") {
		t.Errorf("%#v", v)
	}
}

func TestTrapElementTextIsValue(t *testing.T) {
	for _, c := range []struct {
		p    Payload
		path []any
	}{
		{Genres{[]Genre{{1, 1, "Pop"}}}, []any{"genre", 0, "value"}},
		{Lyrics{Value: "Pop"}, []any{"value"}},
		{LyricsList{[]StructuredLyrics{{Line: []Line{{Value: "Pop"}}}}}, []any{"structuredLyrics", 0, "line", 0, "value"}},
		{LyricsList{[]StructuredLyrics{{CueLine: []CueLine{{Cue: []Cue{{Value: "Pop"}}}}}}}, []any{"structuredLyrics", 0, "cueLine", 0, "cue", 0, "value"}},
	} {
		if v := get(jsonOf(t, c.p), c.path...); v != "Pop" {
			t.Errorf("%T: %v", c.p, v)
		}
		if raw := Append(nil, XML, "", response(c.p)); !bytes.Contains(raw, []byte(">Pop</")) {
			t.Errorf("%s", raw)
		}
	}
}

// Version 1 of the lyrics must not show fields of version 2, and unsynced
// lines have no start while synced ones may start at 0.
func TestTrapLyricsOfVersionOneAreExactlyThat(t *testing.T) {
	l := jsonOf(t, LyricsList{[]StructuredLyrics{{Lang: "und", Line: []Line{{Value: "a"}}}, {Lang: "und", Synced: true, Line: []Line{{ptr[int64](0), "b"}}}}})
	want := []any{
		map[string]any{"lang": "und", "synced": false, "line": []any{map[string]any{"value": "a"}}},
		map[string]any{"lang": "und", "synced": true, "line": []any{map[string]any{"value": "b", "start": json.Number("0")}}},
	}
	if got := get(l, "structuredLyrics"); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

func TestTrapAgentsAreCalledAgentInXML(t *testing.T) {
	p := LyricsList{[]StructuredLyrics{{Agents: []Agent{{ID: "a", Role: "main"}}}}}
	if get(jsonOf(t, p), "structuredLyrics", 0, "agents", 0, "id") != "a" {
		t.Error("no agents in JSON")
	}
	if raw := Append(nil, XML, "", response(p)); !bytes.Contains(raw, []byte(`<agent id="a" role="main"/>`)) {
		t.Errorf("%s", raw)
	}
}

func TestTrapArtistsOfASongHaveIDAndNameOnly(t *testing.T) {
	s := jsonOf(t, Song(fullSong()))
	for _, path := range [][]any{{"artists", 0}, {"albumArtists", 0}, {"contributors", 0, "artist"}} {
		if a := get(s, path...).(map[string]any); len(a) != 2 || a["id"] == nil || a["name"] == nil {
			t.Errorf("%v: %v", path, a)
		}
	}
}

func TestTrapPublicIsSentWhenFalse(t *testing.T) {
	if v := get(jsonOf(t, PlaylistWithSongs{}), "public"); v != false {
		t.Errorf("%v", v)
	}
}

func TestTrapIndexesHaveLastModifiedWhenZero(t *testing.T) {
	root := parseXML(t, Append(nil, XML, "", response(Indexes{})))
	if a := root.children[0].attrs; a["lastModified"] != "0" {
		t.Errorf("%v", a)
	}
	if v := get(jsonOf(t, Indexes{LastModified: 1678414775784}), "lastModified"); v != json.Number("1678414775784") {
		t.Errorf("%v", v)
	}
}

// An album needs these always: apps multiply them or drop the album.
func TestTrapAlbumsHaveArtistCountAndDuration(t *testing.T) {
	a := jsonOf(t, AlbumWithSongs{}).(map[string]any)
	for _, key := range []string{"id", "name", "artist", "songCount", "duration", "created"} {
		if _, ok := a[key]; !ok {
			t.Errorf("no %s", key)
		}
	}
}

// An app skips a song without these, even where a broken file tells neither.
func TestTrapSongsHaveSizeAndDuration(t *testing.T) {
	for _, key := range []string{"id", "title", "isDir", "size", "duration"} {
		if _, ok := jsonOf(t, Song(bareSong())).(map[string]any)[key]; !ok {
			t.Errorf("no %s", key)
		}
	}
	dir := get(jsonOf(t, AlbumList{[]Child{folder()}}), "album", 0).(map[string]any)
	for _, key := range []string{"size", "duration"} {
		if _, ok := dir[key]; ok {
			t.Errorf("a directory has %s", key)
		}
	}
	with := Child{IsDir: true, Duration: 60}
	if v := get(jsonOf(t, AlbumList{[]Child{with}}), "album", 0, "duration"); v != json.Number("60") {
		t.Errorf("the duration of an album of the folder view is %v", v)
	}
}

func TestTrapRadioFieldIsHomePageUrl(t *testing.T) {
	p := InternetRadioStations{[]InternetRadioStation{{HomePageURL: "u"}}}
	if v := get(jsonOf(t, p), "internetRadioStation", 0, "homePageUrl"); v != "u" {
		t.Errorf("%v", v)
	}
}

func TestTrapAlbumInfo2AnswersWithAlbumInfo(t *testing.T) {
	if e := (AlbumInfo{}).Element(); e != "albumInfo" {
		t.Error(e)
	}
}

func TestTrapJukeboxFieldIsGain(t *testing.T) {
	j := jsonOf(t, JukeboxStatus{Gain: 0.75}).(map[string]any)
	if j["gain"] != json.Number("0.75") || j["volume"] != nil {
		t.Errorf("%v", j)
	}
}

func TestTrapLicenseSaysValid(t *testing.T) {
	if v := get(jsonOf(t, License{Valid: true}), "valid"); v != true {
		t.Errorf("%v", v)
	}
}

func TestTrapBareListsStandAtTheTop(t *testing.T) {
	if list, ok := jsonOf(t, OpenSubsonicExtensions(nil)).([]any); !ok || len(list) != 0 {
		t.Error("no extensions are not []")
	}
	root := parseXML(t, Append(nil, XML, "", response(SonicMatches{{1, bareSong()}, {0.5, bareSong()}})))
	if len(root.children) != 2 || root.children[1].name.Local != "sonicMatch" || root.children[1].attrs["similarity"] != "0.5" {
		t.Errorf("%+v", root)
	}
}

func TestTrapXMLOrderIsTheSchemas(t *testing.T) {
	for _, c := range []struct {
		p    Payload
		want string
	}{
		{SearchResult3{[]ArtistID3{{}}, []AlbumID3{{}}, []Child{{}}}, "artist album song"},
		{SearchResult2{[]Artist{{}}, []Child{{}}, []Child{{}}}, "artist album song"},
		{Starred{[]Artist{{}}, []Child{{}}, []Child{{}}}, "artist album song"},
		{Starred2{[]ArtistID3{{}}, []AlbumID3{{}}, []Child{{}}}, "artist album song"},
		{Indexes{Shortcut: []Artist{{}}, Index: []Index{{}}, Child: []Child{{}}}, "shortcut index child"},
		{PlaylistWithSongs{Playlist{AllowedUser: []string{"a"}}, []Child{{}}}, "allowedUser entry"},
		{VideoInfo{"", []Captions{{}}, []AudioTrack{{}}, []VideoConversion{{}}}, "captions audioTrack conversion"},
		{AlbumInfo{"a", "b", "c", "d", "e", "f"}, "notes musicBrainzId lastFmUrl smallImageUrl mediumImageUrl largeImageUrl"},
		{ArtistInfo{ArtistFacts{"a", "b", "c", "d", "e", "f"}, []Artist{{}}}, "biography musicBrainzId lastFmUrl smallImageUrl mediumImageUrl largeImageUrl similarArtist"},
		{ArtistInfo2{ArtistFacts{"a", "b", "c", "d", "e", "f"}, []ArtistID3{{}}}, "biography musicBrainzId lastFmUrl smallImageUrl mediumImageUrl largeImageUrl similarArtist"},
	} {
		var got []string
		for _, n := range parseXML(t, Append(nil, XML, "", response(c.p))).children[0].children {
			got = append(got, n.name.Local)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%T: %v", c.p, got)
		}
	}
}

func TestTrapErrorsOfBinaryCallsAreTextXML(t *testing.T) {
	if c := ContentType(ParseFormat("")); !strings.HasPrefix(c, "text/xml") {
		t.Error(c)
	}
}

func TestTrapCallbackIsNeverEchoedUnfiltered(t *testing.T) {
	for name, want := range map[string]bool{
		"cb": true, "a.b.c": true, "$": true, "_x1": true, "jQuery123_456": true, strings.Repeat("a", 128): true,
		"": false, "1a": false, "a b": false, "a(b": false, "a;b": false, "<script>": false, "é": false, "a\n": false, "a[0]": false, strings.Repeat("a", 129): false,
	} {
		if got := ValidCallback(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
		out := string(Append(nil, JSONP, name, response(nil)))
		prefix := "callback("
		if want {
			prefix = name + "("
		}
		if !strings.HasPrefix(out, prefix+`{"subsonic-response":{`) || !strings.HasSuffix(out, "}});") {
			t.Errorf("%q: %s", name, out)
		}
	}
}

// TestPresence holds every object of every fixture to the rules in its tags.
func TestPresence(t *testing.T) {
	checked := 0
	var walk func(where string, v reflect.Value, obj map[string]any)
	walk = func(where string, v reflect.Value, obj map[string]any) {
		for i, f := range Fields(v.Type()) {
			fv := v.FieldByName(f.Go)
			got, sent := obj[f.Name]
			zero := fv.IsZero()
			want := true
			switch f.Presence {
			case PresenceOmit:
				want = !zero
			case PresenceFile:
				want = !zero || !v.FieldByName("IsDir").Bool()
			}
			if sent != want {
				t.Errorf("%s.%s (field %d): sent is %v, want %v", where, f.Name, i, sent, want)
			}
			checked++
			if !sent {
				continue
			}
			if fv.Kind() == reflect.Pointer {
				fv = fv.Elem()
			}
			switch fv.Kind() {
			case reflect.Struct:
				walk(where+"."+f.Name, fv, got.(map[string]any))
			case reflect.Slice:
				list := got.([]any)
				if len(list) != fv.Len() {
					t.Errorf("%s.%s has %d items, want %d", where, f.Name, len(list), fv.Len())
					continue
				}
				for j := range fv.Len() {
					if fv.Index(j).Kind() == reflect.Struct {
						walk(where+"."+f.Name+"["+strconv.Itoa(j)+"]", fv.Index(j), list[j].(map[string]any))
					}
				}
			}
		}
		if len(obj) > len(Fields(v.Type())) {
			t.Errorf("%s has %d keys and %d fields", where, len(obj), len(Fields(v.Type())))
		}
	}
	for _, x := range fixtures {
		if x.payload == nil {
			continue
		}
		v, got := reflect.ValueOf(x.payload), jsonOf(t, x.payload)
		if v.Kind() == reflect.Struct {
			walk(x.name, v, got.(map[string]any))
			continue
		}
		for i := range v.Len() {
			walk(x.name, v.Index(i), got.([]any)[i].(map[string]any))
		}
	}
	if checked < 1000 {
		t.Errorf("only %d fields checked", checked)
	}
}
