package audio

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRetagged reads files that two tools made from one by writing other tags,
// testdata/same-NAME-*: they have one identity.
func TestRetagged(t *testing.T) {
	list, err := filepath.Glob("testdata/same-*")
	if err != nil || len(list) < 7 {
		t.Fatalf("%d files, %v", len(list), err)
	}
	seen := map[string]string{}
	for _, path := range list {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		kind := strings.Split(path, "-")[1]
		f, _ := readBytes(t, path, content)
		if first := seen[kind]; f.Identity == "" || first != "" && f.Identity != first {
			t.Errorf("%s: identity %q, want %q", path, f.Identity, first)
		}
		seen[kind] = f.Identity
	}
	if seen["ogg"] == seen["opus"] {
		t.Error("two sounds, one identity")
	}
}
