package journal

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mattn/go-sqlite3"

	"countersign/terminal"
)

var keep = flag.Bool("keep", false, "keep a journal of the newest form in testdata; once for each form that lands")

func TestEveryConnectionIsSafe(t *testing.T) {
	// If this fails, a power cut after the approval loses it.
	s := newShop(t)
	ctx := context.Background()
	for name, q := range map[string]*queries{"writer": s.w.q, "reader": s.q} {
		var synchronous int
		if err := q.row(ctx, "PRAGMA synchronous").Scan(&synchronous); err != nil || synchronous != 2 {
			t.Errorf("the %s has synchronous %d: %v", name, synchronous, err)
		}
		var mode string
		if err := q.row(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
			t.Errorf("the %s has journal_mode %s: %v", name, mode, err)
		}
	}
	if _, err := s.q.exec(ctx, "DELETE FROM entries"); err == nil {
		t.Error("a reader writes")
	}
	for _, options := range []string{"_journal_mode=WAL", "_journal_mode=WAL&_synchronous=OFF", "_synchronous=FULL&_journal_mode=DELETE"} {
		drive := &sqlite3.SQLiteDriver{ConnectHook: func(conn *sqlite3.SQLiteConn) error { return assertSafe(conn, toWrite) }}
		conn, err := drive.Open("file:" + filepath.Join(t.TempDir(), "unsafe.db") + "?" + options)
		if !errors.Is(err, ErrUnsafe) {
			t.Errorf("a connection with %s opens: %v, %v", options, conn, err)
		}
	}
}

func TestCreateCanBeRepeatedAndNeverReplaces(t *testing.T) {
	// If this fails, a join that was cut off cannot be finished, or a second join throws away what was sold.
	s := newShop(t)
	ctx := context.Background()
	s.redeem(uid(1), 7, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Create(ctx, s.path, s.identity(), s.key)
	if err != nil {
		t.Fatal(err)
	}
	if counts, err := again.Counts(ctx); err != nil || counts.Head != 1 {
		t.Fatalf("after joining again: %+v, %v", counts, err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	other := s.identity()
	other.Store = "s2"
	if _, err := Create(ctx, s.path, other, s.key); !errors.Is(err, ErrOtherTerminal) {
		t.Errorf("another store takes the journal: %v", err)
	}
	if _, err := Create(ctx, s.path, s.identity(), stranger); !errors.Is(err, ErrOtherKey) {
		t.Errorf("another key makes the journal: %v", err)
	}
	if _, err := Open(ctx, s.path, stranger); !errors.Is(err, ErrOtherKey) {
		t.Errorf("another key opens the journal: %v", err)
	}
	missing := filepath.Join(t.TempDir(), "journal.db")
	if _, err := Open(ctx, missing, s.key); !errors.Is(err, ErrNotEnrolled) {
		t.Errorf("a missing journal: %v", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("opening a missing journal made one: %v", err)
	}
	rubbish := filepath.Join(t.TempDir(), "journal.db")
	if err := os.WriteFile(rubbish, bytes.Repeat([]byte("not a database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, rubbish, s.key); !errors.Is(err, ErrDamaged) {
		t.Errorf("rubbish: %v", err)
	}
}

func TestNewerFormIsRefused(t *testing.T) {
	// If this fails, an old program writes into a journal that it does not understand.
	s := newShop(t)
	mustWrite(t, s, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), s.path, s.key); !errors.Is(err, ErrNewer) {
		t.Errorf("Open: %v", err)
	}
	if _, err := OpenReader(context.Background(), s.path); !errors.Is(err, ErrNewer) {
		t.Errorf("OpenReader: %v", err)
	}
}

// keptSeed is of the key of the journals in testdata.
const keptSeed = "0707070707070707070707070707070707070707070707070707070707070707"

func TestEveryLandedFormOpens(t *testing.T) {
	// If this fails, a shop that upgrades the program loses its journal.
	seed, err := hex.DecodeString(keptSeed)
	if err != nil {
		t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(seed)
	if *keep {
		keepJournal(t, key)
	}
	for form := 1; form <= schemaVersion; form++ {
		s := &shop{t: t, path: filepath.Join(t.TempDir(), "journal.db"), key: key}
		packed, err := os.Open(keptName(form))
		if err != nil {
			t.Fatal(err)
		}
		defer packed.Close()
		unpacked, err := gzip.NewReader(packed)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(unpacked)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(s.path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if s.Journal, err = Open(context.Background(), s.path, key); err != nil {
			t.Fatalf("form %d: %v", form, err)
		}
		defer s.Close()
		s.mustVerify(2)
		if leases, err := s.Leases(context.Background()); err != nil || (form >= 3) != (len(leases) == 1 && leases[0].Left() == 1) {
			t.Errorf("form %d: leases %+v, %v", form, leases, err)
		}
		s.redeem(uid(100), 7, 1)
		use, err := s.Use(context.Background(), 7, "", 0)
		if err != nil || use.Net != 2 {
			t.Errorf("form %d: a use of %+v, %v", form, use, err)
		}
		if job, err := s.NextJob(context.Background(), noon); err != nil || job.ID != 1 || job.Altered {
			t.Errorf("form %d: job %+v, %v", form, job, err)
		}
		s.mustVerify(3)
	}
}

func keptName(form int) string { return fmt.Sprintf("testdata/form-%d.db.gz", form) }

func keepJournal(t *testing.T, key ed25519.PrivateKey) {
	s := &shop{t: t, path: filepath.Join(t.TempDir(), "journal.db"), key: key}
	var err error
	if s.Journal, err = Create(context.Background(), s.path, s.identity(), key); err != nil {
		t.Fatal(err)
	}
	lease := terminal.Lease{ID: "l1", Voucher: 7, Campaign: "dinner", Day: terminal.Date{Year: 2026, Month: 6, Day: 16}, Units: 3, Expires: noon, Epoch: 1}
	if err := s.PutLeases(context.Background(), []terminal.Lease{lease}); err != nil {
		t.Fatal(err)
	}
	sale := s.redeem(uid(1), 7, 2)
	if _, err := s.reverse(uid(2), sale, 1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	out := gzip.NewWriter(&packed)
	if _, err := out.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(out.Close(), os.MkdirAll("testdata", 0o755), os.WriteFile(keptName(schemaVersion), packed.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func TestSmallThingsOutliveARestart(t *testing.T) {
	// If this fails, guessing PINs is free after each restart, or the terminal forgets what time it was.
	s := newShop(t)
	ctx := context.Background()
	if wrong, last, err := s.PINTries(ctx, "li"); err != nil || wrong != 0 || !last.IsZero() {
		t.Fatalf("before any try: %d, %s, %v", wrong, last, err)
	}
	if _, err := s.Mark(ctx); !errors.Is(err, terminal.ErrUnknown) {
		t.Fatalf("before any mark: %v", err)
	}
	if _, err := s.State(ctx, "line"); !errors.Is(err, terminal.ErrUnknown) {
		t.Fatalf("before any state: %v", err)
	}
	mark := terminal.Mark{At: noon.UTC(), Boot: "b", Monotonic: time.Hour, Heard: true}
	acked, first, err := s.StartInstance(ctx)
	if err != nil || acked != "" || len(first) != 32 {
		t.Fatalf("the first instance: %q, %q, %v", acked, first, err)
	}
	for _, err := range []error{s.SetPINTries(ctx, "li", 2, noon), s.SetPINTries(ctx, "li", 3, noon.Add(time.Second)),
		s.SetPINTries(ctx, "mia", 1, noon), s.SetMark(ctx, terminal.Mark{At: noon.Add(time.Hour)}), s.SetMark(ctx, mark),
		s.SetState(ctx, "line", []byte("a")), s.SetState(ctx, "line", []byte("b")), s.AckInstance(ctx, first)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.reopen()
	if wrong, last, err := s.PINTries(ctx, "li"); err != nil || wrong != 3 || !last.Equal(noon.Add(time.Second)) {
		t.Errorf("tries: %d, %s, %v", wrong, last, err)
	}
	if got, err := s.Mark(ctx); err != nil || got != mark {
		t.Errorf("mark %+v, want %+v: %v", got, mark, err)
	}
	if got, err := s.State(ctx, "line"); err != nil || string(got) != "b" {
		t.Errorf("state %q: %v", got, err)
	}
	if acked, now, err := s.StartInstance(ctx); err != nil || acked != first || now == first {
		t.Errorf("the second instance: %q, %q, %v", acked, now, err)
	}
	if got := s.Identity(); !got.equal(s.identity()) || got.Currency != "EUR" {
		t.Errorf("identity %+v", got)
	}
}
