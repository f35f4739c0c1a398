package journal

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"countersign/terminal"
)

// The keys of the table state that this file keeps.
const (
	startsKey = "starts" // what the cloud is told of the starts of the program
	barredKey = "barred" // why nothing is honoured alone
)

// starts are the starts of the program that were sent and are not acknowledged yet, the oldest first.
type starts struct {
	Sent     []string `json:"sent"`
	Restored bool     `json:"restored,omitempty"` // the journal was restored, and no start since was acknowledged
	// Untold says that programs before this one started and did not note it here: who went before is not known.
	Untold bool `json:"untold,omitempty"`
}

// startsMost is how many starts are kept, of those that nobody acknowledged: the cloud takes no longer list.
const startsMost = 9_999

func (q *queries) stateOf(ctx context.Context, key string, into any) error {
	var text []byte
	err := q.row(ctx, "SELECT value FROM state WHERE key = ?", key).Scan(&text)
	if errors.Is(err, terminal.ErrUnknown) || (err == nil && len(text) == 0) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func (q *queries) setState(ctx context.Context, key string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = q.exec(ctx, "INSERT INTO state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, text)
	return err
}

// BeforeInstance returns the starts before this one as the cloud is to be told them, from the last that it acknowledged on, and whether
// the journal was restored since. It is called before the first request of a start, to the cloud or to the store's hub: whatever becomes of the
// answer, the next start names this one. previous is nil where programs that did not note their starts went before: the cloud concludes nothing then.
func (j *Journal) BeforeInstance(ctx context.Context) (previous []string, restored bool, err error) {
	plain := context.WithoutCancel(ctx)
	err = j.set(ctx, func(q *queries) error {
		var acked, now string
		if err := q.row(plain, "SELECT acked, now FROM instance").Scan(&acked, &now); err != nil {
			return err
		}
		var known starts
		if err := q.stateOf(plain, startsKey, &known); err != nil {
			return err
		}
		previous, restored = []string{}, known.Restored
		if acked != "" {
			previous = append(previous, acked)
		}
		previous = append(previous, slices.DeleteFunc(slices.Clone(known.Sent), func(sent string) bool { return sent == now })...)
		if known.Untold && len(previous) == 0 {
			previous = nil
		}
		if slices.Contains(known.Sent, now) {
			return nil
		}
		known.Sent = append(known.Sent, now)
		known.Sent = known.Sent[max(0, len(known.Sent)-startsMost):]
		return q.setState(plain, startsKey, known)
	})
	return previous, restored, err
}

// AckInstance notes that the cloud knows an instance of this terminal.
func (j *Journal) AckInstance(ctx context.Context, instance string) error {
	plain := context.WithoutCancel(ctx)
	return j.set(ctx, func(q *queries) error {
		if _, err := q.exec(plain, "UPDATE instance SET acked = ?", instance); err != nil {
			return err
		}
		return q.setState(plain, startsKey, starts{})
	})
}

// Barred is why nothing is honoured without the cloud's yes.
type Barred struct {
	Cloned bool `json:"cloned,omitempty"`
	Gap    bool `json:"gap,omitempty"`
	// Damaged says that a part of the chain which the cloud has does not verify here.
	Damaged bool `json:"damaged,omitempty"`
	// Restored is the entry that began the newest epoch, until a cache that was filled from nothing since counts it; 0 for none.
	Restored uint64    `json:"restored,omitempty"`
	Emptied  bool      `json:"emptied,omitempty"` // the cache was emptied for that
	Since    time.Time `json:"since,omitzero"`
}

// Cause is one of terminal's Barred… strings; "" for none.
func (b Barred) Cause() string {
	switch {
	case b.Cloned:
		return terminal.BarredCloned
	case b.Gap:
		return terminal.BarredGap
	case b.Damaged:
		return terminal.BarredDamaged
	case b.Restored > 0:
		return terminal.BarredRestored
	}
	return ""
}

// Machine is what the cloud calls the computer that this journal is on, where it names several: the beginning of the newest start of the
// program that it acknowledged, or, before it did, of the newest at all. It is "" where the program was never started.
func (r *Reader) Machine(ctx context.Context) (string, error) {
	var acked, now string
	if err := r.q.row(ctx, "SELECT acked, now FROM instance").Scan(&acked, &now); err != nil {
		return "", err
	}
	if acked == "" {
		acked = now
	}
	return acked[:min(machineLength, len(acked))], nil
}

// machineLength is how much of a start's name the cloud shows to people.
const machineLength = 8

// Barred returns why nothing is honoured without the cloud's yes.
func (r *Reader) Barred(ctx context.Context) (barred Barred, err error) {
	return barred, r.q.stateOf(ctx, barredKey, &barred)
}

// Bar changes why nothing is honoured without the cloud's yes, where change changes anything.
func (j *Journal) Bar(ctx context.Context, change func(*Barred)) error {
	known, err := j.Barred(ctx)
	if err != nil {
		return err
	}
	if now := known; func() bool { change(&now); return now == known }() {
		return nil
	}
	plain := context.WithoutCancel(ctx)
	return j.set(ctx, func(q *queries) error {
		var barred Barred
		if err := q.stateOf(plain, barredKey, &barred); err != nil {
			return err
		}
		return q.bar(plain, barred, change)
	})
}

func (q *queries) bar(ctx context.Context, barred Barred, change func(*Barred)) error {
	was := barred.Cause()
	change(&barred)
	if barred.Cause() != was {
		barred.Since = time.Now().Truncate(time.Second)
	}
	if barred.Cause() == "" {
		barred = Barred{}
	}
	return q.setState(ctx, barredKey, barred)
}

// beginEpoch is what goes with an entry that begins an epoch: what was printing may have been printed, and what this journal knows may
// be less than what the terminal did.
func (q *queries) beginEpoch(ctx context.Context, e terminal.Entry) error {
	_, err := q.exec(ctx, "UPDATE jobs SET state = ?, detail = ?, changed = ? WHERE state IN (?, ?)", string(terminal.JobUnconfirmed),
		terminal.DetailRestored, e.Wall.UnixMicro(), string(terminal.JobQueued), string(terminal.JobSending))
	if err != nil {
		return err
	}
	var barred Barred
	if err := q.stateOf(ctx, barredKey, &barred); err != nil {
		return err
	}
	q.forget()
	return q.bar(ctx, barred, func(b *Barred) { b.Restored, b.Emptied = e.Seq, false })
}
