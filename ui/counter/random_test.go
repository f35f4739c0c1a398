package counter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"countersign/assets/translations"
	"countersign/terminal"
	"countersign/terminal/scanner"
	"countersign/ui/counter"
	"countersign/ui/day"
	"countersign/ui/keys/keytest"
	"countersign/ui/theme"
	"countersign/ui/widgets"
)

// What a person, or a scanner, is doing when a state changes.
const (
	byNobody = ""        // time passes, or an answer comes
	byScan   = "scan"    // a scanner types, with its Enter
	byHand   = "hand"    // a key or a finger that says no yes
	byYes    = "yes"     // Enter, or a press on the button that says the same
	byChange = "changes" // the window, the line, the disk
)

// monkey does anything at a counter, and holds what becomes of it against what must always be so. The same seed does the same again.
type monkey struct {
	*till
	t     *testing.T
	dice  *rand.Rand
	due   time.Time // when the work that was ordered last is done
	doing string
	said  []string // what was done, the newest last
	shops []*counter.Shop
	last  counter.State
	sent  []string
	ended map[string]string // what became of each code that is neither in hand nor waits
	made  int
}

// openMonkey opens a counter, the day's room with it, at which everything takes a while.
func openMonkey(t *testing.T, seed uint64) *monkey {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(theme.Look{})
	world := &keytest.World{Time: time.Date(2026, 11, 21, 11, 4, 0, 0, time.UTC)}
	window := test.NewTempWindow(t, nil)
	window.SetPadded(false)
	m := &monkey{t: t, dice: rand.New(rand.NewPCG(seed, 6)), ended: map[string]string{}}
	m.till = &till{shop: counter.NewShop(), window: window, Hands: keytest.Hands{Canvas: window.Canvas().(keytest.Canvas), World: world}}
	m.shops = []*counter.Shop{m.shop}
	m.stock(m.shop)
	// What was ordered first is done first, and each takes up to two seconds.
	work := func(f func()) {
		m.due = later(m.due, world.Now().Add(time.Duration(m.dice.IntN(2000))*time.Millisecond))
		world.After(m.due.Sub(world.Now()), f)
	}
	m.screen = counter.NewScreen(window, &scanner.Burst{}, world.After, counter.Parts{
		Terminal: m.shop, Rows: m.shop, Words: translations.For("en", time.UTC).At(world.Now), Now: world.Now,
		UID:   func() terminal.UID { m.made++; return terminal.UID{byte(m.made >> 8), byte(m.made)} },
		Later: world.Later, Go: work, Log: slog.New(slog.DiscardHandler), Prefer: m.prefer, Play: func(counter.Sound) {},
		Train: func(context.Context) (counter.Sandbox, error) {
			m.gym = counter.NewShop()
			m.stock(m.gym)
			m.shops = append(m.shops, m.gym)
			return gym{m.gym, &m.till.ended}, nil
		},
		Shut: func() {},
	})
	room := day.NewRoom(m.screen.Sink(), day.Parts{Source: ledgers{}, Words: translations.For("en", time.UTC).At(world.Now), Now: world.Now,
		Later: world.Later, Go: func(f func()) { f() }})
	m.screen.SetRoom(room)
	m.Prefer = func(theme.Preferences) { room.Speak(m.screen.Counter().Words()) }
	m.last = m.screen.Counter().State()
	m.screen.Watch(m.watch)
	window.SetContent(m.screen.Content())
	window.Resize(fyne.NewSize(1024, 600))
	m.screen.Start()
	m.screen.Counter().Happen(counter.Preferred{Preferences: theme.Preferences{Language: "en", Text: 100, Volume: 60}})
	m.screen.Counter().Happen(counter.Guard{Guarded: true})
	return m
}

// ledgers are books that can be closed, saved and printed, with no luck.
type ledgers struct{ books }

func (ledgers) Pause(context.Context, string, bool, *terminal.Operator) error {
	return terminal.ErrNoAnswer
}

func (ledgers) CloseDay(context.Context, terminal.Date, *terminal.Operator) (terminal.Record, error) {
	return terminal.Record{}, errors.New("the disk is full")
}

func (ledgers) Save(context.Context, string, *day.Account, terminal.Words) (string, error) {
	return "", errors.New("the disk is full")
}

func (ledgers) Print(context.Context, *day.Account, terminal.Words) error {
	return errors.New("the disk is full")
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// prefer has the screen as it is liked, as the program does.
func (m *monkey) prefer(p theme.Preferences) {
	fyne.CurrentApp().Settings().SetTheme(theme.Look{Dark: p.Dark, Text: float32(p.Text) / 100})
	m.screen.Counter().Speak(translations.For(p.Language, time.UTC).At(m.World.Now))
	m.Prefer(p)
	m.screen.Rebuild()
}

// codeOf is the n-th code that is sent, of one of the kinds that stock knows.
func codeOf(kind, n int) string { return fmt.Sprintf("%cK3MQ9TX4%04d", "7ABCD"[kind], n) }

// stock has a shop answer codes by their kind: most can be redeemed, others want something first, or are turned away.
func (m *monkey) stock(shop *counter.Shop) {
	line := []terminal.OutcomeLine{{Campaign: terminal.Campaign{ID: "gift", Kind: terminal.KindBalance, Currency: "EUR", Name: terminal.Text{"en": "Gift card"}}}}
	ask := func(missing terminal.Missing) terminal.Outcome {
		return terminal.Outcome{Choice: terminal.Asking, Lines: line, Asks: []terminal.Ask{{Missing: missing, Most: 5000,
			Finding: terminal.Finding{Reason: terminal.ApprovalRequired}}}}
	}
	for n := range 2000 {
		shop.Answer(codeOf(1, n), ask(terminal.MissingAmount))
		shop.Answer(codeOf(2, n), ask(terminal.MissingUnits))
		shop.Answer(codeOf(3, n), ask(terminal.MissingApproval))
		shop.Answer(codeOf(4, n), terminal.Outcome{Choice: terminal.Declined, Findings: []terminal.Finding{{Reason: terminal.Expired}}})
	}
}

// failed says what is not as it must be, and what was done before it.
func (m *monkey) failed(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf("%s\nafter %d actions, the last: %s", fmt.Sprintf(format, args...), len(m.said), strings.Join(m.said[max(0, len(m.said)-12):], "; "))
}

// codes are those in hand, and those that wait, for their turn or for a reversal to be over.
func codes(s counter.State) (inHand, waiting []string) {
	for _, scan := range s.Request.Scans {
		inHand = append(inHand, scan.Code)
	}
	if s.Aside != nil {
		for _, scan := range s.Aside.Request.Scans {
			waiting = append(waiting, scan.Code)
		}
	}
	for _, scan := range s.Waiting {
		waiting = append(waiting, scan.Code)
	}
	return inHand, waiting
}

// watch holds each state against the one before: no scan goes away by itself, none comes twice, and nothing is redeemed that nobody
// confirmed.
func (m *monkey) watch(now counter.State) {
	before := m.last
	m.last = now
	hand, waiting := codes(now)
	wasInHand, wasWaiting := codes(before)
	here := append(slices.Clone(hand), waiting...)
	for i, code := range here {
		if how, over := m.ended[code]; over {
			m.failed("%s came back, though it was %s", code, how)
		}
		if slices.Contains(here[i+1:], code) {
			m.failed("%s is there twice", code)
		}
	}
	trained := before.Training != now.Training
	for _, code := range wasWaiting {
		if !slices.Contains(here, code) {
			if !trained && now.Notice.Saying.Key != counter.BillFull {
				m.failed("%s waited, and is gone", code)
			}
			m.ended[code] = "not taken, and that was said"
		}
	}
	for _, code := range wasInHand {
		if slices.Contains(here, code) {
			continue
		}
		switch {
		case before.Phase == counter.Redeemed:
			if !m.redeemed(code) {
				m.failed("%s was shown as redeemed, and is not", code)
			}
			if m.ended[code] = "redeemed"; before.Training {
				m.ended[code] = "practised with"
			}
			if really := slices.Contains(m.shop.Codes(), code); really == before.Training {
				m.failed("%s was shown as redeemed; in training: %v, really: %v", code, before.Training, really)
			}
		case before.Phase == counter.Declined && !before.Billing:
			m.ended[code] = "declined"
		case trained:
			m.ended[code] = "practised with"
		case m.doing == byHand || m.doing == byYes: // Esc, or Del
			m.ended[code] = "dropped by a person"
		default:
			m.failed("%s was in hand in %s, and is gone by %q", code, before.Phase, m.doing)
		}
	}
	if now.Phase == counter.Redeeming && before.Phase != counter.Redeeming && len(hand) > 0 {
		confirmable := before.Phase == counter.ReadyToRedeem || before.Phase == counter.Fault
		if m.doing != byYes || !confirmable || !slices.Equal(hand, wasInHand) {
			m.failed("%v are redeemed in %s, where nobody said yes to them but %q", hand, before.Phase, m.doing)
		}
	}
}

// redeemed reports that a code is on disk.
func (m *monkey) redeemed(code string) bool {
	for _, shop := range m.shops {
		if slices.Contains(shop.Codes(), code) {
			return true
		}
	}
	return false
}

// do does something as somebody, and lets a moment pass.
func (m *monkey) do(as, what string, f func()) {
	m.said = append(m.said, what)
	m.doing = as
	f()
	m.World.Settle()
	m.doing = byNobody
}

// scan scans a voucher that was never scanned before.
func (m *monkey) scan() {
	code := codeOf([]int{0, 0, 0, 0, 1, 2, 3, 4}[m.dice.IntN(8)], len(m.sent))
	end := []fyne.KeyName{fyne.KeyReturn, fyne.KeyTab, fyne.KeyEnter, ""}[m.dice.IntN(4)]
	m.sent = append(m.sent, code)
	m.do(byScan, "scan "+code+" "+string(end), func() {
		if end == "" {
			m.Type(code, 6*time.Millisecond)
			m.World.Pass(500 * time.Millisecond) // nobody types before the silence that ends it
			return
		}
		m.Scan(code, end)
		m.World.Pass(150 * time.Millisecond)
	})
	hand, waiting := codes(m.last)
	if _, over := m.ended[code]; !over && !slices.Contains(hand, code) && !slices.Contains(waiting, code) {
		if key := m.last.Notice.Saying.Key; key != counter.TooMany && key != counter.BillFull {
			m.failed("%s was scanned, and is nowhere; the counter is in %s, %q", code, m.last.Phase, m.last.Sheet)
		}
		m.ended[code] = "not taken, and that was said"
	}
}

// pressables are what a finger can press now: of what lies on top, if something does.
func (m *monkey) pressables() []fyne.CanvasObject {
	var found []fyne.CanvasObject
	for _, o := range everything(m.window.Content()) {
		switch o := o.(type) {
		case *widgets.Sheet:
			found = nil
		case *widgets.Button:
			if !o.Action.Off {
				found = append(found, o)
			}
		case *widgets.Choice, *widgets.StatusBar:
			found = append(found, o)
		}
	}
	return found
}

// press presses anything.
func (m *monkey) press() {
	found := m.pressables()
	if len(found) == 0 {
		return
	}
	chosen := found[m.dice.IntN(len(found))]
	as, name := byHand, fmt.Sprintf("%T", chosen)
	if button, ok := chosen.(*widgets.Button); ok {
		if name = button.Action.Name; name == "confirm" {
			as = byYes
		}
	}
	m.do(as, "press "+name, func() { m.Click(chosen) })
}

// drag draws anything that can be scrolled up or down with a finger. That means nothing but that: nobody's voucher may go by it.
func (m *monkey) drag() {
	var found []*widgets.Hand
	for _, o := range everything(m.window.Content()) {
		if hand, ok := o.(*widgets.Hand); ok {
			found = append(found, hand)
		}
	}
	if len(found) == 0 {
		return
	}
	by := []float32{-400, -60, 60, 400}[m.dice.IntN(4)]
	m.do(byNobody, fmt.Sprint("drag ", by), func() { m.Drag(found[m.dice.IntN(len(found))], by) })
}

var commandKeys = []fyne.KeyName{fyne.KeyF1, fyne.KeyF2, fyne.KeyF3, fyne.KeyF4, fyne.KeyF5, fyne.KeyF6, fyne.KeyF7, fyne.KeyF8, fyne.KeyF9, fyne.KeyF10,
	fyne.KeyF11, fyne.KeyF12, fyne.KeyUp, fyne.KeyDown, fyne.KeyLeft, fyne.KeyRight, fyne.KeyDelete, fyne.KeyBackspace, fyne.KeyPageUp, fyne.KeyPageDown,
	fyne.KeyHome, fyne.KeyTab, fyne.KeySpace, fyne.KeyInsert}

func (m *monkey) key(name fyne.KeyName) {
	as := byHand
	if name == fyne.KeyReturn {
		as = byYes
	}
	m.do(as, "key "+string(name), func() { m.Key(name) })
}

// write types as a person does, what somebody might type there.
func (m *monkey) write() {
	text := []string{"1", "12", "4821", "9.50", "7K", "x y", "é", "王", "0"}[m.dice.IntN(9)]
	m.do(byHand, "write "+text, func() { m.Type(text, 170*time.Millisecond) })
}

// signIn gets somebody through a sheet that asks for a PIN.
func (m *monkey) signIn() {
	if m.last.Sheet != counter.SignInSheet {
		return
	}
	if m.last.Who == nil {
		m.key(fyne.KeyReturn)
	}
	m.pass(time.Second)
	m.do(byHand, "the PIN", func() { m.Type("4821", 170*time.Millisecond) })
	m.pass(time.Second)
	m.key(fyne.KeyReturn)
	m.pass(4 * time.Second)
}

// change changes what nobody at the counter does.
func (m *monkey) change() {
	switch m.dice.IntN(6) {
	case 0:
		size := []fyne.Size{{Width: 1024, Height: 600}, {Width: 1280, Height: 800}, {Width: 1920, Height: 1080}, {Width: 3840, Height: 2160}, {Width: 961, Height: 541}}[m.dice.IntN(5)]
		m.do(byChange, fmt.Sprint("resize ", size), func() { m.window.Resize(size) })
	case 1, 2:
		cut := m.dice.IntN(2) == 0
		m.do(byChange, fmt.Sprint("cable cut: ", cut), func() {
			m.shop.Cut(cut)
			status := counter.Status{Line: counter.LineUp, Paper: []counter.Paper{counter.PaperReady, counter.PaperOut, counter.PaperGone}[m.dice.IntN(3)]}
			if cut {
				status.Line, status.Pending, status.Oldest, status.Queued = counter.LineDown, 3, m.World.Now(), 2
			}
			m.screen.Counter().Happen(counter.StatusChanged{Status: status})
			m.screen.Counter().Refresh()
		})
	case 3:
		m.do(byChange, "the disk fills, or is freed", func() {
			if m.shop.Broken() {
				m.shop.Break(nil)
			} else {
				m.shop.Break(errors.New("the disk is full"))
			}
		})
	case 4:
		m.do(byChange, "an answer is lost", func() { m.shop.Lose(1) })
	case 5:
		m.do(byChange, "another window comes to the front, and goes", func() {
			if focused := m.Canvas.Focused(); focused != nil {
				focused.FocusLost()
				m.World.Settle()
				focused.FocusGained()
			}
		})
	}
}

// pass lets time pass, and answers come.
func (m *monkey) pass(d time.Duration) { m.tick(d.Truncate(250 * time.Millisecond)) }

// act does one thing.
func (m *monkey) act() {
	if m.shop.Broken() && m.dice.IntN(10) == 0 { // somebody frees the disk
		m.do(byChange, "the disk is freed", func() { m.shop.Break(nil) })
	}
	switch n := m.dice.IntN(100); {
	case n < 23:
		m.scan()
	case n < 46:
		m.key(fyne.KeyReturn)
	case n < 53:
		m.key(fyne.KeyEscape)
	case n < 65:
		m.key(commandKeys[m.dice.IntN(len(commandKeys))])
	case n < 70:
		m.write()
	case n < 77:
		m.signIn()
	case n < 90:
		m.press()
	case n < 91:
		for range 2*len(m.last.Waiting) + 3 { // a training begins with an empty panel
			m.key(fyne.KeyEscape)
			m.pass(500 * time.Millisecond)
		}
		m.key(fyne.KeyF10)
		m.key(fyne.KeyF7)
		m.pass(time.Second)
		m.signIn()
	case n < 92:
		m.drag()
	case n < 94: // another language, or another look
		m.key(fyne.KeyF10)
		for range m.dice.IntN(4) {
			m.key([]fyne.KeyName{fyne.KeyDown, fyne.KeyRight, fyne.KeyLeft}[m.dice.IntN(3)])
		}
	default:
		m.change()
	}
	switch n := m.dice.IntN(200); {
	case n == 0:
		m.pass(6 * time.Minute) // it locks itself
	case n == 1:
		m.World.Pass(20 * time.Hour) // a night
	case n < 150:
		m.pass(time.Duration(m.dice.IntN(2000)) * time.Millisecond)
	}
	m.pass(250 * time.Millisecond)
}

// finish answers all that is still open, as somebody who comes in afterwards would, and looks whether each scan came to one end.
func (m *monkey) finish() {
	m.shop.Break(nil)
	m.shop.Lose(0)
	for range 40 * (len(m.last.Waiting) + 2) {
		m.pass(2 * time.Second)
		if hand, waiting := codes(m.last); len(hand) == 0 && len(waiting) == 0 && m.last.Phase == counter.Ready {
			break
		}
		switch {
		case m.last.Sheet == counter.SignInSheet && m.last.Operator == nil:
			m.signIn()
		case m.last.Sheet != counter.NoSheet, m.last.Phase == counter.Asked, m.last.Billing:
			m.key(fyne.KeyEscape)
		default:
			m.key(fyne.KeyReturn)
		}
	}
	for _, code := range m.sent {
		if m.ended[code] == "" {
			m.failed("%s has come to no end; the counter is in %s, %q, %d wait", code, m.last.Phase, m.last.Sheet, len(m.last.Waiting))
		}
	}
	for _, shop := range m.shops {
		all := slices.Sorted(slices.Values(shop.Codes()))
		if twice := len(all) - len(slices.Compact(all)); twice > 0 {
			m.failed("%d vouchers were redeemed twice", twice)
		}
	}
}

// seeds are those of COUNTERSIGN_SEED, one alone; else the first five, or fifty where there is time.
func seeds(t *testing.T) []uint64 {
	if text := os.Getenv("COUNTERSIGN_SEED"); text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return []uint64{seed}
	}
	count := 5
	if os.Getenv("COUNTERSIGN_SOAK") != "" {
		count = 50
	}
	all := make([]uint64, count)
	for i := range all {
		all[i] = uint64(i + 1)
	}
	return all
}

// actions are so many in each run.
const actions = 500

func TestAnythingAtAll(t *testing.T) {
	// Whatever people, scanners, cables and disks do in whatever order: the window would fall over, lose a customer's voucher, or redeem
	// one that nobody said yes to. COUNTERSIGN_SEED=7 repeats the seventh.
	var trouble bytes.Buffer
	log.SetOutput(&trouble)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	for _, seed := range seeds(t) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			m := openMonkey(t, seed)
			for range actions {
				m.act()
			}
			m.finish()
			fates := map[string]int{}
			for _, how := range m.ended {
				fates[how]++
			}
			t.Logf("%d scans: %v; %d trainings", len(m.sent), fates, len(m.shops)-1)
			if trouble.Len() > 0 {
				m.failed("the window complains: %s", trouble.String())
			}
		})
	}
}
