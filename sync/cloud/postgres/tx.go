package postgres

import (
	"database/sql"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"countersign/sync/cloud/relational"
)

// tx implements relational.Tx. It remembers the first error of the database: PostgreSQL refuses everything after it, and a caller that
// makes do without one answer must not make that a decision.
type tx struct {
	*sql.Tx
	failed error
	change sql.NullInt64 // the id of what was published last
}

func (t *tx) note(err error) error {
	if err != nil && t.failed == nil && !errors.Is(err, sql.ErrNoRows) {
		t.failed = err
	}
	return err
}

// Exec implements relational.Tx.
func (t *tx) Exec(query string, args ...any) (sql.Result, error) {
	result, err := t.Tx.Exec(dialect(query), storable(args)...)
	return result, t.note(err)
}

// Query implements relational.Querier.
func (t *tx) Query(query string, args ...any) (*sql.Rows, error) {
	rows, err := t.Tx.Query(dialect(query), storable(args)...)
	return rows, t.note(err)
}

// QueryRow implements relational.Querier.
func (t *tx) QueryRow(query string, args ...any) relational.Row {
	return row{t.Tx.QueryRow(dialect(query), storable(args)...), t}
}

type row struct {
	*sql.Row
	tx *tx
}

// Scan implements relational.Row.
func (r row) Scan(into ...any) error { return r.tx.note(r.Row.Scan(into...)) }

// Prepare implements relational.Tx.
func (t *tx) Prepare(query string) (*sql.Stmt, error) {
	statement, err := t.Tx.Prepare(dialect(query))
	return statement, t.note(err)
}

// Publish implements relational.Tx: a row of the outbox that no other writer touches. The sequencer places it.
func (t *tx) Publish(merchant, kind, ref, store string, terminal int64) error {
	return t.QueryRow("INSERT INTO outbox (merchant, kind, ref, store, terminal, nonce) VALUES (?, ?, ?, ?, ?, ?) RETURNING id",
		merchant, kind, ref, store, terminal, relational.Nonce()).Scan(&t.change)
}

// Place implements relational.Tx: it is known after the commit, and until then the change stands for it.
func (t *tx) Place(string) (sql.NullInt64, error) {
	return sql.NullInt64{Int64: -t.change.Int64, Valid: t.change.Valid}, nil
}

var (
	parameter = regexp.MustCompile(`\?\d*`)
	member    = regexp.MustCompile(`json_extract\((\w+), '\$\.(\w+)'\)`)
	dialects  sync.Map
)

// dialect is a query as PostgreSQL wants it: $1 for ? and ?1, and ->> for a member of a body.
func dialect(query string) string {
	if known, ok := dialects.Load(query); ok {
		return known.(string)
	}
	n := 0
	translated := parameter.ReplaceAllStringFunc(query, func(found string) string {
		if found != "?" {
			return "$" + found[1:]
		}
		n++
		return "$" + strconv.Itoa(n)
	})
	translated = member.ReplaceAllString(translated, "($1 ->> '$2')")
	dialects.Store(query, translated)
	return translated
}

// storable are values as PostgreSQL takes them: its text holds UTF-8 without NUL, and an entry that says otherwise still has to be
// stored, or its terminal could never send another. The entry's own bytes are kept as they are.
func storable(args []any) []any {
	for i, arg := range args {
		if text, ok := arg.(string); ok {
			args[i] = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return args
}
