package relational

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
)

// A terminal's program makes a random instance with each start and says which starts went before it, from the last that the cloud
// acknowledged on. On one machine each start has one successor, and once that was heard it is over. Two successors of one start, or one
// that goes on after its successor was heard, are two machines with the same key: a data folder was copied. Neither lost answers nor
// restarts look like that: what was sent and not acknowledged is in the list, and a request that is merely late cannot carry a nonce
// that is younger than the successor.

// machine is who speaks for a terminal.
type machine struct {
	side    int64
	late    bool // a request of an earlier start: it changes nothing but what it brings
	refused bool // a manager said that another machine is real
	clone   bool // the terminal's key is in use on several machines
}

// heard is one start of a terminal's program.
type heard struct {
	instance string
	side     int64
	over     sql.NullInt64 // since when it has a successor
	refused  bool
	relayed  bool // a hub told of it, and it itself said nothing yet; known of those that have no successor
}

func heardOf(q Querier, terminalID int64) (starts map[string]heard, err error) {
	starts = map[string]heard{}
	err = each(q, func(rows Rows) error {
		var h heard
		var refused, relayed int64
		err := rows.Scan(&h.instance, &h.side, &h.over, &refused, &relayed)
		h.refused, h.relayed = refused != 0, relayed != 0
		starts[h.instance] = h
		return err
	}, "SELECT instance, side, superseded_at, refused, relayed FROM instance WHERE terminal = ? AND superseded_at IS NULL", terminalID)
	return starts, err
}

func (c *change) heardAs(t cloud.Terminal, instance string) (h heard, err error) {
	var refused int64
	err = first(c, askHeard(t, instance)).Scan(&h.instance, &h.side, &h.over, &refused)
	h.refused = refused != 0
	return h, err
}

// identify finds out which machine a request comes from, and notes that. It may answer cloud.ErrProveAlive.
func (c *change) identify(t cloud.Terminal, standing cloud.Standing, at time.Time) (m machine, err error) {
	known, err := c.heardAs(t, standing.Instance)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		m, err = c.newStart(t, standing, at)
	case err != nil:
	case !known.over.Valid:
		m = machine{side: known.side, refused: known.refused}
		err = c.Later(nil, "UPDATE instance SET last_at = ? WHERE terminal = ? AND instance = ? AND last_at < ?",
			micros(at), t.ID, standing.Instance, micros(at.Add(-time.Second)))
	case standing.Nonce.IsZero():
		m = machine{side: known.side, refused: known.refused, late: true}
	case micros(standing.Nonce) > known.over.Int64:
		m, err = c.revive(t, known, at)
	default:
		return m, cloud.ErrProveAlive
	}
	if err != nil {
		return m, err
	}
	m.clone, err = cloned(c, t.ID)
	return m, err
}

// revive is for a start that goes on after its successor was heard: on another machine, or else the successor was an earlier start that
// a hub told of late.
func (c *change) revive(t cloud.Terminal, known heard, at time.Time) (m machine, err error) {
	m.side = known.side
	result, err := c.Exec("UPDATE instance SET superseded_at = ? WHERE terminal = ? AND side = ? AND superseded_at IS NULL AND relayed = 1",
		micros(at), t.ID, known.side)
	if err != nil {
		return m, err
	}
	if late, err := result.RowsAffected(); err != nil {
		return m, err
	} else if late == 0 {
		if m, err = c.anotherMachine(t); err != nil {
			return m, err
		}
	}
	m.refused = known.refused
	_, err = c.Exec("UPDATE instance SET side = ?, superseded_at = NULL, relayed = 0, last_at = ? WHERE terminal = ? AND instance = ?",
		m.side, micros(at), t.ID, known.instance)
	if err == nil && m.clone {
		err = c.openClone(t, at)
	}
	return m, err
}

// newStart places a start that was never heard of before.
func (c *change) newStart(t cloud.Terminal, standing cloud.Standing, at time.Time) (m machine, err error) {
	alive, err := heardOf(c, t.ID)
	if err != nil {
		return m, err
	}
	restored := false
	successorOf, fresh, err := c.predecessor(t, standing, alive)
	switch {
	case err != nil:
		return m, err
	case successorOf != nil:
		m = machine{side: successorOf.side, refused: successorOf.refused}
		err = c.over(t, successorOf.instance, at)
	case fresh: // nothing contradicts that it is the only machine
	case standing.Restored:
		// It takes the place of the one before. What that one had claimed stays held: it may have been honoured without a trace.
		if m.side, err = c.nextSide(t); err == nil {
			for _, h := range alive {
				err = errors.Join(err, c.over(t, h.instance, at))
			}
		}
		restored = err == nil
	default:
		m, err = c.anotherMachine(t)
	}
	if err == nil {
		err = c.noteStart(t, standing, m, at)
	}
	if err == nil && restored {
		err = c.restored(t, m.side, at)
	}
	if err == nil && m.clone {
		err = c.openClone(t, at)
	}
	return m, err
}

// predecessor is the start that a new one follows; nil with fresh where the terminal was never heard of, or where the cloud has forgotten
// what the terminal knows that it knew: it was restored from an older backup itself.
func (c *change) predecessor(t cloud.Terminal, standing cloud.Standing, alive map[string]heard) (of *heard, fresh bool, err error) {
	for _, instance := range slices.Backward(standing.Previous) {
		h, ok := alive[instance]
		if !ok {
			continue
		}
		if standing.Restored && h.relayed { // a hub does not say of what it tells that it comes after a restore
			said, err := c.saidItself(t, standing.Previous)
			if err != nil || !said {
				return nil, false, err
			}
		}
		return &h, false, nil
	}
	if standing.Restored { // its own starts are in the list, and none before them
		return nil, false, nil
	}
	var some, forgotten bool
	if err := c.QueryRow("SELECT EXISTS (SELECT 1 FROM instance WHERE terminal = ?)", t.ID).Scan(&some); err != nil {
		return nil, false, err
	}
	if !some {
		return nil, true, nil
	}
	forgotten = standing.Previous == nil || len(standing.Previous) > 0 // an old program does not say; a list that is empty is of the first start
	for _, instance := range standing.Previous {
		_, err := c.heardAs(t, instance)
		if err == nil {
			forgotten = false
		} else if !errors.Is(err, sql.ErrNoRows) {
			return nil, false, err
		}
	}
	if !forgotten {
		return nil, false, nil
	}
	for _, h := range alive { // the machine that there is; of several, the oldest that is not refused
		if of == nil || (of.refused && !h.refused) || (of.refused == h.refused && h.side < of.side) {
			of = &h
		}
	}
	return of, of == nil, nil
}

// saidItself reports that one of these starts was heard, and not through a hub alone.
func (c *change) saidItself(t cloud.Terminal, starts []string) (said bool, err error) {
	for _, instance := range starts {
		err := c.QueryRow("SELECT EXISTS (SELECT 1 FROM instance WHERE terminal = ? AND instance = ? AND relayed = 0)", t.ID, instance).Scan(&said)
		if err != nil || said {
			return said, err
		}
	}
	return false, nil
}

func (c *change) over(t cloud.Terminal, instance string, at time.Time) error {
	_, err := c.Exec("UPDATE instance SET superseded_at = ? WHERE terminal = ? AND instance = ?", micros(at), t.ID, instance)
	return err
}

func (c *change) nextSide(t cloud.Terminal) (side int64, err error) {
	err = c.QueryRow("SELECT coalesce(max(side), 0) + 1 FROM instance WHERE terminal = ?", t.ID).Scan(&side)
	return side, err
}

// anotherMachine makes a side. The alarm is raised once the machine is stored, so that it names all machines there are.
func (c *change) anotherMachine(t cloud.Terminal) (m machine, err error) {
	m.side, err = c.nextSide(t)
	m.clone = true
	return m, err
}

// noteStart stores a start, and those before it that were lost here: a copy may name them too.
func (c *change) noteStart(t cloud.Terminal, standing cloud.Standing, m machine, at time.Time) error {
	for _, instance := range standing.Previous {
		_, err := c.Exec(`INSERT INTO instance (terminal, instance, seen_at, side, superseded_at, last_at, refused) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`, t.ID, instance, micros(at), m.side, micros(at), micros(at), flag(m.refused))
		if err != nil {
			return err
		}
	}
	_, err := c.Exec("INSERT INTO instance (terminal, instance, seen_at, side, last_at, refused, relayed) VALUES (?, ?, ?, ?, ?, ?, ?)",
		t.ID, standing.Instance, micros(at), m.side, micros(at), flag(m.refused), flag(standing.Nonce.IsZero()))
	if err != nil {
		return err
	}
	if m.refused {
		return nil
	}
	_, err = c.Exec("UPDATE terminal SET instance = ? WHERE id = ?", standing.Instance, t.ID)
	return err
}

// cloned reports whether the key of a terminal is known to be in use on several machines, and no manager has said which is real.
func cloned(q Querier, terminalID int64) (is bool, err error) {
	err = first(q, askCloned(terminalID)).Scan(&is)
	return is, err
}

// usurped reports whether the journal that goes on is one that a refused machine had brought, before it was refused.
func (c *change) usurped(t cloud.Terminal) (is bool, err error) {
	err = c.QueryRow(`SELECT EXISTS (SELECT 1 FROM terminal t JOIN instance i ON i.terminal = t.id AND i.instance = t.head_instance
		WHERE t.id = ? AND i.refused = 1)`, t.ID).Scan(&is)
	return is, err
}

// openClones are the alarms about a copy of terminal ?1's journal.
const openClones = "SELECT 1 FROM exception WHERE terminal = ?1 AND kind = 'clone' AND state = 'open'"

// openClone raises the alarm about a copy, once.
func (c *change) openClone(t cloud.Terminal, at time.Time) error {
	if open, err := cloned(c, t.ID); err != nil || open {
		return err
	}
	return c.openOf(t, api.ExceptionClone, at, exceptionBody{Note: cloud.CloneNote(t)}, nil)
}

// Start implements cloud.Storage.
func (s *Storage) Start(ctx context.Context, t cloud.Terminal, instance string) (start api.FeedPageStart, err error) {
	err = s.look(ctx, func(q Querier) error {
		var over, refused, clone bool
		err := q.QueryRow("SELECT superseded_at IS NOT NULL, refused = 1, EXISTS ("+openClones+") FROM instance WHERE terminal = ?1 AND instance = ?2", t.ID, instance).
			Scan(&over, &refused, &clone)
		if over || errors.Is(err, sql.ErrNoRows) {
			start = api.StartAnnounce
			return nil
		}
		if start = api.StartKnown; clone || refused {
			start = api.StartClone
		}
		return err
	})
	return start, err
}

// idLength is how much of an instance a person needs to tell machines apart.
const idLength = 8

// machines are those that use a terminal's key.
func machines(q Querier, terminalID int64) (all []api.Machine, err error) {
	err = each(q, func(rows Rows) error {
		var id string
		var since, seen, refused, head int64
		if err := rows.Scan(&id, &since, &seen, &refused, &head); err != nil {
			return err
		}
		one := api.Machine{Id: id[:min(idLength, len(id))], Since: fromMicros(since), Seen: fromMicros(seen)}
		if refused != 0 {
			yes := true
			one.Refused = &yes
		}
		if head > 0 {
			at := uint64(head)
			one.Head = &at
		}
		all = append(all, one)
		return nil
	}, `SELECT instance, seen_at, last_at, refused, head_seq FROM instance WHERE terminal = ? AND superseded_at IS NULL ORDER BY side`, terminalID)
	return all, err
}

// addMachines tells of an alarm about a copy which machines there are.
func addMachines(q Querier, x *api.Exception) error {
	if x.Kind != api.ExceptionClone {
		return nil
	}
	var terminalID int64
	if err := q.QueryRow("SELECT terminal FROM exception WHERE id = ?", x.Id).Scan(&terminalID); err != nil {
		return err
	}
	all, err := machines(q, terminalID)
	x.Machines = &all
	return err
}

// settleClone refuses every machine of a terminal but the one whose id begins with which.
func (c *change) settleClone(t cloud.Terminal, which string) error {
	open, err := cloned(c, t.ID)
	if err != nil {
		return err
	}
	alive, err := heardOf(c, t.ID)
	if err != nil {
		return err
	}
	var found []heard
	left := 0
	for _, h := range alive {
		if !h.refused {
			left++
		}
		if which != "" && strings.HasPrefix(h.instance, which) {
			found = append(found, h)
		}
	}
	switch {
	case which == "" && (!open || left < 2):
		return nil
	case which == "" || len(found) > 1:
		return cloud.ErrWhichMachine
	case len(found) == 0:
		return unknown(sql.ErrNoRows, "the machine")
	}
	if _, err := c.Exec("UPDATE instance SET refused = CASE WHEN side = ?1 THEN 0 ELSE 1 END WHERE terminal = ?2", found[0].side, t.ID); err != nil {
		return err
	}
	return nil
}

// openEverywhere opens an exception that a terminal found and that concerns all stores of the merchant.
func (c *change) openEverywhere(t cloud.Terminal, kind api.ExceptionKind, at time.Time, body exceptionBody, mark []byte) error {
	stores := []string{}
	err := each(c, func(rows Rows) error {
		var id string
		err := rows.Scan(&id)
		stores = append(stores, id)
		return err
	}, "SELECT id FROM store WHERE merchant = ? ORDER BY id", t.Merchant)
	if err != nil {
		return err
	}
	body.Uses, body.Store, body.StoreName, body.Terminal = []api.ExceptionUse{}, t.Store, storeName(c, t.Merchant, t.Store), t.Name
	return c.newException(t, kind, at, stores, body, "mark", mark)
}

// openOf opens an exception about a terminal's journal or machine and tells its store. One with a mark is opened once.
func (c *change) openOf(t cloud.Terminal, kind api.ExceptionKind, at time.Time, body exceptionBody, mark []byte) error {
	body.Uses, body.Store, body.StoreName, body.Terminal = []api.ExceptionUse{}, t.Store, storeName(c, t.Merchant, t.Store), t.Name
	switch kind {
	case api.ExceptionJournalFork, api.ExceptionJournalRestore, api.ExceptionClone:
		if _, err := c.weigh(t, 0, &body, kind, true); err != nil {
			return err
		}
	}
	return c.newException(t, kind, at, []string{t.Store}, body, "mark", mark)
}
