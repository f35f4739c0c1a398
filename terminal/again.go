package terminal

import (
	"context"
	"time"
)

// decide decides on the rows that are known. An unknown one declines the whole bill, for what is wrong with the others as well.
func (t *Terminal) decide(ctx context.Context, b *bill) error {
	before, known := written(t.parts.Journal)
	if err := b.decide(journalled{ctx, t.parts.Journal}); err != nil {
		return err
	}
	if known {
		b.decided = &before
	}
	return nil
}

// written is how many entries a journal has had, where it can say so.
func written(journal any) (uint64, bool) {
	if versioned, ok := journal.(Versioned); ok {
		return versioned.Written()
	}
	return 0, false
}

// decideAgain decides on what the journal says inside the write transaction, unless that is what was decided on: nothing was written
// since, no newer row came along, and the time is what it was taken for.
func (b *bill) decideAgain(ledger Ledger) error {
	if now, known := written(ledger); known && b.decided != nil && *b.decided == now {
		return nil
	}
	return b.decide(ledger)
}

// hear takes over what was heard of the time since the scan: whoever was asked tells it, and where the clock was set back that is the first
// that this terminal knows of what has expired.
func (b *bill) hear(now Reading) {
	const late = time.Second // what answers take on their way makes the certain time waver by less
	elapsed := now.Monotonic - b.at.Now.Monotonic
	if now.Lower.Sub(b.at.Now.Lower) > elapsed+late || b.at.Now.Upper.Sub(now.Upper) > late {
		b.at.Now, b.decided = now, nil
	}
}
