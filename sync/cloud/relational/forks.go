package relational

import (
	"database/sql"
	"errors"
	"slices"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// tellFork returns the id of the terminal's open exception about its journal, which it opens where there is none: one fork, one exception, however
// often its branch is sent.
func (c *change) tellFork(t cloud.Terminal, of machine, seq uint64, at time.Time) (id int64, err error) {
	return c.tellParting(t, parting{terminal.ExceptionEvent{At: at, Kind: string(api.ExceptionJournalFork), Entry: seq}, of.side})
}

// tellParted opens the exception about a journal that has to begin a new epoch, unless a manager was told already which machines there are and
// has refused one of them.
func (c *change) tellParted(t cloud.Terminal, of machine, seq uint64, at time.Time) error {
	if of.refused {
		return nil
	}
	usurped, err := c.usurped(t)
	if err == nil && !usurped {
		_, err = c.tellFork(t, of, seq, at)
	}
	return err
}

// keepBranch tells what the stray entries of a batch gave away. What a branch told of before, when it was kept and not applied, changes
// nothing: a terminal that was readmitted in spite of it is not accused of it again. Of a machine that is refused only what it honoured is told.
// begun says that the batch tells as well how the journal goes on after them.
func (c *change) keepBranch(t cloud.Terminal, push cloud.Push, of machine, stray []entry.Sealed, seq uint64, begun bool) error {
	var fresh []entry.Sealed
	for _, sealed := range stray {
		if e, err := entry.Decode(sealed.Bytes); err == nil && of.refused && e.Kind != terminal.EntryRedeem {
			continue
		}
		var told bool
		err := c.QueryRow("SELECT EXISTS (SELECT 1 FROM branch WHERE terminal = ? AND hash = ?)", t.ID, sealed.Hash[:]).Scan(&told)
		if err != nil {
			return err
		}
		if !told {
			fresh = append(fresh, sealed)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	if usurped, err := c.usurped(t); err != nil || (usurped && !of.refused) {
		return err // what the real machine wrote while another had its numbers is not in doubt
	}
	id, _, err := c.parted(t)
	if !begun || errors.Is(err, sql.ErrNoRows) {
		id, err = c.tellFork(t, of, seq, push.At)
	}
	if err != nil {
		return err
	}
	for _, sealed := range fresh {
		_, err := c.Exec("INSERT INTO branch (terminal, hash, bytes, signature, exception, received_at) VALUES (?, ?, ?, ?, ?, ?)",
			t.ID, sealed.Hash[:], sealed.Bytes, sealed.Signature, id, micros(push.At))
		if err != nil {
			return err
		}
	}
	return c.retold(t)
}

// readmit closes what was told of the journals and machines of the terminals of a store that are called name, and returns how much there
// was. Of several machines with one key, the one that which names is real.
func (c *change) readmit(merchant, store, name, which string, at time.Time) (closed int, err error) {
	var ids, terminals []int64
	err = each(c, func(rows Rows) error {
		var id, of int64
		err := rows.Scan(&id, &of)
		ids, terminals = append(ids, id), append(terminals, of)
		return err
	}, `SELECT x.id, t.id FROM exception x JOIN terminal t ON t.id = x.terminal
		WHERE t.merchant = ? AND t.store = ? AND t.name = ? AND x.kind IN ('journal_fork', 'journal_restore', 'journal_gap', 'clone', 'clock', 'cloud_restore')
		AND x.state = 'open'`, merchant, store, name)
	if err != nil {
		return 0, err
	}
	slices.Sort(terminals)
	for _, id := range slices.Compact(terminals) {
		t, err := terminalBy(c, "id = ?", id)
		if err == nil {
			err = c.settleClone(t, which)
		}
		if err == nil {
			err = c.letGo(t, at)
		}
		if err == nil {
			err = c.settleLines(t)
		}
		if err != nil {
			return 0, err
		}
	}
	for _, id := range ids {
		if _, err := c.Exec("UPDATE exception SET state = 'closed', closed_at = ? WHERE id = ?", micros(at), id); err != nil {
			return 0, err
		}
		if err := c.notifyException(merchant, cloud.EventExceptionClosed, id, at); err != nil {
			return 0, err
		}
		if err := c.tellException(merchant, id, []string{store}); err != nil {
			return 0, err
		}
		if err := c.tellRelated(id); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
