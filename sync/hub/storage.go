package hub

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"time"

	cloudsync "countersign/sync"
	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/sync/cloud/relational"
	"countersign/terminal"
)

// forwardBudget is what a scan waits for the cloud behind the hub, of the 700 ms that the terminal waits in all.
const forwardBudget = 350 * time.Millisecond

// storage is the copy as the hub answers from it: what it grants, it asks the cloud about, too.
type storage struct {
	*relational.Copy
	hub  *Hub
	keys cloud.Keys
}

var _ cloud.Storage = (*storage)(nil)

// Keys implements cloud.Storage: a hub signs with its own key.
func (s *storage) Keys(context.Context) (cloud.Keys, error) { return s.keys, nil }

// TerminalByKey implements cloud.Storage. Before the copy is whole nobody is answered: a hub that does not know what was used would
// grant it again; and none that another one was appointed after.
func (s *storage) TerminalByKey(ctx context.Context, key ed25519.PublicKey) (cloud.Terminal, error) {
	if s.hub.over() {
		return cloud.Terminal{}, cloud.Unavailable("This terminal is the store's hub no more: another one was appointed.")
	}
	_, filled, err := s.Copy.Cursor(ctx)
	if err != nil {
		return cloud.Terminal{}, err
	}
	if !filled {
		return cloud.Terminal{}, cloud.Unavailable(s.hub.notFilled())
	}
	return s.Copy.TerminalByKey(ctx, key)
}

// Claim implements cloud.Storage. What is granted is counted beside the record before it is answered: see mark.
func (s *storage) Claim(ctx context.Context, t cloud.Terminal, claim cloud.Claim) (cloud.ClaimAnswer, error) {
	answer, err := s.decide(ctx, t, claim)
	if err == nil && answer.Granted {
		err = s.hub.noted(ctx)
	}
	return answer, err
}

// decide decides a claim. The hold is on the hub's disk before the cloud is asked, so that whatever happens to the line meanwhile no
// other terminal of the store is granted the same.
func (s *storage) decide(ctx context.Context, t cloud.Terminal, claim cloud.Claim) (cloud.ClaimAnswer, error) {
	own, err := s.Copy.Claim(ctx, t, claim)
	if err != nil {
		return own, err
	}
	if !own.Granted && !mayBeOld(own.Findings) {
		if slices.ContainsFunc(own.Findings, func(f terminal.Finding) bool { return f.Reason == terminal.HeldElsewhere }) {
			// It stays no. But a lease that holds it may be idle, and the cloud has to hear that it is wanted.
			_, _ = s.ask(ctx, t, claim)
		}
		return own, nil
	}
	above, err := s.ask(ctx, t, claim)
	switch {
	case err != nil && own.Granted:
		return s.alone(own)
	case err != nil:
		return own, nil
	case above.Granted && own.Granted:
		if doubted(above) { // what this store used is known here
			return s.alone(own)
		}
		own.Assurance = terminal.Confirmed
		return own, nil
	case above.Granted:
		return s.again(ctx, t, claim, above)
	}
	if own.Granted {
		if err := s.Copy.Drop(ctx, t, claim); err != nil {
			return own, err
		}
	}
	return cloud.ClaimAnswer{Findings: cloudsync.Findings(above.Findings), Rows: own.Rows}, nil
}

// alone is the hub's yes without the cloud's. A hub that has just started gives none; what it holds for who asked it keeps, since that one may go
// on without it.
func (s *storage) alone(own cloud.ClaimAnswer) (cloud.ClaimAnswer, error) {
	if s.hub.settling() {
		return cloud.ClaimAnswer{}, cloud.Unavailable(
			"The hub has just started and has no line: it first hears from its counters what they did meanwhile. Ask again in a few seconds.")
	}
	if own.Assurance != terminal.Offline { // else it has forgotten what it granted, and not heard from all since
		own.Assurance = terminal.ByStore
	}
	return own, nil
}

// again decides once more after the cloud said yes to what was refused here: of a voucher that was not known here, say.
func (s *storage) again(ctx context.Context, t cloud.Terminal, claim cloud.Claim, above *api.ClaimAnswer) (cloud.ClaimAnswer, error) {
	if err := s.Copy.TakeRows(ctx, t.Merchant, above.Rows); err != nil {
		return cloud.ClaimAnswer{}, err
	}
	own, err := s.Copy.Claim(ctx, t, claim)
	if own.Assurance = terminal.Confirmed; doubted(above) {
		own.Assurance = terminal.Offline
	}
	return own, err
}

// doubted reports a yes of a cloud whose database was put back to an older copy.
func doubted(above *api.ClaimAnswer) bool {
	return above.Assurance != nil && *above.Assurance == terminal.Offline
}

// mayBeOld reports a no that rests on nothing but the copy: the cloud may know better.
func mayBeOld(findings []terminal.Finding) bool {
	return !slices.ContainsFunc(findings, func(f terminal.Finding) bool {
		return f.Reason == terminal.HeldElsewhere || f.Reason == terminal.TerminalSuspended
	})
}

// ask asks the cloud, and once more where entries that are still here could make a yes of its no.
func (s *storage) ask(ctx context.Context, t cloud.Terminal, claim cloud.Claim) (*api.ClaimAnswer, error) {
	began := time.Now()
	waiting, err := s.Copy.Waiting(ctx, t, api.OpenMost-len(claim.Standing.Open))
	if err != nil {
		return nil, err
	}
	open := slices.Concat(claim.Standing.Open, waiting)
	request := cloudsync.ClaimRequestOf(claim.Claim, claim.Standing.Instance, claim.Standing.Counter, open, claim.Standing.Journal)
	if cursor, filled, err := s.Copy.Cursor(ctx); err != nil {
		return nil, err
	} else if filled { // a cloud that was restored from an older backup must not be believed
		request.Cursor = &cursor
	}
	answer, err := s.hub.config.Upstream.Claim(ctx, t.Key, forwardBudget, request)
	if err != nil || answer.Granted {
		return answer, err
	}
	if _, pending, err := s.Copy.Gathered(ctx); err != nil || pending == 0 {
		return answer, err
	}
	limited, cancel := context.WithTimeout(ctx, forwardBudget-time.Since(began))
	defer cancel()
	if s.hub.handOn(limited) != nil {
		return answer, nil
	}
	if second, err := s.hub.config.Upstream.Claim(ctx, t.Key, forwardBudget-time.Since(began), request); err == nil {
		return second, nil
	}
	return answer, nil
}

// ApplyJournal implements cloud.Storage. A verdict is the cloud's alone.
func (s *storage) ApplyJournal(ctx context.Context, t cloud.Terminal, push cloud.Push) (cloud.Ack, error) {
	ack, err := s.Copy.ApplyJournal(ctx, t, push)
	ack.Verdicts = []api.EntryVerdict{}
	if err == nil && len(push.Entries) > 0 {
		s.hub.nudge()
		err = s.hub.noted(ctx)
	}
	return ack, err
}

// Lookup implements cloud.Storage: what the copy knows stands with what was used here on top; what it does not know the cloud may.
func (s *storage) Lookup(ctx context.Context, t cloud.Terminal, lookups []terminal.Lookup) ([]terminal.Row, error) {
	rows, err := s.Copy.Lookup(ctx, t, lookups)
	if err != nil || len(rows) > 0 {
		return rows, err
	}
	found, err := s.hub.config.Upstream.Lookup(ctx, t.Key, forwardBudget, api.LookupRequest{Lookups: lookups})
	if err != nil || len(found) == 0 {
		return rows, nil
	}
	if err := s.Copy.TakeRows(ctx, t.Merchant, found); err != nil {
		return nil, err
	}
	return s.Copy.Lookup(ctx, t, lookups)
}

// Redemption implements cloud.Storage.
func (s *storage) Redemption(ctx context.Context, t cloud.Terminal, uid terminal.UID) ([]byte, []int64, error) {
	above, err := s.hub.config.Upstream.Redemption(ctx, t.Key, forwardBudget, api.RedemptionRequest{Uid: uid})
	if err == nil {
		return above.Bytes, above.Reversed, nil
	}
	return s.Copy.Redemption(ctx, t, uid)
}

// Lease implements cloud.Storage: leases are the cloud's to give. What was redeemed under one is used here as soon as its terminal has said so.
func (s *storage) Lease(context.Context, cloud.Terminal, cloud.LeaseRequest) ([]cloud.Lease, error) {
	return nil, cloud.Unavailable("A hub leases nothing: ask the cloud.")
}

// Feed implements cloud.Storage: the cloud's own pages, with the cloud's own cursor, for terminals that have no line but the hub's.
// While the hub is offline there is no news, and its copy answers lookups and claims.
func (s *storage) Feed(ctx context.Context, t cloud.Terminal, cursor string, _ int) (cloud.Page, error) {
	page, err := s.hub.config.Upstream.Pull(ctx, t.Key, cursor, 0)
	if cloudsync.CursorUnknown(err) {
		return cloud.Page{}, cloud.ErrCursor
	}
	if errors.Is(err, terminal.ErrNoAnswer) {
		return cloud.Page{}, cloud.Unavailable("The hub has no line to the cloud now: the feed goes on when it has.")
	}
	if err != nil {
		return cloud.Page{}, err
	}
	return cloud.Page{Records: page.Records, Cursor: page.Cursor, AtEnd: page.AtEnd, Included: page.Included, Recovery: page.Recovery}, nil
}

// Await implements cloud.Storage: whoever pulls through a hub asks again.
func (s *storage) Await(ctx context.Context, _, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}
