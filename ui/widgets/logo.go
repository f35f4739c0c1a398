package widgets

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"countersign/ui/theme"
)

// logoWidest is how many times as wide as high the place of a logo may be.
const logoWidest = 4

// Logo is a store's picture for the bar at the top, on paper as its maker saw it: it may have been drawn for a white ground.
func Logo(picture image.Image) fyne.CanvasObject {
	inset := theme.Size(theme.Gap) / 2
	height := theme.Size(theme.Bar) - 2*theme.Size(theme.Gap) - 2*inset
	shape := picture.Bounds().Size()
	width := height * min(float32(shape.X)/float32(max(1, shape.Y)), logoWidest)
	shown := canvas.NewImageFromImage(picture)
	shown.FillMode = canvas.ImageFillContain
	shown.SetMinSize(fyne.NewSize(width, height))
	ground := canvas.NewRectangle(theme.Color(theme.Paper))
	ground.CornerRadius = theme.Size(theme.Radius)
	return Stack(ground, Inset(shown, inset, inset, inset, inset))
}
