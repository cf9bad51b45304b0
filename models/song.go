package models

// Song is one playable part of one object in one library.
type Song struct {
	Key       Key
	Library   int    // the library's small number
	ObjectKey string // the object's key in its store: bytes, not always UTF-8
	Part      int    // 0 for a whole object; cue sheets and chapters count from 1
	Start     int64  // ms from the object's beginning, for parts
	Folder    Key
	Album     Key
	AlbumName string // the album's own name, which may be a corrected form of Tags.Album

	Size     int64  // bytes of the object, or of the part as it is streamed
	ModTime  int64  // of the object, Unix ns; 0 when the store tells none
	ETag     string // of the object, as the store tells it
	Suffix   string // lower case, without the dot
	Reader   int    // version of the reader that filled Tags and Properties; 0 when only the object's name is known
	Archived bool   // the object must be restored in its store before it can be read
	Identity string // audio identity: what the sound is, whatever its tags; "" when unknown

	Created      int64 // Unix ms; when first seen, never changed after
	MissingSince int64 // Unix ms; 0 while the object is there, -1 while its parts are shown instead
	Annot        Key   // the key that stars, plays and playlist places hang on

	Cover   Cover    // what getCoverArt shows for this song
	Credits []Credit // artists by role, in the order credited

	Tags
	Properties
	Unsaid Unsaid // the tags that the file lacks and names stand in for

	User UserItem // the asking user's; filled by reads that are given a user
}

// Unsaid is a set of tags that a file lacks. What a song shows of them comes
// from the names of its file and folders and from the songs beside it, and is
// made anew when those change.
type Unsaid int

// The tags that names stand in for.
const (
	UnsaidTitle Unsaid = 1 << iota
	UnsaidArtist
	UnsaidAlbum
	UnsaidTrack
	UnsaidDisc
	UnsaidDiscTitle
	UnsaidDate
)

// UserItem is what one user attached to a song, an album, an artist or a folder.
type UserItem struct {
	StarredAt int64   // Unix ms; 0 when not starred
	Rating    int     // 1 to 5; 0 when not rated
	PlayCount int64   // of this user
	PlayedAt  int64   // Unix ms of this user's last play; 0 when never
	Average   float64 // mean rating over all users; 0 when nobody rated
	Bookmark  int64   // ms into the song; 0 when there is none
}

// Properties is what an audio file tells besides its tags.
type Properties struct {
	ContentType string // MIME type of the object, such as "audio/flac"
	Codec       string // "mp3", "flac", "vorbis", "opus", "aac", "alac", "pcm"...
	Duration    int64  // ms
	BitRate     int    // kbit/s, averaged over the audio
	SampleRate  int    // Hz
	BitDepth    int    // bits a sample; 0 for lossy codecs
	Channels    int
	Samples     int64 // sample frames after trimming delay and padding; 0 when unknown
	Delay       int   // encoder delay in sample frames
	Padding     int   // encoder padding in sample frames
}

// Tags is what an audio file says of itself, under the field's standard
// names. Text is valid UTF-8 without control characters. Every list keeps
// the file's order and has no empty values.
type Tags struct {
	Title, TitleSort string
	Subtitle         string

	Artist          string   // as printed
	Artists         []string // one by one
	ArtistSort      []string
	AlbumArtist     string
	AlbumArtists    []string
	AlbumArtistSort []string
	Roles           []RoleName // composer, conductor, performer and the rest

	Album, AlbumSort string
	AlbumVersion     string // "Deluxe Edition": MusicBrainz album comment or a VERSION tag
	Track, TrackOf   int
	Disc, DiscOf     int
	DiscTitle        string
	Compilation      bool
	Genres           []string
	Moods            []string
	Groupings        []string

	Date         Date // the recording's or the release's, whichever the file has as DATE
	ReleaseDate  Date
	OriginalDate Date

	Works          []Named
	Movement       string
	MovementNumber int
	MovementOf     int
	Language       string

	Comment   string
	BPM       int
	ISRC      []string
	Labels    []string
	CatalogNo []string
	Barcode   string
	Media     string

	ReleaseTypes   []string // "album", "live"... as MusicBrainz names them
	ReleaseStatus  string
	ReleaseCountry string
	Explicit       string // "explicit", "clean" or ""

	RecordingID    string // MusicBrainz ids
	ReleaseTrackID string
	ReleaseID      string
	ReleaseGroupID string
	ArtistIDs      []string
	AlbumArtistIDs []string

	Gain ReplayGain
}

// Date is a date of which only the year must be known; zero is unknown.
type Date struct{ Year, Month, Day int }

// Named is a name and its MusicBrainz id, which may be empty.
type Named struct{ Name, ID string }

// RoleName is one person in one role, as the file says it.
type RoleName struct {
	Role string // a Role constant
	Sub  string // the instrument of a performer; empty otherwise
	Named
	Sort string
}

// ReplayGain holds gains in dB against the ReplayGain reference of
// 89 dB SPL (-18 LUFS) and peaks as a share of full scale. Nil is unknown.
// Opus header and R128 gains are converted to this reference (RFC 7845).
type ReplayGain struct {
	TrackGain, TrackPeak *float64
	AlbumGain, AlbumPeak *float64
	BaseGain             *float64 // the gain that the decoder itself applies
}

// Credit is one artist in one role.
type Credit struct {
	Role   string
	Sub    string
	Artist Key
	Name   string // as credited here
	ID     string // MusicBrainz artist id or ""
	Joined string // the whole name as printed, where it joins several artists
}

// The roles of credits, by their names in OpenSubsonic and MusicBrainz.
const (
	RoleArtist      = "artist"
	RoleAlbumArtist = "albumartist"
	RoleComposer    = "composer"
	RoleConductor   = "conductor"
	RoleLyricist    = "lyricist"
	RoleArranger    = "arranger"
	RoleProducer    = "producer"
	RoleEngineer    = "engineer"
	RoleMixer       = "mixer"
	RoleDJMixer     = "djmixer"
	RoleRemixer     = "remixer"
	RoleDirector    = "director"
	RolePerformer   = "performer"
)

// Lyrics is one text of one song.
type Lyrics struct {
	Lang   string // ISO 639 or "xxx"
	Synced bool
	Offset int64 // ms
	Lines  []LyricLine
}

// LyricLine is one line; Start (ms) means something in synchronised lyrics only.
type LyricLine struct {
	Start int64
	Text  string
}

// Chapter is a named stretch of a song, as its file tells it.
type Chapter struct {
	Start int64 // ms from the song's beginning
	End   int64 // ms; 0 when the file does not say: the next one's start, or the song's end
	Title string
}

// PictureRef says where in an audio file a picture lies, so that no scan
// downloads it.
type PictureRef struct {
	Type   int    // the ID3v2 picture type: 3 is the front cover
	MIME   string // as the file says; may be empty
	Offset int64  // of the first byte of payload in the file
	Length int64  // bytes of payload as stored
	// Encoding is how the payload is stored: "" as it is; "base64" as text, as
	// in Vorbis comments; "base64-picture" a FLAC picture block in base64;
	// "unsync" with ID3v2's unsynchronisation; "zlib" a deflated ID3v2 frame;
	// "ogg:SKIP:ENCODING" in pages: Offset is that of an Ogg page, and the
	// payload lies SKIP bytes into the joined bodies of its stream's pages
	// from there on, in one of the other encodings.
	Encoding string
}

// Cover names a picture for the wire: the thing it belongs to and a version
// of the content, so that apps fetch a replaced picture anew.
type Cover struct {
	Of      ID
	Disc    int    // of an album; 0 for the whole
	Version string // short, URL-safe; changes with the content
}
