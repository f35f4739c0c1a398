package terminal

import (
	"context"
	"fmt"
	"slices"
)

// answer journals a decline and gives the outcome back.
func (t *Terminal) answer(ctx context.Context, b *bill) (Outcome, error) {
	if b.outcome.Choice != Declined {
		return b.outcome, nil
	}
	record, err := t.parts.Journal.Append(ctx, func(ledger Ledger) (Draft, error) {
		entry := b.entry(EntryDecline, ledger)
		if entry.UID = t.parts.Random.UID(); len(b.outcome.Lines) == 0 {
			entry.Lines = b.unknownLines()
		}
		for i, line := range b.outcome.Lines {
			entry.Lines = append(entry.Lines, b.declinedLine(b.of[i], line))
		}
		for _, finding := range b.outcome.Findings {
			if !slices.Contains(entry.Reasons, finding.Reason) {
				entry.Reasons = append(entry.Reasons, finding.Reason)
			}
		}
		entry.Reason = entry.Reasons[0]
		b.blame(&entry)
		return Draft{Entry: entry}, nil
	})
	if err != nil {
		return b.outcome, fmt.Errorf("the decline could not be written down: %w", err)
	}
	b.outcome.Record = &record
	return b.outcome, nil
}

// declinedLine records which voucher was turned away, and how much of it.
func (b *bill) declinedLine(i int, line OutcomeLine) EntryLine {
	lookup := line.Voucher.Lookup
	return EntryLine{Voucher: line.Voucher.ID, Campaign: line.Campaign.ID, Kind: line.Campaign.Kind, Units: line.Units,
		Amount: line.Amount, Left: line.Left, Lookup: &lookup, Masked: b.shown[i].Masked}
}

// blame notes at each line of a bill that was turned away what is wrong with it. Where nothing is wrong with any of them alone, the bill's
// reasons are all that is to be said.
func (b *bill) blame(entry *Entry) {
	if len(entry.Lines) < 2 {
		return
	}
	for i := range entry.Lines {
		var findings []Finding
		switch {
		case len(b.outcome.Lines) > 0:
			findings = slices.Clone(b.outcome.Lines[i].Findings)
		case i < len(b.faults):
			findings = slices.Clone(b.faults[i])
		}
		sortFindings(findings)
		for _, reason := range reasonsOf(findings) {
			if slices.Contains(entry.Reasons, reason) { // else a manager agreed to it
				entry.Lines[i].Reasons = append(entry.Lines[i].Reasons, reason)
			}
		}
	}
}

// unknownLines record what was shown where no voucher was found: its keyed hash where it could be a code, and its last symbols.
func (b *bill) unknownLines() []EntryLine {
	var lines []EntryLine
	for _, presented := range b.shown {
		line := EntryLine{Masked: presented.Masked}
		if len(presented.Candidates) > 0 {
			lookup := presented.Candidates[0].Lookup
			line.Lookup = &lookup
		}
		lines = append(lines, line)
	}
	return lines
}
