package entry

import (
	"fmt"

	"countersign/terminal"
)

type wireTotals struct {
	Number      uint64          `cbor:"1,keyasint,omitempty"`
	First       *wireReceipt    `cbor:"2,keyasint,omitempty"`
	Last        *wireReceipt    `cbor:"3,keyasint,omitempty"`
	Redemptions uint64          `cbor:"4,keyasint,omitempty"`
	Reversals   uint64          `cbor:"5,keyasint,omitempty"`
	Declines    uint64          `cbor:"6,keyasint,omitempty"`
	Late        uint64          `cbor:"7,keyasint,omitempty"`
	Assurances  []wireAssurance `cbor:"8,keyasint,omitempty"`
	Campaigns   []wireCampaign  `cbor:"9,keyasint,omitempty"`
}

type wireReceipt struct {
	_      struct{} `cbor:",toarray"`
	Epoch  uint32
	Number uint64
}

type wireAssurance struct {
	_           struct{} `cbor:",toarray"`
	Assurance   string
	Redemptions uint64
}

type wireCampaign struct {
	Campaign string     `cbor:"1,keyasint,omitempty"`
	Kind     string     `cbor:"2,keyasint,omitempty"`
	Redeemed *wireTally `cbor:"3,keyasint,omitempty"`
	Reversed *wireTally `cbor:"4,keyasint,omitempty"`
}

type wireTally struct {
	Lines    uint64     `cbor:"1,keyasint,omitempty"`
	Units    int64      `cbor:"2,keyasint,omitempty"`
	Price    *wireMoney `cbor:"3,keyasint,omitempty"`
	Value    *wireMoney `cbor:"4,keyasint,omitempty"`
	Amount   *wireMoney `cbor:"5,keyasint,omitempty"`
	Discount *wireMoney `cbor:"6,keyasint,omitempty"`
}

func totalsToWire(t *terminal.DayTotals) (*wireTotals, error) {
	if t == nil {
		return nil, nil
	}
	counts := []int64{t.Redemptions, t.Reversals, t.Declines, t.Late}
	wire := &wireTotals{
		Number: t.Number, First: receiptToWire(t.First), Last: receiptToWire(t.Last), Redemptions: uint64(t.Redemptions),
		Reversals: uint64(t.Reversals), Declines: uint64(t.Declines), Late: uint64(t.Late),
	}
	for _, a := range t.Assurances {
		counts = append(counts, a.Redemptions)
		wire.Assurances = append(wire.Assurances, wireAssurance{Assurance: string(a.Assurance), Redemptions: uint64(a.Redemptions)})
	}
	for _, c := range t.Campaigns {
		counts = append(counts, c.Redeemed.Lines, c.Reversed.Lines)
		wire.Campaigns = append(wire.Campaigns, wireCampaign{Campaign: c.Campaign, Kind: string(c.Kind),
			Redeemed: tallyToWire(c.Redeemed), Reversed: tallyToWire(c.Reversed)})
	}
	for _, count := range counts {
		if count < 0 {
			return nil, fmt.Errorf("%w: a day's totals count %d", ErrUnencodable, count)
		}
	}
	return wire, nil
}

func totalsFromWire(wire *wireTotals) (*terminal.DayTotals, error) {
	if wire == nil {
		return nil, nil
	}
	t := &terminal.DayTotals{
		Number: wire.Number, First: receiptFromWire(wire.First), Last: receiptFromWire(wire.Last), Redemptions: int64(wire.Redemptions),
		Reversals: int64(wire.Reversals), Declines: int64(wire.Declines), Late: int64(wire.Late),
	}
	for _, a := range wire.Assurances {
		t.Assurances = append(t.Assurances, terminal.AssuranceTotal{Assurance: terminal.Assurance(a.Assurance), Redemptions: int64(a.Redemptions)})
	}
	for _, c := range wire.Campaigns {
		t.Campaigns = append(t.Campaigns, terminal.CampaignTotal{Campaign: c.Campaign, Kind: terminal.Kind(c.Kind),
			Redeemed: tallyFromWire(c.Redeemed), Reversed: tallyFromWire(c.Reversed)})
	}
	// A count above the largest int64 came out negative: it cannot be written again.
	if _, err := totalsToWire(t); err != nil {
		return nil, fmt.Errorf("%w: a day's totals count more than there can be", ErrMalformed)
	}
	return t, nil
}

func receiptToWire(r terminal.ReceiptNumber) *wireReceipt {
	if r == (terminal.ReceiptNumber{}) {
		return nil
	}
	return &wireReceipt{Epoch: r.Epoch, Number: r.Number}
}

func receiptFromWire(wire *wireReceipt) terminal.ReceiptNumber {
	if wire == nil {
		return terminal.ReceiptNumber{}
	}
	return terminal.ReceiptNumber{Epoch: wire.Epoch, Number: wire.Number}
}

func tallyToWire(t terminal.Tally) *wireTally {
	if t == (terminal.Tally{}) {
		return nil
	}
	return &wireTally{Lines: uint64(t.Lines), Units: t.Units, Price: moneyToWire(t.Price), Value: moneyToWire(t.Value),
		Amount: moneyToWire(t.Amount), Discount: moneyToWire(t.Discount)}
}

func tallyFromWire(wire *wireTally) terminal.Tally {
	if wire == nil {
		return terminal.Tally{}
	}
	return terminal.Tally{Lines: int64(wire.Lines), Units: wire.Units, Price: moneyFromWire(wire.Price), Value: moneyFromWire(wire.Value),
		Amount: moneyFromWire(wire.Amount), Discount: moneyFromWire(wire.Discount)}
}

// totalsTexts lists every text in a day's totals.
func totalsTexts(t *terminal.DayTotals) []string {
	if t == nil {
		return nil
	}
	var texts []string
	for _, a := range t.Assurances {
		texts = append(texts, string(a.Assurance))
	}
	for _, c := range t.Campaigns {
		texts = append(texts, c.Campaign, string(c.Kind))
		for _, tally := range []terminal.Tally{c.Redeemed, c.Reversed} {
			texts = append(texts, currency(tally.Price), currency(tally.Value), currency(tally.Amount), currency(tally.Discount))
		}
	}
	return texts
}
