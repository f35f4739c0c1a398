package terminal

import (
	"context"
	"errors"
	"time"
)

// ErrBegun says that the journal is in a later epoch than the one that was to be followed: there is nothing to begin.
var ErrBegun = errors.New("a new epoch has begun already")

// BeginEpoch has the journal go on in the epoch after another one, whose head it names beside its own: what two copies of a journal
// wrote under the same numbers can be told apart from then on, and no receipt's number is given twice. An epoch has one entry for each
// number that is passed over. The leases are void, and until the cache is filled anew nothing is honoured without the cloud's yes.
func (t *Terminal) BeginEpoch(ctx context.Context, after uint32, head []byte) error {
	at, err := t.situation(ctx, nil, nil)
	if err != nil {
		return err
	}
	for {
		uid := t.parts.Random.UID()
		_, err := t.parts.Journal.Append(ctx, func(ledger Ledger) (Draft, error) {
			if epoch, _, _ := ledger.Next(); epoch > after {
				return Draft{}, ErrBegun
			}
			entry := at.entry(EntryEpoch, ledger)
			entry.Epoch, entry.UID, entry.Heads = entry.Epoch+1, uid, [][]byte{head}
			return Draft{Entry: entry}, nil
		})
		if errors.Is(err, ErrBegun) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// NoteClock journals that the wall clock was moved; forward is positive.
func (t *Terminal) NoteClock(ctx context.Context, by time.Duration) error {
	at, err := t.situation(ctx, nil, nil)
	if err != nil {
		return err
	}
	uid := t.parts.Random.UID()
	_, err = t.parts.Journal.Append(ctx, func(ledger Ledger) (Draft, error) {
		entry := at.entry(EntryClock, ledger)
		entry.UID, entry.Note = uid, by.Round(time.Second).String()
		return Draft{Entry: entry}, nil
	})
	return err
}
