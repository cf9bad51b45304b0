package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/scanner"
)

// Why is why songs stand in one album.
type Why struct {
	Album      AlbumName    `json:"album"`
	Songs      []WhySong    `json:"songs" nullable:"false" doc:"by disc and track"`
	Differs    []Difference `json:"differs" nullable:"false" doc:"tags in which the songs differ, and which keep none of them apart"`
	Neighbours []Neighbour  `json:"neighbours" nullable:"false" doc:"albums in the same folder or of the same name"`
}

// AlbumName names an album.
type AlbumName struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Artist string `json:"artist"`
	Songs  int    `json:"songs"`
}

// WhySong is why one song stands in the album.
type WhySong struct {
	ID       string     `json:"id"`
	Path     string     `json:"path" doc:"relative to the library's root"`
	Rule     string     `json:"rule" enum:"release,name,folder" doc:"what decides: the MusicBrainz release id, the album's name and album artist, or the album's name and the folder"`
	Says     string     `json:"says" doc:"the same as a sentence"`
	Evidence []Evidence `json:"evidence" nullable:"false"`
}

// Evidence is one field that decides.
type Evidence struct {
	Field string `json:"field"`
	Value string `json:"value" doc:"empty when there is none"`
	From  string `json:"from" doc:"where the value comes from"`
}

// Difference is a tag with several values.
type Difference struct {
	Field  string  `json:"field"`
	Values []Value `json:"values" nullable:"false"`
}

// Value is a value and how many songs have it.
type Value struct {
	Value string `json:"value"`
	Songs int    `json:"songs"`
}

// Neighbour is an album that stays apart.
type Neighbour struct {
	Album   AlbumName `json:"album"`
	Near    string    `json:"near" enum:"folder,name"`
	Because string    `json:"because" doc:"what keeps it apart"`
}

func albumName(a *models.Album) AlbumName {
	return AlbumName{models.ID{Kind: models.KindAlbum, Key: a.Key}.String(), a.Name, a.Artist, a.Songs}
}

func why(w *scanner.Why) Why {
	out := Why{Album: albumName(w.Album), Songs: []WhySong{}, Differs: []Difference{}, Neighbours: []Neighbour{}}
	for _, s := range w.Songs {
		x := WhySong{ID: models.ID{Kind: models.KindSong, Key: s.Song.Key}.String(), Path: models.CleanName(s.Song.ObjectKey), Rule: s.Rule, Says: s.Says}
		for _, e := range s.Fields {
			x.Evidence = append(x.Evidence, Evidence(e))
		}
		out.Songs = append(out.Songs, x)
	}
	for _, d := range w.Differs {
		x := Difference{Field: d.Field}
		for _, v := range d.Values {
			x.Values = append(x.Values, Value(v))
		}
		out.Differs = append(out.Differs, x)
	}
	for _, n := range w.Neighbours {
		near := "name"
		if n.Folder {
			near = "folder"
		}
		out.Neighbours = append(out.Neighbours, Neighbour{albumName(n.Album), near, n.Because})
	}
	return out
}

func (a *API) albums() {
	handle(a, huma.Operation{
		OperationID: "whyAlbum", Method: http.MethodGet, Path: "/albums/{album}/why", Tags: []string{"albums"},
		Summary:     "Why songs stand in one album",
		Description: "The evidence by which songs were grouped, field by field, as far as the caller may read them; and the albums beside it, with what keeps them apart.",
		Errors:      []int{http.StatusNotFound},
	}, func(ctx context.Context, who *caller, in *struct {
		Album string `path:"album" doc:"the album's id"`
	}) (*body[Why], error) {
		k, err := key(models.KindAlbum, in.Album)
		if err != nil {
			return nil, err
		}
		w, err := a.Manage.Why(ctx, who.Identity, k)
		if err != nil {
			return nil, err
		}
		return answer(why(w)), nil
	})
}
