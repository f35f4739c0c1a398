package terminal_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"countersign/terminal"
)

// If a redemption were not recorded whole, the manager's figures and the customer's slip would disagree.
func TestRedeemRecordsEverything(t *testing.T) {
	c := newCounter(t)
	row := c.stock("CODE-1", nil)
	req := scanOf("CODE-1")
	req.Operator = &terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier}
	outcome := c.redeem(t, req)
	if !outcome.Redeemed() {
		t.Fatalf("%s for %s", outcome.Choice, outcome.Reason())
	}
	entry := outcome.Record.Entry
	if entry.Assurance != terminal.Confirmed || entry.Claim != "hold-1" || entry.Operator != "li" || entry.Receipt.String() != "1-000001" ||
		entry.BusinessDay.String() != "2026-06-16" || entry.Store != "quay" || entry.Terminal != "counter-1" {
		t.Errorf("entry %+v", entry)
	}
	line := entry.Lines[0]
	candidate := terminal.Candidate{}
	copy(candidate.Inner[:], "CODE-1")
	if line.Voucher != row.Voucher.ID || line.Units != 1 || *line.Price != *euros(3990) || *line.Value != *euros(6800) ||
		!bytes.Equal(line.Proof, candidate.Proof(entry.UID)) || line.Masked != "-1" {
		t.Errorf("line %+v", line)
	}
	if len(c.journal.jobs) != 1 || string(c.journal.jobs[0].Bytes) != "1-000001" {
		t.Errorf("slips %v", c.journal.jobs)
	}
}

// If an answer of the ladder were mistaken for another, the cashier would honour what the cloud refused, or turn away what it did not.
func TestLadder(t *testing.T) {
	deny := func(reason terminal.Reason) func(terminal.Claim) (terminal.ClaimAnswer, error) {
		return func(terminal.Claim) (terminal.ClaimAnswer, error) {
			return terminal.ClaimAnswer{Findings: []terminal.Finding{{Reason: reason}}}, nil
		}
	}
	never := func(r *terminal.Row) { r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeNever} }
	limit := func(policy terminal.OfflinePolicy) func(*terminal.Row) {
		return func(r *terminal.Row) { policy.Mode = terminal.ModeLimit; r.Campaign.Offline = &policy }
	}
	doubted := func(claim terminal.Claim) (terminal.ClaimAnswer, error) { // by a cloud that does not know all yet
		answer, err := granted(claim)
		answer.ID, answer.Assurance = "c1", terminal.Offline
		return answer, err
	}
	for name, test := range map[string]struct {
		change    func(*terminal.Row)
		claim     func(terminal.Claim) (terminal.ClaimAnswer, error)
		age       time.Duration
		approver  *terminal.Operator
		assurance terminal.Assurance
		want      terminal.Reason
	}{
		"the cloud says yes":        {claim: granted, assurance: terminal.Confirmed},
		"the cloud says no":         {claim: deny(terminal.HeldElsewhere), want: terminal.HeldElsewhere},
		"alone, fresh cache":        {age: 14 * time.Minute, assurance: terminal.Offline},
		"alone, recent cache":       {age: 23 * time.Hour, assurance: terminal.Offline},
		"alone, old cache, dear":    {age: 25 * time.Hour, want: terminal.OfflineLimit},
		"alone, old cache, cheap":   {age: 25 * time.Hour, change: func(r *terminal.Row) { r.Campaign.Price = euros(2000) }, assurance: terminal.Offline},
		"alone, ancient cache":      {age: 7*24*time.Hour + 1, change: func(r *terminal.Row) { r.Campaign.Price = euros(1) }, want: terminal.CacheTooOld},
		"ancient, nobody overrides": {age: 8 * 24 * time.Hour, change: func(r *terminal.Row) { r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeAllow} }, approver: &terminal.Operator{Role: terminal.RoleManager}, want: terminal.CacheTooOld},
		"alone, never":              {change: never, want: terminal.OfflineNotAllowed},
		"restored cloud, never":     {change: never, claim: doubted, want: terminal.OfflineNotAllowed},
		"restored cloud, dear":      {change: func(r *terminal.Row) { r.Campaign.Price = euros(10001) }, claim: doubted, want: terminal.OfflineLimit},
		"restored cloud, within":    {claim: doubted, assurance: terminal.Offline},
		"never, but confirmed":      {change: never, claim: granted, assurance: terminal.Confirmed},
		"alone, over a redemption":  {change: limit(terminal.OfflinePolicy{PerRedemption: euros(3989)}), want: terminal.OfflineLimit},
		"alone, at the limit":       {change: limit(terminal.OfflinePolicy{PerRedemption: euros(3990)}), assurance: terminal.Offline},
		"alone, over the terminal":  {change: limit(terminal.OfflinePolicy{PerTerminal: euros(3989)}), want: terminal.OfflineLimit},
		"alone, policy's own age":   {change: limit(terminal.OfflinePolicy{CacheAgeSeconds: 60}), age: 61 * time.Second, want: terminal.CacheTooOld},
		"alone, needs approval":     {change: func(r *terminal.Row) { r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeApproval} }, want: terminal.ApprovalRequired},
		"alone, a cashier approves": {change: func(r *terminal.Row) { r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeApproval} },
			approver: &terminal.Operator{ID: "bo", Role: terminal.RoleCashier}, want: terminal.OperatorNotAllowed},
		"alone, approved": {change: func(r *terminal.Row) { r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeApproval} },
			approver: &terminal.Operator{ID: "mia", Role: terminal.RoleManager}, assurance: terminal.Offline},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", test.change)
			c.authority.claim = test.claim
			c.cache.fresh.ReachedEnd = noon.Add(-test.age)
			req := scanOf("A")
			req.Approver = test.approver
			outcome := c.redeem(t, req)
			if outcome.Reason() != test.want || outcome.Redeemed() != (test.want == "") {
				t.Fatalf("%s for %q; want %q", outcome.Choice, outcome.Reason(), test.want)
			}
			if outcome.Redeemed() && outcome.Record.Entry.Assurance != test.assurance {
				t.Errorf("assurance is %s; want %s", outcome.Record.Entry.Assurance, test.assurance)
			}
			if !outcome.Redeemed() && len(c.authority.released) != 1 {
				t.Errorf("a claim that came to nothing was released %d times", len(c.authority.released))
			}
			if offline := outcome.Redeemed() && test.assurance == terminal.Offline; (c.journal.exposure.Count == 1) != offline {
				t.Errorf("exposure is %v", c.journal.exposure)
			}
		})
	}
}

// If the number of unacknowledged redemptions were not counted, a terminal that is cut off could honour without end.
func TestOfflineCount(t *testing.T) {
	c := newCounter(t)
	c.authority.claim = nil
	for _, code := range []string{"A", "B", "C"} {
		c.stock(code, func(r *terminal.Row) {
			r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeLimit, Count: 2}
		})
	}
	for i, code := range []string{"A", "B", "C"} {
		if outcome := c.redeem(t, scanOf(code)); outcome.Redeemed() != (i < 2) {
			t.Errorf("%s: %s for %s", code, outcome.Choice, outcome.Reason())
		}
	}
}

// If a stale cache were believed, a voucher refilled, reversed or issued elsewhere a minute ago would be turned away; and if the
// terminal asked for what it knows itself, every wrong store would cost the queue most of a second.
func TestWhatIsAskedOfTheCloud(t *testing.T) {
	newer := func(c *counter) func([]terminal.Lookup) (terminal.Row, error) {
		return func(lookups []terminal.Lookup) (terminal.Row, error) {
			row := c.cache.rows[lookups[0]]
			if row.Voucher.ID == 0 {
				return terminal.Row{}, terminal.ErrUnknown
			}
			row.Voucher.Used, row.Voucher.State = 0, terminal.VoucherActive
			row.Included = uint64(len(c.journal.records))
			return row, nil
		}
	}
	for name, test := range map[string]struct {
		change func(*terminal.Row)
		asked  int
		want   terminal.Reason
	}{
		"used elsewhere, reversed since": {func(r *terminal.Row) { r.Voucher.Used = 1 }, 1, ""},
		"revoked by mistake":             {func(r *terminal.Row) { r.Voucher.State = terminal.VoucherRevoked }, 1, ""},
		"expired":                        {func(r *terminal.Row) { r.Campaign.Rules.ValidUntil = local("2026-01-01 00:00:00") }, 0, terminal.Expired},
		"used elsewhere and expired": {func(r *terminal.Row) {
			r.Voucher.Used, r.Campaign.Rules.ValidUntil = 1, local("2026-01-01 00:00:00")
		}, 0, terminal.AlreadyRedeemed},
		"wrong store": {func(r *terminal.Row) { r.Campaign.Rules.Stores = []string{"hill"} }, 0, terminal.WrongStore},
		"good":        {nil, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.authority.ask = newer(c)
			c.stock("A", test.change)
			outcome, err := c.Scan(t.Context(), scanOf("A"))
			if err != nil || outcome.Reason() != test.want || c.authority.asked != test.asked {
				t.Errorf("%s for %q, asked %d times, %v; want %q, %d", outcome.Choice, outcome.Reason(), c.authority.asked, err, test.want, test.asked)
			}
		})
	}
	t.Run("own use", func(t *testing.T) {
		c := newCounter(t)
		c.authority.ask = newer(c)
		c.stock("A", nil)
		c.redeem(t, scanOf("A"))
		if outcome := c.redeem(t, scanOf("A")); outcome.Reason() != terminal.AlreadyRedeemed || c.authority.asked != 1 {
			t.Errorf("%s for %q, asked %d times", outcome.Choice, outcome.Reason(), c.authority.asked)
		}
	})
	t.Run("own use of what the cloud does not know", func(t *testing.T) {
		c := newCounter(t)
		c.authority.ask = func([]terminal.Lookup) (terminal.Row, error) { return terminal.Row{}, terminal.ErrUnknown }
		c.stock("A", nil)
		c.redeem(t, scanOf("A"))
		if outcome := c.redeem(t, scanOf("A")); outcome.Reason() != terminal.AlreadyRedeemed {
			t.Errorf("%s for %q", outcome.Choice, outcome.Reason())
		}
	})
	t.Run("own use, and what others did since", func(t *testing.T) {
		c := newCounter(t)
		row := c.stock("A", func(r *terminal.Row) {
			order(r)
			r.Voucher.Units, r.Voucher.Lines = 3, append(slices.Clone(r.Voucher.Lines), terminal.OrderLine{ID: "c", Name: "Cheese", Quantity: 1})
		})
		first := scanOf("A")
		first.Lines = []string{"a"}
		c.redeem(t, first)
		row.Voucher.Lines = slices.Clone(row.Voucher.Lines)
		row.Voucher.Lines[0].Collected, row.Voucher.Lines[1].Collected = true, true
		row.Voucher.Used, row.Included = 2, uint64(len(c.journal.records))
		c.authority.ask = func([]terminal.Lookup) (terminal.Row, error) { return row, nil }
		outcome := c.redeem(t, first)
		if open, _ := outcome.Findings[0].Facts["open"].([]string); outcome.Reason() != terminal.AlreadyRedeemed || len(open) != 1 || outcome.Lines[0].Left != 1 {
			t.Errorf("%s for %q, open %v, %d left", outcome.Choice, outcome.Reason(), open, outcome.Lines[0].Left)
		}
	})
	t.Run("unknown here, known there", func(t *testing.T) {
		c := newCounter(t)
		row := c.stock("A", nil)
		delete(c.cache.rows, row.Voucher.Lookup)
		c.authority.ask = func([]terminal.Lookup) (terminal.Row, error) { return row, nil }
		if outcome := c.redeem(t, scanOf("A")); !outcome.Redeemed() {
			t.Errorf("%s for %q", outcome.Choice, outcome.Reason())
		}
	})
	t.Run("unknown here, and nobody to ask", func(t *testing.T) {
		c := newCounter(t)
		if outcome := c.redeem(t, scanOf("NOBODYS")); outcome.Reason() != terminal.NotFound || outcome.Findings[0].Facts["line"] != "down" {
			t.Errorf("%s for %q, %v", outcome.Choice, outcome.Reason(), outcome.Findings)
		}
	})
	t.Run("unknown here while the vouchers are still on their way, and nobody to ask", func(t *testing.T) {
		c := newCounter(t)
		c.cache.fresh.ReachedEnd = time.Time{}
		if outcome := c.redeem(t, scanOf("NOBODYS")); outcome.Reason() != terminal.CacheTooOld || outcome.Findings[0].Facts["list"] != "unfilled" {
			t.Errorf("%s for %q, %v", outcome.Choice, outcome.Reason(), outcome.Findings)
		}
	})
	t.Run("unknown everywhere", func(t *testing.T) {
		c := newCounter(t)
		c.authority.ask = newer(c)
		if outcome := c.redeem(t, scanOf("NOBODYS")); outcome.Reason() != terminal.NotFound || c.journal.count(terminal.EntryDecline) != 1 {
			t.Errorf("%s for %q, %d declines", outcome.Choice, outcome.Reason(), c.journal.count(terminal.EntryDecline))
		}
	})
}

// If the second decision, inside the transaction, were left out, two scans at the same moment would honour one voucher twice.
func TestDecidesAgainInsideTheTransaction(t *testing.T) {
	c := newCounter(t)
	c.stock("A", nil)
	var inner terminal.Outcome
	c.journal.before = func() { inner = c.redeem(t, scanOf("A")) }
	outer := c.redeem(t, scanOf("A"))
	if !inner.Redeemed() || outer.Redeemed() || outer.Reason() != terminal.AlreadyRedeemed || c.journal.count(terminal.EntryRedeem) != 1 {
		t.Errorf("inner %s, outer %s for %s, %d redemptions", inner.Choice, outer.Choice, outer.Reason(), c.journal.count(terminal.EntryRedeem))
	}
	if len(c.authority.released) != 1 {
		t.Errorf("released %v", c.authority.released)
	}
}

// If asking twice for the same uid redeemed twice, a retry after a lost answer would cost the customer a unit.
func TestSameUIDIsOneRedemption(t *testing.T) {
	c := newCounter(t)
	c.stock("A", func(r *terminal.Row) { pass(10, 1)(r) })
	req := scanOf("A")
	req.UID = terminal.UID{1}
	first, second := c.redeem(t, req), c.redeem(t, req)
	if !first.Redeemed() || !second.Redeemed() || c.journal.count(terminal.EntryRedeem) != 1 {
		t.Errorf("%s, %s, %d redemptions", first.Choice, second.Choice, c.journal.count(terminal.EntryRedeem))
	}
}

// If a full disk or a broken layout still showed green, the redemption would be lost.
func TestNothingIsApprovedThatIsNotWritten(t *testing.T) {
	for name, breaks := range map[string]func(*counter){
		"full disk":     func(c *counter) { c.journal.full = errDiskFull },
		"broken layout": func(c *counter) { c.slips.err = errDiskFull },
	} {
		c := newCounter(t)
		c.stock("A", nil)
		breaks(c)
		outcome, err := c.Redeem(t.Context(), scanOf("A"))
		if !errors.Is(err, errDiskFull) || outcome.Redeemed() || len(c.authority.released) != 1 {
			t.Errorf("%s: %s, %v, released %d", name, outcome.Choice, err, len(c.authority.released))
		}
	}
}

// If nobody were told to sign in, redemptions would be nobody's.
func TestSignInIsAskedFor(t *testing.T) {
	c := newCounter(t)
	c.stock("A", nil)
	c.cache.settings.Store.SignIn = terminal.SignInShift
	outcome := c.redeem(t, scanOf("A"))
	if outcome.Choice != terminal.Asking || outcome.Asks[0].Missing != terminal.MissingOperator {
		t.Errorf("%s, asks %v", outcome.Choice, outcome.Asks)
	}
}

// If a thief could try PINs for ever, four digits would fall in an afternoon.
func TestPINLocks(t *testing.T) {
	c := newCounter(t)
	try := func(id, pin string, want terminal.Reason) {
		t.Helper()
		operator, finding, err := c.SignIn(t.Context(), id, pin)
		got := terminal.Reason("")
		if finding != nil {
			got = finding.Reason
		}
		if err != nil || got != want || (operator != nil) != (want == "") {
			t.Errorf("%s with %s: %v, %q, %v; want %q", id, pin, operator, got, err, want)
		}
	}
	try("li", "4821", "")
	try("nobody", "4821", terminal.OperatorNotAllowed)
	try("zoe", "8642", terminal.OperatorNotAllowed) // of another store
	for range 4 {
		try("li", "0000", terminal.WrongPIN)
	}
	try("li", "0000", terminal.PINLocked)
	try("li", "4821", terminal.PINLocked)
	try("mia", "1357", "")
	c.clock.advance(4*time.Minute + 59*time.Second)
	try("li", "4821", terminal.PINLocked)
	c.clock.advance(time.Second)
	try("li", "0000", terminal.PINLocked) // the sixth: ten minutes
	c.clock.advance(9 * time.Minute)
	try("li", "4821", terminal.PINLocked)
	c.clock.advance(time.Minute)
	try("li", "4821", "")
	try("li", "0000", terminal.WrongPIN) // counted from the start again
	if refused := c.journal.count(terminal.EntryDecline); refused != 12 {
		t.Errorf("%d of 12 refused sign-ins are journalled", refused)
	}
	if first := c.journal.records[0].Entry; first.Reason != terminal.OperatorNotAllowed || first.Operator != "" {
		t.Errorf("the first of them: %+v", first)
	}
}

// If a reversal gave back too much, too late or to the wrong hands, the drawer would not match the day.
func TestReversal(t *testing.T) {
	li := &terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier}
	bo := &terminal.Operator{ID: "bo", Name: "Bo", Role: terminal.RoleCashier}
	mia := &terminal.Operator{ID: "mia", Name: "Mia", Role: terminal.RoleManager}
	for name, test := range map[string]struct {
		change   func(*terminal.Row)
		after    time.Duration
		operator *terminal.Operator
		approver *terminal.Operator
		units    *int64
		want     terminal.Reason
	}{
		"own":                     {operator: li},
		"own, in time":            {after: time.Hour, operator: li},
		"own, too late":           {after: time.Hour + time.Second, operator: li, want: terminal.ReversalTooLate},
		"somebody else's":         {operator: bo, want: terminal.OperatorNotAllowed},
		"somebody else's, agreed": {operator: bo, approver: mia},
		"manager, same day":       {after: 15*time.Hour + 59*time.Minute, operator: mia},
		"manager, next day":       {after: 16*time.Hour + time.Second, operator: mia, want: terminal.ReversalTooLate},
		"campaign says never":     {change: func(r *terminal.Row) { r.Campaign.Reversal.Cashier.Never = true }, operator: li, want: terminal.ReversalTooLate},
		"campaign gives longer":   {change: func(r *terminal.Row) { r.Campaign.Reversal.Cashier.Seconds = 7200 }, after: 2 * time.Hour, operator: li},
		"campaign gives the day":  {change: func(r *terminal.Row) { r.Campaign.Reversal.Cashier.Day = true }, after: 10 * time.Hour, operator: li},
		"one unit too many":       {operator: li, units: ptr(2), want: terminal.UnitsLimit},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", test.change)
			req := scanOf("A")
			req.Operator = li
			redeemed := c.redeem(t, req)
			c.clock.advance(test.after)
			outcome, err := c.Reverse(t.Context(), terminal.Reversal{Receipt: redeemed.Record.Entry.Receipt, Note: "wrong table",
				Operator: test.operator, Approver: test.approver, Units: test.units})
			if err != nil || outcome.Reason() != test.want || (outcome.Record != nil) != (test.want == "") {
				t.Fatalf("%s for %q, %v; want %q", outcome.Choice, outcome.Reason(), err, test.want)
			}
			if test.want != "" {
				if c.journal.count(terminal.EntryDecline) != 1 {
					t.Error("the decline is not in the journal")
				}
				return
			}
			if again, err := c.Reverse(t.Context(), terminal.Reversal{UID: redeemed.Record.Entry.UID, Note: "again", Operator: mia}); err != nil ||
				again.Reason() != terminal.AlreadyReversed {
				t.Errorf("again: %s for %q, %v", again.Choice, again.Reason(), err)
			}
			if again := c.redeem(t, req); !again.Redeemed() {
				t.Errorf("the unit is not usable again: %s for %s", again.Choice, again.Reason())
			}
		})
	}
}

// If a redemption could be undone at two counters, the customer would be paid back twice.
func TestReversalAsksWhatOthersTookBack(t *testing.T) {
	for name, test := range map[string]struct {
		acked    bool
		reversed []int64
		want     terminal.Reason
	}{
		"undone elsewhere":           {true, []int64{1}, terminal.AlreadyReversed},
		"not undone":                 {true, []int64{0}, ""},
		"the cloud does not have it": {false, []int64{1}, ""},
		"nobody answers":             {true, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", nil)
			redeemed := c.redeem(t, scanOf("A"))
			c.journal.records[0].Acked = test.acked
			if test.reversed != nil {
				record := *redeemed.Record
				record.Reversed = test.reversed
				c.authority.sold = map[terminal.UID]terminal.Record{record.Entry.UID: record}
			}
			outcome, err := c.Reverse(t.Context(), terminal.Reversal{UID: redeemed.Record.Entry.UID, Note: "wrong table"})
			if err != nil || outcome.Reason() != test.want {
				t.Errorf("%s for %q, %v; want %q", outcome.Choice, outcome.Reason(), err, test.want)
			}
		})
	}
}

// If a campaign's window held only for vouchers that the cache has, yesterday's sales of new vouchers could be taken back.
func TestReversalKeepsTheWindowWithoutTheRow(t *testing.T) {
	c := newCounter(t)
	row := c.stock("A", func(r *terminal.Row) { r.Campaign.Reversal.Cashier.Never = true })
	other := c.stock("B", func(r *terminal.Row) { r.Campaign.Reversal.Cashier.Never = true })
	redeemed := c.redeem(t, scanOf("A"))
	delete(c.cache.rows, row.Voucher.Lookup)
	reversal := terminal.Reversal{UID: redeemed.Record.Entry.UID, Note: "wrong table"}
	if outcome, err := c.Reverse(t.Context(), reversal); err != nil || outcome.Reason() != terminal.ReversalTooLate {
		t.Errorf("without the row: %s for %q, %v", outcome.Choice, outcome.Reason(), err)
	}
	delete(c.cache.rows, other.Voucher.Lookup)
	if outcome, err := c.Reverse(t.Context(), reversal); !errors.Is(err, terminal.ErrRulesUnknown) {
		t.Errorf("without the campaign: %s for %q, %v", outcome.Choice, outcome.Reason(), err)
	}
}

// If somebody's sale could be taken back by nobody, the rule that it is his would be decoration.
func TestReversalOfSomebodysSaleAsksForAPerson(t *testing.T) {
	c := newCounter(t)
	c.stock("A", nil)
	req := scanOf("A")
	req.Operator = &terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier}
	redeemed := c.redeem(t, req)
	outcome, err := c.Reverse(t.Context(), terminal.Reversal{UID: redeemed.Record.Entry.UID, Note: "wrong table"})
	if err != nil || outcome.Choice != terminal.Asking || outcome.Asks[0].Missing != terminal.MissingOperator {
		t.Errorf("%s, asks %v, %v", outcome.Choice, outcome.Asks, err)
	}
}

// If a slip said more is left than was ever there, the customer would hold it up at the next visit.
func TestLeftAfterReversal(t *testing.T) {
	for _, forgotten := range []bool{false, true} {
		c := newCounter(t)
		row := c.stock("G", balance(5000))
		c.stock("B", balance(1))
		var first terminal.Outcome
		for i, minor := range []int64{2000, 3000} {
			req := scanOf("G")
			req.Amount = euros(minor)
			outcome := c.redeem(t, req)
			if i == 0 {
				first = outcome
			}
		}
		if forgotten {
			delete(c.cache.rows, row.Voucher.Lookup)
		}
		back, err := c.Reverse(t.Context(), terminal.Reversal{UID: first.Record.Entry.UID, Note: "wrong card"})
		if err != nil || back.Record == nil || back.Record.Entry.Lines[0].Left != 2000 {
			t.Errorf("forgotten %v: %s, %v, %+v", forgotten, back.Choice, err, back.Record)
		}
	}
}

// If one line of an order could not be taken back alone, the whole order would go back over the counter.
func TestReversalOfOneLineOfAnOrder(t *testing.T) {
	c := newCounter(t)
	c.stock("O", order)
	redeemed := c.redeem(t, scanOf("O"))
	reversal := terminal.Reversal{UID: redeemed.Record.Entry.UID, Note: "stale bread", Parts: []string{"b"}}
	outcome, err := c.Reverse(t.Context(), reversal)
	if err != nil || outcome.Record == nil || len(outcome.Record.Entry.Lines) != 1 || outcome.Record.Entry.Lines[0].Part != "b" {
		t.Fatalf("%s for %q, %v", outcome.Choice, outcome.Reason(), err)
	}
	if again, err := c.Reverse(t.Context(), reversal); err != nil || again.Reason() != terminal.AlreadyReversed {
		t.Errorf("again: %s for %q, %v", again.Choice, again.Reason(), err)
	}
	req := scanOf("O")
	req.Lines = []string{"b"}
	if again := c.redeem(t, req); !again.Redeemed() {
		t.Errorf("the bread cannot be collected again: %s", again.Reason())
	}
	for _, odd := range []terminal.Reversal{{Parts: []string{"z"}}, {Units: ptr(1)}} {
		odd.UID, odd.Note = redeemed.Record.Entry.UID, "odd"
		if _, err := c.Reverse(t.Context(), odd); !errors.Is(err, terminal.ErrParts) {
			t.Errorf("%+v: %v", odd, err)
		}
	}
	odd := terminal.Reversal{UID: redeemed.Record.Entry.UID, Note: "odd", Parts: []string{"b", "z"}}
	if _, err := c.Reverse(t.Context(), odd); err == nil || !strings.Contains(err.Error(), `line "z" was not handed over with that receipt, only a, b`) {
		t.Errorf("which line is not on the receipt: %v", err)
	}
}

// If a clock set back gave a reversal more time, yesterday's takings could be taken back today.
func TestReversalWindowIgnoresTheWallClock(t *testing.T) {
	c := newCounter(t)
	c.stock("A", nil)
	redeemed := c.redeem(t, scanOf("A"))
	c.clock.reading.Monotonic += 2 * time.Hour // two hours pass, while somebody holds the clock still
	outcome, err := c.Reverse(t.Context(), terminal.Reversal{UID: redeemed.Record.Entry.UID, Note: "late"})
	if err != nil || outcome.Reason() != terminal.ReversalTooLate {
		t.Errorf("%s for %q, %v", outcome.Choice, outcome.Reason(), err)
	}
}

// If a balance did not come back to the cent, the gift card's owner would be robbed or enriched.
func TestBalanceInParts(t *testing.T) {
	c := newCounter(t)
	c.stock("G", balance(5000))
	spend := func(minor int64) terminal.Outcome {
		req := scanOf("G")
		req.Amount = euros(minor)
		return c.redeem(t, req)
	}
	first := spend(2000)
	if !first.Redeemed() || first.Lines[0].Left != 3000 {
		t.Fatalf("20.00: %s, left %d", first.Choice, first.Lines[0].Left)
	}
	if second := spend(3500); second.Reason() != terminal.InsufficientBalance || second.Findings[0].Facts["left"] != *euros(3000) {
		t.Fatalf("35.00: %s for %s, facts %v", second.Choice, second.Reason(), second.Findings)
	}
	if third := spend(3000); !third.Redeemed() || third.Lines[0].Left != 0 {
		t.Fatalf("30.00: %s", third.Choice)
	}
	back, err := c.Reverse(t.Context(), terminal.Reversal{UID: first.Record.Entry.UID, Note: "wrong card"})
	if err != nil || back.Record == nil || *back.Record.Entry.Lines[0].Amount != *euros(2000) {
		t.Fatalf("reversal: %s for %s, %v", back.Choice, back.Reason(), err)
	}
	if again := spend(2001); again.Reason() != terminal.InsufficientBalance || again.Findings[0].Facts["left"] != *euros(2000) {
		t.Errorf("20.01 after the reversal: %s for %s", again.Choice, again.Reason())
	}
}

// If a reprint looked like an original, a customer could be given two slips for one dinner.
func TestReprintIsADuplicate(t *testing.T) {
	c := newCounter(t)
	c.stock("A", nil)
	redeemed := c.redeem(t, scanOf("A"))
	for range 2 {
		if _, err := c.Reprint(t.Context(), redeemed.Record.Entry.UID, nil); err != nil {
			t.Fatal(err)
		}
	}
	if c.journal.count(terminal.EntryReprint) != 2 || len(c.journal.jobs) != 3 {
		t.Errorf("%d reprint entries, %d jobs", c.journal.count(terminal.EntryReprint), len(c.journal.jobs))
	}
	if _, err := c.Reprint(t.Context(), terminal.UID{9}, nil); !errors.Is(err, terminal.ErrUnknown) {
		t.Errorf("an unknown slip: %v", err)
	}
}

// If some order of redeeming, reversing, going offline and refreshing the cache honoured a unit twice or lost one, a shop would find
// it on a busy Saturday.
func TestNoSequenceHonoursAUnitTwice(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		c := newCounter(t)
		total := rapid.Int64Range(1, 12).Draw(r, "total")
		row := c.stock("P", func(row *terminal.Row) {
			pass(total, 0)(row)
			row.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeAllow}
		})
		net := int64(0)
		r.Repeat(map[string]func(*rapid.T){
			"redeem": func(r *rapid.T) {
				req := scanOf("P")
				req.Units = ptr(rapid.Int64Range(1, 5).Draw(r, "units"))
				if rapid.Bool().Draw(r, "offline") {
					c.authority.claim = nil
				} else {
					c.authority.claim = granted
				}
				outcome, err := c.Redeem(t.Context(), req)
				if err != nil {
					r.Fatal(err)
				}
				if want := net+*req.Units <= total; outcome.Redeemed() != want {
					r.Fatalf("%d of %d left: %d redeemed is %v", total-net, total, *req.Units, outcome.Redeemed())
				}
				if outcome.Redeemed() {
					net += *req.Units
				}
			},
			"reverse": func(r *rapid.T) {
				if len(c.journal.records) == 0 {
					r.Skip("nothing to reverse")
				}
				record := rapid.SampledFrom(c.journal.records).Draw(r, "record")
				standing := int64(0)
				if record.Entry.Kind == terminal.EntryRedeem {
					current, err := c.journal.ByUID(t.Context(), record.Entry.UID)
					if err != nil {
						r.Fatal(err)
					}
					standing = record.Entry.Lines[0].Units - current.Reversed[0]
				}
				units := rapid.Int64Range(1, 5).Draw(r, "units")
				outcome, err := c.Reverse(t.Context(), terminal.Reversal{UID: record.Entry.UID, Note: "test", Units: &units})
				switch {
				case record.Entry.Kind != terminal.EntryRedeem:
					if !errors.Is(err, terminal.ErrUnknown) {
						r.Fatalf("a %s could be reversed: %v", record.Entry.Kind, err)
					}
				case err != nil:
					r.Fatal(err)
				case (outcome.Record != nil) != (units <= standing):
					r.Fatalf("%d of %d standing: %s", units, standing, outcome.Choice)
				case outcome.Record != nil:
					net -= units
				}
			},
			"refresh": func(*rapid.T) { // the cloud's row arrives, and includes all of the journal so far
				row.Voucher.Used, row.Included = net, uint64(len(c.journal.records))
				c.cache.rows[row.Voucher.Lookup] = row
			},
			"forget": func(*rapid.T) { // the cache is lost and filled from an old backup of the cloud
				row.Voucher.Used, row.Included = 0, 0
				c.cache.rows[row.Voucher.Lookup] = row
			},
			"": func(r *rapid.T) {
				use, err := c.journal.Use(t.Context(), row.Voucher.ID, "", 0)
				if err != nil || use.Net != net || use.Net < 0 || use.Net > total {
					r.Fatalf("net use is %d of %d, counted %d: %v", use.Net, total, net, err)
				}
			},
		})
	})
}

// If declines were merged or left out, a manager could not see what was turned away and why.
func TestDeclinesAreJournalled(t *testing.T) {
	c := newCounter(t)
	c.stock("A", func(r *terminal.Row) {
		r.Voucher.Used, r.Campaign.Rules.ValidUntil = 1, local("2026-01-01 00:00:00")
	})
	outcome, err := c.Scan(t.Context(), scanOf("A"))
	if err != nil || outcome.Record == nil {
		t.Fatalf("%v, record %v", err, outcome.Record)
	}
	entry := outcome.Record.Entry
	if entry.Kind != terminal.EntryDecline || entry.Reason != terminal.AlreadyRedeemed ||
		!slices.Equal(entry.Reasons, []terminal.Reason{terminal.AlreadyRedeemed, terminal.Expired}) || entry.Receipt.Number != 0 {
		t.Errorf("entry %+v", entry)
	}
	if _, err := c.Check(t.Context(), scanOf("A"), nil); err != nil || len(c.journal.records) != 1 {
		t.Errorf("a check left a trace: %d entries, %v", len(c.journal.records), err)
	}
}

// If the counter of an unjoined PC answered anything else, IT would look for a fault that is not there.
func TestNotJoined(t *testing.T) {
	c := newCounter(t)
	c.cache.settings = terminal.Settings{}
	if _, err := c.Scan(t.Context(), scanOf("A")); !errors.Is(err, terminal.ErrNotJoined) {
		t.Error(err)
	}
}
