package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
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
		entries = 30_000
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
	return []row{atMost(fmt.Sprintf("journal verify, %s entries", thousands(entries)), "as many Ed25519 verifications on as many cores", took, 1.3,
		fmt.Sprintf("%s against %s", took.own.Round(time.Millisecond), took.other.Round(time.Millisecond)))}, nil
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
