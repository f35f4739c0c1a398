package relational

import (
	"context"
	"fmt"

	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// reportPage is how many entries are read at a time: a report never holds a long read.
const reportPage = 500

// Redemptions implements cloud.Storage.
func (s *Storage) Redemptions(ctx context.Context, filter cloud.RedemptionFilter, yield func(cloud.Redemption) error) error {
	after, err := s.ordinalOf(ctx, filter)
	if err != nil {
		return err
	}
	for {
		var page []cloud.Redemption
		var last int64
		err := s.read(ctx, func(q Querier) (err error) {
			page, last, err = redemptions(q, filter, after)
			return err
		})
		if err != nil {
			return err
		}
		after = last
		for _, redemption := range page {
			if err := yield(redemption); err != nil {
				return err
			}
		}
		if len(page) < reportPage {
			return nil
		}
	}
}

// ordinalOf is the place of the redemption that a filter's begin after.
func (s *Storage) ordinalOf(ctx context.Context, filter cloud.RedemptionFilter) (after int64, err error) {
	if filter.After.IsZero() {
		return 0, nil
	}
	err = s.read(ctx, func(q Querier) error {
		row := q.QueryRow("SELECT e.ordinal FROM entry e JOIN terminal t ON t.id = e.terminal WHERE e.uid = ? AND t.merchant = ? ORDER BY e.ordinal LIMIT 1",
			filter.After[:], filter.Merchant)
		return unknown(row.Scan(&after), "redemption "+filter.After.String())
	})
	return after, err
}

func redemptions(q Querier, filter cloud.RedemptionFilter, after int64) (page []cloud.Redemption, last int64, err error) {
	day := ""
	if filter.Day != (terminal.Date{}) {
		day = filter.Day.String()
	}
	ordinals := []int64{}
	undecided, err := undecidedLines(q, filter.Merchant)
	if err != nil {
		return nil, 0, err
	}
	err = each(q, func(rows Rows) error {
		var raw []byte
		var verdict string
		var ordinal, received, terminalID, aside int64
		if err := rows.Scan(&ordinal, &raw, &verdict, &received, &terminalID, &aside); err != nil {
			return err
		}
		e, err := entry.Decode(raw)
		if err != nil {
			return fmt.Errorf("entry %d of the database cannot be read: %w", ordinal, err)
		}
		page, ordinals, last = append(page, redemption(e, verdict, received)), append(ordinals, ordinal), ordinal
		page[len(page)-1].LeftBehind = aside != 0 && !undecided[terminalID]
		page[len(page)-1].OtherLine = aside != 0 && undecided[terminalID]
		return nil
	}, `SELECT e.ordinal, e.bytes, e.verdict, e.received_at, e.terminal, e.aside FROM entry e JOIN terminal t ON t.id = e.terminal
		WHERE e.ordinal > ?1 AND t.merchant = ?2 AND (?3 = '' OR t.store = ?3) AND (?4 = '' OR e.business_day = ?4)
		AND e.kind IN (?5, ?6) ORDER BY e.ordinal LIMIT ?7`,
		after, filter.Merchant, filter.Store, day, uint8(terminal.EntryRedeem), uint8(terminal.EntryReverse), reportPage)
	if err != nil {
		return nil, 0, err
	}
	for i := range page {
		if err := countLines(q, &page[i], ordinals[i]); err != nil {
			return nil, 0, err
		}
	}
	return page, last, nil
}

func redemption(e terminal.Entry, verdict string, received int64) cloud.Redemption {
	r := cloud.Redemption{
		UID: e.UID, Kind: e.Kind, Merchant: e.Merchant, Store: e.Store, Terminal: e.Terminal, Epoch: e.Epoch, Seq: e.Seq, Receipt: e.Receipt,
		Operator: e.Operator, Approver: e.Approver, Assurance: e.Assurance, Verdict: terminal.Verdict(verdict), At: e.Wall,
		BusinessDay: e.BusinessDay, ReceivedAt: fromMicros(received), Bill: e.Bill, Note: e.Note, Lines: []cloud.RedemptionLine{},
	}
	if !e.About.IsZero() {
		r.Reverses = &e.About
	}
	for _, line := range e.Lines {
		r.Lines = append(r.Lines, cloud.RedemptionLine{Voucher: line.Voucher, Campaign: line.Campaign, Kind: line.Kind, Part: line.Part,
			Units: line.Units, Amount: line.Amount, Discount: line.Discount, Price: line.Price, Value: line.Value})
	}
	return r
}

func countLines(q Querier, r *cloud.Redemption, ordinal int64) error {
	return each(q, func(rows Rows) error {
		var i int
		var l cloud.RedemptionLine
		if err := rows.Scan(&i, &l.Accepted, &l.Overrun, &l.Revoked, &l.Invalid, &l.Reversed); err != nil || i >= len(r.Lines) {
			return err
		}
		line := &r.Lines[i]
		line.Accepted, line.Overrun, line.Revoked, line.Invalid, line.Reversed = l.Accepted, l.Overrun, l.Revoked, l.Invalid, l.Reversed
		return nil
	}, "SELECT line, accepted, overrun, revoked, invalid, reversed FROM line WHERE entry = ?", ordinal)
}
