// Package receipt lays a slip out in columns: what it says, in which order, where it breaks and how amounts align. What the
// rows become on paper is package escpos's business.
package receipt

import (
	"fmt"
	"strings"
	"time"

	"countersign/terminal"
)

// TestCode is what the QR of a test page holds: set-up asks to scan it and so proves printer and scanner at once.
const TestCode = "COUNTERSIGN-TEST-PAGE"

// The narrowest slip that can be laid out; anything less is laid out as this.
const narrowest = 16

// usualRows is more than most slips have.
const usualRows = 40

// Layout lays facts out in so many columns (32, 42 or 48 on real paper) and in the language of words. Nothing is cut off: what
// is too long for a row goes on in the next. Which slip it is, and that it is a duplicate or training, is said at the top and
// in a way that nobody overlooks.
func Layout(facts terminal.SlipFacts, words terminal.Words, columns int) terminal.Slip {
	s := &sheet{facts: facts, words: words, columns: max(columns, narrowest), rows: make([]terminal.SlipRow, 0, usualRows)}
	s.head()
	switch facts.Kind {
	case terminal.SlipTest:
		s.test()
	case terminal.SlipDayClose:
		s.dayClose()
	case terminal.SlipFigures:
		s.figures()
	default:
		s.deals()
		s.bill()
		s.sureness()
		s.code(facts.Entry.UID.String())
		s.smallPrint()
	}
	s.foot()
	return terminal.Slip{Columns: s.columns, Rows: s.rows}
}

// head says whose slip it is, which, and when.
func (s *sheet) head() {
	store := s.facts.Settings.Store
	if len(store.Logo) > 0 {
		s.rows = append(s.rows, terminal.SlipRow{Image: store.Logo, Align: terminal.AlignCentre})
	}
	s.centre(s.facts.Settings.Merchant.Name, terminal.SlipRow{Bold: true, Double: true})
	s.centre(store.Name, terminal.SlipRow{Bold: true})
	for _, line := range store.Address {
		s.centre(line, terminal.SlipRow{})
	}
	s.blank()
	for _, warning := range s.warnings() {
		s.band(warning, true)
		s.blank()
	}
	title := s.say("title."+string(s.facts.Kind), nil)
	if s.facts.Kind == terminal.SlipReversal {
		s.band(title, true)
	} else {
		s.centre(title, terminal.SlipRow{Bold: true, Double: true})
	}
	s.blank()
	entry := s.facts.Entry
	s.pairUnlessEmpty("number", s.number(entry.Receipt))
	if !entry.Wall.IsZero() {
		s.pair(s.say("time", nil), s.when(entry.Wall))
	}
	s.pairUnlessEmpty("counter", s.facts.Settings.Terminal)
	s.pairUnlessEmpty("operator", s.facts.Operator)
	s.pairUnlessEmpty("approver", s.facts.Approver)
	if original := s.facts.Original; original != nil {
		s.pair(s.say("original", nil), s.number(original.Receipt))
		s.pair(s.say("original_time", nil), s.when(original.At))
	}
	s.pairUnlessEmpty("reason", entry.Note)
	s.rule()
}

// number is a receipt's. A training counts its own from 1: written like a real one's, it would name another customer's receipt.
func (s *sheet) number(of terminal.ReceiptNumber) string {
	if s.facts.Training && of.Number != 0 {
		return s.say("practice", map[string]any{"number": int64(of.Number)})
	}
	return of.String()
}

// warnings are what a slip says at its top and again at its end, so that no half of it passes for something else.
func (s *sheet) warnings() []string {
	var out []string
	if s.facts.Training {
		out = append(out, s.say("training", nil))
	}
	if s.facts.Duplicate > 0 {
		out = append(out, s.say("duplicate", map[string]any{"number": int64(s.facts.Duplicate)}))
	}
	return out
}

// when writes local time with its offset, so that the slip tells the instant and not only what the clock on the wall said.
func (s *sheet) when(at time.Time) string {
	if zone, err := s.facts.Settings.Store.Location(); err == nil && s.facts.Settings.Store.Zone != "" {
		at = at.In(zone)
	}
	return s.say("instant", map[string]any{"time": at, "offset": at.Format("-07:00")})
}

// deals says what each line gave, or gave back.
func (s *sheet) deals() {
	for i, deal := range s.facts.Deals {
		if i > 0 {
			s.blank()
		}
		s.left(deal.Name.In(s.words.Language()), terminal.SlipRow{Bold: true})
		line := deal.Line
		if line.Masked != "" {
			s.pair(s.say("code", nil), s.say("masked", map[string]any{"last": line.Masked}))
		}
		s.pairUnlessEmpty("holder", deal.Holder)
		if slot := deal.Slot; slot != nil {
			s.pair(s.say("slot", nil), s.value(slot.From))
			if slot.Party > 0 {
				s.pair(s.say("party", nil), s.value(int64(slot.Party)))
			}
		}
		for _, part := range deal.Parts {
			s.left(s.say("part", map[string]any{"quantity": part.Quantity, "name": part.Name}), terminal.SlipRow{})
		}
		s.used(line)
		s.moneyUnlessNil("worth", line.Value)
		s.moneyUnlessNil("paid", line.Price)
		if line.Discount != nil {
			s.moneyUnlessNil("discount", &terminal.Money{Minor: -line.Discount.Minor, Currency: line.Discount.Currency})
		}
	}
	s.rule()
}

// used says how much of the voucher this slip is about, and how much of it is left.
func (s *sheet) used(line terminal.EntryLine) {
	back := s.facts.Kind == terminal.SlipReversal
	if line.Kind == terminal.KindBalance {
		spent := line.Amount
		if spent == nil {
			return
		}
		before := terminal.Money{Minor: line.Left + spent.Minor, Currency: spent.Currency}
		if back {
			before.Minor = line.Left - spent.Minor
		}
		after := terminal.Money{Minor: line.Left, Currency: spent.Currency}
		s.moneyUnlessNil("balance_before", &before)
		s.moneyUnlessNil(map[bool]string{false: "balance_spent", true: "balance_returned"}[back], spent)
		s.moneyUnlessNil("balance_after", &after)
		return
	}
	s.pair(s.say(map[bool]string{false: "used", true: "taken_back"}[back], nil), s.value(line.Units))
	s.pair(s.say("left", nil), s.value(line.Left))
}

// bill says what the customer still pays, where the vouchers were part of a bill.
func (s *sheet) bill() {
	if s.facts.Entry.Bill == nil {
		return
	}
	s.moneyUnlessNil("bill", s.facts.Entry.Bill)
	if s.facts.LeftToPay != nil {
		s.strongPair(s.say("to_pay", nil), s.value(*s.facts.LeftToPay))
	}
	s.rule()
}

// sureness says how sure the terminal was; a customer and a shop that meet an overrun later have to be able to read it here.
func (s *sheet) sureness() {
	assurance := s.facts.Entry.Assurance
	switch {
	case assurance == "" || s.facts.Training:
	case assurance == terminal.Offline:
		s.band(s.say("assurance.offline", nil), false)
		s.centre(s.say("offline_hint", nil), terminal.SlipRow{})
	default:
		s.centre(s.say("assurance."+string(assurance), nil), terminal.SlipRow{})
	}
}

// code prints the redemption's id, for a machine and for people.
func (s *sheet) code(id string) {
	if s.facts.Entry.UID.IsZero() && s.facts.Kind != terminal.SlipTest {
		return
	}
	s.blank()
	s.rows = append(s.rows, terminal.SlipRow{QR: id, Align: terminal.AlignCentre})
	s.centre(id, terminal.SlipRow{})
}

// smallPrint says until when it can be taken back, and under which terms it was given.
func (s *sheet) smallPrint() {
	s.blank()
	if !s.facts.ReversibleUntil.IsZero() && s.facts.Kind == terminal.SlipRedemption {
		until := strings.ReplaceAll(s.value(s.facts.ReversibleUntil), " ", string(noBreak)) // in one row
		s.centre(s.say("reversible_until", map[string]any{"time": until}), terminal.SlipRow{})
	}
	said := map[string]bool{}
	for _, deal := range s.facts.Deals {
		if terms := deal.Terms.In(s.words.Language()); terms != "" && !said[terms] {
			said[terms] = true
			s.centre(terms, terminal.SlipRow{})
		}
	}
}

// test shows every thing that can go wrong with a printer's settings: width, code pages, Chinese, both edges, the QR, the cut.
func (s *sheet) test() {
	ruler := make([]byte, s.columns)
	for i := range ruler {
		ruler[i] = byte('0' + (i+1)%10)
	}
	s.left(string(ruler), terminal.SlipRow{})
	s.pair(s.say("test.columns", nil), fmt.Sprint(s.columns))
	for _, sample := range []string{"ABC abc 0123 #%&", "ÄÖÜ äöü ß éèç ñ ¿¡", "€ £ ¥", "中文打印 双人晚餐"} {
		s.pair(s.say("test.sample", nil), sample)
	}
	s.left(s.say("test.bold", nil), terminal.SlipRow{Bold: true})
	s.left(s.say("test.double", nil), terminal.SlipRow{Double: true})
	s.band(s.say("test.invert", nil), false)
	s.code(TestCode)
	s.blank()
	s.centre(s.say("test.scan", nil), terminal.SlipRow{})
}

// foot says what the slip is not, and ends it.
func (s *sheet) foot() {
	if s.facts.Kind != terminal.SlipTest {
		s.centre(s.say("not_fiscal", nil), terminal.SlipRow{})
	}
	for _, warning := range s.warnings() {
		s.blank()
		s.band(warning, true)
	}
	s.rows = append(s.rows, terminal.SlipRow{Cut: true})
}
