package spec

// The values of Child.MediaType.
const (
	MediaSong   = "song"
	MediaAlbum  = "album"
	MediaArtist = "artist"
)

// The values of Child.Type.
const (
	TypeMusic     = "music"
	TypePodcast   = "podcast"
	TypeAudiobook = "audiobook"
	TypeVideo     = "video"
)

// Child is a song, or a directory of the folder view, which may be an album
// (https://opensubsonic.netlify.app/docs/responses/child/).
type Child struct {
	ID                    string `wire:"id"`
	Parent                string `wire:"parent,omit"` // opens in getMusicDirectory
	IsDir                 bool   `wire:"isDir"`
	Title                 string `wire:"title"`
	Album                 string `wire:"album,omit"`
	Artist                string `wire:"artist,omit"` // as printed
	Track                 int    `wire:"track,omit"`
	Year                  int    `wire:"year,omit"`
	Genre                 string `wire:"genre,omit"`
	CoverArt              string `wire:"coverArt,omit"` // an id for getCoverArt; unset without a picture
	Size                  int64  `wire:"size,file"`     // bytes
	ContentType           string `wire:"contentType,omit"`
	Suffix                string `wire:"suffix,omit"` // without the dot
	TranscodedContentType string `wire:"transcodedContentType,omit" class:"absent" why:"stream sends the original unless asked for something else"`
	TranscodedSuffix      string `wire:"transcodedSuffix,omit" class:"absent" why:"stream sends the original unless asked for something else"`
	Duration              int    `wire:"duration,file"` // seconds
	BitRate               int    `wire:"bitRate,omit"`  // kbit/s
	BitDepth              int    `wire:"bitDepth,empty"`
	SamplingRate          int    `wire:"samplingRate,empty"` // Hz
	ChannelCount          int    `wire:"channelCount,empty"`
	Path                  string `wire:"path,omit"` // relative to the library's root
	IsVideo               bool   `wire:"isVideo" class:"default" why:"the catalog holds no videos"`
	UserRating            int    `wire:"userRating,omit"` // 1 to 5
	AverageRating         Rating `wire:"averageRating,omit"`
	PlayCount             int64  `wire:"playCount,omit"`
	DiscNumber            int    `wire:"discNumber,omit"`
	Created               Time   `wire:"created,omit"`
	Starred               Time   `wire:"starred,omit"`
	AlbumID               string `wire:"albumId,omit"`
	ArtistID              string `wire:"artistId,omit"`
	Type                  string `wire:"type,omit"`
	MediaType             string `wire:"mediaType,omit"`
	BookmarkPosition      int64  `wire:"bookmarkPosition,omit"` // ms
	OriginalWidth         int    `wire:"originalWidth,omit" class:"absent" why:"the catalog holds no videos"`
	OriginalHeight        int    `wire:"originalHeight,omit" class:"absent" why:"the catalog holds no videos"`
	Played                Time   `wire:"played,omit"`
	BPM                   int    `wire:"bpm,empty"`
	Comment               string `wire:"comment,empty"`
	SortName              string `wire:"sortName,empty"`
	MusicBrainzID         string `wire:"musicBrainzId,empty"` // of the recording, of an album's release
	DisplayArtist         string `wire:"displayArtist,empty"`
	DisplayAlbumArtist    string `wire:"displayAlbumArtist,empty"`
	DisplayComposer       string `wire:"displayComposer,empty"`
	ExplicitStatus        string `wire:"explicitStatus,empty"` // "explicit", "clean" or ""

	ISRC         []string      `wire:"isrc"`
	Genres       []ItemGenre   `wire:"genres"`
	Artists      []ArtistRef   `wire:"artists"`
	AlbumArtists []ArtistRef   `wire:"albumArtists"`
	Contributors []Contributor `wire:"contributors"`
	Moods        []string      `wire:"moods"`
	ReplayGain   ReplayGain    `wire:"replayGain,empty"`
	Works        []Work        `wire:"works"`
	Movements    []Movement    `wire:"movements"`
	Groupings    []string      `wire:"groupings"`
}

// AlbumID3 is an album of the tag view
// (https://opensubsonic.netlify.app/docs/responses/albumid3/).
type AlbumID3 struct {
	ID             string `wire:"id"`
	Name           string `wire:"name"`
	Version        string `wire:"version,empty"` // "Deluxe Edition"
	Artist         string `wire:"artist"`        // some apps drop an album without it
	ArtistID       string `wire:"artistId,omit"`
	CoverArt       string `wire:"coverArt,omit"`
	SongCount      int    `wire:"songCount"`
	Duration       int    `wire:"duration"` // seconds
	PlayCount      int64  `wire:"playCount,omit"`
	Created        Time   `wire:"created"`
	Starred        Time   `wire:"starred,omit"`
	Year           int    `wire:"year,omit"`
	Genre          string `wire:"genre,omit"`
	Played         Time   `wire:"played,omit"`
	UserRating     int    `wire:"userRating,empty"`    // 1 to 5; 0 without one
	MusicBrainzID  string `wire:"musicBrainzId,empty"` // of the release
	DisplayArtist  string `wire:"displayArtist,empty"`
	SortName       string `wire:"sortName,empty"`
	IsCompilation  bool   `wire:"isCompilation,empty"`
	ExplicitStatus string `wire:"explicitStatus,empty"` // "explicit", "clean" or ""

	RecordLabels        []RecordLabel `wire:"recordLabels"`
	Genres              []ItemGenre   `wire:"genres"`
	Artists             []ArtistRef   `wire:"artists"`
	ReleaseTypes        []string      `wire:"releaseTypes"`
	Moods               []string      `wire:"moods"`
	OriginalReleaseDate ItemDate      `wire:"originalReleaseDate,empty"`
	ReleaseDate         ItemDate      `wire:"releaseDate,empty"`
	DiscTitles          []DiscTitle   `wire:"discTitles"`
}

// ArtistID3 is an artist of the tag view
// (https://opensubsonic.netlify.app/docs/responses/artistid3/).
type ArtistID3 struct {
	ID             string `wire:"id"`
	Name           string `wire:"name"`
	CoverArt       string `wire:"coverArt,omit"`
	ArtistImageURL string `wire:"artistImageUrl,omit" class:"absent" why:"pictures are named by coverArt, which needs no other host"`
	AlbumCount     int    `wire:"albumCount"`
	Starred        Time   `wire:"starred,omit"`
	MusicBrainzID  string `wire:"musicBrainzId,empty"`
	SortName       string `wire:"sortName,empty"`
	Disambiguation string `wire:"disambiguation,empty" class:"default" why:"no tag of an audio file carries it"`

	Roles []string `wire:"roles"`
}

// ArtistRef is an artist within a song or an album, where OpenSubsonic wants
// the id and the name alone.
type ArtistRef struct {
	ID   string `wire:"id"`
	Name string `wire:"name"`
}

// ItemGenre is a genre of a song or an album.
type ItemGenre struct {
	Name string `wire:"name"`
}

// ItemDate is a date of which any part may be unknown, which is zero.
type ItemDate struct {
	Year  int `wire:"year,omit"`
	Month int `wire:"month,omit"`
	Day   int `wire:"day,omit"`
}

// RecordLabel is a label of an album.
type RecordLabel struct {
	Name string `wire:"name"`
}

// DiscTitle is one titled disc of an album.
type DiscTitle struct {
	Disc     int    `wire:"disc"`
	Title    string `wire:"title"`
	CoverArt string `wire:"coverArt,omit"`
}

// Contributor is an artist in a role, such as "composer".
type Contributor struct {
	Role    string    `wire:"role"`
	SubRole string    `wire:"subRole,omit"` // the instrument of a performer
	Artist  ArtistRef `wire:"artist"`
}

// ReplayGain holds gains in dB and peaks as a share of full scale. Nil is
// unknown; 0 dB is a gain.
type ReplayGain struct {
	TrackGain    *float64 `wire:"trackGain,omit"`
	AlbumGain    *float64 `wire:"albumGain,omit"`
	TrackPeak    *float64 `wire:"trackPeak,omit"`
	AlbumPeak    *float64 `wire:"albumPeak,omit"`
	BaseGain     *float64 `wire:"baseGain,omit"`     // what the decoder applies by itself, as of Opus headers
	FallbackGain *float64 `wire:"fallbackGain,omit"` // for songs without a gain of their own
}

// Work is a work that a song performs.
type Work struct {
	Name          string `wire:"name"`
	MusicBrainzID string `wire:"musicBrainzId,empty"`
}

// Movement is a movement of a work.
type Movement struct {
	Name   string `wire:"name"`
	Number int    `wire:"number,omit"` // from 1
	Count  int    `wire:"count,omit"`
}

// Artist is an artist of the folder view: a folder at the top of a library.
type Artist struct {
	ID             string `wire:"id"`
	Name           string `wire:"name"`
	ArtistImageURL string `wire:"artistImageUrl,omit"`
	Starred        Time   `wire:"starred,omit"`
	UserRating     int    `wire:"userRating,omit"` // 1 to 5
	AverageRating  Rating `wire:"averageRating,omit"`
}
