package widgets

import (
	"fyne.io/fyne/v2"

	"countersign/ui/theme"
)

// KeyBar is the row of function keys, with the room that is left shared out to all. Where large writing has no room for key and word beside each
// other, the keys stand above their words.
func KeyBar(buttons ...*Button) *fyne.Container {
	bar := &fyne.Container{Layout: keyBar{}}
	for _, b := range buttons {
		bar.Objects = append(bar.Objects, b)
	}
	return bar
}

// KeyBarHeight is how high a KeyBar wants to be.
func KeyBarHeight() float32 {
	if crowded() {
		return theme.Size(theme.Touch) * 1.3
	}
	return theme.Size(theme.Touch)
}

type keyBar struct{ shared }

func (k keyBar) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	defer redraw(objects)
	if !crowded() {
		k.shared.Layout(objects, size)
		return
	}
	stacked := false
	put := func() { // how they are measured
		for _, o := range objects {
			if b := o.(*Button); b.stacked != stacked {
				b.stacked, b.laid = stacked, -1
			}
		}
	}
	put()
	squeeze(objects, 1)
	if stacked = k.MinSize(objects).Width > size.Width; stacked {
		put()
		fitted(objects, func() bool {
			for _, o := range objects {
				if o.(*Button).stackedHeight() > size.Height {
					return false
				}
			}
			return k.MinSize(objects).Width <= size.Width
		})
	}
	k.shared.Layout(objects, size)
}
