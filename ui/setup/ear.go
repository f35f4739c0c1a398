package setup

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"countersign/ui/keys"
)

// silence after which a scan is over that nothing has ended.
const silence = 300 * time.Millisecond

// ear holds the window's focus and gathers the keys of a scan as they come, with their times and what ends them: that is what is to be
// learnt, and what the counter's own router takes away.
type ear struct {
	widget.BaseWidget
	canvas fyne.Canvas
	now    func() time.Time
	after  keys.Timer
	later  func(func())
	scan   func([]Key)             // gets the keys of each scan
	press  func(name fyne.KeyName) // gets every other key
	heard  []Key
}

var (
	_ fyne.Focusable  = (*ear)(nil)
	_ fyne.Tabbable   = (*ear)(nil)
	_ desktop.Keyable = (*ear)(nil)
)

// listen makes the ear deaf to nothing: between two focused things the canvas is asked.
func (e *ear) listen() {
	e.ExtendBaseWidget(e)
	e.canvas.SetOnTypedRune(e.TypedRune)
	e.canvas.SetOnTypedKey(e.TypedKey)
}

// FocusGained implements fyne.Focusable.
func (e *ear) FocusGained() {}

// FocusLost implements fyne.Focusable: whatever else was tapped, the next scan is to be heard.
func (e *ear) FocusLost() {
	e.later(func() {
		if e.canvas.Focused() != fyne.Focusable(e) {
			e.canvas.Focus(e)
		}
	})
}

// TypedRune implements fyne.Focusable.
func (e *ear) TypedRune(r rune) {
	e.heard = append(e.heard, Key{r, e.now()})
	count := len(e.heard)
	e.after(silence, func() {
		if len(e.heard) == count {
			e.end()
		}
	})
}

// TypedKey implements fyne.Focusable.
func (e *ear) TypedKey(event *fyne.KeyEvent) {
	switch event.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		e.heard = append(e.heard, Key{'\r', e.now()})
		e.end()
	case fyne.KeyTab:
		e.heard = append(e.heard, Key{'\t', e.now()})
		e.end()
	default:
		e.press(event.Name)
	}
}

func (e *ear) end() {
	heard := e.heard
	e.heard = nil
	e.scan(heard)
}

// AcceptsTab implements fyne.Tabbable: Tab ends some scanners' codes.
func (e *ear) AcceptsTab() bool { return true }

// KeyDown implements desktop.Keyable.
func (e *ear) KeyDown(*fyne.KeyEvent) {}

// KeyUp implements desktop.Keyable.
func (e *ear) KeyUp(*fyne.KeyEvent) {}

// CreateRenderer implements fyne.Widget: there is nothing to see.
func (e *ear) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(canvas.NewRectangle(color.Transparent))
}
