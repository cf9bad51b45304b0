package audio

import (
	"path"
	"strings"
)

// format is what a suffix usually means.
type format struct {
	container string // "" while no reader knows it
	mime      string
}

// formats lists the suffixes of audio files, lower case.
var formats = map[string]format{
	"mp3": {"mp3", "audio/mpeg"}, "mp2": {"mp3", "audio/mpeg"}, "mp1": {"mp3", "audio/mpeg"}, "mpga": {"mp3", "audio/mpeg"},
	"flac": {"flac", "audio/flac"}, "fla": {"flac", "audio/flac"},
	"ogg": {"ogg", "audio/ogg"}, "oga": {"ogg", "audio/ogg"}, "opus": {"ogg", "audio/ogg"}, "spx": {"ogg", "audio/ogg"},
	"m4a": {"mp4", "audio/mp4"}, "m4b": {"mp4", "audio/mp4"}, "m4p": {"mp4", "audio/mp4"}, "m4r": {"mp4", "audio/mp4"},
	"mp4": {"mp4", "audio/mp4"}, "alac": {"mp4", "audio/mp4"}, "3ga": {"mp4", "audio/mp4"},
	"wav": {"wav", "audio/wav"}, "wave": {"wav", "audio/wav"}, "bwf": {"wav", "audio/wav"}, "rf64": {"wav", "audio/wav"},
	"aiff": {"aiff", "audio/aiff"}, "aif": {"aiff", "audio/aiff"}, "aifc": {"aiff", "audio/aiff"}, "afc": {"aiff", "audio/aiff"},
	"aac": {"aac", "audio/aac"}, "adts": {"aac", "audio/aac"},
	"ape": {"ape", "audio/x-ape"}, "wv": {"wavpack", "audio/x-wavpack"}, "tta": {"tta", "audio/x-tta"}, "tak": {"", "audio/x-tak"},
	"mpc": {"musepack", "audio/x-musepack"}, "mp+": {"musepack", "audio/x-musepack"}, "mpp": {"musepack", "audio/x-musepack"},
	"ofr": {"", "audio/x-optimfrog"}, "ofs": {"", "audio/x-optimfrog"}, "shn": {"", "audio/x-shorten"},
	"wma": {"asf", "audio/x-ms-wma"}, "asf": {"asf", "audio/x-ms-wma"},
	"dsf": {"dsf", "audio/x-dsf"}, "dff": {"dff", "audio/x-dff"},
	"mka": {"matroska", "audio/x-matroska"}, "mkv": {"matroska", "audio/x-matroska"}, "webm": {"matroska", "audio/webm"}, "weba": {"matroska", "audio/webm"},
	"ac3": {"ac3", "audio/ac3"}, "ec3": {"ac3", "audio/eac3"}, "eac3": {"ac3", "audio/eac3"}, "dts": {"dts", "audio/vnd.dts"}, "thd": {"", "audio/vnd.dolby.mlp"},
	"au": {"au", "audio/basic"}, "snd": {"au", "audio/basic"}, "caf": {"caf", "audio/x-caf"}, "w64": {"w64", "audio/x-w64"},
	"amr": {"", "audio/amr"}, "ra": {"", "audio/x-realaudio"},
}

// contentTypes are the MIME types of the containers by name, for objects
// whose suffix says something else.
var contentTypes = map[string]string{
	"mp3": "audio/mpeg", "flac": "audio/flac", "ogg": "audio/ogg", "mp4": "audio/mp4", "wav": "audio/wav", "aiff": "audio/aiff",
	"asf": "audio/x-ms-wma", "matroska": "audio/x-matroska",
	"aac": "audio/aac", "ape": "audio/x-ape", "wavpack": "audio/x-wavpack", "musepack": "audio/x-musepack", "tta": "audio/x-tta", "dsf": "audio/x-dsf",
	"dff": "audio/x-dff", "w64": "audio/x-w64", "caf": "audio/x-caf", "au": "audio/basic", "ac3": "audio/ac3", "dts": "audio/vnd.dts",
}

// IsAudio tells whether suffix (lower case, without the dot) is one of an
// audio file, whether or not Read knows the format.
func IsAudio(suffix string) bool {
	_, ok := formats[suffix]
	return ok
}

// ContentType returns the MIME type that suffix (lower case, without the
// dot) stands for, "" when it is not one of an audio file.
func ContentType(suffix string) string { return formats[suffix].mime }

// Reader returns the version of the reader for the container that suffix
// (lower case, without the dot) usually means; 0 when there is none.
func Reader(suffix string) int {
	name := formats[suffix].container
	if name == "" {
		return 0
	}
	if name == mpeg.name {
		return mpeg.version
	}
	for _, c := range containers {
		if c.name == name {
			return c.version
		}
	}
	return 0
}

// suffix returns the suffix of an object's key, lower case, without the dot.
func suffix(key string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(key), "."))
}
