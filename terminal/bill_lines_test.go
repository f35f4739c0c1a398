package terminal_test

import (
	"testing"

	"countersign/terminal"
)

// If a colleague's PIN were taken for a manager's, or met with the same question again, nobody would know whom to fetch.
func TestWhoMayNotApproveIsTold(t *testing.T) {
	c := newCounter(t)
	c.stock("CODE-1", func(r *terminal.Row) { r.Campaign.Rules.ApprovalAbove = euros(1000) })
	req := scanOf("CODE-1")
	req.Approver = &terminal.Operator{ID: "bo", Name: "Bo", Role: terminal.RoleCashier}
	outcome := c.redeem(t, req)
	if outcome.Choice != terminal.Asking || outcome.Reason() != terminal.OperatorNotAllowed || len(outcome.Asks) != 1 || outcome.Asks[0].Missing != terminal.MissingApproval {
		t.Fatalf("%s for %s, asks %+v", outcome.Choice, outcome.Reason(), outcome.Asks)
	}
	finding := outcome.Asks[0].Finding
	if finding.Facts["approver"] != "Bo" || finding.Fact().Key != "operator.no_approver" || finding.Next().Key != "operator.no_approver.next" {
		t.Errorf("the finding is %+v, said as %s", finding, finding.Fact().Key)
	}
	req.Approver = &terminal.Operator{ID: "mia", Name: "Mia", Role: terminal.RoleManager}
	if outcome = c.redeem(t, req); !outcome.Redeemed() {
		t.Errorf("with a manager: %s for %s", outcome.Choice, outcome.Reason())
	}
}

// If a bill of several vouchers did not tell which of them stands in its way, the cashier would have to try them one by one.
func TestWhichVoucherStandsInTheWay(t *testing.T) {
	c := newCounter(t)
	c.stock("CODE-1", nil)
	c.stock("CODE-2", func(r *terminal.Row) { r.Campaign.Rules.Exclusive = true })
	for name, test := range map[string]struct {
		codes []string
		want  terminal.Reason
		lead  int
	}{
		"exclusive, scanned second": {[]string{"CODE-1", "CODE-2"}, terminal.NotCombinable, 1},
		"exclusive, scanned first":  {[]string{"CODE-2", "CODE-1"}, terminal.NotCombinable, 0},
		"unknown, scanned second":   {[]string{"CODE-1", "CODE-9"}, terminal.NotFound, 1},
	} {
		req := terminal.Request{}
		for _, code := range test.codes {
			req.Scans = append(req.Scans, scanOf(code).Scans...)
		}
		if outcome := c.redeem(t, req); outcome.Reason() != test.want || outcome.Lead != test.lead {
			t.Errorf("%s: %s at %d", name, outcome.Reason(), outcome.Lead)
		}
	}
	// The cloud says that the second was used elsewhere, and sends its row.
	used := c.stock("CODE-3", nil)
	used.Voucher.Used = 1
	c.authority.claim = func(terminal.Claim) (terminal.ClaimAnswer, error) {
		return terminal.ClaimAnswer{Findings: []terminal.Finding{{Reason: terminal.AlreadyRedeemed}}, Rows: []terminal.Row{used}}, nil
	}
	req := terminal.Request{Scans: append(scanOf("CODE-1").Scans, scanOf("CODE-3").Scans...)}
	outcome := c.redeem(t, req)
	if outcome.Reason() != terminal.AlreadyRedeemed || outcome.Lead != 1 || len(outcome.Lines[1].Findings) == 0 {
		t.Errorf("refused by the cloud: %s at %d of %+v", outcome.Reason(), outcome.Lead, outcome.Lines)
	}
}

// If every voucher of a bill were noted with the first one's reason, the manager would read that a good voucher had expired.
func TestEachVoucherOfABillIsNotedWithItsOwnReason(t *testing.T) {
	c := newCounter(t)
	c.stock("CODE-1", nil)
	c.stock("CODE-2", func(r *terminal.Row) { r.Campaign.Rules.Exclusive = true })
	c.stock("CODE-3", func(r *terminal.Row) { r.Voucher.Used = 1 })
	for name, test := range map[string]struct {
		codes []string
		bill  terminal.Reason
		want  []terminal.Reason
	}{
		"a good one and two that are not": {[]string{"CODE-1", "CODE-2", "CODE-3"}, terminal.AlreadyRedeemed, []terminal.Reason{"", terminal.NotCombinable, terminal.AlreadyRedeemed}},
		"one that is not known":           {[]string{"CODE-3", "CODE-1", "CODE-9"}, terminal.NotFound, []terminal.Reason{terminal.AlreadyRedeemed, "", terminal.NotFound}},
		"one alone":                       {[]string{"CODE-3"}, terminal.AlreadyRedeemed, []terminal.Reason{terminal.AlreadyRedeemed}},
	} {
		req := terminal.Request{}
		for _, code := range test.codes {
			req.Scans = append(req.Scans, scanOf(code).Scans...)
		}
		outcome := c.redeem(t, req)
		if outcome.Record == nil || outcome.Record.Entry.Reason != test.bill || len(outcome.Record.Entry.Lines) != len(test.want) {
			t.Fatalf("%s: %+v", name, outcome.Record)
		}
		for i, line := range outcome.Record.Entry.Lines {
			if got := outcome.Record.Entry.CauseOf(line); got != test.want[i] {
				t.Errorf("%s: %s is noted with %q", name, test.codes[i], got)
			}
		}
		if len(test.codes) == 1 && outcome.Record.Entry.Lines[0].Reasons != nil {
			t.Error("one voucher alone says its reason twice")
		}
	}
	old := terminal.Entry{Reason: terminal.Expired, Lines: []terminal.EntryLine{{Voucher: 1}, {Voucher: 2}}}
	if old.CauseOf(old.Lines[1]) != terminal.Expired {
		t.Error("an entry from before lines had reasons says none")
	}
}
