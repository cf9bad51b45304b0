package subsonic

import (
	"strconv"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/subsonic/spec"
)

var _ = handle(Endpoint{
	Name:      "getAlbumList",
	Since:     "1.2.0",
	Doc:       "Albums of one list, as folders. Audiobooks and podcasts are among random and frequent ones only where musicFolderId names their library.",
	Versioned: true,
}, (*API).getAlbumList)

var _ = handle(Endpoint{
	Name:      "getAlbumList2",
	Since:     "1.8.0",
	Doc:       "Albums of one list. The header X-Total-Count tells the whole list's length. Audiobooks and podcasts as in getAlbumList.",
	Versioned: true,
}, (*API).getAlbumList2)

type albumListParams struct {
	Type     string   `q:"type" required:"true" doc:"random, newest, highest, frequent, recent, alphabeticalByName, alphabeticalByArtist, starred, byYear or byGenre"`
	Size     int      `q:"size" default:"10" min:"0" max:"500"`
	Offset   int      `q:"offset" default:"0" min:"0"`
	FromYear *int     `q:"fromYear" doc:"for byYear; larger than toYear: newest first"`
	ToYear   *int     `q:"toYear" doc:"for byYear"`
	Genre    string   `q:"genre" doc:"for byGenre"`
	Folder   folderID `q:"musicFolderId" doc:"one library only"`
}

func (a *API) albumList(c Call, p albumListParams) ([]*models.Album, error) {
	l := catalog.AlbumList{By: p.Type, Genre: p.Genre, Size: p.Size, Offset: p.Offset}
	switch p.Type {
	case "byYear":
		if p.FromYear == nil {
			return nil, missing("fromYear")
		}
		if p.ToYear == nil {
			return nil, missing("toYear")
		}
		l.FromYear, l.ToYear = *p.FromYear, *p.ToYear
	case "byGenre":
		if p.Genre == "" {
			return nil, missing("genre")
		}
	}
	in := c.In(p.Folder)
	if p.Type == "random" || p.Type == "frequent" {
		var err error
		if in, err = a.music(c, p.Folder); err != nil {
			return nil, err
		}
	}
	list, total, err := a.Catalog.Albums(c, in, l)
	if err == nil {
		c.Header["X-Total-Count"] = []string{strconv.Itoa(total)}
	}
	return list, err
}

func (a *API) getAlbumList(c Call, p albumListParams) (spec.Payload, error) {
	list, err := a.albumList(c, p)
	if err != nil {
		return nil, err
	}
	children, err := a.albumChildren(c, list)
	return spec.AlbumList{Album: children}, err
}

func (a *API) getAlbumList2(c Call, p albumListParams) (spec.Payload, error) {
	list, err := a.albumList(c, p)
	return spec.AlbumList2{Album: albums(list)}, err
}

var _ = handle(Endpoint{
	Name:  "getRandomSongs",
	Since: "1.2.0",
	Doc:   "Songs by chance, none twice. Audiobooks and podcasts come only where musicFolderId names their library.",
}, (*API).getRandomSongs)

type getRandomSongsParams struct {
	Size     int      `q:"size" default:"10" min:"0" max:"500"`
	Genre    string   `q:"genre"`
	FromYear int      `q:"fromYear"`
	ToYear   int      `q:"toYear"`
	Folder   folderID `q:"musicFolderId" doc:"one library only"`
}

func (a *API) getRandomSongs(c Call, p getRandomSongsParams) (spec.Payload, error) {
	in, err := a.music(c, p.Folder)
	if err != nil {
		return nil, err
	}
	list, err := a.Catalog.RandomSongs(c, in, catalog.SongList{Genre: p.Genre, FromYear: p.FromYear, ToYear: p.ToYear, Size: p.Size})
	if err != nil {
		return nil, err
	}
	songs, err := a.songs(c, list)
	return spec.RandomSongs{Song: songs}, err
}

var _ = handle(Endpoint{
	Name:      "getSongsByGenre",
	Since:     "1.9.0",
	Doc:       "Songs of one genre, by title.",
	Versioned: true,
}, (*API).getSongsByGenre)

type getSongsByGenreParams struct {
	Genre  string   `q:"genre" required:"true"`
	Count  int      `q:"count" default:"10" min:"0" max:"500"`
	Offset int      `q:"offset" default:"0" min:"0"`
	Folder folderID `q:"musicFolderId" doc:"one library only"`
}

func (a *API) getSongsByGenre(c Call, p getSongsByGenreParams) (spec.Payload, error) {
	list, err := a.Catalog.SongsByGenre(c, c.In(p.Folder), catalog.SongList{Genre: p.Genre, Size: p.Count, Offset: p.Offset})
	if err != nil {
		return nil, err
	}
	songs, err := a.songs(c, list)
	return spec.SongsByGenre{Song: songs}, err
}

var _ = handle(Endpoint{
	Name:      "getStarred",
	Since:     "1.8.0",
	Doc:       "All that the user has starred, albums and folders as folders.",
	Versioned: true,
}, (*API).getStarred)

func (a *API) getStarred(c Call, p folderParams) (spec.Payload, error) {
	ar, al, so, fo, err := a.Catalog.Starred(c, c.In(p.Folder))
	if err != nil {
		return nil, err
	}
	kinds, err := a.libraryKinds(c)
	if err != nil {
		return nil, err
	}
	out := spec.Starred{Artist: folderArtists(ar), Album: make([]spec.Child, len(al)+len(fo))}
	for i, x := range al {
		fillAlbumChild(&out.Album[i], x, kinds[x.Library])
	}
	for i, x := range fo {
		fillFolder(&out.Album[len(al)+i], x, kinds[x.Library])
	}
	out.Song, err = a.songs(c, so)
	return out, err
}

var _ = handle(Endpoint{
	Name:      "getStarred2",
	Since:     "1.8.0",
	Doc:       "All artists, albums and songs that the user has starred.",
	Versioned: true,
}, (*API).getStarred2)

func (a *API) getStarred2(c Call, p folderParams) (spec.Payload, error) {
	ar, al, so, _, err := a.Catalog.Starred(c, c.In(p.Folder))
	if err != nil {
		return nil, err
	}
	songs, err := a.songs(c, so)
	return spec.Starred2{Artist: artists(ar), Album: albums(al), Song: songs}, err
}

var _ = handle(Endpoint{
	Name:  "getNowPlaying",
	Since: "1.0.0",
	Doc:   "What all users play now, as far as the asking user may read it.",
}, (*API).getNowPlaying)

func (a *API) getNowPlaying(c Call, _ none) (spec.Payload, error) {
	now := a.Now()
	playing := a.players.list(now)
	keys := make([]models.Key, len(playing))
	for i, p := range playing {
		keys[i] = p.song
	}
	list, err := a.Catalog.Songs(c, c.Viewer, keys)
	if err != nil {
		return nil, err
	}
	songs, err := a.songs(c, list)
	if err != nil {
		return nil, err
	}
	at := make(map[models.Key]int, len(list))
	for i, s := range list {
		at[s.Key] = i
	}
	out := spec.NowPlaying{}
	for _, p := range playing {
		i, ok := at[p.song]
		if !ok {
			continue
		}
		out.Entry = append(out.Entry, spec.NowPlayingEntry{Child: songs[i], Username: p.name, PlayerID: p.id, PlayerName: p.client,
			MinutesAgo: int(now.Sub(p.since).Minutes())})
	}
	return out, nil
}
