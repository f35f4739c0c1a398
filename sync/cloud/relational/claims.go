package relational

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// Claim implements cloud.Storage.
func (s *Storage) Claim(ctx context.Context, t cloud.Terminal, claim cloud.Claim) (answer cloud.ClaimAnswer, err error) {
	if err := s.knownCursor(ctx, t, claim.Cursor); err != nil {
		return answer, err
	}
	err = s.together(ctx, t.Merchant, &unit{weight: 1, foresee: foreseeClaim(t, claim), do: func(c *change) error {
		answer = cloud.ClaimAnswer{}
		from, err := c.identify(t, claim.Standing, claim.At)
		if err != nil {
			return err
		}
		begin, err := c.compare(t, claim.Standing, from)
		if err == nil && begin != nil {
			err = c.tellParted(t, from, claim.Standing.Journal.Seq+1, claim.At)
		}
		if err == nil && begin == nil {
			err = c.release(t, from, claim.Standing, &claim.UID, claim.At)
		}
		if err != nil {
			return err
		}
		if err := c.Later(nil, "UPDATE terminal SET last_seen = ? WHERE id = ?", micros(claim.At), t.ID); err != nil {
			return err
		}
		if s.copy {
			if err := c.keepStanding(t, asking(claim.Standing, claim.UID)); err != nil {
				return err
			}
		}
		claiming := claiming{change: c, terminal: t, claim: claim, from: from, copy: s.copy}
		if claiming.asking, err = c.lessee(t, claim.Standing); err != nil {
			return err
		}
		claiming.answer.Begin, claiming.answer.Clone = begin, from.clone || from.refused
		if err := claiming.decide(); err != nil {
			return err
		}
		answer = claiming.answer
		cloud.SortFindings(answer.Findings)
		return nil
	}})
	return answer, err
}

// claiming is one claim while it is decided.
type claiming struct {
	*change
	terminal cloud.Terminal
	claim    cloud.Claim
	from     machine
	copy     bool // a hub decides, by its copy
	asking   lessee
	answer   cloud.ClaimAnswer
	rows     []hold
	limited  []limited     // what each of rows counts under limits
	shown    []cloud.Shown // by all lines
	day      terminal.Date // once it was asked for
	awaited  int64         // terminals that may have what a restored database does not know
}

// hold is one line of a claim that can be granted.
type hold struct {
	voucher terminal.VoucherID
	part    string
	units   int64
}

func (g *claiming) decide() error {
	id, before, err := g.askedBefore()
	if err != nil {
		return err
	}
	var done, suspended bool
	err = first(g, askSituation(g.terminal, g.claim)).Scan(&done, &suspended, &g.awaited)
	if err != nil {
		return err
	}
	for _, line := range g.claim.Lines {
		v, err := shownVoucher(g, g.terminal, line)
		if err != nil && !isUnknown(err) {
			return err
		}
		g.shown = append(g.shown, v.shown())
	}
	for _, line := range g.claim.Lines {
		if err := g.decideLine(line, done); err != nil {
			return err
		}
	}
	switch {
	case g.from.refused:
		g.answer.Findings = []terminal.Finding{cloud.JournalFinding(cloud.CauseClone)}
	case g.answer.Begin != nil: // whatever else there is to say may come from the other copy
		g.answer.Findings = []terminal.Finding{cloud.JournalFinding(cloud.CauseFork)}
	case suspended:
		g.refuse(terminal.Finding{Reason: terminal.TerminalSuspended, Facts: map[string]any{}})
	}
	// The same question again keeps its yes, whatever happened since: the terminal may have acted on the first answer. A late copy,
	// when the entry is here, is a yes that holds nothing.
	again := len(before) > 0 && slices.Equal(before, g.rows)
	if len(before) > 0 { // it counts once, however often it is asked
		if err := g.drop(); err != nil {
			return err
		}
	}
	if len(g.answer.Findings) > 0 && !done && !again {
		return nil
	}
	g.answer.Granted, g.answer.ID, g.answer.Findings = true, id, nil
	if g.awaited > 0 {
		g.answer.Assurance = terminal.Offline
	}
	if done {
		return nil
	}
	return g.keep(id)
}

// drop forgets what this uid holds.
func (g *claiming) drop() error {
	_, err := g.Exec("DELETE FROM hold WHERE terminal = ? AND uid = ?", g.terminal.ID, g.claim.UID[:])
	return err
}

// askedBefore returns what the same uid holds already, and the id of that hold, or a new one.
func (g *claiming) askedBefore() (id string, before []hold, err error) {
	id = "c" + rand.Text()[:16]
	err = every(g, askHeldFor(g.terminal, g.claim.UID), func(rows Rows) error {
		var h hold
		var voucherID int64
		if err := rows.Scan(&id, &voucherID, &h.part, &h.units); err != nil {
			return err
		}
		h.voucher = terminal.VoucherID(voucherID)
		before = append(before, h)
		return nil
	})
	return id, before, err
}

func (g *claiming) keep(id string) error {
	if g.copy {
		if err := g.noteAnswer(); err != nil {
			return err
		}
	}
	var reverse []byte
	if g.claim.Reverse != nil {
		reverse = g.claim.Reverse[:]
	}
	for i, row := range g.rows {
		var under limited
		if reverse == nil {
			under = g.limited[i]
		}
		touched := []Touch{{HoldsOf, int64(row.voucher)}, {HoldsBy, g.terminal.ID}}
		err := g.Later(touched, `INSERT INTO hold (terminal, uid, line, id, voucher, part, units, reverse, operator, instance, counter, held_at,
			merchant, campaign, customer, store, day) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, g.terminal.ID, g.claim.UID[:], i, id, int64(row.voucher), row.part, row.units,
			reverse, g.claim.Operator, g.claim.Standing.Instance, g.claim.Standing.Counter, micros(g.claim.At),
			under.merchant, under.campaign, under.customer, under.store, under.day)
		if err != nil {
			return err
		}
	}
	return nil
}

func (g *claiming) decideLine(line terminal.ClaimLine, done bool) error {
	v, err := shownVoucher(g, g.terminal, line)
	known := !isUnknown(err)
	if known && err != nil {
		return err
	}
	if known {
		if err := g.addRow(v); err != nil || done {
			return err
		}
	}
	if finding, err := g.byStranger(line, known); err != nil || finding != nil {
		g.refuseIf(finding)
		return err
	}
	switch {
	case !known:
		g.refuse(terminal.Finding{Reason: terminal.NotFound, Facts: map[string]any{}})
		return nil
	case g.claim.Reverse != nil:
		return g.decideReversal(v, line)
	}
	if !v.copied() && !cloud.ProvenInOrder(v.shown(), g.shown, g.claim.UID, line.Proof) {
		g.refuse(terminal.Finding{Reason: terminal.BadSignature, Facts: map[string]any{}})
		return nil // whoever did not see the code learns nothing of its uses
	}
	account, campaign, err := g.account(v, line.Part, g.asking, g.claim.UID)
	if err != nil {
		return err
	}
	for _, row := range g.rows { // an earlier line of the same claim
		if row.voucher == v.ID && row.part == line.Part {
			account.Held += row.units
		}
	}
	if revoked, err := v.keyRevoked(g); err != nil {
		return err
	} else if revoked {
		g.refuse(terminal.Finding{Reason: terminal.UnknownIssuer, Facts: map[string]any{"cause": "revoked", "issuer": v.kid}})
	}
	for _, finding := range stateFindings(v.Voucher, campaign, g.terminal.Store) {
		g.refuse(finding)
	}
	use, err := findUse(g, v, line.Part, true)
	if err != nil {
		return err
	}
	holder, err := findHolder(g, v, line.Part, g.terminal.ID, g.claim.UID)
	if err != nil {
		return err
	}
	if line.Units > account.Free() {
		// Whoever has some of it leased and does not need it hears that it is wanted.
		if err := g.want(v.ID, line.Part, g.asking); err != nil {
			return err
		}
	}
	if finding := account.JudgeClaim(line.Units, campaign.Kind, campaign.Currency, v.useFacts(g, use), useFacts(holder)); finding != nil {
		if finding.Reason == terminal.HeldElsewhere && holder == nil {
			if err := g.nameLessee(finding.Facts, v, line.Part); err != nil {
				return err
			}
		}
		if line.Part != "" && finding.Reason == terminal.AlreadyRedeemed {
			nameLines(finding.Facts, v.Voucher, line.Part)
		}
		g.refuse(*finding)
	}
	under, err := g.judgeQuotas(v, campaign, line.Units)
	if err != nil {
		return err
	}
	g.rows, g.limited = append(g.rows, hold{v.ID, line.Part, line.Units}), append(g.limited, under)
	return nil
}

// nameLessee adds for whom what is asked for is reserved, and until when; of a terminal that cannot give it back now, since when that is so.
func (g *claiming) nameLessee(facts map[string]any, v held, part string) error {
	leases, err := openLeases(g, "voucher = ? AND part = ? AND (terminal <> ? OR epoch < ?) AND units > spent", int64(v.ID), part, g.asking.terminal, g.asking.epoch)
	if err != nil || len(leases) == 0 {
		return err
	}
	of, err := terminalBy(g, "id = ?", leases[0].terminal)
	if err != nil {
		return err
	}
	facts["reserved"], facts["store"], facts["terminal"] = leftOf(leases), storeName(g, of.Merchant, of.Store), of.Name
	if expires := leases[0].expires; expires.After(g.claim.At) { // past that it is not free either, until its terminal has said what it spent
		facts["until"] = expires
	}
	if !of.LastSeen.IsZero() && g.claim.At.Sub(of.LastSeen) > cloud.HeardWithin {
		facts["seen"] = of.LastSeen
	}
	return nil
}

// decideReversal says whether a redemption that another terminal made may be reversed: what is still there of it, less what
// others are about to reverse.
func (g *claiming) decideReversal(v held, line terminal.ClaimLine) error {
	var left int64
	err := g.QueryRow(`SELECT coalesce(sum(l.units - l.reversed), 0) FROM entry e JOIN terminal t ON t.id = e.terminal JOIN line l ON l.entry = e.ordinal
		WHERE e.uid = ? AND t.merchant = ? AND e.kind = `+kindRedeem+` AND l.voucher = ? AND l.part = ?`,
		g.claim.Reverse[:], g.terminal.Merchant, int64(v.ID), line.Part).Scan(&left)
	if err != nil {
		return err
	}
	if g.awaited > 0 { // somebody may have taken it back already
		g.refuse(terminal.Finding{Reason: terminal.NotThisTerminal, Facts: map[string]any{"terminal": g.whose()}})
	}
	var pending int64
	err = g.QueryRow("SELECT coalesce(sum(units), 0) FROM hold WHERE reverse = ? AND voucher = ? AND part = ?",
		g.claim.Reverse[:], int64(v.ID), line.Part).Scan(&pending)
	if err != nil {
		return err
	}
	for _, row := range g.rows {
		if row.voucher == v.ID && row.part == line.Part {
			pending += row.units
		}
	}
	if line.Units < 1 || line.Units > left-pending {
		g.refuse(terminal.Finding{Reason: terminal.AlreadyReversed, Facts: map[string]any{"left": max(0, left-pending), "units": line.Units}})
	}
	g.rows = append(g.rows, hold{v.ID, line.Part, line.Units})
	return nil
}

// whose is the name of the terminal that made the redemption whose reversal is asked for.
func (g *claiming) whose() (name string) {
	err := g.QueryRow("SELECT t.name FROM entry e JOIN terminal t ON t.id = e.terminal WHERE e.uid = ? AND t.merchant = ?", g.claim.Reverse[:], g.terminal.Merchant).Scan(&name)
	if err != nil {
		return "" // there is none: that is refused, too
	}
	return name
}

func (g *claiming) refuse(finding terminal.Finding) {
	g.answer.Findings = append(g.answer.Findings, finding)
}

func (g *claiming) refuseIf(finding *terminal.Finding) {
	if finding != nil {
		g.refuse(*finding)
	}
}

func (g *claiming) addRow(v held) error {
	campaign, err := g.campaign(v.merchant, v.Campaign)
	if err != nil {
		return err
	}
	row, err := rowOf(g, g.terminal, v, campaign)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(g.answer.Rows, func(r terminal.Row) bool { return r.Voucher.ID == v.ID }) {
		g.answer.Rows = append(g.answer.Rows, row)
	}
	return nil
}

// rowOf is a voucher and its campaign with the head of the terminal's journal that they count.
func rowOf(q Querier, t cloud.Terminal, v held, campaign terminal.Campaign) (terminal.Row, error) {
	row := terminal.Row{Voucher: v.Voucher, Campaign: campaign}
	if err := first(q, askIncluded(t)).Scan(&row.Included); err != nil {
		return row, err
	}
	if err := addUndone(q, t, v, &row); err != nil {
		return row, err
	}
	return row, addRelated(q, v.merchant, &row)
}

// nameLines adds which line of an order was collected before, and those that are still open.
func nameLines(facts map[string]any, v terminal.Voucher, part string) {
	var open []string
	for _, line := range v.Lines {
		if !line.Collected && line.ID != part {
			open = append(open, line.ID)
		}
	}
	facts["lines"] = v.LineNames([]string{part})
	if len(open) > 0 {
		facts["open"] = v.LineNames(open)
	}
}

// stateFindings says whether a voucher or its campaign was withdrawn.
func stateFindings(v terminal.Voucher, campaign terminal.Campaign, store string) (findings []terminal.Finding) {
	facts := map[string]any{}
	if v.StateAt != nil {
		facts["at"] = *v.StateAt
	}
	reasons := map[terminal.VoucherState]terminal.Reason{
		terminal.VoucherRefunded: terminal.VoucherIsRefunded, terminal.VoucherRevoked: terminal.VoucherIsRevoked,
		terminal.VoucherDisabled: terminal.VoucherIsDisabled,
	}
	if reason, ok := reasons[v.State]; ok {
		findings = append(findings, terminal.Finding{Reason: reason, Facts: facts})
	}
	if campaign.State == terminal.CampaignPaused || slices.Contains(campaign.PausedStores, store) {
		findings = append(findings, terminal.Finding{Reason: terminal.CampaignIsPaused, Facts: map[string]any{"campaign": campaign.Name}})
	}
	return findings
}

// useFacts are the facts of a voucher's newest use. A hub may not have the entry, and then tells what the cloud told it.
func (v held) useFacts(q Querier, use *api.ExceptionUse) map[string]any {
	if use != nil || v.LastUse == nil || !v.copied() {
		return useFacts(use)
	}
	name := storeName(q, v.merchant, v.LastUse.Store)
	return useFacts(&api.ExceptionUse{At: v.LastUse.At, StoreName: &name, Terminal: v.LastUse.Terminal, OperatorName: &v.LastUse.Operator})
}

// useFacts are the facts of a use that a cashier is told: in names, not ids.
func useFacts(use *api.ExceptionUse) map[string]any {
	facts := map[string]any{}
	if use == nil {
		return facts
	}
	facts["at"], facts["store"], facts["terminal"] = use.At, text(use.StoreName), use.Terminal
	if name := text(use.OperatorName); name != "" {
		facts["operator"] = name
	}
	return facts
}

// release ends the holds of a terminal that can never become entries: those that it does not list as open, as far as its list
// knows of them. asking is the uid that is being claimed. A request of an earlier start of the program that arrives late
// releases nothing, and what one machine lists says nothing of what another with the same key has claimed.
func (c *change) release(t cloud.Terminal, from machine, standing cloud.Standing, asking *terminal.UID, at time.Time) error {
	if from.late {
		return nil
	}
	return c.releaseIf(t, at, func(h heldBy) bool {
		newer := h.instance == standing.Instance && h.counter > standing.Counter
		listed := slices.ContainsFunc(standing.Open, func(u terminal.UID) bool { return bytes.Equal(u[:], h.uid) })
		return h.side == from.side && !newer && !listed && (asking == nil || !bytes.Equal(asking[:], h.uid))
	})
}

// letGo ends what machines that are gone or refused had claimed: nobody speaks for it any more.
func (c *change) letGo(t cloud.Terminal, at time.Time) error {
	alive, err := heardOf(c, t.ID)
	if err != nil {
		return err
	}
	return c.releaseIf(t, at, func(h heldBy) bool {
		for _, one := range alive {
			if one.side == h.side && !one.refused {
				return false
			}
		}
		return len(alive) > 0
	})
}

// heldBy is a line of a hold, and which start of which machine claimed it.
type heldBy struct {
	uid      []byte
	line     int
	voucher  terminal.VoucherID
	part     string
	instance string
	counter  int64
	side     int64
}

// releaseIf ends the holds of a terminal for which gone says so.
func (c *change) releaseIf(t cloud.Terminal, at time.Time, gone func(heldBy) bool) error {
	var released []heldBy
	claimed := map[terminal.UID][]terminal.VoucherID{}
	err := everyHeld(c, t, func(h heldBy) error {
		var uid terminal.UID
		copy(uid[:], h.uid)
		if claimed[uid] = append(claimed[uid], h.voucher); gone(h) {
			released = append(released, h)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if c.facts != nil {
		c.facts.claimed = claimed
	}
	for _, g := range released {
		touched := []Touch{{HoldsBy, t.ID}, {HoldsOf, int64(g.voucher)}}
		if err := c.Later(touched, "DELETE FROM hold WHERE terminal = ? AND uid = ? AND line = ?", t.ID, g.uid, g.line); err != nil {
			return err
		}
		if err := c.relieve(g.voucher, g.part, at); err != nil {
			return fmt.Errorf("voucher %s: %w", g.voucher, err)
		}
	}
	return nil
}

// Lookup implements cloud.Storage.
func (s *Storage) Lookup(ctx context.Context, t cloud.Terminal, lookups []terminal.Lookup) (found []terminal.Row, err error) {
	err = s.read(ctx, func(q Querier) error {
		found = nil
		for _, lookup := range lookups {
			v, err := voucher(q, "merchant = ? AND lookup = ?", t.Merchant, lookup[:])
			if isUnknown(err) {
				continue
			}
			if err != nil {
				return err
			}
			campaign, err := loadCampaign(q, v.merchant, v.Campaign)
			if err != nil {
				return err
			}
			row, err := rowOf(q, t, v, campaign)
			if err != nil {
				return err
			}
			found = append(found, row)
		}
		return nil
	})
	return found, err
}
