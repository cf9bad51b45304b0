package subsonic

import (
	"slices"
	"time"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/subsonic/spec"
)

var _ = handle(Endpoint{
	Name:   "star",
	Since:  "1.8.0",
	Doc:    "Stars songs, albums, artists and folders. Each parameter takes ids of every kind.",
	Writes: true,
}, (*API).star)

var _ = handle(Endpoint{
	Name:   "unstar",
	Since:  "1.8.0",
	Doc:    "Takes stars off again.",
	Writes: true,
}, (*API).unstar)

type starParams struct {
	ID       []models.ID `q:"id"`
	AlbumID  []models.ID `q:"albumId"`
	ArtistID []models.ID `q:"artistId"`
}

func (a *API) star(c Call, p starParams) (spec.Payload, error) { return nil, a.setStars(c, p, true) }

func (a *API) unstar(c Call, p starParams) (spec.Payload, error) { return nil, a.setStars(c, p, false) }

func (a *API) setStars(c Call, p starParams, on bool) error {
	items := slices.Concat(p.ID, p.AlbumID, p.ArtistID)
	if len(items) == 0 {
		return missing("id, albumId or artistId")
	}
	return a.Catalog.Star(c, c.Viewer, items, on)
}

var _ = handle(Endpoint{
	Name:   "setRating",
	Since:  "1.6.0",
	Doc:    "Rates a song, an album, an artist or a folder from 1 to 5; 0 takes the rating back.",
	Writes: true,
}, (*API).setRating)

type setRatingParams struct {
	ID     models.ID `q:"id" required:"true"`
	Rating int       `q:"rating" required:"true" doc:"0 to 5"`
}

func (a *API) setRating(c Call, p setRatingParams) (spec.Payload, error) {
	return nil, a.Catalog.Rate(c, c.Viewer, p.ID, p.Rating)
}

var _ = handle(Endpoint{
	Name:   "scrobble",
	Since:  "1.5.0",
	Doc:    "Counts plays, or with submission=false only tells what plays now.",
	Writes: true,
}, (*API).scrobble)

type scrobbleParams struct {
	ID         []models.ID `q:"id" required:"true"`
	Time       []int64     `q:"time" doc:"Unix ms, one for each id"`
	Submission bool        `q:"submission" default:"true"`
}

func (a *API) scrobble(c Call, p scrobbleParams) (spec.Payload, error) {
	for _, id := range p.ID {
		if id.Kind != models.KindSong {
			return nil, models.NotFound(id)
		}
	}
	if !p.Submission {
		return nil, a.nowPlaying(c, p.ID)
	}
	plays := make([]models.Play, len(p.ID))
	for i, id := range p.ID {
		plays[i] = models.Play{User: c.User.Key, Song: id.Key, Player: c.Client, Source: "subsonic"}
		if i < len(p.Time) {
			plays[i].At = max(p.Time[i], 0)
		}
	}
	_, err := a.Catalog.Scrobble(c, c.Viewer, plays)
	return nil, err
}

// nowPlaying notes the last of the songs as the one that plays.
func (a *API) nowPlaying(c Call, ids []models.ID) error {
	keys := make([]models.Key, len(ids))
	for i, id := range ids {
		keys[i] = id.Key
	}
	songs, err := a.Catalog.Songs(c, c.Viewer, keys)
	if err != nil {
		return err
	}
	if len(songs) < len(ids) {
		for _, id := range ids {
			if !slices.ContainsFunc(songs, func(s *models.Song) bool { return s.Key == id.Key }) {
				return models.NotFound(id)
			}
		}
	}
	s := songs[len(songs)-1]
	a.players.play(playing{user: c.User.Key, name: c.User.Name, client: c.Client, song: s.Key, since: a.Now()}, time.Duration(s.Duration)*time.Millisecond)
	return nil
}
