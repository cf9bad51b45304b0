package scanner

import (
	"fmt"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/storage/mem"
)

func TestExplain(t *testing.T) {
	h := newHouse(t, Options{})
	h.mp3("A/X/CD1/1.mp3", "TALB", "X", "TPE1", "A", "TPE2", "A", "TRCK", "1", "TYER", "1990")
	h.mp3("A/X/CD2/2.mp3", "TALB", "X (Disc 2)", "TPE1", "B", "TRCK", "1", "TYER", "1991")
	h.mp3("A/X copy/3.mp3", "TALB", "X", "TPE1", "A", "TPE2", "A", "TRCK", "1")
	h.mp3("A/X/CD1/4.mp3", "TALB", "Other", "TPE1", "A", "TPE2", "A", "TRCK", "1")
	h.scan(Request{})
	var text string
	for _, a := range h.albums() {
		w, err := Explain(t.Context(), h.catalog, h.view, a.Key)
		if err != nil {
			t.Fatal(err)
		}
		if len(w.Songs) == 2 {
			text = w.Text()
		}
	}
	for _, want := range []string{
		"X by A, 2 songs (al-",
		"Here because without a release id, the album's name and album artist decide; other folders hold the same tracks, so each is an album of its own:",
		"album artist  A (the other songs of the folder)",
		"folder        A/X/CD2 (a disc of A/X)",
		"disc          2 (the names of file and folder)",
		"year          1990 (1), 1991 (1)",
		"album artist  none (1), A (1)",
		"Other by A (al-",
		"in the same folder: another album name",
		"of the same name: both folders hold the same tracks, so each is a copy of its own",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	// Who may not read the library is told nothing.
	v := h.view
	v.Libraries = nil
	if _, err := Explain(t.Context(), h.catalog, v, h.albums()[0].Key); err == nil {
		t.Error("an album was explained to one who may not read it")
	}
	if _, err := h.catalog.SongByPath(t.Context(), v, h.library, "A/X/CD1/1.mp3"); err == nil {
		t.Error("a song was found by one who may not read it")
	}
	if s, err := h.catalog.SongByPath(t.Context(), h.view, h.library, "A/X/CD1/1.mp3"); err != nil || s.ObjectKey != "A/X/CD1/1.mp3" {
		t.Errorf("%v %v", s, err)
	}
}

func TestGuests(t *testing.T) {
	for name, want := range map[string]string{
		"A feat. B":               "A|B",
		"A Feat. B ft. C":         "A|B|C",
		"A (feat. B)":             "A|B",
		"A [ft. B & C]":           "A|B & C",
		"A featuring B (Remixer)": "A|B (Remixer)",
		"Little Feat":             "Little Feat",
		"Little Feat Live":        "Little Feat Live",
		"A feat B":                "A|B",
		"feat. B":                 "feat. B",
		"Lift. Off":               "Lift. Off",
		"A & B":                   "A & B",
		"AC/DC":                   "AC/DC",
	} {
		if got := strings.Join(guests(name), "|"); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestCutDisc(t *testing.T) {
	for name, want := range map[string]struct {
		name string
		disc int
	}{
		"Album (Disc 2)":        {"Album", 2},
		"Album CD2":             {"Album", 2},
		"Album [Disc 1]":        {"Album", 1},
		"Album - Disc Two":      {"Album", 2},
		"Album (CD 3: Night)":   {"Album", 3},
		"Album, Disc 1 of 2":    {"Album", 1},
		"Album (Bonus Disc)":    {"Album", 2},
		"Album_CD1":             {"Album", 1},
		"Best Vol. 2":           {"Best Vol. 2", 0},
		"ABCD2":                 {"ABCD2", 0},
		"Disc 2":                {"Disc 2", 0},
		"Disco 2":               {"Disco 2", 0},
		"The Compact Disc":      {"The Compact Disc", 0},
		"1999":                  {"1999", 0},
		"(Disc 1)":              {"(Disc 1)", 0},
		"Album (Deluxe Disc)":   {"Album (Deluxe Disc)", 0},
		"":                      {"", 0},
		"Now That's Music CD 1": {"Now That's Music", 1},
	} {
		if got, n := cutDisc(name); got != want.name || n != want.disc {
			t.Errorf("%q: %q and disc %d, want %q and %d", name, got, n, want.name, want.disc)
		}
	}
}

// What a file's own tags say is never replaced by a name.
func TestOnlyWhatIsMissingIsFilled(t *testing.T) {
	s := &models.Song{ObjectKey: "Artist/1999 - Album/2-05 Name.mp3"}
	s.Title, s.Artist, s.Tags.Album, s.Track, s.Disc, s.Date.Year = "Title", "Singer", "Record", 7, 3, 2005
	if changed := nameSongs("Artist/1999 - Album", []*models.Song{s}); len(changed) != 0 || s.Unsaid != models.UnsaidDiscTitle {
		t.Errorf("%+v", s)
	}
	// What stood in for a tag goes with it.
	s = &models.Song{ObjectKey: "Artist/1999 - Album/2-05 Name.mp3"}
	nameSongs("Artist/1999 - Album", []*models.Song{s})
	if s.Title != "Name" || s.Artist != "Artist" || s.Track != 5 || s.Disc != 2 || s.Date.Year != 1999 || s.Tags.Album != "" {
		t.Errorf("%+v", s)
	}
	s.ObjectKey = "Other/Album/06 Word.mp3"
	nameSongs("Other/Album", []*models.Song{s})
	if s.Title != "Word" || s.Artist != "Other" || s.Track != 6 || s.Disc != 0 || s.Date.Year != 0 {
		t.Errorf("%+v", s)
	}
}

// A unit larger than what is grouped at once is grouped as a whole at the end
// of the scan, whichever part its evidence was in.
func TestLargeUnitIsGroupedAsAWhole(t *testing.T) {
	h := newHouse(t, Options{})
	const many = manySongs + 700
	files := map[string]string{}
	for i := range many {
		files[pathOf(i)] = "known by its name"
	}
	h.store = memStore(files)
	h.scan(Request{})
	albums := h.albums()
	if len(albums) != 1 || albums[0].Songs != many || albums[0].Artist != "Artist" {
		t.Fatalf("%d albums, the first %+v", len(albums), albums[0])
	}
	// One song makes the numbers of all those before it no discs.
	files["Artist/Big/0999 x.tak"] = "x"
	h.store = memStore(files)
	h.scan(Request{})
	if albums = h.albums(); len(albums) != 1 || albums[0].Songs != many+1 {
		t.Fatalf("%d albums, the first %+v", len(albums), albums[0])
	}
}

func pathOf(i int) string { return fmt.Sprintf("Artist/Big/%04d x.tak", i+1000) }

func memStore(files map[string]string) *mem.Store { return mem.New(files) }
