package cloud

import (
	"bytes"
	"fmt"

	"countersign/sync/api"
	"countersign/terminal"
)

// CauseFork is the fact cause of a terminal_suspended that a copied or restored journal is the reason of.
const CauseFork = "fork"

// ForkFinding says that a terminal's claims are not granted until a manager has said which of its journals is real.
func ForkFinding() terminal.Finding {
	return terminal.Finding{Reason: terminal.TerminalSuspended, Facts: map[string]any{"cause": CauseFork}}
}

// ForkNote tells a manager what a fork means and what to do. seq is the entry where the journals part.
func ForkNote(t Terminal, seq uint64) string {
	return fmt.Sprintf("The journal of terminal %s of store %s parts at entry %d from what the cloud has: its data folder was copied, or an older "+
		"one was put back. Find out which machine is real, then run countersign-cloud readmit %s/%s.", t.Name, t.Store, seq, t.Store, t.Name)
}

// Behind reports whether a journal's end, as its terminal says it, is not where the cloud's copy of it goes through: hash is what the cloud
// has at the end's sequence number, and empty where it has nothing there yet. Other says that another entry is there; short that the
// journal ends before the cloud's head, which alone may only be a request that arrives late.
func Behind(end api.Head, head uint64, hash []byte) (other, short bool) {
	if end.Seq > head {
		return false, false
	}
	return !bytes.Equal(end.Hash, hash), end.Seq < head
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
		worth := AtRisk(line, line.Units)
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
}
