package counter_test

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"countersign/ui/counter"
)

func TestGuardedWindowClosesForManagersOnly(t *testing.T) {
	// Whoever closes the counter of a till that does nothing else leaves the shop without it, with a voucher half redeemed.
	c := openTill(t)
	c.screen.Counter().Happen(counter.Guard{Guarded: true})
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	c.screen.Counter().Happen(counter.CloseAsked{}) // the system's own button
	if people := c.state().People(); c.state().Purpose != counter.ForClosing || len(people) != 1 || people[0].ID != "anna" || !c.says("A manager closes this window") {
		t.Errorf("asked for %q of %v, said why: %v", c.state().Purpose, people, c.says("A manager closes this window"))
	}
	c.tick(time.Second)
	c.Type("1111", 150*time.Millisecond)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	c.Hands.Key(fyne.KeyEscape)
	if s := c.state(); c.shut != 0 || s.Sheet != counter.NoSheet || s.Phase != counter.ReadyToRedeem {
		t.Errorf("without a manager: closed %d times, %q, %s", c.shut, s.Sheet, s.Phase)
	}
	c.Hands.Key(fyne.KeyF10)
	c.Click(c.find(t, "shut"))
	c.tick(time.Second)
	c.agree()
	if c.shut != 1 {
		t.Errorf("with a manager's PIN: closed %d times", c.shut)
	}
}

func TestLockedWindowStaysLockedAndGuarded(t *testing.T) {
	// The way to close the window would be a way around the lock.
	c := openTill(t)
	c.screen.Counter().Happen(counter.Guard{Guarded: true})
	c.tick(6 * time.Minute)
	c.screen.Counter().Happen(counter.CloseAsked{})
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	if s := c.state(); s.Phase != counter.Ready || len(s.Waiting) != 1 {
		t.Errorf("a scan is decided behind the lock: %s", s.Phase)
	}
	c.Hands.Key(fyne.KeyEscape)
	if !c.state().Locked() {
		t.Errorf("Esc led to %q", c.state().Sheet)
	}
}

func TestWindowClosesAtOnceWhereNothingGuardsIt(t *testing.T) {
	// Somebody at an office PC could not get rid of the window.
	c := openTill(t)
	c.screen.Counter().Happen(counter.CloseAsked{})
	if c.shut != 1 {
		t.Errorf("closed %d times", c.shut)
	}
}

func TestWindowAsksBeforeItClosesOverWhatIsOpen(t *testing.T) {
	// A finger beside the key would shut the counter in the middle of a bill, and the queue with it.
	c := openTill(t)
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	c.screen.Counter().Happen(counter.CloseAsked{})
	c.Hands.Key(fyne.KeyReturn) // on its way when the question came
	if c.shut != 0 || !c.says("Close the counter now?") {
		t.Fatalf("closed %d times, asked: %v", c.shut, c.says("Close the counter now?"))
	}
	c.Hands.Key(fyne.KeyF8)
	c.Hands.Key(fyne.KeyEscape)
	if s := c.state(); c.shut != 0 || s.Phase != counter.ReadyToRedeem || s.Sheet != counter.NoSheet || c.says("Close the counter now?") {
		t.Errorf("Esc: closed %d times, %s, %q", c.shut, s.Phase, s.Sheet)
	}
	c.Hands.Key(fyne.KeyF10) // by the sheet of preferences too, where the key is one that means something else a moment before
	c.Hands.Key(fyne.KeyF4)
	c.Scan(code(2), fyne.KeyReturn)
	c.tick(time.Second)
	if s := c.state(); c.shut != 0 || !s.Shutting.IsZero() || len(s.Waiting) != 1 {
		t.Errorf("a scan: closed %d times, asked: %v, %d wait", c.shut, !s.Shutting.IsZero(), len(s.Waiting))
	}
	c.screen.Counter().Happen(counter.CloseAsked{})
	c.tick(time.Second)
	if !c.says("1 waiting scan is dropped.") {
		t.Error("nobody reads that a scan would be lost")
	}
	c.Hands.Key(fyne.KeyReturn)
	if c.shut != 1 || len(c.shop.Codes()) != 0 {
		t.Errorf("agreed: closed %d times, redeemed %v", c.shut, c.shop.Codes())
	}
}
