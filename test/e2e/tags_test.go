package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// facts is what stands beside each fixture: what is in its tags and sound.
type facts struct {
	Title, TitleSort, Artist, Album, AlbumArtist, Comment, Explicit string
	RecordingID, ReleaseID, DiscTitle, Movement, Codec              string
	Artists, AlbumArtists, ArtistIDs, Genres, ISRC, Moods           []string
	Groupings, Labels, ReleaseTypes                                 []string
	Track, Disc, BPM, BitRate, SampleRate, BitDepth, Channels       int
	MovementNumber, MovementOf                                      int
	Seconds                                                         float64
	Date, OriginalDate, ReleaseDate                                 struct{ Year, Month, Day int }
	Compilation                                                     bool
	Gain                                                            map[string]*float64
	Roles                                                           []struct{ Role, Sub, Name string }
	Works                                                           []struct{ ID, Name string }
	Pictures                                                        []struct {
		SHA256 string
		Type   int
	}
	Lyrics []struct {
		Synced bool
		Lines  []struct {
			Start int
			Text  string
		}
	}
	SameAs string
}

func factsOf(t *testing.T, name string) facts {
	t.Helper()
	var f facts
	if err := json.Unmarshal(fixture(t, name+".json"), &f); err != nil {
		t.Fatal(name, err)
	}
	return f
}

// types are the content types that apps know.
var types = map[string]string{
	"mp3": "audio/mpeg", "mp2": "audio/mpeg", "flac": "audio/flac", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg", "spx": "audio/ogg",
	"m4a": "audio/mp4", "m4b": "audio/mp4", "mp4": "audio/mp4", "wav": "audio/wav", "aiff": "audio/aiff", "aifc": "audio/aiff",
}

func firstText(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func firstList(lists ...[]string) []string {
	for _, l := range lists {
		if len(l) > 0 && l[0] != "" {
			return l
		}
	}
	return []string{}
}

// TestTags compares what apps are told of every fixture with what is known of
// it.
func TestTags(t *testing.T) {
	m := newMusic(t)
	var names []string
	files, err := filepath.Glob(filepath.Join(fixtures, "*.json"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d fixtures: %v", len(files), err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		if types[strings.TrimPrefix(filepath.Ext(name), ".")] == "" || strings.HasPrefix(name, "retag-") {
			continue
		}
		names = append(names, name)
		m.put(name, name+"/"+name)
	}
	eachWay(t, func(t *testing.T, w way) {
		c := start(t, setup{way: w, music: []string{"Fixtures=" + m.dir}}).owner()
		c.scanned(len(names))
		songs := c.songs()
		for _, name := range names {
			t.Run(name, func(t *testing.T) {
				f, path := factsOf(t, name), name+"/"+name
				found, ok := songs[path]
				if !ok {
					t.Fatal("the song is not found")
				}
				c := c.with(t)
				s := c.ok("getSong", "id", found.text("id")).at("song")
				if !reflect.DeepEqual(s, found) {
					t.Errorf("search3 says otherwise than getSong:\n%v\n%v", found.v, s.v)
				}
				compare(t, s, f, name)
				if s.text("path") != path {
					t.Errorf("path %q", s.text("path"))
				}
				al := c.ok("getAlbum", "id", s.text("albumId")).at("album")
				if i := slices.IndexFunc(al.list("song"), func(x node) bool { return x.text("id") == s.text("id") }); i < 0 {
					t.Error("the album lacks the song")
				} else if !reflect.DeepEqual(al.list("song")[i], s) {
					t.Errorf("getAlbum says otherwise than getSong:\n%v\n%v", al.list("song")[i].v, s.v)
				}
				compareAlbum(t, al, f)
				dir := c.ok("getMusicDirectory", "id", s.text("parent")).at("directory")
				if children := dir.list("child"); len(children) != 1 || !reflect.DeepEqual(children[0], s) || dir.text("name") != name {
					t.Errorf("getMusicDirectory: %v", dir.v)
				}
				for i, id := range f.ArtistIDs {
					got := c.ok("getArtist", "id", s.text(fmt.Sprintf("artists.%d.id", i))).at("artist")
					if got.text("musicBrainzId") != id || got.text("name") != f.Artists[i] {
						t.Errorf("artist %d is %v, want %s", i, got.v, id)
					}
				}
				resp, b := c.get(nil, "stream", "id", s.text("id"))
				if resp.Header.Get("Content-Type") != s.text("contentType") || !bytes.Equal(b, fixture(t, name)) {
					t.Errorf("stream: %s, %d bytes, want %s", resp.Header.Get("Content-Type"), len(b), s.text("contentType"))
				}
			})
		}
	})
}

// spelled returns the names of album artists as they are shown: many artists
// have one name, however a tag calls them.
func spelled(names []string) []string {
	if slices.Equal(names, []string{"Various"}) {
		return []string{"Various Artists"}
	}
	return names
}

func compare(t *testing.T, s node, f facts, name string) {
	t.Helper()
	suffix := strings.TrimPrefix(filepath.Ext(name), ".")
	artists := firstList(f.Artists, []string{f.Artist})
	albumArtists := firstList(f.AlbumArtists, []string{f.AlbumArtist}, artists)
	if f.Compilation && f.AlbumArtist == "" {
		albumArtists = []string{"Various Artists"}
	}
	albumArtists = spelled(albumArtists)
	gain := map[string]any{}
	for k, v := range f.Gain {
		if v != nil {
			gain[strings.ToLower(k[:1])+k[1:]] = *v
		}
	}
	genres := []string{}
	for _, g := range s.list("genres") {
		genres = append(genres, g.text("name"))
	}
	year := f.OriginalDate.Year
	if year == 0 {
		year = f.Date.Year
	}
	if year == 0 {
		year = f.ReleaseDate.Year
	}
	var roles, works []string
	for _, r := range f.Roles {
		roles = append(roles, r.Role+"/"+r.Sub+"/"+r.Name)
	}
	for _, w := range f.Works {
		works = append(works, w.Name+"/"+w.ID)
	}
	var gotRoles, gotWorks []string
	for _, r := range s.list("contributors") {
		gotRoles = append(gotRoles, r.text("role")+"/"+r.text("subRole")+"/"+r.text("artist.name"))
	}
	for _, w := range s.list("works") {
		gotWorks = append(gotWorks, w.text("name")+"/"+w.text("musicBrainzId"))
	}
	for _, x := range []struct {
		what      string
		got, want any
	}{
		{"title", s.text("title"), firstText(f.Title, strings.TrimSuffix(name, "."+suffix))},
		{"artist", f.Artist == "" || s.text("artist") == f.Artist, true},
		{"artists", f.Artist == "" || slices.Equal(s.texts("artists", "name"), artists), true},
		{"albumArtists", f.Artist == "" || slices.Equal(s.texts("albumArtists", "name"), albumArtists), true},
		{"album", f.Album == "" || s.text("album") == f.Album, true},
		{"genres", strings.Join(genres, "|"), strings.Join(f.Genres, "|")},
		{"genre", s.text("genre"), firstText(f.Genres...)},
		{"track", s.int("track"), f.Track},
		{"discNumber", s.int("discNumber"), f.Disc},
		{"year", s.int("year"), year},
		{"duration", math.Abs(float64(s.int("duration"))-f.Seconds) < 0.52, true},
		{"samplingRate", s.int("samplingRate"), f.SampleRate},
		{"bitDepth", s.int("bitDepth"), f.BitDepth},
		{"channelCount", s.int("channelCount"), f.Channels},
		{"bitRate", f.BitRate == 0 || s.int("bitRate") == f.BitRate, true},
		{"musicBrainzId", s.text("musicBrainzId"), f.RecordingID},
		{"isrc", fmt.Sprint(s.at("isrc").v), fmt.Sprint(anyList(f.ISRC))},
		{"moods", fmt.Sprint(s.at("moods").v), fmt.Sprint(anyList(f.Moods))},
		{"groupings", fmt.Sprint(s.at("groupings").v), fmt.Sprint(anyList(f.Groupings))},
		{"bpm", s.int("bpm"), f.BPM},
		{"comment", s.text("comment"), f.Comment},
		{"sortName", s.text("sortName"), f.TitleSort},
		{"explicitStatus", s.text("explicitStatus"), f.Explicit},
		{"contributors", gotRoles, roles},
		{"works", gotWorks, works},
		{"movement", f.Movement == "" || s.text("movements.0.name") == f.Movement, true},
		{"movement's number", f.Movement == "" || s.int("movements.0.number") == f.MovementNumber, true},
		{"movement's count", f.Movement == "" || s.int("movements.0.count") == f.MovementOf, true},
		{"size", s.int("size"), len(fixture(t, name))},
		{"suffix", s.text("suffix"), suffix},
		{"contentType", s.text("contentType"), types[suffix]},
		{"isDir", s.at("isDir").v, false},
		{"mediaType", s.text("mediaType"), "song"},
	} {
		if !reflect.DeepEqual(x.got, x.want) {
			t.Errorf("%s is %v, want %v", x.what, x.got, x.want)
		}
	}
	for k, want := range gain {
		if got, ok := s.at("replayGain." + k).v.(float64); !ok || got-want.(float64) > 0.011 || got-want.(float64) < -0.011 {
			t.Errorf("replayGain.%s is %v, want %v", k, s.at("replayGain."+k).v, want)
		}
	}
}

// anyList is a list of texts as JSON gives it.
func anyList(list []string) []any {
	out := []any{}
	for _, s := range list {
		out = append(out, s)
	}
	return out
}

func compareAlbum(t *testing.T, al node, f facts) {
	t.Helper()
	if f.ReleaseID == "" {
		return
	}
	var labels []string
	for _, l := range al.list("recordLabels") {
		labels = append(labels, l.text("name"))
	}
	for _, x := range []struct {
		what      string
		got, want any
	}{
		{"name", al.text("name"), f.Album},
		{"musicBrainzId", al.text("musicBrainzId"), f.ReleaseID},
		{"artists", al.texts("artists", "name"), spelled(firstList(f.AlbumArtists, []string{f.AlbumArtist}))},
		{"recordLabels", labels, f.Labels},
		{"isCompilation", al.at("isCompilation").v, f.Compilation},
		{"originalReleaseDate", al.int("originalReleaseDate.year"), f.OriginalDate.Year},
		{"discTitle", f.DiscTitle == "" || al.text("discTitles.0.title") == f.DiscTitle, true},
	} {
		if !reflect.DeepEqual(x.got, x.want) {
			t.Errorf("album: %s is %v, want %v", x.what, x.got, x.want)
		}
	}
	if got, want := strings.ToLower(fmt.Sprint(al.at("releaseTypes").v)), fmt.Sprint(anyList(f.ReleaseTypes)); got != want {
		t.Errorf("album: releaseTypes is %v, want %v", got, want)
	}
}

// cover makes a picture of one colour.
func cover(t *testing.T, width, height int, c color.Color) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		img.Set(i%width, i/width, c)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// shelf writes a library of 14 songs:
//
//	Rock/Kestrel/Storm/01.mp3 … 05.mp3, cover.jpg
//	Rock/Kestrel/Calm/01.mp3 … 05.mp3
//	Folk/Ümit/Über/01.mp3 … 03.mp3 (with pictures), 01.lrc
//	loose.mp3
func shelf(t *testing.T) *music {
	t.Helper()
	m := newMusic(t)
	m.album("Rock/Kestrel/Storm", "Kestrel", "Storm", "Rock", 1, 5)
	m.write("Rock/Kestrel/Storm/cover.jpg", cover(t, 640, 480, color.RGBA{200, 30, 30, 255}))
	m.album("Rock/Kestrel/Calm", "Kestrel", "Calm", "Rock", 2, 5)
	for i := 1; i <= 3; i++ {
		m.write(fmt.Sprintf("Folk/Ümit/Über/%02d.mp3", i), track{title: fmt.Sprintf("Über %d", i), artist: "Ümit", album: "Über",
			albumArtist: "Ümit", genre: "Folk", number: i, sound: 0x3000 + uint32(i), picture: cover(t, 300, 300, color.RGBA{0, 0, 250, 255})}.mp3(t))
	}
	m.write("Folk/Ümit/Über/01.lrc", []byte("[00:01.00]first line\n[00:02.50]second line\n"))
	m.write("loose.mp3", track{title: "Loose", artist: "Nobody's Band", sound: 0x4001}.mp3(t))
	return m
}

const shelfSongs = 14

// TestMedia asks for bytes in all the ways that HTTP knows.
func TestMedia(t *testing.T) {
	m := shelf(t)
	eachWay(t, func(t *testing.T, w way) {
		c := start(t, setup{way: w, music: []string{"Shelf=" + m.dir}}).owner()
		c.scanned(shelfSongs)
		s := c.song("Folk/Ümit/Über/01.mp3")
		id, file := s.text("id"), m.read("Folk/Ümit/Über/01.mp3")
		n := len(file)
		for _, endpoint := range []string{"stream", "stream.view", "download"} {
			whole, b := c.get(nil, endpoint, "id", id)
			tag, changed := whole.Header.Get("ETag"), whole.Header.Get("Last-Modified")
			if whole.StatusCode != 200 || !bytes.Equal(b, file) || tag == "" || changed == "" ||
				whole.Header.Get("Accept-Ranges") != "bytes" || whole.ContentLength != int64(n) || whole.Header.Get("Content-Type") != s.text("contentType") {
				t.Errorf("%s: %s, %d bytes, %v", endpoint, whole.Status, len(b), whole.Header)
			}
			for _, x := range []struct {
				header string // NAME: VALUE, several with a | between
				status int
				want   []byte
				span   string
			}{
				{"Range: bytes=0-0", 206, file[:1], fmt.Sprintf("bytes 0-0/%d", n)},
				{"Range: bytes=100-199", 206, file[100:200], fmt.Sprintf("bytes 100-199/%d", n)},
				{"Range: bytes=100-", 206, file[100:], fmt.Sprintf("bytes 100-%d/%d", n-1, n)},
				{"Range: bytes=-10", 206, file[n-10:], fmt.Sprintf("bytes %d-%d/%d", n-10, n-1, n)},
				{"Range: bytes=10-999999", 206, file[10:], fmt.Sprintf("bytes 10-%d/%d", n-1, n)},
				{fmt.Sprintf("Range: bytes=%d-", n), 416, nil, fmt.Sprintf("bytes */%d", n)},
				{"Range: bytes=5-9|If-Range: " + tag, 206, file[5:10], fmt.Sprintf("bytes 5-9/%d", n)},
				{"Range: bytes=5-9|If-Range: " + changed, 206, file[5:10], fmt.Sprintf("bytes 5-9/%d", n)},
				{`Range: bytes=5-9|If-Range: "other"`, 200, file, ""},
				{"If-None-Match: " + tag, 304, []byte{}, ""},
				{"If-Modified-Since: " + changed, 304, []byte{}, ""},
				{`If-None-Match: "other"`, 200, file, ""},
				{`If-Match: "other"`, 412, []byte{}, ""},
			} {
				header := map[string]string{}
				for h := range strings.SplitSeq(x.header, "|") {
					k, v, _ := strings.Cut(h, ": ")
					header[k] = v
				}
				resp, b := c.get(header, endpoint, "id", id)
				if resp.StatusCode != x.status || x.want != nil && !bytes.Equal(b, x.want) || resp.Header.Get("Content-Range") != x.span {
					t.Errorf("%s with %s: %s, %d bytes, %q; want %d, %d bytes, %q", endpoint, x.header, resp.Status, len(b), resp.Header.Get("Content-Range"), x.status, len(x.want), x.span)
				}
			}
			head, b := c.do(http.MethodHead, c.url(endpoint, "id", id), nil, nil)
			if head.StatusCode != 200 || len(b) != 0 || head.ContentLength != int64(n) || head.Header.Get("ETag") != tag {
				t.Errorf("HEAD %s: %s, %v", endpoint, head.Status, head.Header)
			}
			if whole.Header.Get("Access-Control-Allow-Origin") != "*" {
				t.Errorf("%s lacks CORS", endpoint)
			}
		}
		for _, kv := range [][]any{{"maxBitRate", 32}, {"format", "mp3"}, {"format", "raw"}, {"estimateContentLength", true}, {"maxBitRate", 320, "format", "opus"}} {
			resp, b := c.get(nil, "stream", append([]any{"id", id}, kv...)...)
			if !bytes.Equal(b, file) || resp.Header.Get("Content-Type") != s.text("contentType") {
				t.Errorf("stream %v is not the original", kv)
			}
		}

		album := c.song("Rock/Kestrel/Storm/01.mp3")
		folderID := album.text("parent")
		list := c.ok("createPlaylist", "name", "zip", "songId", id, "songId", album.text("id")).text("playlist.id")
		for _, x := range []struct {
			id    string
			files map[string]string
		}{
			{album.text("albumId"), map[string]string{"01.mp3": "Rock/Kestrel/Storm/01.mp3", "02.mp3": "Rock/Kestrel/Storm/02.mp3", "03.mp3": "Rock/Kestrel/Storm/03.mp3",
				"04.mp3": "Rock/Kestrel/Storm/04.mp3", "05.mp3": "Rock/Kestrel/Storm/05.mp3"}},
			{folderID, map[string]string{"01.mp3": "Rock/Kestrel/Storm/01.mp3", "02.mp3": "Rock/Kestrel/Storm/02.mp3", "03.mp3": "Rock/Kestrel/Storm/03.mp3",
				"04.mp3": "Rock/Kestrel/Storm/04.mp3", "05.mp3": "Rock/Kestrel/Storm/05.mp3"}},
			{list, map[string]string{"001 01.mp3": "Folk/Ümit/Über/01.mp3", "002 01.mp3": "Rock/Kestrel/Storm/01.mp3"}},
		} {
			resp, b := c.get(nil, "download", "id", x.id)
			z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Errorf("download of %s: %s %v", x.id, resp.Status, err)
				continue
			}
			if resp.Header.Get("Content-Type") != "application/zip" {
				t.Errorf("download of %s is %s", x.id, resp.Header.Get("Content-Type"))
			}
			for _, f := range z.File {
				r, err := f.Open()
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				if from, ok := x.files[f.Name]; !ok || err != nil || f.Method != zip.Store || !bytes.Equal(got, m.read(from)) {
					t.Errorf("download of %s: %s is no song of it: %v", x.id, f.Name, err)
				}
			}
			if len(z.File) != len(x.files) {
				t.Errorf("download of %s: %d files, want %d", x.id, len(z.File), len(x.files))
			}
		}
	})
}

// TestFilesAreNotTouched holds a whole scan to reading only.
func TestFilesAreNotTouched(t *testing.T) {
	m := shelf(t)
	before := listing(t, m.dir)
	c := start(t, setup{music: []string{m.dir}}).owner()
	c.scanned(shelfSongs)
	c.get(nil, "stream", "id", c.song("loose.mp3").text("id"))
	if after := listing(t, m.dir); after != before {
		t.Errorf("the folder was\n%sand is\n%s", before, after)
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		fmt.Fprintln(&b, name, info.Mode(), info.Size(), info.ModTime())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
