package main

import (
	"math"
	"testing"

	"countersign/terminal"
)

// If one absurd amount kept the report from being written, nobody at that counter would see any figure of the day again.
func TestReportGoesOnWhereASumDoesNotFit(t *testing.T) {
	t.Parallel()
	redeemed := func(campaign string, minor int64) terminal.Record {
		value := terminal.Money{Minor: minor, Currency: "EUR"}
		return terminal.Record{Entry: terminal.Entry{Kind: terminal.EntryRedeem,
			Lines: []terminal.EntryLine{{Campaign: campaign, Kind: terminal.KindBalance, Units: minor, Amount: &value}}}}
	}
	back := redeemed("card", 500)
	back.Entry.Kind = terminal.EntryReverse
	sum, err := figuresOf([]terminal.Record{redeemed("card", math.MaxInt64-1), redeemed("card", 1000), back, redeemed("gift", 1250)})
	if err != nil || len(sum.Campaigns) != 2 {
		t.Fatal(sum, err)
	}
	card, gift := sum.Campaigns[0], sum.Campaigns[1]
	if !card.OutOfRange || card.Units != math.MaxInt64 || orDash(card.Amount) != "> 92233720368547758.07 EUR" {
		t.Errorf("the card's figures are %+v, %s", card, orDash(card.Amount))
	}
	if gift.OutOfRange || orDash(gift.Amount) != "12.50 EUR" {
		t.Errorf("the gift's figures are %+v, %s", gift, orDash(gift.Amount))
	}
}
