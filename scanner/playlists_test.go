package scanner

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
)

// utf16LE is text as some players on Windows write it.
func utf16LE(s string) []byte {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}

// playlistHouse has an administrator and this library:
//
//	Ärzte/Die Bestie/01 Intro.mp3
//	Ärzte/Die Bestie/02 Schrei.flac
//	Other/Album/01 Intro.mp3
//	Other/Album/03 100% # one.mp3
//	loose.mp3
func playlistHouse(t *testing.T) *house {
	h := newHouse(t, Options{Playlists: Playlists{Import: true}})
	u := &models.User{Name: "root", Roles: models.Roles{Admin: true}, AllLibraries: true}
	if err := h.catalog.CreateUser(t.Context(), u, nil); err != nil {
		t.Fatal(err)
	}
	u, err := h.catalog.UserByName(t.Context(), "root")
	if err != nil {
		t.Fatal(err)
	}
	h.view = h.catalog.Viewer(u)
	h.put("id3v24.mp3", "Ärzte/Die Bestie/01 Intro.mp3")
	h.put("full.flac", "Ärzte/Die Bestie/02 Schrei.flac")
	h.put("id3v23.mp3", "Other/Album/01 Intro.mp3")
	h.put("id3v24-utf16.mp3", "Other/Album/03 100% # one.mp3")
	h.put("id3v22.mp3", "loose.mp3")
	return h
}

// places returns, for the playlist of this name, the key of each place, or the
// line in brackets where no song was found for it.
func (h *house) places(name string) []string {
	h.t.Helper()
	_, places := h.playlist(name)
	var out []string
	for _, p := range places {
		if p.Line != "" {
			p.ObjectKey = "[" + p.Line + "]"
		}
		out = append(out, p.ObjectKey)
	}
	return out
}

func (h *house) playlist(name string) (*models.Playlist, []catalog.PlaylistPlace) {
	h.t.Helper()
	list, err := h.catalog.Playlists(h.t.Context(), h.view, 0, false)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, p := range list {
		if p.Name == name {
			p, places, err := h.catalog.PlaylistPlaces(h.t.Context(), h.view, p.Key)
			if err != nil {
				h.t.Fatal(err)
			}
			return p, places
		}
	}
	return nil, nil
}

func (h *house) lists() []string {
	h.t.Helper()
	list, err := h.catalog.Playlists(h.t.Context(), h.view, 0, false)
	if err != nil {
		h.t.Fatal(err)
	}
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
	}
	return names
}

func TestPlaylistLines(t *testing.T) {
	const (
		intro  = "Ärzte/Die Bestie/01 Intro.mp3"
		schrei = "Ärzte/Die Bestie/02 Schrei.flac"
		other  = "Other/Album/01 Intro.mp3"
		odd    = "Other/Album/03 100% # one.mp3"
		loose  = "loose.mp3"
	)
	for _, c := range []struct {
		name, file, line, want string
	}{
		{"relative to the playlist", "Ärzte/l.m3u8", "Die Bestie/01 Intro.mp3", intro},
		{"beside the playlist, though another has that name", "Other/Album/l.m3u8", "01 Intro.mp3", other},
		{"up and down again", "Lists/l.m3u8", "../Ärzte/Die Bestie/02 Schrei.flac", schrei},
		{"relative to the root", "Lists/l.m3u8", "Other/Album/01 Intro.mp3", other},
		{"absolute on another machine", "l.m3u8", "/home/ana/Musik/Ärzte/Die Bestie/01 Intro.mp3", intro},
		{"a drive", "l.m3u8", `D:\Music\Ärzte\Die Bestie\02 Schrei.flac`, schrei},
		{"a share", "l.m3u8", `\\nas\media\Other\Album\01 Intro.mp3`, other},
		{"a mixture of slashes", "l.m3u8", `\\nas\media/Other\Album/01 Intro.mp3`, other},
		{"another case", "l.m3u8", "/x/OTHER/ALBUM/01 INTRO.MP3", other},
		{"accents as marks of their own", "l.m3u8", "A\u0308rzte/Die Bestie/02 Schrei.flac", schrei},
		{"Windows-1252", "l.m3u", "\xc4rzte/Die Bestie/01 Intro.mp3", intro},
		{"UTF-8 with a mark", "l.m3u", "\xef\xbb\xbfÄrzte/Die Bestie/01 Intro.mp3", intro},
		{"a URL of a file", "l.m3u", "file:///home/x/%C3%84rzte/Die%20Bestie/01%20Intro.mp3", intro},
		{"a local URL with a host", "l.m3u", "file://localhost/music/Other/Album/01%20Intro.mp3", other},
		{"escapes without a scheme", "l.m3u", "Other/Album/01%20Intro.mp3", other},
		{"signs that look like escapes and parts", "l.m3u8", "Other/Album/03 100% # one.mp3", odd},
		{"a file of the root by its name", "Lists/l.m3u8", "loose.mp3", loose},
		{"a file of the root on another machine", "l.m3u8", `C:\loose.mp3`, loose},
		{"a name alone that two have", "Lists/l.m3u8", "01 Intro.mp3", "[01 Intro.mp3]"},
		{"the same name in another folder", "l.m3u8", "/x/Third/01 Intro.mp3", "[/x/Third/01 Intro.mp3]"},
		{"a station", "l.m3u8", "http://radio.example/live.mp3", "[http://radio.example/live.mp3]"},
		{"what is not there", "l.m3u8", "Other/Album/09 Gone.mp3", "[Other/Album/09 Gone.mp3]"},
		{"a part of what is no cue sheet's", "l.m3u8", "loose.mp3#2", "[loose.mp3#2]"},
		{"PLS", "l.pls", "[playlist]\nTitle1=x\nFile1=Other/Album/01 Intro.mp3\nNumberOfEntries=1", other},
		{"XSPF", "l.xspf", `<?xml version="1.0" encoding="ISO-8859-1"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList><track><location>` + "\xc4rzte/Die%20Bestie/01%20Intro.mp3" + `</location></track></trackList></playlist>`, intro},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := playlistHouse(t)
			h.write(c.file, []byte("#EXTM3U\n#EXTINF:1,A - B\n"+c.line+"\n"))
			if !strings.Contains(c.file, "m3u") || strings.HasPrefix(c.line, "\xef") {
				h.write(c.file, []byte(c.line))
			}
			h.scan(Request{})
			if got := h.places("l"); len(got) != 1 || got[0] != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestPlaylistInUTF16(t *testing.T) {
	h := playlistHouse(t)
	h.write("x.m3u", utf16LE("#EXTM3U\r\n#PLAYLIST:Größte\r\nÄrzte\\Die Bestie\\01 Intro.mp3\r\nloose.mp3\r\n"))
	h.scan(Request{})
	if got := h.places("Größte"); !slices.Equal(got, []string{"Ärzte/Die Bestie/01 Intro.mp3", "loose.mp3"}) {
		t.Errorf("%q", got)
	}
}

// TestPlaylistLife follows one file: songs come late, the file is touched,
// moved, edited by an app and then on the disk, and deleted.
func TestPlaylistLife(t *testing.T) {
	h := playlistHouse(t)
	h.write("mix.m3u8", []byte("loose.mp3\nOther/Album/02 Late.mp3\nOther/Album/01 Intro.mp3\n"))
	run := h.scan(Request{})
	want := []string{"loose.mp3", "[Other/Album/02 Late.mp3]", "Other/Album/01 Intro.mp3"}
	if got := h.places("mix"); !slices.Equal(got, want) {
		t.Fatalf("%q", got)
	}
	problems, err := h.catalog.Problems(t.Context(), run.Key)
	if err != nil || len(problems) != 1 || problems[0].Key != "mix.m3u8" || !strings.Contains(problems[0].Reason, "1 lines") {
		t.Errorf("%+v %v", problems, err)
	}
	list, songs, err := func() (*models.Playlist, []*models.Song, error) {
		p, _ := h.playlist("mix")
		return h.catalog.Playlist(t.Context(), h.view, p.Key)
	}()
	if err != nil || len(songs) != 2 || list.Public || list.OwnerID != "root" {
		t.Fatalf("%+v %v %v", list, songs, err)
	}

	h.put("full.ogg", "Other/Album/02 Late.mp3")
	h.scan(Request{})
	want[1] = "Other/Album/02 Late.mp3"
	if got := h.places("mix"); !slices.Equal(got, want) {
		t.Fatalf("when the song has come: %q", got)
	}

	h.move("mix.m3u8", "Lists/renamed.m3u8")
	h.scan(Request{})
	if got := h.lists(); !slices.Equal(got, []string{"mix"}) {
		t.Fatalf("after a move: %q", got)
	}

	// Songs that move take their places along, whatever the file says.
	h.move("Other/Album/02 Late.mp3", "Other/Album/02 Renamed.mp3")
	h.scan(Request{})
	if got := h.places("mix"); got[1] != "Other/Album/02 Renamed.mp3" {
		t.Fatalf("after a song moved: %q", got)
	}

	// An edit of an app wins until the file changes, and is kept as a copy then.
	if err := h.catalog.EditPlaylist(t.Context(), h.view, list.Key, catalog.PlaylistEdit{Remove: []int{0}}); err != nil {
		t.Fatal(err)
	}
	h.scan(Request{Full: true})
	edited := []string{"Other/Album/02 Renamed.mp3", "Other/Album/01 Intro.mp3"}
	if got := h.places("mix"); !slices.Equal(got, edited) {
		t.Fatalf("after an edit: %q", got)
	}
	h.write("Lists/renamed.m3u8", []byte("#PLAYLIST:mix\n../loose.mp3\n"))
	h.scan(Request{})
	if got := h.places("mix"); !slices.Equal(got, []string{"loose.mp3"}) {
		t.Errorf("after the file changed: %q", got)
	}
	if got := h.places("mix (edited)"); !slices.Equal(got, edited) {
		t.Errorf("the copy: %q", got)
	}
	if p, _ := h.playlist("mix"); p.Key != list.Key {
		t.Error("the list has another id")
	}
	h.write("Lists/renamed.m3u8", []byte("#PLAYLIST:mix\n../loose.mp3\n../Other/Album/01 Intro.mp3\n"))
	h.scan(Request{})
	if got := h.lists(); !slices.Equal(got, []string{"mix", "mix (edited)"}) {
		t.Errorf("nobody edited it again: %q", got)
	}

	// A list that was deleted stays so until the file changes, and a file that
	// is gone takes no list along.
	if err := h.catalog.DeletePlaylist(t.Context(), h.view, list.Key, false); err != nil {
		t.Fatal(err)
	}
	h.scan(Request{Full: true})
	if got := h.lists(); !slices.Equal(got, []string{"mix (edited)"}) {
		t.Errorf("a deleted list came back: %q", got)
	}
	h.write("Lists/renamed.m3u8", []byte("../loose.mp3\n"))
	h.scan(Request{})
	h.remove("Lists/renamed.m3u8")
	h.scan(Request{})
	if got := h.lists(); !slices.Equal(got, []string{"mix (edited)", "renamed"}) {
		t.Errorf("in the end: %q", got)
	}
}

func TestPlaylistOwners(t *testing.T) {
	h := playlistHouse(t)
	h.write("mix.m3u8", []byte("loose.mp3\n"))
	h.scanner = New(h.catalog, Options{Playlists: Playlists{Import: true, Owner: "nobody"}})
	run := h.scan(Request{})
	problems, err := h.catalog.Problems(t.Context(), run.Key)
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Reason, `"nobody"`) || h.lists() != nil {
		t.Errorf("%+v %v", problems, err)
	}
	h.scanner = New(h.catalog, Options{Playlists: Playlists{Import: true, Owner: "Ana", Public: true}})
	h.scan(Request{})
	if p, _ := h.playlist("mix"); p == nil || p.OwnerID != "ana" || !p.Public {
		t.Errorf("%+v", p)
	}
	h.scanner = New(h.catalog, Options{})
	h.write("other.m3u8", []byte("loose.mp3\n"))
	h.scan(Request{})
	if got := h.lists(); !slices.Equal(got, []string{"mix"}) {
		t.Errorf("turned off: %q", got)
	}
}

// TestPlaylistsWrittenAndRead writes a list in every format; read again it is
// the same.
func TestPlaylistsWrittenAndRead(t *testing.T) {
	h := playlistHouse(t)
	h.write("odd.m3u8", []byte("Ärzte/Die Bestie/01 Intro.mp3\nOther/Album/03 100% # one.mp3\nGone & <lost>.mp3\nloose.mp3\nloose.mp3\n"))
	h.put("id3v1.mp3", "#1 hits.mp3")
	h.scan(Request{})
	hits := h.keys()["#1 hits.mp3"]
	p, _ := h.playlist("odd")
	if err := h.catalog.EditPlaylist(t.Context(), h.view, p.Key, catalog.PlaylistEdit{Add: []models.Key{hits}}); err != nil {
		t.Fatal(err)
	}
	_, places := h.playlist("odd")
	want := h.places("odd")
	for _, format := range PlaylistFormats() {
		b, err := WritePlaylist(format, "as "+format, "", PlaylistSongs(places))
		if err != nil {
			t.Fatal(err)
		}
		h.write("out/x."+format, b)
		h.scan(Request{})
		if got := h.places("as " + format); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q\n%s", format, got, want, b)
		}
	}
	if _, err := WritePlaylist("doc", "", "", nil); err == nil {
		t.Error("an unknown format is written")
	}
}

func TestHostilePlaylists(t *testing.T) {
	h := playlistHouse(t)
	h.write("a.xspf", []byte(`<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><playlist><title>&b;</title><trackList><track><location>loose.mp3</location></track></trackList></playlist>`))
	h.write("b.xspf", []byte("no XML"))
	h.write("c.m3u8", []byte(strings.Repeat("loose.mp3\n", mostPlaylistLines+1)))
	h.write("d.pls", []byte("File99999999999999999999=x\nFile-1=loose.mp3\nFile=\n"+strings.Repeat("x", 1<<20)))
	h.write("e.m3u", []byte(strings.Repeat("y", mostLineBytes+1)+"\n\x00\x01\nloose.mp3\n"))
	h.write("f.m3u", nil)
	h.scan(Request{})
	if got := h.places("e"); len(got) == 0 || got[len(got)-1] != "loose.mp3" {
		t.Errorf("%q", got)
	}
	for _, name := range h.lists() {
		if name == "b" || name == "c" {
			t.Errorf("%q became a list", name)
		}
	}
}

func FuzzPlaylist(f *testing.F) {
	f.Add(0, []byte("#EXTM3U\n#EXTINF:1,A - B\nD:\\x\\y.mp3\nhttp://x/\nfile:///a%20b\n../../x#3\n"))
	f.Add(2, []byte("[playlist]\nFile1=a\nTitle1=b - c\nNumberOfEntries=1\n"))
	f.Add(3, []byte(`<?xml version="1.0" encoding="utf-8"?><playlist><title>t</title><trackList><track><location>a%20b</location><title>x</title></track></trackList></playlist>`))
	f.Fuzz(func(t *testing.T, format int, b []byte) {
		p, err := parsePlaylist(playlistSuffixes[uint(format)%4], b, true)
		if err != nil {
			return
		}
		for _, l := range p.lines {
			if parts, _ := l.parts(true); len(parts) > 0 && parts[0] == "" {
				t.Errorf("%q has an empty name", l.place)
			}
		}
	})
}

// TestLinesKeepTheirSongs changes a playlist's file after its songs have moved:
// the old names still mean them. A song that was purged leaves an open line,
// which the next one of that name fills though the file stays as it is.
func TestLinesKeepTheirSongs(t *testing.T) {
	h := playlistHouse(t)
	const a, b = "Other/Album/01 Intro.mp3", "loose.mp3"
	h.write("l.m3u8", []byte(a+"\n"+b+"\n"))
	h.scan(Request{})
	if got := h.places("l"); !slices.Equal(got, []string{a, b}) {
		t.Fatalf("the list is %q", got)
	}
	h.move(a, "Elsewhere/first.mp3")
	h.scan(Request{})
	h.write("l.m3u8", []byte(b+"\n"+a+"\n"+a+"\n"))
	h.scan(Request{})
	if got, want := h.places("l"), []string{b, "Elsewhere/first.mp3", "Elsewhere/first.mp3"}; !slices.Equal(got, want) {
		t.Errorf("after the file has changed the list is %q, want %q", got, want)
	}
	h.remove(b)
	h.scan(Request{AcceptMissing: true})
	if _, err := h.catalog.Purge(t.Context(), h.library, time.Now().Add(time.Hour).UnixMilli()); err != nil {
		t.Fatal(err)
	}
	if got, want := h.places("l"), []string{"[" + b + "]", "Elsewhere/first.mp3", "Elsewhere/first.mp3"}; !slices.Equal(got, want) {
		t.Errorf("after the purge the list is %q, want %q", got, want)
	}
	h.put("id3v22.mp3", b)
	h.scan(Request{})
	if got, want := h.places("l"), []string{b, "Elsewhere/first.mp3", "Elsewhere/first.mp3"}; !slices.Equal(got, want) {
		t.Errorf("when the song is back the list is %q, want %q", got, want)
	}
}

// TestPlaylistEncodings reads a list in Shift-JIS, whose names are found only
// where encodings may be guessed.
func TestPlaylistEncodings(t *testing.T) {
	for _, guess := range []bool{true, false} {
		h := newHouse(t, Options{GuessEncodings: guess, Playlists: Playlists{Import: true, Owner: "ana"}})
		const name = "さくら/やよいの空は.mp3"
		h.put("id3v24.mp3", name)
		h.write("l.m3u", []byte("\x82\xb3\x82\xad\x82\xe7/\x82\xe2\x82\xe6\x82\xa2\x82\xcc\x8b\xf3\x82\xcd.mp3\n"))
		run := h.scan(Request{})
		problems, err := h.catalog.Problems(t.Context(), run.Key)
		if err != nil {
			t.Fatal(err)
		}
		if open := slices.ContainsFunc(problems, func(p models.ScanProblem) bool { return p.Key == "l.m3u" }); open == guess {
			t.Errorf("guess %v: the line is open: %v", guess, open)
		}
	}
}
