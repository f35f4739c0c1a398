package cloud

import (
	"cmp"
	"crypto/hmac"
	"slices"

	"countersign/sync/api"
	"countersign/terminal"
	"countersign/terminal/token"
)

// Account is one voucher, or one part of a pickup, as the cloud counts it at the moment a claim or an entry is judged. It is pure
// arithmetic: every storage engine loads one, asks it, and stores what it says.
//
// Units that were redeemed without proof of presentation (verdict invalid) are facts, but they use nothing up: else a thief
// with a terminal's whole cache could spend all vouchers in it. All other units do, whatever their verdict.
type Account struct {
	Total     int64 // all units there are
	Redeemed  int64 // by entries: accepted, overrun and revoked
	Reversed  int64 // of those
	Withdrawn bool  // refunded, revoked or disabled, or signed with a key that was revoked
	Held      int64 // by claims for other entries than the one that is judged
	Own       int64 // by the claim for the entry that is judged
	Returned  int64 // of the entry that is judged, by reversals that came before it: those units use nothing up
}

// Net is the units used up.
func (a Account) Net() int64 { return a.Redeemed - a.Reversed }

// Left is the units that journals have not used up: max(0, total − net redeemed).
func (a Account) Left() int64 { return max(0, a.Total-a.Net()) }

// Free is the units that are neither used up nor held by others.
func (a Account) Free() int64 { return max(0, a.Total-a.Net()-a.Held) }

// Judge gives the verdict on units that an entry redeemed, and the account afterwards. Units that the entry's own claim holds are
// accepted whatever happened since; others share what is free, unless the voucher was withdrawn. What a hold keeps for another
// entry is not free: who asked first comes first. What does not fit and was taken back before the entry came is accepted all the same.
func (a Account) Judge(units int64, proven bool) (terminal.LineVerdict, Account) {
	if units < 1 || !proven || units > unitsMost {
		return terminal.LineVerdict{Invalid: max(units, 0)}, a
	}
	verdict := terminal.LineVerdict{Accepted: min(units, a.Own)}
	rest := units - verdict.Accepted
	a.Own -= verdict.Accepted
	a.Redeemed += verdict.Accepted
	if a.Withdrawn {
		verdict.Revoked = rest
	} else {
		fit := min(rest, a.Free())
		back := min(rest-fit, a.Returned)
		a.Returned -= back
		verdict.Accepted += fit + back
		verdict.Overrun = rest - fit - back
	}
	a.Redeemed += rest
	return verdict, a
}

// unitsMost is more than any voucher has; a line with more is nonsense, and could make sums overflow.
const unitsMost = 1 << 50

// Reversal is what a reversal does to the line that it reverses.
type Reversal struct {
	Effective int64 // units taken back
	Void      int64 // units that exceed what was left to reverse
	Freed     int64 // of the effective ones, units that had used the voucher up
}

// Reverse takes units of a redeemed line back. Invalid lines are reversed as well, which frees nothing.
func Reverse(line RedemptionLine, units int64) Reversal {
	units = max(units, 0)
	effective := min(units, max(0, line.Units-line.Reversed))
	reversal := Reversal{Effective: effective, Void: units - effective, Freed: effective}
	if line.Invalid > 0 {
		reversal.Freed = 0
	}
	return reversal
}

// Debt is one open exception of a voucher: units that are not paid off yet.
type Debt struct {
	ID   string
	Kind api.ExceptionKind
	Own  bool // of the line that is reversed
	Open int64
}

// Payment pays off units of an exception.
type Payment struct {
	ID    string
	Units int64
}

// PayOff says which exceptions a reversal of units pays off: overruns first, those of the reversed line before others, the oldest
// first; then what else stands against the reversed line. debts come oldest first.
func PayOff(debts []Debt, units int64) []Payment {
	order := slices.Clone(debts)
	slices.SortStableFunc(order, func(a, b Debt) int {
		return cmp.Or(rank(b.Kind == api.ExceptionOverrun, a.Kind == api.ExceptionOverrun), rank(b.Own, a.Own))
	})
	var payments []Payment
	for _, debt := range order {
		if debt.Kind != api.ExceptionOverrun && !debt.Own {
			continue
		}
		if pay := min(units, debt.Open); pay > 0 {
			payments = append(payments, Payment{debt.ID, pay})
			units -= pay
		}
	}
	return payments
}

func rank(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Relief is how many overrun units are excused when holds are released that had stood in their way: an overrun never exceeds what
// is used and held beyond the total.
func (a Account) Relief(openOverrun int64) int64 {
	return max(0, openOverrun-max(0, a.Net()+a.Held-a.Total))
}

// Overall is the verdict of an entry: the first in the published order that any of its units got, other than accepted.
func Overall(lines []terminal.LineVerdict) terminal.Verdict {
	overall := terminal.Accepted
	for _, line := range lines {
		switch {
		case line.Overrun > 0:
			return terminal.Overrun
		case line.Revoked > 0:
			overall = terminal.Revoked
		case line.Invalid > 0 && overall == terminal.Accepted:
			overall = terminal.Invalid
		}
	}
	return overall
}

// Proven reports whether proof shows that the code with this inner hash was presented for uid.
func Proven(inner [32]byte, uid terminal.UID, proof []byte) bool {
	return hmac.Equal(token.Proof(inner, uid), proof)
}

// ProvenInOrder reports whether proof shows for uid that the code of a voucher was presented, or that of another voucher of its order in
// the same claim or entry: one code stands for the whole order.
func ProvenInOrder(of Shown, all []Shown, uid terminal.UID, proof []byte) bool {
	if Proven(of.Inner, uid, proof) {
		return true
	}
	return of.Order != "" && slices.ContainsFunc(all, func(other Shown) bool {
		return other.Order == of.Order && Proven(other.Inner, uid, proof)
	})
}

// Shown is what proves that a voucher was presented, and the order that it belongs to.
type Shown struct {
	Inner [32]byte
	Order string
}

// TotalOf is how many units a voucher, or a part of it, can be used for: of a pickup each line once.
func TotalOf(v terminal.Voucher, kind terminal.Kind, part string) int64 {
	if kind != terminal.KindPickup {
		if part != "" {
			return 0
		}
		return v.Units
	}
	for _, line := range v.Lines {
		if line.ID == part {
			return 1
		}
	}
	return 0
}

// AtRisk is what units of an entry's line are worth: the price, else the value, else the amount, of its units in proportion.
func AtRisk(line terminal.EntryLine, units int64) *terminal.Money {
	worth := line.Price
	if worth == nil {
		worth = line.Value
	}
	if worth == nil {
		worth = line.Amount
	}
	if worth == nil || line.Units < 1 || units < 1 || units > line.Units || worth.Minor < 0 {
		return nil
	}
	if worth.Minor == line.Units {
		return &terminal.Money{Minor: units, Currency: worth.Currency}
	}
	if line.Units > 1_000_000 {
		return worth
	}
	share := worth.Share(units, line.Units)
	return &share
}

// SortFindings puts findings into the published order of reasons.
func SortFindings(findings []terminal.Finding) {
	slices.SortStableFunc(findings, func(a, b terminal.Finding) int {
		return cmp.Compare(slices.Index(terminal.Reasons, a.Reason), slices.Index(terminal.Reasons, b.Reason))
	})
}

// JudgeClaim says why units cannot be held, or returns nil. use is the last use that anybody knows of, holder who holds units now.
func (a Account) JudgeClaim(units int64, kind terminal.Kind, currency string, use, holder map[string]any) *terminal.Finding {
	if units >= 1 && units <= a.Free() {
		return nil
	}
	facts := map[string]any{"units": units, "total": a.Total}
	reason := terminal.HeldElsewhere
	from := holder
	if units < 1 || a.Left() < units {
		reason, from = terminal.AlreadyRedeemed, use
		switch kind {
		case terminal.KindPass:
			reason = terminal.UsesExhausted
		case terminal.KindBalance:
			reason = terminal.InsufficientBalance
		}
	}
	for key, value := range from {
		facts[key] = value
	}
	facts["left"], facts["asked"] = any(a.Free()), any(units)
	if kind == terminal.KindBalance {
		facts["left"] = terminal.Money{Minor: a.Free(), Currency: currency}
		facts["asked"] = terminal.Money{Minor: units, Currency: currency}
	}
	return &terminal.Finding{Reason: reason, Facts: facts}
}
