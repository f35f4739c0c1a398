package postgres

import (
	"context"
	"database/sql/driver"
	"net"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// A line to the database that breaks without a word leaves connections that answer nothing, and nobody to say so until the system gives
// up, after a quarter of an hour or never. All pushes and claims of a merchant in this process go through one connection at a time, so
// that one of those would hold them all up. So a message of theirs waits for its answer for so long and no longer; then its connection
// is closed, those that asked get an error and ask again, and for a while every connection has to show that it is alive before it is used.
// What became of a COMMIT that was not answered nobody knows: asked again, it is found to be done, or is done.

// messageMost is how long a message of a push or a claim waits for its answer: much longer than a database that works ever needs, and than
// a terminal waits.
const messageMost = 30 * time.Second

// livesMost is how long a connection may take to show that it is alive.
const livesMost = 5 * time.Second

// doubtful is for how long connections are tried before each use, after one was lost.
const doubtful = time.Minute

// dialer has the system find a line that is gone while nobody waits for a deadline: after some 25 seconds.
var dialer = &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}

// lost knows when a connection was last lost.
type lost struct {
	at atomic.Int64 // Unix nanoseconds
}

// within limits how long a message waits. over is to be called when it was answered or given up.
func (e *engine) within(ctx context.Context) (limited context.Context, over func()) {
	if e.most == 0 {
		return ctx, func() {}
	}
	limited, cancel := context.WithTimeout(ctx, e.most)
	return limited, func() {
		if limited.Err() != nil && ctx.Err() == nil {
			e.lost.at.Store(time.Now().UnixNano())
		}
		cancel()
	}
}

// lives tries a connection that nobody has used for a while, or, after one was lost, each. One that does not answer is closed here: what
// waits for a connection may have no deadline of its own.
func (e *engine) lives(ctx context.Context, of stdlib.ShouldPingParams) bool {
	if of.IdleDuration <= time.Second && time.Since(time.Unix(0, e.lost.at.Load())) > doubtful {
		return false
	}
	most := livesMost
	if e.most > 0 {
		most = min(most, e.most)
	}
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	if err := of.Conn.PgConn().Ping(limited); err != nil {
		_ = of.Conn.Close(limited)
	}
	return false // it was tried
}

// usable refuses a connection that was found to be dead.
func usable(_ context.Context, conn *pgx.Conn) error {
	if conn.IsClosed() {
		return driver.ErrBadConn
	}
	return nil
}
