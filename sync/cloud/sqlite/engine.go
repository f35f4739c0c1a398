package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"countersign/sync/cloud/relational"
)

// engine implements relational.Engine. SQLite has one writer at a time: its write lock is the sequencer's lock, and the order of
// commits is the order of places.
type engine struct {
	writer *sql.DB // one connection; every transaction takes the write lock at once
	reader *sql.DB
}

// Close closes the database.
func (e *engine) Close() error { return errors.Join(e.reader.Close(), e.writer.Close()) }

// reading and writing are a transaction of either sort. They are no sql.Tx: that has a goroutine of its own for each transaction, and one
// more for each query within, to end them with their context, which here nothing does.
type reading struct{ *sql.Conn }

// Query implements relational.Querier.
func (r reading) Query(query string, args ...any) (relational.Rows, error) {
	return r.QueryContext(context.Background(), query, args...)
}

// QueryRow implements relational.Querier.
func (r reading) QueryRow(query string, args ...any) relational.Row {
	return r.QueryRowContext(context.Background(), query, args...)
}

type writing struct {
	reading
	places map[string]int64
}

// Exec implements relational.Tx.
func (w *writing) Exec(query string, args ...any) (sql.Result, error) {
	return w.ExecContext(context.Background(), query, args...)
}

// Prepare implements relational.Tx.
func (w *writing) Prepare(query string) (relational.Statement, error) {
	return w.PrepareContext(context.Background(), query)
}

// Later implements relational.Tx: there is no way to the database that could be saved.
func (w *writing) Later(_ []relational.Touch, query string, args ...any) error {
	_, err := w.Exec(query, args...)
	return err
}

// Number implements relational.Tx. A column that numbers rows is SQLite's own number of the row: a RETURNING would keep the row in a table
// of its own until it is read.
func (w *writing) Number(_ []relational.Touch, table, _, columns string, args ...any) (int64, error) {
	done, err := w.Exec("INSERT INTO "+table+" ("+columns+") VALUES (?"+strings.Repeat(", ?", len(args)-1)+")", args...)
	if err != nil {
		return 0, err
	}
	return done.LastInsertId()
}

// Foresee implements relational.Tx: nothing is nearer than asking.
func (w *writing) Foresee([]relational.Ask, map[string]int) error { return nil }

// within runs do between the beginning of a transaction and its end, which is a COMMIT where do says so, and else, or in a panic, undoes it.
func within(conn *sql.Conn, begin string, do func() (commit bool, err error)) error {
	defer conn.Close()
	ctx := context.Background()
	if _, err := conn.ExecContext(ctx, begin); err != nil {
		return fmt.Errorf("the database is busy: %w", err)
	}
	ended := false
	defer func() {
		if ended {
			return
		}
		// After a COMMIT that could not be written SQLite has undone everything already, or not: whatever is left of the transaction, the
		// next one gets another connection.
		if _, undo := conn.ExecContext(ctx, "ROLLBACK"); undo != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	commit, err := do()
	if err != nil || !commit {
		return err
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("the database could not be written: %w", err)
	}
	ended = true
	return nil
}

// Write implements relational.Engine. Every transaction is alone with the database, and so serial.
func (e *engine) Write(ctx context.Context, _ relational.Isolation, do func(tx relational.Tx) error) error {
	conn, err := e.writer.Conn(context.WithoutCancel(ctx))
	if err != nil {
		return fmt.Errorf("the database is busy: %w", err)
	}
	return within(conn, "BEGIN IMMEDIATE", func() (bool, error) {
		w := &writing{reading{conn}, map[string]int64{}}
		if err := do(w); err != nil {
			return false, err
		}
		for merchant, place := range w.places {
			if _, err := w.Exec("UPDATE merchant SET place = ? WHERE id = ?", place, merchant); err != nil {
				return false, err
			}
		}
		return true, nil
	})
}

// WriteInTurn implements relational.Engine: whoever writes, waits for its turn.
func (e *engine) WriteInTurn(ctx context.Context, _ string, do func(tx relational.Tx) error) error {
	return e.Write(ctx, relational.Serial, do)
}

// Together implements relational.Engine: a COMMIT of each costs less than what it would save to gather them.
func (e *engine) Together() int { return 1 }

// Read implements relational.Engine.
func (e *engine) Read(ctx context.Context, do func(q relational.Querier) error) error {
	conn, err := e.reader.Conn(ctx)
	if err != nil {
		return fmt.Errorf("the database cannot be read: %w", err)
	}
	return within(conn, "BEGIN", func() (bool, error) { return false, do(reading{conn}) })
}

// Look implements relational.Engine. A single query sees one state of the database anyway.
func (e *engine) Look(ctx context.Context, do func(q relational.Querier) error) error {
	conn, err := e.reader.Conn(ctx)
	if err != nil {
		return fmt.Errorf("the database cannot be read: %w", err)
	}
	defer conn.Close()
	return do(reading{conn})
}

// Publish implements relational.Tx: a change has its place at once.
func (w *writing) Publish(merchant, kind, ref, store string, terminal int64) error {
	place, err := w.Place(merchant, 0)
	if err != nil {
		return err
	}
	w.places[merchant] = place.Int64 + 1
	_, err = w.Exec("INSERT INTO outbox (merchant, place, kind, ref, store, terminal, nonce) VALUES (?, ?, ?, ?, ?, ?, ?)",
		merchant, place.Int64+1, kind, ref, store, terminal, relational.Nonce())
	return err
}

// Place implements relational.Tx: it is the last one given.
func (w *writing) Place(merchant string, ahead int) (sql.NullInt64, error) {
	if place, ok := w.places[merchant]; ok {
		return sql.NullInt64{Int64: place + int64(ahead), Valid: true}, nil
	}
	var place sql.NullInt64
	err := w.QueryRow("SELECT place FROM merchant WHERE id = ?", merchant).Scan(&place)
	place.Int64 += int64(ahead)
	return place, err
}

// Place implements relational.Engine: the commit placed everything.
func (e *engine) Place(context.Context, string) error { return nil }

// Probe implements relational.Engine: data_version changes with exactly what others commit, on one and the same connection, and the sum
// of the places with what of that somebody may wait for.
func (e *engine) Probe(ctx context.Context) (look func() (int64, error), end func(), err error) {
	connection, err := e.reader.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	last, sum := int64(-1), int64(0)
	look = func() (int64, error) {
		var version int64
		err := connection.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version)
		if err == nil && version != last {
			if err = connection.QueryRowContext(ctx, "SELECT coalesce(sum(place), 0) FROM merchant").Scan(&sum); err == nil {
				last = version
			}
		}
		return sum, err
	}
	return look, func() { connection.Close() }, nil
}
