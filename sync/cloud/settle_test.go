package cloud_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// A customer would be charged twice, or a double redemption would pass for a good one.
func TestJudge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		account cloud.Account
		units   int64
		proven  bool
		want    terminal.LineVerdict
		net     int64 // afterwards
	}{
		{"fresh", cloud.Account{Total: 1}, 1, true, terminal.LineVerdict{Accepted: 1}, 1},
		{"used", cloud.Account{Total: 1, Redeemed: 1}, 1, true, terminal.LineVerdict{Overrun: 1}, 2},
		{"used and reversed", cloud.Account{Total: 1, Redeemed: 1, Reversed: 1}, 1, true, terminal.LineVerdict{Accepted: 1}, 1},
		{"partly left", cloud.Account{Total: 10, Redeemed: 7}, 5, true, terminal.LineVerdict{Accepted: 3, Overrun: 2}, 12},
		{"held by another", cloud.Account{Total: 1, Held: 1}, 1, true, terminal.LineVerdict{Overrun: 1}, 1},
		{"held by itself", cloud.Account{Total: 1, Own: 1}, 1, true, terminal.LineVerdict{Accepted: 1}, 1},
		{"held by itself, used meanwhile", cloud.Account{Total: 1, Redeemed: 1, Own: 1}, 1, true, terminal.LineVerdict{Accepted: 1}, 2},
		{"held in part", cloud.Account{Total: 5, Redeemed: 3, Own: 2}, 4, true, terminal.LineVerdict{Accepted: 2, Overrun: 2}, 7},
		{"withdrawn", cloud.Account{Total: 1, Withdrawn: true}, 1, true, terminal.LineVerdict{Revoked: 1}, 1},
		{"withdrawn and held", cloud.Account{Total: 3, Own: 2, Withdrawn: true}, 3, true, terminal.LineVerdict{Accepted: 2, Revoked: 1}, 3},
		{"not shown", cloud.Account{Total: 1}, 1, false, terminal.LineVerdict{Invalid: 1}, 0},
		{"no units", cloud.Account{Total: 1}, 0, true, terminal.LineVerdict{}, 0},
		{"fewer than none", cloud.Account{Total: 1}, -5, true, terminal.LineVerdict{}, 0},
		{"absurdly many", cloud.Account{Total: 1}, 1 << 60, true, terminal.LineVerdict{Invalid: 1 << 60}, 0},
	} {
		got, after := test.account.Judge(test.units, test.proven)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		if after.Net() != test.net {
			t.Errorf("%s: the net is %d afterwards, and %d was expected", test.name, after.Net(), test.net)
		}
	}
}

// Units would get lost between the verdicts, or more than the voucher has would be accepted.
func TestJudgeAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		account := cloud.Account{Total: rapid.Int64Range(0, 20).Draw(t, "total")}
		total := account.Total
		var accepted, overrun, redeemed, reversed int64
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			units := rapid.Int64Range(1, 6).Draw(t, "units")
			if account.Net() > 0 && rapid.Bool().Draw(t, "reverse") {
				back := min(units, account.Net())
				account.Reversed += back
				reversed += back
				continue
			}
			verdict, after := account.Judge(units, true)
			if verdict.Accepted+verdict.Overrun+verdict.Revoked+verdict.Invalid != units {
				t.Fatalf("%d units became %+v", units, verdict)
			}
			accepted, overrun, redeemed = accepted+verdict.Accepted, overrun+verdict.Overrun, redeemed+units
			account = after
		}
		if redeemed != accepted+overrun || accepted-reversed > total || account.Left() != max(0, total-(redeemed-reversed)) {
			t.Fatalf("of %d: redeemed %d, accepted %d, overrun %d, reversed %d, left %d", total, redeemed, accepted, overrun, reversed, account.Left())
		}
	})
}

// A manager would chase overruns that were made good, or none would ever close.
func TestPayOff(t *testing.T) {
	t.Parallel()
	overrun, revoked := api.ExceptionOverrun, api.ExceptionRevoked
	for _, test := range []struct {
		name  string
		debts []cloud.Debt
		units int64
		want  []cloud.Payment
	}{
		{"nothing owed", nil, 3, nil},
		{"its own", []cloud.Debt{{"1", overrun, true, 1}}, 1, []cloud.Payment{{"1", 1}}},
		{"another's", []cloud.Debt{{"1", overrun, false, 2}}, 1, []cloud.Payment{{"1", 1}}},
		{"its own before another's", []cloud.Debt{{"1", overrun, false, 1}, {"2", overrun, true, 1}}, 1, []cloud.Payment{{"2", 1}}},
		{"the oldest first", []cloud.Debt{{"1", overrun, false, 1}, {"2", overrun, false, 1}}, 1, []cloud.Payment{{"1", 1}}},
		{"overruns before what else it owes", []cloud.Debt{{"1", revoked, true, 1}, {"2", overrun, false, 2}}, 3, []cloud.Payment{{"2", 2}, {"1", 1}}},
		{"never what others owe otherwise", []cloud.Debt{{"1", revoked, false, 1}}, 1, nil},
	} {
		if diff := cmp.Diff(test.want, cloud.PayOff(test.debts, test.units)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// A reversal would give back more than was taken.
func TestReverse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		line  cloud.RedemptionLine
		units int64
		want  cloud.Reversal
	}{
		{"whole", cloud.RedemptionLine{Units: 3, Accepted: 3}, 3, cloud.Reversal{Effective: 3, Freed: 3}},
		{"the rest", cloud.RedemptionLine{Units: 3, Accepted: 3, Reversed: 2}, 2, cloud.Reversal{Effective: 1, Void: 1, Freed: 1}},
		{"of what used nothing up", cloud.RedemptionLine{Units: 1, Invalid: 1}, 1, cloud.Reversal{Effective: 1}},
		{"of nothing", cloud.RedemptionLine{}, 2, cloud.Reversal{Void: 2}},
		{"of fewer than none", cloud.RedemptionLine{Units: 3}, -1, cloud.Reversal{}},
	} {
		if diff := cmp.Diff(test.want, cloud.Reverse(test.line, test.units)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// A manager would be told a wrong sum at risk.
func TestAtRisk(t *testing.T) {
	t.Parallel()
	euro := func(minor int64) *terminal.Money { return &terminal.Money{Minor: minor, Currency: "EUR"} }
	for _, test := range []struct {
		name  string
		line  terminal.EntryLine
		units int64
		want  *terminal.Money
	}{
		{"price", terminal.EntryLine{Units: 1, Price: euro(3990), Value: euro(6800)}, 1, euro(3990)},
		{"value", terminal.EntryLine{Units: 1, Value: euro(6800)}, 1, euro(6800)},
		{"a share", terminal.EntryLine{Units: 4, Price: euro(1000)}, 1, euro(250)},
		{"a balance", terminal.EntryLine{Units: 1 << 40, Amount: euro(1 << 40)}, 1 << 39, euro(1 << 39)},
		{"nothing known", terminal.EntryLine{Units: 1}, 1, nil},
		{"nonsense", terminal.EntryLine{Units: 1, Price: euro(-1)}, 1, nil},
	} {
		if diff := cmp.Diff(test.want, cloud.AtRisk(test.line, test.units)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

// A bill would show the milder of its verdicts.
func TestOverall(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		lines []terminal.LineVerdict
		want  terminal.Verdict
	}{
		{nil, terminal.Accepted},
		{[]terminal.LineVerdict{{Accepted: 1}, {Accepted: 2}}, terminal.Accepted},
		{[]terminal.LineVerdict{{Invalid: 1}, {Accepted: 2}}, terminal.Invalid},
		{[]terminal.LineVerdict{{Invalid: 1}, {Revoked: 2}}, terminal.Revoked},
		{[]terminal.LineVerdict{{Revoked: 1}, {Accepted: 1, Overrun: 1}}, terminal.Overrun},
	} {
		if got := cloud.Overall(test.lines); got != test.want {
			t.Errorf("%+v: %s, and %s was expected", test.lines, got, test.want)
		}
	}
}
