package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

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

// reading and writing are a transaction of either sort.
type reading struct{ *sql.Tx }

func (r reading) QueryRow(query string, args ...any) relational.Row {
	return r.Tx.QueryRow(query, args...)
}

type writing struct {
	reading
	places map[string]int64
}

// Write implements relational.Engine. Every transaction is alone with the database, and so serial.
func (e *engine) Write(ctx context.Context, _ relational.Isolation, do func(tx relational.Tx) error) error {
	tx, err := e.writer.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("the database is busy: %w", err)
	}
	w := &writing{reading{tx}, map[string]int64{}}
	if err := do(w); err != nil {
		return errors.Join(err, rollback(tx))
	}
	for merchant, place := range w.places {
		if _, err := tx.Exec("UPDATE merchant SET place = ? WHERE id = ?", place, merchant); err != nil {
			return errors.Join(err, rollback(tx))
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("the database could not be written: %w", err)
	}
	return nil
}

func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// Read implements relational.Engine.
func (e *engine) Read(ctx context.Context, do func(q relational.Querier) error) error {
	tx, err := e.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("the database cannot be read: %w", err)
	}
	defer tx.Rollback()
	return do(reading{tx})
}

// Publish implements relational.Tx: a change has its place at once.
func (w *writing) Publish(merchant, kind, ref, store string, terminal int64) error {
	place, err := w.Place(merchant)
	if err != nil {
		return err
	}
	w.places[merchant] = place.Int64 + 1
	_, err = w.Exec("INSERT INTO outbox (merchant, place, kind, ref, store, terminal, nonce) VALUES (?, ?, ?, ?, ?, ?, ?)",
		merchant, place.Int64+1, kind, ref, store, terminal, relational.Nonce())
	return err
}

// Place implements relational.Tx: it is the last one given.
func (w *writing) Place(merchant string) (sql.NullInt64, error) {
	if place, ok := w.places[merchant]; ok {
		return sql.NullInt64{Int64: place, Valid: true}, nil
	}
	var place sql.NullInt64
	err := w.QueryRow("SELECT place FROM merchant WHERE id = ?", merchant).Scan(&place)
	return place, err
}

// Place implements relational.Engine: the commit placed everything.
func (e *engine) Place(context.Context, string) error { return nil }

// Probe implements relational.Engine: data_version changes with exactly what others commit, on one and the same connection.
func (e *engine) Probe(ctx context.Context) (look func() (int64, error), end func(), err error) {
	connection, err := e.reader.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	look = func() (version int64, err error) {
		err = connection.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version)
		return version, err
	}
	return look, func() { connection.Close() }, nil
}
