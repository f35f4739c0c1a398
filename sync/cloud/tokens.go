package cloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"countersign/terminal"
	"countersign/terminal/token"
)

// ErrNoToken says that a voucher cannot be issued as a token.
var ErrNoToken = errors.New("no signed token can be made")

// PrepareTokens makes count vouchers whose codes are signed tokens, which terminals honour that have never heard of them. zone is
// where times without an offset are; nil refuses them, since a token holds instants. As with Prepare, nothing is stored yet.
func PrepareTokens(ctx context.Context, s Storage, merchant string, campaign terminal.Campaign, facts Facts, count int, zone *time.Location, now time.Time) ([]Issued, error) {
	draft, err := Draft(campaign, facts, now)
	if err != nil {
		return nil, err
	}
	claims, err := claimsOf(draft, campaign, zone, now)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoToken, err)
	}
	keys, err := s.TokenKeys(ctx, merchant, now)
	if err != nil {
		return nil, err
	}
	key, err := keys.Signing(now)
	if err != nil {
		return nil, err
	}
	first, err := s.VoucherIDs(ctx, count)
	if err != nil {
		return nil, err
	}
	all := make([]Issued, count)
	for i := range all {
		claims.Voucher = first + terminal.VoucherID(i)
		text, err := token.Sign(claims, key.Key, key.ID, merchant)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoToken, err)
		}
		all[i] = Issued{Voucher: draft, Code: text, Token: true, Key: key.ID}
		all[i].Voucher.ID = claims.Voucher
	}
	return all, nil
}

// claimsOf are the claims of a voucher, but for its id. What a token cannot say of a voucher must not be lost where only the token is
// known: it is said another way, or refused.
func claimsOf(v terminal.Voucher, campaign terminal.Campaign, zone *time.Location, now time.Time) (token.Claims, error) {
	claims := token.Claims{IssuedAt: now, Token: terminal.Token{Campaign: campaign.ID, Kind: campaign.Kind, Units: v.Units}}
	switch campaign.Kind {
	case terminal.KindPickup:
		return claims, errors.New("the lines of an order do not fit into one; issue plain codes for it")
	case terminal.KindBalance:
		claims.Currency = campaign.Currency
	}
	rules := []terminal.Rules{campaign.Rules}
	if v.Rules != nil {
		rules = append(rules, *v.Rules)
	}
	if v.Customer != "" && slices.ContainsFunc(rules, func(r terminal.Rules) bool { return r.PerCustomer != nil }) {
		return claims, fmt.Errorf("the customer does not fit into one, and what %s allows one customer would not hold where only the token is known; "+
			"issue plain codes for it", campaign.ID)
	}
	if v.State != terminal.VoucherActive {
		return claims, fmt.Errorf("it would be honoured although the voucher is %s", v.State)
	}
	if rules := v.Rules; rules != nil {
		if len(rules.Stores) > 0 {
			claims.Store = rules.Stores[0]
		}
		var err error
		if claims.NotBefore, err = instant(rules.ValidFrom, zone, terminal.Moment.Earliest); err != nil {
			return claims, err
		}
		if claims.Expires, err = instant(rules.ValidUntil, zone, terminal.Moment.Latest); err != nil {
			return claims, err
		}
	}
	if grace := campaign.Rules.Slot; grace != nil && v.Slot != nil {
		// A terminal that knows the token alone does not know the slot: the token is good for as long as the slot is.
		opens := v.Slot.From.Add(-time.Duration(grace.EarlySeconds) * time.Second)
		closes := v.Slot.From.Add(time.Duration(grace.LateSeconds) * time.Second)
		if claims.NotBefore.Before(opens) {
			claims.NotBefore = opens
		}
		if claims.Expires.IsZero() || claims.Expires.After(closes) {
			claims.Expires = closes
		}
	}
	return claims, nil
}

// instant is when a moment is.
func instant(m *terminal.Moment, zone *time.Location, in func(terminal.Moment, *time.Location) time.Time) (time.Time, error) {
	if m == nil {
		return time.Time{}, nil
	}
	if m.Local && zone == nil {
		return time.Time{}, errors.New("its stores are in several time zones; give the times with an offset, such as 2026-12-31T23:59:59+01:00")
	}
	return in(*m, zone), nil
}
