// Package e2e starts the real program on real folders of music and speaks
// HTTP with it, as apps do. It knows the program by its command line, its
// files and its answers only, and imports none of its packages but those that
// make things for tests.
package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// scratch holds all files of one run of the tests. Every user may enter it,
// since one test runs the program as another user.
var scratch string

// program is the program under test.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if scratch, err = os.MkdirTemp("", "songlocker-e2e-"); err != nil {
		panic(err)
	}
	defer os.RemoveAll(scratch)
	if err := os.Chmod(scratch, 0o755); err != nil {
		panic(err)
	}
	program = filepath.Join(scratch, "songlocker")
	cmd := exec.Command("go", "build", "-o", program, "github.com/songlocker/songlocker")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		panic(errors.New(string(out)))
	}
	return m.Run()
}

// folder makes a new folder below scratch, which goes with the test.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(scratch, "")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
