package counter_test

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"countersign/assets/translations"
	"countersign/ui/counter"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// prefers lets the till have its screen as people like it, as the program does.
func (c *till) prefers() {
	c.Prefer = func(p theme.Preferences) {
		c.liked = append(c.liked, p)
		fyne.CurrentApp().Settings().SetTheme(theme.Look{Dark: p.Dark, Text: float32(p.Text) / 100})
		c.screen.Counter().Speak(translations.For(p.Language, time.UTC).At(c.World.Now))
		c.screen.Rebuild()
	}
	c.screen.Counter().Happen(counter.Preferred{Preferences: theme.Preferences{Language: "en", Text: 100, Volume: 60}})
}

func TestLanguageAndLookChangeAtOnceByKey(t *testing.T) {
	// A cashier who reads no English would have to find IT, or lose the voucher in hand when she changes the language.
	c := openTill(t)
	c.prefers()
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	for _, name := range []fyne.KeyName{fyne.KeyF10, fyne.KeyRight, fyne.KeyDown, fyne.KeyRight, fyne.KeyUp, fyne.KeyLeft, fyne.KeyLeft, fyne.KeyEscape} {
		c.Hands.Key(name)
	}
	want := theme.Preferences{Language: "es", Dark: true, Text: 100, Volume: 60}
	if got := c.state().Preferences; got != want || len(c.liked) != 4 || c.liked[3] != want {
		t.Errorf("chosen: %+v, told: %+v", got, c.liked)
	}
	if says := c.find(t, "confirm").Action.Label; says != "Canjear" || c.state().Phase != counter.ReadyToRedeem {
		t.Errorf("the panel says %q, in %s", says, c.state().Phase)
	}
	c.tick(time.Second)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	if c.state().Phase != counter.Redeemed {
		t.Errorf("Enter led to %s", c.state().Phase)
	}
}

func TestLanguageChangesAtOnceByFingerWhileLocked(t *testing.T) {
	// Nobody could sign in at a screen in a language she does not read; or a scan would slip past the lock behind the sheet.
	c := openTill(t)
	c.prefers()
	c.tick(6 * time.Minute)
	if !c.state().Locked() {
		t.Fatal("not locked")
	}
	c.Click(c.find(t, "F10"))
	c.Click(choice(t, c, 1))
	if c.state().Preferences.Language != "zh-Hans" {
		t.Errorf("chosen: %+v", c.state().Preferences)
	}
	for _, o := range everything(c.window.Content()) {
		if tile, ok := o.(*widgets.Choice); ok && (tile.Size().Height < 48 || tile.Size().Width < 48) {
			t.Errorf("a choice of %v: too small for a finger", tile.Size())
		}
	}
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	if s := c.state(); !s.Locked() || s.Phase != counter.Ready || len(s.Waiting) != 1 {
		t.Errorf("after a scan: %s, %q, %d wait", s.Phase, s.Sheet, len(s.Waiting))
	}
	c.Hands.Key(fyne.KeyF10)
	c.Hands.Key(fyne.KeyEscape)
	if !c.state().Locked() {
		t.Errorf("Esc on the preferences led past the lock to %q", c.state().Sheet)
	}
}
