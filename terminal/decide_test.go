package terminal_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"countersign/terminal"
)

func at(text string) time.Time {
	when, err := time.ParseInLocation("2006-01-02 15:04:05", text, berlin())
	if err != nil {
		panic(err)
	}
	return when
}

func local(text string) *terminal.Moment {
	civil, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err)
	}
	return &terminal.Moment{Local: true, Civil: civil}
}

// If a rule were judged wrongly, a customer would be turned away with a good voucher, or honoured with a bad one. Each case changes
// one thing of a voucher that is otherwise good, and names every reason expected, the first first.
func TestEachRuleAlone(t *testing.T) {
	kind := func(k terminal.Kind) func(*terminal.Row) {
		return func(r *terminal.Row) { r.Campaign.Kind = k }
	}
	rules := func(change func(*terminal.Rules)) func(*terminal.Row) {
		return func(r *terminal.Row) { change(&r.Campaign.Rules) }
	}
	weekend := []terminal.Hours{{Days: []time.Weekday{time.Friday, time.Saturday}, From: 17 * 60, Until: 2 * 60}}
	for name, test := range map[string]struct {
		change func(*terminal.Row)
		when   string
		req    terminal.Request
		want   []terminal.Reason
		asks   []terminal.Missing
	}{
		"plain":            {},
		"refunded":         {change: func(r *terminal.Row) { r.Voucher.State = terminal.VoucherRefunded }, want: []terminal.Reason{terminal.VoucherIsRefunded}},
		"revoked":          {change: func(r *terminal.Row) { r.Voucher.State = terminal.VoucherRevoked }, want: []terminal.Reason{terminal.VoucherIsRevoked}},
		"disabled":         {change: func(r *terminal.Row) { r.Voucher.State = terminal.VoucherDisabled }, want: []terminal.Reason{terminal.VoucherIsDisabled}},
		"paused":           {change: func(r *terminal.Row) { r.Campaign.State = terminal.CampaignPaused }, want: []terminal.Reason{terminal.CampaignIsPaused}},
		"paused here":      {change: func(r *terminal.Row) { r.Campaign.PausedStores = []string{"quay"} }, want: []terminal.Reason{terminal.CampaignIsPaused}},
		"paused elsewhere": {change: func(r *terminal.Row) { r.Campaign.PausedStores = []string{"hill"} }},
		"used":             {change: func(r *terminal.Row) { r.Voucher.Used = 1 }, want: []terminal.Reason{terminal.AlreadyRedeemed}},
		"used and expired": {change: func(r *terminal.Row) {
			r.Voucher.Used, r.Campaign.Rules.ValidUntil = 1, local("2026-06-16 11:59:59")
		}, want: []terminal.Reason{terminal.AlreadyRedeemed, terminal.Expired}},
		"last second":    {change: rules(func(r *terminal.Rules) { r.ValidUntil = local("2026-06-16 12:00:00") })},
		"expired":        {change: rules(func(r *terminal.Rules) { r.ValidUntil = local("2026-06-16 11:59:59") }), want: []terminal.Reason{terminal.Expired}},
		"first second":   {change: rules(func(r *terminal.Rules) { r.ValidFrom = local("2026-06-16 12:00:00") })},
		"not yet":        {change: rules(func(r *terminal.Rules) { r.ValidFrom = local("2026-06-16 12:00:01") }), want: []terminal.Reason{terminal.NotYetValid}},
		"this store":     {change: rules(func(r *terminal.Rules) { r.Stores = []string{"hill", "quay"} })},
		"wrong store":    {change: rules(func(r *terminal.Rules) { r.Stores = []string{"hill"} }), want: []terminal.Reason{terminal.WrongStore}},
		"wrong terminal": {change: rules(func(r *terminal.Rules) { r.Terminals = []string{"counter-2"} }), want: []terminal.Reason{terminal.WrongTerminal}},
		"voucher narrows": {change: func(r *terminal.Row) { r.Voucher.Rules = &terminal.Rules{Stores: []string{"hill"}} },
			want: []terminal.Reason{terminal.WrongStore}},
		"voucher never widens": {change: func(r *terminal.Row) {
			r.Campaign.Rules.Stores, r.Voucher.Rules = []string{"hill"}, &terminal.Rules{Stores: []string{"quay"}}
		}, want: []terminal.Reason{terminal.WrongStore}},
		"blackout":             {change: rules(func(r *terminal.Rules) { r.Blackout = []terminal.Date{{Year: 2026, Month: 6, Day: 16}} }), want: []terminal.Reason{terminal.Blackout}},
		"night of a blackout":  {when: "2026-06-17 03:59:59", change: rules(func(r *terminal.Rules) { r.Blackout = []terminal.Date{{Year: 2026, Month: 6, Day: 16}} }), want: []terminal.Reason{terminal.Blackout}},
		"morning after":        {when: "2026-06-17 04:00:00", change: rules(func(r *terminal.Rules) { r.Blackout = []terminal.Date{{Year: 2026, Month: 6, Day: 16}} })},
		"wrong weekday":        {change: rules(func(r *terminal.Rules) { r.Hours = weekend }), want: []terminal.Reason{terminal.OutsideHours}},
		"friday too early":     {when: "2026-06-19 16:59:59", change: rules(func(r *terminal.Rules) { r.Hours = weekend }), want: []terminal.Reason{terminal.OutsideHours}},
		"friday":               {when: "2026-06-19 17:00:00", change: rules(func(r *terminal.Rules) { r.Hours = weekend })},
		"past midnight":        {when: "2026-06-21 01:59:59", change: rules(func(r *terminal.Rules) { r.Hours = weekend })},
		"two on sunday":        {when: "2026-06-21 02:00:00", change: rules(func(r *terminal.Rules) { r.Hours = weekend }), want: []terminal.Reason{terminal.OutsideHours}},
		"friday at one":        {when: "2026-06-19 01:00:00", change: rules(func(r *terminal.Rules) { r.Hours = weekend }), want: []terminal.Reason{terminal.OutsideHours}},
		"role":                 {change: rules(func(r *terminal.Rules) { r.Role = terminal.RoleManager }), req: terminal.Request{Operator: &terminal.Operator{Role: terminal.RoleCashier}}, want: []terminal.Reason{terminal.OperatorNotAllowed}, asks: []terminal.Missing{terminal.MissingApproval}},
		"technician, approved": {req: terminal.Request{Operator: &terminal.Operator{Role: terminal.RoleTechnician}, Approver: &terminal.Operator{Role: terminal.RoleManager}}, want: []terminal.Reason{terminal.OperatorNotAllowed}},
		"technician":           {req: terminal.Request{Operator: &terminal.Operator{Role: terminal.RoleTechnician}}, want: []terminal.Reason{terminal.OperatorNotAllowed}},
		"manager":              {change: rules(func(r *terminal.Rules) { r.Role = terminal.RoleManager }), req: terminal.Request{Operator: &terminal.Operator{Role: terminal.RoleManager}}},
		"needs approval":       {change: rules(func(r *terminal.Rules) { r.ApprovalAbove = euros(6799) }), want: []terminal.Reason{terminal.ApprovalRequired}, asks: []terminal.Missing{terminal.MissingApproval}},
		"approved":             {change: rules(func(r *terminal.Rules) { r.ApprovalAbove = euros(6799) }), req: terminal.Request{Approver: &terminal.Operator{Role: terminal.RoleManager}}},
		"cashier approves":     {change: rules(func(r *terminal.Rules) { r.ApprovalAbove = euros(6799) }), req: terminal.Request{Approver: &terminal.Operator{Role: terminal.RoleCashier}}, want: []terminal.Reason{terminal.OperatorNotAllowed, terminal.ApprovalRequired}, asks: []terminal.Missing{terminal.MissingApproval}},
		"worth the limit":      {change: rules(func(r *terminal.Rules) { r.ApprovalAbove = euros(6800) })},
		"two of a product":     {req: terminal.Request{Units: ptr(2)}, want: []terminal.Reason{terminal.UnitsLimit}},

		"slot":           {change: slot("12:30:00"), when: "2026-06-16 12:00:00"},
		"slot too early": {change: slot("12:31:00"), when: "2026-06-16 12:00:59", want: []terminal.Reason{terminal.SlotTooEarly}},
		"slot too late":  {change: slot("10:00:00"), when: "2026-06-16 12:00:01", want: []terminal.Reason{terminal.SlotTooLate}},

		"pass asks":       {change: pass(10, 3), asks: []terminal.Missing{terminal.MissingUnits}},
		"pass of one":     {change: pass(10, 1)},
		"pass":            {change: pass(10, 3), req: terminal.Request{Units: ptr(3)}},
		"pass at once":    {change: pass(10, 3), req: terminal.Request{Units: ptr(4)}, want: []terminal.Reason{terminal.UnitsLimit}},
		"pass nearly out": {change: func(r *terminal.Row) { pass(10, 3)(r); r.Voucher.Used = 8 }, req: terminal.Request{Units: ptr(3)}, want: []terminal.Reason{terminal.UsesExhausted}},
		"pass out":        {change: func(r *terminal.Row) { pass(10, 3)(r); r.Voucher.Used = 10 }, want: []terminal.Reason{terminal.UsesExhausted}},
		"pass of nothing": {change: pass(10, 3), req: terminal.Request{Units: ptr(0)}, want: []terminal.Reason{terminal.AmountInvalid}},

		"balance asks":     {change: balance(5000), asks: []terminal.Missing{terminal.MissingAmount}},
		"balance":          {change: balance(5000), req: terminal.Request{Amount: euros(5000)}},
		"balance too low":  {change: balance(5000), req: terminal.Request{Amount: euros(5001)}, want: []terminal.Reason{terminal.InsufficientBalance}},
		"balance nothing":  {change: balance(5000), req: terminal.Request{Amount: euros(0)}, want: []terminal.Reason{terminal.AmountInvalid}},
		"balance negative": {change: balance(5000), req: terminal.Request{Amount: euros(-1)}, want: []terminal.Reason{terminal.AmountInvalid}},
		"balance in yuan":  {change: balance(5000), req: terminal.Request{Amount: &terminal.Money{Minor: 100, Currency: "CNY"}}, want: []terminal.Reason{terminal.WrongCurrency}},

		"discount asks":  {change: percent(2000, nil), asks: []terminal.Missing{terminal.MissingBill}},
		"discount":       {change: percent(2000, nil), req: terminal.Request{Bill: euros(8000)}},
		"minimum before": {change: minimum(5000, false), req: terminal.Request{Bill: euros(4999)}, want: []terminal.Reason{terminal.MinimumSpend}},
		"minimum met":    {change: minimum(5000, false), req: terminal.Request{Bill: euros(5000)}},
		"bill in yuan":   {change: percent(2000, nil), req: terminal.Request{Bill: &terminal.Money{Minor: 100, Currency: "CNY"}}, want: []terminal.Reason{terminal.WrongCurrency}},
		"negative bill":  {change: percent(2000, nil), req: terminal.Request{Bill: euros(-1)}, want: []terminal.Reason{terminal.AmountInvalid}},

		"pickup":         {change: order},
		"pickup a line":  {change: order, req: terminal.Request{Lines: []string{"b"}}},
		"pickup again":   {change: func(r *terminal.Row) { order(r); r.Voucher.Lines[1].Collected = true; r.Voucher.Used = 1 }, req: terminal.Request{Lines: []string{"b"}}, want: []terminal.Reason{terminal.AlreadyRedeemed}},
		"pickup nothing": {change: order, req: terminal.Request{Lines: []string{"z"}}, want: []terminal.Reason{terminal.AmountInvalid}},
		"booking":        {change: kind(terminal.KindBooking)},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.authority.claim = nil
			c.stock("CODE-1", test.change)
			if test.when != "" {
				c.clock.set(at(test.when))
			}
			test.req.Scans = scanOf("CODE-1").Scans
			outcome, err := c.Scan(t.Context(), test.req)
			if err != nil {
				t.Fatal(err)
			}
			var got []terminal.Reason
			for _, finding := range outcome.Findings {
				got = append(got, finding.Reason)
			}
			var asks []terminal.Missing
			for _, ask := range outcome.Asks {
				asks = append(asks, ask.Missing)
			}
			if !slices.Equal(got, test.want) || !slices.Equal(asks, test.asks) {
				t.Errorf("%s for %v, asks %v; want %v, asks %v", outcome.Choice, got, asks, test.want, test.asks)
			}
			if approved := len(test.want)+len(test.asks) == 0; (outcome.Choice == terminal.Approved) != approved {
				t.Errorf("choice is %s", outcome.Choice)
			}
		})
	}
}

// If a rule for managers held only for those who sign in, a cashier would get round it by not signing in.
func TestRoleAsksForAPerson(t *testing.T) {
	c := newCounter(t)
	c.stock("A", func(r *terminal.Row) { r.Campaign.Rules.Role = terminal.RoleManager })
	outcome := c.redeem(t, scanOf("A"))
	if outcome.Choice != terminal.Asking || outcome.Asks[0].Missing != terminal.MissingOperator {
		t.Errorf("%s, asks %v", outcome.Choice, outcome.Asks)
	}
}

// If scanning a pass again got round the most that may be used at once, a family ticket would let a coach in.
func TestUnitsAtOnceHoldForTheBill(t *testing.T) {
	c := newCounter(t)
	c.stock("P", pass(10, 3))
	req := scanOf("P", "P")
	for units, want := range map[int64]terminal.Reason{1: "", 2: terminal.UnitsLimit, 3: terminal.UnitsLimit} {
		req.Units = &units
		if outcome, err := c.Check(t.Context(), req, nil); err != nil || outcome.Reason() != want {
			t.Errorf("twice %d: %s for %q, %v; want %q", units, outcome.Choice, outcome.Reason(), err, want)
		}
	}
}

// If an amount that was said once were taken from each gift card on a bill, the customer would pay twice.
func TestEachGiftCardIsAskedForItsOwnAmount(t *testing.T) {
	c := newCounter(t)
	c.stock("X", balance(5000))
	c.stock("Y", balance(3000))
	c.stock("S", pass(10, 3))
	req := scanOf("X", "Y", "S")
	euros := func(minor int64) *terminal.Money { return &terminal.Money{Minor: minor, Currency: "EUR"} }
	ask := func(missing terminal.Missing) terminal.Ask {
		outcome, err := c.Check(t.Context(), req, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, ask := range outcome.Asks {
			if ask.Missing == missing {
				return ask
			}
		}
		t.Fatalf("%s is not asked: %s, %v", missing, outcome.Choice, outcome.Asks)
		return terminal.Ask{}
	}
	req.Amount = euros(2000) // of which of them?
	for i, most := range []int64{5000, 3000} {
		if got := ask(terminal.MissingAmount); got.Line != i || got.Most != most {
			t.Errorf("asked %+v; want line %d, at most %d", got, i, most)
		}
		req.Scans[i].Amount = euros(1000 * int64(i+1))
	}
	two := int64(2)
	if got := ask(terminal.MissingUnits); got.Line != 2 || got.Most != 3 {
		t.Errorf("asked %+v", got)
	}
	req.Scans[2].Units = &two
	outcome := c.redeem(t, req)
	if !outcome.Redeemed() || outcome.Lines[0].Units != 1000 || outcome.Lines[1].Units != 2000 || outcome.Lines[2].Units != 2 {
		t.Errorf("%s: %+v", outcome.Choice, outcome.Lines)
	}
}

// If a question did not say which of two gift cards it is about, a script would ask for ever, and a cashier would take the money off the
// wrong card.
func TestAQuestionSaysWhichVoucherItIsAbout(t *testing.T) {
	c := newCounter(t)
	first, second := c.stock("A", balance(5000)), c.stock("B", balance(4000))
	c.stock("D", percent(1000, nil))
	twenty, bill := euros(2000), euros(9000)
	for name, test := range map[string]struct {
		req  terminal.Request
		want terminal.VoucherID
		line int
	}{
		"nothing said":       {terminal.Request{Scans: scanOf("A", "B").Scans}, first.Voucher.ID, 0},
		"said of the first":  {terminal.Request{Scans: []terminal.Scan{{Code: "A", Amount: twenty}, {Code: "B"}}}, second.Voucher.ID, 1},
		"said of the second": {terminal.Request{Scans: []terminal.Scan{{Code: "A"}, {Code: "B", Amount: twenty}}}, first.Voucher.ID, 0},
		"behind a discount":  {terminal.Request{Bill: bill, Scans: scanOf("D", "A", "B").Scans}, first.Voucher.ID, 1},
	} {
		t.Run(name, func(t *testing.T) {
			outcome, err := c.Scan(t.Context(), test.req)
			if err != nil || outcome.Choice != terminal.Asking {
				t.Fatalf("%s for %v, %v", outcome.Choice, outcome.Findings, err)
			}
			ask := outcome.Asks[0]
			written, err := json.Marshal(ask)
			var read map[string]any
			if err == nil {
				err = json.Unmarshal(written, &read)
			}
			if line, there := read["line"]; err != nil || ask.Voucher != test.want || !there || line != float64(test.line) {
				t.Errorf("asks %s, %v; want line %d", written, err, test.line)
			}
		})
	}
	if written, _ := json.Marshal(terminal.Ask{Missing: terminal.MissingBill}); string(written) != `{"missing":"bill"}` {
		t.Errorf("a question about the bill reads %s", written)
	}
}

// If the cashier promised a time at which the voucher is declined again, the customer would wait in vain.
func TestNextHoursOnNightsTheClocksChange(t *testing.T) {
	for name, test := range map[string]struct {
		hours     terminal.Hours
		now, next string
	}{
		"the stretch never begins that night": {terminal.Hours{Days: []time.Weekday{time.Sunday}, From: 150, Until: 165}, "2026-03-29T00:00:00Z", "2026-04-05T00:30:00Z"},
		"the stretch begins once more":        {terminal.Hours{Days: []time.Weekday{time.Saturday}, From: 1020, Until: 150}, "2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z"},
		"an ordinary night":                   {terminal.Hours{Days: []time.Weekday{time.Sunday}, From: 150, Until: 165}, "2026-06-14T00:15:00Z", "2026-06-14T00:30:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", func(r *terminal.Row) { r.Campaign.Rules.Hours = []terminal.Hours{test.hours} })
			now, _ := time.Parse(time.RFC3339, test.now)
			want, _ := time.Parse(time.RFC3339, test.next)
			c.clock.set(now)
			outcome, err := c.Check(t.Context(), scanOf("A"), nil)
			if err != nil || outcome.Reason() != terminal.OutsideHours {
				t.Fatalf("%s for %q, %v", outcome.Choice, outcome.Reason(), err)
			}
			if next, ok := outcome.Findings[0].Facts["next"].(time.Time); !ok || !next.Equal(want) {
				t.Errorf("next at %v, want %v", next.UTC(), want)
			}
		})
	}
}

// If the next time that is named were a day on which the offer is not honoured, or after it expires, the customer would come for nothing.
func TestNextHoursAreOnesThatCount(t *testing.T) {
	evenings := terminal.Rules{Hours: []terminal.Hours{{Days: []time.Weekday{time.Friday, time.Saturday}, From: 1020, Until: 150}}}
	always := terminal.Rules{Hours: []terminal.Hours{{From: 0, Until: 360}}}
	black := func(rules terminal.Rules, days ...string) terminal.Rules {
		for _, each := range days {
			rules.Blackout = append(rules.Blackout, day(each))
		}
		return rules
	}
	until := func(rules terminal.Rules, local string) terminal.Rules {
		civil, _ := time.Parse("2006-01-02T15:04", local)
		rules.ValidUntil = &terminal.Moment{Local: true, Civil: civil}
		return rules
	}
	saturdays := &terminal.Rules{Hours: []terminal.Hours{{Days: []time.Weekday{time.Saturday}, From: 1200, Until: 1320}}}
	for name, test := range map[string]struct {
		campaign  terminal.Rules
		voucher   *terminal.Rules
		now, next string // by the store's clock; next "" for none
		today     bool
	}{
		"nothing is black":               {evenings, nil, "2026-06-19 15:00", "2026-06-19 17:00", true},
		"that day is black":              {black(evenings, "2026-06-19"), nil, "2026-06-19 03:00", "2026-06-20 17:00", false},
		"the voucher's black day":        {evenings, &terminal.Rules{Blackout: []terminal.Date{day("2026-06-20")}}, "2026-06-19 02:30", "2026-06-19 17:00", true},
		"a week of black days":           {black(evenings, "2026-06-19", "2026-06-20", "2026-06-26", "2026-06-27"), nil, "2026-06-18 12:00", "2026-07-03 17:00", false},
		"black until the day begins":     {black(always, "2026-06-18"), nil, "2026-06-18 12:00", "2026-06-19 04:00", true},
		"within the voucher's own hours": {evenings, saturdays, "2026-06-18 12:00", "2026-06-20 20:00", false},
		"it expires before":              {until(evenings, "2026-06-19T16:59"), nil, "2026-06-18 12:00", "", false},
		"it expires just after":          {until(evenings, "2026-06-19T17:00"), nil, "2026-06-18 12:00", "2026-06-19 17:00", false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", func(r *terminal.Row) { r.Campaign.Rules, r.Voucher.Rules = test.campaign, test.voucher })
			c.clock.set(at(test.now + ":00"))
			outcome, err := c.Check(t.Context(), scanOf("A"), nil)
			n := slices.IndexFunc(outcome.Findings, func(f terminal.Finding) bool { return f.Reason == terminal.OutsideHours })
			if err != nil || n < 0 {
				t.Fatalf("%s for %v, %v", outcome.Choice, outcome.Findings, err)
			}
			finding := outcome.Findings[n]
			next, named := finding.Facts["next"].(time.Time)
			if named != (test.next != "") || (named && !next.Equal(at(test.next+":00"))) {
				t.Errorf("next at %v, want %q", finding.Facts["next"], test.next)
			}
			if _, today := finding.Facts["hours"]; today != test.today {
				t.Errorf("today's hours: %v", finding.Facts["hours"])
			}
			if over := finding.Next().Key == "hours.over.next"; over != (test.next == "") {
				t.Errorf("the next step is %s", finding.Next().Key)
			}
		})
	}
}

func ptr(n int64) *int64 { return &n }

func slot(from string) func(*terminal.Row) {
	return func(r *terminal.Row) {
		begin := at("2026-06-16 " + from)
		r.Campaign.Kind = terminal.KindBooking
		r.Campaign.Rules.Slot = &terminal.SlotGrace{EarlySeconds: 30 * 60, LateSeconds: 2 * 3600}
		r.Voucher.Slot = &terminal.Slot{From: begin, Until: begin.Add(2 * time.Hour), Party: 2}
	}
}

func pass(units, atOnce int64) func(*terminal.Row) {
	return func(r *terminal.Row) {
		r.Campaign.Kind, r.Voucher.Units, r.Campaign.Rules.UnitsAtOnce = terminal.KindPass, units, atOnce
	}
}

func balance(minor int64) func(*terminal.Row) {
	return func(r *terminal.Row) {
		r.Campaign.Kind, r.Voucher.Units, r.Campaign.Price, r.Campaign.Value = terminal.KindBalance, minor, nil, nil
	}
}

func percent(basisPoints int64, limit *terminal.Money) func(*terminal.Row) {
	return func(r *terminal.Row) {
		r.Campaign.Kind, r.Campaign.Price, r.Campaign.Value = terminal.KindDiscount, nil, nil
		r.Campaign.Discount = &terminal.Discount{BasisPoints: basisPoints, Cap: limit}
	}
}

func amountOff(minor int64) func(*terminal.Row) {
	return func(r *terminal.Row) {
		r.Campaign.Kind, r.Campaign.Price, r.Campaign.Value = terminal.KindDiscount, nil, nil
		r.Campaign.Discount = &terminal.Discount{Amount: euros(minor)}
	}
}

func minimum(minor int64, after bool) func(*terminal.Row) {
	return func(r *terminal.Row) {
		percent(2000, nil)(r)
		r.Campaign.Rules.MinimumBill = &terminal.MinimumBill{Amount: *euros(minor), After: after}
	}
}

func order(r *terminal.Row) {
	r.Campaign.Kind, r.Voucher.Units = terminal.KindPickup, 2
	r.Voucher.Lines = []terminal.OrderLine{{ID: "a", Name: "Apple cake", Quantity: 1}, {ID: "b", Name: "Bread", Quantity: 2}}
}

// If a bill were settled in another order, the customer would pay another sum at another counter.
func TestBills(t *testing.T) {
	for name, test := range map[string]struct {
		vouchers []func(*terminal.Row)
		bill     int64
		amount   *terminal.Money
		pay      int64
		want     terminal.Reason
	}{
		"percent":             {vouchers: []func(*terminal.Row){percent(2000, nil)}, bill: 8000, pay: 6400},
		"percent, capped":     {vouchers: []func(*terminal.Row){percent(2000, euros(1500))}, bill: 10000, pay: 8500},
		"rounds half up":      {vouchers: []func(*terminal.Row){percent(1250, nil)}, bill: 1004, pay: 878}, // 12.5 % of 10.04 is 1.255
		"amount":              {vouchers: []func(*terminal.Row){amountOff(500)}, bill: 8000, pay: 7500},
		"amount over bill":    {vouchers: []func(*terminal.Row){amountOff(500)}, bill: 300, pay: 0},
		"percent then amount": {vouchers: []func(*terminal.Row){amountOff(500), percent(2000, nil)}, bill: 8000, pay: 5900},
		"two percentages":     {vouchers: []func(*terminal.Row){percent(2000, nil), percent(1000, nil)}, bill: 10000, pay: 7200},
		"balance pays last":   {vouchers: []func(*terminal.Row){balance(5000), percent(2000, nil)}, bill: 8000, amount: euros(5000), pay: 1400},
		"minimum after": {vouchers: []func(*terminal.Row){minimum(5000, true), amountOff(5001)}, bill: 10000,
			want: terminal.MinimumSpend, pay: 2999},
		"minimum after, its own discount apart": {vouchers: []func(*terminal.Row){minimum(5000, true), amountOff(5000)}, bill: 10000, pay: 3000},
		"balance over what is left": {vouchers: []func(*terminal.Row){balance(5000), amountOff(500)}, bill: 3000, amount: euros(2501),
			want: terminal.AmountInvalid, pay: 0},
		"minimum after, balance is no discount": {vouchers: []func(*terminal.Row){minimum(5000, true), balance(9000)}, bill: 6000,
			amount: euros(4800), pay: 0},
		"minimum before": {vouchers: []func(*terminal.Row){minimum(5000, false), amountOff(3001)}, bill: 10000, pay: 4999},
		"exclusive": {vouchers: []func(*terminal.Row){percent(2000, nil), func(r *terminal.Row) {
			amountOff(500)(r)
			r.Campaign.Rules.Exclusive = true
		}}, bill: 10000, want: terminal.NotCombinable, pay: 7500},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			req := terminal.Request{Bill: euros(test.bill), Amount: test.amount}
			for i, change := range test.vouchers {
				code := string(rune('A' + i))
				c.stock(code, change)
				req.Scans = append(req.Scans, terminal.Scan{Code: code})
			}
			outcome, err := c.Check(t.Context(), req, nil)
			if err != nil {
				t.Fatal(err)
			}
			if outcome.LeftToPay == nil || outcome.LeftToPay.Minor != test.pay || outcome.Reason() != test.want {
				t.Errorf("left to pay is %v, reason %q; want %d, %q", outcome.LeftToPay, outcome.Reason(), test.pay, test.want)
			}
		})
	}
}

// If the same voucher could stand twice on one bill, one unit would be honoured twice.
func TestSameVoucherTwiceOnABill(t *testing.T) {
	c := newCounter(t)
	c.stock("A", nil)
	outcome := c.redeem(t, scanOf("A", "A"))
	if outcome.Choice != terminal.Declined || outcome.Reason() != terminal.UnitsLimit || c.journal.count(terminal.EntryRedeem) != 0 {
		t.Errorf("%s for %s", outcome.Choice, outcome.Reason())
	}
}

// If a bill that is turned away named its good voucher, the customer would be sent home with the wrong one.
func TestBillNamesItsBadVoucher(t *testing.T) {
	c := newCounter(t)
	c.stock("GOOD-AA", nil)
	c.stock("BAD-BB", func(r *terminal.Row) { r.Campaign.Rules.ValidUntil = local("2026-01-01 00:00:00") })
	if outcome := c.redeem(t, scanOf("GOOD-AA", "BAD-BB")); outcome.Reason() != terminal.Expired || outcome.Lead != 1 || outcome.Masked != "BB" {
		t.Errorf("%s, line %d, %s", outcome.Reason(), outcome.Lead, outcome.Masked)
	}
}

// If one bad voucher of a bill let the others through, "all or nothing" would be a lie on the receipt.
func TestBillIsAllOrNothing(t *testing.T) {
	c := newCounter(t)
	c.stock("A", nil)
	c.stock("B", func(r *terminal.Row) { r.Voucher.Used = 1 })
	outcome := c.redeem(t, scanOf("A", "B"))
	if outcome.Choice != terminal.Declined || c.journal.count(terminal.EntryRedeem) != 0 {
		t.Errorf("%s with %d redemptions", outcome.Choice, c.journal.count(terminal.EntryRedeem))
	}
	c.stock("B", nil)
	if outcome = c.redeem(t, scanOf("A", "B")); !outcome.Redeemed() || len(outcome.Record.Entry.Lines) != 2 || len(c.journal.jobs) != 1 {
		t.Errorf("a good bill: %s for %s with %d slips", outcome.Choice, outcome.Reason(), len(c.journal.jobs))
	}
}

// If a clock change had no stated answer, the same voucher would be good at one counter and expired at the next. In Berlin clocks go
// forward from 02:00 to 03:00 on 2026-03-29 and back from 03:00 to 02:00 on 2026-10-25.
func TestNightsTheClocksChange(t *testing.T) {
	utc := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	half := func(day string) *terminal.Moment { return local(day + " 02:30:00") }
	for name, test := range map[string]struct {
		rules terminal.Rules
		now   string
		want  terminal.Reason
	}{
		// 02:30 never comes: it means the moment of the change, 01:00 UTC, at both ends.
		"gap, from, before":  {terminal.Rules{ValidFrom: half("2026-03-29")}, "2026-03-29T00:59:59Z", terminal.NotYetValid},
		"gap, from, at":      {terminal.Rules{ValidFrom: half("2026-03-29")}, "2026-03-29T01:00:00Z", ""},
		"gap, until, at":     {terminal.Rules{ValidUntil: half("2026-03-29")}, "2026-03-29T01:00:00Z", ""},
		"gap, until, behind": {terminal.Rules{ValidUntil: half("2026-03-29")}, "2026-03-29T01:00:01Z", terminal.Expired},
		// 02:30 comes twice, at 00:30 and 01:30 UTC: a beginning means the first, an end the second.
		"overlap, from, before":  {terminal.Rules{ValidFrom: half("2026-10-25")}, "2026-10-25T00:29:59Z", terminal.NotYetValid},
		"overlap, from, first":   {terminal.Rules{ValidFrom: half("2026-10-25")}, "2026-10-25T00:30:00Z", ""},
		"overlap, until, second": {terminal.Rules{ValidUntil: half("2026-10-25")}, "2026-10-25T01:30:00Z", ""},
		"overlap, until, behind": {terminal.Rules{ValidUntil: half("2026-10-25")}, "2026-10-25T01:30:01Z", terminal.Expired},
		// Hours follow the wall clock: the hour that comes twice counts twice, the one that never comes not at all.
		"hours, first two":  {terminal.Rules{Hours: []terminal.Hours{{From: 120, Until: 180}}}, "2026-10-25T00:30:00Z", ""},
		"hours, second two": {terminal.Rules{Hours: []terminal.Hours{{From: 120, Until: 180}}}, "2026-10-25T01:30:00Z", ""},
		"hours, no two":     {terminal.Rules{Hours: []terminal.Hours{{From: 120, Until: 180}}}, "2026-03-29T01:00:00Z", terminal.OutsideHours},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", func(r *terminal.Row) { r.Campaign.Rules = test.rules })
			c.clock.set(utc(test.now))
			c.cache.fresh.ReachedEnd = utc(test.now)
			outcome, err := c.Check(t.Context(), scanOf("A"), nil)
			if err != nil || outcome.Reason() != test.want {
				t.Errorf("%s for %q, %v; want %q", outcome.Choice, outcome.Reason(), err, test.want)
			}
		})
	}
}

// If moving the clock could make an expired voucher good, or a doubtful one pass, a cashier could honour last year's vouchers.
func TestMovedClock(t *testing.T) {
	until := func(r *terminal.Row) { r.Campaign.Rules.ValidUntil = local("2026-06-16 11:00:00") }
	for name, test := range map[string]struct {
		wall, lower, upper time.Time
		want               terminal.Reason
	}{
		"wall set back":              {noon.AddDate(-1, 0, 0), noon, noon, terminal.Expired},
		"wall set ahead":             {noon.AddDate(1, 0, 0), noon.Add(-2 * time.Hour), noon.Add(-2 * time.Hour), ""},
		"in doubt":                   {noon, noon.Add(-24 * time.Hour), noon, terminal.ClockUntrusted},
		"in doubt, and surely fine":  {noon.Add(-3 * time.Hour), noon.Add(-24 * time.Hour), noon.Add(-3 * time.Hour), ""},
		"in doubt, surely over":      {noon, noon.Add(-30 * time.Minute), noon, terminal.Expired},
		"set back before the bounds": {noon.AddDate(0, -1, 0), noon, noon, terminal.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", until)
			c.clock.reading = terminal.Reading{Wall: test.wall, Lower: test.lower, Upper: test.upper, Boot: "boot-1"}
			outcome, err := c.Check(t.Context(), scanOf("A"), nil)
			if err != nil || outcome.Reason() != test.want {
				t.Errorf("%s for %q, %v; want %q", outcome.Choice, outcome.Reason(), err, test.want)
			}
		})
	}
}

// A PC whose clock was set back overnight would honour what expired meanwhile, though the cloud that it asked has just told it the time.
func TestTheTimeThatTheCloudTellsCounts(t *testing.T) {
	for name, answer := range map[string]func(terminal.Claim) (terminal.ClaimAnswer, error){
		"with its yes": granted,
		"before the line is cut": func(terminal.Claim) (terminal.ClaimAnswer, error) {
			return terminal.ClaimAnswer{}, terminal.ErrNoAnswer
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", func(r *terminal.Row) { r.Campaign.Rules.ValidUntil = local("2026-06-16 11:00:00") })
			early := noon.Add(-2 * time.Hour)
			c.clock.reading = terminal.Reading{Wall: early, Lower: early.Add(-time.Hour), Upper: early, Boot: "boot-2"}
			c.cache.fresh.ReachedEnd = early
			c.authority.claim = func(claim terminal.Claim) (terminal.ClaimAnswer, error) {
				c.clock.reading.Lower, c.clock.reading.Upper = noon, noon
				return answer(claim)
			}
			if outcome := c.redeem(t, scanOf("A")); outcome.Reason() != terminal.Expired {
				t.Errorf("%s for %q", outcome.Choice, outcome.Reason())
			}
		})
	}
}

// If the screen promised hours that never come, or kept back those that come again, a customer would wait in vain or go home.
func TestHoursOnNightsTheClocksChange(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, night := range []struct {
		name, at, next string
		today          bool
	}{
		{"the hour comes again", "2027-10-31T02:50:00+02:00", "2027-10-31T02:30:00+01:00", true},
		{"it came for the second time", "2027-10-31T02:50:00+01:00", "2027-11-01T02:30:00+01:00", true},
		{"it never comes", "2027-03-28T01:50:00+01:00", "2027-03-29T02:30:00+02:00", false},
		{"an ordinary night", "2027-05-01T01:50:00+02:00", "2027-05-01T02:30:00+02:00", true},
	} {
		at, err := time.Parse(time.RFC3339, night.at)
		if err != nil {
			t.Fatal(err)
		}
		c := newCounter(t)
		c.stock("N", func(r *terminal.Row) { r.Campaign.Rules.Hours = []terminal.Hours{{From: 150, Until: 165}} })
		outcome, err := c.Check(t.Context(), scanOf("N"), &terminal.Reading{Wall: at.In(berlin), Lower: at, Upper: at})
		if err != nil || outcome.Reason() != terminal.OutsideHours {
			t.Fatalf("%s: %s, %v", night.name, outcome.Reason(), err)
		}
		facts := outcome.Findings[0].Facts
		if next, _ := facts["next"].(time.Time); next.Format(time.RFC3339) != night.next {
			t.Errorf("%s: next %v, want %s", night.name, next, night.next)
		}
		if _, today := facts["hours"]; today != night.today {
			t.Errorf("%s: today %v, want %v", night.name, facts["hours"], night.today)
		}
	}
}
