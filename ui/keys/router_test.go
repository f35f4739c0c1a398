package keys_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"countersign/terminal/scanner"
	"countersign/ui/keys"
	"countersign/ui/keys/keytest"
)

const code = "7K3MQ9TX4B2HQ"

// desk is a window with a sink, and what came of the keys.
type desk struct {
	hands  keytest.Hands
	world  *keytest.World
	burst  *scanner.Burst
	router *keys.Router
	sink   *keys.Sink
	window fyne.Window
	scans  []string
	keys   []fyne.KeyName
	away   bool
}

// text is a field that remembers what was typed.
type text struct {
	runes     []rune
	submitted []string
}

func (f *text) Type(r rune)   { f.runes = append(f.runes, r) }
func (f *text) Retract(n int) { f.runes = f.runes[:len(f.runes)-n] }
func (f *text) Submit()       { f.submitted = append(f.submitted, string(f.runes)) }
func (f *text) Key(name fyne.KeyName) bool {
	if name != fyne.KeyBackspace {
		return false
	}
	f.runes = f.runes[:max(0, len(f.runes)-1)]
	return true
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	test.NewTempApp(t)
	d := &desk{world: &keytest.World{Time: time.Date(2026, 11, 21, 11, 0, 0, 0, time.UTC)}}
	d.window = test.NewTempWindow(t, widget.NewLabel(""))
	d.burst = &scanner.Burst{}
	d.router = keys.NewRouter(d.burst, d.world.Now, d.world.After)
	d.router.OnScan = func(text string) { d.scans = append(d.scans, text) }
	d.router.OnKey = func(name fyne.KeyName) { d.keys = append(d.keys, name) }
	d.router.OnForeground = func(foreground bool) { d.away = !foreground }
	d.sink = keys.NewSink(d.router, d.window.Canvas(), d.world.Later)
	d.hands = keytest.Hands{Canvas: d.window.Canvas().(keytest.Canvas), World: d.world}
	d.window.SetContent(d.sink)
	d.sink.Hold()
	d.world.Pass(time.Second)
	return d
}

func (d *desk) expect(t *testing.T, scans []string, names ...fyne.KeyName) {
	t.Helper()
	if !slices.Equal(d.scans, scans) {
		t.Errorf("scanned %q, want %q", d.scans, scans)
	}
	if !slices.Equal(d.keys, names) {
		t.Errorf("commands %q, want %q", d.keys, names)
	}
	d.scans, d.keys = nil, nil
}

func TestKeysThatWriteNothingAreNoYes(t *testing.T) {
	// A scanner that types ALT and numbers, or letters with CTRL, redeems the voucher that is shown with the Enter behind them.
	for name, presses := range map[string][]fyne.KeyName{
		"alt and the keypad": {desktop.KeyAltLeft, fyne.Key0, fyne.Key5, fyne.Key5},
		"ctrl and a letter":  {desktop.KeyControlLeft, fyne.KeyJ},
		"shift alone":        {desktop.KeyShiftLeft},
		"num lock":           {""},
		"a function key":     {fyne.KeyF9},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			for _, key := range presses {
				d.sink.KeyDown(&fyne.KeyEvent{Name: key}) // what is held with ALT or CTRL goes no further than this
				d.world.Pass(4 * time.Millisecond)
			}
			d.hands.Key(fyne.KeyReturn)
			d.expect(t, nil)
			d.world.Pass(500 * time.Millisecond)
			d.hands.Key(fyne.KeyReturn)
			d.expect(t, nil, fyne.KeyReturn)
		})
	}
}

func TestKeysThatWriteNothingEndNoField(t *testing.T) {
	// A scanner that types ALT and numbers sends off the amount that a person has not finished; or a person's own Enter is not taken.
	d := newDesk(t)
	field := &text{}
	d.router.Open(field)
	d.hands.Type("25", 200*time.Millisecond)
	d.sink.KeyDown(&fyne.KeyEvent{Name: desktop.KeyAltLeft})
	d.sink.KeyDown(&fyne.KeyEvent{Name: fyne.Key5})
	d.hands.Key(fyne.KeyReturn)
	if len(field.submitted) > 0 {
		t.Errorf("sent off %q", field.submitted)
	}
	d.world.Pass(time.Second)
	d.hands.Type("00", 150*time.Millisecond)
	d.hands.Key(fyne.KeyBackspace)
	d.hands.Key(fyne.KeyReturn)
	if !slices.Equal(field.submitted, []string{"250"}) {
		t.Errorf("sent off %q, want 250", field.submitted)
	}
}

func TestScannerNeverConfirms(t *testing.T) {
	// The Enter behind a code would redeem the voucher that is shown.
	d := newDesk(t)
	for _, end := range []fyne.KeyName{fyne.KeyReturn, fyne.KeyEnter, fyne.KeyTab} {
		d.hands.Scan(code, end)
		d.expect(t, []string{code})
		d.hands.Key(fyne.KeyReturn) // a scanner set up for two
		d.world.Pass(300 * time.Millisecond)
		d.hands.Key(fyne.KeyReturn)
		d.expect(t, nil)
		d.world.Pass(time.Second)
	}
	d.hands.Key(fyne.KeyReturn)
	d.expect(t, nil, fyne.KeyReturn)
}

func TestEnterHeldDown(t *testing.T) {
	// Somebody who leans on Enter would redeem one voucher after the other.
	d := newDesk(t)
	for range 20 {
		d.hands.Key(fyne.KeyReturn)
		d.world.Pass(33 * time.Millisecond)
	}
	d.expect(t, nil, fyne.KeyReturn)
}

func TestScanWithoutSuffix(t *testing.T) {
	// A scanner as it comes out of the box may send no Enter: nothing would ever happen.
	d := newDesk(t)
	d.hands.Type(code, 6*time.Millisecond)
	d.expect(t, nil)
	d.world.Pass(500 * time.Millisecond)
	d.expect(t, []string{code})
	d.world.Pass(time.Second)
	d.expect(t, nil)
}

func TestBusyWindowDoesNotCutABurst(t *testing.T) {
	// One slow frame in the middle of a scan would make two wrong codes of a good one.
	d := newDesk(t)
	d.hands.Type(code[:6], 4*time.Millisecond)
	d.world.Time = d.world.Time.Add(250 * time.Millisecond) // nothing ran meanwhile
	d.hands.Scan(code[6:], fyne.KeyReturn)
	d.expect(t, []string{code})
}

func TestTwoScansBackToBack(t *testing.T) {
	// The second customer's voucher would be lost, or glued to the first.
	d := newDesk(t)
	d.hands.Scan(code, fyne.KeyReturn)
	d.hands.Scan("0123456789ABV", fyne.KeyReturn)
	d.expect(t, []string{code, "0123456789ABV"})
}

func TestSpaceNeverPresses(t *testing.T) {
	// A code with a space in it would press whatever button stands there.
	d := newDesk(t)
	d.hands.Scan("AB 12 CD 34", fyne.KeyReturn)
	if len(d.scans) != 1 || len(d.keys) != 0 {
		t.Errorf("scanned %q, commands %q", d.scans, d.keys)
	}
}

func TestTypingGoesToTheField(t *testing.T) {
	// Nobody could type a code whose print is smudged.
	d := newDesk(t)
	field := &text{}
	d.router.Open(field)
	d.hands.Type("7K3X", 180*time.Millisecond)
	d.hands.Key(fyne.KeyBackspace)
	d.hands.Type("M", 180*time.Millisecond)
	d.hands.Key(fyne.KeyReturn)
	if want := []string{"7K3M"}; !slices.Equal(field.submitted, want) {
		t.Errorf("submitted %q", field.submitted)
	}
	d.expect(t, nil)
	d.hands.Scan(code, fyne.KeyReturn)
	if string(field.runes) != "7K3M" {
		t.Errorf("after a scan the field holds %q", string(field.runes))
	}
	d.hands.Key(fyne.KeyReturn)
	if len(field.submitted) != 1 {
		t.Error("the scanner's second Enter submitted the field")
	}
	d.expect(t, []string{code})
}

func TestCommandsAndLetters(t *testing.T) {
	// The letter F typed into a search would open help, or F9 would write something.
	d := newDesk(t)
	for _, name := range []fyne.KeyName{fyne.KeyF1, fyne.KeyF12, fyne.KeyEscape, fyne.KeyDown} {
		d.hands.Key(name)
	}
	d.hands.Type("f1 ", 200*time.Millisecond)
	d.expect(t, nil, fyne.KeyF1, fyne.KeyF12, fyne.KeyEscape, fyne.KeyDown)
}

func TestFocusComesBack(t *testing.T) {
	// After one click the scanner would write into nothing.
	d := newDesk(t)
	d.window.Canvas().Unfocus()
	d.hands.Scan(code, fyne.KeyReturn)
	d.expect(t, []string{code})
	if d.window.Canvas().Focused() != fyne.Focusable(d.sink) || d.away {
		t.Error("the sink has not got the focus back")
	}
}

func TestListRowKeepsNothing(t *testing.T) {
	// A tapped row would swallow the next voucher.
	d := newDesk(t)
	list := keys.NewList(d.sink, func() int { return 3 }, func() fyne.CanvasObject { return widget.NewLabel("row") }, func(int, fyne.CanvasObject) {})
	picked := 0
	list.OnSelected = func(widget.ListItemID) { picked++ }
	d.window.SetContent(container.NewWithoutLayout(d.sink, list))
	list.Resize(fyne.NewSize(200, 200))
	d.window.Canvas().Focus(list)
	list.Select(1)
	d.hands.Scan("AB 12 CD 34", fyne.KeyReturn)
	if len(d.scans) != 1 || picked != 1 {
		t.Errorf("scanned %q, %d rows picked", d.scans, picked)
	}
	if d.window.Canvas().Focused() != fyne.Focusable(d.sink) {
		t.Error("the list keeps the focus")
	}
}

func TestPopUp(t *testing.T) {
	// A voucher scanned while a pop-up is open would be lost.
	d := newDesk(t)
	pop := widget.NewModalPopUp(widget.NewLabel("a message"), d.window.Canvas())
	pop.Show()
	d.hands.Scan(code, fyne.KeyReturn)
	d.expect(t, []string{code})
	pop.Hide()
	d.world.Pass(time.Second)
	d.hands.Scan(code, fyne.KeyReturn)
	d.expect(t, []string{code})
}

func TestForeground(t *testing.T) {
	// The scanner would type into another program, and nobody would know why nothing happens.
	d := newDesk(t)
	d.sink.FocusLost() // the window lost the keyboard: the canvas keeps its focused object
	d.world.Settle()
	if !d.away {
		t.Error("not noticed")
	}
	d.sink.FocusGained()
	if d.away {
		t.Error("not noticed that it is back")
	}
}

func TestSlowFrames(t *testing.T) {
	// On a PC without a graphics card a frame can take half a second: codes would lose their first letters, and a scanner's second
	// Enter would redeem what the first brought up.
	d := newDesk(t)
	field := &text{}
	d.router.Open(field)
	d.hands.Rune(rune(code[0]))
	d.world.Time = d.world.Time.Add(500 * time.Millisecond)
	d.hands.Scan(code[1:], fyne.KeyReturn)
	d.expect(t, []string{code})
	if len(field.runes) != 0 {
		t.Errorf("the field holds %q", string(field.runes))
	}
	d.router.Open(nil)
	d.world.Time = d.world.Time.Add(700 * time.Millisecond)
	d.hands.Key(fyne.KeyReturn)
	d.expect(t, nil)
	d.world.Pass(time.Second)
	d.hands.Key(fyne.KeyReturn)
	d.expect(t, nil, fyne.KeyReturn)
}

func TestRestsAtNight(t *testing.T) {
	// A counter that nobody touches would keep the processor awake.
	d := newDesk(t)
	d.hands.Scan(code, fyne.KeyReturn)
	d.world.Pass(2 * time.Second)
	if n := d.world.Waiting(); n != 0 {
		t.Errorf("%d timers run though nothing was typed for two seconds", n)
	}
}

func TestScanRightAfterTyping(t *testing.T) {
	// Somebody gives up typing a smudged code and pulls the trigger: what was typed would be glued to what is scanned.
	d := newDesk(t)
	field := &text{}
	d.router.Open(field)
	d.hands.Type("7K", 150*time.Millisecond)
	d.hands.Scan(code, fyne.KeyReturn)
	d.expect(t, []string{code})
	if string(field.runes) != "7K" {
		t.Errorf("the field holds %q", string(field.runes))
	}
}

func TestScanInPieces(t *testing.T) {
	// On a computer that has too much to do keys come late, and the window itself is not busy: half of a code would be read as a voucher that does not
	// exist, and its other half as the next.
	for name, pieces := range map[string][]string{
		"the first symbol": {code[:1], code[1:]},
		"three symbols":    {code[:3], code[3:]},
		"half of it":       {code[:7], code[7:]},
		"its last symbol":  {code[:12], code[12:]},
	} {
		for _, open := range []bool{false, true} {
			for _, pause := range []time.Duration{100 * time.Millisecond, 400 * time.Millisecond, 900 * time.Millisecond} {
				d := newDesk(t)
				d.burst.Whole = func(text string) bool { return text == code }
				field := &words{}
				d.hands.Scan(code, fyne.KeyReturn)
				d.expect(t, []string{code})
				d.world.Pass(time.Second)
				if open {
					d.router.Open(field)
				}
				d.hands.Type(pieces[0], 6*time.Millisecond)
				d.world.Pass(pause)
				d.hands.Scan(pieces[1], fyne.KeyReturn)
				if len(d.scans) != 1 || d.scans[0] != code || len(field.runes) != 0 {
					t.Errorf("%s, then %s, a field open %v: scanned %q, and the field holds %q", name, pause, open, d.scans, string(field.runes))
				}
			}
		}
	}
}

func TestLettersRightBeforeAScan(t *testing.T) {
	// Somebody writes a name with quick hands while another pulls the trigger: the letters would be glued to the code, and the voucher turned away.
	d := newDesk(t)
	d.burst.Whole = func(text string) bool { return text == code }
	field := &words{}
	d.router.Open(field)
	d.hands.Type("abc", 12*time.Millisecond)
	d.world.Pass(25 * time.Millisecond)
	d.hands.Scan(code, fyne.KeyReturn)
	d.expect(t, []string{code})
	if string(field.runes) != "" {
		t.Errorf("the field holds %q", string(field.runes))
	}
}

// words is a field of words and codes.
type words struct{ codeText }

func (*words) Code(text string) bool {
	return len(text) >= 8 || strings.ContainsAny(text, "0123456789")
}

// codeText is a field in which codes are typed.
type codeText struct{ text }

func (*codeText) Takes(string) (typed, ended bool) { return true, true }

func TestTypedCodeWhileTheWindowIsBusy(t *testing.T) {
	// Somebody types a smudged code, the window draws for a second, and half of the code is read as a scan and turned away.
	for _, late := range []string{"7K3M", code} { // before and after the burst is long enough for silence to end it
		for _, busyFirst := range []bool{true, false} {
			d := newDesk(t)
			field := &codeText{}
			d.router.Open(field)
			typed := "AB"
			if busyFirst {
				typed = ""
			}
			d.hands.Type(typed, 180*time.Millisecond)
			d.world.Time = d.world.Time.Add(time.Second) // nothing ran meanwhile
			d.hands.Type(late, 0)                        // what was pressed in it comes at once
			d.world.Pass(time.Second)
			if got := string(field.runes); got != typed+late {
				t.Errorf("the field holds %q, want %q", got, typed+late)
			}
			d.world.Time = d.world.Time.Add(time.Second)
			d.hands.Type("XY45", 0)
			d.hands.Key(fyne.KeyReturn) // pressed in the same second
			d.expect(t, nil)
			if want := []string{typed + late + "XY45"}; !slices.Equal(field.submitted, want) {
				t.Errorf("submitted %q, want %q", field.submitted, want)
			}
		}
	}
}

func TestScanIntoACodeField(t *testing.T) {
	// A voucher scanned while a code is half typed would be lost on a slow PC, or its Enter would redeem what it brings up.
	d := newDesk(t)
	field := &codeText{}
	d.router.Open(field)
	d.hands.Type("7K", 180*time.Millisecond)
	d.world.Pass(time.Second)
	d.hands.Scan(code, fyne.KeyReturn)
	d.expect(t, []string{code})
	d.world.Pass(time.Second)
	d.world.Time = d.world.Time.Add(time.Second) // the window was busy, and the scan came in a heap
	d.hands.Scan(code, fyne.KeyReturn)
	d.expect(t, []string{code})
	if len(field.submitted) > 0 {
		t.Errorf("submitted %q", field.submitted)
	}
	d.router.Open(nil) // what follows is a panel
	d.hands.Key(fyne.KeyReturn)
	d.world.Pass(300 * time.Millisecond)
	d.hands.Key(fyne.KeyReturn)
	d.expect(t, nil)
}

// amountText is a field in which an amount is typed.
type amountText struct{ text }

func (*amountText) Takes(heap string) (typed, ended bool) {
	return strings.Trim(heap, "0123456789.,") == "", len(heap) < 6
}

// frame is one in which the window is busy for so long; what was pressed in it is read at its end, before or after the beat.
func (d *desk) frame(took time.Duration, beatFirst bool, pressed func()) {
	d.world.Time = d.world.Time.Add(took)
	if beatFirst {
		d.world.Pass(0)
	}
	pressed()
	d.world.Pass(5 * time.Millisecond)
}

func TestAmountWhileTheWindowIsBusy(t *testing.T) {
	// An amount typed on a PC that is busy vanishes without a word, or its Enter sends off what was only half read.
	for _, first := range []bool{true, false} {
		for _, typed := range [][]string{{"1249,99"}, {"1", "249,99"}, {"12", "49", ",99"}, {"1", "2", "4", "9", "9", "0"}, {"12", "", "49,99"}} {
			d := newDesk(t)
			field := &amountText{}
			d.router.Open(field)
			d.world.Pass(time.Second)
			for _, heap := range typed {
				d.frame(500*time.Millisecond, first, func() {
					for _, r := range heap {
						d.hands.Rune(r)
					}
				})
			}
			d.hands.Key(fyne.KeyReturn)
			d.world.Pass(time.Second)
			if want := strings.Join(typed, ""); string(field.runes) != want || len(d.scans) > 0 {
				t.Errorf("typed %q: the field holds %q, scanned %q, sent off %q", typed, string(field.runes), d.scans, field.submitted)
			}
			d.hands.Key(fyne.KeyReturn)
			if len(field.submitted) == 0 {
				t.Errorf("typed %q: Enter does nothing", typed)
			}
			d.world.Pass(time.Second)
			d.frame(500*time.Millisecond, first, func() { d.hands.Scan(code, fyne.KeyReturn) })
			d.expect(t, []string{code})
		}
	}
}

func TestEnterInSlowFrames(t *testing.T) {
	// On a PC that draws two frames a second a cashier presses Enter on each of the waiting vouchers, and only the first is redeemed.
	for _, beatFirst := range []bool{true, false} {
		d := newDesk(t)
		d.frame(500*time.Millisecond, beatFirst, func() { d.hands.Scan(code, fyne.KeyReturn) })
		d.frame(500*time.Millisecond, beatFirst, func() { d.hands.Key(fyne.KeyReturn) }) // its second one, for all anybody knows
		d.expect(t, []string{code})
		for range 9 {
			for range 2 {
				d.frame(500*time.Millisecond, beatFirst, func() {})
			}
			d.frame(500*time.Millisecond, beatFirst, func() { d.hands.Key(fyne.KeyReturn) })
		}
		if len(d.keys) != 9 {
			t.Errorf("of 9 presses %d count", len(d.keys))
		}
		d.keys = nil
		d.world.Pass(time.Second)
		for range 5 { // held down
			d.frame(500*time.Millisecond, beatFirst, func() {
				for range 15 {
					d.hands.Key(fyne.KeyReturn)
				}
			})
		}
		d.expect(t, nil, fyne.KeyReturn)
	}
}
