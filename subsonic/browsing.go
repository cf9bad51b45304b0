package subsonic

import (
	"context"
	"slices"
	"strings"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/models/catalog"
	"github.com/songlocker/songlocker/subsonic/spec"
)

var _ = handle(Endpoint{
	Name:      "getMusicFolders",
	Since:     "1.0.0",
	Doc:       "The libraries that the user may read.",
	Versioned: true,
}, (*API).getMusicFolders)

func (a *API) getMusicFolders(c Call, _ none) (spec.Payload, error) {
	list, err := a.Catalog.Libraries(c)
	if err != nil {
		return nil, err
	}
	out := spec.MusicFolders{}
	for _, l := range list {
		if c.Viewer.Reads(l.Number) {
			out.MusicFolder = append(out.MusicFolder, spec.MusicFolder{ID: l.Number, Name: l.Name})
		}
	}
	return out, nil
}

var _ = handle(Endpoint{
	Name:      "getIndexes",
	Since:     "1.0.0",
	Doc:       "The folders at the top of the libraries, by letter, and the songs beside them.",
	Versioned: true,
}, (*API).getIndexes)

type getIndexesParams struct {
	Folder          folderID `q:"musicFolderId" doc:"one library only"`
	IfModifiedSince int64    `q:"ifModifiedSince" doc:"Unix ms; the answer is empty when nothing changed after"`
}

func (a *API) getIndexes(c Call, p getIndexesParams) (spec.Payload, error) {
	v := c.In(p.Folder)
	changed, err := a.Catalog.Changed(c, v)
	if err != nil {
		return nil, err
	}
	out := spec.Indexes{LastModified: changed, IgnoredArticles: strings.Join(a.IgnoredArticles, " ")}
	if p.IfModifiedSince > 0 && p.IfModifiedSince >= changed {
		return out, nil
	}
	folders, err := a.Catalog.TopFolders(c, v)
	if err != nil {
		return nil, err
	}
	songs, err := a.Catalog.RootSongs(c, v)
	if err != nil {
		return nil, err
	}
	for _, group := range index(folders, func(f *models.Folder) string { return a.indexName(f.Name, "") }) {
		x := spec.Index{Name: group.letter, Artist: make([]spec.Artist, len(group.items))}
		for i, f := range group.items {
			x.Artist[i] = spec.Artist{ID: idOf(models.KindFolder, f.Key), Name: f.Name, Starred: spec.Time(f.User.StarredAt),
				UserRating: f.User.Rating, AverageRating: spec.Rating(f.User.Average)}
		}
		out.Index = append(out.Index, x)
	}
	out.Child, err = a.songs(c, songs)
	return out, err
}

// indexGroup is what stands under one letter.
type indexGroup[T any] struct {
	letter string
	items  []T
}

// index puts items under the letters of their names, in order, the letter "#"
// first.
func index[T any](list []T, name func(T) string) []indexGroup[T] {
	type named struct {
		name, letter string
		item         T
	}
	all := make([]named, len(list))
	for i, item := range list {
		n := name(item)
		all[i] = named{n, letter(n), item}
	}
	slices.SortStableFunc(all, func(a, b named) int {
		if c := strings.Compare(a.letter, b.letter); c != 0 {
			return c
		}
		return strings.Compare(a.name, b.name)
	})
	var out []indexGroup[T]
	for _, n := range all {
		if len(out) == 0 || out[len(out)-1].letter != n.letter {
			out = append(out, indexGroup[T]{letter: n.letter})
		}
		last := &out[len(out)-1]
		last.items = append(last.items, n.item)
	}
	return out
}

var _ = handle(Endpoint{
	Name:      "getMusicDirectory",
	Since:     "1.0.0",
	Doc:       "What lies in a folder; an album's songs or an artist's albums for an id of the tag view.",
	Versioned: true,
}, (*API).getMusicDirectory)

type idParams struct {
	ID models.ID `q:"id" required:"true"`
}

func (a *API) getMusicDirectory(c Call, p idParams) (spec.Payload, error) {
	switch p.ID.Kind {
	case models.KindFolder:
		return a.folderDirectory(c, p.ID)
	case models.KindAlbum:
		return a.albumDirectory(c, p.ID)
	case models.KindArtist:
		return a.artistDirectory(c, p.ID)
	}
	return nil, models.NotFound(p.ID)
}

func (a *API) folderDirectory(c Call, id models.ID) (spec.Payload, error) {
	f, err := a.Catalog.Folder(c, c.Viewer, id.Key)
	if err != nil {
		return nil, err
	}
	below, err := a.Catalog.SubFolders(c, c.Viewer, f.Key)
	if err != nil {
		return nil, err
	}
	songs, err := a.Catalog.FolderSongs(c, c.Viewer, f.Key)
	if err != nil {
		return nil, err
	}
	kinds, err := a.libraryKinds(c)
	if err != nil {
		return nil, err
	}
	out := directory(id, f.Name, f.User)
	out.Parent = idOf(models.KindFolder, f.Parent)
	if f.Path == "" {
		out.Name = a.libraryName(c, f.Library)
	}
	out.Child = make([]spec.Child, len(below)+len(songs))
	for i, sub := range below {
		fillFolder(&out.Child[i], sub, kinds[sub.Library])
	}
	for i, s := range songs {
		fillSong(&out.Child[len(below)+i], s, kinds[s.Library])
	}
	return out, nil
}

// libraryName names a library's own folder.
func (a *API) libraryName(ctx context.Context, number int) string {
	l, err := a.Catalog.Library(ctx, number)
	if err != nil {
		return "Music"
	}
	return l.Name
}

func directory(id models.ID, name string, u models.UserItem) spec.Directory {
	return spec.Directory{ID: id.String(), Name: name, Starred: spec.Time(u.StarredAt), UserRating: u.Rating,
		AverageRating: spec.Rating(u.Average), PlayCount: u.PlayCount}
}

func (a *API) albumDirectory(c Call, id models.ID) (spec.Payload, error) {
	al, err := a.Catalog.Album(c, c.Viewer, id.Key)
	if err != nil {
		return nil, err
	}
	songs, err := a.Catalog.AlbumSongs(c, c.Viewer, al.Key)
	if err != nil {
		return nil, err
	}
	out := directory(id, al.Name, al.User)
	if refs, _ := albumArtists(al); len(refs) > 0 {
		out.Parent = refs[0].ID
	}
	out.Child, err = a.songs(c, songs)
	for i := range out.Child {
		out.Child[i].Parent = out.ID
	}
	return out, err
}

func (a *API) artistDirectory(c Call, id models.ID) (spec.Payload, error) {
	ar, err := a.Catalog.Artist(c, c.Viewer, id.Key)
	if err != nil {
		return nil, err
	}
	list, err := a.Catalog.ArtistAlbums(c, c.Viewer, ar.Key)
	if err != nil {
		return nil, err
	}
	out := directory(id, ar.Name, ar.User)
	out.Child, err = a.albumChildren(c, list)
	for i := range out.Child {
		out.Child[i].Parent = out.ID
	}
	return out, err
}

var _ = handle(Endpoint{
	Name:      "getGenres",
	Since:     "1.9.0",
	Doc:       "All genres of what the user may read, with counts.",
	Versioned: true,
}, (*API).getGenres)

func (a *API) getGenres(c Call, _ none) (spec.Payload, error) {
	list, err := a.Catalog.Genres(c, c.Viewer)
	if err != nil {
		return nil, err
	}
	out := spec.Genres{Genre: make([]spec.Genre, len(list))}
	for i, g := range list {
		out.Genre[i] = spec.Genre{SongCount: g.Songs, AlbumCount: g.Albums, Value: g.Name}
	}
	return out, nil
}

var _ = handle(Endpoint{
	Name:      "getArtists",
	Since:     "1.8.0",
	Doc:       "All album artists, by letter.",
	Versioned: true,
}, (*API).getArtists)

type folderParams struct {
	Folder folderID `q:"musicFolderId" doc:"one library only"`
}

func (a *API) getArtists(c Call, p folderParams) (spec.Payload, error) {
	list, err := a.Catalog.Artists(c, c.In(p.Folder))
	if err != nil {
		return nil, err
	}
	out := spec.Artists{IgnoredArticles: strings.Join(a.IgnoredArticles, " ")}
	for _, group := range index(list, func(ar *models.Artist) string { return a.indexName(ar.Name, ar.Sort) }) {
		out.Index = append(out.Index, spec.IndexID3{Name: group.letter, Artist: artists(group.items)})
	}
	return out, nil
}

var _ = handle(Endpoint{
	Name:      "getArtist",
	Since:     "1.8.0",
	Doc:       "One artist with the albums: first those by the artist, then those with works that the artist composed or conducts.",
	Versioned: true,
}, (*API).getArtist)

func (a *API) getArtist(c Call, p idParams) (spec.Payload, error) {
	if p.ID.Kind != models.KindArtist {
		return nil, models.NotFound(p.ID)
	}
	ar, err := a.Catalog.Artist(c, c.Viewer, p.ID.Key)
	if err != nil {
		return nil, err
	}
	list, err := a.Catalog.ArtistAlbums(c, c.Viewer, ar.Key)
	if err != nil {
		return nil, err
	}
	out := spec.ArtistWithAlbums{Album: albums(list)}
	fillArtist(&out.ArtistID3, ar)
	// Of a composer or conductor the lists of artists count no album.
	out.AlbumCount = len(list)
	return out, nil
}

var _ = handle(Endpoint{
	Name:      "getAlbum",
	Since:     "1.8.0",
	Doc:       "One album with its songs, by disc and track.",
	Versioned: true,
}, (*API).getAlbum)

func (a *API) getAlbum(c Call, p idParams) (spec.Payload, error) {
	if p.ID.Kind != models.KindAlbum {
		return nil, models.NotFound(p.ID)
	}
	al, err := a.Catalog.Album(c, c.Viewer, p.ID.Key)
	if err != nil {
		return nil, err
	}
	songs, err := a.Catalog.AlbumSongs(c, c.Viewer, al.Key)
	if err != nil {
		return nil, err
	}
	out := spec.AlbumWithSongs{}
	fillAlbum(&out.AlbumID3, al)
	out.Song, err = a.songs(c, songs)
	return out, err
}

var _ = handle(Endpoint{
	Name:      "getSong",
	Since:     "1.8.0",
	Doc:       "Details of one song.",
	Versioned: true,
}, (*API).getSong)

func (a *API) getSong(c Call, p idParams) (spec.Payload, error) {
	s, err := a.findSong(c, c.Viewer, p.ID)
	if err != nil {
		return nil, err
	}
	child, err := a.song(c, s)
	return spec.Song(child), err
}

// findSong returns the song with an id.
func (a *API) findSong(ctx context.Context, v catalog.Viewer, id models.ID) (*models.Song, error) {
	if id.Kind != models.KindSong {
		return nil, models.NotFound(id)
	}
	return a.Catalog.Song(ctx, v, id.Key)
}
