package widgets_test

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"countersign/ui/theme"
	"countersign/ui/widgets"
)

func TestWhatWasForgottenComesBackWhole(t *testing.T) {
	// A verdict that had not been seen for a minute would come back without its sign: Fyne makes anew how a widget is drawn, and tells it no size.
	test.NewTempApp(t).Settings().SetTheme(theme.Look{})
	for name, shown := range map[string]fyne.Widget{
		"sign":   widgets.NewIcon(widgets.SignCross, theme.Emblem, theme.Text, theme.Surface),
		"text":   widgets.NewText("Redeemed"),
		"button": widgets.NewButton(widgets.Action{Name: "next", Label: "Next", Key: "F4"}, theme.Ready, func(string) {}),
		"choice": widgets.NewChoice(widgets.NewText("Gift card"), false, func() {}),
		"chart":  widgets.NewChart([]widgets.Bar{{Label: "09", Value: "3", Height: 3}}),
	} {
		shown.Resize(fyne.NewSize(300, 80))
		objects := shown.CreateRenderer().Objects()
		seen := 0
		for _, o := range objects {
			if size := o.Size(); o.Visible() && size.Width > 0 && size.Height > 0 {
				seen++
			} else if o.Visible() {
				t.Errorf("%s: %T is as large as %v", name, o, size)
			}
		}
		if seen == 0 {
			t.Errorf("%s: nothing is drawn", name)
		}
	}
}

func TestHeadingNeverCrowdsItsTitle(t *testing.T) {
	// "Tag" and the date would be read as one word on the smallest screen with large writing.
	test.NewTempApp(t).Settings().SetTheme(theme.Look{})
	title, date := widgets.NewText("Tag"), widgets.NewText("Donnerstag, 24. Sept. 2026")
	button := widgets.NewButton(widgets.Action{Name: "next", Label: "Nur diese Kasse", Key: "F2"}, theme.Ready, func(string) {})
	heading := widgets.Heading(theme.Size(theme.Gap), title, date, button)
	hidden, shown := 0, 0
	for width := float32(1200); width > date.MinSize().Width+button.MinSize().Width+theme.Size(theme.Gap)*2; width -= 7 {
		heading.Resize(fyne.NewSize(width, 60))
		if size := date.Size(); size.Width < date.MinSize().Width {
			t.Errorf("%.0f wide: the date has %.0f of %.0f", width, size.Width, date.MinSize().Width)
		}
		if end := date.Position().X + date.MinSize().Width; end > button.Position().X {
			t.Errorf("%.0f wide: the date ends at %.0f, under the button at %.0f", width, end, button.Position().X)
		}
		if !title.Visible() {
			hidden++
			continue
		}
		shown++
		if air := date.Position().X - title.MinSize().Width; air < theme.Size(theme.Inset) {
			t.Errorf("%.0f wide: %.0f between title and date", width, air)
		}
	}
	if hidden == 0 || shown == 0 {
		t.Errorf("the title was hidden at %d widths and shown at %d", hidden, shown)
	}
}

func TestAListTooLowForItsRowsIsReadFromItsBeginning(t *testing.T) {
	// With large writing on the smallest screen the row that is chosen would be cut at its top and at its foot: nobody could read what is chosen.
	for _, c := range []struct {
		height float32
		whole  int // rows
	}{{400, 2}, {150, 2}, {90, 1}, {40, 0}} {
		test.NewTempApp(t).Settings().SetTheme(theme.Look{Text: 2})
		var rows []fyne.CanvasObject
		for range 3 {
			words := []fyne.CanvasObject{widgets.NewText("Sin impresora").Strong().Lines(2), widgets.NewText("Los recibos esperan.").In(theme.Caption, theme.Muted).Lines(2)}
			rows = append(rows, widgets.NewChoice(widgets.Column(0, words...), false, func() {}))
		}
		list := widgets.ChoiceList(theme.Size(theme.Gap), 1, rows...)
		test.NewTempWindow(t, list).SetPadded(false)
		list.Resize(fyne.NewSize(460, c.height))
		scroll := list.Objects[0].(*container.Scroll)
		whole := 0
		for _, row := range rows {
			if top := row.Position().Y - scroll.Offset.Y; top >= 0 && top+row.Size().Height <= c.height {
				whole++
			}
		}
		if top := rows[1].Position().Y - scroll.Offset.Y; whole < c.whole || top < 0 {
			t.Errorf("%.0f high: %d rows are seen whole, the chosen one begins at %.0f and is %.0f high", c.height, whole, top, rows[1].Size().Height)
		}
	}
}
