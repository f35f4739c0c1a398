package sync

import (
	"context"
	"errors"
	"slices"
	"time"

	"countersign/terminal"
)

// StoreAuthority asks the store's hub, where there is one, and else the cloud. It implements terminal.Authority.
type StoreAuthority struct {
	hub   *HubLine
	cloud *Authority
}

// NewStoreAuthority puts the two together.
func NewStoreAuthority(hub *HubLine, cloud *Authority) *StoreAuthority {
	return &StoreAuthority{hub: hub, cloud: cloud}
}

// Ask implements terminal.Authority. What a hub that is alone does not know, the cloud may, where this terminal has a line of its own.
func (s *StoreAuthority) Ask(ctx context.Context, lookups []terminal.Lookup) (terminal.Row, error) {
	authority, _, err := s.hub.at(ctx)
	if err != nil {
		return s.cloud.Ask(ctx, lookups)
	}
	row, err := authority.Ask(ctx, lookups)
	online := s.hub.Status().Online
	row.Secluded = !online
	switch {
	case err == nil && online, errors.Is(err, terminal.ErrUnknown) && online, err != nil && !passable(err):
		return row, err
	case err == nil && s.cloud.Unreachable():
		return row, nil
	}
	above, aboveErr := s.cloud.Ask(ctx, lookups)
	if err == nil && (passable(aboveErr) || (aboveErr == nil && row.Voucher.ID == above.Voucher.ID && row.Voucher.Version >= above.Voucher.Version)) {
		return row, nil // as new as the cloud's, with what the store used on top
	}
	return above, aboveErr
}

// Redemption implements terminal.Authority.
func (s *StoreAuthority) Redemption(ctx context.Context, uid terminal.UID) (terminal.Record, error) {
	if authority, _, err := s.hub.at(ctx); err == nil {
		if record, err := authority.Redemption(ctx, uid); err == nil || !passable(err) {
			return record, err
		}
	}
	return s.cloud.Redemption(ctx, uid)
}

// passable says that another authority may have the answer.
func passable(err error) bool {
	return errors.Is(err, terminal.ErrNoAnswer) || errors.Is(err, terminal.ErrUnknown)
}

// Claim implements terminal.Authority. While the hub counts as alive and does not answer, it is asked again for HubPatience, and then the
// cashier is: to go on without it could honour twice what the hub has just granted to the next counter.
func (s *StoreAuthority) Claim(ctx context.Context, claim terminal.Claim) (terminal.ClaimAnswer, error) {
	if claim.Alone || s.hub.config.Appointments.Newest().Nobody() {
		return s.cloud.Claim(ctx, claim)
	}
	began := time.Now()
	for {
		answer, err := s.hub.claim(ctx, claim)
		if err == nil && s.lacks(answer) {
			break
		}
		if err == nil && answer.Granted && answer.Assurance != terminal.Confirmed {
			return s.confirm(ctx, claim, answer)
		}
		if !errors.Is(err, terminal.ErrNoAnswer) {
			return answer, err
		}
		var refusal *Refusal
		if !s.hub.Alive() || (errors.As(err, &refusal) && !refusal.temporary()) {
			break
		}
		if time.Since(began) >= HubPatience && refusal != nil && refusal.Code == "disk_full" {
			return terminal.ClaimAnswer{}, terminal.ErrHubFull
		}
		if time.Since(began) >= HubPatience {
			return terminal.ClaimAnswer{}, terminal.ErrHubSilent
		}
		pause := time.NewTimer(hubPause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return terminal.ClaimAnswer{}, ctx.Err()
		case <-pause.C:
		}
	}
	return s.cloud.Claim(ctx, claim)
}

// confirm asks the cloud about what a hub without a line has granted, where this terminal has one of its own: what other stores used and the
// hub has not heard of would be honoured twice. A no ends at the hub as well, when the claim is released.
func (s *StoreAuthority) confirm(ctx context.Context, claim terminal.Claim, granted terminal.ClaimAnswer) (terminal.ClaimAnswer, error) {
	if s.cloud.Unreachable() {
		return granted, nil
	}
	above, err := s.cloud.Claim(ctx, claim)
	if errors.Is(err, terminal.ErrNoAnswer) || (err == nil && above.Granted && above.Assurance != terminal.Confirmed) {
		return granted, nil // no answer, or that of a cloud that was put back: what this store used the hub knows
	}
	return above, err
}

// lacks reports a no of a hub that is alone and has not heard of the voucher: it is no answer.
func (s *StoreAuthority) lacks(answer terminal.ClaimAnswer) bool {
	return !answer.Granted && !s.hub.Status().Online &&
		slices.ContainsFunc(answer.Findings, func(f terminal.Finding) bool { return f.Reason == terminal.NotFound })
}

// Release implements terminal.Authority: the list of open claims is the same for both, and the hub hears of it at once.
func (s *StoreAuthority) Release(uid terminal.UID) {
	s.cloud.Release(uid)
	s.hub.Nudge()
}

// Unreachable implements terminal.Reach: neither the hub, where the store has one, nor the cloud would be asked.
func (s *StoreAuthority) Unreachable() bool {
	return s.cloud.Unreachable() && (s.hub.config.Appointments.Newest().Nobody() || s.hub.shut())
}

// RefreshIssuers implements terminal.Issuers. The trust list is the cloud's: a hub has none to give.
func (s *StoreAuthority) RefreshIssuers(ctx context.Context) error {
	return s.cloud.RefreshIssuers(ctx)
}

var (
	_ terminal.Authority = (*StoreAuthority)(nil)
	_ terminal.Reach     = (*StoreAuthority)(nil)
	_ terminal.Issuers   = (*StoreAuthority)(nil)
)
