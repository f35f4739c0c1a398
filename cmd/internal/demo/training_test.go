package demo

import (
	"strings"
	"testing"

	"countersign/terminal"
)

// marked reports which slips say at top and foot that they are training.
func marked(slip terminal.Slip) bool {
	bands := 0
	for _, row := range slip.Rows {
		if row.Invert && strings.Contains(row.Text, "TRAINING") {
			bands++
		}
	}
	return bands >= 2
}

// A training would use up a customer's voucher, count in the day's figures or be sent to the cloud; or its slip would be taken for a real
// one.
func TestTrainingTouchesNothing(t *testing.T) {
	var slips []terminal.Slip
	world, err := Start(t.Context(), Options{Language: "en", Composed: func(slip terminal.Slip) { slips = append(slips, slip) }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := world.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, real := t.Context(), world.Station
	cashier, _, err := real.Terminal.SignIn(ctx, Cashier, CashierPIN)
	if err != nil {
		t.Fatal(err)
	}
	before, err := real.Journal.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	training, err := real.Train(ctx)
	if err != nil {
		t.Fatal(err)
	}
	voucher := world.Of(Good, 0)
	use := func(code string, want terminal.Reason) terminal.Record {
		t.Helper()
		req := terminal.Request{Scans: []terminal.Scan{{Code: code, Source: terminal.SourceScanner}}, Operator: cashier}
		outcome, err := training.Redeem(ctx, req)
		if err != nil || outcome.Reason() != want {
			t.Fatalf("%q in training: %s %q, %v; want %q", code, outcome.Choice, outcome.Reason(), err, want)
		}
		if outcome.Record == nil {
			return terminal.Record{}
		}
		return *outcome.Record
	}
	made := use(voucher.Code, "")
	use(voucher.Code, terminal.AlreadyRedeemed)
	use(world.Of(Revoked, 0).Code, terminal.VoucherIsRevoked)
	use("0", terminal.AlreadyRedeemed)
	if _, err := training.Reverse(ctx, terminal.Reversal{UID: made.Entry.UID, Operator: cashier, Note: "a try"}); err != nil {
		t.Fatal(err)
	}
	use(voucher.Code, "")
	offers := map[string]bool{}
	for number := '1'; number <= '9'; number++ {
		outcome, err := training.Scan(ctx, terminal.Request{Scans: []terminal.Scan{{Code: string(number), Source: terminal.SourceTyped}}, Operator: cashier})
		if err != nil || len(outcome.Lines) != 1 {
			t.Fatalf("practice voucher %c: %+v, %v", number, outcome, err)
		}
		offers[outcome.Lines[0].Campaign.ID] = true
		if row, err := training.Find(ctx, []terminal.Lookup{outcome.Lines[0].Voucher.Lookup}); err != nil || row.Campaign.ID != outcome.Lines[0].Campaign.ID {
			t.Errorf("practice voucher %c is found as %q, %v", number, row.Campaign.ID, err)
		}
	}
	if len(offers) < 3 {
		t.Errorf("there are only %v to practise with", offers)
	}
	if _, err := training.Reprint(ctx, made.Entry.UID, cashier); err != nil {
		t.Fatal(err)
	}
	if err := training.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := real.Journal.Head(ctx)
	if err != nil || after != before {
		t.Errorf("the journal went from %+v to %+v, %v", before, after, err)
	}
	if len(slips) < 4 {
		t.Errorf("only %d slips", len(slips))
	}
	for i, slip := range slips {
		if !marked(slip) {
			t.Errorf("slip %d of the training looks like a real one: %+v", i, slip.Rows)
		}
	}
	slips = nil
	outcome, err := real.Terminal.Redeem(ctx, terminal.Request{Scans: []terminal.Scan{{Code: voucher.Code, Source: terminal.SourceScanner}}, Operator: cashier})
	if err != nil || !outcome.Redeemed() || len(slips) != 1 || marked(slips[0]) {
		t.Errorf("after the training the voucher is %s %s, %v, with %d slips", outcome.Choice, outcome.Reason(), err, len(slips))
	}
}
