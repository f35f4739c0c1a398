package counter

import (
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/terminal"
)

// threeCoffees, aPayment and anOrder are redemptions of which less than all can come back.
func threeCoffees() Past {
	return Past{Record: record(21, noon, terminal.EntryLine{Kind: terminal.KindPass, Masked: "K3MQ", Units: 4}, func(r *terminal.Record) { r.Reversed = []int64{1} }),
		Name: coffee.Name, Until: noon.Add(time.Hour)}
}

func aPayment() Past {
	return Past{Record: record(22, noon, terminal.EntryLine{Kind: terminal.KindBalance, Masked: "9TX4", Amount: euro(1250), Units: 1250}, nil),
		Name: gift.Name, Until: noon.Add(time.Hour)}
}

func anOrder() Past {
	line := func(part string) terminal.EntryLine {
		return terminal.EntryLine{Voucher: 7, Kind: terminal.KindPickup, Part: part, Masked: "7VTM", Units: 1}
	}
	past := Past{Record: record(23, noon, line("a"), nil), Name: terminal.Text{"en": "Click and collect", "de": "Abholung im Laden", "es": "Recogida en tienda", "zh-Hans": "到店自提"}, Until: noon.Add(time.Hour),
		Lines: []terminal.OrderLine{{ID: "a", Name: "Rye bread", Quantity: 2}, {ID: "b", Name: "Apple juice", Quantity: 1}, {ID: "c", Name: "Honey", Quantity: 1}}}
	past.Record.Entry.Lines = []terminal.EntryLine{line("a"), line("b"), line("c")}
	past.Record.Reversed = []int64{0, 0, 0}
	return past
}

// undoing plays events on the sheet that undoes a redemption, and returns the reversal that was ordered, nil for none.
func undoing(past Past, events ...any) (State, *TakeBack) {
	s := open()
	s.Past, s.Operator = []Past{past}, &li
	s, commands := play(s, append([]any{UndoAsked{}}, events...)...)
	for _, command := range commands {
		if back, ok := command.(TakeBack); ok {
			return s, &back
		}
	}
	return s, nil
}

func TestSomeUsesComeBack(t *testing.T) {
	// The customer took one coffee less than was scanned, and the counter could only give all of them back, or none.
	s, back := undoing(threeCoffees(), Typing{'2'}, fresh, fresh)
	if back == nil || back.Reversal.Units == nil || *back.Reversal.Units != 2 || back.Note.Key != undoReasons[0] || s.Phase != Redeeming {
		t.Fatalf("ordered %+v in %s", back, s.Phase)
	}
	for typed, sheet := range map[string]string{"": "all of it", "3": "three of three"} {
		events := []any{}
		for _, r := range typed {
			events = append(events, Typing{r})
		}
		if _, back := undoing(threeCoffees(), append(events, fresh, fresh)...); back == nil || back.Reversal.Units != nil {
			t.Errorf("%s: %+v", sheet, back)
		}
	}
	if s, back := undoing(threeCoffees(), Typing{'4'}, fresh, fresh); back != nil || !s.apportioning() {
		t.Errorf("more than stands: %+v", back)
	}
	s, _ = undoing(threeCoffees(), Typing{'2'}, fresh, Dismissed{})
	if !s.apportioning() {
		t.Errorf("Esc leads from why not back to how much: %q", s.Sheet)
	}
	if s, _ = play(s, Dismissed{}); s.Sheet != NoSheet {
		t.Errorf("and from there to %q", s.Sheet)
	}
	if s, _ := undoing(Past{Record: record(9, noon, terminal.EntryLine{Units: 1}, nil), Until: noon.Add(time.Hour)}); s.apportioning() {
		t.Error("one use is asked about")
	}
}

func TestSomeOfAPaymentComesBack(t *testing.T) {
	// A payment from a gift card that was too high by a euro could only be taken back whole and made again.
	_, back := undoing(aPayment(), Typing{'1'}, Typing{'.'}, fresh, fresh)
	if back == nil || back.Reversal.Units == nil || *back.Reversal.Units != 100 {
		t.Errorf("1 euro: %+v", back)
	}
	_, back = undoing(aPayment(), Typing{'0'}, Typing{','}, Typing{'5'}, fresh, fresh)
	if back == nil || back.Reversal.Units == nil || *back.Reversal.Units != 50 {
		t.Errorf("50 cents: %+v", back)
	}
	if _, back = undoing(aPayment(), Typing{'1'}, Typing{'3'}, fresh, fresh); back != nil {
		t.Errorf("more than was paid: %+v", back)
	}
}

func TestSomeLinesOfAnOrderComeBack(t *testing.T) {
	// A bread that is stale comes back, and the counter would give the whole order out a second time.
	for name, events := range map[string][]any{
		"by number":        {Typing{'1'}, Typing{'3'}},
		"by touch":         {Chose{0}, Chose{2}},
		"with arrows":      {Kept{false}, Moved{2}, Kept{false}},
		"after a scan":     {Typing{'1'}, Typing{'3'}, Typing{'2'}, Typing{'9'}, Retracted{2}},
		"and one returned": {Typing{'1'}, Typing{'3'}, Typing{'2'}, Typing{'2'}},
	} {
		_, back := undoing(anOrder(), append(events, fresh, fresh)...)
		if back == nil || !slices.Equal(back.Reversal.Parts, []string{"b"}) || back.Reversal.Units != nil {
			t.Errorf("%s: %+v", name, back)
		}
	}
	if _, back := undoing(anOrder(), fresh, fresh); back == nil || back.Reversal.Parts != nil {
		t.Errorf("all of it: %+v", back)
	}
	if s, back := undoing(anOrder(), Typing{'1'}, Typing{'2'}, Typing{'3'}, fresh); back != nil || !s.apportioning() {
		t.Error("none of it comes back, and it goes on")
	}
	bill := anOrder()
	bill.Record.Entry.Lines[2].Voucher, bill.Record.Entry.Lines[2].Part = 8, ""
	if s, _ := undoing(bill); s.apportioning() {
		t.Error("a bill comes back whole")
	}
}

func TestWhatWasUndoneBeforeIsNotNamedAgain(t *testing.T) {
	// A manager would agree to four uses, or to a whole payment, where one use or the rest of it comes back.
	coffees, payment := threeCoffees(), aPayment()
	payment.Record.Reversed = []int64{250}
	for says, past := range map[string]Past{"3\u00a0uses": coffees, "\u20ac10.00": payment} {
		s := open()
		s.Undoing, s.Portion = &past, portionOf(past)
		if said := (words{english}).undone(s); !strings.Contains(said, says) {
			t.Errorf("of what %s is left of the question says %q", says, said)
		}
	}
	single := threeCoffees()
	single.Record.Reversed = []int64{3}
	s := open()
	s.Undoing, s.Portion = &single, portionOf(single)
	if said := (words{english}).undone(s); !strings.Contains(said, "1\u00a0use") || strings.Contains(said, "4") && !strings.Contains(said, "K3MQ") {
		t.Errorf("of the last use the question says %q", said)
	}
}

func TestABillThatPaidAndHandedOutHasNoSumOfBoth(t *testing.T) {
	// Recent would name a sum that no bill ever showed.
	dinner, off, card := terminal.EntryLine{Value: euro(6800)}, terminal.EntryLine{Discount: euro(500)}, terminal.EntryLine{Amount: euro(1250)}
	if sum := cameTo([]terminal.EntryLine{dinner, off}); sum != nil {
		t.Errorf("a dinner and a discount came to %v", sum)
	}
	if sum := cameTo([]terminal.EntryLine{off, card}); sum == nil || *sum != *euro(1750) {
		t.Errorf("a discount and a card came to %v", sum)
	}
	if sum := cameTo([]terminal.EntryLine{dinner, dinner}); sum == nil || *sum != *euro(13600) {
		t.Errorf("two dinners came to %v", sum)
	}
}

func TestAManagerAgreesToWhatWasChosen(t *testing.T) {
	// The manager agrees to one use, and all of them would be given back.
	past := threeCoffees()
	s, _ := undoing(past, Typing{'1'}, fresh, fresh)
	refused := terminal.Outcome{Choice: terminal.Declined, Reversed: &past.Record, Findings: []terminal.Finding{{Reason: terminal.ReversalTooLate}}}
	_, commands := play(s, Reversed{Outcome: refused}, fresh, Typing{'1'}, fresh, PINChecked{Operator: &anna})
	back, ok := commands[0].(TakeBack)
	if !ok || back.Reversal.Units == nil || *back.Reversal.Units != 1 || back.Reversal.Approver == nil || back.Reversal.Approver.ID != anna.ID {
		t.Errorf("with a manager: %+v", commands)
	}
}

func TestWhatCameBackIsSaidOfAWholeUndoToo(t *testing.T) {
	// The cashier could not tell the customer how much is on the gift card again.
	for _, c := range []struct {
		outcome terminal.Outcome
		want    string
	}{{amountBack(), "€12.50 taken back."}, {someBack(), "2 of 4\u00a0uses taken back."}} {
		s := open()
		s.Phase, s.Outcome = TakenBack, c.outcome
		if v := (words{english}).takenBack(s); !slices.Contains(v.Details, c.want) {
			t.Errorf("%q does not say %q", v.Details, c.want)
		}
	}
}
