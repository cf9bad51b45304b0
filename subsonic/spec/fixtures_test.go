package spec

import "time"

// at is a moment of the day on which all fixtures play.
func at(h, m, s, ms int) Time {
	return Time(time.Date(2026, 3, 10, h, m, s, ms*1e6, time.UTC).UnixMilli())
}

func ptr[T any](v T) *T { return &v }

// fullSong is a song that has every field, those included that the server
// never sends.
func fullSong() Child {
	return Child{
		ID: "so-0h3k9", Parent: "fo-77", IsDir: false, Title: `Rock & "Roll" <Live>`, Album: "Sæglópur\u2028", Artist: "Sigur Rós feat. Björk",
		Track: 3, Year: 2005, Genre: "Post-Rock", CoverArt: "al-12_9f3c", Size: 31457280, ContentType: "audio/flac", Suffix: "flac",
		TranscodedContentType: "audio/mpeg", TranscodedSuffix: "mp3", Duration: 458, BitRate: 912, BitDepth: 24, SamplingRate: 96000, ChannelCount: 2,
		Path: "Sigur Rós/2005 - Takk…/03 Sæglópur.flac", UserRating: 5, AverageRating: 4.5, PlayCount: 12, DiscNumber: 1,
		Created: at(2, 19, 35, 784), Starred: at(8, 0, 0, 0), AlbumID: "al-12", ArtistID: "ar-5", Type: TypeMusic, MediaType: MediaSong,
		BookmarkPosition: 61000, OriginalWidth: 1920, OriginalHeight: 1080, Played: at(21, 5, 9, 7), BPM: 128, Comment: "line one\nline two\ttabbed",
		SortName: "saeglopur", MusicBrainzID: "f3b8a8c5-8b3f-4f0a-9a64-0d9b1d6f2c11", ISRC: []string{"GBAYE0500603"},
		Genres:        []ItemGenre{{"Post-Rock"}, {"Ambient"}},
		Artists:       []ArtistRef{{"ar-5", "Sigur Rós"}, {"ar-6", "Björk"}},
		DisplayArtist: "Sigur Rós feat. Björk", AlbumArtists: []ArtistRef{{"ar-5", "Sigur Rós"}}, DisplayAlbumArtist: "Sigur Rós",
		Contributors: []Contributor{
			{Role: "composer", Artist: ArtistRef{"ar-7", "Jón Þór Birgisson"}},
			{Role: "performer", SubRole: "bowed guitar", Artist: ArtistRef{"ar-7", "Jón Þór Birgisson"}},
		},
		DisplayComposer: "Jón Þór Birgisson", Moods: []string{"calm", "epic"},
		ReplayGain:     ReplayGain{ptr(-7.03), ptr(0.0), ptr(0.988312), ptr(1.0), ptr(-2.5), ptr(-6.0)},
		ExplicitStatus: "clean", Works: []Work{{"Takk…", "0b1a"}}, Movements: []Movement{{"III. Adagio", 3, 4}}, Groupings: []string{"Iceland"},
	}
}

// bareSong is a song of which only the file is known.
func bareSong() Child {
	return Child{ID: "so-1", Title: "untitled", Type: TypeMusic, MediaType: MediaSong, Suffix: "mp3", ContentType: "audio/mpeg"}
}

// folder is a directory of the folder view.
func folder() Child {
	return Child{ID: "fo-78", Parent: "fo-77", IsDir: true, Title: "CD 2", MediaType: MediaAlbum}
}

func fullAlbum() AlbumID3 {
	return AlbumID3{
		ID: "al-12", Name: "Takk…", Version: "Deluxe Edition", Artist: "Sigur Rós", ArtistID: "ar-5", CoverArt: "al-12_9f3c", SongCount: 11, Duration: 3932,
		PlayCount: 140, Created: at(2, 19, 35, 784), Starred: at(8, 0, 0, 0), Year: 2005, Genre: "Post-Rock", Played: at(21, 5, 9, 7), UserRating: 4,
		MusicBrainzID: "b1a9c0e9-d987-4042-ae91-78d6a3267d69", DisplayArtist: "Sigur Rós", SortName: "takk", IsCompilation: true, ExplicitStatus: "explicit",
		RecordLabels: []RecordLabel{{"EMI"}, {"Geffen"}}, Genres: []ItemGenre{{"Post-Rock"}}, Artists: []ArtistRef{{"ar-5", "Sigur Rós"}},
		ReleaseTypes: []string{"Album", "Live"}, Moods: []string{"calm"},
		OriginalReleaseDate: ItemDate{2005, 9, 12}, ReleaseDate: ItemDate{Year: 2006},
		DiscTitles: []DiscTitle{{1, "One", "dc-12-1"}, {2, "Two", ""}},
	}
}

func fullArtist() ArtistID3 {
	return ArtistID3{
		ID: "ar-5", Name: "Sigur Rós", CoverArt: "ar-5_1", ArtistImageURL: "https://pictures.example/5.jpg?a=1&b=2", AlbumCount: 8, Starred: at(8, 0, 0, 0),
		MusicBrainzID: "f6f2326f-6b25-4170-b89d-e235b25508e8", SortName: "Sigur Rós", Disambiguation: "Icelandic band", Roles: []string{"artist", "composer"},
	}
}

func folderArtist() Artist {
	return Artist{ID: "fo-77", Name: "Sigur Rós", ArtistImageURL: "https://pictures.example/77.jpg", Starred: at(8, 0, 0, 0), UserRating: 3, AverageRating: 3.333}
}

// songs are one of each kind, so that presence can be seen in every list.
func songs() []Child { return []Child{fullSong(), bareSong(), folder()} }

func fullUser() User {
	return User{
		Username: "åsa", Email: "asa@example.org", ScrobblingEnabled: true, MaxBitRate: 320, AdminRole: true, SettingsRole: true, DownloadRole: true,
		UploadRole: true, PlaylistRole: true, CoverArtRole: true, CommentRole: true, PodcastRole: true, StreamRole: true, JukeboxRole: true, ShareRole: true,
		VideoConversionRole: true, AvatarLastChanged: at(1, 2, 3, 4), Folder: []int{1, 3},
	}
}

func fullPlaylist() Playlist {
	return Playlist{
		ID: "pl-1", Name: "Road & rain", Comment: "for the car", Owner: "åsa", Public: true, SongCount: 3, Duration: 458, Created: at(1, 0, 0, 0),
		Changed: at(2, 0, 0, 0), CoverArt: "pl-1_2", ReadOnly: true, ValidUntil: at(23, 0, 0, 0), AllowedUser: []string{"bob", "eve"},
	}
}

func fullEpisode() PodcastEpisode {
	return PodcastEpisode{Child: fullSong(), StreamID: "so-9", ChannelID: "po-1", Description: "Episode 1", Status: PodcastCompleted, PublishDate: at(6, 0, 0, 0)}
}

func newEpisode() PodcastEpisode {
	return PodcastEpisode{Child: bareSong(), ChannelID: "po-1", Status: PodcastNew}
}

// fixture is a payload in one state.
type fixture struct {
	name    string // also of its golden files
	calls   string // the endpoints that it answers
	payload Payload
}

// fixtures hold every payload filled and empty.
var fixtures = []fixture{
	{"ping", "ping", nil},
	{"license", "getLicense", License{Valid: true, Email: "asa@example.org", LicenseExpires: at(1, 1, 1, 1), TrialExpires: at(1, 1, 1, 2)}},
	{"license_empty", "getLicense", License{Valid: true}},
	{"openSubsonicExtensions", "getOpenSubsonicExtensions", OpenSubsonicExtensions{{"formPost", []int{1}}, {"songLyrics", []int{1, 2}}}},
	{"openSubsonicExtensions_empty", "getOpenSubsonicExtensions", OpenSubsonicExtensions(nil)},
	{"tokenInfo", "tokenInfo", TokenInfo{"åsa"}},
	{"scanStatus", "getScanStatus startScan", ScanStatus{Scanning: true, Count: 100000}},
	{"scanStatus_empty", "getScanStatus startScan", ScanStatus{}},
	{"scanStatus_error", "getScanStatus startScan", ScanStatus{Count: 5, Error: "Music: a disk is away."}},
	{"user", "getUser", fullUser()},
	{"user_empty", "getUser", User{Username: "bob"}},
	{"users", "getUsers", Users{[]User{fullUser(), {Username: "bob", Folder: []int{1}}}}},
	{"users_empty", "getUsers", Users{}},
	{"musicFolders", "getMusicFolders", MusicFolders{[]MusicFolder{{1, "Music"}, {2, "Audiobooks"}}}},
	{"musicFolders_empty", "getMusicFolders", MusicFolders{}},
	{"indexes", "getIndexes", Indexes{
		LastModified: 1678414775784, IgnoredArticles: "The El La", Shortcut: []Artist{{ID: "fo-1", Name: "New"}},
		Index: []Index{{"S", []Artist{folderArtist()}}, {"#", nil}}, Child: []Child{bareSong()},
	}},
	{"indexes_empty", "getIndexes", Indexes{LastModified: 1678414775784}},
	{"directory", "getMusicDirectory", Directory{
		ID: "fo-77", Parent: "fo-1", Name: "Takk…", Starred: at(8, 0, 0, 0), UserRating: 2, AverageRating: 2, PlayCount: 7, Child: songs(),
	}},
	{"directory_empty", "getMusicDirectory", Directory{ID: "fo-1", Name: "Music"}},
	{"genres", "getGenres", Genres{[]Genre{{12, 3, "R&B"}, {1, 1, ""}}}},
	{"genres_empty", "getGenres", Genres{}},
	{"artists", "getArtists", Artists{"The El La", []IndexID3{{"S", []ArtistID3{fullArtist(), {ID: "ar-9", Name: "Sade"}}}, {"#", nil}}}},
	{"artists_empty", "getArtists", Artists{}},
	{"artist", "getArtist", ArtistWithAlbums{fullArtist(), []AlbumID3{fullAlbum()}}},
	{"artist_empty", "getArtist", ArtistWithAlbums{ArtistID3: ArtistID3{ID: "ar-9", Name: "Sade"}}},
	{"album", "getAlbum", AlbumWithSongs{fullAlbum(), songs()}},
	{"album_empty", "getAlbum", AlbumWithSongs{AlbumID3: AlbumID3{ID: "al-1", Name: "untitled", Created: at(1, 0, 0, 0)}}},
	{"song", "getSong", Song(fullSong())},
	{"song_empty", "getSong", Song(bareSong())},
	{"albumInfo", "getAlbumInfo getAlbumInfo2", AlbumInfo{
		"An album of <b>Sigur Rós</b>.", "b1a9", "https://facts.example/takk", "https://p.example/s", "https://p.example/m", "https://p.example/l",
	}},
	{"albumInfo_empty", "getAlbumInfo getAlbumInfo2", AlbumInfo{}},
	{"artistInfo", "getArtistInfo", ArtistInfo{fullFacts(), []Artist{folderArtist()}}},
	{"artistInfo_empty", "getArtistInfo", ArtistInfo{}},
	{"artistInfo2", "getArtistInfo2", ArtistInfo2{fullFacts(), []ArtistID3{fullArtist()}}},
	{"artistInfo2_empty", "getArtistInfo2", ArtistInfo2{}},
	{"similarSongs", "getSimilarSongs", SimilarSongs{songs()}},
	{"similarSongs_empty", "getSimilarSongs", SimilarSongs{}},
	{"similarSongs2", "getSimilarSongs2", SimilarSongs2{songs()}},
	{"similarSongs2_empty", "getSimilarSongs2", SimilarSongs2{}},
	{"topSongs", "getTopSongs", TopSongs{songs()}},
	{"topSongs_empty", "getTopSongs", TopSongs{}},
	{"sonicMatch", "getSonicSimilarTracks findSonicPath", SonicMatches{{1, fullSong()}, {0.25, bareSong()}, {-1, bareSong()}}},
	{"sonicMatch_empty", "getSonicSimilarTracks findSonicPath", SonicMatches{}},
	{"videos", "getVideos", Videos{[]Child{{ID: "so-2", Title: "A film", IsVideo: true, Type: TypeVideo, MediaType: MediaSong}}}},
	{"videos_empty", "getVideos", Videos{}},
	{"videoInfo", "getVideoInfo", VideoInfo{"so-2", []Captions{{"1", "English"}}, []AudioTrack{{"1", "Swedish", "sv"}}, []VideoConversion{{"c", 700, 1}}}},
	{"videoInfo_empty", "getVideoInfo", VideoInfo{ID: "so-2"}},
	{"albumList", "getAlbumList", AlbumList{[]Child{folder()}}},
	{"albumList_empty", "getAlbumList", AlbumList{}},
	{"albumList2", "getAlbumList2", AlbumList2{[]AlbumID3{fullAlbum()}}},
	{"albumList2_empty", "getAlbumList2", AlbumList2{}},
	{"randomSongs", "getRandomSongs", RandomSongs{songs()}},
	{"randomSongs_empty", "getRandomSongs", RandomSongs{}},
	{"songsByGenre", "getSongsByGenre", SongsByGenre{songs()}},
	{"songsByGenre_empty", "getSongsByGenre", SongsByGenre{}},
	{"starred", "getStarred", Starred{[]Artist{folderArtist()}, []Child{folder()}, []Child{bareSong()}}},
	{"starred_empty", "getStarred", Starred{}},
	{"starred2", "getStarred2", Starred2{[]ArtistID3{fullArtist()}, []AlbumID3{fullAlbum()}, []Child{bareSong()}}},
	{"starred2_empty", "getStarred2", Starred2{}},
	{"nowPlaying", "getNowPlaying", NowPlaying{[]NowPlayingEntry{
		{fullSong(), "åsa", 3, 1, "Phone", "playing", ptr[int64](0), 1.25},
		{Child: bareSong(), Username: "bob"},
	}}},
	{"nowPlaying_empty", "getNowPlaying", NowPlaying{}},
	{"searchResult", "search", SearchResult{20, 21, []Child{bareSong()}}},
	{"searchResult_empty", "search", SearchResult{}},
	{"searchResult2", "search2", SearchResult2{[]Artist{folderArtist()}, []Child{folder()}, []Child{bareSong()}}},
	{"searchResult2_empty", "search2", SearchResult2{}},
	{"searchResult3", "search3", SearchResult3{[]ArtistID3{fullArtist()}, []AlbumID3{fullAlbum()}, []Child{bareSong()}}},
	{"searchResult3_empty", "search3", SearchResult3{}},
	{"playlists", "getPlaylists", Playlists{[]Playlist{fullPlaylist(), {ID: "pl-2", Name: "Empty", Created: at(1, 0, 0, 0), Changed: at(1, 0, 0, 0)}}}},
	{"playlists_empty", "getPlaylists", Playlists{}},
	{"playlist", "getPlaylist createPlaylist", PlaylistWithSongs{fullPlaylist(), songs()}},
	{"playlist_empty", "getPlaylist createPlaylist", PlaylistWithSongs{Playlist: Playlist{ID: "pl-2", Name: "Empty", Created: at(1, 0, 0, 0), Changed: at(1, 0, 0, 0)}}},
	{"bookmarks", "getBookmarks", Bookmarks{[]Bookmark{{61000, "åsa", "the solo", at(1, 0, 0, 0), at(2, 0, 0, 0), bareSong()}}}},
	{"bookmarks_empty", "getBookmarks", Bookmarks{}},
	{"playQueue", "getPlayQueue", PlayQueue{"so-1", 61000, "åsa", at(2, 0, 0, 0), "Phone", songs()}},
	{"playQueue_empty", "getPlayQueue", PlayQueue{Username: "åsa"}},
	{"playQueueByIndex", "getPlayQueueByIndex", PlayQueueByIndex{ptr(0), 61000, "åsa", at(2, 0, 0, 0), "Phone", songs()}},
	{"playQueueByIndex_empty", "getPlayQueueByIndex", PlayQueueByIndex{Username: "åsa"}},
	{"lyrics", "getLyrics", Lyrics{"Sigur Rós", "Sæglópur", "Sæglópur\ná lífi"}},
	{"lyrics_empty", "getLyrics", Lyrics{}},
	{"lyricsList", "getLyricsBySongId", LyricsList{[]StructuredLyrics{
		{
			Lang: "is", Synced: true, DisplayArtist: "Sigur Rós", DisplayTitle: "Sæglópur", Offset: -100, Kind: "main",
			Line:   []Line{{ptr[int64](0), "Sæglópur"}, {ptr[int64](2500), ""}},
			Agents: []Agent{{"a1", "main", "Jónsi"}, {"a2", "bg", ""}},
			CueLine: []CueLine{{Index: 0, Start: ptr[int64](0), End: ptr[int64](2500), Value: "Sæglópur", AgentID: "a1", Cue: []Cue{
				{0, ptr[int64](900), 0, 3, "Sæg"}, {900, ptr[int64](2500), 4, 9, "lópur"},
			}}, {Index: 1, AgentID: "a1"}},
		},
		{Lang: "und", Line: []Line{{nil, "á lífi"}, {nil, ""}}},
	}}},
	{"lyricsList_empty", "getLyricsBySongId", LyricsList{}},
	{"shares", "getShares createShare", Shares{[]Share{
		{"sh-1", "https://music.example/s/x?a=1&b=2", "For you", "åsa", at(1, 0, 0, 0), at(2, 0, 0, 0), at(3, 0, 0, 0), 5, []Child{bareSong()}},
		{ID: "sh-2", URL: "https://music.example/s/y", Username: "bob", Created: at(1, 0, 0, 0)},
	}}},
	{"shares_empty", "getShares createShare", Shares{}},
	{"chatMessages", "getChatMessages", ChatMessages{[]ChatMessage{{"åsa", 1678414775784, "hello <all>"}}}},
	{"chatMessages_empty", "getChatMessages", ChatMessages{}},
	{"podcasts", "getPodcasts", Podcasts{[]PodcastChannel{
		{"po-1", "https://feed.example/rss", "Talk", "About talk", "po-1_1", "https://feed.example/p.jpg", PodcastError, "no answer", []PodcastEpisode{fullEpisode(), newEpisode()}},
		{ID: "po-2", URL: "https://feed.example/2", Status: PodcastCompleted, Episode: []PodcastEpisode{}},
		{ID: "po-3", URL: "https://feed.example/3", Status: PodcastCompleted},
	}}},
	{"podcasts_empty", "getPodcasts", Podcasts{}},
	{"newestPodcasts", "getNewestPodcasts", NewestPodcasts{[]PodcastEpisode{fullEpisode()}}},
	{"newestPodcasts_empty", "getNewestPodcasts", NewestPodcasts{}},
	{"podcastEpisode", "getPodcastEpisode", fullEpisode()},
	{"podcastEpisode_empty", "getPodcastEpisode", newEpisode()},
	{"internetRadioStations", "getInternetRadioStations", InternetRadioStations{[]InternetRadioStation{
		{"ra-1", "FM", "https://radio.example/a", "https://radio.example", "ra-1_1"}, {ID: "ra-2", Name: "AM", StreamURL: "https://radio.example/b"},
	}}},
	{"internetRadioStations_empty", "getInternetRadioStations", InternetRadioStations{}},
	{"jukeboxStatus", "jukeboxControl", JukeboxStatus{2, true, 0.75, 61}},
	{"jukeboxStatus_empty", "jukeboxControl", JukeboxStatus{CurrentIndex: -1}},
	{"jukeboxPlaylist", "jukeboxControl", JukeboxPlaylist{JukeboxStatus{0, true, 1, 0}, songs()}},
	{"jukeboxPlaylist_empty", "jukeboxControl", JukeboxPlaylist{JukeboxStatus: JukeboxStatus{CurrentIndex: -1}}},
	{"transcodeDecision", "getTranscodeDecision", TranscodeDecision{
		CanDirectPlay: false, CanTranscode: true, TranscodeReason: []string{"AudioCodecNotSupported"}, ErrorReason: "none", TranscodeParams: "opaque==",
		SourceStream:    &StreamDetails{"http", "flac", "flac", 2, 912000, "LC", 96000, 24},
		TranscodeStream: &StreamDetails{Protocol: "hls", Container: "ts", Codec: "aac"},
	}},
	{"transcodeDecision_empty", "getTranscodeDecision", TranscodeDecision{CanDirectPlay: true}},
}

func fullFacts() ArtistFacts {
	return ArtistFacts{"A band.\nFrom Iceland.", "f6f2", "https://facts.example/sigur", "https://p.example/s", "https://p.example/m", "https://p.example/l"}
}
