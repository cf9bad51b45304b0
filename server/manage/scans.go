package manage

import (
	"context"
	"fmt"

	"github.com/songlocker/songlocker/models"
	"github.com/songlocker/songlocker/server/scans"
)

// ScanOrder asks for scans.
type ScanOrder struct {
	Libraries []int // none: all
	Full      bool  // also what has not changed
	// AcceptMissing takes what is not there any more as gone, also when it is
	// suspiciously much. Libraries must be named for it.
	AcceptMissing bool
}

// StartScan queues scans.
func (s *Service) StartScan(ctx context.Context, who models.Identity, o ScanOrder) error {
	if err := admin(who); err != nil {
		return err
	}
	if o.AcceptMissing && len(o.Libraries) == 0 {
		return fmt.Errorf("name the libraries whose missing songs are accepted: %w", models.ErrMissing)
	}
	all, err := s.Catalog.Libraries(ctx)
	if err != nil {
		return err
	}
	there := map[int]bool{}
	for _, l := range all {
		there[l.Number] = true
		if len(o.Libraries) == 0 {
			s.Scans.Ask(scans.Order{Library: l.Number, Full: o.Full})
		}
	}
	for _, n := range o.Libraries {
		if !there[n] {
			return fmt.Errorf("library %d: %w", n, models.ErrNotFound)
		}
	}
	for _, n := range o.Libraries {
		s.Scans.Ask(scans.Order{Library: n, Full: o.Full, AcceptMissing: o.AcceptMissing})
	}
	return nil
}

// StopScan ends the scan that runs and forgets those that wait.
func (s *Service) StopScan(who models.Identity) error {
	if err := admin(who); err != nil {
		return err
	}
	s.Scans.Stop()
	return nil
}

// run returns a run as the caller may know it: its message is for
// administrators.
func (s *Service) run(who models.Identity, r *models.ScanRun) *models.ScanRun {
	if who.Roles().Admin {
		return r
	}
	c := *r
	c.Message = ""
	return &c
}

// mostRuns is more than the catalog keeps for some hundred libraries.
const mostRuns = 10000

// Runs returns the last scans of a library, of all that the caller knows for
// 0, newest first.
func (s *Service) Runs(ctx context.Context, who models.Identity, library int) ([]*models.ScanRun, error) {
	if library != 0 && !s.sees(who, library) {
		return nil, fmt.Errorf("library %d: %w", library, models.ErrNotFound)
	}
	all, err := s.Catalog.Runs(ctx, library, mostRuns)
	if err != nil {
		return nil, err
	}
	var list []*models.ScanRun
	for _, r := range all {
		if s.sees(who, r.Library) {
			list = append(list, s.run(who, r))
		}
	}
	return list, nil
}

// Run returns one scan.
func (s *Service) Run(ctx context.Context, who models.Identity, run models.Key) (*models.ScanRun, error) {
	r, err := s.Catalog.Run(ctx, run)
	if err != nil {
		return nil, err
	}
	if !s.sees(who, r.Library) {
		return nil, models.NotFound(models.ID{Kind: models.KindRun, Key: run})
	}
	return s.run(who, r), nil
}

// Current tells how the running scan goes; false when none runs that the
// caller knows.
func (s *Service) Current(who models.Identity) (scans.Status, bool) {
	now, ok := s.Scans.Current()
	if !ok {
		return now, false
	}
	return s.Told(who, now)
}

// Told returns what the caller may know of a scan's progress, false for
// nothing.
func (s *Service) Told(who models.Identity, now scans.Status) (scans.Status, bool) {
	if !s.sees(who, now.Library) {
		return scans.Status{}, false
	}
	if now.Run != nil {
		now.Run = s.run(who, now.Run)
	}
	return now, true
}

// Problems returns a page of what a scan could not read, and how much that is
// in all. It names files: it is for administrators who may read the library.
func (s *Service) Problems(ctx context.Context, who models.Identity, run models.Key, limit, offset int) ([]models.ScanProblem, int, error) {
	r, err := s.Run(ctx, who, run)
	if err != nil {
		return nil, 0, err
	}
	if err := admin(who); err != nil {
		return nil, 0, err
	}
	if !s.Catalog.ViewerOf(who).Reads(r.Library) {
		return nil, 0, fmt.Errorf("the problems of a library that you may not read: %w", models.ErrForbidden)
	}
	return s.Catalog.ProblemPage(ctx, run, limit, offset)
}
