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
