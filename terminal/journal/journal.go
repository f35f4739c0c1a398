// Package journal keeps journal.db: the terminal's append-only record of what it honoured, hash-chained and signed, with what
// belongs to it in the same transaction (uses, slips to print) and what must live as long (acknowledgements, verdicts,
// exceptions, PIN tries, the time mark). Nothing in it is ever pruned.
//
// One process writes it at a time, on one connection, under WAL and synchronous=FULL, both asserted on every connection; Reader
// may be open beside it in any number of processes. An entry is on disk when Append returns.
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
	"sync/atomic"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// Identity is who the terminal is, as enrolment made it.
type Identity struct {
	Merchant  string
	Store     string
	Terminal  string
	Currency  string            // the merchant's: of the exposure
	PublicKey ed25519.PublicKey // of the key that signs the entries
	RootKey   []byte            // the merchant's, pinned
}

func (i Identity) equal(other Identity) bool {
	return i.Merchant == other.Merchant && i.Store == other.Store && i.Terminal == other.Terminal &&
		i.PublicKey.Equal(other.PublicKey) && bytes.Equal(i.RootKey, other.RootKey)
}

var _ terminal.Journal = (*Journal)(nil)

// Journal is the journal open for writing. It implements terminal.Journal, and the spool's queue.
type Journal struct {
	*Reader
	key ed25519.PrivateKey

	turn   chan struct{} // holds one token: the right to use w
	w      *writer       // nil after a fault, until the next write opens it again
	closed atomic.Bool
	memory remembered
	halted atomic.Pointer[error] // why no entry is taken any more; nil while they are
	// commit is "COMMIT" but in tests, which make it fail in both ways a disk can.
	commit func(*queries) error
}

// Create makes the journal of a newly enrolled terminal in path. Where the same enrolment made one before, it is opened as it
// is, so that a join that was cut off can be repeated; another's is ErrOtherTerminal.
func Create(ctx context.Context, path string, identity Identity, key ed25519.PrivateKey) (*Journal, error) {
	if !identity.PublicKey.Equal(key.Public()) {
		return nil, ErrOtherKey
	}
	if err := makeFile(path); err != nil {
		return nil, err
	}
	w, err := openWriter(ctx, path)
	if err != nil {
		return nil, err
	}
	err = w.enrol(ctx, identity)
	if err = errors.Join(err, w.close(), syncFolder(filepath.Dir(path))); err != nil {
		return nil, err
	}
	return Open(ctx, path, key)
}

// makeFile makes an empty file for a journal where there is none. SQLite would make it, and not let the group write, who are the others at
// the counter.
func makeFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o660)
	if err != nil {
		return fmt.Errorf("the journal cannot be made; check the rights of the data folder: %w", err)
	}
	return file.Close()
}

// Open opens the journal in path for writing with the key that signs it. What the cloud does not have yet is checked, the chain before
// that is not: see Verify. A missing file is ErrNotEnrolled.
func Open(ctx context.Context, path string, key ed25519.PrivateKey) (*Journal, error) {
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotEnrolled
	}
	w, err := openWriter(ctx, path)
	if err != nil {
		return nil, err
	}
	reader, err := OpenReader(ctx, path)
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	j := &Journal{Reader: reader, key: key, w: w, turn: make(chan struct{}, 1), commit: commit}
	j.turn <- struct{}{}
	if !reader.identity.PublicKey.Equal(key.Public()) {
		return nil, errors.Join(ErrOtherKey, j.Close())
	}
	err = w.q.checkTail(ctx, reader.identity.PublicKey)
	if err == nil {
		err = w.q.checkPending(ctx, reader.identity.PublicKey)
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// Close waits for a write that is under way and closes the files.
func (j *Journal) Close() error {
	if j.closed.Swap(true) {
		return nil
	}
	<-j.turn
	defer func() { j.turn <- struct{}{} }()
	// The readers go first: the last connection to close brings the write-ahead log into the file.
	err := j.Reader.Close()
	if j.w != nil {
		err = errors.Join(err, j.w.close())
		j.w = nil
	}
	return err
}

// writer is the one connection that writes.
type writer struct {
	db   *sql.DB
	conn *sql.Conn
	q    *queries
}

func openWriter(ctx context.Context, path string) (*writer, error) {
	db, err := openPool(path, toWrite, 1)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, db); err != nil {
		return nil, errors.Join(explain(err), db.Close())
	}
	// After a power cut the log can end inside a sector. What is promised in it is brought into the file before anything is written
	// beside it, where the next torn write could take it along.
	if _, err := db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return nil, errors.Join(explain(err), db.Close())
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(explain(err), db.Close())
	}
	return &writer{db: db, conn: conn, q: newQueries(conn)}, nil
}

func (w *writer) close() error {
	return errors.Join(w.q.close(), w.conn.Close(), w.db.Close())
}

func (w *writer) enrol(ctx context.Context, identity Identity) error {
	known, err := w.q.identity(ctx)
	switch {
	case err == nil && known.equal(identity):
		return nil
	case err == nil:
		return ErrOtherTerminal
	case !errors.Is(err, ErrNotEnrolled):
		return err
	}
	_, err = w.q.exec(ctx, `INSERT INTO identity (only, merchant, store, terminal, currency, public_key, root_key)
		VALUES (1, ?, ?, ?, ?, ?, ?)`, identity.Merchant, identity.Store, identity.Terminal, identity.Currency,
		[]byte(identity.PublicKey), append([]byte{}, identity.RootKey...))
	return err
}

func commit(q *queries) error {
	_, err := q.exec(context.Background(), "COMMIT")
	return err
}

// write runs work in one transaction on the writer. Waiting for the turn ends with ctx; from BEGIN on nothing does, so that no
// cancelled context can leave the outcome of COMMIT open. When COMMIT answers with an error, its outcome is unknown: the file is
// opened anew and landed is asked what is there.
func (j *Journal) write(ctx context.Context, work func(*queries) error, landed func(*queries) (bool, error)) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-j.turn:
	}
	defer func() { j.turn <- struct{}{} }()
	if j.closed.Load() {
		return ErrClosed
	}
	uncancelled := context.WithoutCancel(ctx)
	if j.w == nil {
		if err := j.reopen(uncancelled); err != nil {
			return err
		}
	}
	if _, err := j.w.q.exec(uncancelled, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	open := true
	defer func() {
		if open { // work failed or panicked
			j.rollback(uncancelled)
		}
	}()
	if err := j.recall(uncancelled, j.w.q); err != nil {
		return err
	}
	if err := work(j.w.q); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	open = false
	if err := j.commit(j.w.q); err != nil {
		j.memory.set(memory{})
		return j.settle(uncancelled, err, landed)
	}
	j.memory.set(*j.w.q.memory)
	return nil
}

// rollback ends a transaction that wrote nothing worth keeping. A connection that cannot even do that is given up.
func (j *Journal) rollback(ctx context.Context) {
	if _, err := j.w.q.exec(ctx, "ROLLBACK"); err == nil {
		return
	}
	// SQLite rolls back by itself on some errors, a full disk for one, and then has no transaction to roll back.
	if _, err := j.w.q.exec(ctx, "BEGIN IMMEDIATE"); err == nil {
		if _, err := j.w.q.exec(ctx, "ROLLBACK"); err == nil {
			return
		}
	}
	_ = j.w.close() // nothing more can be lost: the transaction is gone with its connection
	j.w = nil
}

// settle finds out what became of a COMMIT that answered with an error.
func (j *Journal) settle(ctx context.Context, cause error, landed func(*queries) (bool, error)) error {
	_ = j.w.close() // its errors say no more than cause
	j.w = nil
	if err := j.reopen(ctx); err != nil {
		return fmt.Errorf("%w (%w; %w)", ErrOutcomeUnknown, cause, err)
	}
	there, err := landed(j.w.q)
	if err != nil {
		return fmt.Errorf("%w (%w; %w)", ErrOutcomeUnknown, cause, err)
	}
	if !there {
		return explain(cause)
	}
	// It can be read, but perhaps only from memory: after a failed fsync the system forgets that the pages never reached the disk. A
	// checkpoint writes them again to the main file and syncs that.
	var busy, logged, moved int
	err = j.w.q.row(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &logged, &moved)
	if err != nil || busy != 0 {
		return fmt.Errorf("%w (%w; checkpoint: busy %d, %w)", ErrOutcomeUnknown, cause, busy, orNone(err))
	}
	return nil
}

func (j *Journal) reopen(ctx context.Context) error {
	w, err := openWriter(ctx, j.path)
	if err != nil {
		return err
	}
	if err := w.q.checkTail(ctx, j.identity.PublicKey); err != nil {
		return errors.Join(err, w.close())
	}
	j.w = w
	j.memory.set(memory{}) // and with it SQLite's count, which is each connection's own
	return nil
}

// checkTail checks the newest entry against the one before it and its signature: cheap, and enough to see a torn or swapped file.
func (q *queries) checkTail(ctx context.Context, public ed25519.PublicKey) error {
	head, err := q.head(ctx, public)
	if err != nil || head.Seq == 0 {
		return err
	}
	last, err := q.sealed(ctx, head.Seq)
	if err != nil {
		return err
	}
	prev := entry.Genesis(public)
	if head.Seq > 1 {
		before, err := q.sealed(ctx, head.Seq-1)
		if err != nil {
			return err
		}
		prev = before.Hash
	}
	if entry.Hash(prev, last.Bytes) != last.Hash || !entry.Verify(public, last.Hash, last.Signature) {
		return fmt.Errorf("%w: its newest entry, %d, does not verify", ErrDamaged, head.Seq)
	}
	return nil
}

// checkPending checks every entry that the cloud does not have yet. One that does not verify will never count there, nor anything that is
// honoured after it: it has to be known before the next green.
func (q *queries) checkPending(ctx context.Context, public ed25519.PublicKey) error {
	acked, err := q.acked(ctx)
	if err != nil {
		return err
	}
	return q.checkSince(ctx, public, acked)
}

// CheckPending checks every entry that the cloud does not have yet, as Open does. The error is ErrDamaged and an *entry.BadEntry.
func (j *Journal) CheckPending(ctx context.Context) error {
	return j.q.checkPending(ctx, j.identity.PublicKey)
}

// Halt has the journal take no entry any more until it is opened anew: what would follow would never count. Append answers cause.
func (j *Journal) Halt(cause error) { j.halted.CompareAndSwap(nil, &cause) }

// Halted is why no entry is taken any more; nil while they are.
func (j *Journal) Halted() error {
	if cause := j.halted.Load(); cause != nil {
		return *cause
	}
	return nil
}

// recentPages is the largest file, in SQLite's pages, that is looked through at each start: some tens of milliseconds, a month of a busy
// counter. A larger one is looked through by Verify.
const recentPages = 8192

// CheckRecent checks the newest entries that the cloud has, at most so many, and of a file that is not large every page: quick enough for
// each start, as Verify is not. The error is ErrDamaged, and of an entry an *entry.BadEntry.
func (j *Journal) CheckRecent(ctx context.Context, most uint64) error {
	var pages int64
	err := j.q.row(ctx, "PRAGMA page_count").Scan(&pages)
	if err == nil && pages <= recentPages {
		err = j.q.checkBy(ctx, "PRAGMA quick_check(1)")
	}
	if err != nil {
		return err
	}
	acked, err := j.q.acked(ctx)
	if err != nil {
		return err
	}
	return j.q.checkSince(ctx, j.identity.PublicKey, acked-min(acked, most))
}

// checkSince checks every entry after one. A place where an entry is gone is the cloud's to judge, and so is a journal that ends before.
func (q *queries) checkSince(ctx context.Context, public ed25519.PublicKey, after uint64) error {
	last, prev := after, entry.Genesis(public)
	if after > 0 {
		before, err := q.sealed(ctx, after)
		if errors.Is(err, terminal.ErrUnknown) {
			last = 0 // nothing follows what is not there
		} else if err != nil {
			return err
		}
		prev = before.Hash
	}
	rows, err := q.query(context.WithoutCancel(ctx), "SELECT seq, bytes, hash, signature FROM entries WHERE seq > ? ORDER BY seq", int64(after))
	_, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		row, err := q.sealedRow(rows)
		if err != nil {
			return struct{}{}, err
		}
		if (row.seq == last+1 && entry.Hash(prev, row.Bytes) != row.Hash) || !entry.Verify(public, row.Hash, row.Signature) {
			return struct{}{}, fmt.Errorf("%w: %w", ErrDamaged, &entry.BadEntry{Seq: row.seq, Problem: "does not verify"})
		}
		last, prev = row.seq, row.Hash
		return struct{}{}, nil
	})
	return err
}
