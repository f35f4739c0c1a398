package journal

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// benchFolder is on a real disk: a temporary folder in memory would measure no sync. BENCH_DIR names another.
func benchFolder(b *testing.B) string {
	b.Helper()
	parent := os.Getenv("BENCH_DIR")
	if parent == "" {
		parent = "."
	}
	folder, err := os.MkdirTemp(parent, ".bench-*")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

// BenchmarkAppend is a redemption from decision to COMMIT, signed, with its slip.
func BenchmarkAppend(b *testing.B) {
	s := newShopIn(b, filepath.Join(benchFolder(b), "journal.db"))
	var n uint64
	b.ReportAllocs()
	for b.Loop() {
		n++
		_, err := s.Append(context.Background(), func(l terminal.Ledger) (terminal.Draft, error) {
			if _, err := l.Use(terminal.VoucherID(n), "", 0); err != nil {
				return terminal.Draft{}, err
			}
			return redemption(l, uid(n), terminal.VoucherID(n), 1), nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareInserts is the reference: the same rows by prepared statements in one WAL and FULL transaction each, nothing else.
func BenchmarkBareInserts(b *testing.B) {
	s := newShopIn(b, filepath.Join(benchFolder(b), "journal.db"))
	sample := s.redeem(uid(1<<40), 1<<40, 1)
	raw, err := entry.Encode(sample.Entry)
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	prepare := func(query string) *sql.Stmt {
		statement, err := s.w.conn.PrepareContext(ctx, query)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { statement.Close() })
		return statement
	}
	begin, end := prepare("BEGIN IMMEDIATE"), prepare("COMMIT")
	intoEntries := prepare(`INSERT INTO entries (seq, bytes, hash, signature, epoch, kind, uid, receipt, about, business_day)
		VALUES (?, ?, ?, ?, 1, 1, ?, ?, NULL, '2026-11-21')`)
	intoLines := prepare("INSERT INTO lines (voucher, seq, line, part, units) VALUES (?, ?, 0, '', 1)")
	intoUses := prepare("INSERT INTO uses (voucher, part, redeemed, reversed) VALUES (?, '', 1, 0)")
	intoJobs := prepare(`INSERT INTO jobs (uid, epoch, receipt, duplicate, kind, profile, copies, hold, bytes, state, detail, made, changed)
		VALUES (?, 1, ?, 0, 'redemption', 'generic-80', 1, 0, ?, 'queued', '', ?, ?)`)
	slip := []byte("\x1b@slip")
	n := int64(1)
	run := func(statement *sql.Stmt, args ...any) {
		if _, err := statement.ExecContext(ctx, args...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		n++
		id := uid(uint64(n))
		run(begin)
		run(intoEntries, n, raw, sample.Hash[:], sample.Signature, id[:], n)
		run(intoLines, n, n)
		run(intoUses, n)
		run(intoJobs, id[:], n, slip, n, n)
		run(end)
	}
}

// BenchmarkVerify is what verify takes for one entry, signature and all.
func BenchmarkVerify(b *testing.B) {
	s := newShop(b)
	const entries = 2000
	err := s.write(context.Background(), func(q *queries) error { // one sync for all of them
		for n := uint64(1); n <= entries; n++ {
			place, err := q.head(context.Background(), s.identity().PublicKey)
			if err != nil {
				return err
			}
			l := &ledger{ctx: context.Background(), q: q, place: place}
			if _, err := s.put(context.Background(), q, place, redemption(l, uid(n), terminal.VoucherID(n), 1)); err != nil {
				return err
			}
		}
		return nil
	}, nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if verified, err := Verify(context.Background(), s.path, s.identity().PublicKey); err != nil || verified.Entries != entries {
			b.Fatal(verified, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
}
