package main

import (
	"testing"
	"time"

	"countersign/cmd/internal/station"
	"countersign/terminal"
)

// A manager would read that 15,012 units are reserved, where it is 150 EUR of a gift card, eleven seats and one of a limit.
func TestLeasesAreToldByOffer(t *testing.T) {
	status := station.LeaseStatus{Expires: time.Date(2026, 11, 22, 3, 0, 0, 0, time.Local)}
	campaigns := []terminal.Campaign{{ID: "card", Kind: terminal.KindBalance, Currency: "EUR"}, {ID: "seat", Kind: terminal.KindBooking}}
	for _, lease := range []terminal.Lease{
		{Voucher: 1, Campaign: "card", Units: 10000}, {Voucher: 2, Campaign: "card", Units: 5100, Spent: 100},
		{Voucher: 3, Campaign: "seat", Units: 11}, {Campaign: "seat", Units: 1},
	} {
		status.Add(lease, campaigns)
	}
	if got, want := leaseSentence(status), "reserved to this terminal: card 150.00 EUR, seat 11 uses, seat 1 use of its limit; the first until 2026-11-22 03:00"; got != want {
		t.Errorf("it says %q, and not %q", got, want)
	}
}
