package postgres

import (
	"context"
	"crypto/sha256"
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
	plain := func(t *tx) error { return do(t) }
	serial := begins[level(relational.Serial)]
	var had bool
	err := e.with(ctx, func(conn *pgx.Conn) error {
		if had = e.turns.take(ctx, conn, merchant); !had {
			return nil
		}
		defer giveTurn(context.WithoutCancel(ctx), conn, merchant)
		return again(ctx, func() error { return once(context.WithoutCancel(ctx), conn, serial, plain) })
	})
	if had || err != nil {
		return err
	}
	return e.write(ctx, level(relational.Serial), plain)
}

// take waits for the merchant's turn, and says whether it came.
func (t *turns) take(ctx context.Context, conn *pgx.Conn, merchant string) bool {
	if t.never.Load() || time.Now().UnixNano() < t.again.Load() {
		return false
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := conn.Exec(waiting, "SELECT pg_advisory_lock($1)", turnOf(merchant))
	if err == nil {
		return true
	}
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && (refused.Code == featureNotSupported || refused.Code == undefinedFunction):
		t.never.Store(true)
	case waiting.Err() != nil && ctx.Err() == nil:
		t.again.Store(time.Now().Add(impatience).UnixNano())
	}
	return false
}

// giveTurn lets the next one have it. A connection that cannot say so is closed, and with it goes the lock.
func giveTurn(ctx context.Context, conn *pgx.Conn, merchant string) {
	if conn.IsClosed() {
		return
	}
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock($1)", turnOf(merchant)); err != nil {
		_ = conn.Close(ctx)
	}
}

// turnOf is the number of a merchant's lock, which others that lock in the same database will not use.
func turnOf(merchant string) int64 {
	sum := sha256.Sum256([]byte("countersign turn\n" + merchant))
	return int64(binary.BigEndian.Uint64(sum[:]))
}
