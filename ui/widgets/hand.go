package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/theme"
)

// Hand lies over what can be scrolled and has it follow a finger: a touch screen on a desktop brings a finger as a mouse that is pressed and moves, and
// Fyne's scrolls follow that on phones alone. A finger that trembles while it taps is dragged as well, as Fyne sees it: that is a tap after all.
type Hand struct {
	widget.BaseWidget
	move   func(by float32)       // how far what is scrolled is to move down, in Fyne's units; negative is up
	tap    func(at fyne.Position) // where it was tapped, seen from the hand's upper left
	rest   func()                 // what is scrolled is to come to rest; may be nil
	at     fyne.Position
	moved  fyne.Delta
	moving bool
}

var _ fyne.Draggable = (*Hand)(nil)

// NewHand makes one.
func NewHand(move func(by float32), tap func(at fyne.Position)) *Hand {
	h := &Hand{move: move, tap: tap}
	h.ExtendBaseWidget(h)
	return h
}

// Rests has f called when what was scrolled is left where it is.
func (h *Hand) Rests(f func()) *Hand {
	h.rest = f
	return h
}

// trembling is how far a finger may move while it taps, in keys.
const trembling = 0.25

// Dragged implements fyne.Draggable.
func (h *Hand) Dragged(e *fyne.DragEvent) {
	h.at = e.Position
	h.moved.DX, h.moved.DY = h.moved.DX+e.Dragged.DX, h.moved.DY+e.Dragged.DY
	if most := theme.Size(theme.Touch) * trembling; h.moving || max(h.moved.DX, -h.moved.DX, h.moved.DY, -h.moved.DY) >= most {
		h.moving = true
		h.move(h.moved.DY)
		h.moved = fyne.Delta{}
	}
}

// DragEnd implements fyne.Draggable.
func (h *Hand) DragEnd() {
	tapped := !h.moving
	h.moving, h.moved = false, fyne.Delta{}
	switch {
	case tapped:
		h.tap(h.at)
	case h.rest != nil:
		h.rest()
	}
}

// CreateRenderer implements fyne.Widget: there is nothing to be seen.
func (h *Hand) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(&fyne.Container{})
}

func isHand(o fyne.CanvasObject) bool {
	_, ok := o.(*Hand)
	return ok
}

// tapped taps what lies at a place of an object, seen from its upper left, and reports whether there was anything to be tapped.
func tapped(o fyne.CanvasObject, at fyne.Position) bool {
	if size := o.Size(); !o.Visible() || at.X < 0 || at.Y < 0 || at.X >= size.Width || at.Y >= size.Height {
		return false
	}
	switch o := o.(type) {
	case *fyne.Container:
		for i := len(o.Objects) - 1; i >= 0; i-- { // the last one lies above the others
			if inner := o.Objects[i]; tapped(inner, at.Subtract(inner.Position())) {
				return true
			}
		}
		return false
	case *Choice: // what is in it comes first: a button
		if tapped(o.inner, at) {
			return true
		}
		o.Tapped(&fyne.PointEvent{Position: at})
		return true
	case fyne.Tappable:
		o.Tapped(&fyne.PointEvent{Position: at})
		return true
	}
	return false
}
