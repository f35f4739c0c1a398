package terminal

import (
	"context"
	"errors"
	"strings"
	"time"
)

// Lease is what the cloud reserved to this terminal until a time: units of a voucher, or, where Voucher is 0, of what its campaign
// may count on one business day. Expiry ends spending and nothing else: the units are the terminal's until the cloud has its journal
// past the expiry, or its word that it will spend no more.
type Lease struct {
	ID       string    `json:"id"`
	Voucher  VoucherID `json:"voucher,omitempty"`
	Part     string    `json:"part,omitempty"` // of a pickup
	Campaign string    `json:"campaign"`
	Day      Date      `json:"day"` // the store's business day that it is for
	Units    int64     `json:"units"`
	Expires  time.Time `json:"expires"`
	Epoch    uint32    `json:"epoch"` // of the journal: a lease is void in every other
	// After is the last entry of the journal that was written before the lease was asked for. Whatever this terminal redeems of the
	// voucher in later entries is spent of the lease first, however it was assured; what is taken back is not spendable again.
	After uint64     `json:"after"`
	Spent int64      `json:"spent"`
	State LeaseState `json:"state"`
}

// LeaseState says how far a lease is from its end.
type LeaseState int

// The states of a lease, each after the one before.
const (
	LeaseOpen     LeaseState = iota // it can be spent
	LeaseGivenUp                    // nothing more is spent under it; the cloud has not taken it back yet
	LeaseReturned                   // the cloud counts on it no more
)

// Left is how many units can still be spent.
func (l Lease) Left() int64 { return max(0, l.Units-l.Spent) }

// spendable reports whether units can be spent under the lease now: in its epoch, on its business day, and before its expiry at the latest
// that it can be. A clock that was set back gains nothing.
func (l Lease) spendable(units int64, epoch uint32, at Situation) bool {
	return l.Epoch == epoch && l.Day == at.Day() && !at.Now.Upper.After(l.Expires) && !at.Now.Lower.After(l.Expires) && units <= l.Left()
}

// leases says what is leased of a voucher and of limits, and whether this terminal may go by what it knows for itself: the journal, or a transaction's
// view of it.
type leases interface {
	Leased(voucher VoucherID) (epoch uint32, leases []Lease, err error)
	Exposure() (Exposure, error)
}

// Leased implements leases.
func (j journalled) Leased(voucher VoucherID) (uint32, []Lease, error) {
	return j.journal.Leased(j.ctx, voucher)
}

// Exposure implements leases.
func (j journalled) Exposure() (Exposure, error) { return j.journal.Exposure(j.ctx) }

// coveredBy returns the leases that cover every line of an approved bill, with a space between their ids; "" where they do not. A bill of
// which one line is not leased is claimed as a whole. What a campaign's limit per day counts has to be leased of that limit, too: a voucher's
// lease reserves nothing of it.
func (b *bill) coveredBy(own leases) (string, error) {
	if exposure, err := own.Exposure(); err != nil || exposure.Barred != "" {
		return "", err // what is leased may be spent already
	}
	var ids []string
	spent := map[string]int64{}  // by earlier lines of this bill
	capped := map[string]int64{} // what they count under the limits of campaigns
	for i, line := range b.outcome.Lines {
		epoch, held, err := own.Leased(line.Voucher.ID)
		if err != nil {
			return "", err
		}
		for _, entryLine := range b.entryLines(b.of[i], line) {
			covered := false
			for _, lease := range held {
				if lease.Voucher == 0 || lease.Part != entryLine.Part || covered {
					continue
				}
				if covered = lease.spendable(entryLine.Units+spent[lease.ID], epoch, b.at); covered {
					if spent[lease.ID] == 0 {
						ids = append(ids, lease.ID)
					}
					spent[lease.ID] += entryLine.Units
				}
			}
			if !covered {
				return "", nil
			}
			if line.Campaign.Rules.PerDay == nil {
				continue
			}
			limit := limitLeases(held, line.Campaign.ID, epoch, b.at)
			if limit.left -= capped[line.Campaign.ID]; limit.left < line.Campaign.Kind.Counted(entryLine.Units) {
				return "", nil
			}
			if capped[line.Campaign.ID] == 0 {
				ids = append(ids, limit.ids...)
			}
			capped[line.Campaign.ID] += line.Campaign.Kind.Counted(entryLine.Units)
		}
	}
	return strings.Join(ids, " "), nil
}

// limitLease is what is leased of a campaign's limit per day, and can be spent.
type limitLease struct {
	left int64
	ids  []string
}

func limitLeases(held []Lease, campaign string, epoch uint32, at Situation) (limit limitLease) {
	for _, lease := range held {
		if lease.Voucher == 0 && lease.Campaign == campaign && lease.Left() > 0 && lease.spendable(0, epoch, at) {
			limit.left += lease.Left()
			limit.ids = append(limit.ids, lease.ID)
		}
	}
	return limit
}

// assure finds out how sure the terminal can be of an approved bill: what is leased to it needs nobody's answer, everything else is claimed.
func (t *Terminal) assure(ctx context.Context, b *bill) error {
	covered, err := b.coveredBy(journalled{ctx, t.parts.Journal})
	if err != nil {
		return err
	}
	if covered != "" {
		b.assurance = Leased
		return nil
	}
	return t.claim(ctx, b)
}

// errLeaseOver leaves a write transaction for which the leases no longer suffice.
var errLeaseOver = errors.New("the leases no longer cover it")
