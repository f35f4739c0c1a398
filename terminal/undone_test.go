package terminal_test

import (
	"fmt"
	"testing"
	"time"

	"countersign/terminal"
)

// If a counter that was stolen, or that nobody trusts any more, could still take its sales back, whoever has it would spend every card twice.
func TestASuspendedCounterTakesNothingBack(t *testing.T) {
	for name, operator := range map[string]*terminal.Operator{
		"nobody signs in": nil,
		"a manager":       {ID: "mia", Name: "Mia", Role: terminal.RoleManager},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", nil)
			sold := c.redeem(t, scanOf("A"))
			undo := terminal.Reversal{UID: sold.Record.Entry.UID, Note: "wrong table", Operator: operator}
			c.cache.settings.Suspended = true
			if outcome, err := c.Reverse(t.Context(), undo); err != nil || outcome.Reason() != terminal.TerminalSuspended || outcome.Record != nil {
				t.Errorf("%s for %q, %v", outcome.Choice, outcome.Reason(), err)
			}
			if until, err := c.ReversibleUntil(t.Context(), *sold.Record, operator); err != nil || !until.IsZero() {
				t.Errorf("the screen offers it until %v, %v", until, err)
			}
			c.cache.settings.Suspended = false
			if outcome, err := c.Reverse(t.Context(), undo); err != nil || outcome.Choice != terminal.Approved {
				t.Errorf("readmitted: %s for %q, %v", outcome.Choice, outcome.Reason(), err)
			}
		})
	}
}

func passAt(units, price int64) func(*terminal.Row) {
	return func(r *terminal.Row) {
		r.Campaign.Kind, r.Campaign.Price, r.Voucher.Units = terminal.KindPass, euros(price), units
	}
}

func parcel(items int, price int64) func(*terminal.Row) {
	return func(r *terminal.Row) {
		r.Campaign.Kind, r.Campaign.Price, r.Voucher.Units = terminal.KindPickup, euros(price), int64(items)
		for i := range items {
			id := string(rune('a' + i))
			r.Voucher.Lines = append(r.Voucher.Lines, terminal.OrderLine{ID: id, Name: "Item " + id, Quantity: 1})
		}
	}
}

// If the uses of a pass, or the items of an order, were booked with a cent more or less than was paid for them, no month would add up.
func TestSharesAddUpToWhatWasPaid(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*terminal.Row)
		paid   int64
		steps  []string // "2" uses two, "abc" hands items over, "-1" takes the first redemption back, "-1:1" one unit of it
		wants  []int64  // what each redemption is booked with; nil does not look
	}{
		"three uses of 50.00":               {passAt(3, 5000), 5000, []string{"1", "1", "1"}, []int64{1667, 1666, 1667}},
		"two, then the last":                {passAt(3, 5000), 5000, []string{"2", "1"}, []int64{3333, 1667}},
		"all at once":                       {passAt(3, 5000), 5000, []string{"3"}, []int64{5000}},
		"seven uses of 49.99":               {passAt(7, 4999), 4999, []string{"1", "1", "1", "1", "1", "1", "1"}, nil},
		"the first undone in between":       {passAt(3, 5000), 5000, []string{"1", "1", "-1", "1", "1"}, nil},
		"the first of seven undone twice":   {passAt(7, 4999), 4999, []string{"1", "2", "-1", "1", "-2:1", "3", "1", "-3", "2"}, nil},
		"undone unit by unit":               {passAt(3, 5000), 5000, []string{"3", "-1:1", "-1:1", "-1:1", "3"}, nil},
		"an order at once":                  {parcel(7, 3000), 3000, []string{"abcdefg"}, nil},
		"an order item by item":             {parcel(7, 3000), 3000, []string{"g", "a", "c", "b", "d", "f", "e"}, nil},
		"an order, some of it given back":   {parcel(7, 3000), 3000, []string{"abc", "de", "-1", "fg", "abc"}, nil},
		"a free pass":                       {passAt(3, 0), 0, []string{"1", "1", "1"}, []int64{0, 0, 0}},
		"fewer cents than there are uses":   {passAt(5, 2), 2, []string{"1", "1", "1", "1", "1"}, nil},
		"one use, and nothing to be shared": {passAt(1, 1999), 1999, []string{"1"}, []int64{1999}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", test.change)
			var sold []terminal.Entry
			for _, step := range test.steps {
				if step[0] == '-' {
					var of int
					undo := terminal.Reversal{Note: "wrong table"}
					if n, _ := fmt.Sscanf(step, "-%d:1", &of); n != 1 {
						t.Fatal(step)
					}
					if len(step) > 2 {
						undo.Units = ptr(1)
					}
					undo.UID = sold[of-1].UID
					if outcome, err := c.Reverse(t.Context(), undo); err != nil || outcome.Choice != terminal.Approved {
						t.Fatalf("%s: %s for %q, %v", step, outcome.Choice, outcome.Reason(), err)
					}
					continue
				}
				req := scanOf("A")
				if step[0] >= 'a' {
					for _, id := range step {
						req.Lines = append(req.Lines, string(id))
					}
				} else {
					req.Units = ptr(int64(step[0] - '0'))
				}
				outcome := c.redeem(t, req)
				if !outcome.Redeemed() {
					t.Fatalf("%s: %s for %q", step, outcome.Choice, outcome.Reason())
				}
				sold = append(sold, outcome.Record.Entry)
			}
			for i, want := range test.wants {
				if got := sold[i].Lines[0].Price.Minor; got != want {
					t.Errorf("redemption %d is booked with %d, want %d", i+1, got, want)
				}
			}
			if price, _, err := (*memoryLedger)(c.journal).Booked(1); err != nil || price != test.paid {
				t.Errorf("what stands is booked with %d of %d, %v", price, test.paid, err)
			}
			for _, entry := range sold { // whatever is taken back whole comes to nothing
				record, err := c.journal.ByUID(t.Context(), entry.UID)
				if err == nil && record.Reversed[0] < entry.Lines[0].Units {
					_, err = c.Reverse(t.Context(), terminal.Reversal{UID: entry.UID, Note: "all of it"})
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			if price, value, err := (*memoryLedger)(c.journal).Booked(1); err != nil || price != 0 || value != 0 {
				t.Errorf("with all taken back %d and %d are booked, %v", price, value, err)
			}
		})
	}
}

// If what an offer costs from today on were taken for what yesterday's uses were booked with wrongly, the next customer's use would carry it.
func TestAnotherPriceIsNoRounding(t *testing.T) {
	c := newCounter(t)
	row := c.stock("A", passAt(3, 5000))
	req := scanOf("A")
	req.Units = ptr(1)
	c.redeem(t, req)
	row.Campaign.Price = euros(6000)
	c.cache.rows[row.Voucher.Lookup] = row
	if got := c.redeem(t, req).Record.Entry.Lines[0].Price.Minor; got != 2000 {
		t.Errorf("booked with %d", got)
	}
}

// If the answer to an undone bill told what was left before, or mixed its vouchers, the cashier would tell the customer a false balance
// and a script would book a false sum.
func TestAReversalSaysWhatCameBack(t *testing.T) {
	c := newCounter(t)
	c.stock("G", balance(5000))
	c.stock("H", balance(5000))
	c.stock("O", parcel(3, 3000))
	undo := func(sold terminal.Outcome, parts ...string) terminal.Report {
		t.Helper()
		outcome, err := c.Reverse(t.Context(), terminal.Reversal{UID: sold.Record.Entry.UID, Note: "wrong table", Parts: parts})
		if err != nil || outcome.Choice != terminal.Approved {
			t.Fatalf("%s for %q, %v", outcome.Choice, outcome.Reason(), err)
		}
		return outcome.Report(plainWords{})
	}
	cards := scanOf("G", "H")
	cards.Scans[0].Amount, cards.Scans[1].Amount = euros(3000), euros(700)
	sold := c.redeem(t, cards)
	if got := sold.Report(plainWords{}); got.Total == nil || got.Total.Minor != 3700 || got.Amount.Minor != 3000 || got.Left != 2000 {
		t.Errorf("the bill itself: total %v, amount %v, left %d", got.Total, got.Amount, got.Left)
	}
	back := undo(sold)
	if back.Units != 3000 || back.Amount.Minor != 3000 || back.Total.Minor != 3700 || back.Left != 5000 || back.Code != back.Lines[0].Code {
		t.Errorf("two cards: %d units, %v of %v, %d left, code %s", back.Units, back.Amount, back.Total, back.Left, back.Code)
	}
	if len(back.Lines) != 2 || back.Lines[0].Left != 5000 || back.Lines[1].Left != 5000 || back.Lines[1].Amount.Minor != 700 {
		t.Errorf("their lines: %+v", back.Lines)
	}
	order := c.redeem(t, scanOf("O"))
	back = undo(order, "b")
	if len(back.Lines) != 1 || len(back.Lines[0].Parts) != 1 || back.Lines[0].Parts[0].ID != "b" || back.Units != 1 || back.Left != 1 || back.Lines[0].Left != 1 {
		t.Errorf("one item: %d units, %d left, %+v", back.Units, back.Left, back.Lines)
	}
	back = undo(order)
	if len(back.Lines) != 1 || len(back.Lines[0].Parts) != 2 || back.Lines[0].Parts[1].ID != "c" || back.Units != 2 || back.Left != 3 || back.Lines[0].Left != 3 {
		t.Errorf("the rest: %d units, %d left, %+v", back.Units, back.Left, back.Lines)
	}
}

// If an order that the cache was never told of came back by its letters alone, nobody could tell which goods are on the shelf again.
func TestAReversalAsksForTheNamesItDoesNotHave(t *testing.T) {
	for name, online := range map[string]bool{"online": true, "alone": false} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			row := c.stock("O", parcel(3, 3000))
			sold := c.redeem(t, scanOf("O"))
			row.Voucher.Used, row.Included = 3, uint64(len(c.journal.records))
			delete(c.cache.rows, row.Voucher.Lookup)
			c.stock("another", func(r *terminal.Row) { r.Campaign = row.Campaign })
			want := "b"
			if online {
				c.authority.ask = func([]terminal.Lookup) (terminal.Row, error) { return row, nil }
				want = "Item b"
			}
			back, err := c.Reverse(t.Context(), terminal.Reversal{UID: sold.Record.Entry.UID, Note: "wrong table", Parts: []string{"b"}})
			if err != nil || back.Choice != terminal.Approved || back.Lines[0].Parts[0].Name != want || back.Lines[0].Left != 1 {
				t.Errorf("%s for %q, %v, %+v", back.Choice, back.Reason(), err, back.Lines)
			}
		})
	}
}

// If a slip of an order that came back did not name the items, neither customer nor manager could tell which goods are on the shelf again.
func TestSlipsOfAnOrderNameItsItems(t *testing.T) {
	c := newCounter(t)
	c.stock("O", parcel(3, 3000))
	sold := c.redeem(t, scanOf("O"))
	undone, err := c.Reverse(t.Context(), terminal.Reversal{UID: sold.Record.Entry.UID, Note: "wrong table", Parts: []string{"a", "c"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range []terminal.UID{sold.Record.Entry.UID, undone.Record.Entry.UID} {
		if _, err := c.Reprint(t.Context(), uid, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []struct {
		parts, units, left, price int64
	}{{3, 3, 0, 3000}, {2, 2, 2, 2000}, {3, 3, 0, 3000}, {2, 2, 2, 2000}} {
		slip := c.slips.composed[i]
		if len(slip.Deals) != 1 || int64(len(slip.Deals[0].Parts)) != want.parts || slip.Deals[0].Line.Units != want.units ||
			slip.Deals[0].Line.Left != want.left || slip.Deals[0].Line.Price.Minor != want.price {
			t.Errorf("slip %d: %+v", i+1, slip.Deals)
		}
	}
}

// If what is left meant before in one answer and after in another, a script would refuse a full card or refill an empty one.
func TestLeftIsWhatIsLeftNow(t *testing.T) {
	spend := func(c *counter, minor int64) terminal.Outcome {
		req := scanOf("G")
		req.Amount = euros(minor)
		return c.redeem(t, req)
	}
	t.Run("declined alone", func(t *testing.T) {
		c := newCounter(t)
		c.stock("G", func(r *terminal.Row) {
			balance(5000)(r)
			r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeLimit, PerRedemption: euros(1000)}
		})
		c.authority.claim = nil
		if outcome := spend(c, 1001); outcome.Reason() != terminal.OfflineLimit || outcome.Lines[0].Left != 5000 || outcome.Record.Entry.Lines[0].Left != 5000 {
			t.Errorf("%q, %d left", outcome.Reason(), outcome.Lines[0].Left)
		}
	})
	t.Run("declined by the cloud", func(t *testing.T) {
		c := newCounter(t)
		row := c.stock("G", balance(5000))
		row.Voucher.Used = 4000
		c.authority.claim = func(terminal.Claim) (terminal.ClaimAnswer, error) {
			return terminal.ClaimAnswer{Findings: []terminal.Finding{{Reason: terminal.InsufficientBalance}}, Rows: []terminal.Row{row}}, nil
		}
		if outcome := spend(c, 2000); outcome.Reason() != terminal.InsufficientBalance || outcome.Lines[0].Left != 1000 {
			t.Errorf("%q, %d left", outcome.Reason(), outcome.Lines[0].Left)
		}
	})
	t.Run("a reversal that is declined", func(t *testing.T) {
		c := newCounter(t)
		c.stock("G", balance(5000))
		first, second := spend(c, 2000), spend(c, 3000)
		undo := terminal.Reversal{UID: first.Record.Entry.UID, Note: "wrong card"}
		if _, err := c.Reverse(t.Context(), undo); err != nil {
			t.Fatal(err)
		}
		if again, err := c.Reverse(t.Context(), undo); err != nil || again.Reason() != terminal.AlreadyReversed || again.Lines[0].Left != 2000 {
			t.Errorf("again: %q, %d left, %v", again.Reason(), again.Lines[0].Left, err)
		}
		undo = terminal.Reversal{UID: second.Record.Entry.UID, Note: "wrong card", Units: ptr(3001)}
		if more, err := c.Reverse(t.Context(), undo); err != nil || more.Reason() != terminal.UnitsLimit || more.Lines[0].Left != 2000 {
			t.Errorf("more than there was: %q, %d left, %v", more.Reason(), more.Lines[0].Left, err)
		}
	})
	t.Run("another counter's redemption", func(t *testing.T) {
		there, here := newCounter(t), newCounter(t)
		row := there.stock("A", passAt(10, 5000))
		here.cache.rows[row.Voucher.Lookup] = row // not synced since
		req := scanOf("A")
		req.Units = ptr(3)
		sold := there.redeem(t, req).Record
		sold.Entry.UID, sold.Entry.Terminal = terminal.UID{7}, "counter-2"
		here.authority.sold = map[terminal.UID]terminal.Record{sold.Entry.UID: *sold}
		here.authority.claim = func(terminal.Claim) (terminal.ClaimAnswer, error) {
			row.Voucher.Used = 3
			return terminal.ClaimAnswer{Granted: true, ID: "hold-1", Assurance: terminal.Confirmed, Rows: []terminal.Row{row}}, nil
		}
		back, err := here.Reverse(t.Context(), terminal.Reversal{UID: sold.Entry.UID, Note: "wrong pool", Units: ptr(1)})
		if err != nil || back.Choice != terminal.Approved || back.Report(plainWords{}).Left != 8 || back.Record.Entry.Lines[0].Left != 8 {
			t.Errorf("%s for %q, %d left, %v", back.Choice, back.Reason(), back.Lines[0].Left, err)
		}
	})
}

// If the journal named an approver whose word counted for nothing, a manager would be asked about what he never allowed.
func TestOnlyAnApprovalThatCountedIsWritten(t *testing.T) {
	li := &terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier}
	mia := &terminal.Operator{ID: "mia", Name: "Mia", Role: terminal.RoleManager}
	max := &terminal.Operator{ID: "max", Name: "Max", Role: terminal.RoleManager}
	tom := &terminal.Operator{ID: "tom", Name: "Tom", Role: terminal.RoleTechnician}
	above := func(r *terminal.Row) { r.Campaign.Rules.ApprovalAbove = euros(1000) }
	role := func(r *terminal.Row) { r.Campaign.Rules.Role = terminal.RoleManager }
	alone := func(r *terminal.Row) { r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeApproval} }
	for name, test := range map[string]struct {
		change             func(*terminal.Row)
		operator, approver *terminal.Operator
		offline            bool
		want               string
	}{
		"nothing to approve":                   {nil, li, mia, false, ""},
		"nothing to approve, by a technician":  {nil, li, tom, false, ""},
		"above an amount":                      {above, li, mia, false, "mia"},
		"above an amount, by a manager":        {above, mia, max, false, ""},
		"a manager's voucher":                  {role, li, mia, false, "mia"},
		"a manager's voucher, by himself":      {role, mia, mia, false, ""},
		"nobody signed in":                     {role, nil, mia, false, "mia"},
		"nobody signed in, nothing to approve": {nil, nil, tom, false, ""},
		"alone":                                {alone, li, mia, true, "mia"},
		"what is only needed alone, online":    {alone, li, mia, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", test.change)
			if test.offline {
				c.authority.claim = nil
			}
			req := scanOf("A")
			req.Operator, req.Approver = test.operator, test.approver
			outcome := c.redeem(t, req)
			if !outcome.Redeemed() || outcome.Record.Entry.Approver != test.want {
				t.Fatalf("%s for %q, approved by %q, want %q", outcome.Choice, outcome.Reason(), outcome.Record.Entry.Approver, test.want)
			}
		})
	}
	for name, test := range map[string]struct {
		operator, approver *terminal.Operator
		want               string
	}{
		"undone by who redeemed it":             {li, mia, ""},
		"undone by who redeemed it, technician": {li, tom, ""},
		"undone by another":                     {&terminal.Operator{ID: "bo", Name: "Bo", Role: terminal.RoleCashier}, mia, "mia"},
		"undone by a manager":                   {mia, max, ""},
		"undone by nobody":                      {nil, mia, "mia"},
		"undone by nobody, technician":          {nil, tom, "asked"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", nil)
			req := scanOf("A")
			req.Operator = li
			undo := terminal.Reversal{UID: c.redeem(t, req).Record.Entry.UID, Note: "wrong table", Operator: test.operator, Approver: test.approver}
			outcome, err := c.Reverse(t.Context(), undo)
			if test.want == "asked" {
				if err != nil || outcome.Choice != terminal.Asking || outcome.Asks[0].Missing != terminal.MissingOperator {
					t.Errorf("%s, %v", outcome.Choice, err)
				}
				return
			}
			if err != nil || outcome.Record == nil || outcome.Record.Entry.Approver != test.want {
				t.Errorf("%s for %q, %v, %+v", outcome.Choice, outcome.Reason(), err, outcome.Record)
			}
		})
	}
}

// If a manager were told that nobody may undo what the cashier beside him then undoes, nobody would believe the next sentence either.
func TestAManagerMayUndoWhatACashierMay(t *testing.T) {
	li := &terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier}
	mia := &terminal.Operator{ID: "mia", Name: "Mia", Role: terminal.RoleManager}
	for name, manager := range map[string]terminal.ReversalWindow{"never": {Never: true}, "ten minutes": {Seconds: 600}} {
		t.Run(name, func(t *testing.T) {
			for after, want := range map[time.Duration]terminal.Reason{time.Hour: "", time.Hour + time.Second: terminal.ReversalTooLate} {
				c := newCounter(t)
				c.stock("A", func(r *terminal.Row) {
					r.Campaign.Reversal = terminal.ReversalPolicy{Cashier: terminal.ReversalWindow{Seconds: 3600}, Manager: manager}
				})
				req := scanOf("A")
				req.Operator = li
				sold := c.redeem(t, req)
				c.clock.advance(after)
				outcome, err := c.Reverse(t.Context(), terminal.Reversal{UID: sold.Record.Entry.UID, Note: "wrong table", Operator: mia})
				if err != nil || outcome.Reason() != want {
					t.Errorf("after %s: %s for %q, %v", after, outcome.Choice, outcome.Reason(), err)
				}
			}
		})
	}
}

// plainWords says keys.
type plainWords struct{}

func (plainWords) Say(key string, _ map[string]any) string { return key }

func (plainWords) Language() string { return "en" }
