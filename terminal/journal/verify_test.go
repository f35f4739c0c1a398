package journal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"errors"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// tamper opens the file as somebody with an editor would.
func tamper(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?_synchronous=OFF")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func mustExec(t *testing.T, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestVerifyNamesTheFlippedBit(t *testing.T) {
	// If this fails, a redemption can be edited after the fact and the owner is told that all is well.
	s := newShop(t)
	sale := s.redeem(uid(1), 7, 2)
	if _, err := s.reverse(uid(2), sale, 1); err != nil {
		t.Fatal(err)
	}
	s.redeem(uid(3), 8, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db := tamper(t, s.path)
	for seq := uint64(1); seq <= 3; seq++ {
		for _, column := range []string{"bytes", "hash", "signature", "uid"} {
			var good []byte
			if err := db.QueryRow("SELECT "+column+" FROM entries WHERE seq = ?", seq).Scan(&good); err != nil {
				t.Fatal(err)
			}
			for i := range good {
				bad := bytes.Clone(good)
				bad[i] ^= 1 << (2 + rand.IntN(6)) // the lower bits would turn one entry's uid into another's
				mustExec(t, db, "UPDATE entries SET "+column+" = ? WHERE seq = ?", bad, seq)
				_, err := Verify(context.Background(), s.path, s.identity().PublicKey)
				var named *entry.BadEntry
				if !errors.As(err, &named) || named.Seq != seq {
					t.Fatalf("byte %d of %s of entry %d changed: %v", i, column, seq, err)
				}
			}
			mustExec(t, db, "UPDATE entries SET "+column+" = ? WHERE seq = ?", good, seq)
		}
	}
	s.mustVerify(3)
}

func TestVerifySeesEveryTable(t *testing.T) {
	// If this fails, somebody who edits a counter makes a used voucher good again, and verify says nothing.
	other, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		edit string
		key  ed25519.PublicKey
		seq  uint64 // of the entry that must be named; 0 for none
	}{
		"an entry is gone":           {edit: "DELETE FROM entries WHERE seq = 2", seq: 2},
		"the last is gone, acked":    {edit: "DELETE FROM entries WHERE seq = 3; UPDATE acked SET through = 3"},
		"another kind in the index":  {edit: "UPDATE entries SET kind = 3 WHERE seq = 1", seq: 1},
		"another receipt":            {edit: "UPDATE entries SET receipt = 9 WHERE seq = 3", seq: 3},
		"no receipt":                 {edit: "UPDATE entries SET receipt = NULL WHERE seq = 3", seq: 3},
		"another day":                {edit: "UPDATE entries SET business_day = '2026-11-22' WHERE seq = 2", seq: 2},
		"about nothing":              {edit: "UPDATE entries SET about = NULL WHERE seq = 2", seq: 2},
		"another epoch":              {edit: "UPDATE entries SET epoch = 2 WHERE seq = 3", seq: 3},
		"a use forgotten":            {edit: "DELETE FROM uses WHERE voucher = 8"},
		"a use less":                 {edit: "UPDATE uses SET redeemed = 1 WHERE voucher = 7"},
		"a use that never was":       {edit: "INSERT INTO uses VALUES (99, '', 1, 1)"},
		"a line forgotten":           {edit: "DELETE FROM lines WHERE seq = 3"},
		"a line less":                {edit: "UPDATE lines SET units = 1 WHERE seq = 1", seq: 1},
		"a line reversed":            {edit: "UPDATE lines SET reversed = 1 WHERE seq = 3", seq: 3},
		"signed by somebody else":    {key: other},
		"the file names another key": {edit: "UPDATE identity SET public_key = randomblob(32)"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			sale := s.redeem(uid(1), 7, 2)
			if _, err := s.reverse(uid(2), sale, 1); err != nil {
				t.Fatal(err)
			}
			s.redeem(uid(3), 8, 1)
			s.mustVerify(3)
			if c.edit != "" {
				mustExec(t, tamper(t, s.path), c.edit)
			}
			key := s.identity().PublicKey
			if c.key != nil {
				key = c.key
			}
			_, err := Verify(context.Background(), s.path, key)
			var named *entry.BadEntry
			switch {
			case err == nil:
				t.Error("verify says that all is well")
			case c.seq != 0 && (!errors.As(err, &named) || named.Seq != c.seq):
				t.Errorf("%v does not name entry %d", err, c.seq)
			}
		})
	}
}

func TestVerifyNeedsNothingButTheFile(t *testing.T) {
	// If this fails, an auditor with a copy on a stick cannot check it.
	s := newShop(t)
	s.redeem(uid(1), 7, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	copied := filepath.Join(folder, "copy of journal?#%.db")
	if err := os.WriteFile(copied, raw, 0o400); err != nil {
		t.Fatal(err)
	}
	for _, key := range []ed25519.PublicKey{s.identity().PublicKey, nil} {
		if verified, err := Verify(context.Background(), copied, key); err != nil || verified.Entries != 1 {
			t.Fatalf("%d entries: %v", verified.Entries, err)
		}
	}
	if _, err := Verify(context.Background(), filepath.Join(folder, "none.db"), nil); !errors.Is(err, ErrNotEnrolled) {
		t.Fatalf("no file: %v", err)
	}
}

func TestExportCanBeChecked(t *testing.T) {
	// If this fails, what a merchant exports proves nothing to anybody.
	s := newShop(t)
	sale := s.redeem(uid(1), 7, 2)
	if _, err := s.reverse(uid(2), sale, 1); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := s.Export(context.Background(), &out); err != nil {
		t.Fatal(err)
	}
	lines := json.NewDecoder(&out)
	var head exportHead
	if err := lines.Decode(&head); err != nil || head.Terminal != "counter-1" || head.Format != "countersign journal 1" {
		t.Fatalf("head %+v: %v", head, err)
	}
	var sealed iter.Seq2[entry.Sealed, error] = func(yield func(entry.Sealed, error) bool) {
		for lines.More() {
			var line exportLine
			err := lines.Decode(&line)
			if !yield(entry.Sealed{Bytes: line.Bytes, Hash: [32]byte(line.Hash), Signature: line.Signature}, err) {
				return
			}
		}
	}
	public := ed25519.PublicKey(head.PublicKey)
	place, err := entry.VerifyChain(public, entry.Start(public), sealed)
	if err != nil || place.Seq != 2 || place.Receipt != 2 {
		t.Fatalf("the export verifies to %+v: %v", place, err)
	}
}

func TestDamagedTailIsSeenAtStart(t *testing.T) {
	// If this fails, a terminal goes on selling on top of a journal that the cloud will refuse.
	s := newShop(t)
	s.redeem(uid(1), 7, 2)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, tamper(t, s.path), "UPDATE entries SET signature = zeroblob(64)")
	if _, err := Open(context.Background(), s.path, s.key); !errors.Is(err, ErrDamaged) {
		t.Fatalf("a journal with a forged tail opens: %v", err)
	}
	if _, err := s.ByUID(context.Background(), terminal.UID{}); err == nil {
		t.Fatal("a closed journal answers")
	}
}

func TestVerifyLooksAtEveryPage(t *testing.T) {
	// If this fails, support is told that a journal is whole, and the next redemption finds that it is not.
	s := newShop(t)
	for n := uint64(1); n <= 40; n++ {
		s.redeem(uid(n), terminal.VoucherID(n), 1)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	var root int64
	db := tamper(t, s.path)
	for _, name := range []string{"jobs", "lines", "pin_tries", "exceptions"} {
		if err := db.QueryRow("SELECT rootpage FROM sqlite_schema WHERE name = ?", name).Scan(&root); err != nil {
			t.Fatal(err)
		}
		spoilt := bytes.Clone(whole)
		for i := (root - 1) * page; i < root*page; i++ {
			spoilt[i] = 0xA5
		}
		if err := os.WriteFile(s.path, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Verify(context.Background(), s.path, s.identity().PublicKey)
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s spoilt: %v", name, err)
		}
		if err != nil && strings.Count(err.Error(), "the journal is damaged") != 1 {
			t.Errorf("it is said more than once: %v", err)
		}
	}
}

func TestAMissingLineIsNoUnknownReceipt(t *testing.T) {
	// If this fails, a report on a damaged journal sends the manager to look for a receipt instead of to support.
	s := newShop(t)
	s.redeem(uid(1), 7, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, tamper(t, s.path), "DELETE FROM lines")
	s.reopen()
	_, err := s.Recent(context.Background(), 5)
	if !errors.Is(err, ErrDamaged) || errors.Is(err, terminal.ErrUnknown) {
		t.Errorf("%v", err)
	}
}

func TestADamagedEntryDoesNotHideTheOthers(t *testing.T) {
	// If this fails, the counter says beside a damaged journal that nothing was redeemed yet, and the cashier redeems the party's vouchers again.
	s := newShop(t)
	for n := uint64(1); n <= 3; n++ {
		s.redeem(uid(n), terminal.VoucherID(n), 1)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mustExec(t, tamper(t, s.path), "DELETE FROM lines WHERE seq = 2")
	s.reopen()
	recent, err := s.Recent(context.Background(), 5)
	if !errors.Is(err, ErrDamaged) || len(recent) != 2 || recent[0].Entry.UID != uid(3) || recent[1].Entry.UID != uid(1) {
		t.Errorf("of three redemptions, the second of them damaged, these are shown: %v, %v", recent, err)
	}
}

func TestWhatTheCloudDoesNotHaveIsCheckedAtTheStart(t *testing.T) {
	// If this fails, a counter whose disk spoilt an entry on its way goes on with greens that will never count anywhere.
	for name, test := range map[string]struct {
		acked   uint64
		spoil   string
		opens   bool
		recents error
	}{
		"an entry on its way":               {2, "UPDATE entries SET bytes = zeroblob(length(bytes)) WHERE seq = 3", false, nil},
		"a signature on its way":            {2, "UPDATE entries SET signature = zeroblob(64) WHERE seq = 3", false, nil},
		"an entry that the cloud has":       {4, "UPDATE entries SET bytes = zeroblob(length(bytes)) WHERE seq = 3", true, ErrDamaged},
		"an entry that is gone":             {2, "DELETE FROM entries WHERE seq = 3", true, nil},
		"nothing":                           {2, "SELECT 1", true, nil},
		"an entry that is gone, the newest": {5, "DELETE FROM entries WHERE seq = 5", true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			ctx := context.Background()
			for n := uint64(1); n <= 5; n++ {
				s.redeem(uid(n), terminal.VoucherID(n), 1)
			}
			if err := s.Ack(ctx, test.acked, nil); err != nil {
				t.Fatal(err)
			}
			if _, err := s.w.q.exec(ctx, test.spoil); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			j, err := Open(ctx, s.path, s.key)
			if (err == nil) != test.opens || (err != nil && !errors.Is(err, ErrDamaged)) {
				t.Fatalf("it opens with %v", err)
			}
			if err != nil {
				return
			}
			defer j.Close()
			if err := j.CheckRecent(ctx, 200); !errors.Is(err, test.recents) {
				t.Errorf("the newest entries are found to be: %v", err)
			}
		})
	}
}

func TestAPageThatNoEntryIsOnIsFoundAtTheStart(t *testing.T) {
	// If this fails, the fleet's list shows a counter as ready that cannot write its next redemption.
	s := newShop(t)
	ctx := context.Background()
	s.redeem(uid(1), 7, 1)
	if err := s.Ack(ctx, 1, nil); err != nil {
		t.Fatal(err)
	}
	var page, size int64
	if err := s.w.q.row(ctx, "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_schema WHERE name = 'exposures'").Scan(&page, &size); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(s.path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(bytes.Repeat([]byte{0xa5}, 300), (page-1)*size); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	j, err := Open(ctx, s.path, s.key)
	if err != nil {
		if !errors.Is(err, ErrDamaged) {
			t.Fatal(err)
		}
		return
	}
	defer j.Close()
	if err := j.CheckRecent(ctx, 200); !errors.Is(err, ErrDamaged) {
		t.Errorf("the damaged page is found to be: %v", err)
	}
}
