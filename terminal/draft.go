package terminal

import (
	"context"
	"errors"
	"time"
)

// entry begins an entry of the bill: everything but its lines and what its kind adds.
func (b *bill) entry(kind EntryKind, ledger Ledger) Entry {
	entry := b.at.entry(kind, ledger)
	entry.Bill, entry.Cursor = b.req.Bill, b.fresh.Cursor
	for _, row := range b.rows {
		entry.PolicyVersion = max(entry.PolicyVersion, row.Campaign.PolicyVersion)
	}
	return entry
}

// entry begins an entry made in this situation.
func (s Situation) entry(kind EntryKind, ledger Ledger) Entry {
	epoch, seq, _ := ledger.Next()
	entry := Entry{
		Merchant: s.Settings.Merchant.ID, Store: s.Settings.Store.ID, Terminal: s.Settings.Terminal,
		Epoch: epoch, Seq: seq, Kind: kind,
		Wall: s.Now.Wall.In(s.Zone), Lower: s.Now.Lower, Upper: s.Now.Upper, Boot: s.Now.Boot, Monotonic: s.Now.Monotonic,
		BusinessDay: s.Day(), KnownHead: ledger.KnownHead(),
	}
	if s.Operator != nil {
		entry.Operator = s.Operator.ID
	}
	if s.Approver != nil && (s.Operator == nil || s.Operator.ID != s.Approver.ID) { // nobody is his own second person
		entry.Approver = s.Approver.ID
	}
	return entry
}

// draft makes the entry and the slip of an approved bill.
func (t *Terminal) draft(b *bill, ledger Ledger) (Draft, error) {
	_, _, receipt := ledger.Next()
	entry := b.entry(EntryRedeem, ledger)
	entry.UID, entry.Receipt, entry.Assurance, entry.Claim = b.req.UID, receipt, b.assurance, b.claimID
	if b.assurance == Leased {
		entry.Lease = b.leaseIDs
	}
	facts := SlipFacts{Kind: SlipRedemption, LeftToPay: b.outcome.LeftToPay}
	risk := Money{0, b.at.Settings.Merchant.Currency}
	var told []OutcomeLine // one for each line of the entry
	for i, line := range b.outcome.Lines {
		for _, entryLine := range b.entryLines(b.of[i], line) {
			each := line
			each.Parts = line.Voucher.part(entryLine.Part)
			entry.Lines, told = append(entry.Lines, entryLine), append(told, each)
		}
		risk.Minor += line.atRisk().Minor
		facts.ReversibleUntil = earlier(facts.ReversibleUntil, reversibleUntil(line.Campaign, entry, b.at), i == 0)
	}
	if err := settleShares(b.outcome.Lines, &entry, ledger); err != nil {
		return Draft{}, err
	}
	facts.Deals = dealsOf(told, entry)
	draft := Draft{Entry: entry}
	if b.assurance == Offline {
		draft.AtRisk = &risk
	}
	facts.Entry = entry
	return t.withSlip(draft, facts, b.at)
}

// withSlip composes the slip that goes with a draft, where the store prints one.
func (t *Terminal) withSlip(draft Draft, facts SlipFacts, at Situation) (Draft, error) {
	if at.Settings.Store.Print == "never" {
		return draft, nil
	}
	facts.Settings = at.Settings
	facts.Operator, facts.Approver = at.Operators[draft.Entry.Operator], at.Operators[draft.Entry.Approver]
	job, err := t.parts.Slips.Compose(facts)
	if err != nil {
		return Draft{}, err
	}
	job.Copies = max(1, at.Settings.Store.Copies)
	job.Hold = job.Hold || at.Settings.Store.Print == "ask"
	draft.Job = &job
	return draft, nil
}

func earlier(a, b time.Time, first bool) time.Time {
	if first || b.Before(a) {
		return b
	}
	return a
}

// entryLines are the entry's lines for the i-th voucher: one, or one for each line of an order that is handed over.
func (b *bill) entryLines(i int, line OutcomeLine) []EntryLine {
	candidate := b.candidate(i)
	lookup := line.Voucher.Lookup
	base := EntryLine{Voucher: line.Voucher.ID, Campaign: line.Campaign.ID, Kind: line.Campaign.Kind, Units: line.Units,
		Amount: line.Amount, Discount: line.Discount, Price: line.price(), Value: line.value(), Left: line.Left,
		Proof: candidate.Proof(b.req.UID), Lookup: &lookup, Masked: b.shown[i].Masked}
	if len(line.Parts) == 0 {
		return []EntryLine{base}
	}
	lines := make([]EntryLine, len(line.Parts))
	for n, part := range line.Parts {
		lines[n] = base
		lines[n].Part, lines[n].Units, lines[n].Left = part.ID, 1, line.Left+int64(len(line.Parts)-1-n)
		one := line
		one.Units, one.Left = 1, lines[n].Left
		lines[n].Price, lines[n].Value = one.price(), one.value()
	}
	return lines
}

// recall rebuilds the outcome of an entry that is in the journal: of a uid that was redeemed before, of a slip to print again. It has a
// line for each line of the entry: see gathered.
func (t *Terminal) recall(ctx context.Context, record Record) (Outcome, error) {
	outcome := Outcome{Choice: Approved, Bill: record.Entry.Bill, Record: &record}
	settings, err := t.Settings(ctx)
	if err != nil {
		return Outcome{}, err
	}
	zone, err := settings.Store.Location()
	if err != nil {
		return Outcome{}, err
	}
	if record.Entry.Kind == EntryDecline {
		outcome.Choice = Declined
		for _, reason := range record.Entry.Reasons {
			outcome.Findings = append(outcome.Findings, Finding{Reason: reason})
		}
	}
	for _, entryLine := range record.Entry.Lines {
		line := OutcomeLine{Masked: entryLine.Masked, Units: entryLine.Units, Amount: entryLine.Amount, Discount: entryLine.Discount,
			Left: entryLine.Left}
		row, err := t.rowOf(ctx, entryLine)
		if err != nil {
			return Outcome{}, err
		}
		line.Voucher, line.Campaign = row.Voucher, row.Campaign
		line.Voucher.Slot = row.Voucher.Slot.in(zone)
		line.Parts = line.Voucher.part(entryLine.Part)
		outcome.Lines = append(outcome.Lines, line)
		outcome.Masked = outcome.Lines[0].Masked
	}
	return outcome, nil
}

// rowOf finds the row of an entry's line. Where the cache has forgotten it, what the entry itself says must do.
func (t *Terminal) rowOf(ctx context.Context, line EntryLine) (Row, error) {
	row := Row{
		Voucher:  Voucher{ID: line.Voucher, Campaign: line.Campaign, Units: line.Units + line.Left, Price: line.Price, Value: line.Value},
		Campaign: Campaign{ID: line.Campaign, Name: Text{"en": line.Campaign}, Kind: line.Kind},
	}
	if line.Amount != nil {
		row.Campaign.Currency = line.Amount.Currency
	}
	if line.Lookup == nil {
		return row, nil
	}
	row.Voucher.Lookup = *line.Lookup
	found, err := t.parts.Cache.Find(ctx, []Lookup{*line.Lookup})
	if !errors.Is(err, ErrUnknown) {
		return found, err
	}
	// The row came with an answer of the cloud, or never: the campaign and its rules can still be here.
	campaign, err := t.parts.Cache.Campaign(ctx, line.Campaign)
	if err == nil {
		row.Campaign = campaign
	} else if !errors.Is(err, ErrUnknown) {
		return Row{}, err
	}
	return row, nil
}
