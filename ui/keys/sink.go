package keys

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Sink holds a window's focus for good. It lies under everything, as large as the window: Fyne leaves the focus alone when a click falls
// within the focused widget. It is no Entry, whose blinking caret would keep a core busy.
type Sink struct {
	widget.BaseWidget
	router *Router
	canvas fyne.Canvas
	later  func(func())
	has    bool
}

var (
	_ fyne.Focusable  = (*Sink)(nil)
	_ fyne.Tabbable   = (*Sink)(nil)
	_ desktop.Keyable = (*Sink)(nil)
)

// NewSink makes the sink of the window whose canvas it is; later runs a function after the event that is being handled.
func NewSink(router *Router, canvas fyne.Canvas, later func(func())) *Sink {
	s := &Sink{router: router, canvas: canvas, later: later}
	s.ExtendBaseWidget(s)
	// Between an Unfocus and the refocus nothing is focused: Fyne then asks the canvas.
	canvas.SetOnTypedRune(s.TypedRune)
	canvas.SetOnTypedKey(s.TypedKey)
	return s
}

// Hold takes the focus back.
func (s *Sink) Hold() {
	if s.canvas.Focused() != fyne.Focusable(s) {
		s.canvas.Focus(s)
	}
}

// FocusGained implements fyne.Focusable.
func (s *Sink) FocusGained() {
	s.has = true
	s.router.Foreground(true)
}

// FocusLost implements fyne.Focusable. Fyne calls it both when something else takes the focus and when the window loses the keyboard; only
// afterwards can one tell which it was.
func (s *Sink) FocusLost() {
	s.has = false
	s.later(func() {
		switch {
		case s.has:
		case s.canvas.Focused() == fyne.Focusable(s):
			s.router.Foreground(false)
		default:
			s.Hold()
		}
	})
}

// TypedRune implements fyne.Focusable.
func (s *Sink) TypedRune(r rune) { s.router.Rune(r) }

// TypedKey implements fyne.Focusable.
func (s *Sink) TypedKey(event *fyne.KeyEvent) { s.router.Key(event) }

// AcceptsTab implements fyne.Tabbable: Tab ends some scanners' codes and never moves the focus.
func (s *Sink) AcceptsTab() bool { return true }

// KeyDown implements desktop.Keyable.
func (s *Sink) KeyDown(event *fyne.KeyEvent) { s.router.Press(event.Name) }

// KeyUp implements desktop.Keyable.
func (s *Sink) KeyUp(*fyne.KeyEvent) {}

// CreateRenderer implements fyne.Widget: there is nothing to see.
func (s *Sink) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent))
}
