package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"countersign/sync/cloud/relational"
)

// Serial transactions that change the same merchant's journals and claims are in each other's way nearly always, though they seldom
// concern the same voucher: what PostgreSQL watches are pages, and two terminals' rows share those of every index. Sixteen at once
// began again twice for each time that they came through, with all that they had done. So they take turns. The lock is a session's
// and taken before BEGIN, since a transaction that waited within itself would wait with the snapshot of before. It decides nothing: it
// spares work, and whoever cannot have it goes on without it, as serial as ever.
//
// It is asked for in one message with BEGIN and all that is foreseen, and given back in one with COMMIT.
type turns struct {
	never atomic.Bool  // the engine has no such locks
	again atomic.Int64 // Unix nanoseconds before which no turn is waited for
}

const (
	// patience is how long a turn is waited for. A process that stands still and has the lock must not stop the others.
	patience = 2 * time.Second
	// impatience is how long nobody waits after that.
	impatience = 10 * time.Second
)

// SQLSTATEs of an engine without such locks.
const (
	featureNotSupported = "0A000"
	undefinedFunction   = "42883"
)

// togetherMost is how many pushes and claims are done in one transaction. More would have the first wait for the last.
const togetherMost = 48

// Together implements relational.Engine.
func (e *engine) Together() int { return togetherMost }

// WriteInTurn implements relational.Engine.
func (e *engine) WriteInTurn(ctx context.Context, merchant string, do func(tx relational.Tx) error) error {
	serial := level(relational.Serial)
	plain := func(t *tx) error { return do(t) }
	if e.turns.never.Load() || time.Now().UnixNano() < e.turns.again.Load() {
		return e.writeWithin(ctx, e.within, serial, plain)
	}
	turn := &turn{number: turnOf(merchant)}
	err := e.with(ctx, func(conn *pgx.Conn) error {
		defer func() {
			limited, over := e.within(context.WithoutCancel(ctx))
			defer over()
			turn.end(limited, conn)
		}()
		return again(ctx, func() error { return once(context.WithoutCancel(ctx), conn, turn, e.within, begins[serial], plain) })
	})
	var refused *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case turn.late:
		e.turns.again.Store(time.Now().Add(impatience).UnixNano())
	case turn.came:
		return err
	case errors.As(err, &refused) && (refused.Code == featureNotSupported || refused.Code == undefinedFunction):
		e.turns.never.Store(true)
	default:
		return err
	}
	return e.writeWithin(ctx, e.within, serial, plain)
}

// turn is one that is waited for.
type turn struct {
	number int64
	mine   bool // now
	came   bool // ever
	late   bool // the message that asks for it was not waited for any longer
}

const (
	takeTurn = "SELECT pg_advisory_lock(?)"
	giveTurn = "SELECT pg_advisory_unlock(?)"
)

// taking is what takes the turn, where it is not had already: in a transaction of its own, since the next one's snapshot has to be newer.
func (t *turn) taking() []statement {
	if t == nil || t.mine {
		return nil
	}
	return []statement{{begins[sql.LevelReadCommitted], nil}, {takeTurn, []any{t.number}}, {"end", nil}}
}

// giving is what gives it back, after a COMMIT.
func (t *turn) giving() []statement {
	if t == nil || !t.mine {
		return nil
	}
	return []statement{{giveTurn, []any{t.number}}}
}

// did notes what a statement did that came through.
func (t *turn) did(one statement) {
	if t == nil {
		return
	}
	switch one.query {
	case takeTurn:
		t.mine, t.came = true, true
	case giveTurn:
		t.mine = false
	}
}

// patiently is a context in which to send a message, which may have to wait for the turn.
func (t *turn) patiently(ctx context.Context) (context.Context, context.CancelFunc) {
	if t == nil || t.came {
		return ctx, func() {}
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	return waiting, func() {
		t.late = waiting.Err() != nil && ctx.Err() == nil
		cancel()
	}
}

// end lets the next one have the turn, whatever happened. A connection that cannot say so is closed, and with it goes the lock.
func (t *turn) end(ctx context.Context, conn *pgx.Conn) {
	if !t.mine || conn.IsClosed() {
		return
	}
	if _, err := conn.Exec(ctx, dialect(giveTurn), t.number); err != nil {
		_ = conn.Close(ctx)
	}
}

// turnOf is the number of a merchant's lock, which others that lock in the same database will not use.
func turnOf(merchant string) int64 {
	sum := sha256.Sum256([]byte("countersign turn\n" + merchant))
	return int64(binary.BigEndian.Uint64(sum[:]))
}
