package conformance

import (
	"crypto/rand"
	"slices"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

var forkTests = []test{
	{"a copied data folder honours nothing once its journal has forked", forkSuspends},
	{"a fork says whose it is and what is at stake", forkStake},
	{"a readmitted terminal is not suspended for the same branch again", forkReadmitted},
	{"a journal that ends before what is here is a restored one", restoredBehind},
	{"a claim that arrives late suspends nobody", lateClaim},
	{"what a copy lists releases no hold of the other", forkHolds},
}

// copied is a counter on a copy of the data folder: the same key, the journal as it was, a new start of the program.
func (c *counter) copied() *counter {
	other := *c
	other.sealed, other.places, other.open = slices.Clone(c.sealed), slices.Clone(c.places), slices.Clone(c.open)
	other.instance, other.claims = rand.Text(), 0
	return &other
}

// claimAt is a claim that says where the counter's journal ends.
func (c *counter) claimAt(t ticket) cloud.ClaimAnswer {
	c.Helper()
	c.tellsEnd = true
	defer func() { c.tellsEnd = false }()
	return c.claim(t, 1, c.uid())
}

// forks are the exceptions about forks.
func (w *world) forks(openOnly bool) []api.Exception {
	w.Helper()
	return slices.DeleteFunc(w.exceptions(openOnly), func(x api.Exception) bool { return x.Kind != api.ExceptionJournalFork })
}

// diverge makes a counter and its copy redeem one voucher each, and sends the copy's last: it is refused.
func (w *world) diverge() (c, copied *counter, at ticket) {
	w.Helper()
	c = w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	copied = c.copied()
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(2)
	at = w.issue("dinner", cloud.Facts{})
	copied.redeem(at, 1)
	w.expect("code", copied.refused(copied.batch(2)).Code, "journal_fork")
	return c, copied, at
}

func (w *world) readmit(c *counter) bool {
	w.Helper()
	changed, err := w.storage.Suspend(w.Context(), merchantID, c.Store, c.Name, false)
	if err != nil {
		w.Fatal(err)
	}
	return changed
}

func forkSuspends(w *world) {
	c, copied, at := w.diverge()
	for _, one := range []*counter{c, copied} {
		answer := one.claim(at, 1, w.uid())
		w.expect("reason", reason(answer), terminal.TerminalSuspended)
		w.expect("cause", answer.Findings[0].Facts["cause"], "fork")
	}
	w.expect("another terminal goes on", w.counter(quay).claim(at, 1, w.uid()).Granted, true)
	reports, err := w.storage.Terminals(w.Context(), merchantID)
	if err != nil {
		w.Fatal(err)
	}
	w.expect("forked", []bool{reports[0].Forked, reports[1].Forked}, []bool{true, false})
}

func forkStake(w *world) {
	c, copied, _ := w.diverge()
	copied.redeem(w.issue("dinner", cloud.Facts{}), 1)
	copied.refused(copied.batch(2))
	copied.refused(copied.batch(3))
	open := w.forks(true)
	if len(open) != 1 || open[0].Store == nil || open[0].Terminal == nil || open[0].AtRisk == nil || len(open[0].Uses) != 2 {
		w.Fatalf("one whole exception was expected, not %+v", open)
	}
	w.expect("whose", []string{*open[0].Store, *open[0].StoreName, *open[0].Terminal}, []string{quay, "Lakeside quay", c.Name})
	w.expect("at stake", []any{open[0].Units, *open[0].AtRisk}, []any{2, terminal.Money{Minor: 7980, Currency: "EUR"}})
	told := slices.ContainsFunc(w.counter(quay).pull("", 2000).Records, func(r api.FeedRecord) bool {
		return r.Exception != nil && r.Exception.Id == open[0].Id && r.Exception.Units == 2
	})
	w.expect("the store's other terminal is told", told, true)
	w.expect("redemptions", len(w.redemptions()), 2)
}

func forkReadmitted(w *world) {
	c, copied, _ := w.diverge()
	w.expect("changed", w.readmit(c), true)
	w.expect("changed again", w.readmit(c), false)
	w.expect("open", len(w.forks(true)), 0)
	copied.refused(copied.batch(2)) // the copy goes on trying
	w.expect("open after the same branch", len(w.forks(true)), 0)
	fresh := w.issue("dinner", cloud.Facts{})
	w.expect("granted", c.claim(fresh, 1, w.uid()).Granted, true)
	copied.redeem(w.issue("dinner", cloud.Facts{}), 1)
	copied.refused(copied.batch(2))
	w.expect("open after more of the branch", len(w.forks(true)), 1)
	w.expect("units of the new one", w.forks(true)[0].Units, 1)
}

func restoredBehind(w *world) {
	c := w.counter(quay)
	backup := c.copied()
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	t := w.issue("dinner", cloud.Facts{})
	w.expect("granted before", c.claimAt(t).Granted, true)
	for range 2 {
		w.expect("restored", reason(backup.claimAt(t)), terminal.TerminalSuspended)
	}
	w.expect("open", len(w.forks(true)), 1)
	w.readmit(c)
	w.expect("granted to the real one", c.claimAt(t).Granted, true)
	other := w.counter(quay)
	restored := other.copied()
	other.redeem(w.issue("dinner", cloud.Facts{}), 1)
	other.push(1)
	restored.tellsEnd = true
	restored.push(1) // nothing but that its journal is empty
	w.expect("a push tells it too", len(w.forks(true)), 1)
}

func lateClaim(w *world) {
	c := w.counter(quay)
	t := w.issue("swim", cloud.Facts{Units: 9})
	w.expect("first", c.claimAt(t).Granted, true)
	late := *c
	c.redeem(t, 1)
	c.push(1)
	w.expect("late", late.claimAt(t).Granted, true)
	c.instance = rand.Text() // the program starts again
	w.expect("after a start", c.claimAt(t).Granted, true)
	late.claimAt(t)
	w.expect("forks", len(w.forks(true)), 0)
	w.expect("goes on", c.claimAt(t).Granted, true)
	c.redeem(t, 1) // not sent yet
	w.expect("with entries to send", c.claimAt(t).Granted, true)
}

func forkHolds(w *world) {
	c, copied, _ := w.diverge()
	w.readmit(c)
	t, uid := w.issue("dinner", cloud.Facts{}), w.uid()
	copied.open = append(copied.open, uid)
	w.expect("held by the copy", copied.claim(t, 1, uid).Granted, true)
	copied.redeem(w.issue("dinner", cloud.Facts{}), 1)
	copied.refused(copied.batch(2))
	c.claim(t, 1, w.uid())
	w.expect("nobody else gets it", reason(w.counter(harbour).claim(t, 1, w.uid())), terminal.HeldElsewhere)
}
