package station_test

import (
	"testing"

	"countersign/terminal"
)

// With the cloud stopped, the window would show "ready to redeem" for what redeeming then refuses; and with the store's hub alive it would
// turn away what the hub would have granted.
func TestAScanWithTheCloudStopped(t *testing.T) {
	q := openQuay(t, 2)
	careful, easy := q.issue("careful", 1)[0], q.issue("easy", 1)[0]
	s := q.counters[1]
	scan := func(code string) terminal.Outcome {
		t.Helper()
		outcome, err := s.Terminal.Scan(t.Context(), terminal.Request{Scans: []terminal.Scan{{Code: code, Source: terminal.SourceScanner}}})
		q.must(err)
		return outcome
	}
	q.until("the cache has the vouchers", func() bool {
		fresh, err := s.Cache.Freshness(t.Context())
		return err == nil && fresh.Vouchers == 2
	})
	q.appoint(0)
	q.link.Cut()
	if outcome := scan(careful); outcome.Choice != terminal.Approved {
		t.Errorf("with the hub alive: %s for %q", outcome.Choice, outcome.Reason())
	}
	q.must(q.counters[0].Close())
	q.counters[0] = nil
	q.until("the scan says what redeeming says", func() bool { // once somebody has found out that the line is down
		outcome, err := s.Terminal.Redeem(t.Context(), terminal.Request{Scans: []terminal.Scan{{Code: careful, Source: terminal.SourceScanner}}})
		q.must(err)
		return outcome.Reason() == terminal.OfflineNotAllowed && scan(careful).Reason() == terminal.OfflineNotAllowed
	})
	if outcome := scan(easy); outcome.Choice != terminal.Approved {
		t.Errorf("what may be honoured alone: %s for %q", outcome.Choice, outcome.Reason())
	}
	if outcome := q.redeem(s, easy); !outcome.Redeemed() || outcome.Record.Entry.Assurance != terminal.Offline {
		t.Errorf("and redeemed: %s for %q", outcome.Choice, outcome.Reason())
	}
}
