//go:build !sqlite_mattn

package catalog

import (
	"errors"
	"net/url"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteDriver is the database/sql driver: SQLite in pure Go.
const sqliteDriver = "sqlite"

func sqliteDSN(path string, write bool) string {
	v := url.Values{}
	for _, p := range pragmas(write) {
		v.Add("_pragma", p[0]+"("+p[1]+")")
	}
	if write {
		v.Set("_txlock", "immediate")
	}
	return "file:" + path + "?" + v.Encode()
}

func sqliteDuplicate(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
