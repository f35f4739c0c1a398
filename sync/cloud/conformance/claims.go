package conformance

import (
	"errors"
	"sync"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/token"
)

var claimTests = []test{
	{"what one holds another does not get", held},
	{"asking twice counts once", askedTwice},
	{"what is used is said with when, where and by whom", usedFacts},
	{"all lines or none", allOrNone},
	{"what is held is accepted whatever happens meanwhile", heldIsAccepted},
	{"a hold that can become nothing is released", released},
	{"a late request of an earlier start releases nothing", lateRequest},
	{"a claim of a counter that never comes back is free once it is suspended", claimOfLost},
	{"withdrawn, paused, suspended and unknown are said", withdrawnFindings},
	{"a cache alone claims nothing", cacheAlone},
	{"claims at once never exceed the voucher", claimRace},
	{"a late copy of a claim holds nothing", lateCopy},
	{"a reversal elsewhere takes a yes", claimReversal},
	{"an overrun that a released hold caused is excused", relief},
	{"a hold that came to nothing does not judge its own terminal", ownHold},
}

func reason(a cloud.ClaimAnswer) terminal.Reason {
	if a.Granted || len(a.Findings) == 0 {
		return ""
	}
	return a.Findings[0].Reason
}

func held(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("swim", cloud.Facts{Units: 3})
	uid := w.uid()
	answer := a.claim(t, 2, uid)
	a.open = append(a.open, uid)
	if !answer.Granted || answer.ID == "" || len(answer.Rows) != 1 || answer.Rows[0].Voucher.Used != 0 {
		w.Fatalf("the claim was answered %+v", answer)
	}
	refused := b.claim(t, 2, w.uid())
	w.expect("reason", reason(refused), terminal.HeldElsewhere)
	facts := refused.Findings[0].Facts
	w.expect("facts", []any{facts["store"], facts["terminal"], facts["operator"], facts["left"]}, []any{"Lakeside quay", a.Name, "Li", 1})
	w.expect("what is free", b.claim(t, 1, w.uid()).Granted, true)
}

func askedTwice(w *world) {
	a := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	uid := w.uid()
	first, second := a.claim(t, 1, uid), a.claim(t, 1, uid)
	w.expect("granted", []bool{first.Granted, second.Granted}, []bool{true, true})
	w.expect("the same hold", second.ID, first.ID)
	w.revoke(t)
	w.expect("granted after a revocation", a.claim(t, 1, uid).Granted, true)
	w.expect("but not to a new redemption", reason(a.claim(t, 1, w.uid())), terminal.VoucherIsRevoked)
}

func usedFacts(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	for _, one := range []struct {
		ticket ticket
		used   int64
		want   terminal.Reason
	}{
		{w.issue("dinner", cloud.Facts{}), 1, terminal.AlreadyRedeemed},
		{w.issue("swim", cloud.Facts{Units: 2}), 2, terminal.UsesExhausted},
		{w.issue("card", cloud.Facts{Amount: &terminal.Money{Minor: 5000, Currency: "EUR"}}), 4000, terminal.InsufficientBalance},
	} {
		e := a.redeem(one.ticket, one.used)
		a.last()
		answer := b.claim(one.ticket, max(1, one.used/2), w.uid())
		w.expect("reason", reason(answer), one.want)
		facts := answer.Findings[0].Facts
		w.expect("facts", []any{facts["store"], facts["terminal"], facts["operator"]}, []any{"Lakeside quay", a.Name, "Li"})
		w.expect("at", facts["at"], e.Wall)
		if one.want == terminal.InsufficientBalance {
			w.expect("left", facts["left"], terminal.Money{Minor: 1000, Currency: "EUR"})
		}
	}
}

func allOrNone(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	free, gone := w.issue("dinner", cloud.Facts{}), w.issue("dinner", cloud.Facts{})
	a.redeem(gone, 1)
	a.last()
	uid := w.uid()
	line := func(t ticket) terminal.ClaimLine {
		return terminal.ClaimLine{Lookup: t.lookup, Units: 1, Proof: token.Proof(t.inner, uid)}
	}
	answer := b.claimLines(uid, line(free), line(gone))
	w.expect("reason", reason(answer), terminal.AlreadyRedeemed)
	w.expect("rows", len(answer.Rows), 2)
	w.expect("the free one is not held", a.claim(free, 1, w.uid()).Granted, true)
	pass := w.issue("swim", cloud.Facts{Units: 3})
	uid = w.uid()
	two := line(pass)
	two.Units, two.Proof = 2, token.Proof(pass.inner, uid)
	w.expect("one voucher twice on a bill", reason(b.claimLines(uid, two, two)) != "", true)
}

func heldIsAccepted(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("dinner", cloud.Facts{})
	uid := w.uid()
	a.claim(t, 1, uid)
	a.open = append(a.open, uid)
	b.redeem(t, 1)
	verdict := b.last()
	w.expect("who did not ask", verdict.Overrun, 1)
	if verdict.Other == nil || verdict.Other.Terminal != a.Name {
		w.Errorf("the other use is %+v", verdict.Other)
	}
	if _, offset := verdict.Other.At.Zone(); offset == 0 {
		w.Errorf("the claim's time %v is not in the zone of its store", verdict.Other.At)
	}
	w.revoke(t)
	a.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{a.line(t, 1, uid, "")}})
	w.expect("who asked", a.last(), terminal.LineVerdict{Accepted: 1})
	heldHasArrived(w, a, b, uid)
	reports, err := w.storage.Terminals(w.Context(), merchantID)
	if err != nil {
		w.Fatal(err)
	}
	for _, r := range reports {
		w.expect("holds", r.Holds, 0)
	}
}

// heldHasArrived holds that an overrun whose first use was no more than a claim tells of the redemption once that has come, on both sides.
func heldHasArrived(w *world, a, b *counter, uid terminal.UID) {
	w.Helper()
	for _, c := range []*counter{a, b} {
		var told *api.Exception
		for _, record := range c.pull("", 2000).Records {
			if record.Exception != nil && record.Exception.Kind == api.ExceptionOverrun {
				told = record.Exception
			}
		}
		if told == nil || len(told.Uses) != 2 || told.Uses[0].Receipt == nil {
			w.Fatalf("%s is told %+v", c.Store, told)
		}
		use := told.Uses[0]
		w.expect("the first use", []any{use.Uid, use.Terminal, use.Assurance, *use.Receipt, use.Held == nil},
			[]any{uid, a.Name, terminal.Offline, terminal.ReceiptNumber{Epoch: 1, Number: 1}.String(), true})
	}
}

func released(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("dinner", cloud.Facts{})
	uid := w.uid()
	a.claim(t, 1, uid)
	w.expect("held", reason(b.claim(t, 1, w.uid())), terminal.HeldElsewhere)
	a.open = []terminal.UID{uid}
	a.push(1)
	w.expect("listed as open", reason(b.claim(t, 1, w.uid())), terminal.HeldElsewhere)
	a.open = nil // the cashier pressed Esc
	a.push(1)
	w.expect("released by a push", b.claim(t, 1, w.uid()).Granted, true)

	other := w.issue("dinner", cloud.Facts{})
	a.claim(other, 1, w.uid())
	a.instance = "after-a-crash" // a new start lists nothing
	a.claims = 0
	a.claim(w.issue("dinner", cloud.Facts{}), 1, w.uid())
	w.expect("released by the next start", b.claim(other, 1, w.uid()).Granted, true)
}

func lateRequest(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("dinner", cloud.Facts{})
	late := a.batch(1)
	late.Standing.Counter = 0
	uid := w.uid()
	a.claim(t, 1, uid)
	if _, err := w.storage.ApplyJournal(w.Context(), a.Terminal, late); err != nil {
		w.Fatal(err)
	}
	w.expect("older than the claim", reason(b.claim(t, 1, w.uid())), terminal.HeldElsewhere)
	before := a.standing()
	a.restart()
	a.claims = 0
	uid = w.uid()
	other := w.issue("dinner", cloud.Facts{})
	a.claim(other, 1, uid)
	late.Standing = before
	_, err := w.storage.ApplyJournal(w.Context(), a.Terminal, late)
	w.expect("asked to prove that it is alive", errors.Is(err, cloud.ErrProveAlive), true)
	late.Standing.Nonce = time.Time{} // where nobody knows how old the request is
	if _, err := w.storage.ApplyJournal(w.Context(), a.Terminal, late); err != nil {
		w.Fatal(err)
	}
	w.expect("of an earlier start", reason(b.claim(other, 1, w.uid())), terminal.HeldElsewhere)
}

func withdrawnFindings(w *world) {
	a := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	w.revoke(t)
	answer := a.claim(t, 1, w.uid())
	w.expect("revoked", reason(answer), terminal.VoucherIsRevoked)
	w.expect("since", answer.Findings[0].Facts["at"], w.now.Add(-1e9))
	pass := w.issue("swim", cloud.Facts{})
	if _, err := w.storage.Pause(w.Context(), merchantID, "swim", []string{quay}, true); err != nil {
		w.Fatal(err)
	}
	w.expect("paused here", reason(a.claim(pass, 1, w.uid())), terminal.CampaignIsPaused)
	w.expect("not there", w.counter(harbour).claim(pass, 1, w.uid()).Granted, true)
	w.expect("unknown", reason(a.claimLines(w.uid(), terminal.ClaimLine{Lookup: terminal.Lookup{9}, Units: 1})), terminal.NotFound)
	if _, err := w.storage.Suspend(w.Context(), merchantID, quay, a.Name, true); err != nil {
		w.Fatal(err)
	}
	w.expect("suspended", reason(a.claim(w.issue("dinner", cloud.Facts{}), 1, w.uid())), terminal.TerminalSuspended)
}

func cacheAlone(w *world) {
	a := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	for _, proof := range [][]byte{nil, make([]byte, 32), token.Proof(t.inner, w.uid())} {
		answer := a.claimLines(w.uid(), terminal.ClaimLine{Lookup: t.lookup, Units: 1, Proof: proof})
		w.expect("reason", reason(answer), terminal.BadSignature)
	}
	w.expect("who saw the code", a.claim(t, 1, w.uid()).Granted, true)
}

func claimRace(w *world) {
	t := w.issue("swim", cloud.Facts{Units: 4})
	var wait sync.WaitGroup
	granted := make(chan bool, 12)
	for range 12 {
		c := w.counter(quay)
		uid := w.uid()
		claim := cloud.Claim{Claim: terminal.Claim{UID: uid, Lines: []terminal.ClaimLine{{Lookup: t.lookup, Units: 1, Proof: token.Proof(t.inner, uid)}}},
			Standing: c.standing(), At: w.now}
		wait.Go(func() {
			answer, err := w.storage.Claim(w.Context(), c.Terminal, claim)
			if err != nil {
				w.Error(err)
			}
			granted <- answer.Granted
		})
	}
	wait.Wait()
	close(granted)
	count := 0
	for yes := range granted {
		if yes {
			count++
		}
	}
	w.expect("granted", count, 4)
}

func lateCopy(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("swim", cloud.Facts{Units: 2})
	uid := w.uid()
	a.claim(t, 1, uid)
	a.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{a.line(t, 1, uid, "")}})
	a.last()
	w.expect("yes", a.claim(t, 1, uid).Granted, true)
	w.expect("the rest is free", b.claim(t, 1, w.uid()).Granted, true)
}

func claimReversal(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("swim", cloud.Facts{})
	e := a.redeem(t, 2)
	a.last()
	ask := func(units int64) cloud.ClaimAnswer {
		b.claims++
		uid := w.uid()
		answer, err := w.storage.Claim(w.Context(), b.Terminal, cloud.Claim{Claim: terminal.Claim{UID: uid, Reverse: &e.UID,
			Lines: []terminal.ClaimLine{{Lookup: t.lookup, Units: units}}}, Standing: b.standing(), At: w.tick()})
		if err != nil {
			w.Fatal(err)
		}
		if answer.Granted {
			b.open = append(b.open, uid)
		}
		return answer
	}
	w.expect("too many", reason(ask(3)), terminal.AlreadyReversed)
	w.expect("all", ask(2).Granted, true)
	w.expect("no more", reason(ask(1)), terminal.AlreadyReversed)
	w.expect("a reversal holds nothing", b.claim(t, 8, w.uid()).Granted, true)
}

func relief(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("dinner", cloud.Facts{})
	a.claim(t, 1, w.uid())
	b.redeem(t, 1)
	w.expect("overrun", b.last().Overrun, 1)
	w.expect("open", len(w.exceptions(true)), 1)
	a.push(1) // the claim came to nothing
	w.expect("excused", len(w.exceptions(true)), 0)
}

// A crash between claim and COMMIT, and the same voucher redeemed after the restart: the left-over hold is the terminal's own.
func ownHold(w *world) {
	a := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	a.claim(t, 1, w.uid())
	a.redeem(t, 1)
	w.expect("verdict", a.last().Accepted, 1)
	w.expect("exceptions", len(w.exceptions(false)), 0)
}

func claimOfLost(w *world) {
	lost, other := w.counter(quay), w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	uid := w.uid()
	w.expect("claimed", lost.claim(t, 1, uid).Granted, true)
	w.expect("held", reason(other.claim(t, 1, w.uid())), terminal.HeldElsewhere)
	if _, err := w.storage.Suspend(w.Context(), merchantID, lost.Store, lost.Name, true); err != nil {
		w.Fatal(err)
	}
	w.expect("free", other.claim(t, 1, w.uid()).Granted, true)
	other.redeem(t, 1)
	w.expect("honoured", other.last(), terminal.LineVerdict{Accepted: 1})
	lost.write(terminal.Entry{UID: uid, Kind: terminal.EntryRedeem, Assurance: terminal.Confirmed, Lines: []terminal.EntryLine{lost.line(t, 1, uid, "")}})
	w.expect("what it had honoured all the same", lost.last().Overrun, 1)
	w.expect("is told", len(w.of(api.ExceptionOverrun, true)), 1)
}
