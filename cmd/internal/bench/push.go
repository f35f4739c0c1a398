package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"countersign/sync/cloud/sqlite"
)

// measurePush measures what one cloud process on SQLite takes from many terminals at once, proof, chain and signature of every entry
// checked and each judged, against one writer that puts the very rows which came of it into a copy of the database.
func measurePush(ctx context.Context, l *lab) ([]row, error) {
	terminals, each := 200, 50
	if l.quick {
		terminals, each = 100, 20
	}
	folder, cloud, err := l.cloud(ctx, "push")
	if err != nil {
		return nil, err
	}
	defer func() { _ = cloud.close() }()
	tills, err := cloud.fleet(ctx, terminals)
	if err != nil {
		return nil, err
	}
	database, before := filepath.Join(folder, sqlite.FileName), filepath.Join(folder, "before.db")
	entries := terminals * each
	// Warm: each terminal makes its connection, and is told the nonce of its proofs.
	if err := prepare(ctx, cloud, tills, 1); err != nil {
		return nil, err
	}
	if _, err := atOnce(tills, func(t *till) error { return t.pump.Push(ctx) }); err != nil {
		return nil, err
	}
	took, err := turns(l.rounds(), func(int) (time.Duration, error) {
		if err := prepare(ctx, cloud, tills, each); err != nil {
			return 0, err
		}
		if err := copyDatabase(ctx, database, before); err != nil {
			return 0, err
		}
		return atOnce(tills, func(t *till) error { return t.pump.Push(ctx) })
	}, func(int) (time.Duration, error) {
		changed, err := changes(ctx, database, before)
		if err != nil {
			return 0, err
		}
		return insertAll(ctx, before, changed, entries/batchMost)
	})
	if err != nil {
		return nil, err
	}
	return []row{atLeast(fmt.Sprintf("journal push, one cloud process on SQLite, %d terminals at once", terminals),
		"the same rows inserted by one writer in batches of 100", took, 0.6,
		fmt.Sprintf("%s entries/s against %s", perSecond(entries, took.own), perSecond(entries, took.other)))}, nil
}

// prepare has every terminal journal so many redemptions more.
func prepare(ctx context.Context, cloud *office, tills []*till, each int) error {
	tickets, err := cloud.issue(ctx, len(tills)*each)
	if err != nil {
		return err
	}
	for i, t := range tills {
		if err := t.redeem(tickets[i*each : (i+1)*each]); err != nil {
			return err
		}
	}
	return nil
}

// copyDatabase makes a copy of a database as it is now.
func copyDatabase(ctx context.Context, from, into string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(into + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	db, err := sql.Open("sqlite3", source(from, "mode=ro"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", into)
	return errors.Join(err, db.Close())
}

// source names a database file to SQLite, whatever its folders are called, with options as a query.
func source(path, options string) string {
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + options
}

// insertAll writes rows into a database, an even share of each table in every one of so many transactions, each on disk before the next
// begins. What was there under the same key is replaced, as the cloud updates what a redemption changes.
func insertAll(ctx context.Context, path string, tables []rowsOf, transactions int) (took time.Duration, err error) {
	db, err := sql.Open("sqlite3", source(path, "_journal_mode=WAL&_synchronous=FULL&_foreign_keys=false"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	statements := make([]*sql.Stmt, len(tables))
	for i, table := range tables {
		marks := strings.TrimSuffix(strings.Repeat("?,", table.columns), ",")
		if statements[i], err = db.PrepareContext(ctx, fmt.Sprintf("INSERT OR REPLACE INTO %q VALUES (%s)", table.table, marks)); err != nil {
			return 0, err
		}
	}
	ctx = inPlace(ctx)
	began := time.Now()
	for n := range transactions {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return 0, err
		}
		for i, table := range tables {
			insert := tx.StmtContext(ctx, statements[i])
			for _, values := range table.rows[len(table.rows)*n/transactions : len(table.rows)*(n+1)/transactions] {
				if _, err := insert.ExecContext(ctx, values...); err != nil {
					return 0, errors.Join(err, tx.Rollback())
				}
			}
		}
		if err := tx.Commit(); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

func perSecond(n int, took time.Duration) string {
	return thousands(int(float64(n) / took.Seconds()))
}
