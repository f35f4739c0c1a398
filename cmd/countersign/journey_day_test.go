package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	assets "countersign/assets/demo"
	"countersign/cmd/internal/demo"
	"countersign/sync/cloud"
	"countersign/sync/cloud/catalogue"
	"countersign/terminal"
	"countersign/ui/counter"
	"countersign/ui/widgets"
)

// askingKinds are offers that ask: how many uses, which amount, a manager's PIN.
const askingKinds = `
[[campaign]]
id = "swims"
name = { en = "Ten swims", zh-Hans = "游泳十次卡", de = "Zehnerkarte Schwimmen", es = "Diez baños" }
kind = "pass"
price = "45.00"
units = 10
units_at_once = 4

[[campaign]]
id = "card"
name = { en = "Gift card", zh-Hans = "礼品卡", de = "Geschenkkarte", es = "Tarjeta regalo" }
kind = "balance"
approval_above = "100.00"
`

// wares are the vouchers of a cashier's day.
type wares struct{ dinner, coffee, typed, swims, card string }

func (f *shopfloor) stock() wares {
	f.t.Helper()
	offers, err := catalogue.Read("catalogue.toml", string(assets.Catalogue())+askingKinds, func(name string) ([]byte, error) { return nil, fmt.Errorf("no file %s", name) })
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.world.Cloud.Storage.Apply(f.t.Context(), offers); err != nil {
		f.t.Fatal(err)
	}
	one := func(campaign string, facts cloud.Facts) string {
		return f.sell(offers.Campaigns, campaign, 1, facts)[0]
	}
	w := wares{dinner: one("dinner-for-two", cloud.Facts{}), coffee: one("free-coffee", cloud.Facts{}), typed: one("free-coffee", cloud.Facts{}),
		swims: one("swims", cloud.Facts{}), card: one("card", cloud.Facts{Amount: &terminal.Money{Minor: 20000, Currency: "EUR"}})}
	f.untilKnown(w.dinner, w.coffee, w.typed, w.swims, w.card)
	return w
}

// person is somebody at the counter who has the scanner in one hand, and for all else either the keyboard or the glass.
type person struct {
	*shopfloor
	touch bool
}

// do has a button pressed: by its name with a finger, by its key otherwise. A yes is repeated until it is heard: too soon after a scan it
// means nothing. So is all else, but later: a sheet may move while a finger comes down, and what is heard twice may lead on too far.
func (p person) do(what string, seen func(sight) bool, button, key string) {
	p.t.Helper()
	again := time.NewTicker(700 * time.Millisecond)
	defer again.Stop()
	late := time.After(patience)
	pause := 5
	if key == "Return" && p.sight.Sheet == counter.NoSheet {
		pause = 1
	}
	for beats := 0; !seen(p.sight); beats++ {
		if ready := !p.touch || p.sight.place(button) != ""; !ready {
			beats = -1
		} else if beats%pause == 0 {
			hands := []string{"key", key}
			if p.touch {
				hands = p.tap(button)
			}
			p.hands(hands...)
		}
		for waiting := true; waiting && !seen(p.sight); {
			select {
			case s, running := <-p.changed:
				if !running {
					p.t.Fatalf("the desktop ended while waiting for %s:\n%s", what, p.errors())
				}
				p.sight, waiting = s, beats >= 0
			case <-again.C:
				waiting = false
			case <-late:
				p.t.Fatalf("%s was not seen; the window shows %+v\n%s", what, p.sight, p.errors())
			}
		}
	}
}

// tap is what hands do to touch a button.
func (p person) tap(button string) []string {
	x, y, _ := strings.Cut(p.sight.place(button), ",")
	return []string{"mousemove", x, y, "click", "1"}
}

// write types letters or figures, on the keys or on the ones on the screen, one after the other.
func (p person) write(text string) {
	p.t.Helper()
	for i, letter := range text {
		typed := func(s sight) bool { return s.Written >= i+1 }
		if !p.touch {
			p.hands("type", "--delay", "0", string(letter))
		} else {
			button := widgets.KeyName(string(letter))
			p.until("the key "+string(letter), func(s sight) bool { return s.place(button) != "" })
			p.hands(p.tap(button)...)
		}
		p.until(fmt.Sprintf("%d signs", i+1), typed)
	}
}

// meet opens the window for the first time, and signs in.
func (p person) meet() {
	p.t.Helper()
	p.until("the sign-in", func(s sight) bool { return s.Sheet == counter.SignInSheet })
	p.window = strings.Fields(p.hands("search", "--sync", "--onlyvisible", "--name", "Countersign"))[0]
	p.hands("windowfocus", "--sync", p.window)
	p.until("the keyboard in the window", func(s sight) bool { return !s.Behind })
	p.signInAs("Li", demo.CashierPIN, ready)
}

func (p person) signInAs(name, pin string, after func(sight) bool) {
	p.t.Helper()
	if !p.sight.PIN {
		p.do("the PIN's field", func(s sight) bool { return s.PIN }, "tile "+name, "Return")
	}
	p.write(pin)
	p.do(name+" signed in", func(s sight) bool { return !s.PIN && after(s) }, "confirm", "Return")
}

// is reports that the panel is in a phase. A yes that was repeated may have redeemed already what is only looked at.
func is(phase counter.Phase) func(sight) bool {
	return func(s sight) bool {
		return s.Sheet == counter.NoSheet && (s.Phase == phase || (phase == counter.ReadyToRedeem && s.Phase == counter.Redeemed))
	}
}

// redeemed reports that so many redemptions are in the column at the side.
func redeemed(count int) func(sight) bool {
	return func(s sight) bool { return s.Past >= count && s.Sheet == counter.NoSheet }
}

func sheet(open counter.Sheet) func(sight) bool { return func(s sight) bool { return s.Sheet == open } }

// work is a cashier's whole day.
func (p person) work(w wares) {
	p.t.Helper()
	p.meet()
	p.scan(w.dinner)
	p.until("a voucher", is(counter.ReadyToRedeem))
	p.do("it redeemed", redeemed(1), "confirm", "Return")

	p.scan(w.swims) // how many
	p.until("the uses asked for", func(s sight) bool { return s.Asks == string(terminal.MissingUnits) })
	p.write("3")
	p.do("three uses redeemed", redeemed(2), "confirm", "Return")

	p.scan(w.card) // how much, and a manager's yes
	p.until("the amount asked for", func(s sight) bool { return s.Asks == string(terminal.MissingAmount) })
	p.write("120.50")
	p.do("the manager asked for", sheet(counter.SignInSheet), "confirm", "Return")
	p.signInAs("M. Chen", demo.ManagerPIN, is(counter.ReadyToRedeem))
	p.do("the amount redeemed", redeemed(3), "confirm", "Return")

	p.do("the place for a code", sheet(counter.CodeSheet), "F2", "F2") // a scanner that is broken
	p.write(w.typed)
	p.do("the code found", is(counter.ReadyToRedeem), "confirm", "Return")
	p.do("nothing in hand", is(counter.Ready), "dismiss", "Escape") // the customer has gone

	p.do("why to undo", sheet(counter.UndoSheet), "F8", "F8")
	p.do("it taken back", redeemed(4), "confirm", "Return") // a reversal stands there too
	p.do("the help", sheet(counter.HelpSheet), "F1", "F1")
	p.do("the panel again", sheet(counter.NoSheet), "dismiss", "Escape")

	p.do("the search", func(s sight) bool { return s.Sheet == counter.SearchSheet && s.Found > 3 }, "F3", "F3")
	if p.touch {
		p.do("the keys for it", func(s sight) bool { return s.place(widgets.KeyName("Q")) != "" }, "keys", "")
	}
	p.write("DINNER")
	p.until("the dinner alone", func(s sight) bool { return s.Found == 1 })
	p.do("its slip again", func(s sight) bool { return s.Notice == "ui.notice.reprinted" || s.Notice == "ui.notice.printing" }, "F4", "F4")
	p.do("the panel again", sheet(counter.NoSheet), "dismiss", "Escape")

	p.do("the counter locked", sheet(counter.SignInSheet), "F9", "F9") // a break
	p.signInAs("Li", demo.CashierPIN, ready)
	if p.touch { // at the side; by keys the search is the way to it
		p.do("a row's buttons", func(s sight) bool { return s.place(widgets.PressReprint) != "" }, "tile Dinner for two", "")
	}
	p.closeDay()
	p.scan(w.coffee) // a last customer, straight out of the manager's room
	p.until("a voucher", is(counter.ReadyToRedeem))
	p.do("it redeemed", redeemed(p.sight.Past+1), "confirm", "Return")
}

// closeDay closes yesterday, or the day if there is no other that can be, and looks at the figures.
func (p person) closeDay() {
	p.t.Helper()
	p.do("the manager asked for", sheet(counter.SignInSheet), "F12", "F12")
	p.signInAs("M. Chen", demo.ManagerPIN, sheet(counter.ManagerSheet))
	page := func(name string) func(sight) bool { return func(s sight) bool { return s.Page == name } }
	p.do("the offers", page("offers"), "F5", "F5")
	p.do("the figures", page("figures"), "Escape", "Escape")
	p.do("the close", page("close"), "F8", "F8")
	p.do("the day closed", func(s sight) bool { return s.Closed }, "Return", "Return")
	p.do("the figures", page("figures"), "Return", "Return")
}

// dayOf has a day worked, and looks at what is left of it in the journal.
func dayOf(t *testing.T, touch bool) {
	t.Helper()
	t.Setenv(touchVariable, "1")
	f := openShop(t)
	p := person{f, touch}
	p.work(f.stock())
	if err := f.child.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := f.child.Wait(); err != nil || strings.Contains(f.errors(), "Error in Fyne call thread") {
		t.Errorf("the desktop ended with %v:\n%s", err, f.errors())
	}
	reader := f.reader()
	defer func() { _ = reader.Close() }()
	records, err := reader.Journal.Entries(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	kinds, what := map[terminal.EntryKind]int{}, map[string]string{}
	for _, record := range records {
		kinds[record.Entry.Kind]++
		for _, line := range record.Entry.Lines {
			if record.Entry.Kind == terminal.EntryRedeem {
				what[line.Campaign] = strconv.FormatInt(line.Units, 10)
			}
		}
	}
	if kinds[terminal.EntryRedeem] != 4 || kinds[terminal.EntryReverse] != 1 || kinds[terminal.EntryReprint] != 1 || kinds[terminal.EntryDayClose] != 1 {
		t.Errorf("the day left %v", kinds)
	}
	if what["swims"] != "3" || what["card"] != "12050" || !slices.Equal(slices.Sorted(maps.Keys(what)), []string{"card", "dinner-for-two", "free-coffee", "swims"}) {
		t.Errorf("redeemed were %v", what)
	}
}

func TestDayByFinger(t *testing.T) {
	// At a till with a touch screen and a scanner something of the day could not be done, and somebody would look for a keyboard.
	dayOf(t, true)
}

func TestDayByKeys(t *testing.T) {
	// At a till without a mouse something of the day could not be done.
	dayOf(t, false)
}
