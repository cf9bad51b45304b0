package scanner

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/songlocker/songlocker/models"
)

// song is one line of a table: the object's key and the tags that matter.
type tagged struct {
	key                 string
	album, artist       string
	albumArtist         string
	release, version    string
	compilation         bool
	year, disc          int
	artists, artistsIDs []string
}

func (x tagged) song() *models.Song {
	s := &models.Song{Key: models.NewKey(), ObjectKey: x.key, Created: 1}
	s.Tags.Album, s.Artist, s.AlbumArtist, s.ReleaseID, s.AlbumVersion = x.album, x.artist, x.albumArtist, x.release, x.version
	s.Compilation, s.Date.Year, s.Disc, s.Artists, s.ArtistIDs = x.compilation, x.year, x.disc, x.artists, x.artistsIDs
	fromName(&s.Tags, x.key)
	return s
}

// builtAlbum is what a unit became: its name, its album artist and its songs'
// file names.
type builtAlbum struct{ name, artist, songs string }

// built groups the songs unit by unit, as a scan does.
func built(list []tagged) []builtAlbum {
	units := map[string][]*models.Song{}
	var order []string
	for _, x := range list {
		s := x.song()
		u := unitOf(folderOf(s.ObjectKey))
		if units[u] == nil {
			order = append(order, u)
		}
		units[u] = append(units[u], s)
	}
	byKey := map[string][]*models.Song{}
	var keys []string
	for _, u := range order {
		fromFolder(u, units[u])
		for i, k := range groups(u, units[u]) {
			if byKey[k] == nil {
				keys = append(keys, k)
			}
			byKey[k] = append(byKey[k], units[u][i])
		}
	}
	var out []builtAlbum
	for _, k := range keys {
		var a models.Album
		album(&a, byKey[k])
		artist, _ := albumArtists(byKey[k])
		var names []string
		for _, s := range byKey[k] {
			names = append(names, strings.TrimSuffix(path.Base(s.ObjectKey), path.Ext(s.ObjectKey)))
		}
		slices.Sort(names)
		out = append(out, builtAlbum{a.Name, artist, strings.Join(names, " ")})
	}
	return out
}

func TestGrouping(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []tagged
		want []builtAlbum
	}{
		{"one differing year", []tagged{
			{key: "A/X/1.mp3", album: "X", artist: "A", year: 1990}, {key: "A/X/2.mp3", album: "X", artist: "A", year: 1991}},
			[]builtAlbum{{"X", "A", "1 2"}}},
		{"no album artist, one singer", []tagged{
			{key: "A/X/1.mp3", album: "X", artist: "A"}, {key: "A/X/2.mp3", album: "X", artist: "A"}},
			[]builtAlbum{{"X", "A", "1 2"}}},
		{"no album artist, many singers", []tagged{
			{key: "V/X/1.mp3", album: "X", artist: "A"}, {key: "V/X/2.mp3", album: "X", artist: "B"}},
			[]builtAlbum{{"X", "Various Artists", "1 2"}}},
		{"compilation flag without album artist", []tagged{
			{key: "V/X/1.mp3", album: "X", artist: "A", compilation: true}, {key: "V/X/2.mp3", album: "X", artist: "A", compilation: true}},
			[]builtAlbum{{"X", "Various Artists", "1 2"}}},
		{"album artist on some songs only", []tagged{
			{key: "A/X/1.mp3", album: "X", artist: "A", albumArtist: "A"}, {key: "A/X/2.mp3", album: "X", artist: "A feat. B"}},
			[]builtAlbum{{"X", "A", "1 2"}}},
		{"featured singer in the artist", []tagged{
			{key: "A/X/1.mp3", album: "X", artist: "A", albumArtist: "A"}, {key: "A/X/2.mp3", album: "X", artist: "A feat. B", albumArtist: "A"}},
			[]builtAlbum{{"X", "A", "1 2"}}},
		{"disc folders with disc tags", []tagged{
			{key: "A/X/CD1/1.mp3", album: "X", artist: "A", disc: 1}, {key: "A/X/CD2/2.mp3", album: "X", artist: "A", disc: 2}},
			[]builtAlbum{{"X", "A", "1 2"}}},
		{"disc folders without any tags", []tagged{
			{key: "A/X/Disc 1/1 a.mp3"}, {key: "A/X/Disc 2/1 b.mp3"}},
			[]builtAlbum{{"X", "A", "1 a 1 b"}}},
		{"disc folders with names, many singers", []tagged{
			{key: "V/X/CD 1 - Day/1.mp3", album: "X", artist: "A"}, {key: "V/X/CD 2 - Night/2.mp3", album: "X", artist: "B"}},
			[]builtAlbum{{"X", "Various Artists", "1 2"}}},
		{"two albums called Live of two artists", []tagged{
			{key: "A/Live/1.mp3", album: "Live", artist: "A", albumArtist: "A"}, {key: "B/Live/2.mp3", album: "Live", artist: "B", albumArtist: "B"}},
			[]builtAlbum{{"Live", "A", "1"}, {"Live", "B", "2"}}},
		{"two albums called Live without album artists", []tagged{
			{key: "A/Live/1.mp3", album: "Live", artist: "A"}, {key: "B/Live/2.mp3", album: "Live", artist: "B"}},
			[]builtAlbum{{"Live", "A", "1"}, {"Live", "B", "2"}}},
		{"deluxe and plain edition in sibling folders", []tagged{
			{key: "A/X/1.mp3", album: "X", albumArtist: "A", artist: "A", release: "r1"}, {key: "A/X (Deluxe)/2.mp3", album: "X", albumArtist: "A", artist: "A", release: "r2"}},
			[]builtAlbum{{"X", "A", "1"}, {"X", "A", "2"}}},
		{"editions told by version", []tagged{
			{key: "A/X/1.mp3", album: "X", albumArtist: "A", artist: "A"}, {key: "A/Y/2.mp3", album: "X", albumArtist: "A", artist: "A", version: "Deluxe"}},
			[]builtAlbum{{"X", "A", "1"}, {"X", "A", "2"}}},
		{"one release id in two folders", []tagged{
			{key: "A/X/1.mp3", album: "X", artist: "A", release: "r"}, {key: "A/X bonus/2.mp3", album: "X", artist: "A", release: "r"}},
			[]builtAlbum{{"X", "A", "1 2"}}},
		{"release id on some songs only", []tagged{
			{key: "A/X/1.mp3", album: "X", artist: "A", release: "r"}, {key: "A/X/2.mp3", album: "X", artist: "A"}},
			[]builtAlbum{{"X", "A", "1 2"}}},
		{"flat folder of many albums", []tagged{
			{key: "all/1.mp3", album: "X", artist: "A", albumArtist: "A"}, {key: "all/2.mp3", album: "Y", artist: "A", albumArtist: "A"}, {key: "all/3.mp3", album: "X", artist: "A", albumArtist: "A"}},
			[]builtAlbum{{"X", "A", "1 3"}, {"Y", "A", "2"}}},
		{"no tags at all", []tagged{{key: "Artist/Album/03 - Song.mp3"}, {key: "Artist/Other/01 Tune.mp3"}},
			[]builtAlbum{{"Album", "Artist", "03 - Song"}, {"Other", "Artist", "01 Tune"}}},
		{"a file without tags among tagged ones", []tagged{
			{key: "Somebody/X (1990)/1.mp3", album: "X", artist: "A", albumArtist: "A"}, {key: "Somebody/X (1990)/2.wv"}},
			[]builtAlbum{{"X", "A", "1 2"}}},
		{"no tags in the root", []tagged{{key: "a.mp3"}, {key: "b.mp3"}},
			[]builtAlbum{{"[unknown]", "[unknown]", "a b"}}},
		{"soundtrack of many singers with an album artist", []tagged{
			{key: "S/1.mp3", album: "S", artist: "A", albumArtist: "Various Artists"}, {key: "S/2.mp3", album: "S", artist: "B", albumArtist: "Various Artists"}},
			[]builtAlbum{{"S", "Various Artists", "1 2"}}},
		{"case and accents differ", []tagged{
			{key: "B/X/1.mp3", album: "Café", artist: "B", albumArtist: "Beyoncé"}, {key: "B/X/2.mp3", album: "CAFE", artist: "B", albumArtist: "Beyonce"}},
			[]builtAlbum{{"Café", "Beyoncé", "1 2"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := built(c.in)
			if !slices.Equal(got, c.want) {
				t.Errorf("\ngot  %v\nwant %v", got, c.want)
			}
			// The result does not depend on the order of the files.
			slices.Reverse(c.in)
			again := built(c.in)
			byName := func(a, b builtAlbum) int { return strings.Compare(a.songs, b.songs) }
			slices.SortFunc(again, byName)
			slices.SortFunc(got, byName)
			for i := range got {
				if again[i].songs != got[i].songs || again[i].artist == "" {
					t.Errorf("reversed: got %v, want %v", again, got)
				}
			}
		})
	}
}

func TestFromName(t *testing.T) {
	for key, want := range map[string]models.Tags{
		"A/B/03 - Song.mp3":         {Title: "Song", Track: 3},
		"A/B/2-05 Song.mp3":         {Title: "Song", Track: 5, Disc: 2},
		"A/B/03. Singer - Song.mp3": {Title: "Song", Track: 3, Artist: "Singer"},
		"A/B/(07) Song.mp3":         {Title: "Song", Track: 7},
		"A/B/1999.mp3":              {Title: "1999"},
		"A/B/99 Luftballons.mp3":    {Title: "Luftballons", Track: 99},
		"A/B/Song_with_lines.mp3":   {Title: "Song with lines"},
		"A/B/CD2/01 Song.mp3":       {Title: "Song", Track: 1, Disc: 2},
		"A/B/Disc 3 - End/x.mp3":    {Title: "x", Disc: 3},
		"A/B/Discography/x.mp3":     {Title: "x"},
		"A/B/12 - A - B - C.mp3":    {Title: "B - C", Track: 12, Artist: "A"},
		"A/B/05 \xff.mp3":           {Title: "\uFFFD", Track: 5},
		"A/B/....mp3":               {Title: "..."},
	} {
		var got models.Tags
		fromName(&got, key)
		if got.Title != want.Title || got.Track != want.Track || got.Disc != want.Disc || got.Artist != want.Artist {
			t.Errorf("%q: got %q by %q, track %d, disc %d; want %q by %q, %d, %d", key, got.Title, got.Artist, got.Track, got.Disc, want.Title, want.Artist, want.Track, want.Disc)
		}
	}
}

func TestSplit(t *testing.T) {
	o := Options{GenreSeparators: []string{";"}, ArtistSeparators: []string{" / "}}
	tags := models.Tags{Genres: []string{"Rock; Pop", "rock", "Hip-Hop", "hip hop"}, Artist: "A / B", AlbumArtist: "AC/DC", Artists: []string{"A / B"}}
	o.split(&tags)
	if !slices.Equal(tags.Genres, []string{"Rock", "Pop", "Hip-Hop"}) {
		t.Errorf("genres %q", tags.Genres)
	}
	if !slices.Equal(tags.Artists, []string{"A", "B"}) || tags.Artist != "A / B" || len(tags.AlbumArtists) != 0 {
		t.Errorf("artists %q %q %q", tags.Artists, tags.Artist, tags.AlbumArtists)
	}
}
