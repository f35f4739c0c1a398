package counter_test

import (
	"testing"
	"time"

	"countersign/assets/translations"
	"countersign/terminal"
	"countersign/ui/counter"
)

func TestACounterThatIsKeptFromHonouringSaysSoForAsLongAsItStands(t *testing.T) {
	// The cashier would scan on under a green foot while nothing counts, and nobody would call IT.
	for _, language := range translations.Languages {
		words, said := translations.For(language, time.UTC), map[string]counter.Barred{}
		for _, barred := range []counter.Barred{counter.BarredStopped, counter.BarredTrouble, terminal.BarredDamaged, terminal.BarredGap,
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
	}
}
