package catalog

import (
	"context"
	"fmt"
)

// guardWindow is for how long songs that went missing bit by bit count as one
// loss, in ms: a disk that goes away is seen by a watcher as many small
// removals.
const guardWindow = 24 * 60 * 60 * 1000

// Losses tells how many songs a library has that are present, and how many
// went missing lately: within guardWindow before the last whole scan that
// ended well, and since somebody accepted that songs are missing.
func (c *Catalog) Losses(ctx context.Context, library int) (present, lately int, err error) {
	at := now()
	// A clock that was ahead may have left times in the future.
	err = c.r.WithContext(ctx).Raw(`SELECT
		(SELECT COUNT(*) FROM songs WHERE library_id = ? AND missing_at = 0),
		(SELECT COUNT(*) FROM songs s JOIN libraries l ON l.id = s.library_id WHERE s.library_id = ?
			AND s.missing_at > CASE WHEN l.guard_from > ? THEN ? ELSE l.guard_from END AND s.missing_at <= ? AND `+counted("s")+`)`,
		library, library, at, at-guardWindow, at+guardWindow).Row().Scan(&present, &lately)
	if err != nil {
		return 0, 0, fmt.Errorf("losses of library %d: %w", library, err)
	}
	return present, lately, nil
}

// AcceptLosses makes all songs that are missing by now no part of later
// losses.
func (s *ScanTx) AcceptLosses() error {
	return s.tx.Exec(`UPDATE libraries SET guard_from = ? WHERE id = ?`, s.now, s.library).Error
}
