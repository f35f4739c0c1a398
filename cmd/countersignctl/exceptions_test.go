package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"countersign/assets/translations"
	"countersign/terminal"
)

// A manager in Madrid would read half of what went wrong in English, and that 2000 units of a gift card were used too often.
func TestExceptionsAreToldInOneLanguage(t *testing.T) {
	at := time.Date(2026, 11, 22, 8, 3, 23, 0, time.UTC)
	euros := func(minor int64) *terminal.Money { return &terminal.Money{Minor: minor, Currency: "EUR"} }
	use := terminal.ExceptionUse{Store: "quay", Terminal: "counter-1", At: at, Assurance: terminal.Offline, Units: 2000, Amount: euros(2000),
		Receipt: "1-000042"}
	all := []terminal.Exception{
		{ID: "3", Kind: "overrun", State: "open", OpenedAt: at, Voucher: 7, Units: 2000, Paid: 500, AtRisk: euros(2000), See: []string{"4"}, Uses: []terminal.ExceptionUse{use, use}},
		{ID: "4", Kind: "journal_fork", State: "open", OpenedAt: at, Terminal: "counter-1", Store: "quay", Entry: 9, Units: 3, AtRisk: euros(5000), Shared: euros(2000),
			See: []string{"3", "5"}, Undecided: true, Stake: []terminal.ExceptionStake{{What: "redeemed", Count: 1, Worth: euros(5000)}}, Uses: []terminal.ExceptionUse{use}},
		{ID: "5", Kind: "clone", State: "open", OpenedAt: at, Terminal: "counter-1", Store: "quay", See: []string{"4"},
			Machines: []terminal.Machine{{ID: "40e18f8c", Since: at, Seen: at, Head: 12}, {ID: "50e18f8c", Since: at, Seen: at}}},
		{ID: "6", Kind: "reversal_excess", State: "closed", OpenedAt: at, Voucher: 7, Units: 1, Note: "More was reversed", Uses: []terminal.ExceptionUse{{Store: "quay", At: at}}},
	}
	if sum := terminal.ValueAtRisk(all); !slices.Equal(sum, []terminal.Money{*euros(5000)}) {
		t.Errorf("together they may cost %v", sum)
	}
	english := []string{" unit", "paid off", "open ·", "closed", "overrun", "machine 4", "receipt", "heard", "voucher ", "See also", " line ", "More was", "exception."}
	for _, language := range translations.Languages {
		var text strings.Builder
		for _, x := range all {
			story(&text, x, translations.For(language, nil))
		}
		for _, wanted := range []string{"40e18f8c", "1-000042", "2026-11-22 08:03:23"} {
			if !strings.Contains(text.String(), wanted) {
				t.Errorf("%s: %s is not in\n%s", language, wanted, text.String())
			}
		}
		if strings.Contains(text.String(), "2000") || strings.Contains(text.String(), "2.000") || strings.Contains(text.String(), "2,000") {
			t.Errorf("%s: money is told in units:\n%s", language, text.String())
		}
		for _, word := range english {
			if found := strings.Contains(text.String(), word); found && (language != "en" || word == "exception.") {
				t.Errorf("%s: %q is in\n%s", language, word, text.String())
			}
		}
	}
}
