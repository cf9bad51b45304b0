package scanner

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage/mem"
)

// image makes a WAVE file of so many seconds, 8 kHz, mono, of a sound of its
// own.
func image(seconds int, seed byte) []byte {
	sound := make([]byte, seconds*16000)
	for i := range sound {
		sound[i] = byte(i*7) ^ byte(i>>8)*seed
	}
	h := append([]byte("RIFF"), 0, 0, 0, 0)
	h = append(h, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data"...)
	h = binary.LittleEndian.AppendUint32(h, uint32(len(sound)))
	h = append(h, sound...)
	binary.LittleEndian.PutUint32(h[4:], uint32(len(h)-8))
	return h
}

// cueSheet makes a sheet: for each track a title and the second at which it
// begins.
func cueSheet(file string, tracks ...any) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "PERFORMER \"Ann\"\nTITLE \"Blue\"\nREM DATE 1999\nREM GENRE Jazz\nFILE \"%s\" WAVE\n", file)
	for i := 0; i < len(tracks); i += 2 {
		fmt.Fprintf(&b, "  TRACK %02d AUDIO\n    TITLE \"%s\"\n    INDEX 01 00:%02d:00\n", i/2+1, tracks[i], tracks[i+1])
	}
	return []byte(b.String())
}

// titles returns the songs that the user sees, by title.
func (h *house) titles() map[string]*models.Song {
	h.t.Helper()
	list, err := h.catalog.RandomSongs(h.t.Context(), h.view, catalog.SongList{Size: 10000})
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]*models.Song{}
	for _, s := range list {
		if out[s.Title] != nil {
			h.t.Errorf("two songs are called %q", s.Title)
		}
		out[s.Title] = s
	}
	return out
}

// has checks the titles that the user sees.
func (h *house) has(want ...string) map[string]*models.Song {
	h.t.Helper()
	songs := h.titles()
	var got []string
	for title := range songs {
		got = append(got, title)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		h.t.Fatalf("the songs are %q, want %q", got, want)
	}
	return songs
}

func TestPartsAreSongs(t *testing.T) {
	h := newHouse(t, Options{})
	h.write("Ann/Blue/image.wav", image(9, 3))
	h.write("Ann/Blue/image.cue", cueSheet("IMAGE.WAV", "One", 0, "Two", 3, "Three", 7))
	h.write("Ann/Blue/image.lrc", []byte("[00:01.00]la"))
	run := h.scan(Request{})
	if run.Listed != 1 || run.Read != 1 || run.Added != 3 || run.Failed != 0 {
		t.Errorf("%+v", run)
	}
	songs := h.has("One", "Two", "Three")
	two := songs["Two"]
	if two.Part != 2 || two.Start != 3000 || two.Properties.Duration != 4000 || two.Size != 44+4*16000 || two.Track != 2 || two.TrackOf != 3 || two.Artist != "Ann" ||
		two.AlbumName != "Blue" || two.Date.Year != 1999 || two.ObjectKey != "Ann/Blue/image.wav" || two.ContentType != "audio/wav" || two.BitRate != 128 {
		t.Errorf("%+v", two)
	}
	if a := h.albums(); len(a) != 1 || a[0].Songs != 3 || a[0].Duration != 9000 {
		t.Errorf("%+v", a[0])
	}
	cut, err := h.catalog.Cut(t.Context(), two.Key)
	if err != nil || cut.Size != two.Size || cut.From != 44+3*16000 || cut.Object != int64(len(image(9, 3))) {
		t.Errorf("%+v %v", cut, err)
	}
	version := h.catalog.Version()
	if run := h.scan(Request{}); run.Read != 0 || run.Requests != 1 || h.catalog.Version() != version {
		t.Errorf("an unchanged object with its sheet was read: %+v", run)
	}
	run = h.scan(Request{Full: true})
	if run.Changed != 3 || run.Added != 0 {
		t.Errorf("a full scan: %+v", run)
	}
	for title, s := range h.has("One", "Two", "Three") {
		if s.Key != songs[title].Key || s.Created != songs[title].Created {
			t.Errorf("%s is another song", title)
		}
	}
}

// A song is whole, cut, cut otherwise, whole, and cut again: whoever it was
// before, it is again, with its star.
func TestSheetsComeAndGo(t *testing.T) {
	h := newHouse(t, Options{})
	h.write("Ann/Blue/image.wav", image(9, 3))
	h.scan(Request{})
	whole := h.has("image")["image"]
	h.star(models.ID{Kind: models.KindSong, Key: whole.Key})

	h.write("Ann/Blue/image.cue", cueSheet("image.wav", "One", 0, "Two", 3, "Three", 7))
	if run := h.scan(Request{}); run.Added != 3 || run.Missing != 0 {
		t.Errorf("a sheet came: %+v", run)
	}
	cut := h.has("One", "Two", "Three")
	for _, s := range cut {
		h.star(models.ID{Kind: models.KindSong, Key: s.Key})
	}

	h.write("Ann/Blue/image.cue", cueSheet("image.wav", "Zero", 0, "One", 1, "Two, corrected", 3, "Three", 7, "Four", 8))
	if run := h.scan(Request{}); run.Added != 2 || run.Changed != 3 || run.Missing != 0 {
		t.Errorf("the sheet was edited: %+v", run)
	}
	edited := h.has("Zero", "One", "Two, corrected", "Three", "Four")
	for was, is := range map[string]string{"One": "One", "Two": "Two, corrected", "Three": "Three"} {
		if s := edited[is]; s.Key != cut[was].Key || s.User.StarredAt == 0 {
			t.Errorf("%s is another song: %+v", is, s)
		}
	}

	h.write("Ann/Blue/image.cue", cueSheet("image.wav", "One", 0, "Two", 3))
	if run := h.scan(Request{}); run.Missing != 3 || run.Changed != 2 {
		t.Errorf("the sheet lost tracks: %+v", run)
	}
	if s := h.has("One", "Two"); s["Two"].Key != cut["Two"].Key || s["Two"].Properties.Duration != 6000 {
		t.Errorf("%+v", s["Two"])
	}

	h.remove("Ann/Blue/image.cue")
	if run := h.scan(Request{}); run.Missing != 2 || run.Changed != 1 {
		t.Errorf("the sheet is gone: %+v", run)
	}
	if s := h.has("image")["image"]; s.Key != whole.Key || s.User.StarredAt == 0 || s.Properties.Duration != 9000 {
		t.Errorf("the whole is another song: %+v", s)
	}
	if run := h.scan(Request{}); run.Read != 0 {
		t.Errorf("nothing changed: %+v", run)
	}

	h.write("Ann/Blue/image.cue", cueSheet("image.wav", "One", 0, "Two", 3, "Three", 7))
	h.scan(Request{})
	for title, s := range h.has("One", "Two", "Three") {
		if s.Key != cut[title].Key || s.User.StarredAt == 0 {
			t.Errorf("%s is another song: %+v", title, s)
		}
	}
}

// The object and its sheet move, vanish and return.
func TestPartsMoveWithTheirObject(t *testing.T) {
	h := newHouse(t, Options{})
	h.write("Ann/Blue/image.wav", image(9, 3))
	h.write("Ann/Blue/image.cue", cueSheet("image.wav", "One", 0, "Two", 3))
	h.write("Ann/Blue/other.wav", image(3, 9))
	h.scan(Request{})
	cut := h.has("One", "Two", "other")
	album := h.albums()[0].Key
	for _, s := range cut {
		h.star(models.ID{Kind: models.KindSong, Key: s.Key})
	}
	h.move("Ann/Blue/image.wav", "B/New/renamed.wav")
	h.remove("Ann/Blue/image.cue")
	h.write("B/New/renamed.cue", cueSheet("renamed.wav", "One", 0, "Two", 3))
	run := h.scan(Request{})
	if run.Moved != 2 || run.Added != 0 || run.Missing != 0 {
		t.Errorf("moved: %+v", run)
	}
	same := func() {
		t.Helper()
		for title, s := range h.has("One", "Two", "other") {
			if s.Key != cut[title].Key || s.User.StarredAt == 0 {
				t.Errorf("%s is another song: %+v", title, s)
			}
		}
	}
	same()
	if s := h.titles()["One"]; s.ObjectKey != "B/New/renamed.wav" || s.Album != cut["One"].Album {
		t.Errorf("album %v, was %v: %+v", s.Album, album, s)
	}
	aside := filepath.Join(t.TempDir(), "aside")
	if err := os.Rename(filepath.Join(h.dir, "B"), aside); err != nil {
		t.Fatal(err)
	}
	if run := h.scan(Request{}); run.Missing != 2 {
		t.Errorf("away: %+v", run)
	}
	h.has("other")
	version := h.catalog.Version()
	if run := h.scan(Request{}); run.Missing != 0 || h.catalog.Version() != version {
		t.Errorf("still away: %+v", run)
	}
	if err := os.Rename(aside, filepath.Join(h.dir, "B")); err != nil {
		t.Fatal(err)
	}
	if run := h.scan(Request{}); run.Returned != 2 || run.Read != 0 || run.Added != 0 {
		t.Errorf("back: %+v", run)
	}
	same()

	// A copy without a sheet is a song of its own.
	h.write("C/copy.wav", image(9, 3))
	if run := h.scan(Request{}); run.Added != 1 || run.Moved != 0 {
		t.Errorf("copied: %+v", run)
	}
	h.has("One", "Two", "other", "copy")
	h.remove("C")
	h.scan(Request{})
	same()

	// In place of the image comes another one.
	h.write("B/New/renamed.wav", image(8, 77))
	if run := h.scan(Request{}); run.Added != 0 || run.Changed != 2 || run.Missing != 0 {
		t.Errorf("replaced: %+v", run)
	}
	same()
	if s := h.titles()["Two"]; s.Properties.Duration != 5000 {
		t.Errorf("%+v", s)
	}
}

// Two images that swap their names take their parts along.
func TestSwappedImages(t *testing.T) {
	h := newHouse(t, Options{})
	h.write("A/a.wav", image(6, 3))
	h.write("A/b.wav", image(7, 5))
	h.write("A/a.cue", cueSheet("a.wav", "A1", 0, "A2", 3))
	h.write("A/b.cue", cueSheet("b.wav", "B1", 0, "B2", 3))
	h.scan(Request{})
	cut := h.has("A1", "A2", "B1", "B2")
	h.move("A/a.wav", "A/x.wav")
	h.move("A/b.wav", "A/a.wav")
	h.move("A/x.wav", "A/b.wav")
	h.write("A/a.cue", cueSheet("a.wav", "B1", 0, "B2", 3))
	h.write("A/b.cue", cueSheet("b.wav", "A1", 0, "A2", 3))
	if run := h.scan(Request{}); run.Added != 0 || run.Missing != 0 {
		t.Errorf("%+v", run)
	}
	for title, s := range h.has("A1", "A2", "B1", "B2") {
		if s.Key != cut[title].Key {
			t.Errorf("%s is another song", title)
		}
	}
	if run := h.scan(Request{}); run.Read != 0 || run.Missing != 0 {
		t.Errorf("%+v", run)
	}
	h.has("A1", "A2", "B1", "B2")
}

// Which objects a sheet cuts:
//
//	one/    disc1.flac? no: CD1.wav, CD2.wav with a sheet each
//	two/    one sheet names two images
//	three/  a sheet names a file for each track
//	four/   a sheet names a .wav, and there is an .aiff
//	five/   a sheet names nothing that is there, but has the image's name
func TestWhatSheetsCut(t *testing.T) {
	h := newHouse(t, Options{})
	h.write("one/CD1.wav", image(4, 1))
	h.write("one/CD2.wav", image(4, 2))
	h.write("one/CD1.cue", cueSheet("CD1.wav", "1a", 0, "1b", 2))
	h.write("one/CD2.cue", cueSheet("CD2.wav", "2a", 0, "2b", 2))

	h.write("two/x.wav", image(4, 3))
	h.write("two/y.wav", image(4, 4))
	h.write("two/all.cue", append(cueSheet("x.wav", "3a", 0, "3b", 2), "FILE y.wav WAVE\nTRACK 03 AUDIO\nTITLE 4a\nINDEX 01 00:00:00\nTRACK 04 AUDIO\nTITLE 4b\nINDEX 01 00:01:00\n"...))

	h.write("three/01 - 5a.wav", image(2, 5))
	h.write("three/02 - 5b.wav", image(2, 6))
	h.write("three/rip.cue", []byte("FILE \"01 - 5a.wav\" WAVE\nTRACK 01 AUDIO\nTITLE x\nINDEX 01 00:00:00\nFILE \"02 - 5b.wav\" WAVE\nTRACK 02 AUDIO\nTITLE y\nINDEX 01 00:00:00\n"))

	h.put("pcm.aiff", "four/image.aiff")
	h.write("four/image.cue", cueSheet("image.wav", "6a", 0, "6b", 2))

	h.write("five/album.wav", image(4, 7))
	h.write("five/album.cue", cueSheet("CDImage.ape", "7a", 0, "7b", 2))
	h.write("five/copy of album.cue", cueSheet("album.wav", "8a", 0, "8b", 2))
	run := h.scan(Request{})
	songs := h.titles()
	for _, title := range []string{"1a", "1b", "2a", "2b", "3a", "3b", "4a", "4b", "5a", "5b", "7a", "7b"} {
		if songs[title] == nil {
			t.Errorf("%s is no song", title)
		}
		delete(songs, title)
	}
	if len(songs) != 1 {
		t.Errorf("songs besides: %v", songs)
	}
	if s := h.titles()["2b"]; s.Disc != 2 || s.Track != 2 {
		t.Errorf("%+v", s)
	}
	if s := h.titles()["4b"]; s.Part != 2 || s.Track != 4 || s.ObjectKey != "two/y.wav" {
		t.Errorf("%+v", s)
	}
	problems, err := h.catalog.Problems(t.Context(), run.Key)
	if err != nil || len(problems) != 1 || problems[0].Key != "four/image.aiff" || !strings.Contains(problems[0].Reason, `the cue sheet "image.cue" is not followed, so the file stays one song`) {
		t.Errorf("%+v %v", problems, err)
	}
	if run := h.scan(Request{}); run.Read != 0 || run.Requests != 1 {
		t.Errorf("%+v", run)
	}
}

func TestBrokenSheetsAreTold(t *testing.T) {
	h := newHouse(t, Options{})
	h.write("A/late.wav", image(4, 1))
	h.write("A/late.cue", cueSheet("late.wav", "One", 0, "Two", 5))
	h.write("B/odd.wav", image(4, 2))
	h.write("B/odd.cue", cueSheet("odd.wav", "One", 2, "Two", 1))
	h.write("C/lost.wav", image(4, 3))
	h.write("C/sheet.cue", cueSheet("elsewhere.wav", "One", 0, "Two", 2))
	h.write("D/huge.wav", image(4, 4))
	h.write("D/huge.cue", []byte(strings.Repeat("REM x\n", 300_000)))
	run := h.scan(Request{})
	songs := h.has("late", "odd", "lost", "huge")
	problems, err := h.catalog.Problems(t.Context(), run.Key)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range problems {
		got[p.Key] = p.Reason
	}
	for key, reason := range map[string]string{
		"A/late.wav": "track 2 begins at 5s, where the sound has ended", "B/odd.cue": "track 2 does not begin after the one before it",
		"C/sheet.cue": "names a file that is not there: elsewhere.wav", "D/huge.cue": "1800000 bytes",
	} {
		if !strings.Contains(got[key], reason) {
			t.Errorf("%s: %q", key, got[key])
		}
	}
	if len(got) != 4 || run.Failed != 0 {
		t.Errorf("%v %+v", got, run)
	}
	chapters, err := h.catalog.Chapters(t.Context(), h.view, songs["late"].Key)
	if err != nil || len(chapters) != 1 || chapters[0].Title != "One" {
		t.Errorf("%+v %v", chapters, err)
	}
	if run := h.scan(Request{}); run.Read != 0 || run.Requests != 1 {
		t.Errorf("%+v", run)
	}
}

// A sheet that can't be read now stops no scan and changes nothing; when it can
// be read again it is followed.
func TestUnreadableSheetsChangeNothing(t *testing.T) {
	h := newHouse(t, Options{})
	store := mem.New(nil)
	h.store = store
	store.Put("A/image.wav", image(4, 1))
	store.Put("A/image.cue", cueSheet("image.wav", "One", 0, "Two", 2))
	h.scan(Request{})
	h.has("One", "Two")
	store.Put("A/image.cue", cueSheet("image.wav", "One", 0, "Zwei", 2))
	store.Put("B/image.wav", image(4, 2))
	store.Put("B/image.cue", cueSheet("image.wav", "Three", 0, "Four", 2))
	store.Put("C/song.wav", image(4, 3))
	store.SetFaults(mem.Faults{Open: map[string]error{"A/image.cue": syscall.EIO, "B/image.cue": syscall.EIO}})
	run := h.scan(Request{})
	if run.State != models.ScanDone || h.alarm() != "" {
		t.Errorf("%+v", run)
	}
	problems, err := h.catalog.Problems(t.Context(), run.Key)
	if err != nil || !slices.ContainsFunc(problems, func(p models.ScanProblem) bool {
		return p.Key == "B/image.cue" && strings.Contains(p.Reason, syscall.EIO.Error())
	}) {
		t.Errorf("%+v %v", problems, err)
	}
	h.has("One", "Two", "image", "song")
	store.SetFaults(mem.Faults{})
	h.scan(Request{})
	h.has("One", "Zwei", "Three", "Four", "song")
}

// However many songs vanish, an object and its parts go missing in one
// transaction, each song once.
func TestPartsGoWithTheirWhole(t *testing.T) {
	x := &scan{vanished: map[models.Key]string{}}
	x.sheets.gone = map[models.Key][]models.Key{}
	const n = 3*batch + 7
	for k := models.Key(1); k <= n; k++ {
		x.vanished[k] = "a"
	}
	// Their keys lie as far apart as can be, and one part has settled.
	for i := models.Key(1); i <= 20; i++ {
		x.sheets.gone[i*17] = []models.Key{n - i, n/2 + i}
	}
	delete(x.vanished, n-3)
	at := map[models.Key]int{}
	for i, part := range x.togetherGone() {
		if len(part) > batch+2 {
			t.Errorf("%d songs at once", len(part))
		}
		for _, k := range part {
			if at[k] != 0 {
				t.Errorf("song %d goes twice", k)
			}
			at[k] = i + 1
		}
	}
	if len(at) != n-1 || at[n-3] != 0 {
		t.Errorf("%d songs go missing", len(at))
	}
	for whole, parts := range x.sheets.gone {
		for _, k := range parts {
			if k != n-3 && at[k] != at[whole] {
				t.Errorf("part %d goes with %d, its whole with %d", k, at[k], at[whole])
			}
		}
	}
}

// A library that is removed and added again shows the parts of its objects, with
// their ids, as it did.
func TestPartsComeBackWithTheirLibrary(t *testing.T) {
	h := newHouse(t, Options{})
	h.write("A/image.wav", image(4, 1))
	h.write("A/image.cue", cueSheet("image.wav", "One", 0, "Two", 2))
	h.sound("B/1.mp3", 1, 40, "TIT2", "Here")
	h.scan(Request{})
	before := h.has("One", "Two", "Here")
	l, err := h.catalog.Library(t.Context(), h.library)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.catalog.RemoveLibrary(t.Context(), h.library); err != nil {
		t.Fatal(err)
	}
	if n, err := h.catalog.AddLibrary(t.Context(), &models.Library{Name: l.Name, Location: l.Location, Kind: l.Kind}); err != nil || n != h.library {
		t.Fatal(n, err)
	}
	if run := h.scan(Request{}); run.Returned != 3 || run.Read != 0 {
		t.Errorf("%+v", run)
	}
	for title, s := range h.has("One", "Two", "Here") {
		if s.Key != before[title].Key || s.Album != before[title].Album {
			t.Errorf("%s is %+v and was %+v", title, s, before[title])
		}
	}
}

// What is missing of an object that is cut are the songs that it showed; after
// its sheet went it is a song itself.
func TestMissingPartsAreCounted(t *testing.T) {
	for _, x := range []struct {
		name   string
		change func(h *house)
		want   int
	}{
		{"all", func(h *house) { h.remove("A") }, 2},
		{"the sheet first", func(h *house) {
			h.remove("A/image.cue")
			h.scan(Request{})
			time.Sleep(5 * time.Millisecond)
			h.remove("A")
		}, 3},
	} {
		h := newHouse(t, Options{})
		h.write("A/image.wav", image(4, 1))
		h.write("A/image.cue", cueSheet("image.wav", "One", 0, "Two", 2))
		h.sound("B/1.mp3", 1, 40, "TIT2", "Here")
		h.scan(Request{})
		x.change(h)
		h.scan(Request{})
		h.has("Here")
		before := time.Now().Add(time.Minute).UnixMilli()
		p, err := h.catalog.MayPurge(t.Context(), h.library, before)
		if err != nil || p.Songs != x.want {
			t.Errorf("%s: %+v %v", x.name, p, err)
		}
		if list, err := h.catalog.MissingSongs(t.Context(), h.library, before, 100, 0); err != nil || len(list) != x.want {
			t.Errorf("%s: %+v %v", x.name, list, err)
		}
		if _, lately, err := h.catalog.Losses(t.Context(), h.library); err != nil || lately != x.want {
			t.Errorf("%s: %d lately: %v", x.name, lately, err)
		}
		if _, err := h.catalog.Purge(t.Context(), h.library, before); err != nil {
			t.Fatal(err)
		}
		left := 0
		if err := h.catalog.Known(t.Context(), h.library, "", func(catalog.Known) error { left++; return nil }); err != nil || left != 1 {
			t.Errorf("%s: %d rows are left: %v", x.name, left, err)
		}
	}
}

// A part of the tree is listed, or the listing breaks off: sheets that are not
// in it are not gone.
func TestPartialListingsKeepParts(t *testing.T) {
	h := newHouse(t, Options{})
	h.write("A/CD1/image.wav", image(4, 1))
	h.write("A/CD1/image.cue", cueSheet("image.wav", "One", 0, "Two", 2))
	h.write("B/image.wav", image(4, 2))
	h.write("B/image.cue", cueSheet("image.wav", "Three", 0, "Four", 2))
	h.scan(Request{})
	h.has("One", "Two", "Three", "Four")
	if run := h.scan(Request{Prefixes: []string{"A/CD1/"}}); run.Read != 0 {
		t.Errorf("%+v", run)
	}
	h.remove("B")
	if run := h.scan(Request{Prefixes: []string{"A/CD1/"}}); run.Read != 0 || run.Missing != 0 {
		t.Errorf("%+v", run)
	}
	h.has("One", "Two", "Three", "Four")
	if run := h.scan(Request{Prefixes: []string{"B/"}}); run.Missing != 2 {
		t.Errorf("%+v", run)
	}
	h.has("One", "Two")
}

// Sheets in FLAC blocks and in tags cut as those beside do.
func TestSheetsWithin(t *testing.T) {
	h := newHouse(t, Options{})
	sheet := string(cueSheet("whatever.wav", "One", 0, "Two", 1))
	b, err := os.ReadFile("audio/testdata/reservoir.mp3")
	if err != nil {
		t.Fatal(err)
	}
	text := append([]byte("\x03CUESHEET\x00"), sheet...)
	frame := append([]byte("TXXX\x00\x00\x00\x00\x00\x00"), text...)
	binary.BigEndian.PutUint32(frame[4:], uint32(len(text)))
	n := len(frame)
	tagged := append([]byte{'I', 'D', '3', 3, 0, 0, 0, 0, byte(n >> 7), byte(n & 127)}, frame...)
	h.write("A/image.mp3", append(tagged, b...))
	run := h.scan(Request{})
	if problems, err := h.catalog.Problems(t.Context(), run.Key); err != nil || len(problems) > 0 {
		t.Errorf("%+v %v", problems, err)
	}
	songs := h.has("One", "Two")
	if s := songs["Two"]; s.Start < 960 || s.Start > 1040 || s.Album == 0 || s.AlbumName != "Blue" || s.Properties.Duration < 1900 {
		t.Errorf("%+v", s)
	}
	if run := h.scan(Request{}); run.Read != 0 {
		t.Errorf("%+v", run)
	}
	h.write("A/image.mp3", b)
	if run := h.scan(Request{}); run.Missing != 2 {
		t.Errorf("%+v", run)
	}
	h.has("image")
}

// What waits until all is read keeps its parts.
func TestHeldPartsKeepAll(t *testing.T) {
	part := cutPart{Number: 7, Tags: models.Tags{Title: "x\u0000y", Genres: []string{"a"}}}
	part.Cut = models.Cut{Kind: models.CutFLAC, Head: []byte{0, 0xff, 1}, From: 1, To: 2, Frame: 3, Frames: 4, Size: 5, Object: 6}
	part.Properties = models.Properties{ContentType: "audio/flac", Codec: "flac", Duration: 1, BitRate: 2, SampleRate: 3, BitDepth: 4, Channels: 5, Samples: 6, Delay: 7, Padding: 8}
	part.Start = 9
	u := &readUnit{unit: &unit{path: "a", folders: map[string]bool{"a": true}}, found: []found{{parts: []cutPart{part}}}}
	body, err := packUnits([]*readUnit{u})
	if err != nil {
		t.Fatal(err)
	}
	back, err := unpackUnits(body)
	if err != nil || !reflect.DeepEqual(back[0].found[0].parts, u.found[0].parts) {
		t.Errorf("%+v became %+v: %v", u.found[0].parts, back[0].found[0].parts, err)
	}
}

// TestImageReplacedByFiles splits an image into one file a track, in place and
// into another folder: each file is the song that the track was. When the image
// comes back beside them its tracks are songs of their own.
func TestImageReplacedByFiles(t *testing.T) {
	for _, folder := range []string{"Ann/Blue", "Split/Ann - Blue"} {
		h := newHouse(t, Options{})
		h.write("Ann/Blue/image.wav", image(9, 3))
		h.write("Ann/Blue/image.cue", cueSheet("image.wav", "One", 0, "Two", 3, "Three", 7))
		h.write("Bob/Other.wav", image(5, 9))
		h.scan(Request{})
		before := h.has("One", "Two", "Three", "Other")
		for _, s := range before {
			h.star(models.ID{Kind: models.KindSong, Key: s.Key})
		}
		h.move("Ann/Blue/image.wav", "../image.wav")
		h.move("Ann/Blue/image.cue", "../image.cue")
		for i, track := range []struct {
			title  string
			frames int
		}{{"One", 115}, {"Two", 153}, {"Three", 77}} {
			h.sound(fmt.Sprintf("%s/%d.mp3", folder, i+1), 50+i, track.frames,
				"TIT2", track.title, "TALB", "Blue", "TPE1", "Ann", "TRCK", fmt.Sprint(i+1))
		}
		h.scan(Request{})
		for title, s := range h.has("One", "Two", "Three", "Other") {
			if s.Key != before[title].Key || s.Album != before[title].Album || s.User.StarredAt == 0 || s.Part != 0 || s.Start != 0 {
				t.Errorf("%s: %s is %s of %s, part %d, starred at %d", folder, title, s.Key, s.Album, s.Part, s.User.StarredAt)
			}
		}
		h.move("../image.wav", "Again/image.wav")
		h.move("../image.cue", "Again/image.cue")
		if run := h.scan(Request{}); run.Added != 3 || run.Missing != 0 {
			t.Errorf("%s: the image is back: %+v", folder, run)
		}
		if run := h.scan(Request{}); run.Read != 0 {
			t.Errorf("%s: an unchanged library: %+v", folder, run)
		}
	}
}
