package demo

import (
	"errors"
	"testing"
	"time"

	"countersign/terminal"
)

// If the demo's world were not what it says, the first impression would be a wrong answer at a counter.
func TestEachSortOfVoucherIsWhatItSays(t *testing.T) {
	world, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := world.Close(); err != nil {
			t.Error(err)
		}
	}()
	if n := len(world.Vouchers); n < 200 {
		t.Errorf("only %d vouchers", n)
	}
	cashier, finding, err := world.Station.Terminal.SignIn(t.Context(), Cashier, CashierPIN)
	if err != nil || finding != nil {
		t.Fatal(finding, err)
	}
	for sort, reason := range map[Sort]terminal.Reason{
		Good: "", Used: terminal.AlreadyRedeemed, Revoked: terminal.VoucherIsRevoked, Refunded: terminal.VoucherIsRefunded,
		Disabled: terminal.VoucherIsDisabled, Expired: terminal.Expired, NotYet: terminal.NotYetValid, Elsewhere: terminal.WrongStore,
	} {
		for _, n := range []int{0, 1000} { // the first of the sort, and the last
			voucher := world.Of(sort, n)
			outcome, err := world.Station.Terminal.Redeem(t.Context(), terminal.Request{
				Scans: []terminal.Scan{{Code: voucher.Code, Source: terminal.SourceScanner}}, Operator: cashier,
			})
			if err != nil || outcome.Reason() != reason || outcome.Redeemed() != (reason == "") {
				t.Errorf("a voucher that is %s: %s %s, %v", sort, outcome.Choice, outcome.Reason(), err)
			}
		}
	}
}

// If cutting the cable left anything through, or restoring it did not bring the line back, the demo would show nothing.
func TestTheCableCutsAndComesBack(t *testing.T) {
	world, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := world.Close(); err != nil {
			t.Error(err)
		}
	}()
	redeem := func(n int) terminal.Assurance {
		t.Helper()
		began := time.Now()
		cashier, _, err := world.Station.Terminal.SignIn(t.Context(), Cashier, CashierPIN)
		if err != nil || cashier == nil {
			t.Fatal(err)
		}
		outcome, err := world.Station.Terminal.Redeem(t.Context(), terminal.Request{
			Scans: []terminal.Scan{{Code: world.Of(Good, n).Code, Source: terminal.SourceScanner}}, Operator: cashier,
		})
		if err != nil || !outcome.Redeemed() {
			t.Fatalf("%s %v after %v", outcome.Reason(), err, time.Since(began))
		}
		return outcome.Record.Entry.Assurance
	}
	if got := redeem(0); got != terminal.Confirmed {
		t.Errorf("before the cut: %s", got)
	}
	world.Link.Cut()
	if got := redeem(1); got != terminal.Offline || !world.Link.IsCut() {
		t.Errorf("after the cut: %s", got)
	}
	world.Link.Restore()
	deadline := time.After(time.Minute)
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	for {
		counts, err := world.Station.Journal.Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if counts.Pending == 0 {
			break
		}
		select {
		case <-every.C:
		case <-deadline:
			t.Fatal(errors.New("a minute after the cable came back something is still pending"))
		}
	}
	if got := redeem(2); got != terminal.Confirmed {
		t.Errorf("after it came back: %s", got)
	}
	known, err := world.Cloud.Redemptions(t.Context(), Store)
	if err != nil || len(known) < 2 {
		t.Errorf("the cloud has %d, %v", len(known), err)
	}
}
