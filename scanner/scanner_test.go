package scanner

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage"
	"github.com/songlocker/songlocker/storage/local"
)

// house is a catalog with one library in a folder of its own.
type house struct {
	t       *testing.T
	dir     string
	catalog *catalog.Catalog
	store   storage.Store
	scanner *Scanner
	library int
	view    catalog.Viewer
}

func newHouse(t *testing.T, o Options) *house {
	t.Helper()
	h := &house{t: t, dir: filepath.Join(t.TempDir(), "music")}
	if err := os.Mkdir(h.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.catalog, err = catalog.Open(t.Context(), catalog.Options{Location: database(t)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.catalog.Close() })
	if h.store, err = local.New(h.dir, local.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.store.Close() })
	h.library, err = h.catalog.AddLibrary(t.Context(), &models.Library{Name: "Music", Location: "file://" + h.dir, Kind: models.LibraryMusic})
	if err != nil {
		t.Fatal(err)
	}
	u := &models.User{Name: "ana", AllLibraries: true}
	if err := h.catalog.CreateUser(t.Context(), u, nil); err != nil {
		t.Fatal(err)
	}
	u, err = h.catalog.UserByName(t.Context(), "ana")
	if err != nil {
		t.Fatal(err)
	}
	h.view = h.catalog.Viewer(u)
	h.scanner = New(h.catalog, o)
	return h
}

// database is where the catalog of a test lies: a schema of its own in the
// PostgreSQL server that SONGLOCKER_TEST_POSTGRES names, else a new file.
func database(t *testing.T) string {
	t.Helper()
	server := os.Getenv("SONGLOCKER_TEST_POSTGRES")
	if server == "" {
		return "sqlite:" + filepath.Join(t.TempDir(), "c.db")
	}
	name := "s_" + models.NewKey().String()
	psql := func(command string) {
		if out, err := exec.Command("psql", server, "-q", "-c", command).CombinedOutput(); err != nil {
			t.Fatalf("psql: %v: %s", err, out)
		}
	}
	psql("CREATE SCHEMA " + name)
	t.Cleanup(func() { psql("DROP SCHEMA " + name + " CASCADE") })
	sign := "?"
	if strings.Contains(server, "?") {
		sign = "&"
	}
	return server + sign + "search_path=" + name
}

// put copies a fixture of scanner/audio to a path in the library.
func (h *house) put(fixture, to string) {
	h.t.Helper()
	b, err := os.ReadFile(filepath.Join("audio", "testdata", fixture))
	if err != nil {
		h.t.Fatal(err)
	}
	h.write(to, b)
}

func (h *house) write(to string, b []byte) {
	h.t.Helper()
	p := filepath.Join(h.dir, to)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(p, b, 0o644); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) move(from, to string) {
	h.t.Helper()
	p := filepath.Join(h.dir, to)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(h.dir, from), p); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) scan(r Request) *models.ScanRun {
	h.t.Helper()
	run, err := h.tryScan(r)
	if err != nil {
		h.t.Fatal(err)
	}
	return run
}

func (h *house) tryScan(r Request) (*models.ScanRun, error) {
	h.t.Helper()
	l, err := h.catalog.Library(context.Background(), h.library)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Library, r.Store = l, h.store
	return h.scanner.Scan(context.Background(), r)
}

// songs returns all songs that the user sees, by object key.
func (h *house) songs() map[string]*models.Song {
	h.t.Helper()
	list, err := h.catalog.RandomSongs(context.Background(), h.view, catalog.SongList{Size: 10000})
	if err != nil {
		h.t.Fatal(err)
	}
	out := map[string]*models.Song{}
	for _, s := range list {
		out[s.ObjectKey] = s
	}
	return out
}

func (h *house) albums() []*models.Album {
	h.t.Helper()
	list, _, err := h.catalog.Albums(context.Background(), h.view, catalog.AlbumList{By: "alphabeticalByName", Size: 500})
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

func TestFirstScanAndUnchanged(t *testing.T) {
	h := newHouse(t, Options{})
	h.put("id3v24.mp3", "A/One/01 x.mp3")
	h.put("id3v23.mp3", "A/One/02 y.mp3")
	h.put("pcm.wav", "B/Two/03 - Zed.wav")
	h.write("B/Two/notes.pdf", []byte("no music"))
	run := h.scan(Request{})
	if run.Listed != 3 || run.Added != 3 || run.State != models.ScanDone {
		t.Fatalf("%+v", run)
	}
	before := h.songs()
	if len(before) != 3 {
		t.Fatalf("%d songs", len(before))
	}
	version := h.catalog.Version()
	run = h.scan(Request{})
	if run.Read != 0 || run.Requests != 1 || run.Added+run.Changed+run.Moved+run.Missing != 0 {
		t.Errorf("an unchanged library was read: %+v", run)
	}
	if v := h.catalog.Version(); v != version {
		t.Errorf("an unchanged library changed the catalog's version")
	}
	run = h.scan(Request{Full: true})
	if run.Read != 3 || run.Changed != 3 || run.Added != 0 {
		t.Errorf("full scan: %+v", run)
	}
	for k, s := range h.songs() {
		if s.Key != before[k].Key || s.Album != before[k].Album || s.Created != before[k].Created {
			t.Errorf("%s: a full scan changed its identity", k)
		}
	}
}

// Every format: moved, renamed and its tags replaced in one step keeps all.
func TestMoveRenameRetag(t *testing.T) {
	for _, name := range []string{"id3v24.mp3", "ape.mp3", "pcm.wav", "pcm.aiff", "sowt.aifc"} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, Options{})
			h.put(name, "Old/Album/01 x"+filepath.Ext(name))
			h.scan(Request{})
			var before *models.Song
			for _, s := range h.songs() {
				before = s
			}
			h.move("Old/Album/01 x"+filepath.Ext(name), "New/Other/07 y"+filepath.Ext(name))
			run := h.scan(Request{})
			if run.Moved != 1 || run.Added != 0 || run.Missing != 0 {
				t.Fatalf("%+v", run)
			}
			after := h.songs()["New/Other/07 y"+filepath.Ext(name)]
			if after == nil || after.Key != before.Key || after.Created != before.Created || after.Folder != before.Folder || after.Album != before.Album {
				t.Errorf("before %+v\nafter %+v", before, after)
			}
		})
	}
}

func TestMissingReturns(t *testing.T) {
	h := newHouse(t, Options{})
	h.put("id3v24.mp3", "A/One/01.mp3")
	h.put("id3v23.mp3", "A/Two/02.mp3")
	h.scan(Request{})
	before := h.songs()
	aside := filepath.Join(t.TempDir(), "aside.mp3")
	if err := os.Rename(filepath.Join(h.dir, "A/Two/02.mp3"), aside); err != nil {
		t.Fatal(err)
	}
	if run := h.scan(Request{}); run.Missing != 1 {
		t.Fatalf("%+v", run)
	}
	if got := h.songs(); len(got) != 1 {
		t.Fatalf("%d songs shown", len(got))
	}
	if err := os.Rename(aside, filepath.Join(h.dir, "A/Two/02.mp3")); err != nil {
		t.Fatal(err)
	}
	run := h.scan(Request{})
	if run.Returned != 1 || run.Read != 0 {
		t.Errorf("a song that returned unchanged was read: %+v", run)
	}
	for k, s := range h.songs() {
		if before[k].Key != s.Key {
			t.Errorf("%s came back as another song", k)
		}
	}
	if len(h.songs()) != 2 {
		t.Error("the song did not return")
	}
}

func TestEmptyRootChangesNothing(t *testing.T) {
	h := newHouse(t, Options{})
	h.put("id3v24.mp3", "A/One/01.mp3")
	h.scan(Request{})
	if err := os.Rename(filepath.Join(h.dir, "A"), filepath.Join(t.TempDir(), "A")); err != nil {
		t.Fatal(err)
	}
	run, err := h.tryScan(Request{})
	if err == nil || run.State != models.ScanFailed || !strings.Contains(run.Message, "accept") {
		t.Fatalf("%v %+v", err, run)
	}
	if len(h.songs()) != 1 {
		t.Error("songs vanished with their mount")
	}
	if l, _ := h.catalog.Library(t.Context(), h.library); l.Alarm == "" {
		t.Error("no alarm is raised")
	}
	run = h.scan(Request{AcceptMissing: true})
	if run.Missing != 1 || len(h.songs()) != 0 {
		t.Errorf("accepted: %+v", run)
	}
}

func TestBrokenFilesCostNobody(t *testing.T) {
	h := newHouse(t, Options{})
	h.put("id3v24.mp3", "A/One/01.mp3")
	h.write("A/One/02.mp3", nil)
	h.write("A/One/03.flac", []byte("no flac at all"))
	h.write("A/One/04.tak", []byte("a format without a reader"))
	h.write("A/One/05 - bad \xff name.mp3", []byte{0})
	run := h.scan(Request{})
	if run.Added != 2 || run.Failed != 3 {
		t.Fatalf("%+v", run)
	}
	problems, err := h.catalog.Problems(t.Context(), run.Key)
	if err != nil || len(problems) != 3 {
		t.Fatalf("%v %v", problems, err)
	}
	run = h.scan(Request{})
	if run.Read != 0 || run.Failed != 3 {
		t.Errorf("broken files were read again, or forgotten: %+v", run)
	}
	if !slices.ContainsFunc(h.albums(), func(a *models.Album) bool { return a.Songs >= 1 }) {
		t.Error("no album")
	}
}
