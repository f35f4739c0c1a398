package journal

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"countersign/terminal"
)

// shop is a journal for a test, and what it takes to write into it.
type shop struct {
	*Journal
	t    testing.TB
	path string
	key  ed25519.PrivateKey
}

func newShop(t testing.TB) *shop {
	t.Helper()
	return newShopIn(t, filepath.Join(t.TempDir(), "journal.db"))
}

func newShopIn(t testing.TB, path string) *shop {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, path: path, key: key}
	s.Journal, err = Create(context.Background(), path, s.identity(), key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (s *shop) identity() Identity {
	return Identity{Merchant: "m1", Store: "s1", Terminal: "counter-1", Currency: "EUR",
		PublicKey: s.key.Public().(ed25519.PublicKey), RootKey: []byte("root")}
}

// reopen closes the journal and opens it again, as a restart does.
func (s *shop) reopen() {
	s.t.Helper()
	if err := s.Close(); err != nil {
		s.t.Fatal(err)
	}
	var err error
	if s.Journal, err = Open(context.Background(), s.path, s.key); err != nil {
		s.t.Fatal(err)
	}
}

// uid is the test's n-th uid.
func uid(n uint64) terminal.UID {
	var u terminal.UID
	binary.BigEndian.PutUint64(u[8:], n)
	u[0] = 1
	return u
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 123456000, time.FixedZone("", 3600))

// redemption drafts one of units of a voucher, with a slip.
func redemption(l terminal.Ledger, id terminal.UID, voucher terminal.VoucherID, units int64) terminal.Draft {
	epoch, seq, receipt := l.Next()
	value := terminal.Money{Minor: 500 * units, Currency: "EUR"}
	return terminal.Draft{
		Entry: terminal.Entry{Epoch: epoch, Seq: seq, Receipt: receipt, UID: id, Kind: terminal.EntryRedeem,
			Lines: []terminal.EntryLine{{Voucher: voucher, Campaign: "lunch", Kind: terminal.KindPass, Units: units, Value: &value,
				Proof: make([]byte, 32), Masked: "2H-Q"}},
			Operator: "li", Assurance: terminal.Confirmed, Wall: noon, Lower: noon, Upper: noon, Boot: "boot", Monotonic: time.Hour,
			BusinessDay: terminal.Date{Year: 2026, Month: 11, Day: 21}, KnownHead: l.KnownHead()},
		Job: &terminal.PrintJob{Kind: terminal.SlipRedemption, Bytes: []byte("\x1b@slip"), Profile: "generic-80", Copies: 1},
	}
}

// redeem honours units of a voucher and fails the test if that does not succeed.
func (s *shop) redeem(id terminal.UID, voucher terminal.VoucherID, units int64) terminal.Record {
	s.t.Helper()
	record, err := s.Append(context.Background(), func(l terminal.Ledger) (terminal.Draft, error) {
		return redemption(l, id, voucher, units), nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return record
}

// reverse takes units of line 0 of a redemption back.
func (s *shop) reverse(id terminal.UID, of terminal.Record, units int64) (terminal.Record, error) {
	return s.Append(context.Background(), func(l terminal.Ledger) (terminal.Draft, error) {
		epoch, seq, receipt := l.Next()
		line := of.Entry.Lines[0]
		line.Units, line.Proof = units, nil
		return terminal.Draft{Entry: terminal.Entry{Epoch: epoch, Seq: seq, Receipt: receipt, UID: id, Kind: terminal.EntryReverse,
			About: of.Entry.UID, Lines: []terminal.EntryLine{line}, Operator: "li", Note: "wrong one", Wall: noon.Add(time.Minute),
			BusinessDay: of.Entry.BusinessDay}}, nil
	})
}

func (s *shop) mustVerify(entries uint64) {
	s.t.Helper()
	verified, err := Verify(context.Background(), s.path, s.identity().PublicKey)
	if err != nil || verified.Entries != entries {
		s.t.Fatalf("verified %d entries, want %d: %v", verified.Entries, entries, err)
	}
}

func TestAppendReadsBack(t *testing.T) {
	// If this fails, an approved redemption cannot be found, printed or synced as it was made.
	s := newShop(t)
	ctx := context.Background()
	first := s.redeem(uid(1), 7, 2)
	if first.Entry.Receipt.String() != "1-000001" || first.Verdict != terminal.Pending || first.Printed != terminal.JobQueued {
		t.Fatalf("unexpected record %+v", first)
	}
	s.redeem(uid(2), 7, 1)
	s.redeem(uid(3), 8, 1)
	s.reopen()
	for _, find := range []func() (terminal.Record, error){
		func() (terminal.Record, error) { return s.ByUID(ctx, uid(1)) },
		func() (terminal.Record, error) { return s.ByReceipt(ctx, terminal.ReceiptNumber{Epoch: 1, Number: 1}) },
	} {
		found, err := find()
		if err != nil || fmt.Sprintf("%+v", found.Entry) != fmt.Sprintf("%+v", first.Entry) || found.Hash != first.Hash {
			t.Fatalf("found %+v, want %+v: %v", found, first, err)
		}
	}
	if _, err := s.ByUID(ctx, uid(9)); !errors.Is(err, terminal.ErrUnknown) {
		t.Fatalf("an unknown uid gives %v", err)
	}
	recent, err := s.Recent(ctx, 2)
	if err != nil || len(recent) != 2 || recent[0].Entry.UID != uid(3) || recent[1].Entry.UID != uid(2) {
		t.Fatalf("recent: %v %v", recent, err)
	}
	use, err := s.Use(ctx, 7, "", 1)
	if err != nil || use.Net != 3 || use.After != 1 || use.Last == nil || use.Last.Operator != "li" || !use.Last.At.Equal(noon) {
		t.Fatalf("use: %+v %v", use, err)
	}
	if use, err = s.Use(ctx, 99, "", 0); err != nil || use != (terminal.Use{}) {
		t.Fatalf("use of an unseen voucher: %+v %v", use, err)
	}
	s.mustVerify(3)
}
