package scanner

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestShifted(t *testing.T) {
	at := time.Date(2024, 3, 31, 1, 2, 4, 123456789, time.UTC)
	for _, x := range []struct {
		name    string
		was, is time.Time
		want    bool
	}{
		{"an hour later", at, at.Add(time.Hour), true},
		{"an hour earlier", at, at.Add(-time.Hour), true},
		{"two hours", at, at.Add(2 * time.Hour), true},
		{"three hours", at, at.Add(3 * time.Hour), false},
		{"an hour and a second", at, at.Add(time.Hour + time.Second), false},
		{"down to FAT's two seconds", at, at.Truncate(2 * time.Second), true},
		{"up to FAT's two seconds", at, at.Truncate(2 * time.Second).Add(2 * time.Second), true},
		{"to a second", at, at.Truncate(time.Second), true},
		{"to exFAT's ten milliseconds", at, at.Truncate(10 * time.Millisecond), true},
		{"rounded and an hour later", at, at.Truncate(2 * time.Second).Add(time.Hour), true},
		{"edited a second later", at, at.Add(time.Second + 5), false},
		{"edited at once", at, at.Add(1234567), false},
		{"four seconds", at, at.Truncate(2 * time.Second).Add(4 * time.Second), false},
		{"unknown before", time.Unix(0, 0), at, false},
	} {
		if got := shifted(x.was.UnixNano(), x.is.UnixNano()); got != x.want {
			t.Errorf("%s: %v", x.name, got)
		}
	}
}

// The clocks change, and a disk with local times shows all files an hour
// later: nothing is read, the new times are known, and a real edit is seen.
func TestShiftedTimesReadNothing(t *testing.T) {
	h := newHouse(t, Options{})
	names := []string{"A/X/1.mp3", "A/X/2.mp3", "A/X/broken.mp3"}
	h.sound(names[0], 1, 40, "TIT2", "One")
	h.sound(names[1], 2, 40, "TIT2", "Two")
	h.write(names[2], []byte{0})
	at := time.Date(2024, 3, 30, 12, 0, 2, 0, time.UTC)
	set := func(name string, at time.Time) {
		if err := os.Chtimes(filepath.Join(h.dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range names {
		set(n, at)
	}
	h.scan(Request{})
	for _, n := range names {
		set(n, at.Add(time.Hour))
	}
	if run := h.scan(Request{}); run.Read != 0 || run.Failed != 1 {
		t.Errorf("%+v", run)
	}
	if s := h.songs()[names[0]]; s.ModTime != at.Add(time.Hour).UnixNano() {
		t.Errorf("the time is %d", s.ModTime)
	}
	version := h.catalog.Version()
	if h.scan(Request{}); h.catalog.Version() != version {
		t.Error("the scan after it wrote something")
	}
	h.sound(names[0], 1, 40, "TIT2", "Uno")
	set(names[0], at.Add(90*time.Minute))
	if run := h.scan(Request{}); run.Read != 1 || h.songs()[names[0]].Title != "Uno" {
		t.Errorf("%+v", run)
	}
}

// The first scan dates songs by their files; later ones by when they are
// seen. No bonus track, retag or replacement makes an album a new one, even
// when its first song goes.
func TestAlbumsKeepTheirDate(t *testing.T) {
	h := newHouse(t, Options{})
	old := time.Now().Add(-1000 * time.Hour)
	put := func(name string, number, frames int, tags ...string) {
		h.sound(name, number, frames, append(tags, "TALB", "X", "TPE1", "A")...)
		if err := os.Chtimes(filepath.Join(h.dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	put("A/X/1.mp3", 1, 400, "TIT2", "One", "TRCK", "1")
	put("A/X/2.mp3", 2, 400, "TIT2", "Two", "TRCK", "2")
	h.scan(Request{})
	check := func(what string, songs int) {
		t.Helper()
		a := h.albums()
		if len(a) != 1 || a[0].Created != old.UnixMilli() || a[0].Songs != songs {
			t.Errorf("%s: %+v, want %d", what, a[0], old.UnixMilli())
		}
	}
	check("at first", 2)
	begun := time.Now().UnixMilli()
	put("A/X/3.mp3", 3, 400, "TIT2", "Bonus", "TRCK", "3")
	h.scan(Request{})
	check("a bonus track", 3)
	if s := h.songs()["A/X/3.mp3"]; s.Created < begun {
		t.Errorf("the bonus track is dated %d, before it was seen", s.Created)
	}
	put("A/X/2.mp3", 2, 400, "TIT2", "Two, rightly", "TRCK", "2")
	h.scan(Request{})
	check("a retag", 3)
	h.remove("A/X/1.mp3")
	put("A/X/1.mp2", 11, 400, "TIT2", "One", "TRCK", "1")
	h.scan(Request{})
	check("a replacement", 3)
	h.remove("A/X/1.mp2")
	h.remove("A/X/2.mp3")
	h.scan(Request{})
	check("only the bonus track is left", 1)
}

// A file that was edited in place came before its time of change.
func TestFirstScanTakesTheOlderTime(t *testing.T) {
	x := &scan{first: true}
	var f found
	f.object.ModTime, f.born = 2e15, 1e15
	if got := x.created(f); got != 1e9 {
		t.Errorf("%d", got)
	}
	f.born = 3e15
	if got := x.created(f); got != 2e9 {
		t.Errorf("%d", got)
	}
	f.born, f.object.ModTime = 0, time.Now().Add(time.Hour).UnixNano()
	if got := x.created(f); got < time.Now().Add(-time.Minute).UnixMilli() || got > time.Now().UnixMilli() {
		t.Errorf("a time in the future gave %d", got)
	}
}
