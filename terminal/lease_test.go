package terminal_test

import (
	"strings"
	"testing"
	"time"

	"countersign/terminal"
)

// never is a campaign that nobody may honour alone.
func never(row *terminal.Row) {
	row.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeNever, Lease: 10}
}

// lease reserves units of a stocked voucher for today.
func (c *counter) lease(row terminal.Row, units int64) {
	c.journal.leases = append(c.journal.leases, terminal.Lease{ID: "l" + row.Voucher.ID.String(), Voucher: row.Voucher.ID, Campaign: row.Campaign.ID,
		Day: terminal.Date{Year: 2026, Month: 6, Day: 16}, Units: units, Expires: noon.Add(time.Hour), Epoch: 1})
}

func TestLeasedUnitsNeedNobody(t *testing.T) {
	// Guests whose booking was reserved for this counter would be turned away as soon as the line is down, or honoured twice.
	for _, online := range []bool{true, false} {
		c := newCounter(t)
		if !online {
			c.authority.claim = nil
		}
		c.lease(c.stock("A1", never), 1)
		outcome := c.redeem(t, scanOf("A1"))
		if !outcome.Redeemed() || outcome.Record.Entry.Assurance != terminal.Leased || outcome.Record.Entry.Lease == "" {
			t.Fatalf("online %t: %+v", online, outcome)
		}
		if len(c.authority.claims) != 0 || c.journal.exposure.Count != 0 {
			t.Errorf("online %t: what is leased was claimed, or counted at risk", online)
		}
		again, want := c.redeem(t, scanOf("A1")), terminal.AlreadyRedeemed
		if again.Redeemed() || again.Reason() != want {
			t.Errorf("online %t: the second time %q", online, again.Reason())
		}
	}
}

func TestLeaseEnds(t *testing.T) {
	// A counter would go on spending what the cloud has given to others: after the expiry, with a clock set back, on another day, in the
	// journal of a restored disk.
	ends := map[string]func(*counter, *terminal.Lease){
		"expired":                  func(c *counter, _ *terminal.Lease) { c.clock.advance(time.Hour + time.Second) },
		"expired, for all we know": func(c *counter, _ *terminal.Lease) { c.clock.reading.Upper = noon.Add(2 * time.Hour) },
		"clock set back": func(c *counter, _ *terminal.Lease) {
			c.clock.reading.Wall = noon.Add(-time.Hour)
			c.clock.reading.Lower, c.clock.reading.Upper = noon.Add(2*time.Hour), noon.Add(2*time.Hour)
		},
		"another day":   func(_ *counter, l *terminal.Lease) { l.Day = l.Day.AddDays(-1) },
		"another epoch": func(_ *counter, l *terminal.Lease) { l.Epoch = 2 },
		"spent":         func(_ *counter, l *terminal.Lease) { l.Units = 0 },
	}
	for name, end := range ends {
		c := newCounter(t)
		c.authority.claim = nil
		c.lease(c.stock("A1", never), 1)
		end(c, &c.journal.leases[0])
		if outcome := c.redeem(t, scanOf("A1")); outcome.Redeemed() || outcome.Reason() != terminal.OfflineNotAllowed {
			t.Errorf("%s: %+v", name, outcome.Findings)
		}
	}
}

func TestLeasedUnitsAreSpentOnce(t *testing.T) {
	// What a customer got back would be given out a second time under the same lease while others may have it, or a claim would leave
	// the lease untouched.
	c := newCounter(t)
	row := c.stock("P1", func(row *terminal.Row) {
		never(row)
		row.Campaign.Kind, row.Voucher.Units = terminal.KindPass, 10
	})
	c.lease(row, 3)
	use := func(units int64) terminal.Outcome {
		req := scanOf("P1")
		req.Units = &units
		return c.redeem(t, req)
	}
	c.lease(c.stock("A1", never), 1)
	if both := use(2); both.Record.Entry.Assurance != terminal.Leased {
		t.Fatalf("%+v", both)
	}
	if _, err := c.Reverse(t.Context(), terminal.Reversal{UID: c.journal.records[0].Entry.UID, Note: "mistake"}); err != nil {
		t.Fatal(err)
	}
	if claimed := use(2); claimed.Record.Entry.Assurance != terminal.Confirmed {
		t.Errorf("two more under what is left of the lease: %s", claimed.Record.Entry.Assurance)
	}
	c.authority.claim = nil
	if last := use(1); last.Redeemed() {
		t.Errorf("what was claimed meanwhile did not count: %+v", last)
	}
}

func TestLeasedVouchersNeedTheirLimitToo(t *testing.T) {
	// A limit per day would be exceeded by counters that are apart, each with vouchers reserved to it; or what is reserved of the limit would
	// honour a voucher that is not.
	limited := func(row *terminal.Row) {
		never(row)
		row.Campaign.Rules.PerDay = &terminal.DayLimit{Count: 9}
	}
	c := newCounter(t)
	c.authority.claim = nil
	first := c.stock("A1", limited)
	c.lease(first, 1)
	if outcome := c.redeem(t, scanOf("A1")); outcome.Redeemed() {
		t.Errorf("without anything of the limit: %+v", outcome.Record.Entry)
	}
	limit := terminal.Lease{ID: "limit", Campaign: first.Campaign.ID, Day: c.journal.leases[0].Day, Units: 2, Expires: noon.Add(time.Hour), Epoch: 1}
	c.journal.leases = append(c.journal.leases, limit)
	for i, code := range []string{"A1", "A2", "A3", "A4"} {
		row := first
		if i > 0 {
			row = c.stock(code, limited)
		}
		if i > 0 && i < 3 {
			c.lease(row, 1)
		}
		outcome := c.redeem(t, scanOf(code))
		if want := i < 2; outcome.Redeemed() != want {
			t.Errorf("%s redeemed %t: %+v", code, outcome.Redeemed(), outcome.Findings)
		} else if want && (outcome.Record.Entry.Assurance != terminal.Leased || !strings.Contains(outcome.Record.Entry.Lease, "limit")) {
			t.Errorf("%s is %s under %q", code, outcome.Record.Entry.Assurance, outcome.Record.Entry.Lease)
		}
	}
}

func TestMixedBillIsClaimedWhole(t *testing.T) {
	// Half of a bill would be honoured on the word of a lease and the other half refused.
	c := newCounter(t)
	c.lease(c.stock("A1", never), 1)
	c.lease(c.stock("A2", never), 1)
	c.stock("A3", never)
	if outcome := c.redeem(t, scanOf("A1", "A3")); outcome.Record.Entry.Assurance != terminal.Confirmed || len(c.authority.claims[0].Lines) != 2 {
		t.Errorf("%+v", outcome)
	}
	c.authority.claim = nil
	if outcome := c.redeem(t, scanOf("A2", "A3")); outcome.Redeemed() {
		t.Errorf("%+v", outcome)
	}
	// And where the lease is spent between the look and the commit, the claim is asked for after all.
	c = newCounter(t)
	c.lease(c.stock("A1", never), 1)
	c.journal.before = func() { c.journal.leases[0].Expires = noon.Add(-time.Hour) }
	if outcome := c.redeem(t, scanOf("A1")); !outcome.Redeemed() || outcome.Record.Entry.Assurance != terminal.Confirmed {
		t.Errorf("%+v", outcome)
	}
}
