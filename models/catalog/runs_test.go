package catalog

import (
	"errors"
	"fmt"
	"testing"

	"github.com/songlocker/songlocker/models"
)

func TestRunsAndTheirProblems(t *testing.T) {
	each(t, func(t *testing.T, c *Catalog) {
		n, err := c.AddLibrary(t.Context(), &models.Library{Name: "Music", Location: "/nowhere/music"})
		if err != nil {
			t.Fatal(err)
		}
		r := &models.ScanRun{Library: n, Mode: "full"}
		if err := c.BeginRun(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		var problems []models.ScanProblem
		for i := range 5 {
			problems = append(problems, models.ScanProblem{Key: fmt.Sprintf("%d.mp3", i), Reason: "broken"})
		}
		r.State, r.Failed, r.Archived = models.ScanDone, len(problems), 7
		r.Requests, r.Lists, r.Heads, r.Gets, r.Throttled, r.Bytes = 6, 1, 2, 3, 4, 5
		if err := c.EndRun(t.Context(), r, problems); err != nil {
			t.Fatal(err)
		}
		got, err := c.Run(t.Context(), r.Key)
		if err != nil || *got != *r {
			t.Errorf("%v\n%+v, want\n%+v", err, got, r)
		}
		if _, err := c.Run(t.Context(), r.Key+1); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("no run: %v", err)
		}
		page, total, err := c.ProblemPage(t.Context(), r.Key, 2, 3)
		if err != nil || total != 5 || len(page) != 2 || page[0].Key != "3.mp3" || page[1].Key != "4.mp3" {
			t.Errorf("%v: %v of %d", err, page, total)
		}
		if page, total, err := c.ProblemPage(t.Context(), r.Key, 2, 5); err != nil || total != 5 || len(page) != 0 {
			t.Errorf("past the end: %v: %v of %d", err, page, total)
		}
		if all, err := c.Problems(t.Context(), r.Key); err != nil || len(all) != 5 {
			t.Errorf("%v: %v", err, all)
		}
		if counts, err := c.SongCounts(t.Context()); err != nil || len(counts) != 0 {
			t.Errorf("songs of an empty catalog: %v %v", counts, err)
		}
	})
}
