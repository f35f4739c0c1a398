package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"countersign/ui/theme"
)

// Hazard is a striped frame around the whole window. Nothing of it can be pressed: what lies below it gets the finger. It is no wider than
// the margin that a window leaves free.
func Hazard() fyne.CanvasObject {
	return &fyne.Container{Layout: hazard{}, Objects: []fyne.CanvasObject{stripes(), stripes(), stripes(), stripes()}}
}

// Plate is a word that cannot be overlooked, on the colour of the frame.
func Plate(word string) fyne.CanvasObject {
	face := canvas.NewRectangle(theme.Color(theme.Asking.Fill()))
	face.CornerRadius = theme.Size(theme.Radius)
	margin, gap := theme.Size(theme.Inset), theme.Size(theme.Gap)*0.5
	if crowded() {
		gap = 0
	}
	return Stack(face, Inset(NewText(word).In(theme.Subtitle, theme.Asking.OnFill()).Strong().At(fyne.TextAlignCenter).Lines(1), margin, gap, margin, gap))
}

// stripes are diagonal stripes, as wide as the narrower side of their place.
func stripes() fyne.CanvasObject {
	return canvas.NewRasterWithPixels(func(x, y, width, height int) color.Color {
		period := max(1, min(width, height))
		if (x+y)/period%2 == 0 {
			return theme.Color(theme.Asking.Fill())
		}
		return theme.Color(theme.Ink)
	})
}

type hazard struct{}

func (hazard) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }

func (hazard) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	side := theme.Size(theme.Gap)
	place(objects[0], 0, 0, size.Width, side)
	place(objects[1], 0, size.Height-side, size.Width, side)
	place(objects[2], 0, side, side, size.Height-side*2)
	place(objects[3], size.Width-side, side, side, size.Height-side*2)
}
