package counter_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"countersign/terminal"
	"countersign/ui/counter"
)

func TestEachAnswerHasItsSound(t *testing.T) {
	// A cashier who looks at the customer would not hear whether it worked, or would hear a yes before it is on disk.
	c := openTill(t)
	asks := terminal.Outcome{Choice: terminal.Asking, Lines: []terminal.OutcomeLine{{}}, Asks: []terminal.Ask{{Missing: terminal.MissingAmount, Most: 100}}}
	c.shop.Answer(code(3), asks)
	c.shop.Answer(code(4), terminal.Outcome{Choice: terminal.Declined, Findings: []terminal.Finding{{Reason: terminal.Expired}}})
	c.heard = nil
	expect := func(what string, want ...counter.Sound) {
		t.Helper()
		if !slices.Equal(c.heard, want) {
			t.Errorf("%s: heard %q, want %q", what, c.heard, want)
		}
		c.heard = nil
	}
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	expect("a scan", counter.SoundReady)
	c.Scan(code(2), fyne.KeyReturn)
	c.tick(time.Second)
	expect("another while it is shown", counter.SoundQueued)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	expect("Enter", counter.SoundRedeemed)
	c.tick(2 * time.Second)
	expect("the one that waited", counter.SoundReady)
	c.Hands.Key(fyne.KeyF1)
	c.tick(3 * time.Second)
	c.Hands.Key(fyne.KeyEscape)
	c.Hands.Key(fyne.KeyEscape)
	expect("nothing that asks for a look")
	c.Scan(code(3), fyne.KeyReturn)
	c.tick(time.Second)
	expect("a question", counter.SoundAsk)
	c.Hands.Key(fyne.KeyEscape)
	c.Scan(code(4), fyne.KeyReturn)
	c.tick(time.Second)
	expect("a refusal", counter.SoundDeclined)
	c.shop.Break(errors.New("the disk is full"))
	c.Scan(code(5), fyne.KeyReturn)
	c.tick(time.Second)
	expect("a fault", counter.SoundDeclined)
}
