package audio

import (
	"math"
	"reflect"
	"testing"

	"github.com/songlocker/songlocker/models"
)

func TestParseDate(t *testing.T) {
	for in, want := range map[string]models.Date{
		"2005": {Year: 2005}, "2005-03": {Year: 2005, Month: 3}, "2005-03-01T10:00": {Year: 2005, Month: 3, Day: 1}, "20050301": {Year: 2005, Month: 3, Day: 1},
		"2005/03/01": {Year: 2005, Month: 3, Day: 1}, "200503": {Year: 2005, Month: 3}, "01.03.2005": {Year: 2005}, "2005-00-00": {Year: 2005}, "2005-13-01": {Year: 2005},
		"(2005)": {Year: 2005}, "May 5, 1999": {Year: 1999}, "0000": {}, "": {}, "soon": {}, "99": {}, "2005-02-03 00:00:00": {Year: 2005, Month: 2, Day: 3},
	} {
		if got := parseDate(in); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	}
}

const twoIDs = "9d2e4f10-8a6b-4c3d-9e1f-012345678900/9d2e4f10-8a6b-4c3d-9e1f-012345678901"

// TestFill turns values into tags, by what is odd in them.
func TestFill(t *testing.T) {
	tests := []struct {
		name string
		in   values
		got  func(models.Tags) any
		want any
	}{
		{"total in the number", values{"TRACKNUMBER": {"03/9"}}, func(t models.Tags) any { return []int{t.Track, t.TrackOf} }, []int{3, 9}},
		{"total in a tag of its own", values{"TRACKNUMBER": {"300"}, "TRACKTOTAL": {"400"}}, func(t models.Tags) any { return []int{t.Track, t.TrackOf} }, []int{300, 400}},
		{"side of a record", values{"TRACKNUMBER": {"A1"}}, func(t models.Tags) any { return t.Track }, 0},
		{"absurd number", values{"TRACKNUMBER": {"99999999999999999999"}}, func(t models.Tags) any { return t.Track }, 0},
		{"only a list", values{"ARTISTS": {"A", "B"}}, func(t models.Tags) any { return t.Artist }, "A; B"},
		{"one name under three spellings", values{"ALBUMARTIST": {"A & B", "A & B", "A & B"}}, func(t models.Tags) any { return []any{t.AlbumArtist, t.AlbumArtists} }, []any{"A & B", []string{"A & B"}}},
		{"list joined, with as many ids", values{"ARTIST": {"A & B"}, "ARTISTS": {"A; B"}, "MUSICBRAINZ_ARTISTID": {twoIDs}}, func(t models.Tags) any { return t.Artists }, []string{"A", "B"}},
		{"list joined, with other ids", values{"ARTIST": {"AC/DC & C"}, "ARTISTS": {"AC/DC/C"}, "MUSICBRAINZ_ARTISTID": {twoIDs}}, func(t models.Tags) any { return t.Artists }, []string{"AC/DC/C"}},
		{"comma and ampersand", values{"ARTIST": {"Earth, Wind & Fire"}, "GENRE": {"Folk, World, & Country"}}, func(t models.Tags) any { return [][]string{t.Artists, t.Genres} },
			[][]string{{"Earth, Wind & Fire"}, {"Folk, World, & Country"}}},
		{"float beats", values{"BPM": {"127.6"}}, func(t models.Tags) any { return t.BPM }, 128},
		{"instrument with brackets", values{"PERFORMER": {"Gil (guitar (acoustic))", "(x)", "No One"}}, func(t models.Tags) any { return t.Roles }, []models.RoleName{
			{Role: "performer", Sub: "guitar (acoustic)", Named: models.Named{Name: "Gil"}}, {Role: "performer", Named: models.Named{Name: "(x)"}}, {Role: "performer", Named: models.Named{Name: "No One"}}}},
		{"composers with sort names", values{"COMPOSER": {"A", "B"}, "COMPOSERSORT": {"A, a", "B, b"}}, func(t models.Tags) any { return t.Roles }, []models.RoleName{
			{Role: "composer", Named: models.Named{Name: "A"}, Sort: "A, a"}, {Role: "composer", Named: models.Named{Name: "B"}, Sort: "B, b"}}},
		{"movement as a number", values{"MOVEMENTNAME": {"Allegro"}, "MOVEMENT": {"2"}, "MOVEMENTTOTAL": {"4"}}, func(t models.Tags) any { return []any{t.Movement, t.MovementNumber, t.MovementOf} }, []any{"Allegro", 2, 4}},
		{"movement as a name", values{"MOVEMENT": {"Allegro"}}, func(t models.Tags) any { return []any{t.Movement, t.MovementNumber} }, []any{"Allegro", 0}},
		{"clean", values{"ITUNESADVISORY": {"2"}}, func(t models.Tags) any { return t.Explicit }, "clean"},
		{"explicit of old", values{"ITUNESADVISORY": {"4"}}, func(t models.Tags) any { return t.Explicit }, "explicit"},
		{"no advice", values{"ITUNESADVISORY": {"0"}}, func(t models.Tags) any { return t.Explicit }, ""},
		{"Opus gain", values{"R128_TRACK_GAIN": {"-512"}}, func(t models.Tags) any { return *t.Gain.TrackGain }, 3.0},
		{"Opus gain beside ReplayGain", values{"R128_ALBUM_GAIN": {"0"}, "REPLAYGAIN_ALBUM_GAIN": {"-9 dB"}}, func(t models.Tags) any { return *t.Gain.AlbumGain }, 5.0},
		{"gain that is no number", values{"REPLAYGAIN_TRACK_GAIN": {"nan"}, "REPLAYGAIN_TRACK_PEAK": {"-1"}}, func(t models.Tags) any { return t.Gain }, models.ReplayGain{}},
		{"year where the date is nonsense", values{"DATE": {"unknown"}, "YEAR": {"1999"}}, func(t models.Tags) any { return t.Date.Year }, 1999},
		{"release types joined", values{"RELEASETYPE": {"Album/Mixtape/Street; live", "live"}}, func(t models.Tags) any { return t.ReleaseTypes }, []string{"album", "mixtape/street", "live"}},
		{"bad id", values{"MUSICBRAINZ_TRACKID": {"9d2e4f10-8a6b-4c3d-9e1f-01234567890x"}}, func(t models.Tags) any { return t.RecordingID }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var f File
			fill(&f, tt.in)
			if got := tt.got(f.Tags); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"ALBUM ARTIST": "ALBUMARTIST", "album_artist": "ALBUMARTIST", "AlbumArtist": "ALBUMARTIST", "TOTALTRACKS": "TRACKTOTAL", "MusicBrainz Album Id": "MUSICBRAINZ_ALBUMID",
		"MUSICBRAINZ_ALBUMID": "MUSICBRAINZ_ALBUMID", "MusicBrainz Release Track Id": "MUSICBRAINZ_RELEASETRACKID", "ORGANIZATION": "LABEL", "replaygain_track_gain": "REPLAYGAIN_TRACK_GAIN",
		"Unsynced Lyrics": "LYRICS", "my own": "MY OWN",
	} {
		if got := freeName(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := mp4Freeform("com.apple.iTunes", "iTunSMPB"); got != "ITUNSMPB" {
		t.Errorf("iTunSMPB: %q", got)
	}
}

func TestDecimal(t *testing.T) {
	for in, want := range map[string]float64{"-6.54 dB": -6.54, "+3,2 dB": 3.2, "0.98": 0.98, "1e-3": 0.001, "7": 7} {
		if got := decimal(in); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	}
	for _, in := range []string{"", "dB", "NaN", "Inf", "--1"} {
		if got := decimal(in); !math.IsNaN(got) {
			t.Errorf("%q: got %v, want none", in, got)
		}
	}
}
