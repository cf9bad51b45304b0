package subsonic

import (
	"fmt"
	"slices"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/subsonic/spec"
)

var _ = handle(Endpoint{
	Name:      "getBookmarks",
	Since:     "1.9.0",
	Doc:       "The user's bookmarks with their songs.",
	Versioned: true,
}, (*API).getBookmarks)

func (a *API) getBookmarks(c Call, _ none) (spec.Payload, error) {
	list, err := a.Catalog.Bookmarks(c, c.Viewer)
	if err != nil {
		return nil, err
	}
	out := spec.Bookmarks{Bookmark: make([]spec.Bookmark, len(list))}
	for i, b := range list {
		entry, err := a.song(c, b.Song)
		if err != nil {
			return nil, err
		}
		out.Bookmark[i] = spec.Bookmark{Position: b.Position, Username: c.User.Name, Comment: b.Comment,
			Created: spec.Time(b.Created), Changed: spec.Time(b.Changed), Entry: entry}
	}
	return out, nil
}

var _ = handle(Endpoint{
	Name:   "createBookmark",
	Since:  "1.9.0",
	Doc:    "Keeps a place in a song; it replaces the user's former one in that song.",
	Writes: true,
}, (*API).createBookmark)

type createBookmarkParams struct {
	ID       models.ID `q:"id" required:"true"`
	Position int64     `q:"position" required:"true" doc:"ms"`
	Comment  string    `q:"comment"`
}

func (a *API) createBookmark(c Call, p createBookmarkParams) (spec.Payload, error) {
	if p.ID.Kind != models.KindSong {
		return nil, models.NotFound(p.ID)
	}
	if p.Position < 0 {
		return nil, fmt.Errorf("position %d: %w", p.Position, models.ErrInvalid)
	}
	return nil, a.Catalog.SetBookmark(c, c.Viewer, p.ID.Key, p.Position, p.Comment)
}

var _ = handle(Endpoint{
	Name:   "deleteBookmark",
	Since:  "1.9.0",
	Doc:    "Removes the user's bookmark in a song.",
	Writes: true,
}, (*API).deleteBookmark)

func (a *API) deleteBookmark(c Call, p idParams) (spec.Payload, error) {
	if p.ID.Kind != models.KindSong {
		return nil, models.NotFound(p.ID)
	}
	return nil, a.Catalog.DeleteBookmark(c, c.Viewer, p.ID.Key)
}

var _ = handle(Endpoint{
	Name:  "getPlayQueue",
	Since: "1.12.0",
	Doc:   "The user's play queue; an empty one when none was saved.",
}, (*API).getPlayQueue)

func (a *API) getPlayQueue(c Call, _ none) (spec.Payload, error) {
	q, entries, err := a.queue(c)
	if err != nil {
		return nil, err
	}
	out := spec.PlayQueue{Position: q.Position, Username: c.User.Name, Changed: spec.Time(q.Changed), ChangedBy: q.ChangedBy, Entry: entries}
	if q.Current >= 0 && q.Current < len(entries) {
		out.Current = entries[q.Current].ID
	}
	return out, nil
}

var _ = handle(Endpoint{
	Name:  "getPlayQueueByIndex",
	Since: "OpenSubsonic",
	Doc:   "The user's play queue, with the current song by its place.",
}, (*API).getPlayQueueByIndex)

func (a *API) getPlayQueueByIndex(c Call, _ none) (spec.Payload, error) {
	q, entries, err := a.queue(c)
	if err != nil {
		return nil, err
	}
	out := spec.PlayQueueByIndex{Position: q.Position, Username: c.User.Name, Changed: spec.Time(q.Changed), ChangedBy: q.ChangedBy, Entry: entries}
	if q.Current >= 0 && q.Current < len(entries) {
		out.CurrentIndex = &q.Current
	}
	return out, nil
}

func (a *API) queue(c Call) (*models.Queue, []spec.Child, error) {
	q, err := a.Catalog.Queue(c, c.Viewer)
	if err != nil {
		return nil, nil, err
	}
	entries, err := a.songs(c, q.Songs)
	return q, entries, err
}

var _ = handle(Endpoint{
	Name:   "savePlayQueue",
	Since:  "1.12.0",
	Doc:    "Saves the play queue for the user's other apps; without parameters it is cleared.",
	Writes: true,
}, (*API).savePlayQueue)

type savePlayQueueParams struct {
	ID       []models.ID `q:"id" doc:"in order, duplicates kept"`
	Current  models.ID   `q:"current" doc:"the song that plays; required with id"`
	Position int64       `q:"position" min:"0" doc:"ms into it"`
}

func (a *API) savePlayQueue(c Call, p savePlayQueueParams) (spec.Payload, error) {
	at := slices.Index(p.ID, p.Current)
	switch {
	case len(p.ID) == 0 && p.Current.Key == 0:
		return nil, a.saveQueue(c, nil, 0, 0)
	case p.Current.Key == 0:
		return nil, missing("current")
	case at < 0:
		return nil, fmt.Errorf("current %s is not in the queue: %w", p.Current, models.ErrInvalid)
	}
	return nil, a.saveQueue(c, p.ID, at, p.Position)
}

var _ = handle(Endpoint{
	Name:   "savePlayQueueByIndex",
	Since:  "OpenSubsonic",
	Doc:    "Saves the play queue with the current song by its place; without parameters it is cleared.",
	Writes: true,
}, (*API).savePlayQueueByIndex)

type savePlayQueueByIndexParams struct {
	ID           []models.ID `q:"id" doc:"in order, duplicates kept"`
	CurrentIndex *int        `q:"currentIndex" doc:"from 0; required with id, and not to be given without"`
	Position     int64       `q:"position" min:"0" doc:"ms into the current song"`
}

func (a *API) savePlayQueueByIndex(c Call, p savePlayQueueByIndexParams) (spec.Payload, error) {
	switch {
	case len(p.ID) == 0 && p.CurrentIndex == nil:
		return nil, a.saveQueue(c, nil, 0, 0)
	case p.CurrentIndex == nil:
		return nil, missing("currentIndex")
	case *p.CurrentIndex < 0 || *p.CurrentIndex >= len(p.ID):
		// The extension asks for error 10 here.
		return nil, &spec.Error{Code: spec.CodeMissingParameter, Message: fmt.Sprintf("parameter currentIndex: %d is no place in a queue of %d", *p.CurrentIndex, len(p.ID))}
	}
	return nil, a.saveQueue(c, p.ID, *p.CurrentIndex, p.Position)
}

func (a *API) saveQueue(c Call, ids []models.ID, current int, position int64) error {
	songs, err := songKeys(ids)
	if err != nil {
		return err
	}
	return a.Catalog.SaveQueue(c, c.Viewer, songs, current, position, c.Client)
}
