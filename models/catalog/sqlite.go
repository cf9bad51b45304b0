package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"strings"
	"time"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// sqliteEngine is the embedded default: one file in WAL mode, one connection
// that writes and begins immediate, and a pool that reads. With deferred
// transactions concurrent writers would fail as locked.
type sqliteEngine struct{}

func (sqliteEngine) name() string { return "sqlite" }

func (sqliteEngine) ddl(s string) string {
	return strings.NewReplacer("{text}", "TEXT", "{blob}", "BLOB", "{int}", "INTEGER").Replace(s)
}

// begin takes the write lock at once: a deferred transaction that comes to
// write later fails when another has written meanwhile.
func (sqliteEngine) begin() string { return "BEGIN IMMEDIATE" }

func (sqliteEngine) duplicate(err error) bool { return sqliteDuplicate(err) }

// busy is how long a connection waits for another process's lock.
const busy = 30 * time.Second

func (sqliteEngine) open(location string, log *slog.Logger) (r, w *gorm.DB, err error) {
	path := strings.TrimPrefix(location, "sqlite:")
	path = strings.TrimPrefix(path, "//")
	if path == "" || strings.ContainsAny(path, "?#") {
		return nil, nil, fmt.Errorf("%q is no path for a database file", path)
	}
	// The catalog is its owner's alone: a new file begins so, and SQLite gives
	// its companions (-wal, -shm) the same rights.
	// An existing file is not touched: closing it here would drop the locks that
	// this process may hold on it.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, nil, err
	}
	dial := func(write bool) (*gorm.DB, error) {
		g, err := gorm.Open(&sqlite.Dialector{DriverName: sqliteDriver, DSN: sqliteDSN((&url.URL{Path: path}).EscapedPath(), write)}, gormConfig(log))
		if err != nil {
			return nil, err
		}
		db, err := g.DB()
		if err != nil {
			return nil, err
		}
		n := 2 // the writer holds one; the other is for the schema and for upkeep
		if !write {
			n = readers()
		}
		db.SetMaxOpenConns(n)
		db.SetMaxIdleConns(n)
		db.SetConnMaxIdleTime(0)
		return g, nil
	}
	if w, err = dial(true); err != nil {
		return nil, nil, err
	}
	if r, err = dial(false); err != nil {
		if db, e := w.DB(); e == nil {
			err = errors.Join(err, db.Close())
		}
		return nil, nil, err
	}
	return r, w, nil
}

// readers is how many connections read at once.
func readers() int { return max(4, 2*runtime.NumCPU()) }

// pragmas returns name and value of each setting of a connection. The writer
// syncs fully: with NORMAL a power cut loses acknowledged writes in WAL mode.
func pragmas(write bool) [][2]string {
	p := [][2]string{
		{"busy_timeout", fmt.Sprint(busy.Milliseconds())},
		{"journal_mode", "WAL"},
		{"temp_store", "MEMORY"},
	}
	if write {
		// Fewer checkpoints: what many small writes change again and again is
		// copied back once. The log grows to 16 MB.
		p = append(p, [2]string{"wal_autocheckpoint", "4000"})
		// The engine in pure Go takes memory in powers of two, so a page of 4 KB
		// with its head takes 8: with twice the cache a first scan of 100,000
		// songs takes 30 MB more and no less processor time.
		return append(p, [2]string{"synchronous", "FULL"}, [2]string{"cache_size", "-8000"})
	}
	return append(p, [2]string{"query_only", "ON"}, [2]string{"cache_size", "-4000"})
}
