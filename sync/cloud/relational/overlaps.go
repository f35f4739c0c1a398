package relational

import (
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

// Which line of a journal is left behind is said in one way everywhere: it is the one that the terminal's head is not on. That is settled
// once every machine that was told to go on in a new epoch has done so, and a manager has said which one is real where several go on; until
// then it is undecided, and what is on the other line is told as that. What a manager has looked through is not told again.

// usesMost is how many redemptions an exception about a journal tells one by one.
const usesMost = 50

// unsettled, as part of a query, is of entries e on other lines than the journal's: those that no manager has looked through.
const unsettled = `e.aside = 1 AND NOT EXISTS (SELECT 1 FROM branch b JOIN exception s ON s.id = b.exception
	WHERE b.terminal = e.terminal AND b.hash = e.hash AND s.state = 'closed')`

// leftBehind are a terminal's redemptions that were left behind, or, where that is undecided, those on the other line.
func leftBehind(q Querier, terminalID int64) (all []terminal.Entry, err error) {
	err = each(q, func(rows Rows) error {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return err
		}
		e, err := entry.Decode(raw)
		all = append(all, e)
		return err
	}, "SELECT e.bytes FROM entry e WHERE e.terminal = ? AND e.kind = "+kindRedeem+" AND "+unsettled+" ORDER BY e.ordinal", terminalID)
	return all, err
}

func usesOf(q Querier, t cloud.Terminal, given []terminal.Entry) []api.ExceptionUse {
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

// settleLines notes that a manager has looked through all that a terminal's journal left behind.
func (c *change) settleLines(t cloud.Terminal) error {
	_, err := c.Exec(`INSERT INTO branch (terminal, hash, bytes, signature, exception, received_at)
		SELECT e.terminal, e.hash, e.bytes, e.signature, x.id, e.received_at FROM entry e
		JOIN exception x ON x.id = (SELECT max(id) FROM exception WHERE terminal = ?1 AND kind IN `+stakedKinds+`)
		WHERE e.terminal = ?1 AND e.aside = 1 ON CONFLICT DO NOTHING`, t.ID)
	return err
}

// staked is an open exception with a stake, and what other open exceptions of the merchant count of it.
type staked struct {
	id       string
	terminal int64
	kind     api.ExceptionKind
	body     exceptionBody
	cloned   bool // another one says that several machines have the terminal's key
	others   []string
	shared   *terminal.Money
}

// undecided reports whether neither line of the journal is left behind yet.
func (s *staked) undecided() bool {
	return s.parted() && (s.cloned || slices.ContainsFunc(s.body.History, func(p parting) bool { return p.Epoch == 0 }))
}

func (s *staked) parted() bool { return s.kind != api.ExceptionClone }

// openStakes are the merchant's open exceptions with a stake.
func openStakes(q Querier, merchant string) (all []staked, err error) {
	err = each(q, func(rows Rows) error {
		var one staked
		var id int64
		var raw []byte
		if err := rows.Scan(&id, &one.terminal, &one.kind, &raw); err != nil {
			return err
		}
		one.id = strconv.FormatInt(id, 10)
		err := json.Unmarshal(raw, &one.body)
		all = append(all, one)
		return err
	}, "SELECT id, terminal, kind, body FROM exception WHERE merchant = ? AND state = 'open' AND kind IN "+stakedKinds+" ORDER BY id", merchant)
	for i := range all {
		for _, other := range all {
			if other.terminal == all[i].terminal && other.id != all[i].id {
				all[i].others = append(all[i].others, other.id)
				all[i].cloned = all[i].cloned || !other.parted()
			}
		}
	}
	return all, err
}

// overlapping are the open exceptions with a stake, each with the overruns and the like that count what it counts.
func overlapping(q Querier, merchant string) (all []staked, err error) {
	if all, err = openStakes(q, merchant); err != nil {
		return nil, err
	}
	for i := range all {
		if !all[i].parted() {
			continue
		}
		var sum cloud.Stake
		both, err := bothCount(q, merchant, &all[i])
		if err != nil {
			return nil, err
		}
		rest := map[string]int64{} // of what each of the others counts
		for _, one := range both {
			if !slices.Contains(all[i].others, one.other) {
				all[i].others, rest[one.other] = append(all[i].others, one.other), one.counted.Minor
			}
		}
		for n, one := range both {
			if n == 0 || !both[n-1].same(one) {
				one.left = one.worth.Minor
			} else {
				one.left = both[n-1].left
			}
			part := min(one.left, rest[one.other])
			one.left, rest[one.other] = one.left-part, rest[one.other]-part
			both[n].left = one.left
			if part > 0 {
				sum.Put(&terminal.Money{Minor: part, Currency: one.worth.Currency})
			}
		}
		if risk := all[i].body.AtRisk; risk != nil && sum.AtRisk != nil && sum.AtRisk.Currency == risk.Currency {
			all[i].shared = sum.AtRisk
		}
	}
	return all, nil
}

// counted is what an exception about a journal and another one both count.
type counted struct {
	uid            terminal.UID
	line           int
	worth, counted terminal.Money // by the one, by the other
	other          string
	left           int64
}

func (c counted) same(other counted) bool { return c.uid == other.uid && c.line == other.line }

// bothCount finds the redemptions and claims that an exception about a journal counts and others name as well. What is worth nothing, or
// in another currency, adds nothing.
func bothCount(q Querier, merchant string, s *staked) (both []counted, err error) {
	add := func(uid []byte, line int, worth *terminal.Money, other int64, raw []byte) error {
		one := counted{line: line, other: strconv.FormatInt(other, 10)}
		copy(one.uid[:], uid)
		var body exceptionBody
		if err := json.Unmarshal(raw, &body); err != nil {
			return err
		}
		if slices.ContainsFunc(body.Uses, func(use api.ExceptionUse) bool { return use.Uid == one.uid }) {
			if worth != nil && body.AtRisk != nil && worth.Currency == body.AtRisk.Currency {
				one.worth, one.counted = *worth, *body.AtRisk
			}
			both = append(both, one)
		}
		return nil
	}
	err = each(q, func(rows Rows) error {
		var bytes, raw []byte
		var line int
		var other int64
		if err := rows.Scan(&bytes, &line, &other, &raw); err != nil {
			return err
		}
		e, err := entry.Decode(bytes)
		if err != nil || line >= len(e.Lines) {
			return err
		}
		return add(e.UID[:], line, cloud.AtRisk(e.Lines[line], e.Lines[line].Units), other, raw)
	}, `SELECT e.bytes, l.line, x.id, x.body FROM entry e JOIN line l ON l.entry = e.ordinal
		JOIN exception x ON x.voucher = l.voucher AND x.part = l.part AND x.state = 'open'
		WHERE e.terminal = ? AND e.kind = `+kindRedeem+` AND `+unsettled+` ORDER BY e.ordinal, l.line, x.id`, s.terminal)
	if err != nil || s.kind != api.ExceptionJournalRestore || len(s.body.History) == 0 {
		return both, err
	}
	type claim struct {
		uid, raw []byte
		voucher  int64
		line     int
		units    int64
		other    int64
	}
	var claims []claim
	err = each(q, func(rows Rows) error {
		var one claim
		err := rows.Scan(&one.uid, &one.line, &one.voucher, &one.units, &one.other, &one.raw)
		claims = append(claims, one)
		return err
	}, `SELECT h.uid, h.line, h.voucher, h.units, x.id, x.body FROM hold h LEFT JOIN instance i ON i.terminal = h.terminal AND i.instance = h.instance
		JOIN exception x ON x.voucher = h.voucher AND x.part = h.part AND x.state = 'open'
		WHERE h.terminal = ? AND h.reverse IS NULL AND h.units > 0 AND coalesce(i.side, -1) <> ? ORDER BY h.uid, h.line, x.id`,
		s.terminal, s.body.History[len(s.body.History)-1].Side)
	if err != nil {
		return nil, err
	}
	for _, one := range claims {
		worth, failed := worth(q, merchant, terminal.VoucherID(one.voucher), one.units)
		if failed == nil {
			failed = add(one.uid, one.line, worth, one.other, one.raw)
		}
		if failed != nil {
			return nil, failed
		}
	}
	return both, nil
}

// undecidedLines are the terminals whose journals have two lines of which none is left behind yet.
func undecidedLines(q Querier, merchant string) (map[int64]bool, error) {
	all, err := openStakes(q, merchant)
	found := map[int64]bool{}
	for _, one := range all {
		if one.undecided() {
			found[one.terminal] = true
		}
	}
	return found, err
}

// complete adds to exceptions of a merchant what they have to do with each other, and which machines there are.
func complete(q Querier, merchant string, all ...*api.Exception) error {
	var stakes []staked
	for _, x := range all {
		if err := addMachines(q, x); err != nil {
			return err
		}
		if x.State != api.ExceptionOpen {
			continue
		}
		if x.Kind == api.ExceptionCloudRestore {
			stake, atRisk, err := recovery(q, merchant)
			if err != nil {
				return err
			}
			if x.AtRisk = atRisk; len(stake) > 0 {
				x.Stake = &stake
			}
		}
		if stakes == nil {
			var err error
			if stakes, err = overlapping(q, merchant); err != nil {
				return err
			}
			if stakes == nil {
				stakes = []staked{}
			}
		}
		see := []string{}
		for _, one := range stakes {
			switch {
			case one.id == x.Id:
				see = append(see, one.others...)
				x.Shared = one.shared
				if one.undecided() {
					x.Undecided = new(true)
				}
			case x.Voucher != nil && slices.Contains(one.others, x.Id):
				see = append(see, one.id)
			}
		}
		if len(see) > 0 {
			x.See = &see
		}
	}
	return nil
}

// tellRelated tells of the open exceptions that have to do with the same as one that was opened, changed or closed.
func (c *change) tellRelated(id int64) error {
	var merchant string
	var terminalID sql.NullInt64
	var kind api.ExceptionKind
	var voucher sql.NullInt64
	var raw []byte
	if err := c.QueryRow("SELECT merchant, terminal, kind, voucher, body FROM exception WHERE id = ?", id).Scan(&merchant, &terminalID, &kind, &voucher, &raw); err != nil {
		return err
	}
	var body exceptionBody
	if err := json.Unmarshal(raw, &body); err != nil {
		return err
	}
	stores := map[int64][]string{}
	note := func(rows Rows) error {
		var other int64
		var told []byte
		if err := rows.Scan(&other, &told); err != nil {
			return err
		}
		var to []string
		err := json.Unmarshal(told, &to)
		stores[other] = to
		return err
	}
	const others = " AND x.state = 'open' AND x.kind IN " + partedKinds
	switch {
	case slices.Contains([]api.ExceptionKind{api.ExceptionJournalFork, api.ExceptionJournalRestore, api.ExceptionClone}, kind):
		err := each(c, note, "SELECT id, stores FROM exception WHERE terminal = ? AND state = 'open' AND kind IN "+stakedKinds, terminalID.Int64)
		if err == nil {
			err = each(c, note, `SELECT DISTINCT x.id, x.stores FROM entry e JOIN line l ON l.entry = e.ordinal
				JOIN exception x ON x.voucher = l.voucher AND x.part = l.part AND x.state = 'open' WHERE e.terminal = ? AND e.aside = 1`, terminalID.Int64)
		}
		if err != nil {
			return err
		}
	case voucher.Valid:
		for _, use := range body.Uses {
			err := each(c, note, `SELECT x.id, x.stores FROM entry e JOIN exception x ON x.terminal = e.terminal WHERE e.uid = ? AND e.aside = 1`+others, use.Uid[:])
			if err == nil && use.Held != nil && *use.Held {
				err = each(c, note, `SELECT x.id, x.stores FROM hold h JOIN exception x ON x.terminal = h.terminal WHERE h.uid = ?`+others, use.Uid[:])
			}
			if err != nil {
				return err
			}
		}
	}
	delete(stores, id)
	for _, other := range slices.Sorted(maps.Keys(stores)) {
		if err := c.tellException(merchant, other, stores[other]); err != nil {
			return err
		}
	}
	return nil
}
