package terminal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The windows of a role where the campaign says nothing.
const cashierWindow = 60 * time.Minute

// Reversal is what takes a redemption back: the redemption by its uid or its receipt number, how much of it, and why.
type Reversal struct {
	UID      UID
	Receipt  ReceiptNumber // where UID is zero
	Units    *int64        // of a redemption with one line; nil takes back all that still stands
	Parts    []string      // of an order: the ids of the lines taken back; none means all
	Note     string        // why, in the operator's words; needed
	Operator *Operator
	Approver *Operator
}

// NoteMost is the longest reason of a reversal, in characters: it stands on the slip.
const NoteMost = 200

// ErrNote says that a reversal was asked for without a reason, or with one that no slip can hold.
var ErrNote = errors.New("a reversal needs a reason of 1 to 200 characters: say why the redemption is taken back")

// ErrParts says that a part of a redemption was named that it does not have.
var ErrParts = errors.New("units can be named where one voucher was redeemed, and lines where they were handed over: leave them out to take back all")

// partUnknown is an ErrParts that says which line is not on the receipt, and which are.
type partUnknown struct {
	part string
	has  []string
}

func (e partUnknown) Error() string {
	return fmt.Sprintf("line %q was not handed over with that receipt, only %s: name one of those, or leave them out to take back all",
		e.part, strings.Join(e.has, ", "))
}

// Unwrap makes it an ErrParts.
func (partUnknown) Unwrap() error { return ErrParts }

// misfit says what of the reversal the redemption does not have.
func (r Reversal) misfit(entry Entry) error {
	var has []string
	for _, line := range entry.Lines {
		if line.Part != "" {
			has = append(has, line.Part)
		}
	}
	for _, part := range r.Parts {
		if len(has) > 0 && r.Units == nil && !slices.Contains(has, part) {
			return partUnknown{part, has}
		}
	}
	return ErrParts
}

// ErrRulesUnknown says that the cache has lost the campaign of a redemption, and with it until when that can be taken back.
var ErrRulesUnknown = errors.New("this counter does not have the rules of that offer right now: connect it to the internet, let it sync, and try again")

// Reverse takes back a redemption, whole or in part. The units are usable again at once. An approved outcome is on disk; a decline
// says reversal_too_late, already_reversed, operator_not_allowed, units_limit or terminal_suspended, or not_this_terminal: a redemption
// that another terminal made, which is named by its uid, takes a yes from the authority. ErrUnknown says that there is no such redemption.
func (t *Terminal) Reverse(ctx context.Context, reversal Reversal) (Outcome, error) {
	reversal.Note = strings.TrimSpace(reversal.Note)
	if reversal.Note == "" || utf8.RuneCountInString(reversal.Note) > NoteMost {
		return Outcome{}, ErrNote
	}
	at, err := t.situation(ctx, reversal.Operator, reversal.Approver)
	if err != nil {
		return Outcome{}, err
	}
	original, elsewhere, err := t.original(ctx, reversal)
	if errors.Is(err, ErrNoAnswer) {
		return t.turnAway(ctx, Outcome{Choice: Declined, Findings: []Finding{{Reason: NotThisTerminal}}}, reversal, at)
	}
	if err != nil {
		return Outcome{}, err
	}
	outcome, left, err := t.standsFor(ctx, original, elsewhere, reversal)
	if err != nil {
		return Outcome{}, err
	}
	nobody := at.Operator == nil && (at.Approver == nil || !at.Approver.Role.Covers(RoleManager)) // a manager's word is enough
	if at.mustSignIn() || (nobody && original.Entry.Operator != "") {
		outcome.Choice, outcome.Asks = Asking, []Ask{{Missing: MissingOperator}}
		err := standing(&outcome, original, left)
		outcome.Lines = gathered(outcome.Lines)
		return outcome, err
	}
	uid, answer := t.parts.Random.UID(), ClaimAnswer{}
	if elsewhere {
		if answer, err = t.claimReversal(ctx, uid, original, &outcome, reversal, at); err != nil {
			return Outcome{}, err
		}
		left.rows = newer(left.rows, answer.Rows)
		if outcome.Choice == Declined {
			return t.leave(ctx, outcome, original, left, reversal, at)
		}
	}
	others, err := t.undoneElsewhere(ctx, original, elsewhere)
	if err != nil {
		return Outcome{}, err
	}
	record, err := t.parts.Journal.Append(ctx, func(ledger Ledger) (Draft, error) {
		original := original
		if !elsewhere {
			var err error
			if original, err = ledger.Record(original.Entry.UID); err != nil {
				return Draft{}, err
			}
		}
		original.Reversed = most(original.Reversed, others)
		outcome.Reversed = &original
		if findings := judgeReversal(original, outcome.Lines, reversal, at); len(findings) > 0 {
			outcome.Choice, outcome.Findings = Declined, findings
			return Draft{}, errRefused
		}
		at := at
		if !reversal.agreed(original, outcome.Lines, at) {
			at.Approver = nil
		}
		left := left
		left.own, left.back = ledger, map[VoucherID]int64{}
		return t.reversalDraft(uid, answer, original, outcome, reversal, at, ledger, left)
	})
	if err != nil && elsewhere {
		t.parts.Authority.Release(uid)
	}
	if errors.Is(err, errRefused) {
		sortFindings(outcome.Findings)
		return t.leave(ctx, outcome, original, left, reversal, at)
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("the reversal could not be written and was not made: %w", err)
	}
	outcome.Choice, outcome.Record, outcome.Lines = Approved, &record, undone(outcome.Lines, record.Entry)
	outcome.Masked = outcome.Lines[0].Masked
	return outcome, nil
}

// standsFor is what a redemption looks like before it is taken back, with what is left of its vouchers.
func (t *Terminal) standsFor(ctx context.Context, original Record, elsewhere bool, reversal Reversal) (Outcome, leftNow, error) {
	outcome, err := t.recall(ctx, original)
	if err != nil {
		return outcome, leftNow{}, err
	}
	outcome.Reversed, outcome.Record = &original, nil
	if !reversal.fits(original.Entry) {
		return outcome, leftNow{}, reversal.misfit(original.Entry)
	}
	if slices.ContainsFunc(outcome.Lines, func(line OutcomeLine) bool { return line.Campaign.State == "" }) {
		return outcome, leftNow{}, ErrRulesUnknown
	}
	rows, err := t.rowsOf(ctx, original)
	if err != nil {
		return outcome, leftNow{}, err
	}
	err = t.remember(ctx, original, rows, outcome.Lines)
	return outcome, leftNow{rows: rows, own: journalled{ctx, t.parts.Journal}, original: original.Entry, elsewhere: elsewhere}, err
}

// leave declines a reversal. What its lines say is left is what there is now.
func (t *Terminal) leave(ctx context.Context, outcome Outcome, original Record, left leftNow, reversal Reversal, at Situation) (Outcome, error) {
	if err := standing(&outcome, original, left); err != nil {
		return Outcome{}, err
	}
	outcome, err := t.turnAway(ctx, outcome, reversal, at)
	outcome.Lines = gathered(outcome.Lines)
	return outcome, err
}

// agreed reports that the approver's agreement is what lets a reversal through: a name that nothing hangs on is not written down.
func (r Reversal) agreed(original Record, lines []OutcomeLine, at Situation) bool {
	if r.Approver == nil {
		return false
	}
	r.Approver = nil
	return len(judgeReversal(original, lines, r, at)) > 0 || (r.Operator == nil && original.Entry.Operator != "")
}

// fits reports whether the redemption has what the reversal names.
func (r Reversal) fits(entry Entry) bool {
	if r.Units != nil && (len(entry.Lines) != 1 || len(r.Parts) > 0) {
		return false
	}
	return !slices.ContainsFunc(r.Parts, func(part string) bool {
		return part == "" || !slices.ContainsFunc(entry.Lines, func(line EntryLine) bool { return line.Part == part })
	})
}

// units is how many units of the i-th line are taken back.
func (r Reversal) units(original Record, i int) int64 {
	switch line := original.Entry.Lines[i]; {
	case len(r.Parts) > 0 && !slices.Contains(r.Parts, line.Part):
		return 0
	case r.Units != nil:
		return *r.Units
	default:
		return line.Units - reversedUnits(original, i)
	}
}

// undoneElsewhere is what other terminals took back of a redemption of this one, line by line, as far as an authority that answers
// knows. Alone, this terminal goes by its own journal.
func (t *Terminal) undoneElsewhere(ctx context.Context, original Record, elsewhere bool) ([]int64, error) {
	if elsewhere || !original.Acked {
		return nil, nil // the authority has said it already, or has never heard of the redemption
	}
	known, err := t.parts.Authority.Redemption(ctx, original.Entry.UID)
	if errors.Is(err, ErrNoAnswer) || errors.Is(err, ErrUnknown) {
		return nil, nil
	}
	return known.Reversed, err
}

// most is the greater of two numbers, line by line.
func most(a, b []int64) []int64 {
	greater := slices.Clone(a)
	for i, n := range b {
		if i < len(greater) {
			greater[i] = max(greater[i], n)
		}
	}
	return greater
}

// turnAway journals a reversal that was declined: a manager sees that, too. The outcome stays without a record, which only a
// reversal that was made has.
func (t *Terminal) turnAway(ctx context.Context, outcome Outcome, reversal Reversal, at Situation) (Outcome, error) {
	uid := t.parts.Random.UID()
	_, err := t.parts.Journal.Append(ctx, func(ledger Ledger) (Draft, error) {
		entry := at.entry(EntryDecline, ledger)
		entry.UID, entry.About, entry.Note, entry.Reasons = uid, reversal.UID, reversal.Note, reasonsOf(outcome.Findings)
		entry.Reason = entry.Reasons[0]
		if outcome.Reversed != nil {
			entry.About = outcome.Reversed.Entry.UID
			for i, line := range outcome.Reversed.Entry.Lines {
				line.Left = outcome.Lines[i].Left
				line.Proof, line.Discount, line.Price, line.Value = nil, nil, nil, nil
				entry.Lines = append(entry.Lines, line)
			}
		}
		return Draft{Entry: entry}, nil
	})
	if err != nil {
		return outcome, fmt.Errorf("the decline could not be written down: %w", err)
	}
	return outcome, nil
}

// claimReversal asks the authority whether a redemption of another terminal may be taken back. A no declines the outcome.
func (t *Terminal) claimReversal(ctx context.Context, uid UID, original Record, outcome *Outcome, reversal Reversal, at Situation) (ClaimAnswer, error) {
	decline := func(findings []Finding) {
		sortFindings(findings)
		outcome.Choice, outcome.Findings = Declined, findings
	}
	if findings := judgeReversal(original, outcome.Lines, reversal, at); len(findings) > 0 {
		decline(findings)
		return ClaimAnswer{}, nil
	}
	claim := Claim{UID: uid, Reverse: &original.Entry.UID, Operator: operatorID(reversal.Operator)}
	for i, line := range original.Entry.Lines {
		if units := reversal.units(original, i); units > 0 && line.Lookup != nil {
			claim.Lines = append(claim.Lines, ClaimLine{Lookup: *line.Lookup, Part: line.Part, Units: units})
		}
	}
	answer, err := t.parts.Authority.Claim(ctx, claim)
	switch {
	case errors.Is(err, ErrNoAnswer):
		decline([]Finding{{Reason: NotThisTerminal, Facts: map[string]any{"terminal": original.Entry.Terminal}}})
		return ClaimAnswer{}, nil
	case err != nil:
		return ClaimAnswer{}, err
	case !answer.Granted:
		decline(answer.Findings)
	}
	return answer, nil
}

func operatorID(operator *Operator) string {
	if operator == nil {
		return ""
	}
	return operator.ID
}

// original finds the redemption to take back, here or, by its uid, at another terminal.
func (t *Terminal) original(ctx context.Context, reversal Reversal) (record Record, elsewhere bool, err error) {
	record, err = t.ownOriginal(ctx, reversal)
	if !errors.Is(err, ErrUnknown) || reversal.UID.IsZero() {
		return record, false, err
	}
	if _, own := t.parts.Journal.ByUID(ctx, reversal.UID); !errors.Is(own, ErrUnknown) {
		return record, false, err // an entry of this terminal, and no redemption
	}
	record, err = t.parts.Authority.Redemption(ctx, reversal.UID)
	if err == nil && record.Entry.Kind != EntryRedeem {
		err = ErrUnknown
	}
	return record, true, err
}

func (t *Terminal) ownOriginal(ctx context.Context, reversal Reversal) (Record, error) {
	find := func() (Record, error) { return t.parts.Journal.ByReceipt(ctx, reversal.Receipt) }
	if !reversal.UID.IsZero() {
		find = func() (Record, error) { return t.parts.Journal.ByUID(ctx, reversal.UID) }
	}
	record, err := find()
	if err == nil && record.Entry.Kind != EntryRedeem {
		return Record{}, ErrUnknown
	}
	return record, err
}

// judgeReversal says why a redemption cannot be taken back.
func judgeReversal(original Record, lines []OutcomeLine, reversal Reversal, at Situation) []Finding {
	findings := judgeTerminal(at) // whoever has a counter that nobody trusts any more must not free what was spent at it
	standing := int64(0)
	for i, line := range original.Entry.Lines {
		if len(reversal.Parts) == 0 || slices.Contains(reversal.Parts, line.Part) {
			standing += line.Units - reversedUnits(original, i)
		}
	}
	if standing == 0 {
		findings = append(findings, Finding{Reason: AlreadyReversed, Facts: map[string]any{"receipt": original.Entry.Receipt.String()}})
	}
	if units := reversal.Units; units != nil && standing > 0 && (*units < 1 || *units > standing) {
		findings = append(findings, Finding{Reason: UnitsLimit, Facts: map[string]any{"asked": *units, "most": standing}})
	}
	manager := reversal.Operator != nil && reversal.Operator.Role.Covers(RoleManager)
	manager = manager || (reversal.Approver != nil && reversal.Approver.Role.Covers(RoleManager))
	if finding := judgeUndoing(original.Entry, reversal, manager, at); finding != nil {
		findings = append(findings, *finding)
	}
	for _, line := range lines {
		if finding := judgeWindow(original.Entry, line.Campaign.Reversal, manager, at); finding != nil {
			findings = append(findings, *finding)
			break
		}
	}
	return findings
}

// judgeUndoing says why who asks for a reversal may not have it. A technician does not reverse, whoever agrees.
func judgeUndoing(original Entry, reversal Reversal, manager bool, at Situation) *Finding {
	operator := reversal.Operator
	if operator == nil || (manager && operator.Role != RoleTechnician) || (operator.ID == original.Operator && operator.Role.Covers(RoleCashier)) {
		return nil
	}
	facts := map[string]any{"operator": operator.Name}
	switch {
	case operator.Role == RoleTechnician:
		facts["role"] = string(RoleCashier)
	case reversal.Approver != nil:
		facts["approver"] = reversal.Approver.Name
	case original.Operator != "":
		facts["by"] = original.Operator
		if name, ok := at.Operators[original.Operator]; ok {
			facts["by"] = name
		}
	}
	return &Finding{Reason: OperatorNotAllowed, Facts: facts}
}

// judgeWindow holds a reversal against the windows of an offer. A role that may never undo is another cause than one that comes too late,
// and a manager is only worth asking where one still may.
func judgeWindow(original Entry, policy ReversalPolicy, manager bool, at Situation) *Finding {
	over := func(manager bool) (time.Time, bool) {
		until := policy.until(original, at, manager)
		return until, at.elapsedSince(original) > until.Sub(original.Lower)
	}
	until, late := over(manager)
	if !late {
		return nil
	}
	_, all := over(true)
	facts := map[string]any{"receipt": original.Receipt.String()}
	switch never := policy.Cashier.Never && (!manager || policy.Manager.Never); {
	case policy.Cashier.Never && policy.Manager.Never:
		facts["never"] = string(RoleManager)
	case never && !all:
		facts["never"] = string(RoleCashier)
	case !never:
		facts["until"] = until.In(at.Zone)
	}
	if all {
		facts["over"] = "all"
	}
	return &Finding{Reason: ReversalTooLate, Facts: facts}
}

func reversedUnits(record Record, line int) int64 {
	if line < len(record.Reversed) {
		return record.Reversed[line]
	}
	return 0
}

// elapsedSince is how long ago an entry was made at most: by the machine's own count within one boot, else by the latest time it
// can be now. Moving the clock back does not make it shorter.
func (s Situation) elapsedSince(entry Entry) time.Duration {
	if s.Now.Boot == entry.Boot {
		return s.Now.Monotonic - entry.Monotonic
	}
	return s.Now.Upper.Sub(entry.Lower)
}

// until is when the window of a role ends. A manager may do all that a cashier may, so that a shorter window of his own takes nothing away.
func (p ReversalPolicy) until(entry Entry, at Situation, manager bool) time.Time {
	until := p.Cashier.until(entry, at, false)
	if own := p.Manager.until(entry, at, true); manager && own.After(until) {
		return own
	}
	return until
}

// until is when the window of an entry ends, counted from the entry's lower bound. A zero window is the role's default.
func (w ReversalWindow) until(entry Entry, at Situation, manager bool) time.Time {
	switch {
	case w.Never:
		return entry.Lower.Add(-1)
	case w.Seconds > 0:
		return entry.Lower.Add(time.Duration(w.Seconds) * time.Second)
	case w.Day || manager:
		return entry.BusinessDay.AddDays(1).Begin(at.Zone, at.Settings.Store.BusinessDayStarts)
	}
	return entry.Lower.Add(cashierWindow)
}

// reversibleUntil is when a cashier can no longer take his own redemption back: what the slip says. Zero is never.
func reversibleUntil(campaign Campaign, entry Entry, at Situation) time.Time {
	until := campaign.Reversal.Cashier.until(entry, at, false)
	if until.Before(entry.Lower) {
		return time.Time{}
	}
	return until
}

// ReversibleUntil is when the operator can no longer take the redemption back, or zero where he cannot at all. The screen counts
// down to it.
func (t *Terminal) ReversibleUntil(ctx context.Context, record Record, operator *Operator) (time.Time, error) {
	at, err := t.situation(ctx, operator, nil)
	if err != nil || record.Entry.Kind != EntryRedeem {
		return time.Time{}, err
	}
	outcome, err := t.recall(ctx, record)
	if err != nil {
		return time.Time{}, err
	}
	if findings := judgeReversal(record, outcome.Lines, Reversal{Operator: operator}, at); len(findings) > 0 {
		return time.Time{}, nil
	}
	manager := operator != nil && operator.Role.Covers(RoleManager)
	var until time.Time
	for i, line := range outcome.Lines {
		until = earlier(until, line.Campaign.Reversal.until(record.Entry, at, manager), i == 0)
	}
	return until, nil
}

// reversalDraft makes the entry and the slip of a reversal. answer is the authority's, where one was asked.
func (t *Terminal) reversalDraft(uid UID, answer ClaimAnswer, original Record, outcome Outcome, reversal Reversal, at Situation, ledger Ledger, left leftNow) (Draft, error) {
	entry := at.entry(EntryReverse, ledger)
	_, _, entry.Receipt = ledger.Next()
	entry.UID, entry.About, entry.Note = uid, original.Entry.UID, reversal.Note
	if answer.ID != "" {
		entry.Claim, entry.Assurance = answer.ID, answer.Assurance
	}
	facts := SlipFacts{Kind: SlipReversal, Original: &SlipOriginal{
		Receipt: original.Entry.Receipt, UID: original.Entry.UID, At: original.Entry.Wall}}
	var told []OutcomeLine // one for each line of the entry
	for i, line := range original.Entry.Lines {
		units := reversal.units(original, i)
		if units == 0 {
			continue
		}
		back, gone := line, reversedUnits(original, i)
		back.Original, back.Units, back.Proof = i, units, nil
		var err error
		if back.Left, err = left.after(i, line, units); err != nil {
			return Draft{}, err
		}
		back.Amount, back.Discount = backOf(line.Amount, gone, units, line.Units), backOf(line.Discount, gone, units, line.Units)
		back.Price, back.Value = backOf(line.Price, gone, units, line.Units), backOf(line.Value, gone, units, line.Units)
		entry.Lines, told = append(entry.Lines, back), append(told, outcome.Lines[i])
	}
	facts.Entry, facts.Deals = entry, dealsOf(told, entry)
	for i := range facts.Deals { // what was booked and agreed to does not stand any more
		facts.Deals[i].Terms, facts.Deals[i].Slot = nil, nil
	}
	return t.withSlip(Draft{Entry: entry}, facts, at)
}

// rowsOf finds the rows of an entry's lines.
func (t *Terminal) rowsOf(ctx context.Context, record Record) ([]Row, error) {
	rows := make([]Row, len(record.Entry.Lines))
	for i, line := range record.Entry.Lines {
		var err error
		if rows[i], err = t.rowOf(ctx, line); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// Reprint prints the slip of a redemption or a reversal again, headed DUPLICATE, and journals that it was.
func (t *Terminal) Reprint(ctx context.Context, uid UID, operator *Operator) (Record, error) {
	at, err := t.situation(ctx, operator, nil)
	if err != nil {
		return Record{}, err
	}
	original, err := t.parts.Journal.ByUID(ctx, uid)
	if err != nil {
		return Record{}, err
	}
	if original.Entry.Receipt.Number == 0 {
		return Record{}, ErrUnknown
	}
	facts, err := t.slipOf(ctx, original, at)
	if err != nil {
		return Record{}, err
	}
	reprint := t.parts.Random.UID()
	return t.parts.Journal.Append(ctx, func(ledger Ledger) (Draft, error) {
		earlier, err := ledger.Reprints(uid)
		if err != nil {
			return Draft{}, err
		}
		entry := at.entry(EntryReprint, ledger)
		entry.UID, entry.About = reprint, uid
		facts.Duplicate = earlier + 1
		job, err := t.parts.Slips.Compose(facts)
		if err != nil {
			return Draft{}, err
		}
		job.Copies = 1
		return Draft{Entry: entry, Job: &job}, nil
	})
}

// slipOf gathers again what the slip of an entry says.
func (t *Terminal) slipOf(ctx context.Context, record Record, at Situation) (SlipFacts, error) {
	if record.Entry.Totals != nil {
		return t.closeSlip(ctx, record.Entry, at)
	}
	outcome, err := t.recall(ctx, record)
	if err != nil {
		return SlipFacts{}, err
	}
	facts := SlipFacts{Kind: SlipRedemption, Settings: at.Settings, Entry: record.Entry,
		Operator: at.Operators[record.Entry.Operator], Approver: at.Operators[record.Entry.Approver]}
	facts.Deals = dealsOf(outcome.Lines, record.Entry)
	for i, line := range outcome.Lines {
		facts.ReversibleUntil = earlier(facts.ReversibleUntil, reversibleUntil(line.Campaign, record.Entry, at), i == 0)
	}
	if bill := record.Entry.Bill; bill != nil {
		left := *bill
		for _, line := range record.Entry.Lines {
			for _, money := range []*Money{line.Discount, line.Amount} {
				if money != nil {
					left.Minor = max(0, left.Minor-money.Minor)
				}
			}
		}
		facts.LeftToPay = &left
	}
	if record.Entry.Kind != EntryReverse {
		return facts, nil
	}
	facts.Kind = SlipReversal
	original, err := t.parts.Journal.ByUID(ctx, record.Entry.About)
	if errors.Is(err, ErrUnknown) { // of another terminal
		original, err = t.parts.Authority.Redemption(ctx, record.Entry.About)
	}
	if errors.Is(err, ErrUnknown) || errors.Is(err, ErrNoAnswer) {
		facts.Original = &SlipOriginal{UID: record.Entry.About}
		return facts, nil
	}
	if err != nil {
		return SlipFacts{}, err
	}
	facts.Original = &SlipOriginal{Receipt: original.Entry.Receipt, UID: original.Entry.UID, At: original.Entry.Wall}
	return facts, nil
}

// Recent returns the newest redemptions and reversals of this terminal, the newest first. Those that a damaged journal still shows come with
// the error.
func (t *Terminal) Recent(ctx context.Context, limit int) ([]Record, error) {
	return t.parts.Journal.Recent(ctx, limit)
}
