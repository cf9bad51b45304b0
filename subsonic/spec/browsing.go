package spec

// MusicFolders answers getMusicFolders.
type MusicFolders struct {
	MusicFolder []MusicFolder `wire:"musicFolder"`
}

// Element is "musicFolders".
func (MusicFolders) Element() string { return "musicFolders" }

// MusicFolder is a library. Its id is the one id of the protocol that is a
// number.
type MusicFolder struct {
	ID   int    `wire:"id"`
	Name string `wire:"name"`
}

// Indexes answers getIndexes. Where nothing changed since ifModifiedSince its
// lists stay empty.
type Indexes struct {
	LastModified    int64    `wire:"lastModified"` // ms since 1970
	IgnoredArticles string   `wire:"ignoredArticles"`
	Shortcut        []Artist `wire:"shortcut"`
	Index           []Index  `wire:"index"`
	Child           []Child  `wire:"child"` // songs at the top of a library
}

// Element is "indexes".
func (Indexes) Element() string { return "indexes" }

// Index holds the artists of the folder view under one letter.
type Index struct {
	Name   string   `wire:"name"`
	Artist []Artist `wire:"artist"`
}

// Directory answers getMusicDirectory.
type Directory struct {
	ID            string  `wire:"id"`
	Parent        string  `wire:"parent,omit"`
	Name          string  `wire:"name"`
	Starred       Time    `wire:"starred,omit"`
	UserRating    int     `wire:"userRating,omit"` // 1 to 5
	AverageRating Rating  `wire:"averageRating,omit"`
	PlayCount     int64   `wire:"playCount,omit"`
	Child         []Child `wire:"child"`
}

// Element is "directory".
func (Directory) Element() string { return "directory" }

// Genres answers getGenres.
type Genres struct {
	Genre []Genre `wire:"genre"`
}

// Element is "genres".
func (Genres) Element() string { return "genres" }

// Genre is a genre with its counts; its name is the text of the element.
type Genre struct {
	SongCount  int    `wire:"songCount"`
	AlbumCount int    `wire:"albumCount"`
	Value      string `wire:"value,text"`
}

// Artists answers getArtists.
type Artists struct {
	IgnoredArticles string     `wire:"ignoredArticles"`
	Index           []IndexID3 `wire:"index"`
}

// Element is "artists".
func (Artists) Element() string { return "artists" }

// IndexID3 holds the artists of the tag view under one letter.
type IndexID3 struct {
	Name   string      `wire:"name"`
	Artist []ArtistID3 `wire:"artist"`
}

// ArtistWithAlbums answers getArtist.
type ArtistWithAlbums struct {
	ArtistID3
	Album []AlbumID3 `wire:"album"`
}

// Element is "artist".
func (ArtistWithAlbums) Element() string { return "artist" }

// AlbumWithSongs answers getAlbum.
type AlbumWithSongs struct {
	AlbumID3
	Song []Child `wire:"song"`
}

// Element is "album".
func (AlbumWithSongs) Element() string { return "album" }

// Song answers getSong.
type Song Child

// Element is "song".
func (Song) Element() string { return "song" }

// AlbumInfo answers getAlbumInfo and getAlbumInfo2.
type AlbumInfo struct {
	Notes          string `wire:"notes,elem,omit"`
	MusicBrainzID  string `wire:"musicBrainzId,elem,omit"`
	LastFMURL      string `wire:"lastFmUrl,elem,omit"`
	SmallImageURL  string `wire:"smallImageUrl,elem,omit"`
	MediumImageURL string `wire:"mediumImageUrl,elem,omit"`
	LargeImageURL  string `wire:"largeImageUrl,elem,omit"`
}

// Element is "albumInfo", for both calls.
func (AlbumInfo) Element() string { return "albumInfo" }

// ArtistFacts is what ArtistInfo and ArtistInfo2 have in common.
type ArtistFacts struct {
	Biography      string `wire:"biography,elem,omit"`
	MusicBrainzID  string `wire:"musicBrainzId,elem,omit"`
	LastFMURL      string `wire:"lastFmUrl,elem,omit"`
	SmallImageURL  string `wire:"smallImageUrl,elem,omit"`
	MediumImageURL string `wire:"mediumImageUrl,elem,omit"`
	LargeImageURL  string `wire:"largeImageUrl,elem,omit"`
}

// ArtistInfo answers getArtistInfo.
type ArtistInfo struct {
	ArtistFacts
	SimilarArtist []Artist `wire:"similarArtist"`
}

// Element is "artistInfo".
func (ArtistInfo) Element() string { return "artistInfo" }

// ArtistInfo2 answers getArtistInfo2.
type ArtistInfo2 struct {
	ArtistFacts
	SimilarArtist []ArtistID3 `wire:"similarArtist"`
}

// Element is "artistInfo2".
func (ArtistInfo2) Element() string { return "artistInfo2" }

// SimilarSongs answers getSimilarSongs.
type SimilarSongs struct {
	Song []Child `wire:"song"`
}

// Element is "similarSongs".
func (SimilarSongs) Element() string { return "similarSongs" }

// SimilarSongs2 answers getSimilarSongs2.
type SimilarSongs2 struct {
	Song []Child `wire:"song"`
}

// Element is "similarSongs2".
func (SimilarSongs2) Element() string { return "similarSongs2" }

// TopSongs answers getTopSongs.
type TopSongs struct {
	Song []Child `wire:"song"`
}

// Element is "topSongs".
func (TopSongs) Element() string { return "topSongs" }

// SonicMatches answers getSonicSimilarTracks and findSonicPath. It is a bare
// list.
type SonicMatches []SonicMatch

// Element is "sonicMatch".
func (SonicMatches) Element() string { return "sonicMatch" }

// SonicMatch is a song and how alike it is: from 0 to 1, or -1 where that is
// unknown.
type SonicMatch struct {
	Similarity float64 `wire:"similarity"`
	Entry      Child   `wire:"entry"`
}

// Videos answers getVideos.
type Videos struct {
	Video []Child `wire:"video"`
}

// Element is "videos".
func (Videos) Element() string { return "videos" }

// VideoInfo answers getVideoInfo.
type VideoInfo struct {
	ID         string            `wire:"id"`
	Captions   []Captions        `wire:"captions"`
	AudioTrack []AudioTrack      `wire:"audioTrack"`
	Conversion []VideoConversion `wire:"conversion"`
}

// Element is "videoInfo".
func (VideoInfo) Element() string { return "videoInfo" }

// Captions is one text track of a video.
type Captions struct {
	ID   string `wire:"id"`
	Name string `wire:"name,omit"`
}

// AudioTrack is one sound track of a video.
type AudioTrack struct {
	ID           string `wire:"id"`
	Name         string `wire:"name,omit"`
	LanguageCode string `wire:"languageCode,omit"`
}

// VideoConversion is a converted form of a video.
type VideoConversion struct {
	ID           string `wire:"id"`
	BitRate      int    `wire:"bitRate,omit"` // kbit/s
	AudioTrackID int    `wire:"audioTrackId,omit"`
}
