package counter_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"countersign/assets/translations"
	"countersign/terminal"
	"countersign/terminal/scanner"
	"countersign/ui/counter"
	"countersign/ui/keys/keytest"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// till is a counter's window with hands at it.
type till struct {
	keytest.Hands
	shop   *counter.Shop
	screen *counter.Screen
	window fyne.Window
	Prefer func(theme.Preferences)
	liked  []theme.Preferences
	heard  []counter.Sound
	gym    *counter.Shop // what is practised on
	ended  int           // trainings
	shut   int           // times that the window was closed
	// devices are the times that the room for scanner and printer was opened.
	devices int
}

// openTill opens a counter at which Li has signed in.
func openTill(t *testing.T) *till {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(theme.Look{})
	world := &keytest.World{Time: time.Date(2026, 11, 21, 11, 4, 0, 0, time.UTC)}
	window := test.NewTempWindow(t, nil)
	window.SetPadded(false)
	c := &till{shop: counter.NewShop(), window: window, Hands: keytest.Hands{Canvas: window.Canvas().(keytest.Canvas), World: world}}
	made := byte(0)
	c.screen = counter.NewScreen(window, &scanner.Burst{}, world.After, counter.Parts{
		Terminal: c.shop, Rows: c.shop, Words: translations.For("en", time.UTC).At(world.Now), Now: world.Now,
		UID:   func() terminal.UID { made++; return terminal.UID{made} },
		Later: world.Later, Go: func(f func()) { f() }, Log: slog.New(slog.DiscardHandler),
		Prefer: func(p theme.Preferences) { c.Prefer(p) }, Play: func(s counter.Sound) { c.heard = append(c.heard, s) },
		Train: func(context.Context) (counter.Sandbox, error) {
			c.gym = counter.NewShop()
			return gym{c.gym, &c.ended}, nil
		}, Shut: func() { c.shut++ }, Setup: func() { c.devices++ },
	})
	window.SetContent(c.screen.Content())
	window.Resize(fyne.NewSize(1024, 600))
	c.screen.Start()
	c.tick(time.Second)
	c.signIn(t)
	return c
}

// gym is a terminal to practise on.
type gym struct {
	*counter.Shop
	ended *int
}

func (g gym) Close() error { *g.ended++; return nil }

func (c *till) state() counter.State { return c.screen.Counter().State() }

// tick lets time pass as it does in the program, a tick every quarter of a second.
func (c *till) tick(d time.Duration) {
	for ; d > 0; d -= 250 * time.Millisecond {
		c.World.Pass(250 * time.Millisecond)
		c.screen.Counter().Happen(counter.Ticked{})
		c.World.Settle()
	}
}

func (c *till) signIn(t *testing.T) {
	t.Helper()
	if !c.state().Locked() {
		t.Fatal("the counter is not locked in the morning")
	}
	c.Hands.Key(fyne.KeyRight)
	c.Hands.Key(fyne.KeyReturn)
	c.Type("4821", 150*time.Millisecond)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	if c.state().Operator == nil {
		t.Fatal("Li could not sign in by keyboard")
	}
}

// find returns the button that is named so.
func (c *till) find(t *testing.T, name string) *widgets.Button {
	t.Helper()
	for _, o := range everything(c.window.Content()) {
		if button, ok := o.(*widgets.Button); ok && button.Action.Name == name {
			return button
		}
	}
	t.Fatalf("there is no button %q", name)
	return nil
}

// everything lists an object and all within it that can be seen.
func everything(o fyne.CanvasObject) []fyne.CanvasObject {
	if o == nil || !o.Visible() {
		return nil
	}
	all := []fyne.CanvasObject{o}
	switch o := o.(type) {
	case *fyne.Container:
		for _, inner := range o.Objects {
			all = append(all, everything(inner)...)
		}
	case fyne.Widget:
		for _, inner := range test.WidgetRenderer(o).Objects() {
			all = append(all, everything(inner)...)
		}
	}
	return all
}

func code(i int) string { return fmt.Sprintf("7K3MQ9TX4%04d", i) }

func TestBurstsWhateverIsOpen(t *testing.T) {
	// A scan would press a button, pick another row or get lost, depending on what was clicked last.
	c := openTill(t)
	situations := []struct {
		name    string
		prepare func()
	}{
		{"nothing", func() {}},
		{"a function key clicked", func() { c.Click(c.find(t, "F1")); c.Hands.Key(fyne.KeyEscape) }},
		{"the help sheet", func() { c.Hands.Key(fyne.KeyF1) }},
		{"the code sheet", func() { c.Hands.Key(fyne.KeyF2) }},
		{"the code sheet, half typed", func() { c.Hands.Key(fyne.KeyF2); c.Type("7K", 200*time.Millisecond) }},
		{"the search, a row chosen", func() { c.Hands.Key(fyne.KeyF3); c.tick(time.Second); c.Hands.Key(fyne.KeyDown) }},
		{"a recent row opened", func() { c.screen.Counter().Happen(counter.Touched{UID: c.state().Past[0].Record.Entry.UID}) }},
		{"the focus lost", func() { c.Canvas.Unfocus() }},
		{"Tab pressed", func() { c.Hands.Key(fyne.KeyTab); c.Hands.Key(fyne.KeyTab) }},
		{"a reprint clicked", func() { c.Click(c.find(t, "F4")) }},
	}
	var want []string
	for i := range 50 {
		situation := situations[i%len(situations)]
		if i == 0 || len(c.state().Past) > 0 {
			situation.prepare()
		}
		prints := len(c.shop.Reprints())
		c.Scan(code(i), []fyne.KeyName{fyne.KeyReturn, fyne.KeyTab}[i%2])
		c.tick(time.Second)
		s := c.state()
		if s.Phase != counter.ReadyToRedeem || s.Sheet != counter.NoSheet || len(s.Waiting) != 0 || s.Request.Scans[0].Code != code(i) {
			t.Fatalf("scan %d with %s: %s %q, %d wait, shown %v", i, situation.name, s.Phase, s.Sheet, len(s.Waiting), s.Request.Scans)
		}
		if len(c.shop.Reprints()) != prints {
			t.Fatalf("scan %d with %s printed something", i, situation.name)
		}
		c.Hands.Key(fyne.KeyReturn)
		c.tick(time.Second)
		want = append(want, code(i))
		if c.state().Phase != counter.Redeemed {
			t.Fatalf("scan %d with %s, then Enter: %s", i, situation.name, c.state().Phase)
		}
	}
	if !slices.Equal(c.shop.Codes(), want) {
		t.Errorf("redeemed %d of 50, or in another order: %v", len(c.shop.Codes()), c.shop.Codes())
	}
	if c.shop.Scans() != 50 {
		t.Errorf("%d questions to the terminal for 50 scans", c.shop.Scans())
	}
}

func TestFiftyAtARun(t *testing.T) {
	// A box of collected vouchers scanned in one go: each has to be answered once, in order.
	c := openTill(t)
	var want []string
	for i := range 50 {
		c.Scan(code(i), fyne.KeyReturn)
		want = append(want, code(i))
	}
	if n := len(c.state().Waiting); n != 49 {
		t.Fatalf("%d wait", n)
	}
	for range 50 {
		c.tick(2 * time.Second)
		c.Hands.Key(fyne.KeyReturn)
	}
	c.tick(time.Second)
	if !slices.Equal(c.shop.Codes(), want) {
		t.Errorf("redeemed %v", c.shop.Codes())
	}
}

func TestByMouseAlone(t *testing.T) {
	// A till with a touch screen has no keyboard.
	c := openTill(t)
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	c.Click(c.find(t, "confirm"))
	c.tick(time.Second)
	if c.state().Phase != counter.Redeemed {
		t.Fatalf("after the button: %s", c.state().Phase)
	}
	c.Click(c.find(t, "F8"))
	if c.state().Sheet != counter.UndoSheet {
		t.Fatalf("after Undo: %q", c.state().Sheet)
	}
	for _, o := range everything(c.window.Content()) {
		if button, ok := o.(*widgets.Button); ok && button.Size().Height < 48 {
			t.Errorf("%q is %v high: too small for a finger", button.Action.Name, button.Size().Height)
		}
	}
	c.Click(c.find(t, "confirm"))
	c.tick(time.Second)
	if c.state().Phase != counter.TakenBack || len(c.shop.Reversals()) != 1 || c.shop.Reversals()[0].Note == "" {
		t.Errorf("undone: %s, %+v", c.state().Phase, c.shop.Reversals())
	}
	c.Click(c.find(t, "F9"))
	c.Click(choice(t, c, 2))
	for _, key := range "4821" {
		c.Click(c.find(t, widgets.KeyName(string(key))))
	}
	c.Click(c.find(t, "confirm"))
	c.tick(time.Second)
	if operator := c.state().Operator; operator == nil || operator.ID != "tom" {
		t.Errorf("signed in: %v", operator)
	}
}

func TestAPressOutlastsTheCountdown(t *testing.T) {
	// A finger that lies on a button while the time left changes would press nothing: the button would be another one by then.
	c := openTill(t)
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	c.Hands.Key(fyne.KeyF8)
	button := func() (found *widgets.Button) { // of the sheet, which lies over the panel's
		for _, o := range everything(c.window.Content()) {
			if button, ok := o.(*widgets.Button); ok && button.Action.Name == "confirm" {
				found = button
			}
		}
		return found
	}
	pressed := button()
	said := func() (said string) {
		for _, o := range everything(c.window.Content()) {
			if text, ok := o.(*widgets.Text); ok && strings.Contains(text.Text, "left") {
				said = text.Text
			}
		}
		return said
	}
	before := said()
	c.tick(2 * time.Second)
	if c.state().Sheet != counter.UndoSheet || said() == before {
		t.Fatalf("on %q, %q", c.state().Sheet, said())
	}
	if button() != pressed {
		t.Error("the button is another one")
	}
	c.Hands.Key(fyne.KeyDown)
	if button() == pressed {
		t.Error("what was chosen is not drawn anew")
	}
}

func TestTheSecondOfTwoTapsIsNoWord(t *testing.T) {
	// Whoever taps twice on a recent row would print its slip again, or ask for its undo: the row's buttons come to lie under the finger.
	c := openTill(t)
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	c.Hands.Key(fyne.KeyReturn)
	row := func() (row fyne.CanvasObject) {
		for _, o := range everything(c.window.Content()) {
			if choice, ok := o.(*widgets.Choice); ok && row == nil {
				row = choice
			}
		}
		return row
	}
	c.Click(row())
	c.Click(c.find(t, widgets.PressUndo))
	if c.state().Sheet != counter.NoSheet {
		t.Fatalf("two taps lead to %q", c.state().Sheet)
	}
	c.tick(time.Second)
	if c.Click(c.find(t, widgets.PressUndo)); c.state().Sheet != counter.UndoSheet {
		t.Errorf("the button leads to %q", c.state().Sheet)
	}
}

// choice is the i-th thing to choose on the sheet.
func choice(t *testing.T, c *till, i int) fyne.CanvasObject {
	t.Helper()
	sheet := false
	for _, o := range everything(c.window.Content()) {
		if _, ok := o.(*widgets.Sheet); ok {
			sheet = true
		}
		if tile, ok := o.(*widgets.Choice); ok && sheet {
			if i == 0 {
				return tile
			}
			i--
		}
	}
	t.Fatal("there is not so much to choose among")
	return nil
}

func TestFaultOfTheMachine(t *testing.T) {
	// With a full disk the cashier would believe that vouchers are redeemed, or the window would be gone.
	c := openTill(t)
	c.shop.Break(fmt.Errorf("the disk is full"))
	c.Scan(code(1), fyne.KeyReturn)
	c.tick(time.Second)
	if c.state().Phase != counter.Fault {
		t.Fatalf("shown as %s", c.state().Phase)
	}
	c.shop.Break(nil)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	if c.state().Phase != counter.ReadyToRedeem {
		t.Errorf("after trying again: %s", c.state().Phase)
	}
}

func TestForegroundAlarm(t *testing.T) {
	// Scans would go to another program, and nobody would know.
	c := openTill(t)
	called := false
	c.screen.OnAlarm = func() { called = true }
	c.Canvas.Focused().FocusLost()
	c.World.Settle()
	bar := theBar(t, c)
	if bar.Alarm() == "" {
		t.Fatal("the bar does not say so")
	}
	c.Click(bar)
	if !called {
		t.Error("a click on the bar does nothing")
	}
}

func theBar(t *testing.T, c *till) *widgets.StatusBar {
	t.Helper()
	for _, o := range everything(c.window.Content()) {
		if bar, ok := o.(*widgets.StatusBar); ok {
			return bar
		}
	}
	t.Fatal("there is no status bar")
	return nil
}
