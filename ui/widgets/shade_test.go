package widgets

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"countersign/ui/theme"
)

// pictures are all pictures within an object.
func pictures(o fyne.CanvasObject) []fyne.CanvasObject {
	var inner, found []fyne.CanvasObject
	switch o := o.(type) {
	case *canvas.Image:
		return []fyne.CanvasObject{o}
	case *fyne.Container:
		inner = o.Objects
	case fyne.Widget:
		inner = test.WidgetRenderer(o).Objects()
	}
	for _, o := range inner {
		if o.Visible() {
			found = append(found, pictures(o)...)
		}
	}
	return found
}

func TestAVerdictBringsNoNewPictures(t *testing.T) {
	// With each scan the whole window would be drawn twice: Fyne draws again once it has seen a picture for the first time.
	test.NewTempApp(t).Settings().SetTheme(theme.Look{Zoom: 1, Text: 1})
	shading = true
	defer func() { shading = false }()
	panel := NewPanel(func(string) {})
	calm := Verdict{Tone: theme.Calm, Sign: SignScan, Title: "Ready"}
	verdict := func(code string) Verdict {
		return Verdict{Tone: theme.Ready, Sign: SignTicket, Title: "Ready to redeem", Subtitle: code, Name: "A coffee", Figures: []Figure{{Label: "Worth", Value: "3.20"}},
			Chips: []Chip{{Text: "Offline", Tone: theme.Asking}}, Actions: []Action{{Name: "confirm", Label: "Redeem", Key: "Enter", Rank: First}}}
	}
	known := map[fyne.CanvasObject]bool{}
	for i, shown := range []Verdict{calm, verdict("...1HW9"), calm, verdict("...PKV4")} {
		panel.Display(shown)
		panel.Resize(fyne.NewSize(686, 444))
		found := pictures(panel)
		if len(found) != 1 {
			t.Errorf("%s has %d pictures in it: there is its sign, and nothing else needs one", shown.Title, len(found))
		}
		for _, picture := range found {
			if i > 1 && !known[picture] {
				t.Errorf("%s %s has a picture that was not there before", shown.Title, shown.Subtitle)
			}
			known[picture] = true
		}
	}
}

func TestWideAreaHasNoGapAndNoOverhang(t *testing.T) {
	// A panel would have a seam of another colour, or a frame around it that is not meant.
	test.NewTempApp(t).Settings().SetTheme(theme.Look{Zoom: 1, Text: 1})
	shading = true
	defer func() { shading = false }()
	for _, size := range []fyne.Size{fyne.NewSize(658, 444), fyne.NewSize(1024, 36), fyne.NewSize(40, 5), fyne.NewSize(4, 4)} {
		area := Area(theme.Surface).(*fyne.Container)
		area.Resize(size)
		covered := float32(0)
		for i, o := range area.Objects {
			if !o.Visible() {
				continue
			}
			at, end := o.Position(), o.Position().Add(o.Size())
			if i == 0 && (at.X < 2 || at.Y < 2 || end.X > size.Width-2 || end.Y > size.Height-2) {
				t.Errorf("%v: what is drawn larger than it is lies at %v to %v", size, at, end)
			}
			if at.X < 0 || at.Y < 0 || end.X > size.Width || end.Y > size.Height {
				t.Errorf("%v: a part lies at %v to %v", size, at, end)
			}
			covered += o.Size().Width * o.Size().Height
		}
		if covered != size.Width*size.Height {
			t.Errorf("%v: %v of %v are covered, each point once", size, covered, size.Width*size.Height)
		}
	}
}
