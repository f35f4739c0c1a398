package setup_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/skip2/go-qrcode"

	"countersign/assets/translations"
	"countersign/terminal/receipt"
	"countersign/terminal/scanner"
	"countersign/ui/keys/keytest"
	"countersign/ui/setup"
	"countersign/ui/theme"
	"countersign/ui/widgets/gallery"
)

var start = time.Date(2026, 11, 21, 11, 0, 0, 0, time.UTC)

// ears learn as the counter does.
func ears(kept *[]scanner.Learnt) setup.Ears {
	var learnt scanner.Learnt
	return setup.Ears{
		TestCode: receipt.TestCode,
		Mend:     func(text string) string { return learnt.Apply(text) },
		Learn: func(keys []setup.Key) (setup.Scanner, error) {
			var typed []scanner.Key
			for _, key := range keys {
				typed = append(typed, scanner.Key(key))
			}
			now, err := scanner.LearnKeys(typed)
			if err != nil {
				return setup.Scanner{}, err
			}
			learnt = now
			*kept = append(*kept, now)
			said := setup.Scanner{Suffix: string(now.Suffix), GapMillis: now.GapMillis, Slow: now.Slow()}
			if len(now.Runes) > 0 {
				said.Layout = now.Name
			}
			return said, nil
		},
	}
}

func keysOf(text string) []setup.Key {
	var keys []setup.Key
	for i, r := range []rune(text) {
		keys = append(keys, setup.Key{Rune: r, At: start.Add(time.Duration(i) * 5 * time.Millisecond)})
	}
	return keys
}

// french is what a scanner set for the US types on a French keyboard.
var french = strings.NewReplacer("q", "a", "a", "q", "Q", "A", "A", "Q", "w", "z", "z", "w", "W", "Z", "Z", "W", "m", ",", "M", "?", "1", "&", "2", "é", "3", "\"",
	"4", "'", "5", "(", "6", "-", "7", "è", "8", "_", "9", "ç", "0", "à", "-", ")", ":", "M", "/", "!", ".", ":", "?", "§", "&", "7", "%", "5", "_", "°", "#", "3")

func TestScansAtSetUp(t *testing.T) {
	// Somebody would be told that a scanner is well that is not, or could never end the set-up.
	var kept []scanner.Learnt
	e := ears(&kept)
	s := setup.State{}
	for _, step := range []struct {
		typed string
		want  setup.Phase
	}{
		{"ab\r", setup.Waiting}, {"7K3MQ9TX4B2HQ\r", setup.Wrong}, {french.Replace(scanner.CalibrationText) + "\t", setup.Learnt}, {"\r", setup.Learnt},
		{french.Replace(receipt.TestCode) + "\t", setup.Paper}, {scanner.CalibrationText, setup.Learnt}, {receipt.TestCode, setup.Paper},
	} {
		if s = s.Typed(keysOf(step.typed), e); s.Phase != step.want {
			t.Fatalf("%q brings it to %q, want %q", step.typed, s.Phase, step.want)
		}
	}
	if len(kept) != 2 || kept[0].Name != "fr" || kept[0].Suffix != scanner.SuffixTab || kept[1].Suffix != scanner.SuffixNone {
		t.Errorf("learnt %+v", kept)
	}
	if s = s.Heard("7K3MQ9TX4B2HQ", e); s.Phase != setup.Line {
		t.Errorf("a serial scanner brings it to %q", s.Phase)
	}
	if s = s.Heard(receipt.TestCode, e); s.Phase != setup.Paper {
		t.Errorf("the paper's code brings it to %q", s.Phase)
	}
	e.Learn = func([]setup.Key) (setup.Scanner, error) { return setup.Scanner{}, errors.New("no") }
	if s = s.Typed(keysOf(scanner.CalibrationText), e); s.Phase != setup.Wrong {
		t.Errorf("what cannot be learnt brings it to %q", s.Phase)
	}
}

type desk struct {
	world  *keytest.World
	hands  keytest.Hands
	window fyne.Window
	screen *setup.Screen
	kept   []scanner.Learnt
	orders []setup.Order
}

func newDesk(t *testing.T, language string, look theme.Look, size fyne.Size) *desk {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(look)
	gallery.Awake(t)
	d := &desk{world: &keytest.World{Time: start}, window: test.NewTempWindow(t, nil)}
	d.window.SetPadded(false)
	code, err := qrcode.New(scanner.CalibrationText, qrcode.Low)
	if err != nil {
		t.Fatal(err)
	}
	d.screen = setup.NewScreen(d.window, setup.Parts{Ears: ears(&d.kept), Words: translations.For(language, time.UTC), Now: d.world.Now, Later: d.world.Later,
		After: d.world.After, Code: code.Image(-6), Do: func(order setup.Order) { d.orders = append(d.orders, order) }}, setup.State{})
	d.window.SetContent(d.screen.Content())
	d.window.Resize(size)
	d.hands = keytest.Hands{Canvas: d.window.Canvas().(keytest.Canvas), World: d.world}
	d.screen.Start()
	return d
}

func TestWindowHearsAScanWhateverEndsIt(t *testing.T) {
	// The calibration would wait for ever for a scanner that sends no Enter, or Tab would move through the buttons.
	for _, end := range []fyne.KeyName{"", fyne.KeyReturn, fyne.KeyEnter, fyne.KeyTab} {
		d := newDesk(t, "en", theme.Look{}, small)
		if end == "" {
			d.hands.Type(scanner.CalibrationText, 5*time.Millisecond)
			d.world.Pass(time.Second)
		} else {
			d.hands.Scan(scanner.CalibrationText, end)
		}
		if d.screen.State().Phase != setup.Learnt || len(d.kept) != 1 {
			t.Errorf("ended by %q: %+v, kept %d times", end, d.screen.State(), len(d.kept))
		}
	}
	d := newDesk(t, "en", theme.Look{}, small)
	d.window.Canvas().Unfocus()
	d.world.Settle()
	d.hands.Scan(scanner.CalibrationText, fyne.KeyReturn)
	d.hands.Key(fyne.KeyF5)
	d.hands.Key(fyne.KeySpace)
	d.hands.Key(fyne.KeyEscape)
	if d.screen.State().Phase != setup.Learnt || !slices.Equal(d.orders, []setup.Order{setup.TestPage{}, setup.Leave{}}) {
		t.Errorf("%+v, ordered %v", d.screen.State(), d.orders)
	}
}

func TestCodeOnTheScreenCanBeScanned(t *testing.T) {
	// The scanner would not read the code off the glass: too small below long sentences, too pale in the dark, or without its white border.
	for _, c := range []struct {
		language, scene string
		look            theme.Look
		size            fyne.Size
	}{
		{"en", "waiting", theme.Look{}, small}, {"de", "slow", theme.Look{}, small},
		{"es", "slow", theme.Look{Dark: true}, small}, {"zh-Hans", "learnt", theme.Look{Dark: true}, fyne.NewSize(1920, 1000)},
	} {
		d := newDesk(t, c.language, c.look, c.size)
		d.show(scenes(c.language)[c.scene])
		if found, err := scanner.Find(d.window.Canvas().Capture()); err != nil || found != scanner.CalibrationText {
			t.Errorf("%s in %s at %v: the code says %q, %v", c.scene, c.language, c.size, found, err)
		}
	}
}

func TestAPrinterCanBeTriedBeforeItIsChosen(t *testing.T) {
	// The test page would come out of the printer before, or of none, and the counter would have to be started again to try another.
	base := setup.State{Page: setup.PrinterPage, Ports: []setup.Port{{Target: "usb:/dev/usb/lp0"}}, Chosen: setup.Chosen{Kind: "generic-80"}}
	for name, c := range map[string]struct {
		change func(*setup.State)
		want   setup.Order // nil for none
	}{
		"no printer":            {func(*setup.State) {}, nil},
		"an address is typed":   {func(s *setup.State) { s.Text = " tcp:192.0.2.7:9100 " }, setup.TryPrinter{Target: "tcp:192.0.2.7:9100", Kind: "generic-80"}},
		"a port is marked":      {func(s *setup.State) { s.Row = 1 }, setup.TryPrinter{Target: "usb:/dev/usb/lp0", Kind: "generic-80"}},
		"chosen, from later on": {func(s *setup.State) { s.Row, s.Chosen.Target, s.Chosen.Later = 1, "usb:/dev/usb/lp0", true }, setup.TryPrinter{Target: "usb:/dev/usb/lp0", Kind: "generic-80"}},
		"the one there is":      {func(s *setup.State) { s.Row, s.Chosen.Target = 1, "usb:/dev/usb/lp0" }, setup.TestPage{}},
		"a policy says which":   {func(s *setup.State) { s.Chosen.Target, s.Chosen.Fixed = "usb:/dev/usb/lp0", "policy" }, setup.TestPage{}},
		"none, from later on":   {func(s *setup.State) { s.Chosen.Later = true }, nil},
	} {
		s := base
		c.change(&s)
		_, orders := setup.Happen(s, setup.Pressed{Name: "F5"})
		if (c.want == nil && len(orders) > 0) || (c.want != nil && (len(orders) != 1 || orders[0] != c.want)) {
			t.Errorf("%s: F5 orders %v, want %v", name, orders, c.want)
		}
		for _, action := range setup.View(s, translations.For("en", time.UTC)).Actions {
			if action.Name == "F5" && action.Off == (c.want != nil) {
				t.Errorf("%s: the button is off: %v", name, action.Off)
			}
		}
	}
}

func TestWhatEnterTakesIsMarked(t *testing.T) {
	// "No printer" would be marked and ticked, and Enter take the address that is typed; or a port be marked, and Enter take the address still.
	s := setup.State{Page: setup.PrinterPage, Ports: []setup.Port{{Target: "usb:/dev/usb/lp0"}}, Chosen: setup.Chosen{Kind: "generic-80"}}
	say := translations.For("en", time.UTC)
	if v := setup.View(s, say); v.Chosen != 0 || v.Rows[0].Sign == "" {
		t.Errorf("nothing typed: row %d is marked, its sign %q", v.Chosen, v.Rows[0].Sign)
	}
	typed, _ := setup.Happen(s, setup.Wrote{Text: "tcp:192.0.2.7:9100"})
	if v := setup.View(typed, say); v.Chosen != -1 || v.Rows[0].Sign != "" {
		t.Errorf("an address is typed: row %d is marked, its sign %q", v.Chosen, v.Rows[0].Sign)
	}
	if _, orders := setup.Happen(typed, setup.Pressed{Name: "next"}); len(orders) != 1 || orders[0] != (setup.Choose{Target: "tcp:192.0.2.7:9100", Kind: "generic-80"}) {
		t.Errorf("Enter orders %v", orders)
	}
	moved, _ := setup.Happen(typed, setup.Moved{By: 1})
	if v := setup.View(moved, say); v.Chosen != 1 || moved.Text != "" {
		t.Errorf("an arrow: row %d is marked, %q stands in the field", v.Chosen, moved.Text)
	}
	if touched, orders := setup.Happen(typed, setup.Pressed{Name: "row:1"}); touched.Text != "" || len(orders) != 1 || orders[0] != (setup.Choose{Target: "usb:/dev/usb/lp0", Kind: "generic-80"}) {
		t.Errorf("a row that is touched: %v, %q stands in the field", orders, touched.Text)
	}
}

func TestAScannersKeyboardHasAName(t *testing.T) {
	// IT would read "fr", of a scanner that is set for the US.
	for learnt, want := range map[string]string{
		"fr": "It types for another keyboard (US). The counter corrects that from now on.", "us-fr": "It types for another keyboard (French). The counter corrects that from now on.",
		"learned": "It types for another keyboard. The counter corrects that from now on.", "": "The scanner's codes arrive correctly.",
	} {
		s := setup.State{Page: setup.ScannerPage, Phase: setup.Learnt, Scanner: setup.Scanner{Layout: learnt, Suffix: "enter"}}
		if v := setup.View(s, translations.For("en", time.UTC)); v.Scanner.Text != want {
			t.Errorf("%q: %q", learnt, v.Scanner.Text)
		}
	}
}
