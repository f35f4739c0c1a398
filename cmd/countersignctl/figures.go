package main

import (
	"cmp"
	"maps"
	"slices"

	"countersign/terminal"
)

// figures is one business day of one terminal in numbers. Reversals count on the day they were made, apart from redemptions.
type figures struct {
	Day         terminal.Date     `json:"day"`
	Store       string            `json:"store"`
	Terminal    string            `json:"terminal"`
	Redemptions int64             `json:"redemptions"`
	Reversals   int64             `json:"reversals"`
	Declines    int64             `json:"declines"`
	Offline     int64             `json:"offline"` // redemptions that this terminal made alone
	Pending     int64             `json:"pending"` // redemptions without a verdict yet
	Overruns    int64             `json:"overruns"`
	Campaigns   []campaignFigures `json:"campaigns"`
	Declined    []declineFigures  `json:"declined"`
}

// campaignFigures are a campaign's. Money of different currencies is never added up: a campaign has one.
type campaignFigures struct {
	Campaign string          `json:"campaign"`
	Kind     terminal.Kind   `json:"kind"`
	Units    int64           `json:"units"`
	Reversed int64           `json:"reversed"`
	Price    *terminal.Money `json:"price,omitempty"` // what customers paid online for what stands
	Value    *terminal.Money `json:"value,omitempty"` // what that is worth at the counter
	Amount   *terminal.Money `json:"amount,omitempty"`
	Discount *terminal.Money `json:"discount,omitempty"`
	// OutOfRange says that one of the amounts is more than can be added up: it is shown as the largest amount there is.
	OutOfRange bool `json:"out_of_range,omitempty"`
}

type declineFigures struct {
	Reason terminal.Reason `json:"reason"`
	Count  int64           `json:"count"`
}

// figuresOf adds up a day's records.
func figuresOf(records []terminal.Record) (figures, error) {
	sum := figures{Campaigns: []campaignFigures{}, Declined: []declineFigures{}}
	campaigns, declined := map[string]*campaignFigures{}, map[terminal.Reason]int64{}
	for _, record := range records {
		sign := int64(1)
		switch record.Entry.Kind {
		case terminal.EntryRedeem:
			sum.Redemptions++
			sum.count(record)
		case terminal.EntryReverse:
			sum.Reversals++
			sign = -1
		case terminal.EntryDecline:
			sum.Declines++
			declined[record.Entry.Reason]++
			continue
		default:
			continue
		}
		for _, line := range record.Entry.Lines {
			campaign := campaigns[line.Campaign]
			if campaign == nil {
				campaign = &campaignFigures{Campaign: line.Campaign, Kind: line.Kind}
				campaigns[line.Campaign] = campaign
			}
			if err := campaign.add(line, sign); err != nil {
				return sum, err
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(campaigns)) {
		sum.Campaigns = append(sum.Campaigns, *campaigns[id])
	}
	for reason, count := range declined {
		sum.Declined = append(sum.Declined, declineFigures{reason, count})
	}
	slices.SortFunc(sum.Declined, func(a, b declineFigures) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return sum, nil
}

func (f *figures) count(record terminal.Record) {
	if record.Entry.Assurance == terminal.Offline {
		f.Offline++
	}
	switch record.Verdict {
	case terminal.Pending:
		f.Pending++
	case terminal.Overrun:
		f.Overruns++
	}
}

func (c *campaignFigures) add(line terminal.EntryLine, sign int64) error {
	if sign > 0 {
		c.Units = terminal.AddUnitsUpTo(c.Units, line.Units)
	} else {
		c.Reversed = terminal.AddUnitsUpTo(c.Reversed, line.Units)
	}
	for _, money := range []struct {
		into **terminal.Money
		add  *terminal.Money
	}{{&c.Price, line.Price}, {&c.Value, line.Value}, {&c.Amount, line.Amount}, {&c.Discount, line.Discount}} {
		if money.add == nil {
			continue
		}
		if *money.into == nil {
			*money.into = &terminal.Money{Currency: money.add.Currency}
		}
		total, err := (*money.into).AddUpTo(terminal.Money{Minor: sign * money.add.Minor, Currency: money.add.Currency})
		if err != nil {
			return err
		}
		*money.into = &total
		c.OutOfRange = c.OutOfRange || total.OutOfRange()
	}
	return nil
}
