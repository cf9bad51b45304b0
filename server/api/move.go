package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/songlocker/songlocker/scanner"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/storage"
)

// NewMove says where a library was copied to.
type NewMove struct {
	Location string            `json:"location" minLength:"1" maxLength:"4096" doc:"an absolute path on the server, or a URL such as s3://bucket/prefix?region=eu-west-1"`
	Secret   map[string]string `json:"secret,omitempty" writeOnly:"true" doc:"what opens the new place; without it the secret that there is serves on within one provider"`
	DryRun   bool              `json:"dryRun,omitempty" doc:"only tell what would be found"`
	Force    bool              `json:"force,omitempty" doc:"also when less than half of the songs are found"`
}

// Moved tells what of a library a new place has. Songs are files here: what a
// cue sheet cuts is one.
type Moved struct {
	Applied  bool          `json:"applied"`
	Refused  string        `json:"refused,omitempty" doc:"why a dry run would not be done"`
	Location string        `json:"location" doc:"the new one"`
	Songs    int           `json:"songs" doc:"that are not missing now"`
	Found    int           `json:"found" doc:"of them, in the new place"`
	ByKey    int           `json:"byKey" doc:"found by their paths, under one renaming of how they begin; missing ones among them, as in the next three"`
	From     string        `json:"from" doc:"how paths began"`
	To       string        `json:"to" doc:"and how they begin now"`
	BySuffix int           `json:"bySuffix" doc:"found by how their paths end, and their sizes"`
	ByETag   int           `json:"byETag" doc:"found by the bucket's own names for their contents, and their sizes"`
	BySound  int           `json:"bySound" doc:"found by what they sound like"`
	Changed  int           `json:"changed" doc:"found, perhaps with another content: the scan that follows reads them"`
	Lost     Paths         `json:"lost" doc:"songs that are not found; the scan that follows counts them as missing"`
	Unclear  []UnclearSong `json:"unclear" nullable:"false" doc:"songs that are not found because several files fit; the first of them"`
	New      Paths         `json:"new" doc:"files of the new place that are no known songs"`
	Unread   int           `json:"unread" doc:"of them, not compared by sound, because they are far more than the songs that are not found"`
	Requests int64         `json:"requests" doc:"to the new place"`
	Bytes    int64         `json:"bytes" doc:"read there"`
}

// Paths are how many files there are, and the first of them.
type Paths struct {
	Count int      `json:"count"`
	First []string `json:"first" nullable:"false"`
}

// UnclearSong is a song that several files fit.
type UnclearSong struct {
	Path  string   `json:"path"`
	Could []string `json:"could" nullable:"false" doc:"some of them"`
}

func texts(keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = strings.ToValidUTF8(k, "\uFFFD")
	}
	return out
}

func moved(m manage.Moved, applied bool) Moved {
	paths := func(k scanner.Keys) Paths { return Paths{k.Count, texts(k.First)} }
	out := Moved{
		Applied: applied, Refused: m.Refused, Location: m.Location, Songs: m.Songs, Found: m.Found, ByKey: m.ByKey, From: texts([]string{m.From})[0], To: texts([]string{m.To})[0],
		BySuffix: m.BySuffix, ByETag: m.ByETag, BySound: m.BySound, Changed: m.Read, Lost: paths(m.Lost), Unclear: []UnclearSong{}, New: paths(m.New),
		Unread: m.Unread, Requests: m.Requests, Bytes: m.Bytes,
	}
	for _, u := range m.Unclear {
		out.Unclear = append(out.Unclear, UnclearSong{texts([]string{u.Key})[0], texts(u.Could)})
	}
	return out
}

func (a *API) moves() {
	handle(a, huma.Operation{
		OperationID: "moveLibrary", Method: http.MethodPost, Path: "/libraries/{library}/move", Tags: []string{"libraries"},
		Summary: "Move a library to where its owner has copied its files",
		Description: "Songs keep their ids and all that users attached to them. The new place is listed; a song is found there by its path, under one renaming of how paths begin, " +
			"else by the longest end of its path with an equal size, else by the bucket's ETag and size, else by its sound. What fits several is not guessed. " +
			"A place that can't be listed to its end, that has no music, or less than half of the songs, is refused. A scan follows, which reads nothing that is the same. " +
			"The answer comes when all is done, which for a large bucket takes minutes.",
		Errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable},
	}, func(ctx context.Context, who *caller, in *struct {
		OneLibrary
		Body NewMove
	}) (*body[Moved], error) {
		// The server's limits are for short answers.
		control := http.NewResponseController(who.echo.Response())
		for _, lift := range []func(time.Time) error{control.SetReadDeadline, control.SetWriteDeadline} {
			if err := lift(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
				return nil, err
			}
		}
		m, err := a.Manage.MoveLibrary(ctx, who.Identity, in.Library, manage.Move{
			Location: in.Body.Location, Secret: storage.Secret(in.Body.Secret), DryRun: in.Body.DryRun, Force: in.Body.Force,
		})
		if err != nil {
			return nil, err
		}
		return answer(moved(m.For(a.Manage.Catalog.ViewerOf(who.Identity), in.Library), !in.Body.DryRun)), nil
	})
}
