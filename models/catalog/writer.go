package catalog

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"sync"

	"gorm.io/gorm"
)

// writer is the one connection that writes. It keeps its statements prepared
// from one transaction to the next: database/sql would prepare those that it
// first saw within a transaction anew in every later one, which was a third of
// a small write's cost. It is GORM's connection pool for writes.
type writer struct {
	db     *sql.DB
	engine engine

	turn  chan struct{} // held by the transaction that runs
	queue writeQueue    // small writes that wait for their turn
	conn  *sql.Conn
	mu    sync.Mutex // guards stmts
	stmts map[string]*sql.Stmt
}

func newWriter(db *sql.DB, e engine) *writer {
	return &writer{db: db, engine: e, turn: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}}
}

// transaction runs f between BEGIN and COMMIT, alone. An error of f, or a
// panic, rolls back.
func (w *writer) transaction(ctx context.Context, f func() error) (err error) {
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := w.begin(ctx); err != nil {
		return fmt.Errorf("begin to write: %w", err)
	}
	done := false
	defer func() {
		if !done {
			w.rollback()
		}
	}()
	if err := f(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// What has been written is kept even if the caller leaves now.
	if _, err := w.ExecContext(context.WithoutCancel(ctx), "COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	done = true
	return nil
}

// writeQueue holds small writes that wait.
type writeQueue struct {
	sync.Mutex
	list []*smallWrite
}

// smallWrite is one write that may share a transaction with others.
type smallWrite struct {
	ctx   context.Context
	f     func() error
	err   error
	panic any           // what f panicked with
	done  chan struct{} // closed when err tells how it ended
}

// leave takes x out of the queue; false when it is not there any more.
func (q *writeQueue) leave(x *smallWrite) bool {
	q.Lock()
	defer q.Unlock()
	i := slices.Index(q.list, x)
	if i >= 0 {
		q.list = slices.Delete(q.list, i, i+1)
	}
	return i >= 0
}

// small runs f like transaction does, but in one transaction, and so with one
// sync of the disk, with all other small writes that wait at that moment. Each
// stands for itself: one that fails is rolled back alone. It returns when f's
// writes are committed, or are not.
func (w *writer) small(ctx context.Context, f func() error) error {
	own := &smallWrite{ctx: ctx, f: f, done: make(chan struct{})}
	w.queue.Lock()
	w.queue.list = append(w.queue.list, own)
	w.queue.Unlock()
	select {
	case <-own.done:
	case w.turn <- struct{}{}:
		w.lead()
		<-w.turn
	case <-ctx.Done():
		if w.queue.leave(own) {
			return ctx.Err()
		}
	}
	<-own.done // the turn's holder took it with the others
	if own.panic != nil {
		panic(own.panic)
	}
	return own.err
}

// lead writes all that waits in one transaction. The caller holds the turn.
func (w *writer) lead() {
	w.queue.Lock()
	list := w.queue.list
	w.queue.list = nil
	w.queue.Unlock()
	if len(list) == 0 {
		return
	}
	defer func() {
		for _, x := range list {
			close(x.done)
		}
	}()
	fail := func(err error) {
		for _, x := range list {
			if x.err == nil {
				x.err = err
			}
		}
	}
	// What one caller gives up must not break the others' transaction.
	ctx := context.WithoutCancel(list[0].ctx)
	if err := w.begin(ctx); err != nil {
		fail(fmt.Errorf("begin to write: %w", err))
		return
	}
	for _, x := range list {
		if err := w.one(ctx, x, len(list) > 1); err != nil {
			w.rollback()
			fail(fmt.Errorf("write together: %w", err))
			return
		}
	}
	if len(list) == 1 && list[0].err != nil {
		w.rollback()
		return
	}
	if _, err := w.ExecContext(ctx, "COMMIT"); err != nil {
		w.rollback()
		fail(fmt.Errorf("commit: %w", err))
	}
}

// one runs one write, among others within a savepoint. Its own error is in x;
// an error that is returned concerns the whole transaction.
func (w *writer) one(ctx context.Context, x *smallWrite, others bool) error {
	if x.err = x.ctx.Err(); x.err != nil {
		return nil
	}
	if others {
		if _, err := w.ExecContext(ctx, "SAVEPOINT small"); err != nil {
			return err
		}
	}
	func() {
		defer func() {
			if x.panic = recover(); x.panic != nil {
				x.err = errors.New("the write panicked")
			}
		}()
		x.err = x.f()
	}()
	if x.err == nil {
		x.err = x.ctx.Err()
	}
	if !others {
		return nil
	}
	if x.err != nil {
		if _, err := w.ExecContext(ctx, "ROLLBACK TO SAVEPOINT small"); err != nil {
			return err
		}
	}
	_, err := w.ExecContext(ctx, "RELEASE SAVEPOINT small")
	return err
}

// begin begins on the connection, or on a new one where the old one is broken.
func (w *writer) begin(ctx context.Context) error {
	for try := 0; ; try++ {
		if w.conn == nil {
			conn, err := w.db.Conn(ctx)
			if err != nil {
				return err
			}
			w.conn = conn
		}
		_, err := w.ExecContext(ctx, w.engine.begin())
		if err == nil {
			return nil
		}
		broken := errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) || w.conn.PingContext(context.WithoutCancel(ctx)) != nil
		if broken {
			w.drop()
		}
		if !broken || try > 0 || ctx.Err() != nil {
			return err
		}
	}
}

// rollback ends the transaction without its writes. A connection that can't is
// given up.
func (w *writer) rollback() {
	if _, err := w.conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
		w.drop()
	}
}

// drop closes the connection and what is prepared on it.
func (w *writer) drop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.stmts {
		_ = s.Close() // the connection is broken or goes
	}
	clear(w.stmts)
	if w.conn != nil {
		_ = w.conn.Raw(func(any) error { return driver.ErrBadConn }) // takes it out of the pool
		_ = w.conn.Close()
		w.conn = nil
	}
}

// stmt returns a statement prepared on the connection.
func (w *writer) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.stmts[query]; s != nil {
		return s, nil
	}
	if w.conn == nil {
		return nil, errors.New("a write outside of a transaction")
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if len(w.stmts) >= preparedStatements {
		for q, old := range w.stmts {
			delete(w.stmts, q)
			if err := old.Close(); err != nil {
				return nil, errors.Join(err, s.Close())
			}
			break
		}
	}
	w.stmts[query] = s
	return s, nil
}

// PrepareContext is a part of gorm.ConnPool that nothing of ours calls.
func (w *writer) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return w.conn.PrepareContext(ctx, query)
}

// ExecContext runs a statement in the running transaction.
func (w *writer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// QueryContext runs a query in the running transaction.
func (w *writer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := w.stmt(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// QueryRowContext runs a query for one row in the running transaction.
func (w *writer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := w.stmt(ctx, query)
	if err != nil {
		// The connection tells the same error again, in a Row.
		return w.conn.QueryRowContext(ctx, query, args...)
	}
	return s.QueryRowContext(ctx, args...)
}

var _ gorm.ConnPool = (*writer)(nil)
