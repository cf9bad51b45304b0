package subsonic

import (
	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/subsonic/spec"
)

var _ = handle(Endpoint{
	Name:      "getPlaylists",
	Since:     "1.0.0",
	Doc:       "The user's playlists and those that others made public; an admin may ask for another user's.",
	Versioned: true,
}, (*API).getPlaylists)

type getPlaylistsParams struct {
	Username string `q:"username" doc:"another user's lists, for admins"`
}

func (a *API) getPlaylists(c Call, p getPlaylistsParams) (spec.Payload, error) {
	var owner models.Key
	if p.Username != "" {
		u, err := a.userFor(c, p.Username)
		if err != nil {
			return nil, err
		}
		owner = u.Key
	}
	list, err := a.Catalog.Playlists(c, c.Viewer, owner, c.Roles.Admin)
	if err != nil {
		return nil, err
	}
	out := spec.Playlists{Playlist: make([]spec.Playlist, len(list))}
	for i, x := range list {
		out.Playlist[i] = playlist(c, x)
	}
	return out, nil
}

func playlist(c Call, p *models.Playlist) spec.Playlist {
	return spec.Playlist{
		ID: idOf(models.KindPlaylist, p.Key), Name: p.Name, Comment: p.Comment, Owner: p.OwnerID, Public: p.Public,
		SongCount: p.Songs, Duration: seconds(p.Duration), Created: spec.Time(p.Created), Changed: spec.Time(p.Changed),
		CoverArt: coverID(p.Cover), ReadOnly: p.Owner != c.User.Key,
	}
}

var _ = handle(Endpoint{
	Name:      "getPlaylist",
	Since:     "1.0.0",
	Doc:       "One playlist with its songs.",
	Versioned: true,
}, (*API).getPlaylist)

func (a *API) getPlaylist(c Call, p idParams) (spec.Payload, error) {
	if p.ID.Kind != models.KindPlaylist {
		return nil, models.NotFound(p.ID)
	}
	list, songs, err := a.Catalog.Playlist(c, c.Viewer, p.ID.Key)
	if err != nil {
		return nil, err
	}
	out := spec.PlaylistWithSongs{Playlist: playlist(c, list)}
	if out.Entry, err = a.songs(c, songs); err != nil {
		return nil, err
	}
	// Apps compare the list's duration with the sum of its songs'.
	out.Duration = 0
	for i := range out.Entry {
		out.Duration += out.Entry[i].Duration
	}
	return out, nil
}

var _ = handle(Endpoint{
	Name:   "createPlaylist",
	Since:  "1.2.0",
	Doc:    "Makes a playlist, or replaces the songs of one.",
	Role:   RolePlaylist,
	Writes: true,
}, (*API).createPlaylist)

type createPlaylistParams struct {
	PlaylistID models.ID   `q:"playlistId" doc:"the list whose songs are replaced"`
	Name       string      `q:"name" doc:"required without playlistId"`
	SongID     []models.ID `q:"songId" doc:"in order, duplicates kept"`
}

func (a *API) createPlaylist(c Call, p createPlaylistParams) (spec.Payload, error) {
	songs, err := songKeys(p.SongID)
	if err != nil {
		return nil, err
	}
	id := p.PlaylistID
	switch {
	case id.Key != 0:
		if id.Kind != models.KindPlaylist {
			return nil, models.NotFound(id)
		}
		var name *string
		if p.Name != "" {
			name = &p.Name
		}
		err = a.Catalog.ReplacePlaylist(c, c.Viewer, id.Key, name, songs)
	case p.Name == "":
		return nil, missing("name")
	default:
		id.Kind = models.KindPlaylist
		id.Key, err = a.Catalog.CreatePlaylist(c, c.Viewer, p.Name, songs)
	}
	if err != nil {
		return nil, err
	}
	return a.getPlaylist(c, idParams{ID: id})
}

// songKeys returns the keys of song ids; an id of another kind is
// models.ErrNotFound.
func songKeys(ids []models.ID) ([]models.Key, error) {
	keys := make([]models.Key, len(ids))
	for i, id := range ids {
		if id.Kind != models.KindSong {
			return nil, models.NotFound(id)
		}
		keys[i] = id.Key
	}
	return keys, nil
}

var _ = handle(Endpoint{
	Name:   "updatePlaylist",
	Since:  "1.8.0",
	Doc:    "Changes a playlist. Songs are removed by their places before the call, then others are added at the end.",
	Role:   RolePlaylist,
	Writes: true,
}, (*API).updatePlaylist)

type updatePlaylistParams struct {
	PlaylistID models.ID   `q:"playlistId" required:"true"`
	Name       *string     `q:"name"`
	Comment    *string     `q:"comment"`
	Public     *bool       `q:"public"`
	Add        []models.ID `q:"songIdToAdd"`
	Remove     []int       `q:"songIndexToRemove" doc:"from 0, in the list as the app was shown it"`
}

func (a *API) updatePlaylist(c Call, p updatePlaylistParams) (spec.Payload, error) {
	if p.PlaylistID.Kind != models.KindPlaylist {
		return nil, models.NotFound(p.PlaylistID)
	}
	add, err := songKeys(p.Add)
	if err != nil {
		return nil, err
	}
	if p.Name != nil && *p.Name == "" {
		p.Name = nil // an empty name is none
	}
	return nil, a.Catalog.EditPlaylist(c, c.Viewer, p.PlaylistID.Key, catalog.PlaylistEdit{Name: p.Name, Comment: p.Comment, Public: p.Public, Add: add, Remove: p.Remove})
}

var _ = handle(Endpoint{
	Name:   "deletePlaylist",
	Since:  "1.2.0",
	Doc:    "Deletes a playlist of one's own; an admin may delete any.",
	Role:   RolePlaylist,
	Writes: true,
}, (*API).deletePlaylist)

func (a *API) deletePlaylist(c Call, p idParams) (spec.Payload, error) {
	if p.ID.Kind != models.KindPlaylist {
		return nil, models.NotFound(p.ID)
	}
	return nil, a.Catalog.DeletePlaylist(c, c.Viewer, p.ID.Key, c.Roles.Admin)
}
