package cloud_test

import (
	"math"
	"testing"

	"countersign/sync/cloud"
	"countersign/terminal"
)

// A forked journal with absurd amounts would be told to the merchant as a debt of the customers, or as worth nothing.
func TestStakeStaysOutOfRange(t *testing.T) {
	t.Parallel()
	worth := func(minor int64, currency string) terminal.Entry {
		return terminal.Entry{Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{{Campaign: "dinner", Kind: terminal.KindProduct, Units: 1,
			Value: &terminal.Money{Minor: minor, Currency: currency}}}}
	}
	var stake cloud.Stake
	for range 3 {
		stake.Add(worth(math.MaxInt64-1, "EUR"))
	}
	if stake.Units != 3 || stake.AtRisk == nil || !stake.AtRisk.OutOfRange() || stake.AtRisk.Minor < 0 {
		t.Errorf("%d units are worth %v", stake.Units, stake.AtRisk)
	}
	if stake.Add(worth(1, "CNY")); stake.AtRisk != nil || stake.Units != 4 {
		t.Errorf("two currencies are added up to %v", stake.AtRisk)
	}
}
