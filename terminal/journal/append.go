package journal

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// ledger is the journal inside the transaction of one Append.
type ledger struct {
	ctx      context.Context
	q        *queries
	place    entry.Place
	acked    uint64
	currency string
}

// Next implements terminal.Ledger.
func (l *ledger) Next() (uint32, uint64, terminal.ReceiptNumber) {
	receipt := terminal.ReceiptNumber{Epoch: l.place.Epoch, Number: l.place.Receipt + 1}
	return l.place.Epoch, l.place.Seq + 1, receipt
}

// KnownHead implements terminal.Ledger.
func (l *ledger) KnownHead() uint64 { return l.acked }

// Use implements terminal.Ledger.
func (l *ledger) Use(voucher terminal.VoucherID, part string, after uint64) (terminal.Use, error) {
	return l.q.use(l.ctx, voucher, part, after)
}

// Exposure implements terminal.Ledger.
func (l *ledger) Exposure() (terminal.Exposure, error) { return l.q.atRisk(l.ctx, l.currency) }

// Record implements terminal.Ledger.
func (l *ledger) Record(uid terminal.UID) (terminal.Record, error) {
	return l.q.record(l.ctx, "uid = ?", uid[:])
}

// Booked implements terminal.Ledger.
func (l *ledger) Booked(voucher terminal.VoucherID) (price, value int64, err error) {
	return l.q.booked(l.ctx, voucher)
}

// Reprints implements terminal.Ledger.
func (l *ledger) Reprints(uid terminal.UID) (int, error) { return l.q.reprints(l.ctx, uid) }

// Append implements terminal.Journal. Merchant, store and terminal are filled in where the draft leaves them out. An epoch entry
// is numbered one epoch after Next's, without a receipt. Besides compose's own errors it answers ErrDiskFull, ErrInUse,
// ErrUIDTaken, ErrDraft, ErrDamaged, what Halt was told, and ErrOutcomeUnknown; only after the last is it uncertain that nothing was recorded.
func (j *Journal) Append(ctx context.Context, compose func(terminal.Ledger) (terminal.Draft, error)) (terminal.Record, error) {
	if err := j.Halted(); err != nil {
		return terminal.Record{}, err
	}
	var record terminal.Record
	work := func(q *queries) error {
		place, err := q.place(ctx, j.identity.PublicKey)
		if err != nil {
			return err
		}
		acked, err := q.through(ctx)
		if err != nil {
			return err
		}
		draft, err := compose(&ledger{ctx: ctx, q: q, place: place, acked: acked, currency: j.identity.Currency})
		if err != nil {
			return err
		}
		record, err = j.put(ctx, q, place, draft)
		return err
	}
	landed := func(q *queries) (bool, error) {
		found, err := q.record(ctx, "uid = ?", record.Entry.UID[:])
		if errors.Is(err, terminal.ErrUnknown) {
			return false, nil
		}
		return found.Hash == record.Hash, err
	}
	// Statements inside run to their end whatever becomes of the caller; write looks at its context before COMMIT.
	caller := ctx
	ctx = context.WithoutCancel(ctx)
	if err := j.write(caller, work, landed); err != nil {
		return terminal.Record{}, err
	}
	return record, nil
}

// put writes a draft and everything that goes with it.
func (j *Journal) put(ctx context.Context, q *queries, place entry.Place, draft terminal.Draft) (terminal.Record, error) {
	e := j.fill(draft.Entry)
	if e.Kind == terminal.EntryEpoch && len(e.Heads) == 1 { // the other's; its own is the one that it follows
		e.Heads = [][]byte{place.Hash[:], e.Heads[0]}
	}
	sealed, err := entry.Seal(j.key, place.Hash, e)
	if err != nil {
		return terminal.Record{}, fmt.Errorf("%w: %w", ErrDraft, err)
	}
	// Follow reads the bytes back: what could not be verified later is not written now.
	next, e, err := place.Follow(sealed)
	if err != nil {
		return terminal.Record{}, fmt.Errorf("%w: %w", ErrDraft, err)
	}
	if err := q.insertEntry(ctx, e, sealed); err != nil {
		return terminal.Record{}, err
	}
	record := terminal.Record{Entry: e, Hash: sealed.Hash, Signature: sealed.Signature}
	if judged(e.Kind) {
		record.Verdict = terminal.Pending
	}
	switch e.Kind {
	case terminal.EntryRedeem:
		record.Reversed = make([]int64, len(e.Lines))
		err = q.countRedemption(ctx, e)
	case terminal.EntryReverse:
		err = q.countReversal(ctx, e)
	case terminal.EntryEpoch:
		err = q.beginEpoch(ctx, e)
	}
	if err != nil {
		return terminal.Record{}, err
	}
	if draft.AtRisk != nil {
		if err := q.addExposure(ctx, e.Seq, *draft.AtRisk, j.identity.Currency); err != nil {
			return terminal.Record{}, err
		}
	}
	if draft.Job != nil {
		if _, err := q.addJob(ctx, j.key, e, *draft.Job); err != nil {
			return terminal.Record{}, err
		}
		record.Printed = terminal.JobQueued
	}
	q.follow(next)
	return record, nil
}

func (j *Journal) fill(e terminal.Entry) terminal.Entry {
	if e.Merchant == "" {
		e.Merchant = j.identity.Merchant
	}
	if e.Store == "" {
		e.Store = j.identity.Store
	}
	if e.Terminal == "" {
		e.Terminal = j.identity.Terminal
	}
	return e
}

func (q *queries) insertEntry(ctx context.Context, e terminal.Entry, sealed entry.Sealed) error {
	var receipt, about any
	if e.Receipt.Number != 0 {
		receipt = int64(e.Receipt.Number)
	}
	if !e.About.IsZero() {
		about = e.About[:]
	}
	_, err := q.exec(ctx, `INSERT INTO entries (seq, bytes, hash, signature, epoch, kind, uid, receipt, about, business_day)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, int64(e.Seq), sealed.Bytes, sealed.Hash[:], sealed.Signature, e.Epoch, int(e.Kind),
		e.UID[:], receipt, about, dayColumn(e.BusinessDay))
	return err
}

// dayColumn is the business day as the index holds it; kinds of entry that have none have "".
func dayColumn(day terminal.Date) string {
	if day == (terminal.Date{}) {
		return ""
	}
	return day.String()
}

func (q *queries) countRedemption(ctx context.Context, e terminal.Entry) error {
	if len(e.Lines) == 0 {
		return fmt.Errorf("%w: a redemption has at least one line", ErrDraft)
	}
	for i, line := range e.Lines {
		if line.Units <= 0 || line.Voucher == 0 {
			return fmt.Errorf("%w: line %d redeems %d units of %s", ErrDraft, i, line.Units, line.Voucher)
		}
		if err := q.insertLine(ctx, e.Seq, i, line, line.Units); err != nil {
			return err
		}
		if err := q.addUse(ctx, line, line.Units, 0); err != nil {
			return err
		}
		if err := q.insertCounted(ctx, e.Seq, i, countedRedemption(e, line)); err != nil {
			return err
		}
	}
	return nil
}

// countReversal takes units back. Where this journal holds the redemption, no more can be taken back than it still has. Where
// another terminal made it, the cloud has answered for that: the units are free, but never more of them for this terminal than
// the voucher has.
func (q *queries) countReversal(ctx context.Context, e terminal.Entry) error {
	original, err := q.record(ctx, "uid = ?", e.About[:])
	known := err == nil
	if err != nil && !errors.Is(err, terminal.ErrUnknown) {
		return err
	}
	if e.About.IsZero() || len(e.Lines) == 0 || (known && original.Entry.Kind != terminal.EntryRedeem) {
		return fmt.Errorf("%w: a reversal names a redemption and its lines", ErrDraft)
	}
	for i, line := range e.Lines {
		if line.Units <= 0 || line.Voucher == 0 {
			return fmt.Errorf("%w: line %d reverses %d units of %s", ErrDraft, i, line.Units, line.Voucher)
		}
		if known {
			if err := q.takeBack(ctx, original.Entry, line); err != nil {
				return err
			}
			if err := q.addCountedReversal(ctx, e, original.Entry, i); err != nil {
				return err
			}
		}
		if err := q.insertLine(ctx, e.Seq, i, line, -line.Units); err != nil {
			return err
		}
		own := line.Units
		if !known {
			own = 0 // noted all the same: there is something to look up in the lines
		}
		if err := q.addUse(ctx, line, 0, own); err != nil {
			return err
		}
	}
	if !known {
		return nil
	}
	return q.liftExposure(ctx, original.Entry)
}

func (q *queries) takeBack(ctx context.Context, original terminal.Entry, line terminal.EntryLine) error {
	if line.Original < 0 || line.Original >= len(original.Lines) || original.Lines[line.Original].Voucher != line.Voucher ||
		original.Lines[line.Original].Part != line.Part {
		return fmt.Errorf("%w: entry %d has no such line %d", ErrDraft, original.Seq, line.Original)
	}
	result, err := q.exec(ctx, `UPDATE lines SET reversed = reversed + ?1
		WHERE voucher = ?2 AND seq = ?3 AND line = ?4 AND units >= reversed + ?1`,
		line.Units, int64(line.Voucher), int64(original.Seq), line.Original)
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); err != nil || changed != 1 {
		return fmt.Errorf("%w: line %d of entry %d has no %d units left to reverse", ErrDraft, line.Original, original.Seq, line.Units)
	}
	return nil
}

func (q *queries) insertLine(ctx context.Context, seq uint64, index int, line terminal.EntryLine, units int64) error {
	_, err := q.exec(ctx, "INSERT INTO lines (voucher, seq, line, part, units) VALUES (?, ?, ?, ?, ?)",
		int64(line.Voucher), int64(seq), index, line.Part, units)
	return err
}

func (q *queries) addUse(ctx context.Context, line terminal.EntryLine, redeemed, reversed int64) error {
	_, err := q.exec(ctx, `INSERT INTO uses (voucher, part, redeemed, reversed) VALUES (?, ?, ?, ?)
		ON CONFLICT (voucher, part) DO UPDATE SET redeemed = redeemed + excluded.redeemed, reversed = reversed + excluded.reversed`,
		int64(line.Voucher), line.Part, redeemed, reversed)
	return err
}

func (q *queries) addExposure(ctx context.Context, seq uint64, atRisk terminal.Money, currency string) error {
	if atRisk.Minor < 0 || (currency != "" && atRisk.Currency != currency) {
		return fmt.Errorf("%w: value at risk is in %s and not negative, not %s", ErrDraft, currency, atRisk)
	}
	_, err := q.exec(ctx, "INSERT INTO exposures (seq, minor, currency) VALUES (?, ?, ?)", int64(seq), atRisk.Minor, atRisk.Currency)
	q.risk(atRisk)
	return err
}

// liftExposure ends what an offline redemption put at risk once nothing of it stands any more.
func (q *queries) liftExposure(ctx context.Context, original terminal.Entry) error {
	for i, line := range original.Lines {
		var left int64
		err := q.row(ctx, "SELECT units - reversed FROM lines WHERE voucher = ? AND seq = ? AND line = ?",
			int64(line.Voucher), int64(original.Seq), i).Scan(&left)
		if err != nil || left > 0 {
			return err
		}
	}
	_, err := q.exec(ctx, "UPDATE exposures SET lifted = 1 WHERE seq = ?", int64(original.Seq))
	q.forget()
	return err
}

// addJob puts a slip of entry e into the spool: its own, or, of a reprint, the one it is about, as its next duplicate.
func (q *queries) addJob(ctx context.Context, key ed25519.PrivateKey, e terminal.Entry, job terminal.PrintJob) (int64, error) {
	slip := terminal.SpoolJob{PrintJob: job, UID: e.UID, Receipt: e.Receipt, Made: e.Wall}
	if e.Kind == terminal.EntryReprint {
		original, err := q.record(ctx, "uid = ?", e.About[:])
		if err != nil {
			return 0, fmt.Errorf("%w: a reprint names the entry whose slip it is: %w", ErrDraft, err)
		}
		if slip.Duplicate, err = q.reprints(ctx, e.About); err != nil { // e itself is counted
			return 0, err
		}
		slip.UID, slip.Receipt = original.Entry.UID, original.Entry.Receipt
	}
	return q.insertJob(ctx, key, slip)
}

// insertJob puts a slip into the spool and signs it.
func (q *queries) insertJob(ctx context.Context, key ed25519.PrivateKey, job terminal.SpoolJob) (int64, error) {
	if job.Made.IsZero() {
		job.Made = time.Now()
	}
	var uid []byte // none of a test page
	if !job.UID.IsZero() {
		uid = job.UID[:]
	}
	result, err := q.exec(ctx, `INSERT INTO jobs
		(uid, epoch, receipt, duplicate, kind, profile, copies, hold, bytes, state, detail, made, changed, signature)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?)`, uid, job.Receipt.Epoch, int64(job.Receipt.Number), job.Duplicate, string(job.Kind),
		job.Profile, job.Copies, job.Hold, append([]byte{}, job.Bytes...), string(terminal.JobQueued), job.Made.UnixMicro(), job.Made.UnixMicro(),
		signSlip(key, job))
	if err != nil {
		return 0, err
	}
	return result.LastInsertId()
}
