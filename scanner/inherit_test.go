package scanner

import (
	"fmt"
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// A whole starred album and its starred artist get corrected names, and their
// folders are renamed, all at once: the ids of songs, album, artist and both
// folders stay, with their stars and dates. So it is however many transactions
// the songs take.
func TestCorrectedNamesKeepAll(t *testing.T) {
	for _, x := range []struct {
		name           string
		albums, songs  int
		rename, retake bool
	}{
		{"one album", 1, 3, true, false},
		{"names alone", 2, 3, false, false},
		{"an album of several transactions", 1, 1100, true, false},
		{"an artist of several transactions", 6, 110, true, false},
		{"several transactions, names alone", 6, 110, false, false},
		{"the right name was there already", 3, 3, true, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := newHouse(t, Options{})
			number := 0
			put := func(artist, album, folder string, track int) {
				number++
				h.sound(fmt.Sprintf("%s/%s/%04d.mp3", folder, album, track), number, 3,
					"TIT2", fmt.Sprintf("Song %d", track), "TALB", album, "TPE1", artist, "TPE2", artist, "TRCK", fmt.Sprint(track))
			}
			for a := range x.albums {
				for i := range x.songs {
					put("Abbba", fmt.Sprintf("Te Album %d", a), "Abbba", i+1)
				}
			}
			if x.retake {
				h.sound("Z/Single/1.mp3", 99999, 3, "TIT2", "Single", "TALB", "Single", "TPE1", "ABBA", "TPE2", "ABBA")
			}
			h.scan(Request{})
			before, songs, albums := h.keys(), h.songs(), h.albums()
			artist := h.artist("Abbba")
			folders, err := h.catalog.TopFolders(t.Context(), h.view)
			if err != nil {
				t.Fatal(err)
			}
			top := folders[slices.IndexFunc(folders, func(f *models.Folder) bool { return f.Name == "Abbba" })].Key
			h.star(models.ID{Kind: models.KindArtist, Key: artist.Key})
			h.star(models.ID{Kind: models.KindFolder, Key: top})
			album := songs["Abbba/Te Album 0/0001.mp3"].Album
			h.star(models.ID{Kind: models.KindAlbum, Key: album})
			h.star(models.ID{Kind: models.KindFolder, Key: songs["Abbba/Te Album 0/0001.mp3"].Folder})
			to := "Abbba"
			if x.rename {
				to = "ABBA"
				h.remove("Abbba")
			}
			number = 0
			name := "Te Album"
			if x.rename {
				name = "The Album"
			}
			for a := range x.albums {
				for i := range x.songs {
					number++
					h.sound(fmt.Sprintf("%s/%s %d/%04d.mp3", to, name, a, i+1), number, 3,
						"TIT2", fmt.Sprintf("Song %d", i+1), "TALB", fmt.Sprintf("The Album %d", a), "TPE1", "ABBA", "TPE2", "ABBA", "TRCK", fmt.Sprint(i+1))
				}
			}
			if run := h.scan(Request{}); run.Added+run.Missing != 0 {
				t.Errorf("%+v", run)
			}
			now := h.songs()
			for a := range x.albums {
				for i := range x.songs {
					from, at := fmt.Sprintf("Abbba/Te Album %d/%04d.mp3", a, i+1), fmt.Sprintf("%s/%s %d/%04d.mp3", to, name, a, i+1)
					was, is := songs[from], now[at]
					if is == nil || is.Key != before[from] || is.Created != was.Created || is.Album != was.Album || is.Folder != was.Folder {
						t.Fatalf("%s: %+v, was %+v", at, is, was)
					}
				}
			}
			if got := h.albums(); len(got) != len(albums) {
				t.Errorf("%d albums became %d", len(albums), len(got))
			}
			a, err := h.catalog.Album(t.Context(), h.view, album)
			if err != nil || a.Name != "The Album 0" || a.User.StarredAt == 0 || a.Songs != x.songs {
				t.Errorf("album %+v %v", a, err)
			}
			is := h.artist("ABBA")
			if is == nil || is.Key != artist.Key || is.User.StarredAt == 0 || is.Albums != x.albums+len(albums)-x.albums {
				t.Errorf("artist %+v, was %+v", is, artist)
			}
			if h.artist("Abbba") != nil {
				t.Error("the old name is still there")
			}
			f, err := h.catalog.Folder(t.Context(), h.view, top)
			if err != nil || f.Name != to || f.User.StarredAt == 0 {
				t.Errorf("folder %+v %v", f, err)
			}
			f, err = h.catalog.Folder(t.Context(), h.view, songs["Abbba/Te Album 0/0001.mp3"].Folder)
			if err != nil || f.Name != name+" 0" || f.User.StarredAt == 0 || f.Parent != top {
				t.Errorf("folder %+v %v", f, err)
			}
		})
	}
}

// artist returns the artist of this name, or nil.
func (h *house) artist(name string) *models.Artist {
	h.t.Helper()
	list, err := h.catalog.Artists(h.t.Context(), h.view)
	if err != nil {
		h.t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(a *models.Artist) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	a, err := h.catalog.Artist(h.t.Context(), h.view, list[i].Key)
	if err != nil {
		h.t.Fatal(err)
	}
	return a
}

// Artists stay two where not all songs went over, where the songs are others,
// and where MusicBrainz says so.
func TestArtistsStayTwo(t *testing.T) {
	const one, two = "00000001-0000-4000-8000-000000000000", "00000002-0000-4000-8000-000000000000"
	for _, x := range []struct {
		name   string
		change func(h *house)
	}{
		{"one of two songs", func(h *house) {
			h.sound("A/1.mp3", 1, 40, "TIT2", "One", "TPE1", "Bob", "TALB", "X")
		}},
		{"other sounds", func(h *house) {
			h.sound("A/1.mp3", 8, 90, "TIT2", "One", "TPE1", "Bob", "TALB", "X")
			h.sound("A/2.mp3", 9, 90, "TIT2", "Two", "TPE1", "Bob", "TALB", "X")
		}},
		{"ids", func(h *house) {
			h.sound("A/1.mp3", 1, 40, "TIT2", "One", "TPE1", "Bob", "TALB", "X", "TXXX:MusicBrainz Artist Id", two)
			h.sound("A/2.mp3", 2, 41, "TIT2", "Two", "TPE1", "Bob", "TALB", "X", "TXXX:MusicBrainz Artist Id", two)
		}},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := newHouse(t, Options{})
			ids := []string{}
			if x.name == "ids" {
				ids = []string{"TXXX:MusicBrainz Artist Id", one}
			}
			h.sound("A/1.mp3", 1, 40, append([]string{"TIT2", "One", "TPE1", "Ann", "TALB", "X"}, ids...)...)
			h.sound("A/2.mp3", 2, 41, append([]string{"TIT2", "Two", "TPE1", "Ann", "TALB", "X"}, ids...)...)
			h.sound("B/1.mp3", 3, 42, "TIT2", "Three", "TPE1", "Bob", "TALB", "Y")
			h.scan(Request{})
			ann, bob := h.songs()["A/1.mp3"].Credits[0].Artist, h.songs()["B/1.mp3"].Credits[0].Artist
			h.star(models.ID{Kind: models.KindArtist, Key: ann})
			x.change(h)
			h.scan(Request{})
			if got := h.artist("Bob"); got == nil || got.User.StarredAt != 0 {
				t.Errorf("Bob has Ann's star: %+v", got)
			}
			if got := h.songs()["B/1.mp3"].Credits[0].Artist; got != bob {
				t.Errorf("Bob was %s and is %s", bob, got)
			}
		})
	}
}

// Albums whose names are corrected so that one takes the name that another
// gives up, or two swap their names, stay albums of their own with their ids,
// whichever came first.
func TestAlbumsThatHandNamesOn(t *testing.T) {
	for _, c := range []struct {
		order []string
		next  map[string]string
	}{
		{[]string{"One", "Two"}, map[string]string{"One": "Two", "Two": "Three"}},
		{[]string{"Two", "One"}, map[string]string{"One": "Two", "Two": "Three"}},
		{[]string{"One", "Two"}, map[string]string{"One": "Two", "Two": "One"}},
		{[]string{"One", "Two", "Three"}, map[string]string{"One": "Two", "Two": "Three", "Three": "One"}},
		{[]string{"Two", "Three", "One"}, map[string]string{"One": "Two", "Two": "Three", "Three": "One"}},
	} {
		order, next := c.order, c.next
		h := newHouse(t, Options{})
		put := func(folder, name string) {
			for i := range 3 {
				h.sound(fmt.Sprintf("%s/%d.mp3", folder, i), len(folder)*100+int(folder[0])*10+i, 3+i,
					"TIT2", fmt.Sprintf("%s %d", folder, i), "TALB", name, "TPE1", "A", "TPE2", "A", "TRCK", fmt.Sprint(i+1))
			}
		}
		for _, name := range order {
			put(name, name)
			h.scan(Request{})
		}
		before := map[string]models.Key{}
		for _, name := range order {
			before[name] = h.songs()[name+"/0.mp3"].Album
		}
		for _, name := range order {
			put(name, next[name])
		}
		h.scan(Request{})
		for _, name := range order {
			for i := range 3 {
				s := h.songs()[fmt.Sprintf("%s/%d.mp3", name, i)]
				if s.Album != before[name] || s.AlbumName != next[name] {
					t.Errorf("%v: %s is on %s %q and was on %s", order, s.Title, s.Album, s.AlbumName, before[name])
				}
			}
		}
	}
}
