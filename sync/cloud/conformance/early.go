package conformance

import (
	"fmt"

	"countersign/sync/api"
	"countersign/sync/cloud"
	"countersign/terminal"
)

var earlyTests = []test{
	{"what was taken back and honoured again is settled whoever's line comes back first", anyOrder},
	{"a reversal is settled as far as what it takes back comes", earlyPart},
	{"a reversal of what never comes stays an exception", neverComes},
	{"an early reversal gives a limit back", earlyLimit},
}

// anyOrder: a redeemed two vouchers, b took both back with the hub's word, c honours one of them again and a the other.
func anyOrder(w *world) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		name := func(what string) string { return fmt.Sprintf("%s, in the order %v", what, order) }
		a, b, c := w.counter(quay), w.counter(quay), w.counter(quay)
		one, other := w.issue("dinner", cloud.Facts{}), w.issue("dinner", cloud.Facts{})
		first, second := a.redeem(one, 1), a.redeem(other, 1)
		back := []terminal.Entry{b.reverse(first, 1), b.reverse(second, 1)}
		again := c.redeem(one, 1)
		late := a.redeem(other, 1)
		for _, i := range order {
			[]*counter{a, b, c}[i].push(1)
		}
		w.expect(name("open exceptions"), len(w.exceptions(true)), 0)
		verdicts := map[terminal.UID]terminal.Verdict{}
		for _, r := range w.redemptions() {
			verdicts[r.UID] = r.Verdict
			for _, line := range r.Lines {
				if r.Kind == terminal.EntryRedeem && (r.UID == first.UID || r.UID == second.UID) {
					w.expect(name("taken back"), line.Reversed, int64(1))
				}
			}
		}
		for _, e := range back {
			w.expect(name("verdict on the reversal"), verdicts[e.UID], terminal.Accepted)
		}
		if order[0] == 1 || (order[0] == 2 && order[1] == 1) { // what came back late was expected to be taken back
			for _, e := range []terminal.Entry{first, second, again, late} {
				w.expect(name("verdict on a redemption"), verdicts[e.UID], terminal.Accepted)
			}
		}
		for _, t := range []ticket{one, other} {
			row := c.row(t)
			w.expect(name("used"), row.Voucher.Used, int64(1))
		}
		w.expect(name("who used it last"), c.row(one).Voucher.LastUse.Terminal, c.Name)
		heard := map[terminal.UID]terminal.Verdict{}
		for _, record := range b.pull("", 100).Records {
			if record.Verdict != nil {
				heard[record.Verdict.Uid] = record.Verdict.Verdict
			}
		}
		for _, e := range back {
			if verdict, told := heard[e.UID]; told || order[0] == 1 {
				w.expect(name("verdict that the counter that took back hears"), verdict, terminal.Accepted)
			}
		}
	}
}

func earlyPart(w *world) {
	a, b := w.counter(quay), w.counter(quay)
	t := w.issue("swim", cloud.Facts{})
	e := a.redeem(t, 2)
	b.reverse(e, 3)
	w.expect("before", b.last(), terminal.LineVerdict{Invalid: 3})
	w.expect("the redemption", a.last(), terminal.LineVerdict{Accepted: 2})
	w.expect("after", b.last(), terminal.LineVerdict{Accepted: 2, Invalid: 1})
	open := w.exceptions(true)
	w.expect("what is too much stays", []any{len(open), open[0].Kind, open[0].Units, open[0].Paid}, []any{1, api.ExceptionReversalExcess, int64(3), int64(2)})
	w.expect("used", a.row(t).Voucher.Used, int64(0))
	a.push(1)
	b.push(1)
	w.expect("sent again", b.last(), terminal.LineVerdict{Accepted: 2, Invalid: 1})
	w.expect("used then", a.row(t).Voucher.Used, int64(0))
}

func neverComes(w *world) {
	a, b := w.counter(quay), w.counter(quay)
	t := w.issue("dinner", cloud.Facts{})
	e := a.redeem(t, 1) // and is never sent
	b.reverse(e, 1)
	b.last()
	b.redeem(t, 1)
	w.expect("honoured", b.last(), terminal.LineVerdict{Accepted: 1})
	w.expect("exception", []any{len(w.exceptions(true)), w.exceptions(true)[0].Kind}, []any{1, api.ExceptionReversalExcess})
}

func earlyLimit(w *world) {
	a, b := w.counter(quay), w.counter(quay)
	campaign := w.limited("once", terminal.KindProduct, onePerDay())
	one, other := w.issueOf(campaign, cloud.Facts{Customer: "c1"}), w.issueOf(campaign, cloud.Facts{Customer: "c1"})
	e := a.redeem(one, 1)
	b.reverse(e, 1)
	b.redeem(other, 1)
	b.push(1)
	a.push(1)
	w.expect("open exceptions", len(w.exceptions(true)), 0)
}
