package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sort"

	"countersign/terminal"
	"countersign/terminal/entry"
)

// part is a voucher, or one line of an order, by its name.
type part struct {
	voucher terminal.VoucherID
	part    name
}

type sums struct{ redeemed, reversed int64 }

// name is a word that many entries say, by its place in names.
type name uint32

// names keeps each word once: of a million entries each has its own copy of the same few, and a word in a map is one more thing that the
// collector looks at.
type names struct {
	known map[string]name
	words []string
}

func (n *names) of(word string) name {
	known, ok := n.known[word]
	if !ok {
		known = name(len(n.words))
		n.known[word], n.words = known, append(n.words, word)
	}
	return known
}

// tallied is one line of one entry.
type tallied struct {
	part
	seq             uint64
	units, reversed int64
	counted         int64 // under limits: of a redemption its units, of a reversal what it gives back
	day             terminal.Date
	line            int32
	campaign, kind  name
	counts          bool // under limits
}

func (l *tallied) key() lineKey { return lineKey{l.seq, int(l.line)} }

// lineKey is one line of one entry.
type lineKey struct {
	seq  uint64
	line int
}

// blockOf is how many lines are kept in one piece of memory: what grew by copying would need twice as much.
const blockOf = 4096

// tally counts uses from the entries themselves, for comparison with the tables that the counter relies on. Of a long journal it is most of
// what verify keeps, and so it has no pointers in what there is of each entry.
type tally struct {
	names
	uses   map[part]sums
	sold   map[terminal.UID]uint64 // where each redemption stands
	blocks [][]tallied             // all lines, in the order in which they were written
	lines  int
	under  int // lines that count under limits
	found  int // the line that was found last

	written struct { // the day that was written last as its column has it: most lines of a day follow each other
		day    terminal.Date
		column string
	}
}

func newTally() *tally {
	return &tally{names: names{known: map[string]name{}}, uses: map[part]sums{}, sold: map[terminal.UID]uint64{}}
}

// column is a day as its column has it.
func (t *tally) column(day terminal.Date) string {
	if t.written.column == "" || t.written.day != day {
		t.written.day, t.written.column = day, dayColumn(day)
	}
	return t.written.column
}

func (t *tally) keep(l tallied) {
	if t.lines%blockOf == 0 {
		t.blocks = append(t.blocks, make([]tallied, 0, blockOf))
	}
	last := &t.blocks[len(t.blocks)-1]
	*last = append(*last, l)
	t.lines++
	if l.counts {
		t.under++
	}
}

// find finds a line that was kept; nil where there is none.
func (t *tally) find(key lineKey) *tallied {
	if next := t.found + 1; next < t.lines && t.at(next).key() == key { // mostly they are asked for one after the other
		t.found = next
		return t.at(next)
	}
	i := sort.Search(t.lines, func(i int) bool {
		l := t.at(i)
		return l.seq > key.seq || l.seq == key.seq && int(l.line) >= key.line
	})
	if i == t.lines || t.at(i).key() != key {
		return nil
	}
	t.found = i
	return t.at(i)
}

func (t *tally) at(i int) *tallied { return &t.blocks[i/blockOf][i%blockOf] }

// add counts an entry that follows those before it.
func (t *tally) add(e terminal.Entry) error {
	if !judged(e.Kind) {
		return nil
	}
	if e.Kind == terminal.EntryRedeem {
		t.sold[e.UID] = e.Seq
	}
	original, known := t.sold[e.About]
	for i, line := range e.Lines {
		own := tallied{part: part{line.Voucher, t.of(line.Part)}, seq: e.Seq, line: int32(i), units: line.Units}
		sum := t.uses[own.part]
		if e.Kind == terminal.EntryRedeem {
			sum.redeemed += line.Units
			c := countedRedemption(e, line)
			own.campaign, own.day, own.counted, own.kind, own.counts = t.of(c.campaign), c.day, c.units, t.of(string(line.Kind)), true
		} else {
			own.units = -line.Units
			if known {
				sum.reversed += line.Units
				back := t.find(lineKey{original, line.Original})
				if back == nil || back.part != own.part || back.reversed+line.Units > back.units {
					return &entry.BadEntry{Seq: e.Seq, Problem: fmt.Sprintf("reverses more of entry %d than there was", original)}
				}
				back.reversed += line.Units
				t.giveBack(&own, back, line.Units)
			}
		}
		t.uses[own.part] = sum
		t.keep(own)
	}
	return nil
}

// giveBack counts a line that reverses units of another, which says by now what of it stands.
func (t *tally) giveBack(line, original *tallied, units int64) {
	kind, left := terminal.Kind(t.words[original.kind]), original.units-original.reversed
	if line.counted = kind.Counted(left) - kind.Counted(left+units); line.counted != 0 {
		line.campaign, line.day, line.counts = original.campaign, original.day, true
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
		var word string
		var found sums
		if err := rows.Scan(&voucher, &word, &found.redeemed, &found.reversed); err != nil {
			return struct{}{}, err
		}
		of := part{terminal.VoucherID(voucher), t.of(word)}
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
		var line int
		var word string
		var units, reversed int64
		if err := rows.Scan(&voucher, &seq, &line, &word, &units, &reversed); err != nil {
			return struct{}{}, err
		}
		counted++
		known := t.find(lineKey{uint64(seq), line})
		if known == nil || known.part != (part{terminal.VoucherID(voucher), t.of(word)}) || known.units != units || known.reversed != reversed {
			return struct{}{}, fmt.Errorf("%w: %w", ErrDamaged,
				&entry.BadEntry{Seq: uint64(seq), Problem: fmt.Sprintf("does not say what is counted for its line %d", line)})
		}
		return struct{}{}, nil
	})
	if err == nil && counted != t.lines {
		err = fmt.Errorf("%w: %d lines are counted and %d were written", ErrDamaged, counted, t.lines)
	}
	return err
}
