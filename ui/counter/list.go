package counter

import (
	"cmp"
	"slices"

	"countersign/terminal"
)

// Part is a line of an order to collect that is still open.
type Part struct {
	Line   terminal.OrderLine
	Handed bool // over the counter, now; else it stays and is open the next time
}

// mostOnBill is how many vouchers one bill takes: more than any customer has, and few enough to look through.
const mostOnBill = 30

// onList takes the events that are about the vouchers of a bill or the lines of an order.
func (s State) onList(event Event) (State, []Command) {
	if kept, ok := event.(Kept); ok && s.apportioning() && s.Pick < len(s.Portion.Parts) && s.Portion.Parts[s.Pick].Handed != kept.Handed {
		return s.partTurned(s.Pick), nil
	}
	if s.Sheet != NoSheet {
		return s, nil
	}
	switch e := event.(type) {
	case OrderAsked:
		return s.orderAsked()
	case BillAsked:
		return s.billAsked()
	case AmendAsked:
		return s.amendAsked()
	case RowTouched:
		return s.rowTouched(e.Index), nil
	case Kept:
		if s.choosing() && s.Parts[s.Row].Handed != e.Handed {
			return s.turned(s.Row), nil
		}
	case Removed:
		if e.Index < 0 {
			e.Index = s.Row
		}
		return s.removed(e.Index)
	}
	return s, nil
}

// editable reports that what is in hand can still be changed: it was answered, and nothing is being written.
func (s State) editable() bool {
	return s.Phase == ReadyToRedeem || s.Phase == Asked || (s.Billing && s.Phase == Declined)
}

// onlyThis reports that a whole order is in hand by one of its vouchers, which can go on alone.
func (s State) onlyThis() bool {
	return s.Request.WholeOrder && !s.Billing && s.editable()
}

// joins reports that a scan goes on the bill in hand at once.
func (s State) joins() bool {
	return s.Billing && s.Sheet == NoSheet && s.editable()
}

// changed asks about the request anew. An approval was given for what was shown then, and for nothing else.
func (s State) changed() (State, []Command) {
	s.Lapsed = s.Lapsed || s.Request.Approver != nil
	s.Request.Approver = nil
	return s.ask()
}

// join puts the waiting scans on the bill.
func (s State) join() (State, []Command) {
	room := max(0, mostOnBill-len(s.Request.Scans))
	if len(s.Waiting) > room {
		s.Waiting = s.Waiting[:room]
		s = s.notice("ui.notice.bill_full", nil)
	}
	if len(s.Waiting) == 0 {
		return s, nil
	}
	s.Request.Scans = append(slices.Clone(s.Request.Scans), s.Waiting...)
	s.Request.Lines, s.Parts = nil, nil
	s.Waiting = nil
	s.Row = len(s.Request.Scans) - 1
	return s.changed()
}

// took takes the terminal's answer in hand.
func (s State) took(outcome terminal.Outcome) State {
	s.Outcome = outcome
	if scans := len(s.Request.Scans); len(outcome.Lines) >= scans {
		s.Known = slices.Clone(outcome.Lines[:scans])
	}
	if s.Billing && outcome.Choice == terminal.Declined && outcome.Lead < len(s.Request.Scans) {
		s.Row = outcome.Lead
	}
	if s.Request.Lines == nil {
		s.Parts = openParts(outcome, s.Billing)
		if len(s.Parts) > 0 && s.Row >= len(s.Parts) {
			s.Row = 0
		}
	}
	return s
}

// openParts are the lines of the one order to collect in hand, all to be handed over; none where there is nothing to choose.
func openParts(outcome terminal.Outcome, billing bool) []Part {
	if billing || len(outcome.Lines) != 1 || outcome.Lines[0].Campaign.Kind != terminal.KindPickup || outcome.Choice == terminal.Declined {
		return nil
	}
	lines := outcome.Lines[0].Parts
	if len(lines) == 0 { // nothing is proposed: what was not collected yet
		lines = slices.DeleteFunc(slices.Clone(outcome.Lines[0].Voucher.Lines), func(l terminal.OrderLine) bool { return l.Collected })
	}
	if len(lines) < 2 {
		return nil
	}
	parts := make([]Part, len(lines))
	for i, line := range lines {
		parts[i] = Part{line, true}
	}
	return parts
}

// choosing reports that the lines of an order can be left out or put back.
func (s State) choosing() bool {
	if len(s.Parts) == 0 || s.Sheet != NoSheet {
		return false
	}
	ask, asked := s.Asking()
	return s.Phase == ReadyToRedeem || (asked && (ask.Missing == terminal.MissingLines || ask.Missing == terminal.MissingApproval))
}

// handedOver are the ids of the lines that a request names: none where all that are open are meant.
func (s State) handedOver() []string {
	var ids []string
	for _, part := range s.Parts {
		if part.Handed {
			ids = append(ids, part.Line.ID)
		}
	}
	if len(ids) == len(s.Parts) {
		return nil
	}
	return ids
}

func (s State) nothingHanded() bool {
	return len(s.Parts) > 0 && !slices.ContainsFunc(s.Parts, func(p Part) bool { return p.Handed })
}

// turned leaves the i-th line of the order out, or puts it back.
func (s State) turned(i int) State {
	if i < 0 || i >= len(s.Parts) {
		return s
	}
	s.Parts, s.Row = slices.Clone(s.Parts), i
	s.Parts[i].Handed = !s.Parts[i].Handed
	if s.Parts[i].Handed {
		s.Lapsed = s.Lapsed || s.Request.Approver != nil
		s.Request.Approver = nil // who agreed to less did not agree to this
	}
	return s
}

// typedPart takes a digit for the line with that number.
func (s State) typedPart(event Event) State {
	switch e := event.(type) {
	case Typing:
		s.Trail = append(s.Trail[max(0, len(s.Trail)-mostTrail):len(s.Trail):len(s.Trail)], written{parts: s.Parts, pick: s.Row})
		if e.Rune >= '1' && e.Rune <= '9' {
			s = s.turned(int(e.Rune - '1'))
		}
	case Retracted:
		if back := max(0, len(s.Trail)-e.N); back < len(s.Trail) && len(s.Trail[back].parts) == len(s.Parts) {
			s.Parts, s.Row, s.Trail = s.Trail[back].parts, s.Trail[back].pick, s.Trail[:back]
		}
	}
	return s
}

// rowTouched takes a finger on a row of the panel's list.
func (s State) rowTouched(i int) State {
	switch {
	case s.choosing():
		return s.turned(i)
	case i >= 0 && i < len(s.Request.Scans) && s.Billing:
		s.Row = i
	}
	return s
}

// moved chooses the row by places on, in the order in which the rows are shown.
func (s State) moved(by int) State {
	if s.choosing() {
		n := len(s.Parts)
		s.Row = ((s.Row+by)%n + n) % n
		return s
	}
	if !s.Billing || len(s.Request.Scans) == 0 {
		return s
	}
	var shown []int
	for _, row := range s.Bill().Rows {
		if row.Scan < len(s.Request.Scans) {
			shown = append(shown, row.Scan)
		}
	}
	at, n := slices.Index(shown, s.Row), len(shown)
	s.Row = shown[((at+by)%n+n)%n]
	return s
}

// orderAsked takes the rest of the order along, or leaves it.
func (s State) orderAsked() (State, []Command) {
	if !s.editable() || (!s.Request.WholeOrder && len(s.Outcome.Order) == 0) {
		return s, nil
	}
	s.Request.WholeOrder = !s.Request.WholeOrder
	s.Request.Lines, s.Parts = nil, nil
	return s.changed()
}

// billAsked begins a bill with what is in hand and what waits. A second time, with one voucher or none on it, it is no bill again.
func (s State) billAsked() (State, []Command) {
	switch {
	case s.Billing && len(s.Request.Scans) < 2 && (s.Phase == Ready || s.editable()):
		s.Billing = false
		s.Parts = openParts(s.Outcome, false)
		return s, nil
	case s.Billing:
		return s, nil
	case s.handedOver() != nil:
		return s.notice("ui.notice.not_in_parts", nil), nil
	case s.Phase == Ready || s.editable():
		s.Billing, s.Parts = true, nil
	case s.Phase == Redeemed || s.Phase == TakenBack || s.Phase == Declined:
		s.Phase, s.Billing = Ready, true
		s, commands := s.next()
		s.Billing = true
		return s, commands
	default:
		return s, nil
	}
	if len(s.Waiting) > 0 && s.joins() {
		return s.join()
	}
	return s, nil
}

// amends reports that amounts were said that can be said again.
func (s State) amends() bool {
	said := s.Request.Amount != nil || s.Request.Units != nil || s.Request.Bill != nil ||
		slices.ContainsFunc(s.Request.Scans, func(scan terminal.Scan) bool { return scan.Amount != nil || scan.Units != nil })
	return said && (s.editable() || s.Phase == Declined && s.Undoing == nil)
}

// amendAsked asks for the amounts again. Where one voucher's own amount or number is what cannot be, it alone is asked for: the bill and
// what was said of the others stay, or what is left to pay would be typed for the bill.
func (s State) amendAsked() (State, []Command) {
	if !s.amends() {
		return s, nil
	}
	s.Input, s.Asks = "", ""
	if i := s.wrongAmount(); i >= 0 {
		s.Request.Amount, s.Request.Units = nil, nil
		if i < len(s.Request.Scans) {
			s.Request.Scans = slices.Clone(s.Request.Scans)
			s.Request.Scans[i].Amount, s.Request.Scans[i].Units = nil, nil
		}
		return s.changed()
	}
	s.Request.Amount, s.Request.Units, s.Request.Bill = nil, nil, nil
	s.Request.Scans = slices.Clone(s.Request.Scans)
	for i := range s.Request.Scans {
		s.Request.Scans[i].Amount, s.Request.Scans[i].Units = nil, nil
	}
	return s.changed()
}

// wrongAmount is the line whose own amount, or number of uses, makes what is in hand impossible; -1 where something else does.
func (s State) wrongAmount() int {
	i := s.Outcome.Lead
	if s.Phase != Declined || i >= len(s.Outcome.Lines) {
		return -1
	}
	said := s.Request
	if i < len(said.Scans) {
		said.Amount, said.Units = cmp.Or(said.Scans[i].Amount, said.Amount), cmp.Or(said.Scans[i].Units, said.Units)
	}
	switch s.Outcome.Lines[i].Campaign.Kind {
	case terminal.KindBalance:
		if said.Amount == nil {
			return -1
		}
	case terminal.KindPass:
		if said.Units == nil {
			return -1
		}
	default:
		return -1
	}
	switch s.Outcome.Reason() {
	case terminal.AmountInvalid, terminal.WrongCurrency, terminal.InsufficientBalance, terminal.UnitsLimit, terminal.UsesExhausted,
		terminal.CustomerLimit, terminal.CampaignLimit:
		return i
	}
	return -1
}

// removed takes the i-th scan off the bill. With the last one the bill is gone.
func (s State) removed(i int) (State, []Command) {
	if !s.Billing || !s.editable() || i < 0 || i >= len(s.Request.Scans) {
		return s, nil
	}
	s.Request.Scans = slices.Delete(slices.Clone(s.Request.Scans), i, i+1)
	if i < len(s.Known) {
		s.Known = slices.Delete(slices.Clone(s.Known), i, i+1)
	}
	if len(s.Request.Scans) == 0 {
		s.Billing = false
		return s.next()
	}
	s.Row = min(i, len(s.Request.Scans)-1)
	// What was said of a voucher that is gone must not be taken for another one.
	if !s.holds(terminal.KindBalance) {
		s.Request.Amount = nil
	}
	if !s.holds(terminal.KindPass) {
		s.Request.Units = nil
	}
	return s.changed()
}

// refusedScan is the voucher that makes the bill impossible, where the others can go on without it; -1 where something else does.
func (s State) refusedScan() int {
	if !s.Billing || s.Phase != Declined || s.Undoing != nil || len(s.Request.Scans) < 2 {
		return -1
	}
	for _, row := range s.Bill().Rows {
		if row.Scan == s.Outcome.Lead && row.Scan < len(s.Request.Scans) && row.Finding != nil {
			return row.Scan
		}
	}
	return -1
}

// holds reports that a voucher of a kind is on the bill, as far as is known.
func (s State) holds(kind terminal.Kind) bool {
	return slices.ContainsFunc(s.Known, func(l terminal.OutcomeLine) bool { return l.Campaign.Kind == kind })
}
