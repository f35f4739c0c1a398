package conformance

import (
	"strings"
	"time"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

var stakeTests = []test{
	{"a restore is one exception with its history, however often it is done", restoreIsOne},
	{"a restore says what may be lost, and the figures do", restoreStake},
	{"a copy says what it may cost, and its fork does not say it again", cloneStake},
	{"a copy that was readmitted begins an epoch without a word", readmittedBegins},
}

func euros(minor int64) *terminal.Money { return &terminal.Money{Minor: minor, Currency: "EUR"} }

// restore puts a counter's backup in its place: its first word is a claim, as a shop's is that serves the next customer.
func (w *world) restore(backup counter, t ticket) *counter {
	w.Helper()
	restored := backup.copied()
	restored.restored, restored.previous = true, []string{}
	answer := restored.claimAt(t)
	if answer.Begin == nil {
		w.Fatalf("a backup that lacks entries was granted something: %+v", answer)
	}
	restored.begin(*answer.Begin)
	restored.pushAt(uint64(len(backup.sealed)) + 1)
	restored.restored = false
	return restored
}

func restoreIsOne(w *world) {
	c := w.counter(quay)
	t := w.issue("swim", cloud.Facts{Units: 9})
	c.redeem(t, 1)
	c.push(1)
	backup := *c
	c.redeem(t, 1)
	c.redeem(t, 1)
	c.push(2)
	w.restore(backup, t)
	open := w.exceptions(true)
	if len(open) != 1 || open[0].Kind != api.ExceptionJournalRestore || open[0].History == nil || len(*open[0].History) != 1 {
		w.Fatalf("one exception about one restore was expected, not %+v", open)
	}
	event := (*open[0].History)[0]
	w.expect("what happened", []any{event.Kind, event.Entry, event.Left, event.Epoch, *open[0].Entry}, []any{"journal_restore", 2, 2, 2, 2})
	again := w.restore(backup, t)
	open = w.exceptions(true)
	if len(open) != 1 || len(*open[0].History) != 2 {
		w.Fatalf("the second restore was expected in the history of the first, not %+v of %+v", *open[0].History, open)
	}
	event = (*open[0].History)[1]
	w.expect("the note counts everything", strings.HasPrefix(*open[0].Note, "It was restored 2 times, which left 3 entries behind in all"), true)
	w.expect("and then", []any{event.Kind, event.Entry, event.Left, event.Epoch}, []any{"journal_restore", 2, 1, 3})
	left := map[bool]int{}
	for _, r := range w.redemptions() {
		left[r.LeftBehind]++
	}
	w.expect("of the redemptions the journal that goes on has one, and the two that it lacks are said to be left behind", left, map[bool]int{false: 1, true: 2})
	w.expect("readmitted", w.readmit(again), true)
	w.expect("settled", len(w.exceptions(true)), 0)
	again.restart()
	again.begin(api.Head{Epoch: again.place.Epoch, Seq: again.place.Seq, Hash: again.place.Hash[:]})
	again.pushAt(again.place.Seq)
	w.expect("nothing new", len(w.exceptions(true)), 0)
}

// part is one part of what an exception may cost; one that is not there is all zero.
func part(x api.Exception, what string) terminal.ExceptionStake {
	if x.Stake != nil {
		for _, one := range *x.Stake {
			if one.What == what {
				return one
			}
		}
	}
	return terminal.ExceptionStake{}
}

func restoreStake(w *world) {
	c := w.counter(quay)
	backup := *c
	pass, _ := c.swims(2)
	w.apply(lakeside()) // with no offline policies of their own
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	push := c.batch(1)
	push.Pending = 7
	if _, err := w.storage.ApplyJournal(w.Context(), c.Terminal, push); err != nil {
		w.Fatal(err)
	}
	uid := w.uid()
	c.open = append(c.open, uid)
	w.expect("granted to what was lost", c.claim(w.issue("dinner", cloud.Facts{}), 1, uid).Granted, true)
	w.restore(backup, w.issue("dinner", cloud.Facts{}))
	open := w.exceptions(true)
	if len(open) != 1 {
		w.Fatalf("one exception was expected, not %+v", open)
	}
	worth := cloud.Worth(pass.Voucher, terminal.Campaign{Kind: terminal.KindPass, Price: euros(3990)}, 2)
	w.expect("claims", part(open[0], "claims"), terminal.ExceptionStake{What: "claims", Count: 1, Worth: euros(3990)})
	w.expect("leases", part(open[0], "leases"), terminal.ExceptionStake{What: "leases", Count: 2, Worth: worth})
	w.expect("alone", part(open[0], "offline"), terminal.ExceptionStake{What: "offline", Count: 50, Worth: euros(100_000)})
	w.expect("not sent", part(open[0], "unsent"), terminal.ExceptionStake{What: "unsent", Count: 7})
	w.expect("left behind", part(open[0], "redeemed"), terminal.ExceptionStake{What: "redeemed", Count: 1, Worth: euros(3990)})
	w.expect("in all", open[0].AtRisk, euros(107_980+worth.Minor))
	figures, _, err := w.storage.Figures(w.Context(), w.now.Add(time.Minute))
	if err != nil || len(figures) != 1 {
		w.Fatal(figures, err)
	}
	w.expect("in the figures", figures[0].AtRisk, []terminal.Money{*euros(107_980 + worth.Minor)})
}

func cloneStake(w *world) {
	c, copied := w.twins()
	c.pushAt(2)
	copied.claimAt(w.issue("swim", cloud.Facts{Units: 5}))
	clones := w.of(api.ExceptionClone, true)
	if len(clones) != 1 {
		w.Fatalf("one alarm was expected, not %+v", clones)
	}
	w.expect("alone", []any{part(clones[0], "offline").Worth, clones[0].AtRisk}, []any{euros(100_000), euros(100_000)})
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.pushAt(2)
	copied.redeem(w.issue("dinner", cloud.Facts{}), 1)
	copied.pushAt(2)
	forks := w.forks(true)
	if len(forks) != 1 {
		w.Fatalf("one fork was expected, not %+v", forks)
	}
	w.expect("the other line's", part(forks[0], "redeemed"), terminal.ExceptionStake{What: "redeemed", Count: 1, Worth: euros(3990)})
	w.expect("nothing twice", forks[0].AtRisk, euros(3990))
}

func readmittedBegins(w *world) {
	c, copied := w.twins()
	c.pushAt(2)
	copied.claimAt(w.issue("swim", cloud.Facts{Units: 5}))
	w.expect("readmitted", w.settle(copied), true)
	copied.begin(api.Head{Epoch: copied.place.Epoch, Seq: copied.place.Seq, Hash: copied.place.Hash[:]})
	copied.pushAt(copied.place.Seq)
	w.expect("exceptions", len(w.exceptions(true)), 0)
}
