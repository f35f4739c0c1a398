package widgets

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"countersign/ui/theme"
)

// inWindow shows an object in a window of a size.
func inWindow(t *testing.T, o fyne.CanvasObject, size fyne.Size) {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(theme.Look{})
	window := test.NewTempWindow(t, nil)
	window.SetPadded(false)
	window.SetContent(o)
	window.Resize(size)
}

func TestAFingerScrolls(t *testing.T) {
	pressed := ""
	press := func(name string) func() { return func() { pressed = name } }
	var rows []fyne.CanvasObject
	for range 20 {
		rows = append(rows, NewChoice(Fixed(NewText("row"), 100, 60), false, press("row")))
	}
	button := NewButton(Action{Name: "button", Label: "A button"}, theme.Calm, func(name string) { pressed = name })
	rows[0] = NewChoice(Fixed(Row(0, Fixed(button, 100, 0), Space()), 100, 60), false, press("around it"))
	scrolled := Scrolled(Column(0, rows...))
	inWindow(t, scrolled, fyne.NewSize(300, 200))
	scroll := scrolled.Objects[0].(*container.Scroll)
	hand := scroll.Content.(*fyne.Container).Objects[1].(*Hand)
	drag := func(by float32, at fyne.Position) {
		event := &fyne.DragEvent{Dragged: fyne.NewDelta(0, by)}
		event.Position = at
		hand.Dragged(event)
	}
	for _, tap := range []struct {
		at   fyne.Position
		want string
	}{{fyne.NewPos(50, 30), "button"}, {fyne.NewPos(250, 30), "around it"}, {fyne.NewPos(50, 90), "row"}, {fyne.NewPos(299, 90), ""}} {
		pressed = ""
		drag(1, tap.at) // the finger trembles
		hand.DragEnd()
		if pressed != tap.want || scroll.Offset.Y != 0 {
			t.Errorf("a tap at %v pressed %q, not %q, and scrolled to %v", tap.at, pressed, tap.want, scroll.Offset.Y)
		}
	}
	pressed = ""
	drag(-5, fyne.NewPos(50, 150))
	drag(-50, fyne.NewPos(50, 100))
	hand.DragEnd()
	if pressed != "" || scroll.Offset.Y != 55 {
		t.Errorf("drawn up by 55 it is at %v, and %q was pressed", scroll.Offset.Y, pressed)
	}
	for _, by := range []float32{5000, -5000} { // further than there is anything
		drag(by, fyne.NewPos(50, 100))
		hand.DragEnd()
		if most := scroll.Content.MinSize().Height - scroll.Size().Height; scroll.Offset.Y != 0 && scroll.Offset.Y != most {
			t.Errorf("drawn by %v it is at %v of %v", by, scroll.Offset.Y, most)
		}
	}
}
