package models

// Album is a release, or the part of one that a library holds. It belongs to
// one library.
type Album struct {
	Key     Key
	Library int
	Folder  Key // the folder that holds its songs, or the nearest common one
	Name    string
	Sort    string
	Version string
	Created int64 // Unix ms
	Annot   Key   // the key that stars, ratings and counts hang on; copies share it

	Songs    int   // present songs
	Duration int64 // ms, of the present songs

	Artist  string // album artist as printed
	Credits []Credit
	Genres  []string
	Moods   []string
	Labels  []string

	Date         Date // the release's own date
	OriginalDate Date
	Compilation  bool
	Explicit     string
	ReleaseTypes []string
	Discs        []Disc // only discs with a title or a picture of their own

	ReleaseID      string
	ReleaseGroupID string

	Cover Cover
	User  UserItem
}

// Year is the original release's year where it is known, else the release's.
func (a *Album) Year() int {
	if a.OriginalDate.Year != 0 {
		return a.OriginalDate.Year
	}
	return a.Date.Year
}

// Disc is one medium of an album.
type Disc struct {
	Number int
	Title  string
	Cover  Cover
}

// Artist is a person or a group, in any role, over all libraries.
type Artist struct {
	Key    Key
	Name   string
	Sort   string
	ID     string // MusicBrainz artist id or ""
	Albums int    // as album artist, in the libraries asked for
	Roles  []string
	Cover  Cover
	User   UserItem
}

// Folder is a real directory, or a common prefix of keys, in a library.
type Folder struct {
	Key     Key
	Library int
	Parent  Key    // 0 for a library's root
	Path    string // relative to the library's root, "/" between parts, "" for the root; bytes
	Name    string // for people: valid UTF-8
	Created int64
	Cover   Cover
	User    UserItem
}

// Genre is a genre and what the asking user may read of it.
type Genre struct {
	Key    Key
	Name   string
	Songs  int
	Albums int
}

// Library is one root of music.
type Library struct {
	Number    int // 1 and up; never reused
	Name      string
	Location  string // file:///music or s3://bucket/prefix?...; never with a secret
	Kind      string // "music", "audiobook", "podcast"
	Owner     Key    // 0: shared
	Quota     int64  // bytes; 0: none
	Created   int64
	Config    bool   // named by the configuration and not by an admin
	Alarm     string // why the last scan changed nothing, for people; "" when all is well
	ScannedAt int64  // Unix ms of the last complete scan
	Settings  LibrarySettings
	Secret    bool // the catalog keeps a secret of its store, sealed
	Hook      bool // there is a secret that lets events in
}

// LibrarySettings are what an administrator sets of a library besides its name
// and place. The zero value is the default of each.
type LibrarySettings struct {
	// Redirect says which songs of a bucket are sent by a signed link to it.
	Redirect string `json:"redirect,omitempty"` // "" (off), "download", "all"
	// CopiesOf is the number of the library whose songs this one holds smaller
	// copies of; 0 is a library of its own.
	CopiesOf int `json:"copiesOf,omitempty"`
	// Prices are what the provider asks for, in any one currency.
	Prices Prices `json:"prices,omitzero"`
	// RequestCap and ByteCap bound what background work may ask of the store in
	// a day (UTC); 0 is no bound. Playback is never held back.
	RequestCap int64 `json:"requestCap,omitempty"`
	ByteCap    int64 `json:"byteCap,omitempty"`
}

// Redirects of LibrarySettings.
const (
	RedirectOff      = ""
	RedirectDownload = "download"
	RedirectAll      = "all"
)

// Prices are what requests and bytes cost.
type Prices struct {
	Lists float64 `json:"lists,omitempty"` // 1,000 pages of listings
	Heads float64 `json:"heads,omitempty"` // 1,000 questions about one object
	Gets  float64 `json:"gets,omitempty"`  // 1,000 reads
	Bytes float64 `json:"bytes,omitempty"` // 1 GB (10^9 bytes) that leaves the store
}

// The kinds of library.
const (
	LibraryMusic     = "music"
	LibraryAudiobook = "audiobook"
	LibraryPodcast   = "podcast"
)

// Roles are the rights of the protocol; each refuses its calls when false.
type Roles struct {
	Admin, Settings, Stream, Download, Upload, Playlist, CoverArt, Comment,
	Podcast, Jukebox, Share, Video bool
}

// User is one person.
type User struct {
	Key          Key
	Name         string
	Email        string
	PasswordHash string // argon2id, in its PHC text form
	Sealed       []byte // the password, sealed for token login; nil when apps may not use it
	Roles
	Scrobbling   bool
	MaxBitRate   int
	AllLibraries bool  // reads every shared library, also those to come
	Libraries    []int // what the user may read, resolved, ascending
	Granted      bool  // may read more below libraries than Libraries says
	Created      int64
	AvatarAt     int64
}

// Credential is a secret of one device or app.
type Credential struct {
	Key      Key
	User     Key
	Name     string
	Hash     []byte // SHA-256 of the secret, for look-up
	Sealed   []byte
	Scope    Scope
	Library  int // for ScopeLibrary
	Created  int64
	LastUsed int64
	Revoked  int64
}

// Scope narrows what a device secret may do.
type Scope string

// The scopes of device secrets.
const (
	ScopeFull       Scope = "full"
	ScopeReadOnly   Scope = "read-only"
	ScopeNoDownload Scope = "no-download"
	ScopeLibrary    Scope = "library"
)

// Playlist is an ordered list of songs with an owner.
type Playlist struct {
	Key      Key
	Owner    Key
	OwnerID  string // the owner's name
	Name     string
	Comment  string
	Public   bool
	Songs    int   // visible to the asking user
	Duration int64 // ms, of the same
	Created  int64
	Changed  int64
	Cover    Cover
}

// Queue is a user's play queue.
type Queue struct {
	Songs     []*Song
	Current   int // index in Songs; -1 when the queue is empty
	Position  int64
	Changed   int64
	ChangedBy string
}

// Bookmark is a place in a song.
type Bookmark struct {
	Song     *Song
	Position int64 // ms
	Comment  string
	Created  int64
	Changed  int64
}

// Play is one playing of one song by one user.
type Play struct {
	User   Key
	Song   Key
	At     int64 // Unix ms; 0: now, and twice within 30 s is one
	Player string
	Source string // "subsonic", "import"
}

// ScanRun is one scan of one library.
type ScanRun struct {
	Key      Key
	Library  int
	Mode     string // one of the modes below
	Started  int64
	Ended    int64 // 0 while it runs or when it was cut off
	State    string
	Listed   int
	Read     int
	Added    int
	Changed  int
	Moved    int
	Missing  int
	Returned int
	Failed   int
	Archived int    // objects that must be restored in their store before they can be read
	Message  string // what stopped it or what it noticed, for people

	// What was asked of the store. Requests are Lists (pages of listings), Heads
	// (questions about one object) and Gets (reads) together; runs from before
	// these were told apart have only Requests. Throttled were put off.
	Requests, Lists, Heads, Gets, Throttled int64
	Bytes                                   int64 // of content that was read
}

// The modes of a scan run.
const (
	ScanChanges = "changes" // of the whole library
	ScanFull    = "full"    // the same, with every file read again
	ScanFolders = "folders" // of some folders only
)

// The states of a scan run.
const (
	ScanRunning = "running"
	ScanDone    = "done"
	ScanFailed  = "failed"
	ScanStopped = "stopped"
)

// ScanProblem is one object that a scan could not read, or not wholly.
type ScanProblem struct {
	Run    Key
	Key    string // the object's key, as text
	Reason string
}
