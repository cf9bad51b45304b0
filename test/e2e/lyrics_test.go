package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestLyrics wants the lyrics of every fixture, line by line, and those of a
// file beside a song.
func TestLyrics(t *testing.T) {
	m := shelf(t)
	files, err := filepath.Glob(filepath.Join(fixtures, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	with := map[string]facts{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		f := factsOf(t, name)
		if types[strings.TrimPrefix(filepath.Ext(name), ".")] != "" && len(f.Lyrics) > 0 {
			with[name] = f
			m.put(name, name+"/"+name)
		}
	}
	c := start(t, setup{music: []string{m.dir}}).owner()
	c.scanned(shelfSongs + len(with))
	songs := c.songs()
	for name, f := range with {
		compareLyrics(t, c, songs[name+"/"+name], f)
	}
	id := songs["Folk/Ümit/Über/01.mp3"].text("id")
	lyrics := c.ok("getLyricsBySongId", "id", id)
	if lyrics.text("lyricsList.structuredLyrics.0.line.1.value") != "second line" || lyrics.int("lyricsList.structuredLyrics.0.line.1.start") != 2500 {
		t.Errorf("lyrics: %s", lyrics.raw)
	}
	if got := c.ok("getLyrics", "artist", "umit", "title", "UBER 1").text("lyrics.value"); got != "first line\nsecond line" {
		t.Errorf("getLyrics: %q", got)
	}
}

func compareLyrics(t *testing.T, c *client, s node, f facts) {
	t.Helper()
	got := c.ok("getLyricsBySongId", "id", s.text("id")).list("lyricsList.structuredLyrics")
	if len(got) != len(f.Lyrics) {
		t.Errorf("%d lyrics, want %d", len(got), len(f.Lyrics))
		return
	}
	for i, want := range f.Lyrics {
		if got[i].at("synced").v != want.Synced || len(got[i].list("line")) != len(want.Lines) {
			t.Errorf("lyrics %d are %v", i, got[i].v)
			continue
		}
		for j, line := range want.Lines {
			if l := got[i].list("line")[j]; l.text("value") != line.Text || l.int("start") != line.Start {
				t.Errorf("line %d.%d is %v, want %v", i, j, l.v, line)
			}
		}
	}
}
