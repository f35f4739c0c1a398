package terminal_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"countersign/terminal"
)

func day(text string) terminal.Date {
	date, err := terminal.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return date
}

// If a week or a month began on another day at each counter, "once a week" would mean twice.
func TestPeriods(t *testing.T) {
	for _, test := range []struct {
		period         terminal.Period
		today          string
		from, through  string
		before, behind string
	}{
		{terminal.PerDay, "2026-06-16", "2026-06-16", "2026-06-16", "2026-06-15", "2026-06-17"},
		{terminal.PerWeek, "2026-06-15", "2026-06-15", "2026-06-21", "2026-06-14", "2026-06-22"}, // a Monday
		{terminal.PerWeek, "2026-06-21", "2026-06-15", "2026-06-21", "2026-06-14", "2026-06-22"}, // a Sunday
		{terminal.PerWeek, "2026-01-01", "2025-12-29", "2026-01-04", "2025-12-28", "2026-01-05"},
		{terminal.PerMonth, "2028-02-29", "2028-02-01", "2028-02-29", "2028-01-31", "2028-03-01"},
		{terminal.PerMonth, "2026-12-31", "2026-12-01", "2026-12-31", "2026-11-30", "2027-01-01"},
	} {
		days := test.period.Days(day(test.today))
		if days.From != day(test.from) || days.Through != day(test.through) {
			t.Errorf("%s on %s: %v", test.period, test.today, days)
		}
		if !days.Hold(day(test.from)) || !days.Hold(day(test.through)) || days.Hold(day(test.before)) || days.Hold(day(test.behind)) {
			t.Errorf("%s on %s holds the wrong days", test.period, test.today)
		}
	}
	if ever := terminal.PerEver.Days(day("2026-06-16")); !ever.Hold(day("1999-01-01")) || !ever.Hold(day("2026-06-16")) {
		t.Error("ever does not hold the past")
	}
}

// If a limit were counted wrongly, a customer would get the offer twice, or not at all. Each case says what was used before.
func TestLimits(t *testing.T) {
	today, yesterday, monday := day("2026-06-16"), day("2026-06-15"), day("2026-06-15")
	customer := func(count int64, per terminal.Period) func(*terminal.Row) {
		return func(r *terminal.Row) {
			r.Voucher.Customer = "ann"
			r.Campaign.Rules.PerCustomer = &terminal.Limit{Count: count, Per: per}
		}
	}
	perDay := func(count int64, store bool) func(*terminal.Row) {
		return func(r *terminal.Row) { r.Campaign.Rules.PerDay = &terminal.DayLimit{Count: count, Store: store} }
	}
	anns := func(day terminal.Date, units int64) terminal.Count {
		return terminal.Count{Campaign: "dinner", Customer: "ann", Day: day, Units: units}
	}
	stores := func(store string, day terminal.Date, units int64) terminal.Count {
		return terminal.Count{Campaign: "dinner", Store: store, Day: day, Units: units}
	}
	for name, test := range map[string]struct {
		change func(*terminal.Row)
		counts []terminal.Count
		want   terminal.Reason
	}{
		"none used":                        {change: customer(1, terminal.PerDay)},
		"used today":                       {change: customer(1, terminal.PerDay), counts: []terminal.Count{anns(today, 1)}, want: terminal.CustomerLimit},
		"used yesterday":                   {change: customer(1, terminal.PerDay), counts: []terminal.Count{anns(yesterday, 1)}},
		"used this week":                   {change: customer(1, terminal.PerWeek), counts: []terminal.Count{anns(monday, 1)}, want: terminal.CustomerLimit},
		"used last week":                   {change: customer(1, terminal.PerWeek), counts: []terminal.Count{anns(day("2026-06-14"), 1)}},
		"used this month":                  {change: customer(2, terminal.PerMonth), counts: []terminal.Count{anns(day("2026-06-01"), 1), anns(today, 1)}, want: terminal.CustomerLimit},
		"used last month":                  {change: customer(2, terminal.PerMonth), counts: []terminal.Count{anns(day("2026-05-31"), 1), anns(today, 1)}},
		"used ever":                        {change: customer(1, terminal.PerEver), counts: []terminal.Count{anns(day("2019-01-01"), 1)}, want: terminal.CustomerLimit},
		"somebody else's":                  {change: customer(1, terminal.PerDay), counts: []terminal.Count{{Campaign: "dinner", Customer: "ben", Day: today, Units: 9}}},
		"another campaign's":               {change: customer(1, terminal.PerDay), counts: []terminal.Count{{Campaign: "lunch", Customer: "ann", Day: today, Units: 9}}},
		"a store's day":                    {change: perDay(3, true), counts: []terminal.Count{stores("quay", today, 3), stores("hill", today, 9)}, want: terminal.CampaignLimit},
		"another store's":                  {change: perDay(3, true), counts: []terminal.Count{stores("quay", today, 2), stores("hill", today, 9)}},
		"the campaign's day":               {change: perDay(3, false), counts: []terminal.Count{stores("quay", today, 1), stores("hill", today, 2)}, want: terminal.CampaignLimit},
		"its yesterday":                    {change: perDay(3, false), counts: []terminal.Count{stores("quay", yesterday, 9), stores("hill", today, 2)}},
		"a customer's count is no store's": {change: perDay(1, false), counts: []terminal.Count{anns(today, 9)}},
		"the voucher's own is narrower": {change: func(r *terminal.Row) {
			customer(5, terminal.PerDay)(r)
			r.Voucher.Rules = &terminal.Rules{PerCustomer: &terminal.Limit{Count: 1, Per: terminal.PerDay}}
		}, counts: []terminal.Count{anns(today, 1)}, want: terminal.CustomerLimit},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", func(r *terminal.Row) { test.change(r); r.Counts = test.counts })
			outcome, err := c.Scan(t.Context(), scanOf("A"))
			if err != nil || outcome.Reason() != test.want {
				t.Errorf("%s for %q, %v; want %q", outcome.Choice, outcome.Reason(), err, test.want)
			}
		})
	}
}

// If this terminal's own uses, a refreshed row, a reversal or another line of the same bill were forgotten or counted twice, the limit
// would hold only on paper.
func TestLimitsCountWhatHappensHere(t *testing.T) {
	c := newCounter(t)
	limit := func(r *terminal.Row) {
		r.Voucher.Customer, r.Campaign.Rules.PerCustomer = "ann", &terminal.Limit{Count: 1, Per: terminal.PerDay}
		r.Siblings = []terminal.VoucherID{1, 2, 3}
	}
	for _, code := range []string{"A", "B", "C"} {
		c.stock(code, limit)
	}
	if both := c.redeem(t, scanOf("A", "B")); both.Reason() != terminal.CustomerLimit {
		t.Fatalf("two on one bill: %s for %s", both.Choice, both.Reason())
	}
	first := c.redeem(t, scanOf("A"))
	if second := c.redeem(t, scanOf("B")); !first.Redeemed() || second.Reason() != terminal.CustomerLimit || second.Findings[0].Facts["used"] != int64(1) {
		t.Fatalf("%s, then %s with %v", first.Choice, second.Reason(), second.Findings)
	}
	c.stock("B", func(r *terminal.Row) { // the cloud has it now: it counts once, not twice
		limit(r)
		r.Voucher.ID, r.Included = 2, uint64(len(c.journal.records))
		r.Counts = []terminal.Count{{Campaign: "dinner", Customer: "ann", Day: day("2026-06-16"), Units: 1}}
	})
	if second := c.redeem(t, scanOf("B")); second.Findings[0].Facts["used"] != int64(1) {
		t.Fatalf("after the feed: %v", second.Findings)
	}
	if _, err := c.Reverse(t.Context(), terminal.Reversal{UID: first.Record.Entry.UID, Note: "test"}); err != nil {
		t.Fatal(err)
	}
	if second := c.redeem(t, scanOf("B")); !second.Redeemed() {
		t.Fatalf("after the reversal: %s for %s", second.Choice, second.Reason())
	}
	if third := c.redeem(t, scanOf("C")); third.Reason() != terminal.CustomerLimit {
		t.Fatalf("then the third: %s for %s", third.Choice, third.Reason())
	}
}

// If a pass under a limit offered more uses than the limit leaves, the cashier would promise what is then declined.
func TestLimitsBoundWhatIsAsked(t *testing.T) {
	c := newCounter(t)
	c.stock("P", func(r *terminal.Row) {
		pass(10, 0)(r)
		r.Campaign.Rules.PerCustomer = &terminal.Limit{Count: 3, Per: terminal.PerDay}
	})
	asked, err := c.Scan(t.Context(), scanOf("P"))
	if err != nil || asked.Choice != terminal.Asking || asked.Asks[0].Most != 3 {
		t.Fatalf("%s, asks %v, %v", asked.Choice, asked.Asks, err)
	}
	req := scanOf("P")
	req.Units = ptr(4)
	if four := c.redeem(t, req); four.Reason() != terminal.CustomerLimit {
		t.Errorf("four: %s for %s", four.Choice, four.Reason())
	}
	req.Units = ptr(2)
	if two := c.redeem(t, req); !two.Redeemed() {
		t.Errorf("two: %s for %s", two.Choice, two.Reason())
	}
	if last := c.redeem(t, scanOf("P")); !last.Redeemed() || last.Lines[0].Units != 1 { // one is left: nothing to ask
		t.Errorf("the last: %s for %s", last.Choice, last.Reason())
	}
	if more := c.redeem(t, scanOf("P")); more.Reason() != terminal.CustomerLimit {
		t.Errorf("one more: %s for %s", more.Choice, more.Reason())
	}
}

// If one scan of an order left a voucher out, took a used one along, or proved what nobody showed, the customer or the merchant would
// pay for it.
func TestWholeOrder(t *testing.T) {
	c := newCounter(t)
	orders := map[string][]string{"A": {"B", "C", "D", "E"}, "B": {"A", "C", "D", "E"}}
	for _, code := range []string{"A", "B", "C", "D", "E"} {
		c.stock(code, func(r *terminal.Row) {
			r.Voucher.Order = "o1"
			for _, other := range orders[code] {
				r.Order = append(r.Order, lookupOf(other))
			}
			if code == "D" {
				r.Voucher.Used = 1
			}
			if code == "E" { // nobody will ever redeem it: it must not keep the others from being redeemed together
				r.Voucher.Rules = &terminal.Rules{ValidUntil: &terminal.Moment{Instant: noon.Add(-time.Hour)}}
			}
		})
	}
	alone, err := c.Scan(t.Context(), scanOf("A"))
	if err != nil || alone.Choice != terminal.Approved || len(alone.Lines) != 1 || len(alone.Order) != 2 {
		t.Fatalf("%s with %d lines, %d more in the order, %v", alone.Choice, len(alone.Lines), len(alone.Order), err)
	}
	req := scanOf("A")
	req.WholeOrder = true
	whole := c.redeem(t, req)
	if !whole.Redeemed() || len(whole.Record.Entry.Lines) != 3 || len(c.journal.jobs) != 1 || len(c.authority.claims) != 1 {
		t.Fatalf("%s for %s: %d lines, %d slips", whole.Choice, whole.Reason(), len(whole.Lines), len(c.journal.jobs))
	}
	shown := terminal.Candidate{}
	copy(shown.Inner[:], "A")
	for i, line := range whole.Record.Entry.Lines {
		if string(line.Proof) != string(shown.Proof(whole.Record.Entry.UID)) || string(c.authority.claims[0].Lines[i].Proof) != string(line.Proof) {
			t.Errorf("line %d is not proved by the code that was shown", i)
		}
	}
	if again := c.redeem(t, scanOf("B")); again.Reason() != terminal.AlreadyRedeemed {
		t.Errorf("another of the order again: %s for %s", again.Choice, again.Reason())
	}
}

// If one bad voucher of an order let the others through, "all or nothing" would be a lie; and if an order that the cache does not know
// were taken for one voucher, the rest would never be handed over.
func TestWholeOrderIsAllOrNothing(t *testing.T) {
	c := newCounter(t)
	row := c.stock("A", func(r *terminal.Row) { r.Voucher.Order, r.Order = "o1", []terminal.Lookup{lookupOf("B")} })
	mate := c.stock("B", func(r *terminal.Row) {
		r.Voucher.Order = "o1"
		r.Voucher.Rules = &terminal.Rules{Stores: []string{"hill"}}
	})
	req := scanOf("A")
	req.WholeOrder = true
	if outcome := c.redeem(t, req); outcome.Reason() != terminal.WrongStore || c.journal.count(terminal.EntryRedeem) != 0 {
		t.Fatalf("%s for %s", outcome.Choice, outcome.Reason())
	}
	mate.Voucher.Rules = nil
	clear(c.cache.rows)
	if outcome := c.redeem(t, req); outcome.Reason() != terminal.NotFound {
		t.Fatalf("unknown: %s for %s", outcome.Choice, outcome.Reason())
	}
	c.authority.ask = func(lookups []terminal.Lookup) (terminal.Row, error) {
		return map[terminal.Lookup]terminal.Row{row.Voucher.Lookup: row, mate.Voucher.Lookup: mate}[lookups[0]], nil
	}
	if outcome := c.redeem(t, req); !outcome.Redeemed() || len(outcome.Record.Entry.Lines) != 2 {
		t.Fatalf("%s for %s with %d lines", outcome.Choice, outcome.Reason(), len(outcome.Lines))
	}
}

// If a counter could undo another's redemption on its own, two counters would give the same unit back; and if its yes were not the
// cloud's, nobody could prove it.
func TestReversalElsewhere(t *testing.T) {
	there, here := newCounter(t), newCounter(t)
	row := there.stock("A", nil)
	here.cache.rows[row.Voucher.Lookup] = row
	sold := there.redeem(t, scanOf("A")).Record
	sold.Entry.UID, sold.Entry.Terminal = terminal.UID{7}, "counter-2"
	undo := terminal.Reversal{UID: sold.Entry.UID, Note: "wrong table"}
	reverse := func(want terminal.Reason) terminal.Outcome {
		t.Helper()
		outcome, err := here.Reverse(t.Context(), undo)
		if err != nil || outcome.Reason() != want || (outcome.Record != nil) != (want == "") {
			t.Fatalf("%s for %q, %v; want %q", outcome.Choice, outcome.Reason(), err, want)
		}
		return outcome
	}
	reverse(terminal.NotThisTerminal)
	here.authority.sold = map[terminal.UID]terminal.Record{}
	if _, err := here.Reverse(t.Context(), undo); !errors.Is(err, terminal.ErrUnknown) {
		t.Fatalf("a redemption that nobody made: %v", err)
	}
	here.authority.sold[sold.Entry.UID] = *sold
	here.authority.claim = nil
	reverse(terminal.NotThisTerminal)
	here.authority.claim = func(terminal.Claim) (terminal.ClaimAnswer, error) {
		return terminal.ClaimAnswer{Findings: []terminal.Finding{{Reason: terminal.AlreadyReversed}}}, nil
	}
	reverse(terminal.AlreadyReversed)
	here.authority.claim = granted
	undo.Units = ptr(2)
	reverse(terminal.UnitsLimit)
	undo.Units = nil
	entry := reverse("").Record.Entry
	claim := here.authority.claims[len(here.authority.claims)-1]
	if entry.About != sold.Entry.UID || entry.Assurance != terminal.Confirmed || entry.Claim != "hold-1" || entry.Lines[0].Units != 1 ||
		*claim.Reverse != sold.Entry.UID || claim.Lines[0].Units != 1 || claim.UID != entry.UID {
		t.Errorf("entry %+v, claim %+v", entry, claim)
	}
	// The unit is free here before the cloud's row says so, and only once.
	row.Voucher.Used = 1
	here.cache.rows[row.Voucher.Lookup] = row
	if again := here.redeem(t, scanOf("A")); !again.Redeemed() {
		t.Errorf("again: %s for %s", again.Choice, again.Reason())
	}
	row.Voucher.Used, row.Included = 0, 0 // an old backup of the cloud
	here.cache.rows[row.Voucher.Lookup] = row
	if twice := here.redeem(t, scanOf("A")); twice.Reason() != terminal.AlreadyRedeemed {
		t.Errorf("twice: %s for %s", twice.Choice, twice.Reason())
	}
}

// If a reversal that the store's hub alone agreed to were written down as the cloud's, its entry would prove what never was.
func TestAHubsYesToAReversalIsNotTheClouds(t *testing.T) {
	there, here := newCounter(t), newCounter(t)
	row := there.stock("A", nil)
	here.cache.rows[row.Voucher.Lookup] = row
	sold := there.redeem(t, scanOf("A")).Record
	sold.Entry.UID, sold.Entry.Terminal = terminal.UID{7}, "counter-2"
	here.authority.sold = map[terminal.UID]terminal.Record{sold.Entry.UID: *sold}
	here.authority.claim = func(terminal.Claim) (terminal.ClaimAnswer, error) {
		return terminal.ClaimAnswer{Granted: true, ID: "hold-2", Assurance: terminal.ByStore}, nil
	}
	outcome, err := here.Reverse(t.Context(), terminal.Reversal{UID: sold.Entry.UID, Note: "wrong table"})
	if err != nil || outcome.Record == nil || outcome.Record.Entry.Assurance != terminal.ByStore || outcome.Record.Entry.Claim != "hold-2" {
		t.Errorf("%s for %q, %v: %+v", outcome.Choice, outcome.Reason(), err, outcome.Record)
	}
}

// If what another counter took back could never be honoured again where it was redeemed, the customer would be sent away with a good
// voucher; and if only a stale row said so, it would be honoured twice.
func TestUndoneElsewhereIsFreeOnceTheAuthoritySaysSo(t *testing.T) {
	c := newCounter(t)
	row := c.stock("A", nil)
	c.redeem(t, scanOf("A"))
	row.Included = uint64(len(c.journal.records)) // the feed says that it is free again
	c.cache.rows[row.Voucher.Lookup] = row
	if alone := c.redeem(t, scanOf("A")); alone.Reason() != terminal.AlreadyRedeemed || c.authority.asked != 1 {
		t.Fatalf("without an answer: %s for %s, asked %d times", alone.Choice, alone.Reason(), c.authority.asked)
	}
	undone := row
	undone.Undone = map[string]int64{"": 1}
	c.authority.ask = func([]terminal.Lookup) (terminal.Row, error) { return undone, nil }
	if again := c.redeem(t, scanOf("A")); !again.Redeemed() {
		t.Fatalf("with an answer: %s for %s", again.Choice, again.Reason())
	}
	if twice := c.redeem(t, scanOf("A")); twice.Reason() != terminal.AlreadyRedeemed {
		t.Fatalf("twice: %s for %s", twice.Choice, twice.Reason())
	}
}

// If a hub that is behind could make an order's open part of what was handed over already, it would be handed over twice, as confirmed: the
// authority said yes only to what it was asked for.
func TestNoMoreIsHandedOverThanWasClaimed(t *testing.T) {
	c := newCounter(t)
	row := c.stock("A", func(r *terminal.Row) {
		order(r)
		r.Voucher.Lines = append([]terminal.OrderLine{}, r.Voucher.Lines...)
	})
	behind := row
	behind.Voucher.Lines = slices.Clone(row.Voucher.Lines)
	row.Voucher.Lines[1].Collected, row.Voucher.Used = true, 1
	c.cache.rows[row.Voucher.Lookup] = row
	c.authority.claim = func(claim terminal.Claim) (terminal.ClaimAnswer, error) {
		return terminal.ClaimAnswer{Granted: true, ID: "h1", Assurance: terminal.Confirmed, Rows: []terminal.Row{behind}}, nil
	}
	outcome := c.redeem(t, scanOf("A"))
	if !outcome.Redeemed() || len(c.authority.claims) != 1 {
		t.Fatalf("%s for %s, %d claims", outcome.Choice, outcome.Reason(), len(c.authority.claims))
	}
	claimed, given := c.authority.claims[0].Lines, outcome.Record.Entry.Lines
	if len(claimed) != 1 || claimed[0].Part != "a" || len(given) != 1 || given[0].Part != "a" {
		t.Errorf("claimed was %+v, and handed over %+v", claimed, given)
	}
}

// If a counter that was refused as suspended went on as soon as its cable is pulled, a thief would go on to the offline limits.
func TestWhoWasRefusedAsSuspendedDoesNotGoOnAlone(t *testing.T) {
	c := newCounter(t)
	c.stock("A", nil)
	facts := map[string]any{}
	c.authority.claim = func(terminal.Claim) (terminal.ClaimAnswer, error) {
		return terminal.ClaimAnswer{Findings: []terminal.Finding{{Reason: terminal.TerminalSuspended, Facts: facts}}}, nil
	}
	facts["cause"] = "clone" // what that means is noted elsewhere
	if heard := c.redeem(t, scanOf("A")); heard.Reason() != terminal.TerminalSuspended || c.cache.settings.Suspended {
		t.Fatalf("%s for %s, suspended %t", heard.Choice, heard.Reason(), c.cache.settings.Suspended)
	}
	delete(facts, "cause")
	if heard := c.redeem(t, scanOf("A")); heard.Reason() != terminal.TerminalSuspended {
		t.Fatalf("%s for %s", heard.Choice, heard.Reason())
	}
	c.authority.claim = nil
	if alone := c.redeem(t, scanOf("A")); alone.Reason() != terminal.TerminalSuspended {
		t.Fatalf("the cable is pulled: %s for %s", alone.Choice, alone.Reason())
	}
}

// If a hub that has no line could give a voucher back that was withdrawn since it had one, a till that knows better would honour a revoked
// voucher; and if nobody could, one that was revoked by mistake and brought back would be turned away.
func TestASecludedHubBringsNothingBack(t *testing.T) {
	for name, test := range map[string]struct {
		secluded, redeemed bool
	}{"a hub without a line": {true, false}, "the cloud": {false, true}} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			row := c.stock("A", nil)
			good := row
			good.Voucher.Version, good.Secluded = row.Voucher.Version+1, test.secluded
			row.Voucher.State = terminal.VoucherRevoked
			c.cache.rows[row.Voucher.Lookup] = row
			c.authority.ask = func([]terminal.Lookup) (terminal.Row, error) { return good, nil }
			if outcome := c.redeem(t, scanOf("A")); outcome.Redeemed() != test.redeemed || c.authority.asked != 1 {
				t.Errorf("%s for %s, asked %d times", outcome.Choice, outcome.Reason(), c.authority.asked)
			}
		})
	}
}

// If an authority that is behind could lift what this terminal has heard since, a counter would honour what another store used, and an offer that
// was paused minutes ago.
func TestWhoIsBehindLiftsNothing(t *testing.T) {
	for name, test := range map[string]struct {
		known    func(*terminal.Row)
		redeemed bool
	}{
		"used since": {func(r *terminal.Row) { r.Voucher.Used, r.Voucher.Version = 1, r.Voucher.Version+1 }, false},
		"paused since": {func(r *terminal.Row) {
			r.Campaign.State, r.Campaign.PolicyVersion = terminal.CampaignPaused, r.Campaign.PolicyVersion+1
		}, false},
		"resumed by then": {func(r *terminal.Row) { r.Campaign.State = terminal.CampaignPaused }, true},
		"given back":      {func(r *terminal.Row) { r.Voucher.Used = 1 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			row := c.stock("A", nil)
			behind := row
			behind.Secluded = true
			test.known(&row)
			c.cache.rows[row.Voucher.Lookup] = row
			c.authority.ask = func([]terminal.Lookup) (terminal.Row, error) { return behind, nil }
			c.authority.claim = func(claim terminal.Claim) (terminal.ClaimAnswer, error) {
				return terminal.ClaimAnswer{Granted: true, ID: "1", Assurance: terminal.ByStore, Rows: []terminal.Row{behind}}, nil
			}
			if outcome := c.redeem(t, scanOf("A")); outcome.Redeemed() != test.redeemed || c.authority.asked != 1 {
				t.Errorf("%s for %s, asked %d times", outcome.Choice, outcome.Reason(), c.authority.asked)
			}
		})
	}
}

// If a limit that is not reached yet were told as reached, a customer who may use the offer once more today would be sent away; and a
// bill that holds too many would be taken for one on which somebody used the offer before.
func TestLimitsThatAreNotReachedSayWhatIsLeft(t *testing.T) {
	pass := func(r *terminal.Row) {
		r.Campaign.Kind, r.Voucher.Units, r.Voucher.Customer = terminal.KindPass, 7, "ann"
	}
	perCustomer := func(count int64) func(*terminal.Row) {
		return func(r *terminal.Row) {
			pass(r)
			r.Campaign.Rules.PerCustomer = &terminal.Limit{Count: count, Per: terminal.PerDay}
		}
	}
	perDay := func(r *terminal.Row) {
		pass(r)
		r.Campaign.Rules.PerDay = &terminal.DayLimit{Count: 2}
	}
	narrower := func(r *terminal.Row) {
		perCustomer(5)(r)
		r.Voucher.Rules = &terminal.Rules{PerCustomer: &terminal.Limit{Count: 2, Per: terminal.PerDay}}
	}
	for name, test := range map[string]struct {
		row        func(*terminal.Row)
		used       int64
		codes      []string
		units      int64
		left, bill any
		again      bool
		fact       string
	}{
		"none used, more asked than ever": {perCustomer(2), 0, []string{"A"}, 3, int64(2), nil, false, "limit.rest.customer.fact"},
		"one used, two asked":             {perCustomer(2), 1, []string{"A"}, 2, int64(1), nil, true, "limit.rest.customer.fact"},
		"reached":                         {perCustomer(2), 2, []string{"A"}, 1, nil, nil, true, "reason.customer_limit.fact"},
		"only the bill":                   {perCustomer(1), 0, []string{"A", "B"}, 1, int64(1), int64(2), false, "limit.bill.customer.fact"},
		"the bill, after some were used":  {perCustomer(3), 1, []string{"A", "B"}, 2, int64(2), int64(4), false, "limit.bill.customer.fact"},
		"reached, and a bill":             {perCustomer(1), 1, []string{"A", "B"}, 1, nil, nil, true, "reason.customer_limit.fact"},
		"the offer's day":                 {perDay, 1, []string{"A"}, 2, int64(1), nil, true, "limit.rest.campaign.fact"},
		"the offer's day, only the bill":  {perDay, 0, []string{"A", "B", "C"}, 1, int64(2), int64(3), false, "limit.bill.campaign.fact"},
		"the voucher's own leaves less":   {narrower, 1, []string{"A"}, 6, int64(1), nil, false, "limit.rest.customer.fact"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			for _, code := range test.codes {
				c.stock(code, func(r *terminal.Row) {
					test.row(r)
					r.Counts = []terminal.Count{{Campaign: "dinner", Customer: "ann", Day: day("2026-06-16"), Units: test.used},
						{Campaign: "dinner", Store: "quay", Day: day("2026-06-16"), Units: test.used}}
				})
			}
			req := scanOf(test.codes...)
			req.Units = &test.units
			outcome, err := c.Scan(t.Context(), req)
			if err != nil || outcome.Choice != terminal.Declined {
				t.Fatalf("%s, %v", outcome.Choice, err)
			}
			finding := outcome.Findings[0]
			facts := finding.Facts
			_, again := facts["again"]
			if facts["used"] != test.used || facts["left"] != test.left || facts["bill"] != test.bill || again != test.again {
				t.Errorf("the facts are %v", facts)
			}
			if key := finding.Fact().Key; key != test.fact {
				t.Errorf("told as %s", key)
			}
		})
	}
}
