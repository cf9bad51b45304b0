package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A library is copied and moves: by the command, and by the configuration that
// names another place for it.
//
//	music/Ann/One/01 One.flac, 02 Two.flac -> copy/deep/Ann/One/..., again/X/...
func TestLibraryMove(t *testing.T) {
	root, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
	write := func(place string, names ...string) string {
		t.Helper()
		for _, name := range names {
			file := filepath.Join(root, place, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte("known by its name "+filepath.Base(name)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return filepath.Join(root, place)
	}
	run := func(want int, args ...string) (string, string) {
		t.Helper()
		stdout, stderr, status := outcome(t, program(t, t.Context(), append(args, "--data", data)...))
		if status != want {
			t.Fatalf("%q ends with %d: %s%s", args, status, stdout, stderr)
		}
		return stdout, stderr
	}
	has := func(text string, parts ...string) {
		t.Helper()
		for _, p := range parts {
			if !strings.Contains(text, p) {
				t.Errorf("no %q in\n%s", p, text)
			}
		}
	}
	music := write("music", "Ann/One/01 One.tak", "Ann/One/02 Two.tak")
	run(0, "library", "add", "Mine", music)
	run(0, "scan")
	copied := write("copy/deep", "Ann/One/01 One.tak", "Ann/One/02 Two.tak", "New.tak")
	copied = filepath.Dir(copied)

	_, stderr := run(1, "library", "move", "Mine", filepath.Join(root, "nowhere"))
	has(stderr, "can't be listed")
	empty := write("empty", "notes.pdf")
	_, stderr = run(1, "library", "move", "Mine", empty)
	has(stderr, "has no music", "copy the library there first")
	other := write("other", "Zoe.tak")
	stdout, stderr := run(1, "library", "move", "Mine", other, "--dry-run")
	has(stdout, "0 of 2 songs", "Ann/One/01 One.tak", "Zoe.tak")
	has(stderr, "It would be refused: only 0 of 2 songs")
	stdout, _ = run(0, "library", "move", "Mine", copied, "--dry-run")
	has(stdout, "2 of 2 songs", `which begin with "deep/" in place of ""`, "1 files of the new place are no known songs", "Nothing was changed")
	stdout, _ = run(0, "library", "list")
	has(stdout, "file://"+music)
	stdout, _ = run(0, "library", "move", "Mine", copied)
	has(stdout, "Mine is at file://"+copied+" now.", "1 added, 0 changed, 0 moved, 0 returned, 0 missing")
	_, stderr = run(1, "library", "move", "Mine", copied)
	has(stderr, "is at file://"+copied+" already")

	// The configuration says another place for the same name, which is empty at
	// first.
	again := filepath.Join(root, "again")
	if err := os.Mkdir(again, 0o755); err != nil {
		t.Fatal(err)
	}
	_, stderr = run(1, "scan", "--music", "Mine="+again)
	has(stderr, "The library is empty but had 3 songs, so nothing was marked missing")
	write("again/X", "Ann/One/01 One.tak", "Ann/One/02 Two.tak", "New.tak")
	stdout, _ = run(0, "scan", "--music", "Mine="+again)
	has(stdout, "3 files", "0 added, 0 changed, 0 moved, 0 returned, 0 missing")
	stdout, _ = run(0, "library", "move", "Mine", copied)
	has(stdout, "The configuration names this library")
}
