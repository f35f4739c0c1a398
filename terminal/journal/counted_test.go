package journal

import (
	"context"
	"errors"
	"testing"

	"countersign/terminal"
)

func TestCountedFollowsEveryUseAndReversal(t *testing.T) {
	// If this fails, a customer's limit forgets what was used here, or what was taken back.
	s := newShop(t)
	ctx := context.Background()
	today := terminal.Date{Year: 2026, Month: 11, Day: 21}
	put := func(id uint64, day terminal.Date, voucher terminal.VoucherID, kind terminal.Kind, units int64) terminal.Record {
		t.Helper()
		record, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
			draft := redemption(l, uid(id), voucher, units)
			draft.Entry.BusinessDay, draft.Entry.Lines[0].Kind, draft.Entry.Lines[0].Campaign = day, kind, string(kind)
			return draft, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return record
	}
	counted := func(campaign terminal.Kind, after uint64, days terminal.Days, want int64, vouchers ...terminal.VoucherID) {
		t.Helper()
		got, err := s.Counted(ctx, string(campaign), vouchers, days, after)
		if err != nil || got != want {
			t.Fatalf("%d counted after entry %d in %v of %v, %v; want %d", got, after, days, vouchers, err, want)
		}
	}
	on, ever := terminal.Days{From: today, Through: today}, terminal.Days{Through: today}
	passes := put(1, today, 7, terminal.KindPass, 3)
	put(2, today.AddDays(-1), 8, terminal.KindPass, 2)
	payment := put(3, today, 9, terminal.KindBalance, 500)
	put(4, today, 9, terminal.KindBalance, 700)
	counted(terminal.KindPass, 0, on, 3)
	counted(terminal.KindPass, 0, ever, 5)
	counted(terminal.KindPass, 1, ever, 2)
	counted(terminal.KindPass, 0, ever, 2, 8)
	counted(terminal.KindPass, 0, ever, 5, 7, 8, 99)
	counted(terminal.KindBalance, 0, on, 2)
	if _, err := s.reverse(uid(5), passes, 2); err != nil { // entry 5
		t.Fatal(err)
	}
	counted(terminal.KindPass, 0, on, 1)
	counted(terminal.KindPass, 4, on, -2) // of what the cloud knew already
	if _, err := s.reverse(uid(6), payment, 200); err != nil {
		t.Fatal(err)
	}
	counted(terminal.KindBalance, 0, on, 2) // a part of the payment stands
	if _, err := s.reverse(uid(7), payment, 300); err != nil {
		t.Fatal(err)
	}
	counted(terminal.KindBalance, 0, on, 1)
	counted(terminal.KindBalance, 6, on, -1)
	if _, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
		inside, err := l.Counted("pass", nil, on, 0)
		if inside != 1 {
			t.Errorf("%d counted inside the transaction", inside)
		}
		return terminal.Draft{}, errors.Join(errStop, err)
	}); !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	s.mustVerify(7)
	// The table can be made from the entries alone: that is how an older journal gets it.
	mustWrite(t, s, "DROP TABLE counted")
	mustWrite(t, s, "DROP TABLE leases") // of a later form
	mustWrite(t, s, "ALTER TABLE jobs DROP COLUMN signature")
	mustWrite(t, s, "DELETE FROM goose_db_version WHERE version_id >= 2")
	s.reopen()
	counted(terminal.KindPass, 0, on, 1)
	counted(terminal.KindBalance, 0, on, 1)
	counted(terminal.KindBalance, 6, on, -1)
	s.mustVerify(7)
	// And verify finds it changed.
	mustWrite(t, s, "UPDATE counted SET units = units + 1 WHERE seq = 1")
	if _, err := Verify(ctx, s.path, nil); !errors.Is(err, ErrDamaged) {
		t.Errorf("a changed count: %v", err)
	}
}

var errStop = errors.New("stop")
