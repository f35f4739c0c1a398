package relational

import (
	"database/sql"
	"errors"
	"fmt"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// A terminal's entries are a tree where its data folder was copied or an older one was put back. Every line of it is kept and judged;
// one of them, which ends at the terminal's head, is the journal that goes on. A line that was written under numbers that another had
// used before is stray: it has to begin an epoch of its own, and with that entry it becomes the one that goes on. What a machine writes that
// a manager refused goes on beside the journal of the real one, whatever its numbers are, and takes none of them.

// stored is one entry as it is here, or the beginning of all (sequence number 0).
type stored struct {
	ordinal      int64
	epoch        uint32
	seq          uint64
	hash         [32]byte
	bytes        []byte
	aside, stray bool
	refused      bool // brought by a machine that a manager had refused, under numbers that are not its own
}

// Values of the column stray.
const (
	strayNot = iota
	strayAlready
	strayRefused
)

func (s stored) strayness() int {
	switch {
	case s.refused:
		return strayRefused
	case s.stray:
		return strayAlready
	}
	return strayNot
}

const storedColumns = "ordinal, epoch, seq, hash, bytes, aside, stray"

func (s *stored) scan(row interface{ Scan(...any) error }) error {
	var hash []byte
	var aside, stray int64
	err := row.Scan(&s.ordinal, &s.epoch, &s.seq, &hash, &s.bytes, &aside, &stray)
	copy(s.hash[:], hash)
	s.aside, s.stray, s.refused = aside != 0, stray != strayNot, stray == strayRefused
	return err
}

func genesis(t cloud.Terminal) stored {
	start := entry.Start(t.Key)
	return stored{epoch: start.Epoch, hash: start.Hash}
}

// entryOf finds an entry of a terminal by its place and hash, or answers sql.ErrNoRows.
func entryOf(q Querier, t cloud.Terminal, seq uint64, hash []byte) (s stored, err error) {
	if start := genesis(t); seq == 0 && string(start.hash[:]) == string(hash) {
		return start, nil
	}
	err = s.scan(first(q, askStored(t, hash)))
	if errors.Is(err, sql.ErrNoRows) { // a hub may have the head of a journal and not the entry there: it gathers what comes after
		err = first(q, askEndsWith(t, seq, hash)).Scan(&s.epoch)
		s.seq = seq
		copy(s.hash[:], hash)
	}
	if err == nil && s.seq != seq {
		err = sql.ErrNoRows
	}
	return s, err
}

// before is the entry that s follows: of those one place before it, the one that its hash holds.
func before(q Querier, t cloud.Terminal, s stored) (stored, error) {
	if s.seq <= 1 {
		return genesis(t), nil
	}
	var found *stored
	err := each(q, func(rows Rows) error {
		var candidate stored
		if err := candidate.scan(rows); err != nil {
			return err
		}
		if entry.Hash(candidate.hash, s.bytes) == s.hash {
			found = &candidate
		}
		return nil
	}, "SELECT "+storedColumns+" FROM entry WHERE terminal = ?1 AND seq = ?2 AND aside = 0 UNION ALL SELECT "+storedColumns+
		" FROM entry WHERE terminal = ?1 AND seq = ?2 AND aside = 1", t.ID, s.seq-1)
	if err == nil && found == nil {
		err = fmt.Errorf("the entry before %d of terminal %s is not in the database", s.seq, t.Name)
	}
	if err != nil {
		return stored{}, err
	}
	return *found, nil
}

// place is where the journal stands after s, with the last receipt of its epoch.
func place(q Querier, t cloud.Terminal, s stored) (entry.Place, error) {
	at := entry.Place{Epoch: s.epoch, Seq: s.seq, Hash: s.hash}
	for s.seq > 0 && s.epoch == at.Epoch {
		e, err := entry.Decode(s.bytes)
		if err != nil {
			return at, fmt.Errorf("entry %d of terminal %s cannot be read back: %w", s.seq, t.Name, err)
		}
		if e.Receipt.Number != 0 || e.Kind == terminal.EntryEpoch {
			at.Receipt = e.Receipt.Number
			return at, nil
		}
		if s, err = before(q, t, s); err != nil {
			return at, err
		}
	}
	return at, nil
}

// standsOn is the place of the batch's first new entry.
func (c *change) standsOn(t cloud.Terminal, tip stored, head entry.Place) (entry.Place, error) {
	if tip.hash == head.Hash {
		return head, nil
	}
	return place(c, t, tip)
}

// numbering is what a batch knows of the numbers that its entries come under, asked once for as many as are left of it: what the batch itself
// adds has smaller ones. The zero value knows nothing.
type numbering struct {
	epoch   uint32
	through uint64        // asked up to this one
	taken   sql.NullInt64 // the first that another line has
}

// knows reports whether it has been asked for the numbers of an entry. Beyond one that is taken it says nothing.
func (n numbering) knows(e terminal.Entry) bool {
	return n.epoch == e.Epoch && e.Seq <= n.through && (!n.taken.Valid || e.Seq <= uint64(n.taken.Int64))
}

// astray reports whether the numbers of an entry of the batch that follows the tip are another line's already. The batch goes on through the
// sequence number last.
func (a *applying) astray(e terminal.Entry, last uint64) (taken bool, err error) {
	if e.Kind == terminal.EntryEpoch {
		a.numbers = numbering{} // what is aside may change with it
		err = a.QueryRow("SELECT EXISTS (SELECT 1 FROM entry WHERE terminal = ? AND epoch = ?)", a.terminal.ID, e.Epoch).Scan(&taken)
		return taken, err
	}
	if a.tip.stray {
		return true, nil
	}
	if !a.numbers.knows(e) {
		asked := numbering{epoch: e.Epoch, through: max(e.Seq, last)}
		if err := first(a, askTaken(a.terminal, e.Epoch, e.Seq, asked.through)).Scan(&asked.taken); err != nil {
			return false, err
		}
		a.numbers = asked
	}
	return a.numbers.taken.Valid && uint64(a.numbers.taken.Int64) == e.Seq, nil
}

// goOnWith makes the line that ends in tip the journal that goes on: what it left behind is put aside. It returns how many entries were.
func (c *change) goOnWith(t cloud.Terminal, tip stored) (left int64, err error) {
	var line []int64
	for tip.aside {
		line = append(line, tip.ordinal)
		if tip, err = before(c, t, tip); err != nil {
			return 0, err
		}
	}
	// What was on a line that a manager has looked through, and is left behind once more, is looked through once more.
	if _, err := c.Exec("DELETE FROM branch WHERE terminal = ?1 AND hash IN (SELECT hash FROM entry WHERE terminal = ?1 AND aside = 0 AND seq > ?2)",
		t.ID, tip.seq); err != nil {
		return 0, err
	}
	result, err := c.Exec("UPDATE entry SET aside = 1 WHERE terminal = ? AND aside = 0 AND seq > ?", t.ID, tip.seq)
	if err != nil {
		return 0, err
	}
	if left, err = result.RowsAffected(); err != nil {
		return 0, err
	}
	for _, ordinal := range line {
		if _, err := c.Exec("UPDATE entry SET aside = 0 WHERE ordinal = ?", ordinal); err != nil {
			return 0, err
		}
	}
	return left, nil
}

// begin says whether a terminal whose journal ends at tip has to begin a new epoch, and which head that is to name: its line is stray, or
// ends before the journal that goes on and no request of its own can have brought that about, or was left behind while no copy of it
// is known to be alive. A machine that is refused begins one only to write under numbers of its own.
func (c *change) begin(t cloud.Terminal, tip stored, head entry.Place, instance string, ends bool, of machine) (*api.Head, error) {
	if !tip.aside && !tip.stray && (tip.seq >= head.Seq || !ends) {
		return nil, nil
	}
	var newest uint32
	var sentBy string
	err := c.QueryRow("SELECT coalesce((SELECT max(epoch) FROM entry WHERE terminal = ?1), 1), head_instance FROM terminal WHERE id = ?1", t.ID).
		Scan(&newest, &sentBy)
	if err != nil {
		return nil, err
	}
	behind := !tip.aside && tip.seq < head.Seq && ends && sentBy != instance && sentBy != ""
	if tip.stray || (!of.refused && (behind || (tip.aside && !of.clone))) {
		return &api.Head{Epoch: max(newest, head.Epoch), Seq: head.Seq, Hash: head.Hash[:]}, nil
	}
	return nil, nil
}

// compare holds the end of a terminal's journal, as its claim tells it, against what is here of it: a journal is on disk before anything of
// it is sent, so that one that ends before what was sent by an earlier start, or holds another entry in the place of one, is a copy or
// was restored. It returns the head that a new epoch has to name; nil where all is well or nothing can be said yet.
func (c *change) compare(t cloud.Terminal, standing cloud.Standing, of machine) (*api.Head, error) {
	end := standing.Journal
	if end == nil || of.late {
		return nil, nil
	}
	head, err := c.head(t)
	if err != nil {
		return nil, err
	}
	tip, err := entryOf(c, t, end.Seq, end.Hash)
	if errors.Is(err, sql.ErrNoRows) {
		if end.Epoch > head.Epoch || end.Seq > head.Seq { // not sent yet
			return nil, nil
		}
		tip, err = stored{epoch: end.Epoch, seq: end.Seq, aside: true, stray: true}, nil
	}
	if err != nil {
		return nil, err
	}
	return c.begin(t, tip, head, standing.Instance, true, of)
}
