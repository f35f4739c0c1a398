package counter_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"countersign/assets/translations"
	"countersign/terminal"
	"countersign/ui/counter"
	"countersign/ui/widgets"
)

func TestACounterThatIsKeptFromHonouringSaysSoForAsLongAsItStands(t *testing.T) {
	// The cashier would scan on under a green foot while nothing counts, and nobody would call IT.
	for _, language := range translations.Languages {
		words, said := translations.For(language, time.UTC), map[string]counter.Barred{}
		for _, barred := range []counter.Barred{counter.BarredStopped, counter.BarredTrouble, counter.BarredUnknown, terminal.BarredDamaged, terminal.BarredGap,
			terminal.BarredCloned, terminal.BarredRestored} {
			alarm := counter.Alarm(counter.State{Status: counter.Status{Barred: barred}}, words)
			if before, again := said[alarm]; again || alarm == "" || alarm == "ui.barred."+string(barred) {
				t.Errorf("%s: of %s the bar says %q, as of %s", language, barred, alarm, before)
			}
			said[alarm] = barred
		}
		if alarm := counter.Alarm(counter.State{}, words); alarm != "" {
			t.Errorf("%s: where all is well the bar says %q", language, alarm)
		}
		whole := counter.Lights(counter.State{}, words)
		unset := counter.Lights(counter.State{Status: counter.Status{Unset: true}}, words)
		if len(unset) != len(whole)+1 {
			t.Errorf("%s: of a configuration that was left out the bar says nothing: %v", language, unset)
		}
		if stays := slices.DeleteFunc(unset, func(l widgets.Light) bool { return l.Stays == "" }); len(stays) != 1 || stays[0].Stays != words.Say("ui.config.unset_too", nil) {
			t.Errorf("%s: beside an alarm these stay: %v", language, stays)
		}
	}
}

func TestADamagedJournalAndABrokenConfigurationAreBothSeen(t *testing.T) {
	// IT would mend the one, leave, and be called again for the other; and the cashier would read that nothing was redeemed here yet.
	c := openTill(t)
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	c.shop.Damage(errors.New("entry 2 is damaged"))
	c.screen.Counter().Refresh()
	c.screen.Counter().Happen(counter.StatusChanged{Status: counter.Status{Barred: terminal.BarredDamaged, Unset: true}})
	c.World.Settle()
	words := c.screen.Counter().Words()
	for _, key := range []string{"ui.barred.damaged", "ui.config.unset_too", "ui.past.unread"} {
		if !c.says(words.Say(key, nil)) {
			t.Errorf("the screen does not say %q", words.Say(key, nil))
		}
	}
	if past := c.state().Past; len(past) == 0 {
		t.Error("what can be read of the journal is not shown")
	}
	c.shop.Damage(nil)
	c.screen.Counter().Refresh()
	c.World.Settle()
	if c.says(words.Say("ui.past.unread", nil)) {
		t.Error("a journal that was mended is still said to be damaged")
	}
}
