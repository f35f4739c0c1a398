package hub_test

import (
	"errors"
	"slices"
	"testing"

	"countersign/terminal"
)

// What was sold after the hub's line went down is in the lists of counters that still had one. If the hub only said that it does not know it, two
// counters of the store that both hear it would each honour it by their own list.
func TestWhatAHubDoesNotKnowIsOneCountersAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, counters := w.store(2)
	defer func() { r.end(w) }()
	first, second := counters[0], counters[1]
	w.line.cut(true)
	w.until("the line is down", func() bool { return first.line.Beat(t.Context()) == nil && !first.line.Status().Online })
	unheard := w.issue()
	goesOn := func(c *counter, uid terminal.UID) bool { // by its own list
		t.Helper()
		answer, err := c.claim(unheard, 1, uid)
		switch {
		case errors.Is(err, terminal.ErrNoAnswer):
			return true
		case err != nil || answer.Granted:
			t.Fatalf("%+v, %v", answer, err)
		case !slices.ContainsFunc(answer.Findings, func(f terminal.Finding) bool {
			return f.Reason == terminal.HeldElsewhere && f.Facts["terminal"] != c.Name && f.Facts["store"] != ""
		}):
			t.Fatalf("%s is told %+v", c.Name, answer.Findings)
		}
		return false
	}
	abandoned := newUID()
	if !goesOn(first, abandoned) || goesOn(second, newUID()) || !goesOn(first, newUID()) {
		t.Error("the first is to go on, and the second is to ask there")
	}
	for _, c := range counters { // nobody took it
		c.starts()
		w.must(c.line.Push(t.Context()))
	}
	sold := newUID()
	if !goesOn(second, sold) || goesOn(first, newUID()) {
		t.Error("what the first let go of is the second's")
	}
	w.must(second.redeem(unheard, 1, sold, terminal.Offline))
	w.must(second.line.Push(t.Context()))
	second.starts()
	if goesOn(first, newUID()) || !goesOn(second, newUID()) {
		t.Error("what the second used is its own until the hub knows the voucher")
	}
	second.starts()
	w.must(second.line.Push(t.Context()))
	r.end(w)
	signed := w.appointment()
	r = w.start(w.hub, signed)
	for _, c := range counters {
		c.hears(signed, r.address)
		w.until("the hub answers", func() bool { return c.line.Beat(t.Context()) == nil })
	}
	if goesOn(first, newUID()) {
		t.Error("a hub that was started anew has forgotten who used it")
	}
	w.line.cut(false)
	w.until("the cloud has what was used", func() bool { return w.used(unheard) == 1 })
	w.until("the hub knows the voucher, and counts it", func() bool {
		answer, err := first.claim(unheard, unheard.Voucher.Units, newUID())
		return err == nil && !answer.Granted && slices.ContainsFunc(answer.Findings, func(f terminal.Finding) bool {
			return f.Reason != terminal.HeldElsewhere && f.Reason != terminal.NotFound
		})
	})
	answer, err := first.claim(unheard, unheard.Voucher.Units-1, newUID())
	if err != nil || !answer.Granted || answer.Assurance != terminal.Confirmed {
		t.Errorf("what is left of it: %+v, %v", answer, err)
	}
}
