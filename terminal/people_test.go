package terminal_test

import (
	"testing"
	"time"

	"countersign/terminal"
)

// If undoing were refused for another cause than the true one, a cashier would fetch a manager who may not either, or nobody at all.
func TestReversalsSayWhoMayUndo(t *testing.T) {
	li := &terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier}
	kai := &terminal.Operator{ID: "kai", Name: "Kai", Role: terminal.RoleCashier}
	mia := &terminal.Operator{ID: "mia", Name: "Mia", Role: terminal.RoleManager}
	tom := &terminal.Operator{ID: "tom", Name: "Tom", Role: terminal.RoleTechnician}
	never := terminal.ReversalWindow{Never: true}
	for name, test := range map[string]struct {
		policy             terminal.ReversalPolicy
		operator, approver *terminal.Operator
		after              time.Duration
		want               terminal.Reason
		next               string
	}{
		"his own":                           {operator: li},
		"somebody else's":                   {operator: kai, want: terminal.OperatorNotAllowed, next: "undo.others.next"},
		"somebody else's, approved":         {operator: kai, approver: mia},
		"somebody else's, his own approval": {operator: kai, approver: kai, want: terminal.OperatorNotAllowed, next: "operator.no_approver.next"},
		"a technician":                      {operator: tom, want: terminal.OperatorNotAllowed, next: "reason.operator_not_allowed.next"},
		"a technician, approved":            {operator: tom, approver: mia, want: terminal.OperatorNotAllowed, next: "reason.operator_not_allowed.next"},
		"too late for a cashier":            {operator: li, after: 61 * time.Minute, want: terminal.ReversalTooLate, next: "reason.reversal_too_late.next"},
		"too late for anybody":              {operator: mia, after: 30 * time.Hour, want: terminal.ReversalTooLate, next: "undo.over.next"},
		"not by cashiers":                   {policy: terminal.ReversalPolicy{Cashier: never}, operator: li, want: terminal.ReversalTooLate, next: "undo.cashier.next"},
		"not by cashiers, a manager":        {policy: terminal.ReversalPolicy{Cashier: never}, operator: mia},
		"by nobody":                         {policy: terminal.ReversalPolicy{Cashier: never, Manager: never}, operator: li, want: terminal.ReversalTooLate, next: "undo.never.next"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			c.stock("A", func(r *terminal.Row) { r.Campaign.Reversal = test.policy })
			req := scanOf("A")
			req.Operator = li
			redeemed := c.redeem(t, req)
			c.clock.advance(test.after)
			outcome, err := c.Reverse(t.Context(), terminal.Reversal{UID: redeemed.Record.Entry.UID, Note: "test", Operator: test.operator, Approver: test.approver})
			if err != nil || outcome.Reason() != test.want {
				t.Fatalf("%s for %q, %v; want %q", outcome.Choice, outcome.Reason(), err, test.want)
			}
			if test.want != "" && outcome.Findings[0].Next().Key != test.next {
				t.Errorf("the next step is %s; want %s", outcome.Findings[0].Next().Key, test.next)
			}
		})
	}
}

// If who redeems could stand as his own second person, an entry would claim that two people had looked.
func TestNobodyApprovesHimself(t *testing.T) {
	c := newCounter(t)
	c.stock("A", func(r *terminal.Row) { r.Campaign.Rules.ApprovalAbove = euros(1) })
	req := scanOf("A")
	req.Operator = &terminal.Operator{ID: "mia", Name: "Mia", Role: terminal.RoleManager}
	req.Approver = req.Operator
	outcome := c.redeem(t, req)
	if !outcome.Redeemed() || outcome.Record.Entry.Operator != "mia" || outcome.Record.Entry.Approver != "" {
		t.Errorf("%s for %q, entry %+v", outcome.Choice, outcome.Reason(), outcome.Record)
	}
}

// If the day were not named, a customer who comes a day early would wait at the counter until an hour that is tomorrow's.
func TestTheNextTimeIsNamed(t *testing.T) {
	c := newCounter(t)
	c.stock("A", slot("10:00:00")) // on 16 June
	c.clock.set(at("2026-06-15 09:00:00"))
	if next := c.redeem(t, scanOf("A")).Findings[0].Next().Key; next != "slot.another_day.next" {
		t.Errorf("a day early: %s", next)
	}
	c.clock.set(at("2026-06-16 08:00:00"))
	if next := c.redeem(t, scanOf("A")).Findings[0].Next().Key; next != "reason.slot_too_early.next" {
		t.Errorf("two hours early: %s", next)
	}
	for per, want := range map[terminal.Period]any{
		terminal.PerDay: terminal.Date{Year: 2026, Month: 6, Day: 17}, terminal.PerWeek: terminal.Date{Year: 2026, Month: 6, Day: 22},
		terminal.PerMonth: terminal.Date{Year: 2026, Month: 7, Day: 1}, terminal.PerEver: nil,
	} {
		c := newCounter(t)
		c.stock("A", func(r *terminal.Row) {
			r.Campaign.Kind, r.Voucher.Units, r.Voucher.Customer = terminal.KindPass, 5, "c-1"
			r.Campaign.Rules.PerCustomer = &terminal.Limit{Count: 1, Per: per}
		})
		one := int64(1)
		req := scanOf("A")
		req.Units = &one
		c.redeem(t, req)
		outcome := c.redeem(t, req)
		facts := outcome.Findings[0].Facts
		if used, told := facts["at"].(time.Time); outcome.Reason() != terminal.CustomerLimit || facts["again"] != want || !told || !used.Equal(noon) {
			t.Errorf("per %s: %q, %v; want again %v", per, outcome.Reason(), facts, want)
		}
	}
}

// If a wrong PIN of an approval were written down as the manager's own, nobody would learn at whose counter it was tried.
func TestWrongApprovalsSayWhoWasAtTheCounter(t *testing.T) {
	c := newCounter(t)
	li := &terminal.Operator{ID: "li", Name: "Li", Role: terminal.RoleCashier}
	for _, test := range []struct {
		operator           *terminal.Operator
		id                 string
		wantOper, wantAppr string
	}{{li, "mia", "li", "mia"}, {li, "nobody", "li", ""}, {nil, "mia", "mia", ""}, {li, "li", "li", ""}} {
		if _, finding, err := c.Agree(t.Context(), test.operator, test.id, "0000"); err != nil || finding == nil {
			t.Fatal(finding, err)
		}
		entry := c.journal.records[len(c.journal.records)-1].Entry
		if entry.Operator != test.wantOper || entry.Approver != test.wantAppr {
			t.Errorf("%s tried: operator %q, approver %q; want %q, %q", test.id, entry.Operator, entry.Approver, test.wantOper, test.wantAppr)
		}
	}
}

// If a locked second person's next step were that somebody else signs in, the cashier would change hands and still have nobody to approve.
func TestALockedManagerIsReplacedByAManager(t *testing.T) {
	for name, test := range map[string]struct {
		operator *terminal.Operator
		next     string
	}{
		"who signs in": {nil, "reason.pin_locked.next"},
		"who approves": {&terminal.Operator{ID: "kai", Name: "Kai", Role: terminal.RoleCashier}, "pin.second.next"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			var finding *terminal.Finding
			for range 6 {
				var err error
				if _, finding, err = c.Agree(t.Context(), test.operator, "li", "0000"); err != nil {
					t.Fatal(err)
				}
			}
			if finding == nil || finding.Reason != terminal.PINLocked || finding.Next().Key != test.next || finding.Fact().Args["operator"] == nil {
				t.Errorf("%+v", finding)
			}
		})
	}
}
