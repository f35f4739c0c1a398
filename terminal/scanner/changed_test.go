package scanner

import (
	"strings"
	"testing"
)

func TestKeyboardThatWasChangedAfterCalibrationIsStillNamed(t *testing.T) {
	// Broken in the shop: somebody switches the computer to another keyboard; each voucher is "not a voucher code", and customers are sent away.
	const code = "8CJ6-435Q-T1XB-5"
	write := func(name, text string) string { // what a US scanner's keys write on a keyboard
		for _, l := range layouts {
			if l.Name != name {
				continue
			}
			return strings.Map(func(meant rune) rune {
				for arrived, m := range l.Runes {
					if m == meant {
						return arrived
					}
				}
				return meant
			}, text)
		}
		t.Fatalf("there is no keyboard %s", name)
		return ""
	}
	learnt := func(name string) Layout {
		layout, err := Learn(write(name, CalibrationText))
		if err != nil {
			t.Fatal(name, err)
		}
		return layout
	}
	for _, c := range []struct{ before, now string }{{"fr", "de"}, {"de", "ru"}, {"fr", "ru"}, {"ru", "de"}} {
		arrived := write(c.now, code)
		if got := learnt(c.before).Apply(arrived); got != arrived || Mend(got)[c.now] != code {
			t.Errorf("learnt on %s, now %s: %q becomes %q, which could be %v", c.before, c.now, arrived, got, Mend(got))
		}
	}
	if got := learnt("fr").Apply(code); got != code {
		t.Errorf("learnt on fr, now us: %q", got)
	}
	for _, name := range []string{"fr", "de", "ru"} {
		if got := learnt(name).Apply(write(name, code)); got != code {
			t.Errorf("learnt on %s, and still so: %q", name, got)
		}
	}
}
