package terminal

import (
	"context"
	"time"
)

// checkAlone holds what nobody answered for against the leases of this terminal, and else against the offline policy.
func (t *Terminal) checkAlone(ctx context.Context, b *bill) error {
	covered, err := b.coveredBy(journalled{ctx, t.parts.Journal})
	if err != nil || covered != "" {
		return err
	}
	exposure, err := t.parts.Journal.Exposure(ctx)
	if err == nil {
		b.holdOffline(exposure)
	}
	return err
}

// holdOffline holds an approved bill against the offline policy.
func (b *bill) holdOffline(exposure Exposure) {
	finding := judgeOffline(b.outcome, Alone{b.fresh, exposure}, b.at)
	if b.claimID != "" {
		finding = b.doubted(exposure)
	}
	switch {
	case finding == nil:
	case finding.Reason == ApprovalRequired:
		b.outcome.Findings = []Finding{*finding}
		b.outcome = askApproval(b.outcome, b.at)
	default:
		b.outcome.decline([]Finding{*finding})
	}
}

// agreed reports that the approver's agreement is what the approval hangs on: a name that nothing hangs on is not written down.
func (b *bill) agreed(ledger Ledger) (bool, error) {
	if b.at.Approver == nil {
		return false, nil
	}
	alone := *b
	alone.at.Approver, alone.req.Approver = nil, nil
	if err := alone.decide(ledger); err != nil || alone.outcome.Choice != Approved {
		return true, err
	}
	if b.assurance != Offline {
		return false, nil
	}
	exposure, err := ledger.Exposure()
	if err == nil {
		alone.holdOffline(exposure)
	}
	return alone.outcome.Choice != Approved, err
}

// doubted judges a yes of a cloud that does not know all yet: what it fed to the cache is older than the cache's age says.
func (b *bill) doubted(exposure Exposure) *Finding {
	fresh := b.fresh
	if least := b.at.Now.Upper.Add(-freshCache - time.Second); fresh.ReachedEnd.After(least) {
		fresh.ReachedEnd = least
	}
	finding := judgeOffline(b.outcome, Alone{fresh, exposure}, b.at)
	if finding != nil && finding.Reason == OfflineNotAllowed && finding.Facts["cause"] == nil {
		finding.Facts = map[string]any{"cause": BarredCloud}
	}
	if finding != nil {
		delete(finding.Facts, "line") // the cloud does answer
	}
	return finding
}
