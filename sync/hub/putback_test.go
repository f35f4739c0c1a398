package hub_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cloudsync "countersign/sync"
	"countersign/terminal"
)

// soldAndPutBack has a store without a line sell a voucher at its first counter by the hub's yes, puts the hub's record back to how it was before that, and starts the
// hub again. marked says that only hub.db was put back, and not what lies beside it.
func (w *world) soldAndPutBack(counters []*counter, r *running, pass ticket, marked bool) *running {
	w.Helper()
	w.line.cut(true)
	r.end(w)
	older := w.TempDir()
	hubFiles(w, w.folder, older)
	mark, markErr := os.ReadFile(filepath.Join(w.folder, "hub.mark"))
	signed := w.appointment()
	r = w.start(w.hub, signed)
	for _, c := range counters {
		c.hears(signed, r.address)
		w.until("the hub answers", func() bool { return c.line.Beat(w.Context()) == nil })
	}
	uid := newUID()
	answer, err := counters[0].claim(pass, pass.Voucher.Units, uid)
	if err != nil || !answer.Granted || answer.Assurance != terminal.ByStore {
		w.Fatalf("all units: %+v, %v", answer, err)
	}
	w.must(counters[0].redeem(pass, pass.Voucher.Units, uid, terminal.ByStore))
	w.must(counters[0].line.Push(w.Context()))
	for _, c := range counters { // each has heard how far the hub is
		w.must(c.line.Beat(w.Context()))
	}
	r.end(w)
	for _, path := range []string{"hub.db-wal", "hub.db-shm"} {
		if err := os.Remove(filepath.Join(w.folder, path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			w.Fatal(err)
		}
	}
	hubFiles(w, older, w.folder)
	if !marked {
		w.must(errors.Join(markErr, os.WriteFile(filepath.Join(w.folder, "hub.mark"), mark, 0o600)))
	}
	r = w.start(w.hub, signed)
	for _, c := range []*counter{counters[1], w.hub} { // the first is off
		c.hears(signed, r.address)
		w.until("the hub answers", func() bool { return c.line.Beat(w.Context()) == nil })
	}
	return r
}

// forgetful holds a hub to knowing that it has forgotten, until the counter that was off has told it.
func (w *world) forgetful(counters []*counter, r *running, pass, other ticket) {
	w.Helper()
	w.must(counters[1].line.Push(w.Context()))
	w.must(w.hub.line.Push(w.Context()))
	w.must(counters[1].line.Beat(w.Context()))
	answer, err := counters[1].claim(pass, 1, newUID())
	if err == nil && answer.Granted && answer.Assurance != terminal.Offline {
		w.Fatalf("it is used up at a counter that is off, and the hub says yes as %s", answer.Assurance)
	}
	if status := counters[1].line.Status(); status.Awaits != 1 {
		w.Errorf("the hub waits for %d counters, and should for the one that is off", status.Awaits)
	}
	counters[1].starts()
	w.must(counters[1].line.Beat(w.Context()))
	w.must(counters[1].line.Push(w.Context())) // nobody took it
	counters[0].starts()
	signed := w.appointment()
	counters[0].hears(signed, r.address)
	w.must(counters[0].line.Beat(w.Context()))
	w.must(counters[0].line.Push(w.Context()))
	w.must(counters[1].line.Beat(w.Context()))
	if status := counters[1].line.Status(); status.Awaits != 0 {
		w.Errorf("all are heard, and the hub waits for %d", status.Awaits)
	}
	if answer, err := counters[1].claim(pass, 1, newUID()); err != nil || answer.Granted {
		w.Errorf("used up, and the hub has heard so again: %+v, %v", answer, err)
	}
	if answer, err := counters[1].claim(other, 1, newUID()); err != nil || !answer.Granted || answer.Assurance != terminal.ByStore {
		w.Errorf("of another voucher, once all are heard: %+v, %v", answer, err)
	}
}

// A hub whose record was put back would grant once more what it had granted to a counter that is off now. Where all of its folder was put back, nothing
// there says how new it was: a counter that is on remembers.
func TestAHubThatWasPutBackKnowsThatItHasForgotten(t *testing.T) {
	t.Parallel()
	for name, alone := range map[string]bool{"the record alone": true, "all of its folder": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			pass, other := w.issue(), w.issue()
			r, counters := w.store(2)
			r = w.soldAndPutBack(counters, r, pass, alone)
			defer func() { r.end(w) }()
			w.forgetful(counters, r, pass, other)
		})
	}
}

// keptLine keeps a cloudsync.Line from one start of a program to the next.
type keptLine struct{ line cloudsync.Line }

func (k *keptLine) LoadLine() (cloudsync.Line, error) { return k.line, nil }
func (k *keptLine) SaveLine(line cloudsync.Line) error {
	k.line = line
	return nil
}

// command sells a voucher with a start of the program that does nothing else.
func (c *counter) command(of ticket) terminal.ClaimAnswer {
	c.Helper()
	c.starts()
	uid := newUID()
	answer, err := c.claim(of, of.Voucher.Units, uid)
	c.must(err)
	if answer.Granted {
		c.must(c.redeem(of, of.Voucher.Units, uid, answer.Assurance))
		c.must(c.line.Leave(c.Context()))
	}
	c.line.Keep()
	return answer
}

// In a store where each sale is a command of its own nobody would remember how far the hub was.
func TestAHubThatWasPutBackHearsOfItFromCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, sold, other := w.issue(), w.issue(), w.issue()
	r, counters := w.store(3)
	w.line.cut(true)
	r.end(w)
	older := t.TempDir()
	hubFiles(w, w.folder, older)
	mark, err := os.ReadFile(filepath.Join(w.folder, "hub.mark"))
	w.must(err)
	signed := w.appointment()
	r = w.start(w.hub, signed)
	kept := &keptLine{}
	for i, c := range counters {
		c.hears(signed, r.address)
		if c.lines = new(keptLine); i == 0 {
			c.lines = kept
		}
	}
	for i, of := range []ticket{before, sold} {
		if answer := counters[i].command(of); !answer.Granted || answer.Assurance != terminal.ByStore {
			t.Fatalf("by the hub: %+v", answer)
		}
	}
	heard := kept.line.Hub
	r.end(w)
	for _, path := range []string{"hub.db-wal", "hub.db-shm"} {
		if err := os.Remove(filepath.Join(w.folder, path)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	hubFiles(w, older, w.folder)
	w.must(os.WriteFile(filepath.Join(w.folder, "hub.mark"), mark, 0o600))
	r = w.start(w.hub, signed)
	defer func() { r.end(w) }()
	for _, c := range counters {
		c.hears(signed, r.address)
	}
	if heard.Answered != 2 { // its claim, and the entry of it
		t.Errorf("the command remembers %+v", heard)
	}
	if answer := counters[0].command(other); answer.Granted && answer.Assurance != terminal.Offline {
		t.Errorf("of a hub that has forgotten: %+v", answer)
	}
	if answer := counters[2].command(sold); answer.Granted && answer.Assurance != terminal.Offline {
		t.Errorf("sold by a counter that is off, and granted once more: %+v", answer)
	}
}

// A counter that was suspended and is readmitted while it is off has used what it used: a hub that was put back would honour that once more as the store's.
func TestAHubThatWasPutBackAwaitsWhoIsReadmitted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass, other := w.issue(), w.issue()
	r, counters := w.store(2)
	r = w.soldAndPutBack(counters, r, pass, true)
	defer func() { r.end(w) }()
	w.must(counters[1].line.Push(t.Context()))
	w.must(w.hub.line.Push(t.Context()))
	awaits := func(what string, n int64) {
		t.Helper()
		w.until(what, func() bool {
			return counters[1].line.Beat(t.Context()) == nil && counters[1].line.Status().Awaits == n
		})
	}
	awaits("the one that is off is awaited", 1)
	w.line.cut(false)
	suspend := func(suspended bool) {
		t.Helper()
		_, err := w.storage.Suspend(t.Context(), merchantID, quayID, counters[0].Name, suspended)
		w.must(err)
	}
	suspend(true)
	awaits("nobody waits for who is suspended", 0)
	suspend(false)
	awaits("who is readmitted and not heard is awaited", 1)
	w.line.cut(true)
	w.forgetful(counters, r, pass, other)
}

// A hub that is started again, or killed, would wait for counters that are off although it has forgotten nothing.
func TestAHubThatOnlyStartsAgainHasForgottenNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, counters := w.store(2)
	signed := w.appointment()
	pass := w.issue()
	if answer, err := counters[0].claim(pass, 1, newUID()); err != nil || !answer.Granted {
		t.Fatalf("%+v, %v", answer, err)
	}
	w.line.cut(true)
	for range 5 {
		r.end(w)
		r = w.start(w.hub, signed)
		for _, c := range counters {
			c.hears(signed, r.address)
			w.until("the hub answers", func() bool { return c.line.Beat(t.Context()) == nil })
			if status := c.line.Status(); status.Awaits != 0 {
				t.Errorf("the hub waits for %d counters", status.Awaits)
			}
		}
	}
	r.end(w)
}

// A mark that cannot be read says nothing of what the hub had granted.
func TestAHubWhoseMarkIsDamagedIsCareful(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, counters := w.store(2)
	w.line.cut(true)
	r.end(w)
	path := filepath.Join(w.folder, "hub.mark")
	if text, err := os.ReadFile(path); err != nil || strings.Count(string(text), "\n") != 1 {
		t.Fatalf("%q, %v", text, err)
	}
	w.must(os.WriteFile(path, []byte("\x00\x00\x00\x00"), 0o600))
	signed := w.appointment()
	r = w.start(w.hub, signed)
	defer func() { r.end(w) }()
	c := counters[1]
	c.hears(signed, r.address)
	w.until("the hub answers", func() bool { return c.line.Beat(t.Context()) == nil })
	if status := c.line.Status(); status.Awaits == 0 {
		t.Error("nobody is awaited")
	}
}

// A hub that has no line goes on granting to whoever has not heard that another one was appointed, and so would the new one.
func TestANewHubPromisesNothingBeforeTheWholeStoreKnowsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pass := w.issue()
	old, counters := w.store(3)
	defer func() { old.end(w) }()
	deaf, knows, next := counters[0], counters[1], counters[2]
	w.line.cut(true) // of the old hub and of who asks it
	w.until("the old hub is alone", func() bool { return deaf.line.Beat(t.Context()) == nil && !deaf.line.Status().Online })
	signed := w.appoint(next)
	w.line.cut(false)
	w.folder = t.TempDir()
	fresh := w.start(next, signed)
	defer func() { fresh.end(w) }()
	for _, c := range []*counter{knows, next} {
		c.hears(signed, fresh.address)
		w.until("the new hub answers", func() bool { return c.line.Beat(t.Context()) == nil })
		w.must(c.line.Push(t.Context()))
	}
	w.line.cut(true)
	granted, err := deaf.claim(pass, pass.Voucher.Units, newUID())
	if err != nil || !granted.Granted || granted.Assurance != terminal.ByStore {
		t.Fatalf("the old hub, to who has heard of no other: %+v, %v", granted, err)
	}
	if answer, err := knows.claim(pass, pass.Voucher.Units, newUID()); err == nil && answer.Granted && answer.Assurance != terminal.Offline {
		t.Errorf("both hubs say yes, and the new one as %s", answer.Assurance)
	}
	deaf.starts()
	for _, c := range []*counter{deaf, w.hub} {
		c.hears(signed, fresh.address)
		w.must(c.line.Beat(t.Context()))
		w.must(c.line.Push(t.Context()))
	}
	knows.starts()
	w.must(knows.line.Beat(t.Context()))
	w.must(knows.line.Push(t.Context()))
	if answer, err := knows.claim(pass, 1, newUID()); err != nil || !answer.Granted || answer.Assurance != terminal.ByStore {
		t.Errorf("once all know the new hub: %+v, %v", answer, err)
	}
}
