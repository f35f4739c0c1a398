package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// LastClose implements terminal.DayBook.
func (l *ledger) LastClose() (terminal.Entry, error) { return l.q.lastClose(l.ctx) }

// Uncounted implements terminal.DayBook.
func (l *ledger) Uncounted(through terminal.Date) ([]terminal.Entry, error) {
	return l.q.uncounted(l.ctx, through)
}

// LastClose returns the newest day close, or terminal.ErrUnknown before the first.
func (r *Reader) LastClose(ctx context.Context) (terminal.Entry, error) { return r.q.lastClose(ctx) }

// moved is what LastClock found, and up to which entry it has looked. Such entries are rare and have no index, and it is asked for with
// each page and push: only the first time is the whole journal looked through.
type moved struct {
	sync.Mutex
	through uint64
	last    terminal.Entry // Seq 0 for none
}

// LastClock returns the newest entry that says that the wall clock was moved, or terminal.ErrUnknown.
func (r *Reader) LastClock(ctx context.Context) (terminal.Entry, error) {
	r.moved.Lock()
	defer r.moved.Unlock()
	var head uint64
	if err := r.q.row(ctx, "SELECT coalesce(max(seq), 0) FROM entries").Scan(&head); err != nil {
		return terminal.Entry{}, err
	}
	if head < r.moved.through { // another journal than the one that was looked through
		r.moved.through, r.moved.last = 0, terminal.Entry{}
	}
	if head > r.moved.through {
		record, err := r.q.record(ctx, "seq = (SELECT max(seq) FROM entries WHERE kind = 8 AND seq > ? AND seq <= ?)", int64(r.moved.through), int64(head))
		if err != nil && !errors.Is(err, terminal.ErrUnknown) {
			return terminal.Entry{}, err
		}
		if err == nil {
			r.moved.last = record.Entry
		}
		r.moved.through = head
	}
	if r.moved.last.Seq == 0 {
		return terminal.Entry{}, terminal.ErrUnknown
	}
	return r.moved.last, nil
}

func (q *queries) lastClose(ctx context.Context) (terminal.Entry, error) {
	record, err := q.record(ctx, "seq = (SELECT max(seq) FROM entries WHERE kind = 7)")
	return record.Entry, err
}

// uncounted are the redemptions, reversals and declines that no day close has counted. A close counts everything before it in the
// journal up to its day, and days are closed in ascending order: so what is missing came after the newest close, or belongs to a later
// day than that one's.
func (q *queries) uncounted(ctx context.Context, through terminal.Date) ([]terminal.Entry, error) {
	last, err := q.lastClose(ctx)
	if err != nil && !errors.Is(err, terminal.ErrUnknown) {
		return nil, err
	}
	rows, err := q.query(ctx, `SELECT seq, bytes FROM entries
		WHERE kind IN (1, 2, 3) AND business_day <= ? AND (seq > ? OR business_day > ?) ORDER BY seq`,
		through.String(), int64(last.Seq), dayColumn(last.BusinessDay))
	return collect(rows, err, func(rows *sql.Rows) (terminal.Entry, error) {
		var seq uint64
		var raw []byte
		if err := rows.Scan(&seq, &raw); err != nil {
			return terminal.Entry{}, err
		}
		e, err := entry.Decode(raw)
		if err != nil {
			return e, fmt.Errorf("%w: entry %d: %w", ErrDamaged, seq, err)
		}
		return e, nil
	})
}
