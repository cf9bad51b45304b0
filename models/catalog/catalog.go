// Package catalog keeps what Songlocker knows: songs, albums, artists, users
// and all that users attach to them, in SQLite or PostgreSQL. It is the only
// room with GORM and SQL. It knows neither stores, files nor the protocol.
//
// Reads that a user sees take a Viewer and answer only what that user may
// read; what a user may not see is models.ErrNotFound. Methods may be called
// at once from many places.
package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/songlocker/songlocker/models"
)

// batch keeps an INSERT under the engines' limits of variables (SQLite:
// 32766, PostgreSQL: 65535).
const batch = 500

// Catalog is an open catalog. Close it once.
type Catalog struct {
	r, w   *gorm.DB // to read, to change the schema; writes go through writer
	writer *writer
	engine engine
	log    *slog.Logger

	version    atomic.Int64 // of everything that scans write
	changedAt  atomic.Int64 // when version last grew, Unix ms
	once       atomic.Bool  // lists show one of several copies
	users      userCache
	orders     orderCache
	artists    artistCache
	genres     genreCache
	marks      markCache
	songCache  cardCache
	albumCache cardCache
	searcher   searcher
	stop       context.CancelFunc
	done       chan struct{}
	closeOnce  sync.Once
}

// Options name a catalog.
type Options struct {
	// Location is "sqlite:PATH" or a "postgres://" URL.
	Location string
	Log      *slog.Logger // nil discards
	// ReadOnly refuses to migrate; doctor uses it.
	ReadOnly bool
}

// ErrNewer is a catalog that a newer Songlocker has written.
var ErrNewer = errors.New("the catalog was written by a newer version of Songlocker: install that version or a later one, or restore the backup made before the upgrade")

// engine is one database product.
type engine interface {
	name() string
	open(location string, log *slog.Logger) (r, w *gorm.DB, err error)
	// ddl replaces {text}, {blob} and {int} by the engine's types.
	ddl(string) string
	// begin is the statement that begins a write transaction.
	begin() string
	// duplicate tells whether err is a violated unique index.
	duplicate(err error) bool
}

// Open opens the catalog, makes it if there is none, and brings it up to this
// binary's schema. The caller closes it.
func Open(ctx context.Context, o Options) (*Catalog, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var e engine
	switch {
	case strings.HasPrefix(o.Location, "sqlite:"):
		e = sqliteEngine{}
	case strings.HasPrefix(o.Location, "postgres://"), strings.HasPrefix(o.Location, "postgresql://"):
		e = postgresEngine{}
	default:
		return nil, fmt.Errorf("database %q: want sqlite:PATH or postgres://…: %w", Redact(o.Location), models.ErrInvalid)
	}
	r, w, err := e.open(o.Location, o.Log)
	if err != nil {
		return nil, fmt.Errorf("open the catalog at %s: %w", Redact(o.Location), err)
	}
	c := &Catalog{r: r, w: w, engine: e, log: o.Log, done: make(chan struct{}), songCache: cardCache{most: songCards}, albumCache: cardCache{most: albumCards}}
	if err := c.migrate(ctx, o.ReadOnly); err != nil {
		_ = c.closePools() // the first error is the one to tell
		return nil, err
	}
	db, err := w.DB()
	if err == nil {
		c.writer = newWriter(db, e)
		err = c.refresh(ctx)
	}
	if err != nil {
		_ = c.closePools()
		return nil, fmt.Errorf("read the catalog at %s: %w", Redact(o.Location), err)
	}
	poll, stop := context.WithCancel(context.Background())
	c.stop = stop
	go c.poll(poll)
	return c, nil
}

// Close ends the catalog's own work and its connections.
func (c *Catalog) Close() error {
	var err error
	c.closeOnce.Do(func() {
		c.stop()
		<-c.done
		err = c.closePools()
	})
	return err
}

func (c *Catalog) closePools() error {
	if c.writer != nil {
		// The running write ends first; one that comes later finds the pool
		// closed.
		c.writer.turn <- struct{}{}
		defer func() { <-c.writer.turn }()
		c.writer.drop()
	}
	var errs []error
	for _, g := range []*gorm.DB{c.r, c.w} {
		if db, err := g.DB(); err == nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// Engine returns "sqlite" or "postgres".
func (c *Catalog) Engine() string { return c.engine.name() }

// Ping tells whether the database answers.
func (c *Catalog) Ping(ctx context.Context) error {
	db, err := c.r.DB()
	if err != nil {
		return err
	}
	return db.PingContext(ctx)
}

// pollEvery is how soon this process sees what another one wrote.
const pollEvery = time.Second

// poll looks for writes of other processes (the command line beside a
// server) until ctx ends.
func (c *Catalog) poll(ctx context.Context) {
	defer close(c.done)
	t := time.NewTicker(pollEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := c.refresh(ctx); err != nil && ctx.Err() == nil {
				c.log.Warn("the catalog does not answer", "error", err)
			}
		}
	}
}

// The settings that count changes. Every write of the kind adds one.
const (
	settingVersion = "catalog_version" // what scans write
	settingUsers   = "users_version"   // users, credentials, rights
)

// refresh reads both counters and drops what is no longer true.
func (c *Catalog) refresh(ctx context.Context) error {
	rows, err := c.r.WithContext(ctx).Raw(`SELECT name, value FROM settings WHERE name IN ('catalog_version', 'users_version', 'prefer')`).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	values := map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return err
		}
		values[name] = value
	}
	if err := rows.Err(); err != nil {
		return err
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(values[name], 10, 64)
		return n
	}
	c.once.Store(values[settingPrefer] != PreferAll)
	c.users.sawVersion(number(settingUsers))
	c.saw(number(settingVersion))
	return nil
}

// Version returns a number that grows with every change of what libraries
// hold. Together with UserVersion it is the ETag of lists.
func (c *Catalog) Version() int64 { return c.version.Load() }

// write runs f in one write transaction. The error keeps its kind.
func (c *Catalog) write(ctx context.Context, f func(tx *gorm.DB) error) error {
	return c.writer.transaction(ctx, func() error { return f(c.writing(ctx)) })
}

// writeSmall runs f, a write of a few rows, in a transaction that it may share
// with others; see writer.small.
func (c *Catalog) writeSmall(ctx context.Context, f func(tx *gorm.DB) error) error {
	return c.writer.small(ctx, func() error { return f(c.writing(context.WithoutCancel(ctx))) })
}

// writing returns GORM on the writer's connection.
func (c *Catalog) writing(ctx context.Context) *gorm.DB {
	g := c.w.Session(&gorm.Session{NewDB: true, Context: ctx})
	g.Statement.ConnPool = c.writer
	return g
}

// writeCatalog runs f in one write transaction that changes what libraries
// hold, and makes the change visible to every reader when it is committed.
func (c *Catalog) writeCatalog(ctx context.Context, f func(tx *gorm.DB) error) error {
	var n int64
	err := c.write(ctx, func(tx *gorm.DB) (err error) {
		if err := f(tx); err != nil {
			return err
		}
		n, err = bump(tx, settingVersion)
		return err
	})
	if err == nil {
		c.saw(n)
	}
	return err
}

// saw raises the version to n.
func (c *Catalog) saw(n int64) {
	for {
		old := c.version.Load()
		if n <= old {
			return
		}
		if c.version.CompareAndSwap(old, n) {
			c.changedAt.Store(now())
			return
		}
	}
}

// changed is when this process last saw the version grow.
func (c *Catalog) changed() time.Time { return time.UnixMilli(c.changedAt.Load()) }

// bump adds one to a counter in settings and returns the new value.
func bump(tx *gorm.DB, name string) (int64, error) {
	if err := tx.Exec(`UPDATE settings SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = ?`, name).Error; err != nil {
		return 0, err
	}
	var s string
	if err := tx.Raw(`SELECT value FROM settings WHERE name = ?`, name).Row().Scan(&s); err != nil {
		return 0, err
	}
	return strconv.ParseInt(s, 10, 64)
}

// Setting returns a value that the catalog keeps for its user, "" when unset.
func (c *Catalog) Setting(ctx context.Context, name string) (string, error) {
	var v string
	err := c.r.WithContext(ctx).Raw(`SELECT value FROM settings WHERE name = ?`, name).Row().Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, err
}

// SetSetting keeps a value under a name.
func (c *Catalog) SetSetting(ctx context.Context, name, value string) error {
	return c.write(ctx, func(tx *gorm.DB) error { return putSetting(tx, name, value) })
}

// insertSizes are the numbers of rows that one INSERT ever writes. Each number
// is a statement of its own that stays prepared, and one of 500 rows weighs
// megabytes.
var insertSizes = []int{64, 8, 1}

// batches cuts rows into parts of insertSizes.
func batches[T any](rows []T, f func([]T) error) error {
	for _, n := range insertSizes {
		for ; len(rows) >= n; rows = rows[n:] {
			if err := f(rows[:n:n]); err != nil {
				return err
			}
		}
	}
	return nil
}

// insert writes rows; names of columns come from the map or struct.
func insert[T any](tx *gorm.DB, table string, rows []T) error {
	return batches(rows, func(part []T) error { return tx.Table(table).Create(&part).Error })
}

// upsert writes rows and, where keys collide, the named columns.
func upsert[T any](tx *gorm.DB, table string, keys, columns []string, rows []T) error {
	on := clause.OnConflict{DoUpdates: clause.AssignmentColumns(columns)}
	for _, k := range keys {
		on.Columns = append(on.Columns, clause.Column{Name: k})
	}
	return batches(rows, func(part []T) error { return tx.Table(table).Clauses(on).Create(&part).Error })
}

// now is the time as columns hold it: Unix milliseconds.
func now() int64 { return time.Now().UnixMilli() }

// inSizes are the lengths of IN lists that are ever sent, so that few
// statements have to be prepared. Shorter lists repeat their last value.
var inSizes = []int{1, 4, 16, 64, 200, batch}

// chunks calls f with the keys in groups of at most batch, each padded to one
// of inSizes.
func chunks[K ~int64](keys []K, f func(padded []K) error) error {
	for len(keys) > 0 {
		n := min(len(keys), batch)
		part := keys[:n]
		keys = keys[n:]
		for _, s := range inSizes {
			if n <= s {
				padded := make([]K, s)
				copy(padded, part)
				for i := n; i < s; i++ {
					padded[i] = part[n-1]
				}
				part = padded
				break
			}
		}
		if err := f(part); err != nil {
			return err
		}
	}
	return nil
}

// Redact hides the password of a location that is printed.
func Redact(location string) string {
	at := strings.LastIndexByte(location, '@')
	scheme := strings.Index(location, "://")
	if at < 0 || scheme < 0 || at < scheme {
		return location
	}
	user, _, _ := strings.Cut(location[scheme+3:at], ":")
	return location[:scheme+3] + user + ":…" + location[at:]
}
