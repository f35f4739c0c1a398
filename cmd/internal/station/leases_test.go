package station_test

import (
	"testing"
	"time"

	"countersign/cmd/internal/station"
	"countersign/terminal"
)

// lend has the careful campaign reserve five vouchers to each counter that asks.
func (q *quay) lend() {
	q.t.Helper()
	for i := range q.offers.Campaigns {
		if c := &q.offers.Campaigns[i]; c.ID == "careful" {
			c.Rules.Stores, c.Offline.Lease = []string{"quay"}, 5
		}
	}
	_, err := q.storage.Apply(q.t.Context(), q.offers)
	q.must(err)
}

func (q *quay) scan(s *station.Station, code string) terminal.Outcome {
	q.t.Helper()
	outcome, err := s.Terminal.Redeem(q.t.Context(), terminal.Request{Scans: []terminal.Scan{{Code: code, Source: terminal.SourceScanner}}})
	q.must(err)
	return outcome
}

func TestCounterAsksForLeasesByItself(t *testing.T) {
	// A counter would turn away, without a line, the guests of vouchers that nobody else can honour; or keep from the next counter what it
	// does not need; or honour after a restart what it gave back.
	q := openQuay(t, 2)
	q.lend()
	codes := q.issue("careful", 3)
	first, second := q.counters[0], q.counters[1]
	q.must(first.Sync(t.Context(), time.Minute))
	held, err := first.Journal.Leases(t.Context())
	q.must(err)
	if len(held) != 3 {
		t.Fatalf("the first counter holds %+v", held)
	}
	if refused := q.scan(second, codes[0]); refused.Reason() != terminal.HeldElsewhere {
		t.Fatalf("what is reserved to another: %+v", refused.Findings)
	}
	q.must(first.Sync(t.Context(), time.Minute)) // hears that it is wanted, and gives it back at once
	if granted := q.scan(second, codes[0]); !granted.Redeemed() || granted.Record.Entry.Assurance != terminal.Confirmed {
		t.Fatalf("what was given back: %+v", granted.Findings)
	}
	q.link.Cut()
	q.must(first.Close())
	first, err = station.Open(t.Context(), q.config(0))
	q.must(err)
	q.counters[0] = first
	for i, want := range []terminal.Assurance{"", terminal.Leased, terminal.Leased} {
		outcome := q.scan(first, codes[i])
		got := terminal.Assurance("")
		if outcome.Redeemed() {
			got = outcome.Record.Entry.Assurance
		}
		if got != want {
			t.Errorf("code %d without a line: %q, not %q: %+v", i, got, want, outcome.Findings)
		}
	}
	if again := q.scan(first, codes[1]); again.Redeemed() {
		t.Errorf("honoured twice: %+v", again.Record.Entry)
	}
	q.link.Restore()
	q.must(first.Sync(t.Context(), time.Minute))
	open, err := q.storage.Leases(t.Context(), "lakeside")
	q.must(err)
	exceptions, err := q.storage.Exceptions(t.Context(), "lakeside", true)
	q.must(err)
	if len(open) != 0 || len(exceptions) != 0 {
		t.Errorf("in the end %+v is leased, and a manager must look at %+v", open, exceptions)
	}
}

func TestACounterHearsOfAWriteOffWithTheFeed(t *testing.T) {
	// A manager takes an open counter for lost: it would sell from its own list what another counter sells, as soon as its line is cut.
	q := openQuay(t, 2)
	q.lend()
	codes := q.issue("careful", 1)
	first, second := q.counters[0], q.counters[1]
	q.must(first.Sync(t.Context(), time.Minute))
	open, err := q.storage.Leases(t.Context(), "lakeside")
	q.must(err)
	if len(open) != 1 || !open[0].InUse(time.Now()) {
		t.Fatalf("of a counter that was heard just now the cloud lists %+v", open)
	}
	q.must(q.storage.WriteOffLease(t.Context(), "lakeside", open[0].ID, time.Now()))
	q.must(first.Pump.Pull(t.Context()))
	q.must(second.Pump.Once(t.Context()))
	if granted := q.scan(second, codes[0]); !granted.Redeemed() {
		t.Fatalf("what was written off: %+v", granted.Findings)
	}
	q.link.Cut()
	if again := q.scan(first, codes[0]); again.Redeemed() {
		t.Errorf("honoured twice: %+v", again.Record.Entry)
	}
}
