package journal

import (
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"strings"

	"countersign/terminal"
	"countersign/terminal/entry"
)

//go:embed counted.sql
var countedTable string

// counted is what one line of an entry counts under limits: of a redemption its units, of a reversal what it gives back, on the
// business day of the redemption. A balance counts one as long as anything of a payment stands.
type counted struct {
	campaign string
	day      terminal.Date
	voucher  terminal.VoucherID
	units    int64
}

func countedRedemption(e terminal.Entry, line terminal.EntryLine) counted {
	return counted{line.Campaign, e.BusinessDay, line.Voucher, line.Kind.Counted(line.Units)}
}

// countedReversal is what taking units back gives back of an original line, of which left still stand afterwards.
func countedReversal(original terminal.Entry, line terminal.EntryLine, left int64) counted {
	kind := original.Lines[line.Original].Kind
	return counted{original.Lines[line.Original].Campaign, original.BusinessDay, line.Voucher,
		kind.Counted(left) - kind.Counted(left+line.Units)}
}

func (q *queries) insertCounted(ctx context.Context, seq uint64, line int, c counted) error {
	if c.units == 0 {
		return nil
	}
	_, err := q.exec(ctx, "INSERT INTO counted (campaign, day, seq, line, voucher, units) VALUES (?, ?, ?, ?, ?, ?)",
		c.campaign, dayColumn(c.day), int64(seq), line, int64(c.voucher), c.units)
	return err
}

// addCounted counts what a reversal gives back, once the lines say what is left.
func (q *queries) addCountedReversal(ctx context.Context, e, original terminal.Entry, i int) error {
	line := e.Lines[i]
	var left int64
	err := q.row(ctx, "SELECT units - reversed FROM lines WHERE voucher = ? AND seq = ? AND line = ?",
		int64(line.Voucher), int64(original.Seq), line.Original).Scan(&left)
	if err != nil {
		return err
	}
	return q.insertCounted(ctx, e.Seq, i, countedReversal(original, line, left))
}

// Counted implements terminal.Journal.
func (r *Reader) Counted(ctx context.Context, campaign string, vouchers []terminal.VoucherID, days terminal.Days, after uint64) (int64, error) {
	return r.q.counted(ctx, campaign, vouchers, days, after)
}

// Counted implements terminal.Ledger.
func (l *ledger) Counted(campaign string, vouchers []terminal.VoucherID, days terminal.Days, after uint64) (int64, error) {
	return l.q.counted(l.ctx, campaign, vouchers, days, after)
}

func (q *queries) counted(ctx context.Context, campaign string, vouchers []terminal.VoucherID, days terminal.Days, after uint64) (units int64, err error) {
	from, through := dayColumn(days.From), dayColumn(days.Through)
	if len(vouchers) == 0 {
		err = q.row(ctx, `SELECT coalesce(sum(units), 0) FROM counted WHERE campaign = ? AND day BETWEEN ? AND ? AND seq > ?`,
			campaign, from, through, int64(after)).Scan(&units)
		return units, err
	}
	for _, voucher := range vouchers {
		var more int64
		err := q.row(ctx, `SELECT coalesce(sum(units), 0) FROM counted WHERE voucher = ? AND seq > ? AND campaign = ? AND day BETWEEN ? AND ?`,
			int64(voucher), int64(after), campaign, from, through).Scan(&more)
		if err != nil {
			return 0, err
		}
		units += more
	}
	return units, nil
}

// makeCounted makes the table of a journal that is older than it, and fills it from the entries.
func makeCounted(ctx context.Context, tx *sql.Tx) error {
	for _, statement := range strings.Split(countedTable, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	q := newQueries(tx)
	rows, err := q.query(ctx, "SELECT bytes FROM entries WHERE kind IN (1, 2) ORDER BY seq")
	uses := newTally()
	if _, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return struct{}{}, err
		}
		e, err := entry.Decode(raw)
		if err == nil {
			err = uses.add(e)
		}
		return struct{}{}, err
	}); err != nil {
		return err
	}
	for _, block := range uses.blocks {
		for _, l := range block {
			if !l.counts {
				continue
			}
			c := counted{uses.words[l.campaign], l.day, l.voucher, l.counted}
			if err := q.insertCounted(ctx, l.seq, int(l.line), c); err != nil {
				return err
			}
		}
	}
	return q.close()
}

func (t *tally) compareCounted(ctx context.Context, q *queries) error {
	rows, err := q.query(ctx, "SELECT campaign, day, seq, line, voucher, units FROM counted")
	found := 0
	_, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var campaign, day string
		var seq, line, voucher, units int64
		if err := rows.Scan(&campaign, &day, &seq, &line, &voucher, &units); err != nil {
			return struct{}{}, err
		}
		found++
		want := t.find(lineKey{uint64(seq), int(line)})
		if want == nil || !want.counts || t.words[want.campaign] != campaign || t.column(want.day) != day ||
			int64(want.voucher) != voucher || want.counted != units {
			return struct{}{}, fmt.Errorf("%w: %w", ErrDamaged,
				&entry.BadEntry{Seq: uint64(seq), Problem: fmt.Sprintf("does not say what its line %d counts under limits", line)})
		}
		return struct{}{}, nil
	})
	if err == nil && found != t.under {
		err = fmt.Errorf("%w: %d lines are counted under limits and %d were written", ErrDamaged, found, t.under)
	}
	return err
}
