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
	typing func() bool             // what is typed is written down, by write, and no scan is gathered
	write  func(text string)
	blank  func() bool // nothing is written there
	heard  []Key
	last   time.Time // when something was typed or ended last
}

// yes is how long after the last key Enter can be a person's: scanners end their codes with one, or with two.
const yes = 400 * time.Millisecond

var (
	_ fyne.Focusable  = (*ear)(nil)
	_ fyne.Tabbable   = (*ear)(nil)
	_ desktop.Keyable = (*ear)(nil)

	_ fyne.Shortcutable = (*ear)(nil)
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
	e.last = e.now()
	if e.typing() {
		e.write(string(r))
		return
	}
	e.heard = append(e.heard, Key{r, e.last})
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
		e.ended('\r', fyne.KeyReturn)
	case fyne.KeyTab:
		e.ended('\t', fyne.KeyTab)
	default:
		e.press(event.Name)
	}
}

// ended takes a key that may end a scan. Where nothing is being scanned and nothing was just now, Enter is a person's.
func (e *ear) ended(char rune, name fyne.KeyName) {
	quick := e.now().Sub(e.last) < yes
	e.last = e.now()
	switch {
	case e.typing():
		if !quick || !e.blank() {
			e.press(name)
		}
	case len(e.heard) > 0:
		e.heard = append(e.heard, Key{char, e.now()})
		e.end()
	case !quick:
		e.press(name)
	}
}

// TypedShortcut implements fyne.Shortcutable: what was copied is written down.
func (e *ear) TypedShortcut(shortcut fyne.Shortcut) {
	if paste, ok := shortcut.(*fyne.ShortcutPaste); ok && e.typing() {
		e.write(paste.Clipboard.Content())
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
