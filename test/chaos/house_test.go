// Package chaos holds scans to two promises over whole libraries: the same
// files give the same catalog, however it came about, and whatever happens to
// files, disks and the program between and during scans, nobody loses a star,
// a play or a place in a playlist. It uses the catalog and the scanner as the
// server does, and the program itself where one must be killed.
package chaos

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/storage"
)

// postgres is the database for tests on PostgreSQL, "" for none. It is read
// by each test, so that go test knows that the result depends on it.
func postgres() string { return os.Getenv("SONGLOCKER_TEST_POSTGRES") }

// engines are the databases at hand.
func engines() []string {
	if postgres() == "" {
		return []string{"sqlite"}
	}
	return []string{"sqlite", "postgres"}
}

// place is where a new catalog on this engine can be; it goes with the test.
func place(t *testing.T, engine string) string {
	t.Helper()
	if engine == "sqlite" {
		return "sqlite:" + filepath.Join(t.TempDir(), "songlocker.db")
	}
	name := "chaos_" + models.NewKey().String()
	psql := func(sql string) {
		t.Helper()
		if out, err := exec.Command("psql", "--quiet", "--no-psqlrc", "-c", sql, postgres()).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", sql, err, out)
		}
	}
	psql("CREATE SCHEMA " + name)
	t.Cleanup(func() { psql("SET client_min_messages = warning; DROP SCHEMA " + name + " CASCADE") })
	u, err := url.Parse(postgres())
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// house is a catalog with one library.
type house struct {
	t       testing.TB
	at      string // where the catalog is
	catalog *catalog.Catalog
	library int
	options scanner.Options
}

// build makes a house whose library lies at a location that is only a name.
func build(t *testing.T, engine, location string, o scanner.Options) *house {
	t.Helper()
	h := &house{t: t, at: place(t, engine), options: o}
	h.open()
	t.Cleanup(h.close)
	var err error
	h.library, err = h.catalog.AddLibrary(t.Context(), &models.Library{Name: "Music", Location: location, Kind: models.LibraryMusic})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *house) open() {
	h.t.Helper()
	var err error
	if h.catalog, err = catalog.Open(context.Background(), catalog.Options{Location: h.at}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) close() {
	if err := h.catalog.Close(); err != nil {
		h.t.Error(err)
	}
}

// user makes a user who reads everything and returns the view of it.
func (h *house) user(name string) catalog.Viewer {
	h.t.Helper()
	err := h.catalog.CreateUser(context.Background(), &models.User{Name: name, AllLibraries: true}, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.viewer(name)
}

func (h *house) viewer(name string) catalog.Viewer {
	h.t.Helper()
	u, err := h.catalog.UserByName(context.Background(), name)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.catalog.Viewer(u)
}

// scan runs one scan as r says, of this house's library.
func (h *house) scan(ctx context.Context, store storage.Store, r scanner.Request) (*models.ScanRun, error) {
	h.t.Helper()
	l, err := h.catalog.Library(context.Background(), h.library)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Library, r.Store = l, store
	return scanner.New(h.catalog, h.options).Scan(ctx, r)
}

// done is scan for one that must succeed.
func (h *house) done(store storage.Store, r scanner.Request) *models.ScanRun {
	h.t.Helper()
	run, err := h.scan(context.Background(), store, r)
	if err != nil {
		h.t.Fatalf("%v: %+v", err, run)
	}
	return run
}

// dump returns the lines of the canonical dump.
func (h *house) dump() []string {
	h.t.Helper()
	var b strings.Builder
	if err := h.catalog.Dump(context.Background(), &b); err != nil {
		h.t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// differences returns what only one of two dumps has, a few lines of each.
func differences(was, is []string) string {
	var out []string
	for _, side := range []struct {
		sign      string
		one, this []string
	}{{"-", is, was}, {"+", was, is}} {
		n := 0
		for _, l := range side.this {
			if _, ok := slices.BinarySearch(side.one, l); !ok {
				if n++; n <= 6 {
					out = append(out, side.sign+" "+l[:min(len(l), 300)])
				}
			}
		}
		if n > 6 {
			out = append(out, side.sign+" ...")
		}
	}
	if len(out) == 0 && len(was) != len(is) {
		return "one has equal lines more than once"
	}
	return strings.Join(out, "\n")
}
