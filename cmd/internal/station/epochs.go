package station

import (
	"context"
	"time"

	cloudsync "countersign/sync"
	"countersign/terminal"
	"countersign/terminal/journal"
)

// epochs is the station as the line to the cloud needs it where there are several journals of one terminal. It implements
// cloudsync.Epochs.
type epochs struct{ *Station }

// BeginEpoch implements cloudsync.Epochs.
func (e epochs) BeginEpoch(ctx context.Context, after uint32, head []byte) error {
	e.Log.Warn("the cloud has another journal of this terminal: going on in a new epoch", "after", after)
	return e.Terminal.BeginEpoch(ctx, after, head)
}

// Epoch implements cloudsync.Epochs.
func (e epochs) Epoch(ctx context.Context) (uint32, error) {
	head, err := e.Journal.Head(ctx)
	return head.Epoch, err
}

// Suspect implements cloudsync.Epochs.
func (e epochs) Suspect(ctx context.Context, cloned bool) error {
	return e.Journal.Bar(ctx, func(b *journal.Barred) { b.Cloned = cloned })
}

// Gap implements cloudsync.Epochs.
func (e epochs) Gap(ctx context.Context, gone bool) error {
	return e.Journal.Bar(ctx, func(b *journal.Barred) { b.Gap = gone })
}

// Refill implements cloudsync.Epochs.
func (e epochs) Refill(ctx context.Context) (bool, error) {
	barred, err := e.Journal.Barred(ctx)
	return barred.Restored > 0 && !barred.Emptied, err
}

// Emptied implements cloudsync.Epochs.
func (e epochs) Emptied(ctx context.Context) error {
	return e.Journal.Bar(ctx, func(b *journal.Barred) { b.Emptied = true })
}

// Filled implements cloudsync.Epochs.
func (e epochs) Filled(ctx context.Context, included uint64) error {
	return e.Journal.Bar(ctx, func(b *journal.Barred) {
		if b.Restored > 0 && b.Emptied && included >= b.Restored {
			b.Restored, b.Emptied = 0, false
		}
	})
}

var _ cloudsync.Epochs = epochs{}

// BarredStatus is why a terminal honours nothing without the cloud's yes, and what to do about it.
type BarredStatus struct {
	Cause string    `json:"cause"` // cloned, gap, damaged, restored
	Since time.Time `json:"since"`
	Found string    `json:"found"`
	Do    string    `json:"do"`
}

// barredKinds are the kinds of exception whose sentences say it.
var barredKinds = map[string]string{terminal.BarredCloned: "clone", terminal.BarredGap: "journal_gap", terminal.BarredDamaged: "journal_chain",
	terminal.BarredRestored: "restored"}

func (r *Reader) barred(ctx context.Context) (*BarredStatus, error) {
	barred, err := r.Journal.Barred(ctx)
	if err != nil || barred.Cause() == "" {
		return nil, err
	}
	status := &BarredStatus{Cause: barred.Cause(), Since: barred.Since}
	machine, err := r.Journal.Machine(ctx)
	if err != nil {
		return nil, err
	}
	status.Found, status.Do = sayBarred(r.Words(ctx, ""), status.Cause, r.Journal.Identity().Terminal, machine)
	return status, nil
}

// sayBarred says what bars a terminal and what to do; of a copied one, which of the machines this is.
func sayBarred(words terminal.Words, cause, name, machine string) (found, do string) {
	found, _, do = terminal.Exception{Kind: barredKinds[cause], Terminal: name}.Told(words)
	if cause == terminal.BarredCloned {
		do += " " + words.Say("exception.clone.here", map[string]any{"machine": machine})
	}
	return found, do
}
