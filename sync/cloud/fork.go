package cloud

import (
	"cmp"
	"fmt"
	"time"

	"countersign/terminal"
)

// The fact cause of a terminal_suspended that has to do with the terminal's journal.
const (
	CauseFork  = "fork"  // it parts from what is here: the terminal has to begin a new epoch first
	CauseClone = "clone" // a manager said that another machine with the same key is the real one
)

// JournalFinding says that a claim is not granted because of the terminal's journal.
func JournalFinding(cause string) terminal.Finding {
	return terminal.Finding{Reason: terminal.TerminalSuspended, Facts: map[string]any{"cause": cause}}
}

// CloneNote tells a manager what a copy means and what to do.
func CloneNote(t Terminal) string {
	return fmt.Sprintf("The key of terminal %s of store %s is in use on two machines: its data folder was copied and started beside the first. Both "+
		"honour only what the cloud confirms. Find out which machine is real, then run countersign-cloud readmit %s/%s --machine ID.",
		t.Name, t.Store, t.Store, t.Name)
}

// RestoreNote tells a manager what a restored journal means. seq is the first entry that it lacks, left how many of these are here, times how
// often it was restored, and all how many entries that left behind in all.
func RestoreNote(t Terminal, seq uint64, left int64, times int, all int64) string {
	note := restoreNote(t, seq, left)
	if times > 1 {
		note = fmt.Sprintf("It was restored %d times, which left %d entries behind in all; the last time: %s", times, all, note)
	}
	return note
}

func restoreNote(t Terminal, seq uint64, left int64) string {
	if left == 0 {
		return fmt.Sprintf("The journal of terminal %s of store %s was restored from a backup. What was sent counts; what was honoured and had "+
			"not been sent when the old disk was lost is known to nobody. Compare the day's paper slips with the report, then run countersign-cloud "+
			"readmit %s/%s.", t.Name, t.Store, t.Store, t.Name)
	}
	return fmt.Sprintf("The journal of terminal %s of store %s was restored from a backup that ends before entry %d. The %d entries after it stay here and "+
		"count; what was honoured and had not been sent when the old disk was lost is known to nobody. Compare the day's paper slips with the "+
		"report, then run countersign-cloud readmit %s/%s.", t.Name, t.Store, seq, left, t.Store, t.Name)
}

// GapNote tells a manager what a gap means and what to do.
func GapNote(t Terminal, seq uint64, pending int64) string {
	return fmt.Sprintf("Entry %d is gone from the journal of terminal %s of store %s, and the %d entries after it cannot be proven: somebody wrote into the "+
		"file, or the disk lost it. Keep the folder as evidence, restore its newest backup, and compare the day's paper slips with the report.",
		seq, t.Name, t.Store, pending)
}

// CloudRestoreNote tells a manager what a restored cloud means.
func CloudRestoreNote() string {
	return "The cloud's database was restored from an older backup. Every terminal fills its cache again and sends again what it had sent since that " +
		"backup: nothing that a terminal recorded is lost. Vouchers, terminals, rules, tokens and webhooks that were made since have to be made again, and vouchers that were withdrawn, campaigns " +
		"that were paused and terminals that were suspended since are so no more, and admin tokens that were ended and keys that were revoked since are good again: do that again first. Until then, redemptions of such vouchers are invalid here. Until every terminal has sent, for at most 7 days, what the cloud grants is honoured by the offers' " +
		"offline policy and marked offline; countersign-cloud terminals says which are awaited. Suspend one that will not come back."
}

// ClockNote tells a manager what a moved clock means.
func ClockNote(t Terminal, by time.Duration) string {
	direction := "forward"
	if by < 0 {
		direction = "back"
	}
	return fmt.Sprintf("The clock of terminal %s of store %s was moved %s by %s. What expires is judged by the cloud's time, and hours of the day by this "+
		"clock: look at what was redeemed or turned away since, and switch the automatic setting of date and time on.",
		t.Name, t.Store, direction, by.Abs().Round(time.Second))
}

// ForkNote tells a manager what a fork means and what to do. seq is the entry where the journals part.
func ForkNote(t Terminal, seq uint64) string {
	return fmt.Sprintf("The journal of terminal %s of store %s parts at entry %d from what the cloud has: its data folder was copied, or an older "+
		"one was put back. Both are judged and count, and the terminal goes on in a new epoch. Look through what is listed here, then run "+
		"countersign-cloud readmit %s/%s.", t.Name, t.Store, seq, t.Store, t.Name)
}

// Stake is what the redemptions of a branch are about: all units, and what they are worth where that is in one currency.
type Stake struct {
	Units  int64
	AtRisk *terminal.Money
	mixed  bool
}

// Add counts a redemption in.
func (s *Stake) Add(e terminal.Entry) {
	for _, line := range e.Lines {
		if line.Units < 1 || line.Units > unitsMost {
			continue
		}
		s.Units = terminal.AddUnitsUpTo(s.Units, line.Units)
		s.Put(AtRisk(line, line.Units))
	}
}

// Put adds what something is worth; nil is what nobody knows.
func (s *Stake) Put(worth *terminal.Money) {
	switch {
	case worth == nil || s.mixed:
	case s.AtRisk == nil:
		s.AtRisk = &terminal.Money{Minor: worth.Minor, Currency: worth.Currency}
	default:
		sum, err := s.AtRisk.AddUpTo(*worth)
		if s.AtRisk = &sum; err != nil { // another currency
			s.AtRisk, s.mixed = nil, true
		}
	}
}

// Worth is what units of a voucher are worth: their share of its price, else of its value, of a balance themselves; nil where nobody said.
func Worth(v terminal.Voucher, campaign terminal.Campaign, units int64) *terminal.Money {
	line := terminal.EntryLine{Units: v.Units, Price: cmp.Or(v.Price, campaign.Price), Value: cmp.Or(v.Value, campaign.Value)}
	switch campaign.Kind {
	case terminal.KindBalance:
		line = terminal.EntryLine{Units: units, Amount: &terminal.Money{Minor: units, Currency: campaign.Currency}}
	case terminal.KindPickup:
		line.Units = int64(len(v.Lines))
	}
	return AtRisk(line, units)
}
