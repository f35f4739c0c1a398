package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// SQLSTATEs of appendix A of PostgreSQL's manual after which the same transaction may succeed.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	uniqueViolation      = "23505"
)

const (
	triesMost       = 60
	uniqueTriesMost = 4
	pauseFirst      = 2 * time.Millisecond
	pauseMost       = 250 * time.Millisecond
)

// retries counts what began again in this process, whichever database it was.
var retries atomic.Int64

// Retries is how many transactions began again in this process.
func (e *engine) Retries() int64 { return retries.Load() }

// again runs a transaction until it is not in another's way: the whole of it, since all that it read may be different now. The pauses
// grow, with full jitter. A unique key that is taken is tried a few times too: whoever looked for the row first, and was overtaken,
// finds it now.
func again(ctx context.Context, once func() error) error {
	pause := pauseFirst
	for try := 1; ; try++ {
		err := once()
		var refused *pgconn.PgError
		if err == nil || !errors.As(err, &refused) {
			return err
		}
		switch {
		case refused.Code == uniqueViolation && try < uniqueTriesMost:
		case refused.Code != serializationFailure && refused.Code != deadlockDetected:
			return err
		case try >= triesMost:
			return fmt.Errorf("the database is too busy: %d attempts were in each other's way: %w", try, err)
		}
		retries.Add(1)
		select {
		case <-time.After(rand.N(pause)):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
		pause = min(2*pause, pauseMost)
	}
}
