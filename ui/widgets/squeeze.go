package widgets

import (
	"fyne.io/fyne/v2"

	"countersign/ui/theme"
)

// The steps in which large writing is made smaller where there is no room for it.
const squeezeStep = 0.06

// fitted draws what people wanted large as large as it fits, and no smaller than it would be if nobody had wanted it larger.
func fitted(objects []fyne.CanvasObject, fits func() bool) {
	least := theme.Least(theme.Body)
	if least >= 1 { // nothing was wanted large
		return
	}
	share := float32(1)
	squeeze(objects, share)
	for !fits() && share > least {
		share -= squeezeStep
		squeeze(objects, share)
	}
}

// squeeze lets all writing and buttons in objects be at most a share of their size.
func squeeze(objects []fyne.CanvasObject, share float32) {
	for _, o := range objects {
		switch o := o.(type) {
		case *Text:
			o.share = share
		case *Button:
			o.share = share
		case *Choice:
			squeeze([]fyne.CanvasObject{o.inner}, share)
		case *fyne.Container:
			squeeze(o.Objects, share)
		}
	}
}

// HeightAt is how high an object is when it is width wide and its large writing is drawn at a share of its size.
func HeightAt(o fyne.CanvasObject, width, share float32) float32 {
	squeeze([]fyne.CanvasObject{o}, share)
	return heightFor(o, width)
}

// redraw draws what was squeezed since it was last drawn: an object that keeps its place is not laid out again by itself.
func redraw(objects []fyne.CanvasObject) {
	for _, o := range objects {
		switch o := o.(type) {
		case *Text:
			if o.laid != o.share && o.Size().Width > 0 {
				o.Refresh()
			}
		case *Button:
			if o.laid != o.share && o.Size().Width > 0 {
				o.Refresh()
			}
		case *Choice:
			redraw([]fyne.CanvasObject{o.inner})
		case *fyne.Container:
			redraw(o.Objects)
		}
	}
}
