package sync

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"countersign/sync/api"
	"countersign/sync/snapshot"
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
	file, err := p.loadFill(ctx, answer)
	if errors.Is(err, errFillExpired) {
		return true, nil // the next one begins the newest
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	reader, err := snapshot.NewReader(file, fill.Merchant)
	if errors.Is(err, snapshot.ErrForm) { // a cloud that is ahead of this program: its feed says the same
		fill.Log.Warn("the hub's first fill is left aside", "error", err.Error())
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer reader.Close()
	err = fill.Store(ctx, *answer.Cursor, reader.Next, func(vouchers int64) {
		fill.Progress(Progress{FillStoring, vouchers, answer.Total})
	})
	if err == nil {
		p.removeFills("")
	}
	return err == nil, err
}
