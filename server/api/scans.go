package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/manage"
	"github.com/songlocker/songlocker/server/scans"
)

// Scan is one scan of one library.
type Scan struct {
	ID       string     `json:"id"`
	Library  int        `json:"library"`
	Mode     string     `json:"mode" enum:"changes,full,folders" doc:"folders: a scan of some folders only"`
	State    string     `json:"state" enum:"running,done,failed,stopped"`
	Started  time.Time  `json:"started"`
	Ended    *time.Time `json:"ended" nullable:"true"`
	Listed   int        `json:"listed" doc:"files seen"`
	Read     int        `json:"read" doc:"files read"`
	Added    int        `json:"added" doc:"songs, as the next ones"`
	Changed  int        `json:"changed"`
	Moved    int        `json:"moved"`
	Missing  int        `json:"missing"`
	Returned int        `json:"returned"`
	Failed   int        `json:"failed" doc:"files that could not be read, or not wholly"`
	Archived int        `json:"archived" doc:"files that must be restored in their store before they can be read"`
	Requests int64      `json:"requests" doc:"to the store: lists, heads and gets together"`
	Cost     Cost       `json:"cost"`
	Bytes    int64      `json:"bytes" doc:"read from the store"`
	Message  string     `json:"message,omitempty" doc:"for administrators: what stopped it, or what it noticed"`
}

// Cost is what was asked of a store, by what providers price.
type Cost struct {
	Lists     int64 `json:"lists" doc:"pages of listings"`
	Heads     int64 `json:"heads" doc:"questions about one file"`
	Gets      int64 `json:"gets" doc:"reads"`
	Throttled int64 `json:"throttled" doc:"of all these, put off by the store"`
}

func scan(r *models.ScanRun) Scan {
	return Scan{
		ID: models.ID{Kind: models.KindRun, Key: r.Key}.String(), Library: r.Library, Mode: r.Mode, State: r.State,
		Started: time.UnixMilli(r.Started).UTC(), Ended: when(r.Ended), Listed: r.Listed, Read: r.Read, Added: r.Added, Changed: r.Changed,
		Moved: r.Moved, Missing: r.Missing, Returned: r.Returned, Failed: r.Failed, Archived: r.Archived, Requests: r.Requests, Bytes: r.Bytes, Message: r.Message,
		Cost: Cost{r.Lists, r.Heads, r.Gets, r.Throttled},
	}
}

// Progress tells how a scan goes.
type Progress struct {
	Library  int   `json:"library"`
	Running  bool  `json:"running"`
	Listed   int64 `json:"listed" doc:"files seen so far"`
	ToRead   int64 `json:"toRead" doc:"files to read, as far as known"`
	Read     int64 `json:"read" doc:"of them read"`
	Failed   int64 `json:"failed"`
	Archived int64 `json:"archived"`
	Requests int64 `json:"requests"`
	Bytes    int64 `json:"bytes"`
	Scan     *Scan `json:"scan,omitempty" doc:"once it has ended"`
}

func progress(s scans.Status) Progress {
	p := Progress{
		Library: s.Library, Running: s.Running, Listed: s.Listed, ToRead: s.ToRead, Read: s.Read, Failed: s.Failed, Archived: s.Archived, Requests: s.Requests, Bytes: s.Bytes,
	}
	if s.Run != nil {
		r := scan(s.Run)
		p.Scan = &r
	}
	return p
}

// Current is the scan that runs.
type Current struct {
	Running  bool      `json:"running"`
	Progress *Progress `json:"progress,omitempty" doc:"when one runs that the caller may know of"`
}

// NewScan asks for scans.
type NewScan struct {
	Libraries     []int `json:"libraries,omitempty" doc:"by number; all when not given"`
	Full          bool  `json:"full,omitempty" doc:"read also what has not changed"`
	AcceptMissing bool  `json:"acceptMissing,omitempty" doc:"take what is not there any more as gone, also when it is suspiciously much; libraries must be named"`
}

// Problem is a file that a scan could not read, or not wholly.
type Problem struct {
	Key    string `json:"key" doc:"the file, relative to its library's root"`
	Reason string `json:"reason"`
}

// OneScan names a scan in a path.
type OneScan struct {
	Scan string `path:"scan" doc:"the scan's id"`
}

func (a *API) scans() {
	tags := []string{"scans"}
	handle(a, huma.Operation{
		OperationID: "startScan", Method: http.MethodPost, Path: "/scans", Tags: tags, Summary: "Queue scans",
		DefaultStatus: http.StatusAccepted, Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, who *caller, in *body[NewScan]) (*none, error) {
		return nil, a.Manage.StartScan(ctx, who.Identity, manage.ScanOrder(in.Body))
	})
	handle(a, huma.Operation{
		OperationID: "listScans", Method: http.MethodGet, Path: "/scans", Tags: tags, Summary: "Past and running scans, newest first",
		Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, who *caller, in *struct {
		Page
		Library int `query:"library" minimum:"0" doc:"of this library only"`
	}) (*body[list[Scan]], error) {
		all, err := a.Manage.Runs(ctx, who.Identity, in.Library)
		if err != nil {
			return nil, err
		}
		return paged(in.Page, all, scan), nil
	})
	handle(a, huma.Operation{
		OperationID: "currentScan", Method: http.MethodGet, Path: "/scans/current", Tags: tags, Summary: "How the running scan goes",
	}, func(_ context.Context, who *caller, _ *none) (*body[Current], error) {
		now, ok := a.Manage.Current(who.Identity)
		if !ok {
			return answer(Current{}), nil
		}
		p := progress(now)
		return answer(Current{true, &p}), nil
	})
	handle(a, huma.Operation{
		OperationID: "stopScan", Method: http.MethodDelete, Path: "/scans/current", Tags: tags,
		Summary: "End the running scan and forget those that wait",
	}, func(_ context.Context, who *caller, _ *none) (*none, error) {
		return nil, a.Manage.StopScan(who.Identity)
	})
	handle(a, huma.Operation{
		OperationID: "getScan", Method: http.MethodGet, Path: "/scans/{scan}", Tags: tags, Summary: "One scan",
		Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, who *caller, in *OneScan) (*body[Scan], error) {
		k, err := key(models.KindRun, in.Scan)
		if err != nil {
			return nil, err
		}
		r, err := a.Manage.Run(ctx, who.Identity, k)
		if err != nil {
			return nil, err
		}
		return answer(scan(r)), nil
	})
	handle(a, huma.Operation{
		OperationID: "listProblems", Method: http.MethodGet, Path: "/scans/{scan}/problems", Tags: tags,
		Summary: "What a scan could not read, for administrators who may read the library", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, who *caller, in *struct {
		OneScan
		Page
	}) (*body[list[Problem]], error) {
		k, err := key(models.KindRun, in.Scan)
		if err != nil {
			return nil, err
		}
		part, total, err := a.Manage.Problems(ctx, who.Identity, k, in.Limit, in.Offset)
		if err != nil {
			return nil, err
		}
		out := list[Problem]{Items: []Problem{}, Total: total}
		for _, p := range part {
			out.Items = append(out.Items, Problem{p.Key, p.Reason})
		}
		return answer(out), nil
	})
	handle(a, huma.Operation{
		OperationID: "followScans", Method: http.MethodGet, Path: "/scans/events", Tags: tags, Summary: "Follow scans as they go",
		Description: "Server-sent events without end: at first and after a break `progress` when a scan runs and `idle` when none does, " +
			"`progress` about twice a second while one runs, `done` with its record when it has ended. The data of each is a Progress, of idle an empty object.",
		Responses: map[string]*huma.Response{"200": {
			Description: "Events",
			Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{
				Type: huma.TypeString, Description: "Events whose data is a Progress as JSON",
				Extensions: map[string]any{"contentSchema": a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Progress](), true, "")},
			}}},
		}},
	}, func(_ context.Context, _ *caller, _ *none) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			if err := a.follow(humaecho.Unwrap(ctx)); err != nil {
				a.Log.Debug("a stream of scan events ended", "error", err)
			}
		}}, nil
	})
}

const (
	heartbeat = 15 * time.Second // so that proxies keep the stream open
	eventTime = 30 * time.Second // for one event to leave
)

// follow writes events until the caller or the server goes. Who the caller is
// and what the caller may know is asked anew with every event.
func (a *API) follow(ec echo.Context) error {
	w, r := ec.Response(), ec.Request()
	control := http.NewResponseController(w)
	// The server's limit for reading would end the request's context.
	if err := control.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	write := func(format string, args ...any) error {
		if err := control.SetWriteDeadline(time.Now().Add(eventTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return err
		}
		return control.Flush()
	}
	tell := func(name string, data any) error {
		b, err := json.Marshal(data)
		if err != nil {
			return err
		}
		return write("event: %s\ndata: %s\n\n", name, b)
	}
	events, done := a.Manage.Scans.Subscribe()
	defer done()
	who, err := a.identify(ec)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep events back
	w.WriteHeader(http.StatusOK)
	if now, ok := a.Manage.Current(who.Identity); ok {
		err = tell("progress", progress(now))
	} else {
		err = tell("idle", struct{}{})
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for err == nil {
		select {
		case <-r.Context().Done():
			return nil
		case <-a.Stop:
			return nil
		case <-beat.C:
			if _, err = a.identify(ec); err == nil {
				err = write(":\n\n")
			}
		case now := <-events:
			if who, err = a.identify(ec); err != nil {
				break
			}
			told, ok := a.Manage.Told(who.Identity, now)
			switch {
			case !ok:
			case told.Running:
				err = tell("progress", progress(told))
			default:
				err = tell("done", progress(told))
			}
		}
	}
	return err
}
