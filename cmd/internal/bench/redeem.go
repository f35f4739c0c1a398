package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the reference's driver, the same as the journal's

	"countersign/cmd/internal/station"
)

// measureRedeem measures a redemption from its decision to COMMIT, signed and with its slip, against the bare inserts of the very rows
// that it wrote; and with ten times as many vouchers cached against itself.
func measureRedeem(ctx context.Context, l *lab) ([]row, error) {
	few, many, each := 1_000_000, 10_000_000, 400
	if l.quick {
		few, many, each = 100_000, 500_000, 200
	}
	small, err := openShop(ctx, l, few)
	if err != nil {
		return nil, err
	}
	defer func() { _ = small.close() }()
	l.log("%d vouchers are cached", small.cached)
	bare, err := againstBareInserts(ctx, l, small, each)
	if err != nil {
		return nil, err
	}
	large, err := openShop(ctx, l, many)
	if err != nil {
		return []row{bare}, err
	}
	defer func() { _ = large.close() }()
	l.log("%d vouchers are cached", large.cached)
	sell := func(s *shop) func(int) (time.Duration, error) {
		return func(int) (time.Duration, error) {
			codes, err := s.sell(ctx, each)
			if err != nil {
				return 0, err
			}
			times, err := s.redeem(ctx, codes)
			return sum(times), err
		}
	}
	took, err := turns(l.rounds(), sell(large), sell(small))
	if err != nil {
		return []row{bare}, err
	}
	more := atMost(fmt.Sprintf("redeem, %s vouchers cached", thousands(many)), "the same with "+thousands(few), took, 1.2,
		fmt.Sprintf("%s, %s a redemption; vouchers cached just before, in both", per(took.own, each), per(took.other, each)))
	return []row{bare, more}, nil
}

func per(all time.Duration, n int) string {
	return (all / time.Duration(n)).Round(time.Microsecond).String()
}

func thousands(n int) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

func againstBareInserts(ctx context.Context, l *lab, s *shop, each int) (row, error) {
	var times []time.Duration
	var from int64
	reference, err := newBare(ctx, s)
	if err != nil {
		return row{}, err
	}
	defer func() { _ = reference.close() }()
	took, err := turns(l.rounds(), func(int) (time.Duration, error) {
		codes, err := s.sell(ctx, each)
		if err != nil {
			return 0, err
		}
		if from, err = reference.last(ctx); err != nil {
			return 0, err
		}
		took, err := s.redeem(ctx, codes)
		times = append(times, took...)
		return sum(took), err
	}, func(int) (time.Duration, error) { return reference.repeat(inPlace(ctx), from, each) })
	if err != nil {
		return row{}, err
	}
	detail := fmt.Sprintf("%s against %s; p99 %s; vouchers cached just before, so that their pages are in memory", per(took.own, each), per(took.other, each), percentile(times, 0.99).Round(10*time.Microsecond))
	return atMost(fmt.Sprintf("redeem, decision to COMMIT, signed, with slip, %s vouchers cached", thousands(s.cached)),
		"bare inserts of the same rows, WAL and FULL", took, 1.35, detail), nil
}

// bare writes what redemptions wrote once more, into a database of the same tables, by prepared statements and nothing else.
type bare struct {
	from *sql.DB // the journal
	into *sql.DB
	conn *sql.Conn
	sets []*rowSet
}

// rowSet are the rows of one table that a redemption writes.
type rowSet struct {
	table  string
	by     string // which rows belong to entry seq ?1
	insert *sql.Stmt
}

func newBare(ctx context.Context, s *shop) (*bare, error) {
	path := filepath.Join(s.counter.Folder(), station.JournalName)
	b := &bare{sets: []*rowSet{
		{table: "entries", by: "seq = ?1"},
		{table: "lines", by: "seq = ?1"},
		{table: "uses", by: "voucher IN (SELECT voucher FROM lines WHERE seq = ?1)"},
		{table: "counted", by: "seq = ?1"},
		{table: "exposures", by: "seq = ?1"},
		{table: "jobs", by: "uid = (SELECT uid FROM entries WHERE seq = ?1)"},
	}}
	var err error
	if b.from, err = sql.Open("sqlite3", source(path, "mode=ro")); err != nil {
		return b, err
	}
	if b.into, err = sql.Open("sqlite3", source(filepath.Join(s.folder, "bare.db"), "_journal_mode=WAL&_synchronous=FULL")); err != nil {
		return b, err
	}
	if b.conn, err = b.into.Conn(ctx); err != nil {
		return b, err
	}
	schema, err := collect(ctx, b.from, `SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC`)
	if err != nil {
		return b, err
	}
	for _, made := range schema {
		if _, err := b.conn.ExecContext(ctx, made[0].(string)); err != nil {
			return b, err
		}
	}
	for _, set := range b.sets {
		columns, err := collect(ctx, b.from, "SELECT name FROM pragma_table_info(?)", set.table)
		if err != nil {
			return b, err
		}
		marks := strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",")
		if set.insert, err = b.conn.PrepareContext(ctx, "INSERT INTO "+set.table+" VALUES ("+marks+")"); err != nil {
			return b, err
		}
	}
	return b, nil
}

// last is the seq of the newest entry.
func (b *bare) last(ctx context.Context) (seq int64, err error) {
	return seq, b.from.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM entries").Scan(&seq)
}

// inPlace is what a reference runs its statements under, as the journal and the cloud do: for a context that can be cancelled go-sqlite3 runs each
// on a goroutine of its own, which takes half as long again on a quiet machine, and on a busy one a fraction.
func inPlace(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// repeat reads the rows of n entries after a seq, and then writes them, a transaction for each entry; only that is timed.
func (b *bare) repeat(ctx context.Context, after int64, n int) (time.Duration, error) {
	type insert struct {
		statement *sql.Stmt
		row       []any
	}
	entries := make([][]insert, n)
	for i := range entries {
		for _, set := range b.sets {
			rows, err := collect(ctx, b.from, "SELECT * FROM "+set.table+" WHERE "+set.by, after+1+int64(i))
			if err != nil {
				return 0, err
			}
			for _, row := range rows {
				entries[i] = append(entries[i], insert{set.insert, row})
			}
		}
	}
	begin, err := b.conn.PrepareContext(ctx, "BEGIN IMMEDIATE")
	if err != nil {
		return 0, err
	}
	end, err := b.conn.PrepareContext(ctx, "COMMIT")
	if err != nil {
		return 0, err
	}
	began := time.Now()
	for _, inserts := range entries {
		if _, err := begin.ExecContext(ctx); err != nil {
			return 0, err
		}
		for _, one := range inserts {
			if _, err := one.statement.ExecContext(ctx, one.row...); err != nil {
				return 0, err
			}
		}
		if _, err := end.ExecContext(ctx); err != nil {
			return 0, err
		}
	}
	took := time.Since(began)
	return took, errors.Join(begin.Close(), end.Close())
}

func (b *bare) close() error {
	var all error
	for _, set := range b.sets {
		if set.insert != nil {
			all = errors.Join(all, set.insert.Close())
		}
	}
	if b.conn != nil {
		all = errors.Join(all, b.conn.Close())
	}
	return errors.Join(all, b.from.Close(), b.into.Close())
}

// collect reads all rows of a query.
func collect(ctx context.Context, from *sql.DB, query string, args ...any) (all [][]any, err error) {
	rows, err := from.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}
