package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// part is a voucher, or one line of an order.
type part struct {
	voucher terminal.VoucherID
	part    string
}

// lineKey is one line of one entry.
type lineKey struct {
	seq  uint64
	line int
}

type lineUse struct {
	part
	units, reversed int64
}

type sums struct{ redeemed, reversed int64 }

// tally counts uses from the entries themselves, for comparison with the tables that the counter relies on.
type tally struct {
	uses  map[part]sums
	lines map[lineKey]*lineUse
	sold  map[terminal.UID]uint64 // where each redemption stands
	// What is counted under limits, and by line of a redemption what a reversal gives back of it.
	counted map[lineKey]counted
	kinds   map[lineKey]terminal.Kind
}

func newTally() *tally {
	return &tally{uses: map[part]sums{}, lines: map[lineKey]*lineUse{}, sold: map[terminal.UID]uint64{},
		counted: map[lineKey]counted{}, kinds: map[lineKey]terminal.Kind{}}
}

func (t *tally) add(e terminal.Entry) error {
	if !judged(e.Kind) {
		return nil
	}
	if e.Kind == terminal.EntryRedeem {
		t.sold[e.UID] = e.Seq
	}
	original, known := t.sold[e.About]
	for i, line := range e.Lines {
		of := part{line.Voucher, line.Part}
		sum := t.uses[of]
		units := line.Units
		if e.Kind == terminal.EntryRedeem {
			sum.redeemed += line.Units
			t.counted[lineKey{e.Seq, i}] = countedRedemption(e, line)
			t.kinds[lineKey{e.Seq, i}] = line.Kind
		} else {
			units = -line.Units
			if known {
				sum.reversed += line.Units
				back := t.lines[lineKey{original, line.Original}]
				if back == nil || back.part != of || back.reversed+line.Units > back.units {
					return &entry.BadEntry{Seq: e.Seq, Problem: fmt.Sprintf("reverses more of entry %d than there was", original)}
				}
				back.reversed += line.Units
				t.giveBack(lineKey{e.Seq, i}, lineKey{original, line.Original}, back.units-back.reversed, line.Units)
			}
		}
		t.uses[of] = sum
		t.lines[lineKey{e.Seq, i}] = &lineUse{part: of, units: units}
	}
	return nil
}

// giveBack counts a reversal's line, after which left units of the original line stand.
func (t *tally) giveBack(line, original lineKey, left, units int64) {
	c, kind := t.counted[original], t.kinds[original]
	if c.units = kind.Counted(left) - kind.Counted(left+units); c.units != 0 {
		t.counted[line] = c
	}
}

// compare reports the first row of the tables that says something else than the entries.
func (t *tally) compare(ctx context.Context, q *queries) error {
	return errors.Join(t.compareUses(ctx, q), t.compareLines(ctx, q), t.compareCounted(ctx, q))
}

func (t *tally) compareUses(ctx context.Context, q *queries) error {
	rows, err := q.query(ctx, "SELECT voucher, part, redeemed, reversed FROM uses")
	counted := 0
	_, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var voucher int64
		var of part
		var found sums
		if err := rows.Scan(&voucher, &of.part, &found.redeemed, &found.reversed); err != nil {
			return struct{}{}, err
		}
		of.voucher = terminal.VoucherID(voucher)
		counted++
		if found != t.uses[of] {
			return struct{}{}, fmt.Errorf("%w: the uses of voucher %s do not agree with the entries", ErrDamaged, of.voucher)
		}
		return struct{}{}, nil
	})
	if err == nil && counted != len(t.uses) {
		err = fmt.Errorf("%w: %d vouchers are counted and %d were used", ErrDamaged, counted, len(t.uses))
	}
	return err
}

func (t *tally) compareLines(ctx context.Context, q *queries) error {
	rows, err := q.query(ctx, "SELECT voucher, seq, line, part, units, reversed FROM lines")
	counted := 0
	_, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var voucher, seq int64
		var key lineKey
		var found lineUse
		if err := rows.Scan(&voucher, &seq, &key.line, &found.part.part, &found.units, &found.reversed); err != nil {
			return struct{}{}, err
		}
		found.voucher, key.seq = terminal.VoucherID(voucher), uint64(seq)
		counted++
		if known := t.lines[key]; known == nil || *known != found {
			return struct{}{}, fmt.Errorf("%w: %w", ErrDamaged,
				&entry.BadEntry{Seq: key.seq, Problem: fmt.Sprintf("does not say what is counted for its line %d", key.line)})
		}
		return struct{}{}, nil
	})
	if err == nil && counted != len(t.lines) {
		err = fmt.Errorf("%w: %d lines are counted and %d were written", ErrDamaged, counted, len(t.lines))
	}
	return err
}
