package terminal_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"countersign/terminal"
)

func (l *memoryLedger) LastClose() (terminal.Entry, error) {
	for _, record := range slices.Backward(l.records) {
		if record.Entry.Kind == terminal.EntryDayClose {
			return record.Entry, nil
		}
	}
	return terminal.Entry{}, terminal.ErrUnknown
}

// Uncounted goes through all closes for each entry, as the definition has it.
func (l *memoryLedger) Uncounted(through terminal.Date) ([]terminal.Entry, error) {
	var out []terminal.Entry
	for i, record := range l.records {
		e := record.Entry
		counted := slices.ContainsFunc(l.records[i:], func(later terminal.Record) bool {
			return later.Entry.Kind == terminal.EntryDayClose && later.Entry.BusinessDay.String() >= e.BusinessDay.String()
		})
		if e.Kind >= terminal.EntryRedeem && e.Kind <= terminal.EntryDecline && e.BusinessDay.String() <= through.String() && !counted {
			out = append(out, e)
		}
	}
	return out, nil
}

// closeDay closes the day that the clock shows.
func (c *counter) closeDay(t *testing.T) terminal.Record {
	t.Helper()
	record, err := c.CloseDay(t.Context(), c.day(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

func (c *counter) day() terminal.Date {
	return terminal.BusinessDay(c.clock.reading.Wall, berlin(), 4*60)
}

// If a Z left a redemption out or counted one twice, the shop's money would not add up, and nobody could say why.
func TestDayCloseCountsEverythingOnce(t *testing.T) {
	c := newCounter(t)
	c.stock("DINNER-1", nil)
	c.stock("DINNER-2", nil)
	c.stock("GIFT", func(r *terminal.Row) {
		r.Voucher.Campaign, r.Campaign.ID, r.Campaign.Kind, r.Voucher.Units = "gift", "gift", terminal.KindBalance, 5000
		r.Campaign.Price, r.Campaign.Value = nil, nil
	})
	first := c.redeem(t, scanOf("DINNER-1"))
	gift := scanOf("GIFT")
	gift.Amount = euros(1250)
	c.redeem(t, gift)
	c.redeem(t, scanOf("DINNER-1")) // used: declined
	c.authority.claim = nil
	c.redeem(t, scanOf("DINNER-2")) // alone
	if _, err := c.Reverse(t.Context(), terminal.Reversal{UID: first.Record.Entry.UID, Note: "wrong table",
		Operator: &terminal.Operator{ID: "mia", Role: terminal.RoleManager}}); err != nil {
		t.Fatal(err)
	}
	record := c.closeDay(t)
	totals := record.Entry.Totals
	if totals.Number != 1 || totals.Redemptions != 3 || totals.Reversals != 1 || totals.Declines != 1 || totals.Late != 0 ||
		totals.First.Number != 1 || totals.Last.Number != 4 || record.Entry.Receipt.Number != 5 {
		t.Errorf("totals %+v, receipt %s", totals, record.Entry.Receipt)
	}
	if want := []terminal.AssuranceTotal{{Assurance: terminal.Confirmed, Redemptions: 2}, {Assurance: terminal.Offline, Redemptions: 1}}; !slices.Equal(totals.Assurances, want) {
		t.Errorf("assurances %v", totals.Assurances)
	}
	if len(totals.Campaigns) != 2 || totals.Campaigns[0].Campaign != "dinner" || totals.Campaigns[1].Campaign != "gift" {
		t.Fatalf("campaigns %+v", totals.Campaigns)
	}
	dinner, gifts := totals.Campaigns[0], totals.Campaigns[1]
	if dinner.Redeemed.Lines != 2 || dinner.Redeemed.Units != 2 || *dinner.Redeemed.Worth() != *euros(13600) || *dinner.Redeemed.Price != *euros(7980) ||
		dinner.Reversed.Units != 1 || *dinner.Reversed.Worth() != *euros(6800) {
		t.Errorf("dinner %+v %+v", dinner.Redeemed, dinner.Reversed)
	}
	if gifts.Redeemed.Lines != 1 || *gifts.Redeemed.Worth() != *euros(1250) || gifts.Reversed != (terminal.Tally{}) {
		t.Errorf("gift %+v", gifts)
	}
	if job := c.journal.jobs[len(c.journal.jobs)-1]; job.Kind != terminal.SlipDayClose || job.Hold {
		t.Errorf("slip %+v", job)
	}
}

// If a closed day could be opened again, or a later entry belonged to no close, a shop's Z slips would prove nothing.
func TestClosedDayStaysClosed(t *testing.T) {
	c := newCounter(t)
	for _, code := range []string{"A", "B", "C", "D"} {
		c.stock(code, nil)
	}
	var refused *terminal.DayRefused
	if _, err := c.CloseDay(t.Context(), c.day().AddDays(1), nil); !errors.As(err, &refused) || refused.Why != terminal.DayIsAhead {
		t.Errorf("tomorrow: %v", err)
	}
	c.redeem(t, scanOf("A"))
	z := c.closeDay(t)
	if _, err := c.CloseDay(t.Context(), c.day(), nil); !errors.As(err, &refused) || refused.Why != terminal.DayIsClosed || refused.Close.UID != z.Entry.UID {
		t.Errorf("a second time: %v", err)
	}
	late := c.redeem(t, scanOf("B")) // the last guest comes after the Z
	c.clock.advance(24 * time.Hour)
	c.cache.fresh.ReachedEnd = c.clock.reading.Wall
	c.redeem(t, scanOf("C"))
	if _, err := c.Reverse(t.Context(), terminal.Reversal{UID: late.Record.Entry.UID, Note: "came back", Operator: &terminal.Operator{ID: "mia",
		Role: terminal.RoleManager}, Approver: &terminal.Operator{ID: "mia", Role: terminal.RoleManager}}); err != nil {
		t.Fatal(err)
	}
	today := c.day()
	if _, err := c.CloseDay(t.Context(), today.AddDays(-1), nil); !errors.As(err, &refused) || refused.Why != terminal.DayIsClosed {
		t.Errorf("yesterday again: %v", err)
	}
	next := c.closeDay(t).Entry.Totals
	if next.Number != 2 || next.Redemptions != 2 || next.Late != 1 || next.First.Number != 3 {
		t.Errorf("the next close: %+v", next)
	}
	c.clock.advance(72 * time.Hour) // days off, and one that nobody closed
	c.cache.fresh.ReachedEnd = c.clock.reading.Wall
	c.redeem(t, scanOf("D"))
	c.clock.advance(24 * time.Hour)
	if last := c.closeDay(t).Entry.Totals; last.Number != 3 || last.Redemptions != 1 || last.Late != 1 || last.First != last.Last {
		t.Errorf("after a day that nobody closed: %+v", last)
	}
	if empty, err := c.CloseDay(t.Context(), c.day(), &terminal.Operator{Role: terminal.RoleTechnician}); err == nil {
		t.Errorf("a technician closed the day: %+v", empty)
	}
}

// If a Z were lost with the paper, the manager would have to believe the figures in the window.
func TestZCanBePrintedAgain(t *testing.T) {
	c := newCounter(t)
	z := c.closeDay(t)
	if _, err := c.Reprint(t.Context(), z.Entry.UID, nil); err != nil {
		t.Fatal(err)
	}
	if job := c.journal.jobs[len(c.journal.jobs)-1]; job.Kind != terminal.SlipDayClose || string(job.Bytes) != z.Entry.Receipt.String() {
		t.Errorf("reprinted %+v", job)
	}
}

// If one absurd amount kept a day's figures from being added up, no day of that terminal could ever be closed again.
func TestDayIsClosedAlsoWithAbsurdAmounts(t *testing.T) {
	c := newCounter(t)
	for _, code := range []string{"HUGE-1", "HUGE-2"} {
		c.stock(code, func(r *terminal.Row) { r.Campaign.Value = euros(math.MaxInt64 - 7) })
		c.redeem(t, scanOf(code))
	}
	totals := c.closeDay(t).Entry.Totals
	if len(totals.Campaigns) != 1 || totals.Campaigns[0].Redeemed.Lines != 2 || !totals.Campaigns[0].Redeemed.Worth().OutOfRange() {
		t.Errorf("totals %+v", totals)
	}
}
