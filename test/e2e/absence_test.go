package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// eachDatabase runs a test on SQLite and, where there is one, on PostgreSQL.
func eachDatabase(t *testing.T, f func(t *testing.T, postgres bool)) {
	t.Run("sqlite", func(t *testing.T) { f(t, false) })
	if postgresURL != "" {
		t.Run("postgres", func(t *testing.T) { f(t, true) })
	}
}

// TestAlarm loses most of a library: every place says so in plain words, and
// the ways out work.
func TestAlarm(t *testing.T) {
	eachDatabase(t, func(t *testing.T, postgres bool) {
		m := crowd(t, 160)
		s := start(t, setup{music: []string{"Shelf=" + m.dir}, args: []string{"--no-watch"}, postgres: postgres, errors: true})
		c := s.owner()
		c.scanned(160)
		songs := c.songs()
		var gone, stays string // two of the songs
		var files []string
		for p := range songs {
			if files = append(files, p); len(files) <= 120 {
				gone = p
			} else {
				stays = p
			}
		}
		ids := []any{"id", songs[gone].text("id"), "id", songs[stays].text("id")}
		c.ok("star", ids...)
		c.ok("scrobble", "id", songs[gone].text("id"))
		list := c.ok("createPlaylist", "name", "both", "songId", songs[gone].text("id"), "songId", songs[stays].text("id")).text("playlist.id")
		aside := folder(t)
		for i, p := range files[:120] {
			if err := os.Rename(m.path(p), fmt.Sprintf("%s/%d", aside, i)); err != nil {
				t.Fatal(err)
			}
		}
		const words = "120 of 160 songs are gone"
		c.ok("startScan")
		eventually(t, "the alarm", func() bool { return strings.Contains(c.ok("getScanStatus").text("scanStatus.error"), words) })
		if n := len(c.songs()); n != 160 {
			t.Fatalf("%d songs are left", n)
		}
		if !strings.Contains(s.log.String(), words) {
			t.Error("the log does not say so")
		}
		b := s.browser(t)
		b.api("POST", "/session", nil, map[string]any{"name": owner, "password": ownerPassword})
		if _, _, n := b.api("GET", "/libraries", nil, nil); !strings.Contains(n.list("items")[0].text("alarm"), words) {
			t.Errorf("the API says %v", n.v)
		}
		if _, page := b.do("GET", s.base+"/admin/", nil, nil); !strings.Contains(string(page), words) {
			t.Error("the page does not say so")
		}
		if out, _ := s.command(1, "", "doctor"); !strings.Contains(out, words) || !strings.Contains(out, "--accept-missing") {
			t.Errorf("the doctor says\n%s", out)
		}
		if _, text := s.command(1, "", "scan"); !strings.Contains(text, words) {
			t.Errorf("scan says\n%s", text)
		}

		s.command(0, "", "scan", "--library", "Shelf", "--accept-missing")
		eventually(t, "120 songs are missing", func() bool { return len(c.songs()) == 40 })
		if got := c.ok("getScanStatus").text("scanStatus.error"); got != "" {
			t.Errorf("the alarm is still on: %s", got)
		}
		if out, _ := s.command(0, "", "doctor"); strings.Contains(out, words) || !strings.Contains(out, "120 songs") {
			t.Errorf("the doctor says\n%s", out)
		}

		out, _ := s.command(0, "", "library", "purge", "Shelf", "--older-than", "30d")
		if !strings.Contains(out, ": 0 songs") {
			t.Errorf("purge of what is old:\n%s", out)
		}
		out, _ = s.command(0, "", "library", "purge", "Shelf", "--older-than", "0d")
		if !strings.Contains(out, "120 songs and") || !strings.Contains(out, "1 stars") || !strings.Contains(out, "1 plays and 1 places in playlists would become text") || !strings.Contains(out, "Nothing was changed") {
			t.Errorf("a dry purge:\n%s", out)
		}
		// What was purged by nobody returns.
		if err := os.Rename(aside+"/0", m.path(files[0])); err != nil {
			t.Fatal(err)
		}
		c.scan(41)
		if got := c.song(files[0]).text("id"); got != songs[files[0]].text("id") {
			t.Errorf("the song returned as %s", got)
		}
		out, _ = s.command(0, "", "library", "purge", "Shelf", "--older-than", "0d", "--yes")
		if !strings.Contains(out, "119 songs and") || !strings.Contains(out, "are gone") {
			t.Errorf("a purge:\n%s", out)
		}
		eventually(t, "the purge is seen", func() bool { return len(c.ok("getStarred2").texts("starred2.song", "id")) == 1 })
		if got := c.ok("getPlaylist", "id", list).texts("playlist.entry", "id"); len(got) != 1 || got[0] != songs[stays].text("id") {
			t.Errorf("the playlist shows %q", got)
		}
		if err := os.Rename(aside+"/1", m.path(files[1])); err != nil {
			t.Fatal(err)
		}
		c.scan(42)
		if got := c.song(files[1]).text("id"); got == songs[files[1]].text("id") {
			t.Error("a purged song returned with its id")
		}
		if out, _ := s.command(0, "", "library", "purge", "Shelf", "--older-than", "0d"); !strings.Contains(out, ": 0 songs") {
			t.Errorf("after the purge:\n%s", out)
		}
	})
}
