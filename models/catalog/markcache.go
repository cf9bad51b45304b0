package catalog

import (
	"context"
	"database/sql"
	"sync"

	"github.com/songlocker/songlocker/models"
)

// maxMarks bounds what is kept of one user, and maxMarkers of how many: some
// 500 KB each.
const (
	maxMarks   = 5000
	maxMarkers = 16
)

// markCache keeps all that a user has attached to items of any kind (stars,
// ratings, plays, bookmarks), for users who have not attached too much. It
// belongs to one version of the catalog and of the user. The zero value is
// ready.
type markCache struct {
	mu    sync.Mutex
	users map[models.Key]*userMarks
}

// userMarks is what one user has attached. Its items are nil until they are asked
// for a second time, since between two changes there is often but one
// question, and for users with more than maxMarks.
type userMarks struct {
	version, user int64
	asked         bool
	items         map[models.Key]models.UserItem
}

// markedBy returns what the user has attached to items of any kind, without
// their mean ratings, or nil when that is not known at hand. Callers must not
// write to it.
func (c *Catalog) markedBy(ctx context.Context, user models.Key) (map[models.Key]models.UserItem, error) {
	now := userMarks{version: c.Version(), user: c.UserVersion(user)}
	o := &c.marks
	o.mu.Lock()
	last := o.users[user]
	if last == nil || last.version != now.version || last.user != now.user {
		if o.users == nil || len(o.users) >= maxMarkers && last == nil {
			o.users = map[models.Key]*userMarks{}
		}
		o.users[user] = &now
		o.mu.Unlock()
		return nil, nil
	}
	items, asked := last.items, last.asked
	last.asked = true
	o.mu.Unlock()
	if asked {
		return items, nil
	}
	items, err := c.readMarks(ctx, user)
	if err == nil && len(items) <= maxMarks {
		o.mu.Lock()
		last.items = items
		o.mu.Unlock()
	}
	return items, err
}

// readMarks reads what markedBy keeps, or nothing when it is too much.
func (c *Catalog) readMarks(ctx context.Context, user models.Key) (map[models.Key]models.UserItem, error) {
	items, n := map[models.Key]models.UserItem{}, 0
	err := c.each(ctx, func(rows *sql.Rows) error {
		var k models.Key
		var u models.UserItem
		n++
		err := rows.Scan(&k, &u.StarredAt, &u.Rating, &u.PlayCount, &u.PlayedAt)
		items[k] = u
		return err
	}, `SELECT item_id, starred_at, rating, play_count, played_at FROM user_items WHERE user_id = ? LIMIT ?`, user, maxMarks+1)
	if err == nil {
		err = c.each(ctx, func(rows *sql.Rows) error {
			var k models.Key
			var ms int64
			n++
			err := rows.Scan(&k, &ms)
			u := items[k]
			u.Bookmark = ms
			items[k] = u
			return err
		}, `SELECT item_id, position FROM bookmarks WHERE user_id = ? LIMIT ?`, user, maxMarks+1)
	}
	if err != nil || n > maxMarks {
		return nil, err
	}
	return items, nil
}
