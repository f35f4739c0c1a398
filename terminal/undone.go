package terminal

import (
	"context"
	"errors"
	"slices"
)

// leftNow says what is left of vouchers while units are given back, line by line.
type leftNow struct {
	rows      []Row // of the original's lines
	own       past
	original  Entry
	elsewhere bool                // another terminal made the original
	back      map[VoucherID]int64 // units given back by earlier lines
}

// after is what is left once units of the i-th line are given back. Of a voucher that the cache has forgotten, it is what was left
// after the redemption, less what this terminal used since, and these.
func (l leftNow) after(i int, line EntryLine, units int64) (int64, error) {
	l.back[line.Voucher] += units
	if l.rows[i].Voucher.State == "" {
		left := line.Left
		for _, other := range l.original.Lines { // the last of them says what was left after all
			if other.Voucher == line.Voucher {
				left = min(left, other.Left)
			}
		}
		if l.elsewhere {
			return left + l.back[line.Voucher], nil
		}
		own, err := l.own.Use(line.Voucher, "", l.original.Seq)
		return max(0, left-own.After) + l.back[line.Voucher], err
	}
	item := Item{Row: l.rows[i]}
	var err error
	item.Own, err = l.own.Use(line.Voucher, "", l.rows[i].Included)
	return min(item.total(), item.left()+l.back[line.Voucher]), err
}

// newer puts the rows that an authority's answer came with in the place of those that the cache has.
func newer(rows, answered []Row) []Row {
	rows = slices.Clone(rows)
	for i := range rows {
		for _, row := range answered {
			if row.Voucher.ID == rows[i].Voucher.ID {
				rows[i] = row
			}
		}
	}
	return rows
}

// remember asks the authority for the vouchers of a redemption that the cache has not been told of: what is left of them and what the items
// of an order are called is in their rows alone. Without an answer the entry itself must do.
func (t *Terminal) remember(ctx context.Context, original Record, rows []Row, lines []OutcomeLine) error {
	for i, line := range original.Entry.Lines {
		if rows[i].Voucher.State != "" || line.Lookup == nil {
			continue
		}
		row, err := t.parts.Authority.Ask(ctx, []Lookup{*line.Lookup})
		switch {
		case errors.Is(err, ErrNoAnswer):
			return nil
		case errors.Is(err, ErrUnknown) || (err == nil && row.Voucher.ID != line.Voucher):
			continue
		case err != nil:
			return err
		}
		rows[i], lines[i].Voucher = row, row.Voucher
		lines[i].Parts = row.Voucher.part(line.Part)
	}
	return nil
}

// standing says of the lines of a redemption that is not taken back what is left of their vouchers now, which need not be what was left then.
func standing(outcome *Outcome, original Record, left leftNow) error {
	left.back = map[VoucherID]int64{}
	for i, line := range original.Entry.Lines {
		var err error
		if outcome.Lines[i].Left, err = left.after(i, line, 0); err != nil {
			return err
		}
	}
	return nil
}

// undone are the lines of an outcome that took back what entry says: the vouchers of the original's lines, with what came back and what is
// left of each now. all are the original's lines.
func undone(all []OutcomeLine, entry Entry) []OutcomeLine {
	lines := make([]OutcomeLine, len(entry.Lines))
	for i, back := range entry.Lines {
		lines[i] = all[back.Original]
		lines[i].Units, lines[i].Amount, lines[i].Discount, lines[i].Left = back.Units, back.Amount, back.Discount, back.Left
	}
	return gathered(lines)
}

// gathered puts the lines of each order back together: an entry has one for each item that is handed over, an outcome one for the voucher.
func gathered(lines []OutcomeLine) []OutcomeLine {
	var together []OutcomeLine
	for _, line := range lines {
		last := len(together) - 1
		if last < 0 || len(line.Parts) == 0 || together[last].Voucher.ID != line.Voucher.ID {
			line.Parts = slices.Clone(line.Parts)
			together = append(together, line)
			continue
		}
		one := &together[last]
		one.Parts, one.Units, one.Left = append(one.Parts, line.Parts...), one.Units+line.Units, line.Left
	}
	return together
}

// part is the item of an order that a line of an entry is about. Where the cache has forgotten the order, its letter must do.
func (v Voucher) part(id string) []OrderLine {
	if id == "" {
		return nil
	}
	if i := slices.IndexFunc(v.Lines, func(l OrderLine) bool { return l.ID == id }); i >= 0 {
		return []OrderLine{v.Lines[i]}
	}
	return []OrderLine{{ID: id, Name: id, Quantity: 1}}
}

// dealsOf are the deals that a slip tells: one for each line, and one for all items of an order.
func dealsOf(lines []OutcomeLine, entry Entry) []SlipDeal {
	var deals []SlipDeal
	for i, line := range lines {
		deal := SlipDeal{Name: line.Campaign.Name, Terms: line.Campaign.Terms, Holder: shortHolder(line.Voucher.Holder), Slot: line.Voucher.Slot,
			Parts: line.Parts, Line: entry.Lines[i]}
		if last := len(deals) - 1; last >= 0 && len(line.Parts) > 0 && deals[last].Line.Voucher == deal.Line.Voucher {
			deals[last].Parts = append(slices.Clone(deals[last].Parts), deal.Parts...)
			deals[last].Line = together(deals[last].Line, deal.Line)
			continue
		}
		deals = append(deals, deal)
	}
	return deals
}

// together is the one line that a slip shows for two items of an order, the second handed over, or taken back, after the first.
func together(first, second EntryLine) EntryLine {
	first.Units, first.Left = first.Units+second.Units, second.Left
	for _, pair := range []struct{ to, more **Money }{{&first.Price, &second.Price}, {&first.Value, &second.Value}} {
		if *pair.to == nil || *pair.more == nil {
			continue
		}
		if sum, err := (*pair.to).AddUpTo(**pair.more); err == nil {
			*pair.to = &sum
		}
	}
	return first
}
