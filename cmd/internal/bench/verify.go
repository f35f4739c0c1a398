package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"countersign/cmd/internal/station"
	"countersign/terminal"
	"countersign/terminal/entry"
	"countersign/terminal/journal"
)

// measureVerify measures journal verify, which looks at chain, signatures, numbering, index, uses and every page of the file, against
// verifying as many signatures over messages of the same length on as many cores.
func measureVerify(ctx context.Context, l *lab) ([]row, error) {
	entries, times := 1_000_000, 5
	if l.quick {
		entries = 20_000
	}
	path := filepath.Join(l.folder, "verify.db")
	public, length, err := longJournal(ctx, path, entries)
	if err != nil {
		return nil, err
	}
	l.log("a journal of %s entries was written, %d bytes an entry", thousands(entries), length)
	took, err := turns(times, func(int) (time.Duration, error) {
		began := time.Now()
		verified, err := journal.Verify(ctx, path, public)
		if err == nil && verified.Entries != uint64(entries) {
			err = fmt.Errorf("%d of %d entries were verified", verified.Entries, entries)
		}
		return time.Since(began), err
	}, func(int) (time.Duration, error) { return signaturesOnly(entries) })
	if err != nil {
		return nil, err
	}
	bare := atMost(fmt.Sprintf("journal verify, %s entries", thousands(entries)), "as many Ed25519 verifications on as many cores", took, 1.3,
		fmt.Sprintf("%s against %s; redemptions without slips", took.own.Round(time.Millisecond), took.other.Round(time.Millisecond)))
	if err := os.Remove(path); err != nil {
		return []row{bare}, err
	}
	printed, err := verifyPrinted(ctx, l, entries/printedShare)
	return append([]row{bare}, printed...), err
}

// printedShare is how many times more entries without slips are verified than with: to make a redemption and its slip takes longer than to
// verify them.
const printedShare = 10

// verifyPrinted measures the verification of what a counter with a printer writes: each redemption has its slip, which is signed by itself.
func verifyPrinted(ctx context.Context, l *lab, redemptions int) ([]row, error) {
	path := filepath.Join(l.folder, "printed.db")
	entries, slips, err := printedJournal(ctx, path, redemptions)
	if err != nil {
		return nil, err
	}
	l.log("a journal of %s entries and %s slips was written", thousands(entries), thousands(slips))
	took, err := turns(5, func(int) (time.Duration, error) {
		began := time.Now()
		verified, err := journal.Verify(ctx, path, nil)
		if err == nil && verified.Entries != uint64(entries) {
			err = fmt.Errorf("%d of %d entries were verified", verified.Entries, entries)
		}
		return time.Since(began), err
	}, func(int) (time.Duration, error) { return signaturesOnly(entries + slips) })
	if err != nil {
		return nil, err
	}
	return []row{atMost(fmt.Sprintf("journal verify, %s entries and the slips of %s", thousands(entries), thousands(slips)),
		"as many Ed25519 verifications as both have signatures, on as many cores", took, 1.3,
		fmt.Sprintf("%s against %s", took.own.Round(time.Millisecond), took.other.Round(time.Millisecond)))}, nil
}

// printedJournal has a counter redeem vouchers in memory, as longJournal does, and copies its journal to path.
func printedJournal(ctx context.Context, path string, redemptions int) (entries, slips int, err error) {
	here, err := newScratch(inMemory(), memoryPrefix)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, here.close()) }()
	s, err := openShop(ctx, &lab{folder: here.folder}, 0)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	const atOnce = 1000 // of those that the cloud has not yet taken, only so many are allowed
	for redemptions > 0 && err == nil {
		var codes []string
		if codes, err = s.sell(ctx, min(redemptions, atOnce)); err == nil {
			_, err = s.redeem(ctx, codes)
		}
		if err == nil {
			err = s.acknowledge(ctx)
		}
		redemptions -= len(codes)
	}
	if err != nil {
		return 0, 0, err
	}
	r, err := journal.OpenReader(ctx, filepath.Join(s.counter.Folder(), station.JournalName))
	if err != nil {
		return 0, 0, err
	}
	if _, err := r.Backup(ctx, path); err != nil {
		return 0, 0, errors.Join(err, r.Close())
	}
	entries, slips, err = signedIn(ctx, path)
	return entries, slips, errors.Join(err, r.Close())
}

// signedIn is how many entries and slips the journal in path has.
func signedIn(ctx context.Context, path string) (entries, slips int, err error) {
	db, err := sql.Open("sqlite3", source(path, "mode=ro"))
	if err != nil {
		return 0, 0, err
	}
	err = db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM jobs)").Scan(&entries, &slips)
	return entries, slips, errors.Join(err, db.Close())
}

// longJournal writes a journal in memory, where there is some to be had, for nothing of that is measured, and moves it to path.
func longJournal(ctx context.Context, path string, entries int) (public ed25519.PublicKey, length int, err error) {
	here, err := newScratch(inMemory(), memoryPrefix)
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, here.close()) }()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, 0, err
	}
	made := filepath.Join(here.folder, station.JournalName)
	j, err := journal.Create(ctx, made, journal.Identity{Merchant: "m", Store: "s", Terminal: "t", Currency: "EUR", PublicKey: public,
		RootKey: public}, private)
	if err != nil {
		return nil, 0, err
	}
	for n := 1; n <= entries && err == nil; n++ {
		_, err = j.Append(ctx, func(ledger terminal.Ledger) (terminal.Draft, error) { return sale(ledger, n), nil })
	}
	if err = errors.Join(err, j.Close()); err != nil {
		return nil, 0, err
	}
	raw, err := os.ReadFile(made)
	if err != nil {
		return nil, 0, err
	}
	return public, len(raw) / entries, os.WriteFile(path, raw, 0o600)
}

// inMemory is a folder in memory, where the system has one.
func inMemory() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

// sale is a redemption of one voucher as a counter writes it.
func sale(ledger terminal.Ledger, n int) terminal.Draft {
	epoch, seq, receipt := ledger.Next()
	now := time.Now()
	price := &terminal.Money{Minor: 3990, Currency: "EUR"}
	value := &terminal.Money{Minor: 6800, Currency: "EUR"}
	var uid terminal.UID
	_, _ = rand.Read(uid[:]) // never fails: crypto/rand ends the program instead
	lookup, proof := terminal.Lookup(uid), sha256.Sum256(uid[:])
	return terminal.Draft{Entry: terminal.Entry{Merchant: "m", Store: "s", Terminal: "t", Epoch: epoch, Seq: seq, UID: uid, Receipt: receipt,
		Kind: terminal.EntryRedeem, Operator: "li", Assurance: terminal.Confirmed, Wall: now, Lower: now, Upper: now,
		BusinessDay: terminal.BusinessDay(now, time.UTC, 0), Lines: []terminal.EntryLine{{Voucher: terminal.VoucherID(n), Campaign: offer,
			Kind: terminal.KindProduct, Units: 1, Price: price, Value: value, Proof: proof[:], Lookup: &lookup, Masked: "4B2H"}}}}
}

// signaturesOnly is the reference: as many verifications over hashes as there are entries, on every core.
func signaturesOnly(n int) (time.Duration, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return 0, err
	}
	hash := [32]byte{1}
	signature := entry.Sign(private, hash)
	if !entry.Verify(public, hash, signature) {
		return 0, errors.New("a good signature does not verify")
	}
	began := time.Now()
	var work sync.WaitGroup
	for core := range runtime.NumCPU() {
		work.Go(func() {
			for i := core; i < n; i += runtime.NumCPU() {
				entry.Verify(public, hash, signature)
			}
		})
	}
	work.Wait()
	return time.Since(began), nil
}
