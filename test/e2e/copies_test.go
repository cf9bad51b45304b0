package e2e

import (
	"bytes"
	"testing"
)

// TestOneAlbumInTwoFolders serves the same album from two libraries, shows it
// once, and takes the folder away that it is shown from.
func TestOneAlbumInTwoFolders(t *testing.T) {
	here, there := newMusic(t), newMusic(t)
	here.put("full.flac", "Here/01.flac")
	there.put("full.flac", "There/other name.flac")
	s := start(t, setup{music: []string{"Here=" + here.dir, "There=" + there.dir}, args: []string{"--no-watch", "--prefer", "order"}})
	c := s.owner()
	c.scanned(2)
	shown := func(path string) node {
		t.Helper()
		albums := c.ok("getAlbumList2", "type", "newest").list("albumList2.album")
		found := c.ok("search3", "query", "").list("searchResult3.song")
		if len(albums) != 1 || len(found) != 1 || found[0].text("path") != path {
			t.Fatalf("%d albums, songs %v", len(albums), found)
		}
		return found[0]
	}
	song := shown("Here/01.flac")
	id := song.text("id")
	c.ok("star", "id", id)
	if got := c.ok("getIndexes").list("indexes.index"); len(got) != 2 {
		t.Errorf("the folders are not both there: %v", got)
	}
	want := there.read("There/other name.flac")
	here.move("Here/01.flac", "../away/01.flac")
	resp, b := c.get(nil, "stream", "id", id)
	if resp.StatusCode != 200 || !bytes.Equal(b, want) {
		t.Errorf("with its folder away the song is %d, %d bytes", resp.StatusCode, len(b))
	}
	// Turned off, both are there, each with the star.
	here.move("../away/01.flac", "Here/01.flac")
	s.o.args = []string{"--no-watch"}
	s.restart()
	if got := c.ok("getStarred2").list("starred2.song"); len(got) != 2 {
		t.Errorf("%d songs have the star", len(got))
	}
}
