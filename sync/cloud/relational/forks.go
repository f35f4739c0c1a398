package relational

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// usesMost is how many redemptions of a branch an exception tells one by one.
const usesMost = 50

// forked reports whether a terminal's journal is known to have forked, and no manager has readmitted it since.
func forked(q Querier, terminalID int64) (is bool, err error) {
	err = q.QueryRow("SELECT EXISTS (SELECT 1 FROM exception WHERE terminal = ? AND kind = 'journal_fork' AND state = 'open')", terminalID).Scan(&is)
	return is, err
}

// compare holds the end of a terminal's journal, as its claim tells it, against what is here of it. Another entry at its place is a fork. An
// end before the head is one when a start of the program says so that was never heard of before: a journal is on disk before
// anything of it is sent. From an earlier start it is not granted; from the current one it is a request that arrives late.
func (c *change) compare(t cloud.Terminal, standing cloud.Standing, at time.Time) (suspect bool, err error) {
	if standing.Journal == nil {
		return false, nil
	}
	head, err := c.head(t)
	if err != nil {
		return false, err
	}
	hash, err := c.hashAt(t, standing.Journal.Seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	other, short := cloud.Behind(*standing.Journal, head.Seq, hash)
	if !other && !short {
		return false, nil
	}
	var current, known bool
	err = c.QueryRow(`SELECT instance = ?2, EXISTS (SELECT 1 FROM instance i WHERE i.terminal = ?1 AND i.instance = ?2)
		FROM terminal WHERE id = ?1`, t.ID, standing.Instance).Scan(&current, &known)
	if err != nil || (!other && current) {
		return false, err
	}
	if !other && known {
		return true, nil
	}
	at0 := standing.Journal.Seq
	if !other {
		at0++
	}
	_, err = c.openFork(t, at0, at)
	return true, err
}

// openFork returns the id of the terminal's open exception about a fork, which it opens where there is none: one fork, one exception, however
// often its branch is sent.
func (c *change) openFork(t cloud.Terminal, seq uint64, at time.Time) (id int64, err error) {
	find := func() error {
		return c.QueryRow("SELECT id FROM exception WHERE terminal = ? AND kind = 'journal_fork' AND state = 'open' ORDER BY id LIMIT 1", t.ID).Scan(&id)
	}
	if err = find(); !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	body := exceptionBody{Uses: []api.ExceptionUse{}, Note: cloud.ForkNote(t, seq), Store: t.Store, StoreName: storeName(c, t.Merchant, t.Store), Terminal: t.Name}
	if err := c.newException(t, api.ExceptionJournalFork, at, []string{t.Store}, body, "units", 0); err != nil {
		return 0, err
	}
	return id, find()
}

// keepBranch keeps the entries of a fork as evidence and tells what they gave away. A branch that was sent before changes nothing: a
// terminal that was readmitted in spite of it is not suspended for it again.
func (c *change) keepBranch(t cloud.Terminal, push cloud.Push, seq uint64) error {
	fresh, err := c.unknownTo(t, push.Entries)
	if err != nil {
		return err
	}
	if len(fresh) == 0 {
		if told, err := c.branchTold(t, push); err != nil || told {
			return err
		}
	}
	id, err := c.openFork(t, seq, push.At)
	if err != nil || len(fresh) == 0 {
		return err
	}
	for _, sealed := range fresh {
		_, err := c.Exec("INSERT INTO branch (terminal, hash, bytes, signature, exception, received_at) VALUES (?, ?, ?, ?, ?, ?)",
			t.ID, sealed.Hash[:], sealed.Bytes, sealed.Signature, id, micros(push.At))
		if err != nil {
			return err
		}
	}
	return c.tellStake(t, id)
}

// unknownTo are the entries that are neither in the terminal's journal here nor in a branch of it.
func (c *change) unknownTo(t cloud.Terminal, entries []entry.Sealed) (fresh []entry.Sealed, err error) {
	for _, sealed := range entries {
		var known bool
		err := c.QueryRow(`SELECT EXISTS (SELECT 1 FROM branch WHERE terminal = ?1 AND hash = ?2)
			OR EXISTS (SELECT 1 FROM entry WHERE terminal = ?1 AND hash = ?2)`, t.ID, sealed.Hash[:]).Scan(&known)
		if err != nil {
			return nil, err
		}
		if !known {
			fresh = append(fresh, sealed)
		}
	}
	return fresh, nil
}

// branchTold reports whether a batch without anything new is of a branch that an exception told of.
func (c *change) branchTold(t cloud.Terminal, push cloud.Push) (told bool, err error) {
	if len(push.Entries) > 0 {
		return true, nil
	}
	err = c.QueryRow("SELECT EXISTS (SELECT 1 FROM branch WHERE terminal = ? AND hash = ?)", t.ID, push.Prev[:]).Scan(&told)
	return told, err
}

// tellStake brings what an exception says of its branch up to date.
func (c *change) tellStake(t cloud.Terminal, id int64) error {
	var raw []byte
	if err := c.QueryRow("SELECT body FROM exception WHERE id = ?", id).Scan(&raw); err != nil {
		return err
	}
	var body exceptionBody
	if err := json.Unmarshal(raw, &body); err != nil {
		return err
	}
	var stake cloud.Stake
	var given []terminal.Entry
	err := each(c, func(rows *sql.Rows) error {
		var bytes []byte
		if err := rows.Scan(&bytes); err != nil {
			return err
		}
		// What does not decode was signed all the same: it stays as evidence, and has no units.
		if e, err := entry.Decode(bytes); err == nil && e.Kind == terminal.EntryRedeem {
			stake.Add(e)
			given = append(given, e)
		}
		return nil
	}, "SELECT bytes FROM branch WHERE exception = ? ORDER BY received_at, hash", id)
	if err != nil {
		return err
	}
	body.AtRisk, body.Uses = stake.AtRisk, branchUses(c, t, given)
	if raw, err = json.Marshal(body); err != nil {
		return err
	}
	if _, err := c.Exec("UPDATE exception SET units = ?, body = ? WHERE id = ?", stake.Units, string(raw), id); err != nil {
		return err
	}
	return c.tellException(t.Merchant, id, []string{t.Store})
}

func branchUses(q Querier, t cloud.Terminal, given []terminal.Entry) []api.ExceptionUse {
	uses := []api.ExceptionUse{}
	for _, e := range given {
		for _, line := range e.Lines {
			if len(uses) == usesMost {
				return uses
			}
			use := api.ExceptionUse{Uid: e.UID, Store: t.Store, Terminal: t.Name, At: e.Wall, Assurance: e.Assurance, Units: line.Units, Amount: line.Amount}
			uses = append(uses, named(q, t.Merchant, use, e.Receipt.String(), e.Operator))
		}
	}
	return uses
}

// readmit closes the forks of the terminals of a store that are called name, and returns how many there were.
func (c *change) readmit(merchant, store, name string, at time.Time) (closed int, err error) {
	var ids []int64
	err = each(c, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT x.id FROM exception x JOIN terminal t ON t.id = x.terminal
		WHERE t.merchant = ? AND t.store = ? AND t.name = ? AND x.kind = 'journal_fork' AND x.state = 'open'`, merchant, store, name)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if _, err := c.Exec("UPDATE exception SET state = 'closed', closed_at = ? WHERE id = ?", micros(at), id); err != nil {
			return 0, err
		}
		if err := c.tellException(merchant, id, []string{store}); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
