package counter

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"countersign/terminal"
	"countersign/ui/theme"
	"countersign/ui/widgets/gallery"
)

func TestNamesAreFoundAsTheyAreSaid(t *testing.T) {
	// A customer says her name, the cashier writes it without its accents, and is told that nothing was redeemed.
	for holder, writings := range map[string][]string{
		"Anna Müller":   {"muller", "mueller", "Müller", "MÜLLER", "mu\u0308ller"},
		"J. Álvarez":    {"alvarez", "ÁLVAREZ"},
		"Groß":          {"gross", "groß", "GROSS"},
		"Łukasz Ørsted": {"lukasz", "orsted"},
		"Ibáñez Núñez":  {"ibanez", "nunez"},
		"王小明":           {"王小明", "小明", "wxm", "WX", "xm"},
		"单鑫":            {"SX", "dx", "单"}, // the second sign is too rare for its sound to be known
		"曾爱欧":           {"zao"},
	} {
		past := []Past{{Holder: "Mahler", Record: record(1, noon, terminal.EntryLine{}, nil)}, {Holder: holder, Record: record(2, noon, terminal.EntryLine{}, nil)}}
		for _, written := range writings {
			if found := matching(past, written); len(found) != 1 || found[0].Holder != holder {
				t.Errorf("%q finds %d redemptions and not that of %q", written, len(found), holder)
			}
		}
	}
}

func TestSoundsOfAnotherNameFindNothing(t *testing.T) {
	// The cashier would undo another customer's redemption, since everybody's name seems to fit.
	past := []Past{{Holder: "王小明", Record: record(1, noon, terminal.EntryLine{}, nil)}, {Holder: "鑫鑫", Record: record(2, noon, terminal.EntryLine{}, nil)}}
	for _, written := range []string{"wxl", "wm", "wxmm", "lx", "xw", "王晓明", "xx1"} {
		if found := matching(past, written); len(found) != 0 {
			t.Errorf("%q finds %q", written, found[0].Holder)
		}
	}
}

// lines are the lines of writing that are drawn in an object.
func lines(o fyne.CanvasObject) []string {
	if o == nil || !o.Visible() {
		return nil
	}
	var all []string
	switch o := o.(type) {
	case *canvas.Text:
		all = append(all, o.Text)
	case *fyne.Container:
		for _, inner := range o.Objects {
			all = append(all, lines(inner)...)
		}
	case *container.Scroll:
		all = lines(o.Content)
	case fyne.Widget:
		for _, inner := range test.WidgetRenderer(o).Objects() {
			all = append(all, lines(inner)...)
		}
	}
	return all
}

func TestRecentSaysWhatEachCameTo(t *testing.T) {
	// A customer asks for her money back, and the list at the side shows of it only three dots behind her name.
	for _, language := range []string{"en", "de", "es", "zh-Hans"} {
		_, screen := stage(t, language, theme.Look{}, gallery.Small)
		line := terminal.EntryLine{Masked: "RC0N", Amount: euro(125050), Units: 125050}
		past := []Past{}
		for i, change := range []func(*terminal.Record){
			func(r *terminal.Record) { r.Reversed = []int64{100} }, func(r *terminal.Record) { r.Entry.Kind = terminal.EntryReverse },
			func(r *terminal.Record) { r.Verdict = terminal.Overrun }, func(*terminal.Record) {},
		} {
			past = append(past, Past{Record: record(byte(i+1), noon, line, change), Name: gift.Name, Holder: "Anna-Katharina Müller"})
		}
		pose(screen, scene{"recent", func(s *State) { s.Past = past }})
		drawn := lines(screen.aside)
		amount := words{screen.counter.Words()}.money(euro(125050))
		seen := 0
		for _, line := range drawn {
			if strings.Contains(line, amount) {
				seen++
			}
		}
		if seen != len(past) {
			t.Errorf("%s: %s stands in %d of %d rows: %q", language, amount, seen, len(past), drawn)
		}
	}
}

func TestAWaitingSlipSaysWhatItIsFor(t *testing.T) {
	// With a heap of slips that wait nobody could tell which customer's is which, but for its number and the minute.
	_, screen := stage(t, "en", theme.Look{}, gallery.Small)
	pose(screen, scene{"slips", func(s *State) { s.Sheet, s.Slips = SlipsSheet, waiting() }})
	drawn := strings.Join(lines(screen.over), "\n")
	for _, want := range []string{"€12.50", "Gift card | ...9TX4 | S. Okafor", "€68.00", "Dinner for two"} {
		if !strings.Contains(drawn, want) {
			t.Errorf("the slips do not say %q:\n%s", want, drawn)
		}
	}
}

func TestAScanBehindTheUndoSheetIsCounted(t *testing.T) {
	// A voucher is scanned while somebody says why another is undone; nothing shows that it waits, and it is scanned again, or forgotten.
	_, screen := stage(t, "en", theme.Look{}, gallery.Small)
	for _, past := range []Past{recentDay()[0], aPayment(), anOrder()} {
		pose(screen, scene{"undo", func(s *State) {
			*s = undoOf(*s, past, "")
			s.Waiting = []terminal.Scan{{Code: "7K3MQ9TX4B2HQ"}}
		}})
		if drawn := lines(screen.over); !slices.Contains(drawn, "1 scan waits until this is answered.") {
			t.Errorf("nothing says that a scan waits: %q", drawn)
		}
	}
}
