package catalog

import (
	"context"
	"database/sql"
	"fmt"

	"gorm.io/gorm"
)

// Usage is what was asked of the store of a library on one day, for one
// purpose.
type Usage struct {
	Library   int
	Day       int64 // of UTC, since 1970-01-01
	Purpose   string
	Lists     int64 // pages of listings
	Heads     int64 // questions about one object
	Gets      int64 // reads
	Bytes     int64 // that were read
	Throttled int64 // requests, among those above, that the store put off
}

// Requests is how many there were of all kinds.
func (u *Usage) Requests() int64 { return u.Lists + u.Heads + u.Gets }

// Add adds another one's figures.
func (u *Usage) Add(o Usage) {
	u.Lists += o.Lists
	u.Heads += o.Heads
	u.Gets += o.Gets
	u.Bytes += o.Bytes
	u.Throttled += o.Throttled
}

// AddUsage adds to what is known: all of the list, or on an error none.
func (c *Catalog) AddUsage(ctx context.Context, list []Usage) error {
	err := c.writeSmall(ctx, func(tx *gorm.DB) error {
		for _, u := range list {
			err := tx.Exec(`INSERT INTO usage (library_id, day, purpose, lists, heads, gets, bytes, throttled) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT (library_id, day, purpose) DO UPDATE SET lists = usage.lists + excluded.lists, heads = usage.heads + excluded.heads,
				gets = usage.gets + excluded.gets, bytes = usage.bytes + excluded.bytes, throttled = usage.throttled + excluded.throttled`,
				u.Library, u.Day, u.Purpose, u.Lists, u.Heads, u.Gets, u.Bytes, u.Throttled).Error
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep what stores were asked: %w", err)
	}
	return nil
}

// Usage returns what was asked of a library's store, of all for 0, from the
// first day to the last: by library, day and purpose.
func (c *Catalog) Usage(ctx context.Context, library int, first, last int64) ([]Usage, error) {
	query, args := `SELECT library_id, day, purpose, lists, heads, gets, bytes, throttled FROM usage WHERE day BETWEEN ? AND ?`, []any{first, last}
	if library != 0 {
		query, args = query+` AND library_id = ?`, append(args, library)
	}
	var list []Usage
	err := c.each(ctx, func(rows *sql.Rows) error {
		var u Usage
		err := rows.Scan(&u.Library, &u.Day, &u.Purpose, &u.Lists, &u.Heads, &u.Gets, &u.Bytes, &u.Throttled)
		list = append(list, u)
		return err
	}, query+` ORDER BY library_id, day, purpose`, args...)
	if err != nil {
		return nil, fmt.Errorf("what stores were asked: %w", err)
	}
	return list, nil
}
