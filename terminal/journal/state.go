package journal

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"countersign/terminal"
)

// set runs statements that may be repeated without harm in one durable transaction. What they change is read again.
func (j *Journal) set(ctx context.Context, work func(*queries) error) error {
	return j.note(ctx, func(q *queries) error {
		q.forget()
		return work(q)
	})
}

// note is set for statements that change nothing of what is remembered.
func (j *Journal) note(ctx context.Context, work func(*queries) error) error {
	return j.write(ctx, work, func(*queries) (bool, error) { return false, nil })
}

func (j *Journal) setOne(ctx context.Context, query string, args ...any) error {
	return j.set(ctx, func(q *queries) error {
		_, err := q.exec(context.WithoutCancel(ctx), query, args...)
		return err
	})
}

// SetPINTries implements terminal.Journal.
func (j *Journal) SetPINTries(ctx context.Context, operator string, wrong int, last time.Time) error {
	return j.setOne(ctx, `INSERT INTO pin_tries (operator, wrong, last) VALUES (?, ?, ?)
		ON CONFLICT (operator) DO UPDATE SET wrong = excluded.wrong, last = excluded.last`, operator, wrong, last.UnixMicro())
}

// SetMark stores the time mark in the place of the one before.
func (j *Journal) SetMark(ctx context.Context, mark terminal.Mark) error {
	return j.note(ctx, func(q *queries) error {
		_, err := q.exec(context.WithoutCancel(ctx), `INSERT INTO mark (only, at, boot, monotonic, heard) VALUES (1, ?, ?, ?, ?)
			ON CONFLICT (only) DO UPDATE SET at = excluded.at, boot = excluded.boot, monotonic = excluded.monotonic,
			heard = excluded.heard`, mark.At.UnixMicro(), mark.Boot, mark.Monotonic.Microseconds(), mark.Heard)
		return err
	})
}

// StartInstance makes a new random instance for this start of the program and stores it. It returns the instance that the
// cloud acknowledged last, "" for none, and the new one: 32 hexadecimal digits.
func (j *Journal) StartInstance(ctx context.Context) (acked, now string, err error) {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return "", "", err
	}
	plain := context.WithoutCancel(ctx)
	err = j.set(ctx, func(q *queries) error {
		if err := noteUntold(plain, q); err != nil {
			return err
		}
		_, err := q.exec(plain, "INSERT INTO instance (only, acked, now) VALUES (1, '', ?) ON CONFLICT (only) DO UPDATE SET now = excluded.now",
			hex.EncodeToString(random))
		return err
	})
	if err != nil {
		return "", "", err
	}
	return j.Instance(ctx)
}

// noteUntold notes that an earlier start left nothing of itself but its instance: programs did not keep their starts once, and the cloud
// must not take one that is newer than such a program for another machine.
func noteUntold(ctx context.Context, q *queries) error {
	var before, noted bool
	err := q.row(ctx, `SELECT EXISTS (SELECT 1 FROM instance WHERE acked = '' AND now <> ''), EXISTS (SELECT 1 FROM state WHERE key = ?)`, startsKey).Scan(&before, &noted)
	if err != nil || !before || noted {
		return err
	}
	return q.setState(ctx, startsKey, starts{Untold: true})
}

// SetState stores a value under key for whoever has to remember a little over restarts: the circuit breaker, say. Each use of it
// is a sync to disk, so that it is for what changes seldom.
func (j *Journal) SetState(ctx context.Context, key string, value []byte) error {
	return j.setOne(ctx, "INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		key, append([]byte{}, value...))
}
