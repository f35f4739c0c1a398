package terminal_test

import (
	"slices"
	"testing"
	"time"

	"countersign/terminal"
)

// If freed lines of an order were not usable at once, a customer whose bread was put back by mistake could not get it until the
// line is up and the counter has synced.
func TestUndoneLinesOfAnOrderAreHandedOverAgain(t *testing.T) {
	for name, online := range map[string]bool{"alone": false, "with the cloud": true} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", order)
			if online {
				c.authority.claim = granted
			}
			first := c.redeem(t, scanOf("A"))
			if !first.Redeemed() {
				t.Fatalf("%s for %q", first.Choice, first.Reason())
			}
			// The row as the counter synced it: both lines collected, in entries up to the redemption.
			synced := c.cache.rows[lookupOf("A")]
			synced.Voucher.Lines = slices.Clone(synced.Voucher.Lines)
			for i := range synced.Voucher.Lines {
				synced.Voucher.Lines[i].Collected = true
			}
			synced.Voucher.Used, synced.Included = 2, first.Record.Entry.Seq
			c.cache.rows[lookupOf("A")] = synced
			if again := c.redeem(t, scanOf("A")); again.Reason() != terminal.AlreadyRedeemed {
				t.Fatalf("collected: %q", again.Reason())
			}
			back, err := c.Reverse(t.Context(), terminal.Reversal{UID: first.Record.Entry.UID, Parts: []string{"b"}, Note: "put back"})
			if err != nil || back.Choice != terminal.Approved {
				t.Fatalf("%s, %v", back.Choice, err)
			}
			second := c.redeem(t, scanOf("A"))
			if !second.Redeemed() || len(second.Lines[0].Parts) != 1 || second.Lines[0].Parts[0].ID != "b" {
				t.Fatalf("what was undone: %s for %q, %v", second.Choice, second.Reason(), second.Lines[0].Parts)
			}
			if third := c.redeem(t, scanOf("A")); third.Reason() != terminal.AlreadyRedeemed {
				t.Errorf("a third time: %s for %q", third.Choice, third.Reason())
			}
		})
	}
}

// If a limit per redemption counted each line for itself, one gift card scanned three times for a bill would pay what one scan may not.
func TestLimitsHoldForTheSumOfABill(t *testing.T) {
	card := func(change func(*terminal.Row)) func(*terminal.Row) {
		return func(r *terminal.Row) {
			r.Campaign.ID, r.Campaign.Kind, r.Voucher.Units, r.Campaign.Price, r.Campaign.Value = "card", terminal.KindBalance, 20000, nil, nil
			r.Voucher.Campaign = "card"
			change(r)
		}
	}
	approve := card(func(r *terminal.Row) { r.Campaign.Rules.ApprovalAbove = euros(5000) })
	own := card(func(r *terminal.Row) { r.Voucher.Rules = &terminal.Rules{ApprovalAbove: euros(5000)} })
	limit := card(func(r *terminal.Row) {
		r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeLimit, PerRedemption: euros(1000)}
	})
	tiers := card(func(*terminal.Row) {})
	for name, test := range map[string]struct {
		row     func(*terminal.Row)
		codes   []string
		each    int64
		age     time.Duration
		want    terminal.Reason
		choice  terminal.Choice
		offline bool
	}{
		"one card, approval":              {row: approve, codes: []string{"A"}, each: 5000, choice: terminal.Approved},
		"one card three times, approval":  {row: approve, codes: []string{"A", "A", "A"}, each: 2000, choice: terminal.Asking, want: terminal.ApprovalRequired},
		"two cards, approval":             {row: approve, codes: []string{"A", "B"}, each: 2501, choice: terminal.Asking, want: terminal.ApprovalRequired},
		"two cards at the limit":          {row: approve, codes: []string{"A", "B"}, each: 2500, choice: terminal.Approved},
		"two cards, each its own rule":    {row: own, codes: []string{"A", "B"}, each: 5000, choice: terminal.Approved},
		"one with its own rule, twice":    {row: own, codes: []string{"A", "A"}, each: 2501, choice: terminal.Asking, want: terminal.ApprovalRequired},
		"one card, alone":                 {row: limit, codes: []string{"A"}, each: 1000, choice: terminal.Approved, offline: true},
		"one card three times, alone":     {row: limit, codes: []string{"A", "A", "A"}, each: 1000, choice: terminal.Declined, want: terminal.OfflineLimit, offline: true},
		"one card three times, confirmed": {row: limit, codes: []string{"A", "A", "A"}, each: 1000, choice: terminal.Approved},
		"the default limit":               {row: tiers, codes: []string{"A", "A"}, each: 5001, age: time.Hour, choice: terminal.Declined, want: terminal.OfflineLimit, offline: true},
		"the least tier":                  {row: tiers, codes: []string{"A", "A"}, each: 1001, age: 25 * time.Hour, choice: terminal.Declined, want: terminal.OfflineLimit, offline: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", test.row)
			c.stock("B", test.row)
			c.authority.claim = granted
			if test.offline {
				c.authority.claim = nil
			}
			c.cache.fresh.ReachedEnd = noon.Add(-test.age)
			req := scanOf(test.codes...)
			for i := range req.Scans {
				req.Scans[i].Amount = euros(test.each)
			}
			if outcome := c.redeem(t, req); outcome.Choice != test.choice || outcome.Reason() != test.want {
				t.Errorf("%s for %q; want %s for %q", outcome.Choice, outcome.Reason(), test.choice, test.want)
			}
		})
	}
}

// If a discount that takes nothing off were honoured, the customer would have used the voucher up for nothing.
func TestDiscountsTakeSomethingOff(t *testing.T) {
	for name, test := range map[string]struct {
		vouchers []func(*terminal.Row)
		bill     int64
		want     terminal.Reason
	}{
		"a percentage of nothing":    {[]func(*terminal.Row){percent(2000, nil)}, 0, terminal.AmountInvalid},
		"an amount off nothing":      {[]func(*terminal.Row){amountOff(500)}, 0, terminal.AmountInvalid},
		"rounded to nothing":         {[]func(*terminal.Row){percent(2000, nil)}, 2, terminal.AmountInvalid},
		"a cent":                     {[]func(*terminal.Row){percent(2000, nil)}, 3, ""},
		"nothing left by the others": {[]func(*terminal.Row){amountOff(500), amountOff(500)}, 500, terminal.AmountInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			codes := []string{"A", "B"}[:len(test.vouchers)]
			for i, change := range test.vouchers {
				c.stock(codes[i], change)
			}
			req := scanOf(codes...)
			req.Bill = euros(test.bill)
			outcome := c.redeem(t, req)
			if outcome.Reason() != test.want || outcome.Redeemed() != (test.want == "") {
				t.Fatalf("%s for %q; want %q", outcome.Choice, outcome.Reason(), test.want)
			}
			if test.want != "" && outcome.Findings[0].Next().Key != "discount.nothing.next" {
				t.Errorf("the next step is %s", outcome.Findings[0].Next().Key)
			}
		})
	}
}

// If the next step did not help, the cashier would type smaller numbers at a voucher that was scanned twice.
func TestNextStepsFitTheCause(t *testing.T) {
	two, eleven := int64(2), int64(11)
	pass := func(r *terminal.Row) {
		r.Campaign.Kind, r.Voucher.Units, r.Campaign.Rules.UnitsAtOnce = terminal.KindPass, 10, 2
	}
	balance := func(r *terminal.Row) { r.Campaign.Kind, r.Voucher.Units = terminal.KindBalance, 2000 }
	loaves := func(one bool) func(*terminal.Row) {
		return func(r *terminal.Row) {
			order(r)
			r.Voucher.Units, r.Voucher.Lines = 3, append(r.Voucher.Lines, terminal.OrderLine{ID: "c", Name: "Bread", Quantity: 1})
			if one {
				r.Voucher.Used, r.Voucher.Lines[1].Collected = 1, true
			}
		}
	}
	for name, test := range map[string]struct {
		row   func(*terminal.Row)
		codes []string
		units *int64
		lines []string
		want  []terminal.Reason
		next  string
	}{
		"a product twice":        {row: nil, codes: []string{"A", "A"}, want: []terminal.Reason{terminal.UnitsLimit}, next: "units.twice.next"},
		"a pass beyond its most": {row: pass, codes: []string{"A", "A"}, units: &two, want: []terminal.Reason{terminal.UnitsLimit}, next: "units.twice.next"},
		"eleven of ten":          {row: pass, codes: []string{"A"}, units: &eleven, want: []terminal.Reason{terminal.UsesExhausted, terminal.UnitsLimit}, next: "reason.uses_exhausted.next"},
		"two of a gift card":     {row: balance, codes: []string{"A"}, units: &two, want: []terminal.Reason{terminal.UnitsLimit}, next: "units.amount.next"},
		"a line there is not":    {row: order, codes: []string{"A"}, lines: []string{"z"}, want: []terminal.Reason{terminal.AmountInvalid}, next: "lines.unknown.next"},
		"a line by its name":     {row: order, codes: []string{"A"}, lines: []string{"bread"}},
		"a line by a capital":    {row: order, codes: []string{"A"}, lines: []string{"B", "b"}},
		"one of two of a name":   {row: loaves(false), codes: []string{"A"}, lines: []string{"Bread"}, want: []terminal.Reason{terminal.AmountInvalid}, next: "lines.several.next"},
		"the open one of a name": {row: loaves(true), codes: []string{"A"}, lines: []string{"Bread"}},
		"a line with spaces":     {row: order, codes: []string{"A"}, lines: []string{" b "}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", test.row)
			req := scanOf(test.codes...)
			req.Units, req.Lines = test.units, test.lines
			outcome := c.redeem(t, req)
			var got []terminal.Reason
			for _, finding := range outcome.Findings {
				got = append(got, finding.Reason)
			}
			if !slices.Equal(got, test.want) {
				t.Fatalf("%s for %v; want %v", outcome.Choice, got, test.want)
			}
			if len(got) > 0 && outcome.Findings[0].Next().Key != test.next {
				t.Errorf("the next step is %s; want %s", outcome.Findings[0].Next().Key, test.next)
			}
		})
	}
}
