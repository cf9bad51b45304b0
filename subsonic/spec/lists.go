package spec

// AlbumList answers getAlbumList: albums of the folder view.
type AlbumList struct {
	Album []Child `wire:"album"`
}

// Element is "albumList".
func (AlbumList) Element() string { return "albumList" }

// AlbumList2 answers getAlbumList2: albums of the tag view.
type AlbumList2 struct {
	Album []AlbumID3 `wire:"album"`
}

// Element is "albumList2".
func (AlbumList2) Element() string { return "albumList2" }

// RandomSongs answers getRandomSongs.
type RandomSongs struct {
	Song []Child `wire:"song"`
}

// Element is "randomSongs".
func (RandomSongs) Element() string { return "randomSongs" }

// SongsByGenre answers getSongsByGenre.
type SongsByGenre struct {
	Song []Child `wire:"song"`
}

// Element is "songsByGenre".
func (SongsByGenre) Element() string { return "songsByGenre" }

// Starred answers getStarred: artists and albums of the folder view.
type Starred struct {
	Artist []Artist `wire:"artist"`
	Album  []Child  `wire:"album"`
	Song   []Child  `wire:"song"`
}

// Element is "starred".
func (Starred) Element() string { return "starred" }

// Starred2 answers getStarred2: artists and albums of the tag view.
type Starred2 struct {
	Artist []ArtistID3 `wire:"artist"`
	Album  []AlbumID3  `wire:"album"`
	Song   []Child     `wire:"song"`
}

// Element is "starred2".
func (Starred2) Element() string { return "starred2" }

// SearchResult answers search.
type SearchResult struct {
	Offset    int     `wire:"offset"`
	TotalHits int     `wire:"totalHits"`
	Match     []Child `wire:"match"`
}

// Element is "searchResult".
func (SearchResult) Element() string { return "searchResult" }

// SearchResult2 answers search2: artists and albums of the folder view.
type SearchResult2 struct {
	Artist []Artist `wire:"artist"`
	Album  []Child  `wire:"album"`
	Song   []Child  `wire:"song"`
}

// Element is "searchResult2".
func (SearchResult2) Element() string { return "searchResult2" }

// SearchResult3 answers search3: artists and albums of the tag view.
type SearchResult3 struct {
	Artist []ArtistID3 `wire:"artist"`
	Album  []AlbumID3  `wire:"album"`
	Song   []Child     `wire:"song"`
}

// Element is "searchResult3".
func (SearchResult3) Element() string { return "searchResult3" }

// NowPlaying answers getNowPlaying.
type NowPlaying struct {
	Entry []NowPlayingEntry `wire:"entry"`
}

// Element is "nowPlaying".
func (NowPlaying) Element() string { return "nowPlaying" }

// NowPlayingEntry is what one player plays.
type NowPlayingEntry struct {
	Child
	Username     string  `wire:"username"`
	MinutesAgo   int     `wire:"minutesAgo"`
	PlayerID     int     `wire:"playerId"` // a number, unlike other ids
	PlayerName   string  `wire:"playerName,omit"`
	State        string  `wire:"state,omit"`        // "starting", "playing", "paused" or "stopped"; with playbackReport
	PositionMS   *int64  `wire:"positionMs,omit"`   // ms into the song; with playbackReport
	PlaybackRate float64 `wire:"playbackRate,omit"` // with playbackReport
}

// Playlists answers getPlaylists.
type Playlists struct {
	Playlist []Playlist `wire:"playlist"`
}

// Element is "playlists".
func (Playlists) Element() string { return "playlists" }

// Playlist is a playlist without its songs.
type Playlist struct {
	ID          string   `wire:"id"`
	Name        string   `wire:"name"`
	Comment     string   `wire:"comment,omit"`
	Owner       string   `wire:"owner,omit"`
	Public      bool     `wire:"public"` // apps read it from createPlaylist's answer too
	SongCount   int      `wire:"songCount"`
	Duration    int      `wire:"duration"` // seconds
	Created     Time     `wire:"created"`
	Changed     Time     `wire:"changed"`
	CoverArt    string   `wire:"coverArt,omit"`
	ReadOnly    bool     `wire:"readonly,empty"` // for the asking user
	ValidUntil  Time     `wire:"validUntil,omit"`
	AllowedUser []string `wire:"allowedUser"`
}

// PlaylistWithSongs answers getPlaylist and createPlaylist.
type PlaylistWithSongs struct {
	Playlist
	Entry []Child `wire:"entry"`
}

// Element is "playlist".
func (PlaylistWithSongs) Element() string { return "playlist" }

// Bookmarks answers getBookmarks.
type Bookmarks struct {
	Bookmark []Bookmark `wire:"bookmark"`
}

// Element is "bookmarks".
func (Bookmarks) Element() string { return "bookmarks" }

// Bookmark is a place in a song.
type Bookmark struct {
	Position int64  `wire:"position"` // ms
	Username string `wire:"username"`
	Comment  string `wire:"comment,omit"`
	Created  Time   `wire:"created"`
	Changed  Time   `wire:"changed"`
	Entry    Child  `wire:"entry"`
}

// PlayQueue answers getPlayQueue, also when nothing was ever saved: Changed is
// then 1970.
type PlayQueue struct {
	Current   string  `wire:"current,omit"` // a song's id, of one of the entries
	Position  int64   `wire:"position"`     // ms
	Username  string  `wire:"username"`
	Changed   Time    `wire:"changed"`
	ChangedBy string  `wire:"changedBy"` // the player
	Entry     []Child `wire:"entry"`
}

// Element is "playQueue".
func (PlayQueue) Element() string { return "playQueue" }

// PlayQueueByIndex answers getPlayQueueByIndex.
type PlayQueueByIndex struct {
	CurrentIndex *int    `wire:"currentIndex,omit"` // from 0; nil in an empty queue
	Position     int64   `wire:"position"`          // ms
	Username     string  `wire:"username"`
	Changed      Time    `wire:"changed"`
	ChangedBy    string  `wire:"changedBy"` // the player
	Entry        []Child `wire:"entry"`
}

// Element is "playQueueByIndex".
func (PlayQueueByIndex) Element() string { return "playQueueByIndex" }
