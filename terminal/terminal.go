package terminal

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Terminal is one counter PC's side of every redemption, whoever asks: the window, the text counter, a hub, a test.
type Terminal struct {
	parts Parts
}

// New makes a Terminal of its parts.
func New(parts Parts) *Terminal { return &Terminal{parts} }

// Scan answers what redeeming the codes of req would come to. It redeems nothing; a decline is journalled, since a manager sees
// what was turned away and why. While the line is known to be down, what nobody will answer for is held against the offline policy
// here already: the customer hears it before the cashier says yes, not after. The error is a fault of this machine: a full disk, a
// terminal that has not joined.
func (t *Terminal) Scan(ctx context.Context, req Request) (Outcome, error) {
	b, err := t.look(ctx, req, nil)
	if err != nil {
		return Outcome{}, err
	}
	if b.outcome.Choice == Approved && t.unreachable() {
		if err := t.checkAlone(ctx, b); err != nil {
			return Outcome{}, err
		}
	}
	return t.answer(ctx, b)
}

// unreachable reports that a claim would get no answer. Where the authority cannot tell, only the claim will.
func (t *Terminal) unreachable() bool {
	reach, ok := t.parts.Authority.(Reach)
	return ok && reach.Unreachable()
}

// Check is Scan without a trace: nothing is journalled, and the decision can be that of another time. No claim follows it, so that
// the authority is asked here, read-only, what a claim would ask; where nobody answers, a decision for now is held against the
// offline policy as a redemption would be.
func (t *Terminal) Check(ctx context.Context, req Request, at *Reading) (Outcome, error) {
	b, err := t.look(ctx, req, at)
	if err != nil {
		return Outcome{}, err
	}
	if !b.asked && b.outcome.Choice != Declined {
		if err := t.ask(ctx, b); err != nil {
			return Outcome{}, err
		}
		if err := t.others(ctx, b); err != nil {
			return Outcome{}, err
		}
	}
	if b.alone && at == nil && b.outcome.Choice == Approved {
		if err := t.checkAlone(ctx, b); err != nil {
			return Outcome{}, err
		}
	}
	return b.outcome, nil
}

// Redeem honours the vouchers of req, all of them or none. An outcome that is Redeemed is on disk. A request whose UID was
// redeemed before gets that redemption again and redeems nothing.
func (t *Terminal) Redeem(ctx context.Context, req Request) (Outcome, error) {
	if req.UID.IsZero() {
		req.UID = t.parts.Random.UID()
	} else if record, err := t.parts.Journal.ByUID(ctx, req.UID); err == nil {
		outcome, err := t.recall(ctx, record)
		outcome.Lines = gathered(outcome.Lines)
		return outcome, err
	} else if !errors.Is(err, ErrUnknown) {
		return Outcome{}, err
	}
	b, err := t.look(ctx, req, nil)
	if err != nil {
		return Outcome{}, err
	}
	if b.outcome.Choice != Approved {
		return t.answer(ctx, b)
	}
	if err := t.assure(ctx, b); err != nil {
		return Outcome{}, err
	}
	if b.outcome.Choice == Approved {
		err = t.commit(ctx, b)
	}
	if errors.Is(err, errLeaseOver) || errors.Is(err, errMoreThanClaimed) { // it expired, or was spent, between the look and the commit
		if err = t.claim(ctx, b); err == nil && b.outcome.Choice == Approved {
			err = t.commit(ctx, b)
		}
	}
	if err != nil || !b.outcome.Redeemed() {
		t.parts.Authority.Release(req.UID)
	}
	if err != nil {
		return Outcome{}, err
	}
	return t.answer(ctx, b)
}

// bill is one request on its way through the terminal.
type bill struct {
	req     Request
	at      Situation
	fresh   Freshness
	shown   []Presented
	rows    []Row
	known   []bool      // whether rows[i] was found
	faults  [][]Finding // what is wrong with each that is shown, where not all were found
	of      []int       // which of them each line of the outcome is about
	others  []OutcomeLine
	outcome Outcome
	decided *uint64     // the newest entry when the outcome was decided on these rows; nil where that is not known
	claim   []ClaimLine // what the authority was asked to hold
	before  []Row       // the rows that it was asked by
	asked   bool        // the authority was asked for newer rows
	alone   bool        // and did not answer
	// Of a claim that was granted, or of what stands in for one:
	assurance Assurance
	claimID   string
	leaseIDs  string // or of the leases that cover it, set within the transaction
}

// look reads the codes, finds their vouchers and decides. It asks the authority where a newer row could change the answer; what
// the terminal knows for itself is answered at once.
func (t *Terminal) look(ctx context.Context, req Request, override *Reading) (*bill, error) {
	at, err := t.situation(ctx, req.Operator, req.Approver)
	if err != nil {
		return nil, err
	}
	if override != nil {
		at.Now = *override
	}
	b := &bill{req: req, at: at}
	if b.fresh, err = t.parts.Cache.Freshness(ctx); err != nil {
		return nil, err
	}
	if finding := t.read(ctx, b); finding != nil {
		last := len(b.shown) - 1
		b.outcome = Outcome{Choice: Declined, Findings: append([]Finding{*finding}, judgeTerminal(at)...), Lead: last,
			Masked: b.shown[last].Masked, Bill: req.Bill}
		return b, nil
	}
	for i := range b.shown {
		row, err := t.find(ctx, b.lookups(i), b.shown[i].Token)
		if err != nil && !errors.Is(err, ErrUnknown) {
			return nil, err
		}
		b.rows, b.known = append(b.rows, row), append(b.known, err == nil)
	}
	for i := range b.req.Scans {
		if err := t.addOrder(ctx, b, i); err != nil {
			return nil, err
		}
	}
	if err := t.decide(ctx, b); err != nil {
		return nil, err
	}
	if b.mayHaveChanged() {
		if err := t.ask(ctx, b); err != nil {
			return nil, err
		}
	}
	return b, t.others(ctx, b)
}

// situation gathers the place, the time and the people.
func (t *Terminal) situation(ctx context.Context, operator, approver *Operator) (Situation, error) {
	settings, err := t.Settings(ctx)
	if err != nil {
		return Situation{}, err
	}
	zone, err := settings.Store.Location()
	if err != nil {
		return Situation{}, err
	}
	operators, err := t.parts.Cache.Operators(ctx)
	if err != nil {
		return Situation{}, err
	}
	names := make(map[string]string, len(operators))
	for _, o := range operators {
		names[o.ID] = o.Name
	}
	return Situation{Settings: settings, Zone: zone, Now: t.parts.Clock.Read(),
		Operator: operator, Approver: approver, Operators: names}, nil
}

// Settings is what the terminal knows of its place, or ErrNotJoined.
func (t *Terminal) Settings(ctx context.Context) (Settings, error) {
	settings, err := t.parts.Cache.Settings(ctx)
	if errors.Is(err, ErrUnknown) {
		return Settings{}, ErrNotJoined
	}
	return settings, err
}

// past is what this terminal's journal says of vouchers and campaigns: the journal itself, or a transaction's view of it.
type past interface {
	Use(voucher VoucherID, part string, after uint64) (Use, error)
	Counted(campaign string, vouchers []VoucherID, days Days, after uint64) (int64, error)
}

// journalled is the past outside of a transaction.
type journalled struct {
	ctx     context.Context
	journal Journal
}

// Use implements past.
func (j journalled) Use(voucher VoucherID, part string, after uint64) (Use, error) {
	return j.journal.Use(j.ctx, voucher, part, after)
}

// Counted implements past.
func (j journalled) Counted(campaign string, vouchers []VoucherID, days Days, after uint64) (int64, error) {
	return j.journal.Counted(j.ctx, campaign, vouchers, days, after)
}

func (b *bill) decide(own past) error {
	var items []Item
	b.of, b.decided = nil, nil
	for i, row := range b.rows {
		if !b.known[i] {
			continue
		}
		item := Item{Row: row, Masked: b.shown[i].Masked}
		var err error
		if item.Own, err = own.Use(row.Voucher.ID, "", row.Included); err != nil {
			return err
		}
		if b.leaveOut(i, item) {
			continue
		}
		if item.Quotas, err = row.used(own, b.at.Settings.Store.ID, b.at.Day()); err != nil {
			return err
		}
		if len(row.Voucher.Lines) > 0 {
			item.Parts = map[string]Use{}
		}
		for _, part := range row.Voucher.Lines {
			if item.Parts[part.ID], err = own.Use(row.Voucher.ID, part.ID, row.Included); err != nil {
				return err
			}
		}
		items, b.of = append(items, item), append(b.of, i)
	}
	if slices.Contains(b.known, false) {
		b.outcome = b.unknown(items)
		return nil
	}
	b.outcome = Decide(items, b.req, b.at)
	b.outcome.Order = b.others
	return nil
}

// unknown declines a bill of which some vouchers are not known. items are the others: they are on no line of the outcome, since
// nothing can be said of a bill whose vouchers are not all known but what is wrong with it.
func (b *bill) unknown(items []Item) Outcome {
	outcome := Outcome{Choice: Declined, Bill: b.req.Bill}
	b.faults = make([][]Finding, len(b.shown))
	for i, known := range b.known {
		if known {
			continue
		}
		finding := Finding{Reason: NotFound}
		if b.shown[i].Otherwise != nil {
			finding = *b.shown[i].Otherwise
		}
		if len(outcome.Findings) == 0 || reasonRank[finding.Reason] < reasonRank[outcome.Findings[0].Reason] {
			outcome.Masked, outcome.Lead = b.shown[i].Masked, min(i, len(b.req.Scans)-1) // one that came with an order is the order's
		}
		outcome.Findings, b.faults[i] = append(outcome.Findings, finding), []Finding{finding}
		sortFindings(outcome.Findings)
	}
	if len(items) == 0 {
		outcome.Findings = append(outcome.Findings, judgeTerminal(b.at)...)
	} else {
		others := Decide(items, b.req, b.at)
		outcome.Findings = append(outcome.Findings, others.Findings...)
		for n, line := range others.Lines {
			b.faults[b.of[n]] = line.Findings
		}
	}
	b.of = nil
	sortFindings(outcome.Findings)
	return outcome
}

// mayHaveChanged reports whether a newer row could lift the decline. Where this terminal's own journal shows that a voucher is used, the
// authority is asked as well: another terminal may have taken it back, or have honoured what is said to be left.
func (b *bill) mayHaveChanged() bool {
	if b.outcome.Choice != Declined {
		return false
	}
	return slices.Contains(b.known, false) || !slices.ContainsFunc(b.outcome.Findings, func(f Finding) bool {
		return !mayHaveChanged[f.Reason]
	})
}

// ask takes newer rows from the authority and decides again; without an answer the decision stands.
func (t *Terminal) ask(ctx context.Context, b *bill) error {
	b.asked = true
	for i := 0; i < len(b.shown); i++ { // the order of a voucher that was not known may add to what is shown
		row, err := t.parts.Authority.Ask(ctx, b.lookups(i))
		switch {
		case errors.Is(err, ErrNoAnswer):
			b.alone = true
			return t.doubtful(ctx, b)
		case errors.Is(err, ErrUnknown) && b.known[i] && b.own(i):
			// Nobody knows better what this terminal honoured itself.
		case errors.Is(err, ErrUnknown):
			b.known[i] = false
		case err != nil:
			return err
		case b.replace(i, row):
			if err := t.addOrder(ctx, b, i); err != nil {
				return err
			}
		}
	}
	return t.decide(ctx, b)
}

// replace takes an authority's row of the i-th voucher, unless what this terminal has heard itself is newer.
func (b *bill) replace(i int, row Row) bool {
	if known := b.rows[i]; b.known[i] && row.Voucher.ID == known.Voucher.ID {
		if row.Voucher.Version < known.Voucher.Version {
			// Who knows less than this terminal was restored from an older backup, or is a hub that has no line: it does not know what was used
			// since.
			return false
		}
		if row.Secluded && known.Voucher.State != VoucherActive {
			// The cloud said to this terminal that the voucher is withdrawn. A hub that has not heard from it does not know better, whatever its
			// version is: the cloud's may have begun anew from a backup.
			return false
		}
		if row.Campaign.ID == known.Campaign.ID && row.Campaign.PolicyVersion < known.Campaign.PolicyVersion {
			row.Campaign = known.Campaign // it was paused since, say
		}
	}
	b.rows[i], b.known[i] = row, true
	return true
}

// doubtful says of what is not known here that the cloud, which does not answer, may know it. A cache that is still on its way, the first
// time or after it was emptied, lacks good vouchers: nobody is sent away for a code that is not in it.
func (t *Terminal) doubtful(ctx context.Context, b *bill) error {
	fresh, err := t.parts.Cache.Freshness(ctx)
	if err != nil {
		return err
	}
	doubt := func(findings []Finding) {
		for n, finding := range findings {
			switch {
			case finding.Reason != NotFound:
			case fresh.ReachedEnd.IsZero():
				findings[n] = Finding{Reason: CacheTooOld, Facts: map[string]any{"list": "unfilled"}}
			default:
				findings[n].Facts = map[string]any{"line": "down"}
			}
		}
		sortFindings(findings)
	}
	doubt(b.outcome.Findings)
	for _, findings := range b.faults {
		doubt(findings)
	}
	return nil
}

// own reports that this terminal's own journal shows that the i-th of the rows is used up.
func (b *bill) own(i int) bool {
	line := slices.Index(b.of, i)
	return line >= 0 && line < len(b.outcome.Lines) && slices.ContainsFunc(b.outcome.Lines[line].Findings, func(f Finding) bool { return f.Own })
}

// claim asks the authority to hold the units. A yes gives the assurance and newer rows; a no is the authority's reason; without
// an answer the terminal is on its own, and commit will hold the redemption against the offline policy.
func (t *Terminal) claim(ctx context.Context, b *bill) error {
	claim := Claim{UID: b.req.UID, Bill: b.req.Bill, Alone: b.req.Alone}
	if b.req.Operator != nil {
		claim.Operator = b.req.Operator.ID
	}
	for i, line := range b.outcome.Lines {
		for _, entryLine := range b.entryLines(b.of[i], line) {
			claim.Lines = append(claim.Lines, ClaimLine{
				Lookup: line.Voucher.Lookup, Part: entryLine.Part, Units: entryLine.Units, Proof: entryLine.Proof})
		}
	}
	b.claim = claim.Lines
	answer, err := t.parts.Authority.Claim(ctx, claim)
	if errors.Is(err, ErrHubSilent) {
		ask := Ask{Missing: MissingHub}
		if errors.Is(err, ErrHubFull) {
			ask.Cause = CauseFull
		}
		b.outcome.Choice, b.outcome.Asks = Asking, []Ask{ask}
		return nil
	}
	if errors.Is(err, ErrNoAnswer) {
		b.assurance = Offline
		return nil
	}
	if err != nil {
		return err
	}
	b.take(answer.Rows)
	if !answer.Granted {
		return t.refused(ctx, b, answer.Findings)
	}
	b.assurance, b.claimID = answer.Assurance, answer.ID
	return nil
}

// refused declines for the authority's reasons. The newer rows tell what is left, and, of several vouchers, maybe which one it is.
func (t *Terminal) refused(ctx context.Context, b *bill, findings []Finding) error {
	sortFindings(findings)
	for _, finding := range findings {
		// Whoever pulls the cable now must not go on offline. What is wrong with the journal is noted elsewhere.
		if finding.Reason == TerminalSuspended && finding.Facts["cause"] == nil {
			if err := t.parts.Cache.Suspend(ctx); err != nil {
				return fmt.Errorf("this terminal was refused as suspended, which could not be kept: free some space or repair the disk, and ask the merchant: %w", err)
			}
		}
	}
	if err := t.decide(ctx, b); err != nil {
		return err
	}
	b.outcome.decline(findings)
	b.outcome.Lead = b.outcome.lead()
	return nil
}

// take replaces the rows of the bill by newer ones of the same vouchers.
func (b *bill) take(rows []Row) {
	b.before = slices.Clone(b.rows)
	for _, row := range rows {
		for i := range b.rows {
			if b.rows[i].Voucher.ID == row.Voucher.ID && b.replace(i, row) {
				b.decided = nil
			}
		}
	}
}

// decideWithin decides within the write transaction, and on no more than the authority said yes to. Of an order that is handed over whole its
// rows may have more open than what was asked for, where a hub is behind what the cache has heard: then the rows stand that it was asked by.
func (b *bill) decideWithin(ledger Ledger) error {
	err := b.decideAgain(ledger)
	if err != nil || b.claimID == "" || b.outcome.Choice != Approved || b.claimed() {
		return err
	}
	b.rows, b.decided = b.before, nil
	err = b.decideAgain(ledger)
	if err == nil && b.outcome.Choice == Approved && !b.claimed() {
		err = errMoreThanClaimed
	}
	return err
}

// errMoreThanClaimed leaves a write transaction in which more would be honoured than the authority said yes to.
var errMoreThanClaimed = errors.New("the order changed while it was asked for and nothing was recorded: scan it again")

// claimed reports whether the authority's yes covers what is about to be honoured.
func (b *bill) claimed() bool {
	for i, line := range b.outcome.Lines {
		for _, entryLine := range b.entryLines(b.of[i], line) {
			covered := slices.ContainsFunc(b.claim, func(c ClaimLine) bool {
				return c.Lookup == line.Voucher.Lookup && c.Part == entryLine.Part && c.Units >= entryLine.Units
			})
			if !covered {
				return false
			}
		}
	}
	return true
}

// errRefused leaves a write transaction whose second decision was not an approval.
var errRefused = errors.New("refused inside the transaction")

// commit makes sure of the decision inside the journal's write transaction, and writes the redemption with its slip.
func (t *Terminal) commit(ctx context.Context, b *bill) error {
	record, err := t.parts.Journal.Append(ctx, func(ledger Ledger) (Draft, error) {
		b.hear(t.parts.Clock.Read())
		if err := b.decideWithin(ledger); err != nil {
			return Draft{}, err
		}
		if b.outcome.Choice != Approved {
			return Draft{}, errRefused
		}
		if b.assurance == Leased {
			covered, err := b.coveredBy(ledger)
			if err == nil && covered == "" {
				err = errLeaseOver
			}
			if err != nil {
				return Draft{}, err
			}
			b.leaseIDs = covered
		}
		if b.assurance != Confirmed {
			exposure, err := ledger.Exposure()
			if err != nil {
				return Draft{}, err
			}
			if b.assurance == Offline {
				b.holdOffline(exposure)
			} else if finding := judgeBarred(exposure); finding != nil { // what is reserved or held in the store may be spent already
				b.outcome.decline([]Finding{*finding})
			}
			if b.outcome.Choice != Approved {
				return Draft{}, errRefused
			}
		}
		if agreed, err := b.agreed(ledger); err != nil {
			return Draft{}, err
		} else if !agreed {
			b.at.Approver = nil
		}
		return t.draft(b, ledger)
	})
	if errors.Is(err, errRefused) {
		return nil
	}
	if errors.Is(err, errLeaseOver) || errors.Is(err, errMoreThanClaimed) {
		return err
	}
	if err != nil {
		return fmt.Errorf("the redemption could not be written and was not made: %w", err)
	}
	b.outcome.Record = &record
	return nil
}
