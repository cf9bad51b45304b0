package spec

// License answers getLicense. Valid must be true: apps refuse a server whose
// license is not.
type License struct {
	Valid          bool   `wire:"valid"`
	Email          string `wire:"email,omit"`
	LicenseExpires Time   `wire:"licenseExpires,omit"`
	TrialExpires   Time   `wire:"trialExpires,omit"`
}

// Element is "license".
func (License) Element() string { return "license" }

// OpenSubsonicExtensions answers getOpenSubsonicExtensions. It is a bare list.
type OpenSubsonicExtensions []OpenSubsonicExtension

// Element is "openSubsonicExtensions".
func (OpenSubsonicExtensions) Element() string { return "openSubsonicExtensions" }

// OpenSubsonicExtension is an extension that this server has.
type OpenSubsonicExtension struct {
	Name     string `wire:"name"`
	Versions []int  `wire:"versions"`
}

// TokenInfo answers tokenInfo.
type TokenInfo struct {
	Username string `wire:"username"`
}

// Element is "tokenInfo".
func (TokenInfo) Element() string { return "tokenInfo" }

// ScanStatus answers getScanStatus and startScan.
type ScanStatus struct {
	Scanning bool  `wire:"scanning"`
	Count    int64 `wire:"count"` // items seen by the running scan, else by the last
	// Error is beyond the specification, for administrators: what the last
	// scans found wrong.
	Error string `wire:"error,omit"`
}

// Element is "scanStatus".
func (ScanStatus) Element() string { return "scanStatus" }

// User answers getUser.
type User struct {
	Username            string `wire:"username"`
	Email               string `wire:"email,omit"`
	ScrobblingEnabled   bool   `wire:"scrobblingEnabled"`
	MaxBitRate          int    `wire:"maxBitRate,omit"` // kbit/s; unset without a limit
	AdminRole           bool   `wire:"adminRole"`
	SettingsRole        bool   `wire:"settingsRole"`
	DownloadRole        bool   `wire:"downloadRole"`
	UploadRole          bool   `wire:"uploadRole"`
	PlaylistRole        bool   `wire:"playlistRole"`
	CoverArtRole        bool   `wire:"coverArtRole"`
	CommentRole         bool   `wire:"commentRole"`
	PodcastRole         bool   `wire:"podcastRole"`
	StreamRole          bool   `wire:"streamRole"`
	JukeboxRole         bool   `wire:"jukeboxRole"`
	ShareRole           bool   `wire:"shareRole"`
	VideoConversionRole bool   `wire:"videoConversionRole"`
	AvatarLastChanged   Time   `wire:"avatarLastChanged,omit"`
	Folder              []int  `wire:"folder"` // ids of the music folders that the user may read
}

// Element is "user".
func (User) Element() string { return "user" }

// Users answers getUsers.
type Users struct {
	User []User `wire:"user"`
}

// Element is "users".
func (Users) Element() string { return "users" }
