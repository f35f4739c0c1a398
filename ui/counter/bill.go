package counter

import (
	"slices"
	"strconv"

	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// BillRow is one voucher of a bill.
type BillRow struct {
	Scan     int // its index in the Request's Scans; those that only came with their order follow
	Line     terminal.OutcomeLine
	Known    bool              // else its code says nothing yet
	Now      bool              // the line is the terminal's last word, and not what it was before
	Finding  *terminal.Finding // what makes the bill impossible, where it is this voucher
	Off      *terminal.Money   // what it takes off the bill: a discount, or a payment from a balance
	Leaves   *terminal.Money   // what is left of the bill then
	Deducted int               // 1 for the first that takes something off, 0 for who takes nothing
}

// Bill is what the vouchers in hand come to together: the rows in the order in which they are taken off the bill (percentages, amounts,
// payments; among the same sort as scanned), after those that take nothing off.
type Bill struct {
	Rows     []BillRow
	Bill     *terminal.Money // as stated
	Worth    *terminal.Money // of what is handed over, and not paid here: nil where nothing is worth money, or in several currencies
	Discount *terminal.Money
	Paid     *terminal.Money // from balances
	ToPay    *terminal.Money
}

// Bill settles what is in hand as far as it is known.
func (s State) Bill() Bill {
	b := Bill{Bill: s.Outcome.Bill, ToPay: s.Outcome.LeftToPay}
	if b.Bill == nil { // of a code that nobody knows the outcome does not say it; it stays what was typed
		b.Bill = s.Request.Bill
	}
	if s.Phase == Declined || s.Phase == Deciding { // then nothing is taken off yet
		b.ToPay = nil
	}
	lines := s.Outcome.Lines
	for i := range max(len(s.Request.Scans), len(lines)) {
		row := BillRow{Scan: i}
		switch {
		case i < len(lines) && len(lines) >= len(s.Request.Scans) && s.Phase != Deciding:
			row.Line, row.Known, row.Now = lines[i], true, true
			if len(lines[i].Findings) > 0 && s.Phase == Declined {
				row.Finding = &lines[i].Findings[0]
			}
		case i < len(s.Known): // the terminal could not read all codes, or has not answered yet: what they were before
			row.Line, row.Known = s.Known[i], true
			row.Line.Discount, row.Line.Amount, row.Line.Findings = nil, nil, nil
		}
		if s.Phase == Declined && len(lines) == 0 && i == s.Outcome.Lead && len(s.Outcome.Findings) > 0 {
			row.Finding = &s.Outcome.Findings[0]
		}
		if row.Off = either(row.Line.Discount, row.Line.Amount); s.Phase == Declined {
			row.Off, row.Line.Discount, row.Line.Amount = nil, nil, nil
		}
		b.Rows = append(b.Rows, row)
	}
	slices.SortStableFunc(b.Rows, func(x, y BillRow) int { return x.Line.Deduction() - y.Line.Deduction() })
	return b.summed()
}

// summed adds the rows up, and says what each leaves of the bill.
func (b Bill) summed() Bill {
	left, deducted := b.Bill, 0
	for i := range b.Rows {
		row := &b.Rows[i]
		switch {
		case row.Line.Deduction() == terminal.DeductsNothing:
			if row.Finding == nil { // what is refused is not handed over
				b.Worth = plus(b.Worth, row.Line.Worth())
			}
			continue
		case row.Line.Discount != nil:
			b.Discount = plus(b.Discount, row.Line.Discount)
		default:
			b.Paid = plus(b.Paid, row.Line.Amount)
		}
		if row.Off == nil {
			continue
		}
		deducted++
		row.Deducted = deducted
		if left != nil && left.Currency == row.Off.Currency {
			left = &terminal.Money{Minor: left.Minor - row.Off.Minor, Currency: left.Currency}
			row.Leaves = left
		}
	}
	return b
}

// plus adds what is known of the same currency.
func plus(sum, more *terminal.Money) *terminal.Money {
	switch {
	case more == nil:
		return sum
	case sum == nil:
		return &terminal.Money{Minor: more.Minor, Currency: more.Currency}
	case sum.Currency != more.Currency:
		return sum
	}
	return &terminal.Money{Minor: sum.Minor + more.Minor, Currency: sum.Currency}
}

// listed reports that the panel shows a list in place of one voucher.
func (s State) listed() bool {
	return s.Billing || len(s.Outcome.Lines) > 1
}

// billed puts the list of a bill's vouchers on the panel.
func (w words) billed(v widgets.Verdict, s State) widgets.Verdict {
	b := s.Bill()
	several := "ui.several"
	if s.Request.WholeOrder && !s.Billing && s.Phase != TakenBack {
		several = "ui.order.several"
	}
	v.Subtitle = w.Say(several, args{"count": b.vouchers()})
	for _, row := range b.Rows {
		item := w.billItem(row, s)
		if (b.Bill != nil || s.statesBill()) && row.apart() { // beside a bill that it is no part of
			item.Note = join(separator, item.Note, w.Say("ui.bill.apart", nil))
		}
		v.Items = append(v.Items, item)
	}
	v.Figures = nil
	add := func(key string, amount *terminal.Money, minus, strong bool) {
		if amount == nil {
			return
		}
		value := w.money(amount)
		if minus {
			value = w.minus(amount)
		}
		// Without a bill what is handed out would stand alone in large writing, as if it were what the customer pays.
		v.Figures = append(v.Figures, widgets.Figure{Label: w.Say(key, nil), Value: value, Strong: strong, Kept: b.Bill == nil})
	}
	if b.Bill == nil { // above a bill it would be added to it, or taken off
		add("ui.figure.worth", b.Worth, false, true)
	}
	add("ui.figure.bill", b.Bill, false, b.ToPay == nil)
	if len(v.Figures) > 0 && b.Bill != nil && b.ToPay == nil { // it can be said anew
		v.Figures[len(v.Figures)-1].Kept = true
	}
	add("ui.figure.discount", b.Discount, true, false)
	add("ui.figure.paid_from", b.Paid, true, false)
	add("ui.figure.to_pay", b.ToPay, false, true)
	return v
}

// apart reports that the voucher is honoured as it is: nothing of it is taken off the bill.
func (r BillRow) apart() bool {
	return r.Known && r.Finding == nil && r.Line.Deduction() == terminal.DeductsNothing
}

// statesBill reports that the bill's amount is asked for: just then whoever types it has to know what does not belong to it.
func (s State) statesBill() bool {
	ask, ok := s.Asking()
	return ok && ask.Missing == terminal.MissingBill
}

// alongside reports that the voucher came with its order: its own code is not known, and what stands for it is the end of the one that was scanned.
func (r BillRow) alongside(s State) bool {
	lines := s.Outcome.Lines
	return r.Scan > 0 && r.Scan >= len(s.Request.Scans) && len(lines) > 0 && lines[0].Masked == r.Line.Masked && lines[0].Voucher.ID != r.Line.Voucher.ID
}

// vouchers is how many there are: an order that is undone has a row for each of its lines.
func (b Bill) vouchers() int {
	seen, unknown := map[terminal.VoucherID]bool{}, 0
	for _, row := range b.Rows {
		if row.Known && row.Line.Voucher.ID != 0 {
			seen[row.Line.Voucher.ID] = true
		} else {
			unknown++
		}
	}
	return len(seen) + unknown
}

// minus writes what is taken off.
func (w words) minus(amount *terminal.Money) string {
	return "–" + w.money(amount)
}

func (w words) billItem(row BillRow, s State) widgets.Item {
	code := w.code(row.Line.Masked)
	if !row.Known && row.Scan < len(s.Request.Scans) {
		code = w.code(codeEnd(s.Request.Scans[row.Scan].Code))
	}
	item := widgets.Item{Name: row.Line.Campaign.Name.In(w.Language()), Detail: join(separator, code, row.Line.Voucher.Holder),
		Chosen: (s.Billing && row.Scan == s.Row && s.editable()) || (s.onlyThis() && row.Scan == 0), Value: w.money(row.Line.Worth())}
	if row.alongside(s) {
		item.Detail = row.Line.Voucher.Holder
	}
	if parts := row.Line.Parts; len(parts) == 1 && s.Phase == TakenBack {
		item.Name = parts[0].Name
	}
	if !row.Known {
		item.Name = w.Say("ui.bill.unknown", nil)
		if row.Finding != nil {
			item.Name = row.Finding.Title().In(w)
		}
	}
	switch {
	case row.Off != nil:
		item.Key, item.Value = strconv.Itoa(row.Deducted), w.minus(row.Off)
		switch {
		case row.Line.Campaign.Kind == terminal.KindBalance: // beside a card's name, what is left of the bill would read as what is left on it
			item.Note = w.onCard(row)
		case row.Leaves != nil:
			item.Note = w.Say("ui.bill.leaves", args{"left": *row.Leaves})
		}
	case row.Line.Campaign.Kind == terminal.KindBalance:
		if s.Phase == Declined && row.Now {
			item.Note = w.onCard(row)
		}
	case row.Line.Campaign.Kind == terminal.KindPickup:
		item.Note = w.Say("ui.figure.items", args{"count": row.Line.Units})
	case row.Line.Units > 1:
		item.Note = w.Say("ui.units", args{"count": row.Line.Units})
	}
	if row.Finding != nil {
		item.Tone, item.Note = theme.Refused, ""
		if row.Known { // else its name says it
			item.Detail = join(separator, code, row.Finding.Title().In(w))
		}
	}
	if s.Billing && row.Scan < len(s.Request.Scans) {
		item.Press = widgets.PressItem + strconv.Itoa(row.Scan)
		if s.editable() {
			item.Remove = widgets.PressRemove + strconv.Itoa(row.Scan)
		}
	}
	return item
}

// onCard says what is left of a balance: as much as there is where nothing is taken from it.
func (w words) onCard(row BillRow) string {
	return w.Say("ui.bill.on_card", args{"left": terminal.Money{Minor: row.Line.Left, Currency: row.Line.Campaign.Currency}})
}

// codeEnd is the end of a code that is long enough for its end not to give it away.
func codeEnd(code string) string {
	facts := lastSymbols(code)
	if facts == nil {
		return ""
	}
	return facts["code"].(string)
}

// chosen puts the list of an order's lines on the panel, with what is handed over of them.
func (w words) chosen(v widgets.Verdict, s State) widgets.Verdict {
	handed := 0
	for i, part := range s.Parts {
		item := widgets.Item{Name: part.Line.Name, Value: w.Say("ui.quantity", args{"quantity": part.Line.Quantity}), Box: widgets.Empty,
			Chosen: i == s.Row && s.choosing(), Press: widgets.PressItem + strconv.Itoa(i)}
		if i < 9 {
			item.Key = strconv.Itoa(i + 1)
		}
		if part.Handed {
			handed++
			item.Box = widgets.Ticked
		}
		v.Items = append(v.Items, item)
	}
	left := len(s.Parts) - handed
	v.Figures = []widgets.Figure{
		{Label: w.Say("ui.figure.hand", nil), Value: w.Say("ui.figure.items_of", args{"count": handed, "total": len(s.Parts)}), Strong: true},
		{Label: w.Say("ui.figure.open", nil), Value: w.Say("ui.figure.items", args{"count": left}), Kept: true},
	}
	return v
}

// collected lists what was handed over of an order.
func (w words) collected(v widgets.Verdict, line terminal.OutcomeLine) widgets.Verdict {
	for _, part := range line.Parts {
		v.Items = append(v.Items, widgets.Item{Name: part.Name, Value: w.Say("ui.quantity", args{"quantity": part.Quantity}), Box: widgets.Ticked})
	}
	v.Figures = []widgets.Figure{
		{Label: w.Say("ui.figure.handed", nil), Value: w.Say("ui.figure.items", args{"count": len(line.Parts)}), Strong: true},
		{Label: w.Say("ui.figure.open", nil), Value: w.Say("ui.figure.items", args{"count": line.Left}), Kept: true},
	}
	return v
}
