package counter_test

import (
	"context"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"countersign/assets/translations"
	"countersign/terminal"
	"countersign/ui/counter"
	"countersign/ui/day"
)

// books are the room's source: a day with nothing in it, and a cloud that does not answer.
type books struct{ day.Source }

func (books) Place(context.Context) (terminal.Date, terminal.Settings, day.Names, error) {
	place, _ := counter.NewShop().Settings(context.Background())
	return terminal.Date{Year: 2026, Month: 11, Day: 21}, place, day.Names{}, nil
}

func (books) Own(context.Context, terminal.Date) (day.Account, error) { return day.Account{}, nil }

func (books) Store(context.Context, terminal.Date) (day.Account, error) {
	return day.Account{}, terminal.ErrNoAnswer
}

func (books) Tasks(context.Context) (day.Tasks, error) { return day.Tasks{}, nil }

func (books) Offers(context.Context) ([]terminal.Campaign, error) { return []terminal.Campaign{}, nil }

// openRoom opens a counter whose manager is in the day's room.
func openRoom(t *testing.T) (*till, *day.Room) {
	t.Helper()
	c := openTill(t)
	room := day.NewRoom(c.screen.Sink(), day.Parts{Source: books{}, Words: translations.For("en", time.UTC).At(c.World.Now), Now: c.World.Now,
		Later: c.World.Later, Go: func(f func()) { f() }})
	c.screen.SetRoom(room)
	c.enterRoom(t)
	return c, room
}

// enterRoom has the one manager sign in.
func (c *till) enterRoom(t *testing.T) {
	t.Helper()
	c.Hands.Key(fyne.KeyF12)
	c.tick(time.Second)
	c.Type("4821", 150*time.Millisecond)
	c.Hands.Key(fyne.KeyReturn)
	c.tick(time.Second)
	if c.state().Sheet != counter.ManagerSheet || c.state().Manager == nil {
		t.Fatalf("the manager is at %q", c.state().Sheet)
	}
}

func TestScanLeadsOutOfTheManagersRoom(t *testing.T) {
	// A customer's voucher would be lost while the manager reads the figures, or close the day.
	c, room := openRoom(t)
	for i, page := range []fyne.KeyName{fyne.KeyHome, fyne.KeyF4, fyne.KeyF5, fyne.KeyF6, fyne.KeyF8} {
		if i > 0 {
			c.enterRoom(t)
		}
		c.Hands.Key(page)
		c.tick(time.Second)
		c.Scan(code(i), fyne.KeyReturn)
		c.tick(time.Second)
		s := c.state()
		if s.Phase != counter.ReadyToRedeem || s.Sheet != counter.NoSheet || s.Request.Scans[0].Code != code(i) || room.State().Open {
			t.Fatalf("%s: the counter is %s with %q, the room open: %v", page, s.Phase, s.Sheet, room.State().Open)
		}
		c.Hands.Key(fyne.KeyEscape)
		c.tick(time.Second)
	}
}

func TestSetUpLeavesTheManagersRoomOpen(t *testing.T) {
	// A manager who looked at the printer from the day's figures would find the counter, and type the PIN a second time to go on.
	c, room := openRoom(t)
	c.Hands.Key(fyne.KeyF4)
	c.Hands.Key(fyne.KeyF10)
	if c.devices != 1 {
		t.Fatalf("F10 opened the set-up %d times", c.devices)
	}
	if s := c.state(); s.Sheet != counter.ManagerSheet || s.Manager == nil || room.State().Page != day.TasksPage {
		t.Errorf("behind it is %q, and of the room %s", s.Sheet, room.State().Page)
	}
}

func TestRoomHasTheKeysAndGivesThemBack(t *testing.T) {
	// F8 would undo a redemption while the manager means to close the day, or the counter would not get its keys back.
	c, room := openRoom(t)
	c.Hands.Key(fyne.KeyF8)
	if room.State().Page != day.ClosePage || c.state().Sheet != counter.ManagerSheet {
		t.Errorf("F8 led to %s, %q", room.State().Page, c.state().Sheet)
	}
	for _, name := range []fyne.KeyName{fyne.KeyF1, fyne.KeyF9, fyne.KeyDelete} {
		if c.Hands.Key(name); c.state().Sheet != counter.ManagerSheet {
			t.Errorf("%s led out of the room to %q", name, c.state().Sheet)
		}
	}
	c.Hands.Key(fyne.KeyEscape)
	c.Hands.Key(fyne.KeyEscape)
	if c.state().Sheet != counter.NoSheet || room.State().Open {
		t.Errorf("Esc led to %q", c.state().Sheet)
	}
	if c.Hands.Key(fyne.KeyF1); c.state().Sheet != counter.HelpSheet {
		t.Errorf("afterwards F1 leads to %q", c.state().Sheet)
	}
}

func TestManagerAtWorkIsNotLockedOut(t *testing.T) {
	// The counter would lock itself while the manager is in the middle of something, or stay open for ever when she has left.
	c, _ := openRoom(t)
	for range 4 {
		c.tick(3 * time.Minute)
		c.Hands.Key(fyne.KeyDown)
	}
	if c.state().Sheet != counter.ManagerSheet {
		t.Fatalf("she was led to %q", c.state().Sheet)
	}
	c.tick(6 * time.Minute)
	if !c.state().Locked() {
		t.Error("the room stays open with nobody there")
	}
}

func TestHandbookIsReadAtTheCounter(t *testing.T) {
	// Nobody would find what to do about what the panel says, or the handbook would take a customer's scan.
	c := openTill(t)
	c.Hands.Key(fyne.KeyF1)
	c.Hands.Key(fyne.KeyF1)
	if c.state().Sheet != counter.BookSheet {
		t.Fatalf("F1 twice leads to %q", c.state().Sheet)
	}
	for _, name := range []fyne.KeyName{fyne.KeyDown, fyne.KeyPageDown, fyne.KeyRight, fyne.KeyEnd, fyne.KeyLeft, fyne.KeyUp, fyne.KeyHome} {
		if c.Hands.Key(name); c.state().Sheet != counter.BookSheet {
			t.Fatalf("%s leads to %q", name, c.state().Sheet)
		}
	}
	c.Scan(code(0), fyne.KeyReturn)
	c.tick(time.Second)
	if s := c.state(); s.Phase != counter.ReadyToRedeem || s.Sheet != counter.NoSheet {
		t.Fatalf("a scan leads to %s with %q open", s.Phase, s.Sheet)
	}
	c.Hands.Key(fyne.KeyF1)
	c.Hands.Key(fyne.KeyF1)
	c.Hands.Key(fyne.KeyEscape)
	if s := c.state(); s.Phase != counter.ReadyToRedeem || s.Sheet != counter.NoSheet {
		t.Errorf("Esc leads to %s with %q open", s.Phase, s.Sheet)
	}
}
