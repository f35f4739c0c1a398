package station

import (
	"context"
	"errors"
	"slices"
	"time"

	cloudsync "countersign/sync"
	"countersign/terminal"
)

// leases makes the keeper of what the cloud reserves to this terminal.
func (s *Station) makeLeases(client *cloudsync.Client, instance string) *cloudsync.Leases {
	return cloudsync.NewLeases(cloudsync.LeaseConfig{
		Client: client, Instance: instance, Book: s.Journal, Clock: s.clock, Needs: s.leaseNeeds, CatchUp: s.Pump.Push, Log: s.Log,
	})
}

// leaseNeeds is what this terminal wants to be able to honour without a line: of each campaign that says so (offline.lease), what is left of
// its limit per day, and the vouchers that are for this store alone; of bookings those of today.
func (s *Station) leaseNeeds(ctx context.Context) ([]cloudsync.LeaseNeed, error) {
	settings, err := s.Cache.Settings(ctx)
	if errors.Is(err, terminal.ErrUnknown) || (err == nil && settings.Suspended) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	zone, err := settings.Store.Location()
	if err != nil {
		return nil, err
	}
	campaigns, err := s.Cache.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	today := terminal.BusinessDay(s.clock.Read().Upper, zone, settings.Store.BusinessDayStarts)
	var needs []cloudsync.LeaseNeed
	for _, campaign := range campaigns {
		if campaign.Offline == nil || campaign.Offline.Lease < 1 || campaign.State != terminal.CampaignLive {
			continue
		}
		if campaign.Rules.PerDay != nil {
			needs = append(needs, cloudsync.LeaseNeed{Campaign: campaign.ID, Units: campaign.Offline.Lease})
		}
		vouchers, err := s.Cache.Bound(ctx, campaign, settings.Store.ID, int(campaign.Offline.Lease), func(v terminal.Voucher) bool {
			return v.Slot == nil || terminal.BusinessDay(v.Slot.From, zone, settings.Store.BusinessDayStarts) == today
		})
		if err != nil {
			return nil, err
		}
		for _, v := range vouchers {
			needs = append(needs, needsOf(v)...)
		}
	}
	return needs, nil
}

// needsOf is all that is open of a voucher; of an order each line.
func needsOf(v terminal.Voucher) (needs []cloudsync.LeaseNeed) {
	if len(v.Lines) == 0 {
		return []cloudsync.LeaseNeed{{Voucher: v.ID, Units: v.Units - v.Used}}
	}
	for _, line := range v.Lines {
		if !line.Collected {
			needs = append(needs, cloudsync.LeaseNeed{Voucher: v.ID, Part: line.ID, Units: 1})
		}
	}
	return needs
}

// LeaseStatus is what the cloud has reserved to this terminal.
type LeaseStatus struct {
	Count   int              `json:"count"` // those that can be spent
	Units   int64            `json:"units"` // left of them
	Expires time.Time        `json:"expires,omitzero"`
	Leases  []terminal.Lease `json:"leases"`
	Offers  []LeasedOffer    `json:"offers,omitempty"` // those that can be spent, by campaign
}

// LeasedOffer is what is left of a terminal's leases of one campaign: of its vouchers, or, with Limit, of what it may count a day.
type LeasedOffer struct {
	Campaign string          `json:"campaign"`
	Limit    bool            `json:"limit,omitempty"`
	Units    int64           `json:"units"`
	Amount   *terminal.Money `json:"amount,omitempty"` // of a campaign whose units are money
}

// leaseStatus is nil where there are no leases.
func (r *Reader) leaseStatus(ctx context.Context) (*LeaseStatus, error) {
	held, err := r.Journal.Leases(ctx)
	if err != nil || len(held) == 0 {
		return nil, err
	}
	head, err := r.Journal.Head(ctx)
	if err != nil {
		return nil, err
	}
	campaigns, err := r.Cache.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	status := &LeaseStatus{Leases: held}
	now := r.Clock.Read()
	for _, lease := range held {
		if lease.State != terminal.LeaseOpen || lease.Epoch != head.Epoch || now.Upper.After(lease.Expires) || lease.Left() == 0 {
			continue
		}
		status.Count++
		status.Units += lease.Left()
		status.Add(lease, campaigns)
		if status.Expires.IsZero() || lease.Expires.Before(status.Expires) {
			status.Expires = lease.Expires
		}
	}
	return status, nil
}

// Add counts a lease under its campaign.
func (s *LeaseStatus) Add(lease terminal.Lease, campaigns []terminal.Campaign) {
	at := slices.IndexFunc(s.Offers, func(of LeasedOffer) bool { return of.Campaign == lease.Campaign && of.Limit == (lease.Voucher == 0) })
	if at < 0 {
		at = len(s.Offers)
		s.Offers = append(s.Offers, LeasedOffer{Campaign: lease.Campaign, Limit: lease.Voucher == 0})
	}
	of := &s.Offers[at]
	of.Units += lease.Left()
	for _, c := range campaigns {
		if c.ID == lease.Campaign && c.Kind == terminal.KindBalance && !of.Limit {
			of.Amount = &terminal.Money{Minor: of.Units, Currency: c.Currency}
		}
	}
}
