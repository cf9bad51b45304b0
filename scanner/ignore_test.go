package scanner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/storage/mem"
)

// What git itself ignores; see testdata/make_gitignore.sh.
func TestIgnoreAsGitDoes(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "gitignore.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"a/b/c.mp3", "a/b/keep.mp3", "x.mp3", "x.mp3 ", "b/a.mp3", "b/c/d.mp3", "!x.mp3", "#x", "a1.mp3", "1.mp3", "dir name/x.mp3",
		"foo1bar/x", "Live at/x.mp3", "[Live] x", "L x", "éa.mp3", "q/a/z/c.mp3", "ab", "a/c.mp3", "b/b.mp3", "{a,b}.mp3", "_.mp3", "a-b.mp3", "X.MP3"}
	cases := 0
	for line := range strings.Lines(string(b)) {
		body, hits, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			t.Fatalf("%q", line)
		}
		body = strings.NewReplacer(`\n`, "\n", `\\`, `\`).Replace(body)
		want := strings.Split(strings.TrimSuffix(hits, "|"), "|")
		g := newIgnore(map[string]catalog.IgnoreFile{".songlockerignore": {Body: []byte(body + "\n")}})
		for _, f := range files {
			cases++
			if got := g.object(f); got != slices.Contains(want, f) {
				t.Errorf("%q on %q: ignored %v", body, f, got)
			}
		}
	}
	if cases < 4000 {
		t.Errorf("%d cases only", cases)
	}
}

func TestIgnoreFilesOfFolders(t *testing.T) {
	files := map[string]catalog.IgnoreFile{}
	for key, body := range map[string]string{
		".songlockerignore":          "\uFEFF*.tmp.mp3\r\n/top\r\n",
		"A/.songlockerignore":        "*\n!keep.mp3\n!sub/\n",
		"A/sub/.songlockerignore":    "!back.mp3\n",
		"N/.ndignore":                "",
		"C/.ndignore":                "# only a comment\n",
		"P/.ndignore":                "live\n",
		"P/.songlockerignore":        "!live\n",
		"M/.nomedia":                 "",
		"Latin/.songlockerignore":    "caf\xe9*\n",
		"top/in/.songlockerignore":   "!*\n",
		"bad/.songlockerignore":      "[\n\\\n" + strings.Repeat("x", 5000) + "\nreal\n",
		"many/a/b/.songlockerignore": strings.Repeat("**/a*a*a*a*a*a*a*a*b\n", 500),
	} {
		files[key] = catalog.IgnoreFile{ObjectKey: key, Body: []byte(body)}
	}
	g := newIgnore(files)
	for key, want := range map[string]bool{
		"1.tmp.mp3": true, "Z/Y/1.tmp.mp3": true, "1.mp3": false, "top/x.mp3": true, "Z/top/x.mp3": false, "top/in/x.mp3": true,
		"A/1.mp3": true, "A/keep.mp3": false, "A/sub/1.mp3": true, "A/sub/back.mp3": false, "A/other/keep.mp3": true,
		"N/x.mp3": true, "N/deep/er/x.mp3": true, "C/x.mp3": true, "P/live/x.mp3": false, "P/x.mp3": false, "M/a/b.mp3": true,
		"Latin/caf\xe9 1.mp3": true, "Latin/caf\xe8 1.mp3": false, "Latin/café 1.mp3": false, "bad/real": true, "bad/x.mp3": false,
		"many/a/b/" + strings.Repeat("a", 200) + ".mp3": false,
	} {
		if got := g.object(key); got != want {
			t.Errorf("%q: ignored %v", key, got)
		}
	}
	if (*ignore)(nil).object("x") {
		t.Error("no rules ignore something")
	}
}

// An ignore file that comes, changes and goes: its songs are missing and
// return with all that hangs on them, unread; an unchanged rescan reads
// nothing, and a scan of one folder knows the rules above it.
func TestIgnoreFileComesAndGoes(t *testing.T) {
	h := newHouse(t, Options{})
	store := mem.New(map[string]string{"A/1.tak": "x", "A/2.tak": "x", "B/C/3.tak": "x", "B/C/cover.jpg": "x", "B/C/3.lrc": "x"})
	h.store = store
	h.scan(Request{})
	before := h.songs()
	id := models.ID{Kind: models.KindSong, Key: before["B/C/3.tak"].Key}
	if err := h.catalog.Star(t.Context(), h.view, []models.ID{id}, true); err != nil {
		t.Fatal(err)
	}
	are := func(when string, want ...string) {
		t.Helper()
		var got []string
		for p, s := range h.songs() {
			got = append(got, p)
			if b := before[p]; b != nil && b.Key != s.Key {
				t.Errorf("%s: %s has another id", when, p)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	store.Put(".songlockerignore", []byte("B/C/\n"))
	if run := h.scan(Request{}); run.Missing != 1 || run.Read != 0 || run.Listed != 2 {
		t.Errorf("%+v", run)
	}
	are("a new rule", "A/1.tak", "A/2.tak")
	if run := h.scan(Request{}); run.Gets+run.Bytes != 0 {
		t.Errorf("an unchanged ignore file was read: %+v", run)
	}
	store.Put("B/C/4.tak", []byte("x"))
	h.scan(Request{Prefixes: []string{"B/C/"}})
	are("a scan below the rule", "A/1.tak", "A/2.tak")
	store.SetFaults(mem.Faults{ListErr: os.ErrPermission})
	if _, err := h.tryScan(Request{}); err == nil {
		t.Error("a failed listing is well")
	}
	store.SetFaults(mem.Faults{})
	are("a failed listing", "A/1.tak", "A/2.tak")
	store.Put(".songlockerignore", []byte("2.tak\n"))
	if run := h.scan(Request{}); run.Returned != 1 || run.Added != 1 || run.Missing != 1 {
		t.Errorf("%+v", run)
	}
	are("another rule", "A/1.tak", "B/C/3.tak", "B/C/4.tak")
	if s := h.songs()["B/C/3.tak"]; s.User.StarredAt == 0 {
		t.Error("the star is gone")
	}
	// A rule that can't be read keeps what it said.
	store.Put(".songlockerignore", []byte("1.tak\n"))
	store.SetFaults(mem.Faults{Read: map[string]error{".songlockerignore": errors.New("broken disk")}})
	if run := h.scan(Request{}); run.Failed != 1 || run.Missing != 0 {
		t.Errorf("%+v", run)
	}
	are("an unreadable rule", "A/1.tak", "B/C/3.tak", "B/C/4.tak")
	store.SetFaults(mem.Faults{})
	store.Delete(".songlockerignore")
	store.Put("A/.nomedia", nil)
	if run := h.scan(Request{Prefixes: []string{""}}); run.Missing != 1 || run.Returned != 0 {
		t.Errorf("%+v", run)
	}
	are(".nomedia", "B/C/3.tak", "B/C/4.tak")
	store.Delete("A/.nomedia")
	h.scan(Request{Prefixes: []string{"A/"}})
	are("no rule", "A/1.tak", "A/2.tak", "B/C/3.tak", "B/C/4.tak")
}

// A rule that hides much is as suspicious as a disk that is away, and is
// accepted in the same way.
func TestIgnoringMuchRaisesTheAlarm(t *testing.T) {
	h, store := wall(t, Options{})
	for _, rule := range []string{"A0*\n", "*\n"} {
		store.Put(".songlockerignore", []byte(rule))
		run, err := h.tryScan(Request{})
		if err == nil || run.Missing != 0 || !strings.Contains(run.Message, "because ignore files say so") {
			t.Fatalf("%v %+v", err, run)
		}
		if len(h.songs()) != 400 {
			t.Fatalf("%d songs", len(h.songs()))
		}
	}
	if run := h.scan(Request{AcceptMissing: true}); run.Missing != 400 || h.alarm() != "" {
		t.Errorf("%+v", run)
	}
	store.Delete(".songlockerignore")
	if run := h.scan(Request{}); run.Returned != 400 {
		t.Errorf("%+v", run)
	}
}

// What systems put into folders is no music, however it is found; on a disk
// ignore files work as in any store.
func TestJunk(t *testing.T) {
	h := newHouse(t, Options{})
	want := []string{"...And Justice for All/1.tak", ".38 Special/2.tak", "A/3.tak"}
	for i, f := range append(slices.Clone(want), "@eaDir/x.tak", "A/@eaDir/3.tak@SynoAudio.tak", "#recycle/4.tak", ".Trash-1000/files/5.tak", ".Trashes/6.tak",
		"lost+found/7.tak", ".stfolder/8.tak", "A/._3.tak", "$RECYCLE.BIN/9.tak", "$Recycle.Bin/9.tak", "System Volume Information/10.tak", ".git/11.tak",
		"Phone/12.tak", "Skip/13.tak", "Some/14.tmp.tak") {
		h.write(f, fmt.Appendf(nil, "song %d", i))
	}
	h.write("Phone/.nomedia", nil)
	h.write("Skip/.ndignore", nil)
	h.write(".songlockerignore", []byte("*.tmp.*\n"))
	for _, prefixes := range [][]string{nil, {"A/", "@eaDir/", "Phone/", "Some/"}} {
		h.scan(Request{Prefixes: prefixes})
		var got []string
		for p := range h.songs() {
			got = append(got, p)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	}
}
