package server

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/storage/storagetest/fakes3"
)

// What one process asks of a bucket another one tells, with its price.
func TestLibraryCost(t *testing.T) {
	bucket := fakes3.New(t, map[string]string{"Ann/One/01 One.tak": "known by its name", "Ann/One/cover.jpg": "no picture"})
	data := filepath.Join(t.TempDir(), "data")
	run := func(want int, args ...string) string {
		t.Helper()
		stdout, stderr, status := outcome(t, program(t, t.Context(), append(args, "--data", data)...))
		if status != want {
			t.Fatalf("%q ends with %d: %s%s", args, status, stdout, stderr)
		}
		return stdout
	}
	run(0, "scan", "--music", "Cloud="+bucket.Location("")+"&anonymous=true")
	c := bucket.Counts()
	if c.Lists == 0 {
		t.Fatalf("%+v", c)
	}
	run(0, "library", "set", "Cloud", "price-lists=2500", "request-cap=1000")
	out := run(0, "library", "cost", "Cloud")
	row := regexp.MustCompile(fmt.Sprintf(`\d{4}-\d\d-\d\d +scan +%d +%d +%d +\d+ B +0 +%.2f\n`, c.Lists, c.Heads, c.Gets, 2.5*float64(c.Lists)))
	if !row.MatchString(out) || !strings.Contains(out, fmt.Sprintf("Background work has used %d of 1,000 requests today.", c.Requests())) {
		t.Errorf("the bucket counts %+v, we\n%s", c, out)
	}
	if out := run(0, "library", "cost"); !strings.Contains(out, "today") || !strings.Contains(out, "Cloud") {
		t.Errorf("of all libraries:\n%s", out)
	}
	// At the cap a scan ends in words, and costs nothing.
	run(0, "library", "set", "Cloud", fmt.Sprintf("request-cap=%d", c.Requests()))
	_, stderr, status := outcome(t, program(t, t.Context(), "scan", "--data", data))
	if status != 1 || !strings.Contains(stderr, "daily cap") || !strings.Contains(stderr, "goes on at 00:00 UTC") || bucket.Counts() != c {
		t.Errorf("a scan at the cap ends with %d, the bucket counts %+v: %s", status, bucket.Counts(), stderr)
	}
}
