package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"countersign/sync/cloud/relational"
)

// engine implements relational.Engine.
type engine struct {
	db    *sql.DB
	turns turns
	most  time.Duration // that a message of a push or a claim waits for its answer; 0 for ever
	lost  lost
}

// Close closes the database.
func (e *engine) Close() error { return e.db.Close() }

// level is the least isolation that makes a transaction right.
//
// Serial: a claim and a redemption are decided by sums over rows that others insert (the holds of a voucher, the lines that count under
// a limit, the exceptions that are open), by what is absent, and by rows that others change meanwhile (a campaign that is paused). No
// condition of a single statement covers that, nor does a lock on a row: under REPEATABLE READ two claims would each see that the last
// unit is free. So it is SERIALIZABLE, and whoever loses begins again.
//
// Conditional: at READ COMMITTED a statement sees all that is committed when it begins, waits for others that change the row that it
// changes, and then checks its condition again; ON CONFLICT waits likewise for whoever has the same key. That is all that a
// statement needs which checks and writes at once. It is never decided by such a transaction what a serial one would have to see: it
// adds vouchers that nobody could know before, notes when a terminal was heard of, and records an address.
func level(needs relational.Isolation) sql.IsolationLevel {
	if needs == relational.Conditional {
		return sql.LevelReadCommitted
	}
	return sql.LevelSerializable
}

// begins are how transactions begin.
var begins = map[sql.IsolationLevel]string{
	sql.LevelSerializable:  "begin isolation level serializable",
	sql.LevelReadCommitted: "begin isolation level read committed",
}

// Write implements relational.Engine.
func (e *engine) Write(ctx context.Context, needs relational.Isolation, do func(tx relational.Tx) error) error {
	return e.write(ctx, level(needs), func(t *tx) error { return do(t) })
}

func (e *engine) write(ctx context.Context, isolation sql.IsolationLevel, do func(t *tx) error) error {
	return e.writeWithin(ctx, unlimited, isolation, do)
}

func (e *engine) writeWithin(ctx context.Context, within func(context.Context) (context.Context, func()), isolation sql.IsolationLevel, do func(t *tx) error) error {
	return again(ctx, func() error {
		return e.with(ctx, func(conn *pgx.Conn) error {
			// A COMMIT that is cancelled leaves nobody knowing whether it happened.
			return once(context.WithoutCancel(ctx), conn, nil, within, begins[isolation], do)
		})
	})
}

// with lends one of the pool's connections.
func (e *engine) with(ctx context.Context, do func(conn *pgx.Conn) error) error {
	pooled, err := e.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	defer pooled.Close()
	var failed error
	err = pooled.Raw(func(of any) error {
		conn := of.(*stdlib.Conn).Conn()
		failed = do(conn)
		if !conn.IsClosed() && conn.PgConn().TxStatus() != 'I' {
			return driver.ErrBadConn // whatever is left of the transaction, the next one gets another connection
		}
		return nil
	})
	if failed != nil || errors.Is(err, driver.ErrBadConn) {
		return failed
	}
	return err
}

// Read implements relational.Engine. A snapshot is what REPEATABLE READ is; reading alone, it decides nothing that another could
// make wrong.
func (e *engine) Read(ctx context.Context, do func(q relational.Querier) error) error {
	return again(ctx, func() error { return e.readOnce(ctx, do) })
}

func (e *engine) readOnce(ctx context.Context, do func(q relational.Querier) error) error {
	begun, err := e.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	r := &reading{Tx: begun}
	err = do(r)
	if r.failed != nil {
		err = r.failed // whatever do made of it: PostgreSQL has given the transaction up
	}
	if err != nil {
		if undo := begun.Rollback(); undo != nil && !errors.Is(undo, sql.ErrTxDone) {
			err = errors.Join(err, undo)
		}
		return err
	}
	if err := begun.Commit(); err != nil {
		if ended := ctx.Err(); ended != nil && errors.Is(err, sql.ErrTxDone) {
			return ended // of a read, whose time was over just before: that is no fault of the database
		}
		return fmt.Errorf("the database could not be read: %w", err)
	}
	return nil
}

// reading is a transaction that only reads. It remembers the first error of the database as tx does.
type reading struct {
	*sql.Tx
	failed error
}

func (r *reading) note(err error) error {
	if err != nil && r.failed == nil && !errors.Is(err, sql.ErrNoRows) {
		r.failed = err
	}
	return err
}

// Query implements relational.Querier.
func (r *reading) Query(query string, args ...any) (relational.Rows, error) {
	rows, err := r.Tx.Query(dialect(query), storable(args)...)
	return rows, r.note(err)
}

// QueryRow implements relational.Querier.
func (r *reading) QueryRow(query string, args ...any) relational.Row {
	return readingRow{r.Tx.QueryRow(dialect(query), storable(args)...), r}
}

type readingRow struct {
	*sql.Row
	of *reading
}

// Scan implements relational.Row.
func (r readingRow) Scan(into ...any) error { return r.of.note(r.Row.Scan(into...)) }

// Look implements relational.Engine: a statement alone is a transaction of its own.
func (e *engine) Look(ctx context.Context, do func(q relational.Querier) error) error {
	return again(ctx, func() error { return do(looking{ctx, e.db}) })
}

// looking is a query without a transaction around it.
type looking struct {
	ctx context.Context
	db  *sql.DB
}

// Query implements relational.Querier.
func (l looking) Query(query string, args ...any) (relational.Rows, error) {
	return l.db.QueryContext(l.ctx, dialect(query), storable(args)...)
}

// QueryRow implements relational.Querier.
func (l looking) QueryRow(query string, args ...any) relational.Row {
	return l.db.QueryRowContext(l.ctx, dialect(query), storable(args)...)
}

// Place implements relational.Engine. It is the sequencer: under the lock of the merchant's row it gives everything that is committed
// and unplaced its place. A transaction that is still open when it looks is placed by the next, whatever its ids are, so that a cursor
// never passes what appears behind it; and no writer waits for another's place.
//
// READ COMMITTED is right here, and more would be wrong: the second statement has to see what was committed up to the moment the
// lock was given, not when the transaction began. It is one statement, and so of one snapshot: no entry gets a place before that of
// what it changed. One that changed nothing gets the last, since those before it may have changed something.
func (e *engine) Place(ctx context.Context, merchant string) error {
	var some bool
	err := e.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM outbox WHERE merchant = $1 AND place IS NULL)
		OR EXISTS (SELECT 1 FROM entry e JOIN terminal t ON t.id = e.terminal
			WHERE coalesce(e.place, -1) < 0 AND t.merchant = $1)`, merchant).Scan(&some)
	if err != nil || !some {
		return err
	}
	return e.write(ctx, sql.LevelReadCommitted, func(t *tx) error {
		var last int64
		if err := t.QueryRow("SELECT place FROM merchant WHERE id = ? FOR NO KEY UPDATE", merchant).Scan(&last); err != nil {
			return err
		}
		return t.Later(nil, `WITH news AS (
					SELECT id, row_number() OVER (ORDER BY id) AS n FROM outbox WHERE merchant = ?1 AND place IS NULL
				), placed AS (
					UPDATE outbox SET place = ?2 + news.n FROM news WHERE outbox.id = news.id
				), head AS (
					UPDATE merchant SET place = ?2 + (SELECT count(*) FROM news) WHERE id = ?1 AND EXISTS (SELECT 1 FROM news)
				)
				UPDATE entry SET place = ?2 + coalesce(mine.n, (SELECT count(*) FROM news)) FROM (
					SELECT e.ordinal, news.n FROM entry e JOIN terminal t ON t.id = e.terminal LEFT JOIN news ON news.id = -e.place
					WHERE coalesce(e.place, -1) < 0 AND t.merchant = ?1
				) AS mine WHERE entry.ordinal = mine.ordinal`, merchant, last)
	})
}

// Probe implements relational.Engine. Places only grow, so that their sum changes with every change that has a place; those that have
// none yet get one here. LISTEN would be told at once, but NOTIFY lets commits pass one at a time.
func (e *engine) Probe(ctx context.Context) (look func() (int64, error), end func(), err error) {
	look = func() (version int64, err error) {
		merchants, err := e.unplaced(ctx)
		if err != nil {
			return 0, err
		}
		for _, merchant := range merchants {
			if err := e.Place(ctx, merchant); err != nil {
				return 0, err
			}
		}
		err = e.db.QueryRowContext(ctx, "SELECT coalesce(sum(place), 0) FROM merchant").Scan(&version)
		return version, err
	}
	return look, func() {}, nil
}

func (e *engine) unplaced(ctx context.Context) (merchants []string, err error) {
	rows, err := e.db.QueryContext(ctx, "SELECT DISTINCT merchant FROM outbox WHERE place IS NULL")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var merchant string
		if err := rows.Scan(&merchant); err != nil {
			return nil, err
		}
		merchants = append(merchants, merchant)
	}
	return merchants, rows.Err()
}
