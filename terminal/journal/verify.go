package journal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// Verified is what Verify found to be whole.
type Verified struct {
	Entries uint64
	Head    entry.Place
}

// Verify checks the journal in path as it lies on disk: chain, signatures by public, numbering of entries and receipts, the index
// columns and the use tables against the entries' bytes, the acknowledgements against the head, every page of the file, and the slips. It
// needs nothing but the file and the key; nil means the key that the file itself names, which proves less. The error is an *entry.BadEntry for the first bad entry,
// where there is one, and a *ChangedSlip where the entries are sound and a slip is not. A terminal may be at work on the file meanwhile. A file in an older form, a backup of last year's say, is checked
// in a copy that is brought to this version's form; it stays as it is.
func Verify(ctx context.Context, path string, public ed25519.PublicKey) (Verified, error) {
	r, err := OpenReader(ctx, path)
	if errors.Is(err, ErrOlder) {
		return verifyOlder(ctx, path, public)
	}
	if err != nil {
		return Verified{}, err
	}
	defer r.Close()
	if public == nil {
		public = r.identity.PublicKey
	} else if !public.Equal(r.identity.PublicKey) {
		return Verified{}, ErrOtherKey
	}
	// One transaction sees one state of the file, whoever writes to it meanwhile.
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return Verified{}, explain(err)
	}
	defer func() { _ = tx.Rollback() }() // it only read
	q := newQueries(tx)
	pages := r.checkPagesBeside(ctx)
	defer pages.stop()
	checks := checkSignatures(ctx, public)
	place, uses, err := q.verifyEntries(ctx, public, checks)
	var after error
	if err == nil { // while the last signatures are checked
		after = q.verifyRest(ctx, uses, place)
	}
	verified := Verified{Entries: place.Seq, Head: place}
	if err = checks.finish(err); err == nil {
		err = after
	}
	if err != nil {
		return verified, err
	}
	if err := pages.wait(); err != nil {
		return verified, err
	}
	return verified, q.verifySlips(ctx, public)
}

// verifyRest checks what the entries up to place make true of the other tables.
func (q *queries) verifyRest(ctx context.Context, uses *tally, place entry.Place) error {
	if err := uses.compare(ctx, q); err != nil {
		return err
	}
	acked, err := q.acked(ctx)
	if err == nil && acked > place.Seq {
		err = fmt.Errorf("%w: entries %d to %d are missing: the cloud has them", ErrDamaged, place.Seq+1, acked)
	}
	return err
}

// pageCheck is a look at every page that goes on beside other work, on a connection of its own.
type pageCheck struct {
	done   chan struct{}
	err    error
	cancel context.CancelFunc
}

func (r *Reader) checkPagesBeside(ctx context.Context) *pageCheck {
	ctx, cancel := context.WithCancel(ctx)
	p := &pageCheck{done: make(chan struct{}), cancel: cancel}
	go func() {
		defer close(p.done)
		p.err = r.q.checkPages(ctx)
	}()
	return p
}

func (p *pageCheck) wait() error {
	<-p.done
	return p.err
}

// stop ends the check where nobody waited for it.
func (p *pageCheck) stop() {
	p.cancel()
	<-p.done
}

// verifyOlder is Verify of a file in an older form. Its own pages are checked too: a copy holds sound ones whatever they were.
func verifyOlder(ctx context.Context, path string, public ed25519.PublicKey) (found Verified, err error) {
	db, _, err := openToRead(ctx, path)
	if db == nil {
		return found, err
	}
	if err == nil {
		err = newQueries(db).checkPages(ctx)
	}
	if err = errors.Join(explain(err), db.Close()); err != nil {
		return found, err
	}
	folder, err := os.MkdirTemp("", "countersign-verify-")
	if err != nil {
		return found, fmt.Errorf("no copy of the journal can be made to check it in; free some space: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	lifted := filepath.Join(folder, filepath.Base(path))
	if err := copyInto(ctx, path, lifted); err != nil {
		return found, err
	}
	w, err := openWriter(ctx, lifted)
	if err == nil {
		err = w.close()
	}
	if err != nil {
		return found, err
	}
	return Verify(ctx, lifted, public)
}

// checkPages has SQLite look at every page. The entries may all be well while an index or a table that nobody read just now is not:
// the next redemption would find that out, with a customer waiting.
func (q *queries) checkPages(ctx context.Context) error {
	return q.checkBy(ctx, "PRAGMA integrity_check(1)")
}

// checkBy has SQLite check the file by a pragma that answers "ok" or what it found.
func (q *queries) checkBy(ctx context.Context, pragma string) error {
	rows, err := q.query(ctx, pragma)
	found, err := collect(rows, err, func(rows *sql.Rows) (found string, err error) { return found, rows.Scan(&found) })
	if err != nil {
		return err
	}
	if text := strings.Join(found, " "); text != "ok" {
		return fmt.Errorf("%w: %s", ErrDamaged, strings.Join(strings.Fields(text), " "))
	}
	return nil
}

// signed is an entry whose signature is still to be checked.
type signed struct {
	seq  uint64
	hash [32]byte
	sig  []byte
}

// Signatures are handed over in batches. As many batches may wait as keep every core busy while the tables are compared, which one core
// does: a quarter of a million signatures, 35 MB.
const (
	batchSize   = 64
	waitingMost = 4096
)

// signatures checks signatures on every core: they are what takes time.
type signatures struct {
	ctx   context.Context // of the whole verification
	work  chan []signed
	wait  sync.WaitGroup
	mu    sync.Mutex
	first uint64 // the first entry with a bad one, 0 for none
}

// checkSignatures checks what comes until finish is called; once ctx has ended nothing is checked any more.
func checkSignatures(ctx context.Context, public ed25519.PublicKey) *signatures {
	s := &signatures{ctx: ctx, work: make(chan []signed, waitingMost)}
	for range runtime.NumCPU() {
		s.wait.Go(func() {
			for batch := range s.work {
				if ctx.Err() == nil {
					s.check(public, batch)
				}
			}
		})
	}
	return s
}

func (s *signatures) check(public ed25519.PublicKey, batch []signed) {
	for _, one := range batch {
		if !entry.Verify(public, one.hash, one.sig) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.first == 0 || one.seq < s.first {
				s.first = one.seq
			}
			return
		}
	}
}

// finish waits for the checks and answers the earlier of a bad signature and err.
func (s *signatures) finish(err error) error {
	close(s.work)
	s.wait.Wait()
	var bad *entry.BadEntry
	if s.first != 0 && (!errors.As(err, &bad) || bad.Seq > s.first) {
		return &entry.BadEntry{Seq: s.first, Problem: "is not signed by this terminal's key"}
	}
	if err == nil {
		err = s.ctx.Err()
	}
	return err
}

// verifyEntries checks all of every entry but its signature, which it hands over to checks.
func (q *queries) verifyEntries(ctx context.Context, public ed25519.PublicKey, checks *signatures) (entry.Place, *tally, error) {
	place, uses := entry.Start(public), newTally()
	// The driver makes a goroutine for each row of a query that can be cancelled; looking at ctx now and then costs nothing.
	rows, err := q.query(context.WithoutCancel(ctx),
		"SELECT seq, bytes, hash, signature, epoch, kind, uid, receipt, about, business_day FROM entries ORDER BY seq")
	if err != nil {
		return place, uses, err
	}
	defer rows.Close()
	batch := make([]signed, 0, batchSize)
	for err == nil && rows.Next() {
		var row indexedRow
		if err = row.scan(rows); err != nil {
			err = explain(err)
			break
		}
		var next entry.Place
		var e terminal.Entry
		if next, e, err = row.follow(place); err != nil {
			break
		}
		if err = uses.add(e); err != nil {
			break
		}
		if batch = append(batch, signed{next.Seq, row.Hash, row.Signature}); len(batch) == batchSize {
			checks.work <- batch
			batch, err = make([]signed, 0, batchSize), ctx.Err()
		}
		place = next
	}
	if err == nil {
		err = explain(rows.Err())
	}
	checks.work <- batch
	return place, uses, err
}

// indexedRow is a row of entries with its index columns.
type indexedRow struct {
	entry.Sealed
	seq, epoch, kind int64
	hash, uid, about []byte
	receipt          sql.NullInt64
	day              string
}

func (row *indexedRow) scan(rows *sql.Rows) error {
	return rows.Scan(&row.seq, &row.Bytes, &row.hash, &row.Signature, &row.epoch, &row.kind, &row.uid, &row.receipt, &row.about, &row.day)
}

// follow checks a row, but for its signature, as the one after place.
func (row *indexedRow) follow(place entry.Place) (entry.Place, terminal.Entry, error) {
	bad := func(problem string) (entry.Place, terminal.Entry, error) {
		return place, terminal.Entry{}, &entry.BadEntry{Seq: place.Seq + 1, Problem: problem}
	}
	if uint64(row.seq) != place.Seq+1 {
		return bad(fmt.Sprintf("is missing: the next in the file is %d", row.seq))
	}
	if len(row.hash) != 32 {
		return bad(fmt.Sprintf("has a hash of %d bytes", len(row.hash)))
	}
	row.Hash = [32]byte(row.hash)
	next, e, err := place.Follow(row.Sealed)
	if err != nil {
		return place, e, err
	}
	var about []byte
	if !e.About.IsZero() {
		about = e.About[:]
	}
	switch {
	case row.epoch != int64(e.Epoch) || row.kind != int64(e.Kind) || row.day != dayColumn(e.BusinessDay),
		row.receipt.Int64 != int64(e.Receipt.Number) || row.receipt.Valid != (e.Receipt.Number != 0),
		!bytes.Equal(row.uid, e.UID[:]) || !bytes.Equal(row.about, about):
		return bad("is indexed under other facts than its own")
	}
	return next, e, nil
}
