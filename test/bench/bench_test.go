package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/test/music"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(bareEnv); what != "" {
		fmt.Fprintln(os.Stderr, serveBare(what))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestRun runs the whole of it on little, and looks at the shape of what it
// tells: how long anything takes is no matter of a test.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "songlocker")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "github.com/songlocker/songlocker")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatal(errors.New(string(out)))
	}
	r, err := run(t.Context(), options{bin: bin, cache: filepath.Join(dir, "cache"), songs: []int{120}, full: 24, starts: 1, scale: 0.01, clients: []int{1, judged}, bucketSongs: 24, bucketKeys: 120, out: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	text := r.markdown()
	for _, want := range []string{
		`(?m)^\| first scan of 120, reads and KiB a file \| 1\.\d\d, \d+ \|`,
		`(?m)^\| 24 files of full length, reads a file \| [123]\.\d\d \| ≤ 3\.0 \| yes \|$`,
		`(?m)^\| 8 \| \d+ \| \d+ \| \d\.\d{3} \| \d\.\d{3} \| `,
		`(?m)^\| first scan \| 100 ms \| [\d,]+ \| [\d,]+ \| [1-9]\d*\.\d \| ≤ 3000, 200000 \| yes \|$`,
		`(?m)^\| unchanged rescan \| 0 ms \| \d+ \| 0 \| \d+\.\d \| its listing \| yes \|$`,
		`(?m)^\| whole files \| 30 ms \| 1,\d{3} \| [\d,]+ \| `,
		`(?m)^\| of the next track of its album \| \d+\.\d ms \| ≤ 20 ms \| `,
		`(?m)^\| ping, by token \| `,
		`(?m)^\| scrobble \| `,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("%s is not in\n%s", want, text)
		}
	}
	for _, private := range []string{dir, os.TempDir() + "/"} {
		if strings.Contains(text, private) {
			t.Errorf("the report tells of %s", private)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "cache", "run-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("data folders are left: %q, %v", left, err)
	}
}

// TestSection exchanges one section and leaves the others.
func TestSection(t *testing.T) {
	for _, c := range [][2]string{
		{"# A\n\n## Buckets\n\nold\n\n## C\n\nc\n", "# A\n\n## Buckets\n\nnew\n\n## C\n\nc\n"},
		{"# A\n\n## Buckets\n\nold\n", "# A\n\n## Buckets\n\nnew\n"},
		{"# A\n", "# A\n\n## Buckets\n\nnew\n"},
	} {
		if got := section(c[0], "## Buckets", "\n## Buckets\n\nnew\n"); got != c[1] {
			t.Errorf("%q becomes %q, want %q", c[0], got, c[1])
		}
	}
}

// TestLibrary makes the same bytes each time, and no two songs that sound
// alike.
func TestLibrary(t *testing.T) {
	seen := map[string]bool{}
	for _, write := range music.Formats {
		for seed := range uint64(4) {
			var files [2]string
			for i := range files {
				files[i] = string(music.Bytes(write, &music.Tags{Title: "A", Artists: []string{"B"}}, music.Sound{Seed: seed << 20, Size: 90_000}))
			}
			if files[0] != files[1] || seen[files[0]] {
				t.Errorf("seed %d: two makings differ (%v), or another seed gives the same", seed, files[0] != files[1])
			}
			seen[files[0]] = true
		}
	}
	l := &library{artists: 500, words: vocabulary()}
	visible, names := map[int]bool{}, map[string]bool{}
	for i := range 10_000 / albumSongs {
		if part, who := l.part(i); part < parts-1 {
			visible[who] = true
		}
	}
	for i := range l.artists {
		names[l.artist(i)] = true
	}
	if len(visible) != 500 || len(names) != 500 {
		t.Errorf("the measuring user sees %d of 500 artists, of %d names", len(visible), len(names))
	}
}
