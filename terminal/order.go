package terminal

import (
	"context"
	"errors"
	"slices"
)

// addOrder puts the other vouchers of the i-th one's order on the bill, where the whole order was asked for. Nobody showed their
// codes: what proves their presentation is the code that was shown.
func (t *Terminal) addOrder(ctx context.Context, b *bill, i int) error {
	if !b.req.WholeOrder || !b.known[i] || i >= len(b.req.Scans) {
		return nil
	}
	inner := b.candidate(i).Inner
	for _, lookup := range b.rows[i].Order {
		if slices.ContainsFunc(b.shown, func(p Presented) bool {
			return slices.ContainsFunc(p.Candidates, func(c Candidate) bool { return c.Lookup == lookup })
		}) {
			continue
		}
		row, err := t.parts.Cache.Find(ctx, []Lookup{lookup})
		if err != nil && !errors.Is(err, ErrUnknown) {
			return err
		}
		b.shown = append(b.shown, Presented{Candidates: []Candidate{{lookup, inner}}, Masked: b.shown[i].Masked})
		b.rows, b.known = append(b.rows, row), append(b.known, err == nil)
	}
	return nil
}

// leaveOut reports that an item is only on the bill as a part of the order, and there is nothing left of it to honour.
func (b *bill) leaveOut(i int, item Item) bool {
	return i >= len(b.req.Scans) && !item.open(b.at)
}

// open reports that a voucher was neither withdrawn nor used up, and has not expired: it can still be redeemed some time.
func (i Item) open(at Situation) bool {
	line := OutcomeLine{Voucher: i.Row.Voucher, Campaign: i.Row.Campaign}
	expired := slices.ContainsFunc(bothRules(line), func(r Rules) bool {
		return r.ValidUntil != nil && at.Now.Lower.After(r.ValidUntil.Latest(at.Zone))
	})
	return i.Row.Voucher.State == VoucherActive && i.left() > 0 && !expired
}

// others finds what else the order of the one scanned voucher holds that is still open, as far as this terminal knows.
func (t *Terminal) others(ctx context.Context, b *bill) error {
	b.others = nil
	if b.req.WholeOrder {
		return nil
	}
	for i := range b.rows {
		if !b.known[i] {
			continue
		}
		for _, lookup := range b.rows[i].Order {
			if slices.ContainsFunc(b.rows, func(r Row) bool { return r.Voucher.Lookup == lookup }) {
				continue
			}
			row, err := t.parts.Cache.Find(ctx, []Lookup{lookup})
			if errors.Is(err, ErrUnknown) {
				continue
			}
			if err != nil {
				return err
			}
			item := Item{Row: row}
			if item.Own, err = t.parts.Journal.Use(ctx, row.Voucher.ID, "", row.Included); err != nil {
				return err
			}
			if item.open(b.at) && !slices.ContainsFunc(b.others, func(l OutcomeLine) bool { return l.Voucher.ID == row.Voucher.ID }) {
				b.others = append(b.others, OutcomeLine{Voucher: row.Voucher, Campaign: row.Campaign, Left: item.left()})
			}
		}
	}
	b.outcome.Order = b.others
	return nil
}
