// Tests of the repository as a whole: who may import whom, and under which
// licences.
package main_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is what our own imports begin with.
const module = "github.com/songlocker/songlocker"

// floors lists every package from the ground up, relative to the module. A
// package imports only packages of floors below its own; those of the last
// floor but one, the rooms of the server's wiring, also import each other.
//
// A new package is added here: a service that nothing but the wiring needs to
// know stands with the services.
var floors = [][]string{
	{"models", "web"},
	{"storage"},
	{"storage/local", "storage/bucket", "storage/mem", "storage/rangecache", "storage/storagetest", "storage/storagetest/fakes3"},
	{"models/catalog"},
	{"subsonic/spec"},
	{"scanner/audio"},
	{"scanner"},
	{
		"server/artwork", "server/auth", "server/hooks", "server/jukebox", "server/locker", "server/lyrics", "server/podcast",
		"server/probe", "server/scans", "server/scrobble", "server/share", "server/usage",
	},
	{"subsonic"},
	{"subsonic/conformance"},
	{"server", "server/admin", "server/api", "server/cli", "server/config", "server/demo", "server/doctor", "server/manage", "server/session"},
	{"test/cloud", "test/music"},
	{".", "test/bench", "test/chaos", "test/e2e", "test/score"},
}

// wiring is the floor whose packages import each other.
const wiring = "server"

// owners lists who may import what, tests included. A path stands for itself
// and all below it.
var owners = []struct {
	paths    []string
	packages []string
}{
	{[]string{"gorm.io", "github.com/go-gormigrate"}, []string{"models/catalog"}},
	{[]string{"github.com/jackc", "modernc.org", "github.com/mattn/go-sqlite3"}, []string{"models/catalog"}},
	{[]string{"github.com/labstack/echo"}, append([]string{"subsonic", "test/bench"}, floors[floorOf(wiring)]...)},
	{[]string{"github.com/fsnotify"}, []string{"storage/local"}},
	{[]string{"github.com/danielgtaylor/huma"}, []string{"server/api"}},
	{[]string{"github.com/VictoriaMetrics"}, []string{"server"}},
	{[]string{"github.com/dhowden/tag"}, []string{"scanner/audio"}},
	{
		[]string{"gocloud.dev", "cloud.google.com", "github.com/aws", "github.com/Azure", "github.com/minio"},
		[]string{"storage/bucket"},
	},
}

// floorOf returns -1 for a package that has no floor.
func floorOf(pkg string) int {
	return slices.IndexFunc(floors, func(f []string) bool { return slices.Contains(f, pkg) })
}

// below tells whether path is base or lies below it.
func below(path, base string) bool {
	return path == base || strings.HasPrefix(path, base+"/")
}

// objection says in a sentence why pkg may not import what; "" if it may.
func objection(pkg, what string, test bool) string {
	for _, o := range owners {
		for _, p := range o.paths {
			if below(what, p) && !slices.Contains(o.packages, pkg) {
				return "only " + strings.Join(o.packages, ", ") + " may import it"
			}
		}
	}
	if !below(what, module) || test {
		// Tests may reach up for what they try a package with.
		return ""
	}
	target := strings.TrimPrefix(strings.TrimPrefix(what, module), "/")
	if target == "" {
		return "nobody imports the main package"
	}
	from, to := floorOf(pkg), floorOf(target)
	switch {
	case to < 0:
		return "it has no floor: add it to floors in floors_test.go"
	case to < from, to == from && from == floorOf(wiring):
		return ""
	}
	return "it stands on floor " + strconv.Itoa(to) + " and the importer on floor " + strconv.Itoa(from)
}

// eachImport calls f for every import of every Go file of the module, under
// whatever build tags.
func eachImport(t *testing.T, f func(pkg, what string, test bool)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			hidden := strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_")
			if name != "." && (hidden || d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == "bin") {
				return filepath.SkipDir
			}
			if _, err := os.Stat(filepath.Join(name, "go.mod")); name != "." && err == nil {
				return filepath.SkipDir // another module
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(name))
		f(pkg, "", strings.HasSuffix(name, "_test.go"))
		for _, i := range file.Imports {
			what, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			f(pkg, what, strings.HasSuffix(name, "_test.go"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFloors(t *testing.T) {
	told, files := map[string]bool{}, 0
	eachImport(t, func(pkg, what string, test bool) {
		if what == "" {
			files++
			if floorOf(pkg) < 0 && !told[pkg] {
				told[pkg] = true
				t.Errorf("package %s has no floor: add it to floors in floors_test.go, above all that it imports and below all that import it", pkg)
			}
			return
		}
		if why := objection(pkg, what, test); why != "" && floorOf(pkg) >= 0 {
			t.Errorf("package %s imports %s: %s", pkg, what, why)
		}
	})
	if files == 0 {
		t.Error("no Go file was found")
	}
}

func TestObjection(t *testing.T) {
	for _, c := range []struct {
		pkg, what string
		test, ok  bool
	}{
		{"scanner", module + "/storage", false, true},
		{"storage", module + "/scanner", false, false},
		{"storage", module + "/storage/mem", false, false},
		{"storage", module + "/storage/mem", true, true},
		{"server/auth", module + "/server/artwork", false, false},
		{"server/cli", module + "/server/config", false, true},
		{"subsonic", module + "/server/auth", false, true},
		{"server/auth", module + "/subsonic", false, false},
		{".", module + "/server", false, true},
		{"server", module, false, false},
		{"scanner", module + "/util", false, false},
		{"models/catalog", "gorm.io/gorm/clause", false, true},
		{"scanner", "gorm.io/gorm", true, false},
		{"subsonic", "github.com/labstack/echo/v4", false, true},
		{"server/cli", "github.com/labstack/echo/v4/middleware", false, true},
		{"server/auth", "github.com/labstack/echo/v4", false, false},
		{"storage/local", "gocloud.dev/blob", false, false},
		{"storage", "net/http", false, true},
	} {
		if why := objection(c.pkg, c.what, c.test); (why == "") != c.ok {
			t.Errorf("%s imports %s (test: %v): objection %q, allowed should be %v", c.pkg, c.what, c.test, why, c.ok)
		}
	}
}
