package spec

import (
	"reflect"
	"strings"
	"testing"
)

func TestFieldsAreDocumented(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[Child](), reflect.TypeFor[AlbumID3](), reflect.TypeFor[ArtistID3]()} {
		for _, f := range Fields(typ) {
			switch f.Class {
			case Filled:
				if f.Why != "" {
					t.Errorf("%s.%s is filled and has a reason", typ.Name(), f.Name)
				}
			case Default:
				if f.Presence != PresenceAlways && f.Presence != PresenceEmpty {
					t.Errorf("%s.%s has a default and is not always sent", typ.Name(), f.Name)
				}
			case Absent:
				if f.Presence != PresenceOmit {
					t.Errorf("%s.%s is absent and could be sent empty", typ.Name(), f.Name)
				}
			}
			if f.Class != Filled && f.Why == "" {
				t.Errorf("%s.%s has no reason", typ.Name(), f.Name)
			}
		}
	}
}

func TestFields(t *testing.T) {
	got := map[string]Field{}
	for _, f := range Fields(reflect.TypeFor[NowPlayingEntry]()) {
		got[f.Name] = f
	}
	for _, want := range []Field{
		{"id", "ID", "string", "attribute id", PresenceAlways, Filled, ""},
		{"isDir", "IsDir", "boolean", "attribute isDir", PresenceAlways, Filled, ""},
		{"size", "Size", "integer", "attribute size", PresenceFile, Filled, ""},
		{"averageRating", "AverageRating", "number", "attribute averageRating", PresenceOmit, Filled, ""},
		{"starred", "Starred", "date-time", "attribute starred", PresenceOmit, Filled, ""},
		{"isrc", "ISRC", "[string]", "elements isrc", PresenceAlways, Filled, ""},
		{"genres", "Genres", "[ItemGenre]", "elements genres", PresenceAlways, Filled, ""},
		{"replayGain", "ReplayGain", "ReplayGain", "element replayGain", PresenceEmpty, Filled, ""},
		{"originalWidth", "OriginalWidth", "integer", "attribute originalWidth", PresenceOmit, Absent, "the catalog holds no videos"},
		{"positionMs", "PositionMS", "integer", "attribute positionMs", PresenceOmit, Filled, ""},
	} {
		if got[want.Name] != want {
			t.Errorf("got %+v, want %+v", got[want.Name], want)
		}
	}
	for _, f := range Fields(reflect.TypeFor[StructuredLyrics]()) {
		if f.Name == "agents" && f.XML != "elements agent" {
			t.Errorf("%+v", f)
		}
	}
	for _, f := range Fields(reflect.TypeFor[Lyrics]()) {
		if f.Name == "value" && f.XML != "text" {
			t.Errorf("%+v", f)
		}
	}
}

// TestFieldsAreTheProtocols holds the three shapes to the names of the
// OpenSubsonic documents; the songs of an album are in AlbumWithSongs.
func TestFieldsAreTheProtocols(t *testing.T) {
	for typ, names := range map[reflect.Type]string{
		reflect.TypeFor[Child](): `
			id parent isDir title album artist track year genre coverArt size contentType suffix transcodedContentType transcodedSuffix
			duration bitRate bitDepth samplingRate channelCount path isVideo userRating averageRating playCount discNumber created starred
			albumId artistId type mediaType bookmarkPosition originalWidth originalHeight played bpm comment sortName musicBrainzId isrc
			genres artists displayArtist albumArtists displayAlbumArtist contributors displayComposer moods replayGain explicitStatus works
			movements groupings`,
		reflect.TypeFor[AlbumID3](): `
			id name version artist artistId coverArt songCount duration playCount created starred year genre played userRating recordLabels
			musicBrainzId genres artists displayArtist releaseTypes moods sortName originalReleaseDate releaseDate isCompilation
			explicitStatus discTitles`,
		reflect.TypeFor[ArtistID3](): `
			id name coverArt artistImageUrl albumCount starred musicBrainzId sortName disambiguation roles`,
	} {
		want := map[string]bool{}
		for name := range strings.FieldsSeq(names) {
			want[name] = true
		}
		for _, f := range Fields(typ) {
			if !want[f.Name] {
				t.Errorf("%s.%s is not in the documents, or here twice", typ.Name(), f.Name)
			}
			delete(want, f.Name)
		}
		for name := range want {
			t.Errorf("%s lacks %s", typ.Name(), name)
		}
	}
}

func TestPresencesDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range []Presence{PresenceAlways, PresenceEmpty, PresenceOmit, PresenceFile} {
		seen[p.String()] = true
	}
	if len(seen) != 4 {
		t.Errorf("%v", seen)
	}
}

func TestTagsThatMakeNoSensePanic(t *testing.T) {
	for _, v := range []any{
		struct{ A string }{},
		struct {
			A string `wire:"a,sometimes"`
		}{},
		struct {
			A *int `wire:"a"`
		}{},
		struct {
			A Time `wire:"a,empty"`
		}{},
		struct {
			A map[string]int `wire:"a"`
		}{},
		struct {
			A string `wire:"a" class:"absent"`
		}{},
		struct {
			A string `wire:"a" why:"because"`
		}{},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T does not panic", v)
				}
			}()
			planOf(reflect.TypeOf(v))
		}()
	}
}
