package terminal_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"countersign/terminal"
)

// knowingAuthority is an authority that knows whether its line is down, and where newer keys are.
type knowingAuthority struct {
	memoryAuthority
	down      bool
	refresh   func() error
	refreshed int
}

func (a *knowingAuthority) Unreachable() bool { return a.down }

func (a *knowingAuthority) RefreshIssuers(context.Context) error {
	a.refreshed++
	return a.refresh()
}

// keyedCodes reads codes as tokens, all under one key; wrong is what is wrong with it, "" for nothing.
type keyedCodes struct{ wrong string }

func (c *keyedCodes) Read(scan terminal.Scan) (terminal.Presented, *terminal.Finding) {
	if c.wrong != "" {
		return terminal.Presented{Masked: "XY"}, &terminal.Finding{Reason: terminal.UnknownIssuer, Facts: map[string]any{"cause": c.wrong, "issuer": "k-2"}}
	}
	return plainCodes{}.Read(scan)
}

func newKnowingCounter(t *testing.T, codes terminal.CodeReader) (*counter, *knowingAuthority) {
	t.Helper()
	c := newCounter(t)
	authority := &knowingAuthority{}
	c.Terminal = terminal.New(terminal.Parts{Codes: codes, Cache: c.cache, Journal: c.journal, Authority: authority,
		Slips: c.slips, PINs: plainPINs{}, Clock: c.clock, Random: new(countingRandom)})
	return c, authority
}

// If a scan said "ready to redeem" while the line is down and redeeming then refused, the cashier would have promised what the customer
// does not get.
func TestAScanSaysWhatRedeemingAloneWouldSay(t *testing.T) {
	never := &terminal.OfflinePolicy{Mode: terminal.ModeNever}
	manager := &terminal.Operator{ID: "mia", Role: terminal.RoleManager}
	for name, test := range map[string]struct {
		policy   *terminal.OfflinePolicy
		age      time.Duration
		barred   string
		approver *terminal.Operator
		want     terminal.Reason
		choice   terminal.Choice
	}{
		"allowed":      {policy: &terminal.OfflinePolicy{Mode: terminal.ModeAllow}, choice: terminal.Approved},
		"never":        {policy: never, want: terminal.OfflineNotAllowed, choice: terminal.Declined},
		"over a limit": {policy: &terminal.OfflinePolicy{Mode: terminal.ModeLimit, PerRedemption: euros(3989)}, want: terminal.OfflineLimit, choice: terminal.Declined},
		"at the limit": {policy: &terminal.OfflinePolicy{Mode: terminal.ModeLimit, PerRedemption: euros(3990)}, choice: terminal.Approved},
		"too old":      {age: 8 * 24 * time.Hour, want: terminal.CacheTooOld, choice: terminal.Declined},
		"approval":     {policy: &terminal.OfflinePolicy{Mode: terminal.ModeApproval}, want: terminal.ApprovalRequired, choice: terminal.Asking},
		"approved":     {policy: &terminal.OfflinePolicy{Mode: terminal.ModeApproval}, approver: manager, choice: terminal.Approved},
		"barred":       {barred: terminal.BarredCloned, want: terminal.OfflineNotAllowed, choice: terminal.Declined},
	} {
		t.Run(name, func(t *testing.T) {
			c, authority := newKnowingCounter(t, plainCodes{})
			c.stock("A", func(r *terminal.Row) { r.Campaign.Offline = test.policy })
			c.cache.fresh.ReachedEnd = noon.Add(-test.age)
			c.journal.exposure.Barred = test.barred
			req := scanOf("A")
			req.Approver = test.approver
			if outcome, err := c.Scan(t.Context(), req); err != nil || outcome.Choice != terminal.Approved {
				t.Fatalf("while nobody knows the line is down: %s for %q, %v", outcome.Choice, outcome.Reason(), err)
			}
			authority.down = true
			outcome, err := c.Scan(t.Context(), req)
			if err != nil || outcome.Choice != test.choice || outcome.Reason() != test.want {
				t.Fatalf("scanned: %s for %q, %v; want %s for %q", outcome.Choice, outcome.Reason(), err, test.choice, test.want)
			}
			if asked := test.choice == terminal.Asking; asked != (len(outcome.Asks) == 1 && outcome.Asks[0].Missing == terminal.MissingApproval) {
				t.Errorf("asks %+v", outcome.Asks)
			}
			if told := test.want == terminal.ApprovalRequired && outcome.Findings[0].Fact().Key == "approval.offline.fact"; told != (name == "approval") {
				t.Errorf("nobody is told that it is because the line is down: %v", outcome.Findings)
			}
			if want := map[bool]int{true: 1}[test.choice == terminal.Declined]; c.journal.count(terminal.EntryDecline) != want {
				t.Errorf("%d declines are written down", c.journal.count(terminal.EntryDecline))
			}
			if authority.asked+len(authority.claims) != 0 {
				t.Error("the scan waited for a line that is known to be down")
			}
			redeemed := c.redeem(t, req)
			if redeemed.Reason() != test.want || redeemed.Redeemed() != (test.choice == terminal.Approved) {
				t.Errorf("redeemed: %s for %q; scanned: %s", redeemed.Choice, redeemed.Reason(), outcome.Choice)
			}
		})
	}
}

// If a scan held what is leased to this terminal against the offline policy, the counter would turn away what was reserved for it.
func TestAScanOfWhatIsLeasedNeedsNoLine(t *testing.T) {
	c, authority := newKnowingCounter(t, plainCodes{})
	authority.down = true
	row := c.stock("A", func(r *terminal.Row) { r.Campaign.Offline = &terminal.OfflinePolicy{Mode: terminal.ModeNever} })
	c.journal.leases = []terminal.Lease{{ID: "l-1", Voucher: row.Voucher.ID, Campaign: "dinner", Day: terminal.Date{Year: 2026, Month: 6, Day: 16},
		Units: 1, Expires: noon.Add(time.Hour), Epoch: 1}}
	if outcome, err := c.Scan(t.Context(), scanOf("A")); err != nil || outcome.Choice != terminal.Approved {
		t.Errorf("%s for %q, %v", outcome.Choice, outcome.Reason(), err)
	}
}

// If a token under a key that the terminal has not heard of yet were turned away while the cloud could tell, the first customers after each
// change of keys would be sent home with good vouchers; and if revoked keys were asked about, each stolen token would cost a request.
func TestAnUnknownKeyIsAskedForOnce(t *testing.T) {
	for name, test := range map[string]struct {
		wrong, after string
		err          error
		asked        int
		want         terminal.Choice
	}{
		"rotated":             {"issuer", "", nil, 1, terminal.Approved},
		"nobody knows it":     {"issuer", "issuer", nil, 1, terminal.Declined},
		"revoked meanwhile":   {"issuer", "revoked", nil, 1, terminal.Declined},
		"no answer":           {"issuer", "", terminal.ErrNoAnswer, 1, terminal.Declined},
		"revoked":             {"revoked", "", nil, 0, terminal.Declined},
		"out of its time":     {"issued_at", "", nil, 0, terminal.Declined},
		"of another merchant": {"merchant", "", nil, 0, terminal.Declined},
	} {
		t.Run(name, func(t *testing.T) {
			codes := &keyedCodes{test.wrong}
			c, authority := newKnowingCounter(t, codes)
			c.stock("A", nil)
			authority.claim = granted
			authority.refresh = func() error {
				if test.err == nil {
					codes.wrong = test.after
				}
				return test.err
			}
			outcome := c.redeem(t, scanOf("A"))
			if outcome.Choice != test.want || authority.refreshed != test.asked {
				t.Errorf("%s for %q after %d requests; want %s after %d", outcome.Choice, outcome.Reason(), authority.refreshed, test.want, test.asked)
			}
			if told := test.want == terminal.Declined && outcome.Findings[0].Next().Key == "issuer.offline.next"; told != (test.err != nil) {
				t.Errorf("the cashier is told to %s", outcome.Findings[0].Next().Key)
			}
			if declined := test.want == terminal.Declined; declined && !slices.Equal(outcome.Record.Entry.Reasons, []terminal.Reason{terminal.UnknownIssuer}) {
				t.Errorf("written down as %v", outcome.Record.Entry.Reasons)
			}
		})
	}
}

// A cashier would scan again every minute what comes back only when a counter that is off is switched on, or somebody writes its lease off.
func TestWhatASilentCounterHoldsIsSaidToStayHeld(t *testing.T) {
	held := terminal.Finding{Reason: terminal.HeldElsewhere, Facts: map[string]any{"reserved": 1, "terminal": "c1"}}
	if said := held.Next().Key; said != "reserved.voucher.next" {
		t.Errorf("of one that is online it says %s", said)
	}
	held.Facts["seen"] = "2026-11-21T12:00:00Z"
	if fact, next := held.Fact().Key, held.Next().Key; fact != "reserved.silent.fact" || next != "reserved.silent.next" {
		t.Errorf("of one that was not heard it says %s and %s", fact, next)
	}
}

// A cashier would scan again and again at a hub that cannot record anything, and nobody would make room on its disk.
func TestAHubWithAFullDiskIsCalledThat(t *testing.T) {
	for err, want := range map[error]string{terminal.ErrHubSilent: "ask.hub", terminal.ErrHubFull: "ask.hub.full"} {
		c, authority := newKnowingCounter(t, plainCodes{})
		c.stock("A", nil)
		authority.claim = func(terminal.Claim) (terminal.ClaimAnswer, error) { return terminal.ClaimAnswer{}, err }
		outcome := c.redeem(t, scanOf("A"))
		if len(outcome.Asks) != 1 || outcome.Asks[0].Title().Key != want || outcome.Asks[0].Next().Key != want+".next" {
			t.Errorf("%v: it asks %+v", err, outcome.Asks)
		}
	}
}
