package scanner

import (
	"slices"
	"testing"

	"github.com/songlocker/songlocker/models"
)

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
