package sync

import (
	"context"
	"errors"
	"log/slog"

	"countersign/sync/api"
)

// HubFill is where the first fill of a hub's copy comes to.
type HubFill struct {
	FirstFill
	// Offers is given the feed's pages behind the file before it is stored, for the offers in them, which the vouchers refer to.
	Offers func(ctx context.Context, page *api.FeedPage) error
	Log    *slog.Logger
}

// Fill fills a hub's copy from the cloud's file as a terminal's cache is filled, and reports whether there is something to pull behind it;
// false means from the beginning: the cloud has no file.
func (u *Upstream) Fill(ctx context.Context, fill HubFill) (filled bool, err error) {
	p := &Pump{client: u.client, breaker: u.breaker, log: fill.Log, first: &fills{FirstFill: fill.FirstFill}}
	answer, err := p.snapshotReady(ctx)
	if errors.Is(err, errNoFirstFill) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for cursor, atEnd := *answer.Cursor, false; !atEnd; {
		page, err := u.Pull(ctx, nil, cursor, 0)
		if err == nil {
			err = fill.Offers(ctx, page)
		}
		if err != nil {
			return false, err
		}
		cursor, atEnd = page.Cursor, page.AtEnd
	}
	err = p.bring(ctx, answer)
	switch {
	case errors.Is(err, errNoFirstFill):
		return false, nil
	case errors.Is(err, errFillExpired):
		return true, nil // the next one begins the newest
	}
	return err == nil, err
}
