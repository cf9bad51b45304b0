package catalog

import (
	"errors"
	"log/slog"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// postgresEngine is for catalogs that outgrow one machine.
type postgresEngine struct{}

func (postgresEngine) name() string { return "postgres" }

func (postgresEngine) ddl(s string) string {
	return strings.NewReplacer("{text}", `TEXT COLLATE "C"`, "{blob}", "BYTEA", "{int}", "BIGINT").Replace(s)
}

func (postgresEngine) begin() string { return "BEGIN" }

func (postgresEngine) duplicate(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "23505"
}

func (postgresEngine) open(location string, log *slog.Logger) (r, w *gorm.DB, err error) {
	dial := func(n int) (*gorm.DB, error) {
		g, err := gorm.Open(postgres.Open(location), gormConfig(log))
		if err != nil {
			return nil, err
		}
		db, err := g.DB()
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(n)
		db.SetMaxIdleConns(n)
		return g, nil
	}
	// Writes go through one connection at a time here too: counters and aggregates are
	// computed in their transaction and must not overtake each other.
	if w, err = dial(2); err != nil {
		return nil, nil, err
	}
	if r, err = dial(max(4, 2*runtime.NumCPU())); err != nil {
		if db, e := w.DB(); e == nil {
			err = errors.Join(err, db.Close())
		}
		return nil, nil, err
	}
	return r, w, nil
}
