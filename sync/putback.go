package sync

import "context"

// follow waits for one change at the cloud and stores it. A cloud that did not answer for a while may have been put back to a backup meanwhile,
// without what was sent since and with a feed in which the cursor is known all the same. So the first poll afterwards does not wait, and where
// its page counts fewer entries than the cloud had acknowledged when it was asked for, an empty push asks what the cloud has. A page may count
// fewer for a moment or for ever in a cloud that is whole, too: then that push is all that it costs.
func (p *Pump) follow(ctx context.Context) error {
	wait, acked := longPoll, uint64(0)
	if p.parted {
		batch, err := p.journal.Pending(ctx, 1, pushBytes)
		if err != nil {
			return err
		}
		wait, acked = 0, max(batch.From, 1)-1
	}
	atEnd, err := p.pullPage(ctx, wait)
	switch {
	case err != nil:
		p.parted = true
	case atEnd && p.parted:
		if p.parted = false; p.included.Load() < acked {
			p.claims.repeat()
			p.Nudge()
		}
	}
	if atEnd && p.ready != nil {
		p.Nudge() // as in Once
	}
	return err
}
