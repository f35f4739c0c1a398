package relational

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"countersign/sync/cloud"
)

// A hub's record that was put back to an older copy grants once more what it had granted since. Nothing in the record says how new it was: that is
// noted beside it, and each terminal remembers what it heard last. What they know of the record is a Moment of it.

// Moment is how far a hub's record was once.
type Moment struct {
	Start    string // of the hub's program, another one each time; "" where nothing is known
	Answered int64  // claims granted and batches of journals taken over until then, in all
}

// The keys of table meta for that.
const (
	metaAnswered = "copy_answered"
	metaStarts   = "copy_starts" // the newest starts of the hub's program, as JSON, the newest last
	metaTerm     = "copy_term"   // for which the record served last
	metaForgot   = "copy_forgot" // since when every terminal is awaited, in microseconds
)

// startsKept is how many starts of the hub's program are known.
const startsKept = 200

// copyStart is one start of the hub's program.
type copyStart struct {
	Start   string `json:"start"`
	Through int64  `json:"through"` // how far the record was when the next one began
}

func (c *change) readMeta(key string) (string, error) {
	var raw []byte
	err := c.QueryRow("SELECT value FROM meta WHERE key = ?", key).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return string(raw), err
}

// answered is how many answers the record holds.
func (c *change) answered() (n int64, err error) {
	text, err := c.readMeta(metaAnswered)
	if err != nil || text == "" {
		return 0, err
	}
	return strconv.ParseInt(text, 10, 64)
}

// noteAnswer counts an answer that others build upon.
func (c *change) noteAnswer() error {
	n, err := c.answered()
	if err != nil {
		return err
	}
	return c.setMeta(metaAnswered, strconv.FormatInt(n+1, 10))
}

// lacks reports that a record with these starts, the newest of which has n answers, is older than it was at a moment.
func lacks(starts []copyStart, n int64, at Moment) bool {
	if at.Start == "" {
		return false
	}
	for i, s := range starts {
		if s.Start == at.Start {
			if i == len(starts)-1 {
				return at.Answered > n
			}
			return at.Answered > s.Through
		}
	}
	return len(starts) < startsKept || at.Answered > starts[0].Through // else it is of a start that was so long ago that nobody knows it
}

// Begin notes a start of the hub's program in a term and holds the record against what was noted beside it last. Of a record that is older than it
// was it reports so, and awaits every terminal of the store. It does the latter, too, where another hub's term went before: what that one granted, and may
// go on granting to who has not heard of this term, is not in this record.
func (s *Copy) Begin(ctx context.Context, noted Moment, term int64, start string, at time.Time) (forgot bool, err error) {
	err = s.write(ctx, func(c *change) error {
		if forgot, err = c.hold(noted, start, true, at); err != nil {
			return err
		}
		follows, err := c.followsAnother(term)
		if err != nil {
			return err
		}
		if follows {
			if err := c.awaitFrom(at); err != nil {
				return err
			}
		}
		return c.setMeta(metaTerm, strconv.FormatInt(term, 10))
	})
	return forgot, err
}

// followsAnother reports that the term before this one was served by another record, if by any. One that says of no term, and has been filled, is of a
// program that did not note it.
func (c *change) followsAnother(term int64) (bool, error) {
	text, err := c.readMeta(metaTerm)
	if err != nil {
		return false, err
	}
	if text == "" {
		filled, err := c.readMeta(metaFilled)
		return term > 1 && filled == "", err
	}
	served, err := strconv.ParseInt(text, 10, 64)
	return served < term-1, err
}

// awaitFrom awaits every terminal of the store, also those that the record does not know yet.
func (c *change) awaitFrom(at time.Time) error {
	if err := c.awaitAll(at); err != nil {
		return err
	}
	return c.setMeta(metaForgot, strconv.FormatInt(micros(at), 10))
}

// Remind is Begin by what a terminal heard last of the hub: a start is noted only where the record is older than that.
func (s *Copy) Remind(ctx context.Context, heard Moment, start string, at time.Time) (forgot bool, err error) {
	err = s.write(ctx, func(c *change) error {
		forgot, err = c.hold(heard, start, false, at)
		return err
	})
	return forgot, err
}

// hold holds the record against a moment, and notes a start where begins says so, or where the record is older.
func (c *change) hold(known Moment, start string, begins bool, at time.Time) (forgot bool, err error) {
	n, err := c.answered()
	if err != nil {
		return false, err
	}
	text, err := c.readMeta(metaStarts)
	if err != nil {
		return false, err
	}
	var starts []copyStart
	if text != "" {
		if err := json.Unmarshal([]byte(text), &starts); err != nil {
			return false, err
		}
	}
	forgot = lacks(starts, n, known)
	if !forgot && !begins {
		return false, nil
	}
	if len(starts) > 0 {
		starts[len(starts)-1].Through = n
	}
	if forgot {
		starts = append(starts, copyStart{known.Start, known.Answered}) // who heard the same has nothing new to say
		if err := c.awaitFrom(at); err != nil {
			return false, err
		}
	}
	starts = append(starts, copyStart{Start: start})
	raw, err := json.Marshal(starts[max(0, len(starts)-startsKept):])
	if err != nil {
		return false, err
	}
	return forgot, c.setMeta(metaStarts, string(raw))
}

// awaitPeer awaits a terminal that the record hears of for the first time after it had forgotten what it knew.
func (c *change) awaitPeer(t cloud.Terminal, suspended bool) error {
	text, err := c.readMeta(metaForgot)
	if err != nil || text == "" {
		return err
	}
	since, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return err
	}
	if err := c.await(t, fromMicros(since)); err != nil || !suspended {
		return err
	}
	return c.excuse(t)
}

// awaitUnlessSuspended has a terminal that is known awaited, or nobody wait for it, as the cloud says.
func (c *change) awaitUnlessSuspended(t cloud.Terminal, suspended bool) error {
	switch {
	case suspended:
		return c.excuse(t)
	case t.Suspended:
		return c.awaitAgain(t)
	}
	return nil
}

// Answered is how many claims the record has granted and batches of journals it has taken over, in all.
func (s *Copy) Answered(ctx context.Context) (n int64, err error) {
	err = s.look(ctx, func(q Querier) error {
		var raw []byte
		err := q.QueryRow("SELECT value FROM meta WHERE key = ?", metaAnswered).Scan(&raw)
		if errors.Is(err, sql.ErrNoRows) {
			n = 0
			return nil
		}
		if err == nil {
			n, err = strconv.ParseInt(string(raw), 10, 64)
		}
		return err
	})
	return n, err
}

// Awaits is how many terminals a record that had forgotten has not heard since.
func (s *Copy) Awaits(ctx context.Context, merchant string, at time.Time) (n int64, err error) {
	err = s.look(ctx, func(q Querier) error {
		return q.QueryRow("SELECT count(*) FROM unheard WHERE merchant = ? AND since > ?", merchant, awaitedSince(at)).Scan(&n)
	})
	return n, err
}
