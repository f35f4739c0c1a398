package hub

import (
	"context"
	"fmt"
	"os"

	cloudsync "countersign/sync"
	"countersign/sync/api"
)

// fill fills an empty copy from the cloud's file, as a terminal's cache is filled, and reports whether the feed goes on behind it. Meanwhile
// nobody is answered: a hub that lacks a voucher's uses would grant it again.
func (h *Hub) fill(ctx context.Context) (bool, error) {
	if err := os.MkdirAll(h.config.Folder, 0o700); err != nil {
		return false, fmt.Errorf("the hub's first fill has no place on the disk: %w", err)
	}
	merchant := h.self.Merchant
	filled, err := h.config.Upstream.Fill(ctx, cloudsync.HubFill{
		FirstFill: cloudsync.FirstFill{
			Folder: h.config.Folder, Merchant: merchant,
			Store: func(ctx context.Context, cursor string, next cloudsync.FillNext, progress func(vouchers int64)) error {
				return h.config.Copy.Fill(ctx, merchant, cursor, next, progress)
			},
			Progress: func(p cloudsync.Progress) { h.tellFilling(&p) },
		},
		Offers: func(ctx context.Context, page *api.FeedPage) error {
			return h.config.Copy.TakeOffers(ctx, h.self, page)
		},
		Log: h.config.Log,
	})
	if err == nil {
		_ = os.Remove(h.config.Folder) // it is empty; where it is not, the next fill uses it
	}
	return filled, err
}

// tellFollowed says how far a copy is that is filled from the feed's pages, since the cloud has no file of so few vouchers, or behind the file.
func (h *Hub) tellFollowed(page *api.FeedPage) {
	h.followed += int64(len(page.Records))
	switch {
	case page.AtEnd:
		h.followed = 0
		h.tellFilling(nil)
	case page.Behind != nil && (h.noFile || h.filling.Load() == nil): // behind a file there is little
		h.tellFilling(&cloudsync.Progress{Stage: cloudsync.FillStoring, Done: h.followed, Total: h.followed + *page.Behind})
	}
}

func (h *Hub) tellFilling(p *cloudsync.Progress) {
	h.filling.Store(p)
	if h.config.Filling != nil {
		h.config.Filling(p)
	}
}

// notFilled is what a hub answers before its copy is whole.
func (h *Hub) notFilled() string {
	far := ""
	if p := h.filling.Load(); p != nil {
		switch {
		case p.Stage == cloudsync.FillLoading && p.Total > 0:
			far = fmt.Sprintf(" (%d of %d kB are loaded)", p.Done/1000, p.Total/1000)
		case p.Stage == cloudsync.FillStoring && p.Total > 0:
			far = fmt.Sprintf(" (%d of %d are stored)", p.Done, p.Total)
		}
	}
	return "The hub is not ready yet: it is still being filled with the vouchers that the cloud has" + far +
		". It answers by itself once that is done, which takes a line to the cloud; until then each counter asks the cloud or decides alone."
}
