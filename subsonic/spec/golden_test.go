package spec

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds got to the file name under testdata/golden.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs:\ngot\n%s\nwant\n%s", file, got, want)
	}
}

// inLines breaks JSON and XML into lines, for people to read.
func inLines(t *testing.T, f Format, raw []byte) []byte {
	t.Helper()
	if f != JSON {
		// Text and attributes hold no angle brackets of their own.
		return append(bytes.ReplaceAll(raw, []byte("><"), []byte(">\n<")), '\n')
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", " "); err != nil {
		t.Fatalf("%v in %s", err, raw)
	}
	return append(out.Bytes(), '\n')
}

func response(p Payload) *Response { return &Response{ServerVersion: "1.2.3", Payload: p} }

func TestGolden(t *testing.T) {
	for _, x := range fixtures {
		t.Run(x.name, func(t *testing.T) {
			golden(t, x.name+".json", inLines(t, JSON, Append(nil, JSON, "", response(x.payload))))
			golden(t, x.name+".xml", inLines(t, XML, Append(nil, XML, "", response(x.payload))))
		})
	}
	failed := &Response{ServerVersion: "1.2.3", Payload: License{}, Error: &Error{
		Code: CodeAuthNotSupported, Message: `no "such" login`, HelpURL: "https://music.example/keys?a=1&b=2",
	}}
	golden(t, "error.json", inLines(t, JSON, Append(nil, JSON, "", failed)))
	golden(t, "error.xml", inLines(t, XML, Append(nil, XML, "", failed)))
	failed.Error = &Error{Message: "internal error"}
	golden(t, "error_generic.json", inLines(t, JSON, Append(nil, JSON, "", failed)))
	golden(t, "error_generic.xml", inLines(t, XML, Append(nil, XML, "", failed)))
	golden(t, "song.jsonp", append(Append(nil, JSONP, "player.cb1", response(Song(fullSong()))), '\n'))
}

// TestEveryPayloadHasFixtures reads the source of the package: a payload that
// is not in fixtures would go untested.
func TestEveryPayloadHasFixtures(t *testing.T) {
	have := map[string]bool{}
	for _, x := range fixtures {
		if x.payload != nil {
			have[reflect.TypeOf(x.payload).Name()] = true
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range f.Decls {
			m, ok := d.(*ast.FuncDecl)
			if !ok || m.Recv == nil || m.Name.Name != "Element" {
				continue
			}
			found++
			if name := m.Recv.List[0].Type.(*ast.Ident).Name; !have[name] {
				t.Errorf("no fixture of %s", name)
			}
		}
	}
	if found != len(have) {
		t.Errorf("%d payloads in the source, %d in the fixtures", found, len(have))
	}
}

// TestEndpointsHavePayloads holds the fixtures to the list of all endpoints of
// the protocol and of OpenSubsonic.
func TestEndpointsHavePayloads(t *testing.T) {
	const empty = `addChatMessage changePassword createBookmark createInternetRadioStation createPodcastChannel createUser deleteBookmark
		deleteInternetRadioStation deletePlaylist deletePodcastChannel deletePodcastEpisode deleteShare deleteUser downloadPodcastEpisode ping
		refreshPodcasts reportPlayback savePlayQueue savePlayQueueByIndex scrobble setRating star unstar updateInternetRadioStation updatePlaylist
		updateShare updateUser`
	const binary = `download getAvatar getCaptions getCoverArt getTranscodeStream hls.m3u8 stream`
	elements := map[string]string{
		"createPlaylist": "playlist", "createShare": "shares", "findSonicPath": "sonicMatch", "getAlbum": "album", "getAlbumInfo": "albumInfo",
		"getAlbumInfo2": "albumInfo", "getAlbumList": "albumList", "getAlbumList2": "albumList2", "getArtist": "artist", "getArtistInfo": "artistInfo",
		"getArtistInfo2": "artistInfo2", "getArtists": "artists", "getBookmarks": "bookmarks", "getChatMessages": "chatMessages",
		"getGenres": "genres", "getIndexes": "indexes", "getInternetRadioStations": "internetRadioStations", "getLicense": "license",
		"getLyrics": "lyrics", "getLyricsBySongId": "lyricsList", "getMusicDirectory": "directory", "getMusicFolders": "musicFolders",
		"getNewestPodcasts": "newestPodcasts", "getNowPlaying": "nowPlaying", "getOpenSubsonicExtensions": "openSubsonicExtensions",
		"getPlaylist": "playlist", "getPlaylists": "playlists", "getPlayQueue": "playQueue", "getPlayQueueByIndex": "playQueueByIndex",
		"getPodcastEpisode": "podcastEpisode", "getPodcasts": "podcasts", "getRandomSongs": "randomSongs", "getScanStatus": "scanStatus",
		"getShares": "shares", "getSimilarSongs": "similarSongs", "getSimilarSongs2": "similarSongs2", "getSong": "song",
		"getSongsByGenre": "songsByGenre", "getSonicSimilarTracks": "sonicMatch", "getStarred": "starred", "getStarred2": "starred2",
		"getTopSongs": "topSongs", "getTranscodeDecision": "transcodeDecision", "getUser": "user", "getUsers": "users",
		"getVideoInfo": "videoInfo", "getVideos": "videos", "jukeboxControl": "jukeboxStatus jukeboxPlaylist", "search": "searchResult",
		"search2": "searchResult2", "search3": "searchResult3", "startScan": "scanStatus", "tokenInfo": "tokenInfo",
	}
	if n := len(elements) + len(strings.Fields(empty)) + len(strings.Fields(binary)); n != 87 {
		t.Errorf("%d endpoints, not 87", n)
	}
	seen := map[string]map[string]bool{}
	for _, x := range fixtures {
		if x.payload == nil {
			continue
		}
		for _, call := range strings.Fields(x.calls) {
			if seen[call] == nil {
				seen[call] = map[string]bool{}
			}
			seen[call][x.payload.Element()] = true
		}
	}
	for call, names := range elements {
		for _, name := range strings.Fields(names) {
			if !seen[call][name] {
				t.Errorf("%s has no fixture of %s", call, name)
			}
		}
		if len(seen[call]) != len(strings.Fields(names)) {
			t.Errorf("%s answers %v, want %s", call, seen[call], names)
		}
	}
	if len(seen) != len(elements) {
		t.Errorf("%d calls with payloads in the fixtures, want %d", len(seen), len(elements))
	}
}

// TestFixturesShowEveryField holds the filled fixtures to the structs: each
// field of each payload must be set somewhere, else no golden shows it.
func TestFixturesShowEveryField(t *testing.T) {
	seen := map[string]bool{}
	all := map[string]bool{}
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				walk(v.Elem())
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case reflect.Struct:
			for i := range v.NumField() {
				name := v.Type().Name() + "." + v.Type().Field(i).Name
				all[name] = true
				if !v.Field(i).IsZero() {
					seen[name] = true
				}
				walk(v.Field(i))
			}
		}
	}
	for _, x := range fixtures {
		if x.payload != nil {
			walk(reflect.ValueOf(x.payload))
		}
	}
	for name := range all {
		// A video is never a song with all fields, so Song has none.
		if !seen[name] && name != "Song.IsVideo" && name != "Song.IsDir" {
			t.Errorf("%s is set in no fixture", name)
		}
	}
}

func TestPayloadMayBeAPointer(t *testing.T) {
	l := License{Valid: true}
	for _, f := range []Format{XML, JSON} {
		a, b := Append(nil, f, "", response(l)), Append(nil, f, "", response(&l))
		if !bytes.Equal(a, b) {
			t.Errorf("%s\n%s", a, b)
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	for _, f := range []Format{XML, JSON, JSONP} {
		if got := Append([]byte("before,"), f, "cb", response(nil)); !bytes.Equal(got, append([]byte("before,"), Append(nil, f, "cb", response(nil))...)) {
			t.Errorf("format %d: %s", f, got)
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	r := response(&AlbumWithSongs{fullAlbum(), songs()})
	for _, f := range []Format{XML, JSON, JSONP} {
		buf := Append(nil, f, "cb", r)
		if n := testing.AllocsPerRun(100, func() { buf = Append(buf[:0], f, "cb", r) }); n > 2 {
			t.Errorf("format %d: %v allocations", f, n)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for in, want := range map[string]Format{"": XML, "xml": XML, "json": JSON, "jsonp": JSONP, "image/png": XML, "JSON": XML} {
		if got := ParseFormat(in); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}

func TestContentType(t *testing.T) {
	for f, want := range map[Format]string{XML: "text/xml; charset=utf-8", JSON: "application/json", JSONP: "application/javascript; charset=utf-8"} {
		if got := ContentType(f); got != want {
			t.Errorf("%d: %q, want %q", f, got, want)
		}
	}
}

func TestTime(t *testing.T) {
	for in, want := range map[Time]string{
		1678414775784:   "2023-03-10T02:19:35.784Z",
		1:               "1970-01-01T00:00:00.001Z",
		-1:              "1969-12-31T23:59:59.999Z",
		951782400000:    "2000-02-29T00:00:00.000Z",
		1 << 62:         "9999-12-31T23:59:59.999Z",
		-1 << 62:        "0001-01-01T00:00:00.000Z",
		-62135596800000: "0001-01-01T00:00:00.000Z",
	} {
		if got := in.String(); got != want {
			t.Errorf("%d: %s, want %s", in, got, want)
		}
	}
}

func TestFloat(t *testing.T) {
	inf, _ := strconv.ParseFloat("inf", 64)
	for in, want := range map[float64]string{
		0: "0", 1: "1", -7.03: "-7.03", 0.988312: "0.988312", 0.1: "0.1", -0.000001: "-0.000001", 100: "100",
		0.1234567: "0.1234567", 1e-9: "1e-09", 123456789012345678: "123456789012345680", 1e21: "1e+21", inf: "0", -inf: "0",
		999999999.999999: "999999999.999999",
	} {
		if got := string(appendFloat(nil, in)); got != want {
			t.Errorf("%v: %s, want %s", in, got, want)
		}
	}
	if got := string(appendFloat(nil, inf-inf)); got != "0" {
		t.Errorf("NaN: %s", got)
	}
	for in, want := range map[float64]string{1: "1.00", 3.333: "3.33", 4.999: "5.00", 4.5: "4.50", 7: "5.00", -1: "0.00", inf - inf: "0.00"} {
		if got := string(appendRating(nil, in)); got != want {
			t.Errorf("rating %v: %s, want %s", in, got, want)
		}
	}
}
