package keys

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// List is a list whose rows can be tapped without taking the keyboard: what is typed at it goes to the router, and the focus goes
// back to the sink.
type List struct {
	widget.List
	sink *Sink
}

// NewList makes a list; the functions are those of widget.NewList.
func NewList(sink *Sink, length func() int, create func() fyne.CanvasObject, update func(widget.ListItemID, fyne.CanvasObject)) *List {
	l := &List{sink: sink}
	l.Length, l.CreateItem, l.UpdateItem = length, create, update
	l.ExtendBaseWidget(l)
	return l
}

// FocusGained implements fyne.Focusable: the focus is given back.
func (l *List) FocusGained() { l.sink.later(l.sink.Hold) }

// FocusLost implements fyne.Focusable.
func (l *List) FocusLost() {}

// TypedRune implements fyne.Focusable.
func (l *List) TypedRune(r rune) { l.sink.TypedRune(r) }

// TypedKey implements fyne.Focusable.
func (l *List) TypedKey(event *fyne.KeyEvent) { l.sink.TypedKey(event) }

// AcceptsTab implements fyne.Tabbable.
func (l *List) AcceptsTab() bool { return true }
