package audio

import (
	"strings"
	"testing"
)

// picardTable is the tag mapping that MusicBrainz Picard publishes
// (https://picard-docs.musicbrainz.org/en/appendices/tag_mapping.html), for
// what songs have a field for: our name, then the names in ID3v2, Vorbis
// comments, APEv2, MP4 and ASF; "" where a format has none. TXXX: stands
// before free names of ID3v2, and ---- before those of MP4.
var picardTable = [][6]string{
	{"ALBUM", "TALB", "ALBUM", "Album", "\xa9alb", "WM/AlbumTitle"},
	{"ALBUMARTIST", "TPE2", "ALBUMARTIST", "Album Artist", "aART", "WM/AlbumArtist"},
	{"ALBUMARTISTSORT", "TSO2", "ALBUMARTISTSORT", "ALBUMARTISTSORT", "soaa", "WM/AlbumArtistSortOrder"},
	{"ALBUMARTISTSORT", "TXXX:ALBUMARTISTSORT", "", "", "", ""},
	{"ALBUMSORT", "TSOA", "ALBUMSORT", "ALBUMSORT", "soal", "WM/AlbumSortOrder"},
	{"ARRANGER", "TIPL:arranger", "ARRANGER", "Arranger", "----ARRANGER", "WM/Arranger"},
	{"ARTIST", "TPE1", "ARTIST", "Artist", "\xa9ART", "Author"},
	{"ARTISTSORT", "TSOP", "ARTISTSORT", "ARTISTSORT", "soar", "WM/ArtistSortOrder"},
	{"ARTISTS", "TXXX:ARTISTS", "ARTISTS", "Artists", "----ARTISTS", "WM/ARTISTS"},
	{"BARCODE", "TXXX:BARCODE", "BARCODE", "Barcode", "----BARCODE", "WM/Barcode"},
	{"BPM", "TBPM", "BPM", "BPM", "tmpo", "WM/BeatsPerMinute"},
	{"CATALOGNUMBER", "TXXX:CATALOGNUMBER", "CATALOGNUMBER", "CatalogNumber", "----CATALOGNUMBER", "WM/CatalogNo"},
	{"COMMENT", "COMM", "COMMENT", "Comment", "\xa9cmt", "Description"},
	{"COMPILATION", "TCMP", "COMPILATION", "Compilation", "cpil", "WM/IsCompilation"},
	{"COMPOSER", "TCOM", "COMPOSER", "Composer", "\xa9wrt", "WM/Composer"},
	{"COMPOSERSORT", "TSOC", "COMPOSERSORT", "COMPOSERSORT", "soco", "WM/ComposerSortOrder"},
	{"COMPOSERSORT", "TXXX:COMPOSERSORT", "", "", "", ""},
	{"CONDUCTOR", "TPE3", "CONDUCTOR", "Conductor", "----CONDUCTOR", "WM/Conductor"},
	{"COPYRIGHT", "TCOP", "COPYRIGHT", "Copyright", "cprt", "Copyright"},
	{"DATE", "TDRC", "DATE", "", "\xa9day", "WM/Year"},
	{"YEAR", "TYER", "YEAR", "Year", "", ""}, // a date of its own where there is no other
	{"DIRECTOR", "TXXX:DIRECTOR", "DIRECTOR", "Director", "\xa9dir", "WM/Director"},
	{"DISCNUMBER", "TPOS", "DISCNUMBER", "Disc", "disk", "WM/PartOfSet"},
	{"DISCSUBTITLE", "TSST", "DISCSUBTITLE", "DiscSubtitle", "----DISCSUBTITLE", "WM/SetSubTitle"},
	{"DISCTOTAL", "", "DISCTOTAL", "", "", ""},
	{"DISCTOTAL", "", "TOTALDISCS", "", "", ""},
	{"DJMIXER", "TIPL:DJ-mix", "DJMIXER", "DJMixer", "----DJMIXER", "WM/DJMixer"},
	{"ENGINEER", "TIPL:engineer", "ENGINEER", "Engineer", "----ENGINEER", "WM/Engineer"},
	{"GENRE", "TCON", "GENRE", "Genre", "\xa9gen", "WM/Genre"},
	{"GROUPING", "GRP1", "GROUPING", "Grouping", "\xa9grp", "WM/ContentGroupDescription"},
	{"ISRC", "TSRC", "ISRC", "ISRC", "----ISRC", "WM/ISRC"},
	{"KEY", "TKEY", "KEY", "KEY", "----initialkey", "WM/InitialKey"},
	{"LABEL", "TPUB", "LABEL", "Label", "----LABEL", "WM/Publisher"},
	{"LANGUAGE", "TLAN", "LANGUAGE", "Language", "----LANGUAGE", "WM/Language"},
	{"LYRICIST", "TEXT", "LYRICIST", "Lyricist", "----LYRICIST", "WM/Writer"},
	{"LYRICS", "", "LYRICS", "Lyrics", "\xa9lyr", "WM/Lyrics"},
	{"MEDIA", "TMED", "MEDIA", "Media", "----MEDIA", "WM/Media"},
	{"MIXER", "TIPL:mix", "MIXER", "Mixer", "----MIXER", "WM/Mixer"},
	{"MOOD", "TMOO", "MOOD", "Mood", "----MOOD", "WM/Mood"},
	{"MOVEMENTNAME", "MVNM", "MOVEMENTNAME", "MOVEMENTNAME", "\xa9mvn", ""},
	{"MOVEMENTNUMBER", "MVIN", "", "", "\xa9mvi", ""},
	{"MOVEMENTTOTAL", "", "MOVEMENTTOTAL", "MOVEMENTTOTAL", "\xa9mvc", ""},
	{"MUSICBRAINZ_ARTISTID", "TXXX:MusicBrainz Artist Id", "MUSICBRAINZ_ARTISTID", "MUSICBRAINZ_ARTISTID", "----MusicBrainz Artist Id", "MusicBrainz/Artist Id"},
	{"MUSICBRAINZ_TRACKID", "UFID", "MUSICBRAINZ_TRACKID", "MUSICBRAINZ_TRACKID", "----MusicBrainz Track Id", "MusicBrainz/Track Id"},
	{"MUSICBRAINZ_ALBUMARTISTID", "TXXX:MusicBrainz Album Artist Id", "MUSICBRAINZ_ALBUMARTISTID", "MUSICBRAINZ_ALBUMARTISTID", "----MusicBrainz Album Artist Id", "MusicBrainz/Album Artist Id"},
	{"MUSICBRAINZ_RELEASEGROUPID", "TXXX:MusicBrainz Release Group Id", "MUSICBRAINZ_RELEASEGROUPID", "MUSICBRAINZ_RELEASEGROUPID", "----MusicBrainz Release Group Id", "MusicBrainz/Release Group Id"},
	{"MUSICBRAINZ_ALBUMID", "TXXX:MusicBrainz Album Id", "MUSICBRAINZ_ALBUMID", "MUSICBRAINZ_ALBUMID", "----MusicBrainz Album Id", "MusicBrainz/Album Id"},
	{"MUSICBRAINZ_RELEASETRACKID", "TXXX:MusicBrainz Release Track Id", "MUSICBRAINZ_RELEASETRACKID", "MUSICBRAINZ_RELEASETRACKID", "----MusicBrainz Release Track Id", "MusicBrainz/Release Track Id"},
	{"MUSICBRAINZ_WORKID", "TXXX:MusicBrainz Work Id", "MUSICBRAINZ_WORKID", "MUSICBRAINZ_WORKID", "----MusicBrainz Work Id", "MusicBrainz/Work Id"},
	{"ORIGINALDATE", "TDOR", "ORIGINALDATE", "", "----originaldate", "WM/OriginalReleaseTime"},
	{"ORIGINALYEAR", "TORY", "ORIGINALYEAR", "ORIGINALYEAR", "----originalyear", "WM/OriginalReleaseYear"},
	{"PERFORMER", "TMCL:", "PERFORMER", "Performer", "----PERFORMER", ""},
	{"PRODUCER", "TIPL:producer", "PRODUCER", "Producer", "----PRODUCER", "WM/Producer"},
	{"RELEASECOUNTRY", "TXXX:MusicBrainz Album Release Country", "RELEASECOUNTRY", "RELEASECOUNTRY", "----MusicBrainz Album Release Country", "MusicBrainz/Album Release Country"},
	{"RELEASEDATE", "TDRL", "RELEASEDATE", "", "----RELEASEDATE", "WM/ReleaseDate"},
	{"RELEASESTATUS", "TXXX:MusicBrainz Album Status", "RELEASESTATUS", "MUSICBRAINZ_ALBUMSTATUS", "----MusicBrainz Album Status", "MusicBrainz/Album Status"},
	{"RELEASETYPE", "TXXX:MusicBrainz Album Type", "RELEASETYPE", "MUSICBRAINZ_ALBUMTYPE", "----MusicBrainz Album Type", "MusicBrainz/Album Type"},
	{"REMIXER", "TPE4", "REMIXER", "MixArtist", "----REMIXER", "WM/ModifiedBy"},
	{"REPLAYGAIN_ALBUM_GAIN", "TXXX:REPLAYGAIN_ALBUM_GAIN", "REPLAYGAIN_ALBUM_GAIN", "REPLAYGAIN_ALBUM_GAIN", "----REPLAYGAIN_ALBUM_GAIN", "REPLAYGAIN_ALBUM_GAIN"},
	{"REPLAYGAIN_ALBUM_PEAK", "TXXX:REPLAYGAIN_ALBUM_PEAK", "REPLAYGAIN_ALBUM_PEAK", "REPLAYGAIN_ALBUM_PEAK", "----REPLAYGAIN_ALBUM_PEAK", "REPLAYGAIN_ALBUM_PEAK"},
	{"REPLAYGAIN_TRACK_GAIN", "TXXX:REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_GAIN", "----REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_GAIN"},
	{"REPLAYGAIN_TRACK_PEAK", "TXXX:REPLAYGAIN_TRACK_PEAK", "REPLAYGAIN_TRACK_PEAK", "REPLAYGAIN_TRACK_PEAK", "----REPLAYGAIN_TRACK_PEAK", "REPLAYGAIN_TRACK_PEAK"},
	{"SHOWMOVEMENT", "TXXX:SHOWMOVEMENT", "SHOWMOVEMENT", "SHOWMOVEMENT", "shwm", ""},
	{"SUBTITLE", "TIT3", "SUBTITLE", "Subtitle", "----SUBTITLE", "WM/SubTitle"},
	{"TITLE", "TIT2", "TITLE", "Title", "\xa9nam", "Title"},
	{"TITLESORT", "TSOT", "TITLESORT", "TITLESORT", "sonm", "WM/TitleSortOrder"},
	{"TRACKNUMBER", "TRCK", "TRACKNUMBER", "Track", "trkn", "WM/TrackNumber"},
	{"TRACKTOTAL", "", "TRACKTOTAL", "", "", ""},
	{"TRACKTOTAL", "", "TOTALTRACKS", "", "", ""},
	{"WORK", "TXXX:WORK", "WORK", "WORK", "\xa9wrk", "WM/Work"},
	{"WRITER", "TXXX:Writer", "WRITER", "Writer", "----WRITER", "Writer"},
}

// TestMappingOfPicard looks up every name of the table.
func TestMappingOfPicard(t *testing.T) {
	id3Name := func(s string) string {
		if desc, ok := strings.CutPrefix(s, "TXXX:"); ok {
			return freeName(desc)
		}
		if _, what, ok := strings.Cut(s, ":"); ok {
			if what == "" {
				return "PERFORMER"
			}
			return id3Roles[squeeze(what)]
		}
		switch s {
		case "UFID":
			return "MUSICBRAINZ_TRACKID"
		case "COMM":
			return "COMMENT"
		}
		return id3Text[s]
	}
	mp4 := func(s string) string {
		if name, ok := strings.CutPrefix(s, "----"); ok {
			return mp4Freeform("com.apple.iTunes", name)
		}
		return mp4Name(s)
	}
	for _, row := range picardTable {
		for i, look := range []func(string) string{id3Name, vorbisName, apeName, mp4, asfName} {
			if key := row[i+1]; key != "" {
				if got := look(key); got != row[0] {
					t.Errorf("%q in column %d is %q, want %s", key, i+1, got, row[0])
				}
			}
		}
	}
}

// TestMappingOfOthers looks up spellings of other writers.
func TestMappingOfOthers(t *testing.T) {
	for key, want := range map[string]string{
		"ALBUM ARTIST": "ALBUMARTIST", "album_artist": "ALBUMARTIST", "Record Label": "LABEL", "ORGANIZATION": "LABEL", "EAN/UPC": "BARCODE",
		"UNSYNCEDLYRICS": "LYRICS", "SYNCEDLYRICS": "LYRICS", "SOURCEMEDIA": "MEDIA", "itunesadvisory": "ITUNESADVISORY", "DISC": "DISCNUMBER", "Tempo": "BPM",
	} {
		if got := freeName(key); got != want {
			t.Errorf("%q is %q, want %s", key, got, want)
		}
	}
}
