"""What each tag format calls a tag of the songs, after the table that
MusicBrainz Picard publishes. Writers and the readers that we are held
against share it; Songlocker's own reader has its own."""

ID3 = {
    "TITLE": "TIT2", "TITLESORT": "TSOT", "ARTIST": "TPE1", "ARTISTSORT": "TSOP", "ALBUM": "TALB", "ALBUMSORT": "TSOA", "ALBUMARTIST": "TPE2", "ALBUMARTISTSORT": "TSO2",
    "COMPOSER": "TCOM", "COMPOSERSORT": "TSOC", "CONDUCTOR": "TPE3", "REMIXER": "TPE4", "LYRICIST": "TEXT", "GENRE": "TCON", "MOOD": "TMOO", "GROUPING": "TIT1",
    "DISCSUBTITLE": "TSST", "DATE": "TDRC", "ORIGINALDATE": "TDOR", "BPM": "TBPM", "ISRC": "TSRC", "LABEL": "TPUB", "MEDIA": "TMED", "LANGUAGE": "TLAN", "COMPILATION": "TCMP",
    "MOVEMENTNAME": "MVNM",
}
ID3_FREE = {
    "ARTISTS": "ARTISTS", "ALBUMARTISTS": "ALBUMARTISTS", "CATALOGNUMBER": "CATALOGNUMBER", "BARCODE": "BARCODE", "WORK": "WORK",
    "RELEASETYPE": "MusicBrainz Album Type", "RELEASESTATUS": "MusicBrainz Album Status", "RELEASECOUNTRY": "MusicBrainz Album Release Country",
    "MUSICBRAINZ_RELEASETRACKID": "MusicBrainz Release Track Id", "MUSICBRAINZ_ALBUMID": "MusicBrainz Album Id", "MUSICBRAINZ_RELEASEGROUPID": "MusicBrainz Release Group Id",
    "MUSICBRAINZ_ARTISTID": "MusicBrainz Artist Id", "MUSICBRAINZ_ALBUMARTISTID": "MusicBrainz Album Artist Id",
    "REPLAYGAIN_TRACK_GAIN": "REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_PEAK": "REPLAYGAIN_TRACK_PEAK", "REPLAYGAIN_ALBUM_GAIN": "REPLAYGAIN_ALBUM_GAIN", "REPLAYGAIN_ALBUM_PEAK": "REPLAYGAIN_ALBUM_PEAK",
}
ID3_PEOPLE = {"ARRANGER": "arranger", "PRODUCER": "producer", "ENGINEER": "engineer"}
ID3_22 = {"TIT2": "TT2", "TPE1": "TP1", "TPE2": "TP2", "TPE3": "TP3", "TPE4": "TP4", "TCOM": "TCM", "TEXT": "TXT", "TCON": "TCO", "TALB": "TAL", "TIT1": "TT1", "TBPM": "TBP", "TSRC": "TRC",
          "TPUB": "TPB", "TLAN": "TLA", "TMED": "TMT", "TCMP": "TCP", "TSOT": "TST", "TSOA": "TSA", "TSOP": "TSP", "TSO2": "TS2", "TSOC": "TSC"}

MP4 = {
    "TITLE": "\xa9nam", "TITLESORT": "sonm", "ARTIST": "\xa9ART", "ARTISTSORT": "soar", "ALBUM": "\xa9alb", "ALBUMSORT": "soal", "ALBUMARTIST": "aART", "ALBUMARTISTSORT": "soaa",
    "COMPOSER": "\xa9wrt", "COMPOSERSORT": "soco", "GENRE": "\xa9gen", "GROUPING": "\xa9grp", "DATE": "\xa9day", "COMMENT": "\xa9cmt", "LYRICS": "\xa9lyr", "WORK": "\xa9wrk", "MOVEMENTNAME": "\xa9mvn",
}
MP4_FREE = {k: v for k, v in ID3_FREE.items() if k != "WORK"} | {
    "CONDUCTOR": "CONDUCTOR", "LYRICIST": "LYRICIST", "ARRANGER": "ARRANGER", "PRODUCER": "PRODUCER", "ENGINEER": "ENGINEER", "REMIXER": "REMIXER", "MOOD": "MOOD", "DISCSUBTITLE": "DISCSUBTITLE",
    "ORIGINALDATE": "ORIGINALDATE", "ISRC": "ISRC", "LABEL": "LABEL", "MEDIA": "MEDIA", "LANGUAGE": "LANGUAGE", "PERFORMER": "PERFORMER", "MUSICBRAINZ_TRACKID": "MusicBrainz Track Id",
}

APE = {
    "TITLE": "Title", "TITLESORT": "TITLESORT", "ARTIST": "Artist", "ARTISTS": "Artists", "ARTISTSORT": "ARTISTSORT", "ALBUM": "Album", "ALBUMSORT": "ALBUMSORT", "ALBUMARTIST": "Album Artist",
    "ALBUMARTISTS": "ALBUMARTISTS", "ALBUMARTISTSORT": "ALBUMARTISTSORT", "COMPOSER": "Composer", "COMPOSERSORT": "COMPOSERSORT", "CONDUCTOR": "Conductor", "REMIXER": "MixArtist", "LYRICIST": "Lyricist",
    "ARRANGER": "Arranger", "PRODUCER": "Producer", "ENGINEER": "Engineer", "PERFORMER": "Performer", "GENRE": "Genre", "MOOD": "Mood", "GROUPING": "Grouping", "DISCSUBTITLE": "DiscSubtitle", "DATE": "Year",
    "ORIGINALDATE": "ORIGINALDATE", "BPM": "BPM", "ISRC": "ISRC", "LABEL": "Label", "CATALOGNUMBER": "CatalogNumber", "BARCODE": "Barcode", "MEDIA": "Media", "LANGUAGE": "Language", "COMPILATION": "Compilation",
    "COMMENT": "Comment", "LYRICS": "Lyrics", "WORK": "WORK", "MOVEMENTNAME": "MOVEMENTNAME", "MOVEMENT": "MOVEMENT", "MOVEMENTTOTAL": "MOVEMENTTOTAL",
    "RELEASETYPE": "MUSICBRAINZ_ALBUMTYPE", "RELEASESTATUS": "MUSICBRAINZ_ALBUMSTATUS", "RELEASECOUNTRY": "RELEASECOUNTRY",
    "MUSICBRAINZ_TRACKID": "MUSICBRAINZ_TRACKID", "MUSICBRAINZ_RELEASETRACKID": "MUSICBRAINZ_RELEASETRACKID", "MUSICBRAINZ_ALBUMID": "MUSICBRAINZ_ALBUMID",
    "MUSICBRAINZ_RELEASEGROUPID": "MUSICBRAINZ_RELEASEGROUPID", "MUSICBRAINZ_ARTISTID": "MUSICBRAINZ_ARTISTID", "MUSICBRAINZ_ALBUMARTISTID": "MUSICBRAINZ_ALBUMARTISTID",
    "REPLAYGAIN_TRACK_GAIN": "REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_PEAK": "REPLAYGAIN_TRACK_PEAK", "REPLAYGAIN_ALBUM_GAIN": "REPLAYGAIN_ALBUM_GAIN", "REPLAYGAIN_ALBUM_PEAK": "REPLAYGAIN_ALBUM_PEAK",
}

ASF = {
    "TITLE": "Title", "ARTIST": "Author", "COMMENT": "Description", "TITLESORT": "WM/TitleSortOrder", "ARTISTS": "WM/ARTISTS", "ARTISTSORT": "WM/ArtistSortOrder", "ALBUM": "WM/AlbumTitle",
    "ALBUMSORT": "WM/AlbumSortOrder", "ALBUMARTIST": "WM/AlbumArtist", "ALBUMARTISTSORT": "WM/AlbumArtistSortOrder", "COMPOSER": "WM/Composer", "COMPOSERSORT": "WM/ComposerSortOrder",
    "CONDUCTOR": "WM/Conductor", "REMIXER": "WM/ModifiedBy", "LYRICIST": "WM/Writer", "ARRANGER": "WM/Arranger", "PRODUCER": "WM/Producer", "ENGINEER": "WM/Engineer", "GENRE": "WM/Genre", "MOOD": "WM/Mood",
    "GROUPING": "WM/ContentGroupDescription", "DISCSUBTITLE": "WM/SetSubTitle", "DATE": "WM/Year", "ORIGINALDATE": "WM/OriginalReleaseTime", "BPM": "WM/BeatsPerMinute", "ISRC": "WM/ISRC", "LABEL": "WM/Publisher",
    "CATALOGNUMBER": "WM/CatalogNo", "BARCODE": "WM/Barcode", "MEDIA": "WM/Media", "LANGUAGE": "WM/Language", "COMPILATION": "WM/IsCompilation", "LYRICS": "WM/Lyrics", "TRACKNUMBER": "WM/TrackNumber", "DISCNUMBER": "WM/PartOfSet",
    "WORK": "WM/Work", "RELEASETYPE": "MusicBrainz/Album Type", "RELEASESTATUS": "MusicBrainz/Album Status", "RELEASECOUNTRY": "MusicBrainz/Album Release Country",
    "MUSICBRAINZ_TRACKID": "MusicBrainz/Track Id", "MUSICBRAINZ_RELEASETRACKID": "MusicBrainz/Release Track Id", "MUSICBRAINZ_ALBUMID": "MusicBrainz/Album Id",
    "MUSICBRAINZ_RELEASEGROUPID": "MusicBrainz/Release Group Id", "MUSICBRAINZ_ARTISTID": "MusicBrainz/Artist Id", "MUSICBRAINZ_ALBUMARTISTID": "MusicBrainz/Album Artist Id",
    "REPLAYGAIN_TRACK_GAIN": "REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_PEAK": "REPLAYGAIN_TRACK_PEAK", "REPLAYGAIN_ALBUM_GAIN": "REPLAYGAIN_ALBUM_GAIN", "REPLAYGAIN_ALBUM_PEAK": "REPLAYGAIN_ALBUM_PEAK",
}

# The names of beets' own library, which has its own for what each format calls them.
BEETS = {
    "TITLE": "title", "ARTIST": "artist", "ARTISTS": "artists", "ARTISTSORT": "artist_sort", "ALBUM": "album", "ALBUMARTIST": "albumartist", "ALBUMARTISTS": "albumartists", "ALBUMARTISTSORT": "albumartist_sort",
    "COMPOSER": "composer", "COMPOSERSORT": "composer_sort", "LYRICIST": "lyricist", "ARRANGER": "arranger", "GROUPING": "grouping", "GENRE": "genres", "DISCSUBTITLE": "disctitle", "LABEL": "label",
    "CATALOGNUMBER": "catalognum", "BARCODE": "barcode", "ISRC": "isrc", "MEDIA": "media", "LANGUAGE": "language", "LYRICS": "lyrics", "COMMENT": "comments", "RELEASETYPE": "albumtypes", "RELEASESTATUS": "albumstatus",
    "RELEASECOUNTRY": "country", "MUSICBRAINZ_TRACKID": "mb_trackid", "MUSICBRAINZ_RELEASETRACKID": "mb_releasetrackid", "MUSICBRAINZ_ALBUMID": "mb_albumid", "MUSICBRAINZ_RELEASEGROUPID": "mb_releasegroupid",
    "MUSICBRAINZ_ARTISTID": "mb_artistids", "MUSICBRAINZ_ALBUMARTISTID": "mb_albumartistids", "REPLAYGAIN_TRACK_GAIN": "rg_track_gain", "REPLAYGAIN_TRACK_PEAK": "rg_track_peak",
    "REPLAYGAIN_ALBUM_GAIN": "rg_album_gain", "REPLAYGAIN_ALBUM_PEAK": "rg_album_peak", "TRACKNUMBER": "track", "TRACKTOTAL": "tracktotal", "DISCNUMBER": "disc", "DISCTOTAL": "disctotal", "BPM": "bpm", "COMPILATION": "comp",
}

# Names that other players write into Vorbis comments and APEv2.
OTHER = {
    "ALBUMARTIST": "ALBUM ARTIST", "TRACKTOTAL": "TOTALTRACKS", "DISCTOTAL": "TOTALDISCS", "LABEL": "PUBLISHER", "CATALOGNUMBER": "CATALOG", "LYRICS": "UNSYNCED LYRICS", "DISCSUBTITLE": "SETSUBTITLE",
    "GROUPING": "CONTENT GROUP", "ALBUMSORT": "ALBUMSORTORDER", "ARTISTSORT": "ARTISTSORTORDER", "COMPILATION": "ITUNESCOMPILATION", "BARCODE": "UPC", "BPM": "TEMPO", "RELEASETYPE": "RELEASE TYPE", "DISCNUMBER": "DISC", "TRACKNUMBER": "TRACK",
}

# RIFF INFO, as ffmpeg and TagLib write it.
INFO = {"TITLE": "INAM", "ARTIST": "IART", "ALBUM": "IPRD", "DATE": "ICRD", "GENRE": "IGNR", "COMMENT": "ICMT", "TRACKNUMBER": "IPRT"}

# ID3v1's genres that songs have.
GENRES = {"Rock": 17, "Jazz": 8, "Pop": 13, "Techno": 18, "Ambient": 26, "Classical": 32, "Chanson": 102, "Folk": 80}
