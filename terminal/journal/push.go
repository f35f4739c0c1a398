package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// Batch is a stretch of the chain for the cloud: consecutive entries of one epoch.
type Batch struct {
	Epoch   uint32
	From    uint64   // the number of the first entry; without entries, of the next that will be written
	Prev    [32]byte // the hash before it
	Entries []entry.Sealed
	Missing uint64 // the number of the entry that should come next and is gone from the file; 0 for none
}

// Pending returns the first entries that the cloud has not acknowledged: at most limit, and at most maxBytes of their bytes, but
// always one where there is one. None is a batch without entries, no error.
func (r *Reader) Pending(ctx context.Context, limit, maxBytes int) (Batch, error) {
	acked, err := r.q.acked(ctx)
	if err != nil {
		return Batch{}, err
	}
	return r.Since(ctx, acked, limit, maxBytes)
}

// Since returns the first entries after acked, with the limits of Pending.
func (r *Reader) Since(ctx context.Context, acked uint64, limit, maxBytes int) (batch Batch, err error) {
	batch = Batch{From: acked + 1}
	if batch.Prev, err = r.HashAt(ctx, acked); err != nil {
		return Batch{}, fmt.Errorf("entry %d: %w", acked, err)
	}
	rows, err := r.q.query(ctx, "SELECT seq, epoch, bytes, hash, signature FROM entries WHERE seq > ? ORDER BY seq LIMIT +?",
		int64(acked), limit)
	if err != nil {
		return Batch{}, err
	}
	defer rows.Close()
	size := 0
	for rows.Next() {
		var seq int64
		var epoch uint32
		var hash []byte
		var s entry.Sealed
		if err := rows.Scan(&seq, &epoch, &s.Bytes, &hash, &s.Signature); err != nil {
			return Batch{}, explain(err)
		}
		if s.Hash, err = hash32(hash); err != nil {
			return Batch{}, err
		}
		if next := batch.From + uint64(len(batch.Entries)); uint64(seq) != next {
			if len(batch.Entries) == 0 {
				batch.Epoch, batch.Missing = epoch, next
			}
			break
		}
		size += len(s.Bytes)
		if len(batch.Entries) == 0 {
			batch.Epoch = epoch
		} else if size > maxBytes || epoch != batch.Epoch {
			break
		}
		batch.Entries = append(batch.Entries, s)
	}
	if len(batch.Entries) == 0 && batch.Missing == 0 && rows.Err() == nil {
		head, err := r.Head(ctx)
		batch.Epoch = head.Epoch
		return batch, err
	}
	return batch, explain(rows.Err())
}

// Verdict is the cloud's word on one redemption or reversal.
type Verdict struct {
	UID     terminal.UID
	Verdict terminal.Verdict
	Lines   []terminal.LineVerdict // one for each line of the entry
}

// Ack notes that the cloud has every entry up to and including through, and its verdicts. through never takes an earlier
// acknowledgement back, so that 0 stores verdicts alone; beyond the head it is ErrAhead. A verdict that differs from the last
// one on the same uid is a new fact beside it, and holds from then on; verdicts on entries of other terminals are left aside.
func (j *Journal) Ack(ctx context.Context, through uint64, verdicts []Verdict) error {
	plain := context.WithoutCancel(ctx)
	return j.set(ctx, func(q *queries) error {
		head, err := q.head(plain, j.identity.PublicKey)
		if err != nil {
			return err
		}
		if through > head.Seq {
			return fmt.Errorf("%w (%d acknowledged, %d written)", ErrAhead, through, head.Seq)
		}
		if _, err := q.exec(plain, "UPDATE acked SET through = ?1 WHERE through < ?1", int64(through)); err != nil {
			return err
		}
		for _, verdict := range verdicts {
			if err := q.addVerdictFact(plain, verdict); err != nil {
				return err
			}
		}
		return nil
	})
}

func (q *queries) addVerdictFact(ctx context.Context, verdict Verdict) error {
	var own int
	err := q.row(ctx, "SELECT count(*) FROM entries WHERE uid = ?", verdict.UID[:]).Scan(&own)
	if err != nil || own == 0 {
		return err
	}
	lines, err := json.Marshal(verdict.Lines)
	if err != nil {
		return err
	}
	var last, lastLines string
	err = q.row(ctx, "SELECT verdict, lines FROM verdicts WHERE uid = +? ORDER BY id DESC LIMIT 1", verdict.UID[:]).Scan(&last, &lastLines)
	if err != nil && !errors.Is(err, terminal.ErrUnknown) {
		return err
	}
	if err == nil && last == string(verdict.Verdict) && lastLines == string(lines) {
		return nil
	}
	_, err = q.exec(ctx, "INSERT INTO verdicts (uid, verdict, lines, heard) VALUES (?, ?, ?, ?)",
		verdict.UID[:], string(verdict.Verdict), string(lines), time.Now().UnixMicro())
	return err
}

// Rewind takes acknowledgements back to through: the cloud was restored from an older copy and wants the rest again.
func (j *Journal) Rewind(ctx context.Context, through uint64) error {
	return j.setOne(ctx, "UPDATE acked SET through = ?1 WHERE through > ?1", int64(through))
}

// Unacked returns the uids of the entries that the cloud has not acknowledged, in order: whatever was claimed for them is open.
func (r *Reader) Unacked(ctx context.Context) ([]terminal.UID, error) {
	acked, err := r.q.acked(ctx)
	if err != nil {
		return nil, err
	}
	return r.UIDsSince(ctx, acked)
}

// UIDsSince returns the uids of the entries after seq, in order.
func (r *Reader) UIDsSince(ctx context.Context, seq uint64) ([]terminal.UID, error) {
	rows, err := r.q.query(ctx, "SELECT uid FROM entries WHERE seq > ? ORDER BY seq", int64(seq))
	return collect(rows, err, func(rows *sql.Rows) (uid terminal.UID, err error) {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return uid, err
		}
		if copy(uid[:], raw) != len(uid) || len(raw) != len(uid) {
			return uid, ErrDamaged
		}
		return uid, nil
	})
}

// Counts is how the journal stands with the cloud.
type Counts struct {
	Head    uint64    // the newest entry
	Acked   uint64    // the last one that the cloud has
	Pending int64     // entries it does not have yet
	Oldest  time.Time // the wall time of the oldest of them; zero for none, and where it cannot be read
}

// Counts returns how much the cloud does not have yet.
func (r *Reader) Counts(ctx context.Context) (Counts, error) {
	head, err := r.Head(ctx)
	if err != nil {
		return Counts{}, err
	}
	acked, err := r.q.acked(ctx)
	if err != nil {
		return Counts{}, err
	}
	counts := Counts{Head: head.Seq, Acked: acked, Pending: int64(head.Seq - min(acked, head.Seq))}
	if counts.Pending == 0 {
		return counts, nil
	}
	oldest, err := r.q.sealed(ctx, acked+1)
	if err != nil {
		return counts, err
	}
	// One that cannot be read is for Verify, CheckPending and the cloud to tell of: how much waits is known all the same, and whoever may
	// not be told that learns nothing.
	if e, err := entry.Decode(oldest.Bytes); err == nil {
		counts.Oldest = e.Wall
	}
	return counts, nil
}

// Backlog says how many entries the cloud does not have yet, and when by the wall clock the oldest of them was made.
func (r *Reader) Backlog(ctx context.Context) (pending int64, oldest time.Time, err error) {
	counts, err := r.Counts(ctx)
	return counts.Pending, counts.Oldest, err
}

// PutExceptions stores what the cloud reports for a manager, each under its id; a later story of the same id replaces it.
func (j *Journal) PutExceptions(ctx context.Context, exceptions []terminal.Exception) error {
	plain := context.WithoutCancel(ctx)
	return j.set(ctx, func(q *queries) error {
		for _, exception := range exceptions {
			story, err := json.Marshal(exception)
			if err != nil {
				return err
			}
			_, err = q.exec(plain, `INSERT INTO exceptions (id, state, opened, story) VALUES (?, ?, ?, ?)
				ON CONFLICT (id) DO UPDATE SET state = excluded.state, opened = excluded.opened, story = excluded.story`,
				exception.ID, exception.State, exception.OpenedAt.UnixMicro(), string(story))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Exceptions returns what the cloud reported, the newest first; with openOnly, what nobody has closed.
func (r *Reader) Exceptions(ctx context.Context, openOnly bool) ([]terminal.Exception, error) {
	rows, err := r.q.query(ctx, "SELECT story FROM exceptions WHERE ?1 = 0 OR state = 'open' ORDER BY opened DESC, id", openOnly)
	return collect(rows, err, func(rows *sql.Rows) (exception terminal.Exception, err error) {
		var story string
		if err := rows.Scan(&story); err != nil {
			return exception, err
		}
		return exception, json.Unmarshal([]byte(story), &exception)
	})
}
