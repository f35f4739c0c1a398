package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"countersign/sync/cloud/relational"
)

// tx implements relational.Tx on pgx's own connection: what need not be answered at once waits, BEGIN included, and goes to the database in
// one message with the next question, or with COMMIT; and what was foreseen is asked in one. A transaction took one round trip for
// each of its statements before, some hundred for a push, and they were most of what it cost.
//
// It remembers the first error of the database: PostgreSQL refuses everything after it, and a caller that makes do without one answer
// must not make that a decision.
type tx struct {
	ctx      context.Context
	conn     *pgx.Conn
	waiting  []statement
	foreseen map[string]*answer
	depend   map[relational.Touch][]string // what is foreseen and depends on it
	numbers  map[string][]int64            // those of a table's next rows
	ahead    int                           // how many were taken at once last
	turn     *turn                         // nil where none is waited for
	within   func(context.Context) (context.Context, func())
	ended    string // what the last COMMIT did
	failed   error
	change   sql.NullInt64 // the id of what was published last
}

// statement is one that waits.
type statement struct {
	query string
	args  []any
}

const (
	commit   = "commit"
	rollback = "rollback"
)

// unlimited lets messages wait: some transactions have much to do.
func unlimited(ctx context.Context) (context.Context, func()) { return ctx, func() {} }

// once runs do in one transaction, which begin begins, with the turn taken before, and given back after, in the same messages. within limits
// how long each message waits.
func once(ctx context.Context, conn *pgx.Conn, turn *turn, within func(context.Context) (context.Context, func()), begin string,
	do func(t *tx) error) (err error) {
	t := &tx{ctx: ctx, conn: conn, turn: turn, within: within, waiting: append(turn.taking(), statement{begin, nil})}
	most := len(t.waiting)
	ended := false
	defer func() {
		if !ended && conn.PgConn().TxStatus() != 'I' {
			limited, over := within(context.WithoutCancel(ctx))
			defer over()
			if _, undo := conn.Exec(limited, rollback); undo != nil && !conn.IsClosed() {
				err = errors.Join(err, undo)
			}
		}
	}()
	err = do(t)
	if t.failed != nil {
		err = t.failed // whatever do made of it: PostgreSQL has given the transaction up
	}
	if err != nil {
		return err
	}
	if conn.PgConn().TxStatus() == 'I' && len(t.waiting) == most {
		return nil // nothing was asked
	}
	if turn != nil && !turn.mine { // a message that is given up while it waits for its turn must not hold a COMMIT
		if _, _, err := t.ask(nil); err != nil {
			return err
		}
	}
	t.waiting = append(append(t.waiting, statement{commit, nil}), turn.giving()...)
	if _, _, err := t.ask(nil); err != nil && t.ended != "COMMIT" { // what comes after it is not its matter
		if ended := ctx.Err(); ended != nil {
			return ended // of a read, whose time was over just before: that is no fault of the database
		}
		return fmt.Errorf("the database could not be written: %w", err)
	}
	if ended = t.ended == "COMMIT"; !ended {
		return fmt.Errorf("the database could not be written: instead of COMMIT it did %s", t.ended)
	}
	return nil
}

// ask sends what waits and then asks, all in one message. It returns what the last that waited did, and the answers.
func (t *tx) ask(asks []statement) (last pgconn.CommandTag, answers []*answer, err error) {
	if t.failed != nil {
		return last, nil, t.failed
	}
	batch := &pgx.Batch{}
	for _, each := range [][]statement{t.waiting, asks} {
		for _, one := range each {
			batch.Queue(dialect(one.query), storable(one.args)...)
		}
	}
	limited, over := t.within(t.ctx)
	defer over()
	ctx, cancel := t.turn.patiently(limited)
	defer cancel()
	results := t.conn.SendBatch(ctx, batch)
	for _, one := range t.waiting {
		if last, err = results.Exec(); err != nil {
			break
		}
		t.turn.did(one)
		if one.query == commit {
			t.ended = last.String()
		}
	}
	for range asks {
		if err != nil {
			break
		}
		var found *answer
		if found, err = read(t.conn, results); err == nil {
			answers = append(answers, found)
		}
	}
	t.waiting = t.waiting[:0]
	if closed := results.Close(); err == nil {
		err = closed
	}
	if err != nil {
		t.failed = err
	}
	return last, answers, err
}

// Exec implements relational.Tx.
func (t *tx) Exec(query string, args ...any) (sql.Result, error) {
	t.foreseen, t.depend = nil, nil // whatever it does
	t.waiting = append(t.waiting, statement{query, args})
	tag, _, err := t.ask(nil)
	return driver.RowsAffected(tag.RowsAffected()), err
}

// Later implements relational.Tx.
func (t *tx) Later(touches []relational.Touch, query string, args ...any) error {
	for _, touched := range touches {
		for _, key := range t.depend[touched] {
			delete(t.foreseen, key)
		}
		delete(t.depend, touched)
	}
	t.waiting = append(t.waiting, statement{query, args})
	return t.failed
}

// Number implements relational.Tx.
func (t *tx) Number(touches []relational.Touch, table, id, columns string, args ...any) (int64, error) {
	number, err := t.number(table, id)
	if err != nil {
		return 0, err
	}
	all := append(make([]any, 0, 1+len(args)), number)
	return number, t.Later(touches, numbered(table, id, columns, len(args)), append(all, args...)...)
}

var numberedQueries sync.Map

func numbered(table, id, columns string, n int) string {
	type key struct{ table, id, columns string }
	if known, ok := numberedQueries.Load(key{table, id, columns}); ok {
		return known.(string)
	}
	query := "INSERT INTO " + table + " (" + id + ", " + columns + ") OVERRIDING SYSTEM VALUE VALUES (?" + strings.Repeat(", ?", n) + ")"
	numberedQueries.Store(key{table, id, columns}, query)
	return query
}

// numbersFirst and numbersMost are how many numbers are taken at once where nobody said how many there will be: who goes on gets more.
const (
	numbersFirst = 8
	numbersMost  = 1024
)

// number takes the next number of a table.
func (t *tx) number(table, id string) (int64, error) {
	if err := t.have(table, id, 1); err != nil {
		return 0, err
	}
	next := t.numbers[table][0]
	t.numbers[table] = t.numbers[table][1:]
	return next, nil
}

// have takes numbers for at least so many rows of a table.
func (t *tx) have(table, id string, n int) error {
	if len(t.numbers[table]) >= n {
		return nil
	}
	t.ahead = min(max(numbersFirst, 2*t.ahead), numbersMost)
	_, answers, err := t.ask([]statement{takeNumbers(table, id, max(t.ahead, n))})
	if err != nil {
		return err
	}
	return t.took(table, answers[0])
}

func takeNumbers(table, id string, n int) statement {
	return statement{"SELECT nextval(pg_get_serial_sequence('" + table + "', '" + id + "')) FROM generate_series(1, ?::bigint)", []any{n}}
}

func (t *tx) took(table string, found *answer) error {
	if t.numbers == nil {
		t.numbers = map[string][]int64{}
	}
	for found.Next() {
		var number int64
		if err := found.Scan(&number); err != nil {
			return err
		}
		t.numbers[table] = append(t.numbers[table], number)
	}
	return nil
}

// Foresee implements relational.Tx.
func (t *tx) Foresee(asks []relational.Ask, numbers map[string]int) error {
	if t.foreseen == nil {
		t.foreseen, t.depend = map[string]*answer{}, map[relational.Touch][]string{}
	}
	var statements []statement
	var keys, tables []string
	for table, id := range numberedBy {
		if n := numbers[table] - len(t.numbers[table]); n > 0 {
			statements, tables = append(statements, takeNumbers(table, id, n)), append(tables, table)
		}
	}
	for _, ask := range asks {
		key := keyOf(ask.Query, ask.Args)
		if _, known := t.foreseen[key]; known {
			continue
		}
		t.foreseen[key] = nil // once is enough
		for _, on := range ask.Depends {
			t.depend[on] = append(t.depend[on], key)
		}
		statements, keys = append(statements, statement{ask.Query, ask.Args}), append(keys, key)
	}
	if len(statements) == 0 {
		return nil
	}
	_, answers, err := t.ask(statements)
	if err != nil {
		return err
	}
	for i, table := range tables {
		if err := t.took(table, answers[i]); err != nil {
			return err
		}
	}
	for i, key := range keys {
		t.foreseen[key] = answers[len(tables)+i]
	}
	return nil
}

// numberedBy are the tables whose rows Number numbers, and those of Publish.
var numberedBy = map[string]string{"entry": "ordinal", "outbox": "id"}

// Query implements relational.Querier.
func (t *tx) Query(query string, args ...any) (relational.Rows, error) {
	found, err := t.one(query, args)
	if err != nil {
		return nil, err
	}
	return found, nil
}

func (t *tx) one(query string, args []any) (*answer, error) {
	if len(t.foreseen) > 0 {
		if found := t.foreseen[keyOf(query, args)]; found != nil {
			return &answer{rows: found.rows}, t.failed
		}
		if !strings.HasPrefix(query, "SELECT ") {
			t.foreseen, t.depend = nil, nil // it may write
		}
	}
	_, answers, err := t.ask([]statement{{query, args}})
	if err != nil {
		return nil, err
	}
	return answers[0], nil
}

// QueryRow implements relational.Querier.
func (t *tx) QueryRow(query string, args ...any) relational.Row {
	found, err := t.one(query, args)
	return row{found, err, t}
}

// row is the first of an answer.
type row struct {
	found *answer
	err   error
	tx    *tx
}

// Scan implements relational.Row.
func (r row) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	if !r.found.Next() {
		return sql.ErrNoRows
	}
	err := r.found.Scan(into...)
	if err != nil && r.tx.failed == nil {
		r.tx.failed = err
	}
	return err
}

// Prepare implements relational.Tx: pgx prepares every query once for each connection.
func (t *tx) Prepare(query string) (relational.Statement, error) { return prepared{t, query}, nil }

type prepared struct {
	*tx
	query string
}

// Exec implements relational.Statement.
func (p prepared) Exec(args ...any) (sql.Result, error) { return p.tx.Exec(p.query, args...) }

// Close implements relational.Statement.
func (p prepared) Close() error { return nil }

// Publish implements relational.Tx: a row of the outbox that no other writer touches. The sequencer places it.
func (t *tx) Publish(merchant, kind, ref, store string, terminal int64) error {
	number, err := t.Number(nil, "outbox", "id", "merchant, kind, ref, store, terminal, nonce", merchant, kind, ref, store, terminal, relational.Nonce())
	t.change = sql.NullInt64{Int64: number, Valid: err == nil}
	return err
}

// Place implements relational.Tx: it is known after the commit, and until then the change stands for it.
func (t *tx) Place(_ string, ahead int) (sql.NullInt64, error) {
	if ahead == 0 {
		return sql.NullInt64{Int64: -t.change.Int64, Valid: t.change.Valid}, nil
	}
	if err := t.have("outbox", "id", ahead); err != nil {
		return sql.NullInt64{}, err
	}
	return sql.NullInt64{Int64: -t.numbers["outbox"][ahead-1], Valid: true}, nil
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
