package counter_test

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"countersign/ui/counter"
)

func TestANameWrittenQuicklyIsNoScan(t *testing.T) {
	// Who looks for a customer's voucher by name, with quick hands, would see the name taken for a voucher and turned away in red.
	for _, sheet := range []struct {
		key  fyne.KeyName
		open counter.Sheet
	}{{fyne.KeyF3, counter.SearchSheet}, {fyne.KeyF2, counter.CodeSheet}} {
		for _, name := range []string{"Müller", "Schneiderin", "4B2H"} {
			for _, pace := range []time.Duration{10 * time.Millisecond, 60 * time.Millisecond} {
				c := openTill(t)
				c.Hands.Key(sheet.key)
				c.tick(time.Second)
				c.Type(name, pace)
				c.World.Pass(time.Second)
				if s := c.state(); s.Sheet != sheet.open || s.Typed != name || len(s.Request.Scans) != 0 {
					t.Errorf("%q in %q: %q is open with %q in it, and scanned was %+v", name, sheet.open, s.Sheet, s.Typed, s.Request.Scans)
				}
			}
		}
		c := openTill(t) // a customer comes meanwhile, and the scanner ends nothing with an Enter
		c.Hands.Key(sheet.key)
		c.tick(time.Second)
		c.Type(code(0), 6*time.Millisecond)
		c.World.Pass(time.Second)
		if s := c.state(); s.Sheet != counter.NoSheet || len(s.Request.Scans) != 1 || s.Request.Scans[0].Code != code(0) {
			t.Errorf("a scan in %q: %q is open with %q in it, and scanned was %+v", sheet.open, s.Sheet, s.Typed, s.Request.Scans)
		}
	}
}
