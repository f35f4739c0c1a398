package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"countersign/ui/theme"
)

// Progress is a bar that is filled up to share, from 0 to 1.
func Progress(share float32) fyne.CanvasObject {
	ground, filled := canvas.NewRectangle(theme.Color(theme.Ready.Tint())), canvas.NewRectangle(theme.Color(theme.Edge))
	ground.StrokeColor, ground.StrokeWidth = theme.Color(theme.Muted), theme.Size(theme.Hairline)
	height := theme.Size(theme.Gap) * 2
	ground.CornerRadius, filled.CornerRadius = height/2, height/2
	return Fixed(&fyne.Container{Layout: progress{min(max(share, 0), 1)}, Objects: []fyne.CanvasObject{ground, filled}}, 0, height)
}

type progress struct{ share float32 }

func (progress) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(100, 1) }

func (p progress) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	place(objects[0], 0, 0, size.Width, size.Height)
	place(objects[1], 0, 0, max(size.Width*p.share, size.Height), size.Height)
}

// NewTab leads to another page of a room; here says that it is the one that is shown.
func NewTab(action Action, here bool, press func(name string)) fyne.CanvasObject {
	gap := theme.Size(theme.Gap)
	label := NewText(action.Label).Lines(1)
	label.Bold = here
	return NewChoice(Inset(Row(gap*1.5, Middle(keyCap(action.Key)), label), gap*1.5, 0, gap*2, 0), here, func() { press(action.Name) })
}
