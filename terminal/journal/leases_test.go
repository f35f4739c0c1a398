package journal

import (
	"context"
	"testing"
	"time"

	"countersign/terminal"
)

func leaseOf(id string, voucher terminal.VoucherID, units int64, after uint64) terminal.Lease {
	return terminal.Lease{ID: id, Voucher: voucher, Campaign: "dinner", Day: terminal.Date{Year: 2026, Month: 6, Day: 16}, Units: units,
		Expires: noon.Add(time.Hour).UTC(), Epoch: 1, After: after}
}

func TestWhatIsSpentOfALeaseIsInTheEntries(t *testing.T) {
	// If this fails, a counter that was killed or restarted spends the same lease again.
	s := newShop(t)
	ctx := context.Background()
	s.redeem(uid(1), 7, 1) // before the lease
	if err := s.PutLeases(ctx, []terminal.Lease{leaseOf("a", 7, 3, 1), leaseOf("b", 8, 1, 1)}); err != nil {
		t.Fatal(err)
	}
	sale := s.redeem(uid(2), 7, 2)
	if _, err := s.reverse(uid(3), sale, 2); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if s.Journal, err = Open(ctx, s.path, s.key); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	epoch, held, err := s.Leased(ctx, 7)
	if err != nil || epoch != 1 || len(held) != 1 || held[0].Left() != 1 {
		t.Errorf("what was taken back can be spent again, or nothing can: %d, %+v, %v", epoch, held, err)
	}
	// The cloud repeats what is open: that changes nothing, also not of one that was given up meanwhile.
	if err := s.GiveUpLeases(ctx, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutLeases(ctx, []terminal.Lease{leaseOf("a", 7, 3, 4)}); err != nil {
		t.Fatal(err)
	}
	if _, held, err := s.Leased(ctx, 7); err != nil || len(held) != 0 {
		t.Errorf("a lease that was given up is spent: %+v, %v", held, err)
	}
	all, err := s.Leases(ctx)
	if err != nil || len(all) != 1 || all[0].State != terminal.LeaseGivenUp || all[0].After != 1 {
		t.Errorf("what the cloud does not name has not ended: %+v, %v", all, err)
	}
	s.mustVerify(3)
}
