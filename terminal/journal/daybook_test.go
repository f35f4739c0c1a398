package journal

import (
	"context"
	"errors"
	"testing"

	"countersign/terminal"
)

func TestUncountedIsWhatNoCloseHasCounted(t *testing.T) {
	// If this fails, a Z slip leaves redemptions out, or counts them a second time.
	s := newShop(t)
	ctx := context.Background()
	monday := terminal.Date{Year: 2026, Month: 11, Day: 16}
	n := uint64(0)
	sell := func(day terminal.Date) {
		t.Helper()
		n++
		if _, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
			draft := redemption(l, uid(n), terminal.VoucherID(n), 1)
			draft.Entry.BusinessDay = day
			return draft, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	uncounted := func(through terminal.Date) (found []byte) {
		t.Helper()
		if _, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
			entries, err := l.Uncounted(through)
			for _, e := range entries {
				found = append(found, e.UID[15])
			}
			return terminal.Draft{}, errors.Join(errors.New("only looking"), err)
		}); err == nil {
			t.Fatal("a draft without an entry was written")
		}
		return found
	}
	closeDay := func(day terminal.Date) {
		t.Helper()
		n++
		if _, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
			draft := redemption(l, uid(n), 1, 1)
			draft.Entry.Kind, draft.Entry.Lines, draft.Entry.BusinessDay = terminal.EntryDayClose, nil, day
			draft.Entry.Totals = &terminal.DayTotals{Number: 1}
			return draft, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(through terminal.Date, ids ...byte) {
		t.Helper()
		if got := uncounted(through); string(got) != string(ids) {
			t.Errorf("not counted through %s: %v, want %v", through, got, ids)
		}
	}
	if _, err := s.LastClose(ctx); !errors.Is(err, terminal.ErrUnknown) {
		t.Errorf("the last close of a new journal: %v", err)
	}
	sell(monday)            // 1
	sell(monday.AddDays(1)) // 2: yesterday is closed in the morning
	want(monday, 1)
	want(monday.AddDays(1), 1, 2)
	closeDay(monday) // 3
	want(monday)
	want(monday.AddDays(1), 2)
	sell(monday) // 4: after its close
	want(monday.AddDays(1), 2, 4)
	closeDay(monday.AddDays(1)) // 5
	want(monday.AddDays(7))
	last, err := s.LastClose(ctx)
	if err != nil || last.BusinessDay != monday.AddDays(1) || last.Totals == nil {
		t.Errorf("the last close: %+v, %v", last, err)
	}
	s.mustVerify(5)
}
