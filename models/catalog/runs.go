package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/songlocker/songlocker/models"
)

// BeginRun records that a scan of a library starts and gives the run its key.
// A run of the same library that never ended was cut off and is marked so; what
// it held is dropped.
func (c *Catalog) BeginRun(ctx context.Context, r *models.ScanRun) error {
	r.Key, r.State, r.Started = models.NewKey(), models.ScanRunning, now()
	return c.write(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec(`UPDATE scan_runs SET state = ?, ended_at = ?, message = 'The scan was cut off; the next one goes on.' WHERE library_id = ? AND state = ?`,
			models.ScanStopped, r.Started, r.Library, models.ScanRunning).Error; err != nil {
			return err
		}
		if err := tx.Exec(`DELETE FROM scan_held WHERE library_id = ?`, r.Library).Error; err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO scan_runs (id, library_id, mode, state, started_at) VALUES (?, ?, ?, ?, ?)`, r.Key, r.Library, r.Mode, r.State, r.Started).Error
	})
}

// keptRuns is how many runs of a library are kept.
const keptRuns = 50

// EndRun records how a scan ended and what it could not read. One that failed
// raises the library's alarm; only one that saw the whole library ends it.
func (c *Catalog) EndRun(ctx context.Context, r *models.ScanRun, problems []models.ScanProblem) error {
	r.Ended = now()
	rows := make([]map[string]any, len(problems))
	for i, p := range problems {
		rows[i] = map[string]any{"run_id": r.Key, "position": i, "object_key": models.CleanName(p.Key), "reason": models.CleanName(p.Reason)}
	}
	return c.write(ctx, func(tx *gorm.DB) error {
		err := tx.Exec(`UPDATE scan_runs SET state = ?, ended_at = ?, listed = ?, read_count = ?, added = ?, changed = ?, moved = ?, missing = ?, returned = ?, failed = ?, requests = ?, bytes = ?, message = ?, lists = ?, heads = ?, gets = ?, throttled = ?, archived = ? WHERE id = ?`,
			r.State, r.Ended, r.Listed, r.Read, r.Added, r.Changed, r.Moved, r.Missing, r.Returned, r.Failed, r.Requests, r.Bytes, r.Message, r.Lists, r.Heads, r.Gets, r.Throttled, r.Archived, r.Key).Error
		if err == nil {
			err = insert(tx, "scan_problems", rows)
		}
		if err == nil {
			err = tx.Exec(`DELETE FROM scan_problems WHERE run_id IN (SELECT id FROM scan_runs WHERE library_id = ? ORDER BY started_at DESC, id DESC LIMIT 1000 OFFSET ?)`, r.Library, keptRuns).Error
		}
		if err == nil {
			err = tx.Exec(`DELETE FROM scan_runs WHERE id IN (SELECT id FROM scan_runs WHERE library_id = ? ORDER BY started_at DESC, id DESC LIMIT 1000 OFFSET ?)`, r.Library, keptRuns).Error
		}
		switch {
		case err != nil:
		case r.State == models.ScanDone && r.Mode != models.ScanFolders:
			from := r.Ended - guardWindow
			err = tx.Exec(`UPDATE libraries SET scanned_at = ?, alarm = ?, guard_from = CASE WHEN guard_from < ? OR guard_from > ? THEN ? ELSE guard_from END WHERE id = ?`,
				r.Ended, r.Message, from, r.Ended, from, r.Library).Error
		case r.State == models.ScanFailed:
			err = tx.Exec(`UPDATE libraries SET alarm = ? WHERE id = ?`, r.Message, r.Library).Error
		}
		if err != nil {
			return fmt.Errorf("record the scan: %w", err)
		}
		return nil
	})
}

// Runs returns the last scans of a library, or of all for 0, newest first.
func (c *Catalog) Runs(ctx context.Context, library, limit int) ([]*models.ScanRun, error) {
	where, args := "", []any{}
	if library != 0 {
		where, args = ` WHERE library_id = ?`, append(args, library)
	}
	return c.runRows(ctx, where+` ORDER BY started_at DESC, id DESC LIMIT ?`, append(args, limit)...)
}

// Run returns one scan.
func (c *Catalog) Run(ctx context.Context, run models.Key) (*models.ScanRun, error) {
	list, err := c.runRows(ctx, ` WHERE id = ?`, run)
	if err == nil && len(list) == 0 {
		err = models.NotFound(models.ID{Kind: models.KindRun, Key: run})
	}
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func (c *Catalog) runRows(ctx context.Context, which string, args ...any) ([]*models.ScanRun, error) {
	var list []*models.ScanRun
	err := c.each(ctx, func(rows *sql.Rows) error {
		r := new(models.ScanRun)
		err := rows.Scan(&r.Key, &r.Library, &r.Mode, &r.State, &r.Started, &r.Ended, &r.Listed, &r.Read, &r.Added, &r.Changed, &r.Moved, &r.Missing, &r.Returned, &r.Failed, &r.Requests, &r.Bytes, &r.Message, &r.Lists, &r.Heads, &r.Gets, &r.Throttled, &r.Archived)
		list = append(list, r)
		return err
	}, `SELECT id, library_id, mode, state, started_at, ended_at, listed, read_count, added, changed, moved, missing, returned, failed, requests, bytes, message, lists, heads, gets, throttled, archived FROM scan_runs`+which, args...)
	if err != nil {
		return nil, fmt.Errorf("scan runs: %w", err)
	}
	return list, nil
}

// Problems returns what a scan could not read, all of it.
func (c *Catalog) Problems(ctx context.Context, run models.Key) ([]models.ScanProblem, error) {
	list, _, err := c.ProblemPage(ctx, run, 1<<31-1, 0)
	return list, err
}

// ProblemPage returns up to limit of what a scan could not read, from offset
// on, and how many there are in all.
func (c *Catalog) ProblemPage(ctx context.Context, run models.Key, limit, offset int) (list []models.ScanProblem, total int, err error) {
	if total, err = count(c.r.WithContext(ctx), `SELECT COUNT(*) FROM scan_problems WHERE run_id = ?`, run); err != nil {
		return nil, 0, fmt.Errorf("scan problems: %w", err)
	}
	err = c.each(ctx, func(rows *sql.Rows) error {
		p := models.ScanProblem{Run: run}
		err := rows.Scan(&p.Key, &p.Reason)
		list = append(list, p)
		return err
	}, `SELECT object_key, reason FROM scan_problems WHERE run_id = ? ORDER BY position LIMIT ? OFFSET ?`, run, limit, offset)
	if err != nil {
		return nil, 0, fmt.Errorf("scan problems: %w", err)
	}
	return list, total, nil
}

// SongCounts returns how many songs are present in each library that has any.
func (c *Catalog) SongCounts(ctx context.Context) (map[int]int, error) {
	counts := map[int]int{}
	err := c.each(ctx, func(rows *sql.Rows) error {
		var library, n int
		err := rows.Scan(&library, &n)
		counts[library] = n
		return err
	}, `SELECT library_id, COUNT(*) FROM songs WHERE missing_at = 0 GROUP BY library_id`)
	if err != nil {
		return nil, fmt.Errorf("count songs: %w", err)
	}
	return counts, nil
}

// SongCount returns how many songs are present in all libraries.
func (c *Catalog) SongCount(ctx context.Context) (int, error) {
	var n int
	err := c.r.WithContext(ctx).Raw(`SELECT COUNT(*) FROM songs WHERE missing_at = 0`).Row().Scan(&n)
	return n, err
}

// ReadableSongs counts the present songs that v may read.
func (c *Catalog) ReadableSongs(ctx context.Context, v Viewer) (int, error) {
	var n int
	err := c.r.WithContext(ctx).Raw(`SELECT COUNT(*) FROM songs s WHERE ` + v.librarySongs("s")).Row().Scan(&n)
	return n, err
}

// LeaseScan tries to become the one process that scans a library for the next
// ttl ms: true when holder is. The holder renews it by calling again.
func (c *Catalog) LeaseScan(ctx context.Context, library int, holder string, ttl int64) (bool, error) {
	name := leaseName(library)
	got := false
	err := c.write(ctx, func(tx *gorm.DB) error {
		var value string
		err := tx.Raw(`SELECT value FROM settings WHERE name = ?`, name).Row().Scan(&value)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		var until int64
		var by string
		_, _ = fmt.Sscanf(value, "%d %s", &until, &by)
		// One that ends later than any lease can was made by a clock that was
		// ahead.
		if at := now(); by != holder && until > at && until <= at+2*ttl {
			return nil
		}
		got = true
		return tx.Exec(`INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
			name, fmt.Sprintf("%d %s", now()+ttl, holder)).Error
	})
	if err != nil {
		return false, fmt.Errorf("lease the scan of library %d: %w", library, err)
	}
	return got, nil
}

// ScanHolder returns who has the lease of a library's scan, "" for nobody.
func (c *Catalog) ScanHolder(ctx context.Context, library int) (string, error) {
	var value string
	err := c.r.WithContext(ctx).Raw(`SELECT value FROM settings WHERE name = ?`, leaseName(library)).Row().Scan(&value)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("lease of the scan of library %d: %w", library, err)
	}
	_, holder, _ := strings.Cut(value, " ")
	return holder, nil
}

func leaseName(library int) string { return fmt.Sprintf("scan_lease %d", library) }

// EndLease gives the lease back.
func (c *Catalog) EndLease(ctx context.Context, library int, holder string) error {
	return c.write(ctx, func(tx *gorm.DB) error {
		return tx.Exec(`DELETE FROM settings WHERE name = ? AND value LIKE ?`, leaseName(library), "% "+holder).Error
	})
}
