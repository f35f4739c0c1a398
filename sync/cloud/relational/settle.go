package relational

import (
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

// settling is one redemption or reversal while it is judged and counted.
type settling struct {
	*change
	terminal cloud.Terminal
	entry    terminal.Entry
	ordinal  int64
	at       time.Time
	refused  bool          // its machine is, and spends no lease of the real one
	shown    []cloud.Shown // by all lines of a redemption
	early    []early       // reversals of the line that is judged, which came before it
	excused  int64         // units of those that kept the line from being an overrun
}

// redeem judges every line of a redemption and ends the claim for it.
func (s *settling) redeem() ([]terminal.LineVerdict, error) {
	verdicts := []terminal.LineVerdict{}
	var v spent
	var err error
	for _, line := range s.entry.Lines {
		if v, err = s.spent(line); err != nil {
			return nil, err
		}
		s.shown = append(s.shown, v.shown())
	}
	for i, line := range s.entry.Lines {
		if len(s.entry.Lines) > 1 { // else nothing came between
			if v, err = s.spent(line); err != nil {
				return nil, err
			}
		}
		if err := s.findEarly(i, line, v); err != nil {
			return nil, err
		}
		verdict, err := s.redeemLine(i, line, v)
		if err == nil {
			err = s.takeBack()
		}
		if err != nil {
			return nil, err
		}
		verdicts = append(verdicts, verdict)
	}
	return verdicts, s.endClaim(s.terminal, s.entry.UID)
}

// spent is the voucher of a line of a redemption as it is before the line.
type spent struct {
	held
	known       bool  // the merchant has it
	own, others int64 // units of it, or of the line's part, that the entry's own claim holds and that others hold
	void        bool  // there are reversals that took back in vain
}

func (s *settling) spent(line terminal.EntryLine) (v spent, err error) {
	v.held, err = scanVoucher(first(s, askSpent(s.terminal, line, s.entry.UID)), &v.own, &v.others, &v.void)
	if errors.Is(err, sql.ErrNoRows) {
		return spent{}, nil
	}
	if err != nil {
		return v, err
	}
	v.known = true
	return v, v.loadParts(s)
}

func (s *settling) redeemLine(i int, line terminal.EntryLine, v spent) (terminal.LineVerdict, error) {
	if !v.known {
		verdict, _ := cloud.Account{}.Judge(line.Units, false)
		return verdict, s.saveLine(i, line, verdict, nil, countedUnder{})
	}
	account, campaign, err := s.counted(v.held, line.Part, lessee{s.terminal.ID, s.entry.Epoch}, v.own, v.others)
	if err != nil {
		return terminal.LineVerdict{}, err
	}
	ofVoucher, ofLimit, idle, err := s.spending(line)
	if err != nil {
		return terminal.LineVerdict{}, err
	}
	// A claim of the lease's own terminal may have drawn on the lease: it is the same units then, not twice as many.
	leased := leftOf(ofVoucher)
	account.Held, account.Own = account.Held+idle, max(account.Own, leased)
	proven := account.Total > 0 && (v.copied() || cloud.ProvenInOrder(v.shown(), s.shown, s.entry.UID, line.Proof))
	account.Returned = returned(s.early)
	verdict, after := account.Judge(line.Units, proven)
	s.excused = account.Returned - after.Returned
	if account.Redeemed+line.Units > account.Total {
		if err := s.arrived(line); err != nil {
			return verdict, err
		}
	}
	var other *api.ExceptionUse
	if verdict.Overrun > 0 {
		if other, err = s.firstUse(v.held, line.Part); err != nil {
			return verdict, err
		}
		if other != nil {
			verdict.Other = &terminal.LastUse{At: other.At, Store: other.Store, Terminal: other.Terminal, Operator: text(other.OperatorName)}
		}
	}
	ofLease := min(leased, account.Own-after.Own)
	if err := s.spend(ofVoucher, ofLease); err != nil {
		return verdict, err
	}
	if err := s.useHold(line, account.Own-after.Own-ofLease); err != nil {
		return verdict, err
	}
	day := s.entry.BusinessDay.String()
	under := countedUnder{v.merchant, v.Campaign, v.Counted(), s.terminal.Store, day}
	if err := s.saveLine(i, line, verdict, other, under); err != nil || verdict.Invalid > 0 {
		return verdict, err
	}
	if err := s.publishCounts(v.held, s.terminal.Store, day); err != nil {
		return verdict, err
	}
	counted := campaign.Kind.Counted(line.Units)
	if err := s.spend(ofLimit, counted); err != nil {
		return verdict, err
	}
	reserved := map[terminal.Reason]int64{
		terminal.CampaignLimit: min(counted, leftOf(ofLimit)), terminal.CustomerLimit: min(counted, campaign.Kind.Counted(ofLease)),
	}
	if err := s.holdLimits(v.held, i, line, campaign.Kind.Counted(verdict.Accepted), reserved, day); err != nil {
		return verdict, err
	}
	return verdict, s.count(v.held, line.Part, after.Redeemed-account.Redeemed, 0)
}

// useHold takes the units that a line used out of the entry's own claim, so that a second line of the same voucher cannot use them.
func (s *settling) useHold(line terminal.EntryLine, units int64) error {
	if units == 0 {
		return nil
	}
	return s.Later([]Touch{{HoldsOf, int64(line.Voucher)}, {HoldsBy, s.terminal.ID}}, `UPDATE hold SET units = CASE WHEN units > ?1 THEN units - ?1 ELSE 0 END WHERE terminal = ?2 AND uid = ?3 AND voucher = ?4
		AND part = ?5 AND reverse IS NULL`,
		units, s.terminal.ID, s.entry.UID[:], int64(line.Voucher), line.Part)
}

// account counts a voucher, or a part of it, for the judgement of the entry uid of a lessee: what others hold includes what is leased to
// others. It also returns the voucher's campaign.
func (c *change) account(v held, part string, by lessee, uid terminal.UID) (cloud.Account, terminal.Campaign, error) {
	var own, others int64
	if err := first(c, askHeld(v.ID, part, by.terminal, uid)).Scan(&own, &others); err != nil {
		return cloud.Account{}, terminal.Campaign{}, err
	}
	return c.counted(v, part, by, own, others)
}

// counted is account, where it is known already what the entry's own claim holds and what others hold.
func (c *change) counted(v held, part string, by lessee, own, others int64) (cloud.Account, terminal.Campaign, error) {
	campaign, err := c.campaign(v.merchant, v.Campaign)
	if err != nil {
		return cloud.Account{}, campaign, err
	}
	revoked, err := v.keyRevoked(c)
	if err != nil {
		return cloud.Account{}, campaign, err
	}
	account := cloud.Account{
		Total: cloud.TotalOf(v.Voucher, campaign.Kind, part), Redeemed: v.redeemed, Reversed: v.reversed,
		Withdrawn: revoked || v.State != terminal.VoucherActive, Own: own, Held: others,
	}
	if part != "" {
		account.Redeemed, account.Reversed = 0, 0
		err := c.QueryRow("SELECT redeemed, reversed FROM part WHERE voucher = ? AND part = ?", int64(v.ID), part).
			Scan(&account.Redeemed, &account.Reversed)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return account, campaign, err
		}
	}
	if none, err := c.noLeases(v.merchant); err != nil || none {
		return account, campaign, err
	}
	leased, err := leasedBut(c, v.ID, part, by)
	account.Held += leased
	return account, campaign, err
}

// countedUnder is what limits count a redeemed line under; the zero value is for lines that no limit counts.
type countedUnder struct{ merchant, campaign, customer, store, day string }

// saveLine stores a line with its verdict, and opens the exceptions that it calls for.
func (s *settling) saveLine(i int, line terminal.EntryLine, verdict terminal.LineVerdict, other *api.ExceptionUse, under countedUnder) error {
	var otherBody sql.NullString
	if verdict.Other != nil {
		body, err := json.Marshal(verdict.Other)
		if err != nil {
			return err
		}
		otherBody = sql.NullString{String: string(body), Valid: true}
	}
	err := s.Later([]Touch{{LinesOf, int64(line.Voucher)}}, `INSERT INTO line (entry, line, kind, voucher, part, units, accepted, overrun, revoked, invalid, other, merchant, campaign, customer, store, day)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, s.ordinal, i, uint8(s.entry.Kind), int64(line.Voucher), line.Part, line.Units,
		verdict.Accepted, verdict.Overrun, verdict.Revoked, verdict.Invalid, otherBody,
		under.merchant, under.campaign, under.customer, under.store, under.day)
	if err != nil || s.entry.Kind != terminal.EntryRedeem {
		return err
	}
	for _, found := range []struct {
		kind  api.ExceptionKind
		units int64
		bad   bool
	}{
		{api.ExceptionOverrun, verdict.Overrun, verdict.Overrun > 0},
		{api.ExceptionRevoked, verdict.Revoked, verdict.Revoked > 0},
		{api.ExceptionInvalid, verdict.Invalid, verdict.Invalid > 0 || line.Units < 1},
	} {
		if !found.bad {
			continue
		}
		uses := []api.ExceptionUse{}
		if found.kind == api.ExceptionOverrun && other != nil {
			uses = append(uses, *other)
		}
		if err := s.open(found.kind, i, line, found.units, append(uses, s.use(line)), ""); err != nil {
			return err
		}
	}
	return nil
}

// count adds units to what is redeemed and reversed of a voucher, and tells every terminal.
func (s *settling) count(v held, part string, redeemed, reversed int64) error {
	if redeemed == 0 && reversed == 0 {
		return nil
	}
	if part != "" {
		err := s.Later(nil, `INSERT INTO part (voucher, part, redeemed, reversed) VALUES (?, ?, ?, ?)
			ON CONFLICT (voucher, part) DO UPDATE SET redeemed = part.redeemed + excluded.redeemed, reversed = part.reversed + excluded.reversed`,
			int64(v.ID), part, redeemed, reversed)
		if err != nil {
			return err
		}
	}
	last, err := s.lastUse(v)
	if err != nil {
		return err
	}
	touched := []Touch{{RowOf, int64(v.ID)}, {Vouchers, 0}}
	err = s.Later(touched, "UPDATE voucher SET redeemed = redeemed + ?, reversed = reversed + ?, last_use = ?, version = version + ? WHERE id = ?",
		redeemed, reversed, last, 1-flag(s.copied), int64(v.ID))
	if err != nil {
		return err
	}
	return s.Publish(v.merchant, "voucher", v.ID.String(), "", 0)
}

// lastUse is the newest use of a voucher that still stands, as JSON; NULL where there is none.
func (s *settling) lastUse(v held) (last sql.NullString, err error) {
	use := terminal.LastUse{At: s.entry.Wall, Store: s.terminal.Store, Terminal: s.terminal.Name}
	if s.entry.Kind == terminal.EntryRedeem { // what came last is the newest
		use.Operator = s.operatorName(s.entry.Operator)
	} else {
		found, err := findUse(s, v, "", true)
		if err != nil || found == nil {
			return last, err
		}
		use = terminal.LastUse{At: found.At, Store: found.Store, Terminal: found.Terminal, Operator: text(found.OperatorName)}
	}
	body, err := json.Marshal(use)
	return sql.NullString{String: string(body), Valid: true}, err
}

// reverse judges every line of a reversal.
func (s *settling) reverse() ([]terminal.LineVerdict, error) {
	verdicts := []terminal.LineVerdict{}
	for i, line := range s.entry.Lines {
		verdict, err := s.reverseLine(i, line)
		if err != nil {
			return nil, err
		}
		verdicts = append(verdicts, verdict)
	}
	return verdicts, s.endClaim(s.terminal, s.entry.UID)
}

// reverseLine takes back what it can of a line; what exceeds it is void, and an exception.
func (s *settling) reverseLine(i int, line terminal.EntryLine) (terminal.LineVerdict, error) {
	original, ordinal, err := redeemedLine(s, s.terminal.Merchant, s.entry.About, line.Original)
	if err != nil && !isUnknown(err) {
		return terminal.LineVerdict{}, err
	}
	if err == nil && (original.Voucher != line.Voucher || original.Part != line.Part) {
		original = cloud.RedemptionLine{}
	}
	reversal := cloud.Reverse(original, line.Units)
	verdict := terminal.LineVerdict{Accepted: reversal.Effective, Invalid: reversal.Void}
	if err := s.saveLine(i, line, verdict, nil, countedUnder{}); err != nil {
		return verdict, err
	}
	if reversal.Void > 0 || line.Units < 1 {
		note := "More was reversed than was redeemed; what exceeds it has no effect."
		if err := s.open(api.ExceptionReversalExcess, i, line, reversal.Void, []api.ExceptionUse{s.use(line)}, note); err != nil {
			return verdict, err
		}
	}
	return verdict, s.undo(line, original, ordinal, reversal, 0)
}

// undo counts what a line of a reversal takes back. excused are units of it that no exception was opened for in the first place.
func (s *settling) undo(line terminal.EntryLine, original cloud.RedemptionLine, ordinal int64, reversal cloud.Reversal, excused int64) error {
	if reversal.Effective == 0 {
		return nil
	}
	if _, err := s.Exec("UPDATE line SET reversed = reversed + ? WHERE entry = ? AND line = ?", reversal.Effective, ordinal, line.Original); err != nil {
		return err
	}
	owed := reversal.Effective - excused
	v, err := voucher(s, "id = ? AND merchant = ?", int64(line.Voucher), s.terminal.Merchant)
	if isUnknown(err) {
		return s.payOff(int64(line.Voucher), line.Part, ordinal, line.Original, owed)
	}
	if err != nil {
		return err
	}
	var store, day string
	if err := s.QueryRow("SELECT store, day FROM line WHERE entry = ? AND line = ?", ordinal, line.Original).Scan(&store, &day); err != nil {
		return err
	}
	if err := s.publishCounts(v, store, day); err != nil {
		return err
	}
	if err := s.count(v, line.Part, 0, reversal.Freed); err != nil {
		return err
	}
	if err := s.payOff(int64(v.ID), line.Part, ordinal, line.Original, owed); err != nil || original.Invalid > 0 {
		return err
	}
	counted := line.Kind.Counted(original.Units-original.Reversed) - line.Kind.Counted(original.Units-original.Reversed-reversal.Effective)
	return s.payLimits(v, ordinal, line.Original, store, day, counted)
}

// redeemedLine loads one line of a redemption, by its entry's uid.
func redeemedLine(q Querier, merchant string, uid terminal.UID, line int) (l cloud.RedemptionLine, ordinal int64, err error) {
	var id int64
	row := q.QueryRow(`SELECT e.ordinal, l.voucher, l.part, l.units, l.accepted, l.overrun, l.revoked, l.invalid, l.reversed
		FROM entry e JOIN terminal t ON t.id = e.terminal JOIN line l ON l.entry = e.ordinal
		WHERE e.uid = ? AND t.merchant = ? AND e.kind = `+kindRedeem+` AND l.line = ? ORDER BY e.ordinal LIMIT 1`,
		uid[:], merchant, line)
	err = row.Scan(&ordinal, &id, &l.Part, &l.Units, &l.Accepted, &l.Overrun, &l.Revoked, &l.Invalid, &l.Reversed)
	l.Voucher = terminal.VoucherID(id)
	return l, ordinal, unknown(err, "the redemption")
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
