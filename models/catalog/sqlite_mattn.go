//go:build sqlite_mattn

package catalog

import (
	"errors"
	"net/url"

	"github.com/mattn/go-sqlite3"
)

// sqliteDriver is the database/sql driver: SQLite in C, by cgo.
const sqliteDriver = "sqlite3"

func sqliteDSN(path string, write bool) string {
	v := url.Values{}
	for _, p := range pragmas(write) {
		v.Set("_"+p[0], p[1])
	}
	// This driver knows no parameter for it; a reader's temporary tables are small.
	v.Del("_temp_store")
	if write {
		v.Set("_txlock", "immediate")
	}
	return "file:" + path + "?" + v.Encode()
}

func sqliteDuplicate(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.ExtendedCode == sqlite3.ErrConstraintUnique || e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey)
}
