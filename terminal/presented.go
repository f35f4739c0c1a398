package terminal

import (
	"context"
	"errors"
)

// read turns the scans into what can be looked up, up to the first that cannot.
func (t *Terminal) read(ctx context.Context, b *bill) *Finding {
	for _, scan := range b.req.Scans {
		presented, finding := t.parts.Codes.Read(scan)
		if finding != nil && finding.newerKey() {
			if err := t.refreshIssuers(ctx); err == nil {
				presented, finding = t.parts.Codes.Read(scan)
			} else if errors.Is(err, ErrNoAnswer) { // the key may have come with a rotation that this terminal has not heard of
				finding.Facts["line"] = "down"
			}
		}
		b.shown = append(b.shown, presented)
		if finding != nil {
			return finding
		}
	}
	if len(b.shown) == 0 {
		b.shown = []Presented{{}}
		return &Finding{Reason: MalformedCode}
	}
	return nil
}

// refreshIssuers has the authority fetch the keys that sign tokens; nil where a code is worth reading again. Whatever is in the way of it,
// the token is then one of an issuer that is not known here.
func (t *Terminal) refreshIssuers(ctx context.Context) error {
	if issuers, ok := t.parts.Authority.(Issuers); ok {
		return issuers.RefreshIssuers(ctx)
	}
	return ErrUnknown
}

// find takes a voucher from the cache. A signed token that the cache has never seen stands for itself, if its campaign is there.
func (t *Terminal) find(ctx context.Context, lookups []Lookup, token *Token) (Row, error) {
	row, err := t.parts.Cache.Find(ctx, lookups)
	if !errors.Is(err, ErrUnknown) || token == nil || token.Kind == KindPickup { // an order's lines are in its row alone
		return row, err
	}
	campaign, err := t.parts.Cache.Campaign(ctx, token.Campaign)
	if errors.Is(err, ErrUnknown) {
		return t.usedUpHere(ctx, *token, lookups[0])
	}
	if err != nil {
		return Row{}, err
	}
	if campaign.Kind != token.Kind || (token.Kind == KindBalance && campaign.Currency != token.Currency) {
		return Row{}, ErrUnknown
	}
	return Row{Voucher: token.voucher(lookups[0]), Campaign: campaign}, nil
}

// usedUpHere is the row of a token whose campaign the cache has lost, if this terminal's journal has all of its units: then there is
// nothing left to honour, whatever the campaign says. What has units left is unknown without its campaign's rules.
func (t *Terminal) usedUpHere(ctx context.Context, token Token, lookup Lookup) (Row, error) {
	use, err := t.parts.Journal.Use(ctx, token.Voucher, "", 0)
	if err != nil {
		return Row{}, err
	}
	if use.Net < token.Units {
		return Row{}, ErrUnknown
	}
	campaign := Campaign{ID: token.Campaign, Kind: token.Kind, Currency: token.Currency, State: CampaignLive}
	return Row{Voucher: token.voucher(lookup), Campaign: campaign}, nil
}

// voucher is the row that a token stands in for.
func (t Token) voucher(lookup Lookup) Voucher {
	rules := &Rules{ValidFrom: &Moment{Instant: t.NotBefore}}
	if !t.Expires.IsZero() {
		rules.ValidUntil = &Moment{Instant: t.Expires}
	}
	if t.Store != "" {
		rules.Stores = []string{t.Store}
	}
	return Voucher{ID: t.Voucher, Lookup: lookup, Campaign: t.Campaign, State: VoucherActive, Units: t.Units, Rules: rules}
}

func (b *bill) lookups(i int) []Lookup {
	lookups := make([]Lookup, len(b.shown[i].Candidates))
	for n, candidate := range b.shown[i].Candidates {
		lookups[n] = candidate.Lookup
	}
	return lookups
}

// candidate is the form of the i-th code under which its voucher is known.
func (b *bill) candidate(i int) Candidate {
	for _, candidate := range b.shown[i].Candidates {
		if candidate.Lookup == b.rows[i].Voucher.Lookup {
			return candidate
		}
	}
	return b.shown[i].Candidates[0]
}
