package conformance

import (
	"slices"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

var lineTests = []test{
	{"the exception and the list say alike which line of a journal was left behind", linesAgree},
	{"what a fork and an overrun both count is added once, and each names the other", countedOnce},
	{"what a manager has looked through is not told with the next fork", linesSettled},
}

// agree checks that the open exception about a counter's journal lists exactly what the list of redemptions marks, and returns it.
func (w *world) agree(kind api.ExceptionKind, undecided bool, wanted ...terminal.UID) api.Exception {
	w.Helper()
	open := w.of(kind, true)
	if len(open) != 1 {
		w.Fatalf("one exception of kind %s was expected, not %+v", kind, open)
	}
	var told, behind, other []terminal.UID
	for _, use := range open[0].Uses {
		told = append(told, use.Uid)
	}
	for _, r := range w.redemptions() {
		if r.LeftBehind {
			behind = append(behind, r.UID)
		}
		if r.OtherLine {
			other = append(other, r.UID)
		}
	}
	slices.SortFunc(behind, byUID)
	slices.SortFunc(other, byUID)
	slices.SortFunc(told, byUID)
	slices.SortFunc(wanted, byUID)
	if undecided {
		behind, other = other, behind
	}
	w.expect("it is decided which line is left behind", open[0].Undecided != nil && *open[0].Undecided, undecided)
	w.expect("the exception lists", told, wanted)
	w.expect("the list marks", behind, wanted)
	w.expect("and nothing otherwise", len(other), 0)
	return open[0]
}

func byUID(a, b terminal.UID) int { return slices.Compare(a[:], b[:]) }

func linesAgree(w *world) {
	c := w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	copied := c.copied()
	first := c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(2)
	second := copied.redeem(w.issue("swim", cloud.Facts{Units: 3}), 1)
	ack := copied.push(2)
	w.agree(api.ExceptionJournalFork, true, second.UID) // the head is the first's until the copy has begun its epoch
	copied.begin(*ack.Begin)
	copied.push(2)
	x := w.agree(api.ExceptionJournalFork, false, first.UID)
	w.expect("what was left behind is weighed", part(x, "redeemed"), terminal.ExceptionStake{What: "redeemed", Count: 1, Worth: euros(3990)})
	third := c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(2)
	x = w.agree(api.ExceptionJournalFork, true, first.UID, third.UID) // both go on: a manager has to say which is real
	w.expect("and anew", part(x, "redeemed"), terminal.ExceptionStake{What: "redeemed", Count: 2, Worth: euros(7980)})
	clones := w.of(api.ExceptionClone, true)
	if len(clones) != 1 || clones[0].See == nil || x.See == nil {
		w.Fatalf("a clone that names the fork, and is named, was expected, not %+v and %+v", clones, x.See)
	}
	w.expect("each names the other", []string{(*clones[0].See)[0], (*x.See)[0]}, []string{x.Id, clones[0].Id})
	told := map[string]bool{}
	for _, r := range w.counter(quay).pull("", 2000).Records {
		if r.Exception != nil && r.Exception.See != nil {
			told[r.Exception.Id] = true
		}
	}
	w.expect("the store is told of both", told, map[string]bool{x.Id: true, clones[0].Id: true})
	w.expect("settled", w.settle(copied), true)
	left := 0
	for _, r := range w.redemptions() {
		if r.LeftBehind {
			left++
		}
	}
	w.expect("the list goes on to say it", left, 2)
}

func countedOnce(w *world) {
	c := w.counter(quay)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(1)
	copied := c.copied()
	twice := w.issue("dinner", cloud.Facts{})
	c.redeem(twice, 1)
	c.redeem(w.issue("dinner", cloud.Facts{}), 1)
	c.push(2)
	copied.redeem(twice, 1)
	copied.begin(*copied.push(2).Begin)
	copied.push(2)
	fork, overruns := w.forks(true)[0], w.of(api.ExceptionOverrun, true)
	if len(overruns) != 1 || overruns[0].See == nil || fork.See == nil {
		w.Fatalf("an overrun and a fork that name each other were expected, not %+v and %+v", overruns, fork)
	}
	w.expect("each names the other", []any{*overruns[0].See, *fork.See}, []any{[]string{fork.Id}, []string{overruns[0].Id}})
	w.expect("both count", []any{fork.AtRisk, fork.Shared, overruns[0].AtRisk}, []any{euros(107_980), euros(3990), euros(3990)})
	w.expect("in the figures once", w.atRisk(), []terminal.Money{*euros(107_980)})
	other := w.counter(harbour)
	other.redeem(twice, 1)
	other.push(1)
	w.expect("a third use is a loss of its own", w.atRisk(), []terminal.Money{*euros(111_970)})
	w.expect("settled", w.readmit(copied), true)
	w.expect("overruns alone", w.atRisk(), []terminal.Money{*euros(7980)})
	w.expect("and named by none", w.of(api.ExceptionOverrun, true)[0].See, (*[]string)(nil))
}

// atRisk is the value at risk in the figures.
func (w *world) atRisk() []terminal.Money {
	w.Helper()
	figures, _, err := w.storage.Figures(w.Context(), w.now)
	if err != nil || len(figures) != 1 {
		w.Fatal(figures, err)
	}
	return figures[0].AtRisk
}

func linesSettled(w *world) {
	c, copied, ack := w.diverge()
	copied.begin(*ack.Begin)
	copied.push(2)
	w.expect("settled", w.settle(copied), true)
	backup := *copied
	lost := copied.redeem(w.issue("dinner", cloud.Facts{}), 1)
	copied.push(uint64(len(copied.sealed)))
	w.restore(backup, w.issue("dinner", cloud.Facts{}))
	open := w.of(api.ExceptionJournalRestore, true)
	if len(open) != 1 || len(open[0].Uses) != 1 {
		w.Fatalf("one restore that left one redemption behind was expected, not %+v", open)
	}
	w.expect("what the restore left behind", open[0].Uses[0].Uid, lost.UID)
	w.expect("the first machine's is another's matter", c.report(c).Forked, true)
}
