package terminal_test

import (
	"slices"
	"testing"
	"time"

	"countersign/terminal"
)

// If a check believed the cache where a redemption asks the cloud, it would promise a customer what the counter then refuses.
func TestCheckAsksWhatARedemptionAsks(t *testing.T) {
	newer := func(change func(*terminal.Row)) func(c *counter) {
		return func(c *counter) {
			c.authority.ask = func(lookups []terminal.Lookup) (terminal.Row, error) {
				row := c.cache.rows[lookups[0]]
				if change != nil {
					change(&row)
				}
				return row, nil
			}
		}
	}
	nobody := func(c *counter) { c.authority.claim = nil }
	for name, test := range map[string]struct {
		stock func(*terminal.Row)
		cloud func(*counter)
		age   time.Duration
		at    *terminal.Reading
		asked int
		want  terminal.Reason
	}{
		"good":                      {cloud: newer(nil), asked: 1},
		"revoked a moment ago":      {cloud: newer(func(r *terminal.Row) { r.Voucher.State = terminal.VoucherRevoked }), asked: 1, want: terminal.VoucherIsRevoked},
		"used elsewhere since":      {cloud: newer(func(r *terminal.Row) { r.Voucher.Used = 1 }), asked: 1, want: terminal.AlreadyRedeemed},
		"reversed elsewhere since":  {stock: func(r *terminal.Row) { r.Voucher.Used = 1 }, cloud: newer(func(r *terminal.Row) { r.Voucher.Used = 0 }), asked: 1},
		"expired: nobody is asked":  {stock: func(r *terminal.Row) { r.Campaign.Rules.ValidUntil = local("2026-01-01 00:00:00") }, cloud: newer(nil), want: terminal.Expired},
		"alone":                     {cloud: nobody, asked: 1},
		"alone, dear, an old cache": {cloud: nobody, age: 25 * time.Hour, asked: 1, want: terminal.OfflineLimit},
		"alone, an ancient cache":   {cloud: nobody, age: 8 * 24 * time.Hour, asked: 1, want: terminal.CacheTooOld},
		"alone, at another time":    {cloud: nobody, age: 8 * 24 * time.Hour, at: &terminal.Reading{Wall: noon, Lower: noon, Upper: noon}, asked: 1},
		"alone, only with approval": {stock: func(r *terminal.Row) { r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeApproval} }, cloud: nobody, asked: 1, want: terminal.ApprovalRequired},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", test.stock)
			test.cloud(c)
			c.cache.fresh.ReachedEnd = noon.Add(-test.age)
			outcome, err := c.Check(t.Context(), scanOf("A"), test.at)
			if err != nil || outcome.Reason() != test.want || c.authority.asked != test.asked {
				t.Errorf("%s for %q, asked %d times, %v; want %q, %d", outcome.Choice, outcome.Reason(), c.authority.asked, err, test.want, test.asked)
			}
			if len(c.journal.records) > 0 || len(c.authority.claims) > 0 || len(c.authority.released) > 0 {
				t.Errorf("a check left %d entries, %d claims", len(c.journal.records), len(c.authority.claims))
			}
		})
	}
}

// If only the first cause were listed, the cashier would fetch the right voucher and be turned away again for the next cause.
func TestUnknownCodesListAllThatApplies(t *testing.T) {
	for name, test := range map[string]struct {
		suspended bool
		codes     []string
		bill      *terminal.Money
		want      []terminal.Reason
	}{
		"unknown":                         {codes: []string{"NOBODYS"}, want: []terminal.Reason{terminal.NotFound}},
		"unknown, with a bill":            {codes: []string{"NOBODYS"}, bill: euros(1000), want: []terminal.Reason{terminal.NotFound}},
		"unknown, suspended":              {suspended: true, codes: []string{"NOBODYS"}, want: []terminal.Reason{terminal.NotFound, terminal.TerminalSuspended}},
		"unreadable, suspended":           {suspended: true, codes: []string{""}, want: []terminal.Reason{terminal.MalformedCode, terminal.TerminalSuspended}},
		"unknown beside an expired one":   {codes: []string{"OLD", "NOBODYS"}, want: []terminal.Reason{terminal.NotFound, terminal.Expired}},
		"the same on a suspended counter": {suspended: true, codes: []string{"NOBODYS", "OLD"}, want: []terminal.Reason{terminal.NotFound, terminal.Expired, terminal.TerminalSuspended}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.cache.settings.Suspended = test.suspended
			c.stock("OLD", func(r *terminal.Row) { r.Campaign.Rules.ValidUntil = local("2026-01-01 00:00:00") })
			req := scanOf(test.codes...)
			req.Bill = test.bill
			outcome := c.redeem(t, req)
			var got []terminal.Reason
			for _, finding := range outcome.Findings {
				got = append(got, finding.Reason)
			}
			if outcome.Choice != terminal.Declined || !slices.Equal(got, test.want) || len(outcome.Lines) != 0 {
				t.Fatalf("%s for %v with %d lines; want %v", outcome.Choice, got, len(outcome.Lines), test.want)
			}
			entry := outcome.Record.Entry
			if !slices.Equal(entry.Reasons, test.want) || len(entry.Lines) != len(test.codes) {
				t.Errorf("the journal has %v on %d lines", entry.Reasons, len(entry.Lines))
			}
			if want := map[bool]string{true: "YS"}[slices.Contains(test.codes, "NOBODYS")]; outcome.Masked != want {
				t.Errorf("the code shown is %q; want %q", outcome.Masked, want)
			}
		})
	}
}

// If the screen did not say which line of an order was collected, the cashier would not know what she may still hand over.
func TestCollectedLinesAreNamed(t *testing.T) {
	c := newCounter(t)
	c.stock("A", order)
	req := scanOf("A")
	req.Lines = []string{"b", "b"}
	if outcome := c.redeem(t, req); !outcome.Redeemed() || outcome.Lines[0].Units != 1 {
		t.Fatalf("%s for %q, %d units", outcome.Choice, outcome.Reason(), outcome.Lines[0].Units)
	}
	outcome := c.redeem(t, req)
	facts := outcome.Findings[0].Facts
	if outcome.Reason() != terminal.AlreadyRedeemed || !slices.Equal(facts["lines"].([]string), []string{"Bread (b)"}) ||
		!slices.Equal(facts["open"].([]string), []string{"Apple cake (a)"}) || facts["terminal"] != "counter-1" {
		t.Errorf("%s with %v", outcome.Reason(), facts)
	}
	if key := outcome.Findings[0].Fact().Key; key != "lines.collected" {
		t.Errorf("the fact is told by %s", key)
	}
	req.Lines = []string{"a", "b"}
	if both := c.redeem(t, req); both.Reason() != terminal.AlreadyRedeemed || len(both.Lines[0].Parts) != 0 {
		t.Errorf("a line that is open beside one that is not: %s, %v", both.Choice, both.Lines[0].Parts)
	}
	twice := newCounter(t)
	twice.stock("A", order)
	if outcome := twice.redeem(t, scanOf("A", "A")); outcome.Reason() != terminal.UnitsLimit {
		t.Errorf("an order scanned twice for one bill is %q, and it was not collected", outcome.Reason())
	}
}

// If the leave beyond a slot's grace held for anybody, or for any time, a merchant's grace would mean nothing.
func TestSlotApproval(t *testing.T) {
	cashier, manager := &terminal.Operator{ID: "li", Role: terminal.RoleCashier}, &terminal.Operator{ID: "mia", Role: terminal.RoleManager}
	asked := []terminal.Missing{terminal.MissingApproval}
	for name, test := range map[string]struct {
		leave, narrow int64 // seconds, of the campaign and the voucher; narrow -1 has no rule
		when          string
		approver      *terminal.Operator
		want          terminal.Reason
		asks          []terminal.Missing
	}{
		"no leave is given":        {0, -1, "2026-06-16 12:00:01", manager, terminal.SlotTooLate, nil},
		"late within the leave":    {900, -1, "2026-06-16 12:15:00", nil, terminal.SlotTooLate, asked},
		"a cashier's word":         {900, -1, "2026-06-16 12:15:00", cashier, terminal.OperatorNotAllowed, asked}, // who agreed may not
		"a manager's":              {900, -1, "2026-06-16 12:15:00", manager, "", nil},
		"later than the leave":     {900, -1, "2026-06-16 12:15:01", manager, terminal.SlotTooLate, nil},
		"early within the leave":   {900, -1, "2026-06-16 09:15:00", manager, "", nil},
		"earlier than the leave":   {900, -1, "2026-06-16 09:14:59", manager, terminal.SlotTooEarly, nil},
		"the voucher gives none":   {900, 0, "2026-06-16 12:00:01", manager, terminal.SlotTooLate, nil},
		"the voucher gives less":   {900, 60, "2026-06-16 12:01:01", manager, terminal.SlotTooLate, nil},
		"both give it":             {900, 60, "2026-06-16 12:01:00", manager, "", nil},
		"the voucher never widens": {0, 900, "2026-06-16 12:00:01", manager, terminal.SlotTooLate, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", func(r *terminal.Row) {
				slot("10:00:00")(r)
				r.Campaign.Rules.Slot.ApprovalSeconds = test.leave
				if test.narrow >= 0 {
					own := *r.Campaign.Rules.Slot
					own.ApprovalSeconds = test.narrow
					r.Voucher.Rules = &terminal.Rules{Slot: &own}
				}
			})
			c.clock.set(at(test.when))
			req := scanOf("A")
			req.Approver = test.approver
			outcome := c.redeem(t, req)
			var asks []terminal.Missing
			for _, ask := range outcome.Asks {
				asks = append(asks, ask.Missing)
			}
			if outcome.Reason() != test.want || !slices.Equal(asks, test.asks) || outcome.Redeemed() != (test.want == "") {
				t.Fatalf("%s for %q, asks %v; want %q, %v", outcome.Choice, outcome.Reason(), asks, test.want, test.asks)
			}
			if outcome.Redeemed() && outcome.Record.Entry.Approver != "mia" {
				t.Errorf("approved by %q", outcome.Record.Entry.Approver)
			}
		})
	}
}

// If a withdrawn key were told as an unknown issuer, nobody would learn that the customer's voucher is one of a stolen batch.
func TestRevokedKeysAreNamed(t *testing.T) {
	for cause, want := range map[string]string{
		"revoked": "issuer.revoked", "issued_at": "issuer.issued_at", "issuer": "reason.unknown_issuer.title", "merchant": "reason.unknown_issuer.title",
	} {
		finding := terminal.Finding{Reason: terminal.UnknownIssuer, Facts: map[string]any{"cause": cause, "issuer": "k-1"}}
		if got := finding.Title().Key; got != want {
			t.Errorf("%s is told by %s; want %s", cause, got, want)
		}
	}
}

// If a counter that may not sell alone said that an offer needs the internet, nobody would look for the machine that has its key, too.
func TestWhyACounterHonoursNothingAloneIsNamed(t *testing.T) {
	for _, test := range []struct {
		reason      terminal.Reason
		cause, want string
	}{
		{terminal.OfflineNotAllowed, terminal.BarredRestored, "barred.restored"}, {terminal.OfflineNotAllowed, terminal.BarredCloned, "barred.cloned"},
		{terminal.OfflineNotAllowed, terminal.BarredGap, "barred.gap"}, {terminal.OfflineNotAllowed, terminal.BarredDamaged, "barred.damaged"}, {terminal.OfflineNotAllowed, terminal.BarredCloud, "barred.cloud"}, {terminal.OfflineNotAllowed, "", "reason.offline_not_allowed.title"},
		{terminal.TerminalSuspended, "clone", "barred.refused"}, {terminal.TerminalSuspended, "fork", "barred.fork"},
		{terminal.TerminalSuspended, "", "reason.terminal_suspended.title"},
	} {
		finding := terminal.Finding{Reason: test.reason, Facts: map[string]any{"cause": test.cause}}
		if got := finding.Title().Key; got != test.want {
			t.Errorf("%s because of %q is told by %s; want %s", test.reason, test.cause, got, test.want)
		}
	}
}

// If nobody said how late a guest is, the cashier would have to reckon it while the guest waits.
func TestBookingsSayHowLateTheGuestIs(t *testing.T) {
	for when, want := range map[string]int64{"2026-06-16 09:40:00": -20, "2026-06-16 10:00:00": 0, "2026-06-16 11:05:59": 65, "2026-06-16 20:00:00": 600} {
		c := newCounter(t)
		c.stock("A", slot("10:00:00"))
		c.stock("B", nil)
		c.clock.set(at(when))
		outcome := c.redeem(t, scanOf("A"))
		if late := outcome.Lines[0].Late; late == nil || *late != want {
			t.Errorf("at %s: %v minutes; want %d", when, late, want)
		}
		if other := c.redeem(t, scanOf("B")); other.Lines[0].Late != nil {
			t.Errorf("a dinner is %d minutes late", *other.Lines[0].Late)
		}
	}
}

// If an age below an hour were told as nothing, the cashier would hear "0 s" and nobody would know what the merchant allows.
func TestTheAgeOfACacheIsToldInSeconds(t *testing.T) {
	c := newCounter(t)
	c.authority.claim = nil
	c.stock("A", func(r *terminal.Row) {
		r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeLimit, CacheAgeSeconds: 5}
	})
	c.clock.advance(90 * time.Second)
	outcome := c.redeem(t, scanOf("A"))
	if facts := outcome.Findings[0].Facts; outcome.Reason() != terminal.CacheTooOld || facts["age_seconds"] != int64(90) || facts["most_seconds"] != int64(5) {
		t.Errorf("%q, %v", outcome.Reason(), facts)
	}
}
