package cache

import (
	"context"
	"encoding/json"
	"slices"

	"countersign/terminal"
)

// openQuery reads what is active and not used up of a campaign. It has no index: whoever asks does so every minute, and of few campaigns.
const openQuery = "SELECT " + rowColumns + `WHERE v.campaign = (SELECT ref FROM campaigns WHERE id = ?1) AND v.state = 0 AND v.used < v.units
	AND (?2 = '' OR json_extract(CAST(v.extra AS TEXT), '$.r.stores') = ?2) ORDER BY v.id LIMIT ?3`

// boundMost is how many vouchers of a campaign Bound looks at.
const boundMost = 20_000

// Bound returns at most limit vouchers of a campaign that are open, that no other store honours, and that pick picks, by their slots and else
// by their ids.
func (c *Cache) Bound(ctx context.Context, campaign terminal.Campaign, store string, limit int, pick func(terminal.Voucher) bool) ([]terminal.Voucher, error) {
	only, err := json.Marshal([]string{store})
	if err != nil {
		return nil, err
	}
	stores := string(only)
	if slices.Equal(campaign.Rules.Stores, []string{store}) {
		stores = "" // every voucher of it is
	}
	var vouchers []terminal.Voucher
	err = c.guarded(func(h *handles) error {
		vouchers = nil
		all, err := h.scanRows(ctx, openQuery, campaign.ID, stores, boundMost)
		for _, one := range all {
			if pick(one.row.Voucher) {
				vouchers = append(vouchers, one.row.Voucher)
			}
		}
		return err
	})
	slices.SortStableFunc(vouchers, func(a, b terminal.Voucher) int {
		if a.Slot == nil || b.Slot == nil {
			return 0
		}
		return a.Slot.From.Compare(b.Slot.From)
	})
	return vouchers[:min(limit, len(vouchers))], err
}
