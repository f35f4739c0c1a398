package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"countersign/terminal"
)

func TestReversalGivesUnitsBack(t *testing.T) {
	// If this fails, a customer's units are lost after an undo, or one undo gives back more than was used.
	s := newShop(t)
	ctx := context.Background()
	sale := s.redeem(uid(1), 7, 3)
	if _, err := s.reverse(uid(2), sale, 4); !errors.Is(err, ErrDraft) {
		t.Fatalf("4 of 3 units reversed: %v", err)
	}
	if _, err := s.reverse(uid(3), sale, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := s.reverse(uid(4), sale, 2); !errors.Is(err, ErrDraft) {
		t.Fatalf("2 more of 3 units reversed: %v", err)
	}
	use, err := s.Use(ctx, 7, "", 0)
	if err != nil || use.Net != 1 || use.After != 1 || use.Last == nil {
		t.Fatalf("use after a reversal: %+v, %v", use, err)
	}
	if use, err = s.Use(ctx, 7, "", 1); err != nil || use.After != -2 {
		t.Fatalf("use after entry 1: %+v, %v", use, err)
	}
	record, err := s.ByUID(ctx, uid(1))
	if err != nil || len(record.Reversed) != 1 || record.Reversed[0] != 2 {
		t.Fatalf("%v reversed, %v", record.Reversed, err)
	}
	if _, err := s.reverse(uid(5), sale, 1); err != nil {
		t.Fatal(err)
	}
	if use, err = s.Use(ctx, 7, "", 0); err != nil || use.Net != 0 || use.Last != nil {
		t.Fatalf("use after all was reversed: %+v, %v", use, err)
	}
	// What another terminal redeemed is reversed with the cloud's yes: its units are free, and this terminal may not use more for it.
	elsewhere := sale
	elsewhere.Entry.UID = uid(99)
	elsewhere.Entry.Lines = []terminal.EntryLine{{Voucher: 55, Kind: terminal.KindPass, Units: 1}}
	if _, err := s.reverse(uid(6), elsewhere, 1); err != nil {
		t.Fatal(err)
	}
	if use, err = s.Use(ctx, 55, "", 0); err != nil || use.Net != 0 || use.After != -1 {
		t.Fatalf("use of a voucher reversed for another terminal: %+v, %v", use, err)
	}
	s.mustVerify(4)
}

func TestUseCountsParts(t *testing.T) {
	// If this fails, a line of an order is handed over twice, or an open one refused.
	s := newShop(t)
	ctx := context.Background()
	_, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
		draft := redemption(l, uid(1), 7, 1)
		draft.Entry.Lines[0].Part = "a"
		second := draft.Entry.Lines[0]
		second.Part = "b"
		draft.Entry.Lines = append(draft.Entry.Lines, second)
		return draft, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]int64{"": 2, "a": 1, "b": 1, "c": 0} {
		if use, err := s.Use(ctx, 7, part, 0); err != nil || use.Net != want || use.After != want || (use.Last != nil) != (want > 0) {
			t.Errorf("part %q: %+v, %v", part, use, err)
		}
	}
	s.mustVerify(1)
}

func TestRefusedDraftsLeaveNothing(t *testing.T) {
	// If this fails, a redemption that was not approved is in the journal, or the journal's numbers have a gap.
	s := newShop(t)
	ctx := context.Background()
	s.redeem(uid(1), 7, 1)
	own := errors.New("the voucher was used meanwhile")
	for name, c := range map[string]struct {
		spoil func(*terminal.Draft) error
		want  error
	}{
		"compose says no":       {func(*terminal.Draft) error { return own }, own},
		"the uid again":         {func(d *terminal.Draft) error { d.Entry.UID = uid(1); return nil }, ErrUIDTaken},
		"no uid":                {func(d *terminal.Draft) error { d.Entry.UID = terminal.UID{}; return nil }, ErrDraft},
		"a wrong seq":           {func(d *terminal.Draft) error { d.Entry.Seq = 9; return nil }, ErrDraft},
		"a wrong receipt":       {func(d *terminal.Draft) error { d.Entry.Receipt.Number = 9; return nil }, ErrDraft},
		"a new epoch by itself": {func(d *terminal.Draft) error { d.Entry.Epoch, d.Entry.Receipt.Epoch = 2, 2; return nil }, ErrDraft},
		"no lines":              {func(d *terminal.Draft) error { d.Entry.Lines = nil; return nil }, ErrDraft},
		"no units":              {func(d *terminal.Draft) error { d.Entry.Lines[0].Units = 0; return nil }, ErrDraft},
		"no voucher":            {func(d *terminal.Draft) error { d.Entry.Lines[0].Voucher = 0; return nil }, ErrDraft},
		"value at risk in yen":  {func(d *terminal.Draft) error { d.AtRisk = &terminal.Money{Minor: 1, Currency: "JPY"}; return nil }, ErrDraft},
		"a reprint of nothing":  {func(d *terminal.Draft) error { d.Entry.Kind, d.Entry.Lines = terminal.EntryReprint, nil; return nil }, ErrDraft},
		"a reversal of nothing": {func(d *terminal.Draft) error { d.Entry.Kind = terminal.EntryReverse; return nil }, ErrDraft},
		"a reversal of a reprint": {func(d *terminal.Draft) error {
			d.Entry.Kind, d.Entry.About = terminal.EntryReverse, uid(1)
			d.Entry.Lines[0].Original = 3
			return nil
		}, ErrDraft},
		"text that nobody can read": {func(d *terminal.Draft) error { d.Entry.Operator = "\xff"; return nil }, ErrDraft},
	} {
		_, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
			draft := redemption(l, uid(2), 8, 1)
			return draft, c.spoil(&draft)
		})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if jobs, err := s.Jobs(ctx, terminal.JobQueued); err != nil || len(jobs) != 1 {
		t.Errorf("%d jobs: %v", len(jobs), err)
	}
	if next := s.redeem(uid(3), 8, 1); next.Entry.Seq != 2 || next.Entry.Receipt.Number != 2 {
		t.Errorf("the next entry is %d with receipt %s", next.Entry.Seq, next.Entry.Receipt)
	}
	s.mustVerify(2)
}

func TestPanicInComposeLeavesTheJournalUsable(t *testing.T) {
	// If this fails, one fault in composing a slip stops the counter until somebody restarts it.
	s := newShop(t)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = s.Append(context.Background(), func(terminal.Ledger) (terminal.Draft, error) { panic("slip") })
	}()
	s.redeem(uid(1), 7, 1)
	s.mustVerify(1)
}

func TestLedgerSeesItsOwnTransaction(t *testing.T) {
	// If this fails, the decision inside the transaction is made on what was true before it, and a unit is honoured twice.
	s := newShop(t)
	risk := terminal.Money{Minor: 700, Currency: "EUR"}
	_, err := s.Append(context.Background(), func(l terminal.Ledger) (terminal.Draft, error) {
		draft := redemption(l, uid(1), 7, 2)
		draft.AtRisk = &risk
		return draft, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Ack(context.Background(), 0, nil); err != nil {
		t.Fatal(err)
	}
	_, err = s.Append(context.Background(), func(l terminal.Ledger) (terminal.Draft, error) {
		use, err := l.Use(7, "", 0)
		if err != nil || use.Net != 2 {
			t.Errorf("use in the ledger: %+v, %v", use, err)
		}
		exposure, err := l.Exposure()
		if err != nil || exposure.Count != 1 || exposure.Value != risk {
			t.Errorf("exposure in the ledger: %+v, %v", exposure, err)
		}
		if record, err := l.Record(uid(1)); err != nil || record.Entry.Seq != 1 {
			t.Errorf("record in the ledger: %+v, %v", record, err)
		}
		if _, err := l.Record(uid(2)); !errors.Is(err, terminal.ErrUnknown) {
			t.Errorf("an unknown uid in the ledger: %v", err)
		}
		epoch, seq, receipt := l.Next()
		if epoch != 1 || seq != 2 || receipt.String() != "1-000002" || l.KnownHead() != 0 {
			t.Errorf("next is %d, %d, %s after head %d", epoch, seq, receipt, l.KnownHead())
		}
		return redemption(l, uid(2), 7, 1), nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTwoWriters(t *testing.T) {
	// If this fails, two programs on one data folder tear the chain or give two slips one number.
	s := newShop(t)
	other, err := Open(context.Background(), s.path, s.key)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	const each = 25
	var group sync.WaitGroup
	for n, j := range []*Journal{s.Journal, other, s.Journal} {
		group.Go(func() {
			for i := range each {
				id := uid(uint64(100*n + i + 1))
				if _, err := j.Append(context.Background(), func(l terminal.Ledger) (terminal.Draft, error) {
					return redemption(l, id, terminal.VoucherID(i+1), 1), nil
				}); err != nil {
					t.Errorf("writer %d: %v", n, err)
				}
			}
		})
	}
	group.Wait()
	s.mustVerify(3 * each)
}

func TestFullDisk(t *testing.T) {
	// If this fails, a full disk shows an approval that is not on disk, or leaves a terminal that never sells again.
	s := newShop(t)
	ctx := context.Background()
	s.redeem(uid(1), 7, 1)
	limit := func(pages int) {
		var now int
		if err := s.w.q.row(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&now); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes it as: no more than there are
	written, full := uint64(1), error(nil)
	for n := uint64(2); n < 500 && full == nil; n++ {
		_, full = s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) { return redemption(l, uid(n), 7, 1), nil })
		if full == nil {
			written++
		}
	}
	if !errors.Is(full, ErrDiskFull) || !strings.Contains(full.Error(), "free some space") {
		t.Fatalf("a full disk says %v", full)
	}
	s.mustVerify(written)
	if use, err := s.Use(ctx, 7, "", 0); err != nil || use.Net != int64(written) {
		t.Fatalf("%d entries and a use of %+v, %v", written, use, err)
	}
	limit(1 << 30)
	s.redeem(uid(1000), 7, 1)
	s.mustVerify(written + 1)
}

func TestUnknownOutcomeOfCommit(t *testing.T) {
	// If this fails, a redemption that is on disk is called a failure and done again, or one that is not is shown as approved.
	s := newShop(t)
	fault := errors.New("the disk went away")
	var reached error
	appendOne := func(id terminal.UID) error {
		_, err := s.Append(context.Background(), func(l terminal.Ledger) (terminal.Draft, error) { return redemption(l, id, 7, 1), nil })
		return err
	}
	s.commit = func(q *queries) error { reached = commit(q); return fault } // on disk, and the answer is lost
	if err := appendOne(uid(1)); err != nil || reached != nil {
		t.Fatalf("a redemption on disk is called %v (%v)", err, reached)
	}
	s.commit = func(*queries) error { return fault } // never got there
	if err := appendOne(uid(2)); !errors.Is(err, fault) || errors.Is(err, ErrOutcomeUnknown) {
		t.Fatalf("a redemption that is not on disk is called %v", err)
	}
	s.commit = commit
	if err := appendOne(uid(3)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ByUID(context.Background(), uid(2)); !errors.Is(err, terminal.ErrUnknown) {
		t.Fatalf("the redemption that failed: %v", err)
	}
	s.mustVerify(2)
}

func TestCancelledBeforeCommitLeavesNothing(t *testing.T) {
	// If this fails, a cashier who gave up with Esc finds the voucher used.
	s := newShop(t)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := s.Append(ctx, func(l terminal.Ledger) (terminal.Draft, error) {
		cancel()
		return redemption(l, uid(1), 7, 1), nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled redemption: %v", err)
	}
	s.redeem(uid(2), 7, 1)
	s.mustVerify(1)
}

func TestNewEpoch(t *testing.T) {
	// If this fails, a terminal that was restored from a backup cannot go on, or gives two slips one number.
	s := newShop(t)
	first := s.redeem(uid(1), 7, 1)
	_, err := s.Append(context.Background(), func(l terminal.Ledger) (terminal.Draft, error) {
		epoch, seq, _ := l.Next()
		return terminal.Draft{Entry: terminal.Entry{Epoch: epoch + 1, Seq: seq, UID: uid(2), Kind: terminal.EntryEpoch, Wall: noon,
			Heads: [][]byte{first.Hash[:], make([]byte, 32)}}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if next := s.redeem(uid(3), 7, 1); next.Entry.Receipt.String() != "2-000001" || next.Entry.Seq != 3 {
		t.Fatalf("the first slip of epoch 2 is %s", next.Entry.Receipt)
	}
	batch, err := s.Pending(context.Background(), 10, 1<<20)
	if err != nil || batch.Epoch != 1 || len(batch.Entries) != 1 {
		t.Fatalf("a batch goes over the end of its epoch: %+v, %v", batch, err)
	}
	s.mustVerify(3)
}

func TestClosed(t *testing.T) {
	// If this fails, a scan in the moment the program ends crashes it.
	s := newShop(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := s.Append(context.Background(), func(l terminal.Ledger) (terminal.Draft, error) { return redemption(l, uid(1), 7, 1), nil })
	if !errors.Is(err, ErrClosed) {
		t.Fatalf("an append after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
