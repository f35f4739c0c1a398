package conformance

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
	"countersign/terminal/entry"
)

var journalTests = []test{
	{"a redemption is accepted once and sending it again changes nothing", resend},
	{"two counters honoured one voucher", overrun},
	{"units of a pass are shared out", passUnits},
	{"lines of an order are counted one by one", parts},
	{"a withdrawn voucher is revoked, not refused", revoked},
	{"nobody who did not see the code is accepted", unproven},
	{"an unknown voucher is a fact too", unknownVoucher},
	{"a reversal gives units back and pays overruns off", reversal},
	{"a reversal takes back no more than there was", reversalExcess},
	{"a gap is answered with the head", gap},
	{"a fork is noticed, kept and judged", fork},
	{"a damaged batch is taken as far as it verifies", damaged},
	{"another terminal's entry is not taken", foreign},
	{"every kind of entry is kept", otherKinds},
	{"batches that arrive at once count once", concurrent},
	{"a new epoch follows", epoch},
}

func (w *world) expect(what string, got, want any) {
	w.Helper()
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		w.Errorf("%s: %+v, and %+v was expected", what, got, want)
	}
}

// redemptions are all that the cloud reports.
func (w *world) redemptions() (all []cloud.Redemption) {
	w.Helper()
	err := w.storage.Redemptions(w.Context(), cloud.RedemptionFilter{Merchant: merchantID}, func(r cloud.Redemption) error {
		all = append(all, r)
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func (w *world) exceptions(openOnly bool) []api.Exception {
	w.Helper()
	all, err := w.storage.Exceptions(w.Context(), merchantID, openOnly)
	if err != nil {
		w.Fatal(err)
	}
	return all
}

func resend(w *world) {
	c := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	c.redeem(t, 1)
	first := c.push(1)
	w.expect("verdict", first.Verdicts[0].Lines, []terminal.LineVerdict{{Accepted: 1}})
	w.expect("head", first.Head.Seq, 1)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	second := c.push(1) // the first answer was lost
	w.expect("verdicts", len(second.Verdicts), 2)
	w.expect("again", second.Verdicts[0], first.Verdicts[0])
	w.expect("redemptions", len(w.redemptions()), 2)
	w.expect("used", c.row(t).Voucher.Used, 1)
	w.expect("included", c.row(t).Included, 2)
	if use := c.row(t).Voucher.LastUse; use == nil || use.Store != quay || use.Terminal != c.Name || use.Operator != "Li" {
		w.Errorf("the last use is %+v", use)
	}
}

func overrun(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("dinner", cloud.Facts{})
	first, second := a.redeem(t, 1), b.redeem(t, 1)
	w.expect("first", a.last(), terminal.LineVerdict{Accepted: 1})
	verdict := b.last()
	w.expect("overrun", verdict.Overrun, 1)
	if verdict.Other == nil || verdict.Other.Store != quay || verdict.Other.Terminal != a.Name {
		w.Errorf("the other use is %+v", verdict.Other)
	}
	w.expect("used", a.row(t).Voucher.Used, 2)
	all := w.exceptions(true)
	if len(all) != 1 || all[0].Kind != api.ExceptionOverrun || len(all[0].Uses) != 2 {
		w.Fatalf("the exceptions are %+v", all)
	}
	x := all[0]
	w.expect("uses", []terminal.UID{x.Uses[0].Uid, x.Uses[1].Uid}, []terminal.UID{first.UID, second.UID})
	w.expect("stores", []string{x.Uses[0].Store, x.Uses[1].Store}, []string{quay, harbour})
	w.expect("at risk", *x.AtRisk, terminal.Money{Minor: 3990, Currency: "EUR"})
	for _, c := range []*counter{a, b} { // both sides learn it
		told := slices.ContainsFunc(c.pull("", 2000).Records, func(r api.FeedRecord) bool { return r.Exception != nil && r.Exception.Id == x.Id })
		w.expect(c.Store+" is told", told, true)
	}
}

func passUnits(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("swim", cloud.Facts{Units: 5})
	a.redeem(t, 3)
	b.redeem(t, 4)
	w.expect("first", a.last(), terminal.LineVerdict{Accepted: 3})
	verdict := b.last()
	verdict.Other = nil
	w.expect("second", verdict, terminal.LineVerdict{Accepted: 2, Overrun: 2})
	w.expect("used", a.row(t).Voucher.Used, 7)
}

func parts(w *world) {
	a, b := w.counter(quay), w.counter(quay)
	lines, err := cloud.ParseLines("Bread x 2; Milk")
	if err != nil {
		w.Fatal(err)
	}
	t := w.issue("order", cloud.Facts{Lines: lines})
	a.redeemPart(t, "a")
	w.expect("bread", a.last().Accepted, 1)
	b.redeemPart(t, "b")
	w.expect("milk", b.last().Accepted, 1)
	b.redeemPart(t, "a")
	w.expect("bread again", b.last().Overrun, 1)
	b.redeemPart(t, "c")
	w.expect("what was never ordered", b.last().Invalid, 1)
	row := a.row(t)
	w.expect("collected", []bool{row.Voucher.Lines[0].Collected, row.Voucher.Lines[1].Collected}, []bool{true, true})
}

func revoked(w *world) {
	c := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	c.redeem(t, 1)
	w.revoke(t)
	w.expect("verdict", c.last(), terminal.LineVerdict{Revoked: 1})
	w.expect("exception", w.exceptions(true)[0].Kind, api.ExceptionRevoked)
	w.expect("used", c.row(t).Voucher.Used, 1)
}

func unproven(w *world) {
	thief, c := w.counter(harbour), w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	e := terminal.Entry{UID: w.uid(), Kind: terminal.EntryRedeem, Lines: []terminal.EntryLine{thief.line(t, 1, w.uid(), "")}}
	thief.write(e) // the proof is for another uid
	w.expect("thief", thief.last(), terminal.LineVerdict{Invalid: 1})
	c.redeem(t, 1)
	w.expect("customer", c.last(), terminal.LineVerdict{Accepted: 1})
	w.expect("used", c.row(t).Voucher.Used, 1)
}

func unknownVoucher(w *world) {
	c := w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	t.Voucher.ID += 77
	c.redeem(t, 1)
	w.expect("verdict", c.last(), terminal.LineVerdict{Invalid: 1})
	w.expect("redemptions", len(w.redemptions()), 1)
	w.expect("cause", *w.exceptions(true)[0].Cause, "unknown") // nobody showed a wrong code
}

func reversal(w *world) {
	a, b := w.counter(quay), w.counter(harbour)
	t := w.issue("dinner", cloud.Facts{})
	first, second := a.redeem(t, 1), b.redeem(t, 1)
	a.last()
	b.last()
	b.reverse(second, 1)
	w.expect("reversal", b.last(), terminal.LineVerdict{Accepted: 1})
	w.expect("open exceptions", len(w.exceptions(true)), 0)
	w.expect("closed exceptions", w.exceptions(false)[0].Paid, 1)
	w.expect("used", a.row(t).Voucher.Used, 1)
	a.reverse(first, 1)
	w.expect("the other too", a.last(), terminal.LineVerdict{Accepted: 1})
	row := a.row(t)
	w.expect("used after both", row.Voucher.Used, 0)
	w.expect("last use after both", row.Voucher.LastUse, (*terminal.LastUse)(nil))
	a.redeem(t, 1)
	w.expect("usable again", a.last(), terminal.LineVerdict{Accepted: 1})
	w.expect("verdict stays", w.redemptions()[1].Verdict, terminal.Overrun)
}

func reversalExcess(w *world) {
	c := w.counter(quay)
	t := w.issue("swim", cloud.Facts{})
	e := c.redeem(t, 2)
	c.last()
	c.reverse(e, 1)
	w.expect("one of two", c.last(), terminal.LineVerdict{Accepted: 1})
	c.reverse(e, 2)
	w.expect("two of one", c.last(), terminal.LineVerdict{Accepted: 1, Invalid: 1})
	w.expect("exception", w.exceptions(true)[0].Kind, api.ExceptionReversalExcess)
	w.expect("used", c.row(t).Voucher.Used, 0)
	e.UID = w.uid()
	c.reverse(e, 1)
	w.expect("of nothing", c.last(), terminal.LineVerdict{Invalid: 1})
	w.expect("reversed", w.redemptions()[0].Lines[0].Reversed, 2)
}

// refused sends a batch that must be refused, and returns why.
func (c *counter) refused(push cloud.Push) *cloud.JournalError {
	c.Helper()
	_, err := c.storage.ApplyJournal(c.Context(), c.Terminal, push)
	var refused *cloud.JournalError
	if !errors.As(err, &refused) {
		c.Fatalf("the batch was not refused: %v", err)
	}
	return refused
}

func gap(w *world) {
	c := w.counter(quay)
	for range 3 {
		c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	}
	refused := c.refused(c.batch(3))
	w.expect("code", refused.Code, "journal_gap")
	w.expect("head", refused.Head.Seq, 0)
	w.expect("exceptions", len(w.exceptions(true)), 0)
	w.expect("head after all", c.push(1).Head.Seq, 3)
}

func fork(w *world) {
	c := w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	restored := *c
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	restored.redeem(w.issue("dinner", cloud.Facts{}), 1)
	restored.redeem(w.issue("dinner", cloud.Facts{}), 1)
	for range 2 { // the second time is the same alarm
		ack := restored.push(2)
		w.expect("its own head", []any{ack.Head.Epoch, ack.Head.Seq, ack.Head.Hash}, []any{1, 3, restored.place.Hash[:]})
		w.expect("verdicts", []any{len(ack.Verdicts), ack.Verdicts[0].Verdict, ack.Verdicts[1].Verdict}, []any{2, "accepted", "accepted"})
		w.expect("begins anew", *ack.Begin, api.Head{Epoch: 1, Seq: 2, Hash: c.place.Hash[:]})
	}
	w.expect("from its middle too", restored.push(3).Begin.Seq, 2)
	w.expect("the journal that was first goes on", c.push(2).Begin, (*api.Head)(nil))
	w.expect("redemptions", len(w.redemptions()), 4)
	kinds := map[api.ExceptionKind]int{}
	for _, x := range w.exceptions(true) {
		kinds[x.Kind]++
	}
	w.expect("alarms", kinds, map[api.ExceptionKind]int{api.ExceptionJournalFork: 1})
	reports, err := w.storage.Terminals(w.Context(), merchantID)
	if err != nil || len(reports) != 1 {
		w.Fatal(reports, err)
	}
	w.expect("anomalies", reports[0].Anomalies, 1)
}

func damaged(w *world) {
	c := w.counter(quay)
	for range 3 {
		c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	}
	push := c.batch(1)
	push.Entries = slices.Clone(push.Entries)
	push.Entries[2].Signature = make([]byte, 64)
	ack, err := w.storage.ApplyJournal(w.Context(), c.Terminal, push)
	if err != nil {
		w.Fatal(err)
	}
	w.expect("head", ack.Head.Seq, 2)
	push = c.batch(3)
	push.Entries = slices.Clone(push.Entries)
	push.Entries[0].Signature = make([]byte, 64)
	push.Readiness = &cloud.Readiness{Version: "1", Computer: "PC-7", Missing: []string{"journal", "sync"}}
	w.expect("code", c.refused(push).Code, "journal_chain")
	w.expect("how it finds itself", []any{*w.report(c).Ready, w.report(c).Missing, w.report(c).Computer}, []any{false, []string{"journal", "sync"}, "PC-7"})
	push.Entries[0].Bytes = []byte{0xff}
	push.Entries[0].Hash = entry.Hash(push.Prev, push.Entries[0].Bytes)
	w.expect("code of no entry", c.refused(push).Code, "journal_entry")
	w.expect("head after all", c.push(3).Head.Seq, 3)
	// One whose journal does not even open tells it apart from a push.
	if err := w.storage.NoteReadiness(w.Context(), c.Terminal, cloud.Readiness{Version: "2", Missing: []string{"journal"}}, w.now); err != nil {
		w.Fatal(err)
	}
	w.expect("how it says that it finds itself", []any{*w.report(c).Ready, w.report(c).Missing, w.report(c).Version, w.report(c).Computer},
		[]any{false, []string{"journal"}, "2", "PC-7"})
}

func foreign(w *world) {
	a, b := w.counter(quay), w.counter(quay)
	a.redeem(w.issue("dinner", cloud.Facts{}), 1)
	w.expect("code", b.refused(a.batch(1)).Code[:8], "journal_")
	b.Name = a.Name // signed by b, but in the name of a
	b.redeem(w.issue("dinner", cloud.Facts{}), 1)
	b.Name = "counter-2"
	w.expect("code of a stranger's name", b.refused(b.batch(1)).Code, "journal_entry")
	w.expect("redemptions", len(w.redemptions()), 0)
}

func otherKinds(w *world) {
	c := w.counter(quay)
	for _, kind := range []terminal.EntryKind{terminal.EntryDecline, terminal.EntryApprove, terminal.EntryReprint, terminal.EntryDrawer,
		terminal.EntryDayClose, terminal.EntryClock} {
		c.write(terminal.Entry{Kind: kind})
	}
	ack := c.push(1)
	w.expect("head", ack.Head.Seq, 6)
	w.expect("verdicts", len(ack.Verdicts), 0)
	w.expect("redemptions", len(w.redemptions()), 0)
	w.expect("included", c.pull("", 2000).Included, 6)
}

func concurrent(w *world) {
	t := w.issue("swim", cloud.Facts{Units: 10})
	counters := []*counter{w.counter(quay), w.counter(harbour), w.counter(quay)}
	for _, c := range counters {
		for range 6 {
			c.redeem(t, 1)
		}
	}
	var wait sync.WaitGroup
	failures := make(chan error, 100)
	for _, c := range counters {
		for range 3 { // each batch three times at once
			push := c.batch(1)
			wait.Go(func() {
				_, err := w.storage.ApplyJournal(w.Context(), c.Terminal, push)
				failures <- err
			})
		}
	}
	wait.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			w.Error(err)
		}
	}
	var accepted, over int64
	for _, r := range w.redemptions() {
		accepted, over = accepted+r.Lines[0].Accepted, over+r.Lines[0].Overrun
	}
	w.expect("accepted", accepted, 10)
	w.expect("overrun", over, 8)
	w.expect("used", counters[0].row(t).Voucher.Used, 18)
}

// begin writes what begins a new epoch: one entry for each number up to the one after head's, which each names both heads.
func (c *counter) begin(head api.Head) {
	c.Helper()
	for before := c.place; c.place.Epoch <= head.Epoch; before = c.place {
		e := terminal.Entry{Merchant: c.Merchant, Store: c.Store, Terminal: c.Name, Epoch: before.Epoch + 1, Seq: before.Seq + 1, UID: c.uid(),
			Kind: terminal.EntryEpoch, Wall: c.tick(), BusinessDay: terminal.Date{Year: 2026, Month: 11, Day: 21}, Heads: [][]byte{before.Hash[:], head.Hash}}
		sealed, err := entry.Seal(c.private, before.Hash, e)
		if err != nil {
			c.Fatal(err)
		}
		next, _, err := before.Follow(sealed)
		if err != nil {
			c.Fatal(err)
		}
		c.sealed, c.places, c.place = append(c.sealed, sealed), append(c.places, before), next
	}
}

func epoch(w *world) {
	c := w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	c.begin(api.Head{Epoch: 1, Seq: 1, Hash: c.place.Hash[:]})
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	ack := c.push(2)
	w.expect("epoch", ack.Head.Epoch, 2)
	w.expect("head", ack.Head.Seq, 3)
	w.expect("nothing more to begin", ack.Begin, (*api.Head)(nil))
	w.expect("receipt", w.redemptions()[1].Receipt.String(), "2-000001")
}
