package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWhyCommand(t *testing.T) {
	dir, data := filepath.Join(t.TempDir(), "music"), filepath.Join(t.TempDir(), "data")
	file := filepath.Join(dir, "Artist", "Album", "01 One.tak")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("known by its name"), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (string, string, int) {
		t.Helper()
		return outcome(t, program(t, t.Context(), append(args, "--data", data, "--music", dir)...))
	}
	if _, stderr, status := run("scan"); status != 0 {
		t.Fatalf("scan: %d %s", status, stderr)
	}
	var id string
	for _, what := range []string{file, "Artist/Album/01 One.tak", "Artist/Album", filepath.Dir(file)} {
		out, stderr, status := run("why", what)
		if status != 0 || !strings.HasPrefix(out, "Album by Artist, 1 song (al-") || !strings.Contains(out, "without an album's name, the folder decides") {
			t.Errorf("why %s: %d %s%s", what, status, out, stderr)
			continue
		}
		_, rest, _ := strings.Cut(out, "(")
		id, _, _ = strings.Cut(rest, ")")
	}
	if out, stderr, status := run("why", id); status != 0 || !strings.HasPrefix(out, "Album by Artist") {
		t.Errorf("why %s: %d %s%s", id, status, out, stderr)
	}
	for _, what := range []string{"Artist", filepath.Dir(filepath.Dir(file))} {
		if out, stderr, status := run("why", what); status != 0 || strings.Count(out, " by Artist, 1 song (al-") != 1 {
			t.Errorf("why %s: %d %s%s", what, status, out, stderr)
		}
	}
	if out, stderr, status := run("why", "Art"); status != 1 {
		t.Errorf("why for the beginning of a folder's name: %d %s%s", status, out, stderr)
	}
	if out, stderr, status := run("why", "Artist/Nothing"); status != 1 || out != "" || !strings.Contains(stderr, "neither an album's id nor the path of music") {
		t.Errorf("%d %s%s", status, out, stderr)
	}
}
