package scanner

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage/local"
)

// beside adds another library of this owner, which the user reads.
func (h *house) beside(name string, owner models.Key) *house {
	h.t.Helper()
	o := *h
	o.dir = filepath.Join(h.t.TempDir(), name)
	if err := os.Mkdir(o.dir, 0o755); err != nil {
		h.t.Fatal(err)
	}
	var err error
	if o.store, err = local.New(o.dir, local.Options{}); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { o.store.Close() })
	if o.library, err = h.catalog.AddLibrary(h.t.Context(), &models.Library{Name: name, Location: "file://" + o.dir, Kind: models.LibraryMusic, Owner: owner}); err != nil {
		h.t.Fatal(err)
	}
	u, err := h.catalog.UserByName(h.t.Context(), "ana")
	if err != nil {
		h.t.Fatal(err)
	}
	h.view = h.catalog.Viewer(u)
	o.view = h.view
	return &o
}

// A song moves from one library to another of the same owner: it keeps its
// row, whichever library is scanned first. To one of another owner it goes as
// a new song.
func TestMoveBetweenLibraries(t *testing.T) {
	for _, x := range []struct {
		name             string
		newFirst, strang bool
	}{
		{"the old one is scanned first", false, false},
		{"the new one is scanned first", true, false},
		{"of another owner", false, true},
		{"of another owner, the new one first", true, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := newHouse(t, Options{})
			var owner models.Key
			if x.strang {
				owner = h.view.User
			}
			o := h.beside("Other", owner)
			tags := []string{"TIT2", "One", "TALB", "X", "TPE1", "A"}
			h.sound("A/X/1.mp3", 1, 40, tags...)
			h.sound("A/X/2.mp3", 2, 40, "TIT2", "Two", "TALB", "X", "TPE1", "A")
			o.sound("B/other.mp3", 3, 40, "TIT2", "Three")
			h.scan(Request{})
			o.scan(Request{})
			before := h.keys()["A/X/1.mp3"]
			was := h.songs()["A/X/1.mp3"]
			h.star(models.ID{Kind: models.KindSong, Key: before})
			list, err := h.catalog.CreatePlaylist(t.Context(), h.view, "list", []models.Key{before})
			if err != nil {
				t.Fatal(err)
			}
			h.remove("A/X/1.mp3")
			o.sound("C/X/uno.mp3", 1, 40, tags...)
			copied := models.Key(0)
			if x.newFirst {
				o.scan(Request{})
				copied = o.keys()["C/X/uno.mp3"]
				if copied == before || copied == 0 {
					t.Fatalf("while the old one is there, the new one is %s", copied)
				}
				if err := h.catalog.Rate(t.Context(), h.view, models.ID{Kind: models.KindSong, Key: copied}, 4); err != nil {
					t.Fatal(err)
				}
				if _, err := h.catalog.Scrobble(t.Context(), h.view, []models.Play{{User: h.view.User, Song: copied, At: 1700000000000, Player: "p"}}); err != nil {
					t.Fatal(err)
				}
			}
			run := h.scan(Request{})
			o.scan(Request{})
			is := o.songs()["C/X/uno.mp3"]
			if x.strang {
				if is.Key == before || is.User.StarredAt != 0 {
					t.Errorf("a row went to another owner: %+v", is)
				}
				return
			}
			if is == nil || is.Key != before || is.Library != o.library || is.User.StarredAt == 0 || is.Created != was.Created {
				t.Fatalf("%+v, was %+v", is, was)
			}
			if _, l, err := h.catalog.Playlist(t.Context(), h.view, list); err != nil || len(l) != 1 || l[0].Key != before {
				t.Errorf("playlist %v %v", l, err)
			}
			albums := map[int]int{}
			for _, a := range h.albums() {
				albums[a.Library] += a.Songs
			}
			if albums[h.library] != 1 || albums[o.library] != 2 {
				t.Errorf("songs of the albums by library: %v", albums)
			}
			if x.newFirst {
				if run.Moved != 1 || run.Missing != 0 {
					t.Errorf("%+v", run)
				}
				s, err := h.catalog.Song(t.Context(), h.view, copied)
				if err != nil || s.Key != before || s.User.Rating != 4 || s.User.PlayCount != 1 {
					t.Errorf("by its other id: %+v %v", s, err)
				}
				h.star(models.ID{Kind: models.KindSong, Key: copied})
				if _, err := h.catalog.Scrobble(t.Context(), h.view, []models.Play{{User: h.view.User, Song: copied, At: 1700000001000, Player: "p"}}); err != nil {
					t.Error(err)
				}
				if s, _ = h.catalog.Song(t.Context(), h.view, before); s.User.PlayCount != 2 {
					t.Errorf("%d plays", s.User.PlayCount)
				}
			}
			for _, l := range []*house{h, o} {
				if run := l.scan(Request{}); run.Read+run.Added+run.Missing+run.Moved != 0 {
					t.Errorf("the scan after it: %+v", run)
				}
			}
		})
	}
}

// A copy that both libraries had stays a copy when one of them loses it.
func TestCopiesStayCopies(t *testing.T) {
	h := newHouse(t, Options{})
	o := h.beside("Other", 0)
	h.sound("A/X/1.mp3", 1, 40, "TIT2", "One", "TALB", "X", "TPE1", "A")
	h.sound("A/X/2.mp3", 2, 40, "TIT2", "Two", "TALB", "X", "TPE1", "A")
	o.sound("B/X/1.mp3", 1, 40, "TIT2", "One", "TALB", "X", "TPE1", "A")
	o.scan(Request{})
	h.scan(Request{})
	before := o.keys()["B/X/1.mp3"]
	h.remove("A/X/1.mp3")
	if run := h.scan(Request{}); run.Missing != 1 || run.Moved != 0 {
		t.Errorf("%+v", run)
	}
	if got := o.keys()["B/X/1.mp3"]; got != before {
		t.Errorf("the copy was %s and is %s", before, got)
	}
}
