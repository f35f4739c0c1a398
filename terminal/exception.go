package terminal

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Exception is something that a manager must look at, as the cloud tells it: a voucher used more often than it allows, say.
type Exception struct {
	ID   string `json:"id"`
	Kind string `json:"kind"` // overrun, revoked, invalid, reversal_excess, customer_limit, campaign_limit, journal_fork, journal_chain, journal_gap,
	// journal_restore, clone, clock, cloud_restore
	State    string          `json:"state"` // open, closed
	OpenedAt time.Time       `json:"opened_at"`
	ClosedAt *time.Time      `json:"closed_at,omitempty"`
	Owner    string          `json:"owner,omitempty"` // who looks after it
	Voucher  VoucherID       `json:"voucher,omitempty"`
	Part     string          `json:"part,omitempty"`
	Campaign string          `json:"campaign,omitempty"`
	Units    int64           `json:"units"`
	Paid     int64           `json:"paid"` // of Units: paid off by reversals since
	AtRisk   *Money          `json:"at_risk,omitempty"`
	Uses     []ExceptionUse  `json:"uses"` // that met; of an overrun, the one the cloud had first comes first
	Note     string          `json:"note,omitempty"`
	Cause    string          `json:"cause,omitempty"` // of an overrun: restore, machines; of an invalid one: unknown; "" for any other
	Limit    *ExceptionLimit `json:"limit,omitempty"` // of customer_limit and campaign_limit
	// Of a journal's, a machine's or a clock's:
	Store    string    `json:"store,omitempty"`    // the id of the store of the terminal that it is about
	Terminal string    `json:"terminal,omitempty"` // the terminal
	Entry    uint64    `json:"entry,omitempty"`    // where the journal parts, lacks an entry, or says that the clock was moved
	Seconds  int64     `json:"seconds,omitempty"`  // by how much the clock was moved; forward is positive
	Machines []Machine `json:"machines,omitempty"` // that use the terminal's key
	See      []string  `json:"see,omitempty"`      // the ids of other open exceptions that have to do with the same
	// Of a fork and a restore:
	Shared    *Money `json:"shared,omitempty"`    // of AtRisk: what other open exceptions count as well
	Undecided bool   `json:"undecided,omitempty"` // neither line of the journal is left behind yet: both go on, or one has to begin its epoch first
	// Of a fork, a restore, a clone and a cloud that was put back:
	Stake   []ExceptionStake `json:"stake,omitempty"`   // what it may cost, by what is known; AtRisk is what it comes to
	History []ExceptionEvent `json:"history,omitempty"` // what happened to the journal, the oldest first
}

// ValueAtRisk is what open exceptions may cost together, a currency each, in the order of their names. What several of them count is counted
// once.
func ValueAtRisk(all []Exception) []Money {
	sums := map[string]Money{}
	for _, x := range all {
		if x.State != "open" || x.AtRisk == nil {
			continue
		}
		part := *x.AtRisk
		if x.Shared != nil && x.Shared.Currency == part.Currency {
			part.Minor = max(part.Minor-x.Shared.Minor, 0)
		}
		sum, err := Money{Currency: part.Currency, Minor: sums[part.Currency].Minor}.AddUpTo(part)
		if err == nil {
			sums[part.Currency] = sum
		}
	}
	return slices.SortedFunc(maps.Values(sums), func(a, b Money) int { return strings.Compare(a.Currency, b.Currency) })
}

// ExceptionStake is a part of what an exception may cost.
type ExceptionStake struct {
	What      string `json:"what"`                // redeemed, claims, leases, offline, unsent; of cloud_restore resent, claims, lent, awaited
	Count     int64  `json:"count"`               // redemptions, claims, units, redemptions at most (0: only their worth is limited), entries
	Worth     *Money `json:"worth,omitempty"`     // nil where nobody knows
	Unlimited bool   `json:"unlimited,omitempty"` // of offline: an offer's policy sets no limit
}

// ExceptionEvent is something that happened to a terminal's journal.
type ExceptionEvent struct {
	At    time.Time `json:"at"`              // when the cloud heard of it
	Kind  string    `json:"kind"`            // journal_fork, journal_restore
	Entry uint64    `json:"entry,omitempty"` // where it parts from what the cloud has
	Left  int64     `json:"left,omitempty"`  // entries that the cloud has and the journal that goes on does not
	Epoch uint32    `json:"epoch,omitempty"` // in which it goes on; 0 until it does
}

// Said is the event in words.
func (e ExceptionEvent) Said(words Words) string {
	facts := map[string]any{}
	for name, n := range map[string]int64{"entry": int64(e.Entry), "left": e.Left, "epoch": int64(e.Epoch)} {
		if n > 0 {
			facts[name] = n
		}
	}
	return words.Say("exception."+e.Kind+".event", facts)
}

// Machine is one of several machines that use a terminal's key.
type Machine struct {
	ID      string    `json:"id"`
	Since   time.Time `json:"since"`          // when its newest start was first heard
	Seen    time.Time `json:"seen"`           // when it was last heard
	Head    uint64    `json:"head,omitempty"` // the last entry that it sent
	Refused bool      `json:"refused,omitempty"`
}

// Stakes are the parts of what the exception may cost, in words.
func (x Exception) Stakes(words Words) (parts []string) {
	for _, part := range x.Stake {
		facts := map[string]any{}
		if part.Count > 0 {
			facts["count"] = part.Count
		}
		if part.Worth != nil {
			facts["worth"] = *part.Worth
		}
		key := "exception.stake." + part.What
		switch {
		case part.Unlimited:
			key += ".unlimited"
		case part.What == "redeemed" && x.Undecided:
			key += ".undecided"
		}
		parts = append(parts, words.Say(key, facts))
	}
	return parts
}

// staked is what the exception may cost in all, and its parts, in words.
func (x Exception) staked(words Words) string {
	parts := x.Stakes(words)
	all := parts[0]
	for _, part := range parts[1:] {
		all = words.Say("exception.stake.and", map[string]any{"first": all, "second": part})
	}
	facts := map[string]any{"parts": all}
	key := "exception.stake.unknown"
	if x.AtRisk != nil {
		key, facts["amount"] = "exception.stake.most", *x.AtRisk
		if x.Unlimited() {
			key = "exception.stake.more"
		}
	}
	return words.Say(key, facts)
}

// Unlimited reports that AtRisk is no most: a part of what the exception may cost has no limit.
func (x Exception) Unlimited() bool {
	return slices.ContainsFunc(x.Stake, func(part ExceptionStake) bool { return part.Unlimited })
}

// Advice is the end of the key of what to do about a use that is an exception, by what caused it.
func (x Exception) Advice() string {
	switch x.Kind + " " + x.Cause {
	case "overrun restore", "overrun machines", "invalid unknown":
		return x.Kind + "." + x.Cause + ".do"
	}
	return x.Kind + ".do"
}

// Told is what happened, what it may cost and what to do about it, in words; "" for what is not known.
func (x Exception) Told(words Words) (title, cost, do string) {
	facts := map[string]any{"terminal": x.Terminal, "seconds": x.Seconds}
	if x.Store != "" {
		facts["terminal"] = x.Store + "/" + x.Terminal
	}
	if x.Entry > 0 {
		facts["entry"] = int64(x.Entry)
	}
	say := func(part string) string {
		key := "exception." + x.Kind + "." + part
		if said := words.Say(key, facts); said != key {
			return said
		}
		return ""
	}
	if title = say("title"); title == "" { // of a use: said as the day's list says it
		day := func(key string) string {
			if said := words.Say(key, nil); said != key {
				return said
			}
			return ""
		}
		return day("day.task." + x.Kind), "", day("day.task." + x.Advice())
	}
	cost = say("cost")
	if len(x.Stake) > 0 && cost != "" {
		cost += " " + x.staked(words)
	}
	if x.Shared != nil {
		cost += " " + words.Say("exception.shared", map[string]any{"amount": *x.Shared})
	}
	return title, cost, say("do")
}

// SeeAlso names the others that have to do with the same, in words; "" for none.
func (x Exception) SeeAlso(words Words) string {
	if len(x.See) == 0 {
		return ""
	}
	return words.Say("exception.see", map[string]any{"ids": strings.Join(x.See, ", ")})
}

// Counted is how many units it is about, and how many of them are paid off, in words; of a balance, how much money. "" for none.
func (x Exception) Counted(words Words) string {
	if x.Units < 1 {
		return ""
	}
	facts := map[string]any{"count": x.Units}
	if x.Paid > 0 {
		facts["paid"] = x.Paid
	}
	currency := x.Currency()
	if currency == "" {
		return words.Say("exception.units", facts)
	}
	facts["amount"] = Money{Minor: x.Units, Currency: currency}
	if x.Paid > 0 {
		facts["paid"] = Money{Minor: x.Paid, Currency: currency}
	}
	return words.Say("exception.money", facts)
}

// Currency is what the units are minor units of; "" where they are none of a balance.
func (x Exception) Currency() string {
	if x.Voucher == 0 || len(x.Uses) == 0 { // of a journal's, what was left behind may be of several offers
		return ""
	}
	if last := x.Uses[len(x.Uses)-1]; last.Amount != nil && last.Amount.Minor == last.Units {
		return last.Amount.Currency
	}
	return ""
}

// ExceptionLimit is the limit that terminals exceeded while they were apart: at most Count per Per, and Used when it was noticed, as
// Kind.Counted counts.
type ExceptionLimit struct {
	Count int64  `json:"count"`
	Per   Period `json:"per"`
	Used  int64  `json:"used"`
}

// ExceptionUse is one of the uses that met in an exception, at whichever terminal.
type ExceptionUse struct {
	UID          UID       `json:"uid"`
	Receipt      string    `json:"receipt,omitempty"`
	Store        string    `json:"store"` // its id
	StoreName    string    `json:"store_name,omitempty"`
	Terminal     string    `json:"terminal"`
	Operator     string    `json:"operator,omitempty"` // the id
	OperatorName string    `json:"operator_name,omitempty"`
	At           time.Time `json:"at"` // by the terminal's own clock: evidence only
	Assurance    Assurance `json:"assurance"`
	Units        int64     `json:"units"`
	Amount       *Money    `json:"amount,omitempty"`
	Held         bool      `json:"held,omitempty"` // by a claim; no entry has arrived for it yet
}
