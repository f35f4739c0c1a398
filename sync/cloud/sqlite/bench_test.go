package sqlite_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/relational"
	"countersign/sync/cloud/sqlite"
	"countersign/terminal"
	"countersign/terminal/entry"
	"countersign/terminal/token"
)

// What a cloud does for one terminal after the other, on a real disk, each beside bare SQL on the same tables. What many terminals at once
// make of it, with HTTP around, is measured by cmd/internal/bench.

// desk is a cloud's storage with one terminal that writes a journal.
type desk struct {
	*testing.B
	*relational.Storage
	cloud.Terminal
	folder  string
	private ed25519.PrivateKey
	place   entry.Place
	lookup  []byte // the key
}

var coffee = terminal.Campaign{ID: "coffee", Name: terminal.Text{"en": "Free coffee"}, Kind: terminal.KindProduct, Currency: "EUR", Units: 1,
	Price: &terminal.Money{Minor: 250, Currency: "EUR"}, State: terminal.CampaignLive}

// newDesk is on the disk of BENCH_DIR, or of this folder: a temporary folder in memory would measure no sync.
func newDesk(b *testing.B) *desk {
	b.Helper()
	parent := os.Getenv("BENCH_DIR")
	if parent == "" {
		parent = "."
	}
	d := &desk{B: b}
	var err error
	if d.folder, err = os.MkdirTemp(parent, ".bench-*"); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(d.folder) })
	if d.Storage, err = sqlite.Open(d.folder); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.must(d.Close()) })
	_, err = d.Apply(b.Context(), cloud.Catalogue{
		Merchant: terminal.Merchant{ID: "m", Name: "M", Currency: "EUR", Languages: []string{"en"}},
		Stores: []terminal.Store{{ID: "s", Name: "S", Zone: "Europe/Berlin", Language: "en", SignIn: terminal.SignInNone, Print: "always",
			Copies: 1}}, Campaigns: []terminal.Campaign{coffee}})
	d.must(err)
	d.lookup, err = d.LookupKey(b.Context(), "m")
	d.must(err)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	d.must(err)
	now, hash := time.Now(), cloud.SecretHash(rand.Text())
	d.must(d.Invite(b.Context(), []cloud.Invitation{{Merchant: "m", Store: "s", SecretHash: hash, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}}))
	d.Terminal, err = d.Enrol(b.Context(), cloud.Enrolment{SecretHash: hash, Key: public, SealKey: make([]byte, 32), ProgramVersion: "bench", At: now})
	d.must(err)
	d.private, d.place = private, entry.Start(public)
	return d
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// issue makes n vouchers of one unit.
func (d *desk) issue(n int) []cloud.Issued {
	d.Helper()
	issued, err := cloud.Prepare(d.B.Context(), d.Storage, "m", coffee, cloud.Facts{}, n, rand.Reader, time.Now())
	d.must(err)
	d.must(cloud.Store(d.B.Context(), d.Storage, "m", issued))
	return issued
}

// pushed is how many redemptions one push of these benchmarks brings.
const pushed = 20

// redeem journals that many redemptions of as many vouchers, as the next push.
func (d *desk) redeem() cloud.Push {
	d.Helper()
	now := time.Now()
	push := cloud.Push{Standing: d.standing(0), Epoch: d.place.Epoch, FromSeq: d.place.Seq + 1, Prev: d.place.Hash, At: now}
	for _, issued := range d.issue(pushed) {
		var uid terminal.UID
		_, _ = rand.Read(uid[:]) // never fails: crypto/rand ends the program instead
		lookup := token.LookupOf(d.lookup, issued.Code)
		sealed, err := entry.Seal(d.private, d.place.Hash, terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Merchant: "m", Store: "s",
			Terminal: d.Name, Epoch: d.place.Epoch, Seq: d.place.Seq + 1, Operator: "li", Assurance: terminal.Offline, Wall: now, Lower: now,
			Upper: now, BusinessDay: terminal.BusinessDay(now, time.UTC, 0),
			Receipt: terminal.ReceiptNumber{Epoch: d.place.Epoch, Number: d.place.Receipt + 1},
			Lines: []terminal.EntryLine{{Voucher: issued.Voucher.ID, Campaign: coffee.ID, Kind: coffee.Kind, Units: 1, Price: coffee.Price,
				Proof: token.Proof(token.InnerOf(d.lookup, issued.Code), uid), Lookup: &lookup, Masked: "4B2H"}}})
		d.must(err)
		d.place, _, err = d.place.Follow(sealed)
		d.must(err)
		push.Entries = append(push.Entries, sealed)
	}
	return push
}

// standing is what a terminal says of itself that has made so many claims.
func (d *desk) standing(claims int64) cloud.Standing {
	return cloud.Standing{Instance: "bench", Counter: claims, Nonce: time.Now(),
		Journal: &api.Head{Epoch: d.place.Epoch, Seq: d.place.Seq, Hash: d.place.Hash[:]}}
}

func (d *desk) perEntry() {
	d.ReportMetric(float64(d.Elapsed().Nanoseconds())/float64(d.N)/pushed, "ns/entry")
}

// BenchmarkPush is a push of 20 redemptions by one terminal: chain, signatures and proofs checked, each judged, on disk.
func BenchmarkPush(b *testing.B) {
	d := newDesk(b)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		push := d.redeem()
		b.StartTimer()
		ack, err := d.ApplyJournal(b.Context(), d.Terminal, push)
		d.must(err)
		if last := ack.Verdicts[len(ack.Verdicts)-1]; len(ack.Verdicts) != pushed || string(last.Verdict) != string(terminal.Accepted) {
			b.Fatalf("%d entries were judged, the last %s", len(ack.Verdicts), last.Verdict)
		}
	}
	d.perEntry()
}

// BenchmarkBarePush is its reference: the rows that such a push leaves, by prepared statements in one WAL and FULL transaction.
func BenchmarkBarePush(b *testing.B) {
	d := newDesk(b)
	push := d.redeem()
	raw := d.raw()
	d.exec(raw, "VACUUM INTO ?", filepath.Join(d.folder, "before.db"))
	_, err := d.ApplyJournal(b.Context(), d.Terminal, push)
	d.must(err)
	d.exec(raw, "ATTACH ? AS before", filepath.Join(d.folder, "before.db"))
	sets := d.changed(raw)
	ctx := d.inPlace()
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		for _, set := range sets {
			d.exec(raw, "DELETE FROM main."+set.table)
			d.exec(raw, "INSERT INTO main."+set.table+" SELECT * FROM before."+set.table)
		}
		b.StartTimer()
		d.exec(raw, "BEGIN IMMEDIATE")
		for _, set := range sets {
			for _, row := range set.rows {
				_, err := set.insert.ExecContext(ctx, row...)
				d.must(err)
			}
		}
		d.exec(raw, "COMMIT")
	}
	d.perEntry()
}

// raw is the database without the cloud before it, with its settings.
func (d *desk) raw() *sql.Conn {
	d.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.ToSlash(filepath.Join(d.folder, sqlite.FileName))+
		"?_journal_mode=WAL&_synchronous=FULL&psow=0&_busy_timeout=15000&_foreign_keys=0&_stmt_cache_size=128")
	d.must(err)
	d.Cleanup(func() { d.must(db.Close()) })
	conn, err := db.Conn(d.B.Context())
	d.must(err)
	d.Cleanup(func() { d.must(conn.Close()) })
	return conn
}

// inPlace is what a reference runs its statements under, as the cloud does: under a context that can be cancelled go-sqlite3 runs each on a
// goroutine of its own.
func (d *desk) inPlace() context.Context { return context.WithoutCancel(d.B.Context()) }

func (d *desk) exec(conn *sql.Conn, query string, args ...any) {
	d.Helper()
	_, err := conn.ExecContext(d.inPlace(), query, args...)
	d.must(err)
}

// rowSet are the rows of one table that a push left.
type rowSet struct {
	table  string
	rows   [][]any
	insert *sql.Stmt
}

// changed are the rows that the database has and the one before has not.
func (d *desk) changed(conn *sql.Conn) (sets []rowSet) {
	d.Helper()
	names := d.rows(conn, "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' ORDER BY name")
	total := 0
	for _, name := range names {
		table := fmt.Sprint(name[0])
		rows := d.rows(conn, fmt.Sprintf("SELECT * FROM main.%s EXCEPT SELECT * FROM before.%[1]s", table))
		if len(rows) == 0 {
			continue
		}
		marks := strings.TrimSuffix(strings.Repeat("?,", len(rows[0])), ",")
		insert, err := conn.PrepareContext(d.B.Context(), fmt.Sprintf("INSERT OR REPLACE INTO main.%s VALUES (%s)", table, marks))
		d.must(err)
		d.Cleanup(func() { d.must(insert.Close()) })
		sets, total = append(sets, rowSet{table, rows, insert}), total+len(rows)
	}
	if total < 4*pushed { // an entry, its line, its voucher and its place in the feed
		d.Fatalf("a push of %d entries left %d rows", pushed, total)
	}
	return sets
}

func (d *desk) rows(conn *sql.Conn, query string, args ...any) (all [][]any) {
	d.Helper()
	found, err := conn.QueryContext(d.B.Context(), query, args...)
	d.must(err)
	defer found.Close()
	columns, err := found.Columns()
	d.must(err)
	for found.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		d.must(found.Scan(into...))
		all = append(all, row)
	}
	d.must(found.Err())
	return all
}

// claimable is how many vouchers the claims of these benchmarks take in turns.
const claimable = 500

// BenchmarkClaim is a claim of one voucher that lets go of the one before, as after Esc, with head and cursor as every terminal sends them.
func BenchmarkClaim(b *testing.B) {
	d := newDesk(b)
	issued := d.issue(claimable)
	page, err := d.Feed(b.Context(), d.Terminal, "", 10)
	d.must(err)
	var n int64
	b.ReportAllocs()
	for b.Loop() {
		one := issued[n%claimable]
		n++
		claim := cloud.Claim{Claim: terminal.Claim{Operator: "li"}, Standing: d.standing(n), At: time.Now(), Cursor: page.Cursor}
		_, _ = rand.Read(claim.UID[:]) // never fails: crypto/rand ends the program instead
		claim.Lines = []terminal.ClaimLine{{Lookup: token.LookupOf(d.lookup, one.Code), Units: 1, Proof: token.Proof(token.InnerOf(d.lookup, one.Code), claim.UID)}}
		answer, err := d.Claim(b.Context(), d.Terminal, claim)
		d.must(err)
		if !answer.Granted {
			b.Fatalf("a claim was refused: %v", answer.Findings)
		}
	}
}

// BenchmarkBareClaim is its reference: one conditional update in a WAL and FULL transaction.
func BenchmarkBareClaim(b *testing.B) {
	d := newDesk(b)
	issued := d.issue(claimable)
	raw := d.raw()
	update, err := raw.PrepareContext(b.Context(), "UPDATE voucher SET redeemed = 1 - redeemed WHERE id = ? AND redeemed <= units")
	d.must(err)
	b.Cleanup(func() { d.must(update.Close()) })
	ctx, n := d.inPlace(), 0
	b.ReportAllocs()
	for b.Loop() {
		done, err := update.ExecContext(ctx, int64(issued[n%claimable].Voucher.ID))
		d.must(err)
		if rows, err := done.RowsAffected(); err != nil || rows != 1 {
			b.Fatalf("%d rows were changed, %v", rows, err)
		}
		n++
	}
}

// paged is how many vouchers a page of these benchmarks has.
const paged = 1000

// BenchmarkFeedPage is a page of the feed with 1,000 vouchers, before it is written as JSON.
func BenchmarkFeedPage(b *testing.B) {
	d := newDesk(b)
	first, err := d.Feed(b.Context(), d.Terminal, "", 100)
	d.must(err)
	d.issue(paged)
	b.ReportAllocs()
	for b.Loop() {
		page, err := d.Feed(b.Context(), d.Terminal, first.Cursor, paged)
		d.must(err)
		if len(page.Records) != paged {
			b.Fatalf("a page has %d records", len(page.Records))
		}
	}
}

// BenchmarkBareFeedPage is its reference: the same places of the feed, and the row of each, read by prepared statements and left alone.
func BenchmarkBareFeedPage(b *testing.B) {
	d := newDesk(b)
	d.issue(paged)
	raw := d.raw()
	row, err := raw.PrepareContext(b.Context(), "SELECT * FROM voucher WHERE id = ?")
	d.must(err)
	b.Cleanup(func() { d.must(row.Close()) })
	columns := len(d.rows(raw, "SELECT * FROM voucher LIMIT 1")[0])
	values, into := make([]any, columns), make([]any, columns)
	for i := range values {
		into[i] = &values[i]
	}
	ctx := d.inPlace()
	b.ReportAllocs()
	for b.Loop() {
		places := d.rows(raw, "SELECT place, ref FROM outbox WHERE merchant = 'm' AND kind = 'voucher' ORDER BY place")
		if len(places) != paged {
			b.Fatalf("%d places were read", len(places))
		}
		for _, place := range places {
			var id terminal.VoucherID
			d.must(id.UnmarshalText(fmt.Append(nil, place[1])))
			d.must(row.QueryRowContext(ctx, int64(id)).Scan(into...))
		}
	}
}
