package subsonic

import (
	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/subsonic/spec"
)

// This file answers the calls whose features this server does not have yet:
// lists are empty, ids of things that can't exist are unknown, and making such
// a thing is an error that says so. Apps that ask at their start go on.

// gone answers a call for one thing of a kind of which there is none.
func (a *API) gone(_ Call, p idParams) (spec.Payload, error) { return nil, models.NotFound(p.ID) }

// unsupported answers a call that can do nothing here.
func (a *API) unsupported(Call, none) (spec.Payload, error) { return nil, errLater }

// Artists and albums.

type artistInfoParams struct {
	ID                models.ID `q:"id" required:"true" doc:"of an artist, an album or a song"`
	Count             int       `q:"count" default:"20" min:"0" max:"500"`
	IncludeNotPresent bool      `q:"includeNotPresent" default:"false"`
}

// artistOf returns the artist that an id of an artist, an album or a song
// leads to; nil when the album or song credits none.
func (a *API) artistOf(c Call, id models.ID) (*models.Artist, error) {
	key := id.Key
	switch id.Kind {
	case models.KindArtist:
		return a.Catalog.Artist(c, c.Viewer, key)
	case models.KindAlbum:
		al, err := a.Catalog.Album(c, c.Viewer, key)
		if err != nil {
			return nil, err
		}
		key = firstCredit(al.Credits, models.RoleAlbumArtist)
	case models.KindSong:
		s, err := a.Catalog.Song(c, c.Viewer, key)
		if err != nil {
			return nil, err
		}
		key = firstCredit(s.Credits, models.RoleArtist)
	default:
		return nil, models.NotFound(id)
	}
	if key == 0 {
		return nil, nil
	}
	ar, err := a.Catalog.Artist(c, c.Viewer, key)
	if isNotFound(err) {
		return nil, nil
	}
	return ar, err
}

func firstCredit(list []models.Credit, role string) models.Key {
	for i := range list {
		if list[i].Role == role {
			return list[i].Artist
		}
	}
	return 0
}

func (a *API) artistFacts(c Call, id models.ID) (spec.ArtistFacts, error) {
	ar, err := a.artistOf(c, id)
	if err != nil || ar == nil {
		return spec.ArtistFacts{}, err
	}
	return spec.ArtistFacts{MusicBrainzID: ar.ID}, nil
}

var _ = handle(Endpoint{
	Name:  "getArtistInfo",
	Since: "1.11.0",
	Doc:   "What is known of an artist besides the songs: the MusicBrainz id.",
}, (*API).getArtistInfo)

func (a *API) getArtistInfo(c Call, p artistInfoParams) (spec.Payload, error) {
	facts, err := a.artistFacts(c, p.ID)
	return spec.ArtistInfo{ArtistFacts: facts}, err
}

var _ = handle(Endpoint{
	Name:  "getArtistInfo2",
	Since: "1.11.0",
	Doc:   "As getArtistInfo, for the tag view.",
}, (*API).getArtistInfo2)

func (a *API) getArtistInfo2(c Call, p artistInfoParams) (spec.Payload, error) {
	facts, err := a.artistFacts(c, p.ID)
	return spec.ArtistInfo2{ArtistFacts: facts}, err
}

var _ = handle(Endpoint{
	Name:  "getAlbumInfo",
	Since: "1.14.0",
	Doc:   "What is known of an album besides the songs: the MusicBrainz id.",
}, (*API).getAlbumInfo)

var _ = handle(Endpoint{
	Name:  "getAlbumInfo2",
	Since: "1.14.0",
	Doc:   "As getAlbumInfo, for the tag view.",
}, (*API).getAlbumInfo)

func (a *API) getAlbumInfo(c Call, p idParams) (spec.Payload, error) {
	switch p.ID.Kind {
	case models.KindAlbum:
		al, err := a.Catalog.Album(c, c.Viewer, p.ID.Key)
		if err != nil {
			return nil, err
		}
		return spec.AlbumInfo{MusicBrainzID: al.ReleaseID}, nil
	case models.KindSong:
		s, err := a.Catalog.Song(c, c.Viewer, p.ID.Key)
		if err != nil {
			return nil, err
		}
		return spec.AlbumInfo{MusicBrainzID: s.ReleaseID}, nil
	case models.KindFolder:
		_, err := a.Catalog.Folder(c, c.Viewer, p.ID.Key)
		return spec.AlbumInfo{}, err
	}
	return nil, models.NotFound(p.ID)
}

type similarParams struct {
	ID    models.ID `q:"id" required:"true" doc:"of an artist, an album or a song"`
	Count int       `q:"count" default:"50" min:"0" max:"500"`
}

var _ = handle(Endpoint{
	Name:  "getSimilarSongs",
	Since: "1.11.0",
	Doc:   "Songs like those of an artist, an album or a song.",
	Later: true,
}, (*API).getSimilarSongs)

func (a *API) getSimilarSongs(c Call, p similarParams) (spec.Payload, error) {
	_, err := a.artistOf(c, p.ID)
	return spec.SimilarSongs{}, err
}

var _ = handle(Endpoint{
	Name:  "getSimilarSongs2",
	Since: "1.11.0",
	Doc:   "As getSimilarSongs, for the tag view.",
	Later: true,
}, (*API).getSimilarSongs2)

func (a *API) getSimilarSongs2(c Call, p similarParams) (spec.Payload, error) {
	_, err := a.artistOf(c, p.ID)
	return spec.SimilarSongs2{}, err
}

type topSongsParams struct {
	Artist string `q:"artist" required:"true" doc:"a name"`
	Count  int    `q:"count" default:"50" min:"0" max:"500"`
}

var _ = handle(Endpoint{
	Name:  "getTopSongs",
	Since: "1.13.0",
	Doc:   "The best known songs of an artist.",
	Later: true,
}, (*API).getTopSongs)

func (a *API) getTopSongs(Call, topSongsParams) (spec.Payload, error) { return spec.TopSongs{}, nil }

type sonicSimilarParams struct {
	ID    models.ID `q:"id" required:"true"`
	Count int       `q:"count" default:"10"`
}

var _ = handle(Endpoint{
	Name:  "getSonicSimilarTracks",
	Since: "OpenSubsonic",
	Doc:   "Songs that sound like a song.",
	Later: true,
}, (*API).getSonicSimilarTracks)

func (a *API) getSonicSimilarTracks(c Call, p sonicSimilarParams) (spec.Payload, error) {
	if _, err := a.findSong(c, c.Viewer, p.ID); err != nil {
		return nil, err
	}
	return nil, errLater
}

type sonicPathParams struct {
	Start models.ID `q:"startSongId" required:"true"`
	End   models.ID `q:"endSongId" required:"true"`
	Count int       `q:"count" default:"25"`
}

var _ = handle(Endpoint{
	Name:  "findSonicPath",
	Since: "OpenSubsonic",
	Doc:   "Songs on the way from the sound of one song to that of another.",
	Later: true,
}, (*API).findSonicPath)

func (a *API) findSonicPath(c Call, p sonicPathParams) (spec.Payload, error) {
	for _, id := range []models.ID{p.Start, p.End} {
		if _, err := a.findSong(c, c.Viewer, id); err != nil {
			return nil, err
		}
	}
	return nil, errLater
}

// Video.

var _ = handle(Endpoint{
	Name:  "getVideos",
	Since: "1.8.0",
	Doc:   "All videos: there are none.",
	Later: true,
}, (*API).getVideos)

func (a *API) getVideos(Call, none) (spec.Payload, error) { return spec.Videos{}, nil }

var _ = handle(Endpoint{
	Name:  "getVideoInfo",
	Since: "1.14.0",
	Doc:   "Details of a video.",
	Later: true,
}, (*API).gone)

type captionsParams struct {
	ID     models.ID `q:"id" required:"true"`
	Format string    `q:"format"`
}

var _ = handle(Endpoint{
	Name:  "getCaptions",
	Since: "1.14.0",
	Doc:   "The captions of a video.",
	Later: true,
	Media: true,
}, (*API).getCaptions)

func (a *API) getCaptions(_ Call, p captionsParams) (spec.Payload, error) {
	return nil, models.NotFound(p.ID)
}

type hlsParams struct {
	ID         models.ID `q:"id" required:"true"`
	BitRate    []string  `q:"bitRate"`
	AudioTrack string    `q:"audioTrack"`
}

var _ = handle(Endpoint{
	Name:  "hls.m3u8",
	Since: "1.8.0",
	Doc:   "A playlist for HTTP live streaming.",
	Role:  RoleStream,
	Later: true,
	Media: true,
}, (*API).hls)

func (a *API) hls(c Call, p hlsParams) (spec.Payload, error) {
	if _, err := a.findSong(c, c.Viewer, p.ID); err != nil {
		return nil, err
	}
	return nil, errLater
}

// Podcasts.

type podcastsParams struct {
	ID       *models.ID `q:"id" doc:"one channel only"`
	Episodes bool       `q:"includeEpisodes" default:"true"`
}

var _ = handle(Endpoint{
	Name:  "getPodcasts",
	Since: "1.6.0",
	Doc:   "All podcasts: there are none.",
	Later: true,
}, (*API).getPodcasts)

func (a *API) getPodcasts(_ Call, p podcastsParams) (spec.Payload, error) {
	if p.ID != nil {
		return nil, models.NotFound(*p.ID)
	}
	return spec.Podcasts{}, nil
}

type countParams struct {
	Count int `q:"count" default:"20" min:"0"`
}

var _ = handle(Endpoint{
	Name:  "getNewestPodcasts",
	Since: "1.13.0",
	Doc:   "The latest episodes: there are none.",
	Later: true,
}, (*API).getNewestPodcasts)

func (a *API) getNewestPodcasts(Call, countParams) (spec.Payload, error) {
	return spec.NewestPodcasts{}, nil
}

var _ = handle(Endpoint{
	Name:  "getPodcastEpisode",
	Since: "OpenSubsonic",
	Doc:   "One episode.",
	Later: true,
}, (*API).gone)

var _ = handle(Endpoint{
	Name:   "refreshPodcasts",
	Since:  "1.9.0",
	Doc:    "Looks for new episodes.",
	Role:   RolePodcast,
	Writes: true,
	Later:  true,
}, (*API).unsupported)

type urlParams struct {
	URL string `q:"url" required:"true"`
}

var _ = handle(Endpoint{
	Name:   "createPodcastChannel",
	Since:  "1.9.0",
	Doc:    "Subscribes to a podcast.",
	Role:   RolePodcast,
	Writes: true,
	Later:  true,
}, (*API).createPodcastChannel)

func (a *API) createPodcastChannel(Call, urlParams) (spec.Payload, error) { return nil, errLater }

var _ = handle(Endpoint{
	Name:   "deletePodcastChannel",
	Since:  "1.9.0",
	Doc:    "Ends a subscription.",
	Role:   RolePodcast,
	Writes: true,
	Later:  true,
}, (*API).gone)

var _ = handle(Endpoint{
	Name:   "deletePodcastEpisode",
	Since:  "1.9.0",
	Doc:    "Deletes an episode.",
	Role:   RolePodcast,
	Writes: true,
	Later:  true,
}, (*API).gone)

var _ = handle(Endpoint{
	Name:   "downloadPodcastEpisode",
	Since:  "1.9.0",
	Doc:    "Fetches an episode.",
	Role:   RolePodcast,
	Writes: true,
	Later:  true,
}, (*API).gone)

// Jukebox, shares, chat, radio.

type jukeboxParams struct {
	Action string      `q:"action" required:"true"`
	Index  int         `q:"index"`
	Offset int         `q:"offset"`
	ID     []models.ID `q:"id"`
	Gain   float64     `q:"gain"`
}

var _ = handle(Endpoint{
	Name:   "jukeboxControl",
	Since:  "1.2.0",
	Doc:    "Plays on the server's own loudspeakers.",
	Role:   RoleJukebox,
	Writes: true,
	Later:  true,
}, (*API).jukeboxControl)

func (a *API) jukeboxControl(Call, jukeboxParams) (spec.Payload, error) { return nil, errLater }

var _ = handle(Endpoint{
	Name:  "getShares",
	Since: "1.6.0",
	Doc:   "The user's shares: there are none.",
	Later: true,
}, (*API).getShares)

func (a *API) getShares(Call, none) (spec.Payload, error) { return spec.Shares{}, nil }

type createShareParams struct {
	ID          []models.ID `q:"id" required:"true"`
	Description string      `q:"description"`
	Expires     int64       `q:"expires" doc:"Unix ms"`
}

var _ = handle(Endpoint{
	Name:   "createShare",
	Since:  "1.6.0",
	Doc:    "Makes a public link to songs.",
	Role:   RoleShare,
	Writes: true,
	Later:  true,
}, (*API).createShare)

func (a *API) createShare(Call, createShareParams) (spec.Payload, error) { return nil, errLater }

type updateShareParams struct {
	ID          models.ID `q:"id" required:"true"`
	Description *string   `q:"description"`
	Expires     *int64    `q:"expires" doc:"Unix ms; 0 is never"`
}

var _ = handle(Endpoint{
	Name:   "updateShare",
	Since:  "1.6.0",
	Doc:    "Changes a share.",
	Role:   RoleShare,
	Writes: true,
	Later:  true,
}, (*API).updateShare)

func (a *API) updateShare(_ Call, p updateShareParams) (spec.Payload, error) {
	return nil, models.NotFound(p.ID)
}

var _ = handle(Endpoint{
	Name:   "deleteShare",
	Since:  "1.6.0",
	Doc:    "Ends a share.",
	Role:   RoleShare,
	Writes: true,
	Later:  true,
}, (*API).gone)

type chatParams struct {
	Since int64 `q:"since" doc:"Unix ms"`
}

var _ = handle(Endpoint{
	Name:  "getChatMessages",
	Since: "1.2.0",
	Doc:   "The chat: there is none.",
	Later: true,
}, (*API).getChatMessages)

func (a *API) getChatMessages(Call, chatParams) (spec.Payload, error) {
	return spec.ChatMessages{}, nil
}

type messageParams struct {
	Message string `q:"message" required:"true"`
}

var _ = handle(Endpoint{
	Name:   "addChatMessage",
	Since:  "1.2.0",
	Doc:    "Adds to the chat.",
	Writes: true,
	Later:  true,
}, (*API).addChatMessage)

func (a *API) addChatMessage(Call, messageParams) (spec.Payload, error) { return nil, errLater }

var _ = handle(Endpoint{
	Name:  "getInternetRadioStations",
	Since: "1.9.0",
	Doc:   "All radio stations: there are none.",
	Later: true,
}, (*API).getInternetRadioStations)

func (a *API) getInternetRadioStations(Call, none) (spec.Payload, error) {
	return spec.InternetRadioStations{}, nil
}

type createRadioParams struct {
	StreamURL   string `q:"streamUrl" required:"true"`
	Name        string `q:"name" required:"true"`
	HomePageURL string `q:"homepageUrl"`
}

var _ = handle(Endpoint{
	Name:   "createInternetRadioStation",
	Since:  "1.16.0",
	Doc:    "Adds a radio station.",
	Role:   RoleAdmin,
	Writes: true,
	Later:  true,
}, (*API).createInternetRadioStation)

func (a *API) createInternetRadioStation(Call, createRadioParams) (spec.Payload, error) {
	return nil, errLater
}

type updateRadioParams struct {
	ID          models.ID `q:"id" required:"true"`
	StreamURL   string    `q:"streamUrl" required:"true"`
	Name        string    `q:"name" required:"true"`
	HomePageURL string    `q:"homepageUrl"`
}

var _ = handle(Endpoint{
	Name:   "updateInternetRadioStation",
	Since:  "1.16.0",
	Doc:    "Changes a radio station.",
	Role:   RoleAdmin,
	Writes: true,
	Later:  true,
}, (*API).updateInternetRadioStation)

func (a *API) updateInternetRadioStation(_ Call, p updateRadioParams) (spec.Payload, error) {
	return nil, models.NotFound(p.ID)
}

var _ = handle(Endpoint{
	Name:   "deleteInternetRadioStation",
	Since:  "1.16.0",
	Doc:    "Removes a radio station.",
	Role:   RoleAdmin,
	Writes: true,
	Later:  true,
}, (*API).gone)

// Playback and transcoding.

type reportPlaybackParams struct {
	MediaID        models.ID `q:"mediaId" required:"true"`
	MediaType      string    `q:"mediaType" required:"true" doc:"song or podcast"`
	PositionMS     int64     `q:"positionMs" required:"true"`
	State          string    `q:"state" required:"true" doc:"starting, playing, paused or stopped"`
	PlaybackRate   float64   `q:"playbackRate" default:"1"`
	IgnoreScrobble bool      `q:"ignoreScrobble" default:"false"`
}

var _ = handle(Endpoint{
	Name:   "reportPlayback",
	Since:  "OpenSubsonic",
	Doc:    "Tells how far an app has played.",
	Writes: true,
	Later:  true,
}, (*API).reportPlayback)

func (a *API) reportPlayback(c Call, p reportPlaybackParams) (spec.Payload, error) {
	if _, err := a.findSong(c, c.Viewer, p.MediaID); err != nil {
		return nil, err
	}
	return nil, errLater
}

type transcodeParams struct {
	MediaID   models.ID `q:"mediaId" required:"true"`
	MediaType string    `q:"mediaType" required:"true" doc:"song or podcast"`
}

var _ = handle(Endpoint{
	Name:  "getTranscodeDecision",
	Since: "OpenSubsonic",
	Doc:   "How a song would be sent to an app with given abilities.",
	Later: true,
}, (*API).getTranscodeDecision)

func (a *API) getTranscodeDecision(c Call, p transcodeParams) (spec.Payload, error) {
	if _, err := a.findSong(c, c.Viewer, p.MediaID); err != nil {
		return nil, err
	}
	return nil, errLater
}

type transcodeStreamParams struct {
	MediaID   models.ID `q:"mediaId" required:"true"`
	MediaType string    `q:"mediaType" required:"true" doc:"song or podcast"`
	Params    string    `q:"transcodeParams" required:"true"`
	Offset    int       `q:"offset" default:"0" doc:"seconds"`
}

var _ = handle(Endpoint{
	Name:  "getTranscodeStream",
	Since: "OpenSubsonic",
	Doc:   "The bytes that getTranscodeDecision decided on.",
	Role:  RoleStream,
	Later: true,
	Media: true,
}, (*API).getTranscodeStream)

func (a *API) getTranscodeStream(c Call, p transcodeStreamParams) (spec.Payload, error) {
	if _, err := a.findSong(c, c.Viewer, p.MediaID); err != nil {
		return nil, err
	}
	return nil, errLater
}
