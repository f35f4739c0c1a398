package counter

import (
	"context"
	"slices"
	"testing"
	"time"

	"countersign/assets/translations"
	"countersign/terminal"
)

// slowPaint is a terminal that tells when it was asked to redeem.
type slowPaint struct {
	Terminal
	told *[]string
}

func (s slowPaint) Scan(context.Context, terminal.Request) (terminal.Outcome, error) {
	return approved(dinner, "4B2H"), nil
}

func (s slowPaint) Redeem(context.Context, terminal.Request) (terminal.Outcome, error) {
	*s.told = append(*s.told, "redeemed")
	outcome := approved(dinner, "4B2H")
	r := record(10, noon, terminal.EntryLine{Masked: "4B2H", Units: 1, Value: euro(6800)}, nil)
	outcome.Record = &r
	return outcome, nil
}

func (s slowPaint) Recent(context.Context, int) ([]terminal.Record, error) { return nil, nil }

func TestAVerdictIsPaintedAtOnce(t *testing.T) {
	// The cashier would wait for each verdict until the window looks for changes by itself; or the redemption would wait for the picture of its question.
	var told []string
	var c *Counter
	parts := Parts{Terminal: slowPaint{told: &told}, Words: translations.For("en", berlin), Now: func() time.Time { return noon }, UID: func() terminal.UID { return uid(99) },
		Later: func(f func()) { f() }, Go: func(f func()) { f() }, Show: func(State) {}, Paint: func() { told = append(told, string(c.State().Phase)) }}
	c = New(parts)
	c.state = atWork()
	c.Happen(Scanned{terminal.Scan{Code: "7K3MQ9TX4B2HQ", Source: terminal.SourceScanner}})
	c.Happen(Ticked{})
	if want := []string{string(ReadyToRedeem)}; !slices.Equal(told, want) {
		t.Errorf("a scan: %q, want %q", told, want)
	}
	told, c.state = nil, atWork()
	c.state.Place.Store.RedeemAtOnce = []terminal.Kind{dinner.Kind}
	c.Happen(Scanned{terminal.Scan{Code: "7K3MQ9TX4B2HQ", Source: terminal.SourceScanner}})
	if len(told) < 2 || told[0] != "redeemed" || slices.Contains(told, string(Redeeming)) {
		t.Errorf("redeemed at once: %q", told)
	}
}
