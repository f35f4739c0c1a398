package journal

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// queries runs prepared statements, on the readers' pool or on the writer's one connection, so that both see the journal through
// the same eyes.
//
// Where a query may be answered in two orders, or has a limit, its parameters are written +? and not ?: SQLite looks at the value of a
// bare one while it chooses a plan, and from then on prepares the statement anew at each call, since go-sqlite3 clears the bindings
// after each. That took longer than the query itself.
type queries struct {
	on interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	mu       sync.Mutex
	prepared map[string]*sql.Stmt
	memory   *memory // of the transaction that is under way; nil for readers
}

func newQueries(on interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}) *queries {
	return &queries{on: on, prepared: map[string]*sql.Stmt{}}
}

func (q *queries) close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	var all error
	for _, statement := range q.prepared {
		all = errors.Join(all, statement.Close())
	}
	q.prepared = map[string]*sql.Stmt{}
	return all
}

func (q *queries) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if statement := q.prepared[query]; statement != nil {
		return statement, nil
	}
	statement, err := q.on.PrepareContext(context.WithoutCancel(ctx), query)
	if err != nil {
		return nil, explain(err)
	}
	q.prepared[query] = statement
	return statement, nil
}

func (q *queries) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	statement, err := q.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	result, err := statement.ExecContext(ctx, args...)
	return result, explain(err)
}

func (q *queries) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := q.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := statement.QueryContext(ctx, args...)
	return rows, explain(err)
}

// row is a query for at most one row. Scan answers terminal.ErrUnknown when there is none. It cannot be cancelled: for one that can, the
// driver starts a goroutine that watches, and every redemption makes several.
func (q *queries) row(ctx context.Context, query string, args ...any) oneRow {
	ctx = context.WithoutCancel(ctx)
	statement, err := q.statement(ctx, query)
	if err != nil {
		return oneRow{err: err}
	}
	return oneRow{row: statement.QueryRowContext(ctx, args...)}
}

type oneRow struct {
	row *sql.Row
	err error
}

func (r oneRow) Scan(into ...any) error {
	if r.err != nil {
		return r.err
	}
	err := r.row.Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return terminal.ErrUnknown
	}
	return explain(err)
}

// collect scans every row with scan.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, explain(err)
		}
		all = append(all, one)
	}
	return all, explain(rows.Err())
}

func (q *queries) identity(ctx context.Context) (Identity, error) {
	var i Identity
	var public []byte
	err := q.row(ctx, "SELECT merchant, store, terminal, currency, public_key, root_key FROM identity").
		Scan(&i.Merchant, &i.Store, &i.Terminal, &i.Currency, &public, &i.RootKey)
	if errors.Is(err, terminal.ErrUnknown) {
		return i, ErrNotEnrolled
	}
	if err == nil && len(public) != ed25519.PublicKeySize {
		return i, fmt.Errorf("%w: its public key has %d bytes", ErrDamaged, len(public))
	}
	i.PublicKey = public
	return i, err
}

// head is the place of the newest entry.
func (q *queries) head(ctx context.Context, public ed25519.PublicKey) (entry.Place, error) {
	place := entry.Start(public)
	var hash []byte
	err := q.row(ctx, "SELECT seq, epoch, hash FROM entries ORDER BY seq DESC LIMIT 1").Scan(&place.Seq, &place.Epoch, &hash)
	if errors.Is(err, terminal.ErrUnknown) {
		return place, nil
	}
	if err != nil {
		return place, err
	}
	if place.Hash, err = hash32(hash); err != nil {
		return place, err
	}
	err = q.row(ctx, "SELECT coalesce(max(receipt), 0) FROM entries WHERE epoch = +? AND receipt IS NOT NULL", place.Epoch).
		Scan(&place.Receipt)
	return place, err
}

func hash32(raw []byte) ([32]byte, error) {
	if len(raw) != 32 {
		return [32]byte{}, fmt.Errorf("%w: a hash has %d bytes", ErrDamaged, len(raw))
	}
	return [32]byte(raw), nil
}

func (q *queries) sealed(ctx context.Context, seq uint64) (entry.Sealed, error) {
	var s entry.Sealed
	var hash []byte
	err := q.row(ctx, "SELECT bytes, hash, signature FROM entries WHERE seq = ?", int64(seq)).Scan(&s.Bytes, &hash, &s.Signature)
	if err != nil {
		return s, err
	}
	s.Hash, err = hash32(hash)
	return s, err
}

func (q *queries) acked(ctx context.Context) (uint64, error) {
	var through int64
	err := q.row(ctx, "SELECT through FROM acked").Scan(&through)
	return uint64(through), err
}

// use is what the journal says of a voucher, or of one part of it. Most vouchers were never seen here: one look says so.
func (q *queries) use(ctx context.Context, voucher terminal.VoucherID, part string, after uint64) (terminal.Use, error) {
	var use terminal.Use
	var parts int
	id := int64(voucher)
	err := q.row(ctx, `SELECT count(*), coalesce(sum(redeemed - reversed), 0) FROM uses
		WHERE voucher = ?1 AND (?2 = '' OR part = ?2)`, id, part).Scan(&parts, &use.Net)
	if err != nil || parts == 0 {
		return use, err
	}
	err = q.row(ctx, `SELECT coalesce(sum(units), 0) FROM lines
		WHERE voucher = ?1 AND seq > ?3 AND (?2 = '' OR part = ?2)`, id, part, int64(after)).Scan(&use.After)
	if err != nil {
		return use, err
	}
	var raw []byte
	err = q.row(ctx, `SELECT e.bytes FROM lines AS l JOIN entries AS e ON e.seq = l.seq
		WHERE l.voucher = ?1 AND l.units > l.reversed AND (?2 = '' OR l.part = ?2)
		ORDER BY l.seq DESC LIMIT 1`, id, part).Scan(&raw)
	if errors.Is(err, terminal.ErrUnknown) {
		return use, nil
	}
	if err != nil {
		return use, err
	}
	e, err := entry.Decode(raw)
	if err != nil {
		return use, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	use.Last = &terminal.LastUse{At: e.Wall, Store: e.Store, Terminal: e.Terminal, Operator: e.Operator}
	return use, nil
}

func (q *queries) exposure(ctx context.Context, currency string) (terminal.Exposure, error) {
	exposure := terminal.Exposure{Value: terminal.Money{Currency: currency}}
	var found string
	err := q.row(ctx, `SELECT count(*), coalesce(sum(minor), 0), coalesce(max(currency), '') FROM exposures
		WHERE seq > (SELECT through FROM acked) AND lifted = 0`).Scan(&exposure.Count, &exposure.Value.Minor, &found)
	if currency == "" {
		exposure.Value.Currency = found
	}
	if err != nil {
		return exposure, err
	}
	var barred Barred
	err = q.stateOf(ctx, barredKey, &barred)
	exposure.Barred = barred.Cause()
	return exposure, err
}

// booked adds up the money of this terminal's redemptions of a voucher, and takes off that of its reversals of them.
func (q *queries) booked(ctx context.Context, voucher terminal.VoucherID) (price, value int64, err error) {
	type piece struct {
		bytes []byte
		line  int
		sign  int64
	}
	rows, err := q.query(ctx, `SELECT e.bytes, l.line, CASE WHEN l.units > 0 THEN 1 ELSE -1 END FROM lines l JOIN entries e ON e.seq = l.seq
		WHERE l.voucher = ? AND (l.units > 0 OR EXISTS (SELECT 1 FROM entries o WHERE o.uid = e.about))`, int64(voucher))
	pieces, err := collect(rows, err, func(rows *sql.Rows) (p piece, err error) {
		err = rows.Scan(&p.bytes, &p.line, &p.sign)
		return p, err
	})
	if err != nil {
		return 0, 0, err
	}
	for _, p := range pieces {
		e, err := entry.Decode(p.bytes)
		if err != nil {
			return 0, 0, fmt.Errorf("%w: an entry of %s: %w", ErrDamaged, voucher, err)
		}
		if p.line >= len(e.Lines) {
			return 0, 0, fmt.Errorf("%w: entry %d has no line %d", ErrDamaged, e.Seq, p.line+1)
		}
		if money := e.Lines[p.line].Price; money != nil {
			price += p.sign * money.Minor
		}
		if money := e.Lines[p.line].Value; money != nil {
			value += p.sign * money.Minor
		}
	}
	return price, value, nil
}

func (q *queries) reprints(ctx context.Context, uid terminal.UID) (int, error) {
	var count int
	err := q.row(ctx, "SELECT count(*) FROM entries WHERE about = ? AND kind = ?", uid[:], int(terminal.EntryReprint)).Scan(&count)
	return count, err
}

// record reads one entry and all that is known about it since; where picks it.
func (q *queries) record(ctx context.Context, where string, args ...any) (terminal.Record, error) {
	row, err := q.sealedRow(q.row(ctx, "SELECT seq, bytes, hash, signature FROM entries WHERE "+where, args...))
	if err != nil {
		return terminal.Record{}, err
	}
	return q.complete(ctx, row)
}

type sealedRow struct {
	seq uint64
	entry.Sealed
}

func (q *queries) sealedRow(row interface{ Scan(into ...any) error }) (sealedRow, error) {
	var s sealedRow
	var hash []byte
	err := row.Scan(&s.seq, &s.Bytes, &hash, &s.Signature)
	if err != nil {
		return s, err
	}
	s.Hash, err = hash32(hash)
	return s, err
}

// complete adds to an entry what came later: acknowledgement, verdict, reversals, print state.
func (q *queries) complete(ctx context.Context, row sealedRow) (terminal.Record, error) {
	e, err := entry.Decode(row.Bytes)
	if err != nil {
		return terminal.Record{}, fmt.Errorf("%w: entry %d: %w", ErrDamaged, row.seq, err)
	}
	record := terminal.Record{Entry: e, Hash: row.Hash, Signature: row.Signature}
	through, err := q.acked(ctx)
	if err != nil {
		return record, err
	}
	record.Acked = row.seq <= through
	if err := q.addVerdict(ctx, &record); err != nil {
		return record, err
	}
	if e.Kind == terminal.EntryRedeem {
		record.Reversed = make([]int64, len(e.Lines))
		for i, line := range e.Lines {
			err := q.row(ctx, "SELECT reversed FROM lines WHERE voucher = ? AND seq = ? AND line = ?",
				int64(line.Voucher), int64(row.seq), i).Scan(&record.Reversed[i])
			if errors.Is(err, terminal.ErrUnknown) { // whoever asked would take it for a redemption that nobody made
				return record, fmt.Errorf("%w: line %d of entry %d is missing", ErrDamaged, i+1, row.seq)
			}
			if err != nil {
				return record, fmt.Errorf("line %d of entry %d: %w", i+1, row.seq, err)
			}
		}
	}
	var state string
	err = q.row(ctx, "SELECT state FROM jobs WHERE uid = +? ORDER BY id DESC LIMIT 1", e.UID[:]).Scan(&state)
	if err != nil && !errors.Is(err, terminal.ErrUnknown) {
		return record, err
	}
	record.Printed = terminal.JobState(state)
	return record, nil
}

func (q *queries) addVerdict(ctx context.Context, record *terminal.Record) error {
	if !judged(record.Entry.Kind) {
		return nil
	}
	record.Verdict = terminal.Pending
	var verdict, lines string
	err := q.row(ctx, "SELECT verdict, lines FROM verdicts WHERE uid = +? ORDER BY id DESC LIMIT 1", record.Entry.UID[:]).
		Scan(&verdict, &lines)
	if errors.Is(err, terminal.ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	record.Verdict = terminal.Verdict(verdict)
	if err := json.Unmarshal([]byte(lines), &record.Verdicts); err != nil {
		return fmt.Errorf("%w: the verdict on %s cannot be read: %w", ErrDamaged, record.Entry.UID, err)
	}
	return nil
}

// judged reports that the cloud gives verdicts on entries of this kind.
func judged(kind terminal.EntryKind) bool {
	return kind == terminal.EntryRedeem || kind == terminal.EntryReverse
}

// fromMicros reads a time as the journal's tables hold it: microseconds since 1970, NULL for the zero time.
func fromMicros(at sql.NullInt64) time.Time {
	if !at.Valid {
		return time.Time{}
	}
	return time.UnixMicro(at.Int64).UTC()
}
