package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A scan beside a server that is told of the data folder alone scans what is
// there and takes nothing back that the server's configuration names. A purge
// while a library has an alarm is refused in words.
func TestScanWithTheDataFolderAlone(t *testing.T) {
	dir, data := filepath.Join(t.TempDir(), "music"), filepath.Join(t.TempDir(), "data")
	for _, file := range []string{"Artist/One/01 One.tak", "Artist/Two/01 Two.tak"} {
		file = filepath.Join(dir, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("known by its name"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := func(want int, args ...string) (string, string) {
		t.Helper()
		stdout, stderr, status := outcome(t, program(t, t.Context(), append(args, "--data", data)...))
		if status != want {
			t.Fatalf("%q ends with %d: %s%s", args, status, stdout, stderr)
		}
		return stdout, stderr
	}
	run(0, "scan", "--music", "Mine="+dir)
	stdout, stderr := run(0, "scan")
	if !strings.Contains(stdout, "Mine: requests to the store: 1, of them 1 for listings, 0 about single files, 0 for their content.") {
		t.Errorf("what an unchanged library cost: %s", stdout)
	}
	if !strings.Contains(stdout, "Mine: 2 files") || strings.Contains(stderr, "no longer names") {
		t.Errorf("a scan without --music: %s%s", stdout, stderr)
	}
	if _, stderr := run(0, "scan", "--music", "Mine="+dir); strings.Contains(stderr, "level=WARN") {
		t.Errorf("the next one with it: %s", stderr)
	}

	for _, gone := range []struct {
		folder string
		status int
	}{{"Artist/One", 0}, {"Artist", 1}} {
		if err := os.RemoveAll(filepath.Join(dir, filepath.FromSlash(gone.folder))); err != nil {
			t.Fatal(err)
		}
		run(gone.status, "scan")
	}
	purge := []string{"library", "purge", "Mine", "--older-than", "0d"}
	if stdout, _ := run(0, purge...); !strings.Contains(stdout, "Artist/One/01 One.tak") || !strings.Contains(stdout, "For good would go 1 songs and 1 albums") {
		t.Errorf("what a purge would do: %s", stdout)
	}
	purge = append(purge, "--yes")
	if _, stderr := run(1, purge...); strings.Contains(stderr, "conflict") || !strings.Contains(stderr, "has an alarm") || !strings.Contains(stderr, "accept that songs are missing") {
		t.Errorf("a purge during an alarm: %s", stderr)
	}
	if err := os.Rename(dir, dir+" away"); err != nil {
		t.Fatal(err)
	}
	if _, stderr := run(1, "scan"); !strings.Contains(stderr, "\nMine: The library can't be reached") || !strings.HasSuffix(stderr, "then scan again.\n") {
		t.Errorf("a scan of what is not there: %s", stderr)
	}
	if err := os.Rename(dir+" away", dir); err != nil {
		t.Fatal(err)
	}
	if stdout, _ := run(0, "scan", "--accept-missing"); !strings.Contains(stdout, "1 missing") {
		t.Errorf("an accepted loss: %s", stdout)
	}
	if stdout, _ := run(0, purge...); !strings.Contains(stdout, "For good are gone 2 songs and 2 albums") {
		t.Errorf("a purge: %s", stdout)
	}
}
