package audio

import "strings"

// The names below follow the tag mapping that MusicBrainz Picard publishes
// (https://picard-docs.musicbrainz.org/en/appendices/tag_mapping.html), with
// the spellings that other writers use.

// aliases maps names without case, spaces and punctuation, as squeeze makes
// them, to canonical names. Free-form names of every container go through it.
var aliases = aliasTable()

func aliasTable() map[string]string {
	m := map[string]string{
		"TRACK": "TRACKNUMBER", "TRACKNUM": "TRACKNUMBER", "TRACKNO": "TRACKNUMBER",
		"TOTALTRACKS": "TRACKTOTAL", "TRACKCOUNT": "TRACKTOTAL",
		"DISC": "DISCNUMBER", "DISK": "DISCNUMBER", "DISKNUMBER": "DISCNUMBER", "DISCNO": "DISCNUMBER",
		"TOTALDISCS": "DISCTOTAL", "DISKTOTAL": "DISCTOTAL", "DISCCOUNT": "DISCTOTAL",
		"SETSUBTITLE": "DISCSUBTITLE", "DISCTITLE": "DISCSUBTITLE",
		"ORIGYEAR": "ORIGINALYEAR", "ORIGDATE": "ORIGINALDATE",
		"ORIGINALRELEASEDATE": "ORIGINALDATE", "ORIGINALRELEASEYEAR": "ORIGINALYEAR",
		"RELEASETIME": "RELEASEDATE", "RECORDDATE": "RECORDINGDATE",
		"ALBUMARTISTSORTORDER": "ALBUMARTISTSORT", "ARTISTSORTORDER": "ARTISTSORT", "SORTARTIST": "ARTISTSORT",
		"SORTALBUMARTIST": "ALBUMARTISTSORT", "SORTALBUM": "ALBUMSORT", "SORTNAME": "TITLESORT",
		"ALBUMSORTORDER": "ALBUMSORT", "TITLESORTORDER": "TITLESORT", "COMPOSERSORTORDER": "COMPOSERSORT",
		"SORTCOMPOSER": "COMPOSERSORT",
		"PUBLISHER":    "LABEL", "ORGANIZATION": "LABEL", "ORGANISATION": "LABEL", "RECORDLABEL": "LABEL",
		"LABELNO": "CATALOGNUMBER", "CATALOG": "CATALOGNUMBER", "CATALOGNO": "CATALOGNUMBER",
		"CATALOGUENUMBER": "CATALOGNUMBER", "CATALOGID": "CATALOGNUMBER",
		"UPC": "BARCODE", "EAN": "BARCODE", "EANUPN": "BARCODE", "EANUPC": "BARCODE", "UPCEAN": "BARCODE",
		"SOURCEMEDIA": "MEDIA", "MEDIATYPE": "MEDIA",
		"TEMPO": "BPM", "BEATSPERMINUTE": "BPM", "INITIALKEY": "KEY",
		"CONTENTGROUP": "GROUPING", "CONTENTGROUPDESCRIPTION": "GROUPING",
		"UNSYNCEDLYRICS": "LYRICS", "UNSYNCHRONISEDLYRICS": "LYRICS", "UNSYNCLYRICS": "LYRICS", "SYNCEDLYRICS": "LYRICS",
		"ITUNESCOMPILATION": "COMPILATION", "PARTOFACOMPILATION": "COMPILATION",
		"EXPLICIT": "ITUNESADVISORY", "ADVISORY": "ITUNESADVISORY",
		"MIXARTIST": "REMIXER", "MODIFIEDBY": "REMIXER", "DJMIX": "DJMIXER", "MIX": "MIXER", "MIXEDBY": "MIXER",
		"MUSICBRAINZRECORDINGID":         "MUSICBRAINZ_TRACKID",
		"MUSICBRAINZRELEASEID":           "MUSICBRAINZ_ALBUMID",
		"MUSICBRAINZALBUMTYPE":           "RELEASETYPE",
		"MUSICBRAINZRELEASETYPE":         "RELEASETYPE",
		"MUSICBRAINZALBUMSTATUS":         "RELEASESTATUS",
		"MUSICBRAINZALBUMRELEASECOUNTRY": "RELEASECOUNTRY",
		"MUSICBRAINZRELEASECOUNTRY":      "RELEASECOUNTRY",
		"MUSICBRAINZALBUMCOMMENT":        "ALBUMVERSION",
		"RELEASEVERSION":                 "ALBUMVERSION",
		"MUSICBRAINZORIGINALARTISTID":    "MUSICBRAINZ_ORIGINALARTISTID",
	}
	for _, name := range []string{
		"TITLE", "TITLESORT", "SUBTITLE", "VERSION", "ARTIST", "ARTISTS", "ARTISTSORT",
		"ALBUM", "ALBUMSORT", "ALBUMVERSION", "ALBUMARTIST", "ALBUMARTISTS", "ALBUMARTISTSORT",
		"COMPOSER", "COMPOSERSORT", "LYRICIST", "LYRICISTSORT", "WRITER", "CONDUCTOR", "ARRANGER", "PRODUCER",
		"ENGINEER", "MIXER", "DJMIXER", "REMIXER", "DIRECTOR", "PERFORMER",
		"TRACKNUMBER", "TRACKTOTAL", "DISCNUMBER", "DISCTOTAL", "DISCSUBTITLE", "COMPILATION",
		"DATE", "YEAR", "ORIGINALDATE", "ORIGINALYEAR", "RELEASEDATE", "RECORDINGDATE",
		"GENRE", "MOOD", "GROUPING", "WORK", "MUSICBRAINZ_WORKID",
		"MOVEMENT", "MOVEMENTNAME", "MOVEMENTNUMBER", "MOVEMENTTOTAL", "SHOWMOVEMENT",
		"LANGUAGE", "COMMENT", "DESCRIPTION", "BPM", "KEY", "ISRC", "LABEL", "CATALOGNUMBER", "BARCODE", "MEDIA",
		"RELEASETYPE", "RELEASESTATUS", "RELEASECOUNTRY", "ITUNESADVISORY", "LYRICS",
		"MUSICBRAINZ_TRACKID", "MUSICBRAINZ_RELEASETRACKID", "MUSICBRAINZ_ALBUMID",
		"MUSICBRAINZ_RELEASEGROUPID", "MUSICBRAINZ_ARTISTID", "MUSICBRAINZ_ALBUMARTISTID",
		"REPLAYGAIN_TRACK_GAIN", "REPLAYGAIN_TRACK_PEAK", "REPLAYGAIN_ALBUM_GAIN", "REPLAYGAIN_ALBUM_PEAK",
		"R128_TRACK_GAIN", "R128_ALBUM_GAIN", "METADATA_BLOCK_PICTURE", "COVERART", "COVERARTMIME",
	} {
		m[squeeze(name)] = name
	}
	for _, r := range roleTags {
		m["MUSICBRAINZ"+r.name+"ID"] = "MUSICBRAINZ_" + r.name + "ID"
	}
	return m
}

// squeeze makes a free-form name upper case and drops everything in it but
// ASCII letters and digits: "MusicBrainz Album Id" and "MUSICBRAINZ_ALBUMID"
// become one.
func squeeze(key string) string {
	ok := true
	for i := 0; i < len(key); i++ {
		if c := key[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			ok = false
			break
		}
	}
	if ok {
		return key
	}
	b := make([]byte, 0, len(key))
	for i := 0; i < len(key); i++ {
		switch c := key[i]; {
		case c >= 'a' && c <= 'z':
			b = append(b, c-'a'+'A')
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			b = append(b, c)
		}
	}
	return string(b)
}

// maxKey is the longest free-form name that is looked at, in bytes.
const maxKey = 256

// freeName returns the canonical name of a free-form name of any container;
// an unknown one becomes upper case.
func freeName(key string) string {
	if len(key) > maxKey {
		return ""
	}
	if name, ok := aliases[squeeze(key)]; ok {
		return name
	}
	return strings.ToUpper(clean(key))
}

// vorbisName returns the canonical name of a Vorbis comment's field name.
func vorbisName(key string) string { return freeName(key) }

// apeName returns the canonical name of an APEv2 item's key.
func apeName(key string) string { return freeName(key) }

// mp4Atoms maps the items of an MP4 ilst box. The sign © is one byte, 0xA9.
var mp4Atoms = map[string]string{
	"\xa9nam": "TITLE", "sonm": "TITLESORT", "\xa9st3": "SUBTITLE",
	"\xa9ART": "ARTIST", "soar": "ARTISTSORT", "aART": "ALBUMARTIST", "soaa": "ALBUMARTISTSORT",
	"\xa9alb": "ALBUM", "soal": "ALBUMSORT",
	"\xa9wrt": "COMPOSER", "\xa9com": "COMPOSER", "soco": "COMPOSERSORT", "\xa9con": "CONDUCTOR", "\xa9dir": "DIRECTOR",
	"\xa9arg": "ARRANGER", "\xa9prd": "PRODUCER", "\xa9aut": "LYRICIST", "\xa9sne": "ENGINEER", "\xa9prf": "PERFORMER",
	"\xa9day": "DATE", "\xa9gen": "GENRE", "gnre": "GENRE", "\xa9grp": "GROUPING",
	"trkn": "TRACKNUMBER", "disk": "DISCNUMBER", "cpil": "COMPILATION", "tmpo": "BPM", "rtng": "ITUNESADVISORY",
	"\xa9wrk": "WORK", "\xa9mvn": "MOVEMENTNAME", "\xa9mvi": "MOVEMENTNUMBER", "\xa9mvc": "MOVEMENTTOTAL", "shwm": "SHOWMOVEMENT",
	"\xa9cmt": "COMMENT", "desc": "DESCRIPTION", "ldes": "DESCRIPTION", "\xa9des": "DESCRIPTION", "\xa9lyr": "LYRICS",
	"\xa9pub": "LABEL", "cprt": "COPYRIGHT", "\xa9cpy": "COPYRIGHT", "\xa9too": "ENCODER", "\xa9enc": "ENCODEDBY",
}

// mp4Name returns the canonical name of an ilst item of four bytes, or "".
func mp4Name(atom string) string { return mp4Atoms[atom] }

// mp4Freeform returns the canonical name of a "----" item. mean is the
// writer's domain: several write the same names under their own.
func mp4Freeform(mean, name string) string {
	if mean == "com.apple.iTunes" && strings.HasPrefix(name, "iTun") && !strings.EqualFold(name, "iTunesAdvisory") {
		return strings.ToUpper(clean(name)) // iTunNORM, iTunSMPB: technical, never a tag
	}
	return freeName(name)
}

// riffNames maps the chunks of a RIFF INFO list.
var riffNames = map[string]string{
	"INAM": "TITLE", "IART": "ARTIST", "IPRD": "ALBUM", "IAAR": "ALBUMARTIST", "ICRD": "DATE", "YEAR": "YEAR",
	"IGNR": "GENRE", "ICMT": "COMMENT", "ITRK": "TRACKNUMBER", "IPRT": "TRACKNUMBER", "TRCK": "TRACKNUMBER",
	"IMUS": "COMPOSER", "IWRI": "LYRICIST", "IENG": "ENGINEER", "IPRO": "PRODUCER", "IPUB": "LABEL",
	"ILNG": "LANGUAGE", "IBPM": "BPM", "IMED": "MEDIA", "ICOP": "COPYRIGHT", "ISFT": "ENCODER", "ISBJ": "SUBTITLE",
}

// id3Old maps the frames of ID3v2.2 to those of later versions.
var id3Old = map[string]string{
	"TT1": "TIT1", "TT2": "TIT2", "TT3": "TIT3", "TP1": "TPE1", "TP2": "TPE2", "TP3": "TPE3", "TP4": "TPE4",
	"TCM": "TCOM", "TXT": "TEXT", "TLA": "TLAN", "TCO": "TCON", "TAL": "TALB", "TPA": "TPOS", "TRK": "TRCK",
	"TRC": "TSRC", "TYE": "TYER", "TDA": "TDAT", "TIM": "TIME", "TOR": "TORY", "TBP": "TBPM", "TMT": "TMED",
	"TPB": "TPUB", "TKE": "TKEY", "TCR": "TCOP", "TCP": "TCMP", "TST": "TSOT", "TSA": "TSOA", "TSP": "TSOP",
	"TS2": "TSO2", "TSC": "TSOC", "TXX": "TXXX", "COM": "COMM", "ULT": "USLT", "SLT": "SYLT", "UFI": "UFID",
	"PIC": "APIC", "IPL": "IPLS", "MVN": "MVNM", "MVI": "MVIN", "GP1": "GRP1", "TDR": "TDRL", "RVA": "RVAD",
}

// contentGroup is what a TIT1 frame says: the grouping, or, where a GRP1 frame
// says that or a movement is named, the work, as iTunes writes it.
const contentGroup = "TIT1"

// id3Text maps the text frames of ID3v2.3 and ID3v2.4.
var id3Text = map[string]string{
	"TIT1": contentGroup, "GRP1": "GROUPING", "TIT2": "TITLE", "TIT3": "SUBTITLE", "TALB": "ALBUM",
	"TPE1": "ARTIST", "TPE2": "ALBUMARTIST", "TPE3": "CONDUCTOR", "TPE4": "REMIXER",
	"TCOM": "COMPOSER", "TEXT": "LYRICIST", "TCON": "GENRE", "TLAN": "LANGUAGE", "TMOO": "MOOD",
	"TRCK": "TRACKNUMBER", "TPOS": "DISCNUMBER", "TSST": "DISCSUBTITLE", "TCMP": "COMPILATION",
	"TDRC": "DATE", "TYER": "YEAR", "TDOR": "ORIGINALDATE", "TORY": "ORIGINALYEAR", "TDRL": "RELEASEDATE",
	"TSOT": "TITLESORT", "TSOA": "ALBUMSORT", "TSOP": "ARTISTSORT", "TSO2": "ALBUMARTISTSORT", "TSOC": "COMPOSERSORT",
	"XSOT": "TITLESORT", "XSOA": "ALBUMSORT", "XSOP": "ARTISTSORT",
	"TSRC": "ISRC", "TBPM": "BPM", "TPUB": "LABEL", "TMED": "MEDIA", "TKEY": "KEY", "TCOP": "COPYRIGHT",
	"TENC": "ENCODEDBY", "TSSE": "ENCODER", "MVNM": "MOVEMENTNAME", "MVIN": "MOVEMENTNUMBER",
}

// id3Roles maps the functions of TIPL and IPLS pairs. Every other function
// is what a performer plays.
var id3Roles = map[string]string{
	"ARRANGER": "ARRANGER", "ENGINEER": "ENGINEER", "PRODUCER": "PRODUCER", "MIX": "MIXER", "MIXER": "MIXER",
	"DJMIX": "DJMIXER", "DJMIXER": "DJMIXER", "CONDUCTOR": "CONDUCTOR", "REMIXER": "REMIXER", "COMPOSER": "COMPOSER",
	"LYRICIST": "LYRICIST", "WRITER": "WRITER", "DIRECTOR": "DIRECTOR",
}
