package sync

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"countersign/sync/api"
	"countersign/terminal"
)

// Epochs is what the pump needs where the cloud knows another journal of the same terminal: one that was copied, restored or damaged.
type Epochs interface {
	// BeginEpoch has the journal go on in the epoch after one, naming a head; nothing where it is past that already.
	BeginEpoch(ctx context.Context, after uint32, head []byte) error
	// Epoch is the one that the journal is in.
	Epoch(ctx context.Context) (uint32, error)
	// Suspect notes whether the terminal's key is in use on several machines.
	Suspect(ctx context.Context, cloned bool) error
	// Gap notes whether an entry is gone from the journal.
	Gap(ctx context.Context, gone bool) error
	// Refill reports whether the cache has to be emptied because a new epoch began, and Emptied notes that it was.
	Refill(ctx context.Context) (bool, error)
	Emptied(ctx context.Context) error
	// Filled notes that the cache holds all that the cloud has, with the terminal's own entries up to included.
	Filled(ctx context.Context, included uint64) error
}

// rewind takes acknowledgements back to the cloud's head, or, where that is not of this journal, to the beginning.
func (p *Pump) rewind(ctx context.Context, batch Batch, head api.Head) error {
	through := uint64(0)
	if head.Seq < batch.From {
		switch hash, err := p.journal.HashAt(ctx, head.Seq); {
		case err == nil && bytes.Equal(hash[:], head.Hash):
			through = head.Seq
		case err != nil && !errors.Is(err, terminal.ErrUnknown):
			return err
		}
	}
	p.log.Warn("the cloud lacks entries that it had: sending them again", "from", through+1)
	return p.journal.Rewind(ctx, through)
}

// takeEpoch notes what an acknowledgement says of other journals of the terminal. begun says that this one goes on in a new epoch, and
// that the acknowledgement is of the one before.
func (p *Pump) takeEpoch(ctx context.Context, batch Batch, ack *api.JournalAck) (begun bool, err error) {
	if p.epochs == nil {
		return false, nil
	}
	if err := p.epochs.Suspect(ctx, ack.Suspect != nil); err != nil {
		return false, err
	}
	if err := p.epochs.Gap(ctx, batch.Missing > 0); err != nil {
		return false, err
	}
	if batch.Missing > 0 {
		return false, &Trouble{Kind: TroubleGap, Entry: batch.Missing,
			Cause: fmt.Sprintf("entry %d is gone from the journal: what follows it cannot be proven", batch.Missing)}
	}
	if ack.BeginEpoch == nil {
		return false, nil
	}
	if err := p.epochs.BeginEpoch(ctx, ack.BeginEpoch.Epoch, ack.BeginEpoch.Hash); err != nil {
		return false, err
	}
	hash, err := p.journal.HashAt(ctx, ack.HeadSeq)
	if err != nil && !errors.Is(err, terminal.ErrUnknown) {
		return false, err
	}
	return err != nil || !bytes.Equal(hash[:], ack.HeadHash), nil
}

// takeOwn notes an acknowledgement that names the head of an epoch which this journal has left, by entries that are still to be sent: what
// the cloud has in their place is the other line's. The entries of the batch it has seen and compared. taken says that it was one.
func (p *Pump) takeOwn(ctx context.Context, batch Batch, ack *api.JournalAck) (taken bool, err error) {
	last := batch.From + uint64(len(batch.Entries)) - 1
	if p.epochs == nil || ack.HeadEpoch == nil || ack.HeadSeq <= last {
		return false, nil
	}
	if own, err := p.epochs.Epoch(ctx); err != nil || own <= *ack.HeadEpoch {
		return false, err
	}
	for _, verdict := range ack.Verdicts {
		p.claims.acked(verdict.Uid)
	}
	return true, p.journal.Ack(ctx, last, verdicts(ack.Verdicts))
}

// takeStart notes what the cloud thinks of this start of the program; nil where it does not say. Where it wants to hear of it, an empty
// batch goes out: a counter that sells nothing learns that way, too, that a copy of its folder is at work.
func (p *Pump) takeStart(ctx context.Context, start *api.FeedPageStart) error {
	switch {
	case start == nil || p.epochs == nil:
		return nil
	case *start == api.StartAnnounce:
		p.claims.repeat()
		p.Nudge()
		return nil
	}
	return p.epochs.Suspect(ctx, *start == api.StartClone)
}

// refill empties the cache once after a new epoch began: what it says it counts of this terminal's journal is of another one.
func (p *Pump) refill(ctx context.Context) error {
	if p.epochs == nil {
		return nil
	}
	due, err := p.epochs.Refill(ctx)
	if err != nil || !due {
		return err
	}
	if err := p.cache.Empty(ctx); err != nil {
		return err
	}
	return p.epochs.Emptied(ctx)
}
