package relational

import (
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// One open exception tells of a terminal's journal, whatever happened to it: that it parts from what is here, that it was restored, and how it
// goes on. What it may cost is told by what is known: the other line's redemptions, as far as they were sent, and what nobody has sent,
// which has bounds: what was claimed, what was leased, and what the offers' policies let a terminal honour alone.

// parting is an event of a journal, and the machine that it happened on.
type parting struct {
	terminal.ExceptionEvent
	Side int64 `json:"side"`
}

// partingsMost is how many events an exception tells; what happens beyond that stands in the place of the last.
const partingsMost = 50

// partedKinds are of exceptions about a journal that parts, stakedKinds those and what else has a stake.
const (
	partedKinds = "('journal_fork', 'journal_restore')"
	stakedKinds = "('journal_fork', 'journal_restore', 'clone')"
)

// parted is the terminal's open exception about its journal, or sql.ErrNoRows.
func (c *change) parted(t cloud.Terminal) (id int64, body exceptionBody, err error) {
	var raw []byte
	var kind string
	var opened int64
	err = c.QueryRow("SELECT id, kind, opened_at, body FROM exception WHERE terminal = ? AND kind IN "+partedKinds+" AND state = 'open' ORDER BY id LIMIT 1", t.ID).
		Scan(&id, &kind, &opened, &raw)
	if err == nil {
		err = json.Unmarshal(raw, &body)
	}
	if err == nil && len(body.History) == 0 { // a version before this one opened it, of which machine it does not say
		body.History = []parting{{terminal.ExceptionEvent{At: fromMicros(opened), Kind: kind, Entry: body.Entry}, -1}}
	}
	return id, body, err
}

// unfinished is the newest event of a machine after which its journal does not go on yet, or nil.
func (b *exceptionBody) unfinished(side int64) *parting {
	for i := range slices.Backward(b.History) {
		if b.History[i].Side == side {
			if b.History[i].Epoch == 0 {
				return &b.History[i]
			}
			return nil
		}
	}
	return nil
}

// kind is what the exception is about: a restore explains a fork.
func (b *exceptionBody) kind() api.ExceptionKind {
	if slices.ContainsFunc(b.History, func(p parting) bool { return p.Kind == string(api.ExceptionJournalRestore) }) {
		return api.ExceptionJournalRestore
	}
	return api.ExceptionJournalFork
}

// last has the exception say what its newest event does.
func (b *exceptionBody) last(t cloud.Terminal) {
	newest := b.History[len(b.History)-1]
	b.Entry = newest.Entry
	if newest.Kind == string(api.ExceptionJournalRestore) {
		times, all := 0, int64(0)
		for _, event := range b.History {
			all += event.Left
			if event.Kind == newest.Kind {
				times++
			}
		}
		b.Note = cloud.RestoreNote(t, newest.Entry, newest.Left, times, all)
	} else {
		b.Note = cloud.ForkNote(t, newest.Entry)
	}
}

// tellParting notes what happened to the journal of one of a terminal's machines and returns the exception that tells it. What belongs to an
// event after which the journal does not go on yet is not told anew.
func (c *change) tellParting(t cloud.Terminal, event parting) (id int64, err error) {
	id, body, err := c.parted(t)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		body.History = []parting{event}
		body.last(t)
		if err := c.openOf(t, body.kind(), event.At, body, nil); err != nil {
			return 0, err
		}
		id, _, err = c.parted(t)
		return id, err
	case err != nil:
		return 0, err
	}
	if body.unfinished(event.Side) != nil {
		return id, nil
	}
	if len(body.History) == partingsMost {
		body.History = body.History[:partingsMost-1]
	}
	body.History = append(body.History, event)
	body.last(t)
	return id, c.retell(t, id, body, true)
}

// tellBegun notes in which epoch a journal goes on. What it leaves behind without a word of why is a fork; where nothing is left behind and
// nothing was told before, there is nothing to tell.
func (a *applying) tellBegun(epoch uint32, left int64) error {
	if usurped, err := a.usurped(a.terminal); err != nil {
		return err
	} else if usurped { // what a refused machine had brought: a manager has said what it is
		return a.settleLines(a.terminal)
	}
	id, body, err := a.parted(a.terminal)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	seq := a.head.Seq - uint64(left) + 1
	if err == nil {
		if event := body.unfinished(a.from.side); event != nil {
			event.Entry, event.Left, event.Epoch, a.begun = seq, left, epoch, true
			body.last(a.terminal)
			return a.retell(a.terminal, id, body, false)
		}
	}
	if left == 0 {
		return nil
	}
	settled, err := a.settledRestore()
	if err == nil && !settled {
		_, err = a.tellParting(a.terminal, parting{terminal.ExceptionEvent{At: a.push.At, Kind: string(api.ExceptionJournalFork), Entry: seq, Left: left,
			Epoch: epoch}, a.from.side})
	}
	return err
}

// settledRestore reports whether a manager closed already what was told of the restore that the machine began with.
func (a *applying) settledRestore() (settled bool, err error) {
	err = each(a, func(rows Rows) error {
		var raw []byte
		var body exceptionBody
		if err := rows.Scan(&raw); err != nil {
			return err
		}
		err := json.Unmarshal(raw, &body)
		event := body.unfinished(a.from.side)
		settled = settled || (event != nil && event.Kind == string(api.ExceptionJournalRestore))
		return err
	}, "SELECT body FROM exception WHERE terminal = ? AND kind = 'journal_restore' AND state = 'closed'", a.terminal.ID)
	return settled, err
}

// retold brings what is told of a terminal's journal up to date, where anything is.
func (c *change) retold(t cloud.Terminal) error {
	id, body, err := c.parted(t)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = c.retell(t, id, body, false)
	}
	return err
}

// retell stores what an exception about a journal says now and tells who is concerned. fresh says that something new happened.
func (c *change) retell(t cloud.Terminal, id int64, body exceptionBody, fresh bool) error {
	units, err := c.weigh(t, id, &body, body.kind(), fresh)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = c.Exec("UPDATE exception SET kind = ?, units = ?, body = ? WHERE id = ?", string(body.kind()), units, string(raw), id)
	if err != nil {
		return err
	}
	if err := c.tellException(t.Merchant, id, []string{t.Store}); err != nil {
		return err
	}
	return c.tellRelated(id)
}

// weigh brings up to date what an exception with a stake may cost; id is 0 for one that is about to be opened.
func (c *change) weigh(t cloud.Terminal, id int64, body *exceptionBody, kind api.ExceptionKind, fresh bool) (units int64, err error) {
	before := body.Stake
	body.Stake = nil
	var sum cloud.Stake
	add := func(part terminal.ExceptionStake) {
		if part.Count > 0 || part.Worth != nil || part.Unlimited {
			body.Stake = append(body.Stake, part)
			sum.Put(part.Worth)
		}
	}
	if kind != api.ExceptionClone {
		behind, err := leftBehind(c, t.ID)
		if err != nil {
			return 0, err
		}
		var given cloud.Stake
		for _, e := range behind {
			given.Add(e)
		}
		units, body.Uses = given.Units, usesOf(c, t, behind)
		add(terminal.ExceptionStake{What: "redeemed", Count: int64(len(behind)), Worth: given.AtRisk})
	}
	var first sql.NullInt64
	err = c.QueryRow("SELECT min(id) FROM exception WHERE terminal = ? AND kind IN "+stakedKinds+" AND state = 'open'", t.ID).Scan(&first)
	if err != nil {
		return 0, err
	}
	if !first.Valid || first.Int64 == id { // what another tells is not at stake twice
		unseen, err := c.unseen(t, kind, body)
		if err != nil {
			return 0, err
		}
		for _, part := range unseen {
			add(part)
		}
		unsent, err := c.unsent(t, before, fresh)
		if err != nil {
			return 0, err
		}
		add(unsent)
	}
	body.AtRisk = sum.AtRisk
	return units, nil
}

// unseen bounds what a terminal may have honoured that nobody has sent.
func (c *change) unseen(t cloud.Terminal, kind api.ExceptionKind, body *exceptionBody) (parts []terminal.ExceptionStake, err error) {
	if kind == api.ExceptionJournalRestore { // what a live machine claimed it will send
		claims, err := c.lostClaims(t, body.History[len(body.History)-1].Side)
		if err != nil {
			return nil, err
		}
		parts = append(parts, claims)
	}
	leased := terminal.ExceptionStake{What: "leases"}
	leases, err := openLeases(c, "terminal = ? AND voucher <> 0", t.ID)
	if err != nil {
		return nil, err
	}
	var sum cloud.Stake
	for _, l := range leases {
		one, err := worth(c, t.Merchant, l.voucher, l.left())
		if err != nil {
			return nil, err
		}
		leased.Count += l.left()
		sum.Put(one)
	}
	leased.Worth = sum.AtRisk
	campaigns, err := c.offersOf(t)
	if err != nil {
		return nil, err
	}
	bound := terminal.BoundOffline(campaigns)
	return append(parts, leased, terminal.ExceptionStake{What: "offline", Count: bound.Count, Worth: bound.Worth, Unlimited: bound.Unlimited}), nil
}

// lostClaims are what was granted to other machines than the one that goes on, and no entry has come of it.
func (c *change) lostClaims(t cloud.Terminal, side int64) (claims terminal.ExceptionStake, err error) {
	type held struct {
		voucher terminal.VoucherID
		units   int64
	}
	var all []held
	uids := map[terminal.UID]bool{}
	err = each(c, func(rows Rows) error {
		var h held
		var voucher int64
		var raw []byte
		err := rows.Scan(&raw, &voucher, &h.units)
		h.voucher = terminal.VoucherID(voucher)
		var uid terminal.UID
		copy(uid[:], raw)
		all, uids[uid] = append(all, h), true
		return err
	}, `SELECT h.uid, h.voucher, h.units FROM hold h LEFT JOIN instance i ON i.terminal = h.terminal AND i.instance = h.instance
		WHERE h.terminal = ? AND h.reverse IS NULL AND h.units > 0 AND coalesce(i.side, -1) <> ?`, t.ID, side)
	if err != nil {
		return claims, err
	}
	var sum cloud.Stake
	for _, h := range all {
		one, err := worth(c, t.Merchant, h.voucher, h.units)
		if err != nil {
			return claims, err
		}
		sum.Put(one)
	}
	return terminal.ExceptionStake{What: "claims", Count: int64(len(uids)), Worth: sum.AtRisk}, nil
}

// unsent is how many entries the terminal said that it had to send, when it was last heard before it happened.
func (c *change) unsent(t cloud.Terminal, before []terminal.ExceptionStake, fresh bool) (part terminal.ExceptionStake, err error) {
	part.What = "unsent"
	if at := slices.IndexFunc(before, func(s terminal.ExceptionStake) bool { return s.What == part.What }); at >= 0 {
		part.Count = before[at].Count
	}
	if !fresh {
		return part, nil
	}
	var pending int64
	err = c.QueryRow("SELECT pending FROM terminal WHERE id = ?", t.ID).Scan(&pending)
	part.Count = max(part.Count, pending)
	return part, err
}

// worth is what units of a voucher are worth; nil where nobody said.
func worth(q Querier, merchant string, id terminal.VoucherID, units int64) (*terminal.Money, error) {
	v, err := voucher(q, "id = ?", int64(id))
	if isUnknown(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	campaign, err := loadCampaign(q, merchant, v.Campaign)
	if isUnknown(err) {
		return nil, nil
	}
	return cloud.Worth(v.Voucher, campaign, units), err
}

// offersOf are the campaigns that a terminal's store honours.
func (c *change) offersOf(t cloud.Terminal) (campaigns []terminal.Campaign, err error) {
	err = each(c, func(rows Rows) error {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return err
		}
		var campaign terminal.Campaign
		err := json.Unmarshal(raw, &campaign)
		if stores := campaign.Rules.Stores; err == nil && (len(stores) == 0 || slices.Contains(stores, t.Store)) {
			campaigns = append(campaigns, campaign)
		}
		return err
	}, "SELECT body FROM campaign WHERE merchant = ? ORDER BY id", t.Merchant)
	return campaigns, err
}

// restored tells of a machine that says that its journal was restored, at its first word.
func (c *change) restored(t cloud.Terminal, side int64, at time.Time) error {
	_, err := c.tellParting(t, parting{terminal.ExceptionEvent{At: at, Kind: string(api.ExceptionJournalRestore)}, side})
	return err
}
