package catalog

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// preparedStatements bounds what each pool keeps prepared.
const preparedStatements = 300

// gormConfig is the same for both engines: prepared statements, no implicit
// transactions, and a logger that never prints a statement's values.
func gormConfig(log *slog.Logger) *gorm.Config {
	return &gorm.Config{
		PrepareStmt:            true,
		PrepareStmtMaxSize:     preparedStatements,
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   false,
		Logger:                 quiet{log},
	}
}

// slow is the time from which on a statement is worth a line.
const slow = 2 * time.Second

// quiet logs slow and failed statements by their text without values.
type quiet struct{ log *slog.Logger }

func (q quiet) LogMode(logger.LogLevel) logger.Interface                             { return q }
func (q quiet) Info(context.Context, string, ...any)                                 {}
func (q quiet) Warn(_ context.Context, msg string, _ ...any)                         { q.log.Debug("gorm", "message", msg) }
func (q quiet) Error(_ context.Context, msg string, _ ...any)                        { q.log.Debug("gorm", "message", msg) }
func (q quiet) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) { return sql, nil }

func (q quiet) Trace(_ context.Context, begin time.Time, f func() (string, int64), err error) {
	took := time.Since(begin)
	if err == nil && took < slow || errors.Is(err, gorm.ErrRecordNotFound) || errors.Is(err, context.Canceled) {
		return
	}
	sql, rows := f()
	q.log.Debug("statement", "sql", sql, "rows", rows, "took", took, "error", err)
}
