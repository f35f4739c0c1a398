package terminal

// What a voucher with several units was paid with, and what it is worth, is booked use by use. Each use has the part of the whole that all
// units up to its last one come to, less what was booked before: shares are rounded, and together they are the whole to the cent.

// shareOf is what units come to of a whole that is paid for total, where before of them are booked already. It is nil where whole is.
func shareOf(whole *Money, before, units, total int64) *Money {
	if whole == nil || total <= 1 || units >= total || total > shareMost {
		return whole
	}
	before = min(max(0, before), total)
	through := min(before+max(0, units), total)
	return &Money{whole.Share(through, total).Minor - whole.Share(before, total).Minor, whole.Currency}
}

// shareMost is more units than anything is shared among; beyond it the arithmetic could overflow.
const shareMost = 1_000_000

// backOf is what units come to of the money of a line of all units, of which gone were taken back before.
func backOf(whole *Money, gone, units, all int64) *Money {
	if whole == nil || (gone == 0 && units == all) {
		return whole
	}
	if whole.Minor == all { // a balance: its units are its minor units
		return &Money{units, whole.Currency}
	}
	return shareOf(whole, gone, units, all)
}

// before is how many units of its voucher are used up before this line, as far as the terminal knows.
func (l OutcomeLine) before() int64 { return max(0, l.total()-l.Left-l.Units) }

// total is how many units the line's voucher was issued with.
func (l OutcomeLine) total() int64 {
	if l.Campaign.Kind == KindPickup {
		return int64(len(l.Voucher.Lines))
	}
	return l.Voucher.Units
}

// settleShares mends what the uses of a pass or an order are booked with where earlier ones were booked with other shares than those of
// the units that came first: after one of them was taken back, the last use takes what is left of the whole all the same. That can be
// known where this terminal made all the uses that stand.
func settleShares(lines []OutcomeLine, entry *Entry, ledger Ledger) error {
	settled := map[VoucherID]bool{}
	for i := range entry.Lines {
		line := &entry.Lines[i]
		of := lineOf(lines, line.Voucher)
		if of == nil || settled[line.Voucher] || of.total() <= 1 || line.Kind == KindBalance || (line.Price == nil && line.Value == nil) {
			continue
		}
		settled[line.Voucher] = true
		use, err := ledger.Use(line.Voucher, "", 0)
		if err != nil || use.Net == 0 || use.Net != of.before() {
			if err != nil {
				return err
			}
			continue
		}
		price, value, err := ledger.Booked(line.Voucher)
		if err != nil {
			return err
		}
		line.Price = settle(line.Price, of.wholePrice(), price, of)
		line.Value = settle(line.Value, of.wholeValue(), value, of)
	}
	return nil
}

func lineOf(lines []OutcomeLine, voucher VoucherID) *OutcomeLine {
	for i := range lines {
		if lines[i].Voucher.ID == voucher {
			return &lines[i]
		}
	}
	return nil
}

// settle adds to a share what was booked too little for the units before it. What is off by more than rounding can make it was booked
// when the offer had another price, and stays.
func settle(share, whole *Money, booked int64, line *OutcomeLine) *Money {
	if share == nil || whole == nil {
		return share
	}
	off := shareOf(whole, 0, line.before(), line.total()).Minor - booked
	if off == 0 || max(off, -off) > line.total() || share.Minor+off < 0 {
		return share
	}
	return &Money{share.Minor + off, share.Currency}
}
