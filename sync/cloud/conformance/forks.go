package conformance

import (
	"errors"
	"slices"
	"strings"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

var forkTests = []test{
	{"a journal that parts goes on in a new epoch", forkGoesOn},
	{"a fork says whose it is and what is at stake", forkStake},
	{"a fork that a manager closed is not told again", forkReadmitted},
	{"a journal that ends before what is here begins a new epoch before anything is granted", restoredBehind},
	{"a claim that arrives late suspends nobody", lateClaim},
	{"what a copy lists releases no hold of the other", forkHolds},
	{"a backup that was restored twice gets a number of its own each time", restoredTwice},
	{"a restored journal takes its place and keeps what was claimed before", restoredOnPurpose},
	{"a restored journal is told of also where the cloud had no more than the backup", restoredAsSent},
	{"a restored journal is told of also where a hub spoke for it first", restoredBehindHub},
	{"an entry that is gone is told once", entryGone},
	{"a clock that was moved far is told", clockMoved},
}

// copied is a counter on a copy of the data folder: the same key, the journal as it was, a new start of the program.
func (c *counter) copied() *counter {
	other := *c
	other.sealed, other.places, other.open = slices.Clone(c.sealed), slices.Clone(c.places), slices.Clone(c.open)
	other.claims = 0
	other.restart()
	return &other
}

// claimAt is a claim that says where the counter's journal ends.
func (c *counter) claimAt(t ticket) cloud.ClaimAnswer {
	c.Helper()
	c.tellsEnd = true
	defer func() { c.tellsEnd = false }()
	return c.claim(t, 1, c.uid())
}

// pushAt is a push that says that the journal ends with it.
func (c *counter) pushAt(from uint64) cloud.Ack {
	c.Helper()
	c.tellsEnd = true
	defer func() { c.tellsEnd = false }()
	return c.push(from)
}

// of are the exceptions of one kind.
func (w *world) of(kind api.ExceptionKind, openOnly bool) []api.Exception {
	w.Helper()
	return slices.DeleteFunc(w.exceptions(openOnly), func(x api.Exception) bool { return x.Kind != kind })
}

// forks are the exceptions about forks.
func (w *world) forks(openOnly bool) []api.Exception {
	w.Helper()
	return w.of(api.ExceptionJournalFork, openOnly)
}

// diverge makes a counter and its copy redeem one voucher each, and sends both.
func (w *world) diverge() (c, copied *counter, ack cloud.Ack) {
	w.Helper()
	c = w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	copied = c.copied()
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(2)
	copied.redeem(w.issue("dinner", cloud.Facts{}), 1)
	return c, copied, copied.push(2)
}

func (w *world) readmit(c *counter) bool {
	w.Helper()
	changed, err := w.storage.Suspend(w.Context(), merchantID, c.Store, c.Name, false)
	if err != nil {
		w.Fatal(err)
	}
	return changed
}

func (w *world) report(c *counter) cloud.TerminalReport {
	w.Helper()
	reports, err := w.storage.Terminals(w.Context(), merchantID)
	if err != nil {
		w.Fatal(err)
	}
	for _, r := range reports {
		if r.Store == c.Store && r.Name == c.Name {
			return r
		}
	}
	w.Fatalf("there is no terminal %s", c.Name)
	return cloud.TerminalReport{}
}

func forkGoesOn(w *world) {
	c, copied, ack := w.diverge()
	w.expect("verdict", ack.Verdicts[0].Verdict, terminal.Accepted)
	w.expect("to be named", *ack.Begin, api.Head{Epoch: 1, Seq: 2, Hash: c.place.Hash[:]})
	t := w.issue("swim", cloud.Facts{Units: 5})
	refused := copied.claimAt(t)
	w.expect("before it began", []any{reason(refused), refused.Findings[0].Facts["cause"], refused.Begin.Seq}, []any{terminal.TerminalSuspended, "fork", 2})
	w.expect("another terminal goes on", w.counter(quay).claim(t, 1, w.uid()).Granted, true)
	copied.begin(*ack.Begin)
	w.expect("granted once it has begun", copied.claimAt(t).Granted, true)
	e := copied.redeem(t, 1)
	after := copied.pushAt(3)
	w.expect("its head", []any{after.Head.Epoch, after.Head.Seq, after.Begin}, []any{2, 4, (*api.Head)(nil)})
	w.expect("the terminal's", []any{w.report(c).Epoch, w.report(c).Head, w.report(c).Forked}, []any{2, 4, true})
	w.expect("receipt", e.Receipt.String(), "2-000001")
	w.expect("included", []any{copied.pull("", 2000).Included, copied.row(t).Included}, []any{4, 4})
	w.expect("redemptions", len(w.redemptions()), 4)
	w.expect("sent again", len(copied.push(1).Verdicts), 3)
	w.expect("once", len(w.redemptions()), 4)
	for i := range copied.sealed { // every piece of it is known wherever it is cut
		w.expect("head from there", copied.push(uint64(i+1)).Head.Seq, 4)
	}
}

func forkStake(w *world) {
	c, copied, _ := w.diverge()
	copied.redeem(w.issue("dinner", cloud.Facts{}), 1)
	copied.push(2)
	copied.push(3)
	open := w.forks(true)
	if len(open) != 1 || open[0].Store == nil || open[0].Terminal == nil || open[0].AtRisk == nil || len(open[0].Uses) != 2 {
		w.Fatalf("one whole exception was expected, not %+v", open)
	}
	w.expect("whose", []any{*open[0].Store, *open[0].StoreName, *open[0].Terminal, *open[0].Entry}, []any{quay, "Lakeside quay", c.Name, 2})
	w.expect("on the other line", []any{open[0].Units, part(open[0], "redeemed")}, []any{2, terminal.ExceptionStake{What: "redeemed", Count: 2, Worth: euros(7980)}})
	w.expect("and alone", part(open[0], "offline"), terminal.ExceptionStake{What: "offline", Count: 50, Worth: euros(100_000)})
	w.expect("at stake", open[0].AtRisk, euros(107_980))
	told := slices.ContainsFunc(w.counter(quay).pull("", 2000).Records, func(r api.FeedRecord) bool {
		return r.Exception != nil && r.Exception.Id == open[0].Id && r.Exception.Units == 2
	})
	w.expect("the store's other terminal is told", told, true)
	w.expect("redemptions", len(w.redemptions()), 4)
}

func forkReadmitted(w *world) {
	_, copied, ack := w.diverge()
	copied.begin(*ack.Begin)
	copied.push(3)
	w.expect("open", len(w.forks(true)), 1)
	w.expect("changed", w.settle(copied), true)
	w.expect("changed again", w.readmit(copied), false)
	w.expect("open after that", len(w.forks(true)), 0)
	copied.push(1)
	copied.push(2)
	w.expect("open after the same branch", len(w.forks(true)), 0)
	w.expect("granted", copied.claimAt(w.issue("dinner", cloud.Facts{})).Granted, true)
	w.expect("suspicion", w.report(copied).Cloned, false)
}

// settle readmits the counter's own machine.
func (w *world) settle(c *counter) bool {
	w.Helper()
	changed, err := w.storage.Readmit(w.Context(), merchantID, c.Store, c.Name, c.instance)
	if err != nil {
		w.Fatal(err)
	}
	return changed
}

func restoredBehind(w *world) {
	c := w.counter(quay)
	backup := c.copied()
	t := w.issue("swim", cloud.Facts{Units: 5})
	w.expect("granted before", c.claimAt(t).Granted, true)
	c.redeem(t, 1)
	c.push(1)
	for range 2 {
		answer := backup.claimAt(t)
		w.expect("restored", []any{reason(answer), answer.Begin.Seq}, []any{terminal.TerminalSuspended, 1})
	}
	w.expect("open", len(w.forks(true)), 1)
	backup.begin(api.Head{Epoch: 1, Seq: 1, Hash: c.place.Hash[:]})
	w.expect("granted in its epoch", backup.claimAt(t).Granted, true)
	w.expect("head", backup.pushAt(1).Head.Epoch, 2)
	w.expect("what it lacks still counts", backup.row(t).Voucher.Used, 1)

	other := w.counter(harbour)
	restored := other.copied()
	other.redeem(w.issue("dinner", cloud.Facts{}), 1)
	other.push(1)
	w.expect("a push tells it too", restored.pushAt(1).Begin.Seq, 1) // nothing but that its journal is empty
	w.expect("both", len(w.forks(true)), 2)
}

func lateClaim(w *world) {
	c := w.counter(quay)
	t := w.issue("swim", cloud.Facts{Units: 9})
	w.expect("first", c.claimAt(t).Granted, true)
	late := *c
	c.redeem(t, 1)
	c.push(1)
	w.expect("late", late.claimAt(t).Granted, true)
	before := w.now
	c.restart()
	w.expect("after a start", c.claimAt(t).Granted, true)
	claim := cloud.Claim{Claim: terminal.Claim{UID: w.uid(), Lines: []terminal.ClaimLine{{Lookup: t.lookup, Units: 1}}}, Standing: late.standing(), At: w.tick()}
	claim.Standing.Nonce = before
	_, err := w.storage.Claim(w.Context(), late.Terminal, claim)
	w.expect("an earlier start has to prove that it is alive", errors.Is(err, cloud.ErrProveAlive), true)
	w.expect("alarms", len(w.exceptions(true)), 0)
	w.expect("goes on", c.claimAt(t).Granted, true)
	c.redeem(t, 1) // not sent yet
	w.expect("with entries to send", c.claimAt(t).Granted, true)
	w.expect("alarms after all", len(w.exceptions(true)), 0)
}

func forkHolds(w *world) {
	c, copied, ack := w.diverge()
	copied.begin(*ack.Begin)
	t, uid := w.issue("dinner", cloud.Facts{}), w.uid()
	copied.open = append(copied.open, uid)
	w.expect("held by the copy", copied.claim(t, 1, uid).Granted, true)
	c.claim(t, 1, w.uid())
	c.push(1)
	w.expect("nobody else gets it", reason(w.counter(harbour).claim(t, 1, w.uid())), terminal.HeldElsewhere)
	w.settle(c)
	w.expect("once the copy is refused", w.counter(harbour).claim(t, 1, w.uid()).Granted, true)
}

func restoredTwice(w *world) {
	c := w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	backup := *c
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(2)
	seen := map[string]bool{}
	for _, r := range w.redemptions() {
		seen[r.Receipt.String()] = true
	}
	head := api.Head{Epoch: 1, Seq: 2, Hash: c.place.Hash[:]}
	for range 3 {
		restored := backup.copied()
		restored.restored, restored.previous = true, []string{}
		restored.begin(api.Head{Epoch: 1, Hash: head.Hash}) // it does not know what became of the other
		ack := restored.pushAt(2)
		if ack.Begin != nil {
			w.expect("above all", ack.Begin.Epoch >= restored.place.Epoch, true)
			restored.begin(*ack.Begin)
			restored.pushAt(2)
		}
		e := restored.redeem(w.issue("dinner", cloud.Facts{}), 1)
		ack = restored.pushAt(2)
		w.expect("taken", []any{ack.Head.Seq, ack.Begin}, []any{restored.place.Seq, (*api.Head)(nil)})
		if seen[e.Receipt.String()] {
			w.Errorf("receipt %s was given twice", e.Receipt)
		}
		seen[e.Receipt.String()] = true
	}
	w.expect("redemptions", len(w.redemptions()), 5)
	w.expect("copies", len(w.of(api.ExceptionClone, true)), 0)
}

func restoredOnPurpose(w *world) {
	c := w.counter(quay)
	backup := *c
	t := w.issue("dinner", cloud.Facts{})
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	uid := w.uid()
	c.open = append(c.open, uid)
	w.expect("granted to what was lost", c.claim(t, 1, uid).Granted, true)
	restored := backup.copied()
	restored.restored, restored.previous = true, []string{}
	restored.begin(api.Head{Epoch: 1, Hash: restored.place.Hash[:]})
	ack := restored.pushAt(1)
	w.expect("taken", []any{ack.Head.Epoch, ack.Head.Seq, ack.Begin, ack.Clone}, []any{2, 1, (*api.Head)(nil), false})
	told := w.of(api.ExceptionJournalRestore, true)
	if len(told) != 1 || told[0].Entry == nil || *told[0].Entry != 1 {
		w.Fatalf("one exception about the restore was expected, not %+v", told)
	}
	w.expect("no other alarm", len(w.exceptions(true)), 1)
	w.expect("it may have been honoured", reason(restored.claim(t, 1, w.uid())), terminal.HeldElsewhere)
	w.expect("readmitted", w.readmit(restored), true)
	w.expect("and free", restored.claim(t, 1, w.uid()).Granted, true)
	// What it replaced speaks again: now they are two.
	c.push(1)
	w.expect("alarm", len(w.of(api.ExceptionClone, true)), 1)
}

func restoredAsSent(w *world) {
	c := w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	restored := c.copied() // what it redeemed after the backup was never sent
	restored.restored, restored.previous = true, []string{}
	restored.pushAt(2) // the list of what it holds goes ahead, and says it
	restored.restored = false
	restored.begin(api.Head{Epoch: 1, Hash: restored.place.Hash[:]})
	restored.pushAt(2)
	told := w.of(api.ExceptionJournalRestore, true)
	if len(told) != 1 || told[0].Note == nil || !strings.Contains(*told[0].Note, "paper slips") {
		w.Fatalf("one exception about the restore was expected, not %+v", told)
	}
	w.expect("no other alarm", len(w.exceptions(true)), 1)
	w.expect("waits for a word", w.report(restored).Restored, true)
	w.expect("readmitted", w.readmit(restored), true)
	w.expect("settled", len(w.exceptions(true)), 0)
}

func restoredBehindHub(w *world) {
	c := w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	restored := c.copied()
	restored.restored, restored.previous = true, []string{}
	restored.relayed(2)
	w.expect("a hub says nothing of it", len(w.exceptions(true)), 0)
	for _, said := range []string{"the next start says it", "once"} {
		restored.restart()
		named := restored.previous
		w.expect(said+": no copy", restored.pushAt(2).Clone, false)
		restored.previous = named // the answer was lost
		w.expect(said, []any{len(w.of(api.ExceptionJournalRestore, true)), len(w.exceptions(true))}, []any{1, 1})
	}
}

func entryGone(w *world) {
	c := w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	push := c.batch(2)
	push.Missing, push.Pending = 2, 7
	for range 2 {
		if _, err := w.storage.ApplyJournal(w.Context(), c.Terminal, push); err != nil {
			w.Fatal(err)
		}
	}
	gone := w.of(api.ExceptionJournalGap, true)
	if len(gone) != 1 || *gone[0].Entry != 2 || *gone[0].Terminal != c.Name {
		w.Fatalf("one gap was expected, not %+v", gone)
	}
}

func clockMoved(w *world) {
	c := w.counter(quay)
	c.write(terminal.Entry{Kind: terminal.EntryClock, Note: "-30s"})
	c.write(terminal.Entry{Kind: terminal.EntryClock, Note: "-24h0m0s"})
	c.write(terminal.Entry{Kind: terminal.EntryClock, Note: "whatever"})
	c.push(1)
	c.push(1)
	moved := w.of(api.ExceptionClock, true)
	if len(moved) != 1 || *moved[0].Entry != 2 || *moved[0].Seconds != -86400 {
		w.Fatalf("one move of the clock was expected, not %+v", moved)
	}
	w.expect("anomalies", w.report(c).Anomalies, 1)
}
